#include "account_int.h"

/* ---- password ---- */

struct password_change {
    struct session *x;
    struct password_ready password;
    struct uuid old; /* the credential that is replaced */
    bool superseded; /* by another change of the password: x is what is true now */
};

static enum ww_err same_as_before(struct ww_op *op, struct account_refusal *why)
{
    why->password = (struct policy_refusal){.message_id = 4000039};
    return op_fail_field(op, WW_EVALIDATION, "password_unchanged", "password",
                         "The new password must be different from the old password.");
}

/* The new password is first tried on the old slot. The throttle is not asked: who is signed in with the vault
 * open may try their own new passwords. */
static enum ww_err check_new(struct ww_op *op, struct service *s, struct session *x, struct bytes password,
                             struct account_refusal *why)
{
    const char **identifiers;
    size_t n;
    bool opens;
    enum ww_err err = identity_identifiers(op, x->record, &identifiers, &n);
    if (err || (err = cred_password_policy_check(op, s->config, password, identifiers, n, &why->password)) ||
        (err = cred_password_opens(op, s->store, s->pool, x->record, password, &opens))) {
        return err;
    }
    return opens ? same_as_before(op, why) : WW_OK;
}

static enum ww_err write_password(struct ww_op *op, struct service *s, void *context)
{
    struct password_change *in = context;
    struct session keep = *in->x;
    struct credential_row row;
    struct record *r;
    struct vault *v;
    enum ww_err err = account_lock_session(op, s, &keep, &r, &v);
    if (err) {
        return err;
    }
    if (!v) {
        return op_fail(op, WW_ELOCKED, "vault_locked", "this session cannot open the vault");
    }
    in->superseded = !store_record_credential(r, &in->old);
    if (in->superseded) {
        *in->x = keep;
        return op_fail(op, WW_ECONFLICT, "busy", "the password was changed meanwhile");
    }
    cred_remove(r, &in->old);
    if ((err = cred_password_add(op, r, &in->password, in->x->root, &row)) ||
        (err = store_credential_delete(op, s->store, r, &in->old)) ||
        (err = store_credential_insert(op, s->store, r, &row)) ||
        (err = session_end_others(op, s->store, r, &keep)) || (err = account_write(op, s, r, v)) ||
        (err = account_tell(op, s,
                            &(struct audit_event){.kind = AUDIT_PASSWORD_CHANGED,
                                                  .record = r,
                                                  .session_id = &keep.id,
                                                  .method = "password"}))) {
        return err;
    }
    *in->x = keep;
    return WW_OK;
}

/* One try against what in->x says now. The new password is hashed for its own slot once. */
static enum ww_err try_changing(struct ww_op *op, struct service *s, struct password_change *in,
                                struct bytes typed, struct account_refusal *why)
{
    struct bytes password;
    const struct record_credential *old = cred_password_of(in->x->record);
    if (!in->x->root || !old) {
        return op_fail(op, WW_ELOCKED, "vault_locked", "this session cannot open the vault");
    }
    in->old = old->id;
    in->superseded = false;
    enum ww_err err = check_new(op, s, in->x, typed, why);
    if (!err && !in->password.public_part) {
        err = cred_password_normalize(op, typed, &password);
        err = err ? err : cred_password_prepare(op, s->pool, &s->hashing, password, &in->password);
    }
    return err ? err : account_transaction(op, s, write_password, in);
}

/* Two changes of the password by one session at once come one after the other: the later is checked against
 * the password that the earlier has set. */
enum ww_err account_change_password(struct ww_op *op, struct service *s, struct session *x,
                                    struct bytes typed, struct account_refusal *why)
{
    enum { TRIES = 5 };
    struct password_change in = {.x = x};
    struct session before = *x;
    enum ww_err err = WW_EINTERNAL;
    *why = (struct account_refusal){0};
    if (!account_privileged(op, s, x)) {
        return account_refuse_reauth(op);
    }
    for (int i = 0; i == 0 || (i < TRIES && in.superseded); i++) {
        err = try_changing(op, s, &in, typed, why);
    }
    if (err) {
        *x = before;
    }
    return in.superseded ? op_fail(op, WW_EBUSY, "busy", "others are changing the same account") : err;
}

/* ---- profile ---- */

struct traits_change {
    struct session *x;
    const struct identity_schema *schema;
    const struct js *traits;
};

static enum ww_err write_traits(struct ww_op *op, struct service *s, void *context)
{
    struct traits_change *in = context;
    struct record *r;
    struct vault *v;
    const char **had;
    size_t n;
    enum ww_err err = account_lock(op, s, in->x, &r, &v);
    if (err || (err = identity_identifiers(op, r, &had, &n))) {
        return err;
    }
    const struct identity before = r->identity;
    if ((err = identity_set_traits(op, r, in->schema, in->traits, n > 0))) {
        return err;
    }
    r->identity.state_changed = 0; /* as Kratos forgets it when a profile changes */
    if (identity_is_sensitive_change(&before, &r->identity) && !account_privileged(op, s, in->x)) {
        return account_refuse_reauth(op);
    }
    if ((err = identity_write_rows(op, s->store, in->schema, r, &before)) ||
        (err = account_write(op, s, r, v)) ||
        (err = account_tell(
             op, s,
             &(struct audit_event){.kind = AUDIT_PROFILE_CHANGED, .record = r, .session_id = &in->x->id}))) {
        return err;
    }
    in->x->record = r;
    return WW_OK;
}

enum ww_err account_change_traits(struct ww_op *op, struct service *s, struct session *x,
                                  const struct js *traits, struct account_refusal *why)
{
    struct traits_change in = {.x = x, .traits = traits};
    struct record *before = x->record;
    enum ww_err err = account_schema(op, s, x->record->identity.schema, &in.schema);
    *why = (struct account_refusal){0};
    if (err || (err = account_validate(op, in.schema, traits, why))) {
        return err;
    }
    err = account_transaction(op, s, write_traits, &in);
    if (err) {
        x->record = before;
    }
    return err;
}

/* ---- closing ---- */

static enum ww_err write_delete(struct ww_op *op, struct service *s, void *context)
{
    struct session *x = context;
    struct record *r;
    struct vault *v;
    enum ww_err err = WW_EINTERNAL;
    if ((err = account_lock(op, s, x, &r, &v)) || (err = store_record_delete(op, s->store, r)) ||
        (err = audit_erase_account(op, s->store, r))) {
        return err;
    }
    return account_tell(op, s,
                        &(struct audit_event){.kind = AUDIT_DELETED, .record = r, .session_id = &x->id});
}

enum ww_err account_delete(struct ww_op *op, struct service *s, struct session *x, const char *confirm)
{
    struct bytes value;
    if (!account_privileged(op, s, x)) {
        return account_refuse_reauth(op);
    }
    enum ww_err err = utf8_ident(&op->arena, bytes_str(confirm), &value);
    if (err == WW_ENOMEM) {
        return op_no_memory(op);
    }
    if (err || !identity_has_identifier(x->record, IDENT_LOGIN, value)) {
        return op_fail_field(op, WW_EINVAL, "confirm_mismatch", "confirm",
                             "this is not a name of the account");
    }
    return account_transaction(op, s, write_delete, x);
}
