/* The network of an address, which throttling counts by: an IPv4 address, or an IPv6 /64 (own-api.md,
 * "Throttling"). */
#include "netaddr.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}; /* RFC 4291 §2.5.5.2 */

static void set_network(struct network *out, uint8_t version, const uint8_t *bytes, size_t n)
{
    out->b[0] = version;
    memcpy(out->b + 1, bytes, n);
}

bool netaddr_network(struct network *out, const char *address)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    /* Without the zone of a link-local address ("%eth0"): it names the interface of this machine, not the
     * peer. */
    size_t n = strcspn(address, "%");
    /* Where no address is known all callers share the network of zeros; the throttle asks for the answer. */
    *out = (struct network){{0}};
    if (n >= sizeof text) {
        return false;
    }
    memcpy(text, address, n);
    text[n] = '\0';
    if (inet_pton(AF_INET, text, bytes) == 1) {
        set_network(out, 4, bytes, 4);
        return true;
    }
    if (inet_pton(AF_INET6, text, bytes) != 1) {
        return false;
    }
    /* A dual-stack socket shows IPv4 peers so: one network, however it came. */
    if (memcmp(bytes, mapped_prefix, sizeof mapped_prefix) == 0) {
        set_network(out, 4, bytes + 12, 4);
    } else {
        /* 64 bits: a subscriber has at least that many addresses to change between (RFC 4291 §2.5.4). */
        set_network(out, 6, bytes, 8);
    }
    return true;
}
