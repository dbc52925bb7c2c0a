/* When sessions were last seen: in memory, written once a minute, since reads do not write. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "session_int.h"

struct slot {
    struct key lookup;
    uint64_t time; /* 0: free */
};

struct session_seen {
    pthread_mutex_t lock;
    struct slot *slots;
    size_t size, used; /* size is a power of two */
};

enum { FIRST_SIZE = 1024, MOST = 1 << 20 };

enum ww_err session_seen_new(struct session_seen **out)
{
    struct session_seen *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s || !(s->slots = calloc(FIRST_SIZE, sizeof *s->slots))) {
        free(s);
        return WW_ENOMEM;
    }
    s->size = FIRST_SIZE;
    pthread_mutex_init(&s->lock, NULL);
    *out = s;
    return WW_OK;
}

void session_seen_free(struct session_seen *s)
{
    if (s) {
        pthread_mutex_destroy(&s->lock);
        free(s->slots);
        free(s);
    }
}

/* lookup is a hash already: its first bytes are as good as any. */
static struct slot *find(struct slot *slots, size_t size, const struct key *lookup)
{
    size_t i;
    memcpy(&i, lookup->b, sizeof i);
    for (i &= size - 1; slots[i].time && memcmp(&slots[i].lookup, lookup, sizeof *lookup) != 0;) {
        i = (i + 1) & (size - 1);
    }
    return &slots[i];
}

/* Without memory the table stays as it is, and what does not fit is forgotten: only "last seen" grows older.
 */
static void grow(struct session_seen *s)
{
    struct slot *bigger = s->size < MOST ? calloc(s->size * 2, sizeof *bigger) : NULL;
    if (!bigger) {
        return;
    }
    for (size_t i = 0; i < s->size; i++) {
        if (s->slots[i].time) {
            *find(bigger, s->size * 2, &s->slots[i].lookup) = s->slots[i];
        }
    }
    free(s->slots);
    s->slots = bigger;
    s->size *= 2;
}

void session_seen_mark(struct session_seen *s, const struct key *lookup, uint64_t now)
{
    if (!s) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    if (s->used * 4 >= s->size * 3) {
        grow(s);
    }
    if (s->used * 8 < s->size * 7) {
        struct slot *slot = find(s->slots, s->size, lookup);
        if (!slot->time) {
            slot->lookup = *lookup;
            s->used++;
        }
        slot->time = now;
    }
    pthread_mutex_unlock(&s->lock);
}

uint64_t session_seen_get(struct session_seen *s, const struct key *lookup)
{
    if (!s) {
        return 0;
    }
    pthread_mutex_lock(&s->lock);
    uint64_t time = find(s->slots, s->size, lookup)->time;
    pthread_mutex_unlock(&s->lock);
    return time;
}

static void write_one(struct ww_op *op, struct store *s, const struct slot *slot)
{
    struct session_row row;
    struct record *record;
    struct session_content c;
    struct bytes content;
    if (store_session_row_load(op, s, &slot->lookup, &row, &record, NULL) ||
        session_content_read(op, row.content, &c) || c.state != SESSION_ACTIVE || c.seen >= slot->time) {
        return;
    }
    c.seen = slot->time;
    if (session_content_write(op, &c, &content) == WW_OK &&
        store_session_row_update(op, s, &record->uuid, &row, content, row.expires) != WW_OK) {
        return; /* somebody changed the row: the next minute will do */
    }
}

enum ww_err session_flush_seen(struct ww_op *op, struct store *s, struct session_seen *seen)
{
    if (!seen) {
        return WW_OK;
    }
    pthread_mutex_lock(&seen->lock);
    size_t size = seen->size, used = seen->used;
    struct slot *old = seen->slots, *fresh = used ? calloc(FIRST_SIZE, sizeof *fresh) : NULL;
    if (fresh) {
        seen->slots = fresh;
        seen->size = FIRST_SIZE;
        seen->used = 0;
    }
    pthread_mutex_unlock(&seen->lock);
    if (!fresh) {
        return WW_OK;
    }
    enum ww_err err = store_tx_begin(op, s, DB_WRITE);
    for (size_t i = 0; !err && i < size; i++) {
        if (old[i].time) {
            write_one(op, s, &old[i]);
        }
    }
    free(old);
    return err ? err : store_tx_commit(op);
}
