/* What is said of a value that does not satisfy its schema. The texts are those of the validator that Kratos
 * uses (kratos.md §2.14, §3.4), which clients compare. */
#include <string.h>

#include "schema_int.h"
#include "utf8.h"

/* ---- texts ---- */

/* Go's %q: control characters and what cannot be seen are escaped. Invisible ranges: C1, soft hyphen, spaces
 * other than U+0020, zero-width and directional characters, the byte order mark. */
static bool printable(int32_t c)
{
    static const int32_t invisible[][2] = {
        {0x7f, 0xa0},     {0xad, 0xad},     {0x1680, 0x1680}, {0x2000, 0x200f}, {0x2028, 0x202f},
        {0x205f, 0x206f}, {0x3000, 0x3000}, {0xfeff, 0xfeff}, {0xe000, 0xf8ff}, {0xe0000, 0x10ffff}};
    for (size_t i = 0; i < sizeof invisible / sizeof invisible[0]; i++) {
        if (c >= invisible[i][0] && c <= invisible[i][1]) {
            return false;
        }
    }
    return c >= 0x20;
}

/* As Go's %q writes them: the texts of failures are Kratos', character by character. */
static void quote_control(struct buf *b, int32_t c)
{
    static const char names[] = "abtnvfr"; /* of 7 to 13 */
    if (c >= 7 && c <= 13) {
        buf_printf(b, "\\%c", names[c - 7]);
    } else if (c < 0x80) {
        buf_printf(b, "\\x%02x", (unsigned)c);
    } else {
        buf_printf(b, c < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)c);
    }
}

/* As Go's strconv.Quote: Kratos' messages quote so, and clients compare them. */
const char *schema_go_quote(struct arena *a, struct bytes text)
{
    struct buf b = BUF(a);
    buf_char(&b, '"');
    while (text.n > 0) {
        struct bytes rest = text;
        int32_t c = utf8_next(&rest);
        if (c < 0) {
            break;
        }
        if (c == '"' || c == '\\') {
            buf_printf(&b, "\\%c", (char)c);
        } else if (printable(c)) {
            buf_add(&b, text.p, text.n - rest.n);
        } else {
            quote_control(&b, c);
        }
        text = rest;
    }
    buf_char(&b, '"');
    return buf_text(&b);
}

/* Numbers reach Kratos' validator as texts and are printed with quotes. */
const char *schema_go_value(struct arena *a, const struct js *v)
{
    char number[NUMBER_TEXT];
    switch (v->type) {
    case JS_NULL:
        return "<nil>";
    case JS_BOOL:
        return v->boolean ? "true" : "false";
    case JS_STRING:
        return schema_go_quote(a, v->string);
    case JS_INT:
    case JS_REAL:
        schema_number_text(number, v);
        return arena_printf(a, "\"%s\"", number);
    case JS_ARRAY:
    case JS_OBJECT:
    default:
        return "";
    }
}

/* From the root down, by recursion: as deep as the value, which js_read has bounded. */
static void write_spot(struct buf *b, const struct spot *at)
{
    if (!at) {
        return;
    }
    write_spot(b, at->up);
    buf_char(b, '/');
    if (at->in_array) {
        buf_printf(b, "%zu", at->index);
        return;
    }
    for (size_t i = 0; i < at->key.n; i++) {
        if (at->key.p[i] == '~' || at->key.p[i] == '/') {
            buf_str(b, at->key.p[i] == '~' ? "~0" : "~1");
        } else {
            buf_u8(b, at->key.p[i]);
        }
    }
}

/* A JSON pointer (RFC 6901), made only when there is something to tell: most checks succeed. */
static const char *spot_text(struct arena *a, const struct spot *at)
{
    struct buf b = BUF(a);
    write_spot(&b, at);
    return buf_text(&b);
}

/* ---- the tree ---- */

/* In the order in which they were found, which is that of the schema. */
static void link_cause(struct causes *out, struct schema_cause *cause)
{
    if (out->last) {
        out->last->next = cause;
    } else {
        out->first = cause;
    }
    out->last = cause;
    out->count++;
}

__attribute__((format(printf, 6, 0))) static struct schema_cause *
add(struct check *c, struct causes *out, const struct subschema *s, const struct spot *at,
    const char *keyword, const char *format, va_list ap)
{
    struct schema_cause *cause = ARENA_NEW(c->a, struct schema_cause);
    const char *instance = spot_text(c->a, at);
    const char *schema = *keyword ? arena_printf(c->a, "%s/%s", s->place, keyword) : s->place;
    char *text = arena_vprintf(c->a, format, ap);
    if (!cause || !instance || !schema || !text) {
        c->no_memory = true;
        return NULL;
    }
    *cause = (struct schema_cause){.instance = instance, .schema = schema, .text = text};
    link_cause(out, cause);
    return cause;
}

struct schema_cause *schema_cause_add(struct check *c, struct causes *out, const struct subschema *s,
                                      const struct spot *at, const char *keyword, const char *format, ...)
{
    if (c->quiet) {
        out->count++;
        return NULL;
    }
    va_list ap;
    va_start(ap, format);
    struct schema_cause *cause = add(c, out, s, at, keyword, format, ap);
    va_end(ap);
    return cause;
}

/* Counted all the same: the value stays invalid, only the answer does not grow with what was sent. */
bool schema_leaf_wanted(struct check *c, struct causes *out)
{
    if (!c->quiet && c->leaves < SCHEMA_MAX_FAILURES) {
        return true;
    }
    out->count++;
    return false;
}

struct schema_failure *schema_leaf_add(struct check *c, struct causes *out, const struct subschema *s,
                                       const struct spot *at, const char *keyword, struct js *context,
                                       const char *format, ...)
{
    if (!schema_leaf_wanted(c, out)) {
        return NULL;
    }
    va_list ap;
    va_start(ap, format);
    struct schema_cause *cause = add(c, out, s, at, keyword, format, ap);
    va_end(ap);
    struct schema_failure *leaf = cause ? ARENA_NEW(c->a, struct schema_failure) : NULL;
    if (!leaf) {
        c->no_memory = true;
        return NULL;
    }
    if (!context) {
        context = js_object(c->a);
        js_put(c->a, context, "reason", js_text(c->a, cause->text));
    }
    /* "allOf/2" and "dependencies/a/0" are places; the keyword is their first part */
    char *name = arena_strndup(c->a, keyword, strcspn(keyword, "/"));
    if (!context || !name) {
        c->no_memory = true;
        return NULL;
    }
    *leaf = (struct schema_failure){.instance = cause->instance,
                                    .keyword = name,
                                    .text = cause->text,
                                    .context = context,
                                    .schema = cause->schema};
    cause->failures = leaf;
    c->leaves++;
    return leaf;
}

/* NULL where nothing is told (quiet, or no memory): the count has been raised already. */
void schema_causes_adopt(struct schema_cause *parent, struct causes *children)
{
    if (parent) {
        parent->first = children->first;
        parent->last = children->last;
    }
}

/* Causes of a branch become those of the whole, without being copied. */
void schema_causes_move(struct causes *to, const struct causes *from)
{
    if (from->first && to->last) {
        to->last->next = from->first;
    } else if (from->first) {
        to->first = from->first;
    }
    to->last = from->last ? from->last : to->last;
    to->count += from->count;
}

/* As deep as SCHEMA_MAX_DEPTH lets causes nest. */
static void collect(const struct schema_cause *cause, struct schema_failure ***end)
{
    for (; cause; cause = cause->next) {
        for (struct schema_failure *f = cause->failures; f; f = f->next) {
            **end = f;
            *end = &f->next;
        }
        collect(cause->first, end);
    }
}

/* What people can mend are the leaves; the tree above them says only how they hang together. */
struct schema_failure *schema_causes_leaves(const struct causes *c)
{
    struct schema_failure *first = NULL, **end = &first;
    collect(c->first, &end);
    *end = NULL;
    if (first) {
        first->tree = c->first;
    }
    return first;
}

static void write_cause(struct buf *b, const struct schema_cause *cause, unsigned depth)
{
    for (; cause; cause = cause->next) {
        if (b->n > 0) {
            buf_char(b, '\n');
        }
        for (unsigned i = 0; i < depth; i++) {
            buf_str(b, "  ");
        }
        buf_printf(b, "I[#%s] S[%s] %s", cause->instance, cause->schema, cause->text);
        write_cause(b, cause->first, depth + 1);
    }
}

char *schema_failure_reason(struct arena *a, const struct schema_failure *list)
{
    struct buf b = BUF(a);
    if (list && list->tree) {
        write_cause(&b, list->tree, 0);
    }
    return buf_text(&b);
}
