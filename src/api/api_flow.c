/* Self-service flows: passed through. */
#include "api_int.h"

#include "flow_answer.h"
#include "flow_csrf.h"
#include "flow_wait.h"
#include "watchword/flow.h"

enum ww_err ww_flow_answer(struct ww_op *op, enum ww_flow_action action, const struct ww_flow_request *in,
                           struct ww_flow_answer *out)
{
    return flow_answer(op, service_of(op), action, in, out);
}

const char *ww_csrf_cookie_name(struct ww_op *op)
{
    char *url = flow_public_url(&op->arena, service_of(op)->config);
    return url ? flow_csrf_cookie_name(&op->arena, url) : NULL;
}

const char *ww_csrf_cookie_new(struct ww_op *op)
{
    return flow_csrf_cookie_new(op);
}

const char *ww_csrf_token(struct ww_op *op, const char *cookie)
{
    return flow_csrf_mask(op, cookie);
}

bool ww_csrf_matches(struct ww_op *op, const char *cookie, const char *token)
{
    return flow_csrf_matches(&op->arena, cookie, token);
}

/* ---- what somebody typed ---- */

static const struct uuid *account_of(const struct ww_session *session)
{
    return &session_of_const(session)->record->uuid;
}

const char *ww_typed_ticket(struct ww_op *op, const struct ww_session *session)
{
    return flow_typed_ticket(op, service_of(op), account_of(session));
}

bool ww_typed_ticket_matches(struct ww_op *op, const struct ww_session *session, const char *ticket)
{
    struct uuid account;
    return flow_typed_ticket_open(op, service_of(op), ticket, &account) == WW_OK &&
           uuid_equal(account, *account_of(session));
}

enum ww_err ww_typed_keep(struct ww_op *op, const char *ticket, const char *text, size_t length,
                          const char **cookie)
{
    char *made = NULL;
    enum ww_err err = flow_typed_keep(op, service_of(op), ticket, BYTES(text, length), &made);
    *cookie = made;
    return err;
}

enum ww_err ww_typed_take(struct ww_op *op, struct ww_session *session, const char *cookie, const char **text,
                          size_t *length)
{
    struct bytes typed = {0};
    enum ww_err err = flow_typed_take(op, service_of(op), account_of(session), cookie, &typed);
    *text = (const char *)typed.p;
    *length = typed.n;
    return err;
}
