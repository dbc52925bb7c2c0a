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
