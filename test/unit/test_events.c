/* What happened is told by one mouth: subscribers hear it once it is committed, in order, and hear nothing of
 * what was given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_int.h"
#include "site.h"

enum { HEARD_MOST = 16 };

struct listener {
    struct site site;
    struct account_subscriber first, second;
    struct account_told heard[HEARD_MOST];
    size_t n, others, rows_at_first;
    bool count_rows;
};

/* As seen by another connection. */
static size_t audit_rows(struct site *s)
{
    size_t n = 0;
    uint8_t *found = NULL;
    char sql[100];
    do {
        free(found);
        snprintf(sql, sizeof sql, "SELECT mark FROM audit ORDER BY node, n LIMIT 1 OFFSET %zu", n);
    } while ((found = site_blob(s, sql, &(size_t){0})) && ++n);
    return n;
}

static void hear(void *context, const struct account_told *told)
{
    struct listener *l = context;
    assert_true(l->n < HEARD_MOST);
    if (l->n == 0 && l->count_rows) {
        l->rows_at_first = audit_rows(&l->site);
    }
    l->heard[l->n++] = *told;
}

static void hear_too(void *context, const struct account_told *told)
{
    struct listener *l = context;
    (void)told;
    l->others++;
    assert_int_equal(l->others, l->n); /* those who came first hear first */
}

static void listen_to(struct listener *l)
{
    l->first = (struct account_subscriber){.hear = hear, .context = l};
    l->second = (struct account_subscriber){.hear = hear_too, .context = l};
    account_subscribe(service_of(l->site.op), &l->first);
    account_subscribe(service_of(l->site.op), &l->second);
}

static int open_site(void **state)
{
    struct listener *l = calloc(1, sizeof *l);
    assert_non_null(l);
    site_open(&l->site, NULL);
    listen_to(l);
    *state = l;
    return 0;
}

static int close_site(void **state)
{
    struct listener *l = *state;
    site_close(&l->site);
    free(l);
    return 0;
}

static void expect(const struct listener *l, size_t i, const char *event, bool account, bool session)
{
    assert_true(i < l->n);
    assert_string_equal(l->heard[i].event, event);
    assert_int_equal(l->heard[i].has_account, account);
    assert_int_equal(l->heard[i].has_session, session);
}

static void subscribers_hear_what_is_committed(void **state)
{
    struct listener *l = *state;
    l->count_rows = true;
    char *token = site_register(&l->site, "ada");
    assert_int_equal(l->n, 1);
    assert_int_equal(l->others, 1);
    assert_true(l->rows_at_first >= 2); /* the chain's start and this: others can read it already */
    expect(l, 0, "account.registered", true, true);
    assert_string_equal(l->heard[0].method, "password");
    struct ww_session *session = site_resume(&l->site, token);
    const char *account = ww_session_info(l->site.op, session)->account;
    char text[UUID_TEXT];
    uuid_format(text, l->heard[0].account);
    assert_string_equal(text, account);
    free(token);
}

static void subscribers_hear_refusals_and_closings(void **state)
{
    struct listener *l = *state;
    struct ww_session *session;
    char *token = site_register(&l->site, "ada");
    assert_int_equal(site_login(&l->site, "ada", "not the password at all", &session), WW_EDENIED);
    assert_int_equal(site_login(&l->site, "nobody", "not the password at all", &session), WW_EDENIED);
    session = site_resume(&l->site, token);
    assert_int_equal(ww_account_delete(l->site.op, session, "ada@example.org"), WW_OK);
    expect(l, 1, "login.failed", true, false);
    expect(l, 2, "login.failed", false, false);
    expect(l, 3, "account.deleted", true, true); /* the log itself keeps nothing of it */
    assert_int_equal(site_check(&l->site), 0);
    free(token);
}

/* Each statement of a change of traits fails once: until it succeeds nothing is told. */
static void subscribers_hear_nothing_of_what_was_given_up(void **state)
{
    struct listener *l = *state;
    char *token = site_register(&l->site, "ada");
    enum ww_err err = WW_EIO;
    for (long at = 1; err != WW_OK; at++) {
        struct ww_session *session = site_resume(&l->site, token);
        assert_int_equal(l->n, 1);
        l->site.fail_at[WW_FAULT_STATEMENT] = at;
        err = ww_traits_change(l->site.op, session, "{\"email\":\"ada@example.net\"}");
        l->site.fail_at[WW_FAULT_STATEMENT] = 0;
    }
    assert_int_equal(l->n, 2);
    expect(l, 1, "profile.changed", true, true);
    free(token);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_site, close_site)
    const struct CMUnitTest tests[] = {
        CASE(subscribers_hear_what_is_committed),
        CASE(subscribers_hear_refusals_and_closings),
        CASE(subscribers_hear_nothing_of_what_was_given_up),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
