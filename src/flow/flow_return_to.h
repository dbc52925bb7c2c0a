/* Where a browser may be sent after a flow (kratos.md §2.8): only to addresses that the configuration lists,
 * since anything else would lend our name to somebody's page. */
#ifndef FLOW_RETURN_TO_H
#define FLOW_RETURN_TO_H

#include "op.h"

struct return_rules {
    const char *fallback;       /* the default URL: gives what a relative address lacks */
    const char *const *allowed; /* URLs; a host may begin with "*." */
    size_t count;
};

/* wanted, made absolute, in *out. WW_EFORBIDDEN when it is no URL or not allowed; *out then is the text to
 * quote. */
enum ww_err flow_return_to_check(struct arena *a, const struct return_rules *rules, const char *wanted,
                                 const char **out) WW_MUST;

/* base, with path put behind it; exactly one slash between. */
char *flow_url_join(struct arena *a, const char *base, const char *path) WW_MUST;
/* url with ?key=value or &key=value; the value is escaped. */
char *flow_url_with(struct arena *a, const char *url, const char *key, const char *value) WW_MUST;

#endif
