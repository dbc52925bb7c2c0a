/* publics (vault.md §§5, 11): rows of public data, opened here; who signed one is for the caller to see. */
#ifndef STORE_PUBLIC_H
#define STORE_PUBLIC_H

#include "store.h"

enum public_scope { PUBLIC_DEPLOYMENT = 0, PUBLIC_OWN = 1 };
struct public_row {
    struct uuid id, owner;
    int64_t account; /* of the owner */
    enum public_scope scope;
    uint64_t version; /* 1 and up; 0: no row */
    uint64_t time;    /* of the write, µs */
    uint32_t epoch;   /* of the owner, which signed */
    uint8_t signature[64];
    struct bytes name, value;
};
/* Of the row's scope and name; owner is not looked at for PUBLIC_DEPLOYMENT. */
void store_public_tag(const struct store *s, const struct public_row *row, const struct uuid *owner,
                      struct key *tag);
/* WW_ENOTFOUND id "item_not_found"; WW_ETAMPERED also for a row of no account. That the row is of the name
 * that was asked for is the caller's to compare. */
enum ww_err store_public_find(struct ww_op *op, struct store *s, const struct key *tag,
                              struct public_row *out) WW_MUST;
/* The account's first row behind an id ("": the first); WW_ENOTFOUND without op_fail. */
enum ww_err store_public_next(struct ww_op *op, struct store *s, int64_t account, struct bytes after,
                              struct public_row *out) WW_MUST;
/* WW_ECONFLICT "name_taken". */
enum ww_err store_public_insert(struct ww_op *op, struct store *s, const struct public_row *row) WW_MUST;
enum ww_err store_public_update(struct ww_op *op, struct store *s, const struct public_row *row) WW_MUST;
enum ww_err store_public_delete(struct ww_op *op, struct store *s, const struct public_row *row) WW_MUST;
/* Another tag in the place of `old`. */
enum ww_err store_public_retag(struct ww_op *op, struct store *s, const struct public_row *row,
                               const struct key *old, const struct key *tag) WW_MUST;

#endif
