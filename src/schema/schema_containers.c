/* Objects and arrays. */
#include <stdlib.h>
#include <string.h>

#include "schema_internal.h"

static void count_failed(struct check *c, const struct subschema *s, const struct spot *at,
                         struct causes *out, const char *keyword, bool least, const char *things,
                         int64_t limit, size_t actual)
{
    bool items = strcmp(things, "items") == 0;
    struct js *context = NULL;
    if (items) {
        context = js_object(c->a);
        js_put(c->a, context, least ? "min_items" : "max_items", js_int(c->a, limit));
        js_put(c->a, context, "actual_items", js_int(c->a, (int64_t)actual));
    }
    leaf_add(c, out, s, at, keyword, context, "%s %lld %s allowed, but found %zu %s",
             least ? "minimum" : "maximum", (long long)limit, things, actual, things);
}

/* ---- objects ---- */

/* One object being checked: which member each property is, and which members some keyword has looked at. */
struct object {
    const struct js *value;
    const struct js **by_property; /* beside s->properties; NULL: absent */
    const struct js **members;
    bool *known;
};

static int find_name(const void *key, const void *element)
{
    const struct bytes *name = key;
    const struct property *const *p = element;
    return bytes_compare(*name, (*p)->name);
}

static bool open_object(struct check *c, const struct subschema *s, const struct js *v, struct object *o)
{
    if (!check_spend(c, v->count + s->property_count)) {
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
    const char *quoted = go_quote(c->a, p->name);
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
            const char *quoted = go_quote(c->a, s->properties[i].name);
            buf_str(&names, missing == 1 ? "" : ", ");
            buf_str(&names, quoted ? quoted : "");
        }
    }
    if (missing == 0) {
        return;
    }
    const char *text = c->quiet ? "" : buf_text(&names);
    struct schema_cause *cause =
        cause_add(c, out, s, at, "required", "missing properties: %s", text ? text : "");
    struct schema_failure **end = cause ? &cause->failures : NULL;
    for (size_t i = 0; end && i < s->property_count && c->leaves < SCHEMA_MAX_FAILURES; i++) {
        if (s->properties[i].required && !o->by_property[i]) {
            *end = missing_leaf(c, cause, &s->properties[i]);
            end = *end ? &(*end)->next : NULL;
            c->leaves++;
        }
    }
}

static void check_properties(struct check *c, const struct subschema *s, const struct object *o,
                             const struct spot *at, struct causes *out)
{
    for (size_t i = 0; i < s->property_count; i++) {
        if (s->properties[i].schema && o->by_property[i]) {
            const struct spot spot = {.up = at, .key = s->properties[i].name};
            (void)check_value(c, s->properties[i].schema, o->by_property[i], &spot, out);
        }
    }
}

static void check_names(struct check *c, const struct subschema *s, const struct object *o,
                        const struct spot *at, struct causes *out)
{
    for (size_t i = 0; i < o->value->count; i++) {
        const struct js name = {.type = JS_STRING, .string = o->members[i]->key};
        const struct spot spot = {.up = at, .key = name.string};
        (void)check_value(c, s->property_names, &name, &spot, out);
    }
}

static void check_patterns(struct check *c, const struct subschema *s, const struct object *o,
                           const struct spot *at, struct causes *out)
{
    for (size_t k = 0; k < s->pattern_property_count; k++) {
        const struct pattern_property *p = &s->pattern_properties[k];
        for (size_t i = 0; i < o->value->count; i++) {
            if (!check_regex(c, p->regex, o->members[i]->key)) {
                continue;
            }
            const struct spot spot = {.up = at, .key = o->members[i]->key};
            o->known[i] = true;
            (void)check_value(c, p->schema, o->members[i], &spot, out);
        }
    }
}

static void refuse_additional(struct check *c, const struct subschema *s, const struct object *o,
                              const struct spot *at, struct causes *out)
{
    struct buf names = BUF(c->a);
    size_t found = 0;
    for (size_t i = 0; i < o->value->count; i++) {
        if (!o->known[i] && found++ < SCHEMA_MAX_FAILURES && !c->quiet) {
            const char *quoted = go_quote(c->a, o->members[i]->key);
            buf_str(&names, found == 1 ? "" : ", ");
            buf_str(&names, quoted ? quoted : "");
        }
    }
    if (found > 0) {
        const char *text = c->quiet ? "" : buf_text(&names);
        leaf_add(c, out, s, at, "additionalProperties", NULL, "additionalProperties %s not allowed",
                 text ? text : "");
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
            (void)check_value(c, s->additional_properties, o->members[i], &spot, out);
        }
    }
}

static void check_dependency(struct check *c, const struct subschema *s, const struct dependency *d,
                             const struct js *v, const struct spot *at, struct causes *out)
{
    size_t i = 0;
    if (d->schema) {
        (void)check_value(c, d->schema, v, at, out);
        return;
    }
    for (const struct js *name = d->names->first; name; name = name->next, i++) {
        if (!check_spend(c, v->count) || js_get(v, (const char *)name->string.p)) {
            continue;
        }
        const char *needed = go_quote(c->a, name->string), *given = go_quote(c->a, d->name);
        char *place = place_join(c->a, "dependencies", d->name);
        char *full = place ? arena_printf(c->a, "%s/%zu", place, i) : NULL;
        if (!needed || !given || !full) {
            c->no_memory = true;
            return;
        }
        leaf_add(c, out, s, at, full, NULL, "property %s is required, if %s property exists", needed, given);
    }
}

void check_object(struct check *c, const struct subschema *s, const struct js *v, const struct spot *at,
                  struct causes *out)
{
    struct object o;
    if (s->min_properties >= 0 && v->count < (uint64_t)s->min_properties) {
        count_failed(c, s, at, out, "minProperties", true, "properties", s->min_properties, v->count);
    }
    if (s->max_properties >= 0 && v->count > (uint64_t)s->max_properties) {
        count_failed(c, s, at, out, "maxProperties", false, "properties", s->max_properties, v->count);
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
        if (check_spend(c, v->count) && js_get(v, name)) {
            check_dependency(c, s, &s->dependencies[i], v, at, out);
        }
    }
}

/* ---- arrays ---- */

/* One text for values that are equal by the rules of JSON Schema: members sorted, 1.0 as 1. */
static int by_key(const void *x, const void *y)
{
    const struct js *const *a = x, *const *b = y;
    return bytes_compare((*a)->key, (*b)->key);
}

static void write_equal(struct buf *b, const struct js *v);

static void write_object(struct buf *b, const struct js *v)
{
    const struct js **members = ARENA_ARRAY(b->arena, v->count, const struct js *);
    size_t n = 0;
    if (!members) {
        b->failed = true;
        return;
    }
    for (const struct js *m = v->first; m && n < v->count; m = m->next) {
        members[n++] = m;
    }
    qsort(members, n, sizeof(const struct js *), by_key);
    buf_char(b, '{');
    for (size_t i = 0; i < n; i++) {
        js_write_string(b, members[i]->key);
        write_equal(b, members[i]);
    }
    buf_char(b, '}');
}

static void write_equal(struct buf *b, const struct js *v)
{
    char number[NUMBER_TEXT];
    if (number_is(v)) {
        number_text(number, v);
        buf_printf(b, "%s ", strcmp(number, "-0") == 0 ? "0" : number);
    } else if (v->type == JS_OBJECT) {
        write_object(b, v);
    } else if (v->type == JS_ARRAY) {
        buf_char(b, '[');
        for (const struct js *e = v->first; e; e = e->next) {
            write_equal(b, e);
        }
        buf_char(b, ']');
    } else {
        js_write_to(b, v);
    }
}

struct item {
    struct bytes text;
    size_t index;
};

static int by_text(const void *x, const void *y)
{
    const struct item *a = x, *b = y;
    int order = bytes_compare(a->text, b->text);
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

bool array_has_duplicate(struct check *c, const struct js *array, size_t *first, size_t *second)
{
    struct item *items = ARENA_ARRAY(c->a, array->count, struct item);
    size_t n = 0;
    bool found = false;
    c->no_memory |= !items;
    for (const struct js *v = array->first; items && v; v = v->next, n++) {
        struct buf b = BUF(c->a);
        write_equal(&b, v);
        items[n] = (struct item){buf_done(&b), n};
        c->no_memory |= !items[n].text.p;
        if (c->no_memory || !check_spend(c, 4 + items[n].text.n / 16)) {
            return false;
        }
    }
    if (!items) {
        return false;
    }
    qsort(items, n, sizeof *items, by_text);
    for (size_t i = 1; i < n; i++) {
        if (bytes_equal(items[i - 1].text, items[i].text) && (!found || items[i].index < *second)) {
            *first = items[i - 1].index;
            *second = items[i].index;
            found = true;
        }
    }
    return found;
}

static void check_unique(struct check *c, const struct subschema *s, const struct js *v,
                         const struct spot *at, struct causes *out)
{
    size_t a = 0, b = 0;
    if (!array_has_duplicate(c, v, &a, &b)) {
        return;
    }
    struct js *context = js_object(c->a);
    js_put(c->a, context, "index_a", js_int(c->a, (int64_t)a));
    js_put(c->a, context, "index_b", js_int(c->a, (int64_t)b));
    leaf_add(c, out, s, at, "uniqueItems", context, "items at index %zu and %zu are equal", a, b);
}

static void check_items(struct check *c, const struct subschema *s, const struct js *v, const struct spot *at,
                        struct causes *out)
{
    size_t i = 0;
    const struct subschema *more = s->additional_items;
    for (const struct js *e = v->first; e; e = e->next, i++) {
        const struct subschema *one = s->items;
        if (s->has_item_list) {
            one = i < s->item_list.n ? s->item_list.at[i] : more && !more->never ? more : NULL;
        }
        const struct spot spot = {.up = at, .index = i, .in_array = true};
        if (one) {
            (void)check_value(c, one, e, &spot, out);
        }
    }
    if (s->has_item_list && more && more->never && v->count > s->item_list.n) {
        leaf_add(c, out, s, at, "additionalItems", NULL, "only %zu items are allowed, but found %zu items",
                 s->item_list.n, v->count);
    }
}

static void check_contains(struct check *c, const struct subschema *s, const struct js *v,
                           const struct spot *at, struct causes *out)
{
    struct causes inner = {0};
    size_t i = 0;
    for (const struct js *e = v->first; e; e = e->next) {
        if (check_quietly(c, s->contains, e)) {
            return;
        }
    }
    for (const struct js *e = v->first; e && !c->quiet; e = e->next, i++) {
        const struct spot spot = {.up = at, .index = i, .in_array = true};
        (void)check_value(c, s->contains, e, &spot, &inner);
    }
    if (inner.first) {
        causes_adopt(cause_add(c, out, s, at, "contains", "contains failed"), &inner);
    } else {
        leaf_add(c, out, s, at, "contains", NULL, "contains failed");
    }
}

void check_array(struct check *c, const struct subschema *s, const struct js *v, const struct spot *at,
                 struct causes *out)
{
    if (s->min_items >= 0 && v->count < (uint64_t)s->min_items) {
        count_failed(c, s, at, out, "minItems", true, "items", s->min_items, v->count);
    }
    if (s->max_items >= 0 && v->count > (uint64_t)s->max_items) {
        count_failed(c, s, at, out, "maxItems", false, "items", s->max_items, v->count);
    }
    if (s->unique_items && v->count > 1) {
        check_unique(c, s, v, at, out);
    }
    if (s->items || s->has_item_list) {
        check_items(c, s, v, at, out);
    }
    if (s->contains) {
        check_contains(c, s, v, at, out);
    }
}
