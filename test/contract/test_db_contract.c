/* What db.h promises, checked alike against an SQLite file, SQLite in memory, and PostgreSQL where
 * WATCHWORD_TEST_POSTGRES holds its dsn (test/support/with-postgres makes one). */
#include "db_fixture.h"

static const char *const kind_names[STORE_KINDS] = {"file", "memory", "postgres"};

static bool statement_fault(void *ctx, enum ww_fault kind)
{
    struct fixture *f = ctx;
    return kind == WW_FAULT_STATEMENT && f->statements++ == f->fail_at;
}

void assert_ok_at(struct fixture *f, enum ww_err err, const char *call)
{
    if (err != WW_OK) {
        fail_msg("%s: %s: %s (%s)", call, ww_err_name(err), f->op.problem.text, f->op.problem.id);
    }
}

void assert_failed(struct fixture *f, enum ww_err got, enum ww_err err, const char *id)
{
    assert_string_equal(ww_err_name(got), ww_err_name(err));
    assert_int_equal(f->op.problem.err, err);
    assert_string_equal(f->op.problem.id, id);
}

struct db *fixture_open(struct fixture *f, unsigned wait_ms)
{
    const struct db_options options = {.dsn = f->dsn, .wait_ms = wait_ms};
    struct db *db;
    assert_ok(f, db_open(&f->op, &options, &db));
    return db;
}

void run(struct fixture *f, struct db_conn *c, const char *sql)
{
    assert_ok_at(f, db_exec(&f->op, c, sql, NULL, NULL, 0), sql);
}

int64_t number(struct fixture *f, struct db_conn *c, const char *sql)
{
    struct db_rows rows;
    assert_ok_at(f, db_query(&f->op, c, &rows, sql, NULL, 0), sql);
    assert_ok_at(f, db_next(&rows), sql);
    int64_t value = db_int(&rows, 0);
    db_done(&rows);
    return value;
}

void make_rows_table(struct fixture *f)
{
    bool postgres = strcmp(db_driver_name(f->db), "postgres") == 0;
    run(f, f->c,
        postgres ? "CREATE TABLE rows (id BIGINT NOT NULL UNIQUE, n BIGINT, data BYTEA, note TEXT)"
                 : "CREATE TABLE rows (id INTEGER NOT NULL UNIQUE, n INTEGER, data BLOB, note TEXT)");
}

/* A schema of its own for each check: tables of the one before are gone. */
static void fresh_schema(struct fixture *f, const char *dsn)
{
    snprintf(f->dsn, sizeof f->dsn, "%s", dsn);
    struct db *db = fixture_open(f, 0);
    struct db_conn *c;
    assert_ok(f, db_take(&f->op, db, &c));
    run(f, c, "DROP SCHEMA IF EXISTS contract CASCADE");
    run(f, c, "CREATE SCHEMA contract");
    db_give(c);
    db_close(db);
    snprintf(f->dsn, sizeof f->dsn, "%s%soptions=-csearch_path%%3Dcontract", dsn,
             strchr(dsn, '?') ? "&" : "?");
}

static void setup(struct fixture *f, enum store_kind kind)
{
    const char *temporary = getenv("TMPDIR");
    *f = (struct fixture){.kind = kind, .fail_at = -1};
    f->env = (struct ww_env){.fault = statement_fault, .ctx = f};
    op_init(&f->op, &f->env, NULL);
    snprintf(f->directory, sizeof f->directory, "%s/watchword-db-XXXXXX", temporary ? temporary : "/tmp");
    assert_non_null(mkdtemp(f->directory));
    if (kind == STORE_POSTGRES) {
        fresh_schema(f, getenv("WATCHWORD_TEST_POSTGRES"));
    } else if (kind == STORE_FILE) {
        snprintf(f->dsn, sizeof f->dsn, "sqlite://%s/store.db?_fk=true", f->directory);
    } else {
        snprintf(f->dsn, sizeof f->dsn, "memory");
    }
    f->db = fixture_open(f, 400);
    assert_ok(f, db_take(&f->op, f->db, &f->c));
}

static void teardown(struct fixture *f)
{
    char path[128];
    static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm", "other.db"};
    db_give(f->c);
    db_close(f->db);
    op_free(&f->op);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", f->directory, names[i]);
        unlink(path);
    }
    rmdir(f->directory);
}

struct run {
    const struct check *check;
    enum store_kind kind;
    char name[96];
};

static void run_check(void **state)
{
    const struct run *r = *state;
    struct fixture f;
    setup(&f, r->kind);
    r->check->run(&f);
    teardown(&f);
}

/* Which kinds to check: those that the arguments name, or all that there are. */
static bool chosen(enum store_kind kind, int argc, char **argv)
{
    bool named = argc < 2;
    for (int i = 1; i < argc; i++) {
        named = named || strcmp(argv[i], kind_names[kind]) == 0;
    }
    return named && (kind != STORE_POSTGRES || getenv("WATCHWORD_TEST_POSTGRES"));
}

int main(int argc, char **argv)
{
    static struct run runs[STORE_KINDS * 64];
    static struct CMUnitTest tests[STORE_KINDS * 64];
    const struct check *const lists[] = {statement_checks, transaction_checks, migration_checks};
    size_t n = 0;

    for (int kind = 0; kind < STORE_KINDS; kind++) {
        if (!chosen((enum store_kind)kind, argc, argv)) {
            continue;
        }
        for (size_t l = 0; l < sizeof lists / sizeof lists[0]; l++) {
            for (const struct check *c = lists[l]; c->name && n < sizeof runs / sizeof runs[0]; c++, n++) {
                runs[n] = (struct run){.check = c, .kind = (enum store_kind)kind};
                snprintf(runs[n].name, sizeof runs[n].name, "%s: %s", kind_names[kind], c->name);
                tests[n] = (struct CMUnitTest){
                    .name = runs[n].name, .test_func = run_check, .initial_state = &runs[n]};
            }
        }
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests("db", tests, n, NULL, NULL);
}
