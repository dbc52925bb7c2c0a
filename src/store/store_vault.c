/* vaults, leaves and items: blobs under the user's own keys, passed through. */
#include "store_int.h"

#include <string.h>

enum ww_err store_vault_row_insert(struct ww_op *op, struct store *s, const struct record *r,
                                   const struct vault_row *v)
{
    return store_exec(op, s, "INSERT INTO vaults (vid, account, ring, head) VALUES ($1, $2, $3, $4)",
                      DB_ARGS(DB_B(BYTES_OF(r->vid)), DB_I(r->id), DB_B(v->ring), DB_B(v->head)));
}

enum ww_err store_vault_row_load(struct ww_op *op, struct store *s, const struct uuid *vid, int64_t account,
                                 bool lock, struct vault_row *out)
{
    struct db_rows rows;
    enum ww_err err =
        store_one(op, s, &rows,
                  lock ? "SELECT ring, head FROM vaults WHERE vid = $1 AND account = $2" DB_FOR_UPDATE
                       : "SELECT ring, head FROM vaults WHERE vid = $1 AND account = $2",
                  DB_ARGS(DB_B(BYTES_OF(*vid)), DB_I(account)));
    /* A vault is found by the vid that the sealed record names, never by its owner: a row put beside it is
     * not picked. */
    *out = (struct vault_row){0};
    if (err) {
        return err == WW_ENOTFOUND ? store_tampered(op, "vault missing") : err;
    }
    out->ring = db_blob(&rows, 0);
    out->head = db_blob(&rows, 1);
    bool lost = db_lost(&rows);
    store_done(&rows);
    return lost ? op_no_memory(op) : WW_OK;
}

enum ww_err store_vault_row_set_head(struct ww_op *op, struct store *s, const struct uuid *vid,
                                     struct bytes old, struct bytes head)
{
    enum ww_err err = store_change_one(op, s, "UPDATE vaults SET head = $1 WHERE vid = $2 AND head = $3",
                                       DB_ARGS(DB_B(head), DB_B(BYTES_OF(*vid)), DB_B(old)));
    /* Remembered, so that a commit of which no answer came can be looked up by it. */
    return err ? err : store_written_head(op, s, vid, head);
}

enum ww_err store_vault_row_set_ring(struct ww_op *op, struct store *s, const struct uuid *vid,
                                     struct bytes old, struct bytes ring)
{
    return store_change_one(op, s, "UPDATE vaults SET ring = $1 WHERE vid = $2 AND ring = $3",
                            DB_ARGS(DB_B(ring), DB_B(BYTES_OF(*vid)), DB_B(old)));
}

enum ww_err store_vault_row_keep(struct ww_op *op, struct store *s, const struct uuid *vid, int64_t account,
                                 uint64_t until)
{
    return store_exec(op, s, "UPDATE vaults SET kept = $1 WHERE vid = $2 AND account = $3",
                      DB_ARGS(DB_I(until), DB_B(BYTES_OF(*vid)), DB_I(account)));
}

enum ww_err store_vault_row_delete(struct ww_op *op, struct store *s, const struct uuid *vid, int64_t account)
{
    enum ww_err err = store_exec(op, s, "DELETE FROM leaves WHERE vid = $1", DB_ARGS(DB_B(BYTES_OF(*vid))));
    return err ? err
               : store_exec(op, s, "DELETE FROM vaults WHERE vid = $1 AND account = $2",
                            DB_ARGS(DB_B(BYTES_OF(*vid)), DB_I(account)));
}

/* Of any other length nothing names it. */
static enum ww_err read_ids(struct ww_op *op, struct db_rows *rows, struct uuid *out, size_t limit, size_t *n)
{
    enum ww_err err = WW_OK;
    while (*n < limit && (err = db_next(rows)) == WW_OK) {
        struct bytes id = db_blob(rows, 0);
        if (id.n == sizeof out[*n].b) {
            memcpy(out[(*n)++].b, id.p, id.n);
        }
    }
    bool lost = db_lost(rows);
    store_done(rows);
    return lost ? op_no_memory(op) : err == WW_ENOTFOUND ? WW_OK : err;
}

enum ww_err store_item_ids(struct ww_op *op, struct store *s, int64_t account, const struct uuid *after,
                           struct uuid *out, size_t limit, size_t *n)
{
    struct db_rows rows;
    *n = 0;
    enum ww_err err =
        store_query(op, s, &rows, "SELECT id FROM items WHERE account = $1 AND id > $2 ORDER BY id LIMIT $3",
                    DB_ARGS(DB_I(account), DB_B(after ? BYTES_OF(*after) : BYTES("", 0)), DB_I(limit)));
    return err ? err : read_ids(op, &rows, out, limit, n);
}

enum ww_err store_share_ids(struct ww_op *op, struct store *s, const struct uuid *sender,
                            const struct uuid *after, struct uuid *out, size_t limit, size_t *n)
{
    struct db_rows rows;
    *n = 0;
    enum ww_err err = store_query(
        op, s, &rows, "SELECT id FROM shares WHERE sender = $1 AND id > $2 ORDER BY id LIMIT $3",
        DB_ARGS(DB_B(BYTES_OF(*sender)), DB_B(after ? BYTES_OF(*after) : BYTES("", 0)), DB_I(limit)));
    return err ? err : read_ids(op, &rows, out, limit, n);
}

enum ww_err store_vault_due(struct ww_op *op, struct store *s, uint64_t now, const struct uuid *after,
                            struct vault_due *out, size_t limit, size_t *n)
{
    struct db_rows rows;
    *n = 0;
    enum ww_err err =
        store_query(op, s, &rows,
                    "SELECT vid, account FROM vaults WHERE kept > 0 AND kept <= $1 AND vid > $2"
                    " ORDER BY vid LIMIT $3",
                    DB_ARGS(DB_I(now), DB_B(after ? BYTES_OF(*after) : BYTES("", 0)), DB_I(limit)));
    if (err) {
        return err;
    }
    while (*n < limit && (err = db_next(&rows)) == WW_OK) {
        struct bytes vid = db_blob(&rows, 0);
        if (vid.n == sizeof out[*n].vid.b) { /* of any other length no record names it */
            memcpy(out[*n].vid.b, vid.p, vid.n);
            out[(*n)++].account = db_int(&rows, 1);
        }
    }
    bool lost = db_lost(&rows);
    store_done(&rows);
    return lost ? op_no_memory(op) : err == WW_ENOTFOUND ? WW_OK : err;
}

/* Of a row that something sealed names: not there is tampering, never "not found" (vault.md §8). One place
 * for leaves and items, so that "missing" is tampering everywhere. */
static enum ww_err one_blob(struct ww_op *op, struct store *s, const char *sql, const struct db_value *args,
                            size_t n, const char *what, struct bytes *blob)
{
    struct db_rows rows;
    *blob = BYTES(NULL, 0);
    enum ww_err err = store_one(op, s, &rows, sql, args, n);
    if (err) {
        return err == WW_ENOTFOUND ? store_tampered(op, what) : err;
    }
    *blob = db_blob(&rows, 0);
    bool lost = db_lost(&rows);
    store_done(&rows);
    return lost ? op_no_memory(op) : blob->p ? WW_OK : store_tampered(op, what);
}

enum ww_err store_leaf_load(struct ww_op *op, struct store *s, const struct uuid *vid, uint32_t number,
                            struct bytes *blob)
{
    return one_blob(op, s, "SELECT blob FROM leaves WHERE vid = $1 AND number = $2",
                    DB_ARGS(DB_B(BYTES_OF(*vid)), DB_I(number)), "leaf missing", blob);
}

/* Without comparing: the head, written last in the same transaction, is compared, and decides for its
 * leaves. */
enum ww_err store_leaf_put(struct ww_op *op, struct store *s, const struct uuid *vid, uint32_t number,
                           struct bytes blob)
{
    return store_exec(op, s,
                      "INSERT INTO leaves (vid, number, blob) VALUES ($1, $2, $3)"
                      " ON CONFLICT (vid, number) DO UPDATE SET blob = excluded.blob",
                      DB_ARGS(DB_B(BYTES_OF(*vid)), DB_I(number), DB_B(blob)));
}

enum ww_err store_item_load(struct ww_op *op, struct store *s, const struct uuid *id, int64_t account,
                            struct bytes *blob)
{
    return one_blob(op, s, "SELECT blob FROM items WHERE id = $1 AND account = $2",
                    DB_ARGS(DB_B(BYTES_OF(*id)), DB_I(account)), "item missing", blob);
}

enum ww_err store_item_insert(struct ww_op *op, struct store *s, const struct uuid *id, int64_t account,
                              struct bytes blob)
{
    return store_exec(op, s, "INSERT INTO items (id, account, blob) VALUES ($1, $2, $3)",
                      DB_ARGS(DB_B(BYTES_OF(*id)), DB_I(account), DB_B(blob)));
}

/* The account in each condition: an id alone, were it ever taken from outside, reaches no other account's
 * rows. */
static enum ww_err change_item(struct ww_op *op, struct store *s, const char *sql,
                               const struct db_value *args, size_t n)
{
    int64_t changed;
    enum ww_err err = store_change(op, s, sql, args, n, &changed);
    return err ? err : changed == 1 ? WW_OK : store_tampered(op, "item missing");
}

enum ww_err store_item_update(struct ww_op *op, struct store *s, const struct uuid *id, int64_t account,
                              struct bytes blob)
{
    return change_item(op, s, "UPDATE items SET blob = $1 WHERE id = $2 AND account = $3",
                       DB_ARGS(DB_B(blob), DB_B(BYTES_OF(*id)), DB_I(account)));
}

enum ww_err store_item_delete(struct ww_op *op, struct store *s, const struct uuid *id, int64_t account)
{
    return change_item(op, s, "DELETE FROM items WHERE id = $1 AND account = $2",
                       DB_ARGS(DB_B(BYTES_OF(*id)), DB_I(account)));
}
