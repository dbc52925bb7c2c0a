/* What an administrator does to accounts (kratos.md §5.2); nothing here opens a vault, save that a password
 * given at creation makes one. */
#include "account_int.h"

/* What the transaction needs; `password` is hashed before it, once, whatever is repeated. */
struct creation {
    const struct account_spec *in;
    const struct identity_schema *schema;
    struct cred_ready password; /* public_part.p NULL: none */
    struct record *record;
};

/* Made anew in each try of the transaction, so that no id or time of a lost try is kept. */
static enum ww_err draft_from(struct ww_op *op, const struct creation *x, struct record **out)
{
    enum ww_err err = account_draft(op, x->schema, x->in->traits, false, out);
    if (err) {
        return err;
    }
    struct record *r = *out;
    if (x->in->state && strcmp(x->in->state, "inactive") == 0) {
        r->state = STATE_INACTIVE;
    }
    if (x->in->metadata_public) {
        r->identity.metadata_public = x->in->metadata_public;
    }
    if (x->in->metadata_admin) {
        r->identity.metadata_admin = x->in->metadata_admin;
    }
    /* The external id is an identifier too, which the traits alone do not give: the list is made again with
     * it. */
    if (x->in->external_id) {
        r->identity.external_id = x->in->external_id;
        if ((err = identity_set_traits(op, r, x->schema, x->in->traits, false))) {
            return err;
        }
    }
    /* An administrator may say that an address is verified; a person may not. */
    err = identity_override_addresses(op, r, x->in->verifiable_addresses, ADDRESS_VERIFY);
    return err ? err : identity_override_addresses(op, r, x->in->recovery_addresses, ADDRESS_RECOVER);
}

/* No session and no event of a sign-in: the account is told of as made by an administrator, so that its owner
 * can see in the history who began it. */
static enum ww_err write_creation(struct ww_op *op, struct service *s, void *context)
{
    struct creation *x = context;
    struct key *root;
    enum ww_err err = draft_from(op, x, &x->record);
    if (err || (err = account_insert(op, s, x->schema, x->record,
                                     x->password.public_part.p ? &x->password : NULL, &root))) {
        return err;
    }
    return account_tell(op, s, &(struct audit_event){.kind = AUDIT_CREATED, .record = x->record});
}

enum ww_err account_admin_create(struct ww_op *op, struct service *s, const struct account_spec *in,
                                 struct account_refusal *why, struct record **out)
{
    struct creation x = {.in = in};
    struct record *draft;
    struct cred_context credentials = account_credentials(s);
    *out = NULL;
    *why = (struct account_refusal){0};
    /* Kratos knows these two; a third would be read as "active" by whoever compares with "inactive". */
    if (in->state && strcmp(in->state, "active") != 0 && strcmp(in->state, "inactive") != 0) {
        return op_fail_field(op, WW_EINVAL, "state_invalid", "state", "identity state is not valid");
    }
    enum ww_err err = account_bound_spec(op, in);
    err = err ? err : account_schema(op, s, in->schema_id, &x.schema);
    /* All that can be refused, before the hash. */
    if (err || (err = account_validate(op, x.schema, in->traits, why)) ||
        (err = draft_from(op, &x, &draft)) || (err = account_check_free(op, s, draft))) {
        return err;
    }
    /* The policy is not asked here: who imports has the passwords that there are. */
    if (in->password.p) {
        err = cred_prepare(op, &credentials, CRED_PASSWORD, in->password, &x.password);
    } else if (in->password_hash.p) {
        err = cred_password_import(op, &credentials, in->password_hash, &x.password);
    }
    if (err) {
        return err;
    }
    if ((err = account_transaction(op, s, write_creation, &x)) == WW_OK) {
        *out = x.record;
    }
    return err;
}

/* The same for an id that never was and one that is gone: ids of closed accounts are kept nowhere. */
static enum ww_err not_found(struct ww_op *op)
{
    return op_fail(op, WW_ENOTFOUND, "identity_not_found", "there is no such identity");
}

enum ww_err account_admin_get(struct ww_op *op, struct service *s, const struct uuid *id, struct record **out)
{
    enum ww_err err = store_record_load_uuid(op, s->store, id, false, out);
    return err == WW_ENOTFOUND ? not_found(op) : err;
}

/* No throttle: an administrator asks, or a flow whose password was right. */
enum ww_err account_admin_find(struct ww_op *op, struct service *s, const char *identifier,
                               struct record **out)
{
    struct bytes value;
    struct key tag;
    int64_t account;
    *out = NULL;
    enum ww_err err = utf8_ident(&op->arena, bytes_str(identifier), &value);
    if (err) {
        return err == WW_ENOMEM ? op_no_memory(op) : not_found(op);
    }
    store_identifier_tag(s->store, IDENT_LOGIN, value, &tag);
    if ((err = store_identifier_find(op, s->store, &tag, &account)) == WW_OK) {
        err = store_record_load(op, s->store, account, false, out);
    }
    /* As in account_find: the index is believed by nobody, an administrator neither. */
    if (err == WW_OK && !identity_has_identifier(*out, IDENT_LOGIN, value)) {
        err = WW_ENOTFOUND;
    }
    return err == WW_ENOTFOUND ? not_found(op) : err;
}

enum ww_err account_admin_list(struct ww_op *op, struct service *s, int64_t after, size_t limit,
                               struct record ***out, size_t *n)
{
    return store_record_list(op, s->store, after, limit, out, n);
}

static enum ww_err write_admin_delete(struct ww_op *op, struct service *s, void *context)
{
    struct record *r;
    enum ww_err err = store_record_load_uuid(op, s->store, context, true, &r);
    if (err) {
        return err == WW_ENOTFOUND ? not_found(op) : err;
    }
    /* Everything of the account in one transaction, its events among it: no moment shows half of it. */
    if ((err = store_record_delete(op, s->store, r)) || (err = audit_erase_account(op, s->store, r))) {
        return err;
    }
    return account_tell(op, s, &(struct audit_event){.kind = AUDIT_DELETED, .record = r});
}

/* By id alone, without a confirmation: an API client has none to type. The pages for people ask for a name.
 */
enum ww_err account_admin_delete(struct ww_op *op, struct service *s, const struct uuid *id)
{
    struct uuid copy = *id;
    return account_transaction(op, s, write_admin_delete, &copy);
}

/* Of account_admin_set_state; the repetition of a lost race sets the same again. */
struct state_change {
    const struct uuid *id;
    uint8_t state;
};

static enum ww_err write_state(struct ww_op *op, struct service *s, void *context)
{
    struct state_change *in = context;
    struct record *r;
    enum ww_err err = store_record_load_uuid(op, s->store, in->id, true, &r);
    if (err) {
        return err == WW_ENOTFOUND ? not_found(op) : err;
    }
    r->state = in->state;
    r->identity.state_changed = op_now(op);
    /* Deactivation raises the generation: sessions end at once on every node, and stay ended when the
     * account is active again (vault.md §9). */
    if (in->state == STATE_INACTIVE && (err = session_end_others(op, s->store, r, NULL))) {
        return err;
    }
    /* Without the vault: nobody's root key is at hand here. */
    if ((err = account_write(op, s, r, NULL))) {
        return err;
    }
    return account_tell(op, s, &(struct audit_event){.kind = AUDIT_STATE_CHANGED, .record = r});
}

enum ww_err account_admin_set_state(struct ww_op *op, struct service *s, const struct uuid *id,
                                    const char *state)
{
    struct state_change in = {id, strcmp(state, "inactive") == 0 ? STATE_INACTIVE : STATE_ACTIVE};
    if (in.state == STATE_ACTIVE && strcmp(state, "active") != 0) {
        return op_fail_field(op, WW_EINVAL, "state_invalid", "state", "identity state is not valid");
    }
    return account_transaction(op, s, write_state, &in);
}
