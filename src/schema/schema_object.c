/* Objects. */
#include <stdlib.h>
#include <string.h>

#include "schema_int.h"

void schema_check_count_failed(struct check *c, const struct subschema *s, const struct spot *at,
                               struct causes *out, const char *keyword, bool least, const char *things,
                               int64_t limit, size_t actual)
{
    if (!schema_leaf_wanted(c, out)) {
        return;
    }
    bool items = strcmp(things, "items") == 0;
    struct js *context = NULL;
    if (items) {
        context = js_object(c->a);
        js_put(c->a, context, least ? "min_items" : "max_items", js_int(c->a, limit));
        js_put(c->a, context, "actual_items", js_int(c->a, (int64_t)actual));
    }
    schema_leaf_add(c, out, s, at, keyword, context, "%s %lld %s allowed, but found %zu %s",
                    least ? "minimum" : "maximum", (long long)limit, things, actual, things);
}

/* One object being checked: which member each property is, and which members some keyword has looked at. */
struct object {
    const struct js *value;
    const struct js **by_property; /* beside s->properties; NULL: absent */
    const struct js **members;
    bool *known;
};

/* For bsearch: a name that came in, against the table of the schema. */
static int find_name(const void *key, const void *element)
{
    const struct bytes *name = key;
    const struct property *const *p = element;
    return bytes_compare(*name, (*p)->name);
}

/* Members are looked up in the schema, which is sorted, and not the other way: the value is a stranger's
 * and may have many. */
static bool open_object(struct check *c, const struct subschema *s, const struct js *v, struct object *o)
{
    /* Paid before the arrays are made. */
    if (!schema_check_spend(c, v->count + s->property_count)) {
        return false;
    }
    *o = (struct object){.value = v,
                         .by_property = ARENA_ARRAY(c->a, s->property_count, const struct js *),
                         .members = ARENA_ARRAY(c->a, v->count, const struct js *),
                         .known = ARENA_ARRAY(c->a, v->count, bool)};
    if (!o->by_property || !o->members || !o->known) {
        c->no_memory = true;
        return false;
    }
    size_t i = 0;
    for (const struct js *m = v->first; m; m = m->next, i++) {
        const struct property *const *found =
            s->property_count ? bsearch(&m->key, s->by_name, s->property_count, sizeof *found, find_name)
                              : NULL;
        o->members[i] = m;
        if (found) {
            o->by_property[*found - s->properties] = m;
            /* A name that is only "required" does not make the member known to additionalProperties. */
            o->known[i] = (*found)->schema != NULL;
        }
    }
    return true;
}

static struct schema_failure *missing_leaf(struct check *c, const struct schema_cause *cause,
                                           const struct property *p)
{
    struct schema_failure *f = ARENA_NEW(c->a, struct schema_failure);
    struct js *context = js_object(c->a);
    const char *quoted = schema_go_quote(c->a, p->name);
    if (!f || !context || !quoted || !js_put(c->a, context, "property", js_string(c->a, p->name))) {
        c->no_memory = true;
        return NULL;
    }
    *f = (struct schema_failure){.instance = cause->instance,
                                 .keyword = "required",
                                 .property = (const char *)p->name.p,
                                 .text = arena_printf(c->a, "missing properties: %s", quoted),
                                 .context = context,
                                 .schema = cause->schema};
    c->no_memory |= !f->text;
    return f;
}

/* One cause names all that is missing; each has a leaf of its own. */
static void check_required(struct check *c, const struct subschema *s, const struct object *o,
                           const struct spot *at, struct causes *out)
{
    struct buf names = BUF(c->a);
    size_t missing = 0;
    for (size_t i = 0; i < s->property_count; i++) {
        if (s->properties[i].required && !o->by_property[i] && ++missing <= SCHEMA_MAX_FAILURES &&
            !c->quiet) {
            const char *quoted = schema_go_quote(c->a, s->properties[i].name);
            buf_str(&names, missing == 1 ? "" : ", ");
            buf_str(&names, schema_check_text(c, quoted));
        }
    }
    if (missing == 0) {
        return;
    }
    const char *text = c->quiet ? "" : buf_text(&names);
    struct schema_cause *cause =
        schema_cause_add(c, out, s, at, "required", "missing properties: %s", schema_check_text(c, text));
    struct schema_failure **end = cause ? &cause->failures : NULL;
    for (size_t i = 0; end && i < s->property_count && c->leaves < SCHEMA_MAX_FAILURES; i++) {
        if (s->properties[i].required && !o->by_property[i]) {
            *end = missing_leaf(c, cause, &s->properties[i]);
            end = *end ? &(*end)->next : NULL;
            c->leaves++;
        }
    }
}

/* By the schema's table, not by the value's members: what is missing is found in the same walk. */
static void check_properties(struct check *c, const struct subschema *s, const struct object *o,
                             const struct spot *at, struct causes *out)
{
    for (size_t i = 0; i < s->property_count; i++) {
        if (s->properties[i].schema && o->by_property[i]) {
            const struct spot spot = {.up = at, .key = s->properties[i].name};
            (void)schema_check_value(c, s->properties[i].schema, o->by_property[i], &spot, out);
        }
    }
}

/* Names are values too, of type string, for the schema of names. */
static void check_names(struct check *c, const struct subschema *s, const struct object *o,
                        const struct spot *at, struct causes *out)
{
    for (size_t i = 0; i < o->value->count; i++) {
        const struct js name = {.type = JS_STRING, .string = o->members[i]->key};
        const struct spot spot = {.up = at, .key = name.string};
        (void)schema_check_value(c, s->property_names, &name, &spot, out);
    }
}

/* Every pattern against every name: paid in schema_check_regex. */
static void check_patterns(struct check *c, const struct subschema *s, const struct object *o,
                           const struct spot *at, struct causes *out)
{
    for (size_t k = 0; k < s->pattern_property_count; k++) {
        const struct pattern_property *p = &s->pattern_properties[k];
        for (size_t i = 0; i < o->value->count; i++) {
            if (!schema_check_regex(c, p->regex, o->members[i]->key)) {
                continue;
            }
            const struct spot spot = {.up = at, .key = o->members[i]->key};
            o->known[i] = true;
            (void)schema_check_value(c, p->schema, o->members[i], &spot, out);
        }
    }
}

/* At most SCHEMA_MAX_FAILURES names are told: the rest of what was sent does not come back. */
static void refuse_additional(struct check *c, const struct subschema *s, const struct object *o,
                              const struct spot *at, struct causes *out)
{
    struct buf names = BUF(c->a);
    size_t found = 0;
    for (size_t i = 0; i < o->value->count; i++) {
        if (!o->known[i] && found++ < SCHEMA_MAX_FAILURES && !c->quiet) {
            const char *quoted = schema_go_quote(c->a, o->members[i]->key);
            buf_str(&names, found == 1 ? "" : ", ");
            buf_str(&names, schema_check_text(c, quoted));
        }
    }
    if (found > 0) {
        const char *text = c->quiet ? "" : buf_text(&names);
        schema_leaf_add(c, out, s, at, "additionalProperties", NULL, "additionalProperties %s not allowed",
                        schema_check_text(c, text));
    }
}

static void check_additional(struct check *c, const struct subschema *s, const struct object *o,
                             const struct spot *at, struct causes *out)
{
    if (s->additional_properties->never) {
        refuse_additional(c, s, o, at, out);
        return;
    }
    for (size_t i = 0; i < o->value->count; i++) {
        if (!o->known[i]) {
            const struct spot spot = {.up = at, .key = o->members[i]->key};
            (void)schema_check_value(c, s->additional_properties, o->members[i], &spot, out);
        }
    }
}

static void check_dependency(struct check *c, const struct subschema *s, const struct dependency *d,
                             const struct js *v, const struct spot *at, struct causes *out)
{
    size_t i = 0;
    if (d->schema) {
        (void)schema_check_value(c, d->schema, v, at, out);
        return;
    }
    for (const struct js *name = d->names->first; name; name = name->next, i++) {
        /* js_get walks all members, so it costs as many steps. */
        if (!schema_check_spend(c, v->count) || js_get(v, (const char *)name->string.p)) {
            continue;
        }
        const char *needed = schema_go_quote(c->a, name->string), *given = schema_go_quote(c->a, d->name);
        char *place = schema_place_join(c->a, "dependencies", d->name);
        char *full = place ? arena_printf(c->a, "%s/%zu", place, i) : NULL;
        if (!needed || !given || !full) {
            c->no_memory = true;
            return;
        }
        schema_leaf_add(c, out, s, at, full, NULL, "property %s is required, if %s property exists", needed,
                        given);
    }
}

void schema_check_object(struct check *c, const struct subschema *s, const struct js *v,
                         const struct spot *at, struct causes *out)
{
    struct object o;
    if (s->min_properties >= 0 && v->count < (uint64_t)s->min_properties) {
        schema_check_count_failed(c, s, at, out, "minProperties", true, "properties", s->min_properties,
                                  v->count);
    }
    if (s->max_properties >= 0 && v->count > (uint64_t)s->max_properties) {
        schema_check_count_failed(c, s, at, out, "maxProperties", false, "properties", s->max_properties,
                                  v->count);
    }
    if (!s->property_count && !s->property_names && !s->pattern_property_count && !s->additional_properties &&
        !s->dependency_count) {
        return;
    }
    if (!open_object(c, s, v, &o)) {
        out->count++;
        return;
    }
    check_required(c, s, &o, at, out);
    check_properties(c, s, &o, at, out);
    if (s->property_names) {
        check_names(c, s, &o, at, out);
    }
    check_patterns(c, s, &o, at, out);
    if (s->additional_properties) {
        check_additional(c, s, &o, at, out);
    }
    for (size_t i = 0; i < s->dependency_count; i++) {
        const char *name = (const char *)s->dependencies[i].name.p;
        if (schema_check_spend(c, v->count) && js_get(v, name)) {
            check_dependency(c, s, &s->dependencies[i], v, at, out);
        }
    }
}
