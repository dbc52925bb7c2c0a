/* Byte strings: a slice, a builder, a reader, and hex.
 *
 * Integers are big-endian everywhere (vault.md §3). A builder or reader that failed stays failed, so a caller
 * checks once at the end. */
#ifndef BYTES_H
#define BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

struct bytes {
    const uint8_t *p;
    size_t n;
};

#define BYTES(ptr, len) ((struct bytes){(const uint8_t *)(ptr), (len)})
/* Of an array or struct object: its whole memory. */
#define BYTES_OF(object) ((struct bytes){(const uint8_t *)&(object), sizeof(object)})
/* Of a NUL-terminated text, without the NUL. */
struct bytes bytes_str(const char *s);

/* Not constant-time: for public values only. Secrets: crypto_equal. */
bool bytes_equal(struct bytes a, struct bytes b);
/* Order of bytes, the shorter first when one begins the other. */
int bytes_compare(struct bytes a, struct bytes b);
/* Edit distance (Levenshtein), where an exchange of two neighbours counts as one edit; 48 for what is longer.
 * For "did you mean". */
size_t bytes_distance(struct bytes a, struct bytes b);
/* A copy in the arena, with a NUL behind it; p NULL when there is no memory. */
struct bytes bytes_dup(struct arena *a, struct bytes b) WW_MUST;

/* ---- builder ---- */
struct buf {
    struct arena *arena;
    uint8_t *p;
    size_t n, capacity;
    bool failed; /* no memory; contents are then incomplete */
};

#define BUF(a) ((struct buf){.arena = (a)})
void buf_add(struct buf *b, const void *p, size_t n);
void buf_bytes(struct buf *b, struct bytes s);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_u8(struct buf *b, uint8_t v);
void buf_u16(struct buf *b, uint16_t v);
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
/* A u16 length, then the bytes; more than 65535 fails. */
void buf_u16_bytes(struct buf *b, struct bytes s);
/* What was built, or p NULL when it failed. */
struct bytes buf_done(const struct buf *b) WW_MUST;
/* The same as text with a NUL; NULL when it failed. */
char *buf_text(struct buf *b) WW_MUST;

/* ---- reader ---- */
struct reader {
    const uint8_t *p;
    size_t n;
    bool failed; /* something was read past the end; what was returned then is zero or empty */
};

#define READER(b) ((struct reader){(b).p, (b).n, false})
uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
/* A slice of the input, not a copy. */
struct bytes read_bytes(struct reader *r, size_t n);
struct bytes read_u16_bytes(struct reader *r);
void read_copy(struct reader *r, void *out, size_t n);
struct bytes read_rest(struct reader *r);

/* ---- hex ---- */
/* Lower-case hex of n bytes into out[2n+1]. */
void hex_encode(char *out, const void *p, size_t n);
/* The value of a hex digit in either case; -1 for any other byte. */
int hex_digit(uint8_t c);
/* Exactly n bytes from 2n hex digits of either case; false otherwise. */
bool hex_decode(void *out, size_t n, const char *text);

#endif
