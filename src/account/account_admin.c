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

/* A list of addresses overrides what is known of them; an address keeps its state where the list says what is
 * true already. */
enum ww_err account_admin_apply(struct ww_op *op, const struct identity_schema *schema,
                                const struct account_spec *in, struct record *r)
{
    r->identity.metadata_public = in->metadata_public;
    r->identity.metadata_admin = in->metadata_admin;
    r->identity.external_id = in->external_id;
    enum ww_err err = identity_set_traits(op, r, schema, in->traits, false);
    if (!err) {
        err = identity_override_addresses(op, r, in->verifiable_addresses, ADDRESS_VERIFY);
    }
    return err ? err : identity_override_addresses(op, r, in->recovery_addresses, ADDRESS_RECOVER);
}

/* Made anew in each try of the transaction, so that no id or time of a lost try is kept. */
static enum ww_err draft_from(struct ww_op *op, const struct creation *x, struct record **out)
{
    enum ww_err err = account_draft(op, x->schema, x->in->traits, false, out);
    if (err) {
        return err;
    }
    if (x->in->state && strcmp(x->in->state, "inactive") == 0) {
        (*out)->state = STATE_INACTIVE;
    }
    return account_admin_apply(op, x->schema, x->in, *out);
}

/* No session and no event of a sign-in: the account is told of as made by an administrator, so that its owner
 * can see in the history who began it. */
static enum ww_err write_one(struct ww_op *op, struct service *s, struct creation *x)
{
    struct key *root;
    enum ww_err err = draft_from(op, x, &x->record);
    if (err || (err = account_insert(op, s, x->schema, x->record,
                                     x->password.public_part.p ? &x->password : NULL, &root))) {
        return err;
    }
    return account_tell(op, s, &(struct audit_event){.kind = AUDIT_CREATED, .record = x->record});
}

/* Kratos knows these two; a third would be read as "active" by whoever compares with "inactive". */
enum ww_err account_admin_check_state(struct ww_op *op, const char *state)
{
    return !state || strcmp(state, "active") == 0 || strcmp(state, "inactive") == 0
               ? WW_OK
               : op_fail_field(op, WW_EINVAL, "state_invalid", "state", "identity state is not valid");
}

/* All that can be refused, then the hash. */
static enum ww_err prepare(struct ww_op *op, struct service *s, struct creation *x,
                           struct account_refusal *why)
{
    const struct account_spec *in = x->in;
    struct cred_context credentials = account_credentials(s);
    struct record *draft;
    *why = (struct account_refusal){0};
    enum ww_err err = account_admin_check_state(op, in->state);
    err = err ? err : account_bound_spec(op, in);
    if (err || (err = account_schema(op, s, in->schema_id, &x->schema)) ||
        (err = account_validate(op, x->schema, in->traits, why)) || (err = draft_from(op, x, &draft)) ||
        (err = account_check_free(op, s, draft))) {
        return err;
    }
    /* The policy is not asked here: who imports has the passwords that there are. */
    if (in->password.p) {
        return cred_prepare(op, &credentials, CRED_PASSWORD, in->password, &x->password);
    }
    return in->password_hash.p ? cred_password_import(op, &credentials, in->password_hash, &x->password)
                               : WW_OK;
}

static enum ww_err write_creation(struct ww_op *op, struct service *s, void *context)
{
    return write_one(op, s, context);
}

enum ww_err account_admin_create(struct ww_op *op, struct service *s, const struct account_spec *in,
                                 struct account_refusal *why, struct record **out)
{
    struct creation x = {.in = in};
    *out = NULL;
    enum ww_err err = prepare(op, s, &x, why);
    if (err || (err = account_transaction(op, s, write_creation, &x))) {
        return err;
    }
    *out = x.record;
    return WW_OK;
}

/* ---- several at once ---- */

/* What one transaction writes: as many as make its cost disappear in theirs, and few enough that others do
 * not wait for it. */
enum { TOGETHER = 50 };

struct creations {
    struct creation *list;
    struct account_created *results;
    size_t n;
};

static enum ww_err write_creations(struct ww_op *op, struct service *s, void *context)
{
    struct creations *x = context;
    enum ww_err err = WW_OK;
    for (size_t i = 0; !err && i < x->n; i++) {
        err = x->results[i].err ? WW_OK : write_one(op, s, &x->list[i]);
    }
    return err;
}

static void keep_result(struct ww_op *op, struct account_created *out, enum ww_err err)
{
    out->err = err;
    out->problem = op->problem;
}

/* Together; and where one of them is refused (a name that two of them have, or somebody else took meanwhile)
 * each alone, so that the good ones are kept. */
static enum ww_err write_chunk(struct ww_op *op, struct service *s, struct creations *x)
{
    enum ww_err err = account_transaction(op, s, write_creations, x);
    bool alone = err == WW_ECONFLICT;
    for (size_t i = 0; (!err || alone) && i < x->n; i++) {
        struct account_created *result = &x->results[i];
        if (!result->err && alone) {
            keep_result(op, result, account_transaction(op, s, write_creation, &x->list[i]));
        }
        result->record = result->err ? NULL : x->list[i].record;
    }
    return alone ? WW_OK : err;
}

enum ww_err account_admin_create_several(struct ww_op *op, struct service *s, const struct account_spec *in,
                                         struct account_created *results, size_t n)
{
    struct creation *list = ARENA_ARRAY(&op->arena, n, struct creation);
    enum ww_err err = list ? WW_OK : op_no_memory(op);
    for (size_t i = 0; !err && i < n; i++) {
        list[i].in = &in[i];
        if (results[i].err) {
            continue; /* refused by who read it */
        }
        keep_result(op, &results[i], prepare(op, s, &list[i], &results[i].why));
        /* Not of this one: the store is gone, or memory is. */
        enum ww_err one = results[i].err;
        err = one == WW_EIO || one == WW_ENOMEM || one == WW_EBUSY || one == WW_EINTERNAL ? one : WW_OK;
    }
    for (size_t i = 0; !err && i < n; i += TOGETHER) {
        struct creations chunk = {&list[i], &results[i], n - i < TOGETHER ? n - i : TOGETHER};
        err = write_chunk(op, s, &chunk);
    }
    return err;
}

/* ---- looking up ---- */

/* The same for an id that never was and one that is gone: ids of closed accounts are kept nowhere. */
enum ww_err account_not_found(struct ww_op *op)
{
    return op_fail(op, WW_ENOTFOUND, "identity_not_found", "there is no such identity");
}

enum ww_err account_admin_get(struct ww_op *op, struct service *s, const struct uuid *id, struct record **out)
{
    enum ww_err err = store_record_load_uuid(op, s->store, id, false, out);
    return err == WW_ENOTFOUND ? account_not_found(op) : err;
}

/* The row only says where to look: the record must hold the value. */
static enum ww_err find_by(struct ww_op *op, struct service *s, enum identifier_kind kind, struct bytes value,
                           struct record **out)
{
    struct key tag;
    int64_t account;
    *out = NULL;
    store_identifier_tag(s->store, kind, value, &tag);
    enum ww_err err = store_identifier_find(op, s->store, &tag, &account);
    if (err == WW_OK) {
        err = store_record_load(op, s->store, account, false, out);
    }
    if (err == WW_OK && !identity_has_identifier(*out, kind, value)) {
        err = WW_ENOTFOUND;
    }
    return err == WW_ENOTFOUND ? account_not_found(op) : err;
}

/* No throttle: an administrator asks, or a flow whose password was right. */
enum ww_err account_admin_find(struct ww_op *op, struct service *s, const char *identifier,
                               struct record **out)
{
    struct bytes value;
    *out = NULL;
    enum ww_err err = utf8_ident(&op->arena, bytes_str(identifier), &value);
    if (err) {
        return err == WW_ENOMEM ? op_no_memory(op) : account_not_found(op);
    }
    return find_by(op, s, IDENT_LOGIN, value, out);
}

/* Byte by byte: the id of another system has no other spellings. */
enum ww_err account_admin_find_external(struct ww_op *op, struct service *s, const char *external_id,
                                        struct record **out)
{
    return find_by(op, s, IDENT_EXTERNAL, bytes_str(external_id), out);
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
        return err == WW_ENOTFOUND ? account_not_found(op) : err;
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
