/* JSON: what is read, what is refused before it is parsed, numbers as they were typed, and trees that are
 * built. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "js.h"

static struct js *read_text(struct arena *a, const char *text)
{
    struct js *v;
    const char *why;
    if (js_read(a, bytes_str(text), &v, &why) != WW_OK) {
        fail_msg("%s: %s", text, why);
    }
    return v;
}

static void assert_refused(const char *text, const char *reason)
{
    struct arena a = {0};
    struct js *v;
    const char *why;
    assert_int_equal(js_read(&a, bytes_str(text), &v, &why), WW_EINVAL);
    assert_non_null(strstr(why, reason));
    arena_free(&a);
}

static char *repeated(const char *part, size_t n, const char *end)
{
    size_t length = strlen(part);
    char *text = malloc(n * length + strlen(end) + 1);
    for (size_t i = 0; i < n; i++) {
        memcpy(text + i * length, part, length);
    }
    strcpy(text + n * length, end);
    return text;
}

/* ---- reading ---- */

static void what_is_read_is_written_as_it_was(void **state)
{
    static const char *const texts[] = {
        "null",
        "true",
        "\"\\u0000 and \\\"quotes\\\"\\n\"",
        "[]",
        "{}",
        "{\"b\":1,\"a\":[1,[2,{\"c\":null}]],\"\":false}",
        "0",
        "-0",
        "1.10",
        "1e3",
        "0e-99999999999",
        "-0.000e5",
        "1E+2",
        "-12.50e-3",
        "9223372036854775807",
        "18446744073709551615",
        "-170141183460469231731687303715884105728",
        "0.1000000000000000055511151231257827021181583404541015625",
        "[1,\"2\",3.0,{\"4\":5}]",
        "[\"1,[2\\\\\",1.50,\"\\\"3\",2.50]",
    };
    struct arena a = {0};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct js *v = read_text(&a, texts[i]);
        assert_string_equal(js_write(&a, v), texts[i]);
        assert_string_equal(js_write(&a, js_copy(&a, v)), texts[i]);
        assert_int_equal(js_read_own(&a, bytes_str(texts[i]), &v), WW_OK);
        assert_string_equal(js_write(&a, v), texts[i]);
    }
    arena_free(&a);
}

static void broken_text_is_refused_without_quoting_it(void **state)
{
    (void)state;
    assert_refused("", "too early");
    assert_refused("{\"secret\":1,\"secret\":2}", "twice");
    assert_refused("[1,]", "not well-formed");
    assert_refused("[01]", "not well-formed");
    assert_refused("[1.]", "not well-formed");
    assert_refused("1 2", "follows");
    assert_refused("\"\xff\"", "UTF-8");
    assert_refused("{\"a\\u0000b\":1}", "NUL");
    assert_refused("1e999", "out of range");
}

static void depth_values_and_digits_are_bounded_before_they_are_parsed(void **state)
{
    struct arena a = {0};
    struct js *v;
    const char *why;
    (void)state;
    char *deep = repeated("[", 33, ""), *many = repeated("{},", 200000, "1"),
         *digits = repeated("9", 401, "");
    assert_refused(deep, "deep");
    assert_refused(digits, "digits");
    char *list = malloc(strlen(many) + 3);
    sprintf(list, "[%s]", many);
    assert_refused(list, "too many");
    /* Nothing was taken for it but the sentence. */
    assert_int_equal(js_read(&a, bytes_str(list), &v, &why), WW_EINVAL);
    assert_true(a.used < 1024);
    arena_free(&a);
    free(deep);
    free(many);
    free(digits);
    free(list);
}

/* What jansson takes is the operation's, though it comes from malloc. */
static void memory_of_the_parser_counts(void **state)
{
    struct arena a = {.limit = 1 << 20};
    struct js *v;
    const char *why;
    (void)state;
    char *many = repeated("{},", 5000, "1]");
    many[0] = '[';
    many[1] = '1';
    assert_int_equal(js_read(&a, bytes_str(many), &v, &why), WW_ENOMEM);
    assert_int_equal(a.used, 0);
    free(many);
    arena_free(&a);
}

/* ---- numbers ---- */

static int compared(struct arena *a, const char *x, const char *y)
{
    return js_number_compare(read_text(a, x), read_text(a, y));
}

static void numbers_are_compared_exactly(void **state)
{
    static const char *const rising[] = {"-1e300",
                                         "-18446744073709551616",
                                         "-18446744073709551615",
                                         "-1.5",
                                         "-1",
                                         "-5e-324",
                                         "0",
                                         "1e-300",
                                         "0.1",
                                         "0.10000000000000001",
                                         "1",
                                         "1.1",
                                         "9.99",
                                         "10",
                                         "9007199254740993",
                                         "9007199254740993.5",
                                         "18446744073709551615",
                                         "18446744073709551616",
                                         "1e300"};
    struct arena a = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rising / sizeof rising[0]; i++) {
        for (size_t k = 0; k < sizeof rising / sizeof rising[0]; k++) {
            assert_int_equal(compared(&a, rising[i], rising[k]), (i > k) - (i < k));
        }
    }
    assert_int_equal(compared(&a, "1.0", "1"), 0);
    assert_int_equal(compared(&a, "100e-2", "1"), 0);
    assert_int_equal(compared(&a, "-0.0", "0"), 0);
    assert_int_equal(js_number_compare(js_real(&a, 0.1), read_text(&a, "0.10")), 0);
    arena_free(&a);
}

static void equal_values_have_one_canonical_text(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"1.0", "1"},
        {"100e-2", "1"},
        {"-0.0", "0"},
        {"1.50", "1.5"},
        {"0.00010", "0.0001"},
        {"1e3", "1000"},
        {"1e-30", "1e-30"},
        {"18446744073709551615.0", "18446744073709551615"},
        {"{\"b\":1.0,\"a\":[2e0]}", "{\"a\":[2],\"b\":1}"},
    };
    struct arena a = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b = BUF(&a);
        js_write_canonical(&b, read_text(&a, cases[i].from));
        assert_string_equal(buf_text(&b), cases[i].to);
    }
    arena_free(&a);
}

/* ---- trees ---- */

static void members_are_found_by_key_path_and_index(void **state)
{
    struct arena a = {0};
    (void)state;
    struct js *v =
        read_text(&a, "{\"name\":{\"first\":\"Ada\"},\"emails\":[\"a\",\"b\"],\"n\":7,\"yes\":true}");
    assert_string_equal(js_write(&a, js_path(v, "name.first")), "\"Ada\"");
    assert_string_equal(js_write(&a, js_path(v, "emails.1")), "\"b\"");
    assert_null(js_path(v, "emails.2"));
    assert_null(js_path(v, "emails.-1"));
    assert_null(js_path(v, "emails."));
    assert_null(js_path(v, "name.first.x"));
    assert_null(js_get_text(v, "n"));
    assert_int_equal(js_get_int(v, "n", 0), 7);
    assert_int_equal(js_get_int(v, "name", -1), -1);
    assert_true(js_get_bool(v, "yes", false));
    assert_int_equal(js_depth(v), 2);
    assert_int_equal(js_depth(js_get(v, "n")), 0);
    arena_free(&a);
}

static void trees_are_equal_whatever_the_order_of_members(void **state)
{
    struct arena a = {0};
    (void)state;
    struct js *v = read_text(&a, "{\"a\":1,\"b\":[true,null],\"c\":\"x\"}");
    assert_true(js_equal(v, read_text(&a, "{\"c\":\"x\",\"b\":[true,null],\"a\":1.0}")));
    assert_false(js_equal(v, read_text(&a, "{\"c\":\"x\",\"b\":[null,true],\"a\":1}")));
    assert_false(js_equal(v, read_text(&a, "{\"c\":\"x\",\"b\":[true,null]}")));
    arena_free(&a);
}

static void trees_are_built_changed_and_written(void **state)
{
    struct arena a = {0};
    (void)state;
    struct js *v = js_object(&a);
    js_put(&a, v, "one", js_int(&a, 1));
    js_put(&a, v, "two", js_text(&a, "2"));
    js_put(&a, v, "one", js_real(&a, 1.5));
    js_put_path(&a, v, "a.b", js_bool(&a, true));
    js_remove(v, "two");
    assert_string_equal(js_write(&a, v), "{\"one\":1.5,\"a\":{\"b\":true}}");
    js_put(&a, v, "lost", NULL); /* no memory for it: the whole says so */
    assert_false(js_whole(v));
    assert_null(js_write(&a, v));
    arena_free(&a);
}

static void a_path_is_no_deeper_than_a_text_may_be(void **state)
{
    struct arena a = {0};
    struct js *v = js_object(&a);
    char *path = repeated("a.", 400000, "a");
    (void)state;
    assert_null(js_put_path(&a, v, path, js_int(&a, 1)));
    assert_false(js_whole(v));
    assert_true(a.used < 16384);
    free(path);
    arena_free(&a);
}

/* ---- twice as much costs twice as much ---- */

static uint64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* The least of some runs, so that a busy machine does not count. */
static uint64_t cost(const char *text)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 5; i++) {
        struct arena a = {0};
        uint64_t start = cpu_us();
        struct js *v = read_text(&a, text);
        assert_true(js_equal(v, js_copy(&a, v)));
        assert_non_null(js_write(&a, v));
        uint64_t took = cpu_us() - start;
        least = took < least ? took : least;
        arena_free(&a);
    }
    return least;
}

static char *object_of(size_t members)
{
    char *text = malloc(members * 32 + 3), *end = text + sprintf(text, "{\"first\":0");
    for (size_t i = 0; i < members; i++) {
        end += sprintf(end, ",\"traits.%zu\":1.50", i);
    }
    strcpy(end, "}");
    return text;
}

static void reading_is_linear(void **state)
{
    (void)state;
    char *small = object_of(10000), *large = object_of(40000);
    uint64_t one = cost(small), four = cost(large);
    if (four > 10 * one) { /* quadratic: 16 times */
        fail_msg("10,000 members take %lu µs, 40,000 %lu", (unsigned long)one, (unsigned long)four);
    }
    free(small);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_written_as_it_was),
        cmocka_unit_test(broken_text_is_refused_without_quoting_it),
        cmocka_unit_test(depth_values_and_digits_are_bounded_before_they_are_parsed),
        cmocka_unit_test(memory_of_the_parser_counts),
        cmocka_unit_test(numbers_are_compared_exactly),
        cmocka_unit_test(equal_values_have_one_canonical_text),
        cmocka_unit_test(members_are_found_by_key_path_and_index),
        cmocka_unit_test(trees_are_equal_whatever_the_order_of_members),
        cmocka_unit_test(trees_are_built_changed_and_written),
        cmocka_unit_test(a_path_is_no_deeper_than_a_text_may_be),
        cmocka_unit_test(reading_is_linear),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
