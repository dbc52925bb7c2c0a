/* Slots: the root key sealed under what one credential knows (vault.md §7). There is no other test of a
 * secret that opens: one that opens its slot is right. */
#include "cred_int.h"

#include <string.h>

/* ikm = D(–, ikm, uuid, u8 kind ‖ secret) */
static void make_ikm(struct key *out, const struct uuid *account, enum credential_kind kind,
                     struct bytes secret)
{
    /* The kind and the account are in it: one secret used as password and as code, or by two people, gives
     * different keys. */
    uint8_t k = (uint8_t)kind;
    struct bytes parts[] = {BYTES(&k, 1), secret};
    derive_parts(out, NULL, "ikm", account, parts, 2);
}

/* id ‖ u8 kind ‖ kdf */
static struct bytes slot_aad(struct ww_op *op, const struct credential_row *row)
{
    struct buf b = BUF(&op->arena);
    buf_add(&b, row->id.b, sizeof row->id.b);
    buf_u8(&b, (uint8_t)row->kind);
    /* Salt and parameters are authenticated by the slot itself: who lowers them in a row makes another
     * key, and the slot stays shut. */
    buf_bytes(&b, row->public_part);
    return buf_done(&b);
}

enum ww_err cred_slot_seal(struct ww_op *op, const struct record *r, struct bytes secret,
                           const struct key *root, struct credential_row *row)
{
    KEY32(ikm);
    struct bytes aad = slot_aad(op, row);
    if (!aad.p) {
        return op_no_memory(op);
    }
    make_ikm(&ikm, &r->uuid, row->kind, secret);
    return seal(op, &ikm, (struct place){"slot", &r->uuid, r->root_generation, aad}, BYTES_OF(*root),
                &row->slot);
}

enum ww_err cred_slot_open(struct ww_op *op, const struct record *r, const struct record_credential *listed,
                           const struct credential_row *row, struct bytes secret, struct key **root)
{
    KEY32(ikm);
    struct bytes pt, aad = slot_aad(op, row);
    *root = NULL;
    if (!aad.p) {
        return op_no_memory(op);
    }
    make_ikm(&ikm, &r->uuid, row->kind, secret);
    enum ww_err err =
        seal_try(op, &ikm, (struct place){"slot", &r->uuid, listed->root_generation, aad}, row->slot, &pt);
    if (err) {
        return err == WW_EDENIED ? cred_refuse_wrong(op) : err;
    }
    if (pt.n != sizeof(*root)->b) {
        return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (slot)");
    }
    *root = ARENA_NEW(&op->arena, struct key);
    if (!*root) {
        return op_no_memory(op);
    }
    memcpy((*root)->b, pt.p, pt.n);
    return WW_OK;
}
