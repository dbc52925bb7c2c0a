/* Trees as text. */
#include "js.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void js_write_string(struct buf *b, struct bytes s)
{
    buf_char(b, '"');
    size_t start = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        /* Nothing else is escaped: who puts JSON into HTML escapes it there, for that place. */
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        buf_add(b, s.p + start, i - start);
        start = i + 1;
        switch (c) {
        case '"':
        case '\\':
            buf_char(b, '\\');
            buf_char(b, (char)c);
            break;
        case '\n':
            buf_str(b, "\\n");
            break;
        case '\t':
            buf_str(b, "\\t");
            break;
        default:
            /* RFC 8259 §7: control characters must be escaped; all else, UTF-8 included, may stand as it
             * is. */
            buf_printf(b, "\\u%04x", c);
        }
    }
    if (s.n > start) {
        buf_add(b, s.p + start, s.n - start);
    }
    buf_char(b, '"');
}

/* As it was typed; else the shortest form that reads back as the same number, with a mark that it is a real.
 */
static void write_real(struct buf *b, const struct js *v)
{
    char text[JS_NUMBER_MADE];
    if (v->string.n > 0) {
        buf_bytes(b, v->string);
        return;
    }
    /* JSON has no such number. */
    if (!isfinite(v->real)) {
        b->failed = true;
        return;
    }
    /* A double has 15 digits that are its own and needs 17 at most to come back the same. As people write it:
     * 0.1 comes out as 0.1. */
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v->real);
        double back = strtod(text, NULL);
        if (back >= v->real && back <= v->real) {
            break;
        }
    }
    buf_str(b, text);
    /* So that it is read back as a real: 1.0 and 1 are two types to whoever asks for an integer. */
    if (!strpbrk(text, ".e")) {
        buf_str(b, ".0");
    }
}

static void write_integer(struct buf *b, const struct js *v)
{
    if (v->string.n > 0) {
        buf_bytes(b, v->string);
    } else {
        buf_printf(b, "%lld", (long long)v->integer);
    }
}

static void write_number(struct buf *b, const struct js *v, bool canonical)
{
    /* One text for equal values, 1.50 and 15e-1: see js_number_write_canonical. */
    if (canonical && (v->type == JS_INT || isfinite(v->real))) {
        js_number_write_canonical(b, v);
    } else if (v->type == JS_INT) {
        write_integer(b, v);
    } else {
        write_real(b, v);
    }
}

static int by_key(const void *x, const void *y)
{
    const struct js *const *a = x, *const *b = y;
    return bytes_compare((*a)->key, (*b)->key);
}

static void write_value(struct buf *b, const struct js *v, bool canonical);

static void write_member(struct buf *b, const struct js *m, bool first, bool canonical)
{
    if (!first) {
        buf_char(b, ',');
    }
    js_write_string(b, m->key);
    buf_char(b, ':');
    write_value(b, m, canonical);
}

/* In byte order of the keys: tags are made of this text (vault.md §5), so it must be the same for equal
 * values. */
static void write_sorted(struct buf *b, const struct js *o)
{
    const struct js **members = ARENA_ARRAY(b->arena, o->count, const struct js *);
    size_t n = 0;
    if (!members) {
        b->failed = true;
        return;
    }
    for (const struct js *m = o->first; m && n < o->count; m = m->next) {
        members[n++] = m;
    }
    qsort(members, n, sizeof *members, by_key);
    for (size_t i = 0; i < n; i++) {
        write_member(b, members[i], i == 0, true);
    }
}

/* As deep as the tree, which every way to make one bounds. */
static void write_value(struct buf *b, const struct js *v, bool canonical)
{
    if (!v || v->count == SIZE_MAX) { /* memory was gone while it was built */
        b->failed = true;
        return;
    }
    switch (v->type) {
    case JS_BOOL:
        buf_str(b, v->boolean ? "true" : "false");
        break;
    case JS_INT:
    case JS_REAL:
        write_number(b, v, canonical);
        break;
    case JS_STRING:
        js_write_string(b, v->string);
        break;
    case JS_ARRAY:
        buf_char(b, '[');
        for (const struct js *e = v->first; e; e = e->next) {
            if (e != v->first) {
                buf_char(b, ',');
            }
            write_value(b, e, canonical);
        }
        buf_char(b, ']');
        break;
    case JS_OBJECT:
        buf_char(b, '{');
        if (canonical) {
            write_sorted(b, v);
        } else {
            for (const struct js *m = v->first; m; m = m->next) {
                write_member(b, m, m == v->first, false);
            }
        }
        buf_char(b, '}');
        break;
    case JS_NULL:
    default:
        /* JS_NULL is 0: what an arena gives is null until somebody says otherwise. */
        buf_str(b, "null");
    }
}

void js_write_to(struct buf *b, const struct js *v)
{
    write_value(b, v, false);
}

void js_write_canonical(struct buf *b, const struct js *v)
{
    write_value(b, v, true);
}

char *js_write(struct arena *a, const struct js *v)
{
    struct buf b = BUF(a);
    write_value(&b, v, false);
    return buf_text(&b);
}
