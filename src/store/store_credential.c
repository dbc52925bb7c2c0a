/* credentials: a row is good only when the record lists its id. */
#include "store_int.h"

#include <string.h>

/* Account, id and kind: a password's row cannot stand for a recovery code, nor one person's for another's. */
static struct place place(const struct record *r, struct bytes aad)
{
    return (struct place){.label = "cred", .uuid = &r->uuid, .aad = aad};
}

/* Id and kind are in the seal: a row that is moved to another credential, or given another kind, does not
 * open. */
static struct bytes aad_of(uint8_t out[17], const struct uuid *id, enum credential_kind kind)
{
    for (size_t i = 0; i < sizeof id->b; i++) {
        out[i] = id->b[i];
    }
    out[16] = (uint8_t)kind;
    return BYTES(out, 17);
}

/* Sealed under the server key although a slot is sealed already: salts and formats tell a thief whom to try
 * first. */
enum ww_err store_credential_insert(struct ww_op *op, struct store *s, const struct record *r,
                                    const struct credential_row *c)
{
    uint8_t aad[17];
    struct bytes blob;
    struct buf b = BUF(&op->arena);
    buf_u16_bytes(&b, c->public_part);
    buf_bytes(&b, c->slot);
    enum ww_err err = buf_done(&b).p ? WW_OK : op_no_memory(op);
    if (err ||
        (err = keyring_seal(op, s->keyring, place(r, aad_of(aad, &c->id, c->kind)), buf_done(&b), &blob))) {
        return err;
    }
    return store_exec(op, s,
                      "INSERT INTO credentials (id, account, kind, hot, blob) VALUES ($1, $2, $3, $4, $5)",
                      DB_ARGS(DB_B(BYTES_OF(c->id)), DB_I(r->id), DB_I(c->kind), DB_I(c->hot), DB_B(blob)));
}

/* With the account in the condition, as all rows of an account are found. */
enum ww_err store_credential_delete(struct ww_op *op, struct store *s, const struct record *r,
                                    const struct uuid *id)
{
    return store_exec(op, s, "DELETE FROM credentials WHERE id = $1 AND account = $2",
                      DB_ARGS(DB_B(BYTES_OF(*id)), DB_I(r->id)));
}

/* The content must be exactly what was written: nothing behind the slot. */
static enum ww_err open_row(struct ww_op *op, struct store *s, const struct record *r, struct bytes blob,
                            struct credential_row *row)
{
    uint8_t aad[17];
    struct bytes pt;
    enum ww_err err = keyring_open(op, s->keyring, place(r, aad_of(aad, &row->id, row->kind)), blob, &pt);
    if (err) {
        return err;
    }
    struct reader in = READER(pt);
    row->public_part = read_u16_bytes(&in);
    row->slot = read_rest(&in);
    return in.failed ? store_tampered(op, "credential") : WW_OK;
}

/* A row that the record lists and that is not there is tampering, never "no such credential". */
enum ww_err store_credential_load(struct ww_op *op, struct store *s, const struct record *r,
                                  const struct uuid *id, struct credential_row *out)
{
    struct db_rows rows;
    enum ww_err err =
        store_one(op, s, &rows, "SELECT kind, hot, blob FROM credentials WHERE id = $1 AND account = $2",
                  DB_ARGS(DB_B(BYTES_OF(*id)), DB_I(r->id)));
    if (err) {
        return err == WW_ENOTFOUND ? store_tampered(op, "credential missing") : err;
    }
    *out = (struct credential_row){
        .id = *id, .kind = (enum credential_kind)db_int(&rows, 0), .hot = db_int(&rows, 1)};
    struct bytes blob = db_blob(&rows, 2);
    bool lost = db_lost(&rows);
    store_done(&rows);
    if (lost) {
        return op_no_memory(op);
    }
    const struct record_credential *listed = store_record_credential(r, id);
    /* The record alone says what counts. A row that somebody planted is not listed; the plain kind must be
     * the sealed one's. */
    if (!listed || listed->kind != out->kind) {
        return store_tampered(op, "credential kind");
    }
    return open_row(op, s, r, blob, out);
}

enum ww_err store_credential_load_kind(struct ww_op *op, struct store *s, const struct record *r,
                                       enum credential_kind kind, uint32_t generation,
                                       struct credential_row *out, size_t most, size_t *n)
{
    struct db_rows rows;
    size_t listed = 0;
    *n = 0;
    for (size_t i = 0; r && i < r->credential_count; i++) {
        listed += r->credentials[i].kind == kind && r->credentials[i].root_generation == generation;
    }
    enum ww_err err =
        store_query(op, s, &rows, "SELECT id, hot, blob FROM credentials WHERE account = $1 AND kind = $2",
                    /* Ids begin at 1: for nobody the same statement runs and finds nothing, so that the
                     * time tells nothing. */
                    DB_ARGS(DB_I(r ? r->id : 0), DB_I(kind)));
    if (err) {
        return err;
    }
    while (!err && *n < most && (err = db_next(&rows)) == WW_OK) {
        struct credential_row *row = &out[*n];
        struct bytes id = db_blob(&rows, 0);
        *row = (struct credential_row){.kind = kind, .hot = db_int(&rows, 1)};
        struct bytes blob = db_blob(&rows, 2);
        if (id.n == sizeof row->id.b && blob.p) {
            memcpy(row->id.b, id.p, sizeof row->id.b);
            const struct record_credential *c = r ? store_record_credential(r, &row->id) : NULL;
            if (c && c->kind == kind && c->root_generation == generation &&
                !(err = open_row(op, s, r, blob, row))) {
                ++*n; /* a row that the record does not list counts for nothing */
            }
        }
    }
    bool lost = db_lost(&rows);
    store_done(&rows);
    if (lost) {
        return op_no_memory(op);
    }
    if (err && err != WW_ENOTFOUND) {
        return err;
    }
    /* A code that somebody deleted from the table is noticed, not just gone. */
    return *n == listed ? WW_OK : store_tampered(op, "credential missing");
}
