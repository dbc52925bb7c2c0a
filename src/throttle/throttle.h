/* Throttling (own-api.md, "Throttling"): persistent counters, reserved in one statement before any hashing,
 * given back on success. "This attempt is admitted" is a value, struct admit, which only this module makes
 * and which checking a credential requires. The larger of the stored and this process' own count rules
 * (vault.md §14.6).
 *
 * Counters drain evenly: "5 failures in 15 minutes" are five at once, each forgotten after 3 minutes; the
 * wait is counted from those that are left. Calls that count run a short transaction of their own, so none
 * may be open. */
#ifndef THROTTLE_H
#define THROTTLE_H

#include "config.h"
#include "db.h"
#include "store.h"

struct throttle;

enum ww_err throttle_new(struct ww_op *op, const struct config *config, struct store *store,
                         struct throttle **out) WW_MUST;
void throttle_free(struct throttle *t);

/* An admitted attempt. Opaque to all but this module; lives in the operation's arena. */
struct admit;

/* Reserves a try at a credential for `tag` (the identifier's tag, whether or not it exists) from the client's
 * network (op->client.address; without an address nothing is counted by network). account: whose it is, or
 * NULL for nobody's. WW_ETHROTTLED with id "throttled" and retry_after. */
enum ww_err throttle_admit(struct ww_op *op, struct throttle *t, const struct key *tag,
                           const struct uuid *account, struct admit **out) WW_MUST;
/* A try for a session that is already known (current password, privileged refresh): counted by account and
 * network. */
enum ww_err throttle_admit_account(struct ww_op *op, struct throttle *t, const struct uuid *account,
                                   struct admit **out) WW_MUST;
/* The credential was right: gives the reservation back and remembers that this network succeeded on this
 * account. Failing to do so is not an error of the login. Without this call the reservation stands as a
 * failure. */
void throttle_succeeded(struct ww_op *op, struct throttle *t, struct admit *a,
                        const struct uuid *account_uuid);

/* The credential was not looked at after all (the hash queue was full): gives the reservation back. */
void throttle_not_tried(struct ww_op *op, struct throttle *t, struct admit *a);

enum throttle_event { THROTTLE_REGISTRATION, THROTTLE_FLOW };
/* Counts one; WW_ETHROTTLED past the limit. Under dev neither is counted. THROTTLE_FLOW is counted in memory
 * only. */
enum ww_err throttle_count(struct ww_op *op, struct throttle *t, enum throttle_event event) WW_MUST;

/* Counts that an account asks whether somebody exists, as sharing does; WW_ETHROTTLED past the limit. */
enum ww_err throttle_count_lookup(struct ww_op *op, struct throttle *t, const struct uuid *account) WW_MUST;

/* Removes counters that are over. */
enum ww_err throttle_sweep(struct ww_op *op, struct throttle *t) WW_MUST;

#endif
