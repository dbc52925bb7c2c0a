/* SQLite: statements, rows, transactions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db_sqlite.h"
#include "timefmt.h"

struct sqlite_statement {
    sqlite3_stmt *stmt;
    bool reads;  /* changes nothing */
    bool counts; /* sqlite3_changes64 is about it; after others it is about the statement before */
    /* SQLite takes $1, $2 … for names: the argument that each of its parameters stands for, from 1. */
    int parameters;
    uint8_t argument[DB_ARGS_MAX];
};

static enum ww_err fail(struct ww_op *op, const struct db_conn *c, int code)
{
    const struct sqlite_conn *s = c->native;
    return db_sqlite_fail(op, c->db, s->handle, code);
}

/* ---- the writer's turn ----. Writers of this process wait here, in memory and in turn. SQLite's own lock
 * is polled with sleeps: under load the unlucky would wait for seconds, and writers of other processes
 * still meet there. */
static enum ww_err take_turn(struct ww_op *op, struct db_conn *c)
{
    struct sqlite_store *store = c->db->shared;
    struct sqlite_conn *s = c->native;
    struct timespec deadline = timefmt_deadline(c->db->wait_ms);
    int waited = 0;

    /* Held for some instructions only, never while a writer writes. */
    pthread_mutex_lock(&store->lock);
    s->turn = !store->writing;
    if (!s->turn) {
        uint64_t number = store->come++;
        store->waiting++;
        while (!(s->turn = store->offered && number < store->offered_to) && waited != ETIMEDOUT) {
            waited = pthread_cond_timedwait(&store->freed, &store->lock, &deadline);
        }
        store->waiting--;
        /* The offer is taken by one; the others wait for the next. */
        store->offered = store->offered && !s->turn;
    }
    store->writing = true;
    pthread_mutex_unlock(&store->lock);
    return s->turn ? WW_OK : db_sqlite_fail(op, c->db, s->handle, SQLITE_BUSY);
}

static void leave_turn(struct db_conn *c)
{
    struct sqlite_store *store = c->db->shared;
    struct sqlite_conn *s = c->native;
    if (s->turn) {
        s->turn = false;
        pthread_mutex_lock(&store->lock);
        store->offered = store->waiting > 0;
        /* Only those that wait already: who comes later waits behind them, so that nobody is overtaken for
         * ever. */
        store->offered_to = store->come;
        store->writing = store->offered;
        pthread_cond_broadcast(&store->freed);
        pthread_mutex_unlock(&store->lock);
    }
}

/* ---- prepare and bind ---- */
static bool counts(const char *sql)
{
    static const char *const verbs[] = {"INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strncasecmp(sql, verbs[i], strlen(verbs[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Once for each statement, so that one text serves both databases. */
static bool map_parameters(struct sqlite_statement *st)
{
    st->parameters = sqlite3_bind_parameter_count(st->stmt);
    /* Bounded by an array; our statements have a dozen at most. */
    if (st->parameters > DB_ARGS_MAX) {
        return false;
    }
    for (int i = 1; i <= st->parameters; i++) {
        const char *name = sqlite3_bind_parameter_name(st->stmt, i);
        long number = name && name[0] == '$' ? strtol(name + 1, NULL, 10) : 0;
        if (number < 1 || number > DB_ARGS_MAX) {
            return false;
        }
        st->argument[i - 1] = (uint8_t)number;
    }
    return true;
}

/* SQLite has no row locks: BEGIN IMMEDIATE has taken the whole database for the writer. */
static size_t length_without_lock(const char *sql)
{
    const char *lock = strstr(sql, DB_FOR_UPDATE);
    /* It stands last in each statement that has it. */
    return lock ? (size_t)(lock - sql) : strlen(sql);
}

static void sqlite_finalize(struct db_conn *c, void *statement)
{
    struct sqlite_statement *st = statement;
    (void)c;
    sqlite3_finalize(st->stmt);
    free(st);
}

/* PERSISTENT: the statement lives as long as its connection, outside of SQLite's small pool of memory. */
static enum ww_err sqlite_prepare(struct ww_op *op, struct db_conn *c, const char *sql,
                                  const struct db_value *args, size_t n, void **statement)
{
    const struct sqlite_conn *s = c->native;
    struct sqlite_statement *st = calloc(1, sizeof *st);
    (void)args, (void)n;
    *statement = NULL;
    if (!st) {
        return op_no_memory(op);
    }
    int code = sqlite3_prepare_v3(s->handle, sql, (int)length_without_lock(sql), SQLITE_PREPARE_PERSISTENT,
                                  &st->stmt, NULL);
    if (code != SQLITE_OK) {
        sqlite_finalize(c, st);
        return fail(op, c, code);
    }
    if (!st->stmt || !map_parameters(st)) {
        sqlite_finalize(c, st);
        return op_fail(op, WW_EINTERNAL, "db_statement",
                       "a statement is empty or has parameters but $1, $2 …");
    }
    st->reads = sqlite3_stmt_readonly(st->stmt) != 0;
    st->counts = counts(sql);
    *statement = st;
    return WW_OK;
}

/* STATIC where the statement is over before the caller's memory is; TRANSIENT for queries, whose rows are
 * read later. */
static int bind_value(sqlite3_stmt *stmt, int i, const struct db_value *v, sqlite3_destructor_type keep)
{
    switch (v->type) {
    case DB_INT:
        return sqlite3_bind_int64(stmt, i, v->i);
    case DB_BLOB: /* an empty blob is not NULL */
        return v->b.n == 0 ? sqlite3_bind_zeroblob(stmt, i, 0)
                           : sqlite3_bind_blob64(stmt, i, v->b.p, v->b.n, keep);
    case DB_TEXT:
        return sqlite3_bind_text64(stmt, i, (const char *)v->b.p, v->b.n, keep, SQLITE_UTF8);
    case DB_NULL:
    default:
        return sqlite3_bind_null(stmt, i);
    }
}

static enum ww_err bind(struct ww_op *op, struct db_conn *c, struct sqlite_statement *st,
                        const struct db_value *args, size_t n, sqlite3_destructor_type keep)
{
    int code = SQLITE_OK;
    for (int i = 0; i < st->parameters && code == SQLITE_OK; i++) {
        if (st->argument[i] > n) {
            return op_fail(op, WW_EINTERNAL, "db_arguments", "a statement has too few arguments");
        }
        code = bind_value(st->stmt, i + 1, &args[st->argument[i] - 1], keep);
    }
    return code == SQLITE_OK ? WW_OK : fail(op, c, code);
}

static void reset(sqlite3_stmt *stmt)
{
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt); /* the arguments' memory is the caller's */
}

/* ---- run ----. A statement that returns rows has done its work only at its end. */
static int step_to_end(sqlite3_stmt *stmt)
{
    int code;
    do {
        code = sqlite3_step(stmt);
    } while (code == SQLITE_ROW);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static enum ww_err sqlite_exec(struct ww_op *op, struct db_conn *c, void *statement,
                               const struct db_value *args, size_t n, int64_t *changed)
{
    struct sqlite_statement *st = statement;
    const struct sqlite_conn *s = c->native;
    bool alone = !c->in_transaction && !st->reads;
    enum ww_err err = alone ? take_turn(op, c) : WW_OK;
    if (err != WW_OK) {
        return err;
    }
    err = bind(op, c, st, args, n, SQLITE_STATIC);
    if (err == WW_OK) {
        int code = step_to_end(st->stmt);
        err = code == SQLITE_OK ? WW_OK : fail(op, c, code);
        *changed = err == WW_OK && st->counts ? sqlite3_changes64(s->handle) : 0;
    }
    reset(st->stmt);
    if (alone) {
        leave_turn(c);
    }
    return err;
}

static enum ww_err sqlite_next(struct ww_op *op, struct db_conn *c, bool *row)
{
    const struct sqlite_conn *s = c->native;
    /* Errors of a query come when its rows are asked for, not before. */
    int code = sqlite3_step(s->open);
    *row = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE ? WW_OK : fail(op, c, code);
}

static void sqlite_finish(struct db_conn *c)
{
    struct sqlite_conn *s = c->native;
    if (s->open) {
        reset(s->open);
    }
    s->open = NULL;
}

static enum ww_err sqlite_query(struct ww_op *op, struct db_conn *c, void *statement,
                                const struct db_value *args, size_t n, bool *row)
{
    struct sqlite_statement *st = statement;
    struct sqlite_conn *s = c->native;
    *row = false;
    s->open = st->stmt;
    enum ww_err err = bind(op, c, st, args, n, SQLITE_TRANSIENT);
    if (err == WW_OK) {
        err = sqlite_next(op, c, row);
    }
    if (err != WW_OK || !*row) {
        sqlite_finish(c);
    }
    return err;
}

static struct db_value sqlite_column(struct db_conn *c, int column)
{
    const struct sqlite_conn *s = c->native;
    switch (sqlite3_column_type(s->open, column)) {
    case SQLITE_INTEGER:
        return DB_I(sqlite3_column_int64(s->open, column));
    case SQLITE_BLOB: {
        const void *p = sqlite3_column_blob(s->open, column);
        return DB_B(BYTES(p, (size_t)sqlite3_column_bytes(s->open, column)));
    }
    case SQLITE_TEXT: {
        const void *p = sqlite3_column_text(s->open, column);
        return (struct db_value){DB_TEXT, 0, BYTES(p, (size_t)sqlite3_column_bytes(s->open, column))};
    }
    default:
        return DB_NONE;
    }
}

/* ---- transactions ---- */
static enum ww_err sqlite_run(struct ww_op *op, struct db_conn *c, const char *sql)
{
    const struct sqlite_conn *s = c->native;
    int code = sqlite3_exec(s->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? WW_OK : fail(op, c, code);
}

static enum ww_err run_kept(struct ww_op *op, struct db_conn *c, const char *sql)
{
    struct db_statement *s;
    int64_t changed;
    enum ww_err err = db_cache_find(op, c, sql, NULL, 0, &s);
    if (err == WW_OK) {
        struct sqlite_statement *st = s->native;
        st->reads = true; /* of BEGIN and COMMIT, the turn is taken by the caller */
        err = sqlite_exec(op, c, st, NULL, 0, &changed);
    }
    return err;
}

static enum ww_err sqlite_begin(struct ww_op *op, struct db_conn *c, enum db_mode mode)
{
    enum ww_err err = mode == DB_WRITE ? take_turn(op, c) : WW_OK;
    if (err == WW_OK) {
        /* IMMEDIATE takes the write lock at once (vault.md §13): what the transaction reads cannot be
         * overtaken before it writes. */
        err = run_kept(op, c, mode == DB_WRITE ? "BEGIN IMMEDIATE" : "BEGIN");
    }
    if (err != WW_OK) {
        leave_turn(c);
    }
    return err;
}

static enum ww_err sqlite_commit(struct ww_op *op, struct db_conn *c)
{
    enum ww_err err = run_kept(op, c, "COMMIT");
    if (err == WW_OK) {
        leave_turn(c);
    }
    return err; /* after a failure db.c rolls back */
}

static void sqlite_rollback(struct db_conn *c)
{
    const struct sqlite_conn *s = c->native;
    if (!sqlite3_get_autocommit(s->handle) &&
        sqlite3_exec(s->handle, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK) {
        c->broken = true;
    }
    if (!c->broken) {
        leave_turn(c);
    }
}

/* There is no server that could have gone. */
static bool sqlite_alive(struct db_conn *c)
{
    (void)c;
    return true;
}

static void sqlite_disconnect(struct db_conn *c)
{
    if (c->native) {
        leave_turn(c);
    }
    db_sqlite_disconnect(c);
}

const struct db_driver db_sqlite = {
    .name = "sqlite",
    .default_connections =
        32, /* opened as they are needed: a thread of the server finds one without waiting */
    .blob = "BLOB",
    .id = "INTEGER PRIMARY KEY AUTOINCREMENT",
    .integer = "INTEGER",
    .has_table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1",
    .any_table =
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' "
        "ESCAPE '\\'",
    .has_index =
        "SELECT 1 FROM pragma_index_list($1) l WHERE l.\"unique\" >= $3 AND l.partial = $4 AND $2 ="
        " (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno))",
    .foreign = "SELECT type || ' ' || name FROM sqlite_schema WHERE type IN ('trigger', 'view')",
    .verification = "SELECT quick_check FROM pragma_quick_check(20)",
    .start = db_sqlite_start,
    .stop = db_sqlite_stop,
    .connect = db_sqlite_connect,
    .disconnect = sqlite_disconnect,
    .alive = sqlite_alive,
    .prepare = sqlite_prepare,
    .finalize = sqlite_finalize,
    .exec = sqlite_exec,
    .query = sqlite_query,
    .next = sqlite_next,
    .column = sqlite_column,
    .finish = sqlite_finish,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .run = sqlite_run,
};
