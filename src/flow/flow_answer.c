/* From what is asked of the self-service routes to the function that answers it. */
#include <string.h>

#include "flow_int.h"

/* Whatever speaks HTTP knows these actions, and nothing of the functions behind them. */
static const struct {
    enum ww_flow_action action;
    const struct flow_kind_row *kind;
    enum ww_err (*run)(struct call *c);
} actions[] = {
    {WW_LOGIN_INIT, &flow_login_kind, flow_init},
    {WW_LOGIN_FETCH, &flow_login_kind, flow_fetch},
    {WW_LOGIN_SUBMIT, &flow_login_kind, flow_submit},
    {WW_REGISTRATION_INIT, &flow_registration_kind, flow_init},
    {WW_REGISTRATION_FETCH, &flow_registration_kind, flow_fetch},
    {WW_REGISTRATION_SUBMIT, &flow_registration_kind, flow_submit},
    {WW_SETTINGS_INIT, &flow_settings_kind, flow_init},
    {WW_SETTINGS_FETCH, &flow_settings_kind, flow_fetch},
    {WW_SETTINGS_SUBMIT, &flow_settings_kind, flow_submit},
    {WW_LOGOUT_INIT, NULL, flow_logout_init},
    {WW_LOGOUT_SUBMIT, NULL, flow_logout_submit},
    {WW_LOGOUT_NATIVE, NULL, flow_logout_native},
    {WW_ERROR_FETCH, NULL, flow_error_fetch},
    {WW_WHOAMI, NULL, flow_session_whoami},
    {WW_SESSIONS_LIST, NULL, flow_session_list},
    {WW_SESSIONS_END_OTHERS, NULL, flow_session_end_others},
    {WW_SESSION_END, NULL, flow_session_end_one},
    {WW_ADMIN_SESSIONS, NULL, flow_admin_sessions},
    {WW_ADMIN_SESSION, NULL, flow_admin_session},
    {WW_ADMIN_SESSION_END, NULL, flow_admin_session_end},
    {WW_ADMIN_SESSION_EXTEND, NULL, flow_admin_session_extend},
    {WW_ADMIN_ACCOUNT_SESSIONS, NULL, flow_admin_account_sessions},
    {WW_ADMIN_ACCOUNT_SESSIONS_END, NULL, flow_admin_account_sessions_end},
    {WW_SCHEMAS_LIST, NULL, flow_schema_list},
    {WW_SCHEMA_FETCH, NULL, flow_schema_fetch},
    {WW_CSRF_REFUSED, NULL, flow_refuse_csrf},
};

enum ww_err flow_answer(struct ww_op *op, struct service *s, enum ww_flow_action action,
                        const struct ww_flow_request *in, struct ww_flow_answer *out)
{
    struct call c = {.op = op, .a = &op->arena, .s = s, .in = in, .out = out};
    enum ww_err err = op_fail(op, WW_EINVAL, "flow_action", "there is no such action");

    /* No status: an answer that is given without one would be a mistake that the server finds. */
    *out = (struct ww_flow_answer){.error_id = "", .cache_for = -1};
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (actions[i].action == action) {
            c.kind = actions[i].kind;
            err = actions[i].run(&c);
        }
    }
    if (err && err != WW_ENOMEM) { /* what no step expected */
        /* A half-made answer is taken back whole, cookies included. */
        *out = (struct ww_flow_answer){.error_id = "", .cache_for = -1};
        err = flow_refuse_problem(&c, err);
    }
    return err;
}
