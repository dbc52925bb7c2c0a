/* Signing out: by a link with a token, and by native clients (kratos.md §1.1). */
#include <string.h>

#include "flow_int.h"
#include "flow_return_to.h"

/* Only for where to go afterwards: a logout has no stored flow. */
static const struct flow_kind_row logout_row = {.name = "logout", .after = "selfservice.flows.logout.after"};

enum ww_err flow_logout_init(struct call *c)
{
    const char *return_to = flow_call_query(c, "return_to");
    struct js *body = js_object(c->a);
    bool answered;
    enum ww_err err = flow_call_session(c);

    if (err) {
        return err;
    }
    /* Nobody to sign out. Kratos says 401 here, and clients rely on it to find out whether somebody is signed
     * in. */
    if (!c->session) {
        return flow_refuse(c, &flow_refuse_session_inactive);
    }
    if ((err = flow_after_check(c, return_to, &answered)) || answered) {
        return err;
    }
    char *token = session_logout_token(c->op, c->session), *base = flow_public_url(c->a, c->s->config);
    char *url = base ? flow_url_join(c->a, base, "/self-service/logout") : NULL;
    /* Judged above, and once more when the link is used: it may be shown long before. */
    if (url && return_to) {
        url = flow_url_with(c->a, url, "return_to", return_to);
    }
    js_put(c->a, body, "logout_url",
           js_text(c->a, url && token ? flow_url_with(c->a, url, "token", token) : NULL));
    js_put(c->a, body, "logout_token", js_text(c->a, token));
    return flow_answer_json(c, 200, body);
}

static enum ww_err answer_logged_out(struct call *c)
{
    const char *url;
    enum ww_err err = flow_after_url(c, flow_call_query(c, "return_to"), NULL, NULL, &url);

    c->out->end_session = true;
    /* Whoever uses the browser next starts with an anti-CSRF cookie that the person before does not know. */
    c->out->renew_csrf = true;
    /* Clear-Site-Data: what pages kept in this browser goes with the session. */
    c->out->clear_browser_data = flow_call_setting(c, "selfservice.flows.logout.clear_browser_data");
    if (err || c->in->json) {
        return err ? err : flow_answer_empty(c, 204);
    }
    return flow_answer_redirect(c, 303, url);
}

/* The token proves that the link was made for this session: a logout cannot be forced by an image. */
enum ww_err flow_logout_submit(struct call *c)
{
    const char *token = flow_call_query(c, "token");
    bool answered;
    enum ww_err err = flow_call_session(c);

    /* So that flow_after_url finds the address that is configured for a logout. */
    c->kind = &logout_row;
    if (err) {
        return err;
    }
    if (!token) {
        return flow_refuse(c, &flow_refuse_logout_token);
    }
    if (!c->session) {
        return flow_refuse(c, &flow_refuse_session_inactive);
    }
    /* Both the cookie and the token: the link of one session ends no other. */
    if (!session_is_logout_token(c->op, c->session, token)) {
        return flow_refuse(c, &flow_refuse_logout_token_wrong);
    }
    if ((err = flow_after_check(c, flow_call_query(c, "return_to"), &answered)) || answered) {
        return err;
    }
    err = account_logout(c->op, c->s, c->session);
    return err ? err : answer_logged_out(c);
}

/* The token in the body is the proof: no cookie, no anti-CSRF token. One that has ended already is 204, so
 * that a client may ask twice (kratos.md §4.4). */
enum ww_err flow_logout_native(struct call *c)
{
    struct js *body = NULL;
    const char *why = "there is no body", *token;
    struct session *x = NULL;

    /* A 204 is no failure in the metrics, and what fails below says so itself. */
    c->out->failed = false;
    if (c->in->body != WW_BODY_JSON ||
        js_read(c->a, BYTES(c->in->json_text, c->in->json_length), &body, &why) != WW_OK) {
        struct flow_refusal malformed = {
            .status = 400, .reason = arena_printf(c->a, "Unable to decode JSON payload: %s", why)};
        return flow_refuse_json(c, &malformed, NULL, NULL, NULL);
    }
    token = js_get_text(body, "session_token");
    enum ww_err err = token ? account_resume(c->op, c->s, token, &x) : WW_EDENIED;
    if (err == WW_EDENIED && token && account_session_ended(c->op, c->s, token)) {
        return flow_answer_empty(c, 204);
    }
    if (err == WW_EDENIED) {
        return flow_refuse_json(c, &flow_refuse_native_logout, NULL, NULL, NULL);
    }
    if (err || (err = account_logout(c->op, c->s, x))) {
        return err;
    }
    return flow_answer_empty(c, 204);
}
