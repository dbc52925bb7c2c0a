/* Settings from the environment, and the directories that it names. */
#include <ctype.h>
#include <string.h>

#include "config_int.h"
#include "config_keys.h"

/* As Kratos names them: session.cookie.name is SESSION_COOKIE_NAME. Two keys that differ in a dot only would
 * share a name; the table has none. */
static void in_capitals(char *key)
{
    for (char *p = key; *p; p++) {
        *p = *p == '.' || *p == '-' ? '_' : (char)toupper((unsigned char)*p);
    }
}

char *config_env_name(struct arena *a, const char *key)
{
    char *name = arena_strdup(a, key);
    if (name) {
        in_capitals(name);
    }
    return name;
}

/* A list is given as JSON or YAML in brackets, or separated by commas, as Kratos takes it. */
static enum ww_err given_list(struct loader *l, const char *source, const char *text, struct node **out)
{
    struct arena *a = &l->config->arena;
    struct node *list = config_node_new(a, NODE_LIST, source, 0);

    while (list && *text) {
        size_t n = strcspn(text, ",");
        const char *begin = text + strspn(text, " "), *end = text + n;
        while (end > begin && end[-1] == ' ') {
            end--;
        }
        struct node *child = config_node_new(a, NODE_GIVEN, source, 0);
        if (!child || !(child->text = arena_strndup(a, begin, end > begin ? (size_t)(end - begin) : 0))) {
            return op_no_memory(l->op);
        }
        config_node_append(list, child);
        text += n + (text[n] == ',');
    }
    *out = list;
    return list ? WW_OK : op_no_memory(l->op);
}

/* A variable has no lines: messages name it alone. */
static void forget_lines(struct node *n)
{
    n->line = 0;
    for (struct node *child = n->first; child; child = child->next) {
        forget_lines(child);
    }
}

/* A value that is a structure is read as YAML, with the limits of a file. */
static enum ww_err given_tree(struct loader *l, const char *source, const char *text, struct node **out)
{
    enum ww_err err = config_yaml_read(l->op, &l->config->arena, source, bytes_str(text), out);
    if (err == WW_OK) {
        forget_lines(*out);
    }
    return err;
}

/* As if it had stood in a file, so that one set of rules judges it. */
enum ww_err config_pair_apply(struct loader *l, const char *source, const char *path, const char *text)
{
    struct arena *a = &l->config->arena;
    struct node *n = NULL;
    int index = config_find(l->config, path);
    enum config_type type = index < 0 ? CONFIG_TEXT : config_settings[index].type;
    enum ww_err err = WW_OK;

    if (strlen(text) > CONFIG_FILE_MOST || strlen(path) >= CONFIG_PATH_MOST) {
        return op_fail(l->op, WW_ECONFIG, "config_bad", "%s: too long", source);
    }
    if (type == CONFIG_JSON || (type == CONFIG_LIST && text[strspn(text, " ")] == '[')) {
        err = given_tree(l, source, text, &n);
    } else if (type == CONFIG_LIST) {
        err = given_list(l, source, text, &n);
    } else {
        n = config_node_new(a, NODE_GIVEN, source, 0);
        if (!n || !(n->text = arena_strdup(a, text))) {
            return op_no_memory(l->op);
        }
    }
    if (err == WW_OK && !config_node_put_path(a, l->root, path, n)) {
        err = config_refuse(l, n, path, "cannot be set: a key above it has a value that is not a section");
    }
    return err;
}

/* The caller's list, not environ: a program that embeds the library decides what it passes. */
static const char *find_variable(const char *const *environment, const char *name)
{
    size_t n = strlen(name);
    for (; *environment; environment++) {
        if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=') {
            return *environment + n + 1;
        }
    }
    return NULL;
}

static enum ww_err apply_key(struct loader *l, const char *const *environment, const char *key)
{
    struct arena *a = &l->config->arena;
    char *name = config_env_name(a, key);
    const char *text = name ? find_variable(environment, name) : NULL;

    if (!name) {
        return op_no_memory(l->op);
    }
    if (!text || !*text) { /* an empty variable is one that is not set, as container tools pass it */
        return WW_OK;
    }
    /* What a refusal names instead of a file and a line. */
    char *source = arena_printf(a, "environment variable %s", name);
    return source ? config_pair_apply(l, source, key, text) : op_no_memory(l->op);
}

/* The key must not lie in ordinary memory of the process longer than the environment itself does. */
static enum ww_err take_server_key(struct loader *l, const char *text)
{
    struct config *c = l->config;
    enum ww_err err = slab_new(&c->slab, 1);
    struct key *key = err == WW_OK ? slab_key(c->slab) : NULL;

    if (!key) {
        return op_no_memory(l->op);
    }
    /* Decoded straight into the slab: there is no second copy to wipe. */
    if (!hex_decode(key->b, sizeof key->b, text)) {
        return op_fail(l->op, WW_ECONFIG, "config_bad",
                       "environment variable WATCHWORD_SERVER_KEY: must be 64 hex digits");
    }
    if (config_key_is_zero(key)) {
        return op_fail(l->op, WW_ECONFIG, "config_bad",
                       "environment variable WATCHWORD_SERVER_KEY: is all zeros, which is no key");
    }
    c->environment_key = key;
    config_warn(l, NULL, NULL,
                "environment variable WATCHWORD_SERVER_KEY: the environment of a process is easily read; "
                "a file named by watchword.server_key_file is safer");
    return WW_OK;
}

/* Where a service manager puts credentials (systemd.exec(5), "Credentials"), and where a user's programs keep
 * their state (XDG Base Directory Specification). */
static bool keep_directories(struct loader *l, const char *const *environment)
{
    struct config *c = l->config;
    const char *credentials = find_variable(environment, "CREDENTIALS_DIRECTORY");
    const char *state = find_variable(environment, "XDG_STATE_HOME");
    const char *home = find_variable(environment, "HOME");

    /* Absolute ones only: a relative directory would mean another one in each program that reads it. */
    if (credentials && *credentials == '/' && !(c->credentials = arena_strdup(&c->arena, credentials))) {
        return false;
    }
    if (state && *state == '/') {
        return (c->state = arena_strdup(&c->arena, state)) != NULL;
    }
    return !home || *home != '/' || (c->state = arena_printf(&c->arena, "%s/.local/state", home)) != NULL;
}

/* Letters of a name that are wrong, at most, and the shortest name that is looked at: "LOG_LEVELS" may be
 * anybody's. */
enum { TYPOS = 2, SHORTEST = 12 };

/* The key of the setting that is nearly called so; NULL when there is none, or one is called exactly so. */
static const char *nearly_called(struct bytes name)
{
    const char *found = NULL;
    size_t best = TYPOS + 1;
    for (size_t i = 0; best > 0 && i < config_setting_count + config_foreign_count; i++) {
        const char *key =
            i < config_setting_count ? config_settings[i].key : config_foreigns[i - config_setting_count].key;
        size_t n = strlen(key);
        char known[CONFIG_PATH_MOST];
        if (n + TYPOS < name.n || name.n + TYPOS < n || n >= sizeof known) {
            continue;
        }
        memcpy(known, key, n + 1);
        in_capitals(known);
        size_t d = bytes_distance(name, BYTES(known, n));
        if (d < best) {
            best = d;
            found = key;
        }
    }
    return best > 0 ? found : NULL;
}

/* A misspelt limit or switch would be passed over without a word. Others have variables, too, so only what is
 * nearly a setting is told. */
static enum ww_err warn_misspelt(struct loader *l, const char *const *environment)
{
    for (; *environment; environment++) {
        size_t n = strcspn(*environment, "=");
        bool could = n >= SHORTEST && strspn(*environment, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == n;
        struct bytes name = BYTES(*environment, n);
        const char *meant =
            could && !bytes_equal(name, bytes_str("WATCHWORD_SERVER_KEY")) ? nearly_called(name) : NULL;
        char *shown = meant ? config_env_name(&l->config->arena, meant) : NULL;
        if (shown) {
            config_warn(l, NULL, NULL, "environment variable %.*s: is no setting; %s is", (int)n,
                        *environment, shown);
        } else if (meant) {
            return op_no_memory(l->op);
        }
    }
    return WW_OK;
}

enum ww_err config_env_apply(struct loader *l, const char *const *environment)
{
    enum ww_err err = keep_directories(l, environment) ? WW_OK : op_no_memory(l->op);

    /* Asked by the table's names, so that no variable of another program is taken for a setting. */
    for (size_t i = 0; err == WW_OK && i < config_setting_count; i++) {
        err = apply_key(l, environment, config_settings[i].key);
    }
    for (size_t i = 0; err == WW_OK && i < config_foreign_count; i++) {
        /* Names of one word ("VERSION", "DEV") mean other things to other programs. */
        if (strchr(config_foreigns[i].key, '.')) {
            err = apply_key(l, environment, config_foreigns[i].key);
        }
    }
    err = err ? err : warn_misspelt(l, environment);
    const char *key = find_variable(environment, "WATCHWORD_SERVER_KEY");
    if (err == WW_OK && key && *key) {
        err = take_server_key(l, key);
    }
    return err;
}
