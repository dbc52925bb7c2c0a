/* Runs files of the official JSON Schema test suite. test/support/schema-suite fetches them and calls this:
 * test_schema_suite [--formats] [-v] [-r URI FILE]… FILE… prints "PASSED TOTAL". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema_int.h"

enum { MAX_REMOTES = 200, MAX_FILE = 1 << 22 };

struct run {
    struct arena arena;
    struct schema_remote remotes[MAX_REMOTES];
    struct compile_options options;
    bool verbose;
    unsigned passed, total;
};

static struct js *read_json(struct arena *a, const char *path)
{
    const char *why = "cannot be read";
    struct js *json = NULL;
    char *text = malloc(MAX_FILE);
    FILE *f = fopen(path, "rb");
    size_t n = f && text ? fread(text, 1, MAX_FILE, f) : 0;
    if (!f || js_read(a, BYTES(text, n), &json, &why)) {
        fprintf(stderr, "%s: %s\n", path, why);
        exit(2);
    }
    fclose(f);
    free(text);
    return json;
}

static bool one_test(struct arena *a, const struct schema_program *p, const struct js *test)
{
    struct schema_failure *failures = NULL;
    enum ww_err err = schema_validate(a, p, js_get(test, "data"), &failures);
    bool expected = js_get_bool(test, "valid", false);
    return expected ? err == WW_OK && !failures : err == WW_EVALIDATION && failures;
}

static void run_group(struct run *run, const char *file, const struct js *group)
{
    struct arena a = {0};
    struct schema_program *p = NULL;
    const char *why = "";
    const struct js *tests = js_get(group, "tests");
    enum ww_err err = schema_compile_with(&a, js_get(group, "schema"), &run->options, &p, &why);
    for (const struct js *t = tests->first; t; t = t->next) {
        bool fine = !err && one_test(&a, p, t);
        run->total++;
        run->passed += fine;
        if (!fine && run->verbose) {
            fprintf(stderr, "%s: %s: %s%s%s\n", file, js_get_text(group, "description"),
                    js_get_text(t, "description"), err ? ": " : "", err ? why : "");
        }
    }
    schema_program_free(p);
    arena_free(&a);
}

int main(int argc, char **argv)
{
    static struct run run;
    run.options = (struct compile_options){.formats_annotate_only = true, .remotes = run.remotes};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--formats") == 0) {
            run.options.formats_annotate_only = false;
        } else if (strcmp(argv[i], "-v") == 0) {
            run.verbose = true;
        } else if (strcmp(argv[i], "-r") == 0 && i + 2 < argc && run.options.remote_count < MAX_REMOTES) {
            struct schema_remote *r = &run.remotes[run.options.remote_count++];
            *r = (struct schema_remote){argv[i + 1], read_json(&run.arena, argv[i + 2])};
            i += 2;
        } else {
            const struct js *groups = read_json(&run.arena, argv[i]);
            for (const struct js *g = groups->first; g; g = g->next) {
                run_group(&run, argv[i], g);
            }
        }
    }
    printf("%u %u\n", run.passed, run.total);
    arena_free(&run.arena);
    return 0;
}
