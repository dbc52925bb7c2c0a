/* bcrypt by libxcrypt: "$2b$12$<salt>", 29 characters, and with the 31 of the hash behind them a complete
 * hash (vault.md §7). New ones are of variant 2b; complete ones may be 2a or 2y, which differ only in bugs
 * that libxcrypt does not have. */
#include "pwhash_format.h"

#include <string.h>

#include <crypt.h>
#include <sodium.h>

enum {
    PUBLIC_LENGTH = 29,
    HASH_LENGTH = 31,
    /* Bytes. bcrypt takes no notice of more, nor of what follows a NUL: refused rather than cut, since two
     * passwords would open one account. */
    PASSWORD_MAX = 72,
    COST_MIN = 4,
    /* Doublings of the work. 15 is about 2 s of a core, the ceiling of vault.md §7; 12 is the least for new
     * ones. */
    COST_MAX = 15,
    COST_FLOOR = 12,
    SALT_TEXT = 22,
    WORKING_MEMORY = 36 * 1024, /* 4 KiB of tables and libxcrypt's state of 32 KiB */
};
static const char alphabet[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool parse(struct pwhash_parsed *out, const char *text)
{
    size_t length = strlen(text);
    bool complete = length == PUBLIC_LENGTH + HASH_LENGTH;
    if (!complete && length != PUBLIC_LENGTH) {
        return false;
    }
    const char *p = text + 4;
    /* The prefix "$2" matched and the length is known, so that these places are there; text[2] is no NUL,
     * which strchr would find. */
    if (!strchr(complete ? "aby" : "b", text[2]) || text[3] != '$' || !is_digit(p[0]) || !is_digit(p[1]) ||
        p[2] != '$') {
        return false;
    }
    out->params.cost = (uint32_t)((p[0] - '0') * 10 + (p[1] - '0'));
    p += 3;
    /* The last of the 22 characters holds two bits of the salt, its upper ones. */
    if (strspn(p, alphabet) != strlen(p) || strchr(".Oeu", p[SALT_TEXT - 1]) == NULL) {
        return false;
    }
    memcpy(out->salt, p, SALT_TEXT);
    out->salt_length = SALT_TEXT;
    if (complete) {
        memcpy(out->expected.b, p + SALT_TEXT, HASH_LENGTH);
        out->expected.n = HASH_LENGTH;
    }
    return true;
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

static enum ww_err check_password(struct ww_op *op, struct bytes password)
{
    if (password.n <= PASSWORD_MAX && !(password.n && memchr(password.p, 0, password.n))) {
        return WW_OK;
    }
    enum ww_err err = op_fail_field(op, WW_ETOOLARGE, "password_too_long_for_bcrypt", "password",
                                    "bcrypt would use only the beginning of this password");
    op->problem.limit = PASSWORD_MAX;
    return err;
}

static enum ww_err hash_password(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                                 struct pwhash_secret *out)
{
    enum ww_err err = WW_EINTERNAL;
    char text[PASSWORD_MAX + 1] = {0};
    struct crypt_data *state = ARENA_NEW(&op->arena, struct crypt_data);
    if (!state) {
        return op_no_memory(op);
    }
    /* Bounded by check_password, which ran before the pool was entered. */
    if (password.n) {
        memcpy(text, password.p, password.n);
    }
    const char *hash = crypt_r(text, p->text, state);
    /* libxcrypt answers with a text that begins with '*' where it fails. */
    if (hash && strlen(hash) == PUBLIC_LENGTH + HASH_LENGTH && memcmp(hash, p->text, PUBLIC_LENGTH) == 0) {
        memcpy(out->b, hash + PUBLIC_LENGTH, HASH_LENGTH);
        out->n = HASH_LENGTH;
        err = WW_OK;
    } else {
        err = op_fail(op, WW_EINTERNAL, "bcrypt_failed", "the system's crypt library refused a bcrypt hash");
    }
    /* Wiped now rather than with the arena: the operation goes on to wait for the database. */
    sodium_memzero(state, sizeof *state);
    sodium_memzero(text, sizeof text);
    return err;
}

static enum ww_err public_new(struct ww_op *op, const struct pwhash_params *p, char **out)
{
    char salt[PWHASH_SALT_SIZE], text[CRYPT_GENSALT_OUTPUT_SIZE];
    op_random(op, salt, sizeof salt);
    if (!crypt_gensalt_rn("$2b$", p->cost, salt, sizeof salt, text, sizeof text) ||
        strlen(text) != PUBLIC_LENGTH) {
        return op_fail(op, WW_EINTERNAL, "bcrypt_failed", "the system's crypt library cannot do bcrypt");
    }
    *out = arena_strdup(&op->arena, text);
    return *out ? WW_OK : op_no_memory(op);
}

static void write_hash(struct buf *b, const struct pwhash_secret *secret)
{
    buf_add(b, secret->b, secret->n);
}

/* Other variants of a complete hash are the same function here, and a public part is always of ours: one that
 * was not would open for nobody. */
static void as_ours(char *public_part)
{
    public_part[2] = 'b';
}

static bool raise_to_floor(struct pwhash_params *p)
{
    bool low = p->cost < COST_FLOOR;
    p->cost = low ? COST_FLOOR : p->cost;
    return low;
}

static bool weaker(const struct pwhash_params *stored, const struct pwhash_params *wanted)
{
    return stored->cost < wanted->cost;
}

const struct pwhash_format pwhash_bcrypt = {
    .prefix = "$2",
    .algorithm = PWHASH_BCRYPT,
    .parse = parse,
    .memory = memory,
    .within_ceilings = within_ceilings,
    .check_password = check_password,
    .derive = hash_password,
    .write_hash = write_hash,
    .as_ours = as_ours,
    .public_new = public_new,
    .raise_to_floor = raise_to_floor,
    .weaker = weaker,
};
