/* Who is connected to a loop, by network, and what bytes are in flight: bodies that are read, heads that are
 * not whole, answers that are not yet taken. One budget for the server, half of it and half of the places for
 * one network, so that nobody shuts out the others. */
#ifndef HTTP_PEERS_H
#define HTTP_PEERS_H

#include <stdatomic.h>
#include <sys/queue.h>

#include "bytes.h"
#include "netaddr.h"

struct http_conn;
TAILQ_HEAD(http_conn_queue, http_conn);

enum { HTTP_PEER_BUCKETS = 1024 };

/* One network. It is there as long as it has connections or requests. */
struct http_peer {
    struct http_peer *next;
    struct network network;
    bool unshared; /* a trusted proxy, a Unix socket: behind it are many */
    unsigned connections, users;
    size_t bytes;
    struct http_conn_queue waiting; /* its connections that wait for the peer, oldest first */
};

/* Of one loop, and used by its thread alone; the budget is the server's. */
struct http_peers {
    struct http_peer *buckets[HTTP_PEER_BUCKETS];
    uint64_t seed;
    size_t budget, share; /* bytes: of the server, and of a network on this loop */
    _Atomic size_t *in_flight;
};

/* Found or made, with one user more; NULL when there is no memory. */
struct http_peer *http_peers_enter(struct http_peers *all, const struct network *network, bool unshared);
void http_peers_leave(struct http_peers *all, struct http_peer *peer);
/* False when the budget or the network's share has no room for n bytes more. */
bool http_peers_take(struct http_peers *all, struct http_peer *peer, size_t n);
/* For little: whatever others hold, a form or an answer of a few KiB has room, within its network's share. */
bool http_peers_take_little(struct http_peers *all, struct http_peer *peer, size_t n);
/* For what is there already, whatever the budget says: it makes others wait. */
void http_peers_take_anyway(struct http_peers *all, struct http_peer *peer, size_t n);
void http_peers_give(struct http_peers *all, struct http_peer *peer, size_t n);

#endif
