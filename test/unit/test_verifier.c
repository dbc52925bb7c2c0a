/* Verifiers (vault.md §7, kind 1 without a slot; §10, "imported hash"): a hash of another program signs in
 * and opens nothing, until the first sign-in of an account without a vault puts a slot in its place. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "account_int.h"
#include "api_int.h"
#include "encode.h"
#include "pwhash_format.h"
#include "site.h"

/* The vectors of test_pwhash.c. */
#define ARGON2ID                                                                                             \
    "$argon2id$v=19$m=64,t=3,p=1$AAECAwQFBgcICQoLDA0ODw$vCQOGAogW9Lngs3GSYPyR+dq64+yEzrsFXC3DMzWi/8"
#define BCRYPT "$2y$12$o6hx.Wog/wvFSkT/Bp/6DOxCtLRTDj7lm9on9suF/WaCGNVHbkfL6"

static enum ww_err import(struct site *s, const char *name, const char *hash)
{
    struct account_refusal why;
    struct record *r;
    struct ww_op *op = site_next(s);
    struct js *traits = js_object(&op->arena);
    js_put(&op->arena, traits, "email",
           js_text(&op->arena, arena_printf(&op->arena, "%s@example.org", name)));
    return account_admin_create(op, service_of(op),
                                &(struct account_spec){.traits = traits, .password_hash = bytes_str(hash)},
                                &why, &r);
}

static struct record *record_of(struct site *s, const char *name)
{
    struct record *r;
    struct ww_op *op = site_next(s);
    char *address = arena_printf(&op->arena, "%s@example.org", name);
    assert_int_equal(account_admin_find(op, service_of(op), address, &r), WW_OK);
    return r;
}

static void the_first_sign_in_makes_the_vault_and_drops_the_hash(void **state)
{
    static const struct {
        const char *name, *hash, *password;
    } people[] = {
        {"ada", ARGON2ID, "correct horse battery staple"},
        {"bob", BCRYPT, "test"},
    };
    struct site *s = *state;
    for (size_t i = 0; i < 2; i++) {
        struct ww_session *session;
        enum ww_err err;
        assert_int_equal(import(s, people[i].name, people[i].hash), WW_OK);
        struct record *r = record_of(s, people[i].name);
        assert_int_equal(r->root_generation, 0);
        assert_int_equal(r->credentials[0].role, ROLE_LOGIN);
        struct uuid verifier = r->credentials[0].id;
        assert_int_equal(site_login(s, people[i].name, "another", &session), WW_EDENIED);
        assert_int_equal(record_of(s, people[i].name)->root_generation, 0);
        assert_int_equal(site_login(s, people[i].name, people[i].password, &session), WW_OK);
        assert_true(ww_session_unlocked(s->op, session));
        char *token = strdup(ww_session_token(s->op, session));
        assert_int_equal(site_put(s, token, "note", "kept"), WW_OK);
        r = record_of(s, people[i].name);
        assert_int_equal(r->credential_count, 1);
        assert_int_equal(r->credentials[0].role, ROLE_LOGIN | ROLE_OPENS);
        assert_false(uuid_equal(r->credentials[0].id, verifier));
        assert_int_equal(site_login(s, people[i].name, "another", &session), WW_EDENIED);
        assert_int_equal(site_login(s, people[i].name, people[i].password, &session), WW_OK);
        free(token);
        token = strdup(ww_session_token(s->op, session));
        assert_string_equal(site_get(s, token, "note", &err), "kept");
        free(token);
    }
    assert_int_equal(site_check(s), 0);
}

/* Both of "pässword": as two code points (NFD), and as one. */
static void a_hash_is_tried_with_the_bytes_as_typed_then_in_nfc(void **state)
{
    struct site *s = *state;
    struct ww_session *session;
    static const char nfd[] = "pa\xcc\x88ssword", nfc[] = "p\xc3\xa4ssword";
    const struct pwhash_format *f = &pwhash_argon2id;
    for (int i = 0; i < 2; i++) {
        struct ww_op *op = site_next(s);
        PWHASH_SECRET(secret);
        struct pwhash_parsed p = {.params = {.memory_kib = 64, .iterations = 1}, .salt_length = 16};
        assert_int_equal(f->derive(op, &p, bytes_str(i ? nfc : nfd), &secret), WW_OK);
        char *text = base64_encode(&op->arena, BASE64_RAW, BYTES(secret.b, secret.n));
        char *hash =
            strdup(arena_printf(&op->arena, "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$%s", text));
        const char *name = i ? "nfc" : "nfd";
        assert_int_equal(import(s, name, hash), WW_OK);
        free(hash);
        assert_int_equal(site_login(s, name, i ? nfd : nfc, &session), i ? WW_OK : WW_EDENIED);
        assert_int_equal(site_login(s, name, nfd, &session), WW_OK);
        assert_int_equal(site_login(s, name, nfc, &session), WW_OK); /* a slot by now: one form */
    }
}

/* The same hash, set by an administrator on an account that has a vault: unlocking makes a slot of what the
 * hash holds, which was never NFC; it opens as typed, and the sign-in that does so makes it one of NFC. */
static void a_slot_made_of_a_hash_opens_as_it_was_typed(void **state)
{
    struct site *s = *state;
    static const char nfd[] = "pa\xcc\x88ssword", nfc[] = "p\xc3\xa4ssword";
    const struct pwhash_format *f = &pwhash_argon2id;
    const struct ww_opener old = {
        .size = sizeof old, .password = TEST_PASSWORD, .password_length = strlen(TEST_PASSWORD)};
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"nfd", "nfc", "bcrypt"};
        struct ww_session *session, *opened;
        struct cred_ready ready;
        const char *next, *typed = i == 2 ? "test" : nfd;
        PWHASH_SECRET(secret);
        char *first = site_register(s, names[i]);
        assert_int_equal(site_put(s, first, "note", "kept"), WW_OK);
        struct record *r = record_of(s, names[i]);
        struct ww_op *op = s->op;
        struct store *store = service_of(op)->store;
        struct pwhash_parsed p = {.params = {.memory_kib = 64, .iterations = 1}, .salt_length = 16};
        assert_int_equal(f->derive(op, &p, bytes_str(i ? nfc : nfd), &secret), WW_OK);
        char *text = base64_encode(&op->arena, BASE64_RAW, BYTES(secret.b, secret.n));
        char *hash = arena_printf(&op->arena, "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$%s", text);
        struct cred_context x = account_credentials(service_of(op));
        struct credential_row row;
        assert_int_equal(cred_password_import(op, &x, bytes_str(i == 2 ? BCRYPT : hash), &ready), WW_OK);
        assert_int_equal(store_tx_begin(op, store, DB_WRITE), WW_OK);
        r->credentials[0].role = ROLE_OPENS;
        assert_int_equal(cred_add(op, r, &ready, NULL, &row), WW_OK);
        assert_int_equal(store_credential_insert(op, store, r, &row), WW_OK);
        assert_int_equal(store_record_update(op, store, r), WW_OK);
        assert_int_equal(store_tx_commit(op), WW_OK);

        assert_int_equal(site_login(s, names[i], typed, &session), WW_OK);
        assert_false(ww_session_unlocked(s->op, session));
        assert_int_equal(ww_unlock(s->op, session, &old, &opened, &next), WW_OK);
        if (i == 0) { /* as before: of this hash, the other form is another password */
            assert_int_equal(site_login(s, names[i], nfc, &session), WW_EDENIED);
        }
        for (int again = 0; again < 2; again++) {
            assert_int_equal(site_login(s, names[i], typed, &session), WW_OK);
            assert_true(ww_session_unlocked(s->op, session));
        }
        assert_int_equal(site_login(s, names[i], i == 2 ? typed : nfc, &session), WW_OK);
        assert_true(ww_session_unlocked(s->op, session));
        assert_int_equal(site_login(s, names[i], "another one", &session), WW_EDENIED);
        free(first);
    }
    assert_int_equal(site_check(s), 0);
}

static void what_cannot_be_verified_is_not_taken_over(void **state)
{
    struct site *s = *state;
    static const struct {
        const char *hash, *id;
    } bad[] = {{"plain", "password_hash_unknown"},
               {"$9$salt$qJH7.N4xYta3aEG/dfqo/0", "password_hash_unknown"},
               {"$argon2id$v=19$m=64,t=3,p=1$AAECAwQFBgcICQoLDA0ODw", "password_hash_malformed"},
               {"$2b$31$o6hx.Wog/wvFSkT/Bp/6DOxCtLRTDj7lm9on9suF/WaCGNVHbkfL6", "password_hash_costly"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(import(s, "ada", bad[i].hash), WW_EINVAL);
        assert_string_equal(s->op->problem.id, bad[i].id);
        assert_string_equal(s->op->problem.field, "password");
    }
}

/* Where the account has a vault already, a verifier signs in, and the session is locked. */
static void a_verifier_opens_no_vault_that_is_there(void **state)
{
    struct site *s = *state;
    struct ww_session *session;
    struct cred_ready ready;
    struct credential_row row;
    char *token = site_register(s, "ada");
    struct record *r = record_of(s, "ada");
    struct store *store = service_of(s->op)->store;
    struct cred_context x = {
        .store = store, .pool = service_of(s->op)->pool, .hashing = &service_of(s->op)->hashing};
    assert_int_equal(store_tx_begin(s->op, store, DB_WRITE), WW_OK);
    r->credentials[0].role = ROLE_OPENS; /* the old password opens, and no longer signs in */
    assert_int_equal(cred_password_import(s->op, &x, bytes_str(BCRYPT), &ready), WW_OK);
    assert_int_equal(cred_add(s->op, r, &ready, NULL, &row), WW_OK);
    assert_int_equal(store_credential_insert(s->op, store, r, &row), WW_OK);
    assert_int_equal(store_record_update(s->op, store, r), WW_OK);
    assert_int_equal(store_tx_commit(s->op), WW_OK);
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &session), WW_EDENIED);
    assert_int_equal(site_login(s, "ada", "test", &session), WW_OK);
    assert_false(ww_session_unlocked(s->op, session));
    assert_int_equal(record_of(s, "ada")->credential_count, 2);
    assert_int_equal(site_check(s), 0);
    free(token);
}

/* bcrypt is configured and takes no 80 bytes, so that the first sign-in makes neither slot nor vault. */
static void without_a_vault_there_is_nothing_to_unlock(void **state)
{
    static const char *const bcrypt[] = {"hashers.algorithm=bcrypt", "hashers.bcrypt.cost=12", NULL};
    static const char password[] =
        "a long walk by the sea, and then another one along the river, and then home again";
    struct site *s = *state;
    struct ww_session *session, *renewed;
    struct ww_op *op = site_next(s);
    PWHASH_SECRET(secret);
    struct pwhash_parsed p = {.params = {.memory_kib = 64, .iterations = 1}, .salt_length = 16};
    assert_int_equal(pwhash_argon2id.derive(op, &p, bytes_str(password), &secret), WW_OK);
    char *text = base64_encode(&op->arena, BASE64_RAW, BYTES(secret.b, secret.n));
    char *hash =
        strdup(arena_printf(&op->arena, "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$%s", text));
    assert_int_equal(import(s, "ada", hash), WW_OK);
    free(hash);
    site_reopen(s, bcrypt);
    assert_int_equal(site_login(s, "ada", password, &session), WW_OK);
    assert_false(ww_session_unlocked(s->op, session));
    const char *code;
    struct ww_opener opener = {
        .size = sizeof opener, .password = password, .password_length = sizeof password - 1};
    assert_int_equal(ww_unlock(s->op, session, &opener, &renewed, &code), WW_ENOVAULT);
    assert_string_equal(ww_op_problem(s->op)->id, "vault_none");
    assert_int_equal(record_of(s, "ada")->root_generation, 0);
}

/* The row of a verifier, put back by who may write to the database after a slot took its place. */
static void a_verifier_put_back_signs_nobody_in(void **state)
{
    struct site *s = *state;
    struct ww_session *session;
    assert_int_equal(import(s, "bob", BCRYPT), WW_OK);
    site_sql(s, "CREATE TABLE kept AS SELECT * FROM credentials", NULL, 0);
    assert_int_equal(site_login(s, "bob", "test", &session), WW_OK);
    assert_int_equal(site_new_password(s->op, session, "an entirely different one"), WW_OK);
    site_sql(s, "INSERT INTO credentials SELECT * FROM kept", NULL, 0);
    assert_int_equal(site_login(s, "bob", "test", &session), WW_EDENIED);
    assert_int_equal(site_login(s, "bob", "an entirely different one", &session), WW_OK);
    assert_int_equal(site_check(s), 1);
}

/* ---- two first sign-ins at once: one makes the vault, the other starts over with the slot ---- */

enum { THREADS = 4 };

static void *first_sign_in(void *context)
{
    struct site *s = context;
    struct ww_op *op;
    struct session *x = NULL;
    const struct cred_proof proof = {.kind = CRED_PASSWORD,
                                     .typed = bytes_str("correct horse battery staple")};
    enum ww_err err = ww_op_begin(s->ww, NULL, &op);
    if (!err) {
        err = account_sign_in(
            op, &s->ww->service,
            &(struct account_sign_in){.identifier = "ada@example.org", .proofs = &proof, .count = 1}, &x);
    }
    bool good = !err && x->root;
    ww_op_end(op);
    return good ? s : NULL;
}

static void first_sign_ins_at_once_all_succeed(void **state)
{
    struct site *s = *state;
    pthread_t threads[THREADS];
    assert_int_equal(import(s, "ada", ARGON2ID), WW_OK);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, first_sign_in, s), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *good;
        pthread_join(threads[i], &good);
        assert_non_null(good);
    }
    struct record *r = record_of(s, "ada");
    assert_int_equal(r->root_generation, 1);
    assert_int_equal(r->credential_count, 1);
    assert_int_equal(site_check(s), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_sign_in_makes_the_vault_and_drops_the_hash, site_setup,
                                        site_teardown),
        cmocka_unit_test_setup_teardown(a_hash_is_tried_with_the_bytes_as_typed_then_in_nfc, site_setup,
                                        site_teardown),
        cmocka_unit_test_setup_teardown(a_slot_made_of_a_hash_opens_as_it_was_typed, site_setup,
                                        site_teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_verified_is_not_taken_over, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(a_verifier_opens_no_vault_that_is_there, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(without_a_vault_there_is_nothing_to_unlock, site_setup,
                                        site_teardown),
        cmocka_unit_test_setup_teardown(a_verifier_put_back_signs_nobody_in, site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(first_sign_ins_at_once_all_succeed, site_setup, site_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("verifier", tests, NULL, NULL);
}
