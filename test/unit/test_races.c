/* Threads that want the same account at once: nothing is lost, nobody wins twice, and reading beside writing
 * raises no false alarm. Also built with ThreadSanitizer. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "site.h"

enum { THREADS = 4, ROUNDS = 20 };

struct racer {
    struct site *site;
    const char *token, *code;
    int number, succeeded, busy;
    enum ww_err unexpected; /* the first answer that should not have been */
};

static void run_with(struct racer *racers, struct site *s, const char *token, const char *code,
                     void *(*body)(void *))
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.site = s, .token = token, .code = code, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, body, &racers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        if (racers[i].unexpected) {
            fail_msg("thread %d: %s", i, ww_err_name(racers[i].unexpected));
        }
    }
}

static void run(struct racer *racers, struct site *s, const char *token, void *(*body)(void *))
{
    run_with(racers, s, token, NULL, body);
}

static void count(struct racer *r, enum ww_err err, enum ww_err allowed)
{
    if (err == WW_OK) {
        r->succeeded++;
    } else if (err == WW_EBUSY) {
        r->busy++;
    } else if (err != allowed && !r->unexpected) {
        r->unexpected = err;
    }
}

static enum ww_err begin(struct racer *r, struct ww_op **op, struct ww_session **session)
{
    enum ww_err err = ww_op_begin(r->site->ww, NULL, op);
    return err ? err : ww_session_resume(*op, r->token, session);
}

static void *write_items(void *context)
{
    struct racer *r = context;
    for (int i = 0; i < ROUNDS; i++) {
        struct ww_op *op;
        struct ww_session *session;
        char name[40];
        int n = snprintf(name, sizeof name, "item %d of thread %d", i, r->number);
        enum ww_err err = begin(r, &op, &session);
        if (!err) {
            do {
                err = ww_item_put(op, session, name, name, (size_t)n, NULL, NULL);
            } while (err == WW_EBUSY);
        }
        count(r, err, WW_OK);
        ww_op_end(op);
    }
    return NULL;
}

static void no_write_is_lost(void **state)
{
    struct site s;
    struct racer racers[THREADS];
    struct ww_vault_state v = {.size = sizeof v};
    (void)state;
    site_open(&s, NULL);
    char *token = site_register(&s, "ada");
    run(racers, &s, token, write_items);
    struct ww_session *session = site_resume(&s, token);
    assert_int_equal(ww_vault_state(s.op, session, &v), WW_OK);
    assert_int_equal(v.items, THREADS * ROUNDS);
    assert_int_equal(site_check(&s), 0);
    free(token);
    site_close(&s);
}

static void *read_and_write(void *context)
{
    struct racer *r = context;
    for (int i = 0; i < ROUNDS * 2; i++) {
        struct ww_op *op;
        struct ww_session *session;
        const void *value;
        size_t n;
        enum ww_err err = begin(r, &op, &session);
        if (!err && r->number % 2) {
            err = ww_item_put(op, session, "note", "value", 5, NULL, NULL);
        } else if (!err) {
            err = ww_item_get(op, session, "note", &value, &n, NULL);
        }
        count(r, err, WW_OK);
        ww_op_end(op);
    }
    return NULL;
}

static void reading_beside_writing_raises_no_alarm(void **state)
{
    struct site s;
    struct racer racers[THREADS];
    (void)state;
    site_open(&s, NULL);
    char *token = site_register(&s, "ada");
    assert_int_equal(site_put(&s, token, "note", "value"), WW_OK);
    run(racers, &s, token, read_and_write);
    free(token);
    site_close(&s);
}

static void *register_same(void *context)
{
    struct racer *r = context;
    struct ww_op *op;
    enum ww_err err = ww_op_begin(r->site->ww, NULL, &op);
    if (!err) {
        err = site_enrol(op, "{\"email\":\"same@example.org\"}", TEST_PASSWORD, NULL);
    }
    count(r, err, WW_ECONFLICT);
    ww_op_end(op);
    return NULL;
}

static void one_of_many_gets_the_name(void **state)
{
    struct site s;
    struct racer racers[THREADS];
    int winners = 0;
    (void)state;
    site_open(&s, NULL);
    run(racers, &s, NULL, register_same);
    for (int i = 0; i < THREADS; i++) {
        winners += racers[i].succeeded;
    }
    assert_int_equal(winners, 1);
    assert_int_equal(site_check(&s), 0);
    site_close(&s);
}

/* Thread 0 changes the password back and forth; the others log in with either and must never see anything but
 * yes or no. */
static void *change_or_log_in(void *context)
{
    static const char *const passwords[] = {TEST_PASSWORD, "the other password of ada"};
    struct racer *r = context;
    for (int i = 0; i < 6; i++) {
        struct ww_op *op;
        struct ww_session *session;
        enum ww_err err;
        if (r->number == 0) {
            err = begin(r, &op, &session);
            err = err ? err : site_new_password(op, session, passwords[(i + 1) % 2]);
        } else {
            err = ww_op_begin(r->site->ww, NULL, &op);
            err = err ? err : site_sign_in(op, "ada@example.org", passwords[i % 2], &session);
        }
        count(r, err, r->number == 0 ? WW_OK : WW_EDENIED);
        ww_op_end(op);
    }
    return NULL;
}

static void login_beside_a_password_change_is_yes_or_no(void **state)
{
    static const char *const generous[] = {"watchword.throttle.pair.free=1000", NULL};
    struct site s;
    struct racer racers[THREADS];
    (void)state;
    site_open(&s, generous);
    char *token = site_register(&s, "ada");
    run(racers, &s, token, change_or_log_in);
    assert_int_equal(racers[0].succeeded + racers[0].busy, 6);
    assert_int_equal(site_check(&s), 0);
    free(token);
    site_close(&s);
}

/* One session, four windows: each changes something else of the account, and none is in the others' way. */
static void *change_something(void *context)
{
    struct racer *r = context;
    for (int i = 0; i < 6; i++) {
        struct ww_op *op;
        struct ww_session *session;
        char text[80];
        size_t ended;
        enum ww_err err = begin(r, &op, &session);
        snprintf(text, sizeof text, "{\"email\":\"ada%d@example.org\"}", i);
        if (err == WW_OK) {
            const char *password = i % 2 ? "one of two passwords" : "other of two passwords";
            err = r->number == 0   ? ww_password_change(op, session, password, strlen(password))
                  : r->number == 1 ? ww_session_end_others(op, session, &ended)
                  : r->number == 2 ? ww_traits_change(op, session, text)
                                   : ww_item_put(op, session, "note", text, strlen(text), NULL, NULL);
        }
        count(r, err, WW_OK);
        ww_op_end(op);
    }
    return NULL;
}

static void changes_by_one_session_wait_for_each_other(void **state)
{
    struct site s;
    struct racer racers[THREADS];
    (void)state;
    site_open(&s, NULL);
    char *token = site_register(&s, "ada");
    run(racers, &s, token, change_something);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(racers[i].succeeded, 6); /* none refused, none busy */
    }
    assert_int_equal(site_check(&s), 0);
    free(token);
    site_close(&s);
}

/* Every thread sets a password of its own: one after the other, each against what is true then. */
static void *set_own_password(void *context)
{
    struct racer *r = context;
    struct ww_op *op;
    struct ww_session *session;
    char password[60];
    snprintf(password, sizeof password, "the password of thread number %d", r->number);
    enum ww_err err = begin(r, &op, &session);
    count(r, err ? err : ww_password_change(op, session, password, strlen(password)), WW_OK);
    ww_op_end(op);
    return NULL;
}

static void passwords_changed_at_once_are_all_taken(void **state)
{
    struct site s;
    struct racer racers[THREADS];
    struct ww_session *session;
    int open = 0;
    (void)state;
    site_open(&s, NULL);
    char *token = site_register(&s, "ada");
    run(racers, &s, token, set_own_password);
    for (int i = 0; i < THREADS; i++) {
        char password[60];
        snprintf(password, sizeof password, "the password of thread number %d", i);
        assert_int_equal(racers[i].succeeded, 1);
        open += site_login(&s, "ada", password, &session) == WW_OK;
    }
    assert_int_equal(open, 1); /* the last one holds */
    site_resume(&s, token);
    assert_int_equal(site_check(&s), 0);
    free(token);
    site_close(&s);
}

/* ---- getting back in, and new keys ---- */

static const char *const patient[] = {"watchword.throttle.pair.free=1000", NULL};
#define RECOVERED "seven quiet otters by the river"

static char *make_code(struct site *s, const char *token)
{
    const char *const *codes;
    size_t n;
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_codes_make(s->op, session, &codes, &n), WW_OK);
    return strdup(codes[0]);
}

static enum ww_err recover(struct racer *r)
{
    const struct ww_recovery in = {.size = sizeof in,
                                   .identifier = "ada@example.org",
                                   .code = r->code,
                                   .password = RECOVERED,
                                   .password_length = strlen(RECOVERED)};
    enum ww_err err;
    do {
        struct ww_op *op;
        struct ww_session *session;
        const char *next;
        err = ww_op_begin(r->site->ww, NULL, &op);
        err = err ? err : ww_recover(op, &in, &session, &next);
        ww_op_end(op);
    } while (err == WW_EBUSY);
    return err;
}

static void *use_the_code(void *context)
{
    struct racer *r = context;
    count(r, recover(r), WW_EDENIED);
    return NULL;
}

/* Each thread has a connection of its own. */
static void a_code_used_many_times_at_once_is_good_once(void **state)
{
    struct site s;
    struct racer racers[THREADS];
    struct ww_session *session;
    int winners = 0;
    (void)state;
    site_open(&s, patient);
    char *token = site_register(&s, "ada"), *code = make_code(&s, token);
    run_with(racers, &s, NULL, code, use_the_code);
    for (int i = 0; i < THREADS; i++) {
        winners += racers[i].succeeded;
    }
    assert_int_equal(winners, 1);
    assert_int_equal(site_login(&s, "ada", RECOVERED, &session), WW_OK);
    assert_int_equal(site_check(&s), 0);
    free(code);
    free(token);
    site_close(&s);
}

static void *recover_or_change(void *context)
{
    static const char other[] = "the password of a thief";
    struct racer *r = context;
    if (r->number == 0) {
        count(r, recover(r), WW_OK);
        return NULL;
    }
    struct ww_op *op;
    struct ww_session *session;
    enum ww_err err = begin(r, &op, &session);
    count(r, err ? err : ww_password_change(op, session, other, strlen(other)), WW_EDENIED);
    ww_op_end(op);
    return NULL;
}

/* Before the recovery a change is undone by it, after it there is no session to change with. */
static void recovery_wins_against_a_password_change(void **state)
{
    struct site s;
    struct racer racers[THREADS];
    struct ww_session *session;
    (void)state;
    site_open(&s, patient);
    char *token = site_register(&s, "ada"), *code = make_code(&s, token);
    run_with(racers, &s, token, code, recover_or_change);
    assert_int_equal(racers[0].succeeded, 1);
    assert_int_equal(site_login(&s, "ada", RECOVERED, &session), WW_OK);
    assert_int_equal(site_login(&s, "ada", "the password of a thief", &session), WW_EDENIED);
    assert_int_equal(ww_session_resume(site_next(&s), token, &session), WW_EDENIED);
    assert_int_equal(site_check(&s), 0);
    free(code);
    free(token);
    site_close(&s);
}

static enum ww_err write_one(struct racer *r, int i)
{
    struct ww_op *op;
    struct ww_session *session;
    char name[40];
    int n = snprintf(name, sizeof name, "item %d of thread %d", i, r->number);
    enum ww_err err = begin(r, &op, &session);
    err = err ? err : ww_item_put(op, session, name, name, (size_t)n, NULL, NULL);
    ww_op_end(op);
    return err;
}

static void *rekey_or_write(void *context)
{
    struct racer *r = context;
    enum ww_err err = WW_OK;
    for (int i = 0; r->number && i < ROUNDS && err != WW_EDENIED; i++) {
        count(r, err = write_one(r, i), WW_EDENIED);
    }
    if (r->number == 0) {
        do {
            struct ww_op *op;
            struct ww_session *session, *renewed;
            const char *const *codes;
            size_t n;
            err = begin(r, &op, &session);
            err =
                err ? err : ww_rekey(op, session, TEST_PASSWORD, strlen(TEST_PASSWORD), &renewed, &codes, &n);
            ww_op_end(op);
        } while (err == WW_EBUSY);
        count(r, err, WW_OK);
    }
    return NULL;
}

/* What was acknowledged is there under the new keys; what comes later has no session. */
static void a_rekey_loses_no_write(void **state)
{
    struct site s;
    struct racer racers[THREADS];
    struct ww_session *session;
    struct ww_vault_state v = {.size = sizeof v};
    size_t written = 0;
    (void)state;
    site_open(&s, patient);
    char *token = site_register(&s, "ada");
    run(racers, &s, token, rekey_or_write);
    assert_int_equal(racers[0].succeeded, 1);
    for (int i = 1; i < THREADS; i++) {
        written += (size_t)racers[i].succeeded;
    }
    assert_int_equal(ww_session_resume(site_next(&s), token, &session), WW_EDENIED);
    assert_int_equal(site_login(&s, "ada", TEST_PASSWORD, &session), WW_OK);
    assert_int_equal(ww_vault_state(s.op, session, &v), WW_OK);
    assert_int_equal(v.items, written);
    assert_int_equal(site_check(&s), 0);
    free(token);
    site_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_write_is_lost),
        cmocka_unit_test(reading_beside_writing_raises_no_alarm),
        cmocka_unit_test(one_of_many_gets_the_name),
        cmocka_unit_test(changes_by_one_session_wait_for_each_other),
        cmocka_unit_test(passwords_changed_at_once_are_all_taken),
        cmocka_unit_test(login_beside_a_password_change_is_yes_or_no),
        cmocka_unit_test(a_code_used_many_times_at_once_is_good_once),
        cmocka_unit_test(recovery_wins_against_a_password_change),
        cmocka_unit_test(a_rekey_loses_no_write),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
