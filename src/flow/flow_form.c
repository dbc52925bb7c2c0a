/* One value of a form by the type that the schema gives (docs/kratos.md §2.4): numbers as Go's ParseFloat and
 * a browser's number field have them, truths as Go's ParseBool. */
#include <string.h>

#include "flow_decode.h"

static bool is_one_of(struct bytes text, const char *const *words)
{
    for (; *words; words++) {
        if (bytes_equal(text, bytes_str(*words))) {
            return true;
        }
    }
    return false;
}

/* The spellings that Go's strconv.ParseBool knows, as Kratos does. */
static struct js *boolean_value(struct arena *a, struct bytes text)
{
    static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True", NULL};
    static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False", NULL};

    if (is_one_of(text, yes) || is_one_of(text, no)) {
        return js_bool(a, is_one_of(text, yes));
    }
    /* What is no truth stays a text: the schema then says that the type is wrong, and nothing is guessed. */
    return js_string(a, text);
}

static size_t digits_at(struct bytes text, size_t i)
{
    size_t n = 0;
    while (i + n < text.n && text.p[i + n] >= '0' && text.p[i + n] <= '9') {
        n++;
    }
    return n;
}

/* A decimal number as JSON writes it: "007", "+7", ".5" and "5." are 7, 7, 0.5 and 5; what is JSON already
 * stays as it is. False when it is no number. */
static bool as_json_number(struct bytes text, struct buf *out)
{
    size_t i = text.n > 0 && (text.p[0] == '-' || text.p[0] == '+');
    size_t whole = digits_at(text, i), point = i + whole, fraction = 0;

    if (i && text.p[0] == '-') {
        buf_char(out, '-');
    }
    /* JSON allows no leading zeros (RFC 8259 §6); people type them. */
    while (whole > 1 && text.p[i] == '0') {
        i++;
        whole--;
    }
    buf_add(out, whole ? (const char *)text.p + i : "0", whole ? whole : 1);
    if (point < text.n && text.p[point] == '.') {
        fraction = digits_at(text, point + 1);
        buf_add(out, text.p + point, fraction ? fraction + 1 : 0);
        point += fraction + 1;
    }
    if (whole + fraction == 0) {
        return false;
    }
    if (point < text.n && (text.p[point] | 0x20) == 'e') {
        size_t sign = point + 1 < text.n && (text.p[point + 1] == '-' || text.p[point + 1] == '+');
        size_t exponent = digits_at(text, point + 1 + sign);
        buf_add(out, text.p + point, 1 + sign + exponent);
        point += exponent ? 1 + sign + exponent : 0;
    }
    return point == text.n;
}

static struct js *number_value(struct arena *a, struct bytes text, bool integer)
{
    struct buf number = BUF(a), whole = BUF(a);
    struct js *v = NULL, *plain = NULL;
    const char *why;

    /* What is no number stays a text, for the schema to refuse in its own words. */
    if (text.n > LIMIT_JSON_NUMBER || !as_json_number(text, &number) ||
        js_read(a, buf_done(&number), &v, &why) != WW_OK || (integer && !js_number_is_integer(v))) {
        return js_string(a, text);
    }
    if (integer && v->type != JS_INT) { /* 42.0 and 1e3, where whole numbers are asked for */
        js_number_write_canonical(&whole, v);
        if (js_read(a, buf_done(&whole), &plain, &why) != WW_OK) {
            return NULL;
        }
    }
    /* Beyond 64 bits it stays as it was typed. */
    return plain && plain->type == JS_INT ? plain : v;
}

/* What <input type="datetime-local"> gives, "2026-11-28T14:05" with or without seconds and their fraction, is
 * no date-time of RFC 3339 for want of seconds and zone: it is taken as UTC. Everything else stays as it is.
 */
static struct js *date_time_value(struct arena *a, struct bytes text)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    struct buf b = BUF(a);
    size_t i = 0;

    while (i < text.n && i < sizeof shape - 1 &&
           (shape[i] == 'd' ? text.p[i] >= '0' && text.p[i] <= '9' : text.p[i] == (uint8_t)shape[i])) {
        i++;
    }
    /* The whole shape matched; without seconds it ends three characters earlier. */
    bool seconds = i == sizeof shape - 1;
    if (seconds && i + 1 < text.n && text.p[i] == '.') {
        i += 1 + digits_at(text, i + 1);
    }
    if (i != text.n || (!seconds && i != strlen("dddd-dd-ddTdd:dd"))) {
        return js_string(a, text);
    }
    buf_bytes(&b, text);
    buf_str(&b, seconds ? "Z" : ":00Z");
    return js_string(a, buf_done(&b));
}

static struct js *typed_value(struct arena *a, const char *type, struct bytes text)
{
    bool integer = strcmp(type, "integer") == 0;

    return strcmp(type, "boolean") == 0             ? boolean_value(a, text)
           : integer || strcmp(type, "number") == 0 ? number_value(a, text, integer)
                                                    : js_string(a, text);
}

struct js *flow_form_value(struct arena *a, const struct schema_trait *t, struct bytes text)
{
    bool boolean = strcmp(t->type, "boolean") == 0;
    bool number = strcmp(t->type, "number") == 0 || strcmp(t->type, "integer") == 0;

    if (text.n == 0) { /* dropped, so that a required text counts as missing */
        /* A browser sends nothing for an unchecked box, and Kratos takes an empty number that is required for
         * 0. */
        if (!t->required || (!boolean && !number)) {
            return NULL;
        }
        return boolean ? js_bool(a, false) : js_int(a, 0);
    }
    if (t->format && strcmp(t->format, "date-time") == 0) {
        return date_time_value(a, text);
    }
    return typed_value(a, t->type, text);
}

struct js *flow_form_element(struct arena *a, const struct schema_trait *t, const char *path,
                             struct bytes text)
{
    struct schema_trait element;
    uint64_t lists;
    schema_element(t, path, &element, &lists);
    return flow_form_value(a, &element, text); /* of what is empty nothing is set: it is not required */
}
