/* Public data: readable by every user of a site, and signed, so that nobody can put words into Ada's mouth:
 * not who may write to the database, nor who runs the server. */
#include "example.h"

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    struct ww_session *ada = example_register(op), *bob;
    struct ww_public about = {.size = sizeof about};
    const void *value;
    size_t length;

    must(op, ww_register(op, "{\"email\":\"bob@example.org\"}", "another walk by the sea", 23, &bob));
    must(op, ww_public_put(op, ada, WW_PUBLIC_DEPLOYMENT, "motto", "figs for all", 12, NULL, NULL));
    must(op, ww_public_put(op, ada, WW_PUBLIC_OWN, "key", "mQENBF…", 9, NULL, NULL));

    must(op, ww_public_get(op, bob, NULL, "motto", &value, &length, &about));
    printf("%s says: %.*s\n", about.owner, (int)length, (const char *)value);
    must(op, ww_public_get(op, bob, about.owner, "key", &value, &length, NULL));

    /* a name of the deployment is of who had it first, until they delete it */
    expect(WW_ECONFLICT, ww_public_put(op, bob, WW_PUBLIC_DEPLOYMENT, "motto", "dates", 5, NULL, NULL));
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
