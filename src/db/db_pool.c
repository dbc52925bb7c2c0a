/* Connections of a store: opened up to a most, taken for a transaction or a statement, waited for until a
 * deadline. */
#include <errno.h>
#include <stdlib.h>

#include "db_driver.h"
#include "timefmt.h"

/* Long enough for a burst; whoever waits longer is told "busy" and may ask again. */
enum { DEFAULT_WAIT_MS = 5000 };

/* On the monotonic clock, as timefmt_deadline counts: waits are not stretched when the time of day is set. */
bool db_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    bool made = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(condition, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return made;
}

/* ---- one connection ----. What higher modules keep is of this connection (an audit chain): it goes
 * first, and a new connection starts without. */
static void conn_free(struct db_conn *c)
{
    while (c->kept) {
        struct db_kept *k = c->kept;
        c->kept = k->next;
        k->release(k->state);
        free(k);
    }
    c->broken = true; /* its statements end with it: no need to take leave of each */
    db_cache_clear(c);
    c->db->driver->disconnect(c);
    free(c);
}

static enum ww_err conn_new(struct ww_op *op, struct db *db, bool asks, struct db_conn **out)
{
    *out = NULL;
    struct db_conn *c = calloc(1, sizeof *c);
    if (!c) {
        return op_no_memory(op);
    }
    c->db = db;
    c->asks = asks;
    enum ww_err err = db->driver->connect(op, c);
    if (err != WW_OK) {
        conn_free(c);
        return err;
    }
    *out = c;
    return WW_OK;
}

/* ---- the pool ---- */
static bool nobody_waits(const struct db *db)
{
    return db->silent && db->asking;
}

/* An idle connection, or NULL with the right to open one; neither: false. *asks: of a server that fell
 * silent, to which no others go meanwhile; *silent: that is why there is none. */
static bool wait_for_place(struct db *db, struct db_conn **idle, bool *asks, bool *silent)
{
    struct timespec deadline = timefmt_deadline(db->wait_ms);
    bool got = true;

    pthread_mutex_lock(&db->lock);
    while (got && !nobody_waits(db) && !db->idle && db->open >= db->connections) {
        got = pthread_cond_timedwait(&db->given, &db->lock, &deadline) != ETIMEDOUT || db->idle ||
              db->open < db->connections;
    }
    *idle = NULL;
    *silent = nobody_waits(db);
    got = got && !*silent;
    *asks = got && db->silent;
    db->asking = db->asking || *asks;
    if (got && db->idle) {
        *idle = db->idle;
        db->idle = (*idle)->next;
        (*idle)->next = NULL;
    } else if (got) {
        db->open++;
    }
    pthread_mutex_unlock(&db->lock);
    return got;
}

/* answered: the server has said something, so that others may go to it again. */
static void end_asking(struct db *db, bool asked, bool answered, bool silent)
{
    db->asking = db->asking && !asked;
    db->silent = silent || (db->silent && !(asked && answered));
    if (asked || silent) {
        pthread_cond_broadcast(&db->given);
    }
}

static void leave_place(struct db *db, bool asked, bool silent)
{
    pthread_mutex_lock(&db->lock);
    db->open--;
    end_asking(db, asked, false, silent);
    pthread_cond_signal(&db->given);
    pthread_mutex_unlock(&db->lock);
}

enum ww_err db_take(struct ww_op *op, struct db *db, struct db_conn **out)
{
    *out = NULL;
    struct db_conn *c;
    bool asks = false, silent;
    if (!wait_for_place(db, &c, &asks, &silent)) {
        return silent ? op_fail(op, WW_EIO, "db_silent", "the database server gives no answer")
                      : op_fail(op, WW_EBUSY, "db_busy", "all connections to the database are in use");
    }
    /* The server may have been restarted since: better seen now than by a statement that fails. */
    if (c && !db->driver->alive(c)) {
        conn_free(c); /* its place in the count goes to the new one */
        c = NULL;
    }
    if (!c) {
        enum ww_err err = conn_new(op, db, asks, &c);
        if (err != WW_OK) {
            leave_place(db, asks, err == WW_EIO);
            return err;
        }
    }
    c->asks = asks;
    *out = c;
    return WW_OK;
}

void db_give(struct db_conn *c)
{
    if (!c) {
        return;
    }
    struct db *db = c->db;
    /* An end without commit is a rollback: whatever path a caller left by, the next one gets a clean
     * connection. */
    db_end_query(c);
    db_rollback(c);
    bool asked = c->asks, silent = c->silent;
    c->asks = false;
    if (c->broken) {
        conn_free(c);
        leave_place(db, asked, silent);
        return;
    }
    pthread_mutex_lock(&db->lock);
    end_asking(db, asked, true, false);
    c->next = db->idle; /* last in, first out: its caches are warm, and the others may stay unopened */
    db->idle = c;
    pthread_cond_signal(&db->given);
    pthread_mutex_unlock(&db->lock);
}

/* ---- what higher modules keep ---- */
void *db_kept(const struct db_conn *c, const void *key)
{
    const struct db_kept *k = c->kept;
    while (k && k->key != key) {
        k = k->next;
    }
    return k ? k->state : NULL;
}

/* Found by the address of a variable of the module that keeps it: no two can clash, and none sees
 * another's. */
enum ww_err db_keep(struct ww_op *op, struct db_conn *c, const void *key, void *state,
                    void (*release)(void *state))
{
    struct db_kept *k = calloc(1, sizeof *k);
    if (!k) {
        return op_no_memory(op);
    }
    *k = (struct db_kept){c->kept, key, state, release};
    c->kept = k;
    return WW_OK;
}

/* ---- the store ----. One connection is opened at once: a wrong dsn is told at the start, not by the
 * first request. */
static enum ww_err start(struct ww_op *op, struct db *db, const struct dsn *dsn)
{
    enum ww_err err = db->driver->start(op, db, dsn);
    struct db_conn *c = NULL;
    if (err == WW_OK) {
        err = db_take(op, db, &c);
    }
    db_give(c);
    return err;
}

enum ww_err db_open(struct ww_op *op, const struct db_options *options, struct db **out)
{
    *out = NULL;
    struct dsn dsn;
    enum ww_err err = db_dsn_parse(op, options->dsn, &dsn);
    if (err != WW_OK) {
        return err;
    }
    struct db *db = calloc(1, sizeof *db);
    if (!db || !db_condition(&db->given)) {
        free(db);
        return op_no_memory(op);
    }
    pthread_mutex_init(&db->lock, NULL);
    db->driver = dsn.kind == DSN_POSTGRES ? &db_postgres : &db_sqlite;
    db->wait_ms = options->wait_ms ? options->wait_ms : DEFAULT_WAIT_MS;
    /* The option is the nearer one to the caller, then the dsn, then what suits the database. */
    db->connections = options->max_connections ? options->max_connections : dsn.connections;
    if (db->connections == 0) {
        db->connections = db->driver->default_connections;
    }
    err = start(op, db, &dsn);
    if (err != WW_OK) {
        db_close(db);
        return err;
    }
    *out = db;
    return WW_OK;
}

void db_close(struct db *db)
{
    if (!db) {
        return;
    }
    while (db->idle) {
        struct db_conn *c = db->idle;
        db->idle = c->next;
        conn_free(c);
    }
    db->driver->stop(db);
    pthread_cond_destroy(&db->given);
    pthread_mutex_destroy(&db->lock);
    free(db->shown);
    free(db->path);
    free(db);
}

const char *db_driver_name(const struct db *db)
{
    return db->driver->name;
}

const char *db_verification(const struct db *db)
{
    return db->driver->verification;
}

const char *db_has_index(const struct db *db)
{
    return db->driver->has_index;
}

const char *db_foreign(const struct db *db)
{
    return db->driver->foreign;
}

const char *db_neighbours(const struct db *db)
{
    return db->driver->neighbours;
}

const char *db_raise_ids(const struct db *db)
{
    return db->driver->raise_ids;
}

const char *db_path(const struct db *db)
{
    return db->path;
}
