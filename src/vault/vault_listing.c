/* One listing serves all its pages: names are dealt to leaves by a keyed hash, so that a page of a large
 * vault opens all of them. Whoever asks for a page behind the first has the sorted names kept for the next
 * ones.
 *
 * What is kept is sealed again, under a key that only who has opened this very head has (of the current
 * epoch's secret, vault.md §8): in memory it is worth what the leaves are worth in the database, and it
 * serves nobody any more once something was written. */
#include "vault_int.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A part is what a page opens; ids point to their part by their first byte. Bytes and vaults of all listings
 * together: docs/SECURITY.md. */
enum { PART_ENTRIES = 256, ID_PARTS = 256, LISTINGS_MOST = 16, BYTES_MOST = 32 << 20 };
/* Of a sealed head: header and commitment, which no two seals share (vault.md §3). */
enum { HEAD_BYTES = 29 + 32 };
static const uint64_t kept_us = 120000000; /* µs; a page that is read before the next is asked for */

struct listing {
    struct listing *next;
    struct uuid vid;
    uint8_t head[HEAD_BYTES];
    uint64_t used;
    unsigned readers;
    bool gone; /* out of the list: the last reader frees it */
    size_t bytes, part_count;
    struct bytes *parts; /* 0: the first names of all; 1 to ID_PARTS: ids; then the entries in their order */
};

struct vault_listings {
    pthread_mutex_t lock;
    struct listing *first; /* the newest first */
    size_t count, bytes;
};

enum ww_err vault_listings_new(struct vault_listings **out)
{
    *out = calloc(1, sizeof **out);
    if (*out) {
        pthread_mutex_init(&(*out)->lock, NULL);
    }
    return *out ? WW_OK : WW_ENOMEM;
}

static void listing_free(struct listing *l)
{
    for (size_t i = 0; l->parts && i < l->part_count; i++) {
        free((void *)(uintptr_t)l->parts[i].p);
    }
    free(l->parts);
    free(l);
}

/* Takes *at out of the list. */
static void drop(struct vault_listings *all, struct listing **at)
{
    struct listing *l = *at;
    *at = l->next;
    all->count--;
    all->bytes -= l->bytes;
    l->gone = true;
    if (!l->readers) {
        listing_free(l);
    }
}

void vault_listings_free(struct vault_listings *all)
{
    if (all) {
        while (all->first) {
            drop(all, &all->first);
        }
        pthread_mutex_destroy(&all->lock);
        free(all);
    }
}

void vault_listings_sweep(struct vault_listings *all, uint64_t now)
{
    if (!all) {
        return;
    }
    pthread_mutex_lock(&all->lock);
    for (struct listing **at = &all->first; *at;) {
        if (now - (*at)->used > kept_us) { /* a clock that was put back makes all of them old */
            drop(all, at);
        } else {
            at = &(*at)->next;
        }
    }
    pthread_mutex_unlock(&all->lock);
}

void vault_use_listings(struct vault *v, struct vault_listings *all)
{
    v->listings = all;
}

static struct listing *enter(const struct vault *v, uint64_t now)
{
    pthread_mutex_lock(&v->listings->lock);
    struct listing *l = v->listings->first;
    while (l && (!uuid_equal(l->vid, v->vid) || memcmp(l->head, v->head.p, HEAD_BYTES) != 0)) {
        l = l->next;
    }
    if (l) {
        l->readers++;
        l->used = now;
    }
    pthread_mutex_unlock(&v->listings->lock);
    return l;
}

static void leave(const struct vault *v, struct listing *l)
{
    pthread_mutex_lock(&v->listings->lock);
    bool last = --l->readers == 0 && l->gone;
    pthread_mutex_unlock(&v->listings->lock);
    if (last) {
        listing_free(l);
    }
}

/* What was kept of the vault before goes, and the oldest where there is no room. */
static void keep(const struct vault *v, struct listing *l)
{
    struct vault_listings *all = v->listings;
    pthread_mutex_lock(&all->lock);
    for (struct listing **at = &all->first; *at;) {
        bool last = !(*at)->next && (all->count >= LISTINGS_MOST || all->bytes + l->bytes > BYTES_MOST);
        if (uuid_equal((*at)->vid, l->vid) || last) {
            drop(all, at);
            at = &all->first; /* there may have to go more */
        } else {
            at = &(*at)->next;
        }
    }
    l->next = all->first;
    all->first = l;
    all->count++;
    all->bytes += l->bytes;
    pthread_mutex_unlock(&all->lock);
}

/* ---- sealing ---- */

struct key_of {
    struct key key;
    uint8_t aad[20];
};

static void key_of_wipe(struct key_of *k)
{
    key_wipe(&k->key);
}

#define LISTING_KEY(name) __attribute__((cleanup(key_of_wipe))) struct key_of name

static void make_key(const struct vault *v, struct key_of *k)
{
    derive(&k->key, &v->now->secret, "listing", &v->account_uuid, BYTES(v->head.p, HEAD_BYTES));
    memcpy(k->aad, v->vid.b, 16);
}

static struct place part_place(const struct vault *v, struct key_of *k, size_t i)
{
    for (size_t b = 0; b < 4; b++) {
        k->aad[16 + b] = (uint8_t)(i >> (24 - 8 * b));
    }
    return (struct place){"listing-part", &v->account_uuid, 0, BYTES(k->aad, sizeof k->aad)};
}

static enum ww_err put_part(struct ww_op *op, const struct vault *v, struct key_of *k, struct listing *l,
                            size_t i, const struct buf *content)
{
    struct bytes blob;
    struct op_piece piece;
    enum ww_err err = buf_done(content).p || content->n == 0 ? WW_OK : op_no_memory(op);
    if (err) {
        return err;
    }
    op_piece_begin(op, &piece);
    err = seal(op, &k->key, part_place(v, k, i), BYTES(content->p, content->n), &blob);
    uint8_t *copy = err ? NULL : malloc(blob.n);
    if (copy) {
        memcpy(copy, blob.p, blob.n);
        l->parts[i] = BYTES(copy, blob.n);
        l->bytes += blob.n;
    }
    return op_piece_end(op, &piece, err || copy ? err : WW_ENOMEM);
}

static enum ww_err open_part(struct ww_op *op, const struct vault *v, const struct listing *l, size_t i,
                             struct reader *out)
{
    struct bytes pt;
    LISTING_KEY(k);
    make_key(v, &k);
    enum ww_err err = seal_open(op, &k.key, part_place(v, &k, i), l->parts[i], &pt);
    *out = err ? (struct reader){0} : READER(pt);
    return err;
}

static void write_entry(struct buf *b, const struct entry *e)
{
    buf_u16_bytes(b, e->name);
    buf_add(b, e->id.b, sizeof e->id.b);
    buf_u64(b, e->version);
}

static bool read_entry(struct reader *in, struct vault_entry *out)
{
    *out = (struct vault_entry){.name = read_u16_bytes(in)};
    read_copy(in, out->id.b, sizeof out->id.b);
    out->version = read_u64(in);
    return !in->failed;
}

/* ---- making one ---- */

static int by_name(const void *x, const void *y)
{
    const struct entry *const *a = x, *const *b = y;
    return bytes_compare((*a)->name, (*b)->name);
}

/* All items, sorted. */
static enum ww_err sorted(struct ww_op *op, const struct vault *v, const struct entry ***out, size_t *n)
{
    size_t total = 0;
    for (size_t i = 0; i < leaf_count(v); i++) {
        total += v->leaves[i].n;
    }
    const struct entry **list = ARENA_ARRAY(&op->arena, total, const struct entry *);
    *out = list;
    *n = 0;
    for (size_t i = 0; list && i < leaf_count(v); i++) {
        for (size_t j = 0; j < v->leaves[i].n; j++) {
            if (v->leaves[i].entries[j].space == SPACE_ITEMS) {
                list[(*n)++] = &v->leaves[i].entries[j];
            }
        }
    }
    if (list && *n > 1) {
        qsort(list, *n, sizeof *list, by_name);
    }
    return list ? WW_OK : op_no_memory(op);
}

static enum ww_err put_all(struct ww_op *op, const struct vault *v, struct listing *l,
                           const struct entry *const *list, size_t n)
{
    struct buf firsts = BUF(&op->arena), *ids = ARENA_ARRAY(&op->arena, ID_PARTS, struct buf);
    enum ww_err err = ids ? WW_OK : op_no_memory(op);
    LISTING_KEY(k);
    make_key(v, &k);
    for (size_t i = 0; !err && i < ID_PARTS; i++) {
        ids[i] = BUF(&op->arena);
    }
    for (size_t i = 0; !err && i < n; i += PART_ENTRIES) {
        struct buf part = BUF(&op->arena);
        buf_u16_bytes(&firsts, list[i]->name);
        for (size_t j = i; j < n && j < i + PART_ENTRIES; j++) {
            struct buf *of_id = &ids[list[j]->id.b[0]];
            write_entry(&part, list[j]);
            buf_add(of_id, list[j]->id.b, sizeof list[j]->id.b);
            buf_u32(of_id, (uint32_t)(i / PART_ENTRIES));
        }
        err = put_part(op, v, &k, l, 1 + ID_PARTS + i / PART_ENTRIES, &part);
    }
    err = err ? err : put_part(op, v, &k, l, 0, &firsts);
    for (size_t i = 0; !err && i < ID_PARTS; i++) {
        err = put_part(op, v, &k, l, 1 + i, &ids[i]);
    }
    return err;
}

/* Whatever fails: the page is there already, and the next one opens the leaves again. */
void vault_listing_keep(struct ww_op *op, const struct vault *v)
{
    const struct entry **list;
    size_t n;
    struct op_piece piece;
    struct listing *l = calloc(1, sizeof *l);
    if (!l) {
        return;
    }
    op_piece_begin(op, &piece);
    enum ww_err err = sorted(op, v, &list, &n);
    l->part_count = 1 + ID_PARTS + (err ? 0 : (n + PART_ENTRIES - 1) / PART_ENTRIES);
    l->parts = err ? NULL : calloc(l->part_count, sizeof *l->parts);
    err = l->parts ? put_all(op, v, l, list, n) : WW_ENOMEM;
    err = op_piece_end(op, &piece, err);
    op->problem = (struct op_problem){0};
    l->vid = v->vid;
    l->used = op_now(op);
    memcpy(l->head, v->head.p, HEAD_BYTES);
    if (err || l->bytes > BYTES_MOST) {
        listing_free(l);
    } else {
        keep(v, l);
    }
}

/* ---- reading one ---- */

/* The last part whose first name is not behind `from`. */
static size_t part_of(struct reader firsts, struct bytes from)
{
    size_t i = 0, found = 0;
    for (; firsts.n > 0; i++) {
        struct bytes name = read_u16_bytes(&firsts);
        if (firsts.failed || bytes_compare(name, from) > 0) {
            break;
        }
        found = i;
    }
    return found;
}

static bool begins_with(struct bytes name, struct bytes prefix)
{
    return name.n >= prefix.n && (prefix.n == 0 || memcmp(name.p, prefix.p, prefix.n) == 0);
}

static enum ww_err read_page(struct ww_op *op, const struct vault *v, const struct listing *l,
                             struct bytes prefix, struct bytes after, struct vault_entry *list, size_t limit,
                             size_t *n)
{
    struct reader in;
    enum ww_err err = open_part(op, v, l, 0, &in);
    bool over = false;
    size_t i = err ? 0 : part_of(in, bytes_compare(prefix, after) > 0 ? prefix : after);
    for (i += 1 + ID_PARTS; !err && !over && *n < limit && i < l->part_count; i++) {
        struct vault_entry e;
        if ((err = open_part(op, v, l, i, &in))) {
            return err;
        }
        while (*n < limit && !over && in.n > 0 && read_entry(&in, &e)) {
            bool within = begins_with(e.name, prefix);
            /* Names with the prefix stand together, behind all that are before it. */
            over = !within && bytes_compare(e.name, prefix) > 0;
            if (within && bytes_compare(e.name, after) > 0) {
                list[(*n)++] = e;
            }
        }
    }
    return err;
}

enum ww_err vault_listing_page(struct ww_op *op, const struct vault *v, struct bytes prefix,
                               struct bytes after, size_t limit, struct vault_entry **out, size_t *n)
{
    struct listing *l = enter(v, op_now(op));
    if (!l) {
        return WW_ENOTFOUND;
    }
    *n = 0;
    *out = ARENA_ARRAY(&op->arena, limit, struct vault_entry);
    enum ww_err err = *out ? read_page(op, v, l, prefix, after, *out, limit, n) : op_no_memory(op);
    leave(v, l);
    return err;
}

static enum ww_err read_of_id(struct ww_op *op, const struct vault *v, const struct listing *l,
                              const struct uuid *id, struct vault_entry *out)
{
    struct reader ids, in;
    enum ww_err err = open_part(op, v, l, 1 + (size_t)id->b[0], &ids);
    while (!err && ids.n > 0 && !ids.failed) {
        struct bytes each = read_bytes(&ids, sizeof id->b);
        uint32_t part = read_u32(&ids);
        if (ids.failed || !bytes_equal(each, BYTES_OF(*id))) {
            continue;
        }
        err = open_part(op, v, l, 1 + ID_PARTS + (size_t)part, &in);
        while (!err && in.n > 0 && read_entry(&in, out)) {
            if (uuid_equal(out->id, *id)) {
                return WW_OK;
            }
        }
    }
    return err ? err : WW_ENOTFOUND;
}

/* Of what is not there nothing is said: the leaves are asked. */
enum ww_err vault_listing_find(struct ww_op *op, const struct vault *v, const struct uuid *id,
                               struct vault_entry *out)
{
    struct listing *l = enter(v, op_now(op));
    enum ww_err err = l ? read_of_id(op, v, l, id, out) : WW_ENOTFOUND;
    if (l) {
        leave(v, l);
    }
    return err;
}
