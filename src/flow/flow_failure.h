/* From what a schema or a policy refuses to messages on the nodes of a form (kratos.md §2.14). */
#ifndef FLOW_FAILURE_H
#define FLOW_FAILURE_H

#include "flow_node.h"

/* Adds the messages of all failures to the nodes they name; one that no node has gets a bare node. Failures
 * of the whole go to ui's messages. */
void flow_failures_show(struct arena *a, struct js *ui, const struct schema_failure *failures);

/* Messages of the form as a whole, and of one field by its dotted name. */
void flow_ui_clear_messages(struct js *ui);
void flow_ui_add_message(struct arena *a, struct js *ui, struct js *message);
void flow_ui_field_message(struct arena *a, struct js *ui, const char *field, struct js *message);

#endif
