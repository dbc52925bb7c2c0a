/* `watchword contact`: whose keys a user knows (vault.md §11), as that user. */
#include <stdio.h>
#include <string.h>

#include "cmd_vault.h"

#define CONTACT_COMMAND                                                                                      \
    {                                                                                                        \
        .site = {.password_fd = -1 }                                                                         \
    }

/* ---- list ---- */

static void print_contact(void *command, struct cmd_json *j, const void *entry)
{
    const struct cmd_vault *c = command;
    const struct ww_contact *x = entry;
    if (c->site.json) {
        cmd_json_open(j, NULL, '{');
        cmd_json_text(j, "id", x->id);
        cmd_json_text(j, "identifier", x->identifier);
        cmd_json_text(j, "fingerprint", x->fingerprint);
        cmd_json_text(j, "state", x->state);
        cmd_json_close(j, '}');
        return;
    }
    printf("%s\t", x->id);
    cmd_print_text(x->identifier);
    printf("\t%s\t%s\n", x->state, x->fingerprint);
}

static enum ww_err read_page(void *command, struct ww_page *page, const void *const **entries)
{
    struct cmd_site *s = &((struct cmd_vault *)command)->site;
    const struct ww_contact *const *contacts = NULL;
    enum ww_err err = ww_contact_list(s->op, s->session, page, &contacts);
    *entries = (const void *const *)contacts;
    return err;
}

static int list(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE --user NAME [--password-fd N] [--json]",
        "Lists whom a user has shared with or received from: id, name, state, and the fingerprint of their "
        "keys as they are now. current: the keys are those that were known. reset: a new vault. changed: "
        "others.",
        0, 0};
    struct cmd_vault c = CONTACT_COMMAND;
    int first = 0;
    const struct cmd_option options[] = {CMD_VAULT_OPTIONS(&c)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c, name)) == CMD_GO_ON) {
        code = cmd_site_list(&c.site, &(struct cmd_listing){read_page, print_contact}, &c);
    }
    cmd_site_close(&c.site);
    return code;
}

/* ---- accept ---- */

static int accept_keys(struct cmd_vault *c, const char *id, const char *fingerprint)
{
    enum ww_err err = ww_contact_accept(c->site.op, c->site.session, id, fingerprint);
    return err ? cmd_site_failed(&c->site, err) : cmd_vault_done(c, "accepted", id);
}

static int accept(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE --user NAME --fingerprint DIGITS [--password-fd N] [--json] ID",
        "Accepts the keys of a contact whose fingerprint was compared with its owner, by telephone or side "
        "by side. What is shared with them is sealed for these keys.",
        1, 1};
    struct cmd_vault c = CONTACT_COMMAND;
    const char *fingerprint = NULL;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_VAULT_OPTIONS(&c),
        {0, "fingerprint", "DIGITS", "all 60, as its owner reads them; spaces do not matter",
         .text = &fingerprint},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && !fingerprint) {
        code = cmd_usage_error(name, "--fingerprint DIGITS is missing");
    }
    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c, name)) == CMD_GO_ON) {
        code = accept_keys(&c, argv[first], fingerprint);
    }
    cmd_site_close(&c.site);
    return code;
}

/* ---- fingerprint ---- */

static int fingerprint(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE --user NAME [--password-fd N] [--json]",
                                    "Prints the fingerprint of the user's own keys, for others to compare.",
                                    0, 0};
    struct cmd_vault c = CONTACT_COMMAND;
    const char *own;
    int first = 0;
    const struct cmd_option options[] = {CMD_VAULT_OPTIONS(&c)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c, name)) == CMD_GO_ON) {
        enum ww_err err = ww_fingerprint(c.site.op, c.site.session, &own);
        code = err           ? cmd_site_failed(&c.site, err)
               : c.site.json ? cmd_vault_done(&c, "fingerprint", own)
                             : (puts(own), CMD_OK);
    }
    cmd_site_close(&c.site);
    return code;
}

int cmd_contact(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"list", list, "list whose keys a user knows"},
        {"accept", accept, "accept the keys of a contact after comparing the fingerprint"},
        {"fingerprint", fingerprint, "print the fingerprint of the user's own keys"},
    };
    return cmd_dispatch(name, "Whose keys a user knows: all ask for the user's password.", commands,
                        sizeof commands / sizeof commands[0], argc, argv);
}
