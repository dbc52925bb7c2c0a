/* What the files of the server share. Threads: a connection, its events and its request belong to one loop's
 * thread; a request is lent to a worker from http_pool_add until the worker posts it back to its loop. */
#ifndef HTTP_SERVER_INT_H
#define HTTP_SERVER_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include <event2/event.h>

#include "bytes.h"
#include "http_peers.h"
#include "http_proxy.h"
#include "http_server.h"
#include "http_strict.h"
#include "netaddr.h"

enum {
    HTTP_IDLE_SECONDS = 60,  /* between two requests of a connection */
    HTTP_WRITE_SECONDS = 30, /* for an answer to be taken, and 1 s per 64 KiB */
    HTTP_LINGER_SECONDS = 2, /* to let the peer read the last answer */
    HTTP_LINGER_BYTES = 1 << 20,
    HTTP_STOP_SECONDS = 20,
    HTTP_SLOW_QUEUE = 1024,
    HTTP_SLOW_PERCENT = 50, /* of it, for one network */
    HTTP_CONNECTIONS = 10000,
    HTTP_IN_FLIGHT = 128 << 20,
    HTTP_IN_FLIGHT_LEAST = 16 << 20, /* of one network on one loop: room for the largest body */
    HTTP_SOCKET_BUFFER = 256 * 1024, /* of the kernel, each way: else it takes megabytes from whoever sends */
    HTTP_OTHER_DESCRIPTORS = 128,    /* databases, listeners, files */
};

struct http_conn;
struct http_loop;
struct http_pool;

struct http_request {
    struct arena arena;
    struct http_head head;
    struct http_conn *conn; /* NULL once the connection is gone; the loop's thread only */
    struct http_loop *loop;
    const struct http_listener *listener;
    uint8_t *body; /* its own memory, which grows as it comes */
    size_t body_n, body_capacity;
    struct http_peer *peer; /* in whose share of the budget... */
    size_t held;            /* ...this many bytes are */
    struct network network; /* whose share of a queue it takes */
    uint64_t queued_us;     /* when it began to wait there */
    char client[64];
    bool peer_trusted;
    char made_id[40];
    const char *id;
    bool id_given;
    struct http_route_choice choice;
    uint64_t started_us;
    /* the answer */
    struct buf headers; /* whole lines */
    int status;         /* 0 until answered */
    const uint8_t *answer;
    size_t answer_n;
    /* in a queue: of a pool, or of answered requests of a loop */
    struct http_request *next;
    bool waiting; /* in its pool's queue; guarded by the pool's mutex */
};

struct http_socket { /* a listening socket, and whose */
    struct http_server *server;
    const struct http_listener *listener;
    struct http_loop *loop;
    int fd;
    struct event *accept, *pause;
};

struct http_loop {
    struct http_server *server;
    struct event_base *base;
    struct event *wake, *give_up;
    int wake_fd;
    pthread_t thread;
    bool has_thread, stopping;
    struct http_socket *sockets;           /* one per listener */
    struct http_conn_queue conns, waiting; /* all, and those that wait for their peer, oldest first */
    unsigned connections, places;
    struct http_peers peers;
    pthread_mutex_t mutex; /* guards done */
    struct http_request *done;
    uint8_t id_prefix[8];
    uint64_t id_counter;
    char date[64];
    time_t date_second;
};

struct http_server {
    struct http_options options;
    struct http_listener *listeners;
    uint16_t *ports;
    size_t listener_count;
    struct http_proxies proxies;
    struct http_loop *loops;
    unsigned loop_count;
    struct http_pool *slow, *hash;
    atomic_bool stopping;
    atomic_bool warned_of_proxy; /* once a process: http_request_describe */
    atomic_uint connections;
    _Atomic size_t in_flight;
    _Atomic uint64_t refused, dropped;
};

/* ---- http_server.c ---- */
uint64_t http_now_us(void); /* monotonic */
/* Gives an answered request back to its loop, from any thread. */
void http_loop_post(struct http_request *r);

/* ---- http_listen.c ---- */
/* A listening socket, or -1 with *error. *port: the wished one in, the bound one out. */
int http_listen(const struct http_listener *listener, uint16_t *port, bool share, const char **error);
bool http_socket_is_local(const struct http_listener *listener); /* Unix socket or inherited: not per loop */
/* Closes it, and removes the file of a Unix socket. */
void http_listen_end(const struct http_listener *listener, int fd);

/* ---- http_conn.c ---- */
/* Takes over an accepted descriptor. */
void http_conn_new(struct http_loop *loop, const struct http_listener *listener, int fd,
                   const struct sockaddr *peer);
/* A worker's answer is there. */
void http_conn_answered(struct http_request *r);
/* Closes the one that has waited longest for its peer; false when none does. */
bool http_conns_drop_oldest(struct http_loop *loop);
/* The server stops: closes what waits for nothing. */
void http_conns_stop(struct http_loop *loop);
void http_conns_free(struct http_loop *loop);

/* ---- http_request.c ---- */
struct http_request *http_request_new(struct http_loop *loop, const struct http_listener *listener,
                                      struct http_peer *peer);
/* On its loop's thread, as all that gives back bytes of the budget. */
void http_request_free(struct http_request *r);
/* Bytes of the budget until the request is freed; false when there are none. The second asks for no leave. */
bool http_request_take(struct http_request *r, size_t n);
void http_request_hold(struct http_request *r, size_t n);
/* Room for n bytes more of a body of at most `most`; false when memory or budget have none. */
bool http_request_body_room(struct http_request *r, size_t n, size_t most);
void http_request_body_free(struct http_request *r);
/* After the head was read: the client's address and the request's id. */
void http_request_describe(struct http_request *r, const struct http_address *peer, bool has_address);
/* Runs the handler; a handler that forgot to answer becomes a 500. */
void http_request_run(struct http_request *r);
/* Tells the log and the metrics that it was answered. */
void http_request_report(struct http_request *r);
/* As if no handler had answered. */
void http_request_forget_answer(struct http_request *r);
/* Answers with the error body that Kratos speaks; id and reason may be NULL. */
void http_request_refuse(struct http_request *r, int status, const char *id, const char *reason);
/* 413 that names the limit of the route. */
void http_request_refuse_size(struct http_request *r);
/* Status line and header fields, in the request's arena; p NULL when there is no memory. */
struct bytes http_request_answer_head(struct http_request *r, bool keep_alive);
bool http_request_answer_has_body(const struct http_request *r);

/* ---- http_workers.c ---- */
/* capacity: the most that ever wait. percent: of the places, the most for one network. hashing: it holds one
 * second's work, and runs in batches. */
struct http_pool *http_pool_new(unsigned threads, unsigned capacity, unsigned percent, bool hashing);
/* False when there is no place for it. */
bool http_pool_add(struct http_pool *pool, struct http_request *r);
/* True when it was still waiting and no longer is: no worker will see it. */
bool http_pool_remove(struct http_pool *pool, struct http_request *r);
unsigned http_pool_waiting(struct http_pool *pool);
/* Ends the workers after the handlers that run; what waits is freed. NULL is allowed. */
void http_pool_free(struct http_pool *pool);

#endif
