/* Throttling, checked alike on SQLite in memory and on PostgreSQL where WATCHWORD_TEST_POSTGRES holds its
 * dsn. */
#include "config_int.h"
#include "throttle_fixture.h"

static const char *const kind_names[STORE_KINDS] = {"memory", "postgres"};

static uint64_t fixture_now(void *ctx)
{
    return ((struct fixture *)ctx)->now;
}

static bool fixture_fault(void *ctx, enum ww_fault kind)
{
    struct fixture *f = ctx;
    return kind == WW_FAULT_STATEMENT && f->statements++ == f->fail_at;
}

static void must(struct fixture *f, enum ww_err err)
{
    if (err != WW_OK) {
        fail_msg("%s: %s", ww_err_name(err), f->op.problem.text);
    }
}

/* A schema of its own for each check: tables of the one before are gone. */
static void fresh_schema(struct fixture *f, const char *dsn)
{
    const struct db_options options = {.dsn = dsn};
    struct db *db;
    struct db_conn *c;
    must(f, db_open(&f->op, &options, &db));
    must(f, db_take(&f->op, db, &c));
    must(f, db_exec(&f->op, c, "DROP SCHEMA IF EXISTS throttle CASCADE", NULL, NULL, 0));
    must(f, db_exec(&f->op, c, "CREATE SCHEMA throttle", NULL, NULL, 0));
    db_give(c);
    db_close(db);
    snprintf(f->dsn, sizeof f->dsn, "%s%soptions=-csearch_path%%3Dthrottle", dsn,
             strchr(dsn, '?') ? "&" : "?");
}

struct throttle *fixture_throttle(struct fixture *f)
{
    struct throttle *t;
    must(f, throttle_new(&f->op, f->config, f->store, &t));
    return t;
}

void configure(struct fixture *f, const char *const *pairs, size_t n, bool dev)
{
    struct bytes least = bytes_str("{dsn: memory, identity: {schemas: [{id: default, url: file://x}]}}");
    throttle_free(f->throttle);
    config_free(f->config);
    must(f, dev ? config_from_memory(&f->op, "dev.yml", least, NULL, true, &f->config)
                : config_from_pairs(&f->op, pairs, n, &f->config));
    f->throttle = fixture_throttle(f);
}

struct key tag_of(unsigned n)
{
    struct key tag = {{0}};
    memcpy(tag.b, &n, sizeof n);
    return tag;
}

struct uuid account_of(unsigned n)
{
    struct uuid uuid = {{0}};
    memcpy(uuid.b, &n, sizeof n);
    return uuid;
}

int64_t count_rows(struct fixture *f)
{
    struct db_rows rows;
    must(f, store_tx_begin(&f->op, f->store, DB_READ));
    must(f, db_query(&f->op, f->op.conn, &rows, "SELECT COUNT(*) FROM counters", NULL, 0));
    must(f, db_next(&rows));
    int64_t n = db_int(&rows, 0);
    db_done(&rows);
    store_tx_abort(&f->op, WW_OK);
    return n;
}

static void setup(struct fixture *f, enum store_kind kind)
{
    struct db *db;
    struct keyring *keyring;
    struct key server_key = {{7}};
    *f = (struct fixture){.kind = kind, .now = DAYS(20000), .fail_at = -1, .dsn = "memory"};
    f->env = (struct ww_env){.now = fixture_now, .fault = fixture_fault, .ctx = f};
    op_init(&f->op, &f->env, NULL);
    f->op.client.address = "192.0.2.1";
    if (kind == STORE_POSTGRES) {
        fresh_schema(f, getenv("WATCHWORD_TEST_POSTGRES"));
    }
    const struct db_options options = {.dsn = f->dsn};
    must(f, db_open(&f->op, &options, &db));
    must(f, keyring_new(&f->op, &server_key, 1, &keyring));
    must(f, store_open(&f->op, db, keyring, true, &f->store));
    configure(f, NULL, 0, false);
}

static void teardown(struct fixture *f)
{
    throttle_free(f->throttle);
    config_free(f->config);
    store_close(f->store);
    op_free(&f->op);
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

int main(void)
{
    static struct run runs[STORE_KINDS * 64];
    static struct CMUnitTest tests[STORE_KINDS * 64];
    const struct check *const lists[] = {throttle_checks, throttle_row_checks};
    size_t n = 0;

    crypto_init();
    for (int kind = 0; kind < STORE_KINDS; kind++) {
        if (kind == STORE_POSTGRES && !getenv("WATCHWORD_TEST_POSTGRES")) {
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
    return _cmocka_run_group_tests("throttle", tests, n, NULL, NULL);
}
