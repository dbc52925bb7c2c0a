/* `watchword share`: values that a user shares with others (vault.md §11), as that user. */
#include <stdio.h>
#include <string.h>

#include "cmd_vault.h"

struct share_command {
    struct cmd_vault vault;
    struct cmd_list people;
};

#define SHARE_COMMAND                                                                                        \
    {                                                                                                        \
        .vault = {.site = {.password_fd = -1}, .prefix = "" }                                                \
    }

/* ---- list ---- */

static void print_recipient(struct cmd_json *j, const struct ww_recipient *r)
{
    cmd_json_open(j, NULL, '{');
    cmd_json_text(j, "id", r->id);
    cmd_json_text(j, "identifier", r->identifier);
    cmd_json_text(j, "state", r->state);
    cmd_json_close(j, '}');
}

/* A line each: name, then who has it, those who do not read it with their state behind them. */
static void print_share(void *command, struct cmd_json *j, const void *entry)
{
    const struct share_command *c = command;
    const struct ww_share *s = entry;
    if (c->vault.site.json) {
        cmd_json_open(j, NULL, '{');
        cmd_json_text(j, "name", s->name);
        cmd_vault_json_version(j, s->version);
        cmd_json_open(j, "to", '[');
        for (size_t i = 0; i < s->to_count; i++) {
            print_recipient(j, s->to[i]);
        }
        cmd_json_close(j, ']');
        cmd_json_close(j, '}');
        return;
    }
    cmd_print_text(s->name);
    for (size_t i = 0; i < s->to_count; i++) {
        const struct ww_recipient *r = s->to[i];
        putchar(i ? ' ' : '\t');
        cmd_print_text(r->identifier ? r->identifier : r->id);
        if (strcmp(r->state, "sealed") != 0) {
            printf(" (%s)", r->state);
        }
    }
    putchar('\n');
}

static enum ww_err read_page(void *command, struct ww_page *page, const void *const **entries)
{
    const struct share_command *c = command;
    const struct ww_share *const *shares = NULL;
    enum ww_err err = ww_share_list(c->vault.site.op, c->vault.site.session, c->vault.prefix, page, &shares);
    *entries = (const void *const *)shares;
    return err;
}

static int list(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE --user NAME [--prefix TEXT] [--password-fd N] [--json]",
        "Lists what a user shares, and with whom. (pending): has no vault yet, and gets it after one of the "
        "user's next sign-ins. (changed): has other keys than were known; see `contact accept`.",
        0, 0};
    struct share_command c = SHARE_COMMAND;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_VAULT_OPTIONS(&c.vault),
        {0, "prefix", "TEXT", "only names that begin with this", .text = &c.vault.prefix},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c.vault, name)) == CMD_GO_ON) {
        code = cmd_site_list(&c.vault.site, &(struct cmd_listing){read_page, print_share}, &c);
    }
    cmd_site_close(&c.vault.site);
    return code;
}

/* ---- get ---- */

static int get(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE --user NAME [--out FILE [--force]] [--password-fd N] [--json] SHARE",
        "Prints the sender's own copy of a share.", 1, 1};
    struct share_command c = SHARE_COMMAND;
    struct cmd_site *s = &c.vault.site;
    struct ww_item_result result = {.size = sizeof result};
    const void *value;
    size_t n;
    int first = 0;
    const struct cmd_option options[] = {CMD_VAULT_OPTIONS(&c.vault), CMD_VAULT_OUT(&c.vault)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c.vault, name)) == CMD_GO_ON) {
        enum ww_err err = ww_share_get(s->op, s->session, argv[first], &value, &n, &result);
        code = err ? cmd_site_failed(s, err)
                   : cmd_vault_give(&c.vault, argv[first], NULL, value, n, result.version);
    }
    cmd_site_close(s);
    return code;
}

/* ---- put ---- */

static int put_value(struct share_command *c, const char *share, const struct cmd_value *value, bool nobody)
{
    struct cmd_site *s = &c->vault.site;
    const struct ww_item_condition condition = {sizeof condition, (uint64_t)c->vault.if_version,
                                                c->vault.if_absent};
    struct ww_item_result result = {.size = sizeof result};
    bool given = c->people.n || nobody;
    enum ww_err err = ww_share_put(s->op, s->session, share, value->p, value->n, given ? c->people.at : NULL,
                                   c->people.n, &condition, &result);
    return err ? cmd_site_failed(s, err) : cmd_vault_put_done(&c->vault, share, &result);
}

static int put(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name,
        "-c FILE --user NAME [--to PERSON]… [--nobody] [--in FILE] [--if-absent | --if-version N]"
        " [--password-fd N] [--json] SHARE",
        "Shares a value: standard input, or a file. Those who are named are the list from then on; without "
        "--to it stays as it is.\nWith --password-fd 0 the first line of standard input is the password and "
        "the rest the value.",
        1, 1};
    struct share_command c = SHARE_COMMAND;
    struct cmd_value value = {0};
    bool nobody = false;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_VAULT_OPTIONS(&c.vault),
        {0, "to", "PERSON", "who gets it: a name to sign in with, or an account's id", .list = &c.people},
        {0, "nobody", NULL, "nobody gets it for now", .flag = &nobody},
        CMD_VAULT_IN(&c.vault),
        {0, "if-absent", NULL, "only when there is none of that name", .flag = &c.vault.if_absent},
        CMD_VAULT_IF_VERSION(&c.vault),
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && nobody && c.people.n) {
        code = cmd_usage_error(name, "--nobody: not together with --to");
    }
    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c.vault, name)) == CMD_GO_ON &&
        (code = cmd_vault_read(&c.vault, cmd_vault_item_max(&c.vault), &value)) == CMD_GO_ON) {
        code = put_value(&c, argv[first], &value, nobody);
    }
    cmd_value_wipe(&value);
    cmd_site_close(&c.vault.site);
    return code;
}

/* ---- add, remove ---- */

static int change_people(const struct cmd_usage *usage, int argc, char **argv, bool add)
{
    struct share_command c = SHARE_COMMAND;
    struct cmd_site *s = &c.vault.site;
    const struct ww_share *share;
    struct cmd_json j = {0};
    int first = 0;
    const struct cmd_option options[] = {
        CMD_VAULT_OPTIONS(&c.vault),
        {'p', "person", "PERSON", "a name to sign in with, or an account's id", .list = &c.people},
    };
    int code = cmd_options(usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && !c.people.n) {
        code = cmd_usage_error(usage->name, "--person PERSON is missing");
    }
    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c.vault, usage->name)) == CMD_GO_ON) {
        const char *const *list = c.people.at;
        size_t n = c.people.n;
        enum ww_err err = ww_share_people(s->op, s->session, argv[first], add ? list : NULL, add ? n : 0,
                                          add ? NULL : list, add ? 0 : n, &share);
        code = err ? cmd_site_failed(s, err) : CMD_OK;
        if (!err) {
            print_share(&c, &j, share);
        }
    }
    cmd_site_close(s);
    return code;
}

static int add(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name,
                                    "-c FILE --user NAME --person PERSON… [--password-fd N] [--json] SHARE",
                                    "Gives a share to more people.", 1, 1};
    return change_people(&usage, argc, argv, true);
}

static int remove_(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE --user NAME --person PERSON… [--password-fd N] [--json] SHARE",
        "Takes a share from people; it gets a new key. What they read stays read.", 1, 1};
    return change_people(&usage, argc, argv, false);
}

/* ---- withdraw ---- */

static int withdraw(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE --user NAME [--if-version N] [--password-fd N] [--json] SHARE",
        "Withdraws a share: nobody reads it from then on. What was adopted stays.", 1, 1};
    struct share_command c = SHARE_COMMAND;
    struct cmd_site *s = &c.vault.site;
    int first = 0;
    const struct cmd_option options[] = {CMD_VAULT_OPTIONS(&c.vault), CMD_VAULT_IF_VERSION(&c.vault)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c.vault, name)) == CMD_GO_ON) {
        const struct ww_item_condition condition = {sizeof condition, (uint64_t)c.vault.if_version, false};
        enum ww_err err = ww_share_withdraw(s->op, s->session, argv[first], &condition);
        code = err ? cmd_site_failed(s, err) : cmd_vault_done(&c.vault, "withdrawn", argv[first]);
    }
    cmd_site_close(s);
    return code;
}

int cmd_share(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"list", list, "list what a user shares, and with whom"},
        {"get", get, "print the user's own copy"},
        {"put", put, "share a value"},
        {"add", add, "give a share to more people"},
        {"remove", remove_, "take a share from people"},
        {"withdraw", withdraw, "withdraw a share from everybody"},
    };
    return cmd_dispatch(name, "What a user shares with others: all ask for the user's password.", commands,
                        sizeof commands / sizeof commands[0], argc, argv);
}
