/* What sharing makes of a new vault, and of one that joins it later (vault.md §§10, 11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "waiting.h"

static int open_site(void **state)
{
    struct site *s = calloc(1, sizeof *s);
    site_open(s, NULL);
    *state = s;
    return 0;
}

static int close_site(void **state)
{
    site_close(*state);
    free(*state);
    return 0;
}

static const char *problem(struct site *s)
{
    return ww_op_problem(s->op)->id;
}

static enum ww_err share(struct site *s, const char *token, const char *value)
{
    const char *const to[] = {"bob@example.org"};
    struct ww_session *session = site_resume(s, token);
    return ww_share_put(s->op, session, "plan", value, strlen(value), to, 1, NULL, NULL);
}

static void assert_receives(struct site *s, const char *token, const char *name, const char *value)
{
    const void *got;
    size_t n;
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_inbox_get(s->op, session, name, NULL, &got, &n, NULL), WW_OK);
    assert_string_equal(got, value);
}

/* Whoever has one contact accepts the keys that it has now; before that, how it stands. */
static void accept(struct site *s, const char *token, const char *how)
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_contact *const *contacts;
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_contact_list(s->op, session, &page, &contacts), WW_OK);
    assert_int_equal(page.count, 1);
    assert_string_equal(contacts[0]->state, how);
    assert_int_equal(ww_contact_accept(s->op, session, contacts[0]->id, contacts[0]->fingerprint), WW_OK);
}

static void shares_of_one_name_are_both_kept(void **state)
{
    struct site *s = *state;
    struct ww_merged done = {.size = sizeof done};
    struct ww_page page = {.size = sizeof page};
    const struct ww_share *const *shares;
    char *first = site_register(s, "ada"), *bob = site_register(s, "bob"), *id;
    assert_int_equal(share(s, first, "meet at noon"), WW_OK);
    assert_receives(s, bob, "plan", "meet at noon");
    char *token = waiting_locked(s, "ada", SET_PASSWORD);
    waiting_new_vault(s, token, "ada", NULL);
    s->offset += 60 * UINT64_C(1000000);
    assert_int_equal(share(s, token, "meet at one"), WW_OK);
    accept(s, bob, "reset");
    assert_receives(s, bob, "plan", "meet at one");
    waiting_count(s, token, &id);
    assert_int_equal(waiting_open(s, token, id, TEST_PASSWORD, NULL, &done), WW_OK);
    assert_int_equal(done.items, 0);
    assert_int_equal(done.renamed, 1);
    char *renamed = strdup(done.to[0]);
    assert_receives(s, bob, "plan", "meet at one");
    assert_receives(s, bob, renamed, "meet at noon");
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_share_list(s->op, session, NULL, &page, &shares), WW_OK);
    assert_int_equal(page.count, 2);
    for (size_t i = 0; i < page.count; i++) {
        assert_int_equal(shares[i]->to_count, 1);
        assert_string_equal(shares[i]->to[0]->state, "sealed");
    }
    assert_int_equal(site_check(s), 0);
    free(renamed);
    free(id);
    free(bob);
    free(first);
    free(token);
}

/* Nobody could withdraw it any more: it goes with its vault. */
static void a_share_goes_with_a_vault_that_is_discarded(void **state)
{
    struct site *s = *state;
    const void *got;
    size_t n;
    char *first = site_register(s, "ada"), *bob = site_register(s, "bob"), *id;
    assert_int_equal(share(s, first, "meet at noon"), WW_OK);
    assert_receives(s, bob, "plan", "meet at noon");
    char *token = waiting_locked(s, "ada", SET_PASSWORD);
    waiting_new_vault(s, token, "ada", NULL);
    waiting_count(s, token, &id);
    accept(s, bob, "reset");
    assert_receives(s, bob, "plan", "meet at noon"); /* while it waits */
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_waiting_discard(s->op, session, id, "ada@example.org"), WW_OK);
    session = site_resume(s, bob);
    assert_int_equal(ww_inbox_get(s->op, session, "plan", NULL, &got, &n, NULL), WW_ENOTFOUND);
    assert_int_equal(share(s, token, "meet at one"), WW_OK);
    assert_receives(s, bob, "plan", "meet at one");
    assert_int_equal(site_check(s), 0);
    free(id);
    free(bob);
    free(first);
    free(token);
}

/* In the empty vault keys were pinned with nothing to compare them with: the pin of before counts. */
static void the_older_pin_of_a_contact_counts(void **state)
{
    struct site *s = *state;
    char *first = site_register(s, "ada"), *bob = site_register(s, "bob"), *id;
    assert_int_equal(share(s, first, "meet at noon"), WW_OK);
    char *token = waiting_locked(s, "ada", SET_PASSWORD);
    waiting_new_vault(s, token, "ada", NULL);
    waiting_count(s, token, &id);
    /* bob's keys are others when ada meets him again */
    free(bob);
    bob = waiting_locked(s, "bob", SET_PASSWORD);
    waiting_new_vault(s, bob, "bob", NULL);
    assert_int_equal(share(s, token, "meet at one"), WW_OK);
    accept(s, token, "current");
    assert_int_equal(waiting_open(s, token, id, TEST_PASSWORD, NULL, NULL), WW_OK);
    assert_int_equal(share(s, token, "meet at two"), WW_ECONFLICT);
    assert_string_equal(problem(s), "contact_changed");
    accept(s, token, "reset");
    assert_int_equal(share(s, token, "meet at two"), WW_OK);
    assert_int_equal(site_check(s), 0);
    free(id);
    free(bob);
    free(first);
    free(token);
}

/* What waits for somebody is sealed for them at unlocking and at a recovery too, not only at a sign-in. */
static void what_is_pending_is_sealed_at_unlocking(void **state)
{
    struct site *s = *state;
    const char *const dee[] = {"dee@example.org"}, *next;
    struct ww_session *session, *opened;
    char *first = site_register(s, "ada");
    site_create_without_vault(s, "dee");
    session = site_resume(s, first);
    assert_int_equal(ww_share_put(s->op, session, "plan", "x", 1, dee, 1, NULL, NULL), WW_OK);
    site_give_vault(s, "dee");
    assert_int_equal(site_login(s, "dee", TEST_PASSWORD, &session), WW_OK);
    char *reader = strdup(ww_session_token(s->op, session));
    char *token = waiting_locked(s, "ada", SET_PASSWORD);
    struct ww_opener old = {
        .size = sizeof old, .password = TEST_PASSWORD, .password_length = strlen(TEST_PASSWORD)};
    session = site_resume(s, token);
    assert_int_equal(ww_unlock(s->op, session, &old, &opened, &next), WW_OK);
    assert_receives(s, reader, "plan", "x");
    free(reader);
    free(first);
    free(token);
}

int main(void)
{
#define ON_A_SITE(test) cmocka_unit_test_setup_teardown(test, open_site, close_site)
    const struct CMUnitTest tests[] = {
        ON_A_SITE(shares_of_one_name_are_both_kept),
        ON_A_SITE(a_share_goes_with_a_vault_that_is_discarded),
        ON_A_SITE(the_older_pin_of_a_contact_counts),
        ON_A_SITE(what_is_pending_is_sealed_at_unlocking),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
