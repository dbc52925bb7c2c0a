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
#include "status.h"
#include "timefmt.h"
#include "url.h"
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

/* ---- what a failure is told as ---- */

static void a_failure_has_one_status(void **state)
{
    static const struct {
        enum ww_err err;
        const char *problem, *id;
        int status;
        bool told;
    } cases[] = {
        {WW_EINVAL, "name_invalid", "name_invalid", 400, true},
        {WW_EDENIED, NULL, NULL, 401, true},
        {WW_EREAUTH, "x", "session_refresh_required", 403, true},
        {WW_EVERSION, "x", "version_mismatch", 412, true},
        {WW_EFULL, "vault_full", "vault_full", 413, true},
        {WW_EFULL, "db_full", "busy", 503, false},
        {WW_EBUSY, "db_busy", "busy", 503, false},
        {WW_EIO, "db_gone", "busy", 503, false},
        {WW_EIO, "x", "unavailable", 503, false},
        {WW_ETAMPERED, "x", "vault_tampered", 500, false},
        {WW_EINTERNAL, "x", NULL, 500, false},
        {WW_ECONFIG, "db_cannot_open", NULL, 500, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct status_refusal r = status_of_error(cases[i].err, cases[i].problem);
        assert_int_equal(r.status, cases[i].status);
        assert_int_equal(r.told, cases[i].told);
        assert_true(cases[i].id ? r.id && strcmp(r.id, cases[i].id) == 0 : r.id == NULL);
        assert_true(*status_text(r.status) && *status_message(r.status));
    }
    assert_string_equal(status_text(299), "Unknown");
}

/* ---- addresses ---- */

static void addresses_are_read_as_browsers_read_them(void **state)
{
    static const char *const bad[] = {"https://me@a/", "https:\\\\a",  "java\tscript://a", "mailto:a@b.c",
                                      "https://",      "https://a b/", "1http://a",        "https:a"};
    struct url u;
    (void)state;
    assert_true(url_read("https://a.example.org:8443/x/y?q=1#f", &u));
    assert_true(bytes_equal(u.scheme, bytes_str("https")) &&
                bytes_equal(u.host, bytes_str("a.example.org:8443")));
    assert_true(bytes_equal(u.path, bytes_str("/x/y")) && bytes_equal(u.rest, bytes_str("?q=1#f")));
    assert_true(url_read("/there", &u) && !u.scheme.n && !u.host.n);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(url_read(bad[i], &u));
    }
    assert_true(url_has_dot_segment(bytes_str("/a/../b")) && url_has_dot_segment(bytes_str("/a/%2E")));
    assert_false(url_has_dot_segment(bytes_str("/a/...")) || url_has_dot_segment(bytes_str("/.well-known")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_utf8_or_replaced),
        cmocka_unit_test(text_is_cut_between_characters),
        cmocka_unit_test(long_text_costs_what_is_kept),
        cmocka_unit_test(a_failure_has_one_status),
        cmocka_unit_test(addresses_are_read_as_browsers_read_them),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
