/* What a database driver implements, and what it sees of the pool. Only for the files of this folder.
 *
 * A driver works on one connection at a time, on the thread that has it. It reports failures by op_fail, and
 * sets `broken` when the connection cannot be used again. Everything about transactions that does not depend
 * on the database (state, fault hook, what is done at its end) is done by db.c. */
#ifndef DB_DRIVER_H
#define DB_DRIVER_H

#include <pthread.h>
#include <time.h>

#include "db.h"

enum { DB_ARGS_MAX = 64, DB_PATIENT_MS = 600000 };

/* ---- dsn ---- */
enum dsn_kind { DSN_MEMORY, DSN_SQLITE, DSN_POSTGRES };
struct dsn {
    enum dsn_kind kind;
    const char
        *location; /* path, or the URI for libpq; in the operation's arena. A URI may hold a password */
    unsigned connections; /* max_conns; 0 when not given */
    bool must_exist;      /* mode=rw: the file is not made */
};
enum ww_err db_dsn_parse(struct ww_op *op, const char *text, struct dsn *out) WW_MUST;

/* ---- a statement that a connection has prepared ---- */
struct db_statement {
    const char *key; /* address of the caller's text */
    char *text;      /* its copy: an address can be used again for another text */
    bool selects;    /* begins with SELECT or WITH */
    bool locks;      /* holds DB_FOR_UPDATE */
    void *native;    /* the driver's */
};

struct db_cache {
    struct db_statement *slots; /* open addressing; capacity is a power of two */
    size_t n, capacity;
};

/* Kept per connection by higher modules, under a key. */
struct db_kept {
    struct db_kept *next;
    const void *key;
    void *state;
    void (*release)(void *state);
};

/* Done when the open transaction ends; in the arena of its operation. */
struct db_end {
    struct db_end *next;
    void (*ended)(void *context, bool committed);
    void *context;
};

struct db_conn {
    struct db *db;
    struct db_conn *next; /* of the idle ones */
    void *native;         /* the driver's */
    bool broken;          /* to be closed instead of being given back */
    bool silent;          /* broken, because no answer came in time */
    bool asks;            /* the one that asks a silent server whether it is back */
    bool patient;         /* its statements may take long: migrations */
    bool in_transaction;
    bool failed; /* a statement of the open transaction failed: only its end is possible */
    enum db_mode mode;
    uintptr_t query, last_query; /* number of the open query, or 0; and of the last one */
    void *query_statement;
    bool first, on_row; /* its first row was fetched, but not yet asked for; it stands on a row */
    bool lost;          /* a value of it could not be copied */
    struct db_cache cache;
    struct db_kept *kept;
    struct db_end *ends, **ends_tail; /* in order; of the open transaction */
};

/* ---- the driver ---- */
struct db_driver {
    const char *name;
    unsigned default_connections;
    /* Words of migrations. */
    const char *blob, *id, *integer;
    /* SELECT of one row when the table $1 is there; of one row for each table that the schema has. */
    const char *has_table, *any_table;
    const char *has_index;    /* see db_has_index */
    const char *foreign;      /* see db_foreign */
    const char *verification; /* see db_verification, or NULL */
    const char *raise_ids;    /* see db_raise_ids */
    const char *neighbours;   /* see db_neighbours */
    /* A statement that makes migrating processes wait for each other until the transaction ends, or NULL. */
    const char *migration_lock;
    /* A statement that lets those of the open transaction take up to DB_PATIENT_MS, or NULL. */
    const char *migration_patience;

    /* Once per store, before the first connection; sets db->shared and db->shown. */
    enum ww_err (*start)(struct ww_op *op, struct db *db, const struct dsn *dsn);
    void (*stop)(struct db *db);

    enum ww_err (*connect)(struct ww_op *op, struct db_conn *c);
    void (*disconnect)(struct db_conn *c);
    bool (*alive)(struct db_conn *c);

    /* The types of the first arguments become those of the statement. */
    enum ww_err (*prepare)(struct ww_op *op, struct db_conn *c, const char *sql, const struct db_value *args,
                           size_t n, void **statement);
    void (*finalize)(struct db_conn *c, void *statement);
    enum ww_err (*exec)(struct ww_op *op, struct db_conn *c, void *statement, const struct db_value *args,
                        size_t n, int64_t *changed);
    /* Runs it and fetches the first row: *row says whether there is one. */
    enum ww_err (*query)(struct ww_op *op, struct db_conn *c, void *statement, const struct db_value *args,
                         size_t n, bool *row);
    enum ww_err (*next)(struct ww_op *op, struct db_conn *c, bool *row);
    /* The value in the current row; bytes point into the driver's memory until the next row. A type that is
     * none of ours is DB_NULL. */
    struct db_value (*column)(struct db_conn *c, int column);
    /* Ends the open query. */
    void (*finish)(struct db_conn *c);
    /* Another statement is to be run while the query is open; NULL when nothing needs to be done. */
    enum ww_err (*hold)(struct ww_op *op, struct db_conn *c);

    enum ww_err (*begin)(struct ww_op *op, struct db_conn *c, enum db_mode mode);
    enum ww_err (*commit)(struct ww_op *op, struct db_conn *c);
    void (*rollback)(struct db_conn *c);
    /* One statement of a migration: without arguments, not kept. */
    enum ww_err (*run)(struct ww_op *op, struct db_conn *c, const char *sql);
};

extern const struct db_driver db_sqlite, db_postgres;

struct db {
    const struct db_driver *driver;
    void *shared; /* the driver's */
    char *shown;  /* path or host: what an error text may name */
    char *path;   /* of the SQLite file, or NULL */
    unsigned wait_ms;
    unsigned connections; /* at most so many */

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t given;
    struct db_conn *idle;
    unsigned open; /* connections, idle or taken */
    bool silent;   /* the server gave no answer in time: until it gives one, one connection asks and nobody
                      waits */
    bool asking;   /* that one is taken */
};

/* A condition whose timed waits use the monotonic clock. */
bool db_condition(pthread_cond_t *condition) WW_MUST;

/* ---- parts of db.c ---- */
/* Prepares the text or finds it prepared. */
enum ww_err db_cache_find(struct ww_op *op, struct db_conn *c, const char *sql, const struct db_value *args,
                          size_t n, struct db_statement **out) WW_MUST;
void db_cache_clear(struct db_conn *c);
void db_end_query(struct db_conn *c);
/* One statement of a migration, with the fault hook and the state of the transaction. */
enum ww_err db_run(struct ww_op *op, struct db_conn *c, const char *sql) WW_MUST;

#endif
