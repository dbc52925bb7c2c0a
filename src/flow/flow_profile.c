/* The method "profile": the traits. In registration the first of two steps, to which one may go back
 * (kratos.md §2.10); in settings a change of them (§2.12). */
#include <string.h>

#include "flow_method.h"

/* ---- registration: the traits, then what proves them ---- */

static bool is_trait(const char *name)
{
    return strncmp(name, "traits.", 7) == 0;
}

/* The button of the first step. */
static bool is_step_button(const void *context, const struct js *node)
{
    (void)context;
    return strcmp(flow_node_group(node), "profile") == 0 && strcmp(flow_node_name(node), "method") == 0;
}

/* What the second step added; traits may be in the group of passwords, too (kratos.md §9, feature_flags). */
static bool is_credential(const void *context, const struct js *node)
{
    const char *name = flow_node_name(node);
    return !is_trait(name) && (is_step_button(NULL, node) || strcmp(name, "screen") == 0 ||
                               flow_methods_show(context, flow_node_group(node), STAGE_CREDENTIALS));
}

static enum ww_err build_registration(struct call *c, struct flow *f)
{
    js_push(flow_nodes(f), flow_node_submit(c->a, "method", "profile", "profile", MSG_REGISTRATION_SIGN_UP));
    return WW_OK;
}

/* Hidden, not gone: the second step sends them again, and the account is made of that one form. */
static void set_trait_inputs(struct call *c, bool hidden)
{
    for (const struct schema_trait *t = c->schema->traits; t; t = t->next) {
        char *name = arena_printf(c->a, "traits.%s", t->path);
        struct js *node = name ? flow_node_find(flow_nodes(c->flow), name) : NULL;
        if (node) {
            flow_node_set_type(c->a, node, hidden ? "hidden" : flow_trait_input(t));
        }
    }
}

/* One more button "Back" for each time that the step is sent, as Kratos has it (recorded). */
static enum ww_err show_credentials(struct call *c)
{
    bool there = c->flow->stage == STAGE_CREDENTIALS;
    struct js *nodes = flow_nodes_without(c->a, flow_nodes(c->flow), is_step_button, NULL);
    enum ww_err err = WW_OK;

    js_put(c->a, c->flow->ui, "nodes", nodes);
    set_trait_inputs(c, true);
    flow_set_stage(c, c->flow, STAGE_CREDENTIALS);
    if (!there && (err = flow_methods_build(c, c->flow))) {
        return err;
    }
    js_push(flow_nodes(c->flow),
            flow_node_submit(c->a, "screen", "previous", "profile", MSG_REGISTRATION_BACK));
    flow_ui_add_message(c->a, c->flow->ui, flow_message(c->a, MSG_REGISTRATION_CHOOSE_CREDENTIAL, NULL));
    c->transient_shown = c->payload.transient_payload ? c->payload.transient_payload : js_object(c->a);
    return flow_show(c, 400, 303);
}

static enum ww_err show_traits(struct call *c)
{
    struct js *nodes = flow_nodes_without(c->a, flow_nodes(c->flow), is_credential, c);

    js_put(c->a, c->flow->ui, "nodes", nodes);
    set_trait_inputs(c, false);
    flow_set_stage(c, c->flow, STAGE_PROFILE);
    enum ww_err err = flow_methods_build(c, c->flow);
    return err ? err : flow_show(c, 400, 303);
}

/* On our own pages a name that somebody has is told before a password is asked for, at the field it stands
 * in. Kratos' clients learn of it from the second step. It tells who has an account, so it costs as much as a
 * new flow, and nothing is told where the settings hide it. */
static enum ww_err refuse_taken(struct call *c, bool *answered)
{
    const char *trait;
    char *name;

    *answered = false;
    if (!flow_ui_built_in(c) || flow_call_json(c) ||
        flow_call_setting(c, "security.account_enumeration.mitigate")) {
        return WW_OK;
    }
    enum ww_err err = throttle_count(c->op, c->s->throttle, THROTTLE_FLOW);
    if (err || !flow_registration_taken(c, &trait)) {
        return err;
    }
    name = arena_printf(c->a, "traits.%s", trait);
    if (!name) {
        return op_no_memory(c->op);
    }
    *answered = true;
    flow_ui_field_message(c->a, c->flow->ui, name, flow_message(c->a, MSG_DUPLICATE, NULL));
    return flow_show(c, 400, c->kind->refused_redirect);
}

static enum ww_err run_registration(struct call *c)
{
    struct account_refusal why = {0};
    bool answered = false;

    flow_reset(c);
    c->kind->echo(c);
    if (strcmp(c->payload.screen, "previous") == 0) {
        return show_traits(c);
    }
    enum ww_err err = account_check_traits(c->op, c->s, c->schema->id, c->payload.traits, &why);
    if (!err) {
        err = refuse_taken(c, &answered);
    }
    if (answered) {
        return err;
    }
    return err ? flow_refused_problem(c, err, &why) : show_credentials(c);
}

/* The button "Back" names a screen and no method; "profile:back" is what older clients send. */
static enum ww_err decode(struct call *c)
{
    struct flow_payload *p = &c->payload;

    if (c->kind == &flow_registration_kind && strcmp(p->method, "profile:back") == 0) {
        p->method = "profile";
        p->screen = "previous";
    } else if (c->kind == &flow_registration_kind && !p->method[0] && p->screen[0]) {
        p->method = "profile";
    }
    return WW_OK;
}

/* ---- settings ---- */

static enum ww_err build_settings(struct call *c, struct flow *f)
{
    struct js *nodes = flow_nodes(f);

    for (const struct schema_trait *t = c->schema->traits; t; t = t->next) {
        if (t->type[0]) {
            js_push(nodes, flow_node_trait(c->a, t, "profile", !f->api && flow_ui_built_in(c)));
        }
    }
    js_push(nodes, flow_node_submit(c->a, "method", "profile", "profile", MSG_LABEL_SAVE));
    flow_nodes_fill(c->a, nodes, c->session->record->identity.traits);
    if (!f->api && flow_ui_built_in(c)) {
        flow_nodes_fill_lists(c->a, nodes, c->session->record->identity.traits);
    }
    return WW_OK;
}

/* Whether the form has fields for the elements of a list ("traits.emails.0"): then it says what is left of
 * it. */
static bool carries_elements(const struct call *c, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < c->in->form_count; i++) {
        if (strncmp(c->in->form[i].name, name, n) == 0 && c->in->form[i].name[n] == '.') {
            return true;
        }
    }
    return false;
}

/* A form that shows no field for a list must not empty it. JSON says what it means. */
static enum ww_err keep_lists(struct call *c)
{
    for (const struct schema_trait *t = c->schema->traits; c->in->body == WW_BODY_FORM && t; t = t->next) {
        const struct js *had = js_path(c->session->record->identity.traits, t->path);
        char *name = arena_printf(c->a, "traits.%s", t->path);
        if (!name) {
            return op_no_memory(c->op);
        }
        if (had && had->type == JS_ARRAY && !js_path(c->payload.traits, t->path) &&
            !carries_elements(c, name)) {
            js_put_path(c->a, c->payload.traits, t->path, js_copy(c->a, had));
        }
    }
    return WW_OK;
}

/* The sign-in need not be recent for every change: the use case knows which (kratos.md §2.12). */
static enum ww_err run_settings(struct call *c)
{
    struct account_refusal why;
    enum ww_err err = keep_lists(c);

    if (err) {
        return err;
    }
    err = account_change_traits(c->op, c->s, c->session, c->payload.traits, &why);
    flow_nodes_clear_messages(c->a, flow_nodes(c->flow));
    return flow_settings_done(c, err, &why);
}

const struct flow_method flow_profile = {
    .name = "profile",
    .decode = decode,
    .registration = {.shown = STAGE_PROFILE,
                     .taken = STAGE_PROFILE | STAGE_CREDENTIALS,
                     .build = build_registration,
                     .run = run_registration},
    .settings = {.setting = "selfservice.methods.profile.enabled",
                 .shown = STAGE_FORM,
                 .taken = STAGE_FORM,
                 .build = build_settings,
                 .run = run_settings},
};
