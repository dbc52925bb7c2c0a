/* What people change about themselves: password, traits, credentials, and the end of the account. */
#include "account_int.h"

/* ---- password ---- */

struct password_change {
    struct session *x;
    struct cred_ready password;
    struct uuid old; /* the credential that is replaced */
    bool superseded; /* by another change of the password: x is what is true now */
};

static enum ww_err same_as_before(struct ww_op *op, struct account_refusal *why)
{
    /* Kratos' number for it (kratos.md §3.4), which its clients translate by. */
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
    struct cred_context credentials = account_credentials(s);
    enum ww_err err = identity_identifiers(op, x->record, &identifiers, &n);
    if (err || (err = cred_password_policy_check(op, s->config, password, identifiers, n, &why->password)) ||
        (err = cred_password_opens(op, &credentials, x->record, password, &opens))) {
        return err;
    }
    return opens ? same_as_before(op, why) : WW_OK;
}

/* Slot, other sessions and head in one transaction. Ending the others is part of it: who had the old
 * password may be signed in. */
static enum ww_err write_password(struct ww_op *op, struct service *s, void *context)
{
    struct password_change *in = context;
    struct session keep = *in->x;
    struct credential_row row;
    struct record *r;
    struct vault *v;
    /* With its own row, since that is written too: the session that asked goes on under the new generation.
     */
    enum ww_err err = account_lock_session(op, s, &keep, &r, &v);
    if (err) {
        return err;
    }
    /* A new slot needs the root key: no locked session sets a password that opens. */
    if (!v) {
        return op_fail(op, WW_ELOCKED, "vault_locked", "this session cannot open the vault");
    }
    /* By the id that was tried before the lock: a credential id stands for one content (vault.md §6). */
    in->superseded = !store_record_credential(r, &in->old);
    if (in->superseded) {
        *in->x = keep;
        return op_fail(op, WW_ECONFLICT, "busy", "the password was changed meanwhile");
    }
    if (!account_asks_second(r) || keep.level >= 2) { /* a password of today: what was restored is over */
        r->flags &= (uint8_t)~FLAG_RESTORED;
    }
    if ((err = cred_remove(op, r, &in->old)) || (err = cred_add(op, r, &in->password, in->x->root, &row)) ||
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
    struct cred_context credentials = account_credentials(s);
    const struct record_credential *old = cred_of(in->x->record, CRED_PASSWORD);
    /* Told before the hash. The case of an account without a password comes with accounts that sign in by
     * other factors. */
    if (!in->x->root || !old) {
        return op_fail(op, WW_ELOCKED, "vault_locked", "this session cannot open the vault");
    }
    in->old = old->id;
    in->superseded = false;
    enum ww_err err = check_new(op, s, in->x, typed, why);
    /* Hashing is outside of the transaction, and its result survives a repetition: a lost race costs no
     * second hash. */
    if (!err && !in->password.public_part.p) {
        err = cred_prepare(op, &credentials, CRED_PASSWORD, typed, &in->password);
    }
    return err ? err : account_transaction(op, s, write_password, in);
}

/* Two changes of the password by one session at once come one after the other: the later is checked against
 * the password that the earlier has set. */
enum ww_err account_change_password(struct ww_op *op, struct service *s, struct session *x,
                                    struct bytes typed, struct account_refusal *why)
{
    /* As in account_transaction: each try hashes once on the old slot, 100 ms, so that this is bounded. */
    enum { TRIES = 5 };
    struct password_change in = {.x = x};
    struct session before = *x;
    enum ww_err err = WW_EINTERNAL;
    *why = (struct account_refusal){0};
    if (!account_privileged(op, s, x)) {
        return account_refuse_reauth(op, x);
    }
    for (int i = 0; i == 0 || (i < TRIES && in.superseded); i++) {
        err = try_changing(op, s, &in, typed, why);
    }
    if (err) {
        *x = before;
    }
    return in.superseded ? op_fail(op, WW_EBUSY, "busy", "others are changing the same account") : err;
}

/* ---- factors ---- */

/* Of both directions; only the member that is meant is set. */
struct factor_change {
    struct session *x;
    struct cred_ready added;
    const struct uuid *removed;
};

static enum ww_err write_factor(struct ww_op *op, struct service *s, struct factor_change *in,
                                struct record *r, struct vault *v, enum audit_kind event,
                                enum credential_kind kind)
{
    const struct cred_kind *row = cred_kind_find(kind);
    enum ww_err err = account_write(op, s, r, v);
    if (err == WW_OK) {
        in->x->record = r;
        err = account_tell(
            op, s,
            &(struct audit_event){
                .kind = event, .record = r, .session_id = &in->x->id, .method = row ? row->method : NULL});
    }
    return err;
}

static enum ww_err write_addition(struct ww_op *op, struct service *s, void *context)
{
    struct factor_change *in = context;
    struct credential_row row;
    struct record *r;
    struct vault *v;
    enum ww_err err = account_lock(op, s, in->x, &r, &v);
    /* Without the vault open a factor signs in and opens nothing: its role says so (cred_add). */
    if (err || (err = cred_add(op, r, &in->added, v ? in->x->root : NULL, &row)) ||
        (err = store_credential_insert(op, s->store, r, &row))) {
        return err;
    }
    return write_factor(op, s, in, r, v, AUDIT_FACTOR_ADDED, in->added.kind);
}

/* A new way in is what a thief of a session would add first: a recent sign-in is asked for. */
enum ww_err account_add_credential(struct ww_op *op, struct service *s, struct session *x,
                                   enum credential_kind kind, struct bytes typed)
{
    struct factor_change in = {.x = x};
    struct record *before = x->record;
    struct cred_context credentials = account_credentials(s);
    if (!account_privileged(op, s, x)) {
        return account_refuse_reauth(op, x);
    }
    enum ww_err err = cred_prepare(op, &credentials, kind, typed, &in.added);
    /* The record of before, so that a later call on this session compares with what is stored. */
    if (err || (err = account_transaction(op, s, write_addition, &in))) {
        x->record = before;
    }
    return err;
}

static enum ww_err write_removal(struct ww_op *op, struct service *s, void *context)
{
    struct factor_change *in = context;
    struct record *r;
    struct vault *v;
    enum ww_err err = account_lock(op, s, in->x, &r, &v);
    if (err) {
        return err;
    }
    const struct record_credential *c = store_record_credential(r, in->removed);
    if (!c) {
        return op_fail(op, WW_ENOTFOUND, "credential_not_found", "there is no such credential");
    }
    enum credential_kind kind = (enum credential_kind)c->kind;
    if ((err = cred_remove(op, r, in->removed)) ||
        (err = store_credential_delete(op, s->store, r, in->removed))) {
        return err;
    }
    /* Judged on the record after the removal, so that no rule about kinds is needed here. */
    if (!cred_can_sign_in(r) || !cred_keeps_vault(r)) {
        return op_fail(op, WW_EINVAL, "last_credential",
                       "this is the last credential to sign in with, or the last that opens the vault");
    }
    return write_factor(op, s, in, r, v, AUDIT_FACTOR_REMOVED, kind);
}

enum ww_err account_remove_credential(struct ww_op *op, struct service *s, struct session *x,
                                      const struct uuid *id)
{
    struct factor_change in = {.x = x, .removed = id};
    struct record *before = x->record;
    if (!account_privileged(op, s, x)) {
        return account_refuse_reauth(op, x);
    }
    enum ww_err err = account_transaction(op, s, write_removal, &in);
    if (err) {
        x->record = before;
    }
    return err;
}

/* ---- profile ---- */

/* The schema is looked up once, before the transaction: the account keeps the one that it has. */
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
    /* An account that had a name to sign in with keeps at least one: else nobody could sign in again. */
    if ((err = identity_set_traits(op, r, in->schema, in->traits, n > 0))) {
        return err;
    }
    r->identity.state_changed = 0; /* as Kratos forgets it when a profile changes */
    /* Names and addresses are ways into the account; a nickname is none (kratos.md §2.12). Compared under
     * the lock, with what the record says now. */
    if (identity_is_sensitive_change(&before, &r->identity) && !account_privileged(op, s, in->x)) {
        return account_refuse_reauth(op, in->x);
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

/* The account's events are emptied with it; the one that tells of the end names nobody (account_tell). */
static enum ww_err write_delete(struct ww_op *op, struct service *s, void *context)
{
    struct session *x = context;
    struct record *r;
    struct vault *v;
    enum ww_err err = WW_EINTERNAL;
    /* Vault, items, shares and sessions go with the record: what is left is the event of the end, and old
     * backups. */
    if ((err = account_lock(op, s, x, &r, &v)) || (err = store_record_delete(op, s->store, r)) ||
        (err = audit_erase_account(op, s->store, r))) {
        return err;
    }
    return account_tell(op, s,
                        &(struct audit_event){.kind = AUDIT_DELETED, .record = r, .session_id = &x->id});
}

/* A typed name, in the one form in which names are compared (vault.md §6): a click too many deletes nothing.
 */
enum ww_err account_confirm(struct ww_op *op, const struct record *r, const char *confirm)
{
    struct bytes value;
    enum ww_err err = utf8_ident(&op->arena, bytes_str(confirm), &value);
    if (err == WW_ENOMEM) {
        return op_no_memory(op);
    }
    if (err || !identity_has_identifier(r, IDENT_LOGIN, value)) {
        return op_fail_field(op, WW_EINVAL, "confirm_mismatch", "confirm",
                             "this is not a name of the account");
    }
    return WW_OK;
}

enum ww_err account_delete(struct ww_op *op, struct service *s, struct session *x, const char *confirm)
{
    if (!account_privileged(op, s, x)) {
        return account_refuse_reauth(op, x);
    }
    enum ww_err err = account_confirm(op, x->record, confirm);
    return err ? err : account_transaction(op, s, write_delete, x);
}
