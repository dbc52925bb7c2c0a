/* Who the client is: trusted networks, and the one header that a trusted proxy speaks in
 * (own-api.md, "Who may ask"). */
#include "http_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* IPv4 is kept as RFC 4291 §2.5.5.2 maps it, so that one client is one network whichever socket took it. */
static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* ::ffff:a.b.c.d (RFC 4291 §2.5.5.2): one form inside, whichever socket it came by. */
static bool is_mapped(const struct http_address *address)
{
    return memcmp(address->b, mapped_prefix, sizeof mapped_prefix) == 0;
}

/* inet_pton refuses what inet_aton would guess at ("127.1", octal numbers). */
static bool read_plain(const char *text, struct http_address *out)
{
    memcpy(out->b, mapped_prefix, sizeof mapped_prefix);
    return inet_pton(AF_INET, text, out->b + sizeof mapped_prefix) == 1 ||
           inet_pton(AF_INET6, text, out->b) == 1;
}

/* What may stand behind an address: nothing, or a colon and a port, which may be empty (RFC 3986 §3.2.3). */
static bool is_port(const char *text)
{
    size_t digits = *text == ':' ? strspn(text + 1, "0123456789") : 0;
    return !*text || (*text == ':' && digits <= 5 && !text[1 + digits]);
}

/* With a port, too, since some proxies append one, and with the zone of a link-local address (RFC 4007 §11),
 * which names an interface of the proxy and not the client: it is dropped. Names are never resolved: whoever
 * writes the header would choose what we ask a name server. */
bool http_address_read(const char *text, struct http_address *out)
{
    char plain[INET6_ADDRSTRLEN];
    const char *colon = strchr(text, ':'), *end = text + strlen(text);
    if (*text == '[') {
        end = strchr(++text, ']');
        if (!end || !is_port(end + 1)) {
            return false;
        }
    } else if (colon && colon == strrchr(text, ':')) {
        end = colon;
        if (!is_port(end)) {
            return false;
        }
    }
    const char *zone = memchr(text, '%', (size_t)(end - text));
    size_t n = (size_t)((zone ? zone : end) - text);
    if (n >= sizeof plain || (zone && (zone + 1 == end || !memchr(text, ':', n)))) {
        return false;
    }
    memcpy(plain, text, n);
    plain[n] = '\0';
    return read_plain(plain, out);
}

/* False for a Unix socket, which has no address; who may connect there its file's mode says. */
bool http_address_of(const struct sockaddr *peer, struct http_address *out)
{
    if (peer->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, peer, sizeof v4);
        memcpy(out->b, mapped_prefix, sizeof mapped_prefix);
        memcpy(out->b + sizeof mapped_prefix, &v4.sin_addr, 4);
        return true;
    }
    if (peer->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, peer, sizeof v6);
        memcpy(out->b, &v6.sin6_addr, sizeof out->b);
        return true;
    }
    memset(out, 0, sizeof *out);
    return false;
}

void http_address_text(const struct http_address *address, char out[64])
{
    const char *text = is_mapped(address) ? inet_ntop(AF_INET, address->b + sizeof mapped_prefix, out, 64)
                                          : inet_ntop(AF_INET6, address->b, out, 64);
    if (!text) {
        out[0] = '\0';
    }
}

/* ---- trusted networks ---- */

/* An address is a network of itself alone. */
static bool read_rule(const char *text, struct http_network_rule *out)
{
    char address[64];
    const char *slash = strchr(text, '/');
    size_t n = slash ? (size_t)(slash - text) : strlen(text);
    if (n >= sizeof address) {
        return false;
    }
    memcpy(address, text, n);
    address[n] = '\0';
    if (!read_plain(address, &out->address)) {
        return false;
    }
    bool v4 = !strchr(address, ':');
    unsigned most = v4 ? 32 : 128, bits = most;
    if (slash) {
        size_t digits = strspn(slash + 1, "0123456789");
        bits = (unsigned)strtoul(slash + 1, NULL, 10);
        /* "/0" trusts everybody, and is the administrator's own word; "/" and "/8x" are mistakes and
         * refused. */
        if (digits == 0 || digits > 3 || slash[1 + digits] || bits > most) {
            return false;
        }
    }
    out->bits = v4 ? bits + 96 : bits;
    return true;
}

/* Read once at the start; a rule that cannot be read stops it, since trust would go to the wrong ones. */
bool http_proxies_read(struct http_proxies *out, const char *const *texts, size_t n)
{
    *out = (struct http_proxies){0};
    if (n == 0) {
        return true;
    }
    out->rules = calloc(n, sizeof *out->rules);
    if (!out->rules) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(texts[i], "unix") == 0) {
            out->unix_peers = true;
        } else if (!read_rule(texts[i], &out->rules[out->count++])) {
            return false;
        }
    }
    return true;
}

void http_proxies_free(struct http_proxies *p)
{
    free(p->rules);
    *p = (struct http_proxies){0};
}

/* Whole bytes, then the bits that are left. */
static bool rule_holds(const struct http_network_rule *rule, const struct http_address *address)
{
    unsigned whole = rule->bits / 8, rest = rule->bits % 8;
    if (memcmp(rule->address.b, address->b, whole) != 0) {
        return false;
    }
    return rest == 0 || ((rule->address.b[whole] ^ address->b[whole]) >> (8 - rest)) == 0;
}

bool http_proxies_hold(const struct http_proxies *p, const struct http_address *address)
{
    for (size_t i = 0; i < p->count; i++) {
        if (rule_holds(&p->rules[i], address)) {
            return true;
        }
    }
    return false;
}

/* ---- what a trusted proxy says ---- */

/* The last entry of one value, a list of addresses, that is no trusted proxy. 1: found; 0: all are
 * trusted; -1: an entry is no address, so nothing left of it counts. Read from the right: each proxy
 * appends what it saw, so only what stands to the right of the first untrusted address was written by
 * somebody we trust. */
static int last_untrusted(const struct http_proxies *p, const char *value, struct http_address *out)
{
    const char *end = value + strlen(value);
    while (end > value) {
        const char *start = end;
        while (start > value && start[-1] != ',') {
            start--;
        }
        char entry[64];
        const char *text = start + strspn(start, " \t");
        size_t n = text < end ? (size_t)(end - text) : 0;
        while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t')) {
            n--;
        }
        if (n >= sizeof entry) {
            return -1;
        }
        if (n == 0) { /* RFC 9110 §5.6.1.2: an empty member of a list is none */
            end = start > value ? start - 1 : value;
            continue;
        }
        memcpy(entry, text, n);
        entry[n] = '\0';
        if (!http_address_read(entry, out)) {
            return -1;
        }
        if (!http_proxies_hold(p, out)) {
            return 1;
        }
        end = start > value ? start - 1 : value;
    }
    return 0;
}

/* One header, which the configuration names; its last entry that is not a proxy of ours (docs/DECISIONS.md).
 */
bool http_forwarded_address(const struct http_proxies *p, const struct http_head *h, const char *name,
                            struct http_address *out)
{
    /* Several fields of one name are one list (RFC 9110 §5.2), so the last is looked at first. */
    for (size_t i = h->field_count; i-- > 0;) {
        if (strcasecmp(h->fields[i].name, name) == 0) {
            int found = last_untrusted(p, h->fields[i].value, out);
            if (found != 0) {
                return found > 0;
            }
        }
    }
    return false;
}
