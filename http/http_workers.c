/* Bounded queues in front of worker threads: so much at once, so much waiting, the rest is refused.
 *
 * The hash queue holds what its threads do in one second, by the average of what they did: who is let in is
 * served soon, who is not is told at once, and in overload good answers do not wait behind a full queue. */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "http_server_int.h"

enum {
    WORTH_US = 1000000,  /* of work that may wait */
    SLICE_NS = 20000000, /* of a thread that hashes; the kernel's own is about 3 ms */
    AVERAGE_OVER = 8,    /* runs that the average remembers, about */
};

struct http_pool {
    pthread_mutex_t mutex;
    pthread_cond_t work;
    struct http_request *first, *last;
    unsigned waiting, capacity, percent;
    bool stopping, hashing;
    uint64_t average_us; /* of a run; 0 before the first */
    unsigned thread_count;
    pthread_t threads[];
};

/* Called with the mutex held, or when no thread is left. */
static struct http_request *take(struct http_pool *pool)
{
    struct http_request *r = pool->first;
    pool->first = r->next;
    if (!pool->first) {
        pool->last = NULL;
    }
    r->next = NULL;
    r->waiting = false;
    pool->waiting--;
    return r;
}

/* Long work takes its fair share of the processor beside other programs, but in long slices that whoever
 * wakes may interrupt: a loop gets its core at once (SCHED_BATCH; Linux 6.12 obeys the slice). A lower
 * priority (nice) would do that too, and starve beside busy neighbours. Refused or not, it works. */
static void work_in_batches(void)
{
    const struct { /* of sched_setattr(2), which glibc does not know */
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime_ns, deadline_ns, period_ns;
    } wish = {.size = sizeof wish, .policy = SCHED_BATCH, .runtime_ns = SLICE_NS};
    (void)syscall(SYS_sched_setattr, 0, &wish, 0);
}

/* A moving average, in µs; one more at the end so that it is never 0, which means that nothing has run
 * yet. */
static void remember(struct http_pool *pool, uint64_t took_us)
{
    uint64_t before = pool->average_us ? pool->average_us : took_us;
    pool->average_us = (before * (AVERAGE_OVER - 1) + took_us) / AVERAGE_OVER + 1;
}

static void *work(void *argument)
{
    struct http_pool *pool = argument;
    if (pool->hashing) {
        work_in_batches();
    }
    pthread_mutex_lock(&pool->mutex);
    while (!pool->stopping) {
        if (!pool->first) {
            pthread_cond_wait(&pool->work, &pool->mutex);
            continue;
        }
        struct http_request *r = take(pool);
        pthread_mutex_unlock(&pool->mutex);
        uint64_t began = http_now_us();
        http_request_run(r);
        uint64_t took = http_now_us() - began;
        http_loop_post(r);
        pthread_mutex_lock(&pool->mutex);
        remember(pool, took);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* Threads are made at the start: under load there is none to be made. */
struct http_pool *http_pool_new(unsigned threads, unsigned capacity, unsigned percent, bool hashing)
{
    struct http_pool *pool = calloc(1, sizeof *pool + threads * sizeof *pool->threads);
    if (!pool) {
        return NULL;
    }
    pool->capacity = capacity;
    pool->percent = percent;
    pool->hashing = hashing;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    sigset_t all, before; /* signals are for the thread that runs the server */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (; pool->thread_count < threads; pool->thread_count++) {
        if (pthread_create(&pool->threads[pool->thread_count], NULL, work, pool) != 0) {
            break;
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pool->thread_count < threads) {
        http_pool_free(pool);
        return NULL;
    }
    return pool;
}

/* What the average promises, and what is seen: requests that do not hash make the average small, and then the
 * one that waits longest tells the truth. */
static unsigned places(const struct http_pool *pool)
{
    uint64_t now = http_now_us(), most = pool->capacity;
    if (!pool->hashing) {
        return pool->capacity;
    }
    if (pool->first && now > pool->first->queued_us + WORTH_US) {
        return 0;
    }
    if (pool->average_us && pool->thread_count * (uint64_t)WORTH_US / pool->average_us < most) {
        most = pool->thread_count * (uint64_t)WORTH_US / pool->average_us;
    }
    return most ? (unsigned)most : 1;
}

/* One network has a part of the places only, so that it cannot shut out the others (own-api.md,
 * "Throttling"). */
static bool has_place(const struct http_pool *pool, const struct http_request *r)
{
    unsigned held = 0, most = places(pool);
    if (pool->stopping || pool->waiting >= most) {
        return false;
    }
    for (const struct http_request *q = pool->first; q; q = q->next) {
        held += memcmp(q->network.b, r->network.b, sizeof r->network.b) == 0;
    }
    return held * 100 < most * pool->percent;
}

bool http_pool_add(struct http_pool *pool, struct http_request *r)
{
    pthread_mutex_lock(&pool->mutex);
    /* Judged and added under one lock: two loops cannot both take the last place. */
    bool added = has_place(pool, r);
    if (added) {
        r->next = NULL;
        r->waiting = true;
        r->queued_us = http_now_us();
        if (pool->last) {
            pool->last->next = r;
        } else {
            pool->first = r;
        }
        pool->last = r;
        pool->waiting++;
        pthread_cond_signal(&pool->work);
    }
    pthread_mutex_unlock(&pool->mutex);
    return added;
}

/* For a client that left while it waited: nobody hashes for nobody. */
bool http_pool_remove(struct http_pool *pool, struct http_request *r)
{
    pthread_mutex_lock(&pool->mutex);
    bool found = r->waiting;
    if (found) {
        struct http_request *before = NULL, **at = &pool->first;
        while (*at != r) {
            before = *at;
            at = &before->next;
        }
        *at = r->next;
        if (pool->last == r) {
            pool->last = before;
        }
        r->next = NULL;
        r->waiting = false;
        pool->waiting--;
    }
    pthread_mutex_unlock(&pool->mutex);
    return found;
}

unsigned http_pool_waiting(struct http_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    unsigned waiting = pool->waiting;
    pthread_mutex_unlock(&pool->mutex);
    return waiting;
}

/* What waits is dropped: nobody is left to send its answer. What runs is waited for, since it uses the
 * pool. */
void http_pool_free(struct http_pool *pool)
{
    if (!pool) {
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->thread_count; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    while (pool->first) {
        http_request_free(take(pool));
    }
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}
