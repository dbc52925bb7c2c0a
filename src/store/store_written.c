/* A commit whose answer was lost (vault.md §13): what the transaction wrote last is read again, over another
 * connection. Equal to what was written means done; anything else stays in doubt. */
#include "store_int.h"

#include <stdlib.h>
#include <string.h>

static const char written_key; /* its address: where a connection keeps what it wrote */

/* The last write only: it stands or falls with its transaction, and neither a link nor a head is ever
 * written twice. */
static enum ww_err remember(struct ww_op *op, struct store_written what)
{
    /* A statement alone commits by itself: a lost answer is its own error. */
    if (!store_in_tx(op)) {
        return WW_OK;
    }
    struct store_written *w = db_kept(op->conn, &written_key);
    if (!w) {
        w = calloc(1, sizeof *w);
        enum ww_err err = w ? db_keep(op, op->conn, &written_key, w, free) : op_no_memory(op);
        if (err) {
            free(w);
            return err;
        }
    }
    *w = what;
    return WW_OK;
}

enum ww_err store_written_event(struct ww_op *op, struct store *s, const struct audit_stored *row)
{
    struct bytes link = bytes_dup(&op->arena, row->link);
    return link.p ? remember(op, (struct store_written){s, true, row->node, row->n, {{0}}, link})
                  : op_no_memory(op);
}

enum ww_err store_written_head(struct ww_op *op, struct store *s, const struct uuid *vid, struct bytes head)
{
    return remember(op, (struct store_written){s, false, 0, 0, *vid, head});
}

struct store_written store_written_take(struct ww_op *op)
{
    struct store_written *kept = db_kept(op->conn, &written_key), out = {0};
    if (kept) {
        out = *kept;
        *kept = (struct store_written){0};
    }
    return out;
}

static enum ww_err read_again(struct ww_op *op, const struct store_written *w, struct bytes *now)
{
    struct db_rows rows;
    if (w->event) {
        return store_audit_link(op, w->store, w->node, w->n, now);
    }
    enum ww_err err = store_one(op, w->store, &rows, "SELECT head FROM vaults WHERE vid = $1",
                                DB_ARGS(DB_B(BYTES_OF(w->vid))));
    if (!err) {
        *now = db_blob(&rows, 0);
        store_done(&rows);
    }
    return err;
}

/* Not equal may still be done and overwritten since, or be done in a moment: the caller is told that nobody
 * knows. */
enum ww_err store_written_resolve(struct ww_op *op, const struct store_written *w, enum ww_err err)
{
    struct op_problem kept = op->problem;
    struct bytes now = {NULL, 0};
    /* Public bytes (a keyed hash, a sealed blob): nothing to hide from a clock here. */
    bool done = w->value.p && read_again(op, w, &now) == WW_OK && now.p && bytes_equal(now, w->value);
    op->problem = done ? (struct op_problem){0} : kept;
    return done ? WW_OK : err;
}
