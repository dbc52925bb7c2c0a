/* The public part of a stored password. */
#include <string.h>

#include "fuzz.h"
#include "pwhash_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pwhash_params configured = {
        .algorithm = PWHASH_ARGON2ID, .memory_kib = 65536, .iterations = 3};
    struct arena a = {0};
    struct pwhash_public parsed;
    char *text = arena_strndup(&a, data, size);
    if (pwhash_public_parse(&parsed, text)) {
        FUZZ_MUST(strlen(text) < 100);
        if (pwhash_within_ceilings(&parsed.params, (uint64_t)1 << 30)) {
            FUZZ_MUST(pwhash_memory(&parsed.params) <= (uint64_t)1 << 30);
        }
    }
    (void)pwhash_outdated(text, &configured);
    arena_free(&a);
    return 0;
}
