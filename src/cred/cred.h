/* Credentials (vault.md §7), all kinds alike: a kind is a row of cred_kinds.c. Checking one requires a struct
 * admit and makes a struct authn. */
#ifndef CRED_H
#define CRED_H

#include "authn.h"
#include "cred_kind.h"
#include "throttle.h"

/* ---- checking ---- */
/* What somebody offers: one credential of one kind, as typed. */
struct cred_proof {
    enum credential_kind kind;
    struct bytes typed;
    bool to_open;        /* a credential that opens the vault, whether or not it still signs in */
    uint32_t generation; /* to_open: the root key of a waiting vault; 0: of the vault of now */
};

/* Checks proofs of one person in their order. The account may be NULL, or have no such credential: then the
 * same work is done for nobody. WW_EDENIED id "wrong_credentials" for the first that is wrong; WW_ETAMPERED
 * where a stored row is not right; WW_EBUSY. On WW_OK the admit is given back by the caller
 * (throttle_succeeded). *upgrade, when its public part is set, is ready to take the place of the first
 * credential: its parameters were below the configuration's, or it was a verifier. Call outside of any
 * transaction. */
enum ww_err cred_check(struct ww_op *op, const struct cred_context *x, struct admit *admit, struct record *r,
                       const struct cred_proof *proofs, size_t n, struct authn **out,
                       struct cred_ready *upgrade) WW_MUST;
/* The proof of somebody who has just been given a credential of this kind, for the session that a
 * registration begins with: r lists it, root is its vault's. WW_EINTERNAL where r has none. */
enum ww_err cred_enrolled(struct ww_op *op, struct record *r, enum credential_kind kind, struct key *root,
                          struct authn **out) WW_MUST;
/* Checks a proof's premises again, in the transaction that acts on it, against the record as it is now, which
 * the proof speaks of from then on. WW_EDENIED "wrong_credentials" when a credential of it went meanwhile or
 * the vault has another root key. */
enum ww_err cred_authn_confirm(struct ww_op *op, struct authn *a, struct record *now) WW_MUST;

/* The proof as it is when its first credential was replaced by one that opens: `id`, with the root key. */
enum ww_err cred_authn_opened(struct ww_op *op, const struct authn *a, const struct uuid *id,
                              struct key *root, struct authn **out) WW_MUST;

/* ---- making and removing ---- */
/* The costly part, before the transaction. WW_EINVAL with field. */
enum ww_err cred_prepare(struct ww_op *op, const struct cred_context *x, enum credential_kind kind,
                         struct bytes typed, struct cred_ready *out) WW_MUST;
/* Lists the credential in the record (the caller writes it) and makes its row, with a slot for root where it
 * can open (root NULL: none). */
enum ww_err cred_add(struct ww_op *op, struct record *r, const struct cred_ready *ready,
                     const struct key *root, struct credential_row *row) WW_MUST;
/* Takes it out of the record; the row is the caller's to delete. Errors are the kind's; one that r does not
 * list is fine. */
enum ww_err cred_remove(struct ww_op *op, struct record *r, const struct uuid *id) WW_MUST;

/* ---- questions ---- */
/* Whether a credential is of the vault of now, or of none: not one that is kept for a waiting vault. */
bool cred_is_of_now(const struct record *r, const struct record_credential *c);
/* The first credential of a kind that is of now, or NULL. */
const struct record_credential *cred_of(const struct record *r, enum credential_kind kind);
/* Whether the account has a credential to sign in with. */
bool cred_can_sign_in(const struct record *r);
/* Whether a credential opens the vault of now, or there is no vault to open. A slot of an earlier root key
 * opens what waits, at most, and counts for nothing. */
bool cred_keeps_vault(const struct record *r);

/* ---- passwords (cred_password.c) ---- */
/* NFC of a password as typed. WW_EINVAL with field "password": not UTF-8, or above 1,024 bytes. */
enum ww_err cred_password_normalize(struct ww_op *op, struct bytes typed, struct bytes *out) WW_MUST;
/* A complete hash of another program, as a credential that signs in and opens nothing (vault.md §7,
 * verifier): the first sign-in of an account without a vault replaces it. WW_EINVAL as pwhash_check; nothing
 * is hashed. */
enum ww_err cred_password_import(struct ww_op *op, const struct cred_context *x, struct bytes hash,
                                 struct cred_ready *out) WW_MUST;
/* A new password as a verifier, for who sets one without the vault's key (vault.md §10). Hashes. */
enum ww_err cred_password_verifier(struct ww_op *op, const struct cred_context *x, struct bytes typed,
                                   struct cred_ready *out) WW_MUST;
/* The account's verifier taken apart, so that it can be given a slot: a slot's secret is what the hash holds.
 * *found false: the account signs in by none. */
enum ww_err cred_password_of_verifier(struct ww_op *op, struct store *s, const struct record *r,
                                      struct cred_ready *out, bool *found) WW_MUST;
/* What is stored of the password that signs in: a verifier's complete hash, a slot's public part. NULL: the
 * account has none. */
enum ww_err cred_password_text(struct ww_op *op, struct store *s, const struct record *r,
                               const char **out) WW_MUST;
/* Whether a password (as typed) opens the record's slot, without the throttle: for a session that has the
 * vault open and asks about its own new password. */
enum ww_err cred_password_opens(struct ww_op *op, const struct cred_context *x, struct record *r,
                                struct bytes typed, bool *opens) WW_MUST;

#endif
