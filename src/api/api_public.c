/* Public data (vault.md §11) for callers. */
#include "api_int.h"

static enum ww_err take_scope(struct ww_op *op, enum ww_public_scope from, enum public_scope *to)
{
    *to = from == WW_PUBLIC_OWN ? PUBLIC_OWN : PUBLIC_DEPLOYMENT;
    return from == WW_PUBLIC_OWN || from == WW_PUBLIC_DEPLOYMENT
               ? WW_OK
               : op_fail_field(op, WW_EINVAL, "scope_unknown", "scope", "there is no such scope");
}

static enum ww_err fill(struct ww_op *op, const struct public_row *from, struct ww_public *out)
{
    *out = (struct ww_public){.size = sizeof *out,
                              .name = arena_strndup(&op->arena, from->name.p, from->name.n),
                              .scope = from->scope == PUBLIC_OWN ? WW_PUBLIC_OWN : WW_PUBLIC_DEPLOYMENT,
                              .owner = uuid_text(&op->arena, from->owner),
                              .version = from->version,
                              .time = from->time};
    return out->name && out->owner ? WW_OK : op_no_memory(op);
}

enum ww_err ww_public_put(struct ww_op *op, struct ww_session *session, enum ww_public_scope scope,
                          const char *name, const void *value, size_t value_length,
                          const struct ww_item_condition *condition, struct ww_item_result *result)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    enum public_scope where;
    struct vault_change c;
    enum ww_err err = take_scope(op, scope, &where);
    if (err || (err = api_take_put(op, name, value, value_length, condition, &c)) ||
        (err = api_check_result(op, result))) {
        return err;
    }
    if ((err = account_public_change(op, service_of(op), x, where, &c)) == WW_OK) {
        api_give_change(result, &c);
    }
    return err;
}

enum ww_err ww_public_delete(struct ww_op *op, struct ww_session *session, enum ww_public_scope scope,
                             const char *name, const struct ww_item_condition *condition)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    enum public_scope where;
    struct vault_change c = {.kind = VAULT_DELETE};
    enum ww_err err = take_scope(op, scope, &where);
    err = err ? err : api_take_named(op, name, condition, &c);
    return err ? err : account_public_change(op, service_of(op), x, where, &c);
}

enum ww_err ww_public_get(struct ww_op *op, struct ww_session *session, const char *owner, const char *name,
                          const void **value, size_t *value_length, struct ww_public *about)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct public_row row;
    struct ww_public told;
    struct uuid who;
    *value = NULL;
    *value_length = 0;
    enum ww_err err = about ? api_check_size(op, "ww_public", about) : WW_OK;
    if (err || (err = api_text(op, name, "name"))) {
        return err;
    }
    if (owner && !uuid_parse(&who, owner)) {
        return op_fail(op, WW_ENOTFOUND, "item_not_found", "nothing is public under this name");
    }
    if ((err = account_public_get(op, service_of(op), x, owner ? &who : NULL, bytes_str(name), &row)) ||
        (err = fill(op, &row, &told))) {
        return err;
    }
    if (about) {
        api_give(about, &told);
    }
    return api_give_value(op, row.value, value, value_length);
}

/* The page goes on behind the last id. */
static const void *public_entry(struct ww_op *op, const void *found, const char **token)
{
    const struct public_row *row = found;
    struct ww_public *out = ARENA_NEW(&op->arena, struct ww_public);
    *token = uuid_text(&op->arena, row->id);
    return out && *token && fill(op, row, out) == WW_OK ? out : NULL;
}

enum ww_err ww_public_list(struct ww_op *op, struct ww_session *session, struct ww_page *page,
                           const struct ww_public *const **list)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct public_row *rows;
    struct ww_page p;
    struct uuid id;
    const struct uuid *after;
    size_t n;
    *list = NULL;
    enum ww_err err = api_page_read(op, page, &p);
    if (err) {
        return err;
    }
    if ((err = api_take_after(op, &p, &id, &after)) ||
        (err = account_public_list(op, service_of(op), x, after, p.limit + 1, &rows, &n))) {
        return err;
    }
    const void *const *out;
    if ((err = api_page_give(op, page, &p, n, rows, sizeof *rows, public_entry, &out)) == WW_OK) {
        *list = (const struct ww_public *const *)out;
    }
    return err;
}
