/* Shares that an account sends (vault.md §11; own-api.md, "Sharing"): put, given to more or fewer people,
 * read, listed and withdrawn. */
#include "account_share_int.h"

#include "curves.h"

/* ---- writing ---- */

/* The value under the entry's key, signed, and a wrap for each on the list. */
static enum ww_err store_value(struct ww_op *op, struct account_sharing *w, const struct vault_entry *e,
                               struct bytes value, struct share_list *list)
{
    struct store *store = w->service->store;
    const struct share_content content = {e->name, op_now(op), value};
    struct share_row row = {
        .id = e->id, .sender = w->self.uuid, .version = e->version, .epoch = w->self.epoch};
    enum ww_err err = WW_EINTERNAL;
    list->time = content.time;
    if ((err = share_seal(op, &e->key, &content, &row)) || (err = share_sign(op, &w->sign, &row)) ||
        (err = store_share_put(op, store, &row)) ||
        (err = store_wrap_delete_all(op, store, &row.id, &row.sender))) {
        return err;
    }
    for (size_t i = 0; !err && i < list->n; i++) {
        err = account_share_seal_to(op, w, e, &list->to[i]);
    }
    return err ? err : account_share_write_list(op, w, &e->id, list);
}

static enum ww_err list_of(struct ww_op *op, const struct account_named_list *people, struct share_list *out)
{
    *out = (struct share_list){.to = ARENA_ARRAY(&op->arena, people->n, struct share_recipient)};
    if (!out->to) {
        return op_no_memory(op);
    }
    for (; out->n < people->n; out->n++) {
        out->to[out->n] = (struct share_recipient){.id = people->people[out->n].id};
    }
    return WW_OK;
}

static enum ww_err tell(struct ww_op *op, struct service *s, enum audit_kind kind, const struct record *r,
                        const struct session *x)
{
    return account_tell(op, s, &(struct audit_event){.kind = kind, .record = r, .session_id = &x->id});
}

struct put {
    struct session *x;
    struct vault_change *change;
    bool to_given;
    struct account_named_list to;
};

static enum ww_err write_put(struct ww_op *op, struct service *s, void *context)
{
    struct put *in = context;
    struct account_sharing w;
    struct vault_entry entry;
    struct share_list list = {0};
    struct record *r;
    bool found;
    enum ww_err err = account_sharing_begin(op, s, in->x, &r, &w);
    if (err || (err = account_sharing_look(op, &w, SPACE_SHARES, in->change->name, &entry, &found)) ||
        (err = in->to_given ? list_of(op, &in->to, &list)
               : found      ? account_share_read_list(op, &w, &entry.id, &list)
                            : WW_OK) ||
        (err = account_named_meet(op, &w, &in->to)) || (err = account_share_complete_all(op, &w)) ||
        (err = vault_apply(op, s->store, w.vault, SPACE_SHARES, in->change, 1))) {
        return err;
    }
    entry = (struct vault_entry){in->change->name, in->change->id, in->change->version, in->change->key};
    if ((err = store_value(op, &w, &entry, in->change->value, &list)) ||
        (err = account_sharing_write(op, &w))) {
        return err;
    }
    in->change->time = list.time;
    return in->change->created || in->to_given
               ? tell(op, s, in->change->created ? AUDIT_SHARE_SENT : AUDIT_SHARE_CHANGED, r, in->x)
               : WW_OK;
}

/* Runs a change; what was read of the vault before is older than what follows. */
static enum ww_err change(struct ww_op *op, struct service *s, struct session *x,
                          enum ww_err (*body)(struct ww_op *op, struct service *s, void *context),
                          void *context)
{
    x->vault = (struct vault_row){0};
    return account_audited(op, s, x, account_transaction(op, s, body, context));
}

enum ww_err account_share_put(struct ww_op *op, struct service *s, struct session *x, struct vault_change *c,
                              struct account_names to)
{
    struct put in = {.x = x, .change = c, .to_given = to.given};
    uint64_t most = (uint64_t)config_int(s->config, "watchword.vault.item_max");
    enum ww_err err = account_may_open(op, x);
    if (err) {
        return err;
    }
    if (c->value.n > most) {
        op_fail_field(op, WW_ETOOLARGE, "item_too_large", "value", "a share has at most %llu bytes",
                      (unsigned long long)most);
        op->problem.limit = most;
        return WW_ETOOLARGE;
    }
    err = account_named_resolve(op, s, x, to, false, &in.to);
    return err ? err : change(op, s, x, write_put, &in);
}

/* ---- more and fewer people ---- */

struct people_change {
    struct session *x;
    struct bytes name;
    struct account_named_list add, remove;
    struct account_share *out;
};

/* *fresh: where those that were added begin. */
static enum ww_err change_list(struct ww_op *op, const struct people_change *in, struct share_list *list,
                               size_t *fresh, bool *removed)
{
    struct share_list next = {.time = list->time,
                              .to = ARENA_ARRAY(&op->arena, list->n + in->add.n, struct share_recipient)};
    *removed = false;
    if (!next.to) {
        return op_no_memory(op);
    }
    for (size_t i = 0; i < list->n; i++) {
        if (account_named_holds(&in->remove, &list->to[i].id)) {
            *removed = true;
        } else {
            next.to[next.n++] = list->to[i];
        }
    }
    *fresh = next.n;
    for (size_t i = 0; i < in->add.n; i++) {
        if (!account_named_holds(&in->remove, &in->add.people[i].id) &&
            !share_list_find(list, &in->add.people[i].id)) {
            next.to[next.n++] = (struct share_recipient){.id = in->add.people[i].id};
        }
    }
    if (next.n > ACCOUNT_RECIPIENTS_MOST) {
        return op_fail_field(op, WW_EFULL, "recipients_too_many", "add", "a share has at most %d recipients",
                             ACCOUNT_RECIPIENTS_MOST);
    }
    *list = next;
    return WW_OK;
}

static enum ww_err open_named(struct ww_op *op, struct account_sharing *w, const struct vault_entry *e,
                              struct bytes name, struct share_content *out)
{
    KEY32(box);
    KEY32(seed);
    struct key sign_key;
    struct share_row row;
    enum ww_err err = store_share_load(op, w->service->store, &e->id, &w->self.uuid, &row);
    if (err) {
        return err;
    }
    if (row.version != e->version || vault_epoch_secrets(w->vault, row.epoch, &box, &seed)) {
        return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (share)");
    }
    curves_sign_public(&sign_key, &seed);
    if ((err = share_verify(op, &sign_key, &row)) || (err = share_open(op, &e->key, &row, out))) {
        return err;
    }
    return bytes_equal(out->name, name)
               ? WW_OK
               : op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (share)");
}

static enum ww_err open_own(struct ww_op *op, struct account_sharing *w, const struct vault_entry *e,
                            struct share_content *out)
{
    return open_named(op, w, e, e->name, out);
}

/* Who was removed must not open what is there: the value gets a new key and version. */
static enum ww_err seal_anew(struct ww_op *op, struct account_sharing *w, struct vault_entry *e,
                             struct bytes name, struct share_list *list)
{
    struct share_content content;
    struct vault_change c = {.kind = VAULT_PUT, .name = e->name};
    enum ww_err err = open_named(op, w, e, name, &content);
    if (err || (err = vault_apply(op, w->service->store, w->vault, SPACE_SHARES, &c, 1))) {
        return err;
    }
    *e = (struct vault_entry){e->name, c.id, c.version, c.key};
    return store_value(op, w, e, content.value, list);
}

enum ww_err account_share_sign_again(struct ww_op *op, struct account_sharing *w, const struct vault_entry *e)
{
    struct share_content content;
    struct share_row row;
    const struct op_problem before = op->problem;
    enum ww_err err = open_own(op, w, e, &content);
    if (err || (err = store_share_load(op, w->service->store, &e->id, &w->self.uuid, &row))) {
        op->problem = err == WW_ETAMPERED ? before : op->problem;
        return err == WW_ETAMPERED ? WW_OK : err;
    }
    row.epoch = w->self.epoch;
    err = share_sign(op, &w->sign, &row);
    return err ? err : store_share_put(op, w->service->store, &row);
}

enum ww_err account_share_rename(struct ww_op *op, struct account_sharing *w, struct bytes from,
                                 struct bytes to)
{
    struct vault_entry entry;
    struct share_list list;
    const struct op_problem before = op->problem;
    enum ww_err err = vault_look(op, w->service->store, w->vault, SPACE_SHARES, to, &entry);
    if (err || (err = account_share_read_list(op, w, &entry.id, &list)) ||
        (err = seal_anew(op, w, &entry, from, &list))) {
        op->problem = err == WW_ETAMPERED ? before : op->problem;
        return err == WW_ETAMPERED ? WW_OK : err;
    }
    return WW_OK;
}

static const char *state_of(const struct share_recipient *to, const struct account_person *p)
{
    bool there = p->record && p->chain.n;
    return there && p->state == SHARE_CURRENT ? (to->sealed ? "sealed" : "pending")
           : !there && !to->sealed            ? "pending"
                                              : "changed";
}

static enum ww_err describe(struct ww_op *op, struct account_sharing *w, const struct vault_entry *e,
                            const struct share_list *list, struct account_share *out)
{
    *out = (struct account_share){.id = e->id,
                                  .name = e->name,
                                  .version = e->version,
                                  .time = list->time,
                                  .to = ARENA_ARRAY(&op->arena, list->n, struct account_share_to)};
    if (!out->to) {
        return op_no_memory(op);
    }
    for (; out->to_count < list->n; out->to_count++) {
        const struct share_recipient *to = &list->to[out->to_count];
        struct account_person *p;
        enum ww_err err = account_person_find(op, w, &to->id, &p);
        if (err || ((err = account_person_look(op, w, p)) && err != WW_ETAMPERED)) {
            return err;
        }
        out->to[out->to_count] = (struct account_share_to){to->id, p->contact.identifier, state_of(to, p)};
    }
    return WW_OK;
}

static enum ww_err write_people(struct ww_op *op, struct service *s, void *context)
{
    struct people_change *in = context;
    struct account_sharing w;
    struct vault_entry entry;
    struct share_list list;
    struct record *r;
    size_t fresh;
    bool removed;
    enum ww_err err = account_sharing_begin(op, s, in->x, &r, &w);
    if (err || (err = vault_look(op, s->store, w.vault, SPACE_SHARES, in->name, &entry)) ||
        (err = account_share_read_list(op, &w, &entry.id, &list)) ||
        (err = account_named_meet(op, &w, &in->add)) || (err = account_share_complete_all(op, &w)) ||
        (err = change_list(op, in, &list, &fresh, &removed))) {
        return err;
    }
    if (removed) {
        err = seal_anew(op, &w, &entry, entry.name, &list);
    } else if (fresh < list.n) {
        for (size_t i = 0; !err && i < list.n; i++) {
            if (i >= fresh || !list.to[i].sealed) {
                err = account_share_seal_to(op, &w, &entry, &list.to[i]);
            }
        }
        err = err ? err : account_share_write_list(op, &w, &entry.id, &list);
    }
    if (err || (err = account_sharing_write(op, &w)) || (err = describe(op, &w, &entry, &list, in->out))) {
        return err;
    }
    return removed || fresh < list.n ? tell(op, s, AUDIT_SHARE_CHANGED, r, in->x) : WW_OK;
}

enum ww_err account_share_people(struct ww_op *op, struct service *s, struct session *x, struct bytes name,
                                 struct account_names add, struct account_names remove,
                                 struct account_share *out)
{
    struct people_change in = {.x = x, .name = name, .out = out};
    enum ww_err err = account_may_open(op, x);
    if (err || (err = account_named_resolve(op, s, x, add, false, &in.add)) ||
        (err = account_named_resolve(op, s, x, remove, true, &in.remove))) {
        return err;
    }
    return change(op, s, x, write_people, &in);
}

/* ---- withdrawing ---- */

struct withdrawal {
    struct session *x;
    struct vault_change *change;
};

static enum ww_err write_withdrawal(struct ww_op *op, struct service *s, void *context)
{
    struct withdrawal *in = context;
    struct account_sharing w;
    char note[SHARE_NOTE_NAME];
    struct record *r;
    enum ww_err err = account_sharing_begin(op, s, in->x, &r, &w);
    if (err || (err = vault_apply(op, s->store, w.vault, SPACE_SHARES, in->change, 1))) {
        return err;
    }
    share_list_name(note, &in->change->id);
    if ((err = store_share_delete(op, s->store, &in->change->id, &r->uuid)) ||
        (err = account_share_waits(op, &w, &in->change->id, false)) ||
        (err = account_sharing_note(op, &w, VAULT_DELETE, note, BYTES(NULL, 0))) ||
        (err = account_sharing_write(op, &w))) {
        return err;
    }
    return tell(op, s, AUDIT_SHARE_WITHDRAWN, r, in->x);
}

enum ww_err account_share_withdraw(struct ww_op *op, struct service *s, struct session *x,
                                   struct vault_change *c)
{
    struct withdrawal in = {x, c};
    enum ww_err err = account_may_open(op, x);
    return err ? err : change(op, s, x, write_withdrawal, &in);
}

/* ---- reading ---- */

struct reading {
    struct service *service;
    struct session *x;
    struct bytes name, prefix, after;
    const struct uuid *id;
    size_t limit;
    struct vault_value *value;
    struct account_share *one;
    struct account_share **out;
    size_t *n;
};

static enum ww_err read_value(struct ww_op *op, struct store *s, struct vault *v, void *context)
{
    const struct reading *in = context;
    struct account_sharing w;
    struct vault_entry entry;
    struct share_content content;
    enum ww_err err = account_sharing_open(op, in->service, in->x->record, v, &w);
    if (err || (err = vault_look(op, s, v, SPACE_SHARES, in->name, &entry)) ||
        (err = open_own(op, &w, &entry, &content))) {
        return err;
    }
    *in->value = (struct vault_value){content.value, entry.id, entry.version, content.time};
    return WW_OK;
}

enum ww_err account_share_get(struct ww_op *op, struct service *s, struct session *x, struct bytes name,
                              struct vault_value *out)
{
    *out = (struct vault_value){0};
    return account_read_vault(op, s, x, read_value,
                              &(struct reading){.service = s, .x = x, .name = name, .value = out});
}

static enum ww_err read_found(struct ww_op *op, struct store *s, struct vault *v, void *context)
{
    const struct reading *in = context;
    struct account_sharing w;
    struct vault_entry entry;
    struct share_list list;
    enum ww_err err = account_sharing_open(op, in->service, in->x->record, v, &w);
    if (err || (err = vault_find(op, s, v, SPACE_SHARES, in->id, &entry)) ||
        (err = account_share_read_list(op, &w, &entry.id, &list))) {
        return err;
    }
    return describe(op, &w, &entry, &list, in->one);
}

enum ww_err account_share_find(struct ww_op *op, struct service *s, struct session *x, const struct uuid *id,
                               struct account_share *out)
{
    return account_read_vault(op, s, x, read_found,
                              &(struct reading){.service = s, .x = x, .id = id, .one = out});
}

static enum ww_err read_sent(struct ww_op *op, struct store *s, struct vault *v, void *context)
{
    const struct reading *in = context;
    struct account_sharing w;
    struct vault_entry *entries;
    struct share_list list;
    size_t n;
    *in->n = 0;
    enum ww_err err = account_sharing_open(op, in->service, in->x->record, v, &w);
    if (err || (err = vault_list(op, s, v, SPACE_SHARES, in->prefix, in->after, in->limit, &entries, &n))) {
        return err;
    }
    *in->out = ARENA_ARRAY(&op->arena, n, struct account_share);
    err = *in->out ? WW_OK : op_no_memory(op);
    for (size_t i = 0; !err && i < n; i++) {
        if ((err = account_share_read_list(op, &w, &entries[i].id, &list)) == WW_OK) {
            err = describe(op, &w, &entries[i], &list, &(*in->out)[i]);
        }
    }
    *in->n = err ? 0 : n;
    return err;
}

enum ww_err account_share_list(struct ww_op *op, struct service *s, struct session *x, struct bytes prefix,
                               struct bytes after, size_t limit, struct account_share **out, size_t *n)
{
    *out = NULL;
    return account_read_vault(
        op, s, x, read_sent,
        &(struct reading){
            .service = s, .x = x, .prefix = prefix, .after = after, .limit = limit, .out = out, .n = n});
}
