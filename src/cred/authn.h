/* "This person is authenticated", as a value that issuing a session requires. cred_password_check makes one;
 * so does registration (account_register.c), for who has just set the password. */
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
