/* What formats of other programs are made of: parts between '$', base64, digests of OpenSSL's libcrypto.
 * Inside pwhash only. */
#ifndef PWHASH_PARTS_H
#define PWHASH_PARTS_H

#include "pwhash_format.h"

/* One canonical spelling of base64, or hexadecimal of either case. */
enum pwhash_coding {
    CODING_PADDED,  /* standard alphabet, with padding */
    CODING_RAW,     /* without */
    CODING_ADAPTED, /* passlib's: '.' for '+', without padding */
    CODING_HEX,
    CODING_PLAIN /* the bytes themselves */
};

/* The text up to the next `end` or to the end of all; moves *p behind it. False where *p is at the end
 * already. */
bool pwhash_next_part(const char **p, char end, struct bytes *out);
/* Decodes into a fixed place; false when it does not fit, or is not canonical. */
bool pwhash_decode(enum pwhash_coding coding, struct bytes text, uint8_t *out, size_t most, size_t *n);
/* A shorter hash would be that of too many passwords. */
enum { PWHASH_HASH_LEAST = 12 };
/* The same for the salt, what else belongs to the hash, and the hash itself, of at least so many bytes. */
bool pwhash_take_salt(struct pwhash_parsed *out, enum pwhash_coding coding, struct bytes text);
bool pwhash_take_extra(struct pwhash_parsed *out, enum pwhash_coding coding, struct bytes text);
bool pwhash_take_hash(struct pwhash_parsed *out, enum pwhash_coding coding, struct bytes text);
/* A part that is a canonical number and nothing else. */
bool pwhash_part_number(struct bytes part, uint32_t *out);

enum pwhash_digest {
    DIGEST_NONE,
    DIGEST_MD4,
    DIGEST_MD5,
    DIGEST_SHA1,
    DIGEST_SHA224,
    DIGEST_SHA256,
    DIGEST_SHA384,
    DIGEST_SHA512,
    DIGEST_SHA3_224,
    DIGEST_SHA3_384
};
enum { PWHASH_DIGEST_MOST = 64 };
/* By name in lower case ("sha256"); DIGEST_NONE: there is none. */
enum pwhash_digest pwhash_digest_named(struct bytes name);
size_t pwhash_digest_size(enum pwhash_digest d);
/* WW_EINTERNAL "digest_missing" where the system's libcrypto does not have it. */
enum ww_err pwhash_digest(struct ww_op *op, enum pwhash_digest d, const struct bytes *parts, size_t n,
                          uint8_t out[PWHASH_DIGEST_MOST]) WW_MUST;
enum ww_err pwhash_hmac(struct ww_op *op, enum pwhash_digest d, struct bytes key, struct bytes text,
                        uint8_t out[PWHASH_DIGEST_MOST]) WW_MUST;
enum ww_err pwhash_pbkdf2(struct ww_op *op, enum pwhash_digest d, struct bytes password, struct bytes salt,
                          uint32_t iterations, uint8_t *out, size_t n) WW_MUST;
/* AES-256 in counter mode from a counter of zeros: key 32 bytes. */
enum ww_err pwhash_aes_ctr(struct ww_op *op, const uint8_t key[32], struct bytes text, uint8_t *out) WW_MUST;

/* crypt(3) of libxcrypt with a password that it takes whole; *out what stands behind `setting`'s last '$', at
 * most PWHASH_SECRET_MAX bytes. */
enum ww_err pwhash_crypt(struct ww_op *op, const char *setting, struct bytes password,
                         struct pwhash_secret *out) WW_MUST;

/* For formats without working memory of note, and without a cost. */
uint64_t pwhash_little_memory(const struct pwhash_params *p);
bool pwhash_any_cost(const struct pwhash_params *p);

#endif
