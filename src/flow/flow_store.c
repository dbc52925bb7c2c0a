/* Flows as they are stored: made, loaded, saved where nobody changed them meanwhile (vault.md §5, flows). */
#include <string.h>

#include "flow_csrf.h"
#include "flow_int.h"
#include "flow_return_to.h"
#include "timefmt.h"

static void put_time(struct call *c, struct js *o, const char *key, uint64_t us)
{
    js_put(c->a, o, key, js_text(c->a, timefmt_rfc3339(c->a, us)));
}

void flow_set_stage(struct call *c, struct flow *f, enum stage stage)
{
    f->stage = stage;
    js_put(c->a, f->row.json, "stage", js_int(c->a, stage));
}

/* A native client that sends no cookie gets an empty token (kratos.md §2.5). */
char *flow_csrf_token(struct call *c, bool api)
{
    char *token = NULL;

    /* A browser that had no cookie gets one with this answer, and its token is made of that. */
    if (c->in->csrf_cookie && (!api || c->in->csrf_cookie_sent)) {
        token = flow_csrf_mask(c->op, c->in->csrf_cookie);
    }
    return token ? token : arena_strdup(c->a, "");
}

static struct js *new_ui(struct call *c, const char *id)
{
    /* An absolute address: the page that shows the form may be on another host. */
    char *base = flow_public_url(c->a, c->s->config);
    char *path = arena_printf(c->a, "/self-service/%s", c->kind->name);
    char *action = base && path ? flow_url_join(c->a, base, path) : NULL;
    struct js *ui = js_object(c->a);

    js_put(c->a, ui, "action", js_text(c->a, action ? flow_url_with(c->a, action, "flow", id) : NULL));
    js_put(c->a, ui, "method", js_text(c->a, "POST"));
    js_put(c->a, ui, "nodes", js_array(c->a));
    return ui;
}

enum ww_err flow_new(struct call *c, const char *request_url, const char *return_to, bool api,
                     struct flow **out)
{
    struct flow *f = ARENA_NEW(c->a, struct flow);
    uint64_t now = op_now(c->op);
    char id[UUID_TEXT];

    *out = NULL;
    if (!f) {
        return op_no_memory(c->op);
    }
    f->api = api;
    /* The id alone opens a native flow, and it is random: whoever does not know it finds no flow. */
    f->row = (struct flow_row){.id = uuid_new(c->op),
                               .kind = c->kind->kind,
                               /* In the row as a plain column too, for the sweep; what counts is what is
                                * sealed beside it. */
                               .expires = now + config_duration(c->s->config, c->kind->lifespan),
                               .rev = 1,
                               .json = js_object(c->a)};
    uuid_format(id, f->row.id);
    f->wire = js_put(c->a, f->row.json, "wire", js_object(c->a));
    js_put(c->a, f->wire, "id", js_text(c->a, id));
    js_put(c->a, f->wire, "type", js_text(c->a, api ? "api" : "browser"));
    put_time(c, f->wire, "expires_at", f->row.expires);
    put_time(c, f->wire, "issued_at", now);
    js_put(c->a, f->wire, "request_url", js_text(c->a, request_url));
    if (return_to) {
        js_put(c->a, f->wire, "return_to", js_text(c->a, return_to));
    }
    f->ui = js_put(c->a, f->wire, "ui", new_ui(c, id));
    if (!flow_nodes(f)) {
        return op_no_memory(c->op);
    }
    *out = f;
    return WW_OK;
}

enum ww_err flow_insert(struct call *c, const struct flow *f)
{
    /* A row that anybody can cause, in place of an expired one too: counted by network. */
    enum ww_err err = throttle_count(c->op, c->s->throttle, THROTTLE_FLOW);
    return err ? err : store_flow_row_insert(c->op, c->s->store, &f->row);
}

static bool is_absent_or(const struct js *v, enum js_type type)
{
    /* What is absent was never set by that version. */
    return !v || v->type == type;
}

/* What was stored was sealed here, but perhaps by a version whose flows look otherwise: such a flow is none.
 */
static bool is_form(const struct js *ui)
{
    const struct js *nodes = js_get(ui, "nodes");
    bool is_list = nodes && nodes->type == JS_ARRAY;

    if (!ui || ui->type != JS_OBJECT || !is_absent_or(js_get(ui, "messages"), JS_ARRAY) ||
        (!is_list && !is_absent_or(nodes, JS_NULL))) {
        return false;
    }
    for (const struct js *n = is_list ? nodes->first : NULL; n; n = n->next) {
        if (n->type != JS_OBJECT || !is_absent_or(js_get(n, "messages"), JS_ARRAY) ||
            !is_absent_or(js_get(n, "attributes"), JS_OBJECT)) {
            return false;
        }
    }
    return true;
}

enum ww_err flow_load(struct call *c, const char *id, struct flow **out)
{
    struct flow *f = ARENA_NEW(c->a, struct flow);
    struct uuid uuid;

    *out = NULL;
    if (!f) {
        return op_no_memory(c->op);
    }
    if (!id || !uuid_parse(&uuid, id)) {
        return WW_ENOTFOUND;
    }
    enum ww_err err = store_flow_row_load(c->op, c->s->store, c->kind->kind, &uuid, &f->row);
    if (err) {
        return err;
    }
    f->wire = js_get(f->row.json, "wire");
    f->ui = js_get(f->wire, "ui");
    /* 0 is no stage: no method is taken there, so that such a form is refused. */
    f->stage = (enum stage)js_get_int(f->row.json, "stage", 0);
    const char *type = js_get_text(f->wire, "type");
    if (!is_form(f->ui) || !type || !js_get_text(f->wire, "id") || !js_get_text(f->wire, "request_url")) {
        return WW_ENOTFOUND;
    }
    f->api = strcmp(type, "api") == 0;
    *out = f;
    return WW_OK;
}

/* A flow that was sent twice at once is shown as each found it; what it did was decided elsewhere (the
 * account's own number, a registration's unique names). */
enum ww_err flow_save(struct call *c)
{
    enum ww_err err = store_flow_row_update(c->op, c->s->store, &c->flow->row);
    return err == WW_EBUSY ? WW_OK : err;
}

void flow_note(struct call *c)
{
    enum ww_err err = flow_save(c);
    (void)err;
    c->op->problem = (struct op_problem){0};
}

bool flow_is_expired(const struct call *c, const struct flow *f)
{
    /* The end itself is outside, as with sessions. */
    return op_now(c->op) >= f->row.expires;
}

/* A copy, since the identity is for this answer and is not stored with the flow. */
struct js *flow_shown(struct call *c)
{
    struct js *shown = js_copy(c->a, c->flow->wire);

    if (c->kind->of_account && c->session) {
        js_put(c->a, shown, "identity", flow_call_identity_json(c, c->session->record));
    }
    return shown;
}

char *flow_page(struct call *c, const struct flow *f)
{
    char *page = flow_ui_url(c->a, c->s->config, c->kind->name), id[UUID_TEXT];

    uuid_format(id, f->row.id);
    return page ? flow_url_with(c->a, page, "flow", id) : NULL;
}
