/* What a text can hold, before jansson sees it: jansson's own limit of depth is 2,048, and it has none of
 * values. */
#include "js_int.h"

#include <string.h>

/* Where the string that begins at i ends: behind its closing quote, or at the end of the text. */
static size_t skip_string(struct bytes text, size_t i)
{
    for (i++; i < text.n && text.p[i] != '"'; i++) {
        /* The character behind a backslash is skipped, so that an escaped quote does not end the string. */
        i += text.p[i] == '\\';
    }
    return i < text.n ? i + 1 : text.n;
}

static bool begins_number(uint8_t c)
{
    return c == '-' || (c >= '0' && c <= '9');
}

static size_t skip_number(struct bytes text, size_t i)
{
    while (i < text.n && text.p[i] && strchr("0123456789+-.eE", text.p[i])) {
        i++;
    }
    return i;
}

/* An array or object has one value more than commas, or none: brackets and commas bound the values. */
struct js_measure js_scan_measure(struct bytes text)
{
    struct js_measure m = {.nodes = 1};
    size_t depth = 0;
    for (size_t i = 0; i < text.n;) {
        uint8_t c = text.p[i];
        if (c == '"') {
            i = skip_string(text, i);
            continue;
        }
        if (begins_number(c)) {
            size_t end = skip_number(text, i);
            m.longest_number = end - i > m.longest_number ? end - i : m.longest_number;
            i = end;
            continue;
        }
        if (c == '[' || c == '{') {
            depth++;
            m.depth = depth > m.depth ? depth : m.depth;
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
        /* An upper bound: keys are not counted, since each belongs to a value that is. */
        m.nodes += c == '[' || c == '{' || c == ',';
        i++;
    }
    return m;
}

struct bytes js_scan_number(struct bytes *rest)
{
    for (size_t i = 0; i < rest->n;) {
        if (rest->p[i] == '"') {
            i = skip_string(*rest, i);
        } else if (begins_number(rest->p[i])) {
            size_t end = skip_number(*rest, i);
            struct bytes number = BYTES(rest->p + i, end - i);
            *rest = BYTES(rest->p + end, rest->n - end);
            return number;
        } else {
            i++;
        }
    }
    /* No further number: only where jansson and we read differently, and then the tree has an empty text. */
    return BYTES("", 0);
}
