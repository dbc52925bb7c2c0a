/* Nodes of a form, as the wire has them (kratos.md §§3.1, 3.2). */
#include "flow_node.h"

#include <string.h>

/* Longer lists are typed: a form stays small enough to be stored and shown. */
enum { OPTIONS_MAX = 500 };

static void put_text(struct arena *a, struct js *object, const char *key, const char *value)
{
    js_put(a, object, key, js_text(a, value));
}

/* Members that are unset are left out, `disabled` never is: clients of the wire format count on both. */
static struct js *input_attributes(struct arena *a, const struct flow_input *in)
{
    struct js *at = js_object(a);

    put_text(a, at, "name", in->name);
    put_text(a, at, "type", in->type);
    if (in->value) {
        js_put(a, at, "value", in->value);
    }
    if (in->required) {
        js_put(a, at, "required", js_bool(a, true));
    }
    if (in->autocomplete) {
        put_text(a, at, "autocomplete", in->autocomplete);
    }
    if (in->pattern) {
        put_text(a, at, "pattern", in->pattern);
    }
    js_put(a, at, "disabled", js_bool(a, false));
    if (in->options) {
        js_put(a, at, "options", in->options);
    }
    /* Images, anchors and scripts are kinds of nodes too, which no method here makes. */
    put_text(a, at, "node_type", "input");
    return at;
}

/* Members in the order of Kratos' type. For want of memory a member is missing, and js_whole finds that
 * before anything is sent. */
struct js *flow_node(struct arena *a, const struct flow_input *in)
{
    struct js *node = js_object(a), *meta = js_object(a);

    if (in->label) {
        js_put(a, meta, "label", in->label);
    }
    put_text(a, node, "type", "input");
    put_text(a, node, "group", in->group);
    js_put(a, node, "attributes", input_attributes(a, in));
    js_put(a, node, "messages", js_array(a));
    js_put(a, node, "meta", meta);
    return node;
}

/* A field, although the cookie is what counts: with both, a page of another site can send neither. */
struct js *flow_node_csrf(struct arena *a, const char *token)
{
    return flow_node(a, &(struct flow_input){.name = "csrf_token",
                                             .type = "hidden",
                                             .group = "default",
                                             .value = js_text(a, token),
                                             .required = true});
}

/* Never with a value: a password is not shown again, nor kept with the flow. */
struct js *flow_node_password(struct arena *a, const char *autocomplete)
{
    return flow_node(a, &(struct flow_input){.name = "password",
                                             .type = "password",
                                             .group = "password",
                                             .required = true,
                                             .autocomplete = autocomplete,
                                             .label = flow_message(a, MSG_LABEL_PASSWORD, NULL)});
}

struct js *flow_node_submit(struct arena *a, const char *name, const char *value, const char *group,
                            int label)
{
    return flow_node(a, &(struct flow_input){.name = name,
                                             .type = "submit",
                                             .group = group,
                                             .value = js_text(a, value),
                                             .label = flow_message(a, label, NULL)});
}

/* kratos.md §3.2: format beats type and name. Autocomplete goes with three of the formats. */
static const struct {
    const char *format, *input, *autocomplete;
} format_inputs[] = {
    {"date-time", "datetime-local", NULL},
    {"email", "email", "email"},
    {"tel", "tel", "tel"},
    {"date", "date", NULL},
    {"uri", "url", "url"},
    {"regex", "text", NULL},
};

/* WCAG 2.2, 1.3.5: what a field is for, where the schema tells. */
static const char *trait_autocomplete(const struct schema_trait *t)
{
    for (size_t i = 0; t->format && i < sizeof format_inputs / sizeof format_inputs[0]; i++) {
        if (strcmp(t->format, format_inputs[i].format) == 0) {
            return format_inputs[i].autocomplete;
        }
    }
    return NULL;
}

const char *flow_trait_input(const struct schema_trait *t)
{
    const char *dot = strrchr(t->path, '.');

    for (size_t i = 0; t->format && i < sizeof format_inputs / sizeof format_inputs[0]; i++) {
        if (strcmp(t->format, format_inputs[i].format) == 0) {
            return format_inputs[i].input;
        }
    }
    if (strcmp(t->type, "boolean") == 0) {
        return "checkbox";
    }
    if (strcmp(t->type, "number") == 0 || strcmp(t->type, "integer") == 0) {
        return "number";
    }
    /* Kratos goes by the name here: a trait that is called so is not shown while it is typed. */
    return strcmp(dot ? dot + 1 : t->path, "password") == 0 ? "password" : "text";
}

/* kratos.md §3.2. */
static struct js *trait_options(struct arena *a, const struct schema_trait *t)
{
    struct js *list = js_array(a);

    if (!t->enum_values || t->enum_values->count > OPTIONS_MAX) {
        return NULL;
    }
    for (const struct js *v = t->enum_values->first; v; v = v->next) {
        struct js *option = js_object(a);
        js_put(a, option, "value", js_copy(a, v));
        js_push(list, option);
    }
    return list;
}

struct js *flow_node_trait(struct arena *a, const struct schema_trait *t, const char *group, bool options)
{
    /* The name of the field in forms: what flow_decode looks for. */
    char *name = arena_printf(a, "traits.%s", t->path);
    struct js *label = NULL;

    if (t->title) {
        struct js *values = js_object(a);
        put_text(a, values, "title", t->title);
        put_text(a, values, "name", name);
        label = flow_message(a, MSG_LABEL_TITLE, values);
    }
    return flow_node(a, &(struct flow_input){.name = name,
                                             .type = flow_trait_input(t),
                                             .group = group,
                                             .required = t->required,
                                             .autocomplete = trait_autocomplete(t),
                                             .pattern = t->pattern,
                                             .options = options ? trait_options(a, t) : NULL,
                                             .label = label});
}

/* ---- looking and changing ---- */

const char *flow_node_name(const struct js *node)
{
    /* Never NULL, so that comparisons need not ask; a stored node without a name is found by none. */
    const char *name = js_get_text(js_get(node, "attributes"), "name");
    return name ? name : "";
}

const char *flow_node_group(const struct js *node)
{
    const char *group = js_get_text(node, "group");
    return group ? group : "";
}

struct js *flow_node_find(const struct js *nodes, const char *name)
{
    for (struct js *n = nodes ? nodes->first : NULL; n; n = n->next) {
        if (strcmp(flow_node_name(n), name) == 0) {
            return n;
        }
    }
    return NULL;
}

void flow_node_set_value(struct arena *a, struct js *node, struct js *value)
{
    js_put(a, js_get(node, "attributes"), "value", value);
}

void flow_node_clear_value(struct js *node)
{
    js_remove(js_get(node, "attributes"), "value");
}

void flow_node_set_type(struct arena *a, struct js *node, const char *type)
{
    put_text(a, js_get(node, "attributes"), "type", type);
}

void flow_node_add_message(struct arena *a, struct js *node, struct js *message)
{
    (void)a;
    js_push(js_get(node, "messages"), message);
}

void flow_nodes_clear_messages(struct arena *a, struct js *nodes)
{
    for (struct js *n = nodes ? nodes->first : NULL; n; n = n->next) {
        js_put(a, n, "messages", js_array(a));
    }
}

/* js_push sets a node's `next`, so that is read before. */
struct js *flow_nodes_without(struct arena *a, struct js *nodes,
                              bool (*drop)(const void *context, const struct js *node), const void *context)
{
    struct js *kept = js_array(a);
    size_t seen = 0, all = nodes ? nodes->count : 0;

    for (struct js *n = nodes ? nodes->first : NULL, *next; n; n = next, seen++) {
        next = n->next;
        if (!drop(context, n)) {
            js_push(kept, n);
        }
    }
    return seen == all ? kept : NULL; /* what was lost to lack of memory stays lost */
}

/* Each node looks for its value, not each value for its node: there may be many more values than nodes. */
void flow_nodes_fill(struct arena *a, struct js *nodes, const struct js *traits)
{
    for (struct js *node = nodes ? nodes->first : NULL; node; node = node->next) {
        const char *name = flow_node_name(node);
        const struct js *v = strncmp(name, "traits.", 7) == 0 ? js_path(traits, name + 7) : NULL;
        /* Fields hold single values; a list has its own way below, for our own pages. */
        if (v && v->type != JS_OBJECT && v->type != JS_ARRAY) {
            flow_node_set_value(a, node, js_copy(a, v));
        }
    }
}

void flow_nodes_fill_lists(struct arena *a, struct js *nodes, const struct js *traits)
{
    for (struct js *node = nodes ? nodes->first : NULL; node; node = node->next) {
        const char *name = flow_node_name(node);
        const struct js *v = strncmp(name, "traits.", 7) == 0 ? js_path(traits, name + 7) : NULL;
        if (v && v->type == JS_ARRAY) {
            flow_node_set_value(a, node, js_copy(a, v));
        }
    }
}
