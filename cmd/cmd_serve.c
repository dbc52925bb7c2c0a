/* `watchword serve`: opens the site, listens on both ports, and stops when told to. */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cmd.h"
#include "cmd_systemd.h"
#include "js.h"
#include "log.h"
#include "pages.h"
#include "routes.h"

enum { MAINTENANCE_SECONDS = 60, WHY = 512, LOG_PATIENCE_MS = 1000, LARGE_MEMORY = 256 * 1024 };

/* From SIGTERM to the end, whatever hangs: requests have 20 s of it (http_server_int.h). Kubernetes gives 30.
 */
enum { STOP_SECONDS = 25 };

/* `ended` tells the thread that waits for signals that nothing is left that could hang. */
struct serving {
    struct cmd_list files;
    bool dev, watch_courier, opt_out;
    struct ww *ww;
    struct site site;
    struct port ports[2];
    struct http_server *server;
    pthread_t maintainer, signals;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping, has_signals;
    atomic_bool ended;
};

/* ---- the log ---- */

/* Kratos' names; what is higher than a warning is an error. */
static enum log_level level_of(const char *name)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {{"trace", LOG_DEBUG}, {"debug", LOG_DEBUG}, {"info", LOG_INFO}, {"warning", LOG_WARN}};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(name, levels[i].name) == 0) {
            return levels[i].level;
        }
    }
    return LOG_ERROR;
}

/* The route's template, never the path: it may hold what somebody typed. */
static void answered(const struct http_request *r, const char *label, int status, uint64_t micros,
                     void *context)
{
    struct site *site = context;
    char code[12], time[24];
    snprintf(code, sizeof code, "%d", status);
    snprintf(time, sizeof time, "%llu", (unsigned long long)micros);
    metrics_count(site->metrics, label, status, micros);
    log_write(LOG_INFO, "answered", "port", http_listener_name(r), "method", http_method_name(r), "route",
              label, "status", code, "us", time, "request_id", http_request_id(r), NULL);
}

/* ---- maintenance ---- */

/* A failure is logged and left for the next minute: sweeping is never urgent. */
static void maintain_once(struct serving *s)
{
    struct ww_op *op;
    /* Without a client: it acts for nobody. */
    if (ww_op_begin(s->ww, NULL, &op) != WW_OK) {
        return;
    }
    enum ww_err err = ww_maintain(op);
    if (err) {
        log_write(LOG_WARN, "maintenance failed", "error", ww_err_name(err), NULL);
    }
    ww_op_end(op);
}

/* A thread of its own: requests never wait for it. */
static void *maintain(void *context)
{
    struct serving *s = context;
    struct timespec until;
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += MAINTENANCE_SECONDS;
        pthread_cond_timedwait(&s->wake, &s->lock, &until);
        pthread_mutex_unlock(&s->lock);
        /* Without the lock, so that a stop need not wait for it to be noticed. */
        maintain_once(s);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- signals: waited for by a thread, so that no handler interrupts anything ---- */

static sigset_t stop_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

/* A worker that hangs, in a database that does not answer or on a disk that is gone, cannot be ended; the
 * stores are made to survive that a process is. A second signal says that nobody wants to wait. */
static void *wait_for_stop(void *context)
{
    struct serving *s = context;
    const sigset_t set = stop_signals();
    const struct timespec patience = {.tv_sec = STOP_SECONDS};
    int number;
    sigwait(&set, &number);
    if (atomic_load(&s->ended)) {
        return NULL;
    }
    log_write(LOG_INFO, "stopping", NULL);
    systemd_stopping();
    http_server_stop(s->server);
    sigtimedwait(&set, NULL, &patience);
    if (!atomic_load(&s->ended)) {
        log_write(LOG_ERROR, "stopped without waiting for what does not end", NULL);
        log_stop(LOG_PATIENCE_MS);
        _exit(EXIT_FAILURE);
    }
    return NULL;
}

/* Before any thread is made, so that all inherit it: one thread waits for signals, no handler runs anywhere.
 */
static void block_signals(void)
{
    const sigset_t set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    cmd_ignore_signals();
}

/* After the last thing that may hang. */
static void end_signals(struct serving *s)
{
    if (s->has_signals) {
        atomic_store(&s->ended, true);
        pthread_kill(s->signals, SIGTERM);
        pthread_join(s->signals, NULL);
    }
}

/* What is large goes back to the system when it is freed, and does not stay in the heap of a thread that once
 * had much to do. Fixed, since glibc raises it to 32 MiB by itself. */
static void give_large_memory_back(void)
{
    mallopt(M_MMAP_THRESHOLD, LARGE_MEMORY);
}

/* The soft limit is for programs that use select(); nothing here does. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* refused or not, the server takes as many as it has */
    }
}

/* ---- opening ---- */

/* What cannot be opened is said in one line that names the setting; nothing is served in part. */
static int open_site(struct serving *s)
{
    char why[WHY] = "";
    struct ww_options options = {.size = sizeof options,
                                 .config_files = s->files.at,
                                 .config_file_count = s->files.n,
                                 .environment = (const char *const *)environ,
                                 .dev = s->dev};
    enum ww_err err = ww_open(&options, &s->ww, why, sizeof why);
    if (err) {
        return cmd_fail(false, err, NULL, NULL, why);
    }
    log_setup(STDERR_FILENO, level_of(ww_setting(s->ww, "log.level")),
              strcmp(ww_setting(s->ww, "log.format"), "text") == 0);
    if (!log_start()) {
        return cmd_fail(false, WW_ENOMEM, NULL, NULL, "no thread could be started");
    }
    for (size_t i = 0; i < ww_warning_count(s->ww); i++) {
        log_write(LOG_WARN, ww_warning(s->ww, i), NULL);
    }
    if (cmd_swap_is_on() && !s->dev) {
        log_write(LOG_WARN,
                  "swap is on: passwords and keys in use may be written to it; switch it off or encrypt it",
                  NULL);
    }
    if (s->watch_courier) {
        log_write(LOG_WARN, "--watch-courier: this version sends no mail", NULL);
    }
    if (!site_init(&s->site, s->ww)) {
        return cmd_fail(false, WW_ENOMEM, NULL, NULL, NULL);
    }
    const char *refused;
    if ((err = pages_open(&s->site, &refused))) {
        return cmd_fail(false, err, NULL, NULL, refused);
    }
    return CMD_GO_ON;
}

/* By what is written, as a warning needs it; nothing is decided by it. */
static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 || strcmp(host, "localhost") == 0 ||
           strncmp(host, "unix:", 5) == 0;
}

static struct http_listener listener_of(struct serving *s, size_t i, const char *name)
{
    char host[32], port[32];
    snprintf(host, sizeof host, "serve.%s.host", name);
    snprintf(port, sizeof port, "serve.%s.port", name);
    return (struct http_listener){.name = name,
                                  .host = ww_setting(s->ww, host),
                                  .port = (uint16_t)ww_setting_int(s->ww, port),
                                  .fd = systemd_socket(name),
                                  .route = dispatch_route,
                                  .refusing = dispatch_refusing,
                                  .context = &s->ports[i]};
}

/* Both ports or none: a site whose admin port failed would look healthy. */
static int listen_on_both(struct serving *s)
{
    struct http_listener listeners[2];
    size_t n = ww_setting_count(s->ww, "watchword.trusted_proxies");
    const char **proxies = ARENA_ARRAY(&s->site.arena, n + 1, const char *);
    const char *error = dispatch_check_routes(routes_public, routes_public_count);
    error = error ? error : dispatch_check_routes(routes_admin, routes_admin_count);
    if (error || !proxies) {
        return cmd_fail(false, WW_EINTERNAL, "route_without_need", error, "a route states no need");
    }
    for (size_t i = 0; i < n; i++) {
        proxies[i] = ww_setting_at(s->ww, "watchword.trusted_proxies", i);
    }
    s->ports[0] = (struct port){&s->site, routes_public, routes_public_count, false};
    s->ports[1] = (struct port){&s->site, routes_admin, routes_admin_count, true};
    listeners[0] = listener_of(s, 0, "public");
    listeners[1] = listener_of(s, 1, "admin");
    if (!is_loopback(listeners[1].host)) {
        log_write(LOG_WARN, "the admin port listens beyond loopback: whoever reaches it administers", NULL);
    }
    struct http_options options = {
        .hash_workers = (unsigned)ww_setting_int(s->ww, "watchword.hash.workers"),
        .hash_queue = (unsigned)ww_setting_int(s->ww, "watchword.hash.queue"),
        .hash_percent = (unsigned)ww_setting_int(s->ww, "watchword.throttle.queue_percent"),
        .connections = (unsigned)ww_setting_int(s->ww, "watchword.http.connections"),
        .in_flight = (size_t)ww_setting_int(s->ww, "watchword.http.in_flight_max"),
        .trusted_proxies = proxies,
        .trusted_proxy_count = n,
        .forwarded_header = ww_setting(s->ww, "watchword.forwarded_header"),
        .answered = answered,
        .answered_context = &s->site};
    s->server = http_server_new(&options, listeners, 2, &error);
    if (!s->server) {
        return cmd_fail(false, WW_EIO, NULL, NULL, error);
    }
    s->site.server = s->server;
    for (size_t i = 0; i < 2; i++) {
        uint16_t port = http_server_port(s->server, i); /* 0 for a Unix socket, whose host says it all */
        printf("%s: %s, listening on %s", listeners[i].name, i ? s->site.admin_url : s->site.public_url,
               listeners[i].host);
        if (port) {
            printf(" port %u", port);
        }
        putchar('\n');
    }
    /* For who looks on; the server serves, whether anybody could be told or not, and its end is no failure.
     */
    if (fflush(stdout) != 0) {
        __fpurge(stdout);
        clearerr(stdout);
        log_write(LOG_WARN, "standard output cannot be written", NULL);
    }
    return CMD_GO_ON;
}

/* In this order, so that what was begun can be ended: signals, maintenance, the server. */
static int run(struct serving *s)
{
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->wake, NULL);
    s->has_signals = pthread_create(&s->signals, NULL, wait_for_stop, s) == 0;
    if (!s->has_signals || pthread_create(&s->maintainer, NULL, maintain, s)) {
        return cmd_fail(false, WW_ENOMEM, NULL, NULL, "no thread could be started");
    }
    systemd_ready();
    http_server_run(s->server);
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->maintainer, NULL);
    return CMD_OK;
}

int cmd_serve(const char *name, int argc, char **argv)
{
    static const char about[] = "Serves the public and the admin port until SIGTERM or SIGINT.";
    const struct cmd_usage usage = {name, "[-c FILE]... [--dev]", about, 0, 0};
    struct serving s = {0};
    int first = 0;
    const struct cmd_option options[] = {
        {'c', "config", "FILE", "configuration; later ones override", .list = &s.files},
        {0, "dev", NULL, "for development: weak hashes, cookies without TLS, a server key is made",
         .flag = &s.dev},
        {0, "watch-courier", NULL, "accepted; this version sends no mail", .flag = &s.watch_courier},
        {0, "sqa-opt-out", NULL, "accepted; nothing is ever reported to anybody", .flag = &s.opt_out},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    /* In this order: before a key or password is read, memory is protected and the allocators wipe; before
     * a thread is started, signals are blocked, so that all threads inherit that. */
    cmd_protect_memory(s.dev);
    js_wipe_memory();
    http_wipe_memory();
    block_signals();
    raise_descriptor_limit();
    give_large_memory_back();
    if ((code = open_site(&s)) == CMD_GO_ON && (code = listen_on_both(&s)) == CMD_GO_ON) {
        code = run(&s);
    }
    if (s.server) {
        http_server_free(s.server);
    }
    pages_close(&s.site);
    site_free(&s.site);
    /* After the server: its workers used it until http_server_free. */
    ww_close(s.ww);
    end_signals(&s);
    log_stop(LOG_PATIENCE_MS);
    return code;
}
