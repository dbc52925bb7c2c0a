/* Self-service flows, sessions and schemas as Ory Kratos v26.2.0 speaks them, without HTTP: what was asked
 * goes in as a struct, what to answer comes out as one (kratos.md).
 *
 * NOT YET STABLE: this header is the server's own, and changes with it. The rules of <watchword.h> on
 * ownership, sizes, errors, threads and fork hold. */
#ifndef WATCHWORD_FLOW_H
#define WATCHWORD_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchword/err.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ww;
struct ww_op;
struct ww_session;
struct js;

enum ww_flow_action {
    WW_LOGIN_INIT = 1,
    WW_LOGIN_FETCH,
    WW_LOGIN_SUBMIT,
    WW_REGISTRATION_INIT,
    WW_REGISTRATION_FETCH,
    WW_REGISTRATION_SUBMIT,
    WW_SETTINGS_INIT,
    WW_SETTINGS_FETCH,
    WW_SETTINGS_SUBMIT,
    WW_LOGOUT_INIT,
    WW_LOGOUT_SUBMIT,
    WW_LOGOUT_NATIVE,
    WW_ERROR_FETCH,
    WW_WHOAMI,
    WW_SESSIONS_LIST,
    WW_SESSIONS_END_OTHERS,
    WW_SESSION_END,
    WW_SCHEMAS_LIST,
    WW_SCHEMA_FETCH,
    WW_ADMIN_SESSIONS, /* the administration's: of all accounts */
    WW_ADMIN_SESSION,  /* one */
    WW_ADMIN_SESSION_END,
    WW_ADMIN_SESSION_EXTEND,
    WW_ADMIN_ACCOUNT_SESSIONS, /* of one account */
    WW_ADMIN_ACCOUNT_SESSIONS_END,
    WW_CSRF_REFUSED, /* a changing request that no flow checks came without its anti-CSRF token */
    WW_FLOW_ACTIONS, /* one more than the last */
};

/* A name with its value, decoded; value is `length` bytes and a NUL. Stands in arrays, and never grows. */
struct ww_pair {
    const char *name;
    const char *value;
    size_t length;
};

enum ww_body {
    WW_BODY_NONE,
    WW_BODY_FORM,    /* pairs in their order */
    WW_BODY_JSON,    /* bytes, not read yet */
    WW_BODY_REFUSED, /* could not be decoded */
};

/* All texts live as long as the operation. Texts that are absent are NULL unless said otherwise. */
struct ww_flow_request {
    size_t size;
    bool api;                /* init: the flow is for a native client */
    bool json;               /* the client wants JSON, not redirects (negotiated as for errors and submits) */
    bool init_json;          /* the same as init endpoints negotiate it */
    const char *request_url; /* absolute, as the client typed it; never NULL */
    const struct ww_pair *query;
    size_t query_count;
    const char *path_id; /* the {id} of the path, decoded */

    enum ww_body body;
    const struct ww_pair *form;
    size_t form_count;
    const void *json_text;
    size_t json_length;
    const char *body_refusal; /* WW_BODY_REFUSED: the reason as a text for people */

    const char *session_token; /* of the carrier that decides (header, cookie, bearer) */
    bool session_cookie;       /* it came as a cookie */
    const char *csrf_cookie;   /* the anti-CSRF cookie's value; just made when the client had none */
    bool csrf_cookie_sent;     /* the client sent it */
    bool csrf_token_sent;      /* a token was in the form or in X-CSRF-Token */
    bool cookies_sent;         /* there was a Cookie header */
    bool browser_cookies_sent; /* it held more than cookies of a CDN (__cf…, _cf…, cf_…) */
    const char *origin;
    const char *continuity; /* the continuity cookie's value */
    const char *request_id; /* X-Request-Id when the client sent one */
    bool tree;              /* the server's own pages: the answer as a tree, no text is made */
};

/* Belongs to the operation. */
struct ww_flow_answer {
    size_t size;
    int status;           /* an HTTP status */
    const char *location; /* where to go, for 302 and 303 */
    const char *body;     /* JSON text, NULL for none */
    size_t body_length;
    bool failed;             /* the body is an error */
    const char *error_id;    /* of a failure; "" when it has none */
    uint32_t retry_after;    /* seconds; 0: say nothing */
    const char *set_session; /* a session cookie to set, or NULL */
    uint64_t session_left;   /* seconds it is valid for */
    bool end_session;        /* remove the session cookie */
    bool renew_csrf;         /* replace the anti-CSRF cookie */
    const char *continuity;  /* a continuity cookie to set, or NULL */
    const char *identity;    /* whoami: whose session it is */
    int64_t cache_for;       /* whoami: seconds, or -1 */
    bool clear_browser_data;
    const char *link; /* pagination, or NULL */
    uint64_t total;   /* with link */
    struct js *tree;  /* when asked for, instead of body (json/js.h) */
    bool no_total;    /* with link: nobody has counted */
};

/* Answers whatever happens, refusals and our own failures too; WW_ENOMEM when there is no memory for even
 * that. */
WW_EXPORT enum ww_err ww_flow_answer(struct ww_op *op, enum ww_flow_action action,
                                     const struct ww_flow_request *in, struct ww_flow_answer *out) WW_MUST;

/* A session as Kratos writes it, its identity in it (kratos.md §4.2). */
WW_EXPORT enum ww_err ww_session_json(struct ww_op *op, struct ww_session *session,
                                      const char **json) WW_MUST;

/* The anti-CSRF cookie (kratos.md §2.5): its name here, a fresh value, and whether a form's token, masked or
 * not, belongs to a cookie's value. */
WW_EXPORT const char *ww_csrf_cookie_name(struct ww_op *op);
WW_EXPORT const char *ww_csrf_cookie_new(struct ww_op *op);
/* A token for a form of our own: the cookie's value under a fresh mask. NULL when it is no value of ours. */
WW_EXPORT const char *ww_csrf_token(struct ww_op *op, const char *cookie);
WW_EXPORT bool ww_csrf_matches(struct ww_op *op, const char *cookie, const char *token);

/* ---- what people sign in with ---- */

/* The traits of the default schema that are sign-in names, in its order, as a tree (json/js.h): [{"name":
 * "traits.email", "kind": "email"}], the kind being "email", "phone" or "name". NULL without memory. */
WW_EXPORT struct js *ww_sign_in_traits(struct ww_op *op);
/* The traits of the session's account, as a tree that is only to be read. NULL: it has none. */
WW_EXPORT const struct js *ww_session_traits(struct ww_op *op, const struct ww_session *session);
/* The sign-in names of the session's account, as they are compared. */
WW_EXPORT enum ww_err ww_sign_in_names(struct ww_op *op, const struct ww_session *session,
                                       const char *const **names, size_t *count) WW_MUST;

/* ---- what somebody typed ----
 * A page may be sent when the sign-in that it was made in has ended, or after another one in the same
 * browser. What was typed then waits, sealed under a key that only the browser's cookie holds, until the same
 * person has signed in. */

/* For a hidden field of a page's form: whom it was made for, sealed under the server key. NULL without
 * memory. */
WW_EXPORT const char *ww_typed_ticket(struct ww_op *op, const struct ww_session *session);
/* Whether the ticket was made for this session's account within 30 days. Only pages of that account hold such
 * a one, so it also proves that a form came from one of them. */
WW_EXPORT bool ww_typed_ticket_matches(struct ww_op *op, const struct ww_session *session,
                                       const char *ticket);
/* Keeps UTF-8 text for 15 minutes, for whom the ticket names; *cookie is to be set as the continuity cookie.
 * Counted like a new flow: WW_ETHROTTLED. WW_EDENIED: no ticket of ours, or an old one. */
WW_EXPORT enum ww_err ww_typed_keep(struct ww_op *op, const char *ticket, const char *text, size_t length,
                                    const char **cookie) WW_MUST;
/* Gives it out once, with a NUL behind it. WW_ENOTFOUND: nothing is kept, or not any more; WW_EDENIED: it is
 * kept for another account, and stays. */
WW_EXPORT enum ww_err ww_typed_take(struct ww_op *op, struct ww_session *session, const char *cookie,
                                    const char **text, size_t *length) WW_MUST;

#ifdef __cplusplus
}
#endif

#endif
