/* Recovery codes of an account: made, counted, revoked, and used to get back in (vault.md §§7, 10;
 * own-api.md, "Getting back in"). */
#include "account_int.h"
#include "cred_recovery.h"

/* ---- making and revoking ---- */

/* The texts are made in the transaction, anew in each try: what a lost try made is nobody's code. */
struct codes {
    struct session *x;
    const char **texts; /* RECOVERY_CODES of them */
};

static bool is_code(const struct record *r, struct record_credential *c, const void *context)
{
    (void)context;
    return c->kind == CRED_RECOVERY && cred_is_of_now(r, c);
}

/* Takes all codes of today's vault from the record and from the store. */
static enum ww_err drop_codes(struct ww_op *op, struct service *s, struct record *r)
{
    return account_drop_credentials(op, s, r, is_code, NULL);
}

enum ww_err account_code_add(struct ww_op *op, struct service *s, struct record *r, const struct key *root,
                             const char **text)
{
    struct cred_context credentials = account_credentials(s);
    struct credential_row row;
    struct cred_ready ready;
    struct recovery_code *code = ARENA_NEW(&op->arena, struct recovery_code);
    if (!code) {
        return op_no_memory(op);
    }
    /* 130 random bits (vault.md §7), so no slow hash is needed. */
    cred_recovery_code_draw(op, code);
    *text = cred_recovery_code_text(&op->arena, code);
    if (!*text) {
        return op_no_memory(op);
    }
    /* From the text, as it will be typed: what people are shown is what was tried. */
    enum ww_err err = cred_prepare(op, &credentials, CRED_RECOVERY, bytes_str(*text), &ready);
    /* A slot of its own for each (vault.md §7): to use one up says nothing of the others. */
    if (err || (err = cred_add(op, r, &ready, root, &row))) {
        return err;
    }
    return store_credential_insert(op, s->store, r, &row);
}

enum ww_err account_codes_replace(struct ww_op *op, struct service *s, struct record *r,
                                  const struct key *root, const char **texts)
{
    enum ww_err err = drop_codes(op, s, r);
    for (size_t i = 0; !err && i < RECOVERY_CODES; i++) {
        err = account_code_add(op, s, r, root, &texts[i]);
    }
    return err;
}

/* All in one transaction: at no moment are both sets good, or neither. */
static enum ww_err write_codes(struct ww_op *op, struct service *s, void *context)
{
    struct codes *in = context;
    struct record *r;
    struct vault *v;
    enum ww_err err = account_lock(op, s, in->x, &r, &v);
    if (err) {
        return err;
    }
    /* Only who has the vault open may make another key to it. */
    if (!v) {
        return account_refuse_locked(op, r);
    }
    if ((err = account_codes_replace(op, s, r, in->x->root, in->texts)) ||
        (err = account_write(op, s, r, v)) ||
        (err = account_tell(
             op, s,
             &(struct audit_event){.kind = AUDIT_CODES_MADE, .record = r, .session_id = &in->x->id}))) {
        return err;
    }
    /* The session goes on with the record as it is now: its number is what the next change compares. */
    in->x->record = r;
    return WW_OK;
}

enum ww_err account_codes_make(struct ww_op *op, struct service *s, struct session *x, const char ***out)
{
    struct codes in = {x, ARENA_ARRAY(&op->arena, RECOVERY_CODES, const char *)};
    *out = in.texts;
    if (!in.texts) {
        return op_no_memory(op);
    }
    /* A session that lies about must not become ten keys to the vault. Asked before anything is made: ten
     * codes are drawn for nobody who has to sign in first. */
    if (!account_privileged(op, s, x)) {
        return account_refuse_reauth(op, x);
    }
    return account_transaction(op, s, write_codes, &in);
}

/* A locked session may revoke: it takes rights away and gives none. */
static enum ww_err write_revoked(struct ww_op *op, struct service *s, void *context)
{
    struct session *x = context;
    struct record *r;
    struct vault *v;
    enum ww_err err = account_lock(op, s, x, &r, &v);
    if (err) {
        return err;
    }
    if ((err = drop_codes(op, s, r))) {
        return err;
    }
    /* Judged on what is left, under the lock: a factor removed by another session a moment ago counts. */
    if (!cred_keeps_vault(r)) {
        return op_fail(op, WW_ECONFLICT, "last_opener",
                       "nothing else opens the vault: without these codes its content is lost");
    }
    if ((err = account_write(op, s, r, v)) ||
        (err = account_tell(
             op, s, &(struct audit_event){.kind = AUDIT_CODES_REVOKED, .record = r, .session_id = &x->id}))) {
        return err;
    }
    x->record = r;
    return WW_OK;
}

enum ww_err account_codes_revoke(struct ww_op *op, struct service *s, struct session *x)
{
    return account_privileged(op, s, x) ? account_transaction(op, s, write_revoked, x)
                                        : account_refuse_reauth(op, x);
}

size_t account_codes_left(const struct session *x, uint64_t *made_at)
{
    return cred_recovery_count(x->record, made_at);
}

void account_openers(const struct session *x, size_t *passwords, size_t *codes)
{
    const struct record *r = x->record;
    uint64_t made_at;
    *codes = cred_recovery_count(r, &made_at);
    *passwords = 0;
    for (size_t i = 0; i < r->credential_count; i++) {
        const struct record_credential *c = &r->credentials[i];
        *passwords += c->kind == CRED_PASSWORD && (c->role & ROLE_OPENS) && cred_is_of_now(r, c);
    }
}

/* ---- getting back in ---- */

/* `new_code` stands in the place of the one that was used, so that a person never runs out by recovering. */
struct recovery {
    struct authn *authn;
    struct cred_ready password;
    enum session_carrier carrier;
    struct session *session;
    const char *new_code;
};

/* The old password goes, whatever it was; so does the code that was used. All of them: also one that was
 * set since by whoever the owner locks out now. */
static enum ww_err swap_credentials(struct ww_op *op, struct service *s, struct recovery *in,
                                    struct record *r)
{
    size_t n;
    struct credential_row row;
    struct key *root = cred_authn_root(in->authn);
    enum ww_err err = account_drop_credential(op, s, r, cred_authn_steps(in->authn, &n)[0].credential);
    if (err || (err = account_drop_passwords(op, s, r)) ||
        (err = cred_add(op, r, &in->password, root, &row)) ||
        (err = store_credential_insert(op, s->store, r, &row))) {
        return err;
    }
    return account_code_add(op, s, r, root, &in->new_code);
}

static enum ww_err write_recovery(struct ww_op *op, struct service *s, void *context)
{
    struct recovery *in = context;
    struct record *r;
    struct vault *v;
    enum ww_err err = account_open_proved(op, s, in->authn, &r, &v);
    if (err) {
        return err;
    }
    /* A code is made only with a vault open; one that opens none is not told apart from a wrong one. */
    if (!v) {
        return cred_refuse_wrong(op);
    }
    /* Others end before the new session is issued, which so has the new generation. */
    if ((err = swap_credentials(op, s, in, r)) || (err = session_end_others(op, s->store, r, NULL)) ||
        (err = account_write(op, s, r, v)) || (err = account_share_complete(op, s, r, v)) ||
        (err = account_issue(op, s, in->authn, in->carrier, &in->session))) {
        return err;
    }
    return account_tell(
        op, s,
        &(struct audit_event){
            .kind = AUDIT_CODE_USED, .record = r, .session_id = &in->session->id, .method = "code_recovery"});
}

/* The new password, judged only after the code was right: what it must not resemble are the account's names.
 */
static enum ww_err prepare_password(struct ww_op *op, struct service *s, struct record *r, struct bytes typed,
                                    struct account_refusal *why, struct cred_ready *out)
{
    struct cred_context credentials = account_credentials(s);
    const char **identifiers;
    size_t n;
    enum ww_err err = identity_identifiers(op, r, &identifiers, &n);
    if (err || (err = cred_password_policy_check(op, s->config, typed, identifiers, n, &why->password))) {
        return err;
    }
    return cred_prepare(op, &credentials, CRED_PASSWORD, typed, out);
}

/* One answer for a name nobody has, a wrong code and a used one. */
static enum ww_err code_refused(struct ww_op *op, enum ww_err err)
{
    return err == WW_EDENIED
               ? op_fail_field(op, err, "recovery_code_wrong", "code", "the name or the code is wrong")
               : err;
}

/* Who it is, by the code; a code that cannot be one is refused before anything is looked up or counted. */
static enum ww_err prove(struct ww_op *op, struct service *s, const struct account_recovery *in,
                         struct authn **out)
{
    const struct cred_proof proof = {.kind = CRED_RECOVERY, .typed = in->code};
    struct recovery_code *code = ARENA_NEW(&op->arena, struct recovery_code);
    struct cred_ready upgrade;
    struct admit *leave;
    struct record *r;
    struct key tag;
    /* Its two check symbols are in the code itself: to look at them tells nothing about any account, and a
     * slip of the pen costs no try. */
    enum ww_err err = code ? cred_recovery_code_read(op, in->code, code) : op_no_memory(op);
    if (err || (err = account_find(op, s, in->identifier, &tag, &r)) ||
        (err = throttle_admit(op, s->throttle, &tag, r ? &r->uuid : NULL, &leave)) ||
        (err = account_try_proofs(op, s, r, leave, &proof, 1, out, &upgrade))) {
        return code_refused(op, err);
    }
    /* After the code was right, as with a password. */
    if (cred_authn_record(*out)->state != STATE_ACTIVE) {
        op_fail(op, WW_EDISABLED, "identity_disabled", "the account is disabled");
        return account_refused(op, s, WW_EDISABLED, r, &proof, 1);
    }
    return WW_OK;
}

/* The code is used up in the last step only: a new password that is refused leaves it good. */
enum ww_err account_recover(struct ww_op *op, struct service *s, const struct account_recovery *in,
                            struct account_refusal *why, struct session **out, const char **new_code)
{
    struct recovery work = {.carrier = in->carrier};
    enum ww_err err = WW_EINTERNAL;
    *out = NULL;
    *new_code = NULL;
    *why = (struct account_refusal){0};
    if ((err = prove(op, s, in, &work.authn)) ||
        (err = prepare_password(op, s, cred_authn_record(work.authn), in->password, why, &work.password)) ||
        (err = account_transaction(op, s, write_recovery, &work))) {
        /* A code that somebody else used up meanwhile is refused as a wrong one. */
        return code_refused(op, err);
    }
    *out = work.session;
    *new_code = work.new_code;
    return WW_OK;
}
