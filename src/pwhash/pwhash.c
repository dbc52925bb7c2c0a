#include "pwhash_format.h"

#include <string.h>

#include <sodium.h>

static const char argon2id_prefix[] = "$argon2id$v=19$m=";
static const char bcrypt_alphabet[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

void pwhash_secret_wipe(struct pwhash_secret *s)
{
    sodium_memzero(s, sizeof *s);
}

static bool skip(const char **p, const char *expected)
{
    size_t n = strlen(expected);
    if (strncmp(*p, expected, n) != 0) {
        return false;
    }
    *p += n;
    return true;
}

/* A canonical decimal number: no sign, no leading zero, at most 32 bits. */
static bool read_number(const char **p, uint32_t *out)
{
    uint64_t v = 0;
    const char *start = *p;
    while (**p >= '0' && **p <= '9' && *p - start < 10) {
        v = v * 10 + (uint64_t)(**p - '0');
        (*p)++;
    }
    *out = (uint32_t)v;
    return *p > start && *start != '0' && v <= UINT32_MAX;
}

static bool parse_argon2id(struct pwhash_public *out, const char *p)
{
    size_t n = 0;
    out->params.algorithm = PWHASH_ARGON2ID;
    if (!skip(&p, argon2id_prefix) || !read_number(&p, &out->params.memory_kib) || !skip(&p, ",t=") ||
        !read_number(&p, &out->params.iterations) || !skip(&p, ",p=1$")) {
        return false;
    }
    /* libsodium refuses characters outside the alphabet and unused bits that are not zero; 22 characters are
     * the only length that gives 16 bytes. */
    return strlen(p) == 22 &&
           sodium_base642bin(out->salt, sizeof out->salt, p, 22, NULL, &n, NULL,
                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
           n == sizeof out->salt;
}

static bool parse_bcrypt(struct pwhash_public *out, const char *p)
{
    out->params.algorithm = PWHASH_BCRYPT;
    if (strlen(p) != BCRYPT_PUBLIC_LENGTH || !skip(&p, "$2b$") || p[0] < '0' || p[0] > '9' || p[1] < '0' ||
        p[1] > '9' || p[2] != '$') {
        return false;
    }
    out->params.cost = (uint32_t)((p[0] - '0') * 10 + (p[1] - '0'));
    p += 3;
    /* The last of the 22 characters holds two bits of the salt, its upper ones. */
    return strspn(p, bcrypt_alphabet) == 22 && strchr(".Oeu", p[21]) != NULL;
}

bool pwhash_public_parse(struct pwhash_public *out, const char *text)
{
    *out = (struct pwhash_public){0};
    return text[0] == '$' && text[1] == '2' ? parse_bcrypt(out, text) : parse_argon2id(out, text);
}

uint64_t pwhash_memory(const struct pwhash_params *p)
{
    /* bcrypt: 4 KiB of tables and libxcrypt's state of 32 KiB */
    return p->algorithm == PWHASH_ARGON2ID ? (uint64_t)p->memory_kib * 1024 : 36 * 1024;
}

bool pwhash_within_ceilings(const struct pwhash_params *p, uint64_t memory_budget)
{
    if (p->algorithm == PWHASH_BCRYPT) {
        return p->cost >= BCRYPT_COST_MIN && p->cost <= BCRYPT_COST_MAX;
    }
    return p->memory_kib >= ARGON2_MEMORY_MIN && pwhash_memory(p) <= memory_budget && p->iterations >= 1 &&
           p->iterations <= ARGON2_ITERATIONS_MAX;
}

bool pwhash_raise_to_floor(struct pwhash_params *p)
{
    if (p->algorithm == PWHASH_BCRYPT) {
        bool low = p->cost < 12;
        p->cost = low ? 12 : p->cost;
        return low;
    }
    if ((p->memory_kib >= 47104 && p->iterations >= 1) || (p->memory_kib >= 19456 && p->iterations >= 2)) {
        return false;
    }
    p->iterations = p->memory_kib >= 47104 ? 1 : p->iterations < 2 ? 2 : p->iterations;
    p->memory_kib = p->memory_kib < 19456 ? 19456 : p->memory_kib;
    return true;
}

bool pwhash_outdated(const char *public_part, const struct pwhash_params *p)
{
    struct pwhash_public stored;
    if (!pwhash_public_parse(&stored, public_part) || stored.params.algorithm != p->algorithm) {
        return true;
    }
    if (p->algorithm == PWHASH_BCRYPT) {
        return stored.params.cost < p->cost;
    }
    /* More memory may stand for fewer passes, but not the other way round. */
    return stored.params.memory_kib < p->memory_kib ||
           (uint64_t)stored.params.memory_kib * stored.params.iterations <
               (uint64_t)p->memory_kib * p->iterations;
}

enum ww_err pwhash_public_new(struct ww_op *op, const struct pwhash_params *p, char **out)
{
    *out = NULL;
    if (!pwhash_within_ceilings(p, UINT64_MAX)) {
        return op_fail(op, WW_EINVAL, "bad_hash_parameters", "the parameters of the hash are out of bounds");
    }
    return p->algorithm == PWHASH_BCRYPT ? pwhash_bcrypt_public_new(op, p, out)
                                         : pwhash_argon2id_public_new(op, p, out);
}

static enum ww_err check_password(struct ww_op *op, const struct pwhash_public *p, struct bytes password)
{
    if (password.n > PWHASH_PASSWORD_MAX) {
        enum ww_err err =
            op_fail_field(op, WW_ETOOLARGE, "password_too_long", "password", "the password is too long");
        op->problem.limit = PWHASH_PASSWORD_MAX;
        return err;
    }
    return p->params.algorithm == PWHASH_BCRYPT ? pwhash_bcrypt_check_password(op, password) : WW_OK;
}

enum ww_err pwhash_derive(struct ww_op *op, struct pwhash_pool *pool, const char *public_part,
                          struct bytes password, struct pwhash_secret *out)
{
    struct pwhash_public p;
    enum ww_err err = WW_EINTERNAL;
    pwhash_secret_wipe(out);
    if (!pwhash_public_parse(&p, public_part) ||
        !pwhash_within_ceilings(&p.params, pwhash_pool_budget(pool))) {
        return op_fail(op, WW_EINVAL, "bad_password_hash",
                       "the public part of a password hash is malformed or above the ceilings");
    }
    if ((err = check_password(op, &p, password)) != WW_OK) {
        return err;
    }
    uint64_t memory = pwhash_memory(&p.params);
    if ((err = pwhash_pool_enter(op, pool, memory)) != WW_OK) {
        return err;
    }
    err = p.params.algorithm == PWHASH_BCRYPT ? pwhash_bcrypt_hash(op, public_part, password, out)
                                              : pwhash_argon2id_hash(op, &p, password, out);
    pwhash_pool_leave(pool, memory);
    return err;
}

enum ww_err pwhash_waste(struct ww_op *op, struct pwhash_pool *pool, const struct pwhash_params *p,
                         struct bytes password)
{
    char *public_part;
    PWHASH_SECRET(secret);
    enum ww_err err = pwhash_public_new(op, p, &public_part);
    if (err == WW_OK) {
        err = pwhash_derive(op, pool, public_part, password, &secret);
    }
    if (err == WW_EBUSY) {
        return err;
    }
    if (err == WW_ENOMEM) { /* no answer about the credentials can be given without the work */
        err = op_fail(op, WW_EBUSY, "busy", "no memory for a password hash");
        op->problem.retry_after = 1;
        return err;
    }
    return op_fail(op, WW_EDENIED, "wrong_credentials", "the credentials are wrong");
}
