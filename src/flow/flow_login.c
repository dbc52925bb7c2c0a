/* Signing in: who may begin and send the flow, and what follows a proof (kratos.md §§2.7, 2.10). */
#include <string.h>

#include "flow_method.h"
#include "utf8.h"

static void echo(struct call *c)
{
    struct js *node = flow_node_find(flow_nodes(c->flow), "identifier");

    if (node) {
        flow_node_set_value(c->a, node, js_text(c->a, c->payload.identifier));
    }
}

/* ---- who may ---- */

/* An unknown level is refused with the words that Kratos has, the client's own cut to a few bytes. */
static enum ww_err check_level(struct call *c, const char *aal, bool *answered)
{
    *answered = true;
    if (aal && strcmp(aal, "aal1") != 0 && strcmp(aal, "aal2") != 0) {
        const char *shown = utf8_clean(c->a, aal, LIMIT_ECHO);
        if (!shown) {
            return op_no_memory(c->op);
        }
        return flow_refuse_bad_request(
            c, NULL,
            arena_printf(c->a,
                         "Unable to parse AuthenticationMethod Assurance Level (AAL): expected "
                         "one of [aal1, aal2] but got %s",
                         shown));
    }
    /* A second factor is added to somebody; without a first there is nobody. */
    if (aal && strcmp(aal, "aal2") == 0 && !c->session) {
        return flow_refuse(c, &flow_refuse_no_first_factor);
    }
    *answered = false;
    return WW_OK;
}

/* Whoever is signed in already needs no form, unless to prove it again or to add a second factor
 * (kratos.md §2.12, §2.13). */
static enum ww_err admit(struct call *c, bool *answered)
{
    const char *aal = flow_call_query(c, "aal"), *refresh = flow_call_query(c, "refresh"), *url;
    bool second = aal && strcmp(aal, "aal2") == 0;
    enum ww_err err = check_level(c, aal, answered);

    if (err || *answered) {
        return err;
    }
    if (!c->session || (refresh && strcmp(refresh, "true") == 0) || (second && c->session->level < 2)) {
        return WW_OK;
    }
    *answered = true;
    if (flow_call_json(c)) {
        return flow_refuse(c, &flow_refuse_already_login);
    }
    err =
        flow_after_url(c, flow_call_query(c, "return_to"), NULL, flow_default_url(c->a, c->s->config), &url);
    return err ? err : flow_answer_redirect(c, 303, url);
}

/* Asked again when the form is sent: somebody may have signed in since in another tab. */
static enum ww_err admit_submit(struct call *c, bool *answered)
{
    *answered = false;
    if (!c->session || flow_login_is_refresh(c->flow) || c->flow->stage == STAGE_SECOND_FACTOR) {
        return WW_OK;
    }
    *answered = true;
    if (flow_call_json(c)) {
        return flow_refused_reason(c, flow_refuse_already_login.reason);
    }
    return flow_answer_redirect(c, 303, flow_default_url(c->a, c->s->config));
}

/* ---- signing in ---- */

/* Reached only when the password was right, so the id tells its owner nothing new. */
static enum ww_err refuse_disabled_account(struct call *c)
{
    struct js *details = js_object(c->a);
    struct record *r;
    enum ww_err err = account_admin_find(c->op, c->s, c->payload.identifier, &r);

    if (err) {
        return flow_refuse(c, &flow_refuse_account_disabled);
    }
    js_put(c->a, details, "identity_id", js_text(c->a, uuid_text(c->a, r->uuid)));
    return flow_refuse_with(c, &flow_refuse_account_disabled, NULL, details, NULL);
}

/* The device of this sign-in beside the session's own, not stored and so without an id: Kratos shows it in
 * this one answer. */
static void add_device(struct call *c, struct js *session)
{
    struct js *devices = js_get(session, "devices"), *first = js_at(devices, 0);
    struct js *device = first ? js_copy(c->a, first) : NULL;

    js_put(c->a, device, "id", js_text(c->a, "00000000-0000-0000-0000-000000000000"));
    js_put(c->a, device, "ip_address", js_text(c->a, c->op->client.address));
    js_put(c->a, device, "user_agent", js_text(c->a, c->op->client.user_agent));
    js_put(c->a, device, "location", js_text(c->a, c->op->client.location));
    js_push(devices, device);
}

/* refreshed: the same person's session goes on; else the browser starts anew, with a new anti-CSRF cookie
 * too, so that nobody can have planted the one of before. */
static enum ww_err answer_signed_in(struct call *c, struct session *x, bool refreshed)
{
    struct js *body = js_object(c->a);
    const char *url;
    enum ww_err err = flow_after_url(c, js_get_text(c->flow->wire, "return_to"), c->method->name, NULL, &url);

    if (err) {
        return err;
    }
    /* The token goes one way only: in the cookie or in the body, never in both. */
    if (!c->flow->api) {
        flow_answer_session_cookie(c, x);
        c->out->renew_csrf = !refreshed;
    }
    if (!flow_call_json(c)) {
        return flow_answer_redirect(c, 303, url);
    }
    if (c->flow->api) {
        js_put(c->a, body, "session_token", js_text(c->a, x->token));
    }
    struct js *session = js_put(c->a, body, "session", flow_call_session_json(c, x));
    if (refreshed) {
        add_device(c, session);
    }
    js_put(c->a, body, "continue_with", c->flow->api ? js_null(c->a) : flow_after_redirect_action(c, url));
    return flow_answer_json(c, 200, body);
}

/* The session is read again first: ending others compares it with its row. */
static enum ww_err end_others(struct call *c, struct session **x)
{
    size_t ended;
    enum ww_err err = account_resume(c->op, c->s, (*x)->token, x);

    return err ? err : account_end_other_sessions(c->op, c->s, *x, &ended);
}

/* The hook require_verified_address. The session that the right password made ends before anybody has seen
 * its token. Kratos answers 403 to JSON clients although its body says 400. */
static enum ww_err refuse_not_verified_yet(struct call *c, struct session *x)
{
    enum ww_err err = account_logout(c->op, c->s, x);

    if (!err && flow_call_setting(c, "feature_flags.legacy_require_verified_login_error")) {
        return flow_refused(c, flow_message(c->a, MSG_ADDRESS_NOT_VERIFIED, NULL));
    }
    err = err ? flow_refuse_problem(c, err) : flow_refuse(c, &flow_refuse_not_verified);
    if (!err && c->out->status == 400) {
        c->out->status = 403;
    }
    return err;
}

static enum ww_err signed_in(struct call *c, struct session *x)
{
    /* The id stays when a session is raised (vault.md §9). */
    bool refreshed = c->session && uuid_equal(c->session->id, x->id);

    js_put(c->a, c->flow->wire, "active", js_text(c->a, c->method->name));
    if (flow_after_has_hook(c, c->method->name, "require_verified_address") &&
        !identity_has_verified_address(x->record)) {
        return refuse_not_verified_yet(c, x);
    }
    flow_note(c); /* the sign-in is done, whether its form can be kept or not */
    enum ww_err err = WW_OK;
    if (flow_after_has_hook(c, c->method->name, "revoke_active_sessions")) {
        err = end_others(c, &x);
    }
    return err ? flow_refuse_problem(c, err) : answer_signed_in(c, x, refreshed);
}

enum ww_err flow_login_sign_in(struct call *c, const struct account_sign_in *in)
{
    struct session *x;
    enum ww_err err = account_sign_in(c->op, c->s, in, &x);

    if (err == WW_OK) {
        return signed_in(c, x);
    }
    echo(c);
    /* An identifier that cannot be one says so: its shape is not a secret of any account. */
    if (err == WW_EINVAL && c->op->problem.field && strcmp(c->op->problem.field, "identifier") == 0) {
        return flow_refused_problem(c, err, NULL);
    }
    if (err == WW_EDENIED || err == WW_EINVAL) { /* a password that cannot be one is simply wrong */
        return flow_refused(c, flow_message(c->a, MSG_WRONG_CREDENTIALS, NULL));
    }
    return err == WW_EDISABLED ? refuse_disabled_account(c) : flow_refused_problem(c, err, NULL);
}

static enum ww_err other_method(struct call *c, bool *answered)
{
    bool off = strcmp(c->payload.method, "password") == 0 && c->flow->stage != STAGE_SECOND_FACTOR;

    *answered = off;
    return off ? flow_refuse(c, &flow_refuse_disabled_method) : WW_OK;
}

static const struct flow_part *part(const struct flow_method *m)
{
    return &m->login;
}

const struct flow_kind_row flow_login_kind = {
    .kind = FLOW_LOGIN,
    .name = "login",
    .lifespan = "selfservice.flows.login.lifespan",
    .after = "selfservice.flows.login.after",
    .part = part,
    .order = ORDER_LOGIN,
    .expired_id = "self_service_flow_expired",
    .expired_message = MSG_LOGIN_EXPIRED,
    .no_strategy_message = MSG_LOGIN_NO_STRATEGY,
    .refused_redirect = 303,
    .unknown = &flow_refuse_not_found,
    .admit = admit,
    .admit_submit = admit_submit,
    .build = flow_login_build,
    .other_method = other_method,
    .echo = echo,
};
