/* Items: looked up by name in their leaf, each under a key of its own that is new at every write. */
#include "vault_int.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

/* Under the item's own key, and bound to its id: an item cannot stand in for another, even of the same
 * account. The key is new at every write, so an older copy does not open either. */
static struct place item_place(const struct vault *v, const struct entry *e)
{
    return (struct place){"item", &v->account_uuid, 0, BYTES_OF(e->id)};
}

/* The bound is also what a u16 length and a leaf of 16 KiB bear; no NUL, since names leave through the
 * interface as C strings. */
static enum ww_err check_name(struct ww_op *op, struct bytes name)
{
    if (name.n < 1 || name.n > VAULT_NAME_MAX || memchr(name.p, 0, name.n) || !utf8_valid(name)) {
        return op_fail_field(op, WW_EINVAL, "item_name_invalid", "name",
                             "a name is 1 to %d bytes of UTF-8 without NUL", VAULT_NAME_MAX);
    }
    return WW_OK;
}

static enum ww_err not_found(struct ww_op *op)
{
    return op_fail(op, WW_ENOTFOUND, "item_not_found", "there is no item of this name");
}

static struct vault_entry entry_of(const struct entry *e)
{
    struct vault_entry out = {e->name, e->id, e->version, {{0}}};
    if (e->space == SPACE_SHARES) {
        out.key = e->key;
    }
    return out;
}

static enum ww_err find(struct ww_op *op, struct store *s, struct vault *v, uint8_t space, struct bytes name,
                        struct leaf **leaf, size_t *position, bool *found)
{
    enum ww_err err = check_name(op, name); /* bounds it, before it is hashed */
    if (err) {
        return err;
    }
    size_t number = vault_leaf_number(v, space, name);
    if ((err = vault_leaf_open(op, s, v, number))) {
        return err;
    }
    *leaf = &v->leaves[number];
    *position = vault_entry_position(*leaf, space, name, found);
    return WW_OK;
}

enum ww_err vault_open_item(struct ww_op *op, struct store *s, const struct vault *v, const struct entry *e,
                            struct vault_value *out)
{
    struct bytes blob, padded, pt;
    /* The leaf names this id: a row that is not there is WW_ETAMPERED from the store, never "not found"
     * (vault.md §8). */
    enum ww_err err = store_item_load(op, s, &e->id, v->account, &blob);
    if (err || (err = seal_open(op, &e->key, item_place(v, e), blob, &padded)) ||
        (err = unpad(op, padded, &pt))) {
        return err;
    }
    struct reader in = READER(pt);
    out->time = read_u64(&in);
    out->value = read_rest(&in);
    out->version = e->version;
    out->id = e->id;
    return in.failed ? vault_tampered(op, "item") : WW_OK;
}

enum ww_err vault_get(struct ww_op *op, struct store *s, struct vault *v, enum vault_space space,
                      struct bytes name, struct vault_value *out)
{
    struct leaf *l;
    size_t at;
    bool found;
    *out = (struct vault_value){0};
    enum ww_err err = find(op, s, v, (uint8_t)space, name, &l, &at, &found);
    if (err) {
        return err;
    }
    return found ? vault_open_item(op, s, v, &l->entries[at], out) : not_found(op);
}

enum ww_err vault_look(struct ww_op *op, struct store *s, struct vault *v, enum vault_space space,
                       struct bytes name, struct vault_entry *out)
{
    struct leaf *l;
    size_t at;
    bool found;
    *out = (struct vault_entry){0};
    enum ww_err err = find(op, s, v, (uint8_t)space, name, &l, &at, &found);
    if (err || !found) {
        return err ? err : not_found(op);
    }
    *out = entry_of(&l->entries[at]);
    return WW_OK;
}

/* ---- writing ---- */

static enum ww_err seal_item(struct ww_op *op, const struct vault *v, struct entry *e, uint64_t now,
                             struct bytes value, struct bytes *blob)
{
    struct buf b = BUF(&op->arena);
    struct bytes padded;
    buf_u64(&b, now);
    buf_bytes(&b, value);
    /* A new key at every write, kept one level up in the leaf: the earlier value does not open any more
     * (vault.md §8). */
    op_random(op, e->key.b, sizeof e->key.b);
    enum ww_err err = buf_done(&b).p ? pad(&op->arena, buf_done(&b), &padded) : WW_ENOMEM;
    if (err) {
        return op_fail(op, err, "item_too_large", "%s", ww_err_text(err));
    }
    return seal(op, &e->key, item_place(v, e), padded, blob);
}

enum ww_err vault_make_room(struct ww_op *op, struct leaf *l, size_t at)
{
    if (l->n == l->capacity) {
        /* Doubling: many changes in one call cost linear time and arena. */
        size_t capacity = l->capacity * 2 + 4;
        struct entry *entries = ARENA_ARRAY(&op->arena, capacity, struct entry);
        if (!entries) {
            return op_no_memory(op);
        }
        if (l->n) {
            memcpy(entries, l->entries, l->n * sizeof *entries);
        }
        l->entries = entries;
        l->capacity = capacity;
    }
    memmove(&l->entries[at + 1], &l->entries[at], (l->n - at) * sizeof l->entries[0]);
    l->n++;
    return WW_OK;
}

static enum ww_err put(struct ww_op *op, struct store *s, struct vault *v, uint8_t space, struct leaf *l,
                       size_t at, bool found, struct vault_change *c)
{
    struct bytes blob;
    enum ww_err err = WW_EINTERNAL;
    if (!found) {
        if ((err = vault_make_room(op, l, at))) {
            return err;
        }
        /* A name that is made again gets a new id: rows of its former life are named by nothing. */
        l->entries[at] = (struct entry){.space = space, .name = c->name, .id = uuid_new(op)};
    }
    struct entry *e = &l->entries[at];
    c->time = op_now(op);
    if (space == SPACE_SHARES) {
        op_random(op, e->key.b, sizeof e->key.b);
        c->key = e->key;
    } else if ((err = seal_item(op, v, e, c->time, c->value, &blob))) {
        return err;
    }
    c->created = !found;
    c->id = e->id;
    /* The version of a write is the vault's number after it: it rises over deletion and re-creation, so a
     * stale If-Match never fits a new item by chance. */
    c->version = e->version = ++v->seq;
    l->changed = true;
    if (space == SPACE_SHARES) {
        return WW_OK;
    }
    return found ? store_item_update(op, s, &e->id, v->account, blob)
                 : store_item_insert(op, s, &e->id, v->account, blob);
}

static enum ww_err remove_entry(struct ww_op *op, struct store *s, struct vault *v, struct leaf *l, size_t at,
                                struct vault_change *c)
{
    /* The row goes as well; but what makes it unreadable is that the leaf and head written next do not
     * hold its key. */
    const struct entry *e = &l->entries[at];
    enum ww_err err = e->space == SPACE_SHARES ? WW_OK : store_item_delete(op, s, &e->id, v->account);
    c->id = e->id;
    memmove(&l->entries[at], &l->entries[at + 1], (l->n - at - 1) * sizeof l->entries[0]);
    l->n--;
    l->changed = true;
    c->version = ++v->seq;
    return err;
}

static enum ww_err check_condition(struct ww_op *op, const struct vault_change *c, const struct entry *e)
{
    bool holds = (!c->if_version || (e && e->version == c->if_version)) && !(c->if_absent && e);
    return holds ? WW_OK
                 : op_fail(op, WW_EVERSION, "version_mismatch",
                           "the item is not at the version that was asked for");
}

static enum ww_err apply_one(struct ww_op *op, struct store *s, struct vault *v, uint8_t space,
                             struct vault_change *c)
{
    struct leaf *l;
    size_t at;
    bool found;
    struct vault_value value;
    enum ww_err err = find(op, s, v, space, c->name, &l, &at, &found);
    if (err) {
        return err;
    }
    if (c->kind != VAULT_PUT && !found) {
        return not_found(op);
    }
    /* Inside the transaction, with the vault's row locked: between this test and the write nobody else
     * writes. */
    if ((err = check_condition(op, c, found ? &l->entries[at] : NULL))) {
        return err;
    }
    switch (c->kind) {
    case VAULT_PUT:
        return put(op, s, v, space, l, at, found, c);
    case VAULT_DELETE:
        return remove_entry(op, s, v, l, at, c);
    case VAULT_GET:
    default:
        err = vault_open_item(op, s, v, &l->entries[at], &value);
        c->value = value.value;
        c->id = value.id;
        c->version = value.version;
        c->time = value.time;
        return err;
    }
}

enum ww_err vault_apply(struct ww_op *op, struct store *s, struct vault *v, enum vault_space space,
                        struct vault_change *changes, size_t n)
{
    uint64_t before = v->seq;
    enum ww_err err = WW_EINTERNAL;
    for (size_t i = 0; i < n; i++) {
        if ((err = apply_one(op, s, v, (uint8_t)space, &changes[i]))) {
            return err;
        }
    }
    /* Only reads: writing the head anyway would make readers wait for each other. */
    if (v->seq == before) {
        return WW_OK;
    }
    /* In this order: the tree takes its shape, then leaves get new keys, and the head, which holds them,
     * is sealed last. All of it is one transaction of the caller's. */
    if ((err = vault_leaves_fit(op, s, v)) || (err = vault_leaves_write(op, s, v))) {
        return err;
    }
    return vault_reseal(op, s, v, v->record_seq);
}

/* ---- listing ---- */

enum ww_err vault_count(struct ww_op *op, struct store *s, struct vault *v, enum vault_space space, size_t *n)
{
    *n = 0;
    enum ww_err err = vault_leaf_open_all(op, s, v);
    for (size_t i = 0; !err && i < leaf_count(v); i++) {
        for (size_t j = 0; j < v->leaves[i].n; j++) {
            *n += v->leaves[i].entries[j].space == (uint8_t)space;
        }
    }
    return err;
}

static int by_name(const void *x, const void *y)
{
    const struct vault_entry *a = x, *b = y;
    return bytes_compare(a->name, b->name);
}

static bool begins_with(struct bytes name, struct bytes prefix)
{
    return name.n >= prefix.n && (prefix.n == 0 || memcmp(name.p, prefix.p, prefix.n) == 0);
}

/* The smallest names met so far. At twice the limit the greater half goes, and what is not smaller than the
 * greatest that stays is no longer taken: a page of a large vault copies and sorts little more than itself.
 */
struct smallest {
    struct vault_entry *list;
    size_t n, limit;
    struct bytes below; /* p NULL: whatever comes */
};

static void smallest_cut(struct smallest *k)
{
    qsort(k->list, k->n, sizeof *k->list, by_name);
    k->n = k->n < k->limit ? k->n : k->limit;
}

static void smallest_add(struct smallest *k, const struct entry *e)
{
    if (k->limit == 0 || (k->below.p && bytes_compare(e->name, k->below) >= 0)) {
        return;
    }
    k->list[k->n++] = entry_of(e);
    if (k->n / 2 == k->limit) {
        smallest_cut(k);
        k->below = k->list[k->limit - 1].name;
    }
}

/* From here on (1,000 items or so) a page takes longer to find than to show. */
enum { LISTED_DEPTH = 3 };

static bool is_listed(const struct vault *v, enum vault_space space)
{
    return v->listings && v->depth >= LISTED_DEPTH && space == SPACE_ITEMS;
}

enum ww_err vault_list(struct ww_op *op, struct store *s, struct vault *v, enum vault_space space,
                       struct bytes prefix, struct bytes after, size_t limit, struct vault_entry **out,
                       size_t *n)
{
    size_t total = 0;
    *n = 0;
    /* The first page is always read from the leaves, and an altered one found; who asks for one alone does
     * not pay for the others. */
    bool listed = is_listed(v, space) && after.p;
    enum ww_err err = listed ? vault_listing_page(op, v, prefix, after, limit, out, n) : WW_ENOTFOUND;
    if (err != WW_ENOTFOUND) {
        return err;
    }
    err = vault_count(op, s, v, space, &total);
    size_t room = limit < total / 2 ? 2 * limit : total;
    /* Names are dealt to leaves by a keyed hash, so every page needs all leaves; values are not opened. */
    struct smallest k = {.list = ARENA_ARRAY(&op->arena, room, struct vault_entry), .limit = limit};
    if (err || !k.list) {
        return err ? err : op_no_memory(op);
    }
    for (size_t i = 0; i < leaf_count(v); i++) {
        for (size_t j = 0; j < v->leaves[i].n; j++) {
            const struct entry *e = &v->leaves[i].entries[j];
            if (e->space == (uint8_t)space && begins_with(e->name, prefix) &&
                (!after.p || bytes_compare(e->name, after) > 0)) {
                smallest_add(&k, e);
            }
        }
    }
    smallest_cut(&k);
    *n = k.n;
    *out = k.list;
    if (listed && k.n == limit) {
        vault_listing_keep(op, v);
    }
    return WW_OK;
}

enum ww_err vault_find(struct ww_op *op, struct store *s, struct vault *v, enum vault_space space,
                       const struct uuid *id, struct vault_entry *out)
{
    enum ww_err err = is_listed(v, space) ? vault_listing_find(op, v, id, out) : WW_ENOTFOUND;
    if (err != WW_ENOTFOUND) {
        return err;
    }
    for (size_t i = 0; i < leaf_count(v); i++) {
        if ((err = vault_leaf_open(op, s, v, i))) {
            return err;
        }
        for (size_t j = 0; j < v->leaves[i].n; j++) {
            const struct entry *e = &v->leaves[i].entries[j];
            if (e->space == (uint8_t)space && uuid_equal(e->id, *id)) {
                *out = entry_of(e);
                return WW_OK;
            }
        }
    }
    return op_fail(op, WW_ENOTFOUND, "item_not_found", "there is no item of this id");
}
