/* Passwords: normalised, hashed, tried on their slot (vault.md §7). */
#include "cred_int.h"

#include <string.h>

#include "utf8.h"

enum { PASSWORD_MAX = 1024 };

enum ww_err cred_password_normalize(struct ww_op *op, struct bytes typed, struct bytes *out)
{
    *out = BYTES(NULL, 0);
    /* Bytes, before normalising: what NFC brings down to the limit is at most three times as long. */
    if (typed.n > 4 * PASSWORD_MAX) {
        return op_fail_field(op, WW_EINVAL, "password_too_long", "password",
                             "a password has at most %d bytes", PASSWORD_MAX);
    }
    /* NFC, so that the same letters typed on another system give the same bytes (vault.md §7). No case
     * folding, no trimming: these would make passwords weaker. */
    enum ww_err err = utf8_nfc(&op->arena, typed, out);
    if (err == WW_EINVAL) {
        return op_fail_field(op, err, "password_not_utf8", "password", "the password is not valid UTF-8");
    }
    if (err) {
        return op_no_memory(op);
    }
    if (out->n > PASSWORD_MAX) {
        return op_fail_field(op, WW_EINVAL, "password_too_long", "password",
                             "a password has at most %d bytes", PASSWORD_MAX);
    }
    return WW_OK;
}

/* ---- making ---- */

static enum ww_err add(struct ww_op *op, const struct cred_context *x, struct bytes typed,
                       struct cred_ready *out)
{
    struct pwhash_secret *secret = ARENA_NEW(&op->arena, struct pwhash_secret);
    struct bytes password;
    char *public_part;
    if (!secret) {
        return op_no_memory(op);
    }
    enum ww_err err = cred_password_normalize(op, typed, &password);
    /* A new salt for each credential, also when the same password is set again. */
    if (err || (err = pwhash_public_new(op, x->hashing, &public_part)) ||
        (err = pwhash_derive(op, x->pool, public_part, password, secret))) {
        return err;
    }
    *out = (struct cred_ready){CRED_PASSWORD, bytes_str(public_part), BYTES(secret->b, secret->n)};
    return WW_OK;
}

enum ww_err cred_password_import(struct ww_op *op, const struct cred_context *x, struct bytes hash,
                                 struct cred_ready *out)
{
    char *text = arena_strndup(&op->arena, hash.p, hash.n);
    *out = (struct cred_ready){.kind = CRED_PASSWORD};
    if (!text) {
        return op_no_memory(op);
    }
    /* Parsed and held to the ceilings now: a hash that would take minutes must not wait in a record for
     * whoever types a name. */
    if (strlen(text) != hash.n) {
        return op_fail_field(op, WW_EINVAL, "password_hash_malformed", "password",
                             "The imported password hash could not be parsed.");
    }
    enum ww_err err = pwhash_check(op, x->pool, text);
    if (err) {
        return err;
    }
    out->public_part = BYTES(text, hash.n);
    return WW_OK;
}

enum ww_err cred_password_verifier(struct ww_op *op, const struct cred_context *x, struct bytes typed,
                                   struct cred_ready *out)
{
    PWHASH_SECRET(secret);
    char *hash, *public_part;
    enum ww_err err = add(op, x, typed, out);
    if (err) {
        return err;
    }
    public_part = arena_strndup(&op->arena, out->public_part.p, out->public_part.n);
    if (!public_part) {
        return op_no_memory(op);
    }
    memcpy(secret.b, out->secret.p, out->secret.n);
    secret.n = out->secret.n;
    err = pwhash_join(op, public_part, &secret, &hash);
    if (!err) {
        *out = (struct cred_ready){.kind = CRED_PASSWORD, .public_part = bytes_str(hash)};
    }
    return err;
}

/* ---- checking ---- */

/* Which of the account's passwords is looked for. */
struct wanted {
    uint8_t role;
    uint32_t generation; /* ROLE_OPENS: of the root key; 0: the one of now */
};
static const struct wanted signing_in = {.role = ROLE_LOGIN};

/* NULL: there is none. The role decides, not the kind: after an administrator set one, or a recovery by mail,
 * the old password may still open, but no longer sign in; and each waiting vault has its own (vault.md §10).
 */
static const struct record_credential *password_of(const struct record *r, struct wanted w)
{
    uint32_t generation = w.generation ? w.generation : r->root_generation;
    for (size_t i = 0; i < r->credential_count; i++) {
        const struct record_credential *c = &r->credentials[i];
        if (c->kind == CRED_PASSWORD && (c->role & w.role) &&
            (w.role != ROLE_OPENS || c->root_generation == generation)) {
            return c;
        }
    }
    return NULL;
}

/* Reads the password's row; *listed NULL when the account has none. */
static enum ww_err read_password(struct ww_op *op, struct store *s, const struct record *r, struct wanted w,
                                 const struct record_credential **listed, struct credential_row *row)
{
    *listed = password_of(r, w);
    return *listed ? store_credential_load(op, s, r, &(*listed)->id, row) : WW_OK;
}

/* Record and credential are two statements, and a password change between them looks like tampering: then
 * both are read once more in one snapshot, and *r is what was read last. */
static enum ww_err load_password(struct ww_op *op, struct store *s, struct record **r, struct wanted w,
                                 const struct record_credential **listed, struct credential_row *row,
                                 char **public_part)
{
    enum ww_err err = read_password(op, s, *r, w, listed, row);
    if (err == WW_ETAMPERED && (err = store_tx_begin(op, s, DB_READ)) == WW_OK) {
        struct record *now;
        err = store_record_load(op, s, (*r)->id, false, &now);
        if (err == WW_OK) {
            *r = now;
            err = read_password(op, s, now, w, listed, row);
        }
        err = store_tx_abort(op, err == WW_ENOTFOUND ? cred_refuse_wrong(op) : err); /* nothing was written */
    }
    if (err || !*listed) {
        return err;
    }
    *public_part = arena_strndup(&op->arena, row->public_part.p, row->public_part.n);
    return *public_part ? WW_OK : op_no_memory(op);
}

/* The default hash, for unknown names and accounts without a password alike: the time tells neither. What
 * is left is said in docs/SECURITY.md: hashes of older settings take another time. */
static enum ww_err for_nobody(struct ww_op *op, const struct cred_context *x, struct bytes typed,
                              struct bytes password)
{
    enum ww_err err = pwhash_waste(op, x->pool, x->hashing, password);
    if (err == WW_EDENIED && !bytes_equal(typed, password)) { /* as often as for somebody */
        err = pwhash_waste(op, x->pool, x->hashing, typed);
    }
    return err == WW_EDENIED ? cred_refuse_wrong(op) : err;
}

/* A hash that is taken over may have been made of the bytes as they were typed, or of their NFC. */
static enum ww_err verify(struct ww_op *op, const struct cred_context *x, const char *hash,
                          struct bytes typed, struct bytes password)
{
    enum ww_err err = pwhash_verify(op, x->pool, hash, typed);
    if (err == WW_EDENIED && !bytes_equal(typed, password)) {
        err = pwhash_verify(op, x->pool, hash, password);
    }
    /* Also for what bcrypt would cut: such a password was never set (vault.md §7). */
    return err == WW_EDENIED || err == WW_ETOOLARGE ? cred_refuse_wrong(op) : err;
}

/* What is to take the credential's place: a slot for a verifier, where there is no vault that it cannot open;
 * today's parameters for those of before. A full queue or a longer limit: the next sign-in tries again. */
static void prepare_upgrade(struct ww_op *op, const struct cred_context *x, bool wanted,
                            struct bytes password, struct cred_ready *out)
{
    if (wanted && add(op, x, password, out) != WW_OK) {
        *out = (struct cred_ready){0};
    }
}

struct slot {
    const struct record *record;
    const struct record_credential *listed;
    const struct credential_row *row;
    const char *public_part;
};

static enum ww_err try_slot(struct ww_op *op, const struct cred_context *x, const struct slot *s,
                            struct bytes password, struct key **root)
{
    PWHASH_SECRET(secret);
    enum ww_err err = pwhash_derive(op, x->pool, s->public_part, password, &secret);
    if (err) {
        return err == WW_ETOOLARGE ? cred_refuse_wrong(op) : err;
    }
    return cred_slot_open(op, s->record, s->listed, s->row, BYTES(secret.b, secret.n), root);
}

/* A slot of ours is made of NFC. One that a verifier became holds what the hash of another program held,
 * which may have been made of the bytes as typed: they are tried too, and the slot is made again (*as_typed).
 */
static enum ww_err open_slot(struct ww_op *op, const struct cred_context *x, const struct slot *s,
                             struct bytes typed, struct bytes password, bool *as_typed, struct key **root)
{
    const struct op_problem before = op->problem;
    enum ww_err err = try_slot(op, x, s, password, root);
    if (err == WW_EDENIED && !bytes_equal(typed, password)) {
        err = try_slot(op, x, s, typed, root);
        *as_typed = err == WW_OK;
        op->problem = err ? op->problem : before;
    }
    return err;
}

/* Outside of any transaction: the hash takes 100 ms, and rows locked for that long could be held by any
 * stranger. cred_authn_confirm looks again inside. */
static enum ww_err check(struct ww_op *op, const struct cred_context *x, struct record *r, struct bytes typed,
                         struct cred_found *out)
{
    struct credential_row row;
    struct bytes password;
    char *public_part;
    enum ww_err err = cred_password_normalize(op, typed, &password);
    if (err == WW_ENOMEM) {
        return err;
    }
    if (err) { /* such a password cannot have been set: same answer, same work */
        password = typed = BYTES("", 0);
        r = NULL;
    }
    const struct record_credential *listed = NULL;
    const struct wanted w = x->to_open ? (struct wanted){ROLE_OPENS, x->generation} : signing_in;
    if (r && (err = load_password(op, x->store, &r, w, &listed, &row, &public_part))) {
        return err;
    }
    if (!listed) {
        return for_nobody(op, x, typed, password);
    }
    /* A slot is its own test; only verifiers have something to compare with. */
    bool opens = (listed->role & ROLE_OPENS) != 0;
    bool as_typed = false;
    const struct slot slot = {r, listed, &row, public_part};
    err = opens ? open_slot(op, x, &slot, typed, password, &as_typed, &out->root)
                : verify(op, x, public_part, typed, password);
    if (err) {
        return err;
    }
    out->record = r;
    out->credential = listed->id;
    bool outdated = opens ? as_typed || pwhash_outdated(public_part, x->hashing) : r->root_generation == 0;
    prepare_upgrade(op, x, outdated, password, &out->upgrade);
    return WW_OK;
}

enum ww_err cred_password_of_verifier(struct ww_op *op, struct store *s, const struct record *r,
                                      struct cred_ready *out, bool *found)
{
    const struct record_credential *listed;
    struct credential_row row;
    struct pwhash_secret *secret = ARENA_NEW(&op->arena, struct pwhash_secret);
    char *hash, *public_part;
    *found = false;
    enum ww_err err = secret ? read_password(op, s, r, signing_in, &listed, &row) : op_no_memory(op);
    if (err || !listed || (listed->role & ROLE_OPENS)) {
        return err;
    }
    hash = arena_strndup(&op->arena, row.public_part.p, row.public_part.n);
    if (!hash) {
        return op_no_memory(op);
    }
    err = pwhash_split(op, hash, &public_part, secret);
    if (err) {
        /* A format that is only verified makes no slot: it stays a verifier. */
        return err == WW_EINVAL ? WW_OK : err;
    }
    *out = (struct cred_ready){CRED_PASSWORD, bytes_str(public_part), BYTES(secret->b, secret->n)};
    *found = true;
    return WW_OK;
}

enum ww_err cred_password_text(struct ww_op *op, struct store *s, const struct record *r, const char **out)
{
    const struct record_credential *listed;
    struct credential_row row;
    *out = NULL;
    enum ww_err err = read_password(op, s, r, signing_in, &listed, &row);
    if (err || !listed) {
        return err;
    }
    *out = arena_strndup(&op->arena, row.public_part.p, row.public_part.n);
    return *out ? WW_OK : op_no_memory(op);
}

/* Without the throttle: its callers hold a session that has R and is recent, and learn about their own
 * password only (docs/DECISIONS.md). */
enum ww_err cred_password_opens(struct ww_op *op, const struct cred_context *x, struct record *r,
                                struct bytes typed, bool *opens)
{
    const struct record_credential *listed = NULL;
    struct credential_row row;
    struct bytes password;
    struct key *root;
    char *public_part;
    PWHASH_SECRET(secret);
    enum ww_err err = cred_password_normalize(op, typed, &password);
    *opens = false;
    if (err || (err = load_password(op, x->store, &r, signing_in, &listed, &row, &public_part)) || !listed ||
        !(listed->role & ROLE_OPENS)) {
        return err;
    }
    err = pwhash_derive(op, x->pool, public_part, password, &secret);
    if (err == WW_OK) {
        err = cred_slot_open(op, r, listed, &row, BYTES(secret.b, secret.n), &root);
        *opens = err == WW_OK;
    }
    return err == WW_EDENIED || err == WW_ETOOLARGE ? WW_OK : err;
}

const struct cred_kind cred_password = {
    .kind = CRED_PASSWORD,
    .method = "password",
    .level = 1,
    .role = ROLE_LOGIN | ROLE_OPENS,
    .check = check,
    .add = add,
};
