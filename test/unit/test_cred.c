/* The decision whether a password is right (vault.md §7), case by case: cred_check on accounts as they are,
 * as they were a moment ago, and as somebody left them who may write to the database. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "api_int.h"
#include "cred_int.h"
#include "site.h"

struct fixture {
    struct site site;
    char *token;
    struct authn *authn;
    struct cred_ready upgrade;
    long fail_statement; /* which statement of the check fails; 0: none */
};

static int open_with(void **state, const char *const *settings)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    site_open(&f.site, settings);
    f.token = site_register(&f.site, "ada");
    *state = &f;
    return 0;
}

static int set_up(void **state)
{
    return open_with(state, NULL);
}

static int set_up_bcrypt(void **state)
{
    static const char *const bcrypt[] = {"hashers.algorithm=bcrypt", "hashers.bcrypt.cost=12", NULL};
    return open_with(state, bcrypt);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    free(f->token);
    site_close(&f->site);
    return 0;
}

static struct service *service(struct fixture *f)
{
    return service_of(f->site.op);
}

static struct record *ada(struct fixture *f)
{
    struct record *r;
    site_next(&f->site);
    assert_int_equal(account_admin_find(f->site.op, service(f), "ada@example.org", &r), WW_OK);
    return r;
}

static enum ww_err check_bytes(struct fixture *f, struct record *r, struct bytes typed)
{
    struct ww_op *op = f->site.op;
    struct service *s = service(f);
    struct cred_context x = {.store = s->store, .pool = s->pool, .hashing = &s->hashing};
    const struct cred_proof proof = {.kind = CRED_PASSWORD, .typed = typed};
    struct admit *admit;
    struct key tag = {{0}};
    assert_int_equal(throttle_admit(op, s->throttle, &tag, r ? &r->uuid : NULL, &admit), WW_OK);
    f->site.fail_at[WW_FAULT_STATEMENT] = f->fail_statement;
    enum ww_err err = cred_check(op, &x, admit, r, &proof, 1, &f->authn, &f->upgrade);
    f->site.fail_at[WW_FAULT_STATEMENT] = 0;
    throttle_not_tried(op, s->throttle, admit); /* the throttle has tests of its own */
    if (err) {
        assert_null(f->authn);
    }
    if (err == WW_EDENIED) {
        assert_string_equal(op->problem.id, "wrong_credentials");
        assert_string_equal(op->problem.text, "the name or the password is wrong");
    }
    return err;
}

static enum ww_err check(struct fixture *f, struct record *r, const char *typed)
{
    return check_bytes(f, r, bytes_str(typed));
}

/* ---- right and wrong ---- */

static void the_right_password_makes_a_proof_that_opens(void **state)
{
    struct fixture *f = *state;
    struct record *r = ada(f);
    size_t n;
    assert_int_equal(check(f, r, TEST_PASSWORD), WW_OK);
    assert_ptr_equal(cred_authn_record(f->authn), r);
    assert_non_null(cred_authn_root(f->authn));
    assert_int_equal(cred_authn_level(f->authn), 1);
    const struct authn_step *step = cred_authn_steps(f->authn, &n);
    assert_int_equal(n, 1);
    assert_string_equal(step->method, "password");
    assert_true(uuid_equal(step->credential, r->credentials[0].id));
    assert_null(f->upgrade.public_part.p);
}

static void whatever_is_wrong_gets_one_answer(void **state)
{
    struct fixture *f = *state;
    struct record *r = ada(f);
    char *long_one = arena_alloc(&f->site.op->arena, 5000);
    memset(long_one, 'x', 5000);
    assert_int_equal(check(f, r, "not the password"), WW_EDENIED);
    assert_int_equal(check(f, r, ""), WW_EDENIED);
    assert_int_equal(check(f, r, "\xff"), WW_EDENIED); /* cannot have been set: not UTF-8 */
    assert_int_equal(check_bytes(f, r, BYTES(long_one, 5000)), WW_EDENIED); /* … nor so long */
    assert_int_equal(check(f, NULL, TEST_PASSWORD), WW_EDENIED);
    memset(long_one, 'x', 2000);
    assert_int_equal(check_bytes(f, r, BYTES(long_one, 2000)), WW_EDENIED);
    r->credentials[0].role = ROLE_OPENS; /* no longer one to sign in with */
    assert_int_equal(check(f, r, TEST_PASSWORD), WW_EDENIED);
    r->credentials[0].kind = CRED_TOTP;
    assert_int_equal(check(f, r, TEST_PASSWORD), WW_EDENIED);
    r->credential_count = 0;
    assert_int_equal(check(f, r, TEST_PASSWORD), WW_EDENIED);
}

static void no_proofs_and_too_many_prove_nothing(void **state)
{
    struct fixture *f = *state;
    struct record *r = ada(f);
    struct cred_context x = {
        .store = service(f)->store, .pool = service(f)->pool, .hashing = &service(f)->hashing};
    struct cred_proof proofs[5];
    struct admit *admit;
    struct key tag = {{0}};
    for (int i = 0; i < 5; i++) {
        proofs[i] = (struct cred_proof){.kind = CRED_PASSWORD, .typed = bytes_str(TEST_PASSWORD)};
    }
    assert_int_equal(throttle_admit(f->site.op, service(f)->throttle, &tag, &r->uuid, &admit), WW_OK);
    assert_int_equal(cred_check(f->site.op, &x, admit, r, proofs, 0, &f->authn, &f->upgrade), WW_EDENIED);
    assert_int_equal(cred_check(f->site.op, &x, admit, r, proofs, 5, &f->authn, &f->upgrade), WW_EDENIED);
    assert_null(f->authn);
    proofs[0].kind = CRED_ESCROW; /* a kind that nobody can offer */
    assert_int_equal(cred_check(f->site.op, &x, admit, r, proofs, 1, &f->authn, &f->upgrade), WW_EDENIED);
    throttle_not_tried(f->site.op, service(f)->throttle, admit);
}

/* ---- its own new password, and hashes of others ---- */

static void whether_a_password_opens_is_told_without_a_proof(void **state)
{
    struct fixture *f = *state;
    struct record *r = ada(f);
    struct cred_context x = {
        .store = service(f)->store, .pool = service(f)->pool, .hashing = &service(f)->hashing};
    bool opens;
    assert_int_equal(cred_password_opens(f->site.op, &x, r, bytes_str(TEST_PASSWORD), &opens), WW_OK);
    assert_true(opens);
    assert_int_equal(cred_password_opens(f->site.op, &x, r, bytes_str("another"), &opens), WW_OK);
    assert_false(opens);
    assert_int_equal(cred_password_opens(f->site.op, &x, r, bytes_str("\xff"), &opens), WW_EINVAL);
    r->credentials[0].role = ROLE_LOGIN; /* a verifier opens nothing */
    assert_int_equal(cred_password_opens(f->site.op, &x, r, bytes_str(TEST_PASSWORD), &opens), WW_OK);
    assert_false(opens);
    r->credential_count = 0;
    assert_int_equal(cred_password_opens(f->site.op, &x, r, bytes_str(TEST_PASSWORD), &opens), WW_OK);
    assert_false(opens);
}

static void a_hash_with_a_nul_in_it_is_none(void **state)
{
    struct fixture *f = *state;
    struct cred_context x = {
        .store = service(f)->store, .pool = service(f)->pool, .hashing = &service(f)->hashing};
    struct cred_ready ready;
    static const char hash[] = "$2y$12$o6hx.Wog/wvFSkT/Bp/6DOxCtLRTDj7lm9on9suF/WaCGNVHbkfL6\0x";
    assert_int_equal(cred_password_import(f->site.op, &x, BYTES(hash, sizeof hash - 1), &ready), WW_EINVAL);
    assert_int_equal(cred_password_import(f->site.op, &x, BYTES(hash, sizeof hash - 3), &ready), WW_OK);
    assert_null(ready.secret.p);
}

/* ---- without memory, without a database ---- */

/* Fails the n-th allocation or statement in turn, until the check comes through: nothing but what is true,
 * and that there is no answer now. */
static void fail_in_turn(struct fixture *f, enum ww_fault kind, bool known, const char *typed,
                         enum ww_err right)
{
    enum ww_err err = WW_EINTERNAL;
    for (long n = 1; n < 500 && err != right; n++) {
        struct record *r = known ? ada(f) : NULL;
        struct ww_op *op = known ? f->site.op : site_next(&f->site);
        struct service *s = service(f);
        struct cred_context x = {.store = s->store, .pool = s->pool, .hashing = &s->hashing};
        const struct cred_proof proof = {.kind = CRED_PASSWORD, .typed = bytes_str(typed)};
        struct admit *admit;
        struct key tag = {{0}};
        assert_int_equal(throttle_admit(op, s->throttle, &tag, NULL, &admit), WW_OK);
        f->site.fail_at[kind] = n;
        err = cred_check(op, &x, admit, r, &proof, 1, &f->authn, &f->upgrade);
        f->site.fail_at[kind] = 0;
        throttle_not_tried(op, s->throttle, admit);
        if (err != right && err != WW_ENOMEM && err != WW_EBUSY && err != WW_EIO) {
            fail_msg("the %ld-th: %s", n, ww_err_name(err));
        }
    }
    assert_int_equal(err, right);
}

static void want_of_memory_is_never_a_wrong_password(void **state)
{
    struct fixture *f = *state;
    fail_in_turn(f, WW_FAULT_ALLOC, true, TEST_PASSWORD, WW_OK);
    fail_in_turn(f, WW_FAULT_ALLOC, false, TEST_PASSWORD, WW_EDENIED);
    fail_in_turn(f, WW_FAULT_STATEMENT, true, TEST_PASSWORD, WW_OK);

    struct record *r = ada(f);
    struct cred_context x = {
        .store = service(f)->store, .pool = service(f)->pool, .hashing = &service(f)->hashing};
    bool opens = false;
    for (long n = 1; n < 100 && !opens; n++) {
        f->site.fail_at[WW_FAULT_ALLOC] = n;
        enum ww_err err = cred_password_opens(f->site.op, &x, r, bytes_str(TEST_PASSWORD), &opens);
        f->site.fail_at[WW_FAULT_ALLOC] = 0;
        assert_int_equal(err, opens ? WW_OK : WW_ENOMEM);
    }
    assert_true(opens);
    struct cred_ready ready;
    f->site.fail_at[WW_FAULT_ALLOC] = 1;
    enum ww_err err = cred_password_import(f->site.op, &x, bytes_str("$2b$"), &ready);
    f->site.fail_at[WW_FAULT_ALLOC] = 0;
    assert_true(err == WW_ENOMEM || err == WW_EINVAL); /* where the arena had room left */
}

static void a_password_that_bcrypt_would_cut_is_wrong(void **state)
{
    struct fixture *f = *state;
    char text[74];
    memset(text, 'x', 73);
    text[73] = 0;
    assert_int_equal(check(f, ada(f), text), WW_EDENIED);
    assert_int_equal(check(f, NULL, text), WW_EDENIED);
    assert_int_equal(check(f, ada(f), TEST_PASSWORD), WW_OK);
    /* Nor does it open what a password of 72 bytes opens. */
    struct record *r = ada(f);
    struct cred_context x = {
        .store = service(f)->store, .pool = service(f)->pool, .hashing = &service(f)->hashing};
    bool opens = true;
    assert_int_equal(cred_password_opens(f->site.op, &x, r, bytes_str(text), &opens), WW_OK);
    assert_false(opens);
}

/* In a build that counts what runs, the counts of a child that aborts. */
void __gcov_dump(void) __attribute__((weak));

static void write_counts(int signal)
{
    (void)signal;
    if (__gcov_dump) {
        __gcov_dump();
    }
}

static void without_the_throttles_leave_nothing_is_checked(void **state)
{
    struct fixture *f = *state;
    struct record *r = ada(f);
    struct cred_context x = {
        .store = service(f)->store, .pool = service(f)->pool, .hashing = &service(f)->hashing};
    const struct cred_proof proof = {.kind = CRED_PASSWORD, .typed = bytes_str(TEST_PASSWORD)};
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, write_counts); /* which returns: abort then ends the process by the signal */
        (void)!cred_check(f->site.op, &x, NULL, r, &proof, 1, &f->authn, &f->upgrade);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---- what changed since the record was read ---- */

static void a_password_changed_just_now_is_read_again(void **state)
{
    struct fixture *f = *state;
    struct ww_session *session;
    assert_int_equal(site_login(&f->site, "ada", TEST_PASSWORD, &session), WW_OK);
    struct record *before;
    assert_int_equal(account_admin_find(f->site.op, service(f), "ada@example.org", &before), WW_OK);
    assert_int_equal(site_new_password(f->site.op, session, "an entirely different one"), WW_OK);
    assert_int_equal(check(f, before, TEST_PASSWORD), WW_EDENIED);
    assert_int_equal(check(f, before, "an entirely different one"), WW_OK);
    assert_true(cred_authn_record(f->authn)->seq > before->seq);
    enum ww_err err = WW_EIO;
    for (long n = 1; n < 20 && err != WW_OK; n++) { /* nor is a database that fails meanwhile tampering */
        f->fail_statement = n;
        err = check(f, before, "an entirely different one");
        assert_true(err == WW_OK || err == WW_EIO || err == WW_EBUSY);
    }
    assert_int_equal(err, WW_OK);
}

static void an_account_closed_just_now_is_nobodys(void **state)
{
    struct fixture *f = *state;
    struct record *r = ada(f);
    struct uuid id = r->uuid;
    assert_int_equal(account_admin_delete(f->site.op, service(f), &id), WW_OK);
    assert_int_equal(check(f, r, TEST_PASSWORD), WW_EDENIED);
}

static void a_confirmed_proof_speaks_of_the_record_as_it_is_now(void **state)
{
    struct fixture *f = *state;
    struct record *r = ada(f), changed;
    assert_int_equal(check(f, r, TEST_PASSWORD), WW_OK);
    changed = *r;
    assert_int_equal(cred_authn_confirm(f->site.op, f->authn, &changed), WW_OK);
    assert_ptr_equal(cred_authn_record(f->authn), &changed);
    struct record other = *r;
    other.uuid.b[0] ^= 1;
    assert_int_equal(cred_authn_confirm(f->site.op, f->authn, &other), WW_EDENIED);
    other = *r;
    other.root_generation++;
    assert_int_equal(cred_authn_confirm(f->site.op, f->authn, &other), WW_EDENIED);
    other = *r;
    other.credential_count = 0;
    assert_int_equal(cred_authn_confirm(f->site.op, f->authn, &other), WW_EDENIED);
    assert_ptr_equal(cred_authn_record(f->authn), &changed);
}

static void a_slot_of_an_earlier_root_key_keeps_no_vault(void **state)
{
    struct fixture *f = *state;
    struct record *r = ada(f);
    assert_true(cred_keeps_vault(r));
    r->root_generation++;
    assert_false(cred_keeps_vault(r));
    r->credential_count = 0;
    assert_false(cred_keeps_vault(r));
    r->root_generation = 0; /* there is no vault yet */
    assert_true(cred_keeps_vault(r));
}

/* ---- what was altered ---- */

static void a_row_that_is_gone_or_altered_is_tampering(void **state)
{
    struct fixture *f = *state;
    site_sql(&f->site, "UPDATE credentials SET kind = 2", NULL, 0);
    assert_int_equal(check(f, ada(f), TEST_PASSWORD), WW_ETAMPERED);
    site_sql(&f->site, "DELETE FROM credentials", NULL, 0);
    assert_int_equal(check(f, ada(f), TEST_PASSWORD), WW_ETAMPERED);
}

/* Made by one who knows the password, as vault.md §7 says, but of another length than a root key has. */
static void a_slot_with_something_else_in_it_is_tampering(void **state)
{
    struct fixture *f = *state;
    struct record *r = ada(f);
    struct ww_op *op = f->site.op;
    struct bytes secret = bytes_str("any"), short_root = BYTES("0123456789abcdef0123456789abcde", 31);
    struct credential_row row = {.id = r->credentials[0].id, .kind = CRED_PASSWORD};
    uint8_t kind = CRED_PASSWORD, aad[sizeof row.id.b + 1];
    struct bytes parts[] = {BYTES_OF(kind), secret};
    struct key ikm, *root;
    derive_parts(&ikm, NULL, "ikm", &r->uuid, parts, 2);
    memcpy(aad, row.id.b, sizeof row.id.b);
    aad[sizeof row.id.b] = kind;
    const struct place where = {"slot", &r->uuid, r->root_generation, BYTES_OF(aad)};
    assert_int_equal(seal(op, &ikm, where, BYTES("0123456789abcdef0123456789abcdef", 32), &row.slot), WW_OK);
    assert_int_equal(cred_slot_open(op, r, &r->credentials[0], &row, secret, &root), WW_OK);
    assert_int_equal(seal(op, &ikm, where, short_root, &row.slot), WW_OK);
    assert_int_equal(cred_slot_open(op, r, &r->credentials[0], &row, secret, &root), WW_ETAMPERED);
    assert_null(root);
}

/* ---- parameters ---- */

static void a_weaker_slot_comes_with_its_replacement(void **state)
{
    struct fixture *f = *state;
    static const char *const stronger[] = {"hashers.argon2.memory=32MB", "hashers.argon2.iterations=2", NULL};
    site_reopen(&f->site, stronger);
    assert_int_equal(check(f, ada(f), "not the password"), WW_EDENIED);
    assert_null(f->upgrade.public_part.p);
    assert_int_equal(check(f, ada(f), TEST_PASSWORD), WW_OK);
    assert_non_null(f->upgrade.secret.p);
    assert_memory_equal(f->upgrade.public_part.p, "$argon2id$v=19$m=32768,t=2,p=1$", 31);
}

/* 80 bytes under Argon2id, and bcrypt is configured since: it signs in as before. */
static void a_replacement_that_cannot_be_made_is_no_reason_to_refuse(void **state)
{
    struct fixture *f = *state;
    static const char *const bcrypt[] = {"hashers.algorithm=bcrypt", "hashers.bcrypt.cost=12", NULL};
    static const char text[] =
        "a long walk by the sea, and then another one along the river, and then home again";
    struct ww_session *session = site_resume(&f->site, f->token);
    assert_int_equal(site_new_password(f->site.op, session, text), WW_OK);
    site_reopen(&f->site, bcrypt);
    assert_int_equal(check(f, ada(f), text), WW_OK);
    assert_null(f->upgrade.public_part.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_right_password_makes_a_proof_that_opens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whatever_is_wrong_gets_one_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_proofs_and_too_many_prove_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whether_a_password_opens_is_told_without_a_proof, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hash_with_a_nul_in_it_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(want_of_memory_is_never_a_wrong_password, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_replacement_that_cannot_be_made_is_no_reason_to_refuse, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_password_that_bcrypt_would_cut_is_wrong, set_up_bcrypt, tear_down),
        cmocka_unit_test_setup_teardown(without_the_throttles_leave_nothing_is_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_password_changed_just_now_is_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_account_closed_just_now_is_nobodys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_confirmed_proof_speaks_of_the_record_as_it_is_now, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_slot_of_an_earlier_root_key_keeps_no_vault, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_row_that_is_gone_or_altered_is_tampering, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slot_with_something_else_in_it_is_tampering, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_weaker_slot_comes_with_its_replacement, set_up, tear_down),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cred", tests, NULL, NULL);
}
