/* Public data (own-api.md, "Sharing"): written by its owner, read by whoever is signed in. */
#include <inttypes.h>
#include <string.h>

#include "handlers.h"
#include "own_parts.h"
#include "timefmt.h"

enum { SCOPE_MOST = 16, TOKEN_MOST = 64 };

static const char *scope_text(enum ww_public_scope scope)
{
    return scope == WW_PUBLIC_OWN ? "own" : "deployment";
}

/* One's own, where it is not said. */
static bool read_scope(struct route_call *c, enum ww_public_scope *out)
{
    struct own_query q;
    const char *text;
    *out = WW_PUBLIC_OWN;
    if (!own_read_query(c, &q) || !own_read_parameter(c, &q, "scope", SCOPE_MOST, &text)) {
        return false;
    }
    if (!text || strcmp(text, "own") == 0) {
        return true;
    }
    *out = WW_PUBLIC_DEPLOYMENT;
    if (strcmp(text, "deployment") != 0) {
        own_refuse(c, "query_invalid", "scope", "scope is own or deployment");
        return false;
    }
    return true;
}

void handle_public_put(struct route_call *c)
{
    struct ww_item_condition condition;
    struct ww_item_result result = {.size = sizeof result};
    enum ww_public_scope scope;
    size_t n = 0;
    const uint8_t *body = http_body(c->r, &n);
    if (!own_read_condition(c, &condition) || !read_scope(c, &scope)) {
        return;
    }
    enum ww_err err = ww_public_put(c->op, c->session, scope, c->id, n ? body : (const uint8_t *)"", n,
                                    &condition, &result);
    own_answer_written(c, err, &result);
}

void handle_public_delete(struct route_call *c)
{
    struct ww_item_condition condition;
    enum ww_public_scope scope;
    if (!own_read_condition(c, &condition) || !read_scope(c, &scope)) {
        return;
    }
    enum ww_err err = ww_public_delete(c->op, c->session, scope, c->id, &condition);
    own_answer_gone(c, err);
}

/* Of what is answered with an ETag, only what is not known yet is sent. */
static void give(struct route_call *c, const char *owner, const char *name)
{
    struct ww_public about = {.size = sizeof about};
    const void *value;
    size_t n;
    enum ww_err err = ww_public_get(c->op, c->session, owner, name, &value, &n, &about);
    if (err) {
        answer_problem(c, err);
        return;
    }
    http_answer_header(c->r, "X-Watchword-From", about.owner);
    if (http_header(c->r, "If-None-Match") && own_is_known(c, about.version)) {
        own_put_etag(c, about.version);
        http_answer(c->r, 304, NULL, 0);
    } else {
        own_answer_bytes(c, about.version, value, n);
    }
}

void handle_public_get(struct route_call *c)
{
    give(c, NULL, c->id);
}

void handle_public_get_of(struct route_call *c)
{
    give(c, c->id, c->id_below);
}

void handle_public_list(struct route_call *c)
{
    struct own_query q;
    struct ww_page page = {.size = sizeof page};
    const struct ww_public *const *entries;
    struct js *root = js_object(c->arena), *list = js_array(c->arena);
    if (!own_read_query(c, &q) || !own_read_page_size(c, &q, &page.limit) ||
        !own_read_parameter(c, &q, "page_token", TOKEN_MOST, &page.token)) {
        return;
    }
    enum ww_err err = ww_public_list(c->op, c->session, &page, &entries);
    if (err) {
        answer_problem(c, err);
        return;
    }
    for (size_t i = 0; i < page.count; i++) {
        struct js *o = js_object(c->arena);
        const char *version = arena_printf(c->arena, "%" PRIu64, entries[i]->version);
        js_put(c->arena, o, "name", js_text(c->arena, entries[i]->name));
        js_put(c->arena, o, "scope", js_text(c->arena, scope_text(entries[i]->scope)));
        js_put(c->arena, o, "version", js_text(c->arena, version));
        js_put(c->arena, o, "updated_at", js_text(c->arena, timefmt_rfc3339(c->arena, entries[i]->time)));
        js_push(list, o);
    }
    if (page.next) {
        own_put_next(c, NULL, page.limit, page.next);
    }
    js_put(c->arena, root, "public", list);
    own_answer_json(c, 200, root);
}
