/* The decision whether a token is a session (vault.md §9), where the public interface cannot bring it about:
 * rows of another form, an account that is older than its session, a state without a new generation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_int.h"
#include "session_int.h"
#include "site.h"

struct fixture {
    struct site site;
    char *token;
};

static int set_up(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    site_open(&f.site, NULL);
    f.token = site_register(&f.site, "ada");
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    free(f->token);
    site_close(&f->site);
    return 0;
}

static enum ww_err resume(struct fixture *f, struct session **x)
{
    struct ww_op *op = site_next(&f->site);
    struct service *s = service_of(op);
    return session_resume(op, s->store, &s->sessions, f->token, false, x);
}

/* Seals other bytes into the row, as only who has the server key can. */
static void write_content(struct fixture *f, struct session *x, struct bytes content)
{
    struct ww_op *op = f->site.op;
    struct store *store = service_of(op)->store;
    assert_int_equal(store_tx_begin(op, store, DB_WRITE), WW_OK);
    assert_int_equal(store_session_row_update(op, store, &x->record->uuid, &x->row, content, x->row.expires),
                     WW_OK);
    assert_int_equal(store_tx_commit(op), WW_OK);
}

static void a_row_of_another_form_is_no_session(void **state)
{
    struct fixture *f = *state;
    struct session *x, *again;
    assert_int_equal(resume(f, &x), WW_OK);
    size_t n = x->row.content.n;
    uint8_t *before = malloc(n), *later = malloc(n);
    memcpy(before, x->row.content.p, n);
    memcpy(later, before, n);
    later[0] = 2; /* the format of a later version */
    const struct bytes others[] = {BYTES(later, n), BYTES(before, n - 1), BYTES(before, 20), BYTES("", 0)};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        write_content(f, x, others[i]);
        struct key lookup = x->row.lookup;
        assert_int_equal(resume(f, &again), WW_EDENIED);
        assert_string_equal(f->site.op->problem.id, "session_inactive");
        assert_null(again);
        /* the row as it is now, for the next writing */
        x = ARENA_NEW(&f->site.op->arena, struct session);
        x->row.lookup = lookup;
        assert_int_equal(store_session_row_load(f->site.op, service_of(f->site.op)->store, &lookup, &x->row,
                                                &x->record, NULL),
                         WW_OK);
    }
    write_content(f, x, BYTES(before, n));
    assert_int_equal(resume(f, &x), WW_OK);
    free(before);
    free(later);
}

static void an_account_that_was_put_back_is_older_than_its_session(void **state)
{
    static const char *const alone[] = {"watchword.witness_file=off", NULL};
    struct fixture *f = *state;
    struct ww_session *session;
    struct session *x;
    site_reopen(&f->site, alone); /* the session's own number is what is left to tell */
    site_sql(&f->site, "CREATE TABLE kept AS SELECT * FROM accounts", NULL, 0);
    /* Of another name since: neither the generation of sessions nor the password has changed. */
    session = site_resume(&f->site, f->token);
    assert_int_equal(ww_traits_change(f->site.op, session, "{\"email\":\"eve@example.org\"}"), WW_OK);
    assert_int_equal(site_login(&f->site, "eve", TEST_PASSWORD, &session), WW_OK);
    free(f->token);
    f->token = strdup(ww_session_token(f->site.op, session));
    assert_int_equal(resume(f, &x), WW_OK);
    site_sql(&f->site, "UPDATE accounts SET blob = (SELECT blob FROM kept), seq = (SELECT seq FROM kept)",
             NULL, 0);
    assert_int_equal(resume(f, &x), WW_EROLLEDBACK);
    assert_string_equal(f->site.op->problem.id, "vault_rolled_back");
}

/* Disabling ends sessions by their generation; the state alone would be enough. */
static void an_account_that_is_not_active_has_no_sessions(void **state)
{
    struct fixture *f = *state;
    struct session *x;
    assert_int_equal(resume(f, &x), WW_OK);
    struct ww_op *op = f->site.op;
    struct store *store = service_of(op)->store;
    x->record->state = STATE_INACTIVE;
    assert_int_equal(store_tx_begin(op, store, DB_WRITE), WW_OK);
    assert_int_equal(store_record_update(op, store, x->record), WW_OK);
    assert_int_equal(store_tx_commit(op), WW_OK);
    assert_int_equal(resume(f, &x), WW_EDENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_row_of_another_form_is_no_session, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_account_that_was_put_back_is_older_than_its_session, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_account_that_is_not_active_has_no_sessions, set_up, tear_down),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
