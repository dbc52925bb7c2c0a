/* Ranges of places in chains: few, even of many rows, since neighbours are joined. */
#include "audit_int.h"

#include <stdlib.h>

/* Overlaps or touches. `last` is below INT64_MAX in every range that was added, so that + 1 does not
 * overflow. */
static bool follows(const struct audit_range *a, const struct audit_range *b)
{
    return a->node == b->node && b->first >= a->first && b->first <= a->last + 1;
}

static int by_place(const void *x, const void *y)
{
    const struct audit_range *a = x, *b = y;
    return a->node != b->node     ? (a->node < b->node ? -1 : 1)
           : a->first != b->first ? (a->first < b->first ? -1 : 1)
                                  : 0;
}

void audit_ranges_join(struct audit_ranges *r)
{
    size_t kept = 0;
    if (r->n == 0) {
        return;
    }
    qsort(r->at, r->n, sizeof *r->at, by_place);
    for (size_t i = 1; i < r->n; i++) {
        struct audit_range *last = &r->at[kept];
        if (follows(last, &r->at[i])) {
            last->last = r->at[i].last > last->last ? r->at[i].last : last->last;
        } else {
            r->at[++kept] = r->at[i];
        }
    }
    r->n = kept + 1;
}

/* Joins before it grows, so that the memory follows what is left after joining. */
static enum ww_err make_room(struct audit_ranges *r)
{
    if (r->n < r->capacity) {
        return WW_OK;
    }
    audit_ranges_join(r);
    /* Half free after joining: growing is put off, and joining still costs n log n over all additions
     * together. */
    if (r->n < r->capacity / 2) {
        return WW_OK;
    }
    size_t capacity = r->capacity * 2 + 64;
    struct audit_range *at = reallocarray(r->at, capacity, sizeof *at);
    if (!at) {
        return WW_ENOMEM;
    }
    r->at = at;
    r->capacity = capacity;
    return WW_OK;
}

enum ww_err audit_ranges_add(struct audit_ranges *r, struct audit_range range)
{
    if (range.last < range.first || range.first < 1 || range.last == INT64_MAX) {
        return WW_OK; /* names no place */
    }
    if (r->n && follows(&r->at[r->n - 1], &range)) {
        struct audit_range *last = &r->at[r->n - 1];
        last->last = range.last > last->last ? range.last : last->last;
        return WW_OK;
    }
    enum ww_err err = make_room(r);
    if (!err) {
        r->at[r->n++] = range;
    }
    return err;
}

void audit_ranges_free(struct audit_ranges *r)
{
    free(r->at);
    *r = (struct audit_ranges){0};
}

/* ---- what is empty against what was erased ---- */

static uint64_t length(const struct audit_ranges *r)
{
    uint64_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        n += (uint64_t)(r->at[i].last - r->at[i].first) + 1;
    }
    return n;
}

/* Both are sorted and joined: counts the places of `a` that stand in `b`. One walk over both: linear,
 * however many rows were erased. */
static uint64_t common(const struct audit_ranges *a, const struct audit_ranges *b)
{
    uint64_t n = 0;
    for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
        const struct audit_range *x = &a->at[i], *y = &b->at[j];
        if (x->node == y->node) {
            int64_t first = x->first > y->first ? x->first : y->first;
            int64_t last = x->last < y->last ? x->last : y->last;
            n += first <= last ? (uint64_t)(last - first) + 1 : 0;
        }
        bool x_ends_first = x->node != y->node ? x->node < y->node : x->last < y->last;
        i += x_ends_first;
        j += !x_ends_first;
    }
    return n;
}

/* Empty and named by no erasure: somebody else emptied it. Named, yet not empty: an old copy was put back. */
void audit_ranges_compare(struct audit_ranges *empty, struct audit_ranges *erased, uint64_t *emptied,
                          uint64_t *returned)
{
    audit_ranges_join(empty);
    audit_ranges_join(erased);
    uint64_t both = common(empty, erased);
    *emptied = length(empty) - both;
    *returned = length(erased) - both;
}
