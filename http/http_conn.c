/* One connection: its places, its events, its end.
 *
 * Framing is ours, over libevent's events and buffers: its evhttp parses leniently, reads no body of a GET,
 * knows idle time only and answers errors by itself, so that a strict reader in front of it would leave it
 * nothing to do. Places are bounded for each loop, and for each network by half of that; where they are full,
 * the connection that has waited longest for its peer makes room, so that whoever opens many shuts out nobody
 * but himself. */
#include "http_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>

enum { RECEIVE_AT_ONCE = 16384 };

/* One timer for each connection, set anew at each step. It bounds the whole step, not the silence between
 * two bytes: whoever trickles gains nothing. */
void http_conn_deadline(struct http_conn *c, uint64_t milliseconds)
{
    struct timeval tv = {.tv_sec = (time_t)(milliseconds / 1000),
                         .tv_usec = (suseconds_t)(milliseconds % 1000 * 1000)};
    event_add(&c->deadline, &tv);
}

/* Not reading is how a peer is slowed down: TCP then holds it back (RFC 9293 §3.8). */
void http_conn_reading(struct http_conn *c, bool on)
{
    if (on != c->is_reading) {
        c->is_reading = on;
        if (on) {
            event_add(&c->readable, NULL);
        } else {
            event_del(&c->readable);
        }
    }
}

/* ---- who makes room when places are full: who waits for bytes of the peer, the oldest first ---- */

/* Both lists are in the order in which the waiting began, so who makes room is found in one step. */
static void set_waiting(struct http_conn *c, bool waits)
{
    if (c->is_waiting) {
        TAILQ_REMOVE(&c->loop->waiting, c, in_loop);
        TAILQ_REMOVE(&c->peer->waiting, c, in_peer);
    }
    if (waits) {
        TAILQ_INSERT_TAIL(&c->loop->waiting, c, in_loop);
        TAILQ_INSERT_TAIL(&c->peer->waiting, c, in_peer);
    }
    c->is_waiting = waits;
}

/* The one place where a state begins: deadlines and lists follow from it. */
void http_conn_enter(struct http_conn *c, enum http_conn_state state)
{
    c->state = state;
    if (state != CONN_HEAD) { /* an unfinished head is as old as the silence before it */
        set_waiting(c, state == CONN_IDLE || state == CONN_BODY || state == CONN_LINGER);
    }
}

/* ---- the end ---- */

struct http_pool *http_conn_pool_of(const struct http_request *r)
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
    /* A worker that has the request still uses its memory: http_conn_answered frees it then. One that only
     * waits in the queue is taken out, so that the hash is not computed for nobody. */
    if (c->state != CONN_BUSY || http_pool_remove(http_conn_pool_of(r), r)) {
        http_request_free(r);
    }
}

/* Marks only: the callers up the stack still use the connection, and settle() frees it as the last thing
 * of each event. */
void http_conn_close(struct http_conn *c)
{
    abandon_request(c);
    http_conn_enter(c, CONN_CLOSED);
}

static void conn_free(struct http_conn *c)
{
    struct http_loop *loop = c->loop;
    event_del(&c->readable);
    event_del(&c->writable);
    event_del(&c->deadline);
    evbuffer_free(c->input);
    close(c->fd);
    http_peers_give(&loop->peers, c->peer, c->input_held);
    c->peer->connections--;
    /* The entry of its network lives on while a worker has a request of it. */
    http_peers_leave(&loop->peers, c->peer);
    TAILQ_REMOVE(&loop->conns, c, all);
    free(c);
    loop->connections--;
    atomic_fetch_sub(&loop->server->connections, 1);
    if (loop->stopping && TAILQ_EMPTY(&loop->conns)) {
        event_base_loopbreak(loop->base);
    }
}

/* Freed at the end of an event, never inside of one that still uses it. */
static void settle(struct http_conn *c)
{
    if (c->state == CONN_CLOSED) {
        conn_free(c);
    }
}

/* ---- events ---- */

/* Into a buffer of the thread, and only as much as is counted goes on from there. */
static void on_readable(evutil_socket_t fd, short what, void *context)
{
    static _Thread_local uint8_t received[RECEIVE_AT_ONCE];
    struct http_conn *c = context;
    (void)what;
    ssize_t n = recv(fd, received, sizeof received, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n > 0) {
        /* The thread's buffer serves all connections: what may be a password does not stay in it. What the
         * input frees is wiped by the allocator of http_wipe_memory. */
        bool added = evbuffer_add(c->input, received, (size_t)n) == 0;
        explicit_bzero(received, (size_t)n);
        if (added) {
            http_conn_read(c);
        } else {
            http_conn_close(c);
        }
    } else if (n == 0) { /* perhaps only their half: who asked may still read the answer */
        c->eof = true;
        http_conn_reading(c, false);
        if (c->state != CONN_BUSY && c->state != CONN_WRITING) {
            http_conn_close(c);
        }
    } else {
        http_conn_close(c);
    }
    settle(c);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct http_conn *c = context;
    (void)fd;
    (void)what;
    http_conn_write(c);
    http_conn_read(c);
    settle(c);
}

/* A head or a body that does not come on is 408; what is idle is closed without a word. */
static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    struct http_conn *c = context;
    (void)fd;
    (void)what;
    if (c->state == CONN_HEAD || c->state == CONN_BODY) {
        http_conn_too_slow(c);
    } else if (c->state != CONN_BUSY) {
        http_conn_close(c);
    } else if (http_pool_remove(http_conn_pool_of(c->request), c->request)) {
        /* It waited in the queue for too long: 503. A request that a worker has already runs to its end,
         * since what it writes cannot be called back. */
        http_conn_refuse_busy(c);
        http_conn_read(c);
    }
    settle(c);
}

void http_conn_answered(struct http_request *r)
{
    struct http_conn *c = r->conn;
    if (!c) {
        http_request_report(r);
        http_request_free(r);
        return;
    }
    http_conn_send(c);
    http_conn_read(c);
    settle(c);
}

/* ---- the beginning ---- */

/* The connection that has waited longest for its peer gives way to a new one. */
static bool drop(struct http_conn *oldest)
{
    if (oldest) {
        atomic_fetch_add(&oldest->loop->server->dropped, 1);
        http_conn_close(oldest);
        settle(oldest);
    }
    return oldest != NULL;
}

bool http_conns_drop_oldest(struct http_loop *loop)
{
    return drop(TAILQ_FIRST(&loop->waiting));
}

/* True when there is a place, made by closing an older connection where there was none. */
static bool has_place(struct http_loop *loop, struct http_peer *peer)
{
    /* A network at its half makes room among its own connections, and where all of them are busy gets
     * none: it never drops those of others. */
    if (!peer->unshared && peer->connections >= loop->places / 2) {
        return drop(TAILQ_FIRST(&peer->waiting));
    }
    return loop->connections < loop->places || http_conns_drop_oldest(loop);
}

static struct http_conn *new_conn(struct http_loop *loop, int fd, struct http_peer *peer)
{
    struct http_conn *c = calloc(1, sizeof *c);
    if (!c || !(c->input = evbuffer_new())) {
        free(c);
        return NULL;
    }
    c->loop = loop;
    c->fd = fd;
    c->peer = peer;
    event_assign(&c->readable, loop->base, fd, EV_READ | EV_PERSIST, on_readable, c);
    event_assign(&c->writable, loop->base, fd, EV_WRITE, on_writable, c);
    evtimer_assign(&c->deadline, loop->base, on_deadline, c);
    return c;
}

/* Behind a trusted proxy, and at a Unix socket, are many: they share nothing. */
static struct http_peer *peer_of(struct http_loop *loop, const struct http_address *address, bool has_address)
{
    struct network network;
    char text[64] = "";
    if (has_address) {
        http_address_text(address, text);
    }
    bool known = netaddr_network(&network, text);
    return http_peers_enter(&loop->peers, &network,
                            !known || http_proxies_hold(&loop->server->proxies, address));
}

/* From accept on it has a place, a peer and a deadline. */
void http_conn_new(struct http_loop *loop, const struct http_listener *listener, int fd,
                   const struct sockaddr *from)
{
    /* Answers are written whole, so nothing is gained by the kernel's waiting for more. */
    int on = 1;
    struct http_address address = {{0}};
    bool has_address = http_address_of(from, &address);
    struct http_peer *peer = peer_of(loop, &address, has_address);
    struct http_conn *c = peer && has_place(loop, peer) ? new_conn(loop, fd, peer) : NULL;
    if (!c) {
        atomic_fetch_add(&loop->server->dropped, 1);
        close(fd);
        if (peer) {
            http_peers_leave(&loop->peers, peer);
        }
        return;
    }
    c->listener = listener;
    c->address = address;
    c->has_address = has_address;
    if (has_address) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    TAILQ_INSERT_TAIL(&loop->conns, c, all);
    loop->connections++;
    peer->connections++;
    atomic_fetch_add(&loop->server->connections, 1);
    http_conn_enter(c, CONN_IDLE);
    http_conn_reading(c, true);
    http_conn_deadline(c, loop->server->options.head_seconds * 1000);
}

/* Those that are handled go on: their answers are the last on their connection. */
void http_conns_stop(struct http_loop *loop)
{
    for (struct http_conn *c = TAILQ_FIRST(&loop->conns), *next; c; c = next) {
        next = TAILQ_NEXT(c, all);
        if (c->state == CONN_IDLE) {
            http_conn_close(c);
        }
        settle(c);
    }
}

void http_conns_free(struct http_loop *loop)
{
    for (struct http_conn *c = TAILQ_FIRST(&loop->conns), *next; c; c = next) {
        next = TAILQ_NEXT(c, all);
        http_conn_close(c);
        settle(c);
    }
}
