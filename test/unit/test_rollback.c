/* A database that was put back to an earlier moment (vault.md §12): an account, its vault, the whole of it.
 * With a witness it is refused and told; the limits of §14 that concern it are shown beside. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "site.h"
#include "waiting.h"

#define ALL_TABLES                                                                                           \
    "accounts", "identifiers", "search", "credentials", "vaults", "leaves", "items", "epochs", "sessions",   \
        "flows", "audit", "counters", "meta"
static const char *const every[] = {ALL_TABLES, NULL};
/* What is of accounts, but not the log. */
static const char *const of_accounts[] = {"accounts", "identifiers", "credentials", "vaults",
                                          "leaves",   "items",       "sessions",    NULL};
static const char *const of_vaults[] = {"vaults", "leaves", "items", NULL};

static void on_table(struct site *s, const char *before, const char *table, const char *after)
{
    char sql[200];
    snprintf(sql, sizeof sql, "%s%s%s%s", before, table, after, *after ? table : "");
    site_sql(s, sql, NULL, 0);
}

static void remember(struct site *s)
{
    for (size_t i = 0; every[i]; i++) {
        on_table(s, "CREATE TABLE kept_", every[i], " AS SELECT * FROM ");
    }
}

static void put_back(struct site *s, const char *const *tables)
{
    for (; *tables; tables++) {
        on_table(s, "DELETE FROM ", *tables, "");
        on_table(s, "INSERT INTO ", *tables, " SELECT * FROM kept_");
    }
}

static char *open_with_ada(struct site *s, const char *const *extra)
{
    site_open(s, extra);
    char *token = site_register(s, "ada");
    assert_int_equal(site_put(s, token, "note", "first"), WW_OK);
    remember(s);
    return token;
}

static const char *const without[] = {"watchword.witness_file=off", NULL};

static enum ww_err resume(struct site *s, const char *token)
{
    struct ww_session *session;
    return ww_session_resume(site_next(s), token, &session);
}

static void change_password(struct site *s, const char *token, const char *password)
{
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(site_new_password(s->op, session, password), WW_OK);
}

static void test_a_whole_account_put_back_is_refused(void **state)
{
    (void)state;
    struct site s;
    struct ww_session *session;
    char *token = open_with_ada(&s, NULL), *bob = site_register(&s, "bob");
    change_password(&s, token, "another walk by the sea");
    put_back(&s, of_accounts);
    assert_int_equal(resume(&s, token), WW_EROLLEDBACK);
    assert_string_equal(ww_op_problem(s.op)->id, "vault_rolled_back");
    /* Neither the old password nor the new one. */
    assert_int_equal(site_login(&s, "ada", TEST_PASSWORD, &session), WW_EROLLEDBACK);
    assert_int_equal(site_login(&s, "ada", "another walk by the sea", &session), WW_EROLLEDBACK);
    assert_int_equal(site_check(&s), 1);
    /* bob is not there any more, and nobody learns more than that. */
    assert_int_equal(resume(&s, bob), WW_EDENIED);
    assert_int_equal(ww_maintain(site_next(&s)), WW_OK);
    free(token);
    free(bob);
    site_close(&s);
}

static void test_a_vault_put_back_is_refused(void **state)
{
    (void)state;
    struct site s;
    enum ww_err err;
    char *token = open_with_ada(&s, NULL);
    assert_int_equal(site_put(&s, token, "note", "second"), WW_OK);
    put_back(&s, of_vaults);
    /* Record and vault fit together: the record did not change. */
    assert_null(site_get(&s, token, "note", &err));
    assert_int_equal(err, WW_EROLLEDBACK);
    assert_int_equal(site_put(&s, token, "note", "third"), WW_EROLLEDBACK);
    assert_null(site_get(&s, token, "note", &err)); /* known by now */
    assert_int_equal(err, WW_EROLLEDBACK);
    free(token);
    site_close(&s);
}

/* vault.md §14, limit 5. */
static void test_limit_5_without_a_witness_it_is_believed(void **state)
{
    (void)state;
    struct site s;
    struct ww_session *session;
    enum ww_err err;
    char *token = open_with_ada(&s, without);
    change_password(&s, token, "another walk by the sea");
    assert_int_equal(site_put(&s, token, "note", "second"), WW_OK);
    put_back(&s, every);
    site_reopen(&s, without);
    assert_int_equal(site_login(&s, "ada", TEST_PASSWORD, &session), WW_OK);
    assert_string_equal(site_get(&s, token, "note", &err), "first");
    assert_int_equal(site_check(&s), 0);
    free(token);
    site_close(&s);
}

/* The same limit: a node guards what it has seen itself. */
static void test_limit_5_each_node_guards_what_it_has_seen(void **state)
{
    (void)state;
    struct site s;
    enum ww_err err;
    char other[120];
    char *token = open_with_ada(&s, NULL);
    snprintf(other, sizeof other, "watchword.witness_file=%s/keys/other", s.directory);
    const char *const other_node[] = {other, NULL};
    assert_int_equal(site_put(&s, token, "note", "second"), WW_OK);
    put_back(&s, of_vaults);
    site_reopen(&s, other_node);
    assert_string_equal(site_get(&s, token, "note", &err), "first");
    site_reopen(&s, NULL);
    assert_null(site_get(&s, token, "note", &err));
    assert_int_equal(err, WW_EROLLEDBACK);
    unlink(strchr(other, '=') + 1);
    free(token);
    site_close(&s);
}

/* vault.md §14, limit 6: one row of sessions is not counted by anything. */
static void test_limit_6_one_ended_session_can_be_revived(void **state)
{
    (void)state;
    struct site s;
    struct ww_session *session;
    static const char *const sessions[] = {"sessions", NULL};
    char *token = open_with_ada(&s, NULL);
    session = site_resume(&s, token);
    assert_int_equal(ww_session_end(s.op, session), WW_OK);
    assert_int_equal(resume(&s, token), WW_EDENIED);
    put_back(&s, sessions);
    assert_int_equal(resume(&s, token), WW_OK);
    /* Until all are ended. */
    change_password(&s, token, "another walk by the sea");
    assert_int_equal(site_login(&s, "ada", "another walk by the sea", &session), WW_OK);
    put_back(&s, sessions);
    assert_int_equal(resume(&s, token), WW_EDENIED);
    free(token);
    site_close(&s);
}

static enum ww_err open_again(struct site *s, enum ww_restore how, struct ww **ww, char why[400])
{
    char key[200], dsn[300];
    snprintf(dsn, sizeof dsn, "dsn=%s", s->dsn);
    snprintf(key, sizeof key, "watchword.server_key_file=%s/keys/server.key", s->directory);
    const char *const settings[] = {dsn, key};
    const struct ww_options options = {
        .size = sizeof options, .settings = settings, .setting_count = 2, .env = &s->env, .restore = how};
    return ww_open(&options, ww, why, 400);
}

static void test_a_whole_database_put_back_is_refused_at_the_start(void **state)
{
    (void)state;
    struct site s;
    struct ww *ww;
    char why[400];
    char *token = open_with_ada(&s, NULL);
    assert_int_equal(site_put(&s, token, "note", "second"), WW_OK);
    change_password(&s, token, "another walk by the sea"); /* which writes an event */
    put_back(&s, every);
    assert_int_equal(open_again(&s, WW_RESTORE_REFUSE, &ww, why), WW_EROLLEDBACK);
    assert_non_null(strstr(why, "restore accept"));
    /* A check opens it all the same, and tells: the whole, and the account. */
    assert_int_equal(open_again(&s, WW_RESTORE_LOOK, &ww, why), WW_OK);
    struct ww *mine = s.ww;
    s.ww = ww;
    site_next(&s);
    assert_int_equal(site_check(&s), 2);
    ww_op_end(s.op);
    ww_close(ww);
    s.ww = mine;
    assert_int_equal(ww_op_begin(s.ww, NULL, &s.op), WW_OK);
    free(token);
    site_close(&s);
}

/* Nothing but the log: the last events are gone. */
static void test_a_log_that_was_cut_is_refused_at_the_start(void **state)
{
    (void)state;
    struct site s;
    struct ww *ww;
    char why[400];
    char *token = open_with_ada(&s, NULL);
    site_sql(&s, "DELETE FROM audit WHERE n = (SELECT max(n) FROM audit)", NULL, 0);
    assert_int_equal(open_again(&s, WW_RESTORE_REFUSE, &ww, why), WW_EROLLEDBACK);
    free(token);
    site_close(&s);
}

static void test_a_deleted_account_that_is_put_back(void **state)
{
    (void)state;
    struct site s;
    struct ww_session *session;
    char *token = open_with_ada(&s, NULL);
    session = site_resume(&s, token);
    assert_int_equal(ww_account_delete(s.op, session, "ada@example.org"), WW_OK);
    put_back(&s, of_accounts);
    assert_int_equal(resume(&s, token), WW_EROLLEDBACK);
    assert_int_equal(site_login(&s, "ada", TEST_PASSWORD, &session), WW_EROLLEDBACK);
    free(token);
    site_close(&s);
}

static bool on_postgres(void)
{
    const char *cluster = getenv("WATCHWORD_TEST_POSTGRES");
    return cluster && *cluster;
}

static void next_id(struct site *s, int64_t id)
{
    char sql[200];
    if (on_postgres()) {
        snprintf(sql, sizeof sql, "ALTER TABLE accounts ALTER COLUMN id RESTART WITH %lld", (long long)id);
    } else {
        snprintf(sql, sizeof sql, "UPDATE sqlite_sequence SET seq = %lld WHERE name = 'accounts'",
                 (long long)id - 1);
    }
    site_sql(s, sql, NULL, 0);
}

static enum ww_err enrol(struct site *s, const char *traits)
{
    struct ww_session *session;
    return site_enrol(site_next(s), traits, TEST_PASSWORD, &session);
}

static void test_an_id_is_given_once(void **state)
{
    (void)state;
    struct site s;
    struct ww_session *session;
    char *token = open_with_ada(&s, NULL);
    session = site_resume(&s, token);
    assert_int_equal(ww_account_delete(s.op, session, "ada@example.org"), WW_OK);
    next_id(&s, 1);
    assert_int_equal(enrol(&s, "{\"email\":\"eve@example.org\"}"), WW_EROLLEDBACK);
    assert_int_equal(enrol(&s, "{\"email\":\"eve@example.org\"}"), on_postgres() ? WW_OK : WW_EROLLEDBACK);
    free(token);
    site_close(&s);
}

static void test_huge_ids(void **state)
{
    (void)state;
    struct site s;
    struct stat st;
    char path[100];
    char *token = open_with_ada(&s, NULL);
    next_id(&s, (int64_t)1 << 31);
    assert_int_equal(enrol(&s, "{\"email\":\"bob@example.org\"}"), WW_OK);
    snprintf(path, sizeof path, "%s/keys/witness", s.directory);
    assert_int_equal(stat(path, &st), 0);
    assert_in_range(st.st_blocks * 512, 1, 64 << 10);
    /* As somebody who writes to the database may choose it. */
    next_id(&s, (int64_t)1 << 40);
    assert_int_equal(enrol(&s, "{\"email\":\"cyn@example.org\"}"), WW_EFULL);
    assert_string_equal(ww_op_problem(s.op)->id, "account_ids_used_up");
    assert_int_equal(resume(&s, token), WW_OK);
    free(token);
    site_close(&s);
}

/* A number that is raised before its commit would refuse the account for good. */
static void test_what_was_not_committed_is_not_remembered(void **state)
{
    (void)state;
    struct site s;
    enum ww_err err;
    char *token = open_with_ada(&s, NULL);
    for (long i = 1; i < 40; i++) {
        struct ww_session *session = site_resume(&s, token);
        s.fail_at[WW_FAULT_STATEMENT] = i;
        err = ww_item_put(s.op, session, "note", "second", 6, NULL, NULL);
        s.fail_at[WW_FAULT_STATEMENT] = 0;
        assert_non_null(site_get(&s, token, "note", &err));
        assert_int_equal(err, WW_OK);
    }
    free(token);
    site_close(&s);
}

/* vault.md §12: two handles, one witness; and one that was started later knows what the first one saw. */
static void test_two_programs_on_one_store(void **state)
{
    (void)state;
    struct site s;
    struct ww *other;
    struct ww_op *op;
    struct ww_session *session;
    enum ww_err err;
    char why[400];
    char *token = open_with_ada(&s, NULL);
    assert_int_equal(open_again(&s, WW_RESTORE_REFUSE, &other, why), WW_OK);
    assert_int_equal(ww_op_begin(other, NULL, &op), WW_OK);
    assert_int_equal(ww_session_resume(op, token, &session), WW_OK);
    assert_int_equal(ww_item_put(op, session, "note", "second", 6, NULL, NULL), WW_OK);
    ww_op_end(op);
    ww_close(other);
    put_back(&s, of_vaults);
    assert_null(site_get(&s, token, "note", &err));
    assert_int_equal(err, WW_EROLLEDBACK);
    free(token);
    site_close(&s);
}

/* vault.md §12: what a browser keeps is compared where no witness is. */
static void test_a_browser_remembers(void **state)
{
    (void)state;
    struct site s;
    struct ww_session *session;
    char *token = open_with_ada(&s, without);
    change_password(&s, token, "another walk by the sea");
    assert_int_equal(site_login(&s, "ada", "another walk by the sea", &session), WW_OK);
    char *device = strdup(ww_device(s.op));
    assert_null(ww_device(site_next(&s)));
    assert_int_equal(ww_device_show(s.op, device), WW_OK);
    assert_int_equal(site_sign_in(s.op, "ada@example.org", "another walk by the sea", &session), WW_OK);
    put_back(&s, every);
    /* Only after the right password: others learn nothing by it. */
    assert_int_equal(ww_device_show(site_next(&s), device), WW_OK);
    assert_int_equal(site_sign_in(s.op, "ada@example.org", "another walk by the sea", &session), WW_EDENIED);
    assert_int_equal(ww_device_show(site_next(&s), device), WW_OK);
    assert_int_equal(site_sign_in(s.op, "ada@example.org", TEST_PASSWORD, &session), WW_EROLLEDBACK);
    assert_null(session);
    /* Altered, cut, too long, of somebody else: as if there were none. */
    const char *const others[] = {NULL, "", "AAAA", "!", device + 1};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(ww_device_show(site_next(&s), others[i]), WW_OK);
        assert_int_equal(site_sign_in(s.op, "ada@example.org", TEST_PASSWORD, &session), WW_OK);
    }
    device[70] = device[70] == 'A' ? 'B' : 'A';
    assert_int_equal(ww_device_show(site_next(&s), device), WW_OK);
    assert_int_equal(site_sign_in(s.op, "ada@example.org", TEST_PASSWORD, &session), WW_OK);
    free(device);
    free(token);
    site_close(&s);
}

/* A vault alone, at the same record. */
static void test_a_browser_remembers_the_vault(void **state)
{
    (void)state;
    struct site s;
    struct ww_session *session;
    char *token = open_with_ada(&s, without);
    assert_int_equal(site_put(&s, token, "note", "second"), WW_OK);
    assert_int_equal(site_login(&s, "ada", TEST_PASSWORD, &session), WW_OK);
    char *device = strdup(ww_device(s.op));
    put_back(&s, of_vaults);
    assert_int_equal(ww_device_show(site_next(&s), device), WW_OK);
    assert_int_equal(site_sign_in(s.op, "ada@example.org", TEST_PASSWORD, &session), WW_EROLLEDBACK);
    free(device);
    free(token);
    site_close(&s);
}

/* One try to accept, of which the n-th statement, or allocation, fails. */
static enum ww_err accept_once(struct site *s, enum ww_fault kind, long n, struct ww_restored *r)
{
    struct ww *ww;
    struct ww_op *op;
    char why[400];
    assert_int_equal(open_again(s, WW_RESTORE_ACCEPT, &ww, why), WW_OK);
    assert_int_equal(ww_op_begin(ww, NULL, &op), WW_OK);
    s->fail_at[kind] = n;
    enum ww_err err = ww_restore_accept(op, false, NULL, NULL, r);
    s->fail_at[kind] = 0;
    ww_op_end(op);
    ww_close(ww);
    return err;
}

/* Stopped after each statement: nothing else opens the store, and the next try goes on. */
static void accept_with_faults(enum ww_fault kind, long step)
{
    struct site s;
    struct ww *ww;
    struct ww_session *session;
    char why[400];
    char *token = open_with_ada(&s, NULL);
    struct ww_restored r = {.size = sizeof r};
    enum ww_err err = WW_EIO;
    long n = 0;
    change_password(&s, token, "another walk by the sea");
    char *bob = site_register(&s, "bob");
    put_back(&s, every);
    ww_op_end(s.op);
    ww_close(s.ww);
    while (err) {
        n += step;
        err = accept_once(&s, kind, n, &r);
        assert_true(err == WW_OK || err == WW_EIO || err == WW_ENOMEM);
        if (err) {
            assert_int_equal(open_again(&s, WW_RESTORE_REFUSE, &ww, why), WW_EROLLEDBACK);
        }
    }
    assert_true(n > 2);
    assert_int_equal(open_again(&s, WW_RESTORE_REFUSE, &s.ww, why), WW_OK);
    assert_int_equal(ww_op_begin(s.ww, NULL, &s.op), WW_OK);
    assert_int_equal(site_check(&s), 0);
    assert_int_equal(resume(&s, token), WW_EDENIED);
    assert_int_equal(site_login(&s, "ada", TEST_PASSWORD, &session), WW_OK);
    assert_int_equal(enrol(&s, "{\"email\":\"bob@example.org\"}"), WW_OK);
    free(token);
    free(bob);
    site_close(&s);
}

static void test_a_restore_that_fails_anywhere(void **state)
{
    (void)state;
    accept_with_faults(WW_FAULT_STATEMENT, 1);
    accept_with_faults(WW_FAULT_ALLOC, 3);
}

static void test_accepting_is_asked_for(void **state)
{
    (void)state;
    struct site s;
    struct ww *ww;
    char why[400];
    struct ww_restored r = {.size = sizeof r};
    char *token = open_with_ada(&s, NULL);
    assert_int_equal(ww_restore_accept(site_next(&s), false, NULL, NULL, &r), WW_EINVAL);
    assert_string_equal(ww_op_problem(s.op)->id, "restore_not_open");
    assert_int_equal(open_again(&s, WW_RESTORE_ACCEPT, &ww, why), WW_EBUSY);
    assert_non_null(strstr(why, "stop the server"));
    free(token);
    site_close(&s);
}

/* A code of before the restore may have been used since: it signs nobody in, but opens for who is. */
static void test_a_code_of_a_restored_account_signs_nobody_in(void **state)
{
    (void)state;
    struct site s;
    struct ww_session *session;
    const char *next;
    char *codes[10], *token;
    site_open(&s, NULL);
    token = site_register(&s, "ada");
    waiting_codes(&s, token, codes);
    remember(&s);
    change_password(&s, token, "another walk by the sea");
    put_back(&s, every);
    ww_op_end(s.op);
    ww_close(s.ww);
    struct ww_restored r = {.size = sizeof r};
    assert_int_equal(accept_once(&s, WW_FAULT_STATEMENT, 0, &r), WW_OK);
    char why[400];
    assert_int_equal(open_again(&s, WW_RESTORE_REFUSE, &s.ww, why), WW_OK);
    assert_int_equal(ww_op_begin(s.ww, NULL, &s.op), WW_OK);
    struct ww_recovery in = {.size = sizeof in,
                             .identifier = "ada@example.org",
                             .code = codes[0],
                             .password = SET_PASSWORD,
                             .password_length = strlen(SET_PASSWORD)};
    assert_int_equal(ww_recover(s.op, &in, &session, &next), WW_EDENIED);
    assert_string_equal(ww_op_problem(s.op)->id, "recovery_code_wrong");
    assert_int_equal(site_login(&s, "ada", TEST_PASSWORD, &session), WW_OK);
    free(token);
    token = waiting_locked(&s, "ada", SET_PASSWORD);
    struct ww_opener opener = {.size = sizeof opener, .code = codes[0]};
    struct ww_session *opened;
    session = site_resume(&s, token);
    assert_int_equal(ww_unlock(s.op, session, &opener, &opened, &next), WW_OK);
    assert_true(ww_session_unlocked(s.op, opened));
    free(token);
    waiting_free(codes);
    site_close(&s);
}

/* ---- no false alarm ---- */

enum { ACTORS = 4, DEEDS = 40 };
struct actor {
    struct ww *ww;
    const char *token;
    int number;
    enum ww_err unexpected;
};

static enum ww_err act(struct ww_op *op, const struct actor *a, int i)
{
    struct ww_session *session;
    struct ww_check_report report = {.size = sizeof report};
    const void *value;
    size_t n;
    if (a->number == 3) { /* in snapshots */
        enum ww_err err = ww_check(op, NULL, NULL, NULL, &report);
        return err == WW_OK && report.problems ? WW_ETAMPERED : err;
    }
    enum ww_err err = ww_session_resume(op, a->token, &session);
    if (err) {
        return err;
    }
    if (a->number == 2) {
        return ww_item_get(op, session, "note", &value, &n, NULL);
    }
    /* One writes the vault, the other the record. */
    return a->number == 0 ? ww_item_put(op, session, "note", "x", 1, NULL, NULL)
                          : ww_traits_change(op, session,
                                             i % 2 ? "{\"email\":\"ada@example.org\"}"
                                                   : "{\"email\":\"ada2@example.org\"}");
}

static void *act_often(void *context)
{
    struct actor *a = context;
    for (int i = 0; i < DEEDS && !a->unexpected; i++) {
        struct ww_op *op;
        enum ww_err err = ww_op_begin(a->ww, NULL, &op);
        err = err ? err : act(op, a, i);
        a->unexpected = err == WW_OK || err == WW_EBUSY ? WW_OK : err;
        ww_op_end(op);
    }
    return NULL;
}

/* Two programs on one store and one witness, of which two write while the others look. */
static void test_reading_beside_writing_is_no_alarm(void **state)
{
    (void)state;
    struct site s;
    struct ww *other;
    char why[400];
    pthread_t threads[ACTORS];
    struct actor actors[ACTORS];
    char *token = open_with_ada(&s, NULL);
    assert_int_equal(open_again(&s, WW_RESTORE_REFUSE, &other, why), WW_OK);
    for (int i = 0; i < ACTORS; i++) {
        actors[i] = (struct actor){i % 2 ? other : s.ww, token, i, WW_OK};
        assert_int_equal(pthread_create(&threads[i], NULL, act_often, &actors[i]), 0);
    }
    for (int i = 0; i < ACTORS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < ACTORS; i++) {
        if (actors[i].unexpected) {
            fail_msg("actor %d: %s", i, ww_err_name(actors[i].unexpected));
        }
    }
    ww_close(other);
    free(token);
    site_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_account_put_back_is_refused),
        cmocka_unit_test(test_a_vault_put_back_is_refused),
        cmocka_unit_test(test_limit_5_without_a_witness_it_is_believed),
        cmocka_unit_test(test_limit_5_each_node_guards_what_it_has_seen),
        cmocka_unit_test(test_limit_6_one_ended_session_can_be_revived),
        cmocka_unit_test(test_a_whole_database_put_back_is_refused_at_the_start),
        cmocka_unit_test(test_a_log_that_was_cut_is_refused_at_the_start),
        cmocka_unit_test(test_a_deleted_account_that_is_put_back),
        cmocka_unit_test(test_an_id_is_given_once),
        cmocka_unit_test(test_huge_ids),
        cmocka_unit_test(test_what_was_not_committed_is_not_remembered),
        cmocka_unit_test(test_two_programs_on_one_store),
        cmocka_unit_test(test_reading_beside_writing_is_no_alarm),
        cmocka_unit_test(test_a_restore_that_fails_anywhere),
        cmocka_unit_test(test_accepting_is_asked_for),
        cmocka_unit_test(test_a_code_of_a_restored_account_signs_nobody_in),
        cmocka_unit_test(test_a_browser_remembers),
        cmocka_unit_test(test_a_browser_remembers_the_vault),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
