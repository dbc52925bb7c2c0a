/* flows: one sealed JSON document each. An altered one is as good as none (vault.md §15: 404). */
#include "store_int.h"

/* µs; so that an expired flow can say so (vault.md §5). */
static const uint64_t kept_after_expiry = 24 * 3600 * (uint64_t)1000000;

/* The kind is in it: a settings flow is not taken for a recovery by moving its row. */
static struct place place(uint8_t aad[17], enum flow_kind kind, const struct uuid *id)
{
    aad[0] = (uint8_t)kind;
    for (size_t i = 0; i < sizeof id->b; i++) {
        aad[1 + i] = id->b[i];
    }
    return (struct place){.label = "flow", .aad = BYTES(aad, 17)};
}

static enum ww_err seal_flow(struct ww_op *op, struct store *s, const struct flow_row *f, struct bytes *blob)
{
    uint8_t aad[17];
    /* In the sealed part as well: the column is an index for the sweep, and whoever writes to the database
     * may change it. */
    js_put(&op->arena, f->json, "expires", js_int(&op->arena, (int64_t)f->expires));
    char *text = js_write(&op->arena, f->json);
    return text ? store_seal(op, s, place(aad, f->kind, &f->id), bytes_str(text), blob) : op_no_memory(op);
}

enum ww_err store_flow_row_insert(struct ww_op *op, struct store *s, const struct flow_row *f)
{
    struct bytes blob;
    enum ww_err err = seal_flow(op, s, f, &blob);
    return err ? err
               : store_exec(op, s,
                            "INSERT INTO flows (id, kind, expires, rev, blob) VALUES ($1, $2, $3, $4, $5)",
                            DB_ARGS(DB_B(BYTES_OF(f->id)), DB_I(f->kind), DB_I(f->expires), DB_I(f->rev),
                                    DB_B(blob)));
}

/* By kind as well: the id of a registration is no login. */
enum ww_err store_flow_row_load(struct ww_op *op, struct store *s, enum flow_kind kind, const struct uuid *id,
                                struct flow_row *out)
{
    struct db_rows rows;
    uint8_t aad[17];
    struct bytes pt;
    enum ww_err err =
        store_one(op, s, &rows, "SELECT expires, rev, blob FROM flows WHERE id = $1 AND kind = $2",
                  DB_ARGS(DB_B(BYTES_OF(*id)), DB_I(kind)));
    if (err) {
        return err;
    }
    *out = (struct flow_row){
        .id = *id, .kind = kind, .expires = (uint64_t)db_int(&rows, 0), .rev = db_int(&rows, 1)};
    struct bytes blob = db_blob(&rows, 2);
    bool lost = db_lost(&rows);
    store_done(&rows);
    if (lost) {
        return op_no_memory(op);
    }
    if ((err = store_unseal(op, s, place(aad, kind, id), blob, &pt)) ||
        (err = js_read_own(&op->arena, pt, &out->json))) {
        /* Nothing rests on a flow that cannot be begun anew, so damage is no alarm here (vault.md §15). */
        return err == WW_ENOMEM ? op_no_memory(op) : WW_ENOTFOUND;
    }
    /* the plain column is an index: what was sealed says when the flow ends */
    return js_get_int(out->json, "expires", -1) == (int64_t)out->expires ? WW_OK : WW_ENOTFOUND;
}

/* By its number: of two tabs that send one form, both are answered and one is kept. */
enum ww_err store_flow_row_update(struct ww_op *op, struct store *s, struct flow_row *f)
{
    struct bytes blob;
    enum ww_err err = seal_flow(op, s, f, &blob);
    if (err ||
        (err = store_change_one(
             /* One submission changes a flow; a second one of the same revision, from another tab or a
              * repeated click, loses. */
             op, s, "UPDATE flows SET expires = $1, rev = $2, blob = $3 WHERE id = $4 AND rev = $5",
             DB_ARGS(DB_I(f->expires), DB_I(f->rev + 1), DB_B(blob), DB_B(BYTES_OF(f->id)), DB_I(f->rev))))) {
        return err;
    }
    f->rev++;
    return WW_OK;
}

/* A day after the end, so that an expired form can still be told from one that never was. */
enum ww_err store_flow_row_sweep(struct ww_op *op, struct store *s, uint64_t now, size_t limit,
                                 int64_t *removed)
{
    uint64_t before = now > kept_after_expiry ? now - kept_after_expiry : 0;
    return store_change(
        op, s,
        "DELETE FROM flows WHERE id IN (SELECT id FROM flows WHERE expires < $1 ORDER BY expires LIMIT $2)",
        DB_ARGS(DB_I(before), DB_I(limit)), removed);
}
