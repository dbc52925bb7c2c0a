/* `watchword user`: what changes an account. cmd_user_view.c has what only looks. */
#include "cmd_user.h"

#include <stdio.h>
#include <string.h>

/* ---- create ---- */

/* Always a text: numbers and lists are for --traits. */
static int trait_from(struct cmd_site *s, const char *name, struct js *traits, const char *pair)
{
    const char *equals = strchr(pair, '=');
    char *key = equals && equals > pair ? arena_strndup(&s->arena, pair, (size_t)(equals - pair)) : NULL;
    if (!key) {
        return cmd_usage_error(name, "--trait: key=value is expected");
    }
    js_put_path(&s->arena, traits, key, js_text(&s->arena, equals + 1));
    return CMD_GO_ON;
}

/* --traits first, then each --trait over it. */
static int gather_traits(struct cmd_site *s, const char *name, const char *text, const struct cmd_list *pairs,
                         char **out)
{
    struct js *traits = js_object(&s->arena);
    const char *why;
    if (text && js_read(&s->arena, bytes_str(text), &traits, &why) != WW_OK) {
        return cmd_usage_error(name, "--traits: %s", why);
    }
    if (!traits || traits->type != JS_OBJECT) {
        return cmd_usage_error(name, "--traits: a JSON object is expected");
    }
    for (size_t i = 0; i < pairs->n; i++) {
        int code = trait_from(s, name, traits, pairs->at[i]);
        if (code != CMD_GO_ON) {
            return code;
        }
    }
    *out = js_write(&s->arena, traits);
    return *out ? CMD_GO_ON : cmd_fail(s->json, WW_ENOMEM, NULL, NULL, NULL);
}

/* Asked twice on a terminal: a slip would close the vault to its owner. */
static int register_user(struct cmd_site *s, const char *traits)
{
    CMD_SECRET(password);
    const char *identity;

    if (!cmd_password(s->password_fd, "password-fd", "Password of the new user", true, &password)) {
        return CMD_FAILED;
    }
    enum ww_err err = ww_register(s->op, traits, password.text, password.n, &s->session);
    if (err || (err = ww_identity(s->op, s->session, &identity))) {
        return cmd_site_failed(s, err);
    }
    if (s->json) {
        printf("%s\n", identity);
    } else {
        printf("made account %s\n", cmd_site_account(s));
    }
    return CMD_OK;
}

/* Asked twice on a terminal; from a descriptor the line is taken as it is. */
static int create(const char *name, int argc, char **argv)
{
    static const char about[] =
        "Makes an account: its traits satisfy the site's identity schema, and only its "
        "password opens its vault.";
    const struct cmd_usage usage = {
        name, "-c FILE [--trait KEY=VALUE]... [--traits JSON] [--password-fd N] [--json]", about, 0, 0};
    struct cmd_site s = {.password_fd = -1};
    struct cmd_list pairs = {0};
    const char *text = NULL;
    char *traits = NULL;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&s),
        CMD_SITE_PASSWORD(&s),
        {'t', "trait", "KEY=VALUE", "a text trait, such as email=ada@example.org", .list = &pairs},
        {0, "traits", "JSON", "all traits as a JSON object", .text = &text},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && pairs.n == 0 && !text) {
        code = cmd_usage_error(name, "--trait or --traits is missing");
    }
    if (code == CMD_GO_ON && (code = gather_traits(&s, name, text, &pairs, &traits)) == CMD_GO_ON &&
        (code = cmd_site_open(&s, name)) == CMD_GO_ON) {
        code = register_user(&s, traits);
    }
    cmd_site_close(&s);
    return code;
}

/* ---- rename ---- */

/* Without case, to find the trait that somebody means; the identity's own rules decide what a name is
 * (vault.md §6). */
static bool same_name(struct bytes value, const char *name)
{
    return value.n == strlen(name) && strncasecmp((const char *)value.p, name, value.n) == 0;
}

/* The text below the traits that is this name, with any depth of objects and lists. */
static struct js *find_text(struct js *node, const char *name)
{
    if (node->type == JS_STRING) {
        return same_name(node->string, name) ? node : NULL;
    }
    for (struct js *child = node->first; child; child = child->next) {
        struct js *found = find_text(child, name);
        if (found) {
            return found;
        }
    }
    return NULL;
}

/* As the user, with their password: an administrator cannot move a name to another account. */
static int rename_user(struct cmd_site *s, const char *from, const char *to, const char *key)
{
    const char *json;
    enum ww_err err = ww_identity(s->op, s->session, &json);
    if (err) {
        return cmd_site_failed(s, err);
    }
    struct js *identity = cmd_site_parse(s, json), *traits = js_get(identity, "traits");
    struct js *found = traits && !key ? find_text(traits, from) : NULL;
    if (!traits || (!found && !key)) {
        return cmd_fail(s->json, WW_EINVAL, "trait_not_found", "trait",
                        "no trait has this name as it is written; say which with --trait");
    }
    if (key) {
        js_put_path(&s->arena, traits, key, js_text(&s->arena, to));
    } else {
        found->string = bytes_str(to);
    }
    char *text = js_write(&s->arena, traits);
    if (!text) {
        return cmd_fail(s->json, WW_ENOMEM, NULL, NULL, NULL);
    }
    if ((err = ww_traits_change(s->op, s->session, text)) || (err = ww_identity(s->op, s->session, &json))) {
        return cmd_site_failed(s, err);
    }
    printf("%s\n", s->json ? json : "renamed");
    return CMD_OK;
}

static int rename_(const char *name, int argc, char **argv)
{
    static const char about[] = "Changes the name that a user signs in with, as that user.";
    const struct cmd_usage usage = {name, "-c FILE [--trait KEY] [--password-fd N] [--json] USER NEW-NAME",
                                    about, 2, 2};
    struct cmd_site s = {.password_fd = -1};
    const char *key = NULL;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&s),
        CMD_SITE_PASSWORD(&s),
        {'t', "trait", "KEY", "the trait to change; else the one that holds USER", .text = &key},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON &&
        (code = cmd_site_sign_in(&s, argv[first])) == CMD_GO_ON) {
        code = rename_user(&s, argv[first], argv[first + 1], key);
    }
    cmd_site_close(&s);
    return code;
}

/* ---- password ---- */

/* The old one opened the vault a moment ago; so the new one can be sealed over the same key. */
static int change_password(struct cmd_site *s, int64_t fd)
{
    CMD_SECRET(password);
    struct cmd_json j = {0};

    if (!cmd_password(fd, "new-password-fd", "New password", true, &password)) {
        return CMD_FAILED;
    }
    enum ww_err err = ww_password_change(s->op, s->session, password.text, password.n);
    if (err) {
        return cmd_site_failed(s, err);
    }
    if (s->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "id", cmd_site_account(s));
        cmd_json_bool(&j, "password_changed", true);
        cmd_json_close(&j, '}');
    } else {
        printf("the password is changed; all other sessions of the account have ended\n");
    }
    return CMD_OK;
}

static int password(const char *name, int argc, char **argv)
{
    static const char about[] =
        "Changes a user's password. The current one is asked for: without it nothing opens the vault.\n"
        "Both descriptors may be the same: the current password is its first line, the new one its second.";
    const struct cmd_usage usage = {name, "-c FILE [--password-fd N --new-password-fd N] [--json] USER",
                                    about, 1, 1};
    struct cmd_site s = {.password_fd = -1};
    int64_t fd = -1;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&s),
        CMD_SITE_PASSWORD(&s),
        {0, "new-password-fd", "N", "the same for the new password", .number = &fd},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON &&
        (code = cmd_site_sign_in(&s, argv[first])) == CMD_GO_ON) {
        code = change_password(&s, fd);
    }
    cmd_site_close(&s);
    return code;
}

/* ---- delete ---- */

static int report_deleted(struct cmd_site *s, const char *id)
{
    struct cmd_json j = {0};

    if (!s->json) {
        printf("deleted account %s\n", id);
        return CMD_OK;
    }
    cmd_json_open(&j, NULL, '{');
    cmd_json_text(&j, "deleted", id);
    cmd_json_close(&j, '}');
    return CMD_OK;
}

static int delete_as_user(struct cmd_site *s, const char *user)
{
    int code = cmd_site_sign_in(s, user);
    if (code != CMD_GO_ON) {
        return code;
    }
    const char *id = cmd_site_account(s);
    enum ww_err err = ww_account_delete(s->op, s->session, user);
    if (err) {
        return cmd_site_failed(s, err);
    }
    s->session = NULL; /* went with the account */
    return report_deleted(s, id);
}

/* No password, as on the admin port: whoever can read the server key's file is the administrator. */
static int delete_as_administrator(struct cmd_site *s, const char *user)
{
    struct js *identity;
    int code = cmd_user_find(s, user, &identity);
    if (code != CMD_GO_ON) {
        return code;
    }
    const char *id = js_get_text(identity, "id");
    enum ww_err err = ww_admin_identity_delete(s->op, id);
    return err ? cmd_site_failed(s, err) : report_deleted(s, id);
}

static int delete_(const char *name, int argc, char **argv)
{
    static const char about[] = "Deletes an account and everything of it, as that user.";
    const struct cmd_usage usage = {
        name, "-c FILE [--password-fd N | --without-password --yes] [--json] USER", about, 1, 1};
    struct cmd_site s = {.password_fd = -1};
    bool administrator = false, yes = false;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&s),
        CMD_SITE_PASSWORD(&s),
        {0, "without-password", NULL, "as administrator; USER may be an id", .flag = &administrator},
        {'y', "yes", NULL, "needed with --without-password", .flag = &yes},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && administrator && !yes) {
        code = cmd_usage_error(name, "--without-password needs --yes");
    }
    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON) {
        code = administrator ? delete_as_administrator(&s, argv[first]) : delete_as_user(&s, argv[first]);
    }
    cmd_site_close(&s);
    return code;
}

int cmd_user(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"create", create, "make an account"},
        {"list", cmd_user_list, "list all accounts"},
        {"show", cmd_user_show, "show one account"},
        {"rename", rename_, "change the name that a user signs in with"},
        {"password", password, "change a password; the current one is needed"},
        {"codes", cmd_user_codes, "count, make or end a user's recovery codes"},
        {"recover", cmd_user_recover, "get back in with a recovery code and a new password"},
        {"epoch", cmd_user_epoch, "start a new epoch of a user's keys"},
        {"rekey", cmd_user_rekey, "replace all keys of a user's vault"},
        {"vault", cmd_user_vault, "what opens a user's vault; open it again, or start anew"},
        {"set-password", cmd_user_set_password, "set a password as administrator; the vault stays sealed"},
        {"delete", delete_, "delete an account and everything of it"},
        {"sessions", cmd_user_sessions, "list or end a user's sessions"},
        {"history", cmd_user_history, "show a user's sign-ins and changes"},
    };
    return cmd_dispatch(name,
                        "Accounts of a site. USER is a name that the user signs in with. All but create, "
                        "list, show and set-password ask for the user's password.",
                        commands, sizeof commands / sizeof commands[0], argc, argv);
}
