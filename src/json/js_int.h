/* Shared by the files of json/ only. */
#ifndef JS_INT_H
#define JS_INT_H

#include "js.h"

/* Reads JSON of the plain kind that nearly all of ours is, straight into the arena: no escapes, no numbers
 * but integers of at most 18 digits, objects of at most 64 members. Whatever is not that, wrong texts too, is
 * left to jansson: then false. True with *out NULL: no memory. */
bool js_read_plain(struct arena *a, struct bytes text, struct js **out);

/* A string that lies in the arena already, with a NUL behind it. */
struct js *js_string_kept(struct arena *a, struct bytes string);

/* How many values a text can hold, depth and numbers that pass their limits: found in one pass that only
 * tells strings from what is outside of them. Whether the text is well-formed is left to jansson. */
struct js_measure {
    size_t depth, nodes, longest_number;
};
struct js_measure js_scan_measure(struct bytes text);
/* The next number outside of strings; *rest moves behind it. n 0: there is none. */
struct bytes js_scan_number(struct bytes *rest);

#endif
