/* The people who are named in a call: found, each look-up counted, and met with what the vault notes of them
 * (vault.md §11; own-api.md, "Sharing"). */
#include "account_share_int.h"

static enum ww_err unknown(struct ww_op *op)
{
    return op_fail_field(op, WW_ENOTFOUND, "recipient_unknown", "to", "there is nobody of this name");
}

/* Each look-up is counted, since its answer says whether somebody has an account. */
static enum ww_err look_up(struct ww_op *op, struct service *s, struct session *x, const char *name,
                           struct account_named *out)
{
    struct record *r = NULL;
    struct bytes value;
    struct key tag;
    enum ww_err err = throttle_count_lookup(op, s->throttle, &x->record->uuid);
    *out = (struct account_named){0};
    if (err) {
        return err;
    }
    if (uuid_parse(&out->id, name)) {
        err = store_record_load_uuid(op, s->store, &out->id, false, &r);
        return err == WW_ENOTFOUND ? unknown(op) : err;
    }
    if ((err = account_find(op, s, name, &tag, &r)) || (err = r ? WW_OK : unknown(op)) ||
        (err = identity_ident(op, bytes_str(name), "to", &value))) {
        return err;
    }
    out->id = r->uuid;
    out->identifier = (const char *)value.p;
    return WW_OK;
}

bool account_named_holds(const struct account_named_list *l, const struct uuid *id)
{
    for (size_t i = 0; i < l->n; i++) {
        if (uuid_equal(l->people[i].id, *id)) {
            return true;
        }
    }
    return false;
}

enum ww_err account_named_resolve(struct ww_op *op, struct service *s, struct session *x,
                                  struct account_names in, bool by_id_at_once, struct account_named_list *out)
{
    *out = (struct account_named_list){.people = ARENA_ARRAY(&op->arena, in.n, struct account_named)};
    enum ww_err err = out->people ? WW_OK : op_no_memory(op);
    if (!err && in.n > ACCOUNT_RECIPIENTS_MOST) {
        return op_fail_field(op, WW_EINVAL, "recipients_too_many", "to", "at most %d people at once",
                             ACCOUNT_RECIPIENTS_MOST);
    }
    for (size_t i = 0; !err && i < in.n; i++) {
        struct account_named *p = &out->people[out->n];
        *p = (struct account_named){0};
        if (!by_id_at_once || !uuid_parse(&p->id, in.names[i])) {
            err = look_up(op, s, x, in.names[i], p);
        }
        if (!err && uuid_equal(p->id, x->record->uuid)) {
            return op_fail_field(op, WW_EINVAL, "recipient_self", "to", "nobody shares with themselves");
        }
        out->n += !err && !account_named_holds(out, &p->id);
    }
    return err;
}

enum ww_err account_named_meet(struct ww_op *op, struct account_sharing *w,
                               const struct account_named_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        struct account_person *p;
        enum ww_err err = account_person_find(op, w, &l->people[i].id, &p);
        if (err || (err = account_person_look(op, w, p))) {
            return err;
        }
        if (p->chain.n && p->state != SHARE_CURRENT) {
            return account_refuse_changed(op);
        }
        const char *identifier = l->people[i].identifier;
        if (identifier && (!p->contact.identifier || strcmp(identifier, p->contact.identifier) != 0)) {
            p->contact.identifier = identifier;
            p->changed = true;
        }
        p->changed = p->changed || !p->noted;
    }
    return WW_OK;
}
