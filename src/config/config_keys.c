/* The places of server keys (vault.md §4). */
#include "config_keys.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_int.h"
#include "keyring.h"

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
bool config_is_beside_database(const char *path, const char *database_path)
{
    char key[PATH_MAX], database[PATH_MAX];

    if (!database_path || !real_directory_of(path, key) || !real_directory_of(database_path, database)) {
        return false;
    }
    /* Below by whole names: /data2 is not below /data. Everything is below the root. */
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

/* Adds the keys of a file to the list. */
static enum ww_err add_file(struct ww_op *op, const char *path, struct config_key_list *out)
{
    size_t n = 0;
    enum ww_err err = config_key_file_read(op, path, out->keys + out->n, out->max - out->n, &n);
    for (size_t i = 0; i < n && out->paths; i++) {
        out->paths[out->n + i] = path;
    }
    out->n += n;
    return err;
}

static enum ww_err read_placed(struct ww_op *op, const char *path, const char *database_path,
                               struct config_key_list *out)
{
    if (is_lost(path, database_path)) {
        return refuse_lost(op, path, database_path);
    }
    if (config_is_beside_database(path, database_path)) {
        return config_key_refuse(
            op, path, "lies below the database's directory: one backup would hold both; move it elsewhere");
    }
    return add_file(op, path, out);
}

/* ---- under --dev ---- */

static bool make_directories(char *path)
{
    for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = 0;
        /* For the owner alone, as the key in it. */
        bool there = mkdir(path, 0700) == 0 || errno == EEXIST;
        *p = '/';
        if (!there) {
            return false;
        }
    }
    return true;
}

static enum ww_err read_or_make(struct ww_op *op, const struct config *c, char *path,
                                const char *database_path, struct config_key_list *out)
{
    if (access(path, F_OK) == 0) {
        return add_file(op, path, out);
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
    return add_file(op, path, out);
}

/* Beside the configuration, or in the user's state directory where the database lies there too: even a
 * trial does not teach to keep both in one place. */
static enum ww_err dev_key(struct ww_op *op, const struct config *c, const char *database_path,
                           struct config_key_list *out)
{
    char beside[PATH_MAX];
    char *path = arena_printf(&op->arena, "%s/keys/server.key", c->dir);

    if (!path) {
        return op_no_memory(op);
    }
    snprintf(beside, sizeof beside, "%s/server.key", c->dir); /* keys/ need not be there yet */
    if (!config_is_beside_database(beside, database_path)) {
        return read_or_make(op, c, path, database_path, out);
    }
    path = c->state ? arena_printf(&op->arena, "%s/watchword/server.key", c->state) : NULL;
    if (!path || !make_directories(path) || config_is_beside_database(path, database_path)) {
        return config_key_refuse(op, "",
                                 "none is configured, and there is no place for one apart from the database");
    }
    return read_or_make(op, c, path, database_path, out);
}

/* ---- all of them ---- */

/* A key that lies in no file. */
static void add_key(struct config_key_list *out, const struct key *key)
{
    out->keys[out->n] = *key;
    if (out->paths) {
        out->paths[out->n] = NULL;
    }
    out->n++;
}

static enum ww_err read_configured(struct ww_op *op, const struct config *c, const char *database_path,
                                   struct config_key_list *out)
{
    enum ww_err err = WW_OK;
    if (c->environment_key) {
        add_key(out, c->environment_key);
    }
    for (size_t i = 0; !err && i < config_list_count(c, "watchword.server_key_file"); i++) {
        err = out->n < out->max
                  ? read_placed(op, config_list_at(c, "watchword.server_key_file", i), database_path, out)
                  : op_fail_field(op, WW_ECONFIG, "server_key_bad", "watchword.server_key_file",
                                  "watchword.server_key_file: more than %zu keys", out->max);
    }
    return err;
}

static enum ww_err read_otherwise(struct ww_op *op, const struct config *c, const char *database_path,
                                  struct config_key_list *out)
{
    char *credential = c->credentials ? arena_printf(&op->arena, "%s/server.key", c->credentials) : NULL;

    if (credential && access(credential, F_OK) == 0) {
        return read_placed(op, credential, database_path, out);
    }
    /* What is stored ends with the process, so its key may as well. */
    if (strcmp(config_text(c, "dsn"), "memory") == 0) {
        KEY32(passing);
        op_random(op, passing.b, sizeof passing.b);
        add_key(out, &passing);
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

enum ww_err config_server_key_list(struct ww_op *op, const struct config *c, const char *database_path,
                                   struct config_key_list *out)
{
    out->n = 0;
    enum ww_err err = out->max == 0 ? WW_EINTERNAL : read_configured(op, c, database_path, out);
    if (err == WW_OK && out->n == 0) {
        err = read_otherwise(op, c, database_path, out);
    }
    if (err == WW_OK) {
        err = check_ids(op, out->keys, out->n);
    }
    if (err != WW_OK) {
        out->n = 0;
        for (size_t i = 0; i < out->max; i++) {
            key_wipe(&out->keys[i]);
        }
    }
    return err;
}

enum ww_err config_server_keys(struct ww_op *op, const struct config *c, const char *database_path,
                               struct key *keys, size_t max, size_t *n)
{
    struct config_key_list list = {.keys = keys, .max = max};
    enum ww_err err = config_server_key_list(op, c, database_path, &list);
    *n = list.n;
    return err;
}
