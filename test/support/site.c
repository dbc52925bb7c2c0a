#include "site.h"

#include "account_int.h"
#include "api_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "op.h"
#include "secret.h"

static uint64_t shifted_now(void *ctx)
{
    const struct site *s = ctx;
    return op_system_now(NULL) + s->offset;
}

static bool fault(void *ctx, enum ww_fault kind)
{
    struct site *s = ctx;
    return s->fail_at[kind] && --s->fail_at[kind] == 0;
}

static void write_key(const struct site *s)
{
    char path[128];
    uint8_t key[32];
    snprintf(path, sizeof path, "%s/keys", s->directory);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/keys/server.key", s->directory);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    op_system_random(NULL, key, sizeof key);
    assert_int_equal(fwrite(key, 1, sizeof key, f), sizeof key);
    assert_int_equal(fchmod(fileno(f), 0600), 0);
    fclose(f);
    snprintf(path, sizeof path, "%s/data", s->directory);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void open_ww(struct site *s, const char *const *extra)
{
    char dsn[300], key[200], why[400] = "";
    const char *settings[40] = {dsn, key};
    size_t n = 2;
    snprintf(dsn, sizeof dsn, "dsn=%s", s->dsn);
    snprintf(key, sizeof key, "watchword.server_key_file=%s/keys/server.key", s->directory);
    bool hashing = false; /* at the floor, unless the test says otherwise */
    for (size_t i = 0; extra && extra[i]; i++) {
        settings[n++] = extra[i];
        hashing = hashing || strncmp(extra[i], "hashers.", 8) == 0;
    }
    if (!hashing) {
        settings[n++] = "hashers.argon2.memory=19MB";
        settings[n++] = "hashers.argon2.iterations=2";
    }
    struct ww_options options = {
        .size = sizeof options, .settings = settings, .setting_count = n, .env = &s->env};
    if (ww_open(&options, &s->ww, why, sizeof why) != WW_OK) {
        fail_msg("cannot open: %s", why);
    }
    assert_int_equal(ww_op_begin(s->ww, NULL, &s->op), WW_OK);
}

static void open_raw(struct site *s)
{
    struct ww_op op;
    op_init(&op, NULL, NULL);
    assert_int_equal(db_open(&op, &(struct db_options){.dsn = s->dsn, .max_connections = 1}, &s->raw), WW_OK);
    op_free(&op);
}

/* On PostgreSQL each site has a database of its own, made in the cluster that with-postgres runs. */
static void make_database(struct site *s, const char *cluster)
{
    static unsigned count;
    char sql[100];
    const char *name = strrchr(cluster, '/'); /* the dsn ends in "/postgres" */
    assert_non_null(name);
    snprintf(sql, sizeof sql, "CREATE DATABASE site_%d_%u", (int)getpid(), ++count);
    snprintf(s->dsn, sizeof s->dsn, "%s", cluster);
    open_raw(s);
    site_sql(s, sql, NULL, 0);
    db_close(s->raw);
    snprintf(s->dsn, sizeof s->dsn, "%.*s/site_%d_%u", (int)(name - cluster), cluster, (int)getpid(), count);
}

void site_open(struct site *s, const char *const *extra)
{
    const char *cluster = getenv("WATCHWORD_TEST_POSTGRES");
    memset(s, 0, sizeof *s);
    cluster = cluster && *cluster ? cluster : NULL;
    const char *directory = getenv("TMPDIR");
    snprintf(s->directory, sizeof s->directory, "%s/watchword-test-XXXXXX",
             directory && *directory ? directory : "/tmp");
    assert_non_null(mkdtemp(s->directory));
    write_key(s);
    if (cluster) {
        make_database(s, cluster);
    } else {
        snprintf(s->dsn, sizeof s->dsn, "sqlite://%s/data/watchword.sqlite", s->directory);
    }
    s->env = (struct ww_env){.size = sizeof s->env, .now = shifted_now, .fault = fault, .ctx = s};
    open_ww(s, extra);
    open_raw(s);
}

/* The cluster may serve many programs after this one. */
static void drop_database(struct site *s)
{
    const char *cluster = getenv("WATCHWORD_TEST_POSTGRES");
    char sql[100], name[60];
    if (!cluster || !*cluster) {
        return;
    }
    snprintf(name, sizeof name, "%s", strrchr(s->dsn, '/') + 1);
    snprintf(sql, sizeof sql, "DROP DATABASE %s WITH (FORCE)", name);
    snprintf(s->dsn, sizeof s->dsn, "%s", cluster);
    open_raw(s);
    site_sql(s, sql, NULL, 0);
    db_close(s->raw);
}

static void close_ww(struct site *s)
{
    ww_op_end(s->op);
    ww_close(s->ww);
    s->op = NULL;
    s->ww = NULL;
}

void site_reopen(struct site *s, const char *const *extra)
{
    close_ww(s);
    open_ww(s, extra);
}

void site_close(struct site *s)
{
    static const char *const files[] = {"data/watchword.sqlite",
                                        "data/watchword.sqlite-wal",
                                        "data/watchword.sqlite-shm",
                                        "keys/server.key",
                                        "keys/witness",
                                        "data",
                                        "keys"};
    char path[200];
    close_ww(s);
    db_close(s->raw);
    drop_database(s);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", s->directory, files[i]);
        remove(path);
    }
    rmdir(s->directory);
}

int site_setup(void **state)
{
    struct site *s = calloc(1, sizeof *s);
    assert_non_null(s);
    site_open(s, NULL);
    *state = s;
    return 0;
}

int site_teardown(void **state)
{
    site_close(*state);
    free(*state);
    return 0;
}

int site_setup_pair(void **state)
{
    struct site_pair *p = calloc(1, sizeof *p);
    assert_non_null(p);
    site_open(&p->site, NULL);
    p->ada = site_register(&p->site, "ada");
    p->bob = site_register(&p->site, "bob");
    *state = p;
    return 0;
}

int site_teardown_pair(void **state)
{
    struct site_pair *p = *state;
    free(p->ada);
    free(p->bob);
    site_close(&p->site);
    free(p);
    return 0;
}

struct ww_op *site_next(struct site *s)
{
    ww_op_end(s->op);
    assert_int_equal(ww_op_begin(s->ww, NULL, &s->op), WW_OK);
    return s->op;
}

char *site_register(struct site *s, const char *name)
{
    char traits[200];
    struct ww_session *session;
    snprintf(traits, sizeof traits, "{\"email\":\"%s@example.org\"}", name);
    if (site_enrol(site_next(s), traits, TEST_PASSWORD, &session) != WW_OK) {
        fail_msg("cannot register: %s", ww_op_problem(s->op)->text);
    }
    return strdup(ww_session_token(s->op, session));
}

struct ww_session *site_resume(struct site *s, const char *token)
{
    struct ww_session *session;
    assert_int_equal(ww_session_resume(site_next(s), token, &session), WW_OK);
    return session;
}

enum ww_err site_login(struct site *s, const char *name, const char *password, struct ww_session **session)
{
    char identifier[200];
    snprintf(identifier, sizeof identifier, "%s@example.org", name);
    return site_sign_in(site_next(s), identifier, password, session);
}

enum ww_err site_put(struct site *s, const char *token, const char *name, const char *value)
{
    struct ww_session *session;
    enum ww_err err = ww_session_resume(site_next(s), token, &session);
    return err ? err : ww_item_put(s->op, session, name, value, strlen(value), NULL, NULL);
}

const char *site_get(struct site *s, const char *token, const char *name, enum ww_err *err)
{
    struct ww_session *session;
    const void *value = NULL;
    size_t n;
    *err = ww_session_resume(site_next(s), token, &session);
    if (!*err) {
        *err = ww_item_get(s->op, session, name, &value, &n, NULL);
    }
    return *err ? NULL : value;
}

void site_sql(struct site *s, const char *sql, const struct db_value *args, size_t n)
{
    struct ww_op op;
    struct db_conn *c;
    op_init(&op, NULL, NULL);
    assert_int_equal(db_take(&op, s->raw, &c), WW_OK);
    if (db_exec(&op, c, sql, NULL, args, n) != WW_OK) {
        fail_msg("%s: %s", sql, op.problem.text);
    }
    db_give(c);
    op_free(&op);
}

int64_t site_number(struct site *s, const char *sql)
{
    struct ww_op op;
    struct db_conn *c;
    struct db_rows rows;
    op_init(&op, NULL, NULL);
    assert_int_equal(db_take(&op, s->raw, &c), WW_OK);
    assert_int_equal(db_query(&op, c, &rows, sql, NULL, 0), WW_OK);
    assert_int_equal(db_next(&rows), WW_OK);
    int64_t n = db_int(&rows, 0);
    db_done(&rows);
    db_give(c);
    op_free(&op);
    return n;
}

uint8_t *site_blob(struct site *s, const char *sql, size_t *n)
{
    struct ww_op op;
    struct db_conn *c;
    struct db_rows rows = {0};
    uint8_t *out = NULL;
    op_init(&op, NULL, NULL);
    assert_int_equal(db_take(&op, s->raw, &c), WW_OK);
    assert_int_equal(db_query(&op, c, &rows, sql, NULL, 0), WW_OK);
    if (db_next(&rows) == WW_OK) {
        struct bytes b = db_blob(&rows, 0);
        out = malloc(b.n + 1);
        assert_non_null(out);
        memcpy(out, b.p, b.n);
        *n = b.n;
    }
    db_done(&rows);
    db_give(c);
    op_free(&op);
    return out;
}

size_t site_check(struct site *s)
{
    struct ww_check_report report = {.size = sizeof report};
    assert_int_equal(ww_check(site_next(s), NULL, NULL, NULL, &report), WW_OK);
    return report.problems;
}

enum ww_err site_enrol(struct ww_op *op, const char *traits, const char *password,
                       struct ww_session **session)
{
    return ww_register(op, traits, password, strlen(password), session);
}

enum ww_err site_sign_in(struct ww_op *op, const char *identifier, const char *password,
                         struct ww_session **session)
{
    const struct ww_proof proof = {.size = sizeof proof,
                                   .kind = WW_PROOF_PASSWORD,
                                   .identifier = identifier,
                                   .password = password,
                                   .password_length = strlen(password)};
    return ww_authenticate(op, &proof, session);
}

enum ww_err site_new_password(struct ww_op *op, struct ww_session *session, const char *password)
{
    return ww_password_change(op, session, password, strlen(password));
}

static void add_flag(struct site *s, const char *token, uint8_t flag)
{
    struct ww_session *session = site_resume(s, token);
    struct store *store = s->op->ww->service.store;
    struct session *x = api_session(s->op, session);
    struct record *r;
    struct vault *v = NULL;
    assert_int_equal(store_tx_begin(s->op, store, DB_WRITE), WW_OK);
    assert_int_equal(store_record_load(s->op, store, x->record->id, true, &r), WW_OK);
    struct vault_row row;
    assert_int_equal(store_vault_row_load(s->op, store, &r->vid, r->id, true, &row), WW_OK);
    if (x->root) {
        assert_int_equal(vault_open(s->op, store, r, x->root, &row, &v), WW_OK);
    }
    r->flags |= flag;
    assert_int_equal(account_write(s->op, &s->op->ww->service, r, v), WW_OK);
    assert_int_equal(store_tx_commit(s->op), WW_OK);
}

void site_create_without_vault(struct site *s, const char *name)
{
    char body[200];
    const char *json, *id;
    snprintf(body, sizeof body, "{\"schema_id\":\"default\",\"traits\":{\"email\":\"%s@example.org\"}}",
             name);
    assert_int_equal(ww_admin_identity_create(site_next(s), body, strlen(body), &json, &id), WW_OK);
}

void site_give_vault(struct site *s, const char *name)
{
    char identifier[60];
    struct ww_op *op = site_next(s);
    struct service *service = &op->ww->service;
    struct cred_context credentials = account_credentials(service);
    struct credential_row row;
    struct cred_ready ready;
    struct record *r;
    struct vault *v;
    struct key tag, root;
    snprintf(identifier, sizeof identifier, "%s@example.org", name);
    assert_int_equal(cred_prepare(op, &credentials, CRED_PASSWORD, bytes_str(TEST_PASSWORD), &ready), WW_OK);
    assert_int_equal(store_tx_begin(op, service->store, DB_WRITE), WW_OK);
    assert_int_equal(account_find(op, service, identifier, &tag, &r), WW_OK);
    while (r->credential_count) {
        struct uuid id = r->credentials[0].id;
        assert_int_equal(cred_remove(op, r, &id), WW_OK);
        assert_int_equal(store_credential_delete(op, service->store, r, &id), WW_OK);
    }
    assert_int_equal(vault_new(op, r, &root, &v), WW_OK);
    assert_int_equal(cred_add(op, r, &ready, &root, &row), WW_OK);
    assert_int_equal(store_credential_insert(op, service->store, r, &row), WW_OK);
    assert_int_equal(store_record_update(op, service->store, r), WW_OK);
    assert_int_equal(vault_insert(op, service->store, r, v), WW_OK);
    assert_int_equal(store_tx_commit(op), WW_OK);
}

void site_require_second(struct site *s, const char *token)
{
    add_flag(s, token, FLAG_SECOND_FACTOR);
}

void site_mark_restored(struct site *s, const char *token)
{
    add_flag(s, token, FLAG_RESTORED);
}
