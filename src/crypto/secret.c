/* Secrets on the stack and in locked memory, and equality in constant time. */
#include "secret.h"

#include <stdlib.h>

#include <sodium.h>

struct slab {
    size_t used, size;
    struct key *keys;
};

void key_wipe(struct key *k)
{
    sodium_memzero(k, sizeof *k);
}

bool crypto_equal(struct bytes a, struct bytes b)
{
    return a.n == b.n && sodium_memcmp(a.p, b.p, a.n) == 0;
}

void crypto_init(void)
{
    if (sodium_init() < 0) {
        abort();
    }
}

enum ww_err slab_new(struct slab **out, size_t keys)
{
    struct slab *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s) {
        return WW_ENOMEM;
    }
    s->size = keys;
    s->keys = sodium_allocarray(keys, sizeof *s->keys);
    if (!s->keys) {
        free(s);
        return WW_ENOMEM;
    }
    sodium_memzero(s->keys, keys * sizeof *s->keys);
    *out = s;
    return WW_OK;
}

struct key *slab_key(struct slab *s)
{
    return s->used < s->size ? &s->keys[s->used++] : NULL;
}

void slab_free(struct slab *s)
{
    if (s) {
        sodium_free(s->keys);
        free(s);
    }
}
