/* One event loop: its listening sockets, its connections, and what workers give back to it. */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "http_server_int.h"
#include "op.h"

enum { ACCEPTS_AT_ONCE = 32, ACCEPT_PAUSE_US = 100000 };

void http_loop_wake(const struct http_loop *loop)
{
    uint64_t one = 1;
    ssize_t written = write(loop->wake_fd, &one, sizeof one); /* full means: awake soon anyway */
    (void)written;
}

void http_loop_post(struct http_request *r)
{
    struct http_loop *loop = r->loop;
    pthread_mutex_lock(&loop->mutex);
    bool first = !loop->done;
    r->next = loop->done;
    loop->done = r;
    pthread_mutex_unlock(&loop->mutex);
    if (first) {
        http_loop_wake(loop);
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

static void answer_done(struct http_loop *loop)
{
    for (struct http_request *r = take_done(loop), *next; r; r = next) {
        next = r->next;
        http_conn_answered(r);
    }
}

void http_loop_stop_accepting(struct http_loop *loop)
{
    for (size_t i = 0; i < loop->server->listener_count; i++) {
        struct http_socket *socket = &loop->sockets[i];
        if (socket->accept) {
            event_free(socket->accept);
            event_free(socket->pause);
            socket->accept = socket->pause = NULL;
        }
    }
}

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
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t n = sizeof peer;
        int accepted = accept4(fd, (struct sockaddr *)&peer, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            http_conn_new(socket->loop, socket->listener, accepted, (struct sockaddr *)&peer);
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

static void on_pause_over(evutil_socket_t fd, short what, void *context)
{
    struct http_socket *socket = context;
    (void)fd;
    (void)what;
    event_add(socket->accept, NULL);
}

bool http_loop_watch(struct http_socket *socket)
{
    struct event_base *base = socket->loop->base;
    socket->accept = event_new(base, socket->fd, EV_READ | EV_PERSIST, on_accept, socket);
    socket->pause = evtimer_new(base, on_pause_over, socket);
    return socket->accept && socket->pause && event_add(socket->accept, NULL) == 0;
}

static void begin_stop(struct http_loop *loop)
{
    struct timeval patience = {.tv_sec = HTTP_STOP_SECONDS};
    for (size_t i = 0; i < loop->server->listener_count; i++) {
        if (loop->sockets[i].accept) { /* who has connected already is still served */
            on_accept(loop->sockets[i].fd, EV_READ, &loop->sockets[i]);
        }
    }
    loop->stopping = true;
    http_loop_stop_accepting(loop);
    event_add(loop->give_up, &patience);
    http_conns_stop(loop);
    if (!loop->conns) {
        event_base_loopbreak(loop->base);
    }
}

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

bool http_loop_init(struct http_server *s, struct http_loop *loop)
{
    loop->server = s;
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&loop->mutex, NULL);
    system_random(NULL, loop->id_prefix, sizeof loop->id_prefix);
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

void http_loop_close_sockets(struct http_loop *loop)
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

void http_loop_free(struct http_loop *loop)
{
    answer_done(loop);
    if (loop->sockets) {
        http_loop_stop_accepting(loop);
        http_loop_close_sockets(loop);
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
