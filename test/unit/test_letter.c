/* Letters (vault.md §11): kept by the application, so all of them comes from outside when it is opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "site.h"

struct writers {
    struct site site;
    char *ada, *bob, *eve; /* tokens */
};

/* A letter that outlives its operation. */
struct kept {
    uint8_t *p;
    size_t n;
};

static int open_writers(void **state)
{
    struct writers *t = calloc(1, sizeof *t);
    assert_non_null(t);
    site_open(&t->site, NULL);
    t->ada = site_register(&t->site, "ada");
    t->bob = site_register(&t->site, "bob");
    t->eve = site_register(&t->site, "eve");
    *state = t;
    return 0;
}

static int close_writers(void **state)
{
    struct writers *t = *state;
    free(t->ada);
    free(t->bob);
    free(t->eve);
    site_close(&t->site);
    free(t);
    return 0;
}

static const char *problem(struct writers *t)
{
    return ww_op_problem(t->site.op)->id;
}

/* to NULL: for oneself. */
static enum ww_err seal(struct writers *t, const char *token, const char *text, const char *to,
                        struct kept *out)
{
    const char *const people[] = {to};
    const struct ww_letter *const *letters;
    size_t n;
    struct ww_session *session = site_resume(&t->site, token);
    enum ww_err err =
        ww_letter_seal(t->site.op, session, text, strlen(text), to ? people : NULL, to ? 1 : 0, &letters, &n);
    *out = (struct kept){0};
    if (err == WW_OK) {
        assert_int_equal(n, 1);
        *out = (struct kept){malloc(letters[0]->length), letters[0]->length};
        assert_non_null(out->p);
        memcpy(out->p, letters[0]->letter, out->n);
    }
    return err;
}

static struct kept sealed(struct writers *t, const char *token, const char *text, const char *to)
{
    struct kept k;
    assert_int_equal(seal(t, token, text, to, &k), WW_OK);
    return k;
}

static enum ww_err open_from(struct writers *t, const char *token, const struct kept *k, const char *from,
                             const char **text)
{
    const void *data;
    const char *sender;
    size_t n;
    struct ww_session *session = site_resume(&t->site, token);
    enum ww_err err = ww_letter_open(t->site.op, session, k->p, k->n, from, &data, &n, &sender);
    *text = data;
    assert_true((err == WW_OK) == (data != NULL));
    if (err == WW_OK) {
        assert_int_equal(strlen(sender), 36);
    }
    return err;
}

static void assert_reads(struct writers *t, const char *token, const struct kept *k, const char *text)
{
    const char *got;
    assert_int_equal(open_from(t, token, k, NULL, &got), WW_OK);
    assert_string_equal(got, text);
}

static void assert_refused(struct writers *t, const char *token, const struct kept *k, const char *from,
                           enum ww_err err, const char *id)
{
    const char *got;
    assert_int_equal(open_from(t, token, k, from, &got), err);
    assert_string_equal(problem(t), id);
}

static void a_letter_to_oneself_is_opened_by_oneself_alone(void **state)
{
    struct writers *t = *state;
    struct kept k = sealed(t, t->ada, "for myself", NULL);
    assert_reads(t, t->ada, &k, "for myself");
    assert_refused(t, t->bob, &k, NULL, WW_EINVAL, "letter_not_for_you");
    free(k.p);
    k = sealed(t, t->ada, "", NULL);
    assert_reads(t, t->ada, &k, "");
    free(k.p);
    assert_int_equal(site_check(&t->site), 0);
}

static void a_letter_is_opened_by_who_it_is_for(void **state)
{
    struct writers *t = *state;
    const char *got;
    struct kept k = sealed(t, t->ada, "for bob", "BOB@example.org");
    assert_refused(t, t->eve, &k, NULL, WW_EINVAL, "letter_not_for_you");
    assert_refused(t, t->ada, &k, NULL, WW_EINVAL, "letter_not_for_you");
    assert_reads(t, t->bob, &k, "for bob");
    assert_int_equal(open_from(t, t->bob, &k, "Ada@example.org", &got), WW_OK);
    assert_refused(t, t->bob, &k, "eve@example.org", WW_EINVAL, "letter_from_other");
    assert_refused(t, t->bob, &k, "00000000-0000-4000-8000-000000000000", WW_EINVAL, "letter_from_other");
    free(k.p);
}

static void each_who_is_named_gets_one_in_that_order(void **state)
{
    struct writers *t = *state;
    const char *const people[] = {"eve@example.org", "bob@example.org", "EVE@example.org"};
    const struct ww_letter *const *letters;
    const void *data;
    size_t n, length;
    struct ww_session *session = site_resume(&t->site, t->ada);
    assert_int_equal(ww_letter_seal(t->site.op, session, "x", 1, people, 3, &letters, &n), WW_OK);
    assert_int_equal(n, 2);
    char *who = strdup(letters[1]->to);
    struct kept k = {malloc(letters[1]->length), letters[1]->length};
    assert_non_null(k.p);
    memcpy(k.p, letters[1]->letter, k.n);
    session = site_resume(&t->site, t->bob);
    assert_string_equal(ww_session_info(t->site.op, session)->account, who);
    assert_int_equal(ww_letter_open(t->site.op, session, k.p, k.n, NULL, &data, &length, NULL), WW_OK);
    assert_refused(t, t->eve, &k, NULL, WW_EINVAL, "letter_not_for_you");
    free(k.p);
    free(who);
}

static void what_cannot_be_sealed_is_refused(void **state)
{
    struct writers *t = *state;
    struct kept k;
    assert_int_equal(seal(t, t->ada, "x", "nobody@example.org", &k), WW_ENOTFOUND);
    assert_string_equal(problem(t), "recipient_unknown");
    assert_int_equal(seal(t, t->ada, "x", "ada@example.org", &k), WW_EINVAL);
    assert_string_equal(problem(t), "recipient_self");
    site_create_without_vault(&t->site, "dee");
    assert_int_equal(seal(t, t->ada, "x", "dee@example.org", &k), WW_ECONFLICT);
    assert_string_equal(problem(t), "recipient_without_keys");
    site_require_second(&t->site, t->eve);
    assert_int_equal(seal(t, t->eve, "x", NULL, &k), WW_EAAL);
}

static void too_much_is_refused(void **state)
{
    static const char *const small[] = {"watchword.vault.letter_max=10", NULL};
    struct writers *t = *state;
    struct kept k;
    site_reopen(&t->site, small);
    k = sealed(t, t->ada, "0123456789", "bob@example.org");
    assert_reads(t, t->bob, &k, "0123456789");
    free(k.p);
    assert_int_equal(seal(t, t->ada, "0123456789a", NULL, &k), WW_ETOOLARGE);
    assert_string_equal(problem(t), "letter_too_large");
    assert_int_equal(ww_op_problem(t->site.op)->limit, 10);
    const char *people[17];
    const struct ww_letter *const *letters;
    size_t n;
    for (size_t i = 0; i < 17; i++) {
        people[i] = "bob@example.org";
    }
    struct ww_session *session = site_resume(&t->site, t->ada);
    assert_int_equal(ww_letter_seal(t->site.op, session, "0123456789", 10, people, 17, &letters, &n),
                     WW_ETOOLARGE);
    assert_int_equal(ww_op_problem(t->site.op)->limit, 160);
    assert_int_equal(ww_letter_seal(t->site.op, session, "0123456789", 10, people, 16, &letters, &n), WW_OK);
}

/* Every byte of it, and every cut: it came from outside, so nothing is audited as tampering. */
static void an_altered_letter_is_refused(void **state)
{
    struct writers *t = *state;
    struct kept letters[] = {sealed(t, t->ada, "for myself", NULL),
                             sealed(t, t->bob, "for ada", "ada@example.org")};
    const char *got;
    for (size_t i = 0; i < 2; i++) {
        struct kept *k = &letters[i];
        for (size_t at = 0; at < k->n; at++) {
            k->p[at] ^= 0x10;
            if (open_from(t, t->ada, k, NULL, &got) != WW_EINVAL ||
                (strcmp(problem(t), "letter_altered") != 0 &&
                 strcmp(problem(t), "letter_not_for_you") != 0)) {
                fail_msg("letter %zu, byte %zu: %s", i, at, problem(t));
            }
            k->p[at] ^= 0x10;
        }
        size_t n = k->n;
        for (k->n = 0; k->n < n; k->n++) {
            assert_refused(t, t->ada, k, NULL, WW_EINVAL, "letter_altered");
        }
        k->n = n;
        assert_int_equal(open_from(t, t->ada, k, NULL, &got), WW_OK);
        free(k->p);
    }
    struct ww_check_report report = {.size = sizeof report};
    assert_int_equal(ww_check(site_next(&t->site), NULL, NULL, NULL, &report), WW_OK);
    struct ww_page page = {.size = sizeof page, .limit = 1000};
    const struct ww_event *const *events;
    struct ww_session *session = site_resume(&t->site, t->ada);
    assert_int_equal(ww_account_history(t->site.op, session, &page, &events), WW_OK);
    assert_in_range(page.count, 1, 3);
}

/* Headers of two good letters put together, and a letter that names another sender. */
static void a_header_of_another_letter_opens_nothing(void **state)
{
    struct writers *t = *state;
    struct kept of_bob = sealed(t, t->bob, "of bob", "ada@example.org"),
                of_eve = sealed(t, t->eve, "of eve", "ada@example.org");
    assert_int_equal(of_bob.n, of_eve.n);
    for (size_t i = 2; i < 22; i++) { /* sender and epoch */
        uint8_t swap = of_bob.p[i];
        of_bob.p[i] = of_eve.p[i];
        of_eve.p[i] = swap;
    }
    assert_refused(t, t->ada, &of_bob, NULL, WW_EINVAL, "letter_altered");
    assert_refused(t, t->ada, &of_eve, NULL, WW_EINVAL, "letter_altered");
    free(of_bob.p);
    free(of_eve.p);
    /* nobody was noted for a letter that did not open */
    struct ww_page page = {.size = sizeof page};
    const struct ww_contact *const *contacts;
    struct ww_session *session = site_resume(&t->site, t->ada);
    assert_int_equal(ww_contact_list(t->site.op, session, &page, &contacts), WW_OK);
    assert_int_equal(page.count, 0);
}

static char *rekeyed(struct writers *t, const char *token)
{
    struct ww_session *session = site_resume(&t->site, token), *renewed;
    const char *const *codes;
    size_t n;
    assert_int_equal(
        ww_rekey(t->site.op, session, TEST_PASSWORD, strlen(TEST_PASSWORD), &renewed, &codes, &n), WW_OK);
    return strdup(ww_session_token(t->site.op, renewed));
}

/* vault.md §11: "readable after renames, new epochs and the sender's deletion", and what else happens. */
static void letters_outlive_what_happens_to_both(void **state)
{
    struct writers *t = *state;
    uint32_t epoch;
    const char *const *codes, *new_code;
    size_t n;
    struct kept own = sealed(t, t->bob, "own", NULL), sent = sealed(t, t->ada, "sent", "bob@example.org");
    struct ww_session *session = site_resume(&t->site, t->ada);
    assert_int_equal(ww_epoch_start(t->site.op, session, &epoch), WW_OK);
    assert_int_equal(ww_traits_change(t->site.op, session, "{\"email\":\"ada.new@example.org\"}"), WW_OK);
    session = site_resume(&t->site, t->bob);
    assert_int_equal(ww_epoch_start(t->site.op, session, &epoch), WW_OK);
    assert_reads(t, t->bob, &own, "own");
    assert_reads(t, t->bob, &sent, "sent");
    char *bob = rekeyed(t, t->bob);
    assert_reads(t, bob, &own, "own");
    assert_reads(t, bob, &sent, "sent");
    session = site_resume(&t->site, bob);
    assert_int_equal(ww_codes_make(t->site.op, session, &codes, &n), WW_OK);
    struct ww_recovery recovery = {.size = sizeof recovery,
                                   .identifier = "bob@example.org",
                                   .code = codes[0],
                                   .password = "another walk by the sea",
                                   .password_length = 23};
    assert_int_equal(ww_recover(t->site.op, &recovery, &session, &new_code), WW_OK);
    free(bob);
    bob = strdup(ww_session_token(t->site.op, session));
    assert_reads(t, bob, &own, "own");
    assert_reads(t, bob, &sent, "sent");
    session = site_resume(&t->site, t->ada);
    assert_int_equal(ww_account_delete(t->site.op, session, "ada.new@example.org"), WW_OK);
    assert_reads(t, bob, &sent, "sent");
    const char *got;
    assert_int_equal(open_from(t, bob, &sent, "ada.new@example.org", &got),
                     WW_EINVAL); /* nobody's any more */
    free(bob);
    free(own.p);
    free(sent.p);
    assert_int_equal(site_check(&t->site), 0);
}

/* Somebody whom the reader never met, and who is gone. */
static void a_letter_of_a_deleted_stranger_is_read(void **state)
{
    struct writers *t = *state;
    struct kept sent = sealed(t, t->ada, "sent", "bob@example.org");
    struct ww_session *session = site_resume(&t->site, t->ada);
    assert_int_equal(ww_account_delete(t->site.op, session, "ada@example.org"), WW_OK);
    assert_reads(t, t->bob, &sent, "sent");
    assert_reads(t, t->bob, &sent, "sent"); /* pinned by now */
    site_sql(&t->site, "DELETE FROM epochs WHERE uuid NOT IN (SELECT uuid FROM accounts)", NULL, 0);
    assert_refused(t, t->bob, &sent, NULL, WW_EINVAL,
                   "letter_altered"); /* without its keys nobody can tell */
    free(sent.p);
}

static void a_sender_with_other_keys_must_be_accepted(void **state)
{
    struct writers *t = *state;
    struct ww_page page = {.size = sizeof page};
    const struct ww_contact *const *contacts;
    struct kept before = sealed(t, t->ada, "before", "bob@example.org");
    struct kept own = sealed(t, t->ada, "own", NULL), to_her = sealed(t, t->bob, "to her", "ada@example.org");
    assert_reads(t, t->bob, &before, "before");
    site_give_vault(&t->site, "ada");
    struct ww_session *session;
    assert_int_equal(site_login(&t->site, "ada", TEST_PASSWORD, &session), WW_OK);
    char *ada = strdup(ww_session_token(t->site.op, session));
    struct kept after = sealed(t, ada, "after", "bob@example.org"), k;
    assert_refused(t, t->bob, &after, NULL, WW_ECONFLICT, "contact_changed");
    assert_refused(t, t->bob, &before, NULL, WW_ECONFLICT, "contact_changed");
    assert_int_equal(seal(t, t->bob, "x", "ada@example.org", &k), WW_ECONFLICT);
    assert_string_equal(problem(t), "contact_changed");
    /* of the vault that is gone: the keys are, too */
    assert_refused(t, ada, &own, NULL, WW_EINVAL, "letter_not_for_you");
    assert_refused(t, ada, &to_her, NULL, WW_EINVAL, "letter_not_for_you");
    session = site_resume(&t->site, t->bob);
    assert_int_equal(ww_contact_list(t->site.op, session, &page, &contacts), WW_OK);
    assert_int_equal(ww_contact_accept(t->site.op, session, contacts[0]->id, contacts[0]->fingerprint),
                     WW_OK);
    assert_reads(t, t->bob, &after, "after");
    assert_reads(t, t->bob, &before, "before");
    free(ada);
    free(before.p);
    free(own.p);
    free(to_her.p);
    free(after.p);
}

static void look_ups_are_counted(void **state)
{
    struct writers *t = *state;
    struct kept k;
    enum ww_err err = WW_ENOTFOUND;
    size_t tries = 0;
    while (err == WW_ENOTFOUND && tries++ < 70) {
        err = seal(t, t->ada, "x", "nobody@example.org", &k);
    }
    assert_int_equal(err, WW_ETHROTTLED);
    assert_int_equal(tries, 61);
    k = sealed(t, t->ada, "x", NULL); /* nobody is looked up for oneself */
    free(k.p);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_writers, close_writers)
    const struct CMUnitTest tests[] = {
        CASE(a_letter_to_oneself_is_opened_by_oneself_alone),
        CASE(a_letter_is_opened_by_who_it_is_for),
        CASE(each_who_is_named_gets_one_in_that_order),
        CASE(what_cannot_be_sealed_is_refused),
        CASE(too_much_is_refused),
        CASE(an_altered_letter_is_refused),
        CASE(a_header_of_another_letter_opens_nothing),
        CASE(letters_outlive_what_happens_to_both),
        CASE(a_letter_of_a_deleted_stranger_is_read),
        CASE(a_sender_with_other_keys_must_be_accepted),
        CASE(look_ups_are_counted),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
