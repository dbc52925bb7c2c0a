/* What grows with the number of accounts, and what must not: ./dev bench scale.
 *
 *   bench_scale fill   CONFIG COUNT    accounts with one session each, by the library, in large transactions
 *   bench_scale login  CONFIG COUNT    the first sign-in after a start, and sign-ins of any of COUNT accounts
 *   bench_scale whoami CONFIG COUNT    sessions resumed
 *   bench_scale list   CONFIG COUNT    pages of 250 identities from anywhere
 *   bench_scale check  CONFIG COUNT    everything, once
 *   bench_scale flush  CONFIG COUNT    what was seen of COUNT sessions is written, while somebody signs in
 *
 * Each prints one line of JSON, with the most memory that its process had. Hashes are weak: they play no
 * part. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "api_int.h"
#include "bench_parts.h"
#include "fill.h"
#include "session_int.h"
#include "watchword/admin.h"

enum { ROUNDS = 400 };

static struct ww *open_site(const char *config)
{
    struct ww *ww;
    char why[400] = "";
    struct ww_options options = {
        .size = sizeof options, .config_files = &config, .config_file_count = 1, .dev = true};
    must(ww_open(&options, &ww, why, sizeof why), NULL, why);
    return ww;
}

static long most_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static double login_us(struct ww *ww, size_t number)
{
    char name[100];
    double start = now_us();
    struct ww_op *op = begin(ww);
    struct ww_session *session;
    snprintf(name, sizeof name, "person%zu@example.org", number);
    struct ww_proof proof = {.size = sizeof proof,
                             .kind = WW_PROOF_PASSWORD,
                             .identifier = name,
                             .password = password,
                             .password_length = sizeof password - 1};
    must(ww_authenticate(op, &proof, &session), op, "login");
    ww_op_end(op);
    return now_us() - start;
}

static size_t any_of(size_t count)
{
    static uint64_t state = 88172645463325252U; /* xorshift64: the same accounts each time */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state % count);
}

static void fill(struct ww *ww, size_t count)
{
    struct ww_op *op = begin(ww);
    const struct fill f = {
        .op = op, .service = service_of(op), .name = "person", .password = password, .with_session = true};
    double start = now_us();
    must(fill_accounts(&f, 0, count), op, "fill");
    printf("{\"seconds\":%.1f,\"most_kib\":%ld}\n", (now_us() - start) / 1e6, most_kib());
    ww_op_end(op);
}

static void login(struct ww *ww, size_t count)
{
    static double times[ROUNDS];
    double first = login_us(ww, any_of(count));
    for (size_t i = 0; i < ROUNDS; i++) {
        times[i] = login_us(ww, any_of(count));
    }
    printf("{\"first_us\":%.0f,\"login_us\":%.0f,\"most_kib\":%ld}\n", first, median(times, ROUNDS),
           most_kib());
}

/* Lookups of the first `most` sessions, read as a check would. */
static struct key *lookups(struct ww_op *op, size_t most, size_t *n)
{
    struct key *list = calloc(most, sizeof *list);
    struct db_rows rows;
    *n = 0;
    must(store_tx_begin(op, service_of(op)->store, DB_READ), op, "begin");
    must(db_query(op, op->conn, &rows, "SELECT lookup FROM sessions LIMIT $1", DB_ARGS(DB_I(most))), op,
         "lookups");
    while (list && *n < most && db_next(&rows) == WW_OK) {
        struct bytes b = db_blob(&rows, 0);
        memcpy(list[(*n)++].b, b.p, sizeof list->b);
    }
    db_done(&rows);
    must(store_tx_abort(op, WW_OK), op, "end");
    return list;
}

static void whoami(struct ww *ww, size_t count)
{
    enum { TOKENS = 50, BATCH = 100 };
    static double times[ROUNDS];
    static char tokens[TOKENS][65];
    for (size_t i = 0; i < TOKENS; i++) {
        struct ww_op *op = begin(ww);
        struct record *r;
        struct session *x;
        must(store_record_load(op, service_of(op)->store, (int64_t)any_of(count) + 1, false, &r), op,
             "record");
        struct authn *a;
        must(cred_enrolled(op, r, CRED_PASSWORD, NULL, &a), op, "enrolled");
        must(store_tx_begin(op, service_of(op)->store, DB_WRITE), op, "begin");
        must(session_issue(op, service_of(op)->store, &service_of(op)->sessions, a, SESSION_TOKEN, &x), op,
             "issue");
        must(store_tx_commit(op), op, "commit");
        memcpy(tokens[i], x->token, sizeof tokens[i]);
        ww_op_end(op);
    }
    for (size_t i = 0; i < ROUNDS; i++) {
        double start = now_us();
        for (size_t k = 0; k < BATCH; k++) {
            struct ww_op *op = begin(ww);
            struct ww_session *session;
            must(ww_session_resume(op, tokens[(i + k) % TOKENS], &session), op, "resume");
            ww_op_end(op);
        }
        times[i] = (now_us() - start) / BATCH;
    }
    printf("{\"whoami_us\":%.1f,\"most_kib\":%ld}\n", median(times, ROUNDS), most_kib());
}

static void list(struct ww *ww, size_t count)
{
    static double times[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        struct ww_op *op = begin(ww);
        struct record **records;
        size_t n, from = any_of(count > 500 ? count - 250 : 1);
        double start = now_us();
        must(account_admin_list(op, service_of(op), (int64_t)from, 250, &records, &n), op, "list");
        times[i] = now_us() - start;
        ww_op_end(op);
    }
    printf("{\"list_us\":%.0f,\"most_kib\":%ld}\n", median(times, ROUNDS), most_kib());
}

static void check(struct ww *ww)
{
    struct ww_op *op = begin(ww);
    struct ww_check_report report = {.size = sizeof report};
    double start = now_us();
    must(ww_check(op, NULL, NULL, NULL, &report), op, "check");
    printf("{\"accounts\":%zu,\"problems\":%zu,\"seconds\":%.1f,\"most_kib\":%ld}\n", report.accounts,
           report.problems, (now_us() - start) / 1e6, most_kib());
    ww_op_end(op);
}

struct neighbour {
    struct ww *ww;
    atomic_bool stop;
    double longest_us;
    size_t n;
};

static void *signs_in(void *context)
{
    struct neighbour *x = context;
    while (!x->stop) {
        double took = login_us(x->ww, x->n++ % 1000);
        x->longest_us = took > x->longest_us ? took : x->longest_us;
    }
    return NULL;
}

static void flush(struct ww *ww, size_t count)
{
    struct neighbour neighbour = {.ww = ww};
    pthread_t thread;
    struct ww_op *op = begin(ww);
    struct session_seen *seen = service_of(op)->sessions.seen;
    size_t n;
    struct key *all = lookups(op, count, &n);
    uint64_t then = op_now(op) + 60000000; /* later than what the rows say */
    for (size_t i = 0; i < n; i++) {
        session_seen_mark(seen, &all[i], then);
    }
    free(all);
    ww_op_end(op);
    op = begin(ww);
    pthread_create(&thread, NULL, signs_in, &neighbour);
    double start = now_us();
    must(session_flush_seen(op, service_of(op)->store, seen), op, "flush");
    double took = now_us() - start;
    neighbour.stop = true;
    pthread_join(thread, NULL);
    printf("{\"sessions\":%zu,\"seconds\":%.1f,\"each_us\":%.1f,\"longest_login_ms\":%.0f,\"logins\":%zu,"
           "\"most_kib\":%ld}\n",
           n, took / 1e6, took / (double)(n ? n : 1), neighbour.longest_us / 1e3, neighbour.n, most_kib());
    ww_op_end(op);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return 2;
    }
    struct ww *ww = open_site(argv[2]);
    size_t count = strtoul(argv[3], NULL, 10);
    if (strcmp(argv[1], "fill") == 0) {
        fill(ww, count);
    } else if (strcmp(argv[1], "login") == 0) {
        login(ww, count);
    } else if (strcmp(argv[1], "whoami") == 0) {
        whoami(ww, count);
    } else if (strcmp(argv[1], "list") == 0) {
        list(ww, count);
    } else if (strcmp(argv[1], "check") == 0) {
        check(ww);
    } else if (strcmp(argv[1], "flush") == 0) {
        flush(ww, count);
    }
    ww_close(ww);
    return 0;
}
