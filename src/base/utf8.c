/* Text: UTF-8 at the door, and normal forms. */
#include "utf8.h"

#include <string.h>

#include <utf8proc.h>

int32_t utf8_next(struct bytes *rest)
{
    utf8proc_int32_t c = -1;
    if (rest->n == 0) {
        return -1;
    }
    utf8proc_ssize_t n = utf8proc_iterate(rest->p, (utf8proc_ssize_t)rest->n, &c);
    /* -1 for the end and for what is malformed alike: callers that must tell them apart look at rest->n. */
    if (n <= 0) {
        return -1;
    }
    rest->p += n;
    rest->n -= (size_t)n;
    return c;
}

/* utf8proc refuses overlong forms, surrogates and what lies above U+10FFFF: each text has one spelling. */
bool utf8_valid(struct bytes text)
{
    while (text.n > 0) {
        if (utf8_next(&text) < 0) {
            return false;
        }
    }
    return true;
}

size_t utf8_length(struct bytes text)
{
    size_t n = 0;
    while (utf8_next(&text) >= 0) {
        n++;
    }
    return n;
}

/* How many bytes begin a character and then break off, at least one: Unicode 3.9, table 3-7. */
static size_t broken_part(struct bytes text)
{
    uint8_t first = text.p[0], second = text.n > 1 ? text.p[1] : 0;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2, n = 1;
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first < 0xc2 || first > 0xf4 || second < low || second > high) {
        return 1;
    }
    for (n = 2; n < length && n < text.n && (text.p[n] & 0xc0) == 0x80; n++) {
    }
    return n;
}

/* For what clients say of themselves (user agent, place): kept for people to read, so mended and not
 * refused. */
char *utf8_clean(struct arena *a, const char *text, size_t most)
{
    const struct bytes replacement = BYTES("\xef\xbf\xbd", 3);
    /* Not a byte is looked at that cannot be kept: the last character has at most 4. */
    struct bytes rest = BYTES(text, text ? strnlen(text, most + 4) : 0);
    struct buf b = BUF(a);
    if (rest.n <= most && utf8_valid(rest)) {
        return arena_strndup(a, rest.p, rest.n);
    }
    while (rest.n > 0) {
        struct bytes next = rest, part = rest;
        if (utf8_next(&next) >= 0) {
            part.n = rest.n - next.n;
        } else {
            size_t broken = broken_part(rest);
            next = BYTES(rest.p + broken, rest.n - broken);
            part = replacement;
        }
        /* Cut between characters: half a one would make the whole text unreadable to whoever gets it. */
        if (b.n + part.n > most) {
            break;
        }
        buf_bytes(&b, part);
        rest = next;
    }
    return buf_text(&b);
}

/* Decomposed, ordered and composed again in the arena: utf8proc_map would leave UTF-32 of a password behind
 * in memory that nobody wipes. Marks in a row are ordered in quadratic time: callers bound the text first. */
static enum ww_err normalize(struct arena *a, struct bytes text, utf8proc_option_t options, struct bytes *out)
{
    utf8proc_ssize_t length = (utf8proc_ssize_t)text.n;
    *out = BYTES(NULL, 0);
    /* Twice: the first call measures, so that the buffer is the arena's and no larger than needed. */
    utf8proc_ssize_t n = utf8proc_decompose(text.p, length, NULL, 0, options);
    if (n < 0) {
        return WW_EINVAL;
    }
    utf8proc_int32_t *points = ARENA_ARRAY(a, (size_t)n + 1, utf8proc_int32_t); /* and a NUL */
    if (!points) {
        return WW_ENOMEM;
    }
    n = utf8proc_decompose(text.p, length, points, n, options);
    n = n < 0 ? n : utf8proc_reencode(points, n, options);
    if (n < 0) {
        return WW_EINVAL;
    }
    *out = BYTES(points, (size_t)n);
    return WW_OK;
}

/* STABLE: the same text has the same form in every version of Unicode that knows its characters. */
enum ww_err utf8_nfc(struct arena *a, struct bytes text, struct bytes *out)
{
    return normalize(a, text, UTF8PROC_STABLE | UTF8PROC_COMPOSE, out);
}

enum ww_err utf8_casefold(struct arena *a, struct bytes text, struct bytes *out)
{
    return normalize(
        a, text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE,
        out);
}

static void add_code_point(struct buf *b, int32_t c)
{
    utf8proc_uint8_t raw[4];
    /* 0 for what is no character: it came from utf8_next, which gives none such. */
    utf8proc_ssize_t n = utf8proc_encode_char(c, raw);
    buf_add(b, raw, n > 0 ? (size_t)n : 0);
}

enum ww_err utf8_lower(struct arena *a, struct bytes text, struct bytes *out)
{
    struct buf b = BUF(a);
    while (text.n > 0) {
        int32_t c = utf8_next(&text);
        if (c < 0) {
            return WW_EINVAL;
        }
        add_code_point(&b, utf8proc_tolower(c));
    }
    *out = buf_done(&b);
    return out->p ? WW_OK : WW_ENOMEM;
}
