/* JSON Patch (RFC 6902) over JSON Pointers (RFC 6901). */
#ifndef JS_PATCH_H
#define JS_PATCH_H

#include "js.h"

/* Operations in one patch, and characters of one pointer: what is above is refused unread. */
enum { JS_PATCH_MOST = 1000, JS_POINTER_MOST = 4096 };

/* Applies the operations in their order to a copy of `document`: *out, in the arena, or nothing at all.
 * lenient: a member that is replaced need not be there, and parents that are missing or null are made, as
 * Kratos has it. WW_EINVAL: *why says which operation and what is wrong with it, and quotes nothing but the
 * names of operations; WW_ENOMEM. */
enum ww_err js_patch(struct arena *a, const struct js *document, const struct js *patch, bool lenient,
                     struct js **out, const char **why) WW_MUST;

#endif
