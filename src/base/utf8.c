/* Text: UTF-8 at the door, normal forms, and the one form of an identifier (vault.md §6). */
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

int32_t utf8_next(struct bytes *rest)
{
    utf8proc_int32_t c = -1;
    if (rest->n == 0) {
        return -1;
    }
    utf8proc_ssize_t n = utf8proc_iterate(rest->p, (utf8proc_ssize_t)rest->n, &c);
    if (n <= 0) {
        return -1;
    }
    rest->p += n;
    rest->n -= (size_t)n;
    return c;
}

bool utf8_valid(struct bytes text)
{
    while (text.n > 0) {
        if (utf8_next(&text) < 0) {
            return false;
        }
    }
    return true;
}

size_t utf8_length(struct bytes text)
{
    size_t n = 0;
    while (utf8_next(&text) >= 0) {
        n++;
    }
    return n;
}

/* How many bytes begin a character and then break off, at least one: Unicode 3.9, table 3-7. */
static size_t broken_part(struct bytes text)
{
    uint8_t first = text.p[0], second = text.n > 1 ? text.p[1] : 0;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2, n = 1;
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first < 0xc2 || first > 0xf4 || second < low || second > high) {
        return 1;
    }
    for (n = 2; n < length && n < text.n && (text.p[n] & 0xc0) == 0x80; n++) {
    }
    return n;
}

char *utf8_clean(struct arena *a, const char *text, size_t most)
{
    const struct bytes replacement = BYTES("\xef\xbf\xbd", 3);
    /* Not a byte is looked at that cannot be kept: the last character has at most 4. */
    struct bytes rest = BYTES(text, text ? strnlen(text, most + 4) : 0);
    struct buf b = BUF(a);
    if (rest.n <= most && utf8_valid(rest)) {
        return arena_strndup(a, rest.p, rest.n);
    }
    while (rest.n > 0) {
        struct bytes next = rest, part = rest;
        if (utf8_next(&next) >= 0) {
            part.n = rest.n - next.n;
        } else {
            size_t broken = broken_part(rest);
            next = BYTES(rest.p + broken, rest.n - broken);
            part = replacement;
        }
        if (b.n + part.n > most) {
            break;
        }
        buf_bytes(&b, part);
        rest = next;
    }
    return buf_text(&b);
}

/* utf8proc_map allocates with malloc: copy, wipe, free. */
static enum ww_err map(struct arena *a, struct bytes text, utf8proc_option_t options, struct bytes *out)
{
    utf8proc_uint8_t *mapped = NULL;
    *out = BYTES(NULL, 0);
    utf8proc_ssize_t n = utf8proc_map(text.p, (utf8proc_ssize_t)text.n, &mapped, options);
    if (n < 0) {
        return n == UTF8PROC_ERROR_NOMEM ? WW_ENOMEM : WW_EINVAL;
    }
    *out = bytes_dup(a, BYTES(mapped, (size_t)n));
    explicit_bzero(mapped, (size_t)n);
    free(mapped);
    return out->p ? WW_OK : WW_ENOMEM;
}

enum ww_err utf8_nfc(struct arena *a, struct bytes text, struct bytes *out)
{
    return map(a, text, UTF8PROC_STABLE | UTF8PROC_COMPOSE, out);
}

static enum ww_err nfkc(struct arena *a, struct bytes text, struct bytes *out)
{
    return map(a, text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT, out);
}

static void add_code_point(struct buf *b, int32_t c)
{
    utf8proc_uint8_t raw[4];
    utf8proc_ssize_t n = utf8proc_encode_char(c, raw);
    buf_add(b, raw, n > 0 ? (size_t)n : 0);
}

enum ww_err utf8_lower(struct arena *a, struct bytes text, struct bytes *out)
{
    struct buf b = BUF(a);
    while (text.n > 0) {
        int32_t c = utf8_next(&text);
        if (c < 0) {
            return WW_EINVAL;
        }
        add_code_point(&b, utf8proc_tolower(c));
    }
    *out = buf_done(&b);
    return out->p ? WW_OK : WW_ENOMEM;
}

/* Unicode property White_Space. */
static bool white_space(int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return (c >= 0x09 && c <= 0x0d) || c == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

static struct bytes trim(struct bytes text)
{
    size_t end = 0;
    for (struct bytes rest = text;;) {
        int32_t c = utf8_next(&rest);
        if (c < 0) {
            break;
        }
        if (!white_space(c)) {
            end = text.n - rest.n;
        } else if (end == 0) {
            text = rest;
        }
    }
    return BYTES(text.p, end);
}

static bool dropped(int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return utf8proc_get_property(c)->ignorable || category == UTF8PROC_CATEGORY_CC ||
           category == UTF8PROC_CATEGORY_CF;
}

static enum ww_err drop_invisible(struct arena *a, struct bytes text, struct bytes *out)
{
    struct buf b = BUF(a);
    for (;;) {
        int32_t c = utf8_next(&text);
        if (c < 0) {
            break;
        }
        if (!dropped(c)) {
            add_code_point(&b, c);
        }
    }
    *out = buf_done(&b);
    return out->p ? WW_OK : WW_ENOMEM;
}

/* ^\+[0-9 ().\-/]+$ with 7 to 15 digits: keeps + and the digits, in place. */
static struct bytes telephone(struct bytes text)
{
    size_t digits = 0;
    if (text.n < 2 || text.p[0] != '+') {
        return text;
    }
    for (size_t i = 1; i < text.n; i++) {
        bool digit = text.p[i] >= '0' && text.p[i] <= '9';
        if (!digit && (text.p[i] == 0 || !strchr(" ().-/", text.p[i]))) {
            return text;
        }
        digits += digit;
    }
    if (digits < 7 || digits > 15) {
        return text;
    }
    uint8_t *to = (uint8_t *)(uintptr_t)text.p; /* our own copy, see utf8_ident */
    size_t n = 1;
    for (size_t i = 1; i < text.n; i++) {
        if (text.p[i] >= '0' && text.p[i] <= '9') {
            to[n++] = text.p[i];
        }
    }
    if (n < text.n) {
        to[n] = 0; /* as behind every text */
    }
    return BYTES(to, n);
}

enum ww_err utf8_ident(struct arena *a, struct bytes text, struct bytes *out)
{
    enum ww_err err = WW_EINTERNAL;
    struct bytes t;
    *out = BYTES(NULL, 0);
    if (!utf8_valid(text)) {
        return WW_EINVAL;
    }
    if ((err = drop_invisible(a, trim(text), &t)) || (err = nfkc(a, t, &t)) || (err = utf8_lower(a, t, &t)) ||
        (err = nfkc(a, t, &t))) {
        return err;
    }
    *out = telephone(t);
    return WW_OK;
}
