#include <inttypes.h>
#include <stdio.h>

#include "account_int.h"
#include "timefmt.h"

static struct js *history_json(struct ww_op *op, const struct session *x, const struct audit_row *row)
{
    static const char *const members[] = {"event", "method", "address", "user_agent", "location"};
    struct arena *a = &op->arena;
    struct js *o = js_object(a);
    char session[UUID_TEXT];
    const char *of = js_get_text(row->event, "session");
    uuid_format(session, x->id);
    js_put(a, o, "id", js_text(a, arena_printf(a, "%" PRIx64 "-%" PRId64, (uint64_t)row->node, row->n)));
    js_put(a, o, "at", js_text(a, timefmt_rfc3339(a, row->time)));
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const struct js *v = js_get(row->event, members[i]);
        bool present = v && !(v->type == JS_STRING && v->string.n == 0);
        js_put(a, o, members[i], present ? js_copy(a, v) : js_null(a));
    }
    js_put(a, o, "this_session", js_bool(a, of && strcmp(of, session) == 0));
    return o;
}

/* The token is the place of the last row shown; whoever alters it only moves within their own history. */
static enum ww_err read_token(struct ww_op *op, const char *token, struct audit_row *out)
{
    char end;
    *out = (struct audit_row){0};
    if (token && *token &&
        (strlen(token) > 60 || sscanf(token, "%" SCNx64 "-%" SCNx64 "-%" SCNx64 "%c", &out->time,
                                      (uint64_t *)&out->node, (uint64_t *)&out->n, &end) != 3)) {
        return op_fail_field(op, WW_EINVAL, "page_token_invalid", "page_token",
                             "the page token is not one of ours");
    }
    return WW_OK;
}

enum ww_err account_history(struct ww_op *op, struct service *s, struct session *x, size_t page_size,
                            const char *page_token, struct js **out, const char **next)
{
    struct arena *a = &op->arena;
    struct audit_row from, *rows;
    size_t n;
    *next = NULL;
    *out = NULL;
    enum ww_err err = read_token(op, page_token, &from);
    if (err) {
        return err;
    }
    err = audit_history(op, s->store, x->record, &from, page_size + 1, &rows, &n);
    if (err) {
        return err;
    }
    struct js *list = js_array(a);
    for (size_t i = 0; i < n && i < page_size; i++) {
        js_push(list, history_json(op, x, &rows[i]));
    }
    if (n > page_size && page_size > 0) {
        const struct audit_row *last = &rows[page_size - 1];
        *next = arena_printf(a, "%" PRIx64 "-%" PRIx64 "-%" PRIx64, last->time, (uint64_t)last->node,
                             (uint64_t)last->n);
    }
    *out = list;
    return list ? WW_OK : op_no_memory(op);
}
