/* The parts of an address (RFC 3986 §3), read as browsers read it or not at all. */
#ifndef URL_H
#define URL_H

#include "bytes.h"

/* Views of the text; parts that are absent are empty. */
struct url {
    struct bytes scheme, host, path, rest; /* host with its port; rest: query and fragment */
};

/* False for what browsers read differently: blanks, control characters, backslashes, a user before the host,
 * and a scheme without "//". */
bool url_read(const char *text, struct url *out) WW_MUST;

/* Whether a path has segments "." or "..", encoded ones too, which would step out of an allowed path once a
 * browser resolves them. */
bool url_has_dot_segment(struct bytes path);

#endif
