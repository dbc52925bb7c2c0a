/* Make an account. What the schema or the password policy refuses comes back with the field and the reason.
 */
#include "example.h"

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    struct ww_session *session;
    const char *json;

    expect(WW_EVALIDATION, ww_register(op, "{\"email\":\"ada@example.org\"}", "password", 8, &session));
    printf("refused: %s\n", ww_op_problem(op)->text);

    must(op, ww_register(op, "{\"email\":\"ada@example.org\"}", "a long walk by the sea", 22, &session));
    must(op, ww_identity(op, session, &json));
    printf("%s\n", json);

    expect(WW_ECONFLICT,
           ww_register(op, "{\"email\":\"ADA@example.org\"}", "another walk by the sea", 23, &session));
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
