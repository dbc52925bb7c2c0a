/* The server keys and what is stored under them (vault.md §13). */
#ifndef ACCOUNT_SERVER_KEY_H
#define ACCOUNT_SERVER_KEY_H

#include "account.h"

enum { ACCOUNT_KEYS_MOST = 2 * KEYRING_MAX, ACCOUNT_KEY_TABLES_MOST = 32 };

/* How many blobs name a server key: in all, and in the table store_sealed_table(i). */
struct account_key_use {
    uint32_t id;
    bool configured;
    uint64_t blobs, tables[ACCOUNT_KEY_TABLES_MOST];
};
struct account_key_uses {
    struct account_key_use at[ACCOUNT_KEYS_MOST]; /* first those of the keyring, in its order */
    size_t n;
    uint64_t shapeless; /* of no seal, or of more keys than are told apart */
};
/* Reads the first bytes of every blob, in pieces. */
enum ww_err account_key_uses(struct ww_op *op, struct service *s, struct account_key_uses *out) WW_MUST;

struct account_rotation {
    uint64_t moved;
    uint64_t left;   /* name another key than the first, at the end */
    uint64_t closed; /* of these, those that nothing opens */
};
/* Seals everything with the first key, in short transactions; may be killed and begun again. checker->step
 * hears how many of how many. What was left is counted, and no failure. */
enum ww_err account_rotate(struct ww_op *op, struct service *s, const struct account_checker *checker,
                           struct account_rotation *out) WW_MUST;
/* Agrees that a key may go, and tells it: WW_ECONFLICT "server_key_seals", or "server_key_used" while a blob
 * names it; WW_ENOTFOUND. leave_closed: what opens is moved first, and blobs that nothing opens do not
 * count. */
enum ww_err account_key_retire(struct ww_op *op, struct service *s, uint32_t id, bool leave_closed) WW_MUST;

struct account_reindexed {
    uint64_t accounts; /* whose tags are new, by this call */
    uint64_t closed;   /* whose record or sessions do not open: left as they are */
};
/* New keys for the indexes and the audit log. Goes on where one that was killed stood. Where this process has
 * the store for itself (STORE_ALONE), and has written no event. */
enum ww_err account_reindex(struct ww_op *op, struct service *s, const struct account_checker *checker,
                            struct account_reindexed *out) WW_MUST;

#endif
