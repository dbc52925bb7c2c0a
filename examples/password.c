/* Change a password. Every other session ends, the items stay, and the old password opens nothing. */
#include "example.h"

static const char new_password[] = "seven herons over a weir";

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    struct ww_session *session = example_register(op), *other;
    const void *value;
    size_t length;

    must(op, ww_item_put(op, session, "note", "buy figs", 8, NULL, NULL));
    must(op, example_sign_in(op, EXAMPLE_NAME, EXAMPLE_PASSWORD, &other));
    char other_token[80];
    snprintf(other_token, sizeof other_token, "%s", ww_session_token(op, other));

    must(op, ww_password_check(op, session, EXAMPLE_PASSWORD, strlen(EXAMPLE_PASSWORD)));
    must(op, ww_password_change(op, session, new_password, strlen(new_password)));
    expect(WW_EDENIED, ww_session_resume(op, other_token, &other));
    expect(WW_EDENIED, example_sign_in(op, EXAMPLE_NAME, EXAMPLE_PASSWORD, &other));

    must(op, example_sign_in(op, EXAMPLE_NAME, new_password, &session));
    must(op, ww_item_get(op, session, "note", &value, &length, NULL));
    printf("still there: %.*s\n", (int)length, (const char *)value);
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
