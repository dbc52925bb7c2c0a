#include "js_int.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* Depth is checked before jansson sees the text, since its own limit is 2048. Only brackets outside of
 * strings count; whether the text is well-formed is left to jansson. */
static bool too_deep(struct bytes text)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (quoted) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                quoted = false;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            if (++depth > JS_MAX_DEPTH) {
                return true;
            }
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return false;
}

static struct js *convert(struct arena *a, json_t *from);

static struct js *convert_array(struct arena *a, json_t *from)
{
    struct js *to = js_array(a);
    for (size_t i = 0; to && i < json_array_size(from); i++) {
        if (!js_push(to, convert(a, json_array_get(from, i)))) {
            return NULL;
        }
    }
    return to;
}

/* Appends without looking for the key: jansson has refused duplicates already. */
static struct js *convert_object(struct arena *a, json_t *from)
{
    struct js *to = js_object(a);
    for (void *at = json_object_iter(from); to && at; at = json_object_iter_next(from, at)) {
        struct js *value = convert(a, json_object_iter_value(at));
        if (!value || !(value->key = bytes_dup(a, bytes_str(json_object_iter_key(at)))).p) {
            return NULL;
        }
        js_push(to, value);
    }
    return to;
}

static struct js *convert(struct arena *a, json_t *from)
{
    switch (json_typeof(from)) {
    case JSON_OBJECT:
        return convert_object(a, from);
    case JSON_ARRAY:
        return convert_array(a, from);
    case JSON_STRING:
        return js_string(a, BYTES(json_string_value(from), json_string_length(from)));
    case JSON_INTEGER:
        return js_int(a, json_integer_value(from));
    case JSON_REAL:
        return js_real(a, json_real_value(from));
    case JSON_TRUE:
    case JSON_FALSE:
        return js_bool(a, json_is_true(from));
    case JSON_NULL:
    default:
        return js_null(a);
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
    char *why = arena_printf(a, "%s, line %d, column %d", kind, error->line, error->column);
    return why ? why : kind;
}

enum ww_err js_read(struct arena *a, struct bytes text, struct js **out, const char **why)
{
    json_error_t error;
    *out = NULL;
    *why = "nested too deeply";
    if (too_deep(text)) {
        return WW_EINVAL;
    }
    json_t *root = json_loadb((const char *)text.p, text.n,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!root) {
        *why = reason(a, &error);
        return json_error_code(&error) == json_error_out_of_memory ? WW_ENOMEM : WW_EINVAL;
    }
    *out = convert(a, root);
    json_decref(root);
    *why = "out of memory";
    return *out ? WW_OK : WW_ENOMEM;
}

enum ww_err js_read_own(struct arena *a, struct bytes text, struct js **out)
{
    const char *why;
    if (js_read_plain(a, text, out)) {
        return *out ? WW_OK : WW_ENOMEM;
    }
    return js_read(a, text, out, &why);
}

/* The size stands in front of each block, so that freeing can wipe all of it. */
union header {
    size_t n;
    max_align_t align;
};

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

void js_wipe_memory(void)
{
    json_set_alloc_funcs(wiping_malloc, wiping_free);
}
