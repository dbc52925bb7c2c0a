/* Erasing (vault.md §9a): blob and account become NULL, time, mark and link stay, and an event names the
 * places. Only what opens, and is of the time and account that its row says, is erased: whoever writes to the
 * database could else move an event to an account that closes, or into a time that has passed, and have us
 * erase it. */
#include "audit_int.h"

#include <string.h>

/* closing: the account that is being closed, whose row is gone already; NULL for what is old. */
static enum ww_err may_erase(struct ww_op *op, struct store *s, const struct audit_stored *row,
                             const struct record *closing, bool *may)
{
    struct audit_opened e;
    char text[UUID_TEXT];
    *may = false;
    enum ww_err err = audit_open(op, s, row, &e);
    if (err == WW_OK && closing) {
        uuid_format(text, closing->uuid);
        *may = e.account && strcmp(e.account, text) == 0;
    } else if (err == WW_OK) {
        err = audit_compare_owner(op, s, &e, row, may);
    }
    if (err) {
        /* What cannot be opened stays: `check` reports it, and erasing it would hide that. */
        return err == WW_ETAMPERED ? WW_OK : err;
    }
    /* Starts and erasures hold nobody's data and are what proves the rest: without them an empty row could
     * not be told from one that an intruder emptied. */
    *may = *may && audit_is_dated(&e, row) && e.kind != AUDIT_CHAIN_STARTED && e.kind != AUDIT_ERASED;
    return WW_OK;
}

static enum ww_err erase_rows(struct ww_op *op, struct store *s, const struct audit_stored *rows, size_t n,
                              const struct record *closing, struct audit_ranges *erased)
{
    enum ww_err err = WW_OK;
    for (size_t i = 0; !err && i < n; i++) {
        bool may;
        if ((err = may_erase(op, s, &rows[i], closing, &may)) || !may) {
            continue;
        }
        if (audit_ranges_add(erased, (struct audit_range){rows[i].node, rows[i].n, rows[i].n})) {
            return op_no_memory(op);
        }
        /* Noted first, erased then, both in the caller's transaction with the event that names them: there
         * is no moment in which a row is empty and unnamed. */
        err = store_audit_erase(op, s, rows[i].node, rows[i].n);
    }
    return err;
}

/* at: where the page before ended; becomes where this one does. */
static enum ww_err account_page(struct ww_op *op, struct store *s, const struct record *r,
                                struct audit_stored *at, struct audit_ranges *erased, bool *more)
{
    struct audit_stored *rows;
    size_t n;
    enum ww_err err = store_audit_of_account(op, s, r->id, at, AUDIT_PAGE, &rows, &n);
    *more = !err && n == AUDIT_PAGE;
    /* By place, not by offset: rows that stay would else be read again and again. */
    *at = *more ? rows[n - 1] : *at;
    return err ? err : erase_rows(op, s, rows, n, r, erased);
}

static enum ww_err name_erased(struct ww_op *op, struct store *s, enum ww_err err,
                               struct audit_ranges *erased)
{
    /* Neighbours become one range: a year of one person is a few hundred bytes. */
    audit_ranges_join(erased);
    err = err ? err : audit_append_erased(op, s, erased);
    audit_ranges_free(erased);
    return err;
}

enum ww_err audit_erase_account(struct ww_op *op, struct store *s, const struct record *r)
{
    struct audit_ranges erased = {0};
    struct audit_stored at = {.time = 0};
    enum ww_err err = WW_OK;
    for (bool more = true; !err && more;) {
        struct op_piece piece;
        /* Each page in a piece of the operation's memory that is wiped after it: an account may have more
         * events than an arena holds. */
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, account_page(op, s, r, &at, &erased, &more));
    }
    return name_erased(op, s, err, &erased);
}

enum ww_err audit_erase_page(struct ww_op *op, struct store *s, uint64_t before, struct audit_row *at,
                             bool *more)
{
    struct audit_ranges erased = {0};
    struct audit_stored *rows, after = {.time = at->time, .node = at->node, .n = at->n};
    size_t n;
    enum ww_err err = store_audit_kept(op, s, before, &after, AUDIT_PAGE, &rows, &n);
    *more = !err && n == AUDIT_PAGE;
    if (*more) {
        *at = (struct audit_row){rows[n - 1].node, rows[n - 1].n, rows[n - 1].time, NULL};
    }
    return name_erased(op, s, err ? err : erase_rows(op, s, rows, n, NULL, &erased), &erased);
}
