/* application/x-www-form-urlencoded, of bodies and queries alike, and percent-encoding (RFC 3986 §2.1). */
#ifndef HTTP_URLFORM_H
#define HTTP_URLFORM_H

#include "bytes.h"
#include "limit.h"
#include "watchword/flow.h"

/* Pairs in their order, repeated names kept, '+' as space; a name without '=' has an empty value. Refused
 * with WW_EINVAL and *why (a constant, for people): a '%' without two hex digits, ';', NUL, what is not UTF-8
 * once decoded, and more than LIMIT_FIELDS pairs. */
enum ww_err urlform_read(struct arena *a, struct bytes text, const struct ww_pair **pairs, size_t *count,
                         const char **why) WW_MUST;
/* The first value of a name, or NULL. */
const char *urlform_get(const struct ww_pair *pairs, size_t count, const char *name);

/* A part of a path. WW_EINVAL for a bad escape, NUL, and what is not UTF-8. */
enum ww_err urlform_percent_decode(struct arena *a, struct bytes text, struct bytes *out,
                                   const char **why) WW_MUST;
/* Adds text with all but unreserved characters encoded. */
void urlform_percent_encode(struct buf *b, struct bytes text);

#endif
