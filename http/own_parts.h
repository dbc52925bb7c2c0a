/* What the handlers of Watchword's own routes (own-api.md) read and write alike. Where one returns false, the
 * request is refused and answered, and the refusal names the field. */
#ifndef OWN_PARTS_H
#define OWN_PARTS_H

#include "js.h"
#include "routes.h"

enum { OWN_PAGE_DEFAULT = 250, OWN_PAGE_MOST = 1000 };

/* 400 with details.field. */
void own_refuse(struct route_call *c, const char *id, const char *field, const char *reason);

struct own_query {
    const struct ww_pair *pairs;
    size_t count;
};
bool own_read_query(struct route_call *c, struct own_query *out) WW_MUST;
/* A parameter of at most `most` bytes; *out NULL when it is absent or empty. */
bool own_read_parameter(struct route_call *c, const struct own_query *q, const char *name, size_t most,
                        const char **out) WW_MUST;
/* page_size as Kratos reads it (kratos.md §1.3). */
bool own_read_page_size(struct route_call *c, const struct own_query *q, size_t *out) WW_MUST;

/* A body that must be application/json and an object whose members are all among `members` (NULL at the end).
 */
bool own_read_object(struct route_call *c, const char *const *members, struct js **out) WW_MUST;

/* The tree as body. */
void own_answer_json(struct route_call *c, int status, const struct js *body);
/* Link to the next page of the route, parameters sorted by name; prefix may be NULL. */
void own_put_next(struct route_call *c, const char *prefix, size_t page_size, const char *page_token);

#endif
