/* What items and shares have in common at the public line: a value with its condition in, what came of it and
 * pages of a list out. */
#include "api_int.h"

enum ww_err api_take_put(struct ww_op *op, const char *name, const void *value, size_t n,
                         const struct ww_item_condition *condition, struct vault_change *out)
{
    /* An empty value is a value; NULL with a length is a mistake of the caller's. */
    *out = (struct vault_change){.kind = VAULT_PUT, .value = BYTES(value ? value : "", n)};
    if (n > 0 && !value) {
        return api_text(op, NULL, "value");
    }
    return api_take_named(op, name, condition, out);
}

enum ww_err api_take_named(struct ww_op *op, const char *name, const struct ww_item_condition *condition,
                           struct vault_change *out)
{
    struct ww_item_condition c = {0};
    enum ww_err err = api_text(op, name, "name");
    if (err || (condition && (err = API_TAKE(op, ww_item_condition, condition, &c)))) {
        return err;
    }
    out->name = bytes_str(name);
    out->if_version = c.if_version;
    out->if_absent = c.if_absent;
    return WW_OK;
}

enum ww_err api_take_people(struct ww_op *op, const char *const *names, size_t n, const char *field,
                            struct account_names *out)
{
    enum ww_err err = n && !names ? api_text(op, NULL, field) : WW_OK;
    for (size_t i = 0; !err && i < n; i++) {
        err = api_text(op, names[i], field);
    }
    *out = (struct account_names){names, n, names != NULL};
    return err;
}

enum ww_err api_check_result(struct ww_op *op, const struct ww_item_result *result)
{
    return result ? api_check_size(op, "ww_item_result", result) : WW_OK;
}

void api_give_change(struct ww_item_result *to, const struct vault_change *c)
{
    struct ww_item_result r = {.created = c->created, .version = c->version, .time = c->time};
    if (to) {
        hex_encode(r.id, c->id.b, sizeof c->id.b);
        api_give(to, &r);
    }
}

/* A copy, since what was opened may end at the edge of another value; the NUL is for callers who print it. */
enum ww_err api_give_value(struct ww_op *op, struct bytes from, const void **value, size_t *n)
{
    struct bytes copy = bytes_dup(&op->arena, from);
    *value = copy.p;
    *n = copy.n;
    return copy.p ? WW_OK : op_no_memory(op);
}

enum ww_err api_page_give(struct ww_op *op, struct ww_page *page, struct ww_page *p, size_t n,
                          const void *found, size_t size, api_entry *make, const void *const **out)
{
    const char *token = NULL;
    p->count = n < p->limit ? n : p->limit;
    const void **list = ARENA_ARRAY(&op->arena, p->count, const void *);
    for (size_t i = 0; list && i < p->count; i++) {
        list[i] = make(op, (const char *)found + i * size, &token);
        list = list[i] ? list : NULL;
    }
    *out = list;
    if (!list) {
        return op_no_memory(op);
    }
    /* One more was found than is shown: there is a page after this one. */
    if (n > p->count) {
        p->next = token;
    }
    api_give(page, p);
    return WW_OK;
}

enum ww_err api_take_after(struct ww_op *op, const struct ww_page *page, struct uuid *id,
                           const struct uuid **out)
{
    *out = page->token && *page->token ? id : NULL;
    return *out && !uuid_parse(id, page->token)
               ? op_fail_field(op, WW_EINVAL, "page_token_invalid", "page_token",
                               "the page token is not one of ours")
               : WW_OK;
}
