/* A server key on paper (vault.md §4). */
#include <ctype.h>
#include <string.h>

#include "config_keys.h"
#include "seal.h"

/* Crockford's base32: no I, L, O or U. https://www.crockford.com/base32.html */
static const char symbols[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* 256 bits in 52 symbols, the last with four bits unused; 20 bits of check find all but one error in a
 * million. Two lines of seven groups. */
enum { KEY_SYMBOLS = 52, CHECK_SYMBOLS = 4, ALL_SYMBOLS = KEY_SYMBOLS + CHECK_SYMBOLS, GROUP = 4, LINE = 28 };

/* Bytes: a print with all that the export says is 400. */
enum { PAPER_MOST = 4096 };

/* Symbol i of the bits of p, from the most significant; missing bits at the end are zeros. */
static unsigned symbol_at(const uint8_t *p, size_t n, size_t i)
{
    unsigned v = 0;
    for (size_t bit = i * 5; bit < i * 5 + 5; bit++) {
        /* Bit by bit: slow and plain, for what is done once in the life of a site. */
        unsigned one = bit / 8 < n ? ((unsigned)p[bit / 8] >> (7 - bit % 8)) & 1U : 0;
        v = v << 1 | one;
    }
    return v;
}

static void key_symbols(const struct key *k, uint8_t out[ALL_SYMBOLS])
{
    KEY32(check);
    /* A hash of the key on the same paper tells no more than the paper does. */
    derive(&check, NULL, "paper-check", NULL, BYTES(k->b, sizeof k->b));
    for (size_t i = 0; i < KEY_SYMBOLS; i++) {
        out[i] = (uint8_t)symbol_at(k->b, sizeof k->b, i);
    }
    for (size_t i = 0; i < CHECK_SYMBOLS; i++) {
        out[KEY_SYMBOLS + i] = (uint8_t)symbol_at(check.b, sizeof check.b, i);
    }
}

char *config_key_print(struct arena *a, const struct key *k)
{
    struct buf b = BUF(a);
    /* In the arena, which is wiped: the symbols are the key. */
    uint8_t *values = arena_alloc(a, ALL_SYMBOLS);

    if (!values) {
        return NULL;
    }
    key_symbols(k, values);
    for (size_t i = 0; i < ALL_SYMBOLS; i++) {
        if (i > 0 && i % GROUP == 0) {
            buf_char(&b, i % LINE == 0 ? '\n' : '-');
        }
        buf_char(&b, symbols[values[i]]);
    }
    return buf_text(&b);
}

/* What people read for a symbol that looks like another. */
static int symbol_value(int c)
{
    c = toupper(c);
    c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
    const char *p = c ? strchr(symbols, c) : NULL;
    return p ? (int)(p - symbols) : -1;
}

/* Whether ALL_SYMBOLS values are a key and its check; printing it again finds wrong check symbols, and unused
 * bits that are not zero. */
static bool is_whole(uint8_t *values, struct key *out)
{
    for (size_t bit = 0; bit < 8 * sizeof out->b; bit++) {
        unsigned one = ((unsigned)values[bit / 5] >> (4 - bit % 5)) & 1U;
        out->b[bit / 8] = (uint8_t)((unsigned)out->b[bit / 8] << 1 | one);
    }
    key_symbols(out, values + ALL_SYMBOLS);
    if (memcmp(values, values + ALL_SYMBOLS, ALL_SYMBOLS) == 0) {
        return true;
    }
    key_wipe(out);
    return false;
}

/* The 56 symbols from here on give the key and their own check: then they are the print, whatever stands
 * around them. `values` has room for them twice. */
static bool is_print(struct bytes text, uint8_t *values, struct key *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n && n < ALL_SYMBOLS; i++) {
        int v = symbol_value(text.p[i]);
        if (v >= 0) {
            values[n++] = (uint8_t)v;
        } else if (text.p[i] == '\\' && i + 1 < text.n && text.p[i + 1] == 'n') {
            i++; /* the end of a line, as JSON writes it */
        } else if (!isspace(text.p[i]) && text.p[i] != '-') {
            return false;
        }
    }
    return n == ALL_SYMBOLS && is_whole(values, out);
}

/* The print among the words that stand with it on paper ("Server key 1a2b3c4d. …"), or in the JSON of the
 * export: it begins where a word does. */
static bool find_print(struct bytes text, uint8_t *values, struct key *out)
{
    bool inside = false;
    for (size_t i = 0; i < text.n && text.n <= PAPER_MOST; i++) {
        bool word = symbol_value(text.p[i]) >= 0;
        if (word && !inside && is_print(BYTES(text.p + i, text.n - i), values, out)) {
            return true;
        }
        inside = word;
    }
    return false;
}

enum ww_err config_key_parse(struct ww_op *op, struct bytes text, struct key *out)
{
    uint8_t *values = arena_alloc(&op->arena, 2 * (size_t)ALL_SYMBOLS);
    size_t n = 0;

    key_wipe(out);
    if (!values) {
        return op_no_memory(op);
    }
    if (find_print(text, values, out)) {
        return config_key_is_zero(out)
                   ? op_fail(op, WW_EINVAL, "server_key_zero", "this is the print of zeros, which are no key")
                   : WW_OK;
    }
    /* What is wrong with it, as if nothing else stood there. */
    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) {
        text = BYTES(text.p + 3, text.n - 3);
    }
    for (size_t i = 0; i < text.n; i++) {
        /* Whatever groups and lines it was typed in. */
        if (isspace(text.p[i]) || text.p[i] == '-') {
            continue;
        }
        int v = symbol_value(text.p[i]);
        /* The place is told, the symbol is not: it is a part of the key. */
        if (v < 0 || n >= ALL_SYMBOLS) {
            return op_fail(op, WW_EINVAL, "server_key_mistyped",
                           v < 0 ? "symbol %zu cannot be in a server key" : "more than %zu symbols",
                           n + (size_t)(v < 0));
        }
        values[n++] = (uint8_t)v;
    }
    if (n < ALL_SYMBOLS) {
        return op_fail(op, WW_EINVAL, "server_key_mistyped", "%zu symbols are missing", ALL_SYMBOLS - n);
    }
    return op_fail(op, WW_EINVAL, "server_key_mistyped", "the check symbols do not fit: a symbol is wrong");
}
