/* The audit log (vault.md §9a): append-only, sealed, hash-chained per writing connection. */
#ifndef AUDIT_H
#define AUDIT_H

#include "store.h"

/*   name                  text                  shown in the account's history */
#define AUDIT_EVENTS(X)                                                                                      \
    X(CHAIN_STARTED, "audit.chain_started", 0)                                                               \
    X(ERASED, "audit.erased", 0)                                                                             \
    X(UNREADABLE, "audit.unreadable", 1)                                                                     \
    X(REGISTERED, "account.registered", 1)                                                                   \
    X(CREATED, "account.created", 1)                                                                         \
    X(DELETED, "account.deleted", 0)                                                                         \
    X(STATE_CHANGED, "account.state_changed", 1)                                                             \
    X(PROFILE_CHANGED, "profile.changed", 1)                                                                 \
    X(PASSWORD_CHANGED, "password.changed", 1)                                                               \
    X(FACTOR_ADDED, "factor.added", 1)                                                                       \
    X(FACTOR_REMOVED, "factor.removed", 1)                                                                   \
    X(LOGIN_SUCCEEDED, "login.succeeded", 1)                                                                 \
    X(LOGIN_FAILED, "login.failed", 1)                                                                       \
    X(CODES_MADE, "codes.made", 1)                                                                           \
    X(CODES_REVOKED, "codes.revoked", 1)                                                                     \
    X(CODE_USED, "codes.used", 1)                                                                            \
    X(PASSWORD_SET, "password.set", 1)                                                                       \
    X(UNLOCKED, "vault.unlocked", 1)                                                                         \
    X(EPOCH_STARTED, "vault.epoch_started", 1)                                                               \
    X(REKEYED, "vault.rekeyed", 1)                                                                           \
    X(VAULT_NEW, "vault.new", 1)                                                                             \
    X(VAULT_MERGED, "vault.merged", 1)                                                                       \
    X(VAULT_DISCARDED, "vault.discarded", 1)                                                                 \
    X(VAULT_EXPIRED, "vault.expired", 1)                                                                     \
    X(SHARE_SENT, "share.sent", 1)                                                                           \
    X(SHARE_CHANGED, "share.recipients_changed", 1)                                                          \
    X(SHARE_WITHDRAWN, "share.withdrawn", 1)                                                                 \
    X(CONTACT_ACCEPTED, "contact.accepted", 1)                                                               \
    X(RESTORED, "account.restored", 1)                                                                       \
    X(NAMED_CREATED, "named.created", 0)                                                                     \
    X(NAMED_CHANGED, "named.changed", 0)                                                                     \
    X(NAMED_DELETED, "named.deleted", 0)                                                                     \
    X(NAMED_FAILED, "named.failed", 0)                                                                       \
    X(RESTORE_BEGUN, "restore.begun", 0)                                                                     \
    X(RESTORE_ACCEPTED, "restore.accepted", 0)                                                               \
    X(PUBLIC_WRITTEN, "public.written", 1)                                                                   \
    X(PUBLIC_DELETED, "public.deleted", 1)                                                                   \
    X(SESSION_ENDED, "session.ended", 1)                                                                     \
    X(SESSIONS_ENDED, "session.others_ended", 1)                                                             \
    X(SESSION_EXTENDED, "session.extended", 1)                                                               \
    X(KEY_ROTATED, "server_key.rotated", 0)                                                                  \
    X(REINDEXED, "server_key.reindexed", 0)                                                                  \
    X(KEY_RETIRED, "server_key.retired", 0)                                                                  \
    X(SESSION_DISPLACED, "session.displaced", 1)                                                             \
    X(TAMPERED, "vault.tampered", 0)                                                                         \
    X(ROLLED_BACK, "vault.rolled_back", 0)

#define AUDIT_ENUM(name, text, shown) AUDIT_##name,
enum audit_kind { AUDIT_EVENTS(AUDIT_ENUM) AUDIT_KINDS };
#undef AUDIT_ENUM

/* "login.succeeded" */
const char *audit_text(enum audit_kind kind);

struct audit_event {
    enum audit_kind kind;
    uint64_t time;                 /* µs */
    const struct record *record;   /* NULL: no account, or an unknown name */
    const struct uuid *session_id; /* NULL: none */
    const char *method;            /* "password", the id of a server key, or NULL */
};

/* Appends, in a transaction; who asks comes from op->client. Use cases call account_tell. */
enum ww_err audit_append(struct ww_op *op, struct store *s, const struct audit_event *e) WW_MUST;

/* An event of an account's history. */
struct audit_row {
    int64_t node, n;
    uint64_t time;    /* µs */
    struct js *event; /* {"event","time","account","session","method","address","user_agent","location"} */
};
/* Newest first, those that are shown, before (time, node, n) where time is not 0; at most limit. A row that
 * does not open, or whose sealed time or account is not the row's, is shown as AUDIT_UNREADABLE: what
 * somebody altered is never left out. */
enum ww_err audit_history(struct ww_op *op, struct store *s, const struct record *r,
                          const struct audit_row *before, size_t limit, struct audit_row **out,
                          size_t *n) WW_MUST;

/* Blob and account of the account's rows go; mark and link stay, and an event names the places. What is not
 * really the account's stays, for audit_verify to report. In a transaction. */
enum ww_err audit_erase_account(struct ww_op *op, struct store *s, const struct record *r) WW_MUST;
/* The same for a page of rows that are older than `before`, oldest first; *at is where the page before ended
 * (zeros at first) and becomes where this one does. Starts of chains and erasures stay: they hold nobody's
 * data. In a transaction, as often as *more says. */
enum ww_err audit_erase_page(struct ww_op *op, struct store *s, uint64_t before, struct audit_row *at,
                             bool *more) WW_MUST;

/* What is wrong with rows of the log. */
#define AUDIT_FINDINGS(X)                                                                                    \
    X(BROKEN, "missing, or out of their chain")                                                              \
    X(ALTERED, "altered")                                                                                    \
    X(REDATED, "not of the time that their row says")                                                        \
    X(MOVED, "not of the account that their row says")                                                       \
    X(EMPTIED, "emptied, and no erasure names them")                                                         \
    X(RETURNED, "there again, or gone, after an erasure named them")                                         \
    X(CUT, "cut off: another chain names them")

#define AUDIT_ENUM(name, text) AUDIT_##name,
enum audit_finding { AUDIT_FINDINGS(AUDIT_ENUM) AUDIT_FINDING_COUNT };
#undef AUDIT_ENUM

struct audit_report {
    size_t events;
    size_t found[AUDIT_FINDING_COUNT];
};
/* "cut off: another chain names them" */
const char *audit_finding_text(enum audit_finding f);
/* Walks every chain in one snapshot, in pages. Opens a reading transaction of its own. */
enum ww_err audit_verify(struct ww_op *op, struct store *s, struct audit_report *out) WW_MUST;

/* ---- the log as a file (docs/formats/audit.md) ---- */

/* Gets each line, without its end. */
typedef enum ww_err audit_line_writer(struct ww_op *op, void *context, const char *line);
/* All of it at one moment, in order of (node, n), with the keys that it is verified with, sealed under the
 * server key. Opens a reading transaction of its own. */
enum ww_err audit_export(struct ww_op *op, struct store *s, audit_line_writer *write, void *context,
                         uint64_t *rows) WW_MUST;

/* One chain of an exported log. */
struct audit_file_node {
    int64_t node, first, last; /* the numbers of its first and last row */
    uint64_t events, erased;   /* rows; of these, those without their event */
    uint64_t first_time, last_time;
    uint64_t missing, forks, altered;
};
struct audit_file_checker {
    void (*node)(void *context, const struct audit_file_node *node);
    void *context;
};
struct audit_file_report {
    uint64_t events, nodes;
    uint64_t missing; /* numbers that are passed over within chains */
    uint64_t forks;   /* two rows for one place, or another row than a chain saw there */
    uint64_t altered; /* rows whose mark, link, time or account is not the event's, or that did not open */
    uint64_t emptied, returned; /* as of audit_finding */
    uint64_t cut;               /* ends of chains that others name and that are not there */
    bool whole;                 /* the last line is there */
    bool keyed;                 /* marks and links were made anew */
};
/* Verifies such a file; ring NULL: without the keys, only what its lines say of each other. WW_EINVAL: not
 * such a file, with the line; WW_EKEYMISSING, WW_ETAMPERED: its keys do not open. */
enum ww_err audit_verify_file(struct ww_op *op, const char *path, const struct keyring *ring,
                              const struct audit_file_checker *checker,
                              struct audit_file_report *out) WW_MUST;

#endif
