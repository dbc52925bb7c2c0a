/* Sending an error: its body is made in src/json/js_error.c. */
#include "http_error.h"

#include <stdio.h>
#include <string.h>

void http_error_answer(struct http_request *r, struct js_error e)
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
    const char *text = js_write(&arena, js_error(&arena, &e));
    http_answer(r, e.status, text, text ? strlen(text) : 0);
    arena_free(&arena);
}
