/* named: keys and entries of programs that have no accounts (vault.md §11). What is in a row opens with the
 * server key; key and value in it with a password. */
#include "store_named.h"

#include "store_int.h"

#include <string.h>

enum { STORE_AAD = 16 + 1 };

void store_named_tag(const struct store *s, enum named_store store, struct bytes name, struct key *tag)
{
    uint8_t kind = (uint8_t)store;
    struct bytes parts[] = {BYTES(&kind, 1), name};
    derive_parts(tag, keyring_ik(s->keyring), "named-tag", NULL, parts, 2);
}

/* Bound to the id and to which store it is of: a key cannot be put in an entry's place. */
static struct place place(uint8_t aad[STORE_AAD], const struct uuid *id, enum named_store store)
{
    memcpy(aad, id->b, sizeof id->b);
    aad[16] = (uint8_t)store;
    return (struct place){.label = "named", .aad = BYTES(aad, STORE_AAD)};
}

static enum ww_err seal_row(struct ww_op *op, struct store *s, const struct named_row *n, struct bytes *blob)
{
    uint8_t aad[STORE_AAD];
    struct buf b = BUF(&op->arena);
    buf_u64(&b, n->made);
    buf_u64(&b, n->expires);
    buf_u16_bytes(&b, n->name);
    buf_u16_bytes(&b, n->kdf);
    buf_bytes(&b, n->slot);
    buf_bytes(&b, n->value);
    /* Padded: the length of a name tells something of what it names. */
    return buf_done(&b).p ? store_seal(op, s, place(aad, &n->id, n->store), buf_done(&b), blob)
                          : op_no_memory(op);
}

/* The columns: 0 id, 1 store, 2 tag, 3 blob. */
static enum ww_err open_row(struct ww_op *op, struct store *s, struct db_rows *rows, struct named_row *n)
{
    uint8_t aad[STORE_AAD];
    struct bytes pt, id = db_blob(rows, 0);
    int64_t store = db_int(rows, 1);
    *n = (struct named_row){.store = (enum named_store)store, .tag = db_blob(rows, 2)};
    n->blob = db_blob(rows, 3);
    if (db_lost(rows)) {
        return op_no_memory(op);
    }
    if (id.n != sizeof n->id.b || !n->blob.p || (store != NAMED_KEYS && store != NAMED_ENTRIES)) {
        return store_tampered(op, "named row");
    }
    memcpy(n->id.b, id.p, id.n);
    enum ww_err err = store_unseal(op, s, place(aad, &n->id, n->store), n->blob, &pt);
    if (err) {
        return err;
    }
    struct reader in = READER(pt);
    n->made = read_u64(&in);
    n->expires = read_u64(&in);
    n->name = read_u16_bytes(&in);
    n->kdf = read_u16_bytes(&in);
    n->slot = read_bytes(&in, STORE_NAMED_SLOT);
    n->value = read_rest(&in);
    return in.failed ? store_tampered(op, "named row") : WW_OK;
}

enum ww_err store_named_find(struct ww_op *op, struct store *s, enum named_store store, struct bytes name,
                             bool lock, struct named_row *out)
{
    struct db_rows rows;
    struct key tag;
    store_named_tag(s, store, name, &tag);
    enum ww_err err = store_one(op, s, &rows,
                                lock ? "SELECT id, store, tag, blob FROM named WHERE tag = $1" DB_FOR_UPDATE
                                     : "SELECT id, store, tag, blob FROM named WHERE tag = $1",
                                DB_ARGS(DB_B(BYTES_OF(tag))));
    if (err) {
        return err;
    }
    err = open_row(op, s, &rows, out);
    store_done(&rows);
    /* The tag is an index and never believed: another name's row under it is an altered one. */
    if (!err && (out->store != store || !bytes_equal(out->name, name))) {
        return store_tampered(op, "named.tag");
    }
    return err;
}

enum ww_err store_named_insert(struct ww_op *op, struct store *s, const struct named_row *n)
{
    struct bytes blob;
    struct key tag;
    store_named_tag(s, n->store, n->name, &tag);
    enum ww_err err = seal_row(op, s, n, &blob);
    err = err ? err
              : store_exec(op, s, "INSERT INTO named (id, store, tag, blob) VALUES ($1, $2, $3, $4)",
                           DB_ARGS(DB_B(BYTES_OF(n->id)), DB_I(n->store), DB_B(BYTES_OF(tag)), DB_B(blob)));
    return err == WW_ECONFLICT
               ? op_fail_field(op, err, "named_taken", "name", "there is one of this name already")
               : err;
}

enum ww_err store_named_update(struct ww_op *op, struct store *s, const struct named_row *n)
{
    struct bytes blob;
    enum ww_err err = seal_row(op, s, n, &blob);
    return err ? err
               : store_change_one(op, s, "UPDATE named SET blob = $1 WHERE id = $2 AND blob = $3",
                                  DB_ARGS(DB_B(blob), DB_B(BYTES_OF(n->id)), DB_B(n->blob)));
}

enum ww_err store_named_delete(struct ww_op *op, struct store *s, const struct named_row *n)
{
    return store_change_one(op, s, "DELETE FROM named WHERE id = $1 AND blob = $2",
                            DB_ARGS(DB_B(BYTES_OF(n->id)), DB_B(n->blob)));
}

enum ww_err store_named_page(struct ww_op *op, struct store *s, struct bytes after, size_t limit,
                             struct named_row *out, size_t *n, struct bytes *last, size_t *closed)
{
    struct db_rows rows;
    size_t read = 0;
    *n = *closed = 0;
    enum ww_err err =
        store_query(op, s, &rows,
                    after.n ? "SELECT id, store, tag, blob FROM named WHERE id > $1 ORDER BY id LIMIT $2"
                            : "SELECT id, store, tag, blob FROM named WHERE id >= $1 ORDER BY id LIMIT $2",
                    DB_ARGS(DB_B(after), DB_I(limit)));
    if (err) {
        return err;
    }
    while (read < limit && (err = db_next(&rows)) == WW_OK) {
        read++;
        *last = db_blob(&rows, 0);
        err = open_row(op, s, &rows, &out[*n]);
        if (err && err != WW_ETAMPERED && err != WW_EKEYMISSING) {
            break;
        }
        *n += !err;
        *closed += err != WW_OK;
        err = WW_OK;
    }
    bool lost = db_lost(&rows);
    store_done(&rows);
    return lost ? op_no_memory(op) : err == WW_ENOTFOUND ? WW_OK : err;
}

enum ww_err store_named_count(struct ww_op *op, struct store *s, int64_t *n)
{
    struct db_rows rows;
    enum ww_err err = store_one(op, s, &rows, "SELECT count(*) FROM named", NULL, 0);
    *n = 0;
    if (!err) {
        *n = db_int(&rows, 0);
        store_done(&rows);
    }
    return err;
}

enum ww_err store_named_retag(struct ww_op *op, struct store *s, const struct named_row *n,
                              const struct key *tag)
{
    return store_change_one(op, s, "UPDATE named SET tag = $1 WHERE id = $2 AND tag = $3",
                            DB_ARGS(DB_B(BYTES_OF(*tag)), DB_B(BYTES_OF(n->id)), DB_B(n->tag)));
}
