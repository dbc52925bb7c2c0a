/* `watchword backup` and `watchword restore FILE`: the database as one file, and back (vault.md §12). */
#include <stdio.h>
#include <unistd.h>

#include "cmd_site.h"

enum { WHY = 1024 };

struct copying {
    struct cmd_list files;
    bool dev, json, replace;
};

static void step(void *context, size_t done, size_t total)
{
    (void)context;
    cmd_progress("pages", done, total);
}

static struct ww_options options_of(const struct copying *c)
{
    return (struct ww_options){.size = sizeof(struct ww_options),
                               .config_files = c->files.at,
                               .config_file_count = c->files.n,
                               .environment = (const char *const *)environ,
                               .dev = c->dev};
}

#define OPTIONS(c)                                                                                           \
    {'c', "config", "FILE", "configuration of the site; later ones override", .list = &(c)->files},          \
        {0, "dev", NULL, "as `serve --dev`", .flag = &(c)->dev},                                             \
    {                                                                                                        \
        0, "json", NULL, "as JSON", .flag = &(c)->json                                                       \
    }

/* ---- backup ---- */

static int backup(const struct copying *c, const char *file)
{
    struct ww_options options = options_of(c);
    struct cmd_json j = {0};
    char why[WHY] = "";
    enum ww_err err = ww_backup(&options, file, step, NULL, why, sizeof why);
    cmd_progress_end();
    if (err) {
        return cmd_fail(c->json, err, "backup_failed", NULL, why);
    }
    if (c->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "file", file);
        cmd_json_close(&j, '}');
    } else {
        printf("the database was copied to %s\nIt holds no server key: keep copies of that elsewhere.\n",
               file);
    }
    return CMD_OK;
}

int cmd_backup(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE [--json] BACKUP",
                                    "Copies the database into one new file, as it is at one moment, while "
                                    "the server works. Needs no server "
                                    "key, and the\ncopy holds none. For SQLite; PostgreSQL has pg_dump.",
                                    1, 1};
    struct copying c = {0};
    int first = 0;
    const struct cmd_option options[] = {OPTIONS(&c)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && c.files.n == 0) {
        code = cmd_usage_error(name, "-c FILE is missing");
    }
    return code == CMD_GO_ON ? backup(&c, argv[first]) : code;
}

/* ---- restore ---- */

static int put_back(const struct copying *c, const char *file)
{
    struct ww_options options = options_of(c);
    struct ww_put_back r = {.size = sizeof r};
    struct cmd_json j = {0};
    char why[WHY] = "";
    cmd_protect_memory(c->dev); /* before the server key is read */
    enum ww_err err = ww_put_back(&options, file, c->replace, step, NULL, &r, why, sizeof why);
    cmd_progress_end();
    if (err) {
        return cmd_fail(c->json, err, "restore_failed", err == WW_ECONFLICT ? "replace" : NULL, why);
    }
    if (c->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_number(&j, "accounts", (int64_t)r.accounts);
        cmd_json_text(&j, "kept", r.kept[0] ? r.kept : NULL);
        cmd_json_close(&j, '}');
        return CMD_OK;
    }
    printf("the database holds the %llu account%s of the copy\n", (unsigned long long)r.accounts,
           r.accounts == 1 ? "" : "s");
    if (r.kept[0]) {
        printf("what was there before is %s\n", r.kept);
    }
    puts("It is older than what this machine has seen, and opens once that is said to be meant:\n"
         "`watchword restore accept -c FILE`. Old passwords, used codes and deleted accounts are in it.");
    return CMD_OK;
}

int cmd_restore_file(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE [--replace] [--json] BACKUP",
                                    "Puts a copy that `backup` made in the place of the database, if the "
                                    "server key opens it. Stop the server "
                                    "first.\nThen run `restore accept`.",
                                    1, 1};
    struct copying c = {0};
    int first = 0;
    const struct cmd_option options[] = {
        OPTIONS(&c),
        {0, "replace", NULL, "also where the database holds accounts; it is kept beside", .flag = &c.replace},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && c.files.n == 0) {
        code = cmd_usage_error(name, "-c FILE is missing");
    }
    cmd_ignore_signals();
    return code == CMD_GO_ON ? put_back(&c, argv[first]) : code;
}
