/* The file of the witness (vault.md §12): numbers that only rise, and each state that a file may be found in.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "secret.h"
#include "witness.h"

struct place {
    char directory[40], path[64];
    struct ww_op op;
    struct uuid deployment;
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    crypto_init();
    strcpy(p->directory, "/tmp/watchword-witness-XXXXXX");
    assert_non_null(mkdtemp(p->directory));
    assert_int_equal(chmod(p->directory, 0755), 0);
    snprintf(p->path, sizeof p->path, "%s/witness", p->directory);
    op_init(&p->op, NULL, NULL);
    p->deployment = uuid_new(&p->op);
    *state = p;
    return 0;
}

static int end_place(void **state)
{
    struct place *p = *state;
    op_free(&p->op);
    unlink(p->path);
    rmdir(p->directory);
    free(p);
    return 0;
}

static struct witness *open_as(struct place *p, enum witness_use use)
{
    struct witness *w;
    enum ww_err err = witness_open(&p->op, p->path, &p->deployment, 1, use, &w);
    if (err) {
        fail_msg("%s", p->op.problem.text);
    }
    return w;
}

static struct witness *open_it(struct place *p)
{
    return open_as(p, WITNESS_SHARED);
}

static void refused(struct place *p, enum ww_err err, const char *id, const char *words)
{
    struct witness *w;
    assert_int_equal(witness_open(&p->op, p->path, &p->deployment, 1, WITNESS_SHARED, &w), err);
    assert_null(w);
    assert_string_equal(p->op.problem.id, id);
    if (!strstr(p->op.problem.text, words) || !strstr(p->op.problem.text, p->path)) {
        fail_msg("%s", p->op.problem.text);
    }
}

static void has(struct witness *w, int64_t id, uint64_t record, uint64_t vault)
{
    struct witness_seen seen = witness_get(w, id);
    assert_int_equal(seen.record, record);
    assert_int_equal(seen.vault, vault);
}

static bool raise_to(struct witness *w, int64_t id, uint64_t record, uint64_t vault)
{
    return witness_raise(w, id, (struct witness_seen){record, vault});
}

static void test_numbers_only_rise(void **state)
{
    struct place *p = *state;
    struct witness *w = open_it(p);
    has(w, 1, 0, 0);
    has(w, 0, 0, 0);
    has(w, -5, 0, 0);
    assert_true(raise_to(w, 1, 5, 2));
    assert_true(raise_to(w, 1, 4, 9));
    has(w, 1, 5, 9);
    assert_true(raise_to(w, 300, 1, 0)); /* on another page */
    has(w, 299, 0, 0);
    assert_int_equal(witness_top(w), 300);
    assert_true(raise_to(w, 1, WITNESS_DELETED, WITNESS_DELETED));
    assert_true(raise_to(w, 1, 6, 10));
    has(w, 1, WITNESS_DELETED, WITNESS_DELETED);
    witness_close(w);
    w = open_it(p);
    has(w, 1, WITNESS_DELETED, WITNESS_DELETED);
    has(w, 300, 1, 0);
    assert_int_equal(witness_top(w), 300);
    witness_close(w);
}

/* Two programs: what one raises the other has at once, although the file grew meanwhile. */
static void test_two_programs_share_it(void **state)
{
    struct place *p = *state;
    struct witness *a = open_it(p), *b = open_it(p);
    assert_true(raise_to(a, 7, 3, 0));
    has(b, 7, 3, 0);
    assert_true(raise_to(b, 1 << 20, 8, 8)); /* beyond a's mapping */
    has(a, 1 << 20, 8, 8);
    assert_true(raise_to(a, 7, 2, 5));
    has(b, 7, 3, 5);
    witness_close(a);
    witness_close(b);
}

enum { RAISERS = 4, RAISES = 20000 };
struct raiser {
    struct witness *w;
    uint64_t step;
};

static void *raise_often(void *context)
{
    struct raiser *r = context;
    for (uint64_t i = 1; i <= RAISES; i++) {
        raise_to(r->w, 1 + (int64_t)(i % 3), i * r->step, i);
    }
    return NULL;
}

static void test_raised_by_threads_at_once(void **state)
{
    struct place *p = *state;
    struct witness *w[2] = {open_it(p), open_it(p)};
    struct raiser raisers[RAISERS];
    pthread_t threads[RAISERS];
    for (size_t i = 0; i < RAISERS; i++) {
        raisers[i] = (struct raiser){w[i % 2], i + 1};
        assert_int_equal(pthread_create(&threads[i], NULL, raise_often, &raisers[i]), 0);
    }
    for (size_t i = 0; i < RAISERS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int64_t id = 1; id <= 3; id++) {
        uint64_t last = RAISES; /* the last step that went to this id */
        while (1 + (int64_t)(last % 3) != id) {
            last--;
        }
        has(w[0], id, last * RAISERS, last);
    }
    witness_close(w[0]);
    witness_close(w[1]);
}

static void test_a_huge_id_makes_a_hole(void **state)
{
    struct place *p = *state;
    struct witness *w = open_it(p);
    struct stat st;
    assert_true(raise_to(w, 1, 1, 1));
    assert_true(raise_to(w, WITNESS_ID_MAX, 2, 3));
    has(w, WITNESS_ID_MAX, 2, 3);
    has(w, WITNESS_ID_MAX - 1, 0, 0);
    assert_int_equal(stat(p->path, &st), 0);
    assert_in_range(st.st_blocks * 512, 1, 64 << 10);
    /* Beyond, nothing is kept and nothing grows. */
    off_t length = st.st_size;
    assert_true(raise_to(w, (int64_t)1 << 40, 2, 3));
    has(w, (int64_t)1 << 40, 0, 0);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_size, length);
    witness_close(w);
    witness_close(open_it(p));
}

static void overwrite(const struct place *p, off_t at, const char *bytes)
{
    int fd = open(p->path, O_WRONLY);
    assert_int_equal(pwrite(fd, bytes, strlen(bytes), at), strlen(bytes));
    close(fd);
}

static void test_a_damaged_file(void **state)
{
    struct place *p = *state;
    struct witness *w = open_it(p);
    assert_true(raise_to(w, 1000, 1, 1));
    witness_close(w);
    assert_int_equal(truncate(p->path, 8192), 0);
    refused(p, WW_ECONFIG, "witness_damaged", "cut short");
    assert_int_equal(truncate(p->path, 100), 0);
    refused(p, WW_ECONFIG, "witness_damaged", "cut short");
    assert_int_equal(truncate(p->path, 0), 0);
    refused(p, WW_ECONFIG, "witness_damaged", "restore accept");
    /* Header torn: its pages are there, and not what they were. */
    for (off_t at = 0; at < 64; at += 8) {
        unlink(p->path);
        witness_close(open_it(p));
        overwrite(p, at, "\1\2\3\4");
        refused(p, WW_ECONFIG, "witness_damaged", "");
    }
}

static void test_of_another_deployment(void **state)
{
    struct place *p = *state;
    witness_close(open_it(p));
    p->deployment = uuid_new(&p->op);
    refused(p, WW_ECONFIG, "witness_foreign", "another database");
}

static void test_a_place_that_cannot_be_used(void **state)
{
    struct place *p = *state;
    char good[64];
    strcpy(good, p->path);
    strcat(p->path, "/below/nothing");
    refused(p, WW_ECONFIG, "witness_place", "cannot be made");
    strcpy(p->path, p->directory);
    refused(p, WW_ECONFIG, "witness_place", "");
    strcpy(p->path, "/dev/null");
    refused(p, WW_ECONFIG, "witness_place", "is not a file");
    strcpy(p->path, good);
}

/* As a user who may only read it; root becomes one for the file system. */
static void test_a_file_that_may_only_be_read(void **state)
{
    struct place *p = *state;
    uid_t other = geteuid() == 0 ? 65534 : geteuid();
    witness_close(open_it(p));
    assert_int_equal(chmod(p->path, 0444), 0);
    int before = setfsuid(other);
    refused(p, WW_ECONFIG, "witness_place", "cannot be opened for writing");
    unlink(p->path);
    setfsuid((uid_t)before);
    unlink(p->path);
    assert_int_equal(chmod(p->directory, 0555), 0);
    setfsuid(other);
    refused(p, WW_ECONFIG, "witness_place", "cannot be made");
    setfsuid((uid_t)before);
    assert_int_equal(chmod(p->directory, 0755), 0);
}

/* A limit on file sizes fails as a full disk does: at what would need a new block. */
static void test_a_full_disk(void **state)
{
    struct place *p = *state;
    struct rlimit limit, small;
    struct witness *w = open_it(p);
    assert_true(raise_to(w, 1, 1, 1));
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = (struct rlimit){8192, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_true(raise_to(w, 1, 2, 2)); /* its page is there */
    assert_false(raise_to(w, 5000, 1, 1));
    assert_int_equal(witness_fault(w), EFBIG);
    assert_int_equal(witness_fault(w), 0);
    has(w, 1, 2, 2);
    has(w, 5000, 0, 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_true(raise_to(w, 5000, 1, 1));
    witness_close(w);
}

static void test_alone_and_shared(void **state)
{
    struct place *p = *state;
    struct witness *shared = open_it(p), *w;
    assert_int_equal(witness_open(&p->op, p->path, &p->deployment, 1, WITNESS_ALONE, &w), WW_EBUSY);
    assert_string_equal(p->op.problem.id, "witness_in_use");
    witness_close(shared);
    w = open_as(p, WITNESS_ALONE);
    assert_int_equal(witness_open(&p->op, p->path, &p->deployment, 1, WITNESS_SHARED, &shared), WW_EBUSY);
    witness_close(w);
}

/* ---- chains ---- */

static struct witness_chain chain(int64_t node, int64_t n, uint64_t time)
{
    struct witness_chain c = {node, n, time, {0}};
    memset(c.link, (int)(node + n), sizeof c.link);
    return c;
}

static size_t chains_in(struct witness *w, int64_t node, int64_t n)
{
    struct witness_chain c;
    size_t found = 0;
    for (size_t i = 0; i < WITNESS_CHAINS; i++) {
        found +=
            witness_chain_get(w, i, &c) && c.node == node && c.n == n && c.link[31] == (uint8_t)(node + n);
    }
    return found;
}

static void test_ends_of_chains(void **state)
{
    struct place *p = *state;
    struct witness *w = open_it(p);
    for (int64_t node = 1; node <= WITNESS_CHAINS + 5; node++) {
        struct witness_chain c = chain(node, 1, (uint64_t)node);
        witness_chain_raise(w, &c);
    }
    assert_int_equal(chains_in(w, 5, 1), 0); /* the oldest gave way */
    assert_int_equal(chains_in(w, 6, 1), 1);
    struct witness_chain c = chain(6, 2, 1000);
    witness_chain_raise(w, &c);
    assert_int_equal(chains_in(w, 6, 1), 0);
    assert_int_equal(chains_in(w, 6, 2), 1);
    witness_close(w);
    /* One that a crash left half-written says nothing. */
    w = open_it(p);
    for (size_t i = 0; i < WITNESS_CHAINS; i++) {
        overwrite(p, (off_t)(64 + 64 * i + 30), "torn");
    }
    assert_int_equal(chains_in(w, 6, 2), 0);
    c = chain(6, 3, 1001);
    witness_chain_raise(w, &c);
    assert_int_equal(chains_in(w, 6, 3), 1);
    witness_close(w);
}

/* ---- lines ---- */

static void test_a_line_that_is_begun_and_ended(void **state)
{
    struct place *p = *state;
    struct witness_chain c = chain(1, 1, 1);
    struct witness *w = open_as(p, WITNESS_ALONE);
    witness_chain_raise(w, &c);
    raise_to(w, 1, 5, 5);
    raise_to(w, 2, WITNESS_DELETED, WITNESS_DELETED);
    assert_int_equal(witness_begin_line(&p->op, w, 2, false), WW_OK);
    has(w, 1, 5, 5);
    witness_close(w); /* a crash */
    w = open_as(p, WITNESS_ALONE);
    assert_int_equal(witness_accepting(w), 2);
    assert_int_equal(witness_line(w), 1);
    assert_true(witness_set(w, 1, (struct witness_seen){3, 1}));
    has(w, 1, 3, 1);
    assert_int_equal(witness_end_line(&p->op, w, 2), WW_OK);
    witness_close(w);
    w = open_it(p);
    assert_int_equal(witness_accepting(w), 0);
    assert_int_equal(witness_line(w), 2);
    assert_int_equal(chains_in(w, 1, 1), 0);
    has(w, 1, 3, 1);
    has(w, 2, WITNESS_DELETED, WITNESS_DELETED);
    assert_int_equal(witness_adopt_line(&p->op, w, 7), WW_OK);
    assert_int_equal(witness_line(w), 7);
    has(w, 1, 0, 0);
    has(w, 2, WITNESS_DELETED, WITNESS_DELETED);
    witness_close(w);
}

static void test_one_that_knows_nothing_is_forgotten(void **state)
{
    struct place *p = *state;
    struct witness *w = open_it(p);
    witness_set_blank(w);
    raise_to(w, 1, 5, 5);
    raise_to(w, 1 << 20, 5, 5);
    witness_close(w);
    w = open_as(p, WITNESS_ALONE);
    assert_true(witness_is_blank(w));
    assert_int_equal(witness_begin_line(&p->op, w, 2, false), WW_OK);
    assert_false(witness_is_blank(w));
    has(w, 1, 0, 0);
    has(w, 1 << 20, 0, 0);
    witness_close(w);
}

int main(void)
{
#define WITH_PLACE(f) cmocka_unit_test_setup_teardown(f, make_place, end_place)
    const struct CMUnitTest tests[] = {
        WITH_PLACE(test_numbers_only_rise),
        WITH_PLACE(test_two_programs_share_it),
        WITH_PLACE(test_raised_by_threads_at_once),
        WITH_PLACE(test_a_huge_id_makes_a_hole),
        WITH_PLACE(test_a_damaged_file),
        WITH_PLACE(test_of_another_deployment),
        WITH_PLACE(test_a_place_that_cannot_be_used),
        WITH_PLACE(test_a_file_that_may_only_be_read),
        WITH_PLACE(test_a_full_disk),
        WITH_PLACE(test_alone_and_shared),
        WITH_PLACE(test_ends_of_chains),
        WITH_PLACE(test_a_line_that_is_begun_and_ended),
        WITH_PLACE(test_one_that_knows_nothing_is_forgotten),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
