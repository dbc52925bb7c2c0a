/* Slow hashes of passwords (vault.md §7): make, repeat, compare cost, calibrate; and the limit on how many
 * run at once.
 *
 * The "public part" of a password is everything but the hash: "$argon2id$v=19$m=65536,t=3,p=1$<salt>" or the
 * 29 characters
 * "$2b$12$<salt>". The secret is the raw hash (32 bytes) or the 31 characters after them. A "complete hash"
 * is both together, as other programs store it. Each format is a row of pwhash_formats.c. */
#ifndef PWHASH_H
#define PWHASH_H

#include "op.h"
#include "secret.h"

enum pwhash_algorithm { PWHASH_ARGON2ID, PWHASH_BCRYPT, PWHASH_IMPORTED /* verified only */ };

struct pwhash_params {
    enum pwhash_algorithm algorithm;
    uint32_t memory_kib, iterations; /* argon2id; p is always 1 */
    uint32_t cost;                   /* bcrypt; N of scrypt, doublings of phpass */
    uint32_t lanes, block, variant;  /* of imported hashes: p, r, and which of a family */
};

/* Floors of vault.md §7: raises what is below (argon2id m = 19456 t = 2, or m = 47104 t = 1; bcrypt 12) and
 * says whether it did. */
bool pwhash_raise_to_floor(struct pwhash_params *p);

/* How many hashes may run in this process; the other threads that ask wait. */
struct pwhash_pool;
struct pwhash_limits {
    uint64_t memory_budget; /* bytes of all hashes running at once; 0 = a quarter of the machine's memory, at
                               most 1 GiB */
    unsigned workers;       /* hashes at once; 0 = number of cores */
    unsigned wait_ms;       /* longest wait; 0 = 5000 */
};
enum ww_err pwhash_pool_new(struct ww_op *op, const struct pwhash_limits *limits,
                            struct pwhash_pool **out) WW_MUST;
void pwhash_pool_free(struct pwhash_pool *p);

enum { PWHASH_SECRET_MAX = 512 }; /* what other programs make of PBKDF2 may be as long */
struct pwhash_secret {
    uint8_t b[PWHASH_SECRET_MAX];
    size_t n; /* as the format has it: 32 for Argon2id, 31 for bcrypt */
};
void pwhash_secret_wipe(struct pwhash_secret *s);
/* A hash result on the stack, wiped when its scope is left. */
#define PWHASH_SECRET(name) __attribute__((cleanup(pwhash_secret_wipe))) struct pwhash_secret name = {{0}, 0}

/* A fresh public part with a random salt. */
enum ww_err pwhash_public_new(struct ww_op *op, const struct pwhash_params *p, char **out) WW_MUST;
/* Hashes in the pool. password: after NFC, at most 1,024 bytes. WW_ETOOLARGE id
 * "password_too_long_for_bcrypt" for bcrypt above 72 bytes or with a NUL; WW_EINVAL a public part that is
 * malformed or above the ceilings (memory budget, t 20, bcrypt cost 15), checked before any work; WW_EBUSY
 * (id "busy", retry_after set) the wait was too long. */
enum ww_err pwhash_derive(struct ww_op *op, struct pwhash_pool *pool, const char *public_part,
                          struct bytes password, struct pwhash_secret *out) WW_MUST;
/* Whether a complete hash may be kept and verified here: WW_EINVAL with field "password", ids
 * "password_hash_unknown" (no known format), "password_hash_malformed", "password_hash_costly" (above the
 * ceilings). Nothing is hashed. */
enum ww_err pwhash_check(struct ww_op *op, struct pwhash_pool *pool, const char *hash) WW_MUST;
/* Whether a complete hash is that of the password: WW_EDENIED when not; else as pwhash_derive. */
enum ww_err pwhash_verify(struct ww_op *op, struct pwhash_pool *pool, const char *hash,
                          struct bytes password) WW_MUST;
/* A complete hash of its two parts, in the arena; and back: *public_part in the arena, WW_EINVAL for what is
 * no complete hash. Nothing is hashed. */
enum ww_err pwhash_join(struct ww_op *op, const char *public_part, const struct pwhash_secret *secret,
                        char **hash) WW_MUST;
enum ww_err pwhash_split(struct ww_op *op, const char *hash, char **public_part,
                         struct pwhash_secret *secret) WW_MUST;
/* The same work for nobody: for unknown names and accounts without a password. Its result is always
 * WW_EDENIED, or WW_EBUSY. */
enum ww_err pwhash_waste(struct ww_op *op, struct pwhash_pool *pool, const struct pwhash_params *p,
                         struct bytes password) WW_MUST;
/* Whether a stored public part is weaker than, or of another algorithm than, the configuration: replace it at
 * login. */
bool pwhash_outdated(const char *public_part, const struct pwhash_params *p);
/* Measures this machine: argon2id parameters whose time is closest to target, memory first, at most max_kib.
 * Progress is reported through `step` (may be NULL). */
enum ww_err pwhash_calibrate(struct ww_op *op, uint64_t target_us, uint32_t max_kib,
                             void (*step)(void *ctx, const struct pwhash_params *tried, uint64_t took_us),
                             void *ctx, struct pwhash_params *out, uint64_t *took_us) WW_MUST;

#endif
