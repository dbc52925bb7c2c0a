/* Items: what only their owner can open. Write, read, list, write on condition, change several at once. */
#include "example.h"

static void read_back(struct ww_op *op, struct ww_session *session)
{
    const void *value;
    size_t length;
    struct ww_item_result result = {.size = sizeof result};
    struct ww_page page = {.size = sizeof page};
    const struct ww_item_entry *const *entries;

    must(op, ww_item_get(op, session, "note", &value, &length, &result));
    printf("note, version %llu: %.*s\n", (unsigned long long)result.version, (int)length,
           (const char *)value);
    must(op, ww_item_list(op, session, NULL, &page, &entries));
    for (size_t i = 0; i < page.count; i++) {
        printf("- %s\n", entries[i]->name);
    }
}

int main(void)
{
    struct ww *ww = example_open();
    struct ww_op *op = example_begin(ww);
    struct ww_session *session = example_register(op);
    struct ww_item_result written = {.size = sizeof written};

    must(op, ww_item_put(op, session, "note", "buy figs", 8, NULL, &written));
    struct ww_item_condition unchanged = {.size = sizeof unchanged, .if_version = written.version};
    must(op, ww_item_put(op, session, "note", "buy figs, bread", 15, &unchanged, NULL));
    /* Somebody who still holds the first version may not overwrite the second. */
    expect(WW_EVERSION, ww_item_put(op, session, "note", "buy nuts", 8, &unchanged, NULL));

    struct ww_item_change both[] = {
        {.size = sizeof both[0], .action = WW_ITEM_PUT, .name = "to", .value = "Bath", .value_length = 4},
        {.size = sizeof both[0], .action = WW_ITEM_PUT, .name = "from", .value = "York", .value_length = 4},
    };
    must(op, ww_item_change(op, session, both, 2));
    read_back(op, session);
    must(op, ww_item_delete(op, session, "note", NULL));
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
