/* What the files of the PostgreSQL driver share. */
#ifndef DB_POSTGRES_H
#define DB_POSTGRES_H

#include <stdatomic.h>

#include <libpq-fe.h>

#include "db_driver.h"

/* Per store: what libpq is given to connect. The values may hold a password and are wiped at the end. */
struct postgres_store {
    char **keywords, **values; /* both end with NULL */
    const char *password;      /* one of the values, or NULL */
    atomic_uint users;         /* the store itself, and threads that connect */
    atomic_uint left_behind;   /* of those threads, whom nobody waits for */
};
/* The last one frees it. */
void db_postgres_store_leave(struct postgres_store *store);

/* For a sign of life of a server that fell silent. */
enum { DB_ASK_MS = 1000 };

/* Per connection. */
struct postgres_conn {
    PGconn *pg;
    unsigned long prepared; /* names are counted */
    PGresult *row;          /* of the open query */
    bool streaming;         /* libpq has more results of it */
    PGresult **held;        /* rows fetched ahead, since another statement ran between */
    size_t held_n, held_next;
};

/* A prepared statement, with the types that the server wants. */
struct postgres_statement {
    char name[24];
    int n;
    Oid types[DB_ARGS_MAX];
};

/* Arguments in the binary format, as libpq wants them. */
struct postgres_arguments {
    const char *values[DB_ARGS_MAX];
    int lengths[DB_ARGS_MAX], formats[DB_ARGS_MAX];
    uint8_t numbers[DB_ARGS_MAX][8];
};

/* The type that an argument has when nothing else is known; 0 for NULL. */
Oid db_postgres_type(const struct db_value *v);
/* `out` points into the arguments and itself. */
enum ww_err db_postgres_encode(struct ww_op *op, const struct postgres_statement *st,
                               const struct db_value *args, size_t n, struct postgres_arguments *out) WW_MUST;
struct db_value db_postgres_decode(const PGresult *row, int column);

/* ---- db_postgres_begin.c ---- */
/* A connection that was made or has failed within that time, names looked up included; NULL without memory,
 * or *silent: nothing came. The caller's. */
PGconn *db_postgres_begin(struct postgres_store *store, unsigned most_ms, bool *silent);

/* ---- db_postgres_wait.c: results, each within the connection's patience ---- */
/* The next result of what was sent; false at its end, and where the connection broke or fell silent. */
bool db_postgres_result(struct db_conn *c, PGresult **out);
/* All of them, of which the last is given; NULL where the connection is broken. `sent`: what libpq's PQsend…
 * returned. */
PGresult *db_postgres_last_result(struct db_conn *c, int sent);
PGresult *db_postgres_execute(struct db_conn *c, const char *sql);

/* Keeps the reason for a result that is an error (NULL: no answer at all), and frees it. */
enum ww_err db_postgres_fail(struct ww_op *op, struct db_conn *c, PGresult *result);

enum ww_err db_postgres_start(struct ww_op *op, struct db *db, const struct dsn *dsn) WW_MUST;
void db_postgres_stop(struct db *db);
enum ww_err db_postgres_connect(struct ww_op *op, struct db_conn *c) WW_MUST;
void db_postgres_disconnect(struct db_conn *c);
bool db_postgres_alive(struct db_conn *c);

#endif
