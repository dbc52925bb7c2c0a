/* Every statement that the program prepared is asked for its plan, on tables with many rows and fresh
 * statistics: none reads a whole table where a key would do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_int.h"
#include "db_driver.h"
#include "fill.h"
#include "store_int.h"
#include "waiting.h"

/* Those that read everything, and why that is right. A text that ends in "…" stands for all that begin so. */
static const struct {
    const char *sql;
    bool postgres_only; /* of a limit that is an argument it takes a tenth of all rows for the plan asked here
                         */
} whole[] = {
    {"SELECT count(*) FROM accounts", false},   /* once at the start of a check, for its progress */
    {"SELECT count(*) FROM named", false},      /* before and after a check of them, which reads all */
    {"SELECT id FROM accounts LIMIT 1", false}, /* whether there is any */
    {"SELECT number, checksum FROM watchword_migrations…", false}, /* a few rows, at the start */
    /* sweeps */
    {"DELETE FROM flows WHERE id IN (SELECT id FROM flows WHERE expires < $1…", true},
    {"DELETE FROM sessions WHERE lookup IN (SELECT lookup FROM sessions WHERE expires < $1…", true},
    {"DELETE FROM counters WHERE subject IN (SELECT subject FROM counters WHERE until <= $1…", true},
    /* check's walk over wraps, a page by key */
    {"SELECT DISTINCT t.share…", true},
    /* one look-up for each chain that ever began (a connection's), by the index of first rows */
    {"SELECT e.node, e.n, e.link FROM audit c JOIN audit e…", false},
};

static bool may_read_all(const char *sql, bool postgres)
{
    bool may = false;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        const char *mark = strstr(whole[i].sql, "…");
        bool is = mark ? strncmp(sql, whole[i].sql, (size_t)(mark - whole[i].sql)) == 0
                       : strcmp(sql, whole[i].sql) == 0;
        may = may || (is && (postgres || !whole[i].postgres_only));
    }
    return may;
}

static void must(const struct site *s, enum ww_err err)
{
    if (err != WW_OK) {
        fail_msg("%s: %s", ww_err_name(err), ww_op_problem(s->op)->text);
    }
}

/* ---- everything that asks the store ---- */

static void items(struct site *s, const char *token)
{
    struct ww_session *session = site_resume(s, token);
    const void *value;
    size_t n;
    must(s, ww_item_put(s->op, session, "note", "a", 1, NULL, NULL));
    must(s, ww_item_put(s->op, session, "note", "b", 1, NULL, NULL));
    must(s, ww_item_get(s->op, session, "note", &value, &n, NULL));
    must(s, ww_item_delete(s->op, session, "note", NULL));
}

static void sessions(struct site *s, const char *token)
{
    const struct ww_session_info *const *list;
    struct ww_page page = {.size = sizeof page};
    struct ww_session *session;
    must(s, site_login(s, "ada", TEST_PASSWORD, &session));
    session = site_resume(s, token);
    must(s, ww_session_list(s->op, session, &page, &list));
    must(s, ww_session_end_other(s->op, session, list[page.count - 1]->id));
    must(s, ww_session_end_others(s->op, session, NULL));
}

static void sharing(struct site *s, const char *token)
{
    const char *const bob[] = {"bob@example.org"};
    struct ww_page page = {.size = sizeof page, .limit = 1};
    const struct ww_share *const *sent, *share;
    const struct ww_received *const *received, *one;
    const struct ww_contact *const *contacts;
    const void *value;
    size_t n;
    char *other = site_register(s, "bob");
    struct ww_session *session = site_resume(s, token);
    must(s, ww_share_put(s->op, session, "plan", "a", 1, bob, 1, NULL, NULL));
    must(s, ww_share_put(s->op, session, "plan 2", "a", 1, bob, 1, NULL, NULL));
    must(s, ww_share_people(s->op, session, "plan 2", NULL, 0, bob, 1, &share));
    must(s, ww_share_get(s->op, session, "plan", &value, &n, NULL));
    must(s, ww_share_list(s->op, session, NULL, &page, &sent));
    must(s, ww_share_find(s->op, session, sent[0]->id, &share));
    must(s, ww_contact_list(s->op, session, &page, &contacts));
    session = site_resume(s, other);
    page.token = NULL;
    must(s, ww_inbox_list(s->op, session, &page, &received));
    must(s, ww_inbox_find(s->op, session, received[0]->id, &one));
    must(s, ww_inbox_get(s->op, session, "plan", NULL, &value, &n, NULL));
    must(s, ww_inbox_adopt(s->op, session, "plan", NULL, "mine", NULL));
    session = site_resume(s, token);
    must(s, ww_share_withdraw(s->op, session, "plan", NULL));
    free(other);
}

static void publics(struct site *s, const char *token)
{
    struct ww_page page = {.size = sizeof page, .limit = 1};
    const struct ww_public *const *list;
    const void *value;
    size_t n;
    struct ww_session *session = site_resume(s, token);
    must(s, ww_public_put(s->op, session, WW_PUBLIC_OWN, "motto", "a", 1, NULL, NULL));
    must(s, ww_public_put(s->op, session, WW_PUBLIC_OWN, "motto", "b", 1, NULL, NULL));
    must(s, ww_public_put(s->op, session, WW_PUBLIC_DEPLOYMENT, "motto", "b", 1, NULL, NULL));
    must(s, ww_public_get(s->op, session, NULL, "motto", &value, &n, NULL));
    must(s, ww_public_list(s->op, session, &page, &list));
    must(s, ww_public_delete(s->op, session, WW_PUBLIC_OWN, "motto", NULL));
}

static void flows(struct site *s)
{
    struct ww_op *op = site_next(s);
    struct store *store = service_of(op)->store;
    struct flow_row flow = {.id = uuid_new(op), .kind = FLOW_LOGIN, .expires = s->env.now(s->env.ctx)}, read;
    flow.json = js_object(&op->arena);
    must(s, store_flow_row_insert(op, store, &flow));
    must(s, store_flow_row_load(op, store, FLOW_LOGIN, &flow.id, &read));
    must(s, store_flow_row_update(op, store, &read));
}

/* A vault that waits: opened, discarded, and swept. */
static void waiting(struct site *s)
{
    char *id;
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "waits%d", i);
        free(site_register(s, name));
        char *token = waiting_locked(s, name, SET_PASSWORD);
        waiting_new_vault(s, token, name, NULL);
        waiting_count(s, token, &id);
        if (i == 0) {
            must(s, waiting_open(s, token, id, TEST_PASSWORD, NULL, NULL));
        } else if (i == 1) {
            struct ww_session *session = site_resume(s, token);
            must(s, ww_waiting_discard(s->op, session, id, "waits1@example.org"));
        }
        free(id);
        free(token);
    }
    s->offset += UINT64_C(40) * 86400000000;
    must(s, ww_maintain(site_next(s)));
    s->offset -= UINT64_C(40) * 86400000000;
}

static void named(struct site *s)
{
    const void *value;
    size_t n;
    must(s, ww_named_entry_create(site_next(s), "e", "seven quiet otters", 18, "a", 1, NULL));
    must(s, ww_named_entry_read(s->op, "e", "seven quiet otters", 18, &value, &n, NULL));
    must(s, ww_named_entry_update(s->op, "e", "seven quiet otters", 18, "b", 1, NULL));
    must(s, ww_named_entry_delete(s->op, "e", "seven quiet otters", 18));
}

static void administration(struct site *s)
{
    struct ww_check_report report = {.size = sizeof report};
    struct ww_page page = {.size = sizeof page};
    struct record *r;
    const char *json;
    struct session_scan scan = {.most = 10};
    struct session **sessions_found, *one;
    size_t n;
    char *token = site_register(s, "gone");
    free(token);
    must(s, ww_admin_identity_find(site_next(s), "gone@example.org", &json));
    must(s, ww_admin_identity_list(s->op, &page, &json));
    must(s, account_admin_find(s->op, service_of(s->op), "gone@example.org", &r));
    must(s, session_scan(s->op, service_of(s->op)->store, &service_of(s->op)->sessions, &scan,
                         &sessions_found, &n));
    const struct uuid first = sessions_found[0]->id;
    scan.after = &scan.last;
    must(s, session_scan(s->op, service_of(s->op)->store, &service_of(s->op)->sessions, &scan,
                         &sessions_found, &n));
    must(s, account_admin_session_extend(s->op, service_of(s->op), &first, &one));
    must(s, account_admin_sessions_end(s->op, service_of(s->op), &r->uuid));
    must(s, account_admin_find(s->op, service_of(s->op), "gone@example.org", &r));
    must(s, account_admin_delete(s->op, service_of(s->op), &r->uuid));
    must(s, ww_check(site_next(s), NULL, NULL, NULL, &report));
    must(s, ww_maintain(site_next(s)));
    must(s, ww_ping(s->op));
}

static void pass_over(void *context, bool sealed, uint32_t key)
{
    (void)context, (void)sealed, (void)key;
}

/* Of a rotation, though there is nothing to move, and of a reindex, though no tag is these. */
static void server_keys(struct site *s, const char *token)
{
    struct store_sealed_at from = {0}, to;
    struct store_sealed_moved moved = {0};
    struct ww_own_rows own = {.size = sizeof own};
    struct session_row row = {0};
    struct key old = {{1}}, tag = {{2}};
    const struct uuid id = uuid_new(site_next(s));
    struct ww_session *session = site_resume(s, token);
    must(s, ww_check_own(s->op, session, &own));
    struct store *store = service_of(s->op)->store;
    must(s, store_tx_begin(s->op, store, DB_WRITE));
    for (size_t i = 0; store_sealed_table(i); i++) {
        bool more;
        to = from;
        must(s, store_sealed_scan(s->op, store, i, &to, 100, pass_over, NULL, &more));
        must(s, store_sealed_move(s->op, store, i, &from, &to, &moved));
    }
    must(s, store_identifier_retag(s->op, store, 1, &old, &tag));
    must(s, store_search_retag(s->op, store, 1, &old, &tag));
    must(s, store_session_row_retag(s->op, store, &row, &id));
    (void)store_tx_abort(s->op, WW_OK);
}

static void live(struct site *s)
{
    char *token = site_register(s, "ada");
    struct ww_session *session;
    items(s, token);
    sharing(s, token);
    publics(s, token);
    server_keys(s, token);
    sessions(s, token);
    flows(s);
    session = site_resume(s, token);
    must(s, ww_traits_change(s->op, session, "{\"email\":\"ada@example.org\"}"));
    must(s, site_new_password(s->op, session, "quite another password"));
    assert_int_equal(site_login(s, "ada", "wrong", &session), WW_EDENIED);
    waiting(s);
    named(s);
    administration(s);
    free(token);
}

/* ---- many rows ---- */

static void fill_tables(struct site *s, bool postgres)
{
    static const struct {
        const char *into, *values;
    } tables[] = {
        {"accounts (uuid, seq, created, blob)", "@1, 1, g, @2"},
        {"identifiers (tag, account)", "@1, g"},
        {"search (tag, account)", "@1, g"},
        {"credentials (id, account, kind, hot, blob)", "@1, g, 1, 0, @2"},
        {"vaults (vid, account, ring, head, kept)", "@1, g, @2, @2, CASE WHEN g % 50 = 0 THEN g ELSE 0 END"},
        {"leaves (vid, number, blob)", "@1, 0, @2"},
        {"items (id, account, blob)", "@1, g, @2"},
        {"epochs (uuid, n, blob)", "@1, 1, @2"},
        {"sessions (lookup, tag, account, expires, blob)", "@1, @2, g, g, @2"},
        {"flows (id, kind, expires, rev, blob)", "@1, 1, g, 1, @2"},
        {"audit (node, n, time, account, mark, link, blob)", "g / 100, g % 100 + 1, g, g, @1, @1, @2"},
        {"counters (subject, count, until)", "@1, 1, g"},
        {"publics (id, tag, account, blob)", "@1, @2, g, @2"},
        {"named (id, store, tag, blob)", "@1, 1, @2, @3"},
        {"shares (id, sender, version, epoch, signature, blob)", "@1, @2, 1, 1, @1, @2"},
        {"wraps (share, recipient, sender, sender_epoch, recipient_epoch, tag, blob)",
         "@1, @2, @3, 1, 1, @1, @2"},
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char sql[1000];
        int n = snprintf(
            sql, sizeof sql, "INSERT INTO %s %s SELECT ", tables[i].into,
            postgres ? ""
                     : "WITH RECURSIVE s(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < 20000)");
        for (const char *p = tables[i].values; *p; p++) {
            n += *p != '@'  ? snprintf(sql + n, sizeof sql - (size_t)n, "%c", *p)
                 : postgres ? snprintf(sql + n, sizeof sql - (size_t)n, "decode(md5('%c' || g), 'hex')", p[1])
                            : snprintf(sql + n, sizeof sql - (size_t)n, "randomblob(16)");
            p += *p == '@';
        }
        snprintf(sql + n, sizeof sql - (size_t)n, " FROM %s", postgres ? "generate_series(1, 20000) g" : "s");
        site_sql(s, sql, NULL, 0);
    }
    site_sql(s, "ANALYZE", NULL, 0);
}

/* ---- plans ---- */

struct prepared {
    char *sql, *explain;
};

/* What the pool's connection has prepared. PostgreSQL is asked for the plan that holds for all arguments. */
static size_t prepared_by(const struct db_conn *c, bool postgres, struct prepared *list, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < c->cache.capacity && n < most; i++) {
        const struct db_statement *st = &c->cache.slots[i];
        static const char *const verbs[] = {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"};
        bool plans = false;
        for (size_t v = 0; st->native && v < sizeof verbs / sizeof verbs[0]; v++) {
            plans = plans || strncmp(st->text, verbs[v], strlen(verbs[v])) == 0;
        }
        if (!plans || strstr(st->text, "pg_catalog") || strstr(st->text, "sqlite_schema") ||
            strstr(st->text, "pragma_")) {
            continue;
        }
        char *explain = calloc(1, strlen(st->text) + 2000);
        assert_non_null(explain);
        if (postgres) {
            const char *name = st->native; /* struct postgres_statement begins with it */
            int arguments = 0, at = sprintf(explain, "EXPLAIN EXECUTE %s", name);
            for (char mark[16]; sprintf(mark, "$%d", arguments + 1) && strstr(st->text, mark); arguments++) {
                at += sprintf(explain + at, "%sNULL", arguments ? ", " : "(");
            }
            sprintf(explain + at, "%s", arguments ? ")" : "");
        } else {
            const char *lock = strstr(st->text, DB_FOR_UPDATE);
            sprintf(explain, "EXPLAIN QUERY PLAN %.*s",
                    (int)(lock ? (size_t)(lock - st->text) : strlen(st->text)), st->text);
        }
        list[n++] = (struct prepared){strdup(st->text), explain};
    }
    return n;
}

/* A line of a plan that reads a table from one end to the other, or an index that covers it; PostgreSQL says
 * the bound of an index on the next line. */
static bool reads_all(const char *line, const char *next, bool postgres)
{
    if (!postgres) {
        return strncmp(line, "SCAN ", 5) == 0 && line[5] != '(' && strncmp(line + 5, "CONSTANT", 8) != 0;
    }
    bool table = strstr(line, "Seq Scan on ") && !strstr(line, "Seq Scan on meta "); /* of one row */
    bool index = strstr(line, "Index Only Scan ") || strstr(line, "Index Scan ");
    return table || (index && !strstr(next, "Index Cond: "));
}

enum { LINES = 60, LINE = 300 };

static size_t ask(struct site *s, struct db_conn *c, bool postgres, const struct prepared *p)
{
    static const struct db_value none[DB_ARGS_MAX] = {{.type = DB_NULL}};
    static char lines[LINES + 1][LINE];
    struct db_rows rows;
    size_t n = 0, found = 0;
    if (db_query(s->op, c, &rows, p->explain, none, postgres ? 0 : DB_ARGS_MAX) != WW_OK) {
        fail_msg("%s: %s", p->explain, ww_op_problem(s->op)->text);
    }
    while (db_next(&rows) == WW_OK) {
        const char *line = db_text(&rows, postgres ? 0 : 3);
        assert_true(n < LINES);
        snprintf(lines[n++], LINE, "%s", line ? line : "");
    }
    db_done(&rows);
    lines[n][0] = 0;
    /* In order of an index and with a limit, it is read as far as the limit says. */
    bool bounded = postgres && strstr(lines[0], "Limit ");
    for (size_t i = 0; i < n && !may_read_all(p->sql, postgres); i++) {
        if (reads_all(lines[i], lines[i + 1], postgres) && !(bounded && strstr(lines[i], "Index"))) {
            print_message("# %s\n#   %s\n", p->sql, lines[i]);
            found++;
        }
    }
    return found;
}

static void no_statement_reads_a_table_where_a_key_would_do(void **state)
{
    static const char *const weak[] = {"dev=true", "hashers.argon2.memory=32KB",
                                       "hashers.argon2.iterations=1", NULL};
    static struct prepared list[400];
    struct site *s = calloc(1, sizeof *s);
    size_t found = 0;
    (void)state;
    assert_non_null(s);
    site_open(s, weak);
    bool postgres = strcmp(db_driver_name(s->raw), "postgres") == 0;
    live(s);
    fill_tables(s, postgres);
    must(s, store_tx_begin(site_next(s), service_of(s->op)->store, DB_WRITE));
    struct db_conn *c = s->op->conn;
    if (postgres) {
        must(s, db_exec(s->op, c, "SET LOCAL plan_cache_mode = force_generic_plan", NULL, NULL, 0));
    }
    size_t n = prepared_by(c, postgres, list, sizeof list / sizeof list[0]);
    assert_in_range(n, 60, 399); /* the journey asks for nearly all there are */
    for (size_t i = 0; i < n; i++) {
        found += ask(s, c, postgres, &list[i]);
        free(list[i].sql);
        free(list[i].explain);
    }
    (void)store_tx_abort(s->op, WW_OK);
    print_message("# %zu statements\n", n);
    assert_int_equal(found, 0);
    site_close(s);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_statement_reads_a_table_where_a_key_would_do),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
