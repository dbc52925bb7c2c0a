/* The ring and its epochs (vault.md §8): R opens the ring, the ring holds the secrets of all epochs. A new
 * epoch or a new R changes ring, head, record and the epoch's row; no item is encrypted again, since their
 * keys move with the head. */
#include "vault_int.h"

#include <string.h>

#include "curves.h"
#include "store_share.h"

enum { RING_FORMAT = 1, EPOCH_LENGTH = 4 + 8 + 32 };

static struct place ring_place(const struct vault *v)
{
    return (struct place){"ring", &v->account_uuid, v->generation, BYTES_OF(v->vid)};
}

enum ww_err vault_seal_padded(struct ww_op *op, const struct key *key, struct place where,
                              const struct buf *b, struct bytes *blob)
{
    struct bytes padded;
    enum ww_err err = buf_done(b).p ? pad(&op->arena, buf_done(b), &padded) : WW_ENOMEM;
    return err ? op_fail(op, err, "value_too_large", "%s", ww_err_text(err))
               : seal(op, key, where, padded, blob);
}

enum ww_err vault_open_padded(struct ww_op *op, const struct key *key, struct place where, struct bytes blob,
                              struct bytes *pt)
{
    struct bytes padded;
    enum ww_err err = seal_open(op, key, where, blob, &padded);
    return err ? err : unpad(op, padded, pt);
}

/* D(E_n, label, uuid, u32 n): the X25519 secret and the Ed25519 seed. Derived and not stored: the ring has
 * one secret for each epoch. */
static void epoch_key(struct key *out, const struct vault *v, const struct epoch *e, const char *label)
{
    uint8_t n[4] = {(uint8_t)(e->n >> 24), (uint8_t)(e->n >> 16), (uint8_t)(e->n >> 8), (uint8_t)e->n};
    derive(out, &e->secret, label, &v->account_uuid, BYTES(n, 4));
}

enum ww_err vault_ring_add(struct ww_op *op, struct record *r, struct vault *v)
{
    KEY32(box_secret);
    KEY32(sign_seed);
    struct epoch *list = ARENA_ARRAY(&op->arena, v->epoch_count + 1, struct epoch);
    if (!list) {
        return op_no_memory(op);
    }
    if (v->epoch_count) {
        memcpy(list, v->epochs, v->epoch_count * sizeof *list);
    }
    struct epoch *e = &list[v->epoch_count++];
    /* From the record, not from the ring: after a new vault the numbers go on, so that no number ever
     * names two keys. */
    e->n = ++r->epoch;
    e->begun = op_now(op);
    op_random(op, e->secret.b, sizeof e->secret.b);
    v->epochs = list;
    v->now = e;
    v->epoch = e->n;
    epoch_key(&box_secret, v, e, "box");
    epoch_key(&sign_seed, v, e, "sign");
    curves_box_public(&r->box_key, &box_secret);
    curves_sign_public(&r->sign_key, &sign_seed);
    return WW_OK;
}

enum ww_err vault_ring_seal(struct ww_op *op, const struct key *root, const struct vault *v,
                            struct bytes *blob)
{
    struct buf b = BUF(&op->arena);
    buf_u8(&b, RING_FORMAT);
    buf_add(&b, v->pick.b, sizeof v->pick.b);
    buf_u32(&b, (uint32_t)v->epoch_count);
    for (size_t i = 0; i < v->epoch_count; i++) {
        buf_u32(&b, v->epochs[i].n);
        buf_u64(&b, v->epochs[i].begun);
        buf_add(&b, v->epochs[i].secret.b, sizeof v->epochs[i].secret.b);
    }
    return vault_seal_padded(op, root, ring_place(v), &b, blob);
}

enum ww_err vault_ring_open(struct ww_op *op, const struct key *root, struct bytes blob, struct vault *v)
{
    struct bytes pt;
    enum ww_err err = vault_open_padded(op, root, ring_place(v), blob, &pt);
    if (err) {
        return err;
    }
    struct reader in = READER(pt);
    uint8_t format = read_u8(&in);
    read_copy(&in, v->pick.b, sizeof v->pick.b);
    uint32_t n = read_u32(&in);
    /* The count must be what the bytes hold before it becomes memory; in 64 bits, where it cannot wrap. */
    if (in.failed || format != RING_FORMAT || n == 0 || (uint64_t)n * EPOCH_LENGTH != in.n) {
        return vault_tampered(op, "ring");
    }
    v->epochs = ARENA_ARRAY(&op->arena, n, struct epoch);
    if (!v->epochs) {
        return op_no_memory(op);
    }
    v->epoch_count = n;
    v->now = NULL;
    for (size_t i = 0; i < n; i++) {
        struct epoch *e = &v->epochs[i];
        e->n = read_u32(&in);
        e->begun = read_u64(&in);
        read_copy(&in, e->secret.b, sizeof e->secret.b);
        /* The record alone says which epoch is current: a ring of before a new epoch lacks it, and is
         * refused below. */
        v->now = e->n == v->epoch ? e : v->now;
    }
    v->ring = blob;
    return v->now ? WW_OK : vault_tampered(op, "ring");
}

/* Signed by the epoch before. What starts a chain signs itself: people compare its sign key alone, and that
 * must speak for the box key, too. */
static enum ww_err sign_epoch(struct ww_op *op, const struct record *r, const struct vault *v,
                              struct epoch_row *row)
{
    KEY32(seed);
    struct bytes statement;
    enum ww_err err = store_epoch_statement(op, &r->uuid, row, &statement);
    if (err) {
        return err;
    }
    /* Only the direct predecessor may sign: contacts follow the chain from the epoch that they pinned, one
     * by one (vault.md §11). */
    if (!row->start && (v->now == v->epochs || v->now[-1].n + 1 != v->now->n)) {
        return vault_tampered(op, "ring");
    }
    epoch_key(&seed, v, row->start ? v->now : v->now - 1, "sign");
    curves_sign(row->signature, &seed, statement);
    return WW_OK;
}

enum ww_err vault_ring_publish(struct ww_op *op, struct store *s, const struct record *r,
                               const struct vault *v, bool start)
{
    struct epoch_row row = {.n = v->now->n,
                            .box_key = r->box_key,
                            .sign_key = r->sign_key,
                            .start = start,
                            .begun = v->now->begun};
    enum ww_err err = sign_epoch(op, r, v, &row);
    return err ? err : store_epoch_insert(op, s, &r->uuid, &row);
}

enum ww_err vault_ring_write(struct ww_op *op, struct store *s, const struct key *root, struct vault *v)
{
    struct bytes ring;
    enum ww_err err = vault_ring_seal(op, root, v, &ring);
    /* Compare-and-swap: of two nodes that both begin an epoch, or re-key, one starts over. */
    if (err || (err = store_vault_row_set_ring(op, s, &v->vid, v->ring, ring))) {
        return err;
    }
    v->ring = ring;
    return WW_OK;
}

enum ww_err vault_new_epoch(struct ww_op *op, struct store *s, struct record *r, const struct key *root,
                            struct vault *v)
{
    enum ww_err err = WW_EINTERNAL;
    if ((err = vault_ring_add(op, r, v)) || (err = vault_ring_write(op, s, root, v))) {
        return err;
    }
    return vault_ring_publish(op, s, r, v, false);
}

enum ww_err vault_rekey(struct ww_op *op, struct store *s, struct record *r, struct vault *v,
                        struct key *root)
{
    op_random(op, root->b, sizeof root->b);
    /* The generation is part of the ring's place and of every slot's: what was sealed for the old R does
     * not open beside the new. */
    v->generation = ++r->root_generation;
    vault_root_check(root, &r->uuid, r->root_generation, &r->root_check);
    return vault_new_epoch(op, s, r, root, v);
}

/* Both lists rise, and no number is in both: they go on over new vaults (vault_ring_add). */
enum ww_err vault_ring_join(struct ww_op *op, struct vault *v, const struct vault *old)
{
    size_t a = 0, b = 0, n = 0;
    struct epoch *list = ARENA_ARRAY(&op->arena, v->epoch_count + old->epoch_count, struct epoch);
    if (!list) {
        return op_no_memory(op);
    }
    while (a < v->epoch_count || b < old->epoch_count) {
        bool ours = b == old->epoch_count || (a < v->epoch_count && v->epochs[a].n < old->epochs[b].n);
        list[n++] = ours ? v->epochs[a++] : old->epochs[b++];
        if (n > 1 && list[n - 1].n <= list[n - 2].n) {
            return vault_tampered(op, "ring");
        }
    }
    /* The current one stays the last: the next is signed by it. */
    if (list[n - 1].n != v->epoch) {
        return vault_tampered(op, "ring");
    }
    v->epochs = list;
    v->epoch_count = n;
    v->now = &list[n - 1];
    return WW_OK;
}

uint64_t vault_epoch_begun(const struct vault *v)
{
    return v->now->begun;
}

static const struct epoch *find_epoch(const struct vault *v, uint32_t n)
{
    for (size_t i = 0; i < v->epoch_count; i++) {
        if (v->epochs[i].n == n) {
            return &v->epochs[i];
        }
    }
    return NULL;
}

enum ww_err vault_epoch_secret(const struct vault *v, uint32_t n, struct key *out)
{
    const struct epoch *e = find_epoch(v, n);
    if (e) {
        *out = e->secret;
    }
    return e ? WW_OK : WW_ENOTFOUND;
}

enum ww_err vault_epoch_secrets(const struct vault *v, uint32_t n, struct key *box, struct key *sign)
{
    const struct epoch *e = find_epoch(v, n);
    if (e) {
        epoch_key(box, v, e, "box");
        epoch_key(sign, v, e, "sign");
    }
    return e ? WW_OK : WW_ENOTFOUND;
}
