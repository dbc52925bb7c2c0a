/* Where a browser may be sent (kratos.md §2.8), and putting addresses together. */
#include "flow_return_to.h"

#include <string.h>
#include <strings.h>

#include "limit.h"
#include "url.h"

static bool same(struct bytes x, struct bytes y)
{
    return x.n == y.n && strncasecmp((const char *)x.p, (const char *)y.p, x.n) == 0;
}

/* "*.example.org" is any host below example.org, and not example.org itself. Nothing else is a pattern. */
static bool host_allowed(struct bytes host, struct bytes allowed)
{
    if (allowed.n > 2 && allowed.p[0] == '*' && allowed.p[1] == '.') {
        struct bytes suffix = {allowed.p + 1, allowed.n - 1};
        return host.n > suffix.n && same((struct bytes){host.p + host.n - suffix.n, suffix.n}, suffix);
    }
    return same(host, allowed);
}

/* A prefix only means something where no ".." leads out of it again; where every path is allowed there is
 * nothing to leave. */
static bool path_allowed(struct bytes path, struct bytes allowed)
{
    struct bytes root = bytes_str("/");

    path = path.n ? path : root;
    allowed = allowed.n ? allowed : root;
    if (path.n < allowed.n || memcmp(path.p, allowed.p, allowed.n) != 0) {
        return false;
    }
    return allowed.n == 1 || !url_has_dot_segment(path);
}

static bool is_allowed(const struct url *u, const struct return_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        struct url allowed;
        if (url_read(rules->allowed[i], &allowed) && same(u->scheme, allowed.scheme) &&
            host_allowed(u->host, allowed.host) && path_allowed(u->path, allowed.path)) {
            return true;
        }
    }
    return false;
}

enum ww_err flow_return_to_check(struct arena *a, const struct return_rules *rules, const char *wanted,
                                 const char **out)
{
    struct url u, base;

    *out = wanted;
    /* Before it is parsed or repeated in an error. */
    if (strlen(wanted) > LIMIT_URL) {
        *out = "";
        return WW_EFORBIDDEN;
    }
    if (!url_read(wanted, &u) || !url_read(rules->fallback, &base) || !base.host.n) {
        return WW_EFORBIDDEN;
    }
    u.scheme = u.scheme.n ? u.scheme : base.scheme;
    u.host = u.host.n ? u.host : base.host;
    const char *slash = u.path.n && u.path.p[0] != '/' ? "/" : "";
    /* What is judged is what is sent to the browser: put together first, then read again, so that no text
     * can mean one address here and another there. */
    char *absolute = arena_printf(a, "%.*s://%.*s%s%.*s%.*s", (int)u.scheme.n, (const char *)u.scheme.p,
                                  (int)u.host.n, (const char *)u.host.p, slash, (int)u.path.n,
                                  (const char *)u.path.p, (int)u.rest.n, (const char *)u.rest.p);
    if (!absolute || !url_read(absolute, &u)) {
        return WW_EFORBIDDEN;
    }
    *out = absolute;
    return is_allowed(&u, rules) ? WW_OK : WW_EFORBIDDEN;
}

/* ---- putting URLs together ---- */

char *flow_url_join(struct arena *a, const char *base, const char *path)
{
    size_t n = strlen(base);

    while (n > 0 && base[n - 1] == '/') {
        n--;
    }
    return arena_printf(a, "%.*s%s%s", (int)n, base, path[0] == '/' ? "" : "/", path);
}

/* Percent-encoded as a query value. */
static char *query_escape(struct arena *a, const char *text)
{
    struct buf b = BUF(a);

    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-_.~", c) != NULL;
        if (plain) {
            buf_char(&b, (char)c);
        } else {
            buf_printf(&b, "%%%02X", c);
        }
    }
    return buf_text(&b);
}

char *flow_url_with(struct arena *a, const char *url, const char *key, const char *value)
{
    char *escaped = query_escape(a, value);
    const char *hash = strchr(url, '#');
    /* The query stands before the fragment (RFC 3986 §3). */
    size_t n = hash ? (size_t)(hash - url) : strlen(url);

    if (!escaped) {
        return NULL;
    }
    return arena_printf(a, "%.*s%c%s=%s%s", (int)n, url, memchr(url, '?', n) ? '&' : '?', key, escaped,
                        hash ? hash : "");
}
