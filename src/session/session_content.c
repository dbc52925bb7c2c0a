/* The row's bytes. */
#include "session_int.h"

#include <string.h>

enum { CONTENT_FORMAT = 1 };

/* Unkeyed: 122 random bits cannot be searched, and a change of server key leaves the index as it is. */
void session_lookup(struct key *out, const struct uuid *token_id)
{
    derive(out, NULL, "lookup", NULL, BYTES_OF(*token_id));
}

/* The secret has 256 random bits, so that one fast hash is enough. */
void session_check(struct key *out, const struct key *secret, const struct key *lookup)
{
    derive(out, secret, "sess-check", NULL, BYTES_OF(*lookup));
}

enum ww_err session_content_write(struct ww_op *op, const struct session_content *c, struct bytes *out)
{
    static const uint8_t zeros[WRAPPED_LENGTH];
    struct buf b = BUF(&op->arena);
    buf_u8(&b, CONTENT_FORMAT);
    buf_add(&b, c->id.b, sizeof c->id.b);
    buf_u8(&b, c->state);
    buf_u32(&b, c->generation);
    buf_u64(&b, c->issued);
    buf_u64(&b, c->authenticated);
    buf_u64(&b, c->expires);
    buf_u64(&b, c->seen);
    buf_u8(&b, c->level);
    buf_u64(&b, c->record_seq);
    buf_u64(&b, c->vault_seq);
    buf_add(&b, c->check.b, sizeof c->check.b);
    buf_u8(&b, c->unlocked);
    /* Locked and unlocked rows are equally long: the size of a blob tells nobody whose vault stands open. */
    if (c->unlocked && c->wrapped.n == WRAPPED_LENGTH) {
        buf_bytes(&b, c->wrapped);
    } else {
        buf_add(&b, zeros, sizeof zeros);
    }
    js_write_to(&b, c->json);
    *out = buf_done(&b);
    return out->p ? WW_OK : op_no_memory(op);
}

enum ww_err session_row_agrees(struct ww_op *op, struct store *s, const struct session_row *row, bool *agrees)
{
    struct session_content c;
    enum ww_err err = session_content_read(op, row->content, &c);
    *agrees = !err && c.expires == row->expires && store_session_row_is_tagged(s, row, &c.id);
    return err == WW_EDENIED ? WW_OK : err;
}

enum ww_err session_row_retag(struct ww_op *op, struct store *s, const struct session_row *row)
{
    struct session_content c;
    enum ww_err err = row->content.p ? session_content_read(op, row->content, &c) : WW_EDENIED;
    /* One that does not open is no session: nobody finds it. */
    return err == WW_EDENIED ? WW_OK : err ? err : store_session_row_retag(op, s, row, &c.id);
}

enum ww_err session_content_read(struct ww_op *op, struct bytes pt, struct session_content *c)
{
    struct reader in = READER(pt);
    uint8_t format = read_u8(&in);
    read_copy(&in, c->id.b, sizeof c->id.b);
    c->state = read_u8(&in);
    c->generation = read_u32(&in);
    c->issued = read_u64(&in);
    c->authenticated = read_u64(&in);
    c->expires = read_u64(&in);
    c->seen = read_u64(&in);
    c->level = read_u8(&in);
    c->record_seq = read_u64(&in);
    c->vault_seq = read_u64(&in);
    read_copy(&in, c->check.b, sizeof c->check.b);
    c->unlocked = read_u8(&in) == 1;
    c->wrapped = read_bytes(&in, WRAPPED_LENGTH);
    /* The blob opened under the server key, so these are bytes that we wrote; a format of a later version
     * is no session here. */
    if (in.failed || format != CONTENT_FORMAT) {
        return WW_EDENIED;
    }
    enum ww_err err = js_read_own(&op->arena, read_rest(&in), &c->json);
    return err == WW_EINVAL ? WW_EDENIED : err ? op_no_memory(op) : WW_OK;
}
