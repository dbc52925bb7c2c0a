/* Internationalised host names: RFC 5890 to 5892 by Unicode properties, Punycode of RFC 3492. The rule for
 * bidirectional labels (RFC 5893) is not looked at. */
#include <string.h>

#include "schema_int.h"
#include "utf8.h"

enum { MAX_LABEL = 63, MAX_POINTS = 64, MAX_NAME = 1024 };

struct label {
    uint32_t c[MAX_POINTS];
    size_t n;
};

/* A whole label of allowed characters: letters, marks and digits that lower-casing and NFKC leave alone,
 * RFC 5892 §2.6 PVALID and CONTEXTO, hyphen; no mark first, no "--" third. */
static const char label_pattern[] = "^(?!-)(?!..--)(?![\\p{M}])"
                                    "(?:(?![\\u0640\\u07FA\\u302E\\u302F\\u3031-\\u3035\\u303B])"
                                    "[\\p{Ll}\\p{Lo}\\p{Lm}\\p{Mn}\\p{Mc}\\p{Nd}\\-"
                                    "\\u00B7\\u0375\\u05F3\\u05F4\\u06FD\\u06FE\\u0F0B\\u3007\\u30FB"
                                    "\\u200C\\u200D])+"
                                    "(?<!-)$";

/* What RFC 5892 appendix A forbids: each alternative is one broken rule. Joining types (A.1) are narrowed to
 * the scripts that join. */
static const char context_pattern[] =
    "(?<!l)\\u00B7|\\u00B7(?!l)"
    "|\\u0375(?!\\p{sc=Greek})"
    "|(?<!\\p{sc=Hebrew})[\\u05F3\\u05F4]"
    "|^(?=.*\\u30FB)(?!.*[\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Han}])"
    "|^(?=.*[\\u0660-\\u0669])(?=.*[\\u06F0-\\u06F9])"
    "|(?<!["
    "\\u094D\\u09CD\\u0A4D\\u0ACD\\u0B4D\\u0BCD\\u0C4D\\u0CCD\\u0D4D\\u0DCA\\u0E3A\\u0F84\\u1039\\u17D2])"
    "\\u200D"
    "|(?<![\\u094D\\u09CD\\u0A4D\\u0ACD\\u0B4D\\u0BCD\\u0C4D\\u0CCD\\u0D4D\\u0DCA\\u0E3A\\u0F84\\u1039\\u17D2"
    "\\p{sc=Arabic}\\p{sc=Syriac}\\p{sc=Mongolian}\\p{sc=Nko}])\\u200C";

static void add_point(struct buf *b, uint32_t c)
{
    if (c < 0x80) {
        buf_u8(b, (uint8_t)c);
    } else if (c < 0x800) {
        buf_u8(b, (uint8_t)(0xc0 | c >> 6));
        buf_u8(b, (uint8_t)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        buf_u8(b, (uint8_t)(0xe0 | c >> 12));
        buf_u8(b, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        buf_u8(b, (uint8_t)(0x80 | (c & 0x3f)));
    } else {
        buf_u8(b, (uint8_t)(0xf0 | c >> 18));
        buf_u8(b, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
        buf_u8(b, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        buf_u8(b, (uint8_t)(0x80 | (c & 0x3f)));
    }
}

/* RFC 3492 §6.1. */
static uint32_t adapt(uint32_t delta, uint32_t count, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / 700 : delta / 2;
    delta += delta / count;
    for (; delta > 455; k += 36) {
        delta /= 35;
    }
    return k + 36 * delta / (delta + 38);
}

static int digit_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0' + 26;
    }
    c |= 32;
    return c >= 'a' && c <= 'z' ? c - 'a' : -1;
}

/* One generalised variable-length integer of RFC 3492 §3.3, added to *i. */
static bool read_delta(struct bytes *in, uint32_t bias, uint32_t *i)
{
    uint64_t weight = 1, value = *i;
    for (uint32_t k = 36;; k += 36) {
        int digit = in->n > 0 ? digit_value(in->p[0]) : -1;
        if (digit < 0) {
            return false;
        }
        in->p++;
        in->n--;
        uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        value += (uint64_t)digit * weight;
        if (value > UINT32_MAX) {
            return false;
        }
        if ((uint32_t)digit < t) {
            *i = (uint32_t)value;
            return true;
        }
        weight *= 36 - t;
    }
}

/* RFC 3492 §6.2; false where it is not Punycode of more than ASCII. */
static bool punycode(struct bytes in, struct label *out)
{
    const uint8_t *hyphen = in.n > 0 ? memrchr(in.p, '-', in.n) : NULL;
    uint32_t c = 128, i = 0, bias = 72;
    out->n = 0;
    if (hyphen) {
        size_t basic = (size_t)(hyphen - in.p);
        for (size_t k = 0; k < basic && k < MAX_LABEL; k++) {
            out->c[out->n++] = in.p[k];
        }
        in = BYTES(hyphen + 1, in.n - basic - 1);
    }
    if (in.n == 0) {
        return false;
    }
    while (in.n > 0) {
        uint32_t before = i;
        if (out->n == MAX_POINTS || !read_delta(&in, bias, &i)) {
            return false;
        }
        uint32_t count = (uint32_t)out->n + 1;
        bias = adapt(i - before, count, before == 0);
        c += i / count;
        i %= count;
        if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
            return false;
        }
        memmove(&out->c[i + 1], &out->c[i], (out->n - i) * sizeof out->c[0]);
        out->c[i++] = c;
        out->n++;
    }
    return true;
}

/* Punycode is never shorter than the label and has a prefix of four: more than this does not fit DNS. */
static bool too_long(struct bytes label)
{
    return utf8_length(label) > MAX_LABEL - 4;
}

static bool is_ascii(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

static enum ww_err matches(struct arena *a, const char *pattern, struct bytes text, bool *result)
{
    struct regex *r = NULL;
    const char *why = NULL;
    enum ww_err err = schema_regex_compile(a, bytes_str(pattern), REGEX_LENIENT, &r, &why);
    if (err) {
        return err;
    }
    *result = schema_regex_match(r, text) == REGEX_MATCH;
    schema_regex_free(r);
    return WW_OK;
}

static enum ww_err unicode_label(struct arena *a, struct bytes text)
{
    struct bytes normal;
    bool fine = false, broken = true;
    enum ww_err err = utf8_nfc(a, text, &normal);
    if (err) {
        return err == WW_ENOMEM ? err : WW_EVALIDATION;
    }
    if (!bytes_equal(normal, text) || too_long(text)) {
        return WW_EVALIDATION;
    }
    err = matches(a, label_pattern, text, &fine);
    if (!err) {
        err = matches(a, context_pattern, text, &broken);
    }
    return err ? err : fine && !broken ? WW_OK : WW_EVALIDATION;
}

static enum ww_err check_label(struct arena *a, struct bytes text)
{
    if (!is_ascii(text)) {
        return unicode_label(a, text);
    }
    if (!schema_format_hostname(text)) {
        return WW_EVALIDATION;
    }
    if (text.n < 4 || text.p[2] != '-' || text.p[3] != '-') {
        return WW_OK;
    }
    struct label label;
    if (strncasecmp((const char *)text.p, "xn", 2) != 0 || !punycode(BYTES(text.p + 4, text.n - 4), &label)) {
        return WW_EVALIDATION;
    }
    struct buf b = BUF(a);
    for (size_t i = 0; i < label.n; i++) {
        add_point(&b, label.c[i]);
    }
    struct bytes decoded = buf_done(&b);
    return decoded.p ? unicode_label(a, decoded) : WW_ENOMEM;
}

/* The separators of RFC 3490 §3.1. */
static bool is_dot(int32_t c)
{
    return c == '.' || c == 0x3002 || c == 0xff0e || c == 0xff61;
}

enum ww_err schema_format_idn_hostname(struct arena *a, struct bytes text)
{
    struct bytes rest = text;
    const uint8_t *start = text.p;
    if (text.n == 0 || text.n > MAX_NAME || !utf8_valid(text)) {
        return WW_EVALIDATION;
    }
    for (;;) {
        const uint8_t *here = rest.p;
        int32_t c = utf8_next(&rest);
        if (c >= 0 && !is_dot(c)) {
            continue;
        }
        struct bytes label = BYTES(start, (size_t)(here - start));
        enum ww_err err = label.n > 0 ? check_label(a, label) : WW_EVALIDATION;
        if (err || c < 0) {
            return err;
        }
        start = rest.p;
    }
}
