/* Identity schemas: JSON Schema draft-07, compiled once, with the ory.sh/kratos and watchword extensions.
 *
 * Compiled schemas are immutable and may be used by all threads. A regular expression or a reference can
 * neither hang nor exhaust: PCRE2 runs with match and depth limits (hitting one fails the whole validation),
 * references are resolved at compile time, never fetched, and cycles that consume no input are refused. */
#ifndef SCHEMA_H
#define SCHEMA_H

#include <stdint.h>

#include "js.h"
#include "op.h"

/* ---- validation, any draft-07 schema ---- */
struct schema_program;
struct schema_cause;

/* root: the schema's JSON; it is copied. Memory belongs to `a`, which must outlive the program. On
 * WW_EVALIDATION *why is arena text: "<JSON pointer>: reason". */
enum ww_err schema_compile(struct arena *a, const struct js *root, struct schema_program **out,
                           const char **why) WW_MUST;
/* Releases what PCRE2 holds. NULL is fine. */
void schema_program_free(struct schema_program *p);

/* One leaf failure, with what Kratos' messages need (kratos.md §2.14, §3.4). */
struct schema_failure {
    struct schema_failure *next;
    const char *instance; /* JSON pointer into the instance, "" for the root: "/traits/email" */
    const char *keyword;  /* "required", "minLength", "type", "format", … */
    const char *property; /* required: the missing name; else NULL */
    const char *format;   /* format: its name; else NULL */
    const char *text;     /* the text of Kratos' validator; format quotes the value, as recorded there */
    struct js *context;   /* values by keyword: {"min_length":3,"actual_length":1}, {"pattern":"^a"},
                           * {"allowed_types":[…],"actual_type":"string"} …; the names of kratos.md §3.4;
                           * email and tel {"value":…}; what has no message of its own {"reason":text} */
    const char *schema;   /* pointer into the schema: "#/properties/traits/required" */
    const struct schema_cause *tree; /* of the first in a list: for schema_failure_reason */
};
/* The whole list as one text, as the admin API has it: `I[#/traits] S[#/properties/traits/required] missing
 * properties: "email"`, indented lines where one failure has several causes. NULL when there is no memory. */
char *schema_failure_reason(struct arena *a, const struct schema_failure *list) WW_MUST;
/* WW_OK valid; WW_EVALIDATION with the list of leaves (causes of anyOf/oneOf/allOf/if walked to the leaves,
 * in the order of the schema); WW_ENOMEM. Formats are asserted when the program was compiled by
 * schema_compile. */
enum ww_err schema_validate(struct arena *a, const struct schema_program *p, const struct js *instance,
                            struct schema_failure **out) WW_MUST;

/* ---- identity schemas ---- */
enum schema_mark {
    MARK_PASSWORD_IDENTIFIER = 1,
    MARK_WEBAUTHN_IDENTIFIER = 2,
    MARK_PASSKEY_NAME = 4,
    MARK_TOTP_NAME = 8,
    MARK_CODE_EMAIL = 16,
    MARK_CODE_SMS = 32,
    MARK_VERIFY_EMAIL = 64,
    MARK_VERIFY_SMS = 128,
    MARK_RECOVER_EMAIL = 256,
    MARK_RECOVER_SMS = 512,
    MARK_SEARCHABLE = 1024,
};

/* One leaf of properties.traits, in schema order: what forms are made of (kratos.md §3.2). */
struct subschema;

struct schema_trait {
    struct schema_trait *next;
    const char *path; /* dotted, without "traits.": "name.first" */
    const char *type; /* JSON type: "string", "boolean", "number", "integer", "array", "null"; "" when open */
    const char *item_type;                /* of an array with single-typed items, else "" */
    const char *title, *format, *pattern; /* NULL where absent */
    const struct js *enum_values;         /* array or NULL */
    const struct js *schema;              /* the leaf's own schema */
    const struct subschema *node;         /* the same, compiled; NULL: none below it is known */
    bool required;                        /* by its parent's list */
    bool disabled;                        /* disableFormField */
    unsigned marks;                       /* of this leaf (for an array: of its items) */
};

struct identity_schema {
    const char *id, *url;
    bool selectable;   /* selfservice_selectable */
    struct bytes text; /* as served by GET /schemas/{id} */
    const struct js *json;
    struct schema_program *program; /* validates {"traits": …} */
    struct schema_trait *traits;    /* leaves */
    size_t trait_count;
};

/* Type and format of what stands below a list, by its path from there on: "0", "0.price". Without a type of
 * its own it is "". Bit i of *lists: what the first i + 1 steps lead to is a list, too, and the path goes on.
 */
void schema_element(const struct schema_trait *list, const char *path, struct schema_trait *out,
                    uint64_t *lists);

struct schema_set; /* all schemas of a deployment */

struct schema_source {
    const char *id, *url;
    bool selectable;
};

/* Loads file:// (host part joined to the path, relative to base_dir or the working directory when NULL),
 * base64:// and inline JSON given as "inline:{…}"; at most 1 MiB each. "preset://username", "preset://email",
 * "preset://both" are the presets shipped. http(s) is refused with a text that says so. Anything broken is
 * WW_ECONFIG with field "identity.schemas" and a text with the url and reason. watchword.sealed: WW_ECONFIG,
 * not supported yet. default_id must be one of the ids. The set has an arena of its own. */
enum ww_err schema_set_load(struct ww_op *op, const struct schema_source *sources, size_t n,
                            const char *default_id, const char *base_dir, struct schema_set **out) WW_MUST;
/* The same from the setting identity.schemas, a list of {"id","url","selfservice_selectable"} or NULL:
 * without any it is the preset for e-mail. */
enum ww_err schema_set_load_list(struct ww_op *op, const struct js *list, const char *default_id,
                                 struct schema_set **out) WW_MUST;
void schema_set_free(struct schema_set *s);
const struct identity_schema *schema_default(const struct schema_set *s);
/* By id, or NULL. */
const struct identity_schema *schema_find(const struct schema_set *s, const char *id);
size_t schema_count(const struct schema_set *s);
const struct identity_schema *schema_at(const struct schema_set *s, size_t i);

/* A value that the extension marked, found in traits that are valid. */
struct schema_value {
    struct schema_value *next;
    const char *path; /* dotted trait path */
    const struct js *value;
    unsigned marks;
    const char *format; /* of the leaf, or NULL */
};
/* Walks traits and lists the marked values in schema order; marks that apply through allOf/anyOf/oneOf/if
 * count where that branch validates. */
enum ww_err schema_marked_values(struct arena *a, const struct identity_schema *s, const struct js *traits,
                                 struct schema_value **out) WW_MUST;

#endif
