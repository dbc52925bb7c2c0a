/* Reads application/x-www-form-urlencoded (WHATWG URL §5.1) and writes percent-encoding, both within
 * bounds. */
#include "urlform.h"

#include <string.h>

#include "utf8.h"

/* Never longer than its text, so one allocation is enough. A broken escape is refused rather than kept as
 * text: what is checked must be what others read. */
static enum ww_err decode(struct arena *a, struct bytes text, bool plus_is_space, struct bytes *out,
                          const char **why)
{
    *out = (struct bytes){NULL, 0};
    uint8_t *decoded = arena_alloc(a, text.n + 1);
    if (!decoded) {
        *why = "there is no memory";
        return WW_ENOMEM;
    }
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == '%') {
            int high = text.n - i > 2 ? hex_digit(text.p[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text.p[i + 2]) : -1;
            if (low < 0) {
                *why = "a percent sign is not followed by two hexadecimal digits";
                return WW_EINVAL;
            }
            c = (uint8_t)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        /* Values go on as C strings: what stood behind a NUL would be neither checked nor hashed. */
        if (c == 0) {
            *why = "a NUL character is not allowed";
            return WW_EINVAL;
        }
        decoded[n++] = c;
    }
    if (!utf8_valid(BYTES(decoded, n))) {
        *why = "the text is not valid UTF-8";
        return WW_EINVAL;
    }
    *out = BYTES(decoded, n);
    return WW_OK;
}

/* Of a path: "+" is a plus there (RFC 3986 §2.1), and a blank in a form. */
enum ww_err urlform_percent_decode(struct arena *a, struct bytes text, struct bytes *out, const char **why)
{
    return decode(a, text, false, out, why);
}

/* Unreserved characters as they are (RFC 3986 §2.3), all others as %XX. */
void urlform_percent_encode(struct buf *b, struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (letter || (c >= '0' && c <= '9') || (c && strchr("-._~", c))) {
            buf_char(b, (char)c);
        } else {
            buf_printf(b, "%%%02X", c);
        }
    }
}

static enum ww_err read_pair(struct arena *a, struct bytes text, struct ww_pair *out, const char **why)
{
    struct bytes name, value;
    /* Some readers take it for "&", and would see other fields than we do. */
    if (memchr(text.p, ';', text.n)) {
        *why = "a semicolon does not separate fields";
        return WW_EINVAL;
    }
    const uint8_t *equals = memchr(text.p, '=', text.n);
    size_t n = equals ? (size_t)(equals - text.p) : text.n;
    enum ww_err err = decode(a, BYTES(text.p, n), true, &name, why);
    if (!err) {
        err = decode(a, equals ? BYTES(equals + 1, text.n - n - 1) : BYTES("", 0), true, &value, why);
    }
    if (!err) {
        *out = (struct ww_pair){(const char *)name.p, (const char *)value.p, value.n};
    }
    return err;
}

/* In the order of the form; of names that stand twice each reader takes the one it must. */
enum ww_err urlform_read(struct arena *a, struct bytes text, const struct ww_pair **pairs, size_t *count,
                         const char **why)
{
    size_t most = 1;
    *pairs = NULL;
    *count = 0;
    *why = "there is no memory";
    for (size_t i = 0; i < text.n; i++) {
        most += text.p[i] == '&';
    }
    /* Counted before anything is allocated for them or decoded. */
    if (most > LIMIT_FIELDS) {
        *why = "there are more than 1000 fields";
        return WW_EINVAL;
    }
    struct ww_pair *all = ARENA_ARRAY(a, most, struct ww_pair);
    if (!all) {
        return WW_ENOMEM;
    }
    size_t n = 0;
    while (text.n > 0) {
        const uint8_t *end = memchr(text.p, '&', text.n);
        size_t length = end ? (size_t)(end - text.p) : text.n;
        if (length > 0) {
            enum ww_err err = read_pair(a, BYTES(text.p, length), &all[n], why);
            if (err) {
                return err;
            }
            n++;
        }
        text = BYTES(text.p + length + (end != NULL), text.n - length - (end != NULL));
    }
    *pairs = all;
    *count = n;
    return WW_OK;
}

const char *urlform_get(const struct ww_pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, name) == 0) {
            return pairs[i].value;
        }
    }
    return NULL;
}
