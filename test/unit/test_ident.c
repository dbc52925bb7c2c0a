/* ident() of vault.md §6 against docs/formats/ident.md, its bounds, and what it costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "js.h"
#include "utf8.h"

static const char *table;

static struct bytes between_backticks(struct arena *a, char **rest)
{
    char *start = strchr(*rest, '`'), *end = start ? strchr(start + 1, '`') : NULL;
    struct js *v;
    const char *why;
    if (!end) {
        return BYTES(NULL, 0);
    }
    *rest = end + 1;
    if (js_read(a, BYTES(start + 1, (size_t)(end - start - 1)), &v, &why) != WW_OK) {
        fail_msg("%s in %s", why, start);
    }
    return v->string;
}

static void every_row_of_the_table_holds(void **state)
{
    FILE *f = fopen(table, "r");
    char line[1000];
    size_t rows = 0;
    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        struct arena a = {0};
        char *rest = line;
        if (strncmp(line, "| `", 3) == 0) {
            struct bytes from = between_backticks(&a, &rest), to = between_backticks(&a, &rest), out;
            enum ww_err err = utf8_ident(&a, from, &out);
            assert_int_equal(err, to.p ? WW_OK : WW_EINVAL);
            if (to.p && !bytes_equal(out, to)) {
                fail_msg("%s gives %.*s", line, (int)out.n, (const char *)out.p);
            }
            rows++;
        }
        arena_free(&a);
    }
    fclose(f);
    assert_true(rows > 30);
}

static void the_length_is_looked_at_first(void **state)
{
    struct arena a = {0};
    struct bytes out;
    char *text = malloc(800000);
    (void)state;
    for (size_t i = 0; i < 800000; i += 4) {
        memcpy(text + i, "\xcc\x81\xcc\xa3", 4); /* two marks whose order is wrong */
    }
    assert_int_equal(utf8_ident(&a, BYTES(text, 800000), &out), WW_ETOOLARGE);
    assert_int_equal(utf8_ident(&a, BYTES(text, 1025), &out), WW_ETOOLARGE);
    assert_int_equal(a.used, 0);
    assert_int_equal(utf8_ident(&a, BYTES(text, 1024), &out), WW_OK);
    assert_int_equal(utf8_ident(&a, BYTES("\xff", 1), &out), WW_EINVAL);
    free(text);
    arena_free(&a);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_holds),
        cmocka_unit_test(the_length_is_looked_at_first),
    };
    table = argc > 1 ? argv[1] : "docs/formats/ident.md";
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
