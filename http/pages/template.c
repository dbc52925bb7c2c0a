/* The templates: logic-less, compiled in; {{x}} escapes, and there is no form that does not. */
#include "template.h"

#include <string.h>

struct render {
    struct arena *arena;
    struct buf *out; /* NULL: only check */
    const struct js *stack[TEMPLATE_DEPTH];
    size_t depth;
    unsigned nesting; /* of partials and sections, so that a partial that includes itself ends */
    const char *file;
    const char **why;
};

struct tag {
    char kind; /* one of "#^/>=", or 0 for a value */
    struct bytes name;
    const char *end; /* behind the tag */
};

const struct page_file *page_file_find(const char *name)
{
    for (const struct page_file *f = page_files; f->name; f++) {
        if (strcmp(f->name, name) == 0) {
            return f;
        }
    }
    return NULL;
}

/* Fit for text and for quoted attributes alike; no template has a value in a script, a style or an
 * unquoted attribute. What no HTML may hold is replaced, not dropped, so that two texts never become one. */
void template_escape(struct buf *b, struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        switch (c) {
        case '&':
            buf_str(b, "&amp;");
            break;
        case '<':
            buf_str(b, "&lt;");
            break;
        case '>':
            buf_str(b, "&gt;");
            break;
        case '"':
            buf_str(b, "&#34;");
            break;
        case '\'':
            buf_str(b, "&#39;");
            break;
        case '\r': /* as it stands, a parser of HTML would turn it into a line feed */
            buf_str(b, "&#13;");
            break;
        default:
            if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f) {
                buf_str(b, "\xef\xbf\xbd");
            } else {
                buf_add(b, &c, 1);
            }
        }
    }
}

static enum ww_err broken(struct render *r, const char *what, struct bytes name)
{
    char *text = arena_printf(r->arena, "%s: %s \"%.*s\"", r->file, what, (int)name.n, (const char *)name.p);
    *r->why = text ? text : what;
    return WW_EINVAL;
}

/* ---- values ---- */

static const struct js *member(const struct js *o, struct bytes key)
{
    if (o && o->type == JS_OBJECT) {
        for (const struct js *c = o->first; c; c = c->next) {
            if (bytes_equal(c->key, key)) {
                return c;
            }
        }
    }
    return NULL;
}

/* The innermost object that has the first part of the name; the parts behind a dot are looked for in it
 * alone. */
static const struct js *look_up(const struct render *r, struct bytes name)
{
    const char *dot = memchr(name.p, '.', name.n);
    size_t head = dot ? (size_t)((const uint8_t *)dot - name.p) : name.n;
    const struct js *v = NULL;
    if (name.n == 1 && dot) {
        return r->depth ? r->stack[r->depth - 1] : NULL;
    }
    for (size_t i = r->depth; i > 0 && !v; i--) {
        v = member(r->stack[i - 1], BYTES(name.p, head));
    }
    while (v && head < name.n) {
        struct bytes rest = {name.p + head + 1, name.n - head - 1};
        dot = memchr(rest.p, '.', rest.n);
        size_t n = dot ? (size_t)((const uint8_t *)dot - rest.p) : rest.n;
        v = member(v, BYTES(rest.p, n));
        head += n + 1;
    }
    return v;
}

static bool shows(const struct js *v)
{
    if (!v) {
        return false;
    }
    switch (v->type) {
    case JS_BOOL:
        return v->boolean;
    case JS_INT:
        return v->integer != 0;
    case JS_STRING:
        return v->string.n > 0;
    case JS_ARRAY:
        return v->count > 0;
    case JS_REAL:
    case JS_OBJECT:
        return true;
    case JS_NULL:
    default:
        return false;
    }
}

static void add_value(struct buf *b, const struct js *v)
{
    if (v && v->type == JS_STRING) {
        template_escape(b, v->string);
    } else if (v && (v->type == JS_INT || v->type == JS_REAL)) {
        js_write_to(b, v);
    }
}

/* For the placeholders of a text: the innermost object that has the name. */
static const struct js *placeholder(void *context, struct bytes name)
{
    return look_up(context, name);
}

static enum ww_err add_text(struct render *r, struct bytes key)
{
    struct buf b = BUF(r->arena);
    const char *pattern = catalogue_find(key);
    if (!pattern) {
        return broken(r, "no such text", key);
    }
    if (!r->out) {
        return WW_OK;
    }
    catalogue_format(&b, pattern, placeholder, r);
    if (b.n == 0) {
        return b.failed ? WW_ENOMEM : WW_OK;
    }
    template_escape(r->out, buf_done(&b));
    return b.failed ? WW_ENOMEM : WW_OK;
}

/* ---- tags ---- */

static const char *find(const char *p, const char *end, const char *what)
{
    return p < end ? memmem(p, (size_t)(end - p), what, 2) : NULL;
}

static enum ww_err read_tag(struct render *r, const char *open, const char *end, struct tag *out)
{
    const char *p = open + 2, *close = find(p, end, "}}");
    if (!close || close == p) {
        return broken(r, "a tag that does not end", BYTES(open, 2));
    }
    out->kind = strchr("#^/>=", *p) ? *p++ : 0;
    out->name = BYTES(p, (size_t)(close - p));
    out->end = close + 2;
    return WW_OK;
}

/* Finds the end of a section: *inner_end is where its closing tag begins, *after what follows it. */
static enum ww_err section_end(struct render *r, const struct tag *t, const char *end, const char **inner_end,
                               const char **after)
{
    unsigned open = 1;
    struct tag next;
    for (const char *p = t->end; (p = find(p, end, "{{")); p = next.end) {
        enum ww_err err = read_tag(r, p, end, &next);
        if (err) {
            return err;
        }
        if ((next.kind == '#' || next.kind == '^') && bytes_equal(next.name, t->name)) {
            open++;
        } else if (next.kind == '/' && bytes_equal(next.name, t->name) && --open == 0) {
            *inner_end = p;
            *after = next.end;
            return WW_OK;
        }
    }
    return broken(r, "a section that does not end", t->name);
}

static enum ww_err render(struct render *r, const char *p, const char *end);

static enum ww_err render_with(struct render *r, const struct js *v, const char *p, const char *end)
{
    if (r->depth == TEMPLATE_DEPTH) {
        return broken(r, "too deep", BYTES(p, 0));
    }
    r->stack[r->depth++] = v;
    enum ww_err err = render(r, p, end);
    r->depth--;
    return err;
}

static enum ww_err render_section(struct render *r, const struct tag *t, const char *end, const char **after)
{
    const char *inner_end;
    enum ww_err err = section_end(r, t, end, &inner_end, after);
    if (err) {
        return err;
    }
    /* Checking goes through every section once, whatever the model: each name of a text and each partial
     * is met. */
    if (!r->out) {
        return render(r, t->end, inner_end);
    }
    const struct js *v = look_up(r, t->name);
    if (t->kind == '^') {
        return shows(v) ? WW_OK : render(r, t->end, inner_end);
    }
    if (!shows(v)) {
        return WW_OK;
    }
    if (v->type != JS_ARRAY) {
        return render_with(r, v, t->end, inner_end);
    }
    for (const struct js *c = v->first; c && !err; c = c->next) {
        err = render_with(r, c, t->end, inner_end);
    }
    return err;
}

static enum ww_err render_partial(struct render *r, struct bytes name)
{
    char *text = arena_strndup(r->arena, name.p, name.n);
    const struct page_file *f = text ? page_file_find(text) : NULL;
    const char *outer = r->file;
    if (!f) {
        return text ? broken(r, "no such template", name) : WW_ENOMEM;
    }
    r->file = f->name;
    enum ww_err err = render(r, f->text, f->text + f->length);
    r->file = outer;
    return err;
}

static enum ww_err render_tag(struct render *r, const struct tag *t, const char *end, const char **after)
{
    *after = t->end;
    switch (t->kind) {
    case '#':
    case '^':
        return render_section(r, t, end, after);
    case '>':
        return render_partial(r, t->name);
    case '=':
        return add_text(r, t->name);
    case '/':
        return broken(r, "an end without its section", t->name);
    default:
        if (r->out) {
            add_value(r->out, look_up(r, t->name));
        }
        return WW_OK;
    }
}

static enum ww_err render(struct render *r, const char *p, const char *end)
{
    enum ww_err err = WW_OK;
    /* Of our own files only, but found by the check at the start rather than by a full stack. */
    if (++r->nesting > 4 * TEMPLATE_DEPTH) {
        return broken(r, "too deep", BYTES(p, 0));
    }
    while (!err && p < end) {
        struct tag t;
        const char *open = find(p, end, "{{");
        if (r->out) {
            buf_add(r->out, p, (size_t)((open ? open : end) - p));
        }
        if (!open) {
            break;
        }
        err = read_tag(r, open, end, &t);
        if (!err) {
            err = render_tag(r, &t, end, &p);
        }
    }
    r->nesting--;
    return err;
}

enum ww_err template_render(struct arena *a, const char *name, const struct js *model, struct bytes *out,
                            const char **why)
{
    struct buf b = BUF(a);
    struct render r = {.arena = a, .out = &b, .stack = {model}, .depth = 1, .file = name, .why = why};
    *out = (struct bytes){0};
    *why = "";
    enum ww_err err = render_partial(&r, bytes_str(name));
    if (!err) {
        *out = buf_done(&b);
        err = out->p ? WW_OK : WW_ENOMEM;
    }
    return err;
}

/* At the start: a key that no catalogue has, or a section that does not end, is found before anybody asks
 * for the page. */
enum ww_err template_check_all(struct arena *a, const char **why)
{
    *why = "";
    for (const struct page_file *f = page_files; f->name; f++) {
        struct render r = {.arena = a, .file = f->name, .why = why};
        enum ww_err err = render(&r, f->text, f->text + f->length);
        if (err) {
            return err;
        }
    }
    return WW_OK;
}
