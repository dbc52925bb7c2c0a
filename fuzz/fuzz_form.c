/* Urlencoded bodies and queries, and percent-encoding. */
#include <string.h>

#include "fuzz.h"
#include "urlform.h"
#include "utf8.h"

static void encoding_is_undone_by_decoding(struct arena *a, struct bytes text)
{
    struct buf b = BUF(a);
    struct bytes back;
    const char *why;
    urlform_percent_encode(&b, text);
    FUZZ_MUST(urlform_percent_decode(a, buf_done(&b), &back, &why) == WW_OK && bytes_equal(text, back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    const struct ww_pair *pairs;
    struct bytes out;
    size_t count;
    const char *why = NULL;
    if (urlform_read(&a, BYTES(data, size), &pairs, &count, &why) == WW_OK) {
        FUZZ_MUST(count <= LIMIT_FIELDS);
        for (size_t i = 0; i < count; i++) {
            struct bytes value = BYTES(pairs[i].value, pairs[i].length);
            FUZZ_MUST(strlen(pairs[i].value) == pairs[i].length && utf8_valid(value));
            FUZZ_MUST(urlform_get(pairs, count, pairs[i].name) != NULL);
            encoding_is_undone_by_decoding(&a, value);
        }
    } else {
        FUZZ_MUST(why != NULL);
    }
    if (urlform_percent_decode(&a, BYTES(data, size), &out, &why) == WW_OK) {
        encoding_is_undone_by_decoding(&a, out);
    }
    arena_free(&a);
    return 0;
}
