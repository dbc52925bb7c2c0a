/* Hostile storage, the audit log (vault.md §9a, §15): whoever may write to the database hides, moves,
 * re-dates, forges and puts back events. Each attack by name: `check` tells it, and the owner's history shows
 * a gap where it could show a lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "site.h"

#define ADA "(SELECT min(id) FROM accounts)"
#define BOB "(SELECT max(id) FROM accounts)"
/* Ada's registration: the first of her events. */
#define FIRST_OF_ADA                                                                                         \
    " WHERE account = " ADA " AND time = (SELECT min(time) FROM audit WHERE account = " ADA ")"

enum { DAY_SECONDS = 86400 };

static void change(struct site_pair *p, const char *sql)
{
    site_sql(&p->site, sql, NULL, 0);
}

/* ---- what check tells, and what the owner sees ---- */

struct told {
    const char *words;
    size_t lines;
};

static void hear(void *context, const char *line)
{
    struct told *t = context;
    t->lines += strstr(line, t->words) != NULL;
}

/* check tells exactly one problem, in these words. */
static void expect_told(struct site_pair *p, const char *words)
{
    struct told t = {words, 0};
    struct ww_check_report report = {.size = sizeof report};
    assert_int_equal(ww_check(site_next(&p->site), hear, NULL, &t, &report), WW_OK);
    if (t.lines != 1 || report.problems != 1) {
        fail_msg("\"%s\" in %zu line(s), %zu problem(s)", words, t.lines, report.problems);
    }
}

/* How many events of a kind stand in the history that the token's owner sees. */
static size_t in_history(struct site_pair *p, const char *token, const char *event)
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_event *const *events;
    struct ww_session *session = site_resume(&p->site, token);
    size_t n = 0;
    assert_int_equal(ww_account_history(p->site.op, session, &page, &events), WW_OK);
    for (size_t i = 0; i < page.count; i++) {
        n += strcmp(events[i]->event, event) == 0;
    }
    return n;
}

/* ---- attacks ---- */

static void an_event_hidden_by_emptying_it_is_told(void **state)
{
    struct site_pair *p = *state;
    change(p, "UPDATE audit SET blob = NULL, account = NULL" FIRST_OF_ADA);
    expect_told(p, "1 audit event(s): emptied");
    change(p, "UPDATE audit SET blob = NULL, account = NULL WHERE n > 0");
    assert_true(site_check(&p->site) > 0);
}

static void an_event_without_its_blob_is_shown_as_a_gap(void **state)
{
    struct site_pair *p = *state;
    change(p, "UPDATE audit SET blob = NULL" FIRST_OF_ADA);
    assert_int_equal(in_history(p, p->ada, "audit.unreadable"), 1);
    assert_int_equal(in_history(p, p->ada, "account.registered"), 0);
    assert_true(site_check(&p->site) > 0);
}

static void an_event_hidden_by_taking_its_account_is_told(void **state)
{
    struct site_pair *p = *state;
    change(p, "UPDATE audit SET account = NULL" FIRST_OF_ADA);
    expect_told(p, "1 audit event(s): not of the account");
}

static void an_event_moved_to_another_account_is_told_and_not_shown(void **state)
{
    struct site_pair *p = *state;
    change(p, "UPDATE audit SET account = " BOB FIRST_OF_ADA);
    expect_told(p, "1 audit event(s): not of the account");
    assert_int_equal(in_history(p, p->bob, "account.registered"), 1); /* bob's own */
    assert_int_equal(in_history(p, p->bob, "audit.unreadable"), 1);
}

static void an_event_moved_to_an_account_that_never_was_is_told(void **state)
{
    struct site_pair *p = *state;
    change(p, "UPDATE audit SET account = 4711" FIRST_OF_ADA);
    expect_told(p, "1 audit event(s): not of the account");
}

static void an_event_given_to_an_account_is_told(void **state)
{
    struct site_pair *p = *state;
    change(p, "UPDATE audit SET account = " ADA " WHERE n = 1"); /* a chain's start, which is nobody's */
    expect_told(p, "not of the account");
}

static void a_redated_event_is_told_and_shown_as_a_gap(void **state)
{
    struct site_pair *p = *state;
    change(p, "UPDATE audit SET time = time + 1" FIRST_OF_ADA);
    expect_told(p, "1 audit event(s): not of the time");
    assert_int_equal(in_history(p, p->ada, "account.registered"), 0);
    assert_int_equal(in_history(p, p->ada, "audit.unreadable"), 1);
}

/* An old time would make retention erase it, and the erasure would then be ours. */
static void a_redated_event_is_not_erased_for_its_age(void **state)
{
    struct site_pair *p = *state;
    change(p, "UPDATE audit SET time = 5" FIRST_OF_ADA);
    assert_int_equal(ww_maintain(site_next(&p->site)), WW_OK);
    expect_told(p, "1 audit event(s): not of the time");
}

/* The same by way of an account that closes. */
static void an_event_moved_to_an_account_that_closes_is_not_erased(void **state)
{
    struct site_pair *p = *state;
    change(p, "UPDATE audit SET account = " BOB FIRST_OF_ADA);
    struct ww_session *session = site_resume(&p->site, p->bob);
    assert_int_equal(ww_account_delete(p->site.op, session, "bob@example.org"), WW_OK);
    expect_told(p, "1 audit event(s): not of the account");
}

static void events_of_an_account_that_closed_are_erased_and_named(void **state)
{
    struct site_pair *p = *state;
    size_t n;
    struct ww_session *session = site_resume(&p->site, p->bob);
    assert_int_equal(ww_account_delete(p->site.op, session, "bob@example.org"), WW_OK);
    assert_int_equal(site_check(&p->site), 0);
    uint8_t *erased = site_blob(&p->site, "SELECT mark FROM audit WHERE blob IS NULL", &n);
    assert_non_null(erased);
    free(erased);
}

static void an_erased_event_put_back_is_told(void **state)
{
    struct site_pair *p = *state;
    change(p, "CREATE TABLE saved AS SELECT * FROM audit");
    struct ww_session *session = site_resume(&p->site, p->bob);
    assert_int_equal(ww_account_delete(p->site.op, session, "bob@example.org"), WW_OK);
    change(p,
           "UPDATE audit SET blob = (SELECT s.blob FROM saved s WHERE s.node = audit.node AND s.n = audit.n)"
           " WHERE blob IS NULL");
    expect_told(p, "there again");
    change(p, "DROP TABLE saved");
}

static void what_is_old_is_erased_and_named(void **state)
{
    struct site_pair *p = *state;
    size_t n;
    p->site.offset += (uint64_t)200 * DAY_SECONDS * 1000000;
    assert_int_equal(ww_maintain(site_next(&p->site)), WW_OK);
    assert_int_equal(site_check(&p->site), 0);
    uint8_t *kept = site_blob(&p->site, "SELECT blob FROM audit WHERE account IS NOT NULL", &n);
    assert_null(kept);
}

static void an_erasure_that_is_emptied_is_told(void **state)
{
    struct site_pair *p = *state;
    struct ww_session *session = site_resume(&p->site, p->bob);
    assert_int_equal(ww_account_delete(p->site.op, session, "bob@example.org"), WW_OK);
    change(p, "UPDATE audit SET blob = NULL WHERE account IS NULL AND blob IS NOT NULL AND n > 1");
    assert_true(site_check(&p->site) > 0);
}

static void an_event_taken_out_of_its_chain_is_told(void **state)
{
    struct site_pair *p = *state;
    change(p, "DELETE FROM audit WHERE n = 2");
    expect_told(p, "missing, or out of their chain");
}

static void a_chain_cut_at_its_end_is_told_by_the_next_chain(void **state)
{
    struct site_pair *p = *state;
    site_reopen(&p->site, NULL); /* another connection: another chain, which names the end of the first */
    assert_int_equal(site_put(&p->site, p->ada, "note", "of ada"), WW_OK);
    struct ww_session *session;
    assert_int_equal(site_login(&p->site, "ada", TEST_PASSWORD, &session), WW_OK);
    assert_int_equal(site_check(&p->site), 0);
    change(p, "DELETE FROM audit WHERE account = " BOB); /* the last of the first chain */
    expect_told(p, "cut off");
}

static void a_whole_chain_taken_away_is_told_by_the_next_chain(void **state)
{
    struct site_pair *p = *state;
    struct ww_session *session;
    change(p, "CREATE TABLE saved AS SELECT DISTINCT node FROM audit");
    site_reopen(&p->site, NULL);
    assert_int_equal(site_login(&p->site, "ada", TEST_PASSWORD, &session), WW_OK);
    change(p, "DELETE FROM audit WHERE node IN (SELECT node FROM saved)");
    expect_told(p, "cut off");
    change(p, "DROP TABLE saved");
}

static void two_events_that_changed_places_are_told(void **state)
{
    struct site_pair *p = *state;
    change(p, "UPDATE audit SET n = 1000 WHERE n = 2");
    change(p, "UPDATE audit SET n = 2 WHERE n = 3");
    change(p, "UPDATE audit SET n = 3 WHERE n = 1000");
    assert_true(site_check(&p->site) > 0);
}

static void an_altered_blob_is_told_and_shown_as_a_gap(void **state)
{
    struct site_pair *p = *state;
    size_t n;
    uint8_t *blob = site_blob(&p->site, "SELECT blob FROM audit" FIRST_OF_ADA, &n);
    assert_non_null(blob);
    blob[n - 1] ^= 1;
    site_sql(&p->site, "UPDATE audit SET blob = $1" FIRST_OF_ADA, DB_ARGS(DB_B(BYTES(blob, n))));
    free(blob);
    expect_told(p, "1 audit event(s): altered");
    assert_int_equal(in_history(p, p->ada, "audit.unreadable"), 1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, site_setup_pair, site_teardown_pair)
    const struct CMUnitTest tests[] = {
        CASE(an_event_hidden_by_emptying_it_is_told),
        CASE(an_event_without_its_blob_is_shown_as_a_gap),
        CASE(an_event_hidden_by_taking_its_account_is_told),
        CASE(an_event_moved_to_another_account_is_told_and_not_shown),
        CASE(an_event_moved_to_an_account_that_never_was_is_told),
        CASE(an_event_given_to_an_account_is_told),
        CASE(a_redated_event_is_told_and_shown_as_a_gap),
        CASE(a_redated_event_is_not_erased_for_its_age),
        CASE(an_event_moved_to_an_account_that_closes_is_not_erased),
        CASE(events_of_an_account_that_closed_are_erased_and_named),
        CASE(an_erased_event_put_back_is_told),
        CASE(what_is_old_is_erased_and_named),
        CASE(an_erasure_that_is_emptied_is_told),
        CASE(an_event_taken_out_of_its_chain_is_told),
        CASE(a_chain_cut_at_its_end_is_told_by_the_next_chain),
        CASE(a_whole_chain_taken_away_is_told_by_the_next_chain),
        CASE(two_events_that_changed_places_are_told),
        CASE(an_altered_blob_is_told_and_shown_as_a_gap),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
