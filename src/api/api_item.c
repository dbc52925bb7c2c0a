/* Items. */
#include <string.h>

#include "api_int.h"

static struct ww_item_result result_of(bool created, const struct uuid *id, uint64_t version, uint64_t time)
{
    struct ww_item_result out = {.created = created, .version = version, .time = time};
    hex_encode(out.id, id->b, sizeof id->b);
    return out;
}

static struct vault_change change_of(const struct ww_item_change *c)
{
    static const enum vault_change_kind kinds[] = {
        [WW_ITEM_PUT] = VAULT_PUT, [WW_ITEM_DELETE] = VAULT_DELETE, [WW_ITEM_GET] = VAULT_GET};
    return (struct vault_change){
        .kind = kinds[c->action],
        .name = BYTES(c->name, c->name_length),
        .value = BYTES(c->value, c->value_length),
        .if_version = c->condition.if_version,
        .if_absent = c->condition.if_absent,
    };
}

enum ww_err ww_item_change(struct ww_op *op, struct ww_session *session, struct ww_item_change *changes,
                           size_t n)
{
    struct vault_change *list = ARENA_ARRAY(&op->arena, n, struct vault_change);
    if (!list) {
        return op_no_memory(op);
    }
    for (size_t i = 0; i < n; i++) {
        if ((unsigned)changes[i].action > WW_ITEM_GET) {
            return op_fail_field(op, WW_EINVAL, "action_invalid", "action", "there is no such action");
        }
        list[i] = change_of(&changes[i]);
    }
    enum ww_err err = account_vault_change(op, service_of(op), session_of(session), list, n);
    for (size_t i = 0; !err && i < n; i++) {
        changes[i].result = result_of(list[i].created, &list[i].id, list[i].version, list[i].time);
        if (changes[i].action == WW_ITEM_GET) {
            changes[i].value = list[i].value.p;
            changes[i].value_length = list[i].value.n;
        }
    }
    return err;
}

enum ww_err ww_item_put(struct ww_op *op, struct ww_session *session, const char *name, size_t name_length,
                        const void *value, size_t value_length, const struct ww_item_condition *condition,
                        struct ww_item_result *result)
{
    struct ww_item_change c = {.action = WW_ITEM_PUT,
                               .name = name,
                               .name_length = name_length,
                               .value = value,
                               .value_length = value_length};
    if (condition) {
        c.condition = *condition;
    }
    enum ww_err err = ww_item_change(op, session, &c, 1);
    if (result) {
        *result = c.result;
    }
    return err;
}

enum ww_err ww_item_delete(struct ww_op *op, struct ww_session *session, const char *name, size_t name_length,
                           const struct ww_item_condition *condition)
{
    struct ww_item_change c = {.action = WW_ITEM_DELETE, .name = name, .name_length = name_length};
    if (condition) {
        c.condition = *condition;
    }
    return ww_item_change(op, session, &c, 1);
}

enum ww_err ww_item_get(struct ww_op *op, struct ww_session *session, const char *name, size_t name_length,
                        const void **value, size_t *value_length, struct ww_item_result *result)
{
    struct service *s = service_of(op);
    struct vault_value got = {0};
    *value = NULL;
    *value_length = 0;
    enum ww_err err = account_item_get(op, s, session_of(session), BYTES(name, name_length), &got);
    if (err) {
        return err;
    }
    struct bytes copy = bytes_dup(&op->arena, got.value); /* with a NUL behind it */
    if (!copy.p) {
        return op_no_memory(op);
    }
    *value = copy.p;
    *value_length = copy.n;
    if (result) {
        *result = result_of(false, &got.id, got.version, got.time);
    }
    return WW_OK;
}

enum ww_err ww_item_list(struct ww_op *op, struct ww_session *session, const char *prefix, const char *after,
                         size_t limit, struct ww_item_entry **entries, size_t *count)
{
    struct service *s = service_of(op);
    struct vault_entry *list;
    *entries = NULL;
    *count = 0;
    enum ww_err err = account_item_list(op, s, session_of(session), bytes_str(prefix ? prefix : ""),
                                        after ? bytes_str(after) : BYTES(NULL, 0), limit, &list, count);
    if (err) {
        return err;
    }
    struct ww_item_entry *out = ARENA_ARRAY(&op->arena, *count, struct ww_item_entry);
    for (size_t i = 0; out && i < *count; i++) {
        char *name = arena_strndup(&op->arena, list[i].name.p, list[i].name.n);
        if (!name) {
            return op_no_memory(op);
        }
        out[i] =
            (struct ww_item_entry){.name = name, .name_length = list[i].name.n, .version = list[i].version};
        hex_encode(out[i].id, list[i].id.b, sizeof list[i].id.b);
    }
    *entries = out;
    return out ? WW_OK : op_no_memory(op);
}

enum ww_err ww_item_find(struct ww_op *op, struct ww_session *session, const char *id, const char **name,
                         size_t *name_length)
{
    struct ww_item_entry *list;
    size_t n;
    *name = NULL;
    *name_length = 0;
    enum ww_err err = ww_item_list(op, session, NULL, NULL, SIZE_MAX, &list, &n);
    for (size_t i = 0; !err && i < n; i++) {
        if (strcmp(list[i].id, id) == 0) {
            *name = list[i].name;
            *name_length = list[i].name_length;
            return WW_OK;
        }
    }
    return err ? err : op_fail(op, WW_ENOTFOUND, "item_not_found", "there is no item of this id");
}

enum ww_err ww_vault_state(struct ww_op *op, struct ww_session *session, struct ww_vault_state *out)
{
    struct service *s = service_of(op);
    struct session *x = session_of(session);
    *out = (struct ww_vault_state){"none", 0, x->record->epoch};
    enum ww_err err = account_item_count(op, s, x, &out->items);
    if (err == WW_ENOVAULT) {
        return WW_OK;
    }
    if (err == WW_ELOCKED || err == WW_EAAL) {
        out->state = "locked";
        return WW_OK;
    }
    if (err) {
        return err;
    }
    out->state = "open";
    out->epoch = x->record->epoch;
    return WW_OK;
}
