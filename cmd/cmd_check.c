/* `watchword check`: opens what the server can open, and with a user's password what that user can open, and
 * tells every problem. Changes nothing but for the sign-in. */
#include "cmd_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Each problem at once: a check of a large site takes minutes, and may be broken off. */
static void tell(void *context, const char *line)
{
    struct cmd_checking *c = context;
    c->problems++;
    cmd_progress_end();
    if (c->site.json) {
        cmd_json_text(&c->j, NULL, line);
    } else { /* names are what somebody typed */
        cmd_print_text(line);
        putchar('\n');
    }
}

void cmd_check_tell(struct cmd_checking *c, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const char *line = arena_vprintf(&c->site.arena, format, ap);
    va_end(ap);
    tell(c, line ? line : "out of memory");
}

static void step(void *context, size_t done, size_t total)
{
    (void)context;
    cmd_progress("accounts", done, total);
}

/* Exit code 6 for findings, so that a timer need not read the text (CMD_EXIT_TABLE). */
static int report(struct cmd_checking *c, const struct ww_check_report *r)
{
    const struct {
        const char *name;
        size_t n;
    } counts[] = {
        {"accounts", r->accounts},  {"credentials", r->credentials}, {"sessions", r->sessions},
        {"flows", r->flows},        {"epochs", r->epochs},           {"events", r->events},
        {"items", c->opened.items}, {"shares", c->opened.sent},      {"received", c->opened.received}};
    size_t n = sizeof counts / sizeof counts[0] - (c->user ? 0 : 3);

    if (!c->site.json) {
        fputs("opened ", stdout);
        for (size_t i = 0; i < n; i++) {
            printf("%s%zu %s", i ? ", " : "", counts[i].n, counts[i].name);
        }
        printf("\n%zu problem%s\n", c->problems, c->problems == 1 ? "" : "s");
    } else {
        cmd_json_close(&c->j, ']');
        for (size_t i = 0; i < n; i++) {
            cmd_json_number(&c->j, counts[i].name, (int64_t)counts[i].n);
        }
        cmd_json_bool(&c->j, "ok", c->problems == 0);
        cmd_json_close(&c->j, '}');
    }
    return c->problems ? CMD_TAMPERED : CMD_OK;
}

static int check(struct cmd_checking *c)
{
    struct ww_check_report r = {.size = sizeof r};

    if (c->site.json) {
        cmd_json_open(&c->j, NULL, '{');
        cmd_json_open(&c->j, "problems", '[');
    }
    enum ww_err err = ww_check(c->site.op, tell, step, c, &r);
    err = err || !c->user ? err : cmd_check_user(c);
    cmd_progress_end();
    return err ? cmd_site_failed(&c->site, err) : report(c, &r);
}

int cmd_check(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE [--user NAME [--password-fd N]] [--json]",
                                    "Has SQLite verify its file, opens every stored record that the server "
                                    "key opens, and follows every index.\nWith --user also what that user's "
                                    "password opens: the vault's lists, "
                                    "every item, and the values shared both ways.\nEach problem is a line; "
                                    "the exit code is 6 when there are any. "
                                    "Nothing is changed.",
                                    0, 0};
    struct cmd_checking c = {.site = {.password_fd = -1, .no_migrate = true, .restore = WW_RESTORE_LOOK}};
    int first = 0;
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&c.site),
        CMD_SITE_PASSWORD(&c.site),
        {'u', "user", "NAME", "whose vault is checked as well, with their password", .text = &c.user},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    /* Signed in before the walk, which may take minutes. */
    if (code == CMD_GO_ON && (code = cmd_site_open(&c.site, name)) == CMD_GO_ON && c.user) {
        code = cmd_site_sign_in(&c.site, c.user);
    }
    if (code == CMD_GO_ON) {
        code = check(&c);
    }
    cmd_site_close(&c.site);
    return code;
}
