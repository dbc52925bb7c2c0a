/* `watchword hash`: what password hashing costs on this machine. Needs no site. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "watchword/admin.h"

/* Long enough to make guessing dear, short enough that nobody waits for a sign-in. */
enum { TARGET_MS = 250, TARGET_MOST_MS = 10000, MEMORY_MOST_MB = 4096 };

/* Progress goes to standard error, so that the result can be redirected into a file. */
static void told(void *context, const struct ww_hash_cost *tried)
{
    const bool *json = context;
    if (!*json) {
        fprintf(stderr, "tried %u MB, %u iteration%s: %.0f ms\n", tried->memory_kib / 1024, tried->iterations,
                tried->iterations == 1 ? "" : "s", (double)tried->took_us / 1000);
    }
}

/* As a piece of configuration, ready to be pasted. */
static void report(bool json, int64_t target_ms, const struct ww_hash_cost *best)
{
    struct cmd_json j = {0};

    if (!json) {
        printf("# takes %.0f ms on this machine (asked for: %lld ms)\nhashers:\n  algorithm: argon2\n"
               "  argon2:\n    memory: %uMB\n    iterations: %u\n",
               (double)best->took_us / 1000, (long long)target_ms, best->memory_kib / 1024, best->iterations);
        return;
    }
    cmd_json_open(&j, NULL, '{');
    cmd_json_text(&j, "algorithm", "argon2");
    cmd_json_number(&j, "memory_kib", best->memory_kib);
    cmd_json_number(&j, "iterations", best->iterations);
    cmd_json_number(&j, "parallelism", 1);
    cmd_json_number(&j, "target_us", target_ms * 1000);
    cmd_json_number(&j, "took_us", (int64_t)best->took_us);
    cmd_json_close(&j, '}');
}

/* Whole milliseconds or seconds: "250ms", "1s". */
static bool read_target(const char *text, int64_t *ms)
{
    char *unit = NULL;
    long n = strtol(text, &unit, 10);
    bool seconds = strcmp(unit, "s") == 0;
    if (unit == text || n < 1 || n > TARGET_MOST_MS || (!seconds && strcmp(unit, "ms") != 0)) {
        return false;
    }
    *ms = seconds ? n * 1000 : n;
    return *ms <= TARGET_MOST_MS;
}

static int calibrate(const char *name, int argc, char **argv)
{
    const struct cmd_usage usage = {
        name, "[--target 250ms] [--memory MB] [--json]",
        "Measures Argon2id on this machine and proposes the parameters whose time is nearest to the target, "
        "as a piece of configuration.\nMore memory per hash is harder on those who guess; a server needs it "
        "once for each hash that runs at the same time.",
        0, 0};
    const char *target = "250ms";
    int64_t memory = 256, ms = TARGET_MS;
    bool json = false;
    struct ww_hash_cost best = {.size = sizeof best};
    int first = 0;
    const struct cmd_option options[] = {
        {0, "target", "TIME", "what one hash may take, in ms or s; 250ms without this", .text = &target},
        {0, "memory", "MB", "the most memory of one hash; 256 without this", .number = &memory},
        {0, "json", NULL, "as JSON", .flag = &json},
    };
    int code = cmd_options(&usage, options, sizeof options / sizeof options[0], argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    if (!read_target(target, &ms)) {
        return cmd_usage_error(name, "--target: a time such as 250ms is expected, at most 10s");
    }
    /* 19 MiB is the floor of vault.md §7. */
    if (memory < 19 || memory > MEMORY_MOST_MB) {
        return cmd_usage_error(name, "--memory: must be 19 to %d", MEMORY_MOST_MB);
    }
    enum ww_err err = ww_hash_calibrate((uint64_t)ms * 1000, (uint32_t)memory * 1024, told, &json, &best);
    if (err) {
        return cmd_fail(json, err, NULL, NULL, NULL);
    }
    report(json, ms, &best);
    return CMD_OK;
}

int cmd_hash(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"calibrate", calibrate, "measure this machine and propose parameters"},
    };
    return cmd_dispatch(name, "The cost of password hashes.", commands, 1, argc, argv);
}
