/* Credentials: passwords for now (vault.md §7). Checking one requires a struct admit and makes a struct
 * authn. */
#ifndef CRED_H
#define CRED_H

#include "authn.h"
#include "pwhash.h"
#include "throttle.h"

/* NFC of a password as typed. WW_EINVAL with field "password": not UTF-8, or above 1,024 bytes. */
enum ww_err cred_password_normalize(struct ww_op *op, struct bytes typed, struct bytes *out) WW_MUST;

/* A hash that was made, before the transaction that will use it. Lives in the operation's arena. */
struct password_ready {
    const char *public_part;
    struct pwhash_secret *secret;
};
/* Hashes a new password (normalised) under the configured parameters. */
enum ww_err cred_password_prepare(struct ww_op *op, struct pwhash_pool *pool,
                                  const struct pwhash_params *params, struct bytes password,
                                  struct password_ready *out) WW_MUST;
/* Adds the credential to the record (the caller writes it) and makes its row with a slot for root. */
enum ww_err cred_password_add(struct ww_op *op, struct record *r, const struct password_ready *p,
                              const struct key *root, struct credential_row *row) WW_MUST;
/* Takes it out of the record; the row is the caller's to delete. */
void cred_remove(struct record *r, const struct uuid *id);
/* The password credential of a record, or NULL. */
const struct record_credential *cred_password_of(const struct record *r);

/* Checks a password (as typed). The account may be NULL, or have no password: then the same work is done for
 * nobody. WW_EDENIED id "wrong_credentials"; WW_ETAMPERED where the stored row is not right; WW_EBUSY. On
 * WW_OK the admit is given back by the caller (throttle_succeeded). *upgrade, when set, is ready to replace
 * the slot: its parameters were below the configuration's. Call outside of any transaction. */
enum ww_err cred_password_check(struct ww_op *op, struct store *s, struct pwhash_pool *pool,
                                const struct pwhash_params *params, struct admit *admit, struct record *r,
                                struct bytes typed, struct authn **out,
                                struct password_ready *upgrade) WW_MUST;

/* The proof of somebody who has just set this password, for the session that a registration begins with:
 * r lists the credential, root is its vault's. WW_EINTERNAL where r has no password. */
enum ww_err cred_password_enrolled(struct ww_op *op, struct record *r, struct key *root,
                                   struct authn **out) WW_MUST;
/* Checks a proof's premises again, in the transaction that acts on it, against the record as it is now, which
 * the proof speaks of from then on. WW_EDENIED "wrong_credentials" when a credential of it went meanwhile or
 * the vault has another root key. */
enum ww_err cred_authn_confirm(struct ww_op *op, struct authn *a, struct record *now) WW_MUST;

/* Whether a password (as typed) opens the record's slot, without the throttle: for a session that has the
 * vault open and asks about its own new password. */
enum ww_err cred_password_opens(struct ww_op *op, struct store *s, struct pwhash_pool *pool, struct record *r,
                                struct bytes typed, bool *opens) WW_MUST;

#endif
