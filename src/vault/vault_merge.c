/* Vaults that were given up and wait, and their way back into the one of today (vault.md §10): epochs and
 * entries move, nothing is encrypted again. */
#include "vault_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_share.h"

/* ---- waiting ---- */

/* D(–, waiting, uuid, vid ‖ u32 length of ring ‖ ring ‖ head). Whoever gives a vault up cannot open it, so
 * that the newest numbers in its head are not known; its bytes are, and nobody writes them from now on. */
static void stored_digest(const struct uuid *account, const struct uuid *vid, const struct vault_row *row,
                          struct key *out)
{
    uint8_t n[4] = {(uint8_t)(row->ring.n >> 24), (uint8_t)(row->ring.n >> 16), (uint8_t)(row->ring.n >> 8),
                    (uint8_t)row->ring.n};
    struct bytes parts[] = {BYTES_OF(*vid), BYTES(n, 4), row->ring, row->head};
    derive_parts(out, NULL, "waiting", account, parts, 4);
}

void vault_give_up(const struct record *r, const struct vault_row *row, struct record_waiting *out)
{
    *out = (struct record_waiting){.vid = r->vid,
                                   .generation = r->root_generation,
                                   .root_check = r->root_check,
                                   .epoch = r->epoch,
                                   .floor = r->vault_floor};
    stored_digest(&r->uuid, &r->vid, row, &out->stored);
}

bool vault_waits_as_it_was(const struct record *r, const struct record_waiting *w,
                           const struct vault_row *row)
{
    KEY32(stored);
    stored_digest(&r->uuid, &w->vid, row, &stored);
    return crypto_equal(BYTES_OF(stored), BYTES_OF(w->stored));
}

enum ww_err vault_open_waiting(struct ww_op *op, struct store *s, const struct record *r,
                               const struct record_waiting *w, const struct key *root,
                               const struct vault_row *row, struct vault **out)
{
    /* As the record was then. */
    struct record then = *r;
    then.vid = w->vid;
    then.root_generation = w->generation;
    then.root_check = w->root_check;
    then.epoch = w->epoch;
    then.vault_floor = w->floor;
    *out = NULL;
    /* A ring or head of before is authentic, and of this very vault: only what was noted tells them apart. */
    if (!vault_waits_as_it_was(r, w, row)) {
        return vault_tampered(op, "waiting vault");
    }
    return vault_open(op, s, &then, root, row, out);
}

/* ---- merging ---- */

/* 0 for one that was damaged: it gives way, and is told of when it is read. */
static enum ww_err time_of(struct ww_op *op, struct store *s, const struct vault *v, const struct entry *e,
                           struct vault_merge *m, uint64_t *time)
{
    const struct op_problem before = op->problem;
    const struct vault_entry share = {e->name, e->id, e->version, e->key};
    struct vault_value value = {0};
    struct op_piece piece;
    op_piece_begin(op, &piece); /* values may be large, and only their times are kept */
    enum ww_err err =
        op_piece_end(op, &piece,
                     e->space == SPACE_SHARES ? m->share_time(op, m->context, &share, &value.time)
                                              : vault_open_item(op, s, v, e, &value));
    *time = err ? 0 : value.time;
    if (err == WW_ETAMPERED) {
        op->problem = before;
        err = WW_OK;
    }
    return err;
}

static size_t cut_at_character(struct bytes name, size_t most)
{
    size_t n = name.n < most ? name.n : most;
    while (n > 0 && n < name.n && ((const uint8_t *)name.p)[n] >> 6 == 2) {
        n--;
    }
    return n;
}

/* "NAME (before DATE)", with a number where that is taken too: in v, or in the vault that comes over. */
static enum ww_err free_name(struct ww_op *op, struct store *s, struct vault *v, struct vault *old,
                             const struct entry *e, const char *before, struct bytes *out)
{
    enum { NUMBERS = 9 };
    struct vault *const both[] = {v, old};
    bool taken = true;
    for (int i = 1; taken; i++) {
        char tail[96], id[UUID_TEXT];
        uuid_format(id, e->id);
        /* At last its id, which nobody could guess: whoever fills the vault with such names must not make
         * this walk them all. */
        if (i == 1) {
            snprintf(tail, sizeof tail, "%.40s", before);
        } else if (i <= NUMBERS) {
            snprintf(tail, sizeof tail, "%.40s %d", before, i);
        } else {
            snprintf(tail, sizeof tail, "%.40s %s", before, id);
        }
        struct buf b = BUF(&op->arena);
        buf_add(&b, e->name.p, cut_at_character(e->name, VAULT_NAME_MAX - strlen(tail)));
        buf_str(&b, tail);
        *out = buf_done(&b);
        if (!out->p) {
            return op_no_memory(op);
        }
        taken = false;
        for (size_t j = 0; j < 2 && !taken; j++) {
            size_t number = vault_leaf_number(both[j], e->space, *out);
            enum ww_err err = vault_leaf_open(op, s, both[j], number);
            if (err) {
                return err;
            }
            vault_entry_position(&both[j]->leaves[number], e->space, *out, &taken);
        }
    }
    return WW_OK;
}

/* The entry with its key, id and version, under a name that v does not have. */
static enum ww_err insert(struct ww_op *op, struct store *s, struct vault *v, const struct entry *e)
{
    bool found;
    size_t number = vault_leaf_number(v, e->space, e->name);
    enum ww_err err = vault_leaf_open(op, s, v, number);
    if (err) {
        return err;
    }
    struct leaf *l = &v->leaves[number];
    size_t at = vault_entry_position(l, e->space, e->name, &found);
    if (found) {
        return op_fail(op, WW_EINTERNAL, "merge", "a name is there already");
    }
    if ((err = vault_make_room(op, l, at))) {
        return err;
    }
    l->entries[at] = *e;
    l->changed = true;
    return WW_OK;
}

static enum ww_err note_renamed(struct ww_op *op, struct vault_merge *m, const struct entry *e,
                                struct bytes from)
{
    /* Doubling, from 16 on. */
    if (m->renamed_count == 0 ||
        (m->renamed_count >= 16 && (m->renamed_count & (m->renamed_count - 1)) == 0)) {
        struct vault_renamed *list =
            ARENA_ARRAY(&op->arena, m->renamed_count ? 2 * m->renamed_count : 16, struct vault_renamed);
        if (!list) {
            return op_no_memory(op);
        }
        if (m->renamed_count) {
            memcpy(list, m->renamed, m->renamed_count * sizeof *list);
        }
        m->renamed = list;
    }
    m->renamed[m->renamed_count++] = (struct vault_renamed){e->space, from, e->name};
    return WW_OK;
}

/* A name in both. Notes and traits stand for what is so now, and v's is the later word. */
static enum ww_err settle(struct ww_op *op, struct store *s, struct vault *v, struct vault *old,
                          struct entry *ours, const struct entry *theirs, struct vault_merge *m)
{
    uint64_t our_time, their_time;
    enum ww_err err = WW_EINTERNAL;
    if (theirs->space == SPACE_INTERNAL || theirs->space == SPACE_TRAITS) {
        return store_item_delete(op, s, &theirs->id, v->account);
    }
    if ((err = time_of(op, s, v, ours, m, &our_time)) ||
        (err = time_of(op, s, old, theirs, m, &their_time))) {
        return err;
    }
    struct entry older = *theirs;
    if (their_time > our_time) {
        /* The place in the leaf stays: it is the name's. */
        older = *ours;
        *ours = *theirs;
    }
    const struct bytes name = older.name;
    struct bytes renamed;
    if ((err = free_name(op, s, v, old, &older, m->before, &renamed))) {
        return err;
    }
    older.name = renamed;
    err = insert(op, s, v, &older);
    return err ? err : note_renamed(op, m, &older, name);
}

static enum ww_err bring_over(struct ww_op *op, struct store *s, struct vault *v, struct vault *old,
                              const struct entry *e, struct vault_merge *m)
{
    bool found;
    size_t number = vault_leaf_number(v, e->space, e->name);
    enum ww_err err = vault_leaf_open(op, s, v, number);
    if (err) {
        return err;
    }
    m->items += e->space == SPACE_ITEMS;
    size_t at = vault_entry_position(&v->leaves[number], e->space, e->name, &found);
    if (!found) {
        return insert(op, s, v, e);
    }
    v->leaves[number].changed = true;
    return settle(op, s, v, old, &v->leaves[number].entries[at], e, m);
}

enum ww_err vault_merge(struct ww_op *op, struct store *s, struct vault *v, struct vault *old,
                        struct vault_merge *m)
{
    enum ww_err err = WW_EINTERNAL;
    m->items = m->renamed_count = 0;
    m->renamed = NULL;
    if ((err = vault_ring_join(op, v, old)) || (err = vault_leaf_open_all(op, s, old))) {
        return err;
    }
    for (size_t i = 0; i < leaf_count(old); i++) {
        for (size_t j = 0; j < old->leaves[i].n; j++) {
            if ((err = bring_over(op, s, v, old, &old->leaves[i].entries[j], m))) {
                return err;
            }
        }
    }
    /* Versions of both came from numbers of their own: what is written from now on is later than either. */
    v->seq = (v->seq > old->seq ? v->seq : old->seq) + 1;
    if ((err = vault_leaves_fit(op, s, v)) || (err = vault_leaves_write(op, s, v)) ||
        (err = vault_ring_write(op, s, m->root, v))) {
        return err;
    }
    return vault_reseal(op, s, v, v->record_seq);
}

/* ---- what is left of one that is gone ---- */

enum { TIDIED_AT_ONCE = 200 };

static int by_bytes(const void *x, const void *y)
{
    return memcmp(x, y, sizeof(struct uuid));
}

/* In order. Items and shares have ids of the same kind, so that one list will do. */
static enum ww_err named_ids(struct ww_op *op, struct store *s, struct vault *v, struct uuid **out, size_t *n)
{
    size_t total = 0;
    enum ww_err err = vault_leaf_open_all(op, s, v);
    for (size_t i = 0; !err && i < leaf_count(v); i++) {
        total += v->leaves[i].n;
    }
    *n = 0;
    *out = ARENA_ARRAY(&op->arena, total, struct uuid);
    if (err || !*out) {
        return err ? err : op_no_memory(op);
    }
    for (size_t i = 0; i < leaf_count(v); i++) {
        for (size_t j = 0; j < v->leaves[i].n; j++) {
            (*out)[(*n)++] = v->leaves[i].entries[j].id;
        }
    }
    qsort(*out, *n, sizeof **out, by_bytes);
    return WW_OK;
}

static enum ww_err tidy_page(struct ww_op *op, struct store *s, const struct vault *v, bool shares,
                             const struct uuid *named, size_t named_count, struct uuid *after, size_t *n)
{
    struct uuid ids[TIDIED_AT_ONCE];
    static const struct uuid first; /* zeros: no id is that one */
    const struct uuid *from = memcmp(after, &first, sizeof first) ? after : NULL;
    enum ww_err err = shares ? store_share_ids(op, s, &v->account_uuid, from, ids, TIDIED_AT_ONCE, n)
                             : store_item_ids(op, s, v->account, from, ids, TIDIED_AT_ONCE, n);
    for (size_t i = 0; !err && i < *n; i++) {
        *after = ids[i];
        if (!named_count || !bsearch(&ids[i], named, named_count, sizeof *named, by_bytes)) {
            err = shares ? store_share_delete(op, s, &ids[i], &v->account_uuid)
                         : store_item_delete(op, s, &ids[i], v->account);
        }
    }
    return err;
}

enum ww_err vault_tidy(struct ww_op *op, struct store *s, struct vault *v)
{
    struct uuid *named;
    size_t count;
    enum ww_err err = named_ids(op, s, v, &named, &count);
    for (int shares = 0; !err && shares < 2; shares++) {
        struct uuid after = {{0}};
        size_t n = TIDIED_AT_ONCE;
        while (!err && n == TIDIED_AT_ONCE) {
            err = tidy_page(op, s, v, shares, named, count, &after, &n);
        }
    }
    return err;
}
