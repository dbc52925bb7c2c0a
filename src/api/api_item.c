/* Items: what a session's vault holds. */
#include "api_int.h"

enum { ID_TEXT = 33 };

/* ---- changes ---- */

static enum ww_err change_of(struct ww_op *op, const struct ww_item_change *c, struct vault_change *out)
{
    static const enum vault_change_kind kinds[] = {
        [WW_ITEM_PUT] = VAULT_PUT, [WW_ITEM_DELETE] = VAULT_DELETE, [WW_ITEM_GET] = VAULT_GET};
    /* Before it is an index. */
    if ((unsigned)c->action > WW_ITEM_GET) {
        return op_fail_field(op, WW_EINVAL, "action_invalid", "action", "there is no such action");
    }
    if (c->value_length > 0 && c->action == WW_ITEM_PUT && !c->value) {
        return api_text(op, NULL, "value");
    }
    *out = (struct vault_change){
        .kind = kinds[c->action],
        .name = c->name ? bytes_str(c->name) : BYTES(NULL, 0),
        .value = BYTES(c->value, c->value_length),
        .if_version = c->if_version,
        .if_absent = c->if_absent,
    };
    return api_text(op, c->name, "name");
}

/* What came of it. */
static enum ww_err result_of(struct ww_op *op, const struct vault_change *done, struct ww_item_change *c)
{
    c->created = done->created;
    c->version = done->version;
    c->time = done->time;
    hex_encode(c->id, done->id.b, sizeof done->id.b);
    return c->action == WW_ITEM_GET ? api_give_value(op, done->value, &c->value, &c->value_length) : WW_OK;
}

/* Everything is read and checked before the transaction begins; results go out only when it was committed. */
static enum ww_err apply(struct ww_op *op, struct session *x, struct ww_item_change *changes, size_t n)
{
    struct vault_change *list = ARENA_ARRAY(&op->arena, n, struct vault_change);
    enum ww_err err = list ? WW_OK : op_no_memory(op);
    for (size_t i = 0; !err && i < n; i++) {
        err = change_of(op, &changes[i], &list[i]);
    }
    if (err || (err = account_vault_change(op, service_of(op), x, list, n))) {
        return err;
    }
    for (size_t i = 0; !err && i < n; i++) {
        err = result_of(op, &list[i], &changes[i]);
    }
    return err;
}

/* The caller's array steps by the caller's size. */
enum ww_err ww_item_change(struct ww_op *op, struct ww_session *session, struct ww_item_change *changes,
                           size_t n)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct ww_item_change *whole = ARENA_ARRAY(&op->arena, n, struct ww_item_change);
    size_t step = changes && n > 0 ? changes[0].size : 0;
    enum ww_err err = whole ? WW_OK : op_no_memory(op);
    for (size_t i = 0; !err && i < n; i++) {
        const char *from = changes ? (const char *)changes + i * step : NULL;
        err = API_TAKE(op, ww_item_change, from, &whole[i]);
        if (!err && whole[i].size != step) {
            err = op_fail_field(op, WW_EINVAL, "size_unknown", "ww_item_change",
                                "the sizes in one array differ");
        }
    }
    if (err || (err = apply(op, x, whole, n))) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        api_give((char *)changes + i * step, &whole[i]);
    }
    return WW_OK;
}

enum ww_err ww_item_put(struct ww_op *op, struct ww_session *session, const char *name, const void *value,
                        size_t value_length, const struct ww_item_condition *condition,
                        struct ww_item_result *result)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct vault_change c;
    enum ww_err err = api_take_put(op, name, value, value_length, condition, &c);
    if (err || (err = api_check_result(op, result)) ||
        (err = account_vault_change(op, service_of(op), x, &c, 1))) {
        return err;
    }
    api_give_change(result, &c);
    return WW_OK;
}

enum ww_err ww_item_delete(struct ww_op *op, struct ww_session *session, const char *name,
                           const struct ww_item_condition *condition)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct vault_change c = {.kind = VAULT_DELETE};
    enum ww_err err = api_take_named(op, name, condition, &c);
    return err ? err : account_vault_change(op, service_of(op), x, &c, 1);
}

/* ---- reading ---- */

enum ww_err ww_item_get(struct ww_op *op, struct ww_session *session, const char *name, const void **value,
                        size_t *value_length, struct ww_item_result *result)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct vault_value got;
    *value = NULL;
    *value_length = 0;
    enum ww_err err = api_check_result(op, result);
    if (err || (err = api_text(op, name, "name")) ||
        (err = account_item_get(op, service_of(op), x, bytes_str(name), &got)) ||
        (err = api_give_value(op, got.value, value, value_length))) {
        return err;
    }
    api_give_change(result, &(struct vault_change){.id = got.id, .version = got.version, .time = got.time});
    return WW_OK;
}

/* Own memory of the operation, so that it outlives the leaf that it was read from. */
static const struct ww_item_entry *entry_of(struct ww_op *op, const struct vault_entry *e)
{
    struct ww_item_entry *out = ARENA_NEW(&op->arena, struct ww_item_entry);
    if (out) {
        *out = (struct ww_item_entry){.size = sizeof *out,
                                      .name = arena_strndup(&op->arena, e->name.p, e->name.n),
                                      .version = e->version};
        hex_encode(out->id, e->id.b, sizeof e->id.b);
    }
    return out && out->name ? out : NULL;
}

static const void *list_entry(struct ww_op *op, const void *found, const char **token)
{
    const struct ww_item_entry *out = entry_of(op, found);
    *token = out ? out->name : NULL;
    return out;
}

enum ww_err ww_item_list(struct ww_op *op, struct ww_session *session, const char *prefix,
                         struct ww_page *page, const struct ww_item_entry *const **entries)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct vault_entry *list;
    struct ww_page p;
    size_t n;
    *entries = NULL;
    enum ww_err err = api_page_read(op, page, &p);
    if (err) {
        return err;
    }
    /* The token is the last name that was shown: a list goes on rightly when that item is gone meanwhile. */
    struct bytes after = p.token && *p.token ? bytes_str(p.token) : BYTES(NULL, 0);
    if ((err = account_item_list(op, service_of(op), x, bytes_str(prefix ? prefix : ""), after, p.limit + 1,
                                 &list, &n))) {
        return err;
    }
    const void *const *out;
    if ((err = api_page_give(op, page, &p, n, list, sizeof *list, list_entry, &out)) == WW_OK) {
        *entries = (const struct ww_item_entry *const *)out;
    }
    return err;
}

/* By id, for pages whose addresses hold no names (own-api.md, "Pages"). */
enum ww_err ww_item_find(struct ww_op *op, struct ww_session *session, const char *id,
                         const struct ww_item_entry **entry)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct vault_entry found;
    struct uuid wanted;
    *entry = NULL;
    if (!id || strlen(id) != ID_TEXT - 1 || !hex_decode(wanted.b, sizeof wanted.b, id)) {
        return op_fail(op, WW_ENOTFOUND, "item_not_found", "there is no item of this id");
    }
    enum ww_err err = account_item_find(op, service_of(op), x, &wanted, &found);
    if (err) {
        return err;
    }
    *entry = entry_of(op, &found);
    return *entry ? WW_OK : op_no_memory(op);
}

enum ww_err ww_item_look(struct ww_op *op, struct ww_session *session, const char *name,
                         const struct ww_item_entry **entry)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct vault_entry found;
    *entry = NULL;
    enum ww_err err = api_text(op, name, "name");
    if (err || (err = account_item_look(op, service_of(op), x, bytes_str(name), &found))) {
        return err;
    }
    *entry = entry_of(op, &found);
    return *entry ? WW_OK : op_no_memory(op);
}

enum ww_err ww_vault_state(struct ww_op *op, struct ww_session *session, struct ww_vault_state *out)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct ww_vault_state state = {.state = "open"};
    enum ww_err err = api_check_size(op, "ww_vault_state", out);
    if (err) {
        return err;
    }
    err = account_item_count(op, service_of(op), x, &state.items);
    /* These are what is asked about, not failures. A session that lacks its second factor says "locked". */
    if (err == WW_ENOVAULT || err == WW_ELOCKED || err == WW_EAAL) {
        state.state = err == WW_ENOVAULT ? "none" : "locked";
        err = WW_OK;
    }
    state.epoch = x->record->epoch;
    account_openers(x, &state.passwords, &state.codes);
    api_give(out, &state);
    return err;
}
