/* Sign in. A wrong password and an unknown name have one answer, after the same work. */
#include "example.h"

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    struct ww_session *session;

    example_register(op);
    expect(WW_EDENIED, example_sign_in(op, EXAMPLE_NAME, "a short walk", &session));
    expect(WW_EDENIED, example_sign_in(op, "nobody@example.org", "a short walk", &session));

    struct ww_proof proof = {.size = sizeof proof,
                             .kind = WW_PROOF_PASSWORD,
                             .identifier = EXAMPLE_NAME,
                             .password = EXAMPLE_PASSWORD,
                             .password_length = strlen(EXAMPLE_PASSWORD)};
    must(op, ww_authenticate(op, &proof, &session)); /* WW_EAAL: right so far, and ww_step_up finishes */
    printf("welcome, %s; your vault is %s\n", ww_session_info(op, session)->account,
           ww_session_unlocked(op, session) ? "open" : "locked");
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
