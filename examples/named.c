/* For a program without accounts: a key and a value, each under a name and a password of its own. */
#include "example.h"

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    static const char password[] = "seven herons over a weir";
    const void *key, *again, *value;
    size_t length, n = strlen(password);
    struct ww_named about = {.size = sizeof about};

    must(op, ww_named_key_create(op, "backups", password, n, &key, &about));
    must(op, ww_named_key_get(op, "backups", password, n, false, &again, NULL));
    printf("a key of %d bytes, the same each time: %s\n", (int)WW_KEY_SIZE,
           memcmp(key, again, WW_KEY_SIZE) == 0 ? "yes" : "no");

    must(op, ww_named_entry_create(op, "dsn", password, n, "postgres://db/app", 17, NULL));
    must(op, ww_named_entry_update(op, "dsn", password, n, "postgres://db2/app", 18, NULL));
    must(op, ww_named_entry_read(op, "dsn", password, n, &value, &length, &about));
    printf("the entry: %.*s\n", (int)length, (const char *)value);

    /* an unknown name and a wrong password are one answer */
    expect(WW_EDENIED, ww_named_key_get(op, "backups", "six herons", 10, false, &key, NULL));
    expect(WW_EDENIED, ww_named_key_get(op, "nobody's", password, n, false, &key, NULL));

    must(op, ww_named_entry_delete(op, "dsn", password, n));
    must(op, ww_named_key_delete(op, "backups", password, n));
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
