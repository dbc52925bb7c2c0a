/* Sharing between accounts (vault.md §11), without their vaults: keys of a pair, what is sealed and signed
 * with them, whether somebody's keys are the ones that were pinned, and what a vault notes of it all. Pure
 * but for share_chain_load. */
#ifndef SHARE_H
#define SHARE_H

#include "store_public.h"
#include "store_share.h"

/* ---- keys of a pair: share_key.c ---- */

/* One side of a pair at one epoch. */
struct share_end {
    struct uuid uuid;
    uint32_t epoch;
    struct key box; /* public */
};
/* The key from sender to recipient. secret: the X25519 secret of whoever asks, who is the sender when
 * `sending`. WW_ETAMPERED for a public key that gives no key. */
enum ww_err share_pair_key(struct ww_op *op, const struct key *secret, const struct share_end *sender,
                           const struct share_end *recipient, bool sending, struct key *out) WW_MUST;

/* First 16 bytes of D(pair key, share-tag, –, name): how a recipient finds a name. */
void share_tag(const struct key *pair, struct bytes name, uint8_t tag[16]);

/* The content key for one recipient, and back; both of the share at a version. WW_ETAMPERED. */
enum ww_err share_wrap(struct ww_op *op, const struct key *pair, const struct share_end *recipient,
                       const struct uuid *id, uint64_t version, const struct key *content,
                       struct bytes *blob) WW_MUST;
enum ww_err share_unwrap(struct ww_op *op, const struct key *pair, const struct share_end *recipient,
                         const struct uuid *id, uint64_t version, struct bytes blob,
                         struct key *content) WW_MUST;

struct share_content {
    struct bytes name;
    uint64_t time; /* of the write, µs */
    struct bytes value;
};
/* Fills row->blob from row's id, sender and version. */
enum ww_err share_seal(struct ww_op *op, const struct key *content, const struct share_content *in,
                       struct share_row *row) WW_MUST;
enum ww_err share_open(struct ww_op *op, const struct key *content, const struct share_row *row,
                       struct share_content *out) WW_MUST;
/* The sender's signature over a row whose other members are set. seed: of the epoch that row->epoch names. */
enum ww_err share_sign(struct ww_op *op, const struct key *seed, struct share_row *row) WW_MUST;
/* WW_ETAMPERED. */
enum ww_err share_verify(struct ww_op *op, const struct key *sign_key, const struct share_row *row) WW_MUST;

enum { SHARE_FINGERPRINT = 72 };
/* 60 digits for the eye, in twelve groups of five. sign_key: the one that started the chain. */
void share_fingerprint(char out[SHARE_FINGERPRINT], const struct uuid *uuid, const struct key *sign_key);
/* Whether a typed fingerprint is this one; spaces and hyphens count for nothing. */
bool share_fingerprint_is(const char *fingerprint, const char *typed);

/* ---- letters, which the application keeps: share_letter.c ---- */

/* What stands before the seal of a letter, in clear. */
struct share_letter {
    bool own; /* for oneself: `from` alone is set, the key is an epoch's secret; else a pair's */
    struct uuid from, to;
    uint32_t from_epoch, to_epoch;
    struct bytes sealed;
};
/* The letter as bytes; in->sealed is not read. WW_ETOOLARGE above 16 MiB. */
enum ww_err share_letter_seal(struct ww_op *op, const struct key *key, const struct share_letter *in,
                              struct bytes data, struct bytes *letter) WW_MUST;
/* WW_EINVAL "letter_altered" for what is none. */
enum ww_err share_letter_read(struct ww_op *op, struct bytes letter, struct share_letter *out) WW_MUST;
/* WW_EINVAL "letter_altered". */
enum ww_err share_letter_open(struct ww_op *op, const struct key *key, const struct share_letter *in,
                              struct bytes *data) WW_MUST;
enum ww_err share_letter_refuse(struct ww_op *op); /* "letter_altered" */

/* ---- whose keys they are: share_chain.c ---- */

/* The keys of an account, epoch by epoch, each signed by the one before, or by itself where a chain starts.
 */
struct share_chain {
    struct uuid id;
    struct epoch_row *epochs; /* 1 to n */
    uint32_t n;
    bool *good; /* whether all signatures from the start of its chain up to this epoch hold */
};
/* Of a record that has a vault. WW_ETAMPERED when a row is missing or altered, or is not the record's. */
enum ww_err share_chain_load(struct ww_op *op, struct store *s, const struct record *r,
                             struct share_chain *out) WW_MUST;
/* Of an account that is deleted: its keys stay (vault.md §5). n 0 when there never was one. */
enum ww_err share_chain_load_gone(struct ww_op *op, struct store *s, const struct uuid *id,
                                  struct share_chain *out) WW_MUST;
/* The owner's signature over a row whose other members are set; and back, by an epoch of the chain whose own
 * signatures hold: WW_ETAMPERED. share_public.c */
enum ww_err share_public_sign(struct ww_op *op, const struct key *seed, struct public_row *row) WW_MUST;
enum ww_err share_public_verify(struct ww_op *op, const struct share_chain *c,
                                const struct public_row *row) WW_MUST;
/* The keys of an epoch; NULL when there is none of that number. */
const struct epoch_row *share_chain_epoch(const struct share_chain *c, uint32_t n);
/* The epoch that started the chain of epoch n (1 to c->n); NULL when none did. */
const struct epoch_row *share_chain_start(const struct share_chain *c, uint32_t n);

/* What a chain starts with, and how a contact pins it: the keys of later epochs are signed from here on. */
struct share_start {
    uint32_t n;
    struct key box, sign;
};
enum { SHARE_STARTS_MOST = 64 };
struct share_contact {
    struct uuid id;
    uint64_t pinned; /* when the newest start was accepted, µs */
    struct share_start starts[SHARE_STARTS_MOST];
    size_t start_count;     /* 0: nothing is pinned yet */
    const char *identifier; /* as the owner called them, after ident(); or NULL */
};
enum share_state {
    SHARE_CURRENT, /* the keys are those that were pinned, or follow from them */
    SHARE_CHANGED, /* they are not */
    SHARE_RESET,   /* they began a chain of their own: a new vault */
};
/* Of the current keys. A contact without a start is SHARE_CHANGED. */
enum share_state share_contact_state(const struct share_contact *x, const struct share_chain *c);
/* Whether the keys of an epoch follow from a start that the contact has. */
bool share_contact_trusts(const struct share_contact *x, const struct share_chain *c, uint32_t epoch);
/* Pins the start of the current chain; one too many drops the oldest. False when its signatures do not hold.
 */
bool share_contact_pin(struct share_contact *x, const struct share_chain *c, uint64_t now);

/* ---- what a vault notes in its space 1: share_note.c ---- */

enum { SHARE_NOTE_NAME = 64 };
/* "contact/<uuid>", "share/<share id>": the names of the notes. */
void share_contact_name(char out[SHARE_NOTE_NAME], const struct uuid *id);
void share_list_name(char out[SHARE_NOTE_NAME], const struct uuid *share);
#define SHARE_CONTACTS "contact/"
#define SHARE_WAITING  "waiting" /* the shares that somebody on their lists cannot read yet */
/* The id in a name; false when it is none. */
bool share_note_id(struct bytes name, const char *prefix, struct uuid *out);

enum ww_err share_contact_write(struct ww_op *op, const struct share_contact *x, struct bytes *out) WW_MUST;
enum ww_err share_contact_read(struct ww_op *op, struct bytes note, struct share_contact *x) WW_MUST;

/* Who gets a share. */
struct share_recipient {
    struct uuid id;
    bool sealed; /* a wrap was made; else they have no keys, or others than were pinned */
};
struct share_list {
    uint64_t time; /* of the share's last write, µs */
    struct share_recipient *to;
    size_t n;
};
enum ww_err share_list_write(struct ww_op *op, const struct share_list *l, struct bytes *out) WW_MUST;
enum ww_err share_list_read(struct ww_op *op, struct bytes note, struct share_list *l) WW_MUST;
struct share_recipient *share_list_find(const struct share_list *l, const struct uuid *id);

struct share_waiting {
    struct uuid *shares;
    size_t n;
};
enum ww_err share_waiting_write(struct ww_op *op, const struct share_waiting *w, struct bytes *out) WW_MUST;
enum ww_err share_waiting_read(struct ww_op *op, struct bytes note, struct share_waiting *w) WW_MUST;

#endif
