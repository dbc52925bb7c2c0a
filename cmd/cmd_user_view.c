/* `watchword user`: what only looks, and the ending of sessions. */
#include "cmd_user.h"

#include <stdio.h>
#include <string.h>

#include "timefmt.h"

enum { HISTORY_DEFAULT = 50, HISTORY_MOST = 1000, UUID_LENGTH = 36 };

/* What looks like a UUID is one; a user name of that form is reached by its id. */
static bool looks_like_id(const char *user)
{
    return strlen(user) == UUID_LENGTH && strspn(user, "0123456789abcdefABCDEF-") == UUID_LENGTH;
}

int cmd_user_find(struct cmd_site *s, const char *user, struct js **identity)
{
    const char *json;
    enum ww_err err = looks_like_id(user) ? ww_admin_identity_get(s->op, user, &json)
                                          : ww_admin_identity_find(s->op, user, &json);
    if (err == WW_ENOTFOUND) {
        return cmd_fail(s->json, err, "identity_not_found", "USER", "there is no account of this name or id");
    }
    if (err) {
        return cmd_site_failed(s, err);
    }
    *identity = cmd_site_parse(s, json);
    return *identity ? CMD_GO_ON : CMD_FAILED;
}

static void print_member(const struct js *o, const char *key, const char *before)
{
    fputs(before, stdout);
    cmd_print_text(js_get_text(o, key));
}

static int print_tree(struct cmd_site *s, const struct js *tree)
{
    char *text = js_write(&s->arena, tree);
    if (!text) {
        return cmd_fail(s->json, WW_ENOMEM, NULL, NULL, NULL);
    }
    printf("%s\n", text);
    return CMD_OK;
}

/* ---- list ---- */

/* Traits are what people typed: on a terminal printed without control characters (cmd_print_text), in JSON
 * escaped. */
static bool print_page(struct cmd_site *s, struct cmd_json *j, const char *json, size_t *count)
{
    struct js *list = cmd_site_parse(s, json);
    for (struct js *e = list ? list->first : NULL; e; e = e->next, ++*count) {
        char *text = js_write(&s->arena, s->json ? e : js_get(e, "traits"));
        if (!text) {
            return false;
        }
        if (s->json) {
            cmd_json_raw(j, NULL, text);
            continue;
        }
        print_member(e, "id", "");
        print_member(e, "state", "  ");
        fputs("  ", stdout);
        cmd_print_text(text);
        putchar('\n');
    }
    return list != NULL;
}

/* The next page has an operation and memory of its own: any number of accounts needs the memory of one page.
 */
static int start_anew(struct cmd_site *s)
{
    ww_op_end(s->op);
    arena_free(&s->arena);
    s->arena = (struct arena){0};
    enum ww_err err = ww_op_begin(s->ww, NULL, &s->op);
    return err ? cmd_fail(s->json, err, NULL, NULL, NULL) : CMD_GO_ON;
}

static int print_all(struct cmd_site *s)
{
    char token[64] = "";
    struct cmd_json j = {0};
    size_t count = 0;
    int code = CMD_GO_ON;

    do {
        struct ww_page page = {.size = sizeof page, .token = token};
        const char *json;
        enum ww_err err = ww_admin_identity_list(s->op, &page, &json);
        if (err) {
            return cmd_site_failed(s, err);
        }
        if (s->json && !*token) {
            cmd_json_open(&j, NULL, '[');
        }
        if (!print_page(s, &j, json, &count)) {
            return cmd_fail(s->json, WW_ENOMEM, NULL, NULL, NULL);
        }
        snprintf(token, sizeof token, "%s", page.next ? page.next : "");
        code = start_anew(s);
    } while (code == CMD_GO_ON && *token);
    if (code != CMD_GO_ON) {
        return code;
    }
    if (s->json) {
        cmd_json_close(&j, ']');
    } else {
        fprintf(stderr, "%zu account%s\n", count, count == 1 ? "" : "s");
    }
    return CMD_OK;
}

int cmd_user_list(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE [--json]", "Lists all accounts: id, state, traits.", 0, 0};
    struct cmd_site s = {.password_fd = -1};
    int first = 0;
    const struct cmd_option options[] = {CMD_SITE_OPTIONS(&s)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON) {
        code = print_all(&s);
    }
    cmd_site_close(&s);
    return code;
}

/* ---- show ---- */

/* What somebody signs in with, by Kratos' names. Every address is a "code" there, whether or not codes are
 * sent: this version sends none. */
static const struct {
    const char *name, *words;
} credential_words[] = {
    {"password", "a password"},       {"code", NULL},
    {"totp", "an authenticator app"}, {"lookup_secret", "backup codes"},
    {"webauthn", "a security key"},   {"passkey", "a passkey"},
    {"oidc", "another provider"},
};

static const char *credential_in_words(const char *name)
{
    for (size_t i = 0; i < sizeof credential_words / sizeof credential_words[0]; i++) {
        if (strcmp(credential_words[i].name, name) == 0) {
            return credential_words[i].words;
        }
    }
    return name;
}

static void print_credentials(const struct js *credentials)
{
    const char *before = "";
    printf("%-12s", "signs in by");
    for (const struct js *c = credentials ? credentials->first : NULL; c; c = c->next) {
        const char *words = credential_in_words((const char *)c->key.p);
        if (words) {
            fputs(before, stdout);
            cmd_print_text(words);
            before = ", ";
        }
    }
    puts(*before ? "" : "nothing yet");
}

static int print_identity(struct cmd_site *s, const struct js *identity)
{
    static const struct {
        const char *label, *member;
    } rows[] = {{"id", "id"},
                {"schema", "schema_id"},
                {"state", "state"},
                {"made", "created_at"},
                {"changed", "updated_at"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        printf("%-12s", rows[i].label);
        print_member(identity, rows[i].member, "");
        putchar('\n');
    }
    printf("%-12s", "traits");
    cmd_print_text(js_write(&s->arena, js_get(identity, "traits")));
    putchar('\n');
    print_credentials(js_get(identity, "credentials"));
    return CMD_OK;
}

int cmd_user_show(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE [--json] USER",
                                    "Shows one account, by login name or id. Nothing of its vault is opened.",
                                    1, 1};
    struct cmd_site s = {.password_fd = -1};
    struct js *identity;
    int first = 0;
    const struct cmd_option options[] = {CMD_SITE_OPTIONS(&s)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON &&
        (code = cmd_user_find(&s, argv[first], &identity)) == CMD_GO_ON) {
        code = s.json ? print_tree(&s, identity) : print_identity(&s, identity);
    }
    cmd_site_close(&s);
    return code;
}

/* ---- sessions ---- */

/* As the HTTP interface names them (own-api.md); the id is the caller's to write. */
static void json_client(struct cmd_json *j, const char *address, const char *user_agent, const char *location)
{
    cmd_json_text(j, "address", address);
    cmd_json_text(j, "user_agent", user_agent);
    cmd_json_text(j, "location", location);
}

static void json_time(struct cmd_site *s, struct cmd_json *j, const char *key, uint64_t time)
{
    cmd_json_text(j, key, timefmt_rfc3339(&s->arena, time));
}

static void print_client(const char *address, const char *user_agent)
{
    fputs("  ", stdout);
    cmd_print_text(address);
    fputs("  ", stdout);
    cmd_print_text(user_agent);
    putchar('\n');
}

/* The session that this command made for itself is left out. */
static void print_session(void *command, struct cmd_json *j, const void *entry)
{
    struct cmd_site *s = command;
    const struct ww_session_info *x = entry;
    if (x->this_session) {
        return;
    }
    if (!s->json) {
        printf("%s  %s", x->id, timefmt_rfc3339(&s->arena, x->authenticated));
        print_client(x->address, x->user_agent);
        return;
    }
    cmd_json_open(j, NULL, '{');
    cmd_json_text(j, "id", x->id);
    json_time(s, j, "issued_at", x->issued);
    json_time(s, j, "authenticated_at", x->authenticated);
    json_time(s, j, "expires_at", x->expires);
    json_time(s, j, "last_seen_at", x->last_seen);
    json_client(j, x->address, x->user_agent, x->location);
    cmd_json_close(j, '}');
}

static enum ww_err read_sessions(void *command, struct ww_page *page, const void *const **entries)
{
    struct cmd_site *s = command;
    const struct ww_session_info *const *sessions = NULL;
    enum ww_err err = ww_session_list(s->op, s->session, page, &sessions);
    *entries = (const void *const *)sessions;
    return err;
}

/* As the user, so the session of this command is the one that stays until cmd_site_close ends it. */
static int end_sessions(struct cmd_site *s, const char *id)
{
    struct cmd_json j = {0};
    size_t count = 1;
    enum ww_err err =
        id ? ww_session_end_other(s->op, s->session, id) : ww_session_end_others(s->op, s->session, &count);
    if (err == WW_EINVAL) {
        return cmd_fail(s->json, err, "id_invalid", "--end", "this is not the id of a session");
    }
    if (err) {
        return cmd_site_failed(s, err);
    }
    if (!s->json) {
        if (id) {
            /* An id of somebody else's is answered alike: it is nobody's to test (kratos.md §4.4). */
            puts("ended, if it was a session of this account");
        } else {
            printf("ended %zu session%s\n", count, count == 1 ? "" : "s");
        }
        return CMD_OK;
    }
    cmd_json_open(&j, NULL, '{');
    if (id) {
        cmd_json_text(&j, "ended", id);
    } else {
        cmd_json_number(&j, "ended", (int64_t)count);
    }
    cmd_json_close(&j, '}');
    return CMD_OK;
}

int cmd_user_sessions(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE [--end ID | --end-all] [--password-fd N] [--json] USER",
                                    "Lists a user's active sessions, or ends one or all, as that user.", 1,
                                    1};
    struct cmd_site s = {.password_fd = -1};
    const char *id = NULL;
    bool all = false;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&s),
        CMD_SITE_PASSWORD(&s),
        {0, "end", "ID", "end this session", .text = &id},
        {0, "end-all", NULL, "end all sessions", .flag = &all},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && all && id) {
        code = cmd_usage_error(name, "--end and --end-all exclude each other");
    }
    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON &&
        (code = cmd_site_sign_in(&s, argv[first])) == CMD_GO_ON) {
        code = all || id ? end_sessions(&s, id)
                         : cmd_site_list(&s, &(struct cmd_listing){read_sessions, print_session}, &s);
    }
    cmd_site_close(&s);
    return code;
}

/* ---- history ---- */

static void print_event(struct cmd_site *s, struct cmd_json *j, const struct ww_event *e)
{
    if (!s->json) {
        printf("%s  %s", timefmt_rfc3339(&s->arena, e->time), e->event);
        print_client(e->address, e->user_agent);
        return;
    }
    cmd_json_open(j, NULL, '{');
    cmd_json_text(j, "id", e->id);
    json_time(s, j, "at", e->time);
    cmd_json_text(j, "event", e->event);
    cmd_json_text(j, "method", e->method);
    json_client(j, e->address, e->user_agent, e->location);
    cmd_json_bool(j, "this_session", e->this_session);
    cmd_json_close(j, '}');
}

static int print_history(struct cmd_site *s, int64_t limit)
{
    struct ww_page page = {.size = sizeof page, .limit = (size_t)limit};
    const struct ww_event *const *events;
    struct cmd_json j = {0};
    enum ww_err err = ww_account_history(s->op, s->session, &page, &events);
    if (err) {
        return cmd_site_failed(s, err);
    }
    if (s->json) {
        cmd_json_open(&j, NULL, '[');
    }
    for (size_t i = 0; i < page.count; i++) {
        print_event(s, &j, events[i]);
    }
    if (s->json) {
        cmd_json_close(&j, ']');
    }
    return CMD_OK;
}

int cmd_user_history(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE [--limit N] [--password-fd N] [--json] USER",
        "Shows a user's sign-ins, failed tries and changes, newest first, as that "
        "user.",
        1, 1};
    struct cmd_site s = {.password_fd = -1};
    int64_t limit = HISTORY_DEFAULT;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&s),
        CMD_SITE_PASSWORD(&s),
        {'n', "limit", "N", "how many; 50 without this, at most 1000", .number = &limit},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (limit < 1 || limit > HISTORY_MOST)) {
        code = cmd_usage_error(name, "--limit: must be 1 to %d", HISTORY_MOST);
    }
    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON &&
        (code = cmd_site_sign_in(&s, argv[first])) == CMD_GO_ON) {
        code = print_history(&s, limit);
    }
    cmd_site_close(&s);
    return code;
}
