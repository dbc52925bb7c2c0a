/* Recovery codes: ten to write down; one of them and a new password get back in, and the notes are there. */
#include "example.h"

static const char new_password[] = "seven herons over a weir";

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    struct ww_session *session = example_register(op);
    const char *const *codes;
    const char *new_code;
    const void *value;
    size_t count, length;

    must(op, ww_item_put(op, session, "note", "buy figs", 8, NULL, NULL));
    must(op, ww_codes_make(op, session, &codes, &count));
    printf("%zu codes, such as %.4s-…\n", count, codes[0]);

    struct ww_recovery recovery = {.size = sizeof recovery};
    recovery.identifier = EXAMPLE_NAME;
    recovery.code = codes[7];
    recovery.password = new_password;
    recovery.password_length = strlen(new_password);
    must(op, ww_recover(op, &recovery, &session, &new_code));
    must(op, ww_item_get(op, session, "note", &value, &length, NULL));
    printf("still there: %.*s\n", (int)length, (const char *)value);

    /* it was good once; new_code stands in its place */
    expect(WW_EDENIED, ww_recover(op, &recovery, &session, &new_code));
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
