/* Slots, and the ends of chains (vault.md §12).
 *
 * Numbers are big-endian, 8 bytes, aligned: a crash, or a power cut, leaves an old or a new one, never half
 * of each. What a power cut may take back is a raise of the last seconds, and that only makes the witness
 * know less. */
#include "witness_int.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "seal.h"

static size_t offset_of(int64_t id)
{
    return WITNESS_PAGE + (size_t)id * WITNESS_SLOT;
}

static bool has_slot(int64_t id)
{
    return id > 0 && id <= WITNESS_ID_MAX;
}

/* The two numbers of a slot, or NULL where the file does not reach. */
static _Atomic uint64_t *slot_of(struct witness *w, int64_t id)
{
    size_t end = offset_of(id) + WITNESS_SLOT;
    /* Acquire: whoever sees the length sees the mapping that has it. */
    if (end > atomic_load_explicit(&w->length, memory_order_acquire) && !witness_reach(w, end)) {
        return NULL;
    }
    return (_Atomic uint64_t *)(void *)(atomic_load_explicit(&w->at, memory_order_acquire) + offset_of(id));
}

struct witness_seen witness_get(struct witness *w, int64_t id)
{
    _Atomic uint64_t *slot = has_slot(id) ? slot_of(w, id) : NULL;
    return slot ? (struct witness_seen){be64toh(atomic_load(&slot[0])), be64toh(atomic_load(&slot[1]))}
                : (struct witness_seen){0, 0};
}

static void raise_number(_Atomic uint64_t *at, uint64_t number)
{
    uint64_t stored = atomic_load(at);
    while (be64toh(stored) < number && !atomic_compare_exchange_weak(at, &stored, htobe64(number))) {
    }
}

/* Room on the disk is taken before the mapping is written to: a hole that cannot be filled would end the
 * program (SIGBUS). Once for an account; what is there stays as it is, and the file never shrinks. */
static _Atomic uint64_t *slot_for_writing(struct witness *w, int64_t id)
{
    _Atomic uint64_t *slot = slot_of(w, id);
    if (slot && (atomic_load(&slot[0]) || atomic_load(&slot[1]))) {
        return slot;
    }
    off_t page = (off_t)(offset_of(id) / WITNESS_PAGE * WITNESS_PAGE);
    if (fallocate(w->fd, 0, page, WITNESS_PAGE) != 0) {
        atomic_store(&w->fault, errno);
        return NULL;
    }
    raise_number(witness_top_field(w), (uint64_t)id);
    slot = slot_of(w, id);
    if (!slot) {
        atomic_store(&w->fault, ENOMEM);
    }
    return slot;
}

bool witness_raise(struct witness *w, int64_t id, struct witness_seen seen)
{
    if (!has_slot(id) || (seen.record == 0 && seen.vault == 0)) {
        return true;
    }
    _Atomic uint64_t *slot = slot_for_writing(w, id);
    if (slot) {
        raise_number(&slot[0], seen.record);
        raise_number(&slot[1], seen.vault);
    }
    return slot != NULL;
}

bool witness_set(struct witness *w, int64_t id, struct witness_seen seen)
{
    _Atomic uint64_t *slot = has_slot(id) ? slot_for_writing(w, id) : NULL;
    if (slot) {
        atomic_store(&slot[0], htobe64(seen.record));
        atomic_store(&slot[1], htobe64(seen.vault));
    }
    return slot || !has_slot(id);
}

int64_t witness_top(const struct witness *w)
{
    return (int64_t)be64toh(atomic_load(witness_top_field(w)));
}

int witness_fault(struct witness *w)
{
    return atomic_exchange(&w->fault, 0);
}

/* ---- chains: node, n, time, link, and 8 bytes of a digest over them ---- */

static uint8_t *chain_at(const struct witness *w, size_t i)
{
    return atomic_load(&w->at) + WITNESS_HEADER + i * WITNESS_CHAIN;
}

static void encode_chain(const struct witness_chain *c, uint8_t out[WITNESS_CHAIN])
{
    const uint64_t numbers[] = {htobe64((uint64_t)c->node), htobe64((uint64_t)c->n), htobe64(c->time)};
    struct key digest;
    memcpy(out, numbers, sizeof numbers);
    memcpy(out + sizeof numbers, c->link, sizeof c->link);
    derive(&digest, NULL, "witness-end", NULL, BYTES(out, WITNESS_CHAIN - 8));
    memcpy(out + WITNESS_CHAIN - 8, digest.b, 8);
}

static bool decode_chain(const uint8_t in[WITNESS_CHAIN], struct witness_chain *c)
{
    uint8_t again[WITNESS_CHAIN];
    struct reader r = READER(BYTES(in, WITNESS_CHAIN));
    c->node = (int64_t)read_u64(&r);
    c->n = (int64_t)read_u64(&r);
    c->time = read_u64(&r);
    read_copy(&r, c->link, sizeof c->link);
    encode_chain(c, again);
    return c->node != 0 && memcmp(again, in, WITNESS_CHAIN) == 0;
}

bool witness_chain_get(const struct witness *w, size_t i, struct witness_chain *out)
{
    uint8_t copy[WITNESS_CHAIN];
    memcpy(copy, chain_at(w, i), sizeof copy);
    return decode_chain(copy, out);
}

/* The entry of the same chain, else an empty one, else the oldest. Another program may take the same entry at
 * the same moment: then one of the two is lost, or neither fits its digest, until either writes again. */
static size_t chain_place(const struct witness *w, int64_t node)
{
    uint64_t oldest = UINT64_MAX, wanted = htobe64((uint64_t)node);
    size_t place = 0;
    for (size_t i = 0; i < WITNESS_CHAINS; i++) {
        uint64_t at[3];
        memcpy(at, chain_at(w, i), sizeof at);
        if (at[0] == wanted) {
            return i;
        }
        uint64_t time = at[0] ? be64toh(at[2]) : 0;
        if (time < oldest) {
            oldest = time;
            place = i;
        }
    }
    return place;
}

void witness_chain_raise(struct witness *w, const struct witness_chain *end)
{
    uint8_t bytes[WITNESS_CHAIN];
    encode_chain(end, bytes);
    pthread_mutex_lock(&w->lock);
    memcpy(chain_at(w, chain_place(w, end->node)), bytes, sizeof bytes);
    pthread_mutex_unlock(&w->lock);
}

/* ---- the line ---- */

uint32_t witness_line(const struct witness *w)
{
    return w->line;
}

uint32_t witness_accepting(const struct witness *w)
{
    return w->accepting;
}

bool witness_is_blank(const struct witness *w)
{
    return w->blank;
}

static enum ww_err cannot_write(struct ww_op *op, const struct witness *w)
{
    return op_fail(op, errno == ENOSPC ? WW_EFULL : WW_EIO, "witness_write",
                   "the witness %s cannot be written: %s", w->path, strerror(errno));
}

void witness_set_blank(struct witness *w)
{
    w->blank = true;
    (void)witness_write_header(w); /* the file was made a moment ago: that much room it has */
}

static bool is_seen(struct witness *w, int64_t id)
{
    struct witness_seen seen = witness_get(w, id);
    return seen.record || seen.vault;
}

/* Pages that hold something: the rest are holes, and the file may look very long. */
int64_t witness_next(struct witness *w, int64_t after)
{
    enum { SLOTS = WITNESS_PAGE / WITNESS_SLOT };
    int64_t id = after + 1, top = witness_top(w);
    while (id <= top) {
        if (id % SLOTS == 0 || id == after + 1) {
            off_t data = lseek(w->fd, (off_t)offset_of(id), SEEK_DATA);
            int64_t first = data < 0 ? top + 1 : (data - WITNESS_PAGE) / WITNESS_SLOT;
            id = first > id ? first : id;
        }
        for (bool page = true; page && id <= top; page = id % SLOTS != 0) {
            if (is_seen(w, id)) {
                return id;
            }
            id++;
        }
    }
    return 0;
}

static void forget_slots(struct witness *w)
{
    for (int64_t id = 0; (id = witness_next(w, id)) != 0;) {
        if (witness_get(w, id).record != WITNESS_DELETED) {
            (void)witness_set(w, id, (struct witness_seen){0, 0});
        }
    }
}

static void forget_chains(struct witness *w)
{
    memset(chain_at(w, 0), 0, (size_t)WITNESS_CHAINS * WITNESS_CHAIN);
}

/* The header last: stopped before, all of it is done again. */
enum ww_err witness_begin_line(struct ww_op *op, struct witness *w, uint32_t line, bool forget)
{
    if (forget || w->blank) {
        forget_slots(w);
    }
    forget_chains(w);
    w->accepting = line;
    w->blank = false;
    return witness_write_header(w) ? WW_OK : cannot_write(op, w);
}

enum ww_err witness_end_line(struct ww_op *op, struct witness *w, uint32_t line)
{
    w->line = line;
    w->accepting = 0;
    return witness_write_header(w) ? WW_OK : cannot_write(op, w);
}

enum ww_err witness_adopt_line(struct ww_op *op, struct witness *w, uint32_t line)
{
    forget_slots(w);
    forget_chains(w);
    return witness_end_line(op, w, line);
}
