/* Reads the head of a request strictly (RFC 9112 §§3–6): what two readers could take in two ways is
 * refused, since that is what request smuggling lives on. Pure: no socket, no allocation. */
#include "http_strict.h"

#include <string.h>
#include <strings.h>

#include "limit.h"

#define REFUSE(status, reason) ((struct http_refusal){(status), (reason)})
static const struct http_refusal accepted = {0, NULL};

static const struct {
    const char *name;
    enum http_method method;
} methods[] = {
    {"GET", HTTP_GET},       {"HEAD", HTTP_HEAD},       {"POST", HTTP_POST},
    {"PUT", HTTP_PUT},       {"PATCH", HTTP_PATCH},     {"TRACE", HTTP_TRACE},
    {"DELETE", HTTP_DELETE}, {"OPTIONS", HTTP_OPTIONS}, {"CONNECT", HTTP_CONNECT},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alphanumeric(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool http_is_token_byte(uint8_t c)
{
    return c && (is_alphanumeric((char)c) || strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(const char *s)
{
    if (!*s) {
        return false;
    }
    for (; *s; s++) {
        if (!http_is_token_byte((uint8_t)*s)) {
            return false;
        }
    }
    return true;
}

/* ---- where the head ends ---- */

/* Only CR LF ends a line. RFC 9112 §2.2 lets a recipient take a bare LF as well; a proxy in front may not,
 * and then the two see different fields. NUL is among the control characters, so the head is a C string
 * from here on. */
static struct http_refusal check_byte(const uint8_t *p, size_t i)
{
    uint8_t c = p[i];
    if (i > 0 && p[i - 1] == '\r' && c != '\n') {
        return REFUSE(400, "A carriage return stands without its line feed.");
    }
    if (c == '\n' && (i == 0 || p[i - 1] != '\r')) {
        return REFUSE(400, "A line feed stands without its carriage return.");
    }
    if ((c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f) {
        return REFUSE(400, "The head holds a control character.");
    }
    return accepted;
}

/* Reads the whole lines of a head that is refused, so that the refusal knows the request's method, id and
 * origin. Nothing else is done with what it reads. */
void http_head_salvage(struct arena *a, const uint8_t *p, size_t n, struct http_head *out)
{
    while (n > 0 && p[n - 1] != '\n') {
        n--;
    }
    uint8_t *lines = n ? arena_alloc(a, n + 2) : NULL;
    if (lines) {
        memcpy(lines, p, n);
        memcpy(lines + n, "\r\n", 2);
        (void)http_head_read(a, lines, n + 2, out);
    }
}

/* Goes on where it stopped: a head that trickles in byte by byte costs one look at each byte, not one look
 * at all for each. The limit is asked before the byte is, so nobody makes us look further. */
size_t http_head_end(const uint8_t *p, size_t n, size_t *scanned, struct http_refusal *refusal)
{
    *refusal = accepted;
    for (size_t i = *scanned; i < n; i++) {
        *scanned = i;
        if (i >= HTTP_HEAD_MAX) {
            *refusal = REFUSE(431, "The head is larger than 16 KiB.");
            return 0;
        }
        *refusal = check_byte(p, i);
        if (refusal->status) {
            return 0;
        }
        if (i >= 3 && memcmp(p + i - 3, "\r\n\r\n", 4) == 0) {
            return i + 1;
        }
    }
    *scanned = n;
    return 0;
}

/* ---- the request line ---- */

/* 501 for a method we do not know and 400 for what cannot be one (RFC 9110 §15.6.2). Methods are compared
 * with their case: "get" is another method. */
static struct http_refusal read_method(struct http_head *h, const char *name)
{
    if (!is_token(name)) {
        return REFUSE(400, "The method is not a token.");
    }
    h->method_name = name;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(methods[i].name, name) == 0) {
            h->method = methods[i].method;
            return accepted;
        }
    }
    return REFUSE(501, "The method is not known here.");
}

/* Read first of the three: in another version, method and target need not be what we take them for. */
static struct http_refusal read_version(struct http_head *h, const char *version)
{
    if (strncmp(version, "HTTP/", 5) != 0 || !is_digit(version[5]) || version[6] != '.' ||
        !is_digit(version[7]) || version[8]) {
        return REFUSE(400, "The request line does not end in an HTTP version.");
    }
    if (version[5] != '1') {
        return REFUSE(505, "The HTTP version is not 1.0 or 1.1.");
    }
    h->minor_version = version[7] == '0' ? 0 : 1;
    h->keep_alive = h->minor_version == 1;
    return accepted;
}

/* Sets *authority to what stands between "//" and the path of the absolute form, else leaves it. */
static struct http_refusal read_target(struct arena *a, struct http_head *h, const char *target,
                                       const char **authority)
{
    const char *path = target;
    for (const char *s = target; *s; s++) {
        if (*s < 0x21 || *s > 0x7e || *s == '#') {
            return REFUSE(400, "The request target holds a character that must be percent-encoded.");
        }
    }
    /* RFC 9112 §3.2.2: the absolute form has to be accepted. Its host is compared with the Host field
     * later, since a proxy might have routed by the one and we by the other. */
    bool http = strncasecmp(target, "http://", 7) == 0;
    if (http || strncasecmp(target, "https://", 8) == 0) {
        const char *host = target + (http ? 7 : 8);
        size_t n = strcspn(host, "/?");
        *authority = arena_strndup(a, host, n);
        path = host[n] == '/' ? host + n : arena_printf(a, "/%s", host + n);
    } else if (h->method == HTTP_CONNECT && *target != '/') {
        *authority = target;
        path = "";
    } else if (*target != '/' && !(h->method == HTTP_OPTIONS && strcmp(target, "*") == 0)) {
        return REFUSE(400, "The request target is not a path.");
    }
    const char *query = path ? strchr(path, '?') : NULL;
    char *only_path = path ? arena_strndup(a, path, query ? (size_t)(query - path) : strlen(path)) : NULL;
    if (!only_path) {
        return REFUSE(503, "There is no memory for the request.");
    }
    /* Without scheme and host: what is built of it goes behind an address of the configuration. */
    h->target = path;
    h->path = only_path;
    h->query = query ? query + 1 : "";
    return accepted;
}

static struct http_refusal read_request_line(struct arena *a, struct http_head *h, char *line,
                                             const char **authority)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    /* One space each, nothing else: RFC 9112 §3 allows to split at any white space, which is where readers
     * differ. A third space is part of the "version" and refused there. */
    if (!version || target[1] == ' ') {
        return REFUSE(400, "The request line is not a method, a target and a version.");
    }
    *target++ = '\0';
    *version++ = '\0';
    struct http_refusal r = read_version(h, version);
    if (!r.status) {
        r = read_method(h, line);
    }
    return r.status ? r : read_target(a, h, target, authority);
}

/* ---- fields ---- */

/* No white space in front of the colon (RFC 9112 §5.1) and no folded lines (§5.2): both have made two
 * servers see two different lengths of one body. */
static struct http_refusal read_field(struct http_head *h, char *line)
{
    if (*line == ' ' || *line == '\t') {
        return REFUSE(400, "A field is folded over several lines.");
    }
    char *colon = strchr(line, ':');
    if (!colon) {
        return REFUSE(400, "A header line has no colon.");
    }
    *colon = '\0';
    if (!is_token(line)) {
        return REFUSE(400, "A field's name is not a token.");
    }
    /* Every look-up walks the list, so its length bounds the work of each. */
    if (h->field_count == HTTP_FIELDS_MAX) {
        return REFUSE(431, "There are more than 100 fields.");
    }
    char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t n = strlen(value);
    while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t')) {
        n--;
    }
    value[n] = '\0';
    h->fields[h->field_count++] = (struct http_field){line, value};
    return accepted;
}

/* RFC 3986 host and port, the length and the characters only: whether it is ours is for others to say. */
static bool is_host(const char *host)
{
    const char *s = host;
    if (strlen(host) > LIMIT_HOST) {
        return false;
    }
    if (*s == '[') {
        s += 1 + strspn(s + 1, "0123456789abcdefABCDEF:.");
        if (*s++ != ']' || s == host + 2) {
            return false;
        }
    } else {
        while (*s && *s != ':') {
            if (!is_alphanumeric(*s) && !strchr("-._~!$&'()*+,;=%", *s)) {
                return false;
            }
            s++;
        }
        if (s == host) {
            return false;
        }
    }
    if (*s == ':') {
        s++;
        while (is_digit(*s)) {
            s++;
        }
    }
    return !*s;
}

static struct http_refusal check_host(const struct http_head *h, const char *authority)
{
    /* RFC 9112 §3.2: exactly one. With two, a proxy could route by the first and we decide by the second,
     * on the admin port too, where the name is what keeps rebound pages out. */
    unsigned hosts = http_head_field_count(h, "Host");
    const char *host = http_head_field(h, "Host");
    if (hosts > 1) {
        return REFUSE(400, "There is more than one Host field.");
    }
    if (!host && h->minor_version >= 1) {
        return REFUSE(400, "There is no Host field.");
    }
    if ((host && !is_host(host)) || (authority && !is_host(authority))) {
        return REFUSE(400, "The host is not a name or address with a port.");
    }
    if (host && authority && strcasecmp(host, authority) != 0) {
        return REFUSE(400, "The Host field is not the host of the request target.");
    }
    return accepted;
}

/* RFC 9112 §6.1, §6.3: of all codings only "chunked", alone and said once. */
static struct http_refusal read_coding(struct http_head *h, const char *coding)
{
    size_t n = strlen(coding);
    if (http_head_field_count(h, "Transfer-Encoding") > 1) {
        return REFUSE(400, "There is more than one Transfer-Encoding field.");
    }
    if (h->method == HTTP_TRACE) {
        return REFUSE(400, "A TRACE request has no body.");
    }
    h->chunked = strcasecmp(coding, "chunked") == 0;
    if (h->chunked) {
        return accepted;
    }
    /* Where the last coding is `chunked` the body's end is known and the request is sound: 501. Where it
     * is not, nobody knows where the next request begins: 400, and the connection is closed. */
    bool chunked_last = n > 7 && strcasecmp(coding + n - 7, "chunked") == 0 && strchr(", \t", coding[n - 8]);
    return chunked_last ? REFUSE(501, "Of the transfer codings only chunked is known here.")
                        : REFUSE(400, "The body's end cannot be told: chunked is not its last coding.");
}

static struct http_refusal read_length(struct http_head *h)
{
    const char *length = http_head_field(h, "Content-Length");
    const char *coding = http_head_field(h, "Transfer-Encoding");
    /* RFC 9112 §6.1: both together is how a request is smuggled, and HTTP/1.0 has no codings. The standard
     * lets a server drop the length and go on; refusing is the safe half of that. */
    if (coding && (length || h->minor_version == 0)) {
        return REFUSE(400, "The body's length is stated in two ways.");
    }
    if (coding) {
        return read_coding(h, coding);
    }
    if (!length) {
        return accepted;
    }
    /* Even equal ones: RFC 9112 §6.3 would allow to merge them, and no client sends two. A list ("5, 5")
     * fails as no number below, and so do signs and spaces, which strtoull would take. */
    if (http_head_field_count(h, "Content-Length") > 1) {
        return REFUSE(400, "There is more than one Content-Length field.");
    }
    size_t digits = strspn(length, "0123456789");
    if (digits == 0 || length[digits]) {
        return REFUSE(400, "Content-Length is not a number.");
    }
    if (digits > 18) { /* 18 digits fit in 64 bits */
        return REFUSE(400, "Content-Length is too large.");
    }
    for (const char *s = length; *s; s++) {
        h->body_length = h->body_length * 10 + (uint64_t)(*s - '0');
    }
    if (h->method == HTTP_TRACE && h->body_length) {
        return REFUSE(400, "A TRACE request has no body.");
    }
    return accepted;
}

/* Whether a comma-separated list has this element, any case. Walks once over the list and copies nothing. */
static bool list_has(const char *list, const char *element)
{
    size_t length = strlen(element);
    for (const char *s = list; *s;) {
        s += strspn(s, " \t,");
        size_t n = strcspn(s, ",");
        size_t trimmed = n;
        while (trimmed > 0 && (s[trimmed - 1] == ' ' || s[trimmed - 1] == '\t')) {
            trimmed--;
        }
        if (trimmed == length && strncasecmp(s, element, length) == 0) {
            return true;
        }
        s += n;
    }
    return false;
}

static struct http_refusal read_connection(struct http_head *h)
{
    /* "close" wins over "keep-alive", in whichever field: to close early is always safe. */
    bool close = false, keep = h->keep_alive;
    for (size_t i = 0; i < h->field_count; i++) {
        if (strcasecmp(h->fields[i].name, "Connection") == 0) {
            close = close || list_has(h->fields[i].value, "close");
            keep = keep || list_has(h->fields[i].value, "keep-alive");
        }
    }
    h->keep_alive = keep && !close;
    const char *expect = http_head_field(h, "Expect");
    if (expect && strcasecmp(expect, "100-continue") != 0) {
        return REFUSE(417, "The expectation is not known here.");
    }
    h->expects_continue = expect && h->minor_version >= 1;
    return accepted;
}

/* ---- the whole ---- */

void http_head_clear(struct http_head *h)
{
    h->method = 0;
    h->method_name = h->target = h->path = h->query = "";
    h->minor_version = 1;
    h->keep_alive = h->expects_continue = h->chunked = false;
    h->body_length = 0;
    h->field_count = 0;
}

struct http_refusal http_head_read(struct arena *a, const uint8_t *p, size_t n, struct http_head *out)
{
    const char *authority = NULL;
    http_head_clear(out);
    char *text = arena_strndup(a, p, n);
    if (!text) {
        return REFUSE(503, "There is no memory for the request.");
    }
    struct http_refusal r = accepted;
    /* The head ends in an empty line and has no NUL and no lone CR or LF (http_head_end saw to both), so
     * this walk meets its end within the text. */
    for (char *line = text, *end; (end = strstr(line, "\r\n")) != NULL && end != line; line = end + 2) {
        *end = '\0';
        struct http_refusal next =
            line == text ? read_request_line(a, out, line, &authority) : read_field(out, line);
        /* The first one counts; the fields behind it are read all the same, for the refusal's own sake: its
         * origin and id stand there. */
        r = r.status ? r : next;
    }
    if (!r.status && !*out->method_name) {
        r = REFUSE(400, "There is no request line.");
    }
    if (!r.status) {
        r = check_host(out, authority);
    }
    if (!r.status) {
        r = read_length(out);
    }
    return r.status ? r : read_connection(out);
}

const char *http_head_field(const struct http_head *h, const char *name)
{
    for (size_t i = 0; i < h->field_count; i++) {
        if (strcasecmp(h->fields[i].name, name) == 0) {
            return h->fields[i].value;
        }
    }
    return NULL;
}

unsigned http_head_field_count(const struct http_head *h, const char *name)
{
    unsigned n = 0;
    for (size_t i = 0; i < h->field_count; i++) {
        n += strcasecmp(h->fields[i].name, name) == 0;
    }
    return n;
}
