/* The database: SQLite or PostgreSQL behind one narrow driver interface (db_driver.h).
 *
 * SQL is written once, with $1, $2 …, in what both understand. Statement texts are constants of the program:
 * each connection prepares a text once and keeps it, keyed by the text's address. Bytes are BLOB or BYTEA,
 * numbers INTEGER or BIGINT below 2^63, texts TEXT.
 *
 * A struct db may be used by all threads; a struct db_conn by the one thread that has it between db_take and
 * db_give. Errors beyond the usual: WW_ECONFLICT a unique constraint was violated; WW_EBUSY the store is
 * locked, or the transaction lost a race and must be begun again; WW_EIO the file or the server failed;
 * WW_EFULL no space left; WW_EFOREIGN this is no database of ours, or one of a newer version. All are kept by
 * op_fail with an id of the form "db_…" and a text without values. */
#ifndef DB_H
#define DB_H

#include "op.h"

struct db;
struct db_conn;

struct db_options {
    /* Kratos' forms: "memory"; "sqlite:///abs/path?_fk=true", "sqlite://rel/path", "sqlite:path";
     * "postgres://…", "postgresql://…". Parameters of Kratos' own (max_conns, max_idle_conns,
     * max_conn_lifetime, max_conn_idle_time, _fk, mode, cache …) are understood or stripped, never passed on
     * blindly; others on postgres go to libpq. */
    const char *dsn;
    unsigned max_connections; /* 0: a sensible number for the driver */
    unsigned wait_ms;         /* longest wait for a connection or a lock before WW_EBUSY; 0: 5000 */
};

/* Opens the store, without making tables. An empty database is fine; a directory that does not exist or
 * cannot be written, a file that is no SQLite database, a server that refuses: a clear text that names the
 * path or host (never the password in the dsn). For SQLite: WAL, synchronous=FULL, foreign keys on,
 * trusted_schema off; "memory" is file:/watchword-<pid>-<n>?vfs=memdb kept alive by one connection. File mode
 * 0600 when made here. */
enum ww_err db_open(struct ww_op *op, const struct db_options *options, struct db **out) WW_MUST;
/* All connections must have been given back. NULL is fine. */
void db_close(struct db *db);

/* "sqlite" or "postgres". */
const char *db_driver_name(const struct db *db);
/* A SELECT of a row when the table $1 has an index on exactly the columns $2 ("a, b"); $3 = 1: a unique one;
 * $4: 1 for one that covers some rows only, 0 for all. */
const char *db_has_index(const struct db *db);
/* A SELECT of one text ("trigger name") for each thing in the schema that acts on tables or stands in their
 * place and that no migration makes: triggers, views, rules, hidden rows. */
const char *db_foreign(const struct db *db);
/* A SELECT of one text for each fault that the database finds in its own file, or of the one text "ok"; NULL
 * where there is no such statement. It reads the whole file. */
const char *db_verification(const struct db *db);
/* A SELECT by which no id up to $1 is given out again for accounts.id; NULL where a row with that id, made
 * and deleted, does it. */
const char *db_raise_ids(const struct db *db);
/* A SELECT of how many other connections the database has; NULL where it does not know. */
const char *db_neighbours(const struct db *db);
/* Path of the SQLite file, or NULL (memory, PostgreSQL). */
const char *db_path(const struct db *db);

/* Copies a SQLite database, as it is at one moment and while others write, into a new file of mode 0600 that
 * is on disk when this returns. step (may be NULL) hears how many pages of how many. WW_ECONFLICT
 * "file_exists": that file is left alone; WW_EIO, WW_EFULL, WW_EFOREIGN (no database): nothing is left. */
enum ww_err db_copy_file(struct ww_op *op, const char *from, const char *to,
                         void (*step)(void *context, size_t done, size_t total), void *context) WW_MUST;
/* Whether a SQLite database is open, here or in another program of this machine. */
enum ww_err db_file_in_use(struct ww_op *op, const char *path, bool *in_use) WW_MUST;
/* The file that a dsn of SQLite names; NULL for another database, or for one in memory. */
enum ww_err db_file_of(struct ww_op *op, const char *dsn, const char **path) WW_MUST;

/* ---- connections ---- */
/* Takes a connection from the pool, waiting up to wait_ms: WW_EBUSY. A dead PostgreSQL connection is
 * replaced. */
enum ww_err db_take(struct ww_op *op, struct db *db, struct db_conn **out) WW_MUST;
/* Gives it back; an open transaction is rolled back first; a broken connection is closed. NULL is fine. */
void db_give(struct db_conn *c);

/* State that higher modules keep per connection (the audit chain), each under the address of something of its
 * own. NULL when nothing is kept under that key. */
void *db_kept(const struct db_conn *c, const void *key);
/* `release` is called when the connection closes. On failure the state stays the caller's. */
enum ww_err db_keep(struct ww_op *op, struct db_conn *c, const void *key, void *state,
                    void (*release)(void *state)) WW_MUST;

/* ---- transactions ---- */
enum db_mode {
    DB_READ,  /* one snapshot: SQLite BEGIN, PostgreSQL REPEATABLE READ READ ONLY */
    DB_WRITE, /* SQLite BEGIN IMMEDIATE, PostgreSQL READ COMMITTED; lock rows with DB_FOR_UPDATE */
};
enum ww_err db_begin(struct ww_op *op, struct db_conn *c, enum db_mode mode) WW_MUST;
#define DB_COMMIT_UNKNOWN "db_commit_unknown"
/* When the outcome is not known (connection lost at commit) the error is WW_EIO with this id
 * and the connection will be dropped. Any failure of commit has ended the transaction. */
enum ww_err db_commit(struct ww_op *op, struct db_conn *c) WW_MUST;
/* No effect without a transaction. */
void db_rollback(struct db_conn *c);
bool db_in_transaction(const struct db_conn *c);
/* Whether it is a DB_WRITE one: what is read in it may be its own, and never be committed. */
bool db_in_writing(const struct db_conn *c);
/* A thing to do when the open transaction ends, in the order in which they were added: `ended` hears whether
 * it was committed (false also where that is not known). The list is in op's arena, so the transaction must
 * end before op does. */
enum ww_err db_at_end(struct ww_op *op, struct db_conn *c, void (*ended)(void *context, bool committed),
                      void *context) WW_MUST;

/* Put this literally at the end of a SELECT to lock the rows: the driver leaves it (PostgreSQL) or cuts it
 * (SQLite). */
#define DB_FOR_UPDATE " FOR NO KEY UPDATE"
/* The same for the rows of the table t that nobody else holds; the others are left out. */
#define DB_FOR_UPDATE_FREE DB_FOR_UPDATE " OF t SKIP LOCKED"

/* ---- statements ---- */
enum db_type { DB_NULL, DB_INT, DB_BLOB, DB_TEXT };
struct db_value {
    enum db_type type;
    int64_t i;
    struct bytes b; /* DB_BLOB, DB_TEXT */
};
#define DB_I(v) ((struct db_value){DB_INT, (int64_t)(v), {NULL, 0}})
#define DB_B(v) ((struct db_value){DB_BLOB, 0, (v)})
#define DB_T(v) ((struct db_value){DB_TEXT, 0, bytes_str(v)})
#define DB_NONE ((struct db_value){DB_NULL, 0, {NULL, 0}})
#define DB_ARGS(...)                                                                                         \
    (const struct db_value[]){__VA_ARGS__},                                                                  \
        sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)

/* Runs a statement without rows. *changed, when not NULL, gets the number of rows it touched. Outside a
 * transaction it is a transaction of its own. After a statement that failed in a transaction (of whatever
 * reason) the transaction can only be rolled back, on every database. Use: db_exec(op, c, "DELETE FROM x
 * WHERE id = $1", &n, DB_ARGS(DB_I(7))). Without arguments: NULL, 0. */
enum ww_err db_exec(struct ww_op *op, struct db_conn *c, const char *sql, int64_t *changed,
                    const struct db_value *args, size_t n) WW_MUST;

/* Rows one by one. At most one query per connection is open at a time for PostgreSQL's sake: db_query ends
 * the one before; db_exec may run between the rows. What changes and returns rows (INSERT … RETURNING) needs
 * a transaction. Keywords are written in capitals: SELECT and WITH are known by them. Always end with db_done
 * (also after a failure of db_query; it is harmless twice). */
struct db_rows {
    struct db_conn *conn;
    void *driver; /* the driver's own state */
    struct ww_op *op;
};
enum ww_err db_query(struct ww_op *op, struct db_conn *c, struct db_rows *rows, const char *sql,
                     const struct db_value *args, size_t n) WW_MUST;
/* WW_OK: a row is there. WW_ENOTFOUND: no more (without op_fail). */
enum ww_err db_next(struct db_rows *rows) WW_MUST;
/* Of the current row, from column 0. Blobs and texts are copied into the operation's arena (a NUL follows);
 * they are {NULL, 0} for NULL or a wrong type, integers then 0. A failed copy is remembered: db_next
 * then returns WW_ENOMEM and db_lost says so. */
int64_t db_int(struct db_rows *rows, int column);
struct bytes db_blob(struct db_rows *rows, int column);
char *db_text(struct db_rows *rows, int column);
bool db_is_null(struct db_rows *rows, int column);
/* True when a blob or text above could not be copied for lack of memory. */
bool db_lost(const struct db_rows *rows);
void db_done(struct db_rows *rows);

/* ---- migrations ---- */
/* Numbered from 1, forward only; the text of each is checksummed. Statements are separated by ";\n". %BLOB%
 * stands for BLOB or BYTEA, %ID% for "INTEGER PRIMARY KEY AUTOINCREMENT" or "BIGINT GENERATED BY DEFAULT AS
 * IDENTITY PRIMARY KEY", %INT% for INTEGER or BIGINT. */
struct db_migration {
    int number;
    const char *name, *sql;
};
/* Applies what is missing, each in one transaction, under a lock so that two processes do not collide.
 * *applied gets how many. WW_EFOREIGN: tables that are not ours, a checksum that differs, or a number above
 * the last known. The table watchword_migrations (number, name, checksum, applied_at) is this function's.
 * checksum is 32 bytes that the caller computes per migration (same order), since db knows no cryptography.
 */
enum ww_err db_migrate(struct ww_op *op, struct db *db, const struct db_migration *list,
                       const struct bytes *checksums, size_t n, int *applied) WW_MUST;
/* How many of the list are still to be applied, without changing anything. */
enum ww_err db_pending(struct ww_op *op, struct db *db, const struct db_migration *list,
                       const struct bytes *checksums, size_t n, int *pending) WW_MUST;

#endif
