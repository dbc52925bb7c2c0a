/* `watchword clean`: what the server does once a minute, now. */
#include <stdio.h>

#include "cmd_site.h"

/* The same call as the server's own, so both may run at once. */
static int clean(struct cmd_site *s)
{
    struct cmd_json j = {0};
    enum ww_err err = ww_maintain(s->op);
    if (err) {
        return cmd_site_failed(s, err);
    }
    if (s->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_bool(&j, "cleaned", true);
        cmd_json_close(&j, '}');
    } else {
        puts("what had expired is deleted");
    }
    return CMD_OK;
}

/* --yes, since what is deleted is gone; for sites whose server does not run. */
int cmd_clean(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE --yes [--json]",
                                    "Deletes expired sessions, flows and counters, and history older than "
                                    "watchword.history.retention.\nA running server does this by itself.",
                                    0, 0};
    struct cmd_site s = {.password_fd = -1};
    bool yes = false;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&s),
        {'y', "yes", NULL, "needed, since it deletes", .flag = &yes},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && !yes) {
        code = cmd_usage_error(name, "this deletes what has expired: say --yes");
    }
    cmd_ignore_signals(); /* the database is changed in one go */
    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON) {
        code = clean(&s);
    }
    cmd_site_close(&s);
    return code;
}
