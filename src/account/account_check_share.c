/* What check sees of shares and public data (vault.md §§6, 11): both are signed over what is stored, so that
 * they can be checked without anybody's keys. */
#include "account_check_int.h"

/* A share may have 16 MiB: this many stay within one operation's memory (256 MiB). */
enum { SHARES_AT_ONCE = 8 };

/* A share is signed over what is stored, so that it can be checked without anybody's keys. *last: the id of
 * the one checked before, and then of the last. */
static enum ww_err check_some_shares(struct ww_op *op, struct account_walk *w, const struct record *r,
                                     const struct uuid *after, struct uuid *last, size_t *n)
{
    struct epoch_row *epochs = NULL;
    struct share_row *rows;
    enum ww_err err = store_share_list(op, w->service->store, &r->uuid, after, SHARES_AT_ONCE, &rows, n);
    if (!err && *n) {
        err = store_epoch_list(op, w->service->store, &r->uuid, r->epoch, &epochs);
    }
    for (size_t i = 0; !err && i < *n; i++) {
        *last = rows[i].id;
        /* The plain epoch number is an index into the account's own keys: bounded before it is one. */
        err = rows[i].epoch > r->epoch ? WW_ETAMPERED
                                       : share_verify(op, &epochs[rows[i].epoch - 1].sign_key, &rows[i]);
    }
    return err;
}

static enum ww_err check_signatures(struct ww_op *op, struct account_walk *w, const struct record *r,
                                    const char *who)
{
    struct uuid last;
    size_t n = SHARES_AT_ONCE;
    enum ww_err err = WW_OK;
    for (bool first = true; !err && n == SHARES_AT_ONCE; first = false) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, check_some_shares(op, w, r, first ? NULL : &last, &last, &n));
    }
    /* A page that could not be read at all counts as one row that does not open. */
    if (account_check_finds(err)) {
        account_check_problem(w, op, "account %s: a share is altered", who);
        err = WW_OK;
    }
    return err;
}

enum ww_err account_check_shares(struct ww_op *op, struct account_walk *w, const struct record *r,
                                 const char *who)
{
    int64_t all = 0, sound = 0;
    enum ww_err err = check_signatures(op, w, r, who);
    /* What stands in a wrap is for its recipient to open. Here: it is of a share that exists, and of a size
     * that a wrap has. */
    err = err ? err : store_count_wraps(op, w->service->store, &r->uuid, &all, &sound);
    if (!err && all > sound) {
        account_check_problem(w, op, "account %s: %lld row(s) of recipients that none of its shares can have",
                              who, (long long)(all - sound));
    }
    return err;
}

/* One row after the other: a value may have 8 MiB. The tag is made anew, so a row that was moved has another.
 */
static enum ww_err check_public(struct ww_op *op, struct account_walk *w, const struct record *r,
                                struct public_row *row)
{
    struct public_row found;
    struct key tag;
    enum ww_err err = store_public_next(op, w->service->store, r->id, BYTES_OF(row->id), row);
    if (err || (err = account_public_verify(op, w->service->store, r, row))) {
        return err;
    }
    store_public_tag(w->service->store, row, &r->uuid, &tag);
    err = store_public_find(op, w->service->store, &tag, &found);
    bool same = !err && uuid_equal(found.id, row->id);
    return err == WW_OK && !same ? WW_ETAMPERED : err == WW_ENOTFOUND ? WW_ETAMPERED : err;
}

enum ww_err account_check_publics(struct ww_op *op, struct account_walk *w, const struct record *r,
                                  const char *who)
{
    struct public_row row = {0};
    int64_t rows, sound = 0;
    enum ww_err err = store_count_rows(op, w->service->store, STORE_PUBLICS, r->id, &rows);
    while (!err && rows) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, check_public(op, w, r, &row));
        sound += !err;
    }
    if (account_check_finds(err) && sound != rows) {
        account_check_problem(w, op, "account %s: a public entry is altered", who);
    }
    return account_check_finds(err) ? WW_OK : err;
}
