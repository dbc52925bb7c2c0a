/* New keys for indexes and audit log (vault.md §13): everybody is found as before, old tags find nobody, what
 * was altered stays altered, and a run that is cut goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_int.h"
#include "fill.h"
#include "site.h"

static const char *const weak[] = {"dev=true", "hashers.argon2.memory=32KB", "hashers.argon2.iterations=1",
                                   NULL};

struct fixture {
    struct site site;
    char *ada, *bob; /* tokens */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    site_open(&f->site, weak);
    f->ada = site_register(&f->site, "ada");
    f->bob = site_register(&f->site, "bob");
    assert_int_equal(site_put(&f->site, f->ada, "note", "of ada"), WW_OK);
    struct ww_session *session = site_resume(&f->site, f->ada);
    assert_int_equal(ww_public_put(f->site.op, session, WW_PUBLIC_DEPLOYMENT, "motto", "figs", 4, NULL, NULL),
                     WW_OK);
    assert_int_equal(
        ww_named_entry_create(site_next(&f->site), "entry", "seven quiet otters", 18, "kept", 4, NULL),
        WW_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    site_close(&f->site);
    free(f->ada);
    free(f->bob);
    free(f);
    return 0;
}

/* ---- the store for itself ---- */

static void open_raw(struct fixture *f)
{
    struct ww_op op;
    op_init(&op, NULL, NULL);
    assert_int_equal(
        db_open(&op, &(struct db_options){.dsn = f->site.dsn, .max_connections = 1}, &f->site.raw), WW_OK);
    op_free(&op);
}

static enum ww_err open_alone(struct fixture *f, bool reindex, char why[400])
{
    char dsn[300], key[200];
    struct site *s = &f->site;
    const char *settings[] = {dsn, key, weak[0], weak[1], weak[2]};
    snprintf(dsn, sizeof dsn, "dsn=%s", s->dsn);
    snprintf(key, sizeof key, "watchword.server_key_file=%s/keys/server.key", s->directory);
    struct ww_options o = {
        .size = sizeof o, .settings = settings, .setting_count = 5, .env = &s->env, .reindex = reindex};
    enum ww_err err = ww_open(&o, &s->ww, why, 400);
    return err ? err : ww_op_begin(s->ww, NULL, &s->op);
}

static void close_site(struct fixture *f)
{
    ww_op_end(f->site.op);
    ww_close(f->site.ww);
    f->site.op = NULL;
    f->site.ww = NULL;
}

struct run {
    long fail_at;
    enum ww_fault kind;
    size_t accounts, closed;
    bool failed; /* the fault came */
};

/* As the command does it. */
static enum ww_err reindex(struct fixture *f, struct run *run)
{
    char why[400] = "";
    struct ww_reindexed r = {.size = sizeof r};
    close_site(f);
    db_close(f->site.raw);
    if (open_alone(f, true, why) != WW_OK) {
        fail_msg("%s", why);
    }
    f->site.fail_at[run->kind] = run->fail_at;
    enum ww_err err = ww_reindex(f->site.op, NULL, NULL, &r);
    run->failed = run->fail_at && f->site.fail_at[run->kind] == 0;
    f->site.fail_at[run->kind] = 0;
    run->accounts = r.accounts;
    run->closed = r.closed;
    close_site(f);
    open_raw(f);
    return err;
}

static void reindexed(struct fixture *f)
{
    struct run run = {0};
    assert_int_equal(reindex(f, &run), WW_OK);
    site_reopen(&f->site, weak);
}

static void all_is_well(struct fixture *f)
{
    enum ww_err err;
    struct ww_session *session;
    const char *json;
    const void *value;
    size_t n;
    assert_string_equal(site_get(&f->site, f->ada, "note", &err), "of ada");
    session = site_resume(&f->site, f->bob);
    assert_int_equal(ww_public_get(f->site.op, session, NULL, "motto", &value, &n, NULL), WW_OK);
    assert_int_equal(
        ww_named_entry_read(site_next(&f->site), "entry", "seven quiet otters", 18, &value, &n, NULL), WW_OK);
    assert_string_equal(value, "kept");
    assert_int_equal(site_login(&f->site, "ada", TEST_PASSWORD, &session), WW_OK);
    assert_int_equal(site_login(&f->site, "bob", TEST_PASSWORD, &session), WW_OK);
    assert_int_equal(ww_admin_identity_find(site_next(&f->site), "ada@example.org", &json), WW_OK);
    assert_int_equal(
        site_enrol(site_next(&f->site), "{\"email\":\"ada@example.org\"}", TEST_PASSWORD, &session),
        WW_ECONFLICT);
    assert_int_equal(site_check(&f->site), 0);
}

static uint64_t rows_with(struct fixture *f, const char *sql)
{
    size_t n = 0;
    uint8_t *blob = site_blob(&f->site, sql, &n);
    free(blob);
    return n;
}

/* ---- tests ---- */

/* Whoever adds a table with a tag under the index key adds it to a reindex, and then here. Tags of wraps are
 * made with keys of their users. */
static void every_table_with_tags_is_known(void **state)
{
    static const char *const known[] = {"identifiers", "search", "sessions", "publics", "named", "wraps"};
    struct fixture *f = *state;
    struct ww_op op;
    struct db_conn *c;
    struct db_rows rows = {0};
    op_init(&op, NULL, NULL);
    assert_int_equal(db_take(&op, f->site.raw, &c), WW_OK);
    const char *sql = strcmp(db_driver_name(f->site.raw), "sqlite") == 0
                          ? "SELECT DISTINCT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c"
                            " WHERE m.type = 'table' AND c.name = 'tag'"
                          : "SELECT DISTINCT CAST(table_name AS TEXT) FROM information_schema.columns"
                            " WHERE table_schema = current_schema() AND column_name = 'tag'";
    assert_int_equal(db_query(&op, c, &rows, sql, NULL, 0), WW_OK);
    while (db_next(&rows) == WW_OK) {
        const char *table = db_text(&rows, 0);
        size_t i = 0;
        while (i < sizeof known / sizeof known[0] && strcmp(known[i], table) != 0) {
            i++;
        }
        if (i == sizeof known / sizeof known[0]) {
            fail_msg("the table %s has tags, and a reindex does not know it", table);
        }
    }
    db_done(&rows);
    db_give(c);
    op_free(&op);
}

static void everybody_is_found_and_old_tags_find_nobody(void **state)
{
    struct fixture *f = *state;
    site_sql(&f->site, "CREATE TABLE old AS SELECT tag FROM identifiers UNION SELECT tag FROM sessions", NULL,
             0);
    for (int times = 0; times < 2; times++) {
        reindexed(f);
        assert_int_equal(rows_with(f, "SELECT o.tag FROM old o JOIN identifiers i ON i.tag = o.tag"), 0);
        assert_int_equal(rows_with(f, "SELECT o.tag FROM old o JOIN sessions i ON i.tag = o.tag"), 0);
        assert_int_equal(rows_with(f, "SELECT subject FROM counters"), 0);
        all_is_well(f);
    }
    site_sql(&f->site, "DROP TABLE old", NULL, 0);
}

/* A session is found by its public id, whose tag is new. */
static void sessions_can_be_ended_by_their_ids(void **state)
{
    struct fixture *f = *state;
    struct ww_session *session;
    char id[64];
    session = site_resume(&f->site, f->bob);
    snprintf(id, sizeof id, "%s", ww_session_info(f->site.op, session)->id);
    assert_int_equal(site_login(&f->site, "bob", TEST_PASSWORD, &session), WW_OK);
    char *other = strdup(ww_session_token(f->site.op, session));
    reindexed(f);
    session = site_resume(&f->site, other);
    assert_int_equal(ww_session_end_other(f->site.op, session, id), WW_OK);
    assert_int_not_equal(ww_session_resume(site_next(&f->site), f->bob, &session), WW_OK);
    free(other);
}

/* Chains of before are verified under their key, and what was done to them is found as before. */
static void the_audit_log_of_before_is_still_bound(void **state)
{
    static const char *const edits[] = {
        "UPDATE audit SET time = time + 1 WHERE n = 2 AND node = (SELECT min(node) FROM audit)",
        "UPDATE audit SET blob = NULL, account = NULL WHERE n = 2",
        "DELETE FROM audit WHERE n = 2 AND node = (SELECT min(node) FROM audit)",
        "UPDATE audit SET mark = link WHERE n = 2",
        "DELETE FROM audit WHERE node = (SELECT o.node FROM audit o WHERE o.n = 1 ORDER BY o.time LIMIT 1)",
    };
    struct fixture *f = *state;
    reindexed(f);
    all_is_well(f);
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        site_sql(&f->site, "CREATE TABLE saved AS SELECT * FROM audit", NULL, 0);
        site_sql(&f->site, edits[i], NULL, 0);
        if (site_check(&f->site) == 0) {
            fail_msg("not found: %s", edits[i]);
        }
        site_sql(&f->site, "DELETE FROM audit", NULL, 0);
        site_sql(&f->site, "INSERT INTO audit SELECT * FROM saved", NULL, 0);
        site_sql(&f->site, "DROP TABLE saved", NULL, 0);
        assert_int_equal(site_check(&f->site), 0);
    }
}

static void damage_is_left_as_it_is(void **state)
{
    struct fixture *f = *state;
    struct run run = {0};
    enum ww_err err;
    site_sql(&f->site, "UPDATE accounts SET blob = $1 WHERE id = 2", DB_ARGS(DB_B(BYTES("no seal", 7))));
    site_sql(&f->site, "INSERT INTO identifiers (tag, account) VALUES ($1, 1)",
             DB_ARGS(DB_B(BYTES("planted", 7))));
    assert_int_equal(reindex(f, &run), WW_OK);
    assert_int_equal(run.accounts, 1);
    assert_int_equal(run.closed, 1);
    site_reopen(&f->site, weak);
    assert_string_equal(site_get(&f->site, f->ada, "note", &err), "of ada");
    assert_int_equal(rows_with(f, "SELECT tag FROM identifiers WHERE length(tag) = 7"), 7);
    assert_true(site_check(&f->site) >= 2);
}

/* Each statement and each allocation fails once. Until the end nothing else opens the store. */
static void a_run_that_is_cut_goes_on(void **state)
{
    struct fixture *f = *state;
    char why[400];
    bool closed_midway = false;
    struct run run = {.kind = WW_FAULT_STATEMENT, .failed = true};
    for (int kind = 0; kind < 2; kind++) {
        run = (struct run){.kind = kind ? WW_FAULT_ALLOC : WW_FAULT_STATEMENT, .failed = true};
        while (run.failed) {
            run.fail_at++;
            enum ww_err err = reindex(f, &run);
            assert_true(err == WW_OK || run.failed);
            if (err && open_alone(f, false, why) == WW_EFOREIGN) {
                closed_midway = true;
                assert_non_null(strstr(why, "watchword reindex"));
                f->site.ww = NULL;
                f->site.op = NULL;
            } else if (err) {
                close_site(f);
            }
        }
        site_reopen(&f->site, weak);
        all_is_well(f);
        reindexed(f);
        all_is_well(f);
        run.failed = true;
    }
    assert_true(closed_midway);
}

static void only_who_has_the_store_alone_may(void **state)
{
    struct fixture *f = *state;
    struct ww_reindexed r = {.size = sizeof r};
    assert_int_equal(ww_reindex(f->site.op, NULL, NULL, &r), WW_EINVAL);
    struct ww *others = f->site.ww;
    struct ww_op *op = f->site.op;
    char why[400] = "";
    enum ww_err err = open_alone(f, true, why);
    if (!err) { /* without a witness the database says who is there, if it knows */
        err = ww_reindex(f->site.op, NULL, NULL, &r);
        close_site(f);
    }
    f->site.ww = others;
    f->site.op = op;
    assert_int_equal(err, WW_EBUSY);
    site_reopen(&f->site, weak);
    all_is_well(f);
}

static void eight_times_is_all(void **state)
{
    struct fixture *f = *state;
    struct run run = {0};
    for (int i = 0; i < STORE_FORMER_MOST; i++) {
        assert_int_equal(reindex(f, &run), WW_OK);
    }
    assert_int_equal(reindex(f, &run), WW_EFULL);
    site_reopen(&f->site, weak);
    all_is_well(f);
}

static void many_need_little_memory(void **state)
{
    struct fixture *f = *state;
    char why[400];
    struct ww_reindexed r = {.size = sizeof r};
    struct fill fill = {.op = site_next(&f->site),
                        .service = service_of(f->site.op),
                        .name = "many",
                        .password = TEST_PASSWORD,
                        .with_session = true};
    assert_int_equal(fill_accounts(&fill, 0, 500), WW_OK);
    close_site(f);
    db_close(f->site.raw);
    assert_int_equal(open_alone(f, true, why), WW_OK);
    f->site.op->arena.limit = 2 << 20;
    assert_int_equal(ww_reindex(f->site.op, NULL, NULL, &r), WW_OK);
    assert_int_equal(r.accounts, 502);
    close_site(f);
    open_raw(f);
    site_reopen(&f->site, weak);
    all_is_well(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    static const struct CMUnitTest tests[] = {
        TEST(every_table_with_tags_is_known),
        TEST(everybody_is_found_and_old_tags_find_nobody),
        TEST(sessions_can_be_ended_by_their_ids),
        TEST(the_audit_log_of_before_is_still_bound),
        TEST(damage_is_left_as_it_is),
        TEST(a_run_that_is_cut_goes_on),
        TEST(only_who_has_the_store_alone_may),
        TEST(eight_times_is_all),
        TEST(many_need_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
