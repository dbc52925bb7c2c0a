/* What only an account's owner can see of its vault: which rows it names (vault.md §6, §8). A row that
 * nothing names is ignored by everything else. */
#include "account_int.h"

struct counting {
    struct session *session;
    struct account_own *out;
};

/* The leaves are opened by the first count: one that does not open is the error of all. */
static enum ww_err count_entries(struct ww_op *op, struct store *s, struct vault *v, void *context)
{
    static const enum vault_space spaces[] = {SPACE_ITEMS, SPACE_INTERNAL, SPACE_SHARES, SPACE_TRAITS};
    struct counting *c = context;
    size_t named[4] = {0};
    enum ww_err err = WW_OK;
    for (size_t i = 0; !err && i < 4; i++) {
        err = vault_count(op, s, v, spaces[i], &named[i]);
    }
    c->out->items = named[0];
    c->out->shares = named[2];
    /* A share has no item row; all else has one. */
    c->out->rows_named = (int64_t)(named[0] + named[1] + named[3]);
    return err;
}

enum ww_err account_check_own(struct ww_op *op, struct service *s, struct session *x, struct account_own *out)
{
    struct counting c = {x, out};
    *out = (struct account_own){0};
    enum ww_err err = account_read_vault(op, s, x, count_entries, &c);
    if (err || (err = store_count_rows(op, s->store, STORE_ITEMS, x->record->id, &out->rows)) ||
        (err = store_count_shares(op, s->store, &x->record->uuid, &out->share_rows))) {
        return err;
    }
    /* Items of a vault that waits are named by that one, which nothing here opens. */
    out->waiting = x->record->waiting_count > 0;
    return WW_OK;
}
