/* What <watchword.h> promises of itself, whatever is called through it: sizes, ownership, threads, fork. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "api_int.h"
#include "site.h"
#include "watchword/flow.h"
#include "watchword/settings.h"

/* ---- versions and sizes ---- */

static void header_and_library_say_their_version(void **state)
{
    char text[20];
    (void)state;
    assert_string_equal(ww_version(), WW_VERSION);
    assert_int_equal(ww_version_number(), WW_VERSION_NUMBER);
    snprintf(text, sizeof text, "%d.%d.%d", WW_VERSION_NUMBER >> 16, WW_VERSION_NUMBER >> 8 & 255,
             WW_VERSION_NUMBER & 255);
    assert_string_equal(text, WW_VERSION);
}

static void the_library_says_its_sizes(void **state)
{
    static const struct {
        const char *name;
        size_t size;
    } known[] = {
#define SIZE(name) {#name, sizeof(struct name)}
        SIZE(ww_options),     SIZE(ww_env),        SIZE(ww_client),         SIZE(ww_problem),
        SIZE(ww_page),        SIZE(ww_proof),      SIZE(ww_event),          SIZE(ww_session_info),
        SIZE(ww_item_result), SIZE(ww_item_entry), SIZE(ww_item_condition), SIZE(ww_item_change),
        SIZE(ww_vault_state), SIZE(ww_hash_cost),  SIZE(ww_check_report),   SIZE(ww_flow_request),
        SIZE(ww_flow_answer),
    };
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_int_equal(ww_sizeof(known[i].name), known[i].size);
    }
    assert_int_equal(ww_sizeof("ww_nothing"), 0);
    assert_int_equal(ww_sizeof(NULL), 0);
}

/* A struct that grew twice: its caller may be of any of the three versions. */
static void a_size_of_an_earlier_version_is_known(void **state)
{
    const struct api_shape grown = {"grown", {16, 24, 40}};
    (void)state;
    for (size_t size = 0; size < 64; size++) {
        assert_int_equal(api_shape_knows(&grown, size), size == 16 || size == 24 || size == 40);
    }
    assert_int_equal(api_shape_now(&grown), 40);
}

static void a_shorter_struct_is_read_as_far_as_it_goes(void **state)
{
    static const char *const settings[] = {"dsn=memory"};
    struct ww_options options = {.size = offsetof(struct ww_options, env),
                                 .settings = settings,
                                 .setting_count = 1,
                                 .env = (const struct ww_env *)1}; /* lies behind the end: never looked at */
    struct ww *ww;
    (void)state;
    assert_int_equal(ww_open(&options, &ww, NULL, 0), WW_OK);
    ww_close(ww);
}

static void unknown_sizes_are_refused_when_opening(void **state)
{
    static const char *const settings[] = {"dsn=memory"};
    static const size_t sizes[] = {
        0, 1, 8, sizeof(struct ww_options) - 1, sizeof(struct ww_options) + 8, SIZE_MAX};
    char why[200];
    struct ww *ww;
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct ww_options options = {.size = sizes[i], .settings = settings, .setting_count = 1};
        assert_int_equal(ww_open(&options, &ww, why, sizeof why), WW_EINVAL);
        assert_null(ww);
        assert_non_null(strstr(why, "ww_options"));
    }
    struct ww_env env = {.size = 3};
    struct ww_options options = {
        .size = sizeof options, .settings = settings, .setting_count = 1, .env = &env};
    assert_int_equal(ww_open(&options, &ww, why, sizeof why), WW_EINVAL);
    assert_non_null(strstr(why, "ww_env"));
    assert_int_equal(ww_open(NULL, &ww, why, sizeof why), WW_EINVAL);
}

static void refused_for_size(struct site *s, enum ww_err err, const char *name)
{
    assert_int_equal(err, WW_EINVAL);
    assert_string_equal(ww_op_problem(s->op)->id, "size_unknown");
    assert_string_equal(ww_op_problem(s->op)->field, name);
}

/* In and out alike, and before anything is done. */
static void unknown_sizes_are_refused_in_calls(void **state)
{
    struct site *s = *state;
    char *token = site_register(s, "ada");
    struct ww_session *session = site_resume(s, token), *none;
    const struct ww_item_entry *const *entries;
    const struct ww_event *const *events;
    const struct ww_session_info *const *sessions;
    struct ww_proof proof = {.size = 1};
    struct ww_item_condition condition = {.size = 1};
    struct ww_item_result result = {.size = sizeof result + 1};
    struct ww_item_change change = {.action = WW_ITEM_PUT, .name = "a", .value = "", .value_length = 0};
    struct ww_vault_state vault = {.size = 0};
    struct ww_page page = {.size = 4};
    struct ww_check_report report = {.size = 4};
    const char *json;
    const void *value;
    size_t n;
    refused_for_size(s, ww_authenticate(s->op, &proof, &none), "ww_proof");
    refused_for_size(s, ww_authenticate(s->op, NULL, &none), "ww_proof");
    refused_for_size(s, ww_step_up(s->op, session, &proof), "ww_proof");
    refused_for_size(s, ww_item_put(s->op, session, "a", "1", 1, &condition, NULL), "ww_item_condition");
    refused_for_size(s, ww_item_put(s->op, session, "a", "1", 1, NULL, &result), "ww_item_result");
    assert_int_equal(ww_item_get(s->op, session, "a", &value, &n, NULL), WW_ENOTFOUND);
    refused_for_size(s, ww_item_get(s->op, session, "a", &value, &n, &result), "ww_item_result");
    refused_for_size(s, ww_item_delete(s->op, session, "a", &condition), "ww_item_condition");
    refused_for_size(s, ww_item_change(s->op, session, &change, 1), "ww_item_change");
    refused_for_size(s, ww_item_list(s->op, session, NULL, &page, &entries), "ww_page");
    refused_for_size(s, ww_account_history(s->op, session, &page, &events), "ww_page");
    refused_for_size(s, ww_session_list(s->op, session, &page, &sessions), "ww_page");
    refused_for_size(s, ww_admin_identity_list(s->op, &page, &json), "ww_page");
    refused_for_size(s, ww_vault_state(s->op, session, &vault), "ww_vault_state");
    refused_for_size(s, ww_check(s->op, NULL, NULL, NULL, &report), "ww_check_report");
    struct ww_item_change two[2] = {{.size = sizeof two[0], .action = WW_ITEM_PUT, .name = "a", .value = ""},
                                    {.size = 8, .action = WW_ITEM_PUT, .name = "b", .value = ""}};
    refused_for_size(s, ww_item_change(s->op, session, two, 2), "ww_item_change");
    struct ww_client client = {.size = 2};
    struct ww_op *op = s->op;
    assert_int_equal(ww_op_begin(s->ww, &client, &op), WW_EINVAL);
    assert_null(op);
    free(token);
}

/* ---- arguments ---- */

static void passwords_have_a_length_and_no_nul(void **state)
{
    struct site *s = *state;
    struct ww_session *session;
    char padded[64];
    snprintf(padded, sizeof padded, "%s and what comes after", TEST_PASSWORD);
    assert_int_equal(
        ww_register(s->op, "{\"email\":\"ada@example.org\"}", padded, strlen(TEST_PASSWORD), &session),
        WW_OK);
    assert_int_equal(ww_password_check(s->op, session, TEST_PASSWORD, strlen(TEST_PASSWORD)), WW_OK);
    padded[strlen(TEST_PASSWORD)] = 0; /* counted, so it is part of the password */
    struct ww_proof proof = {.size = sizeof proof,
                             .kind = WW_PROOF_PASSWORD,
                             .identifier = "ada@example.org",
                             .password = padded,
                             .password_length = strlen(TEST_PASSWORD) + 1};
    struct ww_session *none;
    assert_int_equal(ww_authenticate(s->op, &proof, &none), WW_EINVAL);
    assert_string_equal(ww_op_problem(s->op)->id, "password_invalid");
    assert_string_equal(ww_op_problem(s->op)->field, "password");
    assert_null(none);
    assert_int_equal(
        ww_register(s->op, "{\"email\":\"bob@example.org\"}", "a long\0walk by the sea", 22, &none),
        WW_EINVAL);
    assert_int_equal(ww_password_change(s->op, session, "a long\0walk by the sea", 22), WW_EINVAL);
    assert_int_equal(ww_password_check(s->op, session, "\0", 1), WW_EINVAL);
}

static void null_is_refused_by_name(void **state)
{
    struct site *s = *state;
    struct ww_session *session, *none;
    const void *value;
    size_t n;
    struct ww_proof proof = {
        .size = sizeof proof, .kind = WW_PROOF_PASSWORD, .password = "x", .password_length = 1};
    assert_int_equal(site_enrol(s->op, "{\"email\":\"ada@example.org\"}", TEST_PASSWORD, &session), WW_OK);
#define REFUSED(call, name)                                                                                  \
    assert_int_equal((call), WW_EINVAL);                                                                     \
    assert_string_equal(ww_op_problem(s->op)->field, (name))
    REFUSED(ww_register(s->op, NULL, "x", 1, &none), "traits");
    REFUSED(ww_register(s->op, "{}", NULL, 0, &none), "password");
    REFUSED(ww_authenticate(s->op, &proof, &none), "identifier");
    REFUSED(ww_traits_change(s->op, session, NULL), "traits");
    REFUSED(ww_account_delete(s->op, session, NULL), "confirm");
    REFUSED(ww_session_resume(s->op, NULL, &none), "token");
    REFUSED(ww_session_end_other(s->op, session, NULL), "id");
    REFUSED(ww_item_get(s->op, session, NULL, &value, &n, NULL), "name");
    REFUSED(ww_item_put(s->op, session, NULL, "x", 1, NULL, NULL), "name");
    REFUSED(ww_item_put(s->op, session, "a", NULL, 1, NULL, NULL), "value");
    REFUSED(ww_item_delete(s->op, session, NULL, NULL), "name");
#undef REFUSED
    assert_int_equal(ww_item_put(s->op, session, "empty", NULL, 0, NULL, NULL), WW_OK);
}

/* ---- a further step ---- */

static void a_further_step_leaves_a_session_pending(void **state)
{
    struct site *s = *state;
    char *token = site_register(s, "ada");
    struct ww_session *session, *again;
    const void *value;
    size_t n;
    site_require_second(s, token);
    assert_int_equal(site_login(s, "ada", "not the password", &session), WW_EDENIED);
    assert_null(session);
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &session), WW_EAAL);
    assert_string_equal(ww_op_problem(s->op)->id, "session_aal2_required");
    assert_non_null(session);
    assert_true(ww_session_info(s->op, session)->pending);
    assert_int_equal(ww_session_info(s->op, session)->level, 1);
    assert_int_equal(ww_item_get(s->op, session, "note", &value, &n, NULL), WW_EAAL);
    struct ww_vault_state vault = {.size = sizeof vault};
    assert_int_equal(ww_vault_state(s->op, session, &vault), WW_OK);
    assert_string_equal(vault.state, "locked");
    assert_int_equal(ww_session_resume(s->op, ww_session_token(s->op, session), &again), WW_OK);
    assert_true(ww_session_info(s->op, again)->pending);
    /* No kind of this version is a second step, and the first one does not pass for one. */
    for (int kind = 0; kind < 20; kind++) {
        const struct ww_proof proof = {.size = sizeof proof,
                                       .kind = (enum ww_proof_kind)kind,
                                       .identifier = "ada@example.org",
                                       .password = TEST_PASSWORD,
                                       .password_length = strlen(TEST_PASSWORD)};
        assert_int_equal(ww_step_up(s->op, session, &proof), WW_EUNSUPPORTED);
        assert_string_equal(ww_op_problem(s->op)->field, "kind");
    }
    assert_true(ww_session_info(s->op, session)->pending);
    free(token);
}

static void a_kind_of_proof_that_is_not_known_signs_nobody_in(void **state)
{
    struct site *s = *state;
    free(site_register(s, "ada"));
    struct ww_session *session;
    const struct ww_proof proof = {.size = sizeof proof,
                                   .kind = (enum ww_proof_kind)2,
                                   .identifier = "ada@example.org",
                                   .password = TEST_PASSWORD,
                                   .password_length = strlen(TEST_PASSWORD)};
    assert_int_equal(ww_authenticate(s->op, &proof, &session), WW_EUNSUPPORTED);
    assert_null(session);
}

/* ---- sessions as structs ---- */

static void sessions_are_listed_page_by_page(void **state)
{
    struct site *s = *state;
    char *token = site_register(s, "ada");
    struct ww_session *session, *other;
    const struct ww_session_info *const *list;
    char seen[5][40];
    size_t n = 0;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &other), WW_OK);
    }
    session = site_resume(s, token);
    struct ww_page page = {.size = sizeof page, .limit = 2};
    do {
        page.token = page.next;
        assert_int_equal(ww_session_list(s->op, session, &page, &list), WW_OK);
        for (size_t i = 0; i < page.count; i++) {
            assert_true(n < 5);
            assert_int_equal(list[i]->this_session, n == 0);
            snprintf(seen[n], sizeof seen[n], "%s", list[i]->id);
            for (size_t k = 0; k < n; k++) {
                assert_string_not_equal(seen[k], seen[n]);
            }
            n++;
        }
    } while (page.next);
    assert_int_equal(n, 5);
    const struct ww_session_info *info = ww_session_info(s->op, session);
    assert_string_equal(info->id, seen[0]);
    assert_int_equal(info->size, sizeof *info);
    assert_int_equal(info->level, 1);
    assert_false(info->pending);
    assert_true(info->issued > 0 && info->expires > info->issued);
    assert_null(info->address);
    free(token);
}

/* ---- memory ---- */

/* Without the address, throttling would count nobody. */
static void no_operation_begins_without_memory_for_who_asks(void **state)
{
    struct site *s = *state;
    const struct ww_client client = {.size = sizeof client,
                                     .address = "192.0.2.7",
                                     .user_agent = "agent",
                                     .location = "Bath",
                                     .request_id = "1"};
    struct ww_op *op;
    for (long n = 1; n <= 4; n++) {
        s->fail_at[WW_FAULT_ALLOC] = n;
        assert_int_equal(ww_op_begin(s->ww, &client, &op), WW_ENOMEM);
        assert_null(op);
    }
    s->fail_at[WW_FAULT_ALLOC] = 0;
    assert_int_equal(ww_op_begin(s->ww, &client, &op), WW_OK);
    assert_string_equal(op->client.address, "192.0.2.7");
    ww_op_end(op);
}

/* ---- misuse ends the program, in a child here ---- */

/* What the child's function leaves behind: its exit code, or 128 and the signal. */
static int in_child(struct site *s, int (*body)(struct site *s))
{
    int status;
    fflush(stdout);
    fflush(stderr);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr)) {
            _exit(99);
        }
        _exit(body(s));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int begins_in_child(struct site *s)
{
    struct ww_op *op;
    if (ww_op_begin(s->ww, NULL, &op) != WW_EFORKED || op) {
        return 1;
    }
    ww_op_end(s->op); /* only wipes */
    ww_close(s->ww);  /* leaves the store to the parent */
    return 0;
}

static int calls_in_child(struct site *s)
{
    return ww_ping(s->op) == WW_OK ? 2 : 3;
}

static int reads_settings_in_child(struct site *s)
{
    return ww_setting_int(s->ww, "hashers.argon2.iterations") == 2 ? 0 : 1;
}

static void a_child_cannot_use_what_was_opened_before(void **state)
{
    struct site *s = *state;
    char *token = site_register(s, "ada");
    enum ww_err err;
    assert_int_equal(in_child(s, begins_in_child), 0);
    assert_int_equal(in_child(s, calls_in_child), 128 + SIGABRT);
    assert_int_equal(in_child(s, reads_settings_in_child), 0);
    assert_int_equal(site_put(s, token, "note", "still here"), WW_OK);
    assert_string_equal(site_get(s, token, "note", &err), "still here");
    free(token);
}

/* These children open a store of their own, so that fork is not what ends them. */
static struct ww *own_store(void)
{
    static const char *const settings[] = {"dsn=memory", "hashers.argon2.memory=19MB",
                                           "hashers.argon2.iterations=2"};
    struct ww_options options = {.size = sizeof options, .settings = settings, .setting_count = 3};
    struct ww *ww;
    return ww_open(&options, &ww, NULL, 0) == WW_OK ? ww : NULL;
}

static int uses_a_foreign_session(struct site *s)
{
    (void)s;
    struct ww *ww = own_store();
    struct ww_op *one, *two;
    struct ww_session *session;
    if (!ww || ww_op_begin(ww, NULL, &one) || ww_op_begin(ww, NULL, &two) ||
        site_enrol(one, "{\"email\":\"ada@example.org\"}", TEST_PASSWORD, &session) ||
        !ww_session_unlocked(one, session)) {
        return 1;
    }
    return ww_session_unlocked(two, session) ? 2 : 3;
}

static int uses_a_session_of_an_ended_operation(struct site *s)
{
    (void)s;
    struct ww *ww = own_store();
    struct ww_op *one, *two;
    struct ww_session *session;
    if (!ww || ww_op_begin(ww, NULL, &one) || ww_op_begin(ww, NULL, &two) ||
        site_enrol(one, "{\"email\":\"ada@example.org\"}", TEST_PASSWORD, &session)) {
        return 1;
    }
    ww_op_end(one);
    return ww_session_token(two, session) ? 2 : 3;
}

static void calls_again(void *context, size_t done, size_t total)
{
    (void)done;
    (void)total;
    if (ww_ping(context) == WW_OK) {
        _exit(2);
    }
}

static int calls_inside_a_call(struct site *s)
{
    (void)s;
    struct ww *ww = own_store();
    struct ww_op *op;
    struct ww_check_report report = {.size = sizeof report};
    if (!ww || ww_op_begin(ww, NULL, &op) ||
        site_enrol(op, "{\"email\":\"ada@example.org\"}", TEST_PASSWORD, NULL)) {
        return 1;
    }
    return ww_check(op, NULL, calls_again, op, &report) == WW_OK ? 2 : 3;
}

static int calls_without_an_operation(struct site *s)
{
    (void)s;
    return ww_ping(NULL) == WW_OK ? 2 : 3;
}

static void misuse_ends_the_program(void **state)
{
    struct site *s = *state;
    assert_int_equal(in_child(s, uses_a_foreign_session), 128 + SIGABRT);
    assert_int_equal(in_child(s, uses_a_session_of_an_ended_operation), 128 + SIGABRT);
    assert_int_equal(in_child(s, calls_inside_a_call), 128 + SIGABRT);
    assert_int_equal(in_child(s, calls_without_an_operation), 128 + SIGABRT);
}

/* ---- where settings come from ---- */

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Default, files, environment, settings: the last that has it. */
static void settings_come_from_the_last_that_has_them(void **state)
{
    static const char *const environment[] = {"LOG_LEVEL=error", "SESSION_LIFESPAN=3h", NULL};
    static const char *const settings[] = {"log.level=debug"};
    struct site *s = *state;
    char path[2][100], why[300];
    const char *files[] = {path[0], path[1]};
    struct ww *ww;
    snprintf(path[0], sizeof path[0], "%s/one.yml", s->directory);
    snprintf(path[1], sizeof path[1], "%s/two.yml", s->directory);
    write_file(path[0],
               "dsn: memory\nlog: {level: warning, format: text}\nsession: {lifespan: 1h}\n"
               "identity: {default_schema_id: email, schemas: [{id: email, url: 'preset://email'}]}\n");
    write_file(path[1], "session: {lifespan: 2h}\n");
    struct ww_options options = {.size = sizeof options,
                                 .config_files = files,
                                 .config_file_count = 2,
                                 .settings = settings,
                                 .setting_count = 1,
                                 .environment = environment,
                                 .dev = true};
    assert_int_equal(ww_open(&options, &ww, why, sizeof why), WW_OK);
    assert_string_equal(ww_setting(ww, "log.level"), "debug");
    assert_int_equal(ww_setting_duration(ww, "session.lifespan"), UINT64_C(3) * 3600 * 1000000);
    assert_string_equal(ww_setting(ww, "log.format"), "text");
    assert_true(ww_dev(ww));
    ww_close(ww);
    options.environment = NULL;
    options.setting_count = 0;
    options.dev = false;
    assert_int_equal(ww_open(&options, &ww, why, sizeof why), WW_OK);
    assert_string_equal(ww_setting(ww, "log.level"), "warning");
    assert_int_equal(ww_setting_duration(ww, "session.lifespan"), UINT64_C(2) * 3600 * 1000000);
    assert_false(ww_dev(ww));
    ww_close(ww);
    /* The environment counts beside settings alone, too; what is wrong in any of them is refused by name. */
    static const char *const wrong[] = {"LOG_LEVEL=loud", NULL};
    static const char *const bad[] = {"dsn=memory", "log.level=loud"};
    struct ww_options alone = {
        .size = sizeof alone, .settings = bad, .setting_count = 1, .environment = environment, .dev = true};
    assert_int_equal(ww_open(&alone, &ww, why, sizeof why), WW_OK);
    assert_string_equal(ww_setting(ww, "log.level"), "error");
    assert_true(ww_dev(ww));
    ww_close(ww);
    alone.environment = wrong;
    assert_int_equal(ww_open(&alone, &ww, why, sizeof why), WW_ECONFIG);
    assert_non_null(strstr(why, "LOG_LEVEL"));
    alone.environment = NULL;
    alone.setting_count = 2;
    assert_int_equal(ww_open(&alone, &ww, why, sizeof why), WW_ECONFIG);
    assert_non_null(strstr(why, "setting 2"));
    remove(path[0]);
    remove(path[1]);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_and_library_say_their_version),
        cmocka_unit_test(the_library_says_its_sizes),
        cmocka_unit_test(a_size_of_an_earlier_version_is_known),
        cmocka_unit_test(a_shorter_struct_is_read_as_far_as_it_goes),
        cmocka_unit_test(unknown_sizes_are_refused_when_opening),
        CASE(unknown_sizes_are_refused_in_calls),
        CASE(passwords_have_a_length_and_no_nul),
        CASE(null_is_refused_by_name),
        CASE(a_further_step_leaves_a_session_pending),
        CASE(a_kind_of_proof_that_is_not_known_signs_nobody_in),
        CASE(sessions_are_listed_page_by_page),
        CASE(no_operation_begins_without_memory_for_who_asks),
        CASE(a_child_cannot_use_what_was_opened_before),
        CASE(misuse_ends_the_program),
        CASE(settings_come_from_the_last_that_has_them),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
