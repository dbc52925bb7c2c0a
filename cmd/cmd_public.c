/* `watchword public`: data that a user makes public, and reading it (vault.md §11), as that user. */
#include <stdio.h>

#include "cmd_vault.h"

struct public_command {
    struct cmd_vault vault;
    bool deployment;
    const char *owner;
};

#define PUBLIC_COMMAND                                                                                       \
    {                                                                                                        \
        .vault = {.site = {.password_fd = -1} }                                                              \
    }
#define PUBLIC_SCOPE(c)                                                                                      \
    {                                                                                                        \
        0, "deployment", NULL, "a name of the whole site, which one user has; else the user's own",          \
            .flag = &(c)->deployment                                                                         \
    }

static enum ww_public_scope scope_of(const struct public_command *c)
{
    return c->deployment ? WW_PUBLIC_DEPLOYMENT : WW_PUBLIC_OWN;
}

/* ---- list ---- */

static void print_public(void *command, struct cmd_json *j, const void *entry)
{
    const struct public_command *c = command;
    const struct ww_public *x = entry;
    const char *scope = x->scope == WW_PUBLIC_OWN ? "own" : "deployment";
    if (c->vault.site.json) {
        cmd_json_open(j, NULL, '{');
        cmd_json_text(j, "name", x->name);
        cmd_json_text(j, "scope", scope);
        cmd_vault_json_version(j, x->version);
        cmd_json_close(j, '}');
        return;
    }
    printf("%s\t", scope);
    cmd_print_text(x->name);
    putchar('\n');
}

static enum ww_err read_page(void *command, struct ww_page *page, const void *const **entries)
{
    struct cmd_site *s = &((struct public_command *)command)->vault.site;
    const struct ww_public *const *publics = NULL;
    enum ww_err err = ww_public_list(s->op, s->session, page, &publics);
    *entries = (const void *const *)publics;
    return err;
}

static int list(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE --user NAME [--password-fd N] [--json]",
                                    "Lists what a user has made public.", 0, 0};
    struct public_command c = PUBLIC_COMMAND;
    int first = 0;
    const struct cmd_option options[] = {CMD_VAULT_OPTIONS(&c.vault)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c.vault, name)) == CMD_GO_ON) {
        code = cmd_site_list(&c.vault.site, &(struct cmd_listing){read_page, print_public}, &c);
    }
    cmd_site_close(&c.vault.site);
    return code;
}

/* ---- get ---- */

static int get(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE --user NAME [--owner ID] [--out FILE [--force]] [--password-fd N] [--json] NAME",
        "Prints what somebody has made public, after verifying who signed it.", 1, 1};
    struct public_command c = PUBLIC_COMMAND;
    struct cmd_site *s = &c.vault.site;
    struct ww_public about = {.size = sizeof about};
    const void *value;
    size_t n;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_VAULT_OPTIONS(&c.vault),
        {0, "owner", "ID", "the account whose own it is; else a name of the whole site", .text = &c.owner},
        CMD_VAULT_OUT(&c.vault),
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c.vault, name)) == CMD_GO_ON) {
        enum ww_err err = ww_public_get(s->op, s->session, c.owner, argv[first], &value, &n, &about);
        code = err ? cmd_site_failed(s, err)
                   : cmd_vault_give(&c.vault, about.name, about.owner, value, n, about.version);
    }
    cmd_site_close(s);
    return code;
}

/* ---- put ---- */

static int put_value(struct public_command *c, const char *name, const struct cmd_value *value)
{
    struct cmd_site *s = &c->vault.site;
    const struct ww_item_condition condition = {sizeof condition, (uint64_t)c->vault.if_version,
                                                c->vault.if_absent};
    struct ww_item_result result = {.size = sizeof result};
    enum ww_err err =
        ww_public_put(s->op, s->session, scope_of(c), name, value->p, value->n, &condition, &result);
    return err ? cmd_site_failed(s, err) : cmd_vault_put_done(&c->vault, name, &result);
}

static int put(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name,
        "-c FILE --user NAME [--deployment] [--in FILE] [--if-absent | --if-version N] [--password-fd N]"
        " [--json] NAME",
        "Makes standard input, or a file, readable for every user of the site, signed by the user's keys.\n"
        "With --password-fd 0 the first line of standard input is the password and the rest the value.",
        1, 1};
    struct public_command c = PUBLIC_COMMAND;
    struct cmd_value value = {0};
    int first = 0;
    const struct cmd_option options[] = {
        CMD_VAULT_OPTIONS(&c.vault),
        PUBLIC_SCOPE(&c),
        CMD_VAULT_IN(&c.vault),
        {0, "if-absent", NULL, "only when there is none of that name", .flag = &c.vault.if_absent},
        CMD_VAULT_IF_VERSION(&c.vault),
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c.vault, name)) == CMD_GO_ON &&
        (code = cmd_vault_read(&c.vault, cmd_vault_item_max(&c.vault), &value)) == CMD_GO_ON) {
        code = put_value(&c, argv[first], &value);
    }
    cmd_value_wipe(&value);
    cmd_site_close(&c.vault.site);
    return code;
}

/* ---- delete ---- */

static int delete_(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE --user NAME [--deployment] [--if-version N] [--password-fd N] [--json] NAME",
        "Deletes a public entry of the user.", 1, 1};
    struct public_command c = PUBLIC_COMMAND;
    struct cmd_site *s = &c.vault.site;
    int first = 0;
    const struct cmd_option options[] = {CMD_VAULT_OPTIONS(&c.vault), PUBLIC_SCOPE(&c),
                                         CMD_VAULT_IF_VERSION(&c.vault)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c.vault, name)) == CMD_GO_ON) {
        const struct ww_item_condition condition = {sizeof condition, (uint64_t)c.vault.if_version, false};
        enum ww_err err = ww_public_delete(s->op, s->session, scope_of(&c), argv[first], &condition);
        code = err ? cmd_site_failed(s, err) : cmd_vault_done(&c.vault, "deleted", argv[first]);
    }
    cmd_site_close(s);
    return code;
}

int cmd_public(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"list", list, "list what a user has made public"},
        {"get", get, "print what somebody has made public"},
        {"put", put, "make something public"},
        {"delete", delete_, "delete it"},
    };
    return cmd_dispatch(name, "Data that every user of the site can read: all ask for the user's password.",
                        commands, sizeof commands / sizeof commands[0], argc, argv);
}
