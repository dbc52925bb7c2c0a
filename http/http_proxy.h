/* Who the client is: the socket's peer, or what a trusted proxy says of it (own-api.md, "Who may ask"). */
#ifndef HTTP_PROXY_H
#define HTTP_PROXY_H

#include <sys/socket.h>

#include "http_strict.h"

/* An address as 16 bytes, IPv4 as ::ffff:a.b.c.d. */
struct http_address {
    uint8_t b[16];
};

struct http_network_rule {
    struct http_address address;
    unsigned bits; /* of 128 */
};

struct http_proxies {
    struct http_network_rule *rules;
    size_t count;
    bool unix_peers; /* the entry "unix": peers of Unix sockets are trusted */
};

/* Texts such as "10.0.0.0/8", "::1", "unix". False when one is neither address nor network; *out is to be
 * freed with http_proxies_free either way. */
bool http_proxies_read(struct http_proxies *out, const char *const *texts, size_t n) WW_MUST;
void http_proxies_free(struct http_proxies *p);

/* False for a peer that has no address (Unix sockets). */
bool http_address_of(const struct sockaddr *peer, struct http_address *out);
/* An address of either kind, perhaps with a port ("[::1]:80", "192.0.2.1:80"). */
bool http_address_read(const char *text, struct http_address *out);
/* In out[64]: IPv4 dotted, IPv6 as RFC 5952. */
void http_address_text(const struct http_address *address, char out[64]);
bool http_proxies_hold(const struct http_proxies *p, const struct http_address *address);

/* The address that a trusted proxy gives in the fields of this name, or false. Each holds one address or a
 * list of them: the last that is not a trusted proxy counts, since everything left of it may be the client's
 * invention. No other field says anything: a client can send what its proxy does not overwrite. */
bool http_forwarded_address(const struct http_proxies *p, const struct http_head *h, const char *name,
                            struct http_address *out);

#endif
