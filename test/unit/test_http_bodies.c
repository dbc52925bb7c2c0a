/* Bodies over real sockets: what is read, what is refused from the head alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
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

#define SERVED(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(each_route_has_its_own_limit),
        SERVED(a_body_that_nobody_reads_is_not_waited_for),
        SERVED(who_asks_first_is_not_told_to_continue_in_vain),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
