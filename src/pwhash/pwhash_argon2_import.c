/* Argon2id and Argon2i of other programs (RFC 9106, version 19), with any number of lanes, by the reference
 * implementation: libsodium has one lane only. Kratos' spelling, and Django's with its name before it. */
#include "pwhash_parts.h"

#include <string.h>

#include <argon2.h>

/* Kratos' bounds (kratos.md §6.4); that of memory is the pool's budget too. */
enum { MEMORY_MOST_KIB = 1048576, ITERATIONS_MOST = 10, LANES_MOST = 16, SALT_LEAST = 8 };

enum { ARGON2I = 1, ARGON2ID = 2 };

static bool parse(struct pwhash_parsed *out, const char *text)
{
    const char *p = text;
    struct bytes salt, hash;
    (void)pwhash_skip(&p, "argon2");
    out->params.variant = pwhash_skip(&p, "$argon2id$v=19$m=")  ? ARGON2ID
                          : pwhash_skip(&p, "$argon2i$v=19$m=") ? ARGON2I
                                                                : 0;
    return out->params.variant && pwhash_read_number(&p, &out->params.memory_kib) && pwhash_skip(&p, ",t=") &&
           pwhash_read_number(&p, &out->params.iterations) && pwhash_skip(&p, ",p=") &&
           pwhash_read_number(&p, &out->params.lanes) && pwhash_skip(&p, "$") &&
           pwhash_next_part(&p, '$', &salt) && pwhash_next_part(&p, '$', &hash) && !p &&
           pwhash_take_salt(out, CODING_RAW, salt) && out->salt_length >= SALT_LEAST &&
           pwhash_take_hash(out, CODING_RAW, hash);
}

static uint64_t memory(const struct pwhash_params *p)
{
    return (uint64_t)p->memory_kib * 1024;
}

/* RFC 9106 §3.1: at least 8 KiB for each lane. */
static bool within_ceilings(const struct pwhash_params *p)
{
    return p->iterations >= 1 && p->iterations <= ITERATIONS_MOST && p->lanes >= 1 &&
           p->lanes <= LANES_MOST && p->memory_kib >= 8 * p->lanes && p->memory_kib <= MEMORY_MOST_KIB;
}

static enum ww_err run_hash(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                            struct pwhash_secret *out)
{
    uint8_t *text = ARENA_ARRAY(&op->arena, password.n + 1, uint8_t);
    uint8_t *salt = ARENA_ARRAY(&op->arena, p->salt_length, uint8_t);
    if (!text || !salt) {
        return op_no_memory(op);
    }
    if (password.n) {
        memcpy(text, password.p, password.n);
    }
    memcpy(salt, p->salt, p->salt_length);
    /* One thread for all lanes: a sign-in has one place in the pool. */
    argon2_context context = {.out = out->b,
                              .outlen = (uint32_t)p->expected.n,
                              .pwd = text,
                              .pwdlen = (uint32_t)password.n,
                              .salt = salt,
                              .saltlen = (uint32_t)p->salt_length,
                              .t_cost = p->params.iterations,
                              .m_cost = p->params.memory_kib,
                              .lanes = p->params.lanes,
                              .threads = 1,
                              .version = ARGON2_VERSION_13,
                              .flags = ARGON2_FLAG_CLEAR_PASSWORD};
    int result = p->params.variant == ARGON2I ? argon2i_ctx(&context) : argon2id_ctx(&context);
    if (result != ARGON2_OK) {
        return result == ARGON2_MEMORY_ALLOCATION_ERROR
                   ? op_no_memory(op)
                   : op_fail(op, WW_EINTERNAL, "argon2_failed", "libargon2 refused a hash");
    }
    out->n = p->expected.n;
    return WW_OK;
}

#define ARGON2(prefix_)                                                                                      \
    {                                                                                                        \
        .prefix = (prefix_), .algorithm = PWHASH_IMPORTED, .parse = parse, .memory = memory,                 \
        .within_ceilings = within_ceilings, .derive = run_hash                                               \
    }
const struct pwhash_format pwhash_argon2id_import = ARGON2("$argon2id$");
const struct pwhash_format pwhash_argon2i_import = ARGON2("$argon2i$");
const struct pwhash_format pwhash_argon2_django = ARGON2("argon2$argon2");
