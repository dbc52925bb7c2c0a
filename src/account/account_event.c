/* The one mouth: what happened is told here and nowhere else, and goes into the audit log
 * (vault.md §9a) in the transaction of what it tells of. */
#include "account_int.h"

#include "timefmt.h"

enum ww_err account_tell(struct ww_op *op, struct service *s, const struct audit_event *e)
{
    return audit_append(op, s->store, e);
}

void account_tell_refusal(struct ww_op *op, struct service *s, const struct audit_event *e)
{
    struct op_problem kept = op->problem;
    if (store_tx_begin(op, s->store, DB_WRITE) == WW_OK) {
        enum ww_err err = account_tell(op, s, e);
        err = err ? store_tx_abort(op, err) : store_tx_commit(op);
        (void)err;
    }
    op->problem = kept;
}

/* ---- what is old ---- */

static const uint64_t day_us = 24 * 3600 * SECOND_US;

struct erasing {
    uint64_t before;
    struct audit_row at;
    bool more;
};

/* A repetition starts from where the page before ended. */
static enum ww_err write_erasing(struct ww_op *op, struct service *s, void *context)
{
    struct erasing *in = context;
    struct audit_row at = in->at;
    enum ww_err err = audit_erase_page(op, s->store, in->before, &at, &in->more);
    in->at = err ? in->at : at;
    return err;
}

/* By whole days: an erasure is an event itself, and stays, so there must not be one a minute. What stays is
 * looked at by the first call only. */
enum ww_err account_erase_history(struct ww_op *op, struct service *s)
{
    uint64_t now = op_now(op), retention = config_duration(s->config, "watchword.history.retention");
    struct erasing in = {.before = now > retention ? (now - retention) / day_us * day_us : 0,
                         .at = {.time = s->history_erased}};
    enum ww_err err = WW_OK;
    in.more = in.before > s->history_erased;
    while (!err && in.more) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, account_transaction(op, s, write_erasing, &in));
    }
    if (!err) {
        s->history_erased = in.before;
    }
    return err;
}
