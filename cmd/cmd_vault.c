/* What the commands on a user's vault share: signing in, values in and out. */
#include "cmd_vault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "encode.h"

/* Nothing without its user's password: the server key alone opens no vault (vault.md §4). */
int cmd_vault_sign_in(struct cmd_vault *c, const char *name)
{
    if (!c->user) {
        return cmd_usage_error(name, "--user NAME is missing");
    }
    int code = cmd_site_open(&c->site, name);
    return code == CMD_GO_ON ? cmd_site_sign_in(&c->site, c->user) : code;
}

/* A file that is there is a conflict (CMD_EXIT_TABLE), any other failure one of the system. */
static int file_failed(struct cmd_vault *c, const char *path, const char *what)
{
    char text[1024];
    enum ww_err err = errno == EEXIST ? WW_ECONFLICT : WW_EIO;
    snprintf(text, sizeof text, "%s: %s: %s", path ? path : "standard stream", what, strerror(errno));
    return cmd_fail(c->site.json, err, "file_failed", NULL, text);
}

/* ---- values in ---- */

/* All that was allocated, not only what was read. */
void cmd_value_wipe(struct cmd_value *v)
{
    if (v->p) {
        explicit_bzero(v->p, v->size);
        free(v->p);
    }
    *v = (struct cmd_value){0};
}

size_t cmd_vault_item_max(const struct cmd_vault *c)
{
    return (size_t)ww_setting_int(c->site.ww, "watchword.vault.item_max");
}

int cmd_vault_read(struct cmd_vault *c, size_t most, struct cmd_value *out)
{
    int fd = c->in ? open(c->in, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    ssize_t got = 1;
    if (fd < 0) {
        return file_failed(c, c->in, "cannot be opened");
    }
    out->n = 0;
    out->size = most + 1;
    out->p = malloc(out->size);
    while (out->p && got != 0 && out->n < out->size) {
        got = read(fd, out->p + out->n, out->size - out->n);
        if (got < 0 && errno != EINTR) {
            break;
        }
        out->n += got > 0 ? (size_t)got : 0;
    }
    int code = !out->p   ? cmd_fail(c->site.json, WW_ENOMEM, NULL, NULL, NULL)
               : got < 0 ? file_failed(c, c->in, "cannot be read")
                         : CMD_GO_ON;
    if (c->in) {
        close(fd);
    }
    return code;
}

/* ---- values out ---- */

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

static int write_file(struct cmd_vault *c, const void *value, size_t n)
{
    int how = O_WRONLY | O_CREAT | O_CLOEXEC | (c->force ? O_TRUNC : O_EXCL);
    int fd = open(c->out, how, 0600);
    if (fd < 0) {
        return file_failed(c, c->out, "cannot be made");
    }
    bool written = write_all(fd, value, n);
    int code = written ? CMD_OK : file_failed(c, c->out, "cannot be written");
    if (close(fd) != 0 && code == CMD_OK) {
        code = file_failed(c, c->out, "cannot be written");
    }
    return code;
}

void cmd_vault_json_version(struct cmd_json *j, uint64_t version)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)version);
    cmd_json_text(j, "version", text); /* as text, as over HTTP: it may pass 2^53 */
}

int cmd_vault_give(struct cmd_vault *c, const char *name, const char *from, const void *value, size_t n,
                   uint64_t version)
{
    struct cmd_json j = {0};
    if (c->out) {
        return write_file(c, value, n);
    }
    if (!c->site.json) {
        return write_all(STDOUT_FILENO, value, n) ? CMD_OK : file_failed(c, c->out, "cannot be written");
    }
    char *text = base64_encode(&c->site.arena, BASE64, BYTES(value, n));
    if (!text) {
        return cmd_fail(true, WW_ENOMEM, NULL, NULL, NULL);
    }
    cmd_json_open(&j, NULL, '{');
    if (name) {
        cmd_json_text(&j, "name", name);
    }
    if (from) {
        cmd_json_text(&j, "from", from);
    }
    if (version) {
        cmd_vault_json_version(&j, version);
    }
    cmd_json_text(&j, "value", text);
    cmd_json_close(&j, '}');
    return CMD_OK;
}

/* ---- what was done ---- */

int cmd_vault_put_done(struct cmd_vault *c, const char *name, const struct ww_item_result *result)
{
    struct cmd_json j = {0};
    if (!c->site.json) {
        printf("%s, version %llu\n", result->created ? "created" : "replaced",
               (unsigned long long)result->version);
        return CMD_OK;
    }
    cmd_json_open(&j, NULL, '{');
    cmd_json_text(&j, "name", name);
    cmd_vault_json_version(&j, result->version);
    cmd_json_bool(&j, "created", result->created);
    cmd_json_close(&j, '}');
    return CMD_OK;
}

int cmd_vault_done(struct cmd_vault *c, const char *key, const char *name)
{
    struct cmd_json j = {0};
    if (!c->site.json) {
        puts(key);
        return CMD_OK;
    }
    cmd_json_open(&j, NULL, '{');
    cmd_json_text(&j, key, name);
    cmd_json_close(&j, '}');
    return CMD_OK;
}
