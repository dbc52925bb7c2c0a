/* Counts for Prometheus: answers by route and class of status, how long they took, and the process. A route
 * is its template, so what somebody typed never gets here. Counting is lock-free and from any thread. */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include "bytes.h"
#include "http_server.h"

struct metrics;

enum { METRICS_ROUTES_MAX = 256 }; /* beyond it, routes are counted as "other" */

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);
/* label is copied by pointer: a constant. */
void metrics_count(struct metrics *m, const char *label, int status, uint64_t micros);
/* Text format 0.0.4. server may be NULL: then without its queues. */
void metrics_write(const struct metrics *m, const struct http_server *server, struct buf *out);

#endif
