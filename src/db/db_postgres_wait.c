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

/* GRACE: how much longer than the server's own limit is waited. ASK: for a sign of life of one that fell
 * silent. */
enum { GRACE_MS = 500, ASK_MS = 1000 };

static unsigned patience(const struct db_conn *c)
{
    return c->asks ? ASK_MS : (c->patient ? DB_PATIENT_MS : c->db->wait_ms) + GRACE_MS;
}

static int ms_until(const struct timespec *deadline)
{
    struct timespec now = timefmt_deadline(0);
    int64_t ms =
        (int64_t)(deadline->tv_sec - now.tv_sec) * 1000 + (deadline->tv_nsec - now.tv_nsec) / 1000000;
    return ms < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (int)ms;
}

/* One step towards an answer: sends what is left to send, waits for the socket, reads. False: broken or too
 * late. */
static bool progress(struct db_conn *c, const struct timespec *deadline)
{
    const struct postgres_conn *p = c->native;
    int unsent = PQflush(p->pg);
    struct pollfd socket = {.fd = PQsocket(p->pg), .events = (short)(POLLIN | (unsent == 1 ? POLLOUT : 0))};
    if (unsent < 0 || socket.fd < 0) {
        return false;
    }
    int ready = poll(&socket, 1, ms_until(deadline));
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

bool db_postgres_connected(struct db_conn *c, unsigned most_ms)
{
    const struct postgres_conn *p = c->native;
    struct timespec deadline = timefmt_deadline(c->asks ? ASK_MS : most_ms);
    PostgresPollingStatusType wants = PGRES_POLLING_WRITING;
    while (wants != PGRES_POLLING_OK && wants != PGRES_POLLING_FAILED) {
        struct pollfd socket = {.fd = PQsocket(p->pg),
                                .events = wants == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        int ready = socket.fd < 0 ? -1 : poll(&socket, 1, ms_until(&deadline));
        if (ready == 0) {
            c->silent = true;
            return false;
        }
        if (ready > 0) {
            wants = PQconnectPoll(p->pg);
        } else if (socket.fd < 0 || errno != EINTR) {
            return false;
        }
    }
    return wants == PGRES_POLLING_OK;
}
