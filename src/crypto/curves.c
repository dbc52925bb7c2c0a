#include "curves.h"

#include <sodium.h>

struct sign_secret {
    uint8_t b[crypto_sign_SECRETKEYBYTES];
};

static void sign_secret_wipe(struct sign_secret *s)
{
    sodium_memzero(s, sizeof *s);
}

void box_public(struct key *out, const struct key *secret)
{
    crypto_scalarmult_base(out->b, secret->b);
}

void sign_public(struct key *out, const struct key *seed)
{
    __attribute__((cleanup(sign_secret_wipe))) struct sign_secret s;
    crypto_sign_seed_keypair(out->b, s.b, seed->b);
}

void sign_message(struct signature *out, const struct key *seed, struct bytes message)
{
    __attribute__((cleanup(sign_secret_wipe))) struct sign_secret s;
    KEY32(public_key);
    crypto_sign_seed_keypair(public_key.b, s.b, seed->b);
    crypto_sign_detached(out->b, NULL, message.p, message.n, s.b);
}

enum ww_err sign_verify(const struct signature *s, const struct key *public_key, struct bytes message)
{
    return crypto_sign_verify_detached(s->b, message.p, message.n, public_key->b) == 0 ? WW_OK : WW_ETAMPERED;
}
