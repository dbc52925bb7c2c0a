/* The gate before password hashes: places, memory, who waits, and how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <unistd.h>

#include "netaddr.h"
#include "pwhash_format.h"

struct visitor {
    pthread_t thread;
    struct pwhash_pool *pool;
    const char *address;
    uint64_t memory;
    enum ww_err err;
    uint32_t retry_after;
    _Atomic bool answered;
    unsigned *order, arrived_as; /* order: shared, counts who was admitted */
};

static void *visit(void *arg)
{
    struct visitor *v = arg;
    struct ww_op op;
    op_init(&op, NULL, NULL);
    op.client.address = v->address ? v->address : "";
    v->err = pwhash_pool_enter(&op, v->pool, v->memory);
    v->retry_after = op.problem.retry_after;
    if (v->err == WW_OK) {
        if (v->order) {
            v->arrived_as = ++*v->order; /* one worker: nobody else is between enter and leave */
        }
        pwhash_pool_leave(v->pool, v->memory);
    }
    v->answered = true;
    op_free(&op);
    return NULL;
}

/* Returns when the visitor waits in the queue, or has its answer. */
static void start(struct visitor *v)
{
    unsigned before = pwhash_pool_waiting(v->pool);
    assert_int_equal(pthread_create(&v->thread, NULL, visit, v), 0);
    while (!v->answered && pwhash_pool_waiting(v->pool) == before) {
        usleep(1000);
    }
}

static enum ww_err finish(struct visitor *v)
{
    pthread_join(v->thread, NULL);
    return v->err;
}

static struct pwhash_pool *pool_of(struct ww_op *op, struct pwhash_limits limits)
{
    struct pwhash_pool *pool;
    op_init(op, NULL, NULL);
    assert_int_equal(pwhash_pool_new(op, &limits, &pool), WW_OK);
    return pool;
}

static void who_waits_too_long_is_told_to_come_back(void **state)
{
    struct ww_op op;
    struct pwhash_pool *pool =
        pool_of(&op, (struct pwhash_limits){.memory_budget = 1000, .workers = 1, .wait_ms = 1500});
    struct visitor v = {.pool = pool, .memory = 10};
    (void)state;
    assert_int_equal(pwhash_pool_enter(&op, pool, 10), WW_OK);
    start(&v);
    assert_int_equal(finish(&v), WW_EBUSY);
    assert_int_equal(v.retry_after, 2);
    pwhash_pool_leave(pool, 10);
    start(&v);
    assert_int_equal(finish(&v), WW_OK);
    pwhash_pool_free(pool);
    op_free(&op);
}

static void the_memory_budget_bounds_what_runs_together(void **state)
{
    struct ww_op op;
    struct pwhash_pool *pool =
        pool_of(&op, (struct pwhash_limits){.memory_budget = 1000, .workers = 8, .wait_ms = 200});
    struct visitor large = {.pool = pool, .memory = 401}, fits = {.pool = pool, .memory = 400};
    (void)state;
    assert_int_equal(pwhash_pool_enter(&op, pool, 600), WW_OK);
    start(&large);
    assert_int_equal(finish(&large), WW_EBUSY);
    start(&fits);
    assert_int_equal(finish(&fits), WW_OK);
    pwhash_pool_leave(pool, 600);
    pwhash_pool_free(pool);
    op_free(&op);
}

static void who_came_first_is_served_first(void **state)
{
    struct ww_op op;
    struct pwhash_pool *pool =
        pool_of(&op, (struct pwhash_limits){.memory_budget = 1000, .workers = 1, .wait_ms = 60000});
    unsigned order = 0;
    struct visitor v[4];
    (void)state;
    assert_int_equal(pwhash_pool_enter(&op, pool, 1000), WW_OK);
    for (unsigned i = 0; i < 4; i++) { /* a large one first: small ones behind it do not overtake */
        v[i] = (struct visitor){.pool = pool, .memory = i == 0 ? 1000 : 1, .order = &order};
        start(&v[i]);
    }
    pwhash_pool_leave(pool, 1000);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(finish(&v[i]), WW_OK);
        assert_int_equal(v[i].arrived_as, i + 1);
    }
    pwhash_pool_free(pool);
    op_free(&op);
}

static void a_waiter_that_gives_up_lets_the_next_one_through(void **state)
{
    struct ww_op op;
    struct pwhash_pool *pool =
        pool_of(&op, (struct pwhash_limits){.memory_budget = 1000, .workers = 2, .wait_ms = 300});
    struct visitor large = {.pool = pool, .memory = 900}, small = {.pool = pool, .memory = 100};
    (void)state;
    assert_int_equal(pwhash_pool_enter(&op, pool, 200), WW_OK);
    start(&large);
    usleep(100000);
    start(&small); /* fits, but stands behind the large one until that gives up */
    assert_int_equal(finish(&large), WW_EBUSY);
    assert_int_equal(finish(&small), WW_OK);
    pwhash_pool_leave(pool, 200);
    pwhash_pool_free(pool);
    op_free(&op);
}

static void whatever_was_taken_is_given_back(void **state)
{
    enum { THREADS = 6 };
    struct ww_op op;
    struct pwhash_pool *pool =
        pool_of(&op, (struct pwhash_limits){.memory_budget = 128 * 1024, .workers = 2, .wait_ms = 60000});
    struct visitor v[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++) {
        v[i] = (struct visitor){.pool = pool, .memory = 64 * 1024};
        assert_int_equal(pthread_create(&v[i].thread, NULL, visit, &v[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(finish(&v[i]), WW_OK);
    }
    assert_int_equal(pwhash_pool_enter(&op, pool, 128 * 1024), WW_OK); /* all of it was given back */
    pwhash_pool_leave(pool, 128 * 1024);
    pwhash_pool_free(pool);
    op_free(&op);
}

static void networks_are_ipv4_addresses_and_ipv6_halves(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", true},          {"192.0.2.1", "192.0.2.2", false},
        {"::ffff:192.0.2.1", "192.0.2.1", true},   {"2001:db8::1", "2001:db8:0:0:ffff::9", true},
        {"2001:db8::1", "2001:db8:0:1::1", false}, {"fe80::1%eth0", "fe80::1", true},
    };
    struct network a, b;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(netaddr_network(&a, rows[i].a));
        assert_true(netaddr_network(&b, rows[i].b));
        assert_int_equal(memcmp(&a, &b, sizeof a) == 0, rows[i].same);
    }
    assert_false(netaddr_network(&a, ""));
    assert_false(netaddr_network(&a, "localhost"));
    assert_false(netaddr_network(&a, "192.0.2.1:80"));
    assert_false(netaddr_network(&a, "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_too_long_is_told_to_come_back),
        cmocka_unit_test(the_memory_budget_bounds_what_runs_together),
        cmocka_unit_test(who_came_first_is_served_first),
        cmocka_unit_test(a_waiter_that_gives_up_lets_the_next_one_through),
        cmocka_unit_test(whatever_was_taken_is_given_back),
        cmocka_unit_test(networks_are_ipv4_addresses_and_ipv6_halves),
    };
    crypto_init();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
