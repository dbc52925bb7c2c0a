/* The account's history, and its end (own-api.md, "The account"). */
#include <string.h>

#include "handlers.h"
#include "own_parts.h"
#include "timefmt.h"

enum { TOKEN_MOST = 60, CONFIRM_MOST = 1024 };

/* What was not known is left out: an empty text would look like something that was said. */
static struct js *event_json(struct arena *a, const struct ww_event *e)
{
    const struct {
        const char *name, *value;
    } texts[] = {{"event", e->event},
                 {"method", e->method},
                 {"address", e->address},
                 {"user_agent", e->user_agent},
                 {"location", e->location}};
    struct js *o = js_object(a);
    js_put(a, o, "id", js_text(a, e->id));
    js_put(a, o, "at", js_text(a, timefmt_rfc3339(a, e->time)));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        js_put(a, o, texts[i].name, texts[i].value ? js_text(a, texts[i].value) : js_null(a));
    }
    js_put(a, o, "this_session", js_bool(a, e->this_session));
    return o;
}

/* A session of the account is the only key to it; no parameter names another account. */
void handle_account_history(struct route_call *c)
{
    struct own_query q;
    struct ww_page page = {.size = sizeof page};
    const struct ww_event *const *events;
    if (!own_read_query(c, &q) || !own_read_page_size(c, &q, &page.limit) ||
        !own_read_parameter(c, &q, "page_token", TOKEN_MOST, &page.token)) {
        return;
    }
    enum ww_err err = ww_account_history(c->op, c->session, &page, &events);
    if (err) {
        answer_problem(c, err);
        return;
    }
    struct js *list = js_array(c->arena);
    for (size_t i = 0; i < page.count; i++) {
        js_push(list, event_json(c->arena, events[i]));
    }
    if (page.next) {
        own_put_next(c, NULL, page.limit, page.next);
    }
    own_answer_json(c, 200, list);
}

bool own_read_confirm(struct route_call *c, const char **confirm)
{
    static const char *const members[] = {"confirm", NULL};
    struct js *body;
    if (!own_read_object(c, members, &body)) {
        return false;
    }
    *confirm = js_get_text(body, "confirm");
    if (!*confirm || !(*confirm)[0] || strlen(*confirm) > CONFIRM_MOST) {
        own_refuse(c, "confirm_invalid", "confirm",
                   "confirm must be one of the account's identifiers, as text");
        return false;
    }
    return true;
}

/* The cookie goes with the account: a browser that kept it would be told of a session that nobody has. */
void handle_account_delete(struct route_call *c)
{
    const char *confirm;
    bool cookie;
    if (!own_read_confirm(c, &confirm)) {
        return;
    }
    enum ww_err err = ww_account_delete(c->op, c->session, confirm);
    if (err) {
        answer_problem(c, err);
        return;
    }
    site_session_token(c->site, c->r, c->op, &cookie);
    /* A browser that deleted its account holds a cookie of nobody: it ends with it. */
    if (cookie) {
        site_end_session_cookie(c->site, c->r, c->arena);
    }
    http_answer(c->r, 204, NULL, 0);
}
