/* One operation: its memory, clock, chance and error. */
#include "op.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static const struct ww_env system_env = {0};

/* µs since 1970 UTC. Not monotonic: these times are stored and compared across machines. */
uint64_t op_system_now(void *ctx)
{
    struct timespec t;
    (void)ctx;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

void op_system_random(void *ctx, void *buf, size_t n)
{
    uint8_t *p = buf;
    (void)ctx;
    while (n > 0) {
        /* The kernel's generator, which waits only while the machine has not gathered anything yet after
         * its start. No pool of our own that a fork could copy. */
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR) {
            continue; /* only while it waits for that */
        }
        if (got <= 0) {
            abort(); /* no kernel that this runs on lacks it: going on without randomness is not an option */
        }
        p += got;
        n -= (size_t)got;
    }
}

/* The environment is a test's (its clock, its chance, its faults) or the system's; texts of the client are
 * never NULL. */
void op_init(struct ww_op *op, const struct ww_env *env, struct ww *ww)
{
    *op = (struct ww_op){.env = env ? env : &system_env, .ww = ww};
    op->arena.env = op->env;
    op->client = (struct op_client){"", "", "", "", ""};
}

void op_free(struct ww_op *op)
{
    arena_free(&op->arena);
}

/* For loops over rows without end: each piece has an arena of its own, wiped before the next. */
void op_piece_begin(struct ww_op *op, struct op_piece *piece)
{
    piece->outer = op->arena;
    op->arena = (struct arena){.env = op->env, .limit = piece->outer.limit};
}

/* Without memory for a copy, the general text of the error will do. */
static const char *kept_text(struct arena *a, const char *text, const char *otherwise)
{
    const char *copy = text ? arena_strdup(a, text) : NULL;
    return copy ? copy : otherwise;
}

enum ww_err op_piece_end(struct ww_op *op, struct op_piece *piece, enum ww_err err)
{
    if (err) {
        /* The text lies in the piece's arena, which is wiped below. */
        op->problem.text = kept_text(&piece->outer, op->problem.text, ww_err_text(err));
        op->problem.field = kept_text(&piece->outer, op->problem.field, NULL);
    } else {
        op->problem = (struct op_problem){0};
    }
    arena_free(&op->arena);
    op->arena = piece->outer;
    return err;
}

uint64_t op_now(const struct ww_op *op)
{
    return op->env->now ? op->env->now(op->env->ctx) : op_system_now(NULL);
}

void op_random(const struct ww_op *op, void *buf, size_t n)
{
    if (op->env->random) {
        op->env->random(op->env->ctx, buf, n);
    } else {
        op_system_random(NULL, buf, n);
    }
}

__attribute__((format(printf, 5, 0))) static enum ww_err
fail(struct ww_op *op, enum ww_err err, const char *id, const char *field, const char *format, va_list ap)
{
    /* Texts of problems may reach clients and the log: callers put neither secrets nor what was typed into
     * them. */
    char *text = arena_vprintf(&op->arena, format, ap);
    op->problem = (struct op_problem){
        .err = err,
        .id = id,
        .field = field ? arena_strdup(&op->arena, field) : NULL,
        /* Lack of memory for the sentence does not change the answer. */
        .text = text ? text : ww_err_text(err),
    };
    return err;
}

enum ww_err op_fail(struct ww_op *op, enum ww_err err, const char *id, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fail(op, err, id, NULL, format, ap);
    va_end(ap);
    return err;
}

enum ww_err op_fail_field(struct ww_op *op, enum ww_err err, const char *id, const char *field,
                          const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fail(op, err, id, field, format, ap);
    va_end(ap);
    return err;
}

enum ww_err op_no_memory(struct ww_op *op)
{
    /* Allocates nothing, since nothing can be had. */
    op->problem =
        (struct op_problem){.err = WW_ENOMEM, .id = "out_of_memory", .text = ww_err_text(WW_ENOMEM)};
    return WW_ENOMEM;
}
