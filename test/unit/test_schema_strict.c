/* Validation is never weaker than the schema says: limits of patterns, other drafts, and what addresses may
 * be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "schema.h"

static const struct js *json(struct arena *a, const char *text)
{
    struct js *v = NULL;
    const char *why = NULL;
    if (js_read(a, bytes_str(text), &v, &why)) {
        fail_msg("%s in %s", why, text);
    }
    return v;
}

static bool holds(const char *schema, const char *value)
{
    struct arena a = {0};
    struct schema_program *p = NULL;
    struct schema_failure *f = NULL;
    const char *why = "";
    if (schema_compile(&a, json(&a, schema), &p, &why) != WW_OK) {
        fail_msg("%s: %s", why, schema);
    }
    enum ww_err err = schema_validate(&a, p, json(&a, value), &f);
    assert_true(err == WW_OK || (err == WW_EVALIDATION && f));
    schema_program_free(p);
    arena_free(&a);
    return err == WW_OK;
}

/* (a+)+$ needs time beyond all limits for a row of a with something behind. */
static void a_pattern_at_its_limit_makes_nothing_valid(void **state)
{
#define SLOW "{\"pattern\":\"^(a+)+$\"}"
    static const char *const schemas[] = {
        SLOW,
        "{\"not\":" SLOW "}",
        "{\"not\":{\"not\":" SLOW "}}",
        "{\"anyOf\":[" SLOW ",true]}",
        "{\"oneOf\":[true," SLOW "]}",
        "{\"if\":" SLOW ",\"else\":true}",
        "{\"not\":{\"allOf\":[" SLOW "]}}",
    };
    static const char value[] = "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"";
    (void)state;
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) {
        assert_false(holds(schemas[i], value));
    }
    assert_false(holds("{\"propertyNames\":{\"not\":" SLOW "}}",
                       "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\":1}"));
    assert_false(holds("{\"patternProperties\":{\"^(a+)+$\":false}}",
                       "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\":1}"));
    assert_true(holds("{\"not\":" SLOW "}", "\"b\""));
#undef SLOW
}

static void other_drafts_are_refused_by_name(void **state)
{
    static const struct {
        const char *schema, *said;
    } cases[] = {
        {"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\"}", "#/$schema"},
        {"{\"$schema\":\"http://json-schema.org/draft-04/schema#\"}", "#/$schema"},
        {"{\"$schema\":7}", "#/$schema"},
        {"{\"properties\":{\"a\":{\"unevaluatedProperties\":false}}}",
         "#/properties/a/unevaluatedProperties"},
        {"{\"dependentRequired\":{\"a\":[\"b\"]}}", "dependentRequired"},
        {"{\"items\":{\"prefixItems\":[true]}}", "prefixItems"},
        {"{\"contains\":true,\"minContains\":2}", "minContains"},
        {"{\"divisibleBy\":2}", "divisibleBy"},
        {"{\"propertyDependencies\":{\"a\":{\"b\":{}}}}", "propertyDependencies"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a = {0};
        struct schema_program *p = NULL;
        const char *why = "";
        assert_int_equal(schema_compile(&a, json(&a, cases[i].schema), &p, &why), WW_EVALIDATION);
        if (!strstr(why, cases[i].said)) {
            fail_msg("%s: %s", cases[i].schema, why);
        }
        arena_free(&a);
    }
    assert_true(
        holds("{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"type\":\"string\"}", "\"\""));
    /* names of properties, and values, are not keywords */
    assert_true(holds("{\"properties\":{\"prefixItems\":true},\"const\":{\"minContains\":1}}",
                      "{\"minContains\":1}"));
}

static void a_byte_order_mark_is_no_part_of_a_schema(void **state)
{
    static const struct schema_source source = {
        .id = "marked",
        .url = "inline:\xef\xbb\xbf{\"properties\":{\"traits\":{\"type\":\"object\",\"properties\":{\"a\":{"
               "\"type\":\"string\"}}}}}"};
    struct ww_op op;
    struct schema_set *set;
    (void)state;
    op_init(&op, NULL, NULL);
    if (schema_set_load(&op, &source, 1, "marked", NULL, &set) != WW_OK) {
        fail_msg("%s", op.problem.text);
    }
    schema_set_free(set);
    op_free(&op);
}

static void addresses_are_what_the_standards_say(void **state)
{
    static const struct {
        const char *format, *value;
        bool valid;
    } cases[] = {
        {"email", "ada@example.org", true},
        {"email", "\\\"ada lovelace\\\"@example.org", true},
        {"email", "\\\"a@b\\\"@example.org", true},
        {"email", "\\\"a\\\\\\\"b\\\"@example.org", true},
        {"email", "\\\"\\\"@example.org", true},
        {"email", "\\\"a\\\"b\\\"@example.org", false},
        {"email", "\\\"a\\\\\\\"@example.org", false},
        {"email", "\\\"a@example.org", false},
        {"email", "\\\"a\\u0001\\\"@example.org", false},
        {"email", "ada@[192.0.2.1]", true},
        {"email", "ada@[IPv6:2001:db8::1]", true},
        {"email", "ada@[2001:db8::1]", false},
        {"email", "ada@[192.0.2.256]", false},
        {"email", "ada@[192.0.2.1", false},
        {"email", "ada@[]", false},
        {"email", "ada@", false},
        {"idn-email", "\\\"\xc3\xa4\\\"@m\xc3\xbcnchen.de", true},
        {"idn-hostname", "m\xc3\xbcnchen.de", true},
        {"idn-hostname", "xn--mnchen-3ya.de", true},
        {"idn-hostname", "xn--a.de", false},
        {"idn-hostname", "M\xc3\xbcnchen.de", false}, /* mapped first, then a host name: RFC 5891 §4.2 */
        {"idn-hostname", "-\xc3\xbc.de", false},
        {"idn-hostname", "a..de", false},
        {"uri", "urn:a", true},
        {"uri", "u\\u0000n:a", false}, /* a NUL ends no list of characters */
        {"uri-template", "{+path}", true},
        {"uri-template", "{\\u0000path}", false},
        {"idn-hostname", "\xe2\x98\x83.net", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a = {0};
        char *schema = arena_printf(&a, "{\"format\":\"%s\"}", cases[i].format);
        char *value = arena_printf(&a, "\"%s\"", cases[i].value);
        if (holds(schema, value) != cases[i].valid) {
            fail_msg("%s %s is %svalid", cases[i].format, value, cases[i].valid ? "not " : "");
        }
        arena_free(&a);
    }
}

static void numbers_are_held_against_limits_exactly(void **state)
{
    (void)state;
    assert_true(holds("{\"maximum\":18446744073709551615}", "18446744073709551615"));
    assert_false(holds("{\"maximum\":18446744073709551615}", "18446744073709551616"));
    assert_true(holds("{\"const\":1.10}", "1.1"));
    assert_false(holds("{\"enum\":[9007199254740992.0]}", "9007199254740993"));
    assert_true(holds("{\"type\":\"integer\"}", "18446744073709551616"));
    assert_true(holds("{\"multipleOf\":0.0001}", "0.0075"));
    assert_false(holds("{\"multipleOf\":3}", "18446744073709551616"));
    assert_false(holds("{\"uniqueItems\":true}", "[18446744073709551616,18446744073709551616.0]"));
    assert_true(holds("{\"uniqueItems\":true}", "[18446744073709551616,18446744073709551617]"));
}

/* The worst pattern costs what its limit allows, however long the text is; a harmless one grows with the
 * text. */
static clock_t matching_time(const char *pattern, size_t n)
{
    clock_t least = 0;
    for (int run = 0; run < 5; run++) {
        struct arena a = {0};
        struct schema_program *p = NULL;
        struct schema_failure *f = NULL;
        const char *why = "";
        char *text = arena_alloc(&a, n + 4);
        memset(text, 'a', n + 1);
        text[0] = text[n + 1] = '"';
        const struct js *schema = json(&a, pattern), *value = json(&a, text);
        assert_int_equal(schema_compile(&a, schema, &p, &why), WW_OK);
        clock_t start = clock();
        for (int i = 0; i < 10; i++) {
            (void)!schema_validate(&a, p, value, &f);
        }
        clock_t took = clock() - start;
        least = run == 0 || took < least ? took : least;
        schema_program_free(p);
        arena_free(&a);
    }
    return least;
}

static void patterns_cost_no_more_than_the_text(void **state)
{
    static const char *const patterns[] = {"{\"pattern\":\"^(a+)+b$\"}",
                                           "{\"pattern\":\"a*a*a*b\"}",
                                           "{\"pattern\":\"^a+$\",\"minLength\":1}",
                                           "{\"format\":\"email\"}",
                                           "{\"format\":\"idn-hostname\"}",
                                           "{\"format\":\"uri\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        clock_t small = matching_time(patterns[i], 4000), large = matching_time(patterns[i], 16000);
        if (large >
            9 * small +
                30000) { /* µs; quadratic: 16 times, 100 ms and more. The limit of a pattern is below 1 ms */
            fail_msg("%s: %ld us for 4,000 letters, %ld for 16,000", patterns[i], small, large);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_at_its_limit_makes_nothing_valid),
        cmocka_unit_test(other_drafts_are_refused_by_name),
        cmocka_unit_test(a_byte_order_mark_is_no_part_of_a_schema),
        cmocka_unit_test(addresses_are_what_the_standards_say),
        cmocka_unit_test(numbers_are_held_against_limits_exactly),
        cmocka_unit_test(patterns_cost_no_more_than_the_text),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
