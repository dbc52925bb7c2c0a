/* What the use cases share. */
#include "account_int.h"

/* The five of vault.md §13. */
enum { TRIES = 5 };

/* Bytes, of which the system gives what is used: a session with its account, ten codes, or a share with all
 * who get it, as trees and as text. */
enum { ROOM_FOR_THE_ANSWER = 1 << 20 };

static const uint64_t longest_us = 5000000; /* a lock that was waited for in vain is not waited for again */

/* Runs the body anew with new keys and nonces when it lost a race; what cost time (hashes) was done before
 * and is kept. So a body changes nothing outside of the transaction that a repetition would not set again. */
enum ww_err account_transaction(struct ww_op *op, struct service *s,
                                enum ww_err (*body)(struct ww_op *op, struct service *s, void *context),
                                void *context)
{
    enum ww_err err = WW_EINTERNAL;
    uint64_t begun = op_now(op);
    for (int i = 0; i < TRIES; i++) {
        if ((err = store_tx_begin(op, s->store, DB_WRITE)) == WW_OK) {
            err = body(op, s, context);
            /* What is committed is done, and its answer must not fail for want of memory: a code is used up,
             * a token is told once. */
            err = !err && !arena_keep(&op->arena, ROOM_FOR_THE_ANSWER) ? op_no_memory(op) : err;
            err = err ? store_tx_abort(op, err) : store_tx_commit(op);
        }
        if (!err) {
            arena_spend(&op->arena);
        }
        /* Only a lost race is repeated: any other error would come again. What was in the arena of the lost
         * try stays there until the operation ends; five tries bound that. */
        if (err != WW_EBUSY || op_now(op) - begun > longest_us) {
            return err;
        }
    }
    return op_fail(op, WW_EBUSY, "busy", "others are changing the same account");
}

static enum ww_err inactive(struct ww_op *op)
{
    return op_fail(op, WW_EDENIED, "session_inactive", "no active session");
}

/* What the session's row says now. The account is locked, so nobody changes generation or record meanwhile.
 */
static enum ww_err bring_up_to_date(struct ww_op *op, struct service *s, struct session *x)
{
    struct session *now;
    enum ww_err err = session_resume(op, s->store, &s->sessions, x->token, false, &now);
    /* The caller's struct is written over, so that its pointer, which a ww_session may hold, stays good. */
    if (!err) {
        *x = *now;
    }
    return err;
}

/* What a signed-in change begins with: the account's row is locked before the vault's (vault.md §13), and
 * what the session was resumed with is judged again under the lock, since a password change or a
 * deactivation may have come between. `row`: the session's own row is going to be written too. */
static enum ww_err lock(struct ww_op *op, struct service *s, struct session *x, bool row,
                        struct record **record, struct vault **vault)
{
    struct vault_row stored;
    *vault = NULL;
    enum ww_err err = store_record_load(op, s->store, x->record->id, true, record);
    if (err) {
        return err == WW_ENOTFOUND ? inactive(op) : err;
    }
    /* The row is read again only where something may have ended: on the usual way this costs one comparison.
     */
    bool changed = (*record)->session_generation != x->record->session_generation;
    if ((changed || row) && (err = bring_up_to_date(op, s, x))) {
        return err;
    }
    /* The internal id is a database's; after a restore it may be another account's. What binds is the UUID,
     * which is sealed. */
    if (!uuid_equal((*record)->uuid, x->record->uuid) || (*record)->state != STATE_ACTIVE ||
        (*record)->session_generation != x->record->session_generation) {
        return inactive(op);
    }
    /* A session that is locked changes the record without the vault: the head keeps an older number of the
     * record, as vault.md §6 allows. */
    if (!x->root || (*record)->root_generation == 0) {
        return WW_OK;
    }
    if ((err = store_vault_row_load(op, s->store, &(*record)->vid, (*record)->id, true, &stored))) {
        return err;
    }
    return vault_open(op, s->store, *record, x->root, &stored, vault);
}

enum ww_err account_lock(struct ww_op *op, struct service *s, struct session *x, struct record **record,
                         struct vault **vault)
{
    return lock(op, s, x, false, record, vault);
}

enum ww_err account_lock_session(struct ww_op *op, struct service *s, struct session *x,
                                 struct record **record, struct vault **vault)
{
    return lock(op, s, x, true, record, vault);
}

/* Record first, then the head with the record's new number: each holds the other's floor, so neither can
 * be put back alone (vault.md §6). */
enum ww_err account_write(struct ww_op *op, struct service *s, struct record *r, struct vault *v)
{
    if (v) {
        r->vault_floor = vault_seq(v);
    }
    /* By compare-and-swap on the record's number: two writers that both read it cannot both win. */
    enum ww_err err = store_record_update(op, s->store, r);
    return err || !v ? err : vault_reseal(op, s->store, v, r->seq);
}

enum ww_err account_schema(struct ww_op *op, struct service *s, const char *id,
                           const struct identity_schema **out)
{
    *out = id && *id ? schema_find(s->schemas, id) : schema_default(s->schemas);
    return *out ? WW_OK
                : op_fail_field(op, WW_EINVAL, "schema_unknown", "schema_id",
                                "there is no such identity schema");
}

/* The traits are copied, since a node stands in one tree only. */
enum ww_err account_validate(struct ww_op *op, const struct identity_schema *schema, const struct js *traits,
                             struct account_refusal *why)
{
    struct arena *a = &op->arena;
    struct js *document = js_object(a);
    *why = (struct account_refusal){0};
    enum ww_err err = account_bound_traits(op, traits);
    if (err) {
        return err;
    }
    /* Kratos' schemas describe {"traits":{…}}, not the traits alone (kratos.md §5.3). */
    if (!document || !js_put(a, document, "traits", traits ? js_copy(a, traits) : js_object(a))) {
        return op_no_memory(op);
    }
    err = schema_validate(a, schema->program, document, &why->failures);
    if (err == WW_EVALIDATION) {
        return op_fail_field(op, err, "traits_invalid", "traits",
                             "the traits do not satisfy the identity schema");
    }
    return err ? op_no_memory(op) : WW_OK;
}

/* Called twice in one registration: before the hash, to find what is refused, and in the transaction,
 * where each try begins anew. */
enum ww_err account_draft(struct ww_op *op, const struct identity_schema *schema, const struct js *traits,
                          bool need_identifier, struct record **out)
{
    struct record *r = ARENA_NEW(&op->arena, struct record);
    uint64_t now = op_now(op);
    *out = r;
    if (!r) {
        return op_no_memory(op);
    }
    /* Random (RFC 9562 §5.4): it tells neither when nor in which order accounts came. */
    r->uuid = uuid_new(op);
    r->state = STATE_ACTIVE;
    r->identity = (struct identity){.created = now, .updated = now, .state_changed = now};
    return identity_set_traits(op, r, schema, traits, need_identifier);
}

enum ww_err account_insert(struct ww_op *op, struct service *s, const struct identity_schema *schema,
                           struct record *r, const struct cred_ready *password, struct key **root)
{
    struct credential_row row;
    struct vault *v = NULL;
    enum ww_err err = WW_EINTERNAL;
    /* An imported hash has no secret that could make a slot: the vault comes with the first sign-in
     * (vault.md §10). */
    bool opens = password && password->secret.p;
    *root = NULL;
    if (opens) {
        *root = ARENA_NEW(&op->arena, struct key);
        if (!*root) {
            return op_no_memory(op);
        }
        if ((err = vault_new(op, r, *root, &v))) {
            return err;
        }
    }
    if (password && (err = cred_add(op, r, password, *root, &row))) {
        return err;
    }
    /* The record first: the rows of the others refer to its internal id, which the database gives. The unique
     * index on identifier tags is what refuses a name that was taken since it was looked up. */
    if ((err = store_record_insert(op, s->store, r)) ||
        (err = identity_write_rows(op, s->store, schema, r, NULL))) {
        return err;
    }
    if (!password) {
        return WW_OK;
    }
    err = store_credential_insert(op, s->store, r, &row);
    return err || !v ? err : vault_insert(op, s->store, r, v);
}

struct cred_context account_credentials(const struct service *s)
{
    return (struct cred_context){.store = s->store, .pool = s->pool, .hashing = &s->hashing};
}

/* What was put back may have a password that was changed since, because somebody knew it: a factor that is
 * there is asked for. Without one there is nothing more to ask until there is mail (docs/DECISIONS.md). */
bool account_asks_second(const struct record *r)
{
    bool has = false;
    for (size_t i = 0; i < r->credential_count; i++) {
        has = has || (r->credentials[i].role & ROLE_SECOND);
    }
    return (r->flags & FLAG_SECOND_FACTOR) || ((r->flags & FLAG_RESTORED) && has);
}

/* Asked of the record, which storage cannot alter. Half a sign-in opens and changes nothing. */
bool account_is_pending(const struct session *x)
{
    return account_asks_second(x->record) && x->level < 2;
}

/* By the session's last proof, not its last use. Times in µs. */
bool account_privileged(const struct ww_op *op, const struct service *s, const struct session *x)
{
    /* One clock for all nodes is not needed: a difference of seconds between them moves a limit of minutes.
     */
    return !account_is_pending(x) && op_now(op) < x->authenticated + s->privileged_age;
}

enum ww_err account_refuse_pending(struct ww_op *op)
{
    return op_fail(op, WW_EAAL, "session_aal2_required", "a second factor is needed first");
}

enum ww_err account_refuse_reauth(struct ww_op *op, const struct session *x)
{
    if (account_is_pending(x)) {
        return account_refuse_pending(op);
    }
    return op_fail(op, WW_EREAUTH, "session_refresh_required", "the sign-in is too old for this change");
}

enum ww_err account_refuse_locked(struct ww_op *op, const struct record *r)
{
    /* Two answers, since the owner does two different things: sign in with the password, or unlock. */
    return r->root_generation == 0 ? op_fail(op, WW_ENOVAULT, "vault_none", "the account has no vault yet")
                                   : op_fail(op, WW_ELOCKED, "vault_locked", "this session opens nothing");
}

enum ww_err account_drop_credential(struct ww_op *op, struct service *s, struct record *r, struct uuid id)
{
    enum ww_err err = cred_remove(op, r, &id);
    return err ? err : store_credential_delete(op, s->store, r, &id);
}

enum ww_err account_drop_credentials(struct ww_op *op, struct service *s, struct record *r,
                                     account_goes *goes, const void *context)
{
    enum ww_err err = WW_OK;
    size_t i = 0;
    while (!err && i < r->credential_count) {
        struct uuid id = r->credentials[i].id;
        /* Where one goes the later ones move up, so that the index stays where it is. */
        if (goes(r, &r->credentials[i], context)) {
            err = account_drop_credential(op, s, r, id);
        } else {
            i++;
        }
    }
    return err;
}

static bool is_password(const struct record *r, struct record_credential *c, const void *context)
{
    (void)context;
    return c->kind == CRED_PASSWORD && cred_is_of_now(r, c);
}

enum ww_err account_drop_passwords(struct ww_op *op, struct service *s, struct record *r)
{
    return account_drop_credentials(op, s, r, is_password, NULL);
}
