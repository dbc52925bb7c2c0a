/* What the subcommands that work on a site share: its options, opening it, acting as one of its users, and
 * text that a terminal can be trusted with. */
#ifndef CMD_SITE_H
#define CMD_SITE_H

#include "cmd.h"
#include "js.h"
#include "watchword/admin.h"
#include "watchword/settings.h"

struct cmd_site {
    struct cmd_list files;
    bool dev, json;
    bool no_migrate; /* a store that needs migrations is refused */
    bool reindex;    /* nothing else may have the store open */
    enum ww_restore restore;
    int64_t password_fd; /* -1: the terminal */
    struct ww *ww;
    struct ww_op *op;
    struct ww_session *session; /* of cmd_site_sign_in; ended by cmd_site_close */
    struct arena arena;
};

/* Rows for the table of options. */
#define CMD_SITE_OPTIONS(s)                                                                                  \
    {'c', "config", "FILE", "configuration of the site; later ones override", .list = &(s)->files},          \
        {0, "dev", NULL, "as `serve --dev`", .flag = &(s)->dev},                                             \
    {                                                                                                        \
        0, "json", NULL, "as JSON", .flag = &(s)->json                                                       \
    }
#define CMD_SITE_PASSWORD(s)                                                                                 \
    {                                                                                                        \
        0, "password-fd", "N", "descriptor that gives the password as a line; else the terminal",            \
            .number = &(s)->password_fd                                                                      \
    }

/* Each returns CMD_GO_ON, or the exit code after having said why. name: of the command, for usage errors. */
int cmd_site_open(struct cmd_site *s, const char *name);
/* Asks for the password of this user and signs in. */
int cmd_site_sign_in(struct cmd_site *s, const char *identifier);
/* The id of the account that is signed in. */
const char *cmd_site_account(struct cmd_site *s);
/* The operation's last failure as a message; returns the exit code. */
int cmd_site_failed(struct cmd_site *s, enum ww_err err);
void cmd_site_close(struct cmd_site *s);

/* A list of the user who is signed in, printed page by page, so that memory does not grow with it; with
 * --json it is one array. Each page is a read of its own: what comes and goes meanwhile may be seen or not.
 */
struct cmd_listing {
    /* `command` is what cmd_site_list was given; entries as the library lists them. */
    enum ww_err (*read)(void *command, struct ww_page *page, const void *const **entries);
    void (*print)(void *command, struct cmd_json *j, const void *entry);
};
int cmd_site_list(struct cmd_site *s, const struct cmd_listing *l, void *command);

/* JSON that the library gave. NULL after saying why. */
struct js *cmd_site_parse(struct cmd_site *s, const char *json);

/* Prints what somebody may have typed, control characters as \xNN: it must not steer the terminal. */
void cmd_print_text(const char *text); /* "-" for NULL */

/* A counter on standard error: on a terminal one line, elsewhere a line a second. total 0: unknown. */
void cmd_progress(const char *what, size_t done, size_t total);
void cmd_progress_end(void);

#endif
