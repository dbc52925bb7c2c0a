/* The quick way through plain JSON of our own. Every request reads two such texts (a record, a session) after
 * they were opened, and jansson makes a tree of its own for each first. The text is copied once, and its
 * strings lie in the copy: a NUL takes the place of each closing quote. */
#include "js_int.h"

#include <string.h>

#include "utf8.h"

/* Members are compared with each other, so an object with more goes to jansson; 18 digits fit into 64 bits
 * without asking. */
enum { MEMBERS_MOST = 64, DIGITS_MOST = 18 };

struct plain {
    struct arena *arena;
    uint8_t *p, *end; /* in the copy; *end is NUL, where every string and number stops */
    bool no_memory;
};

static struct js *value(struct plain *in, int depth);

static struct js *keep(struct plain *in, struct js *v)
{
    in->no_memory = in->no_memory || !v;
    return v;
}

static uint8_t skip_space(struct plain *in)
{
    while (in->p < in->end && (*in->p == ' ' || *in->p == '\n' || *in->p == '\r' || *in->p == '\t')) {
        in->p++;
    }
    return in->p < in->end ? *in->p : 0;
}

static bool take(struct plain *in, char c)
{
    bool there = skip_space(in) == (uint8_t)c;
    in->p += there;
    return there;
}

/* A string without escapes. */
static bool string(struct plain *in, struct bytes *out)
{
    uint8_t all = 0;
    if (!take(in, '"')) {
        return false;
    }
    uint8_t *p = in->p;
    while (*p != '"' && *p != '\\' && *p >= 0x20) {
        all |= *p++;
    }
    *out = BYTES(in->p, (size_t)(p - in->p));
    in->p = p;
    if (*p != '"' || (all >= 0x80 && !utf8_valid(*out))) {
        return false;
    }
    *in->p++ = 0;
    return true;
}

static struct js *integer(struct plain *in)
{
    bool negative = *in->p == '-';
    int64_t v = 0;
    in->p += negative;
    const uint8_t *start = in->p;
    while (in->p < in->end && *in->p >= '0' && *in->p <= '9' && in->p - start < DIGITS_MOST) {
        v = v * 10 + (*in->p++ - '0');
    }
    size_t digits = (size_t)(in->p - start);
    /* Fractions, exponents and longer numbers are jansson's. */
    bool goes_on = in->p < in->end &&
                   ((*in->p >= '0' && *in->p <= '9') || *in->p == '.' || *in->p == 'e' || *in->p == 'E');
    if (digits == 0 || goes_on || (*start == '0' && (digits > 1 || negative))) {
        return NULL;
    }
    return keep(in, js_int(in->arena, negative ? -v : v));
}

static struct js *word(struct plain *in, const char *text, struct js *v)
{
    size_t n = strlen(text);
    if ((size_t)(in->end - in->p) < n || memcmp(in->p, text, n) != 0) {
        return NULL;
    }
    in->p += n;
    return keep(in, v);
}

static struct js *array(struct plain *in, int depth)
{
    struct js *list = keep(in, js_array(in->arena));
    in->p++;
    if (!list || take(in, ']')) {
        return list;
    }
    do {
        struct js *v = value(in, depth + 1);
        if (!v) {
            return NULL;
        }
        js_push(list, v);
    } while (take(in, ','));
    return take(in, ']') ? list : NULL;
}

static bool member(struct plain *in, struct js *object, int depth)
{
    struct bytes key;
    if (object->count == MEMBERS_MOST || skip_space(in) != '"' || !string(in, &key) || !take(in, ':')) {
        return false;
    }
    for (const struct js *m = object->first; m; m = m->next) {
        /* As jansson refuses it: both ways must give the same tree or none. */
        if (bytes_equal(m->key, key)) {
            return false;
        }
    }
    struct js *v = value(in, depth + 1);
    if (!v) {
        return false;
    }
    v->key = key;
    js_push(object, v);
    return true;
}

static struct js *object(struct plain *in, int depth)
{
    struct js *o = keep(in, js_object(in->arena));
    in->p++;
    if (!o || take(in, '}')) {
        return o;
    }
    do {
        if (!member(in, o, depth)) {
            return NULL;
        }
    } while (take(in, ','));
    return take(in, '}') ? o : NULL;
}

/* NULL: not plain, or no memory. depth counts the brackets around it. */
static struct js *value(struct plain *in, int depth)
{
    struct bytes text;
    uint8_t c = skip_space(in);
    switch (c) {
    case '{':
        return depth < LIMIT_JSON_DEPTH_OWN ? object(in, depth) : NULL;
    case '[':
        return depth < LIMIT_JSON_DEPTH_OWN ? array(in, depth) : NULL;
    case '"':
        return string(in, &text) ? keep(in, js_string_kept(in->arena, text)) : NULL;
    case 't':
        return word(in, "true", js_bool(in->arena, true));
    case 'f':
        return word(in, "false", js_bool(in->arena, false));
    case 'n':
        return word(in, "null", js_null(in->arena));
    default:
        return c == '-' || (c >= '0' && c <= '9') ? integer(in) : NULL;
    }
}

/* Only texts that were sealed by us and opened come here (docs/DECISIONS.md): hostile ones meet one
 * parser, jansson. */
bool js_read_plain(struct arena *a, struct bytes text, struct js **out)
{
    uint8_t *copy = (uint8_t *)arena_strndup(a, text.p, text.n);
    *out = NULL;
    if (!copy) {
        return true;
    }
    struct plain in = {a, copy, copy + text.n, false};
    struct js *v = text.n ? value(&in, 0) : NULL;
    /* Nothing may follow: what is not read whole here is read anew by jansson. */
    bool all = v && (skip_space(&in), in.p == in.end);
    *out = all && !in.no_memory ? v : NULL;
    return in.no_memory || all;
}
