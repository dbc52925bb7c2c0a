/* What an administrator changes about an account that is there: the identity as a whole, and its credentials
 * (kratos.md §5.2). Nothing here opens a vault. */
#include "account_int.h"

#include "js.h"

struct update {
    const struct account_spec *spec;
    const struct identity_schema *schema;
    struct cred_ready password; /* public_part.p NULL: none */
    uint64_t seq;               /* of the record that the spec was made from */
    const struct uuid *id;
    struct record *record;
    bool superseded; /* somebody changed the account since: the spec is made anew */
};

/* Two JSON values, of which either may be absent. */
static bool same_json(const struct js *x, const struct js *y)
{
    bool no_x = !x || x->type == JS_NULL, no_y = !y || y->type == JS_NULL;
    return no_x || no_y ? no_x == no_y : js_equal(x, y);
}

static bool changes_profile(const struct identity *before, const struct identity *after)
{
    return strcmp(before->schema, after->schema) != 0 || !same_json(before->traits, after->traits) ||
           !same_json(before->metadata_public, after->metadata_public) ||
           !same_json(before->metadata_admin, after->metadata_admin) ||
           identity_is_sensitive_change(before, after);
}

static enum ww_err tell(struct ww_op *op, struct service *s, const struct record *r, bool happened,
                        enum audit_kind kind)
{
    return happened ? account_tell(op, s, &(struct audit_event){.kind = kind, .record = r}) : WW_OK;
}

static enum ww_err set_state(struct ww_op *op, struct service *s, struct record *r, uint8_t state)
{
    r->state = state;
    r->identity.state_changed = op_now(op);
    /* Deactivation raises the generation: sessions end at once on every node, and stay ended when the account
     * is active again (vault.md §9). */
    return state == STATE_INACTIVE ? session_end_others(op, s->store, r, NULL) : WW_OK;
}

static enum ww_err write_update(struct ww_op *op, struct service *s, void *context)
{
    struct update *in = context;
    struct record *r;
    enum ww_err err = store_record_load_uuid(op, s->store, in->id, true, &r);
    if (err) {
        return err == WW_ENOTFOUND ? account_not_found(op) : err;
    }
    in->superseded = r->seq != in->seq;
    if (in->superseded) {
        return op_fail(op, WW_ECONFLICT, "busy", "the account was changed meanwhile");
    }
    const struct identity before = r->identity;
    const char *state = in->spec->state;
    bool turns = state && (strcmp(state, "active") == 0) != (r->state == STATE_ACTIVE);
    bool password = in->password.public_part.p != NULL;
    if ((err = account_admin_apply(op, in->schema, in->spec, r)) ||
        (turns && (err = set_state(op, s, r, r->state == STATE_ACTIVE ? STATE_INACTIVE : STATE_ACTIVE))) ||
        (err = identity_write_rows(op, s->store, in->schema, r, &before)) ||
        (password && (err = account_write_verifier(op, s, r, &in->password))) ||
        /* Without the vault: nobody's root key is at hand here. */
        (err = account_write(op, s, r, NULL)) ||
        (err = tell(op, s, r, changes_profile(&before, &r->identity), AUDIT_PROFILE_CHANGED)) ||
        (err = tell(op, s, r, turns, AUDIT_STATE_CHANGED)) ||
        (err = tell(op, s, r, password, AUDIT_PASSWORD_SET))) {
        return err;
    }
    in->record = r;
    return WW_OK;
}

static enum ww_err prepare_password(struct ww_op *op, struct service *s, const struct account_spec *spec,
                                    struct cred_ready *out)
{
    struct cred_context credentials = account_credentials(s);
    if (out->public_part.p) {
        return WW_OK; /* hashed for an earlier try */
    }
    if (spec->password.p) {
        return cred_password_verifier(op, &credentials, spec->password, out);
    }
    return spec->password_hash.p ? cred_password_import(op, &credentials, spec->password_hash, out) : WW_OK;
}

/* One try against what the record says now. What is refused is refused before the hash and outside of the
 * transaction. */
static enum ww_err try_updating(struct ww_op *op, struct service *s, struct update *in,
                                const struct account_update *from, struct account_refusal *why)
{
    struct account_spec spec = {0};
    struct record *now;
    in->superseded = false;
    in->spec = &spec;
    enum ww_err err = store_record_load_uuid(op, s->store, in->id, false, &now);
    if (err) {
        return err == WW_ENOTFOUND ? account_not_found(op) : err;
    }
    in->seq = now->seq;
    if ((err = from->make(op, from->context, now, &spec)) ||
        (err = account_admin_check_state(op, spec.state)) || (err = account_bound_spec(op, &spec)) ||
        (err = account_schema(op, s, spec.schema_id, &in->schema)) ||
        (err = account_validate(op, in->schema, spec.traits, why)) ||
        (err = account_admin_apply(op, in->schema, &spec, now)) ||
        (err = prepare_password(op, s, &spec, &in->password))) {
        return err;
    }
    return account_transaction(op, s, write_update, in);
}

enum ww_err account_admin_update(struct ww_op *op, struct service *s, const struct uuid *id,
                                 const struct account_update *from, struct account_refusal *why,
                                 struct record **out)
{
    enum { TRIES = 5 };
    struct update in = {.id = id};
    enum ww_err err = WW_EINTERNAL;
    *out = NULL;
    *why = (struct account_refusal){0};
    for (int i = 0; i == 0 || (i < TRIES && in.superseded); i++) {
        err = try_updating(op, s, &in, from, why);
    }
    if (in.superseded) {
        return op_fail(op, WW_EBUSY, "busy", "others are changing the same account");
    }
    *out = err ? NULL : in.record;
    return err;
}

/* ---- credentials ---- */

struct removal {
    const struct uuid *id;
    const char *method;
};

static bool is_of(const struct record *r, struct record_credential *c, const void *method)
{
    const struct cred_kind *kind = cred_kind_find((enum credential_kind)c->kind);
    (void)r;
    return kind && strcmp(kind->method, method) == 0;
}

static enum ww_err write_removal(struct ww_op *op, struct service *s, void *context)
{
    const struct removal *in = context;
    struct record *r;
    enum ww_err err = store_record_load_uuid(op, s->store, in->id, true, &r);
    if (err) {
        return err == WW_ENOTFOUND ? account_not_found(op) : err;
    }
    bool signed_in = cred_can_sign_in(r);
    size_t before = r->credential_count;
    if ((err = account_drop_credentials(op, s, r, is_of, in->method))) {
        return err;
    }
    if (r->credential_count == before) {
        return op_fail(op, WW_ENOTFOUND, "credential_not_found", "there is no such credential");
    }
    /* Judged on the record after the removal. An administrator cannot give up somebody's vault for them. */
    if (signed_in && !cred_can_sign_in(r)) {
        return op_fail(op, WW_EINVAL, "last_credential",
                       "You cannot remove the last first factor credential.");
    }
    if (!cred_keeps_vault(r)) {
        return op_fail(op, WW_EINVAL, "last_credential",
                       "You cannot remove the last credential that opens the account's vault.");
    }
    if ((err = account_write(op, s, r, NULL))) {
        return err;
    }
    return account_tell(
        op, s, &(struct audit_event){.kind = AUDIT_FACTOR_REMOVED, .record = r, .method = in->method});
}

enum ww_err account_admin_delete_credentials(struct ww_op *op, struct service *s, const struct uuid *id,
                                             const char *method)
{
    const struct cred_kind *const *k = cred_kinds;
    while (*k && strcmp((*k)->method, method) != 0) {
        k++;
    }
    /* By the table's own text, which subscribers may keep. */
    struct removal in = {id, *k ? (*k)->method : ""};
    return account_transaction(op, s, write_removal, &in);
}

enum ww_err account_admin_password_text(struct ww_op *op, struct service *s, const struct record *r,
                                        const char **out)
{
    return cred_password_text(op, s->store, r, out);
}

enum ww_err account_admin_check_hash(struct ww_op *op, struct service *s, struct bytes hash)
{
    struct cred_context credentials = account_credentials(s);
    struct cred_ready ready;
    return cred_password_import(op, &credentials, hash, &ready);
}
