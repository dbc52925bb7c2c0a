/* What waits until somebody has signed in (again): vault.md §9 (continuity). */
#ifndef FLOW_WAIT_H
#define FLOW_WAIT_H

#include "account.h"

/* Keeps the payload for 15 minutes, sealed for this account under a key that only *cookie (arena, base64url
 * of id ‖ secret) holds. The caller has counted the row. */
enum ww_err flow_wait_keep(struct ww_op *op, struct service *s, const struct uuid *account,
                           const struct js *payload, char **cookie) WW_MUST;
/* Opens it and leaves it there. WW_ENOTFOUND: no such thing, or its time is over; WW_EDENIED: it was kept for
 * another account, or with another cookie. */
enum ww_err flow_wait_open(struct ww_op *op, struct service *s, const struct uuid *account,
                           const char *cookie, struct flow_row *row, struct js **payload) WW_MUST;
/* Empties and ends it, once: WW_ENOTFOUND for who comes second. */
enum ww_err flow_wait_end(struct ww_op *op, struct service *s, struct flow_row *row) WW_MUST;

/* ---- what somebody typed (watchword/flow.h) ---- */
char *flow_typed_ticket(struct ww_op *op, struct service *s, const struct uuid *account);
/* WW_EDENIED for whatever is no ticket of ours, or too old. */
enum ww_err flow_typed_ticket_open(struct ww_op *op, struct service *s, const char *ticket,
                                   struct uuid *account) WW_MUST;
enum ww_err flow_typed_keep(struct ww_op *op, struct service *s, const char *ticket, struct bytes text,
                            char **cookie) WW_MUST;
enum ww_err flow_typed_take(struct ww_op *op, struct service *s, const struct uuid *account,
                            const char *cookie, struct bytes *text) WW_MUST;

#endif
