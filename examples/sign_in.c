/* Sign in. A wrong password and an unknown name have one answer, after the same work. */
#include "example.h"

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    struct ww_session *session;

    example_register(op);
    expect(WW_EDENIED, ww_authenticate(op, "ada@example.org", "a short walk", &session));
    expect(WW_EDENIED, ww_authenticate(op, "nobody@example.org", "a short walk", &session));

    must(op, ww_authenticate(op, "ada@example.org", "a long walk by the sea", &session));
    printf("welcome, %s; your vault is %s\n", ww_session_account(op, session),
           ww_session_unlocked(session) ? "open" : "locked");
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
