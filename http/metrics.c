/* Counters and durations by route, as the Prometheus text format has them. Labels are templates of routes,
 * never what somebody typed. */
#include "metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

enum { CLASSES = 5, BUCKETS = 12 };

/* Upper bounds in microseconds, and as Prometheus writes them in seconds. */
static const struct {
    uint64_t micros;
    const char *seconds;
} bounds[BUCKETS] = {
    {500, "0.0005"}, {1000, "0.001"}, {2500, "0.0025"}, {5000, "0.005"}, {10000, "0.01"}, {25000, "0.025"},
    {50000, "0.05"}, {100000, "0.1"}, {250000, "0.25"}, {500000, "0.5"}, {1000000, "1"},  {5000000, "5"},
};

/* Each number is its own atomic: a reader may see a request in one and not yet in another, but no count is
 * ever lost. */
struct route {
    const char *_Atomic label; /* NULL: free */
    _Atomic uint64_t by_class[CLASSES];
    _Atomic uint64_t buckets[BUCKETS];
    _Atomic uint64_t count, micros;
};

struct metrics {
    time_t started;
    struct route routes[METRICS_ROUTES_MAX];
    struct route other;
};

/* A fixed table: no label that a client chooses makes a row. */
struct metrics *metrics_new(void)
{
    struct metrics *m = calloc(1, sizeof *m);
    if (m) {
        m->started = time(NULL);
        atomic_store(&m->other.label, "other");
    }
    return m;
}

void metrics_free(struct metrics *m)
{
    free(m);
}

static uint32_t hash(const char *s)
{
    uint32_t h = 2166136261u;
    for (; *s; s++) {
        h = (h ^ (uint8_t)*s) * 16777619u;
    }
    return h;
}

/* Open addressing; a row is claimed once and never given up. Labels are constants of the program, so a row
 * keeps the pointer; what finds no row is counted as "other", so that memory does not grow with traffic. */
static struct route *route_of(struct metrics *m, const char *label)
{
    uint32_t start = hash(label);
    for (uint32_t i = 0; i < METRICS_ROUTES_MAX; i++) {
        struct route *r = &m->routes[(start + i) % METRICS_ROUTES_MAX];
        const char *there = NULL;
        if (atomic_compare_exchange_strong(&r->label, &there, label) || strcmp(there, label) == 0) {
            return r;
        }
    }
    return &m->other;
}

/* Relaxed: counters are read now and then, and their order says nothing. */
static void add_one(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* By class of status: 2xx to 5xx is what alarms are made of. */
void metrics_count(struct metrics *m, const char *label, int status, uint64_t micros)
{
    struct route *r = route_of(m, label);
    int class = status / 100 - 1;
    if (class >= 0 && class < CLASSES) {
        add_one(&r->by_class[class]);
    }
    for (int i = 0; i < BUCKETS; i++) {
        if (micros <= bounds[i].micros) {
            add_one(&r->buckets[i]);
            /* Each request in its own bucket only; they are added up when they are written. */
            break;
        }
    }
    atomic_fetch_add_explicit(&r->micros, micros, memory_order_relaxed);
    add_one(&r->count);
}

/* ---- writing ---- */

static uint64_t value_of(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* As Prometheus' text format escapes the values of labels. */
static void add_label(struct buf *out, const char *label)
{
    for (; *label; label++) {
        if (*label == '"' || *label == '\\') {
            buf_char(out, '\\');
        }
        buf_char(out, *label);
    }
}

static void write_requests(const struct route *r, struct buf *out)
{
    const char *label = atomic_load(&r->label);
    for (int class = 0; label && class < CLASSES; class ++) {
        uint64_t n = value_of(&r->by_class[class]);
        if (n) {
            buf_str(out, "watchword_http_requests_total{route=\"");
            add_label(out, label);
            buf_printf(out, "\",status=\"%dxx\"} %" PRIu64 "\n", class + 1, n);
        }
    }
}

static void write_sample(struct buf *out, const char *suffix, const char *label, const char *bound)
{
    buf_printf(out, "watchword_http_request_duration_seconds%s{route=\"", suffix);
    add_label(out, label);
    buf_str(out, bound ? "\",le=\"" : "");
    buf_str(out, bound ? bound : "");
    buf_str(out, "\"} ");
}

/* Cumulative buckets, as the format wants them. */
static void write_durations(const struct route *r, struct buf *out)
{
    const char *label = atomic_load(&r->label);
    uint64_t n = value_of(&r->count), micros = value_of(&r->micros), so_far = 0;
    if (!label || !n) {
        return;
    }
    for (int i = 0; i < BUCKETS; i++) {
        so_far += value_of(&r->buckets[i]);
        write_sample(out, "_bucket", label, bounds[i].seconds);
        /* No bucket above the count, which was read first: Prometheus refuses a histogram that falls. */
        buf_printf(out, "%" PRIu64 "\n", so_far < n ? so_far : n);
    }
    write_sample(out, "_bucket", label, "+Inf");
    buf_printf(out, "%" PRIu64 "\n", n);
    write_sample(out, "_sum", label, NULL);
    buf_printf(out, "%" PRIu64 ".%06" PRIu64 "\n", micros / 1000000, micros % 1000000);
    write_sample(out, "_count", label, NULL);
    buf_printf(out, "%" PRIu64 "\n", n);
}

static void write_routes(const struct metrics *m, struct buf *out,
                         void (*write_one)(const struct route *r, struct buf *out))
{
    for (size_t i = 0; i < METRICS_ROUTES_MAX; i++) {
        write_one(&m->routes[i], out);
    }
    write_one(&m->other, out);
}

static void write_number(struct buf *out, const char *name, const char *type, const char *help,
                         uint64_t value)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", name, help, name, type, name, value);
}

/* In pages there (proc(5)). */
static uint64_t resident_bytes(void)
{
    unsigned long long all = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f) {
        if (fscanf(f, "%llu %llu", &all, &resident) != 2) {
            resident = 0;
        }
        fclose(f);
    }
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

void metrics_write(const struct metrics *m, const struct http_server *server, struct buf *out)
{
    buf_str(out, "# HELP watchword_http_requests_total Answers by route and class of status.\n"
                 "# TYPE watchword_http_requests_total counter\n");
    write_routes(m, out, write_requests);
    buf_str(out, "# HELP watchword_http_request_duration_seconds From the request's head to its answer.\n"
                 "# TYPE watchword_http_request_duration_seconds histogram\n");
    write_routes(m, out, write_durations);
    if (server) {
        struct http_load load;
        http_server_load(server, &load);
        write_number(out, "watchword_hash_queue_waiting", "gauge", "Requests that wait for hashing.",
                     load.hash_waiting);
        write_number(out, "watchword_requests_refused_total", "counter",
                     "Requests answered 503 because a queue was full or slow.", load.refused);
        write_number(out, "watchword_connections_open", "gauge", "Open connections.", load.connections);
        write_number(out, "watchword_connections_dropped_total", "counter",
                     "Connections closed to make room for others, or for want of it.", load.dropped);
        write_number(out, "watchword_bytes_in_flight", "gauge",
                     "Bodies that are read and answers that are not yet taken, in bytes.", load.in_flight);
    }
    write_number(out, "watchword_log_lines_dropped_total", "counter",
                 "Lines of the log that could not be written.", log_dropped());
    write_number(out, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
    write_number(out, "process_start_time_seconds", "gauge", "Start of the process, seconds since 1970.",
                 (uint64_t)m->started);
    buf_str(out, "# HELP watchword_build_info The version.\n# TYPE watchword_build_info gauge\n"
                 "watchword_build_info{version=\"" WATCHWORD_VERSION "\"} 1\n");
}
