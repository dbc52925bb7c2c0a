/* `watchword server-key list|add|first|rotate|retire`: from one server key to another (vault.md §13).
 *
 * add and first change the file of the keys and nothing else; a running program reads it when it starts.
 * rotate and retire work on the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd_keys.h"
#include "cmd_site.h"

/* ---- the files ---- */

/* Where the key of this id stands; list.n after a message. */
static size_t find_id(struct cmd_keys *s, const char *id)
{
    size_t i = 0;
    for (char have[CMD_KEY_ID]; i < s->list.n; i++) {
        cmd_keys_id(&s->list.keys[i], have);
        if (strcasecmp(have, id) == 0) {
            break;
        }
    }
    if (i == s->list.n) {
        op_fail(&s->op, WW_ENOTFOUND, "server_key_unknown", "no server key of this id is configured");
    }
    return i;
}

static bool is_in_file(const struct cmd_keys *s, size_t i, const char *path)
{
    return s->list.paths[i] && strcmp(s->list.paths[i], path) == 0;
}

/* The keys of that file in their order, without the one at `without`, and with `front` before the others. */
static enum ww_err replace_file(struct cmd_keys *s, const char *path, size_t without, const struct key *front,
                                const struct key *back)
{
    struct key *keys = ARENA_ARRAY(&s->op.arena, KEYRING_MAX + 2, struct key);
    size_t n = 0;
    if (!keys) {
        return op_no_memory(&s->op);
    }
    if (front) {
        keys[n++] = *front;
    }
    for (size_t i = 0; i < s->list.n; i++) {
        if (i != without && is_in_file(s, i, path)) {
            keys[n++] = s->list.keys[i];
        }
    }
    if (back) {
        keys[n++] = *back;
    }
    return config_key_file_replace(&s->op, path, keys, n);
}

static enum ww_err need_file(struct cmd_keys *s, size_t i)
{
    return s->list.paths[i]
               ? WW_OK
               : op_fail(&s->op, WW_ECONFIG, "server_key_no_file",
                         "this server key comes from WATCHWORD_SERVER_KEY, which a command cannot "
                         "change: give the keys as a file");
}

static void tell_file(const struct cmd_keys *s, const char *id, const char *file, const char *text)
{
    struct cmd_json j = {0};
    if (s->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "id", id);
        cmd_json_text(&j, "file", file);
        cmd_json_close(&j, '}');
    } else {
        printf("%s", text);
    }
}

/* ---- add ---- */

static enum ww_err add(struct cmd_keys *s, char id[CMD_KEY_ID])
{
    KEY32(made);
    char have[CMD_KEY_ID];
    bool taken = true;
    if (s->list.n == KEYRING_MAX) {
        return op_fail(&s->op, WW_EFULL, "server_key_count", "%d server keys are there: retire one first",
                       KEYRING_MAX);
    }
    while (taken) { /* one in four thousand million */
        op_random(&s->op, made.b, sizeof made.b);
        cmd_keys_id(&made, id);
        taken = false;
        for (size_t i = 0; i < s->list.n; i++) {
            cmd_keys_id(&s->list.keys[i], have);
            taken = taken || strcmp(have, id) == 0;
        }
    }
    enum ww_err err = need_file(s, 0);
    return err ? err : replace_file(s, s->list.paths[0], SIZE_MAX, NULL, &made);
}

int cmd_key_add(const char *name, int argc, char **argv)
{
    struct cmd_keys s = {0};
    char id[CMD_KEY_ID];
    int first = 0;
    const struct cmd_usage usage = {name, "-c FILE [--json]",
                                    "Makes another server key and puts it behind those of the file: it opens "
                                    "and does not seal.\nBring the "
                                    "file to every node and start each again; then `server-key first ID`.",
                                    0, 0};
    int code = cmd_keys_begin(&s, &usage, NULL, 0, argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    enum ww_err err = cmd_keys_find(&s, NULL);
    if (err || (err = add(&s, id))) {
        code = cmd_keys_failed(&s, err);
    } else {
        tell_file(&s, id, s.list.paths[0],
                  arena_printf(&s.op.arena,
                               "server key %s was added to %s: it opens, and does not seal yet.\n"
                               "1. Keep a copy of the file apart from the database's backups (`watchword "
                               "server-key export`).\n"
                               "2. Bring the file to every node, and start each again.\n"
                               "3. `watchword server-key first %s`, on every node, and start each again.\n"
                               "4. `watchword server-key rotate`, once.\n",
                               id, s.list.paths[0], id));
        code = CMD_OK;
    }
    cmd_keys_end(&s);
    return code;
}

/* ---- first ---- */

static enum ww_err make_first(struct cmd_keys *s, const char *id, size_t *at)
{
    enum ww_err err = WW_OK;
    *at = find_id(s, id);
    if (*at == s->list.n || (err = need_file(s, 0)) || (err = need_file(s, *at))) {
        return err ? err : WW_ENOTFOUND;
    }
    if (!is_in_file(s, *at, s->list.paths[0])) {
        return op_fail(&s->op, WW_ECONFIG, "server_key_other_file",
                       "this server key lies in %s: name that file first under watchword.server_key_file",
                       s->list.paths[*at]);
    }
    return *at == 0 ? WW_OK : replace_file(s, s->list.paths[0], *at, &s->list.keys[*at], NULL);
}

int cmd_key_first(const char *name, int argc, char **argv)
{
    struct cmd_keys s = {0};
    size_t at;
    int first = 0;
    const struct cmd_usage usage = {name, "-c FILE [--json] ID",
                                    "Makes a server key the one that seals, from the next start on; the "
                                    "others open. Every node must have "
                                    "the\nkey already (`server-key add`).",
                                    1, 1};
    int code = cmd_keys_begin(&s, &usage, NULL, 0, argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    enum ww_err err = cmd_keys_find(&s, NULL);
    if (err || (err = make_first(&s, argv[first], &at))) {
        code = cmd_keys_failed(&s, err);
    } else {
        tell_file(&s, argv[first], s.list.paths[0],
                  arena_printf(&s.op.arena,
                               "server key %s seals from the next start on: start every node again, then "
                               "`watchword server-key rotate`.\n",
                               argv[first]));
        code = CMD_OK;
    }
    cmd_keys_end(&s);
    return code;
}

/* ---- list ---- */

static void print_use(struct cmd_site *s, struct cmd_json *j, const struct ww_server_key *k)
{
    if (s->json) {
        cmd_json_open(j, NULL, '{');
        cmd_json_text(j, "id", k->id);
        cmd_json_bool(j, "configured", k->configured);
        cmd_json_bool(j, "seals", k->seals);
        cmd_json_number(j, "blobs", (int64_t)k->blobs);
        cmd_json_raw(j, "tables", k->tables);
        cmd_json_close(j, '}');
        return;
    }
    printf("%s  %-15s  %llu blob%s", k->id,
           k->seals        ? "seals and opens"
           : k->configured ? "opens"
                           : "MISSING",
           (unsigned long long)k->blobs, k->blobs == 1 ? "" : "s");
    const struct js *tables = cmd_site_parse(s, k->tables);
    for (const struct js *t = tables ? tables->first : NULL; t; t = t->next) {
        printf("%s%s %lld", t == tables->first ? ": " : ", ", (const char *)t->key.p, (long long)t->integer);
    }
    putchar('\n');
}

/* A key that blobs name and that is not there is damage until it is: exit code 3, as at a start. */
static int list(struct cmd_site *s)
{
    const struct ww_server_key *keys;
    struct cmd_json j = {0};
    uint64_t shapeless;
    size_t n;
    bool missing = false;
    enum ww_err err = ww_server_keys(s->op, &keys, &n, &shapeless);
    if (err) {
        return cmd_site_failed(s, err);
    }
    if (s->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_open(&j, "keys", '[');
    }
    for (size_t i = 0; i < n; i++) {
        print_use(s, &j, &keys[i]);
        missing = missing || !keys[i].configured;
    }
    if (s->json) {
        cmd_json_close(&j, ']');
        cmd_json_number(&j, "shapeless", (int64_t)shapeless);
        cmd_json_close(&j, '}');
    } else if (shapeless) {
        printf("%llu blobs are no seal: see `watchword check`\n", (unsigned long long)shapeless);
    }
    return missing ? CMD_CONFIG : CMD_OK;
}

int cmd_key_list(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE [--json]",
        "The server keys by their ids, which one seals, and how many stored blobs "
        "name each, by table.",
        0, 0};
    struct cmd_site s = {.password_fd = -1, .no_migrate = true};
    int first = 0;
    const struct cmd_option options[] = {CMD_SITE_OPTIONS(&s)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON) {
        code = list(&s);
    }
    cmd_site_close(&s);
    return code;
}

/* ---- rotate ---- */

static void step(void *context, size_t done, size_t total)
{
    (void)context;
    cmd_progress("blobs", done, total);
}

static int report(struct cmd_site *s, const struct ww_rotation *r)
{
    struct cmd_json j = {0};
    if (s->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_number(&j, "moved", (int64_t)r->moved);
        cmd_json_number(&j, "left", (int64_t)r->left);
        cmd_json_number(&j, "closed", (int64_t)r->closed);
        cmd_json_close(&j, '}');
    } else {
        printf("sealed %llu blob%s again with the first server key\n", (unsigned long long)r->moved,
               r->moved == 1 ? "" : "s");
    }
    if (r->left > r->closed) {
        fprintf(stderr,
                "watchword: %llu still name another key: something that was not started again writes under "
                "it. Start every node again, and run this once more\n",
                (unsigned long long)(r->left - r->closed));
        return CMD_BUSY;
    }
    if (r->closed) {
        fprintf(stderr, "watchword: %llu are opened by no key: `watchword check` says whose they are\n",
                (unsigned long long)r->closed);
    }
    return r->closed ? CMD_TAMPERED : CMD_OK;
}

int cmd_key_rotate(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE [--json]",
                                    "Seals every blob again with the server key that is first, a few at a "
                                    "time, while the server answers. "
                                    "When it\nis interrupted, run it again. Every node must have been "
                                    "started since the key was made first.",
                                    0, 0};
    struct cmd_site s = {.password_fd = -1};
    struct ww_rotation r = {.size = sizeof r};
    int first = 0;
    const struct cmd_option options[] = {CMD_SITE_OPTIONS(&s)};
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = cmd_site_open(&s, name)) == CMD_GO_ON) {
        enum ww_err err = ww_server_key_rotate(s.op, step, NULL, &r);
        cmd_progress_end();
        code = err ? cmd_site_failed(&s, err) : report(&s, &r);
    }
    cmd_site_close(&s);
    return code;
}

/* ---- retire ---- */

struct retiring {
    struct cmd_keys keys;
    struct cmd_site site;
    const char *keep;
    bool destroy, leave_damaged;
};

/* The copy before the key goes: there is no moment in which it is nowhere. A key that has a file for itself
 * stays in it, since the configuration names that file. */
static enum ww_err take_away(struct retiring *r, size_t at, const char **text)
{
    struct cmd_keys *s = &r->keys;
    const char *path = s->list.paths[at];
    size_t in_file = 0;
    for (size_t i = 0; path && i < s->list.n; i++) {
        in_file += is_in_file(s, i, path);
    }
    enum ww_err err = r->keep ? config_key_file_write(&s->op, r->keep, &s->list.keys[at]) : WW_OK;
    if (!err && in_file > 1) {
        err = replace_file(s, path, at, NULL, NULL);
    }
    *text = in_file > 1 ? "taken out of its file: start every node again"
            : path      ? "named by nothing any more: take its file out of watchword.server_key_file"
                        : "named by nothing any more: take it out of WATCHWORD_SERVER_KEY";
    return err;
}

static int retire(struct retiring *r, const char *id)
{
    const char *text;
    struct cmd_json j = {0};
    enum ww_err err = cmd_keys_find(&r->keys, NULL);
    size_t at = err ? 0 : find_id(&r->keys, id);
    if (err || at == r->keys.list.n) {
        return cmd_keys_failed(&r->keys, err ? err : WW_ENOTFOUND);
    }
    if ((err = ww_server_key_retire(r->site.op, id, r->leave_damaged))) {
        return cmd_site_failed(&r->site, err);
    }
    if ((err = take_away(r, at, &text))) {
        return cmd_keys_failed(&r->keys, err);
    }
    if (r->keys.json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "id", id);
        cmd_json_text(&j, "kept", r->keep);
        cmd_json_close(&j, '}');
    } else {
        printf("server key %s is %s\n", id, text);
    }
    return CMD_OK;
}

int cmd_key_retire(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE (--keep FILE | --destroy) [--leave-damaged] [--json] ID",
                                    "Takes a server key away that no stored blob names any more; else says "
                                    "how many do, and where. What is "
                                    "put\nback from before the rotation then no longer opens. Older backups "
                                    "need the key for as long as they are kept.",
                                    1, 1};
    struct retiring r = {.site = {.password_fd = -1, .no_migrate = true}};
    int first = 0;
    const struct cmd_option more[] = {
        {0, "keep", "FILE", "put the key into a file of its own, which nobody reads", .text = &r.keep},
        {0, "destroy", NULL, "keep no copy: backups from before the rotation cannot be read again",
         .flag = &r.destroy},
        {0, "leave-damaged", NULL, "blobs that no key opens may stay as they are", .flag = &r.leave_damaged},
    };
    int code = cmd_keys_begin(&r.keys, &usage, more, sizeof more / sizeof more[0], argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    if (!r.keep == !r.destroy) {
        code = cmd_usage_error(name, "say either --keep FILE or --destroy");
    } else {
        r.site.files = r.keys.files;
        r.site.dev = r.keys.dev;
        r.site.json = r.keys.json;
        if ((code = cmd_site_open(&r.site, name)) == CMD_GO_ON) {
            code = retire(&r, argv[first]);
        }
    }
    cmd_site_close(&r.site);
    cmd_keys_end(&r.keys);
    return code;
}
