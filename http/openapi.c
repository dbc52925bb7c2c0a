/* /openapi.json: Watchword's own routes, from the table of routes (OpenAPI 3.0.3). Kratos' routes are
 * described by Kratos. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "own_parts.h"
#include "status.h"

/* error.id of the refusals (own-api.md, "Refusals of its own") */
static const struct {
    int status;
    const char *ids;
} refusals[] = {
    {401, "session_inactive"},
    {403, "security_csrf_violation, session_refresh_required, session_aal2_required"},
    {404, "item_not_found, recipient_unknown, contact_unknown"},
    {409, "vault_none, contact_changed"},
    {412, "version_mismatch"},
    {413, "item_too_large, vault_full; the limit is in details"},
    {423, "vault_locked"},
    {429, "throttled; Retry-After tells the wait"},
    {500, "vault_tampered, vault_rolled_back"},
    {503, "busy; Retry-After tells the wait"},
};

static void put(struct arena *a, struct js *o, const char *key, const char *text)
{
    js_put(a, o, key, js_text(a, text));
}

static struct js *put_object(struct arena *a, struct js *o, const char *key)
{
    return js_put(a, o, key, js_object(a));
}

/* A constant of route_docs.c. NULL leaves the member out. */
static struct js *parsed(struct arena *a, const char *json)
{
    struct js *v;
    const char *why;
    return js_read(a, bytes_str(json), &v, &why) == WW_OK ? v : NULL;
}

static void put_content(struct arena *a, struct js *o, const char *type, const char *schema)
{
    struct js *media = put_object(a, put_object(a, o, "content"), type);
    js_put(a, media, "schema", parsed(a, schema ? schema : "{\"type\":\"string\",\"format\":\"binary\"}"));
}

/* ---- parameters ---- */

/* Numbers are told from texts by the one name that is a number. */
static void add_parameter(struct arena *a, struct js *list, const char *name, size_t n, const char *in)
{
    struct js *p = js_push(list, js_object(a));
    bool number = n == 9 && strncmp(name, "page_size", 9) == 0;
    js_put(a, p, "name", js_string(a, BYTES(name, n)));
    put(a, p, "in", in);
    if (strcmp(in, "path") == 0) {
        js_put(a, p, "required", js_bool(a, true));
    }
    js_put(a, p, "schema", parsed(a, number ? "{\"type\":\"integer\"}" : "{\"type\":\"string\"}"));
}

static void add_parameters(struct arena *a, struct js *list, const char *names, const char *in)
{
    for (const char *s = names ? names : ""; *s; s += strspn(s, " ")) {
        size_t n = strcspn(s, " ");
        add_parameter(a, list, s, n, in);
        s += n;
    }
}

static struct js *parameters_of(struct arena *a, const struct route *route)
{
    struct js *list = js_array(a);
    const char *brace = strchr(route->path, '{');
    if (brace) {
        add_parameter(a, list, brace + 1, strcspn(brace + 1, "}"), "path");
    }
    add_parameters(a, list, route->doc->query, "query");
    add_parameters(a, list, route->doc->headers, "header");
    return list;
}

/* ---- answers ---- */

static const char *description_of(struct arena *a, int status)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].status == status) {
            return arena_printf(a, "%s: %s", status_text(status), refusals[i].ids);
        }
    }
    return status_text(status);
}

static struct js *add_answer(struct arena *a, struct js *answers, int status)
{
    char code[12];
    snprintf(code, sizeof code, "%d", status);
    struct js *o = put_object(a, answers, code);
    put(a, o, "description", description_of(a, status));
    if (status >= 400) {
        struct js *media = put_object(a, put_object(a, o, "content"), "application/json");
        put(a, put_object(a, media, "schema"), "$ref", "#/components/schemas/error");
    }
    return o;
}

/* The success of the row, and the refusals that all routes share. */
static struct js *answers_of(struct arena *a, const struct route *route)
{
    const struct route_doc *doc = route->doc;
    struct js *answers = js_object(a), *success = add_answer(a, answers, doc->status);
    if (doc->answer_type) {
        put_content(a, success, doc->answer_type, doc->answer);
    }
    for (const char *s = doc->others ? doc->others : ""; *s;) {
        char *end;
        add_answer(a, answers, (int)strtol(s, &end, 10));
        s = end + strspn(end, " ");
    }
    if (route->needs & NEED_SESSION) {
        add_answer(a, answers, 401);
    }
    if (route->needs & (NEED_ORIGIN | NEED_RECENT)) {
        add_answer(a, answers, 403);
    }
    /* Any route can meet altered data, or a server that is full. */
    add_answer(a, answers, 500);
    add_answer(a, answers, 503);
    return answers;
}

/* ---- the document ---- */

static const char *method_of(unsigned methods)
{
    static const struct {
        unsigned method;
        const char *name;
    } names[] = {{HTTP_GET, "get"},
                 {HTTP_POST, "post"},
                 {HTTP_PUT, "put"},
                 {HTTP_DELETE, "delete"},
                 {HTTP_PATCH, "patch"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (methods & names[i].method) {
            return names[i].name;
        }
    }
    return "trace";
}

/* From the table alone: a route without a description is none of ours. */
static void add_route(struct arena *a, struct js *paths, const struct route *route)
{
    const struct route_doc *doc = route->doc;
    struct js *path = js_get(paths, route->path);
    struct js *o = put_object(a, path ? path : put_object(a, paths, route->path), method_of(route->methods));
    put(a, o, "operationId", doc->operation);
    put(a, o, "summary", doc->summary);
    js_put(a, o, "parameters", parameters_of(a, route));
    if (doc->request_type) {
        struct js *body = put_object(a, o, "requestBody");
        js_put(a, body, "required", js_bool(a, true));
        put_content(a, body, doc->request_type, doc->request);
    }
    js_put(a, o, "responses", answers_of(a, route));
}

static struct js *components_of(struct arena *a, const struct site *site)
{
    static const char error[] =
        "{\"type\":\"object\",\"required\":[\"error\"],\"properties\":{\"error\":{\"type\":\"object\","
        "\"required\":[\"code\",\"status\",\"message\"],\"properties\":{\"id\":{\"type\":\"string\"},"
        "\"code\":{\"type\":\"integer\"},\"status\":{\"type\":\"string\"},\"request\":{\"type\":\"string\"},"
        "\"reason\":{\"type\":\"string\"},\"details\":{\"type\":\"object\"},"
        "\"message\":{\"type\":\"string\"}}}}}";
    struct js *o = js_object(a), *schemes = put_object(a, o, "securitySchemes");
    js_put(a, put_object(a, o, "schemas"), "error", parsed(a, error));
    js_put(a, schemes, "token",
           parsed(a, "{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Session-Token\"}"));
    js_put(a, schemes, "bearer", parsed(a, "{\"type\":\"http\",\"scheme\":\"bearer\"}"));
    struct js *cookie = put_object(a, schemes, "cookie");
    put(a, cookie, "type", "apiKey");
    put(a, cookie, "in", "cookie");
    put(a, cookie, "name", site->session_cookie_name);
    return o;
}

/* Made at each request: it is asked for by people who write clients, not by clients. */
void handle_openapi(struct route_call *c)
{
    struct arena *a = c->arena;
    struct js *root = js_object(a), *info, *paths;
    put(a, root, "openapi", "3.0.3");
    info = put_object(a, root, "info");
    put(a, info, "title", "Watchword");
    put(a, info, "version", ww_version());
    put(a, js_push(js_put(a, root, "servers", js_array(a)), js_object(a)), "url", c->site->public_url);
    js_put(a, root, "security", parsed(a, "[{\"token\":[]},{\"bearer\":[]},{\"cookie\":[]}]"));
    paths = put_object(a, root, "paths");
    for (size_t i = 0; i < routes_public_count; i++) {
        if (routes_public[i].doc) {
            add_route(a, paths, &routes_public[i]);
        }
    }
    js_put(a, root, "components", components_of(a, c->site));
    own_answer_json(c, 200, root);
}
