/* The vault's state and its items, one at a time (own-api.md, "Items"). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "handlers.h"
#include "own_parts.h"

/* Bytes of a name, and of one in base64url without padding. */
enum { NAME_MOST = 1024, TOKEN_MOST = (NAME_MOST * 4 + 2) / 3 };

void handle_vault(struct route_call *c)
{
    struct ww_vault_state state = {.size = sizeof state};
    enum ww_err err = ww_vault_state(c->op, c->session, &state);
    if (err) {
        answer_problem(c, err);
        return;
    }
    struct js *o = js_object(c->arena);
    js_put(c->arena, o, "state", js_text(c->arena, state.state));
    js_put(c->arena, o, "items", js_int(c->arena, (int64_t)state.items));
    js_put(c->arena, o, "epoch", js_int(c->arena, state.epoch));
    js_put(c->arena, o, "waiting", js_array(c->arena));
    own_answer_json(c, 200, o);
}

/* ---- the list ---- */

/* A page token is the last name shown, so that a list moves on while items come and go. */
static bool read_token(struct route_call *c, const struct own_query *q, const char **after)
{
    const char *token;
    struct bytes name;
    *after = NULL;
    if (!own_read_parameter(c, q, "page_token", TOKEN_MOST, &token)) {
        return false;
    }
    if (!token) {
        return true;
    }
    if (!base64_decode(c->arena, BASE64_URL, bytes_str(token), &name) || memchr(name.p, 0, name.n)) {
        own_refuse(c, "page_token_invalid", "page_token", "the page token is not one of ours");
        return false;
    }
    *after = arena_strndup(c->arena, name.p, name.n);
    return *after != NULL;
}

static void answer_list(struct route_call *c, const struct ww_item_entry *const *entries, size_t n)
{
    struct js *root = js_object(c->arena), *items = js_array(c->arena);
    for (size_t i = 0; i < n; i++) {
        struct js *o = js_object(c->arena);
        js_put(c->arena, o, "name", js_text(c->arena, entries[i]->name));
        js_put(c->arena, o, "version",
               js_text(c->arena, arena_printf(c->arena, "%" PRIu64, entries[i]->version)));
        js_push(items, o);
    }
    js_put(c->arena, root, "items", items);
    own_answer_json(c, 200, root);
}

void handle_item_list(struct route_call *c)
{
    struct own_query q;
    struct ww_page page = {.size = sizeof page};
    const struct ww_item_entry *const *entries;
    const char *prefix;
    if (!own_read_query(c, &q) || !own_read_page_size(c, &q, &page.limit) ||
        !own_read_parameter(c, &q, "prefix", NAME_MOST, &prefix) || !read_token(c, &q, &page.token)) {
        return;
    }
    enum ww_err err = ww_item_list(c->op, c->session, prefix, &page, &entries);
    if (err) {
        answer_problem(c, err);
        return;
    }
    if (page.next) {
        const char *token = base64_encode(c->arena, BASE64_URL, bytes_str(page.next));
        if (token) {
            own_put_next(c, prefix, page.limit, token);
        }
    }
    answer_list(c, entries, page.count);
}

/* ---- conditions (RFC 9110 §13) ---- */

/* The next entity tag of a list. *version 0: not one that we give out. False at the end and, with *bad set,
 * for what is no entity tag. */
static bool next_tag(const char **at, bool *weak, uint64_t *version, bool *bad)
{
    const char *s = *at + strspn(*at, " \t,");
    char *end;
    if (*s == 0) {
        return false;
    }
    *weak = s[0] == 'W' && s[1] == '/';
    s += *weak ? 2 : 0;
    const char *close = *s == '"' ? strchr(s + 1, '"') : NULL;
    if (!close) {
        *bad = true;
        return false;
    }
    /* At most 19 digits, so no overflow; without a leading zero, so that each version has one spelling. */
    bool digits = s[1] >= '1' && s[1] <= '9' && close - s <= 20;
    *version = digits ? strtoull(s + 1, &end, 10) : 0;
    if (!digits || end != close) {
        *version = 0;
    }
    *at = close + 1;
    return true;
}

static bool refuse_condition(struct route_call *c, const char *header)
{
    own_refuse(c, "condition_invalid", header,
               arena_printf(c->arena, "%s is not a condition that this call knows", header));
    return false;
}

/* The version of a header that holds one entity tag; one that is not ours, or weak, matches no version. */
static bool read_one_tag(const char *text, uint64_t *version)
{
    bool weak, more_weak, bad = false;
    uint64_t more;
    if (!next_tag(&text, &weak, version, &bad) || next_tag(&text, &more_weak, &more, &bad) || bad) {
        return false;
    }
    if (weak || *version == 0) {
        /* RFC 9110 §13.1.1: If-Match compares strongly. No version is ever this number. */
        *version = UINT64_MAX;
    }
    return true;
}

/* If-Match with one version, If-None-Match with a star. Any other condition is refused: to pass over it would
 * write what the client wanted kept. */
static bool read_condition(struct route_call *c, struct ww_item_condition *out)
{
    const char *match = http_header(c->r, "If-Match"), *none = http_header(c->r, "If-None-Match");
    *out = (struct ww_item_condition){.size = sizeof *out, .if_absent = none != NULL};
    if (match && (http_header_count(c->r, "If-Match") > 1 || !read_one_tag(match, &out->if_version))) {
        return refuse_condition(c, "If-Match");
    }
    if (none && strcmp(none, "*") != 0) {
        return refuse_condition(c, "If-None-Match");
    }
    return true;
}

/* If-None-Match of a read, compared weakly. */
static bool is_known(struct route_call *c, uint64_t version)
{
    const char *none = http_header(c->r, "If-None-Match");
    bool weak, bad = false;
    uint64_t v;
    if (none && strcmp(none, "*") == 0) {
        return true;
    }
    while (none && next_tag(&none, &weak, &v, &bad)) {
        if (v == version) {
            return true;
        }
    }
    return false;
}

static void put_etag(struct route_call *c, uint64_t version)
{
    char tag[24];
    snprintf(tag, sizeof tag, "\"%" PRIu64 "\"", version);
    http_answer_header(c->r, "ETag", tag);
}

/* ---- one item ---- */

/* A client that names a version it has is first asked whether that is the one: then nothing more is opened.
 */
static bool answer_not_modified(struct route_call *c)
{
    const struct ww_item_entry *entry;
    if (!http_header(c->r, "If-None-Match") || ww_item_look(c->op, c->session, c->id, &entry) ||
        !is_known(c, entry->version)) {
        return false;
    }
    /* 304 carries the tag that 200 would (RFC 9110 §15.4.5). */
    put_etag(c, entry->version);
    http_answer(c->r, 304, NULL, 0);
    return true;
}

void handle_item_get(struct route_call *c)
{
    if (answer_not_modified(c)) {
        return;
    }
    const void *value;
    size_t n;
    struct ww_item_result result = {.size = sizeof result};
    enum ww_err err = ww_item_get(c->op, c->session, c->id, &value, &n, &result);
    if (err) {
        answer_problem(c, err);
        return;
    }
    put_etag(c, result.version);
    /* Whatever the bytes are: an item with a page in it must never run as one of ours. */
    http_answer_header(c->r, "Content-Type", "application/octet-stream");
    http_answer_header(c->r, "Content-Disposition", "attachment");
    http_answer(c->r, 200, value, n);
}

void handle_item_put(struct route_call *c)
{
    struct ww_item_condition condition;
    struct ww_item_result result = {.size = sizeof result};
    size_t n = 0;
    const uint8_t *body = http_body(c->r, &n);
    if (!read_condition(c, &condition)) {
        return;
    }
    enum ww_err err =
        ww_item_put(c->op, c->session, c->id, n ? body : (const uint8_t *)"", n, &condition, &result);
    if (err) {
        answer_problem(c, err);
        return;
    }
    put_etag(c, result.version);
    http_answer(c->r, result.created ? 201 : 204, NULL, 0);
}

void handle_item_delete(struct route_call *c)
{
    struct ww_item_condition condition;
    if (!read_condition(c, &condition)) {
        return;
    }
    enum ww_err err = ww_item_delete(c->op, c->session, c->id, &condition);
    if (err) {
        answer_problem(c, err);
    } else {
        http_answer(c->r, 204, NULL, 0);
    }
}
