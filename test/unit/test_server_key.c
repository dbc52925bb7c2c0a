/* A server key on paper: typed in again, scanned, or as the export said it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config_keys.h"

static void a_key_on_paper_is_read_back_and_mistakes_are_found(void **state)
{
    struct ww_op op;
    struct key key, back;
    (void)state;
    op_init(&op, NULL, NULL);
    for (int i = 0; i < 32; i++) {
        key.b[i] = (uint8_t)i;
    }
    char *print = config_key_print(&op.arena, &key);
    assert_string_equal(print, "000G-40R4-0M30-E209-185G-R38E-1W81\n"
                               "24GK-2GAH-C5RR-34D1-P70X-3RFG-MQAK");
    assert_int_equal(config_key_parse(&op, bytes_str(print), &back), WW_OK);
    assert_memory_equal(back.b, key.b, 32);
    assert_int_equal(config_key_parse(&op, bytes_str("  oOog 4or4"), &back), WW_EINVAL);
    assert_string_equal(op.problem.text, "48 symbols are missing");

    /* As it comes from paper, a scanner, a text editor, or `export` with all that it says. */
    static const char *const papers[] = {
        "\xef\xbb\xbf%s\r\n",
        ("Server key 5eb2c1a0. Whoever reads this can open what the server can open. Test the print with\n"
         "`watchword server-key verify`.\n%s\n"),
        "%s\nServer key 5eb2c1a0. Whoever reads this can open what the server can open.\n",
        "{\"id\":\"5eb2c1a0\",\"key\":\"%s\"}\n",
        "key:\n\t%s",
    };
    for (size_t i = 0; i < 2 * sizeof papers / sizeof papers[0]; i++) {
        const char *shown = i % 2 ? "000g40r40m30e209185gr38e1w81 24gk 2gah\n c5rr 34d1p70x3rfg-MQAK"
                            : i == 6
                                ? "000G-40R4-0M30-E209-185G-R38E-1W81\\n24GK-2GAH-C5RR-34D1-P70X-3RFG-MQAK"
                                : print;
        struct buf paper = BUF(&op.arena);
        const char *hole = strstr(papers[i / 2], "%s");
        buf_add(&paper, papers[i / 2], (size_t)(hole - papers[i / 2]));
        buf_str(&paper, shown);
        buf_str(&paper, hole + 2);
        assert_int_equal(config_key_parse(&op, buf_done(&paper), &back), WW_OK);
        assert_memory_equal(back.b, key.b, 32);
    }

    size_t length = strlen(print);
    for (size_t i = 0; i < length; i++) {
        char *wrong = arena_strdup(&op.arena, print);
        if (wrong[i] == '-' || wrong[i] == '\n') {
            continue;
        }
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        assert_int_equal(config_key_parse(&op, bytes_str(wrong), &back), WW_EINVAL);
        wrong[i] = 'U';
        assert_int_equal(config_key_parse(&op, bytes_str(wrong), &back), WW_EINVAL);
    }
    op_free(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_on_paper_is_read_back_and_mistakes_are_found),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
