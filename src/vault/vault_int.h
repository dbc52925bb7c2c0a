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

/* One generation of data key and key pairs (vault.md §8). */
struct epoch {
    uint32_t n;
    uint64_t begun; /* µs */
    struct key secret;
};

struct vault {
    struct uuid account_uuid, vid;
    int64_t account;
    uint32_t generation, epoch; /* epoch: the current one's number, as the record says */
    uint64_t seq, record_seq;
    struct key pick;
    struct epoch *epochs; /* the ring, in its order */
    size_t epoch_count;
    struct epoch *now; /* the current one, in epochs */
    unsigned depth;
    struct leaf *leaves;             /* 2^depth, one at depth 0 */
    struct bytes ring;               /* sealed, as stored, for compare-and-swap */
    struct bytes head;               /* the same */
    struct vault_listings *listings; /* or NULL */
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

/* ---- vault_ring.c ---- */
/* Adds an epoch with a new secret to the ring and makes it the current one: r's epoch number and public keys
 * too. */
enum ww_err vault_ring_add(struct ww_op *op, struct record *r, struct vault *v) WW_MUST;
enum ww_err vault_ring_seal(struct ww_op *op, const struct key *root, const struct vault *v,
                            struct bytes *blob) WW_MUST;
/* Fills pick and epochs; WW_ETAMPERED, also when the record's epoch is not in it. */
enum ww_err vault_ring_open(struct ww_op *op, const struct key *root, struct bytes blob,
                            struct vault *v) WW_MUST;
/* Writes the row of the current epoch: public keys, signed by the epoch before unless a chain starts here. */
enum ww_err vault_ring_publish(struct ww_op *op, struct store *s, const struct record *r,
                               const struct vault *v, bool start) WW_MUST;
/* Seals the ring for `root` where the stored one is still the one that was read. */
enum ww_err vault_ring_write(struct ww_op *op, struct store *s, const struct key *root,
                             struct vault *v) WW_MUST;
/* The epochs of another vault of the account join the ring in memory. */
enum ww_err vault_ring_join(struct ww_op *op, struct vault *v, const struct vault *old) WW_MUST;

/* ---- vault_item.c ---- */
/* A place for one entry more at `at`. */
enum ww_err vault_make_room(struct ww_op *op, struct leaf *l, size_t at) WW_MUST;
enum ww_err vault_open_item(struct ww_op *op, struct store *s, const struct vault *v, const struct entry *e,
                            struct vault_value *out) WW_MUST;

/* ---- vault_listing.c: of items, for a vault with listings that is as it was read ---- */
/* Keeps all names; the leaves are open. */
void vault_listing_keep(struct ww_op *op, const struct vault *v);
/* As vault_list; WW_ENOTFOUND, without op_fail, when nothing is kept. */
enum ww_err vault_listing_page(struct ww_op *op, const struct vault *v, struct bytes prefix,
                               struct bytes after, size_t limit, struct vault_entry **out, size_t *n) WW_MUST;
/* The same for an id. */
enum ww_err vault_listing_find(struct ww_op *op, const struct vault *v, const struct uuid *id,
                               struct vault_entry *out) WW_MUST;

/* S over P, and back. */
enum ww_err vault_seal_padded(struct ww_op *op, const struct key *key, struct place where,
                              const struct buf *b, struct bytes *blob) WW_MUST;
enum ww_err vault_open_padded(struct ww_op *op, const struct key *key, struct place where, struct bytes blob,
                              struct bytes *pt) WW_MUST;

enum ww_err vault_head_seal(struct ww_op *op, const struct vault *v, struct bytes *blob) WW_MUST;
enum ww_err vault_tampered(struct ww_op *op, const char *what);

#endif
