/* Registration (vault.md §13): everything that may be refused is looked at before the hash, then one
 * transaction writes account, vault and session. */
#include "account_int.h"

/* The identifiers and addresses that a draft would take, looked up one by one: so that a taken name costs
 * no hash. The unique index has the last word. Whether a name is taken is told here, to whoever asks:
 * registration cannot but tell it (docs/SECURITY.md, "Who gets what"). A registration was counted by
 * network before. */
enum ww_err account_check_free(struct ww_op *op, struct service *s, const struct record *draft)
{
    enum ww_err err = WW_OK;
    /* At most 64 (LIMIT of a record): what a form may cost in look-ups is bounded. */
    for (size_t i = 0; i < draft->identity.identifier_count && !err; i++) {
        const struct identity_identifier *identifier = &draft->identity.identifiers[i];
        struct key tag;
        int64_t account;
        store_identifier_tag(s->store, identifier->kind, bytes_str(identifier->value), &tag);
        err = store_identifier_find(op, s->store, &tag, &account);
        err = err == WW_ENOTFOUND ? WW_OK
              : err               ? err
                    : op_fail(op, WW_ECONFLICT, "identifier_taken", "an account with this identifier exists");
    }
    return err;
}

/* Against the identifiers that the account would have, not those in the form: a schema may take them from
 * other fields. */
static enum ww_err check_policy(struct ww_op *op, struct service *s, const struct record *draft,
                                struct bytes password, struct account_refusal *why)
{
    const char **identifiers;
    size_t n;
    enum ww_err err = identity_identifiers(op, draft, &identifiers, &n);
    return err ? err : cred_password_policy_check(op, s->config, password, identifiers, n, &why->password);
}

/* The draft that is judged and the record that is written are two: ids and times of the second are of its own
 * try. */
struct registration {
    const struct account_new *in;
    const struct identity_schema *schema;
    struct cred_ready password;
    struct record *record;
    struct session *session;
};

static enum ww_err write_registration(struct ww_op *op, struct service *s, void *context)
{
    struct registration *x = context;
    struct key *root;
    enum ww_err err = WW_EINTERNAL;
    if ((err = account_draft(op, x->schema, x->in->traits, true, &x->record)) ||
        (err = account_insert(op, s, x->schema, x->record, &x->password, &root))) {
        return err;
    }
    /* Whether registering signs in is a setting (the hook "session" of the flow). */
    if (x->in->with_session) {
        struct authn *a;
        if ((err = cred_enrolled(op, x->record, CRED_PASSWORD, root, &a)) ||
            (err = account_issue(op, s, a, x->in->carrier, &x->session))) {
            return err;
        }
    }
    return account_tell(op, s,
                        &(struct audit_event){.kind = AUDIT_REGISTERED,
                                              .record = x->record,
                                              .session_id = x->session ? &x->session->id : NULL,
                                              .method = "password"});
}

enum ww_err account_register(struct ww_op *op, struct service *s, const struct account_new *in,
                             struct account_refusal *why, struct record **out, struct session **session)
{
    struct registration x = {.in = in};
    struct cred_context credentials = account_credentials(s);
    struct bytes password;
    struct record *draft;
    enum ww_err err = WW_EINTERNAL;
    *out = NULL;
    *session = NULL;
    *why = (struct account_refusal){0};
    /* From cheap to dear; what is counted stands before what asks the store, and the hash last of all. */
    if ((err = account_schema(op, s, in->schema_id, &x.schema)) ||
        (err = account_validate(op, x.schema, in->traits, why)) ||
        (err = account_draft(op, x.schema, in->traits, true, &draft)) ||
        (err = check_policy(op, s, draft, in->password, why)) ||
        /* Refused before it counts: what is malformed is a slip, not a registration. */
        (err = cred_password_normalize(op, in->password, &password)) ||
        (err = throttle_count(op, s->throttle, THROTTLE_REGISTRATION)) ||
        (err = account_check_free(op, s, draft)) ||
        (err = cred_prepare(op, &credentials, CRED_PASSWORD, password, &x.password)) ||
        (err = account_transaction(op, s, write_registration, &x))) {
        return err;
    }
    *out = x.record;
    *session = x.session;
    return WW_OK;
}

/* For the first step of a form: nothing is looked up, so nothing is told about anybody. */
enum ww_err account_check_traits(struct ww_op *op, struct service *s, const char *schema_id,
                                 const struct js *traits, struct account_refusal *why)
{
    const struct identity_schema *schema;
    struct record *draft;
    enum ww_err err = WW_EINTERNAL;
    *why = (struct account_refusal){0};
    if ((err = account_schema(op, s, schema_id, &schema)) ||
        (err = account_validate(op, schema, traits, why))) {
        return err;
    }
    return account_draft(op, schema, traits, false, &draft);
}
