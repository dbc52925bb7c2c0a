/* The browser as a witness (vault.md §12): what it was told when somebody signed in on it stays after they
 * sign out, and is compared when they sign in there again. */
#include "account_int.h"

/* The numbers alone: who wants a cookie has them sealed. */
enum ww_err account_device_give(struct ww_op *op, struct service *s, const struct record *r,
                                const struct vault *v)
{
    struct store_device *d = ARENA_NEW(&op->arena, struct store_device);
    if (!d) {
        return op_no_memory(op);
    }
    *d = (struct store_device){.account = r->uuid,
                               .line = store_line(s->store),
                               .record_seq = r->seq,
                               .vault_number =
                                   store_vault_number(r->root_generation, v ? vault_seq(v) : r->vault_floor),
                               .issued = op_now(op)};
    op->device = d;
    return WW_OK;
}

/* What is locked is the newest there is: nothing needs to be read again. Of an older line are numbers that a
 * restore took back; of another account the seal does not open. */
enum ww_err account_device_compare(struct ww_op *op, struct service *s, const struct record *r,
                                   const struct vault *v)
{
    struct store_device d = {.account = r->uuid};
    if (!*op->client.device || !store_device_open(op, s->store, op->client.device, &d) ||
        d.line < store_line(s->store)) {
        return WW_OK;
    }
    bool older =
        r->seq < d.record_seq || (v && store_vault_number(r->root_generation, vault_seq(v)) < d.vault_number);
    /* A line that is not there yet: the whole database was put back, to before a restore. */
    return older || d.line > store_line(s->store) ? op_fail(op, WW_EROLLEDBACK, "vault_rolled_back",
                                                            "stored data is older than this browser has seen")
                                                  : WW_OK;
}
