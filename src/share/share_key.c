/* The keys of a pair, wraps, the sealed and signed share, and fingerprints (vault.md §11). */
#include "share_int.h"

#include <stdio.h>
#include <string.h>

#include "curves.h"

/* UUID, epoch and public key of one end: both ends are in every key that is derived (vault.md §11). */
static void put_end(struct buf *b, const struct share_end *e)
{
    buf_add(b, e->uuid.b, sizeof e->uuid.b);
    buf_u32(b, e->epoch);
    buf_add(b, e->box.b, sizeof e->box.b);
}

enum ww_err share_pair_key(struct ww_op *op, const struct key *secret, const struct share_end *sender,
                           const struct share_end *recipient, bool sending, struct key *out)
{
    KEY32(shared);
    struct buf ends = BUF(&op->arena);
    if (curves_shared(&shared, secret, sending ? &recipient->box : &sender->box)) {
        return op_fail(op, WW_ETAMPERED, "vault_tampered", "a public key is none");
    }
    put_end(&ends, sender);
    put_end(&ends, recipient);
    struct bytes parts[] = {BYTES_OF(shared), buf_done(&ends)};
    if (!parts[1].p) {
        return op_no_memory(op);
    }
    derive_parts(out, NULL, "pair", NULL, parts, 2);
    return WW_OK;
}

/* Keyed by the pair: the same name shared with two people gives two tags. */
void share_tag(const struct key *pair, struct bytes name, uint8_t tag[16])
{
    KEY32(whole);
    derive(&whole, pair, "share-tag", NULL, name);
    memcpy(tag, whole.b, 16);
}

/* id ‖ u64 version: what wrap and share are bound to beside their account. */
static struct bytes version_aad(uint8_t aad[24], const struct uuid *id, uint64_t version)
{
    memcpy(aad, id->b, 16);
    for (int i = 0; i < 8; i++) {
        aad[16 + i] = (uint8_t)(version >> (56 - 8 * i));
    }
    return BYTES(aad, 24);
}

/* The content's key, sealed for one recipient: the value itself is sealed once for all of them. */
enum ww_err share_wrap(struct ww_op *op, const struct key *pair, const struct share_end *recipient,
                       const struct uuid *id, uint64_t version, const struct key *content, struct bytes *blob)
{
    uint8_t aad[24];
    return seal(op, pair,
                (struct place){"wrap", &recipient->uuid, recipient->epoch, version_aad(aad, id, version)},
                BYTES_OF(*content), blob);
}

enum ww_err share_unwrap(struct ww_op *op, const struct key *pair, const struct share_end *recipient,
                         const struct uuid *id, uint64_t version, struct bytes blob, struct key *content)
{
    uint8_t aad[24];
    struct bytes pt;
    enum ww_err err = seal_open(
        op, pair, (struct place){"wrap", &recipient->uuid, recipient->epoch, version_aad(aad, id, version)},
        blob, &pt);
    if (err) {
        return err;
    }
    if (pt.n != sizeof content->b) {
        return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (wrap)");
    }
    memcpy(content->b, pt.p, sizeof content->b);
    return WW_OK;
}

/* Padded, and bound to the share's id and version: an older value does not open in a newer row. */
enum ww_err share_seal(struct ww_op *op, const struct key *content, const struct share_content *in,
                       struct share_row *row)
{
    uint8_t aad[24];
    struct buf b = BUF(&op->arena);
    struct bytes padded;
    buf_u16_bytes(&b, in->name);
    buf_u64(&b, in->time);
    buf_bytes(&b, in->value);
    enum ww_err err = buf_done(&b).p ? pad(&op->arena, buf_done(&b), &padded) : WW_ENOMEM;
    if (err) {
        return op_fail(op, err, "item_too_large", "%s", ww_err_text(err));
    }
    return seal(op, content,
                (struct place){"share", &row->sender, 0, version_aad(aad, &row->id, row->version)}, padded,
                &row->blob);
}

enum ww_err share_open(struct ww_op *op, const struct key *content, const struct share_row *row,
                       struct share_content *out)
{
    uint8_t aad[24];
    struct bytes padded, pt;
    const struct place where = {"share", &row->sender, 0, version_aad(aad, &row->id, row->version)};
    enum ww_err err = seal_open(op, content, where, row->blob, &padded);
    *out = (struct share_content){0};
    if (err || (err = unpad(op, padded, &pt))) {
        return err;
    }
    struct reader in = READER(pt);
    out->name = read_u16_bytes(&in);
    out->time = read_u64(&in);
    out->value = read_rest(&in);
    return in.failed
               ? op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (share)")
               : WW_OK;
}

enum ww_err share_statement(struct ww_op *op, const struct share_stated *x, struct bytes *out)
{
    enum { LABEL = 16 }; /* zero-padded */
    struct buf b = BUF(&op->arena);
    uint8_t label[LABEL] = {0};
    memcpy(label, x->label, strnlen(x->label, LABEL));
    buf_add(&b, label, sizeof label);
    buf_add(&b, x->who->b, sizeof x->who->b);
    buf_u32(&b, x->epoch);
    buf_add(&b, x->id->b, sizeof x->id->b);
    buf_u64(&b, x->version);
    buf_add(&b, x->digest.b, sizeof x->digest.b);
    *out = buf_done(&b);
    return out->p ? WW_OK : op_no_memory(op);
}

static enum ww_err signed_text(struct ww_op *op, const struct share_row *row, struct bytes *out)
{
    struct share_stated x = {"v1.sig-share", &row->sender, row->epoch, &row->id, row->version, {{0}}};
    derive(&x.digest, NULL, "digest", NULL, row->blob);
    return share_statement(op, &x, out);
}

/* Over all that is stored in the row, so that check needs nobody's keys. */
enum ww_err share_sign(struct ww_op *op, const struct key *seed, struct share_row *row)
{
    struct bytes text;
    enum ww_err err = signed_text(op, row, &text);
    if (!err) {
        curves_sign(row->signature, seed, text);
    }
    return err;
}

enum ww_err share_verify(struct ww_op *op, const struct key *sign_key, const struct share_row *row)
{
    struct bytes text;
    enum ww_err err = signed_text(op, row, &text);
    if (err) {
        return err;
    }
    return curves_verify(row->signature, sign_key, text) == WW_OK
               ? WW_OK
               : op_fail(op, WW_ETAMPERED, "vault_tampered",
                         "stored data is not what was written (signature)");
}

/* Digits in groups, to be read aloud: the same on every device of its owner. */
void share_fingerprint(char out[SHARE_FINGERPRINT], const struct uuid *uuid, const struct key *sign_key)
{
    uint8_t d[64];
    derive_wide(d, "fingerprint", uuid, BYTES_OF(*sign_key));
    for (size_t i = 0; i < 12; i++) {
        uint64_t n = 0;
        for (size_t j = 0; j < 5; j++) {
            n = n << 8 | d[5 * i + j];
        }
        snprintf(out + 6 * i, 7, "%05u%s", (unsigned)(n % 100000), i < 11 ? " " : "");
    }
}

static const char *skip_gaps(const char *s)
{
    return s + strspn(s, " -\t\r\n");
}

/* Blanks and dashes as somebody typed them count for nothing; a digit more or less does. */
bool share_fingerprint_is(const char *fingerprint, const char *typed)
{
    for (;;) {
        fingerprint = skip_gaps(fingerprint);
        typed = skip_gaps(typed);
        if (*fingerprint != *typed) {
            return false;
        }
        if (!*typed) {
            return true;
        }
        fingerprint++;
        typed++;
    }
}
