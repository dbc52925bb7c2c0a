/* Transactions, locks, threads, and statements that fail. */
#include <pthread.h>
#include <signal.h>
#include <sys/types.h>
#include <time.h>

#include "db_fixture.h"

static void a_rolled_back_transaction_leaves_nothing(struct fixture *f)
{
    make_rows_table(f);
    assert_ok(f, db_begin(&f->op, f->c, DB_WRITE));
    assert_true(db_in_transaction(f->c));
    run(f, f->c, "INSERT INTO rows (id) VALUES (1)");
    db_rollback(f->c);
    db_rollback(f->c);
    assert_false(db_in_transaction(f->c));
    assert_ok(f, db_begin(&f->op, f->c, DB_WRITE));
    run(f, f->c, "INSERT INTO rows (id) VALUES (2)");
    assert_ok(f, db_commit(&f->op, f->c));
    assert_int_equal(number(f, f->c, "SELECT sum(id) FROM rows"), 2);
}

static void giving_a_connection_back_rolls_back(struct fixture *f)
{
    struct db_rows rows;
    make_rows_table(f);
    assert_ok(f, db_begin(&f->op, f->c, DB_WRITE));
    run(f, f->c, "INSERT INTO rows (id) VALUES (1)");
    assert_ok(f, db_query(&f->op, f->c, &rows, "SELECT id FROM rows", NULL, 0));
    assert_ok(f, db_next(&rows));
    db_give(f->c);
    assert_ok(f, db_take(&f->op, f->db, &f->c));
    assert_false(db_in_transaction(f->c));
    assert_int_equal(number(f, f->c, "SELECT count(*) FROM rows"), 0);
}

static void transactions_are_begun_and_ended_once(struct fixture *f)
{
    assert_failed(f, db_commit(&f->op, f->c), WW_EINTERNAL, "db_no_transaction");
    assert_ok(f, db_begin(&f->op, f->c, DB_READ));
    assert_failed(f, db_begin(&f->op, f->c, DB_READ), WW_EINTERNAL, "db_nested");
    assert_true(db_in_transaction(f->c));
    assert_ok(f, db_commit(&f->op, f->c));
}

static void a_failed_statement_fails_its_transaction(struct fixture *f)
{
    make_rows_table(f);
    assert_ok(f, db_begin(&f->op, f->c, DB_WRITE));
    run(f, f->c, "INSERT INTO rows (id) VALUES (1)");
    assert_failed(f, db_exec(&f->op, f->c, "INSERT INTO rows (id) VALUES (1)", NULL, NULL, 0), WW_ECONFLICT,
                  "db_conflict");
    assert_failed(f, db_exec(&f->op, f->c, "INSERT INTO rows (id) VALUES (2)", NULL, NULL, 0), WW_EINTERNAL,
                  "db_transaction_failed");
    assert_failed(f, db_commit(&f->op, f->c), WW_EINTERNAL, "db_transaction_failed");
    assert_false(db_in_transaction(f->c));
    assert_int_equal(number(f, f->c, "SELECT count(*) FROM rows"), 0);
}

static void a_reading_transaction_cannot_write(struct fixture *f)
{
    struct db_rows rows;
    make_rows_table(f);
    assert_ok(f, db_begin(&f->op, f->c, DB_READ));
    assert_failed(f, db_exec(&f->op, f->c, "INSERT INTO rows (id) VALUES (2)", NULL, NULL, 0), WW_EINTERNAL,
                  "db_read_transaction");
    db_rollback(f->c);
    assert_ok(f, db_begin(&f->op, f->c, DB_READ));
    assert_failed(f, db_query(&f->op, f->c, &rows, "SELECT id FROM rows" DB_FOR_UPDATE, NULL, 0),
                  WW_EINTERNAL, "db_read_transaction");
    db_rollback(f->c);
}

static void a_reader_keeps_its_snapshot(struct fixture *f)
{
    struct db_conn *writer;
    static const char count[] = "SELECT count(*) FROM rows";
    make_rows_table(f);
    assert_ok(f, db_take(&f->op, f->db, &writer));
    assert_ok(f, db_begin(&f->op, f->c, DB_READ));
    assert_int_equal(number(f, f->c, count), 0);
    enum ww_err err = db_exec(&f->op, writer, "INSERT INTO rows (id) VALUES (1)", NULL, NULL, 0);
    if (f->kind == STORE_MEMORY) {
        /* Without a WAL a writer waits for the readers. */
        assert_failed(f, err, WW_EBUSY, "db_busy");
    } else {
        assert_int_equal(err, WW_OK);
        assert_int_equal(number(f, writer, count), 1);
    }
    assert_int_equal(number(f, f->c, count), 0);
    assert_ok(f, db_commit(&f->op, f->c));
    if (f->kind == STORE_MEMORY) {
        run(f, writer, "INSERT INTO rows (id) VALUES (1)");
    }
    assert_int_equal(number(f, f->c, count), 1);
    db_give(writer);
}

static enum ww_err lock_row(struct fixture *f, struct db_conn *c)
{
    struct db_rows rows;
    enum ww_err err =
        db_query(&f->op, c, &rows, "SELECT n FROM rows WHERE id = $1" DB_FOR_UPDATE, DB_ARGS(DB_I(1)));
    if (err == WW_OK) {
        err = db_next(&rows);
    }
    db_done(&rows);
    return err;
}

static void waiting_for_a_lock_ends_with_busy(struct fixture *f)
{
    /* Another store on the same database, as another process has it. */
    struct db *other = f->kind == STORE_MEMORY ? f->db : fixture_open(f, 300);
    struct db_conn *c;
    make_rows_table(f);
    run(f, f->c, "INSERT INTO rows (id, n) VALUES (1, 1)");
    assert_ok(f, db_take(&f->op, other, &c));
    assert_ok(f, db_begin(&f->op, f->c, DB_WRITE));
    assert_ok(f, lock_row(f, f->c));
    enum ww_err err = db_begin(&f->op, c, DB_WRITE);
    if (err == WW_OK) {
        err = lock_row(f, c);
    }
    assert_failed(f, err, WW_EBUSY, "db_busy");
    db_rollback(c);
    assert_ok(f, db_commit(&f->op, f->c));
    assert_ok(f, db_begin(&f->op, c, DB_WRITE));
    assert_ok(f, lock_row(f, c));
    db_give(c);
    if (other != f->db) {
        db_close(other);
    }
}

static void a_pool_without_connections_is_busy(struct fixture *f)
{
    const struct db_options options = {.dsn = f->dsn, .max_connections = 2, .wait_ms = 50};
    struct db *db;
    struct db_conn *one, *two, *three = f->c;
    assert_ok(f, db_open(&f->op, &options, &db));
    assert_ok(f, db_take(&f->op, db, &one));
    assert_ok(f, db_take(&f->op, db, &two));
    assert_failed(f, db_take(&f->op, db, &three), WW_EBUSY, "db_busy");
    assert_null(three);
    db_give(one);
    assert_ok(f, db_take(&f->op, db, &three));
    assert_ptr_equal(three, one);
    db_give(three);
    db_give(two);
    db_close(db);
}

/* ---- threads ---- */
enum { WRITERS = 4, ROUNDS = 25 };

struct worker {
    struct fixture *f;
    pthread_t thread;
    int done, busy;
    enum ww_err err;
};

/* n := n + 1 by reading, then writing what was read: a lost update would show. */
static enum ww_err increment(struct ww_op *op, struct db_conn *c, const char *select)
{
    struct db_rows rows;
    int64_t n = 0, changed = 0;
    enum ww_err err = db_begin(op, c, DB_WRITE);
    if (err == WW_OK) {
        err = db_query(op, c, &rows, select, DB_ARGS(DB_I(1)));
        if (err == WW_OK && (err = db_next(&rows)) == WW_OK) {
            n = db_int(&rows, 0);
        }
        db_done(&rows);
    }
    if (err == WW_OK) {
        err = db_exec(op, c, "UPDATE rows SET n = $2 WHERE id = $1", &changed, DB_ARGS(DB_I(1), DB_I(n + 1)));
    }
    if (err == WW_OK) {
        err = changed == 1 ? db_commit(op, c) : WW_EINTERNAL;
    }
    db_rollback(c);
    return err;
}

static void *increment_often(void *arg)
{
    struct worker *w = arg;
    while (w->done < ROUNDS && w->err == WW_OK) {
        struct ww_op op;
        struct db_conn *c;
        op_init(&op, NULL, NULL);
        w->err = db_take(&op, w->f->db, &c);
        if (w->err == WW_OK) {
            w->err = increment(&op, c, "SELECT n FROM rows WHERE id = $1" DB_FOR_UPDATE);
        }
        db_give(c);
        w->done += w->err == WW_OK;
        if (w->err == WW_EBUSY && w->busy++ < 1000) {
            w->err = WW_OK;
        }
        op_free(&op);
    }
    return NULL;
}

static void *read_often(void *arg)
{
    struct worker *w = arg;
    int64_t last = 0;
    while (w->done < ROUNDS && w->err == WW_OK) {
        struct ww_op op;
        struct db_conn *c;
        struct db_rows rows;
        op_init(&op, NULL, NULL);
        w->err = db_take(&op, w->f->db, &c);
        if (w->err == WW_OK) {
            w->err = db_query(&op, c, &rows, "SELECT n FROM rows WHERE id = 1", NULL, 0);
        }
        if (w->err == WW_OK && (w->err = db_next(&rows)) == WW_OK) {
            w->err = db_int(&rows, 0) >= last ? WW_OK : WW_EINTERNAL;
            last = db_int(&rows, 0);
            db_done(&rows);
            w->done++;
        }
        if (w->err == WW_EBUSY && w->busy++ < 1000) {
            w->err = WW_OK;
        }
        db_give(c);
        op_free(&op);
    }
    return NULL;
}

static void writers_do_not_lose_updates(struct fixture *f)
{
    struct worker workers[WRITERS + 2];
    make_rows_table(f);
    run(f, f->c, "INSERT INTO rows (id, n) VALUES (1, 0)");
    for (int i = 0; i < WRITERS + 2; i++) {
        workers[i] = (struct worker){.f = f};
        assert_int_equal(
            pthread_create(&workers[i].thread, NULL, i < WRITERS ? increment_often : read_often, &workers[i]),
            0);
    }
    for (int i = 0; i < WRITERS + 2; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_string_equal(ww_err_name(workers[i].err), "WW_OK");
    }
    assert_int_equal(number(f, f->c, "SELECT n FROM rows"), WRITERS * ROUNDS);
}

/* ---- a server that stops ---- */

/* The process on the server that serves a connection; 0 where there is none. */
static pid_t server_of(struct fixture *f, struct db_conn *c)
{
    return f->kind == STORE_POSTGRES ? (pid_t)number(f, c, "SELECT pg_backend_pid()::int8") : 0;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void an_answer_that_does_not_come_is_not_waited_for(struct fixture *f)
{
    struct db *db = fixture_open(f, 300);
    struct db_conn *c;
    struct timespec start;
    assert_ok(f, db_take(&f->op, db, &c));
    pid_t server = server_of(f, c);
    if (server) {
        make_rows_table(f);
        assert_ok(f, db_begin(&f->op, c, DB_WRITE));
        run(f, c, "INSERT INTO rows (id) VALUES (1)");
        clock_gettime(CLOCK_MONOTONIC, &start);
        assert_int_equal(kill(server, SIGSTOP), 0);
        assert_failed(f, db_exec(&f->op, c, "INSERT INTO rows (id) VALUES (2)", NULL, NULL, 0), WW_EIO,
                      "db_silent");
        db_give(c); /* and neither is its rollback */
        assert_true(seconds_since(&start) < 3);
        assert_ok(f, db_take(&f->op, db, &c)); /* the cluster itself lives: another connection will do */
        assert_int_equal(number(f, c, "SELECT count(*) FROM rows WHERE id = 2"), 0);
        assert_int_equal(kill(server, SIGCONT), 0);
    }
    db_give(c);
    db_close(db);
}

static void a_commit_without_answer_is_in_doubt(struct fixture *f)
{
    struct db *db = fixture_open(f, 300);
    struct db_conn *c;
    assert_ok(f, db_take(&f->op, db, &c));
    pid_t server = server_of(f, c);
    if (server) {
        make_rows_table(f);
        assert_ok(f, db_begin(&f->op, c, DB_WRITE));
        run(f, c, "INSERT INTO rows (id) VALUES (1)");
        assert_int_equal(kill(server, SIGSTOP), 0);
        assert_failed(f, db_commit(&f->op, c), WW_EIO, DB_COMMIT_UNKNOWN);
        assert_int_equal(kill(server, SIGCONT), 0);
    }
    db_give(c);
    db_close(db);
}

static void a_statement_ends_at_its_time(struct fixture *f)
{
    struct db *db = fixture_open(f, 300);
    struct db_conn *c;
    struct db_rows rows;
    assert_ok(f, db_take(&f->op, db, &c));
    if (server_of(f, c)) { /* the server says so itself: the connection stays */
        assert_failed(f, db_query(&f->op, c, &rows, "SELECT 1 FROM pg_sleep(30)", NULL, 0), WW_EBUSY,
                      "db_busy");
        assert_int_equal(number(f, c, "SELECT 1::int8"), 1);
    }
    db_give(c);
    db_close(db);
}

/* ---- the end of a transaction ---- */
struct notes {
    int committed, rolled_back, released;
};

static void note_end(void *state, bool committed)
{
    struct notes *n = state;
    n->committed += committed;
    n->rolled_back += !committed;
}

static void note_release(void *state)
{
    struct notes *n = state;
    n->released++;
}

static void begin_noted(struct fixture *f, struct db_conn *c, struct notes *notes)
{
    assert_ok(f, db_begin(&f->op, c, DB_WRITE));
    assert_ok(f, db_at_end(&f->op, c, note_end, notes));
}

static void what_is_kept_outlives_transactions(struct fixture *f)
{
    static const char key, other;
    struct notes notes = {0};
    struct db *db = fixture_open(f, 0);
    struct db_conn *c;
    make_rows_table(f);
    assert_ok(f, db_take(&f->op, db, &c));
    assert_null(db_kept(c, &key));
    assert_ok(f, db_keep(&f->op, c, &key, &notes, note_release));
    assert_null(db_kept(c, &other));
    assert_failed(f, db_at_end(&f->op, c, note_end, &notes), WW_EINTERNAL, "db_no_transaction");
    begin_noted(f, c, &notes);
    assert_ok(f, db_at_end(&f->op, c, note_end, &notes)); /* a list: both are told */
    assert_ok(f, db_commit(&f->op, c));
    assert_int_equal(notes.committed, 2);
    assert_ok(f, db_begin(&f->op, c, DB_WRITE)); /* and only once */
    assert_ok(f, db_commit(&f->op, c));
    assert_int_equal(notes.committed, 2);
    begin_noted(f, c, &notes);
    db_rollback(c);
    assert_int_equal(notes.rolled_back, 1);
    begin_noted(f, c, &notes);
    db_give(c);
    assert_int_equal(notes.rolled_back, 2);
    assert_ok(f, db_take(&f->op, db, &c));
    assert_ptr_equal(db_kept(c, &key), &notes); /* it stays with the connection */
    begin_noted(f, c, &notes);
    f->statements = 0;
    f->fail_at = 0;
    assert_failed(f, db_commit(&f->op, c), WW_EIO, "db_fault");
    assert_int_equal(notes.rolled_back, 3);
    assert_int_equal(notes.committed, 2);
    db_give(c);
    assert_int_equal(notes.released, 0);
    db_close(db);
    assert_int_equal(notes.released, 1);
}

/* ---- faults ---- */
/* A transfer between two rows: every outcome leaves the sum. */
static enum ww_err transfer(struct fixture *f)
{
    struct db_rows rows;
    enum ww_err err = db_begin(&f->op, f->c, DB_WRITE);
    if (err == WW_OK) {
        err = db_query(&f->op, f->c, &rows, "SELECT n FROM rows WHERE id = 1" DB_FOR_UPDATE, NULL, 0);
        if (err == WW_OK) {
            err = db_next(&rows);
        }
        db_done(&rows);
    }
    if (err == WW_OK) {
        err = db_exec(&f->op, f->c, "UPDATE rows SET n = n - 1 WHERE id = 1", NULL, NULL, 0);
    }
    if (err == WW_OK) {
        err = db_exec(&f->op, f->c, "UPDATE rows SET n = n + 1 WHERE id = 2", NULL, NULL, 0);
    }
    if (err == WW_OK) {
        err = db_commit(&f->op, f->c);
    }
    db_rollback(f->c);
    return err;
}

static void each_statement_can_fail(struct fixture *f)
{
    make_rows_table(f);
    run(f, f->c, "INSERT INTO rows (id, n) VALUES (1, 10), (2, 0)");
    for (int at = 0; at < 5; at++) { /* begin, query, two updates, commit */
        f->statements = 0;
        f->fail_at = at;
        assert_failed(f, transfer(f), WW_EIO, "db_fault");
        f->fail_at = -1;
        assert_int_equal(number(f, f->c, "SELECT n FROM rows WHERE id = 1"), 10);
        assert_int_equal(number(f, f->c, "SELECT n FROM rows WHERE id = 2"), 0);
    }
    f->statements = 0;
    assert_ok(f, transfer(f));
    assert_int_equal(f->statements, 5);
    assert_int_equal(number(f, f->c, "SELECT n FROM rows WHERE id = 2"), 1);
}

/* ---- what only a server can do ---- */
static void a_lost_connection_is_replaced(struct fixture *f)
{
    struct db *other;
    struct db_conn *c;
    int64_t changed = 0;
    if (f->kind != STORE_POSTGRES) {
        return;
    }
    make_rows_table(f);
    int64_t pid = number(f, f->c, "SELECT pg_backend_pid()");
    other = fixture_open(f, 0);
    assert_ok(f, db_take(&f->op, other, &c));
    static const char kill[] = "SELECT 1 FROM pg_terminate_backend($1::int, 5000)";

    /* In a transaction: its work is gone, and a commit does not know. */
    assert_ok(f, db_begin(&f->op, f->c, DB_WRITE));
    run(f, f->c, "INSERT INTO rows (id) VALUES (1)");
    assert_ok(f, db_exec(&f->op, c, kill, &changed, DB_ARGS(DB_I(pid))));
    assert_failed(f, db_commit(&f->op, f->c), WW_EIO, "db_commit_unknown");
    assert_false(db_in_transaction(f->c));
    assert_failed(f, db_begin(&f->op, f->c, DB_WRITE), WW_EIO, "db_lost");
    db_give(f->c);
    assert_ok(f, db_take(&f->op, f->db, &f->c));
    assert_int_equal(number(f, f->c, "SELECT count(*) FROM rows"), 0);

    /* While idle: nobody notices. */
    pid = number(f, f->c, "SELECT pg_backend_pid()");
    db_give(f->c);
    assert_ok(f, db_exec(&f->op, c, kill, &changed, DB_ARGS(DB_I(pid))));
    assert_ok(f, db_take(&f->op, f->db, &f->c));
    assert_int_not_equal(number(f, f->c, "SELECT pg_backend_pid()"), pid);
    db_give(c);
    db_close(other);
}

static void a_long_scan_needs_little_memory(struct fixture *f)
{
    enum {
        ROWS = 20000
    }; /* all read well within a statement's time, also with sanitizers on a busy machine */
    struct db_rows rows;
    int64_t n = 0;
    make_rows_table(f);
    for (int from = 1; from <= ROWS; from += 5000) {
        char sql[200];
        snprintf(sql, sizeof sql,
                 "INSERT INTO rows (id) WITH RECURSIVE t(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM t"
                 " WHERE i < %d) SELECT i FROM t",
                 from, from + 4999);
        run(f, f->c, sql);
    }
    assert_ok(f, db_query(&f->op, f->c, &rows, "SELECT id FROM rows ORDER BY id", NULL, 0));
    size_t used = f->op.arena.used;
    while (db_next(&rows) == WW_OK) {
        n++;
        assert_true(db_int(&rows, 0) == n);
    }
    db_done(&rows);
    assert_int_equal(n, ROWS);
    assert_int_equal(f->op.arena.used, used);
}

const struct check transaction_checks[] = {
    {"a rolled back transaction leaves nothing", a_rolled_back_transaction_leaves_nothing},
    {"giving a connection back rolls back", giving_a_connection_back_rolls_back},
    {"transactions are begun and ended once", transactions_are_begun_and_ended_once},
    {"a failed statement fails its transaction", a_failed_statement_fails_its_transaction},
    {"a reading transaction cannot write", a_reading_transaction_cannot_write},
    {"a reader keeps its snapshot", a_reader_keeps_its_snapshot},
    {"waiting for a lock ends with busy", waiting_for_a_lock_ends_with_busy},
    {"a pool without connections is busy", a_pool_without_connections_is_busy},
    {"writers do not lose updates", writers_do_not_lose_updates},
    {"an answer that does not come is not waited for", an_answer_that_does_not_come_is_not_waited_for},
    {"a commit without an answer is in doubt", a_commit_without_answer_is_in_doubt},
    {"a statement ends at its time", a_statement_ends_at_its_time},
    {"the end of a transaction is told; what is kept outlives it", what_is_kept_outlives_transactions},
    {"each statement can fail", each_statement_can_fail},
    {"a lost connection is replaced", a_lost_connection_is_replaced},
    {"a long scan needs little memory", a_long_scan_needs_little_memory},
    {NULL, NULL},
};
