/* The parts of verifying the audit log: ranges of places, what an erasure names, and a walk over many pages.
 * What becomes of each attack is in test_hostile_audit.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_int.h"
#include "audit_int.h"
#include "site.h"

static void add(struct audit_ranges *r, int64_t node, int64_t first, int64_t last)
{
    assert_int_equal(audit_ranges_add(r, (struct audit_range){node, first, last}), WW_OK);
}

static void expect(const struct audit_ranges *r, size_t i, int64_t node, int64_t first, int64_t last)
{
    assert_true(i < r->n);
    assert_int_equal(r->at[i].node, node);
    assert_int_equal(r->at[i].first, first);
    assert_int_equal(r->at[i].last, last);
}

static void ranges_join_what_touches(void **state)
{
    struct audit_ranges r = {0};
    (void)state;
    add(&r, 7, 5, 5);
    add(&r, 7, 6, 9); /* follows the last: no entry of its own */
    assert_int_equal(r.n, 1);
    add(&r, 3, 1, 2);
    add(&r, 7, 1, 3);
    add(&r, 3, 2, 4); /* overlaps */
    add(&r, 7, 4, 4); /* closes the gap */
    add(&r, 7, 11, 11);
    audit_ranges_join(&r);
    assert_int_equal(r.n, 3);
    expect(&r, 0, 3, 1, 4);
    expect(&r, 1, 7, 1, 9);
    expect(&r, 2, 7, 11, 11);
    audit_ranges_free(&r);
    audit_ranges_join(&r); /* of nothing */
    assert_int_equal(r.n, 0);
}

static void ranges_of_no_place_are_left_out(void **state)
{
    struct audit_ranges r = {0};
    (void)state;
    add(&r, 1, 5, 4);
    add(&r, 1, 0, 4);
    add(&r, 1, -3, -1);
    add(&r, 1, 1, INT64_MAX);
    assert_int_equal(r.n, 0);
}

/* Ten thousand places in an order that never touches: the memory follows what is left after joining. */
static void many_single_places_become_one_range(void **state)
{
    struct audit_ranges r = {0};
    (void)state;
    for (int64_t i = 0; i < 10007; i++) {
        add(&r, 1, 1 + i * 5003 % 10007, 1 + i * 5003 % 10007);
    }
    audit_ranges_join(&r);
    assert_int_equal(r.n, 1);
    expect(&r, 0, 1, 1, 10007);
    audit_ranges_free(&r);
}

/* ---- with a store ---- */

static struct store *store_of(struct site *s)
{
    return service_of(s->op)->store;
}

static void append(struct site *s, size_t n)
{
    assert_int_equal(store_tx_begin(s->op, store_of(s), DB_WRITE), WW_OK);
    for (size_t i = 0; i < n; i++) {
        struct audit_event e = {.kind = AUDIT_LOGIN_FAILED, .time = op_now(s->op)};
        assert_int_equal(audit_append(s->op, store_of(s), &e), WW_OK);
    }
    assert_int_equal(store_tx_commit(s->op), WW_OK);
}

static void verify(struct site *s, struct audit_report *out)
{
    site_next(s);
    assert_int_equal(audit_verify(s->op, store_of(s), out), WW_OK);
}

static void a_chain_longer_than_a_page_is_verified(void **state)
{
    struct site s;
    struct audit_report report;
    (void)state;
    site_open(&s, NULL);
    append(&s, 2 * AUDIT_PAGE + 7);
    verify(&s, &report);
    assert_int_equal(report.events, 2 * AUDIT_PAGE + 8); /* and the start of the chain */
    for (int i = 0; i < AUDIT_FINDING_COUNT; i++) {
        assert_int_equal(report.found[i], 0);
    }
    site_sql(&s, "DELETE FROM audit WHERE n = 300", NULL, 0);
    verify(&s, &report);
    assert_int_equal(report.found[AUDIT_BROKEN], 1); /* one damage is one finding */
    site_close(&s);
}

static void an_erasure_of_many_places_takes_several_events(void **state)
{
    struct site s;
    struct audit_report report;
    struct audit_ranges named = {0};
    (void)state;
    site_open(&s, NULL);
    for (int64_t i = 0; i < 1201; i++) {
        add(&named, INT64_MAX, 1 + 2 * i, 1 + 2 * i);
    }
    assert_int_equal(store_tx_begin(s.op, store_of(&s), DB_WRITE), WW_OK);
    assert_int_equal(audit_append_erased(s.op, store_of(&s), &named), WW_OK);
    assert_int_equal(store_tx_commit(s.op), WW_OK);
    verify(&s, &report);
    assert_int_equal(report.events, 1 + 3);
    assert_int_equal(report.found[AUDIT_RETURNED], 1201); /* those places are not empty: they are not there */
    audit_ranges_free(&named);
    site_close(&s);
}

static void an_erasure_of_another_shape_is_tampering(void **state)
{
    static const char *const texts[] = {"{\"erased\":[1]}", "{\"erased\":[[1,2,3]]}",
                                        "{\"erased\":[[\"a\",2]]}"};
    struct ww_op op;
    (void)state;
    op_init(&op, NULL, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct audit_ranges r = {0};
        struct js *event;
        const char *why;
        assert_int_equal(js_read(&op.arena, bytes_str(texts[i]), &event, &why), WW_OK);
        assert_int_equal(audit_read_erased(&op, event, &r), WW_ETAMPERED);
        audit_ranges_free(&r);
    }
    op_free(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_join_what_touches),
        cmocka_unit_test(ranges_of_no_place_are_left_out),
        cmocka_unit_test(many_single_places_become_one_range),
        cmocka_unit_test(a_chain_longer_than_a_page_is_verified),
        cmocka_unit_test(an_erasure_of_many_places_takes_several_events),
        cmocka_unit_test(an_erasure_of_another_shape_is_tampering),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
