/* Draws, writes and reads recovery codes (vault.md §7, kind 2). Nothing here knows an account. */
#include "cred_recovery_code.h"

#include <string.h>

#include "seal.h"

/* 26 that are the secret and 2 to find typing errors: seven groups of four. */
enum { ALL_SYMBOLS = 28, GROUP = 4, BITS = 5 };

/* Crockford's base32: no I, L, O, which look like 1 and 0, and no U. */
static const char ALPHABET[32] = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A',
                                  'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M', 'N',
                                  'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z'};

void cred_recovery_code_draw(const struct ww_op *op, struct recovery_code *out)
{
    /* A byte for each symbol, of which five bits are used: 32 divides 256, so all symbols are equally likely.
     */
    KEY32(drawn);
    op_random(op, drawn.b, RECOVERY_CODE_SYMBOLS);
    for (size_t i = 0; i < RECOVERY_CODE_SYMBOLS; i++) {
        out->symbols[i] = ALPHABET[drawn.b[i] & 31];
    }
}

/* The first 10 bits of D(–, code-check, –, the 26). They find all but one in 1,024 errors and tell a thief
 * nothing, since they follow from the 26. */
static void check_symbols(const struct recovery_code *code, char out[2])
{
    KEY32(check);
    derive(&check, NULL, "code-check", NULL, BYTES(code->symbols, RECOVERY_CODE_SYMBOLS));
    unsigned bits = (unsigned)check.b[0] << 2 | check.b[1] >> 6;
    out[0] = ALPHABET[bits >> BITS];
    out[1] = ALPHABET[bits & 31];
}

char *cred_recovery_code_text(struct arena *a, const struct recovery_code *code)
{
    char check[2], *text = arena_alloc(a, RECOVERY_CODE_TEXT + 1);
    if (!text) {
        return NULL;
    }
    char *p = text;
    check_symbols(code, check);
    for (size_t i = 0; i < ALL_SYMBOLS; i++) {
        if (i > 0 && i % GROUP == 0) {
            *p++ = '-';
        }
        *p++ = i < RECOVERY_CODE_SYMBOLS ? code->symbols[i] : check[i - RECOVERY_CODE_SYMBOLS];
    }
    *p = '\0';
    return text;
}

/* The symbol that somebody meant by a character, or 0. Crockford's reading: small letters count, O is 0, I
 * and L are 1. */
static char symbol_of(char typed)
{
    char c = typed >= 'a' && typed <= 'z' ? (char)(typed - 'a' + 'A') : typed;
    c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
    return c && memchr(ALPHABET, c, sizeof ALPHABET) ? c : '\0';
}

static enum ww_err malformed(struct ww_op *op)
{
    return op_fail_field(op, WW_EINVAL, "recovery_code_wrong", "code",
                         "a recovery code has seven groups of four letters and digits");
}

enum ww_err cred_recovery_code_read(struct ww_op *op, struct bytes typed, struct recovery_code *out)
{
    char check[2], typed_check[2] = {0};
    size_t n = 0;
    /* Before the loop: the text is a stranger's. */
    if (typed.n > RECOVERY_CODE_TYPED_MAX) {
        return malformed(op);
    }
    for (size_t i = 0; i < typed.n; i++) {
        char c = (char)typed.p[i];
        if (c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n') {
            continue;
        }
        /* Counted before it is written: the arrays have exactly 28 places. */
        if (n == ALL_SYMBOLS || !(c = symbol_of(c))) {
            return malformed(op);
        }
        *(n < RECOVERY_CODE_SYMBOLS ? &out->symbols[n] : &typed_check[n - RECOVERY_CODE_SYMBOLS]) = c;
        n++;
    }
    if (n != ALL_SYMBOLS) {
        return malformed(op);
    }
    check_symbols(out, check);
    /* No need for constant time: both sides follow from what was typed. */
    if (memcmp(check, typed_check, sizeof check) != 0) {
        return op_fail_field(op, WW_EINVAL, "recovery_code_wrong", "code",
                             "this code has a typing error: compare it with what you wrote down");
    }
    return WW_OK;
}
