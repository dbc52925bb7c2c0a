/* How large what somebody says of an account may be, whoever says it: flows ask before they show anything
 * (flow_decode.c); programs and administrators have their bound here. The numbers stand in base/limit.h. */
#include "account_int.h"
#include "identity.h"
#include "limit.h"

static enum ww_err too_long(struct ww_op *op, const char *field, size_t most)
{
    enum ww_err err = op_fail_field(op, WW_EINVAL, "field_too_long", field,
                                    "%s: This is longer than %zu bytes.", field, most);
    op->problem.limit = most;
    return err;
}

/* Written out, as it is stored. */
static enum ww_err check_json(struct ww_op *op, const struct js *v, const char *field, size_t most)
{
    struct buf b = BUF(&op->arena);
    if (!v) {
        return WW_OK;
    }
    js_write_to(&b, v);
    return !buf_done(&b).p ? op_no_memory(op) : buf_done(&b).n > most ? too_long(op, field, most) : WW_OK;
}

enum ww_err account_bound_traits(struct ww_op *op, const struct js *traits)
{
    const char *field =
        traits ? js_long_text(&op->arena, traits, "traits", LIMIT_TRAIT_TEXT, LIMIT_IDENTIFIER) : NULL;
    return field ? too_long(op, field, LIMIT_TRAIT_TEXT) : check_json(op, traits, "traits", LIMIT_TRAITS);
}

/* It has no other form than its own, but is a row as a name is, and as long at most. */
static enum ww_err check_external_id(struct ww_op *op, const char *id)
{
    struct bytes ignored;
    enum ww_err err = id ? identity_ident(op, bytes_str(id), "external_id", &ignored) : WW_OK;
    return err == WW_EINVAL ? op_fail_field(op, err, "external_id_invalid", "external_id", "external_id: %s",
                                            op->problem.text)
                            : err;
}

static enum ww_err check_addresses(struct ww_op *op, const struct js *list, const char *field)
{
    if (list && list->count > LIMIT_ADDRESSES) {
        return op_fail_field(op, WW_EINVAL, "too_many_identifiers", field,
                             "%s: an account has at most %d addresses", field, LIMIT_ADDRESSES);
    }
    const char *text =
        list ? js_long_text(&op->arena, list, field, LIMIT_IDENTIFIER, LIMIT_IDENTIFIER) : NULL;
    return text ? too_long(op, text, LIMIT_IDENTIFIER) : WW_OK;
}

enum ww_err account_bound_spec(struct ww_op *op, const struct account_spec *in)
{
    enum ww_err err = check_external_id(op, in->external_id);
    err = err ? err : check_json(op, in->metadata_public, "metadata_public", LIMIT_METADATA);
    err = err ? err : check_json(op, in->metadata_admin, "metadata_admin", LIMIT_METADATA);
    err = err ? err : check_addresses(op, in->verifiable_addresses, "verifiable_addresses");
    return err ? err : check_addresses(op, in->recovery_addresses, "recovery_addresses");
}
