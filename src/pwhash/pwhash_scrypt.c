/* scrypt (RFC 7914) in the spellings of Kratos, passlib, Django and Werkzeug, and Firebase's use of it; by
 * libsodium. */
#include "pwhash_parts.h"

#include <string.h>

#include <sodium.h>

/* Kratos' bounds (kratos.md §6.4). */
enum { N_MOST = 131072, BLOCK_MOST = 8, LANES_MOST = 10, FIREBASE_KEY = 32, LOG2_MOST = 17 };

static bool take_cost(struct pwhash_parsed *out, const char **p)
{
    return pwhash_read_number(p, &out->params.cost) && pwhash_skip(p, ",r=") &&
           pwhash_read_number(p, &out->params.block) && pwhash_skip(p, ",p=") &&
           pwhash_read_number(p, &out->params.lanes) && pwhash_skip(p, "$");
}

static bool is_padded(struct bytes salt, struct bytes hash)
{
    return salt.n % 4 == 0 && hash.n % 4 == 0;
}

/* "$scrypt$ln=16384,r=8,p=1$<salt>$<hash>": N itself, with padding (Kratos); or its logarithm, without
 * (passlib). Where no padding would be needed it is taken for Kratos'. */
static bool parse(struct pwhash_parsed *out, const char *text)
{
    const char *p = text + strlen("$scrypt$ln=");
    struct bytes salt, hash;
    if (!take_cost(out, &p) || !pwhash_next_part(&p, '$', &salt) || !pwhash_next_part(&p, '$', &hash) || p) {
        return false;
    }
    if (!is_padded(salt, hash)) {
        out->params.cost = out->params.cost <= 31 ? (uint32_t)1 << out->params.cost : 0;
        return pwhash_take_salt(out, CODING_RAW, salt) && pwhash_take_hash(out, CODING_RAW, hash);
    }
    return pwhash_take_salt(out, CODING_PADDED, salt) && pwhash_take_hash(out, CODING_PADDED, hash);
}

/* "scrypt$16384$<salt as it is>$8$5$<base64>" */
static bool parse_django(struct pwhash_parsed *out, const char *text)
{
    const char *p = text + strlen("scrypt$");
    struct bytes n, salt, r, lanes, hash;
    return pwhash_next_part(&p, '$', &n) && pwhash_next_part(&p, '$', &salt) &&
           pwhash_next_part(&p, '$', &r) && pwhash_next_part(&p, '$', &lanes) &&
           pwhash_next_part(&p, '$', &hash) && !p && pwhash_part_number(n, &out->params.cost) &&
           pwhash_part_number(r, &out->params.block) && pwhash_part_number(lanes, &out->params.lanes) &&
           pwhash_take_salt(out, CODING_PLAIN, salt) && pwhash_take_hash(out, CODING_PADDED, hash);
}

/* "scrypt:32768:8:1$<salt as it is>$<hexadecimal>" */
static bool parse_werkzeug(struct pwhash_parsed *out, const char *text)
{
    const char *p = text + strlen("scrypt:");
    struct bytes salt, hash;
    return pwhash_read_number(&p, &out->params.cost) && pwhash_skip(&p, ":") &&
           pwhash_read_number(&p, &out->params.block) && pwhash_skip(&p, ":") &&
           pwhash_read_number(&p, &out->params.lanes) && pwhash_skip(&p, "$") &&
           pwhash_next_part(&p, '$', &salt) && pwhash_next_part(&p, '$', &hash) && !p &&
           pwhash_take_salt(out, CODING_PLAIN, salt) && pwhash_take_hash(out, CODING_HEX, hash);
}

static uint64_t memory(const struct pwhash_params *p)
{
    return (uint64_t)128 * p->block * ((uint64_t)p->cost + p->lanes + 2);
}

static bool within_ceilings(const struct pwhash_params *p)
{
    bool power = p->cost >= 2 && (p->cost & (p->cost - 1)) == 0;
    return power && p->cost <= N_MOST && p->block >= 1 && p->block <= BLOCK_MOST && p->lanes >= 1 &&
           p->lanes <= LANES_MOST;
}

static enum ww_err run(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password, uint8_t *out,
                       size_t n)
{
    static const uint8_t none[1];
    return crypto_pwhash_scryptsalsa208sha256_ll(password.n ? password.p : none, password.n, p->salt,
                                                 p->salt_length, p->params.cost, p->params.block,
                                                 p->params.lanes, out, n) == 0
               ? WW_OK
               : op_no_memory(op);
}

static enum ww_err run_hash(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                            struct pwhash_secret *out)
{
    out->n = p->expected.n;
    return run(op, p, password, out->b, out->n);
}

/* ---- Firebase ---- */

/* "$firescrypt$ln=14,r=8,p=1$<salt>$<hash>$<separator>$<signer key>": ln is a logarithm here. */
static bool parse_firebase(struct pwhash_parsed *out, const char *text)
{
    const char *p = text + strlen("$firescrypt$ln=");
    struct bytes salt, hash, separator, key;
    size_t n;
    if (!take_cost(out, &p) || !pwhash_next_part(&p, '$', &salt) || !pwhash_next_part(&p, '$', &hash) ||
        !pwhash_next_part(&p, '$', &separator) || !pwhash_next_part(&p, '$', &key) || p ||
        !pwhash_take_salt(out, CODING_PADDED, salt) || !pwhash_take_hash(out, CODING_PADDED, hash) ||
        !pwhash_take_extra(out, CODING_PADDED, key) || out->extra_length != out->expected.n ||
        !pwhash_decode(CODING_PADDED, separator, out->salt + out->salt_length,
                       sizeof out->salt - out->salt_length, &n)) {
        return false;
    }
    out->salt_length += n;
    out->params.cost = out->params.cost <= LOG2_MOST ? (uint32_t)1 << out->params.cost : 0;
    return true;
}

/* scrypt makes a key under which the project's signer key is encrypted: that is the hash. */
static enum ww_err derive_firebase(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                                   struct pwhash_secret *out)
{
    uint8_t key[FIREBASE_KEY];
    enum ww_err err = run(op, p, password, key, sizeof key);
    if (!err) {
        err = pwhash_aes_ctr(op, key, BYTES(p->extra, p->extra_length), out->b);
    }
    sodium_memzero(key, sizeof key);
    out->n = err ? 0 : p->extra_length;
    return err;
}

#define SCRYPT(prefix_, parse_, derive_)                                                                     \
    {                                                                                                        \
        .prefix = (prefix_), .algorithm = PWHASH_IMPORTED, .parse = (parse_), .memory = memory,              \
        .within_ceilings = within_ceilings, .derive = (derive_)                                              \
    }
const struct pwhash_format pwhash_scrypt_kratos = SCRYPT("$scrypt$ln=", parse, run_hash);
const struct pwhash_format pwhash_scrypt_django = SCRYPT("scrypt$", parse_django, run_hash);
const struct pwhash_format pwhash_scrypt_werkzeug = SCRYPT("scrypt:", parse_werkzeug, run_hash);
const struct pwhash_format pwhash_firescrypt = SCRYPT("$firescrypt$ln=", parse_firebase, derive_firebase);
