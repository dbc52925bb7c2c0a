/* Verifying an exported audit log without its database (docs/formats/audit.md).
 *
 * Two passes: the first walks the chains and keeps what they say of others (ends, erasures), the second looks
 * for those ends. With the server key also marks and links are made anew; without it, only what the lines say
 * of each other is compared. */
#include "audit_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MOST = 4 << 20, LINES_IN_PIECE = 256, KEYS_MOST = 1 + KEYRING_FORMER_MOST };

/* The last link of a chain as another one names it. */
struct named_end {
    int64_t node, n;
    uint8_t link[32];
    bool found;
};

struct reading {
    const struct audit_file_checker *checker;
    struct audit_file_report *report;
    FILE *file;
    char *line; /* getline's */
    size_t capacity;
    uint64_t number; /* of the line */
    bool second, ended;
    struct key keys[KEYS_MOST]; /* audit keys, in memory that the caller wipes */
    size_t key_count;
    /* the chain */
    struct audit_file_node node;
    struct key link;
    const struct key *ak;
    struct audit_ranges empty, erased;
    struct named_end *ends;
    size_t end_count, end_capacity;
};

struct line_row {
    int64_t node, n;
    uint64_t time;
    const char *account, *state;
    struct bytes event; /* p NULL: none */
    struct key mark, link;
};

static enum ww_err refuse(struct ww_op *op, const struct reading *r, const char *why)
{
    return op_fail(op, WW_EINVAL, "audit_file", "line %llu: %s", (unsigned long long)r->number, why);
}

/* ---- lines ---- */

/* WW_ENOTFOUND after the last. */
static enum ww_err next_line(struct ww_op *op, struct reading *r, struct js **out)
{
    const char *why;
    errno = 0;
    ssize_t n = getline(&r->line, &r->capacity, r->file);
    if (n < 0) {
        return errno == ENOMEM   ? op_no_memory(op)
               : ferror(r->file) ? op_fail(op, WW_EIO, "audit_file", "cannot be read: %s", strerror(errno))
                                 : WW_ENOTFOUND;
    }
    r->number++;
    if (n > LINE_MOST) {
        return refuse(op, r, "is too long");
    }
    enum ww_err err = js_read(&op->arena, BYTES(r->line, (size_t)n), out, &why);
    if (err) {
        return err == WW_ENOMEM ? op_no_memory(op) : refuse(op, r, why);
    }
    return (*out)->type == JS_OBJECT ? WW_OK : refuse(op, r, "is no object");
}

static bool read_hex(const struct js *o, const char *key, void *out, size_t n)
{
    const char *text = js_get_text(o, key);
    return text && hex_decode(out, n, text);
}

static enum ww_err read_row(struct ww_op *op, const struct reading *r, const struct js *o,
                            struct line_row *row)
{
    uint8_t node[8];
    const struct js *event = js_get(o, "event");
    if (!read_hex(o, "node", node, sizeof node) || !read_hex(o, "mark", row->mark.b, sizeof row->mark.b) ||
        !read_hex(o, "link", row->link.b, sizeof row->link.b)) {
        return refuse(op, r, "lacks node, mark or link");
    }
    struct reader in = READER(BYTES_OF(node));
    row->node = (int64_t)read_u64(&in);
    row->n = js_get_int(o, "n", 0);
    row->time = (uint64_t)js_get_int(o, "time", 0);
    row->account = js_get_text(o, "account");
    row->state = js_get_text(o, "state");
    row->event = event && event->type == JS_STRING ? event->string : BYTES(NULL, 0);
    return row->n > 0 && row->n < INT64_MAX && row->state ? WW_OK : refuse(op, r, "is no row of the log");
}

/* ---- one row of a chain ---- */

static void end_node(struct reading *r)
{
    if (r->node.events && r->checker->node && !r->second) {
        r->checker->node(r->checker->context, &r->node);
    }
}

static void finding(uint64_t *of_node, uint64_t *of_all)
{
    ++*of_node;
    ++*of_all;
}

static void begin_node(struct reading *r, const struct line_row *row)
{
    end_node(r);
    r->node = (struct audit_file_node){.node = row->node, .first = row->n, .first_time = row->time};
    r->link = (struct key){{0}};
    r->ak = r->key_count ? &r->keys[0] : NULL;
    r->report->nodes++;
}

/* A chain of before a reindex has the key of its time. */
static bool link_holds(struct reading *r, const struct line_row *row)
{
    struct key made;
    for (size_t i = 0; i < r->key_count; i++) {
        const struct key *ak = row->n == 1 ? &r->keys[i] : r->ak;
        audit_make_link(ak, row->node, row->n, &r->link, &row->mark, &made);
        if (crypto_equal(BYTES_OF(made), BYTES_OF(row->link))) {
            r->ak = ak;
            return true;
        }
    }
    return false;
}

static bool mark_holds(const struct reading *r, const struct line_row *row)
{
    struct key made;
    audit_make_mark(r->ak, row->event, &made);
    return crypto_equal(BYTES_OF(made), BYTES_OF(row->mark));
}

static enum ww_err add_end(struct ww_op *op, struct reading *r, const char *named)
{
    uint8_t raw[16 + 32];
    if (!named || !hex_decode(raw, sizeof raw, named)) {
        return WW_OK;
    }
    if (r->end_count == r->end_capacity) {
        size_t capacity = r->end_capacity ? 2 * r->end_capacity : 64;
        struct named_end *larger = realloc(r->ends, capacity * sizeof *larger);
        if (!larger) {
            return op_no_memory(op);
        }
        r->ends = larger;
        r->end_capacity = capacity;
    }
    struct reader in = READER(BYTES(raw, sizeof raw));
    struct named_end *e = &r->ends[r->end_count++];
    *e = (struct named_end){.node = (int64_t)read_u64(&in)};
    e->n = (int64_t)read_u64(&in);
    read_copy(&in, e->link, sizeof e->link);
    return WW_OK;
}

/* What the event says of itself and of others. */
static enum ww_err read_event(struct ww_op *op, struct reading *r, const struct line_row *row)
{
    struct js *event;
    const char *why;
    enum ww_err err = js_read(&op->arena, row->event, &event, &why);
    if (err == WW_ENOMEM) {
        return op_no_memory(op);
    }
    const char *name = err ? NULL : js_get_text(event, "event"),
               *account = err ? NULL : js_get_text(event, "account");
    bool starts = name && strcmp(name, audit_text(AUDIT_CHAIN_STARTED)) == 0;
    /* An account that was closed meanwhile has no row to agree with. */
    if (!name || starts != (row->n == 1) || js_get_int(event, "time", -1) != (int64_t)row->time ||
        (row->account && (!account || strcmp(account, row->account) != 0))) {
        finding(&r->node.altered, &r->report->altered);
        return WW_OK;
    }
    const struct js *list = starts ? js_get(event, "chains") : NULL;
    for (const struct js *e = list ? list->first : NULL; e && !err; e = e->next) {
        err = add_end(op, r, e->type == JS_STRING ? (const char *)e->string.p : NULL);
    }
    if (!err && strcmp(name, audit_text(AUDIT_ERASED)) == 0) {
        err = audit_read_erased(op, event, &r->erased);
    }
    return err == WW_ETAMPERED ? refuse(op, r, "names no places that were erased") : err;
}

static enum ww_err first_pass(struct ww_op *op, struct reading *r, const struct line_row *row)
{
    struct audit_file_node *node = &r->node;
    bool follows = row->n == node->last + 1;
    if (row->n <= node->last) { /* two rows for one place, or out of order */
        finding(&node->forks, &r->report->forks);
        return WW_OK;
    }
    node->missing += (uint64_t)(row->n - node->last - 1);
    r->report->missing += (uint64_t)(row->n - node->last - 1);
    node->last = row->n;
    node->last_time = row->time;
    node->events++;
    r->report->events++;
    /* Behind a gap there is nothing to link to; the next row is compared again. */
    bool holds = !r->key_count || !follows || link_holds(r, row);
    r->link = row->link;
    if (!holds || strcmp(row->state, "closed") == 0 ||
        (r->key_count && row->event.p && !mark_holds(r, row))) {
        finding(&node->altered, &r->report->altered);
        return WW_OK;
    }
    if (row->event.p) {
        return read_event(op, r, row);
    }
    node->erased++;
    if (strcmp(row->state, "erased") != 0) {
        finding(&node->altered, &r->report->altered);
        return WW_OK;
    }
    return audit_ranges_add(&r->empty, (struct audit_range){row->node, row->n, row->n}) ? op_no_memory(op)
                                                                                        : WW_OK;
}

/* ---- the ends that chains name ---- */

static int by_place(const void *x, const void *y)
{
    const struct named_end *a = x, *b = y;
    return a->node != b->node ? (a->node < b->node ? -1 : 1) : a->n != b->n ? (a->n < b->n ? -1 : 1) : 0;
}

/* Several chains may name one end. A place with another link than the one named is a chain that parted from
 * the one that was seen. */
static void second_pass(struct reading *r, const struct line_row *row)
{
    const struct named_end key = {.node = row->node, .n = row->n};
    struct named_end *e = bsearch(&key, r->ends, r->end_count, sizeof *r->ends, by_place);
    while (e && e > r->ends && by_place(e - 1, &key) == 0) {
        e--;
    }
    for (; e && e < r->ends + r->end_count && by_place(e, &key) == 0; e++) {
        e->found = true;
        r->report->forks += !bytes_equal(BYTES_OF(e->link), BYTES_OF(row->link));
    }
}

/* ---- the file ---- */

static enum ww_err read_piece(struct ww_op *op, struct reading *r, bool *more)
{
    enum ww_err err = WW_OK;
    struct js *o;
    struct line_row row;
    *more = true;
    for (int i = 0; !err && i < LINES_IN_PIECE; i++) {
        if ((err = next_line(op, r, &o))) {
            *more = false;
            return err == WW_ENOTFOUND ? WW_OK : err;
        }
        if (r->ended) {
            return refuse(op, r, "comes after the last line");
        }
        if (js_get(o, "rows")) {
            r->ended = true;
            continue;
        }
        if ((err = read_row(op, r, o, &row))) {
            return err;
        }
        if (row.node != r->node.node || !r->node.first) {
            begin_node(r, &row);
        }
        if (r->second) {
            second_pass(r, &row);
        } else {
            err = first_pass(op, r, &row);
        }
    }
    return err;
}

/* The first line; with a ring the keys in it are opened. */
static enum ww_err read_head(struct ww_op *op, struct reading *r, const struct keyring *ring)
{
    struct js *o;
    struct bytes pt = {NULL, 0};
    enum ww_err err = next_line(op, r, &o);
    const char *hex = err ? NULL : js_get_text(o, "keys");
    if (err || js_get_int(o, "watchword_audit", 0) != AUDIT_FILE_FORMAT || !hex) {
        return err == WW_EIO || err == WW_ENOMEM ? err : refuse(op, r, "this is no exported audit log");
    }
    if (!ring || r->second) {
        return WW_OK;
    }
    size_t n = strlen(hex) / 2;
    uint8_t *raw = arena_alloc(&op->arena, n + 1);
    if (!raw) {
        return op_no_memory(op);
    }
    if (!hex_decode(raw, n, hex)) {
        return refuse(op, r, "the keys are no hexadecimal text");
    }
    err = keyring_open(op, ring, (struct place){.label = AUDIT_FILE_KEYS}, BYTES(raw, n), &pt);
    if (err) {
        return err;
    }
    struct reader in = READER(pt);
    for (; in.n >= sizeof(struct key) && r->key_count < KEYS_MOST; r->key_count++) {
        read_copy(&in, r->keys[r->key_count].b, sizeof(struct key));
    }
    return r->key_count ? WW_OK : refuse(op, r, "holds no keys");
}

static enum ww_err read_file(struct ww_op *op, struct reading *r, const struct keyring *ring)
{
    rewind(r->file);
    r->number = 0;
    r->ended = false;
    r->node = (struct audit_file_node){0};
    enum ww_err err = read_head(op, r, ring);
    for (bool more = true; !err && more;) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, read_piece(op, r, &more));
    }
    end_node(r);
    return err;
}

static enum ww_err verify(struct ww_op *op, struct reading *r, const struct keyring *ring)
{
    enum ww_err err = read_file(op, r, ring);
    if (err) {
        return err;
    }
    struct audit_file_report *out = r->report;
    out->whole = r->ended;
    out->keyed = r->key_count > 0;
    uint64_t nodes = out->nodes;
    if (r->end_count) {
        qsort(r->ends, r->end_count, sizeof *r->ends, by_place);
        r->second = true;
        err = read_file(op, r, ring);
    }
    out->nodes = nodes;
    for (size_t i = 0; i < r->end_count; i++) {
        out->cut += !r->ends[i].found;
    }
    audit_ranges_compare(&r->empty, &r->erased, &out->emptied, &out->returned);
    return err;
}

enum ww_err audit_verify_file(struct ww_op *op, const char *path, const struct keyring *ring,
                              const struct audit_file_checker *checker, struct audit_file_report *out)
{
    *out = (struct audit_file_report){0};
    struct reading *r = ARENA_NEW(&op->arena, struct reading); /* wiped with the operation */
    if (!r) {
        return op_no_memory(op);
    }
    r->checker = checker;
    r->report = out;
    r->file = fopen(path, "re");
    if (!r->file) {
        return op_fail(op, WW_EIO, "audit_file", "%s cannot be opened: %s", path, strerror(errno));
    }
    enum ww_err err = verify(op, r, ring);
    fclose(r->file);
    free(r->line);
    free(r->ends);
    audit_ranges_free(&r->empty);
    audit_ranges_free(&r->erased);
    return err;
}
