/* Where counters are kept: rows that outlive a process, memory that outlives the rows, races, faults,
 * sweeping. */
#include <pthread.h>

#include "throttle_fixture.h"

static enum ww_err wrong_try(struct ww_op *op, struct throttle *t, unsigned name)
{
    struct key tag = tag_of(name);
    struct admit *a;
    return throttle_admit(op, t, &tag, NULL, &a);
}

static void exec(struct fixture *f, const char *sql)
{
    assert_int_equal(store_tx_begin(&f->op, f->store, DB_WRITE), WW_OK);
    assert_int_equal(db_exec(&f->op, f->op.conn, sql, NULL, NULL, 0), WW_OK);
    assert_int_equal(store_tx_commit(&f->op), WW_OK);
}

static enum ww_err reserve(struct fixture *f, struct throttle_subject *s, int64_t now)
{
    const struct counter unused = {0};
    struct counter fresh = throttle_rule_add(s->rule, &unused, now);
    return store_counter_reserve(&f->op, f->store, &s->id, s->rule, &fresh, now, &s->stored);
}

static void counters_outlive_the_process(struct fixture *f)
{
    for (int i = 0; i < 5; i++) {
        assert_int_equal(wrong_try(&f->op, f->throttle, 1), WW_OK);
    }
    struct throttle *next = fixture_throttle(f);
    assert_int_equal(wrong_try(&f->op, next, 1), WW_ETHROTTLED);
    assert_int_equal(f->op.problem.retry_after, 1);
    throttle_free(next);
}

static void memory_outlives_the_rows(struct fixture *f)
{
    for (int i = 0; i < 7; i++) {
        exec(f, "DELETE FROM counters"); /* somebody who may write to the database resets them */
        enum ww_err err = wrong_try(&f->op, f->throttle, 1);
        assert_int_equal(err, i < 5 ? WW_OK : WW_ETHROTTLED);
    }
}

static void two_processes_share_the_count(struct fixture *f)
{
    struct throttle *other = fixture_throttle(f);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(wrong_try(&f->op, i % 2 ? other : f->throttle, 1), WW_OK);
    }
    assert_int_equal(wrong_try(&f->op, f->throttle, 1), WW_ETHROTTLED);
    assert_int_equal(wrong_try(&f->op, other, 1), WW_ETHROTTLED);
    throttle_free(other);
}

static void what_is_refused_counts_nowhere(struct fixture *f)
{
    struct counter before, after;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(wrong_try(&f->op, f->throttle, 1), WW_OK);
    }
    int64_t rows = count_rows(f);
    struct throttle *fresh = fixture_throttle(f); /* whose memory does not refuse before the table does */
    struct db_rows r;
    for (int i = 0; i < 2; i++) {
        struct counter *sum = i ? &after : &before;
        assert_int_equal(store_tx_begin(&f->op, f->store, DB_READ), WW_OK);
        assert_int_equal(db_query(&f->op, f->op.conn, &r,
                                  "SELECT CAST(SUM(count) AS BIGINT), MAX(until) FROM counters", NULL, 0),
                         WW_OK);
        assert_int_equal(db_next(&r), WW_OK);
        *sum = (struct counter){db_int(&r, 0), db_int(&r, 1)};
        db_done(&r);
        store_tx_abort(&f->op, WW_OK);
        assert_int_equal(wrong_try(&f->op, fresh, 1), WW_ETHROTTLED);
    }
    assert_int_equal(count_rows(f), rows);
    assert_true(before.level > 0 && before.level == after.level && before.until == after.until);
    throttle_free(fresh);
}

struct racer {
    pthread_t thread;
    struct ww_env env;
    struct throttle *throttle;
    int admitted, refused, other;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    for (int i = 0; i < 4; i++) {
        struct ww_op op;
        op_init(&op, &r->env, NULL);
        op.client.address = "192.0.2.1";
        enum ww_err err = wrong_try(&op, r->throttle, 1);
        r->admitted += err == WW_OK;
        r->refused += err == WW_ETHROTTLED;
        r->other += err != WW_OK && err != WW_ETHROTTLED;
        op_free(&op);
    }
    return NULL;
}

static uint64_t fixed_now(void *ctx)
{
    return *(uint64_t *)ctx;
}

static void tries_at_once_are_all_counted(struct fixture *f)
{
    enum { THREADS = 6 };
    struct racer r[THREADS];
    struct throttle *other = fixture_throttle(f);
    int admitted = 0, refused = 0;
    for (int i = 0; i < THREADS; i++) {
        r[i] = (struct racer){.env = {.now = fixed_now, .ctx = &f->now},
                              .throttle = i % 2 ? other : f->throttle};
        assert_int_equal(pthread_create(&r[i].thread, NULL, race, &r[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(r[i].thread, NULL);
        admitted += r[i].admitted;
        refused += r[i].refused;
        assert_int_equal(r[i].other, 0);
    }
    assert_int_equal(admitted, 5);
    assert_int_equal(refused, THREADS * 4 - 5);
    throttle_free(other);
}

static void a_clock_set_back_holds_nobody_for_long(struct fixture *f)
{
    for (int i = 0; i < 5; i++) {
        assert_int_equal(wrong_try(&f->op, f->throttle, 1), WW_OK);
    }
    f->now -= DAYS(3);
    struct throttle *next = fixture_throttle(f);
    assert_int_equal(wrong_try(&f->op, next, 1), WW_OK);
    assert_int_equal(wrong_try(&f->op, next, 1), WW_ETHROTTLED);
    assert_true(f->op.problem.retry_after <= 900);
    assert_int_equal(wrong_try(&f->op, f->throttle, 2), WW_OK);
    throttle_free(next);
}

static void a_failing_store_admits_nobody_and_reserves_nothing(struct fixture *f)
{
    struct uuid uuid = account_of(1);
    struct key tag = tag_of(1);
    struct admit *a;
    int n = 0;
    for (;; n++) {
        f->statements = 0;
        f->fail_at = n;
        enum ww_err err = throttle_admit(&f->op, f->throttle, &tag, &uuid, &a);
        if (err == WW_OK) {
            break;
        }
        assert_int_equal(err, WW_EIO);
        assert_null(a);
        assert_null(f->op.conn);
    }
    assert_true(n >= 6); /* begin, the known network, four counters, commit */
    f->fail_at = -1;
    for (int i = 0; i < 4; i++) { /* five in all: the tries that failed were not counted */
        assert_int_equal(throttle_admit(&f->op, f->throttle, &tag, &uuid, &a), WW_OK);
    }
    assert_int_equal(throttle_admit(&f->op, f->throttle, &tag, &uuid, &a), WW_ETHROTTLED);
}

static void a_success_that_cannot_be_stored_is_no_error(struct fixture *f)
{
    struct uuid uuid = account_of(1);
    struct key tag = tag_of(1);
    struct admit *a;
    assert_int_equal(throttle_admit(&f->op, f->throttle, &tag, &uuid, &a), WW_OK);
    f->op.problem = (struct op_problem){0};
    f->statements = f->fail_at = 0;
    throttle_succeeded(&f->op, f->throttle, a, &uuid);
    assert_int_equal(f->op.problem.err, WW_OK);
    assert_null(f->op.conn);
    f->fail_at = -1;
    throttle_succeeded(&f->op, f->throttle, a, &uuid);
}

static void what_was_not_tried_costs_nothing(struct fixture *f)
{
    struct uuid uuid = account_of(1);
    struct key tag = tag_of(1);
    struct admit *a;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(throttle_admit(&f->op, f->throttle, &tag, &uuid, &a), WW_OK);
        op_fail(&f->op, WW_EBUSY, "busy", "too many passwords are being checked");
        throttle_not_tried(&f->op, f->throttle, a);
        assert_string_equal(f->op.problem.id, "busy");
    }
    assert_int_equal(count_rows(f), 4); /* no network is known by it */
}

static void sweeping_removes_what_has_drained(struct fixture *f)
{
    struct uuid uuid = account_of(1);
    struct key tag = tag_of(1);
    struct admit *a;
    assert_int_equal(throttle_admit(&f->op, f->throttle, &tag, &uuid, &a), WW_OK);
    throttle_succeeded(&f->op, f->throttle, a, &uuid); /* pair, name, account, network: 0; known: 30 days */
    assert_int_equal(wrong_try(&f->op, f->throttle, 2), WW_OK);
    assert_int_equal(count_rows(f), 8);
    assert_int_equal(throttle_sweep(&f->op, f->throttle), WW_OK);
    assert_int_equal(count_rows(f), 5); /* the failure's four, and the known network */
    f->now += MINUTES(4);
    assert_int_equal(throttle_sweep(&f->op, f->throttle), WW_OK);
    assert_int_equal(count_rows(f), 1);
    f->now += DAYS(30);
    assert_int_equal(throttle_sweep(&f->op, f->throttle), WW_OK);
    assert_int_equal(count_rows(f), 0);
    for (unsigned i = 0; i < 90; i++) {
        assert_int_equal(wrong_try(&f->op, f->throttle, 10 + i), WW_OK);
    }
    f->now += HOURS(1);
    assert_int_equal(throttle_sweep(&f->op, f->throttle), WW_OK);
    assert_int_equal(count_rows(f), 0);
}

/* A walk that visits free tries, waits, caps and long silences; seeded, so that it repeats. */
static void the_rule_in_sql_is_the_rule_in_c(struct fixture *f)
{
    const struct counter_rule rules[] = {
        throttle_rule_make(5, MINUTES(15), SECONDS(1), MINUTES(15)),
        throttle_rule_make(50, HOURS(1), SECONDS(10), SECONDS(10)),
        throttle_rule_make(1, SECONDS(1), SECONDS(3), SECONDS(7)),
    };
    uint32_t seed = 12345;
    assert_int_equal(store_tx_begin(&f->op, f->store, DB_WRITE), WW_OK);
    for (unsigned r = 0; r < 3; r++) {
        struct throttle_subject s = {.id = tag_of(r), .rule = &rules[r]};
        struct counter c = {0};
        int64_t now = (int64_t)f->now;
        for (int step = 0; step < 300; step++) {
            bool admitted = throttle_rule_admits(s.rule, &c, now);
            struct counter next = admitted ? throttle_rule_add(s.rule, &c, now) : c;
            assert_int_equal(reserve(f, &s, now), admitted ? WW_OK : WW_ETHROTTLED);
            assert_int_equal(s.stored.level, next.level);
            assert_int_equal(s.stored.until, next.until);
            seed = seed * 1664525 + 1013904223;
            if (admitted && seed >> 16 & 1) {
                throttle_rule_give_back(s.rule, &next, &s.stored, now);
                assert_int_equal(store_counter_give_back(&f->op, f->store, &s.id, s.rule, &s.stored, now),
                                 WW_OK);
                assert_int_equal(store_counter_load(&f->op, f->store, &s.id, &s.stored), WW_OK);
                assert_int_equal(s.stored.level, next.level);
                assert_int_equal(s.stored.until, next.until);
            }
            c = next;
            now += (int64_t)(seed % 5 == 0 ? SECONDS(seed >> 20) : seed % 5 == 1 ? 1 : seed % 3000000);
        }
    }
    assert_int_equal(store_tx_commit(&f->op), WW_OK);
}

const struct check throttle_row_checks[] = {
    {"counters outlive the process", counters_outlive_the_process},
    {"memory outlives the rows", memory_outlives_the_rows},
    {"two processes share the count", two_processes_share_the_count},
    {"what is refused counts nowhere", what_is_refused_counts_nowhere},
    {"tries at once are all counted", tries_at_once_are_all_counted},
    {"a clock set back holds nobody for long", a_clock_set_back_holds_nobody_for_long},
    {"a failing store admits nobody and reserves nothing",
     a_failing_store_admits_nobody_and_reserves_nothing},
    {"a success that cannot be stored is no error", a_success_that_cannot_be_stored_is_no_error},
    {"what was not tried costs nothing", what_was_not_tried_costs_nothing},
    {"sweeping removes what has drained", sweeping_removes_what_has_drained},
    {"the rule in SQL is the rule in C", the_rule_in_sql_is_the_rule_in_c},
    {NULL, NULL},
};
