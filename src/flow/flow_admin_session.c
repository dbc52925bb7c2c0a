/* Sessions for administrators (kratos.md §§1.2, 1.3, 4.4). */
#include <string.h>

#include "encode.h"
#include "flow_int.h"
#include "utf8.h"

enum {
    PAGE_MOST = 1000,
    /* Rows that one page looks at where a filter leaves most of them out; then it is short, and has a next.
     */
    LOOKED_AT_MOST = 10000,
};

static enum ww_err refuse(struct call *c, int status, const char *message, const char *reason, bool *answered)
{
    struct flow_refusal why = {.status = status, .message = message, .reason = reason};
    *answered = true;
    return flow_refuse_json(c, &why, NULL, NULL, NULL);
}

static enum ww_err not_found(struct call *c)
{
    struct flow_refusal why = {.status = 404, .message = "Unable to locate the resource"};
    return flow_refuse_json(c, &why, NULL, NULL, NULL);
}

static enum ww_err read_id(struct call *c, struct uuid *id, bool *answered)
{
    *answered = false;
    return uuid_parse(id, c->in->path_id ? c->in->path_id : "")
               ? WW_OK
               : refuse(c, 400, "uuid: the id in the path is no UUID", NULL, answered);
}

/* ---- what is told of a session ---- */

struct expand {
    bool identity, devices;
};

static enum ww_err read_expand(struct call *c, struct expand *out, bool *answered)
{
    *out = (struct expand){false, false};
    *answered = false;
    for (size_t i = 0; i < c->in->query_count; i++) {
        const struct ww_pair *p = &c->in->query[i];
        if (strcmp(p->name, "expand") != 0) {
            continue;
        }
        if (strcasecmp(p->value, "identity") == 0) {
            out->identity = true;
        } else if (strcasecmp(p->value, "devices") == 0) {
            out->devices = true;
        } else {
            const char *shown = utf8_clean(c->a, p->value, LIMIT_ECHO);
            const char *why = shown ? arena_printf(c->a, "Could not parse expand option: %s", shown) : NULL;
            return why ? refuse(c, 400, NULL, why, answered) : op_no_memory(c->op);
        }
    }
    return WW_OK;
}

/* Kratos tells here what the owner sees of the identity, not what an administrator does. */
static struct js *told(struct call *c, const struct session *x, struct expand with)
{
    struct js *identity = with.identity ? flow_call_identity_json(c, x->record) : NULL;
    struct js *o = with.identity && !identity ? NULL : session_json(c->op, x, identity);
    if (o && !with.devices) {
        js_put(c->a, o, "devices", js_array(c->a));
    }
    return o;
}

static enum ww_err answer_one(struct call *c, enum ww_err err, const struct session *x, struct expand with)
{
    return err == WW_ENOTFOUND ? not_found(c) : err ? err : flow_answer_json(c, 200, told(c, x, with));
}

/* ---- one ---- */

enum ww_err flow_admin_session(struct call *c)
{
    struct session *x;
    struct expand with;
    struct uuid id;
    bool answered;
    enum ww_err err = read_id(c, &id, &answered);
    if (err || answered || (err = read_expand(c, &with, &answered)) || answered) {
        return err;
    }
    err = account_admin_session(c->op, c->s, &id, &x);
    return answer_one(c, err, x, with);
}

static enum ww_err answer_empty(struct call *c, enum ww_err err)
{
    return err == WW_ENOTFOUND ? not_found(c) : err ? err : flow_answer_empty(c, 204);
}

enum ww_err flow_admin_session_end(struct call *c)
{
    struct uuid id;
    bool answered;
    enum ww_err err = read_id(c, &id, &answered);
    return err || answered ? err : answer_empty(c, account_admin_session_end(c->op, c->s, &id));
}

enum ww_err flow_admin_session_extend(struct call *c)
{
    struct session *x;
    struct uuid id;
    bool answered;
    enum ww_err err = read_id(c, &id, &answered);
    if (err || answered) {
        return err;
    }
    err = account_admin_session_extend(c->op, c->s, &id, &x);
    if (!err && flow_call_setting(c, "feature_flags.faster_session_extend")) {
        return flow_answer_empty(c, 204);
    }
    return answer_one(c, err, x, (struct expand){.identity = true});
}

/* ---- those of one account ---- */

/* active=true or false; any other value is refused, absent: all of them. *text: as links repeat it. */
static enum ww_err read_active(struct call *c, bool *active, bool *ended, const char **text, bool *answered)
{
    const char *value = flow_call_query(c, "active");
    *active = value && strcmp(value, "true") == 0;
    *ended = value && strcmp(value, "false") == 0;
    *text = *active ? "active=true&" : *ended ? "active=false&" : "";
    *answered = false;
    return !value || *active || *ended
               ? WW_OK
               : refuse(c, 400, NULL, "The query parameter active is not valid.", answered);
}

static enum ww_err list_account(struct call *c, const struct uuid *id, struct session_page *page,
                                struct session ***list, size_t *n)
{
    struct record *r;
    *n = 0;
    enum ww_err err = account_admin_get(c->op, c->s, id, &r);
    if (err) {
        return err == WW_ENOTFOUND ? WW_OK : err; /* an empty list, as Kratos has it */
    }
    return session_list(c->op, c->s->store, &c->s->sessions, r, page, list, n);
}

enum ww_err flow_admin_account_sessions(struct call *c)
{
    struct js *body = js_array(c->a);
    struct session_page page = {0};
    struct flow_paging p;
    struct session **list = NULL;
    struct uuid id;
    const char *filter;
    size_t n;
    bool answered;
    enum ww_err err = read_id(c, &id, &answered);
    if (err || answered || (err = read_active(c, &page.active_only, &page.ended_only, &filter, &answered)) ||
        answered || (err = flow_paging_read(c, PAGE_MOST, &p, &answered)) || answered) {
        return err;
    }
    uint64_t before = p.page ? p.page - 1 : 0; /* pages 0 and 1 are both the first, as in /sessions */
    page.skip = before > SIZE_MAX / p.size ? SIZE_MAX : before * p.size;
    page.most = p.size;
    if ((err = list_account(c, &id, &page, &list, &n))) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        js_push(body, flow_session_listed(c, list[i]));
    }
    const char *path = arena_printf(c->a, "/admin/identities/%s/sessions", uuid_text(c->a, id));
    flow_paging_answer(c, path ? path : "", filter, &p, page.total);
    return flow_answer_json(c, 200, body);
}

enum ww_err flow_admin_account_sessions_end(struct call *c)
{
    struct uuid id;
    bool answered;
    enum ww_err err = read_id(c, &id, &answered);
    return err || answered ? err : answer_empty(c, account_admin_sessions_end(c->op, c->s, &id));
}

/* ---- those of all accounts ---- */

/* The token is where the page before ended in the table: a digest that opens nothing. */
static enum ww_err read_token(struct call *c, struct key *after, bool *given, bool *answered)
{
    const char *token = flow_call_query(c, "page_token");
    *answered = false;
    *given = token != NULL && strcmp(token, "0") != 0;
    return !*given || base64_decode_exactly(BASE64_URL, bytes_str(token), after->b, sizeof after->b)
               ? WW_OK
               : refuse(c, 400, NULL, "The page token is invalid, do not craft your own page tokens",
                        answered);
}

static void add_link(struct buf *b, const char *active, struct expand with, uint64_t size, const char *token,
                     const char *rel)
{
    buf_printf(b, "%s</admin/sessions?%s%s%spage_size=%llu&page_token=%s>; rel=\"%s\"", b->n ? "," : "",
               active, with.identity ? "expand=identity&" : "", with.devices ? "expand=devices&" : "",
               (unsigned long long)size, token ? token : "", rel);
}

struct all {
    struct session_scan scan;
    struct expand with;
    struct js *body;
};

/* Pieces of the table until the page is full: where a filter leaves most out, one would be nearly empty. */
static enum ww_err collect(struct call *c, struct all *x, size_t size)
{
    enum ww_err err = WW_OK;
    x->scan.more = true;
    for (size_t looked = 0; !err && x->scan.more && x->body->count < size && looked < LOOKED_AT_MOST;
         looked += x->scan.most) {
        struct session **list;
        size_t n;
        x->scan.most = size - x->body->count;
        err = session_scan(c->op, c->s->store, &c->s->sessions, &x->scan, &list, &n);
        for (size_t i = 0; !err && i < n; i++) {
            err = js_push(x->body, told(c, list[i], x->with)) ? WW_OK : op_no_memory(c->op);
        }
        x->scan.after = &x->scan.last;
    }
    return err;
}

enum ww_err flow_admin_sessions(struct call *c)
{
    struct all x = {.body = js_array(c->a)};
    struct buf b = BUF(c->a);
    struct flow_paging p;
    struct key after;
    const char *active;
    bool answered, given;
    enum ww_err err = read_active(c, &x.scan.active_only, &x.scan.ended_only, &active, &answered);
    if (err || answered || (err = read_expand(c, &x.with, &answered)) || answered ||
        (err = read_token(c, &after, &given, &answered)) || answered ||
        (err = flow_paging_size(c, PAGE_MOST, &p, &answered)) || answered) {
        return err;
    }
    x.scan.after = given ? &after : NULL;
    if (!x.body || (err = collect(c, &x, p.size))) {
        return x.body ? err : op_no_memory(c->op);
    }
    add_link(&b, active, x.with, p.size, "0", "first");
    if (x.scan.more) {
        add_link(&b, active, x.with, p.size, base64_encode(c->a, BASE64_URL, BYTES_OF(x.scan.last)), "next");
    }
    c->out->link = buf_text(&b);
    c->out->no_total = true;
    return flow_answer_json(c, 200, x.body);
}
