/* What a check of the whole store asks beside the rows themselves (vault.md §6: a row that no record names is
 * reported). All of it in pieces, or counted by the database. */
#include "store_int.h"

#include <string.h>

static enum ww_err count(struct ww_op *op, struct store *s, const char *sql, const struct db_value *args,
                         size_t args_n, int64_t *n)
{
    struct db_rows rows;
    *n = 0;
    enum ww_err err = store_one(op, s, &rows, sql, args, args_n);
    if (!err) {
        *n = db_int(&rows, 0);
        store_done(&rows);
    }
    return err;
}

enum ww_err store_count_accounts(struct ww_op *op, struct store *s, int64_t *n)
{
    return count(op, s, "SELECT count(*) FROM accounts", NULL, 0, n);
}

enum ww_err store_count_rows(struct ww_op *op, struct store *s, enum store_rows what, int64_t account,
                             int64_t *n)
{
    static const char *const statements[] = {
        [STORE_CREDENTIALS] = "SELECT count(*) FROM credentials WHERE account = $1",
        [STORE_IDENTIFIERS] = "SELECT count(*) FROM identifiers WHERE account = $1",
        [STORE_VAULTS] = "SELECT count(*) FROM vaults WHERE account = $1",
        [STORE_SEARCH] = "SELECT count(*) FROM search WHERE account = $1",
        [STORE_ITEMS] = "SELECT count(*) FROM items WHERE account = $1",
    };
    return count(op, s, statements[what], DB_ARGS(DB_I(account)), n);
}

enum ww_err store_count_search(struct ww_op *op, struct store *s, int64_t account, const struct key *tag,
                               int64_t *n)
{
    return count(op, s, "SELECT count(*) FROM search WHERE account = $1 AND tag = $2",
                 DB_ARGS(DB_I(account), DB_B(BYTES_OF(*tag))), n);
}

/* S with kn 0 over P, which is 64 bytes at least (vault.md §3). */
enum ww_err store_count_shapeless_items(struct ww_op *op, struct store *s, int64_t account, int64_t *n)
{
    return count(
        op, s,
        "SELECT count(*) FROM items WHERE account = $1 AND (length(blob) < $2 OR substr(blob, 1, 5) <> $3)",
        DB_ARGS(DB_I(account), DB_I(SEAL_OVERHEAD + 64), DB_B(BYTES("\1\0\0\0\0", 5))), n);
}

enum ww_err store_count_leaves(struct ww_op *op, struct store *s, const struct uuid *vid, int64_t *n,
                               int64_t *last)
{
    enum ww_err err =
        count(op, s, "SELECT count(*) FROM leaves WHERE vid = $1", DB_ARGS(DB_B(BYTES_OF(*vid))), n);
    return err ? err
               : count(op, s, "SELECT coalesce(max(number), -1) FROM leaves WHERE vid = $1",
                       DB_ARGS(DB_B(BYTES_OF(*vid))), last);
}

enum ww_err store_count_epochs(struct ww_op *op, struct store *s, const struct uuid *account, int64_t *n)
{
    return count(op, s, "SELECT count(*) FROM epochs WHERE uuid = $1", DB_ARGS(DB_B(BYTES_OF(*account))), n);
}

/* NOT EXISTS: an anti join on every database; NOT IN (SELECT …) is read anew for every row once PostgreSQL
 * finds it too large to hash. */
#define WITHOUT_ACCOUNT(table)                                                                               \
    "SELECT count(*) FROM " table " t WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = t.account)"

enum ww_err store_count_orphans(struct ww_op *op, struct store *s, size_t i, const char **what, int64_t *n)
{
    static const struct {
        const char *what, *sql;
    } orphans[] = {
        {"credential", WITHOUT_ACCOUNT("credentials")},
        {"identifier", WITHOUT_ACCOUNT("identifiers")},
        {"search", WITHOUT_ACCOUNT("search")},
        {"vault", WITHOUT_ACCOUNT("vaults")},
        {"item", WITHOUT_ACCOUNT("items")},
        {"session", WITHOUT_ACCOUNT("sessions")},
        {"leaf",
         "SELECT count(*) FROM leaves t WHERE NOT EXISTS (SELECT 1 FROM vaults v WHERE v.vid = t.vid)"},
    };
    *n = 0;
    if (i >= sizeof orphans / sizeof orphans[0]) {
        return WW_ENOTFOUND;
    }
    *what = orphans[i].what;
    return count(op, s, orphans[i].sql, NULL, 0, n);
}

enum ww_err store_record_ids(struct ww_op *op, struct store *s, int64_t after, int64_t *ids, size_t limit,
                             size_t *n)
{
    struct db_rows rows;
    *n = 0;
    enum ww_err err = store_query(op, s, &rows, "SELECT id FROM accounts WHERE id > $1 ORDER BY id LIMIT $2",
                                  DB_ARGS(DB_I(after), DB_I(limit)));
    if (err) {
        return err;
    }
    while (*n < limit && (err = db_next(&rows)) == WW_OK) {
        ids[(*n)++] = db_int(&rows, 0);
    }
    store_done(&rows);
    return err == WW_ENOTFOUND ? WW_OK : err;
}

enum ww_err store_flow_row_keys(struct ww_op *op, struct store *s, struct bytes after, struct flow_key *keys,
                                size_t limit, size_t *n)
{
    struct db_rows rows;
    *n = 0;
    enum ww_err err =
        store_query(op, s, &rows, "SELECT id, kind FROM flows WHERE id > $1 ORDER BY id LIMIT $2",
                    DB_ARGS(DB_B(after), DB_I(limit)));
    if (err) {
        return err;
    }
    while (*n < limit && (err = db_next(&rows)) == WW_OK) {
        keys[(*n)++] = (struct flow_key){db_blob(&rows, 0), (enum flow_kind)db_int(&rows, 1)};
    }
    bool lost = db_lost(&rows);
    store_done(&rows);
    return lost ? op_no_memory(op) : err == WW_ENOTFOUND ? WW_OK : err;
}
