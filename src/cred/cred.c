/* What all kinds of credentials share (vault.md §7): checking several of one person, listing and removing. */
#include "cred_int.h"

#include <stdlib.h>
#include <string.h>

/* NULL for a kind that this program does not know: a record of a later version is no fault of the
 * database. */
const struct cred_kind *cred_kind_find(enum credential_kind kind)
{
    const struct cred_kind *const *k = cred_kinds;
    while (*k && (*k)->kind != kind) {
        k++;
    }
    return *k;
}

/* ---- checking ---- */

static enum ww_err check_one(struct ww_op *op, const struct cred_context *x, const struct cred_proof *proof,
                             struct authn *a, struct cred_ready *upgrade)
{
    const struct cred_kind *kind = cred_kind_find(proof->kind);
    struct cred_found found = {.record = a->record};
    struct cred_context with = *x;
    with.to_open = proof->to_open;
    with.generation = proof->generation;
    /* "Wrong", not "unknown kind": what a program supports is no secret, but one answer leaves nothing to
     * compare. */
    if (!kind || a->count == AUTHN_STEPS_MAX) {
        return cred_refuse_wrong(op);
    }
    enum ww_err err = kind->check(op, &with, a->record, proof->typed, &found);
    if (err) {
        return err;
    }
    /* Only the first proof is renewed: the one that signs in. */
    if (a->count == 0) {
        *upgrade = found.upgrade;
    }
    a->steps[a->count++] = (struct authn_step){found.credential, kind->method, kind->level, op_now(op)};
    a->record = found.record;
    /* The first proof that opens counts; they would all hold the same R. */
    a->root = a->root ? a->root : found.root;
    return WW_OK;
}

enum ww_err cred_check(struct ww_op *op, const struct cred_context *x, struct admit *admit, struct record *r,
                       const struct cred_proof *proofs, size_t n, struct authn **out,
                       struct cred_ready *upgrade)
{
    struct authn *a = ARENA_NEW(&op->arena, struct authn);
    enum ww_err err = n ? WW_OK : cred_refuse_wrong(op);
    *out = NULL;
    *upgrade = (struct cred_ready){0};
    if (!admit) {
        abort(); /* a credential is never checked without the throttle's leave */
    }
    if (!a) {
        return op_no_memory(op);
    }
    /* NULL for an unknown name: every kind then does the work of a wrong secret. */
    a->record = r;
    for (size_t i = 0; i < n && !err; i++) {
        err = check_one(op, x, &proofs[i], a, upgrade);
    }
    /* Handed out only when every proof was right; what the others found stays in the arena, which is
     * wiped. */
    if (!err) {
        *out = a;
    }
    return err;
}

/* Who has just set a credential has proved it: registering needs no second hash to sign in. */
enum ww_err cred_enrolled(struct ww_op *op, struct record *r, enum credential_kind kind, struct key *root,
                          struct authn **out)
{
    const struct record_credential *c = cred_of(r, kind);
    const struct cred_kind *row = cred_kind_find(kind);
    struct authn *a = ARENA_NEW(&op->arena, struct authn);
    *out = a;
    if (!c || !row) {
        return op_fail(op, WW_EINTERNAL, "no_credential", "the new account has no such credential");
    }
    if (!a) {
        return op_no_memory(op);
    }
    *a = (struct authn){
        .record = r, .root = root, .steps = {{c->id, row->method, row->level, op_now(op)}}, .count = 1};
    return WW_OK;
}

/* ---- making and removing ---- */

enum ww_err cred_prepare(struct ww_op *op, const struct cred_context *x, enum credential_kind kind,
                         struct bytes typed, struct cred_ready *out)
{
    const struct cred_kind *row = cred_kind_find(kind);
    *out = (struct cred_ready){.kind = kind};
    return row ? row->add(op, x, typed, out)
               : op_fail(op, WW_EINVAL, "credential_kind", "there is no such kind of credential");
}

/* A new array: the record's own list is exactly as long as it was stored. */
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

enum ww_err cred_add(struct ww_op *op, struct record *r, const struct cred_ready *ready,
                     const struct key *root, struct credential_row *row)
{
    const struct cred_kind *kind = cred_kind_find(ready->kind);
    *row =
        /* Any change of a credential is a new id (vault.md §6): a row of before is listed nowhere, and
         * opens nothing when it is put back. */
        (struct credential_row){.id = uuid_new(op), .kind = ready->kind, .public_part = ready->public_part};
    struct record_credential listed = {row->id, (uint8_t)ready->kind, kind ? kind->role : 0, 0, op_now(op)};
    bool opens = (listed.role & ROLE_OPENS) && ready->secret.p && root;
    enum ww_err err = opens ? cred_slot_seal(op, r, ready->secret, root, row) : WW_OK;
    listed.root_generation = opens ? r->root_generation : 0;
    /* A verifier, or an account without a vault: the record must not say that it opens what it has no slot
     * for. */
    if (!opens) {
        listed.role &= (uint8_t)~ROLE_OPENS;
    }
    return err ? err : list_credential(op, r, &listed);
}

enum ww_err cred_remove(struct ww_op *op, struct record *r, const struct uuid *id)
{
    const struct record_credential *c = store_record_credential(r, id);
    const struct cred_kind *kind = c ? cred_kind_find((enum credential_kind)c->kind) : NULL;
    enum ww_err err = kind && kind->remove ? kind->remove(op, r, c) : WW_OK;
    size_t kept = 0;
    for (size_t i = 0; !err && i < r->credential_count; i++) {
        /* The list in the sealed record is what counts; the row that is left over is the caller's to
         * delete. */
        if (!uuid_equal(r->credentials[i].id, *id)) {
            r->credentials[kept++] = r->credentials[i];
        }
    }
    r->credential_count = err ? r->credential_count : kept;
    return err;
}

/* ---- questions ---- */

bool cred_is_of_now(const struct record *r, const struct record_credential *c)
{
    return c->root_generation == 0 || c->root_generation == r->root_generation;
}

const struct record_credential *cred_of(const struct record *r, enum credential_kind kind)
{
    for (size_t i = 0; i < r->credential_count; i++) {
        if (r->credentials[i].kind == kind && cred_is_of_now(r, &r->credentials[i])) {
            return &r->credentials[i];
        }
    }
    return NULL;
}

bool cred_can_sign_in(const struct record *r)
{
    for (size_t i = 0; i < r->credential_count; i++) {
        if (r->credentials[i].role & ROLE_LOGIN) {
            return true;
        }
    }
    return false;
}

bool cred_keeps_vault(const struct record *r)
{
    for (size_t i = 0; i < r->credential_count; i++) {
        const struct record_credential *c = &r->credentials[i];
        if ((c->role & ROLE_OPENS) && c->root_generation == r->root_generation) {
            return true;
        }
    }
    return r->root_generation == 0;
}
