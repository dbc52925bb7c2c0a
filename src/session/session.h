/* Sessions (vault.md §9): opaque tokens, sealed rows, nothing cached: an end holds at once everywhere.
 *
 * A session lives in the operation's arena. Times are microseconds. */
#ifndef SESSION_H
#define SESSION_H

#include "authn.h"
#include "store.h"

enum session_carrier { SESSION_COOKIE, SESSION_TOKEN };

struct session {
    struct uuid id;
    bool active;       /* state, expiry, idle time, generation and account taken together */
    const char *token; /* the token it was resumed with or issued under; NULL in lists */
    enum session_carrier carrier;
    uint64_t issued, authenticated, expires, seen;
    uint8_t level;      /* 1, 2 */
    struct js *methods; /* [{"method","aal","completed_at":"RFC 3339"}], Kratos' authentication_methods */
    struct js *device;  /* {"id","ip_address","user_agent","location"} */
    struct record *record;
    struct vault_row vault; /* filled by session_resume where asked for */
    bool unlocked;
    struct key *root; /* R when unlocked, in the arena; NULL in lists */
    struct session_row row;
    struct key secret; /* zero in lists */
    /* Set by session_issue: how many active ones of the account ended to make room, and one of them. */
    size_t displaced;
    struct uuid displaced_id;
};

/* What was seen of sessions since the last flush; one per process, used by all threads. */
struct session_seen;
enum ww_err session_seen_new(struct session_seen **out) WW_MUST;
void session_seen_free(struct session_seen *s);

struct session_rules {
    uint64_t lifespan, idle;   /* idle 0 = off */
    size_t most;               /* sessions of an account; the oldest ends for one more. 0: any number */
    struct session_seen *seen; /* may be NULL */
};

/* Issues a new session, in a transaction. */
enum ww_err session_issue(struct ww_op *op, struct store *s, const struct session_rules *rules,
                          const struct authn *a, enum session_carrier carrier, struct session **out) WW_MUST;
/* Somebody signed in again as the same account: the id stays, authenticated moves, its methods are
 * added, and the level rises to what they give. A cookie gets a new token and its old row goes; a native
 * token stays. In a transaction. */
enum ww_err session_refresh(struct ww_op *op, struct store *s, const struct session_rules *rules,
                            struct session *old, const struct authn *a, struct session **out) WW_MUST;
/* The account has a vault that this session opens with root from now on: r is its record, written. The id and
 * what was proved stay; a cookie gets a new token and its old row goes, a native token stays. In a
 * transaction. */
enum ww_err session_opened(struct ww_op *op, struct store *s, struct session *old, struct record *r,
                           struct key *root, struct session **out) WW_MUST;
/* Who this token is. WW_EDENIED id "session_inactive" for anything that is no valid session (unknown, ended,
 * expired, idle, forged, moved, account gone or disabled). with_vault: also reads the vault row in the same
 * statement. Does not write. */
enum ww_err session_resume(struct ww_op *op, struct store *s, const struct session_rules *rules,
                           const char *token, bool with_vault, struct session **out) WW_MUST;
/* Whether the token is right but its session was ended (not: expired and swept). Does not write. */
bool session_has_ended(struct ww_op *op, struct store *s, const char *token);
/* Ends this one: state 0, wrapped root gone. In a transaction. Ending an ended one is fine. */
enum ww_err session_end(struct ww_op *op, struct store *s, struct session *x) WW_MUST;
/* It ends a lifespan from now. In a transaction. WW_EDENIED "session_inactive" for one that ended. */
enum ww_err session_extend(struct ww_op *op, struct store *s, const struct session_rules *rules,
                           struct session *x) WW_MUST;
/* Raises r->session_generation (the caller writes the record) so that all end; keep (may be NULL) is sealed
 * again with the new generation and record seq r->seq + 1. In a transaction. */
enum ww_err session_end_others(struct ww_op *op, struct store *s, struct record *r,
                               struct session *keep) WW_MUST;
/* A page of the account's sessions, newest first. */
struct session_page {
    bool active_only, ended_only;       /* neither: all of them (active says) */
    const struct uuid *without, *first; /* the session to leave out, the one to put first; or NULL */
    const struct uuid *after;           /* begins behind this one; at `skip` where NULL or gone */
    size_t skip, most;                  /* of those that are shown; most 0: all */
    size_t total;                       /* out: on all pages together */
    bool more;                          /* out: pages follow */
};
enum ww_err session_list(struct ww_op *op, struct store *s, const struct session_rules *rules,
                         struct record *r, struct session_page *page, struct session ***out,
                         size_t *n) WW_MUST;
/* Sessions of all accounts, in no order that means anything, behind a lookup (NULL: from the start): at most
 * `most` rows are looked at. *last: the one that was looked at last; *more: rows follow. */
struct session_scan {
    bool active_only, ended_only;
    const struct key *after;
    size_t most;
    struct key last; /* out */
    bool more;       /* out */
};
enum ww_err session_scan(struct ww_op *op, struct store *s, const struct session_rules *rules,
                         struct session_scan *scan, struct session ***out, size_t *n) WW_MUST;
/* One of the account's by its public id, or with r NULL anybody's; WW_ENOTFOUND without op_fail. */
enum ww_err session_find(struct ww_op *op, struct store *s, const struct session_rules *rules,
                         const struct record *r, const struct uuid *id, struct session **out) WW_MUST;
/* The logout token of a session, derived from its secret; and whether a text is it (constant time). */
char *session_logout_token(struct ww_op *op, const struct session *x) WW_MUST;
bool session_is_logout_token(struct ww_op *op, const struct session *x, const char *token) WW_MUST;
/* Writes what was seen, in short transactions of its own. What could not be written is kept for the next
 * time. */
enum ww_err session_flush_seen(struct ww_op *op, struct store *s, struct session_seen *seen) WW_MUST;
/* Writes the tag of an opened row anew, in a transaction. */
enum ww_err session_row_retag(struct ww_op *op, struct store *s, const struct session_row *row) WW_MUST;
/* Whether the plain columns of an opened row of a page are those of what is sealed in it (vault.md §6, §9).
 */
enum ww_err session_row_agrees(struct ww_op *op, struct store *s, const struct session_row *row,
                               bool *agrees) WW_MUST;

/* Kratos' session JSON (kratos.md §4.2); identity may be NULL (then "identity" is null). */
struct js *session_json(struct ww_op *op, const struct session *x, struct js *identity);

#endif
