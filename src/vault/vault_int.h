/* Shared by the files of vault/ only. */
#ifndef VAULT_INT_H
#define VAULT_INT_H

#include "vault.h"

struct entry {
    uint8_t space;
    struct bytes name;
    struct uuid id;
    struct key key;
    uint64_t version;
};

/* A leaf, or at depth 0 the entries that stand in the head itself. */
struct leaf {
    bool loaded, changed;
    struct key key;        /* opens the stored leaf; depth 0: unused */
    struct entry *entries; /* sorted by space and name */
    size_t n, capacity;
};

struct vault {
    struct uuid account_uuid, vid;
    int64_t account;
    uint32_t generation, epoch;
    uint64_t seq, record_seq;
    struct key pick;
    struct key epoch_secret;
    unsigned depth;
    struct leaf *leaves; /* 2^depth, one at depth 0 */
    struct bytes ring;   /* sealed, of a new vault */
    struct bytes head;   /* sealed, as stored, for compare-and-swap */
    uint64_t begun;
};

static inline size_t leaf_count(const struct vault *v)
{
    return (size_t)1 << v->depth;
}

/* Length of the entries when written. */
size_t vault_entries_length(const struct leaf *l);
void vault_entries_write(struct buf *b, const struct leaf *l);
enum ww_err vault_entries_read(struct ww_op *op, struct reader *in, struct leaf *l) WW_MUST;
/* Where an entry is, or where it would go. */
size_t vault_entry_position(const struct leaf *l, uint8_t space, struct bytes name, bool *found);

/* Number of the leaf that holds a name. */
size_t vault_leaf_number(const struct vault *v, uint8_t space, struct bytes name);
enum ww_err vault_leaf_open(struct ww_op *op, struct store *s, struct vault *v, size_t number) WW_MUST;
enum ww_err vault_leaf_open_all(struct ww_op *op, struct store *s, struct vault *v) WW_MUST;
/* Deepens until every leaf is within VAULT_LEAF_MAX; WW_EFULL. */
enum ww_err vault_leaves_fit(struct ww_op *op, struct store *s, struct vault *v) WW_MUST;
/* Seals changed leaves under new keys and writes them. */
enum ww_err vault_leaves_write(struct ww_op *op, struct store *s, struct vault *v) WW_MUST;

enum ww_err vault_head_seal(struct ww_op *op, const struct vault *v, struct bytes *blob) WW_MUST;
enum ww_err vault_tampered(struct ww_op *op, const char *what);

#endif
