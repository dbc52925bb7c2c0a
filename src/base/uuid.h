/* 16-byte identifiers: version 4 UUIDs (RFC 9562 §5.4), lower-case with hyphens outside. */
#ifndef UUID_H
#define UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "op.h"

enum { UUID_TEXT = 37 };

struct uuid {
    uint8_t b[16];
};

struct uuid uuid_new(const struct ww_op *op);
bool uuid_equal(struct uuid a, struct uuid b);
void uuid_format(char out[UUID_TEXT], struct uuid u);
/* In the arena; NULL when there is no memory. */
char *uuid_text(struct arena *a, struct uuid u) WW_MUST;
/* The 8-4-4-4-12 form in either case, any version. False otherwise. */
bool uuid_parse(struct uuid *out, const char *text) WW_MUST;

#endif
