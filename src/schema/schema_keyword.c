/* The keywords of draft-07: what each must be, and where its value goes. */
#include <stdlib.h>
#include <string.h>

#include "schema_int.h"

#define AT(member) offsetof(struct subschema, member)

static const struct keyword keywords[] = {
    {"type", KEYWORD_TYPE, 0},
    {"properties", KEYWORD_PROPERTIES, 0},
    {"required", KEYWORD_REQUIRED, 0},
    {"items", KEYWORD_ITEMS, 0},
    {"enum", KEYWORD_ENUM, 0},
    {"const", KEYWORD_ANY, AT(constant)},
    {"format", KEYWORD_FORMAT, 0},
    {"pattern", KEYWORD_PATTERN, 0},
    {"minLength", KEYWORD_COUNT, AT(min_length)},
    {"maxLength", KEYWORD_COUNT, AT(max_length)},
    {"minItems", KEYWORD_COUNT, AT(min_items)},
    {"maxItems", KEYWORD_COUNT, AT(max_items)},
    {"minProperties", KEYWORD_COUNT, AT(min_properties)},
    {"maxProperties", KEYWORD_COUNT, AT(max_properties)},
    {"minimum", KEYWORD_NUMBER, AT(minimum)},
    {"maximum", KEYWORD_NUMBER, AT(maximum)},
    {"exclusiveMinimum", KEYWORD_NUMBER, AT(exclusive_minimum)},
    {"exclusiveMaximum", KEYWORD_NUMBER, AT(exclusive_maximum)},
    {"multipleOf", KEYWORD_DIVISOR, AT(multiple_of)},
    {"uniqueItems", KEYWORD_BOOL, AT(unique_items)},
    {"title", KEYWORD_TEXT, AT(title)},
    {"allOf", KEYWORD_SCHEMA_LIST, AT(all_of)},
    {"anyOf", KEYWORD_SCHEMA_LIST, AT(any_of)},
    {"oneOf", KEYWORD_SCHEMA_LIST, AT(one_of)},
    {"not", KEYWORD_SCHEMA, AT(negated)},
    {"if", KEYWORD_SCHEMA, AT(condition)},
    {"then", KEYWORD_SCHEMA, AT(consequence)},
    {"else", KEYWORD_SCHEMA, AT(alternative)},
    {"additionalProperties", KEYWORD_SCHEMA, AT(additional_properties)},
    {"propertyNames", KEYWORD_SCHEMA, AT(property_names)},
    {"additionalItems", KEYWORD_SCHEMA, AT(additional_items)},
    {"contains", KEYWORD_SCHEMA, AT(contains)},
    {"patternProperties", KEYWORD_PATTERNS, 0},
    {"dependencies", KEYWORD_DEPENDENCIES, 0},
    {"definitions", KEYWORD_SCHEMA_MAP, 0},
    {"$schema", KEYWORD_DRAFT, 0},
};

/* Only when a schema is loaded: forty comparisons for a word are no matter. */
const struct keyword *schema_keyword_find(struct bytes name)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (bytes_equal(name, bytes_str(keywords[i].name))) {
            return &keywords[i];
        }
    }
    return NULL;
}

/* What other drafts assert with. A schema that has one of them would be checked for less than it says. */
static const char *const foreign_keywords[] = {
    "$recursiveRef",    "$dynamicRef", "unevaluatedProperties", "unevaluatedItems", "dependentRequired",
    "dependentSchemas", "prefixItems", "minContains",           "maxContains",      "divisibleBy",
    "disallow",         "extends",     "propertyDependencies",
};

static bool is_foreign(struct bytes name)
{
    for (size_t i = 0; i < sizeof foreign_keywords / sizeof foreign_keywords[0]; i++) {
        if (bytes_equal(name, bytes_str(foreign_keywords[i]))) {
            return true;
        }
    }
    return false;
}

static bool wrong(struct compiler *c, const struct subschema *s, const struct js *member,
                  const char *expected)
{
    char *place = schema_place_join(c->a, s->place, member->key);
    return place ? schema_compile_fail(c, place, "%s", expected) : schema_compile_no_memory(c);
}

static bool is_schema(const struct js *v)
{
    return v->type == JS_OBJECT || v->type == JS_BOOL;
}

/* ---- schemas within ---- */

/* Room for all of them first; each is queued, not compiled here. */
static bool take_list(struct compiler *c, struct subschema *s, const struct js *member,
                      struct schema_list *out)
{
    out->at = ARENA_ARRAY(c->a, member->count, struct subschema *);
    if (!out->at) {
        return schema_compile_no_memory(c);
    }
    for (const struct js *v = member->first; v; v = v->next) {
        /* An object, true or false; anything else would be passed over silently. */
        if (!is_schema(v)) {
            return wrong(c, s, member, "every element must be a schema");
        }
        struct subschema *child = schema_compile_child(c, v);
        if (!child) {
            return false;
        }
        out->at[out->n++] = child;
    }
    return true;
}

/* "properties" and "required" fill one table, whichever comes first; by_name is sorted when both are known.
 */
static struct property *property_slot(struct compiler *c, struct subschema *s, struct bytes name)
{
    for (size_t i = 0; i < s->property_count; i++) {
        if (bytes_equal(s->properties[i].name, name)) {
            return &s->properties[i];
        }
    }
    /* Names are compared with all before: the limit keeps a schema of megabytes from taking minutes. */
    if (s->property_count == SCHEMA_MAX_SUBSCHEMAS) {
        schema_compile_fail(c, s->place, "more than %d properties", SCHEMA_MAX_SUBSCHEMAS);
        return NULL;
    }
    /* Full at each power of two: doubled. */
    if ((s->property_count & (s->property_count - 1)) == 0) {
        size_t room = s->property_count ? s->property_count * 2 : 1;
        struct property *grown = ARENA_ARRAY(c->a, room, struct property);
        if (!grown) {
            schema_compile_no_memory(c);
            return NULL;
        }
        if (s->property_count) {
            memcpy(grown, s->properties, s->property_count * sizeof *grown);
        }
        s->properties = grown;
    }
    s->properties[s->property_count].name = name;
    return &s->properties[s->property_count++];
}

/* The value of each name is a schema of its own, compiled in its turn. */
static bool take_properties(struct compiler *c, struct subschema *s, const struct js *member)
{
    for (const struct js *v = member->first; v; v = v->next) {
        if (!is_schema(v)) {
            return wrong(c, s, member, "every member must be a schema");
        }
        struct property *p = property_slot(c, s, v->key);
        if (!p || !(p->schema = schema_compile_child(c, v))) {
            return false;
        }
    }
    return true;
}

/* May stand before "properties" or name what that does not: it is a demand all the same. */
static bool take_required(struct compiler *c, struct subschema *s, const struct js *member)
{
    for (const struct js *v = member->type == JS_ARRAY ? member->first : NULL; v; v = v->next) {
        if (v->type != JS_STRING) {
            return wrong(c, s, member, "expected a list of names");
        }
        struct property *p = property_slot(c, s, v->string);
        if (!p) {
            return false;
        }
        p->required = true;
    }
    return member->type == JS_ARRAY || wrong(c, s, member, "expected a list of names");
}

/* Pushed before it is counted, so that it is freed with the program whatever comes after. */
static bool take_regex(struct compiler *c, const struct subschema *s, const struct js *member,
                       struct bytes pattern, struct regex **out)
{
    const char *why = NULL;
    enum ww_err err = schema_regex_compile(c->a, pattern, REGEX_LENIENT, out, &why);
    if (err == WW_EVALIDATION) {
        return wrong(c, s, member, why);
    }
    if (err) {
        return schema_compile_no_memory(c);
    }
    schema_regex_push(&c->program->regexes, *out);
    /* A short pattern can be large once compiled ("(a{1,1000}){1,1000}"), so the compiled ones are
     * counted. */
    c->regex_memory += schema_regex_size(*out);
    return c->regex_memory <= SCHEMA_MAX_REGEX_MEMORY ||
           wrong(c, s, member, "the regular expressions of the schema are too large together");
}

/* Each is matched against each name: that is why patterns are counted and their work is paid. */
static bool take_patterns(struct compiler *c, struct subschema *s, const struct js *member)
{
    s->pattern_properties = ARENA_ARRAY(c->a, member->count, struct pattern_property);
    if (!s->pattern_properties) {
        return schema_compile_no_memory(c);
    }
    for (const struct js *v = member->first; v; v = v->next) {
        struct pattern_property *p = &s->pattern_properties[s->pattern_property_count++];
        if (!is_schema(v)) {
            return wrong(c, s, member, "every member must be a schema");
        }
        if (!take_regex(c, s, member, v->key, &p->regex) || !(p->schema = schema_compile_child(c, v))) {
            return false;
        }
    }
    return true;
}

static bool is_name_list(const struct js *v)
{
    if (v->type != JS_ARRAY) {
        return false;
    }
    for (const struct js *name = v->first; name; name = name->next) {
        if (name->type != JS_STRING) {
            return false;
        }
    }
    return true;
}

/* A list of names, or a schema: draft-07 has both in one keyword. */
static bool take_dependencies(struct compiler *c, struct subschema *s, const struct js *member)
{
    s->dependencies = ARENA_ARRAY(c->a, member->count, struct dependency);
    if (!s->dependencies) {
        return schema_compile_no_memory(c);
    }
    for (const struct js *v = member->first; v; v = v->next) {
        struct dependency *d = &s->dependencies[s->dependency_count++];
        d->name = v->key;
        if (is_name_list(v)) {
            d->names = v;
        } else if (!is_schema(v)) {
            return wrong(c, s, member, "every member must be a schema or a list of names");
        } else if (!(d->schema = schema_compile_child(c, v))) {
            return false;
        }
    }
    return true;
}

/* Definitions apply to nothing, but are compiled so that a broken one is found now. */
static bool take_definitions(struct compiler *c, struct subschema *s, const struct js *member)
{
    for (const struct js *v = member->first; v; v = v->next) {
        if (!is_schema(v)) {
            return wrong(c, s, member, "every member must be a schema");
        }
        if (!schema_compile_child(c, v)) {
            return false;
        }
    }
    return true;
}

static bool take_map(struct compiler *c, struct subschema *s, const struct js *member, enum keyword_kind kind)
{
    if (member->type != JS_OBJECT) {
        return wrong(c, s, member, "expected an object");
    }
    switch (kind) {
    case KEYWORD_PROPERTIES:
        return take_properties(c, s, member);
    case KEYWORD_PATTERNS:
        return take_patterns(c, s, member);
    case KEYWORD_DEPENDENCIES:
        return take_dependencies(c, s, member);
    default:
        return take_definitions(c, s, member);
    }
}

static bool take_schema(struct compiler *c, struct subschema *s, const struct js *member,
                        struct subschema **out)
{
    if (!is_schema(member)) {
        return wrong(c, s, member, "expected a schema (an object, true or false)");
    }
    *out = schema_compile_child(c, member);
    return *out != NULL;
}

/* ---- values ---- */

static bool take_type(struct compiler *c, struct subschema *s, const struct js *member)
{
    const char *expected =
        "expected null, boolean, object, array, number, string or integer, or a list of those";
    if (member->type == JS_STRING) {
        s->types = schema_type_named(member->string);
        struct js *names = js_array(c->a);
        js_push(names, js_copy(c->a, member));
        s->type_names = names;
        if (!names || names->count != 1) {
            return schema_compile_no_memory(c);
        }
        return s->types ? true : wrong(c, s, member, expected);
    }
    for (const struct js *v = member->type == JS_ARRAY ? member->first : NULL; v; v = v->next) {
        unsigned bit = v->type == JS_STRING ? schema_type_named(v->string) : 0;
        if (bit == 0) {
            return wrong(c, s, member, expected);
        }
        s->types |= bit;
    }
    s->type_names = member;
    return s->types ? true : wrong(c, s, member, expected);
}

/* "3.0" is a whole number in JSON Schema; what is beyond 64 bits is as good as no limit. */
static bool take_count(struct compiler *c, struct subschema *s, const struct js *member, int64_t *out)
{
    if (!js_is_number(member) || !js_number_is_integer(member)) {
        return wrong(c, s, member, "expected a whole number, 0 or more");
    }
    /* A count is compared with lengths, which 64 bits hold. */
    if (member->type == JS_INT) {
        *out = member->integer;
    } else {
        *out = member->real < 9e18 ? (int64_t)(member->real < -1 ? -1 : member->real) : INT64_MAX;
    }
    return *out >= 0 || wrong(c, s, member, "expected a whole number, 0 or more");
}

static bool take_number(struct compiler *c, struct subschema *s, const struct js *member, bool divisor,
                        const struct js **out)
{
    struct js_decimal d;
    if (!js_is_number(member)) {
        return wrong(c, s, member, "expected a number");
    }
    *out = member;
    js_decimal(member, &d);
    /* 0 divides nothing; longer ones would not fit the arithmetic of schema_number_multiple_of. */
    return !divisor || (d.n > 0 && d.n <= SCHEMA_MAX_DIVISOR && !d.negative) ||
           wrong(c, s, member, "expected a number above 0, of at most 18 digits");
}

static bool take_text(struct compiler *c, struct subschema *s, const struct js *member, const char **out)
{
    *out = js_get_text(s->json, (const char *)member->key.p);
    return *out || wrong(c, s, member, "expected a text");
}

static bool take_format(struct compiler *c, struct subschema *s, const struct js *member)
{
    if (!take_text(c, s, member, &s->format_name)) {
        return false;
    }
    /* A format that nobody knows asserts nothing, as the standard has it and Kratos does. */
    s->format = c->options->formats_annotate_only ? NULL : schema_format_find(s->format_name);
    return true;
}

static bool take_pattern(struct compiler *c, struct subschema *s, const struct js *member)
{
    if (member->type != JS_STRING) {
        return wrong(c, s, member, "expected a text");
    }
    s->pattern_text = (const char *)member->string.p;
    return take_regex(c, s, member, member->string, &s->pattern);
}

/* As most write it, and without the empty fragment or with https. */
static bool take_draft(struct compiler *c, const struct subschema *s, const struct js *member)
{
    static const char *const names[] = {
        "http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-07/schema",
        "https://json-schema.org/draft-07/schema#", "https://json-schema.org/draft-07/schema"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (member->type == JS_STRING && bytes_equal(member->string, bytes_str(names[i]))) {
            return true;
        }
    }
    return wrong(c, s, member, "expected draft-07, http://json-schema.org/draft-07/schema#");
}

bool schema_keyword_compile(struct compiler *c, struct subschema *s, const struct js *member)
{
    const struct keyword *k = schema_keyword_find(member->key);
    /* Annotations and what nobody knows say nothing about a value (draft-07); what other drafts assert
     * with is refused. */
    if (!k) {
        return !is_foreign(member->key) ||
               wrong(c, s, member, "this keyword is of another draft than draft-07");
    }
    /* Each row of the table says where in the struct its value goes. */
    void *at = (char *)s + k->at;
    switch (k->kind) {
    case KEYWORD_SCHEMA:
        return take_schema(c, s, member, at);
    case KEYWORD_SCHEMA_LIST:
        return member->type == JS_ARRAY && member->count > 0
                   ? take_list(c, s, member, at)
                   : wrong(c, s, member, "expected a list of schemas");
    case KEYWORD_ITEMS:
        s->has_item_list = member->type == JS_ARRAY;
        return s->has_item_list ? take_list(c, s, member, &s->item_list)
                                : take_schema(c, s, member, &s->items);
    case KEYWORD_SCHEMA_MAP:
    case KEYWORD_PROPERTIES:
    case KEYWORD_PATTERNS:
    case KEYWORD_DEPENDENCIES:
        return take_map(c, s, member, k->kind);
    case KEYWORD_REQUIRED:
        return take_required(c, s, member);
    case KEYWORD_TYPE:
        return take_type(c, s, member);
    case KEYWORD_COUNT:
        return take_count(c, s, member, at);
    case KEYWORD_NUMBER:
    case KEYWORD_DIVISOR:
        return take_number(c, s, member, k->kind == KEYWORD_DIVISOR, at);
    case KEYWORD_BOOL:
        *(bool *)at = member->boolean;
        return member->type == JS_BOOL || wrong(c, s, member, "expected true or false");
    case KEYWORD_TEXT:
        return take_text(c, s, member, at);
    case KEYWORD_PATTERN:
        return take_pattern(c, s, member);
    case KEYWORD_FORMAT:
        return take_format(c, s, member);
    case KEYWORD_DRAFT:
        return take_draft(c, s, member);
    case KEYWORD_ENUM:
        s->enumeration = member;
        return member->type == JS_ARRAY || wrong(c, s, member, "expected a list");
    case KEYWORD_ANY:
    default:
        *(const struct js **)at = member;
        return true;
    }
}
