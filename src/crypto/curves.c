#include "curves.h"

#include <sodium.h>

struct sign_secret {
    uint8_t b[crypto_sign_SECRETKEYBYTES];
};

static void sign_secret_wipe(struct sign_secret *s)
{
    sodium_memzero(s, sizeof *s);
}

void curves_box_public(struct key *out, const struct key *secret)
{
    crypto_scalarmult_base(out->b, secret->b);
}

void curves_sign_public(struct key *out, const struct key *seed)
{
    __attribute__((cleanup(sign_secret_wipe))) struct sign_secret s;
    crypto_sign_seed_keypair(out->b, s.b, seed->b);
}
