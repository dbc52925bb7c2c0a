/* What a caller may not do is found out here (include/watchword.h, "Threads" and "Fork"): these are mistakes
 * in the program, and going on would show one person's data to another or break the parent's store. So it
 * ends. */
#include "api_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static _Noreturn void stop(const char *why)
{
    /* The one line that the library ever prints: there is no caller left who could. */
    fprintf(stderr, "libwatchword: %s\n", why);
    abort();
}

bool api_is_forked(const struct ww *ww)
{
    return ww->pid != getpid();
}

/* Checked in this order: before `busy` is touched, it is sure that the operation is of this process. */
struct ww_op *api_enter(struct ww_op *op)
{
    if (!op) {
        stop("a call without an operation");
    }
    if (api_is_forked(op->ww)) {
        stop("an operation from before fork() is used in the child");
    }
    /* A lock would hide the mistake: an arena that two threads allocate from is torn whichever comes first.
     */
    if (atomic_exchange(&op->busy, true)) {
        stop("one operation is used by two calls at once");
    }
    return op;
}

void api_leave(struct ww_op **op)
{
    atomic_store(&(*op)->busy, false);
}

/* Walks the handles that this operation gave out and follows no pointer of the caller's: one from an
 * operation that has ended is found out without being read. */
struct session *api_session(const struct ww_op *op, const struct ww_session *session)
{
    for (const struct ww_session *s = op->sessions; s; s = s->next) {
        if (s == session) {
            return s->session;
        }
    }
    stop("a session is used that this operation did not give out");
}

/* Before the transaction: once a session is committed there must be no way left to fail. */
enum ww_err api_session_room(struct ww_op *op, struct ww_session **room)
{
    *room = ARENA_NEW(&op->arena, struct ww_session);
    return *room ? WW_OK : op_no_memory(op);
}

/* From now on the handle is known to api_session, and lives as long as the operation. */
void api_session_give(struct ww_op *op, struct ww_session *room, struct session *session,
                      struct ww_session **out)
{
    *room = (struct ww_session){op->sessions, session};
    op->sessions = room;
    *out = room;
}
