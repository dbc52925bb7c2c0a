/* Accepting that the database was put back to an earlier moment: a backup was restored, or a failover lost
 * what was committed (vault.md §12). Beside account.h, for who operates. */
#ifndef ACCOUNT_RESTORE_H
#define ACCOUNT_RESTORE_H

#include "account.h"

struct account_restore {
    bool all; /* in: what this node remembers of accounts is not relied on */
    uint32_t line;
    size_t accounts, restored, deleted, damaged;
};
/* The store is open for it (STORE_ACCEPT). Killed at any moment it is begun again, and goes on. step hears
 * how many accounts of how many. WW_EINVAL id "restore_not_open"; WW_EKEYMISSING where a record is of a
 * server key that is not configured. */
enum ww_err account_restore_accept(struct ww_op *op, struct service *s, const struct account_checker *checker,
                                   struct account_restore *out) WW_MUST;

#endif
