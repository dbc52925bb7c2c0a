/* What administrators change beside what people do: nothing is lost, the vault stays as it is, names belong
 * to one account. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_int.h"
#include "site.h"
#include "watchword/admin.h"

enum { THREADS = 4, ROUNDS = 8 };

static void id_of(struct ww_op *op, const char *name, char out[37])
{
    const char *json, *at;
    assert_int_equal(ww_admin_identity_find(op, name, &json), WW_OK);
    assert_non_null(at = strstr(json, "\"id\":\""));
    memcpy(out, at + 6, 36);
    out[36] = 0;
}

struct racer {
    struct site *site;
    const char *id, *token;
    int number, done, refused;
    enum ww_err unexpected;
};

static void run(struct racer *racers, struct site *s, const char *id, const char *token,
                void *(*body)(void *))
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.site = s, .id = id, .token = token, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, body, &racers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        if (racers[i].unexpected) {
            fail_msg("thread %d: %s", i, ww_err_name(racers[i].unexpected));
        }
    }
}

static enum ww_err patch_once(struct racer *r, const char *text)
{
    struct ww_op *op;
    const char *json;
    enum ww_err err;
    do {
        err = ww_op_begin(r->site->ww, NULL, &op);
        if (!err) {
            err = ww_admin_identity_patch(op, r->id, text, strlen(text), &json);
            ww_op_end(op);
        }
    } while (err == WW_EBUSY);
    return err;
}

/* Half of them patch, the others write into the vault, whose writes change the same record. */
static void *patch_or_write(void *context)
{
    struct racer *r = context;
    for (int i = 0; i < ROUNDS && !r->unexpected; i++) {
        char text[200];
        if (r->number % 2) {
            snprintf(text, sizeof text,
                     "[{\"op\":\"add\",\"path\":\"/metadata_admin/of_%d_%d\",\"value\":1}]", r->number, i);
            r->unexpected = patch_once(r, text);
            continue;
        }
        struct ww_op *op;
        struct ww_session *session;
        snprintf(text, sizeof text, "item %d of %d", i, r->number);
        enum ww_err err = ww_op_begin(r->site->ww, NULL, &op);
        err = err ? err : ww_session_resume(op, r->token, &session);
        while (!err && (err = ww_item_put(op, session, text, text, strlen(text), NULL, NULL)) == WW_EBUSY) {
            err = WW_OK;
        }
        r->unexpected = err;
        ww_op_end(op);
    }
    return NULL;
}

static void no_patch_and_no_write_is_lost(void **state)
{
    struct site s;
    struct racer racers[THREADS];
    struct ww_vault_state v = {.size = sizeof v};
    const char *json;
    char id[37];
    (void)state;
    site_open(&s, NULL);
    char *token = site_register(&s, "ada");
    id_of(site_next(&s), "ada@example.org", id);
    run(racers, &s, id, token, patch_or_write);
    assert_int_equal(ww_admin_identity_get(site_next(&s), id, &json), WW_OK);
    int seen = 0;
    for (const char *at = json; (at = strstr(at, "\"of_")); at++) {
        seen++;
    }
    assert_int_equal(seen, THREADS / 2 * ROUNDS);
    struct ww_session *session = site_resume(&s, token);
    assert_int_equal(ww_vault_state(s.op, session, &v), WW_OK);
    assert_int_equal(v.items, THREADS / 2 * ROUNDS);
    assert_int_equal(site_check(&s), 0);
    free(token);
    site_close(&s);
}

/* Each has an account of its own and wants one name. */
static void *take_the_name(void *context)
{
    struct racer *r = context;
    struct ww_op *op;
    char name[60], own[37];
    struct racer mine = *r;
    snprintf(name, sizeof name, "person%d@example.org", r->number);
    if (ww_op_begin(r->site->ww, NULL, &op)) {
        r->unexpected = WW_ENOMEM;
        return NULL;
    }
    id_of(op, name, own);
    ww_op_end(op);
    mine.id = own;
    enum ww_err err = patch_once(
        &mine, "[{\"op\":\"replace\",\"path\":\"/traits/email\",\"value\":\"wanted@example.org\"}]");
    r->done = err == WW_OK;
    r->refused = err == WW_ECONFLICT;
    r->unexpected = r->done || r->refused ? WW_OK : err;
    return NULL;
}

static void a_name_goes_to_one_account(void **state)
{
    struct site s;
    struct racer racers[THREADS];
    int done = 0;
    (void)state;
    site_open(&s, NULL);
    for (int i = 0; i < THREADS; i++) {
        char name[20];
        snprintf(name, sizeof name, "person%d", i);
        free(site_register(&s, name));
    }
    run(racers, &s, "", "", take_the_name);
    for (int i = 0; i < THREADS; i++) {
        done += racers[i].done;
    }
    assert_int_equal(done, 1);
    assert_int_equal(site_check(&s), 0);
    site_close(&s);
}

/* A hash that is set on an account with a vault: its password signs in and opens nothing; the old one still
 * opens. */
static void a_hash_that_is_set_opens_no_vault(void **state)
{
    static const char body[] = "{\"traits\":{\"email\":\"ada@example.org\"},\"credentials\":{\"password\":{"
                               "\"config\":{\"hashed_password\":\"$md5$CY9rzUYh03PK3k6DJie09g==\"}}}}";
    struct ww_opener opener = {
        .size = sizeof opener, .password = TEST_PASSWORD, .password_length = strlen(TEST_PASSWORD)};
    struct site s;
    struct ww_session *session, *opened;
    const void *value;
    const char *json, *code;
    char id[37];
    size_t n;
    (void)state;
    site_open(&s, NULL);
    char *token = site_register(&s, "ada");
    assert_int_equal(site_put(&s, token, "note", "figs"), WW_OK);
    id_of(site_next(&s), "ada@example.org", id);
    assert_int_equal(ww_admin_identity_update(s.op, id, body, strlen(body), &json), WW_OK);
    assert_int_equal(ww_session_resume(site_next(&s), token, &session), WW_EDENIED);
    assert_int_equal(site_sign_in(s.op, "ada@example.org", TEST_PASSWORD, &session), WW_EDENIED);
    assert_int_equal(site_sign_in(site_next(&s), "ada@example.org", "test", &session), WW_OK);
    assert_false(ww_session_unlocked(s.op, session));
    assert_int_equal(ww_item_get(s.op, session, "note", &value, &n, NULL), WW_ELOCKED);
    assert_int_equal(ww_unlock(s.op, session, &opener, &opened, &code), WW_OK);
    assert_int_equal(ww_item_get(s.op, opened, "note", &value, &n, NULL), WW_OK);
    assert_int_equal(site_check(&s), 0);
    free(token);
    site_close(&s);
}

static void the_last_way_in_stays(void **state)
{
    struct site s;
    struct ww_session *session;
    char id[37];
    (void)state;
    site_open(&s, NULL);
    char *token = site_register(&s, "ada");
    id_of(site_next(&s), "ada@example.org", id);
    assert_int_equal(ww_admin_credentials_delete(s.op, id, "password"), WW_EINVAL);
    assert_string_equal(ww_op_problem(s.op)->id, "last_credential");
    assert_int_equal(ww_admin_credentials_delete(s.op, id, "totp"), WW_ENOTFOUND);
    assert_int_equal(ww_admin_credentials_delete(s.op, id, ""), WW_ENOTFOUND);
    assert_int_equal(ww_session_resume(site_next(&s), token, &session), WW_OK);
    assert_int_equal(site_check(&s), 0);
    free(token);
    site_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_patch_and_no_write_is_lost),
        cmocka_unit_test(a_name_goes_to_one_account),
        cmocka_unit_test(a_hash_that_is_set_opens_no_vault),
        cmocka_unit_test(the_last_way_in_stays),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
