/* Inside throttle: the arithmetic of one counter, once here in C for memory and once in SQL
 * (throttle_rows.c); a test holds the two against each other.
 *
 * A counter is a leaking bucket measured in time: each try adds `cost`, and time drains it. "5 in 15 minutes"
 * is a cost of 3 minutes: five tries at once fill it, and each is forgotten after 3 minutes. The n-th try, n
 * counted as what has not drained yet, makes the next one wait when n ≥ free: first, twice, four times that,
 * up to longest. */
#ifndef THROTTLE_RULE_H
#define THROTTLE_RULE_H

#include <stdbool.h>
#include <stdint.h>

struct throttle_rule {
    int64_t cost;      /* µs: window / free */
    int64_t quiet;     /* µs: a level up to this makes nobody wait: (free - 1) · cost */
    int64_t level_max; /* µs: where the longest wait is reached; no level goes beyond */
    int64_t first, longest;
};

/* Levels and times in µs; zero is a counter that was never used. The columns `count` and `until` of the
 * table. */
struct throttle_counter {
    int64_t level; /* at the time `until`, or now if that is later */
    int64_t until; /* the next try is admitted from here on */
};

/* wait and longest equal: a fixed interval. */
struct throttle_rule throttle_rule_make(int64_t free, uint64_t window, uint64_t first, uint64_t longest);

/* Whether a try is admitted. A time further away than any wait can be (the clock was set back, or somebody
 * wrote it) does not hold. */
bool throttle_rule_admits(const struct throttle_rule *r, const struct throttle_counter *c, int64_t now);
/* The counter after one more try, which was admitted. */
struct throttle_counter throttle_rule_add(const struct throttle_rule *r, const struct throttle_counter *c,
                                          int64_t now);
/* Takes one try back. made: what throttle_rule_add gave for it, at the time `at`. */
void throttle_rule_give_back(const struct throttle_rule *r, struct throttle_counter *c,
                             const struct throttle_counter *made, int64_t at);
/* What has not drained by now, plus what is still to wait; 0 when the counter can be forgotten. */
int64_t throttle_counter_weight(const struct throttle_counter *c, int64_t now);

#endif
