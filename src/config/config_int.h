/* Inside of config: the tree that a file is read into, the loader that binds it, and one value. */
#ifndef CONFIG_INT_H
#define CONFIG_INT_H

#include "config.h"
#include "config_table.h"
#include "secret.h"

enum {
    CONFIG_FILE_MOST = 1 << 20, /* bytes */
    CONFIG_NODES_MOST = 20000,
    CONFIG_MAP_MOST = 1000,
    CONFIG_DEPTH_MOST = LIMIT_JSON_DEPTH - 2, /* a subtree must be writable as JSON */
    CONFIG_PATH_MOST = 256,
    CONFIG_WARNINGS_MOST = 200,
};

enum node_kind {
    NODE_PLAIN,  /* a word that may be a number, a truth or nothing */
    NODE_QUOTED, /* a text */
    NODE_GIVEN,  /* from the environment: whatever the setting's type makes of it */
    NODE_LIST,
    NODE_MAP,
};

/* Where a node was written is kept, so that a refusal can say so. */
struct node {
    enum node_kind kind;
    const char *source; /* file, or "environment variable NAME" */
    unsigned line;      /* of the key where this has one; 0 outside files */
    const char *key;    /* in a map */
    const char *text;   /* NODE_PLAIN, NODE_QUOTED, NODE_GIVEN */
    struct node *first, *last, *next;
    size_t count;
};

struct node *config_node_new(struct arena *a, enum node_kind kind, const char *source, unsigned line);
void config_node_append(struct node *parent, struct node *child);
struct node *config_node_get(const struct node *map, const char *key);
bool config_node_is_nothing(const struct node *n);
/* What `over` says is put over `base`: maps are merged, all else replaced. Both must be maps. */
void config_node_merge(struct node *base, struct node *over);
/* Sets by dotted path, making maps on the way. False where something on the way is no map, or no memory. */
bool config_node_put_path(struct arena *a, struct node *root, const char *path, struct node *value);
/* YAML's core schema: null, truths, numbers, texts. NULL when there is no memory. */
struct js *config_node_to_js(struct arena *a, const struct node *n);

/* One YAML (or JSON) document: *out is a map, or what a single value is. Anchors, aliases, tags, several
 * documents, duplicate keys, and more than the limits above are refused with "source:line: reason". */
enum ww_err config_yaml_read(struct ww_op *op, struct arena *a, const char *source, struct bytes text,
                             struct node **out) WW_MUST;

struct value {
    bool set;
    bool boolean;
    uint64_t number;
    const char *text; /* CONFIG_TEXT; for the others what was written, for config_show */
    const char **list;
    size_t count;
    struct js *json;
    const struct node *node; /* where it was set, or NULL */
};

struct warnings {
    struct arena *arena;
    bool failed; /* one could not be kept: no memory */
    size_t count;
    const char *line[CONFIG_WARNINGS_MOST];
};

void config_warnings_add(struct warnings *w, const char *text);
/* Whether a file lies below the directory of the database (vault.md §4); database_path may be NULL. */
bool config_is_beside_database(const char *path, const char *database_path);

struct config {
    struct arena arena;
    bool dev;
    const char *dir;
    struct warnings *warnings; /* apart, since reading the keys of a constant configuration may add one */
    const char *credentials;   /* $CREDENTIALS_DIRECTORY, or NULL */
    const char *state;         /* $XDG_STATE_HOME or ~/.local/state, or NULL */
    struct value *values;      /* as config_settings */
    uint16_t *order;           /* indexes of config_settings by key */
    struct slab *slab;         /* holds the key of WATCHWORD_SERVER_KEY, when there is one */
    const struct key *environment_key;
};

struct loader {
    struct ww_op *op;
    struct config *config;
    struct node *root;
};

/* "source:line: path: reason" as WW_ECONFIG. */
enum ww_err config_refuse(struct loader *l, const struct node *at, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void config_warn(struct loader *l, const struct node *at, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Index in config_settings, or -1. */
int config_find(const struct config *c, const char *key);
struct value *config_value(const struct config *c, const char *key, enum config_type type);

/* Reads a node by its setting's type into out; otherwise *why says what is wrong, without quoting it. */
enum ww_err config_value_read(struct arena *a, const struct config_setting *s, const struct node *n,
                              struct value *out, const char **why) WW_MUST;
/* The default. */
enum ww_err config_value_default(struct arena *a, const struct config_setting *s, struct value *out) WW_MUST;

/* Puts what the environment or pairs say into the tree. */
enum ww_err config_env_apply(struct loader *l, const char *const *environment) WW_MUST;
enum ww_err config_pair_apply(struct loader *l, const char *source, const char *path,
                              const char *text) WW_MUST;
/* SERVE_PUBLIC_PORT of serve.public.port. */
char *config_env_name(struct arena *a, const char *key);

/* Binds the tree to the table; unknown keys are refused. */
enum ww_err config_bind(struct loader *l) WW_MUST;
/* What concerns several settings: values derived from others, floors, what is accepted but not obeyed. */
enum ww_err config_check_all(struct loader *l) WW_MUST;

/* "server key PATH: reason" as WW_ECONFIG. */
enum ww_err config_key_refuse(struct ww_op *op, const char *path, const char *reason);

/* The way in for tests and fuzzers: as config_load with one file that is in memory. */
enum ww_err config_from_memory(struct ww_op *op, const char *name, struct bytes text,
                               const char *const *environment, bool dev, struct config **out) WW_MUST;

#endif
