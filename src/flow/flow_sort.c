/* The order of nodes in a form (kratos.md §3.3). */
#include <string.h>

#include "flow_node.h"

/* Where a node stands in its form: the first row of the flow's table that fits decides. A group "*" fits
 * every group; a name "" fits every name; a name that ends in "." fits all that begin with it, in the
 * schema's order. */
struct place_row {
    const char *group, *name;
    int rank; /* in steps of 10,000: traits lie between two steps */
};

/* Room for about 2,500 traits between two steps; those beyond stand together at the end. */
enum { STEP = 10000, TRAIT_STEP = 4, LAST_TRAIT = 9990 };

/* Kratos sorts login by group, and groups that its list lacks come first: identifier_first. */
static const struct place_row login_order[] = {
    {"identifier_first", "method", 1 * STEP},
    {"identifier_first", "", 0},
    {"*", "csrf_token", 2 * STEP},
    {"*", "identifier", 3 * STEP},
    {"default", "", 4 * STEP},
    {"*", "password", 5 * STEP},
    {"password", "method", 6 * STEP},
    {"*", "", 7 * STEP},
    {NULL, NULL, 0},
};
/* Traits from 1 step on; the password stands right behind the first of them (rank 1 step + 3). */
static const struct place_row registration_order[] = {
    {"*", "csrf_token", 0},
    {"*", "traits.", 1 * STEP},
    {"password", "password", 1 * STEP + 3},
    {"default", "", 2 * STEP},
    {"password", "method", 4 * STEP},
    {"password", "", 3 * STEP},
    {"profile", "", 5 * STEP},
    {"*", "", 6 * STEP},
    {NULL, NULL, 0},
};
static const struct place_row settings_order[] = {
    {"*", "csrf_token", 0},          {"default", "", 1 * STEP}, {"*", "traits.", 2 * STEP},
    {"profile", "method", 4 * STEP}, {"profile", "", 3 * STEP}, {"password", "method", 6 * STEP},
    {"password", "", 5 * STEP},      {"*", "", 7 * STEP},       {NULL, NULL, 0},
};
static const struct place_row *const orders[] = {login_order, registration_order, settings_order};

/* A trait's rank by its place in the schema; an element of a list ("emails.1") stands right behind the list.
 */
static int trait_rank(const char *path, const struct identity_schema *schema)
{
    int i = 0;

    for (const struct schema_trait *t = schema ? schema->traits : NULL; t; t = t->next, i++) {
        size_t n = strlen(t->path);
        if (strncmp(path, t->path, n) == 0 && (path[n] == 0 || path[n] == '.')) {
            int rank = i * TRAIT_STEP + (path[n] ? 1 : 0);
            return rank < LAST_TRAIT ? rank : LAST_TRAIT;
        }
    }
    return LAST_TRAIT;
}

static int rank_of(const struct js *node, const struct place_row *row, const struct identity_schema *schema)
{
    const char *name = flow_node_name(node), *group = flow_node_group(node);

    /* The first row that fits: more special rows stand above. */
    for (; row->group; row++) {
        size_t n = strlen(row->name);
        bool prefix = n > 0 && row->name[n - 1] == '.';
        if (strcmp(row->group, "*") != 0 && strcmp(row->group, group) != 0) {
            continue;
        }
        if (prefix && strncmp(name, row->name, n) == 0) {
            return row->rank + trait_rank(name + n, schema);
        }
        if (!prefix && (n == 0 || strcmp(name, row->name) == 0)) {
            return row->rank;
        }
    }
    return 0;
}

/* By insertion, so that equal ranks keep their order. */
struct js *flow_nodes_sort(struct arena *a, struct js *nodes, enum flow_order order,
                           const struct identity_schema *schema)
{
    struct js *sorted = js_array(a);
    size_t count = 0, n = 0;

    for (const struct js *node = nodes ? nodes->first : NULL; node; node = node->next) {
        count++;
    }
    struct js **list = ARENA_ARRAY(a, count + 1, struct js *);
    int *ranks = ARENA_ARRAY(a, count + 1, int);
    if (!list || !ranks || !nodes || nodes->count != count) { /* a node was lost to lack of memory */
        return NULL;
    }
    for (struct js *node = nodes->first; node; node = node->next) {
        int rank = rank_of(node, orders[order], schema);
        size_t at = n++;
        for (; at > 0 && ranks[at - 1] > rank; at--) {
            list[at] = list[at - 1];
            ranks[at] = ranks[at - 1];
        }
        list[at] = node;
        ranks[at] = rank;
    }
    for (size_t i = 0; i < n; i++) {
        js_push(sorted, list[i]);
    }
    return sorted;
}
