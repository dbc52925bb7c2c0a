/* The files and places of server keys (vault.md §4). */
#include "config_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_int.h"
#include "keyring.h"

static enum ww_err refuse(struct ww_op *op, const char *path, const char *reason)
{
    return op_fail_field(op, WW_ECONFIG, "server_key_bad", "watchword.server_key_file", "server key %s: %s",
                         path, reason);
}

/* ---- files ---- */

bool config_key_is_zero(const struct key *k)
{
    static const uint8_t zeros[sizeof k->b];
    return crypto_equal(BYTES(k->b, sizeof k->b), BYTES(zeros, sizeof zeros));
}

static enum ww_err write_key(struct ww_op *op, int fd, const char *path, const struct key *key)
{
    /* On disk before anything is sealed under it: a key lost in a power cut takes the database with it. */
    if (write(fd, key->b, sizeof key->b) != (ssize_t)sizeof key->b || fsync(fd) != 0) {
        return op_fail(op, WW_EIO, "server_key_write", "server key %s: cannot be written: %s", path,
                       strerror(errno));
    }
    return WW_OK;
}

/* The name of a new file is on disk only when its directory is. */
static void sync_directory_of(const char *path)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

enum ww_err config_key_file_write(struct ww_op *op, const char *path, const struct key *key)
{
    /* O_EXCL: an existing key is never overwritten, whoever wins a race. The mode is there from the first
     * byte on. */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0 && errno == EEXIST) {
        return op_fail(op, WW_ECONFLICT, "server_key_exists",
                       "server key %s: there is a file of that name; it was "
                       "left alone",
                       path);
    }
    if (fd < 0) {
        return op_fail(op, WW_EIO, "server_key_write", "server key %s: cannot be made: %s", path,
                       strerror(errno));
    }
    enum ww_err err = write_key(op, fd, path, key);
    close(fd);
    if (err != WW_OK) {
        unlink(path);
        return err;
    }
    sync_directory_of(path);
    return WW_OK;
}

enum ww_err config_key_file_make(struct ww_op *op, const char *path)
{
    KEY32(key);
    op_random(op, key.b, sizeof key.b);
    return config_key_file_write(op, path, &key);
}

static enum ww_err read_open_file(struct ww_op *op, int fd, const char *path, struct key *out)
{
    struct stat st;
    uint8_t beyond = 0;

    /* Of the open file, not of its name, which may be another file by now. */
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return refuse(op, path, "is not a file");
    }
    if (st.st_mode & 07177) {
        return refuse(op, path, "others may read or change it: chmod 600");
    }
    /* Another user who owns the file may change it, whatever its mode is; root may do so anyway. */
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        return refuse(op, path, "belongs to another user");
    }
    /* Exactly 32: a key in hex, or with a line end, would be another key and seal everything under it. */
    if (read(fd, out->b, sizeof out->b) != (ssize_t)sizeof out->b || read(fd, &beyond, 1) != 0) {
        key_wipe(out);
        return refuse(op, path, "must be exactly 32 bytes");
    }
    if (config_key_is_zero(out)) { /* a file that was never written, or a disk that lost it */
        return refuse(op, path, "is all zeros, which is no key: put the copy of the key there");
    }
    return WW_OK;
}

enum ww_err config_key_file_read(struct ww_op *op, const char *path, struct key *out)
{
    /* O_NONBLOCK: a pipe of that name must not stop the start; it is refused below. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    key_wipe(out);
    if (fd < 0) {
        return op_fail_field(
            op, WW_ECONFIG, "server_key_bad", "watchword.server_key_file",
            "server key %s: cannot be opened: %s (for a new site `watchword server-key new %s` makes "
            "one; where data are stored already, only the copy of their key opens them)",
            path, strerror(errno), path);
    }
    enum ww_err err = read_open_file(op, fd, path, out);
    close(fd);
    return err;
}

/* ---- where a key may lie ---- */

/* Real paths (vault.md §4): a link must not hide that key and database lie in one directory. */
static bool real_directory_of(const char *path, char out[PATH_MAX])
{
    char copy[PATH_MAX], directory[PATH_MAX];
    if (realpath(path, copy) == NULL && snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy) {
        return false;
    }
    snprintf(directory, sizeof directory, "%s", dirname(copy));
    return realpath(directory, out) != NULL;
}

/* One backup of the database's directory must not hold both (vault.md §4). The file need not be there yet. */
static bool is_beside_database(const char *path, const char *database_path)
{
    char key[PATH_MAX], database[PATH_MAX];

    if (!database_path || !real_directory_of(path, key) || !real_directory_of(database_path, database)) {
        return false;
    }
    /* Below by whole names: /data2 is not below /data. */
    size_t n = strcmp(database, "/") == 0 ? 0 : strlen(database);
    return strncmp(key, database, n) == 0 && (key[n] == 0 || key[n] == '/');
}

/* A database can be opened with its own key only: whoever made a new one would lose everything in it. */
static enum ww_err refuse_lost(struct ww_op *op, const char *path, const char *database_path)
{
    return op_fail_field(
        op, WW_ECONFIG, "server_key_lost", "watchword.server_key_file",
        "server key %s: is missing, and there is a database (%s) that nothing else opens: put "
        "the copy of the key there, or restore it from paper with `watchword server-key import "
        "%s`; a new key would not help",
        path, database_path, path);
}

/* Only where the file is certainly absent: one that cannot be read is another complaint. */
static bool is_lost(const char *path, const char *database_path)
{
    return database_path && access(path, F_OK) != 0 && errno == ENOENT && access(database_path, F_OK) == 0;
}

static enum ww_err read_placed(struct ww_op *op, const char *path, const char *database_path, struct key *out)
{
    if (is_lost(path, database_path)) {
        return refuse_lost(op, path, database_path);
    }
    if (is_beside_database(path, database_path)) {
        return refuse(op, path,
                      "lies below the database's directory: one backup would hold both; move it elsewhere");
    }
    return config_key_file_read(op, path, out);
}

/* ---- under --dev ---- */

static bool make_directories(char *path)
{
    for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = 0;
        bool there = mkdir(path, 0700) == 0 || errno == EEXIST;
        *p = '/';
        if (!there) {
            return false;
        }
    }
    return true;
}

static enum ww_err read_or_make(struct ww_op *op, const struct config *c, char *path,
                                const char *database_path, struct key *out)
{
    if (access(path, F_OK) == 0) {
        return config_key_file_read(op, path, out);
    }
    if (is_lost(path, database_path)) {
        return refuse_lost(op, path, database_path);
    }
    if (!make_directories(path)) {
        return op_fail(op, WW_EIO, "server_key_write", "server key %s: its directory cannot be made: %s",
                       path, strerror(errno));
    }
    enum ww_err err = config_key_file_make(op, path);
    if (err != WW_OK) {
        return err;
    }
    config_warnings_add(
        c->warnings,
        arena_printf(c->warnings->arena,
                     "watchword.server_key_file: none is configured: made %s, since this is --dev; without "
                     "it nothing stored here can be opened again",
                     path));
    return config_key_file_read(op, path, out);
}

/* Beside the configuration, or in the user's state directory where the database lies there too: even a
 * trial does not teach to keep both in one place. */
static enum ww_err dev_key(struct ww_op *op, const struct config *c, const char *database_path,
                           struct key *out)
{
    char beside[PATH_MAX];
    char *path = arena_printf(&op->arena, "%s/keys/server.key", c->dir);

    if (!path) {
        return op_no_memory(op);
    }
    snprintf(beside, sizeof beside, "%s/server.key", c->dir); /* keys/ need not be there yet */
    if (!is_beside_database(beside, database_path)) {
        return read_or_make(op, c, path, database_path, out);
    }
    path = c->state ? arena_printf(&op->arena, "%s/watchword/server.key", c->state) : NULL;
    if (!path || !make_directories(path) || is_beside_database(path, database_path)) {
        return refuse(op, "", "none is configured, and there is no place for one apart from the database");
    }
    return read_or_make(op, c, path, database_path, out);
}

/* ---- all of them ---- */

static enum ww_err read_configured(struct ww_op *op, const struct config *c, const char *database_path,
                                   struct key *keys, size_t max, size_t *n)
{
    size_t files = config_list_count(c, "watchword.server_key_file");

    /* Before any is read: keys has room for max. */
    if (files + (c->environment_key != NULL) > max) {
        return op_fail_field(op, WW_ECONFIG, "server_key_bad", "watchword.server_key_file",
                             "watchword.server_key_file: more than %zu keys", max);
    }
    if (c->environment_key) {
        keys[(*n)++] = *c->environment_key;
    }
    for (size_t i = 0; i < files; i++) {
        const char *path = config_list_at(c, "watchword.server_key_file", i);
        enum ww_err err = read_placed(op, path, database_path, &keys[*n]);
        if (err != WW_OK) {
            return err;
        }
        ++*n;
    }
    return WW_OK;
}

static enum ww_err read_otherwise(struct ww_op *op, const struct config *c, const char *database_path,
                                  struct key *out)
{
    char *credential = c->credentials ? arena_printf(&op->arena, "%s/server.key", c->credentials) : NULL;

    if (credential && access(credential, F_OK) == 0) {
        return read_placed(op, credential, database_path, out);
    }
    /* What is stored ends with the process, so its key may as well. */
    if (strcmp(config_text(c, "dsn"), "memory") == 0) {
        op_random(op, out->b, sizeof out->b);
        return WW_OK;
    }
    if (c->dev) {
        return dev_key(op, c, database_path, out);
    }
    return op_fail_field(
        op, WW_ECONFIG, "server_key_missing", "watchword.server_key_file", "%s",
        database_path && access(database_path, F_OK) == 0
            ? "watchword.server_key_file: no server key is configured, and there is a database: name the "
              "file "
              "of its key, or restore that from paper with `watchword server-key import FILE`"
            : "watchword.server_key_file: no server key is configured; `watchword server-key new FILE` "
              "makes one, `watchword init DIR` a whole site");
}

/* Here as well as in keyring_new, so that the message can name the setting. */
static enum ww_err check_ids(struct ww_op *op, const struct key *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            if (keyring_key_id(&keys[i]) == keyring_key_id(&keys[j])) {
                return op_fail_field(
                    op, WW_ECONFIG, "server_key_bad", "watchword.server_key_file",
                    "watchword.server_key_file: two keys have the same id; each may be named once");
            }
        }
    }
    return WW_OK;
}

enum ww_err config_server_keys(struct ww_op *op, const struct config *c, const char *database_path,
                               struct key *keys, size_t max, size_t *n)
{
    *n = 0;
    enum ww_err err = max == 0 ? WW_EINTERNAL : read_configured(op, c, database_path, keys, max, n);
    if (err == WW_OK && *n == 0) {
        err = read_otherwise(op, c, database_path, &keys[0]);
        *n = err == WW_OK ? 1 : 0;
    }
    if (err == WW_OK) {
        err = check_ids(op, keys, *n);
    }
    if (err != WW_OK) {
        *n = 0;
        for (size_t i = 0; i < max; i++) {
            key_wipe(&keys[i]);
        }
    }
    return err;
}
