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
    bool counted; /* the commit of what counts it, a try or a look-up, comes before its own */
};

static char *token, *reader; /* ada's, and bob's, with whom she shares */
static const char *opens;    /* the password that opens the vault */

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

static void go_on_with(struct site *s, struct ww_session *session)
{
    free(token);
    token = strdup(ww_session_token(s->op, session));
}

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
    struct ww_session *session;
    size_t all, n;
    long at[3];
    struct ww_op *op = begin_quiet(s, at);
    assert_int_equal(ww_session_resume(op, token, &session), WW_OK);
    assert_int_equal(count(op, session, &all), WW_OK);
    end_quiet(s, op, at);
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

/* What is sent and to whom, by list and by id. */
static enum ww_err list_sent(struct site *s, int round)
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_share *const *list, *share;
    const struct ww_contact *const *contacts, *contact;
    struct ww_session *session;
    (void)round;
    enum ww_err err = ww_session_resume(s->op, token, &session);
    if (err || (err = ww_share_list(s->op, session, "kept", &page, &list)) ||
        (err = ww_share_find(s->op, session, list[0]->id, &share)) ||
        (err = ww_contact_list(s->op, session, &page, &contacts))) {
        return err;
    }
    assert_string_equal(share->name, "kept");
    return ww_contact_find(s->op, session, contacts[0]->id, &contact);
}

/* Half of it never stays: the copy is whole, or it is not there. */
static enum ww_err adopt_share(struct site *s, int round)
{
    struct ww_session *session;
    const void *value;
    char as[30];
    size_t n;
    snprintf(as, sizeof as, "copy %d", round);
    enum ww_err err = ww_session_resume(s->op, reader, &session);
    err = err ? err : ww_inbox_adopt(s->op, session, "kept", NULL, as, NULL);
    if (err == WW_OK && (err = ww_item_get(s->op, session, as, &value, &n, NULL)) == WW_OK) {
        assert_string_equal(value, "value");
    }
    return err;
}

static enum ww_err withdraw_share(struct site *s, int round)
{
    const char *const to[] = {"bob@example.org"};
    struct ww_session *session;
    (void)round;
    enum ww_err err = ww_session_resume(s->op, token, &session);
    if (!err) {
        err = ww_share_withdraw(s->op, session, "plan", NULL);
    }
    if (err == WW_OK || err == WW_ENOTFOUND) {
        err = ww_share_put(s->op, session, "plan", "again", 5, to, 1, NULL, NULL);
    }
    return err;
}

static enum ww_err write_letter(struct site *s, int round)
{
    const char *const to[] = {"bob@example.org"};
    const struct ww_letter *const *letters;
    struct ww_session *session;
    const void *data;
    size_t n;
    (void)round;
    enum ww_err err = ww_session_resume(s->op, token, &session);
    if (err || (err = ww_letter_seal(s->op, session, "x", 1, to, 1, &letters, &n)) ||
        (err = ww_session_resume(s->op, reader, &session))) {
        return err;
    }
    return ww_letter_open(s->op, session, letters[0]->letter, letters[0]->length, NULL, &data, &n, NULL);
}

/* ---- getting back in, and new keys ---- */

static void assert_codes_left(struct site *s, size_t left)
{
    struct ww_codes_state state = {.size = sizeof state};
    struct ww_session *session;
    long at[3];
    struct ww_op *op = begin_quiet(s, at);
    assert_int_equal(ww_session_resume(op, token, &session), WW_OK);
    assert_int_equal(ww_codes_state(op, session, &state), WW_OK);
    assert_int_equal(state.left, left);
    end_quiet(s, op, at);
}

/* One of ten new codes, which the caller frees. */
static char *new_code(struct site *s)
{
    struct ww_session *session;
    const char *const *codes;
    size_t n;
    long at[3];
    struct ww_op *op = begin_quiet(s, at);
    assert_int_equal(ww_session_resume(op, token, &session), WW_OK);
    assert_int_equal(ww_codes_make(op, session, &codes, &n), WW_OK);
    char *code = strdup(codes[n - 1]);
    end_quiet(s, op, at);
    return code;
}

static enum ww_err make_codes(struct site *s, int round)
{
    struct ww_session *session;
    const char *const *codes;
    size_t n;
    (void)round;
    free(new_code(s)); /* there are ten before, and ten after, whichever they are */
    enum ww_err err = ww_session_resume(s->op, token, &session);
    err = err ? err : ww_codes_make(s->op, session, &codes, &n);
    assert_codes_left(s, 10);
    return err;
}

static enum ww_err revoke_codes(struct site *s, int round)
{
    struct ww_session *session;
    (void)round;
    free(new_code(s));
    enum ww_err err = ww_session_resume(s->op, token, &session);
    err = err ? err : ww_codes_revoke(s->op, session);
    assert_codes_left(s, err ? 10 : 0); /* all or none */
    return err;
}

/* A code whose use failed is still good: the session of before lives, and it has ten of them. */
static enum ww_err recover(struct site *s, int round)
{
    char *code = new_code(s);
    struct ww_recovery in = {.size = sizeof in,
                             .identifier = "ada@example.org",
                             .code = code,
                             .password = TEST_PASSWORD,
                             .password_length = strlen(TEST_PASSWORD)};
    struct ww_session *session;
    const char *next;
    (void)round;
    enum ww_err err = ww_recover(s->op, &in, &session, &next);
    if (err == WW_OK) {
        go_on_with(s, session);
        opens = TEST_PASSWORD;
    }
    assert_codes_left(s, 10);
    free(code);
    return err;
}

static enum ww_err start_epoch(struct site *s, int round)
{
    struct ww_session *session;
    uint32_t epoch;
    (void)round;
    enum ww_err err = ww_session_resume(s->op, token, &session);
    return err ? err : ww_epoch_start(s->op, session, &epoch);
}

static enum ww_err rekey(struct site *s, int round)
{
    struct ww_session *session, *renewed;
    const char *const *codes;
    size_t n;
    (void)round;
    enum ww_err err = ww_session_resume(s->op, token, &session);
    err = err ? err : ww_rekey(s->op, session, opens, strlen(opens), &renewed, &codes, &n);
    if (err == WW_OK) {
        go_on_with(s, renewed);
    }
    return err;
}

/* An administrator sets a password and its owner signs in with it; token is of that session, locked. */
static void lock_out(struct site *s, const char *password)
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

static enum ww_err unlock(struct site *s, int round)
{
    static const char *const set[] = {"one that was set for ada", "another set for ada"};
    struct ww_opener opener = {.size = sizeof opener, .password = opens, .password_length = strlen(opens)};
    struct ww_session *session, *opened;
    const char *next;
    lock_out(s, set[round % 2]);
    enum ww_err err = ww_session_resume(s->op, token, &session);
    err = err ? err : ww_unlock(s->op, session, &opener, &opened, &next);
    if (err == WW_OK) {
        go_on_with(s, opened);
        opens = set[round % 2];
    }
    return err;
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
    {"register", register_one, false},
    {"login", login, true},
    {"write an item", write_item, false},
    {"read an item", read_item, false},
    {"change the password", change_password, false},
    {"list sessions", list_sessions, false},
    {"read the history", read_history, false},
    {"make codes", make_codes, false},
    {"revoke codes", revoke_codes, false},
    {"recover", recover, true},
    {"start an epoch", start_epoch, false},
    {"re-key", rekey, true},
    {"unlock", unlock, true},
    {"share a value", share_value, true},
    {"share with more and fewer people", share_with_others, true},
    {"read a share", read_share, false},
    {"list the inbox", list_inbox, false},
    {"list what is sent", list_sent, false},
    {"adopt a share", adopt_share, false},
    {"withdraw a share", withdraw_share, false},
    {"write and open a letter", write_letter, true},
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
    opens = TEST_PASSWORD;
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
    opens = TEST_PASSWORD;
    assert_int_equal(site_put(s, token, "kept", "value"), WW_OK);
    share_kept(s);
    for (size_t i = 0; i < sizeof journeys / sizeof journeys[0]; i++) {
        site_next(s);
        s->fail_at[WW_FAULT_ANSWER] = journeys[i].counted ? 2 : 1;
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
