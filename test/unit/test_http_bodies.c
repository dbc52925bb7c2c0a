/* Bodies over real sockets: what is read, what is refused from the head alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_probe.h"

#define HOST "Host: localhost\r\n"

static struct probe probe;
static char answer[65536];

static int start(void **state)
{
    (void)state;
    probe_start(&probe, (struct http_options){.head_seconds = 20, .body_seconds = 20});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    probe_stop(&probe);
    return 0;
}

/* The answer to a head behind which no byte of the body comes, and that the connection is closed. */
static void exchange_head(const char *head)
{
    int fd = probe_connect(&probe);
    probe_send_text(fd, head);
    assert_true(probe_read_all(fd, answer, sizeof answer, 10)); /* body_seconds is 20: this did not wait */
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
    close(fd);
}

/* ---- the limit of a route ---- */

static void each_route_has_its_own_limit(void **state)
{
    (void)state;
    probe_exchange(
        &probe, "POST /small HTTP/1.1\r\n" HOST "Connection: close\r\nContent-Length: 10\r\n\r\n0123456789",
        answer, sizeof answer);
    assert_int_equal(probe_status(answer), 200);
    exchange_head("POST /small HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n");
    assert_int_equal(probe_status(answer), 413);
    assert_non_null(strstr(answer, "\"details\":{\"field\":\"value\",\"limit\":10}"));
    assert_non_null(strstr(answer, "\"id\":\"too_much\""));
    assert_non_null(strstr(answer, "\r\nOry-Error-Id: too_much\r\n"));
    exchange_head("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100001\r\n\r\n");
    assert_int_equal(probe_status(answer), 413);
    assert_non_null(strstr(answer, "100000 bytes"));
    assert_non_null(strstr(answer, "\"details\":{\"limit\":100000}"));
}

static void a_body_that_nobody_reads_is_not_waited_for(void **state)
{
    (void)state;
    exchange_head("POST /none HTTP/1.1\r\n" HOST "Content-Length: 5000000\r\n\r\n");
    assert_int_equal(probe_status(answer), 404);
    exchange_head("PATCH /echo HTTP/1.1\r\n" HOST "Content-Length: 5000000\r\n\r\n");
    assert_int_equal(probe_status(answer), 404);
}

static void who_asks_first_is_not_told_to_continue_in_vain(void **state)
{
    (void)state;
    exchange_head("POST /small HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    assert_int_equal(probe_status(answer), 413);
    exchange_head("POST /none HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    assert_int_equal(probe_status(answer), 404);
}

/* ---- chunks ---- */

#define CHUNKED "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

static const struct {
    const char *body, *data;
} chunked[] = {
    {"0\r\n\r\n", ""},
    {"3\r\nabc\r\n0\r\n\r\n", "abc"},
    {"1\r\na\r\n2\r\nbc\r\n00000000\r\n\r\n", "abc"},
    {"0000000a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
    {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
    {"9\r\n0\r\n\r\nGET \r\n0\r\n\r\n", "0\r\n\r\nGET "},
    {"1\r\nx\r\n0\r\nTrailer: dropped\r\nEmpty:\r\n\r\n", "x"},
};

static void bodies_in_chunks_are_read(void **state)
{
    (void)state;
    int fd = probe_connect(&probe);
    for (size_t i = 0; i < sizeof chunked / sizeof *chunked; i++) { /* all on one connection */
        probe_send_text(fd, CHUNKED);
        probe_send_text(fd, chunked[i].body);
        assert_true(probe_read_answer(fd, answer, sizeof answer, true));
        assert_int_equal(probe_status(answer), 200);
        assert_string_equal(strstr(answer, "\r\n\r\n") + 4, chunked[i].data);
    }
    close(fd);
}

static void chunks_byte_by_byte_are_the_same_body(void **state)
{
    static const char request[] = CHUNKED "2\r\nab\r\n1\r\nc\r\n0\r\nX: y\r\n\r\n";
    (void)state;
    int fd = probe_connect(&probe);
    for (int i = 0; i < 2; i++) {
        for (size_t at = 0; at < sizeof request - 1; at++) {
            probe_send(fd, request + at, 1);
            usleep(300);
        }
        assert_true(probe_read_answer(fd, answer, sizeof answer, true));
        assert_non_null(strstr(answer, "\r\n\r\nabc"));
    }
    close(fd);
}

static void who_sends_chunks_is_told_to_continue(void **state)
{
    (void)state;
    int fd = probe_connect(&probe);
    probe_send_text(fd, "POST /echo HTTP/1.1\r\n" HOST
                        "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_true(probe_read_answer(fd, answer, sizeof answer, true));
    assert_string_equal(answer, "HTTP/1.1 100 Continue\r\n\r\n");
    probe_send_text(fd, "2\r\nok\r\n0\r\n\r\n");
    assert_true(probe_read_answer(fd, answer, sizeof answer, true));
    assert_non_null(strstr(answer, "\r\n\r\nok"));
    close(fd);
}

/* The sum counts, however small the pieces. */
static void chunks_have_the_limit_of_their_route(void **state)
{
    (void)state;
    static const char head[] = "POST /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n";
    int fd = probe_connect(&probe);
    probe_send_text(fd, head);
    probe_send_text(fd, "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n");
    assert_true(probe_read_answer(fd, answer, sizeof answer, true));
    assert_int_equal(probe_status(answer), 200);
    probe_send_text(fd, head);
    probe_send_text(fd, "5\r\n01234\r\n5\r\n56789\r\n1\r\n");
    assert_true(probe_read_all(fd, answer, sizeof answer, 10));
    assert_int_equal(probe_status(answer), 413);
    assert_non_null(strstr(answer, "\"limit\":10}"));
    close(fd);
    exchange_head("POST /none HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
    assert_int_equal(probe_status(answer), 404);
}

static void trailers_are_bounded(void **state)
{
    (void)state;
    static char request[8192];
    size_t n = (size_t)snprintf(request, sizeof request, CHUNKED "0\r\nX: ");
    memset(request + n, 'a', 5000);
    memcpy(request + n + 5000, "\r\n\r\n", 5);
    probe_exchange(&probe, request, answer, sizeof answer);
    assert_int_equal(probe_status(answer), 400);
    assert_non_null(strstr(answer, "trailer fields"));
    memcpy(request + n + 4000, "\r\n\r\n", 5);
    int fd = probe_connect(&probe);
    probe_send_text(fd, request);
    assert_true(probe_read_answer(fd, answer, sizeof answer, true));
    assert_int_equal(probe_status(answer), 200);
    close(fd);
}

/* ---- the budget ---- */

static size_t in_flight(void)
{
    struct http_load load;
    http_server_load(probe.server, &load);
    return load.in_flight;
}

static void await_in_flight(size_t low, size_t high)
{
    size_t now = in_flight();
    for (int i = 0; i < 1000 && (now < low || now > high); i++) {
        usleep(5000);
        now = in_flight();
    }
    assert_in_range(now, low, high);
}

static int start_small_budget(void **state)
{
    (void)state;
    probe_start(&probe, (struct http_options){
                            .head_seconds = 20, .body_seconds = 20, .loops = 1, .in_flight = 400000});
    return 0;
}

static void announced_bytes_cost_nothing_until_they_come(void **state)
{
    enum { MANY = 40 };
    int fds[MANY];
    (void)state;
    for (int i = 0; i < MANY; i++) {
        fds[i] = probe_connect(&probe);
        probe_send_text(fds[i], "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\nstart");
    }
    await_in_flight((size_t)MANY * 4096, (size_t)MANY * 4096); /* what has come, in pieces of 4 KiB */
    for (int i = 0; i < MANY; i++) {
        close(fds[i]);
    }
    await_in_flight(0, 0);
}

/* All from one address: half of the budget is its share. */
static void bodies_beyond_the_budget_are_refused(void **state)
{
    enum { FIT = 2 };
    static char half[99000];
    int fds[FIT];
    (void)state;
    memset(half, 'x', sizeof half);
    for (int i = 0; i < FIT; i++) {
        fds[i] = probe_connect(&probe);
        probe_send_text(fds[i], "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n");
        probe_send(fds[i], half, sizeof half);
    }
    await_in_flight(FIT * 99000, FIT * 100000);
    int fd = probe_connect(&probe);
    probe_send_text(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n");
    probe_send(fd, half, sizeof half);
    assert_true(probe_read_all(fd, answer, sizeof answer, 10));
    assert_int_equal(probe_status(answer), 503);
    assert_non_null(strstr(answer, "\r\nRetry-After: "));
    close(fd);
    for (int i = 0; i < FIT; i++) { /* who was there first is served */
        probe_send(fds[i], half, 1000);
        assert_true(probe_read_answer(fds[i], half, sizeof half, false));
        assert_int_equal(probe_status(half), 200);
        close(fds[i]);
        memset(half, 'x', sizeof half);
    }
    await_in_flight(0, 0);
}

static int start_large_budget(void **state)
{
    (void)state;
    probe_start(&probe, (struct http_options){.loops = 1, .in_flight = (size_t)40 << 20});
    return 0;
}

/* Answers of 8 MiB whose askers do not read: two are one network's share, the others are told so. */
static void answers_that_nobody_takes_are_in_the_budget(void **state)
{
    enum { ASKERS = 6 };
    int fds[ASKERS], small = 64 * 1024, refused = 0, held = 0;
    char *text = malloc(((size_t)8 << 20) + 4096);
    (void)state;
    assert_non_null(text);
    for (int i = 0; i < ASKERS; i++) {
        fds[i] = probe_connect(&probe);
        setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        probe_send_text(fds[i], "GET /large HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
        while (recv(fds[i], answer, 16, MSG_PEEK) < 16) {
            usleep(1000);
        }
        refused += strncmp(answer, "HTTP/1.1 503", 12) == 0;
        held += strncmp(answer, "HTTP/1.1 200", 12) == 0;
    }
    assert_int_equal(held, 2);
    assert_int_equal(refused, ASKERS - 2);
    assert_in_range(in_flight(), (size_t)8 << 20, (size_t)20 << 20);
    for (int i = 0; i < ASKERS; i++) { /* and who reads gets all of it */
        assert_true(probe_read_all(fds[i], text, ((size_t)8 << 20) + 4096, 10));
        if (i < 2) {
            assert_int_equal(strlen(strstr(text, "\r\n\r\n") + 4), 8 << 20);
        }
        close(fds[i]);
    }
    await_in_flight(0, 0);
    free(text);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(each_route_has_its_own_limit),
        SERVED(a_body_that_nobody_reads_is_not_waited_for),
        SERVED(who_asks_first_is_not_told_to_continue_in_vain),
        SERVED(bodies_in_chunks_are_read),
        SERVED(chunks_byte_by_byte_are_the_same_body),
        SERVED(who_sends_chunks_is_told_to_continue),
        SERVED(chunks_have_the_limit_of_their_route),
        SERVED(trailers_are_bounded),
        cmocka_unit_test_setup_teardown(announced_bytes_cost_nothing_until_they_come, start_small_budget,
                                        stop),
        cmocka_unit_test_setup_teardown(bodies_beyond_the_budget_are_refused, start_small_budget, stop),
        cmocka_unit_test_setup_teardown(answers_that_nobody_takes_are_in_the_budget, start_large_budget,
                                        stop),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
