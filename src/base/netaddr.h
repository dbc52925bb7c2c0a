/* The network that an address belongs to: what limits count by. */
#ifndef NETADDR_H
#define NETADDR_H

#include <stdbool.h>
#include <stdint.h>

enum { NETWORK_SIZE = 9 };

/* 4 and the IPv4 address (also of an IPv4-mapped IPv6 address), or 6 and the first 64 bits of an IPv6 one,
 * whose holder commands the rest. Unused bytes are zero. */
struct network {
    uint8_t b[NETWORK_SIZE];
};

/* False when the text is no IPv4 or IPv6 address (a zone behind '%' is ignored); out is then all zeros. */
bool netaddr_network(struct network *out, const char *address);

#endif
