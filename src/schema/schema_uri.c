/* URI references: resolved against a base (RFC 3986 §5.2), fragments taken off and decoded. */
#include <string.h>

#include "schema_int.h"

/* The five components of RFC 3986 §3; p NULL where one is undefined. */
struct uri_parts {
    struct bytes scheme, authority, path, query, fragment;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t scheme_length(const char *text)
{
    if (!is_letter(text[0])) {
        return 0;
    }
    size_t n = 1;
    while (is_letter(text[n]) || (text[n] >= '0' && text[n] <= '9') || (text[n] && strchr("+-.", text[n]))) {
        n++;
    }
    return text[n] == ':' ? n : 0;
}

static struct uri_parts split(const char *text)
{
    struct uri_parts p = {0};
    size_t n = scheme_length(text);
    if (n > 0) {
        p.scheme = BYTES(text, n);
        text += n + 1;
    }
    /* RFC 3986 §3.2. */
    if (text[0] == '/' && text[1] == '/') {
        n = strcspn(text + 2, "/?#");
        p.authority = BYTES(text + 2, n);
        text += 2 + n;
    }
    n = strcspn(text, "?#");
    p.path = BYTES(text, n);
    text += n;
    if (*text == '?') {
        n = strcspn(text + 1, "#");
        p.query = BYTES(text + 1, n);
        text += 1 + n;
    }
    if (*text == '#') {
        p.fragment = bytes_str(text + 1);
    }
    return p;
}

/* RFC 3986 §5.2.4, by segments. Only for names of schemas within a document: nothing is opened or fetched
 * by what comes out. */
static struct bytes remove_dots(struct arena *a, struct bytes path)
{
    /* Dots only go: the result is never longer than the path and a slash. */
    char *grown = arena_alloc(a, path.n + 2);
    if (!grown) {
        return BYTES(NULL, 0);
    }
    size_t n = 0, i = 0;
    while (i < path.n) {
        size_t start = i;
        i += path.p[i] == '/';
        while (i < path.n && path.p[i] != '/') {
            i++;
        }
        struct bytes segment = BYTES(path.p + start, i - start);
        bool slash = segment.n > 0 && segment.p[0] == '/';
        struct bytes name = BYTES(segment.p + slash, segment.n - slash);
        bool one = bytes_equal(name, bytes_str(".")), two = bytes_equal(name, bytes_str(".."));
        if (!one && !two) {
            memcpy(grown + n, segment.p, segment.n);
            n += segment.n;
            continue;
        }
        while (two && n > 0 && grown[--n] != '/') {
        }
        if (i == path.n && slash) {
            grown[n++] = '/';
        }
    }
    return BYTES(grown, n);
}

/* RFC 3986 §5.2.3. */
static struct bytes merge(struct arena *a, const struct uri_parts *base, struct bytes path)
{
    struct buf b = BUF(a);
    if (base->authority.p && base->path.n == 0) {
        buf_char(&b, '/');
    } else {
        size_t n = base->path.n;
        while (n > 0 && base->path.p[n - 1] != '/') {
            n--;
        }
        buf_add(&b, base->path.p, n);
    }
    buf_bytes(&b, path);
    return buf_done(&b);
}

static char *compose(struct arena *a, const struct uri_parts *p)
{
    struct buf b = BUF(a);
    if (p->scheme.p) {
        buf_bytes(&b, p->scheme);
        buf_char(&b, ':');
    }
    if (p->authority.p) {
        buf_str(&b, "//");
        buf_bytes(&b, p->authority);
    }
    buf_bytes(&b, p->path);
    if (p->query.p) {
        buf_char(&b, '?');
        buf_bytes(&b, p->query);
    }
    if (p->fragment.p) {
        buf_char(&b, '#');
        buf_bytes(&b, p->fragment);
    }
    return buf_text(&b);
}

/* Only to find a schema by its name within what was given: "http://…" in a $ref fetches nothing. */
char *schema_uri_resolve(struct arena *a, const char *base_text, const char *reference)
{
    struct uri_parts base = split(base_text), r = split(reference), t = r;
    if (r.scheme.p) {
        return compose(a, &t);
    }
    t.scheme = base.scheme;
    /* RFC 3986 §5.2.2, as its pseudocode has it. */
    if (!r.authority.p) {
        t.authority = base.authority;
        if (r.path.n == 0) {
            t.path = base.path;
            t.query = r.query.p ? r.query : base.query;
        } else {
            struct bytes path = r.path.p[0] == '/' ? r.path : merge(a, &base, r.path);
            t.path = path.p ? remove_dots(a, path) : path;
            if (!t.path.p) {
                return NULL;
            }
        }
    }
    return compose(a, &t);
}

char *schema_uri_without_fragment(struct arena *a, const char *uri, const char **fragment)
{
    size_t n = strcspn(uri, "#");
    *fragment = uri[n] ? uri + n + 1 : "";
    return arena_strndup(a, uri, n);
}

enum ww_err schema_uri_decode(struct arena *a, const char *text, char **out)
{
    struct buf b = BUF(a);
    *out = NULL;
    for (; *text; text++) {
        uint8_t value = (uint8_t)*text;
        if (*text == '%') {
            char digits[3] = {0};
            strncpy(digits, text + 1, 2);
            /* %00 would end the path or the pointer early. */
            if (!hex_decode(&value, 1, digits) || value == 0) {
                return WW_EINVAL;
            }
            text += 2;
        }
        buf_u8(&b, value);
    }
    *out = buf_text(&b);
    return *out ? WW_OK : WW_ENOMEM;
}
