/* From the library's codes to statuses (own-api.md). */
#include <string.h>

#include "handlers.h"
#include "http_error.h"
#include "log.h"

static const struct {
    enum ww_err err;
    int status;
    const char *id; /* NULL: the problem's own */
} statuses[] = {
    {WW_EINVAL, 400, NULL},
    {WW_EVALIDATION, 400, NULL},
    {WW_EDENIED, 401, NULL},
    {WW_EDISABLED, 401, NULL},
    {WW_EAAL, 403, "session_aal2_required"},
    {WW_EREAUTH, 403, "session_refresh_required"},
    {WW_EFORBIDDEN, 403, NULL},
    {WW_ENOTFOUND, 404, NULL},
    {WW_ECONFLICT, 409, NULL},
    {WW_ENOVAULT, 409, "vault_none"},
    {WW_EEXPIRED, 410, NULL},
    {WW_EVERSION, 412, "version_mismatch"},
    {WW_ETOOLARGE, 413, NULL},
    {WW_EFULL, 413, NULL},
    {WW_ELOCKED, 423, "vault_locked"},
    {WW_ETHROTTLED, 429, "throttled"},
    {WW_ETAMPERED, 500, "vault_tampered"},
    {WW_EROLLEDBACK, 500, "vault_rolled_back"},
    {WW_EBUSY, 503, "busy"},
    {WW_ENOMEM, 503, "busy"},
};

void answer_problem(struct route_call *c, enum ww_err err)
{
    const struct ww_problem *p = ww_op_problem(c->op);
    struct http_error e = {.status = 500}; /* our own failures are told as that only */
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].err == err) {
            e.status = statuses[i].status;
            e.id = statuses[i].id ? statuses[i].id : p->id;
            e.reason = err == WW_ETAMPERED || err == WW_ENOMEM ? NULL : p->text;
        }
    }
    if (strncmp(p->id, "db_", 3) == 0) { /* the database's own words name its place: they are for the log */
        e.status = err == WW_EFULL ? 503 : e.status;
        e.id = e.status == 503 ? "busy" : NULL;
        e.reason = NULL;
    }
    if (e.status >= 500 && err != WW_EBUSY) {
        log_write(LOG_ERROR, "failed", "error", ww_err_name(err), "id", p->id, "text", p->text, "request_id",
                  http_request_id(c->r), NULL);
    }
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
