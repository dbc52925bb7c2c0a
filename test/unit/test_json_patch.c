/* JSON Patch: the examples of RFC 6902's appendix A, those of RFC 6901 for pointers, Kratos' leniency, and
 * what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "js_patch.h"

static struct js *read_text(struct arena *a, const char *text)
{
    struct js *v;
    const char *why;
    if (js_read(a, bytes_str(text), &v, &why) != WW_OK) {
        fail_msg("%s: %s", text, why);
    }
    return v;
}

struct example {
    const char *document, *patch;
    const char *result; /* NULL: refused */
};

static void try_examples(const struct example *list, size_t n, bool lenient)
{
    for (size_t i = 0; i < n; i++) {
        struct arena a = {0};
        struct js *document = read_text(&a, list[i].document), *out;
        const char *why;
        enum ww_err err = js_patch(&a, document, read_text(&a, list[i].patch), lenient, &out, &why);
        if (list[i].result) {
            if (err) {
                fail_msg("%s: %s", list[i].patch, why);
            }
            if (!js_equal(out, read_text(&a, list[i].result))) {
                fail_msg("%s: %s", list[i].patch, js_write(&a, out));
            }
        } else {
            assert_int_equal(err, WW_EINVAL);
            assert_non_null(why);
            assert_null(out);
        }
        /* What it was made from is as it was. */
        assert_true(js_equal(document, read_text(&a, list[i].document)));
        arena_free(&a);
    }
}

static void the_examples_of_the_rfc(void **state)
{
    (void)state;
    static const struct example examples[] = {
        /* A.1 to A.16 in their order; A.13 is invalid JSON for us (a key twice), and refused by the reader */
        {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
         "{\"baz\":\"qux\",\"foo\":\"bar\"}"},
        {"{\"foo\":[\"bar\",\"baz\"]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
         "{\"foo\":[\"bar\",\"qux\",\"baz\"]}"},
        {"{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"remove\",\"path\":\"/baz\"}]", "{\"foo\":\"bar\"}"},
        {"{\"foo\":[\"bar\",\"qux\",\"baz\"]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
         "{\"foo\":[\"bar\",\"baz\"]}"},
        {"{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"replace\",\"path\":\"/baz\",\"value\":\"boo\"}]",
         "{\"baz\":\"boo\",\"foo\":\"bar\"}"},
        {"{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{\"corge\":\"grault\"}}",
         "[{\"op\":\"move\",\"from\":\"/foo/waldo\",\"path\":\"/qux/thud\"}]",
         "{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"corge\":\"grault\",\"thud\":\"fred\"}}"},
        {"{\"foo\":[\"all\",\"grass\",\"cows\",\"eat\"]}",
         "[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/3\"}]",
         "{\"foo\":[\"all\",\"cows\",\"eat\",\"grass\"]}"},
        {"{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}",
         "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"qux\"},{\"op\":\"test\",\"path\":\"/foo/"
         "1\",\"value\":2}]",
         "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}"},
        {"{\"baz\":\"qux\"}", "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"bar\"}]", NULL},
        {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/child\",\"value\":{\"grandchild\":{}}}]",
         "{\"foo\":\"bar\",\"child\":{\"grandchild\":{}}}"},
        {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\",\"xyz\":123}]",
         "{\"foo\":\"bar\",\"baz\":\"qux\"}"},
        {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz/bat\",\"value\":\"qux\"}]", NULL},
        {"{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10}]", "{\"/\":9,\"~1\":10}"},
        {"{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":\"10\"}]", NULL},
        {"{\"foo\":[\"bar\"]}", "[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[\"abc\",\"def\"]}]",
         "{\"foo\":[\"bar\",[\"abc\",\"def\"]]}"},
        /* RFC 6902 §4: the whole document, copies, what is there is replaced by add */
        {"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":{\"b\":2}}]", "{\"b\":2}"},
        {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":[1]}]", "[1]"},
        {"{\"a\":{\"b\":1}}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/c\"}]",
         "{\"a\":{\"b\":1},\"c\":{\"b\":1}}"},
        {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":null}]", "{\"a\":null}"},
        {"{\"a\":[1,2,3]}",
         "[{\"op\":\"remove\",\"path\":\"/a/2\"},{\"op\":\"add\",\"path\":\"/a/-\",\"value\":4}]",
         "{\"a\":[1,2,4]}"},
        {"{\"a\":[1,2]}",
         "[{\"op\":\"replace\",\"path\":\"/a/1\",\"value\":5},{\"op\":\"add\",\"path\":\"/a/"
         "2\",\"value\":6}]",
         "{\"a\":[1,5,6]}"},
        {"{}", "[]", "{}"},
        /* RFC 6901 §5 */
        {"{\"\":0,\"a/b\":1,\"m~n\":8,\" \":7}",
         "[{\"op\":\"test\",\"path\":\"/\",\"value\":0},{\"op\":\"test\",\"path\":\"/a~1b\",\"value\":1},"
         "{\"op\":\"test\",\"path\":\"/m~0n\",\"value\":8},{\"op\":\"test\",\"path\":\"/ \",\"value\":7}]",
         "{\"\":0,\"a/b\":1,\"m~n\":8,\" \":7}"},
    };
    try_examples(examples, sizeof examples / sizeof examples[0], false);
}

static void what_is_refused(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"{}", "{}", NULL},
        {"{}", "[1]", NULL},
        {"{}", "[{\"op\":\"add\",\"value\":1}]", NULL},
        {"{}", "[{\"op\":\"frob\",\"path\":\"/a\",\"value\":1}]", NULL},
        {"{}", "[{\"op\":\"add\",\"path\":\"a\",\"value\":1}]", NULL},
        {"{}", "[{\"op\":\"add\",\"path\":\"/a\"}]", NULL},
        {"{}", "[{\"op\":\"add\",\"path\":\"/a~2\",\"value\":1}]", NULL},
        {"{}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", NULL},
        {"{}", "[{\"op\":\"remove\",\"path\":\"\"}]", NULL},
        {"{}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":1}]", NULL},
        {"{\"a\":{\"b\":1}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]", NULL},
        {"{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/2\",\"value\":1}]", NULL},
        {"{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/01\",\"value\":1}]", NULL},
        {"{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/x\",\"value\":1}]", NULL},
        {"{\"a\":[1]}", "[{\"op\":\"replace\",\"path\":\"/a/-\",\"value\":1}]", NULL},
        {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]", NULL},
        {"{\"a\":1}",
         "[{\"op\":\"add\",\"path\":\"/b\",\"value\":1},{\"op\":\"test\",\"path\":\"/b\",\"value\":2}]",
         NULL},
    };
    try_examples(examples, sizeof examples / sizeof examples[0], false);
}

static void kratos_makes_what_is_missing(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"{}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":1}]", "{\"a\":1}"},
        {"{}", "[{\"op\":\"add\",\"path\":\"/a/b/c\",\"value\":1}]", "{\"a\":{\"b\":{\"c\":1}}}"},
        {"{\"a\":null}", "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]", "{\"a\":{\"b\":1}}"},
        {"{\"a\":[]}", "[{\"op\":\"add\",\"path\":\"/a/0/c\",\"value\":1}]", NULL},
        {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]", NULL},
        {"{}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", NULL},
        {"{}", "[{\"op\":\"copy\",\"from\":\"/a/b\",\"path\":\"/c\"}]", NULL},
    };
    try_examples(examples, sizeof examples / sizeof examples[0], true);
}

/* Each copy doubles: stopped long before memory is. */
static void copies_do_not_grow_without_end(void **state)
{
    (void)state;
    struct arena a = {0};
    struct js *patch = js_array(&a), *out;
    const char *why;
    for (int i = 0; i < 40; i++) {
        js_push(patch, read_text(&a, "{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/-\"}"));
    }
    assert_int_equal(js_patch(&a, read_text(&a, "{\"a\":[1,2,3]}"), patch, false, &out, &why), WW_EINVAL);
    assert_null(out);
    arena_free(&a);
}

static void a_pointer_is_bounded(void **state)
{
    (void)state;
    struct arena a = {0};
    struct js *out, *o = read_text(&a, "{\"op\":\"add\",\"value\":1}"), *patch = js_array(&a);
    const char *why;
    char path[2 * LIMIT_JSON_DEPTH + 20] = "";
    for (int i = 0; i < LIMIT_JSON_DEPTH + 2; i++) {
        strcat(path, "/a");
    }
    js_put(&a, o, "path", js_text(&a, path));
    js_push(patch, o);
    assert_int_equal(js_patch(&a, read_text(&a, "{}"), patch, true, &out, &why), WW_EINVAL);
    char *long_path = malloc(JS_POINTER_MOST + 2);
    memset(long_path, '/', JS_POINTER_MOST + 1);
    long_path[JS_POINTER_MOST + 1] = 0;
    js_put(&a, o, "path", js_text(&a, long_path));
    assert_int_equal(js_patch(&a, read_text(&a, "{}"), patch, true, &out, &why), WW_EINVAL);
    free(long_path);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc),      cmocka_unit_test(what_is_refused),
        cmocka_unit_test(kratos_makes_what_is_missing), cmocka_unit_test(copies_do_not_grow_without_end),
        cmocka_unit_test(a_pointer_is_bounded),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
