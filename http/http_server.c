/* The server: what it is made of, its threads, its end. */
#include "http_server_int.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "timefmt.h"

uint64_t http_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND_US + (uint64_t)t.tv_nsec / 1000;
}

/* ---- memory ---- */

static void wiping_free(void *p)
{
    if (p) {
        explicit_bzero(p, malloc_usable_size(p));
        free(p);
    }
}

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

void http_wipe_memory(void)
{
    event_set_mem_functions(malloc, wiping_realloc, wiping_free);
}

/* ---- making a server ---- */

static unsigned cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 256 ? 256 : (unsigned)n;
}

static void fill_options(struct http_options *o)
{
    unsigned n = cores();
    o->loops = o->loops ? o->loops : n < 4 ? n : 4;
    o->slow_workers = o->slow_workers ? o->slow_workers : 4;
    o->hash_workers = o->hash_workers ? o->hash_workers : n;
    o->hash_queue = o->hash_queue ? o->hash_queue : 64;
    o->queue_wait_ms = o->queue_wait_ms ? o->queue_wait_ms : 5000;
    o->head_seconds = o->head_seconds ? o->head_seconds : 10;
    o->body_seconds = o->body_seconds ? o->body_seconds : 30;
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
        if (evutil_make_socket_nonblocking(socket->fd) != 0 || !http_loop_watch(socket)) {
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
    for (; s->loop_count < s->options.loops; s->loop_count++) {
        if (!http_loop_init(s, &s->loops[s->loop_count])) {
            s->loop_count++;
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!open_sockets(s, i, error)) {
            return false;
        }
    }
    *error = "no memory, threads or descriptors for the server";
    unsigned half = s->options.hash_queue / 2;
    s->slow = http_pool_new(s->options.slow_workers, HTTP_SLOW_QUEUE, 0);
    s->hash = http_pool_new(s->options.hash_workers, s->options.hash_queue, half ? half : 1);
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
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 1; i < s->loop_count; i++) {
        struct http_loop *loop = &s->loops[i];
        loop->has_thread = pthread_create(&loop->thread, NULL, run_loop, loop) == 0;
        if (!loop->has_thread) { /* or the kernel would give it connections that nobody accepts */
            http_loop_stop_accepting(loop);
            http_loop_close_sockets(loop);
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

void http_server_stop(struct http_server *s)
{
    int error = errno; /* a signal handler leaves it as it was */
    atomic_store(&s->stopping, true);
    for (unsigned i = 0; i < s->loop_count; i++) {
        http_loop_wake(&s->loops[i]);
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
        http_loop_free(&s->loops[i]);
    }
    http_proxies_free(&s->proxies);
    free(s->loops);
    free(s->listeners);
    free(s->ports);
    free(s);
}

void http_server_load(const struct http_server *s, unsigned *hash_waiting, uint64_t *refused,
                      unsigned *connections)
{
    *hash_waiting = http_pool_waiting(s->hash);
    *refused = atomic_load(&s->refused);
    *connections = atomic_load(&s->connections);
}
