/* The name first, then what proves it (kratos.md §2.11): the first step of a sign-in of that style. */
#include <string.h>

#include "flow_method.h"

static enum ww_err build(struct call *c, struct flow *f)
{
    js_push(flow_nodes(f),
            flow_node_submit(c->a, "method", "identifier_first", "identifier_first", MSG_LABEL_CONTINUE));
    return WW_OK;
}

static bool is_step_button(const void *context, const struct js *node)
{
    (void)context;
    return strcmp(flow_node_group(node), "identifier_first") == 0 &&
           strcmp(flow_node_name(node), "method") == 0;
}

static enum ww_err refuse_identifier(struct call *c)
{
    flow_ui_field_message(c->a, c->flow->ui, "identifier", flow_message(c->a, MSG_NO_LOGIN_METHOD, NULL));
    return flow_show(c, 400, 303);
}

static enum ww_err run(struct call *c)
{
    bool exists = false, hide = flow_call_setting(c, "security.account_enumeration.mitigate");
    enum ww_err err = WW_OK;

    /* Messages of the try before. */
    flow_reset(c);
    c->kind->echo(c);
    if (c->payload.identifier[0] && !hide) {
        /* It tells who has an account, so it costs as much as a new flow. */
        err = throttle_count(c->op, c->s->throttle, THROTTLE_FLOW);
    }
    if (!err && c->payload.identifier[0] && !hide) {
        err = account_exists(c->op, c->s, c->payload.identifier, &exists);
    }
    if (err) {
        return flow_refused_problem(c, err, NULL);
    }
    /* With mitigation every name goes on to the password, and nothing was looked up. */
    if (!c->payload.identifier[0] || (!exists && !hide)) {
        return refuse_identifier(c);
    }
    struct js *nodes = flow_nodes_without(c->a, flow_nodes(c->flow), is_step_button, NULL);
    js_put(c->a, c->flow->ui, "nodes", nodes);
    /* It goes along with the password; whoever wants another name begins anew. */
    flow_node_set_type(c->a, flow_node_find(nodes, "identifier"), "hidden");
    js_put(c->a, c->flow->wire, "active", js_text(c->a, "identifier_first"));
    flow_set_stage(c, c->flow, STAGE_CREDENTIALS);
    if ((err = flow_methods_build(c, c->flow))) {
        return err;
    }
    c->transient_shown = c->payload.transient_payload ? c->payload.transient_payload : js_object(c->a);
    return flow_show(c, 400, 303);
}

const struct flow_method flow_identifier_first = {
    .name = "identifier_first",
    .login =
        {.shown = STAGE_IDENTIFIER, .taken = STAGE_IDENTIFIER, .of_a_name = true, .build = build, .run = run},
};
