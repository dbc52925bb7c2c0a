/* What happened on an account, for its owner: page by page, newest first. */
#include "example.h"

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    struct ww_session *session;
    struct ww_page page = {.size = sizeof page, .limit = 2};
    const struct ww_event *const *events;

    example_register(op);
    expect(WW_EDENIED, example_sign_in(op, EXAMPLE_NAME, "a guess", &session));
    must(op, example_sign_in(op, EXAMPLE_NAME, EXAMPLE_PASSWORD, &session));
    do {
        page.token = page.next;
        must(op, ww_account_history(op, session, &page, &events));
        for (size_t i = 0; i < page.count; i++) {
            printf("%llu %s from %s\n", (unsigned long long)(events[i]->time / 1000000), events[i]->event,
                   events[i]->address ? events[i]->address : "somewhere");
        }
    } while (page.next);
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
