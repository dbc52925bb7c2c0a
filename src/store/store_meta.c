/* The one row of meta (vault.md §5): the keys of the indexes and of the audit chains, which deployment this
 * is, the line of §12; after a reindex the audit keys of before, and while one is under way where it stands.
 */
#include "store_int.h"

#include <string.h>

enum { LENGTH = 32 + 32 + 16 + 4 }; /* IK, AK, deployment id, u32 line: what all of them have */

static const struct place meta_place = {.label = "meta"};

/* ---- the bytes ---- */

static void encode(struct buf *b, const struct store_meta *m)
{
    buf_add(b, m->ik.b, sizeof m->ik.b);
    buf_add(b, m->ak.b, sizeof m->ak.b);
    buf_add(b, m->deployment.b, sizeof m->deployment.b);
    buf_u32(b, m->line);
    if (!m->former_count && !m->moving) {
        return;
    }
    buf_u8(b, (uint8_t)m->former_count);
    for (size_t i = 0; i < m->former_count; i++) {
        buf_add(b, m->former[i].b, sizeof m->former[i].b);
    }
    buf_u8(b, m->moving);
    if (m->moving) {
        buf_add(b, m->next_ik.b, sizeof m->next_ik.b);
        buf_add(b, m->next_ak.b, sizeof m->next_ak.b);
        buf_u64(b, (uint64_t)m->moved);
    }
}

static enum ww_err decode(struct ww_op *op, struct bytes pt, struct store_meta *m)
{
    struct reader r = READER(pt);
    read_copy(&r, m->ik.b, sizeof m->ik.b);
    read_copy(&r, m->ak.b, sizeof m->ak.b);
    read_copy(&r, m->deployment.b, sizeof m->deployment.b);
    m->line = read_u32(&r);
    if (pt.n > LENGTH) {
        m->former_count = read_u8(&r);
        for (size_t i = 0; i < m->former_count && i < STORE_FORMER_MOST; i++) {
            read_copy(&r, m->former[i].b, sizeof m->former[i].b);
        }
        uint8_t moving = read_u8(&r);
        m->moving = moving != 0;
        if (m->moving) {
            read_copy(&r, m->next_ik.b, sizeof m->next_ik.b);
            read_copy(&r, m->next_ak.b, sizeof m->next_ak.b);
            m->moved = (int64_t)read_u64(&r);
        }
        r.failed = r.failed || m->former_count > STORE_FORMER_MOST || moving > 1;
    }
    return r.failed || r.n ? store_tampered(op, "meta") : WW_OK;
}

/* ---- the row ---- */

static enum ww_err read_blob(struct ww_op *op, struct store *s, struct bytes *blob)
{
    struct db_rows rows;
    enum ww_err err = store_one(op, s, &rows, "SELECT blob FROM meta WHERE one = 1", NULL, 0);
    if (err == WW_OK) {
        *blob = db_blob(&rows, 0);
        store_done(&rows);
        err = blob->p ? WW_OK : store_tampered(op, "meta");
    }
    return err;
}

/* In the operation's memory, which is wiped. */
static enum ww_err open_blob(struct ww_op *op, struct store *s, struct bytes blob, struct store_meta **out)
{
    struct bytes pt;
    struct store_meta *m = ARENA_NEW(&op->arena, struct store_meta);
    *out = m;
    if (!m) {
        return op_no_memory(op);
    }
    m->blob = blob;
    enum ww_err err = keyring_open(op, s->keyring, meta_place, blob, &pt);
    return err ? err : decode(op, pt, m);
}

enum ww_err store_meta_read(struct ww_op *op, struct store *s, struct store_meta **out)
{
    struct bytes blob;
    *out = NULL;
    enum ww_err err = read_blob(op, s, &blob);
    return err == WW_ENOTFOUND ? store_tampered(op, "meta") : err ? err : open_blob(op, s, blob, out);
}

static enum ww_err seal_meta(struct ww_op *op, struct store *s, const struct store_meta *m,
                             struct bytes *blob)
{
    struct buf b = BUF(&op->arena);
    encode(&b, m);
    struct bytes pt = buf_done(&b);
    return pt.p ? keyring_seal(op, s->keyring, meta_place, pt, blob) : op_no_memory(op);
}

enum ww_err store_meta_write(struct ww_op *op, struct store *s, struct store_meta *m)
{
    struct bytes blob;
    enum ww_err err = seal_meta(op, s, m, &blob);
    err = err ? err
              : store_change_one(op, s, "UPDATE meta SET blob = $1 WHERE one = 1 AND blob = $2",
                                 DB_ARGS(DB_B(blob), DB_B(m->blob)));
    if (!err) {
        m->blob = blob;
    }
    return err;
}

enum ww_err store_line_write(struct ww_op *op, struct store *s, uint32_t line)
{
    struct store_meta *m;
    enum ww_err err = store_meta_read(op, s, &m);
    if (err) {
        return err;
    }
    m->line = line; /* the keys and the deployment stay */
    return store_meta_write(op, s, m);
}

/* ---- at the start ---- */

void store_meta_use(struct store *s, const struct store_meta *m)
{
    /* From memory that is wiped into the ring's guarded memory. */
    keyring_set_store_keys(s->keyring, &m->ik, &m->ak);
    keyring_set_former(s->keyring, m->former, m->former_count);
    s->deployment = m->deployment;
    s->line = m->line;
    s->moving = m->moving;
}

/* An empty store: makes IK, AK and the deployment id, unless another process does so at the same time. Drawn,
 * not derived from the server key: a change of server key leaves tags and chains as they are. */
static enum ww_err make(struct ww_op *op, struct store *s)
{
    struct bytes blob;
    struct store_meta *m = ARENA_NEW(&op->arena, struct store_meta);
    if (!m) {
        return op_no_memory(op);
    }
    op_random(op, m->ik.b, sizeof m->ik.b);
    op_random(op, m->ak.b, sizeof m->ak.b);
    m->deployment = uuid_new(op);
    m->line = 1; /* which a restore raises (vault.md §12) */
    enum ww_err err = seal_meta(op, s, m, &blob);
    /* Of two processes that start on an empty store one loses; both read what stands there afterwards. */
    return err ? err
               : store_exec(op, s, "INSERT INTO meta (one, blob) VALUES (1, $1) ON CONFLICT (one) DO NOTHING",
                            DB_ARGS(DB_B(blob)));
}

/* Meta may be made only where there is no account yet: a store that lost it must not get new index keys. */
static enum ww_err make_in_empty(struct ww_op *op, struct store *s)
{
    struct db_rows rows;
    enum ww_err err = store_one(op, s, &rows, "SELECT id FROM accounts LIMIT 1", NULL, 0);
    if (!err) {
        store_done(&rows);
        return store_tampered(op, "meta");
    }
    return err == WW_ENOTFOUND ? make(op, s) : err;
}

enum ww_err store_meta_open(struct ww_op *op, struct store *s)
{
    struct bytes blob = {NULL, 0};
    struct store_meta *m;
    enum ww_err err = read_blob(op, s, &blob);
    if (err == WW_ENOTFOUND && (err = make_in_empty(op, s)) == WW_OK) {
        err = read_blob(op, s, &blob);
    }
    if (err || (err = open_blob(op, s, blob, &m))) {
        /* The first row that is opened with the key: a wrong key stops the start here, before it has written
         * anything. */
        return err == WW_EKEYMISSING
                   ? op_fail(op, err, "server_key_wrong",
                             "the server key is not the one that this database was made with")
                   : err;
    }
    store_meta_use(s, m);
    return WW_OK;
}

bool store_is_moving(const struct store *s)
{
    return s->moving;
}

void store_use_index_key(struct store *s, const struct key *ik)
{
    KEY32(ak);
    ak = *keyring_ak(s->keyring);
    keyring_set_store_keys(s->keyring, ik, &ak);
}
