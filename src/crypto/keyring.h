/* The server keys (SK), and IK and AK that every store has (vault.md §4). */
#ifndef KEYRING_H
#define KEYRING_H

#include "seal.h"

enum { KEYRING_MAX = 8, KEYRING_FORMER_MOST = 8 };

struct keyring;

/* sk: n keys, the first seals, all open. Copies them into locked memory. WW_EINVAL when n is 0 or above
 * KEYRING_MAX or two have the same id, or one is all zeros. */
enum ww_err keyring_new(struct ww_op *op, const struct key *sk, size_t n, struct keyring **out) WW_MUST;
void keyring_free(struct keyring *k);

/* First 4 bytes of D(SK, key-id). */
uint32_t keyring_key_id(const struct key *sk);

/* Of the key that seals, and of the i-th; false past the last. */
uint32_t keyring_first_id(const struct keyring *k);
bool keyring_id(const struct keyring *k, size_t i, uint32_t *id);

/* S under the first server key; where.kn is set here. */
enum ww_err keyring_seal(struct ww_op *op, const struct keyring *k, struct place where, struct bytes pt,
                         struct bytes *blob) WW_MUST;
/* Opens with the key that the blob names: WW_EKEYMISSING when it is not configured, WW_ETAMPERED. */
enum ww_err keyring_open(struct ww_op *op, const struct keyring *k, struct place where, struct bytes blob,
                         struct bytes *pt) WW_MUST;

/* IK and AK, once meta is open. Zero until keyring_set_store_keys. */
void keyring_set_store_keys(struct keyring *k, const struct key *ik, const struct key *ak);
const struct key *keyring_ik(const struct keyring *k);
const struct key *keyring_ak(const struct keyring *k);
/* Audit keys of before a reindex, which chains of before are verified with; NULL past the last. */
void keyring_set_former(struct keyring *k, const struct key *keys, size_t n);
const struct key *keyring_former(const struct keyring *k, size_t i);

#endif
