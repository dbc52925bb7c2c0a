/* Self-service flows: passed through. */
#include "api_int.h"

#include "flow_answer.h"
#include "flow_csrf.h"
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
