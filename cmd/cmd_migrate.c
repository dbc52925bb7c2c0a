/* `watchword migrate`: brings the database to this version; `serve` does the same when it starts. */
#include <stdio.h>

#include "cmd_site.h"

/* 0 is an answer too: nothing was to be done, and nothing was changed. */
static void report(const struct cmd_site *s)
{
    struct cmd_json j = {0};
    int n = ww_migrated(s->ww);

    if (s->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_number(&j, "applied", n);
        cmd_json_close(&j, '}');
    } else if (n == 0) {
        puts("the database is up to date: nothing to apply");
    } else {
        printf("applied %d migration%s\n", n, n == 1 ? "" : "s");
    }
}

/* The only command that changes tables: all others refuse a database that is not of this version. */
int cmd_migrate(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE [--json]",
                                    "Brings the database to this version, and says how many migrations that "
                                    "took. There is no way back: keep a backup.",
                                    0, 0};
    struct cmd_site s = {.password_fd = -1};
    int first = 0;
    const struct cmd_option options[] = {CMD_SITE_OPTIONS(&s)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    cmd_ignore_signals(); /* the database is changed in one go */
    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON) {
        report(&s);
        code = CMD_OK;
    }
    cmd_site_close(&s);
    return code;
}
