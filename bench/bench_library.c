/* What the library does in process, each beside a bare operation in the same loop.
 *
 *   bench_library login  CONFIG SECONDS   logins, and hashes with the same parameters by libsodium itself
 *   bench_library resume CONFIG SECONDS   a session resumed and one item read; and one row read by its key
 *   bench_library items  CONFIG COUNT     pages of 250 of COUNT items: the first, the second, a late one
 *   bench_library fill   CONFIG COUNT     makes accounts (weak hashes), prints a session token of each
 *   bench_library recover CONFIG COUNT    processor time of a recovery with a wrong code, COUNT accounts
 *   bench_library bytes  CONFIG COUNT     what COUNT accounts, and COUNT items of 100 bytes, take
 *
 * The figures are one line of JSON. */
#include <sodium.h>
#include <sqlite3.h>
#include <string.h>
#include <time.h>

#include "bench_parts.h"
#include "watchword/settings.h"

static struct ww *open_site(const char *config, bool dev)
{
    struct ww *ww;
    char why[400] = "";
    struct ww_options options = {
        .size = sizeof options, .config_files = &config, .config_file_count = 1, .dev = dev};
    must(ww_open(&options, &ww, why, sizeof why), NULL, why);
    return ww;
}

/* The token of a new account with one item. */
static void register_one(struct ww *ww, unsigned long number, char token[65])
{
    struct ww_op *op = begin(ww);
    struct ww_session *session;
    char traits[100];
    snprintf(traits, sizeof traits, "{\"email\":\"person%lu@example.org\"}", number);
    must(ww_register(op, traits, password, sizeof password - 1, &session), op, "register");
    must(ww_item_put(op, session, "note", "hello", 5, NULL, NULL), op, "put");
    memcpy(token, ww_session_token(op, session), 65);
    ww_op_end(op);
}

/* ---- logins ---- */

static double login_us(struct ww *ww)
{
    double start = now_us();
    struct ww_op *op = begin(ww);
    struct ww_session *session;
    const struct ww_proof proof = {.size = sizeof proof,
                                   .kind = WW_PROOF_PASSWORD,
                                   .identifier = "person0@example.org",
                                   .password = password,
                                   .password_length = sizeof password - 1};
    must(ww_authenticate(op, &proof, &session), op, "login");
    ww_op_end(op);
    return now_us() - start;
}

static double hash_us(const struct ww *ww)
{
    uint8_t out[32], salt[crypto_pwhash_SALTBYTES] = {1};
    double start = now_us();
    if (crypto_pwhash(out, sizeof out, password, sizeof password - 1, salt,
                      (unsigned long long)ww_setting_int(ww, "hashers.argon2.iterations"),
                      (size_t)ww_setting_int(ww, "hashers.argon2.memory"),
                      crypto_pwhash_ALG_ARGON2ID13) != 0) {
        exit(1);
    }
    return now_us() - start;
}

static void bench_login(const char *config, double seconds)
{
    struct ww *ww = open_site(config, false);
    char token[65];
    double logins = 0, hashes = 0, end;
    unsigned n = 0;
    register_one(ww, 0, token);
    login_us(ww); /* the first page faults are nobody's */
    hash_us(ww);
    for (end = now_us() + seconds * 1e6; now_us() < end; n++) {
        logins += login_us(ww);
        hashes += hash_us(ww);
    }
    printf("{\"rounds\":%u,\"logins_per_s\":%.2f,\"hashes_per_s\":%.2f,\"ratio\":%.3f}\n", n,
           n * 1e6 / logins, n * 1e6 / hashes, hashes / logins);
    ww_close(ww);
}

/* ---- resuming ---- */

enum { BATCH = 500 };

static double resume_us(struct ww *ww, const char *token)
{
    double start = now_us();
    for (int i = 0; i < BATCH; i++) {
        struct ww_op *op = begin(ww);
        struct ww_session *session;
        const void *value;
        size_t n;
        must(ww_session_resume(op, token, &session), op, "resume");
        must(ww_item_get(op, session, "note", &value, &n, NULL), op, "get");
        ww_op_end(op);
    }
    return (now_us() - start) / BATCH;
}

static sqlite3_stmt *bare_lookup(const char *dsn, sqlite3 **db)
{
    sqlite3_stmt *statement = NULL;
    const char *path = strchr(dsn, '/');
    while (path && path[1] == '/') {
        path++;
    }
    if (!path || sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(*db, "SELECT blob FROM accounts WHERE id = 1", -1, &statement, NULL) !=
            SQLITE_OK) {
        fprintf(stderr, "cannot look into %s\n", dsn);
        exit(1);
    }
    return statement;
}

static double lookup_us(sqlite3_stmt *statement)
{
    double start = now_us();
    for (int i = 0; i < BATCH; i++) {
        if (sqlite3_step(statement) != SQLITE_ROW || sqlite3_column_bytes(statement, 0) == 0) {
            exit(1);
        }
        sqlite3_reset(statement);
    }
    return (now_us() - start) / BATCH;
}

/* Medians of batches: others use the machine as well. */
static void bench_resume(const char *config, double seconds)
{
    enum { MOST = 4096 };
    static double resumes[MOST], lookups[MOST];
    struct ww *ww = open_site(config, true);
    char token[65];
    sqlite3 *db;
    size_t n = 0;
    register_one(ww, 0, token);
    sqlite3_stmt *statement = bare_lookup(ww_setting(ww, "dsn"), &db);
    for (double end = now_us() + seconds * 1e6; n < MOST && now_us() < end; n++) {
        resumes[n] = resume_us(ww, token);
        lookups[n] = lookup_us(statement);
    }
    qsort(resumes, n, sizeof *resumes, by_value);
    qsort(lookups, n, sizeof *lookups, by_value);
    printf("{\"batches\":%zu,\"resume_us\":%.2f,\"lookup_us\":%.2f,\"ratio\":%.2f}\n", n, resumes[n / 2],
           lookups[n / 2], resumes[n / 2] / lookups[n / 2]);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    ww_close(ww);
}

/* ---- pages of items ---- */

static void put_items(struct ww *ww, const char *token, size_t count)
{
    enum { AT_ONCE = 1000 };
    static struct ww_item_change changes[AT_ONCE];
    static char names[AT_ONCE][32];
    for (size_t done = 0; done < count; done += AT_ONCE) {
        struct ww_op *op = begin(ww);
        struct ww_session *session;
        must(ww_session_resume(op, token, &session), op, "resume");
        for (size_t i = 0; i < AT_ONCE; i++) {
            snprintf(names[i], sizeof names[i], "item %08zu", (done + i) * 7919 % count);
            changes[i] = (struct ww_item_change){.size = sizeof changes[i],
                                                 .action = WW_ITEM_PUT,
                                                 .name = names[i],
                                                 .value = "a",
                                                 .value_length = 1};
        }
        must(ww_item_change(op, session, changes, AT_ONCE), op, "put");
        ww_op_end(op);
    }
}

/* token: becomes that of the next page. */
static double page_us(struct ww *ww, const char *token, char next[32])
{
    double start = now_us();
    struct ww_op *op = begin(ww);
    struct ww_session *session;
    const struct ww_item_entry *const *entries;
    struct ww_page page = {.size = sizeof page, .limit = 250, .token = next[0] ? next : NULL};
    must(ww_session_resume(op, token, &session), op, "resume");
    must(ww_item_list(op, session, NULL, &page, &entries), op, "list");
    snprintf(next, 32, "%s", page.next ? page.next : "");
    ww_op_end(op);
    return now_us() - start;
}

static void bench_items(const char *config, size_t count)
{
    enum { ROUNDS = 15 };
    double first[ROUNDS], second[ROUNDS], late[ROUNDS];
    struct ww *ww = open_site(config, true);
    char token[65];
    register_one(ww, 0, token);
    put_items(ww, token, count);
    for (size_t i = 0; i < ROUNDS; i++) {
        char next[32] = "";
        struct ww_op *op = begin(ww);
        struct ww_session *session;
        must(ww_session_resume(op, token, &session), op, "resume");
        must(ww_item_put(op, session, "note", "hello", 5, NULL, NULL), op, "put"); /* nothing is kept */
        ww_op_end(op);
        first[i] = page_us(ww, token, next);
        second[i] = page_us(ww, token, next);
        for (int page = 3; page < 200 && next[0]; page++) {
            page_us(ww, token, next);
        }
        late[i] = page_us(ww, token, next);
    }
    qsort(first, ROUNDS, sizeof *first, by_value);
    qsort(second, ROUNDS, sizeof *second, by_value);
    qsort(late, ROUNDS, sizeof *late, by_value);
    printf("{\"items\":%zu,\"first_us\":%.0f,\"second_us\":%.0f,\"late_us\":%.0f}\n", count,
           first[ROUNDS / 2], second[ROUNDS / 2], late[ROUNDS / 2]);
    ww_close(ww);
}

/* ---- many accounts ---- */

static void fill(const char *config, unsigned long count)
{
    struct ww *ww = open_site(config, true);
    for (unsigned long i = 0; i < count; i++) {
        char token[65];
        register_one(ww, i, token);
        puts(token);
    }
    ww_close(ww);
}

/* ---- a recovery code that is wrong ---- */

static double processor_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* One code of ten of an account, which is none of any other's. */
static void code_of(struct ww *ww, const char *token, char code[64])
{
    struct ww_op *op = begin(ww);
    struct ww_session *session;
    const char *const *codes;
    size_t n;
    must(ww_session_resume(op, token, &session), op, "resume");
    must(ww_codes_make(op, session, &codes, &n), op, "codes");
    snprintf(code, 64, "%s", codes[0]);
    ww_op_end(op);
}

static double refused_us(struct ww *ww, const char *name, const char *code)
{
    const struct ww_recovery in = {.size = sizeof in,
                                   .identifier = name,
                                   .code = code,
                                   .password = password,
                                   .password_length = sizeof password - 1};
    double start = processor_us();
    struct ww_op *op = begin(ww);
    struct ww_session *session;
    const char *next;
    if (ww_recover(op, &in, &session, &next) != WW_EDENIED) {
        fprintf(stderr, "recover: %s\n", ww_op_problem(op)->text);
        exit(1);
    }
    ww_op_end(op);
    return processor_us() - start;
}

/* Few tries of each account, so that none waits; as many of names that nobody has. */
static void bench_recover(const char *config, size_t count)
{
    enum { TRIES = 4, MOST = 4096 };
    static double known[MOST], unknown[MOST];
    struct ww *ww = open_site(config, true);
    char token[65], code[64], name[64];
    size_t n = 0;
    register_one(ww, count, token);
    code_of(ww, token, code);
    for (unsigned long i = 0; i < count && n + TRIES <= MOST; i++) {
        char own[64];
        register_one(ww, i, token);
        code_of(ww, token, own);
        for (int j = 0; j < TRIES; j++, n++) {
            snprintf(name, sizeof name, "person%lu@example.org", i);
            known[n] = refused_us(ww, name, code);
            snprintf(name, sizeof name, "nobody%lu@example.org", i);
            unknown[n] = refused_us(ww, name, code);
        }
    }
    qsort(known, n, sizeof *known, by_value);
    qsort(unknown, n, sizeof *unknown, by_value);
    printf("{\"tries\":%zu,\"known_us\":%.0f,\"unknown_us\":%.0f}\n", n, known[n / 2], unknown[n / 2]);
    ww_close(ww);
}

/* ---- bytes ---- */

static double store_bytes(struct ww *ww)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    const char *path = strchr(ww_setting(ww, "dsn"), '/');
    while (path && path[1] == '/') {
        path++;
    }
    if (!path || sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", -1,
                           &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW) {
        fprintf(stderr, "cannot measure %s\n", path ? path : "?");
        exit(1);
    }
    double bytes = sqlite3_column_double(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return bytes;
}

/* An account with its session, its events and one note; and items of 100 bytes, a thousand at a time. */
static void bench_bytes(const char *config, size_t count)
{
    enum { AT_ONCE = 1000 };
    static struct ww_item_change changes[AT_ONCE];
    static char names[AT_ONCE][32], value[100];
    struct ww *ww = open_site(config, true);
    char token[65];
    double empty = store_bytes(ww);
    for (unsigned long i = 0; i < count; i++) {
        register_one(ww, i, token);
    }
    double accounts = store_bytes(ww);
    for (size_t done = 0; done < count; done += AT_ONCE) {
        struct ww_op *op = begin(ww);
        struct ww_session *session;
        must(ww_session_resume(op, token, &session), op, "resume");
        for (size_t i = 0; i < AT_ONCE; i++) {
            snprintf(names[i], sizeof names[i], "item %08zu", done + i);
            changes[i] = (struct ww_item_change){.size = sizeof changes[i],
                                                 .action = WW_ITEM_PUT,
                                                 .name = names[i],
                                                 .value = value,
                                                 .value_length = sizeof value};
        }
        must(ww_item_change(op, session, changes, AT_ONCE), op, "put");
        ww_op_end(op);
    }
    printf("{\"count\":%zu,\"account_bytes\":%.0f,\"item_bytes\":%.0f}\n", count,
           (accounts - empty) / (double)count, (store_bytes(ww) - accounts) / (double)count);
    ww_close(ww);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "login") == 0) {
        bench_login(argv[2], strtod(argv[3], NULL));
    } else if (argc == 4 && strcmp(argv[1], "resume") == 0) {
        bench_resume(argv[2], strtod(argv[3], NULL));
    } else if (argc == 4 && strcmp(argv[1], "items") == 0) {
        bench_items(argv[2], strtoul(argv[3], NULL, 10));
    } else if (argc == 4 && strcmp(argv[1], "recover") == 0) {
        bench_recover(argv[2], strtoul(argv[3], NULL, 10));
    } else if (argc == 4 && strcmp(argv[1], "bytes") == 0) {
        bench_bytes(argv[2], strtoul(argv[3], NULL, 10));
    } else if (argc == 4 && strcmp(argv[1], "fill") == 0) {
        fill(argv[2], strtoul(argv[3], NULL, 10));
    } else {
        return 2;
    }
    return 0;
}
