/* What the subcommands share: dispatch and options from tables, exit codes, JSON on standard output, and
 * passwords from a terminal or a descriptor. Uses nothing but the C library and the public result codes. */
#ifndef CMD_UTIL_H
#define CMD_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchword/err.h"

/*   name        value  meaning */
#define CMD_EXIT_TABLE(X)                                                                                    \
    X(OK, 0, "done")                                                                                         \
    X(FAILED, 1, "failed: input or output, memory, or a fault of the program")                               \
    X(USAGE, 2, "the command line is wrong")                                                                 \
    X(CONFIG, 3, "the configuration, the server key or the database's kind is wrong")                        \
    X(REFUSED, 4, "refused: wrong credentials, disabled, or not allowed")                                    \
    X(NOT_FOUND, 5, "not found")                                                                             \
    X(TAMPERED, 6, "stored data is not what was written, or older than it should be")                        \
    X(BUSY, 7, "busy or too many attempts: try again later")                                                 \
    X(INVALID, 8, "what was given does not satisfy the schema, the policy or a limit")                       \
    X(CONFLICT, 9, "exists already, or was changed in the meantime")

#define CMD_EXIT_ENUM(name, value, meaning) CMD_##name = (value),
enum cmd_exit { CMD_EXIT_TABLE(CMD_EXIT_ENUM) };
#undef CMD_EXIT_ENUM

/* ---- subcommands ---- */

struct command {
    const char *name;
    /* name: the words so far, "watchword config check"; argv[0] is the subcommand's own word. */
    int (*run)(const char *name, int argc, char **argv);
    const char *help; /* one line */
};

/* Runs the command that argv[1] names, or explains. `about` is printed above the list by --help. */
int cmd_dispatch(const char *name, const char *about, const struct command *commands, size_t n, int argc,
                 char **argv);

/* ---- options ---- */

enum { CMD_LIST_MOST = 16 };

struct cmd_list {
    const char *at[CMD_LIST_MOST];
    size_t n;
};

/* One of flag, text, list and number says where the option goes. */
struct cmd_option {
    char letter; /* 0 for none */
    const char *name;
    const char *argument; /* as help shows it; NULL for a flag */
    const char *help;
    bool *flag;
    const char **text;
    struct cmd_list *list;
    int64_t *number; /* not negative */
};

enum { CMD_GO_ON = -1 };

/* usage: what follows the name, such as "[-c FILE]… FILE". operands: how many words without a dash are needed
 * at least and at most; *first is the index of the first. CMD_GO_ON, or the exit code: CMD_OK after --help,
 * CMD_USAGE after an explanation on standard error. */
struct cmd_usage {
    const char *name, *usage, *about;
    int least, most;
};
int cmd_options(const struct cmd_usage *usage, const struct cmd_option *options, size_t n, int argc,
                char **argv, int *first);
/* Says what is wrong with the command line, beginning with the option or argument; returns CMD_USAGE. */
int cmd_usage_error(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- results ---- */

/* One sentence on standard error, as JSON {"error":{…}} when json. Returns the exit code. id and field may be
 * NULL. */
int cmd_fail(bool json, enum ww_err err, const char *id, const char *field, const char *text);

/* JSON on standard output. key NULL in lists and at the top. */
struct cmd_json {
    int depth;
    bool comma;
};
void cmd_json_open(struct cmd_json *j, const char *key, char bracket); /* '{' or '[' */
void cmd_json_close(struct cmd_json *j, char bracket);                 /* a newline behind the last */
void cmd_json_text(struct cmd_json *j, const char *key, const char *value);
void cmd_json_number(struct cmd_json *j, const char *key, int64_t value);
void cmd_json_bool(struct cmd_json *j, const char *key, bool value);
/* text is JSON already. */
void cmd_json_raw(struct cmd_json *j, const char *key, const char *text);

/* ---- secrets ---- */

enum { CMD_SECRET_MOST = 4096 };

struct cmd_secret {
    char text[CMD_SECRET_MOST + 1];
    size_t n;
};
void cmd_secret_wipe(struct cmd_secret *s);
/* On the stack, wiped when its scope is left. */
#define CMD_SECRET(name) __attribute__((cleanup(cmd_secret_wipe))) struct cmd_secret name = {{0}, 0}

/* No core dumps, and not traceable by other processes of the same user (vault.md, Memory). dev: traceable,
 * for debuggers. Call before the first secret is read. */
void cmd_protect_memory(bool dev);
/* SIGHUP, SIGUSR1 and SIGUSR2 ask servers to read their configuration or logs again, and log rotation and
 * terminals send them; there is nothing of the kind yet, and they must not end what holds locks. A write to
 * who has gone is an error value (SIGPIPE). */
void cmd_ignore_signals(void);
/* Whether memory may be written to a swap device. */
bool cmd_swap_is_on(void);

/* fd -1: asked for on the terminal without echo, a second time when twice. Otherwise the first line of that
 * descriptor, which the option of that name gave. False after saying why on standard error. */
bool cmd_password(int64_t fd, const char *option, const char *prompt, bool twice, struct cmd_secret *out);
/* All of a descriptor, at most CMD_SECRET_MOST bytes. */
bool cmd_read_all(int fd, struct cmd_secret *out);

#endif
