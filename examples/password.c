/* Change a password. Every other session ends, the items stay, and the old password opens nothing. */
#include "example.h"

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    struct ww_session *session = example_register(op), *other;
    const void *value;
    size_t length;

    must(op, ww_item_put(op, session, "note", 4, "buy figs", 8, NULL, NULL));
    must(op, ww_authenticate(op, "ada@example.org", "a long walk by the sea", &other));
    char other_token[80];
    snprintf(other_token, sizeof other_token, "%s", ww_session_token(other));

    must(op, ww_password_check(op, session, "a long walk by the sea"));
    must(op, ww_password_change(op, session, "seven herons over a weir"));
    expect(WW_EDENIED, ww_session_resume(op, other_token, &other));
    expect(WW_EDENIED, ww_authenticate(op, "ada@example.org", "a long walk by the sea", &other));

    must(op, ww_authenticate(op, "ada@example.org", "seven herons over a weir", &session));
    must(op, ww_item_get(op, session, "note", 4, &value, &length, NULL));
    printf("still there: %.*s\n", (int)length, (const char *)value);
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
