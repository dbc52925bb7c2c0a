/* The form of a flow: a list of nodes as the wire has them (kratos.md §3), made from schema traits and a few
 * fixed fields, looked up by name, changed in place. Building follows js.h: without memory, js_write fails.
 */
#ifndef FLOW_NODE_H
#define FLOW_NODE_H

#include "flow_message.h"
#include "schema.h"

/* An input. type: "text", "hidden", …; value NULL when unset; label a message or NULL. */
struct flow_input {
    const char *name, *type, *group;
    struct js *value;
    bool required;
    const char *autocomplete, *pattern;
    struct js *options; /* [{"value"}], what may be chosen; NULL: anything */
    struct js *label;
};
struct js *flow_node(struct arena *a, const struct flow_input *in);

/* The fields that several flows have. */
struct js *flow_node_csrf(struct arena *a, const char *token);
struct js *flow_node_password(struct arena *a, const char *autocomplete);
struct js *flow_node_submit(struct arena *a, const char *name, const char *value, const char *group,
                            int label);
/* options: say what an enum allows, where it is short enough to choose from. */
struct js *flow_node_trait(struct arena *a, const struct schema_trait *t, const char *group, bool options);
/* The type of the input that a trait gets: "email", "checkbox", … */
const char *flow_trait_input(const struct schema_trait *t);

/* The first node of that name, or NULL. */
struct js *flow_node_find(const struct js *nodes, const char *name);
const char *flow_node_name(const struct js *node);
const char *flow_node_group(const struct js *node);
void flow_node_set_value(struct arena *a, struct js *node, struct js *value);
void flow_node_clear_value(struct js *node);
void flow_node_set_type(struct arena *a, struct js *node, const char *type);
void flow_node_add_message(struct arena *a, struct js *node, struct js *message);
/* Empties the messages of all nodes. */
void flow_nodes_clear_messages(struct arena *a, struct js *nodes);
/* A new list without the nodes that `drop` says; NULL when there is no memory. */
struct js *flow_nodes_without(struct arena *a, struct js *nodes,
                              bool (*drop)(const void *context, const struct js *node), const void *context);

/* Sets the values of nodes that are there from traits; objects and arrays are walked ("traits.tags.0").
 * Nothing is added, and what traits do not hold keeps its value. */
void flow_nodes_fill(struct arena *a, struct js *nodes, const struct js *traits);

/* The same for lists, as the value of their one node: for forms of our own pages, which have a field for each
 * element. Kratos' nodes carry none. */
void flow_nodes_fill_lists(struct arena *a, struct js *nodes, const struct js *traits);

/* ---- order (flow_sort.c) ---- */
enum flow_order { ORDER_LOGIN, ORDER_REGISTRATION, ORDER_SETTINGS };
/* A stable sort; schema gives the order of traits, and may be NULL. NULL when there is no
 * memory. */
struct js *flow_nodes_sort(struct arena *a, struct js *nodes, enum flow_order order,
                           const struct identity_schema *schema);

#endif
