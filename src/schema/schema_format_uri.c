/* RFC 3986 (URI), RFC 3987 (IRI: characters beyond ASCII too), RFC 6570 (templates). */
#include <string.h>

#include "schema_int.h"
#include "utf8.h"

static bool is_alpha(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* "%" and two digits of hex (RFC 3986 §2.1). */
static bool escaped(struct bytes text, size_t i)
{
    uint8_t value = 0;
    char digits[3] = {0};
    if (i + 2 >= text.n) {
        return false;
    }
    memcpy(digits, text.p + i + 1, 2);
    return hex_decode(&value, 1, digits);
}

/* unreserved, sub-delims and escapes, and what else is allowed at this place. */
static bool all_of(struct bytes text, const char *more, bool international)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == '%') {
            if (!escaped(text, i)) {
                return false;
            }
            i += 2;
        } else if (c >= 0x80) {
            if (!international) {
                return false;
            }
        } else if (!is_alpha(c) && !is_digit(c) &&
                   (c == 0 || (!strchr("-._~!$&'()*+,;=", c) && !strchr(more, c)))) {
            return false;
        }
    }
    return true;
}

static bool port(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!is_digit(text.p[i])) {
            return false;
        }
    }
    return true;
}

/* "[" IPv6 or "v" hex "." … "]" and a port. */
static bool literal(struct bytes text)
{
    const uint8_t *end = memchr(text.p, ']', text.n);
    if (!end) {
        return false;
    }
    struct bytes inner = BYTES(text.p + 1, (size_t)(end - text.p) - 1);
    struct bytes rest = BYTES(end + 1, text.n - inner.n - 2);
    if (rest.n > 0 && (rest.p[0] != ':' || !port(BYTES(rest.p + 1, rest.n - 1)))) {
        return false;
    }
    bool future = inner.n > 3 && (inner.p[0] | 32) == 'v' && memchr(inner.p, '.', inner.n);
    return schema_format_ipv6(inner) ||
           (future && all_of(inner, ":", false) && !memchr(inner.p, '%', inner.n));
}

/* RFC 3986 §3.2: user part, host, port; the last "@" ends the user part. */
static bool authority(struct bytes text, bool international)
{
    const uint8_t *at = text.n > 0 ? memrchr(text.p, '@', text.n) : NULL;
    if (at) {
        size_t n = (size_t)(at - text.p);
        if (!all_of(BYTES(text.p, n), ":", international)) {
            return false;
        }
        text = BYTES(at + 1, text.n - n - 1);
    }
    if (text.n > 0 && text.p[0] == '[') {
        return literal(text);
    }
    const uint8_t *colon = text.n > 0 ? memchr(text.p, ':', text.n) : NULL;
    size_t n = colon ? (size_t)(colon - text.p) : text.n;
    return all_of(BYTES(text.p, n), "", international) && (!colon || port(BYTES(colon + 1, text.n - n - 1)));
}

/* A NUL is a character like others here, and belongs to none of the stops. */
static size_t until(struct bytes text, const char *stops)
{
    size_t n = 0;
    while (n < text.n && (text.p[n] == 0 || !strchr(stops, text.p[n]))) {
        n++;
    }
    return n;
}

static struct bytes skip(struct bytes text, size_t n)
{
    return BYTES(text.p + n, text.n - n);
}

/* As strchr, which would find the NUL that ends its list, too. */
static bool is_one_of(uint8_t c, const char *list)
{
    return c && strchr(list, c);
}

/* With its colon; 0 where there is none. */
static size_t scheme(struct bytes text)
{
    size_t n = until(text, ":/?#");
    if (n == text.n || text.p[n] != ':' || n == 0 || !is_alpha(text.p[0])) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_alpha(text.p[i]) && !is_digit(text.p[i]) && !is_one_of(text.p[i], "+-.")) {
            return 0;
        }
    }
    return n + 1;
}

/* RFC 3986 §4.1, or with other letters RFC 3987 §2.2: one grammar, two alphabets. */
static bool reference(struct bytes text, bool absolute, bool international)
{
    size_t n = scheme(text);
    if ((n == 0 && absolute) || !utf8_valid(text)) {
        return false;
    }
    bool relative = n == 0;
    text = skip(text, n);
    if (text.n >= 2 && text.p[0] == '/' && text.p[1] == '/') {
        text = skip(text, 2);
        n = until(text, "/?#");
        if (!authority(BYTES(text.p, n), international)) {
            return false;
        }
        text = skip(text, n);
        relative = false;
    }
    n = until(text, "?#");
    /* the first segment of a relative path has no colon, else it would be a scheme */
    if (!all_of(BYTES(text.p, n), "/:@", international) ||
        (relative && text.p && until(text, "/?#") > until(text, ":"))) {
        return false;
    }
    text = skip(text, n);
    if (text.n > 0 && text.p[0] == '?') {
        n = until(text, "#");
        if (!all_of(BYTES(text.p + 1, n - 1), "/:@?", international)) {
            return false;
        }
        text = skip(text, n);
    }
    return text.n == 0 || all_of(skip(text, 1), "/:@?", international);
}

bool schema_format_uri(struct bytes text)
{
    return reference(text, true, false);
}

bool schema_format_uri_reference(struct bytes text)
{
    return reference(text, false, false);
}

bool schema_format_iri(struct bytes text)
{
    return reference(text, true, true);
}

bool schema_format_iri_reference(struct bytes text)
{
    return reference(text, false, true);
}

/* ---- templates ---- */

/* varspec of RFC 6570 §2.3 and §2.4. */
static bool variable(struct bytes text)
{
    bool dotted = true;
    size_t i = 0;
    for (; i < text.n && text.p[i] != ':' && text.p[i] != '*'; i++) {
        uint8_t c = text.p[i];
        if (c == '.' && dotted) {
            return false;
        }
        dotted = c == '.';
        if (c == '%') {
            if (!escaped(text, i)) {
                return false;
            }
            i += 2;
        } else if (!is_alpha(c) && !is_digit(c) && c != '_' && c != '.') {
            return false;
        }
    }
    struct bytes modifier = skip(text, i);
    if (i == 0 || dotted || modifier.n == 0) {
        return i > 0 && !dotted;
    }
    if (modifier.p[0] == '*') {
        return modifier.n == 1;
    }
    return modifier.n >= 2 && modifier.n <= 5 && modifier.p[1] != '0' && port(skip(modifier, 1));
}

/* Operators of RFC 6570 §2.2, those that are reserved for later included. */
static bool expression(struct bytes text)
{
    if (text.n > 0 && is_one_of(text.p[0], "+#./;?&=,!@|")) {
        text = skip(text, 1);
    }
    for (;;) {
        size_t n = until(text, ",");
        if (!variable(BYTES(text.p, n))) {
            return false;
        }
        if (n == text.n) {
            return true;
        }
        text = skip(text, n + 1);
    }
}

/* RFC 6570 §2: braces in pairs, and names between them. */
bool schema_format_uri_template(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == '{') {
            struct bytes rest = skip(text, i + 1);
            size_t n = until(rest, "}");
            if (n == rest.n || !expression(BYTES(rest.p, n))) {
                return false;
            }
            i += n + 1;
        } else if (c == '%') {
            if (!escaped(text, i)) {
                return false;
            }
            i += 2;
        } else if (c <= 0x20 || c == 0x7f || strchr("\"<>\\^`|}", c)) {
            return false;
        }
    }
    return true;
}
