/* Parameters for this machine. The time of Argon2id grows with memory times passes, nearly straight: a first
 * measure gives the rate, and each further one corrects it. */
#include "pwhash_format.h"

#include <time.h>

/* KiB and passes of vault.md §7; after five rounds a machine that is not quiet will not come closer. */
enum { FLOOR_KIB = 19456, PASSES_MAX = 20, STEP_KIB = 1024, ROUNDS = 5 };

struct calibration {
    struct ww_op *op;
    uint64_t target_us;
    uint32_t max_kib;
    void (*step)(void *ctx, const struct pwhash_params *tried, uint64_t took_us);
    void *ctx;
    struct pwhash_params best;
    uint64_t best_took_us;
};

static uint64_t monotonic_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* The faster of two runs: whatever disturbs a measure makes it slower. */
static enum ww_err measure(struct ww_op *op, const struct pwhash_params *params, uint64_t *took_us)
{
    const struct pwhash_parsed p = {
        .format = &pwhash_argon2id, .params = *params, .salt_length = PWHASH_SALT_SIZE};
    *took_us = UINT64_MAX;
    for (int run = 0; run < 2; run++) {
        PWHASH_SECRET(ignored);
        uint64_t start = monotonic_us();
        enum ww_err err = pwhash_argon2id.derive(op, &p, bytes_str("calibration"), &ignored);
        if (err != WW_OK) {
            return err;
        }
        uint64_t took = monotonic_us() - start;
        *took_us = took < *took_us ? took : *took_us;
    }
    *took_us += *took_us == 0;
    return WW_OK;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static enum ww_err try_params(struct calibration *c, const struct pwhash_params *params, uint64_t *took_us)
{
    enum ww_err err = measure(c->op, params, took_us);
    if (err != WW_OK) {
        return err;
    }
    if (c->step) {
        c->step(c->ctx, params, *took_us);
    }
    /* The nearest of all that were measured, not the last: a disturbed round costs nothing. */
    if (c->best_took_us == 0 || distance(*took_us, c->target_us) < distance(c->best_took_us, c->target_us)) {
        c->best = *params;
        c->best_took_us = *took_us;
    }
    return WW_OK;
}

/* Memory first: one pass over as much as the time and max_kib allow, then more passes. */
static struct pwhash_params params_for(const struct calibration *c, double kib_passes)
{
    double max = (double)c->max_kib, passes = kib_passes / max;
    struct pwhash_params p = {.algorithm = PWHASH_ARGON2ID, .iterations = 1};
    if (passes >= 1.5) {
        p.memory_kib = c->max_kib;
        p.iterations = passes > PASSES_MAX ? PASSES_MAX : (uint32_t)(passes + 0.5);
    } else {
        p.memory_kib = kib_passes > max ? c->max_kib : (uint32_t)kib_passes / STEP_KIB * STEP_KIB;
    }
    if (p.memory_kib < 47104 && p.iterations == 1) { /* the floor asks for a second pass below this */
        p.iterations = 2;
        p.memory_kib = kib_passes / 2 > max ? c->max_kib : (uint32_t)(kib_passes / 2) / STEP_KIB * STEP_KIB;
    }
    pwhash_raise_to_floor(&p);
    return p;
}

enum ww_err pwhash_calibrate(struct ww_op *op, uint64_t target_us, uint32_t max_kib,
                             void (*step)(void *ctx, const struct pwhash_params *tried, uint64_t took_us),
                             void *ctx, struct pwhash_params *out, uint64_t *took_us)
{
    struct calibration c = {.op = op, .target_us = target_us, .max_kib = max_kib, .step = step, .ctx = ctx};
    struct pwhash_params p = {.algorithm = PWHASH_ARGON2ID, .memory_kib = FLOOR_KIB, .iterations = 2};
    *out = (struct pwhash_params){0};
    *took_us = 0;
    if (target_us == 0 || max_kib < FLOOR_KIB) {
        return op_fail(op, WW_EINVAL, "bad_calibration",
                       "the target must be above 0 and the memory at least %d KiB", FLOOR_KIB);
    }
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t took;
        struct pwhash_params tried = p;
        enum ww_err err = try_params(&c, &tried, &took);
        if (err != WW_OK) {
            return err;
        }
        /* KiB and passes for each µs. */
        double rate = (double)tried.memory_kib * tried.iterations / (double)took;
        p = params_for(&c, rate * (double)target_us);
        if (p.memory_kib == tried.memory_kib && p.iterations == tried.iterations) {
            break;
        }
    }
    *out = c.best;
    *took_us = c.best_took_us;
    return WW_OK;
}
