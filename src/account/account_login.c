#include "account_int.h"

struct login {
    struct authn *authn;
    const struct password_ready *upgrade; /* public_part NULL: none */
    enum session_carrier carrier;
    struct session *refresh, *session;
};

/* The account behind an identifier, or NULL; a row that points to an account which does not hold the value
 * counts for nothing (vault.md §6). */
static enum ww_err find_account(struct ww_op *op, struct service *s, const char *identifier, struct key *tag,
                                struct record **out)
{
    struct bytes value;
    int64_t account;
    *out = NULL;
    enum ww_err err = identity_ident(op, bytes_str(identifier), "identifier", &value);
    if (err) {
        return err;
    }
    store_identifier_tag(s->store, IDENT_LOGIN, value, tag);
    err = store_identifier_find(op, s->store, tag, &account);
    if (err == WW_OK) {
        err = store_record_load(op, s->store, account, false, out);
    }
    if (err == WW_OK && !identity_has_identifier(*out, IDENT_LOGIN, value)) {
        *out = NULL;
    }
    return err == WW_ENOTFOUND ? WW_OK : err;
}

/* The password is right, but was it while we hashed? Its premises are checked again under the lock. */
static enum ww_err still_good(struct ww_op *op, const struct login *x, struct record *now)
{
    enum ww_err err = cred_authn_confirm(op, x->authn, now);
    if (err) {
        return err;
    }
    if (now->state != STATE_ACTIVE) {
        return op_fail(op, WW_EDISABLED, "identity_disabled", "the account is disabled");
    }
    return WW_OK;
}

static enum ww_err upgrade_slot(struct ww_op *op, struct service *s, const struct login *x, struct record *r,
                                struct vault *v)
{
    struct credential_row row;
    size_t n;
    const struct uuid *old = &cred_authn_steps(x->authn, &n)[0].credential;
    enum ww_err err = WW_EINTERNAL;
    cred_remove(r, old);
    if ((err = cred_password_add(op, r, x->upgrade, cred_authn_root(x->authn), &row)) ||
        (err = store_credential_delete(op, s->store, r, old)) ||
        (err = store_credential_insert(op, s->store, r, &row))) {
        return err;
    }
    return account_write(op, s, r, v);
}

/* The session that a sign-in as somebody else replaces. One that cannot be read is of no use to anybody, and
 * no reason to refuse. */
static enum ww_err end_replaced(struct ww_op *op, struct service *s, const struct session *x)
{
    enum ww_err err = account_write_logout(op, s, x);
    return err == WW_ETAMPERED || err == WW_EROLLEDBACK || err == WW_EKEYMISSING ? WW_OK : err;
}

static enum ww_err write_login(struct ww_op *op, struct service *s, void *context)
{
    struct login *x = context;
    struct record *r;
    struct vault_row row;
    struct vault *v = NULL;
    enum ww_err err = store_record_load(op, s->store, cred_authn_record(x->authn)->id, true, &r);
    if (err) {
        return err == WW_ENOTFOUND
                   ? op_fail(op, WW_EDENIED, "wrong_credentials", "the name or the password is wrong")
                   : err;
    }
    if ((err = still_good(op, x, r))) {
        return err;
    }
    struct key *root = cred_authn_root(x->authn);
    if (root && ((err = store_vault_row_load(op, s->store, &r->vid, r->id, true, &row)) ||
                 (err = vault_open(op, s->store, r, root, &row, &v)))) {
        return err;
    }
    if (x->upgrade->public_part && v && (err = upgrade_slot(op, s, x, r, v))) {
        return err;
    }
    bool same = x->refresh && uuid_equal(x->refresh->record->uuid, r->uuid);
    err = same ? session_refresh(op, s->store, &s->sessions, x->refresh, x->authn, &x->session)
               : session_issue(op, s->store, &s->sessions, x->authn, x->carrier, &x->session);
    if (err || (x->refresh && !same && (err = end_replaced(op, s, x->refresh)))) {
        return err;
    }
    return account_tell(op, s,
                        &(struct audit_event){.kind = AUDIT_LOGIN_SUCCEEDED,
                                              .record = r,
                                              .session_id = &x->session->id,
                                              .method = "password"});
}

static enum audit_kind refusal_kind(enum ww_err err)
{
    return err == WW_ETAMPERED     ? AUDIT_TAMPERED
           : err == WW_EROLLEDBACK ? AUDIT_ROLLED_BACK
                                   : AUDIT_LOGIN_FAILED;
}

static enum ww_err refused(struct ww_op *op, struct service *s, enum ww_err err, const struct record *r)
{
    if (err == WW_EDENIED || err == WW_EDISABLED || err == WW_ETAMPERED || err == WW_EROLLEDBACK) {
        account_tell_refusal(
            op, s, &(struct audit_event){.kind = refusal_kind(err), .record = r, .method = "password"});
    }
    return err;
}

enum ww_err account_login(struct ww_op *op, struct service *s, const char *identifier, struct bytes password,
                          enum session_carrier carrier, struct session *refresh, struct session **out)
{
    struct authn *authn;
    struct password_ready upgrade;
    struct admit *admit;
    struct record *r;
    struct key tag;
    *out = NULL;
    enum ww_err err = find_account(op, s, identifier, &tag, &r);
    if (err) {
        return refused(op, s, err, NULL);
    }
    if ((err = throttle_admit(op, s->throttle, &tag, r ? r->id : 0, r ? &r->uuid : NULL, &admit))) {
        return err;
    }
    err = cred_password_check(op, s->store, s->pool, &s->hashing, admit, r, password, &authn, &upgrade);
    if (err == WW_EBUSY) {
        throttle_not_tried(op, s->throttle, admit);
    }
    if (err) {
        return refused(op, s, err, r);
    }
    throttle_succeeded(op, s->throttle, admit, &r->uuid);
    if (r->state != STATE_ACTIVE) {
        op_fail(op, WW_EDISABLED, "identity_disabled", "the account is disabled");
        return refused(op, s, WW_EDISABLED, r);
    }
    struct login x = {authn, &upgrade, carrier, refresh, NULL};
    if ((err = account_transaction(op, s, write_login, &x))) {
        return refused(op, s, err, r);
    }
    *out = x.session;
    return WW_OK;
}

enum ww_err account_exists(struct ww_op *op, struct service *s, const char *identifier, bool *exists)
{
    struct record *r;
    struct key tag;
    enum ww_err err = find_account(op, s, identifier, &tag, &r);
    *exists = !err && r && cred_password_of(r);
    return err;
}

enum ww_err account_check_password(struct ww_op *op, struct service *s, struct session *x,
                                   struct bytes password)
{
    struct authn *authn;
    struct password_ready upgrade;
    struct admit *admit;
    enum ww_err err = throttle_admit_account(op, s->throttle, x->record->id, &x->record->uuid, &admit);
    if (err) {
        return err;
    }
    err =
        cred_password_check(op, s->store, s->pool, &s->hashing, admit, x->record, password, &authn, &upgrade);
    if (err == WW_OK) {
        throttle_succeeded(op, s->throttle, admit, &x->record->uuid);
    } else if (err == WW_EBUSY) {
        throttle_not_tried(op, s->throttle, admit);
    }
    return refused(op, s, err, x->record);
}
