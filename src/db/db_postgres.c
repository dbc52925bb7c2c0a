/* PostgreSQL: statements, rows, transactions. */
#include "db_postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- prepare ---- */
static void postgres_finalize(struct db_conn *c, void *statement)
{
    const struct postgres_conn *p = c->native;
    struct postgres_statement *st = statement;
    char sql[48];
    /* In a transaction that has failed the server takes no statement but ROLLBACK; the name is not used
     * again anyway. */
    if (!c->broken && PQtransactionStatus(p->pg) != PQTRANS_INERROR) {
        snprintf(sql, sizeof sql, "DEALLOCATE %s", st->name);
        PQclear(db_postgres_execute(c, sql));
    }
    free(st);
}

/* Asks the server which types it wants: a NULL among the first arguments says nothing about its place. */
static enum ww_err describe(struct ww_op *op, struct db_conn *c, struct postgres_statement *st)
{
    const struct postgres_conn *p = c->native;
    PGresult *result = db_postgres_last_result(c, PQsendDescribePrepared(p->pg, st->name));
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        return db_postgres_fail(op, c, result);
    }
    st->n = PQnparams(result);
    if (st->n > DB_ARGS_MAX) {
        PQclear(result);
        return op_fail(op, WW_EINTERNAL, "db_arguments", "a statement has too many arguments");
    }
    for (int i = 0; i < st->n; i++) {
        st->types[i] = PQparamtype(result, i);
    }
    PQclear(result);
    return WW_OK;
}

static enum ww_err postgres_prepare(struct ww_op *op, struct db_conn *c, const char *sql,
                                    const struct db_value *args, size_t n, void **statement)
{
    struct postgres_conn *p = c->native;
    struct postgres_statement *st = calloc(1, sizeof *st);
    *statement = NULL;
    if (!st) {
        return op_no_memory(op);
    }
    /* Never the same name twice on one connection: a statement that was forgotten is not met again. */
    snprintf(st->name, sizeof st->name, "w%lu", ++p->prepared);
    for (size_t i = 0; i < n; i++) {
        st->types[i] = db_postgres_type(&args[i]);
    }
    PGresult *result = db_postgres_last_result(c, PQsendPrepare(p->pg, st->name, sql, (int)n, st->types));
    enum ww_err err = WW_OK;
    if (PQresultStatus(result) == PGRES_COMMAND_OK) {
        PQclear(result);
        err = describe(op, c, st);
    } else {
        err = db_postgres_fail(op, c, result);
    }
    if (err != WW_OK) {
        free(st);
        return err;
    }
    *statement = st;
    return WW_OK;
}

/* ---- rows ---- */
static void postgres_finish(struct db_conn *c)
{
    struct postgres_conn *p = c->native;
    PGresult *result;
    PQclear(p->row);
    p->row = NULL;
    while (p->held_next < p->held_n) {
        PQclear(p->held[p->held_next++]);
    }
    free(p->held);
    p->held = NULL;
    p->held_n = p->held_next = 0;
    while (p->streaming && db_postgres_result(c, &result)) {
        PQclear(result);
    }
    p->streaming = false;
}

/* The next result of the running query: a row, its end, or a failure. *row is NULL but for a row. */
static enum ww_err receive(struct ww_op *op, struct db_conn *c, PGresult **row)
{
    struct postgres_conn *p = c->native;
    PGresult *result = NULL;
    bool got = p->streaming && db_postgres_result(c, &result);
    *row = NULL;
    if (got && PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
        *row = result;
        return WW_OK;
    }
    if (!p->streaming) {
        return WW_OK;
    }
    bool ended =
        got && (PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK);
    enum ww_err err = WW_OK;
    if (ended) {
        PQclear(result);
    } else {
        err = db_postgres_fail(op, c, result);
    }
    while (db_postgres_result(c, &result)) { /* until NULL, libpq takes no other statement */
        PQclear(result);
    }
    p->streaming = false;
    return err;
}

static enum ww_err postgres_next(struct ww_op *op, struct db_conn *c, bool *row)
{
    struct postgres_conn *p = c->native;
    enum ww_err err = WW_OK;
    PQclear(p->row);
    p->row = NULL;
    if (p->held_next < p->held_n) {
        p->row = p->held[p->held_next++];
    } else {
        err = receive(op, c, &p->row);
    }
    *row = p->row != NULL;
    return err;
}

/* The rows that are still to come are fetched now, so that another statement can run. */
static enum ww_err postgres_hold(struct ww_op *op, struct db_conn *c)
{
    struct postgres_conn *p = c->native;
    while (p->streaming) {
        PGresult *row = NULL;
        enum ww_err err = receive(op, c, &row);
        if (err != WW_OK) {
            return err;
        }
        if (!row) {
            break;
        }
        if ((p->held_n & (p->held_n + 1)) == 0) { /* room for a power of two, less one */
            PGresult **larger = realloc(p->held, (p->held_n + 1) * 2 * sizeof(PGresult *));
            if (!larger) {
                PQclear(row);
                return op_no_memory(op);
            }
            p->held = larger;
        }
        p->held[p->held_n++] = row;
    }
    return WW_OK;
}

static struct db_value postgres_column(struct db_conn *c, int column)
{
    const struct postgres_conn *p = c->native;
    return p->row ? db_postgres_decode(p->row, column) : DB_NONE;
}

/* ---- run ---- */
static enum ww_err postgres_exec(struct ww_op *op, struct db_conn *c, void *statement,
                                 const struct db_value *args, size_t n, int64_t *changed)
{
    const struct postgres_conn *p = c->native;
    const struct postgres_statement *st = statement;
    struct postgres_arguments a;
    enum ww_err err = db_postgres_encode(op, st, args, n, &a);
    if (err != WW_OK) {
        return err;
    }
    PGresult *result = db_postgres_last_result(
        c, PQsendQueryPrepared(p->pg, st->name, st->n, a.values, a.lengths, a.formats, 1));
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        return db_postgres_fail(op, c, result);
    }
    /* libpq gives the number as text; empty for what changes no rows. */
    *changed = status == PGRES_COMMAND_OK ? strtoll(PQcmdTuples(result), NULL, 10) : 0;
    PQclear(result);
    return WW_OK;
}

static enum ww_err postgres_query(struct ww_op *op, struct db_conn *c, void *statement,
                                  const struct db_value *args, size_t n, bool *row)
{
    struct postgres_conn *p = c->native;
    const struct postgres_statement *st = statement;
    struct postgres_arguments a;
    *row = false;
    enum ww_err err = db_postgres_encode(op, st, args, n, &a);
    if (err != WW_OK) {
        return err;
    }
    /* The last argument asks for binary results (db_postgres_values.c). */
    if (!PQsendQueryPrepared(p->pg, st->name, st->n, a.values, a.lengths, a.formats, 1)) {
        return db_postgres_fail(op, c, NULL);
    }
    p->streaming = true;
    /* Row by row, so that a large result is not held in memory that nobody bounds or wipes. */
    PQsetSingleRowMode(p->pg);
    err = postgres_next(op, c, row);
    if (err != WW_OK || !*row) {
        postgres_finish(c);
    }
    return err;
}

static enum ww_err postgres_run(struct ww_op *op, struct db_conn *c, const char *sql)
{
    PGresult *result = db_postgres_execute(c, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        return db_postgres_fail(op, c, result);
    }
    PQclear(result);
    return WW_OK;
}

/* ---- transactions ---- */
static enum ww_err postgres_begin(struct ww_op *op, struct db_conn *c, enum db_mode mode)
{
    return postgres_run(op, c,
                        /* Writers lock the rows that they rest on and compare the numbers that they change
                         * (vault.md §13), so READ COMMITTED is enough; readers get one moment of
                         * everything. */
                        mode == DB_WRITE ? "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
                                         : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

static enum ww_err postgres_commit(struct ww_op *op, struct db_conn *c)
{
    PGresult *result = db_postgres_execute(c, "COMMIT");
    if (PQresultStatus(result) == PGRES_COMMAND_OK) {
        /* The COMMIT of a transaction that has failed succeeds, and says so only here. */
        bool committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
        PQclear(result);
        return committed ? WW_OK
                         : op_fail(op, WW_EINTERNAL, "db_transaction_failed",
                                   "a statement of the transaction had failed");
    }
    enum ww_err err = db_postgres_fail(op, c, result);
    /* The server may have committed and died, or not: the store looks (vault.md §13). */
    if (c->broken && c->mode == DB_WRITE) {
        err = op_fail(op, WW_EIO, DB_COMMIT_UNKNOWN,
                      "the connection to the database server was lost while committing");
    }
    return err;
}

static void postgres_rollback(struct db_conn *c)
{
    const struct postgres_conn *p = c->native;
    if (!c->broken && PQtransactionStatus(p->pg) != PQTRANS_IDLE) {
        PGresult *result = db_postgres_execute(c, "ROLLBACK");
        c->broken = c->broken || PQresultStatus(result) != PGRES_COMMAND_OK;
        PQclear(result);
    }
}

/* relkind r and p: tables. Those of an extension are nobody's business. */
#define TABLES                                                                                               \
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "                   \
    "WHERE n.nspname = pg_catalog.current_schema() AND c.relkind IN ('r', 'p') "                             \
    "AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::regclass "           \
    "AND d.objid = c.oid AND d.deptype = 'e')"

const struct db_driver db_postgres = {
    .name = "postgres",
    .default_connections = 16,
    .blob = "BYTEA",
    .id = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
    .integer = "BIGINT",
    .has_table = "SELECT 1 " TABLES " AND c.relname = $1",
    .any_table = "SELECT 1 " TABLES,
    .has_index =
        "SELECT 1 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = $1"
        " AND n.nspname = pg_catalog.current_schema() AND (i.indisunique OR $3::bigint = 0) AND i.indisvalid"
        " AND (i.indpred IS NOT NULL) = ($4::bigint = 1)"
        " AND (SELECT pg_catalog.string_agg(a.attname::text, ', ' ORDER BY k.place)"
        " FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place) JOIN pg_catalog.pg_attribute a"
        " ON a.attrelid = c.oid AND a.attnum = k.number WHERE k.place <= i.indnkeyatts) = $2",
    /* By the sequence's own function: an id that is given explicitly does not move it. */
    .raise_ids = "WITH s (name) AS (SELECT pg_catalog.pg_get_serial_sequence('accounts', 'id'))"
                 " SELECT pg_catalog.setval(name::regclass, $1)"
                 " FROM s WHERE coalesce(pg_catalog.pg_sequence_last_value(name::regclass), 0) < $1",
    .neighbours = "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = current_database()"
                  " AND pid <> pg_catalog.pg_backend_pid() AND backend_type = 'client backend'",
    .foreign =
        "SELECT 'trigger ' || t.tgname FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c"
        " ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = pg_catalog.current_schema() AND NOT t.tgisinternal"
        " UNION ALL SELECT 'rule ' || r.rulename FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c"
        " ON c.oid = r.ev_class JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = pg_catalog.current_schema() AND r.rulename <> '_RETURN'"
        " UNION ALL SELECT CASE WHEN c.relkind = 'v' THEN 'view ' ELSE 'policy of rows on ' END || c.relname"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = pg_catalog.current_schema() AND (c.relkind = 'v' OR c.relrowsecurity)",
    /* The number is "watchword" in a way: any that no other program is likely to use. */
    .migration_lock = "SELECT 1 FROM pg_catalog.pg_advisory_xact_lock(7305804402566394468)",
    .migration_patience = "SET LOCAL statement_timeout = 600000",
    .start = db_postgres_start,
    .stop = db_postgres_stop,
    .connect = db_postgres_connect,
    .disconnect = db_postgres_disconnect,
    .alive = db_postgres_alive,
    .prepare = postgres_prepare,
    .finalize = postgres_finalize,
    .exec = postgres_exec,
    .query = postgres_query,
    .next = postgres_next,
    .column = postgres_column,
    .finish = postgres_finish,
    .hold = postgres_hold,
    .begin = postgres_begin,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .run = postgres_run,
};
