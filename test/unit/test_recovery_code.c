/* Recovery codes as text (vault.md §7, kind 2): the known form, what people may type, and every wrong symbol.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cred_recovery_code.h"

#define ALPHABET "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
/* The symbols 0 to 25 of the alphabet, and the two that D(–, code-check, –, the 26) gives; reckoned with
 * another BLAKE2b. */
#define KNOWN "0123-4567-89AB-CDEF-GHJK-MNPQ-RSDS"

static void count_up(void *ctx, void *buf, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        ((uint8_t *)buf)[i] = (uint8_t)i;
    }
}

struct fixture {
    struct ww_op op;
    struct ww_env env;
    struct recovery_code code;
    char *text;
};

static void setup(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->env.random = count_up;
    op_init(&f->op, &f->env, NULL);
    cred_recovery_code_draw(&f->op, &f->code);
    f->text = cred_recovery_code_text(&f->op.arena, &f->code);
    assert_non_null(f->text);
}

static void assert_reads(struct fixture *f, const char *typed)
{
    struct recovery_code read;
    assert_int_equal(cred_recovery_code_read(&f->op, bytes_str(typed), &read), WW_OK);
    assert_memory_equal(read.symbols, f->code.symbols, sizeof read.symbols);
}

static void assert_refused(struct fixture *f, const char *typed, const char *why)
{
    struct recovery_code read;
    assert_int_equal(cred_recovery_code_read(&f->op, bytes_str(typed), &read), WW_EINVAL);
    assert_string_equal(f->op.problem.id, "recovery_code_wrong");
    assert_string_equal(f->op.problem.field, "code");
    assert_non_null(strstr(f->op.problem.text, why));
}

static void the_form_is_seven_groups_of_four(void **state)
{
    struct fixture f;
    (void)state;
    setup(&f);
    assert_int_equal(strlen(f.text), RECOVERY_CODE_TEXT);
    assert_string_equal(f.text, KNOWN);
    assert_reads(&f, f.text);
    op_free(&f.op);
}

static void what_people_type_is_read(void **state)
{
    struct fixture f;
    char typed[RECOVERY_CODE_TYPED_MAX + 1];
    size_t n = 0;
    (void)state;
    setup(&f);
    for (const char *p = f.text; *p; p++) { /* lower case, O for 0, l and I for 1, spaces for hyphens */
        char c = *p == '-' ? ' ' : *p == '0' ? 'o' : *p == '1' ? (n % 2 ? 'l' : 'I') : *p;
        typed[n++] = (char)(c >= 'A' && c <= 'Z' && c != 'I' ? c - 'A' + 'a' : c);
        if (*p == '5') {
            typed[n++] = '\t';
        }
    }
    typed[n] = '\0';
    assert_reads(&f, typed);
    op_free(&f.op);
}

static void each_wrong_symbol_is_a_typing_error(void **state)
{
    struct fixture f;
    size_t tried = 0, passed = 0;
    (void)state;
    setup(&f);
    for (size_t i = 0; i < RECOVERY_CODE_TEXT; i++) {
        for (const char *p = ALPHABET; f.text[i] != '-' && *p; p++) {
            char typed[RECOVERY_CODE_TEXT + 1];
            struct recovery_code read;
            memcpy(typed, f.text, sizeof typed);
            typed[i] = *p;
            if (*p != f.text[i]) {
                tried++;
                passed += cred_recovery_code_read(&f.op, bytes_str(typed), &read) == WW_OK;
            }
        }
    }
    assert_int_equal(tried, 28 * 31);
    assert_true(passed <= 6); /* 10 check bits: one in 1,024 passes, and then no slot opens */
    op_free(&f.op);
}

static void what_is_no_code_is_refused_by_its_form(void **state)
{
    struct fixture f;
    char long_one[RECOVERY_CODE_TYPED_MAX + 2];
    (void)state;
    setup(&f);
    memset(long_one, ' ', sizeof long_one);
    long_one[sizeof long_one - 1] = '\0';
    memcpy(long_one, f.text, RECOVERY_CODE_TEXT);
    const char *wrong[] = {"",
                           "----",
                           "7K2M",
                           "0123-4567-89AB-CDEF-GHJK-MNPQ-RSD",
                           KNOWN "0",
                           "U123-4567-89AB-CDEF-GHJK-MNPQ-RSDS",
                           "\xd0\x9e" KNOWN,
                           long_one};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_refused(&f, wrong[i], "seven groups of four");
    }
    op_free(&f.op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_is_seven_groups_of_four),
        cmocka_unit_test(what_people_type_is_read),
        cmocka_unit_test(each_wrong_symbol_is_a_typing_error),
        cmocka_unit_test(what_is_no_code_is_refused_by_its_form),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
