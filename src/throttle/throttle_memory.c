/* This process' own counts, in a table of a fixed size: who resets the stored ones gains nothing (vault.md
 * §14.6). */
#include "throttle_memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Places of a set, and bytes of an id. Each set is searched whole: no chain of collisions can be made
 * long. */
enum { WAYS = 8, SHORT_ID = 16 };

/* Half of a keyed hash is enough to tell subjects apart; an empty place has a counter of zeros. */
struct place_of_counter {
    uint8_t id[SHORT_ID];
    struct counter counter;
};

struct throttle_memory {
    pthread_mutex_t lock;
    size_t sets; /* a power of two */
    struct place_of_counter places[];
};

enum ww_err throttle_memory_new(struct ww_op *op, size_t places, struct throttle_memory **out)
{
    size_t sets = 1;
    while (sets * WAYS < places) {
        sets *= 2;
    }
    /* calloc: pages that no counter needed yet take no memory */
    struct throttle_memory *m = calloc(1, sizeof *m + sets * WAYS * sizeof m->places[0]);
    *out = NULL;
    if (!m) {
        return op_no_memory(op);
    }
    if (pthread_mutex_init(&m->lock, NULL) != 0) {
        free(m);
        return op_no_memory(op);
    }
    m->sets = sets;
    *out = m;
    return WW_OK;
}

void throttle_memory_free(struct throttle_memory *m)
{
    if (m) {
        pthread_mutex_destroy(&m->lock);
        free(m);
    }
}

/* Ids are keyed hashes, so nobody outside chooses the set that a name falls into. */
static struct place_of_counter *set_of(struct throttle_memory *m, const struct key *id)
{
    uint32_t hash;
    memcpy(&hash, id->b + SHORT_ID, sizeof hash); /* not of the half that tells subjects apart */
    return m->places + (hash & (m->sets - 1)) * WAYS;
}

static struct place_of_counter *find(struct throttle_memory *m, const struct key *id)
{
    struct place_of_counter *set = set_of(m, id);
    for (size_t i = 0; i < WAYS; i++) {
        if (memcmp(set[i].id, id->b, SHORT_ID) == 0) {
            return &set[i];
        }
    }
    return NULL;
}

static struct place_of_counter *find_or_make(struct throttle_memory *m, const struct key *id, int64_t now)
{
    struct place_of_counter *found = find(m, id), *set = set_of(m, id);
    if (found) {
        return found;
    }
    /* The counter that matters least gives way: to push out one that makes somebody wait, seven others of
     * its set must weigh more, and which names share a set is not known outside. */
    found = &set[0];
    for (size_t i = 1; i < WAYS; i++) {
        if (throttle_counter_weight(&set[i].counter, now) < throttle_counter_weight(&found->counter, now)) {
            found = &set[i];
        }
    }
    *found = (struct place_of_counter){0};
    memcpy(found->id, id->b, SHORT_ID);
    return found;
}

static bool all_admitted(struct throttle_memory *m, const struct throttle_subject *subjects, size_t n,
                         int64_t now, int64_t *until)
{
    /* The longest of the waits is told, else a client would come back into the next one. */
    *until = 0;
    for (size_t i = 0; i < n; i++) {
        const struct place_of_counter *p = find(m, &subjects[i].id);
        if (p && !throttle_rule_admits(subjects[i].rule, &p->counter, now) && p->counter.until > *until) {
            *until = p->counter.until;
        }
    }
    return *until == 0;
}

bool throttle_memory_admits(struct throttle_memory *m, const struct throttle_subject *subjects, size_t n,
                            int64_t now, int64_t *until)
{
    pthread_mutex_lock(&m->lock);
    bool admitted = all_admitted(m, subjects, n, now, until);
    pthread_mutex_unlock(&m->lock);
    return admitted;
}

bool throttle_memory_reserve(struct throttle_memory *m, struct throttle_subject *subjects, size_t n,
                             int64_t now, int64_t *until)
{
    pthread_mutex_lock(&m->lock);
    bool admitted = all_admitted(m, subjects, n, now, until);
    for (size_t i = 0; admitted && i < n; i++) {
        struct place_of_counter *p = find_or_make(m, &subjects[i].id, now);
        p->counter = throttle_rule_add(subjects[i].rule, &p->counter, now);
        /* Kept, so that giving back can tell whether somebody counted after us. */
        subjects[i].made = p->counter;
    }
    pthread_mutex_unlock(&m->lock);
    return admitted;
}

void throttle_memory_give_back(struct throttle_memory *m, const struct throttle_subject *subjects, size_t n,
                               int64_t at)
{
    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < n; i++) {
        struct place_of_counter *p = find(m, &subjects[i].id);
        if (p) {
            throttle_rule_give_back(subjects[i].rule, &p->counter, &subjects[i].made, at);
        }
    }
    pthread_mutex_unlock(&m->lock);
}

/* Takes over what other nodes counted, only upwards. What the row says is bounded by the rule: a writer of
 * the database may plant waits, but none longer than the longest. */
void throttle_memory_raise(struct throttle_memory *m, struct throttle_subject *subject, int64_t now)
{
    const struct counter_rule *r = subject->rule;
    const struct counter *stored = &subject->stored;
    pthread_mutex_lock(&m->lock);
    struct counter *c = &find_or_make(m, &subject->id, now)->counter;
    bool ours = c->until == subject->made.until;
    if (stored->until > c->until && stored->until - now <= r->longest) {
        c->until = stored->until;
        subject->made.until = ours ? c->until : subject->made.until;
    }
    if (stored->level > c->level) {
        c->level = stored->level > r->level_max ? r->level_max : stored->level;
    }
    pthread_mutex_unlock(&m->lock);
}
