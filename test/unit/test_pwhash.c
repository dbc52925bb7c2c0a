/* Password hashes: values of other programs, the form of public parts, ceilings and floors, calibration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pwhash.h"

#define ZERO_SALT    "AAAAAAAAAAAAAAAAAAAAAA"
#define COUNTED_SALT "AAECAwQFBgcICQoLDA0ODw" /* 00 01 … 0f */

struct fixture {
    struct ww_op op;
    struct pwhash_pool *pool;
};

static void setup(struct fixture *f)
{
    struct pwhash_limits limits = {.memory_budget = 64 << 20, .workers = 2};
    memset(f, 0, sizeof *f);
    op_init(&f->op, NULL, NULL);
    assert_int_equal(pwhash_pool_new(&f->op, &limits, &f->pool), WW_OK);
}

static void teardown(struct fixture *f)
{
    pwhash_pool_free(f->pool);
    op_free(&f->op);
}

static enum ww_err derive_text(struct fixture *f, const char *public_part, const char *password)
{
    PWHASH_SECRET(secret);
    return pwhash_derive(&f->op, f->pool, public_part, bytes_str(password), &secret);
}

/* Made with argon2-cffi 25.1.0 (the reference implementation of Argon2):
 * hash_secret_raw(password, salt, t, m, 1, 32, Type.ID). */
static void argon2id_gives_the_values_of_the_reference_implementation(void **state)
{
    static const struct {
        const char *public_part;
        const char *password;
        size_t length;
        const char *hash;
    } vectors[] = {
        {"$argon2id$v=19$m=8,t=1,p=1$" COUNTED_SALT, "password", 8,
         "3a008963c65f7ffa7331a90babd1fd17ea9f03bd05356b857ceb43f7b7080adc"},
        {"$argon2id$v=19$m=64,t=3,p=1$" COUNTED_SALT, "correct horse battery staple", 28,
         "bc240e180a205bd2e782cdc64983f247e76aeb8fb2133aec1570b70cccd68bff"},
        {"$argon2id$v=19$m=19456,t=2,p=1$/////////////////////w", "p\xc3\xa4ssw\xc3\xb6rd\xe2\x82\xac", 13,
         "78648151c0d9e576bca9cfaa4a9884c780a5d2de4b2db13d3b29701f8fae1aec"},
        {"$argon2id$v=19$m=47104,t=1,p=1$" ZERO_SALT, "", 0,
         "4adca9bd0ced190674d70fdeef8d5fbe7de26c0d8501304e8c4e621889f01739"},
        {"$argon2id$v=19$m=8,t=20,p=1$" COUNTED_SALT, "a\0b", 3,
         "ad1afb5d525c7e907e038589ff206ada67f4a8dcd46820adab8c78cd733f3cb9"},
    };
    struct fixture f;
    (void)state;
    setup(&f);
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        PWHASH_SECRET(secret);
        char hex[65];
        assert_int_equal(pwhash_derive(&f.op, f.pool, vectors[i].public_part,
                                       BYTES(vectors[i].password, vectors[i].length), &secret),
                         WW_OK);
        assert_int_equal(secret.n, 32);
        hex_encode(hex, secret.b, secret.n);
        assert_string_equal(hex, vectors[i].hash);
    }
    teardown(&f);
}

/* Hashes that Kratos' own tests use (hash/hasher_test.go); for passwords of these lengths 2a and 2b are the
 * same. */
static void bcrypt_gives_known_values(void **state)
{
    static const struct {
        const char *public_part, *password, *hash;
    } vectors[] = {
        {"$2b$12$o6hx.Wog/wvFSkT/Bp/6DO", "test", "xCtLRTDj7lm9on9suF/WaCGNVHbkfL6"},
        {"$2b$10$ZsCsoVQ3xfBG/K2z2XpBf.", "123456", "tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq"},
    };
    struct fixture f;
    (void)state;
    setup(&f);
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        PWHASH_SECRET(secret);
        assert_int_equal(
            pwhash_derive(&f.op, f.pool, vectors[i].public_part, bytes_str(vectors[i].password), &secret),
            WW_OK);
        assert_int_equal(secret.n, 31);
        assert_memory_equal(secret.b, vectors[i].hash, 31);
    }
    teardown(&f);
}

static void a_new_public_part_opens_again_and_differs_each_time(void **state)
{
    static const struct pwhash_params all[] = {
        {.algorithm = PWHASH_ARGON2ID, .memory_kib = 1024, .iterations = 2},
        {.algorithm = PWHASH_BCRYPT, .cost = 4},
    };
    struct fixture f;
    (void)state;
    setup(&f);
    for (size_t i = 0; i < 2; i++) {
        char *one, *two;
        PWHASH_SECRET(first);
        PWHASH_SECRET(again);
        PWHASH_SECRET(other);
        assert_int_equal(pwhash_public_new(&f.op, &all[i], &one), WW_OK);
        assert_int_equal(pwhash_public_new(&f.op, &all[i], &two), WW_OK);
        assert_string_not_equal(one, two);
        assert_int_equal(pwhash_derive(&f.op, f.pool, one, bytes_str("secret"), &first), WW_OK);
        assert_int_equal(pwhash_derive(&f.op, f.pool, one, bytes_str("secret"), &again), WW_OK);
        assert_int_equal(pwhash_derive(&f.op, f.pool, two, bytes_str("secret"), &other), WW_OK);
        assert_memory_equal(first.b, again.b, 32);
        assert_memory_not_equal(first.b, other.b, 31);
    }
    teardown(&f);
}

static void malformed_public_parts_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "$",
        "$2",
        "plain",
        "$argon2i$v=19$m=64,t=1,p=1$" ZERO_SALT,
        "$argon2id$v=16$m=64,t=1,p=1$" ZERO_SALT,
        "$argon2id$m=64,t=1,p=1$" ZERO_SALT,
        "$argon2id$v=19$m=64,t=1,p=2$" ZERO_SALT,
        "$argon2id$v=19$m=064,t=1,p=1$" ZERO_SALT,
        "$argon2id$v=19$m=+64,t=1,p=1$" ZERO_SALT,
        "$argon2id$v=19$m=-64,t=1,p=1$" ZERO_SALT,
        "$argon2id$v=19$m= 64,t=1,p=1$" ZERO_SALT,
        "$argon2id$v=19$m=64,t=01,p=1$" ZERO_SALT,
        "$argon2id$v=19$m=64,t=,p=1$" ZERO_SALT,
        "$argon2id$v=19$t=1,m=64,p=1$" ZERO_SALT,
        "$argon2id$v=19$m=64,t=1,p=1$" ZERO_SALT "A",
        "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAB", /* unused bits are not zero */
        "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAA-_",
        "$argon2id$v=19$m=64,t=1,p=1$" ZERO_SALT "==",
        "$argon2id$v=19$m=64,t=1,p=1$" ZERO_SALT "$",
        "$argon2id$v=19$m=64,t=1,p=1$" ZERO_SALT "\n",
        "$argon2id$v=19$m=4294967304,t=1,p=1$" ZERO_SALT,
        "$argon2id$v=19$m=18446744073709551624,t=1,p=1$" ZERO_SALT,
        "$2a$04$o6hx.Wog/wvFSkT/Bp/6DO",
        "$2y$04$o6hx.Wog/wvFSkT/Bp/6DO",
        "$2b$4$o6hx.Wog/wvFSkT/Bp/6DO",
        "$2b$ 4$o6hx.Wog/wvFSkT/Bp/6DO",
        "$2b$04$o6hx.Wog/wvFSkT/Bp/6D",
        "$2b$04$o6hx.Wog/wvFSkT/Bp/6DOx",
        "$2b$04$o6hx.Wog/wvFSkT/Bp/6DP", /* unused bits are not zero */
        "$2b$04$o6hx.Wog/wvFSkT+Bp/6DO",
        "$2b$04$o6hx.Wog/wvFSkT/Bp/6DOxCtLRTDj7lm9on9suF/WaCGNVHbkfL6",
    };
    struct fixture f;
    (void)state;
    setup(&f);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (derive_text(&f, bad[i], "password") != WW_EINVAL) {
            fail_msg("accepted: %s", bad[i]);
        }
        assert_string_equal(f.op.problem.id, "bad_password_hash");
    }
    teardown(&f);
}

/* Each would take seconds to years, or more memory than there is. */
static void ceilings_are_checked_before_any_work(void **state)
{
    static const char *const above[] = {
        "$argon2id$v=19$m=65537,t=1,p=1$" ZERO_SALT, /* the pool's budget is 65536 KiB */
        "$argon2id$v=19$m=4294967295,t=1,p=1$" ZERO_SALT,
        "$argon2id$v=19$m=65536,t=21,p=1$" ZERO_SALT,
        "$argon2id$v=19$m=65536,t=4294967295,p=1$" ZERO_SALT,
        "$argon2id$v=19$m=7,t=1,p=1$" ZERO_SALT,
        "$2b$16$o6hx.Wog/wvFSkT/Bp/6DO",
        "$2b$31$o6hx.Wog/wvFSkT/Bp/6DO",
        "$2b$99$o6hx.Wog/wvFSkT/Bp/6DO",
        "$2b$03$o6hx.Wog/wvFSkT/Bp/6DO",
    };
    struct fixture f;
    (void)state;
    setup(&f);
    for (size_t i = 0; i < sizeof above / sizeof *above; i++) {
        assert_int_equal(derive_text(&f, above[i], "password"), WW_EINVAL);
    }
    assert_int_equal(derive_text(&f, "$argon2id$v=19$m=65536,t=1,p=1$" ZERO_SALT, "password"), WW_OK);
    assert_int_equal(derive_text(&f, "$2b$04$o6hx.Wog/wvFSkT/Bp/6DO", "password"), WW_OK);
    teardown(&f);
}

/* The vectors of above, salt and hash in one text, as other programs store them. */
#define WHOLE_ARGON2ID                                                                                       \
    "$argon2id$v=19$m=64,t=3,p=1$" COUNTED_SALT "$vCQOGAogW9Lngs3GSYPyR+dq64+yEzrsFXC3DMzWi/8"
#define WHOLE_BCRYPT "$12$o6hx.Wog/wvFSkT/Bp/6DOxCtLRTDj7lm9on9suF/WaCGNVHbkfL6"

static void complete_hashes_of_other_programs_are_verified(void **state)
{
    static const struct {
        const char *hash, *password;
    } right[] = {
        {WHOLE_ARGON2ID, "correct horse battery staple"},
        {"$2a" WHOLE_BCRYPT, "test"},
        {"$2b" WHOLE_BCRYPT, "test"},
        {"$2y" WHOLE_BCRYPT, "test"},
    };
    struct fixture f;
    (void)state;
    setup(&f);
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_int_equal(pwhash_check(&f.op, f.pool, right[i].hash), WW_OK);
        assert_int_equal(pwhash_verify(&f.op, f.pool, right[i].hash, bytes_str(right[i].password)), WW_OK);
        assert_int_equal(pwhash_verify(&f.op, f.pool, right[i].hash, bytes_str("another")), WW_EDENIED);
        assert_int_equal(derive_text(&f, right[i].hash, right[i].password), WW_EINVAL);
        assert_true(pwhash_outdated(right[i].hash, &(struct pwhash_params){.algorithm = PWHASH_ARGON2ID}));
    }
    assert_int_equal(pwhash_verify(&f.op, f.pool, "$2b" WHOLE_BCRYPT, BYTES("a\0b", 3)), WW_ETOOLARGE);
    teardown(&f);
}

static void what_is_no_complete_hash_is_refused_unhashed(void **state)
{
    static const char salt[] = "AAECAwQFBgcICQoLDA0ODw";
    static const char *const bad[] = {
        "",
        "$argon2id$v=19$m=64,t=3,p=1$" COUNTED_SALT,                   /* no hash */
        "$argon2id$v=19$m=64,t=3,p=1$" COUNTED_SALT "$",               /* … an empty one */
        "$argon2id$v=19$m=64,t=3,p=1$" COUNTED_SALT "$vCQOGAogW9LngA", /* … a shorter one */
        "$argon2id$v=19$m=64,t=21,p=1$" COUNTED_SALT "$vCQOGAogW9Lngs3GSYPyR+dq64+yEzrsFXC3DMzWi/8",
        "$argon2id$v=19$m=65537,t=3,p=1$" COUNTED_SALT "$vCQOGAogW9Lngs3GSYPyR+dq64+yEzrsFXC3DMzWi/8",
        "$argon2id$v=19$m=64,t=3,p=1$" COUNTED_SALT "$vCQOGAogW9Lngs3GSYPyR+dq64+yEzrsFXC3DMzWi/9",
        "$2b$12$o6hx.Wog/wvFSkT/Bp/6DO",
        "$2x" WHOLE_BCRYPT,
        "$2b$16$o6hx.Wog/wvFSkT/Bp/6DOxCtLRTDj7lm9on9suF/WaCGNVHbkfL6",
        "$2b$12$o6hx.Wog/wvFSkT/Bp/6DOxCtLRTDj7lm9on9suF/WaCGNVHbkfL$",
        "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
    };
    struct fixture f;
    char longer[4096];
    (void)state;
    setup(&f);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (pwhash_check(&f.op, f.pool, bad[i]) != WW_EINVAL ||
            pwhash_verify(&f.op, f.pool, bad[i], bytes_str("test")) != WW_EINVAL) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
    memset(longer, 'A', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    memcpy(longer, "$argon2id$v=19$m=64,t=3,p=1$", 28);
    memcpy(longer + 28, salt, sizeof salt - 1);
    assert_int_equal(pwhash_check(&f.op, f.pool, longer), WW_EINVAL);
    teardown(&f);
}

static void passwords_that_would_be_cut_are_refused(void **state)
{
    static const char bcrypt[] = "$2b$04$o6hx.Wog/wvFSkT/Bp/6DO",
                      argon2id[] = "$argon2id$v=19$m=8,t=1,p=1$" ZERO_SALT;
    struct fixture f;
    char text[1025];
    PWHASH_SECRET(secret);
    (void)state;
    setup(&f);
    memset(text, 'x', sizeof text);
    assert_int_equal(pwhash_derive(&f.op, f.pool, bcrypt, BYTES(text, 72), &secret), WW_OK);
    assert_int_equal(pwhash_derive(&f.op, f.pool, bcrypt, BYTES(text, 73), &secret), WW_ETOOLARGE);
    assert_string_equal(f.op.problem.id, "password_too_long_for_bcrypt");
    assert_int_equal(f.op.problem.limit, 72);
    assert_int_equal(secret.n, 0);
    assert_int_equal(pwhash_derive(&f.op, f.pool, bcrypt, BYTES("a\0b", 3), &secret), WW_ETOOLARGE);
    assert_string_equal(f.op.problem.id, "password_too_long_for_bcrypt");
    assert_int_equal(pwhash_derive(&f.op, f.pool, argon2id, BYTES(text, 1024), &secret), WW_OK);
    assert_int_equal(pwhash_derive(&f.op, f.pool, argon2id, BYTES(text, 1025), &secret), WW_ETOOLARGE);
    assert_string_equal(f.op.problem.id, "password_too_long");
    assert_string_equal(f.op.problem.field, "password");
    teardown(&f);
}

static void work_for_nobody_denies(void **state)
{
    struct pwhash_params argon2id = {.algorithm = PWHASH_ARGON2ID, .memory_kib = 64, .iterations = 1};
    struct pwhash_params bcrypt = {.algorithm = PWHASH_BCRYPT, .cost = 4};
    struct fixture f;
    char text[73];
    (void)state;
    setup(&f);
    memset(text, 'x', sizeof text);
    assert_int_equal(pwhash_waste(&f.op, f.pool, &argon2id, bytes_str("password")), WW_EDENIED);
    assert_int_equal(pwhash_waste(&f.op, f.pool, &bcrypt, BYTES(text, sizeof text)), WW_EDENIED);
    teardown(&f);
}

static bool always_fails(void *ctx, enum ww_fault kind)
{
    (void)ctx;
    return kind == WW_FAULT_ALLOC;
}

static void without_memory_nobody_is_told_that_a_password_is_wrong(void **state)
{
    const struct ww_env env = {.fault = always_fails};
    struct pwhash_params bcrypt = {.algorithm = PWHASH_BCRYPT, .cost = 4};
    PWHASH_SECRET(secret);
    struct fixture f;
    (void)state;
    setup(&f);
    f.op.env = f.op.arena.env = &env;
    assert_int_equal(pwhash_waste(&f.op, f.pool, &bcrypt, bytes_str("password")), WW_EBUSY);
    assert_int_equal(f.op.problem.retry_after, 1);
    assert_int_equal(
        pwhash_derive(&f.op, f.pool, "$2b$04$o6hx.Wog/wvFSkT/Bp/6DO", bytes_str("password"), &secret),
        WW_ENOMEM);
    assert_int_equal(secret.n, 0);
    teardown(&f);
}

static void floors_raise_what_is_below_and_nothing_else(void **state)
{
    static const struct {
        uint32_t m, t, raised_m, raised_t;
    } rows[] = {
        {19456, 2, 19456, 2}, {47104, 1, 47104, 1}, {65536, 3, 65536, 3}, {131072, 1, 131072, 1},
        {19455, 2, 19456, 2}, {47103, 1, 47103, 2}, {8, 1, 19456, 2},     {16, 9, 19456, 9},
        {65536, 0, 65536, 1}, {0, 0, 19456, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pwhash_params p = {
            .algorithm = PWHASH_ARGON2ID, .memory_kib = rows[i].m, .iterations = rows[i].t};
        bool changes = rows[i].m != rows[i].raised_m || rows[i].t != rows[i].raised_t;
        assert_int_equal(pwhash_raise_to_floor(&p), changes);
        assert_int_equal(p.memory_kib, rows[i].raised_m);
        assert_int_equal(p.iterations, rows[i].raised_t);
    }
    struct pwhash_params bcrypt = {.algorithm = PWHASH_BCRYPT, .cost = 11};
    assert_true(pwhash_raise_to_floor(&bcrypt));
    assert_int_equal(bcrypt.cost, 12);
    assert_false(pwhash_raise_to_floor(&bcrypt));
}

static void what_is_weaker_than_configured_is_outdated(void **state)
{
    struct pwhash_params argon2id = {.algorithm = PWHASH_ARGON2ID, .memory_kib = 65536, .iterations = 3};
    struct pwhash_params bcrypt = {.algorithm = PWHASH_BCRYPT, .cost = 12};
    (void)state;
    assert_false(pwhash_outdated("$argon2id$v=19$m=65536,t=3,p=1$" ZERO_SALT, &argon2id));
    assert_false(pwhash_outdated("$argon2id$v=19$m=131072,t=2,p=1$" ZERO_SALT, &argon2id));
    assert_true(pwhash_outdated("$argon2id$v=19$m=131072,t=1,p=1$" ZERO_SALT, &argon2id));
    assert_true(pwhash_outdated("$argon2id$v=19$m=65535,t=20,p=1$" ZERO_SALT, &argon2id));
    assert_true(pwhash_outdated("$argon2id$v=19$m=65536,t=2,p=1$" ZERO_SALT, &argon2id));
    assert_true(pwhash_outdated("$2b$15$o6hx.Wog/wvFSkT/Bp/6DO", &argon2id));
    assert_true(pwhash_outdated("$argon2id$v=19$m=65536,t=3,p=1$" ZERO_SALT, &bcrypt));
    assert_true(pwhash_outdated("$2b$11$o6hx.Wog/wvFSkT/Bp/6DO", &bcrypt));
    assert_false(pwhash_outdated("$2b$12$o6hx.Wog/wvFSkT/Bp/6DO", &bcrypt));
    assert_false(pwhash_outdated("$2b$13$o6hx.Wog/wvFSkT/Bp/6DO", &bcrypt));
}

static void count_steps(void *ctx, const struct pwhash_params *tried, uint64_t took_us)
{
    assert_true(tried->memory_kib >= 19456 && took_us > 0);
    (*(unsigned *)ctx)++;
}

static void calibration_stays_in_its_bounds(void **state)
{
    struct fixture f;
    struct pwhash_params p;
    uint64_t took;
    unsigned steps = 0;
    (void)state;
    setup(&f);
    /* No parameters are this fast: the floor, and no less. */
    assert_int_equal(pwhash_calibrate(&f.op, 1, 1 << 20, count_steps, &steps, &p, &took), WW_OK);
    assert_true((p.memory_kib == 19456 && p.iterations == 2) || (p.memory_kib == 47104 && p.iterations == 1));
    assert_true(steps >= 1);
    /* Memory is used up before passes are added. */
    uint64_t floor_took = took;
    assert_int_equal(pwhash_calibrate(&f.op, 6 * floor_took, 19456, count_steps, &steps, &p, &took), WW_OK);
    assert_int_equal(p.memory_kib, 19456);
    assert_in_range(p.iterations, 3, 20);
    assert_int_equal(pwhash_calibrate(&f.op, 1000, 19455, NULL, NULL, &p, &took), WW_EINVAL);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(argon2id_gives_the_values_of_the_reference_implementation),
        cmocka_unit_test(bcrypt_gives_known_values),
        cmocka_unit_test(a_new_public_part_opens_again_and_differs_each_time),
        cmocka_unit_test(malformed_public_parts_are_refused),
        cmocka_unit_test(ceilings_are_checked_before_any_work),
        cmocka_unit_test(complete_hashes_of_other_programs_are_verified),
        cmocka_unit_test(what_is_no_complete_hash_is_refused_unhashed),
        cmocka_unit_test(passwords_that_would_be_cut_are_refused),
        cmocka_unit_test(work_for_nobody_denies),
        cmocka_unit_test(without_memory_nobody_is_told_that_a_password_is_wrong),
        cmocka_unit_test(floors_raise_what_is_below_and_nothing_else),
        cmocka_unit_test(what_is_weaker_than_configured_is_outdated),
        cmocka_unit_test(calibration_stays_in_its_bounds),
    };
    crypto_init();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
