/* The server keys: the first seals, all open (vault.md §4). */
#include "keyring.h"

#include <stdlib.h>
#include <string.h>

struct keyring {
    /* Holds the keys themselves: guarded and out of core dumps for as long as the program runs. The
     * pointers below go into it. */
    struct slab *slab;
    size_t n;
    struct key *sk[KEYRING_MAX], *ik, *ak, *former[KEYRING_FORMER_MOST];
    size_t former_count;
    /* Stands in the clear in every blob, so that the right key is found without trying all of them. */
    uint32_t id[KEYRING_MAX];
};

uint32_t keyring_key_id(const struct key *sk)
{
    KEY32(d);
    derive(&d, sk, "key-id", NULL, BYTES("", 0));
    return (uint32_t)d.b[0] << 24 | (uint32_t)d.b[1] << 16 | (uint32_t)d.b[2] << 8 | d.b[3];
}

/* A key of zeros is a file that was made empty and never filled: refused, whoever read it. */
enum ww_err keyring_new(struct ww_op *op, const struct key *sk, size_t n, struct keyring **out)
{
    static const struct key zero;
    *out = NULL;
    if (n == 0 || n > KEYRING_MAX) {
        return op_fail(op, WW_EINVAL, "server_key_count", "between 1 and %d server keys can be used",
                       KEYRING_MAX);
    }
    struct keyring *k = calloc(1, sizeof *k);
    /* All places, whatever n is: slab_key below then never fails. */
    if (!k || slab_new(&k->slab, KEYRING_MAX + 2 + KEYRING_FORMER_MOST) != WW_OK) {
        free(k);
        return op_no_memory(op);
    }
    k->ik = slab_key(k->slab);
    k->ak = slab_key(k->slab);
    for (size_t i = 0; i < KEYRING_FORMER_MOST; i++) {
        k->former[i] = slab_key(k->slab);
    }
    for (size_t i = 0; i < n; i++) {
        if (crypto_equal(BYTES_OF(sk[i]), BYTES_OF(zero))) {
            keyring_free(k);
            return op_fail(op, WW_EINVAL, "server_key_zero", "a server key of zeros protects nothing");
        }
        k->sk[i] = slab_key(k->slab);
        *k->sk[i] = sk[i];
        k->id[i] = keyring_key_id(&sk[i]);
        /* A blob names its key by these four bytes: with two of the same id the second would look like
         * tampering. */
        for (size_t j = 0; j < i; j++) {
            if (k->id[j] == k->id[i]) {
                keyring_free(k);
                return op_fail(op, WW_EINVAL, "server_key_twice", "two server keys have the same id");
            }
        }
    }
    k->n = n;
    *out = k;
    return WW_OK;
}

void keyring_free(struct keyring *k)
{
    if (k) {
        slab_free(k->slab);
        free(k);
    }
}

uint32_t keyring_first_id(const struct keyring *k)
{
    return k->id[0];
}

bool keyring_id(const struct keyring *k, size_t i, uint32_t *id)
{
    *id = i < k->n ? k->id[i] : 0;
    return i < k->n;
}

enum ww_err keyring_seal(struct ww_op *op, const struct keyring *k, struct place where, struct bytes pt,
                         struct bytes *blob)
{
    where.kn = k->id[0];
    return seal(op, k->sk[0], where, pt, blob);
}

enum ww_err keyring_open(struct ww_op *op, const struct keyring *k, struct place where, struct bytes blob,
                         struct bytes *pt)
{
    /* The id is read before anything is authenticated; it only chooses the key, and is part of what the
     * commitment covers. A short blob reads as zeros and is refused below. */
    struct reader r = READER(blob);
    read_u8(&r);
    where.kn = read_u32(&r);
    *pt = BYTES(NULL, 0);
    if (blob.n < SEAL_OVERHEAD || blob.p[0] != 0x01) {
        return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written");
    }
    for (size_t i = 0; i < k->n; i++) {
        if (k->id[i] == where.kn) {
            return seal_open(op, k->sk[i], where, blob, pt);
        }
    }
    /* A key that is missing is told apart from damage (vault.md §3): the administrator can put it back.
     * The id is public. */
    return op_fail(op, WW_EKEYMISSING, "server_key_missing",
                   "stored data is sealed under server key %08x, which is not configured", where.kn);
}

void keyring_set_store_keys(struct keyring *k, const struct key *ik, const struct key *ak)
{
    *k->ik = *ik;
    *k->ak = *ak;
}

const struct key *keyring_ik(const struct keyring *k)
{
    return k->ik;
}

const struct key *keyring_ak(const struct keyring *k)
{
    return k->ak;
}

void keyring_set_former(struct keyring *k, const struct key *keys, size_t n)
{
    k->former_count = n < KEYRING_FORMER_MOST ? n : KEYRING_FORMER_MOST;
    for (size_t i = 0; i < k->former_count; i++) {
        *k->former[i] = keys[i];
    }
}

const struct key *keyring_former(const struct keyring *k, size_t i)
{
    return i < k->former_count ? k->former[i] : NULL;
}
