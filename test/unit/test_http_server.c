/* The server over real sockets: what it answers, what it refuses and closes, what it does under load and at
 * its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_probe.h"

#define HOST "Host: localhost\r\n"

static struct probe probe;
static char answer[65536];

static int start(void **state)
{
    (void)state;
    probe_start(&probe, (struct http_options){.head_seconds = 1,
                                              .body_seconds = 1,
                                              .queue_wait_ms = 400,
                                              .slow_workers = 1,
                                              .hash_workers = 1,
                                              .hash_queue = 4});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    probe_release();
    probe_stop(&probe);
    return 0;
}

static unsigned answers_in(const char *text)
{
    unsigned n = 0;
    for (const char *s = text; (s = strstr(s, "HTTP/1.1 ")) != NULL; s++) {
        n++;
    }
    return n;
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- what is answered ---- */

static void a_connection_is_kept_and_reused(void **state)
{
    (void)state;
    int fd = probe_connect(&probe);
    for (int i = 0; i < 3; i++) {
        probe_send_text(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
        assert_true(probe_read_answer(fd, answer, sizeof answer, true));
        assert_int_equal(probe_status(answer), 200);
        assert_non_null(strstr(answer, "\r\nDate: "));
        assert_non_null(strstr(answer, "\r\nContent-Length: 5\r\n"));
        assert_null(strstr(answer, "Connection:"));
        assert_non_null(strstr(answer, "\r\n\r\nhello"));
    }
    probe_send_text(fd, "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_true(probe_read_all(fd, answer, sizeof answer, 5));
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
    close(fd);
}

static void http_1_0_closes_unless_asked(void **state)
{
    (void)state;
    probe_exchange(&probe, "GET /hello HTTP/1.0\r\n\r\n", answer, sizeof answer);
    assert_int_equal(probe_status(answer), 200);
    int fd = probe_connect(&probe);
    probe_send_text(fd, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_true(probe_read_answer(fd, answer, sizeof answer, true));
    assert_non_null(strstr(answer, "\r\nConnection: keep-alive\r\n"));
    probe_send_text(fd, "GET /hello HTTP/1.0\r\n\r\n");
    assert_true(probe_read_all(fd, answer, sizeof answer, 5));
    assert_int_equal(probe_status(answer), 200);
    close(fd);
}

static void head_and_204_have_no_body(void **state)
{
    (void)state;
    int fd = probe_connect(&probe);
    probe_send_text(fd, "HEAD /hello HTTP/1.1\r\n" HOST "\r\n");
    assert_true(probe_read_answer(fd, answer, sizeof answer, false));
    assert_non_null(strstr(answer, "\r\nContent-Length: 5\r\n"));
    probe_send_text(fd, "GET /nothing HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_true(probe_read_all(fd, answer, sizeof answer, 5));
    assert_int_equal(probe_status(answer), 204);
    assert_null(strstr(answer, "Content-Length"));
    assert_string_equal(answer + strlen(answer) - 4, "\r\n\r\n");
    close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    int fd = probe_connect(&probe);
    probe_send_text(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\none"
                        "POST /slow HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"
                        "\r\nPOST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nthree");
    shutdown(fd, SHUT_WR); /* half a close: the answers are still wanted */
    assert_true(probe_read_all(fd, answer, sizeof answer, 5));
    assert_int_equal(answers_in(answer), 3);
    const char *one = strstr(answer, "\r\n\r\none"), *two = strstr(answer, "\r\n\r\ndone"),
               *three = strstr(answer, "\r\n\r\nthree");
    assert_true(one && two && three && one < two && two < three);
    close(fd);
}

static void a_body_that_looks_like_a_request_stays_a_body(void **state)
{
    (void)state;
    static const char inner[] = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    char request[256];
    static const char *const methods[] = {"GET", "POST", "PUT"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        snprintf(request, sizeof request,
                 "%s /echo HTTP/1.1\r\n" HOST "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                 methods[i], sizeof inner - 1, inner);
        probe_exchange(&probe, request, answer, sizeof answer);
        assert_int_equal(answers_in(answer), 1);
        assert_non_null(strstr(answer, inner));
    }
}

static void every_method_reaches_its_route(void **state)
{
    (void)state;
    static const char *const methods[] = {"GET", "TRACE", "PATCH", "OPTIONS", "CONNECT"};
    char request[128];
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        snprintf(request, sizeof request, "%s /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
                 methods[i]);
        probe_exchange(&probe, request, answer, sizeof answer);
        assert_int_equal(probe_status(answer), 200);
    }
}

static void the_absolute_form_is_understood(void **state)
{
    (void)state;
    probe_exchange(&probe, "GET http://localhost/hello?a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
                   answer, sizeof answer);
    assert_int_equal(probe_status(answer), 200);
    /* Handlers put it behind an address of their own: no scheme and no host in it. */
    probe_exchange(&probe, "GET http://localhost/target?a=b HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
                   answer, sizeof answer);
    assert_non_null(strstr(answer, "\r\n\r\n/target?a=b"));
}

static void a_client_that_waits_is_told_to_continue(void **state)
{
    (void)state;
    int fd = probe_connect(&probe);
    probe_send_text(fd, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_true(probe_read_answer(fd, answer, sizeof answer, true));
    assert_string_equal(answer, "HTTP/1.1 100 Continue\r\n\r\n");
    probe_send_text(fd, "ok");
    assert_true(probe_read_answer(fd, answer, sizeof answer, true));
    assert_non_null(strstr(answer, "\r\n\r\nok"));
    close(fd);
}

static void a_large_answer_arrives_whole(void **state)
{
    (void)state;
    size_t size = ((size_t)8 << 20) + 4096;
    char *text = malloc(size);
    int fd = probe_connect(&probe);
    probe_send_text(fd, "GET /large HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_true(probe_read_all(fd, text, size, 5));
    assert_int_equal(strlen(strstr(text, "\r\n\r\n") + 4), 8 << 20);
    close(fd);
    free(text);
}

static void an_unknown_path_and_a_silent_handler_are_errors(void **state)
{
    (void)state;
    probe_exchange(&probe, "GET /none HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", answer, sizeof answer);
    assert_int_equal(probe_status(answer), 404);
    probe_exchange(&probe, "GET /forgets HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", answer,
                   sizeof answer);
    assert_int_equal(probe_status(answer), 500);
}

/* ---- what is refused ---- */

#define POST_ECHO "POST /echo HTTP/1.1\r\n" HOST
#define GET_HELLO "GET /hello HTTP/1.1\r\n" HOST

/* Behind each stands another request: it must not be answered. */
static const struct {
    int status;
    const char *request;
} refusals[] = {
    {400, POST_ECHO "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
    {400, POST_ECHO "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"},
    {400, POST_ECHO "Content-Length: 3, 3\r\n\r\nabc"},
    {400, POST_ECHO "Content-Length: +3\r\n\r\nabc"},
    {400, POST_ECHO "Content-Length: -3\r\n\r\nabc"},
    {400, POST_ECHO "Content-Length: 0x3\r\n\r\nabc"},
    {400, POST_ECHO "Content-Length: 3 3\r\n\r\nabc"},
    {400, POST_ECHO "Content-Length:\r\n\r\nabc"},
    {400, POST_ECHO "Content-Length: 99999999999999999999\r\n\r\nabc"},
    {400, POST_ECHO "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
    {400, "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
    {400, POST_ECHO "transfer-encoding:\tidentity\r\n\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"},
    {501, POST_ECHO "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
    {501, POST_ECHO "Transfer-Encoding: chunked,chunked\r\n\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding:\r\n\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {400, "TRACE /hello HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\nx\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n000000003\r\nabc\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n3\rabc\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n0\r\n\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n0\r\n X: a\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n0\r\nX : a\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\nb\r\n\r\n"},
    {400, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\rb\r\n\r\n"},
    {413, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n186a1\r\n"},
    {413, POST_ECHO "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n"},
    {400, POST_ECHO "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"},
    {400, POST_ECHO "Content-Length : 3\r\n\r\nabc"},
    {400, POST_ECHO "X: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {413, POST_ECHO "Content-Length: 100001\r\n\r\n"},
    {413, POST_ECHO "Content-Length: 999999999999999999\r\n\r\n"},
    {400, "GET /hello HTTP/1.1\r\n\r\n"},
    {400, GET_HELLO HOST "\r\n"},
    {400, "GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {400, "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {400, "GET /hello HTTP/1.1\r\nHost: a:b\r\n\r\n"},
    {400, "GET /hello HTTP/1.1\r\nHost:\r\n\r\n"},
    {400, "GET http://other/hello HTTP/1.1\r\n" HOST "\r\n"},
    {400, GET_HELLO "X: a\x01z\r\n\r\n"},
    {400, GET_HELLO "X: a\x7fz\r\n\r\n"},
    {400, GET_HELLO "X: a\nY: b\r\n\r\n"},
    {400, GET_HELLO "X: a\rY: b\r\n\r\n"},
    {400, GET_HELLO "X: a\r\n\n"},
    {400, "GET /hello HTTP/1.1\nHost: localhost\n\n"},
    {400, GET_HELLO "no colon\r\n\r\n"},
    {400, GET_HELLO ": no name\r\n\r\n"},
    {400, GET_HELLO "a b: c\r\n\r\n"},
    {400, " GET /hello HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET  /hello HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /hello  HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /hel lo HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /h\xc3\xa4llo HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /hello#x HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET hello HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET * HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /hello\r\n\r\n"},
    {400, "GET /hello HTTP/1.1x\r\n" HOST "\r\n"},
    {400, "GET /hello http/1.1\r\n" HOST "\r\n"},
    {400, "\r\n\r\n\r\n\r\n\r\n" GET_HELLO "\r\n"}, /* more than a few empty lines */
    {400, "\r\n\n" GET_HELLO "\r\n"},
    {400, "\n" GET_HELLO "\r\n"},
    {400, "\r\r\n" GET_HELLO "\r\n"},
    {505, "GET /hello HTTP/2.0\r\n" HOST "\r\n"},
    {501, "BREW /hello HTTP/1.1\r\n" HOST "\r\n"},
    {501, "get /hello HTTP/1.1\r\n" HOST "\r\n"},
    {400, "G@T /hello HTTP/1.1\r\n" HOST "\r\n"},
    {400, "TRACE /hello HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"},
    {417, POST_ECHO "Expect: miracles\r\nContent-Length: 3\r\n\r\nabc"},
    {400, "\x16\x03\x01\x02\x01\x01\x02"},
};

static void assert_refused(const char *text, int status)
{
    char code[32];
    snprintf(code, sizeof code, "{\"error\":{\"code\":%d,\"status\":\"", status);
    assert_int_equal(probe_status(text), status);
    assert_int_equal(answers_in(text), 1);
    assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(text, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(text, code));
}

static void malformed_requests_are_refused_and_closed(void **state)
{
    (void)state;
    char request[1024];
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        snprintf(request, sizeof request, "%sGET /hello HTTP/1.1\r\n" HOST "\r\n", refusals[i].request);
        probe_exchange(&probe, request, answer, sizeof answer);
        if (probe_status(answer) != refusals[i].status) {
            print_message("# %s\n# got %s\n", refusals[i].request, answer);
        }
        assert_refused(answer, refusals[i].status);
    }
}

/* RFC 9112 §2.2. However they arrive: with the request before, alone, cut in two. */
static void empty_lines_before_a_request_are_skipped(void **state)
{
    (void)state;
    static const char *const starts[] = {"\r\n", "\r\n\r\n\r\n\r\n"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        char request[400];
        snprintf(request, sizeof request,
                 "%s" POST_ECHO "Content-Length: 3\r\n\r\nabc%s" GET_HELLO "Connection: close\r\n\r\n",
                 starts[i], starts[i]);
        probe_exchange(&probe, request, answer, sizeof answer);
        assert_int_equal(answers_in(answer), 2);
        int fd = probe_connect(&probe);
        for (const char *c = request; *c; c++) {
            probe_send(fd, c, 1);
        }
        assert_true(probe_read_all(fd, answer, sizeof answer, 5));
        assert_int_equal(answers_in(answer), 2);
        close(fd);
    }
}

static void a_nul_anywhere_in_the_head_is_refused(void **state)
{
    (void)state;
    static const char head[] = GET_HELLO "X: abc\r\n\r\n";
    for (size_t i = 0; i < sizeof head - 5; i++) {
        char request[sizeof head];
        memcpy(request, head, sizeof head);
        request[i] = '\0';
        int fd = probe_connect(&probe);
        probe_send(fd, request, sizeof head - 1);
        assert_true(probe_read_all(fd, answer, sizeof answer, 5));
        assert_refused(answer, 400);
        close(fd);
    }
}

static void too_many_fields_and_too_large_heads_are_refused(void **state)
{
    (void)state;
    static char request[20000];
    size_t n = (size_t)snprintf(request, sizeof request, GET_HELLO);
    for (int i = 0; i < 99; i++) { /* with Host: 100 */
        n += (size_t)snprintf(request + n, sizeof request - n, "X-%d: %d\r\n", i, i);
    }
    size_t at_limit = n;
    snprintf(request + n, sizeof request - n, "\r\nGET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    probe_exchange(&probe, request, answer, sizeof answer);
    assert_int_equal(probe_status(answer), 200);
    snprintf(request + at_limit, sizeof request - at_limit, "One: more\r\n\r\n");
    probe_exchange(&probe, request, answer, sizeof answer);
    assert_refused(answer, 431);

    memset(request, 'a', sizeof request);
    memcpy(request, GET_HELLO "X: ", sizeof GET_HELLO + 2);
    memcpy(request + 16384 - 4, "\r\n\r\n", 5); /* exactly 16 KiB */
    int fd = probe_connect(&probe);
    probe_send(fd, request, 16384);
    assert_true(probe_read_answer(fd, answer, sizeof answer, true));
    assert_int_equal(probe_status(answer), 200);
    close(fd);
    memcpy(request + 16384 - 4, "a\r\n\r\n", 6);
    probe_exchange(&probe, request, answer, sizeof answer);
    assert_refused(answer, 431);
}

static void a_request_byte_by_byte_is_the_same_request(void **state)
{
    (void)state;
    static const char request[] = POST_ECHO "Content-Length: 3\r\n\r\nabc";
    int fd = probe_connect(&probe);
    for (size_t i = 0; i < sizeof request - 1; i++) {
        probe_send(fd, request + i, 1);
        usleep(500);
    }
    assert_true(probe_read_answer(fd, answer, sizeof answer, true));
    assert_non_null(strstr(answer, "\r\n\r\nabc"));
    close(fd);
}

static void a_body_over_the_limit_is_refused_before_it_is_sent(void **state)
{
    (void)state;
    uint64_t before = now_ms();
    int fd = probe_connect(&probe);
    probe_send_text(fd, POST_ECHO "Content-Length: 50000000\r\n\r\nstart");
    assert_true(probe_read_answer(fd, answer, sizeof answer, true));
    assert_refused(answer, 413);
    assert_true(now_ms() - before < 800); /* body_seconds is 1 */
    close(fd);
}

/* Trickles text, a byte each 100 ms, until the server says something. */
static void trickle(const char *request, const char *endless)
{
    int fd = probe_connect(&probe);
    uint64_t before = now_ms();
    probe_send_text(fd, request);
    for (int i = 0; i < 40 && recv(fd, answer, 1, MSG_DONTWAIT | MSG_PEEK) < 0; i++) {
        probe_send_text(fd, endless);
        usleep(100000);
    }
    assert_true(probe_read_all(fd, answer, sizeof answer, 5));
    assert_refused(answer, 408);
    assert_in_range(now_ms() - before, 900, 3000);
    close(fd);
}

static void slow_heads_and_bodies_end_at_their_deadline(void **state)
{
    (void)state;
    trickle("GET /hello HTTP/1.1\r\n" HOST "X: ", "a");
    trickle(POST_ECHO "Content-Length: 5000\r\n\r\n", "a");
}

static void a_connection_that_says_nothing_is_closed(void **state)
{
    (void)state;
    int fd = probe_connect(&probe);
    assert_true(probe_read_all(fd, answer, sizeof answer, 3));
    assert_string_equal(answer, "");
    close(fd);
}

/* ---- workers ---- */

static int post(const char *path)
{
    char request[128];
    int fd = probe_connect(&probe);
    snprintf(request, sizeof request, "POST %s HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", path);
    probe_send_text(fd, request);
    return fd;
}

static int read_status(int fd)
{
    bool got = probe_read_answer(fd, answer, sizeof answer, true);
    close(fd);
    return got ? probe_status(answer) : 0;
}

static void await_waiting(unsigned n)
{
    struct http_load load = {0};
    for (int i = 0; i < 200 && load.hash_waiting != n; i++) {
        http_server_load(probe.server, &load);
        usleep(2000);
    }
    assert_int_equal(load.hash_waiting, n);
}

static void a_worker_answers_while_the_loop_goes_on(void **state)
{
    (void)state;
    probe_hold();
    int fd = post("/hash");
    probe_await_begun(1);
    probe_exchange(&probe, GET_HELLO "Connection: close\r\n\r\n", answer, sizeof answer);
    assert_int_equal(probe_status(answer), 200);
    probe_release();
    assert_int_equal(read_status(fd), 200);
    assert_non_null(strstr(answer, "X-Worker: yes"));
}

static void one_network_gets_half_the_hash_queue(void **state)
{
    (void)state;
    probe_hold();
    int running = post("/hash");
    probe_await_begun(1);
    int first = post("/hash"), second = post("/hash"); /* of four places */
    await_waiting(2);
    assert_int_equal(read_status(post("/hash")), 503);
    assert_non_null(strstr(answer, "\r\nRetry-After: 1\r\n"));
    assert_non_null(strstr(answer, "\"id\":\"busy\""));
    probe_release();
    assert_int_equal(read_status(running), 200);
    assert_int_equal(read_status(first), 200);
    assert_int_equal(read_status(second), 200);
    assert_int_equal(probe_begun(), 3);
}

static int start_long_queue(void **state)
{
    (void)state;
    probe_start(&probe, (struct http_options){.hash_workers = 1, .hash_queue = 64, .hash_percent = 100});
    return 0;
}

/* After a run of 0.3 s, three may wait; on a machine that is busy fewer, and never many. */
static void the_hash_queue_holds_one_seconds_work(void **state)
{
    enum { MANY = 12 };
    int fds[MANY], served = 0, refused = 0;
    (void)state;
    probe_hold();
    int running = post("/hash");
    probe_await_begun(1);
    usleep(300000);
    probe_release();
    assert_int_equal(read_status(running), 200);
    probe_hold();
    running = post("/hash");
    probe_await_begun(2);
    for (int i = 0; i < MANY; i++) {
        fds[i] = post("/hash");
        usleep(10000);
    }
    probe_release();
    for (int i = 0; i < MANY; i++) {
        int status = read_status(fds[i]);
        served += status == 200;
        refused += status == 503;
    }
    assert_int_equal(read_status(running), 200);
    assert_int_equal(served + refused, MANY);
    assert_in_range(served, 1, 3);
}

/* Whatever the average says: while one waits longer than a second, nobody is let in behind it. */
static void nobody_queues_behind_who_waits_too_long(void **state)
{
    (void)state;
    probe_hold();
    int running = post("/hash");
    probe_await_begun(1);
    int waiting = post("/hash");
    await_waiting(1);
    usleep(1100000);
    assert_int_equal(read_status(post("/hash")), 503);
    assert_non_null(strstr(answer, "\r\nRetry-After: "));
    probe_release();
    assert_int_equal(read_status(running), 200);
    assert_int_equal(read_status(waiting), 200);
}

static void who_waits_too_long_is_sent_away(void **state)
{
    (void)state;
    probe_hold();
    int running = post("/hash");
    probe_await_begun(1);
    uint64_t before = now_ms();
    int waiting = post("/hash");
    assert_int_equal(read_status(waiting), 503);
    assert_in_range(now_ms() - before, 350, 2000);
    probe_release();
    assert_int_equal(read_status(running), 200); /* waited longer, but was already being served */
    assert_int_equal(probe_begun(), 1);
}

static void a_client_that_leaves_hurts_nobody(void **state)
{
    (void)state;
    struct linger reset = {.l_onoff = 1};
    probe_hold();
    int running = post("/hash");
    probe_await_begun(1);
    int waiting = post("/hash");
    await_waiting(1);
    setsockopt(running, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(waiting, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(waiting);
    await_waiting(0); /* gives its place back */
    close(running);
    usleep(50000);
    probe_release();
    assert_int_equal(read_status(post("/hash")), 200);
    assert_int_equal(probe_begun(), 2);
}

/* ---- the end ---- */

static void *stop_it(void *server)
{
    http_server_stop(server);
    return NULL;
}

static void stopping_finishes_what_is_under_way(void **state)
{
    (void)state;
    pthread_t thread;
    probe_hold();
    int hashing = post("/hash"), slow = post("/slow"), idle = probe_connect(&probe);
    probe_send_text(idle, GET_HELLO "\r\n");
    assert_true(probe_read_answer(idle, answer, sizeof answer, true));
    probe_await_begun(2);
    assert_int_equal(pthread_create(&thread, NULL, stop_it, probe.server), 0);
    pthread_join(thread, NULL);
    assert_true(probe_read_all(idle, answer, sizeof answer, 5)); /* closed, though kept alive */
    close(idle);
    probe_release();
    assert_int_equal(read_status(hashing), 200);
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
    assert_int_equal(read_status(slow), 200);
}

static void *hammer(void *ok)
{
    char text[4096];
    for (int i = 0; i < 50; i++) {
        int fd = post(i % 3 == 0 ? "/hash" : i % 3 == 1 ? "/slow" : "/echo");
        bool got = probe_read_answer(fd, text, sizeof text, true);
        int status = probe_status(text);
        *(int *)ok += got && (status == 200 || status == 503);
        close(fd);
    }
    return NULL;
}

static void many_clients_at_once_are_all_answered(void **state)
{
    enum { CLIENTS = 6 };
    pthread_t threads[CLIENTS];
    int ok[CLIENTS] = {0};
    (void)state;
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, &ok[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(ok[i], 50);
    }
    for (int i = 0; i < 200 && probe_reported() < CLIENTS * 50; i++) {
        usleep(5000); /* a report may follow its answer */
    }
    assert_int_equal(probe_reported(), CLIENTS * 50);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(a_connection_is_kept_and_reused),
        SERVED(http_1_0_closes_unless_asked),
        SERVED(head_and_204_have_no_body),
        SERVED(pipelined_requests_are_answered_in_order),
        SERVED(a_body_that_looks_like_a_request_stays_a_body),
        SERVED(every_method_reaches_its_route),
        SERVED(the_absolute_form_is_understood),
        SERVED(a_client_that_waits_is_told_to_continue),
        SERVED(a_large_answer_arrives_whole),
        SERVED(an_unknown_path_and_a_silent_handler_are_errors),
        SERVED(malformed_requests_are_refused_and_closed),
        SERVED(empty_lines_before_a_request_are_skipped),
        SERVED(a_nul_anywhere_in_the_head_is_refused),
        SERVED(too_many_fields_and_too_large_heads_are_refused),
        SERVED(a_request_byte_by_byte_is_the_same_request),
        SERVED(a_body_over_the_limit_is_refused_before_it_is_sent),
        SERVED(slow_heads_and_bodies_end_at_their_deadline),
        SERVED(a_connection_that_says_nothing_is_closed),
        SERVED(a_worker_answers_while_the_loop_goes_on),
        SERVED(one_network_gets_half_the_hash_queue),
        cmocka_unit_test_setup_teardown(the_hash_queue_holds_one_seconds_work, start_long_queue, stop),
        cmocka_unit_test_setup_teardown(nobody_queues_behind_who_waits_too_long, start_long_queue, stop),
        SERVED(who_waits_too_long_is_sent_away),
        SERVED(a_client_that_leaves_hurts_nobody),
        SERVED(stopping_finishes_what_is_under_way),
        SERVED(many_clients_at_once_are_all_answered),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
