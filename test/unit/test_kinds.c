/* A factor is one file and one row of each table, a hash format one file and one row: an imaginary one of
 * each is found by flows, settings, sessions and checks of hashes. This program has its own tables in place
 * of cred_kinds.c, flow_methods.c and pwhash_formats.c; all else is the product's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_int.h"
#include "kinds_fixture.h"
#include "site.h"
#include "watchword/flow.h"

const struct cred_kind *const cred_kinds[] = {&cred_password, &cred_riddle, NULL};
const struct flow_method *const flow_methods[] = {&flow_password, &flow_profile, &flow_identifier_first,
                                                  &flow_riddle, NULL};
const struct pwhash_format *const pwhash_formats[] = {&pwhash_argon2id, &pwhash_bcrypt, &pwhash_count, NULL};

/* ---- a site with Ada, as a native client ---- */

static char *token;

static int set_up(void **state)
{
    static struct site s;
    memset(&s, 0, sizeof s);
    site_open(&s, NULL);
    token = site_register(&s, "ada");
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    free(token);
    site_close(*state);
    return 0;
}

/* One request of Ada's session; the body of the answer. query: "name=value", or NULL. */
static struct js *ask(struct site *s, enum ww_flow_action action, const char *name, const char *value,
                      const char *body, int status)
{
    struct ww_pair query = {name, value, value ? strlen(value) : 0};
    struct ww_flow_request in = {.size = sizeof in,
                                 .api = true,
                                 .json = true,
                                 .init_json = true,
                                 .request_url = "http://127.0.0.1:4433/self-service/x/api",
                                 .query = &query,
                                 .query_count = name ? 1 : 0,
                                 .body = body ? WW_BODY_JSON : WW_BODY_NONE,
                                 .json_text = body,
                                 .json_length = body ? strlen(body) : 0,
                                 .session_token = token};
    struct ww_flow_answer out = {.size = sizeof out};
    struct js *answer;
    const char *why;
    assert_int_equal(ww_flow_answer(site_next(s), action, &in, &out), WW_OK);
    if (out.status != status) {
        fail_msg("status %d: %s", out.status, out.body ? out.body : "");
    }
    assert_int_equal(js_read(&s->op->arena, BYTES(out.body, out.body_length), &answer, &why), WW_OK);
    return answer;
}

static struct session *resume(struct site *s)
{
    struct ww_session *session = site_resume(s, token);
    return api_session(s->op, session);
}

/* How many nodes of the form stand in the group. */
static int in_group(const struct js *flow, const char *group)
{
    int n = 0;
    const struct js *nodes = js_path(flow, "ui.nodes");
    for (const struct js *node = nodes ? nodes->first : NULL; node; node = node->next) {
        n += strcmp(js_get_text(node, "group"), group) == 0;
    }
    return n;
}

static void submit_settings(struct site *s, const char *body, int status)
{
    struct js *flow = ask(s, WW_SETTINGS_INIT, NULL, NULL, NULL, 200);
    assert_int_equal(in_group(flow, "riddle"), 2);
    assert_int_equal(in_group(flow, "password"), 2);
    char *id = strdup(js_get_text(flow, "id"));
    ask(s, WW_SETTINGS_SUBMIT, "flow", id, body, status);
    free(id);
}

static void add_riddle(struct site *s)
{
    submit_settings(s, "{\"method\":\"riddle\",\"riddle_answer\":\"a shadow\"}", 200);
}

/* ---- tests ---- */

static void a_factor_is_added_in_settings_and_told_in_the_history(void **state)
{
    struct site *s = *state;
    struct ww_page page = {.size = sizeof page};
    const struct ww_event *const *events;
    submit_settings(s, "{\"method\":\"riddle\",\"riddle_answer\":\"\"}", 400);
    add_riddle(s);
    struct ww_session *session = site_resume(s, token);
    const struct record *r = api_session(s->op, session)->record;
    assert_int_equal(r->credential_count, 2);
    assert_int_equal(r->credentials[1].role, ROLE_SECOND);
    assert_int_equal(r->credentials[1].root_generation, 0);
    assert_int_equal(ww_account_history(s->op, session, &page, &events), WW_OK);
    assert_string_equal(events[0]->event, "factor.added");
    assert_string_equal(events[0]->method, "riddle");
    assert_int_equal(site_check(s), 0);
}

static void a_factor_is_the_second_step_and_raises_the_level(void **state)
{
    struct site *s = *state;
    add_riddle(s);
    struct js *flow = ask(s, WW_LOGIN_INIT, "aal", "aal2", NULL, 200);
    assert_int_equal(in_group(flow, "riddle"), 2);
    assert_int_equal(in_group(flow, "password"), 0);
    char *id = strdup(js_get_text(flow, "id"));
    ask(s, WW_LOGIN_SUBMIT, "flow", id, "{\"method\":\"riddle\",\"riddle_answer\":\"a river\"}", 400);
    struct js *who = ask(s, WW_WHOAMI, NULL, NULL, NULL, 200);
    assert_string_equal(js_get_text(who, "authenticator_assurance_level"), "aal1");
    ask(s, WW_LOGIN_SUBMIT, "flow", id, "{\"method\":\"riddle\",\"riddle_answer\":\"a shadow\"}", 200);
    free(id);
    who = ask(s, WW_WHOAMI, NULL, NULL, NULL, 200);
    assert_string_equal(js_get_text(who, "authenticator_assurance_level"), "aal2");
    const struct js *methods = js_get(who, "authentication_methods");
    assert_int_equal(methods->count, 2);
    assert_string_equal(js_get_text(js_at(methods, 0), "aal"), "aal1");
    assert_string_equal(js_get_text(js_at(methods, 1), "method"), "riddle");
    assert_string_equal(js_get_text(js_at(methods, 1), "aal"), "aal2");
    assert_non_null(resume(s)->root);
}

static enum ww_err sign_in(struct site *s, const struct cred_proof *proofs, size_t n, struct session **out)
{
    site_next(s);
    return account_sign_in(
        s->op, service_of(s->op),
        &(struct account_sign_in){.identifier = "ada@example.org", .proofs = proofs, .count = n}, out);
}

static void several_proofs_sign_in_at_once(void **state)
{
    struct site *s = *state;
    struct session *x;
    const struct cred_proof both[] = {{.kind = CRED_PASSWORD, .typed = bytes_str(TEST_PASSWORD)},
                                      {.kind = cred_riddle.kind, .typed = bytes_str("a shadow")}};
    const struct cred_proof wrong_second[] = {both[0],
                                              {.kind = cred_riddle.kind, .typed = bytes_str("a river")}};
    const struct cred_proof wrong_first[] = {{.kind = CRED_PASSWORD, .typed = bytes_str("not the password")},
                                             both[1]};
    assert_int_equal(sign_in(s, both, 2, &x), WW_EDENIED); /* she has no such factor yet */
    add_riddle(s);
    assert_int_equal(sign_in(s, both, 2, &x), WW_OK);
    assert_int_equal(x->level, 2);
    assert_int_equal(x->methods->count, 2);
    assert_non_null(x->root);
    assert_int_equal(sign_in(s, both, 1, &x), WW_OK);
    assert_int_equal(x->level, 1);
    assert_int_equal(sign_in(s, wrong_second, 2, &x), WW_EDENIED);
    assert_null(x);
    assert_int_equal(sign_in(s, wrong_first, 2, &x), WW_EDENIED);
}

static void a_second_factor_alone_signs_nobody_in(void **state)
{
    struct site *s = *state;
    struct session *x;
    const struct cred_proof answer = {.kind = cred_riddle.kind, .typed = bytes_str("a shadow")},
                            unknown = {.kind = (enum credential_kind)101, .typed = bytes_str("x")};
    add_riddle(s);
    assert_int_equal(sign_in(s, &answer, 1, &x), WW_EINVAL);
    assert_int_equal(sign_in(s, &unknown, 1, &x), WW_EINVAL);
    assert_int_equal(sign_in(s, &answer, 0, &x), WW_EINVAL);
    assert_string_equal(s->op->problem.id, "no_first_factor");
}

static struct ww_proof proof_of(int kind, const char *typed)
{
    return (struct ww_proof){.size = sizeof(struct ww_proof),
                             .kind = (enum ww_proof_kind)kind,
                             .identifier = "ada@example.org",
                             .password = typed,
                             .password_length = strlen(typed)};
}

static void a_pending_session_is_finished_through_the_public_interface(void **state)
{
    struct site *s = *state;
    const struct ww_proof password = proof_of(WW_PROOF_PASSWORD, TEST_PASSWORD),
                          wrong = proof_of((int)cred_riddle.kind, "a river"),
                          right = proof_of((int)cred_riddle.kind, "a shadow");
    struct ww_session *session;
    const void *value;
    size_t n;
    add_riddle(s);
    assert_int_equal(site_put(s, token, "note", "kept"), WW_OK);
    site_require_second(s, token);
    site_next(s);
    assert_int_equal(ww_authenticate(s->op, &right, &session), WW_EUNSUPPORTED);
    assert_null(session);
    assert_int_equal(ww_authenticate(s->op, &password, &session), WW_EAAL);
    assert_int_equal(ww_item_get(s->op, session, "note", &value, &n, NULL), WW_EAAL);
    /* Half a sign-in changes nothing either. */
    assert_int_equal(ww_password_change(s->op, session, "another long password", 21), WW_EAAL);
    assert_int_equal(ww_step_up(s->op, session, &password), WW_EUNSUPPORTED);
    assert_int_equal(ww_step_up(s->op, session, &wrong), WW_EDENIED);
    assert_true(ww_session_info(s->op, session)->pending);
    char *pending = strdup(ww_session_token(s->op, session));
    assert_int_equal(ww_step_up(s->op, session, &right), WW_OK);
    assert_false(ww_session_info(s->op, session)->pending);
    assert_int_equal(ww_session_info(s->op, session)->level, 2);
    assert_int_equal(ww_item_get(s->op, session, "note", &value, &n, NULL), WW_OK);
    assert_string_equal(value, "kept");
    session = site_resume(s, pending);
    assert_false(ww_session_info(s->op, session)->pending);
    assert_int_equal(ww_item_get(s->op, session, "note", &value, &n, NULL), WW_OK);
    free(pending);
}

/* vault.md §12: the password may be an old one; a factor that is there is asked for, once. */
static void a_restored_account_asks_for_its_factor(void **state)
{
    struct site *s = *state;
    const struct ww_proof password = proof_of(WW_PROOF_PASSWORD, TEST_PASSWORD),
                          right = proof_of((int)cred_riddle.kind, "a shadow");
    struct ww_session *session;
    const void *value;
    size_t n;
    assert_int_equal(site_put(s, token, "note", "kept"), WW_OK);
    site_mark_restored(s, token);
    /* Without a factor there is nothing to ask. */
    assert_int_equal(ww_authenticate(site_next(s), &password, &session), WW_OK);
    add_riddle(s);
    assert_int_equal(ww_authenticate(site_next(s), &password, &session), WW_EAAL);
    assert_int_equal(ww_item_get(s->op, session, "note", &value, &n, NULL), WW_EAAL);
    assert_int_equal(ww_step_up(s->op, session, &right), WW_OK);
    assert_int_equal(ww_item_get(s->op, session, "note", &value, &n, NULL), WW_OK);
    assert_int_equal(ww_authenticate(site_next(s), &password, &session), WW_OK);
}

static void a_factor_goes_but_not_the_last_that_opens(void **state)
{
    struct site *s = *state;
    add_riddle(s);
    struct session *x = resume(s);
    struct uuid password = x->record->credentials[0].id, riddle = x->record->credentials[1].id;
    assert_int_equal(account_remove_credential(s->op, service_of(s->op), x, &password), WW_EINVAL);
    assert_string_equal(s->op->problem.id, "last_credential");
    assert_int_equal(x->record->credential_count, 2);
    assert_int_equal(account_remove_credential(s->op, service_of(s->op), x, &riddle), WW_OK);
    assert_int_equal(account_remove_credential(s->op, service_of(s->op), x, &riddle), WW_ENOTFOUND);
    assert_int_equal(site_check(s), 0);
    struct js *flow = ask(s, WW_LOGIN_INIT, "aal", "aal2", NULL, 200);
    char *id = strdup(js_get_text(flow, "id"));
    ask(s, WW_LOGIN_SUBMIT, "flow", id, "{\"method\":\"riddle\",\"riddle_answer\":\"a shadow\"}", 400);
    free(id);
}

static void a_stale_sign_in_changes_no_factor(void **state)
{
    struct site *s = *state;
    s->offset += (uint64_t)2 * 3600 * 1000000;
    struct session *x = resume(s);
    assert_int_equal(account_add_credential(s->op, service_of(s->op), x, cred_riddle.kind, bytes_str("a")),
                     WW_EREAUTH);
    assert_int_equal(account_remove_credential(s->op, service_of(s->op), x, &x->record->credentials[0].id),
                     WW_EREAUTH);
}

/* ---- the hash format ---- */

static char *counted(struct ww_op *op, int rounds, size_t salt, const char *password)
{
    struct pwhash_secret secret;
    struct pwhash_parsed p = {.params.iterations = (uint32_t)rounds, .salt_length = salt};
    memset(p.salt, 's', salt);
    assert_int_equal(pwhash_count.derive(op, &p, bytes_str(password), &secret), WW_OK);
    return arena_printf(&op->arena, "$count$%d$%.*s$%.*s", rounds, (int)salt, (const char *)p.salt,
                        (int)secret.n, secret.b);
}

static void a_hash_format_is_found_checked_and_verified(void **state)
{
    struct ww_op op;
    struct pwhash_pool *pool;
    const struct pwhash_limits limits = {.memory_budget = 1 << 20, .workers = 1};
    (void)state;
    op_init(&op, NULL, NULL);
    assert_int_equal(pwhash_pool_new(&op, &limits, &pool), WW_OK);
    char *hash = counted(&op, 7, PWHASH_SALT_MAX, "test");
    assert_int_equal(pwhash_check(&op, pool, hash), WW_OK);
    assert_int_equal(pwhash_verify(&op, pool, hash, bytes_str("test")), WW_OK);
    assert_int_equal(pwhash_verify(&op, pool, hash, bytes_str("tesT")), WW_EDENIED);
    assert_true(pwhash_outdated(hash, &(struct pwhash_params){.algorithm = PWHASH_ARGON2ID}));
    assert_int_equal(pwhash_check(&op, pool, counted(&op, 1001, 1, "test")), WW_EINVAL);
    assert_int_equal(pwhash_verify(&op, pool, counted(&op, 1001, 1, "test"), bytes_str("test")), WW_EINVAL);
    hash[strlen(hash) - 1] = 0;
    assert_int_equal(pwhash_check(&op, pool, hash), WW_EINVAL);
    pwhash_pool_free(pool);
    op_free(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_factor_is_added_in_settings_and_told_in_the_history, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_factor_is_the_second_step_and_raises_the_level, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_proofs_sign_in_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_second_factor_alone_signs_nobody_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pending_session_is_finished_through_the_public_interface, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_restored_account_asks_for_its_factor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_factor_goes_but_not_the_last_that_opens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stale_sign_in_changes_no_factor, set_up, tear_down),
        cmocka_unit_test(a_hash_format_is_found_checked_and_verified),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("kinds", tests, NULL, NULL);
}
