/* The head of a request, read strictly (RFC 9110, RFC 9112): what two readers could understand differently is
 * refused, since that is how requests are smuggled. Pure functions over bytes. */
#ifndef HTTP_STRICT_H
#define HTTP_STRICT_H

#include "arena.h"
#include "http_server.h"

enum { HTTP_HEAD_MAX = 16384, HTTP_FIELDS_MAX = 100 };

/* A refusal: the connection is closed behind it. */
struct http_refusal {
    int status; /* 0: nothing to refuse */
    const char *reason;
};

struct http_field {
    const char *name, *value;
};

struct http_head {
    enum http_method method;
    const char *method_name;
    const char *target, *path, *query; /* never NULL */
    int minor_version;                 /* HTTP/1.0 or HTTP/1.1 */
    bool keep_alive;
    bool expects_continue;
    bool chunked; /* the body's length is in the body: http_chunked.h */
    uint64_t body_length;
    size_t field_count;
    struct http_field fields[HTTP_FIELDS_MAX];
};

bool http_is_token_byte(uint8_t c); /* RFC 9110 §5.6.2 */

/* Looks for the end of a head in what has arrived. *scanned says how far an earlier call got (0 at first).
 * Returns the head's length with its empty line, or 0 when more is needed. *refusal is set for NUL, other
 * control characters, CR or LF alone, and too many bytes, as soon as they are there. */
size_t http_head_end(const uint8_t *p, size_t n, size_t *scanned, struct http_refusal *refusal);

/* Reads a whole head of n bytes, its empty line included; texts are copied into the arena. On refusal, what
 * was understood so far stays in *out, whose members are safe to use. */
struct http_refusal http_head_read(struct arena *a, const uint8_t *p, size_t n, struct http_head *out);

/* Reads the whole lines of a head of which http_head_end refused the rest, so that the refusal can still be
 * shown to who asked (HEAD, Origin). */
void http_head_salvage(struct arena *a, const uint8_t *p, size_t n, struct http_head *out);

/* Sets what an unread head says: empty texts. */
void http_head_clear(struct http_head *h);

/* The first field of that name, any case; NULL when there is none. */
const char *http_head_field(const struct http_head *h, const char *name);
unsigned http_head_field_count(const struct http_head *h, const char *name);

#endif
