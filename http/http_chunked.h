/* A body in chunks (RFC 9112 §7.1), read as strictly as its head: what two readers could understand
 * differently is refused. A pure function over bytes, in whatever pieces they come. */
#ifndef HTTP_CHUNKED_H
#define HTTP_CHUNKED_H

#include "bytes.h"
#include "http_strict.h"

enum {
    HTTP_CHUNK_DIGITS_MAX = 8, /* of a size, in hexadecimal */
    HTTP_TRAILERS_MAX = 4096,  /* bytes of all fields behind the body, which are dropped */
};

enum http_chunked_state {
    CHUNK_SIZE, /* zeros: a fresh struct begins here */
    CHUNK_SIZE_END,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER,
    CHUNK_TRAILER_NAME,
    CHUNK_TRAILER_VALUE,
    CHUNK_TRAILER_END,
    CHUNK_LAST_LF,
    CHUNK_DONE,
};

struct http_chunked {
    enum http_chunked_state state;
    uint64_t left;   /* bytes of the chunk's data that are still to come */
    unsigned digits; /* of its size */
    size_t trailers; /* bytes of trailer fields so far */
};

/* Reads of p, and returns how many bytes it took: up to the end of one piece of data (*data, empty when there
 * is none), or all n, or to the body's end (state CHUNK_DONE). *refusal is set for what is malformed.
 * Extensions of a chunk are refused: nobody uses them, and readers disagree on them. */
size_t http_chunked_read(struct http_chunked *h, const uint8_t *p, size_t n, struct bytes *data,
                         struct http_refusal *refusal);

#endif
