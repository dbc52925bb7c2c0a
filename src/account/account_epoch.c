/* New epochs and re-key (vault.md §8): what is written afterwards is closed to who had the old keys. Nothing
 * is encrypted again. */
#include "account_int.h"
#include "cred_recovery.h"

/* In µs; a cryptoperiod of 0 means never. */
bool account_epoch_due(const struct ww_op *op, const struct service *s, const struct vault *v)
{
    uint64_t begun = vault_epoch_begun(v), now = op_now(op);
    /* `now > begun`: a clock that was put back makes nothing due, rather than everything. */
    return s->cryptoperiod && now > begun && now - begun >= s->cryptoperiod;
}

enum ww_err account_epoch_write(struct ww_op *op, struct service *s, struct record *r, const struct key *root,
                                struct vault *v)
{
    /* New ring, new sharing keys, signed by those of before (vault.md §§8, 11): contacts follow the chain. */
    enum ww_err err = vault_new_epoch(op, s->store, r, root, v);
    if (err || (err = account_write(op, s, r, v))) {
        return err;
    }
    return account_tell(op, s, &(struct audit_event){.kind = AUDIT_EPOCH_STARTED, .record = r});
}

static enum ww_err write_epoch(struct ww_op *op, struct service *s, void *context)
{
    struct session *x = context;
    struct record *r;
    struct vault *v;
    enum ww_err err = account_lock(op, s, x, &r, &v);
    if (err || (err = v ? WW_OK : account_refuse_locked(op, r)) ||
        (err = account_epoch_write(op, s, r, x->root, v))) {
        return err;
    }
    x->record = r;
    /* What was read with the session is of the epoch before. */
    x->vault = (struct vault_row){0};
    return WW_OK;
}

enum ww_err account_epoch_start(struct ww_op *op, struct service *s, struct session *x)
{
    return account_privileged(op, s, x) ? account_transaction(op, s, write_epoch, x)
                                        : account_refuse_reauth(op, x);
}

/* ---- re-key ---- */

struct rekey {
    struct session *x;
    struct authn *authn; /* the password, checked now */
    struct cred_ready password;
    struct session *session;
    const char **codes;
};

/* Slots of a vault that waits hold another key, and are all that opens it. */
static bool opens_now(const struct record *r, struct record_credential *c, const void *context)
{
    (void)context;
    return c->root_generation && cred_is_of_now(r, c);
}

static enum ww_err write_rekey(struct ww_op *op, struct service *s, void *context)
{
    struct rekey *in = context;
    struct credential_row row;
    struct authn *authn;
    struct record *r;
    struct vault *v;
    /* New in each try: a root key of a try that was lost has sealed nothing that is kept. */
    struct key *root = ARENA_NEW(&op->arena, struct key);
    enum ww_err err = root ? account_open_proved(op, s, in->authn, &r, &v) : op_no_memory(op);
    if (err) {
        return err;
    }
    /* The session that asked must still be one: ended meanwhile, it re-keys nothing. Nor does one whose vault
     * went. */
    if (!v || r->session_generation != in->x->record->session_generation) {
        return op_fail(op, WW_EDENIED, "session_inactive", "no active session");
    }
    /* All slots of the old root key go; what only signs in stays and opens nothing. Slots of the new key are
     * made of the password given now and of new codes only: one kept under the old key would let its holder
     * follow (vault.md §8). */
    if ((err = account_drop_credentials(op, s, r, opens_now, NULL)) ||
        (err = vault_rekey(op, s->store, r, v, root)) || (err = cred_add(op, r, &in->password, root, &row)) ||
        (err = store_credential_insert(op, s->store, r, &row)) ||
        (err = account_codes_replace(op, s, r, root, in->codes)) ||
        (err = session_end_others(op, s->store, r, NULL)) || (err = account_write(op, s, r, v)) ||
        (err = cred_enrolled(op, r, CRED_PASSWORD, root, &authn)) ||
        (err = account_issue(op, s, authn, in->x->carrier, &in->session))) {
        return err;
    }
    return account_tell(
        op, s, &(struct audit_event){.kind = AUDIT_REKEYED, .record = r, .session_id = &in->session->id});
}

/* Checks the password now, and makes the new slot's key of it. Counted as a sign-in is. Two hashes, both
 * before the transaction: of the old slot's salt, and of the new one's. */
static enum ww_err prove_and_prepare(struct ww_op *op, struct service *s, struct session *x,
                                     struct bytes typed, struct rekey *in)
{
    struct cred_context credentials = account_credentials(s);
    const struct cred_proof proof = {.kind = CRED_PASSWORD, .typed = typed};
    struct cred_ready upgrade;
    struct admit *leave;
    enum ww_err err = throttle_admit_account(op, s->throttle, &x->record->uuid, &leave);
    if (err || (err = account_try_proofs(op, s, x->record, leave, &proof, 1, &in->authn, &upgrade))) {
        return err;
    }
    return cred_prepare(op, &credentials, CRED_PASSWORD, typed, &in->password);
}

enum ww_err account_rekey(struct ww_op *op, struct service *s, struct session *x, struct bytes password,
                          struct session **out, const char ***codes)
{
    struct rekey in = {.x = x, .codes = ARENA_ARRAY(&op->arena, RECOVERY_CODES, const char *)};
    enum ww_err err = WW_EINTERNAL;
    *out = NULL;
    *codes = in.codes;
    if (!in.codes) {
        return op_no_memory(op);
    }
    if (!account_privileged(op, s, x)) {
        return account_refuse_reauth(op, x);
    }
    /* Told before the password is hashed: a locked session has nothing to re-key. */
    if (!x->root) {
        return account_refuse_locked(op, x->record);
    }
    if ((err = prove_and_prepare(op, s, x, password, &in)) ||
        (err = account_transaction(op, s, write_rekey, &in))) {
        return err;
    }
    *out = in.session;
    return WW_OK;
}
