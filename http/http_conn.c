/* One connection: reads a request whole, has it answered, sends the answer, begins again.
 *
 * Framing is ours, over libevent's bufferevents: its evhttp parses leniently, reads no body of a GET, knows
 * idle time only and answers errors by itself, so that a strict reader in front of it would leave it nothing
 * to do. A connection goes to CLOSED wherever that is found, and is freed in one place, at the end of each
 * event (conn_settle). */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "http_conn_int.h"

void conn_deadline(struct http_conn *c, uint64_t milliseconds)
{
    struct timeval tv = {.tv_sec = (time_t)(milliseconds / 1000),
                         .tv_usec = (suseconds_t)(milliseconds % 1000 * 1000)};
    event_add(c->deadline, &tv);
}

struct evbuffer *conn_input(struct http_conn *c)
{
    return bufferevent_get_input(c->bev);
}

/* ---- the end ---- */

struct http_pool *pool_of(const struct http_request *r)
{
    struct http_server *s = r->loop->server;
    return r->choice.where == HTTP_HASH ? s->hash : r->choice.where == HTTP_SLOW ? s->slow : NULL;
}

/* The request of a connection that is gone: freed now when no worker has it, else when it comes back. */
static void abandon_request(struct http_conn *c)
{
    struct http_request *r = c->request;
    c->request = NULL;
    if (!r) {
        return;
    }
    r->conn = NULL;
    if (c->state != BUSY || http_pool_remove(pool_of(r), r)) {
        http_request_free(r);
    }
}

static void conn_free(struct http_conn *c)
{
    struct http_loop *loop = c->loop;
    if (c->previous) {
        c->previous->next = c->next;
    } else {
        loop->conns = c->next;
    }
    if (c->next) {
        c->next->previous = c->previous;
    }
    /* bufferevent_free puts closing off to the loop's next turn, and at the end there is none */
    int fd = bufferevent_getfd(c->bev);
    bufferevent_disable(c->bev, EV_READ | EV_WRITE);
    bufferevent_setfd(c->bev, -1);
    bufferevent_free(c->bev);
    close(fd);
    event_free(c->deadline);
    free(c);
    atomic_fetch_sub(&loop->server->connections, 1);
    if (loop->stopping && !loop->conns) {
        event_base_loopbreak(loop->base);
    }
}

void conn_close(struct http_conn *c)
{
    abandon_request(c);
    c->state = CLOSED;
}

void conn_settle(struct http_conn *c)
{
    if (c->state == CLOSED) {
        conn_free(c);
    }
}

/* ---- events ---- */

static void on_readable(struct bufferevent *bev, void *context)
{
    struct http_conn *c = context;
    (void)bev;
    conn_read(c);
    conn_settle(c);
}

static void on_written(struct bufferevent *bev, void *context)
{
    struct http_conn *c = context;
    (void)bev;
    if (c->state == WRITING) {
        conn_sent(c);
        conn_read(c);
    }
    conn_settle(c);
}

static void on_event(struct bufferevent *bev, short what, void *context)
{
    struct http_conn *c = context;
    (void)bev;
    if (what & BEV_EVENT_EOF) { /* perhaps only their half: who asked may still read the answer */
        c->eof = true;
        if (c->state != BUSY && c->state != WRITING) {
            conn_close(c);
        }
    } else if (what & (BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) {
        conn_close(c);
    }
    conn_settle(c);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    struct http_conn *c = context;
    (void)fd;
    (void)what;
    if (c->state == HEAD) {
        if (conn_begin_request(c)) {
            conn_head_done(c, (struct http_refusal){408, "The head did not arrive in time."});
        }
    } else if (c->state == BODY) {
        conn_refuse(c, (struct http_refusal){408, "The body did not arrive in time."});
    } else if (c->state != BUSY) {
        conn_close(c);
    } else if (http_pool_remove(pool_of(c->request), c->request)) {
        conn_busy_answer(c);
        conn_read(c);
    }
    conn_settle(c);
}

/* ---- the beginning ---- */

static bool attach(struct http_conn *c, int fd)
{
    c->deadline = evtimer_new(c->loop->base, on_deadline, c);
    c->bev = c->deadline ? bufferevent_socket_new(c->loop->base, fd, 0) : NULL;
    if (!c->bev) {
        if (c->deadline) {
            event_free(c->deadline);
        }
        return false;
    }
    bufferevent_setcb(c->bev, on_readable, on_written, on_event, c);
    return bufferevent_enable(c->bev, EV_READ) == 0;
}

void http_conn_new(struct http_loop *loop, const struct http_listener *listener, int fd,
                   const struct sockaddr *peer)
{
    int on = 1;
    struct http_conn *c = NULL;
    if (atomic_load(&loop->server->connections) < HTTP_CONNECTIONS_MAX) {
        c = calloc(1, sizeof *c);
    }
    if (!c) {
        close(fd);
        return;
    }
    c->loop = loop;
    c->listener = listener;
    c->has_address = http_address_of(peer, &c->peer);
    if (c->has_address) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (!attach(c, fd)) {
        close(fd);
        free(c);
        return;
    }
    c->next = loop->conns;
    if (c->next) {
        c->next->previous = c;
    }
    loop->conns = c;
    atomic_fetch_add(&loop->server->connections, 1);
    conn_deadline(c, loop->server->options.head_seconds * UINT64_C(1000));
}

/* A request may have arrived that no event has told of yet. */
static bool has_unread_bytes(struct http_conn *c)
{
    char byte;
    return recv(bufferevent_getfd(c->bev), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void http_conns_stop(struct http_loop *loop)
{
    for (struct http_conn *c = loop->conns, *next; c; c = next) {
        next = c->next;
        if (c->state == IDLE && !has_unread_bytes(c)) {
            conn_close(c);
        }
        conn_settle(c);
    }
}

void http_conns_free(struct http_loop *loop)
{
    for (struct http_conn *c = loop->conns, *next; c; c = next) {
        next = c->next;
        conn_close(c);
        conn_settle(c);
    }
}
