/* X25519 and Ed25519 by libsodium (vault.md §§4, 8). */
#include "curves.h"

#include <sodium.h>

/* libsodium's long form of an Ed25519 secret (seed ‖ public key): made again from the seed whenever it is
 * needed and wiped at once, so that only the epoch's secret is ever kept. */
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

enum ww_err curves_shared(struct key *out, const struct key *secret, const struct key *public_key)
{
    return crypto_scalarmult(out->b, secret->b, public_key->b) == 0 ? WW_OK : WW_ETAMPERED;
}

void curves_sign_public(struct key *out, const struct key *seed)
{
    __attribute__((cleanup(sign_secret_wipe))) struct sign_secret s;
    crypto_sign_seed_keypair(out->b, s.b, seed->b);
}

void curves_sign(uint8_t signature[64], const struct key *seed, struct bytes message)
{
    struct key unused; /* the public half again */
    __attribute__((cleanup(sign_secret_wipe))) struct sign_secret s;
    crypto_sign_seed_keypair(unused.b, s.b, seed->b);
    crypto_sign_detached(signature, NULL, message.p, message.n, s.b);
}

/* libsodium refuses public keys of small order and signatures that are not in canonical form; nothing here
 * has to. */
enum ww_err curves_verify(const uint8_t signature[64], const struct key *public_key, struct bytes message)
{
    return crypto_sign_verify_detached(signature, message.p, message.n, public_key->b) == 0 ? WW_OK
                                                                                            : WW_ETAMPERED;
}
