/* The public part of a stored password, or a complete hash that is to be taken over. */
#include <string.h>

#include "fuzz.h"
#include "pwhash_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pwhash_params configured = {
        .algorithm = PWHASH_ARGON2ID, .memory_kib = 65536, .iterations = 3};
    struct arena a = {0};
    struct pwhash_parsed parsed;
    char *text = arena_strndup(&a, data, size);
    if (pwhash_parse(&parsed, text)) {
        FUZZ_MUST(strlen(text) <= PWHASH_TEXT_MAX && parsed.format);
        FUZZ_MUST(parsed.salt_length <= sizeof parsed.salt && parsed.expected.n <= sizeof parsed.expected.b);
        if (pwhash_within_ceilings(parsed.format, &parsed.params, (uint64_t)1 << 30)) {
            FUZZ_MUST(parsed.format->memory(&parsed.params) <= (uint64_t)1 << 30);
        }
    }
    (void)pwhash_outdated(text, &configured);
    arena_free(&a);
    return 0;
}
