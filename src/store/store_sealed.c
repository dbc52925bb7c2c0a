/* Every table that holds sealed blobs, in one list, and what it takes to move those under a server key to
 * another one (vault.md §5, §13). A table that is made later gets a row here: test_sealed.c compares the list
 * with the database. */
#include "store_int.h"

#include <string.h>

/* Of what the place of a blob consists, besides its label: the column "aad" of vault.md §5. */
enum part { END, KEY, NUMBER64, SECOND64, SECOND32, EXTRA8 };
enum { PARTS = 3, AAD_MOST = STORE_SEALED_KEY + 8 + 8 };

/* A row as the list's statements give it. */
struct sealed_row {
    struct bytes key; /* p NULL where the key is a number */
    int64_t number, second, extra;
    struct bytes blob, uuid; /* uuid empty where the table's blobs have none */
};

struct sealed_table {
    const char *name, *label;
    enum part aad[PARTS];
    bool bytes, pair, of_account; /* the key's first column is bytes; it has two; the seal is an account's */
    /* scan: key, second, first 5 bytes of the blob. move: key, second, blob, uuid, extra. */
    const char *scan, *move, *put;
};

/* Longer keys are of no blob of ours, and bounded they fit into the place that a walk keeps. */
#define BYTES_KEY(key) " AND length(t." key ") <= 32"
#define NO_UUID        "NULL"
#define ACCOUNT_UUID   "(SELECT a.uuid FROM accounts a WHERE a.id = t.account)"
/* Rows that somebody else holds are passed over, and looked at again at the end: what never waits cannot wait
 * in a circle. The key id is compared as it stands in the blob, with the format's byte before it. */
#define ONE(table, key, bounds, uuid, extra)                                                                 \
    .scan = "SELECT t." key ", 0, substr(t.blob, 1, 5) FROM " table " t WHERE t." key " > $1" bounds         \
            " ORDER BY t." key " LIMIT $2",                                                                  \
    .move =                                                                                                  \
        "SELECT t." key ", 0, t.blob, " uuid ", " extra " FROM " table " t WHERE t." key " > $1 AND t." key  \
        " <= $2 AND substr(t.blob, 1, 5) <> $3" bounds " ORDER BY t." key DB_FOR_UPDATE_FREE,                \
    .put = "UPDATE " table " SET blob = $1 WHERE " key " = $2 AND blob = $3"
#define TWO(table, a, b, bounds, uuid)                                                                       \
    .pair = true,                                                                                            \
    .scan = "SELECT t." a ", t." b ", substr(t.blob, 1, 5) FROM " table " t WHERE (t." a ", t." b            \
            ") > ($1, $3)" bounds " ORDER BY t." a ", t." b " LIMIT $2",                                     \
    .move = "SELECT t." a ", t." b ", t.blob, " uuid ", 0 FROM " table " t WHERE (t." a ", t." b             \
            ") > ($1, $4) AND (t." a ", t." b ") <= ($2, $5) AND substr(t.blob, 1, 5) <> $3" bounds          \
            " ORDER BY t." a ", t." b DB_FOR_UPDATE_FREE,                                                    \
    .put = "UPDATE " table " SET blob = $1 WHERE " a " = $2 AND " b " = $4 AND blob = $3"

static const struct sealed_table tables[] = {
    {"meta", "meta", {END}, ONE("meta", "one", "", NO_UUID, "0")},
    {"accounts", "record", {NUMBER64}, .of_account = true, ONE("accounts", "id", "", "t.uuid", "0")},
    {"credentials",
     "cred",
     {KEY, EXTRA8},
     .bytes = true,
     .of_account = true,
     ONE("credentials", "id", BYTES_KEY("id"), ACCOUNT_UUID, "t.kind")},
    {"epochs",
     "epoch",
     {SECOND32},
     .bytes = true,
     .of_account = true,
     TWO("epochs", "uuid", "n", BYTES_KEY("uuid"), "t.uuid")},
    {"sessions",
     "session",
     {KEY},
     .bytes = true,
     .of_account = true,
     ONE("sessions", "lookup", BYTES_KEY("lookup"), ACCOUNT_UUID, "0")},
    {"publics",
     "public",
     {KEY},
     .bytes = true,
     .of_account = true,
     ONE("publics", "id", BYTES_KEY("id"), ACCOUNT_UUID, "0")},
    {"flows", "flow", {EXTRA8, KEY}, .bytes = true, ONE("flows", "id", BYTES_KEY("id"), NO_UUID, "t.kind")},
    {"named", "named", {KEY, EXTRA8}, .bytes = true, ONE("named", "id", BYTES_KEY("id"), NO_UUID, "t.store")},
    {"audit", "audit", {NUMBER64, SECOND64}, TWO("audit", "node", "n", "", NO_UUID)},
};
enum { TABLES = sizeof tables / sizeof tables[0] };

/* Sealed under keys of their owners, which the server key does not open. */
static const char *const of_users[] = {"vaults", "leaves", "items", "shares", "wraps"};
enum { OF_USERS = sizeof of_users / sizeof of_users[0] };

const char *store_sealed_table(size_t i)
{
    return i < TABLES ? tables[i].name : NULL;
}

const char *store_sealed_of_users(size_t i)
{
    return i < OF_USERS ? of_users[i] : NULL;
}

/* ---- the place of a walk ---- */

static struct store_sealed_at start(const struct sealed_table *t, const struct store_sealed_at *at)
{
    return at->begun ? *at
                     : (struct store_sealed_at){
                           .begun = true, .number = t->bytes ? 0 : INT64_MIN, .second = INT64_MIN};
}

static struct db_value key_value(const struct sealed_table *t, const struct store_sealed_at *at)
{
    return t->bytes ? DB_B(BYTES(at->key, at->length)) : DB_I(at->number);
}

static struct store_sealed_at place_of(const struct sealed_table *t, struct db_rows *rows)
{
    struct store_sealed_at at = {.begun = true, .second = db_int(rows, 1)};
    if (t->bytes) {
        struct bytes key = db_blob(rows, 0);
        at.length = key.n < sizeof at.key ? key.n : sizeof at.key;
        memcpy(at.key, key.p ? key.p : (const uint8_t *)"", at.length);
    } else {
        at.number = db_int(rows, 0);
    }
    return at;
}

/* ---- which keys are named ---- */

static bool names_key(struct bytes first, uint32_t *kn)
{
    struct reader in = READER(first);
    bool sealed = first.p && read_u8(&in) == 1;
    *kn = read_u32(&in);
    return sealed && !in.failed;
}

enum ww_err store_sealed_scan(struct ww_op *op, struct store *s, size_t i, struct store_sealed_at *at,
                              size_t limit, void (*each)(void *context, bool sealed, uint32_t key),
                              void *context, bool *more)
{
    const struct sealed_table *t = &tables[i];
    struct store_sealed_at from = start(t, at);
    struct db_rows rows;
    size_t n = 0;
    enum ww_err err = store_query(
        op, s, &rows, t->scan, (const struct db_value[]){key_value(t, &from), DB_I(limit), DB_I(from.second)},
        t->pair ? 3 : 2);
    if (err) {
        return err;
    }
    while ((err = db_next(&rows)) == WW_OK) {
        uint32_t key = 0;
        from = place_of(t, &rows);
        n++;
        if (!db_is_null(&rows, 2)) { /* an event that was erased */
            bool sealed = names_key(db_blob(&rows, 2), &key);
            each(context, sealed, key);
        }
    }
    bool lost = db_lost(&rows);
    store_done(&rows);
    *at = from;
    *more = n == limit;
    return lost ? op_no_memory(op) : err == WW_ENOTFOUND ? WW_OK : err;
}

/* ---- moving ---- */

static void add_part(struct buf *b, enum part part, const struct sealed_row *r)
{
    switch (part) {
    case KEY:
        buf_bytes(b, r->key);
        break;
    case NUMBER64:
        buf_u64(b, (uint64_t)r->number);
        break;
    case SECOND64:
        buf_u64(b, (uint64_t)r->second);
        break;
    case SECOND32:
        buf_u32(b, (uint32_t)r->second);
        break;
    case EXTRA8:
        buf_u8(b, (uint8_t)r->extra);
        break;
    case END:
    default:
        break;
    }
}

/* Opened with the key that it names and sealed with the first: all that is between stays in this
 * operation. WW_ETAMPERED, WW_EKEYMISSING: nobody opens it. */
static enum ww_err seal_again(struct ww_op *op, struct store *s, const struct sealed_table *t,
                              const struct sealed_row *r, struct bytes *blob)
{
    struct buf aad = BUF(&op->arena);
    struct uuid uuid;
    struct bytes pt;
    if (t->of_account && r->uuid.n != sizeof uuid.b) { /* of an account that is gone */
        return store_tampered(op, t->name);
    }
    if (t->of_account) {
        memcpy(uuid.b, r->uuid.p, sizeof uuid.b);
    }
    for (size_t i = 0; i < PARTS; i++) {
        add_part(&aad, t->aad[i], r);
    }
    if (aad.failed) {
        return op_no_memory(op);
    }
    struct place place = {
        .label = t->label, .uuid = t->of_account ? &uuid : NULL, .aad = BYTES(aad.p, aad.n)};
    enum ww_err err = keyring_open(op, s->keyring, place, r->blob, &pt);
    return err ? err : keyring_seal(op, s->keyring, place, pt, blob);
}

/* Where the blob is still the one that was read: who wrote meanwhile has sealed it under the key that is
 * first, or is found by the next walk. */
static enum ww_err move_row(struct ww_op *op, struct store *s, const struct sealed_table *t,
                            const struct sealed_row *r, struct store_sealed_moved *out)
{
    struct bytes blob;
    int64_t changed;
    enum ww_err err = seal_again(op, s, t, r, &blob);
    if (err == WW_ETAMPERED || err == WW_EKEYMISSING) {
        out->closed++;
        return WW_OK;
    }
    err = err ? err
              : store_change(op, s, t->put,
                             (const struct db_value[]){DB_B(blob), t->bytes ? DB_B(r->key) : DB_I(r->number),
                                                       DB_B(r->blob), DB_I(r->second)},
                             t->pair ? 4 : 3, &changed);
    out->moved += err ? 0 : (uint64_t)changed;
    return err;
}

static enum ww_err move_rows(struct ww_op *op, struct store *s, const struct sealed_table *t,
                             struct db_rows *rows, struct store_sealed_moved *out)
{
    enum ww_err err;
    while ((err = db_next(rows)) == WW_OK) {
        struct sealed_row r = {.second = db_int(rows, 1),
                               .blob = db_blob(rows, 2),
                               .uuid = db_blob(rows, 3),
                               .extra = db_int(rows, 4)};
        if (t->bytes) {
            r.key = db_blob(rows, 0);
        } else {
            r.number = db_int(rows, 0);
        }
        err = db_lost(rows) ? op_no_memory(op) : move_row(op, s, t, &r, out);
        if (err) {
            return err;
        }
    }
    return err == WW_ENOTFOUND ? WW_OK : err;
}

enum ww_err store_sealed_move(struct ww_op *op, struct store *s, size_t i, const struct store_sealed_at *from,
                              const struct store_sealed_at *to, struct store_sealed_moved *out)
{
    const struct sealed_table *t = &tables[i];
    struct store_sealed_at after = start(t, from);
    struct buf first = BUF(&op->arena);
    struct db_rows rows;
    buf_u8(&first, 1);
    buf_u32(&first, keyring_first_id(s->keyring));
    if (first.failed) {
        return op_no_memory(op);
    }
    enum ww_err err = store_query(op, s, &rows, t->move,
                                  (const struct db_value[]){key_value(t, &after), key_value(t, to),
                                                            DB_B(BYTES(first.p, first.n)), DB_I(after.second),
                                                            DB_I(to->second)},
                                  t->pair ? 5 : 3);
    if (err) {
        return err;
    }
    err = move_rows(op, s, t, &rows, out);
    store_done(&rows);
    return err;
}
