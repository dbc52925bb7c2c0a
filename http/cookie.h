/* Cookies (RFC 6265): reading the Cookie header, building Set-Cookie. */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"

struct cookie {
    const char *name, *value; /* characters that RFC 6265 §4.1.1 allows */
    const char *path;         /* NULL or "": no such attribute; the same below */
    const char *domain;
    const char *same_site; /* "Lax", "Strict", "None" */
    int64_t max_age;       /* seconds; 0: until the browser ends; negative: remove it now */
    bool http_only, secure;
};

/* The value of the first cookie of that name in a Cookie header (NULL: none sent), without quotes, that
 * `good` accepts (NULL: any); NULL when there is none, or without memory. Values with characters that no
 * cookie may have are passed over. Several cookies of one name come from paths and domains that were
 * configured before, or from neighbours of our domain: what is none of ours must not hide what is. `good`
 * sees at most COOKIE_TRIES values. */
enum { COOKIE_TRIES = 8 };
const char *cookie_find(struct arena *a, const char *header, const char *name,
                        bool (*good)(const char *value, void *context), void *context) WW_MUST;
/* Calls visit for each well-formed cookie until it returns false. Texts live during the call only. */
void cookie_each(const char *header,
                 bool (*visit)(const char *name, size_t name_length, const char *value, size_t value_length,
                               void *context),
                 void *context);
/* The value of a Set-Cookie field; NULL when a text has a character that would break it, or without memory.
 */
char *cookie_build(struct arena *a, const struct cookie *c) WW_MUST;

#endif
