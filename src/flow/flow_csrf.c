/* The anti-CSRF cookie and the masked token of forms (kratos.md §2.5). */
#include "flow_csrf.h"

#include <string.h>

#include "encode.h"
#include "secret.h"
#include "sha256.h"

/* Bytes; the cookie is base64 of them, the form's token of 64. */
enum { TOKEN = 32 };

/* Of the public address, so that two sites on one host have cookies of their own. */
char *flow_csrf_cookie_name(struct arena *a, const char *base_url)
{
    uint8_t hash[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];

    crypto_sha256(hash, bytes_str(base_url));
    hex_encode(hex, hash, sizeof hash);
    return arena_printf(a, "csrf_token_%s", hex);
}

char *flow_csrf_cookie_new(struct ww_op *op)
{
    uint8_t token[TOKEN];

    op_random(op, token, sizeof token);
    return base64_encode(&op->arena, BASE64, BYTES(token, sizeof token));
}

/* Another mask each time: a token that never repeats cannot be guessed byte by byte from the length of
 * compressed answers (BREACH). */
char *flow_csrf_mask(struct ww_op *op, const char *cookie)
{
    uint8_t masked[2 * TOKEN];
    struct bytes real;

    if (!base64_decode(&op->arena, BASE64, bytes_str(cookie), &real) || real.n != TOKEN) {
        return NULL;
    }
    op_random(op, masked, TOKEN);
    for (size_t i = 0; i < TOKEN; i++) {
        masked[TOKEN + i] = real.p[i] ^ masked[i];
    }
    return base64_encode(&op->arena, BASE64, BYTES(masked, sizeof masked));
}

/* Takes a token masked or raw, as Kratos does; compared in constant time, since who guesses would see how
 * far he came. */
bool flow_csrf_matches(struct arena *a, const char *cookie, const char *token)
{
    uint8_t given[TOKEN];
    struct bytes real, sent;

    if (!cookie || !token || !base64_decode(a, BASE64, bytes_str(cookie), &real) || real.n != TOKEN ||
        !base64_decode(a, BASE64, bytes_str(token), &sent)) {
        return false;
    }
    if (sent.n == TOKEN) {
        memcpy(given, sent.p, TOKEN);
    } else if (sent.n == (size_t)2 * TOKEN) {
        for (size_t i = 0; i < TOKEN; i++) {
            given[i] = sent.p[i] ^ sent.p[TOKEN + i];
        }
    } else {
        return false;
    }
    return crypto_equal(BYTES(given, sizeof given), real);
}
