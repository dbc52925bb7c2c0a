/* Byte strings, a growing buffer, and a reader that cannot run past its end; integers are big-endian
 * (vault.md §3). */
#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct bytes bytes_str(const char *s)
{
    return BYTES(s, strlen(s));
}

/* Not in constant time: secrets are compared by crypto_equal. */
bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* By bytes, not by the rules of a language: an order that is the same everywhere is what lists, leaves and
 * canonical texts rest on. */
int bytes_compare(struct bytes a, struct bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* Damerau and Levenshtein's distance, two neighbours exchanged counting as one: that is how people mistype
 * a key. */
size_t bytes_distance(struct bytes a, struct bytes b)
{
    /* Bytes; settings have shorter words. */
    enum { MOST = 48 };
    /* Three rows of the table are enough: a swap looks two rows back. */
    size_t rows[3][MOST + 1];
    /* Quadratic, and its table is on the stack: longer words are simply far from each other. */
    if (a.n > MOST || b.n > MOST) {
        return MOST;
    }
    for (size_t j = 0; j <= b.n; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.n; i++) {
        size_t *row = rows[i % 3], *above = rows[(i - 1) % 3], *before = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t best = above[j - 1] + (a.p[i - 1] != b.p[j - 1]);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
                before[j - 2] + 1 < best) {
                best = before[j - 2] + 1;
            }
            row[j] = best;
        }
    }
    return rows[a.n % 3][b.n];
}

struct bytes bytes_dup(struct arena *a, struct bytes b)
{
    return BYTES(arena_strndup(a, b.p, b.n), b.n);
}

/* Doubling, so that n bytes cost n; the arena takes nothing back before its end, so a buffer costs twice
 * its last size. */
static bool reserve(struct buf *b, size_t n)
{
    /* A quarter, so that the doubling below cannot wrap. A failed buffer stays failed: writers test once,
     * at the end. */
    if (b->failed || n > SIZE_MAX / 4 - b->n) {
        b->failed = true;
        return false;
    }
    if (b->n + n <= b->capacity) {
        return true;
    }
    /* 128 bytes hold most lines and small JSON without growing. */
    size_t capacity = b->capacity ? b->capacity * 2 : 128;
    while (capacity < b->n + n) {
        capacity *= 2;
    }
    uint8_t *p = arena_alloc(b->arena, capacity);
    if (!p) {
        b->failed = true;
        return false;
    }
    if (b->n) {
        memcpy(p, b->p, b->n); /* the old block is wiped with the arena */
    }
    b->p = p;
    b->capacity = capacity;
    return true;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    if (reserve(b, n) && n) {
        memcpy(b->p + b->n, p, n);
        b->n += n;
    }
}

void buf_bytes(struct buf *b, struct bytes s)
{
    buf_add(b, s.p, s.n);
}

void buf_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

/* Measured first, as in arena_vprintf; the NUL behind it is not counted. */
void buf_printf(struct buf *b, const char *format, ...)
{
    va_list ap, again;
    va_start(ap, format);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n < 0) {
        b->failed = true;
    } else if (reserve(b, (size_t)n + 1)) {
        vsnprintf((char *)b->p + b->n, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

static void add_integer(struct buf *b, uint64_t v, size_t n)
{
    uint8_t raw[8];
    for (size_t i = 0; i < n; i++) {
        /* Most significant first, byte by byte: the same on every machine, and aligned for none. */
        raw[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    }
    buf_add(b, raw, n);
}

void buf_u8(struct buf *b, uint8_t v)
{
    add_integer(b, v, 1);
}

void buf_u16(struct buf *b, uint16_t v)
{
    add_integer(b, v, 2);
}

void buf_u32(struct buf *b, uint32_t v)
{
    add_integer(b, v, 4);
}

void buf_u64(struct buf *b, uint64_t v)
{
    add_integer(b, v, 8);
}

void buf_u16_bytes(struct buf *b, struct bytes s)
{
    /* A length that is cut would let the rest be read as the next field. */
    if (s.n > UINT16_MAX) {
        b->failed = true;
        return;
    }
    buf_u16(b, (uint16_t)s.n);
    buf_bytes(b, s);
}

/* p is NULL only after a failure: an empty text is not taken for lack of memory. */
struct bytes buf_done(const struct buf *b)
{
    static const uint8_t nothing[1];
    if (b->failed) {
        return BYTES(NULL, 0);
    }
    return BYTES(b->p ? b->p : nothing, b->n);
}

char *buf_text(struct buf *b)
{
    if (!reserve(b, 1)) {
        return NULL;
    }
    b->p[b->n] = 0;
    return (char *)b->p;
}

struct bytes read_bytes(struct reader *r, size_t n)
{
    /* A failed reader gives zeros from then on, so that decoders read everything and ask once. No length
     * from outside is trusted before this line. */
    if (r->failed || n > r->n) {
        r->failed = true;
        return BYTES(NULL, 0);
    }
    struct bytes out = BYTES(r->p, n);
    r->p += n;
    r->n -= n;
    return out;
}

static uint64_t read_integer(struct reader *r, size_t n)
{
    struct bytes raw = read_bytes(r, n);
    uint64_t v = 0;
    for (size_t i = 0; i < raw.n; i++) {
        v = v << 8 | raw.p[i];
    }
    return v;
}

uint8_t read_u8(struct reader *r)
{
    return (uint8_t)read_integer(r, 1);
}

uint16_t read_u16(struct reader *r)
{
    return (uint16_t)read_integer(r, 2);
}

uint32_t read_u32(struct reader *r)
{
    return (uint32_t)read_integer(r, 4);
}

uint64_t read_u64(struct reader *r)
{
    return read_integer(r, 8);
}

/* A view into the text that is read, not a copy: it lives as long as that does. */
struct bytes read_u16_bytes(struct reader *r)
{
    return read_bytes(r, read_u16(r));
}

/* Zeros where the reader failed: no caller goes on with what lay there before. */
void read_copy(struct reader *r, void *out, size_t n)
{
    struct bytes raw = read_bytes(r, n);
    memset(out, 0, n);
    if (raw.n) {
        memcpy(out, raw.p, n);
    }
}

struct bytes read_rest(struct reader *r)
{
    /* The rest, whatever its length: callers that expect none ask r->n. */
    return read_bytes(r, r->n);
}

void hex_encode(char *out, const void *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *in = p;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
    out[2 * n] = 0;
}

int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(void *out, size_t n, const char *text)
{
    uint8_t *to = out;
    /* Exactly: what is too long is not cut. */
    if (strlen(text) != 2 * n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit((uint8_t)text[2 * i]), low = hex_digit((uint8_t)text[2 * i + 1]);
        /* Both cases of letters are read; hex_encode writes lower ones, so that what we compare is one form.
         */
        if (high < 0 || low < 0) {
            return false;
        }
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
