/* Shared by the files of session/ only. */
#ifndef SESSION_INT_H
#define SESSION_INT_H

#include "session.h"

enum { SESSION_ENDED = 0, SESSION_ACTIVE = 1, WRAPPED_LENGTH = 109 };

/* What a row says, vault.md §9. */
struct session_content {
    struct uuid id;
    uint8_t state;
    uint32_t generation;
    uint64_t issued, authenticated, expires, seen;
    uint8_t level;
    uint64_t record_seq, vault_seq;
    struct key check;
    bool unlocked;
    struct bytes wrapped; /* WRAPPED_LENGTH bytes; zeros when locked */
    struct js *json;      /* {"methods","device","carrier"} */
};

enum ww_err session_content_write(struct ww_op *op, const struct session_content *c,
                                  struct bytes *out) WW_MUST;
/* WW_EDENIED when it is not of this form. */
enum ww_err session_content_read(struct ww_op *op, struct bytes in, struct session_content *out) WW_MUST;

void session_lookup(struct key *out, const struct uuid *token_id);
void session_check(struct key *out, const struct key *secret, const struct key *lookup);

/* A session from a row that was read for its account; WW_EDENIED when it does not open. */
enum ww_err session_from_row(struct ww_op *op, const struct session_rules *rules, struct record *r,
                             const struct session_row *row, struct session *x) WW_MUST;
/* Removes rows of the account until there are no more than rules->most: at most 128 at a time. */
enum ww_err session_make_room(struct ww_op *op, struct store *s, const struct session_rules *rules,
                              struct session *kept) WW_MUST;

/* Remembers that a session was seen; the latest remembered time, or 0. */
void session_seen_mark(struct session_seen *s, const struct key *lookup, uint64_t now);
uint64_t session_seen_get(struct session_seen *s, const struct key *lookup);

#endif
