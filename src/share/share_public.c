/* The signature of public data (vault.md §11). It covers scope, time and name beside the value: who has the
 * server key could else show one's own under a name of the deployment, or a value under another name. */
#include "share_int.h"

#include "curves.h"

/* The digest is over u8 scope ‖ u64 time ‖ u16 name ‖ value. */
static enum ww_err signed_text(struct ww_op *op, const struct public_row *row, struct bytes *out)
{
    struct share_stated x = {"v1.sig-public", &row->owner, row->epoch, &row->id, row->version, {{0}}};
    struct buf said = BUF(&op->arena);
    buf_u8(&said, (uint8_t)row->scope);
    buf_u64(&said, row->time);
    buf_u16_bytes(&said, row->name);
    struct bytes parts[] = {buf_done(&said), row->value};
    if (!parts[0].p) {
        return op_no_memory(op);
    }
    derive_parts(&x.digest, NULL, "digest", NULL, parts, 2);
    return share_statement(op, &x, out);
}

enum ww_err share_public_sign(struct ww_op *op, const struct key *seed, struct public_row *row)
{
    struct bytes text;
    enum ww_err err = signed_text(op, row, &text);
    if (!err) {
        curves_sign(row->signature, seed, text);
    }
    return err;
}

enum ww_err share_public_verify(struct ww_op *op, const struct share_chain *c, const struct public_row *row)
{
    struct bytes text;
    const struct epoch_row *signer = share_chain_epoch(c, row->epoch);
    enum ww_err err = signed_text(op, row, &text);
    if (err) {
        return err;
    }
    bool good =
        signer && c->good[row->epoch - 1] && curves_verify(row->signature, &signer->sign_key, text) == WW_OK;
    return good ? WW_OK
                : op_fail(op, WW_ETAMPERED, "vault_tampered",
                          "stored data is not what was written (signature)");
}
