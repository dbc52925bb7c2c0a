/* Many members set by dotted path at once, in time n log n: one at a time each would be looked for among all
 * that are there. */
#include "js.h"

#include <stdlib.h>
#include <string.h>

/* A step of a path, "." or the end behind it. */
static struct bytes step_at(const char *path)
{
    /* Escapes there are none: members with dots in their names cannot be set by a form. */
    return BYTES(path, strcspn(path, "."));
}

static int order_of(uint8_t c)
{
    return c == '.' ? 0 : c + 1; /* so that what shares its first steps stands together */
}

static int by_path(const void *x, const void *y)
{
    const struct js_field *a = x, *b = y;
    const uint8_t *p = (const uint8_t *)a->path, *q = (const uint8_t *)b->path;
    while (*p && *p == *q) {
        p++;
        q++;
    }
    if (*p == *q) {
        /* The same path twice: in the order of the form, so that the last one counts. */
        return (a->order > b->order) - (a->order < b->order);
    }
    return !*p ? -1 : !*q ? 1 : order_of(*p) - order_of(*q);
}

static int by_key(const void *x, const void *y)
{
    const struct js *const *a = x, *const *b = y;
    return bytes_compare((*a)->key, (*b)->key);
}

/* The members that were there, sorted; n is 0 for an array. */
struct members {
    struct js **at;
    size_t n;
};

static bool sort_members(struct arena *a, const struct js *object, struct members *out)
{
    *out = (struct members){ARENA_ARRAY(a, object->count, struct js *), 0};
    for (struct js *m = object->first; out->at && m; m = m->next) {
        out->at[out->n++] = m;
    }
    if (out->at) {
        qsort(out->at, out->n, sizeof *out->at, by_key);
    }
    return out->at != NULL;
}

/* By halving among those that were there; ones that are added now stand in groups of their own. */
static struct js *find_member(const struct members *in, struct bytes key)
{
    const struct js wanted = {.key = key}, *w = &wanted;
    struct js **found = in->n ? bsearch(&w, in->at, in->n, sizeof *in->at, by_key) : NULL;
    return found ? *found : NULL;
}

/* value takes the place of what was there, under its key. */
static void replace(struct js *there, const struct js *value)
{
    struct js *next = there->next;
    struct bytes key = there->key;
    *there = *value;
    there->next = next;
    /* What replaces has no key, or that of the form; the member keeps the one that it has. */
    there->key = key;
}

static bool set_fields(struct arena *a, struct js *object, struct js_field *fields, size_t n, size_t depth);

/* All fields of one step: what it is itself, then what is below it. */
static bool set_step(struct arena *a, struct js *there, struct js_field *fields, size_t n, size_t depth)
{
    size_t own = 0;
    /* Sorted: what a step is itself stands before what is below it. The last one counts. */
    while (own < n && !*fields[own].path) {
        replace(there, fields[own++].value);
    }
    if (own == n) {
        return true;
    }
    if (there->type != JS_OBJECT && there->type != JS_ARRAY) {
        replace(there, &(struct js){.type = JS_OBJECT});
    }
    return set_fields(a, there, fields + own, n - own, depth + 1);
}

static struct js *add_child(struct arena *a, struct js *container, struct bytes key)
{
    /* null until it is set: a step that only leads on becomes an object in set_step. */
    struct js *child = js_null(a);
    if (child && container->type == JS_OBJECT && !(child->key = bytes_dup(a, key)).p) {
        return NULL;
    }
    return js_push(container, child);
}

struct group {
    struct bytes step;
    size_t first, n;
    unsigned long index; /* of an array */
};

static int by_index(const void *x, const void *y)
{
    const struct group *a = x, *b = y;
    return (a->index > b->index) - (a->index < b->index);
}

/* Steps below an array are indexes in rising order; those behind its end are added, without gaps. Others are
 * left out: they name no element. */
static size_t only_indexes(struct group *groups, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct bytes step = groups[i].step;
        /* A larger index would name no element that could have been read. */
        bool digits = step.n > 0 && step.n <= 6;
        for (size_t k = 0; k < step.n && digits; k++) {
            digits = step.p[k] >= '0' && step.p[k] <= '9';
        }
        if (digits) {
            groups[i].index = strtoul((const char *)step.p, NULL, 10); /* ends at "." or NUL */
            groups[kept++] = groups[i];
        }
    }
    /* "10" sorts before "2" as text; as indexes they are put in order here. */
    qsort(groups, kept, sizeof *groups, by_index);
    return kept;
}

/* Moves every path behind its first step and puts those of one step into one group. */
static size_t group_by_step(struct js_field *fields, size_t n, struct group *groups)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        struct bytes step = step_at(fields[i].path);
        if (count == 0 || !bytes_equal(groups[count - 1].step, step)) {
            groups[count++] = (struct group){.step = step, .first = i};
        }
        groups[count - 1].n++;
        fields[i].path += step.n + (fields[i].path[step.n] == '.');
    }
    return count;
}

static bool set_fields(struct arena *a, struct js *container, struct js_field *fields, size_t n, size_t depth)
{
    struct group *groups = ARENA_ARRAY(a, n, struct group);
    struct members there = {0};
    bool array = container->type == JS_ARRAY;
    /* The recursion goes one step of a path deeper each time. */
    if (!groups || depth > LIMIT_JSON_DEPTH || (!array && !sort_members(a, container, &there))) {
        return false;
    }
    size_t count = group_by_step(fields, n, groups), old = container->count, passed = 0;
    count = array ? only_indexes(groups, count) : count;
    /* Walked along once, since the indexes rise. */
    struct js *at = array ? container->first : NULL;
    for (size_t i = 0; i < count; i++) {
        const struct group *g = &groups[i];
        for (; array && at && passed < g->index; passed++) {
            at = at->next;
        }
        struct js *child = !array ? find_member(&there, g->step) : g->index < old ? at : NULL;
        child = child ? child : add_child(a, container, g->step);
        if (!child || !set_step(a, child, fields + g->first, g->n, depth)) {
            return false;
        }
    }
    return true;
}

/* A form has up to LIMIT_FIELDS names that a stranger chose: sorted once, each object on the way is looked
 * at once. */
bool js_set_fields(struct arena *a, struct js *object, struct js_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t depth = 1;
        if (!fields[i].value) {
            return false;
        }
        for (const char *p = fields[i].path; *p; p++) {
            depth += *p == '.';
        }
        if (depth > LIMIT_JSON_DEPTH) {
            return false;
        }
        fields[i].order = i;
    }
    qsort(fields, n, sizeof *fields, by_path);
    return n == 0 || set_fields(a, object, fields, n, 1);
}

const char *js_long_text(struct arena *a, const struct js *v, const char *path, size_t most, size_t most_name)
{
    const char *found = NULL;
    size_t i = 0;

    if (v->type == JS_STRING) {
        return v->string.n > most ? path : NULL;
    }
    for (const struct js *m = v->first; m && !found; m = m->next, i++) {
        bool nameless = v->type == JS_ARRAY || m->key.n > most_name;
        found = js_long_text(a, m, "", most, most_name);
        if (v->type == JS_OBJECT && m->key.n > most_name) {
            return path;
        }
        if (found) {
            found = nameless ? arena_printf(a, "%s.%zu%s", path, i, found)
                             : arena_printf(a, "%s.%s%s", path, (const char *)m->key.p, found);
        }
    }
    return found;
}
