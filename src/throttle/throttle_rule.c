/* One limit: so many at once, each forgotten after a while, then a wait that grows (own-api.md,
 * "Throttling"). */
#include "throttle_rule.h"

static const int64_t time_max = INT64_MAX / 4; /* so that one doubling and sums of a few do not overflow */

/* Settings may be any duration; what is longer than 73,000 years is for ever all the same. */
static int64_t bounded(uint64_t v)
{
    return v > (uint64_t)time_max ? time_max : (int64_t)v;
}

struct counter_rule throttle_rule_make(int64_t free, uint64_t window, uint64_t first, uint64_t longest)
{
    /* At least one: a limit of none would lock everybody out. */
    int64_t allowed = free > 0 ? free : 1;
    struct counter_rule r = {.first = bounded(first), .longest = bounded(longest)};
    int doublings = 0;
    /* µs that one try takes to be forgotten; levels are sums of these, so that level and time have one
     * unit. */
    r.cost = bounded(window) / allowed;
    r.cost = r.cost > 0 ? r.cost : 1;
    /* Up to here a try makes nobody wait: `free` of them at once reach just above. */
    r.quiet = (allowed - 1) * r.cost;
    while (r.first > 0 && r.first << doublings < r.longest) {
        doublings++;
    }
    /* Beyond the longest wait a level says nothing more; without the bound, a flood of tries would have to
     * drain for days. */
    r.level_max = r.quiet + (doublings + 1) * r.cost;
    return r;
}

/* Below its quiet level a counter's `until` is when it was last counted: of a try on another thread that may
 * lie ahead of this one's own time, and is no wait. */
static bool waiting(const struct counter_rule *r, const struct counter *c, int64_t now)
{
    return c->level > r->quiet && c->until > now && c->until - now <= r->longest;
}

bool throttle_rule_admits(const struct counter_rule *r, const struct counter *c, int64_t now)
{
    return !waiting(r, c, now);
}

/* The level sinks by one µs for each µs since `until`: while somebody has to wait, nothing is forgotten. */
static int64_t drained(const struct counter *c, int64_t now)
{
    int64_t idle = c->until < now ? now - c->until : 0;
    return c->level > idle ? c->level - idle : 0;
}

struct counter throttle_rule_add(const struct counter_rule *r, const struct counter *c, int64_t now)
{
    int64_t level = drained(c, now) + r->cost;
    level = level > r->level_max ? r->level_max : level;
    struct counter after = {level, now};
    if (level > r->quiet) {
        int64_t doublings = (level - r->quiet - 1) / r->cost;
        int64_t wait = r->first << doublings;
        after.until += wait > r->longest ? r->longest : wait;
    }
    return after;
}

void throttle_rule_give_back(const struct counter_rule *r, struct counter *c, const struct counter *made,
                             int64_t at)
{
    /* Subtracted, not set back to what it was: tries of others that were counted meanwhile stay counted. */
    c->level = c->level > r->cost ? c->level - r->cost : 0;
    if (c->until == made->until) { /* nobody came after: the wait was this try's own */
        c->until = at;
    }
}

/* µs until nothing of the counter is left. */
int64_t throttle_counter_weight(const struct counter *c, int64_t now)
{
    return drained(c, now) + (c->until > now ? c->until - now : 0);
}
