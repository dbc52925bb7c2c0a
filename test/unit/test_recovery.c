/* Getting back in, and new keys (vault.md §§7, 8, 10), through the public interface. */
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

#define NEW_PASSWORD "seven quiet otters by the river"
#define DAYS         UINT64_C(86400000000)

/* Ten codes for who holds the token, copied with malloc. */
static void make_codes(struct site *s, const char *token, char *codes[10])
{
    const char *const *made;
    size_t n;
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_codes_make(s->op, session, &made, &n), WW_OK);
    assert_int_equal(n, 10);
    for (size_t i = 0; i < n; i++) {
        codes[i] = strdup(made[i]);
    }
}

static void free_codes(char *codes[10])
{
    for (size_t i = 0; i < 10; i++) {
        free(codes[i]);
    }
}

/* *token and *new_code, copied with malloc, when it went well. */
static enum ww_err recover(struct site *s, const char *name, const char *code, const char *password,
                           char **token, char **new_code)
{
    struct ww_recovery in = {.size = sizeof in,
                             .identifier = name,
                             .code = code,
                             .password = password,
                             .password_length = strlen(password)};
    struct ww_session *session;
    const char *next;
    enum ww_err err = ww_recover(site_next(s), &in, &session, &next);
    *token = err ? NULL : strdup(ww_session_token(s->op, session));
    *new_code = err ? NULL : strdup(next);
    return err;
}

static size_t codes_left(struct site *s, const char *token)
{
    struct ww_codes_state state = {.size = sizeof state};
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_codes_state(s->op, session, &state), WW_OK);
    return state.left;
}

static void assert_note(struct site *s, const char *token)
{
    enum ww_err err;
    assert_string_equal(site_get(s, token, "note", &err), "nobody else reads this");
}

static void a_code_and_a_new_password_open_the_vault(void **state)
{
    struct site *s = *state;
    struct ww_session *session;
    char *codes[10], *token, *next, *ada = site_register(s, "ada");
    assert_int_equal(site_put(s, ada, "note", "nobody else reads this"), WW_OK);
    make_codes(s, ada, codes);
    assert_int_equal(codes_left(s, ada), 10);

    assert_int_equal(recover(s, "ada@example.org", codes[3], NEW_PASSWORD, &token, &next), WW_OK);
    assert_note(s, token);
    assert_int_equal(codes_left(s, token), 10);
    assert_string_not_equal(next, codes[3]);
    /* the old password and all sessions are gone, the new one signs in */
    assert_int_equal(ww_session_resume(site_next(s), ada, &session), WW_EDENIED);
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &session), WW_EDENIED);
    assert_int_equal(site_login(s, "ada", NEW_PASSWORD, &session), WW_OK);
    assert_true(ww_session_unlocked(s->op, session));
    assert_int_equal(site_check(s), 0);
    free_codes(codes);
    free(token);
    free(next);
    free(ada);
}

static void each_code_is_good_once_whatever_came_between(void **state)
{
    struct site *s = *state;
    char *codes[10], *token, *next, *ada = site_register(s, "ada"), password[64];
    uint32_t epoch;
    assert_int_equal(site_put(s, ada, "note", "nobody else reads this"), WW_OK);
    make_codes(s, ada, codes);
    for (size_t i = 0; i < 10; i++) {
        snprintf(password, sizeof password, "%zu " NEW_PASSWORD, i);
        assert_int_equal(recover(s, "ada@example.org", codes[i], password, &token, &next), WW_OK);
        assert_note(s, token);
        /* a password change and a new epoch come between */
        snprintf(password, sizeof password, "%zu " NEW_PASSWORD " again", i);
        struct ww_session *session = site_resume(s, token);
        assert_int_equal(ww_password_change(s->op, session, password, strlen(password)), WW_OK);
        assert_int_equal(ww_epoch_start(s->op, session, &epoch), WW_OK);
        assert_int_equal(epoch, i + 2);
        free(token);
        free(next);
    }
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(recover(s, "ada@example.org", codes[i], NEW_PASSWORD, &token, &next), WW_EDENIED);
        assert_string_equal(ww_op_problem(s->op)->id, "recovery_code_wrong");
        s->offset += DAYS; /* past what throttling remembers */
    }
    assert_int_equal(site_check(s), 0);
    free_codes(codes);
    free(ada);
}

static void set_state(struct site *s, const char *id, const char *to)
{
    const char *json;
    char patch[80];
    int n = snprintf(patch, sizeof patch, "[{\"op\":\"replace\",\"path\":\"/state\",\"value\":\"%s\"}]", to);
    assert_int_equal(ww_admin_identity_patch(s->op, id, patch, (size_t)n, &json), WW_OK);
}

static void a_code_of_a_disabled_account_stays_good(void **state)
{
    struct site *s = *state;
    struct record *r;
    char *codes[10], *others[10], *token, *next, *ada = site_register(s, "ada"),
                                                 *bob = site_register(s, "bob");
    assert_int_equal(site_put(s, ada, "note", "nobody else reads this"), WW_OK);
    make_codes(s, ada, codes);
    make_codes(s, bob, others);
    assert_int_equal(account_admin_find(site_next(s), service_of(s->op), "ada@example.org", &r), WW_OK);
    char id[UUID_TEXT];
    uuid_format(id, r->uuid);
    set_state(s, id, "inactive");
    /* only who has a right code hears why */
    assert_int_equal(recover(s, "ada@example.org", others[0], NEW_PASSWORD, &token, &next), WW_EDENIED);
    assert_int_equal(recover(s, "ada@example.org", codes[0], NEW_PASSWORD, &token, &next), WW_EDISABLED);
    assert_string_equal(ww_op_problem(s->op)->id, "identity_disabled");
    site_next(s);
    set_state(s, id, "active");
    assert_int_equal(recover(s, "ada@example.org", codes[0], NEW_PASSWORD, &token, &next), WW_OK);
    assert_note(s, token);
    assert_int_equal(site_check(s), 0);
    free_codes(others);
    free(bob);
    free_codes(codes);
    free(token);
    free(next);
    free(ada);
}

static void a_replacement_is_as_good_as_the_ten(void **state)
{
    struct site *s = *state;
    char *codes[10], *token, *next, *last, *ada = site_register(s, "ada");
    make_codes(s, ada, codes);
    assert_int_equal(recover(s, "ada@example.org", codes[0], NEW_PASSWORD, &token, &next), WW_OK);
    free(token);
    assert_int_equal(recover(s, "ada@example.org", next, TEST_PASSWORD, &token, &last), WW_OK);
    assert_int_equal(codes_left(s, token), 10);
    free_codes(codes);
    free(token);
    free(next);
    free(last);
    free(ada);
}

static void wrong_codes_and_unknown_names_get_one_answer(void **state)
{
    struct site *s = *state;
    char *codes[10], *others[10], *token, *next, *text;
    char *ada = site_register(s, "ada"), *bob = site_register(s, "bob"), *cy = site_register(s, "cy");
    make_codes(s, ada, codes);
    make_codes(s, bob, others);
    assert_int_equal(recover(s, "ada@example.org", others[0], NEW_PASSWORD, &token, &next), WW_EDENIED);
    text = strdup(ww_op_problem(s->op)->text);
    const char *names[] = {"nobody@example.org", "cy@example.org", ""}; /* cy has no codes */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(recover(s, names[i], others[0], NEW_PASSWORD, &token, &next), WW_EDENIED);
        assert_string_equal(ww_op_problem(s->op)->id, "recovery_code_wrong");
        assert_string_equal(ww_op_problem(s->op)->text, text);
    }
    /* a typing error is told before anybody is looked for */
    assert_int_equal(recover(s, "nobody@example.org", "7K2M", NEW_PASSWORD, &token, &next), WW_EINVAL);
    assert_string_equal(ww_op_problem(s->op)->id, "recovery_code_wrong");
    assert_string_equal(ww_op_problem(s->op)->field, "code");
    free_codes(codes);
    free_codes(others);
    free(text);
    free(ada);
    free(bob);
    free(cy);
}

static void wrong_codes_are_throttled(void **state)
{
    struct site *s = *state;
    char *codes[10], *others[10], *token, *next, *ada = site_register(s, "ada"),
                                                 *bob = site_register(s, "bob");
    enum ww_err err = WW_EDENIED;
    size_t tries = 0;
    make_codes(s, ada, codes);
    make_codes(s, bob, others);
    while (err == WW_EDENIED && tries++ < 60) {
        err = recover(s, "ada@example.org", others[1], NEW_PASSWORD, &token, &next);
    }
    assert_int_equal(err, WW_ETHROTTLED);
    assert_true(ww_op_problem(s->op)->retry_after > 0);
    free_codes(codes);
    free_codes(others);
    free(ada);
    free(bob);
}

static void a_refused_password_leaves_the_code_good(void **state)
{
    struct site *s = *state;
    char *codes[10], *token, *next, *ada = site_register(s, "ada");
    make_codes(s, ada, codes);
    assert_int_equal(recover(s, "ada@example.org", codes[0], "short", &token, &next), WW_EVALIDATION);
    assert_string_equal(ww_op_problem(s->op)->field, "password");
    assert_int_equal(recover(s, "ada@example.org", codes[0], NEW_PASSWORD, &token, &next), WW_OK);
    free_codes(codes);
    free(token);
    free(next);
    free(ada);
}

static void new_codes_and_revoking_end_the_old_ones(void **state)
{
    struct site *s = *state;
    char *codes[10], *newer[10], *token, *next, *ada = site_register(s, "ada");
    make_codes(s, ada, codes);
    make_codes(s, ada, newer);
    assert_int_equal(codes_left(s, ada), 10);
    assert_int_equal(recover(s, "ada@example.org", codes[0], NEW_PASSWORD, &token, &next), WW_EDENIED);
    struct ww_session *session = site_resume(s, ada);
    assert_int_equal(ww_codes_revoke(s->op, session), WW_OK);
    assert_int_equal(codes_left(s, ada), 0);
    assert_int_equal(recover(s, "ada@example.org", newer[0], NEW_PASSWORD, &token, &next), WW_EDENIED);
    assert_int_equal(site_check(s), 0);
    free_codes(codes);
    free_codes(newer);
    free(ada);
}

static void codes_need_a_recent_sign_in(void **state)
{
    struct site *s = *state;
    const char *const *made;
    size_t n;
    uint32_t epoch;
    char *ada = site_register(s, "ada");
    s->offset += 2 * DAYS / 24 + DAYS / 24;
    struct ww_session *renewed, *session = site_resume(s, ada);
    assert_int_equal(ww_codes_make(s->op, session, &made, &n), WW_EREAUTH);
    assert_null(made);
    assert_int_equal(ww_codes_revoke(s->op, session), WW_EREAUTH);
    assert_int_equal(ww_epoch_start(s->op, session, &epoch), WW_EREAUTH);
    assert_int_equal(ww_rekey(s->op, session, TEST_PASSWORD, strlen(TEST_PASSWORD), &renewed, &made, &n),
                     WW_EREAUTH);
    free(ada);
}

static void an_old_epoch_gives_way_at_the_next_sign_in(void **state)
{
    struct site *s = *state;
    struct ww_vault_state vault = {.size = sizeof vault};
    struct ww_session *session;
    char *ada = site_register(s, "ada");
    assert_int_equal(site_put(s, ada, "note", "nobody else reads this"), WW_OK);
    s->offset += 729 * DAYS;
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &session), WW_OK);
    assert_int_equal(ww_vault_state(s->op, session, &vault), WW_OK);
    assert_int_equal(vault.epoch, 1);
    s->offset += 2 * DAYS;
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &session), WW_OK);
    assert_int_equal(ww_vault_state(s->op, session, &vault), WW_OK);
    assert_int_equal(vault.epoch, 2);
    char *token = strdup(ww_session_token(s->op, session));
    assert_note(s, token);
    assert_int_equal(site_check(s), 0);
    free(token);
    free(ada);
}

static void a_rekey_shuts_out_who_had_the_old_keys(void **state)
{
    struct site *s = *state;
    const char *const *made;
    size_t n;
    struct ww_session *session, *renewed;
    char *codes[10], *token, *next, *ada = site_register(s, "ada");
    assert_int_equal(site_put(s, ada, "note", "nobody else reads this"), WW_OK);
    make_codes(s, ada, codes);
    session = site_resume(s, ada);
    assert_int_equal(ww_rekey(s->op, session, NEW_PASSWORD, strlen(NEW_PASSWORD), &renewed, &made, &n),
                     WW_EDENIED);
    assert_int_equal(ww_rekey(s->op, session, TEST_PASSWORD, strlen(TEST_PASSWORD), &renewed, &made, &n),
                     WW_OK);
    assert_int_equal(n, 10);
    token = strdup(ww_session_token(s->op, renewed));
    char *code = strdup(made[9]);
    assert_note(s, token);
    assert_int_equal(site_put(s, token, "later", "after the re-key"), WW_OK);
    assert_int_equal(ww_session_resume(site_next(s), ada, &session), WW_EDENIED);
    char *none;
    assert_int_equal(recover(s, "ada@example.org", codes[0], NEW_PASSWORD, &none, &next), WW_EDENIED);
    assert_int_equal(recover(s, "ada@example.org", code, NEW_PASSWORD, &none, &next), WW_OK);
    assert_note(s, none);
    assert_int_equal(site_check(s), 0);
    free_codes(codes);
    free(token);
    free(none);
    free(next);
    free(code);
    free(ada);
}

int main(void)
{
#define ON_A_SITE(test) cmocka_unit_test_setup_teardown(test, site_setup, site_teardown)
    const struct CMUnitTest tests[] = {
        ON_A_SITE(a_code_and_a_new_password_open_the_vault),
        ON_A_SITE(each_code_is_good_once_whatever_came_between),
        ON_A_SITE(a_code_of_a_disabled_account_stays_good),
        ON_A_SITE(a_replacement_is_as_good_as_the_ten),
        ON_A_SITE(wrong_codes_and_unknown_names_get_one_answer),
        ON_A_SITE(wrong_codes_are_throttled),
        ON_A_SITE(a_refused_password_leaves_the_code_good),
        ON_A_SITE(new_codes_and_revoking_end_the_old_ones),
        ON_A_SITE(codes_need_a_recent_sign_in),
        ON_A_SITE(an_old_epoch_gives_way_at_the_next_sign_in),
        ON_A_SITE(a_rekey_shuts_out_who_had_the_old_keys),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
