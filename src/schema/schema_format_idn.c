/* Internationalised host names: each label as libidn2 registers it, IDNA 2008 (RFC 5891 §4) without mapping.
 */
#include "schema_int.h"
#include "utf8.h"

/* Bytes, before libidn2, which keeps UTF-32 of it. */
enum { MAX_NAME = 1024 };

static bool is_ascii(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* A label is ASCII, or a U-label that libidn2 accepts, or an A-label ("xn--") of one. */
static enum ww_err check_label(struct arena *a, struct bytes text)
{
    if (is_ascii(text)) {
        if (!schema_format_hostname(text)) {
            return WW_EVALIDATION;
        }
        if (text.n < 4 || text.p[2] != '-' || text.p[3] != '-') {
            return WW_OK;
        }
    }
    char *label = arena_strndup(a, text.p, text.n);
    enum ww_err err = label ? utf8_idn_label(label) : WW_ENOMEM;
    return err == WW_EINVAL ? WW_EVALIDATION : err;
}

/* The separators of RFC 3490 §3.1. */
static bool is_dot(int32_t c)
{
    return c == '.' || c == 0x3002 || c == 0xff0e || c == 0xff61;
}

/* Label by label: an A-label may stand beside a U-label (RFC 5890 §2.3.2.1). */
enum ww_err schema_format_idn_hostname(struct arena *a, struct bytes text)
{
    struct bytes rest = text;
    const uint8_t *start = text.p;
    if (text.n == 0 || text.n > MAX_NAME || !utf8_valid(text)) {
        return WW_EVALIDATION;
    }
    for (;;) {
        const uint8_t *here = rest.p;
        int32_t c = utf8_next(&rest);
        if (c >= 0 && !is_dot(c)) {
            continue;
        }
        struct bytes label = BYTES(start, (size_t)(here - start));
        enum ww_err err = label.n > 0 ? check_label(a, label) : WW_EVALIDATION;
        if (err || c < 0) {
            return err;
        }
        start = rest.p;
    }
}
