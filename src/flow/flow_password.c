/* The method "password" of login, registration and settings (kratos.md §§2.5, 3.3). */
#include "flow_method.h"

static const char enabled[] = "selfservice.methods.password.enabled";

static void add_nodes(struct call *c, struct flow *f, const char *autocomplete, int label)
{
    js_push(flow_nodes(f), flow_node_password(c->a, autocomplete));
    js_push(flow_nodes(f), flow_node_submit(c->a, "method", "password", "password", label));
}

static void require(struct call *c, const char *field)
{
    flow_ui_field_message(c->a, c->flow->ui, field, flow_message_with(c->a, MSG_REQUIRED, "property", field));
}

/* ---- login ---- */

static enum ww_err build_login(struct call *c, struct flow *f)
{
    add_nodes(c, f, "current-password",
              flow_login_is_refresh(f) ? MSG_LOGIN_SIGN_IN : MSG_LOGIN_WITH_PASSWORD);
    return WW_OK;
}

/* What is missing is told before anything is counted or hashed. */
static enum ww_err run_login(struct call *c)
{
    const struct cred_proof proof = {.kind = CRED_PASSWORD, .typed = c->payload.password};
    const struct account_sign_in in = {.identifier = c->payload.identifier,
                                       .proofs = &proof,
                                       .count = 1,
                                       /* By the flow, not by the request: what began as a browser's ends as
                                        * one. */
                                       .carrier = c->flow->api ? SESSION_TOKEN : SESSION_COOKIE,
                                       /* Only a flow that was begun to prove it again raises the session that
                                        * is there. */
                                       .session = flow_login_is_refresh(c->flow) ? c->session : NULL};

    flow_reset(c);
    /* An empty password is none here; whether one may be empty is never asked of a hash. */
    if (c->payload.identifier[0] && c->payload.password.p) {
        return flow_login_sign_in(c, &in);
    }
    c->kind->echo(c);
    if (!c->payload.identifier[0]) {
        require(c, "identifier");
    }
    if (!c->payload.password.p) {
        require(c, "password");
    }
    return flow_show(c, 400, 303);
}

/* ---- registration ---- */

static enum ww_err build_registration(struct call *c, struct flow *f)
{
    add_nodes(c, f, "new-password", MSG_REGISTRATION_SIGN_UP);
    return WW_OK;
}

/* The policy, the names and the hash are the use case's: a flow only shows what comes of it. */
static enum ww_err run_registration(struct call *c)
{
    struct account_new in = {.schema_id = c->schema->id,
                             .traits = c->payload.traits,
                             .password = c->payload.password,
                             .with_session = flow_after_has_hook(c, "password", "session"),
                             .carrier = c->flow->api ? SESSION_TOKEN : SESSION_COOKIE};
    struct account_refusal why;
    struct record *r;
    struct session *x = NULL;

    flow_reset(c);
    if (!c->payload.password.p) {
        c->kind->echo(c);
        require(c, "password");
        return flow_show(c, 400, c->kind->refused_redirect);
    }
    enum ww_err err = account_register(c->op, c->s, &in, &why, &r, &x);
    return flow_registration_done(c, err, &why, r, x);
}

/* ---- settings ---- */

static enum ww_err build_settings(struct call *c, struct flow *f)
{
    add_nodes(c, f, "new-password", MSG_LABEL_SAVE);
    return WW_OK;
}

static enum ww_err run_settings(struct call *c)
{
    struct account_refusal why;

    flow_reset(c);
    /* Asked here as well as in the use case, before the form is looked at: it is kept as it was sent. Before
     * the field is judged: who has to sign in again is told so first, whatever was typed. */
    if (!account_privileged(c->op, c->s, c->session)) {
        return flow_settings_too_old(c);
    }
    if (!c->payload.password.p) {
        require(c, "password");
        return flow_show(c, 400, 303);
    }
    enum ww_err err = account_change_password(c->op, c->s, c->session, c->payload.password, &why);
    return flow_settings_done(c, err, &why);
}

const struct flow_method flow_password = {
    .name = "password",
    .login = {.setting = enabled,
              .shown = STAGE_CREDENTIALS,
              .taken = STAGE_IDENTIFIER | STAGE_CREDENTIALS,
              .of_a_name = true,
              .build = build_login,
              .run = run_login},
    .registration = {.setting = enabled,
                     .shown = STAGE_FORM | STAGE_CREDENTIALS,
                     .taken = STAGE_FORM | STAGE_PROFILE | STAGE_CREDENTIALS,
                     .build = build_registration,
                     .run = run_registration},
    .settings = {.setting = enabled,
                 .shown = STAGE_FORM,
                 .taken = STAGE_FORM,
                 .build = build_settings,
                 .run = run_settings},
};
