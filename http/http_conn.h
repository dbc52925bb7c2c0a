/* A connection, as its three files see it: http_conn.c its life, http_conn_request.c what it reads,
 * http_conn_answer.c what it sends. It belongs to its loop's thread. It goes to CONN_CLOSED wherever that is
 * found, and is freed in one place, at the end of each event. */
#ifndef HTTP_CONN_H
#define HTTP_CONN_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "http_chunked.h"
#include "http_server_int.h"

enum http_conn_state {
    CONN_IDLE,    /* no byte of a request yet */
    CONN_HEAD,    /* in a head */
    CONN_BODY,    /* the head is read */
    CONN_BUSY,    /* a handler has it */
    CONN_WRITING, /* the peer has not yet taken the whole answer */
    CONN_LINGER,  /* the last answer is sent; what comes is thrown away until the peer closes */
    CONN_CLOSED,
};

struct http_conn {
    struct http_loop *loop;
    const struct http_listener *listener;
    struct http_peer *peer; /* whose share of places and bytes it takes */
    int fd;
    struct event readable, writable, deadline;
    struct evbuffer
        *input;        /* what was received and not yet read: at most a head, and 16 KiB of what follows */
    size_t input_held; /* of it, in the budget */
    struct http_request *request; /* from the head's end until its answer is sent */
    struct http_address address;
    bool has_address, eof, keep_alive, is_reading, is_waiting;
    enum http_conn_state state;
    struct http_chunked chunked;
    struct bytes head;                            /* of the answer, in the request's arena */
    size_t sent;                                  /* bytes of head and answer */
    size_t scanned;                               /* bytes of the request's head already looked at */
    unsigned empty_lines;                         /* skipped before the request */
    size_t lingered;                              /* bytes thrown away */
    TAILQ_ENTRY(http_conn) all, in_loop, in_peer; /* the last two while it waits for the peer */
};

/* ---- http_conn.c ---- */
/* Its request, if any, is let go; it is freed at the end of the event. */
void http_conn_close(struct http_conn *c);
void http_conn_enter(struct http_conn *c, enum http_conn_state state);
void http_conn_deadline(struct http_conn *c, uint64_t milliseconds);
void http_conn_reading(struct http_conn *c, bool on);
struct http_pool *http_conn_pool_of(const struct http_request *r);

/* ---- http_conn_request.c ---- */
/* Goes on with what was received, as far as it goes. */
void http_conn_read(struct http_conn *c);
void http_conn_too_slow(struct http_conn *c); /* a head or a body was not there in time */

/* ---- http_conn_answer.c ---- */
void http_conn_send(struct http_conn *c);
void http_conn_write(struct http_conn *c);    /* the peer takes more */
void http_conn_continue(struct http_conn *c); /* 100, to who waits for it */
/* The connection is closed behind it, since what follows cannot be told apart any more. */
void http_conn_refuse(struct http_conn *c, struct http_refusal refusal);
void http_conn_refuse_busy(struct http_conn *c);

#endif
