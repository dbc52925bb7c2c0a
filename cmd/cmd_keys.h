/* Server keys as the commands find them: in a file that is named, or where the configuration says. */
#ifndef CMD_KEYS_H
#define CMD_KEYS_H

#include "cmd.h"
#include "config_keys.h"
#include "keyring.h"

enum { CMD_KEY_ID = 9 }; /* eight hexadecimal digits */

struct cmd_keys {
    struct cmd_list files;
    bool dev, json;
    struct ww_op op;
    struct config *config;
    struct config_key_list list; /* the first seals */
};

/* Reads the options -c, --dev and --json, and more of the command's own. */
int cmd_keys_begin(struct cmd_keys *s, const struct cmd_usage *usage, const struct cmd_option *more, size_t n,
                   int argc, char **argv, int *first);
/* file NULL: those of the configuration. */
enum ww_err cmd_keys_find(struct cmd_keys *s, const char *file) WW_MUST;
void cmd_keys_id(const struct key *key, char id[CMD_KEY_ID]);
/* The operation's failure as a message; returns the exit code. */
int cmd_keys_failed(struct cmd_keys *s, enum ww_err err);
void cmd_keys_end(struct cmd_keys *s);

/* cmd_server_key_use.c */
int cmd_key_list(const char *name, int argc, char **argv);
int cmd_key_add(const char *name, int argc, char **argv);
int cmd_key_first(const char *name, int argc, char **argv);
int cmd_key_rotate(const char *name, int argc, char **argv);
int cmd_key_retire(const char *name, int argc, char **argv);

#endif
