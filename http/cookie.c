/* Cookies as text (RFC 6265 §§4.1.1, 4.2.1, 5.4); what they mean is site.c's. */
#include "cookie.h"

#include <inttypes.h>
#include <string.h>

#include "bytes.h"

/* RFC 6265 §4.1.1, cookie-octet */
static bool is_octet(char c)
{
    return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

/* RFC 9110 §5.6.2, token: a name is narrower than a value. */
static bool is_name_octet(char c)
{
    return is_octet(c) && !strchr("()<>@:/[]?={}", c);
}

static bool all(const char *s, size_t n, bool (*is)(char))
{
    for (size_t i = 0; i < n; i++) {
        if (!is(s[i])) {
            return false;
        }
    }
    return true;
}

/* Pairs that are no cookie are passed over: another application on the same domain must not be able to
 * break ours. */
void cookie_each(const char *header,
                 bool (*visit)(const char *name, size_t name_length, const char *value, size_t value_length,
                               void *context),
                 void *context)
{
    for (const char *s = header ? header : ""; *s;) {
        s += strspn(s, " \t;");
        size_t n = strcspn(s, ";");
        const char *pair = s, *equals = memchr(s, '=', n);
        s += n;
        while (n > 0 && (pair[n - 1] == ' ' || pair[n - 1] == '\t')) {
            n--;
        }
        if (!equals) {
            continue;
        }
        size_t name_length = (size_t)(equals - pair), value_length = n - name_length - 1;
        const char *value = equals + 1;
        if (value_length >= 2 && value[0] == '"' && value[value_length - 1] == '"') {
            value++;
            value_length -= 2;
        }
        if (name_length && all(pair, name_length, is_name_octet) && all(value, value_length, is_octet) &&
            !visit(pair, name_length, value, value_length, context)) {
            return;
        }
    }
}

struct search {
    struct arena *arena;
    const char *name;
    bool (*good)(const char *value, void *context);
    void *context;
    const char *found;
    int tries;
};

/* Tries are bounded, since each may cost a look into the store. */
static bool match(const char *name, size_t name_length, const char *value, size_t value_length, void *context)
{
    struct search *search = context;
    if (strlen(search->name) != name_length || memcmp(search->name, name, name_length) != 0) {
        return true;
    }
    const char *copy = arena_strndup(search->arena, value, value_length);
    if (copy && (!search->good || search->good(copy, search->context))) {
        search->found = copy;
    }
    return !search->found && ++search->tries < COOKIE_TRIES;
}

/* The first that is good: a browser sends several of one name where a parent domain has set one too, in an
 * order that nobody can rely on (RFC 6265 §5.4). */
const char *cookie_find(struct arena *a, const char *header, const char *name,
                        bool (*good)(const char *value, void *context), void *context)
{
    struct search search = {.arena = a, .name = name, .good = good, .context = context};
    cookie_each(header, match, &search);
    return search.found;
}

/* RFC 6265 §4.1.1, av-octet: what ends an attribute is the semicolon alone. */
static bool is_attribute_octet(char c)
{
    return c >= 0x20 && c < 0x7f && c != ';';
}

/* Adds "; name=value" when there is a value; false when it has a character that ends an attribute. */
static bool add_attribute(struct buf *b, const char *name, const char *value)
{
    if (!value || !*value) {
        return true;
    }
    buf_printf(b, "; %s=%s", name, value);
    return all(value, strlen(value), is_attribute_octet);
}

/* Path, domain and SameSite come from the configuration, and could add attributes or another cookie. */
char *cookie_build(struct arena *a, const struct cookie *c)
{
    struct buf b = BUF(a);
    if (!*c->name || !all(c->name, strlen(c->name), is_name_octet) ||
        !all(c->value, strlen(c->value), is_octet)) {
        return NULL;
    }
    buf_printf(&b, "%s=%s", c->name, c->value);
    if (!add_attribute(&b, "Path", c->path) || !add_attribute(&b, "Domain", c->domain)) {
        return NULL;
    }
    if (c->max_age < 0) {
        buf_str(&b, "; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0");
    } else if (c->max_age > 0) {
        buf_printf(&b, "; Max-Age=%" PRId64, c->max_age);
    }
    buf_str(&b, c->http_only ? "; HttpOnly" : "");
    buf_str(&b, c->secure ? "; Secure" : "");
    return add_attribute(&b, "SameSite", c->same_site) ? buf_text(&b) : NULL;
}
