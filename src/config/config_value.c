/* One value: read by its type, judged by its rule. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config_int.h"
#include "timefmt.h"

/* A reason must never be NULL, which would mean that nothing is wrong. */
__attribute__((format(printf, 2, 3))) static const char *reason(struct arena *a, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const char *text = arena_vprintf(a, format, ap);
    va_end(ap);
    return text ? text : "is wrong, and there is no memory to say why";
}

/* ---- named rules: NULL when the text is right, else what it must be ---- */

/* These texts go into headers and cookies: a line end would begin a new one. */
static bool no_blanks(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

static const char *rule_uri(const char *text)
{
    return no_blanks(text) ? NULL : "must be an address without spaces";
}

/* Host, [IPv6], either with a port, up to the path; in ASCII, as it stands in headers. */
static bool is_authority(const char *host)
{
    size_t n = strcspn(host, "/"), name = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    for (size_t i = 0; i < n; i++) {
        if (host[i] < 0) {
            return false;
        }
    }
    if (name > n || name == 0 || (name < n && host[name] != ':')) {
        return false;
    }
    size_t digits = name < n ? n - name - 1 : 0;
    return digits == strspn(host + name + (name < n), "0123456789") && digits <= 5 &&
           (digits == 0 || strtol(host + name + 1, NULL, 10) <= 65535);
}

/* http or https with a host: what browsers are sent to. */
static const char *rule_url(const char *text)
{
    const char *host = strncmp(text, "https://", 8) == 0  ? text + 8
                       : strncmp(text, "http://", 7) == 0 ? text + 7
                                                          : NULL;
    bool right = !*text || (host && no_blanks(text) && *host && !strchr("/:?#", *host) &&
                            !strpbrk(text, "?#@*") && is_authority(host));
    return right ? NULL : "must be http:// or https:// with a host, without a query";
}

/* A name, an address, either with a port, or [IPv6]. */
static const char *rule_host(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]*%");
    return text[n] == 0 && n <= 255 ? NULL : "must be a host name or address";
}

/* With the zone of a link-local address, and in brackets as an URL has it. */
static bool is_ipv6(const char *text)
{
    unsigned char address[16];
    char plain[64];
    size_t n = strlen(text), bracket = *text == '[';
    if (n < 2 || n >= sizeof plain || (bracket && text[n - 1] != ']')) {
        return false;
    }
    memcpy(plain, text + bracket, n - 2 * bracket);
    plain[n - 2 * bracket] = 0;
    plain[strcspn(plain, "%")] = 0;
    return inet_pton(AF_INET6, plain, address) == 1;
}

/* A name or address to listen on, [IPv6] as in an URL, or all of them. */
static const char *rule_listen(const char *text)
{
    if (strcmp(text, "*") == 0 || is_ipv6(text)) {
        return NULL;
    }
    if (strchr(text, ':') && !strpbrk(text, "[]*")) {
        return "must be a host name or address alone; the port is a setting of its own";
    }
    return strpbrk(text, "*[]%:") ? "must be a host name or address, or * for all" : rule_host(text);
}

/* RFC 9110 §5.6.2: names of headers, methods and cookies. */
static const char *rule_token(const char *text)
{
    const char *p = text;
    while (isalnum((unsigned char)*p) || (*p && strchr("!#$%&'*+-.^_`|~", *p))) {
        p++;
    }
    return *text && !*p ? NULL : "must be one word of letters, digits, - and _";
}

/* RFC 7239's Forwarded is no list of addresses. */
static const char *rule_address_header(const char *text)
{
    return strcasecmp(text, "Forwarded") == 0
               ? "must be a header that holds addresses alone, such as X-Forwarded-For; Forwarded does not"
               : rule_token(text);
}

/* Of cookies: a semicolon would begin another attribute. */
static const char *rule_path(const char *text)
{
    bool right = !*text || (*text == '/' && no_blanks(text) && !strchr(text, ';'));
    return right ? NULL : "must be a path that begins with /";
}

/* Six digits: contrast is computed from them when the pages are made. */
static const char *rule_colour(const char *text)
{
    size_t digits = *text == '#' ? strspn(text + 1, "0123456789abcdefABCDEF") : 0;
    return digits == 6 && !text[7] ? NULL : "must be a colour like #1d4ed8";
}

/* inet_pton and nothing that looks names up: a start must not depend on a resolver. */
static const char *rule_cidr(const char *text)
{
    static const char why[] = "must be a network like 10.0.0.0/8 or 2001:db8::/32";
    unsigned char address[16];
    char host[64];
    size_t n = strcspn(text, "/");
    if (strcmp(text, "unix") == 0) { /* peers of a Unix socket have no address */
        return NULL;
    }
    if (n >= sizeof host) {
        return why;
    }
    memcpy(host, text, n);
    host[n] = 0;
    bool four = inet_pton(AF_INET, host, address) == 1;
    if (!four && inet_pton(AF_INET6, host, address) != 1) {
        return why;
    }
    if (text[n] == '/') {
        const char *bits = text + n + 1;
        size_t digits = strspn(bits, "0123456789");
        if (digits < 1 || digits > 3 || bits[digits] || atoi(bits) > (four ? 32 : 128)) {
            return why;
        }
    }
    return NULL;
}

/* The message shows forms and not what was typed, which may hold a password. */
static const char *rule_dsn(const char *text)
{
    static const char *const starts[] = {"sqlite://",   "sqlite:",       "file:", "sqlite3://",
                                         "postgres://", "postgresql://", "/"};
    if (strcmp(text, "memory") == 0) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        if (strncmp(text, starts[i], strlen(starts[i])) == 0) {
            return NULL;
        }
    }
    return "must be memory, sqlite://path or postgres://user:password@host/name";
}

static const struct {
    const char *name;
    const char *(*check)(const char *text);
} rules[] = {
    {"<uri>", rule_uri},
    {"<url>", rule_url},
    {"<host>", rule_host},
    {"<token>", rule_token},
    {"<address header>", rule_address_header},
    {"<listen>", rule_listen},
    {"<path>", rule_path},
    {"<cidr>", rule_cidr},
    {"<colour>", rule_colour},
    {"<dsn>", rule_dsn},
};

/* "a|b|c" in the table, so that the words stand where people look them up. */
static bool is_choice(const char *choices, const char *text)
{
    size_t n = strlen(text);
    for (const char *p = choices;; p++) {
        size_t length = strcspn(p, "|");
        if (length == n && memcmp(p, text, n) == 0) {
            return true;
        }
        p += length;
        if (!*p) {
            return false;
        }
    }
}

static const char *check_text(struct arena *a, const char *rule, const char *text)
{
    if (!*rule || *rule == '<') {
        for (size_t i = 0; *rule && i < sizeof rules / sizeof rules[0]; i++) {
            if (strcmp(rules[i].name, rule) == 0) {
                return rules[i].check(text);
            }
        }
        return NULL;
    }
    return is_choice(rule, text) ? NULL : reason(a, "must be one of %s", rule);
}

/* ---- by type ---- */

/* true and false, in any case; YAML's "yes" and "on" are texts since version 1.2. */
static bool read_bool(const char *text, bool *out)
{
    *out = strcasecmp(text, "true") == 0;
    return *out || strcasecmp(text, "false") == 0;
}

/* strtoull takes blanks and a minus in front: the first character must be a digit. */
static bool read_int(const char *text, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return isdigit((unsigned char)*text) && !*end && errno == 0;
}

/* Bytes; units are powers of 1,024 as in Kratos, "KB" and "KiB" alike. */
static bool read_size(const char *text, uint64_t *out)
{
    static const char units[] = "BKMGT";
    char *end = NULL;
    if (!isdigit((unsigned char)*text) || text[strspn(text, "0123456789.")] == 'e') {
        return false;
    }
    /* Digits stand in front, so that neither "inf" nor "0x" gets here. */
    double number = strtod(text, &end);
    end += strspn(end, " ");
    if (*end) {
        const char *unit = strchr(units, toupper((unsigned char)*end));
        if (!unit) {
            return false;
        }
        number = ldexp(number, (int)(unit - units) * 10);
        bool bytes = *unit == 'B';
        end++;
        end += !bytes && (*end == 'i' || *end == 'I');
        end += !bytes && (*end == 'b' || *end == 'B');
    }
    /* Below 2^53, so that the double is exact; written so that a NaN is refused too. */
    if (*end || !(number < 9e15)) {
        return false;
    }
    *out = (uint64_t)number;
    return true;
}

/* Days are ours: Go's durations end at hours. */
static bool read_duration(const char *text, uint64_t *out)
{
    size_t digits = strspn(text, "0123456789");
    uint64_t days = 0, rest = 0;
    /* Five digits of days fit into µs of 64 bits many times over. */
    if (digits >= 1 && digits <= 5 && text[digits] == 'd') {
        days = strtoull(text, NULL, 10);
        text += digits + 1;
        if (!*text) {
            *out = days * 86400 * SECOND_US;
            return true;
        }
    }
    if (!timefmt_duration(text, &rest)) {
        return false;
    }
    *out = days * 86400 * SECOND_US + rest;
    return true;
}

/* In the unit that leaves no remainder, as the table of settings is written. */
static const char *quantity(struct arena *a, enum config_type type, uint64_t v)
{
    static const struct {
        enum config_type type;
        uint64_t unit;
        const char *name;
    } units[] = {
        {CONFIG_SIZE, 1 << 30, "GB"},
        {CONFIG_SIZE, 1 << 20, "MB"},
        {CONFIG_SIZE, 1 << 10, "KB"},
        {CONFIG_DURATION, 86400 * SECOND_US, "d"},
        {CONFIG_DURATION, 3600 * SECOND_US, "h"},
        {CONFIG_DURATION, 60 * SECOND_US, "m"},
        {CONFIG_DURATION, SECOND_US, "s"},
    };
    for (size_t i = 0; v && i < sizeof units / sizeof units[0]; i++) {
        if (units[i].type == type && v % units[i].unit == 0) {
            return reason(a, "%llu%s", (unsigned long long)(v / units[i].unit), units[i].name);
        }
    }
    return reason(a, "%llu", (unsigned long long)v);
}

static const char *read_number(struct arena *a, const struct config_setting *s, const char *text,
                               uint64_t *out)
{
    bool right = s->type == CONFIG_INT    ? read_int(text, out)
                 : s->type == CONFIG_SIZE ? read_size(text, out)
                                          : read_duration(text, out);
    if (!right) {
        return s->type == CONFIG_INT    ? "must be a whole number"
               : s->type == CONFIG_SIZE ? "must be a size like 512KB or 64MB"
                                        : "must be a duration like 90s, 15m, 1h30m or 30d";
    }
    if (*out < s->least || *out > s->most) {
        return reason(a, "must be between %s and %s", quantity(a, s->type, s->least),
                      quantity(a, s->type, s->most));
    }
    return NULL;
}

/* Length and characters before the rule: rules may then walk and copy without asking. */
static const char *read_text(struct arena *a, const struct config_setting *s, const char *text)
{
    size_t n = strlen(text);
    if (n < s->least) {
        return "must not be empty";
    }
    if (n > s->most) {
        return reason(a, "must be at most %llu bytes long", (unsigned long long)s->most);
    }
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            return "must not hold control characters";
        }
    }
    return check_text(a, s->rule, text);
}

static const char *read_scalar(struct arena *a, const struct config_setting *s, const struct node *n,
                               struct value *out)
{
    bool number = s->type == CONFIG_INT || s->type == CONFIG_BOOL;
    /* "true" in quotes is a text in YAML. Taken for true today, it would be a trap in the next program
     * that reads the file. */
    if (number && n->kind == NODE_QUOTED) {
        return s->type == CONFIG_INT ? "must be a whole number, without quotes"
                                     : "must be true or false, without quotes";
    }
    out->text = n->text;
    if (s->type == CONFIG_TEXT) {
        return read_text(a, s, n->text);
    }
    if (s->type == CONFIG_BOOL) {
        return read_bool(n->text, &out->boolean) ? NULL : "must be true or false";
    }
    return read_number(a, s, n->text, &out->number);
}

static bool is_scalar(const struct node *n)
{
    return n->kind == NODE_PLAIN || n->kind == NODE_QUOTED || n->kind == NODE_GIVEN;
}

static const char *read_list(struct arena *a, const struct config_setting *s, const struct node *n,
                             struct value *out)
{
    /* Each entry by the rule of the list, at most 2,048 bytes long. */
    const struct config_setting each = {s->key, CONFIG_TEXT, "", 1, 2048, s->rule, ""};
    size_t count = is_scalar(n) ? 1 : n->count;

    if (n->kind == NODE_MAP || count > s->most) {
        return n->kind == NODE_MAP ? "must be a list" : "has too many entries";
    }
    out->list = ARENA_ARRAY(a, count, const char *);
    if (!out->list) {
        return "out of memory";
    }
    for (const struct node *child = is_scalar(n) ? n : n->first; out->count < count; child = child->next) {
        if (!is_scalar(child) || config_node_is_nothing(child)) {
            return "must be a list of texts";
        }
        const char *why = read_text(a, &each, child->text);
        if (why) {
            return reason(a, "entry %zu %s", out->count + 1, why);
        }
        out->list[out->count++] = child->text;
    }
    return NULL;
}

enum ww_err config_value_read(struct arena *a, const struct config_setting *s, const struct node *n,
                              struct value *out, const char **why)
{
    *out = (struct value){.set = true, .text = "", .node = n};
    *why = NULL;
    if (config_node_is_nothing(n)) {
        *why = "has no value; leave the key out for its default";
    } else if (s->type == CONFIG_JSON) {
        out->json = config_node_to_js(a, n);
        if (!out->json) {
            return WW_ENOMEM;
        }
    } else if (s->type == CONFIG_LIST) {
        *why = read_list(a, s, n, out);
    } else if (!is_scalar(n)) {
        *why = n->kind == NODE_LIST ? "must be one value, not a list" : "must be one value, not a section";
    } else {
        *why = read_scalar(a, s, n, out);
    }
    return *why ? WW_ECONFIG : WW_OK;
}

enum ww_err config_value_default(struct arena *a, const struct config_setting *s, struct value *out)
{
    *out = (struct value){.text = s->otherwise};
    if (!*s->otherwise || s->type == CONFIG_JSON || s->type == CONFIG_TEXT) {
        return WW_OK;
    }
    if (s->type == CONFIG_LIST) {
        char *text = arena_strdup(a, s->otherwise), *at = NULL;
        out->list = ARENA_ARRAY(a, strlen(s->otherwise), const char *);
        if (!text || !out->list) {
            return WW_ENOMEM;
        }
        for (char *word = strtok_r(text, ",", &at); word; word = strtok_r(NULL, ",", &at)) {
            out->list[out->count++] = word;
        }
        return WW_OK;
    }
    const struct node n = {.kind = NODE_PLAIN, .text = s->otherwise};
    return read_scalar(a, s, &n, out) ? WW_EINTERNAL : WW_OK;
}
