/* Each allocation and each statement fails once in turn: an error comes back, nothing is half done, and the
 * same call works afterwards. Leaks are found by running this under AddressSanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "site.h"

struct journey {
    const char *name;
    /* Brings the site to where the step can be tried; false when it is there already. */
    enum ww_err (*run)(struct site *s, int round);
};

static char *token, *reader; /* ada's, and bob's, with whom she shares */

static enum ww_err register_one(struct site *s, int round)
{
    char traits[100];
    struct ww_session *session;
    snprintf(traits, sizeof traits, "{\"email\":\"person%d@example.org\"}", round);
    return site_enrol(s->op, traits, TEST_PASSWORD, &session);
}

static enum ww_err login(struct site *s, int round)
{
    struct ww_session *session;
    (void)round;
    return site_sign_in(s->op, "ada@example.org", TEST_PASSWORD, &session);
}

static enum ww_err write_item(struct site *s, int round)
{
    struct ww_session *session;
    char value[30];
    snprintf(value, sizeof value, "value %d", round);
    enum ww_err err = ww_session_resume(s->op, token, &session);
    return err ? err : ww_item_put(s->op, session, "note", value, strlen(value), NULL, NULL);
}

static enum ww_err read_item(struct site *s, int round)
{
    struct ww_session *session;
    const void *value;
    size_t n;
    (void)round;
    enum ww_err err = ww_session_resume(s->op, token, &session);
    return err ? err : ww_item_get(s->op, session, "kept", &value, &n, NULL);
}

static enum ww_err change_password(struct site *s, int round)
{
    struct ww_session *session;
    char password[60];
    snprintf(password, sizeof password, "one more password of round %d", round);
    enum ww_err err = ww_session_resume(s->op, token, &session);
    return err ? err : site_new_password(s->op, session, password);
}

typedef enum ww_err lister(struct ww_op *op, struct ww_session *session, size_t *n);

static enum ww_err count_sessions(struct ww_op *op, struct ww_session *session, size_t *n)
{
    struct ww_page page = {.size = sizeof page, .limit = 1000};
    const struct ww_session_info *const *list;
    enum ww_err err = ww_session_list(op, session, &page, &list);
    *n = page.count;
    return err;
}

static enum ww_err count_history(struct ww_op *op, struct ww_session *session, size_t *n)
{
    struct ww_page page = {.size = sizeof page, .limit = 50};
    const struct ww_event *const *list;
    enum ww_err err = ww_account_history(op, session, &page, &list);
    *n = page.count;
    return err;
}

/* A list that is answered is whole: want of memory is no reason to leave a row out. */
static enum ww_err list_whole(struct site *s, lister *count)
{
    struct ww_op *op;
    struct ww_session *session;
    size_t all, n;
    long at[3];
    memcpy(at, s->fail_at, sizeof at);
    memset(s->fail_at, 0, sizeof at);
    assert_int_equal(ww_op_begin(s->ww, NULL, &op), WW_OK);
    assert_int_equal(ww_session_resume(op, token, &session), WW_OK);
    assert_int_equal(count(op, session, &all), WW_OK);
    ww_op_end(op);
    memcpy(s->fail_at, at, sizeof at);
    enum ww_err err = ww_session_resume(s->op, token, &session);
    err = err ? err : count(s->op, session, &n);
    assert_true(err || n == all);
    return err;
}

static enum ww_err list_sessions(struct site *s, int round)
{
    (void)round;
    return list_whole(s, count_sessions);
}

static enum ww_err read_history(struct site *s, int round)
{
    (void)round;
    return list_whole(s, count_history);
}

static enum ww_err share_value(struct site *s, int round)
{
    const char *const to[] = {"bob@example.org"};
    struct ww_session *session;
    char value[30];
    snprintf(value, sizeof value, "value %d", round);
    enum ww_err err = ww_session_resume(s->op, token, &session);
    return err ? err : ww_share_put(s->op, session, "plan", value, strlen(value), to, 1, NULL, NULL);
}

static enum ww_err share_with_others(struct site *s, int round)
{
    const char *const bob[] = {"bob@example.org"};
    struct ww_session *session;
    bool add = round % 2 == 1; /* at first bob is there already */
    enum ww_err err = ww_session_resume(s->op, token, &session);
    return err ? err : ww_share_people(s->op, session, "plan", bob, add, bob, !add, NULL);
}

static enum ww_err read_share(struct site *s, int round)
{
    struct ww_session *session;
    const void *value;
    size_t n;
    (void)round;
    enum ww_err err = ww_session_resume(s->op, reader, &session);
    return err ? err : ww_inbox_get(s->op, session, "kept", NULL, &value, &n, NULL);
}

static enum ww_err list_inbox(struct site *s, int round)
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_received *const *list;
    struct ww_session *session;
    (void)round;
    enum ww_err err = ww_session_resume(s->op, reader, &session);
    return err ? err : ww_inbox_list(s->op, session, &page, &list);
}

static bool expected(enum ww_fault kind, enum ww_err err)
{
    return kind == WW_FAULT_ALLOC ? err == WW_ENOMEM : err == WW_EIO || err == WW_EBUSY;
}

/* Fails the n-th fault of this kind for n = 1, 2, 3 … until the step passes without reaching it. */
static void fail_in_turn(struct site *s, const struct journey *j, enum ww_fault kind)
{
    int round = 0;
    for (long n = 1;; n++) {
        site_next(s);
        s->fail_at[kind] = n;
        enum ww_err err = j->run(s, ++round);
        bool reached = s->fail_at[kind] == 0;
        s->fail_at[kind] = 0;
        if (!reached) {
            assert_int_equal(err, WW_OK);
            print_message("# %s: %ld %s\n", j->name, n - 1,
                          kind == WW_FAULT_ALLOC ? "allocations" : "statements");
            break;
        }
        if (err != WW_OK && !expected(kind, err)) {
            fail_msg("%s, %s %ld: %s (%s)", j->name, kind == WW_FAULT_ALLOC ? "allocation" : "statement", n,
                     ww_err_name(err), ww_op_problem(s->op)->text);
        }
        if (n % 8 == 1 && site_check(s) != 0) {
            fail_msg("%s, fault %ld left a half state", j->name, n);
        }
    }
    enum ww_err err;
    assert_string_equal(site_get(s, token, "kept", &err), "value");
}

static const struct journey journeys[] = {
    {"register", register_one},
    {"login", login},
    {"write an item", write_item},
    {"read an item", read_item},
    {"change the password", change_password},
    {"list sessions", list_sessions},
    {"read the history", read_history},
    {"share a value", share_value},
    {"share with more and fewer people", share_with_others},
    {"read a share", read_share},
    {"list the inbox", list_inbox},
};

/* Failing in turn means trying often: throttle and hash are not what is tested here. */
static const char *const generous[] = {"dev=true",
                                       "hashers.argon2.memory=32KB",
                                       "hashers.argon2.iterations=1",

                                       "watchword.throttle.registrations.free=100000",
                                       "watchword.throttle.lookups.free=100000",
                                       "watchword.throttle.pair.free=100000",
                                       "watchword.throttle.account.free=100000",
                                       "watchword.throttle.network.free=100000",
                                       NULL};

static void share_kept(struct site *s)
{
    const char *const to[] = {"bob@example.org"};
    reader = site_register(s, "bob");
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_share_put(s->op, session, "kept", "value", 5, to, 1, NULL, NULL), WW_OK);
}

static void run_all(enum ww_fault kind)
{
    struct site *s = calloc(1, sizeof *s);
    assert_non_null(s);
    site_open(s, generous);
    token = site_register(s, "ada");
    assert_int_equal(site_put(s, token, "kept", "value"), WW_OK);
    share_kept(s);
    for (size_t i = 0; i < sizeof journeys / sizeof journeys[0]; i++) {
        fail_in_turn(s, &journeys[i], kind);
    }
    free(token);
    free(reader);
    site_close(s);
    free(s);
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

/* Whether the first commit counts a try, or a look-up. */
static bool counts_first(const struct journey *j)
{
    return j->run == login || j->run == share_value || j->run == share_with_others;
}

/* Each commit of a journey is done, but not answered: the use case finds out, and nothing is done twice. */
static void a_commit_without_an_answer_is_found_out(void **state)
{
    struct site *s = calloc(1, sizeof *s);
    struct ww_session *session;
    enum ww_err err;
    (void)state;
    assert_non_null(s);
    site_open(s, generous);
    token = site_register(s, "ada");
    assert_int_equal(site_put(s, token, "kept", "value"), WW_OK);
    share_kept(s);
    for (size_t i = 0; i < sizeof journeys / sizeof journeys[0]; i++) {
        site_next(s);
        s->fail_at[WW_FAULT_ANSWER] = counts_first(&journeys[i]) ? 2 : 1;
        err = journeys[i].run(s, 1000 + (int)i);
        s->fail_at[WW_FAULT_ANSWER] = 0;
        if (err != WW_OK) {
            fail_msg("%s: %s (%s)", journeys[i].name, ww_err_name(err), ww_op_problem(s->op)->id);
        }
        assert_int_equal(site_check(s), 0);
    }
    assert_string_equal(site_get(s, token, "note", &err), "value 1002");
    site_next(s);
    s->fail_at[WW_FAULT_ANSWER] = 1;
    session = site_resume(s, token);
    assert_int_equal(ww_session_end(s->op, session), WW_OK);
    assert_int_equal(ww_session_resume(site_next(s), token, &session), WW_EDENIED);
    free(token);
    free(reader);
    site_close(s);
    free(s);
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
