/* JSON text: what is read is written so that it reads as the same, and the quick way understands what jansson
 * understands. */
#include <string.h>

#include <jansson.h>

#include "fuzz.h"
#include "js_int.h"

static struct js *again(struct arena *a, const struct js *v, void (*write)(struct buf *b, const struct js *v))
{
    struct buf b = BUF(a);
    struct js *out = NULL;
    const char *why;
    write(&b, v);
    FUZZ_MUST(js_read(a, buf_done(&b), &out, &why) == WW_OK);
    return out;
}

static void look_around(struct arena *a, struct js *v)
{
    for (struct js *child = v->first; child; child = child->next) {
        if (v->type == JS_OBJECT) {
            js_get_text(v, (const char *)child->key.p);
            js_path(v, (const char *)child->key.p);
            js_put_path(a, v, (const char *)child->key.p, js_int(a, 1));
        }
    }
}

static void agrees_with_jansson(struct arena *a, struct bytes text)
{
    struct js *plain = NULL;
    json_error_t error;
    if (js_read_plain(a, text, &plain)) {
        json_t *root =
            json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
        char *theirs = json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY);
        FUZZ_MUST(theirs && strcmp(js_write(a, plain), theirs) == 0);
        free(theirs);
        json_decref(root);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct js *v = NULL;
    const char *why = NULL;
    agrees_with_jansson(&a, BYTES(data, size));
    if (js_read(&a, BYTES(data, size), &v, &why) == WW_OK) {
        FUZZ_MUST(js_whole(v) && js_equal(v, v));
        FUZZ_MUST(js_equal(v, again(&a, v, js_write_to)));
        if (size < LIMIT_JSON_NUMBER - 16) { /* a canonical number may be a little longer than it was */
            FUZZ_MUST(js_equal(v, again(&a, v, js_write_canonical)));
        }
        FUZZ_MUST(js_equal(v, js_copy(&a, v)));
        look_around(&a, v);
    } else {
        FUZZ_MUST(why != NULL);
    }
    arena_free(&a);
    return 0;
}
