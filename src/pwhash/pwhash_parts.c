/* Parts and digests of hashes that other programs made. No primitive is made here: digests are OpenSSL's. */
#include "pwhash_parts.h"

#include <pthread.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/provider.h>
#include <sodium.h>

/* ---- parts ---- */

bool pwhash_next_part(const char **p, char end, struct bytes *out)
{
    if (!*p) {
        return false;
    }
    const char *stop = strchr(*p, end);
    size_t n = stop ? (size_t)(stop - *p) : strlen(*p);
    *out = BYTES(*p, n);
    *p = stop ? stop + 1 : NULL;
    return true;
}

static bool decode_base64(int variant, struct bytes text, uint8_t *out, size_t most, size_t *n)
{
    /* libsodium refuses characters outside the alphabet, and unused bits that are not zero. */
    return sodium_base642bin(out, most, (const char *)text.p, text.n, NULL, n, NULL, variant) == 0;
}

/* passlib writes '.' where the standard has '+'; a '+' is no character of it. */
static bool decode_adapted(struct bytes text, uint8_t *out, size_t most, size_t *n)
{
    char copy[PWHASH_TEXT_MAX];
    if (text.n > sizeof copy || memchr(text.p, '+', text.n)) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        copy[i] = (char)(text.p[i] == '.' ? '+' : text.p[i]);
    }
    return decode_base64(sodium_base64_VARIANT_ORIGINAL_NO_PADDING, BYTES(copy, text.n), out, most, n);
}

bool pwhash_decode(enum pwhash_coding coding, struct bytes text, uint8_t *out, size_t most, size_t *n)
{
    *n = 0;
    if (text.n == 0) {
        return true;
    }
    switch (coding) {
    case CODING_PADDED:
        return decode_base64(sodium_base64_VARIANT_ORIGINAL, text, out, most, n);
    case CODING_RAW:
        return decode_base64(sodium_base64_VARIANT_ORIGINAL_NO_PADDING, text, out, most, n);
    case CODING_ADAPTED:
        return decode_adapted(text, out, most, n);
    case CODING_HEX:
        return text.n % 2 == 0 &&
               sodium_hex2bin(out, most, (const char *)text.p, text.n, NULL, n, NULL) == 0 &&
               *n == text.n / 2;
    case CODING_PLAIN:
    default:
        if (text.n > most) {
            return false;
        }
        memcpy(out, text.p, text.n);
        *n = text.n;
        return true;
    }
}

bool pwhash_take_salt(struct pwhash_parsed *out, enum pwhash_coding coding, struct bytes text)
{
    return pwhash_decode(coding, text, out->salt, sizeof out->salt, &out->salt_length);
}

bool pwhash_take_extra(struct pwhash_parsed *out, enum pwhash_coding coding, struct bytes text)
{
    return pwhash_decode(coding, text, out->extra, sizeof out->extra, &out->extra_length);
}

bool pwhash_take_hash(struct pwhash_parsed *out, enum pwhash_coding coding, struct bytes text)
{
    return pwhash_decode(coding, text, out->expected.b, sizeof out->expected.b, &out->expected.n) &&
           out->expected.n >= PWHASH_HASH_LEAST;
}

bool pwhash_part_number(struct bytes part, uint32_t *out)
{
    char copy[11] = "";
    const char *p = copy;
    if (part.n == 0 || part.n >= sizeof copy) {
        return false;
    }
    memcpy(copy, part.p, part.n);
    return pwhash_read_number(&p, out) && *p == 0;
}

/* ---- digests ---- */

static const struct {
    const char *name, *fetched;
    size_t size;
} digests[] = {
    [DIGEST_MD4] = {"md4", "MD4", 16},
    [DIGEST_MD5] = {"md5", "MD5", 16},
    [DIGEST_SHA1] = {"sha1", "SHA1", 20},
    [DIGEST_SHA224] = {"sha224", "SHA224", 28},
    [DIGEST_SHA256] = {"sha256", "SHA256", 32},
    [DIGEST_SHA384] = {"sha384", "SHA384", 48},
    [DIGEST_SHA512] = {"sha512", "SHA512", 64},
    [DIGEST_SHA3_224] = {"sha3-224", "SHA3-224", 28},
    [DIGEST_SHA3_384] = {"sha3-384", "SHA3-384", 48},
};

enum pwhash_digest pwhash_digest_named(struct bytes name)
{
    for (size_t i = DIGEST_MD4; i < sizeof digests / sizeof digests[0]; i++) {
        if (bytes_equal(name, bytes_str(digests[i].name))) {
            return (enum pwhash_digest)i;
        }
    }
    return DIGEST_NONE;
}

size_t pwhash_digest_size(enum pwhash_digest d)
{
    return digests[d].size;
}

/* A context of our own: what the program's others load or switch off in OpenSSL's global one is theirs. MD4
 * is in the provider "legacy" alone. Kept until the process ends. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *fetched[sizeof digests / sizeof digests[0]];
static EVP_CIPHER *aes;

static void fetch_all(void)
{
    OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
    if (!context || !OSSL_PROVIDER_load(context, "default")) {
        return;
    }
    (void)OSSL_PROVIDER_load(context, "legacy");
    for (size_t i = DIGEST_MD4; i < sizeof digests / sizeof digests[0]; i++) {
        fetched[i] = EVP_MD_fetch(context, digests[i].fetched, NULL);
    }
    aes = EVP_CIPHER_fetch(context, "AES-256-CTR", NULL);
}

static enum ww_err failed(struct ww_op *op)
{
    return op_fail(op, WW_EINTERNAL, "digest_missing", "libcrypto does not have, or refused, a digest");
}

static const EVP_MD *find(enum pwhash_digest d)
{
    pthread_once(&once, fetch_all);
    return fetched[d];
}

enum ww_err pwhash_digest(struct ww_op *op, enum pwhash_digest d, const struct bytes *parts, size_t n,
                          uint8_t out[PWHASH_DIGEST_MOST])
{
    const EVP_MD *md = find(d);
    EVP_MD_CTX *state = md ? EVP_MD_CTX_new() : NULL;
    bool fine = state && EVP_DigestInit_ex(state, md, NULL) == 1;
    for (size_t i = 0; fine && i < n; i++) {
        fine = parts[i].n == 0 || EVP_DigestUpdate(state, parts[i].p, parts[i].n) == 1;
    }
    fine = fine && EVP_DigestFinal_ex(state, out, NULL) == 1;
    EVP_MD_CTX_free(state); /* wipes it */
    return fine ? WW_OK : failed(op);
}

enum ww_err pwhash_hmac(struct ww_op *op, enum pwhash_digest d, struct bytes key, struct bytes text,
                        uint8_t out[PWHASH_DIGEST_MOST])
{
    const EVP_MD *md = find(d);
    static const uint8_t none[1];
    return md && HMAC(md, key.n ? key.p : none, (int)key.n, text.n ? text.p : none, text.n, out, NULL)
               ? WW_OK
               : failed(op);
}

enum ww_err pwhash_pbkdf2(struct ww_op *op, enum pwhash_digest d, struct bytes password, struct bytes salt,
                          uint32_t iterations, uint8_t *out, size_t n)
{
    const EVP_MD *md = find(d);
    static const uint8_t none[1];
    return md && iterations <= INT32_MAX &&
                   PKCS5_PBKDF2_HMAC(password.n ? (const char *)password.p : "", (int)password.n,
                                     salt.n ? salt.p : none, (int)salt.n, (int)iterations, md, (int)n,
                                     out) == 1
               ? WW_OK
               : failed(op);
}

enum ww_err pwhash_aes_ctr(struct ww_op *op, const uint8_t key[32], struct bytes text, uint8_t *out)
{
    static const uint8_t counter[16];
    int n = 0;
    (void)find(DIGEST_SHA256);
    EVP_CIPHER_CTX *state = aes ? EVP_CIPHER_CTX_new() : NULL;
    bool fine = state && EVP_EncryptInit_ex2(state, aes, key, counter, NULL) == 1 &&
                EVP_EncryptUpdate(state, out, &n, text.p, (int)text.n) == 1 && (size_t)n == text.n;
    EVP_CIPHER_CTX_free(state);
    return fine ? WW_OK : failed(op);
}

/* ---- costs ---- */

uint64_t pwhash_little_memory(const struct pwhash_params *p)
{
    (void)p;
    return 4096;
}

bool pwhash_any_cost(const struct pwhash_params *p)
{
    (void)p;
    return true;
}
