/* A request as handlers see it, and its answer until it is sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "http_server_int.h"
#include "js_error.h"
#include "log.h"
#include "status.h"

enum { BODY_LEAST = 4096, ROOM_FOR_THE_ANSWER = 64 << 10 }; /* bytes */

/* calloc, so that a request that is freed half-made frees only what there is. */
struct http_request *http_request_new(struct http_loop *loop, const struct http_listener *listener,
                                      struct http_peer *peer)
{
    struct http_request *r = calloc(1, sizeof *r);
    if (r) {
        r->loop = loop;
        r->listener = listener;
        r->peer = peer;
        peer->users++;
        r->headers = BUF(&r->arena);
        r->id = r->made_id;
        r->choice.label = "malformed";
        r->started_us = http_now_us();
        http_head_clear(&r->head);
    }
    return r;
}

void http_request_free(struct http_request *r)
{
    if (r) {
        http_request_body_free(r);
        http_peers_give(&r->loop->peers, r->peer, r->held);
        http_peers_leave(&r->loop->peers, r->peer);
        arena_free(&r->arena);
        free(r);
    }
}

/* ---- memory that counts ---- */

/* Counted before it is allocated: a flood of large heads is refused, not served until memory ends. */
bool http_request_take(struct http_request *r, size_t n)
{
    bool taken = http_peers_take(&r->loop->peers, r->peer, n);
    r->held += taken ? n : 0;
    return taken;
}

/* What is there already has to be counted, whether or not there is room. */
void http_request_hold(struct http_request *r, size_t n)
{
    http_peers_take_anyway(&r->loop->peers, r->peer, n);
    r->held += n;
}

static void wipe_body(struct http_request *r)
{
    /* A form's body holds the password as it was typed. */
    if (r->body) {
        explicit_bzero(r->body, r->body_n);
        free(r->body);
    }
}

/* As soon as the handler is done: the answer may take minutes to be fetched. */
void http_request_body_free(struct http_request *r)
{
    wipe_body(r);
    http_peers_give(&r->loop->peers, r->peer, r->body_capacity);
    r->held -= r->body_capacity;
    r->body = NULL;
    r->body_n = r->body_capacity = 0;
}

/* The first piece is little: two networks that fill the budget keep nobody from signing in. */
static bool take_piece(struct http_request *r, size_t n)
{
    if (r->body_capacity || n > BODY_LEAST) {
        return http_request_take(r, n);
    }
    bool taken = http_peers_take_little(&r->loop->peers, r->peer, n);
    r->held += taken ? n : 0;
    return taken;
}

/* Doubled as it fills: who announces much and sends little holds little. */
bool http_request_body_room(struct http_request *r, size_t n, size_t most)
{
    size_t need = r->body_n + n, capacity = r->body_capacity ? r->body_capacity : BODY_LEAST;
    if (need <= r->body_capacity) {
        return true;
    }
    while (capacity < need) {
        capacity *= 2;
    }
    capacity = capacity < most ? capacity : most;
    size_t more = capacity - r->body_capacity;
    if (!take_piece(r, more)) {
        return false;
    }
    /* Not realloc, which may move the bytes and leave a copy behind. */
    uint8_t *larger = malloc(capacity);
    if (!larger) {
        http_peers_give(&r->loop->peers, r->peer, more);
        r->held -= more;
        return false;
    }
    if (r->body_n) {
        memcpy(larger, r->body, r->body_n);
    }
    wipe_body(r);
    r->body = larger;
    r->body_capacity = capacity;
    return true;
}

/* Unique, not secret: a random prefix of the loop and a counter. */
static void make_id(struct http_request *r)
{
    uint8_t id[16];
    uint64_t counter = r->loop->id_counter++;
    memcpy(id, r->loop->id_prefix, 8);
    for (int i = 0; i < 8; i++) {
        id[15 - i] = (uint8_t)(counter >> (8 * i));
    }
    hex_encode(r->made_id, id, sizeof id);
}

/* A client's X-Request-Id; one that is not usable is replaced, never mended. */
static bool is_usable_id(const char *id)
{
    size_t n = 0;
    for (; id[n]; n++) {
        if (id[n] < 0x21 || id[n] > 0x7e) {
            return false;
        }
    }
    /* It goes into logs, events and answers: printable, without spaces, and no longer than what is kept of
     * it (docs/SECURITY.md, "What may be sent"). */
    return n >= 1 && n <= 128;
}

/* Behind a proxy that is not trusted all people are one address to us, and one of them who fails too often
 * makes everybody wait. Whoever asks directly can send the header as well, so it is said once and no more. */
static void warn_of_proxy(struct http_server *s, const struct http_head *head)
{
    if (http_head_field(head, s->options.forwarded_header) && !atomic_exchange(&s->warned_of_proxy, true)) {
        log_write(
            LOG_WARN,
            "a peer that is not in watchword.trusted_proxies sends the header for the client's address; "
            "if it is your reverse proxy, name it there: until then all people behind it share one "
            "bucket of every limit by network",
            "header", s->options.forwarded_header, NULL);
    }
}

/* A proxy that speaks HTTP/2 may have split the field; to HTTP/1.1 it is one again (RFC 9113 §8.2.3). */
static void join_cookies(struct http_request *r)
{
    struct buf b = BUF(&r->arena);
    struct http_field *first = NULL;
    if (http_head_field_count(&r->head, "Cookie") < 2) {
        return;
    }
    for (size_t i = 0; i < r->head.field_count; i++) {
        struct http_field *f = &r->head.fields[i];
        if (strcasecmp(f->name, "Cookie") == 0) {
            buf_str(&b, first ? "; " : "");
            buf_str(&b, f->value);
            first = first ? first : f;
        }
    }
    const char *joined = buf_text(&b);
    if (first && joined) { /* without memory the first alone is seen: fewer cookies, never others */
        first->value = joined;
    }
}

/* Who asks: from here on the address is a text of ours, and the same in logs, limits and events. */
void http_request_describe(struct http_request *r, const struct http_address *peer, bool has_address)
{
    const struct http_proxies *proxies = &r->loop->server->proxies;
    struct http_address address = *peer, forwarded;
    /* Decided from the socket's peer, before any header is believed (own-api.md, "Who may ask"). */
    r->peer_trusted = has_address ? http_proxies_hold(proxies, peer) : proxies->unix_peers;
    if (!r->peer_trusted) {
        warn_of_proxy(r->loop->server, &r->head);
    } else if (http_forwarded_address(proxies, &r->head, r->loop->server->options.forwarded_header,
                                      &forwarded)) {
        address = forwarded;
        has_address = true;
    }
    if (has_address) {
        http_address_text(&address, r->client);
    }
    (void)netaddr_network(&r->network, r->client); /* all zeros for a peer without an address */
    join_cookies(r);
    const char *id = http_header(r, "X-Request-Id");
    r->id_given = id && is_usable_id(id);
    if (r->id_given) {
        r->id = id;
    } else {
        make_id(r);
    }
}

/* ---- what handlers ask ---- */

enum http_method http_method(const struct http_request *r)
{
    return r->head.method;
}

const char *http_method_name(const struct http_request *r)
{
    return r->head.method_name;
}

const char *http_target(const struct http_request *r)
{
    return r->head.target;
}

const char *http_path(const struct http_request *r)
{
    return r->head.path;
}

const char *http_query(const struct http_request *r)
{
    return r->head.query;
}

/* The first of a name. Where two would matter the strict reader has refused the request. */
const char *http_header(const struct http_request *r, const char *name)
{
    return http_head_field(&r->head, name);
}

unsigned http_header_count(const struct http_request *r, const char *name)
{
    return http_head_field_count(&r->head, name);
}

const uint8_t *http_body(const struct http_request *r, size_t *n)
{
    *n = r->body_n;
    return r->body ? r->body : (const uint8_t *)"";
}

const void *http_route_found(const struct http_request *r)
{
    return r->choice.found;
}

/* Lives as long as the request and is wiped with it. */
void *http_request_alloc(struct http_request *r, size_t n)
{
    return arena_alloc(&r->arena, n);
}

const char *http_client_address(const struct http_request *r)
{
    return r->client;
}

bool http_peer_trusted(const struct http_request *r)
{
    return r->peer_trusted;
}

const char *http_listener_name(const struct http_request *r)
{
    return r->listener->name;
}

const char *http_request_id(const struct http_request *r)
{
    return r->id;
}

bool http_request_id_given(const struct http_request *r)
{
    return r->id_given;
}

/* ---- the answer ---- */

/* In order of calling; nothing is ever replaced, so that no header stands twice by accident. */
void http_answer_header(struct http_request *r, const char *name, const char *value)
{
    for (const char *s = name; *s; s++) {
        /* A name or value that could end its line is a mistake of ours, which would let whoever supplied
         * it write headers of the answer: the program ends rather than send it. What comes from outside is
         * checked by who calls, as cors.c and cookie.c do. */
        if (*s <= 0x20 || *s >= 0x7f || *s == ':') {
            abort();
        }
    }
    for (const char *s = value; *s; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f) { /* would let a value begin another header */
            abort();
        }
    }
    buf_str(&r->headers, name);
    buf_str(&r->headers, ": ");
    buf_str(&r->headers, value);
    buf_str(&r->headers, "\r\n");
}

/* Once per request. What is sent is this thread's until then, and the loop's after. */
void http_answer(struct http_request *r, int status, const void *body, size_t n)
{
    if (r->status) {
        log_write(LOG_ERROR, "a handler answered twice", "route", r->choice.label, NULL);
        return;
    }
    /* A copy, since the operation whose memory the body stands in is wiped before the last byte is sent. */
    uint8_t *copy = n ? arena_alloc(&r->arena, n) : NULL;
    if ((n && !copy) || r->headers.failed) {
        r->status = 503;
        r->headers = BUF(&r->arena);
        return;
    }
    if (n) {
        memcpy(copy, body, n);
    }
    r->status = status;
    r->answer = copy;
    r->answer_n = n;
}

/* For a handler that found out too late: nothing of what it had begun may be sent. */
void http_request_forget_answer(struct http_request *r)
{
    r->status = 0;
    r->headers = BUF(&r->arena);
    r->answer = NULL;
    r->answer_n = 0;
}

/* For the metrics: by route and status, never by path. */
void http_request_report(struct http_request *r)
{
    const struct http_options *o = &r->loop->server->options;
    if (o->answered) {
        o->answered(r, r->choice.label, r->status, http_now_us() - r->started_us, o->answered_context);
    }
}

/* Every request is answered, whatever its handler forgets: a client would else wait for its own time-out,
 * and hold its place. */
void http_request_run(struct http_request *r)
{
    /* What a worker does may be committed before its answer is written: that must not fail for want of
     * memory.
     */
    if (r->choice.where != HTTP_QUICK && !arena_keep(&r->arena, ROOM_FOR_THE_ANSWER)) {
        http_request_refuse(r, 503, NULL, NULL);
        return;
    }
    arena_spend(&r->arena);
    r->choice.handler(r, r->listener->context);
    if (!r->status) {
        log_write(LOG_ERROR, "a handler did not answer", "route", r->choice.label, NULL);
        r->headers = BUF(&r->arena); /* of what it began */
        http_request_refuse(r, 500, NULL, NULL);
    }
}

static void refuse(struct http_request *r, const struct js_error *e)
{
    /* Refusals of the server itself carry the site's CORS and HSTS headers too, or a script on an allowed
     * origin could not read why it was refused. */
    if (r->listener->refusing) {
        r->listener->refusing(r, r->listener->context);
    }
    http_answer_header(r, "Content-Type", "application/json");
    /* A refusal is about this moment; a cache that kept it would go on refusing. */
    http_answer_header(r, "Cache-Control", "no-store");
    http_answer_header(r, "Ory-Error-Id", e->id ? e->id : "");
    const char *text = js_write(&r->arena, js_error(&r->arena, e));
    http_answer(r, e->status, text, text ? strlen(text) : 0);
}

void http_request_refuse(struct http_request *r, int status, const char *id, const char *reason)
{
    refuse(r, &(struct js_error){.status = status, .id = id, .reason = reason});
}

/* 413 says which limit it was, so that a client need not find it out by trying. */
void http_request_refuse_size(struct http_request *r)
{
    const struct http_body_limit *limit = r->choice.body;
    struct arena *a = &r->arena;
    struct js *details = js_object(a);
    char reason[96];
    if (limit->field) {
        js_put(a, details, "field", js_text(a, limit->field));
    }
    js_put(a, details, "limit", js_int(a, (int64_t)limit->most));
    snprintf(reason, sizeof reason, "The body is larger than the %zu bytes that are accepted here.",
             limit->most);
    refuse(r, &(struct js_error){.status = 413, .id = limit->id, .reason = reason, .details = details});
}

/* RFC 9110 §5.6.7, made once a second. */
static const char *date_line(struct http_loop *loop)
{
    time_t now = time(NULL);
    if (now != loop->date_second) {
        struct tm tm;
        gmtime_r(&now, &tm);
        static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        snprintf(loop->date, sizeof loop->date, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                 days + 3 * (tm.tm_wday % 7), tm.tm_mday % 32, months + 3 * (tm.tm_mon % 12),
                 (tm.tm_year + 1900) % 10000, tm.tm_hour % 24, tm.tm_min % 60, tm.tm_sec % 61);
        loop->date_second = now;
    }
    return loop->date;
}

/* RFC 9110 §6.4.1, §8.6 */
static bool may_have_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

/* 204, 304 and HEAD have none (RFC 9110 §§15.3.5, 15.4.5, 9.3.2). */
bool http_request_answer_has_body(const struct http_request *r)
{
    return r->head.method != HTTP_HEAD && may_have_body(r->status) && r->answer_n;
}

/* A Date on each (RFC 9110 §6.6.1), made once a second by the loop. */
struct bytes http_request_answer_head(struct http_request *r, bool keep_alive)
{
    struct buf b = BUF(&r->arena);
    buf_printf(&b, "HTTP/1.1 %d %s\r\nDate: %s\r\n", r->status, status_text(r->status), date_line(r->loop));
    if (!r->headers.failed) {
        buf_add(&b, r->headers.p, r->headers.n);
    }
    /* Also for HEAD, where it tells the length that GET would have (RFC 9110 §8.6). */
    if (may_have_body(r->status)) {
        buf_printf(&b, "Content-Length: %zu\r\n", r->answer_n);
    }
    if (!keep_alive) {
        buf_str(&b, "Connection: close\r\n");
    } else if (r->head.minor_version == 0) {
        buf_str(&b, "Connection: keep-alive\r\n");
    }
    buf_str(&b, "\r\n");
    return buf_done(&b);
}
