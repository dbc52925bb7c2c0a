/* One operation: its memory, its error, its clock, who asks, and the database connection that it holds.
 *
 * Every call that does work takes a struct ww_op first. Functions return enum ww_err; where a failure is
 * found, op_fail keeps its finer meaning, once, and the code travels up unchanged. */
#ifndef OP_H
#define OP_H

#include <stdatomic.h>
#include <stdint.h>

#include "arena.h"
#include "bytes.h"
#include "watchword/env.h"
#include "watchword/err.h"

struct ww;
struct ww_session;
struct db_conn;
struct store_device;

/* What went wrong, for the caller's user. All texts live in the arena or are constants. */
struct op_problem {
    enum ww_err err;
    const char *id;       /* stable reason id, such as "item_not_found"; never NULL once set */
    const char *field;    /* the field that is wrong, or NULL */
    const char *text;     /* one sentence, never a secret, never what somebody typed */
    uint32_t retry_after; /* seconds; 0 where it does not apply */
    uint64_t limit;       /* the limit that was passed; 0 where it does not apply */
};

/* Who asks; texts live as long as the operation. Empty texts where unknown, never NULL. */
struct op_client {
    const char *address; /* IPv4 or IPv6, without a port */
    const char *user_agent;
    const char *location; /* "city, country", as a trusted proxy says */
    const char *request_id;
    const char *device; /* what it remembers of whoever signed in before, vault.md §12 */
};

struct ww_op {
    struct arena arena;
    const struct ww_env *env;
    struct ww *ww;
    struct op_client client;
    struct op_problem problem;
    struct db_conn *conn; /* of the open transaction, or of rows that are being read; NULL else; store's */
    const struct store_device *device; /* what the client shall remember of who signed in; or NULL */
    /* What src/api checks its callers by: whether a call is under way, and the sessions that it gave out. */
    atomic_bool busy;
    struct ww_session *sessions;
    struct ww_problem told; /* of ww_op_problem */
};

/* op is zero-filled memory of the caller's. env may be NULL: the system's clock and randomness. */
void op_init(struct ww_op *op, const struct ww_env *env, struct ww *ww);
/* Wipes and frees everything the operation made. */
void op_free(struct ww_op *op);

/* A piece of a long walk, with memory of its own: the walk needs no more than its largest piece. What is made
 * between the two is gone after; a transaction begins and ends on the same side. err is returned, and its
 * op->problem is kept. */
struct op_piece {
    struct arena outer;
};
void op_piece_begin(struct ww_op *op, struct op_piece *piece);
enum ww_err op_piece_end(struct ww_op *op, struct op_piece *piece, enum ww_err err);

uint64_t op_now(const struct ww_op *op);
void op_random(const struct ww_op *op, void *buf, size_t n);

/* Keeps the reason of a failure and returns err, so that `return op_fail(…)` reads well. A second call
 * overwrites the first: only the place that knows more may do so. */
enum ww_err op_fail(struct ww_op *op, enum ww_err err, const char *id, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for a wrong field of the request. */
enum ww_err op_fail_field(struct ww_op *op, enum ww_err err, const char *id, const char *field,
                          const char *format, ...) __attribute__((format(printf, 5, 6)));
enum ww_err op_no_memory(struct ww_op *op);

/* The system's own implementation, used where ww_env has NULL. */
uint64_t op_system_now(void *ctx);
void op_system_random(void *ctx, void *buf, size_t n);

#endif
