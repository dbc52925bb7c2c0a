/* POST /vault/items: several items in one transaction, all or nothing. What is put comes first, then what is
 * deleted, then what is read. */
#include <inttypes.h>
#include <string.h>

#include "encode.h"
#include "handlers.h"
#include "names.h"
#include "own_parts.h"
#include "timefmt.h"

/* One transaction holds the account's lock for as long as all of them take. */
enum { CHANGES_MOST = 1000 };

struct several {
    struct ww_item_change *changes;
    size_t n;
};

static bool refuse(struct route_call *c, const char *field, const char *reason)
{
    own_refuse(c, "field_invalid", field, reason);
    return false;
}

/* Which of two writes to one name should win would be a guess. */
static bool names_differ(struct route_call *c, const struct several *s)
{
    static const char *const fields[] = {
        [WW_ITEM_PUT] = "put", [WW_ITEM_DELETE] = "delete", [WW_ITEM_GET] = "get"};
    const char **names = ARENA_ARRAY(c->arena, s->n, const char *);
    size_t at;
    for (size_t i = 0; names && i < s->n; i++) {
        names[i] = s->changes[i].name;
    }
    if (!names || !names_find_repeated(c->arena, names, s->n, &at)) {
        answer_problem(c, WW_ENOMEM);
        return false;
    }
    return at == s->n || refuse(c, fields[s->changes[at].action], "a name stands twice in the request");
}

/* base64 in JSON, since a value may be any bytes. */
static bool add_put(struct route_call *c, struct several *s, const struct js *put)
{
    for (const struct js *m = put ? put->first : NULL; m; m = m->next) {
        struct bytes value;
        if (m->type != JS_STRING || !base64_decode(c->arena, BASE64, m->string, &value)) {
            return refuse(c, "put", "each value must be text in base64 (RFC 4648 section 4)");
        }
        struct ww_item_change change = {.size = sizeof change,
                                        .action = WW_ITEM_PUT,
                                        .name = (const char *)m->key.p,
                                        .value = value.p,
                                        .value_length = value.n};
        s->changes[s->n++] = change;
    }
    return true;
}

static bool add_names(struct route_call *c, struct several *s, const struct js *names, const char *field,
                      enum ww_item_action action)
{
    for (const struct js *m = names ? names->first : NULL; m; m = m->next) {
        if (m->type != JS_STRING) {
            return refuse(c, field, "each name must be text");
        }
        if (memchr(m->string.p, 0, m->string.n)) {
            own_refuse(c, "item_name_invalid", "name", "a name holds no NUL");
            return false;
        }
        struct ww_item_change change = {
            .size = sizeof change, .action = action, .name = (const char *)m->string.p};
        s->changes[s->n++] = change;
    }
    return true;
}

static bool read_several(struct route_call *c, struct several *s)
{
    static const struct {
        const char *name;
        enum js_type type;
        const char *reason;
    } parts[] = {{"put", JS_OBJECT, "put must be an object of names and values"},
                 {"delete", JS_ARRAY, "delete must be an array of names"},
                 {"get", JS_ARRAY, "get must be an array of names"}};
    static const char *const members[] = {"put", "delete", "get", NULL};
    const struct js *part[3];
    struct js *body;
    size_t total = 0;
    if (!own_read_object(c, members, &body)) {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        part[i] = js_get(body, parts[i].name);
        if (part[i] && part[i]->type != parts[i].type) {
            return refuse(c, parts[i].name, parts[i].reason);
        }
        total += part[i] ? part[i]->count : 0;
    }
    /* Counted before anything is decoded. */
    if (total == 0 || total > CHANGES_MOST) {
        return refuse(c, "body", "put, delete and get name between 1 and 1000 items together");
    }
    s->changes = ARENA_ARRAY(c->arena, total, struct ww_item_change);
    if (!s->changes) {
        answer_problem(c, WW_ENOMEM);
        return false;
    }
    return add_put(c, s, part[0]) && add_names(c, s, part[1], "delete", WW_ITEM_DELETE) &&
           add_names(c, s, part[2], "get", WW_ITEM_GET) && names_differ(c, s);
}

/* ---- the answer ---- */

static struct js *result_of(struct arena *a, const struct ww_item_change *change)
{
    struct js *o = js_object(a);
    js_put(a, o, "version", js_text(a, arena_printf(a, "%" PRIu64, change->version)));
    js_put(a, o, "updated_at", js_text(a, timefmt_rfc3339(a, change->time)));
    if (change->action == WW_ITEM_PUT) {
        js_put(a, o, "created", js_bool(a, change->created));
    } else {
        js_put(a, o, "value",
               js_text(a, base64_encode(a, BASE64, BYTES(change->value, change->value_length))));
    }
    return o;
}

/* In the order in which it was done; a name cannot be both put and read, so nothing is answered twice. */
static void answer_several(struct route_call *c, const struct several *s)
{
    struct arena *a = c->arena;
    struct js *root = js_object(a), *put = js_object(a), *deleted = js_array(a), *got = js_object(a);
    for (size_t i = 0; i < s->n; i++) {
        const struct ww_item_change *change = &s->changes[i];
        if (change->action == WW_ITEM_DELETE) {
            js_push(deleted, js_text(a, change->name));
        } else {
            js_add(a, change->action == WW_ITEM_PUT ? put : got, change->name, result_of(a, change));
        }
    }
    js_put(a, root, "put", put);
    js_put(a, root, "delete", deleted);
    js_put(a, root, "get", got);
    own_answer_json(c, 200, root);
}

/* All or nothing, in one transaction; the answer lists what each became. */
void handle_items_several(struct route_call *c)
{
    struct several s = {0};
    if (!read_several(c, &s)) {
        return;
    }
    enum ww_err err = ww_item_change(c->op, c->session, s.changes, s.n);
    if (err) {
        answer_problem(c, err);
    } else {
        answer_several(c, &s);
    }
}
