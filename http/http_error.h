/* Errors as Kratos answers them (kratos.md §0.2): {"error":{…}} and members beside it. */
#ifndef HTTP_ERROR_H
#define HTTP_ERROR_H

#include "http_server.h"
#include "js.h"

struct http_error {
    int status;
    const char *id;           /* "item_not_found"; NULL or "": none */
    const char *reason;       /* for people, finer than message; NULL: none */
    const char *message;      /* NULL: what is usual for the status */
    const char *request_id;   /* the client's X-Request-Id; NULL: none */
    const struct js *details; /* an object, or NULL */
    const struct js *beside;  /* an object whose members stand beside `error`, or NULL */
    uint32_t retry_after;     /* seconds; 0: not said */
};

/* The body; NULL when there is no memory. */
char *http_error_text(struct arena *a, const struct http_error *e) WW_MUST;
/* Answers with it: Content-Type, Ory-Error-Id, Retry-After, and request_id filled in. Cache-Control is the
 * caller's. */
void http_error_answer(struct http_request *r, struct http_error e);

#endif
