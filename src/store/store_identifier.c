/* identifiers and search: rows are only indexes; they hold tags, never values. */
#include "store_int.h"

/* Keyed by IK and not by the server key, so that a change of server key leaves the index alone. Who copies
 * the table can neither read names nor test one. */
void store_identifier_tag(const struct store *s, enum identifier_kind kind, struct bytes value,
                          struct key *tag)
{
    uint8_t k = (uint8_t)kind;
    struct bytes parts[] = {BYTES(&k, 1), value};
    derive_parts(tag, keyring_ik(s->keyring), "ident", NULL, parts, 2);
}

void store_search_tag(const struct store *s, const char *field, struct bytes value, struct key *tag)
{
    struct bytes name = bytes_str(field);
    /* The length keeps field and value apart: no field can be read as the beginning of a longer one. */
    uint8_t length[2] = {(uint8_t)(name.n >> 8), (uint8_t)name.n};
    struct bytes parts[] = {BYTES(length, 2), name, value};
    derive_parts(tag, keyring_ik(s->keyring), "search", NULL, parts, 3);
}

/* The unique index is what decides between two that take a name at once. */
enum ww_err store_identifier_insert(struct ww_op *op, struct store *s, const struct key *tag, int64_t account)
{
    enum ww_err err = store_exec(op, s, "INSERT INTO identifiers (tag, account) VALUES ($1, $2)",
                                 DB_ARGS(DB_B(BYTES_OF(*tag)), DB_I(account)));
    /* The unique index decides who gets a name: a look-up before could be overtaken. */
    return err == WW_ECONFLICT
               ? op_fail(op, err, "identifier_taken", "an account with this identifier exists")
               : err;
}

/* Only the account's own row: the name may be somebody else's by now. */
enum ww_err store_identifier_delete(struct ww_op *op, struct store *s, const struct key *tag, int64_t account)
{
    return store_exec(op, s, "DELETE FROM identifiers WHERE tag = $1 AND account = $2",
                      DB_ARGS(DB_B(BYTES_OF(*tag)), DB_I(account)));
}

/* An index: what it says is compared with the sealed record by every caller. */
enum ww_err store_identifier_find(struct ww_op *op, struct store *s, const struct key *tag, int64_t *account)
{
    struct db_rows rows;
    *account = 0;
    enum ww_err err = store_one(op, s, &rows, "SELECT account FROM identifiers WHERE tag = $1",
                                DB_ARGS(DB_B(BYTES_OF(*tag))));
    if (err == WW_OK) {
        *account = db_int(&rows, 0);
        store_done(&rows);
    }
    return err;
}

enum ww_err store_search_insert(struct ww_op *op, struct store *s, const struct key *tag, int64_t account)
{
    return store_exec(op, s, "INSERT INTO search (tag, account) VALUES ($1, $2)",
                      DB_ARGS(DB_B(BYTES_OF(*tag)), DB_I(account)));
}

/* Only the row that bears the old tag: one that somebody planted keeps it, and is found by nobody. */
enum ww_err store_identifier_retag(struct ww_op *op, struct store *s, int64_t account, const struct key *old,
                                   const struct key *tag)
{
    return store_exec(op, s, "UPDATE identifiers SET tag = $1 WHERE tag = $2 AND account = $3",
                      DB_ARGS(DB_B(BYTES_OF(*tag)), DB_B(BYTES_OF(*old)), DB_I(account)));
}

enum ww_err store_search_retag(struct ww_op *op, struct store *s, int64_t account, const struct key *old,
                               const struct key *tag)
{
    return store_exec(op, s, "UPDATE search SET tag = $1 WHERE tag = $2 AND account = $3",
                      DB_ARGS(DB_B(BYTES_OF(*tag)), DB_B(BYTES_OF(*old)), DB_I(account)));
}

enum ww_err store_search_delete_all(struct ww_op *op, struct store *s, int64_t account)
{
    return store_exec(op, s, "DELETE FROM search WHERE account = $1", DB_ARGS(DB_I(account)));
}
