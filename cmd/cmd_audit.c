/* `watchword audit export|verify`: the audit log as a file, and whether it is whole (vault.md §9a). */
#include <inttypes.h>
#include <stdio.h>

#include "cmd_site.h"
#include "timefmt.h"

enum { WHY = 1024 };

/* ---- export ---- */

static int export_log(struct cmd_site *s, const char *file)
{
    struct cmd_json j = {0};
    uint64_t rows;
    enum ww_err err = ww_audit_export(s->op, file, &rows);
    if (err) {
        return cmd_site_failed(s, err);
    }
    if (s->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "file", file);
        cmd_json_number(&j, "rows", (int64_t)rows);
        cmd_json_close(&j, '}');
    } else {
        printf("wrote %" PRIu64 " row%s to %s\n", rows, rows == 1 ? "" : "s", file);
    }
    return CMD_OK;
}

static int export_command(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE [--json] LOG",
                                    "Writes the audit log to a new file, with what it takes to verify it "
                                    "elsewhere. It names addresses and browsers "
                                    "of\npeople, and is readable by its owner alone.",
                                    1, 1};
    struct cmd_site s = {.password_fd = -1, .no_migrate = true, .restore = WW_RESTORE_LOOK};
    int first = 0;
    const struct cmd_option options[] = {CMD_SITE_OPTIONS(&s)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON) {
        code = export_log(&s, argv[first]);
    }
    cmd_site_close(&s);
    return code;
}

/* ---- verify ---- */

struct verifying {
    bool json;
    bool begun; /* of the JSON: what cannot be read at all gives none */
    const char *key;
    struct cmd_json j;
    struct arena arena;
};

static void begin_json(struct verifying *v)
{
    if (v->json && !v->begun) {
        cmd_json_open(&v->j, NULL, '{');
        cmd_json_open(&v->j, "nodes", '[');
        v->begun = true;
    }
}

static void tell_node(void *context, const struct ww_audit_node *n)
{
    struct verifying *v = context;
    const char *from = timefmt_rfc3339(&v->arena, n->first_time),
               *to = timefmt_rfc3339(&v->arena, n->last_time);
    begin_json(v);
    if (!v->json) {
        printf("%s  %" PRIu64 " to %" PRIu64 "  %s to %s  %" PRIu64 " missing, %" PRIu64 " forked, %" PRIu64
               " altered, %" PRIu64 " erased\n",
               n->node, n->first, n->last, from ? from : "-", to ? to : "-", n->missing, n->forks, n->altered,
               n->erased);
        return;
    }
    cmd_json_open(&v->j, NULL, '{');
    cmd_json_text(&v->j, "node", n->node);
    cmd_json_number(&v->j, "first", (int64_t)n->first);
    cmd_json_number(&v->j, "last", (int64_t)n->last);
    cmd_json_text(&v->j, "from", from);
    cmd_json_text(&v->j, "to", to);
    cmd_json_number(&v->j, "events", (int64_t)n->events);
    cmd_json_number(&v->j, "erased", (int64_t)n->erased);
    cmd_json_number(&v->j, "missing", (int64_t)n->missing);
    cmd_json_number(&v->j, "forks", (int64_t)n->forks);
    cmd_json_number(&v->j, "altered", (int64_t)n->altered);
    cmd_json_close(&v->j, '}');
}

static int report(struct verifying *v, const struct ww_audit_report *r)
{
    const struct {
        const char *name, *text;
        uint64_t n;
    } counts[] = {{"missing", "missing within chains", r->missing},
                  {"forks", "in conflict: two for one place, or not what another chain saw", r->forks},
                  {"altered", "altered", r->altered},
                  {"emptied", "emptied, and no erasure names them", r->emptied},
                  {"returned", "there again, or gone, after an erasure named them", r->returned},
                  {"cut", "ends of chains that another chain names, and that are not there", r->cut}};
    bool sound = r->whole;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        sound = sound && counts[i].n == 0;
        if (v->json) {
            cmd_json_number(&v->j, counts[i].name, (int64_t)counts[i].n);
        } else if (counts[i].n) {
            printf("%" PRIu64 " %s\n", counts[i].n, counts[i].text);
        }
    }
    if (v->json) {
        cmd_json_number(&v->j, "events", (int64_t)r->events);
        cmd_json_bool(&v->j, "whole", r->whole);
        cmd_json_bool(&v->j, "keyed", r->keyed);
        cmd_json_bool(&v->j, "ok", sound);
        cmd_json_close(&v->j, '}');
    } else {
        printf("%s%" PRIu64 " rows in %" PRIu64 " chains: %s%s\n",
               r->whole ? "" : "the file is cut off at its end\n", r->events, r->nodes,
               sound ? "sound" : "NOT sound",
               r->keyed ? "" : "; marks and links were not verified: give --key");
    }
    return sound ? CMD_OK : CMD_TAMPERED;
}

static int verify_command(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "[--key KEYFILE] [--json] LOG",
        "Verifies a log that `audit export` wrote, without its database: each chain with its rows, gaps, "
        "forks and "
        "altered\nevents. With the server key marks and links are made anew; without it, only what the lines "
        "say of "
        "each other is\ncompared. The exit code is 6 when something is not as it was written.",
        1, 1};
    struct verifying v = {0};
    struct ww_audit_report r = {.size = sizeof r};
    char why[WHY] = "";
    int first = 0;
    const struct cmd_option options[] = {
        {0, "key", "KEYFILE", "file of the server key that was in use at the export", .text = &v.key},
        {0, "json", NULL, "as JSON", .flag = &v.json},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    cmd_protect_memory(false); /* before the key is read */
    js_wipe_memory();
    enum ww_err err = ww_audit_verify(argv[first], v.key, tell_node, &v, &r, why, sizeof why);
    arena_free(&v.arena);
    if (err) {
        return cmd_fail(v.json, err, "audit_file", NULL, why);
    }
    begin_json(&v);
    if (v.json) {
        cmd_json_close(&v.j, ']');
    }
    return report(&v, &r);
}

int cmd_audit(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"export", export_command, "write the log to a file"},
        {"verify", verify_command, "verify such a file, without the database"},
    };
    return cmd_dispatch(name, "The audit log: who signed in, and what was changed.", commands,
                        sizeof commands / sizeof commands[0], argc, argv);
}
