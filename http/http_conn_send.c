/* From a handler's answer to bytes, and what becomes of the connection then. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "http_conn_int.h"

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

void conn_sent(struct http_conn *c)
{
    if (!c->keep_alive || c->loop->stopping) {
        linger(c);
        return;
    }
    c->state = IDLE;
    c->scanned = 0;
    c->line_skipped = false;
    c->reused = true;
    conn_deadline(c, HTTP_IDLE_SECONDS * 1000);
    if (!c->eof) {
        bufferevent_enable(c->bev, EV_READ);
    }
}

bool conn_write(struct http_conn *c, struct iovec *parts, size_t n, size_t *left)
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

void conn_send(struct http_conn *c)
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
    bool alive = head.p && conn_write(c, parts, http_request_answer_has_body(r) ? 2 : 1, &left);
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

void conn_refuse(struct http_conn *c, struct http_refusal refusal)
{
    c->request->head.keep_alive = false;
    http_request_refuse(c->request, refusal.status, NULL, refusal.reason);
    conn_send(c);
}

void conn_busy_answer(struct http_conn *c)
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
    conn_settle(c);
}
