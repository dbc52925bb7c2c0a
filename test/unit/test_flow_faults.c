/* Flows under failing memory and statements: an answer comes all the same, a whole one or one that says that
 * it failed, and the same request works afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "js.h"
#include "op.h"
#include "site.h"
#include "watchword/flow.h"

struct request {
    const char *name;
    enum ww_flow_action action;
    const char *body;    /* JSON, or NULL */
    int status;          /* when nothing fails */
    unsigned step;       /* every how many-th is failed: hashing takes its time */
    const char *expects; /* what stands in the body then */
};

static char *token, *flow_login_kind, *flow_settings_kind, *flow_registration_kind;

static const char *flow_of(enum ww_flow_action action)
{
    return action == WW_LOGIN_FETCH || action == WW_LOGIN_SUBMIT                 ? flow_login_kind
           : action == WW_REGISTRATION_FETCH || action == WW_REGISTRATION_SUBMIT ? flow_registration_kind
                                                                                 : flow_settings_kind;
}

static enum ww_err ask(struct site *s, const struct request *r, struct ww_flow_answer *out)
{
    const char *flow = flow_of(r->action);
    struct ww_pair query[] = {{"flow", flow, strlen(flow)}, {"id", flow, strlen(flow)}};
    bool signed_in = r->action == WW_SETTINGS_INIT || r->action == WW_SETTINGS_FETCH ||
                     r->action == WW_SETTINGS_SUBMIT || r->action == WW_WHOAMI ||
                     r->action == WW_SESSIONS_LIST;
    struct ww_flow_request in = {
        .size = sizeof in,
        .api =
            r->action == WW_LOGIN_INIT || r->action == WW_REGISTRATION_INIT || r->action == WW_SETTINGS_INIT,
        .json = true,
        .init_json = true,
        .request_url = "http://127.0.0.1:4433/self-service/x/api",
        .query = query,
        .query_count = flow[0] ? 2 : 0,
        .body = r->body ? WW_BODY_JSON : WW_BODY_NONE,
        .json_text = r->body,
        .json_length = r->body ? strlen(r->body) : 0,
        .session_token = signed_in ? token : NULL,
    };
    return ww_flow_answer(s->op, r->action, &in, out);
}

static char *begin(struct site *s, enum ww_flow_action action)
{
    struct request r = {.action = action};
    struct ww_flow_answer out = {.size = sizeof out};
    struct js *body;
    const char *why;

    site_next(s);
    assert_int_equal(ask(s, &r, &out), WW_OK);
    assert_int_equal(out.status, 200);
    assert_int_equal(js_read(&s->op->arena, BYTES(out.body, out.body_length), &body, &why), WW_OK);
    return strdup(js_get_text(body, "id"));
}

/* What requests change: records by their numbers, and sessions. */
static int64_t done_so_far(struct site *s)
{
    return site_number(
        s, "SELECT (SELECT count(*) FROM sessions) + CAST((SELECT sum(seq) FROM accounts) AS BIGINT)");
}

static void judge(const struct request *r, enum ww_fault kind, long n, enum ww_err err,
                  const struct ww_flow_answer *out, int64_t done)
{
    const char *what = kind == WW_FAULT_ALLOC ? "allocation" : "statement";
    bool failed = err == WW_ENOMEM || (out->failed && out->status >= 500 && out->body);

    if (failed && done) {
        fail_msg("%s, %s %ld: what was committed is answered with %s, status %d", r->name, what, n,
                 ww_err_name(err), out->status);
    }
    if (!failed &&
        (err != WW_OK || out->status != r->status || !out->body || !strstr(out->body, r->expects))) {
        fail_msg("%s, %s %ld: %s, status %d, %s", r->name, what, n, ww_err_name(err), out->status,
                 out->body ? out->body : "no body");
    }
}

static void fail_in_turn(struct site *s, const struct request *r, enum ww_fault kind)
{
    for (long n = 1;; n += r->step) {
        struct ww_flow_answer out = {.size = sizeof out};
        int64_t before = done_so_far(s);
        site_next(s);
        s->fail_at[kind] = n;
        enum ww_err err = ask(s, r, &out);
        bool reached = s->fail_at[kind] == 0;
        s->fail_at[kind] = 0;
        judge(r, kind, n, err, &out, done_so_far(s) - before);
        if (!reached) {
            assert_int_equal(err, WW_OK);
            assert_int_equal(out.status, r->status);
            return;
        }
    }
}

static const struct request requests[] = {
    {"begin to sign up", WW_REGISTRATION_INIT, NULL, 200, 1, "traits.email"},
    {"begin to sign in", WW_LOGIN_INIT, NULL, 200, 1, "\"identifier\""},
    {"begin settings", WW_SETTINGS_INIT, NULL, 200, 1, "ada@example.org"},
    {"see a sign-in", WW_LOGIN_FETCH, NULL, 200, 1, "\"identifier\""},
    {"see settings", WW_SETTINGS_FETCH, NULL, 200, 1, "ada@example.org"},
    {"bad traits", WW_REGISTRATION_SUBMIT,
     "{\"method\":\"password\",\"password\":\"hT4kR9bYc3Ws\",\"traits\":{\"email\":\"nope\"}}", 400, 1,
     "4000040"},
    {"nothing filled in", WW_LOGIN_SUBMIT, "{\"method\":\"password\"}", 400, 1, "4000002"},
    {"no method", WW_SETTINGS_SUBMIT, "{}", 400, 1, "4010004"},
    {"wrong password", WW_LOGIN_SUBMIT,
     "{\"method\":\"password\",\"identifier\":\"ada@example.org\",\"password\":\"wrong\"}", 400, 9,
     "4000006"},
    {"sign in", WW_LOGIN_SUBMIT,
     "{\"method\":\"password\",\"identifier\":\"ada@example.org\",\"password\":\"" TEST_PASSWORD "\"}", 200,
     9, "session_token"},
    {"change the profile", WW_SETTINGS_SUBMIT,
     "{\"method\":\"profile\",\"traits\":{\"email\":\"ada@example.org\"}}", 200, 3, "1050001"},
    {"who am I", WW_WHOAMI, NULL, 200, 1, "ada@example.org"},
};

static void run_all(enum ww_fault kind)
{
    static const char *const generous[] = {
        "watchword.throttle.pair.free=100000",          "watchword.throttle.account.free=100000",
        "watchword.throttle.network.free=100000",       "watchword.throttle.flows.free=10000000",
        "selfservice.flows.registration.style=unified", NULL};
    struct site *s = calloc(1, sizeof *s);

    assert_non_null(s);
    site_open(s, generous);
    token = site_register(s, "ada");
    flow_login_kind = flow_registration_kind = flow_settings_kind = strdup("");
    char *none = flow_login_kind;
    flow_login_kind = begin(s, WW_LOGIN_INIT);
    flow_registration_kind = begin(s, WW_REGISTRATION_INIT);
    flow_settings_kind = begin(s, WW_SETTINGS_INIT);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        fail_in_turn(s, &requests[i], kind);
    }
    assert_int_equal(site_check(s), 0);
    free(none);
    free(flow_login_kind);
    free(flow_registration_kind);
    free(flow_settings_kind);
    free(token);
    site_close(s);
    free(s);
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    run_all(WW_FAULT_ALLOC);
}

static void every_statement_fails_once(void **state)
{
    (void)state;
    run_all(WW_FAULT_STATEMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(every_statement_fails_once),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
