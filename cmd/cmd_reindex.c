/* `watchword reindex`: new keys for the indexes and the audit log (vault.md §13). */
#include <stdio.h>

#include "cmd_site.h"

static void step(void *context, size_t done, size_t total)
{
    (void)context;
    cmd_progress("accounts", done, total);
}

static int reindex(struct cmd_site *s)
{
    struct ww_reindexed r = {.size = sizeof r};
    struct cmd_json j = {0};
    enum ww_err err = ww_reindex(s->op, step, NULL, &r);
    cmd_progress_end();
    if (err) {
        return cmd_site_failed(s, err);
    }
    if (s->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_number(&j, "accounts", (int64_t)r.accounts);
        cmd_json_number(&j, "closed", (int64_t)r.closed);
        cmd_json_close(&j, '}');
    } else {
        printf("the tags of %llu account%s are new\n", (unsigned long long)r.accounts,
               r.accounts == 1 ? "" : "s");
    }
    if (r.closed) {
        fprintf(stderr, "watchword: %llu do not open and were left: `watchword check` says which\n",
                (unsigned long long)r.closed);
    }
    return r.closed ? CMD_TAMPERED : CMD_OK;
}

int cmd_reindex(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE --yes [--json]",
                                    "After a theft of the server key, and a rotation to another one: new "
                                    "keys for the indexes of names and "
                                    "for\nthe audit log. Stop every server first; none starts before this "
                                    "has ended. When it is interrupted, run "
                                    "it\nagain. Limits on tries begin anew.",
                                    0, 0};
    struct cmd_site s = {.password_fd = -1, .reindex = true};
    bool yes = false;
    int first = 0;
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&s),
        {'y', "yes", NULL, "needed: every server is stopped", .flag = &yes},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && !yes) {
        code = cmd_usage_error(name, "every server must be stopped: say --yes");
    }
    cmd_ignore_signals();
    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON) {
        code = reindex(&s);
    }
    cmd_site_close(&s);
    return code;
}
