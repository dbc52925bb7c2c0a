/* What a connection sends: the answer goes out as the peer takes it, from where the handler left it. What the
 * socket does not take at once counts in the budget of bytes in flight until it is taken. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "http_conn.h"

enum { SMALL_ANSWER = 16384 }; /* bytes; up to here an answer is not refused for want of room */

/* Closing with unread input would reset the connection and could destroy the answer before it is read
 * (RFC 9112 §9.6), so the peer closes first, or time does. */
static void linger(struct http_conn *c)
{
    if (c->eof) {
        http_conn_close(c);
        return;
    }
    shutdown(c->fd, SHUT_WR);
    http_conn_enter(c, CONN_LINGER);
    c->lingered = 0;
    http_conn_deadline(c, HTTP_LINGER_SECONDS * 1000);
    http_conn_reading(c, true);
    http_conn_read(c);
}

static void answer_sent(struct http_conn *c)
{
    struct http_request *r = c->request;
    c->request = NULL;
    http_request_free(r);
    /* While the server stops, each answer is a connection's last: it would otherwise stay until it is idle
     * for too long. */
    if (!c->keep_alive || c->loop->stopping) {
        linger(c);
        return;
    }
    http_conn_enter(c, CONN_IDLE);
    c->scanned = 0;
    c->empty_lines = 0;
    http_conn_deadline(c, HTTP_IDLE_SECONDS * 1000);
    if (!c->eof) {
        http_conn_reading(c, true);
    }
}

/* The part's end, without the first *skip bytes, which are counted down. */
static size_t add_part(struct iovec *part, const uint8_t *p, size_t n, size_t *skip)
{
    size_t gone = *skip < n ? *skip : n;
    *skip -= gone;
    *part = (struct iovec){0};
    if (n > gone) {
        *part = (struct iovec){.iov_base = (void *)(uintptr_t)(p + gone), .iov_len = n - gone};
    }
    return n - gone;
}

/* Bytes that the peer has not yet taken; SIZE_MAX when it is gone. One system call for head and body, and
 * no copy of either. MSG_NOSIGNAL: a peer that is gone is a return value, not a signal that ends the
 * program. */
static size_t send_some(struct http_conn *c)
{
    const struct http_request *r = c->request;
    struct iovec parts[2];
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    size_t skip = c->sent;
    size_t left = add_part(&parts[0], c->head.p, c->head.n, &skip);
    left += add_part(&parts[1], r->answer, http_request_answer_has_body(r) ? r->answer_n : 0, &skip);
    ssize_t sent = sendmsg(c->fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        return SIZE_MAX;
    }
    c->sent += sent > 0 ? (size_t)sent : 0;
    return left - (sent > 0 ? (size_t)sent : 0);
}

/* As much as the socket takes; the rest when it is writable again, with a deadline of its own. */
void http_conn_write(struct http_conn *c)
{
    size_t left = send_some(c);
    if (left == SIZE_MAX) {
        http_conn_close(c);
    } else if (left == 0) {
        answer_sent(c);
    } else {
        event_add(&c->writable, NULL);
    }
}

/* A large answer without room in the budget is thrown away for a small one that says so. */
static void hold_answer(struct http_request *r)
{
    /* Its part of the budget goes to the answer, and a password in it does not wait for a peer that reads
     * slowly. */
    http_request_body_free(r);
    size_t n = http_request_answer_has_body(r) ? r->answer_n : 0;
    if (n > SMALL_ANSWER && !http_request_take(r, n)) {
        http_request_forget_answer(r);
        atomic_fetch_add(&r->loop->server->refused, 1);
        http_answer_header(r, "Retry-After", "1");
        http_request_refuse(r, 503, "busy", "The server has more to send than its clients take.");
    }
}

/* Whether the connection lives on is decided before the head is written, which says so. */
void http_conn_send(struct http_conn *c)
{
    struct http_request *r = c->request;
    hold_answer(r);
    c->keep_alive =
        r->head.keep_alive && r->head.method != HTTP_CONNECT && !atomic_load(&c->loop->server->stopping);
    c->head = http_request_answer_head(r, c->keep_alive);
    c->sent = 0;
    /* Logged when it is decided, not when it is taken: a peer that never reads must not keep its request
     * out of the log. */
    http_request_report(r);
    http_conn_enter(c, CONN_WRITING);
    size_t left = c->head.p ? send_some(c) : SIZE_MAX;
    if (left == SIZE_MAX) {
        http_conn_close(c);
    } else if (left == 0) {
        answer_sent(c);
    } else {
        http_request_hold(r, r->answer_n > SMALL_ANSWER ? 0 : left);
        http_conn_deadline(c, HTTP_WRITE_SECONDS * 1000 + left / 65536 * 1000);
        event_add(&c->writable, NULL);
    }
}

void http_conn_continue(struct http_conn *c)
{
    /* 25 bytes fit into the socket's buffer, unless the peer has left the answers before this one unread;
     * such a connection is not worth keeping. */
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (send(c->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL) != sizeof go_on - 1) {
        http_conn_close(c);
    }
}

/* After a refusal by the server itself the connection ends: what follows may be the rest of a body. */
void http_conn_refuse(struct http_conn *c, struct http_refusal refusal)
{
    c->request->head.keep_alive = false;
    http_request_refuse(c->request, refusal.status, NULL, refusal.reason);
    http_conn_send(c);
}

void http_conn_refuse_busy(struct http_conn *c)
{
    char seconds[16];
    struct http_server *s = c->loop->server;
    atomic_fetch_add(&s->refused, 1);
    /* Whole seconds, rounded up (RFC 9110 §10.2.3): by then the queue has been served or refused once
     * over. */
    snprintf(seconds, sizeof seconds, "%u", (s->options.queue_wait_ms + 999) / 1000);
    http_answer_header(c->request, "Retry-After", seconds);
    http_request_refuse(c->request, 503, "busy", "The server has more to do than it can do in time.");
    http_conn_send(c);
}
