/* What the use cases refuse, shown in the form it concerns. */
#include <string.h>

#include "flow_int.h"

/* Rounded up, so that who waits as told is let in; minutes from a minute and a half on. Nothing says
 * whether the name exists. */
static struct js *wait_message(struct call *c)
{
    uint32_t s = c->op->problem.retry_after;
    bool minutes = s > 90;
    uint32_t n = minutes ? (s + 59) / 60 : s ? s : 1;

    return flow_message_with(c->a, MSG_GENERIC, "reason",
                             arena_printf(c->a, "Too many tries. Try again in %u %s%s.", n,
                                          minutes ? "minute" : "second", n == 1 ? "" : "s"));
}

/* An address that is none, where the schema does not say so itself. */
static void show_address(struct call *c)
{
    /* Named as the schema names it; the form has "traits." before that. */
    const char *field = c->op->problem.field ? c->op->problem.field : "";
    const char *path = strncmp(field, "traits.", 7) == 0 ? field + 7 : field;
    const struct js *value = js_path(c->payload.traits, path);
    struct js *values = js_object(c->a);
    char *name = arena_printf(c->a, "traits.%s", path);
    const struct js *input = flow_node_find(flow_nodes(c->flow), name ? name : "");
    const char *type = js_get_text(js_get(input, "attributes"), "type");

    js_put(c->a, values, "value", value ? js_copy(c->a, value) : js_text(c->a, ""));
    if (name) {
        flow_ui_field_message(
            c->a, c->flow->ui, name,
            flow_message(c->a, type && strcmp(type, "tel") == 0 ? MSG_PHONE_NUMBER : MSG_EMAIL_ADDRESS,
                         values));
    }
}

/* At the field where there is one, else over the form. */
static enum ww_err show_invalid(struct call *c, const struct account_refusal *why)
{
    const char *id = c->op->problem.id ? c->op->problem.id : "";

    /* A schema may refuse several fields: each message goes to its own. */
    if (why && why->failures) {
        flow_failures_show(c->a, c->flow->ui, why->failures);
    } else if (why && why->password.message_id) {
        int message = (int)why->password.message_id;
        struct js *values = why->password.context;
        if (flow_message_known(message)) {
            flow_ui_field_message(c->a, c->flow->ui, "password", flow_message(c->a, message, values));
        }
    } else if (strcmp(id, "address_format") == 0) {
        show_address(c);
    } else if (strcmp(id, "no_identifier") == 0) {
        flow_ui_add_message(c->a, c->flow->ui, flow_message(c->a, MSG_NO_IDENTIFIER, NULL));
    } else {
        struct js *message = flow_message_with(c->a, MSG_GENERIC, "reason", c->op->problem.text);
        const char *field = c->op->problem.field;
        if (field && (strcmp(field, "password") == 0 || flow_node_find(flow_nodes(c->flow), field))) {
            flow_ui_field_message(c->a, c->flow->ui, field, message);
        } else {
            flow_ui_add_message(c->a, c->flow->ui, message);
        }
    }
    return flow_show(c, 400, c->kind->refused_redirect);
}

enum ww_err flow_refused_problem(struct call *c, enum ww_err err, const struct account_refusal *why)
{
    switch (err) {
    case WW_EVALIDATION:
    case WW_EINVAL:
        return show_invalid(c, why);
    /* A name that is taken, found in the transaction: the message is the one that a look-up before it gives.
     */
    case WW_ECONFLICT:
        return flow_refused(c, flow_message(c->a, MSG_DUPLICATE, NULL));
    /* People see it in their form; clients get 429 and Retry-After, by which they can wait. */
    case WW_ETHROTTLED:
        if (!flow_call_json(c)) {
            return flow_refused(c, wait_message(c));
        }
        return flow_refuse_problem(c, err);
    default:
        return flow_refuse_problem(c, err);
    }
}
