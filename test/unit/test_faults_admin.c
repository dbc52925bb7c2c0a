/* The same for what administrators do: batches, patches, passwords that are set by a PUT, sessions. */
#include "faults.h"

#include "api_int.h"
#include "watchword/admin.h"

static char id[37], other[37]; /* ada's, and of somebody who is changed */

static void remember(struct ww_op *op, const char *name, char out[37])
{
    const char *json, *at;
    assert_int_equal(ww_admin_identity_find(op, name, &json), WW_OK);
    assert_non_null(at = strstr(json, "\"id\":\""));
    memcpy(out, at + 6, 36);
    out[36] = 0;
}

static enum ww_err batch(struct site *s, int round)
{
    const char *json;
    char body[1024];
    int n = snprintf(body, sizeof body,
                     "{\"identities\":[{\"create\":{\"traits\":{\"email\":\"a%d@example.org\"}}},"
                     "{\"create\":{\"traits\":{\"email\":\"no address\"}}},"
                     "{\"create\":{\"traits\":{\"email\":\"b%d@example.org\"},\"credentials\":{\"password\":"
                     "{\"config\":{\"hashed_password\":\"{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=\"}}}}},"
                     "{\"create\":{\"traits\":{\"email\":\"ada@example.org\"}}}]}",
                     round, round);
    return ww_admin_identity_batch(s->op, body, (size_t)n, &json);
}

static enum ww_err patch(struct site *s, int round)
{
    const char *json;
    char body[300];
    int n = snprintf(body, sizeof body,
                     "[{\"op\":\"replace\",\"path\":\"/metadata_public/n\",\"value\":%d},"
                     "{\"op\":\"add\",\"path\":\"/external_id\",\"value\":\"x%d\"}]",
                     round, round);
    return ww_admin_identity_patch(s->op, id, body, (size_t)n, &json);
}

static enum ww_err put(struct site *s, int round)
{
    const char *json;
    char body[400];
    int n = snprintf(body, sizeof body,
                     "{\"state\":\"%s\",\"traits\":{\"email\":\"other%d@example.org\"},\"credentials\":{"
                     "\"password\":{\"config\":{\"hashed_password\":\"$md5$CY9rzUYh03PK3k6DJie09g==\"}}}}",
                     round % 2 ? "inactive" : "active", round);
    return ww_admin_identity_update(s->op, other, body, (size_t)n, &json);
}

static enum ww_err look(struct site *s, int round)
{
    const char *include[] = {"password"}, *json;
    struct ww_identity_filter by = {
        .size = sizeof by, .similar = "ada", .include = include, .include_count = 1, .count = true};
    struct ww_page page = {.size = sizeof page};
    (void)round;
    return ww_admin_identity_search(s->op, &by, &page, &json);
}

static struct uuid session_id(struct site *s)
{
    struct ww_session *session;
    struct uuid out = {{0}};
    long at[3];
    struct ww_op *op = begin_quiet(s, at);
    assert_int_equal(site_sign_in(op, "ada@example.org", TEST_PASSWORD, &session), WW_OK);
    assert_true(uuid_parse(&out, ww_session_info(op, session)->id));
    end_quiet(s, op, at);
    return out;
}

static enum ww_err extend_and_end(struct site *s, int round)
{
    struct uuid one = session_id(s);
    struct session *x;
    (void)round;
    enum ww_err err = account_admin_session_extend(s->op, service_of(s->op), &one, &x);
    return err ? err : account_admin_session_end(s->op, service_of(s->op), &one);
}

static enum ww_err scan(struct site *s, int round)
{
    struct session_scan in = {.most = 5};
    struct session **list;
    size_t n;
    (void)round;
    return session_scan(s->op, service_of(s->op)->store, &service_of(s->op)->sessions, &in, &list, &n);
}

static enum ww_err end_all(struct site *s, int round)
{
    struct uuid whose;
    struct ww_session *session;
    long at[3];
    (void)round;
    (void)session_id(s);
    assert_true(uuid_parse(&whose, id));
    enum ww_err err = account_admin_sessions_end(s->op, service_of(s->op), &whose);
    struct ww_op *op = begin_quiet(s, at);
    assert_int_equal(site_sign_in(op, "ada@example.org", TEST_PASSWORD, &session), WW_OK);
    free(token);
    token = strdup(ww_session_token(op, session));
    end_quiet(s, op, at);
    return err;
}

static const struct journey journeys[] = {
    {"a batch", batch, false},
    {"a patch", patch, false},
    {"a change with a password", put, false},
    {"look for somebody", look, false},
    {"extend and end a session", extend_and_end, false},
    {"list all sessions", scan, false},
    {"end all sessions", end_all, false},
};

static struct site *open_managed(void)
{
    struct site *s = open_for_faults();
    free(site_register(s, "other"));
    remember(site_next(s), "ada@example.org", id);
    remember(s->op, "other@example.org", other);
    return s;
}

static void run_all(enum ww_fault kind)
{
    struct site *s = open_managed();
    for (size_t i = 0; i < sizeof journeys / sizeof journeys[0]; i++) {
        fail_in_turn(s, &journeys[i], kind);
    }
    close_after_faults(s);
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

static void a_commit_without_an_answer_is_found_out(void **state)
{
    struct site *s = open_managed();
    (void)state;
    leave_unanswered(s, &journeys[0], 1000);
    leave_unanswered(s, &journeys[1], 1001);
    leave_unanswered(s, &journeys[2], 1002);
    close_after_faults(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(every_statement_fails_once),
        cmocka_unit_test(a_commit_without_an_answer_is_found_out),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
