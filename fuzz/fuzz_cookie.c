/* The Cookie header, and Set-Cookie of whatever was found in it. */
#include <string.h>

#include "cookie.h"
#include "fuzz.h"

static bool rebuild(const char *name, size_t name_length, const char *value, size_t value_length,
                    void *context)
{
    struct arena *a = context;
    struct cookie c = {.name = arena_strndup(a, name, name_length),
                       .value = arena_strndup(a, value, value_length),
                       .path = "/",
                       .http_only = true};
    char *built = cookie_build(a, &c);
    FUZZ_MUST(built && !strpbrk(built, "\r\n"));
    const char *again = cookie_find(a, built, c.name, NULL, NULL);
    FUZZ_MUST(again && strcmp(again, c.value) == 0);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    char *header = arena_strndup(&a, data, size);
    cookie_each(header, rebuild, &a);
    const char *found = cookie_find(&a, header, "ory_kratos_session", NULL, NULL);
    FUZZ_MUST(!found || !strpbrk(found, ";\r\n\""));
    struct cookie hostile = {.name = "n", .value = header, .domain = header, .path = header};
    char *built = cookie_build(&a, &hostile);
    FUZZ_MUST(!built || !strpbrk(built, "\r\n"));
    arena_free(&a);
    return 0;
}
