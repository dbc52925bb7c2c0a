/* The words of the pages: looked up by key, with placeholders and plurals. */
#include "catalogue.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A few hundred rows: a walk is quicker than what has to be kept sorted, and pages ask for dozens. */
const char *catalogue_find(struct bytes key)
{
    for (const struct catalogue_row *row = catalogue_en; row->key; row++) {
        if (bytes_equal(bytes_str(row->key), key)) {
            return row->text;
        }
    }
    return NULL;
}

/* The '}' that closes the '{' before p; texts are ours and balanced. */
static const char *closing(const char *p)
{
    for (unsigned open = 1; *p; p++) {
        if (*p == '{') {
            open++;
        } else if (*p == '}' && --open == 0) {
            return p;
        }
    }
    return p;
}

/* "#" stands for the number, as in ICU's message format, of which this is a small part. */
static void add_number(struct buf *b, const char *p, const char *end, int64_t n)
{
    for (; p < end; p++) {
        if (*p == '#') {
            buf_printf(b, "%" PRId64, n);
        } else {
            buf_char(b, *p);
        }
    }
}

/* English has two forms; a language with more brings its rule here. */
static void add_plural(struct buf *b, const char *p, const char *end, int64_t n)
{
    const char *wanted = n == 1 ? "one {" : "other {";
    const char *form = memmem(p, (size_t)(end - p), wanted, strlen(wanted));
    if (form) {
        form += strlen(wanted);
        add_number(b, form, closing(form), n);
    }
}

/* Unescaped: the template escapes the text that comes of it, once and as a whole. */
static void add_value(struct buf *b, const struct js *v)
{
    if (v && v->type == JS_STRING) {
        buf_bytes(b, v->string);
    } else if (v && v->type == JS_INT) {
        buf_printf(b, "%" PRId64, v->integer);
    }
}

/* Words are data: no value that is put into them is looked at for braces again. */
void catalogue_format(struct buf *b, const char *pattern, catalogue_value *value, void *context)
{
    for (const char *p = pattern; *p; p++) {
        if (*p != '{') {
            buf_char(b, *p);
            continue;
        }
        const char *name = p + 1, *end = closing(name);
        size_t n = strcspn(name, ",}");
        const struct js *v = value(context, BYTES(name, n));
        if (name[n] == ',') {
            add_plural(b, name + n, end, v && v->type == JS_INT ? v->integer : 0);
        } else {
            add_value(b, v);
        }
        p = *end ? end : end - 1;
    }
}

/* Only what is of the object itself: a name cannot reach into what lies below. */
static const struct js *of_object(void *context, struct bytes name)
{
    const struct js *o = context;
    for (const struct js *c = o && o->type == JS_OBJECT ? o->first : NULL; c; c = c->next) {
        if (bytes_equal(c->key, name)) {
            return c;
        }
    }
    return NULL;
}

/* Plain text. Whoever puts it on a page escapes it there, for that place. */
const char *catalogue_text(struct arena *a, const char *key, const struct js *values)
{
    struct buf b = BUF(a);
    const char *pattern = catalogue_find(bytes_str(key));
    if (!pattern) {
        abort(); /* a mistake of ours, found by the first test that shows the page */
    }
    union {
        const struct js *in;
        void *out;
    } context = {values};
    catalogue_format(&b, pattern, of_object, context.out);
    const char *text = buf_text(&b);
    return text ? text : "";
}

const char *catalogue_count(struct arena *a, const char *key, uint64_t n)
{
    struct js *values = js_object(a);
    js_put(a, values, "n", js_int(a, (int64_t)n));
    return catalogue_text(a, key, values);
}
