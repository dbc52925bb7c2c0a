/* Whose keys they are (vault.md §§8, 11): a contact pins what a chain of epochs starts with, and every later
 * epoch must be signed from there on. Only forward: whoever made up an old epoch could sign the true one that
 * follows with it. */
#include "share.h"

#include "curves.h"

static enum ww_err is_signed(struct ww_op *op, const struct uuid *id, const struct epoch_row *signer,
                             const struct epoch_row *e, bool *good)
{
    struct bytes statement;
    enum ww_err err = store_epoch_statement(op, id, e, &statement);
    *good = !err && curves_verify(e->signature, &signer->sign_key, statement) == WW_OK;
    return err;
}

/* In constant time throughout, though these keys are public: nobody has to ask which comparisons matter. */
static bool same_keys(const struct key *a, const struct key *b, const struct key *c, const struct key *d)
{
    return crypto_equal(BYTES_OF(*a), BYTES_OF(*c)) && crypto_equal(BYTES_OF(*b), BYTES_OF(*d));
}

/* Epochs 1 to n with what their signatures say. */
static enum ww_err load(struct ww_op *op, struct store *s, const struct uuid *id, uint32_t n,
                        struct share_chain *out)
{
    *out = (struct share_chain){.id = *id, .n = n};
    enum ww_err err = store_epoch_list(op, s, id, n, &out->epochs);
    if (err) {
        return err;
    }
    out->good = ARENA_ARRAY(&op->arena, out->n, bool);
    if (!out->good) {
        return op_no_memory(op);
    }
    for (uint32_t i = 0; !err && i < out->n; i++) {
        const struct epoch_row *e = &out->epochs[i];
        /* What starts a chain signs itself, so that the sign key that people compare vouches for the box
         * key. */
        const struct epoch_row *signer = e->start ? e : i > 0 && out->good[i - 1] ? e - 1 : NULL;
        if (signer) {
            err = is_signed(op, id, signer, e, &out->good[i]);
        }
    }
    return err;
}

enum ww_err share_chain_load_gone(struct ww_op *op, struct store *s, const struct uuid *id,
                                  struct share_chain *out)
{
    int64_t n;
    *out = (struct share_chain){.id = *id};
    enum ww_err err = store_count_epochs(op, s, id, &n);
    if (err || n == 0) {
        return err;
    }
    return n <= UINT32_MAX ? load(op, s, id, (uint32_t)n, out) : op_no_memory(op);
}

enum ww_err share_chain_load(struct ww_op *op, struct store *s, const struct record *r,
                             struct share_chain *out)
{
    enum ww_err err = load(op, s, &r->uuid, r->epoch, out);
    if (err) {
        return err;
    }
    const struct epoch_row *now = share_chain_epoch(out, out->n);
    return now && same_keys(&now->box_key, &now->sign_key, &r->box_key, &r->sign_key)
               ? WW_OK
               : op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (epoch)");
}

/* NULL for a number that the chain does not have: it came from a row, or from somebody else's share. */
const struct epoch_row *share_chain_epoch(const struct share_chain *c, uint32_t n)
{
    return n >= 1 && n <= c->n ? &c->epochs[n - 1] : NULL;
}

/* The nearest epoch before it that began a chain: what a contact pins. */
const struct epoch_row *share_chain_start(const struct share_chain *c, uint32_t n)
{
    while (n >= 1 && n <= c->n && !c->epochs[n - 1].start) {
        n--;
    }
    return share_chain_epoch(c, n);
}

static bool is_pinned(const struct share_start *x, const struct epoch_row *start)
{
    return x->n == start->n && same_keys(&x->box, &x->sign, &start->box_key, &start->sign_key);
}

/* Judged anew each time: what was pinned is a start, what is followed are signatures. */
enum share_state share_contact_state(const struct share_contact *x, const struct share_chain *c)
{
    const struct epoch_row *start = share_chain_start(c, c->n);
    if (!start || !c->good[c->n - 1] || x->start_count == 0) {
        return SHARE_CHANGED;
    }
    const struct share_start *newest = &x->starts[x->start_count - 1];
    return is_pinned(newest, start) ? SHARE_CURRENT : start->n > newest->n ? SHARE_RESET : SHARE_CHANGED;
}

/* An older epoch counts as long as its chain begins where one was pinned. */
bool share_contact_trusts(const struct share_contact *x, const struct share_chain *c, uint32_t epoch)
{
    const struct epoch_row *start = share_chain_start(c, epoch);
    if (!start || !c->good[epoch - 1]) {
        return false;
    }
    for (size_t i = 0; i < x->start_count; i++) {
        if (is_pinned(&x->starts[i], start)) {
            return true;
        }
    }
    return false;
}

bool share_contact_pin(struct share_contact *x, const struct share_chain *c, uint64_t now)
{
    const struct epoch_row *start = share_chain_start(c, c->n);
    if (!start || !c->good[c->n - 1]) {
        return false;
    }
    if (x->start_count == SHARE_STARTS_MOST) {
        for (size_t i = 1; i < SHARE_STARTS_MOST; i++) {
            x->starts[i - 1] = x->starts[i];
        }
        x->start_count--;
    }
    x->starts[x->start_count++] =
        (struct share_start){.n = start->n, .box = start->box_key, .sign = start->sign_key};
    x->pinned = now;
    return true;
}
