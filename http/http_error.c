#include "http_error.h"

#include <stdio.h>
#include <string.h>

#include "http_status.h"

static void put_text(struct arena *a, struct js *object, const char *key, const char *text)
{
    if (text && *text) {
        js_put(a, object, key, js_text(a, text));
    }
}

char *http_error_text(struct arena *a, const struct http_error *e)
{
    struct js *root = js_object(a), *error = js_object(a);
    put_text(a, error, "id", e->id);
    js_put(a, error, "code", js_int(a, e->status));
    js_put(a, error, "status", js_text(a, http_status_text(e->status)));
    put_text(a, error, "request", e->request_id);
    put_text(a, error, "reason", e->reason);
    if (e->details) {
        js_put(a, error, "details", js_copy(a, e->details));
    }
    js_put(a, error, "message", js_text(a, e->message ? e->message : http_status_message(e->status)));
    js_put(a, root, "error", error);
    for (const struct js *m = e->beside ? e->beside->first : NULL; m; m = m->next) {
        js_put(a, root, (const char *)m->key.p, js_copy(a, m));
    }
    return js_write(a, root);
}

void http_error_answer(struct http_request *r, struct http_error e)
{
    struct arena arena = {0};
    char seconds[16];
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
