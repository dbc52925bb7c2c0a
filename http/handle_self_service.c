/* Flows, sessions and schemas: a request becomes a struct ww_flow_request, the answer HTTP. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cookie.h"
#include "handlers.h"
#include "http_error.h"
#include "negotiate.h"
#include "pages.h"
#include "urlform.h"

/* ---- the request ---- */

/* Not answered here: a flow shows what is wrong in its own form. */
static void refuse_body(struct ww_flow_request *in, const char *reason)
{
    in->body = WW_BODY_REFUSED;
    in->body_refusal = reason ? reason : "The request body cannot be decoded.";
}

/* Decoded once for the CSRF guard and the flow, which so see the same fields. */
static void read_form(struct route_call *c, struct ww_flow_request *in)
{
    in->body = WW_BODY_FORM;
    if (!route_call_form(c)) {
        refuse_body(in, arena_printf(c->arena, "Unable to decode HTTP POST form body: %s", c->form_refusal));
        return;
    }
    in->form = c->form;
    in->form_count = c->form_count;
    if (urlform_get(in->form, in->form_count, "csrf_token")) {
        in->csrf_token_sent = true;
    }
}

/* kratos.md §1.1: which bodies are read, and what is said of the others. */
static void read_body(struct route_call *c, struct ww_flow_request *in)
{
    const char *type = http_header(c->r, "Content-Type");
    enum http_method method = http_method(c->r);
    size_t n = 0;
    const uint8_t *body = http_body(c->r, &n);

    if (method == HTTP_DELETE) {
        in->body = n ? WW_BODY_JSON : WW_BODY_NONE;
    } else if (method != HTTP_POST && method != HTTP_PUT && method != HTTP_PATCH) {
        refuse_body(in, arena_printf(
                            c->arena,
                            "Unable to decode body because HTTP Request Method was \"%s\" but only [POST PUT "
                            "PATCH] are supported.",
                            http_method_name(c->r)));
    } else if (n == 0) {
        refuse_body(in,
                    "Unable to decode HTTP Request Body because its HTTP Header \"Content-Length\" is zero.");
    } else if (negotiate_is_type(type, "application/json")) {
        in->body = WW_BODY_JSON;
    } else if (negotiate_is_type(type, "application/x-www-form-urlencoded")) {
        read_form(c, in);
    } else if (negotiate_is_type(type, "multipart/form-data")) {
        in->body = WW_BODY_FORM; /* its fields are not read, as Kratos does not */
    } else {
        refuse_body(in,
                    "HTTP POST Request used unknown HTTP Header \"Content-Type\", only [multipart/form-data "
                    "application/x-www-form-urlencoded application/json] are supported.");
    }
    in->json_text = body;
    in->json_length = n;
}

/* Cookies that a CDN adds on its way do not make a native client a browser. */
static bool find_browser_cookie(const char *name, size_t n, const char *value, size_t value_length,
                                void *found)
{
    static const char *const cdn[] = {"__cf", "_cf", "cf_"};
    (void)value;
    (void)value_length;
    for (size_t i = 0; i < sizeof cdn / sizeof cdn[0]; i++) {
        if (n >= strlen(cdn[i]) && strncmp(name, cdn[i], strlen(cdn[i])) == 0) {
            return true;
        }
    }
    *(bool *)found = true;
    return false;
}

/* Names and shapes only: none of them is believed here. */
static void read_cookies(struct route_call *c, struct ww_flow_request *in)
{
    const char *cookies = http_header(c->r, "Cookie");
    in->cookies_sent = cookies != NULL;
    if (cookies) {
        cookie_each(cookies, find_browser_cookie, &in->browser_cookies_sent);
        in->continuity =
            site_cookie(c->r, c->arena, site_continuity_cookie_name, BASE64_URL, SITE_CONTINUITY_BYTES);
    }
    in->csrf_cookie = c->csrf_cookie;
    in->csrf_cookie_sent = c->csrf_cookie_sent;
}

/* Everything that the flows know of HTTP: from here on they see a struct. */
bool handle_flow_request(struct route_call *c, struct ww_flow_request *in)
{
    const char *accept = http_header(c->r, "Accept"), *why;
    *in = (struct ww_flow_request){
        .size = sizeof *in,
        .json = negotiate_json(accept, http_header(c->r, "Content-Type")),
        .init_json = negotiate_init_json(accept),
        .request_url = site_request_url(c->site, c->r, c->arena),
        .path_id = c->id,
        .csrf_token_sent = http_header(c->r, "X-CSRF-Token") != NULL,
        .origin = http_header(c->r, "Origin"),
        .request_id = http_request_id_given(c->r) ? http_request_id(c->r) : NULL,
    };
    if (urlform_read(c->arena, bytes_str(http_query(c->r)), &in->query, &in->query_count, &why) != WW_OK) {
        http_error_answer(c->r, (struct js_error){.status = 400, .reason = why});
        return false;
    }
    in->session_token = site_session_token(c->site, c->r, c->op, &in->session_cookie);
    read_cookies(c, in);
    read_body(c, in);
    return in->request_url != NULL;
}

/* ---- the answer ---- */

static void put_number(struct route_call *c, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    http_answer_header(c->r, name, text);
}

/* Cookies of flows are set in one place, with one set of attributes. */
void handle_flow_cookies(struct route_call *c, const struct ww_flow_answer *out)
{
    if (out->renew_csrf) {
        const char *value = ww_csrf_cookie_new(c->op);
        if (value) {
            site_set_csrf_cookie(c->site, c->r, c->arena, value);
        }
    }
    if (out->set_session) {
        site_set_session_cookie(c->site, c->r, c->op, out->set_session, out->session_left);
    }
    if (out->end_session) {
        site_end_session_cookie(c->site, c->r, c->arena);
    }
    /* Browsers heed it over https only. */
    if (out->clear_browser_data && strncmp(c->site->public_url, "https:", 6) == 0) {
        http_answer_header(c->r, "Clear-Site-Data", "\"cookies\", \"storage\", \"cache\"");
    }
    if (out->continuity) {
        site_set_continuity_cookie(c->site, c->r, c->arena, out->continuity);
    }
}

static void put_headers(struct route_call *c, const struct ww_flow_answer *out)
{
    handle_flow_cookies(c, out);
    if (out->identity) {
        http_answer_header(c->r, "X-Kratos-Authenticated-Identity-Id", out->identity);
    }
    if (out->cache_for >= 0) {
        put_number(c, "Ory-Session-Cache-For", out->cache_for);
    }
    if (out->link) {
        http_answer_header(c->r, "Link", out->link);
        if (!out->no_total) {
            put_number(c, "X-Total-Count", (int64_t)out->total);
        }
    }
    if (out->retry_after) {
        put_number(c, "Retry-After", out->retry_after);
    }
    if (out->failed) {
        http_answer_header(c->r, "Ory-Error-Id", out->error_id);
    }
}

/* Location or body, as the flow decided; the status is its own too. */
static void send_answer(struct route_call *c, const struct ww_flow_request *in,
                        const struct ww_flow_answer *out)
{
    put_headers(c, out);
    if (out->location) {
        http_answer_header(c->r, "Location", pages_sent_url(c, in, out->location));
        http_answer(c->r, out->status, NULL, 0);
        return;
    }
    if (out->body || c->route->action == WW_SESSION_END || c->route->action == WW_ADMIN_SESSION_END) {
        http_answer_header(c->r, "Content-Type",
                           out->failed ? "application/json" : "application/json; charset=utf-8");
    }
    http_answer(c->r, out->status, out->body, out->body ? out->body_length : 0);
}

static void answer_flow(struct route_call *c, enum ww_flow_action action, const struct ww_flow_request *in)
{
    struct ww_flow_answer out = {.size = sizeof out};
    if (!in->json && pages_keep_form(c, action, in)) {
        return;
    }
    /* Fails for want of memory only; everything else is an answer. */
    enum ww_err err = ww_flow_answer(c->op, action, in, &out);
    if (err) {
        http_error_answer(c->r, (struct js_error){.status = 503, .retry_after = 1});
        return;
    }
    if (out.failed && !in->json && !in->api && pages_answer_failure(c, out.status)) {
        return;
    }
    if (!in->json && !in->api) {
        pages_note_outcome(c, action, &out);
    }
    send_answer(c, in, &out);
}

void handle_flow(struct route_call *c)
{
    struct ww_flow_request in;
    if (handle_flow_request(c, &in)) {
        answer_flow(c, (enum ww_flow_action)c->route->action, &in);
    }
}

/* Native clients begin by another path, and are held to carrying nothing that only a browser adds. */
void handle_flow_api(struct route_call *c)
{
    struct ww_flow_request in;
    if (handle_flow_request(c, &in)) {
        in.api = true;
        answer_flow(c, (enum ww_flow_action)c->route->action, &in);
    }
}

/* On the admin port: JSON, and nobody's session. */
void handle_flow_admin(struct route_call *c)
{
    struct ww_flow_request in;
    if (handle_flow_request(c, &in)) {
        in.json = true;
        in.session_token = NULL;
        answer_flow(c, (enum ww_flow_action)c->route->action, &in);
    }
}

void handle_csrf_refused(struct route_call *c, bool token_sent)
{
    /* In place of the row that was asked for, so that nothing of its action is done. */
    static const struct route none = {.action = WW_CSRF_REFUSED};
    struct ww_flow_request in;
    c->route = &none;
    if (handle_flow_request(c, &in)) {
        in.csrf_token_sent = token_sent;
        answer_flow(c, WW_CSRF_REFUSED, &in);
    }
}
