/* Locked sessions (vault.md §10): a password that an administrator sets proves who somebody is and opens
 * nothing; the old password, or a recovery code, opens the vault again, and from then on the new password
 * does. */
#include "account_int.h"
#include "cred_recovery.h"

/* ---- an administrator sets a password ---- */

struct set_password {
    const struct uuid *id;
    struct cred_ready verifier;
};

/* What opened the vault keeps that role and no other; a verifier of before has none left, and goes. */
static bool has_no_role_left(const struct record *r, struct record_credential *c, const void *context)
{
    (void)r;
    (void)context;
    if (c->kind == CRED_PASSWORD) {
        c->role = (uint8_t)(c->role & ROLE_OPENS);
    }
    return c->kind == CRED_PASSWORD && !c->role;
}

enum ww_err account_write_verifier(struct ww_op *op, struct service *s, struct record *r,
                                   const struct cred_ready *verifier)
{
    struct credential_row row;
    enum ww_err err = account_drop_credentials(op, s, r, has_no_role_left, NULL);
    if (err || (err = cred_add(op, r, verifier, NULL, &row)) ||
        (err = store_credential_insert(op, s->store, r, &row))) {
        return err;
    }
    return session_end_others(op, s->store, r, NULL);
}

static enum ww_err write_set_password(struct ww_op *op, struct service *s, void *context)
{
    const struct set_password *in = context;
    struct record *r;
    enum ww_err err = store_record_load_uuid(op, s->store, in->id, true, &r);
    if (err) {
        return err == WW_ENOTFOUND ? account_not_found(op) : err;
    }
    /* The vault stays as it is: nobody here has its key. */
    if ((err = account_write_verifier(op, s, r, &in->verifier)) || (err = account_write(op, s, r, NULL))) {
        return err;
    }
    return account_tell(op, s, &(struct audit_event){.kind = AUDIT_PASSWORD_SET, .record = r});
}

enum ww_err account_admin_set_password(struct ww_op *op, struct service *s, const struct uuid *id,
                                       struct bytes typed, struct account_refusal *why)
{
    struct cred_context credentials = account_credentials(s);
    struct set_password in = {.id = id};
    const char **identifiers;
    struct record *r;
    size_t n;
    *why = (struct account_refusal){0};
    enum ww_err err = store_record_load_uuid(op, s->store, id, false, &r);
    if (err) {
        return err == WW_ENOTFOUND ? account_not_found(op) : err;
    }
    if ((err = identity_identifiers(op, r, &identifiers, &n)) ||
        /* By the same rules as one's own; and hashed before the lock is taken, as everywhere (vault.md
         * §7). */
        (err = cred_password_policy_check(op, s->config, typed, identifiers, n, &why->password)) ||
        (err = cred_password_verifier(op, &credentials, typed, &in.verifier))) {
        return err;
    }
    return account_transaction(op, s, write_set_password, &in);
}

/* ---- unlocking ---- */

/* The root key comes with `authn`: it is in memory for this operation only. */
struct unlock {
    struct session *x;
    enum credential_kind kind;
    struct authn *authn;
    struct session *session;
    const char *new_code; /* in the place of the one that was used; NULL: it was a password */
};

enum ww_err account_promote_password(struct ww_op *op, struct service *s, struct record *r,
                                     const struct key *root, bool *found)
{
    struct credential_row row;
    struct cred_ready ready;
    enum ww_err err = cred_password_of_verifier(op, s->store, r, &ready, found);
    if (err || !*found) {
        return err;
    }
    if ((err = account_drop_passwords(op, s, r)) || (err = cred_add(op, r, &ready, root, &row))) {
        return err;
    }
    return store_credential_insert(op, s->store, r, &row);
}

/* A code opens once, also for somebody who is signed in already. */
static enum ww_err use_up(struct ww_op *op, struct service *s, struct unlock *in, struct record *r,
                          const struct key *root)
{
    size_t n;
    if (in->kind != CRED_RECOVERY) {
        return WW_OK;
    }
    enum ww_err err = account_drop_credential(op, s, r, cred_authn_steps(in->authn, &n)[0].credential);
    return err ? err : account_code_add(op, s, r, root, &in->new_code);
}

static enum ww_err write_unlock(struct ww_op *op, struct service *s, void *context)
{
    struct unlock *in = context;
    struct record *r;
    struct vault *v;
    bool promoted;
    struct key *root = cred_authn_root(in->authn);
    enum ww_err err = account_open_proved(op, s, in->authn, &r, &v);
    if (err) {
        return err;
    }
    /* A session that was ended while the credential was hashed unlocks nothing. */
    if (!v || r->session_generation != in->x->record->session_generation) {
        return op_fail(op, WW_EDENIED, "session_inactive", "no active session");
    }
    if ((err = use_up(op, s, in, r, root)) || (err = account_promote_password(op, s, r, root, &promoted)) ||
        (err = account_write(op, s, r, v)) || (err = account_share_complete(op, s, r, v)) ||
        (err = account_issue(op, s, in->authn, in->x->carrier, &in->session)) ||
        (err = account_write_logout(op, s, in->x))) {
        return err;
    }
    return account_tell(op, s,
                        &(struct audit_event){.kind = AUDIT_UNLOCKED,
                                              .record = r,
                                              .session_id = &in->session->id,
                                              .method = cred_kind_find(in->kind)->method});
}

/* Tries count against the account as those of a sign-in do (vault.md §9): a locked session is no place to
 * guess at. A new token is issued and the old session ends, as vault.md §9 wants it of an unlock. */
enum ww_err account_unlock(struct ww_op *op, struct service *s, struct session *x, enum credential_kind kind,
                           struct bytes typed, struct session **out, const char **new_code)
{
    struct unlock in = {.x = x, .kind = kind};
    const struct cred_proof proof = {.kind = kind, .typed = typed, .to_open = true};
    struct cred_ready upgrade;
    struct admit *leave;
    *out = NULL;
    *new_code = NULL;
    if (x->root || x->record->root_generation == 0) {
        return x->root ? op_fail(op, WW_ECONFLICT, "vault_open", "the vault is open already")
                       : account_refuse_locked(op, x->record);
    }
    enum ww_err err = throttle_admit_account(op, s->throttle, &x->record->uuid, &leave);
    if (err || (err = account_try_proofs(op, s, x->record, leave, &proof, 1, &in.authn, &upgrade)) ||
        (err = account_transaction(op, s, write_unlock, &in))) {
        return err;
    }
    *out = in.session;
    *new_code = in.new_code;
    return WW_OK;
}
