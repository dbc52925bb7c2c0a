/* Files of server keys (vault.md §4): one to eight keys of 32 bytes, one after the other, the first of which
 * seals. */
#include <ctype.h>
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
#include "config_keys.h"

enum { KEY = sizeof(struct key), FILE_MOST = CONFIG_KEYS_IN_FILE * KEY };

enum ww_err config_key_refuse(struct ww_op *op, const char *path, const char *reason)
{
    return op_fail_field(op, WW_ECONFIG, "server_key_bad", "watchword.server_key_file", "server key %s: %s",
                         path, reason);
}

bool config_key_is_zero(const struct key *k)
{
    static const uint8_t zeros[sizeof k->b];
    return crypto_equal(BYTES(k->b, sizeof k->b), BYTES(zeros, sizeof zeros));
}

/* ---- writing ---- */

static enum ww_err write_keys(struct ww_op *op, int fd, const char *path, const struct key *keys, size_t n)
{
    /* On disk before anything is sealed under it: a key lost in a power cut takes the database with it. */
    if (write(fd, keys, n * KEY) != (ssize_t)(n * KEY) || fsync(fd) != 0) {
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

/* O_EXCL: an existing key is never overwritten, whoever wins a race. The mode is there from the first byte
 * on. */
static int make_file(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static enum ww_err cannot_make(struct ww_op *op, const char *path)
{
    return op_fail(op, WW_EIO, "server_key_write", "server key %s: cannot be made: %s", path,
                   strerror(errno));
}

enum ww_err config_key_file_write(struct ww_op *op, const char *path, const struct key *key)
{
    int fd = make_file(path);

    if (fd < 0 && errno == EEXIST) {
        return op_fail(op, WW_ECONFLICT, "server_key_exists",
                       "server key %s: there is a file of that name; it was "
                       "left alone",
                       path);
    }
    if (fd < 0) {
        return cannot_make(op, path);
    }
    enum ww_err err = write_keys(op, fd, path, key, 1);
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

/* The new file beside the old one, with its owner: root may do this for the user that the server runs as. */
static enum ww_err write_beside(struct ww_op *op, const char *path, const char *beside,
                                const struct key *keys, size_t n)
{
    struct stat st;
    (void)unlink(beside); /* of a run that was killed: nothing was sealed under what is in it */
    int fd = stat(path, &st) == 0 ? make_file(beside) : -1;

    if (fd < 0) {
        return cannot_make(op, beside);
    }
    enum ww_err err = WW_OK;
    if (st.st_uid != geteuid() && fchown(fd, st.st_uid, st.st_gid) != 0) {
        err = op_fail(op, WW_EIO, "server_key_write", "server key %s: its owner cannot be kept: %s", path,
                      strerror(errno));
    }
    err = err ? err : write_keys(op, fd, beside, keys, n);
    close(fd);
    return err;
}

enum ww_err config_key_file_replace(struct ww_op *op, const char *path, const struct key *keys, size_t n)
{
    char real[PATH_MAX]; /* the file itself: a link to it stays one */
    char *beside = realpath(path, real) ? arena_printf(&op->arena, "%s.new", real) : NULL;

    if (!beside) {
        return cannot_make(op, path);
    }
    enum ww_err err = write_beside(op, real, beside, keys, n);
    /* In one step: whoever reads meanwhile, or starts after a power cut, finds the old keys or the new. */
    if (err == WW_OK && rename(beside, real) != 0) {
        err = cannot_make(op, path);
    }
    if (err != WW_OK) {
        unlink(beside);
        return err;
    }
    sync_directory_of(real);
    return WW_OK;
}

/* ---- reading ---- */

/* A key that somebody wrote down in hex is 64 bytes, which would else be taken for two keys. */
static bool is_hex(const uint8_t *p, size_t n)
{
    size_t i = 0;
    while (i < n && isxdigit(p[i])) {
        i++;
    }
    return i == n;
}

static enum ww_err take_keys(struct ww_op *op, const char *path, const uint8_t *raw, size_t length,
                             struct key *keys, size_t max, size_t *n)
{
    if (length == 0 || length % KEY != 0 || length > FILE_MOST) {
        return config_key_refuse(op, path, "must be exactly 32 bytes, or 32 for each of several keys");
    }
    if (length > KEY && is_hex(raw, length)) {
        return config_key_refuse(op, path, "holds hexadecimal text; the key is the 32 bytes themselves");
    }
    if (length / KEY > max) {
        return config_key_refuse(op, path, "holds one key too many");
    }
    for (*n = 0; *n < length / KEY; ++*n) {
        memcpy(keys[*n].b, raw + *n * KEY, KEY);
        if (config_key_is_zero(&keys[*n])) { /* a file that was never written, or a disk that lost it */
            return config_key_refuse(op, path,
                                     "is all zeros, which is no key: put the copy of the key there");
        }
    }
    return WW_OK;
}

static enum ww_err read_open_file(struct ww_op *op, int fd, const char *path, struct key *keys, size_t max,
                                  size_t *n)
{
    struct stat st;
    uint8_t *raw = arena_alloc(&op->arena, FILE_MOST + 1); /* which is wiped */

    if (!raw) {
        return op_no_memory(op);
    }
    /* Of the open file, not of its name, which may be another file by now. */
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return config_key_refuse(op, path, "is not a file");
    }
    if (st.st_mode & 07177) {
        return config_key_refuse(op, path, "others may read or change it: chmod 600");
    }
    /* Another user who owns the file may change it, whatever its mode is; root may do so anyway. */
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        return config_key_refuse(op, path, "belongs to another user");
    }
    /* Nothing but keys: one in hex, or with a line end, would be another key and seal everything under it. */
    ssize_t length = read(fd, raw, FILE_MOST + 1);
    return length < 0 ? config_key_refuse(op, path, "cannot be read")
                      : take_keys(op, path, raw, (size_t)length, keys, max, n);
}

enum ww_err config_key_file_read(struct ww_op *op, const char *path, struct key *keys, size_t max, size_t *n)
{
    /* O_NONBLOCK: a pipe of that name must not stop the start; it is refused below. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    *n = 0;
    if (fd < 0) {
        return op_fail_field(
            op, WW_ECONFIG, "server_key_bad", "watchword.server_key_file",
            "server key %s: cannot be opened: %s (for a new site `watchword server-key new %s` makes "
            "one; where data are stored already, only the copy of their key opens them)",
            path, strerror(errno), path);
    }
    enum ww_err err = read_open_file(op, fd, path, keys, max, n);
    close(fd);
    if (err != WW_OK) {
        for (size_t i = 0; i < max; i++) {
            key_wipe(&keys[i]);
        }
        *n = 0;
    }
    return err;
}
