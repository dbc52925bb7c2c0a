/* Memory of one operation: allocated in pieces, freed all at once, and wiped when freed.
 *
 * Everything that an operation makes lives here, secrets included, so that nothing needs to be freed or wiped
 * by hand. Allocation is not thread-safe: an arena belongs to one thread at a time. */
#ifndef ARENA_H
#define ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchword/env.h"
#include "watchword/err.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
    const struct ww_env *env; /* may be NULL; its fault hook is asked at every allocation */
    size_t used;              /* bytes handed out */
    size_t limit;             /* most bytes to hand out; 0 = the default, 256 MiB */
    struct arena_chunk *kept; /* of arena_keep */
    struct arena_chunk *sure; /* of arena_spend */
};

/* Zero-filled memory of n bytes, aligned for any type; NULL when there is none. n may be 0. */
void *arena_alloc(struct arena *a, size_t n) WW_MUST;
void *arena_array(struct arena *a, size_t count, size_t size) WW_MUST;
#define ARENA_NEW(a, type)          ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, count, type) ((type *)arena_array((a), (count), sizeof(type)))

/* Whether n bytes more are within the limit: asked before memory is taken elsewhere for the same operation.
 */
bool arena_has_room(const struct arena *a, size_t n);

/* Copies with a NUL appended; the second formats. NULL when there is no memory. */
char *arena_strdup(struct arena *a, const char *s) WW_MUST;
char *arena_strndup(struct arena *a, const void *s, size_t n) WW_MUST;
char *arena_printf(struct arena *a, const char *format, ...) WW_MUST __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list ap) WW_MUST
    __attribute__((format(printf, 2, 0)));

/* Takes memory now for what must not fail later: the answer to a change that was committed. n bytes, once
 * until they are spent; false when there is none. */
bool arena_keep(struct arena *a, size_t n) WW_MUST;
/* From now on what fits into what was kept is given without asking for memory or for the limit. */
void arena_spend(struct arena *a);

/* Wipes and frees all; the arena can be used again. */
void arena_free(struct arena *a);

#endif
