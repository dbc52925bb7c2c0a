/* "This person is authenticated", as a value: only the credential module makes one, and issuing a session
 * requires it. What is inside stands in cred_int.h, where nobody else can reach it. */
#ifndef AUTHN_H
#define AUTHN_H

#include "store.h"

struct authn;

/* One credential that was checked. */
struct authn_step {
    struct uuid credential;
    const char *method; /* Kratos' name: "password" */
    uint8_t level;      /* the assurance it gives: 1, 2 */
    uint64_t at;        /* µs */
};

/* The account as it was when the credential was checked, or as cred_authn_confirm saw it last. */
struct record *cred_authn_record(const struct authn *a);
/* The root key, in the operation's arena, when a credential opened the vault; else NULL. */
struct key *cred_authn_root(const struct authn *a);
/* When the last credential was checked, µs. */
uint64_t cred_authn_at(const struct authn *a);
/* The highest level that its credentials give. */
uint8_t cred_authn_level(const struct authn *a);
/* The credentials in the order in which they were checked; at least one. */
const struct authn_step *cred_authn_steps(const struct authn *a, size_t *n);

#endif
