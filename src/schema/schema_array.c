/* Arrays. */
#include <stdlib.h>
#include <string.h>

#include "schema_int.h"

/* One text for values that are equal by the rules of JSON Schema: members sorted, 1.0 as 1. */
static int by_key(const void *x, const void *y)
{
    const struct js *const *a = x, *const *b = y;
    return bytes_compare((*a)->key, (*b)->key);
}

static void write_equal(struct buf *b, const struct js *v);

/* Sorted, so that two objects with the same members in another order are one text. */
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

/* A text for each value, the same where JSON Schema calls them equal: so duplicates are found by sorting, in
 * n log n. */
static void write_equal(struct buf *b, const struct js *v)
{
    if (js_is_number(v)) {
        js_number_write_canonical(b, v);
        buf_char(b, ' ');
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

/* Then by place, so that the pair that is told is the earliest one. */
static int by_text(const void *x, const void *y)
{
    const struct item *a = x, *b = y;
    int order = bytes_compare(a->text, b->text);
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

/* The first pair of equal items, the second of them as early as can be. False: none, or memory or budget
 * ended. */
static bool has_duplicate(struct check *c, const struct js *array, size_t *first, size_t *second)
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
        /* Paid by length: the value is a stranger's, and large elements cost more to write and to compare. */
        if (c->no_memory || !schema_check_spend(c, 4 + items[n].text.n / 16)) {
            return false;
        }
    }
    if (!items) {
        return false;
    }
    /* n log n: comparing each with each would let one request keep a core for minutes. */
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
    if (!has_duplicate(c, v, &a, &b)) {
        return;
    }
    struct js *context = js_object(c->a);
    js_put(c->a, context, "index_a", js_int(c->a, (int64_t)a));
    js_put(c->a, context, "index_b", js_int(c->a, (int64_t)b));
    schema_leaf_add(c, out, s, at, "uniqueItems", context, "items at index %zu and %zu are equal", a, b);
}

/* Each element pays in schema_check_value, so that a long array ends with the budget. */
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
            (void)schema_check_value(c, one, e, &spot, out);
        }
    }
    if (s->has_item_list && more && more->never && v->count > s->item_list.n) {
        schema_leaf_add(c, out, s, at, "additionalItems", NULL,
                        "only %zu items are allowed, but found %zu items", s->item_list.n, v->count);
    }
}

/* One that fits is enough (draft-07, Validation §6.4.6); causes are kept only for the case that none does. */
static void check_contains(struct check *c, const struct subschema *s, const struct js *v,
                           const struct spot *at, struct causes *out)
{
    struct causes inner = {0};
    size_t i = 0;
    for (const struct js *e = v->first; e; e = e->next) {
        /* First without causes, which cost memory; only where none fits is each asked why. */
        if (schema_check_quietly(c, s->contains, e)) {
            return;
        }
    }
    for (const struct js *e = v->first; e && !c->quiet; e = e->next, i++) {
        const struct spot spot = {.up = at, .index = i, .in_array = true};
        (void)schema_check_value(c, s->contains, e, &spot, &inner);
    }
    if (inner.first) {
        schema_causes_adopt(schema_cause_add(c, out, s, at, "contains", "contains failed"), &inner);
    } else {
        schema_leaf_add(c, out, s, at, "contains", NULL, "contains failed");
    }
}

/* Counts first: they cost nothing, and items are then checked one by one against the budget. */
void schema_check_array(struct check *c, const struct subschema *s, const struct js *v, const struct spot *at,
                        struct causes *out)
{
    if (s->min_items >= 0 && v->count < (uint64_t)s->min_items) {
        schema_check_count_failed(c, s, at, out, "minItems", true, "items", s->min_items, v->count);
    }
    if (s->max_items >= 0 && v->count > (uint64_t)s->max_items) {
        schema_check_count_failed(c, s, at, out, "maxItems", false, "items", s->max_items, v->count);
    }
    /* Last of the cheap ones: it is the dearest of them. */
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
