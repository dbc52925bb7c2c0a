/* The imaginary hash format: "$count$<rounds>$<salt>" and "$<512 characters>", whose hash counts. It has the
 * longest salt and the longest hash that a format may have. */
#include "kinds_fixture.h"

#include <string.h>

enum { ROUNDS_MAX = 1000 };

static bool parse(struct pwhash_parsed *out, const char *text)
{
    if (!pwhash_skip(&text, "$count$") || !pwhash_read_number(&text, &out->params.iterations) ||
        !pwhash_skip(&text, "$")) {
        return false;
    }
    const char *end = strchr(text, '$');
    out->salt_length = end ? (size_t)(end - text) : strlen(text);
    if (out->salt_length == 0 || out->salt_length > sizeof out->salt) {
        return false;
    }
    memcpy(out->salt, text, out->salt_length);
    if (!end) {
        return true;
    }
    out->expected.n = strlen(end + 1);
    if (out->expected.n != sizeof out->expected.b) {
        return false;
    }
    memcpy(out->expected.b, end + 1, out->expected.n);
    return true;
}

static uint64_t memory(const struct pwhash_params *p)
{
    (void)p;
    return 1024;
}

static bool within_ceilings(const struct pwhash_params *p)
{
    return p->iterations <= ROUNDS_MAX;
}

static enum ww_err count_up(struct ww_op *op, const struct pwhash_parsed *p, struct bytes password,
                            struct pwhash_secret *out)
{
    (void)op;
    out->n = sizeof out->b;
    for (size_t i = 0; i < out->n; i++) {
        size_t sum = i + p->params.iterations + p->salt[i % p->salt_length] +
                     (password.n ? password.p[i % password.n] : 0u);
        out->b[i] = (uint8_t)('a' + sum % 26);
    }
    return WW_OK;
}

const struct pwhash_format pwhash_count = {
    .prefix = "$count$",
    .algorithm = (enum pwhash_algorithm)100,
    .parse = parse,
    .memory = memory,
    .within_ceilings = within_ceilings,
    .derive = count_up,
};
