/* `watchword user codes|recover|epoch|rekey`: what opens a user's vault, and its keys (vault.md §§7, 8, 10).
 */
#include <stdio.h>
#include <string.h>

#include "cmd_user.h"

/* ---- what they print ---- */

/* The codes are shown this once: as a list that can be written down, or as JSON. */
static int show_codes(struct cmd_site *s, const char *const *codes, size_t n)
{
    struct cmd_json j = {0};
    if (!s->json) {
        printf("Write these down and keep them where nobody else looks. Each opens the vault once,"
               " and they are not shown again.\n\n");
        for (size_t i = 0; i < n; i++) {
            printf("  %s\n", codes[i]);
        }
        return CMD_OK;
    }
    cmd_json_open(&j, NULL, '{');
    cmd_json_open(&j, "codes", '[');
    for (size_t i = 0; i < n; i++) {
        cmd_json_text(&j, NULL, codes[i]);
    }
    cmd_json_close(&j, ']');
    cmd_json_close(&j, '}');
    return CMD_OK;
}

static int show_number(struct cmd_site *s, const char *key, int64_t value, const char *sentence)
{
    struct cmd_json j = {0};
    if (!s->json) {
        printf(sentence[0] ? "%lld %s\n" : "%lld\n", (long long)value, sentence);
        return CMD_OK;
    }
    cmd_json_open(&j, NULL, '{');
    cmd_json_number(&j, key, value);
    cmd_json_close(&j, '}');
    return CMD_OK;
}

/* ---- codes ---- */

/* A number only: the codes themselves are stored nowhere (vault.md §7). */
static int codes_left(struct cmd_site *s)
{
    struct ww_codes_state state = {.size = sizeof state};
    enum ww_err err = ww_codes_state(s->op, s->session, &state);
    return err ? cmd_site_failed(s, err)
               : show_number(s, "left", (int64_t)state.left, "recovery codes are left");
}

static int codes_make(struct cmd_site *s)
{
    const char *const *codes;
    size_t n;
    enum ww_err err = ww_codes_make(s->op, s->session, &codes, &n);
    return err ? cmd_site_failed(s, err) : show_codes(s, codes, n);
}

static int codes_revoke(struct cmd_site *s)
{
    enum ww_err err = ww_codes_revoke(s->op, s->session);
    return err ? cmd_site_failed(s, err) : show_number(s, "left", 0, "recovery codes are left");
}

int cmd_user_codes(const char *name, int argc, char **argv)
{
    static const char about[] =
        "How many recovery codes a user has left; --make draws ten new ones and ends all"
        " earlier ones, --revoke ends all.";
    const struct cmd_usage usage = {name, "-c FILE [--make | --revoke] [--password-fd N] [--json] USER",
                                    about, 1, 1};
    struct cmd_site s = {.password_fd = -1};
    bool make = false, revoke = false;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&s),
        CMD_SITE_PASSWORD(&s),
        {'m', "make", NULL, "draw ten new codes, shown this once", .flag = &make},
        {0, "revoke", NULL, "end all codes", .flag = &revoke},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && make && revoke) {
        code = cmd_usage_error(name, "--revoke: not together with --make");
    }
    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON &&
        (code = cmd_site_sign_in(&s, argv[first])) == CMD_GO_ON) {
        code = make ? codes_make(&s) : revoke ? codes_revoke(&s) : codes_left(&s);
    }
    cmd_site_close(&s);
    return code;
}

/* ---- recover ---- */

static int recover_user(struct cmd_site *s, const char *user, int64_t password_fd)
{
    CMD_SECRET(code);
    CMD_SECRET(password);
    struct ww_recovery in = {.size = sizeof in, .identifier = user};
    const char *new_code;

    if (!cmd_password(s->password_fd, "code-fd", "Recovery code", false, &code) ||
        !cmd_password(password_fd, "new-password-fd", "New password", true, &password)) {
        return CMD_FAILED;
    }
    in.code = code.text;
    in.password = password.text;
    in.password_length = password.n;
    enum ww_err err = ww_recover(s->op, &in, &s->session, &new_code);
    if (err) {
        return cmd_site_failed(s, err);
    }
    if (s->json) {
        struct cmd_json j = {0};
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "id", cmd_site_account(s));
        cmd_json_text(&j, "new_code", new_code);
        cmd_json_close(&j, '}');
    } else {
        printf("The password is changed, and all sessions have ended. In the used code's place:\n\n  %s\n",
               new_code);
    }
    return CMD_OK;
}

int cmd_user_recover(const char *name, int argc, char **argv)
{
    static const char about[] =
        "Gets a user back in who forgot the password: a recovery code and a new password.\n"
        "Both descriptors may be the same: the code is its first line, the password its second.";
    const struct cmd_usage usage = {name, "-c FILE [--code-fd N --new-password-fd N] [--json] USER", about, 1,
                                    1};
    struct cmd_site s = {.password_fd = -1};
    int64_t fd = -1;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&s),
        {0, "code-fd", "N", "descriptor that gives the code as a line; else the terminal",
         .number = &s.password_fd},
        {0, "new-password-fd", "N", "the same for the new password", .number = &fd},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON) {
        code = recover_user(&s, argv[first], fd);
    }
    cmd_site_close(&s);
    return code;
}

/* ---- keys ---- */

static int start_epoch(struct cmd_site *s, const char *user)
{
    uint32_t epoch;
    int code = cmd_site_sign_in(s, user);
    if (code != CMD_GO_ON) {
        return code;
    }
    enum ww_err err = ww_epoch_start(s->op, s->session, &epoch);
    return err ? cmd_site_failed(s, err)
               : show_number(s, "epoch", epoch, "is the epoch of the vault's keys now");
}

/* The password is asked for here, since it is needed twice: to sign in, and for the new keys. */
static int rekey(struct cmd_site *s, const char *user)
{
    CMD_SECRET(password);
    struct ww_proof proof = {.size = sizeof proof, .kind = WW_PROOF_PASSWORD, .identifier = user};
    struct ww_session *renewed;
    const char *const *codes;
    size_t n;

    if (!cmd_password(s->password_fd, "password-fd", "Password", false, &password)) {
        return CMD_FAILED;
    }
    proof.password = password.text;
    proof.password_length = password.n;
    enum ww_err err = ww_authenticate(s->op, &proof, &s->session);
    if (err || (err = ww_rekey(s->op, s->session, password.text, password.n, &renewed, &codes, &n))) {
        return cmd_site_failed(s, err);
    }
    /* The one that signed in ended with the old keys; the new one is ended with the command. */
    s->session = renewed;
    return show_codes(s, codes, n);
}

static int keys_command(const char *name, int argc, char **argv, const char *about,
                        int (*run)(struct cmd_site *s, const char *user))
{
    const struct cmd_usage usage = {name, "-c FILE [--password-fd N] [--json] USER", about, 1, 1};
    struct cmd_site s = {.password_fd = -1};
    int first = 0;
    const struct cmd_option options[] = {CMD_SITE_OPTIONS(&s), CMD_SITE_PASSWORD(&s)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON) {
        code = run(&s, argv[first]);
    }
    cmd_site_close(&s);
    return code;
}

int cmd_user_epoch(const char *name, int argc, char **argv)
{
    return keys_command(
        name, argc, argv,
        "Starts a new epoch of a user's keys: what is written from now on has keys that the ones"
        " before do not open. It happens by itself at a sign-in after watchword.vault.cryptoperiod.",
        start_epoch);
}

int cmd_user_rekey(const char *name, int argc, char **argv)
{
    return keys_command(
        name, argc, argv,
        "For who fears that somebody had the password, a code or a session: a new root key. All"
        " sessions end, all earlier codes too; ten new codes are shown. Nothing is encrypted again.",
        rekey);
}
