/* What the files of this module share: the compiled form of a schema, and the steps that make and run it. */
#ifndef SCHEMA_INTERNAL_H
#define SCHEMA_INTERNAL_H

#include "schema.h"

enum {
    SCHEMA_MAX_TEXT = 1 << 20,
    SCHEMA_MAX_SUBSCHEMAS = 10000,
    SCHEMA_MAX_IDS = 500,
    SCHEMA_MAX_NESTING = 64,   /* of the JSON that is a schema, or of what is validated */
    SCHEMA_MAX_CHAIN = 64,     /* schemas that apply to one value through each other: $ref, allOf, if, … */
    SCHEMA_MAX_DEPTH = 600,    /* of checks within checks while validating */
    SCHEMA_BUDGET = 1000000,   /* steps of one validation */
    SCHEMA_MAX_FAILURES = 100, /* leaves that are reported */
    SCHEMA_MAX_PATTERN = 4096, /* bytes of a regular expression */
    SCHEMA_MAX_REGEX_MEMORY = 8 << 20, /* bytes of all regular expressions of a schema, compiled */
    SCHEMA_MAX_TRAITS = 500,
    SCHEMA_MAX_DIVISOR = 18, /* digits of multipleOf: ten times it fits into 64 bits */
};

/* ---- documents compiled into the program (the build makes the array from documents/ and presets/) ---- */
struct schema_document {
    const char *name; /* file name */
    const unsigned char *text;
    size_t size;
};
extern const struct schema_document schema_documents[]; /* ends with a NULL name */
/* p NULL when there is none of that name. */
struct bytes schema_document(const char *name);

/* ---- regular expressions (schema_regex.c) ---- */
struct regex;
enum regex_flavour {
    REGEX_STRICT,  /* ECMA-262 with the u flag, as format "regex" asks */
    REGEX_LENIENT, /* also what RE2 and PCRE add and schemas use: inline flags, \A, \z, [[:alpha:]] */
};
enum regex_result { REGEX_NO_MATCH, REGEX_MATCH, REGEX_LIMIT };
/* WW_EVALIDATION: *why is a constant or arena text. The regex lives until schema_regex_free. */
enum ww_err schema_regex_compile(struct arena *a, struct bytes pattern, enum regex_flavour flavour,
                                 struct regex **out, const char **why) WW_MUST;
enum regex_result schema_regex_match(const struct regex *r, struct bytes text) WW_MUST;
/* Bytes that it takes. */
size_t schema_regex_size(const struct regex *r);
/* r and all that follow it in its list. */
void schema_regex_free(struct regex *r);
void schema_regex_push(struct regex **list, struct regex *r);
/* The ECMA-262 pattern as PCRE2 pattern; NULL: *why is a constant, or NULL when there is no memory. */
char *schema_ecma_translate(struct arena *a, struct bytes pattern, enum regex_flavour flavour,
                            const char **why) WW_MUST;

/* ---- formats (schema_format*.c) ---- */
struct format {
    const char *name;
    bool (*plain)(struct bytes text);
    /* Where memory is needed: WW_OK, WW_EVALIDATION or WW_ENOMEM. */
    enum ww_err (*full)(struct arena *a, struct bytes text);
};
/* NULL for a format that is not known: it then asserts nothing. */
const struct format *schema_format_find(const char *name);
bool schema_format_email(struct bytes text);
bool schema_format_hostname(struct bytes text);
bool schema_format_ipv4(struct bytes text);
bool schema_format_ipv6(struct bytes text);
bool schema_format_date(struct bytes text);
bool schema_format_time(struct bytes text);
bool schema_format_date_time(struct bytes text);
bool schema_format_uri(struct bytes text);
bool schema_format_uri_reference(struct bytes text);
bool schema_format_iri(struct bytes text);
bool schema_format_iri_reference(struct bytes text);
bool schema_format_uri_template(struct bytes text);
enum ww_err schema_format_idn_hostname(struct arena *a, struct bytes text) WW_MUST;
enum ww_err schema_format_idn_email(struct arena *a, struct bytes text) WW_MUST;

/* ---- numbers (schema_number.c) ---- */
/* Whether a is an integer multiple of b > 0, as decimal numbers: 0.0075 is one of 0.0001. */
bool schema_number_multiple_of(const struct js *a, const struct js *b);
enum { NUMBER_TEXT = 40 };
/* Shortest decimal form that reads back as the same number. */
void schema_number_text(char out[NUMBER_TEXT], const struct js *v);

/* ---- references (schema_uri.c), RFC 3986 §5.2 ---- */
/* Of any two texts; NULL when there is no memory. */
char *schema_uri_resolve(struct arena *a, const char *base, const char *reference) WW_MUST;
/* Without its fragment; *fragment is the text behind '#', or "". */
char *schema_uri_without_fragment(struct arena *a, const char *uri, const char **fragment) WW_MUST;
/* Percent-decoding; WW_EINVAL when an escape is broken or gives NUL. */
enum ww_err schema_uri_decode(struct arena *a, const char *text, char **out) WW_MUST;

/* ---- the compiled form ---- */
enum type_bit {
    TYPE_NULL = 1,
    TYPE_BOOLEAN = 2,
    TYPE_OBJECT = 4,
    TYPE_ARRAY = 8,
    TYPE_NUMBER = 16,
    TYPE_STRING = 32,
    TYPE_INTEGER = 64,
};
/* (schema_type.c) The one bit of a value, never TYPE_INTEGER; the name of one bit. */
unsigned schema_type_of(const struct js *v);
const char *schema_type_name(unsigned bit);
/* 0 when there is none of that name. */
unsigned schema_type_named(struct bytes name);

struct subschema;

struct schema_list {
    struct subschema **at;
    size_t n;
};

/* What "properties" and "required" say of one name. */
struct property {
    struct bytes name;
    struct subschema *schema; /* NULL: only required */
    bool required;
};

struct pattern_property {
    struct regex *regex;
    struct subschema *schema;
};

struct dependency {
    struct bytes name;
    struct subschema *schema; /* or: */
    const struct js *names;
};

struct subschema {
    struct subschema *queued; /* next to be compiled */
    const struct js *json;
    const char *place; /* "#/properties/traits" */
    const char *base;  /* URI that references inside it are resolved against */
    unsigned chain;    /* cycle search: 0 not seen, else 1 + longest chain from here */
    bool entered;
    bool never;            /* the schema false */
    struct subschema *ref; /* then nothing else counts */

    unsigned types; /* 0: any */
    const struct js *type_names;
    const struct js *constant, *enumeration;
    const struct format *format;
    const char *format_name, *title, *pattern_text;
    struct regex *pattern;
    const struct js *minimum, *maximum, *exclusive_minimum, *exclusive_maximum, *multiple_of;
    int64_t min_length, max_length, min_items, max_items, min_properties, max_properties; /* -1: absent */
    bool unique_items;
    bool disabled_field; /* disableFormField */

    struct subschema *negated, *condition, *consequence, *alternative;
    struct schema_list all_of, any_of, one_of;

    struct property *properties; /* in the order of "properties", then of "required" */
    size_t property_count;
    const struct property **by_name; /* sorted */
    struct pattern_property *pattern_properties;
    size_t pattern_property_count;
    struct subschema *additional_properties, *property_names;
    struct dependency *dependencies;
    size_t dependency_count;

    struct subschema *items; /* or: */
    struct schema_list item_list;
    bool has_item_list;
    struct subschema *additional_items, *contains;

    unsigned marks;
};

struct schema_program {
    struct subschema *root;
    struct regex *regexes; /* all, for freeing */
};

/* ---- compiling ---- */
/* A document that stands in for the network. */
struct schema_remote {
    const char *uri;
    const struct js *json;
};

struct compile_options {
    bool formats_annotate_only; /* formats assert nothing, as the official suite's required tests expect */
    bool identity;              /* read the ory.sh/kratos and watchword keywords */
    const struct schema_remote *remotes; /* tests only */
    size_t remote_count;
};
enum ww_err schema_compile_with(struct arena *a, const struct js *root, const struct compile_options *options,
                                struct schema_program **out, const char **why) WW_MUST;

struct location {
    const struct js *json;
    const char *place, *base;
    struct subschema *compiled;
};

struct compiler {
    struct arena *a;
    const struct compile_options *options;
    struct schema_program *program;
    const char *why;
    enum ww_err err;
    struct subschema *queue, **queue_end;
    /* index of schema locations, by address of their JSON: open addressing */
    struct location **slots;
    size_t slot_count, location_count;
    struct {
        const char *uri;
        struct location *location;
    } ids[SCHEMA_MAX_IDS];
    size_t id_count;
    size_t regex_memory;
};

/* Keeps the first failure; returns false, so that `return schema_compile_fail(…)` reads well. */
bool schema_compile_fail(struct compiler *c, const char *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool schema_compile_no_memory(struct compiler *c);

/* ---- keywords (schema_keyword.c): one table for indexing and compiling ---- */
enum keyword_kind {
    KEYWORD_SCHEMA,
    KEYWORD_SCHEMA_LIST,
    KEYWORD_SCHEMA_MAP,   /* definitions */
    KEYWORD_PROPERTIES,   /* a map */
    KEYWORD_PATTERNS,     /* a map by regular expression */
    KEYWORD_ITEMS,        /* a schema or a list of them */
    KEYWORD_DEPENDENCIES, /* a map of schemas or lists of names */
    KEYWORD_REQUIRED,
    KEYWORD_TYPE,
    KEYWORD_COUNT,
    KEYWORD_NUMBER,
    KEYWORD_DIVISOR,
    KEYWORD_BOOL,
    KEYWORD_TEXT,
    KEYWORD_PATTERN,
    KEYWORD_FORMAT,
    KEYWORD_ANY,
    KEYWORD_ENUM,
    KEYWORD_DRAFT, /* $schema */
};
struct keyword {
    const char *name;
    enum keyword_kind kind;
    size_t at; /* offset of its member in struct subschema, where the kind alone does not say it */
};
/* NULL for a name that draft-07 does not know. */
const struct keyword *schema_keyword_find(struct bytes name);
/* Compiles one member of s->json into s. */
bool schema_keyword_compile(struct compiler *c, struct subschema *s, const struct js *member);

/* ---- index of locations and references (schema_index.c) ---- */
/* Finds every schema within json, which is one, and the URIs that $id gives. */
bool schema_index_walk(struct compiler *c, const struct js *json, const char *place, const char *base,
                       unsigned depth);
bool schema_index_add_uri(struct compiler *c, const char *uri, struct location *location);
struct location *schema_index_find(const struct compiler *c, const struct js *json);
/* What reference stands for in s; NULL: the compiler has failed. */
struct location *schema_index_resolve(struct compiler *c, const struct subschema *s, const char *reference);
/* The subschema there, queued to be compiled the first time. NULL: failed. */
struct subschema *schema_compile_child(struct compiler *c, const struct js *json);
/* place/key, the key escaped as RFC 6901 says. */
char *schema_place_join(struct arena *a, const char *place, struct bytes key) WW_MUST;

/* ---- identity keywords (schema_extension.c) ---- */
/* Reads the extension keywords of s->json into s->marks. */
bool schema_extension_compile(struct compiler *c, struct subschema *s);
/* Whether a mark asks that the value be an e-mail address. */
bool schema_extension_needs_email(const struct subschema *s);

/* ---- validating (schema_validate.c) and its failures (schema_failure.c) ---- */
/* Where in the instance: a path of these lives on the stack. */
struct spot {
    const struct spot *up;
    struct bytes key;
    size_t index;
    bool in_array;
};

/* A tree of causes, as Kratos prints it. */
struct schema_cause {
    struct schema_cause *next, *first, *last;
    const char *instance, *schema, *text;
    struct schema_failure *failures; /* what of it stands in the list of leaves */
};

struct causes {
    struct schema_cause *first, *last;
    size_t count;
};

struct check {
    struct arena *a;
    uint32_t budget;
    unsigned depth, quiet, leaves;
    bool exhausted, no_memory;
    bool limited; /* a regular expression ran into its limits: then nothing is valid, whatever stands around
                     it */
};

/* Whether v satisfies s. When it does not and the check is not quiet, one cause is added. */
bool schema_check_value(struct check *c, const struct subschema *s, const struct js *v, const struct spot *at,
                        struct causes *out);
/* The same without causes. */
bool schema_check_quietly(struct check *c, const struct subschema *s, const struct js *v);
/* Steps of a regular expression, and of one that ran into its limits. */
enum { REGEX_COST = 300, REGEX_LIMIT_COST = 20000 };
/* Whether text matches, at the budget's cost; one that ran into its limits marks the check. */
bool schema_check_regex(struct check *c, const struct regex *r, struct bytes text);
/* The text, or "" with the check marked as out of memory. */
const char *schema_check_text(struct check *c, const char *text);
/* Takes n steps; false, and from then on always, when the budget is used up. */
bool schema_check_spend(struct check *c, size_t n);
void schema_check_object(struct check *c, const struct subschema *s, const struct js *v,
                         const struct spot *at, struct causes *out);
void schema_check_array(struct check *c, const struct subschema *s, const struct js *v, const struct spot *at,
                        struct causes *out);

void schema_check_string(struct check *c, const struct subschema *s, const struct js *v,
                         const struct spot *at, struct causes *out);
void schema_check_number(struct check *c, const struct subschema *s, const struct js *v,
                         const struct spot *at, struct causes *out);
/* Too few or too many "items" or "properties". */
void schema_check_count_failed(struct check *c, const struct subschema *s, const struct spot *at,
                               struct causes *out, const char *keyword, bool least, const char *things,
                               int64_t limit, size_t actual);

/* Adds a cause without a leaf of its own (its children have them), or NULL. */
struct schema_cause *schema_cause_add(struct check *c, struct causes *out, const struct subschema *s,
                                      const struct spot *at, const char *keyword, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* Whether a leaf would be kept; if not it is only counted, and its text need not be made. */
bool schema_leaf_wanted(struct check *c, struct causes *out);
/* Adds a cause that is a leaf, with its context (NULL: {"reason": text}). */
struct schema_failure *schema_leaf_add(struct check *c, struct causes *out, const struct subschema *s,
                                       const struct spot *at, const char *keyword, struct js *context,
                                       const char *format, ...) __attribute__((format(printf, 7, 8)));
/* Appends; `from` is used up. Counted failures without a cause (quiet checks, too many leaves) count on. */
void schema_causes_move(struct causes *to, const struct causes *from);
void schema_causes_adopt(struct schema_cause *parent, struct causes *children);
/* The leaves of the tree, in order. */
struct schema_failure *schema_causes_leaves(const struct causes *c);
/* A text as Go quotes it with %q; a value as it prints one with %#v. */
const char *schema_go_quote(struct arena *a, struct bytes text);
const char *schema_go_value(struct arena *a, const struct js *v);

/* ---- identity schemas (schema_identity.c) ---- */
/* Compiles s->json and lists its traits. WW_EVALIDATION: *why as of schema_compile. */
enum ww_err schema_identity_compile(struct arena *a, struct identity_schema *s, const char **why) WW_MUST;

#endif
