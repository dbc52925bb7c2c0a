/* Inside throttle: counters of this process, in a table of fixed size. Each subject has a few places where it
 * may stand; when all are taken the lightest counter gives way. Subjects are keyed hashes, so nobody can
 * choose places. */
#ifndef THROTTLE_MEMORY_H
#define THROTTLE_MEMORY_H

#include "op.h"
#include "secret.h"
#include "throttle_rule.h"

struct throttle_memory;

/* One counter of an attempt. */
struct throttle_subject {
    struct key id;
    const struct counter_rule *rule;
    struct counter made;   /* by this attempt in memory */
    struct counter stored; /* by this attempt in the table */
};

/* places: rounded up to a power of two. */
enum ww_err throttle_memory_new(struct ww_op *op, size_t places, struct throttle_memory **out) WW_MUST;
void throttle_memory_free(struct throttle_memory *m);

/* Adds one to all, or to none when one of them must wait: *until then gets the time. Sets made. */
bool throttle_memory_reserve(struct throttle_memory *m, struct throttle_subject *subjects, size_t n,
                             int64_t now, int64_t *until);
/* Whether all would be admitted, without counting. */
bool throttle_memory_admits(struct throttle_memory *m, const struct throttle_subject *subjects, size_t n,
                            int64_t now, int64_t *until);
/* Takes back what throttle_memory_reserve added at `at`. */
void throttle_memory_give_back(struct throttle_memory *m, const struct throttle_subject *subjects, size_t n,
                               int64_t at);
/* The larger of what is known here and what is stored rules from now on. */
void throttle_memory_raise(struct throttle_memory *m, struct throttle_subject *subject, int64_t now);

#endif
