/* Schemas as an operator writes them: what is compiled, what is refused and why, what is said of bad values,
 * and what cannot be made to hang. The rules of draft-07 themselves are tested by test/support/schema-suite.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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

static struct schema_program *compiled(struct arena *a, const char *schema)
{
    struct schema_program *p = NULL;
    const char *why = NULL;
    if (schema_compile(a, json(a, schema), &p, &why)) {
        fail_msg("%s in %s", why, schema);
    }
    return p;
}

/* ---- failures ---- */

static void a_failure_has_the_texts_and_values_of_kratos(void **state)
{
    static const struct {
        const char *schema, *value, *keyword, *text, *context;
    } cases[] = {
        {"{\"type\":\"boolean\"}", "\"x\"", "type", "expected boolean, but got string",
         "{\"allowed_types\":[\"boolean\"],\"actual_type\":\"string\"}"},
        {"{\"type\":[\"integer\",\"null\"]}", "1.5", "type", "expected integer or null, but got number",
         "{\"allowed_types\":[\"integer\",\"null\"],\"actual_type\":\"number\"}"},
        {"{\"minLength\":2}", "\"X\"", "minLength", "length must be >= 2, but got 1",
         "{\"min_length\":2,\"actual_length\":1}"},
        {"{\"maxLength\":2}", "\"äöü\"", "maxLength", "length must be <= 2, but got 3",
         "{\"max_length\":2,\"actual_length\":3}"},
        {"{\"pattern\":\"^[0-9]{5}$\"}", "\"12\"", "pattern", "does not match pattern \"^[0-9]{5}$\"",
         "{\"pattern\":\"^[0-9]{5}$\"}"},
        {"{\"minimum\":18}", "17", "minimum", "must be >= 18 but found 17", "{\"minimum\":18,\"actual\":17}"},
        {"{\"maximum\":120}", "121", "maximum", "must be <= 120 but found 121",
         "{\"maximum\":120,\"actual\":121}"},
        {"{\"exclusiveMinimum\":0}", "0", "exclusiveMinimum", "must be > 0 but found 0",
         "{\"minimum\":0,\"actual\":0}"},
        {"{\"exclusiveMaximum\":10}", "10", "exclusiveMaximum", "must be < 10 but found 10",
         "{\"maximum\":10,\"actual\":10}"},
        {"{\"multipleOf\":0.5}", "0.3", "multipleOf", "0.3 not multipleOf 0.5",
         "{\"base\":0.5,\"actual\":0.3}"},
        {"{\"maxItems\":2}", "[1,2,3]", "maxItems", "maximum 2 items allowed, but found 3 items",
         "{\"max_items\":2,\"actual_items\":3}"},
        {"{\"minItems\":1}", "[]", "minItems", "minimum 1 items allowed, but found 0 items",
         "{\"min_items\":1,\"actual_items\":0}"},
        {"{\"uniqueItems\":true}", "[\"b\",\"a\",{\"x\":1,\"y\":2},\"a\",{\"y\":2.0,\"x\":1}]", "uniqueItems",
         "items at index 1 and 3 are equal", "{\"index_a\":1,\"index_b\":3}"},
        {"{\"const\":true}", "false", "const", "value must be true", "{\"expected\":\"true\"}"},
        {"{\"const\":[1]}", "false", "const", "const failed", "{}"},
        {"{\"enum\":[\"free\",\"pro\"]}", "\"gold\"", "enum", "value must be one of \"free\", \"pro\"",
         "{\"reason\":\"value must be one of \\\"free\\\", \\\"pro\\\"\"}"},
        {"{\"format\":\"email\"}", "\"nope\"", "format", "\"nope\" is not valid \"email\"",
         "{\"value\":\"nope\"}"},
        {"{\"format\":\"tel\"}", "\"12\"", "format", "\"12\" is not valid \"tel\"", "{\"value\":\"12\"}"},
        {"{\"format\":\"date\"}", "\"2001-13-01\"", "format", "\"2001-13-01\" is not valid \"date\"",
         "{\"reason\":\"\\\"2001-13-01\\\" is not valid \\\"date\\\"\"}"},
        {"{\"required\":[\"a\"]}", "{}", "required", "missing properties: \"a\"", "{\"property\":\"a\"}"},
        {"{\"additionalProperties\":false}", "{\"shoe\":1}", "additionalProperties",
         "additionalProperties \"shoe\" not allowed",
         "{\"reason\":\"additionalProperties \\\"shoe\\\" not allowed\"}"},
        {"{\"not\":{}}", "1", "not", "not failed", "{\"reason\":\"not failed\"}"},
        {"false", "1", "", "always fail", "{\"reason\":\"always fail\"}"},
        {"{\"dependencies\":{\"a\":[\"b\"]}}", "{\"a\":1}", "dependencies",
         "property \"b\" is required, if \"a\" property exists",
         "{\"reason\":\"property \\\"b\\\" is required, if \\\"a\\\" property exists\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a = {0};
        struct schema_failure *f = NULL;
        struct schema_program *p = compiled(&a, cases[i].schema);
        assert_int_equal(schema_validate(&a, p, json(&a, cases[i].value), &f), WW_EVALIDATION);
        assert_non_null(f);
        assert_null(f->next);
        assert_string_equal(f->keyword, cases[i].keyword);
        assert_string_equal(f->text, cases[i].text);
        assert_string_equal(js_write(&a, f->context), cases[i].context);
        schema_program_free(p);
        arena_free(&a);
    }
}

static const char person[] =
    "{\"properties\":{\"traits\":{\"type\":\"object\",\"required\":[\"email\",\"tos\"],"
    "\"additionalProperties\":false,\"properties\":{"
    "\"email\":{\"type\":\"string\",\"format\":\"email\",\"title\":\"E-Mail\",\"ory.sh/"
    "kratos\":{\"credentials\":"
    "{\"password\":{\"identifier\":true}},\"verification\":{\"via\":\"email\"},\"recovery\":{\"via\":"
    "\"email\"}}},"
    "\"tos\":{\"type\":\"boolean\",\"title\":\"Terms\",\"const\":true},"
    "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":3},\"maxItems\":2},"
    "\"plan\":{\"type\":\"string\",\"enum\":[\"free\",\"pro\"]},"
    "\"locked\":{\"type\":\"string\",\"disableFormField\":true,\"watchword\":{\"searchable\":true}},"
    "\"address\":{\"type\":\"object\",\"required\":[\"city\"],\"properties\":{"
    "\"city\":{\"type\":\"string\",\"minLength\":2},\"zip\":{\"$ref\":\"#/definitions/zip\"}}}"
    "}}},\"definitions\":{\"zip\":{\"type\":\"string\",\"pattern\":\"^[0-9]{5}$\",\"title\":\"Zip\"}}}";

static void failures_are_leaves_in_the_order_of_the_schema(void **state)
{
    struct arena a = {0};
    struct schema_failure *f = NULL;
    struct schema_program *p = compiled(&a, person);
    (void)state;
    const struct js *v = json(&a, "{\"traits\":{\"address\":{\"zip\":\"1\"},\"tags\":[\"a\",\"long\"]}}");
    static const char *const expected[][3] = {
        {"/traits", "#/properties/traits/required", "email"},
        {"/traits", "#/properties/traits/required", "tos"},
        {"/traits/tags/1", "#/properties/traits/properties/tags/items/maxLength", NULL},
        {"/traits/address", "#/properties/traits/properties/address/required", "city"},
        {"/traits/address/zip", "#/definitions/zip/pattern", NULL},
    };
    assert_int_equal(schema_validate(&a, p, v, &f), WW_EVALIDATION);
    for (size_t i = 0; i < 5; i++, f = f->next) {
        assert_non_null(f);
        assert_string_equal(f->instance, expected[i][0]);
        assert_string_equal(f->schema, expected[i][1]);
        assert_true(expected[i][2] ? strcmp(f->property, expected[i][2]) == 0 : !f->property);
    }
    assert_null(f);
    schema_program_free(p);
    arena_free(&a);
}

static void only_the_branches_that_were_all_refused_are_reported(void **state)
{
    struct arena a = {0};
    struct schema_failure *f = NULL;
    struct schema_program *p = compiled(&a, "{\"anyOf\":[{\"type\":\"string\"},{\"minimum\":5}],"
                                            "\"oneOf\":[{\"minimum\":0},{\"maximum\":9}]}");
    (void)state;
    assert_int_equal(schema_validate(&a, p, json(&a, "12"), &f), WW_OK);
    assert_null(f);
    assert_int_equal(schema_validate(&a, p, json(&a, "4"), &f), WW_EVALIDATION);
    assert_string_equal(f->schema, "#/anyOf/0/type");
    assert_string_equal(f->next->schema, "#/anyOf/1/minimum");
    assert_string_equal(f->next->next->text, "valid against schemas at indexes 0 and 1");
    assert_null(f->next->next->next);
    schema_program_free(p);
    arena_free(&a);
}

/* The three texts that recorded exchanges of the admin API have, and one of several levels. */
static void the_reason_for_administrators_is_the_tree(void **state)
{
    static const char *const cases[][2] = {
        {"{\"traits\":{\"tos\":true}}",
         "I[#/traits] S[#/properties/traits/required] missing properties: \"email\""},
        {"{\"traits\":{\"email\":\"a@b.c\",\"tos\":true,\"shoe\":1}}",
         "I[#/traits] S[#/properties/traits/additionalProperties] additionalProperties \"shoe\" not allowed"},
        {"{\"traits\":\"x\"}", "I[#/traits] S[#/properties/traits/type] expected object, but got string"},
        {"{\"traits\":{\"email\":\"broken\",\"tos\":true}}",
         "I[#/traits/email] S[#/properties/traits/properties/email] validation failed\n"
         "  I[#/traits/email] S[#/properties/traits/properties/email/format] \"broken\" is not valid "
         "\"email\"\n"
         "  I[#/traits/email] S[#/properties/traits/properties/email/format] \"broken\" is not valid "
         "\"email\""},
    };
    struct ww_op op;
    struct schema_set *set = NULL;
    (void)state;
    op_init(&op, NULL, NULL);
    const char *url = arena_printf(&op.arena, "inline:%s", person);
    const struct schema_source source = {"person", url, true};
    assert_int_equal(schema_set_load(&op, &source, 1, "person", NULL, &set), WW_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct schema_failure *f = NULL;
        assert_int_equal(
            schema_validate(&op.arena, schema_default(set)->program, json(&op.arena, cases[i][0]), &f),
            WW_EVALIDATION);
        assert_null(f->next); /* what is said twice is one leaf */
        assert_string_equal(schema_failure_reason(&op.arena, f), cases[i][1]);
    }
    schema_set_free(set);
    op_free(&op);
}

/* ---- schemas that are refused ---- */

static void a_broken_schema_is_refused_with_its_place(void **state)
{
    static const char *const cases[][2] = {
        {"[]", "#: a schema is"},
        {"{\"type\":\"text\"}", "#/type: expected null, boolean"},
        {"{\"type\":[]}", "#/type: expected"},
        {"{\"properties\":{\"a\":{\"minLength\":-1}}}", "#/properties/a/minLength: expected a whole number"},
        {"{\"items\":[{\"maxItems\":1.5}]}", "#/items/0/maxItems: expected a whole number"},
        {"{\"required\":\"a\"}", "#/required: expected a list of names"},
        {"{\"allOf\":[]}", "#/allOf: expected a list of schemas"},
        {"{\"definitions\":{\"a/b~\":{\"multipleOf\":0}}}",
         "#/definitions/a~1b~0/multipleOf: expected a number above 0"},
        {"{\"not\":1}", "#/not: expected a schema"},
        {"{\"pattern\":\"(\"}", "#/pattern: the regular expression has a group without an end"},
        {"{\"pattern\":\"(*LIMIT_MATCH=1)a\"}",
         "#/pattern: the regular expression has a quantifier with nothing"},
        {"{\"pattern\":\"(?R)\"}", "#/pattern: the regular expression has a group of a kind"},
        {"{\"patternProperties\":{\"[\":{}}}", "#/patternProperties: the regular expression has a class"},
        {"{\"$ref\":\"#/definitions/none\"}", "#: the reference leads to nothing"},
        {"{\"$ref\":\"http://example.org/other.json\"}",
         "#: the reference leads to nothing in this document"},
        {"{\"$ref\":\"#\"}", "#: the references go in a circle"},
        {"{\"definitions\":{\"a\":{\"$ref\":\"#/definitions/b\"},\"b\":{\"allOf\":[{\"$ref\":\"#/definitions/"
         "a\"}]}}}",
         "the references go in a circle"},
        {"{\"if\":{\"not\":{\"$ref\":\"#\"}}}", "the references go in a circle"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a = {0};
        struct schema_program *p = NULL;
        const char *why = "";
        assert_int_equal(schema_compile(&a, json(&a, cases[i][0]), &p, &why), WW_EVALIDATION);
        assert_null(p);
        if (!strstr(why, cases[i][1])) {
            fail_msg("%s: \"%s\", expected \"%s\"", cases[i][0], why, cases[i][1]);
        }
        arena_free(&a);
    }
}

#define TRAITS(traits) "inline:{\"properties\":{\"traits\":" traits "}}"
#define TRAIT(trait)   TRAITS("{\"type\":\"object\",\"properties\":{\"x\":" trait "}}")

static void a_source_that_cannot_serve_is_refused_by_name(void **state)
{
    static const char *const cases[][2] = {
        {"inline:{", "ends too early"},
        {"inline:{}", "#/properties/traits: missing"},
        {TRAITS("{\"properties\":{\"a\":{}}}"), "#/properties/traits/type: must be \"object\""},
        {TRAITS("{\"type\":\"object\"}"), "#/properties/traits/properties: at least one"},
        {TRAITS("{\"type\":\"object\",\"properties\":{\"x\":{\"$ref\":\"#/properties/traits\"}}}"),
         "the traits refer to themselves"},
        {TRAIT("{\"type\":\"string\",\"ory.sh/kratos\":{\"credentials\":{\"pasword\":{}}}}"),
         "#/properties/traits/properties/x/ory.sh~1kratos: credentials.pasword: not known"},
        {TRAIT("{\"type\":\"string\",\"ory.sh/kratos\":{\"credentials\":{\"password\":{\"identifier\":1}}}}"),
         "credentials.password.identifier: expected true or false"},
        {TRAIT("{\"type\":\"string\",\"ory.sh/kratos\":{\"verification\":{\"via\":\"post\"}}}"),
         "verification.via: expected \"email\" or \"sms\""},
        {TRAIT("{\"type\":\"string\",\"ory.sh/kratos\":{\"verification\":{\"via\":\"sms\"}}}"),
         "a format is required"},
        {TRAIT("{\"type\":\"string\",\"ory.sh/kratos\":[]}"), "expected an object"},
        {TRAIT("{\"type\":\"string\",\"watchword\":{\"sealed\":true}}"),
         "sealed traits are not supported yet"},
        {TRAIT("{\"type\":\"string\",\"watchword\":{\"searchabel\":true}}"), "searchabel: not known"},
        {TRAIT("{\"type\":\"string\",\"pattern\":\"[\"}"), "/x/pattern: the regular expression"},
        {"https://example.org/a.json", "not fetched over the network"},
        {"file:///nonexistent/a.json", "No such file"},
        {"file:///dev", "not a file"},
        {"file:///%zz", "broken escape"},
        {"base64://e30", "not base64"},
        {"preset://none", "there is no such preset"},
        {"ftp://x", "expected file://"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ww_op op;
        struct schema_set *set = NULL;
        const struct schema_source source = {"broken", cases[i][0], true};
        op_init(&op, NULL, NULL);
        assert_int_equal(schema_set_load(&op, &source, 1, "broken", NULL, &set), WW_ECONFIG);
        assert_null(set);
        assert_string_equal(op.problem.field, "identity.schemas");
        assert_non_null(strstr(op.problem.text, "broken"));
        if (!strstr(op.problem.text, cases[i][1])) {
            fail_msg("\"%s\", expected \"%s\"", op.problem.text, cases[i][1]);
        }
        op_free(&op);
    }
}

static void ids_are_unique_and_the_default_exists(void **state)
{
    const struct schema_source twice[] = {{"a", "preset://email", true}, {"a", "preset://both", true}};
    struct ww_op op;
    struct schema_set *set = NULL;
    (void)state;
    op_init(&op, NULL, NULL);
    assert_int_equal(schema_set_load(&op, twice, 2, "a", NULL, &set), WW_ECONFIG);
    assert_int_equal(schema_set_load(&op, twice, 1, "b", NULL, &set), WW_ECONFIG);
    assert_string_equal(op.problem.field, "identity.default_schema_id");
    assert_int_equal(schema_set_load(&op, twice, 1, "a", NULL, &set), WW_OK);
    assert_ptr_equal(schema_find(set, "a"), schema_default(set));
    assert_null(schema_find(set, "b"));
    assert_null(schema_at(set, 1));
    schema_set_free(set);
    op_free(&op);
}

/* ---- sources ---- */

static void schemas_come_from_files_base64_and_presets(void **state)
{
    char folder[] = "/tmp/watchword-schema-XXXXXX", path[80];
    const struct schema_source sources[] = {
        {"file", "file://sub%20dir/a.json", true},
        {"base64",
         "base64://"
         "eyJwcm9wZXJ0aWVzIjp7InRyYWl0cyI6eyJ0eXBlIjoib2JqZWN0IiwicHJvcGVydGllcyI6eyJ4Ijp7InR5cGUiOiJz"
         "dHJpbmcifX19fX0=",
         false},
        {"username", "preset://username", true},
        {"email", "preset://email", true},
        {"both", "preset://both", true},
    };
    static const char text[] =
        "{\"properties\":{\"traits\":{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"null\"}}}}}\n";
    struct ww_op op;
    struct schema_set *set = NULL;
    (void)state;
    op_init(&op, NULL, NULL);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/sub dir", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/sub dir/a.json", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    enum ww_err err = schema_set_load(&op, sources, 5, "email", folder, &set);
    unlink(path);
    snprintf(path, sizeof path, "%s/sub dir", folder);
    rmdir(path);
    rmdir(folder);
    if (err) {
        fail_msg("%s", op.problem.text);
    }
    assert_int_equal(schema_count(set), 5);
    assert_true(bytes_equal(schema_at(set, 0)->text, bytes_str(text)));
    assert_string_equal(schema_at(set, 0)->traits->type, "null");
    assert_string_equal(schema_find(set, "base64")->traits->path, "x");
    assert_false(schema_find(set, "base64")->selectable);
    assert_true(schema_find(set, "username")->traits->marks & MARK_PASSWORD_IDENTIFIER);
    assert_string_equal(schema_find(set, "both")->traits->path, "username");
    assert_string_equal(schema_find(set, "both")->traits->next->path, "email");
    assert_int_equal(schema_default(set)->traits->marks, MARK_PASSWORD_IDENTIFIER | MARK_CODE_EMAIL |
                                                             MARK_TOTP_NAME | MARK_VERIFY_EMAIL |
                                                             MARK_RECOVER_EMAIL);
    schema_set_free(set);
    op_free(&op);
}

/* ---- traits ---- */

static struct schema_set *loaded(struct ww_op *op, const char *schema)
{
    struct schema_set *set = NULL;
    op_init(op, NULL, NULL);
    const struct schema_source source = {"s", arena_printf(&op->arena, "inline:%s", schema), true};
    if (schema_set_load(op, &source, 1, "s", NULL, &set)) {
        fail_msg("%s", op->problem.text);
    }
    return set;
}

static void traits_are_the_leaves_in_schema_order(void **state)
{
    static const struct {
        const char *path, *type, *item_type, *title;
        bool required, disabled;
        unsigned marks;
    } expected[] = {
        {"email", "string", "", "E-Mail", true, false,
         MARK_PASSWORD_IDENTIFIER | MARK_VERIFY_EMAIL | MARK_RECOVER_EMAIL},
        {"tos", "boolean", "", "Terms", true, false, 0},
        {"tags", "array", "string", NULL, false, false, 0},
        {"plan", "string", "", NULL, false, false, 0},
        {"locked", "string", "", NULL, false, true, MARK_SEARCHABLE},
        {"address.city", "string", "", NULL, true, false, 0},
        {"address.zip", "string", "", "Zip", false, false, 0},
    };
    struct ww_op op;
    struct schema_set *set = loaded(&op, person);
    const struct schema_trait *t = schema_default(set)->traits;
    (void)state;
    assert_int_equal(schema_default(set)->trait_count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++, t = t->next) {
        assert_string_equal(t->path, expected[i].path);
        assert_string_equal(t->type, expected[i].type);
        assert_string_equal(t->item_type, expected[i].item_type);
        assert_true(expected[i].title ? strcmp(t->title, expected[i].title) == 0 : !t->title);
        assert_int_equal(t->required, expected[i].required);
        assert_int_equal(t->disabled, expected[i].disabled);
        assert_int_equal(t->marks, expected[i].marks);
    }
    assert_null(t);
    assert_string_equal(schema_default(set)->traits->format, "email");
    assert_string_equal(schema_default(set)->traits->next->next->next->enum_values->first->string.p, "free");
    schema_set_free(set);
    op_free(&op);
}

/* Kratos makes a field of what has one type or a default, wherever in the schema it stands. */
static void branches_add_traits_and_open_types_do_not(void **state)
{
    struct ww_op op;
    struct schema_set *set = loaded(
        &op, "{\"properties\":{\"traits\":{\"type\":\"object\",\"properties\":{\"open\":{},\"two\":{\"type\":"
             "[\"string\",\"null\"]},\"with_default\":{\"default\":1},\"a\":{\"type\":\"string\"}},"
             "\"anyOf\":[{\"required\":[\"b\"],\"properties\":{\"b\":{\"type\":\"string\"}}},{\"properties\":"
             "{\"a\":"
             "{\"watchword\":{\"searchable\":true}}}}],"
             "\"if\":{\"required\":[\"a\"]},\"then\":{\"properties\":{\"c\":{\"type\":\"integer\"}}}}}}");
    const struct schema_trait *t = schema_default(set)->traits;
    (void)state;
    assert_string_equal(t->path, "with_default");
    assert_string_equal(t->type, "");
    assert_string_equal(t->next->path, "a");
    assert_int_equal(t->next->marks, MARK_SEARCHABLE);
    assert_string_equal(t->next->next->path, "b");
    assert_string_equal(t->next->next->next->path, "c");
    assert_null(t->next->next->next->next);
    schema_set_free(set);
    op_free(&op);
}

/* ---- marked values ---- */

static const char *marked(struct ww_op *op, const struct schema_set *set, const char *traits)
{
    struct schema_value *v = NULL;
    struct buf b = BUF(&op->arena);
    assert_int_equal(schema_marked_values(&op->arena, schema_default(set), json(&op->arena, traits), &v),
                     WW_OK);
    for (; v; v = v->next) {
        buf_printf(&b, "%s=", v->path);
        js_write_to(&b, v->value);
        buf_printf(&b, ":%u:%s ", v->marks, v->format ? v->format : "");
    }
    return buf_text(&b);
}

static clock_t marking_time(size_t items)
{
    struct ww_op op;
    struct schema_set *set = loaded(
        &op, "{\"properties\":{\"traits\":{\"type\":\"object\",\"properties\":{\"e\":{\"type\":\"array\","
             "\"items\":{\"type\":\"string\",\"ory.sh/kratos\":{\"credentials\":{\"password\":{"
             "\"identifier\":true}}}}}}}}}");
    struct schema_value *values;
    struct js *traits = js_object(&op.arena), *list = js_put(&op.arena, traits, "e", js_array(&op.arena));
    for (size_t i = 0; i < items; i++) {
        js_push(list, js_text(&op.arena, "a@example.org"));
    }
    clock_t begun = clock();
    assert_int_equal(schema_marked_values(&op.arena, schema_default(set), traits, &values), WW_OK);
    clock_t took = clock() - begun;
    size_t n = 0;
    for (; values; values = values->next) {
        n++;
    }
    assert_int_equal(n, items);
    schema_set_free(set);
    op_free(&op);
    return took;
}

/* A list with marked items is as long as somebody likes: eight times the items, no more than some eight times
 * the work (quadratic: 64 times, seconds). */
static void marked_values_cost_no_more_than_they_are(void **state)
{
    (void)state;
    clock_t small = marking_time(4000), large = marking_time(32000);
    if (large > 24 * small + 60000) { /* µs */
        fail_msg("%ld us for 4,000 values, %ld for 32,000", (long)small, (long)large);
    }
}

static void marks_pick_values_in_schema_order(void **state)
{
    struct ww_op op;
    struct schema_set *set = loaded(
        &op, "{\"properties\":{\"traits\":{\"type\":\"object\",\"properties\":{"
             "\"emails\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"format\":\"email\",\"ory.sh/"
             "kratos\":"
             "{\"credentials\":{\"password\":{\"identifier\":true}}}}},"
             "\"phone\":{\"type\":\"string\",\"format\":\"tel\",\"ory.sh/kratos\":{\"credentials\":{\"code\":"
             "{\"identifier\":true}},\"verification\":{\"via\":\"sms\"}}},"
             "\"n\":{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"integer\",\"watchword\":"
             "{\"searchable\":true}}}}}}}}");
    (void)state;
    assert_string_equal(
        marked(&op, set, "{\"n\":{\"id\":7},\"phone\":\"+49 30 1234567\",\"emails\":[\"a@b.c\",\"d@e.f\"]}"),
        "emails=\"a@b.c\":1:email emails=\"d@e.f\":1:email phone=\"+49 30 1234567\":160:tel n.id=7:1024: ");
    assert_string_equal(marked(&op, set, "{\"phone\":null}"), "");
    assert_string_equal(marked(&op, set, "[]"), "");
    schema_set_free(set);
    op_free(&op);
}

static void marks_of_a_branch_count_where_it_validates(void **state)
{
    struct ww_op op;
    struct schema_set *set = loaded(
        &op,
        "{\"properties\":{\"traits\":{\"type\":\"object\",\"properties\":{\"login\":{\"type\":\"string\","
        "\"anyOf\":[{\"format\":\"email\",\"ory.sh/kratos\":{\"verification\":{\"via\":\"email\"}}},"
        "{\"pattern\":\"^[a-z]+$\",\"watchword\":{\"searchable\":true}}],"
        "\"allOf\":[{\"ory.sh/kratos\":{\"credentials\":{\"password\":{\"identifier\":true}}}}]}}}}}");
    (void)state;
    assert_string_equal(marked(&op, set, "{\"login\":\"a@example.org\"}"),
                        "login=\"a@example.org\":65:email ");
    assert_string_equal(marked(&op, set, "{\"login\":\"ada\"}"), "login=\"ada\":1025: ");
    assert_int_equal(schema_default(set)->traits->marks,
                     MARK_PASSWORD_IDENTIFIER | MARK_VERIFY_EMAIL | MARK_SEARCHABLE);
    schema_set_free(set);
    op_free(&op);
}

/* ---- formats and patterns beyond the suite ---- */

static bool holds(const char *schema, const char *value)
{
    struct arena a = {0};
    struct schema_failure *f = NULL;
    struct schema_program *p = compiled(&a, schema);
    bool valid = schema_validate(&a, p, json(&a, value), &f) == WW_OK;
    schema_program_free(p);
    arena_free(&a);
    return valid;
}

static void telephone_numbers_carry_their_country(void **state)
{
    static const char tel[] = "{\"format\":\"tel\"}";
    (void)state;
    assert_true(holds(tel, "\"+16502530000\""));
    assert_true(holds(tel, "\"+44 20 7946 0958\""));
    assert_true(holds(tel, "\"+1 (650) 253-0000\""));
    assert_false(holds(tel, "\"030 1234567\""));
    assert_false(holds(tel, "\"+0 650 253 0000\""));
    assert_false(holds(tel, "\"+1 650\""));
    assert_false(holds(tel, "\"+1234567890123456\""));
    assert_false(holds(tel, "\"+49 30 123 4567 x\""));
    assert_true(holds("{\"format\":\"no-validate\"}", "\"anything\""));
    assert_true(holds("{\"format\":\"unheard-of\"}", "\"anything\""));
}

static void patterns_are_of_ecma_262(void **state)
{
    (void)state;
    assert_false(holds("{\"pattern\":\"^\\\\d+$\"}", "\"٣٤\""));
    assert_false(holds("{\"pattern\":\"^a$\"}", "\"a\\n\""));
    assert_true(holds("{\"pattern\":\"^\\\\u0061\\\\x62\\\\cJ$\"}", "\"ab\\n\""));
    assert_true(holds("{\"pattern\":\"^\\\\p{Letter}+$\"}", "\"Größe\""));
    assert_true(holds("{\"pattern\":\"^[\\\\p{Script=Greek}\\\\s]+$\"}", "\"αβγ \\u00a0\""));
    assert_true(holds("{\"pattern\":\"^.$\"}", "\"😀\""));
    assert_false(holds("{\"pattern\":\"^.$\"}", "\"\\u2028\""));
    assert_true(holds("{\"pattern\":\"(?i)^abc\\\\z\"}", "\"ABC\"")); /* as Kratos' RE2 has it */
    assert_false(holds("{\"format\":\"regex\"}", "\"(?i)a\""));
    assert_false(holds("{\"format\":\"regex\"}", "\"a++\""));
}

/* ---- nothing hangs ---- */

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

enum { PATIENCE_S = 10 };

static void a_catastrophic_pattern_is_no_match_and_ends(void **state)
{
    static const char *const patterns[] = {"^(a+)+$", "^(a|aa)+$", "^(a*)*b", "(.*)*x", "^([a-z]+.?)+@$"};
    char value[4096];
    struct timespec start;
    (void)state;
    memset(value, 'a', sizeof value);
    value[0] = '"';
    value[sizeof value - 3] = '!';
    value[sizeof value - 2] = '"';
    value[sizeof value - 1] = '\0';
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        char schema[80];
        snprintf(schema, sizeof schema, "{\"pattern\":\"%s\"}", patterns[i]);
        assert_false(holds(schema, value));
    }
    assert_true(seconds_since(&start) < PATIENCE_S);
}

/* 2^60 ways through 60 definitions; also where a failure would make it valid. */
static void references_that_double_end_as_too_complex(void **state)
{
    for (int negated = 0; negated < 2; negated++) {
        struct arena a = {0};
        struct schema_failure *f = NULL;
        struct buf b = BUF(&a);
        struct timespec start;
        buf_str(&b, negated ? "{\"not\":{\"$ref\":\"#/definitions/0\"},\"definitions\":{"
                            : "{\"$ref\":\"#/definitions/0\",\"definitions\":{");
        for (int i = 0; i < 25; i++) {
            buf_printf(
                &b, "\"%d\":{\"allOf\":[{\"$ref\":\"#/definitions/%d\"},{\"$ref\":\"#/definitions/%d\"}]},",
                i, i + 1, i + 1);
        }
        buf_str(&b, "\"25\":{\"type\":\"string\"}}}");
        struct schema_program *p = compiled(&a, buf_text(&b));
        clock_gettime(CLOCK_MONOTONIC, &start);
        assert_int_equal(schema_validate(&a, p, json(&a, "\"x\""), &f), WW_EVALIDATION);
        assert_string_equal(f->text, "the value is too complex to be checked");
        assert_true(seconds_since(&start) < PATIENCE_S);
        schema_program_free(p);
        arena_free(&a);
    }
    (void)state;
}

static void a_chain_of_references_is_bounded(void **state)
{
    struct arena a = {0};
    struct buf b = BUF(&a);
    struct schema_program *p = NULL;
    const char *why = "";
    (void)state;
    buf_str(&b, "{\"definitions\":{");
    for (int i = 0; i < 5000; i++) {
        buf_printf(&b, "\"%d\":{\"$ref\":\"#/definitions/%d\"},", i, i + 1);
    }
    buf_str(&b, "\"5000\":{}}}");
    assert_int_equal(schema_compile(&a, json(&a, buf_text(&b)), &p, &why), WW_EVALIDATION);
    assert_non_null(strstr(why, "apply to one value in a row"));
    arena_free(&a);
}

static void regular_expressions_that_grow_are_bounded(void **state)
{
    struct arena a = {0};
    struct buf b = BUF(&a);
    struct schema_program *p = NULL;
    const char *why = "";
    (void)state;
    buf_str(&b, "{\"patternProperties\":{");
    for (int i = 0; i < 9000; i++) {
        buf_printf(&b, "\"(?:abcdefgh%d){500}\":{},", i);
    }
    buf_str(&b, "\"x\":{}}}");
    assert_int_equal(schema_compile(&a, json(&a, buf_text(&b)), &p, &why), WW_EVALIDATION);
    assert_non_null(strstr(why, "too large together"));
    assert_int_equal(
        schema_compile(&a, json(&a, "{\"pattern\":\"((((a{99}){99}){99}){99}){99}\"}"), &p, &why),
        WW_EVALIDATION);
    arena_free(&a);
}

static void a_huge_array_is_compared_quickly(void **state)
{
    struct arena a = {0};
    struct schema_failure *f = NULL;
    struct buf b = BUF(&a);
    struct timespec start;
    struct schema_program *p = compiled(&a, "{\"uniqueItems\":true}");
    (void)state;
    buf_char(&b, '[');
    for (int i = 0; i < 100000; i++) {
        buf_printf(&b, "%d,", i);
    }
    buf_str(&b, "7]");
    const struct js *v = json(&a, buf_text(&b));
    clock_gettime(CLOCK_MONOTONIC, &start);
    assert_int_equal(schema_validate(&a, p, v, &f), WW_EVALIDATION);
    assert_string_equal(f->text, "items at index 7 and 100000 are equal");
    assert_true(seconds_since(&start) < PATIENCE_S);
    schema_program_free(p);
    arena_free(&a);
}

static void many_failures_are_reported_in_part(void **state)
{
    struct arena a = {0};
    struct schema_failure *f = NULL;
    struct buf b = BUF(&a);
    size_t n = 0;
    struct schema_program *p = compiled(&a, "{\"items\":{\"type\":\"string\",\"minLength\":1}}");
    (void)state;
    buf_char(&b, '[');
    for (int i = 0; i < 10000; i++) {
        buf_str(&b, "1,");
    }
    buf_str(&b, "2]");
    assert_int_equal(schema_validate(&a, p, json(&a, buf_text(&b)), &f), WW_EVALIDATION);
    for (; f; f = f->next) {
        n++;
    }
    assert_int_equal(n, 100);
    schema_program_free(p);
    arena_free(&a);
}

/* ---- memory ---- */

struct countdown {
    unsigned left;
};

static bool fails_at(void *ctx, enum ww_fault kind)
{
    struct countdown *c = ctx;
    return kind == WW_FAULT_ALLOC && c->left-- == 0;
}

/* Each allocation fails once in turn, until one run needs fewer. */
static void no_memory_is_an_error_and_nothing_else(void **state)
{
    (void)state;
    for (unsigned n = 0;; n++) {
        struct countdown countdown = {n};
        const struct ww_env env = {.fault = fails_at, .ctx = &countdown};
        const struct schema_source source = {"s", "preset://both", true};
        struct schema_set *set = NULL;
        struct schema_failure *f = NULL;
        struct schema_value *values = NULL;
        struct arena fine = {0};
        struct ww_op op;
        const struct js *v = json(&fine, "{\"traits\":{\"username\":\"a\",\"email\":\"b\",\"x\":1}}");
        op_init(&op, &env, NULL);
        enum ww_err err = schema_set_load(&op, &source, 1, "s", NULL, &set);
        if (!err) {
            err = schema_validate(&op.arena, schema_default(set)->program, v, &f);
            assert_true(err == WW_ENOMEM || (err == WW_EVALIDATION && f));
            err = err == WW_EVALIDATION ? WW_OK : err;
        }
        if (!err) {
            err = schema_marked_values(&op.arena, schema_default(set), js_get(v, "traits"), &values);
        }
        assert_true(err == WW_OK || err == WW_ENOMEM);
        bool done = err == WW_OK;
        assert_true(!done || values);
        schema_set_free(set);
        op_free(&op);
        arena_free(&fine);
        if (done) {
            assert_true(n > 100);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_has_the_texts_and_values_of_kratos),
        cmocka_unit_test(failures_are_leaves_in_the_order_of_the_schema),
        cmocka_unit_test(only_the_branches_that_were_all_refused_are_reported),
        cmocka_unit_test(the_reason_for_administrators_is_the_tree),
        cmocka_unit_test(a_broken_schema_is_refused_with_its_place),
        cmocka_unit_test(a_source_that_cannot_serve_is_refused_by_name),
        cmocka_unit_test(ids_are_unique_and_the_default_exists),
        cmocka_unit_test(schemas_come_from_files_base64_and_presets),
        cmocka_unit_test(traits_are_the_leaves_in_schema_order),
        cmocka_unit_test(branches_add_traits_and_open_types_do_not),
        cmocka_unit_test(marked_values_cost_no_more_than_they_are),
        cmocka_unit_test(marks_pick_values_in_schema_order),
        cmocka_unit_test(marks_of_a_branch_count_where_it_validates),
        cmocka_unit_test(telephone_numbers_carry_their_country),
        cmocka_unit_test(patterns_are_of_ecma_262),
        cmocka_unit_test(a_catastrophic_pattern_is_no_match_and_ends),
        cmocka_unit_test(references_that_double_end_as_too_complex),
        cmocka_unit_test(a_chain_of_references_is_bounded),
        cmocka_unit_test(regular_expressions_that_grow_are_bounded),
        cmocka_unit_test(a_huge_array_is_compared_quickly),
        cmocka_unit_test(many_failures_are_reported_in_part),
        cmocka_unit_test(no_memory_is_an_error_and_nothing_else),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
