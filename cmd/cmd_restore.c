/* `watchword restore accept`: the database was put back from a backup, and that was meant (vault.md §12). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd_site.h"

struct accepting {
    struct cmd_site site;
    bool yes, all;
};

static void step(void *context, size_t done, size_t total)
{
    (void)context;
    cmd_progress("accounts", done, total);
}

/* Not without being asked: whoever runs it by mistake ends everybody's sessions. */
static int confirm(const struct accepting *a)
{
    char answer[8] = "";
    if (a->yes) {
        return CMD_GO_ON;
    }
    if (!isatty(STDIN_FILENO)) {
        return cmd_fail(a->site.json, WW_EINVAL, "confirm_missing", "yes",
                        "not on a terminal: say --yes when the database was put back on purpose");
    }
    fputs(
        "Accounts that are older than this machine has seen them go on from there: they are signed out, "
        "their\n"
        "recovery codes sign in no more, and passwords of that moment are good again. Was the database put\n"
        "back on purpose? Type yes: ",
        stderr);
    bool said = fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0;
    return said ? CMD_GO_ON
                : cmd_fail(a->site.json, WW_EINVAL, "confirm_missing", "yes", "nothing was changed");
}

static int report(const struct accepting *a, const struct ww_restored *r)
{
    struct cmd_json j = {0};
    if (a->site.json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_number(&j, "accounts", (int64_t)r->accounts);
        cmd_json_number(&j, "restored", (int64_t)r->restored);
        cmd_json_number(&j, "deleted", (int64_t)r->deleted);
        cmd_json_number(&j, "damaged", (int64_t)r->damaged);
        cmd_json_number(&j, "line", (int64_t)r->line);
        cmd_json_close(&j, '}');
    } else {
        printf("accepted: of %llu accounts %llu were put back, and %llu that had been deleted are again\n",
               (unsigned long long)r->accounts, (unsigned long long)r->restored,
               (unsigned long long)r->deleted);
    }
    if (r->damaged) {
        fprintf(stderr, "watchword: %llu do not open: `watchword check` says which\n",
                (unsigned long long)r->damaged);
    }
    return r->damaged ? CMD_TAMPERED : CMD_OK;
}

static int restore_accept(const char *name, int argc, char **argv)
{
    static const char about[] = "Accepts that the database was put back to an earlier moment: a backup was "
                                "restored, or a failover lost "
                                "what was\ncommitted. Stop every server of the site first. Accounts that are "
                                "older than this machine has "
                                "seen them are\nsigned out everywhere; their recovery codes open the vault, "
                                "but sign in no more until new "
                                "ones are made; the next\nsign-in asks for a second factor where there is "
                                "one. Accounts that had been "
                                "deleted are deleted again.\nInterrupted, run it again: it goes on.";
    const struct cmd_usage usage = {name, "-c FILE [--yes] [--all] [--json]", about, 0, 0};
    struct accepting a = {.site = {.password_fd = -1, .restore = WW_RESTORE_ACCEPT}};
    struct ww_restored r = {.size = sizeof r};
    int first = 0;
    const struct cmd_option options[] = {
        CMD_SITE_OPTIONS(&a.site),
        {'y', "yes", NULL, "do not ask", .flag = &a.yes},
        {0, "all", NULL, "every account counts as put back, whatever this machine has seen", .flag = &a.all},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = confirm(&a)) == CMD_GO_ON &&
        (code = cmd_site_open(&a.site, name)) == CMD_GO_ON) {
        enum ww_err err = ww_restore_accept(a.site.op, a.all, step, NULL, &r);
        cmd_progress_end();
        code = err ? cmd_site_failed(&a.site, err) : report(&a, &r);
    }
    cmd_site_close(&a.site);
    return code;
}

/* `restore FILE` is the first half of the way back, `restore accept` the second. */
int cmd_restore(const char *name, int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "accept") == 0) {
        char words[80];
        snprintf(words, sizeof words, "%s accept", name);
        return restore_accept(words, argc - 1, argv + 1);
    }
    return cmd_restore_file(name, argc, argv);
}
