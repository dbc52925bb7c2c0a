/* The parts of a page that any form has. */
#include <string.h>

#include "catalogue.h"
#include "flow_view.h"

static struct js *list_of(struct arena *a, struct js *o, const char *key)
{
    struct js *list = js_get(o, key);
    return list ? list : js_put(a, o, key, js_array(a));
}

void view_flag(struct arena *a, struct js *object, const char *key)
{
    js_put(a, object, key, js_bool(a, true));
}

/* A form of a flow passes NULL: its token is among the flow's nodes. */
struct js *view_form(struct arena *a, const char *action, const char *csrf_token)
{
    struct js *form = js_object(a);
    js_put(a, form, "action", js_text(a, action));
    js_put(a, form, "method", js_text(a, "post"));
    js_put(a, form, "fields", js_array(a));
    if (csrf_token) {
        view_hidden(a, form, "csrf_token", csrf_token);
    }
    return form;
}

void view_hidden(struct arena *a, struct js *form, const char *name, const char *value)
{
    struct js *o = js_object(a);
    js_put(a, o, "name", js_text(a, name));
    js_put(a, o, "value", js_text(a, value));
    js_push(list_of(a, form, "hidden"), o);
}

/* "traits.name.first" makes "f-traits-name-first". An id of HTML without what a selector would have to
 * escape. */
static const char *id_of(struct arena *a, const char *name)
{
    char *id = arena_printf(a, "f-%s", name);
    for (char *p = id; p && *p; p++) {
        *p = strchr(". []/#\"'", *p) ? '-' : *p;
    }
    return id;
}

static struct js *field(struct arena *a, struct js *form, const char *name, const char *label,
                        const char *value)
{
    struct js *f = js_object(a);
    js_put(a, f, "id", js_text(a, id_of(a, name)));
    js_put(a, f, "name", js_text(a, name));
    js_put(a, f, "label", js_text(a, label));
    js_put(a, f, "value", js_text(a, value ? value : ""));
    js_push(list_of(a, form, "fields"), f);
    return f;
}

struct js *view_input(struct arena *a, struct js *form, const char *name, const char *label, const char *type,
                      const char *value)
{
    struct js *f = field(a, form, name, label, value);
    bool check = strcmp(type, "checkbox") == 0;
    js_put(a, f, "type", js_text(a, type));
    js_put(a, f, "enterkeyhint", js_text(a, "go"));
    view_flag(a, f, check ? "is_check" : "is_input");
    if (strcmp(type, "password") == 0) {
        view_flag(a, f, "is_password");
    }
    return f;
}

struct js *view_area(struct arena *a, struct js *form, const char *name, const char *label, const char *value)
{
    struct js *f = field(a, form, name, label, value);
    view_flag(a, f, "is_area");
    js_put(a, f, "rows", js_int(a, 12));
    return f;
}

void view_rename(struct arena *a, struct js *f, size_t n)
{
    js_put(a, f, "id", js_text(a, arena_printf(a, "%s-%zu", js_get_text(f, "id"), n)));
    js_put(a, f, "name", js_text(a, arena_printf(a, "%s.%zu", js_get_text(f, "name"), n)));
}

void view_number(struct arena *a, struct js *f, size_t n)
{
    js_put(a, f, "id", js_text(a, arena_printf(a, "%s-%zu", js_get_text(f, "id"), n)));
}

/* For aria-describedby: hint and error are read out with their field (WCAG 2.2, 3.3.1). */
static void describe(struct arena *a, struct js *f, const char *what)
{
    const char *before = js_get_text(f, "described");
    js_put(a, f, "described",
           js_text(a, arena_printf(a, "%s%s%s-%s", before ? before : "", before ? " " : "",
                                   js_get_text(f, "id"), what)));
}

void view_hint(struct arena *a, struct js *f, const char *hint)
{
    js_put(a, f, "hint", js_text(a, hint));
    describe(a, f, "hint");
}

struct js *view_button(struct arena *a, struct js *form, const char *label)
{
    struct js *b = js_object(a);
    js_put(a, b, "label", js_text(a, label));
    js_push(list_of(a, form, "buttons"), b);
    return b;
}

void view_cancel(struct arena *a, struct js *form, const char *href, const char *label)
{
    struct js *o = js_put(a, form, "cancel", js_object(a));
    js_put(a, o, "href", js_text(a, href));
    js_put(a, o, "label", js_text(a, label));
}

/* Twice: in the summary at the top, with a link to the field, and at the field itself (WCAG 2.2, 3.3.1). */
void view_error(struct arena *a, struct js *model, struct js *f, const char *text)
{
    struct js *summary = js_get(model, "summary"), *values = js_object(a), *e = js_object(a);
    if (!summary) {
        summary = js_put(a, model, "summary", js_object(a));
    }
    struct js *errors = list_of(a, summary, "errors");
    js_put(a, e, "text", js_text(a, text));
    if (f) {
        js_put(a, e, "href", js_text(a, arena_printf(a, "#%s", js_get_text(f, "id"))));
        if (!js_get(f, "error")) {
            js_put(a, f, "error", js_text(a, text));
            describe(a, f, "error");
        }
    }
    js_push(errors, e);
    js_put(a, values, "n", js_int(a, errors ? (int64_t)errors->count : 0));
    js_put(a, summary, "heading", js_text(a, catalogue_text(a, "summary", values)));
    view_flag(a, model, "failed");
}

void view_add_form(struct arena *a, struct js *model, struct js *form)
{
    js_push(list_of(a, model, "forms"), form);
}
