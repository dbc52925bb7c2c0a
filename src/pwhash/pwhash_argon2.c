/* Argon2id version 19 with one lane (RFC 9106), by libsodium: "$argon2id$v=19$m=65536,t=3,p=1$<salt>", and
 * with
 * "$<hash>" behind it a complete hash (vault.md §7). */
#include "pwhash_format.h"

#include <string.h>

#include <sodium.h>

#include "encode.h"

enum {
    MEMORY_MIN_KIB = 8, /* RFC 9106 §3.1: 8 p */
    /* A ceiling of vault.md §7; that of memory is the pool's budget. */
    ITERATIONS_MAX = 20,
    HASH_LENGTH = 32,
    SALT_TEXT = 22, /* the only length that gives 16 bytes */
    HASH_TEXT = 43, /* … 32 bytes */
    /* One pass over this much, or two over the other, is the least that new hashes cost. */
    FLOOR_ONE_PASS_KIB = 47104,
    FLOOR_TWO_PASSES_KIB = 19456,
};

/* libsodium refuses characters outside the alphabet and unused bits that are not zero. */
static bool read_base64(const char *text, size_t length, uint8_t *out, size_t n)
{
    size_t got = 0;
    return sodium_base642bin(out, n, text, length, NULL, &got, NULL,
                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
           got == n;
}

static bool parse(struct pwhash_parsed *out, const char *p)
{
    /* One order of the parameters and one lane only: libsodium has no other, and argon2i or argon2d would
     * be another function under this name. */
    if (!pwhash_skip(&p, "$argon2id$v=19$m=") || !pwhash_read_number(&p, &out->params.memory_kib) ||
        !pwhash_skip(&p, ",t=") || !pwhash_read_number(&p, &out->params.iterations) ||
        !pwhash_skip(&p, ",p=1$")) {
        return false;
    }
    size_t left = strlen(p);
    bool complete = left == SALT_TEXT + 1 + HASH_TEXT && p[SALT_TEXT] == '$';
    out->salt_length = PWHASH_SALT_SIZE;
    /* The lengths are known before anything is decoded into the fixed places. */
    if ((!complete && left != SALT_TEXT) || !read_base64(p, SALT_TEXT, out->salt, PWHASH_SALT_SIZE)) {
        return false;
    }
    out->expected.n = complete ? HASH_LENGTH : 0;
    return !complete || read_base64(p + SALT_TEXT + 1, HASH_TEXT, out->expected.b, HASH_LENGTH);
}

static uint64_t memory(const struct pwhash_params *p)
{
    return (uint64_t)p->memory_kib * 1024;
}

static bool within_ceilings(const struct pwhash_params *p)
{
    return p->memory_kib >= MEMORY_MIN_KIB && p->iterations >= 1 && p->iterations <= ITERATIONS_MAX;
}

static enum ww_err hash_password(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                                 struct pwhash_secret *out)
{
    _Static_assert(PWHASH_SALT_SIZE == crypto_pwhash_argon2id_SALTBYTES,
                   "libsodium takes one length of salt");
    /* libsodium wants a pointer even for no bytes. */
    const char *text = password.n ? (const char *)password.p : "";
    /* Within the ceilings lack of memory is the only way in which this fails. */
    if (crypto_pwhash_argon2id(out->b, HASH_LENGTH, text, password.n, p->salt, p->params.iterations,
                               (size_t)p->params.memory_kib * 1024,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
        pwhash_secret_wipe(out);
        return op_no_memory(op);
    }
    out->n = HASH_LENGTH;
    return WW_OK;
}

static void write_hash(struct buf *b, const struct pwhash_secret *secret)
{
    char text[HASH_TEXT + 1];
    sodium_bin2base64(text, sizeof text, secret->b, HASH_LENGTH, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    buf_char(b, '$');
    buf_str(b, text);
    sodium_memzero(text, sizeof text);
}

static enum ww_err public_new(struct ww_op *op, const struct pwhash_params *p, char **out)
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

/* Either pair of vault.md §7 is enough: a machine with little memory pays with a second pass. */
static bool raise_to_floor(struct pwhash_params *p)
{
    if ((p->memory_kib >= FLOOR_ONE_PASS_KIB && p->iterations >= 1) ||
        (p->memory_kib >= FLOOR_TWO_PASSES_KIB && p->iterations >= 2)) {
        return false;
    }
    p->iterations = p->memory_kib >= FLOOR_ONE_PASS_KIB ? 1 : p->iterations < 2 ? 2 : p->iterations;
    p->memory_kib = p->memory_kib < FLOOR_TWO_PASSES_KIB ? FLOOR_TWO_PASSES_KIB : p->memory_kib;
    return true;
}

/* More memory may stand for fewer passes, but not the other way round. */
static bool weaker(const struct pwhash_params *stored, const struct pwhash_params *wanted)
{
    return stored->memory_kib < wanted->memory_kib || (uint64_t)stored->memory_kib * stored->iterations <
                                                          (uint64_t)wanted->memory_kib * wanted->iterations;
}

const struct pwhash_format pwhash_argon2id = {
    .prefix = "$argon2id$",
    .algorithm = PWHASH_ARGON2ID,
    .parse = parse,
    .memory = memory,
    .within_ceilings = within_ceilings,
    .derive = hash_password,
    .write_hash = write_hash,
    .public_new = public_new,
    .raise_to_floor = raise_to_floor,
    .weaker = weaker,
};
