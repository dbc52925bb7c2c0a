/* publics (vault.md §§5, 11): data for every user, sealed under the server key. Who signed it, and that what
 * is sealed is what was asked for, is for the caller to see. */
#include "store_public.h"

#include "store_int.h"

#include <string.h>

/* One index for both scopes: a name of the deployment has nobody's UUID before it. */
void store_public_tag(const struct store *s, const struct public_row *row, const struct uuid *owner,
                      struct key *tag)
{
    static const struct uuid nobody;
    uint8_t scope = (uint8_t)row->scope;
    struct bytes parts[] = {BYTES(&scope, 1), BYTES_OF(*(row->scope == PUBLIC_OWN ? owner : &nobody)),
                            row->name};
    derive_parts(tag, keyring_ik(s->keyring), "public-tag", NULL, parts, 3);
}

static struct place place_of(const struct uuid *id, const struct uuid *owner)
{
    return (struct place){.label = "public", .uuid = owner, .aad = BYTES_OF(*id)};
}

static enum ww_err seal_row(struct ww_op *op, struct store *s, const struct uuid *owner,
                            const struct public_row *row, struct bytes *blob)
{
    struct bytes padded;
    struct buf b = BUF(&op->arena);
    buf_u8(&b, (uint8_t)row->scope);
    buf_u64(&b, row->version);
    buf_u64(&b, row->time);
    buf_u32(&b, row->epoch);
    buf_add(&b, row->signature, sizeof row->signature);
    buf_u16_bytes(&b, row->name);
    buf_bytes(&b, row->value);
    enum ww_err err = buf_done(&b).p ? pad(&op->arena, buf_done(&b), &padded) : WW_ENOMEM;
    return err ? op_fail(op, err, "item_too_large", "%s", ww_err_text(err))
               : keyring_seal(op, s->keyring, place_of(&row->id, owner), padded, blob);
}

static enum ww_err open_row(struct ww_op *op, struct store *s, const struct uuid *owner, struct bytes blob,
                            struct public_row *row)
{
    struct bytes padded, pt;
    enum ww_err err = keyring_open(op, s->keyring, place_of(&row->id, owner), blob, &padded);
    if (err || (err = unpad(op, padded, &pt))) {
        return err;
    }
    struct reader in = READER(pt);
    uint8_t scope = read_u8(&in);
    row->scope = scope ? PUBLIC_OWN : PUBLIC_DEPLOYMENT;
    row->version = read_u64(&in);
    row->time = read_u64(&in);
    row->epoch = read_u32(&in);
    read_copy(&in, row->signature, sizeof row->signature);
    row->name = read_u16_bytes(&in);
    row->value = read_rest(&in);
    return in.failed || scope > 1 ? store_tampered(op, "public") : WW_OK;
}

/* id, account, uuid, blob. A row of nobody is no row of ours. */
static enum ww_err read_row(struct ww_op *op, struct store *s, struct db_rows *rows, struct public_row *out)
{
    struct bytes id = db_blob(rows, 0), uuid = db_blob(rows, 2), blob = db_blob(rows, 3);
    *out = (struct public_row){.account = db_int(rows, 1)};
    if (db_lost(rows)) {
        return op_no_memory(op);
    }
    if (id.n != sizeof out->id.b || !uuid.p || uuid.n != sizeof out->owner.b) {
        return store_tampered(op, "public");
    }
    memcpy(out->id.b, id.p, id.n);
    memcpy(out->owner.b, uuid.p, uuid.n);
    return open_row(op, s, &out->owner, blob, out);
}

#define PUBLIC_ROW                                                                                           \
    "SELECT p.id, p.account, a.uuid, p.blob FROM publics p LEFT JOIN accounts a ON a.id = p.account"

enum ww_err store_public_find(struct ww_op *op, struct store *s, const struct key *tag,
                              struct public_row *out)
{
    struct db_rows rows;
    enum ww_err err = store_one(op, s, &rows, PUBLIC_ROW " WHERE p.tag = $1", DB_ARGS(DB_B(BYTES_OF(*tag))));
    *out = (struct public_row){0};
    if (err) {
        return err == WW_ENOTFOUND ? op_fail(op, err, "item_not_found", "nothing is public under this name")
                                   : err;
    }
    err = read_row(op, s, &rows, out);
    store_done(&rows);
    return err;
}

enum ww_err store_public_next(struct ww_op *op, struct store *s, int64_t account, struct bytes after,
                              struct public_row *out)
{
    struct db_rows rows;
    enum ww_err err =
        store_one(op, s, &rows, PUBLIC_ROW " WHERE p.account = $1 AND p.id > $2 ORDER BY p.id LIMIT 1",
                  DB_ARGS(DB_I(account), DB_B(after)));
    *out = (struct public_row){0};
    if (err) {
        return err;
    }
    err = read_row(op, s, &rows, out);
    store_done(&rows);
    return err;
}

enum ww_err store_public_insert(struct ww_op *op, struct store *s, const struct public_row *row)
{
    struct key tag;
    struct bytes blob;
    enum ww_err err = seal_row(op, s, &row->owner, row, &blob);
    if (err) {
        return err;
    }
    store_public_tag(s, row, &row->owner, &tag);
    err = store_exec(op, s, "INSERT INTO publics (id, tag, account, blob) VALUES ($1, $2, $3, $4)",
                     DB_ARGS(DB_B(BYTES_OF(row->id)), DB_B(BYTES_OF(tag)), DB_I(row->account), DB_B(blob)));
    /* The unique index decides who gets a name of the deployment. */
    return err == WW_ECONFLICT ? op_fail_field(op, err, "name_taken", "name", "this name is taken") : err;
}

enum ww_err store_public_update(struct ww_op *op, struct store *s, const struct public_row *row)
{
    struct bytes blob;
    enum ww_err err = seal_row(op, s, &row->owner, row, &blob);
    return err ? err
               : store_change_one(op, s, "UPDATE publics SET blob = $1 WHERE id = $2 AND account = $3",
                                  DB_ARGS(DB_B(blob), DB_B(BYTES_OF(row->id)), DB_I(row->account)));
}

enum ww_err store_public_delete(struct ww_op *op, struct store *s, const struct public_row *row)
{
    return store_change_one(op, s, "DELETE FROM publics WHERE id = $1 AND account = $2",
                            DB_ARGS(DB_B(BYTES_OF(row->id)), DB_I(row->account)));
}

/* Of a row that bears the tag of before (vault.md §13): one that somebody moved keeps it, and nobody finds
 * it. */
enum ww_err store_public_retag(struct ww_op *op, struct store *s, const struct public_row *row,
                               const struct key *old, const struct key *tag)
{
    return store_exec(
        op, s, "UPDATE publics SET tag = $1 WHERE id = $2 AND account = $3 AND tag = $4",
        DB_ARGS(DB_B(BYTES_OF(*tag)), DB_B(BYTES_OF(row->id)), DB_I(row->account), DB_B(BYTES_OF(*old))));
}
