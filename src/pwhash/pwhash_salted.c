/* Fast digests of other programs, verified once and replaced at the first sign-in: LDAP's {SSHA…} and {SHA},
 * and Kratos' $sha1$, $sha256$, $sha512$, $md5$ with a format of password and salt (kratos.md §6.4). */
#include "pwhash_parts.h"

#include <string.h>

/* ---- {SSHA}base64(hash ‖ salt) ---- */

static const struct label {
    const char *text;
    enum pwhash_digest digest;
    bool salted;
} labels[] = {{"{SSHA}", DIGEST_SHA1, true},
              {"{SSHA256}", DIGEST_SHA256, true},
              {"{SSHA512}", DIGEST_SHA512, true},
              {"{SHA}", DIGEST_SHA1, false}}; /* htpasswd's */

static bool parse_label(struct pwhash_parsed *out, const char *text)
{
    uint8_t both[PWHASH_SALT_MAX];
    size_t n = 0;
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        const char *p = text;
        if (!pwhash_skip(&p, labels[i].text)) {
            continue;
        }
        size_t size = pwhash_digest_size(labels[i].digest);
        if (!pwhash_decode(CODING_PADDED, bytes_str(p), both, sizeof both, &n) ||
            (labels[i].salted ? n <= size : n != size)) {
            return false;
        }
        out->params.variant = labels[i].digest;
        memcpy(out->expected.b, both, size);
        out->expected.n = size;
        memcpy(out->salt, both + size, n - size);
        out->salt_length = n - size;
        return true;
    }
    return false;
}

static enum ww_err derive_label(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                                struct pwhash_secret *out)
{
    const struct bytes parts[] = {password, BYTES(p->salt, p->salt_length)};
    out->n = p->expected.n;
    return pwhash_digest(op, (enum pwhash_digest)p->params.variant, parts, 2, out->b);
}

/* ---- $sha256$pf=<format>$<salt>$<hash> ---- */

static const char word_password[] = "{PASSWORD}", word_salt[] = "{SALT}";

static bool has(const struct pwhash_parsed *p, const char *word)
{
    return memmem(p->extra, p->extra_length, word, strlen(word)) != NULL;
}

static bool parse_format(struct pwhash_parsed *out, const char *text)
{
    const char *p = text + 1;
    struct bytes name, format, salt, hash;
    if (!pwhash_next_part(&p, '$', &name) || !p) {
        return false;
    }
    out->params.variant = pwhash_digest_named(name);
    if (!pwhash_skip(&p, "pf=")) {
        /* Without one MD5 alone, of the password alone. */
        return out->params.variant == DIGEST_MD5 && !strchr(p, '$') &&
               pwhash_take_hash(out, CODING_PADDED, bytes_str(p)) &&
               pwhash_take_extra(out, CODING_PLAIN, bytes_str(word_password)) && out->expected.n == 16;
    }
    return pwhash_next_part(&p, '$', &format) && pwhash_next_part(&p, '$', &salt) &&
           pwhash_next_part(&p, '$', &hash) && !p && format.n > 0 &&
           pwhash_take_extra(out, CODING_PADDED, format) && pwhash_take_salt(out, CODING_PADDED, salt) &&
           pwhash_take_hash(out, CODING_PADDED, hash) && has(out, word_password) &&
           out->expected.n == pwhash_digest_size((enum pwhash_digest)out->params.variant);
}

/* The format's text with both words replaced, all of them, as parts that are digested one after the other. */
static enum ww_err derive_format(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                                 struct pwhash_secret *out)
{
    const uint8_t *at = p->extra, *end = p->extra + p->extra_length, *plain = at;
    struct bytes *parts = ARENA_ARRAY(&op->arena, p->extra_length / 3 + 3, struct bytes);
    size_t n = 0;
    if (!parts) {
        return op_no_memory(op);
    }
    while (at < end) {
        size_t left = (size_t)(end - at);
        bool is_password =
            left >= sizeof word_password - 1 && memcmp(at, word_password, sizeof word_password - 1) == 0;
        bool is_salt = left >= sizeof word_salt - 1 && memcmp(at, word_salt, sizeof word_salt - 1) == 0;
        if (!is_password && !is_salt) {
            at++;
            continue;
        }
        parts[n++] = BYTES(plain, (size_t)(at - plain));
        parts[n++] = is_password ? password : BYTES(p->salt, p->salt_length);
        at += is_password ? sizeof word_password - 1 : sizeof word_salt - 1;
        plain = at;
    }
    parts[n++] = BYTES(plain, (size_t)(end - plain));
    out->n = p->expected.n;
    return pwhash_digest(op, (enum pwhash_digest)p->params.variant, parts, n, out->b);
}

#define FAST(prefix_, parse_, derive_)                                                                       \
    {                                                                                                        \
        .prefix = (prefix_), .algorithm = PWHASH_IMPORTED, .parse = (parse_),                                \
        .memory = pwhash_little_memory, .within_ceilings = pwhash_any_cost, .derive = (derive_)              \
    }
const struct pwhash_format pwhash_ssha = FAST("{SSHA", parse_label, derive_label);
const struct pwhash_format pwhash_sha_label = FAST("{SHA}", parse_label, derive_label);
const struct pwhash_format pwhash_sha1 = FAST("$sha1$", parse_format, derive_format);
const struct pwhash_format pwhash_sha256 = FAST("$sha256$", parse_format, derive_format);
const struct pwhash_format pwhash_sha512 = FAST("$sha512$", parse_format, derive_format);
const struct pwhash_format pwhash_md5 = FAST("$md5$", parse_format, derive_format);

/* ---- $hmac-sha256$base64(hexadecimal digest)$base64(key) ---- */

static bool parse_hmac(struct pwhash_parsed *out, const char *text)
{
    const char *p = text + strlen("$hmac-");
    struct bytes name, hash, key;
    uint8_t hex[2 * PWHASH_DIGEST_MOST];
    size_t n;
    if (!pwhash_next_part(&p, '$', &name) || !pwhash_next_part(&p, '$', &hash) ||
        !pwhash_next_part(&p, '$', &key) || p) {
        return false;
    }
    enum pwhash_digest d = pwhash_digest_named(name);
    out->params.variant = d;
    return d && d <= DIGEST_SHA512 && pwhash_decode(CODING_PADDED, hash, hex, sizeof hex, &n) &&
           pwhash_take_hash(out, CODING_HEX, BYTES(hex, n)) && out->expected.n == pwhash_digest_size(d) &&
           pwhash_take_salt(out, CODING_PADDED, key) && out->salt_length > 0;
}

static enum ww_err derive_hmac(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                               struct pwhash_secret *out)
{
    out->n = p->expected.n;
    return pwhash_hmac(op, (enum pwhash_digest)p->params.variant, BYTES(p->salt, p->salt_length), password,
                       out->b);
}

const struct pwhash_format pwhash_hmac_kratos = FAST("$hmac-", parse_hmac, derive_hmac);
