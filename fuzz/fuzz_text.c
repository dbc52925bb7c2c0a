/* Text from outside: made UTF-8, cut, and brought into the one form of an identifier. */
#include <string.h>

#include "fuzz.h"
#include "limit.h"
#include "utf8.h"

static void clean(struct arena *a, const char *text, size_t most)
{
    char *out = utf8_clean(a, text, most);
    FUZZ_MUST(out && strlen(out) <= most && utf8_valid(bytes_str(out)));
    FUZZ_MUST(strcmp(utf8_clean(a, out, most), out) == 0);
    FUZZ_MUST(strlen(text) > most || !utf8_valid(bytes_str(text)) || strcmp(out, text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct bytes form, again;
    char *text = arena_strndup(&a, data, size);
    FUZZ_MUST(text != NULL);
    clean(&a, text, size);
    clean(&a, text, size / 2);
    enum ww_err err = utf8_ident(&a, BYTES(data, size), &form);
    FUZZ_MUST(err == WW_OK || err == WW_EINVAL || (err == WW_ETOOLARGE && size > LIMIT_IDENTIFIER));
    if (err == WW_OK) {
        FUZZ_MUST(utf8_valid(form) && form.p[form.n] == 0);
        FUZZ_MUST(utf8_casefold(&a, form, &again) == WW_OK && bytes_equal(form, again));
    }
    arena_free(&a);
    return 0;
}
