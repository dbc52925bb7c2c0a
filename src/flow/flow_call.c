/* Reading a request of a flow, writing its answer, and the addresses that answers name (kratos.md §2). */
#include <string.h>

#include "flow_int.h"
#include "flow_return_to.h"
#include "timefmt.h"

/* The first of a name. An empty value is none, and one with a NUL in it is none either: what is compared
 * must be all that was sent. */
const char *flow_call_query(const struct call *c, const char *name)
{
    for (size_t i = 0; i < c->in->query_count; i++) {
        const struct ww_pair *p = &c->in->query[i];
        if (strcmp(p->name, name) == 0) {
            return p->length > 0 && strlen(p->value) == p->length ? p->value : NULL;
        }
    }
    return NULL;
}

bool flow_call_setting(const struct call *c, const char *key)
{
    return config_bool(c->s->config, key);
}

/* Asked once in a call. A token that is no good is as none: what follows says whether one is needed. */
enum ww_err flow_call_session(struct call *c)
{
    enum ww_err err = WW_EDENIED;

    if (c->session_tried) {
        return WW_OK;
    }
    /* Remembered even where it failed: a store that does not answer is not asked twice in one request. */
    c->session_tried = true;
    if (c->in->session_token) {
        err = account_resume(c->op, c->s, c->in->session_token, &c->session);
    }
    return err == WW_EDENIED ? WW_OK : err;
}

/* A native flow gets JSON whatever it accepts: there is no browser to send anywhere. */
bool flow_call_json(const struct call *c)
{
    return c->in->json || c->in->api || (c->flow && c->flow->api);
}

/* ---- answers ---- */

enum ww_err flow_answer_json(struct call *c, int status, const struct js *body)
{
    c->out->status = status;
    /* For our own pages, which read the flow without its text in between. */
    if (c->in->tree) {
        c->out->tree = js_copy(c->a, body);
        return js_whole(c->out->tree) ? WW_OK : op_no_memory(c->op);
    }
    c->out->body = body ? js_write(c->a, body) : NULL;
    if (!c->out->body) {
        return op_no_memory(c->op);
    }
    /* JSON has no NUL: js_write escapes it. */
    c->out->body_length = strlen(c->out->body);
    return WW_OK;
}

enum ww_err flow_answer_redirect(struct call *c, int status, const char *location)
{
    if (!location) {
        return op_no_memory(c->op);
    }
    c->out->status = status;
    /* Judged before by flow_return_to_check, or from the configuration: nothing here is as the client sent
     * it. */
    c->out->location = location;
    c->out->body = NULL;
    return WW_OK;
}

enum ww_err flow_answer_empty(struct call *c, int status)
{
    c->out->status = status;
    c->out->body = NULL;
    return WW_OK;
}

/* Whole seconds of what is left, not of the lifespan: the cookie ends no later than its session. */
void flow_answer_session_cookie(struct call *c, const struct session *x)
{
    uint64_t now = op_now(c->op);

    c->out->set_session = x->token;
    c->out->session_left = x->expires > now ? (x->expires - now) / SECOND_US : 0;
}

/* What its owner may see, never more: flows answer people, not administrators. */
struct js *flow_call_identity_json(struct call *c, const struct record *r)
{
    char *base = flow_public_url(c->a, c->s->config);
    return base ? identity_json(c->op, r, c->s->schemas, base, IDENTITY_PUBLIC) : NULL;
}

struct js *flow_call_session_json(struct call *c, const struct session *x)
{
    struct js *identity = flow_call_identity_json(c, x->record);
    return identity ? session_json(c->op, x, identity) : NULL;
}

/* ---- addresses from the configuration ---- */

char *flow_public_url(struct arena *a, const struct config *config)
{
    return arena_strdup(
        a, config_text(config, "serve.public.base_url")); /* config_check.c makes what is unset */
}

/* The built-in pages stand under /ui/ of the public address. */
static char *built_in(struct arena *a, const struct config *config, const char *page)
{
    char *base = flow_public_url(a, config), *path = arena_printf(a, "/ui/%s", page);
    return base && path ? flow_url_join(a, base, path) : NULL;
}

/* With an address of its own configured, the site draws the forms itself, and gets what Kratos gives. */
bool flow_ui_built_in(const struct call *c)
{
    char *key = arena_printf(c->a, "selfservice.flows.%s.ui_url", c->kind->name);
    return key && !config_text(c->s->config, key)[0] && flow_call_setting(c, "watchword.pages.enabled");
}

char *flow_ui_url(struct arena *a, const struct config *config, const char *name)
{
    char *key = arena_printf(a, "selfservice.flows.%s.ui_url", name);
    const char *url = key ? config_text(config, key) : "";

    if (!key) {
        return NULL;
    }
    return url[0] ? arena_strdup(a, url) : built_in(a, config, name);
}

char *flow_default_url(struct arena *a, const struct config *config)
{
    const char *url = config_text(config, "selfservice.default_browser_return_url");
    return url[0] ? arena_strdup(a, url) : built_in(a, config, "");
}
