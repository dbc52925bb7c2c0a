/* Who gets a share, and sealing it for them (vault.md §11). The list is the vault's own: wraps are made from
 * it and never read back. Who has no keys yet, or others than were pinned, waits. */
#include "account_share_int.h"

#include <stdlib.h>

enum ww_err account_share_read_list(struct ww_op *op, struct account_sharing *w, const struct uuid *share,
                                    struct share_list *out)
{
    char name[SHARE_NOTE_NAME];
    struct vault_value value;
    share_list_name(name, share);
    *out = (struct share_list){0};
    enum ww_err err = vault_get(op, w->service->store, w->vault, SPACE_INTERNAL, bytes_str(name), &value);
    if (err == WW_ENOTFOUND) {
        return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (list)");
    }
    return err ? err : share_list_read(op, value.value, out);
}

enum ww_err account_share_write_list(struct ww_op *op, struct account_sharing *w, const struct uuid *share,
                                     const struct share_list *l)
{
    char name[SHARE_NOTE_NAME];
    struct bytes value;
    bool waits = false;
    for (size_t i = 0; i < l->n; i++) {
        waits = waits || !l->to[i].sealed;
    }
    share_list_name(name, share);
    enum ww_err err = WW_EINTERNAL;
    if ((err = share_list_write(op, l, &value)) ||
        (err = account_sharing_note(op, w, VAULT_PUT, name, value))) {
        return err;
    }
    return account_share_waits(op, w, share, waits);
}

enum ww_err account_share_seal_to(struct ww_op *op, struct account_sharing *w, const struct vault_entry *e,
                                  struct share_recipient *to)
{
    struct account_person *p;
    enum ww_err err = account_person_find(op, w, &to->id, &p);
    to->sealed = false;
    if (err || (err = account_person_look(op, w, p))) {
        return err == WW_ETAMPERED && p ? WW_OK : err; /* their loss; the owner's own notes are another */
    }
    if (!p->record || !p->chain.n || p->state != SHARE_CURRENT) {
        return WW_OK;
    }
    KEY32(pair);
    const struct epoch_row *now = share_chain_epoch(&p->chain, p->chain.n);
    const struct share_end recipient = {to->id, now->n, now->box_key};
    struct wrap_row row = {.share = e->id,
                           .recipient = to->id,
                           .sender = w->self.uuid,
                           .sender_epoch = w->self.epoch,
                           .recipient_epoch = now->n};
    if ((err = share_pair_key(op, &w->box, &w->self, &recipient, true, &pair)) ||
        (err = share_wrap(op, &pair, &recipient, &e->id, e->version, &e->key, &row.blob))) {
        return err;
    }
    share_tag(&pair, e->name, row.tag);
    to->sealed = true;
    return store_wrap_put(op, w->service->store, &row);
}

/* ---- who waits ---- */

static enum ww_err read_waiting(struct ww_op *op, struct account_sharing *w)
{
    struct vault_entry entry;
    struct vault_value value;
    if (w->waiting_read) {
        return WW_OK;
    }
    enum ww_err err =
        account_sharing_look(op, w, SPACE_INTERNAL, bytes_str(SHARE_WAITING), &entry, &w->waiting_noted);
    if (!err && w->waiting_noted &&
        (err = vault_get(op, w->service->store, w->vault, SPACE_INTERNAL, bytes_str(SHARE_WAITING),
                         &value)) == WW_OK) {
        err = share_waiting_read(op, value.value, &w->waiting);
    }
    w->waiting_read = err == WW_OK;
    return err;
}

enum ww_err account_share_waits(struct ww_op *op, struct account_sharing *w, const struct uuid *share,
                                bool waits)
{
    size_t at = 0;
    enum ww_err err = read_waiting(op, w);
    while (!err && at < w->waiting.n && !uuid_equal(w->waiting.shares[at], *share)) {
        at++;
    }
    bool there = at < w->waiting.n;
    if (err || waits == there) {
        return err;
    }
    w->waiting_changed = true;
    if (!waits) {
        w->waiting.shares[at] = w->waiting.shares[--w->waiting.n];
        return WW_OK;
    }
    struct uuid *more = ARENA_ARRAY(&op->arena, w->waiting.n + 1, struct uuid);
    if (!more) {
        return op_no_memory(op);
    }
    if (w->waiting.n) {
        memcpy(more, w->waiting.shares, w->waiting.n * sizeof *more);
    }
    more[w->waiting.n++] = *share;
    w->waiting.shares = more;
    return WW_OK;
}

static int by_id(const void *x, const void *y)
{
    return memcmp(((const struct vault_entry *)x)->id.b, ((const struct vault_entry *)y)->id.b, 16);
}

/* One share that waits: the entry of that id, or NULL. */
static enum ww_err complete_one(struct ww_op *op, struct account_sharing *w, const struct uuid *share,
                                const struct vault_entry *e)
{
    struct share_list list;
    bool more = false;
    if (!e) {
        return account_share_waits(op, w, share, false);
    }
    enum ww_err err = account_share_read_list(op, w, share, &list);
    for (size_t i = 0; !err && i < list.n; i++) {
        if (!list.to[i].sealed) {
            err = account_share_seal_to(op, w, e, &list.to[i]);
            more = more || list.to[i].sealed;
        }
    }
    return err || !more ? err : account_share_write_list(op, w, share, &list);
}

enum ww_err account_share_complete_all(struct ww_op *op, struct account_sharing *w)
{
    struct vault_entry *shares;
    size_t n;
    enum ww_err err = read_waiting(op, w);
    if (err || w->waiting.n == 0) {
        return err;
    }
    size_t count = w->waiting.n;
    struct uuid *ids = ARENA_ARRAY(&op->arena, count, struct uuid);
    if (!ids) {
        return op_no_memory(op);
    }
    memcpy(ids, w->waiting.shares, count * sizeof *ids); /* the list changes meanwhile */
    if ((err = vault_list(op, w->service->store, w->vault, SPACE_SHARES, BYTES(NULL, 0), BYTES(NULL, 0),
                          SIZE_MAX, &shares, &n))) {
        return err;
    }
    qsort(shares, n, sizeof *shares, by_id);
    for (size_t i = 0; !err && i < count; i++) {
        const struct vault_entry wanted = {.id = ids[i]};
        err = complete_one(op, w, &ids[i], n ? bsearch(&wanted, shares, n, sizeof *shares, by_id) : NULL);
    }
    return err;
}

enum ww_err account_share_renew(struct ww_op *op, struct account_sharing *w, const struct uuid *who)
{
    struct vault_entry *shares;
    struct share_list list;
    size_t n = 0;
    enum ww_err err = vault_list(op, w->service->store, w->vault, SPACE_SHARES, BYTES(NULL, 0),
                                 BYTES(NULL, 0), SIZE_MAX, &shares, &n);
    for (size_t i = 0; !err && i < n; i++) {
        struct share_recipient *to = NULL;
        if ((err = account_share_read_list(op, w, &shares[i].id, &list)) == WW_OK &&
            (to = share_list_find(&list, who)) != NULL &&
            (err = account_share_seal_to(op, w, &shares[i], to)) == WW_OK) {
            err = account_share_write_list(op, w, &shares[i].id, &list);
        }
    }
    return err;
}

enum ww_err account_share_complete(struct ww_op *op, struct service *s, struct record *r, struct vault *v)
{
    struct account_sharing w = {.service = s, .record = r, .vault = v};
    struct vault_entry entry;
    bool waits;
    const struct op_problem before = op->problem;
    enum ww_err err = account_sharing_look(op, &w, SPACE_INTERNAL, bytes_str(SHARE_WAITING), &entry, &waits);
    if (!err && waits && (err = account_sharing_open(op, s, r, v, &w)) == WW_OK &&
        (err = account_share_complete_all(op, &w)) == WW_OK) {
        return account_sharing_write(op, &w);
    }
    if (err == WW_ETAMPERED) { /* no reason to keep the owner out */
        op->problem = before;
        err = account_tell(op, s, &(struct audit_event){.kind = AUDIT_TAMPERED, .record = r});
    }
    return err;
}
