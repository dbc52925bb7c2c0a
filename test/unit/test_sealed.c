/* Server keys over time (vault.md §13): the one list of tables is the database's, everything moves to another
 * key from whatever point it was cut at, and an old key goes only when nothing names it. */
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

#include "account_server_key.h"
#include "api_int.h"
#include "config_keys.h"
#include "fill.h"
#include "site.h"

static const char *const weak[] = {"dev=true", "hashers.argon2.memory=32KB", "hashers.argon2.iterations=1",
                                   NULL};

struct fixture {
    struct site site;
    struct key keys[3]; /* the site's own, and two more */
    char *ada, *bob;    /* tokens */
};

/* ---- the site ---- */

static void key_path(const struct fixture *f, char path[128])
{
    snprintf(path, 128, "%s/keys/server.key", f->site.directory);
}

/* Opens the site with these keys, the first sealing. */
static void use_keys(struct fixture *f, int n, const int *order)
{
    char path[128];
    struct key keys[3];
    struct ww_op op;
    key_path(f, path);
    for (int i = 0; i < n; i++) {
        keys[i] = f->keys[order[i]];
    }
    op_init(&op, NULL, NULL);
    assert_int_equal(config_key_file_replace(&op, path, keys, (size_t)n), WW_OK);
    op_free(&op);
    site_reopen(&f->site, weak);
}
#define USE_KEYS(f, ...)                                                                                     \
    use_keys((f), (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), (const int[]){__VA_ARGS__})

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct ww_op op;
    char path[128];
    size_t n;
    assert_non_null(f);
    site_open(&f->site, weak);
    key_path(f, path);
    op_init(&op, NULL, NULL);
    assert_int_equal(config_key_file_read(&op, path, f->keys, 1, &n), WW_OK);
    op_free(&op);
    op_system_random(NULL, f->keys + 1, 2 * sizeof(struct key));
    f->ada = site_register(&f->site, "ada");
    f->bob = site_register(&f->site, "bob");
    assert_int_equal(site_put(&f->site, f->ada, "note", "of ada"), WW_OK);
    assert_int_equal(
        ww_named_entry_create(site_next(&f->site), "entry", "seven quiet otters", 18, "kept", 4, NULL),
        WW_OK);
    assert_int_equal(site_put(&f->site, f->bob, "note", "of bob"), WW_OK);
    struct ww_session *session = site_resume(&f->site, f->ada);
    const char *const *codes;
    size_t count;
    assert_int_equal(ww_codes_make(f->site.op, session, &codes, &count), WW_OK);
    assert_int_equal(ww_public_put(f->site.op, session, WW_PUBLIC_OWN, "motto", "figs", 4, NULL, NULL),
                     WW_OK);
    struct flow_row flow = {.id = uuid_new(site_next(&f->site)), .kind = FLOW_LOGIN, .expires = UINT32_MAX};
    flow.json = js_object(&f->site.op->arena);
    assert_int_equal(store_flow_row_insert(f->site.op, service_of(f->site.op)->store, &flow), WW_OK);
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

/* Everybody is where they were. */
static void all_is_well(struct fixture *f)
{
    enum ww_err err;
    struct ww_session *session;
    assert_string_equal(site_get(&f->site, f->ada, "note", &err), "of ada");
    assert_string_equal(site_get(&f->site, f->bob, "note", &err), "of bob");
    assert_int_equal(site_login(&f->site, "ada", TEST_PASSWORD, &session), WW_OK);
    assert_int_equal(site_login(&f->site, "bob", TEST_PASSWORD, &session), WW_OK);
    assert_int_equal(site_check(&f->site), 0);
}

static struct ww_rotation rotated(struct fixture *f)
{
    struct ww_rotation r = {.size = sizeof r};
    assert_int_equal(ww_server_key_rotate(site_next(&f->site), NULL, NULL, &r), WW_OK);
    return r;
}

static const char *id_of(const struct fixture *f, int i)
{
    static char id[9];
    snprintf(id, sizeof id, "%08x", keyring_key_id(&f->keys[i]));
    return id;
}

static uint64_t blobs_of(struct fixture *f, int i)
{
    const struct ww_server_key *keys;
    uint64_t shapeless, blobs = 0;
    size_t n;
    assert_int_equal(ww_server_keys(site_next(&f->site), &keys, &n, &shapeless), WW_OK);
    for (size_t k = 0; k < n; k++) {
        blobs += strcmp(keys[k].id, id_of(f, i)) == 0 ? keys[k].blobs : 0;
    }
    return blobs;
}

/* ---- the file of the keys, vault.md §4 ---- */

static void expect_bad_file(struct ww_op *op, const char *path, const char *said)
{
    struct key back[KEYRING_MAX];
    size_t n;
    assert_int_equal(config_key_file_read(op, path, back, KEYRING_MAX, &n), WW_ECONFIG);
    assert_int_equal(n, 0);
    if (!strstr(op->problem.text, said)) {
        fail_msg("%s", op->problem.text);
    }
}

static void a_file_may_hold_several_keys(void **state)
{
    struct fixture *f = *state;
    struct key keys[KEYRING_MAX + 1] = {{{0}}}, back[KEYRING_MAX];
    char path[128], beside[140];
    struct ww_op op;
    size_t n;
    op_init(&op, NULL, NULL);
    key_path(f, path);
    snprintf(beside, sizeof beside, "%s.new", path);
    for (int i = 0; i <= KEYRING_MAX; i++) {
        memset(keys[i].b, i + 1, 32);
    }
    assert_int_equal(config_key_file_replace(&op, beside, keys, 1), WW_EIO); /* none is there */
    assert_int_equal(config_key_file_replace(&op, path, keys, 3), WW_OK);
    assert_int_equal(config_key_file_read(&op, path, back, KEYRING_MAX, &n), WW_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(back, keys, 3 * sizeof *keys);
    assert_int_equal(config_key_file_read(&op, path, back, 2, &n), WW_ECONFIG);

    assert_int_equal(config_key_file_replace(&op, path, keys, KEYRING_MAX + 1), WW_OK);
    expect_bad_file(&op, path, "32 for each");
    memset(keys[1].b, 0, 32);
    assert_int_equal(config_key_file_replace(&op, path, keys, 2), WW_OK);
    expect_bad_file(&op, path, "all zeros");
    memset(keys, 'a', 2 * sizeof *keys);
    assert_int_equal(config_key_file_replace(&op, path, keys, 2), WW_OK);
    expect_bad_file(&op, path, "hexadecimal");

    /* What a killed run left beside it, or a link, is neither kept nor written through. */
    assert_int_equal(symlink("/dev/null", beside), 0);
    assert_int_equal(config_key_file_replace(&op, path, f->keys, 1), WW_OK);
    assert_int_equal(config_key_file_read(&op, path, back, KEYRING_MAX, &n), WW_OK);
    assert_int_not_equal(access(beside, F_OK), 0);
    op_free(&op);
}

/* ---- the list ---- */

static bool is_listed(const char *table)
{
    for (size_t i = 0; store_sealed_table(i); i++) {
        if (strcmp(store_sealed_table(i), table) == 0) {
            return true;
        }
    }
    for (size_t i = 0; store_sealed_of_users(i); i++) {
        if (strcmp(store_sealed_of_users(i), table) == 0) {
            return true;
        }
    }
    return false;
}

/* Columns of bytes that are no seals: ids, tags and links. Whoever adds a table adds it to the list of
 * store_sealed.c, and what is plain in it here. */
#define PLAIN                                                                                                \
    "('id', 'uuid', 'tag', 'vid', 'lookup', 'subject', 'mark', 'link', 'share', 'sender', 'recipient',"      \
    " 'signature', 'checksum')"

static void the_list_is_every_table_that_has_blobs(void **state)
{
    struct fixture *f = *state;
    struct ww_op op;
    struct db_conn *c;
    struct db_rows rows = {0};
    size_t found = 0, listed = 0;
    op_init(&op, NULL, NULL);
    assert_int_equal(db_take(&op, f->site.raw, &c), WW_OK);
    const char *sql =
        strcmp(db_driver_name(f->site.raw), "sqlite") == 0
            ? "SELECT DISTINCT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c"
              " WHERE m.type = 'table' AND c.type = 'BLOB' AND c.name NOT IN " PLAIN
            : "SELECT DISTINCT CAST(table_name AS TEXT) FROM information_schema.columns"
              " WHERE table_schema = current_schema() AND data_type = 'bytea' AND column_name NOT IN " PLAIN;
    assert_int_equal(db_query(&op, c, &rows, sql, NULL, 0), WW_OK);
    while (db_next(&rows) == WW_OK) {
        const char *table = db_text(&rows, 0);
        if (!is_listed(table)) {
            fail_msg("the table %s has blobs and is not in the list of store_sealed.c", table);
        }
        found++;
    }
    db_done(&rows);
    db_give(c);
    op_free(&op);
    while (store_sealed_table(listed)) {
        listed++;
    }
    assert_true(listed <= ACCOUNT_KEY_TABLES_MOST);
    for (size_t i = 0; store_sealed_of_users(i); i++) {
        listed++;
    }
    assert_int_equal(found, listed);
}

/* ---- moving ---- */

/* What the statement gives, as a number. */
static uint64_t count(struct fixture *f, const char *sql)
{
    struct ww_op op;
    struct db_conn *c;
    struct db_rows rows = {0};
    op_init(&op, NULL, NULL);
    assert_int_equal(db_take(&op, f->site.raw, &c), WW_OK);
    assert_int_equal(db_query(&op, c, &rows, sql, NULL, 0), WW_OK);
    assert_int_equal(db_next(&rows), WW_OK);
    uint64_t n = (uint64_t)db_int(&rows, 0);
    db_done(&rows);
    db_give(c);
    op_free(&op);
    return n;
}

static uint64_t all_blobs(struct fixture *f)
{
    uint64_t n = 0;
    for (size_t i = 0; store_sealed_table(i); i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE blob IS NOT NULL", store_sealed_table(i));
        uint64_t rows = count(f, sql);
        if (rows == 0) {
            fail_msg("there is nothing in %s to move", store_sealed_table(i));
        }
        n += rows;
    }
    return n;
}

static void every_blob_moves_and_the_old_key_goes(void **state)
{
    struct fixture *f = *state;
    uint64_t blobs = all_blobs(f);
    assert_int_equal(blobs_of(f, 0), blobs);

    USE_KEYS(f, 0, 1); /* second: opens, does not seal */
    assert_int_equal(rotated(f).moved, 0);
    assert_int_equal(blobs_of(f, 0), blobs);
    assert_int_equal(ww_server_key_retire(site_next(&f->site), id_of(f, 0), false), WW_ECONFLICT);
    assert_string_equal(ww_op_problem(f->site.op)->id, "server_key_seals");

    USE_KEYS(f, 1, 0);
    all_is_well(f); /* what is written is under the new one, what was written opens with the old one */
    assert_true(blobs_of(f, 0) > 0 && blobs_of(f, 1) > 0);
    assert_int_equal(ww_server_key_retire(site_next(&f->site), id_of(f, 0), false), WW_ECONFLICT);
    const char *text = ww_op_problem(f->site.op)->text;
    assert_string_equal(ww_op_problem(f->site.op)->id, "server_key_used");
    assert_non_null(strstr(text, "2 in accounts"));
    assert_non_null(strstr(text, "1 in meta"));
    assert_non_null(strstr(text, "1 in flows"));

    uint64_t old = blobs_of(f, 0);
    struct ww_rotation r = rotated(f);
    assert_int_equal(r.moved, old);
    assert_int_equal(r.left, 0);
    assert_int_equal(blobs_of(f, 0), 0);
    assert_int_equal(blobs_of(f, 1), all_blobs(f));
    all_is_well(f);
    assert_int_equal(rotated(f).moved, 0);
    assert_int_equal(ww_server_key_retire(site_next(&f->site), id_of(f, 0), false), WW_OK);
    assert_int_equal(ww_server_key_retire(site_next(&f->site), id_of(f, 2), false), WW_ENOTFOUND);
    assert_int_equal(ww_server_key_retire(site_next(&f->site), "server", false), WW_EINVAL);

    USE_KEYS(f, 1);
    all_is_well(f);
}

/* A blob of before the rotation, put back once the old key is gone, opens nowhere (vault.md §13). */
static void what_is_put_back_from_before_a_rotation_is_closed(void **state)
{
    struct fixture *f = *state;
    struct ww_session *session;
    enum ww_err err;
    size_t n;
    site_sql(&f->site, "CREATE TABLE old_accounts AS SELECT id, blob FROM accounts", NULL, 0);
    site_sql(&f->site, "CREATE TABLE old_sessions AS SELECT lookup, blob FROM sessions", NULL, 0);
    site_sql(&f->site, "CREATE TABLE old_meta AS SELECT blob FROM meta", NULL, 0);
    USE_KEYS(f, 1, 0);
    assert_int_equal(rotated(f).left, 0);
    uint8_t *meta = site_blob(&f->site, "SELECT blob FROM meta", &n);
    USE_KEYS(f, 1);
    all_is_well(f);

    site_sql(&f->site,
             "UPDATE sessions SET blob = coalesce((SELECT o.blob FROM old_sessions o WHERE o.lookup = "
             "sessions.lookup), blob)",
             NULL, 0);
    assert_int_not_equal(ww_session_resume(site_next(&f->site), f->ada, &session), WW_OK);
    site_sql(&f->site,
             "UPDATE accounts SET blob = (SELECT o.blob FROM old_accounts o WHERE o.id = accounts.id)", NULL,
             0);
    err = site_login(&f->site, "ada", TEST_PASSWORD, &session);
    assert_true(err == WW_EKEYMISSING || err == WW_ETAMPERED);
    assert_true(site_check(&f->site) >= 2);
    site_sql(&f->site, "UPDATE meta SET blob = (SELECT blob FROM old_meta)", NULL, 0);

    char path[128], dsn[300], key[200], why[400];
    struct ww *ww;
    key_path(f, path);
    snprintf(dsn, sizeof dsn, "dsn=%s", f->site.dsn);
    snprintf(key, sizeof key, "watchword.server_key_file=%s", path);
    const char *settings[] = {dsn, key, "dev=true"};
    struct ww_options o = {.size = sizeof o, .settings = settings, .setting_count = 3};
    assert_int_equal(ww_open(&o, &ww, why, sizeof why), WW_EKEYMISSING);
    site_sql(&f->site, "UPDATE meta SET blob = $1", DB_ARGS(DB_B(BYTES(meta, n))));
    free(meta);
}

/* Nothing opens these; a rotation leaves them, and an old key is not held back by them when that is said. */
static void damage_is_counted_and_left(void **state)
{
    struct fixture *f = *state;
    uint8_t planted[100] = {1};
    for (int i = 0; i < 4; i++) {
        planted[1 + i] = (uint8_t)(keyring_key_id(&f->keys[0]) >> (24 - 8 * i));
    }
    site_sql(&f->site, "UPDATE flows SET blob = $1", DB_ARGS(DB_B(BYTES(planted, sizeof planted))));
    site_sql(&f->site,
             "INSERT INTO sessions (lookup, tag, account, expires, blob) SELECT $1, $1, 9999, 1, blob FROM "
             "sessions"
             " WHERE account = 1",
             DB_ARGS(DB_B(BYTES(planted, 32)))); /* of no account */
    site_sql(&f->site, "INSERT INTO epochs (uuid, n, blob) VALUES ($1, 1, $2)",
             DB_ARGS(DB_B(BYTES(planted, 16)), DB_B(BYTES("\2x", 2))));
    USE_KEYS(f, 1, 0);
    struct ww_rotation r = rotated(f);
    assert_int_equal(r.left, 3);
    assert_int_equal(r.closed, 3);
    assert_int_equal(rotated(f).moved, 0);
    assert_int_equal(blobs_of(f, 0), 2); /* the third is of no form */
    assert_int_equal(ww_server_key_retire(site_next(&f->site), id_of(f, 0), false), WW_ECONFLICT);
    assert_int_equal(ww_server_key_retire(site_next(&f->site), id_of(f, 0), true), WW_OK);
}

/* ---- cut ---- */

/* Each statement, and each allocation, fails once: what was moved is moved, the rest is found again. */
static void a_rotation_that_is_cut_goes_on(void **state)
{
    struct fixture *f = *state;
    static const enum ww_fault kinds[] = {WW_FAULT_STATEMENT, WW_FAULT_ALLOC};
    for (int kind = 0; kind < 2; kind++) {
        bool failed = true;
        for (long at = 1; failed; at++) {
            if (at % 2) {
                USE_KEYS(f, 1, 0);
            } else {
                USE_KEYS(f, 0, 1);
            }
            struct ww_rotation r = {.size = sizeof r};
            site_next(&f->site);
            f->site.fail_at[kinds[kind]] = at;
            enum ww_err err = ww_server_key_rotate(f->site.op, NULL, NULL, &r);
            failed = f->site.fail_at[kinds[kind]] == 0;
            f->site.fail_at[kinds[kind]] = 0;
            assert_true(err == WW_OK || failed);
            if (at % 50 == 0) { /* a person has 200 sessions at most */
                all_is_well(f);
            }
        }
    }
    all_is_well(f);
    USE_KEYS(f, 1, 0);
    assert_int_equal(rotated(f).left, 0);
    USE_KEYS(f, 1);
    all_is_well(f);
}

struct stopping {
    struct site *site;
    size_t calls, stop_at, last, total;
};

static void stop_midway(void *context, size_t done, size_t total)
{
    struct stopping *s = context;
    assert_true(done >= s->last);
    s->last = done;
    s->total = total;
    if (++s->calls == s->stop_at) {
        s->site->fail_at[WW_FAULT_STATEMENT] = 1;
    }
}

/* Many accounts: the memory of a piece is all it takes, and a second run does what the first one left. */
static void a_rotation_of_many_needs_little_memory(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 1500, MEMORY = 3 << 20 };
    struct fill fill = {.op = site_next(&f->site),
                        .service = service_of(f->site.op),
                        .name = "many",
                        .password = TEST_PASSWORD,
                        .with_session = true};
    assert_int_equal(fill_accounts(&fill, 0, MANY), WW_OK);
    USE_KEYS(f, 1, 0);
    struct ww_rotation r = {.size = sizeof r};
    struct stopping stopping = {&f->site, 0, 20, 0, 0};
    site_next(&f->site);
    f->site.op->arena.limit = MEMORY;
    assert_int_not_equal(ww_server_key_rotate(f->site.op, stop_midway, &stopping, &r), WW_OK);
    uint64_t moved = blobs_of(f, 1);
    assert_true(moved > 1000 && blobs_of(f, 0) > 1000);

    stopping = (struct stopping){&f->site, 0, 0, 0, 0};
    site_next(&f->site);
    f->site.op->arena.limit = MEMORY;
    assert_int_equal(ww_server_key_rotate(f->site.op, stop_midway, &stopping, &r), WW_OK);
    assert_int_equal(r.left, 0);
    assert_int_equal(stopping.total, r.moved);
    assert_int_equal(stopping.last, r.moved);
    all_is_well(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    static const struct CMUnitTest tests[] = {
        TEST(a_file_may_hold_several_keys),
        TEST(the_list_is_every_table_that_has_blobs),
        TEST(every_blob_moves_and_the_old_key_goes),
        TEST(what_is_put_back_from_before_a_rotation_is_closed),
        TEST(damage_is_counted_and_left),
        TEST(a_rotation_that_is_cut_goes_on),
        TEST(a_rotation_of_many_needs_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
