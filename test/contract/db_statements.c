/* Types, rows, and what a statement answers. */
#include "db_fixture.h"

static void insert(struct fixture *f, int64_t id, int64_t n)
{
    assert_ok(f, db_exec(&f->op, f->c, "INSERT INTO rows (id, n) VALUES ($1, $2)", NULL,
                         DB_ARGS(DB_I(id), DB_I(n))));
}

static void every_type_comes_back(struct fixture *f)
{
    static const uint8_t bytes[] = {0, 1, 0xff, 0, '\''};
    struct db_rows rows;
    make_rows_table(f);
    assert_ok(f, db_exec(&f->op, f->c, "INSERT INTO rows (id, n, data, note) VALUES ($1, $2, $3, $4)", NULL,
                         DB_ARGS(DB_I(INT64_MAX), DB_I(INT64_MIN), DB_B(BYTES_OF(bytes)), DB_T("Grüße"))));
    assert_ok(f, db_query(&f->op, f->c, &rows, "SELECT id, n, data, note FROM rows WHERE data = $1",
                          DB_ARGS(DB_B(BYTES_OF(bytes)))));
    assert_ok(f, db_next(&rows));
    assert_true(db_int(&rows, 0) == INT64_MAX);
    assert_true(db_int(&rows, 1) == INT64_MIN);
    assert_true(bytes_equal(db_blob(&rows, 2), BYTES_OF(bytes)));
    assert_string_equal(db_text(&rows, 3), "Grüße");
    assert_int_equal(db_next(&rows), WW_ENOTFOUND);
    assert_int_equal(db_next(&rows), WW_ENOTFOUND);
    db_done(&rows);
    db_done(&rows);
}

static void null_is_not_empty(struct fixture *f)
{
    struct db_rows rows;
    make_rows_table(f);
    static const char sql[] = "INSERT INTO rows (id, n, data, note) VALUES ($1, $2, $3, $4)";
    assert_ok(f, db_exec(&f->op, f->c, sql, NULL, DB_ARGS(DB_I(1), DB_NONE, DB_NONE, DB_NONE)));
    assert_ok(f, db_exec(&f->op, f->c, sql, NULL, DB_ARGS(DB_I(2), DB_I(0), DB_B(BYTES("", 0)), DB_T(""))));
    assert_ok(f, db_query(&f->op, f->c, &rows, "SELECT n, data, note FROM rows ORDER BY id", NULL, 0));
    assert_ok(f, db_next(&rows));
    for (int i = 0; i < 3; i++) {
        assert_true(db_is_null(&rows, i));
    }
    assert_int_equal(db_int(&rows, 0), 0);
    assert_null(db_blob(&rows, 1).p);
    assert_null(db_text(&rows, 2));
    assert_ok(f, db_next(&rows));
    for (int i = 0; i < 3; i++) {
        assert_false(db_is_null(&rows, i));
    }
    assert_non_null(db_blob(&rows, 1).p);
    assert_int_equal(db_blob(&rows, 1).n, 0);
    assert_string_equal(db_text(&rows, 2), "");
    assert_null(db_text(&rows, 1)); /* of another type */
    assert_int_equal(db_int(&rows, 2), 0);
    db_done(&rows);
}

static void arguments_are_found_by_number(struct fixture *f)
{
    struct db_rows rows;
    make_rows_table(f);
    insert(f, 7, 1);
    assert_ok(f, db_exec(&f->op, f->c, "UPDATE rows SET n = $2 WHERE id = $1 AND n + 0 < $2", NULL,
                         DB_ARGS(DB_I(7), DB_I(5))));
    assert_ok(f, db_query(&f->op, f->c, &rows, "SELECT n FROM rows WHERE id = $1 LIMIT $2",
                          DB_ARGS(DB_I(7), DB_I(1))));
    assert_ok(f, db_next(&rows));
    assert_int_equal(db_int(&rows, 0), 5);
    db_done(&rows);
}

static void a_unique_violation_is_a_conflict(struct fixture *f)
{
    make_rows_table(f);
    insert(f, 1, 1);
    enum ww_err err = db_exec(&f->op, f->c, "INSERT INTO rows (id) VALUES ($1)", NULL, DB_ARGS(DB_I(1)));
    assert_failed(f, err, WW_ECONFLICT, "db_conflict");
    err = db_exec(&f->op, f->c, "INSERT INTO rows (id) VALUES ($1)", NULL, DB_ARGS(DB_NONE));
    assert_failed(f, err, WW_EINTERNAL, "db_constraint");
    assert_int_equal(number(f, f->c, "SELECT count(*) FROM rows"), 1);
}

static void changed_rows_are_counted(struct fixture *f)
{
    int64_t changed = -1;
    make_rows_table(f);
    insert(f, 1, 10);
    insert(f, 2, 10);
    static const char swap[] = "UPDATE rows SET n = $3 WHERE id = $1 AND n = $2";
    assert_ok(f, db_exec(&f->op, f->c, swap, &changed, DB_ARGS(DB_I(1), DB_I(10), DB_I(11))));
    assert_int_equal(changed, 1);
    assert_ok(f, db_exec(&f->op, f->c, swap, &changed, DB_ARGS(DB_I(1), DB_I(10), DB_I(12))));
    assert_int_equal(changed, 0);
    assert_ok(f, db_exec(&f->op, f->c, "INSERT INTO rows (id) VALUES (1) ON CONFLICT (id) DO NOTHING",
                         &changed, NULL, 0));
    assert_int_equal(changed, 0);
    assert_ok(f, db_exec(&f->op, f->c, "DELETE FROM rows", &changed, NULL, 0));
    assert_int_equal(changed, 2);
    assert_ok(f, db_exec(&f->op, f->c, "DROP TABLE rows", &changed, NULL, 0));
    assert_int_equal(changed, 0);
}

static void sums_are_numbers(struct fixture *f)
{
    make_rows_table(f);
    insert(f, 1, 123456789);
    insert(f, 2, -20000);
    insert(f, 3, 1000000000000000000);
    assert_true(number(f, f->c, "SELECT sum(n) FROM rows") == 1000000000123436789);
    assert_true(number(f, f->c, "SELECT sum(n) FROM rows WHERE id = 2") == -20000);
    assert_int_equal(number(f, f->c, "SELECT sum(n) - sum(n) FROM rows"), 0);
}

static void statements_are_kept(struct fixture *f)
{
    char text[] = "SELECT count(*) FROM rows";
    make_rows_table(f);
    insert(f, 1, 1);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(number(f, f->c, text), 1);
    }
    /* The same address with another text is another statement. */
    memcpy(text, "SELECT max(id)+4 FROM row", sizeof text - 1);
    text[sizeof text - 1] = 0;
    struct db_rows rows;
    enum ww_err err = db_query(&f->op, f->c, &rows, text, NULL, 0);
    assert_failed(f, err, WW_EINTERNAL, "db_statement");
    db_done(&rows);
    assert_int_equal(number(f, f->c, "SELECT max(id)+4 FROM rows"), 5);
}

static void many_texts_do_not_fill_the_memory(struct fixture *f)
{
    static char texts[3000][48];
    for (int i = 0; i < 3000; i++) {
        snprintf(texts[i], sizeof texts[i], "SELECT %d", i);
        assert_int_equal(number(f, f->c, texts[i]), i);
    }
}

static void a_query_ends_the_one_before(struct fixture *f)
{
    struct db_rows first, second;
    static const char sql[] = "SELECT id FROM rows ORDER BY id";
    make_rows_table(f);
    insert(f, 1, 1);
    insert(f, 2, 1);
    assert_ok(f, db_query(&f->op, f->c, &first, sql, NULL, 0));
    assert_ok(f, db_next(&first));
    assert_ok(f, db_query(&f->op, f->c, &second, sql, NULL, 0));
    assert_failed(f, db_next(&first), WW_EINTERNAL, "db_query_ended");
    db_done(&first); /* does not touch the second */
    assert_ok(f, db_next(&second));
    assert_ok(f, db_next(&second));
    assert_int_equal(db_int(&second, 0), 2);
    db_done(&second);
}

static void rows_can_be_changed_while_they_are_read(struct fixture *f)
{
    struct db_rows rows;
    int seen = 0;
    make_rows_table(f);
    for (int i = 1; i <= 100; i++) {
        insert(f, i, 0);
    }
    assert_ok(f, db_begin(&f->op, f->c, DB_WRITE));
    assert_ok(f, db_query(&f->op, f->c, &rows, "SELECT id FROM rows", NULL, 0));
    while (db_next(&rows) == WW_OK) {
        seen++;
        assert_ok(f, db_exec(&f->op, f->c, "UPDATE rows SET n = id WHERE id = $1", NULL,
                             DB_ARGS(DB_I(db_int(&rows, 0)))));
    }
    db_done(&rows);
    assert_ok(f, db_commit(&f->op, f->c));
    assert_int_equal(seen, 100);
    assert_int_equal(number(f, f->c, "SELECT sum(n) FROM rows"), 5050);
}

static void an_insert_can_return_its_number(struct fixture *f)
{
    struct db_rows rows;
    static const char sql[] = "INSERT INTO rows (id) VALUES ($1) RETURNING id + 1";
    make_rows_table(f);
    assert_failed(f, db_query(&f->op, f->c, &rows, sql, DB_ARGS(DB_I(4))), WW_EINTERNAL,
                  "db_needs_transaction");
    assert_ok(f, db_begin(&f->op, f->c, DB_WRITE));
    assert_ok(f, db_query(&f->op, f->c, &rows, sql, DB_ARGS(DB_I(4))));
    assert_ok(f, db_next(&rows));
    assert_int_equal(db_int(&rows, 0), 5);
    db_done(&rows);
    assert_ok(f, db_commit(&f->op, f->c));
    assert_int_equal(number(f, f->c, "SELECT count(*) FROM rows"), 1);
}

static void bad_texts_are_refused(struct fixture *f)
{
    static const struct bytes bad[] = {{(const uint8_t *)"a\0b", 3}, {(const uint8_t *)"\xc3(", 2}};
    make_rows_table(f);
    for (size_t i = 0; i < 2; i++) {
        const struct db_value text = {DB_TEXT, 0, bad[i]};
        enum ww_err err = db_exec(&f->op, f->c, "INSERT INTO rows (id, note) VALUES (1, $1)", NULL, &text, 1);
        assert_failed(f, err, WW_EINVAL, "db_text");
    }
}

static void wrong_statements_are_our_mistake(struct fixture *f)
{
    make_rows_table(f);
    enum ww_err err = db_exec(&f->op, f->c, "UPDATE nowhere SET x = 1", NULL, NULL, 0);
    assert_failed(f, err, WW_EINTERNAL, "db_statement");
    err = db_exec(&f->op, f->c, "UPDATE rows SET n = $2 WHERE id = $1", NULL, DB_ARGS(DB_I(1)));
    assert_failed(f, err, WW_EINTERNAL, "db_arguments");
}

static bool alloc_fault(void *ctx, enum ww_fault kind)
{
    const int *on = ctx;
    return kind == WW_FAULT_ALLOC && *on;
}

static void a_lost_value_is_remembered(struct fixture *f)
{
    int on = 0;
    struct ww_env env = {.fault = alloc_fault, .ctx = &on};
    struct ww_op op;
    struct db_rows rows;
    make_rows_table(f);
    assert_ok(f, db_exec(&f->op, f->c, "INSERT INTO rows (id, note) VALUES (1, 'x')", NULL, NULL, 0));
    op_init(&op, &env, NULL);
    assert_ok(f, db_query(&op, f->c, &rows, "SELECT note FROM rows", NULL, 0));
    assert_ok(f, db_next(&rows));
    assert_false(db_lost(&rows));
    on = 1;
    assert_null(db_text(&rows, 0));
    assert_true(db_lost(&rows));
    assert_int_equal(db_next(&rows), WW_ENOMEM);
    db_done(&rows);
    assert_true(db_lost(&rows));
    op_free(&op);
}

static void large_values_come_back(struct fixture *f)
{
    size_t n = 3000000;
    uint8_t *p = malloc(n);
    struct db_rows rows;
    assert_non_null(p);
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(i * 31 >> 3);
    }
    make_rows_table(f);
    assert_ok(f, db_exec(&f->op, f->c, "INSERT INTO rows (id, data) VALUES (1, $1)", NULL,
                         DB_ARGS(DB_B(BYTES(p, n)))));
    assert_ok(f, db_query(&f->op, f->c, &rows, "SELECT data FROM rows", NULL, 0));
    assert_ok(f, db_next(&rows));
    assert_true(bytes_equal(db_blob(&rows, 0), BYTES(p, n)));
    db_done(&rows);
    free(p);
}

const struct check statement_checks[] = {
    {"every type comes back", every_type_comes_back},
    {"NULL is not empty", null_is_not_empty},
    {"arguments are found by number", arguments_are_found_by_number},
    {"a unique violation is a conflict", a_unique_violation_is_a_conflict},
    {"changed rows are counted", changed_rows_are_counted},
    {"sums are numbers", sums_are_numbers},
    {"statements are kept", statements_are_kept},
    {"many texts do not fill the memory", many_texts_do_not_fill_the_memory},
    {"a query ends the one before", a_query_ends_the_one_before},
    {"rows can be changed while they are read", rows_can_be_changed_while_they_are_read},
    {"an insert can return its number", an_insert_can_return_its_number},
    {"bad texts are refused", bad_texts_are_refused},
    {"wrong statements are our mistake", wrong_statements_are_our_mistake},
    {"a lost value is remembered", a_lost_value_is_remembered},
    {"large values come back", large_values_come_back},
    {NULL, NULL},
};
