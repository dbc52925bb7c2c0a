/* Migrations, and databases that are not ours. */
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "db_fixture.h"

static const struct db_migration list[] = {
    {1, "people",
     "CREATE TABLE people (id %ID%, name TEXT NOT NULL, data %BLOB%);\n"
     "CREATE UNIQUE INDEX people_name ON people (name);\n"},
    {2, "visits", "CREATE TABLE visits (person %INT% NOT NULL, at %INT% NOT NULL)"},
    {3, "first person", "INSERT INTO people (name) VALUES ('a;b');\n\n"},
};
enum { LIST = sizeof list / sizeof list[0] };

static const uint8_t sums[LIST][32] = {{1}, {2}, {3}};
static const struct bytes checksums[LIST] = {{sums[0], 32}, {sums[1], 32}, {sums[2], 32}};

static void migrations_are_applied_once(struct fixture *f)
{
    int applied = -1, pending = -1;
    assert_ok(f, db_pending(&f->op, f->db, list, checksums, LIST, &pending));
    assert_int_equal(pending, 3);
    assert_ok(f, db_migrate(&f->op, f->db, list, checksums, 2, &applied));
    assert_int_equal(applied, 2);
    assert_ok(f, db_pending(&f->op, f->db, list, checksums, LIST, &pending));
    assert_int_equal(pending, 1);
    assert_ok(f, db_migrate(&f->op, f->db, list, checksums, LIST, &applied));
    assert_int_equal(applied, 1);
    assert_ok(f, db_migrate(&f->op, f->db, list, checksums, LIST, &applied));
    assert_int_equal(applied, 0);
    assert_ok(f, db_pending(&f->op, f->db, list, checksums, LIST, &pending));
    assert_int_equal(pending, 0);
    assert_int_equal(number(f, f->c, "SELECT count(*) FROM people WHERE name = 'a;b' AND id = 1"), 1);
    assert_int_equal(number(f, f->c, "SELECT sum(number) FROM watchword_migrations"), 6);
}

static void a_changed_migration_is_refused(struct fixture *f)
{
    struct bytes changed[LIST];
    int n;
    assert_ok(f, db_migrate(&f->op, f->db, list, checksums, LIST, &n));
    memcpy(changed, checksums, sizeof changed);
    changed[1] = checksums[2];
    assert_failed(f, db_migrate(&f->op, f->db, list, changed, LIST, &n), WW_EFOREIGN, "db_checksum");
    assert_failed(f, db_pending(&f->op, f->db, list, changed, LIST, &n), WW_EFOREIGN, "db_checksum");
}

static void a_newer_database_is_refused(struct fixture *f)
{
    int n;
    assert_ok(f, db_migrate(&f->op, f->db, list, checksums, LIST, &n));
    assert_failed(f, db_migrate(&f->op, f->db, list, checksums, 2, &n), WW_EFOREIGN, "db_newer");
    assert_failed(f, db_pending(&f->op, f->db, list, checksums, 2, &n), WW_EFOREIGN, "db_newer");
}

static void a_foreign_database_is_refused(struct fixture *f)
{
    int n;
    run(f, f->c, "CREATE TABLE recipes (title TEXT)");
    assert_failed(f, db_migrate(&f->op, f->db, list, checksums, LIST, &n), WW_EFOREIGN, "db_foreign");
    assert_failed(f, db_pending(&f->op, f->db, list, checksums, LIST, &n), WW_EFOREIGN, "db_foreign");
    run(f, f->c, "DROP TABLE recipes");
    assert_ok(f, db_pending(&f->op, f->db, list, checksums, LIST, &n));
    assert_int_equal(n, LIST); /* and nothing had been made */
}

static void a_failing_migration_leaves_nothing(struct fixture *f)
{
    static const struct db_migration bad[] = {
        {1, "half", "CREATE TABLE half (x TEXT);\nCREATE TABLE half (x TEXT)"}};
    int n;
    assert_failed(f, db_migrate(&f->op, f->db, bad, checksums, 1, &n), WW_EINTERNAL, "db_statement");
    assert_int_equal(n, 0);
    assert_ok(f, db_migrate(&f->op, f->db, list, checksums, LIST, &n));
    assert_int_equal(n, LIST);
}

static void every_statement_of_a_migration_can_fail(struct fixture *f)
{
    int n, total = 0;
    for (int at = 0;; at++) {
        f->statements = 0;
        f->fail_at = at;
        enum ww_err err = db_migrate(&f->op, f->db, list, checksums, LIST, &n);
        total += n;
        if (err == WW_OK && f->statements <= at) {
            break;
        }
        assert_failed(f, err, WW_EIO, "db_fault");
        assert_true(at < 100);
    }
    f->fail_at = -1;
    assert_int_equal(total, LIST);
    assert_int_equal(number(f, f->c, "SELECT count(*) FROM people"), 1);
}

struct migrator {
    struct db *db;
    enum ww_err err;
    int applied;
    pthread_t thread;
};

static void *migrate(void *arg)
{
    struct migrator *m = arg;
    struct ww_op op;
    op_init(&op, NULL, NULL);
    m->err = db_migrate(&op, m->db, list, checksums, LIST, &m->applied);
    op_free(&op);
    return NULL;
}

static void threads_that_migrate_at_once_share_the_work(struct fixture *f)
{
    struct migrator m[4];
    int applied = 0;
    for (int i = 0; i < 4; i++) { /* each with its own store, as processes have; memory has but one */
        m[i] = (struct migrator){.db = f->kind == STORE_MEMORY ? f->db : fixture_open(f, 0)};
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&m[i].thread, NULL, migrate, &m[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(m[i].thread, NULL);
        assert_string_equal(ww_err_name(m[i].err), "WW_OK");
        applied += m[i].applied;
        if (m[i].db != f->db) {
            db_close(m[i].db);
        }
    }
    assert_int_equal(applied, LIST);
    assert_int_equal(number(f, f->c, "SELECT count(*) FROM people"), 1);
}

static void processes_that_migrate_at_once_share_the_work(struct fixture *f)
{
    pid_t children[3];
    int total = 0;
    if (f->kind == STORE_MEMORY) {
        return;
    }
    db_give(f->c); /* an SQLite connection must not be carried over a fork */
    db_close(f->db);
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            struct migrator m = {.db = NULL};
            const struct db_options options = {.dsn = f->dsn};
            struct ww_op op;
            op_init(&op, NULL, NULL);
            if (db_open(&op, &options, &m.db) == WW_OK) {
                migrate(&m);
            }
            _exit(m.db && m.err == WW_OK ? m.applied : 99);
        }
    }
    for (int i = 0; i < 3; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        total += WEXITSTATUS(status);
    }
    assert_int_equal(total, LIST);
    f->db = fixture_open(f, 400);
    assert_ok(f, db_take(&f->op, f->db, &f->c));
    assert_int_equal(number(f, f->c, "SELECT count(*) FROM people"), 1);
}

/* ---- what cannot be opened ---- */
static void assert_not_opened(struct fixture *f, const char *dsn, enum ww_err err, const char *id,
                              const char *named)
{
    const struct db_options options = {.dsn = dsn};
    struct db *db = (struct db *)f;
    enum ww_err got = db_open(&f->op, &options, &db);
    assert_null(db);
    assert_failed(f, got, err, id);
    if (!strstr(f->op.problem.text, named)) {
        fail_msg("\"%s\" does not name %s", f->op.problem.text, named);
    }
}

static void write_file(const char *path, const char *text, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void what_is_no_database_is_left_alone(struct fixture *f)
{
    static const char text[] =
        "Dear diary, this is no database, however long one reads on in it. It never was.";
    char path[128], dsn[160], after[sizeof text];
    struct stat st;
    snprintf(path, sizeof path, "%s/other.db", f->directory);
    snprintf(dsn, sizeof dsn, "sqlite://%s", path);
    for (size_t n = sizeof text; n > 4; n /= 2) {
        write_file(path, text, n);
        assert_not_opened(f, dsn, WW_EFOREIGN, "db_not_a_database", path);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        assert_int_equal(fread(after, 1, sizeof after, file), n);
        assert_memory_equal(after, text, n);
        fclose(file);
    }
    assert_int_equal(unlink(path), 0);
    snprintf(dsn, sizeof dsn, "sqlite://%s?mode=rw", path);
    assert_not_opened(f, dsn, WW_EIO, "db_no_file", path);
    assert_int_equal(stat(path, &st), -1);
}

static void paths_that_cannot_be_are_named(struct fixture *f)
{
    char dsn[160], directory[96];
    snprintf(directory, sizeof directory, "%s/missing", f->directory);
    snprintf(dsn, sizeof dsn, "sqlite://%s/store.db", directory);
    assert_not_opened(f, dsn, WW_EIO, "db_no_directory", directory);
    snprintf(dsn, sizeof dsn, "sqlite://%s", f->directory);
    assert_not_opened(f, dsn, WW_EIO, "db_no_file", f->directory);
    assert_not_opened(f, "sqlite:///proc/store.db", WW_EIO,
                      geteuid() ? "db_directory_read_only" : "db_cannot_make", "/proc");
}

static void a_foreign_file_is_not_changed(struct fixture *f)
{
    char path[128], journal[192];
    const struct db_options options = {.dsn = path};
    struct stat before, after;
    struct db *db;
    struct db_conn *c;
    int n;
    if (f->kind != STORE_FILE) {
        return;
    }
    snprintf(path, sizeof path, "sqlite://%s/other.db", f->directory);
    const char *file = path + strlen("sqlite://");
    assert_ok(f, db_open(&f->op, &options, &db));
    assert_ok(f, db_take(&f->op, db, &c));
    run(f, c, "CREATE TABLE recipes (title TEXT)");
    run(f, c, "PRAGMA journal_mode = DELETE");
    db_give(c);
    db_close(db);
    assert_int_equal(stat(file, &before), 0);
    assert_int_equal(before.st_mode & 0777, 0600);

    assert_ok(f, db_open(&f->op, &options, &db));
    assert_failed(f, db_migrate(&f->op, db, list, checksums, LIST, &n), WW_EFOREIGN, "db_foreign");
    snprintf(journal, sizeof journal, "%s-wal", file);
    assert_int_equal(access(journal, F_OK), -1);
    db_close(db);
    assert_int_equal(stat(file, &after), 0);
    assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof before.st_mtim);
}

static void a_full_store_says_so(struct fixture *f)
{
    if (f->kind == STORE_POSTGRES) {
        return; /* needs a file system of its own */
    }
    make_rows_table(f);
    run(f, f->c, "PRAGMA max_page_count = 10");
    assert_ok(f, db_begin(&f->op, f->c, DB_WRITE));
    enum ww_err err =
        db_exec(&f->op, f->c, "INSERT INTO rows (id, data) VALUES (1, zeroblob(100000))", NULL, NULL, 0);
    assert_failed(f, err, WW_EFULL, "db_full");
    assert_true(db_in_transaction(f->c));
    db_rollback(f->c);
    assert_int_equal(number(f, f->c, "SELECT count(*) FROM rows"), 0);
    run(f, f->c, "PRAGMA max_page_count = 1000000");
    run(f, f->c, "INSERT INTO rows (id, data) VALUES (1, zeroblob(100000))");
}

static void names_of_stores(struct fixture *f)
{
    char expected[96];
    snprintf(expected, sizeof expected, "%s/store.db", f->directory);
    assert_string_equal(db_driver_name(f->db), f->kind == STORE_POSTGRES ? "postgres" : "sqlite");
    if (f->kind == STORE_FILE) {
        assert_string_equal(db_path(f->db), expected);
    } else {
        assert_null(db_path(f->db));
    }
}

static void bad_dsns_are_refused_without_showing_them(struct fixture *f)
{
    static const char *const bad[] = {
        "",
        "mysql://root:hush@localhost/db",
        "sqlite:",
        "sqlite:x.db?mode=ro",
        "sqlite:x.db?max_conns=many",
        "postgres://u:hush@localhost/db?max_conns=1001",
        "postgres://u:hush@localhost/db?hush=1",
        "postgres://u:hush%@localhost/db",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_not_opened(f, bad[i], WW_ECONFIG, "db_dsn", "dsn");
        assert_string_equal(f->op.problem.field, "dsn");
        assert_null(strstr(f->op.problem.text, "hush"));
    }
}

static void kratos_dsns_are_understood(struct fixture *f)
{
    static const char *const forms[] = {
        "sqlite://%s/other.db?_fk=true&mode=rwc",
        "sqlite:%s/other.db",
        "sqlite3://%s/other.db?max_conns=3",
        "sqlite://file:%s/other.db?_fk=true&cache=shared",
    };
    static const char *const memory[] = {"memory", "sqlite://:memory:?_fk=true",
                                         "sqlite://file::memory:?mode=memory&cache=shared&_fk=true"};
    char dsn[160], path[128];
    const struct db_options options = {.dsn = dsn};
    struct db *db;
    snprintf(path, sizeof path, "%s/other.db", f->directory);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const char *mark = strstr(forms[i], "%s");
        snprintf(dsn, sizeof dsn, "%.*s%s%s", (int)(mark - forms[i]), forms[i], f->directory, mark + 2);
        assert_ok(f, db_open(&f->op, &options, &db));
        assert_string_equal(db_path(db), path);
        db_close(db);
    }
    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++) {
        snprintf(dsn, sizeof dsn, "%s", memory[i]);
        assert_ok(f, db_open(&f->op, &options, &db));
        assert_null(db_path(db));
        db_close(db);
    }
}

static void a_server_that_is_not_there_is_named(struct fixture *f)
{
    char dsn[200];
    snprintf(dsn, sizeof dsn, "postgres://somebody:hush@%%2Fnonexistent%s/shop?max_conns=5", f->directory);
    assert_not_opened(f, dsn, WW_EIO, "db_connect", "/nonexistent");
    assert_null(strstr(f->op.problem.text, "hush"));
}

const struct check migration_checks[] = {
    {"migrations are applied once", migrations_are_applied_once},
    {"a changed migration is refused", a_changed_migration_is_refused},
    {"a newer database is refused", a_newer_database_is_refused},
    {"a foreign database is refused", a_foreign_database_is_refused},
    {"a failing migration leaves nothing", a_failing_migration_leaves_nothing},
    {"every statement of a migration can fail", every_statement_of_a_migration_can_fail},
    {"threads that migrate at once share the work", threads_that_migrate_at_once_share_the_work},
    {"processes that migrate at once share the work", processes_that_migrate_at_once_share_the_work},
    {"what is no database is left alone", what_is_no_database_is_left_alone},
    {"paths that cannot be are named", paths_that_cannot_be_are_named},
    {"a foreign file is not changed", a_foreign_file_is_not_changed},
    {"a full store says so", a_full_store_says_so},
    {"names of stores", names_of_stores},
    {"bad dsns are refused without showing them", bad_dsns_are_refused_without_showing_them},
    {"Kratos' dsns are understood", kratos_dsns_are_understood},
    {"a server that is not there is named", a_server_that_is_not_there_is_named},
    {NULL, NULL},
};
