/* From one node of a flow (kratos.md §3) to a field, a button or a hidden value. */
#include "flow_view_int.h"

/* ---- looking at nodes ---- */

/* A text with a NUL in it is none (js_get_text): an attribute would end there unseen. */
const char *flow_field_attribute(const struct js *node, const char *name)
{
    return js_get_text(js_get(node, "attributes"), name);
}

bool flow_field_is(const struct js *node, const char *name, const char *value)
{
    const char *v = flow_field_attribute(node, name);
    return v && strcmp(v, value) == 0;
}

/* Never NULL: comparisons need not ask. */
const char *flow_field_group(const struct js *node)
{
    const char *group = js_get_text(node, "group");
    return group ? group : "";
}

/* Images, anchors and scripts are nodes of Kratos too. They are passed over: our own flows make none. */
bool flow_field_is_input(const struct js *node)
{
    const char *type = js_get_text(node, "type");
    return type && strcmp(type, "input") == 0 && flow_field_attribute(node, "name") &&
           flow_field_attribute(node, "type");
}

const struct js *flow_field_find(const struct js *nodes, const char *name, const char *type)
{
    for (const struct js *n = nodes ? nodes->first : NULL; n; n = n->next) {
        if (flow_field_is_input(n) && flow_field_is(n, "name", name) &&
            (!type || flow_field_is(n, "type", type))) {
            return n;
        }
    }
    return NULL;
}

/* The value as it stands in a form. */
static const char *value_text(struct arena *a, const struct js *v)
{
    if (!v || v->type == JS_NULL) {
        return "";
    }
    return v->type == JS_STRING ? (const char *)v->string.p : js_write(a, v);
}

static const struct js *value_of(const struct js *node)
{
    return js_get(js_get(node, "attributes"), "value");
}

/* A number as it was typed, a truth as "true": what the field's value attribute holds. */
static const char *node_text(struct view *v, const struct js *node)
{
    const char *text = value_text(v->a, value_of(node));
    return text ? text : "";
}

/* The button that leads back is there in the second step alone. */
bool flow_view_is_second_step(const struct view *v)
{
    return v->options->kind == VIEW_REGISTRATION && flow_field_find(v->nodes, "screen", "submit");
}

/* What kind of sign-in name a field holds: "email", "phone", "name"; NULL for any other field. */
static const char *sign_in_kind(const struct view *v, const char *name)
{
    const struct js *list = v->options->sign_in;
    const struct js *only = list && list->count == 1 ? list->first : NULL;
    if (strcmp(name, "identifier") == 0) {
        return only ? js_get_text(only, "kind") : "name";
    }
    for (const struct js *t = list ? list->first : NULL; t; t = t->next) {
        const char *own = js_get_text(t, "name");
        if (own && strcmp(own, name) == 0) {
            return js_get_text(t, "kind");
        }
    }
    return NULL;
}

static bool is_error(const struct js *message)
{
    const char *type = js_get_text(message, "type");
    return type && strcmp(type, "error") == 0;
}

/* ---- fields ---- */

/* A sign-in name beside a password is what password managers keep it under. */
static const char *autocomplete_of(struct view *v, const struct js *node)
{
    static const struct {
        const char *name, *token;
    } known[] = {{"traits.name", "name"},
                 {"traits.name.first", "given-name"},
                 {"traits.name.last", "family-name"},
                 {"traits.phone", "tel"}};
    const char *name = flow_field_attribute(node, "name"),
               *given = flow_field_attribute(node, "autocomplete");
    const char *kind = sign_in_kind(v, name);
    bool settings = v->options->kind == VIEW_SETTINGS;
    if (kind && !settings && (!given || flow_field_find(v->nodes, "password", NULL))) {
        return "username";
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0] && !given; i++) {
        if (strcmp(known[i].name, name) == 0) {
            return known[i].token;
        }
    }
    return given;
}

/* Which keyboard a telephone shows; the field takes any text all the same. */
static const char *inputmode_of(const struct view *v, const struct js *node)
{
    const char *type = flow_field_attribute(node, "type"), *name = flow_field_attribute(node, "name");
    const char *kind = sign_in_kind(v, name);
    if (strcmp(type, "number") == 0) {
        return "decimal";
    }
    if (strcmp(type, "text") != 0 || !kind) {
        return NULL;
    }
    return strcmp(kind, "email") == 0 ? "email" : strcmp(kind, "phone") == 0 ? "tel" : NULL;
}

/* From the schema's enum; what was chosen before is marked, and nothing else is. */
static void add_options(struct view *v, struct js *field, const struct js *options, const char *value)
{
    struct js *list = js_put(v->a, field, "options", js_array(v->a));
    js_push(list, js_object(v->a)); /* an empty choice, so that nothing is chosen for anybody */
    for (const struct js *o = options->first; o; o = o->next) {
        struct js *option = js_object(v->a);
        const char *text = value_text(v->a, js_get(o, "value")), *label = js_get_text(o, "label");
        js_put(v->a, option, "value", js_text(v->a, text));
        js_put(v->a, option, "text", js_text(v->a, label ? label : text));
        js_put(v->a, option, "selected", js_bool(v->a, text && strcmp(text, value) == 0));
        js_push(list, option);
    }
    js_remove(field, "is_input");
    view_flag(v->a, field, "is_select");
}

/* The least length, told before it is asked for (WCAG 2.2, 3.3.2). */
static void put_hint(struct view *v, struct js *field, const char *autocomplete)
{
    struct js *values = js_object(v->a);
    const char *type = js_get_text(field, "type");
    if (autocomplete && strcmp(autocomplete, "new-password") == 0) {
        js_put(v->a, values, "n", js_int(v->a, v->options->least));
        view_hint(v->a, field, flow_words(v, "password.hint", values));
    } else if (strcmp(type, "datetime-local") == 0) {
        view_hint(v->a, field, flow_words(v, "field.utc", NULL));
    }
}

/* "plain" turns off spelling and capitals, which would change a name or send a password to a spelling
 * service. */
static void describe_field(struct view *v, struct js *field, const struct js *node)
{
    struct arena *a = v->a;
    const struct js *attributes = js_get(node, "attributes");
    const char *type = flow_field_attribute(node, "type");
    const char *autocomplete = autocomplete_of(v, node), *inputmode = inputmode_of(v, node);
    bool required = js_get_bool(attributes, "required", false);
    if (autocomplete) {
        js_put(a, field, "autocomplete", js_text(a, autocomplete));
    }
    if (inputmode) {
        js_put(a, field, "inputmode", js_text(a, inputmode));
    }
    if ((autocomplete && strcmp(autocomplete, "username") == 0) || strcmp(type, "email") == 0 ||
        strcmp(type, "password") == 0) {
        view_flag(a, field, "plain");
    }
    js_put(a, field, required ? "required" : "optional", js_bool(a, true));
    js_put(a, field, "disabled", js_bool(a, js_get_bool(attributes, "disabled", false)));
    js_put(a, field, "checked", js_bool(a, js_get_bool(attributes, "value", false)));
    if (js_get_int(attributes, "maxlength", 0) > 0) {
        js_put(a, field, "maxlength", js_int(a, js_get_int(attributes, "maxlength", 0)));
    }
    put_hint(v, field, autocomplete);
}

/* Errors only: other messages of a node are labels or hints in Kratos' words. */
static void put_errors(struct view *v, struct js *field, const struct js *node)
{
    const struct js *messages = js_get(node, "messages");
    const char *name = flow_field_attribute(node, "name");
    for (const struct js *m = messages ? messages->first : NULL; m; m = m->next) {
        if (is_error(m)) {
            view_error(v->a, v->model, field, flow_words_message(v, m, name, js_get_text(field, "label")));
        }
    }
}

/* A control for times without a zone shows and sends them without one, too: UTC, and its hint says so. */
static const char *local_time(struct view *v, const char *value)
{
    size_t n = strlen(value);
    bool utc = n >= 20 && (value[n - 1] == 'Z' || value[n - 1] == 'z');
    const char *text = utc ? arena_strndup(v->a, value, 16) : value;
    return text ? text : "";
}

/* One field, with its label, its kind and what is wrong with it, as form.html draws it. */
static struct js *add_control(struct view *v, struct js *form, const struct js *node, const char *label,
                              const char *value)
{
    const char *type = flow_field_attribute(node, "type"), *name = flow_field_attribute(node, "name");
    const struct js *options = js_get(js_get(node, "attributes"), "options");
    /* Secrets are never shown again; type number hides what is no number, which the error speaks of. */
    const char *shown = strcmp(type, "password") == 0 ? "" : value;
    if (strcmp(type, "datetime-local") == 0) {
        shown = local_time(v, value);
    }
    struct js *field =
        view_input(v->a, form, name, label, strcmp(type, "number") == 0 ? "text" : type, shown);
    describe_field(v, field, node);
    if (options && options->type == JS_ARRAY && options->count > 0) {
        add_options(v, field, options, value);
    }
    return field;
}

/* A control for each value of a list, and one more for another value. */
static struct js *add_list(struct view *v, struct js *form, const struct js *node, const char *label,
                           const struct js *list)
{
    struct js *first = NULL;
    size_t n = 0;
    for (const struct js *e = list->first; n <= list->count; e = e ? e->next : NULL, n++) {
        struct js *values = js_object(v->a);
        js_put(v->a, values, "label", js_text(v->a, label));
        js_put(v->a, values, "n", js_int(v->a, (int64_t)n + 1));
        const char *text = e ? value_text(v->a, e) : "";
        struct js *field = add_control(
            v, form, node, n ? flow_words(v, e ? "field.nth" : "field.more", values) : label, text);
        view_rename(v->a, field, n);
        if (n) {
            js_remove(field, "required");
            view_flag(v->a, field, "optional");
        }
        first = first ? first : field;
    }
    return first;
}

/* What was typed before, if there is such a thing; else the flow's: a text, or a list. */
static const struct js *shown_value(struct view *v, const struct js *node)
{
    const struct js *typed = v->options->typed;
    struct js *list = js_array(v->a);
    for (const struct js *t = typed ? typed->first : NULL; t; t = t->next) {
        const char *name = js_get_text(t, "name");
        if (name && flow_field_is(node, "name", name)) {
            js_push(list, js_copy(v->a, js_get(t, "value")));
        }
    }
    const struct js *own = value_of(node);
    bool box = flow_field_is(node, "type", "checkbox");
    return !list || !list->count                               ? own
           : box                                               ? list->last
           : list->count > 1 || (own && own->type == JS_ARRAY) ? list
                                                               : list->first;
}

/* A list becomes a row of fields; everything else one. */
static void add_field(struct view *v, struct js *form, const struct js *node)
{
    const struct js *value = shown_value(v, node);
    const char *label = flow_words_label(v, node), *text = value_text(v->a, value);
    struct js *field = value && value->type == JS_ARRAY ? add_list(v, form, node, label, value)
                                                        : add_control(v, form, node, label, text ? text : "");
    if (v->options->typed && flow_field_is(node, "type", "checkbox")) {
        js_put(v->a, field, "checked", js_bool(v->a, text && strcmp(text, "true") == 0));
    }
    put_errors(v, field, node);
}

/* ---- a sign-in name that is not asked for: shown, and there for password managers ---- */

/* One name for a form: the first that is filled in. */
static bool is_given(const struct view *v, const struct js *form, const struct js *node)
{
    const struct js *value = value_of(node);
    bool filled = value && value->type == JS_STRING && value->string.n > 0;
    return filled && !js_get(form, "given") && sign_in_kind(v, flow_field_attribute(node, "name")) &&
           flow_field_find(v->nodes, "password", NULL);
}

/* "Change" sends a form of its own, so that the key Enter in a field means the page's one primary button. */
static void add_given(struct view *v, struct js *form, const struct js *node)
{
    const char *name = flow_field_attribute(node, "name"), *label = flow_words_label(v, node);
    struct js *field = view_input(v->a, form, name, label, "text", node_text(v, node));
    bool change = flow_view_is_second_step(v) || (v->options->kind == VIEW_LOGIN && !v->options->again);
    js_put(v->a, field, "autocomplete", js_text(v->a, "username"));
    js_remove(field, "is_input");
    view_flag(v->a, field, "is_given");
    view_flag(v->a, form, "given");
    if (change) {
        view_flag(v->a, field, "change");
    }
    put_errors(v, field, node);
}

/* ---- buttons and the rest ---- */

/* Named by what it does ("Save password"), so that buttons read out of their place make sense (WCAG 2.2,
 * 2.4.6). */
static void add_button(struct view *v, struct js *form, const struct js *node)
{
    const char *name = flow_field_attribute(node, "name"), *label = flow_words_label(v, node);
    const char *own = flow_view_save_key(flow_field_group(node));
    if (strcmp(name, "screen") == 0) {
        return; /* "Change", at what can be changed */
    }
    if (v->options->kind != VIEW_SETTINGS) {
        bool first = v->options->kind == VIEW_REGISTRATION && !flow_field_find(v->nodes, "password", NULL);
        own = first ? "button.confirm" : NULL; /* the first of two steps makes no account yet */
    }
    struct js *button = view_button(v->a, form, own ? flow_words(v, own, NULL) : label);
    js_put(v->a, button, "name", js_text(v->a, name));
    js_put(v->a, button, "value", js_text(v->a, node_text(v, node)));
}

/* A node that only carries the message of a field which the form does not have. */
static bool only_message(const struct js *node)
{
    const struct js *messages = js_get(node, "messages");
    const char *name = flow_field_attribute(node, "name"), *last = strrchr(name, '.');
    return flow_field_is(node, "type", "text") && strcmp(flow_field_group(node), "default") == 0 &&
           !js_get(js_get(node, "meta"), "label") && !value_of(node) && messages && messages->count > 0 &&
           (strncmp(name, "traits.", 7) != 0 || (last && last[1] >= '0' && last[1] <= '9'));
}

/* A field of the first step that was refused at the second: said in the summary, since it can be changed only
 * there. */
static void tell_hidden(struct view *v, const struct js *node)
{
    const struct js *messages = js_get(node, "messages");
    const char *name = flow_field_attribute(node, "name");
    for (const struct js *m = messages ? messages->first : NULL; m; m = m->next) {
        if (is_error(m)) {
            view_error(v->a, v->model, NULL, flow_words_message(v, m, name, flow_words_label(v, node)));
        }
    }
}

/* Sent along as it is: what the form shows nothing of must not be lost when it is sent. */
void flow_field_hide(struct view *v, struct js *form, const struct js *node)
{
    const struct js *value = value_of(node);
    const char *name = flow_field_attribute(node, "name");
    bool list = value && value->type == JS_ARRAY;
    size_t n = 0;
    for (const struct js *e = list ? value->first : NULL; e; e = e->next) {
        view_hidden(v->a, form, arena_printf(v->a, "%s.%zu", name, n++), value_text(v->a, e));
    }
    if (!list) {
        view_hidden(v->a, form, name, node_text(v, node));
    }
}

/* By the type that the flow gives; what is unknown is a text field, which every browser has. */
void flow_field_add(struct view *v, struct js *form, const struct js *node)
{
    const char *type = flow_field_attribute(node, "type"), *name = flow_field_attribute(node, "name");
    if (strcmp(type, "hidden") == 0 && is_given(v, form, node)) {
        add_given(v, form, node);
    } else if (strcmp(type, "hidden") == 0) {
        flow_field_hide(v, form, node);
        tell_hidden(v, node);
    } else if (strcmp(type, "submit") == 0) {
        add_button(v, form, node);
    } else if (only_message(node)) {
        const struct js *m = js_get(node, "messages")->first;
        view_error(v->a, v->model, NULL, flow_words_message(v, m, name, flow_words_own_name(v, name)));
    } else if (strcmp(type, "button") != 0) {
        add_field(v, form, node);
    }
}
