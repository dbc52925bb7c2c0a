/* Inside of flow: one request on its way through a state table. */
#ifndef FLOW_INT_H
#define FLOW_INT_H

#include "flow_answer.h"
#include "flow_decode.h"
#include "flow_failure.h"
#include "flow_node.h"

/* What a flow waits for; the wire's own "state" says less. */
enum stage {
    STAGE_IDENTIFIER = 1,    /* login, identifier first: the name */
    STAGE_CREDENTIALS = 2,   /* login: the password; registration: all that is left */
    STAGE_SECOND_FACTOR = 4, /* login: nothing that this version has */
    STAGE_PROFILE = 8,       /* registration in two steps: the traits */
    STAGE_FORM = 16,         /* settings; registration in one step: everything at once */
    STAGE_ANY = 31,
};

struct flow {
    struct flow_row row; /* row.json: {"wire", "stage", "account"} */
    struct js *wire;     /* what clients see, without "identity" */
    struct js *ui;
    bool api;
    enum stage stage;
};

struct call;
struct flow_method;
struct flow_part;

/* One kind of flow. */
struct flow_kind_row {
    enum flow_kind kind;
    const char *name;     /* "login" */
    const char *lifespan; /* settings */
    const char *after;    /* "selfservice.flows.login.after" */
    /* What a method (flow_method.h) does in this kind. */
    const struct flow_part *(*part)(const struct flow_method *m);
    enum flow_order order;  /* of the nodes */
    bool of_account;        /* it belongs to who is signed in: schema, identity, who may see and send it */
    const char *expired_id; /* of the refusal to show an expired one; NULL: none */
    int expired_message, no_strategy_message;
    int refused_redirect; /* the status that sends a browser back to its form: 303, registration 302 */
    const struct flow_refusal *unknown; /* a submit to no flow */
    /* Whether this client may have a new flow; answers itself when not (*answered). */
    enum ww_err (*admit)(struct call *c, bool *answered);
    /* Whether the flow may be submitted by this client; the same. */
    enum ww_err (*admit_submit)(struct call *c, bool *answered);
    /* Members and nodes of a new flow. */
    enum ww_err (*build)(struct call *c, struct flow *f);
    /* A method that is none in this stage: answers itself, or not, and then the message above is shown. */
    enum ww_err (*other_method)(struct call *c, bool *answered);
    /* Shows in the form what was typed, but secrets. */
    void (*echo)(struct call *c);
};

struct call {
    struct ww_op *op;
    struct arena *a;
    struct service *s;
    const struct ww_flow_request *in;
    struct ww_flow_answer *out;
    const struct flow_kind_row *kind;
    struct session *session; /* who is signed in, or NULL */
    bool session_tried;
    struct flow *flow;
    const struct identity_schema *schema;
    struct flow_payload payload;
    const struct flow_method *method; /* what is submitted */
    const struct js *transient_shown; /* goes into the answer, but is not kept */
};

extern const struct flow_kind_row flow_login_kind, flow_registration_kind, flow_settings_kind;

/* ---- flow_call.c: reading a request, writing an answer ---- */
/* The query parameter's value; NULL when it is absent or empty. */
const char *flow_call_query(const struct call *c, const char *name);
/* Fills c->session; an error only when the store failed. */
enum ww_err flow_call_session(struct call *c) WW_MUST;
/* Whether this request is answered with JSON: native flows always are. */
bool flow_call_json(const struct call *c);
enum ww_err flow_answer_json(struct call *c, int status, const struct js *body) WW_MUST;
enum ww_err flow_answer_redirect(struct call *c, int status, const char *location) WW_MUST;
enum ww_err flow_answer_empty(struct call *c, int status) WW_MUST;
/* The session cookie or token of a session, as the flow's kind of client gets it. */
void flow_answer_session_cookie(struct call *c, const struct session *x);
struct js *flow_call_session_json(struct call *c, const struct session *x);
struct js *flow_call_identity_json(struct call *c, const struct record *r);
/* A switch of the configuration, by its key. */
bool flow_call_setting(const struct call *c, const char *key);
/* Whether the flow is shown by the built-in pages, which may be told more than Kratos tells. */
bool flow_ui_built_in(const struct call *c);

/* ---- flow_refuse.c: refusals that are no form ---- */
struct flow_refusal {
    int status;
    const char *id, *message, *reason; /* NULL where it has none; message NULL: the status' own */
};
extern const struct flow_refusal flow_refuse_not_found, flow_refuse_no_flow_id,
    flow_refuse_settings_not_found, flow_refuse_disabled_method, flow_refuse_already_login,
    flow_refuse_already_registration, flow_refuse_registration_disabled, flow_refuse_no_first_factor,
    flow_refuse_session_inactive, flow_refuse_session_missing, flow_refuse_identity_mismatch,
    flow_refuse_identity_mismatch_submit, flow_refuse_reauth, flow_refuse_whoami, flow_refuse_sessions,
    flow_refuse_logout_token, flow_refuse_logout_token_wrong, flow_refuse_native_logout,
    flow_refuse_account_disabled, flow_refuse_own_session, flow_refuse_not_verified;
/* JSON clients get the error, others are sent to the error page, where it can be read by its id. details and
 * siblings (members beside "error") may be NULL. */
enum ww_err flow_refuse(struct call *c, const struct flow_refusal *why) WW_MUST;
enum ww_err flow_refuse_with(struct call *c, const struct flow_refusal *why, const char *reason,
                             struct js *details, struct js *siblings) WW_MUST;
/* The same, in JSON whatever the client wants. */
enum ww_err flow_refuse_json(struct call *c, const struct flow_refusal *why, const char *reason,
                             struct js *details, struct js *siblings) WW_MUST;
/* 400 with a reason made here. */
enum ww_err flow_refuse_bad_request(struct call *c, const char *id, const char *reason) WW_MUST;
enum ww_err flow_refuse_csrf(struct call *c) WW_MUST;
enum ww_err flow_refuse_csrf_json(struct call *c) WW_MUST;
/* What op->problem says: throttled, busy, damaged data, our own failures. */
enum ww_err flow_refuse_problem(struct call *c, enum ww_err err) WW_MUST;
enum ww_err flow_error_fetch(struct call *c) WW_MUST;

/* ---- flow_store.c ---- */
/* A new flow with its common members, not stored yet. */
enum ww_err flow_new(struct call *c, const char *request_url, const char *return_to, bool api,
                     struct flow **out) WW_MUST;
enum ww_err flow_insert(struct call *c, const struct flow *f) WW_MUST;
/* By the text of its id. WW_ENOTFOUND for anything that names no flow of this kind. */
enum ww_err flow_load(struct call *c, const char *id, struct flow **out) WW_MUST;
/* Where somebody else changed it meanwhile, theirs stays. */
enum ww_err flow_save(struct call *c) WW_MUST;
/* The same behind a change that is committed: what it could not keep is no reason to answer an error. */
void flow_note(struct call *c);
bool flow_is_expired(const struct call *c, const struct flow *f);
/* What a client sees: the wire object, with identity where the flow has one. */
struct js *flow_shown(struct call *c);
/* The form's page with the flow's id. */
char *flow_page(struct call *c, const struct flow *f) WW_MUST;
void flow_set_stage(struct call *c, struct flow *f, enum stage stage);
/* The anti-CSRF token of a new form: masked for browsers, and for native flows when the client sent the
 * cookie; else "". */
char *flow_csrf_token(struct call *c, bool api) WW_MUST;

/* ---- flow_run.c: init, fetch and submit of all kinds ---- */
enum ww_err flow_init(struct call *c) WW_MUST;
enum ww_err flow_fetch(struct call *c) WW_MUST;
enum ww_err flow_submit(struct call *c) WW_MUST;
/* Makes a new flow from what an old one was asked with, saved, with its nodes. */
enum ww_err flow_again(struct call *c, const struct flow *old, struct flow **out) WW_MUST;
/* Shows the form with what is wrong: saves it, JSON with `status`, browsers are sent to the page. */
enum ww_err flow_show(struct call *c, int status, int redirect) WW_MUST;
/* One message for the whole form, then flow_show with 400. */
enum ww_err flow_refused(struct call *c, struct js *message) WW_MUST;
/* What was typed, and the reason as message 4000001. */
enum ww_err flow_refused_reason(struct call *c, const char *reason) WW_MUST;
/* flow_refused.c. What account_* said: messages at the fields, throttling, our failures. */
enum ww_err flow_refused_problem(struct call *c, enum ww_err err, const struct account_refusal *why) WW_MUST;
/* Takes all messages from the form. */
void flow_reset(struct call *c);
struct js *flow_nodes(const struct flow *f);

/* ---- flow_after.c: where to go, and what the hooks ask for ---- */
/* Checks a return_to; answers itself when it is not allowed. */
enum ww_err flow_after_check(struct call *c, const char *return_to, bool *answered) WW_MUST;
/* Where a browser goes after this flow with this method (kratos.md §2.8), or to `otherwise` when nothing was
 * configured for the flow (NULL: the default URL). */
enum ww_err flow_after_url(struct call *c, const char *return_to, const char *method, const char *otherwise,
                           const char **out) WW_MUST;
bool flow_after_has_hook(const struct call *c, const char *method, const char *hook);
struct js *flow_after_redirect_action(struct call *c, const char *url);

/* ---- login: flow_login.c, flow_login_form.c ---- */
enum ww_err flow_login_build(struct call *c, struct flow *f) WW_MUST;
bool flow_login_is_refresh(const struct flow *f);
/* Signs in with proofs of c->method and answers: the session, or what is wrong with them in the form. */
enum ww_err flow_login_sign_in(struct call *c, const struct account_sign_in *in) WW_MUST;

/* ---- registration: flow_registration.c ---- */
/* The account that c->method made, or why it was refused. */
enum ww_err flow_registration_done(struct call *c, enum ww_err err, const struct account_refusal *why,
                                   const struct record *r, const struct session *x) WW_MUST;
/* The traits whose names or addresses somebody has already; NULL when all are free. */
const char *flow_registration_taken(struct call *c, const char **trait);

/* ---- settings: flow_settings.c ---- */
/* What a change by c->method came to: the saved form, or why it was refused. */
enum ww_err flow_settings_done(struct call *c, enum ww_err err, const struct account_refusal *why) WW_MUST;
/* The same for a session whose sign-in is too old, before anything was tried. */
enum ww_err flow_settings_too_old(struct call *c) WW_MUST;

/* ---- the kinds' own files ---- */
enum ww_err flow_logout_init(struct call *c) WW_MUST;
enum ww_err flow_logout_submit(struct call *c) WW_MUST;
enum ww_err flow_logout_native(struct call *c) WW_MUST;
enum ww_err flow_session_whoami(struct call *c) WW_MUST;
enum ww_err flow_session_list(struct call *c) WW_MUST;
enum ww_err flow_session_end_others(struct call *c) WW_MUST;
enum ww_err flow_session_end_one(struct call *c) WW_MUST;
enum ww_err flow_schema_list(struct call *c) WW_MUST;
enum ww_err flow_schema_fetch(struct call *c) WW_MUST;

/* ---- flow_page.c: pagination as /schemas and /sessions have it ---- */
struct flow_paging {
    uint64_t page, size;
};
/* WW_EINVAL when a parameter is no number; answers itself then. */
enum ww_err flow_paging_read(struct call *c, uint64_t most, struct flow_paging *out, bool *answered) WW_MUST;
/* page_size alone. */
enum ww_err flow_paging_size(struct call *c, uint64_t most, struct flow_paging *out, bool *answered) WW_MUST;
/* filter: "active=true&", what every link repeats before the page; or "". */
void flow_paging_answer(struct call *c, const char *path, const char *filter, const struct flow_paging *p,
                        uint64_t total);
/* A session in a list: without the identity's addresses and the schema's URL, as Kratos has it. */
struct js *flow_session_listed(struct call *c, const struct session *x);

/* ---- flow_admin_session.c: sessions for administrators (kratos.md §§1.2, 4.4) ---- */
enum ww_err flow_admin_sessions(struct call *c) WW_MUST;
enum ww_err flow_admin_session(struct call *c) WW_MUST;
enum ww_err flow_admin_session_end(struct call *c) WW_MUST;
enum ww_err flow_admin_session_extend(struct call *c) WW_MUST;
enum ww_err flow_admin_account_sessions(struct call *c) WW_MUST;
enum ww_err flow_admin_account_sessions_end(struct call *c) WW_MUST;

/* ---- flow_continuity.c: a change that waits for a fresh sign-in ---- */
/* Keeps the payload under a key that only the cookie holds; sets the cookie. */
enum ww_err flow_continuity_keep(struct call *c) WW_MUST;
/* *found: the payload kept for this flow by this account is c->payload again. */
enum ww_err flow_continuity_resume(struct call *c, bool *found) WW_MUST;

#endif
