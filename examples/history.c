/* What happened on an account, for its owner: page by page, newest first. */
#include "example.h"

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    struct ww_session *session;
    const char *page = NULL, *json;

    example_register(op);
    expect(WW_EDENIED, ww_authenticate(op, "ada@example.org", "a guess", &session));
    must(op, ww_authenticate(op, "ada@example.org", "a long walk by the sea", &session));
    do {
        must(op, ww_account_history(op, session, 2, page, &json, &page));
        printf("%s\n", json);
    } while (page);
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
