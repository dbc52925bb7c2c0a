/* multipart/form-data (RFC 7578): how a browser sends a file without a script. Read strictly and within
 * bounds. */
#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H

#include "bytes.h"
#include "watchword/flow.h"

enum { MULTIPART_PARTS_MAX = 16, MULTIPART_TEXT_MAX = 4096, MULTIPART_NAME_MAX = 1024 };

struct multipart {
    const struct ww_pair *fields; /* the parts without a file name; values are UTF-8 without NUL */
    size_t field_count;
    const char *file_name; /* of the one part that has one, as the browser names it; NULL: none */
    struct bytes file;     /* within the body */
};

/* WW_EINVAL: not what the content type says, more parts or longer texts than above, a second file; WW_ENOMEM.
 * The work is linear in the body. */
enum ww_err multipart_read(struct arena *a, const char *content_type, struct bytes body,
                           struct multipart *out) WW_MUST;

#endif
