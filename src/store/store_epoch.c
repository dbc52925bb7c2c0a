/* epochs (vault.md §§5, 8): the public keys of accounts and what speaks for them, under the server key. */
#include "store_int.h"
#include "store_share.h"

/* Under the server key, although public keys are inside: a thief of the database must not get even those
 * (vault.md §4). Epochs outlive their account, so the place names its UUID and not the id of a row. */
static struct place epoch_place(const struct uuid *account, uint8_t aad[4], uint32_t n)
{
    for (int i = 0; i < 4; i++) {
        aad[i] = (uint8_t)(n >> (24 - 8 * i));
    }
    return (struct place){.label = "epoch", .uuid = account, .aad = BYTES(aad, 4)};
}

/* v1.sig-epoch (16, zero-padded) ‖ uuid ‖ u32 n ‖ box key ‖ sign key */
enum ww_err store_epoch_statement(struct ww_op *op, const struct uuid *account, const struct epoch_row *e,
                                  struct bytes *out)
{
    static const char label[16] = "v1.sig-epoch";
    struct buf b = BUF(&op->arena);
    buf_add(&b, label, sizeof label);
    buf_add(&b, account->b, sizeof account->b);
    buf_u32(&b, e->n);
    buf_add(&b, e->box_key.b, sizeof e->box_key.b);
    buf_add(&b, e->sign_key.b, sizeof e->sign_key.b);
    *out = buf_done(&b);
    return out->p ? WW_OK : op_no_memory(op);
}

enum ww_err store_epoch_insert(struct ww_op *op, struct store *s, const struct uuid *account,
                               const struct epoch_row *e)
{
    uint8_t aad[4];
    struct bytes blob;
    struct buf b = BUF(&op->arena);
    buf_u32(&b, e->n);
    buf_add(&b, e->box_key.b, sizeof e->box_key.b);
    buf_add(&b, e->sign_key.b, sizeof e->sign_key.b);
    /* Whether a new chain begins here: contacts that pinned the one before are told (vault.md §11). */
    buf_u8(&b, e->start);
    buf_u64(&b, e->begun);
    buf_add(&b, e->signature, sizeof e->signature);
    enum ww_err err = buf_done(&b).p ? WW_OK : op_no_memory(op);
    if (err || (err = keyring_seal(op, s->keyring, epoch_place(account, aad, e->n), buf_done(&b), &blob))) {
        return err;
    }
    return store_exec(op, s, "INSERT INTO epochs (uuid, n, blob) VALUES ($1, $2, $3)",
                      DB_ARGS(DB_B(BYTES_OF(*account)), DB_I(e->n), DB_B(blob)));
}

static enum ww_err open_epoch(struct ww_op *op, struct store *s, const struct uuid *account, uint32_t n,
                              struct bytes blob, struct epoch_row *out)
{
    uint8_t aad[4];
    struct bytes pt;
    enum ww_err err = keyring_open(op, s->keyring, epoch_place(account, aad, n), blob, &pt);
    *out = (struct epoch_row){0};
    if (err) {
        return err;
    }
    struct reader in = READER(pt);
    out->n = read_u32(&in);
    read_copy(&in, out->box_key.b, sizeof out->box_key.b);
    read_copy(&in, out->sign_key.b, sizeof out->sign_key.b);
    out->start = read_u8(&in) != 0;
    out->begun = read_u64(&in);
    read_copy(&in, out->signature, sizeof out->signature);
    return in.failed || in.n || out->n != n ? store_tampered(op, "epoch") : WW_OK;
}

enum ww_err store_epoch_list(struct ww_op *op, struct store *s, const struct uuid *account, uint32_t last,
                             struct epoch_row **out)
{
    struct db_rows rows;
    uint32_t n = 0;
    *out = NULL;
    enum ww_err err =
        store_query(op, s, &rows, "SELECT n, blob FROM epochs WHERE uuid = $1 AND n <= $2 ORDER BY n",
                    DB_ARGS(DB_B(BYTES_OF(*account)), DB_I(last)));
    if (err) {
        return err;
    }
    struct epoch_row *list = ARENA_ARRAY(&op->arena, last, struct epoch_row);
    err = list ? WW_OK : op_no_memory(op);
    while (!err && n < last && (err = db_next(&rows)) == WW_OK) {
        struct bytes blob = db_blob(&rows, 1);
        if (db_lost(&rows)) {
            err = op_no_memory(op);
        } else if (db_int(&rows, 0) != (int64_t)n + 1) {
            err = store_tampered(op, "epoch missing");
        } else {
            err = open_epoch(op, s, account, n + 1, blob, &list[n]);
            n++;
        }
    }
    store_done(&rows);
    *out = list;
    return err == WW_ENOTFOUND ? store_tampered(op, "epoch missing") : err;
}
