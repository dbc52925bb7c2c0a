/* The audit log (vault.md §9a): append-only, sealed, hash-chained per writing connection. */
#ifndef AUDIT_H
#define AUDIT_H

#include "store.h"

/*   name                  text                  shown in the account's history */
#define AUDIT_EVENTS(X)                                                                                      \
    X(CHAIN_STARTED, "audit.chain_started", 0)                                                               \
    X(ERASED, "audit.erased", 0)                                                                             \
    X(REGISTERED, "account.registered", 1)                                                                   \
    X(CREATED, "account.created", 1)                                                                         \
    X(DELETED, "account.deleted", 0)                                                                         \
    X(STATE_CHANGED, "account.state_changed", 1)                                                             \
    X(PROFILE_CHANGED, "profile.changed", 1)                                                                 \
    X(PASSWORD_CHANGED, "password.changed", 1)                                                               \
    X(LOGIN_SUCCEEDED, "login.succeeded", 1)                                                                 \
    X(LOGIN_FAILED, "login.failed", 1)                                                                       \
    X(SESSION_ENDED, "session.ended", 1)                                                                     \
    X(SESSIONS_ENDED, "session.others_ended", 1)                                                             \
    X(TAMPERED, "vault.tampered", 0)                                                                         \
    X(ROLLED_BACK, "vault.rolled_back", 0)

#define AUDIT_ENUM(name, text, shown) AUDIT_##name,
enum audit_kind { AUDIT_EVENTS(AUDIT_ENUM) AUDIT_KINDS };
#undef AUDIT_ENUM

struct audit_event {
    enum audit_kind kind;
    const struct record *record;   /* NULL: no account, or an unknown name */
    const struct uuid *session_id; /* NULL: none */
    const char *method;            /* "password", or NULL */
};

/* Appends, in a transaction; who asks comes from op->client. */
enum ww_err audit_append(struct ww_op *op, struct store *s, const struct audit_event *e) WW_MUST;
/* The same in a short transaction of its own, after one that was given up; a failure to do so changes nothing
 * for the caller, whose problem is kept. */
void audit_refusal(struct ww_op *op, struct store *s, const struct audit_event *e);

/* An event of an account's history. */
struct audit_row {
    int64_t node, n;
    uint64_t time;
    struct js *event; /* {"event","account","session","method","address","user_agent","location"} */
};
/* Newest first, those that are shown, before (time, node, n) where time is not 0; at most limit. Rows that do
 * not open or do not belong to the account are left out. */
enum ww_err audit_history(struct ww_op *op, struct store *s, const struct record *r,
                          const struct audit_row *before, size_t limit, struct audit_row **out,
                          size_t *n) WW_MUST;
/* Blob and account of the account's rows go; mark and link stay. In a transaction; an event itself. */
enum ww_err audit_erase_account(struct ww_op *op, struct store *s, const struct record *r) WW_MUST;
/* The same for what is older, in a transaction. */
enum ww_err audit_erase_before(struct ww_op *op, struct store *s, uint64_t time) WW_MUST;
/* Walks every chain: *events counts, *bad those whose blob, mark or link is not right, or that are missing.
 */
enum ww_err audit_verify(struct ww_op *op, struct store *s, size_t *events, size_t *bad) WW_MUST;

#endif
