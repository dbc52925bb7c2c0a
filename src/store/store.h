/* The store: typed rows of vault.md §5 over the database, those under the server key sealed and opened here.
 *
 * Row by row: store_record.c (accounts), store_identifier.c (identifiers, search), store_credential.c,
 * store_vault.c (vaults, leaves, items, epochs: blobs under the user's keys, passed through),
 * store_session.c, store_flow.c. Every row read is checked against the place it was read from: WW_ETAMPERED.
 *
 * Connections: the operation takes one when it needs it and keeps it until store_give or the end of its
 * transaction. A function that says "in a transaction" must be called between store_tx_begin(…, DB_WRITE) and
 * store_tx_commit. */
#ifndef STORE_H
#define STORE_H

#include "db.h"
#include "js.h"
#include "keyring.h"
#include "uuid.h"

struct store;

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

/* ---- transactions ---- */
/* Makes op->conn a connection, if there is none yet. */
enum ww_err store_take(struct ww_op *op, struct store *s) WW_MUST;
/* Gives op->conn back; an open transaction is rolled back. Harmless without one. */
void store_give(struct ww_op *op);
enum ww_err store_tx_begin(struct ww_op *op, struct store *s, enum db_mode mode) WW_MUST;
enum ww_err store_tx_commit(struct ww_op *op) WW_MUST;
/* Ends the transaction without effect; keeps op->problem. Returns err, so that `return store_tx_abort(op,
 * err)` reads well. */
enum ww_err store_tx_abort(struct ww_op *op, enum ww_err err);

/* ---- accounts: the record, vault.md §6 ---- */
enum { STATE_ACTIVE = 1, STATE_INACTIVE = 2 };
enum { FLAG_SECOND_FACTOR = 1, FLAG_RESTORED = 2, FLAG_MANAGED = 4 };
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
enum identifier_kind { IDENT_LOGIN = 1, IDENT_ADDRESS, IDENT_EXTERNAL, IDENT_PROVIDER, IDENT_PASSKEY };

struct record_credential {
    struct uuid id;
    uint8_t kind, role;
    uint32_t root_generation; /* of the root key it opens; 0 none */
    uint64_t added;
};

struct record_waiting {
    struct uuid vid;
    uint32_t generation;
    struct key root_check;
    uint64_t kept_until;
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
    struct js *json; /* the members that vault.md §6 lists */
};

/* Inserts (sets id, seq = 1), in a transaction. */
enum ww_err store_record_insert(struct ww_op *op, struct store *s, struct record *r) WW_MUST;
/* Writes the record with seq + 1 where the stored seq is r->seq, in a transaction. WW_EBUSY when somebody was
 * quicker. */
enum ww_err store_record_update(struct ww_op *op, struct store *s, struct record *r) WW_MUST;
/* WW_ENOTFOUND without op_fail when there is none. lock: for update, in a transaction. */
enum ww_err store_record_load(struct ww_op *op, struct store *s, int64_t id, bool lock,
                              struct record **out) WW_MUST;
enum ww_err store_record_load_uuid(struct ww_op *op, struct store *s, const struct uuid *uuid, bool lock,
                                   struct record **out) WW_MUST;
/* Records with id > after in order of id, at most limit. */
enum ww_err store_record_list(struct ww_op *op, struct store *s, int64_t after, size_t limit,
                              struct record ***out, size_t *n) WW_MUST;
/* All rows of the account but epochs; its audit rows are the audit module's. In a transaction. */
enum ww_err store_record_delete(struct ww_op *op, struct store *s, struct record *r) WW_MUST;
struct record_credential *store_record_credential(const struct record *r, const struct uuid *id);
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
struct epoch_row {
    uint32_t n;
    struct key box_key, sign_key;
    bool start;
    uint64_t begun;
    uint8_t signature[64];
};
enum ww_err store_epoch_insert(struct ww_op *op, struct store *s, const struct uuid *account,
                               const struct epoch_row *e) WW_MUST;
enum ww_err store_epoch_load(struct ww_op *op, struct store *s, const struct uuid *account, uint32_t n,
                             struct epoch_row *out) WW_MUST;

/* ---- sessions ---- */
struct session_row {
    struct key lookup;
    int64_t account;
    uint64_t expires;
    struct bytes content; /* opened */
    struct bytes blob;    /* as stored, for compare-and-swap */
};
/* Sets row->blob, so that the same operation can change the row again. */
enum ww_err store_session_row_insert(struct ww_op *op, struct store *s, const struct uuid *account,
                                     struct session_row *row) WW_MUST;
/* One statement: session ⋈ account (⋈ vault when vault is not NULL and the record names one). WW_ENOTFOUND
 * without op_fail; a session altered, moved or forged is WW_EDENIED, a record WW_ETAMPERED. */
enum ww_err store_session_row_load(struct ww_op *op, struct store *s, const struct key *lookup,
                                   struct session_row *row, struct record **record,
                                   struct vault_row *vault) WW_MUST;
/* Replaces the content where the blob is still row->blob; WW_EBUSY else. row is brought up to date. */
enum ww_err store_session_row_update(struct ww_op *op, struct store *s, const struct uuid *account,
                                     struct session_row *row, struct bytes content, uint64_t expires) WW_MUST;
enum ww_err store_session_row_delete(struct ww_op *op, struct store *s, const struct key *lookup) WW_MUST;
/* All of an account, unordered; a row that does not open is left out and counted in *bad (NULL is fine). */
enum ww_err store_session_row_list(struct ww_op *op, struct store *s, const struct record *r,
                                   struct session_row **out, size_t *n, size_t *bad) WW_MUST;
enum ww_err store_session_row_sweep(struct ww_op *op, struct store *s, uint64_t now) WW_MUST;

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
enum ww_err store_flow_row_delete(struct ww_op *op, struct store *s, const struct uuid *id) WW_MUST;
/* Those that ended 24 hours before now. */
enum ww_err store_flow_row_sweep(struct ww_op *op, struct store *s, uint64_t now) WW_MUST;

#endif
