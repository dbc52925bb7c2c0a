/* "This person is authenticated", as a value: only the credential module makes one, and issuing a session
 * requires it. */
#ifndef AUTHN_H
#define AUTHN_H

#include "store.h"

struct authn {
    struct record *record; /* as it was when the credential was checked */
    const char *method;    /* Kratos' name: "password" */
    uint8_t level;         /* 1, 2 */
    uint64_t at;
    struct key *root;       /* R in the operation's arena when the credential opens the vault, else NULL */
    struct uuid credential; /* the credential that was checked */
};

#endif
