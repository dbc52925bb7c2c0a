/* The proof that somebody is authenticated: made here alone (ARCHITECTURE.md, "Tiers"), and checked again in
 * the transaction that acts on it. */
#include "cred_int.h"

/* The only refusal of a proof, so that name, password, code and state of an account cannot be told apart
 * by it. */
enum ww_err cred_refuse_wrong(struct ww_op *op)
{
    return op_fail(op, WW_EDENIED, "wrong_credentials", "the name or the password is wrong");
}

struct record *cred_authn_record(const struct authn *a)
{
    return a->record;
}

struct key *cred_authn_root(const struct authn *a)
{
    return a->root;
}

uint64_t cred_authn_at(const struct authn *a)
{
    return a->steps[a->count - 1].at;
}

uint8_t cred_authn_level(const struct authn *a)
{
    /* Steps of two different levels are two factors; two of the first level stay the first. */
    uint8_t level = 0;
    for (size_t i = 0; i < a->count; i++) {
        level = a->steps[i].level > level ? a->steps[i].level : level;
    }
    return level;
}

const struct authn_step *cred_authn_steps(const struct authn *a, size_t *n)
{
    *n = a->count;
    return a->steps;
}

/* Hashing takes 100 ms, and meanwhile the password may have been changed or the vault re-keyed. */
enum ww_err cred_authn_confirm(struct ww_op *op, struct authn *a, struct record *now)
{
    /* R of another generation would make a session that opens nothing. */
    if (!uuid_equal(now->uuid, a->record->uuid) || now->root_generation != a->record->root_generation) {
        return cred_refuse_wrong(op);
    }
    for (size_t i = 0; i < a->count; i++) {
        /* Ids stand for contents: one that is still listed is the very credential that was checked. */
        if (!store_record_credential(now, &a->steps[i].credential)) {
            return cred_refuse_wrong(op);
        }
    }
    a->record = now;
    return WW_OK;
}

enum ww_err cred_authn_opened(struct ww_op *op, const struct authn *a, const struct uuid *id,
                              struct key *root, struct authn **out)
{
    *out = ARENA_NEW(&op->arena, struct authn);
    if (!*out) {
        return op_no_memory(op);
    }
    **out = *a;
    (*out)->root = root;
    /* The slot that took the place of what was checked: only then does a later confirmation find it in the
     * record. */
    (*out)->steps[0].credential = *id;
    return WW_OK;
}
