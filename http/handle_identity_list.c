/* GET /admin/identities: filters, pages by token, and the older pages by number (kratos.md §1.3). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin_parts.h"
#include "handlers.h"
#include "http_error.h"
#include "urlform.h"

/* Identities of a page; and the last that a page by number may end with, since it reads all before it. */
enum { PAGE_DEFAULT = 250, PAGE_MOST = 500, LEGACY_MOST = 1000 };

static bool refuse(struct route_call *c, const char *reason)
{
    http_error_answer(c->r, (struct js_error){.status = 400, .reason = reason});
    return false;
}

/* Less than one means the default, too much the most; what is no number is refused. */
static bool read_number(struct route_call *c, const char *name, const char *text, long *out)
{
    char *end;
    errno = 0;
    *out = text ? strtol(text, &end, 10) : 0;
    if (text && (end == text || *end || errno)) {
        return refuse(c, arena_printf(c->arena, "%s must be a number", name));
    }
    return true;
}

/* Parameters that change nothing are not repeated in links. */
static int by_name(const void *x, const void *y)
{
    const struct ww_pair *a = x, *b = y;
    return strcmp(a->name, b->name);
}

static bool is_repeated(const char *name)
{
    static const char *const names[] = {"ids", "include_credential", "preview_credentials_identifier_similar",
                                        "organization_id", "consistency"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

struct linking {
    struct route_call *c;
    const struct own_query *q;
    struct buf b;
};

/* A reference with the request's own filters and two parameters, sorted by name. */
static void add_link(struct linking *l, const char *rel, const struct ww_pair page[2])
{
    size_t n = 0;
    struct ww_pair *list = ARENA_ARRAY(l->c->arena, l->q->count + 2, struct ww_pair);
    if (!list) {
        return;
    }
    for (size_t i = 0; i < l->q->count; i++) {
        if (is_repeated(l->q->pairs[i].name)) {
            list[n++] = l->q->pairs[i];
        }
    }
    list[n++] = page[0];
    list[n++] = page[1];
    qsort(list, n, sizeof *list, by_name);
    buf_str(&l->b, l->b.n ? ",</admin/identities?" : "</admin/identities?");
    for (size_t i = 0; i < n; i++) {
        buf_printf(&l->b, "%s%s=", i ? "&" : "", list[i].name);
        urlform_percent_encode(&l->b, bytes_str(list[i].value));
    }
    buf_printf(&l->b, ">; rel=\"%s\"", rel);
}

static void put_links(struct linking *l)
{
    char *text = buf_text(&l->b);
    if (text) {
        http_answer_header(l->c->r, "Link", text);
    }
}

static const char *number(struct route_call *c, uint64_t v)
{
    const char *text = arena_printf(c->arena, "%llu", (unsigned long long)v);
    return text ? text : "";
}

static void link_tokens(struct linking *l, size_t size, const char *next)
{
    const char *text = number(l->c, size);
    add_link(l, "first", (const struct ww_pair[]){{"page_size", text, 0}, {"page_token", "0", 0}});
    if (next) {
        add_link(l, "next", (const struct ww_pair[]){{"page_size", text, 0}, {"page_token", next, 0}});
    }
    put_links(l);
}

static void link_page(struct linking *l, uint64_t page, size_t size, const char *rel)
{
    add_link(l, rel,
             (const struct ww_pair[]){{"page", number(l->c, page), 0}, {"per_page", number(l->c, size), 0}});
}

/* Which there are depends on where the page is; a page behind the last is taken for it. */
static void link_pages(struct linking *l, uint64_t page, size_t size, uint64_t total)
{
    uint64_t last = total ? (total + size - 1) / size - 1 : 0;
    page = page < last ? page : last;
    if (page > 0 || last == 0) {
        link_page(l, 0, size, "first");
    }
    if (page < last) {
        link_page(l, page + 1, size, "next");
    }
    if (page > 0) {
        link_page(l, page - 1, size, "prev");
    }
    if (page < last) {
        link_page(l, last, size, "last");
    }
    http_answer_header(l->c->r, "X-Total-Count", number(l->c, total));
    put_links(l);
}

/* Pages by number: without page_token and page_size only. */
static bool read_legacy(struct route_call *c, const struct own_query *q, struct ww_identity_filter *by,
                        long size, long *page)
{
    const char *text = urlform_get(q->pairs, q->count, "page");
    by->count = text && !urlform_get(q->pairs, q->count, "page_token") &&
                !urlform_get(q->pairs, q->count, "page_size");
    if (!read_number(c, "page", text, page)) {
        return false;
    }
    *page = *page < 0 ? 0 : *page;
    if (by->count && *page > LEGACY_MOST / size) {
        return refuse(c,
                      "Legacy pagination is not supported for enumerating over 1000 items. Please switch to "
                      "using page_token and page_size.");
    }
    by->skip = by->count ? (size_t)(*page * size) : 0;
    return true;
}

static const char *filled(const struct own_query *q, const char *name)
{
    const char *value = urlform_get(q->pairs, q->count, name);
    return value && *value ? value : NULL;
}

static bool read_filter(struct route_call *c, const struct own_query *q, struct ww_identity_filter *by)
{
    *by = (struct ww_identity_filter){
        .size = sizeof *by,
        .identifier = filled(q, "credentials_identifier"),
        .similar = filled(q, "preview_credentials_identifier_similar"),
        .organization_id = filled(q, "organization_id"),
    };
    if (!admin_read_repeated(c, q, "ids", &by->ids, &by->id_count) ||
        !admin_read_repeated(c, q, "include_credential", &by->include, &by->include_count)) {
        return false;
    }
    by->ids = by->id_count ? by->ids : NULL;
    return true;
}

void handle_identity_list(struct route_call *c)
{
    struct ww_page page = {.size = sizeof page};
    struct ww_identity_filter by;
    struct own_query q;
    const char *json;
    long size, at;
    if (!admin_read_query(c, &q) || !read_filter(c, &q, &by)) {
        return;
    }
    const char *text = urlform_get(q.pairs, q.count, "page_size");
    text = text ? text : urlform_get(q.pairs, q.count, "per_page"); /* the older name */
    if (!read_number(c, "page_size", text, &size)) {
        return;
    }
    size = size < 1 ? PAGE_DEFAULT : size > PAGE_MOST ? PAGE_MOST : size;
    if (!read_legacy(c, &q, &by, size, &at)) {
        return;
    }
    page.limit = (size_t)size;
    page.token = urlform_get(q.pairs, q.count, "page_token");
    enum ww_err err = ww_admin_identity_search(c->op, &by, &page, &json);
    if (err) {
        admin_answer_refused(c, err);
        return;
    }
    struct linking l = {c, &q, BUF(c->arena)};
    if (by.count) {
        link_pages(&l, (uint64_t)at, (size_t)size, by.total);
    } else if (!by.identifier) { /* one, or none */
        link_tokens(&l, (size_t)size, page.next);
    }
    admin_answer_json(c, 200, json);
}
