/* The parts of flows that stand alone: nodes and their order, messages, decoding, anti-CSRF tokens, return
 * addresses. Expected values are those of recorded exchanges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "flow_csrf.h"
#include "flow_decode.h"
#include "flow_failure.h"
#include "flow_return_to.h"
#include "limit.h"

static int setup(void **state)
{
    static struct ww_op op;
    op_init(&op, NULL, NULL);
    *state = &op;
    return 0;
}

static int teardown(void **state)
{
    op_free(*state);
    return 0;
}

static struct arena *arena_of(void **state)
{
    return &((struct ww_op *)*state)->arena;
}

static struct js *parsed(struct arena *a, const char *text)
{
    struct js *v = NULL;
    const char *why = "";
    if (js_read(a, bytes_str(text), &v, &why) != WW_OK) {
        fail_msg("%s: %s", why, text);
    }
    return v;
}

/* The traits of the recorded schema "email", in schema order. */
static struct schema_trait traits[] = {
    {.path = "email",
     .type = "string",
     .item_type = "",
     .title = "E-Mail",
     .format = "email",
     .required = true},
    {.path = "age", .type = "integer", .item_type = ""},
    {.path = "score", .type = "number", .item_type = ""},
    {.path = "tos", .type = "boolean", .item_type = "", .required = true},
    {.path = "tags", .type = "array", .item_type = "string"},
    {.path = "name.first", .type = "string", .item_type = "", .title = "First Name"},
};

static struct identity_schema *schema_of(struct arena *a)
{
    struct identity_schema *s = ARENA_NEW(a, struct identity_schema);
    for (size_t i = 0; i + 1 < sizeof traits / sizeof traits[0]; i++) {
        traits[i].next = &traits[i + 1];
    }
    s->traits = traits;
    s->json =
        parsed(a, "{\"properties\":{\"traits\":{\"type\":\"object\",\"properties\":{\"email\":{\"type\":"
                  "\"string\"},\"name\":{\"type\":\"object\",\"properties\":{}}}}}}");
    return s;
}

static void trait_nodes_are_as_recorded(void **state)
{
    struct arena *a = arena_of(state);
    char *text = js_write(a, flow_node_trait(a, &traits[0], "default", false));

    assert_string_equal(
        text, "{\"type\":\"input\",\"group\":\"default\",\"attributes\":{\"name\":\"traits.email\",\"type\":"
              "\"email\","
              "\"required\":true,\"autocomplete\":\"email\",\"disabled\":false,\"node_type\":\"input\"},"
              "\"messages\":[],\"meta\":{\"label\":{\"id\":1070002,\"text\":\"E-Mail\",\"type\":\"info\","
              "\"context\":{\"title\":\"E-Mail\",\"name\":\"traits.email\"}}}}");
    assert_string_equal(flow_trait_input(&traits[1]), "number");
    assert_string_equal(flow_trait_input(&traits[3]), "checkbox");
    assert_string_equal(flow_trait_input(&traits[4]), "text");
}

static void messages_name_their_values(void **state)
{
    struct arena *a = arena_of(state);
    struct js *m =
        flow_message(a, MSG_WRONG_TYPE,
                     parsed(a, "{\"allowed_types\":[\"integer\",\"null\"],\"actual_type\":\"string\"}"));

    assert_string_equal(js_get_text(m, "text"), "expected integer or null, but got string");
    assert_string_equal(js_write(a, js_get(m, "context")),
                        "{\"allowed_types\":[\"integer\",\"null\"],\"actual_type\":\"string\"}");
    m = flow_message(a, MSG_PATTERN, parsed(a, "{\"pattern\":\"^[0-9]{5}$\"}"));
    assert_string_equal(js_get_text(m, "text"), "does not match pattern \"^[0-9]{5}$\"");
    m = flow_message(a, MSG_LOGIN_EXPIRED, parsed(a, "{\"minutes\":1.5,\"expired_at\":\"x\"}"));
    assert_string_equal(js_get_text(m, "text"), "The login flow expired 1.50 minutes ago, please try again.");
    assert_null(js_get(js_get(m, "context"), "minutes"));
    assert_null(js_get(flow_message(a, MSG_DUPLICATE, NULL), "context"));
}

static void push_input(struct arena *a, struct js *nodes, const char *name, const char *group)
{
    js_push(nodes, flow_node(a, &(struct flow_input){.name = name, .type = "text", .group = group}));
}

static char *names_of(struct arena *a, const struct js *nodes)
{
    struct buf b = BUF(a);
    for (const struct js *n = nodes->first; n; n = n->next) {
        buf_printf(&b, "%s/%s ", flow_node_group(n), flow_node_name(n));
    }
    return buf_text(&b);
}

/* The password stands behind the first trait, an element of a list behind its list. */
static void registration_nodes_are_sorted(void **state)
{
    struct arena *a = arena_of(state);
    struct js *nodes = js_array(a);

    push_input(a, nodes, "method", "password");
    push_input(a, nodes, "password", "password");
    push_input(a, nodes, "screen", "profile");
    push_input(a, nodes, "traits.name.first", "default");
    push_input(a, nodes, "traits.tags.1", "default");
    push_input(a, nodes, "traits.tags", "default");
    push_input(a, nodes, "traits.email", "default");
    push_input(a, nodes, "csrf_token", "default");
    assert_string_equal(
        names_of(a, flow_nodes_sort(a, nodes, ORDER_REGISTRATION, schema_of(a))),
        "default/csrf_token default/traits.email password/password default/traits.tags default/traits.tags.1 "
        "default/traits.name.first password/method profile/screen ");
}

static void login_nodes_are_sorted(void **state)
{
    struct arena *a = arena_of(state);
    struct js *nodes = js_array(a);

    push_input(a, nodes, "method", "password");
    push_input(a, nodes, "password", "password");
    push_input(a, nodes, "csrf_token", "default");
    push_input(a, nodes, "identifier", "identifier_first");
    assert_string_equal(names_of(a, flow_nodes_sort(a, nodes, ORDER_LOGIN, NULL)),
                        "identifier_first/identifier default/csrf_token password/password password/method ");
}

static void forms_are_decoded_by_type(void **state)
{
    struct arena *a = arena_of(state);
    static const struct ww_pair form[] = {
        {"method", "password", 8},  {"password", "s3", 2},     {"traits.email", "a@b", 3},
        {"traits.tos", "false", 5}, {"traits.tos", "T", 1},    {"traits.age", "33", 2},
        {"traits.score", "1.5", 3}, {"traits.tags", "one", 3}, {"traits.tags", "two", 3},
        {"unknown", "x", 1},
    };
    struct ww_flow_request in = {
        .body = WW_BODY_FORM, .form = form, .form_count = sizeof form / sizeof form[0]};
    struct flow_payload p;
    const char *why;

    assert_int_equal(flow_decode(a, &in, schema_of(a), &p, &why), WW_OK);
    assert_string_equal(p.method, "password");
    assert_int_equal(p.password.n, 2);
    assert_string_equal(js_write(a, p.traits), "{\"email\":\"a@b\",\"age\":33,\"score\":1.5,\"tos\":true,"
                                               "\"tags\":[\"one\",\"two\"],\"name\":{}}");
}

static void form_values_that_do_not_fit_stay_texts(void **state)
{
    struct arena *a = arena_of(state);

    assert_int_equal(flow_form_value(a, &traits[1], bytes_str("abc"))->type, JS_STRING);
    assert_int_equal(flow_form_value(a, &traits[1], bytes_str("1.5"))->type, JS_STRING);
    assert_int_equal(flow_form_value(a, &traits[3], bytes_str("on"))->type, JS_STRING);
    assert_null(flow_form_value(a, &traits[0], bytes_str("")));
    assert_null(flow_form_value(a, &traits[1], bytes_str("")));
    assert_int_equal(flow_form_value(a, &traits[3], bytes_str(""))->type, JS_BOOL);
}

static enum ww_err decode_text(struct arena *a, const char *text, struct flow_payload *p, const char **why)
{
    struct ww_flow_request in = {.body = WW_BODY_JSON, .json_text = text, .json_length = strlen(text)};
    return flow_decode(a, &in, schema_of(a), p, why);
}

static void form_numbers_are_what_people_type(void **state)
{
    static const struct {
        size_t trait; /* 1: a whole number; 2: any */
        const char *from, *to;
    } cases[] = {
        {2, ".5", "0.5"},
        {2, "5.", "5"},
        {2, "007", "7"},
        {2, "+7", "7"},
        {2, "-.5e2", "-0.5e2"},
        {2, "1.10", "1.10"},
        {2, "42.0", "42.0"},
        {2, "1e3", "1e3"},
        {2, "18446744073709551615", "18446744073709551615"},
        {2, "1e-400", "0"}, /* nearer to zero than any double, as Go reads it */
        {2, "-.5E-999999", "0"},
        {1, "1e-400", "0"},
        {1, "007", "7"},
        {1, "42.0", "42"},
        {1, "1e3", "1000"},
        {1, "-0", "-0"},
        {1, "18446744073709551615", "18446744073709551615"},
        {1, "9999999999999999999999999999999999999999", "9999999999999999999999999999999999999999"},
        {1, "+0018446744073709551616", "18446744073709551616"},
        /* no numbers: the schema says so then */
        {1, "1.5", "\"1.5\""},
        {2, ".", "\".\""},
        {2, "", NULL},
        {2, "-", "\"-\""},
        {2, "1e", "\"1e\""},
        {2, "1 000", "\"1 000\""},
        {2, "0x10", "\"0x10\""},
        {2, "1_000", "\"1_000\""},
        {2, "NaN", "\"NaN\""},
        {2, "Infinity", "\"Infinity\""},
        {2, "1e999", "\"1e999\""},
        {2, " 1", "\" 1\""},
    };
    struct arena *a = arena_of(state);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct js *v = flow_form_value(a, &traits[cases[i].trait], bytes_str(cases[i].from));
        if (cases[i].to) {
            assert_string_equal(js_write(a, v), cases[i].to);
        } else {
            assert_null(v);
        }
    }
}

static void times_of_the_browser_get_seconds_and_a_zone(void **state)
{
    static const char *const cases[][2] = {
        {"2026-11-28T14:05", "\"2026-11-28T14:05:00Z\""},
        {"2026-11-28T14:05:09", "\"2026-11-28T14:05:09Z\""},
        {"2026-11-28T14:05:09.25", "\"2026-11-28T14:05:09.25Z\""},
        {"2026-11-28T14:05:09.", "\"2026-11-28T14:05:09.\""},
        {"2026-11-28T14:05.5", "\"2026-11-28T14:05.5\""},
        {"2026-11-28T14:05:09+01:00", "\"2026-11-28T14:05:09+01:00\""},
        {"2026-11-28", "\"2026-11-28\""},
        {"soon", "\"soon\""},
    };
    static const struct schema_trait t = {
        .path = "at", .type = "string", .item_type = "", .format = "date-time"};
    struct arena *a = arena_of(state);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(js_write(a, flow_form_value(a, &t, bytes_str(cases[i][0]))), cases[i][1]);
    }
}

/* The trait "tags" with elements of a type, decoded from a form. */
static void assert_list(void **state, const char *type, const struct ww_pair *form, size_t n,
                        const char *expected)
{
    struct arena *a = arena_of(state);
    struct ww_flow_request in = {.body = WW_BODY_FORM, .form = form, .form_count = n};
    struct identity_schema *schema = schema_of(a);
    struct flow_payload p;
    const char *why;

    traits[4].item_type = type;
    assert_int_equal(flow_decode(a, &in, schema, &p, &why), WW_OK);
    traits[4].item_type = "string";
    assert_string_equal(js_write(a, js_get(p.traits, "tags")), expected);
}

static void lists_are_decoded_element_by_element(void **state)
{
    static const struct ww_pair numbers[] = {
        {"traits.tags", "1", 1}, {"traits.tags", "", 0}, {"traits.tags", ".5", 2}, {"traits.tags", "x", 1}};
    static const struct ww_pair truths[] = {{"traits.tags", "true", 4}, {"traits.tags", "0", 1}};
    static const struct ww_pair indexed[] = {
        {"traits.tags.10", "k", 1},       {"traits.tags.2", "c", 1},        {"traits.tags.0", "a", 1},
        {"traits.tags.x", "no index", 8}, {"traits.tagsx.0", "another", 7}, {"traits.tags.3", "", 0}};
    static const struct ww_pair whole[] = {{"traits.tags.1", "2.0", 3}, {"traits.tags.0", "01", 2}};

    assert_list(state, "number", numbers, 4, "[1,0.5,\"x\"]");
    assert_list(state, "boolean", truths, 2, "[true,false]");
    assert_list(state, "string", indexed, 6, "[\"a\",\"c\",\"k\"]");
    assert_list(state, "integer", whole, 2, "[1,2]");
}

/* By what the schema says of the member, behind references too. Brackets are no way to name one (kratos.md
 * §2.4). */
static void members_of_elements_have_their_types(void **state)
{
    static const char text[] =
        "inline:{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"definitions\":{\"n\":{\"type\":"
        "\"integer\"}},\"type\":\"object\",\"properties\":{\"traits\":{\"type\":\"object\",\"properties\":{"
        "\"objs\":"
        "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"n\":{\"$ref\":\"#/definitions/"
        "n\"},"
        "\"on\":{\"type\":\"boolean\"},\"at\":{\"type\":\"string\",\"format\":\"date-time\"},\"in\":{"
        "\"type\":"
        "\"array\",\"items\":{\"type\":\"number\"}}}}},\"pair\":{\"type\":\"array\",\"items\":[{\"type\":"
        "\"integer\"},"
        "{\"type\":\"boolean\"}]}}}}}";
    static const struct ww_pair form[] = {
        {"traits.objs.0.n", "007", 3},    {"traits.objs.0.n", "8", 1},
        {"traits.objs.0.on", "false", 5}, {"traits.objs.0.on", "true", 4},
        {"traits.objs.0.t", "1", 1},      {"traits.objs.1.in.0", ".5", 2},
        {"traits.objs.1.in.1", "x", 1},   {"traits.objs.1.n", "", 0},
        {"traits.objs.2.n.n.n", "1", 1},  {"traits.objs.2.at", "2026-11-28T14:05", 16},
        {"traits.objs[3][n]", "9", 1},    {"traits.objs[]", "9", 1},
        {"traits.pair.0", "3", 1},        {"traits.pair.1", "true", 4},
        {"traits.pair.2", "3", 1},
    };
    const struct schema_source source = {"default", text, true};
    struct ww_flow_request in = {
        .body = WW_BODY_FORM, .form = form, .form_count = sizeof form / sizeof form[0]};
    struct flow_payload p;
    struct schema_set *set;
    struct ww_op op;
    const char *why;

    (void)state;
    op_init(&op, NULL, NULL);
    assert_int_equal(schema_set_load(&op, &source, 1, "default", NULL, &set), WW_OK);
    assert_int_equal(flow_decode(&op.arena, &in, schema_default(set), &p, &why), WW_OK);
    assert_string_equal(js_write(&op.arena, p.traits),
                        "{\"objs\":[{\"n\":7,\"on\":true,\"t\":\"1\"},{\"in\":[0.5,\"x\"]},{\"at\":"
                        "\"2026-11-28T14:05:00Z\",\"n\":{\"n\":{\"n\":\"1\"}}}],\"pair\":[3,true,\"3\"]}");
    schema_set_free(set);
    op_free(&op);
}

static void json_is_decoded_as_it_is(void **state)
{
    struct arena *a = arena_of(state);
    struct flow_payload p;
    const char *why;

    assert_int_equal(
        decode_text(a,
                    "{\"method\":\"profile\",\"identifier\":12,\"password\":\"\",\"traits.email\":\"\","
                    "\"traits\":{\"age\":\"44\"},\"x\":1}",
                    &p, &why),
        WW_OK);
    assert_string_equal(p.identifier, "12");
    assert_null(p.password.p);
    assert_string_equal(js_write(a, p.traits), "{\"age\":\"44\",\"email\":\"\",\"name\":{}}");
    assert_int_equal(decode_text(a, "null", &p, &why), WW_EINVAL);
    assert_string_equal(why, "Expected JSON sent in request body to be an object but got: Null");
    assert_int_equal(decode_text(a, "{\"method\":", &p, &why), WW_EINVAL);
    assert_int_equal(decode_text(a, "{\"method\":\"a\",\"method\":\"b\"}", &p, &why), WW_EINVAL);
    assert_int_equal(decode_text(a, "{\"traits\":[]}", &p, &why), WW_EINVAL);
}

static void dotted_members_of_json_are_set_where_they_belong(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"{\"traits.email\":\"a@b\",\"traits.name.first\":\"A\"}",
         "{\"email\":\"a@b\",\"name\":{\"first\":\"A\"}}"},
        {"{\"traits\":{\"email\":\"x\",\"age\":1},\"traits.email\":\"a@b\"}",
         "{\"email\":\"a@b\",\"age\":1,\"name\":{}}"},
        {"{\"traits.tags.1\":\"b\",\"traits.tags.0\":\"a\",\"traits.tags.10\":\"c\"}",
         "{\"tags\":[\"a\",\"b\",\"c\"],\"name\":{}}"},
        {"{\"traits\":{\"tags\":[\"a\",\"b\"]},\"traits.tags.1\":\"B\",\"traits.tags.x\":1}",
         "{\"tags\":[\"a\",\"B\"],\"name\":{}}"},
        {"{\"traits.a\":1,\"traits.a-b\":2,\"traits.a.c\":3}", "{\"a\":{\"c\":3},\"a-b\":2,\"name\":{}}"},
        {"{\"traits.score\":1.10,\"traits.age\":18446744073709551615}",
         "{\"age\":18446744073709551615,\"score\":1.10,\"name\":{}}"},
    };
    struct arena *a = arena_of(state);
    struct flow_payload p;
    const char *why;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(decode_text(a, cases[i].from, &p, &why), WW_OK);
        assert_string_equal(js_write(a, p.traits), cases[i].to);
    }
}

/* text n times, between two others, in the arena. */
static char *repeated(struct arena *a, const char *before, const char *text, size_t n, const char *behind)
{
    struct buf b = BUF(a);

    buf_str(&b, before);
    for (size_t i = 0; i < n; i++) {
        buf_str(&b, text);
    }
    buf_str(&b, behind);
    return buf_text(&b);
}

static void what_is_too_much_is_refused_by_field(void **state)
{
    struct arena *a = arena_of(state);
    struct flow_payload p;
    const char *why;

    /* the member that ended the process */
    assert_int_equal(decode_text(a, repeated(a, "{\"traits", ".a", 400000, "\":1}"), &p, &why), WW_EINVAL);
    assert_non_null(strstr(why, "deep"));
    /* deep in part by its name and in part by its value */
    assert_int_equal(decode_text(a, repeated(a, "{\"traits", ".a", 28, "\":[[[[1]]]]}"), &p, &why),
                     WW_EINVAL);
    assert_int_equal(decode_text(a, repeated(a, "{\"traits", ".a", 27, "\":[[[[1]]]]}"), &p, &why), WW_OK);
    traits[0].marks = MARK_PASSWORD_IDENTIFIER;
    assert_int_equal(decode_text(a, repeated(a, "{\"traits\":{\"email\":\"", "a", 1025, "\"}}"), &p, &why),
                     WW_EINVAL);
    traits[0].marks = 0;
    assert_string_equal(p.field, "traits.email");
    assert_null(p.traits);
    assert_int_equal(decode_text(a, repeated(a, "{\"identifier\":\"", "a", 1025, "\"}"), &p, &why),
                     WW_EINVAL);
    assert_string_equal(p.field, "identifier");
    assert_string_equal(p.identifier, "");
    assert_int_equal(
        decode_text(a, repeated(a, "{\"traits\":{\"name\":{\"first\":\"", "a", 16385, "\"}}}"), &p, &why),
        WW_EINVAL);
    assert_string_equal(p.field, "traits.name.first");
    assert_int_equal(
        decode_text(a, repeated(a, "{\"traits\":{\"tags\":[1,\"", "a", 16385, "\"]}}"), &p, &why), WW_EINVAL);
    assert_string_equal(p.field, "traits.tags.1");
}

/* How much memory a body of n members takes: what is done twice for each pair of members shows in it or in
 * time. */
static clock_t decoding_time(size_t members, bool form)
{
    clock_t least = 0;

    for (int run = 0; run < 5; run++) {
        struct arena a = {0};
        struct ww_pair *pairs = ARENA_ARRAY(&a, members, struct ww_pair);
        struct buf json = BUF(&a);
        struct flow_payload p;
        const char *why;
        buf_str(&json, "{\"method\":\"password\"");
        for (size_t i = 0; i < members; i++) {
            pairs[i] = (struct ww_pair){arena_printf(&a, "traits.tags.%zu", members - i), "x", 1};
            buf_printf(&json, ",\"traits.%zu\":1", i);
        }
        buf_str(&json, "}");
        struct ww_flow_request in = {.body = form ? WW_BODY_FORM : WW_BODY_JSON,
                                     .form = pairs,
                                     .form_count = form ? members : 0,
                                     .json_text = json.p,
                                     .json_length = json.n};
        clock_t start = clock();
        for (int i = 0; i < 20; i++) {
            assert_int_equal(flow_decode(&a, &in, schema_of(&a), &p, &why), WW_OK);
        }
        clock_t took = clock() - start;
        least = run == 0 || took < least ? took : least;
        arena_free(&a);
    }
    return least;
}

static void decoding_is_linear(void **state)
{
    (void)state;
    for (int form = 0; form < 2; form++) {
        clock_t small = decoding_time(LIMIT_FIELDS / 4, form), large = decoding_time(LIMIT_FIELDS, form);
        if (large > 9 * small + 1000) { /* µs; quadratic: 16 times */
            fail_msg("%d fields take %ld us, four times as many %ld", LIMIT_FIELDS / 4, small, large);
        }
    }
}

static void failures_go_to_their_nodes(void **state)
{
    struct arena *a = arena_of(state);
    struct js *ui = js_object(a), *nodes = js_put(a, ui, "nodes", js_array(a));
    struct schema_failure item = {.instance = "/traits/emails/1",
                                  .keyword = "format",
                                  .text = "?",
                                  .format = "email",
                                  .context = parsed(a, "{\"value\":\"broken\"}")};
    struct schema_failure missing = {
        .next = &item, .instance = "/traits", .keyword = "required", .property = "email", .text = "?"};

    js_push(nodes, flow_node_trait(a, &traits[0], "default", false));
    flow_failures_show(a, ui, &missing);
    struct js *m = js_at(js_get(flow_node_find(nodes, "traits.email"), "messages"), 0);
    assert_string_equal(js_get_text(m, "text"), "Property email is missing.");
    m = js_at(js_get(flow_node_find(nodes, "traits.emails.1"), "messages"), 0);
    assert_int_equal(js_get_int(m, "id", 0), MSG_EMAIL_ADDRESS);
    assert_string_equal(js_get_text(js_get(m, "context"), "value"), "broken");
}

static void show_broken_elements(struct arena *a, struct js *ui, size_t from, size_t n)
{
    for (size_t i = from; i < from + n; i++) {
        struct schema_failure broken = {
            .instance = arena_printf(a, "/traits/tags/%zu", i), .keyword = "type", .text = "?"};
        flow_failures_show(a, ui, &broken);
    }
}

static void a_full_form_has_further_messages_above_it(void **state)
{
    struct arena *a = arena_of(state);
    struct js *ui = js_object(a);

    show_broken_elements(a, ui, 0, LIMIT_FORM_NODES + 5);
    assert_int_equal(js_get(ui, "nodes")->count, LIMIT_FORM_NODES);
    assert_int_equal(js_get(ui, "messages")->count, 5);
}

/* The three names are those that kratos.md §2.5 verified. */
static void cookie_names_are_kratos(void **state)
{
    struct arena *a = arena_of(state);

    assert_string_equal(flow_csrf_cookie_name(a, "http://foo.com/bar"),
                        "csrf_token_01c86631efd1537ee34a98e75884a6e21dd8e2d9e944934bca21204106bfd32f");
    assert_string_equal(flow_csrf_cookie_name(a, "http://127.0.0.1:4433/"),
                        "csrf_token_806060ca5bf70dff3caa0e5c860002aade9d470a5a4dce73bcfa7ba10778f481");
}

static void tokens_belong_to_one_cookie(void **state)
{
    struct ww_op *op = *state;
    char *cookie = flow_csrf_cookie_new(op), *other = flow_csrf_cookie_new(op),
         *token = flow_csrf_mask(op, cookie);

    assert_true(flow_csrf_matches(&op->arena, cookie, token));
    assert_true(flow_csrf_matches(&op->arena, cookie, cookie));
    assert_false(flow_csrf_matches(&op->arena, other, token));
    assert_string_not_equal(token, flow_csrf_mask(op, cookie));
    assert_false(flow_csrf_matches(&op->arena, cookie, "bm90LWEtdG9rZW4="));
    assert_false(flow_csrf_matches(&op->arena, cookie, ""));
    assert_false(flow_csrf_matches(&op->arena, NULL, token));
    assert_false(flow_csrf_matches(&op->arena, cookie, NULL));
    assert_false(flow_csrf_matches(&op->arena, "no base64!", token));
    assert_false(flow_csrf_matches(&op->arena, "c2hvcnQ=", "c2hvcnQ=")); /* the same, but none of ours */
    assert_false(flow_csrf_matches(&op->arena, cookie, "no base64!"));
    assert_null(flow_csrf_mask(op, "not a cookie of ours"));
    for (size_t i = 0; token[i] && token[i] != '='; i++) {
        char *bent = arena_strdup(&op->arena, token);
        bent[i] = bent[i] == 'A' ? 'B' : 'A';
        assert_false(flow_csrf_matches(&op->arena, cookie, bent));
    }
}

static void a_return_address_needs_a_default_that_is_one(void **state)
{
    struct arena *a = arena_of(state);
    static const char *const allowed[] = {"http://127.0.0.1:4455/"}, *const fallbacks[] = {
                                                                         "/nowhere", "no host:", "http://",
                                                                         "://x"};
    const char *out;
    for (size_t i = 0; i < sizeof fallbacks / sizeof fallbacks[0]; i++) {
        const struct return_rules rules = {fallbacks[i], allowed, 1};
        assert_int_equal(flow_return_to_check(a, &rules, "http://127.0.0.1:4455/", &out), WW_EFORBIDDEN);
    }
    /* Nor is one guessed: what is put together with a default that lacks its scheme is read again. */
    const struct return_rules half = {"//127.0.0.1:4455/", allowed, 1};
    assert_int_equal(flow_return_to_check(a, &half, "/deep", &out), WW_EFORBIDDEN);
    const struct return_rules none = {"http://127.0.0.1:4455/", NULL, 0};
    assert_int_equal(flow_return_to_check(a, &none, "http://127.0.0.1:4455/", &out), WW_EFORBIDDEN);
    const struct return_rules rules = {"http://127.0.0.1:4455/", allowed, 1};
    assert_int_equal(flow_return_to_check(a, &rules, "deep", &out), WW_OK);
    assert_string_equal(out, "http://127.0.0.1:4455/deep");
    char *longest = arena_alloc(a, LIMIT_URL + 2);
    memset(longest, 'x', LIMIT_URL + 1);
    assert_int_equal(flow_return_to_check(a, &rules, longest, &out), WW_EFORBIDDEN);
    assert_string_equal(out, "");
}

static bool no_memory(void *context, enum ww_fault kind)
{
    (void)context;
    return kind == WW_FAULT_ALLOC;
}

static void an_address_that_cannot_be_put_together_is_refused(void **state)
{
    static const char *const allowed[] = {"http://127.0.0.1:4455/"};
    const struct ww_env env = {.size = sizeof env, .fault = no_memory};
    const struct return_rules rules = {allowed[0], allowed, 1};
    struct arena none = {.env = &env};
    const char *out;
    (void)state;
    assert_int_equal(flow_return_to_check(&none, &rules, "/deep", &out), WW_EFORBIDDEN);
    arena_free(&none);
}

static void return_addresses_must_be_listed(void **state)
{
    struct arena *a = arena_of(state);
    static const char *const allowed[] = {"http://127.0.0.1:4455", "https://*.example.org/app",
                                          "myapp://callback"};
    static const struct {
        const char *wanted, *result; /* result NULL: refused */
    } cases[] = {
        {"http://127.0.0.1:4455/deep?a=b#c", "http://127.0.0.1:4455/deep?a=b#c"},
        {"HTTP://127.0.0.1:4455", "HTTP://127.0.0.1:4455"},
        {"/relative", "http://127.0.0.1:4455/relative"},
        {"https://x.example.org/app/1", "https://x.example.org/app/1"},
        {"myapp://callback/x", "myapp://callback/x"},
        {"https://evil.example.com/", NULL},
        {"http://127.0.0.1:4456/", NULL},
        {"https://127.0.0.1:4455/", NULL},
        {"https://x.example.org/other", NULL},
        {"https://example.org/app", NULL},
        {"//evil.example.com", NULL},
        {"https://x.example.org/app/../other", NULL},
        {"https://x.example.org/app/%2E%2e/other", NULL},
        {"http://127.0.0.1:4455@evil.example.com/", NULL},
        {"http://user@127.0.0.1:4455/", NULL},
        {"http:\\\\evil.example.com", NULL},
        {"javascript:alert(1)", NULL},
        {"http://127.0.0.1:4455/a b", NULL},
        {"http://127.0.0.1:4455/\n", NULL},
    };
    struct return_rules rules = {"http://127.0.0.1:4455/welcome", allowed, 3};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *out;
        enum ww_err err = flow_return_to_check(a, &rules, cases[i].wanted, &out);
        if ((err == WW_OK) != (cases[i].result != NULL)) {
            fail_msg("%s", cases[i].wanted);
        }
        if (cases[i].result) {
            assert_string_equal(out, cases[i].result);
        }
    }
}

static void urls_are_put_together(void **state)
{
    struct arena *a = arena_of(state);

    assert_string_equal(flow_url_join(a, "http://h/", "/x"), "http://h/x");
    assert_string_equal(flow_url_with(a, "http://h/p?a=b#f", "return_to", "http://x/?y=z"),
                        "http://h/p?a=b&return_to=http%3A%2F%2Fx%2F%3Fy%3Dz#f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(trait_nodes_are_as_recorded, setup, teardown),
        cmocka_unit_test_setup_teardown(messages_name_their_values, setup, teardown),
        cmocka_unit_test_setup_teardown(registration_nodes_are_sorted, setup, teardown),
        cmocka_unit_test_setup_teardown(login_nodes_are_sorted, setup, teardown),
        cmocka_unit_test_setup_teardown(forms_are_decoded_by_type, setup, teardown),
        cmocka_unit_test_setup_teardown(form_values_that_do_not_fit_stay_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(form_numbers_are_what_people_type, setup, teardown),
        cmocka_unit_test_setup_teardown(times_of_the_browser_get_seconds_and_a_zone, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_are_decoded_element_by_element, setup, teardown),
        cmocka_unit_test_setup_teardown(dotted_members_of_json_are_set_where_they_belong, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_too_much_is_refused_by_field, setup, teardown),
        cmocka_unit_test_setup_teardown(decoding_is_linear, setup, teardown),
        cmocka_unit_test_setup_teardown(members_of_elements_have_their_types, setup, teardown),
        cmocka_unit_test_setup_teardown(json_is_decoded_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(failures_go_to_their_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_form_has_further_messages_above_it, setup, teardown),
        cmocka_unit_test_setup_teardown(cookie_names_are_kratos, setup, teardown),
        cmocka_unit_test_setup_teardown(tokens_belong_to_one_cookie, setup, teardown),
        cmocka_unit_test_setup_teardown(a_return_address_needs_a_default_that_is_one, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_that_cannot_be_put_together_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(return_addresses_must_be_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(urls_are_put_together, setup, teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
