/* The life of an account through the public interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "site.h"

static void a_note_is_read_back_after_signing_in_again(void **state)
{
    struct site *s = *state;
    struct ww_session *session;
    enum ww_err err;
    char *token = site_register(s, "ada");
    assert_int_equal(site_put(s, token, "note", "nobody else reads this"), WW_OK);
    session = site_resume(s, token);
    assert_int_equal(ww_session_end(s->op, session), WW_OK);
    assert_int_equal(ww_session_resume(site_next(s), token, &session), WW_EDENIED);
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &session), WW_OK);
    assert_true(ww_session_unlocked(s->op, session));
    char *again = strdup(ww_session_token(s->op, session));
    assert_string_equal(site_get(s, again, "note", &err), "nobody else reads this");
    assert_int_equal(site_check(s), 0);
    free(token);
    free(again);
}

static void unknown_names_and_wrong_passwords_get_one_answer(void **state)
{
    struct site *s = *state;
    struct ww_session *session;
    free(site_register(s, "ada"));
    assert_int_equal(site_login(s, "ada", "not the password", &session), WW_EDENIED);
    char *text = strdup(ww_op_problem(s->op)->text);
    assert_string_equal(ww_op_problem(s->op)->id, "wrong_credentials");
    assert_int_equal(site_login(s, "nobody", "not the password", &session), WW_EDENIED);
    assert_string_equal(ww_op_problem(s->op)->id, "wrong_credentials");
    assert_string_equal(ww_op_problem(s->op)->text, text);
    free(text);
}

static void an_identifier_is_taken_whatever_its_spelling(void **state)
{
    struct site *s = *state;
    struct ww_session *session;
    free(site_register(s, "ada"));
    assert_int_equal(site_enrol(site_next(s), "{\"email\":\"ADA@Example.org\"}", TEST_PASSWORD, NULL),
                     WW_ECONFLICT);
    assert_string_equal(ww_op_problem(s->op)->id, "identifier_taken");
    assert_int_equal(site_sign_in(site_next(s), "  Ada@EXAMPLE.org ", TEST_PASSWORD, &session), WW_OK);
}

static void bad_traits_and_weak_passwords_are_refused_by_name(void **state)
{
    struct site *s = *state;
    assert_int_equal(site_enrol(site_next(s), "{}", TEST_PASSWORD, NULL), WW_EVALIDATION);
    assert_int_equal(site_enrol(site_next(s), "{\"email\":\"ada@example.org\"", TEST_PASSWORD, NULL),
                     WW_EINVAL);
    assert_string_equal(ww_op_problem(s->op)->field, "traits");
    assert_int_equal(site_enrol(site_next(s), "{\"email\":\"ada@example.org\"}", "short", NULL),
                     WW_EVALIDATION);
    assert_string_equal(ww_op_problem(s->op)->field, "password");
    assert_int_equal(site_enrol(site_next(s), "{\"email\":\"ada@example.org\"}", "password1", NULL),
                     WW_EVALIDATION);
}

static void a_new_password_keeps_the_vault_and_ends_other_sessions(void **state)
{
    struct site *s = *state;
    struct ww_session *session, *other;
    enum ww_err err;
    char *token = site_register(s, "ada");
    assert_int_equal(site_put(s, token, "note", "kept"), WW_OK);
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &other), WW_OK);
    char *other_token = strdup(ww_session_token(s->op, other));
    session = site_resume(s, token);
    assert_int_equal(site_new_password(s->op, session, TEST_PASSWORD), WW_EVALIDATION);
    session = site_resume(s, token);
    assert_int_equal(site_new_password(s->op, session, "an entirely different one"), WW_OK);
    assert_int_equal(ww_session_resume(site_next(s), other_token, &other), WW_EDENIED);
    assert_string_equal(site_get(s, token, "note", &err), "kept");
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &other), WW_EDENIED);
    assert_int_equal(site_login(s, "ada", "an entirely different one", &other), WW_OK);
    assert_int_equal(site_check(s), 0);
    free(token);
    free(other_token);
}

static void a_session_just_made_can_change_the_password(void **state)
{
    struct site *s = *state;
    struct ww_session *session;
    assert_int_equal(site_enrol(s->op, "{\"email\":\"ada@example.org\"}", TEST_PASSWORD, &session), WW_OK);
    assert_int_equal(site_new_password(s->op, session, "an entirely different one"), WW_OK);
    assert_int_equal(site_login(s, "ada", "an entirely different one", &session), WW_OK);
    assert_int_equal(ww_session_end_others(s->op, session, NULL), WW_OK);
}

static void sensitive_changes_need_a_recent_sign_in(void **state)
{
    struct site *s = *state;
    char *token = site_register(s, "ada");
    s->offset += (uint64_t)2 * 3600 * 1000000;
    struct ww_session *session = site_resume(s, token);
    assert_false(ww_session_recent(s->op, session));
    assert_int_equal(site_new_password(s->op, session, "an entirely different one"), WW_EREAUTH);
    assert_int_equal(ww_account_delete(s->op, session, "ada@example.org"), WW_EREAUTH);
    assert_int_equal(ww_traits_change(s->op, session, "{\"email\":\"new@example.org\"}"), WW_EREAUTH);
    free(token);
}

static void a_session_ends_with_its_lifespan(void **state)
{
    struct site *s = *state;
    struct ww_session *session;
    char *token = site_register(s, "ada");
    s->offset += (uint64_t)25 * 3600 * 1000000;
    assert_int_equal(ww_session_resume(site_next(s), token, &session), WW_EDENIED);
    assert_int_equal(ww_maintain(site_next(s)), WW_OK);
    free(token);
}

/* Seen within the limit, it stays; a clock that was set back ends nobody's session. */
static void a_session_left_alone_ends(void **state)
{
    static const char *const idle[] = {"watchword.session.idle=10m", NULL};
    const uint64_t minute = (uint64_t)60 * 1000000;
    struct site *s = *state;
    struct ww_session *session;
    site_reopen(s, idle);
    s->offset += 100 * minute;
    char *token = site_register(s, "ada");
    for (int i = 0; i < 3; i++) {
        s->offset += 9 * minute;
        assert_int_equal(ww_session_resume(site_next(s), token, &session), WW_OK);
    }
    s->offset -= 60 * minute;
    assert_int_equal(ww_session_resume(site_next(s), token, &session), WW_OK);
    s->offset += 70 * minute;
    assert_int_equal(ww_session_resume(site_next(s), token, &session), WW_EDENIED);
    free(token);
}

static void items_follow_their_conditions(void **state)
{
    struct site *s = *state;
    char *token = site_register(s, "ada");
    struct ww_session *session = site_resume(s, token);
    struct ww_item_result result = {.size = sizeof result};
    struct ww_item_condition absent = {.size = sizeof absent, .if_absent = true},
                             wrong = {.size = sizeof wrong, .if_version = 99};
    assert_int_equal(ww_item_put(s->op, session, "a", "1", 1, &absent, &result), WW_OK);
    assert_true(result.created);
    struct ww_item_condition right = {.size = sizeof right, .if_version = result.version};
    assert_int_equal(ww_item_put(s->op, session, "a", "2", 1, &absent, NULL), WW_EVERSION);
    assert_int_equal(ww_item_put(s->op, session, "a", "2", 1, &wrong, NULL), WW_EVERSION);
    assert_int_equal(ww_item_put(s->op, session, "a", "2", 1, &right, &result), WW_OK);
    assert_false(result.created);
    assert_int_equal(ww_item_delete(s->op, session, "a", &right), WW_EVERSION);
    assert_int_equal(ww_item_delete(s->op, session, "a", NULL), WW_OK);
    assert_int_equal(ww_item_delete(s->op, session, "a", NULL), WW_ENOTFOUND);
    assert_int_equal(ww_item_put(s->op, session, "", "x", 1, NULL, NULL), WW_EINVAL);
    assert_int_equal(ww_item_put(s->op, session, "\xff", "x", 1, NULL, NULL), WW_EINVAL);
    free(token);
}

static void several_changes_happen_together_or_not_at_all(void **state)
{
    struct site *s = *state;
    enum ww_err err;
    char *token = site_register(s, "ada");
    struct ww_session *session = site_resume(s, token);
    struct ww_item_change changes[] = {
        {.size = sizeof changes[0], .action = WW_ITEM_PUT, .name = "a", .value = "1", .value_length = 1},
        {.size = sizeof changes[0], .action = WW_ITEM_DELETE, .name = "missing"},
    };
    assert_int_equal(ww_item_change(s->op, session, changes, 2), WW_ENOTFOUND);
    assert_null(site_get(s, token, "a", &err));
    assert_int_equal(err, WW_ENOTFOUND);
    free(token);
}

/* Every page is what comes next in the order of names, whatever the leaves hold. */
static void pages_hold_all(struct site *s, struct ww_session *session, size_t limit, size_t count)
{
    const struct ww_item_entry *const *entries;
    struct ww_page page = {.size = sizeof page, .limit = limit};
    size_t n = 0;
    do {
        assert_int_equal(ww_item_list(s->op, session, "", &page, &entries), WW_OK);
        assert_true(page.count == limit || !page.next);
        for (size_t i = 0; i < page.count; i++, n++) {
            char name[64];
            snprintf(name, sizeof name, "item %05zu with a name of some length", n);
            assert_string_equal(entries[i]->name, name);
        }
        page.token = page.next;
    } while (page.next);
    assert_int_equal(n, count);
}

/* Enough names that the tree deepens, with long ones among them. */
static void a_large_vault_lists_in_order_and_opens(void **state)
{
    struct site *s = *state;
    enum { COUNT = 1500 };
    const struct ww_item_entry *const *entries, *found;
    enum ww_err err;
    char *token = site_register(s, "ada");
    for (int i = 0; i < COUNT; i += 100) {
        struct ww_item_change changes[100];
        struct ww_session *session = site_resume(s, token);
        char names[100][64];
        for (int j = 0; j < 100; j++) {
            int length = snprintf(names[j], sizeof names[j], "item %05d with a name of some length", i + j);
            changes[j] = (struct ww_item_change){.size = sizeof changes[j],
                                                 .action = WW_ITEM_PUT,
                                                 .name = names[j],
                                                 .value = names[j],
                                                 .value_length = (size_t)length};
        }
        assert_int_equal(ww_item_change(s->op, session, changes, 100), WW_OK);
    }
    struct ww_session *session = site_resume(s, token);
    static const size_t limits[] = {67, 250, 700, 749, 750, 1000};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        pages_hold_all(s, session, limits[i], COUNT);
    }
    struct ww_page page = {.size = sizeof page, .limit = 20, .token = "item 00710"};
    assert_int_equal(ww_item_list(s->op, session, "item 007", &page, &entries), WW_OK);
    assert_int_equal(page.count, 20);
    assert_string_equal(entries[0]->name, "item 00710 with a name of some length");
    assert_string_equal(page.next, entries[19]->name);
    const char *id = entries[3]->id, *name = entries[3]->name;
    page.token = page.next;
    page.limit = 1000;
    assert_int_equal(ww_item_list(s->op, session, "item 007", &page, &entries), WW_OK);
    assert_int_equal(page.count, 70); /* 00730 to 00799 */
    assert_string_equal(entries[0]->name, "item 00730 with a name of some length");
    assert_null(page.next);
    assert_int_equal(ww_item_find(s->op, session, id, &found), WW_OK);
    assert_string_equal(found->name, name);
    struct ww_item_result written = {.size = sizeof written};
    assert_int_equal(ww_item_put(s->op, session, name, "new", 3, NULL, &written), WW_OK);
    assert_string_equal(written.id, id);
    static const char *const unknown[] = {"00112233445566778899aabbccddeeff", "", "0",
                                          "no id of an item at all"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(ww_item_find(s->op, session, unknown[i], &found), WW_ENOTFOUND);
    }
    assert_string_equal(site_get(s, token, "item 01234 with a name of some length", &err),
                        "item 01234 with a name of some length");
    struct ww_vault_state v = {.size = sizeof v};
    session = site_resume(s, token);
    assert_int_equal(ww_vault_state(s->op, session, &v), WW_OK);
    assert_int_equal(v.items, COUNT);
    free(token);
}

static void the_history_tells_what_happened(void **state)
{
    struct site *s = *state;
    const struct ww_event *const *events;
    struct ww_session *session;
    char *token = site_register(s, "ada");
    assert_int_equal(site_login(s, "ada", "wrong", &session), WW_EDENIED);
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &session), WW_OK);
    session = site_resume(s, token);
    struct ww_page page = {.size = sizeof page, .limit = 2};
    assert_int_equal(ww_account_history(s->op, session, &page, &events), WW_OK);
    assert_int_equal(page.count, 2);
    assert_string_equal(events[0]->event, "login.succeeded");
    assert_string_equal(events[0]->method, "password");
    assert_true(events[0]->time >= events[1]->time);
    assert_null(events[0]->location);
    assert_string_equal(events[1]->event, "login.failed");
    assert_non_null(page.next);
    page.token = page.next;
    assert_int_equal(ww_account_history(s->op, session, &page, &events), WW_OK);
    assert_int_equal(page.count, 1);
    assert_string_equal(events[0]->event, "account.registered");
    assert_true(events[0]->this_session);
    assert_null(page.next);
    page.token = "0-0-zz";
    assert_int_equal(ww_account_history(s->op, session, &page, &events), WW_EINVAL);
    free(token);
}

static void what_a_client_says_is_text_of_bounded_length(void **state)
{
    struct site *s = *state;
    struct ww_session *session;
    struct ww_page page = {.size = sizeof page};
    const struct ww_session_info *const *sessions;
    const struct ww_event *const *events;
    char city[400], *token;
    struct ww_client odd = {
        .size = sizeof odd, .address = "127.0.0.1", .user_agent = "caf\xe9/1.0", .location = city};
    memset(city, 'x', 127);
    strcpy(city + 127, "\xc3\xa9 and more"); /* the limit of 128 bytes is inside this character */
    free(site_register(s, "ada"));
    ww_op_end(s->op);
    assert_int_equal(ww_op_begin(s->ww, &odd, &s->op), WW_OK);
    assert_int_equal(site_sign_in(s->op, "ada@example.org", TEST_PASSWORD, &session), WW_OK);
    token = strdup(ww_session_token(s->op, session));
    session = site_resume(s, token);
    assert_int_equal(ww_session_list(s->op, session, &page, &sessions), WW_OK);
    city[127] = '\0';
    assert_string_equal(sessions[0]->user_agent, "caf\xef\xbf\xbd/1.0");
    assert_string_equal(sessions[0]->location, city);
    assert_int_equal(ww_account_history(s->op, session, &page, &events), WW_OK);
    assert_string_equal(events[0]->user_agent, "caf\xef\xbf\xbd/1.0");
    assert_int_equal(site_check(s), 0);
    free(token);
}

static void a_closed_account_leaves_its_epochs_only(void **state)
{
    static const char *const tables[] = {"accounts", "identifiers", "credentials",
                                         "vaults",   "items",       "sessions"};
    struct site *s = *state;
    struct ww_session *session;
    size_t n;
    char *token = site_register(s, "ada");
    assert_int_equal(site_put(s, token, "note", "gone"), WW_OK);
    session = site_resume(s, token);
    assert_int_equal(ww_account_delete(s->op, session, "someone@example.org"), WW_EINVAL);
    assert_int_equal(ww_account_delete(s->op, session, " ADA@example.org"), WW_OK);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT 1 FROM %s", tables[i]);
        assert_null(site_blob(s, sql, &n));
    }
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &session), WW_EDENIED);
    free(site_register(s, "ada"));
    assert_int_equal(site_check(s), 0);
    free(token);
}

static void a_stronger_setting_upgrades_the_hash_at_login(void **state)
{
    static const char *const stronger[] = {"hashers.argon2.memory=19MB", "hashers.argon2.iterations=3", NULL};
    struct site *s = *state;
    struct ww_session *session;
    size_t n;
    enum ww_err err;
    char *token = site_register(s, "ada");
    assert_int_equal(site_put(s, token, "note", "kept"), WW_OK);
    uint8_t *before = site_blob(s, "SELECT id FROM credentials", &n);
    site_reopen(s, stronger);
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &session), WW_OK);
    uint8_t *after = site_blob(s, "SELECT id FROM credentials", &n);
    assert_memory_not_equal(before, after, 16);
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &session), WW_OK);
    uint8_t *same = site_blob(s, "SELECT id FROM credentials", &n);
    assert_memory_equal(after, same, 16);
    assert_string_equal(site_get(s, token, "note", &err), "kept");
    assert_int_equal(site_check(s), 0);
    free(before);
    free(after);
    free(same);
    free(token);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_note_is_read_back_after_signing_in_again),
        CASE(unknown_names_and_wrong_passwords_get_one_answer),
        CASE(an_identifier_is_taken_whatever_its_spelling),
        CASE(bad_traits_and_weak_passwords_are_refused_by_name),
        CASE(a_new_password_keeps_the_vault_and_ends_other_sessions),
        CASE(a_session_just_made_can_change_the_password),
        CASE(sensitive_changes_need_a_recent_sign_in),
        CASE(a_session_ends_with_its_lifespan),
        CASE(a_session_left_alone_ends),
        CASE(items_follow_their_conditions),
        CASE(several_changes_happen_together_or_not_at_all),
        CASE(a_large_vault_lists_in_order_and_opens),
        CASE(the_history_tells_what_happened),
        CASE(what_a_client_says_is_text_of_bounded_length),
        CASE(a_closed_account_leaves_its_epochs_only),
        CASE(a_stronger_setting_upgrades_the_hash_at_login),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
