/* PostgreSQL: a connection is made on a thread of its own, since libpq looks names up by getaddrinfo(3),
 * which waits as long as the resolver likes, when it begins and again for each further host. Whoever waits
 * here has a deadline; a thread that is still looking then ends by itself, with what it has. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "db_postgres.h"
#include "timefmt.h"

/* Threads that nobody waits for any more; beyond it no further one is begun until one has ended. */
enum { LEFT_BEHIND_MOST = 16 };

struct attempt {
    pthread_mutex_t lock;
    pthread_cond_t done;
    struct postgres_store *store; /* counted: it lives as long as this */
    unsigned most_ms;
    bool finished, abandoned;
    PGconn *pg;
    bool silent;
};

static void ignore_notice(void *ctx, const PGresult *notice)
{
    (void)ctx, (void)notice; /* libpq would write it to standard error */
}

/* Until it is made, has failed, or nothing came in time: *silent. */
static void connect_within(PGconn *pg, const struct timespec *deadline, bool *silent)
{
    PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
    PQsetNoticeReceiver(pg, ignore_notice, NULL);
    while (PQstatus(pg) != CONNECTION_BAD && wants != PGRES_POLLING_OK && wants != PGRES_POLLING_FAILED) {
        struct pollfd socket = {.fd = PQsocket(pg),
                                .events = wants == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        int ready = socket.fd < 0 ? -1 : poll(&socket, 1, timefmt_ms_until(deadline));
        if (ready == 0) {
            *silent = true;
            return;
        }
        if (ready > 0) {
            wants = PQconnectPoll(pg);
        } else if (socket.fd < 0 || errno != EINTR) {
            return;
        }
    }
}

static void attempt_free(struct attempt *a)
{
    db_postgres_store_leave(a->store);
    pthread_cond_destroy(&a->done);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

static void *run(void *context)
{
    struct attempt *a = context;
    struct timespec deadline = timefmt_deadline(a->most_ms);
    bool silent = false;
    PGconn *pg = PQconnectStartParams((const char *const *)a->store->keywords,
                                      (const char *const *)a->store->values, 0);
    if (pg) {
        connect_within(pg, &deadline, &silent);
    }
    pthread_mutex_lock(&a->lock);
    bool abandoned = a->abandoned;
    a->finished = true;
    a->pg = pg;
    a->silent = silent;
    pthread_cond_signal(&a->done);
    pthread_mutex_unlock(&a->lock);
    if (abandoned) {
        PQfinish(pg);
        atomic_fetch_sub(&a->store->left_behind, 1);
        attempt_free(a);
    }
    return NULL;
}

/* Detached, and deaf to signals: they are for the program's own threads. */
static bool start_thread(struct attempt *a)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&thread, NULL, run, a) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) {
        pthread_detach(thread);
    }
    return started;
}

static struct attempt *attempt_new(struct postgres_store *store, unsigned most_ms)
{
    struct attempt *a = calloc(1, sizeof *a);
    if (!a || !db_condition(&a->done)) {
        free(a);
        return NULL;
    }
    pthread_mutex_init(&a->lock, NULL);
    a->store = store;
    a->most_ms = most_ms;
    atomic_fetch_add(&store->users, 1);
    return a;
}

PGconn *db_postgres_begin(struct postgres_store *store, unsigned most_ms, bool *silent)
{
    struct timespec deadline = timefmt_deadline(most_ms);
    *silent = atomic_load(&store->left_behind) >= LEFT_BEHIND_MOST;
    struct attempt *a = *silent ? NULL : attempt_new(store, most_ms);
    if (!a) {
        return NULL;
    }
    if (!start_thread(a)) {
        attempt_free(a);
        return NULL;
    }
    pthread_mutex_lock(&a->lock);
    while (!a->finished && pthread_cond_timedwait(&a->done, &a->lock, &deadline) != ETIMEDOUT) {
    }
    if (!a->finished) {
        *silent = a->abandoned = true;
        atomic_fetch_add(&store->left_behind, 1);
        pthread_mutex_unlock(&a->lock);
        return NULL;
    }
    PGconn *pg = a->pg;
    *silent = a->silent;
    pthread_mutex_unlock(&a->lock);
    attempt_free(a);
    return pg;
}
