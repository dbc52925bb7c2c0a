/* Hostile storage (vault.md §15): whoever may write to the database swaps, copies, flips, cuts, empties,
 * restores and deletes what is stored. Expected: a named refusal, never another account's data, a wrong
 * value, a weaker state or a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "site.h"

static int open_pair(void **state)
{
    site_setup_pair(state);
    struct site_pair *p = *state;
    assert_int_equal(site_put(&p->site, p->ada, "note", "of ada"), WW_OK);
    assert_int_equal(site_put(&p->site, p->bob, "note", "of bob"), WW_OK);
    return 0;
}

/* What ada gets when she resumes her session and reads her note. */
static enum ww_err read_note(struct site_pair *p)
{
    enum ww_err err;
    const char *value = site_get(&p->site, p->ada, "note", &err);
    if (err == WW_OK) {
        assert_string_equal(value, "of ada"); /* never another value */
    }
    return err;
}

static enum ww_err log_in(struct site_pair *p)
{
    struct ww_session *session;
    return site_login(&p->site, "ada", TEST_PASSWORD, &session);
}

/* A stored column of ada's row, and what must come of an altered one. */
struct target {
    const char *table, *column, *where_ada, *where_bob;
    enum ww_err reading, login; /* WW_OK: not touched by it */
};

#define OF(n) "account = (SELECT min(id) + " #n " FROM accounts)"
static const struct target targets[] = {
    {"accounts", "blob", "id = (SELECT min(id) FROM accounts)", "id = (SELECT max(id) FROM accounts)",
     WW_ETAMPERED, WW_ETAMPERED},
    {"credentials", "blob", OF(0), OF(1), WW_OK, WW_ETAMPERED},
    {"vaults", "ring", OF(0), OF(1), WW_ETAMPERED, WW_ETAMPERED},
    {"vaults", "head", OF(0), OF(1), WW_ETAMPERED, WW_ETAMPERED},
    {"items", "blob", OF(0), OF(1), WW_ETAMPERED, WW_OK},
    {"sessions", "blob", OF(0), OF(1), WW_EDENIED, WW_OK},
};
enum { TARGETS = sizeof targets / sizeof targets[0] };

static void set_blob(struct site_pair *p, const struct target *t, const uint8_t *blob, size_t n)
{
    char sql[300];
    snprintf(sql, sizeof sql, "UPDATE %s SET %s = $1 WHERE %s", t->table, t->column, t->where_ada);
    site_sql(&p->site, sql, DB_ARGS(DB_B(BYTES(blob, n))));
}

static uint8_t *get_blob(struct site_pair *p, const struct target *t, const char *where, size_t *n)
{
    char sql[300];
    snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE %s", t->column, t->table, where);
    uint8_t *blob = site_blob(&p->site, sql, n);
    assert_non_null(blob);
    return blob;
}

static void expect_refused(struct site_pair *p, const struct target *t, const char *how)
{
    p->site.offset += UINT64_C(15) * 60 * 1000000; /* else the throttle answers: each refusal is counted */
    enum ww_err reading = read_note(p), login = log_in(p);
    if (reading != t->reading || login != t->login) {
        fail_msg("%s.%s %s: reading %s, login %s", t->table, t->column, how, ww_err_name(reading),
                 ww_err_name(login));
    }
}

static void every_flipped_byte_is_refused(void **state)
{
    struct site_pair *p = *state;
    for (size_t i = 0; i < TARGETS; i++) {
        size_t n;
        uint8_t *blob = get_blob(p, &targets[i], targets[i].where_ada, &n);
        for (size_t at = 0; at < n; at += at < 80 ? 9 : 37) {
            blob[at] ^= 0x10;
            set_blob(p, &targets[i], blob, n);
            enum ww_err reading = read_note(p);
            bool key_id = at >= 1 && at < 5 && strcmp(targets[i].table, "vaults") != 0;
            if (reading != targets[i].reading && !(key_id && reading == WW_EKEYMISSING)) {
                fail_msg("%s.%s byte %zu: %s", targets[i].table, targets[i].column, at, ww_err_name(reading));
            }
            blob[at] ^= 0x10;
        }
        set_blob(p, &targets[i], blob, n);
        assert_int_equal(read_note(p), WW_OK);
        free(blob);
    }
}

static void cut_empty_and_overlong_blobs_are_refused(void **state)
{
    struct site_pair *p = *state;
    for (size_t i = 0; i < TARGETS; i++) {
        size_t n;
        uint8_t *blob = get_blob(p, &targets[i], targets[i].where_ada, &n);
        set_blob(p, &targets[i], blob, n - 1);
        expect_refused(p, &targets[i], "cut");
        set_blob(p, &targets[i], blob, 0);
        expect_refused(p, &targets[i], "empty");
        uint8_t *huge = calloc(1, n + 100000);
        assert_non_null(huge);
        memcpy(huge, blob, n);
        set_blob(p, &targets[i], huge, n + 100000);
        expect_refused(p, &targets[i], "overlong");
        set_blob(p, &targets[i], blob, n);
        free(huge);
        free(blob);
        assert_int_equal(log_in(p), WW_OK);
    }
}

static void blobs_of_another_account_are_refused(void **state)
{
    struct site_pair *p = *state;
    for (size_t i = 0; i < TARGETS; i++) {
        size_t n, m;
        uint8_t *own = get_blob(p, &targets[i], targets[i].where_ada, &n);
        uint8_t *foreign = get_blob(p, &targets[i], targets[i].where_bob, &m);
        set_blob(p, &targets[i], foreign, m);
        expect_refused(p, &targets[i], "of another account");
        set_blob(p, &targets[i], own, n);
        assert_int_equal(read_note(p), WW_OK);
        free(own);
        free(foreign);
    }
}

static void older_copies_are_refused(void **state)
{
    struct site_pair *p = *state;
    for (size_t i = 0; i < TARGETS; i++) {
        const struct target *t = &targets[i];
        size_t n, m;
        struct ww_session *session;
        char password[60];
        if (strcmp(t->table, "sessions") == 0 || strcmp(t->column, "ring") == 0) {
            continue; /* an old session lives until it ends; the ring does not change in this version */
        }
        uint8_t *old = get_blob(p, t, t->where_ada, &n);
        assert_int_equal(site_put(&p->site, p->ada, "note", "of ada"), WW_OK);
        session = site_resume(&p->site, p->ada);
        snprintf(password, sizeof password, "a new password, number %zu", i);
        if (strcmp(t->table, "items") != 0) {
            assert_int_equal(site_new_password(p->site.op, session, password), WW_OK);
        }
        uint8_t *current = get_blob(p, t, t->where_ada, &m);
        set_blob(p, t, old, n);
        enum ww_err reading = read_note(p);
        enum ww_err login = site_login(&p->site, "ada", TEST_PASSWORD, &session);
        bool refused = reading == WW_ETAMPERED || reading == WW_EROLLEDBACK || reading == WW_EDENIED;
        if (strcmp(t->table, "credentials") == 0) {
            refused = login != WW_OK; /* the old slot under the new id opens nothing */
        }
        if (!refused) {
            fail_msg("an old %s.%s is accepted: %s", t->table, t->column, ww_err_name(reading));
        }
        set_blob(p, t, current, m);
        assert_int_equal(read_note(p), WW_OK);
        free(old);
        free(current);
    }
}

static void an_old_credential_row_is_not_listed(void **state)
{
    struct site_pair *p = *state;
    struct ww_session *session;
    site_sql(&p->site, "CREATE TABLE saved AS SELECT * FROM credentials", NULL, 0);
    session = site_resume(&p->site, p->ada);
    assert_int_equal(site_new_password(p->site.op, session, "a password to be forgotten"), WW_OK);
    site_sql(&p->site,
             "INSERT INTO credentials SELECT * FROM saved WHERE id NOT IN (SELECT id FROM credentials)", NULL,
             0);
    assert_int_equal(site_login(&p->site, "ada", TEST_PASSWORD, &session), WW_EDENIED);
    assert_true(site_check(&p->site) > 0);
    site_sql(&p->site, "DROP TABLE saved", NULL, 0);
}

static void deleted_rows_are_refused_not_forgotten(void **state)
{
    static const struct {
        const char *sql;
        enum ww_err reading, login;
    } cases[] = {
        {"DELETE FROM items WHERE " OF(0), WW_ETAMPERED, WW_OK},
        {"DELETE FROM vaults WHERE " OF(0), WW_ETAMPERED, WW_ETAMPERED},
        {"DELETE FROM credentials WHERE " OF(0), WW_OK, WW_ETAMPERED},
        {"DELETE FROM sessions WHERE " OF(0), WW_EDENIED, WW_OK},
        {"DELETE FROM identifiers WHERE " OF(0), WW_OK, WW_EDENIED},
        {"DELETE FROM accounts WHERE id = (SELECT min(id) FROM accounts)", WW_EDENIED, WW_EDENIED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct site_pair *p = *state;
        site_sql(&p->site, cases[i].sql, NULL, 0);
        enum ww_err reading = read_note(p), login = log_in(p);
        if (reading != cases[i].reading || login != cases[i].login) {
            fail_msg("%s: reading %s, login %s", cases[i].sql, ww_err_name(reading), ww_err_name(login));
        }
        site_teardown_pair(state);
        open_pair(state);
    }
}

static void an_identifier_pointed_elsewhere_logs_nobody_in(void **state)
{
    struct site_pair *p = *state;
    struct ww_session *session;
    site_sql(&p->site, "UPDATE identifiers SET account = (SELECT max(id) FROM accounts) WHERE " OF(0), NULL,
             0);
    assert_int_equal(site_login(&p->site, "ada", TEST_PASSWORD, &session), WW_EDENIED);
    assert_true(site_check(&p->site) > 0);
}

static void plain_columns_are_never_believed(void **state)
{
    struct site_pair *p = *state;
    site_sql(&p->site, "UPDATE sessions SET expires = expires + 1 WHERE " OF(0), NULL, 0);
    assert_int_equal(read_note(p), WW_EDENIED);
    site_sql(&p->site, "UPDATE sessions SET expires = expires - 1 WHERE " OF(0), NULL, 0);
    assert_int_equal(read_note(p), WW_OK);
    site_sql(&p->site, "UPDATE accounts SET seq = seq + 1", NULL, 0);
    assert_int_equal(read_note(p), WW_ETAMPERED);
    site_sql(&p->site, "UPDATE accounts SET seq = seq - 1", NULL, 0);
    assert_int_equal(site_check(&p->site), 0);
    site_sql(&p->site, "UPDATE accounts SET created = created - 1", NULL, 0);
    assert_int_equal(site_check(&p->site), 2);
    site_sql(&p->site, "UPDATE accounts SET created = created + 1", NULL, 0);
    site_sql(&p->site, "UPDATE credentials SET hot = 1", NULL, 0);
    assert_int_equal(site_check(&p->site), 2);
    site_sql(&p->site, "UPDATE credentials SET hot = 0", NULL, 0);
    site_sql(&p->site, "UPDATE sessions SET account = (SELECT max(id) FROM accounts) WHERE " OF(0), NULL, 0);
    assert_int_equal(read_note(p), WW_EDENIED);
}

/* Which version an item has is known without its row: what answers a question for it opens nothing. */
static void the_version_of_an_item_is_known_without_its_value(void **state)
{
    struct site_pair *p = *state;
    const struct ww_item_entry *entry;
    site_sql(&p->site, "DELETE FROM items", NULL, 0);
    struct ww_session *session = site_resume(&p->site, p->ada);
    assert_int_equal(ww_item_look(p->site.op, session, "note", &entry), WW_OK);
    assert_int_equal(entry->version, 1);
    assert_int_equal(ww_item_look(p->site.op, session, "another", &entry), WW_ENOTFOUND);
    assert_int_equal(read_note(p), WW_ETAMPERED);
}

/* Rows that no record, head or epoch count names: ignored, and told by check. */
static void rows_that_nothing_names_are_reported(void **state)
{
#define OF_ADA "(SELECT min(id) FROM accounts)"
    static const char *const added[] = {
        "INSERT INTO search (tag, account) SELECT $1, " OF_ADA,
        "INSERT INTO items (id, account, blob) SELECT $1, " OF_ADA ", $1",
        "INSERT INTO leaves (vid, number, blob) SELECT vid, 5, $1 FROM vaults WHERE account = " OF_ADA,
        "INSERT INTO leaves (vid, number, blob) SELECT vid, 0, $1 FROM vaults WHERE account = " OF_ADA,
        "INSERT INTO leaves (vid, number, blob) VALUES ($1, 0, $1)",
        "INSERT INTO epochs (uuid, n, blob) SELECT uuid, 2, $1 FROM accounts WHERE id = " OF_ADA,
        "INSERT INTO identifiers (tag, account) SELECT $1, " OF_ADA,
        "INSERT INTO credentials (id, account, kind, hot, blob) SELECT $1, " OF_ADA ", 1, 0, $1",
        "INSERT INTO vaults (vid, account, ring, head) SELECT $1, " OF_ADA ", $1, $1",
    };
    const uint8_t id[16] = {7};
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++) {
        struct site_pair *p = *state;
        assert_int_equal(site_check(&p->site), 0);
        site_sql(&p->site, added[i], DB_ARGS(DB_B(BYTES(id, sizeof id))));
        if (site_check(&p->site) != 1) {
            fail_msg("not one problem after: %s", added[i]);
        }
        assert_int_equal(read_note(p), WW_OK);
        assert_int_equal(log_in(p), WW_OK);
        site_teardown_pair(state);
        open_pair(state);
    }
}

/* The record says which vault is the account's: a row beside it is neither opened nor in the way, whichever
 * comes first, and check tells of it. */
static void another_vault_of_the_account_is_not_picked(void **state)
{
    struct site_pair *p = *state;
    const uint8_t low[16] = {0}, high[16] = {255};
    site_sql(&p->site, "CREATE TABLE saved AS SELECT * FROM vaults WHERE " OF(0), NULL, 0);
    site_sql(&p->site, "DELETE FROM vaults WHERE " OF(0), NULL, 0);
    for (int i = 0; i < 2; i++) {
        site_sql(&p->site,
                 "INSERT INTO vaults (vid, account, ring, head) SELECT $1, (SELECT min(id) FROM accounts),"
                 " ring, head FROM vaults WHERE " OF(1),
                 DB_ARGS(DB_B(BYTES(i ? high : low, 16))));
    }
    site_sql(&p->site, "INSERT INTO vaults SELECT * FROM saved", NULL, 0);
    site_sql(&p->site, "DROP TABLE saved", NULL, 0);
    assert_int_equal(read_note(p), WW_OK);
    assert_int_equal(site_put(&p->site, p->ada, "note", "of ada"), WW_OK);
    assert_int_equal(log_in(p), WW_OK);
    assert_int_equal(site_check(&p->site), 1);
}

static void a_lost_meta_is_not_made_anew(void **state)
{
    struct site_pair *p = *state;
    char why[300];
    char dsn[300], key[200];
    struct ww *ww;
    snprintf(dsn, sizeof dsn, "dsn=%s", p->site.dsn);
    snprintf(key, sizeof key, "watchword.server_key_file=%s/keys/server.key", p->site.directory);
    const char *settings[] = {dsn, key};
    struct ww_options options = {.size = sizeof options, .settings = settings, .setting_count = 2};
    size_t n;
    uint8_t *blob = site_blob(&p->site, "SELECT blob FROM meta", &n);
    blob[n - 1] ^= 1;
    site_sql(&p->site, "UPDATE meta SET blob = $1", DB_ARGS(DB_B(BYTES(blob, n))));
    free(blob);
    assert_int_not_equal(ww_open(&options, &ww, why, sizeof why), WW_OK);
    site_sql(&p->site, "DELETE FROM meta", NULL, 0);
    assert_int_equal(ww_open(&options, &ww, why, sizeof why), WW_ETAMPERED);
}

static void alter_audit(struct site_pair *p, const char *column)
{
    char sql[200];
    size_t n;
    snprintf(sql, sizeof sql, "SELECT %s FROM audit WHERE n = 2", column);
    uint8_t *blob = site_blob(&p->site, sql, &n);
    assert_non_null(blob);
    blob[n - 1] ^= 1;
    snprintf(sql, sizeof sql, "UPDATE audit SET %s = $1 WHERE n = 2", column);
    site_sql(&p->site, sql, DB_ARGS(DB_B(BYTES(blob, n))));
    free(blob);
}

static void altered_audit_rows_are_reported(void **state)
{
    static const char *const columns[] = {"mark", "link", "blob"};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        struct site_pair *p = *state;
        assert_int_equal(site_check(&p->site), 0);
        alter_audit(p, columns[i]);
        assert_true(site_check(&p->site) > 0);
        site_teardown_pair(state);
        open_pair(state);
    }
    struct site_pair *p = *state;
    site_sql(&p->site, "UPDATE audit SET blob = NULL WHERE n = 2", NULL, 0);
    assert_int_equal(site_check(&p->site), 1); /* an erased event has lost its account as well */
    site_sql(&p->site, "DELETE FROM audit WHERE n = 2", NULL, 0);
    assert_true(site_check(&p->site) > 0);
}

static void altered_epochs_are_reported(void **state)
{
    struct site_pair *p = *state;
    size_t n;
    uint8_t *blob = site_blob(&p->site, "SELECT blob FROM epochs", &n);
    assert_non_null(blob);
    blob[n / 2] ^= 1;
    site_sql(&p->site, "UPDATE epochs SET blob = $1", DB_ARGS(DB_B(BYTES(blob, n))));
    assert_int_equal(site_check(&p->site), 2); /* one of each account */
    site_sql(&p->site, "DELETE FROM epochs", NULL, 0);
    assert_int_equal(site_check(&p->site), 2);
    free(blob);
}

static void tampering_is_audited(void **state)
{
    struct site_pair *p = *state;
    size_t n, events, after;
    struct ww_check_report report = {.size = sizeof report};
    uint8_t *blob = get_blob(p, &targets[4], targets[4].where_ada, &n);
    assert_int_equal(ww_check(site_next(&p->site), NULL, NULL, NULL, &report), WW_OK);
    events = report.events;
    blob[n - 1] ^= 1;
    set_blob(p, &targets[4], blob, n);
    assert_int_equal(read_note(p), WW_ETAMPERED);
    assert_int_equal(ww_check(site_next(&p->site), NULL, NULL, NULL, &report), WW_OK);
    after = report.events;
    assert_true(after > events);
    free(blob);
}

static size_t audit_events(struct site_pair *p)
{
    struct ww_check_report report = {.size = sizeof report};
    assert_int_equal(ww_check(site_next(&p->site), NULL, NULL, NULL, &report), WW_OK);
    return report.events;
}

/* Whoever knows the name of an account whose record was altered adds no rows without being counted. */
static void refusals_of_an_altered_record_are_counted(void **state)
{
    struct site_pair *p = *state;
    size_t n, before, tries = 0;
    uint8_t *blob = get_blob(p, &targets[0], targets[0].where_ada, &n);
    enum ww_err err = WW_ETAMPERED;
    blob[n - 1] ^= 1;
    set_blob(p, &targets[0], blob, n);
    free(blob);
    while (err == WW_ETAMPERED && tries < 60) {
        err = log_in(p);
        tries++;
    }
    assert_int_equal(err, WW_ETHROTTLED);
    before = audit_events(p);
    assert_int_equal(log_in(p), WW_ETHROTTLED);
    assert_int_equal(audit_events(p), before);
}

/* ---- recovery codes ---- */

#define CODE_KIND  "kind = 2"
#define NEW_SECRET "seven quiet otters by the river"

/* Two codes of who holds the token, copied with malloc. */
static void make_codes(struct site_pair *p, const char *token, char *codes[2])
{
    const char *const *made;
    size_t n;
    struct ww_session *session = site_resume(&p->site, token);
    assert_int_equal(ww_codes_make(p->site.op, session, &made, &n), WW_OK);
    codes[0] = strdup(made[0]);
    codes[1] = strdup(made[1]);
}

static void free_codes(char *codes[2])
{
    free(codes[0]);
    free(codes[1]);
}

static enum ww_err recover(struct site_pair *p, const char *code)
{
    const struct ww_recovery in = {.size = sizeof in,
                                   .identifier = "ada@example.org",
                                   .code = code,
                                   .password = NEW_SECRET,
                                   .password_length = strlen(NEW_SECRET)};
    struct ww_session *session;
    const char *next;
    return ww_recover(site_next(&p->site), &in, &session, &next);
}

/* Whichever of the ten was altered: none is passed over, since it could be the one that was typed. */
static void an_altered_recovery_code_is_told(void **state)
{
    struct site_pair *p = *state;
    char *codes[2];
    size_t n;
    make_codes(p, p->ada, codes);
    uint8_t *blob =
        site_blob(&p->site, "SELECT blob FROM credentials WHERE " CODE_KIND " ORDER BY id LIMIT 1", &n);
    assert_non_null(blob);
    for (size_t at = 0; at < n; at += at < 80 ? 9 : 37) {
        const char *sql = "UPDATE credentials SET blob = $1 WHERE blob = $2";
        uint8_t *altered = malloc(n);
        assert_non_null(altered);
        memcpy(altered, blob, n);
        altered[at] ^= 0x10;
        site_sql(&p->site, sql, DB_ARGS(DB_B(BYTES(altered, n)), DB_B(BYTES(blob, n))));
        p->site.offset += UINT64_C(86400000000); /* what failed is forgotten */
        enum ww_err err = recover(p, codes[0]);
        if (err != WW_ETAMPERED && !(at >= 1 && at < 5 && err == WW_EKEYMISSING)) {
            fail_msg("byte %zu: %s", at, ww_err_name(err));
        }
        site_sql(&p->site, sql, DB_ARGS(DB_B(BYTES(blob, n)), DB_B(BYTES(altered, n))));
        free(altered);
    }
    free(blob);
    assert_int_equal(log_in(p), WW_OK);
    assert_int_equal(recover(p, codes[0]), WW_OK);
    free_codes(codes);
}

/* bob hangs his codes on ada's account: her own are refused until they are back, his open nothing of hers. */
static void a_recovery_code_moved_to_another_account_opens_nothing(void **state)
{
    struct site_pair *p = *state;
    char *of_ada[2], *of_bob[2];
    make_codes(p, p->ada, of_ada);
    make_codes(p, p->bob, of_bob);
    site_sql(&p->site,
             "UPDATE credentials SET account = (SELECT min(id) FROM accounts) WHERE " CODE_KIND " AND " OF(1),
             NULL, 0);
    assert_int_equal(recover(p, of_bob[0]), WW_EDENIED); /* rows that her record does not list */
    assert_true(site_check(&p->site) > 0);
    assert_int_equal(recover(p, of_ada[0]), WW_OK);
    free_codes(of_ada);
    free_codes(of_bob);
}

/* One code's row holds what another's did. */
static void recovery_codes_that_changed_places_are_told(void **state)
{
    struct site_pair *p = *state;
    char *codes[2];
    make_codes(p, p->ada, codes);
    site_sql(&p->site,
             "UPDATE credentials SET blob = (SELECT blob FROM credentials WHERE " CODE_KIND
             " ORDER BY blob DESC LIMIT 1) WHERE " CODE_KIND
             " AND blob = (SELECT blob FROM credentials WHERE " CODE_KIND " ORDER BY blob LIMIT 1)",
             NULL, 0);
    assert_int_equal(recover(p, codes[0]), WW_ETAMPERED);
    assert_int_equal(recover(p, codes[1]), WW_ETAMPERED);
    assert_int_equal(log_in(p), WW_OK);
    assert_true(site_check(&p->site) > 0);
    free_codes(codes);
}

static void a_used_recovery_code_put_back_opens_nothing(void **state)
{
    struct site_pair *p = *state;
    char *codes[2];
    make_codes(p, p->ada, codes);
    site_sql(&p->site, "CREATE TABLE saved AS SELECT * FROM credentials WHERE " CODE_KIND, NULL, 0);
    assert_int_equal(recover(p, codes[0]), WW_OK);
    site_sql(&p->site,
             "INSERT INTO credentials SELECT * FROM saved WHERE id NOT IN (SELECT id FROM credentials)", NULL,
             0);
    site_sql(&p->site, "DROP TABLE saved", NULL, 0);
    assert_int_equal(recover(p, codes[0]), WW_EDENIED);
    assert_int_equal(site_check(&p->site), 1);
    assert_int_equal(recover(p, codes[1]), WW_OK); /* nor is it in the others' way */
    free_codes(codes);
}

static void recovery_codes_that_nothing_lists_are_ignored_and_reported(void **state)
{
    struct site_pair *p = *state;
    char *codes[2];
    make_codes(p, p->ada, codes);
    for (uint8_t i = 0; i < 20; i++) { /* more than an account has, so that they would fill the list */
        uint8_t id[16] = {0};
        id[15] = i;
        site_sql(&p->site,
                 "INSERT INTO credentials (id, account, kind, hot, blob) SELECT $1, account, kind, hot, blob"
                 " FROM credentials WHERE " CODE_KIND " AND " OF(0) " ORDER BY id DESC LIMIT 1",
                 DB_ARGS(DB_B(BYTES(id, sizeof id))));
    }
    assert_int_equal(site_check(&p->site), 1);
    assert_int_equal(recover(p, codes[1]), WW_OK);
    free_codes(codes);
}

static void a_recovery_code_that_is_gone_is_told(void **state)
{
    struct site_pair *p = *state;
    char *codes[2];
    make_codes(p, p->ada, codes);
    site_sql(&p->site,
             "DELETE FROM credentials WHERE " CODE_KIND
             " AND blob = (SELECT blob FROM credentials WHERE " CODE_KIND " ORDER BY blob LIMIT 1)",
             NULL, 0);
    assert_int_equal(recover(p, codes[0]), WW_ETAMPERED);
    assert_int_equal(log_in(p), WW_OK);
    free_codes(codes);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_pair, site_teardown_pair)
    const struct CMUnitTest tests[] = {
        CASE(every_flipped_byte_is_refused),
        CASE(cut_empty_and_overlong_blobs_are_refused),
        CASE(blobs_of_another_account_are_refused),
        CASE(older_copies_are_refused),
        CASE(an_old_credential_row_is_not_listed),
        CASE(deleted_rows_are_refused_not_forgotten),
        CASE(an_identifier_pointed_elsewhere_logs_nobody_in),
        CASE(plain_columns_are_never_believed),
        CASE(the_version_of_an_item_is_known_without_its_value),
        CASE(rows_that_nothing_names_are_reported),
        CASE(another_vault_of_the_account_is_not_picked),
        CASE(a_lost_meta_is_not_made_anew),
        CASE(altered_audit_rows_are_reported),
        CASE(altered_epochs_are_reported),
        CASE(tampering_is_audited),
        CASE(refusals_of_an_altered_record_are_counted),
        CASE(an_altered_recovery_code_is_told),
        CASE(a_recovery_code_moved_to_another_account_opens_nothing),
        CASE(recovery_codes_that_changed_places_are_told),
        CASE(a_used_recovery_code_put_back_opens_nothing),
        CASE(recovery_codes_that_nothing_lists_are_ignored_and_reported),
        CASE(a_recovery_code_that_is_gone_is_told),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
