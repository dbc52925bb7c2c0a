/* What a kind of credential is (vault.md §7). A kind is one file and one row of cred_kinds.c; cred.h is what
 * the rest of the program calls, for all kinds alike. */
#ifndef CRED_KIND_H
#define CRED_KIND_H

#include "pwhash.h"
#include "store.h"

/* What checking may use. */
struct cred_context {
    struct store *store;
    struct pwhash_pool *pool;
    const struct pwhash_params *hashing; /* of new passwords */
    bool to_open;                        /* as of the proof: what opens is looked for, not what signs in */
    uint32_t generation;                 /* of the root key that it opens; 0: that of the vault of now */
};

/* A credential that was made, before the transaction that will write it; in the operation's arena. */
struct cred_ready {
    enum credential_kind kind;
    struct bytes public_part;
    struct bytes secret; /* what its slot is sealed under; p NULL: it opens nothing (a verifier) */
};

/* What a check found. */
struct cred_found {
    struct record *record; /* as it was read last: a check may read it again */
    struct uuid credential;
    struct key *root; /* R in the operation's arena where the credential opens the vault, else NULL */
    struct cred_ready upgrade; /* to take the credential's place; public_part.p NULL: none */
};

struct cred_kind {
    enum credential_kind kind;
    const char *method; /* Kratos' name, in authentication_methods: "password" */
    uint8_t level;      /* the assurance that it gives: 1, 2 */
    uint8_t role;       /* of new ones: ROLE_LOGIN, ROLE_SECOND, ROLE_OPENS */
    bool once;          /* good for one use, by a use case that takes it away: never by a plain sign-in */
    /* Checks what was typed against the account's credentials of this kind, outside any transaction.
     * out->record is r. r NULL, and an account that has none: the same work for nobody. WW_EDENIED by
     * cred_refuse_wrong, WW_ETAMPERED, WW_EBUSY. */
    enum ww_err (*check)(struct ww_op *op, const struct cred_context *x, struct record *r, struct bytes typed,
                         struct cred_found *out);
    /* Makes what will be stored of a new one, outside any transaction. WW_EINVAL with field. */
    enum ww_err (*add)(struct ww_op *op, const struct cred_context *x, struct bytes typed,
                       struct cred_ready *out);
    /* Whether this one may go, in the transaction that removes it; NULL: always. */
    enum ww_err (*remove)(struct ww_op *op, struct record *r, const struct record_credential *c);
};

/* Ends with NULL. */
extern const struct cred_kind *const cred_kinds[];
extern const struct cred_kind cred_password, cred_recovery;

/* NULL: there is no such kind. */
const struct cred_kind *cred_kind_find(enum credential_kind kind);

/* The one refusal for a name nobody has, a wrong secret, and a credential that went meanwhile. */
enum ww_err cred_refuse_wrong(struct ww_op *op);

#endif
