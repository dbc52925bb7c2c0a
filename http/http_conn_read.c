/* From bytes to a request that a handler gets. */
#include "http_conn_int.h"

static void throw_away(struct http_conn *c)
{
    size_t n = evbuffer_get_length(conn_input(c));
    evbuffer_drain(conn_input(c), n);
    c->lingered += n;
    if (c->lingered > HTTP_LINGER_BYTES) {
        conn_close(c);
    }
}

static void conn_dispatch(struct http_conn *c)
{
    struct http_request *r = c->request;
    r->choice = c->listener->route(r, c->listener->context);
    if (!r->choice.label) {
        r->choice.label = "none";
    }
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

bool conn_begin_request(struct http_conn *c)
{
    c->request = http_request_new(c->loop, c->listener);
    if (!c->request) {
        conn_close(c);
        return false;
    }
    c->request->conn = c;
    return true;
}

void conn_head_done(struct http_conn *c, struct http_refusal refusal)
{
    struct http_request *r = c->request;
    http_request_describe(r, &c->peer, c->has_address);
    if (!refusal.status && r->head.body_length > c->listener->max_body) {
        refusal = (struct http_refusal){413, "The body is larger than this server accepts."};
    }
    if (refusal.status) {
        conn_refuse(c, refusal);
        return;
    }
    c->state = BODY;
    if (r->head.body_length) {
        conn_deadline(c, c->loop->server->options.body_seconds * UINT64_C(1000) +
                             r->head.body_length / 65536 * 1000);
    }
    if (r->head.expects_continue && r->head.body_length > evbuffer_get_length(conn_input(c))) {
        static char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        struct iovec part = {.iov_base = go_on, .iov_len = sizeof go_on - 1};
        size_t left;
        if (!conn_write(c, &part, 1, &left)) {
            conn_close(c);
        }
    }
}

/* One empty line in front of a request is skipped (RFC 9112 §2.2). */
static void skip_empty_line(struct http_conn *c)
{
    uint8_t start[2];
    if (!c->line_skipped && evbuffer_copyout(conn_input(c), start, 2) == 2 && start[0] == '\r' &&
        start[1] == '\n') {
        evbuffer_drain(conn_input(c), 2);
        c->scanned = 0;
        c->line_skipped = true;
    }
}

/* Each returns false when it needs more bytes. */
static bool read_head(struct http_conn *c)
{
    skip_empty_line(c);
    if (evbuffer_get_length(conn_input(c)) == 0) {
        return false;
    }
    if (c->state == IDLE) {
        c->state = HEAD;
        if (c->reused) { /* the first head's time runs from accepting */
            conn_deadline(c, c->loop->server->options.head_seconds * UINT64_C(1000));
        }
    }
    size_t n = evbuffer_get_length(conn_input(c));
    n = n > HTTP_HEAD_MAX + 1 ? HTTP_HEAD_MAX + 1 : n;
    const uint8_t *p = evbuffer_pullup(conn_input(c), (ssize_t)n);
    struct http_refusal refusal;
    size_t end = p ? http_head_end(p, n, &c->scanned, &refusal) : 0;
    if (!p || (!end && !refusal.status)) {
        return false;
    }
    if (!conn_begin_request(c)) {
        return false;
    }
    if (end) {
        refusal = http_head_read(&c->request->arena, p, end, &c->request->head);
        evbuffer_drain(conn_input(c), end);
    }
    conn_head_done(c, refusal);
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

void conn_read(struct http_conn *c)
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
