/* Each allocation and each statement fails once in turn: an error comes back, nothing is half done, and the
 * same call works afterwards. Leaks are found by running this under AddressSanitizer. */
#include "faults.h"

static char *reader; /* bob's, with whom ada shares */

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

static enum ww_err make_public(struct site *s, int round)
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_public *const *list;
    struct ww_session *session;
    const void *value;
    char said[30];
    size_t n;
    snprintf(said, sizeof said, "value %d", round);
    enum ww_err err = ww_session_resume(s->op, token, &session);
    if (err ||
        (err =
             ww_public_put(s->op, session, WW_PUBLIC_DEPLOYMENT, "motto", said, strlen(said), NULL, NULL)) ||
        (err = ww_session_resume(s->op, reader, &session)) ||
        (err = ww_public_get(s->op, session, NULL, "motto", &value, &n, NULL)) ||
        (err = ww_public_list(s->op, session, &page, &list))) {
        return err;
    }
    assert_string_equal(value, said);
    return WW_OK;
}

static enum ww_err delete_public(struct site *s, int round)
{
    struct ww_session *session;
    (void)round;
    enum ww_err err = ww_session_resume(s->op, token, &session);
    if (!err) {
        err = ww_public_delete(s->op, session, WW_PUBLIC_DEPLOYMENT, "motto", NULL);
    }
    return err == WW_ENOTFOUND || err == WW_OK
               ? ww_public_put(s->op, session, WW_PUBLIC_DEPLOYMENT, "motto", "x", 1, NULL, NULL)
               : err;
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
    {"make public and read", make_public, false},
    {"delete what is public", delete_public, false},
};

static void share_kept(struct site *s)
{
    const char *const to[] = {"bob@example.org"};
    reader = site_register(s, "bob");
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_share_put(s->op, session, "kept", "value", 5, to, 1, NULL, NULL), WW_OK);
}

static void run_all(enum ww_fault kind)
{
    struct site *s = open_for_faults();
    share_kept(s);
    for (size_t i = 0; i < sizeof journeys / sizeof journeys[0]; i++) {
        fail_in_turn(s, &journeys[i], kind);
    }
    free(reader);
    close_after_faults(s);
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

static void a_commit_without_an_answer_is_found_out(void **state)
{
    struct site *s = open_for_faults();
    struct ww_session *session;
    enum ww_err err;
    (void)state;
    share_kept(s);
    for (size_t i = 0; i < sizeof journeys / sizeof journeys[0]; i++) {
        leave_unanswered(s, &journeys[i], 1000 + (int)i);
    }
    assert_string_equal(site_get(s, token, "note", &err), "value 1002");
    site_next(s);
    s->fail_at[WW_FAULT_ANSWER] = 1;
    session = site_resume(s, token);
    assert_int_equal(ww_session_end(s->op, session), WW_OK);
    assert_int_equal(ww_session_resume(site_next(s), token, &session), WW_EDENIED);
    free(reader);
    close_after_faults(s);
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
