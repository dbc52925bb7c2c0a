/* Names that a request gives twice (own-api.md, items): found by sorting. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

struct place {
    const char *name;
    size_t at;
};

/* Like names by their place: qsort keeps no order of its own. */
static int by_name(const void *x, const void *y)
{
    const struct place *a = x, *b = y;
    int order = strcmp(a->name, b->name);
    return order ? order : (a->at > b->at) - (a->at < b->at);
}

bool names_find_repeated(struct arena *a, const char *const *names, size_t n, size_t *at)
{
    struct place *places = ARENA_ARRAY(a, n, struct place);
    *at = n;
    if (!places) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        places[i] = (struct place){names[i], i};
    }
    qsort(places, n, sizeof *places, by_name);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(places[i - 1].name, places[i].name) == 0 && places[i].at < *at) {
            *at = places[i].at;
        }
    }
    return true;
}
