/* Leaves: where entries stand, how they are read and written, and how the tree deepens. */
#include "vault_int.h"

#include <string.h>

/* Bytes of an entry besides its name: space, u16 length, id, key, version (vault.md §8). */
enum { ENTRY_FIXED = 1 + 2 + 16 + 32 + 8 };

static int compare(uint8_t space_a, struct bytes a, uint8_t space_b, struct bytes b)
{
    return space_a != space_b ? (space_a < space_b ? -1 : 1) : bytes_compare(a, b);
}

size_t vault_entry_position(const struct leaf *l, uint8_t space, struct bytes name, bool *found)
{
    size_t low = 0, high = l->n;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(l->entries[middle].space, l->entries[middle].name, space, name);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t vault_entries_length(const struct leaf *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        n += ENTRY_FIXED + l->entries[i].name.n;
    }
    return n;
}

void vault_entries_write(struct buf *b, const struct leaf *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct entry *e = &l->entries[i];
        buf_u8(b, e->space);
        buf_u16_bytes(b, e->name);
        buf_add(b, e->id.b, sizeof e->id.b);
        buf_add(b, e->key.b, sizeof e->key.b);
        buf_u64(b, e->version);
    }
}

enum ww_err vault_entries_read(struct ww_op *op, struct reader *in, struct leaf *l)
{
    /* No entry is shorter, so this many always suffice: the array never grows while it is filled. */
    l->capacity = in->n / ENTRY_FIXED + 1;
    l->entries = ARENA_ARRAY(&op->arena, l->capacity, struct entry);
    if (!l->entries) {
        return op_no_memory(op);
    }
    while (in->n > 0 && !in->failed) {
        struct entry *e = &l->entries[l->n];
        e->space = read_u8(in);
        e->name = read_u16_bytes(in);
        read_copy(in, e->id.b, sizeof e->id.b);
        read_copy(in, e->key.b, sizeof e->key.b);
        e->version = read_u64(in);
        /* Strictly rising: look-ups are binary, and a name that stood twice could be read as either. */
        if (in->failed || (l->n > 0 && compare(e[-1].space, e[-1].name, e->space, e->name) >= 0)) {
            return vault_tampered(op, "entries");
        }
        l->n++;
    }
    return in->failed ? vault_tampered(op, "entries") : WW_OK;
}

/* By a keyed hash: which leaf row changes tells nothing of the name, and nobody can choose names that fill
 * one leaf. */
size_t vault_leaf_number(const struct vault *v, uint8_t space, struct bytes name)
{
    KEY32(d);
    struct bytes parts[] = {BYTES(&space, 1), name};
    derive_parts(&d, &v->pick, "leaf-pick", &v->account_uuid, parts, 2);
    unsigned first16 = (unsigned)d.b[0] << 8 | d.b[1];
    /* The most significant bits: when the tree deepens, leaf i becomes 2i and 2i + 1. */
    return v->depth ? first16 >> (16 - v->depth) : 0;
}

static struct place leaf_place(const struct vault *v, uint8_t aad[18], size_t number)
{
    /* The number is in it: two leaves of one vault do not change places. */
    memcpy(aad, v->vid.b, 16);
    aad[16] = (uint8_t)(number >> 8);
    aad[17] = (uint8_t)number;
    return (struct place){"leaf", &v->account_uuid, 0, BYTES(aad, 18)};
}

enum ww_err vault_leaf_open(struct ww_op *op, struct store *s, struct vault *v, size_t number)
{
    struct leaf *l = &v->leaves[number];
    uint8_t aad[18];
    struct bytes blob, padded, pt;
    enum ww_err err = WW_EINTERNAL;
    if (l->loaded) {
        return WW_OK;
    }
    if ((err = store_leaf_load(op, s, &v->vid, (uint32_t)number, &blob)) ||
        (err = seal_open(op, &l->key, leaf_place(v, aad, number), blob, &padded)) ||
        (err = unpad(op, padded, &pt))) {
        return err;
    }
    struct reader in = READER(pt);
    err = vault_entries_read(op, &in, l);
    /* Read at most once in an operation: what was changed in memory is not overwritten by the stored one. */
    l->loaded = err == WW_OK;
    return err;
}

enum ww_err vault_leaf_open_all(struct ww_op *op, struct store *s, struct vault *v)
{
    for (size_t i = 0; i < leaf_count(v); i++) {
        enum ww_err err = vault_leaf_open(op, s, v, i);
        if (err) {
            return err;
        }
    }
    return WW_OK;
}

static bool too_long(const struct vault *v)
{
    for (size_t i = 0; i < leaf_count(v); i++) {
        /* What is not loaded was not changed, and was short enough when it was written. */
        if (v->leaves[i].loaded && vault_entries_length(&v->leaves[i]) > VAULT_LEAF_MAX) {
            return true;
        }
    }
    return false;
}

/* Entries keep their order when they are dealt out, so each new leaf is sorted as well. */
static enum ww_err deepen(struct ww_op *op, struct vault *v)
{
    struct leaf *old = v->leaves;
    size_t old_count = leaf_count(v);
    v->depth++;
    v->leaves = ARENA_ARRAY(&op->arena, leaf_count(v), struct leaf);
    if (!v->leaves) {
        return op_no_memory(op);
    }
    for (size_t i = 0; i < leaf_count(v); i++) {
        struct leaf *l = &v->leaves[i], *from = &old[i / 2];
        l->loaded = l->changed = true;
        l->capacity = from->n + 1;
        l->entries = ARENA_ARRAY(&op->arena, l->capacity, struct entry);
        if (!l->entries) {
            return op_no_memory(op);
        }
    }
    for (size_t i = 0; i < old_count; i++) {
        for (size_t j = 0; j < old[i].n; j++) {
            const struct entry *e = &old[i].entries[j];
            struct leaf *to = &v->leaves[vault_leaf_number(v, e->space, e->name)];
            to->entries[to->n++] = *e;
        }
    }
    return WW_OK;
}

enum ww_err vault_leaves_fit(struct ww_op *op, struct store *s, struct vault *v)
{
    enum ww_err err = WW_EINTERNAL;
    while (too_long(v)) {
        if (v->depth == VAULT_DEPTH_MAX) {
            return op_fail(op, WW_EFULL, "vault_full", "the vault is full");
        }
        /* Every leaf is dealt out anew. It happens ten times in a vault's life at most, and costs each
         * time what listing costs. */
        if ((err = vault_leaf_open_all(op, s, v)) || (err = deepen(op, v))) {
            return err;
        }
    }
    return WW_OK;
}

enum ww_err vault_leaves_write(struct ww_op *op, struct store *s, struct vault *v)
{
    for (size_t i = 0; v->depth > 0 && i < leaf_count(v); i++) {
        struct leaf *l = &v->leaves[i];
        struct buf b = BUF(&op->arena);
        uint8_t aad[18];
        struct bytes padded, blob;
        enum ww_err err = WW_EINTERNAL;
        if (!l->changed) {
            continue;
        }
        /* A new key for each changed leaf, whose keys go into the head: the leaf that stood there before
         * does not open any more. */
        op_random(op, l->key.b, sizeof l->key.b);
        vault_entries_write(&b, l);
        if (!buf_done(&b).p || pad(&op->arena, buf_done(&b), &padded)) {
            return op_no_memory(op);
        }
        if ((err = seal(op, &l->key, leaf_place(v, aad, i), padded, &blob)) ||
            (err = store_leaf_put(op, s, &v->vid, (uint32_t)i, blob))) {
            return err;
        }
        l->changed = false;
    }
    return WW_OK;
}
