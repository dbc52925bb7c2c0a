/* The program as scripts see it: what it prints, and with which code it ends. argv[1] is the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd_util.h"

static const char *program;

struct fixture {
    char dir[64];
    char output[65536];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->dir, "/tmp/ww-cmd-XXXXXX");
    *state = f;
    return mkdtemp(f->dir) ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
    int result = system(command);
    free(f);
    return result;
}

/* Runs `cd DIR; PROGRAM arguments`; standard error is among the output. */
static int run(struct fixture *f, const char *arguments)
{
    char command[1024];
    snprintf(command, sizeof command, "cd '%s' && exec 2>&1 && W='%s' && %s", f->dir, program, arguments);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    size_t n = fread(f->output, 1, sizeof f->output - 1, p);
    f->output[n] = 0;
    int status = pclose(p);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_says(const struct fixture *f, const char *text)
{
    if (!strstr(f->output, text)) {
        fail_msg("no \"%s\" in: %s", text, f->output);
    }
}

static mode_t mode_of(struct fixture *f, const char *name)
{
    char path[256];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void a_wrong_command_line_is_explained_and_ends_with_two(void **state)
{
    static const char *const lines[] = {
        "\"$W\"",
        "\"$W\" nonsense",
        "\"$W\" --nonsense",
        "\"$W\" init",
        "\"$W\" init a b",
        "\"$W\" init --nonsense a",
        "\"$W\" config check -c",
        "\"$W\" server-key",
        "\"$W\" version extra",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(run(*state, lines[i]), CMD_USAGE);
        assert_says(*state, "--help");
    }
}

static void every_command_has_help(void **state)
{
    static const char *const names[] = {
        "",           "init",           "config",  "config check",      "config show",      "config keys",
        "server-key", "server-key new", "version", "server-key export", "server-key verify"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "\"$W\" %s --help", names[i]);
        assert_int_equal(run(*state, line), CMD_OK);
        assert_says(*state, "usage: watchword");
    }
}

static void init_makes_a_site_that_loads_and_that_nobody_else_can_read(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, "umask 0; \"$W\" init site"), CMD_OK);
    assert_int_equal(mode_of(f, "site"), 0700);
    assert_int_equal(mode_of(f, "site/data"), 0700);
    assert_int_equal(mode_of(f, "site/keys"), 0700);
    assert_int_equal(mode_of(f, "site/keys/server.key"), 0600);
    assert_int_equal(mode_of(f, "site/watchword.yml"), 0600);
    assert_int_equal(run(f, "\"$W\" config check -c site/watchword.yml"), CMD_OK);
    assert_string_equal(f->output, "the configuration is right, with 0 warnings\n");
    assert_int_equal(run(f, "wc -c < site/keys/server.key"), 0);
    assert_string_equal(f->output, "32\n");
}

static void init_overwrites_nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, "mkdir site && echo mine > site/watchword.yml && \"$W\" init --json site"),
                     CMD_CONFLICT);
    assert_says(f, "\"id\":\"init_not_empty\"");
    assert_int_equal(run(f, "ls site; cat site/watchword.yml"), 0);
    assert_string_equal(f->output, "watchword.yml\nmine\n");
    assert_int_equal(run(f, "\"$W\" init no/such/place"), CMD_FAILED);
}

static void a_wrong_configuration_ends_with_three(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, "printf 'dsn: memory\\ncokies: {}\\n' > a.yml; \"$W\" config check -c a.yml"),
                     CMD_CONFIG);
    assert_string_equal(f->output, "watchword: a.yml:2: cokies: unknown key; did you mean cookies?\n");
    assert_int_equal(run(f, "\"$W\" config check --json -c none.yml"), CMD_CONFIG);
    assert_says(
        f, "{\"error\":{\"code\":\"WW_ECONFIG\",\"id\":\"config_bad\",\"text\":\"none.yml: cannot be opened");
}

static void the_environment_overrides_and_secrets_are_hidden(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, "\"$W\" init site"), CMD_OK);
    assert_int_equal(run(f, "SERVE_PUBLIC_PORT=99 DSN=postgres://me:geheim@h/d \"$W\" config show -c "
                            "site/watchword.yml"),
                     CMD_OK);
    assert_says(f, "    port: 99\n");
    assert_says(f, "postgres://me:<hidden>@h/d");
    assert_null(strstr(f->output, "geheim"));
}

static void a_printed_server_key_can_be_tested(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, "\"$W\" init site && \"$W\" server-key new other.key"), CMD_OK);
    assert_int_equal(run(f, "\"$W\" server-key export -c site/watchword.yml 2>/dev/null > paper; "
                            "tr A-Z a-z < paper | \"$W\" server-key verify -c site/watchword.yml"),
                     CMD_OK);
    assert_int_equal(run(f, "\"$W\" server-key verify other.key < paper"), CMD_REFUSED);
    assert_int_equal(run(f, "head -c 20 paper | \"$W\" server-key verify other.key"), CMD_INVALID);
    assert_int_equal(run(f, "\"$W\" server-key new other.key"), CMD_CONFLICT);
}

static void output_that_cannot_be_written_is_a_failure(void **state)
{
    assert_int_equal(run(*state, "\"$W\" version > /dev/full"), CMD_FAILED);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_wrong_command_line_is_explained_and_ends_with_two),
        TEST(every_command_has_help),
        TEST(init_makes_a_site_that_loads_and_that_nobody_else_can_read),
        TEST(init_overwrites_nothing),
        TEST(a_wrong_configuration_ends_with_three),
        TEST(the_environment_overrides_and_secrets_are_hidden),
        TEST(a_printed_server_key_can_be_tested),
        TEST(output_that_cannot_be_written_is_a_failure),
    };
    program = argc == 2 ? realpath(argv[1], NULL) : NULL; /* tests run in directories of their own */
    if (!program) {
        return 2;
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
