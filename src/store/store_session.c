/* sessions: content sealed under the server key, bound to the account and to its place. */
#include "store_int.h"

#include <string.h>

/* vault.md §5: how a row is found by the public id, which is not stored in clear. */
static void make_tag(const struct store *s, const struct uuid *id, struct key *tag)
{
    derive(tag, keyring_ik(s->keyring), "sess-id", NULL, BYTES_OF(*id));
}

/* With the lookup in it: a row copied under another lookup, or pointed at another account, does not open. */
static struct place place(const struct uuid *account, const struct key *lookup)
{
    return (struct place){.label = "session", .uuid = account, .aad = BYTES_OF(*lookup)};
}

enum ww_err store_session_row_insert(struct ww_op *op, struct store *s, const struct uuid *account,
                                     struct session_row *row)
{
    struct key tag;
    enum ww_err err = keyring_seal(op, s->keyring, place(account, &row->lookup), row->content, &row->blob);
    /* Found by its public id by whoever has IK alone: the column tells nobody which sessions are whose. */
    make_tag(s, &row->id, &tag);
    return err ? err
               : store_exec(op, s,
                            "INSERT INTO sessions (lookup, tag, account, expires, blob)"
                            " VALUES ($1, $2, $3, $4, $5)",
                            DB_ARGS(DB_B(BYTES_OF(row->lookup)), DB_B(BYTES_OF(tag)), DB_I(row->account),
                                    DB_I(row->expires), DB_B(row->blob)));
}

/* The columns of store_session_row_load: 0 account, 1 expires, 2 blob, 3 uuid, 4 seq, 5 record; where the
 * vault is asked for 6 vid, 7 ring, 8 head. */
static enum ww_err open_joined(struct ww_op *op, struct store *s, struct db_rows *rows,
                               struct session_row *row, struct record **record)
{
    /* The joined account is the row's own: one that was pointed elsewhere meets a record whose UUID its seal
     * does not name. */
    row->account = db_int(rows, 0);
    row->expires = (uint64_t)db_int(rows, 1);
    row->blob = db_blob(rows, 2);
    struct bytes uuid = db_blob(rows, 3), record_blob = db_blob(rows, 5);
    int64_t seq = db_int(rows, 4);
    if (db_lost(rows)) {
        return op_no_memory(op);
    }
    enum ww_err err = store_record_open(op, s, row->account, uuid, seq, record_blob, record);
    if (err) {
        return err;
    }
    err = keyring_open(op, s->keyring, place(&(*record)->uuid, &row->lookup), row->blob, &row->content);
    /* The record opened, the session did not: that is no session (401), while a damaged record is
     * tampering (docs/DECISIONS.md). */
    return err == WW_ETAMPERED ? WW_EDENIED : err;
}

/* One row for each vault of the account: the one that the record names counts, not one that waits, nor one
 * that somebody put beside it. */
static enum ww_err pick_vault(struct ww_op *op, struct db_rows *rows, const struct record *r,
                              struct vault_row *vault)
{
    enum ww_err err = WW_OK;
    *vault = (struct vault_row){0};
    while (!err && !vault->head.p) {
        if (bytes_equal(db_blob(rows, 6), BYTES_OF(r->vid))) {
            *vault = (struct vault_row){db_blob(rows, 7), db_blob(rows, 8)};
        }
        err = db_lost(rows) ? op_no_memory(op) : vault->head.p ? WW_OK : db_next(rows);
    }
    return err == WW_ENOTFOUND ? WW_OK : err;
}

enum ww_err store_session_row_load(struct ww_op *op, struct store *s, const struct key *lookup,
                                   struct session_row *row, struct record **record, struct vault_row *vault)
{
    struct db_rows rows;
    *record = NULL;
    /* The lookup is a hash of the token's id: the token itself is nowhere in the database. */
    *row = (struct session_row){.lookup = *lookup};
    enum ww_err err =
        store_one(op, s, &rows,
                  vault ? "SELECT s.account, s.expires, s.blob, a.uuid, a.seq, a.blob, v.vid, v.ring, v.head"
                          " FROM sessions s JOIN accounts a ON a.id = s.account"
                          " LEFT JOIN vaults v ON v.account = s.account WHERE s.lookup = $1"
                        : "SELECT s.account, s.expires, s.blob, a.uuid, a.seq, a.blob"
                          " FROM sessions s JOIN accounts a ON a.id = s.account WHERE s.lookup = $1",
                  DB_ARGS(DB_B(BYTES_OF(*lookup))));
    if (err) {
        return err;
    }
    err = open_joined(op, s, &rows, row, record);
    if (!err && vault) {
        err = pick_vault(op, &rows, *record, vault);
    }
    store_done(&rows);
    return err;
}

/* Where only the blob changes no index does: with many sessions each entry is a page of its own, so that this
 * is a quarter of the pages. The other columns are written where they differ: tag is NULL in rows of before
 * it. */
static enum ww_err update_row(struct ww_op *op, struct store *s, const struct session_row *row,
                              struct bytes blob, uint64_t expires)
{
    struct key tag;
    int64_t changed;
    make_tag(s, &row->id, &tag);
    const struct db_value values[] = {DB_B(blob), DB_I(expires), DB_B(BYTES_OF(row->lookup)), DB_B(row->blob),
                                      DB_B(BYTES_OF(tag))};
    enum ww_err err = store_change(op, s,
                                   "UPDATE sessions SET blob = $1"
                                   " WHERE lookup = $3 AND blob = $4 AND expires = $2 AND tag = $5",
                                   values, 5, &changed);
    return err || changed == 1 ? err
                               : store_change_one(op, s,
                                                  "UPDATE sessions SET blob = $1, expires = $2, tag = $5"
                                                  " WHERE lookup = $3 AND blob = $4",
                                                  values, 5);
}

enum ww_err store_session_row_update(struct ww_op *op, struct store *s, const struct uuid *account,
                                     struct session_row *row, struct bytes content, uint64_t expires)
{
    struct bytes blob;
    enum ww_err err = keyring_seal(op, s->keyring, place(account, &row->lookup), content, &blob);
    if (err || (err = update_row(op, s, row, blob, expires))) {
        return err;
    }
    row->blob = blob;
    row->content = content;
    row->expires = expires;
    return WW_OK;
}

enum ww_err store_session_row_retag(struct ww_op *op, struct store *s, const struct session_row *row,
                                    const struct uuid *id)
{
    struct key tag;
    make_tag(s, id, &tag);
    return store_exec(op, s, "UPDATE sessions SET tag = $1 WHERE lookup = $2",
                      DB_ARGS(DB_B(BYTES_OF(tag)), DB_B(BYTES_OF(row->lookup))));
}

enum ww_err store_session_row_delete(struct ww_op *op, struct store *s, const struct key *lookup)
{
    return store_exec(op, s, "DELETE FROM sessions WHERE lookup = $1", DB_ARGS(DB_B(BYTES_OF(*lookup))));
}

enum ww_err store_session_row_find(struct ww_op *op, struct store *s, const struct uuid *id,
                                   struct session_row *row, struct record **record)
{
    struct db_rows rows;
    struct key tag;
    *record = NULL;
    *row = (struct session_row){.id = *id};
    make_tag(s, id, &tag);
    enum ww_err err = store_one(op, s, &rows,
                                "SELECT s.account, s.expires, s.blob, a.uuid, a.seq, a.blob, s.lookup"
                                " FROM sessions s JOIN accounts a ON a.id = s.account WHERE s.tag = $1",
                                DB_ARGS(DB_B(BYTES_OF(tag))));
    if (err == WW_OK) {
        struct bytes lookup = db_blob(&rows, 6);
        if (lookup.p && lookup.n == sizeof row->lookup.b) {
            memcpy(row->lookup.b, lookup.p, lookup.n); /* another length: the blob will not open */
        }
        err = open_joined(op, s, &rows, row, record);
        store_done(&rows);
    }
    return err;
}

bool store_session_row_is_tagged(const struct store *s, const struct session_row *row, const struct uuid *id)
{
    struct key tag;
    make_tag(s, id, &tag);
    return bytes_equal(row->tag, BYTES_OF(tag));
}

enum ww_err store_session_row_count(struct ww_op *op, struct store *s, int64_t account, size_t *n)
{
    struct db_rows rows;
    *n = 0;
    enum ww_err err =
        store_one(op, s, &rows, "SELECT count(*) FROM sessions WHERE account = $1", DB_ARGS(DB_I(account)));
    if (err == WW_OK) {
        *n = (size_t)db_int(&rows, 0);
        store_done(&rows);
    }
    return err;
}

static enum ww_err read_of_account(struct ww_op *op, struct store *s, const struct record *r,
                                   struct db_rows *rows, struct session_row *row)
{
    struct bytes lookup = db_blob(rows, 0);
    *row = (struct session_row){.account = r->id,
                                .expires = (uint64_t)db_int(rows, 1),
                                .blob = db_blob(rows, 2),
                                .tag = db_blob(rows, 3)};
    if (db_lost(rows)) {
        return op_no_memory(op);
    }
    /* Key and order of the walk: cut or padded it would be read again and again. */
    if (lookup.n != sizeof row->lookup.b) { /* a page could not go on after it */
        return store_tampered(op, "sessions.lookup");
    }
    memcpy(row->lookup.b, lookup.p, lookup.n);
    enum ww_err err = keyring_open(op, s->keyring, place(&r->uuid, &row->lookup), row->blob, &row->content);
    if (err == WW_ENOMEM) {
        return op_no_memory(op);
    }
    if (err) {
        /* Listed as one that does not open: check counts it, its owner does not see it. */
        row->content = BYTES(NULL, 0);
    }
    return WW_OK;
}

enum ww_err store_session_row_page(struct ww_op *op, struct store *s, const struct record *r,
                                   const struct session_row *after, size_t limit, struct session_row **out,
                                   size_t *n)
{
    struct db_rows rows;
    struct session_row *list = ARENA_ARRAY(&op->arena, limit, struct session_row);
    struct bytes lookup = after ? BYTES_OF(after->lookup) : BYTES("", 0);
    *out = list;
    *n = 0;
    if (!list) {
        return op_no_memory(op);
    }
    enum ww_err err = store_query(
        op, s, &rows,
        "SELECT lookup, expires, blob, tag FROM sessions WHERE account = $1"
        " AND (expires, lookup) > ($2, $3) ORDER BY expires, lookup LIMIT $4",
        DB_ARGS(DB_I(r->id), DB_I(after ? (int64_t)after->expires : INT64_MIN), DB_B(lookup), DB_I(limit)));
    if (err) {
        return err;
    }
    while (*n < limit && (err = db_next(&rows)) == WW_OK &&
           (err = read_of_account(op, s, r, &rows, &list[*n])) == WW_OK) {
        ++*n;
    }
    store_done(&rows);
    return err == WW_ENOTFOUND ? WW_OK : err;
}

/* The record first: what its row says of the account is what the session is opened under. */
static enum ww_err read_of_anybody(struct ww_op *op, struct store *s, struct db_rows *rows,
                                   struct session_row *row, struct record **record)
{
    struct bytes uuid = db_blob(rows, 4), blob = db_blob(rows, 6);
    int64_t account = db_int(rows, 7), seq = db_int(rows, 5);
    if (db_lost(rows)) {
        return op_no_memory(op);
    }
    enum ww_err err = store_record_open(op, s, account, uuid, seq, blob, record);
    return err ? err : read_of_account(op, s, *record, rows, row);
}

enum ww_err store_session_row_page_all(struct ww_op *op, struct store *s, const struct key *after,
                                       size_t limit, struct session_row **out, struct record ***records,
                                       size_t *n)
{
    struct db_rows rows;
    *out = ARENA_ARRAY(&op->arena, limit, struct session_row);
    *records = ARENA_ARRAY(&op->arena, limit, struct record *);
    *n = 0;
    if (!*out || !*records) {
        return op_no_memory(op);
    }
    enum ww_err err = store_query(op, s, &rows,
                                  "SELECT s.lookup, s.expires, s.blob, s.tag, a.uuid, a.seq, a.blob, a.id"
                                  " FROM sessions s JOIN accounts a ON a.id = s.account"
                                  " WHERE s.lookup > $1 ORDER BY s.lookup LIMIT $2",
                                  DB_ARGS(DB_B(after ? BYTES_OF(*after) : BYTES("", 0)), DB_I(limit)));
    if (err) {
        return err;
    }
    while (*n < limit && (err = db_next(&rows)) == WW_OK &&
           (err = read_of_anybody(op, s, &rows, &(*out)[*n], &(*records)[*n])) == WW_OK) {
        ++*n;
    }
    store_done(&rows);
    return err == WW_ENOTFOUND ? WW_OK : err;
}

enum ww_err store_session_row_delete_all(struct ww_op *op, struct store *s, int64_t account)
{
    return store_exec(op, s, "DELETE FROM sessions WHERE account = $1", DB_ARGS(DB_I(account)));
}

enum ww_err store_session_row_sweep(struct ww_op *op, struct store *s, uint64_t now, size_t limit,
                                    int64_t *removed)
{
    return store_change(op, s,
                        "DELETE FROM sessions WHERE lookup IN (SELECT lookup FROM sessions WHERE expires < "
                        "$1 ORDER BY expires LIMIT $2)",
                        DB_ARGS(DB_I(now), DB_I(limit)), removed);
}
