/* audit: rows of the chains of vault.md §9a; what is in them is the audit module's. */
#include "store_int.h"

#include <string.h>

enum ww_err store_audit_insert(struct ww_op *op, struct store *s, const struct audit_stored *row)
{
    return store_exec(
        op, s,
        "INSERT INTO audit (node, n, time, account, mark, link, blob) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        DB_ARGS(DB_I(row->node), DB_I(row->n), DB_I(row->time), row->account ? DB_I(row->account) : DB_NONE,
                DB_B(row->mark), DB_B(row->link), DB_B(row->blob)));
}

/* node, n, time, account, mark, link, blob: of every statement here. */
#define COLUMNS "node, n, time, account, mark, link, blob"

static enum ww_err list(struct ww_op *op, struct store *s, const char *sql, const struct db_value *args,
                        size_t n, size_t limit, struct audit_stored **out, size_t *count)
{
    struct db_rows rows;
    struct audit_stored *found = ARENA_ARRAY(&op->arena, limit, struct audit_stored);
    *out = found;
    *count = 0;
    if (!found) {
        return op_no_memory(op);
    }
    enum ww_err err = store_query(op, s, &rows, sql, args, n);
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
                                                  .blob = db_blob(&rows, 6)};
    }
    bool lost = db_lost(&rows);
    store_done(&rows);
    return lost ? op_no_memory(op) : err == WW_ENOTFOUND ? WW_OK : err;
}

/* Looking for the chains that were written since would read all events since; so these are the chains that
 * started last and those that wrote last, each by an index. */
enum ww_err store_audit_ends(struct ww_op *op, struct store *s, struct audit_stored **out, size_t *n)
{
    enum { STARTED = 64, WROTE = 256 };
    return list(
        op, s,
        "SELECT a.node, a.n, a.time, a.account, a.mark, a.link, a.blob"
        " FROM (SELECT node FROM (SELECT node FROM audit WHERE n = 1 ORDER BY time DESC LIMIT $1) x"
        " UNION SELECT node FROM (SELECT node FROM audit ORDER BY time DESC LIMIT $2) y) c"
        " JOIN audit a ON a.node = c.node AND a.n = (SELECT max(m.n) FROM audit m WHERE m.node = c.node)",
        DB_ARGS(DB_I(STARTED), DB_I(WROTE)), STARTED + WROTE, out, n);
}

enum ww_err store_audit_history(struct ww_op *op, struct store *s, int64_t account,
                                const struct audit_stored *before, size_t limit, struct audit_stored **out,
                                size_t *n)
{
    return list(op, s,
                "SELECT " COLUMNS " FROM audit WHERE account = $1 AND (time, node, n) < ($2, $3, $4)"
                " ORDER BY time DESC, node DESC, n DESC LIMIT $5",
                DB_ARGS(DB_I(account), DB_I(before->time), DB_I(before->node), DB_I(before->n), DB_I(limit)),
                limit, out, n);
}

enum ww_err store_audit_walk(struct ww_op *op, struct store *s, int64_t node, int64_t n, size_t limit,
                             struct audit_stored **out, size_t *count)
{
    return list(op, s, "SELECT " COLUMNS " FROM audit WHERE (node, n) > ($1, $2) ORDER BY node, n LIMIT $3",
                DB_ARGS(DB_I(node), DB_I(n), DB_I(limit)), limit, out, count);
}

enum ww_err store_audit_erase_account(struct ww_op *op, struct store *s, int64_t account)
{
    return store_exec(op, s, "UPDATE audit SET blob = NULL, account = NULL WHERE account = $1",
                      DB_ARGS(DB_I(account)));
}

enum ww_err store_audit_erase_before(struct ww_op *op, struct store *s, uint64_t time, int64_t *erased)
{
    return store_change(op, s,
                        "UPDATE audit SET blob = NULL, account = NULL WHERE time < $1 AND blob IS NOT NULL",
                        DB_ARGS(DB_I(time)), erased);
}
