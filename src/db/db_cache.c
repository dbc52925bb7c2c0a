/* The statements that a connection has prepared, found by the address of their text. */
#include <stdlib.h>
#include <string.h>

#include "db_driver.h"

/* Places of a connection. The program has fewer statements than the most. */
enum { CACHE_FIRST = 64, CACHE_MOST = 1024 };

/* Open addressing, at most half full (db_cache_find): a free place always ends the walk. */
static size_t slot_of(const struct db_cache *cache, const char *key)
{
    uint64_t h = (uint64_t)(uintptr_t)key * UINT64_C(0x9e3779b97f4a7c15); /* Fibonacci hashing */
    size_t i = (size_t)(h >> 32) & (cache->capacity - 1);
    while (cache->slots[i].key && cache->slots[i].key != key) {
        i = (i + 1) & (cache->capacity - 1);
    }
    return i;
}

static void forget(struct db_conn *c, struct db_statement *s)
{
    if (s->native) {
        c->db->driver->finalize(c, s->native);
    }
    /* The key stays in its place, so that walks over it still find what lies behind. */
    free(s->text);
    s->native = NULL;
    s->text = NULL;
}

void db_cache_clear(struct db_conn *c)
{
    for (size_t i = 0; i < c->cache.capacity; i++) {
        forget(c, &c->cache.slots[i]);
    }
    free(c->cache.slots);
    c->cache = (struct db_cache){NULL, 0, 0};
}

static bool grow(struct db_cache *cache)
{
    struct db_cache larger = {.capacity = cache->capacity ? cache->capacity * 2 : CACHE_FIRST, .n = cache->n};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (!larger.slots) {
        return false;
    }
    for (size_t i = 0; i < cache->capacity; i++) {
        if (cache->slots[i].key) {
            larger.slots[slot_of(&larger, cache->slots[i].key)] = cache->slots[i];
        }
    }
    free(cache->slots);
    *cache = larger;
    return true;
}

static bool starts_with_word(const char *sql, const char *word)
{
    return strncmp(sql, word, strlen(word)) == 0;
}

static enum ww_err fill(struct ww_op *op, struct db_conn *c, struct db_statement *s, const char *sql,
                        const struct db_value *args, size_t n)
{
    s->text = strdup(sql);
    if (!s->text) {
        return op_no_memory(op);
    }
    /* By the first word: statements are ours, and none of them writes within a WITH. */
    s->selects = starts_with_word(sql, "SELECT") || starts_with_word(sql, "WITH");
    s->locks = strstr(sql, DB_FOR_UPDATE) != NULL;
    enum ww_err err = c->db->driver->prepare(op, c, sql, args, n, &s->native);
    if (err != WW_OK) {
        forget(c, s);
        return err;
    }
    return WW_OK;
}

enum ww_err db_cache_find(struct ww_op *op, struct db_conn *c, const char *sql, const struct db_value *args,
                          size_t n, struct db_statement **out)
{
    struct db_cache *cache = &c->cache;
    *out = NULL;
    /* Not while rows are being read: theirs would be finalized under them. */
    if (cache->n >= CACHE_MOST && !c->query) {
        db_cache_clear(c); /* texts that are not constants: slow, but right */
    }
    if (cache->n * 2 >= cache->capacity && !grow(cache)) {
        return op_no_memory(op);
    }
    /* By address, which costs no comparison of texts; the text is compared once a slot is found, since an
     * address may be used again. */
    struct db_statement *s = &cache->slots[slot_of(cache, sql)];
    if (s->native && strcmp(s->text, sql) == 0) {
        *out = s;
        return WW_OK;
    }
    if (s->native && s->native == c->query_statement) {
        db_end_query(c);
    }
    /* A failed statement is prepared anew the next time: the reason may be gone by then. */
    forget(c, s);
    if (!s->key) {
        s->key = sql;
        cache->n++;
    }
    enum ww_err err = fill(op, c, s, sql, args, n);
    if (err == WW_OK) {
        *out = s;
    }
    return err;
}
