/* `watchword item`: what only the user can open, as that user. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd_site.h"
#include "encode.h"

struct item_command {
    struct cmd_site site;
    const char *user, *path, *prefix;
    bool if_absent, force;
    int64_t if_version;
};

/* The options that every item command has, and its sign-in. */
#define ITEM_OPTIONS(c)                                                                                      \
    CMD_SITE_OPTIONS(&(c)->site), CMD_SITE_PASSWORD(&(c)->site),                                             \
    {                                                                                                        \
        'u', "user", "NAME", "whose items: a name that the user signs in with", .text = &(c)->user           \
    }

/* No item without its user's password: the server key alone opens none (vault.md §4). */
static int sign_in(struct item_command *c, const char *name)
{
    if (!c->user) {
        return cmd_usage_error(name, "--user NAME is missing");
    }
    int code = cmd_site_open(&c->site, name);
    return code == CMD_GO_ON ? cmd_site_sign_in(&c->site, c->user) : code;
}

/* A file that is there is a conflict (CMD_EXIT_TABLE), any other failure one of the system. */
static int file_failed(struct item_command *c, const char *what)
{
    char text[1024];
    enum ww_err err = errno == EEXIST ? WW_ECONFLICT : WW_EIO;
    snprintf(text, sizeof text, "%s: %s: %s", c->path ? c->path : "standard stream", what, strerror(errno));
    return cmd_fail(c->site.json, err, "file_failed", NULL, text);
}

static void json_version(struct cmd_json *j, uint64_t version)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)version);
    cmd_json_text(j, "version", text); /* as text, as over HTTP: it may pass 2^53 */
}

/* ---- list ---- */

static void print_entry(struct item_command *c, struct cmd_json *j, const struct ww_item_entry *e)
{
    if (!c->site.json) {
        cmd_print_text(e->name);
        putchar('\n');
        return;
    }
    cmd_json_open(j, NULL, '{');
    cmd_json_text(j, "name", e->name);
    json_version(j, e->version);
    cmd_json_close(j, '}');
}

static int print_items(struct item_command *c)
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_item_entry *const *entries;
    struct cmd_json j = {0};

    if (c->site.json) {
        cmd_json_open(&j, NULL, '[');
    }
    do {
        /* One page after the other, each a read of its own: items that come and go meanwhile may be seen
         * or not. */
        page.token = page.next;
        enum ww_err err = ww_item_list(c->site.op, c->site.session, c->prefix, &page, &entries);
        if (err) {
            return cmd_site_failed(&c->site, err);
        }
        for (size_t i = 0; i < page.count; i++) {
            print_entry(c, &j, entries[i]);
        }
    } while (page.next);
    if (c->site.json) {
        cmd_json_close(&j, ']');
    }
    return CMD_OK;
}

static int list(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name, "-c FILE --user NAME [--prefix TEXT] [--password-fd N] [--json]",
                                    "Lists a user's items in byte order of their names.", 0, 0};
    struct item_command c = {.site = {.password_fd = -1}, .prefix = ""};
    int first = 0;
    const struct cmd_option options[] = {
        ITEM_OPTIONS(&c),
        {0, "prefix", "TEXT", "only names that begin with this", .text = &c.prefix},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = sign_in(&c, name)) == CMD_GO_ON) {
        code = print_items(&c);
    }
    cmd_site_close(&c.site);
    return code;
}

/* ---- get ---- */

static bool write_all(int fd, const void *value, size_t n)
{
    const char *at = value;
    while (n > 0) {
        ssize_t written = write(fd, at, n);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        at += written > 0 ? written : 0;
        n -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

static int write_file(struct item_command *c, const void *value, size_t n)
{
    int how = O_WRONLY | O_CREAT | O_CLOEXEC | (c->force ? O_TRUNC : O_EXCL);
    int fd = open(c->path, how, 0600);
    if (fd < 0) {
        return file_failed(c, "cannot be made");
    }
    bool written = write_all(fd, value, n);
    int code = written ? CMD_OK : file_failed(c, "cannot be written");
    if (close(fd) != 0 && code == CMD_OK) {
        code = file_failed(c, "cannot be written");
    }
    return code;
}

static int print_value(struct item_command *c, const char *item, const void *value, size_t n,
                       const struct ww_item_result *result)
{
    struct cmd_json j = {0};
    char *text;

    if (!c->site.json) {
        return write_all(STDOUT_FILENO, value, n) ? CMD_OK : file_failed(c, "cannot be written");
    }
    text = base64_encode(&c->site.arena, BASE64, BYTES(value, n));
    if (!text) {
        return cmd_fail(true, WW_ENOMEM, NULL, NULL, NULL);
    }
    cmd_json_open(&j, NULL, '{');
    cmd_json_text(&j, "name", item);
    json_version(&j, result->version);
    cmd_json_text(&j, "value", text);
    cmd_json_close(&j, '}');
    return CMD_OK;
}

static int get(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "-c FILE --user NAME [--out FILE [--force]] [--password-fd N] [--json] ITEM",
        "Prints an item's bytes as they are, or with --json in base64.", 1, 1};
    struct item_command c = {.site = {.password_fd = -1}};
    struct ww_item_result result = {.size = sizeof result};
    const void *value;
    size_t n;
    int first = 0;
    const struct cmd_option options[] = {
        ITEM_OPTIONS(&c),
        {'o', "out", "FILE", "write them here instead; the file must be new", .text = &c.path},
        {0, "force", NULL, "the file may be there already", .flag = &c.force},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = sign_in(&c, name)) == CMD_GO_ON) {
        const char *item = argv[first];
        enum ww_err err = ww_item_get(c.site.op, c.site.session, item, &value, &n, &result);
        code = err      ? cmd_site_failed(&c.site, err)
               : c.path ? write_file(&c, value, n)
                        : print_value(&c, item, value, n, &result);
    }
    cmd_site_close(&c.site);
    return code;
}

/* ---- put ---- */

/* One byte more than an item may have, so that the library refuses it by its own limit. */
static int read_value(struct item_command *c, char **value, size_t *n, size_t *size)
{
    int fd = c->path ? open(c->path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    ssize_t got = 1;
    *size = (size_t)ww_setting_int(c->site.ww, "watchword.vault.item_max") + 1;
    *n = 0;
    *value = malloc(*size);
    if (!*value) {
        return cmd_fail(c->site.json, WW_ENOMEM, NULL, NULL, NULL);
    }
    if (fd < 0) {
        return file_failed(c, "cannot be opened");
    }
    while (got != 0 && *n < *size) {
        got = read(fd, *value + *n, *size - *n);
        if (got < 0 && errno != EINTR) {
            break;
        }
        *n += got > 0 ? (size_t)got : 0;
    }
    int code = got < 0 ? file_failed(c, "cannot be read") : CMD_GO_ON;
    if (c->path) {
        close(fd);
    }
    return code;
}

/* The condition is held against the item in the transaction that writes it: two commands at once cannot
 * both win. */
static int put_value(struct item_command *c, const char *item, const char *value, size_t n)
{
    struct ww_item_condition condition = {sizeof condition, (uint64_t)c->if_version, c->if_absent};
    struct ww_item_result result = {.size = sizeof result};
    struct cmd_json j = {0};
    enum ww_err err = ww_item_put(c->site.op, c->site.session, item, value, n, &condition, &result);
    if (err) {
        return cmd_site_failed(&c->site, err);
    }
    if (!c->site.json) {
        printf("%s, version %llu\n", result.created ? "created" : "replaced",
               (unsigned long long)result.version);
        return CMD_OK;
    }
    cmd_json_open(&j, NULL, '{');
    cmd_json_text(&j, "name", item);
    json_version(&j, result.version);
    cmd_json_bool(&j, "created", result.created);
    cmd_json_close(&j, '}');
    return CMD_OK;
}

static int put(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name,
        "-c FILE --user NAME [--in FILE] [--if-absent | --if-version N] [--password-fd N] [--json] ITEM",
        "Stores an item: standard input, or a file.\nWith --password-fd 0 the first line of standard input "
        "is "
        "the password and the rest the value.",
        1, 1};
    struct item_command c = {.site = {.password_fd = -1}};
    char *value = NULL;
    size_t n = 0, size = 0;
    int first = 0;
    const struct cmd_option options[] = {
        ITEM_OPTIONS(&c),
        {'i', "in", "FILE", "the value is in this file", .text = &c.path},
        {0, "if-absent", NULL, "only when there is none of that name", .flag = &c.if_absent},
        {0, "if-version", "N", "only when this is its version", .number = &c.if_version},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = sign_in(&c, name)) == CMD_GO_ON &&
        (code = read_value(&c, &value, &n, &size)) == CMD_GO_ON) {
        code = put_value(&c, argv[first], value, n);
    }
    if (value) {
        /* All that was allocated, not only what was read. */
        explicit_bzero(value, size);
        free(value);
    }
    cmd_site_close(&c.site);
    return code;
}

/* ---- delete ---- */

static int delete_value(struct item_command *c, const char *item)
{
    struct ww_item_condition condition = {sizeof condition, (uint64_t)c->if_version, false};
    struct cmd_json j = {0};
    enum ww_err err = ww_item_delete(c->site.op, c->site.session, item, &condition);
    if (err) {
        return cmd_site_failed(&c->site, err);
    }
    if (!c->site.json) {
        puts("deleted");
        return CMD_OK;
    }
    cmd_json_open(&j, NULL, '{');
    cmd_json_text(&j, "deleted", item);
    cmd_json_close(&j, '}');
    return CMD_OK;
}

static int delete_(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {name,
                                    "-c FILE --user NAME [--if-version N] [--password-fd N] [--json] ITEM",
                                    "Deletes an item.", 1, 1};
    struct item_command c = {.site = {.password_fd = -1}};
    int first = 0;
    const struct cmd_option options[] = {
        ITEM_OPTIONS(&c),
        {0, "if-version", "N", "only when this is its version", .number = &c.if_version},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code == CMD_GO_ON && (code = sign_in(&c, name)) == CMD_GO_ON) {
        code = delete_value(&c, argv[first]);
    }
    cmd_site_close(&c.site);
    return code;
}

int cmd_item(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"list", list, "list the names of a user's items"},
        {"get", get, "print an item or write it to a file"},
        {"put", put, "store an item"},
        {"delete", delete_, "delete an item"},
    };
    return cmd_dispatch(name, "A user's items, as that user: all ask for the user's password.", commands,
                        sizeof commands / sizeof commands[0], argc, argv);
}
