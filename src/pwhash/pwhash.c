/* What all hash formats share (vault.md §7): finding the format of a text, refusing what would cost too much
 * before any hashing, running in the pool, comparing. */
#include "pwhash_format.h"

#include <string.h>

#include <sodium.h>

void pwhash_secret_wipe(struct pwhash_secret *s)
{
    sodium_memzero(s, sizeof *s);
}

bool pwhash_skip(const char **p, const char *expected)
{
    size_t n = strlen(expected);
    if (strncmp(*p, expected, n) != 0) {
        return false;
    }
    *p += n;
    return true;
}

bool pwhash_read_number(const char **p, uint32_t *out)
{
    uint64_t v = 0;
    const char *start = *p;
    /* Ten digits fit into 64 bits, so that the sum cannot wrap before it is compared. */
    while (**p >= '0' && **p <= '9' && *p - start < 10) {
        v = v * 10 + (uint64_t)(**p - '0');
        (*p)++;
    }
    *out = (uint32_t)v;
    /* One spelling of each number: the text is authenticated data of a slot, and compared as bytes. */
    return *p > start && *start != '0' && v <= UINT32_MAX;
}

static const struct pwhash_format *find_format(enum pwhash_algorithm algorithm)
{
    const struct pwhash_format *const *f = pwhash_formats;
    while (*f && (*f)->algorithm != algorithm) {
        f++;
    }
    return *f;
}

static void begin_parsing(struct pwhash_parsed *out, const char *text, const struct pwhash_format *f)
{
    memset(out, 0, sizeof *out);
    out->text = text;
    out->format = f;
    out->params.algorithm = f ? f->algorithm : 0;
}

bool pwhash_parse(struct pwhash_parsed *out, const char *text)
{
    begin_parsing(out, text, NULL);
    /* An imported hash is whatever an administrator sends: bounded before it is parsed. */
    if (strnlen(text, PWHASH_TEXT_MAX + 1) > PWHASH_TEXT_MAX) {
        return false;
    }
    for (const struct pwhash_format *const *f = pwhash_formats; *f; f++) {
        if (strncmp(text, (*f)->prefix, strlen((*f)->prefix)) == 0) {
            begin_parsing(out, text, *f);
            if ((*f)->parse(out, text)) {
                return true;
            }
        }
    }
    return false;
}

/* Before any hashing, at import and at every sign-in (vault.md §7): a stored hash must not be able to hold
 * a core for minutes or take the machine's memory. */
bool pwhash_within_ceilings(const struct pwhash_format *f, const struct pwhash_params *p,
                            uint64_t memory_budget)
{
    return f->within_ceilings(p) && f->memory(p) <= memory_budget;
}

/* Configuration may raise the cost, but not lower it below what vault.md §7 asks of new slots. */
bool pwhash_raise_to_floor(struct pwhash_params *p)
{
    const struct pwhash_format *f = find_format(p->algorithm);
    return f && f->raise_to_floor && f->raise_to_floor(p);
}

bool pwhash_outdated(const char *public_part, const struct pwhash_params *p)
{
    struct pwhash_parsed stored;
    return !pwhash_parse(&stored, public_part) || stored.expected.n > 0 ||
           stored.params.algorithm != p->algorithm || !stored.format->weaker ||
           stored.format->weaker(&stored.params, p);
}

enum ww_err pwhash_public_new(struct ww_op *op, const struct pwhash_params *p, char **out)
{
    const struct pwhash_format *f = find_format(p->algorithm);
    *out = NULL;
    if (!f || !f->public_new || !pwhash_within_ceilings(f, p, UINT64_MAX)) {
        return op_fail(op, WW_EINVAL, "bad_hash_parameters", "the parameters of the hash are out of bounds");
    }
    return f->public_new(op, p, out);
}

/* Takes a public part or a complete hash apart, and refuses what would cost too much. */
static enum ww_err read_hash(struct ww_op *op, const struct pwhash_pool *pool, const char *text,
                             bool complete, struct pwhash_parsed *out)
{
    if (pwhash_parse(out, text) && (out->expected.n > 0) == complete &&
        pwhash_within_ceilings(out->format, &out->params, pwhash_pool_budget(pool))) {
        return WW_OK;
    }
    return op_fail(op, WW_EINVAL, "bad_password_hash", "%s is malformed or above the ceilings",
                   complete ? "a password hash" : "the public part of a password hash");
}

static void wipe_parsed(struct pwhash_parsed *p)
{
    pwhash_secret_wipe(&p->expected);
}

static enum ww_err check_password(struct ww_op *op, const struct pwhash_format *f, struct bytes password)
{
    if (password.n > PWHASH_PASSWORD_MAX) {
        enum ww_err err =
            op_fail_field(op, WW_ETOOLARGE, "password_too_long", "password", "the password is too long");
        op->problem.limit = PWHASH_PASSWORD_MAX;
        return err;
    }
    return f->check_password ? f->check_password(op, password) : WW_OK;
}

/* The password's bounds first, so that one that is refused costs no place in the pool; the place is given
 * back whatever the hash answers. */
static enum ww_err run_in_pool(struct ww_op *op, struct pwhash_pool *pool, const struct pwhash_parsed *p,
                               struct bytes password, struct pwhash_secret *out)
{
    uint64_t memory = p->format->memory(&p->params);
    enum ww_err err = check_password(op, p->format, password);
    if (err || (err = pwhash_pool_enter(op, pool, memory))) {
        return err;
    }
    err = p->format->derive(op, p, password, out);
    pwhash_pool_leave(pool, memory);
    return err;
}

enum ww_err pwhash_derive(struct ww_op *op, struct pwhash_pool *pool, const char *public_part,
                          struct bytes password, struct pwhash_secret *out)
{
    struct pwhash_parsed p;
    pwhash_secret_wipe(out);
    enum ww_err err = read_hash(op, pool, public_part, false, &p);
    return err ? err : run_in_pool(op, pool, &p, password, out);
}

/* Whoever imports hashes must know which of the three it is. */
enum ww_err pwhash_check(struct ww_op *op, struct pwhash_pool *pool, const char *hash)
{
    __attribute__((cleanup(wipe_parsed))) struct pwhash_parsed p;
    bool parsed = pwhash_parse(&p, hash) && p.expected.n > 0;
    if (!p.format) {
        return op_fail_field(op, WW_EINVAL, "password_hash_unknown", "password",
                             "The imported password does not match any known hash format.");
    }
    if (!parsed) {
        return op_fail_field(op, WW_EINVAL, "password_hash_malformed", "password",
                             "The imported password hash could not be parsed.");
    }
    return pwhash_within_ceilings(p.format, &p.params, pwhash_pool_budget(pool))
               ? WW_OK
               : op_fail_field(
                     op, WW_EINVAL, "password_hash_costly", "password",
                     "The imported password hash declares cost parameters that exceed the bounds of "
                     "this server.");
}

static enum ww_err wrong(struct ww_op *op)
{
    return op_fail(op, WW_EDENIED, "wrong_credentials", "the credentials are wrong");
}

enum ww_err pwhash_verify(struct ww_op *op, struct pwhash_pool *pool, const char *hash, struct bytes password)
{
    __attribute__((cleanup(wipe_parsed))) struct pwhash_parsed p;
    PWHASH_SECRET(secret);
    enum ww_err err = read_hash(op, pool, hash, true, &p);
    if (err || (err = run_in_pool(op, pool, &p, password, &secret))) {
        return err;
    }
    /* In constant time, and on the raw bytes: two texts of one hash do not differ here. */
    return crypto_equal(BYTES(secret.b, secret.n), BYTES(p.expected.b, p.expected.n)) ? WW_OK : wrong(op);
}

enum ww_err pwhash_join(struct ww_op *op, const char *public_part, const struct pwhash_secret *secret,
                        char **hash)
{
    __attribute__((cleanup(wipe_parsed))) struct pwhash_parsed p;
    struct buf b = BUF(&op->arena);
    *hash = NULL;
    if (!pwhash_parse(&p, public_part)) {
        return op_fail(op, WW_EINVAL, "bad_password_hash", "this is no public part of a hash");
    }
    buf_str(&b, public_part);
    p.format->write_hash(&b, secret);
    *hash = buf_text(&b);
    return *hash ? WW_OK : op_no_memory(op);
}

enum ww_err pwhash_split(struct ww_op *op, const char *hash, char **public_part, struct pwhash_secret *secret)
{
    __attribute__((cleanup(wipe_parsed))) struct pwhash_parsed p;
    struct buf behind = BUF(&op->arena);
    *public_part = NULL;
    if (!pwhash_parse(&p, hash) || !p.expected.n || !p.format->write_hash) {
        return op_fail(op, WW_EINVAL, "bad_password_hash", "this is no complete hash");
    }
    p.format->write_hash(&behind, &p.expected);
    if (!buf_done(&behind).p) {
        return op_no_memory(op);
    }
    *secret = p.expected;
    *public_part = arena_strndup(&op->arena, hash, strlen(hash) - buf_done(&behind).n);
    if (*public_part && p.format->as_ours) {
        p.format->as_ours(*public_part);
    }
    return *public_part ? WW_OK : op_no_memory(op);
}

/* For who does not exist: the same hash, the same queue, the same answer. The result is thrown away. */
enum ww_err pwhash_waste(struct ww_op *op, struct pwhash_pool *pool, const struct pwhash_params *p,
                         struct bytes password)
{
    char *public_part;
    PWHASH_SECRET(secret);
    enum ww_err err = pwhash_public_new(op, p, &public_part);
    if (err == WW_OK) {
        err = pwhash_derive(op, pool, public_part, password, &secret);
    }
    if (err == WW_EBUSY) {
        return err;
    }
    if (err == WW_ENOMEM) { /* no answer about the credentials can be given without the work */
        err = op_fail(op, WW_EBUSY, "busy", "no memory for a password hash");
        op->problem.retry_after = 1;
        return err;
    }
    return wrong(op);
}
