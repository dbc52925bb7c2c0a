/* `watchword named`: keys and entries of programs that have no accounts (vault.md §11). */
#include <stdio.h>

#include "cmd_vault.h"

struct named {
    struct cmd_vault c;
    bool force;
    struct cmd_secret password;
    struct ww_named about;
    const char *name;
};

/* Opens the site and asks for the password; twice where it is a new one. */
static int open_named(struct named *n, const char *command, bool fresh)
{
    char prompt[80];
    int code = cmd_site_open(&n->c.site, command);
    if (code != CMD_GO_ON) {
        return code;
    }
    n->about.size = sizeof n->about;
    snprintf(prompt, sizeof prompt, "Password of %.60s", n->name);
    return cmd_password(n->c.site.password_fd, "password-fd", prompt, fresh, &n->password) ? CMD_GO_ON
                                                                                           : CMD_FAILED;
}

static int close_named(struct named *n, int code)
{
    cmd_secret_wipe(&n->password);
    cmd_site_close(&n->c.site);
    return code;
}

/* For a terminal and for scripts a line of hexadecimal digits; with --out the bytes. */
static int give_key(struct named *n, const void *key)
{
    char text[2 * WW_KEY_SIZE + 1];
    if (n->c.out || n->c.site.json) {
        return cmd_vault_give(&n->c, n->name, NULL, key, WW_KEY_SIZE, 0);
    }
    hex_encode(text, key, WW_KEY_SIZE);
    puts(text);
    return CMD_OK;
}

#define BEGIN(n, table)                                                                                      \
    int first = 0;                                                                                           \
    int code = cmd_options(&usage, table, sizeof(table) / sizeof(table)[0], argc, argv, &first);             \
    if (code != CMD_GO_ON) {                                                                                 \
        return code;                                                                                         \
    }                                                                                                        \
    (n)->name = argv[first]

/* ---- keys ---- */

static int key_create(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE [--out FILE [--force]] [--password-fd N] [--json] NAME",
                                    "Makes a key of 32 random bytes, and prints it in hexadecimal digits.", 1,
                                    1};
    struct named n = {.c = {.site = {.password_fd = -1}}};
    const struct cmd_option options[] = {CMD_SITE_OPTIONS(&n.c.site), CMD_SITE_PASSWORD(&n.c.site),
                                         CMD_VAULT_OUT(&n.c)};
    const void *key;
    BEGIN(&n, options);
    if ((code = open_named(&n, name, true)) == CMD_GO_ON) {
        enum ww_err err =
            ww_named_key_create(n.c.site.op, n.name, n.password.text, n.password.n, &key, &n.about);
        code = err ? cmd_site_failed(&n.c.site, err) : give_key(&n, key);
    }
    return close_named(&n, code);
}

static int key_get(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE [--expired] [--out FILE [--force]] [--password-fd N] [--json] NAME",
        "Prints a key in hexadecimal digits. One past its time needs --expired.", 1, 1};
    struct named n = {.c = {.site = {.password_fd = -1}}};
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&n.c.site),
        CMD_SITE_PASSWORD(&n.c.site),
        CMD_VAULT_OUT(&n.c),
        {0, "expired", NULL, "a key that is past its time, too", .flag = &n.force}};
    const void *key;
    BEGIN(&n, options);
    if ((code = open_named(&n, name, false)) == CMD_GO_ON) {
        enum ww_err err =
            ww_named_key_get(n.c.site.op, n.name, n.password.text, n.password.n, n.force, &key, &n.about);
        code = err ? cmd_site_failed(&n.c.site, err) : give_key(&n, key);
    }
    return close_named(&n, code);
}

/* ---- entries ---- */

static int entry_write(const char *name, int argc, char **argv, const char *about, bool fresh)
{
    const struct cmd_usage usage = {name, "-c FILE [--in FILE] [--password-fd N] [--json] NAME", about, 1, 1};
    struct named n = {.c = {.site = {.password_fd = -1}}};
    struct cmd_value value = {0};
    const struct cmd_option options[] = {CMD_SITE_OPTIONS(&n.c.site), CMD_SITE_PASSWORD(&n.c.site),
                                         CMD_VAULT_IN(&n.c)};
    BEGIN(&n, options);
    if ((code = open_named(&n, name, fresh)) == CMD_GO_ON &&
        (code = cmd_vault_read(&n.c, cmd_vault_item_max(&n.c), &value)) == CMD_GO_ON) {
        enum ww_err err = (fresh ? ww_named_entry_create : ww_named_entry_update)(
            n.c.site.op, n.name, n.password.text, n.password.n, value.p, value.n, &n.about);
        code = err ? cmd_site_failed(&n.c.site, err)
                   : cmd_vault_done(&n.c, fresh ? "created" : "updated", n.name);
    }
    cmd_value_wipe(&value);
    return close_named(&n, code);
}

static int entry_create(const char *name, int argc, char **argv)
{
    return entry_write(name, argc, argv,
                       "Stores an entry: standard input, or a file.\nWith --password-fd 0 the first line of "
                       "standard input is the password and the rest the value.",
                       true);
}

static int entry_update(const char *name, int argc, char **argv)
{
    return entry_write(name, argc, argv, "Replaces an entry's value, under a new key.", false);
}

static int entry_read(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE [--out FILE [--force]] [--password-fd N] [--json] NAME",
        "Prints an entry's bytes as they are, or with --json in base64.\nOne past "
        "its time is sealed under a new key.",
        1, 1};
    struct named n = {.c = {.site = {.password_fd = -1}}};
    const struct cmd_option options[] = {CMD_SITE_OPTIONS(&n.c.site), CMD_SITE_PASSWORD(&n.c.site),
                                         CMD_VAULT_OUT(&n.c)};
    const void *value;
    size_t length;
    BEGIN(&n, options);
    if ((code = open_named(&n, name, false)) == CMD_GO_ON) {
        enum ww_err err = ww_named_entry_read(n.c.site.op, n.name, n.password.text, n.password.n, &value,
                                              &length, &n.about);
        code = err ? cmd_site_failed(&n.c.site, err) : cmd_vault_give(&n.c, n.name, NULL, value, length, 0);
    }
    return close_named(&n, code);
}

/* ---- both ---- */

static int delete_one(const char *name, int argc, char **argv, const char *about,
                      enum ww_err (*body)(struct ww_op *op, const char *name, const char *password, size_t n))
{
    const struct cmd_usage usage = {name, "-c FILE [--password-fd N] [--json] NAME", about, 1, 1};
    struct named n = {.c = {.site = {.password_fd = -1}}};
    const struct cmd_option options[] = {CMD_SITE_OPTIONS(&n.c.site), CMD_SITE_PASSWORD(&n.c.site)};
    BEGIN(&n, options);
    if ((code = open_named(&n, name, false)) == CMD_GO_ON) {
        enum ww_err err = body(n.c.site.op, n.name, n.password.text, n.password.n);
        code = err ? cmd_site_failed(&n.c.site, err) : cmd_vault_done(&n.c, "deleted", n.name);
    }
    return close_named(&n, code);
}

static int key_delete(const char *name, int argc, char **argv)
{
    return delete_one(name, argc, argv, "Deletes a key; what it sealed is lost without a copy.",
                      ww_named_key_delete);
}

static int entry_delete(const char *name, int argc, char **argv)
{
    return delete_one(name, argc, argv, "Deletes an entry.", ww_named_entry_delete);
}

static int named_key(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"create", key_create, "make a key"},
        {"get", key_get, "print a key"},
        {"delete", key_delete, "delete a key"},
    };
    return cmd_dispatch(name, "Keys with a name and a password.", commands,
                        sizeof commands / sizeof commands[0], argc, argv);
}

static int named_entry(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"create", entry_create, "store an entry"},
        {"read", entry_read, "print an entry"},
        {"update", entry_update, "replace an entry's value"},
        {"delete", entry_delete, "delete an entry"},
    };
    return cmd_dispatch(name, "Values with a name and a password.", commands,
                        sizeof commands / sizeof commands[0], argc, argv);
}

int cmd_named(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"key", named_key, "keys: create, get, delete"},
        {"entry", named_entry, "entries: create, read, update, delete"},
    };
    return cmd_dispatch(name, "For programs without accounts: each key and entry has a password of its own.",
                        commands, sizeof commands / sizeof commands[0], argc, argv);
}
