/* The store: typed rows of vault.md §5 over the database, those under the server key sealed and opened here.
 *
 * Row by row: store_meta.c, store_record.c (accounts), store_identifier.c (identifiers, search),
 * store_credential.c, store_vault.c (vaults, leaves, items, epochs: blobs under the user's keys, passed
 * through), store_share.c, store_session.c, store_flow.c, store_counter.c (throttling), store_audit.c
 * (chains), store_check.c (what a check counts), store_sealed.c (all blobs under the server key, whatever
 * their table). Every row read is checked against the place it was read from: WW_ETAMPERED. All SQL is here.
 *
 * Connections: a transaction has one from its beginning to its end; outside of one, each function takes one
 * and gives it back. A function that says "in a transaction" must be called between store_tx_begin(…,
 * DB_WRITE) and store_tx_commit. */
#ifndef STORE_H
#define STORE_H

#include "db.h"
#include "js.h"
#include "keyring.h"
#include "store_identity.h"
#include "uuid.h"

struct store;
struct witness;
struct record;
struct vault_row;

/* Takes ownership of db and keyring (also on failure). Applies migrations when `migrate`, else refuses a
 * store that needs some (WW_EFOREIGN, id "migrations_pending"). Opens meta with the server key, or makes IK
 * and AK in an empty store. A wrong server key: WW_EKEYMISSING; nothing is written then. */
enum ww_err store_open(struct ww_op *op, struct db *db, struct keyring *keyring, bool migrate,
                       struct store **out) WW_MUST;
void store_close(struct store *s);
/* How many migrations store_open applied. */
int store_migrated(const struct store *s);
const struct keyring *store_keyring(const struct store *s);
/* Cheap proof that the database answers. */
enum ww_err store_ping(struct ww_op *op, struct store *s) WW_MUST;

/* ---- the witness (vault.md §12); store_witness.c ---- */
enum store_guard {
    STORE_REFUSE, /* a store that was put back to an earlier moment is not opened */
    STORE_LOOK,   /* it is, and its accounts are refused one by one: for a check */
    STORE_ACCEPT, /* numbers are not compared, and nobody else has the witness open */
    STORE_ALONE,  /* as STORE_REFUSE, and nobody else has the witness open */
};
/* Compares with the witness at `path`, made if it is not there, from now on: each record and vault that is
 * opened, each write. WW_EROLLEDBACK: id "database_rolled_back", or "restore_unfinished". Errors of
 * witness_open. *note (else NULL): a warning. Once, before others use the store. */
enum ww_err store_guard(struct ww_op *op, struct store *s, const char *path, enum store_guard how,
                        const char **note) WW_MUST;
/* NULL: there is none. */
struct witness *store_witness(const struct store *s);
/* What was not refused; NULL: the store is as it was left. */
const char *store_put_back(const struct store *s);
bool store_is_accepting(const struct store *s);
uint32_t store_line(const struct store *s);
/* In a transaction. */
enum ww_err store_line_write(struct ww_op *op, struct store *s, uint32_t line) WW_MUST;
/* No id up to this one is given out again. In a transaction. */
enum ww_err store_ids_raise(struct ww_op *op, struct store *s, int64_t last) WW_MUST;
/* The vault's number: its seq, which begins anew with a new vault, and its generation above. */
uint64_t store_vault_number(uint32_t generation, uint64_t seq);
/* The number of a vault that was opened. When the witness has a higher one that is *wanted, else 0. */
enum ww_err store_vault_seen(struct ww_op *op, struct store *s, int64_t account, uint64_t number,
                             uint64_t *wanted) WW_MUST;
/* Was written, in a transaction. */
enum ww_err store_vault_written(struct ww_op *op, struct store *s, int64_t account, uint64_t number) WW_MUST;
/* Record and current vault once more, by one statement over a connection of its own: for a second look, and
 * not compared. WW_ENOTFOUND without op_fail. */
enum ww_err store_vault_again(struct ww_op *op, struct store *s, int64_t account, struct record **record,
                              struct vault_row *vault) WW_MUST;
/* Keeps that an account was put back, and returns WW_EROLLEDBACK. */
enum ww_err store_alarm(struct ww_op *op, struct store *s, const struct record *r, bool vault,
                        uint64_t number);
/* Whether store_alarm was called with the same before. */
bool store_alarm_is_known(struct store *s, const struct record *r, bool vault, uint64_t number);
/* The next one that was not told of: id and uuid. False: no more. */
bool store_alarm_next(struct store *s, int64_t *account, struct uuid *uuid);

/* What a browser keeps of an account: text for a cookie. */
enum { STORE_DEVICE_BYTES = 105 }; /* before base64 */
struct store_device {
    struct uuid account;
    uint32_t line;
    uint64_t record_seq, vault_number, issued;
};
enum ww_err store_device_seal(struct ww_op *op, struct store *s, const struct store_device *d,
                              const char **text) WW_MUST;
/* False for whatever is not of out->account. */
bool store_device_open(struct ww_op *op, struct store *s, const char *text, struct store_device *out);

/* ---- transactions ---- */
enum ww_err store_tx_begin(struct ww_op *op, struct store *s, enum db_mode mode) WW_MUST;
/* After a commit whose answer was lost, what it wrote last (an audit event, a vault's head) is read again:
 * WW_OK when it is there; else WW_EIO id "db_commit_unknown". What store_tx_at_end was given hears "not
 * committed" either way. */
enum ww_err store_tx_commit(struct ww_op *op) WW_MUST;
/* Ends the transaction without effect; keeps op->problem. Returns err, so that `return store_tx_abort(op,
 * err)` reads well. Harmless without one. */
enum ww_err store_tx_abort(struct ww_op *op, enum ww_err err);
bool store_in_tx(const struct ww_op *op);
/* A thing to do when the open transaction has ended, in the order in which they were added; `ended` hears
 * whether it was committed. */
enum ww_err store_tx_at_end(struct ww_op *op, void (*ended)(void *context, bool committed),
                            void *context) WW_MUST;

/* ---- accounts: the record, vault.md §6 ---- */
enum { STATE_ACTIVE = 1, STATE_INACTIVE = 2 };
enum { FLAG_SECOND_FACTOR = 1, FLAG_RESTORED = 2, FLAG_MANAGED = 4, FLAG_LEFTOVERS = 8 };
enum credential_kind {
    CRED_PASSWORD = 1,
    CRED_RECOVERY,
    CRED_PASSKEY,
    CRED_TOTP,
    CRED_BACKUP,
    CRED_ESCROW,
    CRED_DEVICE,
    CRED_PROVIDER
};
enum { ROLE_LOGIN = 1, ROLE_SECOND = 2, ROLE_OPENS = 4 };

struct record_credential {
    struct uuid id;
    uint8_t kind, role;
    uint32_t root_generation; /* of the root key it opens; 0 none */
    uint64_t added;
};

/* A vault that its owner gave up and may still open (vault.md §10): what the record said of it then. */
enum { WAITING_MOST = 8 };
struct record_waiting {
    struct uuid vid;
    uint32_t generation;
    struct key root_check;
    uint32_t epoch;
    uint64_t floor;
    struct key stored;          /* of its ring and head, which nobody writes while it waits */
    uint64_t since, kept_until; /* µs */
};

struct record {
    int64_t id; /* accounts.id; 0 until inserted */
    struct uuid uuid;
    uint64_t seq, vault_floor;
    uint32_t session_generation;
    uint8_t state, flags;
    uint32_t root_generation; /* 0 = no vault */
    struct uuid vid;
    struct key root_check;
    uint32_t epoch;
    struct key box_key, sign_key;
    struct record_credential *credentials;
    size_t credential_count;
    struct record_waiting *waiting;
    size_t waiting_count;
    struct identity identity; /* what its JSON says; one that cannot be read is WW_ETAMPERED */
};

/* Inserts (sets id, seq = 1), in a transaction. */
enum ww_err store_record_insert(struct ww_op *op, struct store *s, struct record *r) WW_MUST;
/* Writes the record with seq + 1 where the stored seq is r->seq, in a transaction. WW_EBUSY when somebody was
 * quicker. */
enum ww_err store_record_update(struct ww_op *op, struct store *s, struct record *r) WW_MUST;
/* The same, and the seq becomes one more than `above`, which is not below r->seq: for a restore. */
enum ww_err store_record_raise(struct ww_op *op, struct store *s, struct record *r, uint64_t above) WW_MUST;
/* WW_ENOTFOUND without op_fail when there is none. lock: for update, in a transaction. */
enum ww_err store_record_load(struct ww_op *op, struct store *s, int64_t id, bool lock,
                              struct record **out) WW_MUST;
enum ww_err store_record_load_uuid(struct ww_op *op, struct store *s, const struct uuid *uuid, bool lock,
                                   struct record **out) WW_MUST;
/* Records with id > after in order of id, at most limit. */
enum ww_err store_record_list(struct ww_op *op, struct store *s, int64_t after, size_t limit,
                              struct record ***out, size_t *n) WW_MUST;
enum ww_err store_record_count(struct ww_op *op, struct store *s, uint64_t *n) WW_MUST;
/* All rows of the account but epochs; its audit rows are the audit module's. In a transaction. */
enum ww_err store_record_delete(struct ww_op *op, struct store *s, struct record *r) WW_MUST;
/* Whether there is a row of this account; it is not opened. */
enum ww_err store_record_exists(struct ww_op *op, struct store *s, const struct uuid *uuid,
                                bool *exists) WW_MUST;
struct record_credential *store_record_credential(const struct record *r, const struct uuid *id);
/* NULL: none of the record's waiting vaults has this id. */
struct record_waiting *store_record_waiting(const struct record *r, const struct uuid *vid);
/* Opens what was read from accounts; for joins elsewhere. */
enum ww_err store_record_open(struct ww_op *op, struct store *s, int64_t id, struct bytes uuid, int64_t seq,
                              struct bytes blob, struct record **out) WW_MUST;

/* ---- identifiers and search ---- */
/* value already after utf8_ident. */
void store_identifier_tag(const struct store *s, enum identifier_kind kind, struct bytes value,
                          struct key *tag);
void store_search_tag(const struct store *s, const char *field, struct bytes value, struct key *tag);
/* WW_ECONFLICT id "identifier_taken". In a transaction. */
enum ww_err store_identifier_insert(struct ww_op *op, struct store *s, const struct key *tag,
                                    int64_t account) WW_MUST;
enum ww_err store_identifier_delete(struct ww_op *op, struct store *s, const struct key *tag,
                                    int64_t account) WW_MUST;
/* The account id a row points to; WW_ENOTFOUND without op_fail. Good only if the record holds the value (§6).
 */
enum ww_err store_identifier_find(struct ww_op *op, struct store *s, const struct key *tag,
                                  int64_t *account) WW_MUST;
enum ww_err store_search_insert(struct ww_op *op, struct store *s, const struct key *tag,
                                int64_t account) WW_MUST;
enum ww_err store_search_delete_all(struct ww_op *op, struct store *s, int64_t account) WW_MUST;

/* ---- credentials ---- */
struct credential_row {
    struct uuid id;
    enum credential_kind kind;
    int64_t hot;
    struct bytes public_part, slot; /* slot empty when it has none */
};
enum ww_err store_credential_insert(struct ww_op *op, struct store *s, const struct record *r,
                                    const struct credential_row *c) WW_MUST;
enum ww_err store_credential_delete(struct ww_op *op, struct store *s, const struct record *r,
                                    const struct uuid *id) WW_MUST;
/* The one that the record lists; missing or altered is WW_ETAMPERED. */
enum ww_err store_credential_load(struct ww_op *op, struct store *s, const struct record *r,
                                  const struct uuid *id, struct credential_row *out) WW_MUST;

/* All rows of one kind that the record lists for one root generation, at most `most`; one listed that is
 * missing or altered is WW_ETAMPERED. r NULL: the same statement for nobody. In a transaction, with the
 * record of the same moment. */
enum ww_err store_credential_load_kind(struct ww_op *op, struct store *s, const struct record *r,
                                       enum credential_kind kind, uint32_t generation,
                                       struct credential_row *out, size_t most, size_t *n) WW_MUST;

/* ---- vault rows ---- */
struct vault_row {
    struct bytes ring, head;
};
enum ww_err store_vault_row_insert(struct ww_op *op, struct store *s, const struct record *r,
                                   const struct vault_row *v) WW_MUST;
/* Missing is WW_ETAMPERED. lock: for writing, in a transaction that has locked the record before; locks this
 * row only. */
enum ww_err store_vault_row_load(struct ww_op *op, struct store *s, const struct uuid *vid, int64_t account,
                                 bool lock, struct vault_row *out) WW_MUST;
/* Where the stored head is `old`; WW_EBUSY else. */
enum ww_err store_vault_row_set_head(struct ww_op *op, struct store *s, const struct uuid *vid,
                                     struct bytes old, struct bytes head) WW_MUST;
/* The same for the ring. */
enum ww_err store_vault_row_set_ring(struct ww_op *op, struct store *s, const struct uuid *vid,
                                     struct bytes old, struct bytes ring) WW_MUST;
/* The vault waits until then (µs; 0: it does not wait): an index for store_vault_due, never believed. Its row
 * gone already is fine. In a transaction. */
enum ww_err store_vault_row_keep(struct ww_op *op, struct store *s, const struct uuid *vid, int64_t account,
                                 uint64_t until) WW_MUST;
/* The row and its leaves, in a transaction; items stay. */
enum ww_err store_vault_row_delete(struct ww_op *op, struct store *s, const struct uuid *vid,
                                   int64_t account) WW_MUST;
struct vault_due {
    struct uuid vid;
    int64_t account;
};
/* Ids of what an account has stored, in order, after that one (NULL: from the start), at most limit. */
enum ww_err store_item_ids(struct ww_op *op, struct store *s, int64_t account, const struct uuid *after,
                           struct uuid *out, size_t limit, size_t *n) WW_MUST;
enum ww_err store_share_ids(struct ww_op *op, struct store *s, const struct uuid *sender,
                            const struct uuid *after, struct uuid *out, size_t limit, size_t *n) WW_MUST;
/* Vaults that wait no longer than until `now` as their rows say, in order of ids, after that one (NULL: from
 * the start), at most limit. */
enum ww_err store_vault_due(struct ww_op *op, struct store *s, uint64_t now, const struct uuid *after,
                            struct vault_due *out, size_t limit, size_t *n) WW_MUST;
enum ww_err store_leaf_load(struct ww_op *op, struct store *s, const struct uuid *vid, uint32_t number,
                            struct bytes *blob) WW_MUST;
/* Inserts or replaces. */
enum ww_err store_leaf_put(struct ww_op *op, struct store *s, const struct uuid *vid, uint32_t number,
                           struct bytes blob) WW_MUST;
/* Missing is WW_ETAMPERED: only named items are asked for. */
enum ww_err store_item_load(struct ww_op *op, struct store *s, const struct uuid *id, int64_t account,
                            struct bytes *blob) WW_MUST;
enum ww_err store_item_insert(struct ww_op *op, struct store *s, const struct uuid *id, int64_t account,
                              struct bytes blob) WW_MUST;
enum ww_err store_item_update(struct ww_op *op, struct store *s, const struct uuid *id, int64_t account,
                              struct bytes blob) WW_MUST;
enum ww_err store_item_delete(struct ww_op *op, struct store *s, const struct uuid *id,
                              int64_t account) WW_MUST;

/* ---- sessions ---- */
struct session_row {
    struct key lookup;
    struct uuid id; /* the public one; set by who writes */
    int64_t account;
    uint64_t expires;
    struct bytes content; /* opened */
    struct bytes blob;    /* as stored, for compare-and-swap */
    struct bytes tag;     /* from a page: as stored */
};
/* Sets row->blob, so that the same operation can change the row again. */
enum ww_err store_session_row_insert(struct ww_op *op, struct store *s, const struct uuid *account,
                                     struct session_row *row) WW_MUST;
/* One statement: session ⋈ account (⋈ the vault that the record names, when vault is not NULL; zeros when it
 * is not there). WW_ENOTFOUND without op_fail; a session altered, moved or forged is WW_EDENIED, a record
 * WW_ETAMPERED. */
enum ww_err store_session_row_load(struct ww_op *op, struct store *s, const struct key *lookup,
                                   struct session_row *row, struct record **record,
                                   struct vault_row *vault) WW_MUST;
/* Replaces the content where the blob is still row->blob; WW_EBUSY else. row is brought up to date. */
enum ww_err store_session_row_update(struct ww_op *op, struct store *s, const struct uuid *account,
                                     struct session_row *row, struct bytes content, uint64_t expires) WW_MUST;
enum ww_err store_session_row_delete(struct ww_op *op, struct store *s, const struct key *lookup) WW_MUST;
/* The row of a public id, which its content must hold; WW_ENOTFOUND without op_fail. Errors as load's. */
enum ww_err store_session_row_find(struct ww_op *op, struct store *s, const struct uuid *id,
                                   struct session_row *row, struct record **record) WW_MUST;
/* Of an account in order of (expires, lookup), after that row (NULL: from the start), at most limit. Of one
 * that does not open content.p is NULL. */
enum ww_err store_session_row_page(struct ww_op *op, struct store *s, const struct record *r,
                                   const struct session_row *after, size_t limit, struct session_row **out,
                                   size_t *n) WW_MUST;
/* Whether a row of a page bears the tag by which the public id is found. */
bool store_session_row_is_tagged(const struct store *s, const struct session_row *row, const struct uuid *id);
/* Sessions of all accounts with lookup > after (NULL: from the start), in order of lookup, at most limit,
 * each with its record; one that does not open has no content. */
enum ww_err store_session_row_page_all(struct ww_op *op, struct store *s, const struct key *after,
                                       size_t limit, struct session_row **out, struct record ***records,
                                       size_t *n) WW_MUST;
enum ww_err store_session_row_delete_all(struct ww_op *op, struct store *s, int64_t account) WW_MUST;
enum ww_err store_session_row_count(struct ww_op *op, struct store *s, int64_t account, size_t *n) WW_MUST;
/* Removes at most `limit` that are over. */
enum ww_err store_session_row_sweep(struct ww_op *op, struct store *s, uint64_t now, size_t limit,
                                    int64_t *removed) WW_MUST;

/* ---- flows ---- */
enum flow_kind {
    FLOW_LOGIN = 1,
    FLOW_REGISTRATION,
    FLOW_SETTINGS,
    FLOW_ERROR,
    FLOW_CONTINUITY,
    FLOW_RECOVERY,
    FLOW_VERIFICATION
};
struct flow_row {
    struct uuid id;
    enum flow_kind kind;
    uint64_t expires;
    int64_t rev;
    struct js *json; /* the member "expires" is the store's */
};
enum ww_err store_flow_row_insert(struct ww_op *op, struct store *s, const struct flow_row *f) WW_MUST;
/* WW_ENOTFOUND without op_fail, also for one of another kind, and for one altered, moved or forged (§15:
 * 404). */
enum ww_err store_flow_row_load(struct ww_op *op, struct store *s, enum flow_kind kind, const struct uuid *id,
                                struct flow_row *out) WW_MUST;
/* Where rev is f->rev, which becomes rev + 1; WW_EBUSY else. */
enum ww_err store_flow_row_update(struct ww_op *op, struct store *s, struct flow_row *f) WW_MUST;
/* Removes at most `limit` of those that ended 24 hours before now. */
enum ww_err store_flow_row_sweep(struct ww_op *op, struct store *s, uint64_t now, size_t limit,
                                 int64_t *removed) WW_MUST;

/* ---- counters of throttling ---- */
/* How a counter counts, see throttle_rule.h. */
struct counter_rule {
    int64_t cost;      /* µs: window / free */
    int64_t quiet;     /* µs: a level up to this makes nobody wait: (free - 1) · cost */
    int64_t level_max; /* µs: where the longest wait is reached; no level goes beyond */
    int64_t first, longest;
};
/* Levels and times in µs; zero is a counter that was never used. The columns `count` and `until`. */
struct counter {
    int64_t level; /* at the time `until`, or now if that is later */
    int64_t until; /* the next try is admitted from here on */
};
/* WW_ENOTFOUND (without op_fail) when there is none. */
enum ww_err store_counter_load(struct ww_op *op, struct store *s, const struct key *id,
                               struct counter *out) WW_MUST;
/* Adds one, in one statement, unless it must wait: WW_ETHROTTLED (without op_fail). fresh: a counter that is
 * new with this try. *out gets the row as it is then. In a transaction. */
enum ww_err store_counter_reserve(struct ww_op *op, struct store *s, const struct key *id,
                                  const struct counter_rule *r, const struct counter *fresh, int64_t now,
                                  struct counter *out) WW_MUST;
/* Takes back the try that was made at `at` and left the row as `made`. In a transaction. */
enum ww_err store_counter_give_back(struct ww_op *op, struct store *s, const struct key *id,
                                    const struct counter_rule *r, const struct counter *made,
                                    int64_t at) WW_MUST;
/* Inserts or replaces. In a transaction. */
enum ww_err store_counter_put(struct ww_op *op, struct store *s, const struct key *id,
                              const struct counter *c) WW_MUST;
/* Removes at most `limit` counters that have drained. */
enum ww_err store_counter_sweep(struct ww_op *op, struct store *s, int64_t now, int64_t limit,
                                int64_t *removed) WW_MUST;

/* ---- the audit log ---- */
struct audit_stored {
    int64_t node, n;
    uint64_t time;
    int64_t account;               /* 0: none, or erased */
    struct bytes mark, link, blob; /* blob p NULL: erased */
    struct bytes owner;            /* UUID of that account as its row says; empty when there is none */
};
/* In a transaction. */
enum ww_err store_audit_insert(struct ww_op *op, struct store *s, const struct audit_stored *row) WW_MUST;
/* Calls each with the last row of every chain that wrote since a chain was last started. It must not use the
 * store. */
enum ww_err store_audit_ends(struct ww_op *op, struct store *s,
                             enum ww_err (*each)(struct ww_op *op, void *context, int64_t node, int64_t n,
                                                 struct bytes link),
                             void *context) WW_MUST;
/* The link of one row; WW_ENOTFOUND without op_fail. */
enum ww_err store_audit_link(struct ww_op *op, struct store *s, int64_t node, int64_t n,
                             struct bytes *link) WW_MUST;
/* Of an account, newest first, before (time, node, n), at most limit. */
enum ww_err store_audit_history(struct ww_op *op, struct store *s, int64_t account,
                                const struct audit_stored *before, size_t limit, struct audit_stored **out,
                                size_t *n) WW_MUST;
/* The same, oldest first, after (time, node, n). */
enum ww_err store_audit_of_account(struct ww_op *op, struct store *s, int64_t account,
                                   const struct audit_stored *after, size_t limit, struct audit_stored **out,
                                   size_t *n) WW_MUST;
/* What is not erased and older than `before`, oldest first, after (time, node, n), at most limit. */
enum ww_err store_audit_kept(struct ww_op *op, struct store *s, uint64_t before,
                             const struct audit_stored *after, size_t limit, struct audit_stored **out,
                             size_t *n) WW_MUST;
/* All, in order of (node, n), after that one, at most limit. */
enum ww_err store_audit_walk(struct ww_op *op, struct store *s, int64_t node, int64_t n, size_t limit,
                             struct audit_stored **out, size_t *count) WW_MUST;
/* Blob and account of one row go, in a transaction; WW_EBUSY when they are gone already. */
enum ww_err store_audit_erase(struct ww_op *op, struct store *s, int64_t node, int64_t n) WW_MUST;

/* ---- meta: what a reindex changes (vault.md §13) ---- */
enum { STORE_FORMER_MOST = KEYRING_FORMER_MOST };
struct store_meta {
    struct key ik, ak;
    struct uuid deployment;
    uint32_t line;
    struct key former[STORE_FORMER_MOST]; /* audit keys of before, the newest last */
    size_t former_count;
    bool moving;                 /* a reindex is under way */
    struct key next_ik, next_ak; /* of what it leads to */
    int64_t moved;               /* accounts up to this id have the next tags */
    struct bytes blob;           /* as it is stored */
};
enum ww_err store_meta_read(struct ww_op *op, struct store *s, struct store_meta **out) WW_MUST;
/* Where it is stored as it was read: WW_EBUSY else. In a transaction. */
enum ww_err store_meta_write(struct ww_op *op, struct store *s, struct store_meta *m) WW_MUST;
/* Its keys are used from now on. Where one thread has the store. */
void store_meta_use(struct store *s, const struct store_meta *m);
/* The same for the key of the indexes alone. */
void store_use_index_key(struct store *s, const struct key *ik);
/* Other connections to the database, of whatever program; 0 where it cannot tell. */
enum ww_err store_count_neighbours(struct ww_op *op, struct store *s, int64_t *n) WW_MUST;
/* At the start a reindex had not ended: tags of both keys are there. */
bool store_is_moving(const struct store *s);
/* In a transaction: the row of that tag bears another one. A row that is not there is none to change. */
enum ww_err store_identifier_retag(struct ww_op *op, struct store *s, int64_t account, const struct key *old,
                                   const struct key *tag) WW_MUST;
enum ww_err store_search_retag(struct ww_op *op, struct store *s, int64_t account, const struct key *old,
                               const struct key *tag) WW_MUST;
enum ww_err store_session_row_retag(struct ww_op *op, struct store *s, const struct session_row *row,
                                    const struct uuid *id) WW_MUST;
/* All counters of throttling: their subjects are tags. */
enum ww_err store_counter_clear(struct ww_op *op, struct store *s) WW_MUST;

/* ---- all blobs, table by table (vault.md §5, §13) ---- */
/* The i-th table whose blobs are under the server key, and whose under keys of their users; NULL past the
 * last. Together they are every table that has blobs. */
const char *store_sealed_table(size_t i);
const char *store_sealed_of_users(size_t i);

enum { STORE_SEALED_KEY = 32 };
/* Where a walk over the i-th table under the server key stands; zeros at its beginning. */
struct store_sealed_at {
    bool begun;
    uint8_t key[STORE_SEALED_KEY];
    size_t length;
    int64_t number, second;
};
/* Calls each for at most limit rows after that place, with the id of the key that the blob names; sealed: it
 * is of the form of a seal. *at becomes the place of the last. each must not use the store. */
enum ww_err store_sealed_scan(struct ww_op *op, struct store *s, size_t i, struct store_sealed_at *at,
                              size_t limit, void (*each)(void *context, bool sealed, uint32_t key),
                              void *context, bool *more) WW_MUST;
struct store_sealed_moved {
    uint64_t moved, closed; /* sealed under the first key; opened by no key that is there */
};
/* Seals what is behind `from`, up to `to`, and names another key than the first, with the first; in a
 * transaction. Adds to *out. Rows that another transaction holds are passed over. */
enum ww_err store_sealed_move(struct ww_op *op, struct store *s, size_t i, const struct store_sealed_at *from,
                              const struct store_sealed_at *to, struct store_sealed_moved *out) WW_MUST;

/* ---- what a check of everything asks ---- */
/* The next index that is not there (vault.md §5, §13), from the i-th on, of the kinds up to `most`; *i is
 * brought behind it. *missing: "unique index on table (column, column)". WW_ENOTFOUND (without op_fail) when
 * all the others are there. */
enum store_index { STORE_UNIQUE, STORE_PLAIN, STORE_PARTIAL };
enum ww_err store_index_missing(struct ww_op *op, struct store *s, size_t *i, enum store_index most,
                                const char **missing) WW_MUST;
/* What somebody put into the schema that acts on our tables, or stands in their place; tell is called for
 * each.
 */
enum ww_err store_foreign(struct ww_op *op, struct store *s, void (*tell)(void *context, const char *text),
                          void *context) WW_MUST;
/* Whether the plain column is what the record holds. */
enum ww_err store_created_agrees(struct ww_op *op, struct store *s, const struct record *r,
                                 bool *agrees) WW_MUST;
/* What the database itself finds wrong with its file, one text after the other: fault is called for each. */
enum ww_err store_verify(struct ww_op *op, struct store *s, void (*fault)(void *context, const char *text),
                         void *context) WW_MUST;
enum store_rows {
    STORE_CREDENTIALS,
    STORE_IDENTIFIERS,
    STORE_VAULTS,
    STORE_SEARCH,
    STORE_ITEMS,
    STORE_PUBLICS
};
enum ww_err store_count_accounts(struct ww_op *op, struct store *s, int64_t *n) WW_MUST;
/* Rows of an account. */
enum ww_err store_count_rows(struct ww_op *op, struct store *s, enum store_rows what, int64_t account,
                             int64_t *n) WW_MUST;
/* How many search rows of an account bear a tag. */
enum ww_err store_count_search(struct ww_op *op, struct store *s, int64_t account, const struct key *tag,
                               int64_t *n) WW_MUST;
/* Items of an account whose id is no tag, or whose blob is no seal of a padded value, whoever opens it. */
enum ww_err store_count_shapeless_items(struct ww_op *op, struct store *s, int64_t account,
                                        int64_t *n) WW_MUST;
/* Leaves of a vault: *n rows, the highest number *last (-1 for none). */
enum ww_err store_count_leaves(struct ww_op *op, struct store *s, const struct uuid *vid, int64_t *n,
                               int64_t *last) WW_MUST;
enum ww_err store_count_epochs(struct ww_op *op, struct store *s, const struct uuid *account,
                               int64_t *n) WW_MUST;
enum ww_err store_count_shares(struct ww_op *op, struct store *s, const struct uuid *sender,
                               int64_t *n) WW_MUST;
/* Wraps of a sender: all, and those that a share of the same sender has and that are of the right form. */
enum ww_err store_count_wraps(struct ww_op *op, struct store *s, const struct uuid *sender, int64_t *all,
                              int64_t *sound) WW_MUST;
/* Rows of the i-th kind that belong to no account; WW_ENOTFOUND (without op_fail) past the last kind. */
enum ww_err store_count_orphans(struct ww_op *op, struct store *s, size_t i, const char **what,
                                int64_t *n) WW_MUST;
/* Ids of accounts > after, in order. */
enum ww_err store_record_ids(struct ww_op *op, struct store *s, int64_t after, int64_t *ids, size_t limit,
                             size_t *n) WW_MUST;
/* Keys of flows as they are stored, in order after that one (empty: from the start). */
struct flow_key {
    struct bytes id;
    enum flow_kind kind;
};
enum ww_err store_flow_row_keys(struct ww_op *op, struct store *s, struct bytes after, struct flow_key *keys,
                                size_t limit, size_t *n) WW_MUST;

#endif
