/* X25519 and Ed25519 keys of an epoch (vault.md §8). */
#ifndef CURVES_H
#define CURVES_H

#include "secret.h"

/* Public key of an X25519 secret; of an Ed25519 seed. */
void curves_box_public(struct key *out, const struct key *secret);
void curves_sign_public(struct key *out, const struct key *seed);

/* X25519 of one's own secret and another's public key. WW_ETAMPERED, without op_fail, for a public key of low
 * order: the result would be all zeros, whoever has which secret (RFC 7748 §6.1). */
enum ww_err curves_shared(struct key *out, const struct key *secret, const struct key *public_key) WW_MUST;

/* Ed25519 signature of a message. */
void curves_sign(uint8_t signature[64], const struct key *seed, struct bytes message);
/* WW_OK only when the signature is good; WW_ETAMPERED without op_fail. */
enum ww_err curves_verify(const uint8_t signature[64], const struct key *public_key,
                          struct bytes message) WW_MUST;

#endif
