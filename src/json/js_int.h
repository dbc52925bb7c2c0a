/* Shared by the files of json/ only. */
#ifndef JS_INT_H
#define JS_INT_H

#include "js.h"

/* Reads JSON of the plain kind that nearly all of ours is, straight into the arena: no escapes, no numbers
 * but integers of at most 18 digits, objects of at most 64 members. Whatever is not that, wrong texts too, is
 * left to jansson: then false. True with *out NULL: no memory. */
bool js_read_plain(struct arena *a, struct bytes text, struct js **out);

#endif
