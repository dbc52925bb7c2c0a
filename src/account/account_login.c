/* Signing in (vault.md §§7, 13): who it is, leave to try, the proofs, and then one transaction that checks
 * the proofs' premises again and issues the session. docs/TOUR.md walks through it. */
#include "account_int.h"

struct login {
    const struct account_sign_in *in;
    struct authn *authn;
    const struct cred_ready *upgrade; /* public_part.p NULL: none */
    struct session *session;
    const struct record *record; /* as it was found */
    bool stale;                  /* a credential of the proof went while it was checked */
};

/* A row that points to an account which does not hold the value counts for nothing (vault.md §6). */
enum ww_err account_find(struct ww_op *op, struct service *s, const char *identifier, struct key *tag,
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
        /* The index is not believed: the sealed record has to name the value itself, or whoever writes to
         * the database could lead one name to another account. */
        err = store_record_load(op, s->store, account, false, out);
    }
    if (err == WW_OK && !identity_has_identifier(*out, IDENT_LOGIN, value)) {
        *out = NULL;
    }
    return err == WW_ENOTFOUND ? WW_OK : err;
}

/* The password was right, but was it while we hashed? Its premises are checked again under the lock. */
enum ww_err account_open_proved(struct ww_op *op, struct service *s, struct authn *a, struct record **r,
                                struct vault **v)
{
    struct vault_row row;
    struct key *root = cred_authn_root(a);
    *v = NULL;
    enum ww_err err = store_record_load(op, s->store, cred_authn_record(a)->id, true, r);
    if (err) {
        return err == WW_ENOTFOUND ? cred_refuse_wrong(op) : err;
    }
    if ((err = cred_authn_confirm(op, a, *r))) {
        return err;
    }
    /* Here and not earlier: only who knows the password learns that the account is disabled. */
    if ((*r)->state != STATE_ACTIVE) {
        return op_fail(op, WW_EDISABLED, "identity_disabled", "the account is disabled");
    }
    if (root) {
        err = store_vault_row_load(op, s->store, &(*r)->vid, (*r)->id, true, &row);
        err = err ? err : vault_open(op, s->store, *r, root, &row, v);
    }
    return err ? err : account_device_compare(op, s, *r, *v);
}

/* A slot below the floor gives way to one at today's cost, in the transaction of the sign-in that had the
 * password (vault.md §7). A new id: an old row that is put back is not in the record. */
static enum ww_err upgrade_slot(struct ww_op *op, struct service *s, const struct login *x, struct record *r,
                                struct vault *v)
{
    struct credential_row row;
    size_t n;
    const struct uuid *old = &cred_authn_steps(x->authn, &n)[0].credential;
    enum ww_err err = WW_EINTERNAL;
    if ((err = cred_remove(op, r, old)) ||
        (err = cred_add(op, r, x->upgrade, cred_authn_root(x->authn), &row)) ||
        (err = store_credential_delete(op, s->store, r, old)) ||
        (err = store_credential_insert(op, s->store, r, &row))) {
        return err;
    }
    return account_write(op, s, r, v);
}

/* The first sign-in by a verifier: vault, slot and first epoch are made, and the verifier goes (vault.md
 * §10). Two first sign-ins at once: the record's number lets one win, the other starts over and finds the
 * slot. */
static enum ww_err first_vault(struct ww_op *op, struct service *s, const struct login *x, struct record *r,
                               struct authn **authn)
{
    struct credential_row row;
    struct vault *v;
    size_t n;
    const struct uuid *old = &cred_authn_steps(x->authn, &n)[0].credential;
    struct key *root = ARENA_NEW(&op->arena, struct key);
    enum ww_err err = WW_EINTERNAL;
    if (!root) {
        return op_no_memory(op);
    }
    if ((err = vault_new(op, r, root, &v)) || (err = cred_remove(op, r, old)) ||
        (err = cred_add(op, r, x->upgrade, root, &row)) ||
        (err = store_credential_delete(op, s->store, r, old)) ||
        (err = store_credential_insert(op, s->store, r, &row)) ||
        (err = store_record_update(op, s->store, r)) || (err = vault_insert(op, s->store, r, v))) {
        return err;
    }
    return cred_authn_opened(op, x->authn, &row.id, root, authn);
}

/* The session that a sign-in as somebody else replaces. One that cannot be read is of no use to anybody, and
 * no reason to refuse. */
static enum ww_err end_replaced(struct ww_op *op, struct service *s, const struct session *x)
{
    enum ww_err err = account_write_logout(op, s, x);
    return err == WW_ETAMPERED || err == WW_EROLLEDBACK || err == WW_EKEYMISSING ? WW_OK : err;
}

static const char *first_method(const struct authn *a)
{
    size_t n;
    return cred_authn_steps(a, &n)[0].method;
}

/* Of vaults that ended while nobody had the key at hand. */
static enum ww_err tidy(struct ww_op *op, struct service *s, struct record *r, struct vault *v)
{
    bool tidied;
    enum ww_err err = account_waiting_tidy(op, s, r, v, &tidied);
    return err || !tidied ? err : account_write(op, s, r, v);
}

static enum ww_err write_login(struct ww_op *op, struct service *s, void *context)
{
    struct login *x = context;
    struct record *r;
    struct vault *v;
    enum ww_err err = account_open_proved(op, s, x->authn, &r, &v);
    if (err) {
        /* The premises went, not the store: account_sign_in starts over. */
        x->stale = err == WW_EDENIED;
        return err;
    }
    /* At a sign-in the root key is at hand, and somebody waits anyway (vault.md §8). */
    if (v && account_epoch_due(op, s, v) &&
        (err = account_epoch_write(op, s, r, cred_authn_root(x->authn), v))) {
        return err;
    }
    struct authn *authn = x->authn;
    if (x->upgrade->public_part.p && v) {
        err = upgrade_slot(op, s, x, r, v);
    } else if (x->upgrade->public_part.p && r->root_generation == 0) {
        err = first_vault(op, s, x, r, &authn);
    }
    if (err) {
        return err;
    }
    if (v && ((err = tidy(op, s, r, v)) || (err = account_share_complete(op, s, r, v)))) {
        return err;
    }
    /* Whoever showed a second factor is the owner, whatever an old password was. */
    if ((r->flags & FLAG_RESTORED) && cred_authn_level(authn) >= 2) {
        r->flags &= (uint8_t)~FLAG_RESTORED;
        if ((err = account_write(op, s, r, v))) {
            return err;
        }
    }
    /* A sign-in again by the same person raises their session; by another it issues a new one and ends the
     * old, so that a browser never holds two people's sessions. */
    bool same = x->in->session && uuid_equal(x->in->session->record->uuid, r->uuid);
    err = same ? session_refresh(op, s->store, &s->sessions, x->in->session, authn, &x->session)
               : account_issue(op, s, authn, x->in->carrier, &x->session);
    if (err || (x->in->session && !same && (err = end_replaced(op, s, x->in->session))) ||
        (err = account_device_give(op, s, r, v))) {
        return err;
    }
    return account_tell(op, s,
                        &(struct audit_event){.kind = AUDIT_LOGIN_SUCCEEDED,
                                              .record = r,
                                              .session_id = &x->session->id,
                                              .method = first_method(x->authn)});
}

/* Whoever asked sees one answer; the log tells them apart. */
static enum audit_kind refusal_kind(enum ww_err err)
{
    return err == WW_ETAMPERED     ? AUDIT_TAMPERED
           : err == WW_EROLLEDBACK ? AUDIT_ROLLED_BACK
                                   : AUDIT_LOGIN_FAILED;
}

/* A try that the throttle turned away is none of these and leaves no row. */
enum ww_err account_refused(struct ww_op *op, struct service *s, enum ww_err err, const struct record *r,
                            const struct cred_proof *proofs, size_t n)
{
    const struct cred_kind *kind = n ? cred_kind_find(proofs[0].kind) : NULL;
    if (err == WW_EDENIED || err == WW_EDISABLED || err == WW_ETAMPERED || err == WW_EROLLEDBACK) {
        account_tell_refusal(op, s,
                             &(struct audit_event){.kind = refusal_kind(err),
                                                   .record = r,
                                                   .method = kind ? kind->method : NULL});
    }
    return err;
}

/* Who it is said to be, and the leave to try. A step-up is of the account that is signed in. A name that
 * nobody has is counted under its tag as one that exists is (own-api.md, "Throttling"). */
static enum ww_err admit(struct ww_op *op, struct service *s, const struct account_sign_in *in,
                         struct record **r, struct admit **out)
{
    struct key tag;
    if (!in->identifier) {
        *r = in->session->record;
        return throttle_admit_account(op, s->throttle, &(*r)->uuid, out);
    }
    enum ww_err err = account_find(op, s, in->identifier, &tag, r);
    if (err == WW_ETAMPERED || err == WW_EROLLEDBACK) {
        /* Such a refusal is told with a row: counted first, or whoever knows the name could add rows without
         * end. The record says nothing that is believed, so that the name's tag stands for the account. */
        enum ww_err counted = throttle_admit(op, s->throttle, &tag, NULL, out);
        return counted ? counted : account_refused(op, s, err, NULL, in->proofs, in->count);
    }
    if (err) {
        return err;
    }
    return throttle_admit(op, s->throttle, &tag, *r ? &(*r)->uuid : NULL, out);
}

/* The try was counted before it was hashed. It is given back when it was right, and when it never took
 * place because the hash queue was full. */
enum ww_err account_try_proofs(struct ww_op *op, struct service *s, struct record *r, struct admit *admit,
                               const struct cred_proof *proofs, size_t n, struct authn **out,
                               struct cred_ready *upgrade)
{
    struct cred_context credentials = account_credentials(s);
    enum ww_err err = cred_check(op, &credentials, admit, r, proofs, n, out, upgrade);
    if (err == WW_OK) {
        throttle_succeeded(op, s->throttle, admit, &r->uuid);
    } else if (err == WW_EBUSY) {
        throttle_not_tried(op, s->throttle, admit);
    }
    return account_refused(op, s, err, r, proofs, n);
}

/* Without a session that says who it is, the first proof must be one that signs in. */
static bool begins_well(const struct account_sign_in *in)
{
    const struct cred_kind *first = in->count ? cred_kind_find(in->proofs[0].kind) : NULL;
    return first && !first->once && (!in->identifier ? in->session != NULL : (first->role & ROLE_LOGIN) != 0);
}

static enum ww_err try_signing_in(struct ww_op *op, struct service *s, struct login *x)
{
    const struct account_sign_in *in = x->in;
    struct cred_ready upgrade;
    struct admit *leave;
    struct record *r;
    x->stale = false;
    enum ww_err err = admit(op, s, in, &r, &leave);
    if (err || (err = account_try_proofs(op, s, r, leave, in->proofs, in->count, &x->authn, &upgrade))) {
        return err;
    }
    x->record = r;
    if (r->state != STATE_ACTIVE) {
        op_fail(op, WW_EDISABLED, "identity_disabled", "the account is disabled");
        return account_refused(op, s, WW_EDISABLED, r, in->proofs, in->count);
    }
    x->upgrade = &upgrade;
    err = account_transaction(op, s, write_login, x);
    return x->stale ? err : account_refused(op, s, err, r, in->proofs, in->count);
}

/* What was checked may go meanwhile: another sign-in replaces a verifier or a weak slot, or the password is
 * changed. Then it starts over, once, with what is there now (vault.md §10). */
enum ww_err account_sign_in(struct ww_op *op, struct service *s, const struct account_sign_in *in,
                            struct session **out)
{
    struct login x = {.in = in};
    *out = NULL;
    if (!begins_well(in)) {
        return op_fail(op, WW_EINVAL, "no_first_factor", "there is nothing to sign in with");
    }
    enum ww_err err = try_signing_in(op, s, &x);
    if (err && x.stale && (err = try_signing_in(op, s, &x)) && x.stale) {
        err = account_refused(op, s, err, x.record, in->proofs, in->count);
    }
    if (err == WW_OK) {
        *out = x.session;
    }
    return err;
}

/* Tells whether a name is taken. Whether it may be told is for who calls to say
 * (security.account_enumeration.mitigate). */
enum ww_err account_exists(struct ww_op *op, struct service *s, const char *identifier, bool *exists)
{
    struct record *r;
    struct key tag;
    enum ww_err err = account_find(op, s, identifier, &tag, &r);
    *exists = !err && r && cred_can_sign_in(r);
    return err;
}

/* By account, not by name, and counted: a stolen session must not be a place to guess the password at. */
enum ww_err account_check_password(struct ww_op *op, struct service *s, struct session *x,
                                   struct bytes password)
{
    const struct cred_proof proof = {.kind = CRED_PASSWORD, .typed = password};
    struct cred_ready upgrade;
    struct authn *authn;
    struct admit *leave;
    enum ww_err err = throttle_admit_account(op, s->throttle, &x->record->uuid, &leave);
    return err ? err : account_try_proofs(op, s, x->record, leave, &proof, 1, &authn, &upgrade);
}
