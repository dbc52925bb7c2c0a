/* JSON (prefix js_, since jansson owns json_): strict reading with limits (jansson), a tree in an arena, and
 * writing.
 *
 * Refused when reading (RFC 8259, I-JSON): duplicate keys, invalid UTF-8, anything behind the value, and what
 * passes the limits of limit.h, before jansson sees it. Objects keep the order of their members, numbers the
 * text they were typed as. A tree lives as long as its arena. Functions that build
 * return NULL or do nothing when memory is gone or an argument is NULL, and js_write then fails: check once,
 * at the end. */
#ifndef JS_H
#define JS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "bytes.h"
#include "limit.h"

enum js_type { JS_NULL, JS_BOOL, JS_INT, JS_REAL, JS_STRING, JS_ARRAY, JS_OBJECT };

struct js {
    enum js_type type;
    bool boolean;
    int64_t integer; /* JS_INT: a whole number of at most 63 bits, without point and exponent */
    double real;     /* JS_REAL: any other number, to the nearest double */
    /* JS_STRING; may hold NUL. JS_INT and JS_REAL: the text it was read as, empty when it was made here. A
     * NUL follows its end. */
    struct bytes string;
    /* JS_ARRAY and JS_OBJECT: a list of children */
    struct js *first, *last;
    size_t count;
    /* where this is a child */
    struct js *next;
    struct bytes key; /* in an object; a NUL follows its end */
};

/* WW_EINVAL: *why is a constant or arena text that says what is wrong and where, without quoting the input.
 */
enum ww_err js_read(struct arena *a, struct bytes text, struct js **out, const char **why) WW_MUST;

/* The same for a text that we wrote ourselves and that was authenticated since: what is plain in it is read
 * without jansson, in a third of the time. Never for what comes from outside. */
enum ww_err js_read_own(struct arena *a, struct bytes text, struct js **out) WW_MUST;

/* Member of an object by key, or NULL (also when o is NULL or no object). */
struct js *js_get(const struct js *o, const char *key);
/* Brackets around the deepest value: 0 for one that is no container. */
size_t js_depth(const struct js *v);
/* Element of an array, or NULL. */
struct js *js_at(const struct js *array, size_t i);
/* The member's text when it is a string without NUL, else NULL. */
const char *js_get_text(const struct js *o, const char *key);
bool js_get_bool(const struct js *o, const char *key, bool otherwise);
int64_t js_get_int(const struct js *o, const char *key, int64_t otherwise);
/* By dotted path through objects and, by index, arrays ("name.first", "emails.0"), or NULL. */
struct js *js_path(const struct js *o, const char *dotted);
/* Equality by JSON Schema's rules: numbers by value, objects without regard to order. */
bool js_equal(const struct js *a, const struct js *b);

/* ---- numbers, exactly ---- */
/* ±digits × 10^exponent, without zeros at either end; zero has no digits. */
struct js_decimal {
    bool negative;
    char digits[LIMIT_JSON_NUMBER];
    size_t n;
    int exponent;
};
enum { JS_NUMBER_MADE = 40 }; /* bytes of a number's text that was made here */
/* The shortest decimal digits, with exponent, that read back as the same double. */
void js_number_shortest(char out[JS_NUMBER_MADE], double v);
bool js_is_number(const struct js *v);
void js_decimal(const struct js *number, struct js_decimal *out);
/* -1, 0, 1. */
int js_number_compare(const struct js *a, const struct js *b);
/* Whether its value is whole: 1.0 and 1e3 are. */
bool js_number_is_integer(const struct js *number);
/* One text for equal values: 1 for 1.0 and 100e-2. */
void js_number_write_canonical(struct buf *b, const struct js *number);

/* Whether no part was lost to lack of memory while it was built; false for NULL. For trees that are looked at
 * rather than written. */
bool js_whole(const struct js *v);

struct js *js_null(struct arena *a);
struct js *js_bool(struct arena *a, bool v);
struct js *js_int(struct arena *a, int64_t v);
struct js *js_real(struct arena *a, double v);
struct js *js_text(struct arena *a, const char *v); /* NULL gives NULL; v is copied */
struct js *js_string(struct arena *a, struct bytes v);
struct js *js_array(struct arena *a);
struct js *js_object(struct arena *a);
/* Adds value at the end; a key that is there already is replaced in its place. value must not be part of
 * another tree. Returns value. NULL value (no memory) marks the object as failed, so that js_write fails. */
struct js *js_put(struct arena *a, struct js *object, const char *key, struct js *value);
/* As js_put for a key that is known not to be there: without looking for it among all that are. */
struct js *js_add(struct arena *a, struct js *object, const char *key, struct js *value);
struct js *js_push(struct js *array, struct js *value);
void js_remove(struct js *object, const char *key);
struct js *js_copy(struct arena *a, const struct js *v);
/* Sets a member by dotted path, making objects on the way. A path of more than LIMIT_JSON_DEPTH steps marks
 * the object as failed. */
struct js *js_put_path(struct arena *a, struct js *object, const char *dotted, struct js *value);

/* One member to be set by dotted path. */
struct js_field {
    const char *path;
    struct js *value; /* becomes part of the tree: its contents move */
    size_t order;     /* used while sorting */
};
/* Sets many, in time n log n; fields is used up. Where a path meets an array its step is an index: elements
 * are replaced, or added behind the last without gaps; steps that are no index are left out. Where it meets
 * what is no container, that becomes an object. False: a path of more than LIMIT_JSON_DEPTH steps, or no
 * memory. */
bool js_set_fields(struct arena *a, struct js *container, struct js_field *fields, size_t n) WW_MUST;

/* The path of the first text below v that has more than `most` bytes, from `path` on; NULL: none. Names of
 * members count as texts, of at most `most_name` bytes. */
const char *js_long_text(struct arena *a, const struct js *v, const char *path, size_t most,
                         size_t most_name);

/* Compact text with a NUL; NULL when memory was gone. Members in their order. */
char *js_write(struct arena *a, const struct js *v) WW_MUST;
void js_write_to(struct buf *b, const struct js *v);
/* As js_write_to with members sorted by key, and numbers by value: one text for equal values (search tags,
 * vault.md §5). */
void js_write_canonical(struct buf *b, const struct js *v);
/* A quoted, escaped JSON string. */
void js_write_string(struct buf *b, struct bytes s);

/* Lets the program (not the library) give jansson allocators that wipe. Call before the first js_read. */
void js_wipe_memory(void);

#endif
