/* `watchword inbox`: what others share with a user (vault.md §11), as that user. */
#include <stdio.h>
#include <string.h>

#include "cmd_vault.h"

struct inbox_command {
    struct cmd_vault vault;
    const char *from, *as;
};

#define INBOX_COMMAND                                                                                        \
    {                                                                                                        \
        .vault = {.site = {.password_fd = -1} }                                                              \
    }
#define INBOX_FROM(c)                                                                                        \
    {                                                                                                        \
        0, "from", "PERSON", "who shares it; of several the newest counts otherwise", .text = &(c)->from     \
    }

/* ---- list ---- */

static void print_received(void *command, struct cmd_json *j, const void *entry)
{
    const struct inbox_command *c = command;
    const struct ww_received *r = entry;
    if (c->vault.site.json) {
        cmd_json_open(j, NULL, '{');
        cmd_json_text(j, "name", r->name);
        cmd_json_open(j, "from", '{');
        cmd_json_text(j, "id", r->from);
        cmd_json_text(j, "identifier", r->from_identifier);
        cmd_json_close(j, '}');
        cmd_vault_json_version(j, r->version);
        cmd_json_text(j, "state", r->state);
        cmd_json_close(j, '}');
        return;
    }
    cmd_print_text(r->name);
    putchar('\t');
    cmd_print_text(r->from_identifier ? r->from_identifier : r->from);
    puts(strcmp(r->state, "open") != 0 ? " (changed)" : "");
}

static enum ww_err read_page(void *command, struct ww_page *page, const void *const **entries)
{
    struct cmd_site *s = &((struct inbox_command *)command)->vault.site;
    const struct ww_received *const *received = NULL;
    enum ww_err err = ww_inbox_list(s->op, s->session, page, &received);
    *entries = (const void *const *)received;
    return err;
}

static int list(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE --user NAME [--password-fd N] [--json]",
        "Lists what others share with a user. (changed): the sender has other keys than were known; see "
        "`contact accept`.",
        0, 0};
    struct inbox_command c = INBOX_COMMAND;
    int first = 0;
    const struct cmd_option options[] = {CMD_VAULT_OPTIONS(&c.vault)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c.vault, name)) == CMD_GO_ON) {
        code = cmd_site_list(&c.vault.site, &(struct cmd_listing){read_page, print_received}, &c);
    }
    cmd_site_close(&c.vault.site);
    return code;
}

/* ---- get ---- */

static int get(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE --user NAME [--from PERSON] [--out FILE [--force]] [--password-fd N] [--json] SHARE",
        "Prints the bytes that somebody shares.", 1, 1};
    struct inbox_command c = INBOX_COMMAND;
    struct cmd_site *s = &c.vault.site;
    struct ww_received about = {.size = sizeof about};
    const void *value;
    size_t n;
    int first = 0;
    const struct cmd_option options[] = {CMD_VAULT_OPTIONS(&c.vault), INBOX_FROM(&c),
                                         CMD_VAULT_OUT(&c.vault)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c.vault, name)) == CMD_GO_ON) {
        enum ww_err err = ww_inbox_get(s->op, s->session, argv[first], c.from, &value, &n, &about);
        code = err ? cmd_site_failed(s, err)
                   : cmd_vault_give(&c.vault, about.name, about.from, value, n, about.version);
    }
    cmd_site_close(s);
    return code;
}

/* ---- adopt ---- */

static int adopt(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE --user NAME [--from PERSON] [--as ITEM] [--password-fd N] [--json] SHARE",
        "Makes what somebody shares an item of the user's own, which stays when the share ends.", 1, 1};
    struct inbox_command c = INBOX_COMMAND;
    struct cmd_site *s = &c.vault.site;
    struct ww_item_result result = {.size = sizeof result};
    int first = 0;
    const struct cmd_option options[] = {
        CMD_VAULT_OPTIONS(&c.vault),
        INBOX_FROM(&c),
        {0, "as", "ITEM", "the item's name; else that of the share", .text = &c.as},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c.vault, name)) == CMD_GO_ON) {
        const char *as = c.as ? c.as : argv[first];
        enum ww_err err = ww_inbox_adopt(s->op, s->session, argv[first], c.from, as, &result);
        code = err ? cmd_site_failed(s, err) : cmd_vault_put_done(&c.vault, as, &result);
    }
    cmd_site_close(s);
    return code;
}

int cmd_inbox(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"list", list, "list what others share with a user"},
        {"get", get, "print what somebody shares, or write it to a file"},
        {"adopt", adopt, "make it an item of the user's own"},
    };
    return cmd_dispatch(name, "What others share with a user: all ask for the user's password.", commands,
                        sizeof commands / sizeof commands[0], argc, argv);
}
