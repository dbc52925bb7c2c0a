/* `watchword user vault|set-password`: a vault that can be opened no more, and its way back (vault.md §10).
 */
#include <stdio.h>
#include <string.h>

#include "cmd_user.h"
#include "timefmt.h"

/* What is asked for. */
struct wish {
    bool anew, unlock, yes, by_code;
    const char *open, *discard; /* ids */
    int64_t opener_fd;          /* of the old password or code; -1: the terminal */
};

/* ---- state ---- */

static int show_waiting(struct cmd_site *s, struct cmd_json *j)
{
    const struct ww_waiting *const *list;
    size_t n;
    enum ww_err err = ww_waiting_list(s->op, s->session, &list, &n);
    if (err) {
        return cmd_site_failed(s, err);
    }
    if (s->json) {
        cmd_json_open(j, "waiting", '[');
    }
    for (size_t i = 0; i < n; i++) {
        char *since = timefmt_rfc3339(&s->arena, list[i]->since);
        char *until = timefmt_rfc3339(&s->arena, list[i]->kept_until);
        if (!s->json) {
            printf("waiting %s  since %s, kept until %s\n", list[i]->id, since, until);
            continue;
        }
        cmd_json_open(j, NULL, '{');
        cmd_json_text(j, "id", list[i]->id);
        cmd_json_text(j, "since", since);
        cmd_json_text(j, "kept_until", until);
        cmd_json_close(j, '}');
    }
    if (s->json) {
        cmd_json_close(j, ']');
    }
    return CMD_OK;
}

static int show_state(struct cmd_site *s)
{
    struct ww_vault_state vault = {.size = sizeof vault};
    struct cmd_json j = {0};
    enum ww_err err = ww_vault_state(s->op, s->session, &vault);
    if (err) {
        return cmd_site_failed(s, err);
    }
    if (!s->json) {
        printf("%s, %zu items, opened by %zu password%s and %zu codes\n", vault.state, vault.items,
               vault.passwords, vault.passwords == 1 ? "" : "s", vault.codes);
        return show_waiting(s, &j);
    }
    cmd_json_open(&j, NULL, '{');
    cmd_json_text(&j, "state", vault.state);
    cmd_json_number(&j, "items", (int64_t)vault.items);
    cmd_json_number(&j, "passwords", (int64_t)vault.passwords);
    cmd_json_number(&j, "codes", (int64_t)vault.codes);
    int code = show_waiting(s, &j);
    cmd_json_close(&j, '}');
    return code;
}

/* ---- changes ---- */

static void show_codes(struct cmd_site *s, struct cmd_json *j, const char *const *codes, size_t n)
{
    if (s->json) {
        cmd_json_open(j, "codes", '[');
    } else {
        printf("Write these codes down and keep them where nobody else looks. All earlier ones have"
               " stopped, and these are not shown again.\n\n");
    }
    for (size_t i = 0; i < n; i++) {
        if (s->json) {
            cmd_json_text(j, NULL, codes[i]);
        } else {
            printf("  %s\n", codes[i]);
        }
    }
    if (s->json) {
        cmd_json_close(j, ']');
    }
}

static int start_anew(struct cmd_site *s, const char *user)
{
    struct cmd_json j = {0};
    struct ww_session *opened;
    const char *const *codes;
    size_t n;
    enum ww_err err = ww_vault_new(s->op, s->session, user, &opened, &codes, &n);
    if (err) {
        return cmd_site_failed(s, err);
    }
    s->session = opened;
    if (s->json) {
        cmd_json_open(&j, NULL, '{');
    }
    show_codes(s, &j, codes, n);
    int code = show_waiting(s, &j);
    if (s->json) {
        cmd_json_close(&j, '}');
    }
    return code;
}

static bool read_opener(const struct wish *w, struct cmd_secret *secret, struct ww_opener *out)
{
    const char *option = "opener-fd";
    if (!cmd_password(w->opener_fd, option, w->by_code ? "Recovery code" : "Old password", false, secret)) {
        return false;
    }
    *out = (struct ww_opener){.size = sizeof *out, .code = w->by_code ? secret->text : NULL};
    if (!w->by_code) {
        out->password = secret->text;
        out->password_length = secret->n;
    }
    return true;
}

static int unlock(struct cmd_site *s, const struct wish *w)
{
    CMD_SECRET(secret);
    struct cmd_json j = {0};
    struct ww_opener opener;
    struct ww_session *opened;
    const char *new_code;
    if (!read_opener(w, &secret, &opener)) {
        return CMD_FAILED;
    }
    enum ww_err err = ww_unlock(s->op, s->session, &opener, &opened, &new_code);
    if (err) {
        return cmd_site_failed(s, err);
    }
    s->session = opened;
    if (s->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "state", "open");
        cmd_json_text(&j, "new_code", new_code);
        cmd_json_close(&j, '}');
        return CMD_OK;
    }
    puts("The vault is open: the password that signs in opens it from now on.");
    if (new_code) {
        printf("In the used code's place:\n\n  %s\n", new_code);
    }
    return CMD_OK;
}

static void show_renamed(struct cmd_site *s, struct cmd_json *j, const struct ww_merged *done)
{
    if (s->json) {
        cmd_json_open(j, "renamed", '[');
    }
    for (size_t i = 0; i < done->renamed; i++) {
        if (s->json) {
            cmd_json_open(j, NULL, '{');
            cmd_json_text(j, "from", done->from[i]);
            cmd_json_text(j, "to", done->to[i]);
            cmd_json_close(j, '}');
        } else {
            fputs("renamed ", stdout);
            cmd_print_text(done->to[i]);
            putchar('\n');
        }
    }
    if (s->json) {
        cmd_json_close(j, ']');
    }
}

static int open_waiting(struct cmd_site *s, const struct wish *w)
{
    CMD_SECRET(secret);
    struct cmd_json j = {0};
    struct ww_opener opener;
    struct ww_merged done = {.size = sizeof done};
    if (!read_opener(w, &secret, &opener)) {
        return CMD_FAILED;
    }
    enum ww_err err = ww_waiting_open(s->op, s->session, w->open, &opener, &done);
    if (err) {
        return cmd_site_failed(s, err);
    }
    if (s->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_number(&j, "merged", (int64_t)done.items);
    } else {
        printf("%zu items came back\n", done.items);
    }
    show_renamed(s, &j, &done);
    show_codes(s, &j, done.codes, done.code_count);
    if (s->json) {
        cmd_json_close(&j, '}');
    }
    return CMD_OK;
}

static int discard(struct cmd_site *s, const char *id, const char *user)
{
    struct cmd_json j = {0};
    enum ww_err err = ww_waiting_discard(s->op, s->session, id, user);
    if (err) {
        return cmd_site_failed(s, err);
    }
    if (s->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "discarded", id);
        cmd_json_close(&j, '}');
    } else {
        printf("discarded %s\n", id);
    }
    return CMD_OK;
}

static int check_wish(const char *name, const struct wish *w)
{
    if (w->anew + w->unlock + (w->open != NULL) + (w->discard != NULL) > 1) {
        return cmd_usage_error(name, "only one of --new, --unlock, --open and --discard");
    }
    if ((w->anew || w->discard) && !w->yes) {
        return cmd_usage_error(name, "%s needs --yes", w->anew ? "--new" : "--discard");
    }
    return CMD_GO_ON;
}

int cmd_user_vault(const char *name, int argc, char **argv)
{
    static const char about[] =
        "Whether a user's password opens the vault, and which earlier vaults wait. After an administrator "
        "set a password the vault is locked: --unlock opens it with an old password or a code, --new starts "
        "an empty one. What waits is opened with --open, and joins the vault of now.";
    const struct cmd_usage usage = {
        name,
        "-c FILE [--unlock | --new --yes | --open ID | --discard ID --yes] [--code] [--opener-fd N] "
        "[--password-fd N] [--json] USER",
        about, 1, 1};
    struct cmd_site s = {.password_fd = -1};
    struct wish w = {.opener_fd = -1};
    int first = 0;
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&s),
        CMD_SITE_PASSWORD(&s),
        {0, "unlock", NULL, "open it with an old password, or with --code", .flag = &w.unlock},
        {0, "new", NULL, "start an empty one; the old one waits", .flag = &w.anew},
        {0, "open", "ID", "open one that waits, with a password of then or with --code", .text = &w.open},
        {0, "discard", "ID", "delete one that waits for good", .text = &w.discard},
        {0, "code", NULL, "with a recovery code", .flag = &w.by_code},
        {0, "opener-fd", "N", "descriptor that gives the old password or the code; else the terminal",
         .number = &w.opener_fd},
        {'y', "yes", NULL, "needed with --new and --discard", .flag = &w.yes},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = check_wish(name, &w)) == CMD_GO_ON &&
        (code = cmd_site_open(&s, name)) == CMD_GO_ON &&
        (code = cmd_site_sign_in(&s, argv[first])) == CMD_GO_ON) {
        code = w.anew      ? start_anew(&s, argv[first])
               : w.unlock  ? unlock(&s, &w)
               : w.open    ? open_waiting(&s, &w)
               : w.discard ? discard(&s, w.discard, argv[first])
                           : show_state(&s);
    }
    cmd_site_close(&s);
    return code;
}

/* ---- the administrator's password ---- */

/* No password of the user's, as on the admin port: whoever can read the server key's file is the
 * administrator. */
static int set_password(struct cmd_site *s, const char *user)
{
    CMD_SECRET(password);
    struct cmd_json j = {0};
    struct js *identity;
    int code = cmd_user_find(s, user, &identity);
    if (code != CMD_GO_ON) {
        return code;
    }
    if (!cmd_password(s->password_fd, "password-fd", "New password", true, &password)) {
        return CMD_FAILED;
    }
    const char *id = js_get_text(identity, "id");
    enum ww_err err = ww_admin_password_set(s->op, id, password.text, password.n);
    if (err) {
        return cmd_site_failed(s, err);
    }
    if (s->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "id", id);
        cmd_json_bool(&j, "password_set", true);
        cmd_json_close(&j, '}');
    } else {
        printf("The password of %s is set, and all sessions have ended. It signs in, and opens nothing: the"
               " vault stays sealed until the user gives an old password or a recovery code.\n",
               id);
    }
    return CMD_OK;
}

int cmd_user_set_password(const char *name, int argc, char **argv)
{
    static const char about[] =
        "Sets a password, as administrator, for who cannot sign in any more. It opens nothing: the vault "
        "stays sealed until the user gives an old password or a recovery code. USER may be an id.";
    const struct cmd_usage usage = {name, "-c FILE [--password-fd N] [--json] USER", about, 1, 1};
    struct cmd_site s = {.password_fd = -1};
    int first = 0;
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&s),
        {0, "password-fd", "N", "descriptor that gives the new password as a line; else the terminal",
         .number = &s.password_fd},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON) {
        code = set_password(&s, argv[first]);
    }
    cmd_site_close(&s);
    return code;
}
