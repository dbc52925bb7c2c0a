#include "http_status.h"

#include <stddef.h>

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

const char *http_status_text(int status)
{
    const struct row *row = row_of(status);
    return row ? row->text : "Unknown";
}

const char *http_status_message(int status)
{
    const struct row *row = row_of(status);
    if (!row || !row->message) {
        row = row_of(status >= 500 ? 500 : 400);
    }
    return row ? row->message : "";
}
