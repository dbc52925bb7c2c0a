/* What sharing, writing and many sessions cost, each beside the like in alternation:
 *
 *   bench_vault share    CONFIG ROUNDS   a value shared with one and with ten; processor time
 *   bench_vault write    CONFIG ROUNDS   an item written, an item read, a bare commit; processor time
 *   bench_vault sessions CONFIG COUNT    a session resumed with COUNT sessions in the account, and with one
 *
 * The figures are medians in one line of JSON. */
#include <sqlite3.h>
#include <string.h>
#include <time.h>

#include "bench_parts.h"

enum { MOST = 4096, FRIENDS = 10 };

static struct ww *open_site(const char *config)
{
    static const char *const settings[] = {"watchword.session.most=1000000",
                                           "watchword.throttle.lookups.free=100000000"};
    struct ww *ww;
    char why[400] = "";
    struct ww_options options = {.size = sizeof options,
                                 .config_files = &config,
                                 .config_file_count = 1,
                                 .settings = settings,
                                 .setting_count = 2,
                                 .dev = true};
    must(ww_open(&options, &ww, why, sizeof why), NULL, why);
    return ww;
}

static void register_one(struct ww *ww, int number, char token[65])
{
    struct ww_op *op = begin(ww);
    struct ww_session *session;
    char traits[100];
    snprintf(traits, sizeof traits, "{\"email\":\"person%d@example.org\"}", number);
    must(ww_register(op, traits, password, sizeof password - 1, &session), op, "register");
    must(ww_item_put(op, session, "note", "hello", 5, NULL, NULL), op, "put");
    memcpy(token, ww_session_token(op, session), 65);
    ww_op_end(op);
}

/* ---- sharing ---- */

static double share_us(struct ww *ww, const char *token, const char *name, const char *const *to, size_t n)
{
    struct ww_op *op = begin(ww);
    struct ww_session *session;
    double start = cpu_us();
    must(ww_session_resume(op, token, &session), op, "resume");
    must(ww_share_put(op, session, name, "hello", 5, to, n, NULL, NULL), op, "share");
    double spent = cpu_us() - start;
    ww_op_end(op);
    return spent;
}

static void bench_share(struct ww *ww, size_t rounds)
{
    static double one[MOST], ten[MOST], one_again[MOST], ten_again[MOST];
    static char names[FRIENDS][40];
    const char *to[FRIENDS];
    char token[65], other[65];
    register_one(ww, 0, token);
    for (int i = 0; i < FRIENDS; i++) {
        register_one(ww, i + 1, other);
        snprintf(names[i], sizeof names[i], "person%d@example.org", i + 1);
        to[i] = names[i];
    }
    share_us(ww, token, "ten", to, FRIENDS); /* first contacts are pinned once */
    for (size_t i = 0; i < rounds; i++) {
        one[i] = share_us(ww, token, "one", to, 1);
        ten[i] = share_us(ww, token, "ten", to, FRIENDS);
        one_again[i] = share_us(ww, token, "one", NULL, 0); /* to those who get it: nobody is looked up */
        ten_again[i] = share_us(ww, token, "ten", NULL, 0);
    }
    double a = median(one, rounds), b = median(ten, rounds);
    double c = median(one_again, rounds), d = median(ten_again, rounds);
    printf("{\"one_us\":%.0f,\"ten_us\":%.0f,\"ratio\":%.2f,\"one_again_us\":%.0f,\"ten_again_us\":%.0f,"
           "\"ratio_again\":%.2f}\n",
           a, b, b / a, c, d, d / c);
}

/* ---- writing ---- */

static double write_us(struct ww *ww, const char *token)
{
    struct ww_op *op = begin(ww);
    struct ww_session *session;
    double start = cpu_us();
    must(ww_session_resume(op, token, &session), op, "resume");
    must(ww_item_put(op, session, "note", "hello", 5, NULL, NULL), op, "put");
    double spent = cpu_us() - start;
    ww_op_end(op);
    return spent;
}

static double read_us(struct ww *ww, const char *token)
{
    struct ww_op *op = begin(ww);
    struct ww_session *session;
    const void *value;
    size_t n;
    double start = cpu_us();
    must(ww_session_resume(op, token, &session), op, "resume");
    must(ww_item_get(op, session, "note", &value, &n, NULL), op, "get");
    double spent = cpu_us() - start;
    ww_op_end(op);
    return spent;
}

/* Two rows of a kilobyte changed in a database beside ours, with the same journal: what a write cannot do
 * without. */
static sqlite3 *bare_store(const char *config)
{
    char path[500];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s.bare", config);
    remove(path);
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(
            db,
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (id INTEGER PRIMARY"
            " KEY, blob BLOB); INSERT INTO t VALUES (1, zeroblob(400)), (2, zeroblob(400))",
            NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "no bare store: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
    return db;
}

static double commit_us(sqlite3 *db)
{
    double start = cpu_us();
    if (sqlite3_exec(db,
                     "BEGIN IMMEDIATE; UPDATE t SET blob = randomblob(400) WHERE id = 1; UPDATE t SET blob ="
                     " randomblob(400) WHERE id = 2; COMMIT",
                     NULL, NULL, NULL) != SQLITE_OK) {
        exit(1);
    }
    return cpu_us() - start;
}

static void bench_write(struct ww *ww, const char *config, size_t rounds)
{
    static double writes[MOST], reads[MOST], commits[MOST];
    char token[65];
    sqlite3 *db = bare_store(config);
    register_one(ww, 0, token);
    for (size_t i = 0; i < rounds; i++) {
        writes[i] = write_us(ww, token);
        reads[i] = read_us(ww, token);
        commits[i] = commit_us(db);
    }
    sqlite3_close(db);
    double w = median(writes, rounds), r = median(reads, rounds), c = median(commits, rounds);
    printf("{\"write_us\":%.0f,\"read_us\":%.0f,\"commit_us\":%.0f,\"ratio\":%.2f}\n", w, r, c, (w - c) / r);
}

/* ---- sessions ---- */

static void sign_in(struct ww *ww, const char *name, char token[65])
{
    struct ww_op *op = begin(ww);
    struct ww_session *session;
    const struct ww_proof proof = {.size = sizeof proof,
                                   .kind = WW_PROOF_PASSWORD,
                                   .identifier = name,
                                   .password = password,
                                   .password_length = sizeof password - 1};
    must(ww_authenticate(op, &proof, &session), op, "login");
    memcpy(token, ww_session_token(op, session), 65);
    ww_op_end(op);
}

static double resume_us(struct ww *ww, const char *token)
{
    enum { BATCH = 100 };
    double start = cpu_us();
    for (int i = 0; i < BATCH; i++) {
        struct ww_op *op = begin(ww);
        struct ww_session *session;
        must(ww_session_resume(op, token, &session), op, "resume");
        ww_op_end(op);
    }
    return (cpu_us() - start) / BATCH;
}

static void bench_sessions(struct ww *ww, size_t count)
{
    enum { ROUNDS = 201 };
    static double one[ROUNDS], many[ROUNDS];
    char alone[65], crowded[65];
    register_one(ww, 0, alone);
    register_one(ww, 1, crowded);
    for (size_t i = 1; i < count; i++) {
        sign_in(ww, "person1@example.org", crowded);
    }
    for (size_t i = 0; i < ROUNDS; i++) {
        one[i] = resume_us(ww, alone);
        many[i] = resume_us(ww, crowded);
    }
    double a = median(one, ROUNDS), b = median(many, ROUNDS);
    printf("{\"sessions\":%zu,\"one_us\":%.2f,\"many_us\":%.2f,\"ratio\":%.3f}\n", count, a, b, b / a);
}

int main(int argc, char **argv)
{
    size_t n = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (n == 0 || (n > MOST && strcmp(argv[1], "sessions") != 0)) {
        return 2;
    }
    struct ww *ww = open_site(argv[2]);
    if (strcmp(argv[1], "share") == 0) {
        bench_share(ww, n);
    } else if (strcmp(argv[1], "write") == 0) {
        bench_write(ww, argv[2], n);
    } else {
        bench_sessions(ww, n);
    }
    ww_close(ww);
    return 0;
}
