/* Identities on the admin port, as Kratos' administration API has them (kratos.md §§1.2, 1.3, 5.2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "http_error.h"
#include "urlform.h"

/* Identities of a page, as Kratos has them (kratos.md §1.3). */
enum { PAGE_DEFAULT = 250, PAGE_MOST = 500 };

/* With the charset, as recorded for the admin port. */
static void answer_json(struct route_call *c, int status, const char *json)
{
    dispatch_answer_text(c->r, status, "application/json; charset=utf-8", json);
}

/* What Kratos says of each, and where: in `reason`, or in `message` alone. */
static void answer_refused(struct route_call *c, enum ww_err err)
{
    const struct ww_problem *p = ww_op_problem(c->op);
    struct js_error e = {.status = 400, .reason = p->text};

    if (err == WW_ENOTFOUND) {
        e = (struct js_error){.status = 404, .message = "Unable to locate the resource"};
    } else if (err == WW_ECONFLICT) {
        e = (struct js_error){.status = 409,
                              .reason = "This identity conflicts with another identity that already exists."};
    } else if (err == WW_EINVAL && strcmp(p->id, "schema_unknown") != 0 &&
               strcmp(p->id, "state_invalid") != 0 && strcmp(p->id, "page_token_invalid") != 0) {
        e = (struct js_error){.status = 400, .message = p->text};
    } else if (err != WW_EINVAL && err != WW_EVALIDATION && err != WW_EUNSUPPORTED) {
        answer_problem(c, err);
        return;
    }
    http_error_answer(c->r, e);
}

/* The library reads the body: its members, types and limits are one table there. */
void handle_identity_create(struct route_call *c)
{
    const char *json, *id;
    size_t n = 0;
    const uint8_t *body = http_body(c->r, &n);
    enum ww_err err = ww_admin_identity_create(c->op, (const char *)body, n, &json, &id);
    if (err) {
        answer_refused(c, err);
        return;
    }
    /* The configured address, not the Host that was asked for. */
    size_t base = strlen(c->site->admin_url);
    while (base > 0 && c->site->admin_url[base - 1] == '/') {
        base--;
    }
    char *url = arena_printf(c->arena, "%.*s/identities/%s", (int)base, c->site->admin_url, id);
    if (url) {
        http_answer_header(c->r, "Location", url);
    }
    answer_json(c, 201, json);
}

/* Kratos' parameters that this version does not follow: passed over, they would give what was not asked for.
 */
static bool admits_query(struct route_call *c, const struct ww_pair **pairs, size_t *count)
{
    static const char *const unsupported[] = {"ids", "preview_credentials_identifier_similar",
                                              "organization_id", "include_credential", "page"};
    const char *why;
    if (urlform_read(c->arena, bytes_str(http_query(c->r)), pairs, count, &why) != WW_OK) {
        http_error_answer(c->r, (struct js_error){.status = 400, .reason = why});
        return false;
    }
    for (size_t i = 0; i < sizeof unsupported / sizeof unsupported[0]; i++) {
        if (urlform_get(*pairs, *count, unsupported[i])) {
            why = arena_printf(c->arena, "The parameter %s is not supported yet.", unsupported[i]);
            http_error_answer(c->r, (struct js_error){.status = 400, .reason = why});
            return false;
        }
    }
    return true;
}

/* By id; by a name it is `watchword user show` that looks. */
void handle_identity_get(struct route_call *c)
{
    const struct ww_pair *pairs;
    const char *json;
    size_t count;
    if (!admits_query(c, &pairs, &count)) {
        return;
    }
    enum ww_err err = ww_admin_identity_get(c->op, c->id, &json);
    if (err) {
        answer_refused(c, err);
    } else {
        answer_json(c, 200, json);
    }
}

/* 404 for an id that nobody has, as for one that is gone. */
void handle_identity_delete(struct route_call *c)
{
    enum ww_err err = ww_admin_identity_delete(c->op, c->id);
    if (err) {
        answer_refused(c, err);
    } else {
        http_answer(c->r, 204, NULL, 0);
    }
}

/* page_size: less than one means the default, too much the most; what is no number is refused. */
static bool read_size(const char *text, size_t *out)
{
    char *end;
    long n = text ? strtol(text, &end, 10) : 0;
    if (text && (end == text || *end)) {
        return false;
    }
    *out = n < 1 ? PAGE_DEFAULT : n > PAGE_MOST ? PAGE_MOST : (size_t)n;
    return true;
}

/* Relative references, as Kratos gives them. Tokens are numbers that were read as such, so they need no
 * escaping. */
static void put_links(struct route_call *c, size_t size, const char *token, const char *next)
{
    struct buf b = BUF(c->arena);
    buf_printf(&b, "</admin/identities?page_size=%zu&page_token=%s>; rel=\"first\"", size,
               token ? token : "0");
    if (next) {
        buf_printf(&b, ",</admin/identities?page_size=%zu&page_token=%s>; rel=\"next\"", size, next);
    }
    char *text = buf_text(&b);
    if (text) {
        http_answer_header(c->r, "Link", text);
    }
}

/* By credentials_identifier: none or one. */
static void answer_found(struct route_call *c, const char *identifier)
{
    const char *json;
    enum ww_err err = ww_admin_identity_find(c->op, identifier, &json);
    char *list = err ? NULL : arena_printf(c->arena, "[%s]", json);
    if (err && err != WW_ENOTFOUND) {
        answer_refused(c, err);
        return;
    }
    answer_json(c, 200, list ? list : "[]");
}

/* Pages by token (kratos.md §1.3); numbers of pages are Kratos' older way and still understood. */
void handle_identity_list(struct route_call *c)
{
    const struct ww_pair *pairs;
    struct ww_page page = {.size = sizeof page};
    const char *json;
    size_t count;
    if (!admits_query(c, &pairs, &count)) {
        return;
    }
    const char *per_page = urlform_get(pairs, count, "per_page"); /* the older name */
    const char *page_size = urlform_get(pairs, count, "page_size");
    if (!read_size(page_size ? page_size : per_page, &page.limit)) {
        http_error_answer(c->r, (struct js_error){.status = 400, .reason = "page_size must be a number"});
        return;
    }
    const char *identifier = urlform_get(pairs, count, "credentials_identifier");
    if (identifier && identifier[0]) {
        answer_found(c, identifier);
        return;
    }
    page.token = urlform_get(pairs, count, "page_token");
    enum ww_err err = ww_admin_identity_list(c->op, &page, &json);
    if (err) {
        answer_refused(c, err);
        return;
    }
    put_links(c, page.limit, NULL, page.next);
    answer_json(c, 200, json);
}
