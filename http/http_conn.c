/* One connection: reads a request whole, has it answered, sends the answer, begins again.
 *
 * Framing is ours, over libevent's bufferevents: its evhttp parses leniently, reads no body of a GET, knows
 * idle time only and answers errors by itself, so that a strict reader in front of it would leave it nothing
 * to do. A connection goes to CLOSED wherever that is found, and is freed in one place, at the end of each
 * event (settle). */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

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
    enum state state;
    size_t scanned;  /* bytes of the head already looked at */
    size_t lingered; /* bytes thrown away */
};

static void conn_read(struct http_conn *c);

static void conn_deadline(struct http_conn *c, uint64_t milliseconds)
{
    struct timeval tv = {.tv_sec = (time_t)(milliseconds / 1000),
                         .tv_usec = (suseconds_t)(milliseconds % 1000 * 1000)};
    event_add(c->deadline, &tv);
}

static struct evbuffer *conn_input(struct http_conn *c)
{
    return bufferevent_get_input(c->bev);
}

/* ---- the end ---- */

static struct http_pool *pool_of(const struct http_request *r)
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

static void conn_close(struct http_conn *c)
{
    abandon_request(c);
    c->state = CLOSED;
}

static void settle(struct http_conn *c)
{
    if (c->state == CLOSED) {
        conn_free(c);
    }
}

/* Closing with unread input would reset the connection and could destroy the answer before it is read
 * (RFC 9112 §9.6), so the peer closes first, or time does. */
static void linger(struct http_conn *c)
{
    if (c->eof) {
        conn_close(c);
        return;
    }
    shutdown(bufferevent_getfd(c->bev), SHUT_WR);
    c->state = LINGER;
    c->lingered = 0;
    conn_deadline(c, HTTP_LINGER_SECONDS * 1000);
    bufferevent_enable(c->bev, EV_READ);
    conn_read(c);
}

static void throw_away(struct http_conn *c)
{
    size_t n = evbuffer_get_length(conn_input(c));
    evbuffer_drain(conn_input(c), n);
    c->lingered += n;
    if (c->lingered > HTTP_LINGER_BYTES) {
        conn_close(c);
    }
}

/* ---- the answer ---- */

static void conn_sent(struct http_conn *c)
{
    if (!c->keep_alive || c->loop->stopping) {
        linger(c);
        return;
    }
    c->state = IDLE;
    c->scanned = 0;
    conn_deadline(c, HTTP_IDLE_SECONDS * 1000);
    if (!c->eof) {
        bufferevent_enable(c->bev, EV_READ);
    }
}

/* What the socket takes at once is written without a turn through the event loop; false on a dead peer. */
static bool write_now(struct http_conn *c, struct iovec *parts, size_t n, size_t *left)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = n};
    ssize_t sent = 0;
    if (evbuffer_get_length(bufferevent_get_output(c->bev)) == 0) {
        sent = sendmsg(bufferevent_getfd(c->bev), &message, MSG_NOSIGNAL);
    }
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        return false;
    }
    size_t skip = sent > 0 ? (size_t)sent : 0;
    *left = 0;
    for (size_t i = 0; i < n; i++) {
        size_t gone = skip < parts[i].iov_len ? skip : parts[i].iov_len;
        skip -= gone;
        *left += parts[i].iov_len - gone;
        if (gone < parts[i].iov_len &&
            bufferevent_write(c->bev, (char *)parts[i].iov_base + gone, parts[i].iov_len - gone) != 0) {
            return false;
        }
    }
    return true;
}

static void report(struct http_request *r)
{
    const struct http_options *o = &r->loop->server->options;
    if (o->answered) {
        o->answered(r, r->choice.label, r->status, http_now_us() - r->started_us, o->answered_context);
    }
}

static void conn_send(struct http_conn *c)
{
    struct http_request *r = c->request;
    c->request = NULL;
    c->keep_alive =
        r->head.keep_alive && r->head.method != HTTP_CONNECT && !atomic_load(&c->loop->server->stopping);
    struct bytes head = http_request_answer_head(r, c->keep_alive);
    struct iovec parts[2] = {
        {.iov_base = (void *)(uintptr_t)head.p, .iov_len = head.n},
        {.iov_base = (void *)(uintptr_t)r->answer, .iov_len = r->answer_n},
    };
    size_t left = 0;
    c->state = WRITING;
    bool alive = head.p && write_now(c, parts, http_request_answer_has_body(r) ? 2 : 1, &left);
    report(r);
    http_request_free(r);
    if (!alive) {
        conn_close(c);
    } else if (left > 0) {
        conn_deadline(c, HTTP_WRITE_SECONDS * 1000 + left / 65536 * 1000);
        bufferevent_enable(c->bev, EV_WRITE);
    } else {
        conn_sent(c);
    }
}

/* The connection is closed behind it, since what follows cannot be told apart any more. */
static void conn_refuse(struct http_conn *c, struct http_refusal refusal)
{
    c->request->head.keep_alive = false;
    http_request_refuse(c->request, refusal.status, NULL, refusal.reason);
    conn_send(c);
}

static void conn_busy_answer(struct http_conn *c)
{
    char seconds[16];
    struct http_server *s = c->loop->server;
    atomic_fetch_add(&s->refused, 1);
    snprintf(seconds, sizeof seconds, "%u", (s->options.queue_wait_ms + 999) / 1000);
    http_answer_header(c->request, "Retry-After", seconds);
    http_request_refuse(c->request, 503, "busy", "The server has more to do than it can do in time.");
    conn_send(c);
}

void http_conn_answered(struct http_request *r)
{
    struct http_conn *c = r->conn;
    if (!c) {
        report(r);
        http_request_free(r);
        return;
    }
    conn_send(c);
    conn_read(c);
    settle(c);
}

/* ---- the request ---- */

static void conn_dispatch(struct http_conn *c)
{
    struct http_request *r = c->request;
    c->state = BUSY;
    if (!r->choice.handler) {
        http_request_refuse(r, 404, NULL, NULL);
        conn_send(c);
    } else if (r->choice.where == HTTP_QUICK) {
        http_request_run(r);
        conn_send(c);
    } else if (http_pool_add(pool_of(r), r)) {
        conn_deadline(c, c->loop->server->options.queue_wait_ms);
    } else {
        conn_busy_answer(c);
    }
}

/* False when the connection has no request now. */
static bool begin_request(struct http_conn *c)
{
    c->request = http_request_new(c->loop, c->listener);
    if (!c->request) {
        conn_close(c);
        return false;
    }
    c->request->conn = c;
    return true;
}

static void choose_route(struct http_conn *c)
{
    struct http_request *r = c->request;
    r->choice = c->listener->route(r, c->listener->context);
    if (!r->choice.label) {
        r->choice.label = "none";
    }
}

/* Whether to read a body, and how much, is decided here, from the head alone: what nobody reads, or what is
 * too large, costs no memory. */
static void head_done(struct http_conn *c, struct http_refusal refusal)
{
    struct http_request *r = c->request;
    http_request_describe(r, &c->peer, c->has_address);
    if (refusal.status) {
        conn_refuse(c, refusal);
        return;
    }
    choose_route(c);
    if (r->head.body_length && !r->choice.body) {
        r->head.keep_alive = false;
        conn_dispatch(c);
        return;
    }
    if (r->head.body_length && r->head.body_length > r->choice.body->most) {
        r->head.keep_alive = false;
        http_request_refuse_size(r);
        conn_send(c);
        return;
    }
    c->state = BODY;
    if (r->head.body_length) {
        conn_deadline(c, c->loop->server->options.body_seconds * 1000 + r->head.body_length / 65536 * 1000);
    }
    if (r->head.expects_continue && r->head.body_length > evbuffer_get_length(conn_input(c))) {
        static char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        struct iovec part = {.iov_base = go_on, .iov_len = sizeof go_on - 1};
        size_t left;
        if (!write_now(c, &part, 1, &left)) {
            conn_close(c);
        }
    }
}

/* One empty line in front of a request is skipped (RFC 9112 §2.2). */
static void skip_empty_line(struct http_conn *c)
{
    uint8_t start[2];
    if (c->scanned == 0 && evbuffer_copyout(conn_input(c), start, 2) == 2 && start[0] == '\r' &&
        start[1] == '\n') {
        evbuffer_drain(conn_input(c), 2);
    }
}

/* Each returns false when it needs more bytes. */
static bool read_head(struct http_conn *c)
{
    if (c->state == IDLE) {
        if (evbuffer_get_length(conn_input(c)) == 0) {
            return false;
        }
        skip_empty_line(c);
        c->state = HEAD;
        conn_deadline(c, c->loop->server->options.head_seconds * 1000);
    }
    size_t n = evbuffer_get_length(conn_input(c));
    n = n > HTTP_HEAD_MAX + 1 ? HTTP_HEAD_MAX + 1 : n;
    const uint8_t *p = n ? evbuffer_pullup(conn_input(c), (ssize_t)n) : NULL;
    struct http_refusal refusal;
    size_t end = p ? http_head_end(p, n, &c->scanned, &refusal) : 0;
    if (!p || (!end && !refusal.status)) {
        return false;
    }
    if (!begin_request(c)) {
        return false;
    }
    if (end) {
        refusal = http_head_read(&c->request->arena, p, end, &c->request->head);
        evbuffer_drain(conn_input(c), end);
    }
    head_done(c, refusal);
    return true;
}

static bool read_body(struct http_conn *c)
{
    struct http_request *r = c->request;
    size_t n = (size_t)r->head.body_length;
    if (evbuffer_get_length(conn_input(c)) < n) {
        return false;
    }
    if (n) {
        uint8_t *body = arena_alloc(&r->arena, n + 1);
        if (!body) {
            conn_refuse(c, (struct http_refusal){503, "There is no memory for the request."});
            return true;
        }
        evbuffer_remove(conn_input(c), body, n);
        r->body = body;
        r->body_n = n;
    }
    conn_dispatch(c);
    return true;
}

/* While a request is handled, what comes behind it waits in the socket beyond this much. */
static void hold_back(struct http_conn *c)
{
    if (evbuffer_get_length(conn_input(c)) > HTTP_HEAD_MAX) {
        bufferevent_disable(c->bev, EV_READ);
    }
}

static void conn_read(struct http_conn *c)
{
    bool more = true;
    while (more) {
        switch (c->state) {
        case IDLE:
        case HEAD:
            more = read_head(c);
            break;
        case BODY:
            more = read_body(c);
            break;
        case BUSY:
        case WRITING:
            hold_back(c);
            return;
        case LINGER:
            throw_away(c);
            return;
        case CLOSED:
        default:
            return;
        }
    }
    if (c->eof) { /* the rest will not come */
        conn_close(c);
    }
}

/* ---- events ---- */

static void on_readable(struct bufferevent *bev, void *context)
{
    struct http_conn *c = context;
    (void)bev;
    conn_read(c);
    settle(c);
}

static void on_written(struct bufferevent *bev, void *context)
{
    struct http_conn *c = context;
    (void)bev;
    if (c->state == WRITING) {
        conn_sent(c);
        conn_read(c);
    }
    settle(c);
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
    settle(c);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    struct http_conn *c = context;
    (void)fd;
    (void)what;
    if (c->state == HEAD) {
        if (begin_request(c)) {
            head_done(c, (struct http_refusal){408, "The head did not arrive in time."});
        }
    } else if (c->state == BODY) {
        conn_refuse(c, (struct http_refusal){408, "The body did not arrive in time."});
    } else if (c->state != BUSY) {
        conn_close(c);
    } else if (http_pool_remove(pool_of(c->request), c->request)) {
        conn_busy_answer(c);
        conn_read(c);
    }
    settle(c);
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
    conn_deadline(c, loop->server->options.head_seconds * 1000);
}

void http_conns_stop(struct http_loop *loop)
{
    for (struct http_conn *c = loop->conns, *next; c; c = next) {
        next = c->next;
        if (c->state == IDLE) {
            conn_close(c);
        }
        settle(c);
    }
}

void http_conns_free(struct http_loop *loop)
{
    for (struct http_conn *c = loop->conns, *next; c; c = next) {
        next = c->next;
        conn_close(c);
        settle(c);
    }
}
