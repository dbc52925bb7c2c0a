/* The sessions of an account (vault.md §9): one by its public id, a page of them, and the most there may be.
 *
 * A list opens every row of its account, since a row says only sealed whether it is active and since when; in
 * pieces, of which it keeps what it sorts by. */
#include "session_int.h"

#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 128 };

enum ww_err session_find(struct ww_op *op, struct store *s, const struct session_rules *rules,
                         const struct record *r, const struct uuid *id, struct session **out)
{
    struct session *x = ARENA_NEW(&op->arena, struct session);
    struct session_row row;
    struct record *owner;
    *out = NULL;
    if (!x) {
        return op_no_memory(op);
    }
    enum ww_err err = store_session_row_find(op, s, id, &row, &owner);
    /* Somebody else's session is "not found" and not "forbidden": an id tells nothing. */
    if (err || (r && owner->id != r->id)) {
        return err && err != WW_EDENIED ? err : WW_ENOTFOUND;
    }
    if ((err = session_from_row(op, rules, owner, &row, x)) || !uuid_equal(x->id, *id)) {
        return err == WW_ENOMEM ? err : WW_ENOTFOUND;
    }
    *out = x;
    return WW_OK;
}

/* ---- one page ---- */

/* What a list sorts by, and where it finds the row again. */
struct listed {
    uint64_t issued;
    struct uuid id;
    struct key lookup;
};

/* By lookup where the moment is the same, so that pages do not change between two requests. */
static int newest_first(const void *x, const void *y)
{
    const struct listed *a = x, *b = y;
    return a->issued != b->issued ? (a->issued < b->issued ? 1 : -1)
                                  : memcmp(a->lookup.b, b->lookup.b, sizeof a->lookup.b);
}

struct listing {
    const struct session_rules *rules;
    struct record *record;
    const struct session_page *page;
    struct listed *list;
    size_t n, most;          /* in the list */
    struct session_row last; /* that was read */
    size_t read;             /* in the piece before */
};

static enum ww_err list_some(struct ww_op *op, struct store *s, struct listing *l, bool first)
{
    struct session_row *rows;
    enum ww_err err =
        store_session_row_page(op, s, l->record, first ? NULL : &l->last, AT_ONCE, &rows, &l->read);
    for (size_t i = 0; !err && i < l->read; i++) {
        struct session x;
        l->last = rows[i];
        err = session_from_row(op, l->rules, l->record, &rows[i], &x);
        bool shown = !err && (!l->page->active_only || x.active) && (!l->page->ended_only || !x.active) &&
                     !(l->page->without && uuid_equal(x.id, *l->page->without));
        if (shown && l->n < l->most) {
            l->list[l->n++] = (struct listed){x.issued, x.id, x.row.lookup};
        }
        err = err == WW_EDENIED ? WW_OK : err; /* check reports it */
    }
    return err;
}

/* Counted first, so that the list has its room outside of the pieces, which are wiped; rows that come
 * between the two are left out. */
static enum ww_err list_all(struct ww_op *op, struct store *s, struct listing *l)
{
    enum ww_err err = store_session_row_count(op, s, l->record->id, &l->most);
    l->list = ARENA_ARRAY(&op->arena, l->most, struct listed);
    if (err || !l->list) {
        return err ? err : op_no_memory(op);
    }
    l->read = AT_ONCE;
    for (bool first = true; !err && l->read == AT_ONCE; first = false) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, list_some(op, s, l, first));
    }
    qsort(l->list, l->n, sizeof *l->list, newest_first);
    return err;
}

static size_t place_of(const struct listing *l, const struct uuid *id)
{
    size_t i = 0;
    while (i < l->n && !uuid_equal(l->list[i].id, *id)) {
        i++;
    }
    return i;
}

static void put_first(const struct listing *l, const struct uuid *id)
{
    size_t i = id ? place_of(l, id) : l->n;
    if (i < l->n) {
        struct listed first = l->list[i];
        memmove(&l->list[1], &l->list[0], i * sizeof *l->list);
        l->list[0] = first;
    }
}

/* Reads the rows that the page shows once more; those that ended meanwhile are left out. */
static enum ww_err read_page(struct ww_op *op, struct store *s, const struct listing *l, size_t begin,
                             size_t end, struct session **list, size_t *n)
{
    for (size_t i = begin; i < end; i++) {
        struct session_row row;
        struct record *owner;
        struct session *x = ARENA_NEW(&op->arena, struct session);
        if (!x) {
            return op_no_memory(op);
        }
        enum ww_err err = store_session_row_load(op, s, &l->list[i].lookup, &row, &owner, NULL);
        /* With the record of the list: a row that was moved to another account since does not open under
         * this one. */
        err = err ? err : session_from_row(op, l->rules, l->record, &row, x);
        if (!err) {
            list[(*n)++] = x;
        } else if (err != WW_ENOTFOUND && err != WW_EDENIED) {
            return err;
        }
    }
    return WW_OK;
}

enum ww_err session_list(struct ww_op *op, struct store *s, const struct session_rules *rules,
                         struct record *r, struct session_page *page, struct session ***out, size_t *n)
{
    struct listing l = {.rules = rules, .record = r, .page = page};
    *n = 0;
    *out = NULL;
    enum ww_err err = list_all(op, s, &l);
    if (err) {
        return err;
    }
    put_first(&l, page->first);
    size_t at = page->after ? place_of(&l, page->after) : l.n;
    size_t begin = at < l.n ? at + 1 : page->skip < l.n ? page->skip : l.n;
    size_t end = page->most && l.n - begin > page->most ? begin + page->most : l.n;
    page->total = l.n;
    page->more = end < l.n;
    struct session **list = ARENA_ARRAY(&op->arena, end - begin, struct session *);
    *out = list;
    return list ? read_page(op, s, &l, begin, end, list, n) : op_no_memory(op);
}

/* ---- all accounts ---- */

enum ww_err session_scan(struct ww_op *op, struct store *s, const struct session_rules *rules,
                         struct session_scan *scan, struct session ***out, size_t *n)
{
    struct session_row *rows;
    struct record **records;
    size_t read;
    *n = 0;
    enum ww_err err = store_session_row_page_all(op, s, scan->after, scan->most + 1, &rows, &records, &read);
    *out = err ? NULL : ARENA_ARRAY(&op->arena, read, struct session *);
    if (err || !*out) {
        return err ? err : op_no_memory(op);
    }
    scan->more = read > scan->most;
    for (size_t i = 0; i < read && i < scan->most; i++) {
        struct session *x = ARENA_NEW(&op->arena, struct session);
        scan->last = rows[i].lookup;
        err = x ? session_from_row(op, rules, records[i], &rows[i], x) : op_no_memory(op);
        if (err && err != WW_EDENIED) { /* one that does not open is check's to report */
            return err;
        }
        if (!err && (!scan->active_only || x->active) && (!scan->ended_only || !x->active)) {
            (*out)[(*n)++] = x;
        }
    }
    return WW_OK;
}

/* ---- the most ---- */

/* Those that are over go first, then the oldest. */
static enum ww_err remove_some(struct ww_op *op, struct store *s, const struct session_rules *rules,
                               struct session *kept, size_t excess)
{
    struct session_row *rows;
    size_t n;
    enum ww_err err = store_session_row_page(op, s, kept->record, NULL, AT_ONCE, &rows, &n);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; !err && excess && i < n; i++) {
            struct session x;
            bool gone =
                !rows[i].blob.p || memcmp(&rows[i].lookup, &kept->row.lookup, sizeof rows[i].lookup) == 0;
            if (gone || (round == 0 && session_from_row(op, rules, kept->record, &rows[i], &x) == WW_OK &&
                         x.active)) {
                continue;
            }
            if (round == 1 && session_from_row(op, rules, kept->record, &rows[i], &x) == WW_OK) {
                kept->displaced++;
                kept->displaced_id = x.id;
            }
            err = store_session_row_delete(op, s, &rows[i].lookup);
            rows[i].blob = BYTES(NULL, 0);
            excess--;
        }
    }
    return err;
}

enum ww_err session_make_room(struct ww_op *op, struct store *s, const struct session_rules *rules,
                              struct session *kept)
{
    size_t n;
    enum ww_err err = rules->most ? store_session_row_count(op, s, kept->record->id, &n) : WW_OK;
    /* Each sign-in is a row, and a stolen password could make them without end; the one that was just made
     * is kept. */
    if (err || !rules->most || n <= rules->most) {
        return err;
    }
    struct op_piece piece;
    op_piece_begin(op, &piece);
    return op_piece_end(op, &piece, remove_some(op, s, rules, kept, n - rules->most));
}
