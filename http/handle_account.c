/* The account's history, and its end (own-api.md, "The account"). */
#include <string.h>

#include "handlers.h"
#include "own_parts.h"

enum { TOKEN_MOST = 60, CONFIRM_MOST = 1024 };

void handle_account_history(struct route_call *c)
{
    struct own_query q;
    const char *token, *json, *next;
    size_t size;
    if (!own_read_query(c, &q) || !own_read_page_size(c, &q, &size) ||
        !own_read_parameter(c, &q, "page_token", TOKEN_MOST, &token)) {
        return;
    }
    enum ww_err err = ww_account_history(c->op, c->session, size, token, &json, &next);
    if (err) {
        answer_problem(c, err);
        return;
    }
    if (next) {
        own_put_next(c, NULL, size, next);
    }
    dispatch_answer_text(c->r, 200, "application/json; charset=utf-8", json);
}

void handle_account_delete(struct route_call *c)
{
    static const char *const members[] = {"confirm", NULL};
    struct js *body;
    bool cookie;
    if (!own_read_object(c, members, &body)) {
        return;
    }
    const char *confirm = js_get_text(body, "confirm");
    if (!confirm || !confirm[0] || strlen(confirm) > CONFIRM_MOST) {
        own_refuse(c, "confirm_invalid", "confirm",
                   "confirm must be one of the account's identifiers, as text");
        return;
    }
    enum ww_err err = ww_account_delete(c->op, c->session, confirm);
    if (err) {
        answer_problem(c, err);
        return;
    }
    site_session_token(c->site, c->r, c->op, &cookie);
    if (cookie) {
        site_end_session_cookie(c->site, c->r, c->arena);
    }
    http_answer(c->r, 204, NULL, 0);
}
