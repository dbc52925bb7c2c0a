/* The words of the pages: one table of keys and texts per language. English is the only one so far.
 *
 * A text holds placeholders as ICU message format writes them: {name}, and
 * {n, plural, one {# minute} other {# minutes}}, where # is the number. */
#ifndef CATALOGUE_H
#define CATALOGUE_H

#include "js.h"

struct catalogue_row {
    const char *key, *text;
};

/* Ends with key NULL. */
extern const struct catalogue_row catalogue_en[];

/* NULL when there is no such text. */
const char *catalogue_find(struct bytes key);

typedef const struct js *catalogue_value(void *context, struct bytes name);
/* Adds the text with its placeholders filled; a value that is not there leaves nothing. */
void catalogue_format(struct buf *b, const char *pattern, catalogue_value *value, void *context);

/* The text of a key with values from an object (NULL: none); "" without memory. The key must exist. */
const char *catalogue_text(struct arena *a, const char *key, const struct js *values);
/* The same with a number as {n}, which decides between singular and plural. */
const char *catalogue_count(struct arena *a, const char *key, uint64_t n);

#endif
