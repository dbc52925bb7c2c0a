/* What a connection reads: a head, the decision of its route, a body of as many bytes as that allows, again.
 */
#include <string.h>

#include <event2/buffer.h>

#include "http_conn.h"

enum {
    USUAL_HEAD = 4096, /* bytes; more of an unfinished head counts in the budget */
    EMPTY_LINES = 4,   /* before one request */
};

/* ---- to its handler ---- */

/* To a worker, or here where it is quick; a queue that is full is refused at once. */
static void dispatch(struct http_conn *c)
{
    struct http_request *r = c->request;
    http_conn_enter(c, CONN_BUSY);
    if (!r->choice.handler) {
        http_request_refuse(r, 404, NULL, NULL);
        http_conn_send(c);
    } else if (r->choice.where == HTTP_QUICK) {
        /* On the loop's own thread: such a handler neither waits nor writes, or all connections of the
         * loop would wait with it. */
        http_request_run(r);
        http_conn_send(c);
    } else if (http_pool_add(http_conn_pool_of(r), r)) {
        http_conn_deadline(c, c->loop->server->options.queue_wait_ms);
    } else {
        http_conn_refuse_busy(c);
    }
}

/* ---- the head ---- */

/* False when the connection has no request now. */
static bool begin_request(struct http_conn *c)
{
    c->request = http_request_new(c->loop, c->listener, c->peer);
    if (!c->request) {
        http_conn_close(c);
        return false;
    }
    c->request->conn = c;
    return true;
}

static void refuse_size(struct http_conn *c)
{
    c->request->head.keep_alive = false;
    http_request_refuse_size(c->request);
    http_conn_send(c);
}

/* Of a body in chunks, the length is not known before its end: it has the time that the longest has. */
static void await_body(struct http_conn *c)
{
    struct http_request *r = c->request;
    uint64_t most = r->head.chunked ? r->choice.body->most : r->head.body_length;
    c->chunked = (struct http_chunked){0};
    http_conn_deadline(c, c->loop->server->options.body_seconds * 1000 + most / 65536 * 1000);
    if (r->head.expects_continue && evbuffer_get_length(c->input) == 0) {
        http_conn_continue(c);
    }
}

/* Whether to read a body, and how much, is decided here, from the head alone: what nobody reads, or what is
 * too large, costs no memory. */
static void head_done(struct http_conn *c, struct http_refusal refusal)
{
    struct http_request *r = c->request;
    http_request_describe(r, &c->address, c->has_address);
    if (refusal.status) {
        http_conn_refuse(c, refusal);
        return;
    }
    r->choice = c->listener->route(r, c->listener->context);
    /* Labels go into logs and metrics, where a path that somebody typed must not stand. */
    if (!r->choice.label) {
        r->choice.label = "none";
    }
    bool has_body = r->head.chunked || r->head.body_length;
    /* Answered without its body, whose bytes would then be read as the next request: so the connection
     * ends with the answer. */
    if (has_body && !r->choice.body) {
        r->head.keep_alive = false;
        dispatch(c);
    } else if (has_body && r->head.body_length > r->choice.body->most) {
        refuse_size(c);
    } else {
        http_conn_enter(c, CONN_BODY);
        if (has_body) {
            await_body(c);
        }
    }
}

/* A few empty lines in front of a request are skipped (RFC 9112 §2.2: some clients send one behind a body);
 * they are no beginning of one, so that the connection stays as idle as it was. False: there is nothing else
 * yet. */
static bool skip_empty_lines(struct http_conn *c)
{
    uint8_t start[2];
    ssize_t n;
    while ((n = evbuffer_copyout(c->input, start, 2)) == 2 && memcmp(start, "\r\n", 2) == 0 &&
           c->empty_lines < EMPTY_LINES) {
        evbuffer_drain(c->input, 2);
        c->empty_lines++;
    }
    return n > 1 || (n == 1 && start[0] != '\r');
}

/* Each returns false when it needs more bytes. */
static bool read_head(struct http_conn *c)
{
    if (c->state == CONN_IDLE) {
        if (!skip_empty_lines(c)) {
            return false;
        }
        http_conn_enter(c, CONN_HEAD);
        http_conn_deadline(c, c->loop->server->options.head_seconds * 1000);
    }
    size_t n = evbuffer_get_length(c->input);
    /* One byte more than fits, so that http_head_end sees that it is too many; pulling up all of the input
     * would copy requests that stand behind this one. */
    n = n > HTTP_HEAD_MAX + 1 ? HTTP_HEAD_MAX + 1 : n;
    const uint8_t *p = n ? evbuffer_pullup(c->input, (ssize_t)n) : NULL;
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
        evbuffer_drain(c->input, end);
    } else {
        http_head_salvage(&c->request->arena, p, c->scanned, &c->request->head);
    }
    head_done(c, refusal);
    return true;
}

/* ---- the body ---- */

/* Takes n bytes of the input. False: there is no room for them, and the request was refused. `most` is
 * what the body may become at the utmost: its room never grows beyond, whatever is sent. */
static bool take_body(struct http_conn *c, size_t n, size_t most)
{
    struct http_request *r = c->request;
    if (http_request_body_room(r, n, most)) {
        evbuffer_remove(c->input, r->body + r->body_n, n);
        r->body_n += n;
        return true;
    }
    r->head.keep_alive = false;
    http_conn_refuse_busy(c);
    return false;
}

/* Exactly Content-Length bytes: what comes after them is the next request's. */
static bool read_counted_body(struct http_conn *c)
{
    struct http_request *r = c->request;
    /* Fits: head_done compared the length with the route's limit, a size_t. */
    size_t whole = (size_t)r->head.body_length, missing = whole - r->body_n;
    size_t n = evbuffer_get_length(c->input);
    n = n < missing ? n : missing;
    if (n > 0 && !take_body(c, n, whole)) {
        return true;
    }
    if (n < missing) {
        return false;
    }
    dispatch(c);
    return true;
}

/* The sizes are in front of the data, so what is too large is refused before it comes. */
static bool read_chunked_body(struct http_conn *c)
{
    struct http_request *r = c->request;
    size_t most = r->choice.body->most;
    while (c->chunked.state != CHUNK_DONE) {
        struct evbuffer_iovec piece;
        struct http_refusal refusal;
        struct bytes data;
        if (evbuffer_peek(c->input, -1, NULL, &piece, 1) < 1 || piece.iov_len == 0) {
            return false;
        }
        size_t read = http_chunked_read(&c->chunked, piece.iov_base, piece.iov_len, &data, &refusal);
        if (refusal.status) {
            http_conn_refuse(c, refusal);
            return true;
        }
        /* Cannot overflow: `left` has 8 hexadecimal digits at the most, and `body_n` never passes `most`. */
        if (data.n + c->chunked.left > most - r->body_n) {
            refuse_size(c);
            return true;
        }
        evbuffer_drain(c->input, read - data.n);
        if (data.n > 0 && !take_body(c, data.n, most)) {
            return true;
        }
    }
    dispatch(c);
    return true;
}

static bool read_body(struct http_conn *c)
{
    return c->request->head.chunked ? read_chunked_body(c) : read_counted_body(c);
}

/* ---- on and on ---- */

/* What still comes behind an answer that ends the connection. Bounded in bytes here and in time by the
 * deadline, so that nobody keeps a place by sending on. */
static void throw_away(struct http_conn *c)
{
    size_t n = evbuffer_get_length(c->input);
    evbuffer_drain(c->input, n);
    c->lingered += n;
    if (c->lingered > HTTP_LINGER_BYTES) {
        http_conn_close(c);
    }
}

/* While a request is handled, what comes behind it waits in the socket beyond this much. */
static void hold_back(struct http_conn *c)
{
    if (evbuffer_get_length(c->input) > HTTP_HEAD_MAX) {
        http_conn_reading(c, false);
    }
}

/* As far as what has come reaches: several small requests may stand in one packet. */
static void read_on(struct http_conn *c)
{
    bool more = true;
    while (more) {
        switch (c->state) {
        case CONN_IDLE:
        case CONN_HEAD:
            more = read_head(c);
            break;
        case CONN_BODY:
            more = read_body(c);
            break;
        case CONN_BUSY:
        case CONN_WRITING:
            hold_back(c);
            return;
        case CONN_LINGER:
            throw_away(c);
            return;
        case CONN_CLOSED:
        default:
            return;
        }
    }
    if (c->eof) { /* the rest will not come */
        http_conn_close(c);
    }
}

/* What stays in the input is in the budget, and an unfinished head that has no room there is refused. What
 * came behind a request was sent already: it is counted, and others wait. */
static void count_input(struct http_conn *c)
{
    size_t n = evbuffer_get_length(c->input), held = n > USUAL_HEAD ? n : 0;
    struct http_peers *peers = &c->loop->peers;
    if (held <= c->input_held) {
        http_peers_give(peers, c->peer, c->input_held - held);
    } else if (c->state == CONN_BUSY || c->state == CONN_WRITING) {
        http_peers_take_anyway(peers, c->peer, held - c->input_held);
    } else if (!http_peers_take(peers, c->peer, held - c->input_held)) {
        if (begin_request(c)) {
            c->request->head.keep_alive = false;
            http_request_describe(c->request, &c->address, c->has_address);
            http_conn_refuse_busy(c);
        }
        return;
    }
    c->input_held = held;
}

void http_conn_read(struct http_conn *c)
{
    read_on(c);
    if (c->state != CONN_CLOSED) {
        count_input(c);
    }
}

void http_conn_too_slow(struct http_conn *c)
{
    /* 408 with an answer, so that a slow but honest client learns why; a connection that is silent between
     * two requests gets none (http_conn.c closes it). */
    if (c->state == CONN_BODY) {
        http_conn_refuse(c, (struct http_refusal){408, "The body did not arrive in time."});
    } else if (begin_request(c)) {
        head_done(c, (struct http_refusal){408, "The head did not arrive in time."});
    }
}
