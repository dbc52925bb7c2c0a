/* Version 4 UUIDs (RFC 9562 §5.4). */
#include "uuid.h"

#include <string.h>

/* 122 random bits: ids can be neither guessed nor counted, and any node may make one. */
struct uuid uuid_new(const struct ww_op *op)
{
    struct uuid u;
    op_random(op, u.b, sizeof u.b);
    /* Version and variant; the other 122 bits are random. */
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x40);
    u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
    return u;
}

/* Ids are no secrets: no need for constant time. */
bool uuid_equal(struct uuid a, struct uuid b)
{
    return memcmp(a.b, b.b, sizeof a.b) == 0;
}

void uuid_format(char out[UUID_TEXT], struct uuid u)
{
    char hex[33];
    hex_encode(hex, u.b, sizeof u.b);
    const char *from = hex;
    for (int i = 0; i < UUID_TEXT - 1; i++) {
        out[i] = i == 8 || i == 13 || i == 18 || i == 23 ? '-' : *from++;
    }
    out[UUID_TEXT - 1] = 0;
}

char *uuid_text(struct arena *a, struct uuid u)
{
    char *out = arena_alloc(a, UUID_TEXT);
    if (out) {
        uuid_format(out, u);
    }
    return out;
}

bool uuid_parse(struct uuid *out, const char *text)
{
    char hex[33];
    int n = 0;
    /* Both cases of letters are read, one is written: ids are compared as bytes. */
    if (strlen(text) != UUID_TEXT - 1) {
        return false;
    }
    for (int i = 0; i < UUID_TEXT - 1; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-') {
                return false;
            }
        } else if (n < 32) {
            hex[n++] = text[i];
        }
    }
    hex[n] = 0;
    return hex_decode(out->b, sizeof out->b, hex);
}
