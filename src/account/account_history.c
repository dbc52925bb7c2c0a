/* What happened on an account, as its owner is told (own-api.md, "The account"). */
#include <inttypes.h>
#include <stdio.h>

#include "account_int.h"

static const char *text_of(const struct audit_row *row, const char *member)
{
    const char *text = js_get_text(row->event, member);
    /* Texts that are not known are empty in an event; to its reader they are absent. */
    return text && *text ? text : NULL;
}

/* The id is `node-n` of vault.md §9a: no secret, and the same on every page. */
static bool read_event(struct ww_op *op, const struct session *x, const struct audit_row *row,
                       struct account_event *out)
{
    char session[UUID_TEXT];
    const char *of = text_of(row, "session");
    uuid_format(session, x->id);
    *out = (struct account_event){
        .id = arena_printf(&op->arena, "%" PRIx64 "-%" PRId64, (uint64_t)row->node, row->n),
        .time = row->time,
        .event = text_of(row, "event"),
        .method = text_of(row, "method"),
        .address = text_of(row, "address"),
        .user_agent = text_of(row, "user_agent"),
        .location = text_of(row, "location"),
        /* So that people recognise what they did themselves just now. */
        .this_session = of && strcmp(of, session) == 0,
    };
    return out->id != NULL;
}

/* The token is the place of the last row shown; whoever alters it only moves within their own history. */
static enum ww_err read_token(struct ww_op *op, const char *token, struct audit_row *out)
{
    char end;
    *out = (struct audit_row){0};
    if (token && *token &&
        /* Three numbers of at most 16 digits and two dashes have 50 bytes. The last "%c" must find nothing: a
         * token has no tail. */
        (strlen(token) > 60 || sscanf(token, "%" SCNx64 "-%" SCNx64 "-%" SCNx64 "%c", &out->time,
                                      (uint64_t *)&out->node, (uint64_t *)&out->n, &end) != 3)) {
        return op_fail_field(op, WW_EINVAL, "page_token_invalid", "page_token",
                             "the page token is not one of ours");
    }
    return WW_OK;
}

enum ww_err account_history(struct ww_op *op, struct service *s, struct session *x, size_t page_size,
                            const char *page_token, struct account_event **out, size_t *n, const char **next)
{
    struct audit_row from, *rows;
    *next = NULL;
    *out = NULL;
    *n = 0;
    enum ww_err err = read_token(op, page_token, &from);
    if (err) {
        return err;
    }
    /* The account's own chain of rows, opened and compared with it: a row that was moved here is not shown as
     * its event. */
    err = audit_history(op, s->store, x->record, &from, page_size + 1, &rows, n);
    if (err) {
        return err;
    }
    if (*n > page_size && page_size > 0) {
        const struct audit_row *last = &rows[page_size - 1];
        *next = arena_printf(&op->arena, "%" PRIx64 "-%" PRIx64 "-%" PRIx64, last->time, (uint64_t)last->node,
                             (uint64_t)last->n);
        if (!*next) {
            return op_no_memory(op);
        }
    }
    /* One more than the page was read, to know whether another follows. */
    *n = *n < page_size ? *n : page_size;
    *out = ARENA_ARRAY(&op->arena, *n, struct account_event);
    for (size_t i = 0; *out && i < *n; i++) {
        if (!read_event(op, x, &rows[i], &(*out)[i])) {
            return op_no_memory(op);
        }
    }
    return *out ? WW_OK : op_no_memory(op);
}
