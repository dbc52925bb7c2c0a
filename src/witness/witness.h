/* The witness (vault.md §12): a file outside of the database with the highest numbers that this node has
 * seen.
 *
 * A header of one page, then a slot of 16 bytes for each account: the record's number and the vault's, each a
 * u64. Numbers only rise. The file is mapped, and a slot is raised by compare-and-swap, so that threads and
 * programs share it without a lock and nobody ever waits. Slots that were never written are holes. */
#ifndef WITNESS_H
#define WITNESS_H

#include "op.h"
#include "uuid.h"

struct witness;

/* Slots stop there (64 GiB of holes at most): whoever may write to the database may make it give out ids of
 * any size, and a file must stay within what file systems have. */
#define WITNESS_ID_MAX  ((int64_t)UINT32_MAX)
#define WITNESS_DELETED UINT64_MAX

enum witness_use {
    WITNESS_SHARED, /* beside other programs */
    WITNESS_ALONE,  /* nobody else has it open: for `restore accept` */
};

/* Makes the file where there is none. WW_ECONFIG with the path and what to do: "witness_foreign" (another
 * deployment's), "witness_damaged" (torn, cut short, no witness), "witness_place" (cannot be made, opened for
 * writing, or kept there); WW_EFULL "witness_full" (no room on the disk); WW_EBUSY "witness_in_use"
 * (WITNESS_ALONE). */
enum ww_err witness_open(struct ww_op *op, const char *path, const struct uuid *deployment, uint32_t line,
                         enum witness_use use, struct witness **out) WW_MUST;
void witness_close(struct witness *w);
const char *witness_path(const struct witness *w);

/* ---- accounts ---- */
struct witness_seen {
    uint64_t record, vault; /* both WITNESS_DELETED: the account was deleted; zeros: never seen */
};
struct witness_seen witness_get(struct witness *w, int64_t id);
/* Neither number falls. False when the file cannot hold it (no room): witness_fault tells. */
bool witness_raise(struct witness *w, int64_t id, struct witness_seen seen);
/* Whatever stood there: for `restore accept`. */
bool witness_set(struct witness *w, int64_t id, struct witness_seen seen);
/* The first id after this one that was ever seen; 0: no more. */
int64_t witness_next(struct witness *w, int64_t after);
/* The highest id with a slot; 0: none. */
int64_t witness_top(const struct witness *w);
/* errno of the last raise that failed, once; 0: none. */
int witness_fault(struct witness *w);

/* ---- the ends of this node's audit chains (vault.md §9a) ---- */
enum { WITNESS_CHAINS = 63 };
struct witness_chain {
    int64_t node, n;
    uint64_t time; /* µs */
    uint8_t link[32];
};
void witness_chain_raise(struct witness *w, const struct witness_chain *end);
/* The i-th, i < WITNESS_CHAINS; false for one that is empty, or that a crash left half-written. */
bool witness_chain_get(const struct witness *w, size_t i, struct witness_chain *out);

/* ---- the line: how often a restore was accepted ---- */
uint32_t witness_line(const struct witness *w);
/* The line that a `restore accept`, begun and not finished, goes to; 0: none. */
uint32_t witness_accepting(const struct witness *w);
/* It was made beside a database with accounts: what came before, nobody knows. */
bool witness_is_blank(const struct witness *w);
void witness_set_blank(struct witness *w);
/* A restore is being accepted; the chains of before are forgotten. What is known of accounts stays unless
 * `forget` or the file is blank; deleted ones stay deleted. */
enum ww_err witness_begin_line(struct ww_op *op, struct witness *w, uint32_t line, bool forget) WW_MUST;
/* It is done. */
enum ww_err witness_end_line(struct ww_op *op, struct witness *w, uint32_t line) WW_MUST;
/* Another node accepted a restore: what is known of accounts is of another line, but deleted ones. */
enum ww_err witness_adopt_line(struct ww_op *op, struct witness *w, uint32_t line) WW_MUST;

#endif
