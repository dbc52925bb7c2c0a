/* Base64 by libsodium, strict: one text for each byte string. */
#include "encode.h"

#include <sodium.h>

/* Every variant decodes strictly: no characters to ignore are given, unused bits must be zero. Two texts
 * of one token would otherwise both be accepted. */
static int variant(enum base64_kind kind)
{
    switch (kind) {
    case BASE64:
        return sodium_base64_VARIANT_ORIGINAL;
    case BASE64_RAW:
        return sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
    case BASE64_URL:
    default:
        return sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    }
}

/* libsodium's coders look nothing up by a secret byte and take no branch on one: tokens and keys pass
 * through them. */
char *base64_encode(struct arena *a, enum base64_kind kind, struct bytes in)
{
    size_t n = sodium_base64_encoded_len(in.n, variant(kind));
    char *out = arena_alloc(a, n);
    return out ? sodium_bin2base64(out, n, in.p, in.n, variant(kind)) : NULL;
}

bool base64_decode(struct arena *a, enum base64_kind kind, struct bytes text, struct bytes *out)
{
    /* Bytes: at most 3 for each 4 characters, and 2 for what is left where there is no padding. */
    size_t room = text.n / 4 * 3 + 3, n = 0;
    uint8_t *p = arena_alloc(a, room);
    const char *end = NULL;

    *out = BYTES(NULL, 0);
    if (!p || sodium_base642bin(p, room, (const char *)text.p, text.n, NULL, &n, &end, variant(kind)) != 0 ||
        /* The end is compared too: libsodium stops where the alphabet does, and would call a token with a
         * tail right. */
        end != (const char *)text.p + text.n) {
        return false;
    }
    *out = BYTES(p, n);
    return true;
}

bool base64_decode_exactly(enum base64_kind kind, struct bytes text, void *out, size_t n)
{
    const char *end = NULL;
    size_t got = 0;
    return sodium_base642bin(out, n, (const char *)text.p, text.n, NULL, &got, &end, variant(kind)) == 0 &&
           got == n && end == (const char *)text.p + text.n;
}
