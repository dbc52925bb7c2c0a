/* Two loops around MD5 that no library here has: phpass ("$P$", "$H$": WordPress, phpBB, Drupal 6) and
 * Apache's
 * "$apr1$" of htpasswd. Verified once and replaced. */
#include "pwhash_parts.h"

#include <string.h>

#include <sodium.h>

enum { DIGEST = 16, APR1_ROUNDS = 1000, PHPASS_LOG2_LEAST = 7, PHPASS_LOG2_MOST = 22 };

static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static void encode(uint8_t **at, uint32_t bits, int n)
{
    while (n--) {
        *(*at)++ = (uint8_t)alphabet[bits & 63];
        bits >>= 6;
    }
}

/* ---- phpass: md5(salt ‖ password), then 2^n times md5(digest ‖ password) ---- */

static bool parse_phpass(struct pwhash_parsed *out, const char *text)
{
    const char *log2 = text[3] ? strchr(alphabet, text[3]) : NULL;
    out->params.cost = log2 ? (uint32_t)(log2 - alphabet) : 0;
    return log2 && strlen(text) == 3 + 1 + 8 + 22 && strspn(text + 4, alphabet) == 8 + 22 &&
           pwhash_take_salt(out, CODING_PLAIN, BYTES(text + 4, 8)) &&
           pwhash_take_hash(out, CODING_PLAIN, BYTES(text + 12, 22));
}

static bool phpass_is_within(const struct pwhash_params *p)
{
    return p->cost >= PHPASS_LOG2_LEAST && p->cost <= PHPASS_LOG2_MOST;
}

static void encode_phpass(const uint8_t digest[DIGEST], struct pwhash_secret *out)
{
    uint8_t *at = out->b;
    for (int i = 0; i < 15; i += 3) {
        encode(&at, (uint32_t)digest[i] | (uint32_t)digest[i + 1] << 8 | (uint32_t)digest[i + 2] << 16, 4);
    }
    encode(&at, digest[15], 2);
    out->n = 22;
}

static enum ww_err derive_phpass(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                                 struct pwhash_secret *out)
{
    uint8_t digest[PWHASH_DIGEST_MOST];
    const struct bytes first[] = {BYTES(p->salt, p->salt_length), password};
    enum ww_err err = pwhash_digest(op, DIGEST_MD5, first, 2, digest);
    for (uint32_t i = 0; !err && i < (uint32_t)1 << p->params.cost; i++) {
        const struct bytes again[] = {BYTES(digest, DIGEST), password};
        err = pwhash_digest(op, DIGEST_MD5, again, 2, digest);
    }
    if (!err) {
        encode_phpass(digest, out);
    }
    sodium_memzero(digest, sizeof digest);
    return err;
}

/* ---- apr1: md5-crypt (Poul-Henning Kamp) with another word in it ---- */

static bool parse_apr1(struct pwhash_parsed *out, const char *text)
{
    const char *p = text + strlen("$apr1$");
    struct bytes salt, hash;
    return pwhash_next_part(&p, '$', &salt) && pwhash_next_part(&p, '$', &hash) && !p && salt.n <= 8 &&
           hash.n == 22 && strspn((const char *)hash.p, alphabet) == 22 &&
           pwhash_take_salt(out, CODING_PLAIN, salt) && pwhash_take_hash(out, CODING_PLAIN, hash);
}

/* password ‖ "$apr1$" ‖ salt ‖ as much of md5(password ‖ salt ‖ password) as the password is long ‖ for each
 * bit of its length a NUL or its first byte */
static enum ww_err apr1_begin(struct ww_op *op, struct bytes password, struct bytes salt, uint8_t *digest)
{
    static const uint8_t nul[1];
    uint8_t inner[PWHASH_DIGEST_MOST];
    const struct bytes around[] = {password, salt, password};
    enum ww_err err = pwhash_digest(op, DIGEST_MD5, around, 3, inner);
    struct bytes *parts = ARENA_ARRAY(&op->arena, password.n / DIGEST + 16 + 4, struct bytes);
    size_t n = 0;
    if (err || !parts) {
        return err ? err : op_no_memory(op);
    }
    parts[n++] = password;
    parts[n++] = BYTES("$apr1$", 6);
    parts[n++] = salt;
    for (size_t left = password.n; left; left -= left < DIGEST ? left : DIGEST) {
        parts[n++] = BYTES(inner, left < DIGEST ? left : DIGEST);
    }
    for (size_t bits = password.n; bits; bits >>= 1) {
        parts[n++] = bits & 1 ? BYTES(nul, 1) : BYTES(password.p, 1);
    }
    err = pwhash_digest(op, DIGEST_MD5, parts, n, digest);
    sodium_memzero(inner, sizeof inner);
    return err;
}

static void encode_apr1(const uint8_t d[DIGEST], struct pwhash_secret *out)
{
    static const uint8_t order[5][3] = {{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}};
    uint8_t *at = out->b;
    for (int i = 0; i < 5; i++) {
        encode(&at, (uint32_t)d[order[i][0]] << 16 | (uint32_t)d[order[i][1]] << 8 | (uint32_t)d[order[i][2]],
               4);
    }
    encode(&at, d[11], 2);
    out->n = 22;
}

static enum ww_err derive_apr1(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                               struct pwhash_secret *out)
{
    uint8_t digest[PWHASH_DIGEST_MOST];
    struct bytes salt = BYTES(p->salt, p->salt_length), none = BYTES("", 0);
    enum ww_err err = apr1_begin(op, password, salt, digest);
    for (int i = 0; !err && i < APR1_ROUNDS; i++) {
        struct bytes last = BYTES(digest, DIGEST);
        const struct bytes parts[] = {i & 1 ? password : last, i % 3 ? salt : none, i % 7 ? password : none,
                                      i & 1 ? last : password};
        err = pwhash_digest(op, DIGEST_MD5, parts, 4, digest);
    }
    if (!err) {
        encode_apr1(digest, out);
    }
    sodium_memzero(digest, sizeof digest);
    return err;
}

#define LOOP(prefix_, parse_, within_, derive_)                                                              \
    {                                                                                                        \
        .prefix = (prefix_), .algorithm = PWHASH_IMPORTED, .parse = (parse_),                                \
        .memory = pwhash_little_memory, .within_ceilings = (within_), .derive = (derive_)                    \
    }
const struct pwhash_format pwhash_phpass = LOOP("$P$", parse_phpass, phpass_is_within, derive_phpass);
const struct pwhash_format pwhash_phpass_bb = LOOP("$H$", parse_phpass, phpass_is_within, derive_phpass);
const struct pwhash_format pwhash_apr1 = LOOP("$apr1$", parse_apr1, pwhash_any_cost, derive_apr1);
