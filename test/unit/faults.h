/* Journeys in which each allocation and each statement fails once in turn: shared by the tests of faults. */
#ifndef FAULTS_H
#define FAULTS_H

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
    /* One round of it, against ada's account; what the step needs it makes itself. */
    enum ww_err (*run)(struct site *s, int round);
    bool counted; /* the commit of what counts it, a try or a look-up, comes before its own */
};

static char *token;       /* ada's */
static const char *opens; /* the password that opens the vault */

static struct ww_op *begin_quiet(struct site *s, long at[3])
{
    struct ww_op *op;
    memcpy(at, s->fail_at, sizeof s->fail_at);
    memset(s->fail_at, 0, sizeof s->fail_at);
    assert_int_equal(ww_op_begin(s->ww, NULL, &op), WW_OK);
    return op;
}

static void end_quiet(struct site *s, struct ww_op *op, const long at[3])
{
    ww_op_end(op);
    memcpy(s->fail_at, at, sizeof s->fail_at);
}

__attribute__((unused)) static void go_on_with(struct site *s, struct ww_session *session)
{
    free(token);
    token = strdup(ww_session_token(s->op, session));
}

/* An administrator sets a password and its owner signs in with it; token is of that session, locked. */
__attribute__((unused)) static void lock_out(struct site *s, const char *password)
{
    struct ww_session *session;
    const char *json, *at_id;
    char id[37] = "";
    long at[3];
    struct ww_op *op = begin_quiet(s, at);
    assert_int_equal(ww_admin_identity_find(op, "ada@example.org", &json), WW_OK);
    assert_non_null(at_id = strstr(json, "\"id\":\""));
    memcpy(id, at_id + 6, 36);
    assert_int_equal(ww_admin_password_set(op, id, password, strlen(password)), WW_OK);
    assert_int_equal(site_sign_in(op, "ada@example.org", password, &session), WW_OK);
    assert_false(ww_session_unlocked(op, session));
    free(token);
    token = strdup(ww_session_token(op, session));
    end_quiet(s, op, at);
}

static bool expected(enum ww_fault kind, enum ww_err err)
{
    return kind == WW_FAULT_ALLOC ? err == WW_ENOMEM : err == WW_EIO || err == WW_EBUSY;
}

/* Records rise by one with each change of an account. */
static int64_t changes(struct site *s)
{
    return site_number(s, "SELECT CAST(sum(seq) AS BIGINT) FROM accounts");
}

/* Fails the n-th fault of this kind for n = 1, 2, 3 … until the step passes without reaching it. */
static void fail_in_turn(struct site *s, const struct journey *j, enum ww_fault kind)
{
    int round = 0;
    bool prepares = false; /* it changes something before it comes to its step */
    for (long n = 1;; n++) {
        int64_t before = changes(s);
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
        prepares = prepares || (n == 1 && changes(s) != before);
        if (err != WW_OK && !prepares && changes(s) != before) {
            fail_msg("%s, %s %ld: what was committed is answered with %s", j->name,
                     kind == WW_FAULT_ALLOC ? "allocation" : "statement", n, ww_err_name(err));
        }
        if (n % 8 == 1 && site_check(s) != 0) {
            fail_msg("%s, fault %ld left a half state", j->name, n);
        }
    }
    enum ww_err err;
    assert_string_equal(site_get(s, token, "kept", &err), "value");
}

/* A commit of the journey is done, but not answered: the use case finds out, and nothing is done twice. */
static void leave_unanswered(struct site *s, const struct journey *j, int round)
{
    site_next(s);
    s->fail_at[WW_FAULT_ANSWER] = j->counted ? 2 : 1;
    enum ww_err err = j->run(s, round);
    s->fail_at[WW_FAULT_ANSWER] = 0;
    if (err != WW_OK) {
        fail_msg("%s: %s (%s)", j->name, ww_err_name(err), ww_op_problem(s->op)->id);
    }
    assert_int_equal(site_check(s), 0);
}

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

/* With ada, and a value that she keeps through all journeys. */
static struct site *open_for_faults(void)
{
    struct site *s = calloc(1, sizeof *s);
    assert_non_null(s);
    site_open(s, generous);
    token = site_register(s, "ada");
    opens = TEST_PASSWORD;
    assert_int_equal(site_put(s, token, "kept", "value"), WW_OK);
    return s;
}

static void close_after_faults(struct site *s)
{
    free(token);
    site_close(s);
    free(s);
}

#endif
