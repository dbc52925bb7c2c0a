/* Passwords: normalised, hashed, tried on their slot (vault.md §7). */
#include "cred_int.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

enum { PASSWORD_MAX = 1024 };

enum ww_err cred_password_normalize(struct ww_op *op, struct bytes typed, struct bytes *out)
{
    *out = BYTES(NULL, 0);
    if (typed.n > 4 * PASSWORD_MAX) {
        return op_fail_field(op, WW_EINVAL, "password_too_long", "password",
                             "a password has at most %d bytes", PASSWORD_MAX);
    }
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

enum ww_err cred_password_prepare(struct ww_op *op, struct pwhash_pool *pool,
                                  const struct pwhash_params *params, struct bytes password,
                                  struct password_ready *out)
{
    char *public_part;
    out->secret = ARENA_NEW(&op->arena, struct pwhash_secret);
    if (!out->secret) {
        return op_no_memory(op);
    }
    enum ww_err err = pwhash_public_new(op, params, &public_part);
    if (err) {
        return err;
    }
    out->public_part = public_part;
    return pwhash_derive(op, pool, public_part, password, out->secret);
}

/* ikm = D(–, ikm, uuid, u8 kind ‖ secret) */
static void make_ikm(struct key *out, const struct uuid *account, const struct pwhash_secret *secret)
{
    uint8_t kind = CRED_PASSWORD;
    struct bytes parts[] = {BYTES(&kind, 1), BYTES(secret->b, secret->n)};
    derive_parts(out, NULL, "ikm", account, parts, 2);
}

/* id ‖ u8 kind ‖ kdf */
static struct bytes slot_aad(struct ww_op *op, const struct uuid *id, struct bytes public_part)
{
    struct buf b = BUF(&op->arena);
    buf_add(&b, id->b, sizeof id->b);
    buf_u8(&b, CRED_PASSWORD);
    buf_bytes(&b, public_part);
    return buf_done(&b);
}

static enum ww_err list_credential(struct ww_op *op, struct record *r, const struct record_credential *c)
{
    struct record_credential *list =
        ARENA_ARRAY(&op->arena, r->credential_count + 1, struct record_credential);
    if (!list) {
        return op_no_memory(op);
    }
    if (r->credential_count) {
        memcpy(list, r->credentials, r->credential_count * sizeof *list);
    }
    list[r->credential_count++] = *c;
    r->credentials = list;
    return WW_OK;
}

enum ww_err cred_password_add(struct ww_op *op, struct record *r, const struct password_ready *p,
                              const struct key *root, struct credential_row *row)
{
    KEY32(ikm);
    *row = (struct credential_row){
        .id = uuid_new(op), .kind = CRED_PASSWORD, .public_part = bytes_str(p->public_part)};
    struct record_credential listed = {row->id, CRED_PASSWORD, ROLE_LOGIN | ROLE_OPENS, r->root_generation,
                                       op_now(op)};
    struct bytes aad = slot_aad(op, &row->id, row->public_part);
    if (!aad.p) {
        return op_no_memory(op);
    }
    make_ikm(&ikm, &r->uuid, p->secret);
    enum ww_err err = seal(op, &ikm, (struct place){"slot", &r->uuid, r->root_generation, aad},
                           BYTES_OF(*root), &row->slot);
    return err ? err : list_credential(op, r, &listed);
}

void cred_remove(struct record *r, const struct uuid *id)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->credential_count; i++) {
        if (!uuid_equal(r->credentials[i].id, *id)) {
            r->credentials[kept++] = r->credentials[i];
        }
    }
    r->credential_count = kept;
}

const struct record_credential *cred_password_of(const struct record *r)
{
    for (size_t i = 0; i < r->credential_count; i++) {
        if (r->credentials[i].kind == CRED_PASSWORD && (r->credentials[i].role & ROLE_LOGIN)) {
            return &r->credentials[i];
        }
    }
    return NULL;
}

static enum ww_err open_slot(struct ww_op *op, const struct record *r, const struct record_credential *listed,
                             const struct credential_row *row, const struct pwhash_secret *secret,
                             struct key **root)
{
    KEY32(ikm);
    struct bytes pt, aad = slot_aad(op, &row->id, row->public_part);
    if (!aad.p) {
        return op_no_memory(op);
    }
    make_ikm(&ikm, &r->uuid, secret);
    enum ww_err err =
        seal_try(op, &ikm, (struct place){"slot", &r->uuid, listed->root_generation, aad}, row->slot, &pt);
    if (err) {
        return err == WW_EDENIED ? cred_refuse_wrong(op) : err;
    }
    if (pt.n != sizeof(*root)->b) {
        return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (slot)");
    }
    *root = ARENA_NEW(&op->arena, struct key);
    if (!*root) {
        return op_no_memory(op);
    }
    memcpy((*root)->b, pt.p, pt.n);
    return WW_OK;
}

static enum ww_err make_authn(struct ww_op *op, struct record *r, const struct uuid *credential,
                              struct key *root, struct authn **out)
{
    return cred_authn_new(op, r, root, &(struct authn_step){*credential, "password", 1, op_now(op)}, out);
}

enum ww_err cred_password_enrolled(struct ww_op *op, struct record *r, struct key *root, struct authn **out)
{
    const struct record_credential *c = cred_password_of(r);
    *out = NULL;
    return c ? make_authn(op, r, &c->id, root, out)
             : op_fail(op, WW_EINTERNAL, "no_password", "the new account has no password");
}

/* Reads the password's row; *listed NULL when the account has none. */
static enum ww_err read_password(struct ww_op *op, struct store *s, const struct record *r,
                                 const struct record_credential **listed, struct credential_row *row)
{
    *listed = cred_password_of(r);
    return *listed ? store_credential_load(op, s, r, &(*listed)->id, row) : WW_OK;
}

/* Record and credential are two statements, and a password change between them looks like tampering: then
 * both are read once more in one snapshot, and *r is what was read last. */
static enum ww_err load_password(struct ww_op *op, struct store *s, struct record **r,
                                 const struct record_credential **listed, struct credential_row *row,
                                 char **public_part)
{
    enum ww_err err = read_password(op, s, *r, listed, row);
    if (err == WW_ETAMPERED && (err = store_tx_begin(op, s, DB_READ)) == WW_OK) {
        struct record *now;
        err = store_record_load(op, s, (*r)->id, false, &now);
        if (err == WW_OK) {
            *r = now;
            err = read_password(op, s, now, listed, row);
        }
        err = store_tx_abort(op, err == WW_ENOTFOUND ? cred_refuse_wrong(op) : err); /* nothing was written */
    }
    if (err || !*listed) {
        return err;
    }
    *public_part = arena_strndup(&op->arena, row->public_part.p, row->public_part.n);
    return *public_part ? WW_OK : op_no_memory(op);
}

enum ww_err cred_password_check(struct ww_op *op, struct store *s, struct pwhash_pool *pool,
                                const struct pwhash_params *params, struct admit *admit, struct record *r,
                                struct bytes typed, struct authn **out, struct password_ready *upgrade)
{
    struct credential_row row;
    struct bytes password;
    struct key *root = NULL;
    char *public_part;
    PWHASH_SECRET(secret);
    *out = NULL;
    *upgrade = (struct password_ready){0};
    if (!admit) {
        abort(); /* a credential is never checked without the throttle's leave */
    }
    enum ww_err err = cred_password_normalize(op, typed, &password);
    if (err == WW_ENOMEM) {
        return err;
    }
    if (err) { /* such a password cannot have been set: same answer, same work */
        password = BYTES("", 0);
        r = NULL;
    }
    const struct record_credential *listed = NULL;
    if (r && (err = load_password(op, s, &r, &listed, &row, &public_part))) {
        return err;
    }
    if (!listed) {
        err = pwhash_waste(op, pool, params, password);
        return err == WW_EDENIED ? cred_refuse_wrong(op) : err;
    }
    err = pwhash_derive(op, pool, public_part, password, &secret);
    if (err == WW_ETOOLARGE) {
        return cred_refuse_wrong(op);
    }
    if (err || (err = open_slot(op, r, listed, &row, &secret, &root))) {
        return err;
    }
    if (pwhash_outdated(public_part, params) &&
        cred_password_prepare(op, pool, params, password, upgrade) != WW_OK) {
        *upgrade =
            (struct password_ready){0}; /* a full queue or a longer limit: the next login tries again */
    }
    return make_authn(op, r, &listed->id, root, out);
}

enum ww_err cred_password_opens(struct ww_op *op, struct store *s, struct pwhash_pool *pool, struct record *r,
                                struct bytes typed, bool *opens)
{
    const struct record_credential *listed = cred_password_of(r);
    struct credential_row row;
    struct bytes password;
    struct key *root = NULL;
    char *public_part;
    PWHASH_SECRET(secret);
    enum ww_err err = cred_password_normalize(op, typed, &password);
    *opens = false;
    if (err || (err = load_password(op, s, &r, &listed, &row, &public_part)) || !listed) {
        return err;
    }
    err = pwhash_derive(op, pool, public_part, password, &secret);
    if (err == WW_OK) {
        err = open_slot(op, r, listed, &row, &secret, &root);
        *opens = err == WW_OK;
    }
    return err == WW_EDENIED || err == WW_ETOOLARGE ? WW_OK : err;
}
