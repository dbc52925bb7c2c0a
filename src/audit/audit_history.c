/* The history that an account's owner sees (vault.md §9a): by the index (account, time, node, n), each row
 * compared with what was sealed. */
#include "audit_int.h"

#include <string.h>

/* What stands in the place of a row that cannot be believed: a reader never skips. */
static struct js *unreadable(struct ww_op *op)
{
    struct js *e = js_object(&op->arena);
    js_put(&op->arena, e, "event", js_text(&op->arena, audit_text(AUDIT_UNREADABLE)));
    return e;
}

/* *shown: the row is one for its owner's eyes. An event that was moved here from another account, or dated
 * anew, is shown as unreadable: the owner is to see that something stood there. */
static enum ww_err read_row(struct ww_op *op, struct store *s, const struct audit_stored *row,
                            const char *account, struct audit_row *out, bool *shown)
{
    struct audit_opened e;
    *out = (struct audit_row){row->node, row->n, row->time, NULL};
    *shown = true;
    enum ww_err err = audit_open(op, s, row, &e);
    if (err == WW_OK && e.account && strcmp(e.account, account) == 0 && audit_is_dated(&e, row)) {
        out->event = e.json;
        *shown = audit_is_shown(e.kind);
        return WW_OK;
    }
    out->event = unreadable(op);
    return err == WW_ENOMEM || !js_whole(out->event) ? op_no_memory(op) : WW_OK;
}

enum ww_err audit_history(struct ww_op *op, struct store *s, const struct record *r,
                          const struct audit_row *before, size_t limit, struct audit_row **out, size_t *n)
{
    char account[UUID_TEXT];
    /* Above every place: the first page is the newest. */
    struct audit_stored at = {.time = INT64_MAX, .node = INT64_MAX, .n = INT64_MAX}, *rows;
    size_t read = limit;
    *n = 0;
    *out = ARENA_ARRAY(&op->arena, limit, struct audit_row);
    if (!*out) {
        return op_no_memory(op);
    }
    if (before && before->time) {
        at = (struct audit_stored){.time = before->time, .node = before->node, .n = before->n};
    }
    uuid_format(account, r->uuid);
    /* Events that are not for the owner's eyes take places of a page, so more are read until the page is
     * full or the log is at its end. */
    while (*n < limit && read == limit) {
        enum ww_err err = store_audit_history(op, s, r->id, &at, limit, &rows, &read);
        for (size_t i = 0; !err && i < read && *n < limit; i++) {
            bool shown;
            err = read_row(op, s, &rows[i], account, &(*out)[*n], &shown);
            *n += !err && shown;
        }
        if (err) {
            return err;
        }
        at = read ? rows[read - 1] : at;
    }
    return WW_OK;
}
