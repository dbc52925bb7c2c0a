/* Finding server keys for the commands (vault.md §4). */
#include "cmd_keys.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OPTIONS_MOST = 8 };

int cmd_keys_failed(struct cmd_keys *s, enum ww_err err)
{
    return cmd_fail(s->json, err, s->op.problem.id, s->op.problem.field, s->op.problem.text);
}

int cmd_keys_begin(struct cmd_keys *s, const struct cmd_usage *usage, const struct cmd_option *more, size_t n,
                   int argc, char **argv, int *first)
{
    struct cmd_option options[OPTIONS_MOST] = {
        {'c', "config", "FILE", "configuration that names the key", .list = &s->files},
        {0, "dev", NULL, "as `serve --dev`", .flag = &s->dev},
        {0, "json", NULL, "as JSON", .flag = &s->json},
    };
    for (size_t i = 0; i < n; i++) {
        options[3 + i] = more[i];
    }
    int code = cmd_options(usage, options, 3 + n, argc, argv, first);
    if (code == CMD_GO_ON) {
        /* Before the first key is read. */
        cmd_protect_memory(s->dev);
        crypto_init();
        op_init(&s->op, NULL, NULL);
    }
    return code;
}

/* The keys are in the operation's memory, which is wiped. */
void cmd_keys_end(struct cmd_keys *s)
{
    config_free(s->config);
    op_free(&s->op);
}

void cmd_keys_id(const struct key *key, char id[CMD_KEY_ID])
{
    snprintf(id, CMD_KEY_ID, "%08x", keyring_key_id(key));
}

/* A passing key of dsn memory is nobody's to keep. */
static enum ww_err keys_of_configuration(struct cmd_keys *s)
{
    enum ww_err err =
        config_load(&s->op, s->files.at, s->files.n, (const char *const *)environ, s->dev, &s->config);
    err = err ? err : config_server_key_list(&s->op, s->config, NULL, &s->list);
    if (err == WW_OK && config_list_count(s->config, "watchword.server_key_file") == 0 &&
        strcmp(config_text(s->config, "dsn"), "memory") == 0) {
        return op_fail(&s->op, WW_ECONFIG, "server_key_missing",
                       "with dsn memory each start has its own server key");
    }
    return err;
}

/* A file that is named needs no configuration: a print is tested where there is only the key. */
enum ww_err cmd_keys_find(struct cmd_keys *s, const char *file)
{
    s->list = (struct config_key_list){.keys = ARENA_ARRAY(&s->op.arena, KEYRING_MAX, struct key),
                                       .paths = ARENA_ARRAY(&s->op.arena, KEYRING_MAX, const char *),
                                       .max = KEYRING_MAX};
    if (!s->list.keys || !s->list.paths) {
        return op_no_memory(&s->op);
    }
    return file ? config_key_file_read(&s->op, file, s->list.keys, s->list.max, &s->list.n)
                : keys_of_configuration(s);
}
