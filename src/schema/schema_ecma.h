/* Between the two halves of the translation of regular expressions. */
#ifndef SCHEMA_ECMA_H
#define SCHEMA_ECMA_H

#include "schema_int.h"

struct translation {
    const char *p, *end;
    struct buf out;
    const char *why;
    bool lenient;
    bool in_class;
    bool inline_flags; /* then "." is left to the flag s */
    bool repeatable;   /* something stands before that a quantifier may follow */
    unsigned open;
};

/* Keeps why; returns false. */
bool schema_ecma_refuse(struct translation *t, const char *why);
/* The byte that many ahead, or -1 behind the end. */
int schema_ecma_peek(const struct translation *t, size_t ahead);
bool schema_ecma_starts(const struct translation *t, const char *text);
/* One escape, p at its backslash. */
bool schema_ecma_escape(struct translation *t);

#endif
