/* `watchword config`: checks and shows a configuration, lists the settings for the documentation. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "config.h"
#include "config_table.h"
#include "schema.h"
#include "secret.h"

/* ---- check and show ---- */

struct loading {
    struct cmd_list files;
    bool dev, json;
    struct ww_op op;
    struct config *config;
};

/* Read as `serve` reads it, without a store or a key: it may run anywhere. */
static int load(struct loading *l, const struct cmd_usage *usage, int argc, char **argv)
{
    int first = 0;
    const struct cmd_option options[] = {
        {'c', "config", "FILE", "configuration; later ones override", .list = &l->files},
        {0, "dev", NULL, "as `serve --dev` would take it", .flag = &l->dev},
        {0, "json", NULL, "as JSON", .flag = &l->json},
    };
    int code = cmd_options(usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    crypto_init();
    op_init(&l->op, NULL, NULL);
    enum ww_err err =
        config_load(&l->op, l->files.at, l->files.n, (const char *const *)environ, l->dev, &l->config);
    return err == WW_OK ? CMD_GO_ON
                        : cmd_fail(l->json, err, l->op.problem.id, l->op.problem.field, l->op.problem.text);
}

static void unload(struct loading *l)
{
    config_free(l->config);
    op_free(&l->op);
}

/* Warnings on standard output here: they are what was asked for. */
static void print_checked(const struct loading *l)
{
    size_t n = config_warning_count(l->config);
    struct cmd_json j = {0};

    if (!l->json) {
        for (size_t i = 0; i < n; i++) {
            printf("warning: %s\n", config_warning(l->config, i));
        }
        printf("the configuration is right, with %zu warning%s\n", n, n == 1 ? "" : "s");
        return;
    }
    cmd_json_open(&j, NULL, '{');
    cmd_json_bool(&j, "ok", true);
    cmd_json_open(&j, "warnings", '[');
    for (size_t i = 0; i < n; i++) {
        cmd_json_text(&j, NULL, config_warning(l->config, i));
    }
    cmd_json_close(&j, ']');
    cmd_json_close(&j, '}');
}

/* The start refuses a schema that is not understood whole; whoever checks first wants to know it first. */
static int check_schemas(struct loading *l)
{
    struct schema_set *set = NULL;
    enum ww_err err = schema_set_load_list(&l->op, config_json(l->config, "identity.schemas"),
                                           config_text(l->config, "identity.default_schema_id"), &set);
    schema_set_free(set);
    return err == WW_OK ? CMD_GO_ON
                        : cmd_fail(l->json, err, l->op.problem.id, l->op.problem.field, l->op.problem.text);
}

static int check(const char *name, int argc, char **argv)
{
    static const char about[] =
        "Reads a configuration and its schemas as `serve` would, and says what is wrong "
        "with them.";
    const struct cmd_usage usage = {name, "[-c FILE]... [--dev] [--json]", about, 0, 0};
    struct loading l = {0};
    int code = load(&l, &usage, argc, argv);

    if (code == CMD_GO_ON && (code = check_schemas(&l)) == CMD_GO_ON) {
        print_checked(&l);
        code = CMD_OK;
    }
    unload(&l);
    return code;
}

/* What is in effect, secrets hidden: a DSN's password and inline keys (config_show.c), so that it can be
 * pasted into a report. */
static int show(const char *name, int argc, char **argv)
{
    static const char about[] = "Prints every setting as it is in effect, secrets hidden.";
    const struct cmd_usage usage = {name, "[-c FILE]... [--dev] [--json]", about, 0, 0};
    struct loading l = {0};
    int code = load(&l, &usage, argc, argv);

    if (code == CMD_GO_ON) {
        char *text = l.json ? config_show_json(&l.op.arena, l.config) : config_show(&l.op.arena, l.config);
        if (text) {
            printf("%s%s", text, l.json ? "\n" : "");
            code = CMD_OK;
        } else {
            code = cmd_fail(l.json, WW_ENOMEM, NULL, NULL, NULL);
        }
    }
    unload(&l);
    return code;
}

/* ---- the list of settings, from which docs/generated is made ---- */

static const char *const type_names[] = {
    [CONFIG_TEXT] = "text",         [CONFIG_BOOL] = "true or false", [CONFIG_INT] = "number",
    [CONFIG_SIZE] = "size",         [CONFIG_DURATION] = "duration",  [CONFIG_LIST] = "list",
    [CONFIG_JSON] = "free in form",
};

/* Why a setting is accepted only, or NULL. */
static const char *not_acted_on(const char *key)
{
    for (size_t i = 0; i < config_foreign_count; i++) {
        if (strcmp(config_foreigns[i].key, key) == 0) {
            return config_foreigns[i].why;
        }
    }
    return NULL;
}

/* docs/generated/settings.md is this text: documents and program cannot differ. */
static void print_markdown(struct arena *a)
{
    printf(
        "# Settings\n\n"
        "Each can be set in the file, or by an environment variable: the key in capitals with dots as "
        "underscores\n(`SERVE_PUBLIC_PORT`). Sizes are written like `64MB`, durations like `15m`, `1h30m` or "
        "`30d`.\n\n"
        "| key | type | default | what it does |\n|---|---|---|---|\n");
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct config_setting *s = &config_settings[i];
        const char *rule = *s->rule && *s->rule != '<' ? s->rule : type_names[s->type];
        char *shown = arena_strdup(a, rule);
        for (char *p = shown; p && *p; p++) {
            *p = *p == '|' ? '/' : *p; /* a bar would end the cell */
        }
        const char *unheeded = not_acted_on(s->key);
        printf("| `%s` | %s | %s%s%s | %s%s%s%s |\n", s->key, shown ? shown : "", *s->otherwise ? "`" : "",
               s->otherwise, *s->otherwise ? "`" : "", s->what, unheeded ? " Not acted on: " : "",
               unheeded ? unheeded : "", unheeded ? "." : "");
    }
    printf("\n# Settings that are accepted and not acted on\n\n| key, and all below it | why |\n"
           "|---|---|\n");
    for (size_t i = 0; i < config_foreign_count; i++) {
        printf("| `%s` | %s |\n", config_foreigns[i].key, config_foreigns[i].why);
    }
}

static void print_settings_json(void)
{
    struct cmd_json j = {0};

    cmd_json_open(&j, NULL, '{');
    cmd_json_open(&j, "settings", '[');
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct config_setting *s = &config_settings[i];
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "key", s->key);
        cmd_json_text(&j, "type", type_names[s->type]);
        cmd_json_text(&j, "default", s->otherwise);
        cmd_json_number(&j, "least", (int64_t)s->least);
        cmd_json_number(&j, "most", (int64_t)s->most);
        cmd_json_text(&j, "rule", s->rule);
        cmd_json_text(&j, "what", s->what);
        cmd_json_close(&j, '}');
    }
    cmd_json_close(&j, ']');
    cmd_json_open(&j, "not_acted_on", '[');
    for (size_t i = 0; i < config_foreign_count; i++) {
        cmd_json_text(&j, NULL, config_foreigns[i].key);
    }
    cmd_json_close(&j, ']');
    cmd_json_close(&j, '}');
}

static int keys(const char *name, int argc, char **argv)
{
    bool json = false;
    int first = 0;
    const struct cmd_option options[] = {{0, "json", NULL, "as JSON instead of Markdown", .flag = &json}};
    const struct cmd_usage usage = {name, "[--json]", "Lists every setting.", 0, 0};
    int code = cmd_options(&usage, options, 1, argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    if (json) {
        print_settings_json();
    } else {
        struct arena arena = {0};
        print_markdown(&arena);
        arena_free(&arena);
    }
    return CMD_OK;
}

int cmd_config(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"check", check, "say what is wrong with a configuration"},
        {"show", show, "print every setting as it is in effect"},
        {"keys", keys, "list the settings that there are"},
    };
    return cmd_dispatch(name, "Looks at configurations.", commands, 3, argc, argv);
}
