#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema_int.h"

__extension__ typedef unsigned __int128 wide;

bool schema_number_is(const struct js *v)
{
    return v->type == JS_INT || v->type == JS_REAL;
}

bool schema_number_is_integer(const struct js *v)
{
    return v->type == JS_INT || (v->type == JS_REAL && floor(v->real) >= v->real);
}

/* 64 bits of mantissa or more, so that both kinds convert exactly. */
static long double value_of(const struct js *v)
{
    return v->type == JS_INT ? (long double)v->integer : (long double)v->real;
}

int schema_number_compare(const struct js *a, const struct js *b)
{
    long double x = value_of(a), y = value_of(b);
    return (x > y) - (x < y);
}

/* The shortest decimal digits that read back as the same double: "%.*e" of 1 to 17 digits. */
static void shortest(char *out, size_t size, double v)
{
    for (int digits = 0; digits < 17; digits++) {
        snprintf(out, size, "%.*e", digits, v);
        double back = strtod(out, NULL);
        if (back >= v && back <= v) {
            return;
        }
    }
}

/* |value| = digits × 10^exponent */
struct decimal {
    uint64_t digits;
    int exponent;
};

static struct decimal decimal_of(const struct js *v)
{
    struct decimal d = {0};
    if (v->type == JS_INT) {
        d.digits = v->integer < 0 ? 0 - (uint64_t)v->integer : (uint64_t)v->integer;
        return d;
    }
    char text[NUMBER_TEXT];
    shortest(text, sizeof text, fabs(v->real));
    char *e = strchr(text, 'e');
    d.exponent = e ? atoi(e + 1) : 0;
    bool fraction = false;
    for (const char *p = text; *p && *p != 'e'; p++) {
        if (*p == '.') {
            fraction = true;
        } else {
            d.digits = d.digits * 10 + (uint64_t)(*p - '0');
            d.exponent -= fraction;
        }
    }
    return d;
}

bool schema_number_multiple_of(const struct js *a, const struct js *b)
{
    struct decimal x = decimal_of(a), y = decimal_of(b);
    if (x.digits == 0 || y.digits == 0) {
        return x.digits == 0;
    }
    int shift = x.exponent - y.exponent;
    if (shift >= 0) {
        wide rest = x.digits % y.digits;
        for (; shift > 0 && rest > 0; shift--) {
            rest = rest * 10 % y.digits;
        }
        return rest == 0;
    }
    /* The divisor has trailing zeros beyond the dividend's: more than 20 and it is larger. */
    wide divisor = y.digits;
    for (; shift < 0; shift++) {
        if (divisor > x.digits) {
            return false;
        }
        divisor *= 10;
    }
    return x.digits % divisor == 0;
}

/* Exponents outside -4 ≤ e < 21 only, as JSON texts are written by most. */
void schema_number_text(char out[NUMBER_TEXT], const struct js *v)
{
    if (v->type == JS_INT) {
        snprintf(out, NUMBER_TEXT, "%lld", (long long)v->integer);
        return;
    }
    char text[NUMBER_TEXT];
    shortest(text, sizeof text, v->real);
    char *e = strchr(text, 'e');
    int exponent = e ? atoi(e + 1) : 0;
    if (exponent < -4 || exponent >= 21) {
        snprintf(out, NUMBER_TEXT, "%s", text);
        return;
    }
    int digits = 0;
    for (const char *p = text; p < e; p++) {
        digits += *p >= '0' && *p <= '9';
    }
    int decimals = digits - 1 - exponent;
    snprintf(out, NUMBER_TEXT, "%.*f", decimals > 0 ? decimals : 0, v->real);
}
