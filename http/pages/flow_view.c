#include "flow_view.h"

#include <stdlib.h>
#include <string.h>

#include "catalogue.h"

struct view {
    struct arena *a;
    const struct flow_view_options *options;
    const struct js *flow, *nodes;
    struct js *model;
};

/* ---- looking at nodes ---- */

static const char *attribute(const struct js *node, const char *name)
{
    return js_get_text(js_get(node, "attributes"), name);
}

static bool attribute_is(const struct js *node, const char *name, const char *value)
{
    const char *v = attribute(node, name);
    return v && strcmp(v, value) == 0;
}

static const char *group_of(const struct js *node)
{
    const char *group = js_get_text(node, "group");
    return group ? group : "";
}

static bool is_input(const struct js *node)
{
    const char *type = js_get_text(node, "type");
    return type && strcmp(type, "input") == 0 && attribute(node, "name") && attribute(node, "type");
}

static const struct js *find_node(const struct js *nodes, const char *name, const char *type)
{
    for (const struct js *n = nodes ? nodes->first : NULL; n; n = n->next) {
        if (is_input(n) && attribute_is(n, "name", name) && (!type || attribute_is(n, "type", type))) {
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

static const char *last_part(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

/* ---- words ---- */

static const char *keyed(struct view *v, const char *prefix, int64_t id, const char *suffix,
                         const struct js *values)
{
    char *key =
        arena_printf(v->a, "%s.%lld%s%s", prefix, (long long)id, suffix ? "." : "", suffix ? suffix : "");
    return key && catalogue_find(bytes_str(key)) ? catalogue_text(v->a, key, values) : NULL;
}

static const char *own_name(struct view *v, const char *name)
{
    const char *last = last_part(name);
    char *text = arena_strdup(v->a, last);
    if (text && text[0] >= 'a' && text[0] <= 'z') {
        text[0] = (char)(text[0] - 'a' + 'A');
    }
    return text ? text : "";
}

static const char *label_of(struct view *v, const struct js *node)
{
    const struct js *label = js_get(js_get(node, "meta"), "label");
    const char *name = attribute(node, "name");
    if (v->options->kind == VIEW_SETTINGS && strcmp(name, "password") == 0) {
        return catalogue_text(v->a, "field.new_password", NULL);
    }
    if (!label) {
        return own_name(v, name);
    }
    const char *own = keyed(v, "label", js_get_int(label, "id", 0), NULL, js_get(label, "context"));
    const char *text = own ? own : js_get_text(label, "text");
    return text && *text ? text : own_name(v, name);
}

/* The catalogue's text for the field, else for the message, else what the message says itself. */
static const char *message_text(struct view *v, const struct js *message, const char *name, const char *label)
{
    struct js *values = js_copy(v->a, js_get(message, "context"));
    int64_t id = js_get_int(message, "id", 0);
    const char *part = name ? last_part(name) : NULL, *text = NULL;
    if (!values || values->type != JS_OBJECT) {
        values = js_object(v->a);
    }
    js_put(v->a, values, "field", js_text(v->a, label ? label : ""));
    if (part && v->options->kind == VIEW_LOGIN) {
        text = keyed(v, "error", id, arena_printf(v->a, "%s.login", part), values);
    }
    if (part && !text) {
        text = keyed(v, "error", id, part, values);
    }
    if (!text) {
        text = keyed(v, "error", id, NULL, values);
    }
    if (!text) {
        text = js_get_text(message, "text");
    }
    return text ? text : "";
}

static bool is_error(const struct js *message)
{
    const char *type = js_get_text(message, "type");
    return type && strcmp(type, "error") == 0;
}

/* ---- fields ---- */

static const char *autocomplete_of(struct view *v, const struct js *node)
{
    static const struct {
        const char *name, *token;
    } known[] = {
        {"identifier", "username"},          {"traits.username", "username"},     {"traits.name", "name"},
        {"traits.name.first", "given-name"}, {"traits.name.last", "family-name"}, {"traits.phone", "tel"}};
    const char *name = attribute(node, "name"), *given = attribute(node, "autocomplete");
    if (v->options->kind != VIEW_LOGIN && given) {
        return given;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) == 0) {
            return known[i].token;
        }
    }
    return given;
}

static const char *inputmode_of(const struct js *node, const char *label)
{
    const char *type = attribute(node, "type");
    if (strcmp(type, "number") == 0) {
        return "decimal";
    }
    if (strcmp(type, "text") == 0 && attribute_is(node, "name", "identifier") &&
        (strcmp(label, "E-Mail") == 0 || strcmp(label, "E-mail") == 0 || strcmp(label, "Email") == 0)) {
        return "email";
    }
    return NULL;
}

static void add_options(struct view *v, struct js *field, const struct js *options, const char *value)
{
    struct js *list = js_put(v->a, field, "options", js_array(v->a));
    js_push(list, js_object(v->a)); /* an empty choice, so that nothing is chosen for anybody */
    for (const struct js *o = options->first; o; o = o->next) {
        struct js *option = js_object(v->a);
        const char *text = value_text(v->a, js_get(o, "value"));
        js_put(v->a, option, "value", js_text(v->a, text));
        js_put(v->a, option, "text", js_text(v->a, text));
        js_put(v->a, option, "selected", js_bool(v->a, text && strcmp(text, value) == 0));
        js_push(list, option);
    }
    js_remove(field, "is_input");
    view_flag(v->a, field, "is_select");
}

static void describe_field(struct view *v, struct js *field, const struct js *node)
{
    struct arena *a = v->a;
    const struct js *attributes = js_get(node, "attributes");
    const char *label = js_get_text(field, "label"), *type = attribute(node, "type");
    const char *autocomplete = autocomplete_of(v, node), *inputmode = inputmode_of(node, label);
    bool required = js_get_bool(attributes, "required", false);
    if (autocomplete) {
        js_put(a, field, "autocomplete", js_text(a, autocomplete));
        if (strcmp(autocomplete, "username") == 0) {
            view_flag(a, field, "plain");
        }
    }
    if (inputmode) {
        js_put(a, field, "inputmode", js_text(a, inputmode));
    }
    if (strcmp(type, "email") == 0 || strcmp(type, "password") == 0) {
        view_flag(a, field, "plain");
    }
    js_put(a, field, required ? "required" : "optional", js_bool(a, true));
    js_put(a, field, "disabled", js_bool(a, js_get_bool(attributes, "disabled", false)));
    js_put(a, field, "checked", js_bool(a, js_get_bool(attributes, "value", false)));
    if (js_get_int(attributes, "maxlength", 0) > 0) {
        js_put(a, field, "maxlength", js_int(a, js_get_int(attributes, "maxlength", 0)));
    }
    if (autocomplete && strcmp(autocomplete, "new-password") == 0) {
        struct js *values = js_object(a);
        js_put(a, values, "n", js_int(a, v->options->least));
        view_hint(a, field, catalogue_text(a, "password.hint", values));
    }
}

/* What was typed before, if there is such a thing; else the flow's. */
static const char *shown_value(struct view *v, const struct js *node)
{
    const struct js *typed = v->options->typed;
    for (const struct js *t = typed ? typed->first : NULL; t; t = t->next) {
        const char *name = js_get_text(t, "name"), *value = js_get_text(t, "value");
        if (name && value && attribute_is(node, "name", name)) {
            return value;
        }
    }
    return value_text(v->a, js_get(js_get(node, "attributes"), "value"));
}

static void add_field(struct view *v, struct js *form, const struct js *node)
{
    const char *type = attribute(node, "type"), *name = attribute(node, "name");
    const struct js *options = js_get(js_get(node, "attributes"), "options");
    const char *value = shown_value(v, node);
    /* Secrets are never shown again; type number hides what is no number, which the error speaks of. */
    bool secret = strcmp(type, "password") == 0;
    struct js *field = view_input(v->a, form, name, label_of(v, node),
                                  strcmp(type, "number") == 0 ? "text" : type, secret ? "" : value);
    describe_field(v, field, node);
    if (options && options->type == JS_ARRAY && options->count > 0) {
        add_options(v, field, options, value ? value : "");
    }
    const struct js *messages = js_get(node, "messages");
    for (const struct js *m = messages ? messages->first : NULL; m; m = m->next) {
        if (is_error(m)) {
            view_error(v->a, v->model, field, message_text(v, m, name, js_get_text(field, "label")));
        }
    }
}

static void add_button(struct view *v, struct js *form, const struct js *node)
{
    const char *name = attribute(node, "name"), *label = label_of(v, node);
    const char *value = value_text(v->a, js_get(js_get(node, "attributes"), "value"));
    bool back = strcmp(name, "screen") == 0;
    const char *own = NULL;
    if (v->options->kind == VIEW_SETTINGS) {
        own = strcmp(group_of(node), "password") == 0  ? "button.save_password"
              : strcmp(group_of(node), "profile") == 0 ? "button.save_profile"
                                                       : NULL;
    } else if (v->options->kind == VIEW_REGISTRATION && !back && !find_node(v->nodes, "password", NULL)) {
        own = "button.confirm"; /* the first of two steps makes no account yet */
    }
    struct js *button = view_button(v->a, form, own ? catalogue_text(v->a, own, NULL) : label);
    js_put(v->a, button, "name", js_text(v->a, name));
    js_put(v->a, button, "value", js_text(v->a, value));
    if (back) {
        view_flag(v->a, button, "quiet");
    }
}

/* A node that only carries the message of a field which the form does not have. */
static bool only_message(const struct js *node)
{
    const struct js *messages = js_get(node, "messages");
    return attribute_is(node, "type", "text") && strcmp(group_of(node), "default") == 0 &&
           !js_get(js_get(node, "meta"), "label") && !js_get(js_get(node, "attributes"), "value") &&
           messages && messages->count > 0 && strncmp(attribute(node, "name"), "traits.", 7) != 0;
}

static void add_node(struct view *v, struct js *form, const struct js *node)
{
    const char *type = attribute(node, "type"), *name = attribute(node, "name");
    if (strcmp(type, "hidden") == 0) {
        view_hidden(v->a, form, name, value_text(v->a, js_get(js_get(node, "attributes"), "value")));
    } else if (strcmp(type, "submit") == 0) {
        add_button(v, form, node);
    } else if (only_message(node)) {
        const struct js *m = js_get(node, "messages")->first;
        view_error(v->a, v->model, NULL, message_text(v, m, name, own_name(v, name)));
    } else if (strcmp(type, "button") != 0) {
        add_field(v, form, node);
    }
}

/* "next" on the keyboard of a telephone for all fields but the last. */
static void set_enter_keys(struct view *v, struct js *form)
{
    struct js *fields = js_get(form, "fields");
    for (struct js *f = fields ? fields->first : NULL; f && f->next; f = f->next) {
        js_put(v->a, f, "enterkeyhint", js_text(v->a, "next"));
    }
}

/* A form of all nodes of a group and of the group "default"; NULL: of all nodes. */
static void add_form(struct view *v, const char *group, const char *heading)
{
    const char *action = js_get_text(js_get(v->flow, "ui"), "action");
    struct js *form = view_form(v->a, action ? action : "", NULL);
    bool any = false;
    for (const struct js *n = v->nodes ? v->nodes->first : NULL; n; n = n->next) {
        bool own = !group || strcmp(group_of(n), group) == 0;
        if (is_input(n) && (own || strcmp(group_of(n), "default") == 0)) {
            add_node(v, form, n);
            any = any || (own && attribute_is(n, "type", "submit"));
        }
    }
    if (!any) {
        return;
    }
    if (heading) {
        js_put(v->a, form, "heading", js_text(v->a, catalogue_text(v->a, heading, NULL)));
    }
    if (group && strcmp(group, "password") == 0 && v->options->person) {
        js_put(v->a, form, "username", js_text(v->a, v->options->person));
    }
    set_enter_keys(v, form);
    view_add_form(v->a, v->model, form);
}

/* ---- the page as a whole ---- */

const char *flow_view_used(const struct js *flow)
{
    static const char *const groups[] = {"profile", "password"};
    const char *active = js_get_text(flow, "active");
    const struct js *nodes = js_get(js_get(flow, "ui"), "nodes");
    for (size_t i = 0; i < 2; i++) {
        if (active && strcmp(active, groups[i]) == 0) {
            return groups[i];
        }
    }
    for (const struct js *n = nodes ? nodes->first : NULL; n; n = n->next) {
        const struct js *messages = js_get(n, "messages");
        if (messages && messages->count > 0) {
            return strcmp(group_of(n), "password") == 0 ? "password" : "profile";
        }
    }
    return NULL;
}

static struct js *first_field(struct view *v)
{
    const struct js *forms = js_get(v->model, "forms");
    return js_at(js_get(js_at(forms, 0), "fields"), 0);
}

static void add_done(struct view *v, const struct js *message)
{
    const char *used = flow_view_used(v->flow);
    const char *text = used
                           ? catalogue_text(v->a, arena_printf(v->a, "told.%s", used), NULL)
                           : keyed(v, "told", js_get_int(message, "id", 0), NULL, js_get(message, "context"));
    js_put(v->a, v->model, "done", js_text(v->a, text ? text : js_get_text(message, "text")));
}

static void add_notice(struct view *v, const char *text)
{
    if (text && *text) {
        struct js *o = js_object(v->a);
        struct js *list = js_get(v->model, "notes_told");
        js_put(v->a, o, "text", js_text(v->a, text));
        js_push(list ? list : js_put(v->a, v->model, "notes_told", js_array(v->a)), o);
    }
}

static void add_message(struct view *v, const struct js *message)
{
    int64_t id = js_get_int(message, "id", 0);
    const char *type = js_get_text(message, "type");
    bool expired = id == 4010001 || id == 4040001 || id == 4050001;
    if (is_error(message) && !expired) {
        struct js *field = id == 4000006 || id == 4000007 || id == 4000028 ? first_field(v) : NULL;
        view_error(v->a, v->model, NULL, message_text(v, message, NULL, NULL));
        struct js *errors = js_get(js_get(v->model, "summary"), "errors");
        if (field && errors && errors->last) {
            js_put(v->a, errors->last, "href",
                   js_text(v->a, arena_printf(v->a, "#%s", js_get_text(field, "id"))));
        }
    } else if (type && strcmp(type, "success") == 0) {
        add_done(v, message);
    } else {
        const char *own = keyed(v, expired ? "error" : "told", id, NULL, js_get(message, "context"));
        add_notice(v, own ? own : js_get_text(message, "text"));
    }
}

static void name_page(struct view *v)
{
    const char *title = "settings.title", *intro = NULL, *aal = js_get_text(v->flow, "requested_aal");
    const char *group = v->options->group;
    if (v->options->kind == VIEW_LOGIN) {
        bool again = js_get_bool(v->flow, "refresh", false);
        title = again ? "login.again" : aal && strcmp(aal, "aal2") == 0 ? "login.second" : "login.title";
        intro = again ? "login.again_intro" : NULL;
    } else if (v->options->kind == VIEW_REGISTRATION) {
        bool second = find_node(v->nodes, "screen", "submit") != NULL;
        title = second ? "registration.password" : "registration.title";
        intro = second ? "registration.password_intro" : NULL;
    } else if (group) {
        bool password = strcmp(group, "password") == 0;
        title = password ? "settings.password" : "settings.profile";
        intro = password ? "settings.password_intro" : NULL;
    }
    js_put(v->a, v->model, "title", js_text(v->a, catalogue_text(v->a, title, NULL)));
    if (intro) {
        js_put(v->a, v->model, "intro", js_text(v->a, catalogue_text(v->a, intro, NULL)));
    }
}

void flow_view(struct arena *a, const struct js *flow, const struct flow_view_options *options,
               struct js *model)
{
    const struct js *ui = js_get(flow, "ui"), *messages = js_get(ui, "messages");
    struct view v = {.a = a, .options = options, .flow = flow, .nodes = js_get(ui, "nodes"), .model = model};
    name_page(&v);
    if (options->kind != VIEW_SETTINGS) {
        add_form(&v, NULL, NULL);
    } else if (options->group) {
        add_form(&v, options->group, NULL);
    } else {
        add_form(&v, "profile", "settings.profile");
        add_form(&v, "password", "settings.password");
    }
    for (const struct js *m = messages ? messages->first : NULL; m; m = m->next) {
        add_message(&v, m);
    }
}
