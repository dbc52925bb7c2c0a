/* Sharing: Ada shares a value with Bob, who reads it and keeps a copy; then she takes it back. Nobody else
 * can open it, the program included. The fingerprint is what the two compare, by telephone. */
#include "example.h"

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    struct ww_session *ada = example_register(op), *bob;
    const char *const to[] = {"bob@example.org"};
    const struct ww_contact *const *contacts;
    const char *own;
    const void *value;
    size_t length;

    must(op, ww_register(op, "{\"email\":\"bob@example.org\"}", "another walk by the sea", 23, &bob));
    must(op, ww_share_put(op, ada, "plan", "meet at noon", 12, to, 1, NULL, NULL));

    struct ww_received about = {.size = sizeof about};
    must(op, ww_inbox_get(op, bob, "plan", NULL, &value, &length, &about));
    printf("%s shares: %.*s\n", about.from_identifier, (int)length, (const char *)value);
    must(op, ww_inbox_adopt(op, bob, "plan", NULL, "plan of Ada", NULL));

    /* what Ada sees of Bob's keys, and what Bob sees of his own */
    struct ww_page page = {.size = sizeof page};
    must(op, ww_contact_list(op, ada, &page, &contacts));
    must(op, ww_fingerprint(op, bob, &own));
    printf("%s\n%s\n", contacts[0]->fingerprint, own);

    must(op, ww_share_withdraw(op, ada, "plan", NULL));
    expect(WW_ENOTFOUND, ww_inbox_get(op, bob, "plan", NULL, &value, &length, NULL));
    must(op, ww_item_get(op, bob, "plan of Ada", &value, &length, NULL)); /* the copy stays */
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
