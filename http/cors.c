/* Cross-origin resource sharing (fetch.spec.whatwg.org, "HTTP extensions"), as Kratos has it: kratos.md §0.1.
 */
#include "cors.h"

#include <string.h>
#include <strings.h>

#include "bytes.h"

/* Bytes of an origin without the port that its scheme has anyway: browsers leave it out (RFC 6454 §6.2),
 * settings need not. */
static size_t origin_length(const char *origin)
{
    size_t n = strlen(origin);
    const char *port = strncasecmp(origin, "https://", 8) == 0  ? ":443"
                       : strncasecmp(origin, "http://", 7) == 0 ? ":80"
                                                                : "";
    size_t cut = strlen(port);
    return n > cut && strcmp(origin + n - cut, port) == 0 ? n - cut : n;
}

/* By scheme, host and port (RFC 6454 §4): paths are no part of it. */
bool cors_same_origin(const char *a, const char *b)
{
    size_t n = origin_length(a);
    return n == origin_length(b) && strncasecmp(a, b, n) == 0;
}

/* A pattern holds at most one '*', which stands for any characters. */
static bool matches(const char *pattern, const char *origin)
{
    const char *star = strchr(pattern, '*');
    if (!star) {
        return cors_same_origin(pattern, origin);
    }
    size_t before = (size_t)(star - pattern), after = origin_length(pattern) - before - 1,
           n = origin_length(origin);
    return n >= before + after && strncasecmp(pattern, origin, before) == 0 &&
           strncasecmp(star + 1, origin + n - after, after) == 0;
}

/* Whether a pattern is about somebody's site: an origin itself, any port of a host, or any host below a
 * domain. A star that stands for the whole host is about nobody's: whoever matches it is no friend. */
static bool names_site(const char *pattern)
{
    const char *star = strchr(pattern, '*'), *host = strstr(pattern, "://");
    if (!star || (star[1] == '.' && star[2])) {
        return true;
    }
    return host && star > host + 3 && star[-1] == ':' && !star[1];
}

/* Whether any page of the world may read answers; then no cookies may go along. */
static bool allows_anybody(const struct cors *c)
{
    for (size_t i = 0; i < c->origin_count; i++) {
        if (!names_site(c->origins[i])) {
            return true;
        }
    }
    return false;
}

static bool allows_all(const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i], "*") == 0) {
            return true;
        }
    }
    return false;
}

/* What a browser may be told is decided by the configuration alone; the origin itself is its sender's word.
 */
static bool allows_origin(const struct cors *c, const char *origin)
{
    for (size_t i = 0; i < c->origin_count; i++) {
        if (matches(c->origins[i], origin)) {
            return true;
        }
    }
    return false;
}

/* For the CSRF guard: an entry that is a scheme and a star lets all pages read, and trusts none of them. */
bool cors_names_origin(const struct cors *c, const char *origin)
{
    for (size_t i = 0; i < c->origin_count; i++) {
        if (names_site(c->origins[i]) && matches(c->origins[i], origin)) {
            return true;
        }
    }
    return false;
}

/* OPTIONS is the question itself. */
static bool allows_method(const struct cors *c, const char *method)
{
    if (strcmp(method, "OPTIONS") == 0) {
        return true;
    }
    for (size_t i = 0; i < c->method_count; i++) {
        if (strcasecmp(c->methods[i], method) == 0) {
            return true;
        }
    }
    return false;
}

/* The Fetch standard sends Origin with every such request; it needs no entry. */
static bool allows_header(const struct cors *c, const char *name, size_t n)
{
    for (size_t i = 0; i < c->header_count; i++) {
        if (strlen(c->headers[i]) == n && strncasecmp(c->headers[i], name, n) == 0) {
            return true;
        }
    }
    return n == 6 && strncasecmp(name, "Origin", 6) == 0;
}

/* One header that is not allowed refuses the preflight, as the Fetch standard has it: the browser then
 * sends nothing. */
static bool allows_headers(const struct cors *c, const char *list)
{
    if (!list || allows_all(c->headers, c->header_count)) {
        return true;
    }
    for (const char *s = list; *s;) {
        s += strspn(s, " \t,");
        size_t n = strcspn(s, " \t,");
        if (n && !allows_header(c, s, n)) {
            return false;
        }
        s += n;
    }
    return true;
}

/* As one header, as rs/cors in Kratos does it. */
static const char *joined(struct arena *a, const char *const *list, size_t n)
{
    struct buf b = BUF(a);
    for (size_t i = 0; i < n; i++) {
        buf_str(&b, i ? ", " : "");
        buf_str(&b, list[i]);
    }
    return n ? buf_text(&b) : NULL;
}

static struct cors_verdict allowed(const struct cors *c, const struct cors_question *q)
{
    /* "*" is never answered with the origin itself: together with credentials that would open every account
     * to every site */
    bool any = allows_anybody(c);
    return (struct cors_verdict){.allow_origin = any ? "*" : q->origin, .allow_credentials = c->credentials};
}

/* A pure function of the question, so that the table of tests is the specification. */
struct cors_verdict cors_judge(struct arena *a, const struct cors *c, const struct cors_question *q)
{
    bool preflight = q->method == HTTP_OPTIONS && q->request_method && *q->request_method;
    bool origin = q->origin && *q->origin && allows_origin(c, q->origin);
    struct cors_verdict v = {0};
    if (preflight && origin && allows_method(c, q->request_method) && allows_headers(c, q->request_headers)) {
        v = allowed(c, q);
        v.allow_methods = q->request_method;
        v.allow_headers = q->request_headers && *q->request_headers ? q->request_headers : NULL;
        v.max_age = c->max_age ? arena_printf(a, "%u", c->max_age) : NULL;
    } else if (!preflight && origin && (q->refused || allows_method(c, q->method_name))) {
        v = allowed(c, q);
        v.expose_headers = joined(a, c->exposed, c->exposed_count);
    }
    v.preflight = preflight;
    v.vary = preflight ? "Origin, Access-Control-Request-Method, Access-Control-Request-Headers" : "Origin";
    return v;
}

static void add(struct http_request *r, const char *name, const char *value)
{
    if (value) {
        http_answer_header(r, name, value);
    }
}

/* A value that came in with a request may go out again only if no character of it can break a header.
 * http_answer_header ends the program over such a character, so nothing of a request gets there unseen. */
static const char *harmless(const char *value)
{
    for (const char *s = value ? value : ""; *s; s++) {
        if (*s < 0x20 || *s > 0x7e) {
            return NULL;
        }
    }
    return value;
}

/* What the client sent is repeated only after it was found harmless: a header of ours is never made of a line
 * end. */
static struct cors_verdict answer_headers(struct http_request *r, const struct cors *c, struct arena *a,
                                          bool refused)
{
    struct cors_question q = {
        .method = http_method(r),
        .method_name = http_method_name(r),
        .origin = harmless(http_header(r, "Origin")),
        .request_method = harmless(http_header(r, "Access-Control-Request-Method")),
        .request_headers = harmless(http_header(r, "Access-Control-Request-Headers")),
        .refused = refused,
    };
    struct cors_verdict v = cors_judge(a, c, &q);
    add(r, "Vary", v.vary);
    add(r, "Access-Control-Allow-Origin", v.allow_origin);
    add(r, "Access-Control-Allow-Methods", v.allow_methods);
    add(r, "Access-Control-Allow-Headers", v.allow_headers);
    add(r, "Access-Control-Allow-Credentials", v.allow_credentials ? "true" : NULL);
    add(r, "Access-Control-Expose-Headers", v.expose_headers);
    add(r, "Access-Control-Max-Age", v.max_age);
    return v;
}

/* For refusals: a script on an allowed origin may read why. */
void cors_headers(struct http_request *r, const struct cors *c)
{
    struct arena arena = {0};
    (void)answer_headers(r, c, &arena, true);
    arena_free(&arena);
}

/* True where the question was a preflight, which is answered here and reaches no handler. */
bool cors_apply(struct http_request *r, const struct cors *c)
{
    struct arena arena = {0};
    bool preflight = answer_headers(r, c, &arena, false).preflight;
    if (preflight) {
        http_answer(r, 204, NULL, 0);
    }
    arena_free(&arena);
    return preflight;
}
