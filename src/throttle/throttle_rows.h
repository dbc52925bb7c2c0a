/* Inside throttle: the table counters (vault.md §5), where `count` is the level and `until` the time of a
 * counter. */
#ifndef THROTTLE_ROWS_H
#define THROTTLE_ROWS_H

#include "store.h"
#include "throttle_memory.h"

/* Adds one, in one statement, unless it must wait: WW_ETHROTTLED (without op_fail). Sets subject->stored to
 * the row as it is then. In a transaction. */
enum ww_err throttle_counter_row_reserve(struct ww_op *op, struct throttle_subject *subject,
                                         int64_t now) WW_MUST;
/* Takes back the try that was made at `at`. In a transaction. */
enum ww_err throttle_counter_row_give_back(struct ww_op *op, const struct throttle_subject *subject,
                                           int64_t at) WW_MUST;
/* WW_ENOTFOUND (without op_fail) when there is none. */
enum ww_err throttle_counter_row_load(struct ww_op *op, const struct key *id,
                                      struct throttle_counter *out) WW_MUST;
/* Inserts or replaces. In a transaction. */
enum ww_err throttle_counter_row_put(struct ww_op *op, const struct key *id,
                                     const struct throttle_counter *c) WW_MUST;
/* Removes at most `limit` counters that have drained. */
enum ww_err throttle_counter_row_sweep(struct ww_op *op, int64_t now, int64_t limit,
                                       int64_t *removed) WW_MUST;

#endif
