/* Numbers as exact decimals: what came in is compared, and comes back, as it was typed, beyond 64 bits and
 * beyond a double (RFC 8259 §6 sets no limit). */
#include "js.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool js_is_number(const struct js *v)
{
    return v->type == JS_INT || v->type == JS_REAL;
}

/* "%.*e" of 1 to 17 digits: with 17 every double comes back as itself (IEEE 754 binary64). */
void js_number_shortest(char out[JS_NUMBER_MADE], double v)
{
    for (int digits = 0; digits < 17; digits++) {
        snprintf(out, JS_NUMBER_MADE, "%.*e", digits, v);
        double back = strtod(out, NULL);
        if (back >= v && back <= v) {
            return;
        }
    }
}

/* The number's own text, or one made in `made` where it has none. */
static struct bytes text_of(const struct js *v, char made[JS_NUMBER_MADE])
{
    /* As it was typed: 18446744073709551615 and 0.1 have more digits than a double. */
    if (v->string.n > 0) {
        return v->string;
    }
    if (v->type == JS_INT) {
        snprintf(made, JS_NUMBER_MADE, "%lld", (long long)v->integer);
    } else {
        js_number_shortest(made, v->real);
    }
    return bytes_str(made);
}

void js_decimal(const struct js *v, struct js_decimal *out)
{
    char made[JS_NUMBER_MADE];
    struct bytes text = text_of(v, made);
    bool fraction = false;
    size_t i = 0;
    *out = (struct js_decimal){.negative = text.p[0] == '-'};
    for (i = out->negative; i < text.n && (text.p[i] | 0x20) != 'e'; i++) {
        if (text.p[i] == '.') {
            fraction = true;
            continue;
        }
        out->exponent -= fraction;
        /* The reader refuses longer ones; the bound keeps the array safe whatever a tree holds. */
        if ((text.p[i] != '0' || out->n > 0) && out->n < LIMIT_JSON_NUMBER) {
            out->digits[out->n++] = (char)text.p[i];
        }
    }
    if (i < text.n) {
        out->exponent += atoi((const char *)text.p + i + 1); /* a NUL follows every text of a tree */
    }
    /* One form for each value: 1.50 and 15e-1 have the same digits and exponent. */
    while (out->n > 0 && out->digits[out->n - 1] == '0') {
        out->n--;
        out->exponent++;
    }
    /* -0 and 0e9 are zero. */
    if (out->n == 0) {
        out->exponent = 0;
        out->negative = false;
    }
}

/* Of two that are not negative. */
static int compare_size(const struct js_decimal *x, const struct js_decimal *y)
{
    int above_x = (int)x->n + x->exponent, above_y = (int)y->n + y->exponent; /* digits before the point */
    if (x->n == 0 || y->n == 0 || above_x != above_y) {
        return x->n == 0 ? -(y->n > 0) : y->n == 0 ? 1 : (above_x > above_y) - (above_x < above_y);
    }
    /* As many digits before the point and no zeros at the ends: the order of texts is that of numbers. */
    int order = bytes_compare(BYTES(x->digits, x->n), BYTES(y->digits, y->n));
    return (order > 0) - (order < 0);
}

int js_number_compare(const struct js *a, const struct js *b)
{
    struct js_decimal x, y;
    /* Nearly all numbers are of this kind, and need no digits. */
    if (a->type == JS_INT && b->type == JS_INT) {
        return (a->integer > b->integer) - (a->integer < b->integer);
    }
    js_decimal(a, &x);
    js_decimal(b, &y);
    if (x.negative != y.negative) {
        return x.negative ? -1 : 1;
    }
    return x.negative ? compare_size(&y, &x) : compare_size(&x, &y);
}

bool js_number_is_integer(const struct js *v)
{
    struct js_decimal d;
    if (v->type != JS_REAL) {
        return v->type == JS_INT;
    }
    js_decimal(v, &d);
    return d.exponent >= 0;
}

/* Without exponent where that is as short as people write it. */
enum { MOST_ZEROS = 21 };

void js_number_write_canonical(struct buf *b, const struct js *v)
{
    struct js_decimal d;
    js_decimal(v, &d);
    int before = (int)d.n + d.exponent;
    buf_str(b, d.negative ? "-" : "");
    if (d.n == 0) {
        buf_char(b, '0');
    } else if (d.exponent >= 0 && before <= MOST_ZEROS) {
        buf_add(b, d.digits, d.n);
        for (int i = 0; i < d.exponent; i++) {
            buf_char(b, '0');
        }
    } else if (before > 0 && before <= MOST_ZEROS) {
        buf_add(b, d.digits, (size_t)before);
        buf_char(b, '.');
        buf_add(b, d.digits + before, d.n - (size_t)before);
    } else if (before <= 0 && before > -6) {
        buf_str(b, "0.");
        for (int i = 0; i < -before; i++) {
            buf_char(b, '0');
        }
        buf_add(b, d.digits, d.n);
    } else {
        buf_add(b, d.digits, d.n);
        buf_printf(b, "e%d", d.exponent);
    }
}
