/* A new vault, opening one, and the head (vault.md §8): vault_ring.c has the ring. */
#include "vault_int.h"

enum { HEAD_FORMAT = 1 };

enum ww_err vault_tampered(struct ww_op *op, const char *what)
{
    return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (%s)", what);
}

void vault_root_check(const struct key *root, const struct uuid *account, uint32_t generation,
                      struct key *out)
{
    uint8_t raw[4] = {(uint8_t)(generation >> 24), (uint8_t)(generation >> 16), (uint8_t)(generation >> 8),
                      (uint8_t)generation};
    /* One way: the record tells whether R is right, and nothing of R. */
    derive(out, root, "root-check", account, BYTES(raw, 4));
}

/* Bound to account, epoch and vault: a head of another vault of the same account does not open in this
 * one's place. */
static struct place head_place(const struct vault *v)
{
    return (struct place){"head", &v->account_uuid, v->epoch, BYTES_OF(v->vid)};
}

/* ---- a new vault ---- */

enum ww_err vault_new(struct ww_op *op, struct record *r, struct key *root, struct vault **out)
{
    struct vault *v = ARENA_NEW(&op->arena, struct vault);
    *out = NULL;
    if (!v || !(v->leaves = ARENA_NEW(&op->arena, struct leaf))) {
        return op_no_memory(op);
    }
    /* R is drawn, never derived from a credential: each slot holds the same R, so a password changes
     * without sealing anything else again (vault.md §4). */
    op_random(op, root->b, sizeof root->b);
    /* The key by which names choose their leaf: without it nobody tells which leaf a name would be in. */
    op_random(op, v->pick.b, sizeof v->pick.b);
    v->account_uuid = r->uuid;
    v->leaves[0].loaded = true;
    enum ww_err err = vault_ring_add(op, r, v);
    if (err) {
        return err;
    }
    v->vid = r->vid = uuid_new(op);
    /* The number only rises, over new vaults and re-keys: a ring or slot of an earlier generation names
     * itself and does not open. */
    v->generation = ++r->root_generation;
    r->vault_floor = 0;
    vault_root_check(root, &r->uuid, r->root_generation, &r->root_check);
    *out = v;
    return vault_ring_seal(op, root, v, &v->ring);
}

static uint64_t number_of(const struct vault *v)
{
    return store_vault_number(v->generation, v->seq);
}

enum ww_err vault_insert(struct ww_op *op, struct store *s, const struct record *r, struct vault *v)
{
    v->account = r->id;
    /* The record is written first, so that its number is known. */
    v->record_seq = r->seq;
    enum ww_err err = vault_head_seal(op, v, &v->head);
    if (err || (err = store_vault_row_insert(op, s, r, &(struct vault_row){v->ring, v->head}))) {
        return err;
    }
    err = vault_ring_publish(op, s, r, v, true);
    return err ? err : store_vault_written(op, s, r->id, number_of(v));
}

/* ---- opening ---- */

static enum ww_err head_leaves(struct ww_op *op, struct reader *in, struct vault *v)
{
    /* Authenticated already, but 2^depth is memory: what a later format or a fault of ours wrote must not
     * become a shift beyond the type. */
    if (v->depth > VAULT_DEPTH_MAX) {
        return vault_tampered(op, "head");
    }
    v->leaves = ARENA_ARRAY(&op->arena, leaf_count(v), struct leaf);
    if (!v->leaves) {
        return op_no_memory(op);
    }
    if (v->depth == 0) {
        v->leaves[0].loaded = true;
        return vault_entries_read(op, in, &v->leaves[0]);
    }
    for (size_t i = 0; i < leaf_count(v); i++) {
        read_copy(in, v->leaves[i].key.b, sizeof v->leaves[i].key.b);
    }
    /* Exactly 2^depth keys and nothing after them. */
    return in->failed || in->n ? vault_tampered(op, "head") : WW_OK;
}

static enum ww_err head_open(struct ww_op *op, struct bytes blob, struct vault *v)
{
    struct bytes pt;
    enum ww_err err = vault_open_padded(op, &v->now->secret, head_place(v), blob, &pt);
    if (err) {
        return err;
    }
    struct reader in = READER(pt);
    uint8_t format = read_u8(&in);
    v->seq = read_u64(&in);
    v->record_seq = read_u64(&in);
    v->depth = read_u8(&in);
    v->head = blob;
    return in.failed || format != HEAD_FORMAT ? vault_tampered(op, "head") : head_leaves(op, &in, v);
}

static enum ww_err open_rows(struct ww_op *op, const struct record *r, const struct key *root,
                             const struct vault_row *row, struct vault **out)
{
    KEY32(check);
    struct vault *v = ARENA_NEW(&op->arena, struct vault);
    *out = NULL;
    if (!v) {
        return op_no_memory(op);
    }
    v->account_uuid = r->uuid;
    v->account = r->id;
    v->vid = r->vid;
    v->generation = r->root_generation;
    v->epoch = r->epoch;
    vault_root_check(root, &r->uuid, r->root_generation, &check);
    /* The record says which R is right, so that a slot with another R (of another account, or of before a
     * re-key) is found before anything is opened with it. A row that the record names and that is missing is
     * tampering. In constant time, since R may come from a guess. */
    if (!crypto_equal(BYTES_OF(check), BYTES_OF(r->root_check)) || !row->ring.p || !row->head.p) {
        return vault_tampered(op, "root key");
    }
    enum ww_err err = vault_ring_open(op, root, row->ring, v);
    if (err || (err = head_open(op, row->head, v))) {
        return err;
    }
    /* The two floors of vault.md §6: neither the record nor the vault may be older than the other has seen
     * it. Only here are both at hand and authenticated. */
    if (v->record_seq > r->seq || r->vault_floor > v->seq) {
        return op_fail(op, WW_EROLLEDBACK, "vault_rolled_back", "stored data is older than it should be");
    }
    /* From here on the number that the head will hold when it is sealed again. */
    v->record_seq = r->seq;
    *out = v;
    return WW_OK;
}

/* The witness knows a higher number. Read anew, against the number that was seen first: somebody may have
 * written between. */
static enum ww_err look_again(struct ww_op *op, struct store *s, const struct record *r,
                              const struct key *root, const struct vault *v, uint64_t wanted)
{
    struct record *r_now;
    struct vault_row row;
    struct vault *now;
    if (store_alarm_is_known(s, r, true, number_of(v))) {
        return store_alarm(op, s, r, true, number_of(v));
    }
    enum ww_err err = store_vault_again(op, s, r->id, &r_now, &row);
    /* Deleted, or re-keyed: what was read was of before. */
    if (err == WW_ENOTFOUND || (!err && r_now->root_generation > r->root_generation)) {
        return WW_OK;
    }
    if (err || (err = open_rows(op, r_now, root, &row, &now))) {
        return err;
    }
    return number_of(now) >= wanted ? WW_OK : store_alarm(op, s, r, true, number_of(v));
}

/* One that waits has an old generation: the witness knows of the account's current vault alone. */
static bool is_waiting(const struct record *r)
{
    size_t i = 0;
    while (i < r->waiting_count && !uuid_equal(r->waiting[i].vid, r->vid)) {
        i++;
    }
    return i < r->waiting_count;
}

/* Record and vault row come from one statement of the caller's, else a write between two statements would
 * look like a rollback. */
enum ww_err vault_open(struct ww_op *op, struct store *s, const struct record *r, const struct key *root,
                       const struct vault_row *row, struct vault **out)
{
    struct vault *v;
    uint64_t wanted;
    *out = NULL;
    enum ww_err err = open_rows(op, r, root, row, &v);
    if (!err && is_waiting(r)) {
        *out = v;
        return WW_OK;
    }
    if (err || (err = store_vault_seen(op, s, r->id, number_of(v), &wanted)) ||
        (wanted && (err = look_again(op, s, r, root, v, wanted)))) {
        return err;
    }
    *out = v;
    return WW_OK;
}

/* ---- the head ---- */

enum ww_err vault_head_seal(struct ww_op *op, const struct vault *v, struct bytes *blob)
{
    struct buf b = BUF(&op->arena);
    buf_u8(&b, HEAD_FORMAT);
    buf_u64(&b, v->seq);
    buf_u64(&b, v->record_seq);
    buf_u8(&b, (uint8_t)v->depth);
    if (v->depth == 0) {
        vault_entries_write(&b, &v->leaves[0]);
    } else {
        for (size_t i = 0; i < leaf_count(v); i++) {
            buf_add(&b, v->leaves[i].key.b, sizeof v->leaves[i].key.b);
        }
    }
    return vault_seal_padded(op, &v->now->secret, head_place(v), &b, blob);
}

enum ww_err vault_reseal(struct ww_op *op, struct store *s, struct vault *v, uint64_t record_seq)
{
    struct bytes head;
    v->record_seq = record_seq;
    enum ww_err err = vault_head_seal(op, v, &head);
    /* Compare-and-swap with the head that was opened: whoever comes second starts over instead of losing a
     * write. */
    if (err || (err = store_vault_row_set_head(op, s, &v->vid, v->head, head))) {
        return err;
    }
    v->head = head;
    return store_vault_written(op, s, v->account, number_of(v));
}

uint64_t vault_seq(const struct vault *v)
{
    return v->seq;
}
