/* Bounded queues in front of worker threads: so much hashing at once, so much waiting, the rest is refused.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "http_server_int.h"

enum { YIELDING_NICE = 10 };

struct http_pool {
    pthread_mutex_t mutex;
    pthread_cond_t work;
    struct http_request *first, *last;
    unsigned waiting, capacity, share;
    bool stopping, yields;
    unsigned thread_count;
    pthread_t threads[];
};

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

static void *work(void *argument)
{
    struct http_pool *pool = argument;
    if (pool->yields) {
        /* of this thread alone, as Linux has it; refused or not, it works */
        (void)setpriority(PRIO_PROCESS, 0, YIELDING_NICE);
    }
    pthread_mutex_lock(&pool->mutex);
    while (!pool->stopping) {
        if (!pool->first) {
            pthread_cond_wait(&pool->work, &pool->mutex);
            continue;
        }
        struct http_request *r = take(pool);
        pthread_mutex_unlock(&pool->mutex);
        http_request_run(r);
        http_loop_post(r);
        pthread_mutex_lock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

struct http_pool *http_pool_new(unsigned threads, unsigned capacity, unsigned share, bool yields)
{
    struct http_pool *pool = calloc(1, sizeof *pool + threads * sizeof *pool->threads);
    if (!pool) {
        return NULL;
    }
    pool->capacity = capacity;
    pool->share = share;
    pool->yields = yields;
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

static bool has_place(const struct http_pool *pool, const struct http_request *r)
{
    unsigned held = 0;
    if (pool->stopping || pool->waiting >= pool->capacity) {
        return false;
    }
    for (const struct http_request *q = pool->share ? pool->first : NULL; q; q = q->next) {
        held += memcmp(q->network.b, r->network.b, sizeof r->network.b) == 0;
    }
    return !pool->share || held < pool->share;
}

bool http_pool_add(struct http_pool *pool, struct http_request *r)
{
    pthread_mutex_lock(&pool->mutex);
    bool added = has_place(pool, r);
    if (added) {
        r->next = NULL;
        r->waiting = true;
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
