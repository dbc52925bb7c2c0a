/* Names in a request. */
#ifndef HTTP_NAMES_H
#define HTTP_NAMES_H

#include "arena.h"

/* *at: the first place whose name stands at an earlier one already; n when all differ. In n log n, since the
 * names come from outside. False: no memory. */
bool names_find_repeated(struct arena *a, const char *const *names, size_t n, size_t *at) WW_MUST;

#endif
