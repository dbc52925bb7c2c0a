/* Shared by the files of account/ only. */
#ifndef ACCOUNT_INT_H
#define ACCOUNT_INT_H

#include <string.h>

#include "account.h"
#include "audit.h"
#include "cred.h"
#include "utf8.h"

/* Runs body in a write transaction; a lost race repeats it, five times at most. What body leaves behind in
 * memory must be made anew each time. */
enum ww_err account_transaction(struct ww_op *op, struct service *s,
                                enum ww_err (*body)(struct ww_op *op, struct service *s, void *context),
                                void *context) WW_MUST;

/* The account of a session, locked, in a transaction; WW_EDENIED "session_inactive" when the session ended
 * meanwhile. When another change by the same session came first, x is brought up to date. Opens the vault
 * when the session can (*vault NULL otherwise). One account at a time (vault.md §13); other records may be
 * read. */
enum ww_err account_lock(struct ww_op *op, struct service *s, struct session *x, struct record **record,
                         struct vault **vault) WW_MUST;
/* The same for a change that seals the session's own row again: x is brought up to date in any case. */
enum ww_err account_lock_session(struct ww_op *op, struct service *s, struct session *x,
                                 struct record **record, struct vault **vault) WW_MUST;
/* Writes a changed record, in a transaction; with the vault at hand its floor rises and the head is sealed
 * again. */
enum ww_err account_write(struct ww_op *op, struct service *s, struct record *r, struct vault *v) WW_MUST;

/* Schema by id or the default; WW_EINVAL id "schema_unknown". */
enum ww_err account_schema(struct ww_op *op, struct service *s, const char *id,
                           const struct identity_schema **out) WW_MUST;
/* WW_EINVAL "field_too_long" with the field (account_bounds.c). */
enum ww_err account_bound_traits(struct ww_op *op, const struct js *traits) WW_MUST;
enum ww_err account_bound_spec(struct ww_op *op, const struct account_spec *in) WW_MUST;
/* Validates {"traits": …}, bounded; failures go to why. */
enum ww_err account_validate(struct ww_op *op, const struct identity_schema *schema, const struct js *traits,
                             struct account_refusal *why) WW_MUST;
/* A record that is not stored yet, active, with these traits. */
enum ww_err account_draft(struct ww_op *op, const struct identity_schema *schema, const struct js *traits,
                          bool need_identifier, struct record **out) WW_MUST;
/* WW_ECONFLICT when an identifier or address of the draft is taken. */
enum ww_err account_check_free(struct ww_op *op, struct service *s, const struct record *draft) WW_MUST;
/* Writes a draft with its credential, vault and rows, in a transaction. password NULL: neither credential nor
 * vault; a verifier: no vault. *root in the arena. */
enum ww_err account_insert(struct ww_op *op, struct service *s, const struct identity_schema *schema,
                           struct record *r, const struct cred_ready *password, struct key **root) WW_MUST;
/* Issues a session, in a transaction, and tells of one that ended to make room for it. */
enum ww_err account_issue(struct ww_op *op, struct service *s, const struct authn *a,
                          enum session_carrier carrier, struct session **out) WW_MUST;
/* Ends the session, in a transaction, and tells it; one that has ended already is fine. */
enum ww_err account_write_logout(struct ww_op *op, struct service *s, const struct session *x) WW_MUST;

/* Tells what happens: to the audit log in the transaction of what it tells of, to subscribers after its
 * commit. e->time is set here. */
enum ww_err account_tell(struct ww_op *op, struct service *s, const struct audit_event *e) WW_MUST;
/* The same in a short transaction of its own, after one that was given up; a failure to do so changes nothing
 * for the caller, whose problem is kept. */
void account_tell_refusal(struct ww_op *op, struct service *s, const struct audit_event *e);
/* Erases events that are older than the configuration keeps them, a page to a transaction. */
enum ww_err account_erase_history(struct ww_op *op, struct service *s) WW_MUST;

/* Whether `confirm` is a name of the account. */
enum ww_err account_confirm(struct ww_op *op, const struct record *r, const char *confirm) WW_MUST;

/* What checking and making credentials may use. */
struct cred_context account_credentials(const struct service *s);
/* Whether a second factor is still owed; nothing is opened or changed meanwhile (WW_EAAL). */
bool account_is_pending(const struct session *x);
enum ww_err account_refuse_pending(struct ww_op *op);
/* For who is not privileged: what is owed, a second factor or a sign-in that is recent. */
enum ww_err account_refuse_reauth(struct ww_op *op, const struct session *x);
/* Takes a credential from the record and from the store, in a transaction; the caller writes r. */
enum ww_err account_drop_credential(struct ww_op *op, struct service *s, struct record *r,
                                    struct uuid id) WW_MUST;
/* All that `goes` names; one that stays it may give another role. */
typedef bool account_goes(const struct record *r, struct record_credential *c, const void *context);
enum ww_err account_drop_credentials(struct ww_op *op, struct service *s, struct record *r,
                                     account_goes *goes, const void *context) WW_MUST;
/* The passwords of today's vault, those that only sign in among them. */
enum ww_err account_drop_passwords(struct ww_op *op, struct service *s, struct record *r) WW_MUST;
/* WW_ELOCKED, or WW_ENOVAULT where the account has none. */
enum ww_err account_refuse_locked(struct ww_op *op, const struct record *r);

/* ---- account_admin.c, account_unlock.c: what an administrator says of an account ---- */
/* Traits, metadata, external id and what is known of addresses, in memory only. */
enum ww_err account_admin_apply(struct ww_op *op, const struct identity_schema *schema,
                                const struct account_spec *in, struct record *r) WW_MUST;
/* NULL is fine. WW_EINVAL id "state_invalid". */
enum ww_err account_admin_check_state(struct ww_op *op, const char *state) WW_MUST;
/* A verifier in the place of the password that signs in, in a transaction; what opens the vault stays, all
 * sessions end; the caller writes r. */
enum ww_err account_write_verifier(struct ww_op *op, struct service *s, struct record *r,
                                   const struct cred_ready *verifier) WW_MUST;
/* WW_ENOTFOUND "identity_not_found". */
enum ww_err account_not_found(struct ww_op *op);

/* ---- account_vault.c ---- */
/* What a session must have before its vault is touched: WW_ENOVAULT, WW_EAAL, WW_ELOCKED. */
enum ww_err account_may_open(struct ww_op *op, const struct session *x) WW_MUST;
/* Tells where err says that stored data is not what was written; returns err. */
enum ww_err account_audited(struct ww_op *op, struct service *s, const struct session *x, enum ww_err err);
/* Runs body over the vault of a session, once more in one snapshot where it does not fit. */
typedef enum ww_err account_vault_reader(struct ww_op *op, struct store *s, struct vault *v, void *context);
enum ww_err account_read_vault(struct ww_op *op, struct service *s, struct session *x,
                               account_vault_reader *body, void *context) WW_MUST;

/* ---- account_device.c: vault.md §12 ---- */
/* Makes op->device, of an account that is signed in, in the transaction that does it. v: NULL where the
 * sign-in opens nothing. */
enum ww_err account_device_give(struct ww_op *op, struct service *s, const struct record *r,
                                const struct vault *v) WW_MUST;
/* WW_EROLLEDBACK when the client has seen newer numbers. r is locked. */
enum ww_err account_device_compare(struct ww_op *op, struct service *s, const struct record *r,
                                   const struct vault *v) WW_MUST;

/* ---- account_login.c: proofs of who somebody is ---- */
/* The account behind an identifier, or NULL, and the identifier's tag. */
enum ww_err account_find(struct ww_op *op, struct service *s, const char *identifier, struct key *tag,
                         struct record **out) WW_MUST;
/* Checks the proofs, settles with the throttle, tells of a failure. */
enum ww_err account_try_proofs(struct ww_op *op, struct service *s, struct record *r, struct admit *admit,
                               const struct cred_proof *proofs, size_t n, struct authn **out,
                               struct cred_ready *upgrade) WW_MUST;
/* Tells that proofs were refused, where err says so; returns err. */
enum ww_err account_refused(struct ww_op *op, struct service *s, enum ww_err err, const struct record *r,
                            const struct cred_proof *proofs, size_t n);
/* The account that was proved, locked, in a transaction, once more as the proof says it is; *v when the proof
 * opens it. */
enum ww_err account_open_proved(struct ww_op *op, struct service *s, struct authn *a, struct record **r,
                                struct vault **v) WW_MUST;

/* Seals for those who have keys by now what waits for them (vault.md §11), in a transaction, as far as the
 * vault's notes can be read. */
enum ww_err account_share_complete(struct ww_op *op, struct service *s, struct record *r,
                                   struct vault *v) WW_MUST;

/* ---- account_public.c ---- */
/* That the owner's keys signed a row. WW_ETAMPERED. */
enum ww_err account_public_verify(struct ww_op *op, struct store *s, const struct record *owner,
                                  const struct public_row *row) WW_MUST;

/* ---- account_epoch.c, account_codes.c ---- */
bool account_epoch_due(const struct ww_op *op, const struct service *s, const struct vault *v);
/* A new epoch, the record written with it, and told of; in a transaction. */
enum ww_err account_epoch_write(struct ww_op *op, struct service *s, struct record *r, const struct key *root,
                                struct vault *v) WW_MUST;
/* One code more and its row, in a transaction; *text as it is shown. The caller writes r. */
enum ww_err account_code_add(struct ww_op *op, struct service *s, struct record *r, const struct key *root,
                             const char **text) WW_MUST;
/* The password that signs in becomes one that opens with root, and what opened in its stead goes; in a
 * transaction, the caller writes r. *found false: no verifier signs in. */
enum ww_err account_promote_password(struct ww_op *op, struct service *s, struct record *r,
                                     const struct key *root, bool *found) WW_MUST;
/* Takes a waiting vault, and what opens it, from the record and from the store, in a transaction; the caller
 * writes r. */
enum ww_err account_waiting_drop(struct ww_op *op, struct service *s, struct record *r,
                                 const struct uuid *vid) WW_MUST;
/* What vaults that ended have left is deleted once v is open and none waits, in a transaction. *tidied: the
 * caller writes r. */
enum ww_err account_waiting_tidy(struct ww_op *op, struct service *s, struct record *r, struct vault *v,
                                 bool *tidied) WW_MUST;
/* The one that waits, and still can be opened; WW_ENOTFOUND. */
enum ww_err account_waiting_find(struct ww_op *op, const struct record *r, const struct uuid *id,
                                 struct record_waiting **out) WW_MUST;
/* Removes those whose time is over, a page to a transaction. */
enum ww_err account_waiting_sweep(struct ww_op *op, struct service *s) WW_MUST;
/* Ten new recovery codes in the place of all earlier ones, in a transaction; the caller writes r. */
enum ww_err account_codes_replace(struct ww_op *op, struct service *s, struct record *r,
                                  const struct key *root, const char **texts) WW_MUST;

#endif
