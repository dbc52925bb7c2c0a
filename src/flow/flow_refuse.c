/* Refusals that are no form: Kratos' words for them, the errors that are kept for an error page, and what the
 * library refused (kratos.md §§0.2, 0.3, 2.2). */
#include <string.h>

#include "flow_csrf.h"
#include "flow_int.h"
#include "flow_return_to.h"
#include "js_error.h"
#include "status.h"
#include "timefmt.h"

/* ---- the refusals, with Kratos' words (kratos.md §§0.2, 0.3, 2.2–2.9) ---- */

static const char session_hint[] = "A valid Ory Session Cookie or Ory Session Token is missing.";
static const char already[] = "you are already logged in";

const struct flow_refusal flow_refuse_not_found = {404, NULL, "Unable to locate the resource", NULL};
const struct flow_refusal flow_refuse_no_flow_id = {400, NULL, NULL,
                                                    "The flow query parameter is missing or malformed."};
const struct flow_refusal flow_refuse_settings_not_found = {
    404, NULL, NULL, "The settings request could not be found. Please restart the flow."};
const struct flow_refusal flow_refuse_disabled_method = {
    404, NULL, NULL,
    "This endpoint was disabled by system administrator. Please check your url or contact the system "
    "administrator to enable it."};
const struct flow_refusal flow_refuse_already_login = {
    400, "session_already_available", already,
    "A valid session was detected and thus login is not possible. "
    "Did you forget to set `?refresh=true`?"};
const struct flow_refusal flow_refuse_already_registration = {
    400, "session_already_available", already,
    "A valid session was detected and thus registration is not possible."};
const struct flow_refusal flow_refuse_registration_disabled = {
    400, "self_service_flow_disabled", "registration flow disabled",
    "Registration is not allowed because it was disabled."};
const struct flow_refusal flow_refuse_no_first_factor = {
    401, "session_aal1_required", "aal2 and aal3 can only be requested if a session exists already",
    "You can not requested a higher AAL (AAL2/AAL3) without an active session."};
const struct flow_refusal flow_refuse_session_inactive = {
    401, "session_inactive", "request does not have a valid authentication session",
    "No active session was found in this request."};
const struct flow_refusal flow_refuse_session_missing = {401, NULL, NULL, session_hint};
const struct flow_refusal flow_refuse_identity_mismatch = {
    403, "security_identity_mismatch", NULL,
    "The request was made for another identity and has been blocked for security reasons."};
const struct flow_refusal flow_refuse_identity_mismatch_submit = {
    403, "security_identity_mismatch", NULL,
    "The request was initiated by someone else and has been blocked for security reasons. Please go back and "
    "try "
    "again."};
const struct flow_refusal flow_refuse_reauth = {
    403, "session_refresh_required", NULL,
    "The login session is too old and thus not allowed to update these fields. Please re-authenticate."};
const struct flow_refusal flow_refuse_whoami = {401, NULL, NULL,
                                                "No valid session credentials found in the request."};
const struct flow_refusal flow_refuse_sessions = {401, NULL, NULL, "No valid session cookie found."};
const struct flow_refusal flow_refuse_own_session = {400, NULL, "cannot revoke current session", NULL};
const struct flow_refusal flow_refuse_logout_token = {400, NULL, NULL,
                                                      "Please include a token in the URL query."};
const struct flow_refusal flow_refuse_logout_token_wrong = {
    403, NULL, NULL,
    "Unable to log out because the logout token in the URL query does not match the session cookie."};
const struct flow_refusal flow_refuse_native_logout = {
    403, NULL, NULL,
    "The provided Ory Session Token could not be found, is invalid, or otherwise malformed."};
const struct flow_refusal flow_refuse_account_disabled = {401, NULL, "identity is disabled",
                                                          "This account was disabled."};

const struct flow_refusal flow_refuse_not_verified = {
    400, "session_verified_address_required", "your email or phone address is not yet verified",
    "Your account's email or phone address are not verified "
    "yet. Please check your email or phone inbox or re-request "
    "verification."};

static struct js_error body_of(const struct call *c, const struct flow_refusal *why, const char *reason,
                               struct js *details, struct js *siblings)
{
    return (struct js_error){.status = why->status,
                             .id = why->id,
                             .reason = reason ? reason : why->reason,
                             .message = why->message,
                             .request_id = c->in->request_id,
                             .details = details,
                             .beside = siblings};
}

/* ---- stored errors ---- */

enum { ERROR_HOURS = 24 };

/* Holds what is told anyway and nothing that was typed as a secret; any client that has the id may read it
 * (kratos.md §1.1). */
static enum ww_err store_error(struct call *c, const struct js_error *body, char id[UUID_TEXT])
{
    struct arena *a = c->a;
    struct flow_row row = {.id = uuid_new(c->op),
                           .kind = FLOW_ERROR,
                           .expires = op_now(c->op) + (uint64_t)ERROR_HOURS * 3600 * SECOND_US,
                           .rev = 1,
                           .json = js_object(a)};
    const char *now = timefmt_rfc3339(a, op_now(c->op));
    struct js *wire = js_object(a);

    uuid_format(id, row.id);
    js_put(a, wire, "id", js_text(a, id));
    js_put(a, wire, "error", js_copy(a, js_get(js_error(a, body), "error")));
    js_put(a, wire, "created_at", js_text(a, now));
    js_put(a, wire, "updated_at", js_text(a, now));
    js_put(a, row.json, "wire", wire);
    return store_flow_row_insert(c->op, c->s->store, &row);
}

/* Kratos' own example, by which pages for errors are tried out. */
static struct js *stub_error(struct call *c)
{
    static const struct flow_refusal stub = {500, NULL, NULL, "This is a stub error."};
    struct js *wire = js_object(c->a);
    const struct js_error body = body_of(c, &stub, NULL, NULL, NULL);
    js_put(c->a, wire, "id", js_text(c->a, "00000000-0000-0000-0000-000000000000"));
    js_put(c->a, wire, "error", js_copy(c->a, js_get(js_error(c->a, &body), "error")));
    return wire;
}

/* No anti-CSRF check: the id is random and was given to one browser. */
enum ww_err flow_error_fetch(struct call *c)
{
    const char *id = flow_call_query(c, "id");
    struct flow_row row;
    struct uuid uuid;

    if (id && strcmp(id, "stub:500") == 0) {
        return flow_answer_json(c, 200, stub_error(c));
    }
    /* What is no id asks the store nothing. */
    if (!id || !uuid_parse(&uuid, id)) {
        return flow_refuse_json(c, &flow_refuse_not_found, NULL, NULL, NULL);
    }
    enum ww_err err = store_flow_row_load(c->op, c->s->store, FLOW_ERROR, &uuid, &row);
    if (err == WW_ENOTFOUND || (!err && row.expires < op_now(c->op))) {
        return flow_refuse_json(c, &flow_refuse_not_found, NULL, NULL, NULL);
    }
    return err ? err : flow_answer_json(c, 200, js_get(row.json, "wire"));
}

/* ---- answering ---- */

enum ww_err flow_refuse_json(struct call *c, const struct flow_refusal *why, const char *reason,
                             struct js *details, struct js *siblings)
{
    const struct js_error body = body_of(c, why, reason, details, siblings);

    /* For the metrics and the log, which go by what happened and not by the status alone. */
    c->out->failed = true;
    c->out->error_id = why->id ? why->id : "";
    return flow_answer_json(c, why->status, js_error(c->a, &body));
}

/* A browser is sent to the error page, which fetches the error by its id; JSON gets it at once. */
enum ww_err flow_refuse_with(struct call *c, const struct flow_refusal *why, const char *reason,
                             struct js *details, struct js *siblings)
{
    const struct js_error body = body_of(c, why, reason, details, siblings);
    char id[UUID_TEXT];

    if (flow_call_json(c)) {
        return flow_refuse_json(c, why, reason, details, siblings);
    }
    /* A row that anybody can cause is counted like a new flow; beyond the limit nothing is kept. */
    enum ww_err err = throttle_count(c->op, c->s->throttle, THROTTLE_FLOW);
    if (err) {
        return flow_refuse_problem(c, err);
    }
    err = store_error(c, &body, id);
    char *page = flow_ui_url(c->a, c->s->config, "error");
    if (err) {
        return err;
    }
    return flow_answer_redirect(c, 303, page ? flow_url_with(c->a, page, "id", id) : NULL);
}

enum ww_err flow_refuse(struct call *c, const struct flow_refusal *why)
{
    return flow_refuse_with(c, why, NULL, NULL, NULL);
}

enum ww_err flow_refuse_bad_request(struct call *c, const char *id, const char *reason)
{
    struct flow_refusal why = {.status = 400, .id = id, .reason = reason};
    return reason ? flow_refuse(c, &why) : op_no_memory(c->op);
}

/* Which hint: kratos.md §2.3; what is told apart is only what the client itself sent. Which cookie was there
 * is told to whoever sent it, to help those who set up a site; the values are not. */
static struct js *csrf_details(struct call *c)
{
    struct js *d = js_object(c->a);
    const char *hint, *reason = NULL;

    if (c->in->body == WW_BODY_FORM && c->in->csrf_cookie_sent && !c->in->csrf_token_sent) {
        hint = "The anti-CSRF cookie was found but the CSRF token was not included in the HTTP request body "
               "(csrf_token) nor in the HTTP Header (X-CSRF-Token).";
    } else {
        hint = "We detected a regular browser or server-side call. To debug browser calls check your "
               "Browser's Network Tab to see what cookies are included or excluded. If you are calling from "
               "a server ensure that the appropriate cookies are being forwarded and that the SDK method is "
               "called correctly.";
        reason = !c->in->cookies_sent ? "The HTTP Cookie Header is empty or not set."
                 : !c->in->csrf_cookie_sent
                     ? "The HTTP Cookie Header was set but did not include the anti-CSRF cookie."
                     : "The HTTP Cookie Header was set and a CSRF token was sent but they do not match. We "
                       "recommend deleting all cookies for this domain and retrying the flow.";
    }
    js_put(c->a, d, "docs", js_text(c->a, "https://www.ory.sh/kratos/docs/debug/csrf"));
    js_put(c->a, d, "hint", js_text(c->a, hint));
    if (reason) {
        js_put(c->a, d, "reject_reason", js_text(c->a, reason));
    }
    return d;
}

static const struct flow_refusal csrf_violation = {
    403, "security_csrf_violation", "the request was rejected to protect you from Cross-Site-Request-Forgery",
    "Please retry the flow and optionally clear your cookies. The request was rejected to protect you from "
    "Cross-Site-Request-Forgery (CSRF) which could cause account takeover, leaking personal information, and "
    "other "
    "serious security issues."};

enum ww_err flow_refuse_csrf(struct call *c)
{
    return flow_refuse_with(c, &csrf_violation, NULL, csrf_details(c), NULL);
}

/* For single-page clients, which cannot follow to an error page. */
enum ww_err flow_refuse_csrf_json(struct call *c)
{
    return flow_refuse_json(c, &csrf_violation, NULL, csrf_details(c), NULL);
}

enum ww_err flow_refuse_problem(struct call *c, enum ww_err err)
{
    const struct op_problem p = c->op->problem;
    struct status_refusal r = status_of_error(err, p.id);
    struct flow_refusal why = {.status = r.status, .id = r.id, .reason = r.told ? p.text : NULL};

    if (err == WW_ENOMEM) {
        return err;
    }
    /* A second for what is expected to pass: clients that ask at once make it worse. */
    c->out->retry_after = p.retry_after ? p.retry_after : r.status == 503 ? 1 : 0;
    /* Storing this one for an error page could fail just as well. */
    return flow_refuse_json(c, &why, NULL, NULL, NULL);
}
