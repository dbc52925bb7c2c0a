/* Registration: who may, the form of traits, and the account that was made (kratos.md §§2.9, 2.10). */
#include <string.h>

#include "flow_method.h"
#include "utf8.h"

/* Two settings for one thing, since Kratos renamed it: either makes it one step. */
static bool one_step(const struct call *c)
{
    return flow_call_setting(c, "selfservice.flows.registration.enable_legacy_one_step") ||
           strcmp(config_text(c->s->config, "selfservice.flows.registration.style"), "unified") == 0;
}

static const char *trait_group(const struct call *c)
{
    return config_text(c->s->config, "feature_flags.password_profile_registration_node_group");
}

/* ---- the form ---- */

static void add_traits(struct call *c, struct js *nodes, bool options)
{
    for (const struct schema_trait *t = c->schema->traits; t; t = t->next) {
        /* A trait without a type is for other programs; a form has no field for it. */
        if (t->type[0]) {
            js_push(nodes, flow_node_trait(c->a, t, trait_group(c), options));
        }
    }
}

static enum ww_err build(struct call *c, struct flow *f)
{
    struct js *nodes = flow_nodes(f);

    js_put(c->a, f->wire, "organization_id", js_null(c->a));
    js_put(c->a, f->wire, "state", js_text(c->a, "choose_method"));
    js_push(nodes, flow_node_csrf(c->a, flow_csrf_token(c, f->api)));
    add_traits(c, nodes, !f->api && flow_ui_built_in(c));
    flow_set_stage(c, f, one_step(c) ? STAGE_FORM : STAGE_PROFILE);
    return flow_methods_build(c, f);
}

static void echo(struct call *c)
{
    flow_nodes_fill(c->a, flow_nodes(c->flow), c->payload.traits);
    if (!c->flow->api && flow_ui_built_in(c)) {
        flow_nodes_fill_lists(c->a, flow_nodes(c->flow), c->payload.traits);
    }
}

/* ---- who may ---- */

/* A browser that is signed in goes where it would after a registration; a client hears why it cannot. */
static enum ww_err signed_in(struct call *c, int redirect, const char *return_to)
{
    const char *url;

    if (flow_call_json(c)) {
        return flow_refuse(c, &flow_refuse_already_registration);
    }
    enum ww_err err = flow_after_url(c, return_to, NULL, NULL, &url);
    return err ? err : flow_answer_redirect(c, redirect, url);
}

static enum ww_err admit(struct call *c, bool *answered)
{
    *answered = true;
    if (!flow_call_setting(c, "selfservice.flows.registration.enabled")) {
        return flow_refuse(c, &flow_refuse_registration_disabled);
    }
    if (c->session) {
        return signed_in(c, 303, flow_call_query(c, "return_to"));
    }
    *answered = false;
    return WW_OK;
}

/* Asked again: it may have been switched off since the form was fetched. */
static enum ww_err admit_submit(struct call *c, bool *answered)
{
    *answered = true;
    if (!flow_call_setting(c, "selfservice.flows.registration.enabled")) {
        return flow_refuse(c, &flow_refuse_registration_disabled);
    }
    if (c->session) {
        return signed_in(c, 302, NULL);
    }
    *answered = false;
    return WW_OK;
}

/* ---- the account ---- */

/* The first identifier of the traits that somebody has, as it is compared; the place of its trait. Asked only
 * where the configuration wants it told (login_hints), or where our own pages ask it at the first step. */
const char *flow_registration_taken(struct call *c, const char **trait)
{
    struct schema_value *values = NULL;
    struct bytes value;
    bool exists;

    *trait = NULL;
    if (schema_marked_values(c->a, c->schema, c->payload.traits, &values)) {
        return NULL;
    }
    for (const struct schema_value *v = values; v; v = v->next) {
        if ((v->marks & MARK_PASSWORD_IDENTIFIER) && v->value->type == JS_STRING &&
            utf8_ident(c->a, v->value->string, &value) == WW_OK) {
            const char *text = arena_strndup(c->a, value.p, value.n);
            if (text && account_exists(c->op, c->s, text, &exists) == WW_OK && exists) {
                *trait = v->path;
                return text;
            }
        }
    }
    return NULL;
}

static bool schema_has_code(const struct identity_schema *schema)
{
    for (const struct schema_trait *t = schema->traits; t; t = t->next) {
        if (t->marks & (MARK_CODE_EMAIL | MARK_CODE_SMS)) {
            return true;
        }
    }
    return false;
}

/* What was typed is not shown again, as Kratos does not: the name is somebody's already. */
static enum ww_err refuse_duplicate(struct call *c)
{
    bool hints = flow_call_setting(c, "selfservice.flows.registration.login_hints");
    const char *trait, *hint = hints ? flow_registration_taken(c, &trait) : NULL;
    struct js *values = js_object(c->a), *types = js_array(c->a);

    if (!hint) {
        return flow_refused(c, flow_message(c->a, MSG_DUPLICATE, NULL));
    }
    if (schema_has_code(c->schema)) {
        js_push(types, js_text(c->a, "code"));
    }
    /* What all accounts here may have, not what this one has: nothing is told of its credentials. */
    js_push(types, js_text(c->a, "password"));
    js_put(c->a, values, "available_credential_types", types);
    js_put(c->a, values, "available_oidc_providers", js_array(c->a));
    js_put(c->a, values, "credential_identifier_hint", js_text(c->a, hint));
    return flow_refused(c, flow_message(c->a, MSG_DUPLICATE_WITH_HINTS, values));
}

static struct js *token_action(struct call *c, const struct session *x)
{
    struct js *list = js_array(c->a), *action = js_object(c->a);

    js_put(c->a, action, "action", js_text(c->a, "set_ory_session_token"));
    js_put(c->a, action, "ory_session_token", js_text(c->a, x->token));
    js_push(list, action);
    return list;
}

static enum ww_err answer_registered(struct call *c, const struct record *r, const struct session *x)
{
    struct js *body = js_object(c->a);
    const char *url;
    enum ww_err err = flow_after_url(c, js_get_text(c->flow->wire, "return_to"), c->method->name, NULL, &url);

    if (err) {
        return err;
    }
    /* A session begins, so the anti-CSRF cookie is made anew, as at a sign-in. */
    if (x && !c->flow->api) {
        flow_answer_session_cookie(c, x);
        c->out->renew_csrf = true;
    }
    if (!flow_call_json(c)) {
        return flow_answer_redirect(c, 303, url);
    }
    /* The token stands in the body of native answers alone; a browser's is in its cookie, out of reach of
     * scripts. */
    if (x && c->flow->api) {
        js_put(c->a, body, "session_token", js_text(c->a, x->token));
    }
    if (x) {
        js_put(c->a, body, "session", flow_call_session_json(c, x));
    }
    js_put(c->a, body, "identity", flow_call_identity_json(c, r));
    js_put(c->a, body, "continue_with",
           !c->flow->api ? flow_after_redirect_action(c, url)
           : x           ? token_action(c, x)
                         : js_null(c->a));
    return flow_answer_json(c, 200, body);
}

enum ww_err flow_registration_done(struct call *c, enum ww_err err, const struct account_refusal *why,
                                   const struct record *r, const struct session *x)
{
    if (err == WW_ECONFLICT) {
        return refuse_duplicate(c);
    }
    /* Shown again are traits, never the password. */
    if (err == WW_EVALIDATION || err == WW_EINVAL || err == WW_ETHROTTLED) {
        echo(c);
    }
    return err ? flow_refused_problem(c, err, why) : answer_registered(c, r, x);
}

/* Registration knows no method that is merely switched off (kratos.md §2.4). */
static enum ww_err other_method(struct call *c, bool *answered)
{
    (void)c;
    *answered = false;
    return WW_OK;
}

static const struct flow_part *part(const struct flow_method *m)
{
    return &m->registration;
}

const struct flow_kind_row flow_registration_kind = {
    .kind = FLOW_REGISTRATION,
    .name = "registration",
    .lifespan = "selfservice.flows.registration.lifespan",
    .after = "selfservice.flows.registration.after",
    .part = part,
    .order = ORDER_REGISTRATION,
    .expired_id = "self_service_flow_expired",
    .expired_message = MSG_REGISTRATION_EXPIRED,
    .no_strategy_message = MSG_REGISTRATION_NO_STRATEGY,
    .refused_redirect = 302,
    .unknown = &flow_refuse_not_found,
    .admit = admit,
    .admit_submit = admit_submit,
    .build = build,
    .other_method = other_method,
    .echo = echo,
};
