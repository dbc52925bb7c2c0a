/* Public data (vault.md §11): who may write, what everybody reads, and what somebody who alters the database
 * gets: with the server key, too, nobody speaks for an owner. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "account_int.h"
#include "api_int.h"
#include "share.h"
#include "site.h"

struct public_site {
    struct site site;
    char *ada, *bob;    /* tokens */
    char ada_id[40];    /* UUID */
    const char *saying; /* what ada's "motto" says */
};

static enum ww_err put(struct public_site *t, const char *token, enum ww_public_scope scope, const char *name,
                       const char *value)
{
    struct ww_session *session = site_resume(&t->site, token);
    return ww_public_put(t->site.op, session, scope, name, value, strlen(value), NULL, NULL);
}

static int open_public(void **state)
{
    struct public_site *t = calloc(1, sizeof *t);
    assert_non_null(t);
    site_open(&t->site, NULL);
    t->ada = site_register(&t->site, "ada");
    t->bob = site_register(&t->site, "bob");
    struct ww_session *session = site_resume(&t->site, t->ada);
    snprintf(t->ada_id, sizeof t->ada_id, "%s", ww_session_info(t->site.op, session)->account);
    t->saying = "figs";
    assert_int_equal(put(t, t->ada, WW_PUBLIC_DEPLOYMENT, "motto", "figs"), WW_OK);
    assert_int_equal(put(t, t->ada, WW_PUBLIC_OWN, "motto", "figs"), WW_OK);
    assert_int_equal(put(t, t->bob, WW_PUBLIC_OWN, "motto", "of bob"), WW_OK);
    *state = t;
    return 0;
}

static int close_public(void **state)
{
    struct public_site *t = *state;
    free(t->ada);
    free(t->bob);
    site_close(&t->site);
    free(t);
    return 0;
}

static enum ww_err get(struct public_site *t, const char *token, const char *owner, const char *name,
                       const char *wanted)
{
    const void *value;
    size_t n;
    struct ww_public about = {.size = sizeof about};
    struct ww_session *session = site_resume(&t->site, token);
    enum ww_err err = ww_public_get(t->site.op, session, owner, name, &value, &n, &about);
    if (err == WW_OK) {
        assert_string_equal(value, wanted);
        assert_string_equal(about.name, name);
    }
    return err;
}

static const char *problem(struct public_site *t)
{
    return ww_op_problem(t->site.op)->id;
}

static void everybody_reads_what_its_owner_wrote(void **state)
{
    struct public_site *t = *state;
    const void *value;
    size_t n;
    struct ww_public about = {.size = sizeof about};
    struct ww_item_result result = {.size = sizeof result};
    assert_int_equal(get(t, t->bob, NULL, "motto", "figs"), WW_OK);
    assert_int_equal(get(t, t->bob, t->ada_id, "motto", "figs"), WW_OK);
    assert_int_equal(get(t, t->bob, t->ada_id, "mottos", ""), WW_ENOTFOUND);
    assert_int_equal(get(t, t->bob, "nobody", "motto", ""), WW_ENOTFOUND);
    assert_int_equal(get(t, t->bob, "00000000-0000-4000-8000-000000000000", "motto", ""), WW_ENOTFOUND);
    assert_string_equal(problem(t), "item_not_found");
    struct ww_session *session = site_resume(&t->site, t->ada);
    assert_int_equal(ww_public_put(t->site.op, session, WW_PUBLIC_DEPLOYMENT, "motto", "", 0, NULL, &result),
                     WW_OK);
    assert_false(result.created);
    assert_int_equal(result.version, 2);
    session = site_resume(&t->site, t->bob);
    assert_int_equal(ww_public_get(t->site.op, session, NULL, "motto", &value, &n, &about), WW_OK);
    assert_int_equal(n, 0);
    assert_int_equal(about.version, 2);
    assert_int_equal(about.scope, WW_PUBLIC_DEPLOYMENT);
    assert_string_equal(about.owner, t->ada_id);
    assert_int_equal(site_check(&t->site), 0);
}

static void a_name_of_the_deployment_is_of_who_had_it_first(void **state)
{
    struct public_site *t = *state;
    struct ww_session *session;
    assert_int_equal(put(t, t->bob, WW_PUBLIC_DEPLOYMENT, "motto", "dates"), WW_ECONFLICT);
    assert_string_equal(problem(t), "name_taken");
    session = site_resume(&t->site, t->bob);
    assert_int_equal(ww_public_delete(t->site.op, session, WW_PUBLIC_DEPLOYMENT, "motto", NULL),
                     WW_ECONFLICT);
    session = site_resume(&t->site, t->ada);
    assert_int_equal(ww_public_delete(t->site.op, session, WW_PUBLIC_DEPLOYMENT, "motto", NULL), WW_OK);
    assert_int_equal(ww_public_delete(t->site.op, session, WW_PUBLIC_DEPLOYMENT, "motto", NULL),
                     WW_ENOTFOUND);
    assert_int_equal(put(t, t->bob, WW_PUBLIC_DEPLOYMENT, "motto", "dates"), WW_OK);
    assert_int_equal(get(t, t->ada, NULL, "motto", "dates"), WW_OK);
    /* and of nobody when its owner is gone */
    session = site_resume(&t->site, t->bob);
    assert_int_equal(ww_account_delete(t->site.op, session, "bob@example.org"), WW_OK);
    assert_int_equal(get(t, t->ada, NULL, "motto", ""), WW_ENOTFOUND);
    assert_int_equal(put(t, t->ada, WW_PUBLIC_DEPLOYMENT, "motto", "figs"), WW_OK);
    assert_int_equal(site_check(&t->site), 0);
}

static void conditions_hold_or_refuse(void **state)
{
    struct public_site *t = *state;
    struct ww_item_condition absent = {.size = sizeof absent, .if_absent = true},
                             second = {.size = sizeof second, .if_version = 2};
    struct ww_session *session = site_resume(&t->site, t->ada);
    assert_int_equal(ww_public_put(t->site.op, session, WW_PUBLIC_OWN, "motto", "x", 1, &absent, NULL),
                     WW_EVERSION);
    assert_int_equal(ww_public_put(t->site.op, session, WW_PUBLIC_OWN, "motto", "x", 1, &second, NULL),
                     WW_EVERSION);
    assert_int_equal(ww_public_delete(t->site.op, session, WW_PUBLIC_OWN, "motto", &second), WW_EVERSION);
    assert_int_equal(ww_public_put(t->site.op, session, WW_PUBLIC_OWN, "motto", "x", 1, NULL, NULL), WW_OK);
    assert_int_equal(ww_public_put(t->site.op, session, WW_PUBLIC_OWN, "motto", "y", 1, &second, NULL),
                     WW_OK);
}

static void what_may_not_be_is_refused(void **state)
{
    static const char *const few[] = {"watchword.vault.public_most=3", "watchword.vault.item_max=10", NULL};
    struct public_site *t = *state;
    char name[1026];
    memset(name, 'x', sizeof name);
    name[1025] = 0;
    assert_int_equal(put(t, t->ada, WW_PUBLIC_OWN, name, "x"), WW_EINVAL);
    assert_int_equal(put(t, t->ada, WW_PUBLIC_OWN, "", "x"), WW_EINVAL);
    assert_int_equal(put(t, t->ada, WW_PUBLIC_OWN, "\xff", "x"), WW_EINVAL);
    assert_string_equal(ww_op_problem(t->site.op)->field, "name");
    assert_int_equal(put(t, t->ada, (enum ww_public_scope)3, "x", "x"), WW_EINVAL);
    assert_string_equal(ww_op_problem(t->site.op)->field, "scope");
    site_reopen(&t->site, few);
    assert_int_equal(put(t, t->ada, WW_PUBLIC_OWN, "third", "x"), WW_OK);
    assert_int_equal(put(t, t->ada, WW_PUBLIC_OWN, "fourth", "x"), WW_EFULL);
    assert_string_equal(problem(t), "public_full");
    assert_int_equal(put(t, t->ada, WW_PUBLIC_OWN, "third", "0123456789"), WW_OK); /* no new one */
    assert_int_equal(put(t, t->ada, WW_PUBLIC_OWN, "third", "0123456789a"), WW_ETOOLARGE);
    site_require_second(&t->site, t->ada);
    assert_int_equal(put(t, t->ada, WW_PUBLIC_OWN, "third", "x"), WW_EAAL);
}

static void a_locked_session_reads_and_does_not_write(void **state)
{
    struct public_site *t = *state;
    struct record *r;
    struct account_refusal why = {0};
    struct ww_session *session;
    assert_int_equal(account_admin_find(site_next(&t->site), service_of(t->site.op), "bob@example.org", &r),
                     WW_OK);
    assert_int_equal(account_admin_set_password(t->site.op, service_of(t->site.op), &r->uuid,
                                                bytes_str("another walk by the sea"), &why),
                     WW_OK);
    assert_int_equal(site_login(&t->site, "bob", "another walk by the sea", &session), WW_OK);
    char *locked = strdup(ww_session_token(t->site.op, session));
    struct ww_page page = {.size = sizeof page};
    const struct ww_public *const *list;
    assert_int_equal(get(t, locked, NULL, "motto", "figs"), WW_OK);
    assert_int_equal(put(t, locked, WW_PUBLIC_OWN, "motto", "x"), WW_ELOCKED);
    session = site_resume(&t->site, locked);
    assert_int_equal(ww_public_list(t->site.op, session, &page, &list), WW_OK);
    assert_int_equal(page.count, 1);
    free(locked);
}

static void ones_own_are_listed_in_pages(void **state)
{
    struct public_site *t = *state;
    struct ww_page page = {.size = sizeof page, .limit = 1};
    const struct ww_public *const *list;
    char *next = NULL;
    size_t n = 0, own = 0;
    do {
        page.token = next;
        struct ww_session *session = site_resume(&t->site, t->ada);
        assert_int_equal(ww_public_list(t->site.op, session, &page, &list), WW_OK);
        assert_int_equal(page.count, 1);
        assert_string_equal(list[0]->name, "motto");
        own += list[0]->scope == WW_PUBLIC_OWN;
        n++;
        free(next);
        next = page.next ? strdup(page.next) : NULL;
    } while (next);
    assert_int_equal(n, 2);
    assert_int_equal(own, 1);
    page.token = "x";
    struct ww_session *session = site_resume(&t->site, t->ada);
    assert_int_equal(ww_public_list(t->site.op, session, &page, &list), WW_EINVAL);
}

static void it_outlives_new_keys_of_its_owner(void **state)
{
    struct public_site *t = *state;
    uint32_t epoch;
    struct ww_session *session = site_resume(&t->site, t->ada);
    assert_int_equal(ww_epoch_start(t->site.op, session, &epoch), WW_OK);
    assert_int_equal(get(t, t->bob, NULL, "motto", "figs"), WW_OK);
    site_give_vault(&t->site, "ada");
    assert_int_equal(get(t, t->bob, NULL, "motto", "figs"), WW_OK);
    assert_int_equal(site_login(&t->site, "ada", TEST_PASSWORD, &session), WW_OK);
    char *ada = strdup(ww_session_token(t->site.op, session));
    assert_int_equal(put(t, ada, WW_PUBLIC_DEPLOYMENT, "motto", "more"), WW_OK);
    assert_int_equal(get(t, t->bob, NULL, "motto", "more"), WW_OK);
    free(ada);
}

/* ---- the database is the attacker's ---- */

#define OF_ADA " account = (SELECT min(id) FROM accounts)"

/* The rows of ada by their ids, of which the test does not know which is of the deployment. */
static void every_flipped_byte_is_refused(void **state)
{
    static const char *const columns[] = {"blob", "id"};
    struct public_site *t = *state;
    for (size_t i = 0; i < 2; i++) {
        char read[200], write[200];
        size_t n;
        snprintf(read, sizeof read, "SELECT %s FROM publics WHERE" OF_ADA " ORDER BY id LIMIT 1", columns[i]);
        snprintf(write, sizeof write, "UPDATE publics SET %s = $1 WHERE %s = $2", columns[i], columns[i]);
        uint8_t *before = site_blob(&t->site, read, &n), *after = malloc(n);
        assert_non_null(before);
        assert_non_null(after);
        for (size_t at = 0; at < n; at += at < 80 ? 5 : 29) {
            memcpy(after, before, n);
            after[at] ^= 0x10;
            site_sql(&t->site, write, DB_ARGS(DB_B(BYTES(after, n)), DB_B(BYTES(before, n))));
            enum ww_err all = get(t, t->bob, NULL, "motto", "figs"),
                        own = get(t, t->bob, t->ada_id, "motto", "figs");
            bool key_id = i == 0 && at >= 1 && at < 5;
            bool one = all == WW_OK
                           ? own == WW_ETAMPERED || (key_id && own == WW_EKEYMISSING)
                           : own == WW_OK && (all == WW_ETAMPERED || (key_id && all == WW_EKEYMISSING));
            if (!one) {
                fail_msg("%s byte %zu: %s, %s", columns[i], at, ww_err_name(all), ww_err_name(own));
            }
            site_sql(&t->site, write, DB_ARGS(DB_B(BYTES(before, n)), DB_B(BYTES(after, n))));
        }
        for (size_t cut = 0; cut < 2; cut++) {
            site_sql(&t->site, write, DB_ARGS(DB_B(BYTES(before, cut ? n - 1 : 0)), DB_B(BYTES(before, n))));
            assert_true((get(t, t->bob, NULL, "motto", "figs") == WW_OK) !=
                        (get(t, t->bob, t->ada_id, "motto", "figs") == WW_OK));
            assert_true(site_check(&t->site) > 0);
            site_sql(&t->site, write, DB_ARGS(DB_B(BYTES(before, n)), DB_B(BYTES(before, cut ? n - 1 : 0))));
        }
        assert_int_equal(site_check(&t->site), 0);
        free(before);
        free(after);
    }
}

/* What is altered, and what reading gets then: the name of the deployment, ada's own, bob's own. */
static void plain_columns_are_never_believed(void **state)
{
    static const struct {
        const char *alter;
        enum ww_err deployment, own; /* one of: the row that was altered may be either */
    } cases[] = {
        {"DELETE FROM publics WHERE" OF_ADA, WW_ENOTFOUND, WW_ENOTFOUND},
        {"UPDATE publics SET account = (SELECT max(id) FROM accounts) WHERE" OF_ADA, WW_ETAMPERED,
         WW_ETAMPERED},
        {"UPDATE publics SET account = 999 WHERE" OF_ADA, WW_ETAMPERED, WW_ETAMPERED},
        {"UPDATE publics SET account = -1 WHERE" OF_ADA, WW_ETAMPERED, WW_ETAMPERED},
        {"UPDATE publics SET tag = id WHERE" OF_ADA, WW_ENOTFOUND, WW_ENOTFOUND},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct public_site *t = *state;
        site_sql(&t->site, cases[i].alter, NULL, 0);
        enum ww_err all = get(t, t->bob, NULL, "motto", "figs"),
                    own = get(t, t->bob, t->ada_id, "motto", "figs");
        if (all != cases[i].deployment || own != cases[i].own) {
            fail_msg("%s: %s, %s", cases[i].alter, ww_err_name(all), ww_err_name(own));
        }
        assert_true(i == 0 || site_check(&t->site) > 0); /* what is deleted leaves nothing to be found */
        close_public(state);
        open_public(state);
    }
}

/* Bob's row under the tag of ada's: what is sealed says whose it is and under which name. */
static void a_row_under_another_tag_is_refused(void **state)
{
    struct public_site *t = *state;
    size_t n;
    uint8_t *tag;
    struct key key;
    const struct public_row motto = {.scope = PUBLIC_DEPLOYMENT, .name = bytes_str("motto")};
    store_public_tag(service_of(site_next(&t->site))->store, &motto, NULL, &key);
    site_sql(&t->site, "DELETE FROM publics WHERE tag = $1", DB_ARGS(DB_B(BYTES_OF(key))));
    site_sql(&t->site, "UPDATE publics SET tag = $1 WHERE account = (SELECT max(id) FROM accounts)",
             DB_ARGS(DB_B(BYTES_OF(key))));
    assert_int_equal(get(t, t->ada, NULL, "motto", "figs"), WW_ETAMPERED);
    assert_int_equal(site_check(&t->site), 1);
    tag = site_blob(&t->site, "SELECT tag FROM publics WHERE account = (SELECT max(id) FROM accounts)", &n);
    assert_int_equal(n, 32);
    free(tag);
}

static void blobs_of_two_rows_exchanged_are_refused(void **state)
{
    struct public_site *t = *state;
    site_sql(&t->site, "CREATE TABLE saved AS SELECT * FROM publics WHERE" OF_ADA, NULL, 0);
    site_sql(&t->site,
             "UPDATE publics SET blob = (SELECT s.blob FROM saved s WHERE s.id <> publics.id) WHERE" OF_ADA,
             NULL, 0);
    assert_int_equal(get(t, t->bob, NULL, "motto", "figs"), WW_ETAMPERED);
    assert_int_equal(get(t, t->bob, t->ada_id, "motto", "figs"), WW_ETAMPERED);
    site_sql(&t->site, "DROP TABLE saved", NULL, 0);
}

/* ---- with the server key as well ---- */

static struct public_row row_of(struct public_site *t, const char *name)
{
    const struct public_row wanted = {.scope = PUBLIC_DEPLOYMENT, .name = bytes_str(name)};
    struct store *s = service_of(site_next(&t->site))->store;
    struct public_row row;
    struct key tag;
    store_public_tag(s, &wanted, NULL, &tag);
    assert_int_equal(store_public_find(t->site.op, s, &tag, &row), WW_OK);
    return row;
}

static void put_back(struct public_site *t, const struct public_row *row)
{
    assert_int_equal(store_public_update(t->site.op, service_of(t->site.op)->store, row), WW_OK);
}

static void nobody_speaks_for_an_owner(void **state)
{
    struct public_site *t = *state;
    struct public_row row;
    for (int i = 0; i < 7; i++) {
        row = row_of(t, "motto");
        const struct public_row good = row;
        row.value = i == 0 ? bytes_str("dates") : row.value;
        row.version += i == 1;
        row.time += i == 2;
        row.epoch += i == 3;
        row.signature[5] ^= i == 4;
        row.name = i == 5 ? bytes_str("mottofigs") : row.name; /* the same bytes, parted elsewhere */
        row.value = i == 5 ? bytes_str("") : row.value;
        row.scope = i == 6 ? PUBLIC_OWN : row.scope;
        put_back(t, &row);
        assert_int_equal(get(t, t->bob, NULL, "motto", "figs"), WW_ETAMPERED);
        assert_true(site_check(&t->site) > 0);
        site_next(&t->site);
        struct public_row again = good;
        again.value = bytes_str("figs");
        again.name = bytes_str("motto");
        put_back(t, &again);
        assert_int_equal(get(t, t->bob, NULL, "motto", "figs"), WW_OK);
    }
}

/* vault.md §14.6: with write access an older version of a public row can be shown. */
static void limit_an_older_version_can_be_shown(void **state)
{
    struct public_site *t = *state;
    site_sql(&t->site, "CREATE TABLE saved AS SELECT * FROM publics", NULL, 0);
    assert_int_equal(put(t, t->ada, WW_PUBLIC_DEPLOYMENT, "motto", "dates"), WW_OK);
    assert_int_equal(get(t, t->bob, NULL, "motto", "dates"), WW_OK);
    site_sql(&t->site, "UPDATE publics SET blob = (SELECT s.blob FROM saved s WHERE s.id = publics.id)", NULL,
             0);
    assert_int_equal(get(t, t->bob, NULL, "motto", "figs"), WW_OK);
    site_sql(&t->site, "DROP TABLE saved", NULL, 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_public, close_public)
    const struct CMUnitTest tests[] = {
        CASE(everybody_reads_what_its_owner_wrote),
        CASE(a_name_of_the_deployment_is_of_who_had_it_first),
        CASE(conditions_hold_or_refuse),
        CASE(what_may_not_be_is_refused),
        CASE(a_locked_session_reads_and_does_not_write),
        CASE(ones_own_are_listed_in_pages),
        CASE(it_outlives_new_keys_of_its_owner),
        CASE(every_flipped_byte_is_refused),
        CASE(plain_columns_are_never_believed),
        CASE(a_row_under_another_tag_is_refused),
        CASE(blobs_of_two_rows_exchanged_are_refused),
        CASE(nobody_speaks_for_an_owner),
        CASE(limit_an_older_version_can_be_shown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
