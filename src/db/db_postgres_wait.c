/* PostgreSQL: every answer has a deadline. libpq's own calls that wait (PQexec …) wait for ever on a server
 * that has stopped or a network that swallows packets; so statements are sent, and their results waited for
 * by poll(2).
 *
 * The server has the same limits (lock_timeout, statement_timeout), and ends a statement first where it still
 * lives; the deadline here is for one that says nothing any more. After that the connection is of no use. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "db_postgres.h"
#include "timefmt.h"

/* How much longer than the server's own limit is waited. */
enum { GRACE_MS = 500 };

static unsigned patience(const struct db_conn *c)
{
    return c->asks ? DB_ASK_MS : (c->patient ? DB_PATIENT_MS : c->db->wait_ms) + GRACE_MS;
}

/* One step towards an answer: sends what is left to send, waits for the socket, reads. False: broken or too
 * late. */
static bool progress(struct db_conn *c, const struct timespec *deadline)
{
    const struct postgres_conn *p = c->native;
    /* Sending may wait as well: a server that reads nothing fills the socket. */
    int unsent = PQflush(p->pg);
    /* Asked each time: libpq may change its socket while it tries several addresses. */
    struct pollfd socket = {.fd = PQsocket(p->pg), .events = (short)(POLLIN | (unsent == 1 ? POLLOUT : 0))};
    if (unsent < 0 || socket.fd < 0) {
        return false;
    }
    int ready = poll(&socket, 1, timefmt_ms_until(deadline));
    /* The deadline of the whole answer, not of this step: a server that sends a byte now and then is as good
     * as silent. */
    if (ready == 0) {
        c->silent = true;
        return false;
    }
    return (ready < 0 && errno == EINTR) || (ready > 0 && PQconsumeInput(p->pg));
}

bool db_postgres_result(struct db_conn *c, PGresult **out)
{
    const struct postgres_conn *p = c->native;
    struct timespec deadline = timefmt_deadline(patience(c));
    *out = NULL;
    while (!c->broken && PQisBusy(p->pg)) {
        if (!progress(c, &deadline)) {
            c->broken = true;
        }
    }
    *out = c->broken ? NULL : PQgetResult(p->pg);
    return *out != NULL;
}

PGresult *db_postgres_last_result(struct db_conn *c, int sent)
{
    PGresult *last = NULL, *next;
    c->broken = c->broken || !sent;
    while (!c->broken && db_postgres_result(c, &next)) {
        PQclear(last);
        last = next;
    }
    if (c->broken) { /* of an answer that came in part nothing is known */
        PQclear(last);
        last = NULL;
    }
    return last;
}

PGresult *db_postgres_execute(struct db_conn *c, const char *sql)
{
    const struct postgres_conn *p = c->native;
    return db_postgres_last_result(c, PQsendQuery(p->pg, sql));
}
