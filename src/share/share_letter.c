/* Letters (vault.md §11): sealed for oneself or for another account, and kept by the application. There is no
 * server key in them, so they outlive its rotation, and what stands before the seal is all that is needed to
 * find the keys: whose, and of which epochs. */
#include "share.h"

enum { LETTER = 2, OWN = 0, SENT = 1 };

enum ww_err share_letter_refuse(struct ww_op *op)
{
    return op_fail_field(op, WW_EINVAL, "letter_altered", "letter",
                         "this is no letter, or not as it was sealed");
}

static void put_header(struct buf *b, const struct share_letter *l)
{
    buf_u8(b, LETTER);
    buf_u8(b, l->own ? OWN : SENT);
    buf_add(b, l->from.b, sizeof l->from.b);
    buf_u32(b, l->from_epoch);
    if (!l->own) {
        buf_add(b, l->to.b, sizeof l->to.b);
        buf_u32(b, l->to_epoch);
    }
}

/* Of one's own the place says all that the header does; to others the header is bound as a whole, since the
 * place names the recipient only. */
static struct place place_of(const struct share_letter *l, struct bytes header)
{
    return l->own ? (struct place){"self", &l->from, l->from_epoch, BYTES(NULL, 0)}
                  : (struct place){"letter", &l->to, l->to_epoch, header};
}

enum ww_err share_letter_seal(struct ww_op *op, const struct key *key, const struct share_letter *in,
                              struct bytes data, struct bytes *letter)
{
    struct buf header = BUF(&op->arena), b = BUF(&op->arena);
    struct bytes sealed;
    put_header(&header, in);
    if (!buf_done(&header).p) {
        return op_no_memory(op);
    }
    enum ww_err err = seal(op, key, place_of(in, buf_done(&header)), data, &sealed);
    if (err) {
        return err;
    }
    buf_bytes(&b, buf_done(&header));
    buf_bytes(&b, sealed);
    *letter = buf_done(&b);
    return letter->p ? WW_OK : op_no_memory(op);
}

enum ww_err share_letter_read(struct ww_op *op, struct bytes letter, struct share_letter *out)
{
    struct reader in = READER(letter);
    uint8_t format = read_u8(&in), kind = read_u8(&in);
    *out = (struct share_letter){.own = kind == OWN};
    read_copy(&in, out->from.b, sizeof out->from.b);
    out->from_epoch = read_u32(&in);
    if (kind == SENT) {
        read_copy(&in, out->to.b, sizeof out->to.b);
        out->to_epoch = read_u32(&in);
    }
    out->sealed = read_rest(&in);
    bool good = !in.failed && format == LETTER && (kind == OWN || kind == SENT) && out->from_epoch > 0 &&
                (out->own || out->to_epoch > 0) && out->sealed.n >= SEAL_OVERHEAD;
    return good ? WW_OK : share_letter_refuse(op);
}

enum ww_err share_letter_open(struct ww_op *op, const struct key *key, const struct share_letter *in,
                              struct bytes *data)
{
    const struct op_problem before = op->problem;
    struct buf header = BUF(&op->arena);
    put_header(&header, in);
    if (!buf_done(&header).p) {
        return op_no_memory(op);
    }
    enum ww_err err = seal_open(op, key, place_of(in, buf_done(&header)), in->sealed, data);
    if (err == WW_ETAMPERED) { /* not of what is stored: it came from outside */
        op->problem = before;
        err = share_letter_refuse(op);
    }
    return err;
}
