/* Close an account: everything of it is gone, and its name is free again. */
#include "example.h"

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    struct ww_session *session = example_register(op), *gone;

    must(op, ww_item_put(op, session, "note", "buy figs", 8, NULL, NULL));
    /* One of its identifiers, typed by its owner, confirms. */
    expect(WW_EINVAL, ww_account_delete(op, session, "somebody@example.org"));
    must(op, ww_account_delete(op, session, EXAMPLE_NAME));
    expect(WW_EDENIED, example_sign_in(op, EXAMPLE_NAME, EXAMPLE_PASSWORD, &gone));
    example_register(op);
    printf("closed, and registered anew\n");
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
