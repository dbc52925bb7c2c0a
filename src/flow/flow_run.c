/* Begin, fetch and submit, for all kinds of flows: which method takes a form is read from the flow's tables
 * (kratos.md §§2.2–2.6). */
#include <string.h>

#include "flow_csrf.h"
#include "flow_int.h"
#include "flow_method.h"
#include "flow_return_to.h"
#include "limit.h"
#include "timefmt.h"
#include "utf8.h"

enum { FIELD_SHOWN = 100 }; /* bytes of a name that came from outside */

struct js *flow_nodes(const struct flow *f)
{
    return js_get(f->ui, "nodes");
}

static void sort_nodes(struct call *c, struct flow *f)
{
    struct js *nodes = flow_nodes(f);

    if (nodes && nodes->type == JS_ARRAY) {
        /* Sorted at the end, so that no method needs to know what others add. */
        js_put(c->a, f->ui, "nodes", flow_nodes_sort(c->a, nodes, c->kind->order, c->schema));
    }
}

void flow_reset(struct call *c)
{
    flow_ui_clear_messages(c->flow->ui);
    flow_nodes_clear_messages(c->a, flow_nodes(c->flow));
}

/* ---- schema ---- */

/* The schema that the flow's traits follow: a query parameter may name one that is selectable. */
static enum ww_err choose_schema(struct call *c, const char *wanted, bool *answered)
{
    const struct identity_schema *standard = schema_default(c->s->schemas);

    *answered = false;
    /* Only what the configuration calls selectable: a schema may exist for administrators alone. */
    c->schema = wanted ? schema_find(c->s->schemas, wanted) : standard;
    if (c->schema && (c->schema == standard || c->schema->selectable)) {
        return WW_OK;
    }
    *answered = true;
    /* Not echoed when it is longer than any schema's id. */
    if (strlen(wanted) > LIMIT_ECHO) {
        return flow_refuse_bad_request(c, NULL, "The requested identity schema does not exist.");
    }
    return flow_refuse_bad_request(
        c, NULL,
        arena_printf(c->a,
                     c->schema ? "Requested identity schema \"%s\" is not enabled for self-service flows."
                               : "Requested identity schema \"%s\" does not exist.",
                     wanted));
}

/* An existing flow's schema: the account's in settings, else what the flow was begun with. A schema that is
 * configured no more gives way to the default one: the form is then refused, not lost. */
static void schema_of_flow(struct call *c)
{
    const char *id = js_get_text(c->flow->wire, "identity_schema");

    if (c->kind->of_account && c->session) {
        id = c->session->record->identity.schema;
    }
    c->schema = id ? schema_find(c->s->schemas, id) : NULL;
    if (!c->schema) {
        c->schema = schema_default(c->s->schemas);
    }
}

/* ---- init ---- */

static enum ww_err build(struct call *c, const char *request_url, const char *return_to, bool api,
                         struct flow **out)
{
    struct flow *f;
    enum ww_err err = flow_new(c, request_url, return_to, api, &f);

    *out = NULL;
    if (err || (err = c->kind->build(c, f))) {
        return err;
    }
    sort_nodes(c, f);
    *out = f;
    return WW_OK;
}

static enum ww_err answer_new(struct call *c)
{
    /* A single-page client gets the flow at once; a browser is sent to the page that shows it. */
    if (c->flow->api || c->in->init_json) {
        return flow_answer_json(c, 200, flow_shown(c));
    }
    return flow_answer_redirect(c, 303, flow_page(c, c->flow));
}

/* All that may refuse comes before the row is written, and the row is counted (flow_insert): a stranger's
 * requests cost no more than the throttle allows. */
enum ww_err flow_init(struct call *c)
{
    const char *return_to = flow_call_query(c, "return_to"), *schema = flow_call_query(c, "identity_schema");
    bool answered = false;
    struct flow *f;
    enum ww_err err = flow_call_session(c);

    if (err || (err = c->kind->admit(c, &answered)) || answered ||
        (err = flow_after_check(c, return_to, &answered)) || answered ||
        (err = choose_schema(c, c->kind->of_account ? NULL : schema, &answered)) || answered) {
        return err;
    }
    if ((err = build(c, c->in->request_url, return_to, c->in->api, &f))) {
        return err;
    }
    if (schema && !c->kind->of_account) {
        js_put(c->a, f->wire, "identity_schema", js_text(c->a, schema));
    }
    if ((err = flow_insert(c, f))) {
        return err;
    }
    c->flow = f;
    return answer_new(c);
}

/* With what the old one was begun with: the same address to return to, judged again when it is used. */
enum ww_err flow_again(struct call *c, const struct flow *old, struct flow **out)
{
    const char *schema = js_get_text(old->wire, "identity_schema");
    enum ww_err err =
        build(c, js_get_text(old->wire, "request_url"), js_get_text(old->wire, "return_to"), old->api, out);

    if (!err && schema) {
        js_put(c->a, (*out)->wire, "identity_schema", js_text(c->a, schema));
    }
    return err;
}

/* ---- fetch ---- */

/* The token that stands in the flow is masked anew for each flow, and proves which browser's cookie it was
 * made from. */
static const char *stored_token(const struct flow *f)
{
    const struct js *node = flow_node_find(flow_nodes(f), "csrf_token");
    return node ? js_get_text(js_get(node, "attributes"), "value") : NULL;
}

/* kratos.md §2.3: the details say where a new flow comes from. */
static enum ww_err refuse_expired_fetch(struct call *c)
{
    struct flow_refusal why = {.status = 410, .id = c->kind->expired_id};
    const char *return_to = js_get_text(c->flow->wire, "return_to"), *name = c->kind->name;
    char *base = flow_public_url(c->a, c->s->config);
    /* Ours, put together from a fixed list: nothing of the flow stands in it. */
    char *path = arena_printf(c->a, "/self-service/%s/%s", name, c->flow->api ? "api" : "browser");
    char *url = base && path ? flow_url_join(c->a, base, path) : NULL;
    struct js *details = js_object(c->a);

    if (!url) {
        return op_no_memory(c->op);
    }
    if (c->flow->api) {
        js_put(c->a, details, "api", js_text(c->a, url));
        why.reason =
            arena_printf(c->a,
                         "The %s flow has expired. Call the %s flow init API endpoint to initialize a "
                         "new %s flow.",
                         name, name, name);
    } else {
        js_put(c->a, details, "redirect_to",
               js_text(c->a, return_to ? flow_url_with(c->a, url, "return_to", return_to) : url));
        js_put(c->a, details, "return_to", js_text(c->a, return_to ? return_to : ""));
        why.reason =
            arena_printf(c->a,
                         "The %s flow has expired. Redirect the user to the %s flow init endpoint to "
                         "initialize a new %s flow.",
                         name, name, name);
    }
    return flow_refuse_json(c, &why, NULL, details, NULL);
}

/* A flow of settings belongs to the account that began it: its form is never filled in for, or sent by,
 * another. */
static bool other_account(const struct call *c)
{
    const char *account = js_get_text(c->flow->row.json, "account");
    char id[UUID_TEXT];

    /* By UUID, since the flow's row has no place for internal numbers. */
    uuid_format(id, c->session->record->uuid);
    return !account || strcmp(account, id) != 0;
}

enum ww_err flow_fetch(struct call *c)
{
    /* The id is random, 122 bits; for a native flow that is all there is to prove (kratos.md §2.3). */
    enum ww_err err = flow_load(c, flow_call_query(c, "id"), &c->flow);

    if (err && err != WW_ENOTFOUND) {
        return err;
    }
    if (c->kind->of_account) {
        enum ww_err asked = flow_call_session(c);
        if (asked) {
            return asked;
        }
    }
    if (err) {
        /* Of an account's flows nobody learns without a session which there are (kratos.md §15.17). */
        bool signed_out = c->kind->of_account && !c->session;
        return flow_refuse_json(c, signed_out ? &flow_refuse_session_missing : &flow_refuse_not_found, NULL,
                                NULL, NULL);
    }
    if (c->kind->of_account) {
        /* The account is what binds this kind, so a browser that lost its anti-CSRF cookie may still read
         * it. */
        if (!c->session || other_account(c)) {
            return flow_refuse_json(
                c, c->session ? &flow_refuse_identity_mismatch : &flow_refuse_session_missing, NULL, NULL,
                NULL);
        }
    } else if (!c->flow->api && !flow_csrf_matches(c->a, c->in->csrf_cookie, stored_token(c->flow))) {
        return flow_refuse_csrf_json(c); /* a flow is shown only to the browser that began it */
    }
    return flow_is_expired(c, c->flow) ? refuse_expired_fetch(c) : flow_answer_json(c, 200, flow_shown(c));
}

/* ---- submit ---- */

/* Saved before it is shown: what the client gets is what the next submit meets. */
enum ww_err flow_show(struct call *c, int status, int redirect)
{
    sort_nodes(c, c->flow);
    enum ww_err err = flow_save(c);

    if (err) {
        return err;
    }
    if (!flow_call_json(c)) {
        return flow_answer_redirect(c, redirect, flow_page(c, c->flow));
    }
    struct js *shown = flow_shown(c);
    /* The client's own words, given back to it once; they are not stored. */
    if (c->transient_shown) {
        js_put(c->a, shown, "transient_payload", js_copy(c->a, c->transient_shown));
    }
    return flow_answer_json(c, status, shown);
}

enum ww_err flow_refused(struct call *c, struct js *message)
{
    flow_reset(c);
    flow_ui_add_message(c->a, c->flow->ui, message);
    return flow_show(c, 400, c->kind->refused_redirect);
}

enum ww_err flow_refused_reason(struct call *c, const char *reason)
{
    return flow_refused(c, flow_message_with(c->a, MSG_GENERIC, "reason", reason));
}

/* Browsers prove by token and cookie that the form came from us; native clients by carrying nothing that only
 * a browser adds (kratos.md §2.5). *reason: why a native client is none. */
static bool from_whom_it_should(const struct call *c, const char **reason)
{
    *reason = NULL;
    if (!c->flow->api) {
        /* A cookie that was only just made for this answer is no proof: it must have come with the request.
         */
        return flow_csrf_matches(c->a, c->in->csrf_cookie_sent ? c->in->csrf_cookie : NULL,
                                 c->payload.csrf_token);
    }
    /* Nothing else would keep a page of another site from sending a native flow that it began itself: such
     * flows have no token. */
    if (c->in->origin) {
        *reason =
            "The HTTP Request Header included the \"Origin\" key, indicating that this request was made as "
            "part "
            "of an AJAX request in a Browser. The flow however was initiated as an API request. To prevent "
            "potential misuse and mitigate several attack vectors including CSRF, the request has been "
            "blocked. Please consult the documentation.";
    } else if (c->in->browser_cookies_sent) {
        *reason =
            "The HTTP Request Header included the \"Cookie\" key, indicating that this request was made by a "
            "Browser. The flow however was initiated as an API request. To prevent potential misuse and "
            "mitigate several attack vectors including CSRF, the request has been blocked. Please consult "
            "the documentation.";
    }
    return *reason == NULL;
}

/* On our pages an expired form keeps what was typed, passwords excepted; elsewhere it is empty, as Kratos'
 * is. */
static void echo_typed(struct call *c)
{
    const char *why;
    if (c->in->body == WW_BODY_FORM && flow_ui_built_in(c) &&
        flow_decode(c->a, c->in, c->schema, &c->payload, &why) == WW_OK && from_whom_it_should(c, &why)) {
        c->kind->echo(c);
    }
}

/* The expired flow is replaced by one that says so. Counted like any new flow (flow_insert): to send
 * expired forms makes no more rows than to begin new ones. */
static enum ww_err replace_expired(struct call *c)
{
    struct js *values = js_object(c->a), *siblings = js_object(c->a);
    /* Microseconds; not negative, since it has expired by this operation's clock. */
    uint64_t since = op_now(c->op) - c->flow->row.expires;
    const char *expired_at = timefmt_rfc3339(c->a, c->flow->row.expires);
    double minutes = (double)since / (60.0 * (double)SECOND_US);
    struct flow *fresh;
    char id[UUID_TEXT];
    enum ww_err err = flow_again(c, c->flow, &fresh);

    if (err) {
        return err;
    }
    js_put(c->a, values, "minutes", js_real(c->a, minutes));
    js_put(c->a, values, "expired_at", js_text(c->a, expired_at));
    js_put(c->a, values, "expired_at_unix", js_int(c->a, (int64_t)(c->flow->row.expires / SECOND_US)));
    flow_ui_add_message(c->a, fresh->ui, flow_message(c->a, c->kind->expired_message, values));
    c->flow = fresh;
    echo_typed(c);
    if ((err = flow_insert(c, fresh))) {
        return err;
    }
    if (!flow_call_json(c)) {
        return flow_answer_redirect(c, 303, flow_page(c, fresh));
    }
    uuid_format(id, fresh->row.id);
    js_put(c->a, siblings, "expired_at", js_text(c->a, expired_at));
    js_put(c->a, siblings, "since", js_int(c->a, (int64_t)since * 1000)); /* nanoseconds */
    js_put(c->a, siblings, "use_flow_id", js_text(c->a, id));
    struct flow_refusal why = {410, "self_service_flow_expired", "self-service flow expired", NULL};
    return flow_refuse_json(
        c, &why,
        arena_printf(c->a, "The self-service flow expired %.2f minutes ago, initialize a new one.", minutes),
        NULL, siblings);
}

static enum ww_err run_step(struct call *c)
{
    const char *reason;
    bool answered = false;

    /* No method, no hash, no look-up: an unknown name costs a table of three rows. */
    c->method = flow_method_find(c, c->payload.method, c->flow->stage);
    if (!c->method) {
        enum ww_err err = c->kind->other_method(c, &answered);
        return err || answered ? err
                               : flow_refused(c, flow_message(c->a, c->kind->no_strategy_message, NULL));
    }
    /* After the method is known and before it runs: no method can forget it. */
    if (!from_whom_it_should(c, &reason)) {
        if (!reason) {
            return flow_refuse_csrf(c);
        }
        c->kind->echo(c);
        return flow_refused_reason(c, reason);
    }
    return flow_method_part(c, c->method)->run(c);
}

/* A field that passes its limit: told where it stands in the form, nothing of what was typed is shown or
 * kept. */
static enum ww_err refuse_undecoded(struct call *c, const char *why)
{
    const char *field = c->payload.field;

    if (!field || !flow_node_find(flow_nodes(c->flow), field)) {
        char *name = field ? utf8_clean(c->a, field, FIELD_SHOWN) : NULL;
        return flow_refused_reason(c, name ? arena_printf(c->a, "%s: %s", name, why) : why);
    }
    flow_reset(c);
    flow_ui_field_message(c->a, c->flow->ui, field, flow_message_with(c->a, MSG_GENERIC, "reason", why));
    return flow_show(c, 400, c->kind->refused_redirect);
}

enum ww_err flow_submit(struct call *c)
{
    const char *id = flow_call_query(c, "flow"), *why;
    struct uuid ignored;
    bool answered = false;

    /* Asked before the store is. */
    if (!id || !uuid_parse(&ignored, id)) {
        return flow_refuse(c, &flow_refuse_no_flow_id);
    }
    enum ww_err err = flow_load(c, id, &c->flow);
    if (err == WW_ENOTFOUND) {
        return flow_refuse(c, c->kind->unknown);
    }
    if (err || (err = flow_call_session(c))) {
        return err;
    }
    schema_of_flow(c);
    if ((err = c->kind->admit_submit(c, &answered)) || answered) {
        return err;
    }
    /* Before the body is decoded: of an expired form nothing is parsed but what our own pages show again. */
    if (flow_is_expired(c, c->flow)) {
        return replace_expired(c);
    }
    if (c->kind->of_account && other_account(c)) {
        return flow_refuse(c, &flow_refuse_identity_mismatch_submit);
    }
    /* Coming back from the sign-in is a GET without a body (kratos.md §2.12); what waits is then sent as
     * if it were typed now. */
    if (c->kind->of_account && c->in->body == WW_BODY_REFUSED && c->in->continuity) {
        bool found;
        if ((err = flow_continuity_resume(c, &found)) || found) {
            return err ? err : run_step(c);
        }
    }
    err = flow_decode(c->a, c->in, c->schema, &c->payload, &why);
    if (err == WW_EINVAL) {
        return refuse_undecoded(c, why);
    }
    /* Each reads its own fields, so that nothing here knows of one factor. */
    for (const struct flow_method *const *m = flow_methods; *m && !err; m++) {
        err = (*m)->decode ? (*m)->decode(c) : WW_OK;
    }
    return err ? err : run_step(c);
}
