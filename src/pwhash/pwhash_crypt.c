/* What crypt(3) verifies, by libxcrypt: md5-crypt, sha256-crypt and sha512-crypt under Kratos' prefixes
 * (kratos.md §6.4), and yescrypt under its own. */
#include "pwhash_parts.h"

#include <string.h>

#include <crypt.h>
#include <sodium.h>

enum {
    PASSWORD_MAX = CRYPT_MAX_PASSPHRASE_SIZE - 1,
    ROUNDS_LEAST = 1000,
    ROUNDS_USUAL = 5000,
    ROUNDS_MOST = 5000000, /* some seconds of a core */
    STATE = 32 * 1024,     /* struct crypt_data */
};

static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* No NUL and at most 511 bytes: what crypt(3) would cut is refused. */
static enum ww_err check_password(struct ww_op *op, struct bytes password)
{
    if (password.n <= PASSWORD_MAX && !(password.n && memchr(password.p, 0, password.n))) {
        return WW_OK;
    }
    enum ww_err err = op_fail_field(op, WW_ETOOLARGE, "password_too_long_for_crypt", "password",
                                    "crypt would use only the beginning of this password");
    op->problem.limit = PASSWORD_MAX;
    return err;
}

enum ww_err pwhash_crypt(struct ww_op *op, const char *setting, struct bytes password,
                         struct pwhash_secret *out)
{
    char text[PASSWORD_MAX + 1] = {0};
    struct crypt_data *state = ARENA_NEW(&op->arena, struct crypt_data);
    if (!state) {
        return op_no_memory(op);
    }
    if (password.n && password.n <= PASSWORD_MAX) {
        memcpy(text, password.p, password.n);
    }
    const char *hash = crypt_r(text, setting, state), *last = hash ? strrchr(hash, '$') : NULL;
    enum ww_err err = WW_OK;
    /* libxcrypt answers with a text that begins with '*' where it fails. */
    if (last && strlen(last + 1) <= sizeof out->b) {
        out->n = strlen(last + 1);
        memcpy(out->b, last + 1, out->n);
    } else {
        err = op_fail(op, WW_EINTERNAL, "crypt_failed", "the system's crypt library refused a hash");
    }
    sodium_memzero(state, sizeof *state);
    sodium_memzero(text, sizeof text);
    return err;
}

/* ---- $md5-crypt$, $sha256-crypt$, $sha512-crypt$ ---- */

static const struct scheme {
    const char *prefix, *own;
    size_t salt_most, hash;
    bool rounds;
} schemes[] = {{"$md5-crypt$", "$1$", 8, 22, false},
               {"$sha256-crypt$", "$5$", 16, 43, true},
               {"$sha512-crypt$", "$6$", 16, 86, true}};

static bool is_crypt64(struct bytes part)
{
    for (size_t i = 0; i < part.n; i++) {
        if (!strchr(alphabet, part.p[i]) || !part.p[i]) {
            return false;
        }
    }
    return true;
}

static const struct scheme *scheme_of(const char *text)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strncmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) == 0) {
            return &schemes[i];
        }
    }
    return NULL;
}

static bool parse_scheme(struct pwhash_parsed *out, const char *text)
{
    const struct scheme *s = scheme_of(text);
    const char *p = s ? text + strlen(s->prefix) : NULL;
    struct bytes salt, hash;
    out->params.iterations = ROUNDS_USUAL;
    if (s && s->rounds && pwhash_skip(&p, "rounds=") &&
        !(pwhash_read_number(&p, &out->params.iterations) && pwhash_skip(&p, "$"))) {
        return false;
    }
    return s && pwhash_next_part(&p, '$', &salt) && pwhash_next_part(&p, '$', &hash) && !p &&
           salt.n <= s->salt_most && is_crypt64(salt) && hash.n == s->hash && is_crypt64(hash) &&
           pwhash_take_salt(out, CODING_PLAIN, salt) && pwhash_take_hash(out, CODING_PLAIN, hash);
}

static uint64_t state_memory(const struct pwhash_params *p)
{
    (void)p;
    return STATE;
}

/* Below the least libxcrypt would raise the number, and the hash would be another. */
static bool rounds_are_within(const struct pwhash_params *p)
{
    return p->iterations >= ROUNDS_LEAST && p->iterations <= ROUNDS_MOST;
}

static enum ww_err derive_scheme(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                                 struct pwhash_secret *out)
{
    const struct scheme *s = scheme_of(p->text);
    char *setting = s ? arena_printf(&op->arena, "%s%s", s->own, p->text + strlen(s->prefix)) : NULL;
    return setting ? pwhash_crypt(op, setting, password, out) : op_no_memory(op);
}

#define SCHEME(prefix_)                                                                                      \
    {                                                                                                        \
        .prefix = (prefix_), .algorithm = PWHASH_IMPORTED, .parse = parse_scheme, .memory = state_memory,    \
        .within_ceilings = rounds_are_within, .check_password = check_password, .derive = derive_scheme      \
    }
const struct pwhash_format pwhash_md5_crypt = SCHEME("$md5-crypt$");
const struct pwhash_format pwhash_sha256_crypt = SCHEME("$sha256-crypt$");
const struct pwhash_format pwhash_sha512_crypt = SCHEME("$sha512-crypt$");

/* ---- yescrypt ---- */

/* "$y$j<N><r>$<salt>$<hash>": flavor 'j', what crypt(3) makes; other flavors and parameters say more. */
static bool parse_yescrypt(struct pwhash_parsed *out, const char *text)
{
    const char *p = text + 3;
    struct bytes parameters, salt, hash;
    if (!pwhash_next_part(&p, '$', &parameters) || !pwhash_next_part(&p, '$', &salt) ||
        !pwhash_next_part(&p, '$', &hash) || p || parameters.n != 3 || parameters.p[0] != 'j' ||
        !is_crypt64(parameters) || salt.n == 0 || salt.n > 86 || !is_crypt64(salt) || hash.n != 43 ||
        !is_crypt64(hash)) {
        return false;
    }
    size_t log2 = (size_t)(strchr(alphabet, parameters.p[1]) - alphabet) + 1;
    size_t r = (size_t)(strchr(alphabet, parameters.p[2]) - alphabet) + 1;
    if (log2 > 20 || r > 47) {
        return false;
    }
    out->params.iterations = (uint32_t)log2;
    out->params.memory_kib = (uint32_t)((r << log2) / 8); /* 128 N r bytes */
    return pwhash_take_hash(out, CODING_PLAIN, hash);
}

static uint64_t yescrypt_memory(const struct pwhash_params *p)
{
    return STATE + (uint64_t)p->memory_kib * 1024;
}

static bool yescrypt_is_within(const struct pwhash_params *p)
{
    return p->iterations >= 10 && p->memory_kib <= 1048576;
}

static enum ww_err derive_yescrypt(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                                   struct pwhash_secret *out)
{
    return pwhash_crypt(op, p->text, password, out);
}

const struct pwhash_format pwhash_yescrypt = {
    .prefix = "$y$",
    .algorithm = PWHASH_IMPORTED,
    .parse = parse_yescrypt,
    .memory = yescrypt_memory,
    .within_ceilings = yescrypt_is_within,
    .check_password = check_password,
    .derive = derive_yescrypt,
};
