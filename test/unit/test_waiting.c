/* Vaults that wait (vault.md §10): given up for a new one, opened again by what opened them, merged,
 * discarded, over. Through the public interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "waiting.h"

#define NEW_PASSWORD "seven quiet otters by the river"
#define DAYS         UINT64_C(86400000000)

static const char *problem(struct site *s)
{
    return ww_op_problem(s->op)->id;
}

static void assert_item(struct site *s, const char *token, const char *name, const char *value)
{
    enum ww_err err;
    const char *got = site_get(s, token, name, &err);
    assert_int_equal(err, WW_OK);
    assert_string_equal(got, value);
}

static void assert_rows(struct site *s, const char *table, size_t wanted)
{
    char sql[100];
    size_t n;
    snprintf(sql, sizeof sql, "SELECT CAST(CAST(count(*) AS TEXT) AS %s) FROM %s",
             strncmp(s->dsn, "postgres", 8) ? "BLOB" : "BYTEA", table);
    uint8_t *text = site_blob(s, sql, &n);
    assert_non_null(text);
    char number[20] = "";
    memcpy(number, text, n < 19 ? n : 19);
    assert_int_equal(strtoul(number, NULL, 10), wanted);
    free(text);
}

static void assert_no_item(struct site *s, const char *token, const char *name)
{
    enum ww_err err;
    assert_null(site_get(s, token, name, &err));
    assert_int_equal(err, WW_ENOTFOUND);
}

static enum ww_err recover(struct site *s, const char *code)
{
    struct ww_recovery in = {.size = sizeof in,
                             .identifier = "ada@example.org",
                             .code = code,
                             .password = NEW_PASSWORD,
                             .password_length = strlen(NEW_PASSWORD)};
    struct ww_session *session;
    const char *next;
    return ww_recover(site_next(s), &in, &session, &next);
}

static enum ww_err discard(struct site *s, const char *token, const char *id, const char *confirm)
{
    struct ww_session *session = site_resume(s, token);
    return ww_waiting_discard(s->op, session, id, confirm);
}

/* Ada with notes "a" and "b" and ten codes; the vault is given up, and the new one has "b" and "c". */
static char *start_anew(struct site *s, char *old[10], char *codes[10], char **id)
{
    char *first = site_register(s, "ada");
    assert_int_equal(site_put(s, first, "a", "old a"), WW_OK);
    assert_int_equal(site_put(s, first, "b", "old b"), WW_OK);
    waiting_codes(s, first, old);
    char *token = waiting_locked(s, "ada", SET_PASSWORD);
    waiting_new_vault(s, token, "ada", codes);
    assert_int_equal(waiting_count(s, token, id), 1);
    s->offset += 60 * UINT64_C(1000000);
    assert_no_item(s, token, "a");
    assert_int_equal(site_put(s, token, "b", "new b"), WW_OK);
    assert_int_equal(site_put(s, token, "c", "new c"), WW_OK);
    assert_int_equal(site_check(s), 0);
    free(first);
    return token;
}

static void assert_merged(struct site *s, const char *token, const struct ww_merged *done)
{
    assert_int_equal(done->items, 2);
    assert_int_equal(done->renamed, 1);
    assert_int_equal(done->code_count, 10);
    assert_string_equal(done->from[0], "b");
    assert_memory_equal(done->to[0], "b (before 20", 12);
    char *renamed = strdup(done->to[0]);
    assert_item(s, token, "a", "old a");
    assert_item(s, token, "b", "new b");
    assert_item(s, token, "c", "new c");
    assert_item(s, token, renamed, "old b");
    assert_int_equal(waiting_count(s, token, NULL), 0);
    free(renamed);
}

static void an_old_password_brings_the_notes_back(void **state)
{
    struct site *s = *state;
    struct ww_merged done = {.size = sizeof done};
    struct ww_vault_state vault = {.size = sizeof vault};
    struct ww_session *session;
    char *old[10], *codes[10], *id, *token = start_anew(s, old, codes, &id);
    /* the password that was set signs in and opens the new vault; the old one does neither */
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &session), WW_EDENIED);
    assert_int_equal(site_login(s, "ada", SET_PASSWORD, &session), WW_OK);
    assert_true(ww_session_unlocked(s->op, session));
    assert_int_equal(ww_vault_state(s->op, session, &vault), WW_OK);
    assert_int_equal(vault.epoch, 2);
    assert_int_equal(vault.passwords, 1);
    assert_int_equal(vault.codes, 10);

    assert_int_equal(waiting_open(s, token, id, SET_PASSWORD, NULL, &done), WW_EDENIED);
    assert_string_equal(problem(s), "wrong_credentials");
    assert_int_equal(waiting_open(s, token, id, TEST_PASSWORD, NULL, &done), WW_OK);
    char *fresh = strdup(done.codes[4]);
    assert_merged(s, token, &done);
    assert_int_equal(waiting_open(s, token, id, TEST_PASSWORD, NULL, &done), WW_ENOTFOUND);
    assert_string_equal(problem(s), "waiting_not_found");
    /* a new epoch after the merge is signed by the one before, and old notes stay readable */
    uint32_t epoch;
    session = site_resume(s, token);
    assert_int_equal(ww_epoch_start(s->op, session, &epoch), WW_OK);
    assert_int_equal(epoch, 3);
    assert_item(s, token, "a", "old a");
    assert_int_equal(site_put(s, token, "a", "newer a"), WW_OK);
    assert_item(s, token, "a", "newer a");
    assert_int_equal(recover(s, old[0]), WW_EDENIED);
    assert_int_equal(recover(s, codes[0]), WW_EDENIED);
    assert_int_equal(recover(s, fresh), WW_OK);
    assert_int_equal(site_check(s), 0);
    waiting_free(old);
    waiting_free(codes);
    free(fresh);
    free(id);
    free(token);
}

static void an_old_code_brings_the_notes_back(void **state)
{
    struct site *s = *state;
    struct ww_merged done = {.size = sizeof done};
    char *old[10], *codes[10], *id, *token = start_anew(s, old, codes, &id);
    /* a code of before signs in to nothing, and is not told apart from a wrong one */
    assert_int_equal(recover(s, old[3]), WW_EDENIED);
    assert_string_equal(problem(s), "recovery_code_wrong");
    assert_int_equal(waiting_open(s, token, id, NULL, codes[3], &done), WW_EDENIED);
    assert_int_equal(waiting_open(s, token, id, NULL, "7K2M", &done), WW_EINVAL);
    assert_string_equal(problem(s), "recovery_code_wrong");
    assert_int_equal(waiting_open(s, token, id, NULL, old[3], &done), WW_OK);
    assert_merged(s, token, &done);
    assert_int_equal(site_check(s), 0);
    waiting_free(old);
    waiting_free(codes);
    free(id);
    free(token);
}

static void who_can_open_the_vault_starts_no_new_one(void **state)
{
    struct site *s = *state;
    struct ww_session *session, *opened;
    const char *const *made, *next;
    size_t n;
    char *first = site_register(s, "ada"), *token;
    session = site_resume(s, first);
    assert_int_equal(ww_vault_new(s->op, session, "ada@example.org", &opened, &made, &n), WW_ECONFLICT);
    assert_string_equal(problem(s), "vault_open");
    token = waiting_locked(s, "ada", SET_PASSWORD);
    session = site_resume(s, token);
    assert_int_equal(ww_vault_new(s->op, session, "bob@example.org", &opened, &made, &n), WW_EINVAL);
    assert_string_equal(problem(s), "confirm_mismatch");
    assert_null(opened);
    /* another session of the same person unlocks: the password opens from then on */
    assert_int_equal(site_login(s, "ada", SET_PASSWORD, &session), WW_OK);
    struct ww_opener opener = {
        .size = sizeof opener, .password = TEST_PASSWORD, .password_length = strlen(TEST_PASSWORD)};
    assert_int_equal(ww_unlock(s->op, session, &opener, &opened, &next), WW_OK);
    session = site_resume(s, token);
    assert_int_equal(ww_vault_new(s->op, session, "ada@example.org", &opened, &made, &n), WW_ECONFLICT);
    assert_string_equal(problem(s), "vault_open");
    s->offset += DAYS / 12;
    session = site_resume(s, token);
    assert_int_equal(ww_vault_new(s->op, session, "ada@example.org", &opened, &made, &n), WW_EREAUTH);
    assert_int_equal(site_check(s), 0);
    free(first);
    free(token);
}

static void a_second_factor_is_asked_for(void **state)
{
    struct site *s = *state;
    struct ww_session *opened;
    const char *const *made;
    size_t n;
    char *first = site_register(s, "ada");
    char *token = waiting_locked(s, "ada", SET_PASSWORD);
    site_require_second(s, token);
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_vault_new(s->op, session, "ada@example.org", &opened, &made, &n), WW_EAAL);
    free(first);
    free(token);
}

static void a_vault_is_discarded_by_name(void **state)
{
    struct site *s = *state;
    char *old[10], *codes[10], *id, *token = start_anew(s, old, codes, &id);
    assert_int_equal(discard(s, token, id, "bob@example.org"), WW_EINVAL);
    assert_int_equal(discard(s, token, "00000000-0000-4000-8000-000000000000", "ada@example.org"),
                     WW_ENOTFOUND);
    assert_int_equal(discard(s, token, "nothing", "ada@example.org"), WW_ENOTFOUND);
    assert_int_equal(discard(s, token, id, "ADA@example.org"), WW_OK);
    assert_int_equal(waiting_count(s, token, NULL), 0);
    assert_int_equal(waiting_open(s, token, id, TEST_PASSWORD, NULL, NULL), WW_ENOTFOUND);
    assert_item(s, token, "b", "new b");
    assert_rows(s, "items", 2); /* nothing of it is left */
    assert_int_equal(site_check(s), 0);
    waiting_free(old);
    waiting_free(codes);
    free(id);
    free(token);
}

static void after_its_time_nobody_opens_it(void **state)
{
    struct site *s = *state;
    size_t n;
    struct ww_session *session;
    char *old[10], *codes[10], *id, *first = start_anew(s, old, codes, &id);
    s->offset += 29 * DAYS;
    assert_int_equal(ww_maintain(site_next(s)), WW_OK);
    free(site_blob(s, "SELECT head FROM vaults WHERE kept > 0", &n));
    assert_true(n > 0);
    s->offset += 2 * DAYS;
    assert_int_equal(site_login(s, "ada", SET_PASSWORD, &session), WW_OK);
    char *token = strdup(ww_session_token(s->op, session));
    /* by the record's own time, before the sweep comes round */
    assert_int_equal(waiting_count(s, token, NULL), 0);
    assert_int_equal(waiting_open(s, token, id, TEST_PASSWORD, NULL, NULL), WW_ENOTFOUND);
    assert_int_equal(ww_maintain(site_next(s)), WW_OK);
    assert_null(site_blob(s, "SELECT head FROM vaults WHERE kept > 0", &n));
    assert_int_equal(waiting_open(s, token, id, TEST_PASSWORD, NULL, NULL), WW_ENOTFOUND);
    assert_item(s, token, "b", "new b");
    /* what it held goes at the next sign-in: only who opens the vault can tell which items are its */
    assert_rows(s, "items", 4);
    assert_int_equal(site_login(s, "ada", SET_PASSWORD, &session), WW_OK);
    assert_rows(s, "items", 2);
    assert_item(s, token, "b", "new b");
    assert_item(s, token, "c", "new c");
    assert_int_equal(site_check(s), 0);
    waiting_free(old);
    waiting_free(codes);
    free(id);
    free(first);
    free(token);
}

/* The column is an index: what it says deletes nothing, and keeps nothing for longer. */
static void the_record_says_when_it_is_over(void **state)
{
    struct site *s = *state;
    size_t n;
    char *old[10], *codes[10], *id, *token = start_anew(s, old, codes, &id);
    site_sql(s, "UPDATE vaults SET kept = 1", NULL, 0);
    assert_int_equal(ww_maintain(site_next(s)), WW_OK);
    free(site_blob(s, "SELECT head FROM vaults WHERE kept > 1", &n));
    assert_true(n > 0);
    assert_item(s, token, "b", "new b");
    assert_int_equal(waiting_open(s, token, id, TEST_PASSWORD, NULL, NULL), WW_OK);
    assert_item(s, token, "a", "old a");
    assert_int_equal(site_check(s), 0);
    waiting_free(old);
    waiting_free(codes);
    free(id);
    free(token);
}

/* Three vaults: the second joins the third after the first did, and its notes are newer than the first's. */
static void several_wait_and_join_in_any_order(void **state)
{
    struct site *s = *state;
    struct ww_merged done = {.size = sizeof done};
    const char *const third = "eleven grey herons on the roof";
    const struct ww_waiting *const *list;
    size_t n;
    char *first = site_register(s, "ada"), *second, *token, *id;
    assert_int_equal(site_put(s, first, "note", "one"), WW_OK);
    second = waiting_locked(s, "ada", SET_PASSWORD);
    waiting_new_vault(s, second, "ada", NULL);
    s->offset += DAYS / 12;
    assert_int_equal(site_put(s, second, "note", "two"), WW_OK);
    token = waiting_locked(s, "ada", third);
    waiting_new_vault(s, token, "ada", NULL);
    assert_int_equal(waiting_count(s, token, &id), 2);
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_waiting_list(s->op, session, &list, &n), WW_OK);
    char *oldest = strdup(list[0]->id);
    /* each by its own credential */
    assert_int_equal(waiting_open(s, token, oldest, SET_PASSWORD, NULL, &done), WW_EDENIED);
    assert_int_equal(waiting_open(s, token, id, TEST_PASSWORD, NULL, &done), WW_EDENIED);
    assert_int_equal(waiting_open(s, token, oldest, TEST_PASSWORD, NULL, &done), WW_OK);
    assert_item(s, token, "note", "one");
    assert_int_equal(waiting_open(s, token, id, SET_PASSWORD, NULL, &done), WW_OK);
    assert_int_equal(done.renamed, 1);
    char *renamed = strdup(done.to[0]);
    assert_item(s, token, "note", "two");
    assert_item(s, token, renamed, "one");
    assert_int_equal(waiting_count(s, token, NULL), 0);
    assert_int_equal(site_check(s), 0);
    free(renamed);
    free(oldest);
    free(id);
    free(first);
    free(second);
    free(token);
}

static void only_so_many_wait(void **state)
{
    struct site *s = *state;
    struct ww_session *opened;
    const char *const *made;
    char password[64], *id, *token = site_register(s, "ada");
    size_t n;
    for (int i = 0; i < 8; i++) {
        free(token);
        snprintf(password, sizeof password, SET_PASSWORD " %d", i);
        token = waiting_locked(s, "ada", password);
        waiting_new_vault(s, token, "ada", NULL);
    }
    free(token);
    token = waiting_locked(s, "ada", NEW_PASSWORD);
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_vault_new(s->op, session, "ada@example.org", &opened, &made, &n), WW_EFULL);
    assert_string_equal(problem(s), "waiting_full");
    assert_int_equal(ww_op_problem(s->op)->limit, 8);
    /* also a locked session discards */
    assert_int_equal(waiting_count(s, token, &id), 8);
    assert_int_equal(discard(s, token, id, "ada@example.org"), WW_OK);
    waiting_new_vault(s, token, "ada", NULL);
    /* what is over takes no place */
    s->offset += 31 * DAYS;
    free(token);
    token = waiting_locked(s, "ada", NEW_PASSWORD " again");
    waiting_new_vault(s, token, "ada", NULL);
    assert_int_equal(waiting_count(s, token, NULL), 1);
    assert_int_equal(site_check(s), 0);
    free(id);
    free(token);
}

/* Names that are taken already, by whoever foresaw them, and one that has no room left. */
static void renamed_names_are_free_ones(void **state)
{
    struct site *s = *state;
    struct ww_merged done = {.size = sizeof done};
    char long_name[1025], taken[64], *old[10], *codes[10], *id;
    memset(long_name, 'x', 1023);
    strcpy(long_name + 1020, "\xc3\xa4\xc3\xa4");
    char *token = start_anew(s, old, codes, &id);
    free(token);
    /* "b (before DATE)" exists in the new vault, and the long name in both */
    assert_int_equal(
        waiting_open(s, token = waiting_locked(s, "ada", NEW_PASSWORD), id, TEST_PASSWORD, NULL, &done),
        WW_ELOCKED);
    struct ww_session *session = site_resume(s, token), *opened;
    struct ww_opener opener = {
        .size = sizeof opener, .password = SET_PASSWORD, .password_length = strlen(SET_PASSWORD)};
    const char *next;
    assert_int_equal(ww_unlock(s->op, session, &opener, &opened, &next), WW_OK);
    free(token);
    token = strdup(ww_session_token(s->op, opened));
    time_t now = (time_t)(time(NULL));
    struct tm day;
    gmtime_r(&now, &day);
    strftime(taken, sizeof taken, "b (before %Y-%m-%d)", &day);
    assert_int_equal(site_put(s, token, taken, "foreseen"), WW_OK);
    assert_int_equal(waiting_open(s, token, id, TEST_PASSWORD, NULL, &done), WW_OK);
    char *renamed = strdup(done.to[0]);
    assert_memory_equal(renamed, taken, strlen(taken));
    assert_string_equal(renamed + strlen(taken), " 2");
    assert_item(s, token, taken, "foreseen");
    assert_item(s, token, renamed, "old b");
    assert_int_equal(site_check(s), 0);
    waiting_free(old);
    waiting_free(codes);
    free(renamed);
    free(id);
    free(token);
}

static void a_long_name_is_cut_at_a_character(void **state)
{
    struct site *s = *state;
    struct ww_merged done = {.size = sizeof done};
    char name[1025], *id, *first = site_register(s, "ada");
    for (size_t i = 0; i < 1024; i += 2) {
        memcpy(name + i, "\xc3\xa4", 2);
    }
    name[0] = name[1] = 'x';
    memmove(name + 1, name, 1022); /* so that two-byte letters begin at odd places */
    name[1024] = 0;
    name[1023] = 'y';
    assert_int_equal(site_put(s, first, name, "old"), WW_OK);
    char *token = waiting_locked(s, "ada", SET_PASSWORD);
    waiting_new_vault(s, token, "ada", NULL);
    assert_int_equal(site_put(s, token, name, "new"), WW_OK);
    waiting_count(s, token, &id);
    assert_int_equal(waiting_open(s, token, id, TEST_PASSWORD, NULL, &done), WW_OK);
    assert_int_equal(done.renamed, 1);
    char *renamed = strdup(done.to[0]);
    assert_true(strlen(renamed) <= 1024);
    assert_item(s, token, name, "new");
    assert_item(s, token, renamed, "old");
    free(renamed);
    free(id);
    free(first);
    free(token);
}

/* A vault of many leaves joins one of many leaves. */
static void large_vaults_join(void **state)
{
    enum { MANY = 400 };
    struct site *s = *state;
    struct ww_merged done = {.size = sizeof done};
    struct ww_item_change *changes = calloc(MANY, sizeof *changes);
    char(*names)[300] = calloc(MANY, sizeof *names), *id, *first = site_register(s, "ada");
    for (int round = 0; round < 2; round++) {
        char *token = round ? waiting_locked(s, "ada", SET_PASSWORD) : strdup(first);
        if (round) {
            waiting_new_vault(s, token, "ada", NULL);
        }
        for (int i = 0; i < MANY; i++) {
            snprintf(names[i], sizeof names[i], "%d %0*d", i, 250, i % 2 ? round : 7);
            changes[i] = (struct ww_item_change){.size = sizeof changes[i],
                                                 .action = WW_ITEM_PUT,
                                                 .name = names[i],
                                                 .value = round ? "new" : "old",
                                                 .value_length = 3};
        }
        struct ww_session *session = site_resume(s, token);
        assert_int_equal(ww_item_change(s->op, session, changes, MANY), WW_OK);
        if (round) {
            waiting_count(s, token, &id);
            assert_int_equal(waiting_open(s, token, id, TEST_PASSWORD, NULL, &done), WW_OK);
            assert_int_equal(done.items, MANY);
            assert_int_equal(done.renamed, MANY / 2);
            struct ww_vault_state vault = {.size = sizeof vault};
            session = site_resume(s, token);
            assert_int_equal(ww_vault_state(s->op, session, &vault), WW_OK);
            assert_int_equal(vault.items, 2 * MANY);
            assert_item(s, token, names[0], "new");
            assert_item(s, token, names[1], "new");
            free(id);
        }
        free(token);
    }
    assert_int_equal(site_check(s), 0);
    free(names);
    free(changes);
    free(first);
}

/* What a re-key of the new vault drops are its own slots: what waits keeps those that open it. */
static void a_rekey_leaves_what_waits(void **state)
{
    struct site *s = *state;
    struct ww_merged done = {.size = sizeof done};
    struct ww_session *renewed;
    const char *const *made;
    size_t n;
    char *old[10], *codes[10], *id, *token = start_anew(s, old, codes, &id);
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_rekey(s->op, session, SET_PASSWORD, strlen(SET_PASSWORD), &renewed, &made, &n),
                     WW_OK);
    free(token);
    token = strdup(ww_session_token(s->op, renewed));
    session = site_resume(s, token);
    assert_int_equal(ww_codes_revoke(s->op, session), WW_OK);
    session = site_resume(s, token);
    assert_int_equal(ww_password_change(s->op, session, NEW_PASSWORD, strlen(NEW_PASSWORD)), WW_OK);
    assert_int_equal(waiting_open(s, token, id, NULL, old[9], &done), WW_OK);
    assert_merged(s, token, &done);
    assert_int_equal(site_login(s, "ada", NEW_PASSWORD, &session), WW_OK);
    assert_int_equal(site_check(s), 0);
    waiting_free(old);
    waiting_free(codes);
    free(id);
    free(token);
}

/* A password that an administrator set is hashed in NFC, so that the slot it becomes opens however it is
 * typed: composed, decomposed, or with a compatibility letter that NFC leaves alone. */
static void a_set_password_opens_in_every_normal_form(void **state)
{
    static const char nfd[] = "pa\xcc\x88ssword of the herons", nfc[] = "p\xc3\xa4ssword of the herons";
    struct site *s = *state;
    struct ww_session *session, *opened;
    const char *next;
    char *first = site_register(s, "ada"), *token;
    assert_int_equal(site_put(s, first, "note", "kept"), WW_OK);
    for (int i = 0; i < 4; i++) {
        token = waiting_locked(s, "ada", i % 2 ? nfc : nfd); /* which signs in as it is */
        assert_int_equal(site_login(s, "ada", i % 2 ? nfd : nfc, &session), WW_OK);
        assert_false(ww_session_unlocked(s->op, session));
        if (i < 2) {
            const char *old = i ? nfd : TEST_PASSWORD;
            struct ww_opener opener = {
                .size = sizeof opener, .password = old, .password_length = strlen(old)};
            assert_int_equal(ww_unlock(s->op, session, &opener, &opened, &next), WW_OK);
        } else {
            free(token);
            token = strdup(ww_session_token(s->op, session));
            waiting_new_vault(s, token, "ada", NULL);
        }
        assert_int_equal(site_login(s, "ada", nfd, &session), WW_OK);
        assert_true(ww_session_unlocked(s->op, session));
        assert_int_equal(site_login(s, "ada", nfc, &session), WW_OK);
        assert_true(ww_session_unlocked(s->op, session));
        free(token);
    }
    assert_int_equal(site_check(s), 0);
    free(first);
}

static void wrong_tries_are_throttled(void **state)
{
    struct site *s = *state;
    enum ww_err err = WW_EDENIED;
    size_t tries = 0;
    char *old[10], *codes[10], *id, *token = start_anew(s, old, codes, &id);
    while (err == WW_EDENIED && tries++ < 60) {
        err = waiting_open(s, token, id, NULL, codes[0], NULL);
    }
    assert_int_equal(err, WW_ETHROTTLED);
    waiting_free(old);
    waiting_free(codes);
    free(id);
    free(token);
}

int main(void)
{
#define ON_A_SITE(test) cmocka_unit_test_setup_teardown(test, site_setup, site_teardown)
    const struct CMUnitTest tests[] = {
        ON_A_SITE(an_old_password_brings_the_notes_back),
        ON_A_SITE(an_old_code_brings_the_notes_back),
        ON_A_SITE(who_can_open_the_vault_starts_no_new_one),
        ON_A_SITE(a_second_factor_is_asked_for),
        ON_A_SITE(a_vault_is_discarded_by_name),
        ON_A_SITE(after_its_time_nobody_opens_it),
        ON_A_SITE(the_record_says_when_it_is_over),
        ON_A_SITE(several_wait_and_join_in_any_order),
        ON_A_SITE(only_so_many_wait),
        ON_A_SITE(renamed_names_are_free_ones),
        ON_A_SITE(a_long_name_is_cut_at_a_character),
        ON_A_SITE(large_vaults_join),
        ON_A_SITE(a_rekey_leaves_what_waits),
        ON_A_SITE(a_set_password_opens_in_every_normal_form),
        ON_A_SITE(wrong_tries_are_throttled),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
