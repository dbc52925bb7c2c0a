/* Hostile storage (vault.md §15) around vaults that wait: whoever may write to the database alters, swaps,
 * puts back and deletes their rows. Expected: a named refusal, both vaults as they were, and a check that
 * tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "waiting.h"

enum { LONG_NAMES = 20 };

struct pair {
    struct site site;
    char *ada, *bob;       /* tokens of sessions that open the new vaults */
    char *ada_id, *bob_id; /* of the vaults that wait */
};

/* Somebody with so many names that the vault has leaves, and a note in the vault before and after. */
static char *start_anew(struct site *s, const char *name, char **id)
{
    char text[1024], *first = site_register(s, name);
    snprintf(text, sizeof text, "of %s, before", name);
    assert_int_equal(site_put(s, first, "note", text), WW_OK);
    site_sql(s, "DROP TABLE IF EXISTS older", NULL, 0);
    site_sql(s, "CREATE TABLE older AS SELECT * FROM vaults", NULL, 0);
    for (int i = 0; i < LONG_NAMES; i++) {
        snprintf(text, sizeof text, "%0*d", 1000, i);
        assert_int_equal(site_put(s, first, text, "x"), WW_OK);
    }
    char *token = waiting_locked(s, name, SET_PASSWORD);
    waiting_new_vault(s, token, name, NULL);
    assert_int_equal(waiting_count(s, token, id), 1);
    snprintf(text, sizeof text, "of %s, after", name);
    assert_int_equal(site_put(s, token, "note", text), WW_OK);
    free(first);
    return token;
}

static int open_pair(void **state)
{
    struct pair *p = calloc(1, sizeof *p);
    site_open(&p->site, NULL);
    p->bob = start_anew(&p->site, "bob", &p->bob_id);
    p->ada = start_anew(&p->site, "ada", &p->ada_id);
    site_sql(&p->site, "CREATE TABLE saved_vaults AS SELECT * FROM vaults", NULL, 0);
    site_sql(&p->site, "CREATE TABLE saved_leaves AS SELECT * FROM leaves", NULL, 0);
    site_sql(&p->site, "CREATE TABLE saved_credentials AS SELECT * FROM credentials", NULL, 0);
    *state = p;
    return 0;
}

static int close_pair(void **state)
{
    struct pair *p = *state;
    free(p->ada);
    free(p->bob);
    free(p->ada_id);
    free(p->bob_id);
    site_close(&p->site);
    free(p);
    return 0;
}

#define ADAS    "account = (SELECT max(id) FROM accounts)"
#define BOBS    "account = (SELECT min(id) FROM accounts)"
#define WAITING "kept > 0"

static enum ww_err merge(struct pair *p)
{
    p->site.offset += UINT64_C(10) * 60 * 1000000; /* refused tries are counted */
    return waiting_open(&p->site, p->ada, p->ada_id, TEST_PASSWORD, NULL, NULL);
}

/* The merge is refused by this name, and what the new vault holds is what it held. */
static void assert_refused(struct pair *p, enum ww_err wanted, const char *how)
{
    enum ww_err err = merge(p), reading;
    const char *note = site_get(&p->site, p->ada, "note", &reading);
    if (err != wanted || reading != WW_OK || strcmp(note, "of ada, after") != 0) {
        fail_msg("%s: %s, reading %s", how, ww_err_name(err), ww_err_name(reading));
    }
    assert_int_equal(waiting_count(&p->site, p->ada, NULL), 1);
}

static void restore(struct pair *p)
{
    site_sql(&p->site, "DELETE FROM vaults", NULL, 0);
    site_sql(&p->site, "INSERT INTO vaults SELECT * FROM saved_vaults", NULL, 0);
    site_sql(&p->site, "DELETE FROM leaves", NULL, 0);
    site_sql(&p->site, "INSERT INTO leaves SELECT * FROM saved_leaves", NULL, 0);
    site_sql(&p->site, "DELETE FROM credentials", NULL, 0);
    site_sql(&p->site, "INSERT INTO credentials SELECT * FROM saved_credentials", NULL, 0);
}

/* All is well again: what was refused broke nothing. */
static void assert_joins(struct pair *p)
{
    enum ww_err err;
    restore(p);
    assert_int_equal(site_check(&p->site), 0);
    assert_int_equal(merge(p), WW_OK);
    assert_string_equal(site_get(&p->site, p->ada, "note", &err), "of ada, after");
    assert_int_equal(site_check(&p->site), 0);
}

static void altered_rows_of_a_waiting_vault_are_told(void **state)
{
    static const struct {
        const char *what, *sql;
        bool checked; /* and seen without its owner */
    } ways[] = {
        {"its row is gone", "DELETE FROM vaults WHERE " WAITING " AND " ADAS, true},
        {"the ring is another account's",
         "UPDATE vaults SET ring = (SELECT ring FROM saved_vaults WHERE " WAITING " AND " BOBS
         ") WHERE " WAITING " AND " ADAS,
         true},
        {"the head is another account's",
         "UPDATE vaults SET head = (SELECT head FROM saved_vaults WHERE " WAITING " AND " BOBS
         ") WHERE " WAITING " AND " ADAS,
         true},
        {"the ring is that of the vault of now",
         "UPDATE vaults SET ring = (SELECT ring FROM saved_vaults WHERE kept = 0 AND " ADAS ") WHERE " WAITING
         " AND " ADAS,
         true},
        {"the head is that of the vault of now",
         "UPDATE vaults SET head = (SELECT head FROM saved_vaults WHERE kept = 0 AND " ADAS ") WHERE " WAITING
         " AND " ADAS,
         true},
        {"the head is an older one of the same vault",
         "UPDATE vaults SET head = (SELECT head FROM older WHERE older.vid = vaults.vid) WHERE " WAITING
         " AND " ADAS,
         true},
        {"ring and head are empty", "UPDATE vaults SET ring = $1, head = $1 WHERE " WAITING " AND " ADAS,
         true},
        {"it is another account's row",
         "UPDATE vaults SET account = (SELECT min(id) FROM accounts) WHERE " WAITING " AND " ADAS, true},
        {"a leaf is gone",
         "DELETE FROM leaves WHERE number = 1 AND vid = (SELECT vid FROM vaults WHERE " WAITING " AND " ADAS
         ")",
         true},
        {"a leaf is another one",
         "UPDATE leaves SET blob = (SELECT blob FROM saved_leaves l WHERE l.vid = leaves.vid AND l.number = "
         "1)"
         " WHERE number = 0 AND vid = (SELECT vid FROM vaults WHERE " WAITING " AND " ADAS ")",
         false},
        {"the old password is gone",
         "DELETE FROM credentials WHERE id IN (SELECT id FROM saved_credentials WHERE " ADAS ")", true},
    };
    struct pair *p = *state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        bool empties = strstr(ways[i].sql, "$1") != NULL;
        struct db_value empty[] = {DB_B(BYTES("", 0))};
        site_sql(&p->site, ways[i].sql, empty, empties ? 1 : 0);
        size_t problems = site_check(&p->site);
        if (ways[i].checked != (problems > 0)) {
            fail_msg("%s: check tells of %zu problems", ways[i].what, problems);
        }
        assert_refused(p, WW_ETAMPERED, ways[i].what);
        restore(p);
    }
    assert_joins(p);
}

static void every_flipped_byte_is_refused(void **state)
{
    static const char *const columns[] = {"ring", "head"};
    struct pair *p = *state;
    for (size_t i = 0; i < 2; i++) {
        char select[200], update[200];
        size_t n;
        snprintf(select, sizeof select, "SELECT %s FROM vaults WHERE " WAITING " AND " ADAS, columns[i]);
        snprintf(update, sizeof update, "UPDATE vaults SET %s = $1 WHERE " WAITING " AND " ADAS, columns[i]);
        uint8_t *blob = site_blob(&p->site, select, &n);
        for (size_t at = 0; at < n; at += 61) {
            blob[at] ^= 4;
            site_sql(&p->site, update, DB_ARGS(DB_B(BYTES(blob, n))));
            assert_refused(p, WW_ETAMPERED, columns[i]);
            blob[at] ^= 4;
        }
        for (size_t length = 0; length < n; length += n / 5 + 1) {
            site_sql(&p->site, update, DB_ARGS(DB_B(BYTES(blob, length))));
            assert_refused(p, WW_ETAMPERED, columns[i]);
        }
        site_sql(&p->site, update, DB_ARGS(DB_B(BYTES(blob, n))));
        free(blob);
    }
    assert_joins(p);
}

/* The record of before the vault was given up, in which it is still the current one. */
static void a_record_put_back_does_not_bring_the_old_vault_back(void **state)
{
    struct site *s = &((struct pair *)*state)->site;
    struct ww_session *session;
    size_t n;
    char *first = site_register(s, "cy"), *id;
    assert_int_equal(site_put(s, first, "note", "kept"), WW_OK);
    uint8_t *blob = site_blob(s, "SELECT blob FROM accounts ORDER BY id DESC LIMIT 1", &n);
    site_sql(s, "CREATE TABLE record AS SELECT * FROM accounts WHERE id = (SELECT max(id) FROM accounts)",
             NULL, 0);
    char *token = waiting_locked(s, "cy", SET_PASSWORD);
    waiting_new_vault(s, token, "cy", NULL);
    assert_int_equal(waiting_count(s, token, &id), 1);
    site_sql(s,
             "UPDATE accounts SET blob = (SELECT blob FROM record), seq = (SELECT seq FROM record)"
             " WHERE id = (SELECT id FROM record)",
             NULL, 0);
    /* the rows that it lists are gone, and this node has seen a newer one */
    assert_int_not_equal(ww_session_resume(site_next(s), token, &session), WW_OK);
    assert_int_not_equal(site_login(s, "cy", TEST_PASSWORD, &session), WW_OK);
    assert_int_not_equal(site_login(s, "cy", SET_PASSWORD, &session), WW_OK);
    assert_true(site_check(s) > 0);
    free(blob);
    free(first);
    free(token);
    free(id);
}

/* The current row in the place of the waiting one, and the reverse: each is bound to its id and generation.
 */
static void vaults_of_one_account_do_not_change_places(void **state)
{
    struct pair *p = *state;
    enum ww_err err;
    site_sql(&p->site,
             "UPDATE vaults SET ring = (SELECT ring FROM saved_vaults v WHERE v.account = vaults.account AND"
             " v.vid <> vaults.vid), head = (SELECT head FROM saved_vaults v WHERE v.account = vaults.account"
             " AND v.vid <> vaults.vid) WHERE " ADAS,
             NULL, 0);
    assert_null(site_get(&p->site, p->ada, "note", &err));
    assert_int_equal(err, WW_ETAMPERED);
    assert_int_equal(merge(p), WW_ETAMPERED);
    assert_true(site_check(&p->site) > 0);
    restore(p);
    assert_joins(p);
}

/* What was merged or discarded, put back: the record does not list it. */
static void a_vault_put_back_after_its_end_does_not_wait(void **state)
{
    struct pair *p = *state;
    assert_int_equal(merge(p), WW_OK);
    site_sql(&p->site, "INSERT INTO vaults SELECT * FROM saved_vaults WHERE " WAITING " AND " ADAS, NULL, 0);
    site_sql(&p->site,
             "INSERT INTO credentials SELECT * FROM saved_credentials WHERE id NOT IN"
             " (SELECT id FROM credentials)",
             NULL, 0);
    assert_int_equal(merge(p), WW_ENOTFOUND);
    assert_int_equal(waiting_count(&p->site, p->ada, NULL), 0);
    assert_true(site_check(&p->site) > 0);
    /* nor does the sweep believe its column */
    site_sql(&p->site, "UPDATE vaults SET kept = 1 WHERE kept = 0", NULL, 0);
    assert_int_equal(ww_maintain(site_next(&p->site)), WW_OK);
    enum ww_err err;
    assert_string_equal(site_get(&p->site, p->ada, "note", &err), "of ada, after");
}

static void another_accounts_vault_is_not_found(void **state)
{
    struct pair *p = *state;
    assert_int_equal(waiting_open(&p->site, p->ada, p->bob_id, TEST_PASSWORD, NULL, NULL), WW_ENOTFOUND);
    site_sql(&p->site, "UPDATE vaults SET account = (SELECT max(id) FROM accounts)", NULL, 0);
    assert_int_equal(waiting_open(&p->site, p->ada, p->bob_id, TEST_PASSWORD, NULL, NULL), WW_ENOTFOUND);
    restore(p);
    assert_joins(p);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)
    const struct CMUnitTest tests[] = {
        CASE(altered_rows_of_a_waiting_vault_are_told),
        CASE(every_flipped_byte_is_refused),
        CASE(a_record_put_back_does_not_bring_the_old_vault_back),
        CASE(vaults_of_one_account_do_not_change_places),
        CASE(a_vault_put_back_after_its_end_does_not_wait),
        CASE(another_accounts_vault_is_not_found),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
