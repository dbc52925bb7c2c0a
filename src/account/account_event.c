/* The one mouth: what happened is told here and nowhere else. It goes into the audit log (vault.md §9a) in
 * the transaction of what it tells of, and to subscribers once that is committed. Mail, which is sent from
 * rows of the same transaction, will be put there here as well. */
#include "account_int.h"

#include "timefmt.h"

/* ---- subscribers ---- */

struct waiting {
    const struct account_subscriber *subscribers;
    struct account_told told;
};

/* Nobody hears of what was rolled back. */
static void transaction_ended(void *context, bool committed)
{
    const struct waiting *w = context;
    for (const struct account_subscriber *x = committed ? w->subscribers : NULL; x; x = x->next) {
        x->hear(x->context, &w->told);
    }
}

/* In the arena of the operation, in which the transaction ends as well. */
static enum ww_err tell_subscribers(struct ww_op *op, const struct service *s, const struct audit_event *e,
                                    uint64_t time)
{
    /* A copy, since the record may be written on before the transaction ends. */
    struct waiting *w = s->subscribers ? ARENA_NEW(&op->arena, struct waiting) : NULL;
    if (!w) {
        return s->subscribers ? op_no_memory(op) : WW_OK;
    }
    *w = (struct waiting){s->subscribers, {.event = audit_text(e->kind), .time = time, .method = e->method}};
    w->told.has_account = e->record != NULL;
    w->told.has_session = e->session_id != NULL;
    if (e->record) {
        w->told.account = e->record->uuid;
    }
    if (e->session_id) {
        w->told.session = *e->session_id;
    }
    return store_tx_at_end(op, transaction_ended, w);
}

/* Before the first operation, by one thread: the list is read without a lock. */
void account_subscribe(struct service *s, struct account_subscriber *subscriber)
{
    struct account_subscriber **last = &s->subscribers;
    while (*last) {
        last = &(*last)->next;
    }
    *last = subscriber;
    subscriber->next = NULL;
}

/* ---- telling ---- */

enum ww_err account_tell(struct ww_op *op, struct service *s, const struct audit_event *e)
{
    struct audit_event kept = *e;
    /* One time for the log and for subscribers: what they show can be matched. */
    kept.time = op_now(op);
    if (e->kind == AUDIT_DELETED) {
        kept.record = NULL; /* the log keeps nothing of a closed account */
    }
    enum ww_err err = audit_append(op, s->store, &kept);
    return err ? err : tell_subscribers(op, s, e, kept.time);
}

/* The refusal is told whatever becomes of the log: a full disk must not turn "wrong password" into another
 * answer. Its own transaction, since that of the refused work, if there was one, is rolled back. */
void account_tell_refusal(struct ww_op *op, struct service *s, const struct audit_event *e)
{
    struct op_problem kept = op->problem;
    /* Once, without repeating: an attacker who provokes refusals must not be able to make them dear. */
    if (store_tx_begin(op, s->store, DB_WRITE) == WW_OK) {
        enum ww_err err = account_tell(op, s, e);
        err = err ? store_tx_abort(op, err) : store_tx_commit(op);
        (void)err;
    }
    op->problem = kept;
}

/* ---- what is old ---- */

static const uint64_t day_us = 24 * 3600 * SECOND_US;

/* Microseconds, as everywhere; `at` is where the page before ended. */
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
    /* A transaction for each page, so that writers come in between. */
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
