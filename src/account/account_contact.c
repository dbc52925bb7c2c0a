/* Contacts of an account (vault.md §11; own-api.md, "Sharing"): whose keys are pinned, what they look like to
 * the eye, and accepting others. */
#include "account_share_int.h"

#include "curves.h"

struct contacts {
    struct service *service;
    struct session *x;
    const struct uuid *after;
    size_t limit;
    struct account_contact **out;
    size_t *n;
    char *fingerprint; /* one's own */
    const struct uuid *id;
    struct account_contact *one;
};

static const char *state_text(const struct account_person *p)
{
    static const char *const texts[] = {
        [SHARE_CURRENT] = "current", [SHARE_CHANGED] = "changed", [SHARE_RESET] = "reset"};
    return texts[p->chain.n ? p->state : SHARE_CHANGED];
}

static void fingerprint_of(const struct account_person *p, char out[ACCOUNT_FINGERPRINT])
{
    const struct epoch_row *start = share_chain_start(&p->chain, p->chain.n);
    const struct key *sign = start ? &start->sign_key : &p->contact.starts[p->contact.start_count - 1].sign;
    share_fingerprint(out, &p->contact.id, sign);
}

static enum ww_err describe(struct ww_op *op, struct account_sharing *w, struct account_person *p,
                            struct account_contact *out)
{
    enum ww_err err = account_person_look(op, w, p);
    if (err && err != WW_ETAMPERED) { /* of keys that do not hold, the state tells */
        return err;
    }
    *out = (struct account_contact){.id = p->contact.id,
                                    .identifier = p->contact.identifier,
                                    .pinned = p->contact.pinned,
                                    .state = state_text(p)};
    fingerprint_of(p, out->fingerprint);
    return WW_OK;
}

static enum ww_err read_contacts(struct ww_op *op, struct store *s, struct vault *v, void *context)
{
    const struct contacts *in = context;
    struct account_sharing w;
    (void)s;
    *in->n = 0;
    enum ww_err err = account_sharing_open(op, in->service, in->x->record, v, &w);
    if (err) {
        return err;
    }
    *in->out = ARENA_ARRAY(&op->arena, in->limit < w.noted_count ? in->limit : w.noted_count,
                           struct account_contact);
    if (!*in->out) {
        return op_no_memory(op);
    }
    for (size_t i = 0; i < w.noted_count && *in->n < in->limit; i++) {
        struct account_person *p;
        if (in->after && memcmp(w.noted[i].id.b, in->after->b, 16) <= 0) {
            continue;
        }
        if ((err = account_person_find(op, &w, &w.noted[i].id, &p))) {
            return err;
        }
        if (p->contact.start_count == 0) { /* known by name, and nothing is pinned yet */
            continue;
        }
        if ((err = describe(op, &w, p, &(*in->out)[*in->n]))) {
            return err;
        }
        ++*in->n;
    }
    return WW_OK;
}

static enum ww_err unknown(struct ww_op *op)
{
    return op_fail(op, WW_ENOTFOUND, "contact_unknown", "there is no such contact");
}

static enum ww_err read_contact(struct ww_op *op, struct store *s, struct vault *v, void *context)
{
    const struct contacts *in = context;
    struct account_sharing w;
    struct account_person *p;
    (void)s;
    enum ww_err err = account_sharing_open(op, in->service, in->x->record, v, &w);
    if (err || (err = account_person_find(op, &w, in->id, &p))) {
        return err;
    }
    return p->contact.start_count ? describe(op, &w, p, in->one) : unknown(op);
}

enum ww_err account_contact_find(struct ww_op *op, struct service *s, struct session *x,
                                 const struct uuid *id, struct account_contact *out)
{
    return account_read_vault(op, s, x, read_contact,
                              &(struct contacts){.service = s, .x = x, .id = id, .one = out});
}

enum ww_err account_contact_list(struct ww_op *op, struct service *s, struct session *x,
                                 const struct uuid *after, size_t limit, struct account_contact **out,
                                 size_t *n)
{
    *out = NULL;
    return account_read_vault(
        op, s, x, read_contacts,
        &(struct contacts){.service = s, .x = x, .after = after, .limit = limit, .out = out, .n = n});
}

/* ---- accepting ---- */

struct acceptance {
    struct session *x;
    const struct uuid *id;
    const char *fingerprint;
};

static enum ww_err write_acceptance(struct ww_op *op, struct service *s, void *context)
{
    const struct acceptance *in = context;
    char now[ACCOUNT_FINGERPRINT];
    struct account_sharing w;
    struct account_person *p;
    struct record *r;
    enum ww_err err = account_sharing_begin(op, s, in->x, &r, &w);
    if (err || (err = account_person_find(op, &w, in->id, &p)) ||
        (err = p->noted && p->contact.start_count ? WW_OK : unknown(op)) ||
        (err = account_person_look(op, &w, p))) {
        return err;
    }
    fingerprint_of(p, now);
    if (!p->chain.n || !share_fingerprint_is(now, in->fingerprint)) {
        return account_refuse_changed(op);
    }
    if (p->state == SHARE_CURRENT) {
        return WW_OK;
    }
    if (!share_contact_pin(&p->contact, &p->chain, op_now(op))) {
        return account_refuse_changed(op);
    }
    p->changed = true;
    p->state = SHARE_CURRENT;
    if ((err = account_share_renew(op, &w, in->id)) || (err = account_sharing_write(op, &w))) {
        return err;
    }
    return account_tell(
        op, s, &(struct audit_event){.kind = AUDIT_CONTACT_ACCEPTED, .record = r, .session_id = &in->x->id});
}

enum ww_err account_contact_accept(struct ww_op *op, struct service *s, struct session *x,
                                   const struct uuid *id, const char *fingerprint)
{
    struct acceptance in = {x, id, fingerprint};
    enum ww_err err = account_may_open(op, x);
    if (err) {
        return err;
    }
    x->vault = (struct vault_row){0};
    return account_audited(op, s, x, account_transaction(op, s, write_acceptance, &in));
}

/* ---- one's own ---- */

/* What others see: of the stored chain, and only where the ring's own key agrees. */
static enum ww_err read_fingerprint(struct ww_op *op, struct store *s, struct vault *v, void *context)
{
    const struct contacts *in = context;
    struct share_chain chain;
    struct key own_box, own_sign;
    KEY32(box);
    KEY32(seed);
    enum ww_err err = share_chain_load(op, s, in->x->record, &chain);
    if (err) {
        return err;
    }
    const struct epoch_row *start = share_chain_start(&chain, chain.n);
    if (!start || vault_epoch_secrets(v, start->n, &box, &seed)) {
        return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (epoch)");
    }
    curves_box_public(&own_box, &box);
    curves_sign_public(&own_sign, &seed);
    if (!chain.good[chain.n - 1] || !crypto_equal(BYTES_OF(own_box), BYTES_OF(start->box_key)) ||
        !crypto_equal(BYTES_OF(own_sign), BYTES_OF(start->sign_key))) {
        return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (epoch)");
    }
    share_fingerprint(in->fingerprint, &chain.id, &start->sign_key);
    return WW_OK;
}

enum ww_err account_fingerprint(struct ww_op *op, struct service *s, struct session *x,
                                char out[ACCOUNT_FINGERPRINT])
{
    out[0] = 0;
    return account_read_vault(op, s, x, read_fingerprint,
                              &(struct contacts){.service = s, .x = x, .fingerprint = out});
}
