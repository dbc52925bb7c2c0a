/* When sessions were last seen: in memory, written once a minute, since reads do not write. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "session_int.h"

/* Keyed by lookup, not by token: a core image of this table opens nothing. */
struct slot {
    struct key lookup;
    uint64_t time; /* 0: free */
};

struct table {
    struct slot *slots;
    size_t size, used; /* size is a power of two */
};

struct session_seen {
    pthread_mutex_t lock;
    struct table marked;  /* since the last flush */
    struct table writing; /* by a flush that is under way: it counts until the database says it */
    size_t forgotten;     /* did not fit */
};

/* Places, of 40 bytes: 40 KiB at first, 40 MiB for a million sessions seen within a minute; and rows of
 * one transaction, so that other writers wait for few. */
enum { FIRST_SIZE = 1024, MOST = 1 << 20, AT_ONCE = 128 };

static bool table_new(struct table *t)
{
    *t = (struct table){.slots = calloc(FIRST_SIZE, sizeof *t->slots), .size = FIRST_SIZE};
    return t->slots != NULL;
}

enum ww_err session_seen_new(struct session_seen **out)
{
    struct session_seen *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s || !table_new(&s->marked)) {
        free(s);
        return WW_ENOMEM;
    }
    pthread_mutex_init(&s->lock, NULL);
    *out = s;
    return WW_OK;
}

void session_seen_free(struct session_seen *s)
{
    if (s) {
        pthread_mutex_destroy(&s->lock);
        free(s->marked.slots);
        free(s);
    }
}

/* lookup is a hash already: its first bits are as good as any, and put the table into the order of the
 * database's key, so that rows written together stand together there. */
static struct slot *find(const struct table *t, const struct key *lookup)
{
    const uint8_t *b = lookup->b;
    uint32_t first = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    size_t i = (size_t)((uint64_t)first * t->size >> 32);
    for (; t->slots[i].time && memcmp(&t->slots[i].lookup, lookup, sizeof *lookup) != 0;) {
        i = (i + 1) & (t->size - 1);
    }
    return &t->slots[i];
}

/* Without memory the table stays as it is. */
static void grow(struct table *t)
{
    struct table bigger = {.size = t->size * 2, .used = t->used};
    bigger.slots = t->size < MOST ? calloc(bigger.size, sizeof *bigger.slots) : NULL;
    if (!bigger.slots) {
        return;
    }
    for (size_t i = 0; i < t->size; i++) {
        if (t->slots[i].time) {
            *find(&bigger, &t->slots[i].lookup) = t->slots[i];
        }
    }
    free(t->slots);
    *t = bigger;
}

/* False when there is no room: only "last seen" grows older then. */
static bool put(struct table *t, const struct key *lookup, uint64_t time)
{
    if (t->used * 4 >= t->size * 3) {
        grow(t);
    }
    struct slot *slot = find(t, lookup);
    if (!slot->time) {
        if (t->used * 8 >= t->size * 7) {
            return false;
        }
        slot->lookup = *lookup;
        t->used++;
    }
    slot->time = slot->time > time ? slot->time : time;
    return true;
}

void session_seen_mark(struct session_seen *s, const struct key *lookup, uint64_t now)
{
    if (!s) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    s->forgotten += !put(&s->marked, lookup, now);
    pthread_mutex_unlock(&s->lock);
}

uint64_t session_seen_get(struct session_seen *s, const struct key *lookup)
{
    if (!s) {
        return 0;
    }
    pthread_mutex_lock(&s->lock);
    uint64_t time = find(&s->marked, lookup)->time;
    uint64_t before = s->writing.slots ? find(&s->writing, lookup)->time : 0;
    pthread_mutex_unlock(&s->lock);
    return time > before ? time : before;
}

/* ---- flushing ---- */

/* A row that is gone, ended or altered needs nothing written. WW_EBUSY: somebody changed it meanwhile.
 * Sealed again without the token: check value and wrapped key are copied. An ended session must never come
 * back this way, hence the look at its state. */
static enum ww_err write_one(struct ww_op *op, struct store *s, const struct slot *slot)
{
    struct session_row row;
    struct record *record;
    struct session_content c;
    struct bytes content;
    enum ww_err err = store_session_row_load(op, s, &slot->lookup, &row, &record, NULL);
    err = err ? err : session_content_read(op, row.content, &c);
    if (err == WW_ENOTFOUND || err == WW_EDENIED || err == WW_ETAMPERED || err == WW_EROLLEDBACK ||
        err == WW_EKEYMISSING) {
        return WW_OK;
    }
    if (err || c.state != SESSION_ACTIVE || c.seen >= slot->time) {
        return err;
    }
    c.seen = slot->time;
    row.id = c.id;
    err = session_content_write(op, &c, &content);
    return err ? err : store_session_row_update(op, s, &record->uuid, &row, content, row.expires);
}

/* At most AT_ONCE of the table from *at on, in one transaction; those that lost a race are put back. */
static enum ww_err write_some(struct ww_op *op, struct store *s, struct session_seen *seen, size_t *at)
{
    const struct table *t = &seen->writing;
    size_t i = *at, written = 0, lost_n = 0;
    const struct slot *lost[AT_ONCE];
    enum ww_err err = store_tx_begin(op, s, DB_WRITE);
    if (err) {
        return err;
    }
    for (; i < t->size && written < AT_ONCE; i++) {
        if (!t->slots[i].time) {
            continue;
        }
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, write_one(op, s, &t->slots[i]));
        if (err && err != WW_EBUSY) {
            return store_tx_abort(op, err);
        }
        if (err) {
            lost[lost_n++] = &t->slots[i];
        }
        written++;
    }
    if ((err = store_tx_commit(op))) {
        return err;
    }
    for (size_t k = 0; k < lost_n; k++) {
        session_seen_mark(seen, &lost[k]->lookup, lost[k]->time);
    }
    *at = i;
    return WW_OK;
}

/* What is left of the table from `at` on waits for the next time. */
static enum ww_err end_writing(struct ww_op *op, struct session_seen *seen, size_t at, enum ww_err err)
{
    struct slot *slots = seen->writing.slots;
    size_t size = seen->writing.size;
    pthread_mutex_lock(&seen->lock);
    seen->writing = (struct table){0};
    for (size_t i = at; i < size; i++) {
        if (slots[i].time) {
            seen->forgotten += !put(&seen->marked, &slots[i].lookup, slots[i].time);
        }
    }
    size_t forgotten = seen->forgotten;
    seen->forgotten = 0;
    pthread_mutex_unlock(&seen->lock);
    free(slots);
    return err || !forgotten
               ? err
               : op_fail(op, WW_EFULL, "sessions_seen_full",
                         "when %zu sessions were seen is forgotten, for want of room", forgotten);
}

/* False when there is nothing to write, or another flush is under way. The tables are exchanged under the
 * lock and written without it: requests do not wait for the database. */
static bool begin_writing(struct session_seen *seen, enum ww_err *err)
{
    struct table fresh;
    *err = WW_OK;
    pthread_mutex_lock(&seen->lock);
    bool any = seen->marked.used && !seen->writing.slots;
    if (any && !table_new(&fresh)) {
        *err = WW_ENOMEM;
        any = false;
    }
    if (any) {
        seen->writing = seen->marked;
        seen->marked = fresh;
    }
    pthread_mutex_unlock(&seen->lock);
    return any;
}

enum ww_err session_flush_seen(struct ww_op *op, struct store *s, struct session_seen *seen)
{
    size_t at = 0;
    enum ww_err err = WW_OK;
    if (!seen || !begin_writing(seen, &err)) {
        return err ? op_no_memory(op) : WW_OK;
    }
    while (!err && at < seen->writing.size) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, write_some(op, s, seen, &at));
    }
    return end_writing(op, seen, at, err);
}
