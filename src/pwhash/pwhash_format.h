/* Inside pwhash: the public part taken apart, and one function per algorithm. */
#ifndef PWHASH_FORMAT_H
#define PWHASH_FORMAT_H

#include "pwhash.h"

enum {
    PWHASH_SALT_SIZE = 16,
    PWHASH_PASSWORD_MAX = 1024,
    BCRYPT_PUBLIC_LENGTH = 29,
    BCRYPT_HASH_LENGTH = 31,
    BCRYPT_PASSWORD_MAX = 72,
    BCRYPT_COST_MIN = 4,
    BCRYPT_COST_MAX = 15,
    ARGON2_MEMORY_MIN = 8, /* KiB; RFC 9106 §3.1: 8 p */
    ARGON2_ITERATIONS_MAX = 20,
};

struct pwhash_public {
    struct pwhash_params params;
    uint8_t salt[PWHASH_SALT_SIZE]; /* argon2id; bcrypt keeps its salt in the text */
};

/* False when the text is not in the one canonical form. Ceilings other than the format's are the caller's. */
bool pwhash_public_parse(struct pwhash_public *out, const char *text);
/* Working memory of one hash, in bytes. */
uint64_t pwhash_memory(const struct pwhash_params *p);
bool pwhash_within_ceilings(const struct pwhash_params *p, uint64_t memory_budget);

enum ww_err pwhash_argon2id_public_new(struct ww_op *op, const struct pwhash_params *p, char **out) WW_MUST;
/* Raw output of 32 bytes. */
enum ww_err pwhash_argon2id_hash(struct ww_op *op, const struct pwhash_public *p, struct bytes password,
                                 struct pwhash_secret *out) WW_MUST;

enum ww_err pwhash_bcrypt_public_new(struct ww_op *op, const struct pwhash_params *p, char **out) WW_MUST;
/* WW_ETOOLARGE where bcrypt would cut the password. */
enum ww_err pwhash_bcrypt_check_password(struct ww_op *op, struct bytes password) WW_MUST;
enum ww_err pwhash_bcrypt_hash(struct ww_op *op, const char *public_part, struct bytes password,
                               struct pwhash_secret *out) WW_MUST;

/* ---- the pool ---- */
uint64_t pwhash_pool_budget(const struct pwhash_pool *p);
/* Waits for a place to run and for `memory` bytes of the budget; WW_OK must be followed by pwhash_pool_leave.
 */
enum ww_err pwhash_pool_enter(struct ww_op *op, struct pwhash_pool *p, uint64_t memory) WW_MUST;
void pwhash_pool_leave(struct pwhash_pool *p, uint64_t memory);
/* How many wait now. */
unsigned pwhash_pool_waiting(struct pwhash_pool *p);

#endif
