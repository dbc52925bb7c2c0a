/* What an account shares with others (own-api.md, "Sharing"). */
#include <inttypes.h>
#include <string.h>

#include "encode.h"
#include "handlers.h"
#include "own_parts.h"
#include "timefmt.h"

enum { NAME_MOST = 1024 };

/* ---- the list ---- */

/* Recipients by the name that the sender typed: what others are called here tells nothing of them. */
static struct js *share_json(struct arena *a, const struct ww_share *s)
{
    struct js *o = js_object(a), *to = js_array(a);
    for (size_t i = 0; i < s->to_count; i++) {
        const struct ww_recipient *r = s->to[i];
        struct js *person = js_object(a);
        js_put(a, person, "id", js_text(a, r->id));
        js_put(a, person, "identifier", r->identifier ? js_text(a, r->identifier) : js_null(a));
        js_put(a, person, "state", js_text(a, r->state));
        js_push(to, person);
    }
    js_put(a, o, "name", js_text(a, s->name));
    js_put(a, o, "version", js_text(a, arena_printf(a, "%" PRIu64, s->version)));
    js_put(a, o, "updated_at", js_text(a, timefmt_rfc3339(a, s->time)));
    js_put(a, o, "to", to);
    return o;
}

void handle_share_list(struct route_call *c)
{
    struct own_query q;
    struct ww_page page = {.size = sizeof page};
    const struct ww_share *const *shares;
    const char *prefix;
    struct js *root = js_object(c->arena), *list = js_array(c->arena);
    if (!own_read_query(c, &q) || !own_read_page_size(c, &q, &page.limit) ||
        !own_read_parameter(c, &q, "prefix", NAME_MOST, &prefix) ||
        !own_read_name_token(c, &q, &page.token)) {
        return;
    }
    enum ww_err err = ww_share_list(c->op, c->session, prefix, &page, &shares);
    if (err) {
        answer_problem(c, err);
        return;
    }
    for (size_t i = 0; i < page.count; i++) {
        js_push(list, share_json(c->arena, shares[i]));
    }
    if (page.next) {
        const char *token = base64_encode(c->arena, BASE64_URL, bytes_str(page.next));
        if (token) {
            own_put_next(c, prefix, page.limit, token);
        }
    }
    js_put(c->arena, root, "shares", list);
    own_answer_json(c, 200, root);
}

/* ---- one share ---- */

void handle_share_get(struct route_call *c)
{
    const void *value;
    size_t n;
    struct ww_item_result result = {.size = sizeof result};
    enum ww_err err = ww_share_get(c->op, c->session, c->id, &value, &n, &result);
    if (err) {
        answer_problem(c, err);
    } else if (http_header(c->r, "If-None-Match") && own_is_known(c, result.version)) {
        own_put_etag(c, result.version);
        http_answer(c->r, 304, NULL, 0);
    } else {
        own_answer_bytes(c, result.version, value, n);
    }
}

/* All values of "to"; *to NULL where there is none. One that is empty names nobody: the list becomes empty.
 */
static bool read_to(struct route_call *c, const char *const **to, size_t *n)
{
    struct own_query q;
    *to = NULL;
    *n = 0;
    if (!own_read_query(c, &q)) {
        return false;
    }
    const char **list = ARENA_ARRAY(c->arena, q.count, const char *);
    if (!list) {
        answer_problem(c, WW_ENOMEM);
        return false;
    }
    for (size_t i = 0; i < q.count; i++) {
        if (strcmp(q.pairs[i].name, "to") != 0) {
            continue;
        }
        if (strlen(q.pairs[i].value) > OWN_PERSON_MOST) {
            own_refuse(c, "query_invalid", "to", "to has at most 1024 bytes");
            return false;
        }
        *to = list;
        if (q.pairs[i].value[0]) {
            list[(*n)++] = q.pairs[i].value;
        }
    }
    return true;
}

void handle_share_put(struct route_call *c)
{
    struct ww_item_condition condition;
    struct ww_item_result result = {.size = sizeof result};
    const char *const *to;
    size_t n = 0, to_count;
    const uint8_t *body = http_body(c->r, &n);
    if (!own_read_condition(c, &condition) || !read_to(c, &to, &to_count)) {
        return;
    }
    enum ww_err err = ww_share_put(c->op, c->session, c->id, n ? body : (const uint8_t *)"", n, to, to_count,
                                   &condition, &result);
    own_answer_written(c, err, &result);
}

/* Both lists in one call, so that nobody is for a moment without what they keep. */
void handle_share_people(struct route_call *c)
{
    static const char *const members[] = {"add", "remove", NULL};
    const struct ww_share *share;
    const char *const *add, *const *fewer;
    size_t add_count, remove_count;
    struct js *body;
    if (!own_read_object(c, members, &body) || !own_read_people(c, body, "add", &add, &add_count) ||
        !own_read_people(c, body, "remove", &fewer, &remove_count)) {
        return;
    }
    enum ww_err err = ww_share_people(c->op, c->session, c->id, add, add_count, fewer, remove_count, &share);
    if (err) {
        answer_problem(c, err);
        return;
    }
    own_put_etag(c, share->version);
    own_answer_json(c, 200, share_json(c->arena, share));
}

void handle_share_withdraw(struct route_call *c)
{
    struct ww_item_condition condition;
    if (!own_read_condition(c, &condition)) {
        return;
    }
    enum ww_err err = ww_share_withdraw(c->op, c->session, c->id, &condition);
    own_answer_gone(c, err);
}
