/* Patterns through PCRE2, with limits on size and on the work of a match. A limit that is reached is a
 * failure, never a match and never "no match". */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "schema_int.h"

/* One match may take about half a millisecond; what needs more is REGEX_LIMIT. */
enum {
    MATCH_LIMIT = 50000,
    DEPTH_LIMIT = 20000,
    /* KiB that one match may take from the heap: many requests match at once. */
    HEAP_LIMIT_KIB = 8192,
    NESTING_LIMIT = 100,
};

struct regex {
    struct regex *next;
    pcre2_code *code;
    pcre2_match_context *limits;
};

static const char *compile_reason(struct arena *a, int error, size_t offset)
{
    PCRE2_UCHAR text[160] = "";
    if (pcre2_get_error_message(error, text, sizeof text) < 0) {
        return "the regular expression is not valid";
    }
    char *why = arena_printf(a, "the regular expression is not valid near its byte %zu: %s", offset,
                             (const char *)text);
    return why ? why : "the regular expression is not valid";
}

static pcre2_code *compile_text(struct arena *a, const char *pattern, const char **why)
{
    int error = 0;
    PCRE2_SIZE offset = 0;
    /* What ECMA-262 means by "$", "[]" and a reference to a group that did not take part; \C could match
     * half a character. */
    const uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALLOW_EMPTY_CLASS |
                             PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context) {
        *why = NULL;
        return NULL;
    }
    /* The compiler of PCRE2 recurses for each group. */
    pcre2_set_parens_nest_limit(context, NESTING_LIMIT);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &error, &offset, context);
    pcre2_compile_context_free(context);
    if (!code) {
        *why = error == PCRE2_ERROR_HEAP_FAILED ? NULL : compile_reason(a, error, offset);
    }
    return code;
}

enum ww_err schema_regex_compile(struct arena *a, struct bytes pattern, enum regex_flavour flavour,
                                 struct regex **out, const char **why)
{
    *out = NULL;
    *why = "the regular expression is too long";
    if (pattern.n > SCHEMA_MAX_PATTERN) {
        return WW_EVALIDATION;
    }
    char *translated = schema_ecma_translate(a, pattern, flavour, why);
    if (!translated) {
        return *why ? WW_EVALIDATION : WW_ENOMEM;
    }
    struct regex *r = ARENA_NEW(a, struct regex);
    if (!r) {
        return WW_ENOMEM;
    }
    r->code = compile_text(a, translated, why);
    if (!r->code) {
        return *why ? WW_EVALIDATION : WW_ENOMEM;
    }
    r->limits = pcre2_match_context_create(NULL);
    if (!r->limits) {
        schema_regex_free(r);
        return WW_ENOMEM;
    }
    pcre2_set_match_limit(r->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(r->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(r->limits, HEAP_LIMIT_KIB);
    *out = r;
    return WW_OK;
}

enum regex_result schema_regex_match(const struct regex *r, struct bytes text)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    if (!data) {
        return REGEX_LIMIT;
    }
    int rc = pcre2_match(r->code, text.p, text.n, 0, 0, data, r->limits);
    pcre2_match_data_free(data);
    if (rc >= 0) {
        return REGEX_MATCH;
    }
    return rc == PCRE2_ERROR_NOMATCH ? REGEX_NO_MATCH : REGEX_LIMIT;
}

size_t schema_regex_size(const struct regex *r)
{
    size_t n = 0;
    return pcre2_pattern_info(r->code, PCRE2_INFO_SIZE, &n) == 0 ? n : SCHEMA_MAX_REGEX_MEMORY;
}

void schema_regex_push(struct regex **list, struct regex *r)
{
    r->next = *list;
    *list = r;
}

void schema_regex_free(struct regex *r)
{
    for (; r; r = r->next) {
        pcre2_match_context_free(r->limits);
        pcre2_code_free(r->code);
        r->limits = NULL;
        r->code = NULL;
    }
}
