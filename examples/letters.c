/* Letters: sealed for somebody, and kept by you: in a file, a mail, a database of your own. Only who it is
 * for opens it, with their vault; nothing of it is stored here. */
#include "example.h"

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    struct ww_session *ada = example_register(op), *bob;
    const char *const to[] = {"bob@example.org"};
    const struct ww_letter *const *letters, *const *own;
    const char *sender;
    const void *data;
    size_t count, length;

    must(op, ww_register(op, "{\"email\":\"bob@example.org\"}", "another walk by the sea", 23, &bob));
    must(op, ww_letter_seal(op, ada, "meet at noon", 12, to, 1, &letters, &count));
    printf("%zu letter of %zu bytes, for %s\n", count, letters[0]->length, letters[0]->to);

    /* EXAMPLE_NAME: refused if somebody else had sealed it; NULL takes it from anybody */
    must(op, ww_letter_open(op, bob, letters[0]->letter, letters[0]->length, EXAMPLE_NAME, &data, &length,
                            &sender));
    printf("%s wrote: %.*s\n", sender, (int)length, (const char *)data);
    expect(WW_EINVAL, ww_letter_open(op, ada, letters[0]->letter, letters[0]->length, NULL, &data, &length,
                                     NULL)); /* it is for Bob */

    must(op, ww_letter_seal(op, ada, "for myself", 10, NULL, 0, &own, &count));
    must(op, ww_letter_open(op, ada, own[0]->letter, own[0]->length, NULL, &data, &length, NULL));
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
