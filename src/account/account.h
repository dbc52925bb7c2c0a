/* The use cases of an account: each checks, does costly work (hashing) first, and then writes in one
 * transaction.
 *
 * A write conflict repeats the whole operation with new keys and nonces, five times at most, keeping the
 * result of the hash; then WW_EBUSY. A refused attempt leaves its trace (audit, throttle) in a second, short
 * transaction. */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "config.h"
#include "cred.h"
#include "cred_policy.h"
#include "identity.h"
#include "pwhash.h"
#include "schema.h"
#include "session.h"
#include "store_public.h"
#include "throttle.h"
#include "vault.h"

/* What subscribers hear; texts are constants. */
struct account_told {
    const char *event; /* of AUDIT_EVENTS: "login.succeeded" */
    uint64_t time;     /* µs */
    bool has_account, has_session;
    struct uuid account, session;
    const char *method; /* "password", or NULL */
};
/* hear is called on the thread of the use case, after its commit, in the order in which things were told: it
 * must not wait, and must not use that operation. */
struct account_subscriber {
    void (*hear)(void *context, const struct account_told *told);
    void *context;
    struct account_subscriber *next; /* account_subscribe's */
};

/* What a deployment has; one per process, used by all threads. */
struct service {
    const struct config *config;
    struct schema_set *schemas;
    struct store *store;
    struct throttle *throttle;
    struct pwhash_pool *pool;
    struct pwhash_params hashing;
    struct session_rules sessions;
    uint64_t privileged_age; /* µs */
    uint64_t cryptoperiod;   /* µs that an epoch lasts; 0: for ever */
    uint64_t waiting;        /* µs that a vault that was given up is kept */
    struct vault_listings *listings;
    struct account_subscriber *subscribers;
    _Atomic uint64_t history_erased; /* µs: all that is older, and could be erased, is */
};

/* Before other threads use the service. The subscriber must outlive it. */
void account_subscribe(struct service *s, struct account_subscriber *subscriber);

/* Why data was refused (WW_EVALIDATION): one of the two. */
struct account_refusal {
    struct schema_failure *failures; /* of {"traits": …} under the schema */
    struct policy_refusal password;  /* message_id 0: none */
};

/* ---- registration ---- */
struct account_new {
    const char *schema_id; /* NULL: the default */
    const struct js *traits;
    struct bytes password;
    bool with_session;
    enum session_carrier carrier;
};
/* Errors: WW_EVALIDATION (see refusal; or op->problem.id "no_identifier", "address_format"), WW_ECONFLICT
 * "identifier_taken", WW_ETHROTTLED, WW_EBUSY. *session NULL unless asked for. */
enum ww_err account_register(struct ww_op *op, struct service *s, const struct account_new *in,
                             struct account_refusal *why, struct record **out,
                             struct session **session) WW_MUST;
/* What account_register checks of traits, alone: for forms in two steps. */
enum ww_err account_check_traits(struct ww_op *op, struct service *s, const char *schema_id,
                                 const struct js *traits, struct account_refusal *why) WW_MUST;

/* ---- login ---- */
/* Several proofs of one person: a first factor, then others. `session` is refreshed when it is of the same
 * account: its level rises to what the proofs give; else a new one is issued and that one ends. Without an
 * identifier the account is that of `session`, and a second factor alone will do (a step-up). Unknown name
 * and wrong secret: WW_EDENIED id "wrong_credentials", same work. WW_EDISABLED (only after the right one),
 * WW_ETHROTTLED, WW_EBUSY. WW_EINVAL id "no_first_factor" when the first proof signs nobody in. */
struct account_sign_in {
    const char *identifier; /* NULL: who `session` is */
    const struct cred_proof *proofs;
    size_t count;
    enum session_carrier carrier; /* of a new session */
    struct session *session;      /* who is signed in now, or NULL */
};
enum ww_err account_sign_in(struct ww_op *op, struct service *s, const struct account_sign_in *in,
                            struct session **out) WW_MUST;
/* Whether an account with this identifier exists (identifier-first login); the flow decides whether to tell.
 */
enum ww_err account_exists(struct ww_op *op, struct service *s, const char *identifier, bool *exists) WW_MUST;

/* ---- sessions ---- */
enum ww_err account_resume(struct ww_op *op, struct service *s, const char *token,
                           struct session **out) WW_MUST;
/* The same, and reads the vault's row by the same statement: for calls that go on to the vault. */
enum ww_err account_resume_with_vault(struct ww_op *op, struct service *s, const char *token,
                                      struct session **out) WW_MUST;
/* Whether this is the token of a session that has ended, and that its row still tells of. */
bool account_session_ended(struct ww_op *op, struct service *s, const char *token);
enum ww_err account_logout(struct ww_op *op, struct service *s, struct session *x) WW_MUST;
/* Ends one of the account's other sessions by id; unknown or foreign ids do nothing. */
enum ww_err account_end_session(struct ww_op *op, struct service *s, struct session *x,
                                const struct uuid *id) WW_MUST;
/* Ends all others; *count = how many other sessions the account has, ended ones included. */
enum ww_err account_end_other_sessions(struct ww_op *op, struct service *s, struct session *x,
                                       size_t *count) WW_MUST;
/* Whether a second factor must be shown before anything opens: the account asks for it, or it was restored
 * and has one (vault.md §12). */
bool account_asks_second(const struct record *r);
bool account_privileged(const struct ww_op *op, const struct service *s, const struct session *x);

/* ---- settings ---- */
/* WW_EREAUTH when the session is not privileged; WW_EVALIDATION as above, refusal.password also for "the same
 * as before" (4000039); WW_ELOCKED when the session cannot open the vault. All other sessions end. */
enum ww_err account_change_password(struct ww_op *op, struct service *s, struct session *x,
                                    struct bytes password, struct account_refusal *why) WW_MUST;
/* Adds a credential of a kind beside the others, of what was typed (a secret, an answer): a further factor,
 * or way to open the vault. WW_EREAUTH; WW_EINVAL with field where the kind refuses it. */
enum ww_err account_add_credential(struct ww_op *op, struct service *s, struct session *x,
                                   enum credential_kind kind, struct bytes typed) WW_MUST;
/* WW_EREAUTH; WW_ENOTFOUND for one that the account does not have; WW_EINVAL id "last_credential" for the
 * last to sign in with, or the last that opens the vault (vault.md §7). */
enum ww_err account_remove_credential(struct ww_op *op, struct service *s, struct session *x,
                                      const struct uuid *id) WW_MUST;
/* WW_EREAUTH when the change touches identifiers or addresses and the session is not privileged. x->record is
 * brought up to date. */
enum ww_err account_change_traits(struct ww_op *op, struct service *s, struct session *x,
                                  const struct js *traits, struct account_refusal *why) WW_MUST;
/* Tries the current password (throttled); WW_EDENIED. For the command line. */
enum ww_err account_check_password(struct ww_op *op, struct service *s, struct session *x,
                                   struct bytes password) WW_MUST;
/* confirm: one of the identifiers; WW_EINVAL id "confirm_mismatch" with field "confirm". WW_EREAUTH. */
enum ww_err account_delete(struct ww_op *op, struct service *s, struct session *x,
                           const char *confirm) WW_MUST;

/* What its owner is told of; texts NULL where there is nothing to tell. */
struct account_event {
    const char *id; /* unique */
    uint64_t time;  /* µs */
    const char *event, *method, *address, *user_agent, *location;
    bool this_session;
};
/* ---- recovery codes, epochs, re-key (vault.md §§7, 8, 10) ---- */
size_t account_codes_left(const struct session *x, uint64_t *made_at);
/* How many passwords and codes open the vault. */
void account_openers(const struct session *x, size_t *passwords, size_t *codes);
/* Ten new ones, as they are shown; all earlier ones stop. WW_EREAUTH, WW_ELOCKED, WW_ENOVAULT. */
enum ww_err account_codes_make(struct ww_op *op, struct service *s, struct session *x,
                               const char ***out) WW_MUST;
/* WW_EREAUTH; WW_ECONFLICT id "last_opener" where nothing else opens the vault. */
enum ww_err account_codes_revoke(struct ww_op *op, struct service *s, struct session *x) WW_MUST;
struct account_recovery {
    const char *identifier;
    struct bytes code, password; /* as typed */
    enum session_carrier carrier;
};
/* A code and a new password: signs in and opens the vault; other sessions end, the used code is replaced.
 * Unknown name, wrong, used and malformed code: WW_EDENIED or WW_EINVAL, id "recovery_code_wrong".
 * WW_EVALIDATION (the password, see why) and WW_EBUSY leave the code as it was. WW_EDISABLED, WW_ETHROTTLED.
 */
enum ww_err account_recover(struct ww_op *op, struct service *s, const struct account_recovery *in,
                            struct account_refusal *why, struct session **out, const char **new_code) WW_MUST;
/* A locked session (a password that an administrator set proves who, and opens nothing) and what opens the
 * vault: the old password, or a recovery code, which is used up (*new_code stands in its place, else NULL). x
 * ends, *out is open, and the password that signs in opens from now on. WW_EDENIED, WW_ETHROTTLED;
 * WW_ECONFLICT "vault_open"; WW_ENOVAULT. */
enum ww_err account_unlock(struct ww_op *op, struct service *s, struct session *x, enum credential_kind kind,
                           struct bytes typed, struct session **out, const char **new_code) WW_MUST;
/* WW_EREAUTH, WW_ELOCKED, WW_ENOVAULT. */
enum ww_err account_epoch_start(struct ww_op *op, struct service *s, struct session *x) WW_MUST;
/* With the password, checked now (WW_EDENIED, WW_ETHROTTLED). All sessions end; *out is a new one, *codes ten
 * new codes. */
enum ww_err account_rekey(struct ww_op *op, struct service *s, struct session *x, struct bytes password,
                          struct session **out, const char ***codes) WW_MUST;

/* ---- vaults that wait (vault.md §10) ---- */
/* For who is signed in and can open the vault no more: an empty one, whose session *out is, and ten codes;
 * the old one waits. confirm: as account_delete. WW_EREAUTH, WW_EAAL; WW_ECONFLICT "vault_open" where the
 * password that signs in opens it; WW_ENOVAULT; WW_EFULL "waiting_full". All other sessions end. */
enum ww_err account_vault_new(struct ww_op *op, struct service *s, struct session *x, const char *confirm,
                              struct session **out, const char ***codes) WW_MUST;
/* Those that can still be opened, of *n, oldest first. */
enum ww_err account_waiting(struct ww_op *op, const struct session *x, struct record_waiting **out,
                            size_t *n) WW_MUST;
struct account_merged {
    size_t items;
    const char **from, **to; /* names that were in both: the older of two is called `to` now */
    size_t renamed;
    const char **codes; /* RECOVERY_CODES of them, in the place of all earlier ones */
};
/* Opens one with a credential of its own, and all that is in it joins the vault of now. WW_ENOTFOUND
 * "waiting_not_found"; WW_EDENIED, WW_ETHROTTLED; WW_EFULL "vault_full" leaves both as they were. */
enum ww_err account_waiting_open(struct ww_op *op, struct service *s, struct session *x,
                                 const struct uuid *id, enum credential_kind kind, struct bytes typed,
                                 struct account_merged *out) WW_MUST;
/* Gone for good. WW_EREAUTH, WW_EAAL, WW_ENOTFOUND "waiting_not_found"; confirm as account_delete. */
enum ww_err account_waiting_discard(struct ww_op *op, struct service *s, struct session *x,
                                    const struct uuid *id, const char *confirm) WW_MUST;

/* Newest first; page_token opaque, NULL or "" for the first page; *next NULL at the end. */
enum ww_err account_history(struct ww_op *op, struct service *s, struct session *x, size_t page_size,
                            const char *page_token, struct account_event **out, size_t *n,
                            const char **next) WW_MUST;

/* ---- the vault of a session ---- */
/* Reading: WW_ENOVAULT, WW_ELOCKED, WW_EAAL, WW_ETAMPERED, WW_EROLLEDBACK (both audited). See vault.h. */
enum ww_err account_item_get(struct ww_op *op, struct service *s, struct session *x, struct bytes name,
                             struct vault_value *out) WW_MUST;
enum ww_err account_item_list(struct ww_op *op, struct service *s, struct session *x, struct bytes prefix,
                              struct bytes after, size_t limit, struct vault_entry **out, size_t *n) WW_MUST;
/* The entry alone: no value is read or opened. */
enum ww_err account_item_look(struct ww_op *op, struct service *s, struct session *x, struct bytes name,
                              struct vault_entry *out) WW_MUST;
enum ww_err account_item_find(struct ww_op *op, struct service *s, struct session *x, const struct uuid *id,
                              struct vault_entry *out) WW_MUST;
enum ww_err account_item_count(struct ww_op *op, struct service *s, struct session *x, size_t *n) WW_MUST;
/* Runs changes in one transaction (repeated on conflict). See vault.h for struct vault_change. */
enum ww_err account_vault_change(struct ww_op *op, struct service *s, struct session *x,
                                 struct vault_change *changes, size_t n) WW_MUST;

/* ---- sharing (vault.md §11) ---- */
/* As for items, and: WW_ENOTFOUND id "recipient_unknown" or "item_not_found", WW_ECONFLICT id
 * "contact_changed": somebody's keys are not those that were pinned. People are named by identifier or UUID,
 * which is counted: WW_ETHROTTLED. */
struct account_share_to {
    struct uuid id;
    const char *identifier; /* as the owner called them; or NULL */
    const char *state;      /* "sealed", "pending", "changed" */
};
struct account_share {
    struct uuid id;
    struct bytes name;
    uint64_t version, time;
    struct account_share_to *to;
    size_t to_count;
};
struct account_names {
    const char *const *names;
    size_t n;
    bool given;
};
/* change: a VAULT_PUT with its conditions. Without `to` the list of recipients stays. */
enum ww_err account_share_put(struct ww_op *op, struct service *s, struct session *x,
                              struct vault_change *change, struct account_names to) WW_MUST;
/* Adds first, then removes; what nobody gets twice or who is not there changes nothing. */
enum ww_err account_share_people(struct ww_op *op, struct service *s, struct session *x, struct bytes name,
                                 struct account_names add, struct account_names remove,
                                 struct account_share *out) WW_MUST;
enum ww_err account_share_find(struct ww_op *op, struct service *s, struct session *x, const struct uuid *id,
                               struct account_share *out) WW_MUST;
/* change: a VAULT_DELETE with its condition. */
enum ww_err account_share_withdraw(struct ww_op *op, struct service *s, struct session *x,
                                   struct vault_change *change) WW_MUST;
enum ww_err account_share_get(struct ww_op *op, struct service *s, struct session *x, struct bytes name,
                              struct vault_value *out) WW_MUST;
enum ww_err account_share_list(struct ww_op *op, struct service *s, struct session *x, struct bytes prefix,
                               struct bytes after, size_t limit, struct account_share **out,
                               size_t *n) WW_MUST;

struct account_received {
    struct bytes name, value;
    struct uuid share, from;
    const char *from_identifier; /* a name to sign in with; or NULL */
    uint64_t version, time;
    bool changed; /* the sender's keys are not those that were pinned: the value is not given */
};
/* In order of ids, after one (NULL: from the start), at most limit rows; *last: the id that was looked at
 * last. What cannot be read with the keys that are left is not listed. */
enum ww_err account_inbox_list(struct ww_op *op, struct service *s, struct session *x,
                               const struct uuid *after, size_t limit, struct account_received **out,
                               size_t *n, struct uuid *last, bool *more) WW_MUST;
/* By the share's id; without a value when it is `changed`. */
enum ww_err account_inbox_find(struct ww_op *op, struct service *s, struct session *x, const struct uuid *id,
                               struct account_received *out) WW_MUST;
/* from: UUID or identifier of the sender; NULL: of several the newest. */
enum ww_err account_inbox_get(struct ww_op *op, struct service *s, struct session *x, struct bytes name,
                              const char *from, struct account_received *out) WW_MUST;
/* Makes it an item of one's own: change is a VAULT_PUT, its value is set here. */
enum ww_err account_inbox_adopt(struct ww_op *op, struct service *s, struct session *x, struct bytes name,
                                const char *from, struct vault_change *change) WW_MUST;

enum { ACCOUNT_FINGERPRINT = 72 };
struct account_contact {
    struct uuid id;
    const char *identifier;
    char fingerprint[ACCOUNT_FINGERPRINT]; /* of the keys as they are now */
    uint64_t pinned;                       /* µs */
    const char *state;                     /* "current", "changed", "reset" */
};
enum ww_err account_contact_list(struct ww_op *op, struct service *s, struct session *x,
                                 const struct uuid *after, size_t limit, struct account_contact **out,
                                 size_t *n) WW_MUST;
/* WW_ENOTFOUND "contact_unknown". */
enum ww_err account_contact_find(struct ww_op *op, struct service *s, struct session *x,
                                 const struct uuid *id, struct account_contact *out) WW_MUST;
/* The keys with this fingerprint are theirs. WW_ECONFLICT "contact_changed" when they are others by now;
 * WW_ENOTFOUND "contact_unknown". */
enum ww_err account_contact_accept(struct ww_op *op, struct service *s, struct session *x,
                                   const struct uuid *id, const char *fingerprint) WW_MUST;
enum ww_err account_fingerprint(struct ww_op *op, struct service *s, struct session *x,
                                char out[ACCOUNT_FINGERPRINT]) WW_MUST;

struct account_letter {
    struct uuid to; /* oneself, for a letter to oneself */
    struct bytes letter;
};
/* One for each who is named, in that order; without `to` one for oneself. As for shares, and: WW_ECONFLICT
 * "recipient_without_keys", WW_ETOOLARGE "letter_too_large". */
enum ww_err account_letter_seal(struct ww_op *op, struct service *s, struct session *x, struct bytes data,
                                struct account_names to, struct account_letter **out, size_t *n) WW_MUST;
/* from: UUID or identifier of who must have sealed it; NULL: anybody. WW_EINVAL "letter_not_for_you",
 * "letter_altered", "letter_from_other"; WW_ECONFLICT "contact_changed". */
enum ww_err account_letter_open(struct ww_op *op, struct service *s, struct session *x, struct bytes letter,
                                const char *from, struct bytes *data, struct uuid *sender) WW_MUST;

/* Public data. change: VAULT_PUT or VAULT_DELETE with its condition, versions are the entry's own.
 * WW_ECONFLICT "name_taken": the name is another's; WW_EFULL "public_full". */
enum ww_err account_public_change(struct ww_op *op, struct service *s, struct session *x,
                                  enum public_scope scope, struct vault_change *change) WW_MUST;
/* Of any session; owner NULL: a name of the deployment. The signature is verified. */
enum ww_err account_public_get(struct ww_op *op, struct service *s, const struct session *x,
                               const struct uuid *owner, struct bytes name, struct public_row *out) WW_MUST;
/* One's own, in order of ids, without values and unverified. */
enum ww_err account_public_list(struct ww_op *op, struct service *s, const struct session *x,
                                const struct uuid *after, size_t limit, struct public_row **out,
                                size_t *n) WW_MUST;

/* ---- administration ---- */
struct account_spec {
    const char *schema_id; /* NULL: the default */
    const struct js *traits;
    const char *state; /* "active", "inactive" or NULL */
    const char *external_id;
    const struct js *metadata_public, *metadata_admin;
    struct bytes password;      /* clear; p NULL: none, then the account has no vault */
    struct bytes password_hash; /* a complete hash of another program instead, or p NULL: the first sign-in
                                   makes the vault (vault.md §10) */
    const struct js *verifiable_addresses,
        *recovery_addresses; /* arrays that override computed ones, or NULL */
};
enum ww_err account_admin_create(struct ww_op *op, struct service *s, const struct account_spec *in,
                                 struct account_refusal *why, struct record **out) WW_MUST;
/* What became of one of several. */
struct account_created {
    struct record *record; /* NULL: refused */
    enum ww_err err;       /* in: not WW_OK for one that is passed over */
    struct op_problem problem;
    struct account_refusal why;
};
/* Each as account_admin_create, those that are refused leaving the others as they are. An error is of the
 * store or of memory, and some may have been made then. */
enum ww_err account_admin_create_several(struct ww_op *op, struct service *s, const struct account_spec *in,
                                         struct account_created *results, size_t n) WW_MUST;
/* What an identity is to be, made from what it is: called again where that changed meanwhile. */
struct account_update {
    enum ww_err (*make)(struct ww_op *op, void *context, const struct record *now, struct account_spec *out);
    void *context;
};
/* One transaction. A password, clear or hashed, is set as account_admin_set_password does, but by no policy
 * (kratos.md §5.2); the spec's state NULL: as it is; inactive ends all sessions. Addresses whose value stays
 * keep their state. WW_ENOTFOUND; else as account_admin_create. */
enum ww_err account_admin_update(struct ww_op *op, struct service *s, const struct uuid *id,
                                 const struct account_update *in, struct account_refusal *why,
                                 struct record **out) WW_MUST;
/* Takes away all credentials of a kind, by Kratos' name for it ("totp"). WW_ENOTFOUND id
 * "identity_not_found" or "credential_not_found"; WW_EINVAL id "last_credential" for the last to sign in
 * with, or the last that opens the vault (vault.md §7). */
enum ww_err account_admin_delete_credentials(struct ww_op *op, struct service *s, const struct uuid *id,
                                             const char *method) WW_MUST;
/* Whether a password hash may be imported; nothing is hashed. WW_EINVAL as cred_password_import. */
enum ww_err account_admin_check_hash(struct ww_op *op, struct service *s, struct bytes hash) WW_MUST;
/* What is stored of the account's password that signs in: a complete hash where it is a verifier, else the
 * public part, since a slot has no hash (vault.md §7). NULL: there is none. */
enum ww_err account_admin_password_text(struct ww_op *op, struct service *s, const struct record *r,
                                        const char **out) WW_MUST;
enum ww_err account_admin_get(struct ww_op *op, struct service *s, const struct uuid *id,
                              struct record **out) WW_MUST;
enum ww_err account_admin_find_external(struct ww_op *op, struct service *s, const char *external_id,
                                        struct record **out) WW_MUST;
/* By login identifier. */
enum ww_err account_admin_find(struct ww_op *op, struct service *s, const char *identifier,
                               struct record **out) WW_MUST;
enum ww_err account_admin_list(struct ww_op *op, struct service *s, int64_t after, size_t limit,
                               struct record ***out, size_t *n) WW_MUST;
enum ww_err account_admin_delete(struct ww_op *op, struct service *s, const struct uuid *id) WW_MUST;
/* Sets a password as a verifier: it signs in, and the vault stays locked until an old credential is given.
 * All sessions end. WW_ENOTFOUND; WW_EVALIDATION, see why. */
enum ww_err account_admin_set_password(struct ww_op *op, struct service *s, const struct uuid *id,
                                       struct bytes password, struct account_refusal *why) WW_MUST;
/* Anybody's session by its public id. WW_ENOTFOUND id "session_not_found", as the next two. */
enum ww_err account_admin_session(struct ww_op *op, struct service *s, const struct uuid *id,
                                  struct session **out) WW_MUST;
/* One that has ended is fine. */
enum ww_err account_admin_session_end(struct ww_op *op, struct service *s, const struct uuid *id) WW_MUST;
/* It lasts a lifespan from now, where the setting session.earliest_possible_extend allows it by now and it
 * has not ended: else it stays as it is. */
enum ww_err account_admin_session_extend(struct ww_op *op, struct service *s, const struct uuid *id,
                                         struct session **out) WW_MUST;
/* Ends all sessions of the account, and removes their rows. WW_ENOTFOUND, also where it has none. */
enum ww_err account_admin_sessions_end(struct ww_op *op, struct service *s, const struct uuid *id) WW_MUST;

/* See ww_check. */
struct account_checker {
    void (*tell)(void *context, const char *line);
    void (*step)(void *context, size_t done, size_t total);
    void *context;
};
struct account_check_report {
    size_t accounts, credentials, sessions, flows, epochs, events, problems;
};
enum ww_err account_check(struct ww_op *op, struct service *s, const struct account_checker *checker,
                          struct account_check_report *out) WW_MUST;

/* What the owner of an open vault sees of its rows. */
struct account_own {
    size_t items, shares;     /* that the vault names */
    int64_t rows, rows_named; /* of items, notes and sealed traits */
    int64_t share_rows;
    bool waiting; /* a vault waits, whose items are among the rows */
};
/* WW_ETAMPERED: ring, head or a leaf does not open. */
enum ww_err account_check_own(struct ww_op *op, struct service *s, struct session *x,
                              struct account_own *out) WW_MUST;

/* Once a minute: expired rows, what was seen of sessions, counters, old history. */
enum ww_err account_maintain(struct ww_op *op, struct service *s) WW_MUST;

#endif
