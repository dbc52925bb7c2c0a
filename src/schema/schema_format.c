/* The formats of draft-07 (§7.3), and those that Kratos adds: tel, no-validate. */
#include <string.h>

#include "schema_int.h"

/* RFC 6901: "" or "/…" with "~" only before 0 and 1. */
static bool json_pointer(struct bytes text)
{
    if (text.n > 0 && text.p[0] != '/') {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '~' && (i + 1 >= text.n || (text.p[i + 1] != '0' && text.p[i + 1] != '1'))) {
            return false;
        }
    }
    return true;
}

/* draft-bhutton-relative-json-pointer: how many levels up, without leading zeros, and then a pointer or "#".
 */
static bool relative_json_pointer(struct bytes text)
{
    size_t n = 0;
    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9') {
        n++;
    }
    if (n == 0 || (n > 1 && text.p[0] == '0')) {
        return false;
    }
    struct bytes rest = BYTES(text.p + n, text.n - n);
    return (rest.n == 1 && rest.p[0] == '#') || json_pointer(rest);
}

/* A number with its country code, as ITU-T E.164 has it: "+", 7 to 15 digits, and what people put between. */
static bool tel(struct bytes text)
{
    size_t digits = 0;
    if (text.n < 2 || text.p[0] != '+') {
        return false;
    }
    for (size_t i = 1; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool digit = c >= '0' && c <= '9';
        if ((digit && digits == 0 && c == '0') || (!digit && !memchr(" ().-", c, 5))) {
            return false;
        }
        digits += digit;
    }
    return digits >= 7 && digits <= 15;
}

/* Strict: what people type into a form is to be a pattern everywhere, while a schema's own may be written
 * for Kratos (RE2). */
static enum ww_err regex(struct arena *a, struct bytes text)
{
    struct regex *r = NULL;
    const char *why = NULL;
    enum ww_err err = schema_regex_compile(a, text, REGEX_STRICT, &r, &why);
    schema_regex_free(r);
    return err;
}

static bool anything(struct bytes text)
{
    (void)text;
    return true;
}

static const struct format formats[] = {
    {"email", schema_format_email, NULL},
    {"tel", tel, NULL},
    {"date", schema_format_date, NULL},
    {"time", schema_format_time, NULL},
    {"date-time", schema_format_date_time, NULL},
    {"hostname", schema_format_hostname, NULL},
    {"ipv4", schema_format_ipv4, NULL},
    /* The name of earlier drafts, which Kratos' validator knows as well; "uriref" likewise. */
    {"ip-address", schema_format_ipv4, NULL},
    {"ipv6", schema_format_ipv6, NULL},
    {"uri", schema_format_uri, NULL},
    {"uri-reference", schema_format_uri_reference, NULL},
    {"uriref", schema_format_uri_reference, NULL},
    {"iri", schema_format_iri, NULL},
    {"iri-reference", schema_format_iri_reference, NULL},
    {"uri-template", schema_format_uri_template, NULL},
    {"json-pointer", json_pointer, NULL},
    {"relative-json-pointer", relative_json_pointer, NULL},
    /* Compiled, and thrown away: PCRE2 knows best whether it is one. */
    {"regex", NULL, regex},
    {"idn-hostname", NULL, schema_format_idn_hostname},
    {"idn-email", NULL, schema_format_idn_email},
    {"no-validate", anything, NULL},
};

/* NULL for what nobody knows: it asserts nothing (draft-07, Validation §7.2). */
const struct format *schema_format_find(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }
    return NULL;
}
