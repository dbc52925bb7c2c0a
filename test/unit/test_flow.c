/* The parts of flows that stand alone: nodes and their order, messages, decoding, anti-CSRF tokens, return
 * addresses. Expected values are those of recorded exchanges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow_csrf.h"
#include "flow_decode.h"
#include "flow_failure.h"
#include "flow_return_to.h"

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
    char *text = js_write(a, flow_node_trait(a, &traits[0], "default"));

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

    js_push(nodes, flow_node_trait(a, &traits[0], "default"));
    flow_failures_show(a, ui, &missing);
    struct js *m = js_at(js_get(flow_node_find(nodes, "traits.email"), "messages"), 0);
    assert_string_equal(js_get_text(m, "text"), "Property email is missing.");
    m = js_at(js_get(flow_node_find(nodes, "traits.emails.1"), "messages"), 0);
    assert_int_equal(js_get_int(m, "id", 0), MSG_EMAIL_ADDRESS);
    assert_string_equal(js_get_text(js_get(m, "context"), "value"), "broken");
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
    assert_null(flow_csrf_mask(op, "not a cookie of ours"));
    for (size_t i = 0; token[i] && token[i] != '='; i++) {
        char *bent = arena_strdup(&op->arena, token);
        bent[i] = bent[i] == 'A' ? 'B' : 'A';
        assert_false(flow_csrf_matches(&op->arena, cookie, bent));
    }
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
    assert_string_equal(flow_url_query_value(a, "http://h/p?x=1&return_to=http%3A%2F%2Fx+y#f", "return_to"),
                        "http://x y");
    assert_null(flow_url_query_value(a, "http://h/p#?return_to=x", "return_to"));
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
        cmocka_unit_test_setup_teardown(json_is_decoded_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(failures_go_to_their_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(cookie_names_are_kratos, setup, teardown),
        cmocka_unit_test_setup_teardown(tokens_belong_to_one_cookie, setup, teardown),
        cmocka_unit_test_setup_teardown(return_addresses_must_be_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(urls_are_put_together, setup, teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
