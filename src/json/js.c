/* Trees: looking, comparing, building. What was read is at most LIMIT_JSON_DEPTH_OWN deep, which bounds every
 * recursion here. */
#include "js_int.h"

#include <string.h>

/* ---- looking ---- */

static struct js *find(const struct js *o, struct bytes key)
{
    if (!o || o->type != JS_OBJECT) {
        return NULL;
    }
    /* Linear: the objects that are asked by name have a dozen members. Large ones go by js_set_fields. */
    for (struct js *m = o->first; m; m = m->next) {
        if (bytes_equal(m->key, key)) {
            return m;
        }
    }
    return NULL;
}

struct js *js_get(const struct js *o, const char *key)
{
    return find(o, bytes_str(key));
}

/* Linear: nobody asks for elements of a long array one after the other. NULL behind the end, and of what is
 * no array: callers ask without looking first. */
struct js *js_at(const struct js *array, size_t i)
{
    if (!array || array->type != JS_ARRAY) {
        return NULL;
    }
    struct js *v = array->first;
    while (v && i-- > 0) {
        v = v->next;
    }
    return v;
}

const char *js_get_text(const struct js *o, const char *key)
{
    struct js *v = js_get(o, key);
    /* A NUL inside is legal JSON: as a C string the text would end before it, so that "admin\u0000x" would
     * pass for "admin". */
    if (!v || v->type != JS_STRING || strlen((const char *)v->string.p) != v->string.n) {
        return NULL;
    }
    return (const char *)v->string.p;
}

bool js_get_bool(const struct js *o, const char *key, bool otherwise)
{
    struct js *v = js_get(o, key);
    return v && v->type == JS_BOOL ? v->boolean : otherwise;
}

int64_t js_get_int(const struct js *o, const char *key, int64_t otherwise)
{
    struct js *v = js_get(o, key);
    return v && v->type == JS_INT ? v->integer : otherwise;
}

/* "0", "1", …: as many digits as an array that was read can have elements. */
static struct js *at_index(const struct js *array, struct bytes digits)
{
    size_t i = 0;
    for (size_t k = 0; k < digits.n; k++) {
        if (digits.p[k] < '0' || digits.p[k] > '9' || k > 6) {
            return NULL;
        }
        i = i * 10 + (size_t)(digits.p[k] - '0');
    }
    return digits.n > 0 ? js_at(array, i) : NULL;
}

struct js *js_path(const struct js *o, const char *dotted)
{
    const struct js *v = o;
    while (v) {
        size_t n = strcspn(dotted, ".");
        v = v->type == JS_ARRAY ? at_index(v, BYTES(dotted, n)) : find(v, BYTES(dotted, n));
        if (!dotted[n]) {
            break;
        }
        dotted += n + 1;
    }
    /* Const in, not const out, as strchr: whoever holds the tree decides what may be changed. */
    return (struct js *)(uintptr_t)v;
}

/* For trees that grow by what is put into them: what was read has been measured before. */
size_t js_depth(const struct js *v)
{
    size_t deepest = 0;
    if (!v || (v->type != JS_ARRAY && v->type != JS_OBJECT)) {
        return 0;
    }
    for (const struct js *child = v->first; child; child = child->next) {
        size_t depth = js_depth(child);
        /* A value has depth 0, an empty array 1: as JSON's brackets are counted. */
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

/* By JSON Schema's rules, so 1 and 1.0 are the same and members have no order. Callers with outside values
 * pay for it in their budget. */
bool js_equal(const struct js *a, const struct js *b)
{
    /* Before the types: 1 is an integer to us and 1.0 a real. */
    if (js_is_number(a) && js_is_number(b)) {
        return js_number_compare(a, b) == 0;
    }
    if (a->type != b->type || a->count != b->count) {
        return false;
    }
    switch (a->type) {
    case JS_BOOL:
        return a->boolean == b->boolean;
    case JS_STRING:
        return bytes_equal(a->string, b->string);
    case JS_ARRAY:
        for (const struct js *x = a->first, *y = b->first; x && y; x = x->next, y = y->next) {
            if (!js_equal(x, y)) {
                return false;
            }
        }
        return true;
    case JS_OBJECT:
        for (const struct js *x = a->first, *beside = b->first; x; x = x->next) {
            /* mostly in the same order: then nothing is searched for */
            const struct js *y = beside && bytes_equal(beside->key, x->key) ? beside : find(b, x->key);
            if (!y || !js_equal(x, y)) {
                return false;
            }
            beside = y->next;
        }
        return true;
    case JS_NULL:
    case JS_INT:
    case JS_REAL:
    default:
        return true;
    }
}

/* ---- building ---- */

static struct js *make(struct arena *a, enum js_type type)
{
    struct js *v = ARENA_NEW(a, struct js);
    if (v) {
        /* All else is zero from the arena: false, 0, an empty list. */
        v->type = type;
    }
    return v;
}

struct js *js_null(struct arena *a)
{
    return make(a, JS_NULL);
}

struct js *js_bool(struct arena *a, bool boolean)
{
    struct js *v = make(a, JS_BOOL);
    if (v) {
        v->boolean = boolean;
    }
    return v;
}

struct js *js_int(struct arena *a, int64_t integer)
{
    struct js *v = make(a, JS_INT);
    if (v) {
        v->integer = integer;
    }
    return v;
}

struct js *js_real(struct arena *a, double real)
{
    struct js *v = make(a, JS_REAL);
    if (v) {
        v->real = real;
    }
    return v;
}

struct js *js_string_kept(struct arena *a, struct bytes string)
{
    struct js *v = make(a, JS_STRING);
    if (v) {
        v->string = string;
    }
    return v;
}

/* Copied, with a NUL behind: the tree outlives what it was made of, and its texts are C strings where they
 * hold no NUL. */
struct js *js_string(struct arena *a, struct bytes string)
{
    struct bytes copy = bytes_dup(a, string);
    return copy.p ? js_string_kept(a, copy) : NULL;
}

struct js *js_text(struct arena *a, const char *text)
{
    return text ? js_string(a, bytes_str(text)) : NULL;
}

struct js *js_array(struct arena *a)
{
    return make(a, JS_ARRAY);
}

struct js *js_object(struct arena *a)
{
    return make(a, JS_OBJECT);
}

/* A container that lost a child to lack of memory has a count that no list can have. */
static const size_t lost = SIZE_MAX;

bool js_whole(const struct js *v)
{
    if (!v || v->count == lost) {
        return false;
    }
    /* Asked once, before a tree is given out without being written: js_write asks by itself. */
    for (const struct js *child = v->first; child; child = child->next) {
        if (!js_whole(child)) { /* no deeper than LIMIT_JSON_DEPTH_OWN, as all trees */
            return false;
        }
    }
    return true;
}

static void append(struct js *parent, struct js *child)
{
    child->next = NULL;
    if (parent->last) {
        parent->last->next = child;
    } else {
        parent->first = child;
    }
    parent->last = child;
    /* A mark stays: whatever is added later, something is missing. */
    if (parent->count != lost) {
        parent->count++;
    }
}

/* A value that is NULL (no memory) marks the list, so that builders need not ask at each step; js_write
 * refuses what is marked. */
struct js *js_push(struct js *array, struct js *value)
{
    if (!array) {
        return NULL;
    }
    if (!value) {
        array->count = lost;
        return NULL;
    }
    append(array, value);
    return value;
}

/* Linear for each member: for the objects that the program itself makes. What may be large goes by
 * js_set_fields, or is appended by the reader. */
static struct js *put(struct arena *a, struct js *object, struct bytes key, struct js *value)
{
    if (!object) {
        return NULL;
    }
    struct bytes copy = bytes_dup(a, key);
    if (!value || !copy.p) {
        object->count = lost;
        return NULL;
    }
    value->key = copy;
    /* In the place of what was there, so that members keep their order when one is set again. */
    for (struct js **at = &object->first; *at; at = &(*at)->next) {
        if (bytes_equal((*at)->key, key)) {
            value->next = (*at)->next;
            if (object->last == *at) {
                object->last = value;
            }
            *at = value;
            return value;
        }
    }
    append(object, value);
    return value;
}

struct js *js_put(struct arena *a, struct js *object, const char *key, struct js *value)
{
    return put(a, object, bytes_str(key), value);
}

struct js *js_add(struct arena *a, struct js *object, const char *key, struct js *value)
{
    if (!object) {
        return NULL;
    }
    /* js_add: for keys that are known to be new, without looking for them. */
    struct bytes copy = bytes_dup(a, bytes_str(key));
    if (!value || !copy.p) {
        object->count = lost;
        return NULL;
    }
    value->key = copy;
    append(object, value);
    return value;
}

void js_remove(struct js *object, const char *key)
{
    struct js *before = NULL;
    if (!object || object->type != JS_OBJECT) {
        return;
    }
    for (struct js *m = object->first; m; before = m, m = m->next) {
        if (bytes_equal(m->key, bytes_str(key))) {
            *(before ? &before->next : &object->first) = m->next;
            if (object->last == m) {
                object->last = before;
            }
            /* js_remove and what is absent: that is what was wanted. */
            if (object->count != lost) {
                object->count--;
            }
            return;
        }
    }
}

struct js *js_copy(struct arena *a, const struct js *v)
{
    if (!v) {
        return NULL;
    }
    /* Deep, as all copies: a node stands in one tree only. */
    struct js *copy = make(a, v->type);
    if (!copy) {
        return NULL;
    }
    copy->boolean = v->boolean;
    copy->integer = v->integer;
    copy->real = v->real;
    /* A tree that lost something stays one: a copy must not look whole. */
    copy->count = v->count == lost ? lost : 0;
    if (v->string.p) {
        copy->string = bytes_dup(a, v->string);
        return copy->string.p ? copy : NULL;
    }
    for (const struct js *child = v->first; child; child = child->next) {
        struct js *c = js_copy(a, child);
        if (!c || (v->type == JS_OBJECT && !(c->key = bytes_dup(a, child->key)).p)) {
            return NULL;
        }
        append(copy, c);
    }
    return copy;
}

struct js *js_put_path(struct arena *a, struct js *object, const char *dotted, struct js *value)
{
    for (size_t depth = 1;; depth++) {
        size_t n = strcspn(dotted, ".");
        struct bytes key = BYTES(dotted, n);
        /* A name of a form ("a.b.c…") is outside text as well: it makes nothing deeper than JSON may be. */
        if (depth > LIMIT_JSON_DEPTH && object) {
            object->count = lost;
            return NULL;
        }
        if (!dotted[n]) {
            return put(a, object, key, value);
        }
        struct js *inner = find(object, key);
        /* What stands in the way gives way: of two fields of a form that contradict each other the later
         * one counts. */
        if (!inner || inner->type != JS_OBJECT) {
            inner = put(a, object, key, js_object(a));
        }
        if (!inner) {
            return NULL;
        }
        object = inner;
        dotted += n + 1;
    }
}
