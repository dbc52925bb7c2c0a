/* Named keys and entries (vault.md §11): what they give, to whom, how long, and rows that somebody altered.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "site.h"

#define PASS(text) (text), strlen(text)
static const char right[] = "seven quiet otters", wrong[] = "six quiet otters";

static const void *make_key(struct site *s, const char *name)
{
    const void *key;
    assert_int_equal(ww_named_key_create(site_next(s), name, PASS(right), &key, NULL), WW_OK);
    return key;
}

static enum ww_err get_key(struct site *s, const char *name, const char *password, bool force,
                           uint8_t out[32])
{
    const void *key;
    enum ww_err err = ww_named_key_get(site_next(s), name, PASS(password), force, &key, NULL);
    if (!err) {
        memcpy(out, key, WW_KEY_SIZE);
    } else {
        assert_null(key);
    }
    return err;
}

static enum ww_err create(struct site *s, const char *name, const char *value)
{
    return ww_named_entry_create(site_next(s), name, PASS(right), value, strlen(value), NULL);
}

static enum ww_err update(struct site *s, const char *name, const char *password, const char *value)
{
    return ww_named_entry_update(site_next(s), name, PASS(password), value, strlen(value), NULL);
}

/* The value as text, or NULL with *err set. */
static const char *read_entry(struct site *s, const char *name, const char *password, enum ww_err *err,
                              struct ww_named *about)
{
    const void *value;
    size_t n;
    *err = ww_named_entry_read(site_next(s), name, PASS(password), &value, &n, about);
    return *err ? NULL : value;
}

static int open_site(void **state)
{
    struct site *s = calloc(1, sizeof *s);
    site_open(s, NULL);
    *state = s;
    return 0;
}

static int end_site(void **state)
{
    site_close(*state);
    free(*state);
    return 0;
}

static const uint64_t year_us = (uint64_t)365 * 24 * 3600 * 1000000;

static void test_keys(void **state)
{
    struct site *s = *state;
    uint8_t first[32], again[32], other[32];
    const void *key;
    memcpy(first, make_key(s, "backup $ of 2026"), sizeof first);
    assert_int_equal(get_key(s, "backup $ of 2026", right, false, again), WW_OK);
    assert_memory_equal(first, again, sizeof first);
    memcpy(other, make_key(s, "name"), sizeof other);
    assert_memory_not_equal(first, other, sizeof first);
    assert_int_equal(ww_named_key_create(site_next(s), "name", PASS(right), &key, NULL), WW_ECONFLICT);
    assert_string_equal(ww_op_problem(s->op)->id, "named_taken");
    /* Wrong password and unknown name: one answer. */
    assert_int_equal(get_key(s, "name", wrong, false, again), WW_EDENIED);
    char told[200];
    snprintf(told, sizeof told, "%s %s", ww_op_problem(s->op)->id, ww_op_problem(s->op)->text);
    assert_int_equal(get_key(s, "nobody's", right, false, again), WW_EDENIED);
    char other_told[200];
    snprintf(other_told, sizeof other_told, "%s %s", ww_op_problem(s->op)->id, ww_op_problem(s->op)->text);
    assert_string_equal(told, other_told);
    assert_int_equal(ww_named_key_delete(site_next(s), "name", PASS(wrong)), WW_EDENIED);
    assert_int_equal(ww_named_key_delete(site_next(s), "name", PASS(right)), WW_OK);
    assert_int_equal(get_key(s, "name", right, false, again), WW_EDENIED);
    assert_int_equal(site_check(s), 0);
}

static void test_entries(void **state)
{
    struct site *s = *state;
    enum ww_err err;
    struct ww_named about = {.size = sizeof about};
    assert_int_equal(create(s, "dsn", "postgres://…"), WW_OK);
    assert_string_equal(read_entry(s, "dsn", right, &err, &about), "postgres://…");
    assert_false(about.expired || about.renewed);
    assert_true(about.expires > about.made);
    assert_int_equal(update(s, "dsn", wrong, "x"), WW_EDENIED);
    assert_int_equal(update(s, "dsn", right, "another"), WW_OK);
    assert_string_equal(read_entry(s, "dsn", right, &err, NULL), "another");
    assert_int_equal(create(s, "dsn", "x"), WW_ECONFLICT);
    /* Empty values are values; a key of the same name is another thing. */
    assert_int_equal(create(s, "empty", ""), WW_OK);
    assert_string_equal(read_entry(s, "empty", right, &err, NULL), "");
    make_key(s, "dsn");
    assert_int_equal(ww_named_entry_delete(site_next(s), "dsn", PASS(right)), WW_OK);
    assert_null(read_entry(s, "dsn", right, &err, NULL));
    assert_int_equal(err, WW_EDENIED);
    uint8_t key[32];
    assert_int_equal(get_key(s, "dsn", right, false, key), WW_OK);
    /* Made again: nothing of before. */
    assert_int_equal(create(s, "dsn", "anew"), WW_OK);
    assert_string_equal(read_entry(s, "dsn", right, &err, NULL), "anew");
    assert_int_equal(site_check(s), 0);
}

static void test_time_passes(void **state)
{
    struct site *s = *state;
    enum ww_err err;
    size_t n, m;
    uint8_t key[32], forced[32];
    struct ww_named about = {.size = sizeof about};
    make_key(s, "k");
    assert_int_equal(get_key(s, "k", right, false, key), WW_OK);
    assert_int_equal(create(s, "e", "kept"), WW_OK);
    uint8_t *before = site_blob(s, "SELECT blob FROM named WHERE store = 2", &n);
    s->offset = 3 * year_us;
    assert_int_equal(get_key(s, "k", right, false, forced), WW_EEXPIRED);
    assert_string_equal(ww_op_problem(s->op)->id, "key_expired");
    assert_int_equal(get_key(s, "k", wrong, true, forced), WW_EDENIED);
    assert_int_equal(get_key(s, "k", right, true, forced), WW_OK);
    assert_memory_equal(key, forced, sizeof key);
    /* The entry has another key after its first reading, and the same value. */
    assert_string_equal(read_entry(s, "e", right, &err, &about), "kept");
    assert_true(about.expired && about.renewed);
    assert_string_equal(read_entry(s, "e", right, &err, &about), "kept");
    assert_false(about.expired || about.renewed);
    uint8_t *after = site_blob(s, "SELECT blob FROM named WHERE store = 2", &m);
    assert_true(n != m || memcmp(before, after, n) != 0);
    /* vault.md §14, limit 6: the older version can be put back, to who could read it. */
    site_sql(s, "UPDATE named SET blob = $1 WHERE store = 2", DB_ARGS(DB_B(BYTES(before, n))));
    assert_string_equal(read_entry(s, "e", right, &err, &about), "kept");
    assert_true(about.renewed);
    free(before);
    free(after);
}

static void test_bounds(void **state)
{
    struct site *s = *state;
    char name[1026];
    const void *key;
    size_t most = (size_t)1 << 20;
    char *large = calloc(1, most + 1);
    memset(name, 'n', sizeof name);
    name[1025] = 0;
    const char *const bad[] = {"", "\xff", name};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(ww_named_key_create(site_next(s), bad[i], PASS(right), &key, NULL), WW_EINVAL);
        assert_string_equal(ww_op_problem(s->op)->field, "name");
    }
    assert_int_equal(ww_named_key_create(site_next(s), NULL, PASS(right), &key, NULL), WW_EINVAL);
    name[1024] = 0;
    assert_int_equal(ww_named_key_create(site_next(s), name, PASS(right), &key, NULL), WW_OK);
    assert_int_equal(ww_named_key_create(site_next(s), "k", "\xff", 1, &key, NULL), WW_EINVAL);
    assert_string_equal(ww_op_problem(s->op)->field, "password");
    assert_int_equal(ww_named_entry_create(site_next(s), "e", PASS(right), large, most + 1, NULL),
                     WW_ETOOLARGE);
    assert_int_equal(ww_named_entry_create(site_next(s), "e", PASS(right), large, most, NULL), WW_OK);
    assert_int_equal(ww_named_entry_create(site_next(s), "n", PASS(right), NULL, 1, NULL), WW_EINVAL);
    free(large);
    assert_int_equal(site_check(s), 0);
}

/* Tries are counted by name, whether or not there is one. */
static void test_guessing_is_throttled(void **state)
{
    struct site *s = *state;
    uint8_t key[32];
    const char *const names[] = {"k", "nobody's"};
    make_key(s, "k");
    for (size_t i = 0; i < 2; i++) {
        enum ww_err err = WW_EDENIED;
        int tries = 0;
        while (err == WW_EDENIED && tries++ < 100) {
            err = get_key(s, names[i], wrong, false, key);
        }
        assert_int_equal(err, WW_ETHROTTLED);
    }
    assert_int_equal(get_key(s, "k", right, false, key), WW_ETHROTTLED);
}

/* ---- whoever writes to the database ---- */

static void expect_altered(struct site *s, const char *sql)
{
    enum ww_err err;
    uint8_t key[32];
    site_sql(s, "DELETE FROM named", NULL, 0);
    site_sql(s, "INSERT INTO named SELECT * FROM kept_named", NULL, 0);
    site_sql(s, sql, NULL, 0);
    /* Never another row's value. */
    const char *value = read_entry(s, "e", right, &err, NULL);
    bool untouched = value && strcmp(value, "first") == 0;
    if (!untouched && err != WW_ETAMPERED && err != WW_EDENIED && err != WW_EKEYMISSING) {
        fail_msg("%s: %s", sql, value ? value : ww_err_name(err));
    }
    enum ww_err key_err = get_key(s, "k", right, false, key);
    if (key_err != WW_OK && key_err != WW_ETAMPERED && key_err != WW_EDENIED && key_err != WW_EKEYMISSING) {
        fail_msg("%s: key: %s", sql, ww_err_name(key_err));
    }
    if (untouched && key_err == WW_OK) {
        fail_msg("%s: nothing noticed", sql);
    }
    if (site_check(s) == 0 && !strstr(sql, "DELETE")) { /* what is gone, nobody names */
        fail_msg("%s: check finds nothing", sql);
    }
}

static void test_altered_rows(void **state)
{
    struct site *s = *state;
    const char *cluster = getenv("WATCHWORD_TEST_POSTGRES");
    bool postgres = cluster && *cluster;
    assert_int_equal(create(s, "e", "first"), WW_OK);
    assert_int_equal(create(s, "f", "second"), WW_OK);
    make_key(s, "k");
    site_sql(s, "CREATE TABLE kept_named AS SELECT * FROM named", NULL, 0);
    const char *const alterations[] = {
        "DELETE FROM named",
        "UPDATE named SET store = 1",
        "UPDATE named SET store = 3 - store",
        "UPDATE named SET store = 7",
        postgres ? "UPDATE named SET blob = ''" : "UPDATE named SET blob = x''",
        postgres ? "UPDATE named SET blob = set_byte(blob, 100, 255 - get_byte(blob, 100))"
                 : "UPDATE named SET blob = substr(blob, 1, 100) || x'00' || substr(blob, 102)",
        postgres ? "UPDATE named SET blob = set_byte(blob, 0, 9)"
                 : "UPDATE named SET blob = x'09' || substr(blob, 2)",
        postgres ? "UPDATE named SET blob = set_byte(blob, 2, 255 - get_byte(blob, 2))"
                 : "UPDATE named SET blob = substr(blob, 1, 2) || x'77' || substr(blob, 4)",
        "UPDATE named SET blob = substr(blob, 1, 80)",
        "UPDATE named SET blob = blob || blob",
        postgres ? "UPDATE named SET tag = set_byte(tag, 0, 255 - get_byte(tag, 0))"
                 : "UPDATE named SET tag = substr(tag, 2) || x'00'",
        postgres ? "UPDATE named SET id = set_byte(id, 0, 255 - get_byte(id, 0))"
                 : "UPDATE named SET id = x'00' || substr(id, 2)",
        "UPDATE named SET id = substr(id, 2)",
        /* One in the place of another: all blobs that of f. */
        "UPDATE named SET blob = (SELECT k.blob FROM kept_named k WHERE k.store = 2 ORDER BY length(k.blob), "
        "k.id LIMIT 1)"
        " WHERE store = 1",
    };
    for (size_t i = 0; i < sizeof alterations / sizeof alterations[0]; i++) {
        expect_altered(s, alterations[i]);
        s->offset += (uint64_t)24 * 3600 * 1000000; /* so that nothing waits */
    }
    /* Tags exchanged: the name is in the blob. */
    site_sql(s, "DELETE FROM named", NULL, 0);
    site_sql(s,
             "INSERT INTO named (id, store, tag, blob) SELECT a.id, a.store, b.tag, a.blob FROM kept_named "
             "a, kept_named b"
             " WHERE a.store = 2 AND b.store = 2 AND a.id <> b.id",
             NULL, 0);
    enum ww_err err;
    assert_null(read_entry(s, "e", right, &err, NULL));
    assert_int_equal(err, WW_ETAMPERED);
}

/* ---- two at once ---- */

struct writer {
    struct site *s;
    int number, busy;
};

static void *update_often(void *context)
{
    struct writer *w = context;
    for (int i = 0; i < 5; i++) {
        struct ww_op *op;
        char value[30];
        int n = snprintf(value, sizeof value, "%d of %d", i, w->number);
        if (ww_op_begin(w->s->ww, NULL, &op) == WW_OK) {
            enum ww_err err = ww_named_entry_update(op, "e", PASS(right), value, (size_t)n, NULL);
            w->busy += err == WW_EBUSY;
            if (err != WW_OK && err != WW_EBUSY) {
                w->busy = 1000;
            }
        }
        ww_op_end(op);
    }
    return NULL;
}

static void test_two_updates_at_once(void **state)
{
    struct site *s = *state;
    struct writer w[2] = {{s, 0, 0}, {s, 1, 0}};
    pthread_t threads[2];
    enum ww_err err;
    int i, of;
    assert_int_equal(create(s, "e", "first"), WW_OK);
    for (int k = 0; k < 2; k++) {
        assert_int_equal(pthread_create(&threads[k], NULL, update_often, &w[k]), 0);
    }
    for (int k = 0; k < 2; k++) {
        pthread_join(threads[k], NULL);
        assert_in_range(w[k].busy, 0, 5);
    }
    const char *value = read_entry(s, "e", right, &err, NULL);
    assert_non_null(value);
    assert_int_equal(sscanf(value, "%d of %d", &i, &of), 2);
    assert_int_equal(site_check(s), 0);
}

/* Each allocation and statement fails once: the old value or the new one, and the next try works. */
static void test_failures(void **state)
{
    struct site *s = *state;
    assert_int_equal(create(s, "e", "old"), WW_OK);
    for (int kind = 0; kind < 2; kind++) {
        enum ww_err err = WW_EIO;
        for (long n = 1; err; n++) {
            enum ww_err found;
            struct ww_op *op = site_next(s);
            s->fail_at[kind ? WW_FAULT_STATEMENT : WW_FAULT_ALLOC] = n;
            err = ww_named_entry_update(op, "e", PASS(right), "new", 3, NULL);
            memset(s->fail_at, 0, sizeof s->fail_at);
            const char *value = read_entry(s, "e", right, &found, NULL);
            assert_non_null(value);
            assert_true(strcmp(value, "new") == 0 || (err && strcmp(value, "old") == 0));
            s->offset += (uint64_t)3600 * 1000000; /* tries that were not finished are counted */
        }
        assert_int_equal(update(s, "e", right, "old"), WW_OK);
    }
}

int main(void)
{
#define WITH_SITE(f) cmocka_unit_test_setup_teardown(f, open_site, end_site)
    const struct CMUnitTest tests[] = {
        WITH_SITE(test_keys),
        WITH_SITE(test_entries),
        WITH_SITE(test_time_passes),
        WITH_SITE(test_bounds),
        WITH_SITE(test_guessing_is_throttled),
        WITH_SITE(test_altered_rows),
        WITH_SITE(test_two_updates_at_once),
        WITH_SITE(test_failures),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
