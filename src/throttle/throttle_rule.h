/* Inside throttle: the arithmetic of one counter, once here in C for memory and once in SQL
 * (store_counter.c); a test holds the two against each other.
 *
 * A counter is a leaking bucket measured in time: each try adds `cost`, and time drains it. "5 in 15 minutes"
 * is a cost of 3 minutes: five tries at once fill it, and each is forgotten after 3 minutes. The n-th try, n
 * counted as what has not drained yet, makes the next one wait when n ≥ free: first, twice, four times that,
 * up to longest. */
#ifndef THROTTLE_RULE_H
#define THROTTLE_RULE_H

#include "store.h"

/* wait and longest equal: a fixed interval. */
struct counter_rule throttle_rule_make(int64_t free, uint64_t window, uint64_t first, uint64_t longest);

/* Whether a try is admitted. A time further away than any wait can be (the clock was set back, or somebody
 * wrote it) does not hold. */
bool throttle_rule_admits(const struct counter_rule *r, const struct counter *c, int64_t now);
/* The counter after one more try, which was admitted. */
struct counter throttle_rule_add(const struct counter_rule *r, const struct counter *c, int64_t now);
/* Takes one try back. made: what throttle_rule_add gave for it, at the time `at`. */
void throttle_rule_give_back(const struct counter_rule *r, struct counter *c, const struct counter *made,
                             int64_t at);
/* What has not drained by now, plus what is still to wait; 0 when the counter can be forgotten. */
int64_t throttle_counter_weight(const struct counter *c, int64_t now);

#endif
