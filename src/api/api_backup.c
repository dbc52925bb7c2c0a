/* Copies of the database, and putting one back (vault.md §12, §13). Both work on files, before there is a
 * store: a backup is wanted before an upgrade, and where the server key is not at hand. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_int.h"
#include "config_keys.h"
#include "watchword/admin.h"

/* ---- what both begin with ---- */

struct site_files {
    struct ww_op op;
    struct ww_options options;
    struct config *config;
    const char *path; /* of the database */
};

/* What PostgreSQL itself has is consistent, online, and known to those who run it. */
static enum ww_err no_file(struct ww_op *op, const struct config *c)
{
    return strcmp(config_text(c, "dsn"), "memory") == 0
               ? op_fail(op, WW_EUNSUPPORTED, "backup_memory",
                         "dsn memory keeps nothing that could be copied")
               : op_fail(op, WW_EUNSUPPORTED, "backup_postgres",
                         "this database is PostgreSQL's: copy it with `pg_dump --format=custom --file=FILE`, "
                         "put a "
                         "copy back with `pg_restore --clean --if-exists --single-transaction`, and then run "
                         "`watchword restore accept`");
}

static enum ww_err begin(struct site_files *f, const struct ww_options *options)
{
    struct ww_op *op = &f->op;
    *f = (struct site_files){0};
    crypto_init();
    op_init(op, NULL, NULL);
    enum ww_err err = API_TAKE(op, ww_options, options, &f->options);
    if (err) {
        return err;
    }
    const struct config_sources from = {.files = f->options.config_files,
                                        .file_count = f->options.config_file_count,
                                        .environment = f->options.environment,
                                        .pairs = f->options.settings,
                                        .pair_count = f->options.setting_count,
                                        .dev = f->options.dev};
    if ((err = config_combine(op, &from, &f->config)) ||
        (err = db_file_of(op, config_text(f->config, "dsn"), &f->path))) {
        return err;
    }
    return f->path ? WW_OK : no_file(op, f->config);
}

static enum ww_err end(struct site_files *f, enum ww_err err, char *why, size_t size)
{
    if (err && why && size) {
        snprintf(why, size, "%s", f->op.problem.text ? f->op.problem.text : ww_err_text(err));
    }
    config_free(f->config);
    op_free(&f->op);
    return err;
}

/* Never into a directory for all: what is made on the way has the rights of its neighbour. */
static const char *beside(struct ww_op *op, const char *path, const char *end)
{
    return arena_printf(&op->arena, "%s%s", path, end);
}

/* ---- backup ---- */

static enum ww_err file_exists(struct ww_op *op, const char *file)
{
    return op_fail(op, WW_ECONFLICT, "file_exists", "%s is there already; it was left alone", file);
}

/* Under another name until it is whole: a run that was killed leaves nothing that looks like a backup. */
static enum ww_err copy_to(struct site_files *f, const char *file,
                           void (*step)(void *context, size_t done, size_t total), void *context)
{
    const char *part = beside(&f->op, file, ".part");
    if (!part) {
        return op_no_memory(&f->op);
    }
    if (access(file, F_OK) == 0) {
        return file_exists(&f->op, file);
    }
    (void)unlink(part);
    enum ww_err err = db_copy_file(&f->op, f->path, part, step, context);
    if (err) {
        return err;
    }
    int code = renameat2(AT_FDCWD, part, AT_FDCWD, file, RENAME_NOREPLACE);
    if (code != 0 && errno == EINVAL) { /* a file system that does not know it */
        code = rename(part, file);
    }
    if (code != 0) {
        err = errno == EEXIST ? file_exists(&f->op, file)
                              : op_fail(&f->op, WW_EIO, "file_cannot_make", "%s cannot be made: %s", file,
                                        strerror(errno));
        (void)unlink(part);
    }
    return err;
}

enum ww_err ww_backup(const struct ww_options *options, const char *file,
                      void (*step)(void *context, size_t done, size_t total), void *context, char *why,
                      size_t size)
{
    struct site_files f;
    enum ww_err err = begin(&f, options);
    if (!err && access(f.path, F_OK) != 0) {
        err = op_fail(&f.op, WW_ENOTFOUND, "database_missing", "there is no database %s", f.path);
    }
    err = err ? err : copy_to(&f, file, step, context);
    return end(&f, err, why, size);
}

/* ---- putting one back ---- */

/* With what belongs to it: a write-ahead log that is left behind would be played into the next database of
 * that name. */
static bool move(struct ww_op *op, const char *from, const char *to)
{
    static const char *const ends[] = {"-wal", "-shm", ""};
    bool done = true;
    for (size_t i = 0; done && i < sizeof ends / sizeof ends[0]; i++) {
        const char *a = beside(op, from, ends[i]), *b = beside(op, to, ends[i]);
        done = a && b && (rename(a, b) == 0 || (errno == ENOENT && *ends[i]));
    }
    return done;
}

/* With SQLite's companions: a WAL that stays would be played into the next file of that name. */
static void discard(struct ww_op *op, const char *path)
{
    static const char *const ends[] = {"-wal", "-shm", "-journal", ""};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const char *name = beside(op, path, ends[i]);
        if (name) {
            (void)unlink(name);
        }
    }
}

static enum ww_err open_file(struct site_files *f, const char *path, struct db **out)
{
    const char *dsn = arena_printf(&f->op.arena, "sqlite://%s?mode=rw", path);
    *out = NULL;
    return dsn ? db_open(&f->op, &(struct db_options){.dsn = dsn, .max_connections = 1}, out)
               : op_no_memory(&f->op);
}

/* Without the server key, since a database of another key must not be lost either. What cannot be read counts
 * as one that holds something. */
static bool holds_accounts(struct site_files *f)
{
    struct db *db;
    struct db_conn *c = NULL;
    struct db_rows rows = {0};
    bool holds = true;
    if (open_file(f, f->path, &db) == WW_OK && db_take(&f->op, db, &c) == WW_OK) {
        enum ww_err err = db_query(&f->op, c, &rows, "SELECT id FROM accounts LIMIT 1", NULL, 0);
        /* No such table: nothing was ever made there. */
        holds = err ? err != WW_EINTERNAL : db_next(&rows) != WW_ENOTFOUND;
        db_done(&rows);
    }
    db_give(c);
    db_close(db);
    return holds;
}

static enum ww_err refuse_to_replace(struct site_files *f, bool replace)
{
    bool in_use;
    if (access(f->path, F_OK) != 0) {
        return WW_OK;
    }
    enum ww_err err = db_file_in_use(&f->op, f->path, &in_use);
    if (err || in_use) {
        return err ? err
                   : op_fail(&f->op, WW_EBUSY, "database_in_use",
                             "something has the database %s open: stop the server first", f->path);
    }
    return replace || !holds_accounts(f)
               ? WW_OK
               : op_fail(
                     &f->op, WW_ECONFLICT, "database_not_empty",
                     "the database %s holds accounts: say that it is to be replaced; it is then kept beside",
                     f->path);
}

/* The copy must open with the key that is here, and be of this version, before anything is moved. */
static enum ww_err try_copy(struct site_files *f, const char *copy, struct ww_put_back *out)
{
    struct ww_op *op = &f->op;
    struct key *keys = ARENA_ARRAY(&op->arena, KEYRING_MAX, struct key);
    struct keyring *keyring = NULL;
    struct store *s;
    struct db *db;
    int64_t accounts = 0;
    size_t n;
    enum ww_err err =
        keys ? config_server_keys(op, f->config, f->path, keys, KEYRING_MAX, &n) : op_no_memory(op);
    err = err ? err : keyring_new(op, keys, n, &keyring);
    if (err) {
        return err;
    }
    if ((err = open_file(f, copy, &db))) {
        keyring_free(keyring);
        return err;
    }
    if ((err = store_open(op, db, keyring, true, &s))) {
        return err;
    }
    err = store_count_accounts(op, s, &accounts);
    store_close(s);
    out->accounts = (uint64_t)accounts;
    return err;
}

/* The database of before keeps everything that was in it, under a name that says when. */
static enum ww_err exchange(struct site_files *f, const char *copy, struct ww_put_back *out)
{
    struct ww_op *op = &f->op;
    if (access(f->path, F_OK) == 0) {
        int n = snprintf(out->kept, sizeof out->kept, "%s.before-%llu", f->path,
                         (unsigned long long)(op_now(op) / 1000000));
        if (n < 0 || (size_t)n >= sizeof out->kept || !move(op, f->path, out->kept)) {
            out->kept[0] = 0;
            return op_fail(op, WW_EIO, "database_move", "the database %s cannot be moved aside: %s", f->path,
                           strerror(errno));
        }
    }
    if (!move(op, copy, f->path)) {
        int reason = errno;
        if (out->kept[0] && move(op, out->kept, f->path)) {
            out->kept[0] = 0;
        }
        return op_fail(op, WW_EIO, "database_move", "the copy cannot be put in its place: %s",
                       strerror(reason));
    }
    return WW_OK;
}

static enum ww_err put_back(struct site_files *f, const char *file, bool replace,
                            void (*step)(void *context, size_t done, size_t total), void *context,
                            struct ww_put_back *out)
{
    const char *copy = beside(&f->op, f->path, ".restoring");
    enum ww_err err = copy ? refuse_to_replace(f, replace) : op_no_memory(&f->op);
    if (err) {
        return err;
    }
    discard(&f->op, copy); /* of a run that was killed */
    if ((err = db_copy_file(&f->op, file, copy, step, context)) || (err = try_copy(f, copy, out)) ||
        (err = exchange(f, copy, out))) {
        discard(&f->op, copy);
    }
    return err;
}

enum ww_err ww_put_back(const struct ww_options *options, const char *file, bool replace,
                        void (*step)(void *context, size_t done, size_t total), void *context,
                        struct ww_put_back *out, char *why, size_t size)
{
    struct site_files f;
    struct ww_put_back done = {.size = sizeof done};
    enum ww_err err = begin(&f, options);
    err = err ? err : api_check_size(&f.op, "ww_put_back", out);
    if (!err) {
        err = put_back(&f, file, replace, step, context, &done);
        api_give(out, &done);
    }
    return end(&f, err, why, size);
}
