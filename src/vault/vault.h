/* The vault (vault.md §8): ring, head, leaves and items, opened with R. */
#ifndef VAULT_H
#define VAULT_H

#include "store.h"

struct vault_entry;
struct vault; /* opened; lives in the operation's arena, keys included */

enum vault_space { SPACE_ITEMS = 0, SPACE_INTERNAL = 1, SPACE_SHARES = 2, SPACE_TRAITS = 3 };
enum { VAULT_NAME_MAX = 1024, VAULT_LEAF_MAX = 16 << 10, VAULT_DEPTH_MAX = 10 };

/* A new vault for an account that is being made or has none: fills r's vault fields (generation, vid, root
 * check, epoch, public keys, floor) and *root with a new R. Call before
 * store_record_insert/store_record_update, then vault_insert. */
enum ww_err vault_new(struct ww_op *op, struct record *r, struct key *root, struct vault **out) WW_MUST;
/* Writes the rows (vault, epoch) of a new vault, in a transaction, after the record has its id and seq. */
enum ww_err vault_insert(struct ww_op *op, struct store *s, const struct record *r, struct vault *v) WW_MUST;

/* Opens ring and head. WW_ETAMPERED; WW_EROLLEDBACK when the floors do not hold (the caller reads once more
 * first). */
enum ww_err vault_open(struct ww_op *op, struct store *s, const struct record *r, const struct key *root,
                       const struct vault_row *row, struct vault **out) WW_MUST;
/* The record was (or is about to be) written with seq `record_seq`: seals the head again, in a transaction.
 */
enum ww_err vault_reseal(struct ww_op *op, struct store *s, struct vault *v, uint64_t record_seq) WW_MUST;

uint64_t vault_seq(const struct vault *v);

/* ---- epochs and re-key (vault.md §8): in a transaction, of a vault that is open and locked. The caller then
 * writes the record, which seals the head under the new epoch (vault_reseal). ---- */
/* X25519 secret and Ed25519 seed of an epoch; WW_ENOTFOUND, without op_fail, when the ring does not hold it.
 */
enum ww_err vault_epoch_secrets(const struct vault *v, uint32_t n, struct key *box, struct key *sign) WW_MUST;
/* The secret itself, which seals letters to oneself; WW_ENOTFOUND as above. */
enum ww_err vault_epoch_secret(const struct vault *v, uint32_t n, struct key *out) WW_MUST;
/* When the current epoch began, µs. */
uint64_t vault_epoch_begun(const struct vault *v);
/* A new epoch: what is written from now on has keys that the ones before do not open. Changes r's epoch and
 * public keys. WW_EBUSY when somebody changed the ring meanwhile. */
enum ww_err vault_new_epoch(struct ww_op *op, struct store *s, struct record *r, const struct key *root,
                            struct vault *v) WW_MUST;
/* A new R and a new epoch: *root is made, the generation of r and its root check change. Every slot of the
 * old R is the caller's to drop and to make again. */
enum ww_err vault_rekey(struct ww_op *op, struct store *s, struct record *r, struct vault *v,
                        struct key *root) WW_MUST;

/* ---- vaults that wait (vault.md §10): vault_merge.c ---- */
/* What the record notes of a vault that is given up, which r is about to forget: all but the times. */
void vault_give_up(const struct record *r, const struct vault_row *row, struct record_waiting *out);
/* Whether the row is what it was when it was given up: what can be seen of one without its key. */
bool vault_waits_as_it_was(const struct record *r, const struct record_waiting *w,
                           const struct vault_row *row);
/* Opens one that waits. WW_ETAMPERED, also when its row is not what it was when it was given up. */
enum ww_err vault_open_waiting(struct ww_op *op, struct store *s, const struct record *r,
                               const struct record_waiting *w, const struct key *root,
                               const struct vault_row *row, struct vault **out) WW_MUST;
struct vault_renamed {
    uint8_t space;
    struct bytes from, to;
};
struct vault_merge {
    const struct key *root; /* of the vault that stays */
    const char *before;     /* what the older of two of a name gets: " (before 2026-11-28)" */
    /* When a share was written, µs; 0 when that cannot be read. */
    enum ww_err (*share_time)(struct ww_op *op, void *context, const struct vault_entry *e, uint64_t *time);
    void *context;
    /* out */
    size_t items; /* that came over */
    struct vault_renamed *renamed;
    size_t renamed_count;
};
/* Epochs and entries of `old` join v, in a transaction, with both rows locked: nothing is encrypted again. Of
 * a name in both, the newer keeps it; of internal notes and sealed traits v's stays and the other is deleted.
 * The caller deletes old's row and writes r, which seals the head. WW_EFULL id "vault_full". */
enum ww_err vault_merge(struct ww_op *op, struct store *s, struct vault *v, struct vault *old,
                        struct vault_merge *m) WW_MUST;
/* Deletes the account's items and shares that v does not name, in a transaction: what a vault that was given
 * up for good has left. None may wait. */
enum ww_err vault_tidy(struct ww_op *op, struct store *s, struct vault *v) WW_MUST;

/* Entries in a space; reads all leaves. */
enum ww_err vault_count(struct ww_op *op, struct store *s, struct vault *v, enum vault_space space,
                        size_t *n) WW_MUST;

struct vault_entry {
    struct bytes name;
    struct uuid id; /* stays the same while the name is there */
    uint64_t version;
    struct key key; /* SPACE_SHARES: what opens the share at this version; else zeros */
};
/* Sorted names of large vaults, kept for the pages to come, sealed; one per process, for all threads
 * (vault_listing.c). */
struct vault_listings;
enum ww_err vault_listings_new(struct vault_listings **out) WW_MUST;
void vault_listings_free(struct vault_listings *all);
/* Forgets those that nobody asked for lately. */
void vault_listings_sweep(struct vault_listings *all, uint64_t now);
/* Lists and looks for ids by what is kept there, and keeps there. NULL: not. */
void vault_use_listings(struct vault *v, struct vault_listings *all);

/* Names in byte order that begin with prefix and come after `after` (p NULL: from the start), at most limit.
 * No value is opened. */
enum ww_err vault_list(struct ww_op *op, struct store *s, struct vault *v, enum vault_space space,
                       struct bytes prefix, struct bytes after, size_t limit, struct vault_entry **out,
                       size_t *n) WW_MUST;

/* The entry with an id, opening leaves until it is found. WW_ENOTFOUND id "item_not_found". */
enum ww_err vault_find(struct ww_op *op, struct store *s, struct vault *v, enum vault_space space,
                       const struct uuid *id, struct vault_entry *out) WW_MUST;

/* The entry of a name; the value is neither read nor opened. WW_ENOTFOUND id "item_not_found". */
enum ww_err vault_look(struct ww_op *op, struct store *s, struct vault *v, enum vault_space space,
                       struct bytes name, struct vault_entry *out) WW_MUST;

struct vault_value {
    struct bytes value;
    struct uuid id;
    uint64_t version, time; /* of the write, µs */
};
/* WW_ENOTFOUND id "item_not_found". */
enum ww_err vault_get(struct ww_op *op, struct store *s, struct vault *v, enum vault_space space,
                      struct bytes name, struct vault_value *out) WW_MUST;

enum vault_change_kind { VAULT_PUT, VAULT_DELETE, VAULT_GET };
struct vault_change {
    enum vault_change_kind kind;
    struct bytes name;  /* 1 to VAULT_NAME_MAX bytes, UTF-8 without NUL */
    struct bytes value; /* VAULT_PUT: in; VAULT_GET: out */
    /* Condition: WW_EVERSION id "version_mismatch" when it does not hold. */
    uint64_t if_version; /* 0: any */
    bool if_absent;
    /* out */
    bool created;
    struct uuid id;
    uint64_t version, time;
    struct key key; /* SPACE_SHARES, VAULT_PUT: new with this write */
};
/* In SPACE_SHARES there are entries alone: the caller keeps what is sealed under their keys, and VAULT_GET is
 * of no use there. All or nothing, in a transaction with the vault row locked by the caller. VAULT_DELETE and
 * VAULT_GET of what is not there: WW_ENOTFOUND id "item_not_found". WW_EFULL id "vault_full". */
enum ww_err vault_apply(struct ww_op *op, struct store *s, struct vault *v, enum vault_space space,
                        struct vault_change *changes, size_t n) WW_MUST;

/* D(R, root-check, uuid, u32 generation) */
void vault_root_check(const struct key *root, const struct uuid *account, uint32_t generation,
                      struct key *out);

#endif
