/* `watchword letter`: data sealed for a user or for others, kept by whoever asks (vault.md §11). */
#include <stdio.h>

#include "cmd_vault.h"
#include "encode.h"

struct letter_command {
    struct cmd_vault vault;
    struct cmd_list people;
    const char *from;
};

#define LETTER_COMMAND                                                                                       \
    {                                                                                                        \
        .vault = {.site = {.password_fd = -1} }                                                              \
    }
enum { OVERHEAD = 1024 }; /* more than a letter has beyond its data */

static size_t letter_max(const struct letter_command *c)
{
    return (size_t)ww_setting_int(c->vault.site.ww, "watchword.vault.letter_max");
}

/* ---- seal ---- */

static int give_letters(struct letter_command *c, const struct ww_letter *const *letters, size_t n)
{
    struct cmd_json j = {0};
    if (!c->vault.site.json) {
        return cmd_vault_give(&c->vault, NULL, NULL, letters[0]->letter, letters[0]->length, 0);
    }
    cmd_json_open(&j, NULL, '[');
    for (size_t i = 0; i < n; i++) {
        struct bytes letter = BYTES(letters[i]->letter, letters[i]->length);
        char *text = base64_encode(&c->vault.site.arena, BASE64, letter);
        if (!text) {
            return cmd_fail(true, WW_ENOMEM, NULL, NULL, NULL);
        }
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "to", letters[i]->to);
        cmd_json_text(&j, "letter", text);
        cmd_json_close(&j, '}');
    }
    cmd_json_close(&j, ']');
    return CMD_OK;
}

static int seal_value(struct letter_command *c, const struct cmd_value *value)
{
    struct cmd_site *s = &c->vault.site;
    const struct ww_letter *const *letters;
    size_t n;
    enum ww_err err =
        ww_letter_seal(s->op, s->session, value->p, value->n, c->people.at, c->people.n, &letters, &n);
    return err ? cmd_site_failed(s, err) : give_letters(c, letters, n);
}

static int seal_letter(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name,
        "-c FILE --user NAME [--to PERSON]… [--in FILE] [--out FILE [--force]] [--password-fd N] [--json]",
        "Seals standard input, or a file, for somebody, or without --to for the user alone. Nothing is "
        "stored: the letter is printed as it is, and with --json, which several need, in base64.\n"
        "With --password-fd 0 the first line of standard input is the password and the rest the data.",
        0, 0};
    struct letter_command c = LETTER_COMMAND;
    struct cmd_value value = {0};
    int first = 0;
    const struct cmd_option options[] = {
        CMD_VAULT_OPTIONS(&c.vault),
        {0, "to", "PERSON", "whom it is for: a name to sign in with, or an account's id", .list = &c.people},
        CMD_VAULT_IN(&c.vault),
        CMD_VAULT_OUT(&c.vault),
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && c.people.n > 1 && (!c.vault.site.json || c.vault.out)) {
        code = cmd_usage_error(name, "--to: several need --json, and no --out");
    }
    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c.vault, name)) == CMD_GO_ON &&
        (code = cmd_vault_read(&c.vault, letter_max(&c), &value)) == CMD_GO_ON) {
        code = seal_value(&c, &value);
    }
    cmd_value_wipe(&value);
    cmd_site_close(&c.vault.site);
    return code;
}

/* ---- open ---- */

static int open_value(struct letter_command *c, const struct cmd_value *value)
{
    struct cmd_site *s = &c->vault.site;
    const void *data;
    const char *sender;
    size_t n;
    enum ww_err err = ww_letter_open(s->op, s->session, value->p, value->n, c->from, &data, &n, &sender);
    return err ? cmd_site_failed(s, err) : cmd_vault_give(&c->vault, NULL, sender, data, n, 0);
}

static int open_letter(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name,
        "-c FILE --user NAME [--from PERSON] [--in FILE] [--out FILE [--force]] [--password-fd N] [--json]",
        "Opens a letter that was sealed for the user: standard input, or a file, as `letter seal` printed "
        "it.\nWith --password-fd 0 the first line of standard input is the password and the rest the letter.",
        0, 0};
    struct letter_command c = LETTER_COMMAND;
    struct cmd_value value = {0};
    int first = 0;
    const struct cmd_option options[] = {
        CMD_VAULT_OPTIONS(&c.vault),
        {0, "from", "PERSON", "refuse it unless they sealed it", .text = &c.from},
        CMD_VAULT_IN(&c.vault),
        CMD_VAULT_OUT(&c.vault),
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_vault_sign_in(&c.vault, name)) == CMD_GO_ON &&
        (code = cmd_vault_read(&c.vault, letter_max(&c) + OVERHEAD, &value)) == CMD_GO_ON) {
        code = open_value(&c, &value);
    }
    cmd_value_wipe(&value);
    cmd_site_close(&c.vault.site);
    return code;
}

int cmd_letter(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"seal", seal_letter, "seal data for somebody, or for the user alone"},
        {"open", open_letter, "open a letter that was sealed for the user"},
    };
    return cmd_dispatch(name, "Sealed data that you keep yourself: both ask for the user's password.",
                        commands, sizeof commands / sizeof commands[0], argc, argv);
}
