/* Gives every file of the directories named to a fuzzer, one after the other, and prints TAP: so the tests
 * replay the corpora with any compiler. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "fuzz.h"

enum { INPUT_MOST = 1 << 20 };

static int replay_file(const char *path)
{
    uint8_t *data = malloc(INPUT_MOST);
    FILE *f = fopen(path, "rb");
    int done = -1;
    if (data && f) {
        size_t n = fread(data, 1, INPUT_MOST, f);
        uint8_t *exact = malloc(n + !n); /* so that reading past the end is seen by the sanitizers */
        if (exact) {
            memcpy(exact, data, n);
            done = LLVMFuzzerTestOneInput(exact, n);
        }
        free(exact);
    }
    if (f) {
        fclose(f);
    }
    free(data);
    return done;
}

static int replay_directory(const char *directory, int *count)
{
    struct dirent **names;
    int failed = 0, n = scandir(directory, &names, NULL, alphasort);
    if (n < 0) {
        fprintf(stderr, "%s: %s\n", directory, strerror(errno));
        return 1;
    }
    for (int i = 0; i < n; i++) {
        char path[4096];
        if (names[i]->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", directory, names[i]->d_name);
            int bad = replay_file(path) != 0;
            printf("%sok %d - %s\n", bad ? "not " : "", ++*count, names[i]->d_name);
            fflush(stdout); /* the last name printed is the one before a crash */
            failed |= bad;
        }
        free(names[i]);
    }
    free(names);
    return failed;
}

int main(int argc, char **argv)
{
    int count = 0, failed = argc < 2;
    for (int i = 1; i < argc; i++) {
        failed |= replay_directory(argv[i], &count);
    }
    printf("1..%d\n", count);
    return failed || count == 0;
}
