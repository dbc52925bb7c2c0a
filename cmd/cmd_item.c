/* `watchword item`: what only the user can open, as that user. */
#include <stdio.h>

#include "cmd_vault.h"

/* ---- list ---- */

/* Names are what somebody typed: they must not steer the terminal. */
static void print_entry(void *command, struct cmd_json *j, const void *entry)
{
    const struct cmd_vault *c = command;
    const struct ww_item_entry *e = entry;
    if (!c->site.json) {
        cmd_print_text(e->name);
        putchar('\n');
        return;
    }
    cmd_json_open(j, NULL, '{');
    cmd_json_text(j, "name", e->name);
    cmd_vault_json_version(j, e->version);
    cmd_json_close(j, '}');
}

static enum ww_err read_page(void *command, struct ww_page *page, const void *const **entries)
{
    const struct cmd_vault *c = command;
    const struct ww_item_entry *const *items = NULL;
    enum ww_err err = ww_item_list(c->site.op, c->site.session, c->prefix, page, &items);
    *entries = (const void *const *)items;
    return err;
}

static int list(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE --user NAME [--prefix TEXT] [--password-fd N] [--json]",
                                    "Lists a user's items in byte order of their names.", 0, 0};
    struct cmd_vault c = {.site = {.password_fd = -1}, .prefix = ""};
    int first = 0;
    const struct cmd_option options[] = {
        CMD_VAULT_OPTIONS(&c),
        {0, "prefix", "TEXT", "only names that begin with this", .text = &c.prefix},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c, name)) == CMD_GO_ON) {
        code = cmd_site_list(&c.site, &(struct cmd_listing){read_page, print_entry}, &c);
    }
    cmd_site_close(&c.site);
    return code;
}

/* ---- get ---- */

/* To the terminal as bytes: whoever asked for a file's content gets it, and --out never writes over a file
 * without --force. */
static int get(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE --user NAME [--out FILE [--force]] [--password-fd N] [--json] ITEM",
        "Prints an item's bytes as they are, or with --json in base64.", 1, 1};
    struct cmd_vault c = {.site = {.password_fd = -1}};
    struct ww_item_result result = {.size = sizeof result};
    const void *value;
    size_t n;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_VAULT_OPTIONS(&c),
        CMD_VAULT_OUT(&c),
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c, name)) == CMD_GO_ON) {
        const char *item = argv[first];
        enum ww_err err = ww_item_get(c.site.op, c.site.session, item, &value, &n, &result);
        code = err ? cmd_site_failed(&c.site, err) : cmd_vault_give(&c, item, NULL, value, n, result.version);
    }
    cmd_site_close(&c.site);
    return code;
}

/* ---- put ---- */

/* The condition is held against the item in the transaction that writes it: two commands at once cannot
 * both win. */
static int put_value(struct cmd_vault *c, const char *item, const char *value, size_t n)
{
    struct ww_item_condition condition = {sizeof condition, (uint64_t)c->if_version, c->if_absent};
    struct ww_item_result result = {.size = sizeof result};
    enum ww_err err = ww_item_put(c->site.op, c->site.session, item, value, n, &condition, &result);
    if (err) {
        return cmd_site_failed(&c->site, err);
    }
    return cmd_vault_put_done(c, item, &result);
}

/* The password's descriptor and the value's are told apart by lines: both may be standard input. */
static int put(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name,
        "-c FILE --user NAME [--in FILE] [--if-absent | --if-version N] [--password-fd N] [--json] ITEM",
        "Stores an item: standard input, or a file.\nWith --password-fd 0 the first line of standard input "
        "is "
        "the password and the rest the value.",
        1, 1};
    struct cmd_vault c = {.site = {.password_fd = -1}};
    struct cmd_value value = {0};
    int first = 0;
    const struct cmd_option options[] = {
        CMD_VAULT_OPTIONS(&c),
        CMD_VAULT_IN(&c),
        {0, "if-absent", NULL, "only when there is none of that name", .flag = &c.if_absent},
        CMD_VAULT_IF_VERSION(&c),
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c, name)) == CMD_GO_ON &&
        (code = cmd_vault_read(&c, cmd_vault_item_max(&c), &value)) == CMD_GO_ON) {
        code = put_value(&c, argv[first], value.p, value.n);
    }
    cmd_value_wipe(&value);
    cmd_site_close(&c.site);
    return code;
}

/* ---- delete ---- */

static int delete_value(struct cmd_vault *c, const char *item)
{
    struct ww_item_condition condition = {sizeof condition, (uint64_t)c->if_version, false};
    enum ww_err err = ww_item_delete(c->site.op, c->site.session, item, &condition);
    if (err) {
        return cmd_site_failed(&c->site, err);
    }
    return cmd_vault_done(c, "deleted", item);
}

static int delete_(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name,
                                    "-c FILE --user NAME [--if-version N] [--password-fd N] [--json] ITEM",
                                    "Deletes an item.", 1, 1};
    struct cmd_vault c = {.site = {.password_fd = -1}};
    int first = 0;
    const struct cmd_option options[] = {
        CMD_VAULT_OPTIONS(&c),
        CMD_VAULT_IF_VERSION(&c),
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c, name)) == CMD_GO_ON) {
        code = delete_value(&c, argv[first]);
    }
    cmd_site_close(&c.site);
    return code;
}

int cmd_item(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"list", list, "list the names of a user's items"},
        {"get", get, "print an item or write it to a file"},
        {"put", put, "store an item"},
        {"delete", delete_, "delete an item"},
    };
    return cmd_dispatch(name, "A user's items, as that user: all ask for the user's password.", commands,
                        sizeof commands / sizeof commands[0], argc, argv);
}
