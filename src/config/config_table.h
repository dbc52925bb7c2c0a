/* The table of settings: everything that a configuration may say and that this version acts on, once.
 * Binding, checks, environment overrides, `config show` and the generated documentation come from it.
 * A second table names the keys that Kratos has and this version does not act on. */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum config_type {
    CONFIG_TEXT,
    CONFIG_BOOL,
    CONFIG_INT,
    CONFIG_SIZE,     /* bytes; "32KB", "128MB", "1GB" are powers of 1024, as Kratos has them */
    CONFIG_DURATION, /* microseconds; "10m", "1h30m", and days: "180d" */
    CONFIG_LIST,     /* of texts; one text alone is a list of one */
    CONFIG_JSON,     /* free in form */
};

struct config_setting {
    const char *key;
    enum config_type type;
    const char *otherwise; /* the default, written as in a file; a list separated by commas; "" for none */
    uint64_t least, most;  /* of the number; of the length in bytes of a text; of the length of a list */
    const char *rule;      /* choices "a|b|c", or the name of a check "<url>" (config_value.c), or "" */
    const char *what;      /* one sentence for the documentation */
};

/* What is accepted and not acted on: the one list, from which warnings and documentation come. */
struct config_foreign {
    const char *key;  /* with all that is below it; some are settings as well, since flows ask for them */
    const char *why;  /* what this version does instead; "": nothing to warn of */
    const char *only; /* of a setting: the value that it always has, or NULL */
};

extern const struct config_setting config_settings[];
extern const size_t config_setting_count;
extern const struct config_foreign config_foreigns[];
extern const size_t config_foreign_count;

#endif
