/* The small things everything stands on: text, memory, byte strings, times, ids. Each test is an example too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "limit.h"
#include "op.h"
#include "timefmt.h"
#include "utf8.h"
#include "uuid.h"

/* ---- text from outside ---- */

static void text_is_utf8_or_replaced(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {NULL, ""},
        {"", ""},
        {"Mozilla/5.0 (X11; Linux)", "Mozilla/5.0 (X11; Linux)"},
        {"Z\xc3\xbcrich", "Z\xc3\xbcrich"},
        {"Z\xfcrich", "Z\xef\xbf\xbdrich"},                       /* ISO 8859-1 */
        {"a\xf0\x9f\x98", "a\xef\xbf\xbd"},                       /* breaks off: one mark for what is there */
        {"\xf0\x9f\x98 b", "\xef\xbf\xbd b"},                     /* the same inside */
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                 /* overlong */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* above U+10FFFF */
    };
    struct arena a = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(utf8_clean(&a, cases[i].from, 100), cases[i].to);
    }
    arena_free(&a);
}

static void text_is_cut_between_characters(void **state)
{
    static const char city[] = "M\xc3\xbcnchen \xe2\x82\xac \xf0\x9f\x98\x80";
    struct arena a = {0};
    (void)state;
    for (size_t most = 0; most <= sizeof city; most++) {
        char *cut = utf8_clean(&a, city, most);
        size_t n = strlen(cut);
        assert_true(n <= most && n + 4 > (most < sizeof city - 1 ? most : sizeof city - 1));
        assert_true(utf8_valid(bytes_str(cut)));
        assert_memory_equal(cut, city, n);
    }
    assert_string_equal(utf8_clean(&a, "\xff\xff", 5), "\xef\xbf\xbd"); /* the mark is not cut either */
    arena_free(&a);
}

/* Whatever its length, only what may be kept is looked at. */
static void long_text_costs_what_is_kept(void **state)
{
    char *text = malloc(1 << 20);
    struct arena a = {.limit = 16384};
    (void)state;
    memset(text, 0xff, 1 << 20);
    text[(1 << 20) - 1] = '\0';
    assert_int_equal(strlen(utf8_clean(&a, text, LIMIT_USER_AGENT)), LIMIT_USER_AGENT / 3 * 3);
    free(text);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_utf8_or_replaced),
        cmocka_unit_test(text_is_cut_between_characters),
        cmocka_unit_test(long_text_costs_what_is_kept),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
