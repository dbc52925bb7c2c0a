/* The configuration: one table of settings (config_table.h); YAML or JSON files, then environment overrides.
 *
 * Keys are Kratos' where Kratos has the setting (kratos.md §9), our own live under "watchword:" (own-api.md).
 * Unknown and duplicate keys and bad values are refused with file, line and name. Keys that Kratos has and
 * this version does not act on are accepted and each named in a warning. A loaded configuration is immutable
 * and may be used by all threads. */
#ifndef CONFIG_H
#define CONFIG_H

#include "js.h"
#include "op.h"

struct config;

/* Where settings come from: one comes from the last of these that has it. With files, or from the environment
 * alone, dsn and identity.schemas must be there; with pairs alone, or nothing, nothing is required. */
struct config_sources {
    const char *const *files; /* in order, later ones override */
    size_t file_count;
    const char *const *environment; /* NULL-terminated "NAME=value" list (environ), or NULL */
    const char *const *pairs;       /* "key.path=value" each; "dev=true" is the --dev flag */
    size_t pair_count;
    bool dev; /* the --dev flag */
};
/* WW_ECONFIG with text "file:line: key: reason", "environment variable NAME: …" or "setting N: …". */
enum ww_err config_combine(struct ww_op *op, const struct config_sources *from, struct config **out) WW_MUST;

/* files: in order, later ones override. WW_ECONFIG with text "file:line: key: reason". Relative paths inside
 * are taken relative to the process' working directory, as Kratos does. environment: NULL-terminated
 * "NAME=value" list (environ) or NULL for none. dev: the --dev flag. */
enum ww_err config_load(struct ww_op *op, const char *const *files, size_t n, const char *const *environment,
                        bool dev, struct config **out) WW_MUST;
/* The same of pairs alone. */
enum ww_err config_from_pairs(struct ww_op *op, const char *const *pairs, size_t n,
                              struct config **out) WW_MUST;
void config_free(struct config *c);

/* Warnings gathered while loading, each one line. */
/* Adds one; before other threads use the configuration. Copied. */
void config_warning_add(const struct config *c, const char *text);
size_t config_warning_count(const struct config *c);
const char *config_warning(const struct config *c, size_t i);

bool config_dev(const struct config *c);

/* By dotted key, which must be in the table with that type (anything else aborts: a programmer's mistake).
 * Every setting has a value: what was configured, or its default. */
const char *config_text(const struct config *c, const char *key); /* "" when unset and without default */
bool config_bool(const struct config *c, const char *key);
int64_t config_int(const struct config *c, const char *key);       /* also sizes in bytes */
uint64_t config_duration(const struct config *c, const char *key); /* microseconds */
size_t config_list_count(const struct config *c, const char *key); /* a list of texts */
const char *config_list_at(const struct config *c, const char *key, size_t i);
/* A subtree that is free in form (identity.schemas, hooks): its JSON, or NULL. */
const struct js *config_json(const struct config *c, const char *key);
/* Whether it was configured (file or environment) rather than defaulted. */
bool config_is_set(const struct config *c, const char *key);

/* The effective configuration as YAML, secrets replaced by "<hidden>"; for `config show`. */
char *config_show(struct arena *a, const struct config *c) WW_MUST;
/* The same as JSON. */
char *config_show_json(struct arena *a, const struct config *c) WW_MUST;

#endif
