/* Another server key for everything beside the bare rate of the database: every blob is changed and changed
 * back by primary key, in transactions of as many rows, and then sealed again with the key that is first.
 *
 *   bench_rotate CONFIG
 *
 * Prints one line of JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api_int.h"
#include "store_int.h"
#include "watchword/admin.h"

enum { AT_ONCE = 128 }; /* as a rotation */

static const struct {
    const char *select, *update;
    bool pair;
} tables[] = {
    {"SELECT id, 0, blob FROM accounts ORDER BY id",
     "UPDATE accounts SET blob = $1 WHERE id = $2 AND blob = $3", false},
    {"SELECT id, 0, blob FROM credentials ORDER BY id",
     "UPDATE credentials SET blob = $1 WHERE id = $2 AND blob = $3", false},
    {"SELECT lookup, 0, blob FROM sessions ORDER BY lookup",
     "UPDATE sessions SET blob = $1 WHERE lookup = $2 AND blob = $3", false},
    {"SELECT uuid, n, blob FROM epochs ORDER BY uuid, n",
     "UPDATE epochs SET blob = $1 WHERE uuid = $2 AND n = $4 AND blob = $3", true},
    {"SELECT node, n, blob FROM audit ORDER BY node, n",
     "UPDATE audit SET blob = $1 WHERE node = $2 AND n = $4 AND blob = $3", true},
};

static void must(enum ww_err err, struct ww_op *op, const char *what)
{
    if (err) {
        fprintf(stderr, "%s: %s %s\n", what, ww_err_name(err), op ? ww_op_problem(op)->text : "");
        exit(1);
    }
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct row {
    struct db_value key, second;
    struct bytes blob;
};

static size_t read_all(struct ww_op *op, struct store *s, const char *sql, struct row **out)
{
    struct db_rows rows;
    size_t n = 0, capacity = 0;
    *out = NULL;
    must(store_query(op, s, &rows, sql, NULL, 0), op, sql);
    while (db_next(&rows) == WW_OK) {
        if (n == capacity) {
            capacity = capacity ? 2 * capacity : 1024;
            *out = realloc(*out, capacity * sizeof **out);
            must(*out ? WW_OK : WW_ENOMEM, NULL, "memory");
        }
        struct bytes key = db_blob(&rows, 0);
        (*out)[n++] = (struct row){key.p ? DB_B(key) : DB_I(db_int(&rows, 0)), DB_I(db_int(&rows, 1)),
                                   db_blob(&rows, 2)};
    }
    store_done(&rows);
    return n;
}

static void update_all(struct ww_op *op, struct store *s, size_t t, struct row *rows, size_t n)
{
    int64_t changed;
    for (size_t i = 0; i < n; i++) {
        /* Something else: SQLite does not write a row that is as it was. */
        uint8_t *other = arena_alloc(&op->arena, rows[i].blob.n);
        must(other ? WW_OK : WW_ENOMEM, NULL, "memory");
        memcpy(other, rows[i].blob.p, rows[i].blob.n);
        other[rows[i].blob.n - 1] ^= 1;
        struct bytes blob = BYTES(other, rows[i].blob.n);
        must(i % AT_ONCE ? WW_OK : store_tx_begin(op, s, DB_WRITE), op, "begin");
        must(store_change(
                 op, s, tables[t].update,
                 (const struct db_value[]){DB_B(blob), rows[i].key, DB_B(rows[i].blob), rows[i].second},
                 tables[t].pair ? 4 : 3, &changed),
             op, tables[t].update);
        must(i % AT_ONCE == AT_ONCE - 1 || i == n - 1 ? store_tx_commit(op) : WW_OK, op, "commit");
        rows[i].blob = blob;
    }
}

/* Only the writing is measured: a rotation has to read as well. */
static double bare(struct ww *ww)
{
    double took = 0;
    size_t all = 0;
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        struct ww_op *op;
        struct row *rows;
        must(ww_op_begin(ww, NULL, &op), NULL, "op");
        struct store *s = service_of(op)->store;
        size_t n = read_all(op, s, tables[t].select, &rows);
        double begun = now_s();
        update_all(op, s, t, rows, n);
        update_all(op, s, t, rows, n); /* as it was */
        all += 2 * n;
        took += now_s() - begun;
        free(rows);
        ww_op_end(op);
    }
    return (double)all / took;
}

int main(int argc, char **argv)
{
    struct ww *ww;
    struct ww_op *op;
    char why[400] = "";
    if (argc != 2) {
        return 2;
    }
    const char *config = argv[1];
    struct ww_options options = {
        .size = sizeof options, .config_files = &config, .config_file_count = 1, .dev = true};
    struct ww_rotation r = {.size = sizeof r};
    must(ww_open(&options, &ww, why, sizeof why), NULL, why);
    double bare_rate = bare(ww);
    must(ww_op_begin(ww, NULL, &op), NULL, "op");
    double begun = now_s();
    must(ww_server_key_rotate(op, NULL, NULL, &r), op, "rotate");
    double took = now_s() - begun;
    printf("{\"bare_per_s\":%.0f,\"rotated\":%llu,\"rotated_per_s\":%.0f}\n", bare_rate,
           (unsigned long long)r.moved, (double)r.moved / took);
    ww_op_end(op);
    ww_close(ww);
    return 0;
}
