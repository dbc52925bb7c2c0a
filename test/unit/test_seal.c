/* D, S and P against the check values of vault.md §3, and against every altered bit and length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keyring.h"

static void counting_random(void *ctx, void *buf, size_t n)
{
    uint8_t *p = buf, *next = ctx;
    while (n-- > 0) {
        *p++ = (*next)++;
    }
}

struct fixture {
    struct ww_op op;
    struct key key;
    struct uuid uuid;
    uint8_t aad[16];
    uint8_t next_random;
    struct ww_env env;
};

static void setup(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->next_random = 0x40;
    f->env = (struct ww_env){.random = counting_random, .ctx = &f->next_random};
    op_init(&f->op, &f->env, NULL);
    for (int i = 0; i < 32; i++) {
        f->key.b[i] = (uint8_t)i;
    }
    for (int i = 0; i < 16; i++) {
        f->uuid.b[i] = (uint8_t)(0xa0 + i);
        f->aad[i] = (uint8_t)(0xb0 + i);
    }
}

static void assert_hex(struct bytes got, const char *expected)
{
    char text[1024];
    assert_true(got.n * 2 < sizeof text);
    hex_encode(text, got.p, got.n);
    assert_string_equal(text, expected);
}

static void derivation_has_the_normative_value(void **state)
{
    struct fixture f;
    KEY32(d);
    (void)state;
    setup(&f);
    derive(&d, &f.key, "root-check", &f.uuid, BYTES("\0\0\0\1", 4));
    assert_hex(BYTES_OF(d), "67764667d862750d41052904fe22c1cb0c65eb57649a28dc65b6951e72b095ce");
    op_free(&f.op);
}

static struct place item_place(const struct fixture *f)
{
    return (struct place){"item", &f->uuid, 0, BYTES(f->aad, sizeof f->aad)};
}

static void seal_has_the_normative_value(void **state)
{
    struct fixture f;
    struct bytes blob, pt;
    (void)state;
    setup(&f);
    assert_int_equal(seal(&f.op, &f.key, item_place(&f), BYTES("hello", 5), &blob), WW_OK);
    assert_hex(blob, "0100000000404142434445464748494a4b4c4d4e4f5051525354555657"
                     "d5b9692022cab014db74bb94c4aa1eed0bd20895dd3ca8c8516e069656b4da33"
                     "b302526538298ced31d3d477ae92e04fdd3aa110ec");
    assert_int_equal(seal_open(&f.op, &f.key, item_place(&f), blob, &pt), WW_OK);
    assert_true(bytes_equal(pt, BYTES("hello", 5)));
    op_free(&f.op);
}

static void any_flipped_bit_and_any_length_is_refused(void **state)
{
    struct fixture f;
    struct bytes blob, pt;
    (void)state;
    setup(&f);
    assert_int_equal(seal(&f.op, &f.key, item_place(&f), BYTES("hello", 5), &blob), WW_OK);
    for (size_t bit = 0; bit < blob.n * 8; bit++) {
        struct bytes altered = bytes_dup(&f.op.arena, blob);
        ((uint8_t *)(uintptr_t)altered.p)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(seal_open(&f.op, &f.key, item_place(&f), altered, &pt), WW_ETAMPERED);
        assert_null(pt.p);
    }
    for (size_t n = 0; n < blob.n; n++) {
        assert_int_equal(seal_open(&f.op, &f.key, item_place(&f), BYTES(blob.p, n), &pt), WW_ETAMPERED);
    }
    op_free(&f.op);
}

static void a_blob_opens_at_its_place_only(void **state)
{
    struct fixture f;
    struct bytes blob, pt;
    (void)state;
    setup(&f);
    assert_int_equal(seal(&f.op, &f.key, item_place(&f), BYTES("hello", 5), &blob), WW_OK);
    struct uuid other_uuid = f.uuid;
    other_uuid.b[0] ^= 1;
    struct key other_key = f.key;
    other_key.b[31] ^= 1;
    struct place label = item_place(&f), uuid = item_place(&f), aad = item_place(&f), kn = item_place(&f);
    label.label = "leaf";
    uuid.uuid = &other_uuid;
    aad.aad.n--;
    kn.kn = 1;
    assert_int_equal(seal_try(&f.op, &f.key, label, blob, &pt), WW_EDENIED);
    assert_int_equal(seal_try(&f.op, &f.key, uuid, blob, &pt), WW_EDENIED);
    assert_int_equal(seal_try(&f.op, &f.key, aad, blob, &pt), WW_EDENIED);
    assert_int_equal(seal_try(&f.op, &f.key, kn, blob, &pt), WW_EDENIED);
    assert_int_equal(seal_try(&f.op, &other_key, item_place(&f), blob, &pt), WW_EDENIED);
    op_free(&f.op);
}

static void padding_hides_lengths_and_is_checked(void **state)
{
    struct fixture f;
    struct bytes padded, pt;
    (void)state;
    setup(&f);
    assert_int_equal(padded_length(0), 64);
    assert_int_equal(padded_length(60), 64);
    assert_int_equal(padded_length(61), 72); /* 65: E = 6, s = 3, steps of 8 */
    for (size_t n = 0; n < 5000; n++) {
        size_t length = padded_length(n);
        assert_true(length >= n + 4 && (length == 64 || length * 100 <= (n + 4) * 112));
    }
    assert_int_equal(pad(&f.op.arena, BYTES("abc", 3), &padded), WW_OK);
    assert_int_equal(padded.n, 64);
    assert_int_equal(unpad(&f.op, padded, &pt), WW_OK);
    assert_true(bytes_equal(pt, BYTES("abc", 3)));
    for (size_t i = 0; i < padded.n; i++) {
        struct bytes altered = bytes_dup(&f.op.arena, padded);
        ((uint8_t *)(uintptr_t)altered.p)[i] ^= 0x80;
        bool is_value = i >= 4 && i < 7;
        assert_int_equal(unpad(&f.op, altered, &pt), is_value ? WW_OK : WW_ETAMPERED);
    }
    op_free(&f.op);
}

static void a_keyring_opens_with_every_key_and_seals_with_the_first(void **state)
{
    struct fixture f;
    struct keyring *old_ring, *both;
    struct bytes blob, pt;
    struct key keys[2];
    (void)state;
    setup(&f);
    keys[1] = f.key;
    keys[0] = f.key;
    keys[0].b[0] ^= 1;
    struct place place = {"record", &f.uuid, 0, BYTES("", 0)};
    assert_int_equal(keyring_new(&f.op, &keys[1], 1, &old_ring), WW_OK);
    assert_int_equal(keyring_new(&f.op, keys, 2, &both), WW_OK);
    assert_int_equal(keyring_seal(&f.op, old_ring, place, BYTES("x", 1), &blob), WW_OK);
    assert_int_equal(keyring_open(&f.op, both, place, blob, &pt), WW_OK);
    assert_int_equal(keyring_seal(&f.op, both, place, BYTES("x", 1), &blob), WW_OK);
    assert_int_equal(keyring_open(&f.op, old_ring, place, blob, &pt), WW_EKEYMISSING);
    keyring_free(old_ring);
    keyring_free(both);
    keys[1] = keys[0];
    assert_int_equal(keyring_new(&f.op, keys, 2, &both), WW_EINVAL);
    keys[1] = (struct key){{0}};
    assert_int_equal(keyring_new(&f.op, keys, 2, &both), WW_EINVAL);
    assert_string_equal(f.op.problem.id, "server_key_zero");
    op_free(&f.op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derivation_has_the_normative_value),
        cmocka_unit_test(seal_has_the_normative_value),
        cmocka_unit_test(any_flipped_bit_and_any_length_is_refused),
        cmocka_unit_test(a_blob_opens_at_its_place_only),
        cmocka_unit_test(padding_hides_lengths_and_is_checked),
        cmocka_unit_test(a_keyring_opens_with_every_key_and_seals_with_the_first),
    };
    crypto_init();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
