/* Failures of a schema as messages at the fields of a form (kratos.md §2.14). */
#include "flow_failure.h"

#include <string.h>

#include "limit.h"

/* Draft-07 keywords and Kratos' messages (kratos.md §3.4); what has none gets the generic one with a reason.
 */
static const struct {
    const char *keyword;
    int message;
} keyword_messages[] = {
    {"required", MSG_REQUIRED},      {"minLength", MSG_MIN_LENGTH},
    {"maxLength", MSG_MAX_LENGTH},   {"pattern", MSG_PATTERN},
    {"minimum", MSG_MINIMUM},        {"exclusiveMinimum", MSG_EXCLUSIVE_MINIMUM},
    {"maximum", MSG_MAXIMUM},        {"exclusiveMaximum", MSG_EXCLUSIVE_MAXIMUM},
    {"multipleOf", MSG_MULTIPLE_OF}, {"maxItems", MSG_MAX_ITEMS},
    {"minItems", MSG_MIN_ITEMS},     {"uniqueItems", MSG_UNIQUE_ITEMS},
    {"type", MSG_WRONG_TYPE},        {"const", MSG_CONST},
};

/* One step of a JSON pointer (RFC 6901 §4), unescaped; *p is moved behind it. */
static char *pointer_step(struct arena *a, const char **p)
{
    struct buf b = BUF(a);

    for ((*p)++; **p && **p != '/'; (*p)++) {
        if (**p == '~' && ((*p)[1] == '0' || (*p)[1] == '1')) {
            (*p)++;
            buf_char(&b, **p == '0' ? '~' : '/');
        } else {
            buf_char(&b, **p);
        }
    }
    return buf_text(&b);
}

/* "traits.name.first" for "/traits/name/first", with `property` behind it. NULL for the whole. The name as
 * a form has it; a member's own dots are not escaped. */
static char *field_name(struct arena *a, const char *pointer, const char *property)
{
    struct buf b = BUF(a);

    for (const char *p = pointer; *p == '/';) {
        char *step = pointer_step(a, &p);
        buf_str(&b, b.n ? "." : "");
        buf_str(&b, step ? step : "");
    }
    if (property) {
        buf_str(&b, b.n ? "." : "");
        buf_str(&b, property);
    }
    return b.n ? buf_text(&b) : NULL;
}

/* An e-mail address or telephone number has a message of its own, other formats the validator's text. */
static struct js *format_message(struct arena *a, const struct schema_failure *f)
{
    bool email = f->format && strcmp(f->format, "email") == 0;

    if (email || (f->format && strcmp(f->format, "tel") == 0)) {
        return flow_message(a, email ? MSG_EMAIL_ADDRESS : MSG_PHONE_NUMBER, f->context);
    }
    return flow_message_with(a, MSG_GENERIC, "reason", f->text);
}

/* The message of one failure. */
static struct js *message_of(struct arena *a, const struct schema_failure *f)
{
    /* Not in the table: which message it is depends on the format. */
    if (strcmp(f->keyword, "format") == 0) {
        return format_message(a, f);
    }
    for (size_t i = 0; i < sizeof keyword_messages / sizeof keyword_messages[0]; i++) {
        if (strcmp(f->keyword, keyword_messages[i].keyword) != 0) {
            continue;
        }
        if (keyword_messages[i].message == MSG_REQUIRED) {
            return flow_message_with(a, MSG_REQUIRED, "property", f->property);
        }
        return flow_message(a, keyword_messages[i].message, f->context);
    }
    return flow_message_with(a, MSG_GENERIC, "reason", f->text);
}

void flow_ui_clear_messages(struct js *ui)
{
    /* Each answer tells of this try only. */
    js_remove(ui, "messages");
}

void flow_ui_add_message(struct arena *a, struct js *ui, struct js *message)
{
    struct js *messages = js_get(ui, "messages");

    if (!messages) {
        messages = js_put(a, ui, "messages", js_array(a));
    }
    js_push(messages, message);
}

/* A field that the form lacks gets a node of its own, so that its message is not lost; it stays in the form,
 * as Kratos keeps it (recorded). So that a form that is sent again and again does not grow for ever, one that
 * is full already has further messages above it. */
void flow_ui_field_message(struct arena *a, struct js *ui, const char *field, struct js *message)
{
    struct js *nodes = js_get(ui, "nodes"), *node = flow_node_find(nodes, field);

    if (!nodes || nodes->type != JS_ARRAY) {
        nodes = js_put(a, ui, "nodes", js_array(a));
    }
    if (!node && nodes && nodes->count >= LIMIT_FORM_NODES) {
        flow_ui_add_message(a, ui, message);
        return;
    }
    if (!node) {
        node = flow_node(a, &(struct flow_input){.name = field, .type = "text", .group = "default"});
        js_push(nodes, node);
    }
    flow_node_add_message(a, node, message);
}

void flow_failures_show(struct arena *a, struct js *ui, const struct schema_failure *failures)
{
    for (const struct schema_failure *f = failures; f; f = f->next) {
        struct js *message = message_of(a, f);
        /* "required" fails at the object; people look at the field that is missing. */
        char *field = field_name(a, f->instance, strcmp(f->keyword, "required") == 0 ? f->property : NULL);
        if (field) {
            flow_ui_field_message(a, ui, field, message);
        } else {
            flow_ui_add_message(a, ui, message);
        }
    }
}
