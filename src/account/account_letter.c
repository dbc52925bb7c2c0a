/* Letters (vault.md §11; own-api.md, "Sharing"): sealed for oneself or for others and kept by the
 * application. Nothing is stored of them here but the pins of whom they are for, or from. */
#include "account_share_int.h"

#include "curves.h"

enum { TOGETHER = 16 }; /* all letters of one call have at most so many times what one may have */

/* ---- sealing ---- */

struct sealing {
    const struct account_named_list *to;
    struct share_letter *headers;
    struct key *keys;
};

/* The key of a letter to oneself: the epoch's own secret. */
static enum ww_err prepare_own(struct ww_op *op, struct account_sharing *w, struct sealing *in)
{
    in->headers[0] = (struct share_letter){.own = true, .from = w->self.uuid, .from_epoch = w->self.epoch};
    return vault_epoch_secret(w->vault, w->self.epoch, &in->keys[0])
               ? op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (ring)")
               : WW_OK;
}

static enum ww_err prepare_for(struct ww_op *op, struct account_sharing *w, const struct uuid *id,
                               struct share_letter *header, struct key *key)
{
    struct account_person *p;
    enum ww_err err = account_person_find(op, w, id, &p);
    if (err || (err = account_person_look(op, w, p))) {
        return err;
    }
    const struct epoch_row *now = share_chain_epoch(&p->chain, p->chain.n);
    if (!p->record || !now) {
        /* Nothing can wait here: the letter is the application's, and is made once. */
        return op_fail_field(op, WW_ECONFLICT, "recipient_without_keys", "to",
                             "somebody who is named has not signed in yet, and has no keys");
    }
    const struct share_end recipient = {*id, now->n, now->box_key};
    *header = (struct share_letter){
        .from = w->self.uuid, .from_epoch = w->self.epoch, .to = *id, .to_epoch = now->n};
    return share_pair_key(op, &w->box, &w->self, &recipient, true, key);
}

/* Keys only: sealing takes as long as the data is, and nothing of it belongs into a transaction. */
static enum ww_err prepare(struct ww_op *op, struct account_sharing *w, void *context)
{
    struct sealing *in = context;
    if (!in->to) {
        return prepare_own(op, w, in);
    }
    enum ww_err err = account_named_meet(op, w, in->to);
    for (size_t i = 0; !err && i < in->to->n; i++) {
        err = prepare_for(op, w, &in->to->people[i].id, &in->headers[i], &in->keys[i]);
    }
    return err;
}

static enum ww_err check_size(struct ww_op *op, const struct service *s, struct bytes data, size_t n)
{
    uint64_t one = (uint64_t)config_int(s->config, "watchword.vault.letter_max");
    bool fits = data.n <= one;
    uint64_t most = fits ? TOGETHER * one : one;
    if (fits && (data.n == 0 || n <= most / data.n)) {
        return WW_OK;
    }
    op_fail_field(op, WW_ETOOLARGE, "letter_too_large", "data", "%s at most %llu bytes",
                  fits ? "the letters of one call have together" : "a letter has", (unsigned long long)most);
    op->problem.limit = most;
    return WW_ETOOLARGE;
}

enum ww_err account_letter_seal(struct ww_op *op, struct service *s, struct session *x, struct bytes data,
                                struct account_names to, struct account_letter **out, size_t *n)
{
    struct account_named_list named;
    *n = 0;
    enum ww_err err = account_may_open(op, x);
    if (err || (err = check_size(op, s, data, to.given ? to.n : 1)) ||
        (err = to.given ? account_named_resolve(op, s, x, to, false, &named) : WW_OK)) {
        return err;
    }
    size_t count = to.given ? named.n : 1;
    struct sealing in = {.to = to.given ? &named : NULL,
                         .headers = ARENA_ARRAY(&op->arena, count, struct share_letter),
                         .keys = ARENA_ARRAY(&op->arena, count, struct key)};
    *out = ARENA_ARRAY(&op->arena, count, struct account_letter);
    if (!in.headers || !in.keys || !*out) {
        return op_no_memory(op);
    }
    err = account_sharing_run(op, s, x, prepare, NULL, &in);
    for (size_t i = 0; !err && i < count; i++) {
        (*out)[i].to = in.headers[i].own ? in.headers[i].from : in.headers[i].to;
        err = share_letter_seal(op, &in.keys[i], &in.headers[i], data, &(*out)[i].letter);
    }
    *n = err ? 0 : count;
    return err;
}

/* ---- opening ---- */

struct opening {
    struct share_letter letter;
    const char *from;
    struct bytes data;
};

static enum ww_err not_for_you(struct ww_op *op)
{
    return op_fail_field(op, WW_EINVAL, "letter_not_for_you", "letter",
                         "this letter was sealed for somebody else, or for keys that this vault has not");
}

static enum ww_err open_own(struct ww_op *op, struct account_sharing *w, struct opening *in)
{
    KEY32(key);
    if (!uuid_equal(in->letter.from, w->self.uuid) ||
        vault_epoch_secret(w->vault, in->letter.from_epoch, &key)) {
        return not_for_you(op);
    }
    return share_letter_open(op, &key, &in->letter, &in->data);
}

/* What they are called stands in the contacts too, as after a first share. */
static void note_name(struct account_person *p)
{
    const struct identity *who = p->record ? &p->record->identity : NULL;
    for (size_t i = 0; who && p->changed && !p->contact.identifier && i < who->identifier_count; i++) {
        if (who->identifiers[i].kind == IDENT_LOGIN) {
            p->contact.identifier = who->identifiers[i].value;
        }
    }
}

static enum ww_err open_sent(struct ww_op *op, struct account_sharing *w, struct opening *in)
{
    const struct share_letter *l = &in->letter;
    struct account_person *p;
    KEY32(box);
    KEY32(sign);
    KEY32(pair);
    if (!uuid_equal(l->to, w->self.uuid) || vault_epoch_secrets(w->vault, l->to_epoch, &box, &sign)) {
        return not_for_you(op);
    }
    enum ww_err err = account_person_find(op, w, &l->from, &p);
    if (err || (err = account_person_look(op, w, p))) {
        return err;
    }
    const struct epoch_row *theirs = share_chain_epoch(&p->chain, l->from_epoch);
    if (!theirs) {
        return share_letter_refuse(op);
    }
    const struct share_end sender = {l->from, theirs->n, theirs->box_key};
    struct share_end own = {.uuid = w->self.uuid, .epoch = l->to_epoch};
    curves_box_public(&own.box, &box);
    /* Opened before anything is noted: what anybody may hand in must not add to the contacts. */
    if ((err = share_pair_key(op, &box, &sender, &own, false, &pair)) ||
        (err = share_letter_open(op, &pair, l, &in->data))) {
        return err;
    }
    note_name(p);
    return p->state == SHARE_CURRENT && share_contact_trusts(&p->contact, &p->chain, l->from_epoch)
               ? WW_OK
               : account_refuse_changed(op);
}

/* Who sealed it is known by now, so that the answer says nothing of other accounts. */
static enum ww_err check_from(struct ww_op *op, struct account_sharing *w, const struct opening *in)
{
    struct record *r = NULL;
    struct uuid id;
    struct bytes name;
    bool same = !in->from || (uuid_parse(&id, in->from) && uuid_equal(id, in->letter.from));
    if (!same && !uuid_parse(&id, in->from)) {
        enum ww_err err = identity_ident(op, bytes_str(in->from), "from", &name);
        if (!err) {
            err = store_record_load_uuid(op, w->service->store, &in->letter.from, false, &r);
        }
        if (err && err != WW_ENOTFOUND) {
            return err;
        }
        same = !err && identity_has_identifier(r, IDENT_LOGIN, name);
    }
    return same ? WW_OK
                : op_fail_field(op, WW_EINVAL, "letter_from_other", "from",
                                "somebody else sealed this letter");
}

static enum ww_err open_letter(struct ww_op *op, struct account_sharing *w, void *context)
{
    struct opening *in = context;
    enum ww_err err = in->letter.own ? open_own(op, w, in) : open_sent(op, w, in);
    return err ? err : check_from(op, w, in);
}

enum ww_err account_letter_open(struct ww_op *op, struct service *s, struct session *x, struct bytes letter,
                                const char *from, struct bytes *data, struct uuid *sender)
{
    struct opening in = {.from = from};
    *data = BYTES(NULL, 0);
    enum ww_err err = account_may_open(op, x);
    if (err || (err = share_letter_read(op, letter, &in.letter)) ||
        (err = account_sharing_run(op, s, x, open_letter, NULL, &in))) {
        return err;
    }
    *data = in.data;
    *sender = in.letter.from;
    return WW_OK;
}
