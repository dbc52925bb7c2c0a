/* Whether a password resembles an identifier (kratos.md §7), within bounds: the measures are quadratic. */
#include "cred_policy.h"

#include <string.h>

#include "utf8.h"

/* Bytes that are compared: 256 × 256 steps for each identifier, of which an account has up to 64. What is
 * longer is too different, or too strange, to be alike by accident. */
enum { SIMILAR_MAX = 256, MIN_DISTANCE = 5 };

struct points {
    int32_t *p;
    size_t n;
};

static struct points points_of(struct arena *a, struct bytes text)
{
    struct points out = {ARENA_ARRAY(a, text.n, int32_t), 0};
    int32_t c;
    while (out.p && (c = utf8_next(&text)) >= 0) {
        out.p[out.n++] = c;
    }
    return out;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Wagner and Fischer's table, one row of it at a time. row: b.n + 1 places. */
static size_t edit_distance(struct points a, struct points b, size_t *row)
{
    for (size_t j = 0; j <= b.n; j++) {
        /* From an empty text to the first j points: j insertions. */
        row[j] = j;
    }
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t above = row[j], replaced = diagonal + (a.p[i - 1] != b.p[j - 1]);
            row[j] = least(replaced, least(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[b.n];
}

static size_t common_substring(struct points a, struct points b, size_t *row)
{
    size_t longest = 0;
    memset(row, 0, (b.n + 1) * sizeof *row);
    for (size_t i = 1; i <= a.n; i++) {
        for (size_t j = b.n; j >= 1; j--) { /* backwards: row[j - 1] is still of the row before */
            row[j] = a.p[i - 1] == b.p[j - 1] ? row[j - 1] + 1 : 0;
            longest = row[j] > longest ? row[j] : longest;
        }
    }
    return longest;
}

enum ww_err cred_policy_similar(struct ww_op *op, struct bytes password, const char *identifier,
                                bool *similar)
{
    struct arena *a = &op->arena;
    struct bytes lower_password, lower_identifier, id = bytes_str(identifier);
    *similar = false;
    if (id.n == 0 || id.n > SIMILAR_MAX || password.n > SIMILAR_MAX || !utf8_valid(id)) {
        return WW_OK;
    }
    if (utf8_lower(a, password, &lower_password) != WW_OK || utf8_lower(a, id, &lower_identifier) != WW_OK) {
        return op_no_memory(op);
    }
    struct points x = points_of(a, lower_password), y = points_of(a, lower_identifier);
    size_t *row = ARENA_ARRAY(a, y.n + 1, size_t);
    if (!x.p || !y.p || !row) {
        return op_no_memory(op);
    }
    *similar = edit_distance(x, y, row) < MIN_DISTANCE || 2 * common_substring(x, y, row) > lower_password.n;
    return WW_OK;
}

/* After folding there are no capitals left in ASCII; other scripts have no joiners here, every point
 * counts. */
static bool is_joiner(int32_t c)
{
    return c < 0x80 && !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'));
}

/* Folded as identifiers are (vault.md §6), without ASCII punctuation and blanks. */
static struct points core_of(struct arena *a, struct bytes text)
{
    struct bytes form;
    struct points all = {NULL, 0};
    if (utf8_casefold(a, text, &form) == WW_OK) {
        all = points_of(a, form);
    }
    size_t kept = 0;
    for (size_t i = 0; i < all.n; i++) {
        if (!is_joiner(all.p[i])) {
            all.p[kept++] = all.p[i];
        }
    }
    all.n = kept;
    return all;
}

enum ww_err cred_policy_derived(struct ww_op *op, struct bytes password, const char *identifier,
                                bool *derived)
{
    struct bytes id = bytes_str(identifier);
    *derived = false;
    if (id.n == 0 || !utf8_valid(id)) {
        return WW_OK;
    }
    struct points x = core_of(&op->arena, password), y = core_of(&op->arena, id);
    if (!x.p || !y.p) {
        return op_no_memory(op);
    }
    /* Forwards or backwards, that is what people do to a name to make it a password. */
    bool same = x.n == y.n, mirrored = same;
    for (size_t i = 0; (same || mirrored) && i < x.n; i++) {
        same = same && x.p[i] == y.p[i];
        mirrored = mirrored && x.p[i] == y.p[y.n - 1 - i];
    }
    *derived = x.n > 0 && (same || mirrored);
    return WW_OK;
}
