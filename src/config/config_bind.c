/* From the tree of a file to the table of settings: unknown keys are refused, with what was meant. */
#include <stdarg.h>
#include <string.h>

#include "config_int.h"

/* ---- refusals and warnings ---- */

__attribute__((format(printf, 4, 0))) static char *vmessage(struct arena *a, const struct node *at,
                                                            const char *path, const char *format, va_list ap)
{
    char *reason = arena_vprintf(a, format, ap);
    if (!reason || !path) {
        return reason;
    }
    /* A setting that was nowhere written: only its key can be named. */
    if (!at) {
        return arena_printf(a, "%s: %s", path, reason);
    }
    if (at->line == 0) {
        return arena_printf(a, "%s: %s: %s", at->source, path, reason);
    }
    return arena_printf(a, "%s:%u: %s: %s", at->source, at->line, path, reason);
}

/* A refusal names file, line and key, never the value: that of a dsn or of a hook may be a password. */
enum ww_err config_refuse(struct loader *l, const struct node *at, const char *path, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *text = vmessage(&l->op->arena, at, path, format, ap);
    va_end(ap);
    return text ? op_fail(l->op, WW_ECONFIG, "config_bad", "%s", text) : op_no_memory(l->op);
}

void config_warnings_add(struct warnings *w, const char *text)
{
    if (!text) {
        w->failed = true;
        /* Later ones are dropped: who has so many has begun to read. */
    } else if (w->count < CONFIG_WARNINGS_MOST) {
        w->line[w->count++] = text;
    }
}

void config_warn(struct loader *l, const struct node *at, const char *path, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    config_warnings_add(l->config->warnings, vmessage(&l->config->arena, at, path, format, ap));
    va_end(ap);
}

/* ---- what a path is ---- */

static bool is_section(const char *path)
{
    size_t n = strlen(path);
    for (size_t i = 0; i < config_setting_count; i++) {
        /* The table has leaves only; what begins one of them is a section. */
        const char *key = config_settings[i].key;
        if (strncmp(key, path, n) == 0 && key[n] == '.') {
            return true;
        }
    }
    for (size_t i = 0; i < config_foreign_count; i++) {
        const char *key = config_foreigns[i].key;
        if (strncmp(key, path, n) == 0 && key[n] == '.') {
            return true;
        }
    }
    return false;
}

/* Keys of Kratos that are accepted and not obeyed: each is warned of, with the reason. */
static const struct config_foreign *find_foreign(const char *path)
{
    for (size_t i = 0; i < config_foreign_count; i++) {
        if (strcmp(config_foreigns[i].key, path) == 0) {
            return &config_foreigns[i];
        }
    }
    return NULL;
}

struct nearest {
    const char *key; /* the whole known key */
    size_t length;   /* of its part that is suggested */
    size_t distance;
};

/* Compares the wrong word with the word that stands in its place in a known key. Only within the same
 * section: "public" is near "publix" whichever of fifty keys has it. */
static void consider(struct nearest *best, const char *key, size_t parent, const char *word)
{
    const char *there = key + parent;
    size_t n = strcspn(there, ".");
    size_t d = bytes_distance(bytes_str(word), BYTES(there, n));
    if (d < best->distance) {
        *best = (struct nearest){key, parent + n, d};
    }
}

/* A known key whose last word is the wrong one: it was written in the wrong section. */
static const char *elsewhere(const char *word)
{
    for (size_t i = 0; i < config_setting_count; i++) {
        const char *dot = strrchr(config_settings[i].key, '.');
        if (dot && strcmp(dot + 1, word) == 0) {
            return config_settings[i].key;
        }
    }
    return NULL;
}

/* Refused and not ignored: a limit or a switch that is spelled wrong would silently not hold. */
static enum ww_err refuse_unknown(struct loader *l, const struct node *n, const char *path)
{
    const char *dot = strrchr(path, '.');
    size_t parent = dot ? (size_t)(dot - path) + 1 : 0, length = strlen(n->key);
    /* Closer than a third of the word: a suggestion further off would be a guess. */
    struct nearest best = {NULL, 0, length / 3 + 1 < 4 ? length / 3 + 1 : 4};

    for (size_t i = 0; i < config_setting_count; i++) {
        if (strncmp(config_settings[i].key, path, parent) == 0) {
            consider(&best, config_settings[i].key, parent, n->key);
        }
    }
    for (size_t i = 0; i < config_foreign_count; i++) {
        if (strncmp(config_foreigns[i].key, path, parent) == 0) {
            consider(&best, config_foreigns[i].key, parent, n->key);
        }
    }
    if (best.key) {
        return config_refuse(l, n, path, "unknown key; did you mean %.*s?", (int)best.length, best.key);
    }
    const char *other = elsewhere(n->key);
    return other ? config_refuse(l, n, path, "unknown key; did you mean %s?", other)
                 : config_refuse(l, n, path, "unknown key");
}

/* ---- binding ---- */

/* By the type in the table: from here on nobody reads texts of the file. */
static enum ww_err bind_value(struct loader *l, const struct node *n, const char *path, int index)
{
    struct config *c = l->config;
    const char *why = NULL;
    enum ww_err err = config_value_read(&c->arena, &config_settings[index], n, &c->values[index], &why);
    if (err == WW_ENOMEM) {
        return op_no_memory(l->op);
    }
    return err == WW_OK ? WW_OK : config_refuse(l, n, path, "%s", why);
}

/* Settings below a free subtree are bound as well; what else is there stays free. */
static enum ww_err bind_inside(struct loader *l, const struct node *map, const char *path)
{
    for (const struct node *n = map->kind == NODE_MAP ? map->first : NULL; n; n = n->next) {
        /* Kratos has free subtrees (identity traits, hooks) with settings of its own inside them. */
        char *inner = arena_printf(&l->op->arena, "%s.%s", path, n->key);
        int index = inner ? config_find(l->config, inner) : -1;
        enum ww_err err = !inner ? op_no_memory(l->op) : index < 0 ? WW_OK : bind_value(l, n, inner, index);
        if (err != WW_OK) {
            return err;
        }
    }
    return WW_OK;
}

static enum ww_err bind_section(struct loader *l, const struct node *map, const char *prefix);

/* In this order: what is acted on, what Kratos has and is named as not acted on, sections, and then
 * nothing is left but a mistake. */
static enum ww_err bind_node(struct loader *l, const struct node *n, const char *path)
{
    int index = config_find(l->config, path);
    const struct config_foreign *foreign = find_foreign(path);

    if (index >= 0) {
        enum ww_err err = bind_value(l, n, path, index);
        return err == WW_OK && config_settings[index].type == CONFIG_JSON ? bind_inside(l, n, path) : err;
    }
    if (foreign) {
        if (*foreign->why) {
            config_warn(l, n, path, "a setting of Kratos that is not acted on: %s", foreign->why);
        }
        return WW_OK;
    }
    if (!is_section(path)) {
        return refuse_unknown(l, n, path);
    }
    if (config_node_is_nothing(n)) { /* a section whose keys are all commented out */
        return WW_OK;
    }
    return n->kind == NODE_MAP ? bind_section(l, n, path)
                               : config_refuse(l, n, path, "must be a section of keys and values");
}

/* Before it stands in a message: a key is as much from outside as a value. */
static bool is_printable(const char *key)
{
    for (; *key; key++) {
        if ((unsigned char)*key <= ' ' || (unsigned char)*key >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* Recursion ends where the table's keys do. */
static enum ww_err bind_section(struct loader *l, const struct node *map, const char *prefix)
{
    for (const struct node *n = map->first; n; n = n->next) {
        /* Bounded and printable before it stands in a message on somebody's terminal. */
        bool odd = !*n->key || strlen(n->key) > 64 || !is_printable(n->key);
        if (odd) {
            return config_refuse(l, n, *prefix ? prefix : "configuration", "holds a key that cannot be one");
        }
        char *path = arena_printf(&l->op->arena, "%s%s%s", prefix, *prefix ? "." : "", n->key);
        if (!path) {
            return op_no_memory(l->op);
        }
        /* "a.b" as one key would be another place than a: {b: …}, and the last of the two would win
         * unseen. */
        enum ww_err err = strchr(n->key, '.')
                              ? config_refuse(l, n, n->key, "a key with dots is written as sections")
                              : bind_node(l, n, path);
        if (err != WW_OK) {
            return err;
        }
    }
    return WW_OK;
}

enum ww_err config_bind(struct loader *l)
{
    return bind_section(l, l->root, "");
}
