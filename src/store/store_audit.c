/* audit: rows of the chains of vault.md §9a; what is in them is the audit module's. */
#include "store_int.h"

enum ww_err store_audit_insert(struct ww_op *op, struct store *s, const struct audit_stored *row)
{
    enum ww_err err = store_exec(
        op, s,
        "INSERT INTO audit (node, n, time, account, mark, link, blob) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        DB_ARGS(DB_I(row->node), DB_I(row->n), DB_I(row->time), row->account ? DB_I(row->account) : DB_NONE,
                DB_B(row->mark), DB_B(row->link), DB_B(row->blob)));
    if (err || (err = store_written_event(op, s, row))) {
        return err;
    }
    return store_witness_chain(op, s, row);
}

/* Of every statement here that gives rows; the owner is the account of that id, if there is one. */
#define SELECT_ROWS                                                                                          \
    "SELECT u.node, u.n, u.time, u.account, u.mark, u.link, u.blob, a.uuid FROM audit u"                     \
    " LEFT JOIN accounts a ON a.id = u.account"

/* Always with a limit: the log is as long as the deployment is old. */
static enum ww_err list(struct ww_op *op, struct store *s, const char *sql, const struct db_value *args,
                        size_t n, size_t limit, struct audit_stored **out, size_t *count)
{
    struct db_rows rows;
    struct audit_stored *found = ARENA_ARRAY(&op->arena, limit, struct audit_stored);
    *out = found;
    *count = 0;
    enum ww_err err = found ? store_query(op, s, &rows, sql, args, n) : op_no_memory(op);
    if (err) {
        return err;
    }
    while (*count < limit && (err = db_next(&rows)) == WW_OK) {
        found[(*count)++] = (struct audit_stored){.node = db_int(&rows, 0),
                                                  .n = db_int(&rows, 1),
                                                  .time = (uint64_t)db_int(&rows, 2),
                                                  .account = db_int(&rows, 3),
                                                  .mark = db_blob(&rows, 4),
                                                  .link = db_blob(&rows, 5),
                                                  .blob = db_blob(&rows, 6),
                                                  .owner = db_blob(&rows, 7)};
    }
    bool lost = db_lost(&rows);
    store_done(&rows);
    return lost ? op_no_memory(op) : err == WW_ENOTFOUND ? WW_OK : err;
}

/* From one event on, in either direction: what is looked for is $1, the event ($2, $3, $4), the limit $5. */
static enum ww_err list_from(struct ww_op *op, struct store *s, const char *sql, int64_t wanted,
                             const struct audit_stored *from, size_t limit, struct audit_stored **out,
                             size_t *n)
{
    return list(op, s, sql,
                DB_ARGS(DB_I(wanted), DB_I(from->time), DB_I(from->node), DB_I(from->n), DB_I(limit)), limit,
                out, n);
}

enum ww_err store_audit_history(struct ww_op *op, struct store *s, int64_t account,
                                const struct audit_stored *before, size_t limit, struct audit_stored **out,
                                size_t *n)
{
    return list_from(op, s,
                     SELECT_ROWS " WHERE u.account = $1 AND (u.time, u.node, u.n) < ($2, $3, $4)"
                                 " ORDER BY u.time DESC, u.node DESC, u.n DESC LIMIT $5",
                     account, before, limit, out, n);
}

enum ww_err store_audit_of_account(struct ww_op *op, struct store *s, int64_t account,
                                   const struct audit_stored *after, size_t limit, struct audit_stored **out,
                                   size_t *n)
{
    return list_from(op, s,
                     SELECT_ROWS " WHERE u.account = $1 AND (u.time, u.node, u.n) > ($2, $3, $4)"
                                 " ORDER BY u.time, u.node, u.n LIMIT $5",
                     account, after, limit, out, n);
}

enum ww_err store_audit_kept(struct ww_op *op, struct store *s, uint64_t before,
                             const struct audit_stored *after, size_t limit, struct audit_stored **out,
                             size_t *n)
{
    return list_from(op, s,
                     SELECT_ROWS " WHERE u.blob IS NOT NULL AND u.time < $1 AND (u.time, u.node, u.n) >"
                                 " ($2, $3, $4) ORDER BY u.time, u.node, u.n LIMIT $5",
                     (int64_t)before, after, limit, out, n);
}

enum ww_err store_audit_walk(struct ww_op *op, struct store *s, int64_t node, int64_t n, size_t limit,
                             struct audit_stored **out, size_t *count)
{
    return list(op, s, SELECT_ROWS " WHERE (u.node, u.n) > ($1, $2) ORDER BY u.node, u.n LIMIT $3",
                DB_ARGS(DB_I(node), DB_I(n), DB_I(limit)), limit, out, count);
}

enum ww_err store_audit_erase(struct ww_op *op, struct store *s, int64_t node, int64_t n)
{
    return store_change_one(op, s,
                            /* Mark and link stay, so that the chain can be checked over the gap (vault.md
                             * §9a). WW_EBUSY when another sweep was faster: one event names each erasure. */
                            "UPDATE audit SET blob = NULL, account = NULL WHERE node = $1 AND n = $2"
                            " AND blob IS NOT NULL",
                            DB_ARGS(DB_I(node), DB_I(n)));
}

/* Chains are found by their first rows, which have an index: what it costs grows with the connections that
 * ever wrote, not with events. c.time is asked for, whatever it is, because SQLite else walks the primary
 * key. */
enum ww_err store_audit_ends(struct ww_op *op, struct store *s,
                             enum ww_err (*each)(struct ww_op *op, void *context, int64_t node, int64_t n,
                                                 struct bytes link),
                             void *context)
{
    struct db_rows rows;
    enum ww_err err =
        store_query(op, s, &rows,
                    "SELECT e.node, e.n, e.link FROM audit c JOIN audit e ON e.node = c.node"
                    " AND e.n = (SELECT max(l.n) FROM audit l WHERE l.node = c.node) WHERE c.n = 1"
                    " AND c.time >= $1"
                    " AND e.time >= (SELECT coalesce(max(f.time), 0) FROM audit f WHERE f.n = 1)",
                    DB_ARGS(DB_I(INT64_MIN)));
    if (err) {
        return err;
    }
    while (!err && (err = db_next(&rows)) == WW_OK) {
        struct bytes link = db_blob(&rows, 2);
        err = db_lost(&rows) ? op_no_memory(op) : each(op, context, db_int(&rows, 0), db_int(&rows, 1), link);
    }
    store_done(&rows);
    return err == WW_ENOTFOUND ? WW_OK : err;
}

/* The link is copied out as it is, of whatever length: who compares it decides. */
enum ww_err store_audit_link(struct ww_op *op, struct store *s, int64_t node, int64_t n, struct bytes *link)
{
    struct db_rows rows;
    *link = BYTES(NULL, 0);
    enum ww_err err = store_one(op, s, &rows, "SELECT link FROM audit WHERE node = $1 AND n = $2",
                                DB_ARGS(DB_I(node), DB_I(n)));
    if (err) {
        return err;
    }
    *link = db_blob(&rows, 0);
    bool lost = db_lost(&rows);
    store_done(&rows);
    return lost ? op_no_memory(op) : WW_OK;
}

enum ww_err store_record_exists(struct ww_op *op, struct store *s, const struct uuid *uuid, bool *exists)
{
    struct db_rows rows;
    enum ww_err err =
        store_one(op, s, &rows, "SELECT id FROM accounts WHERE uuid = $1", DB_ARGS(DB_B(BYTES_OF(*uuid))));
    *exists = err == WW_OK;
    if (*exists) {
        store_done(&rows);
    }
    return err == WW_ENOTFOUND ? WW_OK : err;
}
