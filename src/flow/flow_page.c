/* Pages of lists, as /schemas and /sessions have them (kratos.md §1.3). */
#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "flow_int.h"

/* Pages count from 0. A page token is the page's number, made opaque: clients must not build on it. */
static const char token_prefix[] = "page:";

/* Nine digits fit into 32 bits and cannot overflow what they are multiplied with; signs and spaces, which
 * strtoul takes, are refused. */
static bool number(const char *text, uint64_t *out)
{
    char *end;

    if (text[0] < '0' || text[0] > '9' || strlen(text) > 9) {
        return false;
    }
    *out = strtoul(text, &end, 10);
    return *end == 0;
}

static bool token_read(struct call *c, const char *token, uint64_t *page)
{
    struct bytes text;
    size_t n = strlen(token_prefix);

    /* The token is no secret and holds none: whoever makes one only asks for another page of what they may
     * see. */
    return base64_decode(c->a, BASE64_URL, bytes_str(token), &text) && text.n > n &&
           memcmp(text.p, token_prefix, n) == 0 && number((const char *)text.p + n, page);
}

static enum ww_err refuse_parameter(struct call *c, const char *name, bool *answered)
{
    struct flow_refusal why = {.status = 400,
                               .reason = arena_printf(c->a, "The query parameter %s is not valid.", name)};
    *answered = true;
    return flow_refuse_json(c, &why, NULL, NULL, NULL);
}

enum ww_err flow_paging_size(struct call *c, uint64_t most, struct flow_paging *out, bool *answered)
{
    const char *size = flow_call_query(c, "page_size");

    /* Kratos' default (kratos.md §1.3). */
    *out = (struct flow_paging){0, 250};
    *answered = false;
    /* The older name of the same. */
    size = size ? size : flow_call_query(c, "per_page");
    if (size && size[0] == '-') { /* less than one means the default */
        size = NULL;
    }
    if (size && !number(size, &out->size)) {
        return refuse_parameter(c, "page_size", answered);
    }
    /* Cut, not refused: a client that asks for too much gets a page and a link to the next. */
    out->size = out->size == 0 ? 250 : out->size > most ? most : out->size;
    return WW_OK;
}

enum ww_err flow_paging_read(struct call *c, uint64_t most, struct flow_paging *out, bool *answered)
{
    const char *page = flow_call_query(c, "page"), *token = flow_call_query(c, "page_token");
    enum ww_err err = flow_paging_size(c, most, out, answered);

    if (err || *answered) {
        return err;
    }
    if (page && !number(page, &out->page)) {
        return refuse_parameter(c, "page", answered);
    }
    if (!page && token && !token_read(c, token, &out->page)) {
        return refuse_parameter(c, "page_token", answered);
    }
    return WW_OK;
}

struct linking {
    struct call *c;
    const char *path, *filter;
    struct buf b;
};

static void add_link(struct linking *l, int64_t page, uint64_t size, const char *rel)
{
    struct call *c = l->c;
    struct buf *b = &l->b;
    char *text = arena_printf(c->a, "%s%lld", token_prefix, (long long)page);
    char *token = text ? base64_encode(c->a, BASE64_URL, bytes_str(text)) : NULL;

    buf_printf(b, "%s<%s?%spage=%lld&page_size=%llu&page_token=%s&per_page=%llu>; rel=\"%s\"",
               b->n ? "," : "", l->path, l->filter, (long long)page, (unsigned long long)size,
               token ? token : "", (unsigned long long)size, rel);
}

/* Which links there are, recorded: one page has only "first"; an empty list has all around it. */
void flow_paging_answer(struct call *c, const char *path, const char *filter, const struct flow_paging *p,
                        uint64_t total)
{
    struct linking l = {c, path, filter, BUF(c->a)};
    /* -1 for an empty list, which has no page at all. */
    int64_t last = (int64_t)((total + p->size - 1) / p->size) - 1;
    int64_t page = (int64_t)p->page > last && last >= 0 ? last : (int64_t)p->page;

    if (last == 0) {
        add_link(&l, 0, page == (int64_t)p->page ? total : p->size, "first");
    } else if (last > 0 && page == 0) {
        add_link(&l, 1, p->size, "next");
        add_link(&l, last, p->size, "last");
    } else {
        add_link(&l, 0, p->size, "first");
        if (last < 0 || page < last) {
            add_link(&l, page + 1, p->size, "next");
        }
        add_link(&l, page - 1, p->size, "prev");
        if (page < last) {
            add_link(&l, last, p->size, "last");
        }
    }
    c->out->link = buf_text(&l.b);
    c->out->total = total;
}
