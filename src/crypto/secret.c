/* Secrets on the stack and in locked memory, and equality in constant time. */
#include "secret.h"

#include <stdlib.h>

#include <sodium.h>

struct slab {
    size_t used, size;
    struct key *keys;
};

/* sodium_memzero, since a compiler drops a memset of what is never read again. */
void key_wipe(struct key *k)
{
    sodium_memzero(k, sizeof *k);
}

bool crypto_equal(struct bytes a, struct bytes b)
{
    /* The lengths are no secret: tokens, digests and commitments have fixed ones. */
    return a.n == b.n && sodium_memcmp(a.p, b.p, a.n) == 0;
}

void crypto_init(void)
{
    /* There is nothing to go on with: without it there is no random source. */
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
    /* Guard pages on both sides, MADV_DONTDUMP, and mlock as far as the process may: a failed lock is not
     * an error here. */
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
    /* Places are never given back one by one: a slab lives as long as what owns it. */
    return s->used < s->size ? &s->keys[s->used++] : NULL;
}

void slab_free(struct slab *s)
{
    if (s) {
        /* Wipes as well, and ends the program when the guards were written to. */
        sodium_free(s->keys);
        free(s);
    }
}
