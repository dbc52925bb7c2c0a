/* X25519 and Ed25519 keys of an epoch (vault.md §8). */
#ifndef CURVES_H
#define CURVES_H

#include "secret.h"

struct signature {
    uint8_t b[64];
};

/* Public key of an X25519 secret; of an Ed25519 seed. */
void box_public(struct key *out, const struct key *secret);
void sign_public(struct key *out, const struct key *seed);
void sign_message(struct signature *out, const struct key *seed, struct bytes message);
/* WW_OK when the signature is by that key, WW_ETAMPERED when not. */
enum ww_err sign_verify(const struct signature *s, const struct key *public_key,
                        struct bytes message) WW_MUST;

#endif
