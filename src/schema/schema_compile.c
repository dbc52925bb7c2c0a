/* A JSON Schema document becomes a program: each place once, with what it checks (JSON Schema draft-07). */
#include <stdlib.h>
#include <string.h>

#include "schema_int.h"

bool schema_compile_fail(struct compiler *c, const char *place, const char *format, ...)
{
    /* The first mistake is the one that is told; what follows from it would only confuse. */
    if (c->err) {
        return false;
    }
    va_list ap;
    va_start(ap, format);
    char *reason = arena_vprintf(c->a, format, ap);
    va_end(ap);
    char *why = reason ? arena_printf(c->a, "%s: %s", place, reason) : NULL;
    c->err = why ? WW_EVALIDATION : WW_ENOMEM;
    c->why = why ? why : "out of memory";
    return false;
}

/* Told apart from a schema that is wrong: nobody should look for a mistake in it. */
bool schema_compile_no_memory(struct compiler *c)
{
    c->err = WW_ENOMEM;
    c->why = "out of memory";
    return false;
}

/* ---- subschemas: each is made when first met and filled from a queue, so that no reference recurses ---- */

/* Once for each place, so that a schema which refers to itself ends. */
static struct subschema *compile_location(struct compiler *c, struct location *l)
{
    if (l->compiled) {
        return l->compiled;
    }
    struct subschema *s = ARENA_NEW(c->a, struct subschema);
    if (!s) {
        schema_compile_no_memory(c);
        return NULL;
    }
    /* -1: no limit, since 0 is one. */
    *s = (struct subschema){.json = l->json,
                            .place = l->place,
                            .base = l->base,
                            .min_length = -1,
                            .max_length = -1,
                            .min_items = -1,
                            .max_items = -1,
                            .min_properties = -1,
                            .max_properties = -1};
    *c->queue_end = s;
    c->queue_end = &s->queued;
    l->compiled = s;
    return s;
}

struct subschema *schema_compile_child(struct compiler *c, const struct js *json)
{
    /* Every place was indexed before: one that is missing is a mistake of ours. */
    struct location *l = schema_index_find(c, json);
    if (!l) {
        c->err = c->err ? c->err : WW_EINTERNAL;
        return NULL;
    }
    return compile_location(c, l);
}

static int by_name(const void *x, const void *y)
{
    const struct property *const *a = x, *const *b = y;
    return bytes_compare((*a)->name, (*b)->name);
}

/* Beside the order of the document, which is that of forms and messages. */
static bool sort_properties(struct compiler *c, struct subschema *s)
{
    s->by_name = ARENA_ARRAY(c->a, s->property_count, const struct property *);
    if (!s->by_name) {
        return schema_compile_no_memory(c);
    }
    for (size_t i = 0; i < s->property_count; i++) {
        s->by_name[i] = &s->properties[i];
    }
    qsort(s->by_name, s->property_count, sizeof(const struct property *), by_name);
    return true;
}

static bool fill(struct compiler *c, struct subschema *s)
{
    if (s->json->type == JS_BOOL) {
        /* `true` and `{}` let everything pass, `false` nothing. */
        s->never = !s->json->boolean;
        return true;
    }
    const char *reference = js_get_text(s->json, "$ref");
    /* What stands beside "$ref" counts for nothing in draft-07. */
    if (reference) {
        struct location *target = schema_index_resolve(c, s, reference);
        s->ref = target ? compile_location(c, target) : NULL;
        return s->ref != NULL;
    }
    /* In the order of the document; no keyword may depend on what stands behind it. */
    for (const struct js *m = s->json->first; m; m = m->next) {
        if (!schema_keyword_compile(c, s, m)) {
            return false;
        }
    }
    /* Marks last: they ask for the format. */
    return sort_properties(c, s) && (!c->options->identity || schema_extension_compile(c, s));
}

/* ---- cycles ---- */

/* The longest way through schemas that apply to the same value; s->chain remembers it. A way back to where
 * the search is already would never end on any value. */
static bool measure(struct compiler *c, struct subschema *s, unsigned depth);

static bool measure_one(struct compiler *c, struct subschema *s, struct subschema *next, unsigned depth)
{
    if (!next) {
        return true;
    }
    if (!measure(c, next, depth + 1)) {
        return false;
    }
    /* Depth first, each schema once: s->chain remembers what was found. */
    if (next->chain >= s->chain) {
        s->chain = next->chain + 1;
    }
    return s->chain <= SCHEMA_MAX_CHAIN ||
           schema_compile_fail(c, s->place, "more than %d schemas apply to one value in a row",
                               SCHEMA_MAX_CHAIN);
}

/* Each branch applies to the same value: the longest counts, not their sum. */
static bool measure_list(struct compiler *c, struct subschema *s, const struct schema_list *list,
                         unsigned depth)
{
    for (size_t i = 0; i < list->n; i++) {
        if (!measure_one(c, s, list->at[i], depth)) {
            return false;
        }
    }
    return true;
}

static bool measure(struct compiler *c, struct subschema *s, unsigned depth)
{
    /* A circle of schemas that apply to the same value: checking would never end on any value. */
    if (s->entered) {
        return schema_compile_fail(c, s->place, "the references go in a circle");
    }
    if (s->chain > 0) {
        return true;
    }
    if (depth > SCHEMA_MAX_CHAIN) {
        return schema_compile_fail(c, s->place, "more than %d schemas apply to one value in a row",
                                   SCHEMA_MAX_CHAIN);
    }
    s->entered = true;
    s->chain = 1;
    bool fine = measure_one(c, s, s->ref, depth) && measure_one(c, s, s->negated, depth) &&
                measure_one(c, s, s->condition, depth) && measure_one(c, s, s->consequence, depth) &&
                measure_one(c, s, s->alternative, depth) && measure_list(c, s, &s->all_of, depth) &&
                measure_list(c, s, &s->any_of, depth) && measure_list(c, s, &s->one_of, depth);
    for (size_t i = 0; fine && i < s->dependency_count; i++) {
        fine = measure_one(c, s, s->dependencies[i].schema, depth);
    }
    s->entered = false;
    return fine;
}

/* ---- a program ---- */

/* Index, fill, measure: references may reach anything, so all places are known before any is filled. */
static bool compile_all(struct compiler *c, const struct js *root)
{
    if (root->type != JS_OBJECT && root->type != JS_BOOL) {
        return schema_compile_fail(c, "#", "a schema is an object, true or false");
    }
    if (!schema_index_walk(c, root, "#", "", 0)) {
        return false;
    }
    struct location *l = schema_index_find(c, root);
    if (!l || !schema_index_add_uri(c, "", l)) {
        return schema_compile_no_memory(c);
    }
    c->program->root = compile_location(c, l);
    /* The queue grows while it is walked: what a reference reaches is filled behind what is filled now. */
    for (struct subschema *s = c->program->root; s; s = s->queued) {
        if (!fill(c, s)) {
            return false;
        }
    }
    for (struct subschema *s = c->program->root; s; s = s->queued) {
        if (!measure(c, s, 0)) {
            return false;
        }
    }
    return c->program->root != NULL;
}

enum ww_err schema_compile_with(struct arena *a, const struct js *root, const struct compile_options *options,
                                struct schema_program **out, const char **why)
{
    *out = NULL;
    *why = "out of memory";
    struct compiler *c = ARENA_NEW(a, struct compiler);
    struct schema_program *program = ARENA_NEW(a, struct schema_program);
    /* The program points into the document, so it has one of its own. What it was made of may be the
     * configuration's, and freed before the program. */
    struct js *copy = js_copy(a, root);
    if (!c || !program || !copy) {
        return WW_ENOMEM;
    }
    *c = (struct compiler){.a = a, .options = options, .program = program};
    c->queue_end = &c->queue;
    if (!compile_all(c, copy)) {
        /* PCRE2's memory is not the arena's. */
        schema_regex_free(program->regexes);
        *why = c->why ? c->why : "internal error";
        return c->err ? c->err : WW_EINTERNAL;
    }
    *out = program;
    return WW_OK;
}

/* Formats are asserted; identity schemas are compiled with more (schema_identity_compile). */
enum ww_err schema_compile(struct arena *a, const struct js *root, struct schema_program **out,
                           const char **why)
{
    const struct compile_options options = {0};
    return schema_compile_with(a, root, &options, out, why);
}

void schema_program_free(struct schema_program *p)
{
    if (p) {
        schema_regex_free(p->regexes);
        p->regexes = NULL;
    }
}
