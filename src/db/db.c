/* Transactions, statements and rows: what is alike for every database. */
#include <string.h>

#include "db_driver.h"
#include "utf8.h"

/* What rows.driver holds after db_done when a value had been lost; no query has this number. */
#define LOST_QUERY UINTPTR_MAX

static bool faulted(const struct ww_op *op)
{
    return op->env->fault && op->env->fault(op->env->ctx, WW_FAULT_STATEMENT);
}

/* Tests stop every statement and commit once, to see that nothing is left half-done; the environment's
 * `fault` is NULL otherwise. */
static enum ww_err fail_injected(struct ww_op *op)
{
    /* As a driver's own failure looks, so that no caller can tell a test from a broken disk. */
    return op_fail(op, WW_EIO, "db_fault", "the database failed");
}

/* A commit that was done, of which this side never hears. */
static bool answer_lost(struct ww_op *op, struct db_conn *c)
{
    if (c->mode != DB_WRITE || !op->env->fault || !op->env->fault(op->env->ctx, WW_FAULT_ANSWER)) {
        return false;
    }
    c->broken = true;
    op_fail(op, WW_EIO, "db_commit_unknown", "the connection to the database was lost while committing");
    return true;
}

/* PostgreSQL refuses what follows a failed statement; so that SQLite shows the same mistakes, db.c does. */
static enum ww_err note(struct db_conn *c, enum ww_err err)
{
    if (err != WW_OK && c->in_transaction) {
        c->failed = true;
    }
    return err;
}

/* ---- transactions ----. The mode is said before anything is read: on SQLite a reader that later wants to
 * write (BEGIN, then INSERT) fails where another has written meanwhile, and no waiting helps. */
enum ww_err db_begin(struct ww_op *op, struct db_conn *c, enum db_mode mode)
{
    db_end_query(c);
    if (c->in_transaction) {
        return op_fail(op, WW_EINTERNAL, "db_nested", "a transaction is open already");
    }
    if (faulted(op)) {
        return fail_injected(op);
    }
    enum ww_err err = c->db->driver->begin(op, c, mode);
    if (err == WW_OK) {
        c->in_transaction = true;
        c->failed = false;
        /* Kept for check_state: a reading transaction refuses what SQLite would let pass and PostgreSQL would
         * not. */
        c->mode = mode;
        c->ends = NULL;
        c->ends_tail = &c->ends;
    }
    return err;
}

/* Those that asked are told once, whatever the end was; what they keep must follow what the database
 * keeps. */
static void end_transaction(struct db_conn *c, bool committed)
{
    c->in_transaction = false;
    c->failed = false;
    for (struct db_end *e = c->ends; e; e = e->next) {
        e->ended(e->context, committed);
    }
    c->ends = NULL;
}

enum ww_err db_at_end(struct ww_op *op, struct db_conn *c, void (*ended)(void *context, bool committed),
                      void *context)
{
    if (!c->in_transaction) {
        return op_fail(op, WW_EINTERNAL, "db_no_transaction", "no transaction is open");
    }
    struct db_end *e = ARENA_NEW(&op->arena, struct db_end);
    if (!e) {
        return op_no_memory(op);
    }
    *e = (struct db_end){NULL, ended, context};
    /* In the order in which they asked: what was told first is heard first. */
    *c->ends_tail = e;
    c->ends_tail = &e->next;
    return WW_OK;
}

enum ww_err db_commit(struct ww_op *op, struct db_conn *c)
{
    enum ww_err err = WW_EINTERNAL;
    db_end_query(c);
    if (!c->in_transaction) {
        return op_fail(op, WW_EINTERNAL, "db_no_transaction", "no transaction is open");
    }
    /* PostgreSQL would answer a COMMIT with a ROLLBACK and call it done. */
    if (c->failed) {
        err = op_fail(op, WW_EINTERNAL, "db_transaction_failed", "a statement of the transaction had failed");
    } else if (faulted(op)) {
        err = fail_injected(op);
    } else {
        err = c->db->driver->commit(op, c);
        err = err || !answer_lost(op, c) ? err : WW_EIO;
    }
    /* A commit that failed leaves nothing open: the connection goes back to the pool as it came. */
    if (err != WW_OK) {
        db_rollback(c);
        return err;
    }
    end_transaction(c, true);
    return WW_OK;
}

void db_rollback(struct db_conn *c)
{
    db_end_query(c);
    if (c->in_transaction) {
        c->db->driver->rollback(c);
        end_transaction(c, false);
    }
}

bool db_in_transaction(const struct db_conn *c)
{
    return c->in_transaction;
}

bool db_in_writing(const struct db_conn *c)
{
    return c->in_transaction && c->mode == DB_WRITE;
}

/* ---- statements ----. Values reach the database as arguments only, never in the text of a statement: all
 * texts are constants of the program. */
static enum ww_err check_args(struct ww_op *op, const struct db_value *args, size_t n)
{
    /* Statements are constants: this is a mistake that the first run of a test shows. */
    if (n > DB_ARGS_MAX) {
        return op_fail(op, WW_EINTERNAL, "db_arguments", "a statement has too many arguments");
    }
    for (size_t i = 0; i < n; i++) {
        /* What PostgreSQL cannot keep in a TEXT, SQLite is not given either. */
        if (args[i].type == DB_TEXT &&
            (!args[i].b.p || memchr(args[i].b.p, 0, args[i].b.n) || !utf8_valid(args[i].b))) {
            return op_fail(op, WW_EINVAL, "db_text", "a text is not UTF-8 or holds a NUL");
        }
    }
    return WW_OK;
}

/* Whether a statement of this kind may run now. */
static enum ww_err check_state(struct ww_op *op, const struct db_conn *c, const struct db_statement *s)
{
    if (c->in_transaction && c->mode == DB_READ && (!s->selects || s->locks)) {
        return op_fail(op, WW_EINTERNAL, "db_read_transaction", "a reading transaction cannot write or lock");
    }
    return WW_OK;
}

/* All that comes before a statement runs. */
static enum ww_err ready(struct ww_op *op, struct db_conn *c, const char *sql, const struct db_value *args,
                         size_t n, struct db_statement **s)
{
    *s = NULL;
    if (c->failed) {
        return op_fail(op, WW_EINTERNAL, "db_transaction_failed",
                       "a statement of the transaction had failed; it can only be rolled back");
    }
    enum ww_err err = check_args(op, args, n);
    if (err == WW_OK && faulted(op)) {
        err = fail_injected(op);
    }
    /* PostgreSQL has one statement at a time on a connection: the rows that are being read are fetched first.
     */
    if (err == WW_OK && c->query && c->db->driver->hold) {
        err = c->db->driver->hold(op, c);
    }
    if (err == WW_OK) {
        err = db_cache_find(op, c, sql, args, n, s);
    }
    if (err == WW_OK) {
        err = check_state(op, c, *s);
    }
    return err;
}

enum ww_err db_exec(struct ww_op *op, struct db_conn *c, const char *sql, int64_t *changed,
                    const struct db_value *args, size_t n)
{
    struct db_statement *s;
    int64_t count = 0;
    if (changed) {
        *changed = 0;
    }
    enum ww_err err = ready(op, c, sql, args, n, &s);
    if (err == WW_OK) {
        /* The same statement again while its own rows are open: they end. */
        if (c->query && s->native == c->query_statement) {
            db_end_query(c);
        }
        err = c->db->driver->exec(op, c, s->native, args, n, &count);
    }
    if (err == WW_OK && changed) {
        *changed = count;
    }
    return note(c, err);
}

/* Texts without arguments, of migrations and of transactions: never with anything from outside. */
enum ww_err db_run(struct ww_op *op, struct db_conn *c, const char *sql)
{
    db_end_query(c);
    return note(c, faulted(op) ? fail_injected(op) : c->db->driver->run(op, c, sql));
}

/* ---- rows ---- Rows know the number of their query: rows of one that is over read NULLs, not another
 * query's columns. */
static bool current(const struct db_rows *rows)
{
    return rows->conn && rows->driver && rows->conn->query == (uintptr_t)rows->driver;
}

void db_end_query(struct db_conn *c)
{
    if (c->query) {
        c->db->driver->finish(c);
    }
    c->query = 0;
    c->query_statement = NULL;
    c->first = c->on_row = c->lost = false;
}

enum ww_err db_query(struct ww_op *op, struct db_conn *c, struct db_rows *rows, const char *sql,
                     const struct db_value *args, size_t n)
{
    struct db_statement *s;
    *rows = (struct db_rows){.conn = c, .op = op};
    db_end_query(c);
    enum ww_err err = ready(op, c, sql, args, n, &s);
    /* INSERT … RETURNING alone would be committed when its rows end, wherever the caller is then. */
    if (err == WW_OK && !s->selects && !c->in_transaction) {
        err = op_fail(op, WW_EINTERNAL, "db_needs_transaction",
                      "a statement that changes and returns rows needs a transaction");
    }
    if (err == WW_OK) {
        err = c->db->driver->query(op, c, s->native, args, n, &c->first);
    }
    if (err != WW_OK || !c->first) {
        /* The driver has fetched the first row already: that is how it knows that there is one. */
        c->first = false;
        return note(c, err);
    }
    c->query = ++c->last_query;
    c->query_statement = s->native;
    rows->driver = (void *)c->query; /* a number, not an address: rows that outlive their query do no harm */
    return WW_OK;
}

enum ww_err db_next(struct db_rows *rows)
{
    struct db_conn *c = rows->conn;
    if (db_lost(rows)) {
        return op_no_memory(rows->op);
    }
    if (!rows->driver) {
        return WW_ENOTFOUND;
    }
    if (!current(rows)) {
        return op_fail(rows->op, WW_EINTERNAL, "db_query_ended", "another query has ended this one");
    }
    if (c->first) {
        c->first = false;
        c->on_row = true;
        return WW_OK;
    }
    enum ww_err err = c->db->driver->next(rows->op, c, &c->on_row);
    if (err != WW_OK || !c->on_row) {
        db_done(rows); /* at once: an open query holds locks */
    }
    return err != WW_OK ? note(c, err) : c->on_row ? WW_OK : WW_ENOTFOUND;
}

/* A column of rows that are over is NULL rather than memory of the driver's that is gone. */
static struct db_value column_of(const struct db_rows *rows, int column)
{
    return current(rows) && rows->conn->on_row ? rows->conn->db->driver->column(rows->conn, column) : DB_NONE;
}

int64_t db_int(struct db_rows *rows, int column)
{
    struct db_value v = column_of(rows, column);
    return v.type == DB_INT ? v.i : 0;
}

/* Another type than the one asked for counts as NULL: who writes to the database chooses the types in
 * SQLite. */
static struct bytes copy(struct db_rows *rows, int column, enum db_type type)
{
    struct db_value v = column_of(rows, column);
    if (v.type != type) {
        return BYTES(NULL, 0);
    }
    struct bytes b = bytes_dup(&rows->op->arena, v.b);
    if (!b.p) {
        rows->conn->lost = true;
        return BYTES(NULL, 0);
    }
    return b;
}

struct bytes db_blob(struct db_rows *rows, int column)
{
    return copy(rows, column, DB_BLOB);
}

char *db_text(struct db_rows *rows, int column)
{
    /* The copy is the arena's own, made just now. */
    return (char *)(uintptr_t)copy(rows, column, DB_TEXT).p;
}

bool db_is_null(struct db_rows *rows, int column)
{
    return column_of(rows, column).type == DB_NULL;
}

/* Lack of memory is told apart from a NULL in the row: taken for missing, a value would be an alarm of
 * tampering. */
bool db_lost(const struct db_rows *rows)
{
    return (uintptr_t)rows->driver == LOST_QUERY || (current(rows) && rows->conn->lost);
}

void db_done(struct db_rows *rows)
{
    if (current(rows)) {
        bool lost = rows->conn->lost;
        db_end_query(rows->conn);
        rows->driver = lost ? (void *)LOST_QUERY : NULL;
    }
}
