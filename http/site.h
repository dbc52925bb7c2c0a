/* A running site: the library and what handlers need of its settings, worked out once. */
#ifndef SITE_H
#define SITE_H

#include "arena.h"
#include "cors.h"
#include "encode.h"
#include "metrics.h"
#include "op.h"
#include "watchword/admin.h"
#include "watchword/flow.h"
#include "watchword/settings.h"

struct page_site;

/* What a route reads at most; a row of routes.c names one, the admin port has one for all. */
enum route_body { BODY_FORM, BODY_ITEM, BODY_ITEMS, BODY_NOTE, BODY_LETTER, BODY_ADMIN, BODY_KINDS };

struct site {
    struct ww *ww;
    struct arena arena; /* of the texts below */
    const char *public_url, *admin_url, *public_origin;
    const char *csrf_cookie_name, *session_cookie_name;
    bool public_https;  /* people reach it over TLS */
    bool cloudflare;    /* the trusted proxy is one that says where a client is, too */
    bool device_cookie; /* browsers remember how new an account was (vault.md §12) */
    bool cors_enabled, admin_cors_enabled, dev;
    bool slow_reads; /* the database is remote, or readers wait for writers: no handler runs on the loop */
    struct cors cors, admin_cors;
    struct http_body_limit bodies[BODY_KINDS];
    struct metrics *metrics;
    struct http_server *server; /* once it runs */
    struct page_site *pages;    /* the built-in pages; NULL when they are off */
};

/* False when there is no memory. */
bool site_init(struct site *site, struct ww *ww) WW_MUST;
void site_free(struct site *site);

/* Set-Cookie: each as the configuration says (kratos.md §§2.5, 4.1). */
void site_set_csrf_cookie(struct site *site, struct http_request *r, struct arena *a, const char *value);
/* With what the browser shall remember of who was signed in by this operation (vault.md §12): that stays when
 * they sign out. */
void site_set_session_cookie(struct site *site, struct http_request *r, struct ww_op *op, const char *token,
                             uint64_t seconds);
/* Shows the operation what the browser remembers. */
void site_show_device(const struct http_request *r, struct ww_op *op);
void site_end_session_cookie(struct site *site, struct http_request *r, struct arena *a);
void site_set_continuity_cookie(struct site *site, struct http_request *r, struct arena *a,
                                const char *value);
extern const char site_continuity_cookie_name[];
/* What the next page tells, a word of the pages' own; "" ends it. A link cannot set it, as it could a query.
 */
void site_set_said_cookie(struct site *site, struct http_request *r, struct arena *a, const char *value);
extern const char site_said_cookie_name[];

/* The token of the carrier that decides: X-Session-Token, the session cookie, Authorization: Bearer; NULL
 * when there is none. Of several session cookies it is the first whose session is good, else the first. */
const char *site_session_token(const struct site *site, const struct http_request *r, struct ww_op *op,
                               bool *cookie);
enum { SITE_CSRF_BYTES = 32, SITE_CONTINUITY_BYTES = 48 }; /* of the two below */
/* The first cookie of that name that is `bytes` bytes, at most 128, in base64 of a kind: the anti-CSRF and
 * the continuity cookie. NULL when there is none. */
const char *site_cookie(const struct http_request *r, struct arena *a, const char *name,
                        enum base64_kind kind, size_t bytes);
/* The request's absolute URL as the client typed it. NULL when there is no memory. */
char *site_request_url(const struct site *site, const struct http_request *r, struct arena *a);
/* Whether a changing request that a cookie authenticates comes from our own pages (own-api.md). */
bool site_origin_is_ours(const struct site *site, const struct http_request *r);

#endif
