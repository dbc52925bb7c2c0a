/* Settings: who may, the form, a change that waits for a fresh sign-in, and what is shown afterwards
 * (kratos.md §§2.10, 2.12). */
#include <string.h>

#include "flow_method.h"
#include "flow_return_to.h"

/* ---- the form ---- */

static enum ww_err build(struct call *c, struct flow *f)
{
    struct js *nodes = flow_nodes(f);

    c->schema = schema_find(c->s->schemas, c->session->record->identity.schema);
    if (!c->schema) {
        c->schema = schema_default(c->s->schemas);
    }
    js_put(c->a, f->wire, "state", js_text(c->a, "show_form"));
    /* Beside `wire`, which clients see: this is what the flow is held against when it is fetched or sent. */
    js_put(c->a, f->row.json, "account", js_text(c->a, uuid_text(c->a, c->session->record->uuid)));
    js_push(nodes, flow_node_csrf(c->a, flow_csrf_token(c, f->api)));
    flow_set_stage(c, f, STAGE_FORM);
    return flow_methods_build(c, f);
}

/* The profile's fields hold exactly what was typed. */
static void echo(struct call *c)
{
    struct js *nodes = flow_nodes(c->flow);

    if (strcmp(c->payload.method, "profile") != 0) {
        return;
    }
    for (struct js *n = nodes->first; n; n = n->next) {
        if (strncmp(flow_node_name(n), "traits.", 7) == 0) {
            flow_node_clear_value(n);
        }
    }
    flow_nodes_fill(c->a, nodes, c->payload.traits);
    if (!c->flow->api && flow_ui_built_in(c)) {
        flow_nodes_fill_lists(c->a, nodes, c->payload.traits);
    }
}

/* ---- who may ---- */

static enum ww_err admit(struct call *c, bool *answered)
{
    struct js *siblings = js_object(c->a);
    char *base, *login;

    *answered = !c->session;
    if (c->session) {
        return WW_OK;
    }
    if (c->in->api) {
        return flow_refuse_json(
            c, &flow_refuse_session_inactive,
            "This endpoint can only be accessed with a valid session. Please log in and try again.", NULL,
            NULL);
    }
    if (c->in->json) {
        js_put(c->a, siblings, "CredentialsMissing", js_bool(c->a, false));
        return flow_refuse_json(c, &flow_refuse_session_inactive, NULL, NULL, siblings);
    }
    base = flow_public_url(c->a, c->s->config);
    login = base ? flow_url_join(c->a, base, "/self-service/login/browser") : NULL;
    return flow_answer_redirect(c, 303,
                                login ? flow_url_with(c->a, login, "return_to", c->in->request_url) : NULL);
}

static enum ww_err admit_submit(struct call *c, bool *answered)
{
    *answered = !c->session;
    if (c->session) {
        return WW_OK;
    }
    if (flow_call_json(c)) {
        return flow_refuse(c, &flow_refuse_session_missing);
    }
    return flow_answer_redirect(c, 302, flow_ui_url(c->a, c->s->config, "login"));
}

/* ---- refused ---- */

/* kratos.md §2.12: a form is kept until its owner has signed in again, but not a native client's password. */
enum ww_err flow_settings_too_old(struct call *c)
{
    char *base = flow_public_url(c->a, c->s->config), id[UUID_TEXT];
    char *login = base ? flow_url_join(c->a, base, "/self-service/login/browser?refresh=true") : NULL;
    char *submit = base ? flow_url_join(c->a, base, "/self-service/settings") : NULL;
    struct js *siblings = js_object(c->a);
    enum ww_err err = WW_OK;

    uuid_format(id, c->flow->row.id);
    submit = submit ? flow_url_with(c->a, submit, "flow", id) : NULL;
    login = login && submit ? flow_url_with(c->a, login, "return_to", submit) : NULL;
    /* The cookie that opens it goes to a browser; a native client sends its password again. */
    if (!c->flow->api || strcmp(c->payload.method, "profile") == 0) {
        err = flow_continuity_keep(c);
    }
    if (err || !login) {
        return err ? err : op_no_memory(c->op);
    }
    if (!flow_call_json(c)) {
        return flow_answer_redirect(c, 303, login);
    }
    js_put(c->a, siblings, "redirect_browser_to", js_text(c->a, login));
    return flow_refuse_json(c, &flow_refuse_reauth, NULL, NULL, siblings);
}

/* Each refusal of a change of settings: too old a sign-in, an ended session, or something in the form. */
static enum ww_err refused(struct call *c, enum ww_err err, const struct account_refusal *why)
{
    if (err == WW_EREAUTH) {
        return flow_settings_too_old(c);
    }
    if (err == WW_EDENIED) { /* ended by somebody else meanwhile */
        return flow_refuse(c, &flow_refuse_session_missing);
    }
    echo(c);
    return flow_refused_problem(c, err, why);
}

/* ---- done ---- */

/* What is shown afterwards is the form of a new flow, so that it can be sent again. The old values would
 * else stand in the form, and the next save would bring them back. Where there is none to be had, or it
 * cannot be kept, the change is done all the same, and told so. */
static void show_fresh_form(struct call *c)
{
    struct flow *fresh;

    if (flow_again(c, c->flow, &fresh) == WW_OK && flow_insert(c, fresh) == WW_OK) {
        c->flow->ui = js_put(c->a, c->flow->wire, "ui", js_copy(c->a, fresh->ui));
    }
    flow_ui_add_message(c->a, c->flow->ui, flow_message(c->a, MSG_SETTINGS_SAVED, NULL));
    js_put(c->a, c->flow->wire, "state", js_text(c->a, "success"));
    flow_note(c);
}

static enum ww_err changed(struct call *c)
{
    const char *url;

    show_fresh_form(c);
    enum ww_err err = flow_after_url(c, js_get_text(c->flow->wire, "return_to"), c->payload.method,
                                     flow_page(c, c->flow), &url);
    if (err) {
        return err;
    }
    /* The session of a browser may have a new token, or a new end. */
    if (!c->flow->api) {
        flow_answer_session_cookie(c, c->session);
    }
    if (!flow_call_json(c)) {
        return flow_answer_redirect(c, 303, url);
    }
    struct js *shown = flow_shown(c);
    if (!c->flow->api) {
        js_put(c->a, shown, "continue_with", flow_after_redirect_action(c, url));
    }
    return flow_answer_json(c, 200, shown);
}

enum ww_err flow_settings_done(struct call *c, enum ww_err err, const struct account_refusal *why)
{
    return err ? refused(c, err, why) : changed(c);
}

/* Methods that Kratos has for settings: switched off is 404, unknown a message in the form. */
static enum ww_err other_method(struct call *c, bool *answered)
{
    static const char *const known[] = {"password", "profile", "totp", "lookup_secret", "webauthn", "passkey",
                                        "oidc",     "code",    NULL};

    *answered = false;
    for (const char *const *k = known; *k && !*answered; k++) {
        /* Nothing of it is stored: that a method is off is the site's configuration, and no secret. */
        *answered = strcmp(c->payload.method, *k) == 0;
    }
    return *answered ? flow_refuse(c, &flow_refuse_disabled_method) : WW_OK;
}

static const struct flow_part *part(const struct flow_method *m)
{
    return &m->settings;
}

const struct flow_kind_row flow_settings_kind = {
    .kind = FLOW_SETTINGS,
    .name = "settings",
    .lifespan = "selfservice.flows.settings.lifespan",
    .after = "selfservice.flows.settings.after",
    .part = part,
    .order = ORDER_SETTINGS,
    .of_account = true,
    .expired_message = MSG_SETTINGS_EXPIRED,
    .no_strategy_message = MSG_SETTINGS_NO_STRATEGY,
    .refused_redirect = 303,
    .unknown = &flow_refuse_settings_not_found,
    .admit = admit,
    .admit_submit = admit_submit,
    .build = build,
    .other_method = other_method,
    .echo = echo,
};
