/* Strict, since a reading of ours that a browser does not share sends people elsewhere (RFC 3986 §3). */
#include "url.h"

#include <string.h>
#include <strings.h>

static bool is_scheme(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool letter = (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z');
        bool other = (p[i] >= '0' && p[i] <= '9') || p[i] == '+' || p[i] == '-' || p[i] == '.';
        if (!letter && (i == 0 || !other)) {
            return false;
        }
    }
    return n > 0;
}

/* Refuses rather than repairs: what browsers mend in one way and we in another is how a redirect leaves
 * the site. */
bool url_read(const char *text, struct url *out)
{
    *out = (struct url){0};
    for (const char *p = text; *p; p++) {
        /* Browsers drop tabs and line ends and take "\" for "/": "/\evil.example" would be another host to
         * them than to us. */
        if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '\\') {
            return false;
        }
    }
    size_t n = strcspn(text, ":/?#");
    if (text[n] == ':') {
        /* No "javascript:" nor "https:evil.example", which browsers read as a host. */
        if (!is_scheme(text, n) || strncmp(text + n + 1, "//", 2) != 0) {
            return false;
        }
        out->scheme = BYTES(text, n);
        text += n + 1;
    }
    if (strncmp(text, "//", 2) == 0) {
        n = strcspn(text + 2, "/?#");
        out->host = BYTES(text + 2, n);
        /* No user part: "https://us.example@evil.example" shows one host and goes to another. */
        if (n == 0 || memchr(text + 2, '@', n)) {
            return false;
        }
        text += 2 + n;
    }
    n = strcspn(text, "?#");
    out->path = BYTES(text, n);
    out->rest = bytes_str(text + n);
    return true;
}

bool url_has_dot_segment(struct bytes path)
{
    size_t segment = 0, dots = 0;

    for (size_t i = 0; i <= path.n; i++) {
        bool slash = i == path.n || path.p[i] == '/';
        if (slash) {
            if (segment > 0 && segment == dots && dots <= 2) {
                return true;
            }
            segment = dots = 0;
            /* Written as %2e a dot is still one to browsers and proxies (RFC 3986 §6.2.2.2). */
        } else if (path.n - i >= 3 && strncasecmp((const char *)path.p + i, "%2e", 3) == 0) {
            segment++, dots++, i += 2;
        } else {
            segment++, dots += path.p[i] == '.';
        }
    }
    return false;
}
