/* SHA-256 (FIPS 180-4), only for names that another program fixed; our own hashes are D of vault.md §3. */
#ifndef SHA256_H
#define SHA256_H

#include "bytes.h"

enum { SHA256_BYTES = 32 };

void crypto_sha256(uint8_t out[SHA256_BYTES], struct bytes in);

#endif
