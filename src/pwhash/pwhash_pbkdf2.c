/* PBKDF2 (RFC 8018) in the spellings of Kratos, passlib, Django and Werkzeug. */
#include "pwhash_parts.h"

#include <string.h>

/* Kratos' bound, and vault.md's. */
enum { ITERATIONS_MOST = 10000000 };

/* "$pbkdf2-sha256$i=100000,l=32$<salt>$<hash>". Two of Kratos' names mean SHA-3 for historical reasons, and
 * one that it does not know SHA-256; l is not looked at: the hash is as long as it is (kratos.md §6.4). */
static enum pwhash_digest kratos_digest(struct bytes name)
{
    enum pwhash_digest d = pwhash_digest_named(name);
    return d == DIGEST_SHA224                       ? DIGEST_SHA3_224
           : d == DIGEST_SHA384                     ? DIGEST_SHA3_384
           : d == DIGEST_SHA1 || d == DIGEST_SHA512 ? d
                                                    : DIGEST_SHA256;
}

static bool take_rest(struct pwhash_parsed *out, const char *p, enum pwhash_coding salt_coding,
                      enum pwhash_coding hash_coding)
{
    struct bytes salt, hash;
    return pwhash_next_part(&p, '$', &salt) && pwhash_next_part(&p, '$', &hash) && !p &&
           pwhash_take_salt(out, salt_coding, salt) && pwhash_take_hash(out, hash_coding, hash);
}

/* "sha" and one to three digits, as Kratos' pattern has it. */
static bool is_sha(struct bytes name)
{
    if (name.n < 4 || name.n > 6 || memcmp(name.p, "sha", 3) != 0) {
        return false;
    }
    for (size_t i = 3; i < name.n; i++) {
        if (name.p[i] < '0' || name.p[i] > '9') {
            return false;
        }
    }
    return true;
}

static bool parse_kratos(struct pwhash_parsed *out, const char *text)
{
    const char *p = text + strlen("$pbkdf2-");
    struct bytes name, parameters;
    uint32_t length;
    if (!pwhash_next_part(&p, '$', &name) || !is_sha(name) || !p) {
        return false;
    }
    if (pwhash_skip(&p, "i=")) {
        out->params.variant = kratos_digest(name);
        return pwhash_read_number(&p, &out->params.iterations) && pwhash_skip(&p, ",l=") &&
               pwhash_read_number(&p, &length) && pwhash_skip(&p, "$") &&
               take_rest(out, p, CODING_RAW, CODING_RAW);
    }
    /* passlib's: "$pbkdf2-sha256$29000$<salt>$<hash>" */
    out->params.variant = pwhash_digest_named(name);
    return pwhash_next_part(&p, '$', &parameters) &&
           pwhash_part_number(parameters, &out->params.iterations) &&
           take_rest(out, p, CODING_ADAPTED, CODING_ADAPTED);
}

/* passlib's "$pbkdf2$1212$<salt>$<hash>" is of SHA-1. */
static bool parse_passlib_sha1(struct pwhash_parsed *out, const char *text)
{
    const char *p = text + strlen("$pbkdf2$");
    out->params.variant = DIGEST_SHA1;
    return pwhash_read_number(&p, &out->params.iterations) && pwhash_skip(&p, "$") &&
           take_rest(out, p, CODING_ADAPTED, CODING_ADAPTED);
}

/* "pbkdf2_sha256$870000$<salt as it is>$<base64>" */
static bool parse_django(struct pwhash_parsed *out, const char *text)
{
    const char *p = text + strlen("pbkdf2_");
    struct bytes name;
    return pwhash_next_part(&p, '$', &name) && p && (out->params.variant = pwhash_digest_named(name)) &&
           pwhash_read_number(&p, &out->params.iterations) && pwhash_skip(&p, "$") &&
           take_rest(out, p, CODING_PLAIN, CODING_PADDED);
}

/* "pbkdf2:sha256:600000$<salt as it is>$<hexadecimal>" */
static bool parse_werkzeug(struct pwhash_parsed *out, const char *text)
{
    const char *p = text + strlen("pbkdf2:");
    struct bytes name;
    return pwhash_next_part(&p, ':', &name) && p && (out->params.variant = pwhash_digest_named(name)) &&
           pwhash_read_number(&p, &out->params.iterations) && pwhash_skip(&p, "$") &&
           take_rest(out, p, CODING_PLAIN, CODING_HEX);
}

static bool within_ceilings(const struct pwhash_params *p)
{
    return p->variant && p->iterations >= 1 && p->iterations <= ITERATIONS_MOST;
}

static enum ww_err run_hash(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                            struct pwhash_secret *out)
{
    out->n = p->expected.n;
    return pwhash_pbkdf2(op, (enum pwhash_digest)p->params.variant, password, BYTES(p->salt, p->salt_length),
                         p->params.iterations, out->b, out->n);
}

#define PBKDF2(prefix_, parse_)                                                                              \
    {                                                                                                        \
        .prefix = (prefix_), .algorithm = PWHASH_IMPORTED, .parse = (parse_),                                \
        .memory = pwhash_little_memory, .within_ceilings = within_ceilings, .derive = run_hash               \
    }
const struct pwhash_format pwhash_pbkdf2_kratos = PBKDF2("$pbkdf2-sha", parse_kratos);
const struct pwhash_format pwhash_pbkdf2_passlib = PBKDF2("$pbkdf2$", parse_passlib_sha1);
const struct pwhash_format pwhash_pbkdf2_django = PBKDF2("pbkdf2_sha", parse_django);
const struct pwhash_format pwhash_pbkdf2_werkzeug = PBKDF2("pbkdf2:", parse_werkzeug);
