/* A new vault, and those that wait (own-api.md, "Getting back in, and the vault's keys"). */
#include "handlers.h"
#include "own_parts.h"
#include "timefmt.h"

static struct js *time_json(struct arena *a, uint64_t us)
{
    return js_text(a, timefmt_rfc3339(a, us));
}

enum ww_err own_waiting_json(struct route_call *c, struct ww_session *session, struct js **out)
{
    const struct ww_waiting *const *list;
    size_t n;
    enum ww_err err = ww_waiting_list(c->op, session, &list, &n);
    *out = js_array(c->arena);
    for (size_t i = 0; i < n; i++) {
        struct js *o = js_object(c->arena);
        js_put(c->arena, o, "id", js_text(c->arena, list[i]->id));
        js_put(c->arena, o, "since", time_json(c->arena, list[i]->since));
        js_put(c->arena, o, "kept_until", time_json(c->arena, list[i]->kept_until));
        js_push(*out, o);
    }
    return err;
}

void handle_vault_new(struct route_call *c)
{
    struct ww_session *opened;
    const char *confirm, *const *codes;
    struct js *waiting, *o = js_object(c->arena);
    bool cookie;
    size_t n;
    if (!own_read_confirm(c, &confirm)) {
        return;
    }
    site_session_token(c->site, c->r, c->op, &cookie);
    enum ww_err err = ww_vault_new(c->op, c->session, confirm, &opened, &codes, &n);
    if (err) {
        answer_problem(c, err);
        return;
    }
    /* A native client keeps its token (vault.md §9); it is named all the same, as after an unlock. */
    own_give_session(c, o, opened, cookie);
    js_put(c->arena, o, "state", js_text(c->arena, "open"));
    js_put(c->arena, o, "codes", own_texts_json(c->arena, codes, n));
    if (own_waiting_json(c, opened, &waiting) == WW_OK) {
        js_put(c->arena, o, "waiting", waiting);
    }
    own_answer_json(c, 201, o);
}

void handle_waiting_open(struct route_call *c)
{
    struct ww_opener in = {.size = sizeof in};
    struct ww_merged done = {.size = sizeof done};
    struct js *renamed = js_array(c->arena), *o = js_object(c->arena);
    if (!own_read_opener(c, &in)) {
        return;
    }
    enum ww_err err = ww_waiting_open(c->op, c->session, c->id, &in, &done);
    if (err) {
        own_answer_wrong(c, err);
        return;
    }
    for (size_t i = 0; i < done.renamed; i++) {
        struct js *pair = js_object(c->arena);
        js_put(c->arena, pair, "from", js_text(c->arena, done.from[i]));
        js_put(c->arena, pair, "to", js_text(c->arena, done.to[i]));
        js_push(renamed, pair);
    }
    js_put(c->arena, o, "merged", js_int(c->arena, (int64_t)done.items));
    js_put(c->arena, o, "renamed", renamed);
    js_put(c->arena, o, "codes", own_texts_json(c->arena, done.codes, done.code_count));
    own_answer_json(c, 200, o);
}

void handle_waiting_discard(struct route_call *c)
{
    const char *confirm;
    if (!own_read_confirm(c, &confirm)) {
        return;
    }
    enum ww_err err = ww_waiting_discard(c->op, c->session, c->id, confirm);
    if (err) {
        answer_problem(c, err);
        return;
    }
    http_answer(c->r, 204, NULL, 0);
}
