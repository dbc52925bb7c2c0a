/* The password policy: each rule, its message and context, their order, and what switches them off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cred_policy.h"

#define SETTING(name) "selfservice.methods.password.config." name

struct fixture {
    struct ww_op op;
    struct config *config;
    struct policy_refusal refusal;
};

static void setup_with(struct fixture *f, const char *const *pairs, size_t n)
{
    memset(f, 0, sizeof *f);
    op_init(&f->op, NULL, NULL);
    assert_int_equal(config_from_pairs(&f->op, pairs, n, &f->config), WW_OK);
}

static void setup(struct fixture *f)
{
    static const char *const pairs[] = {"hashers.algorithm=argon2"};
    setup_with(f, pairs, 1);
}

static void teardown(struct fixture *f)
{
    config_free(f->config);
    op_free(&f->op);
}

static enum ww_err check(struct fixture *f, const char *password, const char *identifier)
{
    return cred_password_policy_check(&f->op, f->config, bytes_str(password), &identifier, 1, &f->refusal);
}

static const char *context(struct fixture *f)
{
    char *text = f->refusal.context ? js_write(&f->op.arena, f->refusal.context) : NULL;
    return text ? text : "";
}

static void assert_refused(struct fixture *f, const char *password, const char *identifier, uint32_t id,
                           const char *text)
{
    assert_int_equal(check(f, password, identifier), WW_EVALIDATION);
    assert_int_equal(f->refusal.message_id, id);
    assert_string_equal(f->op.problem.text, text);
    assert_string_equal(f->op.problem.field, "password");
}

static void the_minimum_counts_code_points(void **state)
{
    struct fixture f;
    (void)state;
    setup(&f);
    assert_refused(&f, "aB3$xY9", "ann@example.com", 4000032,
                   "The password must be at least 8 characters long, but got 7.");
    assert_string_equal(context(&f), "{\"min_length\":8,\"actual_length\":7}");
    assert_refused(&f, "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa9\xc3\xb1", "ann@example.com", 4000032,
                   "The password must be at least 8 characters long, but got 6.");
    /* a and a combining diaeresis are one character after NFC */
    assert_refused(&f, "a\xcc\x88qZ7vX2", "ann@example.com", 4000032,
                   "The password must be at least 8 characters long, but got 7.");
    assert_int_equal(check(&f, "Zq7vX2mN8wLp", "ann@example.com"), WW_OK);
    teardown(&f);
}

static void too_similar_is_what_kratos_says(void **state)
{
    static const char *const similar[][2] = {
        {"reg-pol-api@example.com", "reg-pol-api@example.com"},
        {"1reg-pol-api@example.com", "reg-pol-api@example.com"},
        {"reg-pol-api@example", "reg-pol-api@example.com"},
        {"REG-POL-api@EXAMPLE.com", "reg-pol-api@example.com"},
        {"both-api-x", "both-api"},
        {"ann-lee99", "ann-lee1"},              /* four edits or fewer */
        {"xq5-ann@lee", "wwwwwww-ann@lee-vvv"}, /* eight of eleven in common */
    };
    struct fixture f;
    (void)state;
    setup(&f);
    for (size_t i = 0; i < sizeof similar / sizeof *similar; i++) {
        assert_refused(&f, similar[i][0], similar[i][1], 4000031,
                       "The password can not be used because it is too similar to the identifier.");
        assert_null(f.refusal.context);
    }
    /* exactly half in common, and more than four edits away */
    assert_int_equal(check(&f, "vK3&ann@leex", "wwwwwww-ann@lee-vvv-0123456789"), WW_EVALIDATION);
    assert_int_equal(f.refusal.message_id, 4000031);
    assert_int_equal(check(&f, "vK3&x2ann@le", "wwwwwww-ann@lee-vvv-0123456789"), WW_OK);
    teardown(&f);
}

static void every_identifier_is_compared(void **state)
{
    static const char *const identifiers[] = {"ann@example.com", "", "Trace-pa55"};
    struct fixture f;
    (void)state;
    setup(&f);
    assert_int_equal(
        cred_password_policy_check(&f.op, f.config, bytes_str("Trace-pa55!"), identifiers, 2, &f.refusal),
        WW_OK);
    assert_int_equal(
        cred_password_policy_check(&f.op, f.config, bytes_str("Trace-pa55!"), identifiers, 3, &f.refusal),
        WW_EVALIDATION);
    assert_int_equal(f.refusal.message_id, 4000031);
    assert_int_equal(
        cred_password_policy_check(&f.op, f.config, bytes_str("Trace-pa55!"), NULL, 0, &f.refusal), WW_OK);
    teardown(&f);
}

static void what_is_easy_to_guess_is_refused_with_the_reason(void **state)
{
    static const char *const weak[] = {"password",     "Password1", "12345678",   "qwertyuiop",
                                       "aaaaaaaaaaaa", "iloveyou2", "19.04.1984", "abcdefghijkl"};
    struct fixture f;
    (void)state;
    setup(&f);
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
        assert_refused(&f, weak[i], "zoe@example.net", 4000005,
                       "The password can not be used because it is too easy to guess.");
        assert_string_equal(f.refusal.reason, "it is too easy to guess");
        assert_string_equal(context(&f), "{\"reason\":\"it is too easy to guess\"}");
    }
    assert_int_equal(check(&f, "correct horse battery staple", "zoe@example.net"), WW_OK);
    teardown(&f);
}

static void what_is_made_from_the_identifier_is_refused(void **state)
{
    char longer[302], reversed[302];
    struct fixture f;
    (void)state;
    setup(&f);
    /* backwards; its words in another order */
    assert_refused(&f, "ed.tsop@nnamdnil", "lindmann@post.de", 4000005,
                   "The password can not be used because it is made from the identifier.");
    assert_refused(&f, "postlindmann", "lindmann@post.de", 4000031,
                   "The password can not be used because it is too similar to the identifier.");
    assert_refused(&f, "quodverlindmannx", "lindmann.quodver@post.de", 4000005,
                   "The password can not be used because it is made from the identifier.");
    /* longer than Kratos' rule looks at */
    for (size_t i = 0; i < 301; i++) {
        longer[i] = (char)('a' + i * i * 7 % 25);
        reversed[300 - i] = longer[i];
    }
    longer[301] = reversed[301] = '\0';
    assert_refused(&f, longer, longer, 4000005,
                   "The password can not be used because it is made from the identifier.");
    assert_refused(&f, reversed, longer, 4000005,
                   "The password can not be used because it is made from the identifier.");
    teardown(&f);
}

static void content_is_not_looked_at_where_configured_off(void **state)
{
    static const char *const pairs[] = {SETTING("identifier_similarity_check_enabled=false"),
                                        SETTING("min_password_length=12"), "hashers.algorithm=argon2"};
    struct fixture f;
    (void)state;
    setup_with(&f, pairs, 3);
    assert_int_equal(check(&f, "reg-policy@example.com", "reg-policy@example.com"), WW_OK);
    assert_int_equal(check(&f, "123456789012", "reg-policy@example.com"), WW_OK);
    assert_refused(&f, "aB3$xY9aaa1", "reg-policy@example.com", 4000032,
                   "The password must be at least 12 characters long, but got 11.");
    assert_string_equal(context(&f), "{\"min_length\":12,\"actual_length\":11}");
    teardown(&f);
}

static void bcrypt_takes_72_bytes_and_no_nul(void **state)
{
    static const char *const pairs[] = {"hashers.algorithm=bcrypt"};
    const char *identifier = "ann@example.com";
    char password[74] = "";
    struct fixture f;
    (void)state;
    setup_with(&f, pairs, 1);
    for (int i = 0; i < 18; i++) {
        strcat(password, "aB3$");
    }
    assert_int_equal(check(&f, password, identifier), WW_OK);
    strcat(password, "x");
    assert_refused(&f, password, identifier, 4000033,
                   "The password must be at most 72 characters long, but got 73.");
    assert_string_equal(context(&f), "{\"max_length\":72,\"actual_length\":73}");
    assert_int_equal(
        cred_password_policy_check(&f.op, f.config, BYTES("Zq7vX2\0mN8wLp", 13), &identifier, 1, &f.refusal),
        WW_EVALIDATION);
    assert_int_equal(f.refusal.message_id, 4000005);
    teardown(&f);
}

static void argon2id_takes_1024_bytes(void **state)
{
    char password[6001];
    const char *identifier = "ann@example.com";
    struct fixture f;
    (void)state;
    setup(&f);
    for (size_t i = 0; i < sizeof password; i++) {
        password[i] = (char)(' ' + (i * i * 31 + i * 7) % 94);
    }
    const size_t lengths[] = {160, 1024, 1025, 6001};
    for (size_t i = 0; i < 4; i++) {
        enum ww_err err = cred_password_policy_check(&f.op, f.config, BYTES(password, lengths[i]),
                                                     &identifier, 1, &f.refusal);
        assert_int_equal(err, lengths[i] <= 1024 ? WW_OK : WW_EVALIDATION);
        assert_int_equal(f.refusal.message_id, lengths[i] <= 1024 ? 0 : 4000033);
    }
    assert_string_equal(context(&f), "{\"max_length\":1024,\"actual_length\":6001}");
    assert_int_equal(
        cred_password_policy_check(&f.op, f.config, BYTES("Zq7vX2\0mN8wLp", 13), &identifier, 1, &f.refusal),
        WW_OK);
    teardown(&f);
}

static void what_is_not_text_is_refused(void **state)
{
    struct fixture f;
    (void)state;
    setup(&f);
    assert_refused(&f, "Zq7vX2mN\xff\xfe", "ann@example.com", 4000005,
                   "The password can not be used because it is not valid UTF-8.");
    assert_int_equal(check(&f, "Zq7vX2mN8wLp", "\xff\xfe"), WW_OK);
    teardown(&f);
}

static bool nth_fails(void *ctx, enum ww_fault kind)
{
    int *left = ctx;
    return kind == WW_FAULT_ALLOC && (*left)-- == 0;
}

static void lack_of_memory_accepts_nothing(void **state)
{
    int left = 0, n = 0;
    const struct ww_env env = {.fault = nth_fails, .ctx = &left};
    struct fixture f;
    (void)state;
    setup(&f);
    f.op.env = f.op.arena.env = &env;
    for (left = n; check(&f, "Zq7vX2mN8wLp", "ann.lee@example.com") != WW_OK; left = ++n) {
        assert_int_equal(f.op.problem.err, WW_ENOMEM);
        assert_true(n < 200);
    }
    assert_true(n > 5);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_minimum_counts_code_points),
        cmocka_unit_test(too_similar_is_what_kratos_says),
        cmocka_unit_test(every_identifier_is_compared),
        cmocka_unit_test(what_is_easy_to_guess_is_refused_with_the_reason),
        cmocka_unit_test(what_is_made_from_the_identifier_is_refused),
        cmocka_unit_test(content_is_not_looked_at_where_configured_off),
        cmocka_unit_test(bcrypt_takes_72_bytes_and_no_nul),
        cmocka_unit_test(argon2id_takes_1024_bytes),
        cmocka_unit_test(what_is_not_text_is_refused),
        cmocka_unit_test(lack_of_memory_accepts_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
