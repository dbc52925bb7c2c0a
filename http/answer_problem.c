/* What the library refused, as an answer (own-api.md, "Refusals of its own"); the statuses are status.c's. */
#include <string.h>

#include "handlers.h"
#include "http_error.h"
#include "log.h"
#include "status.h"

/* What a failure of the library becomes on our own routes: status and id from the one table
 * (src/base/status.c), its sentence only where that is meant for people. */
void answer_problem(struct route_call *c, enum ww_err err)
{
    const struct ww_problem *p = ww_op_problem(c->op);
    struct status_refusal r = status_of_error(err, p->id);
    struct js_error e = {.status = r.status, .id = r.id, .reason = r.told ? p->text : NULL};
    /* What is wrong with the server is logged in full and answered in general; a full queue is no fault of
     * it. */
    if (e.status >= 500 && err != WW_EBUSY) {
        log_write(LOG_ERROR, "failed", "error", ww_err_name(err), "id", p->id, "text", p->text, "request_id",
                  http_request_id(c->r), NULL);
    }
    /* The field and the limit, never the value that was sent. */
    if (e.status < 500 && (p->field || p->limit)) {
        struct js *details = js_object(c->arena);
        if (p->field) {
            js_put(c->arena, details, "field", js_text(c->arena, p->field));
        }
        if (p->limit && p->limit <= INT64_MAX) {
            js_put(c->arena, details, "limit", js_int(c->arena, (int64_t)p->limit));
        }
        e.details = details;
    }
    e.retry_after = p->retry_after ? p->retry_after : e.status == 503 ? 1 : 0;
    http_error_answer(c->r, e);
}
