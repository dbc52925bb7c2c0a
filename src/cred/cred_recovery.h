/* Recovery codes as credentials (vault.md §7, kind 2): ten, each good once. */
#ifndef CRED_RECOVERY_H
#define CRED_RECOVERY_H

#include "cred_recovery_code.h"
#include "store.h"

enum { RECOVERY_CODES = 10 };

/* How many codes the record lists that open its vault, and when the newest was made (µs; 0: none). */
size_t cred_recovery_count(const struct record *r, uint64_t *made_at);

#endif
