/* Shared by the files of cred/ only. */
#ifndef CRED_INT_H
#define CRED_INT_H

#include "cred.h"

/* What one sign-in can be made of: a first factor, and further ones. */
enum { AUTHN_STEPS_MAX = 4 };

struct authn {
    struct record *record;
    struct key *root;
    struct authn_step steps[AUTHN_STEPS_MAX];
    size_t count;
};

/* ---- slots (cred_slot.c, vault.md §7) ---- */
/* Seals the root key for a credential: sets row->slot. */
enum ww_err cred_slot_seal(struct ww_op *op, const struct record *r, struct bytes secret,
                           const struct key *root, struct credential_row *row) WW_MUST;
/* Opens it; WW_EDENIED by cred_refuse_wrong when the secret is not the one. */
enum ww_err cred_slot_open(struct ww_op *op, const struct record *r, const struct record_credential *listed,
                           const struct credential_row *row, struct bytes secret, struct key **root) WW_MUST;

#endif
