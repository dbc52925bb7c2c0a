/* Server keys in use (vault.md §13): which key each stored blob names, moving all of them to the key that is
 * first while others work, and letting an old key go.
 *
 * Nothing is remembered between runs: what names an old key is found by looking, so a run that was killed is
 * simply begun again, and several may run at once. */
#include "account_server_key.h"

#include <stdio.h>
#include <time.h>

#include "account_int.h"

enum {
    SCANNED_AT_ONCE = 2048, /* of which only the first bytes are read */
    MOVED_AT_ONCE = 128,    /* in one short transaction: a flow or a record has a few KiB */
    PASSES = 3              /* rows that somebody else held are found by the next one */
};
/* A writer that waits gets its turn between two pieces: after each, an eighth of the time that it took. */
static const uint64_t pause_most_us = 20000;

/* ---- which key each blob names ---- */

struct counting {
    struct account_key_uses *out;
    size_t table;
};

static struct account_key_use *use_of(struct account_key_uses *u, uint32_t id)
{
    for (size_t i = 0; i < u->n; i++) {
        if (u->at[i].id == id) {
            return &u->at[i];
        }
    }
    if (u->n == ACCOUNT_KEYS_MOST) { /* ids that somebody made up: as many as they like */
        return NULL;
    }
    u->at[u->n] = (struct account_key_use){.id = id};
    return &u->at[u->n++];
}

static void count_blob(void *context, bool sealed, uint32_t id)
{
    struct counting *c = context;
    struct account_key_use *use = sealed ? use_of(c->out, id) : NULL;
    if (!use) {
        c->out->shapeless++;
        return;
    }
    use->blobs++;
    use->tables[c->table]++;
}

enum ww_err account_key_uses(struct ww_op *op, struct service *s, struct account_key_uses *out)
{
    struct counting c = {.out = out};
    uint32_t id;
    enum ww_err err = WW_OK;
    *out = (struct account_key_uses){0};
    for (size_t i = 0; keyring_id(store_keyring(s->store), i, &id); i++) {
        use_of(out, id)->configured = true;
    }
    for (c.table = 0; !err && store_sealed_table(c.table); c.table++) {
        struct store_sealed_at at = {0};
        for (bool more = true; !err && more;) {
            struct op_piece piece;
            op_piece_begin(op, &piece);
            err = op_piece_end(
                op, &piece,
                store_sealed_scan(op, s->store, c.table, &at, SCANNED_AT_ONCE, count_blob, &c, &more));
        }
    }
    return err;
}

/* Blobs that do not name the key that is first. */
static uint64_t others(const struct account_key_uses *u, uint32_t first)
{
    uint64_t n = u->shapeless;
    for (size_t i = 0; i < u->n; i++) {
        n += u->at[i].id == first ? 0 : u->at[i].blobs;
    }
    return n;
}

/* ---- moving ---- */

struct rotation {
    const struct account_checker *checker;
    struct account_rotation *out;
    uint32_t first;
    uint64_t total;
    /* of the piece */
    size_t table;
    struct store_sealed_at from, to;
    struct store_sealed_moved moved;
    bool any;
};

static void note_other(void *context, bool sealed, uint32_t id)
{
    struct rotation *r = context;
    r->any = r->any || !sealed || id != r->first;
}

static enum ww_err write_piece(struct ww_op *op, struct service *s, void *context)
{
    struct rotation *r = context;
    r->moved = (struct store_sealed_moved){0};
    return store_sealed_move(op, s->store, r->table, &r->from, &r->to, &r->moved);
}

static void give_others_a_turn(uint64_t took_us)
{
    uint64_t us = took_us / 8 < pause_most_us ? took_us / 8 : pause_most_us;
    struct timespec pause = {0, (long)us * 1000};
    nanosleep(&pause, NULL);
}

static enum ww_err rotate_piece(struct ww_op *op, struct service *s, struct rotation *r, bool *more)
{
    r->any = false;
    r->to = r->from;
    enum ww_err err = store_sealed_scan(op, s->store, r->table, &r->to, MOVED_AT_ONCE, note_other, r, more);
    if (!err && r->any) {
        uint64_t begun = op_now(op);
        err = account_transaction(op, s, write_piece, r);
        give_others_a_turn(op_now(op) - begun);
    }
    if (!err && r->any) {
        r->out->moved += r->moved.moved;
        r->out->closed += r->moved.closed;
    }
    r->from = r->to;
    return err;
}

static enum ww_err rotate_once(struct ww_op *op, struct service *s, struct rotation *r)
{
    enum ww_err err = WW_OK;
    r->out->closed = 0;
    for (r->table = 0; !err && store_sealed_table(r->table); r->table++) {
        r->from = (struct store_sealed_at){0};
        for (bool more = true; !err && more;) {
            struct op_piece piece;
            op_piece_begin(op, &piece);
            err = op_piece_end(op, &piece, rotate_piece(op, s, r, &more));
            if (!err && r->checker->step) {
                r->checker->step(r->checker->context, (size_t)r->out->moved, (size_t)r->total);
            }
        }
    }
    return err;
}

struct telling {
    enum audit_kind kind;
    uint32_t id;
};

/* The id stands in every blob in clear: it is no secret. */
static enum ww_err write_event(struct ww_op *op, struct service *s, void *context)
{
    const struct telling *t = context;
    char id[9];
    snprintf(id, sizeof id, "%08x", t->id);
    return account_tell(op, s, &(struct audit_event){.kind = t->kind, .method = id});
}

static enum ww_err rotate(struct ww_op *op, struct service *s, const struct account_checker *checker,
                          struct account_rotation *out)
{
    struct account_key_uses uses;
    struct rotation r = {.checker = checker, .out = out, .first = keyring_first_id(store_keyring(s->store))};
    enum ww_err err = account_key_uses(op, s, &uses);
    *out = (struct account_rotation){.left = err ? 0 : others(&uses, r.first)};
    r.total = out->left;
    for (int i = 0; !err && i < PASSES && out->left > out->closed; i++) {
        if ((err = rotate_once(op, s, &r)) == WW_OK && (err = account_key_uses(op, s, &uses)) == WW_OK) {
            out->left = others(&uses, r.first);
        }
    }
    return err;
}

enum ww_err account_rotate(struct ww_op *op, struct service *s, const struct account_checker *checker,
                           struct account_rotation *out)
{
    struct telling done = {AUDIT_KEY_ROTATED, keyring_first_id(store_keyring(s->store))};
    enum ww_err err = rotate(op, s, checker, out);
    return err || !out->moved ? err : account_transaction(op, s, write_event, &done);
}

/* ---- letting go ---- */

static enum ww_err refuse_used(struct ww_op *op, const struct account_key_use *use)
{
    struct buf where = BUF(&op->arena);
    for (size_t i = 0; store_sealed_table(i); i++) {
        if (use->tables[i]) {
            buf_printf(&where, "%s%llu in %s", where.n ? ", " : "", (unsigned long long)use->tables[i],
                       store_sealed_table(i));
        }
    }
    const char *text = buf_text(&where);
    return text ? op_fail(
                      op, WW_ECONFLICT, "server_key_used",
                      "%llu blob(s) still name server key %08x: %s; run `watchword server-key rotate` first",
                      (unsigned long long)use->blobs, use->id, text)
                : op_no_memory(op);
}

static enum ww_err refuse_id(struct ww_op *op, struct service *s, uint32_t id)
{
    uint32_t known;
    if (id == keyring_first_id(store_keyring(s->store))) {
        return op_fail(op, WW_ECONFLICT, "server_key_seals", "server key %08x is the one that seals", id);
    }
    for (size_t i = 0; keyring_id(store_keyring(s->store), i, &known); i++) {
        if (known == id) {
            return WW_OK;
        }
    }
    return op_fail(op, WW_ENOTFOUND, "server_key_unknown", "there is no server key %08x", id);
}

/* What is left once everything that opens was moved is damage, or was planted: it must not keep a key in use
 * that its owner wants to be rid of. */
static enum ww_err judge_left(struct ww_op *op, struct service *s, const struct account_key_use *use)
{
    struct account_rotation moved;
    enum ww_err err = rotate(op, s, &(struct account_checker){0}, &moved);
    return err ? err : moved.left > moved.closed ? refuse_used(op, use) : WW_OK;
}

enum ww_err account_key_retire(struct ww_op *op, struct service *s, uint32_t id, bool leave_closed)
{
    struct account_key_uses uses;
    struct telling done = {AUDIT_KEY_RETIRED, id};
    enum ww_err err = refuse_id(op, s, id);
    if (err || (err = account_key_uses(op, s, &uses))) {
        return err;
    }
    const struct account_key_use *use = use_of(&uses, id);
    if (use->blobs) {
        err = leave_closed ? judge_left(op, s, use) : refuse_used(op, use);
    }
    return err ? err : account_transaction(op, s, write_event, &done);
}
