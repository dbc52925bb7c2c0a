/* The server keys (vault.md §4): where they are looked for, what their files must be like, how one is made,
 * and how one is written on paper. */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include "config.h"
#include "secret.h"

/* The first found of: WATCHWORD_SERVER_KEY together with the files of watchword.server_key_file; server.key
 * in the service manager's $CREDENTIALS_DIRECTORY; for dsn memory a passing key; under dev keys/server.key
 * beside the configuration, or watchword/server.key in the user's state directory where §4 forbids that, made
 * when it is not there, with a warning that says so. database_path: the file of the database, or NULL when it
 * is not a file. Fills at most max keys, the sealing one first. WW_ECONFIG: none is configured (the text
 * names the command that makes one), a key is missing or zero, a file is not as §4 asks, lies below the
 * database's directory, or two keys have one id. May add a warning to the configuration: call it before other
 * threads use it. */
enum ww_err config_server_keys(struct ww_op *op, const struct config *c, const char *database_path,
                               struct key *keys, size_t max, size_t *n) WW_MUST;
/* The same with the file that each key lies in, as it is configured; NULL for one that lies in none. keys and
 * paths have room for max, paths may be NULL. */
struct config_key_list {
    struct key *keys;
    const char **paths;
    size_t max, n;
};
enum ww_err config_server_key_list(struct ww_op *op, const struct config *c, const char *database_path,
                                   struct config_key_list *out) WW_MUST;

enum { CONFIG_KEYS_IN_FILE = 8 };

/* The file of the witness: what watchword.witness_file names (*chosen), or its place by default. *path NULL:
 * none, where it is `off`, nothing is kept, or there is no place, which adds a warning. WW_ECONFIG
 * "witness_place" below the database's directory. */
enum ww_err config_witness_file(struct ww_op *op, const struct config *c, const char *database_path,
                                const char **path, bool *chosen) WW_MUST;

/* Makes a new key: a file of 32 random bytes, mode 0600, on disk when this returns. WW_ECONFLICT when there
 * is a file of that name, which is left alone; WW_EIO. */
enum ww_err config_key_file_make(struct ww_op *op, const char *path) WW_MUST;
/* The same with a key that is there already: one restored from paper. */
enum ww_err config_key_file_write(struct ww_op *op, const char *path, const struct key *key) WW_MUST;
/* All zeros is no key, wherever it is read: that is what lost or unwritten bytes look like. */
bool config_key_is_zero(const struct key *k);
/* Reads all keys of a file, with the checks of §4 but the place of the database: at most max. */
enum ww_err config_key_file_read(struct ww_op *op, const char *path, struct key *keys, size_t max,
                                 size_t *n) WW_MUST;
/* Puts these keys in the place of those of a file that is there, in one step, with its owner. WW_EIO: the
 * file is as it was. */
enum ww_err config_key_file_replace(struct ww_op *op, const char *path, const struct key *keys,
                                    size_t n) WW_MUST;

/* For paper: 52 symbols of Crockford's base32 and 4 check symbols (the first 20 bits of
 * D(–, paper-check, –, key)), in groups of four, seven groups a line. NULL when there is no memory. */
char *config_key_print(struct arena *a, const struct key *k) WW_MUST;
/* Reads such a print: capitals or not, blanks and hyphens anywhere, O for 0, I and L for 1. WW_EINVAL when
 * something is missing, cannot be a symbol, or the check symbols do not fit: it was mistyped. */
enum ww_err config_key_parse(struct ww_op *op, struct bytes text, struct key *out) WW_MUST;

#endif
