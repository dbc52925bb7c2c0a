/* The server: its loops, their threads, accepting, stopping. */
#include "http_server_int.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "op.h"
#include "timefmt.h"

enum { ACCEPTS_AT_ONCE = 32, ACCEPT_PAUSE_US = 100000 };

/* Monotonic: durations and time-outs do not jump when somebody sets the clock. */
uint64_t http_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND_US + (uint64_t)t.tv_nsec / 1000;
}

/* ---- a loop ---- */

/* From any thread; the eventfd counts, so that many wakes are one. */
static void wake(const struct http_loop *loop)
{
    uint64_t one = 1;
    ssize_t written = write(loop->wake_fd, &one, sizeof one); /* full means: awake soon anyway */
    (void)written;
}

/* Called by workers. One wake for a list that was empty, not one for each request. */
void http_loop_post(struct http_request *r)
{
    struct http_loop *loop = r->loop;
    pthread_mutex_lock(&loop->mutex);
    bool first = !loop->done;
    r->next = loop->done;
    loop->done = r;
    pthread_mutex_unlock(&loop->mutex);
    if (first) {
        wake(loop);
    }
}

/* Oldest first. */
static struct http_request *take_done(struct http_loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    struct http_request *r = loop->done, *ordered = NULL;
    loop->done = NULL;
    pthread_mutex_unlock(&loop->mutex);
    while (r) {
        struct http_request *next = r->next;
        r->next = ordered;
        ordered = r;
        r = next;
    }
    return ordered;
}

/* The whole list in one go: what comes meanwhile wakes the loop again. */
static void answer_done(struct http_loop *loop)
{
    for (struct http_request *r = take_done(loop), *next; r; r = next) {
        next = r->next;
        http_conn_answered(r);
    }
}

/* Events are freed before their sockets are closed: a number that is used again must not be watched. */
static void stop_watching(struct http_socket *socket)
{
    if (socket->accept) {
        event_free(socket->accept);
        event_free(socket->pause);
        socket->accept = socket->pause = NULL;
    }
}

static void stop_accepting(struct http_loop *loop)
{
    for (size_t i = 0; i < loop->server->listener_count; i++) {
        stop_watching(&loop->sockets[i]);
    }
}

static void on_accept(evutil_socket_t fd, short what, void *context);

/* Who comes now is refused at once instead of waiting in the kernel's queue for a server that ends. Whoever
 * waits there already is taken first. A socket that loops share, or that was inherited, stays open. */
static void refuse_connections(struct http_loop *loop)
{
    for (size_t i = 0; i < loop->server->listener_count; i++) {
        struct http_socket *socket = &loop->sockets[i];
        const struct http_listener *listener = &loop->server->listeners[i];
        if (socket->fd >= 0 && socket->accept && !http_socket_is_local(listener)) {
            on_accept(socket->fd, EV_READ, socket);
            stop_watching(socket);
            http_listen_end(listener, socket->fd);
            socket->fd = -1;
        }
    }
}

/* No new connections; those that are idle close now, those with a request after it, all after the deadline.
 */
static void begin_stop(struct http_loop *loop)
{
    struct timeval patience = {.tv_sec = HTTP_STOP_SECONDS};
    loop->stopping = true;
    refuse_connections(loop);
    stop_accepting(loop);
    event_add(loop->give_up, &patience);
    http_conns_stop(loop);
    if (TAILQ_EMPTY(&loop->conns)) {
        event_base_loopbreak(loop->base);
    }
}

/* On the loop's own thread: nothing below needs a lock. */
static void on_wake(evutil_socket_t fd, short what, void *context)
{
    struct http_loop *loop = context;
    uint64_t count;
    (void)what;
    if (read(fd, &count, sizeof count) < 0) {
        return;
    }
    answer_done(loop);
    if (atomic_load(&loop->server->stopping) && !loop->stopping) {
        begin_stop(loop);
    }
}

/* Whoever is still there after the deadline is left behind. */
static void on_give_up(evutil_socket_t fd, short what, void *context)
{
    struct http_loop *loop = context;
    (void)fd;
    (void)what;
    event_base_loopbreak(loop->base);
}

static void on_accept(evutil_socket_t fd, short what, void *context)
{
    struct http_socket *socket = context;
    (void)what;
    /* A bounded number in one go, so that a flood of new connections does not keep the loop from those it
     * has. */
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t n = sizeof peer;
        int accepted = accept4(fd, (struct sockaddr *)&peer, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            http_conn_new(socket->loop, socket->listener, accepted, (struct sockaddr *)&peer);
        } else if (errno == EMFILE && http_conns_drop_oldest(socket->loop)) {
            continue; /* its descriptor is free now */
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            struct timeval pause = {.tv_usec = ACCEPT_PAUSE_US}; /* else the loop would spin */
            event_del(socket->accept);
            event_add(socket->pause, &pause);
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            return;
        }
    }
}

/* After accepting failed for want of descriptors: asked again, not in a circle. */
static void on_pause_over(evutil_socket_t fd, short what, void *context)
{
    struct http_socket *socket = context;
    (void)fd;
    (void)what;
    event_add(socket->accept, NULL);
}

/* Each loop has sockets of its own (SO_REUSEPORT): the kernel shares out connections. */
static bool watch_socket(struct http_socket *socket)
{
    struct event_base *base = socket->loop->base;
    socket->accept = event_new(base, socket->fd, EV_READ | EV_PERSIST, on_accept, socket);
    socket->pause = evtimer_new(base, on_pause_over, socket);
    return socket->accept && socket->pause && event_add(socket->accept, NULL) == 0;
}

/* No signals and no threads of libevent's: the program has its own. */
static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    if (!config) {
        return NULL;
    }
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK); /* one thread each; others wake it by eventfd */
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

/* Loops share nothing but the budget: each has its part of the places, and of each network's part of it. */
static void share_out(struct http_server *s, struct http_loop *loop)
{
    const struct http_options *o = &s->options;
    size_t share = o->in_flight / 2 / o->loops;
    loop->places = o->connections / o->loops;
    loop->peers.in_flight = &s->in_flight;
    loop->peers.budget = o->in_flight;
    loop->peers.share = share > HTTP_IN_FLIGHT_LEAST ? share : HTTP_IN_FLIGHT_LEAST;
    if (loop->peers.share > o->in_flight / 2) {
        loop->peers.share = o->in_flight / 2;
    }
}

/* The prefix of request ids and the seed of the networks' hash are each loop's own, from the kernel's
 * random numbers. */
static bool loop_init(struct http_server *s, struct http_loop *loop)
{
    loop->server = s;
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&loop->mutex, NULL);
    op_system_random(NULL, loop->id_prefix, sizeof loop->id_prefix);
    op_system_random(NULL, (uint8_t *)&loop->peers.seed, sizeof loop->peers.seed);
    TAILQ_INIT(&loop->conns);
    TAILQ_INIT(&loop->waiting);
    share_out(s, loop);
    loop->sockets = calloc(s->listener_count, sizeof *loop->sockets);
    for (size_t i = 0; loop->sockets && i < s->listener_count; i++) {
        loop->sockets[i] = (struct http_socket){s, &s->listeners[i], loop, -1, NULL, NULL};
    }
    loop->base = new_base();
    if (loop->wake_fd < 0 || !loop->sockets || !loop->base) {
        return false;
    }
    loop->wake = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
    loop->give_up = evtimer_new(loop->base, on_give_up, loop);
    return loop->wake && loop->give_up && event_add(loop->wake, NULL) == 0;
}

/* Unix sockets and those handed in by systemd are shared by all loops: the first closes them. */
static void loop_close_sockets(struct http_loop *loop)
{
    struct http_server *s = loop->server;
    bool first = loop == s->loops;
    for (size_t i = 0; loop->sockets && i < s->listener_count; i++) {
        if (loop->sockets[i].fd >= 0 && (first || !http_socket_is_local(&s->listeners[i]))) {
            http_listen_end(&s->listeners[i], loop->sockets[i].fd);
        }
    }
    free(loop->sockets);
    loop->sockets = NULL;
}

/* In the order in which things stop referring to each other. */
static void loop_free(struct http_loop *loop)
{
    answer_done(loop);
    if (loop->sockets) {
        stop_accepting(loop);
        loop_close_sockets(loop);
    }
    if (loop->wake) {
        event_free(loop->wake);
    }
    if (loop->give_up) {
        event_free(loop->give_up);
    }
    if (loop->base) {
        event_base_free(loop->base);
    }
    if (loop->wake_fd >= 0) {
        close(loop->wake_fd);
    }
    pthread_mutex_destroy(&loop->mutex);
}

/* ---- memory ---- */

/* libevent does not tell how much it asked for; the usable size is never less. */
static void wiping_free(void *p)
{
    if (p) {
        explicit_bzero(p, malloc_usable_size(p));
        free(p);
    }
}

/* libevent grows its buffers by it: the old piece held a part of a request. */
static void *wiping_realloc(void *p, size_t n)
{
    void *fresh = malloc(n);
    if (fresh && p) {
        size_t before = malloc_usable_size(p);
        memcpy(fresh, p, before < n ? before : n);
        wiping_free(p);
    }
    return fresh;
}

/* Bodies, answers and session tokens pass through libevent's buffers. Has to come before the first call of
 * libevent, which remembers nothing of who allocated what. */
void http_wipe_memory(void)
{
    event_set_mem_functions(malloc, wiping_realloc, wiping_free);
}

/* ---- making a server ---- */

/* Bounded: a machine of hundreds of cores needs no hash thread for each by default. */
static unsigned cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 256 ? 256 : (unsigned)n;
}

/* As many as there are descriptors for. */
static unsigned connections_most(unsigned wished)
{
    struct rlimit limit;
    unsigned most = wished ? wished : HTTP_CONNECTIONS;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)most + HTTP_OTHER_DESCRIPTORS) {
        rlim_t other = limit.rlim_cur / 2;
        other = other < HTTP_OTHER_DESCRIPTORS ? other : HTTP_OTHER_DESCRIPTORS;
        most = (unsigned)(limit.rlim_cur - other);
    }
    return most < 16 ? 16 : most;
}

/* Zero is "as the machine has it". */
static void fill_options(struct http_options *o)
{
    unsigned n = cores();
    o->connections = connections_most(o->connections);
    o->in_flight = o->in_flight ? o->in_flight : HTTP_IN_FLIGHT;
    o->loops = o->loops ? o->loops : n < 4 ? n : 4;
    o->slow_workers = o->slow_workers ? o->slow_workers : 4;
    o->hash_workers = o->hash_workers ? o->hash_workers : n;
    o->hash_queue = o->hash_queue ? o->hash_queue : 64;
    o->slow_queue = o->slow_queue ? o->slow_queue : HTTP_SLOW_QUEUE;
    o->hash_percent = o->hash_percent ? o->hash_percent : 50;
    o->queue_wait_ms = o->queue_wait_ms ? o->queue_wait_ms : 5000;
    o->head_seconds = o->head_seconds ? o->head_seconds : 10;
    o->body_seconds = o->body_seconds ? o->body_seconds : 30;
    o->forwarded_header = o->forwarded_header ? o->forwarded_header : "X-Forwarded-For";
}

/* Every loop has a socket of its own (the kernel spreads connections over them), except where there can be
 * only one. */
static bool open_sockets(struct http_server *s, size_t listener, const char **error)
{
    const struct http_listener *l = &s->listeners[listener];
    uint16_t port = l->port;
    for (unsigned i = 0; i < s->loop_count; i++) {
        struct http_socket *socket = &s->loops[i].sockets[listener];
        bool only_one = http_socket_is_local(l) && i > 0;
        socket->fd = only_one ? s->loops[0].sockets[listener].fd : http_listen(l, &port, i > 0, error);
        if (socket->fd < 0) {
            return false;
        }
        if (evutil_make_socket_nonblocking(socket->fd) != 0 || !watch_socket(socket)) {
            *error = "cannot watch the listening socket";
            return false;
        }
    }
    s->ports[listener] = port;
    return true;
}

static bool copy_listeners(struct http_server *s, const struct http_listener *listeners, size_t n)
{
    s->listeners = calloc(n, sizeof *s->listeners);
    s->ports = calloc(n, sizeof *s->ports);
    if (!s->listeners || !s->ports) {
        return false;
    }
    memcpy(s->listeners, listeners, n * sizeof *listeners);
    s->listener_count = n;
    return true;
}

/* Which of the ports cannot be had. A server is made once in a process: one text is enough. */
static const char *name_listener(const struct http_listener *l, const char *error)
{
    static char text[512];
    bool has_port = l->fd < 0 && !http_socket_is_local(l);
    char port[16] = "";
    if (has_port) {
        snprintf(port, sizeof port, " port %u", l->port);
    }
    snprintf(text, sizeof text, "cannot listen on %s%s (%s): %s", l->host, port, l->name, error);
    return text;
}

/* Everything that can fail, before a single connection is accepted. */
static bool server_init(struct http_server *s, const struct http_listener *listeners, size_t n,
                        const char **error)
{
    *error = "no memory, threads or descriptors for the server";
    fill_options(&s->options);
    if (!http_proxies_read(&s->proxies, s->options.trusted_proxies, s->options.trusted_proxy_count)) {
        *error = "a trusted proxy is not an address or a network such as 10.0.0.0/8";
        return false;
    }
    s->loops = calloc(s->options.loops, sizeof *s->loops);
    if (!s->loops || !copy_listeners(s, listeners, n)) {
        return false;
    }
    /* Counted before it is whole, so that http_server_free undoes a half of it too. */
    for (; s->loop_count < s->options.loops; s->loop_count++) {
        if (!loop_init(s, &s->loops[s->loop_count])) {
            s->loop_count++;
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!open_sockets(s, i, error)) {
            *error = name_listener(&listeners[i], *error);
            return false;
        }
    }
    *error = "no memory, threads or descriptors for the server";
    s->slow = http_pool_new(s->options.slow_workers, s->options.slow_queue, HTTP_SLOW_PERCENT, false);
    s->hash = http_pool_new(s->options.hash_workers, s->options.hash_queue, s->options.hash_percent, true);
    return s->slow && s->hash;
}

struct http_server *http_server_new(const struct http_options *options, const struct http_listener *listeners,
                                    size_t n, const char **error)
{
    struct http_server *s = calloc(1, sizeof *s);
    if (!s) {
        *error = "no memory";
        return NULL;
    }
    s->options = *options;
    if (!server_init(s, listeners, n, error)) {
        http_server_free(s);
        return NULL;
    }
    *error = NULL;
    return s;
}

uint16_t http_server_port(const struct http_server *s, size_t listener)
{
    return s->ports[listener];
}

/* ---- running it ---- */

static void *run_loop(void *argument)
{
    struct http_loop *loop = argument;
    event_base_dispatch(loop->base);
    return NULL;
}

void http_server_run(struct http_server *s)
{
    sigset_t all, pipe, before;
    sigfillset(&all);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE); /* writing to a closed connection is an error value here */
    /* Signals are for the thread that called: their handlers run on no other loop. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 1; i < s->loop_count; i++) {
        struct http_loop *loop = &s->loops[i];
        loop->has_thread = pthread_create(&loop->thread, NULL, run_loop, loop) == 0;
        if (!loop->has_thread) { /* or the kernel would give it connections that nobody accepts */
            stop_accepting(loop);
            loop_close_sockets(loop);
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    run_loop(&s->loops[0]);
    for (unsigned i = 1; i < s->loop_count; i++) {
        if (s->loops[i].has_thread) {
            pthread_join(s->loops[i].thread, NULL);
        }
    }
    struct timespec at_once = {0};
    while (sigtimedwait(&pipe, NULL, &at_once) > 0) {
        /* one that waited would end the program when it is no longer blocked */
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* May be called from a signal handler: an atomic store and a write to an eventfd are all it does
 * (signal-safety(7)). */
void http_server_stop(struct http_server *s)
{
    int error = errno; /* a signal handler leaves it as it was */
    atomic_store(&s->stopping, true);
    for (unsigned i = 0; i < s->loop_count; i++) {
        wake(&s->loops[i]);
    }
    errno = error;
}

void http_server_free(struct http_server *s)
{
    if (!s) {
        return;
    }
    for (unsigned i = 0; i < s->loop_count; i++) {
        http_conns_free(&s->loops[i]);
    }
    http_pool_free(s->slow);
    http_pool_free(s->hash);
    for (unsigned i = 0; i < s->loop_count; i++) {
        loop_free(&s->loops[i]);
    }
    http_proxies_free(&s->proxies);
    free(s->loops);
    free(s->listeners);
    free(s->ports);
    free(s);
}

void http_server_load(const struct http_server *s, struct http_load *out)
{
    *out = (struct http_load){.hash_waiting = http_pool_waiting(s->hash),
                              .connections = atomic_load(&s->connections),
                              .in_flight = atomic_load(&s->in_flight),
                              .refused = atomic_load(&s->refused),
                              .dropped = atomic_load(&s->dropped)};
}
