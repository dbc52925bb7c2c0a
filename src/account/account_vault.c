/* Items of a session's vault: reads without a transaction that look twice before they raise an alarm, and
 * changes in one (vault.md §§8, 12). */
#include "account_int.h"

/* In a transaction of its own, since the one that found it is over. */
enum ww_err account_audited(struct ww_op *op, struct service *s, const struct session *x, enum ww_err err)
{
    /* What the owner sees in the history; others read it in the log and in the metrics. */
    if (err == WW_ETAMPERED || err == WW_EROLLEDBACK) {
        account_tell_refusal(
            op, s,
            &(struct audit_event){.kind = err == WW_ETAMPERED ? AUDIT_TAMPERED : AUDIT_ROLLED_BACK,
                                  .record = x->record,
                                  .session_id = &x->id});
    }
    return err;
}

enum ww_err account_may_open(struct ww_op *op, const struct session *x)
{
    if (x->record->root_generation == 0) {
        return op_fail(op, WW_ENOVAULT, "vault_none", "the account has no vault yet");
    }
    /* Before the root key is asked for: a pending session may hold one. */
    if (account_is_pending(x)) {
        return account_refuse_pending(op);
    }
    if (!x->root) {
        return op_fail(op, WW_ELOCKED, "vault_locked", "this session opens nothing");
    }
    return WW_OK;
}

/* Record and vault by one statement, so that they are of one moment. Two statements could meet a write
 * between them, and the floors of vault.md §6 would look broken. */
static enum ww_err read_both(struct ww_op *op, struct service *s, struct session *x)
{
    struct session_row row;
    struct record *r;
    /* Not resumed again: the token was checked when the request began, milliseconds ago. */
    enum ww_err err = store_session_row_load(op, s->store, &x->row.lookup, &row, &r, &x->vault);
    if (err == WW_ENOTFOUND || err == WW_EDENIED) {
        return op_fail(op, WW_EDENIED, "session_inactive", "no active session");
    }
    if (err) {
        return err;
    }
    x->record = r;
    return x->vault.head.p ? WW_OK
                           : op_fail(op, WW_ETAMPERED, "vault_tampered",
                                     "stored data is not what was written (vault missing)");
}

static enum ww_err try_reading(struct ww_op *op, struct service *s, struct session *x,
                               account_vault_reader *body, void *context, uint64_t *seen)
{
    struct vault *v;
    /* Resuming brought the vault's row along in most cases. */
    enum ww_err err = x->vault.head.p ? WW_OK : read_both(op, s, x);
    if (err || (err = vault_open(op, s->store, x->record, x->root, &x->vault, &v))) {
        return err;
    }
    /* Within one request: what was seen newer a moment ago cannot be older now. */
    if (vault_seq(v) < *seen) {
        return op_fail(op, WW_EROLLEDBACK, "vault_rolled_back", "stored data is older than it should be");
    }
    *seen = vault_seq(v);
    vault_use_listings(v, s->listings);
    return body(op, s->store, v, context);
}

/* Head, leaf and item are read one after the other, and somebody may write between. So a mismatch is read
 * once more in one snapshot, against the number first seen; only a second one is an alarm (vault.md §12). */
enum ww_err account_read_vault(struct ww_op *op, struct service *s, struct session *x,
                               account_vault_reader *body, void *context)
{
    uint64_t seen = 0;
    enum ww_err err = account_may_open(op, x);
    if (err) {
        return err;
    }
    err = try_reading(op, s, x, body, context, &seen);
    if (err != WW_ETAMPERED && err != WW_EROLLEDBACK) {
        return err;
    }
    /* What was read outside of the snapshot is not used in it. */
    x->vault = (struct vault_row){0};
    if ((err = store_tx_begin(op, s->store, DB_READ)) == WW_OK) {
        err = store_tx_abort(op, try_reading(op, s, x, body, context, &seen)); /* nothing was written */
    }
    return account_audited(op, s, x, err);
}

struct item_read {
    struct bytes name;
    struct vault_value *out;
};

/* Names are compared inside the leaf, which is sealed: the database sees only which leaf was read. */
static enum ww_err read_item(struct ww_op *op, struct store *s, struct vault *v, void *context)
{
    struct item_read *in = context;
    return vault_get(op, s, v, SPACE_ITEMS, in->name, in->out);
}

enum ww_err account_item_get(struct ww_op *op, struct service *s, struct session *x, struct bytes name,
                             struct vault_value *out)
{
    return account_read_vault(op, s, x, read_item, &(struct item_read){name, out});
}

struct item_listing {
    struct bytes prefix, after;
    size_t limit;
    struct vault_entry **out;
    size_t *n;
};

static enum ww_err read_list(struct ww_op *op, struct store *s, struct vault *v, void *context)
{
    struct item_listing *in = context;
    return vault_list(op, s, v, SPACE_ITEMS, in->prefix, in->after, in->limit, in->out, in->n);
}

enum ww_err account_item_list(struct ww_op *op, struct service *s, struct session *x, struct bytes prefix,
                              struct bytes after, size_t limit, struct vault_entry **out, size_t *n)
{
    *out = NULL;
    *n = 0;
    return account_read_vault(op, s, x, read_list, &(struct item_listing){prefix, after, limit, out, n});
}

struct item_search {
    const struct uuid *id;
    struct vault_entry *out;
};

/* The id is random and stands in the entry: no index outside of the seal knows it. */
static enum ww_err read_entry(struct ww_op *op, struct store *s, struct vault *v, void *context)
{
    struct item_search *in = context;
    return vault_find(op, s, v, SPACE_ITEMS, in->id, in->out);
}

enum ww_err account_item_find(struct ww_op *op, struct service *s, struct session *x, const struct uuid *id,
                              struct vault_entry *out)
{
    return account_read_vault(op, s, x, read_entry, &(struct item_search){id, out});
}

struct item_look {
    struct bytes name;
    struct vault_entry *out;
};

/* Version and id without the value: enough for If-None-Match and 304. */
static enum ww_err read_name(struct ww_op *op, struct store *s, struct vault *v, void *context)
{
    struct item_look *in = context;
    return vault_look(op, s, v, SPACE_ITEMS, in->name, in->out);
}

enum ww_err account_item_look(struct ww_op *op, struct service *s, struct session *x, struct bytes name,
                              struct vault_entry *out)
{
    return account_read_vault(op, s, x, read_name, &(struct item_look){name, out});
}

static enum ww_err read_count(struct ww_op *op, struct store *s, struct vault *v, void *context)
{
    return vault_count(op, s, v, SPACE_ITEMS, context);
}

enum ww_err account_item_count(struct ww_op *op, struct service *s, struct session *x, size_t *n)
{
    *n = 0;
    return account_read_vault(op, s, x, read_count, n);
}

struct vault_write {
    struct session *x;
    struct vault_change *changes;
    size_t n;
};

/* Asked again under the lock: the record may ask for a second factor since, or have lost its vault. */
static enum ww_err write_changes(struct ww_op *op, struct service *s, void *context)
{
    struct vault_write *in = context;
    struct record *r;
    struct vault *v;
    enum ww_err err = account_lock(op, s, in->x, &r, &v);
    if (err || (err = account_may_open(op, in->x))) {
        return err;
    }
    if (!v) {
        return op_fail(op, WW_ENOVAULT, "vault_none", "the account has no vault yet");
    }
    return vault_apply(op, s->store, v, SPACE_ITEMS, in->changes, in->n);
}

/* Before the lock and before anything is sealed. In bytes of the value as it was given, without padding. */
static enum ww_err check_sizes(struct ww_op *op, struct service *s, const struct vault_change *changes,
                               size_t n)
{
    /* At most what one seal holds, 16 MiB, whatever the setting says (config_check). */
    uint64_t most = (uint64_t)config_int(s->config, "watchword.vault.item_max");
    for (size_t i = 0; i < n; i++) {
        if (changes[i].kind == VAULT_PUT && changes[i].value.n > most) {
            op_fail_field(op, WW_ETOOLARGE, "item_too_large", "value", "an item has at most %llu bytes",
                          (unsigned long long)most);
            op->problem.limit = most;
            return WW_ETOOLARGE;
        }
    }
    return WW_OK;
}

enum ww_err account_vault_change(struct ww_op *op, struct service *s, struct session *x,
                                 struct vault_change *changes, size_t n)
{
    struct vault_write in = {x, changes, n};
    enum ww_err err = account_may_open(op, x);
    if (err || (err = check_sizes(op, s, changes, n))) {
        return err;
    }
    x->vault = (struct vault_row){0}; /* what was read before is older than what follows */
    return account_audited(op, s, x, account_transaction(op, s, write_changes, &in));
}
