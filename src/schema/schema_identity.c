/* Identity schemas: what forms are made of, and what the marks pick out of traits. */
#include <stdlib.h>
#include <string.h>

#include "schema_int.h"

/* Schemas that are met while forms are made of a schema: branches within branches multiply. Far above what a
 * form has: 20,000 steps take some milliseconds. */
enum { MAX_WALK = 20000 };

struct trait_walk {
    struct arena *a;
    struct identity_schema *schema;
    struct schema_trait **end;
    const char *why;
    enum ww_err err;
    unsigned depth, steps;
};

/* With the place in the document: its author has to find it. */
static bool walk_fail(struct trait_walk *w, const struct subschema *s, const char *reason)
{
    w->why = arena_printf(w->a, "%s: %s", s->place, reason);
    w->err = w->why ? WW_EVALIDATION : WW_ENOMEM;
    return false;
}

/* Ends: schema_compile has refused references that go in a circle. */
static const struct subschema *dereference(const struct subschema *s)
{
    while (s && s->ref) {
        s = s->ref;
    }
    return s;
}

static bool single_type(const struct subschema *s)
{
    return s->types && !(s->types & (s->types - 1)) && s->type_names->count == 1;
}

/* The marks of a leaf: its own, what allOf and the branches add, and for an array those of its items.
 * Bounded in depth and breadth: branches within branches multiply, and a form needs the near ones only. */
static unsigned leaf_marks(const struct subschema *s, unsigned depth)
{
    s = dereference(s);
    if (!s || depth > SCHEMA_MAX_CHAIN / 8) {
        return 0;
    }
    unsigned marks = s->marks | leaf_marks(s->items, depth + 1) | leaf_marks(s->consequence, depth + 1) |
                     leaf_marks(s->alternative, depth + 1);
    const struct schema_list *lists[] = {&s->all_of, &s->any_of, &s->one_of};
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < lists[k]->n && i < 16; i++) {
            marks |= leaf_marks(lists[k]->at[i], depth + 1);
        }
    }
    return marks;
}

/* Branches may describe one field several times; it is one field of the form. */
static struct schema_trait *find_trait(const struct identity_schema *schema, const char *path)
{
    for (struct schema_trait *t = schema->traits; t; t = t->next) {
        if (strcmp(t->path, path) == 0) {
            return t;
        }
    }
    return NULL;
}

static bool add_trait(struct trait_walk *w, const struct subschema *s, const char *path, bool required)
{
    struct schema_trait *t = find_trait(w->schema, path);
    if (t) {
        t->marks |= leaf_marks(s, 0);
        t->required |= required;
        return true;
    }
    if (!single_type(s) && !js_get(s->json, "default")) {
        return true; /* Kratos makes no form field of it (kratos.md §3.2) */
    }
    /* A form is drawn, sent and stored for each visitor: its size is bounded here. */
    if (w->schema->trait_count == SCHEMA_MAX_TRAITS) {
        return walk_fail(w, s, "more traits than a form can have");
    }
    const struct subschema *items = dereference(s->items);
    t = ARENA_NEW(w->a, struct schema_trait);
    if (!t) {
        w->err = WW_ENOMEM;
        return false;
    }
    *t = (struct schema_trait){.path = path,
                               .type = single_type(s) ? schema_type_name(s->types) : "",
                               .item_type = items && single_type(items) ? schema_type_name(items->types) : "",
                               .title = s->title,
                               .format = s->format_name,
                               .pattern = s->pattern_text,
                               .enum_values = s->enumeration,
                               .schema = s->json,
                               .node = s,
                               .required = required,
                               .disabled = s->disabled_field,
                               .marks = leaf_marks(s, 0)};
    /* At the end: forms show fields in the order of the schema. */
    *w->end = t;
    w->end = &t->next;
    w->schema->trait_count++;
    return true;
}

static bool walk(struct trait_walk *w, const struct subschema *s, const char *path, bool required);

static bool walk_list(struct trait_walk *w, const struct schema_list *list, const char *path, bool required)
{
    for (size_t i = 0; i < list->n; i++) {
        if (!walk(w, list->at[i], path, required)) {
            return false;
        }
    }
    return true;
}

/* In the order of the document, which is the order of the fields on the page. */
static bool walk_properties(struct trait_walk *w, const struct subschema *s, const char *path)
{
    /* From the document: the table of the program is sorted, and "required" adds names to it. */
    const struct js *order = js_get(s->json, "properties");
    for (const struct js *m = order ? order->first : NULL; m; m = m->next) {
        for (size_t i = 0; i < s->property_count; i++) {
            if (!s->properties[i].schema || !bytes_equal(s->properties[i].name, m->key)) {
                continue;
            }
            char *inner = arena_printf(w->a, "%s%s%s", path, *path ? "." : "", (const char *)m->key.p);
            if (!inner) {
                w->err = WW_ENOMEM;
                return false;
            }
            if (!walk(w, s->properties[i].schema, inner, s->properties[i].required)) {
                return false;
            }
        }
    }
    return true;
}

/* Fields of branches that may not apply are in the form too, but never required. */
static bool walk_inside(struct trait_walk *w, const struct subschema *s, const char *path, bool required)
{
    const struct schema_list branches = {
        (struct subschema *[]){s->condition, s->consequence, s->alternative, s->negated}, 4};
    bool leaf = *path && s->property_count == 0 && !(s->types & TYPE_OBJECT);
    if (leaf && !add_trait(w, s, path, required)) {
        return false;
    }
    /* Only what holds always can require a field; in branches a field may be needed or not. */
    return walk_properties(w, s, path) && walk_list(w, &s->all_of, path, required) &&
           walk_list(w, &s->any_of, path, false) && walk_list(w, &s->one_of, path, false) &&
           walk_list(w, &branches, path, false);
}

/* A schema that contains itself would be a form without an end. */
static bool walk(struct trait_walk *w, const struct subschema *s, const char *path, bool required)
{
    s = dereference(s);
    if (!s || s->json->type == JS_BOOL) {
        return true;
    }
    if (w->depth > 2 * LIMIT_JSON_DEPTH || ++w->steps > MAX_WALK) {
        return walk_fail(w, s, "the traits refer to themselves, or are nested too deeply");
    }
    w->depth++;
    bool fine = walk_inside(w, s, path, required);
    w->depth--;
    return fine;
}

static const struct subschema *property_of(const struct subschema *s, const char *name)
{
    s = dereference(s);
    for (size_t i = 0; s && i < s->property_count; i++) {
        if (bytes_equal(s->properties[i].name, bytes_str(name))) {
            return dereference(s->properties[i].schema);
        }
    }
    return NULL;
}

/* An index below a list, else a member. */
static const struct subschema *below(const struct subschema *s, const char *step)
{
    size_t n = strlen(step);
    if (!s || (!s->items && !s->has_item_list)) {
        return property_of(s, step);
    }
    size_t i = n <= 6 && strspn(step, "0123456789") == n ? strtoul(step, NULL, 10) : SIZE_MAX;
    return dereference(!s->has_item_list    ? s->items
                       : i < s->item_list.n ? s->item_list.at[i]
                                            : s->additional_items);
}

void schema_element(const struct schema_trait *list, const char *path, struct schema_trait *out,
                    uint64_t *lists)
{
    char step[LIMIT_IDENTIFIER + 1];
    const struct subschema *s = dereference(list->node);
    *lists = 0;
    *out = (struct schema_trait){.path = path, .type = list->node ? "" : list->item_type, .item_type = ""};
    for (unsigned i = 0; s && *path; i++) {
        size_t n = strcspn(path, ".");
        /* One bit for each step of the path says which of them are lists. */
        if (n > LIMIT_IDENTIFIER || i == 64) {
            return;
        }
        memcpy(step, path, n);
        step[n] = '\0';
        s = below(s, step);
        path += n + (path[n] == '.');
        *lists |= s && *path && s->types == TYPE_ARRAY ? UINT64_C(1) << i : 0;
    }
    if (s && single_type(s)) {
        out->type = schema_type_name(s->types);
        out->format = s->format_name;
    }
}

static bool has_properties(const struct subschema *s)
{
    const struct js *properties = js_get(s->json, "properties");
    return properties && properties->count > 0;
}

enum ww_err schema_identity_compile(struct arena *a, struct identity_schema *s, const char **why)
{
    const struct compile_options options = {.identity = true};
    enum ww_err err = schema_compile_with(a, s->json, &options, &s->program, why);
    if (err) {
        return err;
    }
    /* Kratos' form of an identity schema (kratos.md §5.3); without it no form could be drawn. */
    const struct subschema *traits = property_of(s->program->root, "traits");
    *why = NULL;
    if (!traits) {
        *why = "#/properties/traits: missing; an identity schema describes the traits there";
    } else if (traits->types != TYPE_OBJECT) {
        *why = "#/properties/traits/type: must be \"object\"";
    } else if (!has_properties(traits)) {
        *why = "#/properties/traits/properties: at least one property is needed";
    }
    struct trait_walk w = {.a = a, .schema = s, .end = &s->traits};
    if (!*why && !walk(&w, traits, "", false)) {
        *why = w.why ? w.why : "out of memory";
        err = w.err;
    } else if (*why) {
        err = WW_EVALIDATION;
    }
    if (err) {
        schema_program_free(s->program);
        s->program = NULL;
    }
    return err;
}

/* ---- marked values ---- */

struct value_walk {
    struct check check;
    struct schema_value *first, **end;
    size_t count; /* of values, those that are found twice counted twice */
};

static void add_value(struct value_walk *w, const struct subschema *s, const char *path, const struct js *v)
{
    struct schema_value *x = ARENA_NEW(w->check.a, struct schema_value);
    if (!x) {
        w->check.no_memory = true;
        return;
    }
    *x = (struct schema_value){.path = path, .value = v, .marks = s->marks, .format = s->format_name};
    *w->end = x;
    w->end = &x->next;
    w->count++;
}

struct found_value {
    struct schema_value *value;
    size_t order;
};

/* By the place in memory of what is marked, and then in the order of the schema. */
static int by_place(const void *p, const void *q)
{
    const struct found_value *a = p, *b = q;
    uintptr_t x = (uintptr_t)a->value->value, y = (uintptr_t)b->value->value;
    return x != y ? (x < y ? -1 : 1) : a->order < b->order ? -1 : 1;
}

/* A value that two branches mark is one value with the marks of both, where it came first. Sorted rather than
 * each looked for among all before it: a list with marked items is as long as somebody likes. */
static void merge_values(struct value_walk *w)
{
    size_t n = 0;
    struct found_value *found = ARENA_ARRAY(w->check.a, w->count, struct found_value);
    if (w->count && !found) {
        w->check.no_memory = true;
        return;
    }
    for (struct schema_value *x = w->first; x; x = x->next, n++) {
        found[n] = (struct found_value){x, n};
    }
    if (n > 1) {
        qsort(found, n, sizeof *found, by_place);
    }
    /* Emptied, not taken out: the list keeps the order of the schema. */
    struct schema_value *kept = n ? found[0].value : NULL;
    for (size_t i = 1; i < n; i++) {
        struct schema_value *x = found[i].value;
        if (x->value == kept->value) {
            kept->marks |= x->marks;
            kept->format = kept->format ? kept->format : x->format;
            x->value = NULL;
        } else {
            kept = x;
        }
    }
    for (struct schema_value **at = &w->first; *at;) {
        if ((*at)->value) {
            at = &(*at)->next;
        } else {
            *at = (*at)->next;
        }
    }
}

static void pick(struct value_walk *w, const struct subschema *s, const char *path, const struct js *v);

static void pick_properties(struct value_walk *w, const struct subschema *s, const char *path,
                            const struct js *v)
{
    for (size_t i = 0; i < s->property_count; i++) {
        const struct js *inner = js_get(v, (const char *)s->properties[i].name.p);
        /* A look-up walks the members: paid by their number. */
        if (!inner || !s->properties[i].schema || !schema_check_spend(&w->check, 1 + v->count)) {
            continue;
        }
        char *name =
            arena_printf(w->check.a, "%s%s%s", path, *path ? "." : "", (const char *)s->properties[i].name.p);
        if (!name) {
            w->check.no_memory = true;
            return;
        }
        pick(w, s->properties[i].schema, name, inner);
    }
}

static void pick_branches(struct value_walk *w, const struct subschema *s, const char *path,
                          const struct js *v)
{
    for (size_t i = 0; i < s->all_of.n; i++) {
        pick(w, s->all_of.at[i], path, v);
    }
    for (size_t i = 0; i < s->any_of.n + s->one_of.n; i++) {
        const struct subschema *branch = i < s->any_of.n ? s->any_of.at[i] : s->one_of.at[i - s->any_of.n];
        /* Only branches that hold: a mark in one that does not would make an identifier of a value that
         * means something else. */
        if (schema_check_quietly(&w->check, branch, v)) {
            pick(w, branch, path, v);
        }
    }
    if (s->condition) {
        bool holds = schema_check_quietly(&w->check, s->condition, v);
        if (holds) {
            pick(w, s->condition, path, v);
        }
        const struct subschema *next = holds ? s->consequence : s->alternative;
        if (next) {
            pick(w, next, path, v);
        }
    }
}

/* Each element by what its place says: a list of addresses marks each of them. */
static void pick_items(struct value_walk *w, const struct subschema *s, const char *path, const struct js *v)
{
    size_t i = 0;
    for (const struct js *e = v->first; e; e = e->next, i++) {
        const struct subschema *one = s->items;
        if (s->has_item_list) {
            one = i < s->item_list.n ? s->item_list.at[i] : s->additional_items;
        }
        if (one) {
            pick(w, one, path, e);
        }
    }
}

static void pick(struct value_walk *w, const struct subschema *s, const char *path, const struct js *v)
{
    s = dereference(s);
    if (!s || w->check.no_memory || w->check.depth > SCHEMA_MAX_DEPTH || !schema_check_spend(&w->check, 1)) {
        return;
    }
    w->check.depth++;
    if (s->marks && v->type != JS_NULL) {
        add_value(w, s, path, v);
    }
    if (v->type == JS_OBJECT) {
        pick_properties(w, s, path, v);
    } else if (v->type == JS_ARRAY) {
        pick_items(w, s, path, v);
    }
    pick_branches(w, s, path, v);
    w->check.depth--;
}

enum ww_err schema_marked_values(struct arena *a, const struct identity_schema *s, const struct js *traits,
                                 struct schema_value **out)
{
    struct value_walk w = {.check = {.a = a, .budget = SCHEMA_BUDGET, .quiet = 1}};
    *out = NULL;
    w.end = &w.first;
    pick(&w, property_of(s->program->root, "traits"), "", traits);
    merge_values(&w);
    if (w.check.no_memory) {
        return WW_ENOMEM;
    }
    /* Picked in part, an account would have some of its names only: refused. */
    if (w.check.exhausted || w.check.limited) {
        return WW_EVALIDATION;
    }
    *out = w.first;
    return WW_OK;
}
