/* PostgreSQL: connections, and what the server's error codes mean. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db_postgres.h"

enum { PARAMETERS_MOST = 64 };

/* ---- errors ---- */
/* SQLSTATE (PostgreSQL manual, appendix A), or its first two characters for a whole class; the first row
 * that fits counts. `drop`: the connection is of no use any more. */
static const struct {
    const char *state;
    enum ww_err err;
    bool drop;
    const char *id, *text;
} meanings[] = {
    {"23505", WW_ECONFLICT, false, "db_conflict", "a value that must be unique exists already"},
    {"23", WW_EINTERNAL, false, "db_constraint", "a constraint of the database was violated"},
    {"40", WW_EBUSY, false, "db_busy", "the transaction lost against another one"},
    {"55P03", WW_EBUSY, false, "db_busy", "the database is locked by another writer"},
    {"57014", WW_EBUSY, false, "db_busy", "the database server cancelled a statement"},
    {"53300", WW_EBUSY, true, "db_busy", "the database server has too many connections"},
    {"53100", WW_EFULL, false, "db_full", "no space is left for the database"},
    {"53200", WW_ENOMEM, false, "out_of_memory", "the database server is out of memory"},
    {"25006", WW_EIO, true, "db_read_only", "the database server does not accept changes"},
    /* Prepared statements that a migration, or a pooler between, has made useless: begin again with others.
     */
    {"0A000", WW_EBUSY, true, "db_stale", "the tables have changed; the connection is renewed"},
    {"26000", WW_EBUSY, true, "db_stale", "a prepared statement is gone; the connection is renewed"},
    {"08", WW_EIO, true, "db_lost", "the connection to the database server was lost"},
    {"57", WW_EIO, true, "db_lost", "the database server ended the connection"},
    {"58", WW_EIO, true, "db_io", "the database server cannot read or write its files"},
    {"XX", WW_EIO, true, "db_corrupt", "the database server reports damage"},
    {"54", WW_ETOOLARGE, false, "db_too_large", "a value is too large for the database"},
};

enum ww_err db_postgres_fail(struct ww_op *op, struct db_conn *c, PGresult *result)
{
    const struct postgres_conn *p = c->native;
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    enum ww_err err = WW_EINTERNAL;

    /* Without a result nothing is known of what the server did: the connection is of no use any more. */
    if (PQstatus(p->pg) != CONNECTION_OK || !result) {
        c->broken = true;
        err = c->silent ? op_fail(op, WW_EIO, "db_silent", "the database server gives no answer")
                        : op_fail(op, WW_EIO, "db_lost", "the connection to the database server was lost");
    } else if (!state) {
        err = op_fail(op, WW_EIO, "db_io", "the database server gave no answer that is understood");
    } else {
        /* The server's own message may quote values; those of class 42 (mistakes in a statement) name
         * tables and columns. */
        const char *message =
            strncmp(state, "42", 2) == 0 ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
        err = op_fail(op, WW_EINTERNAL, "db_statement", "the database refused a statement (%.5s)%s%s", state,
                      message ? ": " : "", message ? message : "");
    }
    /* What the table lacks is WW_EINTERNAL: told to the log by its code, and to nobody else. */
    for (size_t i = 0; state && !c->broken && i < sizeof meanings / sizeof meanings[0]; i++) {
        if (strncmp(state, meanings[i].state, strlen(meanings[i].state)) == 0) {
            c->broken = meanings[i].drop;
            err = op_fail(op, meanings[i].err, meanings[i].id, "%s", meanings[i].text);
            break;
        }
    }
    PQclear(result);
    return err;
}

/* ---- the store ---- */
static const char *value_of(const struct postgres_store *store, const char *keyword)
{
    for (size_t i = 0; store->keywords[i]; i++) {
        if (strcmp(store->keywords[i], keyword) == 0) {
            return store->values[i];
        }
    }
    return NULL;
}

/* False when there is no memory. Copied, so that a password lies in one place that is wiped when the store
 * is closed. */
static bool add(struct postgres_store *store, const char *keyword, const char *value)
{
    size_t n = 0;
    while (store->keywords[n]) {
        n++;
    }
    if (n + 1 >= PARAMETERS_MOST) {
        return false;
    }
    store->keywords[n] = strdup(keyword);
    store->values[n] = strdup(value);
    return store->keywords[n] && store->values[n];
}

static bool add_default(struct postgres_store *store, const char *keyword, const char *value)
{
    /* What the dsn says beats what is set here. What the dsn says beats what is set here. */
    return value_of(store, keyword) || add(store, keyword, value);
}

static bool add_all(struct postgres_store *store, const PQconninfoOption *options, unsigned wait_ms)
{
    char seconds[16], ms[16];
    bool good = true;
    snprintf(ms, sizeof ms, "%u", wait_ms);
    /* libpq takes less than 2 seconds for 2. */
    snprintf(seconds, sizeof seconds, "%u", wait_ms < 2000 ? 2 : (wait_ms + 999) / 1000);
    for (; options->keyword && good; options++) {
        if (options->val && *options->val) {
            good = add(store, options->keyword, options->val);
        }
    }
    /* Always the primary (vault.md §12): with several hosts, the one that takes writes. */
    return good && add_default(store, "target_session_attrs", "read-write") &&
           add_default(store, "connect_timeout", seconds) && add_default(store, "tcp_user_timeout", ms) &&
           add_default(store, "fallback_application_name", "watchword") &&
           add_default(store, "client_encoding", "UTF8");
}

/* libpq frees without wiping, and the dsn's password is among them. */
static void free_options(PQconninfoOption *options)
{
    for (PQconninfoOption *o = options; o && o->keyword; o++) {
        /* Over the whole length of each value: which of them is the password is libpq's to know. */
        if (o->val) {
            explicit_bzero(o->val, strlen(o->val));
        }
    }
    PQconninfoFree(options);
}

enum ww_err db_postgres_start(struct ww_op *op, struct db *db, const struct dsn *dsn)
{
    struct postgres_store *store = calloc(1, sizeof *store);
    db->shared = store;
    if (store) {
        atomic_init(&store->users, 1);
    }
    if (!store || !(store->keywords = calloc(PARAMETERS_MOST, sizeof *store->keywords)) ||
        !(store->values = calloc(PARAMETERS_MOST, sizeof *store->values))) {
        return op_no_memory(op);
    }
    PQconninfoOption *options = PQconninfoParse(dsn->location, NULL);
    if (!options) {
        /* libpq's own message quotes the dsn, password included. */
        return op_fail_field(op, WW_ECONFIG, "db_dsn", "dsn",
                             "dsn: is no PostgreSQL URI, or has a parameter that is unknown; special "
                             "characters in names and passwords are written %%XX");
    }
    bool good = add_all(store, options, db->wait_ms);
    free_options(options);
    const char *host = good ? value_of(store, "host") : NULL;
    host = host || !good ? host : value_of(store, "hostaddr");
    db->shown = strdup(host ? host : "the local socket");
    store->password = good ? value_of(store, "password") : NULL;
    return good && db->shown ? WW_OK : op_no_memory(op);
}

void db_postgres_store_leave(struct postgres_store *store)
{
    if (atomic_fetch_sub(&store->users, 1) > 1) {
        return;
    }
    for (size_t i = 0; store->keywords && store->values && store->keywords[i]; i++) {
        if (store->values[i]) {
            explicit_bzero(store->values[i], strlen(store->values[i]));
        }
        free(store->keywords[i]);
        free(store->values[i]);
    }
    free(store->keywords);
    free(store->values);
    free(store);
}

void db_postgres_stop(struct db *db)
{
    struct postgres_store *store = db->shared;
    if (store) {
        db_postgres_store_leave(store);
    }
    db->shared = NULL;
}

/* ---- connections ---- */
/* libpq's message in one line, unless it should hold the password. */
static const char *connect_message(struct ww_op *op, const struct postgres_store *store, const PGconn *pg)
{
    char *message = arena_strdup(&op->arena, PQerrorMessage(pg));
    if (!message || (store->password && *store->password && strstr(message, store->password))) {
        return "the server refused";
    }
    size_t n = strlen(message);
    while (n > 0 && message[n - 1] == '\n') {
        message[--n] = 0;
    }
    for (char *p = message; *p; p++) {
        *p = *p == '\n' || *p == '\t' ? ' ' : *p;
    }
    return message;
}

/* ms. The server gives up by itself before this side does: a statement that nobody waits for must not go
 * on holding locks. */
static enum ww_err settle(struct ww_op *op, struct db_conn *c)
{
    char settings[160];
    snprintf(settings, sizeof settings,
             "SET lock_timeout = %u; SET statement_timeout = %u; SET standard_conforming_strings = on",
             c->db->wait_ms, c->db->wait_ms);
    PGresult *result = db_postgres_execute(c, settings);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        return db_postgres_fail(op, c, result);
    }
    PQclear(result);
    return WW_OK;
}

enum ww_err db_postgres_connect(struct ww_op *op, struct db_conn *c)
{
    struct postgres_store *store = c->db->shared;
    struct postgres_conn *p = calloc(1, sizeof *p);
    if (!p) {
        return op_no_memory(op);
    }
    c->native = p;
    const char *seconds = value_of(store, "connect_timeout");
    long most = seconds ? strtol(seconds, NULL, 10) : 0;
    unsigned most_ms = c->asks ? DB_ASK_MS : most > 0 && most < 600 ? (unsigned)most * 1000 : DB_PATIENT_MS;
    p->pg = db_postgres_begin(store, most_ms, &c->silent);
    if (c->silent) {
        return op_fail(op, WW_EIO, "db_silent", "the database server at %s gives no answer", c->db->shown);
    }
    if (!p->pg) {
        return op_no_memory(op);
    }
    if (PQstatus(p->pg) != CONNECTION_OK) {
        return op_fail(op, WW_EIO, "db_connect", "the database server at %s cannot be used: %.300s",
                       c->db->shown, connect_message(op, store, p->pg));
    }
    if (PQsetnonblocking(p->pg, 1) != 0) { /* sending waits with a deadline too, in db_postgres_wait.c */
        return op_no_memory(op);
    }
    return settle(op, c);
}

void db_postgres_disconnect(struct db_conn *c)
{
    struct postgres_conn *p = c->native;
    if (p) {
        PQfinish(p->pg);
        free(p);
    }
    c->native = NULL;
}

bool db_postgres_alive(struct db_conn *c)
{
    const struct postgres_conn *p = c->native;
    struct pollfd socket = {.fd = PQsocket(p->pg), .events = POLLIN};
    /* An idle server says nothing, save now and then a changed parameter. What goes on being readable is
     * the end of the connection. */
    for (int i = 0; i < 3; i++) {
        if (PQstatus(p->pg) != CONNECTION_OK || PQtransactionStatus(p->pg) != PQTRANS_IDLE) {
            return false;
        }
        if (poll(&socket, 1, 0) <= 0) {
            return true;
        }
        if (!PQconsumeInput(p->pg) || PQisBusy(p->pg)) {
            return false;
        }
    }
    return false;
}
