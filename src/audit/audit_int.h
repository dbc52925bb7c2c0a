/* Shared by the files of audit/ only. */
#ifndef AUDIT_INT_H
#define AUDIT_INT_H

#include "audit.h"

enum { AUDIT_PAGE = 256, AUDIT_FILE_FORMAT = 1 };
#define AUDIT_FILE_KEYS "audit-keys" /* the label of what an exported log is verified with */

/* Places (node, first to last) of a chain; what is erased, or empty. */
struct audit_range {
    int64_t node, first, last;
};

/* Ranges with memory of their own: they outlive the pages they were read in. */
struct audit_ranges {
    struct audit_range *at;
    size_t n, capacity;
};

/* Adds one, to the last where it follows it. WW_ENOMEM. */
enum ww_err audit_ranges_add(struct audit_ranges *r, struct audit_range range) WW_MUST;
/* Sorts, and joins what touches or overlaps. */
void audit_ranges_join(struct audit_ranges *r);
/* Joins both: how many empty places no erasure names, and how many named ones are not empty. */
void audit_ranges_compare(struct audit_ranges *empty, struct audit_ranges *erased, uint64_t *emptied,
                          uint64_t *returned);
void audit_ranges_free(struct audit_ranges *r);

void audit_make_mark(const struct key *ak, struct bytes event, struct key *mark);
void audit_make_link(const struct key *ak, int64_t node, int64_t n, const struct key *before,
                     const struct key *mark, struct key *link);

bool audit_is_shown(enum audit_kind kind);

/* An event as it was sealed. */
struct audit_opened {
    enum audit_kind kind;
    struct bytes text;
    struct js *json;
    const char *account; /* UUID as text, or NULL */
};
/* Opens a row and reads it. WW_ETAMPERED for whatever is not what audit_append wrote at this place, also
 * under a server key that is not there: nobody can tell. WW_ENOMEM stays what it is. */
enum ww_err audit_open(struct ww_op *op, struct store *s, const struct audit_stored *row,
                       struct audit_opened *out) WW_MUST;

/* Whether an event's account is the one of its row. An event that was written while its account closed may
 * name one that is gone. */
enum ww_err audit_compare_owner(struct ww_op *op, struct store *s, const struct audit_opened *e,
                                const struct audit_stored *row, bool *same) WW_MUST;
bool audit_is_dated(const struct audit_opened *e, const struct audit_stored *row);

/* Appends what names the ranges as erased, in as many events as it takes; in a transaction. */
enum ww_err audit_append_erased(struct ww_op *op, struct store *s, const struct audit_ranges *r) WW_MUST;
/* The ranges that such an event names. */
enum ww_err audit_read_erased(struct ww_op *op, const struct js *event, struct audit_ranges *out) WW_MUST;

#endif
