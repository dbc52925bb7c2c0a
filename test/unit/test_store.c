/* The store with many rows and with some missing: what walks all of them needs little memory and keeps what
 * fails, the unique indexes are asked for, sessions are found by id and have a most (vault.md §5, §9, §13).
 */
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
#include "session_int.h"
#include "site.h"
#include "store_int.h"

static const char *const weak[] = {"dev=true", "hashers.argon2.memory=32KB", "hashers.argon2.iterations=1",
                                   NULL};

struct tokens {
    char (*list)[65];
    struct key *lookups;
    size_t n;
};

static void keep_token(void *context, const struct session *x)
{
    struct tokens *t = context;
    strcpy(t->list[t->n], x->token);
    t->lookups[t->n++] = x->row.lookup;
}

static struct tokens tokens_for(size_t n)
{
    struct tokens t = {calloc(n, sizeof *t.list), calloc(n, sizeof *t.lookups), 0};
    assert_non_null(t.list);
    assert_non_null(t.lookups);
    return t;
}

static void tokens_free(struct tokens *t)
{
    free(t->list);
    free(t->lookups);
}

static void must(const struct site *s, enum ww_err err)
{
    if (err != WW_OK) {
        fail_msg("%s: %s", ww_err_name(err), ww_op_problem(s->op)->text);
    }
}

static struct fill filler(struct site *s, struct tokens *t)
{
    site_next(s);
    return (struct fill){.op = s->op,
                         .service = service_of(s->op),
                         .name = "many",
                         .password = TEST_PASSWORD,
                         .with_session = t != NULL,
                         .made = t ? keep_token : NULL,
                         .context = t};
}

static struct site *opened(const char *const *extra)
{
    struct site *s = calloc(1, sizeof *s);
    assert_non_null(s);
    site_open(s, extra);
    return s;
}

static void closed(struct site *s)
{
    site_close(s);
    free(s);
}

/* ---- migrations ---- */

static void any_number_of_migrations(void **state)
{
    enum { MANY = 40 };
    struct db_migration list[MANY];
    struct bytes *sums;
    struct db *db;
    struct ww_op op;
    char sql[MANY][60];
    int applied;
    (void)state;
    op_init(&op, NULL, NULL);
    for (int i = 0; i < MANY; i++) {
        snprintf(sql[i], sizeof sql[i], "CREATE TABLE t%d (a %%INT%%)", i);
        list[i] = (struct db_migration){i + 1, "one of many", sql[i]};
    }
    assert_int_equal(store_checksums(&op, list, MANY, &sums), WW_OK);
    assert_int_equal(db_open(&op, &(struct db_options){.dsn = "memory"}, &db), WW_OK);
    assert_int_equal(db_migrate(&op, db, list, sums, MANY, &applied), WW_OK);
    assert_int_equal(applied, MANY);
    assert_int_equal(db_migrate(&op, db, list, sums, MANY, &applied), WW_OK);
    assert_int_equal(applied, 0);
    db_close(db);
    op_free(&op);
}

/* ---- unique indexes ---- */

static void assert_refused_for(struct site *s, const char *named)
{
    char dsn[300], key[200], why[400] = "";
    const char *settings[] = {dsn, key};
    struct ww_options options = {.size = sizeof options, .settings = settings, .setting_count = 2};
    struct ww *ww;
    snprintf(dsn, sizeof dsn, "dsn=%s", s->dsn);
    snprintf(key, sizeof key, "watchword.server_key_file=%s/keys/server.key", s->directory);
    assert_int_equal(ww_open(&options, &ww, why, sizeof why), WW_EFOREIGN);
    assert_non_null(strstr(why, named));
}

static void a_dropped_index_is_named(void **state)
{
    static const struct {
        const char *drop, *named, *back;
    } cases[] = {
        {"DROP INDEX identifiers_tag", "identifiers (tag)",
         "CREATE UNIQUE INDEX identifiers_tag ON identifiers (tag)"},
        {"DROP INDEX accounts_uuid", "accounts (uuid)",
         "CREATE UNIQUE INDEX accounts_uuid ON accounts (uuid)"},
        {"DROP INDEX sessions_tag", "sessions (tag)", "CREATE UNIQUE INDEX sessions_tag ON sessions (tag)"},
    };
    struct site *s = opened(weak);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(site_check(s), 0);
        site_sql(s, cases[i].drop, NULL, 0);
        assert_int_equal(site_check(s), 1);
        assert_refused_for(s, cases[i].named);
        site_sql(s, cases[i].back, NULL, 0);
    }
    /* Without the others it is slow, and starts. */
    static const char *const plain[][2] = {
        {"DROP INDEX sessions_expires", "CREATE INDEX sessions_expires ON sessions (expires)"},
        {"DROP INDEX audit_starts", "CREATE INDEX audit_starts ON audit (time) WHERE n = 1"},
        {"DROP INDEX wraps_inbox", "CREATE INDEX wraps_inbox ON wraps (recipient, share)"}};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        site_sql(s, plain[i][0], NULL, 0);
        assert_int_equal(site_check(s), 1);
        site_sql(s, plain[i][1], NULL, 0);
    }
    /* One that does not cover all rows, or more columns, is not it. */
    site_sql(s, "DROP INDEX identifiers_tag", NULL, 0);
    site_sql(s, "CREATE UNIQUE INDEX identifiers_tag ON identifiers (tag) WHERE account > 7", NULL, 0);
    assert_int_equal(site_check(s), 1);
    site_sql(s, "CREATE UNIQUE INDEX identifiers_pair ON identifiers (tag, account)", NULL, 0);
    assert_int_equal(site_check(s), 1);
    closed(s);
}

/* ---- sessions ---- */

static const char *const many_sessions[] = {"dev=true", "hashers.argon2.memory=32KB",
                                            "hashers.argon2.iterations=1", "watchword.session.most=1000000",
                                            NULL};

static void one_of_many_sessions_is_found(void **state)
{
    enum { MANY = 3000 };
    struct site *s = opened(many_sessions);
    char *own = site_register(s, "ada");
    struct tokens t = tokens_for(MANY);
    struct fill f = filler(s, &t);
    struct session *x, **list;
    size_t n;
    (void)state;
    must(s, account_resume(s->op, f.service, own, &x));
    must(s, fill_sessions(&f, x->record, MANY));

    struct session *other, *found;
    must(s, account_resume(s->op, f.service, t.list[MANY / 2], &other));
    must(s, session_find(s->op, f.service->store, &f.service->sessions, x->record, &other->id, &found));
    assert_true(found->active);
    must(s, account_end_session(s->op, f.service, x, &other->id));
    assert_int_equal(account_resume(s->op, f.service, t.list[MANY / 2], &found), WW_EDENIED);

    /* A page is sorted and counted by what it shows, in memory that does not grow with what it does not. */
    struct session_page page = {.active_only = true, .skip = 100, .most = 50};
    site_next(s);
    must(s, account_resume(s->op, f.service, own, &x));
    page.without = &x->id;
    s->op->arena.limit = 1 << 20;
    must(s, session_list(s->op, f.service->store, &f.service->sessions, x->record, &page, &list, &n));
    assert_int_equal(page.total, MANY - 1);
    assert_int_equal(n, 50);
    for (size_t i = 0; i < n; i++) {
        assert_true(list[i]->active);
        assert_true(i == 0 || list[i]->issued <= list[i - 1]->issued);
    }
    tokens_free(&t);
    free(own);
    closed(s);
}

static void a_list_without_memory_is_no_shorter_list(void **state)
{
    struct site *s = opened(many_sessions);
    char *own = site_register(s, "ada");
    struct fill f = filler(s, NULL);
    struct session *x;
    const struct ww_session_info *const *list;
    (void)state;
    must(s, account_resume(s->op, f.service, own, &x));
    must(s, fill_sessions(&f, x->record, 20));
    for (long n = 1;; n++) {
        struct ww_session *session;
        struct ww_page page = {.size = sizeof page};
        site_next(s);
        must(s, ww_session_resume(s->op, own, &session));
        s->fail_at[WW_FAULT_ALLOC] = n;
        enum ww_err err = ww_session_list(s->op, session, &page, &list);
        bool reached = s->fail_at[WW_FAULT_ALLOC] == 0;
        s->fail_at[WW_FAULT_ALLOC] = 0;
        if (!reached) {
            must(s, err);
            break;
        }
        if (err != WW_ENOMEM) {
            fail_msg("allocation %ld: %s", n, ww_err_name(err));
        }
    }
    free(own);
    closed(s);
}

static void the_oldest_session_ends_for_one_more(void **state)
{
    static const char *const five[] = {"dev=true", "hashers.argon2.memory=32KB",
                                       "hashers.argon2.iterations=1", "watchword.session.most=5", NULL};
    struct site *s = opened(five);
    char *first = site_register(s, "ada"), *tokens[8];
    struct ww_session *session;
    (void)state;
    for (int i = 0; i < 8; i++) {
        s->offset += 1000000;
        must(s, site_login(s, "ada", TEST_PASSWORD, &session));
        tokens[i] = strdup(ww_session_token(s->op, session));
        if (i == 4) {
            must(s, ww_session_end(s->op, session)); /* what is over goes before what is older */
        }
    }
    assert_int_equal(site_number(s, "SELECT count(*) FROM sessions"), 5);
    /* Its owner sees that the three did not end by themselves. */
    struct ww_page page = {.size = sizeof page, .limit = 50};
    const struct ww_event *const *history;
    size_t displaced = 0;
    session = site_resume(s, tokens[7]);
    must(s, ww_account_history(s->op, session, &page, &history));
    for (size_t i = 0; i < page.count; i++) {
        displaced += strcmp(history[i]->event, "session.displaced") == 0;
    }
    assert_int_equal(displaced, 3);
    assert_int_equal(ww_session_resume(site_next(s), first, &session), WW_EDENIED);
    for (int i = 0; i < 8; i++) {
        enum ww_err err = ww_session_resume(site_next(s), tokens[i], &session);
        assert_int_equal(err, i == 0 || i == 1 || i == 4 ? WW_EDENIED : WW_OK);
        free(tokens[i]);
    }
    free(first);
    closed(s);
}

/* What acts on rows as they are written, or shows others. */
static void what_somebody_put_into_the_schema_is_told(void **state)
{
    struct site *s = opened(weak);
    bool postgres = strcmp(db_driver_name(s->raw), "postgres") == 0;
    (void)state;
    site_sql(s, "CREATE TABLE elsewhere (a INTEGER)", NULL, 0); /* harms nobody */
    assert_int_equal(site_check(s), 0);
    if (postgres) {
        site_sql(s, "CREATE FUNCTION thief() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                 NULL, 0);
        site_sql(s, "CREATE TRIGGER thief BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION thief()",
                 NULL, 0);
        site_sql(s, "CREATE RULE thief AS ON DELETE TO credentials DO INSTEAD NOTHING", NULL, 0);
        site_sql(s, "ALTER TABLE items ENABLE ROW LEVEL SECURITY", NULL, 0);
    } else {
        site_sql(s, "CREATE TRIGGER thief BEFORE DELETE ON sessions BEGIN SELECT RAISE(IGNORE); END", NULL,
                 0);
    }
    assert_int_equal(site_check(s), postgres ? 3 : 1);
    closed(s);
}

/* ---- what was seen ---- */

static size_t seen_at(struct site *s, const struct tokens *t, uint64_t time)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        struct session_row row;
        struct record *r;
        struct session_content c;
        site_next(s);
        must(s, store_session_row_load(s->op, service_of(s->op)->store, &t->lookups[i], &row, &r, NULL));
        must(s, session_content_read(s->op, row.content, &c));
        n += c.seen >= time;
    }
    return n;
}

static size_t untagged(struct site *s)
{
    struct db_rows rows;
    must(s, store_tx_begin(s->op, service_of(s->op)->store, DB_READ));
    must(s, db_query(s->op, s->op->conn, &rows, "SELECT count(*) FROM sessions WHERE tag IS NULL", NULL, 0));
    must(s, db_next(&rows));
    size_t n = (size_t)db_int(&rows, 0);
    db_done(&rows);
    must(s, store_tx_abort(s->op, WW_OK));
    return n;
}

static void what_was_seen_is_kept_until_it_is_written(void **state)
{
    enum { MANY = 1500 };
    struct site *s = opened(many_sessions);
    struct tokens t = tokens_for(MANY);
    struct fill f = filler(s, &t);
    (void)state;
    must(s, fill_accounts(&f, 0, MANY));
    s->offset += 60000000;
    uint64_t then = s->env.now(s->env.ctx);
    struct session_seen *seen = f.service->sessions.seen;
    for (size_t i = 0; i < t.n; i++) {
        session_seen_mark(seen, &t.lookups[i], then);
    }
    site_next(s);
    s->op->arena.limit = 1 << 20; /* in pieces */
    s->fail_at[WW_FAULT_STATEMENT] = 1000;
    assert_int_equal(session_flush_seen(s->op, f.service->store, seen), WW_EIO);
    size_t written = seen_at(s, &t, then);
    assert_in_range(written, 1, MANY - 1);
    for (size_t i = 0; i < t.n; i++) { /* written or remembered: nobody is idle for a failure */
        assert_true(session_seen_get(seen, &t.lookups[i]) == then || written > 0);
    }
    site_next(s);
    /* Rows that differ in more than the blob become whole: an untagged one would not be found by its id. */
    site_sql(s, "UPDATE sessions SET tag = NULL", NULL, 0);
    must(s, session_flush_seen(s->op, f.service->store, seen));
    assert_int_equal(seen_at(s, &t, then), MANY);
    site_next(s);
    assert_int_equal(untagged(s), written);
    tokens_free(&t);
    closed(s);
}

/* ---- walks ---- */

static void insert_flows(struct site *s, size_t n)
{
    struct ww_op *op = site_next(s);
    struct store *store = service_of(op)->store;
    must(s, store_tx_begin(op, store, DB_WRITE));
    for (size_t i = 0; i < n; i++) {
        struct flow_row flow = {.id = uuid_new(op), .kind = FLOW_LOGIN, .expires = s->env.now(s->env.ctx)};
        flow.json = js_object(&op->arena);
        must(s, store_flow_row_insert(op, store, &flow));
    }
    must(s, store_tx_commit(op));
}

static void walks_need_little_memory(void **state)
{
    struct site *s = opened(many_sessions);
    struct tokens t = tokens_for(3000);
    struct fill f = filler(s, &t);
    struct ww_check_report report = {.size = sizeof report};
    struct session *x;
    (void)state;
    must(s, fill_accounts(&f, 0, 1000));
    must(s, account_resume(s->op, f.service, t.list[0], &x));
    must(s, fill_sessions(&f, x->record, 2000));
    insert_flows(s, 5000);
    site_next(s);
    s->op->arena.limit = 1 << 20;
    must(s, ww_check(s->op, NULL, NULL, NULL, &report));
    assert_int_equal(report.problems, 0);
    assert_int_equal(report.accounts, 1000);
    assert_int_equal(report.sessions, 3000);
    assert_int_equal(report.flows, 5000);

    s->offset += (uint64_t)40 * 24 * 3600 * 1000000; /* all of them are over */
    site_next(s);
    s->op->arena.limit = 1 << 20;
    must(s, ww_maintain(s->op));
    assert_int_equal(site_number(s, "SELECT count(*) FROM sessions"), 0);
    assert_int_equal(site_number(s, "SELECT count(*) FROM flows"), 0);
    tokens_free(&t);
    closed(s);
}

static void rows_of_nobody_are_counted(void **state)
{
    struct site *s = opened(weak);
    struct fill f = filler(s, NULL);
    (void)state;
    must(s, fill_accounts(&f, 0, 700)); /* more than one piece */
    assert_int_equal(site_check(s), 0);
    site_sql(s, "INSERT INTO search (tag, account) SELECT tag, 77777777 FROM identifiers", NULL, 0);
    assert_int_equal(site_check(s), 1);
    site_sql(s, "INSERT INTO leaves (vid, number, blob) SELECT uuid, 5, uuid FROM accounts", NULL, 0);
    assert_int_equal(site_check(s), 2);
    closed(s);
}

/* ---- a commit in doubt ---- */

static enum ww_err put_note(struct site *s, const char *token)
{
    return site_put(s, token, "note", "written");
}

static enum ww_err end_session(struct site *s, const char *token)
{
    struct ww_session *session;
    enum ww_err err = ww_session_resume(site_next(s), token, &session);
    return err ? err : ww_session_end(s->op, session);
}

static enum ww_err change_password(struct site *s, const char *token)
{
    struct ww_session *session;
    enum ww_err err = ww_session_resume(site_next(s), token, &session);
    return err ? err : site_new_password(s->op, session, "quite another password");
}

static enum ww_err register_eve(struct site *s, const char *token)
{
    struct ww_session *session;
    (void)token;
    return site_enrol(site_next(s), "{\"email\":\"eve@example.org\"}", TEST_PASSWORD, &session);
}

/* Done is told as done though the answer to the commit was lost, and is done once. */
static void a_commit_whose_answer_is_lost_is_looked_for(void **state)
{
    static const struct {
        enum ww_err (*run)(struct site *s, const char *token);
        const char *rows; /* as many as there were, and `more` */
        int more;
    } cases[] = {
        {put_note, "SELECT count(*) FROM items", 1},
        {change_password, "SELECT count(*) FROM credentials", 0},
        {end_session, "SELECT count(*) FROM audit", 2}, /* the event, and the start of another chain */
        {register_eve, "SELECT count(*) FROM accounts", 1},
    };
    struct site *s = opened(many_sessions);
    char *token = site_register(s, "ada");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t before = site_number(s, cases[i].rows);
        site_next(s);
        s->fail_at[WW_FAULT_ANSWER] = 1;
        enum ww_err err = cases[i].run(s, token);
        assert_int_equal(s->fail_at[WW_FAULT_ANSWER], 0); /* it was lost */
        if (err != WW_OK) {
            fail_msg("case %zu: %s: %s", i, ww_err_name(err), ww_op_problem(s->op)->text);
        }
        assert_int_equal(site_number(s, cases[i].rows) - before, cases[i].more);
        assert_int_equal(site_check(s), 0);
    }
    free(token);
    closed(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_migrations),
        cmocka_unit_test(a_dropped_index_is_named),
        cmocka_unit_test(what_somebody_put_into_the_schema_is_told),
        cmocka_unit_test(one_of_many_sessions_is_found),
        cmocka_unit_test(a_list_without_memory_is_no_shorter_list),
        cmocka_unit_test(the_oldest_session_ends_for_one_more),
        cmocka_unit_test(what_was_seen_is_kept_until_it_is_written),
        cmocka_unit_test(walks_need_little_memory),
        cmocka_unit_test(rows_of_nobody_are_counted),
        cmocka_unit_test(a_commit_whose_answer_is_lost_is_looked_for),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
