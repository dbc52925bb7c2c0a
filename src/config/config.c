/* Loading: files, then the environment, bound to the table; and the getters. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_int.h"

/* ---- getters ---- */

/* By halving: settings are read in each request, and there are some two hundred. */
int config_find(const struct config *c, const char *key)
{
    size_t low = 0, high = config_setting_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(config_settings[c->order[middle]].key, key);
        if (order == 0) {
            return c->order[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return -1;
}

/* Keys are constants of the program: a wrong one is a mistake that the first run of a test shows. */
struct value *config_value(const struct config *c, const char *key, enum config_type type)
{
    int i = config_find(c, key);
    bool same = i >= 0 && (config_settings[i].type == type ||
                           /* A size is a whole number of bytes; everything else is asked for by its own type.
                            */
                           (type == CONFIG_INT && config_settings[i].type == CONFIG_SIZE));
    if (!same) {
        abort(); /* a key that is not in the table, or of another type: config.h */
    }
    return &c->values[i];
}

const char *config_text(const struct config *c, const char *key)
{
    return config_value(c, key, CONFIG_TEXT)->text;
}

bool config_bool(const struct config *c, const char *key)
{
    return config_value(c, key, CONFIG_BOOL)->boolean;
}

int64_t config_int(const struct config *c, const char *key)
{
    return (int64_t)config_value(c, key, CONFIG_INT)->number;
}

uint64_t config_duration(const struct config *c, const char *key)
{
    return config_value(c, key, CONFIG_DURATION)->number;
}

size_t config_list_count(const struct config *c, const char *key)
{
    return config_value(c, key, CONFIG_LIST)->count;
}

const char *config_list_at(const struct config *c, const char *key, size_t i)
{
    const struct value *v = config_value(c, key, CONFIG_LIST);
    return i < v->count ? v->list[i] : NULL;
}

const struct js *config_json(const struct config *c, const char *key)
{
    return config_value(c, key, CONFIG_JSON)->json;
}

bool config_is_set(const struct config *c, const char *key)
{
    int i = config_find(c, key);
    if (i < 0) {
        abort();
    }
    return c->values[i].set;
}

size_t config_warning_count(const struct config *c)
{
    return c->warnings->count;
}

const char *config_warning(const struct config *c, size_t i)
{
    return i < c->warnings->count ? c->warnings->line[i] : NULL;
}

bool config_dev(const struct config *c)
{
    return c->dev;
}

/* ---- loading ---- */

static int by_key(const void *a, const void *b)
{
    const uint16_t *left = a, *right = b;
    return strcmp(config_settings[*left].key, config_settings[*right].key);
}

/* The configuration lies in its own arena, which config_free takes out of it first. */
static enum ww_err config_new(struct ww_op *op, bool dev, struct config **out)
{
    /* The faults that tests inject reach loading too. */
    struct arena arena = {.env = op->arena.env};
    struct config *c = ARENA_NEW(&arena, struct config);
    enum ww_err err = WW_OK;

    *out = NULL;
    if (!c) {
        return op_no_memory(op);
    }
    c->arena = arena;
    c->dev = dev;
    c->dir = ".";
    c->values = ARENA_ARRAY(&c->arena, config_setting_count, struct value);
    c->order = ARENA_ARRAY(&c->arena, config_setting_count, uint16_t);
    c->warnings = ARENA_NEW(&c->arena, struct warnings);
    if (!c->values || !c->order || !c->warnings) {
        err = WW_ENOMEM;
    } else {
        c->warnings->arena = &c->arena;
    }
    for (size_t i = 0; err == WW_OK && i < config_setting_count; i++) {
        c->order[i] = (uint16_t)i;
        /* Every setting has a value from the start, so that getters need not know what was configured. */
        err = config_value_default(&c->arena, &config_settings[i], &c->values[i]);
    }
    if (err != WW_OK) {
        config_free(c);
        return err == WW_ENOMEM ? op_no_memory(op)
                                : op_fail(op, err, "internal", "a default in the table of settings is wrong");
    }
    /* The table is in the order of the documents; look-ups go by this one. */
    qsort(c->order, config_setting_count, sizeof c->order[0], by_key);
    *out = c;
    return WW_OK;
}

void config_free(struct config *c)
{
    if (c) {
        struct arena arena = c->arena;
        /* The key first: it is not in the arena. */
        slab_free(c->slab);
        arena_free(&arena);
    }
}

static enum ww_err begin(struct ww_op *op, bool dev, struct loader *l)
{
    *l = (struct loader){.op = op};
    enum ww_err err = config_new(op, dev, &l->config);
    if (err != WW_OK) {
        return err;
    }
    l->root = config_node_new(&l->config->arena, NODE_MAP, "configuration", 0);
    if (!l->root) {
        config_free(l->config);
        return op_no_memory(op);
    }
    return WW_OK;
}

/* A program started from configuration has to say where its data are and what an account is made of. */
static enum ww_err require(struct loader *l)
{
    static const char *const keys[] = {"dsn", "identity.schemas"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!config_is_set(l->config, keys[i])) {
            char *name = config_env_name(&l->op->arena, keys[i]);
            return op_fail(l->op, WW_ECONFIG, "config_bad",
                           "configuration: %s: is required: name a file with -c FILE, or set %s in the "
                           "environment",
                           keys[i], name ? name : "it");
        }
    }
    return WW_OK;
}

/* Everything is in the tree: bind it, or give up. */
static enum ww_err finish(struct loader *l, enum ww_err err, bool whole, struct config **out)
{
    if (err == WW_OK) {
        err = config_bind(l);
    }
    /* After binding: "dsn" may come from the environment, from a file, or from a pair. */
    if (err == WW_OK && whole) {
        err = require(l);
    }
    if (err == WW_OK) {
        err = config_check_all(l);
    }
    if (err == WW_OK && l->config->warnings->failed) {
        err = op_no_memory(l->op);
    }
    if (err == WW_OK) {
        *out = l->config;
    } else {
        config_free(l->config);
    }
    return err;
}

/* Each file becomes a tree first: what is wrong is told with its line, before anything is set. */
static enum ww_err add_text(struct loader *l, const char *source, struct bytes text)
{
    struct arena *a = &l->config->arena;
    struct node *tree = NULL;
    char *name = arena_strdup(a, source);
    enum ww_err err = name ? config_yaml_read(l->op, a, name, text, &tree) : op_no_memory(l->op);

    if (err != WW_OK) {
        return err;
    }
    if (config_node_is_nothing(tree)) {
        return WW_OK;
    }
    if (tree->kind != NODE_MAP) {
        return op_fail(l->op, WW_ECONFIG, "config_bad", "%s:%u: must be a section of keys and values", source,
                       tree->line);
    }
    /* A later file is laid over the earlier ones. */
    config_node_merge(l->root, tree);
    return WW_OK;
}

static enum ww_err read_file(struct ww_op *op, const char *path, int fd, struct bytes *out)
{
    struct stat st;
    /* In the operation's arena: a file may hold a password in its dsn, and the text is wiped when loading
     * ends. */
    uint8_t *p = arena_alloc(&op->arena, CONFIG_FILE_MOST + 1);
    size_t n = 0;

    if (!p) {
        return op_no_memory(op);
    }
    /* A directory opens like a file and fails at the first read, with a reason that helps nobody. */
    if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        return op_fail(op, WW_ECONFIG, "config_bad", "%s: not a file", path);
    }
    while (n <= CONFIG_FILE_MOST) {
        ssize_t got = read(fd, p + n, CONFIG_FILE_MOST + 1 - n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return op_fail(op, WW_ECONFIG, "config_bad", "%s: cannot be read: %s", path, strerror(errno));
        }
        if (got == 0) {
            break;
        }
        n += (size_t)got;
    }
    *out = BYTES(p, n); /* one byte too many is refused by config_yaml_read */
    return WW_OK;
}

static enum ww_err add_file(struct loader *l, const char *path)
{
    struct bytes text = {0};
    /* A pipe is fine here: shells hand over generated files so (`-c <(…)`), and read_file bounds what it
     * takes. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        return op_fail(l->op, WW_ECONFIG, "config_bad", "%s: cannot be opened: %s", path, strerror(errno));
    }
    enum ww_err err = read_file(l->op, path, fd, &text);
    close(fd);
    return err == WW_OK ? add_text(l, path, text) : err;
}

/* Of the first file alone: others are additions to it. */
static enum ww_err keep_dir(struct loader *l, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct arena *a = &l->config->arena;
    const char *dir = !slash ? "." : slash == path ? "/" : arena_strndup(a, path, (size_t)(slash - path));
    /* Not resolved: the site may be moved as a whole while it is stopped. */
    l->config->dir = dir;
    return dir ? WW_OK : op_no_memory(l->op);
}

static enum ww_err add_pair(struct loader *l, size_t number, const char *pair)
{
    struct arena *a = &l->config->arena;
    const char *equals = strchr(pair, '=');
    if (!equals || equals == pair) {
        return op_fail(l->op, WW_ECONFIG, "config_bad", "setting %zu: must be key=value", number);
    }
    /* No setting, since no file may switch it on: it loosens what a file has set. */
    if (strcmp(pair, "dev=true") == 0) {
        l->config->dev = true;
        return WW_OK;
    }
    char *source = arena_printf(a, "setting %zu", number);
    char *path = arena_strndup(a, pair, (size_t)(equals - pair));
    return source && path ? config_pair_apply(l, source, path, equals + 1) : op_no_memory(l->op);
}

enum ww_err config_combine(struct ww_op *op, const struct config_sources *from, struct config **out)
{
    struct loader l;

    *out = NULL;
    enum ww_err err = begin(op, from->dev, &l);
    if (err != WW_OK) {
        return err;
    }
    /* Paths inside of a configuration are relative to its first file, wherever the program was started. */
    if (from->file_count > 0) {
        err = keep_dir(&l, from->files[0]);
    }
    for (size_t i = 0; err == WW_OK && i < from->file_count; i++) {
        err = add_file(&l, from->files[i]);
    }
    /* Default, files, environment, settings: the nearer to the caller, the stronger (docs/DECISIONS.md). */
    if (err == WW_OK && from->environment) {
        err = config_env_apply(&l, from->environment);
    }
    for (size_t i = 0; err == WW_OK && i < from->pair_count; i++) {
        err = add_pair(&l, i + 1, from->pairs[i]);
    }
    /* An embedding program may leave settings out and give them by other means; one started from a file
     * may not. */
    bool program = from->file_count > 0 || (from->environment && from->pair_count == 0);
    return finish(&l, err, program, out);
}

enum ww_err config_load(struct ww_op *op, const char *const *files, size_t n, const char *const *environment,
                        bool dev, struct config **out)
{
    return config_combine(
        op, &(struct config_sources){.files = files, .file_count = n, .environment = environment, .dev = dev},
        out);
}

enum ww_err config_from_pairs(struct ww_op *op, const char *const *pairs, size_t n, struct config **out)
{
    return config_combine(op, &(struct config_sources){.pairs = pairs, .pair_count = n}, out);
}

/* For tests and fuzzers: the same way as a file goes, without one. */
enum ww_err config_from_memory(struct ww_op *op, const char *name, struct bytes text,
                               const char *const *environment, bool dev, struct config **out)
{
    struct loader l;

    *out = NULL;
    enum ww_err err = begin(op, dev, &l);
    if (err != WW_OK) {
        return err;
    }
    err = add_text(&l, name, text);
    if (err == WW_OK && environment) {
        err = config_env_apply(&l, environment);
    }
    return finish(&l, err, false, out);
}
