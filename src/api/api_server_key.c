/* Server keys: what names them, moving to another one, letting one go (vault.md §13). */
#include <stdlib.h>

#include "account_server_key.h"
#include "api_int.h"
#include "watchword/admin.h"

static const char *tables_json(struct ww_op *op, const struct account_key_use *use)
{
    struct js *o = js_object(&op->arena);
    for (size_t i = 0; store_sealed_table(i); i++) {
        if (use->tables[i]) {
            js_put(&op->arena, o, store_sealed_table(i), js_int(&op->arena, (int64_t)use->tables[i]));
        }
    }
    return js_write(&op->arena, o);
}

enum ww_err ww_server_keys(struct ww_op *op, const struct ww_server_key **out, size_t *n, uint64_t *shapeless)
{
    API_CALL(op);
    struct account_key_uses uses;
    *out = NULL;
    *n = 0;
    enum ww_err err = account_key_uses(op, service_of(op), &uses);
    struct ww_server_key *list = err ? NULL : ARENA_ARRAY(&op->arena, uses.n, struct ww_server_key);
    if (!list) {
        return err ? err : op_no_memory(op);
    }
    for (size_t i = 0; i < uses.n; i++) {
        list[i] =
            (struct ww_server_key){sizeof *list,          arena_printf(&op->arena, "%08x", uses.at[i].id),
                                   uses.at[i].configured, i == 0,
                                   uses.at[i].blobs,      tables_json(op, &uses.at[i])};
        if (!list[i].id || !list[i].tables) {
            return op_no_memory(op);
        }
    }
    *out = list;
    *n = uses.n;
    *shapeless = uses.shapeless;
    return WW_OK;
}

enum ww_err ww_server_key_rotate(struct ww_op *op, void (*step)(void *context, size_t done, size_t total),
                                 void *context, struct ww_rotation *out)
{
    API_CALL(op);
    struct account_rotation r;
    enum ww_err err = api_check_size(op, "ww_rotation", out);
    if (err) {
        return err;
    }
    err = account_rotate(op, service_of(op), &(struct account_checker){NULL, step, context}, &r);
    api_give(out, &(struct ww_rotation){sizeof *out, r.moved, r.left, r.closed});
    return err;
}

enum ww_err ww_server_key_retire(struct ww_op *op, const char *id, bool leave_closed)
{
    API_CALL(op);
    uint8_t raw[4];
    if (!id || !hex_decode(raw, sizeof raw, id)) {
        return op_fail_field(op, WW_EINVAL, "server_key_id", "id",
                             "the id of a server key is eight hexadecimal digits");
    }
    struct reader in = READER(BYTES(raw, sizeof raw));
    return account_key_retire(op, service_of(op), read_u32(&in), leave_closed);
}

enum ww_err ww_reindex(struct ww_op *op, void (*step)(void *context, size_t done, size_t total),
                       void *context, struct ww_reindexed *out)
{
    API_CALL(op);
    struct account_reindexed r;
    enum ww_err err = api_check_size(op, "ww_reindexed", out);
    if (err) {
        return err;
    }
    if (!op->ww->reindex) { /* others could be writing under the keys of before */
        return op_fail(op, WW_EINVAL, "reindex_shared", "the store was not opened for a reindex");
    }
    err = account_reindex(op, service_of(op), &(struct account_checker){NULL, step, context}, &r);
    api_give(out, &(struct ww_reindexed){sizeof *out, r.accounts, r.closed});
    return err;
}
