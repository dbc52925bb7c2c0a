/* bcrypt as other programs write it: versions that libxcrypt does not know by their letter, Django's, and the
 * two ways to hash a password first so that none is cut (Django's and passlib's bcrypt-sha256). */
#include "pwhash_parts.h"

#include <string.h>

#include <sodium.h>

enum { COST_MIN = 4, COST_MAX = 15, SALT = 22, HASH = 31, WORKING_MEMORY = 36 * 1024 };
enum { AS_IT_IS = 1, SHA256_HEX, SHA256_BASE64, HMAC_BASE64 };

static const char alphabet[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static bool is_bcrypt64(struct bytes part, size_t n)
{
    for (size_t i = 0; i < part.n; i++) {
        if (!part.p[i] || !strchr(alphabet, part.p[i])) {
            return false;
        }
    }
    return part.n == n;
}

static bool take(struct pwhash_parsed *out, struct bytes salt, struct bytes hash)
{
    /* The last character of the salt holds two bits. */
    return is_bcrypt64(salt, SALT) && strchr(".Oeu", salt.p[SALT - 1]) && is_bcrypt64(hash, HASH) &&
           pwhash_take_salt(out, CODING_PLAIN, salt) && pwhash_take_hash(out, CODING_PLAIN, hash);
}

/* What stands behind the version: "12$<salt and hash>". */
static bool take_whole(struct pwhash_parsed *out, const char *p)
{
    struct bytes cost, rest;
    if (!pwhash_next_part(&p, '$', &cost) || !pwhash_next_part(&p, '$', &rest) || p || cost.n != 2 ||
        rest.n != SALT + HASH) {
        return false;
    }
    struct bytes digits = cost.p[0] == '0' ? BYTES(cost.p + 1, 1) : cost;
    return pwhash_part_number(digits, &out->params.cost) &&
           take(out, BYTES(rest.p, SALT), BYTES(rest.p + SALT, HASH));
}

static bool skip_version(const char **p)
{
    return pwhash_skip(p, "$2a$") || pwhash_skip(p, "$2b$") || pwhash_skip(p, "$2y$") ||
           pwhash_skip(p, "$2z$") || pwhash_skip(p, "$2$");
}

/* "$2$…" and "$2z$…", which Kratos takes for what is "$2b$" today. */
static bool parse_version(struct pwhash_parsed *out, const char *text)
{
    out->params.variant = AS_IT_IS;
    return skip_version(&text) && take_whole(out, text);
}

/* Django: "bcrypt$$2b$12$…", "bcrypt_sha256$$2b$12$…" */
static bool parse_django(struct pwhash_parsed *out, const char *text)
{
    out->params.variant = pwhash_skip(&text, "bcrypt_sha256$") ? SHA256_HEX : AS_IT_IS;
    (void)(out->params.variant == AS_IT_IS && pwhash_skip(&text, "bcrypt$"));
    return skip_version(&text) && take_whole(out, text);
}

/* passlib: "$bcrypt-sha256$v=2,t=2b,r=12$<salt>$<hash>", and the first version "$bcrypt-sha256$2b,12$…" */
static bool parse_passlib(struct pwhash_parsed *out, const char *text)
{
    const char *p = text + strlen("$bcrypt-sha256$");
    struct bytes cost, salt, hash;
    bool second = pwhash_skip(&p, "v=2,t=2b,r=");
    out->params.variant = second ? HMAC_BASE64 : SHA256_BASE64;
    if (!second && !pwhash_skip(&p, "2b,") && !pwhash_skip(&p, "2a,")) {
        return false;
    }
    return pwhash_next_part(&p, '$', &cost) && pwhash_next_part(&p, '$', &salt) &&
           pwhash_next_part(&p, '$', &hash) && !p && pwhash_part_number(cost, &out->params.cost) &&
           take(out, salt, hash);
}

static uint64_t memory(const struct pwhash_params *p)
{
    (void)p;
    return WORKING_MEMORY;
}

static bool within_ceilings(const struct pwhash_params *p)
{
    return p->cost >= COST_MIN && p->cost <= COST_MAX;
}

/* The password as bcrypt is given it: 64 characters of hexadecimal, or 44 of base64, hold no NUL and are not
 * cut. */
static enum ww_err prehash(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                           char out[2 * PWHASH_DIGEST_MOST + 1])
{
    uint8_t digest[PWHASH_DIGEST_MOST];
    enum ww_err err = p->params.variant == HMAC_BASE64
                          ? pwhash_hmac(op, DIGEST_SHA256, BYTES(p->salt, p->salt_length), password, digest)
                          : pwhash_digest(op, DIGEST_SHA256, &password, 1, digest);
    if (!err && p->params.variant == SHA256_HEX) {
        sodium_bin2hex(out, 2 * PWHASH_DIGEST_MOST + 1, digest, 32);
    } else if (!err) {
        sodium_bin2base64(out, 2 * PWHASH_DIGEST_MOST + 1, digest, 32, sodium_base64_VARIANT_ORIGINAL);
    }
    sodium_memzero(digest, sizeof digest);
    return err;
}

static enum ww_err run_hash(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                            struct pwhash_secret *out)
{
    char made[2 * PWHASH_DIGEST_MOST + 1] = "";
    struct pwhash_secret whole = {{0}, 0};
    enum ww_err err = WW_OK;
    if (p->params.variant == AS_IT_IS) {
        /* As our own bcrypt has it: two passwords would open one account. */
        if (password.n > 72 || (password.n && memchr(password.p, 0, password.n))) {
            return op_fail_field(op, WW_ETOOLARGE, "password_too_long_for_bcrypt", "password",
                                 "bcrypt would use only the beginning of this password");
        }
    } else {
        err = prehash(op, p, password, made);
        password = bytes_str(made);
    }
    char *setting = arena_printf(&op->arena, "$2b$%02u$%.*s", p->params.cost, SALT, (const char *)p->salt);
    err = err ? err : setting ? pwhash_crypt(op, setting, password, &whole) : op_no_memory(op);
    if (!err && whole.n == SALT + HASH) {
        memcpy(out->b, whole.b + SALT, HASH);
        out->n = HASH;
    }
    pwhash_secret_wipe(&whole);
    sodium_memzero(made, sizeof made);
    return err;
}

#define BCRYPT(prefix_, parse_)                                                                              \
    {                                                                                                        \
        .prefix = (prefix_), .algorithm = PWHASH_IMPORTED, .parse = (parse_), .memory = memory,              \
        .within_ceilings = within_ceilings, .derive = run_hash                                               \
    }
const struct pwhash_format pwhash_bcrypt_2 = BCRYPT("$2$", parse_version);
const struct pwhash_format pwhash_bcrypt_2z = BCRYPT("$2z$", parse_version);
const struct pwhash_format pwhash_bcrypt_django = BCRYPT("bcrypt$", parse_django);
const struct pwhash_format pwhash_bcrypt_sha256_django = BCRYPT("bcrypt_sha256$", parse_django);
const struct pwhash_format pwhash_bcrypt_passlib = BCRYPT("$bcrypt-sha256$", parse_passlib);
