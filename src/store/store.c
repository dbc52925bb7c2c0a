/* Statements and transactions over a database: each statement takes its own connection unless a transaction
 * holds one. */
#include "store_int.h"

#include <stdlib.h>
#include <string.h>

/* `what` names the kind of row for the log and never an account: to the outside all damage looks alike
 * (vault.md §3). */
enum ww_err store_tampered(struct ww_op *op, const char *what)
{
    return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (%s)", what);
}

/* ---- connections and transactions ---- */

/* A statement uses the connection of the open transaction, or takes one for itself alone. */
static enum ww_err take(struct ww_op *op, struct store *s)
{
    return op->conn ? WW_OK : db_take(op, s->db, &op->conn);
}

static void give(struct ww_op *op)
{
    db_give(op->conn);
    op->conn = NULL;
}

/* Outside of a transaction a connection is held for one statement only: whoever hashes or waits for a
 * client holds none. */
static void give_alone(struct ww_op *op)
{
    if (op->conn && !db_in_transaction(op->conn)) {
        give(op);
    }
}

bool store_in_tx(const struct ww_op *op)
{
    return op->conn && db_in_transaction(op->conn);
}

/* The connection stays with the operation until the end: all statements between are of one transaction
 * without saying so. */
enum ww_err store_tx_begin(struct ww_op *op, struct store *s, enum db_mode mode)
{
    /* One connection for the whole transaction, taken before BEGIN: a pool that is empty refuses without
     * having begun. */
    enum ww_err err = take(op, s);
    if (err == WW_OK && (err = db_begin(op, op->conn, mode)) != WW_OK) {
        give(op);
    }
    if (err == WW_OK) {
        /* What was remembered of it must not stand for what this one writes. */
        (void)store_written_take(op); /* of a transaction that was given up */
    }
    return err;
}

enum ww_err store_tx_commit(struct ww_op *op)
{
    struct store_written written = store_written_take(op);
    enum ww_err err = db_commit(op, op->conn);
    give(op);
    /* Only after the connection is given back: looking needs another one, and with a pool of one would
     * wait for itself. */
    bool in_doubt = err == WW_EIO && strcmp(op->problem.id, "db_commit_unknown") == 0;
    return in_doubt ? store_written_resolve(op, &written, err) : err;
}

enum ww_err store_tx_at_end(struct ww_op *op, void (*ended)(void *context, bool committed), void *context)
{
    return db_at_end(op, op->conn, ended, context);
}

/* Gives back what it was given, so that a caller ends in one line: `return store_tx_abort(op, err)`. Also
 * the end of a transaction that only read. */
enum ww_err store_tx_abort(struct ww_op *op, enum ww_err err)
{
    if (op->conn) {
        db_rollback(op->conn);
    }
    give(op);
    return err;
}

/* ---- statements ---- */

/* The statements of this module are right: one that the database does not understand means that its tables
 * are not there any more. That is no answer about anybody, and none of our mistakes: it can be tried again.
 */
static enum ww_err told(struct ww_op *op, enum ww_err err)
{
    return err == WW_EINTERNAL && strcmp(op->problem.id, "db_statement") == 0
               ? op_fail(op, WW_EIO, "db_tables_gone",
                         "the tables of the database are not there as they were")
               : err;
}

enum ww_err store_query(struct ww_op *op, struct store *s, struct db_rows *rows, const char *sql,
                        const struct db_value *args, size_t n)
{
    *rows = (struct db_rows){.op = op};
    enum ww_err err = take(op, s);
    if (err || (err = db_query(op, op->conn, rows, sql, args, n))) {
        store_done(rows);
    }
    /* In one place, so that all statements answer alike. */
    return told(op, err);
}

void store_done(struct db_rows *rows)
{
    db_done(rows);
    rows->conn = NULL;
    give_alone(rows->op);
}

enum ww_err store_one(struct ww_op *op, struct store *s, struct db_rows *rows, const char *sql,
                      const struct db_value *args, size_t n)
{
    enum ww_err err = store_query(op, s, rows, sql, args, n);
    if (!err && (err = db_next(rows))) {
        store_done(rows);
    }
    return err;
}

enum ww_err store_change(struct ww_op *op, struct store *s, const char *sql, const struct db_value *args,
                         size_t n, int64_t *changed)
{
    *changed = 0;
    enum ww_err err = take(op, s);
    if (!err) {
        err = db_exec(op, op->conn, sql, changed, args, n);
    }
    give_alone(op);
    return told(op, err);
}

enum ww_err store_exec(struct ww_op *op, struct store *s, const char *sql, const struct db_value *args,
                       size_t n)
{
    int64_t changed;
    return store_change(op, s, sql, args, n, &changed);
}

enum ww_err store_change_one(struct ww_op *op, struct store *s, const char *sql, const struct db_value *args,
                             size_t n)
{
    int64_t changed;
    enum ww_err err = store_change(op, s, sql, args, n, &changed);
    if (err) {
        return err;
    }
    /* Every compare-and-swap ends here: the caller reads again and repeats the whole, five times at most
     * (vault.md §13). */
    return changed == 1 ? WW_OK : op_fail(op, WW_EBUSY, "busy", "another change came first");
}

/* Padded, where the length of what is sealed would tell something of a person; sessions and credentials,
 * whose length tells little, go to keyring_seal as they are. */
enum ww_err store_seal(struct ww_op *op, struct store *s, struct place where, struct bytes pt,
                       struct bytes *blob)
{
    struct bytes padded;
    enum ww_err err = pad(&op->arena, pt, &padded);
    if (err) {
        return op_fail(op, err, "value_too_large", "%s", ww_err_text(err));
    }
    return keyring_seal(op, s->keyring, where, padded, blob);
}

enum ww_err store_unseal(struct ww_op *op, struct store *s, struct place where, struct bytes blob,
                         struct bytes *pt)
{
    struct bytes padded;
    enum ww_err err = keyring_open(op, s->keyring, where, blob, &padded);
    return err ? err : unpad(op, padded, pt);
}

/* ---- opening ---- */

enum ww_err store_checksums(struct ww_op *op, const struct db_migration *list, size_t n, struct bytes **out)
{
    struct bytes *checksums = ARENA_ARRAY(&op->arena, n, struct bytes);
    struct key *sums = ARENA_ARRAY(&op->arena, n, struct key);
    *out = checksums;
    if (!checksums || !sums) {
        return op_no_memory(op);
    }
    for (size_t i = 0; i < n; i++) {
        /* Of the text as it stands in the program: a migration that was edited after its release is found
         * before it runs. */
        derive(&sums[i], NULL, "migration", NULL, bytes_str(list[i].sql));
        checksums[i] = BYTES_OF(sums[i]);
    }
    return WW_OK;
}

static enum ww_err migrate_or_refuse(struct ww_op *op, struct store *s, bool migrate)
{
    struct bytes *checksums;
    int count = 0;
    enum ww_err err = store_checksums(op, store_migrations, store_migration_count, &checksums);
    if (err) {
        return err;
    }
    if (migrate) {
        return db_migrate(op, s->db, store_migrations, checksums, store_migration_count, &s->migrated);
    }
    /* Without the right to migrate a store that lacks something is refused, not used as far as it goes. */
    err = db_pending(op, s->db, store_migrations, checksums, store_migration_count, &count);
    if (err == WW_OK && count > 0) {
        return op_fail(op, WW_EFOREIGN, "migrations_pending",
                       "the database needs %d migration(s): run `watchword migrate`", count);
    }
    return err;
}

/* vault.md §13. Without them a second account could have a name that is taken. */
static enum ww_err refuse_without_indexes(struct ww_op *op, struct store *s)
{
    const char *missing;
    enum ww_err err = store_index_missing(op, s, &(size_t){0}, STORE_UNIQUE, &missing);
    return err == WW_ENOTFOUND ? WW_OK
           : err               ? err
                               : op_fail(op, WW_EFOREIGN, "index_missing",
                                         "the database lacks the %s: somebody dropped it; put it back", missing);
}

enum ww_err store_open(struct ww_op *op, struct db *db, struct keyring *keyring, bool migrate,
                       struct store **out)
{
    enum ww_err err = WW_EINTERNAL;
    struct store *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s) {
        db_close(db);
        keyring_free(keyring);
        return op_no_memory(op);
    }
    *s = (struct store){.db = db, .keyring = keyring};
    pthread_mutex_init(&s->lock, NULL);
    if ((err = migrate_or_refuse(op, s, migrate)) || (err = refuse_without_indexes(op, s)) ||
        (err = store_meta_open(op, s))) {
        store_close(s);
        return err;
    }
    *out = s;
    return WW_OK;
}

void store_close(struct store *s)
{
    if (s) {
        db_close(s->db);
        keyring_free(s->keyring);
        witness_close(s->witness);
        pthread_mutex_destroy(&s->lock);
        free(s);
    }
}

int store_migrated(const struct store *s)
{
    return s->migrated;
}

const struct keyring *store_keyring(const struct store *s)
{
    return s->keyring;
}

/* A row that must be there, not just a connection: a database that was emptied is not healthy. */
enum ww_err store_ping(struct ww_op *op, struct store *s)
{
    struct db_rows rows;
    enum ww_err err = store_one(op, s, &rows, "SELECT 1 FROM meta WHERE one = 1", NULL, 0);
    if (!err) {
        store_done(&rows);
    }
    return err == WW_ENOTFOUND ? store_tampered(op, "meta") : err;
}
