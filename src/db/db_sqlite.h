/* What db_sqlite.c (statements) and db_sqlite_open.c (files and connections) share. */
#ifndef DB_SQLITE_H
#define DB_SQLITE_H

#include <sqlite3.h>

#include "db_driver.h"

/* Per store. SQLite has one writer at a time; threads of this process queue here for their turn instead of
 * polling the file's lock. Who leaves offers the turn to those that wait already, so that one who writes
 * again and again (a long walk in short transactions) does not overtake them each time. */
struct sqlite_store {
    pthread_mutex_t lock;
    pthread_cond_t freed;
    bool writing; /* somebody has the turn, or it is offered */
    bool offered; /* to those that came before offered_to */
    uint64_t come, offered_to;
    unsigned waiting;
    char *name;      /* what is opened: an absolute path, or the URI of a memory database */
    sqlite3 *keeper; /* keeps a memory database alive; NULL for a file */
};

/* Per connection. */
struct sqlite_conn {
    sqlite3 *handle;
    sqlite3_stmt *open; /* of the open query */
    bool turn;          /* this connection has the writer's turn */
    struct timespec give_up;
    unsigned wait_ms;
};

enum ww_err db_sqlite_start(struct ww_op *op, struct db *db, const struct dsn *dsn) WW_MUST;
void db_sqlite_stop(struct db *db);
enum ww_err db_sqlite_connect(struct ww_op *op, struct db_conn *c) WW_MUST;
void db_sqlite_disconnect(struct db_conn *c);

/* Keeps the reason for an extended result code. handle may be NULL. */
enum ww_err db_sqlite_fail(struct ww_op *op, const struct db *db, sqlite3 *handle, int code);

#endif
