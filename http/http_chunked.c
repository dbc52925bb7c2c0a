/* Bodies in chunks: one byte, one step of a small machine. RFC 9112 §7.1. */
#include "http_chunked.h"

#include <string.h>

static const char not_a_size[] = "The size of a chunk is not 1 to 8 hexadecimal digits and a line's end.";
static const char not_an_end[] = "A chunk does not end where its size says.";
static const char not_a_trailer[] = "What stands behind the chunks is no trailer field.";

/* A chunk extension (";name=value") is refused with everything else that is no digit: recipients disagree
 * on where one ends, and nothing here would use it. The bound on digits keeps `left` from overflowing. */
static const char *size_byte(struct http_chunked *h, uint8_t c)
{
    int digit = hex_digit(c);
    if (digit >= 0 && h->digits < HTTP_CHUNK_DIGITS_MAX) {
        h->left = h->left * 16 + (uint64_t)digit;
        h->digits++;
        return NULL;
    }
    if (c != '\r' || h->digits == 0) {
        return not_a_size;
    }
    h->state = CHUNK_SIZE_END;
    return NULL;
}

/* The bound counts the bytes behind the last chunk, so that trailers cannot go on for ever while no byte
 * of body is counted. They are checked and dropped: a field that comes after the head was judged must not
 * change what was judged. */
static const char *trailer_byte(struct http_chunked *h, uint8_t c)
{
    if (++h->trailers > HTTP_TRAILERS_MAX) {
        return "The trailer fields are larger than 4 KiB.";
    }
    switch (h->state) {
    case CHUNK_TRAILER: /* the first byte of a line */
        h->state = c == '\r' ? CHUNK_LAST_LF : CHUNK_TRAILER_NAME;
        return c == '\r' || http_is_token_byte(c) ? NULL : not_a_trailer;
    case CHUNK_TRAILER_NAME:
        h->state = c == ':' ? CHUNK_TRAILER_VALUE : CHUNK_TRAILER_NAME;
        return c == ':' || http_is_token_byte(c) ? NULL : not_a_trailer;
    case CHUNK_TRAILER_VALUE:
    default:
        h->state = c == '\r' ? CHUNK_TRAILER_END : CHUNK_TRAILER_VALUE;
        return c == '\r' || c == '\t' || (c >= 0x20 && c != 0x7f) ? NULL : not_a_trailer;
    }
}

/* A bare LF is never taken for a line's end: a proxy that does would see another chunk where we see this
 * one. */
static const char *expect(struct http_chunked *h, uint8_t c, char expected, enum http_chunked_state next,
                          const char *refusal)
{
    if (c != (uint8_t)expected) {
        return refusal;
    }
    h->state = next;
    return NULL;
}

/* A byte that is no data; the reason of its refusal, or NULL. */
static const char *step(struct http_chunked *h, uint8_t c)
{
    switch (h->state) {
    case CHUNK_SIZE:
        return size_byte(h, c);
    case CHUNK_SIZE_END:
        return expect(h, c, '\n', h->left ? CHUNK_DATA : CHUNK_TRAILER, not_a_size);
    case CHUNK_DATA_CR:
        return expect(h, c, '\r', CHUNK_DATA_LF, not_an_end);
    case CHUNK_DATA_LF:
        h->digits = 0;
        return expect(h, c, '\n', CHUNK_SIZE, not_an_end);
    case CHUNK_TRAILER_END:
        return expect(h, c, '\n', CHUNK_TRAILER, not_a_trailer);
    case CHUNK_LAST_LF:
        return expect(h, c, '\n', CHUNK_DONE, not_a_trailer);
    case CHUNK_TRAILER:
    case CHUNK_TRAILER_NAME:
    case CHUNK_TRAILER_VALUE:
    case CHUNK_DATA:
    case CHUNK_DONE:
    default:
        return trailer_byte(h, c);
    }
}

/* Gives out data as soon as it is there, one run at a time, and no size that was only announced: who calls
 * takes memory for what came. */
size_t http_chunked_read(struct http_chunked *h, const uint8_t *p, size_t n, struct bytes *data,
                         struct http_refusal *refusal)
{
    *data = (struct bytes){NULL, 0};
    *refusal = (struct http_refusal){0, NULL};
    size_t i = 0;
    while (i < n && h->state != CHUNK_DONE) {
        if (h->state == CHUNK_DATA) {
            size_t take = h->left < n - i ? (size_t)h->left : n - i;
            *data = BYTES(p + i, take);
            h->left -= take;
            h->state = h->left ? CHUNK_DATA : CHUNK_DATA_CR;
            return i + take;
        }
        const char *reason = step(h, p[i++]);
        if (reason) {
            *refusal = (struct http_refusal){400, reason};
            return i;
        }
    }
    return i;
}
