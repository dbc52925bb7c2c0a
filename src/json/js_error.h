/* Errors as Kratos answers them (kratos.md §0.2): {"error":{…}} and members beside it. */
#ifndef JS_ERROR_H
#define JS_ERROR_H

#include "js.h"

struct js_error {
    int status;
    const char *id;           /* "item_not_found"; NULL or "": none */
    const char *reason;       /* for people, finer than message; NULL: none */
    const char *message;      /* NULL: what is usual for the status */
    const char *request_id;   /* the client's X-Request-Id; NULL: none */
    const struct js *details; /* an object, or NULL */
    const struct js *beside;  /* an object whose members stand beside `error`, or NULL */
    uint32_t retry_after;     /* seconds, for the header that goes with the body; 0: not said */
};

/* NULL when there is no memory. */
struct js *js_error(struct arena *a, const struct js_error *e) WW_MUST;

#endif
