#include "http_probe.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool held;
    unsigned begun, reported;
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0, 0};

/* ---- handlers ---- */

static void hello(struct http_request *r, void *context)
{
    (void)context;
    http_answer_header(r, "Content-Type", "text/plain");
    http_answer(r, 200, "hello", 5);
}

static void target(struct http_request *r, void *context)
{
    (void)context;
    http_answer(r, 200, http_target(r), strlen(http_target(r)));
}

static void echo(struct http_request *r, void *context)
{
    size_t n;
    const uint8_t *body = http_body(r, &n);
    (void)context;
    http_answer(r, 200, body, n);
}

static void where(struct http_request *r, void *context)
{
    const char *address = http_client_address(r);
    (void)context;
    http_answer(r, 200, address, strlen(address));
}

static void nothing(struct http_request *r, void *context)
{
    (void)context;
    http_answer_header(r, "X-Request", http_request_id(r));
    http_answer(r, 204, NULL, 0);
}

static void large(struct http_request *r, void *context)
{
    size_t n = (size_t)8 << 20;
    char *body = malloc(n);
    (void)context;
    memset(body, 'x', n);
    http_answer(r, 200, body, n);
    free(body);
}

static void waits(struct http_request *r, void *context)
{
    (void)context;
    pthread_mutex_lock(&gate.mutex);
    gate.begun++;
    pthread_cond_broadcast(&gate.changed);
    while (gate.held) {
        pthread_cond_wait(&gate.changed, &gate.mutex);
    }
    pthread_mutex_unlock(&gate.mutex);
    http_answer_header(r, "X-Worker", "yes");
    http_answer(r, 200, "done", 4);
}

static void forgets(struct http_request *r, void *context)
{
    (void)r;
    (void)context;
}

static const struct {
    unsigned methods;
    const char *path;
    struct http_route_choice choice;
} routes[] = {
    {HTTP_GET | HTTP_HEAD | HTTP_TRACE | HTTP_PATCH | HTTP_CONNECT | HTTP_OPTIONS,
     "/hello",
     {.handler = hello, .where = HTTP_QUICK, .label = "hello"}},
    {HTTP_POST | HTTP_PUT | HTTP_GET, "/echo", {.handler = echo, .where = HTTP_QUICK, .label = "echo"}},
    {HTTP_POST, "/small", {.handler = echo, .where = HTTP_QUICK, .label = "small"}},
    {HTTP_GET, "/where", {.handler = where, .where = HTTP_QUICK, .label = "where"}},
    {HTTP_GET, "/target", {.handler = target, .where = HTTP_QUICK, .label = "target"}},
    {HTTP_GET, "/nothing", {.handler = nothing, .where = HTTP_QUICK, .label = "nothing"}},
    {HTTP_GET, "/large", {.handler = large, .where = HTTP_QUICK, .label = "large"}},
    {HTTP_GET, "/forgets", {.handler = forgets, .where = HTTP_QUICK, .label = "forgets"}},
    {HTTP_POST, "/slow", {.handler = waits, .where = HTTP_SLOW, .label = "slow"}},
    {HTTP_POST, "/hash", {.handler = waits, .where = HTTP_HASH, .label = "hash"}},
};

static struct http_route_choice route(struct http_request *r, void *context)
{
    static const struct http_body_limit limit = {100000, NULL, NULL}, small = {10, "too_much", "value"};
    (void)context;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if ((routes[i].methods & http_method(r)) && strcmp(routes[i].path, http_path(r)) == 0) {
            struct http_route_choice choice = routes[i].choice;
            choice.body = strcmp(routes[i].path, "/small") == 0 ? &small : &limit;
            return choice;
        }
    }
    return (struct http_route_choice){.label = "unknown"};
}

static void answered(const struct http_request *r, const char *label, int status, uint64_t micros,
                     void *context)
{
    (void)context;
    (void)micros;
    assert_non_null(http_client_address(r));
    assert_non_null(http_path(r));
    assert_non_null(label);
    assert_true(status >= 200);
    pthread_mutex_lock(&gate.mutex);
    gate.reported++;
    pthread_mutex_unlock(&gate.mutex);
}

/* ---- the gate ---- */

static void set_held(bool held)
{
    pthread_mutex_lock(&gate.mutex);
    gate.held = held;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
}

void probe_hold(void)
{
    set_held(true);
}

void probe_release(void)
{
    set_held(false);
}

unsigned probe_begun(void)
{
    pthread_mutex_lock(&gate.mutex);
    unsigned n = gate.begun;
    pthread_mutex_unlock(&gate.mutex);
    return n;
}

void probe_await_begun(unsigned n)
{
    pthread_mutex_lock(&gate.mutex);
    while (gate.begun < n) {
        pthread_cond_wait(&gate.changed, &gate.mutex);
    }
    pthread_mutex_unlock(&gate.mutex);
}

unsigned probe_reported(void)
{
    pthread_mutex_lock(&gate.mutex);
    unsigned n = gate.reported;
    pthread_mutex_unlock(&gate.mutex);
    return n;
}

/* ---- the server ---- */

static void *run(void *server)
{
    http_server_run(server);
    return NULL;
}

void probe_start(struct probe *p, struct http_options options)
{
    const struct http_listener listener = {.name = "public", .host = "127.0.0.1", .fd = -1, .route = route};
    const char *error;
    options.loops = options.loops ? options.loops : 2;
    options.answered = answered;
    pthread_mutex_lock(&gate.mutex);
    gate.begun = gate.reported = 0;
    gate.held = false;
    pthread_mutex_unlock(&gate.mutex);
    p->server = http_server_new(&options, &listener, 1, &error);
    assert_non_null(p->server);
    p->port = http_server_port(p->server, 0);
    assert_int_not_equal(p->port, 0);
    assert_int_equal(pthread_create(&p->thread, NULL, run, p->server), 0);
}

void probe_stop(struct probe *p)
{
    http_server_stop(p->server);
    pthread_join(p->thread, NULL);
    http_server_free(p->server);
}

/* ---- sockets ---- */

int probe_connect(const struct probe *p)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(p->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

void probe_send(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* the server has closed; what it said is still to be read */
        }
        p += sent;
        n -= (size_t)sent;
    }
}

void probe_send_text(int fd, const char *text)
{
    probe_send(fd, text, strlen(text));
}

bool probe_read_all(int fd, char *text, size_t size, int seconds)
{
    size_t n = 0;
    text[0] = '\0';
    for (;;) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        if (poll(&waiting, 1, seconds * 1000) <= 0 || n + 1 >= size) {
            return false;
        }
        ssize_t got = recv(fd, text + n, size - 1 - n, 0);
        if (got <= 0) {
            return got == 0;
        }
        n += (size_t)got;
        text[n] = '\0';
    }
}

bool probe_read_answer(int fd, char *text, size_t size, bool has_body)
{
    size_t n = 0, need = 0;
    text[0] = '\0';
    while (need == 0 || n < need) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        if (poll(&waiting, 1, 10000) <= 0 || n + 1 >= size) {
            return false;
        }
        /* byte by byte until the head is whole, so that nothing of the next answer is taken */
        ssize_t got = recv(fd, text + n, need ? need - n : 1, 0);
        if (got <= 0) {
            return false;
        }
        n += (size_t)got;
        text[n] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        if (end && !need) {
            const char *length = strstr(text, "Content-Length: ");
            need = (size_t)(end - text) + 4 + (length && has_body ? strtoul(length + 16, NULL, 10) : 0);
        }
    }
    return true;
}

void probe_exchange(const struct probe *p, const char *request, char *answer, size_t size)
{
    int fd = probe_connect(p);
    probe_send_text(fd, request);
    assert_true(probe_read_all(fd, answer, size, 10));
    close(fd);
}

int probe_status(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}
