/* The HTTP/1.1 server, over libevent's event loop and buffers, which no other file knows (why not over its
 * evhttp: http_conn.c).
 *
 * One event loop per core (SO_REUSEPORT) does input and output. A route's row says where its handler runs: on
 * the loop (QUICK), on a worker (SLOW), or on a worker of the hashing pool (HASH), with bounded queues; what
 * does not fit is answered 503 with Retry-After. Strictness (RFC 9112): duplicate or non-digit
 * Content-Length, Content-Length with Transfer-Encoding, no Host or two, control characters and NUL in the
 * head, over 100 fields, a head over 16 KiB: 400 (431) and close; a Transfer-Encoding other than "chunked",
 * and chunks that are malformed: 400 (501) and close; a body over the route's limit: 413 and close, decided
 * from the head before a byte of the body is read. The head must be there within 10 s, the body within 30 s
 * and 1 s more per 64 KiB, whatever trickles.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_request; /* valid until the handler has returned */
struct http_server;

enum http_method {
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_POST = 4,
    HTTP_PUT = 8,
    HTTP_DELETE = 16,
    HTTP_PATCH = 32,
    HTTP_OPTIONS = 64,
    HTTP_TRACE = 128,
    HTTP_CONNECT = 256,
};

typedef void http_handler(struct http_request *r, void *context);

enum http_where { HTTP_QUICK, HTTP_SLOW, HTTP_HASH };

/* The most that a route reads, and what a refusal calls it beside "limit" (own-api.md); both may be NULL. */
struct http_body_limit {
    size_t most; /* bytes */
    const char *id, *field;
};

/* A listener's dispatch: called once on the loop when the head is read and well-formed, before the body. It
 * picks the handler, where it runs, what it may be sent, and the label used in logs and metrics (the route's
 * template). What it found is kept for the handler: http_route_found. */
struct http_route_choice {
    http_handler *handler;
    enum http_where where;
    const char *label; /* a constant such as "POST /self-service/login" */
    const struct http_body_limit
        *body;         /* NULL: a body is not read, and the connection closed behind the answer */
    const void *found; /* in memory of http_request_alloc, or a constant */
};

struct http_listener {
    const char *name; /* "public", "admin" */
    const char *host; /* address, or "unix:/path" */
    uint16_t port;    /* 0 picks a free one; see http_server_port */
    int fd;           /* an inherited listening socket (socket activation), or -1 */
    struct http_route_choice (*route)(struct http_request *r, void *context);
    /* Called before the connection itself answers (413, 431, 503…): adds headers. May be NULL. */
    void (*refusing)(struct http_request *r, void *context);
    void *context; /* handed to route, refusing and handlers */
};

struct http_options {
    unsigned loops;                     /* 0 = number of cores, at most 4 */
    unsigned slow_workers;              /* 0 = 4 */
    unsigned slow_queue;                /* 0 = 1024; one network may hold half of it */
    unsigned hash_workers;              /* 0 = number of cores */
    unsigned hash_queue;                /* 0 = 64; less when one second's work is less (http_workers.c) */
    unsigned hash_percent;              /* of it, the most for one network; 0 = 50 (own-api.md) */
    unsigned queue_wait_ms;             /* longest wait in a queue; 0 = 5000 */
    unsigned connections;               /* 0 = 10000, or what descriptors there are; a network: half of it */
    size_t in_flight;                   /* bytes; 0 = 128 MiB; a network: half of it (http_peers.h) */
    unsigned head_seconds;              /* 0 = 10 */
    unsigned body_seconds;              /* 0 = 30 */
    const char *const *trusted_proxies; /* CIDR texts; "unix" for peers of Unix sockets */
    size_t trusted_proxy_count;
    const char *forwarded_header; /* in which they give the client's address; NULL = X-Forwarded-For */
    /* Called for each answer, on the loop: for the access log and metrics. May be NULL. */
    void (*answered)(const struct http_request *r, const char *label, int status, uint64_t micros,
                     void *context);
    void *answered_context;
};

/* Lets the program (not a library) give libevent an allocator that wipes what it frees. Call before
 * http_server_new. */
void http_wipe_memory(void);

/* Binds and listens; *error is a constant or static text when it fails (NULL server returned). */
struct http_server *http_server_new(const struct http_options *options, const struct http_listener *listeners,
                                    size_t n, const char **error);
uint16_t http_server_port(const struct http_server *s, size_t listener);
/* Runs until http_server_stop; then finishes requests that are under way (at most 20 s) and returns. */
void http_server_run(struct http_server *s);
/* From a signal handler or any thread: stop accepting, finish, return from run. */
void http_server_stop(struct http_server *s);
void http_server_free(struct http_server *s);
/* For metrics. */
struct http_load {
    unsigned hash_waiting, connections; /* now */
    size_t in_flight;                   /* bytes, now */
    uint64_t refused;                   /* requests answered 503 here, since the start */
    uint64_t dropped;                   /* connections closed to make room for others, or for want of it */
};
void http_server_load(const struct http_server *s, struct http_load *out);

/* ---- the request ---- */
enum http_method http_method(const struct http_request *r);
const char *http_method_name(const struct http_request *r);
const char *http_target(const struct http_request *r); /* path and query as received */
const char *http_path(const struct http_request *r);   /* still percent-encoded */
const char *http_query(const struct http_request *r);  /* behind '?', "" when none */
/* One header by name, any case; the first if repeated, but Cookie joined; NULL when absent. */
const char *http_header(const struct http_request *r, const char *name);
unsigned http_header_count(const struct http_request *r, const char *name);
const uint8_t *http_body(const struct http_request *r, size_t *n);
const void *http_route_found(const struct http_request *r);
/* Zeroed memory that lives as long as the request; NULL when there is none. */
void *http_request_alloc(struct http_request *r, size_t n);
/* The peer's address without port; where the peer is a trusted proxy: what it says in the one header that is
 * configured for it (own-api.md, "Who may ask"). Never NULL. */
const char *http_client_address(const struct http_request *r);
bool http_peer_trusted(const struct http_request *r); /* whether X-Forwarded-* count */
const char *http_listener_name(const struct http_request *r);
/* X-Request-Id as received when it is 1 to 128 visible ASCII characters, else one made here. */
const char *http_request_id(const struct http_request *r);
bool http_request_id_given(const struct http_request *r);

/* ---- the answer: headers first, then exactly one of these ---- */
/* Adds a header; a name given twice is sent twice. A value with control characters aborts: it would be our
 * mistake. */
void http_answer_header(struct http_request *r, const char *name, const char *value);
/* Body is copied. Content-Length is set here; HEAD sends no body. status 204, 304 and 303 without a body:
 * body NULL, 0. */
void http_answer(struct http_request *r, int status, const void *body, size_t n);

#endif
