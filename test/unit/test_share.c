/* Sharing between accounts (vault.md §11), through the public interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "site.h"

struct people {
    struct site site;
    char *ada, *bob, *cy; /* tokens */
};

static int open_people(void **state)
{
    struct people *p = calloc(1, sizeof *p);
    assert_non_null(p);
    site_open(&p->site, NULL);
    p->ada = site_register(&p->site, "ada");
    p->bob = site_register(&p->site, "bob");
    p->cy = site_register(&p->site, "cy");
    *state = p;
    return 0;
}

static int close_people(void **state)
{
    struct people *p = *state;
    free(p->ada);
    free(p->bob);
    free(p->cy);
    site_close(&p->site);
    free(p);
    return 0;
}

static enum ww_err put(struct people *p, const char *token, const char *name, const char *value,
                       const char *to)
{
    const char *list[] = {to};
    struct ww_session *session = site_resume(&p->site, token);
    return ww_share_put(p->site.op, session, name, value, strlen(value), to ? list : NULL, to ? 1 : 0, NULL,
                        NULL);
}

/* What somebody receives under a name, or NULL with *err set. */
static const char *receive(struct people *p, const char *token, const char *name, const char *from,
                           enum ww_err *err)
{
    const void *value;
    size_t n;
    struct ww_session *session = site_resume(&p->site, token);
    *err = ww_inbox_get(p->site.op, session, name, from, &value, &n, NULL);
    return value;
}

static void assert_receives(struct people *p, const char *token, const char *name, const char *value)
{
    enum ww_err err;
    const char *got = receive(p, token, name, NULL, &err);
    assert_int_equal(err, WW_OK);
    assert_string_equal(got, value);
}

static void assert_receives_not(struct people *p, const char *token, const char *name, enum ww_err wanted)
{
    enum ww_err err;
    assert_null(receive(p, token, name, NULL, &err));
    assert_int_equal(err, wanted);
}

/* The state of the only recipient of the only share. */
static const char *only_state(struct people *p, const char *token)
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_share *const *shares;
    struct ww_session *resumed1 = site_resume(&p->site, token);
    assert_int_equal(ww_share_list(p->site.op, resumed1, NULL, &page, &shares), WW_OK);
    assert_int_equal(page.count, 1);
    assert_int_equal(shares[0]->to_count, 1);
    return shares[0]->to[0]->state;
}

static const char *problem(struct people *p)
{
    return ww_op_problem(p->site.op)->id;
}

static void a_share_is_read_by_who_is_named_alone(void **state)
{
    struct people *p = *state;
    assert_int_equal(put(p, p->ada, "plan", "meet at noon", "bob@example.org"), WW_OK);
    assert_receives(p, p->bob, "plan", "meet at noon");
    assert_receives_not(p, p->cy, "plan", WW_ENOTFOUND);
    assert_receives_not(p, p->ada, "plan", WW_ENOTFOUND);
    assert_receives_not(p, p->bob, "plans", WW_ENOTFOUND);
    assert_string_equal(only_state(p, p->ada), "sealed");
    assert_int_equal(site_check(&p->site), 0);
}

static void an_update_reaches_who_is_on_the_list(void **state)
{
    struct people *p = *state;
    const void *value;
    size_t n;
    struct ww_item_result result = {.size = sizeof result};
    assert_int_equal(put(p, p->ada, "plan", "meet at noon", "bob@example.org"), WW_OK);
    assert_int_equal(put(p, p->ada, "plan", "meet at one", NULL), WW_OK);
    assert_receives(p, p->bob, "plan", "meet at one");
    struct ww_session *resumed2 = site_resume(&p->site, p->ada);
    assert_int_equal(ww_share_get(p->site.op, resumed2, "plan", &value, &n, &result), WW_OK);
    assert_string_equal(value, "meet at one");
    assert_true(result.version > 1);
    /* a list that is given replaces the one before */
    assert_int_equal(put(p, p->ada, "plan", "meet at two", "cy@example.org"), WW_OK);
    assert_receives(p, p->cy, "plan", "meet at two");
    assert_receives_not(p, p->bob, "plan", WW_ENOTFOUND);
    assert_int_equal(put(p, p->ada, "empty", "", "bob@example.org"), WW_OK);
    assert_receives(p, p->bob, "empty", "");
    assert_int_equal(site_check(&p->site), 0);
}

static void people_are_added_and_removed(void **state)
{
    struct people *p = *state;
    const char *bob[] = {"bob@example.org"}, *cy[] = {"CY@example.org"};
    const struct ww_share *share;
    assert_int_equal(put(p, p->ada, "plan", "meet at noon", "bob@example.org"), WW_OK);
    struct ww_session *session = site_resume(&p->site, p->ada);
    assert_int_equal(ww_share_people(p->site.op, session, "plan", cy, 1, NULL, 0, &share), WW_OK);
    assert_int_equal(share->to_count, 2);
    uint64_t version = share->version;
    assert_receives(p, p->bob, "plan", "meet at noon");
    assert_receives(p, p->cy, "plan", "meet at noon");
    session = site_resume(&p->site, p->ada);
    assert_int_equal(ww_share_people(p->site.op, session, "plan", NULL, 0, bob, 1, &share), WW_OK);
    assert_int_equal(share->to_count, 1);
    assert_true(share->version > version); /* a key that bob never had */
    assert_string_equal(share->to[0]->identifier, "cy@example.org");
    assert_receives_not(p, p->bob, "plan", WW_ENOTFOUND);
    assert_receives(p, p->cy, "plan", "meet at noon");
    session = site_resume(&p->site, p->ada);
    assert_int_equal(ww_share_people(p->site.op, session, "none", bob, 1, NULL, 0, &share), WW_ENOTFOUND);
    assert_string_equal(problem(p), "item_not_found");
    assert_int_equal(site_check(&p->site), 0);
}

static void shares_and_contacts_are_found_by_their_ids(void **state)
{
    struct people *p = *state;
    struct ww_page page = {.size = sizeof page};
    const struct ww_share *const *sent, *share;
    const struct ww_received *const *list, *received;
    const struct ww_contact *const *contacts, *contact;
    assert_int_equal(put(p, p->ada, "plan", "meet at noon", "bob@example.org"), WW_OK);
    struct ww_session *session = site_resume(&p->site, p->ada);
    assert_int_equal(ww_share_list(p->site.op, session, NULL, &page, &sent), WW_OK);
    assert_int_equal(ww_share_find(p->site.op, session, sent[0]->id, &share), WW_OK);
    assert_string_equal(share->name, "plan");
    assert_string_equal(share->to[0]->state, "sealed");
    assert_int_equal(ww_contact_list(p->site.op, session, &page, &contacts), WW_OK);
    assert_int_equal(ww_contact_find(p->site.op, session, contacts[0]->id, &contact), WW_OK);
    assert_string_equal(contact->fingerprint, contacts[0]->fingerprint);
    assert_int_equal(ww_contact_find(p->site.op, session, share->id, &contact), WW_ENOTFOUND);
    char *id = strdup(share->id);
    assert_int_equal(ww_inbox_find(p->site.op, session, id, &received),
                     WW_ENOTFOUND); /* sent, not received */
    session = site_resume(&p->site, p->bob);
    assert_int_equal(ww_inbox_find(p->site.op, session, id, &received), WW_OK);
    assert_string_equal(received->name, "plan");
    assert_string_equal(received->state, "open");
    assert_int_equal(ww_inbox_list(p->site.op, session, &page, &list), WW_OK);
    assert_string_equal(list[0]->id, id);
    assert_int_equal(ww_share_find(p->site.op, session, id, &share), WW_ENOTFOUND);
    session = site_resume(&p->site, p->cy);
    assert_int_equal(ww_inbox_find(p->site.op, session, id, &received), WW_ENOTFOUND);
    assert_int_equal(ww_inbox_find(p->site.op, session, "x", &received), WW_ENOTFOUND);
    assert_int_equal(ww_share_find(p->site.op, session, NULL, &share), WW_ENOTFOUND);
    free(id);
}

static void a_withdrawn_share_is_gone(void **state)
{
    struct people *p = *state;
    struct ww_item_condition old = {.size = sizeof old, .if_version = 99};
    assert_int_equal(put(p, p->ada, "plan", "meet at noon", "bob@example.org"), WW_OK);
    assert_receives(p, p->bob, "plan", "meet at noon");
    struct ww_session *session = site_resume(&p->site, p->ada);
    assert_int_equal(ww_share_withdraw(p->site.op, session, "plan", &old), WW_EVERSION);
    assert_int_equal(ww_share_withdraw(p->site.op, session, "plan", NULL), WW_OK);
    assert_int_equal(ww_share_withdraw(p->site.op, session, "plan", NULL), WW_ENOTFOUND);
    assert_receives_not(p, p->bob, "plan", WW_ENOTFOUND);
    size_t n = 0;
    free(site_blob(&p->site, "SELECT blob FROM wraps", &n));
    assert_int_equal(n, 0);
    assert_int_equal(site_check(&p->site), 0);
}

static void what_is_adopted_survives_the_sender(void **state)
{
    struct people *p = *state;
    enum ww_err err;
    assert_int_equal(put(p, p->ada, "plan", "meet at noon", "bob@example.org"), WW_OK);
    struct ww_session *session = site_resume(&p->site, p->bob);
    assert_int_equal(ww_inbox_adopt(p->site.op, session, "plan", "ada@example.org", "mine", NULL), WW_OK);
    assert_int_equal(ww_inbox_adopt(p->site.op, session, "plan", NULL, "mine", NULL), WW_EVERSION);
    assert_int_equal(ww_inbox_adopt(p->site.op, session, "plan", "cy@example.org", "x", NULL), WW_ENOTFOUND);
    session = site_resume(&p->site, p->ada);
    assert_int_equal(ww_account_delete(p->site.op, session, "ada@example.org"), WW_OK);
    assert_receives_not(p, p->bob, "plan", WW_ENOTFOUND);
    assert_string_equal(site_get(&p->site, p->bob, "mine", &err), "meet at noon");
    assert_int_equal(site_check(&p->site), 0);
}

static void of_two_senders_the_newest_or_who_is_asked_for(void **state)
{
    struct people *p = *state;
    struct ww_page page = {.size = sizeof page};
    const struct ww_received *const *received;
    enum ww_err err;
    assert_int_equal(put(p, p->ada, "plan", "of ada", "bob@example.org"), WW_OK);
    p->site.offset += 1000000;
    assert_int_equal(put(p, p->cy, "plan", "of cy", "bob@example.org"), WW_OK);
    assert_receives(p, p->bob, "plan", "of cy");
    assert_string_equal(receive(p, p->bob, "plan", "Ada@Example.org", &err), "of ada");
    assert_null(receive(p, p->bob, "plan", "nobody@example.org", &err));
    assert_int_equal(err, WW_ENOTFOUND);
    page.limit = 1;
    struct ww_session *resumed3 = site_resume(&p->site, p->bob);
    assert_int_equal(ww_inbox_list(p->site.op, resumed3, &page, &received), WW_OK);
    assert_int_equal(page.count, 1);
    assert_string_equal(received[0]->state, "open");
    char *next = strdup(page.next), *first = strdup(received[0]->from);
    page.token = next;
    struct ww_session *resumed4 = site_resume(&p->site, p->bob);
    assert_int_equal(ww_inbox_list(p->site.op, resumed4, &page, &received), WW_OK);
    assert_int_equal(page.count, 1);
    assert_null(page.next);
    assert_string_not_equal(received[0]->from, first);
    page.token = "x";
    struct ww_session *resumed5 = site_resume(&p->site, p->bob);
    assert_int_equal(ww_inbox_list(p->site.op, resumed5, &page, &received), WW_EINVAL);
    free(next);
    free(first);
}

static char *log_in(struct people *p, const char *name)
{
    struct ww_session *session;
    assert_int_equal(site_login(&p->site, name, TEST_PASSWORD, &session), WW_OK);
    return strdup(ww_session_token(p->site.op, session));
}

static void who_has_no_vault_gets_it_at_a_later_sign_in(void **state)
{
    struct people *p = *state;
    site_create_without_vault(&p->site, "dee");
    assert_int_equal(put(p, p->ada, "plan", "meet at noon", "dee@example.org"), WW_OK);
    assert_string_equal(only_state(p, p->ada), "pending");
    free(log_in(p, "ada")); /* nothing to be done yet */
    assert_string_equal(only_state(p, p->ada), "pending");
    site_give_vault(&p->site, "dee");
    char *dee = log_in(p, "dee");
    assert_receives_not(p, dee, "plan", WW_ENOTFOUND);
    free(log_in(p, "ada"));
    assert_string_equal(only_state(p, p->ada), "sealed");
    assert_receives(p, dee, "plan", "meet at noon");
    assert_int_equal(site_check(&p->site), 0);
    free(dee);
}

static void who_has_no_vault_gets_it_at_a_later_share(void **state)
{
    struct people *p = *state;
    site_create_without_vault(&p->site, "dee");
    assert_int_equal(put(p, p->ada, "plan", "meet at noon", "dee@example.org"), WW_OK);
    site_give_vault(&p->site, "dee");
    char *dee = log_in(p, "dee");
    assert_int_equal(put(p, p->ada, "another", "x", "bob@example.org"), WW_OK);
    assert_receives(p, dee, "plan", "meet at noon");
    free(dee);
}

static void unknown_people_are_counted(void **state)
{
    struct people *p = *state;
    struct ww_session *session;
    const char *to[] = {"nobody@example.org"};
    enum ww_err err = WW_ENOTFOUND;
    size_t tries = 0;
    assert_int_equal(put(p, p->ada, "plan", "x", "00000000-0000-4000-8000-000000000000"), WW_ENOTFOUND);
    assert_string_equal(problem(p), "recipient_unknown");
    assert_int_equal(put(p, p->ada, "plan", "x", "ada@example.org"), WW_EINVAL);
    assert_string_equal(problem(p), "recipient_self");
    while (err == WW_ENOTFOUND && tries++ < 70) {
        session = site_resume(&p->site, p->ada);
        err = ww_share_put(p->site.op, session, "plan", "x", 1, to, 1, NULL, NULL);
    }
    assert_int_equal(err, WW_ETHROTTLED);
    assert_int_equal(tries, 59);
    assert_int_equal(put(p, p->bob, "plan", "x", "cy@example.org"), WW_OK); /* others are not held up */
}

static void shares_outlive_epochs_on_both_sides(void **state)
{
    struct people *p = *state;
    uint32_t epoch;
    assert_int_equal(put(p, p->ada, "plan", "meet at noon", "bob@example.org"), WW_OK);
    assert_receives(p, p->bob, "plan", "meet at noon");
    struct ww_session *resumed6 = site_resume(&p->site, p->ada);
    assert_int_equal(ww_epoch_start(p->site.op, resumed6, &epoch), WW_OK);
    struct ww_session *resumed7 = site_resume(&p->site, p->bob);
    assert_int_equal(ww_epoch_start(p->site.op, resumed7, &epoch), WW_OK);
    assert_receives(p, p->bob, "plan", "meet at noon");
    assert_string_equal(only_state(p, p->ada), "sealed");
    assert_int_equal(put(p, p->ada, "plan", "meet at one", NULL), WW_OK);
    assert_receives(p, p->bob, "plan", "meet at one");
    assert_int_equal(site_check(&p->site), 0);
}

/* The first contact: its copy, since the list lives in an operation. */
static void contact_of(struct people *p, const char *token, char id[40], char fingerprint[80], char state[10])
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_contact *const *contacts;
    struct ww_session *resumed8 = site_resume(&p->site, token);
    assert_int_equal(ww_contact_list(p->site.op, resumed8, &page, &contacts), WW_OK);
    assert_int_equal(page.count, 1);
    snprintf(id, 40, "%s", contacts[0]->id);
    snprintf(fingerprint, 80, "%s", contacts[0]->fingerprint);
    snprintf(state, 10, "%s", contacts[0]->state);
}

static void fingerprints_are_the_same_on_both_sides(void **state)
{
    struct people *p = *state;
    char id[40], fingerprint[80], how[10];
    const char *own;
    assert_int_equal(put(p, p->ada, "plan", "meet at noon", "bob@example.org"), WW_OK);
    contact_of(p, p->ada, id, fingerprint, how);
    assert_string_equal(how, "current");
    struct ww_session *resumed9 = site_resume(&p->site, p->bob);
    assert_int_equal(ww_fingerprint(p->site.op, resumed9, &own), WW_OK);
    assert_string_equal(own, fingerprint);
    assert_int_equal(strlen(own), 71);
    /* accepting what is current is fine, and what is not is refused */
    struct ww_session *session = site_resume(&p->site, p->ada);
    assert_int_equal(ww_contact_accept(p->site.op, session, id, fingerprint), WW_OK);
    fingerprint[0] = (char)(fingerprint[0] == '1' ? '2' : '1');
    assert_int_equal(ww_contact_accept(p->site.op, session, id, fingerprint), WW_ECONFLICT);
    assert_string_equal(problem(p), "contact_changed");
    assert_int_equal(ww_contact_accept(p->site.op, session, "x", fingerprint), WW_ENOTFOUND);
}

static void a_new_vault_must_be_accepted(void **state)
{
    struct people *p = *state;
    char id[40], fingerprint[80], how[10];
    assert_int_equal(put(p, p->ada, "plan", "meet at noon", "bob@example.org"), WW_OK);
    site_give_vault(&p->site, "bob");
    char *bob = log_in(p, "bob");
    assert_receives_not(p, bob, "plan", WW_ENOTFOUND); /* the keys that opened it are gone */
    contact_of(p, p->ada, id, fingerprint, how);
    assert_string_equal(how, "reset");
    assert_string_equal(only_state(p, p->ada), "changed");
    assert_int_equal(put(p, p->ada, "plan", "x", "bob@example.org"), WW_ECONFLICT);
    assert_string_equal(problem(p), "contact_changed");
    assert_int_equal(put(p, p->ada, "plan", "meet at one", NULL),
                     WW_OK); /* nothing is sealed for those keys */
    assert_receives_not(p, bob, "plan", WW_ENOTFOUND);
    struct ww_session *session = site_resume(&p->site, p->ada);
    assert_int_equal(ww_contact_accept(p->site.op, session, id, fingerprint), WW_OK);
    assert_receives(p, bob, "plan", "meet at one");
    assert_string_equal(only_state(p, p->ada), "sealed");
    free(bob);
}

static void of_a_sender_with_a_new_vault_nothing_is_read_unaccepted(void **state)
{
    struct people *p = *state;
    char id[40], fingerprint[80], how[10];
    struct ww_page page = {.size = sizeof page};
    const struct ww_received *const *received;
    assert_int_equal(put(p, p->ada, "plan", "meet at noon", "bob@example.org"), WW_OK);
    assert_receives(p, p->bob, "plan", "meet at noon");
    site_give_vault(&p->site, "ada");
    char *ada = log_in(p, "ada");
    assert_receives_not(p, p->bob, "plan", WW_ECONFLICT);
    assert_int_equal(put(p, ada, "news", "a new start", "bob@example.org"), WW_OK);
    assert_receives_not(p, p->bob, "news", WW_ECONFLICT);
    assert_string_equal(problem(p), "contact_changed");
    struct ww_session *resumed10 = site_resume(&p->site, p->bob);
    assert_int_equal(ww_inbox_list(p->site.op, resumed10, &page, &received), WW_OK);
    assert_int_equal(page.count, 2);
    assert_string_equal(received[0]->state, "changed");
    contact_of(p, p->bob, id, fingerprint, how);
    assert_string_equal(how, "reset");
    struct ww_session *session = site_resume(&p->site, p->bob);
    assert_int_equal(ww_contact_accept(p->site.op, session, id, fingerprint), WW_OK);
    assert_receives(p, p->bob, "news", "a new start");
    assert_receives(p, p->bob, "plan", "meet at noon"); /* signed by keys that were accepted then */
    free(ada);
}

static void a_locked_session_shares_nothing(void **state)
{
    struct people *p = *state;
    site_require_second(&p->site, p->ada);
    assert_int_equal(put(p, p->ada, "plan", "x", "bob@example.org"), WW_EAAL);
    assert_receives_not(p, p->ada, "plan", WW_EAAL);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_people, close_people)
    const struct CMUnitTest tests[] = {
        CASE(a_share_is_read_by_who_is_named_alone),
        CASE(an_update_reaches_who_is_on_the_list),
        CASE(people_are_added_and_removed),
        CASE(shares_and_contacts_are_found_by_their_ids),
        CASE(a_withdrawn_share_is_gone),
        CASE(what_is_adopted_survives_the_sender),
        CASE(of_two_senders_the_newest_or_who_is_asked_for),
        CASE(who_has_no_vault_gets_it_at_a_later_sign_in),
        CASE(who_has_no_vault_gets_it_at_a_later_share),
        CASE(a_new_vault_must_be_accepted),
        CASE(of_a_sender_with_a_new_vault_nothing_is_read_unaccepted),
        CASE(unknown_people_are_counted),
        CASE(shares_outlive_epochs_on_both_sides),
        CASE(fingerprints_are_the_same_on_both_sides),
        CASE(a_locked_session_shares_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
