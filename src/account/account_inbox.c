/* What others share with an account (vault.md §11; own-api.md, "Sharing"): listed, read, adopted. At first
 * contact a sender's keys are pinned, so what is read may have to be written: it is read once more then, in a
 * transaction. */
#include "account_share_int.h"

#include "curves.h"

struct inbox {
    /* one name */
    struct bytes name;
    const char *from; /* NULL: anybody */
    const struct uuid *share;
    struct account_received *one;
    struct vault_change *adopt;
    /* the list */
    const struct uuid *after;
    size_t limit;
    struct account_received **out;
    size_t *n;
    struct uuid *last;
    bool *more;
};

static enum ww_err tampered(struct ww_op *op, const char *what)
{
    return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (%s)", what);
}

/* ---- one wrap ---- */

/* Sender and pair key of a wrap. *p NULL: it cannot be read with the keys that are left, or nobody sent it.
 */
static enum ww_err meet_sender(struct ww_op *op, struct account_sharing *w, const struct wrap_row *row,
                               struct account_person **p, struct share_end *own, struct key *pair)
{
    KEY32(box);
    KEY32(sign);
    enum ww_err err = account_person_find(op, w, &row->sender, p);
    if (err || (err = account_person_look(op, w, *p))) {
        return err;
    }
    if (vault_epoch_secrets(w->vault, row->recipient_epoch, &box, &sign)) {
        *p = NULL;
        /* Of a vault that was given up: of today's the ring holds every epoch. */
        return row->recipient_epoch < w->self.epoch ? WW_OK : tampered(op, "wrap");
    }
    if (!(*p)->record) { /* deleted at this moment */
        *p = NULL;
        return WW_OK;
    }
    const struct epoch_row *theirs = share_chain_epoch(&(*p)->chain, row->sender_epoch);
    if (!theirs) {
        return tampered(op, "wrap");
    }
    const struct share_end sender = {row->sender, theirs->n, theirs->box_key};
    *own = (struct share_end){.uuid = w->self.uuid, .epoch = row->recipient_epoch};
    curves_box_public(&own->box, &box);
    return share_pair_key(op, &box, &sender, own, false, pair);
}

/* Opens what a wrap is of: every plain column is in what is sealed or signed. */
static enum ww_err open_share(struct ww_op *op, struct account_sharing *w, struct account_person *p,
                              const struct wrap_row *wrap, const struct share_end *own,
                              const struct key *pair, struct account_received *out)
{
    KEY32(content_key);
    struct share_content content;
    struct share_row row;
    uint8_t tag[16];
    enum ww_err err = store_share_load(op, w->service->store, &wrap->share, &wrap->sender, &row);
    if (err) {
        return err;
    }
    const struct epoch_row *signer = share_chain_epoch(&p->chain, row.epoch);
    if (!signer) {
        return tampered(op, "share");
    }
    if ((err = share_unwrap(op, pair, own, &row.id, row.version, wrap->blob, &content_key)) ||
        (err = share_verify(op, &signer->sign_key, &row)) ||
        (err = share_open(op, &content_key, &row, &content))) {
        return err;
    }
    share_tag(pair, content.name, tag);
    if (!crypto_equal(BYTES_OF(tag), BYTES_OF(wrap->tag))) {
        return tampered(op, "wrap");
    }
    const struct identity *who = &p->record->identity;
    bool trusted = p->state == SHARE_CURRENT &&
                   share_contact_trusts(&p->contact, &p->chain, wrap->sender_epoch) &&
                   share_contact_trusts(&p->contact, &p->chain, row.epoch);
    *out = (struct account_received){.name = content.name,
                                     .value = content.value,
                                     .share = row.id,
                                     .from = row.sender,
                                     .version = row.version,
                                     .time = content.time,
                                     .changed = !trusted};
    for (size_t i = 0; i < who->identifier_count && !out->from_identifier; i++) {
        if (who->identifiers[i].kind == IDENT_LOGIN) {
            out->from_identifier = who->identifiers[i].value;
        }
    }
    if (!p->contact.identifier &&
        p->changed) { /* just met: what they are called stands in the contacts too */
        p->contact.identifier = out->from_identifier;
    }
    return WW_OK;
}

/* ---- the list ---- */

static enum ww_err read_list(struct ww_op *op, struct account_sharing *w, void *context)
{
    struct inbox *in = context;
    struct wrap_row *rows;
    size_t n;
    *in->n = 0;
    enum ww_err err =
        store_wrap_list(op, w->service->store, &w->self.uuid, in->after, in->limit + 1, &rows, &n);
    if (err) {
        return err;
    }
    *in->more = n > in->limit;
    n = *in->more ? in->limit : n;
    *in->out = ARENA_ARRAY(&op->arena, n, struct account_received);
    if (!*in->out) {
        return op_no_memory(op);
    }
    for (size_t i = 0; i < n; i++) {
        struct account_person *p;
        struct share_end own;
        KEY32(pair);
        *in->last = rows[i].share;
        if ((err = meet_sender(op, w, &rows[i], &p, &own, &pair)) ||
            (p && (err = open_share(op, w, p, &rows[i], &own, &pair, &(*in->out)[*in->n])))) {
            return err;
        }
        *in->n += p != NULL;
    }
    return WW_OK;
}

/* ---- one name ---- */

static bool is_from(const struct account_person *p, const char *from)
{
    struct uuid id;
    return !from ||
           (uuid_parse(&id, from) ? uuid_equal(id, p->contact.id)
                                  : identity_has_identifier(p->record, IDENT_LOGIN, bytes_str(from)));
}

static enum ww_err read_one(struct ww_op *op, struct account_sharing *w, void *context)
{
    struct inbox *in = context;
    struct wrap_row *pairs;
    struct account_received found;
    size_t n = 0;
    bool any = false;
    enum ww_err err = store_wrap_pairs(op, w->service->store, &w->self.uuid, &pairs, &n);
    for (size_t i = 0; !err && i < n; i++) {
        struct account_person *p;
        struct share_end own;
        KEY32(pair);
        if ((err = meet_sender(op, w, &pairs[i], &p, &own, &pair)) || !p || !is_from(p, in->from)) {
            continue;
        }
        share_tag(&pair, in->name, pairs[i].tag);
        err = store_wrap_find(op, w->service->store, &pairs[i]);
        if (!err && (err = open_share(op, w, p, &pairs[i], &own, &pair, &found)) == WW_OK &&
            (!any || found.time > in->one->time)) {
            *in->one = found;
            any = true;
        }
        err = err == WW_ENOTFOUND ? WW_OK : err;
    }
    if (err || !any) {
        return err ? err : op_fail(op, WW_ENOTFOUND, "item_not_found", "nobody shared anything of this name");
    }
    return in->one->changed ? account_refuse_changed(op) : WW_OK;
}

static enum ww_err read_found(struct ww_op *op, struct account_sharing *w, void *context)
{
    struct inbox *in = context;
    struct wrap_row row;
    struct account_person *p;
    struct share_end own;
    KEY32(pair);
    enum ww_err err = store_wrap_load(op, w->service->store, in->share, &w->self.uuid, &row);
    if (err || (err = meet_sender(op, w, &row, &p, &own, &pair))) {
        return err;
    }
    return p ? open_share(op, w, p, &row, &own, &pair, in->one)
             : op_fail(op, WW_ENOTFOUND, "item_not_found", "nobody shares this");
}

static enum ww_err adopt_one(struct ww_op *op, struct account_sharing *w, void *context)
{
    const struct inbox *in = context;
    in->adopt->value = in->one->value;
    return vault_apply(op, w->service->store, w->vault, SPACE_ITEMS, in->adopt, 1);
}

enum ww_err account_inbox_list(struct ww_op *op, struct service *s, struct session *x,
                               const struct uuid *after, size_t limit, struct account_received **out,
                               size_t *n, struct uuid *last, bool *more)
{
    struct inbox in = {.after = after, .limit = limit, .out = out, .n = n, .last = last, .more = more};
    *out = NULL;
    *n = 0;
    *more = false;
    return account_sharing_run(op, s, x, read_list, NULL, &in);
}

enum ww_err account_inbox_find(struct ww_op *op, struct service *s, struct session *x, const struct uuid *id,
                               struct account_received *out)
{
    struct inbox in = {.share = id, .one = out};
    *out = (struct account_received){0};
    enum ww_err err = account_sharing_run(op, s, x, read_found, NULL, &in);
    if (out->changed) {
        out->value = BYTES(NULL, 0);
    }
    return err;
}

/* The sender as it is compared. No look-up: only who sent something is asked. */
static enum ww_err read_from(struct ww_op *op, const char *from, const char **out)
{
    struct bytes value;
    struct uuid id;
    *out = from;
    if (!from || uuid_parse(&id, from)) {
        return WW_OK;
    }
    enum ww_err err = identity_ident(op, bytes_str(from), "from", &value);
    *out = err ? NULL : (const char *)value.p;
    return err;
}

enum ww_err account_inbox_get(struct ww_op *op, struct service *s, struct session *x, struct bytes name,
                              const char *from, struct account_received *out)
{
    struct inbox in = {.name = name, .one = out};
    *out = (struct account_received){0};
    enum ww_err err = read_from(op, from, &in.from);
    return err ? err : account_sharing_run(op, s, x, read_one, NULL, &in);
}

enum ww_err account_inbox_adopt(struct ww_op *op, struct service *s, struct session *x, struct bytes name,
                                const char *from, struct vault_change *change)
{
    struct account_received found;
    struct inbox in = {.name = name, .one = &found, .adopt = change};
    enum ww_err err = read_from(op, from, &in.from);
    return err ? err : account_sharing_run(op, s, x, read_one, adopt_one, &in);
}
