/* What stands behind a backslash. */
#include <ctype.h>
#include <string.h>

#include "schema_ecma.h"

/* WhiteSpace and LineTerminator of ECMA-262 §12.2, §12.3, and all other characters. */
#define SPACES                                                                                               \
    "\\x{9}-\\x{d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"   \
    "\\x{feff}"
#define NOT_SPACES                                                                                           \
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"      \
    "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}"

/* Exactly so many: PCRE2 would take fewer, and read a broken escape as something. */
static bool hex_number(struct translation *t, size_t digits, uint32_t *value)
{
    *value = 0;
    for (size_t i = 0; i < digits; i++) {
        int c = schema_ecma_peek(t, i);
        if (c < 0 || !isxdigit(c)) {
            return false;
        }
        *value = *value * 16 + (uint32_t)(isdigit(c) ? c - '0' : (c | 32) - 'a' + 10);
    }
    t->p += digits;
    return true;
}

/* As \x{…}: whatever the character is, PCRE2 sees no syntax in it. */
static bool put_code_point(struct translation *t, uint32_t c)
{
    /* Half a pair is no character (with the u flag): nothing that is UTF-8 could ever match. */
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return schema_ecma_refuse(t, "the regular expression has an escape that is no character");
    }
    buf_printf(&t->out, "\\x{%x}", c);
    return true;
}

/* Behind "\u": four digits, two such that are surrogates, or braces. */
static bool unicode_escape(struct translation *t)
{
    uint32_t c = 0, low = 0;
    if (schema_ecma_peek(t, 0) == '{') {
        t->p++;
        size_t n = 0;
        while (schema_ecma_peek(t, n) >= 0 && isxdigit(schema_ecma_peek(t, n)) && n < 6) {
            n++;
        }
        if (n == 0 || !hex_number(t, n, &c) || schema_ecma_peek(t, 0) != '}') {
            return schema_ecma_refuse(t, "the regular expression has a broken \\u escape");
        }
        t->p++;
        return put_code_point(t, c);
    }
    if (!hex_number(t, 4, &c)) {
        return schema_ecma_refuse(t, "the regular expression has a broken \\u escape");
    }
    if (c >= 0xd800 && c < 0xdc00 && schema_ecma_starts(t, "\\u")) {
        t->p += 2;
        if (!hex_number(t, 4, &low) || low < 0xdc00 || low > 0xdfff) {
            return schema_ecma_refuse(t, "the regular expression has a broken \\u escape");
        }
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    return put_code_point(t, c);
}

/* General categories by the long names that ECMA-262 table 69 also allows. */
static const char *const category_names[][2] = {
    {"Letter", "L"},
    {"Lowercase_Letter", "Ll"},
    {"Uppercase_Letter", "Lu"},
    {"Titlecase_Letter", "Lt"},
    {"Cased_Letter", "L&"},
    {"LC", "L&"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"},
    {"Close_Punctuation", "Pe"},
    {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"},
    {"Other_Punctuation", "Po"},
    {"Symbol", "S"},
    {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"},
    {"Modifier_Symbol", "Sk"},
    {"Other_Symbol", "So"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"},
    {"Other", "C"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Format", "Cf"},
    {"Surrogate", "Cs"},
    {"Private_Use", "Co"},
    {"Unassigned", "Cn"},
};

/* Behind "\p" or "\P". */
static bool property_escape(struct translation *t, char kind)
{
    char name[64];
    const char *close = schema_ecma_peek(t, 0) == '{' ? memchr(t->p, '}', (size_t)(t->end - t->p)) : NULL;
    if (!close && t->lenient && schema_ecma_peek(t, 0) >= 0 && isupper(schema_ecma_peek(t, 0))) {
        buf_printf(&t->out, "\\%c{%c}", kind, *t->p++);
        return true;
    }
    if (!close || (size_t)(close - t->p) > sizeof name || close - t->p < 2) {
        return schema_ecma_refuse(t, "the regular expression has a broken \\p escape");
    }
    size_t n = (size_t)(close - t->p) - 1;
    memcpy(name, t->p + 1, n);
    name[n] = '\0';
    t->p = close + 1;
    /* What goes on to PCRE2 within braces is a word and can close nothing. */
    if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_=&") != n) {
        return schema_ecma_refuse(t, "the regular expression has a broken \\p escape");
    }
    const char *value = strchr(name, '='), *kind_of_script = "";
    value = value ? value + 1 : name;
    if (strncmp(name, "Script=", 7) == 0 || strncmp(name, "sc=", 3) == 0) {
        kind_of_script = "sc:";
    } else if (strncmp(name, "Script_Extensions=", 18) == 0 || strncmp(name, "scx=", 4) == 0) {
        kind_of_script = "scx:";
    }
    for (size_t i = 0; i < sizeof category_names / sizeof category_names[0]; i++) {
        if (strcmp(value, category_names[i][0]) == 0) {
            value = category_names[i][1];
            break;
        }
    }
    buf_printf(&t->out, "\\%c{%s%s}", kind, kind_of_script, value);
    return true;
}

/* Behind "\" and a digit from 1 to 9, which p still points at. \g{…}, since "\1" followed by a digit would
 * be read as one larger number. */
static bool back_reference(struct translation *t)
{
    unsigned long n = 0;
    while (schema_ecma_peek(t, 0) >= '0' && schema_ecma_peek(t, 0) <= '9' && n < 1000) {
        n = n * 10 + (unsigned long)(*t->p++ - '0');
    }
    if (t->in_class) {
        return schema_ecma_refuse(t, "the regular expression has a back reference in a class");
    }
    buf_printf(&t->out, "\\g{%lu}", n);
    return true;
}

/* \cA to \cZ (ECMA-262 §22.2.1, ControlLetter); PCRE2 would take any character. */
static bool control_escape(struct translation *t)
{
    int c = schema_ecma_peek(t, 0);
    if (c < 0 || !isalpha(c)) {
        return schema_ecma_refuse(t, "the regular expression has a broken \\c escape");
    }
    t->p++;
    return put_code_point(t, (uint32_t)c % 32);
}

/* Escapes that mean something else to PCRE2, or nothing to ECMA. */
static bool other_escape(struct translation *t, char c)
{
    if (strchr("^$\\.*+?()[]{}|/", c) || (c == '-' && (t->in_class || t->lenient))) {
        buf_char(&t->out, '\\');
        buf_char(&t->out, c);
        return true;
    }
    if (t->lenient && !t->in_class && (c == 'A' || c == 'z')) {
        buf_printf(&t->out, "\\%c", c);
        return true;
    }
    if (t->lenient && (unsigned char)c < 0x80 && !isalnum((unsigned char)c)) {
        return put_code_point(t, (unsigned char)c);
    }
    return schema_ecma_refuse(t, "the regular expression has an escape that ECMA-262 does not know");
}

/* Whether there is such a group PCRE2 finds out. */
static bool named_reference(struct translation *t)
{
    const char *close = schema_ecma_peek(t, 0) == '<' ? memchr(t->p, '>', (size_t)(t->end - t->p)) : NULL;
    if (!close || t->in_class) {
        return schema_ecma_refuse(t, "the regular expression has a broken \\k escape");
    }
    buf_str(&t->out, "\\k");
    buf_add(&t->out, t->p, (size_t)(close + 1 - t->p));
    t->p = close + 1;
    return true;
}

bool schema_ecma_escape(struct translation *t)
{
    static const struct {
        char letter;
        const char *outside, *in_class;
    } fixed[] = {
        {'d', "\\d", "\\d"},           {'D', "\\D", "\\D"},
        {'w', "\\w", "\\w"},           {'W', "\\W", "\\W"},
        {'s', "[" SPACES "]", SPACES}, {'S', "[^" SPACES "]", NOT_SPACES},
        {'b', "\\b", "\\x{8}"},        {'B', "\\B", NULL},
        {'t', "\\x{9}", "\\x{9}"},     {'n', "\\x{a}", "\\x{a}"},
        {'v', "\\x{b}", "\\x{b}"},     {'f', "\\x{c}", "\\x{c}"},
        {'r', "\\x{d}", "\\x{d}"},
    };
    uint32_t value = 0;
    t->p++;
    int c = schema_ecma_peek(t, 0);
    if (c < 0) {
        return schema_ecma_refuse(t, "the regular expression ends in a backslash");
    }
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        const char *text = t->in_class ? fixed[i].in_class : fixed[i].outside;
        if (fixed[i].letter == c && text) {
            buf_str(&t->out, text);
            t->p++;
            return true;
        }
    }
    if (c >= '1' && c <= '9') {
        return back_reference(t);
    }
    t->p++;
    switch (c) {
    case '0':
        return schema_ecma_peek(t, 0) >= '0' && schema_ecma_peek(t, 0) <= '9'
                   ? schema_ecma_refuse(t, "the regular expression has an octal escape")
                   : put_code_point(t, 0);
    case 'c':
        return control_escape(t);
    case 'x':
        return hex_number(t, 2, &value)
                   ? put_code_point(t, value)
                   : schema_ecma_refuse(t, "the regular expression has a broken \\x escape");
    case 'u':
        return unicode_escape(t);
    case 'p':
    case 'P':
        return property_escape(t, (char)c);
    case 'k':
        return named_reference(t);
    default:
        return other_escape(t, (char)c);
    }
}
