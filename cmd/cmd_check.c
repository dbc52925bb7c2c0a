/* `watchword check`: opens what the server can open, and tells every problem. Changes nothing. */
#include <stdio.h>

#include "cmd_site.h"

struct checking {
    struct cmd_site site;
    struct cmd_json j;
};

/* Each problem at once: a check of a large site takes minutes, and may be broken off. */
static void tell(void *context, const char *line)
{
    struct checking *c = context;
    cmd_progress_end();
    if (c->site.json) {
        cmd_json_text(&c->j, NULL, line);
    } else {
        printf("%s\n", line);
    }
}

static void step(void *context, size_t done, size_t total)
{
    (void)context;
    cmd_progress("accounts", done, total);
}

/* Exit code 6 for findings, so that a timer notices (CMD_EXIT_TABLE). */
static int report(struct checking *c, const struct ww_check_report *r)
{
    const struct {
        const char *name;
        size_t n;
    } counts[] = {{"accounts", r->accounts}, {"credentials", r->credentials}, {"sessions", r->sessions},
                  {"flows", r->flows},       {"epochs", r->epochs},           {"events", r->events}};
    size_t n = sizeof counts / sizeof counts[0];

    if (!c->site.json) {
        fputs("opened ", stdout);
        for (size_t i = 0; i < n; i++) {
            printf("%s%zu %s", i ? ", " : "", counts[i].n, counts[i].name);
        }
        printf("\n%zu problem%s\n", r->problems, r->problems == 1 ? "" : "s");
    } else {
        cmd_json_close(&c->j, ']');
        for (size_t i = 0; i < n; i++) {
            cmd_json_number(&c->j, counts[i].name, (int64_t)counts[i].n);
        }
        cmd_json_bool(&c->j, "ok", r->problems == 0);
        cmd_json_close(&c->j, '}');
    }
    return r->problems ? CMD_TAMPERED : CMD_OK;
}

/* 6 for "there are problems", so that a cron job need not read the text. */
static int check(struct checking *c)
{
    struct ww_check_report r = {.size = sizeof r};

    if (c->site.json) {
        cmd_json_open(&c->j, NULL, '{');
        cmd_json_open(&c->j, "problems", '[');
    }
    enum ww_err err = ww_check(c->site.op, tell, step, c, &r);
    cmd_progress_end();
    return err ? cmd_site_failed(&c->site, err) : report(c, &r);
}

int cmd_check(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE [--json]",
        "Has SQLite verify its file, opens every stored record that the server "
        "key opens, and follows every index.\nEach problem is a line; the exit code is 6 when there are any. "
        "Nothing is changed.",
        0, 0};
    struct checking c = {.site = {.password_fd = -1, .no_migrate = true, .restore = WW_RESTORE_LOOK}};
    int first = 0;
    const struct cmd_option options[] = {CMD_SITE_OPTIONS(&c.site)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_site_open(&c.site, name)) == CMD_GO_ON) {
        code = check(&c);
    }
    cmd_site_close(&c.site);
    return code;
}
