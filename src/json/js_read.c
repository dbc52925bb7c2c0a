/* Reading what comes from outside: bounded by a first look, parsed by jansson, made a tree in the arena. */
#include "js_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* What jansson takes for a value besides its text: an object with its first 8 buckets, rounded up. It
 * comes from malloc and is freed once the tree is made; as much must fit into what the operation may use. */
enum { JANSSON_NODE = 320 };

/* The tree being made. jansson gives values in the order of the text (objects keep theirs, keys that stand
 * twice are refused), so the numbers of the text are met in their order. */
struct conversion {
    struct arena *arena;
    struct bytes rest; /* of the text, behind the last number */
};

/* "1e-400" is nearer to zero than any double: zero, as Go and JavaScript read it. So the exponent of what is
 * kept as it was typed stays within what is worked with. */
static bool is_lost(double value, struct bytes digits)
{
    size_t i = 0;
    while (i < digits.n && (digits.p[i] | 0x20) != 'e' && (digits.p[i] < '1' || digits.p[i] > '9')) {
        i++;
    }
    return !(value < 0 || value > 0) && i < digits.n && (digits.p[i] | 0x20) != 'e';
}

static struct js *convert(struct conversion *c, json_t *from);

static struct js *convert_number(struct conversion *c, json_t *from)
{
    struct bytes digits = js_scan_number(&c->rest);
    /* jansson has judged the number's form; its digits are taken from the text, so that it comes back as
     * it was typed. */
    struct js *v = js_real(c->arena, json_real_value(from));
    if (is_lost(json_real_value(from), digits)) {
        digits = bytes_str("0");
    }
    if (!v || !(v->string = bytes_dup(c->arena, digits)).p) {
        return NULL;
    }
    if (!memchr(digits.p, '.', digits.n) && !memchr(digits.p, 'e', digits.n) &&
        !memchr(digits.p, 'E', digits.n)) {
        /* Without point and exponent it is a whole number; beyond 64 bits it is kept as a real with its own
         * digits. */
        errno = 0;
        v->integer = strtoll((const char *)v->string.p, NULL, 10);
        v->type = errno ? JS_REAL : JS_INT;
    }
    return v;
}

static struct js *convert_array(struct conversion *c, json_t *from)
{
    struct js *to = js_array(c->arena);
    for (size_t i = 0; to && i < json_array_size(from); i++) {
        if (!js_push(to, convert(c, json_array_get(from, i)))) {
            return NULL;
        }
    }
    return to;
}

/* Appends without looking for the key: jansson has refused duplicates already. */
static struct js *convert_object(struct conversion *c, json_t *from)
{
    struct js *to = js_object(c->arena);
    for (void *at = json_object_iter(from); to && at; at = json_object_iter_next(from, at)) {
        struct js *value = convert(c, json_object_iter_value(at));
        if (!value || !(value->key = bytes_dup(c->arena, bytes_str(json_object_iter_key(at)))).p) {
            return NULL;
        }
        js_push(to, value);
    }
    return to;
}

/* Recursion as deep as the text, which measure() has bounded. */
static struct js *convert(struct conversion *c, json_t *from)
{
    switch (json_typeof(from)) {
    case JSON_OBJECT:
        return convert_object(c, from);
    case JSON_ARRAY:
        return convert_array(c, from);
    case JSON_STRING:
        return js_string(c->arena, BYTES(json_string_value(from), json_string_length(from)));
    case JSON_INTEGER:
    case JSON_REAL:
        return convert_number(c, from);
    case JSON_TRUE:
    case JSON_FALSE:
        return js_bool(c->arena, json_is_true(from));
    case JSON_NULL:
    default:
        return js_null(c->arena);
    }
}

/* jansson quotes the text near the error in its message: only the kind and the place are passed on. */
static const char *reason(struct arena *a, const json_error_t *error)
{
    const char *kind = "not well-formed JSON";
    switch (json_error_code(error)) {
    case json_error_invalid_utf8:
        kind = "not valid UTF-8";
        break;
    case json_error_duplicate_key:
        kind = "a key stands twice in an object";
        break;
    case json_error_end_of_input_expected:
        kind = "something follows the JSON value";
        break;
    case json_error_premature_end_of_input:
        kind = "the JSON text ends too early";
        break;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        kind = "a NUL in a key";
        break;
    case json_error_numeric_overflow:
        kind = "a number out of range";
        break;
    default:
        break;
    }
    /* Place and kind, for whoever wrote the text; nothing of the text, which may be a secret. */
    char *why = arena_printf(a, "%s, line %d, column %d", kind, error->line, error->column);
    return why ? why : kind;
}

/* NULL when the text may be parsed, else what is wrong; *err tells how. */
static const char *measure(const struct arena *a, struct bytes text, size_t depth, enum ww_err *err)
{
    struct js_measure m = js_scan_measure(text);
    *err = WW_EINVAL;
    if (m.depth > depth) {
        return "nested too deeply";
    }
    if (m.nodes > LIMIT_JSON_NODES) {
        return "too many values";
    }
    if (m.longest_number > LIMIT_JSON_NUMBER) {
        return "a number of too many digits";
    }
    *err = WW_ENOMEM;
    /* Twice the text: jansson's copy of all strings, and ours. */
    return arena_has_room(a, m.nodes * (sizeof(struct js) + JANSSON_NODE) + 2 * text.n) ? NULL
                                                                                        : "out of memory";
}

static enum ww_err read_text(struct arena *a, struct bytes text, size_t depth, struct js **out,
                             const char **why)
{
    json_error_t error;
    enum ww_err err = WW_OK;
    *out = NULL;
    /* Before jansson, which recurses, allocates from malloc without a limit, and compares keys by a hash. */
    if ((*why = measure(a, text, depth, &err))) {
        return err;
    }
    json_t *root = json_loadb(
        (const char *)text.p, text.n,
        /* Duplicates: two readers that take another of two members disagree. Any: a value may be the whole.
         * NUL: legal, and told apart by length. Integers as reals: jansson then checks the form only, and the
         * digits are ours. */
        JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
    if (!root) {
        *why = reason(a, &error);
        return json_error_code(&error) == json_error_out_of_memory ? WW_ENOMEM : WW_EINVAL;
    }
    struct conversion c = {a, text};
    *out = convert(&c, root);
    /* The tree is copied out first: nothing of jansson's outlives this call. */
    json_decref(root);
    *why = "out of memory";
    return *out ? WW_OK : WW_ENOMEM;
}

enum ww_err js_read(struct arena *a, struct bytes text, struct js **out, const char **why)
{
    return read_text(a, text, LIMIT_JSON_DEPTH, out, why);
}

/* Deeper than what is taken from outside: a record wraps the traits that were. */
enum ww_err js_read_own(struct arena *a, struct bytes text, struct js **out)
{
    const char *why;
    /* True also where memory was gone: a second try would not find more. */
    if (js_read_plain(a, text, out)) {
        return *out ? WW_OK : WW_ENOMEM;
    }
    return read_text(a, text, LIMIT_JSON_DEPTH_OWN, out, &why);
}

/* The size stands in front of each block, so that freeing can wipe all of it. */
union header {
    size_t n;
    max_align_t align;
};

/* jansson asks for these two functions and no realloc. */
static void *wiping_malloc(size_t n)
{
    union header *h = n < SIZE_MAX - sizeof *h ? malloc(sizeof *h + n) : NULL;
    if (!h) {
        return NULL;
    }
    h->n = n;
    return h + 1;
}

static void wiping_free(void *p)
{
    if (p) {
        union header *h = (union header *)p - 1;
        explicit_bzero(p, h->n);
        free(h);
    }
}

/* For the server and the commands alone: a library must not change jansson's allocator under the program
 * that embeds it. */
void js_wipe_memory(void)
{
    json_set_alloc_funcs(wiping_malloc, wiping_free);
}
