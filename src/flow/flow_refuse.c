#include <string.h>

#include "flow_csrf.h"
#include "flow_int.h"
#include "flow_return_to.h"
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
const struct flow_refusal flow_refuse_unauthorized = {401, NULL, NULL, NULL};
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

static const struct {
    int code;
    const char *status, *message;
} statuses[] = {
    {400, "Bad Request", "The request was malformed or contained invalid parameters"},
    {401, "Unauthorized", "The request could not be authorized"},
    {403, "Forbidden", "The requested action was forbidden"},
    {404, "Not Found", "The requested resource could not be found"},
    {409, "Conflict", "The resource could not be created due to a conflict"},
    {410, "Gone",
     "The requested resource is no longer available because it has expired or is otherwise invalid."},
    {413, "Request Entity Too Large", "The request is too large"},
    {423, "Locked", "The vault is locked in this session"},
    {429, "Too Many Requests", "The request was refused because there were too many of them"},
    {500, "Internal Server Error",
     "An internal server error occurred, please contact the system administrator"},
    {503, "Service Unavailable", "The service is busy, please try again"},
};

static const char *status_text(int code, bool message)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].code == code) {
            return message ? statuses[i].message : statuses[i].status;
        }
    }
    return "";
}

static void put_text(struct arena *a, struct js *o, const char *key, const char *value)
{
    if (value) {
        js_put(a, o, key, js_text(a, value));
    }
}

static struct js *error_object(struct call *c, const struct flow_refusal *why, const char *reason,
                               struct js *details)
{
    struct js *e = js_object(c->a);

    put_text(c->a, e, "id", why->id);
    js_put(c->a, e, "code", js_int(c->a, why->status));
    put_text(c->a, e, "status", status_text(why->status, false));
    put_text(c->a, e, "request", c->in->request_id);
    put_text(c->a, e, "reason", reason ? reason : why->reason);
    if (details) {
        js_put(c->a, e, "details", details);
    }
    put_text(c->a, e, "message", why->message ? why->message : status_text(why->status, true));
    return e;
}

/* ---- stored errors ---- */

enum { ERROR_HOURS = 24 };

static enum ww_err store_error(struct call *c, struct js *error, char id[UUID_TEXT])
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
    put_text(a, wire, "id", id);
    js_put(a, wire, "error", error);
    js_put(a, wire, "created_at", js_text(a, now));
    js_put(a, wire, "updated_at", js_text(a, now));
    js_put(a, row.json, "wire", wire);
    return store_flow_row_insert(c->op, c->s->store, &row);
}

static struct js *stub_error(struct call *c)
{
    static const struct flow_refusal stub = {500, NULL, NULL, "This is a stub error."};
    struct js *wire = js_object(c->a);
    put_text(c->a, wire, "id", "00000000-0000-0000-0000-000000000000");
    js_put(c->a, wire, "error", error_object(c, &stub, NULL, NULL));
    return wire;
}

enum ww_err flow_error_fetch(struct call *c)
{
    const char *id = flow_call_query(c, "id");
    struct flow_row row;
    struct uuid uuid;

    if (id && strcmp(id, "stub:500") == 0) {
        return flow_answer_json(c, 200, stub_error(c));
    }
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
    struct js *body = js_object(c->a);

    js_put(c->a, body, "error", error_object(c, why, reason, details));
    for (struct js *m = siblings ? siblings->first : NULL; m; m = m->next) {
        js_put(c->a, body, (const char *)m->key.p, js_copy(c->a, m));
    }
    c->out->failed = true;
    c->out->error_id = why->id ? why->id : "";
    return flow_answer_json(c, why->status, body);
}

enum ww_err flow_refuse_with(struct call *c, const struct flow_refusal *why, const char *reason,
                             struct js *details, struct js *siblings)
{
    char id[UUID_TEXT];

    if (flow_call_json(c)) {
        return flow_refuse_json(c, why, reason, details, siblings);
    }
    enum ww_err err = store_error(c, error_object(c, why, reason, details), id);
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

/* Which hint: kratos.md §2.3; what is told apart is only what the client itself sent. */
static struct js *csrf_details(struct call *c)
{
    struct js *d = js_object(c->a);
    bool form_without_token =
        c->in->body == WW_BODY_FORM && c->in->csrf_cookie_sent && !c->in->csrf_token_sent;

    put_text(c->a, d, "docs", "https://www.ory.sh/kratos/docs/debug/csrf");
    if (form_without_token) {
        put_text(
            c->a, d, "hint",
            "The anti-CSRF cookie was found but the CSRF token was not included in the HTTP request body "
            "(csrf_token) nor in the HTTP Header (X-CSRF-Token).");
        return d;
    }
    put_text(
        c->a, d, "hint",
        "We detected a regular browser or server-side call. To debug browser calls check your Browser's "
        "Network Tab to see what cookies are included or excluded. If you are calling from a server ensure "
        "that the appropriate cookies are being forwarded and that the SDK method is called correctly.");
    put_text(
        c->a, d, "reject_reason",
        !c->in->cookies_sent ? "The HTTP Cookie Header is empty or not set."
        : !c->in->csrf_cookie_sent
            ? "The HTTP Cookie Header was set but did not include the anti-CSRF cookie."
            : "The HTTP Cookie Header was set and a CSRF token was sent but they do not match. We recommend "
              "deleting all cookies for this domain and retrying the flow.");
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

enum ww_err flow_refuse_csrf_json(struct call *c)
{
    return flow_refuse_json(c, &csrf_violation, NULL, csrf_details(c), NULL);
}

/* Codes that clients are told; everything else is ours, and is told as that only. */
static const struct {
    enum ww_err err;
    int status;
} problem_statuses[] = {
    {WW_EINVAL, 400},    {WW_EVALIDATION, 400}, {WW_EDENIED, 401},   {WW_EFORBIDDEN, 403},
    {WW_EAAL, 403},      {WW_EREAUTH, 403},     {WW_EDISABLED, 401}, {WW_ENOTFOUND, 404},
    {WW_ECONFLICT, 409}, {WW_ETHROTTLED, 429},  {WW_EEXPIRED, 410},  {WW_ELOCKED, 423},
    {WW_ENOVAULT, 409},  {WW_ETOOLARGE, 413},   {WW_EBUSY, 503},     {WW_EFULL, 503},
};

enum ww_err flow_refuse_problem(struct call *c, enum ww_err err)
{
    const struct op_problem p = c->op->problem;
    struct flow_refusal why = {.status = 500};

    if (err == WW_ENOMEM) {
        return err;
    }
    for (size_t i = 0; i < sizeof problem_statuses / sizeof problem_statuses[0]; i++) {
        if (problem_statuses[i].err == err) {
            why.status = problem_statuses[i].status;
            why.reason = p.text;
        }
    }
    if (p.id && strncmp(p.id, "db_", 3) == 0) { /* the database's own words name its place */
        why.reason = NULL;
    }
    why.id = err == WW_ETAMPERED ? "vault_tampered" : why.status == 500 ? NULL : p.id;
    c->out->retry_after = p.retry_after ? p.retry_after : err == WW_EBUSY ? 1 : 0;
    /* Storing this one for an error page could fail just as well. */
    return flow_refuse_json(c, &why, NULL, NULL, NULL);
}
