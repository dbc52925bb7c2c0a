/* The log: lines go out in order, a descriptor that takes nothing holds nobody up, and what is lost is
 * counted. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"

enum { WRITERS = 4, LINES = 500 };

static size_t read_all(int fd, char *text, size_t size)
{
    size_t n = 0;
    for (ssize_t got; n + 1 < size && (got = read(fd, text + n, size - 1 - n)) > 0;) {
        n += (size_t)got;
    }
    text[n] = '\0';
    return n;
}

static void *log_numbers(void *who)
{
    char number[16];
    for (int i = 0; i < LINES; i++) {
        snprintf(number, sizeof number, "%d", i);
        log_write(LOG_INFO, "line", "who", who, "number", number, NULL);
    }
    return NULL;
}

static void lines_of_many_threads_arrive_whole_and_in_order(void **state)
{
    static char text[1 << 20];
    static char names[WRITERS][8];
    pthread_t threads[WRITERS];
    int next[WRITERS] = {0};
    FILE *file = tmpfile();
    uint64_t lost = log_dropped();
    (void)state;
    assert_non_null(file);
    log_setup(fileno(file), LOG_INFO, 1);
    assert_true(log_start());
    for (int i = 0; i < WRITERS; i++) {
        snprintf(names[i], sizeof names[i], "w%d", i);
        assert_int_equal(pthread_create(&threads[i], NULL, log_numbers, names[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
    }
    log_stop(5000);
    lseek(fileno(file), 0, SEEK_SET);
    read_all(fileno(file), text, sizeof text);
    int count = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), count++) {
        int who, number;
        assert_int_equal(sscanf(strstr(line, " line "), " line who=w%d number=%d", &who, &number), 2);
        assert_int_equal(number, next[who]++);
    }
    assert_int_equal(count + (int)(log_dropped() - lost), WRITERS * LINES);
    assert_int_equal(log_dropped(), lost);
    fclose(file);
}

/* A pipe that nobody reads: a write of whoever logs would never return. */
static void a_pipe_that_nobody_reads_holds_nobody_up(void **state)
{
    enum { MANY = 20000 };
    int ends[2];
    uint64_t lost = log_dropped();
    (void)state;
    assert_int_equal(pipe(ends), 0);
    log_setup(ends[1], LOG_INFO, 0);
    assert_true(log_start());
    for (int i = 0; i < MANY; i++) {
        log_write(LOG_INFO, "nobody reads this line", "and", "it is not short at all, as lines go", NULL);
    }
    lost = log_dropped() - lost;
    assert_in_range(lost, 1, MANY - 1);
    log_stop(0); /* gives up: the thread waits in its write, and what comes now is counted too */
    log_write(LOG_INFO, "after the end", NULL);
    assert_true(log_dropped() > lost);
    close(ends[0]); /* SIGPIPE is ignored: its write fails and it ends */
}

/* In the form for people a value that is no plain word is quoted: it cannot pass for a pair of its own. */
static void a_value_is_no_pair_of_its_own(void **state)
{
    char text[1024] = "";
    FILE *file = tmpfile();
    (void)state;
    assert_non_null(file);
    log_setup(fileno(file), LOG_INFO, 1);
    log_write(LOG_INFO, "asked", "route", "/a", "who", "ada level=error user=\"bob\"", "none", "", NULL);
    lseek(fileno(file), 0, SEEK_SET);
    read_all(fileno(file), text, sizeof text);
    assert_non_null(strstr(text, " route=/a who=\"ada level=error user=\\\"bob\\\"\" none=\"\"\n"));
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_many_threads_arrive_whole_and_in_order),
        cmocka_unit_test(a_value_is_no_pair_of_its_own),
        cmocka_unit_test(a_pipe_that_nobody_reads_holds_nobody_up),
    };
    signal(SIGPIPE, SIG_IGN);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
