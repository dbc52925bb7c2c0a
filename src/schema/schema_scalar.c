/* Strings and numbers. */
#include "schema_int.h"
#include "utf8.h"

/* The context of a message: two named values (kratos.md §3.4). */
static struct js *pair(struct check *c, const char *first, struct js *a, const char *second, struct js *b)
{
    struct js *context = js_object(c->a);
    js_put(c->a, context, first, a);
    js_put(c->a, context, second, b);
    return context;
}

/* Paid before it runs: a schema with many patterns over a value with many texts is what would hold a core. */
bool schema_check_regex(struct check *c, const struct regex *r, struct bytes text)
{
    if (!schema_check_spend(c, REGEX_COST + text.n / 16)) {
        return false;
    }
    enum regex_result result = schema_regex_match(r, text);
    /* A pattern without an answer fails the whole validation, whatever stands around it
     * (docs/DECISIONS.md), and costs so much that few are tried. */
    if (result == REGEX_LIMIT) {
        c->limited = true;
        (void)schema_check_spend(c, REGEX_LIMIT_COST);
    }
    return result == REGEX_MATCH;
}

static void length_failed(struct check *c, const struct subschema *s, const struct spot *at,
                          struct causes *out, bool least, int64_t limit, int64_t length)
{
    /* Under "not" and in branches that are only tried nobody reads the text. */
    if (!schema_leaf_wanted(c, out)) {
        return;
    }
    schema_leaf_add(c, out, s, at, least ? "minLength" : "maxLength",
                    pair(c, least ? "min_length" : "max_length", js_int(c->a, limit), "actual_length",
                         js_int(c->a, length)),
                    "length must be %s %lld, but got %lld", least ? ">=" : "<=", (long long)limit,
                    (long long)length);
}

static void pattern_failed(struct check *c, const struct subschema *s, const struct spot *at,
                           struct causes *out)
{
    if (!schema_leaf_wanted(c, out)) {
        return;
    }
    struct js *context = js_object(c->a);
    js_put(c->a, context, "pattern", js_text(c->a, s->pattern_text));
    schema_leaf_add(c, out, s, at, "pattern", context, "does not match pattern %s",
                    schema_check_text(c, schema_go_quote(c->a, bytes_str(s->pattern_text))));
}

void schema_check_string(struct check *c, const struct subschema *s, const struct js *v,
                         const struct spot *at, struct causes *out)
{
    int64_t length = 0;
    if (s->min_length >= 0 || s->max_length >= 0) {
        (void)schema_check_spend(c, v->string.n / 32);
        /* In code points, as JSON Schema counts; bytes would refuse names that have letters with marks. */
        length = (int64_t)utf8_length(v->string);
    }
    if (s->min_length >= 0 && length < s->min_length) {
        length_failed(c, s, at, out, true, s->min_length, length);
    }
    if (s->max_length >= 0 && length > s->max_length) {
        length_failed(c, s, at, out, false, s->max_length, length);
    }
    if (s->pattern && !schema_check_regex(c, s->pattern, v->string)) {
        pattern_failed(c, s, at, out);
    }
}

/* On exact decimals: a limit of 0.3 holds for what was typed, not for the nearest double. */
void schema_check_number(struct check *c, const struct subschema *s, const struct js *v,
                         const struct spot *at, struct causes *out)
{
    const struct {
        const struct js *limit;
        const char *keyword, *sign, *name;
        /* Four keywords, one rule: where the comparison may lie. */
        int low, high; /* comparisons of value to limit that are fine */
    } limits[] = {
        {s->minimum, "minimum", ">=", "minimum", 0, 1},
        {s->exclusive_minimum, "exclusiveMinimum", ">", "minimum", 1, 1},
        {s->maximum, "maximum", "<=", "maximum", -1, 0},
        {s->exclusive_maximum, "exclusiveMaximum", "<", "maximum", -1, -1},
    };
    char actual[NUMBER_TEXT], bound[NUMBER_TEXT];
    schema_number_text(actual, v);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        int order = limits[i].limit ? js_number_compare(v, limits[i].limit) : 0;
        if (!limits[i].limit || (order >= limits[i].low && order <= limits[i].high) ||
            !schema_leaf_wanted(c, out)) {
            continue;
        }
        schema_number_text(bound, limits[i].limit);
        schema_leaf_add(c, out, s, at, limits[i].keyword,
                        pair(c, limits[i].name, js_copy(c->a, limits[i].limit), "actual", js_copy(c->a, v)),
                        "must be %s %s but found %s", limits[i].sign, bound, actual);
    }
    if (s->multiple_of && !schema_number_multiple_of(v, s->multiple_of) && schema_leaf_wanted(c, out)) {
        schema_number_text(bound, s->multiple_of);
        schema_leaf_add(c, out, s, at, "multipleOf",
                        pair(c, "base", js_copy(c->a, s->multiple_of), "actual", js_copy(c->a, v)),
                        "%s not multipleOf %s", actual, bound);
    }
}
