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

static void code_points_are_walked_and_counted(void **state)
{
    struct bytes rest = bytes_str("a\xc3\xa9\xf0\x9f\x98\x80");
    (void)state;
    assert_int_equal(utf8_length(rest), 3);
    assert_int_equal(utf8_next(&rest), 'a');
    assert_int_equal(utf8_next(&rest), 0xe9);
    assert_int_equal(utf8_next(&rest), 0x1f600);
    assert_int_equal(utf8_next(&rest), -1);
    assert_false(utf8_valid(bytes_str("\xc0\x80")));
    assert_false(utf8_valid(bytes_str("\xed\xa0\x80")));
    assert_true(utf8_valid(BYTES("a\0b", 3)));
}

static void normal_forms(void **state)
{
    struct arena a = {0};
    struct bytes out;
    (void)state;
    assert_int_equal(utf8_nfc(&a, bytes_str("e\xcc\x81\xef\xac\x81"), &out), WW_OK);
    assert_string_equal(out.p, "\xc3\xa9\xef\xac\x81"); /* composed; the ligature stays */
    assert_int_equal(utf8_casefold(&a, bytes_str("E\xcc\x81\xef\xac\x81\xc3\x9f\xc2\xad"), &out), WW_OK);
    assert_string_equal(out.p, "\xc3\xa9"
                               "fiss");
    assert_int_equal(utf8_lower(&a, bytes_str("\xc3\x89\xc3\x9f"), &out), WW_OK);
    assert_memory_equal(out.p, "\xc3\xa9\xc3\x9f", out.n);
    assert_int_equal(utf8_nfc(&a, bytes_str("\xff"), &out), WW_EINVAL);
    assert_int_equal(utf8_nfc(&a, BYTES("", 0), &out), WW_OK);
    assert_int_equal(out.n, 0);
    arena_free(&a);
}

/* ---- memory of one operation ---- */

static bool never(void *ctx, enum ww_fault kind)
{
    (void)ctx;
    return kind == WW_FAULT_ALLOC;
}

static void an_arena_gives_zeroed_memory_up_to_its_limit(void **state)
{
    struct arena a = {.limit = 4096};
    (void)state;
    uint8_t *p = arena_alloc(&a, 100), *q = ARENA_ARRAY(&a, 10, uint8_t);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(p[i], 0);
    }
    assert_int_equal((uintptr_t)q % 16, 0);
    assert_true(arena_has_room(&a, 1000));
    assert_false(arena_has_room(&a, 4096));
    assert_null(arena_alloc(&a, 4096));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(ARENA_ARRAY(&a, SIZE_MAX / 2, uint32_t));
    assert_string_equal(arena_strdup(&a, "kept"), "kept");
    assert_string_equal(arena_strndup(&a, "kept", 2), "ke");
    assert_string_equal(arena_printf(&a, "%d of %s", 1, "two"), "1 of two");
    arena_free(&a);
    assert_int_equal(a.used, 0);
    assert_non_null(arena_alloc(&a, 4096)); /* it can be used again */
    arena_free(&a);
}

static void every_allocation_can_be_made_to_fail(void **state)
{
    static const struct ww_env env = {.fault = never};
    struct arena a = {.env = &env};
    struct buf b = BUF(&a);
    (void)state;
    assert_null(arena_alloc(&a, 1));
    buf_str(&b, "lost");
    assert_null(buf_done(&b).p);
    assert_null(buf_text(&b));
    arena_free(&a);
}

/* ---- byte strings ---- */

static void what_is_built_is_read_back(void **state)
{
    struct arena a = {0};
    struct buf b = BUF(&a);
    uint8_t copy[3];
    (void)state;
    buf_u8(&b, 1);
    buf_u16(&b, 0x0203);
    buf_u32(&b, 0x04050607);
    buf_u64(&b, 0x08090a0b0c0d0e0f);
    buf_u16_bytes(&b, bytes_str("text"));
    buf_printf(&b, "%s%c", "ab", 'c');
    struct reader r = READER(buf_done(&b));
    assert_memory_equal(r.p, "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf", 15); /* big-endian */
    assert_int_equal(read_u8(&r), 1);
    assert_int_equal(read_u16(&r), 0x0203);
    assert_int_equal(read_u32(&r), 0x04050607);
    assert_true(read_u64(&r) == 0x08090a0b0c0d0e0f);
    assert_true(bytes_equal(read_u16_bytes(&r), bytes_str("text")));
    read_copy(&r, copy, 3);
    assert_memory_equal(copy, "abc", 3);
    assert_int_equal(read_rest(&r).n, 0);
    assert_false(r.failed);
    assert_int_equal(read_u8(&r), 0); /* past the end, and from then on */
    assert_true(r.failed);
    assert_null(read_bytes(&r, 0).p);
    arena_free(&a);
}

static void a_length_that_does_not_fit_fails(void **state)
{
    struct arena a = {0};
    struct buf b = BUF(&a);
    (void)state;
    buf_u16_bytes(&b, BYTES(arena_alloc(&a, 65536), 65536));
    assert_null(buf_done(&b).p);
    arena_free(&a);
}

static void byte_strings_are_ordered(void **state)
{
    (void)state;
    assert_int_equal(bytes_compare(bytes_str("a"), bytes_str("a")), 0);
    assert_true(bytes_compare(bytes_str("a"), bytes_str("ab")) < 0);
    assert_true(bytes_compare(bytes_str("b"), bytes_str("ab")) > 0);
    assert_true(bytes_equal(BYTES(NULL, 0), BYTES("", 0)));
}

static void hex_in_both_directions(void **state)
{
    char text[7];
    uint8_t raw[3];
    (void)state;
    hex_encode(text, "\x00\xab\xff", 3);
    assert_string_equal(text, "00abff");
    assert_true(hex_decode(raw, 3, "00ABff"));
    assert_memory_equal(raw, "\x00\xab\xff", 3);
    assert_false(hex_decode(raw, 3, "00abf"));
    assert_false(hex_decode(raw, 3, "00abfg"));
    assert_false(hex_decode(raw, 3, "00abff0"));
}

/* ---- times and ids ---- */

static void times_are_written_and_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t us;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2000-02-29T12:00:00Z", 951825600000000},
        {"2026-01-02T03:04:05.000006Z", 1767323045000006},
    };
    struct arena a = {0};
    uint64_t us;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(timefmt_parse(cases[i].text, &us) && us == cases[i].us);
        assert_true(timefmt_parse(timefmt_rfc3339(&a, cases[i].us), &us) && us == cases[i].us);
    }
    assert_true(timefmt_parse("2000-02-29T14:30:00+02:30", &us) && us == 951825600000000);
    assert_false(timefmt_parse("2001-02-29T00:00:00Z", &us));
    assert_false(timefmt_parse("2000-02-29", &us));
    assert_false(timefmt_parse("2000-2-29T1:00:00Z", &us));
    assert_false(timefmt_parse("2000-02-29T24:00:00Z", &us));
    assert_false(timefmt_parse("1969-12-31T23:59:59Z", &us));
    assert_false(timefmt_parse("2000-02-29T12:00:00", &us));
    arena_free(&a);
}

static void durations_are_as_go_writes_them(void **state)
{
    uint64_t us;
    (void)state;
    assert_true(timefmt_duration("1h30m", &us) && us == 5400 * SECOND_US);
    assert_true(timefmt_duration("1.5s", &us) && us == 1500000);
    assert_true(timefmt_duration("250ms", &us) && us == 250000);
    assert_true(timefmt_duration("0", &us) && us == 0);
    assert_false(timefmt_duration("", &us));
    assert_false(timefmt_duration("10", &us));
    assert_false(timefmt_duration("-1s", &us));
    assert_false(timefmt_duration("1d", &us));
    assert_false(timefmt_duration("99999999999999999999h", &us));
}

static void ids_are_version_4_and_read_in_either_case(void **state)
{
    struct ww_op op;
    struct uuid u, v;
    char text[UUID_TEXT];
    (void)state;
    op_init(&op, NULL, NULL);
    u = uuid_new(&op);
    uuid_format(text, u);
    assert_int_equal(text[14], '4');
    assert_non_null(strchr("89ab", text[19]));
    assert_string_equal(uuid_text(&op.arena, u), text);
    assert_true(uuid_parse(&v, text) && uuid_equal(u, v));
    assert_false(uuid_equal(u, uuid_new(&op)));
    assert_true(uuid_parse(&v, "01234567-89AB-cdef-0123-456789abcdef"));
    assert_false(uuid_parse(&v, "0123456789abcdef0123456789abcdef"));
    assert_false(uuid_parse(&v, "01234567-89ab-cdef-0123-456789abcdeg"));
    assert_false(uuid_parse(&v, ""));
    op_free(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_utf8_or_replaced),
        cmocka_unit_test(text_is_cut_between_characters),
        cmocka_unit_test(long_text_costs_what_is_kept),
        cmocka_unit_test(a_failure_has_one_status),
        cmocka_unit_test(addresses_are_read_as_browsers_read_them),
        cmocka_unit_test(code_points_are_walked_and_counted),
        cmocka_unit_test(normal_forms),
        cmocka_unit_test(an_arena_gives_zeroed_memory_up_to_its_limit),
        cmocka_unit_test(every_allocation_can_be_made_to_fail),
        cmocka_unit_test(what_is_built_is_read_back),
        cmocka_unit_test(a_length_that_does_not_fit_fails),
        cmocka_unit_test(byte_strings_are_ordered),
        cmocka_unit_test(hex_in_both_directions),
        cmocka_unit_test(times_are_written_and_read),
        cmocka_unit_test(durations_are_as_go_writes_them),
        cmocka_unit_test(ids_are_version_4_and_read_in_either_case),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
