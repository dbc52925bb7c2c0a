/* Addresses: e-mail (RFC 5321), host names (RFC 1123), IPv4 and IPv6 (RFC 4291 §2.2). */
#include <string.h>
#include <strings.h>

#include "schema_int.h"

/* Characters: RFC 1035 §2.3.4 and RFC 5321 §4.5.3.1, less the angle brackets of a path. */
enum { MAX_HOSTNAME = 253, MAX_LABEL = 63, MAX_LOCAL_PART = 64, MAX_EMAIL = 254 };

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_alphanumeric(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 1123 §2.1: letters, digits and hyphens, none of these at an end. */
static bool label(struct bytes text)
{
    if (text.n == 0 || text.n > MAX_LABEL || text.p[0] == '-' || text.p[text.n - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (!is_alphanumeric(text.p[i]) && text.p[i] != '-') {
            return false;
        }
    }
    return true;
}

/* Without the dot of the root at its end. */
bool schema_format_hostname(struct bytes text)
{
    /* 253 is what 255 bytes on the wire leave for the text. */
    if (text.n > MAX_HOSTNAME) {
        return false;
    }
    for (size_t start = 0;;) {
        size_t end = start;
        while (end < text.n && text.p[end] != '.') {
            end++;
        }
        if (!label(BYTES(text.p + start, end - start))) {
            return false;
        }
        if (end == text.n) {
            return true;
        }
        start = end + 1;
    }
}

/* Dot-string of RFC 5321 §4.1.2, with the characters that RFC 6531 adds. Nothing that could begin another
 * header or command in a mail: no blanks, no controls, no angle brackets. */
static bool local_part(struct bytes text)
{
    if (text.n == 0 || text.n > MAX_LOCAL_PART || text.p[0] == '.' || text.p[text.n - 1] == '.') {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == '.' && text.p[i - 1] == '.') {
            return false;
        }
        if (!is_alphanumeric(c) && c < 0x80 && (c == 0 || !strchr("!#$%&'*+-/=?^_`{|}~.", c))) {
            return false;
        }
    }
    return true;
}

/* Quoted-string of RFC 5321 §4.1.2, with the characters that RFC 6531 adds. */
static bool quoted_local_part(struct bytes text)
{
    if (text.n < 2 || text.n > MAX_LOCAL_PART || text.p[0] != '"' || text.p[text.n - 1] != '"') {
        return false;
    }
    for (size_t i = 1; i < text.n - 1; i++) {
        bool escaped = text.p[i] == '\\';
        i += escaped;
        if (i == text.n - 1 || text.p[i] < 0x20 || text.p[i] == 0x7f || (text.p[i] == '"' && !escaped)) {
            return false;
        }
    }
    return true;
}

/* RFC 5321 §4.1.3, of the two kinds that are registered. */
static bool address_literal(struct bytes text)
{
    if (text.n < 3 || text.p[0] != '[' || text.p[text.n - 1] != ']') {
        return false;
    }
    struct bytes inner = BYTES(text.p + 1, text.n - 2);
    if (inner.n > 5 && strncasecmp((const char *)inner.p, "IPv6:", 5) == 0) {
        return schema_format_ipv6(BYTES(inner.p + 5, inner.n - 5));
    }
    return schema_format_ipv4(inner);
}

static bool any_local_part(struct bytes text)
{
    return local_part(text) || quoted_local_part(text);
}

/* The last "@" separates: a quoted local part may hold others. */
bool schema_format_email(struct bytes text)
{
    const uint8_t *at = text.n > 0 && text.n <= MAX_EMAIL ? memrchr(text.p, '@', text.n) : NULL;
    if (!at) {
        return false;
    }
    size_t n = (size_t)(at - text.p);
    struct bytes domain = BYTES(at + 1, text.n - n - 1);
    return any_local_part(BYTES(text.p, n)) && (schema_format_hostname(domain) || address_literal(domain));
}

enum ww_err schema_format_idn_email(struct arena *a, struct bytes text)
{
    const uint8_t *at = text.n > 0 && text.n <= 4 * MAX_EMAIL ? memrchr(text.p, '@', text.n) : NULL;
    size_t n = at ? (size_t)(at - text.p) : 0;
    if (!at || !any_local_part(BYTES(text.p, n))) {
        return WW_EVALIDATION;
    }
    struct bytes domain = BYTES(at + 1, text.n - n - 1);
    return address_literal(domain) ? WW_OK : schema_format_idn_hostname(a, domain);
}

/* Four decimal numbers without leading zeros, which some read as octal. */
bool schema_format_ipv4(struct bytes text)
{
    size_t i = 0;
    for (int part = 0; part < 4; part++) {
        unsigned value = 0;
        size_t start = i;
        while (i < text.n && is_digit(text.p[i]) && i - start < 3) {
            value = value * 10 + (unsigned)(text.p[i++] - '0');
        }
        if (i == start || value > 255 || (i - start > 1 && text.p[start] == '0')) {
            return false;
        }
        if (part < 3 && (i >= text.n || text.p[i++] != '.')) {
            return false;
        }
    }
    return i == text.n;
}

/* Groups of one side of "::", or of the whole. An IPv4 address may end it and counts as two. */
static int groups(struct bytes text, bool last)
{
    int count = 0;
    size_t i = 0;
    if (text.n == 0) {
        return 0;
    }
    for (;;) {
        size_t end = i;
        while (end < text.n && text.p[end] != ':') {
            end++;
        }
        struct bytes group = BYTES(text.p + i, end - i);
        if (last && end == text.n && group.n > 0 && memchr(group.p, '.', group.n)) {
            return schema_format_ipv4(group) ? count + 2 : -1;
        }
        if (group.n == 0 || group.n > 4) {
            return -1;
        }
        for (size_t k = 0; k < group.n; k++) {
            if (!is_hex(group.p[k])) {
                return -1;
            }
        }
        count++;
        if (end == text.n) {
            return count;
        }
        i = end + 1;
    }
}

bool schema_format_ipv6(struct bytes text)
{
    /* Once at the most: a second one is a group of no digits, which groups() refuses. */
    const uint8_t *gap = text.n > 0 ? memmem(text.p, text.n, "::", 2) : NULL;
    if (!gap) {
        return groups(text, true) == 8;
    }
    size_t n = (size_t)(gap - text.p);
    int left = groups(BYTES(text.p, n), false), right = groups(BYTES(gap + 2, text.n - n - 2), true);
    /* "::" stands for one group at least (RFC 4291 §2.2; RFC 5952 §4.2.2 would have it stand for two). */
    return left >= 0 && right >= 0 && left + right < 8;
}
