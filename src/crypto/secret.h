/* The forms of a secret, and equality that does not tell by its time where two secrets differ.
 *
 * A secret is on the stack as KEY32, in the arena of an operation, or in a slab; nowhere else. */
#ifndef SECRET_H
#define SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"

struct key {
    uint8_t b[32];
};

void key_wipe(struct key *k);

/* A key on the stack, zero at first, wiped when its scope is left. */
#define KEY32(name) __attribute__((cleanup(key_wipe))) struct key name = {{0}}

/* Constant-time for equal lengths. */
bool crypto_equal(struct bytes a, struct bytes b);

/* Must be called once before anything else of this module; aborts when libsodium cannot start. */
void crypto_init(void);

/* Keys that outlive an operation: one region, locked in memory, not in core dumps, guarded on both sides. */
struct slab;
enum ww_err slab_new(struct slab **out, size_t keys) WW_MUST;
/* A zero-filled place for one key, valid until slab_free; NULL when all are taken. */
struct key *slab_key(struct slab *s);
void slab_free(struct slab *s);

#endif
