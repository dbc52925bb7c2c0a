/* What the handlers of Kratos' administration API read and answer alike (kratos.md §§1.2, 1.3). Where one
 * returns false, the request is refused and answered. */
#ifndef ADMIN_PARTS_H
#define ADMIN_PARTS_H

#include "own_parts.h"

void admin_answer_json(struct route_call *c, int status, const char *json);
/* What the library refused, in Kratos' words. */
void admin_answer_refused(struct route_call *c, enum ww_err err);
bool admin_read_query(struct route_call *c, struct own_query *out) WW_MUST;
/* All values of a parameter that may be repeated. */
bool admin_read_repeated(struct route_call *c, const struct own_query *q, const char *name,
                         const char *const **out, size_t *count) WW_MUST;

#endif
