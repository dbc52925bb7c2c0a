/* Public data (vault.md §11; own-api.md, "Sharing"): written by an unlocked session, signed, read by every
 * user. The server can read it: it is public. What it cannot do is make it. */
#include "account_int.h"
#include "share.h"

struct public_change {
    struct session *x;
    enum public_scope scope;
    struct vault_change *change;
};

static enum ww_err check_name(struct ww_op *op, struct bytes name)
{
    return name.n && name.n <= VAULT_NAME_MAX && utf8_valid(name)
               ? WW_OK
               : op_fail_field(op, WW_EINVAL, "item_name_invalid", "name", "a name is 1 to %d bytes of UTF-8",
                               VAULT_NAME_MAX);
}

/* The row of a name; *out all zeros where there is none. */
static enum ww_err find(struct ww_op *op, struct store *s, enum public_scope scope, const struct uuid *owner,
                        struct bytes name, struct public_row *out)
{
    const struct public_row wanted = {.scope = scope, .name = name};
    const struct op_problem before = op->problem;
    struct key tag;
    store_public_tag(s, &wanted, owner, &tag);
    enum ww_err err = store_public_find(op, s, &tag, out);
    if (err == WW_ENOTFOUND) {
        op->problem = before;
        *out = (struct public_row){0};
        return WW_OK;
    }
    /* The tag is only an index: what is sealed says which name it is. */
    if (!err && (out->scope != scope || !bytes_equal(out->name, name) ||
                 (scope == PUBLIC_OWN && !uuid_equal(out->owner, *owner)))) {
        err = op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (public)");
    }
    return err;
}

static enum ww_err not_found(struct ww_op *op)
{
    return op_fail(op, WW_ENOTFOUND, "item_not_found", "nothing is public under this name");
}

/* ---- writing ---- */

/* Whose the name is, and whether the condition holds. */
static enum ww_err may_change(struct ww_op *op, const struct public_change *in, const struct record *r,
                              const struct public_row *now)
{
    if (now->version && now->account != r->id) {
        return op_fail_field(op, WW_ECONFLICT, "name_taken", "name", "this name is somebody else's");
    }
    if (in->change->kind == VAULT_DELETE && !now->version) {
        return not_found(op);
    }
    bool holds = (!in->change->if_version || in->change->if_version == now->version) &&
                 !(in->change->if_absent && now->version);
    return holds ? WW_OK
                 : op_fail(op, WW_EVERSION, "version_mismatch", "the stated version is not the current one");
}

static enum ww_err may_add(struct ww_op *op, const struct service *s, const struct record *r)
{
    int64_t n, most = config_int(s->config, "watchword.vault.public_most");
    enum ww_err err = store_count_rows(op, s->store, STORE_PUBLICS, r->id, &n);
    if (!err && n >= most) {
        err = op_fail(op, WW_EFULL, "public_full", "an account has at most %lld public entries",
                      (long long)most);
        op->problem.limit = (uint64_t)most;
    }
    return err;
}

/* Signed by the current epoch, with the vault at hand: no row of the store can speak for its owner. */
static enum ww_err write_row(struct ww_op *op, struct service *s, const struct public_change *in,
                             const struct record *r, const struct vault *v, struct public_row *now)
{
    KEY32(box);
    KEY32(seed);
    bool fresh = now->version == 0;
    enum ww_err err = fresh ? may_add(op, s, r) : WW_OK;
    if (err) {
        return err;
    }
    if (fresh) {
        *now =
            (struct public_row){.id = uuid_new(op), .account = r->id, .owner = r->uuid, .scope = in->scope};
    }
    now->name = in->change->name;
    now->value = in->change->value;
    now->version++;
    now->time = op_now(op);
    now->epoch = r->epoch;
    if (vault_epoch_secrets(v, r->epoch, &box, &seed)) {
        return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (ring)");
    }
    if ((err = share_public_sign(op, &seed, now))) {
        return err;
    }
    in->change->created = fresh;
    in->change->id = now->id;
    in->change->version = now->version;
    in->change->time = now->time;
    return fresh ? store_public_insert(op, s->store, now) : store_public_update(op, s->store, now);
}

static enum ww_err write_change(struct ww_op *op, struct service *s, void *context)
{
    const struct public_change *in = context;
    struct public_row now;
    struct record *r;
    struct vault *v;
    bool put = in->change->kind == VAULT_PUT;
    enum ww_err err = account_lock(op, s, in->x, &r, &v);
    if (err || (err = v ? WW_OK : account_refuse_locked(op, r)) ||
        (err = find(op, s->store, in->scope, &r->uuid, in->change->name, &now)) ||
        (err = may_change(op, in, r, &now)) ||
        (err = put ? write_row(op, s, in, r, v, &now) : store_public_delete(op, s->store, &now))) {
        return err;
    }
    enum audit_kind kind = put ? AUDIT_PUBLIC_WRITTEN : AUDIT_PUBLIC_DELETED;
    return account_tell(op, s, &(struct audit_event){.kind = kind, .record = r, .session_id = &in->x->id});
}

enum ww_err account_public_change(struct ww_op *op, struct service *s, struct session *x,
                                  enum public_scope scope, struct vault_change *change)
{
    struct public_change in = {x, scope, change};
    uint64_t most = (uint64_t)config_int(s->config, "watchword.vault.item_max");
    enum ww_err err = account_may_open(op, x);
    if (err || (err = check_name(op, change->name))) {
        return err;
    }
    if (change->value.n > most) {
        op_fail_field(op, WW_ETOOLARGE, "item_too_large", "value", "an entry has at most %llu bytes",
                      (unsigned long long)most);
        op->problem.limit = most;
        return WW_ETOOLARGE;
    }
    x->vault = (struct vault_row){0};
    return account_audited(op, s, x, account_transaction(op, s, write_change, &in));
}

/* ---- reading ---- */

enum ww_err account_public_verify(struct ww_op *op, struct store *s, const struct record *owner,
                                  const struct public_row *row)
{
    struct share_chain chain;
    enum ww_err err = owner->root_generation ? share_chain_load(op, s, owner, &chain)
                                             : share_chain_load_gone(op, s, &owner->uuid, &chain);
    return err ? err : share_public_verify(op, &chain, row);
}

static enum ww_err read_row(struct ww_op *op, struct store *s, const struct uuid *owner, struct bytes name,
                            struct public_row *out)
{
    struct record *r;
    enum ww_err err = find(op, s, owner ? PUBLIC_OWN : PUBLIC_DEPLOYMENT, owner, name, out);
    if (err || (err = out->version ? WW_OK : not_found(op)) ||
        (err = store_record_load(op, s, out->account, false, &r))) {
        return err;
    }
    return account_public_verify(op, s, r, out);
}

enum ww_err account_public_get(struct ww_op *op, struct service *s, const struct session *x,
                               const struct uuid *owner, struct bytes name, struct public_row *out)
{
    *out = (struct public_row){0};
    enum ww_err err = check_name(op, name);
    if (err) {
        return err;
    }
    /* In one snapshot: a row and the keys that signed it. */
    if ((err = store_tx_begin(op, s->store, DB_READ)) == WW_OK) {
        err = store_tx_abort(op, read_row(op, s->store, owner, name, out));
    }
    return account_audited(op, s, x, err);
}

/* One row after the other, so that no more than one value is held. */
static enum ww_err read_next(struct ww_op *op, struct service *s, const struct session *x,
                             struct arena *outer, struct bytes after, struct public_row *out)
{
    enum ww_err err = store_public_next(op, s->store, x->record->id, after, out);
    out->value = BYTES(NULL, 0);
    if (!err && !(out->name = bytes_dup(outer, out->name)).p) {
        err = op_no_memory(op);
    }
    return err;
}

enum ww_err account_public_list(struct ww_op *op, struct service *s, const struct session *x,
                                const struct uuid *after, size_t limit, struct public_row **out, size_t *n)
{
    struct bytes from = after ? BYTES_OF(*after) : BYTES("", 0);
    enum ww_err err = WW_OK;
    *n = 0;
    *out = ARENA_ARRAY(&op->arena, limit, struct public_row);
    if (!*out) {
        return op_no_memory(op);
    }
    while (!err && *n < limit) {
        struct op_piece piece;
        struct public_row *row = &(*out)[*n];
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, read_next(op, s, x, &piece.outer, from, row));
        from = BYTES_OF(row->id);
        *n += !err;
    }
    return account_audited(op, s, x, err == WW_ENOTFOUND ? WW_OK : err);
}
