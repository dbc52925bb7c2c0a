/* A schema and an instance of it, each on a line of its own. */
#include <string.h>

#include "fuzz.h"
#include "schema.h"

static struct js *read_json(struct arena *a, struct bytes text)
{
    struct js *v = NULL;
    const char *why;
    return js_read(a, text, &v, &why) == WW_OK ? v : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {.limit = (size_t)64 << 20};
    struct schema_program *program = NULL;
    struct schema_failure *failures = NULL;
    const char *why = NULL;
    const uint8_t *line_end = size ? memchr(data, '\n', size) : NULL;
    size_t n = line_end ? (size_t)(line_end - data) : size;
    struct js *schema = read_json(&a, BYTES(data, n));
    struct js *instance = line_end ? read_json(&a, BYTES(line_end + 1, size - n - 1)) : js_null(&a);
    enum ww_err err = schema ? schema_compile(&a, schema, &program, &why) : WW_EINVAL;
    FUZZ_MUST(err != WW_EVALIDATION || why);
    if (!err && instance) {
        err = schema_validate(&a, program, instance, &failures);
        FUZZ_MUST(err == WW_OK || err == WW_ENOMEM || (err == WW_EVALIDATION && failures));
        FUZZ_MUST(err != WW_EVALIDATION || schema_failure_reason(&a, failures) || a.used > a.limit / 2);
    }
    schema_program_free(program);
    arena_free(&a);
    return 0;
}
