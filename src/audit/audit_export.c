/* The audit log as a file of lines that is verified without the database (docs/formats/audit.md). */
#include "audit_int.h"

#include <string.h>

/* In the key's own seal: who verifies a file needs the server key, and then sees whether it is this one's. */
static enum ww_err seal_keys(struct ww_op *op, struct store *s, const char **out)
{
    const struct keyring *ring = store_keyring(s);
    struct buf b = BUF(&op->arena);
    struct bytes blob;
    buf_bytes(&b, BYTES_OF(*keyring_ak(ring)));
    for (size_t i = 0; keyring_former(ring, i); i++) {
        buf_bytes(&b, BYTES_OF(*keyring_former(ring, i)));
    }
    struct bytes pt = buf_done(&b);
    enum ww_err err =
        pt.p ? keyring_seal(op, ring, (struct place){.label = AUDIT_FILE_KEYS}, pt, &blob) : op_no_memory(op);
    char *hex = err ? NULL : arena_alloc(&op->arena, 2 * blob.n + 1);
    if (!hex) {
        return err ? err : op_no_memory(op);
    }
    hex_encode(hex, blob.p, blob.n);
    *out = hex;
    return WW_OK;
}

static enum ww_err give(struct ww_op *op, struct js *o, audit_line_writer *write, void *context)
{
    const char *line = js_write(&op->arena, o);
    return line ? write(op, context, line) : op_no_memory(op);
}

static void put_hex(struct ww_op *op, struct js *o, const char *key, struct bytes b)
{
    char *hex = arena_alloc(&op->arena, 2 * b.n + 1);
    if (hex) {
        hex_encode(hex, b.p, b.n);
    }
    js_put(&op->arena, o, key, js_text(&op->arena, hex));
}

static enum ww_err give_head(struct ww_op *op, struct store *s, audit_line_writer *write, void *context)
{
    struct js *o = js_object(&op->arena);
    const char *keys;
    enum ww_err err = seal_keys(op, s, &keys);
    if (err) {
        return err;
    }
    js_put(&op->arena, o, "watchword_audit", js_int(&op->arena, AUDIT_FILE_FORMAT));
    js_put(&op->arena, o, "exported", js_int(&op->arena, (int64_t)op_now(op)));
    js_put(&op->arena, o, "keys", js_text(&op->arena, keys));
    return give(op, o, write, context);
}

/* The event's very text, since its mark is over that. One that does not open is told from one that was
 * erased. */
static enum ww_err give_row(struct ww_op *op, struct store *s, const struct audit_stored *r,
                            audit_line_writer *write, void *context)
{
    struct js *o = js_object(&op->arena);
    struct audit_opened e = {0};
    struct uuid owner;
    char text[UUID_TEXT];
    enum ww_err err = r->blob.p ? audit_open(op, s, r, &e) : WW_OK;
    if (err && err != WW_ETAMPERED) {
        return err;
    }
    js_put(&op->arena, o, "node",
           js_text(&op->arena, arena_printf(&op->arena, "%016llx", (unsigned long long)r->node)));
    js_put(&op->arena, o, "n", js_int(&op->arena, r->n));
    js_put(&op->arena, o, "time", js_int(&op->arena, (int64_t)r->time));
    if (r->owner.n == sizeof owner.b) {
        memcpy(owner.b, r->owner.p, sizeof owner.b);
        uuid_format(text, owner);
        js_put(&op->arena, o, "account", js_text(&op->arena, text));
    }
    put_hex(op, o, "mark", r->mark);
    put_hex(op, o, "link", r->link);
    if (r->blob.p && !err) {
        js_put(&op->arena, o, "event", js_string(&op->arena, e.text));
    }
    js_put(&op->arena, o, "state",
           js_text(&op->arena, err          ? "closed"
                               : r->blob.p  ? "open"
                               : r->account ? "emptied"
                                            : "erased"));
    return give(op, o, write, context);
}

struct exporting {
    audit_line_writer *write;
    void *context;
    int64_t node, n;
    uint64_t rows;
};

static enum ww_err give_page(struct ww_op *op, struct store *s, struct exporting *x, bool *more)
{
    struct audit_stored *rows;
    size_t n;
    enum ww_err err = store_audit_walk(op, s, x->node, x->n, AUDIT_PAGE, &rows, &n);
    for (size_t i = 0; !err && i < n; i++) {
        err = give_row(op, s, &rows[i], x->write, x->context);
        x->node = rows[i].node;
        x->n = rows[i].n;
        x->rows++;
    }
    *more = !err && n == AUDIT_PAGE;
    return err;
}

static enum ww_err give_end(struct ww_op *op, struct exporting *x)
{
    struct js *o = js_object(&op->arena);
    js_put(&op->arena, o, "rows", js_int(&op->arena, (int64_t)x->rows));
    return give(op, o, x->write, x->context);
}

enum ww_err audit_export(struct ww_op *op, struct store *s, audit_line_writer *write, void *context,
                         uint64_t *rows)
{
    struct exporting x = {write, context, INT64_MIN, 0, 0};
    *rows = 0;
    /* One moment: what is erased meanwhile must not look emptied. */
    enum ww_err err = store_tx_begin(op, s, DB_READ);
    if (err) {
        return err;
    }
    err = give_head(op, s, write, context);
    for (bool more = true; !err && more;) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, give_page(op, s, &x, &more));
    }
    err = err ? err : give_end(op, &x); /* a file that was cut has none */
    *rows = x.rows;
    return store_tx_abort(op, err);
}
