/* What the commands on a user's vault share (item, share, inbox, contact, letter, public): whose it is, a
 * value that comes from standard input or a file, and one that goes to standard output or a file. */
#ifndef CMD_VAULT_H
#define CMD_VAULT_H

#include "cmd_site.h"

struct cmd_vault {
    struct cmd_site site;
    const char *user, *in, *out, *prefix;
    bool if_absent, force;
    int64_t if_version;
};

/* The options that all of them have. */
#define CMD_VAULT_OPTIONS(c)                                                                                 \
    CMD_SITE_OPTIONS(&(c)->site), CMD_SITE_PASSWORD(&(c)->site),                                             \
    {                                                                                                        \
        'u', "user", "NAME", "whose vault: a name that the user signs in with", .text = &(c)->user           \
    }
#define CMD_VAULT_IN(c)                                                                                      \
    {                                                                                                        \
        'i', "in", "FILE", "the value is in this file", .text = &(c)->in                                     \
    }
#define CMD_VAULT_OUT(c)                                                                                     \
    {'o', "out", "FILE", "write it here instead; the file must be new", .text = &(c)->out},                  \
    {                                                                                                        \
        0, "force", NULL, "the file may be there already", .flag = &(c)->force                               \
    }
#define CMD_VAULT_IF_VERSION(c)                                                                              \
    {                                                                                                        \
        0, "if-version", "N", "only when this is its version", .number = &(c)->if_version                    \
    }

/* Opens the site and signs in. CMD_GO_ON, or the exit code after having said why. */
int cmd_vault_sign_in(struct cmd_vault *c, const char *name);

/* What was read, wiped and freed by cmd_value_wipe; p ends with nothing. */
struct cmd_value {
    char *p;
    size_t n, size;
};
void cmd_value_wipe(struct cmd_value *v);
/* From --in or standard input, at most `most` bytes and one more, so that the library refuses what is larger
 * by its own limit. */
int cmd_vault_read(struct cmd_vault *c, size_t most, struct cmd_value *out);
/* The most that an item or share may have. */
size_t cmd_vault_item_max(const struct cmd_vault *c);
/* To --out or standard output; with --json as {"name", "from" unless NULL, "version", "value" in base64}.
 * name NULL and version 0 are left out. */
int cmd_vault_give(struct cmd_vault *c, const char *name, const char *from, const void *value, size_t n,
                   uint64_t version);
/* "created, version 3", or as JSON. */
int cmd_vault_put_done(struct cmd_vault *c, const char *name, const struct ww_item_result *result);
/* {"<key>": name}, or the key alone as a word. */
int cmd_vault_done(struct cmd_vault *c, const char *key, const char *name);
void cmd_vault_json_version(struct cmd_json *j, uint64_t version);

#endif
