/* How many hashes run at once (vault.md §7). A hash runs on the thread that asks for it; the pool is the gate
 * before it: places are given in the order of asking, so that a small hash cannot starve a large one. It is
 * no queue of a length of its own: as many wait as there are threads that ask, each for a bounded time. The
 * server queues requests before it gives them a thread (http_workers.c). */
#include "pwhash_format.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "timefmt.h"

/* A place is waited for so long before "busy"; and bytes of memory that all hashes together may take. */
enum { DEFAULT_WAIT_MS = 5000 };
static const uint64_t default_budget_max = (uint64_t)1 << 30;

/* On the stack of the thread that waits. */
struct waiter {
    struct waiter *next;
    pthread_cond_t turn;
};

struct pwhash_pool {
    struct pwhash_limits limits;
    pthread_mutex_t lock;
    pthread_condattr_t clock;
    struct waiter *first, **end;
    unsigned waiting, running;
    uint64_t memory_used;
};

static uint64_t default_budget(void)
{
    /* A quarter of the machine's, at most 1 GiB: whoever sends sign-ins by the thousand must not bring the
     * OOM killer. */
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    uint64_t quarter = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size / 4 : default_budget_max;
    return quarter < default_budget_max ? quarter : default_budget_max;
}

static struct pwhash_limits with_defaults(const struct pwhash_limits *given)
{
    struct pwhash_limits l = given ? *given : (struct pwhash_limits){0};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    l.memory_budget = l.memory_budget ? l.memory_budget : default_budget();
    l.workers = l.workers ? l.workers : cores > 0 ? (unsigned)cores : 1;
    l.wait_ms = l.wait_ms ? l.wait_ms : DEFAULT_WAIT_MS;
    return l;
}

enum ww_err pwhash_pool_new(struct ww_op *op, const struct pwhash_limits *limits, struct pwhash_pool **out)
{
    *out = NULL;
    struct pwhash_pool *p = calloc(1, sizeof *p);
    if (!p) {
        return op_no_memory(op);
    }
    if (pthread_mutex_init(&p->lock, NULL) != 0) {
        free(p);
        return op_no_memory(op);
    }
    if (pthread_condattr_init(&p->clock) != 0) {
        pthread_mutex_destroy(&p->lock);
        free(p);
        return op_no_memory(op);
    }
    pthread_condattr_setclock(&p->clock, CLOCK_MONOTONIC);
    p->limits = with_defaults(limits);
    p->end = &p->first;
    *out = p;
    return WW_OK;
}

void pwhash_pool_free(struct pwhash_pool *p)
{
    if (p) {
        pthread_condattr_destroy(&p->clock);
        pthread_mutex_destroy(&p->lock);
        free(p);
    }
}

uint64_t pwhash_pool_budget(const struct pwhash_pool *p)
{
    return p->limits.memory_budget;
}

static bool has_room(const struct pwhash_pool *p, uint64_t memory)
{
    /* No hash needs more than the whole budget: pwhash_within_ceilings refused that before. */
    return p->running < p->limits.workers && memory <= p->limits.memory_budget - p->memory_used;
}

static void wake_first(struct pwhash_pool *p)
{
    if (p->first) {
        pthread_cond_signal(&p->first->turn);
    }
}

static void enqueue(struct pwhash_pool *p, struct waiter *w)
{
    *p->end = w;
    p->end = &w->next;
    p->waiting++;
}

/* Anywhere in the queue: a wait may end before its turn. */
static void dequeue(struct pwhash_pool *p, const struct waiter *w)
{
    struct waiter **link = &p->first;
    while (*link != w) {
        link = &(*link)->next;
    }
    *link = w->next;
    if (p->end == &w->next) {
        p->end = link;
    }
    p->waiting--;
}

/* True when it is this waiter's turn; false when the wait was too long. Called with the lock held. */
static bool wait_for_turn(struct pwhash_pool *p, struct waiter *w, uint64_t memory)
{
    struct timespec deadline = timefmt_deadline(p->limits.wait_ms);
    bool in_time = true;
    enqueue(p, w);
    while (in_time && !(p->first == w && has_room(p, memory))) {
        in_time = pthread_cond_timedwait(&w->turn, &p->lock, &deadline) != ETIMEDOUT;
    }
    bool mine = p->first == w && has_room(p, memory);
    dequeue(p, w);
    return mine;
}

static bool enter(struct pwhash_pool *p, struct waiter *w, uint64_t memory)
{
    /* Nobody overtakes who waits, even where there is room for a small one. */
    bool admitted = (!p->first && has_room(p, memory)) || wait_for_turn(p, w, memory);
    if (admitted) {
        p->running++;
        p->memory_used += memory;
    }
    wake_first(p); /* who is first now may fit beside this one, or in place of it */
    return admitted;
}

enum ww_err pwhash_pool_enter(struct ww_op *op, struct pwhash_pool *p, uint64_t memory)
{
    struct waiter w = {0};
    if (pthread_cond_init(&w.turn, &p->clock) != 0) {
        return op_no_memory(op);
    }
    pthread_mutex_lock(&p->lock);
    bool admitted = enter(p, &w, memory);
    pthread_mutex_unlock(&p->lock);
    pthread_cond_destroy(&w.turn);
    if (!admitted) {
        enum ww_err err = op_fail(op, WW_EBUSY, "busy", "too many passwords are being checked");
        /* Seconds, rounded up. */
        op->problem.retry_after = (p->limits.wait_ms + 999) / 1000;
        return err;
    }
    return WW_OK;
}

void pwhash_pool_leave(struct pwhash_pool *p, uint64_t memory)
{
    pthread_mutex_lock(&p->lock);
    p->running--;
    p->memory_used -= memory;
    wake_first(p);
    pthread_mutex_unlock(&p->lock);
}

unsigned pwhash_pool_waiting(struct pwhash_pool *p)
{
    pthread_mutex_lock(&p->lock);
    unsigned n = p->waiting;
    pthread_mutex_unlock(&p->lock);
    return n;
}
