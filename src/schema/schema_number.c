/* Numbers for keywords and messages. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema_int.h"

__extension__ typedef unsigned __int128 wide;

/* By long division on the digits: doubles would say that 0.3 is no multiple of 0.1. */
bool schema_number_multiple_of(const struct js *a, const struct js *b)
{
    struct js_decimal x, y;
    uint64_t divisor = 0, rest = 0;
    js_decimal(a, &x);
    js_decimal(b, &y);
    if (x.n == 0 || y.n == 0) {
        return x.n == 0;
    }
    for (size_t i = 0; i < y.n; i++) {
        divisor = divisor * 10 + (uint64_t)(y.digits[i] - '0');
    }
    int shift = x.exponent - y.exponent; /* of the dividend, in units of the divisor's last digit */
    for (size_t i = 0; i < x.n; i++) {
        /* The divisor has at most 18 digits (SCHEMA_MAX_DIVISOR), so that ten times the rest fits. */
        rest = (uint64_t)(((wide)rest * 10 + (unsigned)(x.digits[i] - '0')) % divisor);
    }
    for (; shift > 0 && rest > 0; shift--) {
        rest = (uint64_t)((wide)rest * 10 % divisor);
    }
    return shift >= 0 && rest == 0; /* below the divisor's last digit there is something left */
}

/* Exponents outside -4 ≤ e < 21 only, as JSON texts are written by most. */
void schema_number_text(char out[NUMBER_TEXT], const struct js *v)
{
    if (v->type == JS_INT) {
        snprintf(out, NUMBER_TEXT, "%lld", (long long)v->integer);
        return;
    }
    char text[JS_NUMBER_MADE];
    js_number_shortest(text, v->real);
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
