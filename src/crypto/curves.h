/* X25519 and Ed25519 keys of an epoch (vault.md §8). */
#ifndef CURVES_H
#define CURVES_H

#include "secret.h"

/* Public key of an X25519 secret; of an Ed25519 seed. */
void curves_box_public(struct key *out, const struct key *secret);
void curves_sign_public(struct key *out, const struct key *seed);

#endif
