/* A SQLite database copied as a whole, by SQLite's online backup: as it is at one moment, while others write.
 * https://www.sqlite.org/backup.html */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "db.h"

enum { PAGES_AT_ONCE = 1024, WAIT_MS = 5000 };

struct copying {
    const char *from, *to;
    sqlite3 *source, *target;
    void (*step)(void *context, size_t done, size_t total);
    void *context;
};

/* SQLite's messages name files and no values. */
static enum ww_err failed(struct ww_op *op, const char *path, sqlite3 *handle, int code)
{
    enum ww_err err = (code & 0xff) == SQLITE_FULL                                     ? WW_EFULL
                      : (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED ? WW_EBUSY
                      : (code & 0xff) == SQLITE_NOTADB                                 ? WW_EFOREIGN
                      : (code & 0xff) == SQLITE_NOMEM                                  ? WW_ENOMEM
                                                                                       : WW_EIO;
    return op_fail(op, err, "db_copy", "the database %s cannot be copied: %s", path,
                   handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
}

/* A file in WAL mode on a medium that cannot be written can only be read as one that nobody changes. */
static enum ww_err open_source(struct ww_op *op, struct copying *c)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(c->from, &c->source, SQLITE_OPEN_READWRITE | flags, NULL);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(c->source, WAIT_MS);
        sqlite3_db_config(c->source, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        /* One moment for the whole copy: without a transaction of ours each write of another program would
         * begin the copy anew. The first read takes the snapshot. */
        code =
            sqlite3_exec(c->source, "PRAGMA trusted_schema = OFF; BEGIN; SELECT count(*) FROM sqlite_schema",
                         NULL, NULL, NULL);
    }
    return code == SQLITE_OK ? WW_OK : failed(op, c->from, c->source, code);
}

static enum ww_err open_target(struct ww_op *op, struct copying *c)
{
    /* O_EXCL, and the mode from the first byte on: SQLite opens what is there, whatever its mode. */
    int fd = open(c->to, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno == EEXIST
                   ? op_fail(op, WW_ECONFLICT, "file_exists", "%s is there already; it was left alone", c->to)
                   : op_fail(op, WW_EIO, "file_cannot_make", "%s cannot be made: %s", c->to, strerror(errno));
    }
    close(fd);
    int code = sqlite3_open_v2(c->to, &c->target,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    return code == SQLITE_OK ? WW_OK : failed(op, c->to, c->target, code);
}

static enum ww_err copy_pages(struct ww_op *op, struct copying *c)
{
    sqlite3_backup *b = sqlite3_backup_init(c->target, "main", c->source, "main");
    int code = SQLITE_OK;
    if (!b) {
        return failed(op, c->to, c->target, sqlite3_errcode(c->target));
    }
    while (code == SQLITE_OK) {
        code = sqlite3_backup_step(b, PAGES_AT_ONCE);
        if (c->step && (code == SQLITE_OK || code == SQLITE_DONE)) {
            size_t total = (size_t)sqlite3_backup_pagecount(b);
            c->step(c->context, total - (size_t)sqlite3_backup_remaining(b), total);
        }
    }
    sqlite3_backup_finish(b);
    /* No file beside it: a copy is one file, which can be read on a medium that cannot be written. */
    if (code == SQLITE_DONE) {
        code = sqlite3_exec(c->target, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    }
    return code == SQLITE_OK ? WW_OK : failed(op, c->to, c->target, code);
}

/* The copy and its name, before anybody relies on it. */
static enum ww_err sync_file(struct ww_op *op, const char *path)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    int file = open(path, O_RDONLY | O_CLOEXEC),
        directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = file >= 0 && fsync(file) == 0;
    if (directory >= 0) {
        (void)fsync(directory);
        close(directory);
    }
    if (file >= 0) {
        close(file);
    }
    return done ? WW_OK
                : op_fail(op, WW_EIO, "file_sync", "%s cannot be written to disk: %s", path, strerror(errno));
}

enum ww_err db_copy_file(struct ww_op *op, const char *from, const char *to,
                         void (*step)(void *context, size_t done, size_t total), void *context)
{
    struct copying c = {.from = from, .to = to, .step = step, .context = context};
    enum ww_err err = open_source(op, &c);
    err = err ? err : open_target(op, &c);
    bool made = !err;
    err = err ? err : copy_pages(op, &c);
    sqlite3_close_v2(c.source);
    sqlite3_close_v2(c.target);
    err = err ? err : sync_file(op, to);
    if (err && made) {
        unlink(to);
    }
    return err;
}

/* In WAL mode each connection holds a lock for as long as it is open: who gets the file for itself is alone.
 */
enum ww_err db_file_in_use(struct ww_op *op, const char *path, bool *in_use)
{
    sqlite3 *handle = NULL;
    int code = sqlite3_open_v2(path, &handle,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_exec(handle, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK", NULL, NULL,
                            NULL);
    }
    *in_use = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
    /* A file that is damaged, or none of ours, is in nobody's use that we could see. */
    sqlite3_close_v2(handle);
    return (code & 0xff) == SQLITE_NOMEM ? op_no_memory(op) : WW_OK;
}
