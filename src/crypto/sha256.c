#include "sha256.h"

#include <sodium.h>

void crypto_sha256(uint8_t out[SHA256_BYTES], struct bytes in)
{
    crypto_hash_sha256(out, in.p, in.n);
}
