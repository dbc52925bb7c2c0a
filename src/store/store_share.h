/* Rows of epochs, shares and wraps (vault.md §§8, 11): the public keys of accounts, and what they share. */
#ifndef STORE_SHARE_H
#define STORE_SHARE_H

#include "store.h"

/* ---- epochs: sealed under the server key; they outlive their account ---- */
struct epoch_row {
    uint32_t n;
    struct key box_key, sign_key;
    bool start;
    uint64_t begun;
    uint8_t signature[64];
};
enum ww_err store_epoch_insert(struct ww_op *op, struct store *s, const struct uuid *account,
                               const struct epoch_row *e) WW_MUST;
/* What the signature of an epoch is over (vault.md §8): number and both keys of the row. */
enum ww_err store_epoch_statement(struct ww_op *op, const struct uuid *account, const struct epoch_row *e,
                                  struct bytes *out) WW_MUST;
/* Epochs 1 to `last`, all of them; one that is missing or altered is WW_ETAMPERED. */
enum ww_err store_epoch_list(struct ww_op *op, struct store *s, const struct uuid *account, uint32_t last,
                             struct epoch_row **out) WW_MUST;

/* ---- shares and wraps (vault.md §11): blobs under the users' keys, passed through; who asks authenticates
 * the columns ---- */
struct share_row {
    struct uuid id, sender;
    uint64_t version;
    uint32_t epoch; /* of the sender, which signed */
    uint8_t signature[64];
    struct bytes blob;
};
/* Inserts or replaces, in a transaction; an id of somebody else's is WW_EBUSY. */
enum ww_err store_share_put(struct ww_op *op, struct store *s, const struct share_row *row) WW_MUST;
/* The share with an id of a sender; missing is WW_ETAMPERED: only shares that are named are asked for. */
enum ww_err store_share_load(struct ww_op *op, struct store *s, const struct uuid *id,
                             const struct uuid *sender, struct share_row *out) WW_MUST;
/* With its wraps, in a transaction. Missing is WW_ETAMPERED. */
enum ww_err store_share_delete(struct ww_op *op, struct store *s, const struct uuid *id,
                               const struct uuid *sender) WW_MUST;
/* Those of a sender with id > after (NULL: from the start), at most limit; a row that cannot be one is
 * WW_ETAMPERED. */
enum ww_err store_share_list(struct ww_op *op, struct store *s, const struct uuid *sender,
                             const struct uuid *after, size_t limit, struct share_row **out,
                             size_t *n) WW_MUST;

struct wrap_row {
    struct uuid share, recipient, sender;
    uint32_t sender_epoch, recipient_epoch;
    uint8_t tag[16];
    struct bytes blob;
};
/* Inserts or replaces, in a transaction. */
enum ww_err store_wrap_put(struct ww_op *op, struct store *s, const struct wrap_row *row) WW_MUST;
/* All wraps of a share, in a transaction. */
enum ww_err store_wrap_delete_all(struct ww_op *op, struct store *s, const struct uuid *share,
                                  const struct uuid *sender) WW_MUST;
/* Those for a recipient with share > after (NULL: from the start), at most limit; a row that cannot be one is
 * WW_ETAMPERED. */
enum ww_err store_wrap_list(struct ww_op *op, struct store *s, const struct uuid *recipient,
                            const struct uuid *after, size_t limit, struct wrap_row **out, size_t *n) WW_MUST;
/* The wrap of a share for a recipient. WW_ENOTFOUND id "item_not_found". */
enum ww_err store_wrap_load(struct ww_op *op, struct store *s, const struct uuid *share,
                            const struct uuid *recipient, struct wrap_row *out) WW_MUST;
/* Sender and epochs of a recipient's wraps, each combination once; the other members are unset. */
enum ww_err store_wrap_pairs(struct ww_op *op, struct store *s, const struct uuid *recipient,
                             struct wrap_row **out, size_t *n) WW_MUST;
/* The wrap of such a combination with a tag, both in *row; WW_ENOTFOUND without op_fail. */
enum ww_err store_wrap_find(struct ww_op *op, struct store *s, struct wrap_row *row) WW_MUST;

#endif
