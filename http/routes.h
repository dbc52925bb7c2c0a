/* The routes: one table a port, each row with what it needs. To add one: a row in routes.c (public or admin)
 * and a handler; the dispatcher does the rest (methods, HEAD, Allow, anti-CSRF, sessions, who may ask). */
#ifndef ROUTES_H
#define ROUTES_H

#include "http_server.h"
#include "route_docs.h"
#include "site.h"

/* What a route needs; a row without any does not start. */
enum route_need {
    NEED_NOTHING = 1, /* anybody may call it */
    NEED_FLOW = 2,    /* the flow judges session and token itself (kratos.md §2) */
    NEED_SESSION = 4, /* 401 without; route_call.session is set */
    NEED_ORIGIN = 8,  /* with a cookie, a changing request must come from us (own-api.md): 403 */
    NEED_NOT_FOREIGN =
        64,           /* with a cookie, a changing request must not say that it comes from elsewhere: 403 */
    NEED_RECENT = 16, /* a recent sign-in: 403 session_refresh_required */
    NEED_ADMIN = 32,  /* the admin port's own guard */
    NEED_CACHE = 128, /* the handler says itself how long its answer may be kept */
    NEED_READ = 256,  /* reads the database, shortly: on the loop only where reading never waits */
    NEED_WISH = 512,  /* its GET writes: HEAD and a prefetch are answered without it */
};

/* How a public path stands to the anti-CSRF cookie (kratos.md §2.5): it is issued and, on methods that
 * change, the form's token is checked; or neither; or not even Vary. CSRF_TOLD: as CSRF_ON, but the handler
 * refuses, since what was typed must not be lost (route_call.csrf_refused). */
enum route_csrf { CSRF_ON, CSRF_IGNORED, CSRF_OFF, CSRF_TOLD };

struct route;

/* A request in a handler. Everything made in op lives until the handler has returned. */
struct route_call {
    struct http_request *r;
    struct site *site;
    const struct route *route;
    struct ww_op *op;
    struct arena *arena;        /* op's */
    const char *id, *id_below;  /* the first and second {…} of the path, decoded; NULL when it has none */
    struct ww_session *session; /* with NEED_SESSION */
    const char *csrf_cookie;    /* the browser's, or the one that this answer sets */
    bool csrf_cookie_sent, form_read;
    bool csrf_refused, csrf_token_sent; /* with CSRF_TOLD, on methods that change */
    const struct ww_pair *form;         /* by route_call_form */
    size_t form_count;
    const char *form_refusal; /* why it cannot be read, or NULL */
};

typedef void route_handler(struct route_call *c);

/* Reads the body as a form, once for all who ask; false when it is none. */
bool route_call_form(struct route_call *c);

struct route {
    unsigned methods; /* enum http_method; GET answers HEAD too */
    const char *path; /* "/sessions/{id}": a segment in braces matches one segment that is not empty */
    unsigned needs;
    enum route_csrf csrf;
    enum http_where where;
    route_handler *handler;
    int action; /* for handlers that serve several rows */
    const char *label;
    const struct route_doc *doc; /* Watchword's own (own-api.md): described, and no answer is ever stored */
    enum route_body body;
};

extern const struct route routes_public[], routes_admin[];
extern const size_t routes_public_count, routes_admin_count;

/* For http_listener: context is a struct port. */
struct port {
    struct site *site;
    const struct route *routes;
    size_t count;
    bool admin;
};
/* For http_listener.refusing: what every answer of the port carries. */
void dispatch_refusing(struct http_request *r, void *port);
struct http_route_choice dispatch_route(struct http_request *r, void *port);
/* NULL, or which row states no need. */
const char *dispatch_check_routes(const struct route *routes, size_t count);

#endif
