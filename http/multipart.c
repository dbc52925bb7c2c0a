/* multipart/form-data: RFC 7578 and RFC 2046 §5.1.1, as far as browsers send it. */
#include "multipart.h"

#include <string.h>
#include <strings.h>

#include "utf8.h"

enum { BOUNDARY_MAX = 70, HEAD_MAX = 4096 };

/* "--boundary" of the content type, with the line end that stands before it in the body. NULL: it names none.
 */
static const char *delimiter_of(struct arena *a, const char *content_type)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'()+_,-./:=? ";
    const char *at = content_type ? strcasestr(content_type, "boundary=") : NULL;
    if (!at) {
        return NULL;
    }
    at += strlen("boundary=");
    bool quoted = *at == '"';
    at += quoted;
    size_t n = strcspn(at, quoted ? "\"" : "; \t");
    /* RFC 2046 §5.1.1: 1 to 70 characters. */
    if (n == 0 || n > BOUNDARY_MAX || strspn(at, allowed) < n) {
        return NULL;
    }
    return arena_printf(a, "\r\n--%.*s", (int)n, at);
}

/* A quoted parameter of Content-Disposition. Browsers write a quote as %22 and line ends as %0D %0A.
 * WW_ENOTFOUND. */
static enum ww_err parameter(struct arena *a, const char *head, const char *name, char **out)
{
    char *wanted = arena_printf(a, "; %s=\"", name);
    const char *at = wanted ? strstr(head, wanted) : NULL;
    if (!at) {
        return wanted ? WW_ENOTFOUND : WW_ENOMEM;
    }
    at += strlen(wanted);
    const char *end = strchr(at, '"');
    size_t n = end ? (size_t)(end - at) : 0;
    if (!end || n > MULTIPART_NAME_MAX || !utf8_valid(BYTES(at, n))) {
        return WW_EINVAL;
    }
    *out = arena_strndup(a, at, n);
    return *out ? WW_OK : WW_ENOMEM;
}

/* The header lines of a part; *content begins behind the empty line. NULL: there is no such thing. */
static const char *head_of(struct arena *a, struct bytes rest, const uint8_t **content)
{
    const uint8_t *end = memmem(rest.p, rest.n < HEAD_MAX ? rest.n : HEAD_MAX, "\r\n\r\n", 4);
    if (!end || memchr(rest.p, 0, (size_t)(end - rest.p))) {
        return NULL;
    }
    *content = end + 4;
    return arena_strndup(a, (const char *)rest.p, (size_t)(end - rest.p));
}

/* A part is a field or the file; what is neither is refused. */
static enum ww_err add_part(struct arena *a, const char *head, struct bytes value, struct ww_pair *fields,
                            struct multipart *out)
{
    static const char form_data[] = "Content-Disposition: form-data;";
    const char *line = strcasestr(head, form_data);
    char *name = NULL, *file_name = NULL;
    enum ww_err err = line ? parameter(a, line, "name", &name) : WW_EINVAL;
    if (err) {
        return err == WW_ENOTFOUND ? WW_EINVAL : err;
    }
    err = parameter(a, line, "filename", &file_name);
    if (err == WW_OK) {
        /* The one route that reads this takes one file; which of two it was would be a guess. */
        bool second = out->file_name != NULL;
        out->file_name = file_name;
        out->file = value;
        return second ? WW_EINVAL : WW_OK;
    }
    if (err != WW_ENOTFOUND || value.n > MULTIPART_TEXT_MAX || !utf8_valid(value) ||
        memchr(value.p, 0, value.n)) {
        return err == WW_ENOMEM ? err : WW_EINVAL;
    }
    const char *text = arena_strndup(a, (const char *)value.p, value.n);
    fields[out->field_count++] = (struct ww_pair){name, text, value.n};
    return text ? WW_OK : WW_ENOMEM;
}

/* One pass over the body (RFC 7578, RFC 2046 §5.1.1); nothing is copied but names and fields. */
enum ww_err multipart_read(struct arena *a, const char *content_type, struct bytes body,
                           struct multipart *out)
{
    const char *delimiter = delimiter_of(a, content_type);
    size_t n = delimiter ? strlen(delimiter) : 0;
    struct ww_pair *fields = ARENA_ARRAY(a, MULTIPART_PARTS_MAX, struct ww_pair);
    *out = (struct multipart){.fields = fields};
    /* the first delimiter has no line end before it */
    if (!delimiter || !fields || body.n < n || memcmp(body.p, delimiter + 2, n - 2) != 0) {
        return fields ? WW_EINVAL : WW_ENOMEM;
    }
    struct bytes rest = BYTES(body.p + n - 2, body.n - (n - 2));
    /* Nothing may stand in front of the first delimiter, and what stands behind the last is not looked at. */
    for (size_t parts = 0; parts < MULTIPART_PARTS_MAX; parts++) {
        const uint8_t *content = NULL;
        if (rest.n >= 2 && memcmp(rest.p, "--", 2) == 0) {
            return WW_OK;
        }
        const char *head = rest.n >= 2 && memcmp(rest.p, "\r\n", 2) == 0 ? head_of(a, rest, &content) : NULL;
        size_t left = head ? rest.n - (size_t)(content - rest.p) : 0;
        const uint8_t *end = head ? memmem(content, left, delimiter, n) : NULL;
        if (!end) {
            return WW_EINVAL;
        }
        enum ww_err err = add_part(a, head, BYTES(content, (size_t)(end - content)), fields, out);
        if (err) {
            return err;
        }
        rest = BYTES(end + n, left - (size_t)(end + n - content));
    }
    return WW_EINVAL;
}
