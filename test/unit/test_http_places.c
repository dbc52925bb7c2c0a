/* Places for connections: who makes room when they are full, and what is left of a network that takes all it
 * can. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_probe.h"

#define GET_HELLO "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"

enum { PLACES = 20 };

static struct probe probe;
static char answer[4096];

static int start(void **state)
{
    (void)state;
    probe_start(&probe, (struct http_options){.loops = 1, .head_seconds = 20, .connections = PLACES});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    probe_stop(&probe);
    return 0;
}

static unsigned connections(void)
{
    struct http_load load;
    http_server_load(probe.server, &load);
    return load.connections;
}

static void await_connections(unsigned n)
{
    for (int i = 0; i < 1000 && connections() != n; i++) {
        usleep(2000);
    }
    assert_int_equal(connections(), n);
}

/* From 127.0.0.x: each is a network of its own. */
static int connect_from(unsigned x)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000 | x)},
                       to = {.sin_family = AF_INET,
                             .sin_port = htons(probe.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static bool is_served(int fd)
{
    probe_send_text(fd, GET_HELLO);
    return probe_read_answer(fd, answer, sizeof answer, true) && probe_status(answer) == 200;
}

static void one_network_has_half_of_the_places(void **state)
{
    int fds[PLACES * 2], other = connect_from(2);
    (void)state;
    assert_true(is_served(other));
    for (int i = 0; i < PLACES * 2; i++) {
        fds[i] = connect_from(1);
    }
    await_connections(PLACES / 2 + 1);
    assert_true(is_served(other));               /* is still there */
    assert_true(is_served(fds[PLACES * 2 - 1])); /* its newest has taken the place of its oldest */
    assert_false(is_served(fds[0]));
    for (int i = 0; i < PLACES * 2; i++) {
        close(fds[i]);
    }
    close(other);
    await_connections(0);
}

static void the_oldest_idle_one_makes_room_when_all_is_full(void **state)
{
    int fds[PLACES + 5];
    (void)state;
    for (unsigned i = 0; i < PLACES + 5; i++) {
        fds[i] = connect_from(10 + i);
        assert_true(is_served(fds[i]));
    }
    assert_int_equal(connections(), PLACES);
    assert_false(is_served(fds[0]));
    assert_true(is_served(fds[PLACES]));
    for (int i = 0; i < PLACES + 5; i++) {
        close(fds[i]);
    }
}

static void half_a_head_is_as_old_as_its_connection(void **state)
{
    int fds[PLACES];
    (void)state;
    for (int i = 0; i < PLACES / 2; i++) {
        fds[i] = connect_from(1);
        probe_send_text(fds[i], "GET /hello HTTP/1.1\r\n");
    }
    await_connections(PLACES / 2);
    usleep(50000);
    int fresh = connect_from(1);
    assert_true(is_served(fresh));
    for (int i = 0; i < PLACES / 2; i++) {
        close(fds[i]);
    }
    close(fresh);
}

static void who_is_being_served_keeps_its_place(void **state)
{
    int busy, fds[PLACES];
    (void)state;
    probe_hold();
    busy = connect_from(1);
    probe_send_text(busy, "POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    probe_await_begun(1);
    for (int i = 0; i < PLACES; i++) {
        fds[i] = connect_from(1);
        assert_true(is_served(fds[i]));
    }
    probe_release();
    assert_true(probe_read_answer(busy, answer, sizeof answer, true));
    assert_int_equal(probe_status(answer), 200);
    for (int i = 0; i < PLACES; i++) {
        close(fds[i]);
    }
    close(busy);
}

/* Accepting fails for want of descriptors: idle connections are closed for it, and it neither ends nor spins.
 */
static void without_descriptors_idle_connections_make_room(void **state)
{
    struct rlimit before, low;
    int fds[PLACES / 2 - 1];
    (void)state;
    for (unsigned i = 0; i < PLACES / 2 - 1; i++) {
        fds[i] = connect_from(30 + i);
        assert_true(is_served(fds[i]));
    }
    int mine = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    low.rlim_cur = (rlim_t)mine + 1; /* none is left for what the server accepts */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(probe.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(mine, (struct sockaddr *)&to, sizeof to), 0);
    bool served = is_served(mine);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_true(served);
    for (unsigned i = 0; i < PLACES / 2 - 1; i++) {
        close(fds[i]);
    }
    close(mine);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(one_network_has_half_of_the_places),
        SERVED(the_oldest_idle_one_makes_room_when_all_is_full),
        SERVED(half_a_head_is_as_old_as_its_connection),
        SERVED(who_is_being_served_keeps_its_place),
        SERVED(without_descriptors_idle_connections_make_room),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
