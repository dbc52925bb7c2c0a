/* Statuses of HTTP (RFC 9110 §15), their words as Kratos has them (kratos.md §0.2), and which one each code
 * of ours becomes (own-api.md, "Refusals of its own"): for flows, routes and pages alike. */
#include "status.h"

#include <stddef.h>
#include <string.h>

static const struct row {
    int status;
    const char *text, *message;
} rows[] = {
    {100, "Continue", NULL},
    {200, "OK", NULL},
    {201, "Created", NULL},
    {202, "Accepted", NULL},
    {204, "No Content", NULL},
    {301, "Moved Permanently", NULL},
    {302, "Found", NULL},
    {303, "See Other", NULL},
    {304, "Not Modified", NULL},
    {307, "Temporary Redirect", NULL},
    {308, "Permanent Redirect", NULL},
    {400, "Bad Request", "The request was malformed or contained invalid parameters"},
    {401, "Unauthorized", "The request could not be authorized"},
    {403, "Forbidden", "The requested action was forbidden"},
    {404, "Not Found", "The requested resource could not be found"},
    {405, "Method Not Allowed", NULL},
    {406, "Not Acceptable", NULL},
    {408, "Request Timeout", "The request did not arrive in time"},
    {409, "Conflict", "The resource could not be created due to a conflict"},
    {410, "Gone",
     "The requested resource is no longer available because it has expired or is otherwise invalid."},
    {411, "Length Required", NULL},
    {412, "Precondition Failed", "The condition of the request did not hold"},
    {413, "Request Entity Too Large", "The request is too large"},
    {415, "Unsupported Media Type", NULL},
    {417, "Expectation Failed", NULL},
    {422, "Unprocessable Entity", NULL},
    {423, "Locked", "The requested resource is locked"},
    {429, "Too Many Requests", "There were too many requests; try again later"},
    {431, "Request Header Fields Too Large", "The request's head is too large"},
    {500, "Internal Server Error",
     "An internal server error occurred, please contact the system administrator"},
    {501, "Not Implemented", NULL},
    {502, "Bad Gateway", NULL},
    {503, "Service Unavailable", "The server is busy; try again later"},
    {504, "Gateway Timeout", NULL},
    {505, "HTTP Version Not Supported", NULL},
};

static const struct row *row_of(int status)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].status == status) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *status_text(int status)
{
    const struct row *row = row_of(status);
    return row ? row->text : "Unknown";
}

const char *status_message(int status)
{
    const struct row *row = row_of(status);
    if (!row || !row->message) {
        row = row_of(status >= 500 ? 500 : 400);
    }
    return row ? row->message : "";
}

/* Codes that a client is told of; all others are our own failures. */
static const struct status_refusal refusals[] = {
    {WW_EINVAL, 400, NULL, true},
    {WW_EVALIDATION, 400, NULL, true},
    /* One status for every reason why a sign-in fails (vault.md §13). */
    {WW_EDENIED, 401, NULL, true},
    {WW_EDISABLED, 401, NULL, true},
    {WW_EAAL, 403, "session_aal2_required", true},
    {WW_EREAUTH, 403, "session_refresh_required", true},
    {WW_EFORBIDDEN, 403, NULL, true},
    {WW_ENOTFOUND, 404, NULL, true},
    {WW_ECONFLICT, 409, NULL, true},
    {WW_ENOVAULT, 409, "vault_none", true},
    {WW_EEXPIRED, 410, NULL, true},
    {WW_EVERSION, 412, "version_mismatch", true},
    {WW_ETOOLARGE, 413, NULL, true},
    {WW_EFULL, 413, NULL, true},
    {WW_ELOCKED, 423, "vault_locked", true},
    {WW_ETHROTTLED, 429, "throttled", true},
    /* Not told: what exactly is damaged would help who is changing rows and watching. */
    {WW_ETAMPERED, 500, "vault_tampered", false},
    {WW_EROLLEDBACK, 500, "vault_rolled_back", false},
    {WW_EBUSY, 503, "busy", true},
    {WW_ENOMEM, 503, "busy", false},
    {WW_EIO, 503, "unavailable", false},
};

struct status_refusal status_of_error(enum ww_err err, const char *problem_id)
{
    /* A code that is not in the table is a failure of ours, and its text is for the log. */
    struct status_refusal r = {err, 500, NULL, false};
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].err == err) {
            r = refusals[i];
            r.id = r.id ? r.id : problem_id;
        }
    }
    /* A full disk is "full" in the database's sense, not in the client's: 503 and not 413. */
    if (problem_id && strncmp(problem_id, "db_", 3) == 0) {
        r.status = err == WW_EFULL ? 503 : r.status;
        r.id = r.status == 503 ? "busy" : NULL;
        r.told = false; /* the database's own words name its place: they are for the log */
    }
    return r;
}
