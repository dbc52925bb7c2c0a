/* SHA-256, for the name of the anti-CSRF cookie, which Kratos makes so (flow_csrf.c); nothing secret rests on
 * it. */
#include "sha256.h"

#include <sodium.h>

void crypto_sha256(uint8_t out[SHA256_BYTES], struct bytes in)
{
    crypto_hash_sha256(out, in.p, in.n);
}
