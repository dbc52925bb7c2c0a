/* ECMA-262 regular expressions (§22.2.1, with the u flag) written anew for PCRE2, so that what the two
 * languages read differently means what ECMA says, and what only PCRE2 knows is refused. */
#include <string.h>

#include "schema_ecma.h"

/* A sentence for the author of the schema; the pattern itself is in their hands. */
bool schema_ecma_refuse(struct translation *t, const char *why)
{
    t->why = why;
    return false;
}

int schema_ecma_peek(const struct translation *t, size_t ahead)
{
    /* By byte: what the syntax is made of is ASCII, and UTF-8 has no ASCII inside its characters. */
    return (size_t)(t->end - t->p) > ahead ? (unsigned char)t->p[ahead] : -1;
}

bool schema_ecma_starts(const struct translation *t, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(t->end - t->p) >= n && memcmp(t->p, text, n) == 0;
}

/* A class from "[" to "]". PCRE2 reads "[" inside of a class as the beginning of "[:alpha:]"; ECMA reads a
 * bracket. */
static bool class(struct translation *t)
{
    buf_char(&t->out, *t->p++);
    if (schema_ecma_peek(t, 0) == '^') {
        buf_char(&t->out, *t->p++);
    }
    t->in_class = true;
    while (schema_ecma_peek(t, 0) != ']') {
        const char *close = NULL;
        if (schema_ecma_peek(t, 0) < 0) {
            return schema_ecma_refuse(t, "the regular expression has a class without an end");
        }
        /* POSIX classes, as Go's RE2 has them: schemas that were written for Kratos may use them. */
        if (t->lenient && schema_ecma_starts(t, "[:") && (close = strstr(t->p + 2, ":]")) &&
            close - t->p < 12) {
            buf_add(&t->out, t->p, (size_t)(close + 2 - t->p));
            t->p = close + 2;
        } else if (*t->p == '\\') {
            if (!schema_ecma_escape(t)) {
                return false;
            }
        } else {
            if (*t->p == '[') {
                buf_char(&t->out, '\\');
            }
            buf_char(&t->out, *t->p++);
        }
    }
    t->in_class = false;
    t->repeatable = true;
    buf_char(&t->out, *t->p++);
    return true;
}

/* Behind "(?" of a lenient pattern: flags as RE2 has them, up to ":" or ")". */
static bool inline_flags(struct translation *t)
{
    size_t n = strspn(t->p + 2, "ims-");
    char after = t->p[2 + n];
    if (!t->lenient || n == 0 || (after != ':' && after != ')')) {
        return schema_ecma_refuse(t,
                                  "the regular expression has a group of a kind that ECMA-262 does not know");
    }
    buf_add(&t->out, t->p, n + 3);
    t->p += n + 3;
    /* "(?i)" up to the end of the group; "(?i:…)" opens one of its own. */
    t->open += after == ':';
    t->inline_flags = true;
    /* What "?", "*", "+" or "{" would stand behind is not there yet. */
    t->repeatable = false;
    return true;
}

/* Only the kinds that ECMA has: PCRE2's others can recurse, be atomic, or run without any text left to
 * read. */
static bool group(struct translation *t)
{
    static const char *const kinds[] = {"(?:", "(?=", "(?!", "(?<=", "(?<!"};
    size_t n = schema_ecma_starts(t, "(?") ? 0 : 1;
    for (size_t i = 0; n == 0 && i < sizeof kinds / sizeof kinds[0]; i++) {
        n = schema_ecma_starts(t, kinds[i]) ? strlen(kinds[i]) : 0;
    }
    /* A name; PCRE2 has the same rules for it but that it must be shorter than 33 characters. */
    if (n == 0 && schema_ecma_starts(t, "(?<")) {
        n = 3;
    }
    if (n == 0 && t->lenient && schema_ecma_starts(t, "(?P<")) {
        t->p += 4;
        buf_str(&t->out, "(?<");
    } else if (n == 0) {
        return inline_flags(t);
    }
    buf_add(&t->out, t->p, n);
    t->p += n;
    t->open++;
    t->repeatable = false;
    return true;
}

/* The length of "{n}", "{n,}" or "{n,m}" at p, or 0. */
static size_t braces(const struct translation *t)
{
    size_t n = 1, start = 1;
    while (schema_ecma_peek(t, n) >= '0' && schema_ecma_peek(t, n) <= '9') {
        n++;
    }
    /* PCRE2 takes "{,3}" for text, ECMA for an error. */
    if (n == start) {
        return 0;
    }
    if (schema_ecma_peek(t, n) == ',') {
        n++;
        while (schema_ecma_peek(t, n) >= '0' && schema_ecma_peek(t, n) <= '9') {
            n++;
        }
    }
    return schema_ecma_peek(t, n) == '}' ? n + 1 : 0;
}

/* A "+" behind a quantifier would be possessive to PCRE2 and is an error to ECMA. */
static bool quantifier(struct translation *t)
{
    size_t n = *t->p == '{' ? braces(t) : 1;
    if (n == 0) {
        if (!t->lenient) {
            return schema_ecma_refuse(t, "the regular expression has a lone brace");
        }
        buf_str(&t->out, "\\{");
        t->p++;
        t->repeatable = true;
        return true;
    }
    if (!t->repeatable) {
        return schema_ecma_refuse(t, "the regular expression has a quantifier with nothing to repeat");
    }
    /* Lazy: the one sign that may follow a quantifier. */
    n += schema_ecma_peek(t, n) == '?';
    buf_add(&t->out, t->p, n);
    t->p += n;
    t->repeatable = false;
    return true;
}

static bool close_group(struct translation *t)
{
    if (t->open == 0) {
        return schema_ecma_refuse(t, "the regular expression closes a group that was not opened");
    }
    t->open--;
    t->repeatable = true;
    buf_char(&t->out, *t->p++);
    return true;
}

/* One unit of the pattern. `repeatable` says whether a quantifier may follow. */
static bool step(struct translation *t)
{
    switch (*t->p) {
    case '\\':
        t->repeatable = true;
        return schema_ecma_escape(t);
    case '[':
        return class(t);
    case '(':
        return group(t);
    case ')':
        return close_group(t);
    case '*':
    case '+':
    case '?':
    case '{':
        return quantifier(t);
    case '.':
        /* ECMA's line ends; PCRE2's "." would stop at "\n" alone. */
        buf_str(&t->out, t->inline_flags ? "." : "[^\\n\\r\\x{2028}\\x{2029}]");
        t->repeatable = true;
        break;
    case '|':
    case '^':
        buf_char(&t->out, *t->p);
        t->repeatable = false;
        break;
    case ']':
    case '}':
        if (!t->lenient) {
            return schema_ecma_refuse(t, "the regular expression has a lone bracket");
        }
        buf_char(&t->out, '\\');
        buf_char(&t->out, *t->p);
        t->repeatable = true;
        break;
    case '\0':
        /* The pattern goes to PCRE2 as a C string. */
        buf_str(&t->out, "\\x{0}");
        t->repeatable = true;
        break;
    default:
        buf_char(&t->out, *t->p);
        t->repeatable = *t->p != '$';
        break;
    }
    t->p++;
    return true;
}

/* In one pass and in linear time: what a schema's author writes is read at the start of the server, what
 * people type in forms with "format": "regex" at each request. */
char *schema_ecma_translate(struct arena *a, struct bytes pattern, enum regex_flavour flavour,
                            const char **why)
{
    struct translation t = {.p = (const char *)pattern.p,
                            .end = (const char *)pattern.p + pattern.n,
                            .out = BUF(a),
                            .lenient = flavour == REGEX_LENIENT};
    *why = NULL;
    while (t.p < t.end) {
        if (!step(&t)) {
            *why = t.why;
            return NULL;
        }
    }
    if (t.open > 0) {
        *why = "the regular expression has a group without an end";
        return NULL;
    }
    return buf_text(&t.out);
}
