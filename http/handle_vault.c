/* The vault's state and its items, one at a time (own-api.md, "Items"). */
#include <inttypes.h>
#include <string.h>

#include "encode.h"
#include "handlers.h"
#include "own_parts.h"

enum { NAME_MOST = 1024 };

static struct js *openers_json(struct route_call *c, const struct ww_vault_state *state)
{
    struct js *o = js_object(c->arena);
    js_put(c->arena, o, "password", js_int(c->arena, (int64_t)state->passwords));
    js_put(c->arena, o, "codes", js_int(c->arena, (int64_t)state->codes));
    return o;
}

/* The state of the vault, for pages that have to say why nothing is shown. */
void handle_vault(struct route_call *c)
{
    struct ww_vault_state state = {.size = sizeof state};
    struct js *waiting;
    enum ww_err err = ww_vault_state(c->op, c->session, &state);
    if (err || (err = own_waiting_json(c, c->session, &waiting))) {
        answer_problem(c, err);
        return;
    }
    struct js *o = js_object(c->arena);
    js_put(c->arena, o, "state", js_text(c->arena, state.state));
    js_put(c->arena, o, "items", js_int(c->arena, (int64_t)state.items));
    js_put(c->arena, o, "epoch", js_int(c->arena, state.epoch));
    js_put(c->arena, o, "openers", openers_json(c, &state));
    js_put(c->arena, o, "waiting", waiting);
    own_answer_json(c, 200, o);
}

/* ---- the list ---- */

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
        !own_read_parameter(c, &q, "prefix", NAME_MOST, &prefix) ||
        !own_read_name_token(c, &q, &page.token)) {
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

/* ---- one item ---- */

/* A client that names a version it has is first asked whether that is the one: then nothing more is opened.
 */
static bool answer_not_modified(struct route_call *c)
{
    const struct ww_item_entry *entry;
    if (!http_header(c->r, "If-None-Match") || ww_item_look(c->op, c->session, c->id, &entry) ||
        !own_is_known(c, entry->version)) {
        return false;
    }
    /* 304 carries the tag that 200 would (RFC 9110 §15.4.5). */
    own_put_etag(c, entry->version);
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
    own_answer_bytes(c, result.version, value, n);
}

/* The body is the value, byte for byte: no JSON around it, no copy of it in another form. */
void handle_item_put(struct route_call *c)
{
    struct ww_item_condition condition;
    struct ww_item_result result = {.size = sizeof result};
    size_t n = 0;
    const uint8_t *body = http_body(c->r, &n);
    if (!own_read_condition(c, &condition)) {
        return;
    }
    enum ww_err err =
        ww_item_put(c->op, c->session, c->id, n ? body : (const uint8_t *)"", n, &condition, &result);
    own_answer_written(c, err, &result);
}

void handle_item_delete(struct route_call *c)
{
    struct ww_item_condition condition;
    if (!own_read_condition(c, &condition)) {
        return;
    }
    enum ww_err err = ww_item_delete(c->op, c->session, c->id, &condition);
    own_answer_gone(c, err);
}
