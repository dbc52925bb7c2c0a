/* The one place where an error's body is made (kratos.md §0.2). */
#include "js_error.h"

#include "status.h"

static void put_text(struct arena *a, struct js *object, const char *key, const char *text)
{
    if (text && *text) {
        js_put(a, object, key, js_text(a, text));
    }
}

/* Members in Kratos' order, which the recorded exchanges are compared with. */
struct js *js_error(struct arena *a, const struct js_error *e)
{
    struct js *root = js_object(a), *error = js_object(a);
    put_text(a, error, "id", e->id);
    js_put(a, error, "code", js_int(a, e->status));
    put_text(a, error, "status", status_text(e->status));
    put_text(a, error, "request", e->request_id);
    /* Sentences of ours: callers put neither what was typed nor what the database said into them. */
    put_text(a, error, "reason", e->reason);
    if (e->details) {
        js_put(a, error, "details", js_copy(a, e->details));
    }
    put_text(a, error, "message", e->message ? e->message : status_message(e->status));
    js_put(a, root, "error", error);
    for (const struct js *m = e->beside ? e->beside->first : NULL; m; m = m->next) {
        js_put(a, root, (const char *)m->key.p, js_copy(a, m));
    }
    return root;
}
