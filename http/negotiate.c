/* What a client wants: JSON or a page (kratos.md §0.4). */
#include "negotiate.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct range {
    const char *type;
    size_t n;
    double quality;
};

static const char *skip_space(const char *s)
{
    return s + strspn(s, " \t");
}

static size_t token_length(const char *s)
{
    size_t n = 0;
    while (s[n] > 0x20 && s[n] < 0x7f && !strchr("()<>@,;:\\\"[]?={}", s[n])) {
        n++;
    }
    return n;
}

/* RFC 9110 §12.4.2; NULL when it is no quality. */
static const char *read_quality(const char *s, double *quality)
{
    if (*s != '0' && *s != '1') {
        return NULL;
    }
    *quality = *s++ - '0';
    if (*s == '.') {
        double unit = 0.1;
        for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10) {
            *quality += unit * (*s - '0');
        }
    }
    return s;
}

/* The next media range; false at the end, and where a range has a parameter other than q: Kratos reads no
 * further there either. */
static bool next_range(const char **text, struct range *out)
{
    const char *s = skip_space(*text);
    out->type = s;
    out->n = token_length(s);
    out->quality = 1;
    if (out->n == 0) {
        return false;
    }
    s = skip_space(s + out->n);
    if (*s == ';') {
        s = skip_space(s + 1);
        s = strncmp(s, "q=", 2) == 0 ? read_quality(s + 2, &out->quality) : NULL;
        if (!s) {
            return false;
        }
        s = skip_space(s);
    }
    *text = *s == ',' ? s + 1 : "";
    return true;
}

/* 3: the very type, 2: its family, 1: anything, 0: no match. */
static int closeness(const struct range *r, const char *offer)
{
    if (r->n == 3 && memcmp(r->type, "*/*", 3) == 0) {
        return 1;
    }
    if (r->n > 2 && memcmp(r->type + r->n - 2, "/*", 2) == 0) {
        return strncmp(offer, r->type, r->n - 1) == 0 ? 2 : 0;
    }
    return strlen(offer) == r->n && memcmp(offer, r->type, r->n) == 0 ? 3 : 0;
}

/* Which offer is wanted most: by quality, then by how closely it was named, then by its place; the first when
 * none is. */
static size_t best_offer(const char *accept, const char *const *offers, size_t n)
{
    size_t best = 0;
    int best_closeness = 0;
    double best_quality = 0;
    for (size_t i = 0; accept && i < n; i++) {
        const char *rest = accept;
        struct range r;
        while (next_range(&rest, &r)) {
            int close = closeness(&r, offers[i]);
            if (close && (r.quality > best_quality ||
                          (r.quality > 0 && r.quality >= best_quality && close > best_closeness))) {
                best = i;
                best_quality = r.quality;
                best_closeness = close;
            }
        }
    }
    return best;
}

/* Two ways of asking, because Kratos has two: an Accept that prefers JSON, or the very content type
 * without parameters. */
bool negotiate_json(const char *accept, const char *content_type)
{
    static const char *const offers[] = {"text/html", "text/*", "*/*", "application/json"};
    return best_offer(accept, offers, 4) == 3 ||
           (content_type && strcmp(content_type, "application/json") == 0);
}

/* Kratos answers a flow's beginning by what is accepted; text/html stands first where both are alike. */
bool negotiate_init_json(const char *accept)
{
    static const char *const offers[] = {"text/html", "application/json"};
    return best_offer(accept, offers, 2) == 1;
}

/* Parameters such as charset may follow. */
bool negotiate_is_type(const char *content_type, const char *type)
{
    size_t n = strlen(type);
    return content_type && strncasecmp(content_type, type, n) == 0 &&
           (content_type[n] == 0 || strchr("; \t", content_type[n]));
}
