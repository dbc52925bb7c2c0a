/* Argon2id version 19 with one lane (RFC 9106), by libsodium. */
#include "pwhash_format.h"

#include <sodium.h>

#include "encode.h"

enum ww_err pwhash_argon2id_public_new(struct ww_op *op, const struct pwhash_params *p, char **out)
{
    uint8_t salt[PWHASH_SALT_SIZE];
    op_random(op, salt, sizeof salt);
    char *text = base64_encode(&op->arena, BASE64_RAW, BYTES_OF(salt));
    if (text) {
        *out =
            arena_printf(&op->arena, "$argon2id$v=19$m=%u,t=%u,p=1$%s", p->memory_kib, p->iterations, text);
    }
    return *out ? WW_OK : op_no_memory(op);
}

enum ww_err pwhash_argon2id_hash(struct ww_op *op, const struct pwhash_public *p, struct bytes password,
                                 struct pwhash_secret *out)
{
    _Static_assert(PWHASH_SALT_SIZE == crypto_pwhash_argon2id_SALTBYTES,
                   "libsodium takes one length of salt");
    const char *text = password.n ? (const char *)password.p : "";
    /* Within the ceilings lack of memory is the only way in which this fails. */
    if (crypto_pwhash_argon2id(out->b, sizeof out->b, text, password.n, p->salt, p->params.iterations,
                               (size_t)p->params.memory_kib * 1024,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
        pwhash_secret_wipe(out);
        return op_no_memory(op);
    }
    out->n = sizeof out->b;
    return WW_OK;
}
