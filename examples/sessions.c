/* Keep somebody signed in: the token goes to the client, and resumes the session in a later operation. */
#include "example.h"

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    struct ww_session *session;
    struct ww_page page = {.size = sizeof page};
    const struct ww_session_info *const *sessions;
    char token[80];
    size_t ended;

    snprintf(token, sizeof token, "%s", ww_session_token(op, example_register(op)));
    ww_op_end(op); /* a request ends; what it held is wiped */

    op = example_begin(ww);
    must(op, ww_session_resume(op, token, &session));
    must(op, ww_session_list(op, session, &page, &sessions));
    for (size_t i = 0; i < page.count; i++) {
        printf("signed in from %s with %s\n", sessions[i]->address, sessions[i]->user_agent);
    }
    must(op, ww_session_end_others(op, session, &ended));
    must(op, ww_session_end(op, session));
    expect(WW_EDENIED, ww_session_resume(op, token, &session));
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
