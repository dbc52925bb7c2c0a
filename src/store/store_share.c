/* shares and wraps (vault.md §§5, 11): blobs under the users' own keys, passed through. The plain columns say
 * where a row belongs; what they say holds only once a signature or a seal agreed. */
#include "store_share.h"
#include "store_int.h"

#include <string.h>

/* Lengths of columns are the database writer's to choose: a UUID of another length is none. */
static bool copy_exactly(void *out, size_t n, struct bytes from)
{
    if (from.n == n && from.p) {
        memcpy(out, from.p, n);
    }
    return from.n == n && from.p;
}

/* From 1 on, and within the 32 bits that everything else counts with. */
static bool copy_epoch(uint32_t *out, int64_t from)
{
    *out = (uint32_t)from;
    return from > 0 && from <= UINT32_MAX;
}

#define PAGE_BY(column) " ORDER BY " column " LIMIT $3"

/* The first page begins at what is shorter than any id, so that an id that was cut short is seen. */
static struct bytes page_start(const struct uuid *after)
{
    return after ? BYTES_OF(*after) : BYTES("", 0);
}

/* ---- shares ---- */

/* By its sender too: a share of another account is not written over by knowing its id. */
enum ww_err store_share_put(struct ww_op *op, struct store *s, const struct share_row *row)
{
    return store_change_one(
        op, s,
        "INSERT INTO shares (id, sender, version, epoch, signature, blob) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (id) DO UPDATE SET version = excluded.version, epoch = excluded.epoch,"
        " signature = excluded.signature, blob = excluded.blob WHERE shares.sender = excluded.sender",
        DB_ARGS(DB_B(BYTES_OF(row->id)), DB_B(BYTES_OF(row->sender)), DB_I(row->version), DB_I(row->epoch),
                DB_B(BYTES_OF(row->signature)), DB_B(row->blob)));
}

#define SHARE_COLUMNS "id, sender, version, epoch, signature, blob"

static enum ww_err read_share(struct ww_op *op, struct db_rows *rows, struct share_row *out)
{
    struct bytes id = db_blob(rows, 0), sender = db_blob(rows, 1), signature = db_blob(rows, 4);
    int64_t version = db_int(rows, 2);
    *out = (struct share_row){.version = (uint64_t)version, .blob = db_blob(rows, 5)};
    if (db_lost(rows)) {
        return op_no_memory(op);
    }
    bool good = copy_exactly(out->id.b, 16, id) && copy_exactly(out->sender.b, 16, sender) &&
                copy_exactly(out->signature, 64, signature) && copy_epoch(&out->epoch, db_int(rows, 3)) &&
                version > 0 && out->blob.p;
    return good ? WW_OK : store_tampered(op, "share");
}

/* As it is stored; the signature over all of it is checked by whoever opens it (share_verify). */
enum ww_err store_share_load(struct ww_op *op, struct store *s, const struct uuid *id,
                             const struct uuid *sender, struct share_row *out)
{
    struct db_rows rows;
    enum ww_err err =
        store_one(op, s, &rows, "SELECT " SHARE_COLUMNS " FROM shares WHERE id = $1 AND sender = $2",
                  DB_ARGS(DB_B(BYTES_OF(*id)), DB_B(BYTES_OF(*sender))));
    *out = (struct share_row){0};
    if (err) {
        return err == WW_ENOTFOUND ? store_tampered(op, "share missing") : err;
    }
    err = read_share(op, &rows, out);
    store_done(&rows);
    return err;
}

/* By key ranges, not by OFFSET: a page costs what it shows. */
enum ww_err store_share_list(struct ww_op *op, struct store *s, const struct uuid *sender,
                             const struct uuid *after, size_t limit, struct share_row **out, size_t *n)
{
    struct db_rows rows;
    struct share_row *list = ARENA_ARRAY(&op->arena, limit, struct share_row);
    *out = list;
    *n = 0;
    if (!list) {
        return op_no_memory(op);
    }
    enum ww_err err = store_query(
        op, s, &rows,
        after ? "SELECT " SHARE_COLUMNS " FROM shares WHERE sender = $1 AND id > $2" PAGE_BY("id")
              : "SELECT " SHARE_COLUMNS " FROM shares WHERE sender = $1 AND id >= $2" PAGE_BY("id"),
        DB_ARGS(DB_B(BYTES_OF(*sender)), DB_B(page_start(after)), DB_I(limit)));
    if (err) {
        return err;
    }
    while (*n < limit && (err = db_next(&rows)) == WW_OK &&
           (err = read_share(op, &rows, &list[*n])) == WW_OK) {
        ++*n;
    }
    store_done(&rows);
    return err == WW_ENOTFOUND ? WW_OK : err;
}

enum ww_err store_share_delete(struct ww_op *op, struct store *s, const struct uuid *id,
                               const struct uuid *sender)
{
    int64_t changed;
    enum ww_err err = store_wrap_delete_all(op, s, id, sender);
    if (err || (err = store_change(op, s, "DELETE FROM shares WHERE id = $1 AND sender = $2",
                                   DB_ARGS(DB_B(BYTES_OF(*id)), DB_B(BYTES_OF(*sender))), &changed))) {
        return err;
    }
    return changed == 1 ? WW_OK : store_tampered(op, "share missing");
}

/* ---- wraps ---- */

enum ww_err store_wrap_put(struct ww_op *op, struct store *s, const struct wrap_row *row)
{
    return store_exec(op, s,
                      "INSERT INTO wraps (share, recipient, sender, sender_epoch, recipient_epoch, tag, blob)"
                      " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (share, recipient) DO UPDATE SET"
                      " sender = excluded.sender, sender_epoch = excluded.sender_epoch,"
                      " recipient_epoch = excluded.recipient_epoch, tag = excluded.tag, blob = excluded.blob",
                      DB_ARGS(DB_B(BYTES_OF(row->share)), DB_B(BYTES_OF(row->recipient)),
                              DB_B(BYTES_OF(row->sender)), DB_I(row->sender_epoch),
                              DB_I(row->recipient_epoch), DB_B(BYTES_OF(row->tag)), DB_B(row->blob)));
}

/* Whom a share is withdrawn from finds no row any more; what was read stays read (vault.md §11). */
enum ww_err store_wrap_delete_all(struct ww_op *op, struct store *s, const struct uuid *share,
                                  const struct uuid *sender)
{
    return store_exec(op, s, "DELETE FROM wraps WHERE share = $1 AND sender = $2",
                      DB_ARGS(DB_B(BYTES_OF(*share)), DB_B(BYTES_OF(*sender))));
}

#define WRAP_COLUMNS "share, recipient, sender, sender_epoch, recipient_epoch, tag, blob"

static enum ww_err read_wrap(struct ww_op *op, struct db_rows *rows, struct wrap_row *out)
{
    struct bytes share = db_blob(rows, 0), recipient = db_blob(rows, 1), sender = db_blob(rows, 2),
                 tag = db_blob(rows, 5);
    *out = (struct wrap_row){.blob = db_blob(rows, 6)};
    if (db_lost(rows)) {
        return op_no_memory(op);
    }
    bool good = copy_exactly(out->share.b, 16, share) && copy_exactly(out->recipient.b, 16, recipient) &&
                copy_exactly(out->sender.b, 16, sender) && copy_exactly(out->tag, 16, tag) &&
                copy_epoch(&out->sender_epoch, db_int(rows, 3)) &&
                copy_epoch(&out->recipient_epoch, db_int(rows, 4)) && out->blob.p;
    return good ? WW_OK : store_tampered(op, "wrap");
}

enum ww_err store_wrap_load(struct ww_op *op, struct store *s, const struct uuid *share,
                            const struct uuid *recipient, struct wrap_row *out)
{
    struct db_rows rows;
    enum ww_err err =
        store_one(op, s, &rows, "SELECT " WRAP_COLUMNS " FROM wraps WHERE share = $1 AND recipient = $2",
                  DB_ARGS(DB_B(BYTES_OF(*share)), DB_B(BYTES_OF(*recipient))));
    *out = (struct wrap_row){0};
    if (err) {
        return err == WW_ENOTFOUND ? op_fail(op, err, "item_not_found", "nobody shares this") : err;
    }
    err = read_wrap(op, &rows, out);
    store_done(&rows);
    return err;
}

/* In order of ids, which tell nothing: neither of time nor of names. */
enum ww_err store_wrap_list(struct ww_op *op, struct store *s, const struct uuid *recipient,
                            const struct uuid *after, size_t limit, struct wrap_row **out, size_t *n)
{
    struct db_rows rows;
    struct wrap_row *list = ARENA_ARRAY(&op->arena, limit, struct wrap_row);
    *out = list;
    *n = 0;
    if (!list) {
        return op_no_memory(op);
    }
    enum ww_err err = store_query(
        op, s, &rows,
        after ? "SELECT " WRAP_COLUMNS " FROM wraps WHERE recipient = $1 AND share > $2" PAGE_BY("share")
              : "SELECT " WRAP_COLUMNS " FROM wraps WHERE recipient = $1 AND share >= $2" PAGE_BY("share"),
        DB_ARGS(DB_B(BYTES_OF(*recipient)), DB_B(page_start(after)), DB_I(limit)));
    if (err) {
        return err;
    }
    while (*n < limit && (err = db_next(&rows)) == WW_OK &&
           (err = read_wrap(op, &rows, &list[*n])) == WW_OK) {
        ++*n;
    }
    store_done(&rows);
    return err == WW_ENOTFOUND ? WW_OK : err;
}

static enum ww_err read_pair(struct ww_op *op, struct db_rows *rows, struct wrap_row *out)
{
    struct bytes sender = db_blob(rows, 0);
    if (db_lost(rows)) {
        return op_no_memory(op);
    }
    bool good = copy_exactly(out->sender.b, 16, sender) && copy_epoch(&out->sender_epoch, db_int(rows, 1)) &&
                copy_epoch(&out->recipient_epoch, db_int(rows, 2));
    return good ? WW_OK : store_tampered(op, "wrap");
}

/* Each sender once, with the epochs that occur: so keys are agreed on once for many shares. */
enum ww_err store_wrap_pairs(struct ww_op *op, struct store *s, const struct uuid *recipient,
                             struct wrap_row **out, size_t *n)
{
    struct db_rows rows;
    struct buf list = BUF(&op->arena);
    *out = NULL;
    *n = 0;
    enum ww_err err = store_query(op, s, &rows,
                                  "SELECT DISTINCT sender, sender_epoch, recipient_epoch FROM wraps"
                                  " WHERE recipient = $1 ORDER BY sender, sender_epoch, recipient_epoch",
                                  DB_ARGS(DB_B(BYTES_OF(*recipient))));
    if (err) {
        return err;
    }
    struct wrap_row row = {.recipient = *recipient};
    while ((err = db_next(&rows)) == WW_OK && (err = read_pair(op, &rows, &row)) == WW_OK) {
        buf_add(&list, &row, sizeof row);
        ++*n;
    }
    store_done(&rows);
    if (err != WW_ENOTFOUND) {
        return err;
    }
    *out = ARENA_ARRAY(&op->arena, *n, struct wrap_row);
    if (!*out || list.failed) {
        return op_no_memory(op);
    }
    if (*n) {
        memcpy(*out, list.p, *n * sizeof row);
    }
    return WW_OK;
}

enum ww_err store_wrap_find(struct ww_op *op, struct store *s, struct wrap_row *row)
{
    struct db_rows rows;
    enum ww_err err =
        store_one(op, s, &rows,
                  "SELECT " WRAP_COLUMNS " FROM wraps WHERE recipient = $1 AND sender = $2"
                  " AND sender_epoch = $3 AND recipient_epoch = $4 AND tag = $5 ORDER BY share LIMIT 1",
                  DB_ARGS(DB_B(BYTES_OF(row->recipient)), DB_B(BYTES_OF(row->sender)),
                          DB_I(row->sender_epoch), DB_I(row->recipient_epoch), DB_B(BYTES_OF(row->tag))));
    if (err) {
        return err;
    }
    err = read_wrap(op, &rows, row);
    store_done(&rows);
    return err;
}
