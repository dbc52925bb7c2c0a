/* bcrypt, variant 2b, by libxcrypt. */
#include "pwhash_format.h"

#include <string.h>

#include <crypt.h>
#include <sodium.h>

enum ww_err pwhash_bcrypt_public_new(struct ww_op *op, const struct pwhash_params *p, char **out)
{
    char salt[PWHASH_SALT_SIZE], text[CRYPT_GENSALT_OUTPUT_SIZE];
    op_random(op, salt, sizeof salt);
    if (!crypt_gensalt_rn("$2b$", p->cost, salt, sizeof salt, text, sizeof text) ||
        strlen(text) != BCRYPT_PUBLIC_LENGTH) {
        return op_fail(op, WW_EINTERNAL, "bcrypt_failed", "the system's crypt library cannot do bcrypt");
    }
    *out = arena_strdup(&op->arena, text);
    return *out ? WW_OK : op_no_memory(op);
}

enum ww_err pwhash_bcrypt_check_password(struct ww_op *op, struct bytes password)
{
    if (password.n <= BCRYPT_PASSWORD_MAX && !(password.n && memchr(password.p, 0, password.n))) {
        return WW_OK;
    }
    enum ww_err err = op_fail_field(op, WW_ETOOLARGE, "password_too_long_for_bcrypt", "password",
                                    "bcrypt would use only the beginning of this password");
    op->problem.limit = BCRYPT_PASSWORD_MAX;
    return err;
}

enum ww_err pwhash_bcrypt_hash(struct ww_op *op, const char *public_part, struct bytes password,
                               struct pwhash_secret *out)
{
    enum ww_err err = WW_EINTERNAL;
    char text[BCRYPT_PASSWORD_MAX + 1] = {0};
    struct crypt_data *state = ARENA_NEW(&op->arena, struct crypt_data);
    if (!state) {
        return op_no_memory(op);
    }
    if (password.n) {
        memcpy(text, password.p, password.n);
    }
    const char *hash = crypt_r(text, public_part, state);
    /* libxcrypt answers with a text that begins with '*' where it fails. */
    if (hash && strlen(hash) == BCRYPT_PUBLIC_LENGTH + BCRYPT_HASH_LENGTH &&
        memcmp(hash, public_part, BCRYPT_PUBLIC_LENGTH) == 0) {
        memcpy(out->b, hash + BCRYPT_PUBLIC_LENGTH, BCRYPT_HASH_LENGTH);
        out->n = BCRYPT_HASH_LENGTH;
        err = WW_OK;
    } else {
        err = op_fail(op, WW_EINTERNAL, "bcrypt_failed", "the system's crypt library refused a bcrypt hash");
    }
    /* Wiped now rather than with the arena: the operation goes on to wait for the database. */
    sodium_memzero(state, sizeof *state);
    sodium_memzero(text, sizeof text);
    return err;
}
