/* SQLite: the file, the settings of a connection, and what its result codes mean. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db_sqlite.h"
#include "timefmt.h"

/* ---- errors ---- */
/* The first row that fits counts; a code without extension stands for all its extended ones. */
static const struct {
    int code;
    enum ww_err err;
    const char *id, *text; /* %s: path */
} meanings[] = {
    {SQLITE_CONSTRAINT_UNIQUE, WW_ECONFLICT, "db_conflict", "a value that must be unique exists already"},
    {SQLITE_CONSTRAINT_PRIMARYKEY, WW_ECONFLICT, "db_conflict", "a value that must be unique exists already"},
    {SQLITE_CONSTRAINT_ROWID, WW_ECONFLICT, "db_conflict", "a value that must be unique exists already"},
    {SQLITE_CONSTRAINT, WW_EINTERNAL, "db_constraint", "a constraint of the database was violated"},
    {SQLITE_BUSY, WW_EBUSY, "db_busy", "the database is locked by another writer"},
    {SQLITE_LOCKED, WW_EBUSY, "db_busy", "the database is locked by another writer"},
    {SQLITE_PROTOCOL, WW_EBUSY, "db_busy", "the database is locked by another writer"},
    {SQLITE_FULL, WW_EFULL, "db_full", "no space is left for the database %s"},
    {SQLITE_NOMEM, WW_ENOMEM, "out_of_memory", "out of memory"},
    {SQLITE_NOTADB, WW_EFOREIGN, "db_not_a_database", "%s is not an SQLite database"},
    {SQLITE_CORRUPT, WW_EIO, "db_corrupt", "the database %s is damaged"},
    {SQLITE_READONLY, WW_EIO, "db_read_only", "the database %s cannot be written"},
    {SQLITE_CANTOPEN, WW_EIO, "db_cannot_open", "the database %s cannot be opened"},
    {SQLITE_PERM, WW_EIO, "db_cannot_open", "the database %s cannot be opened"},
    {SQLITE_AUTH, WW_EIO, "db_cannot_open", "the database %s cannot be opened"},
    {SQLITE_IOERR, WW_EIO, "db_io", "reading or writing the database %s failed"},
    {SQLITE_TOOBIG, WW_ETOOLARGE, "db_too_large", "a value is too large for the database"},
};

enum ww_err db_sqlite_fail(struct ww_op *op, const struct db *db, sqlite3 *handle, int code)
{
    if ((code & 0xff) == SQLITE_IOERR && handle && sqlite3_system_errno(handle) == ENOSPC) {
        code = SQLITE_FULL; /* the shared memory file of the WAL could not grow */
    }
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        /* The lower byte of an extended code is the code it extends. */
        if (meanings[i].code == code || meanings[i].code == (code & 0xff)) {
            const char *mark = strstr(meanings[i].text, "%s");
            size_t before = mark ? (size_t)(mark - meanings[i].text) : strlen(meanings[i].text);
            return op_fail(op, meanings[i].err, meanings[i].id, "%.*s%s%s", (int)before, meanings[i].text,
                           mark ? db->shown : "", mark ? mark + 2 : "");
        }
    }
    /* A mistake in a statement: SQLite's message names tables and columns, no values. */
    return op_fail(op, WW_EINTERNAL, "db_statement", "the database refused a statement: %s",
                   handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
}

/* ---- the file ---- SQLite makes the WAL and its index beside the file, whatever the process's own directory
 * is. */
static char *directory_of(struct ww_op *op, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) {
        return arena_strdup(&op->arena, ".");
    }
    return slash == path ? arena_strdup(&op->arena, "/")
                         : arena_strndup(&op->arena, path, (size_t)(slash - path));
}

static enum ww_err check_directory(struct ww_op *op, const char *path)
{
    struct stat st;
    const char *directory = directory_of(op, path);
    if (!directory) {
        return op_no_memory(op);
    }
    if (stat(directory, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return op_fail(op, WW_EIO, "db_no_directory", "the directory %s of the database does not exist",
                       directory);
    }
    /* The WAL and its index are made beside the file. */
    if (access(directory, W_OK | X_OK) != 0) {
        return op_fail(op, WW_EIO, "db_directory_read_only",
                       "the directory %s of the database cannot be written: %s", directory, strerror(errno));
    }
    return WW_OK;
}

/* Makes the file when it is not there, for its owner only; SQLite gives the WAL the same mode. mknod, since
 * opening and closing the file here would drop the locks that other connections of this process hold on it
 * (fcntl(2), F_SETLK). */
static enum ww_err check_file(struct ww_op *op, const char *path, bool must_exist)
{
    struct stat st;
    enum ww_err err = check_directory(op, path);
    if (err != WW_OK) {
        return err;
    }
    if (stat(path, &st) != 0) {
        if (must_exist) {
            return op_fail(op, WW_EIO, "db_no_file", "the database %s does not exist", path);
        }
        if (mknod(path, S_IFREG | 0600, 0) != 0 && errno != EEXIST) {
            return op_fail(op, errno == ENOSPC || errno == EDQUOT ? WW_EFULL : WW_EIO, "db_cannot_make",
                           "the database %s cannot be made: %s", path, strerror(errno));
        }
        return WW_OK;
    }
    if (!S_ISREG(st.st_mode)) {
        return op_fail(op, WW_EIO, "db_no_file", "the database %s is not a file", path);
    }
    /* Told now and with its reason: SQLite would open it for reading and fail at the first sign-in. */
    if (access(path, R_OK | W_OK) != 0) {
        return op_fail(op, WW_EIO, "db_read_only", "the database %s cannot be read and written: %s", path,
                       strerror(errno));
    }
    return WW_OK;
}

/* ---- connections ---- */
/* Short sleeps at first: a commit takes 0.1 ms. SQLite's own handler begins with 1 ms. */
static int wait_for_lock(void *ctx, int count)
{
    struct sqlite_conn *s = ctx;
    struct timespec now = timefmt_deadline(0);
    /* Once for each lock: SQLite counts from 0 again for the next one. */
    if (count == 0) {
        s->give_up = timefmt_deadline(s->wait_ms);
    } else if (now.tv_sec > s->give_up.tv_sec ||
               (now.tv_sec == s->give_up.tv_sec && now.tv_nsec > s->give_up.tv_nsec)) {
        return 0;
    }
    struct timespec pause = {0, count < 6 ? 100000L << count : 5000000L};
    nanosleep(&pause, NULL);
    return 1;
}

static int open_handle(const struct db *db, const char *name, sqlite3 **handle)
{
    /* NOMUTEX: a connection is used by one thread at a time, which the pool sees to. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    /* A file was made by check_file; one that has vanished since is not to be made anew, and empty. */
    flags |= db->path ? 0 : SQLITE_OPEN_URI | SQLITE_OPEN_CREATE;
    return sqlite3_open_v2(name, handle, flags, NULL);
}

static int read_word(sqlite3 *handle, const char *sql, char *word, size_t size)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    const char *text = code == SQLITE_ROW ? (const char *)(uintptr_t)sqlite3_column_text(statement, 0) : NULL;
    word[0] = 0;
    if (text && strlen(text) < size) {
        memcpy(word, text, strlen(text) + 1);
    }
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/* The journal mode is a property of the file: a database that is not ours keeps its own. The first read is
 * also what finds a file that is no database. */
static enum ww_err use_wal(struct ww_op *op, const struct db *db, sqlite3 *handle)
{
    char ours[8], mode[16];
    int code = read_word(handle,
                         "SELECT CASE WHEN count(*) = 0 OR max(name = 'watchword_migrations') THEN 'yes' END "
                         "FROM sqlite_schema",
                         ours, sizeof ours);
    if (code == SQLITE_OK && strcmp(ours, "yes") == 0) {
        /* Readers then never wait for the writer. It needs shared memory, which some network file systems
         * lack: refused, not run without. */
        code = read_word(handle, "PRAGMA journal_mode = WAL", mode, sizeof mode);
        if (code == SQLITE_OK && strcmp(mode, "wal") != 0) {
            return op_fail(op, WW_EIO, "db_no_wal", "the database %s cannot have a write-ahead log there",
                           db->shown);
        }
    }
    return code == SQLITE_OK ? WW_OK : db_sqlite_fail(op, db, handle, code);
}

static enum ww_err settle(struct ww_op *op, const struct db *db, sqlite3 *handle)
{
    /* trusted_schema and defensive: a file that somebody else wrote must not make this program do things.
     * secure_delete: what is deleted is overwritten where that costs nothing. The cache is small, since each
     * connection has its own and the kernel has another. */
    static const char settings[] = "PRAGMA trusted_schema = OFF;"
                                   "PRAGMA foreign_keys = ON;"
                                   "PRAGMA synchronous = FULL;"
                                   "PRAGMA temp_store = MEMORY;"
                                   "PRAGMA cache_size = -1000;"
                                   "PRAGMA secure_delete = FAST;"
                                   "PRAGMA journal_size_limit = 16777216;";
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    int code = sqlite3_exec(handle, settings, NULL, NULL, NULL);
    if (code == SQLITE_OK && !db->path) {
        code = sqlite3_exec(handle, "PRAGMA journal_mode = MEMORY", NULL, NULL, NULL);
    }
    if (code != SQLITE_OK) {
        return db_sqlite_fail(op, db, handle, code);
    }
    return db->path ? use_wal(op, db, handle) : WW_OK;
}

enum ww_err db_sqlite_connect(struct ww_op *op, struct db_conn *c)
{
    struct sqlite_store *store = c->db->shared;
    struct sqlite_conn *s = calloc(1, sizeof *s);
    if (!s) {
        return op_no_memory(op);
    }
    c->native = s;
    s->wait_ms = c->db->wait_ms;
    int code = open_handle(c->db, store->name, &s->handle);
    if (code != SQLITE_OK) {
        return db_sqlite_fail(op, c->db, s->handle, code);
    }
    /* For writers of other processes (a command beside the server, a backup). */
    sqlite3_busy_handler(s->handle, wait_for_lock, s);
    return settle(op, c->db, s->handle);
}

void db_sqlite_disconnect(struct db_conn *c)
{
    struct sqlite_conn *s = c->native;
    if (s) {
        sqlite3_close_v2(s->handle);
        free(s);
    }
    c->native = NULL;
}

/* ---- the store ---- */
static enum ww_err start_memory(struct ww_op *op, struct db *db, struct sqlite_store *store)
{
    /* Plain :memory: is one database per connection, and a shared cache has locks that nobody waits for. */
    char name[96];
    snprintf(name, sizeof name, "file:/watchword-%ld-%" PRIxPTR "?vfs=memdb", (long)getpid(), (uintptr_t)db);
    store->name = strdup(name);
    db->shown = strdup("memory");
    if (!store->name || !db->shown) {
        return op_no_memory(op);
    }
    int code = open_handle(db, store->name, &store->keeper);
    return code == SQLITE_OK ? WW_OK : db_sqlite_fail(op, db, store->keeper, code);
}

static enum ww_err start_file(struct ww_op *op, struct db *db, struct sqlite_store *store,
                              const struct dsn *dsn)
{
    enum ww_err err = check_file(op, dsn->location, dsn->must_exist);
    if (err != WW_OK) {
        return err;
    }
    /* Absolute: later connections are opened wherever the process is by then. */
    store->name = realpath(dsn->location, NULL);
    if (!store->name) {
        return op_fail(op, WW_EIO, "db_cannot_open", "the database %s cannot be opened: %s", dsn->location,
                       strerror(errno));
    }
    db->path = strdup(store->name);
    db->shown = strdup(store->name);
    return db->path && db->shown ? WW_OK : op_no_memory(op);
}

enum ww_err db_sqlite_start(struct ww_op *op, struct db *db, const struct dsn *dsn)
{
    struct sqlite_store *store = calloc(1, sizeof *store);
    if (!store || !db_condition(&store->freed)) {
        free(store);
        return op_no_memory(op);
    }
    pthread_mutex_init(&store->lock, NULL);
    db->shared = store;
    return dsn->kind == DSN_MEMORY ? start_memory(op, db, store) : start_file(op, db, store, dsn);
}

void db_sqlite_stop(struct db *db)
{
    struct sqlite_store *store = db->shared;
    if (store) {
        sqlite3_close_v2(store->keeper);
        pthread_cond_destroy(&store->freed);
        pthread_mutex_destroy(&store->lock);
        free(store->name);
        free(store);
    }
    db->shared = NULL;
}
