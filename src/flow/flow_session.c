/* /sessions and whoami (kratos.md §§4.3, 4.4). */
#include <string.h>

#include "flow_int.h"
#include "timefmt.h"
#include "utf8.h"

enum { MISSING_CACHE_SECONDS = 60, SESSIONS_PAGE_MOST = 1000 };

/* ---- whoami ---- */

/* In seconds; never longer than the session has left. */
static void allow_caching(struct call *c)
{
    uint64_t most = config_duration(c->s->config, "feature_flags.cacheable_sessions_max_age");
    uint64_t now = op_now(c->op);
    uint64_t left = c->session->expires > now ? c->session->expires - now : 0;

    if (flow_call_setting(c, "feature_flags.cacheable_sessions")) {
        c->out->cache_for = (int64_t)((most && most < left ? most : left) / SECOND_US);
    }
}

enum ww_err flow_session_whoami(struct call *c)
{
    const char *template = flow_call_query(c, "tokenize_as");
    enum ww_err err = flow_call_session(c);

    if (err) {
        return err;
    }
    if (!c->session) {
        /* Remembered is only that there are no credentials (kratos.md §4.3). */
        if (!c->in->session_token && flow_call_setting(c, "feature_flags.cacheable_sessions")) {
            c->out->cache_for = MISSING_CACHE_SECONDS;
        }
        return flow_refuse_json(c, &flow_refuse_whoami, NULL, NULL, NULL);
    }
    if (template) { /* this version has no templates */
        template = utf8_clean(c->a, template, LIMIT_ECHO);
        if (!template) {
            return op_no_memory(c->op);
        }
        struct flow_refusal why = {
            .status = 400,
            .reason = arena_printf(c->a, "Unable to find tokenizer template \"%s\".", template)};
        return flow_refuse_json(c, &why, NULL, NULL, NULL);
    }
    c->out->identity = uuid_text(c->a, c->session->record->uuid);
    allow_caching(c);
    return flow_answer_json(c, 200, flow_call_session_json(c, c->session));
}

/* ---- my other sessions ---- */

static enum ww_err signed_in(struct call *c, bool *answered)
{
    enum ww_err err = flow_call_session(c);

    *answered = !err && !c->session;
    return *answered ? flow_refuse_json(c, &flow_refuse_sessions, NULL, NULL, NULL) : err;
}

/* In lists Kratos leaves the identity's addresses and the schema's URL out. */
struct js *flow_session_listed(struct call *c, const struct session *x)
{
    struct js *identity = flow_call_identity_json(c, x->record);

    js_remove(identity, "verifiable_addresses");
    js_remove(identity, "recovery_addresses");
    js_put(c->a, identity, "schema_url", js_text(c->a, ""));
    return identity ? session_json(c->op, x, identity) : NULL;
}

enum ww_err flow_session_list(struct call *c)
{
    struct js *body = js_array(c->a);
    struct flow_paging p;
    struct session **list;
    size_t n;
    bool answered;
    enum ww_err err = signed_in(c, &answered);

    if (err || answered || (err = flow_paging_read(c, SESSIONS_PAGE_MOST, &p, &answered)) || answered) {
        return err;
    }
    /* Here page 0 and page 1 are both the first; the links do not know. */
    uint64_t before = p.page ? p.page - 1 : 0;
    struct session_page page = {.active_only = true,
                                .without = &c->session->id,
                                .skip = before > SIZE_MAX / p.size ? SIZE_MAX : before * p.size,
                                .most = p.size};
    if ((err = session_list(c->op, c->s->store, &c->s->sessions, c->session->record, &page, &list, &n))) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        js_push(body, flow_session_listed(c, list[i]));
    }
    flow_paging_answer(c, "/sessions", "", &p, page.total);
    return flow_answer_json(c, 200, body);
}

enum ww_err flow_session_end_others(struct call *c)
{
    struct js *body = js_object(c->a);
    bool answered;
    size_t count = 0;
    enum ww_err err = signed_in(c, &answered);

    if (err || answered || (err = account_end_other_sessions(c->op, c->s, c->session, &count))) {
        return err;
    }
    js_put(c->a, body, "count", js_int(c->a, (int64_t)count));
    return flow_answer_json(c, 200, body);
}

enum ww_err flow_session_end_one(struct call *c)
{
    const char *text = c->in->path_id ? c->in->path_id : "";
    struct uuid id;
    bool answered;
    enum ww_err err = signed_in(c, &answered);

    if (err || answered) {
        return err;
    }
    if (!uuid_parse(&id, text)) {
        struct flow_refusal why = {.status = 400, .message = "the session id in the path is no UUID"};
        return flow_refuse_json(c, &why, NULL, NULL, NULL);
    }
    /* To end one's own is signing out, which needs its token. */
    if (uuid_equal(id, c->session->id)) {
        return flow_refuse_json(c, &flow_refuse_own_session, NULL, NULL, NULL);
    }
    err = account_end_session(c->op, c->s, c->session, &id);
    return err ? err : flow_answer_empty(c, 204);
}
