/* Shared by flow_view.c, flow_field.c and flow_words.c only. */
#ifndef FLOW_VIEW_INT_H
#define FLOW_VIEW_INT_H

#include <string.h>

#include "catalogue.h"
#include "flow_view.h"

enum { LABEL_TITLE = 1070002 }; /* the label is the title that the schema gives */

struct view {
    struct arena *a;
    const struct flow_view_options *options;
    const struct js *flow, *nodes;
    struct js *model;
};

/* ---- flow_field.c: nodes ---- */
const char *flow_field_attribute(const struct js *node, const char *name);
bool flow_field_is(const struct js *node, const char *attribute, const char *value);
const char *flow_field_group(const struct js *node);
bool flow_field_is_input(const struct js *node);
/* type NULL: any. */
const struct js *flow_field_find(const struct js *nodes, const char *name, const char *type);
/* Draws one into the form: a hidden value, a field, a button or a message. */
void flow_field_add(struct view *v, struct js *form, const struct js *node);
/* Its value, or each of a list, as hidden fields. */
void flow_field_hide(struct view *v, struct js *form, const struct js *node);
/* The second of the two steps of a registration. */
bool flow_view_is_second_step(const struct view *v);

/* ---- flow_words.c ---- */
/* The catalogue's text, where {identifier} and {Identifier} are what people sign in with here. */
const char *flow_words(struct view *v, const char *key, const struct js *values);
/* Of "prefix.id" or "prefix.id.suffix"; NULL when the catalogue has none. */
const char *flow_words_keyed(struct view *v, const char *prefix, int64_t id, const char *suffix,
                             const struct js *values);
const char *flow_words_own_name(struct view *v, const char *name);
const char *flow_words_label(struct view *v, const struct js *node);
/* The catalogue's text for the field, else for the message, else what the message says itself. name and label
 * NULL: of no field. */
const char *flow_words_message(struct view *v, const struct js *message, const char *name, const char *label);

#endif
