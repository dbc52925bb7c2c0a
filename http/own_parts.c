/* What the handlers of Watchword's own routes read and write alike (own-api.md): queries, JSON bodies,
 * refusals that name the field. */
#include "own_parts.h"

#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "http_error.h"
#include "negotiate.h"
#include "urlform.h"

/* With the field in details, so that a client can show it where it belongs. */
void own_refuse(struct route_call *c, const char *id, const char *field, const char *reason)
{
    struct js *details = js_object(c->arena);
    js_put(c->arena, details, "field", js_text(c->arena, field));
    http_error_answer(c->r, (struct js_error){.status = 400, .id = id, .reason = reason, .details = details});
}

/* ---- the query ---- */

bool own_read_query(struct route_call *c, struct own_query *out)
{
    const char *why;
    enum ww_err err = urlform_read(c->arena, bytes_str(http_query(c->r)), &out->pairs, &out->count, &why);
    if (err == WW_OK) {
        return true;
    }
    own_refuse(c, "query_invalid", "query", why);
    return false;
}

/* Bounded before it goes anywhere; an empty one is as absent. */
bool own_read_parameter(struct route_call *c, const struct own_query *q, const char *name, size_t most,
                        const char **out)
{
    const char *value = urlform_get(q->pairs, q->count, name);
    *out = value && value[0] ? value : NULL;
    if (*out && strlen(*out) > most) {
        own_refuse(c, "query_invalid", name, arena_printf(c->arena, "%s has at most %zu bytes", name, most));
        return false;
    }
    return true;
}

/* What is no number is refused, not guessed; what is too large is cut. */
bool own_read_page_size(struct route_call *c, const struct own_query *q, size_t *out)
{
    const char *text;
    char *end;
    *out = OWN_PAGE_DEFAULT;
    if (!own_read_parameter(c, q, "page_size", 20, &text)) {
        return false;
    }
    long n = text ? strtol(text, &end, 10) : 0;
    if (text && *end) {
        own_refuse(c, "query_invalid", "page_size", "page_size must be a number");
        return false;
    }
    if (n > 0) {
        *out = n > OWN_PAGE_MOST ? OWN_PAGE_MOST : (size_t)n;
    }
    return true;
}

/* ---- a JSON body ---- */

/* By length and bytes: a key with a NUL in it is no member of ours. */
static bool is_member(const struct js *m, const char *const *members)
{
    while (*members && !bytes_equal(m->key, bytes_str(*members))) {
        members++;
    }
    return *members != NULL;
}

bool own_read_object(struct route_call *c, const char *const *members, struct js **out)
{
    size_t n = 0;
    const uint8_t *body = http_body(c->r, &n);
    const char *why = "the body must be a JSON object";
    /* No form of another site can send this without asking first (CORS preflight); NEED_ORIGIN does not
     * rest on it. */
    if (!negotiate_is_type(http_header(c->r, "Content-Type"), "application/json")) {
        http_error_answer(c->r,
                          (struct js_error){.status = 415, .reason = "The body must be application/json."});
        return false;
    }
    enum ww_err err = js_read(c->arena, BYTES(n ? body : (const uint8_t *)"", n), out, &why);
    if (err == WW_ENOMEM) {
        answer_problem(c, err);
        return false;
    }
    if (err || (*out)->type != JS_OBJECT) {
        own_refuse(c, "json_invalid", "body", why);
        return false;
    }
    for (const struct js *m = (*out)->first; m; m = m->next) {
        /* A misspelt member would else be taken for one that was left out. */
        if (!is_member(m, members)) {
            own_refuse(c, "field_unknown", "body", "the body has a member that this call does not know");
            return false;
        }
    }
    return true;
}

/* Names as typed; the library finds out whose they are. */
bool own_read_people(struct route_call *c, const struct js *body, const char *name, const char *const **out,
                     size_t *n)
{
    const struct js *list = js_get(body, name);
    bool good = !list || list->type == JS_ARRAY;
    *n = 0;
    const char **people = ARENA_ARRAY(c->arena, good && list ? list->count : 0, const char *);
    *out = people;
    if (!people) {
        answer_problem(c, WW_ENOMEM);
        return false;
    }
    for (const struct js *m = good && list ? list->first : NULL; good && m; m = m->next) {
        good = m->type == JS_STRING && m->string.n <= OWN_PERSON_MOST && !memchr(m->string.p, 0, m->string.n);
        people[(*n)++] = (const char *)m->string.p;
    }
    if (!good) {
        own_refuse(
            c, "field_invalid", name,
            arena_printf(c->arena, "%s must be a list of texts of at most %d bytes", name, OWN_PERSON_MOST));
    }
    return good;
}

/* ---- answers ---- */

void own_answer_json(struct route_call *c, int status, const struct js *body)
{
    const char *text = js_write(c->arena, body);
    if (text) {
        dispatch_answer_text(c->r, status, "application/json; charset=utf-8", text);
    } else {
        answer_problem(c, WW_ENOMEM);
    }
}

/* A Link header (RFC 8288), as Kratos' lists have it. */
void own_put_next(struct route_call *c, const char *prefix, size_t page_size, const char *page_token)
{
    struct buf b = BUF(c->arena);
    buf_printf(&b, "<%s?page_size=%zu&page_token=", c->route->path, page_size);
    /* Both come from outside, and stand in a header. */
    urlform_percent_encode(&b, bytes_str(page_token));
    if (prefix) {
        buf_str(&b, "&prefix=");
        urlform_percent_encode(&b, bytes_str(prefix));
    }
    buf_str(&b, ">; rel=\"next\"");
    const char *text = buf_text(&b);
    if (text) {
        http_answer_header(c->r, "Link", text);
    }
}
