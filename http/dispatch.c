/* From a request to a row of routes.c, and all that is alike for every row. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "handlers.h"
#include "http_error.h"
#include "http_proxy.h"
#include "negotiate.h"
#include "own_parts.h"
#include "pages.h"
#include "routes.h"
#include "urlform.h"

/* ---- matching ---- */

enum { PATH_PARTS = 2 }; /* segments in braces that a handler is given */

/* Segment by segment; what the first ones in braces stand for is kept. */
static bool path_matches(const char *template, const char *path, struct bytes parts[PATH_PARTS])
{
    size_t n = 0;
    while (*template == '/' && *path == '/') {
        if (template[1] != path[1] && template[1] != '{') {
            return false; /* most rows end here */
        }
        size_t t = strcspn(++template, "/"), p = strcspn(++path, "/");
        if (template[0] == '{') {
            if (p == 0) {
                return false;
            }
            if (n < PATH_PARTS) {
                parts[n++] = BYTES(path, p);
            }
        } else if (t != p || memcmp(template, path, p) != 0) {
            return false;
        }
        template += t;
        path += p;
    }
    return *template == 0 && *path == 0;
}

struct match {
    const struct route *route; /* NULL: no row for this method */
    const struct route *other; /* the first row of the path, whatever the method; of the route, itself */
    unsigned methods;          /* of all rows of the path */
    struct bytes parts[PATH_PARTS];
};

/* On the admin port the prefix /admin may stand before every path. Only one prefix is taken off, so that a
 * path has two spellings and no more: "/admin/admin/identities" stays unknown. */
static const char *path_of(const struct port *port, const struct http_request *r)
{
    const char *path = http_path(r);
    bool prefixed = port->admin && strncmp(path, "/admin/", 7) == 0;
    return prefixed ? path + 6 : path;
}

/* Walks all rows, since 405 has to name every method of the path (RFC 9110 §15.5.6). HEAD is served where
 * GET is. */
static void find_route(const struct port *port, const struct http_request *r, struct match *out)
{
    enum http_method method = http_method(r) == HTTP_HEAD ? HTTP_GET : http_method(r);
    const char *path = path_of(port, r);
    struct match m = {0};

    for (size_t i = 0; i < port->count; i++) {
        const struct route *row = &port->routes[i];
        struct bytes parts[PATH_PARTS] = {{0}};
        if (!path_matches(row->path, path, parts)) {
            continue;
        }
        m.methods |= row->methods;
        m.other = m.other ? m.other : row;
        if ((row->methods & (unsigned)method) && !m.route) {
            m.route = row;
            memcpy(m.parts, parts, sizeof parts);
        }
    }
    m.other = m.route ? m.route : m.other;
    *out = m;
}

/* A row that forgot what it needs is a route that anybody may call: such a table is refused at the start. */
const char *dispatch_check_routes(const struct route *routes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (routes[i].needs == 0 || !routes[i].handler || routes[i].methods == 0) {
            return routes[i].path;
        }
    }
    return NULL;
}

/* ---- plain answers ---- */

void dispatch_answer_text(struct http_request *r, int status, const char *type, const char *text)
{
    http_answer_header(r, "Content-Type", type);
    http_answer(r, status, text, strlen(text));
}

/* Word for word as Go's server says it (kratos.md §0.1). */
void dispatch_not_found(struct http_request *r)
{
    dispatch_answer_text(r, 404, "text/plain; charset=utf-8", "404 page not found\n");
}

/* 405 with Allow (RFC 9110 §15.5.6), in the order of the alphabet. */
static void answer_wrong_method(struct http_request *r, unsigned methods)
{
    static const struct {
        unsigned method;
        const char *name;
    } names[] = {{HTTP_DELETE, "DELETE"}, {HTTP_GET, "GET"},   {HTTP_GET, "HEAD"}, {HTTP_OPTIONS, "OPTIONS"},
                 {HTTP_PATCH, "PATCH"},   {HTTP_POST, "POST"}, {HTTP_PUT, "PUT"}};
    char allow[80] = "";
    size_t n = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (methods & names[i].method) {
            n += (size_t)snprintf(allow + n, sizeof allow - n, "%s%s", n ? ", " : "", names[i].name);
        }
    }
    http_answer_header(r, "Allow", allow);
    dispatch_answer_text(r, 405, "text/plain; charset=utf-8", "Method Not Allowed\n");
}

/* ---- anti-CSRF for whatever is no flow ---- */

/* By the method alone (RFC 9110 §9.2.1). GETs that write all the same are marked NEED_WISH. */
static bool changes(const struct http_request *r)
{
    enum http_method m = http_method(r);
    return m != HTTP_GET && m != HTTP_HEAD && m != HTTP_OPTIONS && m != HTTP_TRACE;
}

/* A path that no row has: these begin paths that are ignored. */
static enum route_csrf csrf_of(const struct match *m, const char *path)
{
    static const char *const ignored[] = {"/sessions/", "/schemas/", "/vault/", "/account/"};
    if (m->other) {
        return m->route ? m->route->csrf : m->other->csrf;
    }
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        if (strncmp(path, ignored[i], strlen(ignored[i])) == 0) {
            return CSRF_IGNORED;
        }
    }
    return CSRF_ON;
}

/* Of the right length only: another value of that name is as none, and a new one is set. */
static void find_csrf_cookie(struct route_call *c)
{
    const char *value = site_cookie(c->r, c->arena, c->site->csrf_cookie_name, BASE64, SITE_CSRF_BYTES);
    if (value) {
        c->csrf_cookie = value;
        c->csrf_cookie_sent = true;
    }
}

/* Once, however often it is asked for: the guard reads the token from the form, the handler the rest. */
bool route_call_form(struct route_call *c)
{
    if (!c->form_read) {
        size_t n = 0;
        const uint8_t *body = http_body(c->r, &n);
        const char *why = NULL;
        bool read = urlform_read(c->arena, BYTES(body, n), &c->form, &c->form_count, &why) == WW_OK;
        c->form_refusal = read ? NULL : why;
        c->form_read = true;
    }
    return !c->form_refusal;
}

/* The header first, as Kratos looks for it (kratos.md §2.5). A body is read for its token only when it
 * says that it is a form. */
static const char *sent_csrf_token(struct route_call *c)
{
    const char *token = http_header(c->r, "X-CSRF-Token"), *type = http_header(c->r, "Content-Type");
    if (token || !type || strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0 ||
        !route_call_form(c)) {
        return token;
    }
    return urlform_get(c->form, c->form_count, "csrf_token");
}

/* False: refused and answered. */
static bool csrf_admits(struct route_call *c, enum route_csrf csrf)
{
    if (csrf == CSRF_OFF) {
        return true;
    }
    /* Before anything is refused: also a refusal depends on the cookie. */
    http_answer_header(c->r, "Vary", "Cookie");
    find_csrf_cookie(c);
    if (csrf == CSRF_IGNORED) {
        return true;
    }
    /* Any visit gets the cookie, unknown paths too, as Kratos has it (kratos.md §0.1): the form that comes
     * next needs it. Nothing is stored for it. */
    if (!c->csrf_cookie) {
        c->csrf_cookie = ww_csrf_cookie_new(c->op);
        if (c->csrf_cookie) {
            site_set_csrf_cookie(c->site, c->r, c->arena, c->csrf_cookie);
        }
    }
    const char *token = changes(c->r) ? sent_csrf_token(c) : NULL;
    if (!changes(c->r) || (c->csrf_cookie_sent && ww_csrf_matches(c->op, c->csrf_cookie, token))) {
        return true;
    }
    /* Pages of ours show the form again, so that what was typed is not lost with a cookie that went. */
    if (csrf == CSRF_TOLD) {
        c->csrf_refused = true;
        c->csrf_token_sent = token != NULL;
        return true;
    }
    handle_csrf_refused(c, token != NULL);
    return false;
}

/* ---- needs ---- */

/* All refusals of the dispatch have Kratos' body, also on routes of ours. */
static void refuse(struct route_call *c, int status, const char *id, const char *reason)
{
    http_error_answer(c->r, (struct js_error){.status = status, .id = id, .reason = reason});
}

/* One answer for no token, a wrong one, and one that has ended. */
static bool session_admits(struct route_call *c)
{
    bool cookie;
    const char *token = site_session_token(c->site, c->r, c->op, &cookie);
    enum ww_err err = token ? ww_session_resume(c->op, token, &c->session) : WW_EDENIED;
    if (err == WW_EDENIED) {
        refuse(c, 401, "session_inactive", "No active session was found in this request.");
    } else if (err) {
        answer_problem(c, err);
    }
    return err == WW_OK;
}

/* Kratos' clients send neither Origin nor Sec-Fetch-Site from servers, so where it has the route only what
 * says that it is foreign is refused; our own routes want to know. */
static bool origin_admits(struct route_call *c)
{
    bool cookie, silent = !http_header(c->r, "Origin") && !http_header(c->r, "Sec-Fetch-Site");
    site_session_token(c->site, c->r, c->op, &cookie);
    if (!cookie || !changes(c->r) || (silent && !(c->route->needs & NEED_ORIGIN)) ||
        site_origin_is_ours(c->site, c->r)) {
        return true;
    }
    refuse(c, 403, "security_csrf_violation",
           "A request that changes something must come from our own pages.");
    return false;
}

/* Recent by the session's last sign-in, not by its last use (kratos.md §2.12). */
static bool recent_admits(struct route_call *c)
{
    if (ww_session_recent(c->op, c->session)) {
        return true;
    }
    refuse(
        c, 403, "session_refresh_required",
        "The login session is too old and thus not allowed to update these fields. Please re-authenticate.");
    return false;
}

/* The origin is judged before the session is read: what another site's page sends does nothing here. */
static bool needs_admit(struct route_call *c)
{
    unsigned needs = c->route->needs;
    return (!(needs & (NEED_ORIGIN | NEED_NOT_FOREIGN)) || origin_admits(c)) &&
           (!(needs & NEED_SESSION) || session_admits(c)) && (!(needs & NEED_RECENT) || recent_admits(c));
}

/* ---- the admin port: any web page can send to loopback ---- */

/* With or without a port; "localhost.evil.example" is another name. */
static bool host_is(const char *host, const char *name)
{
    size_t n = strlen(name);
    return strncasecmp(host, name, n) == 0 && (host[n] == 0 || host[n] == ':');
}

/* A page can have a name of its own resolved to our address, but then its name stands here: an address that
 * is written out cannot be rebound. Probes ask that way. */
static bool is_address(const char *host)
{
    struct http_address ignored;
    const char *port = host[0] == '[' ? strchr(host, ']') : host;
    port = port ? strchr(port, ':') : NULL;
    return http_address_read(host, &ignored) && (host[0] == '[' || !port || !strchr(port + 1, ':')) &&
           (!port || strspn(port + 1, "0123456789") == strlen(port + 1));
}

/* A rebound name is how a web page reaches a loopback port under its own origin, where neither CORS nor
 * Sec-Fetch-Site says that it is foreign; its name in Host does. */
static bool admin_host(const struct site *site, const char *host)
{
    const char *own = strstr(site->admin_url, "://");
    if (!host) {
        return false;
    }
    if (is_address(host)) {
        return true;
    }
    if (own && strlen(host) == strcspn(own + 3, "/") && strncasecmp(own + 3, host, strlen(host)) == 0) {
        return true;
    }
    if (host_is(host, "localhost") || host_is(host, ww_setting(site->ww, "serve.admin.host"))) {
        return true;
    }
    for (size_t i = 0; i < ww_setting_count(site->ww, "watchword.admin.allowed_hosts"); i++) {
        if (host_is(host, ww_setting_at(site->ww, "watchword.admin.allowed_hosts", i))) {
            return true;
        }
    }
    return false;
}

/* The admin port has no sessions: that a request reached it is the whole proof. So pages in browsers are kept
 * out by what they cannot forge. */
static bool admin_admits(struct route_call *c)
{
    const char *origin = http_header(c->r, "Origin"), *from = http_header(c->r, "Sec-Fetch-Site");
    const char *type = http_header(c->r, "Content-Type");
    size_t n = 0;
    http_body(c->r, &n);
    /* Nobody signs in on this port, so a browser that can reach it is all an attacker needs. "none" is
     * what somebody typed into the address bar. */
    if ((origin && !cors_names_origin(&c->site->admin_cors, origin)) ||
        (!origin && from && strcmp(from, "none") != 0) || !admin_host(c->site, http_header(c->r, "Host"))) {
        refuse(c, 403, NULL, "The admin port does not answer web pages or foreign host names.");
        return false;
    }
    /* A form of another site can send text/plain or urlencoded without a preflight, but not this. */
    if (n > 0 && !negotiate_is_type(type, "application/json")) {
        http_error_answer(c->r,
                          (struct js_error){.status = 400, .message = "The body must be application/json."});
        return false;
    }
    return true;
}

/* ---- one request ---- */

/* Each port has a list of its own: what may talk to one need not talk to the other. */
static const struct cors *cors_of(const struct port *port)
{
    const struct site *site = port->site;
    return port->admin ? (site->admin_cors_enabled ? &site->admin_cors : NULL)
                       : (site->cors_enabled ? &site->cors : NULL);
}

/* True for a preflight, which is then answered. */
static bool cors_answered(const struct port *port, struct http_request *r)
{
    const struct cors *cors = cors_of(port);
    return cors && cors_apply(r, cors);
}

/* Items and uploads are other people's bytes: nosniff keeps a browser from running one as a script. */
static void put_common_headers(const struct port *port, struct http_request *r)
{
    http_answer_header(r, "X-Content-Type-Options", "nosniff");
    if (!port->admin && port->site->public_https) { /* RFC 6797 §7.1; subdomains are not ours to bind */
        http_answer_header(r, "Strict-Transport-Security", "max-age=31536000");
    }
}

/* Called by the server where it refuses by itself, before or without a route. */
void dispatch_refusing(struct http_request *r, void *context)
{
    const struct port *port = context;
    const struct cors *cors = cors_of(port);
    put_common_headers(port, r);
    if (cors) {
        cors_headers(r, cors);
    }
}

/* Prefetching by any of the names it has had. Such a request is not somebody's wish. */
bool dispatch_is_ahead(const struct http_request *r)
{
    static const char *const names[] = {"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"};
    bool ahead = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *purpose = http_header(r, names[i]);
        ahead = ahead || (purpose && (strcasestr(purpose, "prefetch") || strcasestr(purpose, "prerender") ||
                                      strcasestr(purpose, "preview")));
    }
    return ahead;
}

/* HEAD asks about an answer, and a browser that fetches ahead may never show it: neither is anybody's wish to
 * begin a flow or to sign out. A prefetch is refused, so that the page is asked for once it is wanted. */
static bool only_looks(struct http_request *r)
{
    if (http_method(r) == HTTP_HEAD) {
        http_answer_header(r, "Content-Type", "application/json; charset=utf-8");
        http_answer(r, 200, NULL, 0);
        return true;
    }
    bool ahead = dispatch_is_ahead(r);
    if (ahead) {
        http_error_answer(r, (struct js_error){.status = 503, .reason = "This is not done ahead of time."});
    }
    return ahead;
}

/* Makes the operation: from here on everything that is said of the client comes from one place. */
static bool begin(struct route_call *c)
{
    struct http_request *r = c->r;
    /* A proxy of another kind passes these on as the client invented them. */
    bool told = http_peer_trusted(r) && c->site->cloudflare;
    const char *city = told ? http_header(r, "Cf-Ipcity") : NULL;
    const char *country = told ? http_header(r, "Cf-Ipcountry") : NULL;
    char location[512] = ""; /* what is kept of it is cut between characters by ww_op_begin */
    if (city || country) {
        snprintf(location, sizeof location, "%s%s%s", city ? city : "", city && country ? ", " : "",
                 country ? country : "");
    }
    struct ww_client client = {.size = sizeof client,
                               .address = http_client_address(r),
                               .user_agent = http_header(r, "User-Agent"),
                               .location = location,
                               .request_id = http_request_id(r)};
    if (ww_op_begin(c->site->ww, &client, &c->op) != WW_OK) {
        http_answer(r, 503, NULL, 0);
        return false;
    }
    c->arena = &c->op->arena;
    if (c->route && c->route->where == HTTP_HASH) { /* who signs in */
        site_show_device(r, c->op);
    }
    return true;
}

/* What is data in a path. Decoded once: "%2541" is "%41" and not "A". */
static bool decode_part(struct route_call *c, struct bytes raw, const char **out)
{
    struct bytes part;
    const char *why;
    if (!raw.p) {
        return true;
    }
    if (urlform_percent_decode(c->arena, raw, &part, &why) != WW_OK) {
        own_refuse(c, "path_invalid", "path", why);
        return false;
    }
    *out = arena_strndup(c->arena, part.p, part.n);
    return *out != NULL;
}

static bool decode_parts(struct route_call *c, const struct match *m)
{
    return decode_part(c, m->parts[0], &c->id) && decode_part(c, m->parts[1], &c->id_below);
}

/* On a worker. Whatever the handler does, the operation ends here and is wiped. */
static void handle(struct http_request *r, void *context)
{
    const struct port *port = context;
    const struct match *m = http_route_found(r);
    if (!m) {
        http_answer(r, 503, NULL, 0);
        return;
    }
    struct route_call c = {.r = r, .site = port->site, .route = m->route};

    put_common_headers(port, r);
    /* Our own routes say no-store alone (own-api.md); those of Kratos what Kratos says (kratos.md §0.1). */
    if (m->other && m->other->doc) {
        http_answer_header(r, "Cache-Control", "no-store");
    } else if (http_method(r) == HTTP_GET && !(m->route && (m->route->needs & NEED_CACHE))) {
        http_answer_header(r, "Cache-Control", "private, no-cache, no-store, must-revalidate");
    }
    if (cors_answered(port, r) || !begin(&c)) {
        return;
    }
    /* Before 404 and 405, as Kratos' middleware stands in front of its router (kratos.md §0.1). */
    bool admitted = port->admin ? admin_admits(&c) : csrf_admits(&c, csrf_of(m, http_path(r)));
    if (!admitted) {
        ww_op_end(c.op);
        return;
    }
    if (!m->other) {
        if (port->admin || !pages_answer_missing(&c)) {
            dispatch_not_found(r);
        }
    } else if (!m->route) {
        answer_wrong_method(r, m->methods);
    } else if (!((m->route->needs & NEED_WISH) && only_looks(r)) && decode_parts(&c, m) && needs_admit(&c)) {
        /* Asked before the session is: a prefetch is answered without a look into the store. */
        m->route->handler(&c);
    }
    ww_op_end(c.op);
}

/* A loop waits for nothing: what reads the database runs there only where reading does not wait, and what may
 * write (the error of a refused form, whatever its path) on a worker. */
static enum http_where where_of(const struct port *port, const struct match *m, const struct http_request *r)
{
    if (!m->route) {
        return changes(r) ? HTTP_SLOW : HTTP_QUICK;
    }
    bool reads = m->route->needs & NEED_READ;
    return reads && port->site->slow_reads ? HTTP_SLOW : m->route->where;
}

/* How much body may come, and on which thread it runs, is decided before a byte of it is read. */
struct http_route_choice dispatch_route(struct http_request *r, void *context)
{
    const struct port *port = context;
    /* Called on the loop when only the head is there: no database, no waiting. */
    struct match *m = http_request_alloc(r, sizeof *m);
    struct http_route_choice choice = {.handler = handle, .where = HTTP_QUICK, .label = "none"};
    if (!m) {
        return choice;
    }
    find_route(port, r, m);
    choice.found = m;
    choice.where = where_of(port, m, r);
    if (m->other) {
        choice.label = m->other->label;
    }
    if (m->route) { /* what nobody serves, nobody reads */
        choice.body = &port->site->bodies[port->admin ? BODY_ADMIN : m->route->body];
    }
    return choice;
}
