/* Base64 (RFC 4648), by libsodium. */
#ifndef ENCODE_H
#define ENCODE_H

#include "bytes.h"

enum base64_kind {
    BASE64,     /* §4, with padding */
    BASE64_RAW, /* §4, without padding */
    BASE64_URL, /* §5, without padding */
};

/* NULL when there is no memory. */
char *base64_encode(struct arena *a, enum base64_kind kind, struct bytes in) WW_MUST;
/* Strict: no white space, right padding, unused bits zero. False when it is not of that form, or no memory.
 */
bool base64_decode(struct arena *a, enum base64_kind kind, struct bytes text, struct bytes *out) WW_MUST;
/* The same into exactly n bytes, without memory of its own. */
bool base64_decode_exactly(enum base64_kind kind, struct bytes text, void *out, size_t n) WW_MUST;

#endif
