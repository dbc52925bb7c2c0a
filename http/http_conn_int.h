/* What the files of a connection share: http_conn.c (its life and events), http_conn_read.c (requests),
 * http_conn_send.c (answers). */
#ifndef HTTP_CONN_INT_H
#define HTTP_CONN_INT_H

#include <sys/uio.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "http_server_int.h"

enum state {
    IDLE,    /* no byte of a request yet */
    HEAD,    /* in a head */
    BODY,    /* the head is read */
    BUSY,    /* a handler has it */
    WRITING, /* the answer does not fit in the socket at once */
    LINGER,  /* the last answer is sent; what comes is thrown away until the peer closes */
    CLOSED,
};

struct http_conn {
    struct http_loop *loop;
    const struct http_listener *listener;
    struct bufferevent *bev;
    struct event *deadline;
    struct http_conn *previous, *next;
    struct http_request *request; /* from HEAD's end until it is answered */
    struct http_address peer;
    bool has_address, eof, keep_alive;
    bool reused;       /* an answer has gone out on it */
    bool line_skipped; /* the empty line that may stand in front of a request */
    enum state state;
    size_t scanned;  /* bytes of the head already looked at */
    size_t lingered; /* bytes thrown away */
};

/* ---- http_conn.c ---- */
void conn_deadline(struct http_conn *c, uint64_t milliseconds);
struct evbuffer *conn_input(struct http_conn *c);
struct http_pool *pool_of(const struct http_request *r);
/* Gives up its request and marks it; conn_settle frees it at the end of the event. */
void conn_close(struct http_conn *c);
void conn_settle(struct http_conn *c);

/* ---- http_conn_read.c ---- */
/* Does what can be done with the bytes that are there. */
void conn_read(struct http_conn *c);
/* False when there is no memory; the connection is then closed. */
bool conn_begin_request(struct http_conn *c);
/* The head is read or refused. */
void conn_head_done(struct http_conn *c, struct http_refusal refusal);

/* ---- http_conn_send.c ---- */
/* What the socket takes at once is written without a turn through the event loop, the rest by and by (*left
 * bytes); false on a dead peer. */
bool conn_write(struct http_conn *c, struct iovec *parts, size_t n, size_t *left);
/* Sends the answer that its request has. */
void conn_send(struct http_conn *c);
/* The answer has gone out. */
void conn_sent(struct http_conn *c);
/* The connection is closed behind it, since what follows cannot be told apart any more. */
void conn_refuse(struct http_conn *c, struct http_refusal refusal);
/* 503 with Retry-After. */
void conn_busy_answer(struct http_conn *c);

#endif
