/* What a browser remembers of an account (vault.md §12): sealed under the server key for the account, so that
 * a browser cannot read it, and nobody can make one. */
#include "encode.h"
#include "store_int.h"

enum { DEVICE_LENGTH = 4 + 3 * 8 };

enum ww_err store_device_seal(struct ww_op *op, struct store *s, const struct store_device *d,
                              const char **text)
{
    struct buf b = BUF(&op->arena);
    struct bytes blob;
    buf_u32(&b, d->line);
    buf_u64(&b, d->record_seq);
    buf_u64(&b, d->vault_number);
    buf_u64(&b, d->issued);
    enum ww_err err = buf_done(&b).p ? WW_OK : op_no_memory(op);
    if (err || (err = keyring_seal(op, s->keyring, (struct place){.label = "device", .uuid = &d->account},
                                   buf_done(&b), &blob))) {
        return err;
    }
    *text = base64_encode(&op->arena, BASE64_URL, blob);
    return *text ? WW_OK : op_no_memory(op);
}

/* Of another account, of a server key that is gone, or none of ours: nothing is remembered. */
bool store_device_open(struct ww_op *op, struct store *s, const char *text, struct store_device *out)
{
    const struct op_problem before = op->problem;
    uint8_t raw[STORE_DEVICE_BYTES];
    struct bytes pt;
    _Static_assert(STORE_DEVICE_BYTES == SEAL_OVERHEAD + DEVICE_LENGTH, "the length of the seal");
    bool ours = base64_decode_exactly(BASE64_URL, bytes_str(text), raw, sizeof raw) &&
                keyring_open(op, s->keyring, (struct place){.label = "device", .uuid = &out->account},
                             BYTES_OF(raw), &pt) == WW_OK;
    op->problem = before;
    if (!ours) {
        return false;
    }
    struct reader r = READER(pt);
    out->line = read_u32(&r);
    out->record_seq = read_u64(&r);
    out->vault_number = read_u64(&r);
    out->issued = read_u64(&r);
    return !r.failed && r.n == 0;
}
