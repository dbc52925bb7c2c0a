/* Networks by hash, and the budget of bytes in flight. docs/SECURITY.md tells the numbers and why. */
#include "http_peers.h"

#include <stdlib.h>
#include <string.h>

/* The seed is random for each loop: nobody can choose networks that fall into one bucket. */
static struct http_peer **bucket_of(struct http_peers *all, const struct network *network)
{
    uint64_t h = all->seed;
    for (size_t i = 0; i < sizeof network->b; i++) {
        h = (h ^ network->b[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return &all->buckets[h % HTTP_PEER_BUCKETS];
}

static bool is_same(const struct http_peer *peer, const struct network *network, bool unshared)
{
    return peer->unshared == unshared && memcmp(peer->network.b, network->b, sizeof network->b) == 0;
}

struct http_peer *http_peers_enter(struct http_peers *all, const struct network *network, bool unshared)
{
    struct http_peer **bucket = bucket_of(all, network), *peer = *bucket;
    while (peer && !is_same(peer, network, unshared)) {
        peer = peer->next;
    }
    if (!peer && (peer = calloc(1, sizeof *peer)) != NULL) {
        peer->network = *network;
        peer->unshared = unshared;
        TAILQ_INIT(&peer->waiting);
        peer->next = *bucket;
        *bucket = peer;
    }
    if (peer) {
        peer->users++;
    }
    return peer;
}

/* The last one frees the entry: the table is as large as there are peers now. */
void http_peers_leave(struct http_peers *all, struct http_peer *peer)
{
    if (--peer->users > 0) {
        return;
    }
    struct http_peer **link = bucket_of(all, &peer->network);
    while (*link != peer) {
        link = &(*link)->next;
    }
    *link = peer->next;
    free(peer);
}

/* Compared by subtraction: a sum could overflow. */
static bool has_share(const struct http_peers *all, const struct http_peer *peer, size_t n)
{
    return peer->unshared || (n <= all->share && peer->bytes <= all->share - n);
}

/* Asks for the network's share only, not for the budget of all. */
bool http_peers_take_little(struct http_peers *all, struct http_peer *peer, size_t n)
{
    bool has = has_share(all, peer, n);
    if (has) {
        http_peers_take_anyway(all, peer, n);
    }
    return has;
}

/* Bytes of requests that are under way, per network and in all; refused where either share is used up. */
bool http_peers_take(struct http_peers *all, struct http_peer *peer, size_t n)
{
    if (!has_share(all, peer, n)) {
        return false;
    }
    /* Added first and taken back: two loops that look first could both find the last room. */
    size_t before = atomic_fetch_add(all->in_flight, n);
    if (n > all->budget || before > all->budget - n) {
        atomic_fetch_sub(all->in_flight, n);
        return false;
    }
    peer->bytes += n;
    return true;
}

/* For bytes that are there already: to refuse to count them would not make them go away. */
void http_peers_take_anyway(struct http_peers *all, struct http_peer *peer, size_t n)
{
    atomic_fetch_add(all->in_flight, n);
    peer->bytes += n;
}

/* Exactly what was taken: the sum returns to zero, which the tests look at. */
void http_peers_give(struct http_peers *all, struct http_peer *peer, size_t n)
{
    atomic_fetch_sub(all->in_flight, n);
    peer->bytes -= n;
}
