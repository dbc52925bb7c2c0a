/* Faults in turn (see test_faults.c) through what becomes of a vault that waits (vault.md §10). */
#include "faults.h"

static char waits[37];        /* the id of one, or "" */
static const char *opened_it; /* what opens it */

/* A fault that is passed over (the text of a problem) does not keep one from waiting: none is left of them.
 */
static void let_none_wait(struct site *s)
{
    const struct ww_waiting *const *list;
    struct ww_session *session;
    size_t n;
    long at[3];
    struct ww_op *op = begin_quiet(s, at);
    assert_int_equal(ww_session_resume(op, token, &session), WW_OK);
    assert_int_equal(ww_waiting_list(op, session, &list, &n), WW_OK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ww_waiting_discard(op, session, list[i]->id, "ada@example.org"), WW_OK);
    }
    end_quiet(s, op, at);
}

static enum ww_err start_anew(struct site *s, int round)
{
    static const char *const set[] = {"a third that was set for ada", "a fourth set for ada"};
    struct ww_session *session, *opened;
    const char *const *codes;
    size_t n;
    lock_out(s, set[round % 2]);
    let_none_wait(s);
    enum ww_err err = ww_session_resume(s->op, token, &session);
    err = err ? err : ww_vault_new(s->op, session, "ada@example.org", &opened, &codes, &n);
    if (err == WW_OK) {
        const struct site before = *s;
        memset(s->fail_at, 0, sizeof s->fail_at); /* what follows is no part of it */
        go_on_with(s, opened);
        opened_it = opens;
        opens = set[round % 2];
        err = ww_item_put(s->op, opened, "kept", "value", 5, NULL, NULL);
        memcpy(s->fail_at, before.fail_at, sizeof s->fail_at);
    }
    return err;
}

/* One that waits, and has a note; a failure leaves it for the next round. */
static void let_one_wait(struct site *s, int round)
{
    const struct ww_waiting *const *list;
    struct ww_session *session;
    size_t n;
    long at[3];
    struct ww_op *op = begin_quiet(s, at);
    struct site quiet = *s;
    if (!waits[0]) {
        quiet.op = op;
        assert_int_equal(start_anew(&quiet, round), WW_OK);
    }
    assert_int_equal(ww_session_resume(op, token, &session), WW_OK);
    assert_int_equal(ww_waiting_list(op, session, &list, &n), WW_OK);
    snprintf(waits, sizeof waits, "%s", list[n - 1]->id);
    end_quiet(s, op, at);
}

static enum ww_err end_waiting(struct site *s, int round, bool by_merging)
{
    struct ww_merged merged = {.size = sizeof merged};
    struct ww_session *session;
    let_one_wait(s, round);
    struct ww_opener old = {.size = sizeof old, .password = opened_it, .password_length = strlen(opened_it)};
    enum ww_err err = ww_session_resume(s->op, token, &session);
    err = err          ? err
          : by_merging ? ww_waiting_open(s->op, session, waits, &old, &merged)
                       : ww_waiting_discard(s->op, session, waits, "ada@example.org");
    waits[0] = err == WW_OK ? 0 : waits[0];
    return err;
}

static enum ww_err merge(struct site *s, int round)
{
    return end_waiting(s, round, true);
}

static enum ww_err discard(struct site *s, int round)
{
    return end_waiting(s, round, false);
}

static const struct journey journeys[] = {
    {"start anew", start_anew, false},
    {"merge", merge, true},
    {"discard", discard, false},
};

static void run_all(enum ww_fault kind)
{
    struct site *s = open_for_faults();
    waits[0] = 0;
    for (size_t i = 0; i < sizeof journeys / sizeof journeys[0]; i++) {
        fail_in_turn(s, &journeys[i], kind);
    }
    close_after_faults(s);
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    run_all(WW_FAULT_ALLOC);
}

static void every_statement_fails_once(void **state)
{
    (void)state;
    run_all(WW_FAULT_STATEMENT);
}

static void a_commit_without_an_answer_is_found_out(void **state)
{
    struct site *s = open_for_faults();
    (void)state;
    waits[0] = 0;
    for (size_t i = 0; i < sizeof journeys / sizeof journeys[0]; i++) {
        leave_unanswered(s, &journeys[i], (int)i);
    }
    close_after_faults(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(every_statement_fails_once),
        cmocka_unit_test(a_commit_without_an_answer_is_found_out),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
