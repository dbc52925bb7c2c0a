/* Once a minute (vault.md §5, §9): what was seen of sessions, rows that are over, counters, old history.
 *
 * Where the store does not answer, the rest is not tried. Each by pieces in short transactions, so that
 * nobody waits long for the writer, and each by itself: what fails is left for the next minute and does not
 * keep the others from being done. */
#include "account_int.h"
#include "witness.h"

/* Rows in one transaction: SQLite has one writer, and everybody else waits behind it. */
enum { SWEPT_AT_ONCE = 1000 };

/* One short transaction; *done says how many rows it dealt with. */
typedef enum ww_err piece_writer(struct ww_op *op, struct service *s, int64_t *done);

static enum ww_err sweep_sessions(struct ww_op *op, struct service *s, int64_t *done)
{
    return store_session_row_sweep(op, s->store, op_now(op), SWEPT_AT_ONCE, done);
}

static enum ww_err sweep_flows(struct ww_op *op, struct service *s, int64_t *done)
{
    return store_flow_row_sweep(op, s->store, op_now(op), SWEPT_AT_ONCE, done);
}

static enum ww_err in_pieces(struct ww_op *op, struct service *s, piece_writer *write)
{
    int64_t done = SWEPT_AT_ONCE;
    enum ww_err err = WW_OK;
    /* A piece that is not full was the last. New rows may come meanwhile, but none that are over already. */
    while (!err && done == SWEPT_AT_ONCE) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, write(op, s, &done));
    }
    return err;
}

/* "Last seen" is kept in memory and written once a minute: reading a page must not write (vault.md §9). */
static enum ww_err flush_seen(struct ww_op *op, struct service *s)
{
    return session_flush_seen(op, s->store, s->sessions.seen);
}

static enum ww_err sweep_all_sessions(struct ww_op *op, struct service *s)
{
    return in_pieces(op, s, sweep_sessions);
}

static enum ww_err sweep_all_flows(struct ww_op *op, struct service *s)
{
    return in_pieces(op, s, sweep_flows);
}

static enum ww_err sweep_counters(struct ww_op *op, struct service *s)
{
    return throttle_sweep(op, s->throttle);
}

static enum ww_err sweep_listings(struct ww_op *op, struct service *s)
{
    vault_listings_sweep(s->listings, op_now(op));
    return WW_OK;
}

/* Accounts that were found to be put back: by requests, some of them on event loops, which write nothing. */
static enum ww_err tell_alarms(struct ww_op *op, struct service *s)
{
    struct record r = {0};
    while (store_alarm_next(s->store, &r.id, &r.uuid)) {
        account_tell_refusal(op, s, &(struct audit_event){.kind = AUDIT_ROLLED_BACK, .record = &r});
    }
    return WW_OK;
}

/* What could not be kept of what was seen: the next reads try again. */
static enum ww_err report_witness(struct ww_op *op, struct service *s)
{
    int fault = store_witness(s->store) ? witness_fault(store_witness(s->store)) : 0;
    return fault ? op_fail(op, WW_EIO, "witness_behind", "the witness cannot be written: %s", strerror(fault))
                 : WW_OK;
}

enum ww_err account_maintain(struct ww_op *op, struct service *s)
{
    static enum ww_err (*const steps[])(struct ww_op * op, struct service * s) = {
        flush_seen,     sweep_all_sessions, sweep_all_flows, account_erase_history, account_waiting_sweep,
        sweep_counters, sweep_listings,     tell_alarms,     report_witness};
    struct op_problem first = {0};
    enum ww_err result = WW_OK;
    /* The first failure is the one that is told: later ones often follow from it. */
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && result != WW_EIO; i++) {
        enum ww_err err = steps[i](op, s);
        if (err && !result) {
            result = err;
            first = op->problem;
        }
    }
    op->problem = first;
    return result;
}
