/* Recovery codes (vault.md §§7, 10): a code of 130 bits opens its slot without a slow hash. All codes of the
 * account are tried in turn, and as many for who has none. */
#include "cred_recovery.h"

#include "cred_int.h"

/* What is made of 26 symbols stands in the arena, where the code was read. */
static struct bytes secret_of(const struct recovery_code *code)
{
    return BYTES(code->symbols, sizeof code->symbols);
}

static enum ww_err read_code(struct ww_op *op, struct bytes typed, struct recovery_code **code)
{
    *code = ARENA_NEW(&op->arena, struct recovery_code);
    return *code ? cred_recovery_code_read(op, typed, *code) : op_no_memory(op);
}

/* No public part: 130 random bits cannot be searched, so that neither a salt nor a slow hash is needed
 * (vault.md §7). */
static enum ww_err add(struct ww_op *op, const struct cred_context *x, struct bytes typed,
                       struct cred_ready *out)
{
    struct recovery_code *code;
    (void)x;
    enum ww_err err = read_code(op, typed, &code);
    if (!err) {
        out->secret = secret_of(code);
    }
    return err;
}

/* Record and codes of one moment: a code that is used meanwhile would else look like a row that is gone. */
static enum ww_err load_codes(struct ww_op *op, const struct cred_context *x, const struct record *r,
                              struct record **now, struct credential_row rows[RECOVERY_CODES], size_t *n)
{
    *n = 0;
    *now = NULL;
    enum ww_err err = store_tx_begin(op, x->store, DB_READ);
    if (err) {
        return err;
    }
    err = store_record_load(op, x->store, r ? r->id : 0, false, now);
    if (err == WW_ENOTFOUND) {
        *now = NULL;
        err = WW_OK;
    }
    if (!err) {
        /* Those of one vault: codes of one that waits open nothing of today's. */
        uint32_t generation = x->generation || !*now ? x->generation : (*now)->root_generation;
        err = store_credential_load_kind(op, x->store, *now, CRED_RECOVERY, generation, rows, RECOVERY_CODES,
                                         n);
    }
    return store_tx_abort(op, err); /* nothing was written */
}

/* A row whose slot nothing opens, in the place of each code that is not there. */
static enum ww_err nobodys(struct ww_op *op, struct credential_row *row)
{
    enum { LENGTH = SEAL_OVERHEAD + 32 };
    uint8_t *slot = arena_alloc(&op->arena, LENGTH);
    if (!slot) {
        return op_no_memory(op);
    }
    /* The same length as a real slot, so that opening it takes the same steps up to the comparison. */
    for (size_t i = 0; i < LENGTH; i++) {
        slot[i] = i == 0; /* the seal's format, then zeros: no commitment is zero */
    }
    *row = (struct credential_row){.kind = CRED_RECOVERY, .slot = BYTES(slot, LENGTH)};
    return WW_OK;
}

static enum ww_err check(struct ww_op *op, const struct cred_context *x, struct record *r, struct bytes typed,
                         struct cred_found *out)
{
    static const struct record_credential none;
    static const struct record stranger;
    struct credential_row rows[RECOVERY_CODES], nobody;
    struct recovery_code *code;
    struct record *now;
    size_t n;
    enum ww_err err = WW_EINTERNAL;
    /* A typing error is told before anything is read: the check symbols depend on the code alone, not on
     * any account. */
    if ((err = read_code(op, typed, &code)) || (err = load_codes(op, x, r, &now, rows, &n)) ||
        (err = nobodys(op, &nobody))) {
        return err;
    }
    /* Always ten, with strangers' in place of what is missing: how many codes an account has left, or
     * whether there is one, does not show in the time. */
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        bool real = i < n;
        err = cred_slot_open(op, real ? now : &stranger,
                             real ? store_record_credential(now, &rows[i].id) : &none,
                             real ? &rows[i] : &nobody, secret_of(code), &out->root);
        /* After a restore a code may be one that was used since: it opens for who is signed in, and signs
         * nobody in (vault.md §12). */
        if (err == WW_OK && !x->to_open && !(store_record_credential(now, &rows[i].id)->role & ROLE_LOGIN)) {
            out->root = NULL;
            return cred_refuse_wrong(op);
        }
        if (err == WW_OK) { /* which of the ten it was, the time may tell: it is used up */
            out->record = now;
            out->credential = rows[i].id;
            return WW_OK;
        }
        /* A damaged slot is not passed over: the one that was altered could be the one that was typed. */
        if (err != WW_EDENIED) {
            return err;
        }
    }
    return cred_refuse_wrong(op);
}

size_t cred_recovery_count(const struct record *r, uint64_t *made_at)
{
    size_t n = 0;
    *made_at = 0;
    for (size_t i = 0; i < r->credential_count; i++) {
        const struct record_credential *c = &r->credentials[i];
        /* Codes of a vault of before open nothing of today's, and would be counted on in vain. */
        if (c->kind == CRED_RECOVERY && c->root_generation == r->root_generation && (c->role & ROLE_OPENS)) {
            n++;
            *made_at = c->added > *made_at ? c->added : *made_at;
        }
    }
    return n;
}

/* Kratos' name of a sign-in by a recovery code. */
const struct cred_kind cred_recovery = {.kind = CRED_RECOVERY,
                                        .method = "code_recovery",
                                        .level = 1,
                                        .role = ROLE_LOGIN | ROLE_OPENS,
                                        .once = true,
                                        .check = check,
                                        .add = add};
