/* /schemas (kratos.md §1.1). */
#include <string.h>

#include "encode.h"
#include "flow_int.h"
#include "utf8.h"

/* Entries of a page (kratos.md §1.3). */
enum { SCHEMAS_PAGE_MOST = 1000 };

enum ww_err flow_schema_list(struct call *c)
{
    struct js *body = js_array(c->a);
    struct flow_paging p;
    bool answered;
    size_t n = schema_count(c->s->schemas);
    enum ww_err err = flow_paging_read(c, SCHEMAS_PAGE_MOST, &p, &answered);

    if (err || answered) {
        return err;
    }
    for (uint64_t i = p.page * p.size; i < n && i < (p.page + 1) * p.size; i++) {
        const struct identity_schema *s = schema_at(c->s->schemas, (size_t)i);
        struct js *entry = js_object(c->a);
        js_put(c->a, entry, "id", js_text(c->a, s->id));
        js_put(c->a, entry, "schema", js_copy(c->a, s->json));
        js_push(body, entry);
    }
    flow_paging_answer(c, "/schemas", "", &p, n);
    return flow_answer_json(c, 200, body);
}

/* By id as it is, or in base64url, as identities' schema_url has it. */
enum ww_err flow_schema_fetch(struct call *c)
{
    const char *id = c->in->path_id ? c->in->path_id : "";
    const struct identity_schema *s = schema_find(c->s->schemas, id);
    struct bytes decoded;

    /* Read-only data of the site, found by comparison with what is configured: no path is ever made of it. */
    if (!s && base64_decode(c->a, BASE64_URL, bytes_str(id), &decoded)) {
        const char *text = arena_strndup(c->a, decoded.p, decoded.n);
        s = text && strlen(text) == decoded.n ? schema_find(c->s->schemas, text) : NULL;
    }
    if (s) {
        c->out->status = 200;
        /* As the file has it, byte for byte: clients compare and cache it. */
        c->out->body = (const char *)s->text.p;
        c->out->body_length = s->text.n;
        return WW_OK;
    }
    if (!(id = utf8_clean(c->a, id, LIMIT_ECHO))) {
        return op_no_memory(c->op);
    }
    struct flow_refusal why = {.status = 404,
                               .reason = arena_printf(c->a, "Identity schema `%s` could not be found.", id)};
    return flow_refuse_json(c, &why, NULL, NULL, NULL);
}
