/* Sending an error: its body is made in src/json/js_error.c. */
#include "http_error.h"

#include <stdio.h>
#include <string.h>

#include "js_error.h"

char *http_error_text(struct arena *a, const struct http_error *e)
{
    const struct js_error body = {.status = e->status,
                                  .id = e->id,
                                  .reason = e->reason,
                                  .message = e->message,
                                  .request_id = e->request_id,
                                  .details = e->details,
                                  .beside = e->beside};
    return js_write(a, js_error(a, &body));
}

void http_error_answer(struct http_request *r, struct http_error e)
{
    struct arena arena = {0};
    char seconds[16];
    /* Repeated only when the client sent one, as Kratos does (kratos.md §0.2). */
    if (http_request_id_given(r)) {
        e.request_id = http_request_id(r);
    }
    http_answer_header(r, "Content-Type", "application/json");
    http_answer_header(r, "Ory-Error-Id", e.id ? e.id : "");
    if (e.retry_after) {
        snprintf(seconds, sizeof seconds, "%u", e.retry_after);
        http_answer_header(r, "Retry-After", seconds);
    }
    const char *text = http_error_text(&arena, &e);
    http_answer(r, e.status, text, text ? strlen(text) : 0);
    arena_free(&arena);
}
