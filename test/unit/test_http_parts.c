/* The pure parts behind handlers: negotiation, cookies, forms, CORS, error bodies, metrics, trusted proxies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cookie.h"
#include "cors.h"
#include "http_error.h"
#include "http_proxy.h"
#include "metrics.h"
#include "multipart.h"
#include "names.h"
#include "negotiate.h"
#include "urlform.h"

static struct arena arena;

static int wipe(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

/* ---- negotiation ---- */

/* As a real Kratos answered them (recorded in login/content-negotiation). */
static void kratos_negotiation_is_followed(void **state)
{
    static const struct {
        const char *accept;
        bool init_json, json;
    } cases[] = {
        {NULL, false, false},
        {"", false, false},
        {"*/*", false, false},
        {"text/html", false, false},
        {"text/*", false, false},
        {"application/json", true, true},
        {"application/*", true, true},
        {"application/json, text/plain, */*", true, true},
        {"text/html, application/json", false, false},
        {"application/json;q=0.5, text/html;q=0.9", false, false},
        {"text/html;q=0.5, application/json;q=0.9", true, true},
        {"text/html;q=0.5,application/json; q=0.9", true, true},
        {"application/json;q=0", false, false},
        {"application/xml", false, false},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false, false},
        {"application/json;charset=utf-8", false, false}, /* read no further than the parameter */
        {"nonsense", false, false},
        {",,,", false, false},
        {"application/json;q=x", false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(negotiate_init_json(cases[i].accept), cases[i].init_json);
        assert_int_equal(negotiate_json(cases[i].accept, NULL), cases[i].json);
        assert_int_equal(negotiate_json(cases[i].accept, "text/plain"), cases[i].json);
        assert_true(negotiate_json(cases[i].accept, "application/json"));
    }
}

/* ---- cookies ---- */

static void cookies_are_found_by_name(void **state)
{
    static const char header[] =
        "a=1; csrf_token_x=AbC/+==;b=2;  quoted=\"q\"; empty=; bad=a\"b; broken; a=second";
    (void)state;
    assert_string_equal(cookie_find(&arena, header, "a", NULL, NULL), "1");
    assert_string_equal(cookie_find(&arena, header, "csrf_token_x", NULL, NULL), "AbC/+==");
    assert_string_equal(cookie_find(&arena, header, "b", NULL, NULL), "2");
    assert_string_equal(cookie_find(&arena, header, "quoted", NULL, NULL), "q");
    assert_string_equal(cookie_find(&arena, header, "empty", NULL, NULL), "");
    assert_null(cookie_find(&arena, header, "bad", NULL, NULL));
    assert_null(cookie_find(&arena, header, "broken", NULL, NULL));
    assert_null(cookie_find(&arena, header, "token_x", NULL, NULL));
    assert_null(cookie_find(&arena, header, "", NULL, NULL));
    assert_null(cookie_find(&arena, NULL, "a", NULL, NULL));
    assert_null(cookie_find(&arena, ";;; = ; =x;", "x", NULL, NULL));
}

/* A pair that is not well-formed hides none of its neighbours. */
static void cookies_are_read_pair_by_pair(void **state)
{
    static const char *const before[] = {"b ad=1",       "bad\x01=1", "=1",      "bad",      "bad;",
                                         "bad=\"",       "bad=\"x",   "bad=x\"", "bad=a\\b", "bad=a,b",
                                         "bad=\xc3\xa4", "bad=a b",   " \t",     ";;"};
    (void)state;
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        char *header = arena_printf(&arena, "%s; a=1 \t; c=\"\"", before[i]);
        assert_string_equal(cookie_find(&arena, header, "a", NULL, NULL), "1");
        assert_string_equal(cookie_find(&arena, header, "c", NULL, NULL), "");
        assert_null(cookie_find(&arena, header, "bad", NULL, NULL));
    }
    assert_null(cookie_find(&arena, "", "a", NULL, NULL));
    assert_null(cookie_find(&arena, " ", "a", NULL, NULL));
}

static bool is_good(const char *value, void *context)
{
    (void)context;
    return strcmp(value, "good") == 0;
}

static void the_first_good_cookie_of_a_name_counts(void **state)
{
    struct buf many = BUF(&arena);
    (void)state;
    assert_string_equal(cookie_find(&arena, "a=bad; b=good; a=b\"d; a=good; a=x", "a", is_good, NULL),
                        "good");
    assert_null(cookie_find(&arena, "a=bad; b=good", "a", is_good, NULL));
    for (int i = 0; i < COOKIE_TRIES; i++) {
        buf_str(&many, "a=bad; ");
    }
    buf_str(&many, "a=good");
    assert_null(cookie_find(&arena, buf_text(&many), "a", is_good, NULL));
}

static void a_set_cookie_has_its_attributes(void **state)
{
    struct cookie c = {.name = "s",
                       .value = "v",
                       .path = "/",
                       .domain = "example.org",
                       .same_site = "Lax",
                       .max_age = 60,
                       .http_only = true,
                       .secure = true};
    (void)state;
    assert_string_equal(cookie_build(&arena, &c),
                        "s=v; Path=/; Domain=example.org; Max-Age=60; HttpOnly; Secure; SameSite=Lax");
    assert_string_equal(cookie_build(&arena, &(struct cookie){.name = "s", .value = ""}), "s=");
    assert_non_null(
        strstr(cookie_build(&arena, &(struct cookie){.name = "s", .value = "", .max_age = -1}), "Max-Age=0"));
}

static void nothing_can_break_out_of_a_set_cookie(void **state)
{
    static const char *const bad[] = {"a;b", "a b", "a\r\nX: y", "a\"b", "a,b", "\xc3\xa4", "a\\b"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(cookie_build(&arena, &(struct cookie){.name = "s", .value = bad[i]}));
        assert_null(cookie_build(&arena, &(struct cookie){.name = bad[i], .value = "v"}));
    }
    assert_null(cookie_build(&arena, &(struct cookie){.name = "s", .value = "v", .path = "/;Secure"}));
    assert_null(cookie_build(&arena, &(struct cookie){.name = "s", .value = "v", .domain = "a\r\nb"}));
    assert_null(cookie_build(&arena, &(struct cookie){.name = "", .value = "v"}));
}

/* ---- forms ---- */

static enum ww_err read_form(const char *text, const struct ww_pair **pairs, size_t *n)
{
    const char *why = NULL;
    enum ww_err err = urlform_read(&arena, bytes_str(text), pairs, n, &why);
    assert_true(!err || why);
    return err;
}

static void a_form_keeps_order_and_repetitions(void **state)
{
    const struct ww_pair *p;
    size_t n;
    (void)state;
    assert_int_equal(read_form("traits.email=a%40b.c&method=&a=1+2%2b3&&a=%C3%A4&flag", &p, &n), WW_OK);
    assert_int_equal(n, 5);
    assert_string_equal(p[0].name, "traits.email");
    assert_string_equal(p[0].value, "a@b.c");
    assert_int_equal(p[0].length, 5);
    assert_string_equal(p[1].value, "");
    assert_string_equal(p[2].value, "1 2+3");
    assert_string_equal(p[3].value, "\xc3\xa4");
    assert_string_equal(p[4].name, "flag");
    assert_string_equal(urlform_get(p, n, "a"), "1 2+3");
    assert_null(urlform_get(p, n, "b"));
    assert_int_equal(read_form("", &p, &n), WW_OK);
    assert_int_equal(n, 0);
}

static void malformed_forms_are_refused(void **state)
{
    static const char *const bad[] = {"a=%",   "a=%4",  "a=%zz",   "a=%4g",       "%=a",   "a=%00",
                                      "a=%ff", "a=%c3", "a=1;b=2", "a=%ed%a0%80", "a=\xff"};
    const struct ww_pair *p;
    size_t n;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(read_form(bad[i], &p, &n), WW_EINVAL);
        assert_int_equal(n, 0);
    }
    char many[2 * LIMIT_FIELDS + 2];
    for (size_t i = 0; i < LIMIT_FIELDS + 1; i++) {
        memcpy(many + 2 * i, "a&", 2);
    }
    many[2 * LIMIT_FIELDS - 1] = '\0';
    assert_int_equal(read_form(many, &p, &n), WW_OK);
    assert_int_equal(n, LIMIT_FIELDS);
    many[2 * LIMIT_FIELDS - 1] = '&';
    many[2 * LIMIT_FIELDS + 1] = '\0';
    assert_int_equal(read_form(many, &p, &n), WW_EINVAL);
}

static void percent_encoding_is_reversible(void **state)
{
    struct buf b = BUF(&arena);
    struct bytes back;
    const char *why;
    (void)state;
    urlform_percent_encode(&b, bytes_str("a/b +\xc3\xa4~"));
    assert_string_equal(buf_text(&b), "a%2Fb%20%2B%C3%A4~");
    assert_int_equal(urlform_percent_decode(&arena, bytes_str("a%2Fb%20%2B%C3%A4~"), &back, &why), WW_OK);
    assert_string_equal((const char *)back.p, "a/b +\xc3\xa4~");
    assert_int_equal(urlform_percent_decode(&arena, bytes_str("a+b"), &back, &why), WW_OK);
    assert_string_equal((const char *)back.p, "a+b");
}

/* ---- CORS ---- */

static const char *const origins[] = {"https://app.example.org", "https://*.example.net"};
static const char *const methods[] = {"POST", "GET"};
static const char *const headers[] = {"Content-Type", "X-Session-Token"};
static const char *const exposed[] = {"Content-Type", "X-Kratos-Authenticated-Identity-Id"};
static const struct cors cors = {origins, 2, methods, 2, headers, 2, exposed, 2, true, 600};

static struct cors_verdict preflight(const char *origin, const char *method, const char *names)
{
    struct cors_question q = {HTTP_OPTIONS, "OPTIONS", origin, method, names, false};
    return cors_judge(&arena, &cors, &q);
}

/* Values as a real Kratos sent them (recorded in errors/cors). */
static void a_preflight_is_answered_for_allowed_origins(void **state)
{
    static const char *const good[] = {"https://app.example.org", "https://x.example.net"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct cors_verdict v = preflight(good[i], "POST", "content-type");
        assert_true(v.preflight && v.allow_credentials);
        assert_string_equal(v.allow_origin, good[i]);
        assert_string_equal(v.allow_methods, "POST");
        assert_string_equal(v.allow_headers, "content-type");
        assert_string_equal(v.max_age, "600");
        assert_null(v.expose_headers);
    }
}

static void anything_else_gets_no_permission(void **state)
{
    const struct cors_verdict refused[] = {
        preflight("https://evil.example.com", "POST", "content-type"),
        preflight("https://app.example.org", "TRACE", "content-type"),
        preflight("https://app.example.org", "POST", "x-other"),
        preflight("https://app.example.org", "POST", "content-type, x-other"),
        preflight("https://example.net", "POST", NULL),
        preflight("https://app.example.org.evil.com", "POST", NULL),
        preflight("null", "POST", NULL),
        preflight(NULL, "POST", NULL),
    };
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_true(refused[i].preflight);
        assert_null(refused[i].allow_origin);
        assert_null(refused[i].allow_methods);
        assert_false(refused[i].allow_credentials);
        assert_string_equal(refused[i].vary,
                            "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
    }
}

static void an_actual_request_is_marked(void **state)
{
    struct cors_question q = {HTTP_GET, "GET", "https://app.example.org", NULL, NULL, false};
    struct cors_verdict v = cors_judge(&arena, &cors, &q);
    (void)state;
    assert_false(v.preflight);
    assert_string_equal(v.vary, "Origin");
    assert_string_equal(v.allow_origin, "https://app.example.org");
    assert_string_equal(v.expose_headers, "Content-Type, X-Kratos-Authenticated-Identity-Id");
    q.origin = "https://evil.example.com";
    assert_null(cors_judge(&arena, &cors, &q).allow_origin);
    q.method = HTTP_OPTIONS; /* without Access-Control-Request-Method no preflight */
    q.method_name = "OPTIONS";
    assert_false(cors_judge(&arena, &cors, &q).preflight);
}

static void the_star_never_names_an_origin(void **state)
{
    static const char *const star[] = {"*"};
    struct cors all = cors;
    struct cors_question q = {HTTP_GET, "GET", "https://evil.example.com", NULL, NULL, false};
    (void)state;
    all.origins = star;
    all.origin_count = 1;
    assert_string_equal(cors_judge(&arena, &all, &q).allow_origin, "*");
}

static void who_lets_in_anybody_trusts_nobody(void **state)
{
    static const struct {
        const char *entry, *origin;
        bool named;
    } cases[] = {
        {"*", "https://evil.example.com", false},
        {"https://*", "https://evil.example.com", false},
        {"http*", "https://evil.example.com", false},
        {"https://*example.org", "https://evilexample.org", false},
        {"https://app.example.org", "https://app.example.org", true},
        {"https://app.example.org", "https://app.example.org.evil.example.com", false},
        {"https://*.example.org", "https://a.example.org", true},
        {"https://*.example.org", "https://a.example.com", false},
        {"http://localhost:*", "http://localhost:8080", true},
        {"https:*", "https://evil.example.com", false},
        {"https://app.*", "https://app.evil.example.com", false},
        {"https://App.example.org:443", "https://app.example.org", true},
        {"https://app.example.org", "https://app.example.org:443", true},
        {"http://app.example.org:80", "http://app.example.org", true},
        {"https://app.example.org:80", "https://app.example.org", false},
        {"http://app.example.org:443", "http://app.example.org", false},
        {"https://app.example.org:8443", "https://app.example.org", false},
        {"https://*.example.org:443", "https://a.example.org", true},
        {"https://*.example.org:443", "https://a.example.org:8443", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cors one = cors;
        struct cors_question q = {HTTP_GET, "GET", cases[i].origin, NULL, NULL, false};
        one.origins = &cases[i].entry;
        one.origin_count = 1;
        assert_int_equal(cors_names_origin(&one, cases[i].origin), cases[i].named);
        const char *said = cors_judge(&arena, &one, &q).allow_origin;
        assert_true(cases[i].named ? said && strcmp(said, cases[i].origin) == 0
                                   : !said || strcmp(said, "*") == 0);
    }
}

/* ---- names ---- */

/* CPU time of looking through n names of 1 KiB that differ at their end: the least of a few runs,
 * so that other programs, which take the cache away, count for little. */
static clock_t time_of_names(size_t n)
{
    clock_t least = 0;
    const char **names = ARENA_ARRAY(&arena, n, const char *);
    for (size_t i = 0; i < n; i++) {
        names[i] = arena_printf(&arena, "%01000d%zu", 0, n - i);
    }
    for (int run = 0; run < 15; run++) {
        size_t at;
        clock_t start = clock();
        assert_true(names_find_repeated(&arena, names, n, &at));
        clock_t took = clock() - start;
        assert_int_equal(at, n);
        least = run == 0 || took < least ? took : least;
    }
    return least;
}

static void a_repeated_name_is_found_without_comparing_all(void **state)
{
    static const char *const names[] = {"b", "a", "c", "a", "b", "a"};
    size_t at;
    (void)state;
    assert_true(names_find_repeated(&arena, names, 6, &at));
    assert_int_equal(at, 3);
    assert_true(names_find_repeated(&arena, names, 3, &at));
    assert_int_equal(at, 3);
    clock_t small = time_of_names(2000), large = time_of_names(8000);
    if (large > 9 * small + 1000) { /* us; quadratic: 16 times */
        fail_msg("2000 names take %ld us, 8000 take %ld", (long)small, (long)large);
    }
}

/* ---- errors ---- */

static void an_error_has_kratos_form(void **state)
{
    struct js *details = js_object(&arena), *beside = js_object(&arena);
    struct js_error e = {.status = 401, .reason = "No \"valid\" session", .request_id = "r-1"};
    (void)state;
    assert_string_equal(js_write(&arena, js_error(&arena, &e)),
                        "{\"error\":{\"code\":401,\"status\":\"Unauthorized\",\"request\":\"r-1\","
                        "\"reason\":\"No \\\"valid\\\" session\","
                        "\"message\":\"The request could not be authorized\"}}");
    js_put(&arena, details, "limit", js_int(&arena, 5));
    js_put(&arena, beside, "redirect_browser_to", js_text(&arena, "https://x"));
    e = (struct js_error){
        .status = 422, .id = "some_id", .message = "m", .details = details, .beside = beside};
    assert_string_equal(js_write(&arena, js_error(&arena, &e)),
                        "{\"error\":{\"id\":\"some_id\",\"code\":422,\"status\":\"Unprocessable Entity\","
                        "\"details\":{\"limit\":5},\"message\":\"m\"},"
                        "\"redirect_browser_to\":\"https://x\"}");
}

/* ---- metrics ---- */

static void assert_has(const char *text, const char *line)
{
    const char *at = strstr(text, line);
    if (!at) {
        print_message("# no %s# in %s", line, text);
    }
    assert_non_null(at);
}

static void answers_are_counted_by_route(void **state)
{
    struct metrics *m = metrics_new();
    struct buf b = BUF(&arena);
    (void)state;
    metrics_count(m, "GET /a", 200, 400);
    metrics_count(m, "GET /a", 204, 3000);
    metrics_count(m, "GET /a", 404, 9000000);
    metrics_count(m, "quo\"te", 500, 1);
    metrics_write(m, NULL, &b);
    const char *text = buf_text(&b);
    assert_has(text, "watchword_http_requests_total{route=\"GET /a\",status=\"2xx\"} 2\n");
    assert_has(text, "watchword_http_requests_total{route=\"GET /a\",status=\"4xx\"} 1\n");
    assert_has(text, "{route=\"quo\\\"te\",status=\"5xx\"} 1\n");
    assert_has(text, "_bucket{route=\"GET /a\",le=\"0.0005\"} 1\n");
    assert_has(text, "_bucket{route=\"GET /a\",le=\"0.005\"} 2\n");
    assert_has(text, "_bucket{route=\"GET /a\",le=\"5\"} 2\n");
    assert_has(text, "_bucket{route=\"GET /a\",le=\"+Inf\"} 3\n");
    assert_has(text, "_sum{route=\"GET /a\"} 9.003400\n");
    assert_has(text, "_count{route=\"GET /a\"} 3\n");
    assert_has(text, "\nprocess_resident_memory_bytes ");
    metrics_free(m);
}

static void too_many_routes_are_counted_together(void **state)
{
    struct metrics *m = metrics_new();
    struct buf b = BUF(&arena);
    (void)state;
    for (int i = 0; i < METRICS_ROUTES_MAX + 10; i++) {
        metrics_count(m, arena_printf(&arena, "route %d", i), 200, 1);
    }
    metrics_write(m, NULL, &b);
    assert_has(buf_text(&b), "{route=\"other\",status=\"2xx\"} 10\n");
    metrics_free(m);
}

/* ---- trusted proxies ---- */

/* What the field `name: value` says where `configured` is the one that counts. */
static const char *forwarded(const char *const *proxies, size_t n, const char *configured, const char *name,
                             const char *value)
{
    static char text[64];
    struct http_proxies p;
    struct http_head head;
    struct http_address found;
    assert_true(http_proxies_read(&p, proxies, n));
    http_head_clear(&head);
    head.fields[head.field_count++] = (struct http_field){name, value};
    bool is = http_forwarded_address(&p, &head, configured, &found);
    http_proxies_free(&p);
    if (is) {
        http_address_text(&found, text);
    }
    return is ? text : "none";
}

static void the_last_untrusted_hop_is_the_client(void **state)
{
    static const char *const proxies[] = {"10.0.0.0/8", "192.0.2.1", "2001:db8::/32"};
    static const struct {
        const char *name, *value, *client;
    } cases[] = {
        {"X-Forwarded-For", "203.0.113.9", "203.0.113.9"},
        {"x-forwarded-for", "203.0.113.9, 10.1.2.3", "203.0.113.9"},
        {"X-Forwarded-For", "1.1.1.1, 203.0.113.9", "203.0.113.9"}, /* the first is the client's word */
        {"X-Forwarded-For", "1.1.1.1, nonsense, 10.0.0.1", "none"},
        {"X-Forwarded-For", "10.0.0.1,192.0.2.1", "none"},
        {"X-Forwarded-For", "", "none"},
        {"X-Forwarded-For", "203.0.113.9, ,", "203.0.113.9"},
        {"X-Forwarded-For", " , ,", "none"},
        {"X-Forwarded-For", "203.0.113.9:4711", "203.0.113.9"},
        {"X-Forwarded-For", "[2a00::1]:80, 2001:db8::5", "2a00::1"},
        {"X-Real-IP", "203.0.113.9", "none"},
        {"True-Client-IP", "203.0.113.9", "none"},
        {"Cf-Connecting-IP", "2a00::1", "none"},
        {"Forwarded", "for=203.0.113.9", "none"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(forwarded(proxies, 3, "X-Forwarded-For", cases[i].name, cases[i].value),
                            cases[i].client);
    }
}

static void only_the_configured_header_counts(void **state)
{
    static const char *const proxies[] = {"10.0.0.0/8"};
    (void)state;
    assert_string_equal(forwarded(proxies, 1, "CF-Connecting-IP", "Cf-Connecting-IP", "2a00::1"), "2a00::1");
    assert_string_equal(forwarded(proxies, 1, "CF-Connecting-IP", "X-Forwarded-For", "192.0.2.1"), "none");
    assert_string_equal(forwarded(proxies, 1, "X-Real-IP", "X-Real-IP", "203.0.113.9"), "203.0.113.9");
    assert_string_equal(forwarded(proxies, 1, "X-Real-IP", "X-Real-IP", "what"), "none");
}

static void addresses_are_read_with_ports_and_zones(void **state)
{
    static const struct {
        const char *from, *to; /* NULL: none */
    } cases[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"192.0.2.7:5678", "192.0.2.7"},
        {"[::1]:4433", "::1"},
        {"[2001:db8::7]", "2001:db8::7"},
        {"2001:db8::7", "2001:db8::7"},
        {"fe80::1%eth0", "fe80::1"},
        {"[fe80::1%eth0]:443", "fe80::1"},
        {"[fe80::1%25wlp0s20f3.100]", "fe80::1"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"[::ffff:192.0.2.7]:80", "192.0.2.7"},
        {"192.0.2.7:x", NULL},
        {"192.0.2.7:123456", NULL},
        {"192.0.2.7%eth0", NULL},
        {"[::1]x", NULL},
        {"[::1]:4433:1", NULL},
        {"[::1", NULL},
        {"::1]", NULL},
        {"[]", NULL},
        {"fe80::1%", NULL},
        {"%eth0", NULL},
        {"192.0.2", NULL},
        {"010.0.0.1", NULL},
        {"unknown", NULL},
        {"_hidden", NULL},
        {"localhost", NULL},
        {"", NULL},
    };
    struct http_address a;
    char text[64];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(http_address_read(cases[i].from, &a), cases[i].to != NULL);
        if (cases[i].to) {
            http_address_text(&a, text);
            assert_string_equal(text, cases[i].to);
        }
    }
}

static void networks_hold_their_addresses(void **state)
{
    static const char *const texts[] = {"10.0.0.0/9", "192.0.2.7", "2001:db8::/33", "unix"};
    static const char *const bad[] = {"",       "10.0.0.0/33", "10.0.0.0/", "10.0.0/8",
                                      "::/129", "10.0.0.0/8x", "host",      "10.0.0.0/-1"};
    struct http_proxies p;
    struct http_address a;
    (void)state;
    assert_true(http_proxies_read(&p, texts, 4));
    assert_true(p.unix_peers);
    assert_true(http_address_read("10.127.255.255", &a) && http_proxies_hold(&p, &a));
    assert_true(http_address_read("10.128.0.0", &a) && !http_proxies_hold(&p, &a));
    assert_true(http_address_read("192.0.2.7", &a) && http_proxies_hold(&p, &a));
    assert_true(http_address_read("192.0.2.8", &a) && !http_proxies_hold(&p, &a));
    assert_true(http_address_read("::ffff:10.0.0.1", &a) && http_proxies_hold(&p, &a));
    assert_true(http_address_read("2001:db8:7fff::1", &a) && http_proxies_hold(&p, &a));
    assert_true(http_address_read("2001:db8:8000::1", &a) && !http_proxies_hold(&p, &a));
    http_proxies_free(&p);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(http_proxies_read(&p, &bad[i], 1));
        http_proxies_free(&p);
    }
}

static enum ww_err parts_of(const char *type, const char *text, struct multipart *out)
{
    return multipart_read(&arena, type, bytes_str(text), out);
}

#define FIELD(name, value) "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART(name, value)                                                                               \
    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" name "\"\r\n"                        \
    "Content-Type: application/octet-stream\r\n\r\n" value "\r\n"
#define MULTIPART "multipart/form-data; boundary=b"

static void files_and_fields_of_a_multipart_form_are_read(void **state)
{
    struct multipart parts;
    (void)state;
    assert_int_equal(parts_of(MULTIPART,
                              FIELD("csrf_token", "t=") FILE_PART("a b.bin", "x\r\n--c\r\n") "--b--\r\n",
                              &parts),
                     WW_OK);
    assert_int_equal(parts.field_count, 1);
    assert_string_equal(parts.fields[0].name, "csrf_token");
    assert_string_equal(parts.fields[0].value, "t=");
    assert_string_equal(parts.file_name, "a b.bin");
    assert_int_equal(parts.file.n, 8);
    assert_memory_equal(parts.file.p, "x\r\n--c\r\n", 8);
    assert_int_equal(parts_of("multipart/form-data; boundary=\"b\"", FILE_PART("", "") "--b--", &parts),
                     WW_OK);
    assert_string_equal(parts.file_name, "");
}

static void malformed_multipart_forms_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "--b",
                                      "--b--",
                                      FIELD("a", "1"),
                                      FIELD("a", "1") "--b-",
                                      "--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--b--",
                                      "--b\r\nContent-Disposition: form-data; nome=\"a\"\r\n\r\nx\r\n--b--",
                                      "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--",
                                      FIELD("a", "\xff") "--b--",
                                      FILE_PART("a", "1") FILE_PART("b", "2") "--b--",
                                      "--b\nContent-Disposition: form-data; name=\"a\"\n\nx\n--b--"};
    struct multipart parts;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        enum ww_err wanted = strcmp(bad[i], "--b--") == 0 ? WW_OK : WW_EINVAL;
        assert_int_equal(parts_of(MULTIPART, bad[i], &parts), wanted);
    }
    assert_int_equal(parts_of("multipart/form-data", FIELD("a", "1") "--b--", &parts), WW_EINVAL);
    assert_int_equal(parts_of("multipart/form-data; boundary=b\"x", FIELD("a", "1") "--b--", &parts),
                     WW_EINVAL);
    struct buf many = BUF(&arena);
    for (size_t i = 0; i <= MULTIPART_PARTS_MAX; i++) {
        buf_str(&many, FIELD("a", "1"));
    }
    buf_str(&many, "--b--");
    assert_int_equal(parts_of(MULTIPART, buf_text(&many), &parts), WW_EINVAL);
}

#define WIPED(test) cmocka_unit_test_teardown(test, wipe)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIPED(kratos_negotiation_is_followed),
        WIPED(cookies_are_found_by_name),
        WIPED(cookies_are_read_pair_by_pair),
        WIPED(the_first_good_cookie_of_a_name_counts),
        WIPED(a_set_cookie_has_its_attributes),
        WIPED(nothing_can_break_out_of_a_set_cookie),
        WIPED(a_form_keeps_order_and_repetitions),
        WIPED(malformed_forms_are_refused),
        WIPED(files_and_fields_of_a_multipart_form_are_read),
        WIPED(malformed_multipart_forms_are_refused),
        WIPED(percent_encoding_is_reversible),
        WIPED(a_preflight_is_answered_for_allowed_origins),
        WIPED(anything_else_gets_no_permission),
        WIPED(an_actual_request_is_marked),
        WIPED(the_star_never_names_an_origin),
        WIPED(a_repeated_name_is_found_without_comparing_all),
        WIPED(who_lets_in_anybody_trusts_nobody),
        WIPED(an_error_has_kratos_form),
        WIPED(answers_are_counted_by_route),
        WIPED(too_many_routes_are_counted_together),
        WIPED(the_last_untrusted_hop_is_the_client),
        WIPED(only_the_configured_header_counts),
        WIPED(addresses_are_read_with_ports_and_zones),
        WIPED(networks_hold_their_addresses),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
