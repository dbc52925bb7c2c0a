/* `restore accept` (vault.md §12): a new line, and each account that is older than this node has seen gets a
 * number above that, so that nothing of the time between is believed, and loses what the way back revived.
 *
 * The order is what makes it safe to kill. First the witness notes the line that it goes to, and a start is
 * refused until it is reached. Then the database has it. Then accounts, a few to a transaction: one that was
 * dealt with is no longer behind. The witness takes the database's numbers after each commit, and the line at
 * the end. */
#include "account_restore.h"

#include "account_int.h"
#include "witness.h"

enum { AT_ONCE = 32 }; /* accounts in one transaction: nobody else is there to be kept waiting */

struct restore {
    struct account_restore *out;
    struct witness *witness; /* NULL: there is none */
    int64_t ids[AT_ONCE];
    size_t n;
    /* of the transaction */
    struct witness_seen after[AT_ONCE];
    size_t restored, deleted, damaged;
};

/* What the way back may have revived: sessions, and codes that were used. A code still opens the vault for
 * who has signed in; new ones sign in again. */
static void disarm(struct record *r)
{
    r->session_generation++;
    r->flags |= FLAG_RESTORED;
    for (size_t i = 0; i < r->credential_count; i++) {
        if (r->credentials[i].kind == CRED_RECOVERY) {
            r->credentials[i].role &= (uint8_t)~ROLE_LOGIN;
        }
    }
}

static enum ww_err restore_one(struct ww_op *op, struct service *s, struct record *r, uint64_t seen)
{
    disarm(r);
    enum ww_err err = store_record_raise(op, s->store, r, r->seq > seen ? r->seq : seen);
    return err ? err : account_tell(op, s, &(struct audit_event){.kind = AUDIT_RESTORED, .record = r});
}

static enum ww_err delete_again(struct ww_op *op, struct service *s, struct record *r)
{
    enum ww_err err = WW_EINTERNAL;
    if ((err = store_record_delete(op, s->store, r)) || (err = audit_erase_account(op, s->store, r))) {
        return err;
    }
    return account_tell(op, s, &(struct audit_event){.kind = AUDIT_DELETED, .record = r});
}

/* What was never seen may be as old as anything. */
static bool is_behind(const struct restore *x, const struct record *r, struct witness_seen seen)
{
    return !x->witness || seen.record == 0 || r->seq < seen.record;
}

static enum ww_err deal_with(struct ww_op *op, struct service *s, struct restore *x, size_t i)
{
    struct witness_seen seen = x->witness ? witness_get(x->witness, x->ids[i]) : (struct witness_seen){0, 0};
    struct record *r;
    x->after[i] = seen;
    enum ww_err err = store_record_load(op, s->store, x->ids[i], true, &r);
    if (err == WW_ETAMPERED || err == WW_ENOTFOUND) {
        x->damaged += err == WW_ETAMPERED;
        return WW_OK;
    }
    if (err) {
        return err;
    }
    if (seen.record == WITNESS_DELETED) {
        x->deleted++;
        return delete_again(op, s, r);
    }
    if (is_behind(x, r, seen)) {
        x->restored++;
        err = restore_one(op, s, r, seen.record);
    }
    /* Of the vault the record says the least that it has; the next look into it raises that. */
    x->after[i] = (struct witness_seen){r->seq, store_vault_number(r->root_generation, r->vault_floor)};
    return err;
}

static enum ww_err write_piece(struct ww_op *op, struct service *s, void *context)
{
    struct restore *x = context;
    enum ww_err err = WW_OK;
    x->restored = x->deleted = x->damaged = 0;
    for (size_t i = 0; !err && i < x->n; i++) {
        err = deal_with(op, s, x, i);
    }
    return err;
}

/* Accounts that were made after the moment of the backup: there are none of these, and should a later backup
 * have them, nothing is known of them. Their ids stay used. */
static void forget_between(struct restore *x, int64_t after, int64_t before)
{
    int64_t id = x->witness ? witness_next(x->witness, after) : 0;
    for (; id && id < before; id = witness_next(x->witness, id)) {
        if (witness_get(x->witness, id).record != WITNESS_DELETED) {
            (void)witness_set(x->witness, id, (struct witness_seen){0, 0});
        }
    }
}

static enum ww_err restore_piece(struct ww_op *op, struct service *s, struct restore *x, int64_t *after,
                                 bool *more)
{
    enum ww_err err = store_record_ids(op, s->store, *after, x->ids, AT_ONCE, &x->n);
    if (err || (x->n && (err = account_transaction(op, s, write_piece, x)))) {
        return err;
    }
    for (size_t i = 0; i < x->n; i++) {
        forget_between(x, *after, x->ids[i]);
        *after = x->ids[i];
        if (x->witness && !witness_set(x->witness, x->ids[i], x->after[i])) {
            return op_fail(op, WW_EFULL, "witness_full", "there is no room for the witness on the disk");
        }
    }
    x->out->accounts += x->n;
    x->out->restored += x->restored;
    x->out->deleted += x->deleted;
    x->out->damaged += x->damaged;
    *more = x->n == AT_ONCE;
    return WW_OK;
}

static enum ww_err restore_accounts(struct ww_op *op, struct service *s,
                                    const struct account_checker *checker, struct restore *x)
{
    int64_t after = 0, total;
    bool more = true;
    enum ww_err err = store_count_accounts(op, s->store, &total);
    while (!err && more) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, restore_piece(op, s, x, &after, &more));
        if (!err && checker->step) {
            checker->step(checker->context, x->out->accounts, (size_t)total);
        }
    }
    if (!err) {
        forget_between(x, after, INT64_MAX);
    }
    return err;
}

/* ---- the line ---- */

static enum ww_err write_begin(struct ww_op *op, struct service *s, void *context)
{
    const struct account_restore *out = context;
    enum ww_err err = store_line_write(op, s->store, out->line);
    return err ? err : account_tell(op, s, &(struct audit_event){.kind = AUDIT_RESTORE_BEGUN});
}

/* Above whatever anybody of this deployment may have, so that the cookies of before count for nothing. */
static enum ww_err begin_line(struct ww_op *op, struct service *s, struct restore *x)
{
    uint32_t line = store_line(s->store), seen = x->witness ? witness_line(x->witness) : 0;
    uint32_t begun = x->witness ? witness_accepting(x->witness) : 0;
    x->out->line = begun ? begun : (line > seen ? line : seen) + 1;
    enum ww_err err =
        x->witness ? witness_begin_line(op, x->witness, x->out->line, x->out->all && !begun) : WW_OK;
    return err || line == x->out->line ? err : account_transaction(op, s, write_begin, x->out);
}

static enum ww_err write_end(struct ww_op *op, struct service *s, void *context)
{
    struct restore *x = context;
    enum ww_err err = x->witness && witness_top(x->witness)
                          ? store_ids_raise(op, s->store, witness_top(x->witness))
                          : WW_OK;
    return err ? err : account_tell(op, s, &(struct audit_event){.kind = AUDIT_RESTORE_ACCEPTED});
}

enum ww_err account_restore_accept(struct ww_op *op, struct service *s, const struct account_checker *checker,
                                   struct account_restore *out)
{
    struct restore x = {.out = out, .witness = store_witness(s->store)};
    out->accounts = out->restored = out->deleted = out->damaged = 0;
    if (x.witness && !store_is_accepting(s->store)) {
        return op_fail(op, WW_EINVAL, "restore_not_open", "the store was not opened for accepting a restore");
    }
    enum ww_err err = WW_EINTERNAL;
    if ((err = begin_line(op, s, &x)) || (err = restore_accounts(op, s, checker, &x)) ||
        (err = account_transaction(op, s, write_end, &x))) {
        return err;
    }
    return x.witness ? witness_end_line(op, x.witness, out->line) : WW_OK;
}
