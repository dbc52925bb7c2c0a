/* D, S and P (vault.md §3): the only derivation, the only seal, the only padding. */
#include "seal.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

/* Bytes of format, kn and nonce; of the commitment; of Poly1305's tag (vault.md §3). */
enum { HEADER = 1 + 4 + 24, COMMIT = 32, TAG = 16, FORMAT = 0x01 };

/* The label separates what one key is used for: no two uses share one, so what is derived for the one says
 * nothing about the other. "v1." leaves room for a successor. */
static void personal(uint8_t out[16], const char *label)
{
    size_t n = strlen(label);
    if (n > 13) {
        abort(); /* a label is a constant of the program */
    }
    memset(out, 0, 16);
    memcpy(out, "v1.", 3);
    memcpy(out + 3, label, n);
}

static void derive_n(uint8_t *out, size_t out_n, const struct key *key, const char *label,
                     const struct uuid *uuid, const struct bytes *parts, size_t n)
{
    static const struct uuid zeros;
    crypto_generichash_blake2b_state state;
    uint8_t person[16];

    personal(person, label);
    crypto_generichash_blake2b_init_salt_personal(&state, key ? key->b : NULL, key ? sizeof key->b : 0, out_n,
                                                  (uuid ? uuid : &zeros)->b, person);
    for (size_t i = 0; i < n; i++) {
        /* Pieces are not told apart: callers give fields of a fixed size first and at most one of variable
         * size, last. */
        crypto_generichash_blake2b_update(&state, parts[i].p, parts[i].n);
    }
    crypto_generichash_blake2b_final(&state, out, out_n);
    /* The state holds the key's block. */
    sodium_memzero(&state, sizeof state);
}

void derive_parts(struct key *out, const struct key *key, const char *label, const struct uuid *uuid,
                  const struct bytes *parts, size_t n)
{
    derive_n(out->b, sizeof out->b, key, label, uuid, parts, n);
}

void derive(struct key *out, const struct key *key, const char *label, const struct uuid *uuid,
            struct bytes msg)
{
    derive_n(out->b, sizeof out->b, key, label, uuid, &msg, 1);
}

void derive_wide(uint8_t out[64], const char *label, const struct uuid *uuid, struct bytes msg)
{
    derive_n(out, 64, NULL, label, uuid, &msg, 1);
}

/* The encryption key and the commitment, from one derivation: a blob opens under exactly one key, place and
 * purpose. */
struct expanded {
    struct key ek, com;
};

static void expanded_wipe(struct expanded *x)
{
    sodium_memzero(x, sizeof *x);
}

static void expand(struct expanded *x, const struct key *key, const struct place *where,
                   const uint8_t *header)
{
    /* The header goes in whole, nonce included: the key for encryption is new at every seal, and format,
     * kn, nonce and place are authenticated by the commitment. The cipher itself needs no associated data. */
    struct bytes parts[] = {BYTES(header, HEADER), where->aad};
    derive_n((uint8_t *)x, sizeof *x, key, where->label, where->uuid, parts, 2);
}

enum ww_err seal(struct ww_op *op, const struct key *key, struct place where, struct bytes pt,
                 struct bytes *blob)
{
    __attribute__((cleanup(expanded_wipe))) struct expanded x;
    *blob = BYTES(NULL, 0);
    if (pt.n > SEAL_MAX_PLAIN) {
        return op_fail(op, WW_ETOOLARGE, "value_too_large", "a value is larger than 16 MiB");
    }
    uint8_t *out = arena_alloc(&op->arena, pt.n + SEAL_OVERHEAD);
    if (!out) {
        return op_no_memory(op);
    }
    out[0] = FORMAT;
    for (int i = 0; i < 4; i++) {
        out[1 + i] = (uint8_t)(where.kn >> (24 - 8 * i));
    }
    /* 192 bits: a random nonce needs no counter and may be drawn by any number of nodes (vault.md §3). */
    op_random(op, out + 5, 24);
    expand(&x, key, &where, out);
    memcpy(out + HEADER, x.com.b, COMMIT);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + HEADER + COMMIT, NULL, pt.p, pt.n, NULL, 0, NULL,
                                               out + 5, x.ek.b);
    *blob = BYTES(out, pt.n + SEAL_OVERHEAD);
    return WW_OK;
}

static enum ww_err tampered(struct ww_op *op)
{
    return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written");
}

enum ww_err seal_try(struct ww_op *op, const struct key *key, struct place where, struct bytes blob,
                     struct bytes *pt)
{
    __attribute__((cleanup(expanded_wipe))) struct expanded x;
    *pt = BYTES(NULL, 0);
    if (blob.n < SEAL_OVERHEAD || blob.p[0] != FORMAT) {
        return tampered(op);
    }
    /* kn stands in the header but the caller knows which one it must be: an older ring or slot that is put
     * back names its old generation, and is refused here. */
    uint32_t kn =
        (uint32_t)blob.p[1] << 24 | (uint32_t)blob.p[2] << 16 | (uint32_t)blob.p[3] << 8 | blob.p[4];
    expand(&x, key, &where, blob.p);
    /* The commitment first, in constant time, and nothing is decrypted unless it agrees. Poly1305 alone
     * does not commit: a blob could be made that opens under several passwords' keys, so that one try
     * tests them all. */
    if (kn != where.kn || sodium_memcmp(x.com.b, blob.p + HEADER, COMMIT) != 0) {
        return op_fail(op, WW_EDENIED, "wrong_credential", "the key does not open this");
    }
    uint8_t *out = arena_alloc(&op->arena, blob.n - SEAL_OVERHEAD);
    if (!out) {
        return op_no_memory(op);
    }
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, blob.p + HEADER + COMMIT,
                                                   blob.n - HEADER - COMMIT, NULL, 0, blob.p + 5,
                                                   x.ek.b) != 0) {
        return tampered(op);
    }
    *pt = BYTES(out, blob.n - SEAL_OVERHEAD);
    return WW_OK;
}

enum ww_err seal_open(struct ww_op *op, const struct key *key, struct place where, struct bytes blob,
                      struct bytes *pt)
{
    enum ww_err err = seal_try(op, key, where, blob, pt);
    /* The key did not come from a credential, so nobody typed anything wrong. */
    return err == WW_EDENIED ? tampered(op) : err;
}

/* Padmé (vault.md §3): the length tells only its order of magnitude and a few bits more, for at most 12 %
 * of room; what is up to 60 bytes all looks alike. */
size_t padded_length(size_t n)
{
    size_t length = n + 4;
    if (length <= 64) {
        return 64;
    }
    unsigned e = 63u - (unsigned)__builtin_clzll(length);
    unsigned s = 64u - (unsigned)__builtin_clzll(e); /* floor(log2 e) + 1 */
    size_t step = (size_t)1 << (e - s);
    return (length + step - 1) / step * step;
}

enum ww_err pad(struct arena *a, struct bytes pt, struct bytes *out)
{
    *out = BYTES(NULL, 0);
    if (pt.n > SEAL_MAX_PLAIN) {
        return WW_ETOOLARGE;
    }
    size_t n = padded_length(pt.n);
    uint8_t *p = arena_alloc(a, n);
    if (!p) {
        return WW_ENOMEM;
    }
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)((uint32_t)pt.n >> (24 - 8 * i));
    }
    if (pt.n) {
        memcpy(p + 4, pt.p, pt.n);
    }
    *out = BYTES(p, n);
    return WW_OK;
}

enum ww_err unpad(struct ww_op *op, struct bytes padded, struct bytes *pt)
{
    struct reader r = READER(padded);
    uint32_t n = read_u32(&r);
    *pt = read_bytes(&r, n);
    /* One text has one padded form: another length, or bytes hidden in the padding, did not come from
     * pad(). */
    if (r.failed || padded.n != padded_length(n) || !sodium_is_zero(r.p, r.n)) {
        *pt = BYTES(NULL, 0);
        return tampered(op);
    }
    return WW_OK;
}
