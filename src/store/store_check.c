/* What a check of the whole store asks beside the rows themselves (vault.md §6: a row that no record names is
 * reported). All of it in pieces, or counted by the database. */
#include "store_int.h"

#include "limit.h"
#include "utf8.h"

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

/* The unique ones carry weight: the start refuses without them (vault.md §13). Without the others all that is
 * slow, and a sweep or a flood of sign-ins stops everybody. */
static const struct {
    const char *table, *columns;
    enum store_index kind;
} indexes[] = {
    {"accounts", "uuid", STORE_UNIQUE},
    {"identifiers", "tag", STORE_UNIQUE},
    {"credentials", "id", STORE_UNIQUE},
    {"vaults", "vid", STORE_UNIQUE},
    {"leaves", "vid, number", STORE_UNIQUE},
    {"items", "id", STORE_UNIQUE},
    {"epochs", "uuid, n", STORE_UNIQUE},
    {"sessions", "lookup", STORE_UNIQUE},
    {"sessions", "tag", STORE_UNIQUE},
    {"flows", "id", STORE_UNIQUE},
    {"audit", "node, n", STORE_UNIQUE},
    {"counters", "subject", STORE_UNIQUE},
    {"named", "id", STORE_UNIQUE},
    {"named", "tag", STORE_UNIQUE},
    {"shares", "id", STORE_UNIQUE},
    {"wraps", "share, recipient", STORE_UNIQUE},
    {"publics", "id", STORE_UNIQUE},
    {"publics", "tag", STORE_UNIQUE},
    {"identifiers", "account", STORE_PLAIN},
    {"search", "tag, account", STORE_PLAIN},
    {"search", "account", STORE_PLAIN},
    {"credentials", "account", STORE_PLAIN},
    {"vaults", "account", STORE_PLAIN},
    {"items", "account", STORE_PLAIN},
    {"sessions", "account, expires, lookup", STORE_PLAIN},
    {"sessions", "expires", STORE_PLAIN},
    {"flows", "expires", STORE_PLAIN},
    {"audit", "account, time, node, n", STORE_PLAIN},
    {"counters", "until", STORE_PLAIN},
    {"shares", "sender", STORE_PLAIN},
    {"wraps", "recipient, sender, sender_epoch, recipient_epoch, tag", STORE_PLAIN},
    {"wraps", "recipient, share", STORE_PLAIN},
    {"wraps", "sender", STORE_PLAIN},
    {"publics", "account, id", STORE_PLAIN},
    {"vaults", "vid, kept", STORE_PARTIAL},
    {"audit", "time", STORE_PARTIAL},
    {"audit", "time, node, n", STORE_PARTIAL},
};

enum ww_err store_index_missing(struct ww_op *op, struct store *s, size_t *i, enum store_index most,
                                const char **missing)
{
    *missing = NULL;
    for (; *i < sizeof indexes / sizeof indexes[0]; ++*i) {
        struct db_rows rows;
        if (indexes[*i].kind > most) {
            continue;
        }
        enum ww_err err = store_one(op, s, &rows, db_has_index(s->db),
                                    DB_ARGS(DB_T(indexes[*i].table), DB_T(indexes[*i].columns),
                                            DB_I(indexes[*i].kind == STORE_UNIQUE),
                                            DB_I(indexes[*i].kind == STORE_PARTIAL)));
        if (!err) {
            store_done(&rows);
            continue;
        }
        if (err == WW_ENOTFOUND) {
            *missing = arena_printf(&op->arena, "%sindex on %s (%s)",
                                    indexes[*i].kind == STORE_UNIQUE ? "unique " : "", indexes[*i].table,
                                    indexes[*i].columns);
            /* The next call goes on behind the one that was told. */
            ++*i;
            err = *missing ? WW_OK : op_no_memory(op);
        }
        return err;
    }
    return WW_ENOTFOUND;
}

/* One text of each row, but this one; cut and cleaned: who put it there chose it. */
static enum ww_err each_text(struct ww_op *op, struct store *s, const char *sql, const char *but,
                             void (*tell)(void *context, const char *text), void *context)
{
    struct db_rows rows;
    enum ww_err err = store_query(op, s, &rows, sql, NULL, 0);
    if (err) {
        return err;
    }
    while ((err = db_next(&rows)) == WW_OK) {
        const char *text = db_text(&rows, 0);
        text = text ? utf8_clean(&op->arena, text, LIMIT_ECHO) : NULL;
        if (!text) {
            err = op_no_memory(op);
            break;
        }
        if (strcmp(text, but) != 0) {
            tell(context, text);
        }
    }
    store_done(&rows);
    return err == WW_ENOTFOUND ? WW_OK : err;
}

enum ww_err store_count_neighbours(struct ww_op *op, struct store *s, int64_t *n)
{
    const char *sql = db_neighbours(s->db);
    *n = 0;
    return sql ? count(op, s, sql, NULL, 0, n) : WW_OK;
}

enum ww_err store_foreign(struct ww_op *op, struct store *s, void (*tell)(void *context, const char *text),
                          void *context)
{
    return each_text(op, s, db_foreign(s->db), "", tell, context);
}

enum ww_err store_created_agrees(struct ww_op *op, struct store *s, const struct record *r, bool *agrees)
{
    int64_t created;
    enum ww_err err =
        count(op, s, "SELECT created FROM accounts WHERE id = $1", DB_ARGS(DB_I(r->id)), &created);
    *agrees = !err && (uint64_t)created == r->identity.created;
    return err;
}

enum ww_err store_verify(struct ww_op *op, struct store *s, void (*fault)(void *context, const char *text),
                         void *context)
{
    /* PostgreSQL has none that a client may run: its administrators have tools of their own. */
    const char *sql = db_verification(s->db);
    return sql ? each_text(op, s, sql, "ok", fault, context) : WW_OK;
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
        [STORE_PUBLICS] = "SELECT count(*) FROM publics WHERE account = $1",
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
    return count(op, s,
                 "SELECT count(*) FROM items WHERE account = $1"
                 " AND (length(blob) < $2 OR substr(blob, 1, 5) <> $3 OR length(id) <> $4)",
                 DB_ARGS(DB_I(account), DB_I(SEAL_OVERHEAD + 64), DB_B(BYTES("\1\0\0\0\0", 5)),
                         DB_I(sizeof(struct uuid))),
                 n);
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

enum ww_err store_count_wraps(struct ww_op *op, struct store *s, const struct uuid *sender, int64_t *all,
                              int64_t *sound)
{
    enum ww_err err =
        count(op, s, "SELECT count(*) FROM wraps WHERE sender = $1", DB_ARGS(DB_B(BYTES_OF(*sender))), all);
    return err ? err
               : count(op, s,
                       "SELECT count(*) FROM wraps w JOIN shares t ON t.id = w.share AND t.sender = w.sender"
                       " WHERE w.sender = $1 AND length(w.blob) = $2 AND length(w.tag) = 16",
                       DB_ARGS(DB_B(BYTES_OF(*sender)), DB_I(SEAL_OVERHEAD + 32)), sound);
}

enum ww_err store_count_shares(struct ww_op *op, struct store *s, const struct uuid *sender, int64_t *n)
{
    return count(op, s, "SELECT count(*) FROM shares WHERE sender = $1", DB_ARGS(DB_B(BYTES_OF(*sender))), n);
}

/* A piece of a table in the order of a key: its last key, and which rows belong to nothing. Asked row by row,
 * by the owner's key: a join over all would be one statement without a bound (and NOT IN (SELECT …) one that
 * PostgreSQL reads anew for every row, once it finds it too large to hash). */
#define ORPHANS(table, key)                                                                                  \
    "SELECT t." key ", (SELECT count(*) FROM accounts a WHERE a.id = t.account), 0 FROM " table              \
    " t WHERE t." key " > $1 ORDER BY t." key " LIMIT $2"

static const struct {
    const char *what, *sql;
    bool pair; /* the key is two columns: the last one is the number $3 */
} orphans[] = {
    {"credential", ORPHANS("credentials", "id"), false},
    {"identifier", ORPHANS("identifiers", "tag"), false},
    {"search",
     "SELECT t.tag, (SELECT count(*) FROM accounts a WHERE a.id = t.account), t.account FROM search t"
     " WHERE (t.tag, t.account) > ($1, $3) ORDER BY t.tag, t.account LIMIT $2",
     true},
    {"vault", ORPHANS("vaults", "vid"), false},
    {"item", ORPHANS("items", "id"), false},
    {"public", ORPHANS("publics", "id"), false},
    {"session", ORPHANS("sessions", "lookup"), false},
    {"share",
     "SELECT t.id, (SELECT count(*) FROM accounts a WHERE a.uuid = t.sender), 0 FROM shares t"
     " WHERE t.id > $1 ORDER BY t.id LIMIT $2",
     false},
    {"wrap",
     "SELECT DISTINCT t.share, (SELECT count(*) FROM accounts a WHERE a.uuid = t.sender), 0 FROM wraps t"
     " WHERE t.share > $1 ORDER BY t.share LIMIT $2",
     false},
    {"leaf",
     "SELECT t.vid, (SELECT count(*) FROM vaults v WHERE v.vid = t.vid), t.number FROM leaves t"
     " WHERE (t.vid, t.number) > ($1, $3) ORDER BY t.vid, t.number LIMIT $2",
     true},
};

enum { ORPHANS_AT_ONCE = 512 };

static enum ww_err orphans_of_piece(struct ww_op *op, struct store *s, size_t i, struct arena *outer,
                                    struct bytes *key, int64_t *number, int64_t *n, bool *more)
{
    struct db_rows rows;
    struct bytes last = *key;
    size_t read = 0;
    enum ww_err err = store_query(op, s, &rows, orphans[i].sql,
                                  (const struct db_value[]){DB_B(*key), DB_I(ORPHANS_AT_ONCE), DB_I(*number)},
                                  orphans[i].pair ? 3 : 2);
    if (err) {
        return err;
    }
    while ((err = db_next(&rows)) == WW_OK) {
        last = db_blob(&rows, 0);
        *n += db_int(&rows, 1) == 0;
        *number = db_int(&rows, 2);
        read++;
    }
    bool lost = db_lost(&rows);
    store_done(&rows);
    *more = read == ORPHANS_AT_ONCE;
    *key = *more ? bytes_dup(outer, last) : *key;
    return lost || !key->p ? op_no_memory(op) : err == WW_ENOTFOUND ? WW_OK : err;
}

enum ww_err store_count_orphans(struct ww_op *op, struct store *s, size_t i, const char **what, int64_t *n)
{
    struct bytes key = BYTES("", 0);
    int64_t number = INT64_MIN;
    bool more = true;
    enum ww_err err = WW_OK;
    *n = 0;
    if (i >= sizeof orphans / sizeof orphans[0]) {
        return WW_ENOTFOUND;
    }
    *what = orphans[i].what;
    while (!err && more) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, orphans_of_piece(op, s, i, &piece.outer, &key, &number, n, &more));
    }
    return err;
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
    enum ww_err err = store_query(op, s, &rows,
                                  after.n ? "SELECT id, kind FROM flows WHERE id > $1 ORDER BY id LIMIT $2"
                                          : "SELECT id, kind FROM flows WHERE id >= $1 ORDER BY id LIMIT $2",
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
