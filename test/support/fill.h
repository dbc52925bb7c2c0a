/* Many accounts at once: what registration writes, in large transactions and with one hash for all, so that a
 * store of a million is made in minutes. For tests and measurements. */
#ifndef FILL_H
#define FILL_H

#include "account.h"

/* What accounts of one call share. */
struct fill {
    struct ww_op *op;
    struct service *service;
    const char *name, *password; /* "<name><number>@example.org" */
    bool with_session;
    /* Called for each session that was made; may be NULL. */
    void (*made)(void *context, const struct session *x);
    void *context;
};
/* Accounts first … first + count - 1. */
enum ww_err fill_accounts(const struct fill *f, size_t first, size_t count);
/* More sessions of one account, in large transactions. */
enum ww_err fill_sessions(const struct fill *f, struct record *r, size_t count);

#endif
