/* What handlers need of a site's settings, its cookies (kratos.md §§2.5, 4.1), and who a request comes from
 * (own-api.md, "Who may ask"). */
#include "site.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cookie.h"
#include "http_server.h"
#include "limit.h"

const char site_continuity_cookie_name[] = "ory_kratos_continuity";
const char site_said_cookie_name[] = "watchword_said";
static const char device_cookie_name[] = "watchword_device";

enum {
    CSRF_SECONDS = 31536000,
    CONTINUITY_SECONDS = 2592000,
    SAID_SECONDS = 60,
    DEVICE_SECONDS = 400 * 24 * 3600
};
enum { ITEMS_ROOM = 1 << 20, ITEMS_LEAST = 5 << 20, ADMIN_MOST = 5 << 20 };
/* Threads that hash; with the loops, slow workers and maintenance: SQLite's 32 connections are enough. */
enum { SQLITE_WORKERS_MOST = 20 };

/* ---- settings ---- */

/* "https://host:port" of a URL. Scheme, host and port without a path or slash, to be compared with Origin
 * (RFC 6454 §6.2). */
static char *origin_of(struct arena *a, const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL;
    return host ? arena_strndup(a, url, (size_t)(host + 3 - url) + strcspn(host + 3, "/?#")) : NULL;
}

static const char *const *list_of(struct arena *a, struct ww *ww, const char *port, const char *name,
                                  size_t *n)
{
    char *key = arena_printf(a, "serve.%s.cors.%s", port, name);
    size_t count = key ? ww_setting_count(ww, key) : 0;
    const char **list = ARENA_ARRAY(a, count + 1, const char *);
    for (size_t i = 0; list && i < count; i++) {
        list[i] = arena_strdup(a, ww_setting_at(ww, key, i));
    }
    *n = list ? count : 0;
    return list;
}

static void read_cors(struct arena *a, struct ww *ww, const char *port, struct cors *out)
{
    char *credentials = arena_printf(a, "serve.%s.cors.allow_credentials", port);
    char *age = arena_printf(a, "serve.%s.cors.max_age", port);
    out->origins = list_of(a, ww, port, "allowed_origins", &out->origin_count);
    out->methods = list_of(a, ww, port, "allowed_methods", &out->method_count);
    out->headers = list_of(a, ww, port, "allowed_headers", &out->header_count);
    out->exposed = list_of(a, ww, port, "exposed_headers", &out->exposed_count);
    out->credentials = credentials && ww_setting_bool(ww, credentials);
    out->max_age = age ? (uint32_t)ww_setting_int(ww, age) : 0;
}

/* An item or letter in base64 and what stands around it; a note as a form, each byte perhaps as three. */
static void read_body_limits(struct ww *ww, struct http_body_limit *out)
{
    size_t form = (size_t)ww_setting_int(ww, "watchword.http.body_max"),
           item = (size_t)ww_setting_int(ww, "watchword.vault.item_max"), items = item / 3 * 4 + ITEMS_ROOM;
    out[BODY_FORM].most = form;
    out[BODY_ITEM] = (struct http_body_limit){item, "item_too_large", "value"};
    out[BODY_ITEMS].most = items > ITEMS_LEAST ? items : ITEMS_LEAST;
    out[BODY_NOTE].most = 3 * item + form;
    out[BODY_LETTER].most = (size_t)ww_setting_int(ww, "watchword.vault.letter_max") / 3 * 4 + form;
    out[BODY_ADMIN].most = ADMIN_MOST;
}

/* Whether a reader may have to wait: for a server elsewhere, for the one connection of a database in memory,
 * or for one of fewer connections than there are threads. */
static bool has_slow_reads(struct ww *ww, const char *dsn)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long long hashing = ww_setting_int(ww, "watchword.hash.workers");
    return strncmp(dsn, "postgres", 8) == 0 || strcmp(dsn, "memory") == 0 || strstr(dsn, "max_conns") ||
           (hashing ? hashing : cores) > SQLITE_WORKERS_MOST;
}

/* All that requests read is made here, once: a handler reads no configuration. */
bool site_init(struct site *site, struct ww *ww)
{
    struct arena *a = &site->arena;
    struct ww_op *op;
    *site = (struct site){.ww = ww};
    if (ww_op_begin(ww, NULL, &op) != WW_OK) {
        return false;
    }
    const char *name = ww_csrf_cookie_name(op), *dsn = ww_setting(ww, "dsn");
    site->csrf_cookie_name = name ? arena_strdup(a, name) : NULL;
    ww_op_end(op);
    site->session_cookie_name = arena_strdup(a, ww_setting(ww, "session.cookie.name"));
    site->public_url = arena_strdup(a, ww_setting(ww, "serve.public.base_url"));
    site->admin_url = arena_strdup(a, ww_setting(ww, "serve.admin.base_url"));
    site->public_origin = origin_of(a, site->public_url);
    site->public_https = site->public_origin && strncasecmp(site->public_origin, "https:", 6) == 0;
    site->cloudflare = strcasecmp(ww_setting(ww, "watchword.forwarded_header"), "CF-Connecting-IP") == 0;
    site->cors_enabled = ww_setting_bool(ww, "serve.public.cors.enabled");
    /* Who brings a login page of their own expects Kratos' cookies and no other, unless they ask for it. */
    site->device_cookie = ww_setting_is_set(ww, "watchword.device_cookie")
                              ? ww_setting_bool(ww, "watchword.device_cookie")
                              : !ww_setting(ww, "selfservice.flows.login.ui_url")[0];
    site->dev = ww_dev(ww);
    site->slow_reads = has_slow_reads(ww, dsn);
    read_body_limits(ww, site->bodies);
    read_cors(a, ww, "public", &site->cors);
    read_cors(a, ww, "admin", &site->admin_cors);
    site->admin_cors_enabled = ww_setting_bool(ww, "serve.admin.cors.enabled");
    /* cors_names_origin is asked about the admin port whether CORS is on or not: switched off, it names
     * nobody. */
    if (!site->admin_cors_enabled) {
        site->admin_cors = (struct cors){0};
    }
    site->metrics = metrics_new();
    return site->csrf_cookie_name && site->session_cookie_name && site->admin_url && site->public_origin &&
           site->metrics;
}

void site_free(struct site *site)
{
    metrics_free(site->metrics);
    arena_free(&site->arena);
}

/* ---- cookies ---- */

/* NULL where a value could add attributes: then no cookie is set, rather than two. */
static void set_cookie(struct http_request *r, struct arena *a, const struct cookie *c)
{
    char *text = cookie_build(a, c);
    if (text) {
        http_answer_header(r, "Set-Cookie", text);
    }
}

/* What the settings below `section` say; those of the session's cookie have the general ones as defaults
 * (config_check.c). SameSite=None without Secure is refused by browsers, and Kratos then says Lax whatever is
 * configured. */
static struct cookie make_cookie(const struct site *site, struct arena *a, const char *section,
                                 const char *name, const char *value)
{
    const char *parts[] = {"path", "domain", "same_site", "secure"}, *keys[4];
    struct ww *ww = site->ww;
    for (size_t i = 0; i < 4; i++) {
        if (!(keys[i] = arena_printf(a, "%s.%s", section, parts[i]))) {
            return (struct cookie){.name = "", .value = ""}; /* cookie_build refuses it */
        }
    }
    /* All cookies are HttpOnly: no script, ours or injected, has a use for them. */
    bool secure = ww_setting_bool(ww, keys[3]);
    return (struct cookie){.name = name,
                           .value = value,
                           .path = ww_setting(ww, keys[0]),
                           .domain = ww_setting(ww, keys[1]),
                           .same_site = secure ? ww_setting(ww, keys[2]) : "Lax",
                           .http_only = true,
                           .secure = secure};
}

void site_set_csrf_cookie(struct site *site, struct http_request *r, struct arena *a, const char *value)
{
    struct cookie c = make_cookie(site, a, "cookies", site->csrf_cookie_name, value);
    c.max_age = CSRF_SECONDS;
    set_cookie(r, a, &c);
}

/* The cookie outlives the row (vault.md §9 gives that 15 minutes), as Kratos' does; what decides is the
 * row. */
void site_set_continuity_cookie(struct site *site, struct http_request *r, struct arena *a, const char *value)
{
    struct cookie c = make_cookie(site, a, "cookies", site_continuity_cookie_name, value);
    c.max_age = CONTINUITY_SECONDS;
    set_cookie(r, a, &c);
}

/* An empty value ends the cookie. The value is a word of a fixed list, never what somebody typed. */
void site_set_said_cookie(struct site *site, struct http_request *r, struct arena *a, const char *value)
{
    struct cookie c = make_cookie(site, a, "cookies", site_said_cookie_name, value);
    c.max_age = value[0] ? SAID_SECONDS : -1;
    set_cookie(r, a, &c);
}

/* As long as browsers keep a cookie (RFC 6265bis §5.5). Sealed: the browser learns no number, and of whom it
 * is is not to be seen. */
static void set_device_cookie(struct site *site, struct http_request *r, struct ww_op *op)
{
    const char *device = site->device_cookie ? ww_device(op) : NULL;
    if (device) {
        struct cookie c = make_cookie(site, &op->arena, "session.cookie", device_cookie_name, device);
        c.max_age = DEVICE_SECONDS;
        set_cookie(r, &op->arena, &c);
    }
}

void site_show_device(const struct http_request *r, struct ww_op *op)
{
    enum { DEVICE_BYTES = 105 };
    enum ww_err err =
        ww_device_show(op, site_cookie(r, &op->arena, device_cookie_name, BASE64_URL, DEVICE_BYTES));
    (void)err; /* what cannot be kept for want of memory is not compared */
}

void site_set_session_cookie(struct site *site, struct http_request *r, struct ww_op *op, const char *token,
                             uint64_t seconds)
{
    struct arena *a = &op->arena;
    set_device_cookie(site, r, op);
    struct cookie c = make_cookie(site, a, "session.cookie", site->session_cookie_name, token);
    /* Without it the cookie ends with the browser, the session only when it expires. In a struct cookie 0
     * means no Max-Age, so the last second counts as one. */
    if (ww_setting_bool(site->ww, "session.cookie.persistent")) {
        c.max_age = seconds > 0 ? (int64_t)seconds : 1;
    }
    set_cookie(r, a, &c);
}

/* Emptied and in the past: browsers then forget it. */
void site_end_session_cookie(struct site *site, struct http_request *r, struct arena *a)
{
    struct cookie c = make_cookie(site, a, "session.cookie", site->session_cookie_name, "");
    c.max_age = -1;
    set_cookie(r, a, &c);
}

/* ---- the request ---- */

/* RFC 6750 §2.1; of other schemes nothing is taken. */
static const char *bearer(const struct http_request *r)
{
    const char *value = http_header(r, "Authorization");
    if (!value || strncasecmp(value, "Bearer ", 7) != 0) {
        return NULL;
    }
    value += 7 + strspn(value + 7, " ");
    return value[0] ? value : NULL;
}

struct form {
    enum base64_kind kind;
    size_t bytes;
};

/* Decided by shape before any use: what is no cookie of ours costs neither a digest nor a look-up. */
static bool has_form(const char *value, void *context)
{
    const struct form *form = context;
    uint8_t ignored[128];
    return form->bytes <= sizeof ignored &&
           base64_decode_exactly(form->kind, bytes_str(value), ignored, form->bytes);
}

const char *site_cookie(const struct http_request *r, struct arena *a, const char *name,
                        enum base64_kind kind, size_t bytes)
{
    struct form form = {kind, bytes};
    return cookie_find(a, http_header(r, "Cookie"), name, has_form, &form);
}

/* What the store cannot say now is not passed over: the caller is told the same. */
static bool is_good_session(const char *value, void *op)
{
    struct ww_session *session;
    enum ww_err err = ww_session_resume(op, value, &session);
    return err != WW_EDENIED && err != WW_EDISABLED;
}

/* Asks whether there is more than one of a name, for what is to be told of doubled cookies. */
static bool is_second(const char *value, void *seen)
{
    (void)value;
    return (*(int *)seen)++ > 0;
}

/* Two cookies of one name come from another path or a parent domain. A stale or planted one in front must
 * not sign somebody out, so with several each is looked at, COOKIE_TRIES at most. */
static const char *session_cookie_value(const struct site *site, const struct http_request *r,
                                        struct ww_op *op)
{
    const char *cookies = http_header(r, "Cookie"), *name = site->session_cookie_name, *good = NULL;
    int seen = 0;
    if (cookie_find(&op->arena, cookies, name, is_second, &seen)) { /* only then does it take a look each */
        good = cookie_find(&op->arena, cookies, name, is_good_session, op);
    }
    return good ? good : cookie_find(&op->arena, cookies, name, NULL, NULL);
}

const char *site_session_token(const struct site *site, const struct http_request *r, struct ww_op *op,
                               bool *cookie)
{
    /* The order of kratos.md §4.1. *cookie tells whether a browser sent it by itself, since only then can
     * another site's page have caused the request. */
    const char *token = http_header(r, "X-Session-Token");
    *cookie = false;
    if (token && token[0]) {
        return token;
    }
    token = session_cookie_value(site, r, op);
    *cookie = token != NULL;
    return token ? token : bearer(r);
}

/* Host as sent, when it is one that could stand in a URL. The scheme is what a trusted proxy says, or that of
 * our public address when the host is its. */
char *site_request_url(const struct site *site, const struct http_request *r, struct arena *a)
{
    const char *host = http_header(r, "Host"), *scheme = "http", *target = http_target(r);
    const char *own_host = strstr(site->public_origin, "://") + 3;
    /* Believed from a trusted proxy only (own-api.md, "Who may ask"); the address is kept with a flow and
     * shown in it. */
    if (http_peer_trusted(r)) {
        const char *forwarded = http_header(r, "X-Forwarded-Host"),
                   *proto = http_header(r, "X-Forwarded-Proto");
        host = forwarded && forwarded[0] ? forwarded : host;
        scheme = proto && strcmp(proto, "https") == 0 ? "https" : "http";
    }
    if (!host || !host[0] || strlen(host) > LIMIT_HOST || /* X-Forwarded-Host is no Host, and may be longer */
        strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") !=
            strlen(host)) {
        host = own_host;
    }
    /* It is kept with the flow: one that is too long loses its query, then its path (docs/SECURITY.md,
     * "What may be sent"). */
    size_t room = strlen(target) > LIMIT_URL ? strcspn(target, "?") : strlen(target);
    if (room > LIMIT_URL) {
        target = "/";
        room = 1;
    }
    char *asked = arena_printf(a, "%.*s%s", (int)(own_host - site->public_origin), site->public_origin, host);
    if (asked &&
        cors_same_origin(
            asked, site->public_origin)) { /* a path in base_url is taken off before requests come here */
        size_t base = strlen(site->public_url);
        base -= site->public_url[base - 1] == '/';
        return arena_printf(a, "%.*s%.*s", (int)base, site->public_url, (int)room, target);
    }
    return arena_printf(a, "%s://%s%.*s", scheme, host, (int)room, target);
}

bool site_origin_is_ours(const struct site *site, const struct http_request *r)
{
    const char *origin = http_header(r, "Origin"), *from = http_header(r, "Sec-Fetch-Site");
    /* Origin decides where there is one: "null" is no origin of ours, and browsers let no page forge
     * either header. Compared without case, though browsers write both in lower case. */
    if (origin) {
        return cors_same_origin(origin, site->public_origin) ||
               (site->cors_enabled && site->cors.credentials && cors_names_origin(&site->cors, origin));
    }
    return from && strcmp(from, "same-origin") == 0;
}
