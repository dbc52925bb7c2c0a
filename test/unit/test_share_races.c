/* Sharing by two nodes at once (vault.md §15): two handles on one store, as two servers have. Nothing is
 * lost, reading beside writing raises no false alarm, and nobody reads what was taken from them. */
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

enum { ROUNDS = 25 };

struct nodes {
    struct site site;
    struct ww *other;
    char *ada, *bob; /* tokens; ada shares with bob */
    bool stop;
    enum ww_err unexpected[2]; /* of the first node, of the second */
    int done[2], refused[2];
};

static int open_nodes(void **state)
{
    static const char *const extra[] = {"watchword.throttle.lookups.free=100000",
                                        "watchword.throttle.pair.free=100000", NULL};
    struct nodes *t = calloc(1, sizeof *t);
    char dsn[300], key[200], why[400] = "";
    assert_non_null(t);
    site_open(&t->site, extra);
    snprintf(dsn, sizeof dsn, "dsn=%s", t->site.dsn);
    snprintf(key, sizeof key, "watchword.server_key_file=%s/keys/server.key", t->site.directory);
    const char *settings[] = {dsn, key, extra[0], extra[1]};
    struct ww_options o = {.size = sizeof o, .settings = settings, .setting_count = 4};
    if (ww_open(&o, &t->other, why, sizeof why) != WW_OK) {
        fail_msg("%s", why);
    }
    t->ada = site_register(&t->site, "ada");
    t->bob = site_register(&t->site, "bob");
    *state = t;
    return 0;
}

static int close_nodes(void **state)
{
    struct nodes *t = *state;
    ww_close(t->other);
    free(t->ada);
    free(t->bob);
    site_close(&t->site);
    free(t);
    return 0;
}

/* ---- two threads, each at a node of its own ---- */

struct side {
    struct nodes *t;
    int number;
    enum ww_err (*step)(struct nodes *t, struct ww_op *op, int round);
    const enum ww_err *allowed; /* beside WW_OK and WW_EBUSY; WW_OK at the end */
};

static bool is_allowed(const struct side *x, enum ww_err err)
{
    for (const enum ww_err *a = x->allowed; a && *a; a++) {
        if (*a == err) {
            return true;
        }
    }
    return err == WW_OK || err == WW_EBUSY;
}

static void *run_side(void *context)
{
    const struct side *x = context;
    struct nodes *t = x->t;
    for (int i = 0; i < ROUNDS && !t->unexpected[x->number]; i++) {
        struct ww_op *op;
        enum ww_err err = ww_op_begin(x->number ? t->other : t->site.ww, NULL, &op);
        err = err ? err : x->step(t, op, i);
        t->done[x->number] += err == WW_OK;
        t->refused[x->number] += err != WW_OK;
        if (!is_allowed(x, err)) {
            t->unexpected[x->number] = err;
            fprintf(stderr, "# %s\n", ww_op_problem(op)->text);
        }
        ww_op_end(op);
    }
    return NULL;
}

#define SIDE(step, ...)                                                                                      \
    {                                                                                                        \
        NULL, 0, step, (const enum ww_err[])                                                                 \
        {                                                                                                    \
            __VA_ARGS__, WW_OK                                                                               \
        }                                                                                                    \
    }

static void race(struct nodes *t, struct side a, struct side b)
{
    pthread_t threads[2];
    struct side sides[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        sides[i].t = t;
        sides[i].number = i;
        assert_int_equal(pthread_create(&threads[i], NULL, run_side, &sides[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < 2; i++) {
        if (t->unexpected[i]) {
            fail_msg("node %d: %s", i, ww_err_name(t->unexpected[i]));
        }
    }
}

/* ---- steps ---- */

static const char *const to_bob[] = {"bob@example.org"};

static enum ww_err share(struct nodes *t, struct ww_op *op, int round)
{
    struct ww_session *session;
    char value[20];
    int n = snprintf(value, sizeof value, "plan %d", round);
    enum ww_err err = ww_session_resume(op, t->ada, &session);
    return err ? err : ww_share_put(op, session, "plan", value, (size_t)n, to_bob, 1, NULL, NULL);
}

static enum ww_err take_and_give(struct nodes *t, struct ww_op *op, int round)
{
    struct ww_session *session;
    bool take = round % 2 == 0;
    enum ww_err err = ww_session_resume(op, t->ada, &session);
    return err ? err : ww_share_people(op, session, "plan", to_bob, !take, to_bob, take, NULL);
}

static enum ww_err receive(struct nodes *t, struct ww_op *op, int round)
{
    struct ww_session *session;
    const void *value;
    size_t n;
    (void)round;
    enum ww_err err = ww_session_resume(op, t->bob, &session);
    err = err ? err : ww_inbox_get(op, session, "plan", NULL, &value, &n, NULL);
    /* Whatever moment it was: a whole value of that name, or nothing. */
    return err == WW_OK && strncmp(value, "plan ", 5) != 0 ? WW_EINTERNAL : err;
}

static enum ww_err new_epoch(struct nodes *t, struct ww_op *op, int round)
{
    struct ww_session *session;
    uint32_t epoch;
    (void)round;
    enum ww_err err = ww_session_resume(op, t->bob, &session);
    return err ? err : ww_epoch_start(op, session, &epoch);
}

static enum ww_err rekey(struct nodes *t, struct ww_op *op, int round)
{
    struct ww_session *session, *renewed;
    const char *const *codes;
    size_t n;
    (void)round;
    enum ww_err err = ww_session_resume(op, t->bob, &session);
    err = err ? err : ww_rekey(op, session, TEST_PASSWORD, strlen(TEST_PASSWORD), &renewed, &codes, &n);
    if (!err) {
        free(t->bob);
        t->bob = strdup(ww_session_token(op, renewed));
    }
    return err;
}

/* Once; from then on there is nobody. */
static enum ww_err close_account(struct nodes *t, struct ww_op *op, int round)
{
    struct ww_session *session;
    if (round != ROUNDS / 3) {
        return WW_OK;
    }
    enum ww_err err = ww_session_resume(op, t->bob, &session);
    do {
        err = err == WW_OK || err == WW_EBUSY ? ww_account_delete(op, session, "bob@example.org") : err;
    } while (err == WW_EBUSY);
    return err;
}

/* ---- races ---- */

static void last_share_is_read(struct nodes *t)
{
    assert_int_equal(share(t, site_next(&t->site), 1000), WW_OK);
    assert_int_equal(receive(t, site_next(&t->site), 0), WW_OK);
    assert_int_equal(site_check(&t->site), 0);
}

static void sharing_beside_new_epochs_of_the_recipient(void **state)
{
    struct nodes *t = *state;
    race(t, (struct side)SIDE(share, WW_OK), (struct side)SIDE(new_epoch, WW_OK));
    assert_true(t->done[0] > 0 && t->done[1] > 0);
    last_share_is_read(t);
}

static void sharing_beside_new_keys_of_the_recipient(void **state)
{
    struct nodes *t = *state;
    race(t, (struct side)SIDE(share, WW_OK), (struct side)SIDE(rekey, WW_OK));
    assert_true(t->done[0] > 0 && t->done[1] > 0);
    last_share_is_read(t);
}

static void sharing_beside_the_recipients_end(void **state)
{
    struct nodes *t = *state;
    assert_int_equal(share(t, site_next(&t->site), 0), WW_OK); /* the end may come before any other */
    race(t, (struct side)SIDE(share, WW_ENOTFOUND), (struct side)SIDE(close_account, WW_OK));
    assert_int_equal(t->refused[1], 0);
    assert_int_equal(share(t, site_next(&t->site), 1000), WW_ENOTFOUND);
    const void *value;
    size_t n;
    struct ww_session *session = site_resume(&t->site, t->ada);
    assert_int_equal(ww_share_get(t->site.op, session, "plan", &value, &n, NULL), WW_OK);
    assert_int_equal(site_check(&t->site), 0);
}

static void reading_beside_writing_raises_no_alarm(void **state)
{
    struct nodes *t = *state;
    assert_int_equal(share(t, site_next(&t->site), 0), WW_OK);
    race(t, (struct side)SIDE(share, WW_OK), (struct side)SIDE(receive, WW_OK));
    assert_true(t->done[1] > 0);
    last_share_is_read(t);
}

static void reading_beside_being_removed_is_yes_or_no(void **state)
{
    struct nodes *t = *state;
    assert_int_equal(share(t, site_next(&t->site), 0), WW_OK);
    race(t, (struct side)SIDE(take_and_give, WW_OK), (struct side)SIDE(receive, WW_ENOTFOUND));
    assert_int_equal(take_and_give(t, site_next(&t->site), 0), WW_OK);
    assert_int_equal(receive(t, site_next(&t->site), 0), WW_ENOTFOUND);
    last_share_is_read(t);
}

/* ---- accepting beside a change ---- */

/* Whatever is shown now is accepted; that it is others by then is a refusal. */
static enum ww_err accept_keys(struct nodes *t, struct ww_op *op, int round)
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_contact *const *contacts;
    struct ww_session *session;
    (void)round;
    enum ww_err err = ww_session_resume(op, t->ada, &session);
    err = err ? err : ww_contact_list(op, session, &page, &contacts);
    return err ? err : ww_contact_accept(op, session, contacts[0]->id, contacts[0]->fingerprint);
}

static enum ww_err start_anew(struct nodes *t, struct ww_op *op, int round)
{
    (void)op;
    if (round % 8 == 0) {
        site_give_vault(&t->site, "bob"); /* through the first node's handle: rows of the same store */
    }
    return WW_OK;
}

/* The side that changes runs in this thread, since it works with the site's own operation. */
static void accepting_beside_a_change_is_of_what_was_seen(void **state)
{
    struct nodes *t = *state;
    pthread_t thread;
    struct ww_session *session;
    struct side accepting = SIDE(accept_keys, WW_ECONFLICT);
    accepting.t = t;
    accepting.number = 1;
    assert_int_equal(share(t, site_next(&t->site), 0), WW_OK);
    assert_int_equal(pthread_create(&thread, NULL, run_side, &accepting), 0);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(start_anew(t, t->site.op, i), WW_OK);
    }
    pthread_join(thread, NULL);
    assert_int_equal(t->unexpected[1], WW_OK);
    /* What is accepted once nothing changes any more holds, and what waits is sealed. */
    assert_int_equal(accept_keys(t, site_next(&t->site), 0), WW_OK);
    assert_int_equal(site_login(&t->site, "bob", TEST_PASSWORD, &session), WW_OK);
    free(t->bob);
    t->bob = strdup(ww_session_token(t->site.op, session));
    assert_int_equal(receive(t, site_next(&t->site), 0), WW_OK);
}

/* ---- what waits is completed by two sign-ins at once ---- */

static enum ww_err sign_in(struct nodes *t, struct ww_op *op, int round)
{
    struct ww_session *session;
    const struct ww_proof proof = {.size = sizeof proof,
                                   .kind = WW_PROOF_PASSWORD,
                                   .identifier = "ada@example.org",
                                   .password = TEST_PASSWORD,
                                   .password_length = sizeof TEST_PASSWORD - 1};
    (void)t;
    return round < 3 ? ww_authenticate(op, &proof, &session) : WW_OK;
}

static void pending_shares_are_completed_once_by_two_nodes(void **state)
{
    struct nodes *t = *state;
    const char *const to[] = {"dee@example.org"};
    char name[20];
    struct ww_page page = {.size = sizeof page};
    const struct ww_share *const *shares;
    const struct ww_received *const *received;
    site_create_without_vault(&t->site, "dee");
    for (int i = 0; i < 12; i++) {
        struct ww_session *session = site_resume(&t->site, t->ada);
        snprintf(name, sizeof name, "plan %d", i);
        assert_int_equal(ww_share_put(t->site.op, session, name, name, strlen(name), to, 1, NULL, NULL),
                         WW_OK);
    }
    site_give_vault(&t->site, "dee");
    race(t, (struct side)SIDE(sign_in, WW_OK), (struct side)SIDE(sign_in, WW_OK));
    assert_true(t->done[0] > 0 && t->done[1] > 0);
    struct ww_session *session = site_resume(&t->site, t->ada);
    assert_int_equal(ww_share_list(t->site.op, session, NULL, &page, &shares), WW_OK);
    assert_int_equal(page.count, 12);
    for (size_t i = 0; i < page.count; i++) {
        assert_string_equal(shares[i]->to[0]->state, "sealed");
    }
    assert_int_equal(site_login(&t->site, "dee", TEST_PASSWORD, &session), WW_OK);
    page = (struct ww_page){.size = sizeof page};
    assert_int_equal(ww_inbox_list(t->site.op, session, &page, &received), WW_OK);
    assert_int_equal(page.count, 12);
    assert_int_equal(site_check(&t->site), 0);
}

/* ---- one public name for two ---- */

static enum ww_err claim(struct nodes *t, struct ww_op *op, int round, const char *token)
{
    struct ww_session *session;
    const struct ww_item_condition absent = {.size = sizeof absent, .if_absent = true};
    char name[20];
    int n = snprintf(name, sizeof name, "name %d", round);
    (void)t;
    enum ww_err err = ww_session_resume(op, token, &session);
    return err ? err : ww_public_put(op, session, WW_PUBLIC_DEPLOYMENT, name, name, (size_t)n, &absent, NULL);
}

static enum ww_err claim_by_ada(struct nodes *t, struct ww_op *op, int round)
{
    return claim(t, op, round, t->ada);
}

static enum ww_err claim_by_bob(struct nodes *t, struct ww_op *op, int round)
{
    return claim(t, op, round, t->bob);
}

static void a_public_name_is_of_one(void **state)
{
    struct nodes *t = *state;
    race(t, (struct side)SIDE(claim_by_ada, WW_ECONFLICT), (struct side)SIDE(claim_by_bob, WW_ECONFLICT));
    assert_in_range(t->done[0] + t->done[1], ROUNDS - 2, ROUNDS); /* busy twice at most */
    assert_int_equal(site_check(&t->site), 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_nodes, close_nodes)
    const struct CMUnitTest tests[] = {
        CASE(sharing_beside_new_epochs_of_the_recipient),
        CASE(sharing_beside_new_keys_of_the_recipient),
        CASE(sharing_beside_the_recipients_end),
        CASE(reading_beside_writing_raises_no_alarm),
        CASE(reading_beside_being_removed_is_yes_or_no),
        CASE(accepting_beside_a_change_is_of_what_was_seen),
        CASE(pending_shares_are_completed_once_by_two_nodes),
        CASE(a_public_name_is_of_one),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
