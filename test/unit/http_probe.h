/* Tests' side of the wire: a server with a small route table on a free port, and raw sockets against it. */
#ifndef HTTP_PROBE_H
#define HTTP_PROBE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "http_server.h"

struct probe {
    struct http_server *server;
    pthread_t thread;
    uint16_t port;
};

/* Routes: GET /hello; POST /echo (100,000 bytes); POST /small (10 bytes); GET /where (the client's address);
 * GET /headers; POST /slow and POST /hash (wait until probe_release, on workers); everything else has no
 * handler. */
void probe_start(struct probe *p, struct http_options options);
/* Stops, waits for the end, frees. */
void probe_stop(struct probe *p);

/* Handlers of /slow and /hash wait until let go; how many began, and how many answers were reported. */
void probe_hold(void);
void probe_release(void);
unsigned probe_begun(void);
void probe_await_begun(unsigned n);
unsigned probe_reported(void);

int probe_connect(const struct probe *p);
void probe_send(int fd, const void *bytes, size_t n);
void probe_send_text(int fd, const char *text);
/* Reads until the peer closes or seconds pass; text is NUL-terminated. True when the peer closed. */
bool probe_read_all(int fd, char *text, size_t size, int seconds);
/* One answer with Content-Length; false when none came. */
bool probe_read_answer(int fd, char *text, size_t size, bool has_body);
/* Sends and reads until close; closes. */
void probe_exchange(const struct probe *p, const char *request, char *answer, size_t size);
int probe_status(const char *answer);

#endif
