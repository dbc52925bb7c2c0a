/* The parts of pages: templates, words, colours, and forms made from flows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow_view.h"
#include "page_site.h"
#include "timefmt.h"
#include "words.h"

struct bench {
    struct arena arena;
    struct page_site *site;
};

static int bench_open(void **state)
{
    static struct bench bench;
    static const char *const urls[] = {"https://app.example.org/welcome", "https://x.example; script-src *"};
    const char *why;
    bench = (struct bench){0};
    struct page_site_options options = {"https://id.example.org/auth", "Watchword", "#1d4ed8", urls, 2};
    *state = &bench;
    return page_site_make(&options, &bench.site, &why) == WW_OK ? 0 : -1;
}

static int bench_close(void **state)
{
    struct bench *b = *state;
    page_site_free(b->site);
    arena_free(&b->arena);
    return 0;
}

static struct js *json(struct bench *b, const char *text)
{
    struct js *out;
    const char *why;
    assert_int_equal(js_read(&b->arena, bytes_str(text), &out, &why), WW_OK);
    return out;
}

static const char *render(struct bench *b, const char *name, const struct js *model)
{
    struct bytes out;
    const char *why;
    if (template_render(&b->arena, name, model, &out, &why) != WW_OK) {
        fail_msg("%s", why);
    }
    return (const char *)out.p;
}

static void assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("\"%s\" is missing in: %s", part, text);
    }
}

static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part)) {
        fail_msg("\"%s\" is in: %s", part, text);
    }
}

/* ---- escaping ---- */

static const char *escaped(struct bench *b, const char *text)
{
    struct buf out = BUF(&b->arena);
    template_escape(&out, bytes_str(text));
    return buf_text(&out);
}

static void hostile_text_cannot_leave_its_place(void **state)
{
    struct bench *b = *state;
    assert_string_equal(escaped(b, "<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
    assert_string_equal(escaped(b, "\" onload='x' &amp;"), "&#34; onload=&#39;x&#39; &amp;amp;");
    assert_string_equal(escaped(b, "a\r\nb\tc"), "a&#13;\nb\tc");
    assert_string_equal(escaped(b, "bell\a delete\x7f"), "bell\xef\xbf\xbd delete\xef\xbf\xbd");
    /* what people write stays as it is: right-to-left marks, emoji, template tags */
    assert_string_equal(escaped(b, "\u202egnp.exe\u202c 🐈 {{brand}}"), "\u202egnp.exe\u202c 🐈 {{brand}}");
}

static void hostile_names_stay_names_on_every_page(void **state)
{
    static const char *const pages[] = {"notes.html",    "note.html",     "confirm.html",
                                        "devices.html",  "activity.html", "codes.html",
                                        "settings.html", "flow.html",     "message.html"};
    struct bench *b = *state;
    const char *name = "<script>alert(1)</script>\" autofocus onfocus=\"x";
    char *long_name = arena_alloc(&b->arena, 201);
    memset(long_name, 'n', 200);
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        struct js *m = page_model(&b->arena, b->site, "notes.title");
        struct js *form = view_form(&b->arena, name, name), *item = js_object(&b->arena);
        static const char *const keys[] = {"person", "subject", "intro", "done", "reference", "csrf_token"};
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            js_put(&b->arena, m, keys[k], js_text(&b->arena, name));
        }
        view_error(&b->arena, m, view_input(&b->arena, form, name, name, "text", name), name);
        view_area(&b->arena, form, name, long_name, name);
        view_button(&b->arena, form, name);
        view_cancel(&b->arena, form, name, name);
        view_add_form(&b->arena, m, form);
        js_put(&b->arena, item, "name", js_text(&b->arena, name));
        js_put(&b->arena, item, "id", js_text(&b->arena, name));
        struct js *list = js_put(&b->arena, js_put(&b->arena, m, "items", js_object(&b->arena)), "list",
                                 js_array(&b->arena));
        js_push(list, item);
        view_flag(&b->arena, js_get(m, "items"), "first");
        const char *html = render(b, pages[i], m);
        assert_lacks(html, "<script>alert");
        assert_lacks(html, "\" autofocus onfocus=\"x");
        assert_holds(html, "&lt;script&gt;alert(1)");
    }
}

/* ---- templates ---- */

static void sections_follow_their_values(void **state)
{
    struct bench *b = *state;
    struct js *m = json(b, "{\"events\":{\"first\":true,\"list\":[{\"what\":\"A\",\"place\":\"P\"},{\"what\":"
                           "\"B\",\"warn\":true}]},\"person\":\"Ada\",\"title\":\"T\"}");
    const char *html = render(b, "activity.html", m);
    assert_holds(html, "<tr>\n<th scope=\"row\">A</th>");
    assert_holds(html, "<tr class=\"warn\">\n<th scope=\"row\">B</th>");
    assert_lacks(html, "Nothing yet.");
    html = render(b, "activity.html", json(b, "{\"events\":{\"list\":[]}}"));
    assert_holds(html, "Nothing yet.");
    assert_lacks(html, "<table");
}

static void every_template_is_well_formed(void **state)
{
    struct bench *b = *state;
    const char *why;
    assert_int_equal(template_check_all(&b->arena, &why), WW_OK);
    struct bytes out;
    assert_int_equal(template_render(&b->arena, "absent.html", NULL, &out, &why), WW_EINVAL);
    assert_holds(why, "absent.html");
}

static void a_page_with_everything_is_small(void **state)
{
    struct bench *b = *state;
    const char *html = render(b, "notes.html", page_model(&b->arena, b->site, "notes.title"));
    assert_true(strlen(html) + b->site->style.n + b->site->script.n < 30000);
}

/* ---- words ---- */

static void texts_fill_their_placeholders(void **state)
{
    struct bench *b = *state;
    struct js *one = json(b, "{\"n\":1}"), *many = json(b, "{\"n\":5}");
    assert_string_equal(catalogue_text(&b->arena, "time.minutes", one), "1 minute ago");
    assert_string_equal(catalogue_text(&b->arena, "time.minutes", many), "5 minutes ago");
    assert_string_equal(catalogue_text(&b->arena, "error.4000002", json(b, "{\"field\":\"Plan\"}")),
                        "Fill in “Plan”.");
    for (const struct catalogue_row *row = catalogue_en; row->key; row++) {
        assert_null(strchr(row->text, '!')); /* nobody is shouted at */
    }
}

static void times_are_told_twice(void **state)
{
    struct bench *b = *state;
    uint64_t now, then;
    assert_true(timefmt_parse("2026-11-22T19:40:00Z", &now));
    assert_true(timefmt_parse("2026-11-22T17:05:09Z", &then));
    struct js *t = words_time_us(&b->arena, then, now);
    assert_string_equal(js_get_text(t, "absolute"), "22 November 2026, 17:05 UTC");
    assert_string_equal(js_get_text(t, "relative"), "2 hours ago");
    assert_string_equal(words_wait(&b->arena, 20), "20 seconds");
    assert_string_equal(words_wait(&b->arena, 121), "3 minutes");
}

static void devices_are_told_by_browser_and_system(void **state)
{
    struct bench *b = *state;
    assert_string_equal(words_device(&b->arena,
                                     "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
                                     "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120"),
                        "Edge on Windows");
    assert_string_equal(words_device(&b->arena, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 "
                                                "Firefox/128.0"),
                        "Firefox on Linux");
    assert_string_equal(words_device(&b->arena, WORDS_COMMAND_LINE), "Command line");
    assert_null(words_device(&b->arena, "<script>"));
    assert_string_equal(words_place(&b->arena, "Basel, CH", "192.0.2.1"), "Basel, CH (192.0.2.1)");
    assert_string_equal(words_place(&b->arena, NULL, NULL), "");
}

static void people_are_called_by_what_they_gave(void **state)
{
    struct bench *b = *state;
    assert_string_equal(words_person(&b->arena, json(b, "{\"email\":\"a@x.org\",\"name\":{\"first\":\"Ada\","
                                                        "\"last\":\"L.\"}}")),
                        "Ada L.");
    assert_string_equal(words_person(&b->arena, json(b, "{\"emails\":[\"a@x.org\",\"b@x.org\"]}")),
                        "a@x.org");
    assert_string_equal(words_person(&b->arena, json(b, "{}")), "");
}

/* ---- colours ---- */

static void an_accent_that_cannot_be_read_is_refused(void **state)
{
    struct theme theme;
    const char *why;
    (void)state;
    assert_int_equal(theme_make("#1d4ed8", &theme, &why), WW_OK);
    assert_true(theme_contrast(theme.accent, theme.accent_soft) >= 4.5);
    assert_true(theme_contrast(theme.accent_dark, theme.accent_dark_soft) >= 4.5);
    assert_true(theme_contrast(theme.accent_dark, theme.on_accent_dark) >= 4.5);
    assert_int_equal(theme_make("#000000", &theme, &why), WW_OK);
    assert_true(theme_contrast(theme.accent_dark, theme.accent_dark_soft) >= 4.5);
    assert_int_equal(theme_make("#ffcc00", &theme, &why), WW_ECONFIG);
    assert_holds(why, "4.5");
    assert_int_equal(theme_make("blue", &theme, &why), WW_ECONFIG);
    assert_int_equal(theme_make("#12345g", &theme, &why), WW_ECONFIG);
}

static void the_policy_takes_no_directive_from_a_setting(void **state)
{
    struct bench *b = *state;
    assert_holds(b->site->policy, "default-src 'none'");
    assert_holds(b->site->policy, "form-action 'self' https://app.example.org");
    assert_lacks(b->site->policy, "script-src *");
    assert_string_equal(b->site->root, "/auth/");
    assert_string_equal(b->site->base, "https://id.example.org/auth/");
}

/* ---- flows ---- */

#define CSRF                                                                                                 \
    "{\"type\":\"input\",\"group\":\"default\",\"attributes\":{\"name\":\"csrf_token\",\"type\":\"hidden\"," \
    "\"value\":\"t0k=\",\"required\":true},\"messages\":[],\"meta\":{}}"
#define PASSWORD(messages)                                                                                   \
    "{\"type\":\"input\",\"group\":\"password\",\"attributes\":{\"name\":\"password\",\"type\":"             \
    "\"password\",\"value\":\"leak\",\"autocomplete\":\"new-password\",\"required\":true},\"messages\":"     \
    "[" messages "],\"meta\":{\"label\":{\"id\":1070001,\"text\":\"Password\",\"type\":\"info\"}}}"
#define TRAIT(name, value, messages)                                                                         \
    "{\"type\":\"input\",\"group\":\"default\",\"attributes\":{\"name\":\"" name                             \
    "\",\"type\":\"text\",\"value\":\"" value "\"},\"messages\":[" messages                                  \
    "],\"meta\":{\"label\":{\"id\":1070002,\"text\":\"Nick name\",\"type\":\"info\"}}}"
#define SUBMIT                                                                                               \
    "{\"type\":\"input\",\"group\":\"password\",\"attributes\":{\"name\":\"method\",\"type\":\"submit\","    \
    "\"value\":\"password\"},\"messages\":[],\"meta\":{\"label\":{\"id\":1040001,\"text\":\"Sign up\"}}}"
#define FLOW(nodes, messages)                                                                                \
    "{\"ui\":{\"action\":\"https://id.example.org/self-service/registration?flow=1\",\"nodes\":[" nodes      \
    "],\"messages\":[" messages "]}}"

#define SIGN_IN "[{\"name\":\"traits.email\",\"kind\":\"email\"}]"
#define WORDS   "{\"identifier\":\"e-mail address\",\"Identifier\":\"E-mail address\"}"

static const char *shown(struct bench *b, enum flow_view_kind kind, const char *flow)
{
    struct flow_view_options options = {.kind = kind,
                                        .least = 8,
                                        .username = "ada@example.org",
                                        .sign_in = json(b, SIGN_IN),
                                        .words = json(b, WORDS)};
    struct js *m = page_model(&b->arena, b->site, NULL);
    flow_view(&b->arena, json(b, flow), &options, m);
    return render(b, "flow.html", m);
}

static void a_form_keeps_what_was_typed_but_secrets(void **state)
{
    struct bench *b = *state;
    const char *html = shown(b, VIEW_REGISTRATION,
                             FLOW(CSRF "," TRAIT("traits.nick", "ada", "") "," PASSWORD("") "," SUBMIT, ""));
    assert_holds(html, "<input type=\"hidden\" name=\"csrf_token\" value=\"t0k=\">");
    assert_holds(html, "id=\"f-traits-nick\" name=\"traits.nick\" value=\"ada\"");
    assert_lacks(html, "leak");
    assert_holds(html, "At least 8 characters.");
    assert_holds(html, "autocomplete=\"new-password\"");
    assert_holds(html, ">Create account</button>");
    assert_lacks(html, "placeholder");
}

static void errors_are_told_at_the_top_and_at_the_field(void **state)
{
    struct bench *b = *state;
    const char *html = shown(
        b, VIEW_REGISTRATION,
        FLOW(CSRF "," TRAIT(
                 "traits.nick", "",
                 "{\"id\":4000002,\"text\":\"Property nick is missing.\",\"type\":"
                 "\"error\",\"context\":{\"property\":\"nick\"}}") "," PASSWORD("{\"id\":4000034,"
                                                                                "\"text\":\"x\",\"type\":"
                                                                                "\"error\"}") "," SUBMIT,
             ""));
    assert_holds(html, "<title>Error: Create an account");
    assert_holds(html, "There are 2 problems");
    assert_holds(html, "<a href=\"#f-traits-nick\">Fill in “Nick name”.</a>");
    assert_holds(html, "<p class=\"error\" id=\"f-traits-nick-error\">Fill in “Nick name”.</p>");
    assert_holds(html, "aria-describedby=\"f-traits-nick-error\" aria-invalid=\"true\"");
    assert_holds(html, "This password is in lists of leaked passwords. Choose another.");
}

static void a_message_without_words_of_ours_speaks_for_itself(void **state)
{
    struct bench *b = *state;
    const char *html = shown(b, VIEW_LOGIN,
                             FLOW(CSRF "," TRAIT("identifier", "x", "") "," SUBMIT,
                                  "{\"id\":4999999,\"text\":\"New <trouble>.\",\"type\":"
                                  "\"error\"}"));
    assert_holds(html, "New &lt;trouble&gt;.");
}

static void a_failed_sign_in_names_neither_half(void **state)
{
    struct bench *b = *state;
    const char *html = shown(b, VIEW_LOGIN,
                             FLOW(CSRF "," TRAIT("identifier", "x", "") "," SUBMIT,
                                  "{\"id\":4000006,\"text\":\"t\",\"type\":\"error\"}"));
    assert_holds(html, "That e-mail address and password do not go together.");
    assert_lacks(html, "aria-invalid");
}

/* An imaginary factor: its group needs no row to be drawn, and one to have a place and words of its own. */
static void a_group_without_a_row_is_drawn_behind_the_others(void **state)
{
    struct bench *b = *state;
    static const char flow[] = FLOW(
        CSRF
        ","
        "{\"type\":\"input\",\"group\":\"pin_code\",\"attributes\":{\"name\":\"pin\",\"type\":\"text\"},"
        "\"messages\":[],\"meta\":{\"label\":{\"id\":1,\"text\":\"New PIN\"}}},"
        "{\"type\":\"input\",\"group\":\"pin_code\",\"attributes\":{\"name\":\"method\",\"type\":\"submit\","
        "\"value\":\"pin_code\"},\"messages\":[],\"meta\":{\"label\":{\"id\":2,\"text\":\"Save "
        "PIN\"}}}," PASSWORD("") "," SUBMIT,
        "");
    struct flow_view_options options = {.kind = VIEW_SETTINGS, .least = 8, .username = "ada@example.org"};
    struct js *m = page_model(&b->arena, b->site, NULL);
    flow_view(&b->arena, json(b, flow), &options, m);
    const char *html = render(b, "settings.html", m);
    const char *password = strstr(html, "<h2>Password</h2>"), *pin = strstr(html, "<h2>Pin code</h2>");
    assert_non_null(password);
    assert_non_null(pin);
    assert_true(pin > password);
    assert_holds(pin, ">New PIN <span");
    assert_holds(pin, "name=\"method\" value=\"pin_code\">Save PIN</button>");
    assert_lacks(pin, "autocomplete=\"username\"");
    assert_holds(password, "autocomplete=\"username\" value=\"ada@example.org\" readonly hidden");
}

#define HIDDEN(name, value)                                                                                  \
    "{\"type\":\"input\",\"group\":\"default\",\"attributes\":{\"name\":\"" name                             \
    "\",\"type\":\"hidden\",\"value\":" value "},\"messages\":[],\"meta\":{}}"
#define BACK                                                                                                 \
    "{\"type\":\"input\",\"group\":\"profile\",\"attributes\":{\"name\":\"screen\",\"type\":\"submit\","     \
    "\"value\":\"previous\"},\"messages\":[],\"meta\":{\"label\":{\"id\":1040008,\"text\":\"Back\"}}}"

static void the_second_step_shows_whose_and_can_go_back(void **state)
{
    struct bench *b = *state;
    const char *html = shown(b, VIEW_REGISTRATION,
                             FLOW(CSRF "," HIDDEN("traits.email", "\"ada@example.org\"") "," HIDDEN(
                                      "traits.tags", "[\"a\",\"b\"]") "," PASSWORD("") "," SUBMIT "," BACK,
                                  ""));
    assert_holds(html, "Step 2 of 2");
    assert_holds(html, "name=\"traits.email\" value=\"ada@example.org\" autocomplete=\"username\" readonly");
    assert_holds(html, "form=\"change\" class=\"link\"");
    assert_holds(html, "<form id=\"change\"");
    assert_holds(html, "name=\"screen\" value=\"previous\"");
    assert_holds(html, "name=\"traits.tags.1\" value=\"b\"");
    assert_holds(html, "If you forget it, nobody can open your notes.");
}

/* Groups do not break in themselves, and copied text is the whole code. */
static void a_code_is_shown_in_groups_and_sent_whole(void **state)
{
    struct bench *b = *state;
    struct js *m = page_model(&b->arena, b->site, "codes.shown_title");
    const char *html;
    js_put(&b->arena, m, "codes",
           json(b, "{\"first\":true,\"list\":[{\"code\":\"7K2M-0XYZ\",\"groups\":[\"7K2M-\",\"0XYZ\"]}]}"));
    html = render(b, "codes.html", m);
    assert_holds(html, "<code><span>7K2M-</span><span>0XYZ</span></code>");
    assert_holds(html, "name=\"code\" value=\"7K2M-0XYZ\"");
    js_remove(m, "codes");
    html = render(b, "codes.html", m);
    assert_lacks(html, "7K2M");
    assert_lacks(html, "data-once");
}

static void who_cannot_sign_in_is_led_to_the_codes(void **state)
{
    struct bench *b = *state;
    struct flow_view_options options = {.kind = VIEW_LOGIN, .recover = "/auth/ui/recover"};
    struct js *flow = json(b, "{\"ui\":{\"action\":\"/x\",\"nodes\":[]}}");
    struct js *m = page_model(&b->arena, b->site, NULL);
    flow_view(&b->arena, flow, &options, m);
    assert_holds(render(b, "flow.html", m), "<a href=\"/auth/ui/recover\">Use a recovery code</a>");
    options.again = true; /* is signed in */
    m = page_model(&b->arena, b->site, NULL);
    flow_view(&b->arena, flow, &options, m);
    assert_lacks(render(b, "flow.html", m), "ui/recover");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, bench_open, bench_close)
    const struct CMUnitTest tests[] = {
        CASE(hostile_text_cannot_leave_its_place),
        CASE(hostile_names_stay_names_on_every_page),
        CASE(sections_follow_their_values),
        CASE(every_template_is_well_formed),
        CASE(a_page_with_everything_is_small),
        CASE(texts_fill_their_placeholders),
        CASE(times_are_told_twice),
        CASE(devices_are_told_by_browser_and_system),
        CASE(people_are_called_by_what_they_gave),
        CASE(an_accent_that_cannot_be_read_is_refused),
        CASE(the_policy_takes_no_directive_from_a_setting),
        CASE(a_form_keeps_what_was_typed_but_secrets),
        CASE(errors_are_told_at_the_top_and_at_the_field),
        CASE(a_message_without_words_of_ours_speaks_for_itself),
        CASE(a_failed_sign_in_names_neither_half),
        CASE(a_group_without_a_row_is_drawn_behind_the_others),
        CASE(the_second_step_shows_whose_and_can_go_back),
        CASE(a_code_is_shown_in_groups_and_sent_whole),
        CASE(who_cannot_sign_in_is_led_to_the_codes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
