/* accounts: the record of vault.md §6. */
#include "store_int.h"

#include <string.h>

enum { RECORD_FORMAT = 1 };

/* Bound to the UUID and to the integer id: rows exchanged, or an id given out twice, do not open. */
static struct place place(const struct uuid *uuid, const uint8_t aad[8])
{
    return (struct place){.label = "record", .uuid = uuid, .aad = BYTES(aad, 8)};
}

static void id_bytes(uint8_t out[8], int64_t id)
{
    for (int i = 0; i < 8; i++) {
        /* Big-endian, as all integers that are sealed or hashed (vault.md §3). */
        out[i] = (uint8_t)((uint64_t)id >> (56 - 8 * i));
    }
}

static enum ww_err encode(struct ww_op *op, const struct record *r, struct bytes *out)
{
    struct buf b = BUF(&op->arena);
    buf_u8(&b, RECORD_FORMAT);
    buf_u64(&b, r->seq);
    /* The least number that the vault may have: the vault holds the same of the record (vault.md §6). */
    buf_u64(&b, r->vault_floor);
    /* One number ends all sessions at once. */
    buf_u32(&b, r->session_generation);
    buf_u8(&b, r->state);
    buf_u8(&b, r->flags);
    buf_u32(&b, r->root_generation);
    buf_add(&b, r->vid.b, sizeof r->vid.b);
    buf_add(&b, r->root_check.b, sizeof r->root_check.b);
    buf_u32(&b, r->epoch);
    buf_add(&b, r->box_key.b, sizeof r->box_key.b);
    buf_add(&b, r->sign_key.b, sizeof r->sign_key.b);
    buf_u16(&b, (uint16_t)r->credential_count);
    for (size_t i = 0; i < r->credential_count; i++) {
        const struct record_credential *c = &r->credentials[i];
        buf_add(&b, c->id.b, sizeof c->id.b);
        buf_u8(&b, c->kind);
        buf_u8(&b, c->role);
        buf_u32(&b, c->root_generation);
        buf_u64(&b, c->added);
    }
    buf_u8(&b, (uint8_t)r->waiting_count);
    for (size_t i = 0; i < r->waiting_count; i++) {
        const struct record_waiting *w = &r->waiting[i];
        buf_add(&b, w->vid.b, sizeof w->vid.b);
        buf_u32(&b, w->generation);
        buf_add(&b, w->root_check.b, sizeof w->root_check.b);
        buf_u32(&b, w->epoch);
        buf_u64(&b, w->floor);
        buf_add(&b, w->stored.b, sizeof w->stored.b);
        buf_u64(&b, w->since);
        buf_u64(&b, w->kept_until);
    }
    store_identity_write(&b, &r->identity);
    *out = buf_done(&b);
    /* Tested after writing, since the bytes are thrown away with the error; what the counts hold must not
     * be cut silently. */
    if (r->credential_count > UINT16_MAX || r->waiting_count > UINT8_MAX) {
        return op_fail(op, WW_EFULL, "record_full", "the account has too many credentials");
    }
    return out->p ? WW_OK : op_no_memory(op);
}

static enum ww_err decode_lists(struct ww_op *op, struct reader *in, struct record *r)
{
    /* At most 65,535 by its type. Past the end the reader gives zeros, and decode refuses the whole. */
    r->credential_count = read_u16(in);
    r->credentials = ARENA_ARRAY(&op->arena, r->credential_count, struct record_credential);
    for (size_t i = 0; r->credentials && i < r->credential_count; i++) {
        struct record_credential *c = &r->credentials[i];
        read_copy(in, c->id.b, sizeof c->id.b);
        /* Kinds that this version does not know are kept as they are: writing the record must not lose them.
         */
        c->kind = read_u8(in);
        c->role = read_u8(in);
        c->root_generation = read_u32(in);
        c->added = read_u64(in);
    }
    r->waiting_count = read_u8(in);
    r->waiting = ARENA_ARRAY(&op->arena, r->waiting_count, struct record_waiting);
    for (size_t i = 0; r->waiting && i < r->waiting_count; i++) {
        struct record_waiting *w = &r->waiting[i];
        read_copy(in, w->vid.b, sizeof w->vid.b);
        w->generation = read_u32(in);
        read_copy(in, w->root_check.b, sizeof w->root_check.b);
        w->epoch = read_u32(in);
        w->floor = read_u64(in);
        read_copy(in, w->stored.b, sizeof w->stored.b);
        w->since = read_u64(in);
        w->kept_until = read_u64(in);
    }
    return r->credentials && r->waiting ? WW_OK : op_no_memory(op);
}

static enum ww_err decode(struct ww_op *op, struct bytes pt, struct record *r)
{
    struct reader in = READER(pt);
    uint8_t format = read_u8(&in);
    r->seq = read_u64(&in);
    r->vault_floor = read_u64(&in);
    r->session_generation = read_u32(&in);
    r->state = read_u8(&in);
    r->flags = read_u8(&in);
    r->root_generation = read_u32(&in);
    read_copy(&in, r->vid.b, sizeof r->vid.b);
    read_copy(&in, r->root_check.b, sizeof r->root_check.b);
    r->epoch = read_u32(&in);
    read_copy(&in, r->box_key.b, sizeof r->box_key.b);
    read_copy(&in, r->sign_key.b, sizeof r->sign_key.b);
    enum ww_err err = decode_lists(op, &in, r);
    if (err) {
        return err;
    }
    /* A format of a later version counts as damage too: to go on with half of what it says could weaken a
     * factor. */
    if (in.failed || format != RECORD_FORMAT) {
        return store_tampered(op, "record");
    }
    /* Last in the record, so that it needs no length of its own. */
    struct js *json;
    err = js_read_own(&op->arena, read_rest(&in), &json);
    if (err) {
        return err == WW_EINVAL ? store_tampered(op, "record") : op_no_memory(op);
    }
    return store_identity_read(op, json, &r->identity);
}

enum ww_err store_record_decode(struct ww_op *op, struct store *s, int64_t id, struct bytes uuid, int64_t seq,
                                struct bytes blob, struct record **out)
{
    uint8_t aad[8];
    struct bytes pt;
    struct record *r = ARENA_NEW(&op->arena, struct record);
    enum ww_err err = WW_EINTERNAL;

    *out = NULL;
    if (!r) {
        return op_no_memory(op);
    }
    /* Types and lengths of columns are the database writer's to choose. */
    if (!uuid.p || uuid.n != sizeof r->uuid.b || !blob.p) {
        return store_tampered(op, "accounts row");
    }
    /* From the row: the seal says whether it is the right one. */
    r->id = id;
    memcpy(r->uuid.b, uuid.p, sizeof r->uuid.b);
    id_bytes(aad, id);
    if ((err = store_unseal(op, s, place(&r->uuid, aad), blob, &pt)) || (err = decode(op, pt, r))) {
        return err;
    }
    if (r->seq != (uint64_t)seq) { /* the plain column is an index and never believed */
        return store_tampered(op, "accounts.seq");
    }
    *out = r;
    return WW_OK;
}

/* Whatever opens a record comes through here, so that none is used that is older than this node has seen. */
enum ww_err store_record_open(struct ww_op *op, struct store *s, int64_t id, struct bytes uuid, int64_t seq,
                              struct bytes blob, struct record **out)
{
    enum ww_err err = store_record_decode(op, s, id, uuid, seq, blob, out);
    return err ? err : store_witness_record(op, s, *out);
}

static enum ww_err seal_record(struct ww_op *op, struct store *s, const struct record *r, struct bytes *blob)
{
    uint8_t aad[8];
    struct bytes pt;
    enum ww_err err = encode(op, r, &pt);
    id_bytes(aad, r->id);
    return err ? err : store_seal(op, s, place(&r->uuid, aad), pt, blob);
}

enum ww_err store_record_insert(struct ww_op *op, struct store *s, struct record *r)
{
    struct db_rows rows;
    struct bytes blob;
    r->seq = 1;
    enum ww_err err = store_one(
        op, s, &rows, "INSERT INTO accounts (uuid, seq, created, blob) VALUES ($1, $2, $3, $4) RETURNING id",
        /* The blob holds the id that the database gives, so the row is made empty and filled in the same
         * transaction: nobody sees it between. */
        DB_ARGS(DB_B(BYTES_OF(r->uuid)), DB_I(r->seq), DB_I(r->identity.created), DB_B(BYTES("", 0))));
    if (err) {
        /* RETURNING always gives a row; without one there is no id to seal. */
        return err == WW_ENOTFOUND ? op_fail(op, WW_EINTERNAL, "no_id", "the database gave no id") : err;
    }
    r->id = db_int(&rows, 0);
    store_done(&rows);
    if ((err = store_witness_new_id(op, s, r->id)) || (err = seal_record(op, s, r, &blob)) ||
        (err = store_change_one(op, s, "UPDATE accounts SET blob = $1 WHERE id = $2",
                                DB_ARGS(DB_B(blob), DB_I(r->id))))) {
        return err;
    }
    return store_witness_raise(op, s, r->id, (struct witness_seen){.record = r->seq});
}

enum ww_err store_record_raise(struct ww_op *op, struct store *s, struct record *r, uint64_t above)
{
    struct bytes blob;
    uint64_t before = r->seq;
    /* The number that other writers must still find: with it a lost update cannot happen, and every state
     * of a record is told from every other. */
    r->seq = above + 1;
    enum ww_err err = seal_record(op, s, r, &blob);
    if (err == WW_OK) {
        err = store_change_one(op, s, "UPDATE accounts SET seq = $1, blob = $2 WHERE id = $3 AND seq = $4",
                               DB_ARGS(DB_I(r->seq), DB_B(blob), DB_I(r->id), DB_I(before)));
    }
    if (err) {
        /* As it was, for the caller that repeats with the same struct. */
        r->seq = before;
        return err;
    }
    return store_witness_raise(op, s, r->id, (struct witness_seen){.record = r->seq});
}

enum ww_err store_record_update(struct ww_op *op, struct store *s, struct record *r)
{
    return store_record_raise(op, s, r, r->seq);
}

static enum ww_err load(struct ww_op *op, struct store *s, const char *sql, struct db_value key,
                        struct record **out)
{
    struct db_rows rows;
    *out = NULL;
    enum ww_err err = store_one(op, s, &rows, sql, &key, 1);
    if (err) {
        return err;
    }
    int64_t id = db_int(&rows, 0), seq = db_int(&rows, 2);
    struct bytes uuid = db_blob(&rows, 1), blob = db_blob(&rows, 3);
    bool lost = db_lost(&rows);
    store_done(&rows);
    return lost ? op_no_memory(op) : store_record_open(op, s, id, uuid, seq, blob, out);
}

enum ww_err store_record_load(struct ww_op *op, struct store *s, int64_t id, bool lock, struct record **out)
{
    return load(op, s,
                lock ? "SELECT id, uuid, seq, blob FROM accounts WHERE id = $1" DB_FOR_UPDATE
                     : "SELECT id, uuid, seq, blob FROM accounts WHERE id = $1",
                DB_I(id), out);
}

enum ww_err store_record_load_uuid(struct ww_op *op, struct store *s, const struct uuid *uuid, bool lock,
                                   struct record **out)
{
    return load(op, s,
                lock ? "SELECT id, uuid, seq, blob FROM accounts WHERE uuid = $1" DB_FOR_UPDATE
                     : "SELECT id, uuid, seq, blob FROM accounts WHERE uuid = $1",
                DB_B(BYTES_OF(*uuid)), out);
}

/* By id and not by OFFSET, which would read all rows before the page again. */
enum ww_err store_record_list(struct ww_op *op, struct store *s, int64_t after, size_t limit,
                              struct record ***out, size_t *n)
{
    struct db_rows rows;
    struct record **list = ARENA_ARRAY(&op->arena, limit, struct record *);
    *out = list;
    *n = 0;
    if (!list) {
        return op_no_memory(op);
    }
    enum ww_err err = store_query(
        op, s, &rows, "SELECT id, uuid, seq, blob FROM accounts WHERE id > $1 ORDER BY id LIMIT $2",
        DB_ARGS(DB_I(after), DB_I(limit)));
    /* A lost race: the caller reads the record again. */
    if (err) {
        return err;
    }
    while (*n < limit && (err = db_next(&rows)) == WW_OK) {
        struct bytes uuid = db_blob(&rows, 1), blob = db_blob(&rows, 3);
        if (db_lost(&rows)) {
            err = op_no_memory(op);
            break;
        }
        /* One damaged record ends the list: an administrator who saw the others only would not look for it.
         */
        if ((err = store_record_open(op, s, db_int(&rows, 0), uuid, db_int(&rows, 2), blob, &list[*n]))) {
            break;
        }
        ++*n;
    }
    store_done(&rows);
    return err == WW_ENOTFOUND ? WW_OK : err;
}

/* Reads an index from end to end: for those who ask for a total only. */
enum ww_err store_record_count(struct ww_op *op, struct store *s, uint64_t *n)
{
    struct db_rows rows;
    *n = 0;
    enum ww_err err = store_one(op, s, &rows, "SELECT count(*) FROM accounts", NULL, 0);
    if (err == WW_OK) {
        *n = (uint64_t)db_int(&rows, 0);
        store_done(&rows);
    }
    return err;
}

/* epochs and audit stay: epochs outlive the account, audit rows are erased by their own module. */
enum ww_err store_record_delete(struct ww_op *op, struct store *s, struct record *r)
{
    static const char *const statements[] = {
        /* What others have shared with this account goes too: nobody is left to open it. */
        "DELETE FROM wraps WHERE recipient = (SELECT uuid FROM accounts WHERE id = $1)",
        "DELETE FROM wraps WHERE sender = (SELECT uuid FROM accounts WHERE id = $1)",
        "DELETE FROM shares WHERE sender = (SELECT uuid FROM accounts WHERE id = $1)",
        "DELETE FROM leaves WHERE vid IN (SELECT vid FROM vaults WHERE account = $1)",
        "DELETE FROM vaults WHERE account = $1",
        "DELETE FROM items WHERE account = $1",
        "DELETE FROM publics WHERE account = $1", /* a name of the deployment is free then */
        "DELETE FROM sessions WHERE account = $1",
        "DELETE FROM credentials WHERE account = $1",
        "DELETE FROM search WHERE account = $1",
        "DELETE FROM identifiers WHERE account = $1",
    };
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        enum ww_err err = store_exec(op, s, statements[i], DB_ARGS(DB_I(r->id)));
        if (err) {
            return err;
        }
    }
    enum ww_err err = store_change_one(op, s, "DELETE FROM accounts WHERE id = $1 AND seq = $2",
                                       DB_ARGS(DB_I(r->id), DB_I(r->seq)));
    return err ? err
               : store_witness_raise(op, s, r->id, (struct witness_seen){WITNESS_DELETED, WITNESS_DELETED});
}

struct record_credential *store_record_credential(const struct record *r, const struct uuid *id)
{
    for (size_t i = 0; i < r->credential_count; i++) {
        if (uuid_equal(r->credentials[i].id, *id)) {
            return &r->credentials[i];
        }
    }
    return NULL;
}

struct record_waiting *store_record_waiting(const struct record *r, const struct uuid *vid)
{
    for (size_t i = 0; i < r->waiting_count; i++) {
        if (uuid_equal(r->waiting[i].vid, *vid)) {
            return &r->waiting[i];
        }
    }
    return NULL;
}
