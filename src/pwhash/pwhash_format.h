/* Inside pwhash: a hash taken apart, and what a format is. A format is one file and one row of
 * pwhash_formats.c. */
#ifndef PWHASH_FORMAT_H
#define PWHASH_FORMAT_H

#include "pwhash.h"

enum {
    PWHASH_SALT_SIZE = 16, /* of the hashes that we make */
    PWHASH_SALT_MAX = 1024,
    PWHASH_EXTRA_MAX = 256,
    PWHASH_TEXT_MAX = 2560, /* 1,024 bytes of salt and 512 of hash in base64, and parameters */
    PWHASH_PASSWORD_MAX = 1024,
};

struct pwhash_format;

/* What a text of a format says. */
struct pwhash_parsed {
    const struct pwhash_format *format;
    struct pwhash_params params;
    const char *text; /* as given */
    uint8_t salt[PWHASH_SALT_MAX];
    size_t salt_length;
    uint8_t extra[PWHASH_EXTRA_MAX]; /* what else a format needs */
    size_t extra_length;
    struct pwhash_secret expected; /* of a complete hash; n = 0: a public part */
};

struct pwhash_format {
    const char *prefix; /* "$argon2id$": what begins so is this format's, and no other's */
    enum pwhash_algorithm algorithm;
    /* False when the text is not in its one canonical form: bounded work, no hashing. out is zeroed. */
    bool (*parse)(struct pwhash_parsed *out, const char *text);
    /* Working memory of one hash, in bytes. */
    uint64_t (*memory)(const struct pwhash_params *p);
    /* Limits of time; those of memory are checked for all formats alike. */
    bool (*within_ceilings)(const struct pwhash_params *p);
    /* Refuses a password that the algorithm would cut, with WW_ETOOLARGE; NULL: it takes any. */
    enum ww_err (*check_password)(struct ww_op *op, struct bytes password);
    /* The hash of a password under the salt and parameters of p. Sets out->n. */
    enum ww_err (*derive)(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                          struct pwhash_secret *out);

    /* What stands behind the public part in a complete hash; NULL for a format that is only verified. */
    void (*write_hash)(struct buf *b, const struct pwhash_secret *secret);
    /* Brings the public part of another program's hash to the one text that parse takes; NULL: it is. */
    void (*as_ours)(char *public_part);

    /* For new hashes; NULL for a format that is only verified. */
    enum ww_err (*public_new)(struct ww_op *op, const struct pwhash_params *p, char **out);
    bool (*raise_to_floor)(struct pwhash_params *p);
    bool (*weaker)(const struct pwhash_params *stored, const struct pwhash_params *wanted);
};

/* Ends with NULL. */
extern const struct pwhash_format *const pwhash_formats[];
extern const struct pwhash_format pwhash_argon2id, pwhash_bcrypt, pwhash_argon2id_import,
    pwhash_argon2i_import, pwhash_argon2_django, pwhash_bcrypt_2, pwhash_bcrypt_2z, pwhash_bcrypt_django,
    pwhash_bcrypt_sha256_django, pwhash_bcrypt_passlib, pwhash_pbkdf2_kratos, pwhash_pbkdf2_passlib,
    pwhash_pbkdf2_django, pwhash_pbkdf2_werkzeug, pwhash_scrypt_kratos, pwhash_scrypt_django,
    pwhash_scrypt_werkzeug, pwhash_firescrypt, pwhash_ssha, pwhash_sha_label, pwhash_sha1, pwhash_sha256,
    pwhash_sha512, pwhash_md5, pwhash_md5_crypt, pwhash_sha256_crypt, pwhash_sha512_crypt, pwhash_yescrypt,
    pwhash_hmac_kratos, pwhash_phpass, pwhash_phpass_bb, pwhash_apr1;

/* Finds the format and takes the text apart; false when no format takes it. */
bool pwhash_parse(struct pwhash_parsed *out, const char *text);
/* Whether one hash stays below the format's limits and the memory that hashes may use together. */
bool pwhash_within_ceilings(const struct pwhash_format *f, const struct pwhash_params *p,
                            uint64_t memory_budget);

/* ---- for parsers: each moves *p on ---- */
bool pwhash_skip(const char **p, const char *expected);
/* A canonical decimal number: no sign, no leading zero, at most 32 bits. */
bool pwhash_read_number(const char **p, uint32_t *out);

/* ---- the pool ---- */
uint64_t pwhash_pool_budget(const struct pwhash_pool *p);
/* Waits for a place to run and for `memory` bytes of the budget; WW_OK must be followed by pwhash_pool_leave.
 */
enum ww_err pwhash_pool_enter(struct ww_op *op, struct pwhash_pool *p, uint64_t memory) WW_MUST;
void pwhash_pool_leave(struct pwhash_pool *p, uint64_t memory);
/* How many wait now. */
unsigned pwhash_pool_waiting(struct pwhash_pool *p);

#endif
