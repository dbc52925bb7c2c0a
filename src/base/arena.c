/* The memory of an operation: blocks that are handed out in order, wiped and freed together. */
#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes. */
enum { CHUNK_SIZE = 8192, ALIGNMENT = 16 };
/* What one operation may take when nobody says: a hostile body ends in WW_ENOMEM for its own request, not
 * in the end of the process. */
static const size_t default_limit = (size_t)256 << 20;

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used;
    _Alignas(ALIGNMENT) unsigned char data[];
};

/* What is handed out counts, not what malloc gave: the same request meets the same limit on every machine. */
bool arena_has_room(const struct arena *a, size_t n)
{
    size_t limit = a->limit ? a->limit : default_limit;
    return n <= limit && a->used <= limit - n;
}

/* Tests make every allocation of an operation fail once; `fault` is NULL otherwise. */
static bool fails(const struct arena *a)
{
    return a->env && a->env->fault && a->env->fault(a->env->ctx, WW_FAULT_ALLOC);
}

bool arena_keep(struct arena *a, size_t n)
{
    if (!a->kept && !fails(a) && (a->kept = malloc(sizeof *a->kept + n))) {
        *a->kept = (struct arena_chunk){.size = n};
    }
    return a->kept != NULL;
}

void arena_spend(struct arena *a)
{
    if (a->kept) {
        a->kept->next = a->chunks;
        a->chunks = a->sure = a->kept;
        a->kept = NULL;
    }
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t need = (n + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct arena_chunk *c = a->chunks;
    bool sure = c && c == a->sure && c->size - c->used >= need;

    /* need < n: rounding up has wrapped. */
    if (need < n || (!sure && (!arena_has_room(a, need) || fails(a)))) {
        return NULL;
    }
    /* malloc and not mmap: most operations fit into one chunk, which malloc keeps for the next. */
    if (!c || c->size - c->used < need) {
        /* What is larger than a quarter would waste up to that much of each chunk. */
        size_t size = need > CHUNK_SIZE / 4 ? need : CHUNK_SIZE;
        struct arena_chunk *fresh = malloc(sizeof *fresh + size);
        if (!fresh) {
            return NULL;
        }
        fresh->size = size;
        fresh->used = 0;
        if (c && size == need) { /* a large piece has its own chunk; the current one stays in use */
            fresh->next = c->next;
            c->next = fresh;
        } else {
            fresh->next = c;
            a->chunks = fresh;
        }
        c = fresh;
    }
    void *p = c->data + c->used;
    c->used += need;
    a->used += need;
    /* Zeros: no caller shows what an earlier piece of memory held. */
    memset(p, 0, need);
    return p;
}

/* Counts often come from outside: the product must not wrap into a small one. */
void *arena_array(struct arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) {
        return NULL;
    }
    return arena_alloc(a, count * size);
}

char *arena_strndup(struct arena *a, const void *s, size_t n)
{
    /* One more than asked for: the memory is zero, so that the NUL stands there already. */
    char *p = n < SIZE_MAX ? arena_alloc(a, n + 1) : NULL;
    if (p && n) {
        memcpy(p, s, n);
    }
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *format, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    /* Measured first: a text is never cut, and never longer than its place. */
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (p) {
        vsnprintf(p, (size_t)n + 1, format, ap);
    }
    return p;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *p = arena_vprintf(a, format, ap);
    va_end(ap);
    return p;
}

/* On every path of a request, so that passwords, tokens and opened values do not outlive it
 * (docs/SECURITY.md). What was handed out is wiped; the rest of a chunk holds nothing. */
void arena_free(struct arena *a)
{
    free(a->kept); /* nothing was written there */
    struct arena_chunk *c = a->chunks;
    while (c) {
        struct arena_chunk *next = c->next;
        /* Not memset, which a compiler may leave out before free. */
        explicit_bzero(c->data, c->used);
        free(c);
        c = next;
    }
    a->chunks = a->kept = a->sure = NULL;
    a->used = 0;
}
