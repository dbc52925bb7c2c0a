/* The kinds of credentials, one row each (vault.md §7). */
#include "cred_kind.h"

const struct cred_kind *const cred_kinds[] = {&cred_password, &cred_recovery, NULL};
