/* What a vault notes of sharing in its space 1 (docs/formats/share.md): contacts with their pins, the list of
 * recipients of each share, and which shares somebody waits for. */
#include "share.h"

#include <stdio.h>
#include <string.h>

enum { NOTE_FORMAT = 1, START_LENGTH = 4 + 32 + 32, RECIPIENT_LENGTH = 16 + 1 };

/* Notes lie in the vault, authenticated: one of another form was written by another version, or by a fault.
 */
static enum ww_err tampered(struct ww_op *op)
{
    return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (note)");
}

static enum ww_err done(struct ww_op *op, const struct buf *b, struct bytes *out)
{
    *out = buf_done(b);
    return out->p ? WW_OK : op_no_memory(op);
}

/* ---- names ---- */

void share_contact_name(char out[SHARE_NOTE_NAME], const struct uuid *id)
{
    memcpy(out, SHARE_CONTACTS, sizeof SHARE_CONTACTS);
    uuid_format(out + sizeof SHARE_CONTACTS - 1, *id);
}

void share_list_name(char out[SHARE_NOTE_NAME], const struct uuid *share)
{
    memcpy(out, "share/", 7);
    uuid_format(out + 6, *share);
}

/* Names of notes are ours; one that is none is passed over by lists. */
bool share_note_id(struct bytes name, const char *prefix, struct uuid *out)
{
    char text[UUID_TEXT];
    size_t n = strlen(prefix);
    if (name.n != n + UUID_TEXT - 1 || memcmp(name.p, prefix, n) != 0) {
        return false;
    }
    memcpy(text, name.p + n, UUID_TEXT - 1);
    text[UUID_TEXT - 1] = 0;
    return uuid_parse(out, text);
}

/* ---- contacts ---- */

enum ww_err share_contact_write(struct ww_op *op, const struct share_contact *x, struct bytes *out)
{
    struct buf b = BUF(&op->arena);
    buf_u8(&b, NOTE_FORMAT);
    buf_u64(&b, x->pinned);
    buf_u16(&b, (uint16_t)x->start_count);
    for (size_t i = 0; i < x->start_count; i++) {
        buf_u32(&b, x->starts[i].n);
        buf_add(&b, x->starts[i].box.b, sizeof x->starts[i].box.b);
        buf_add(&b, x->starts[i].sign.b, sizeof x->starts[i].sign.b);
    }
    buf_str(&b, x->identifier ? x->identifier : "");
    return done(op, &b, out);
}

/* Exactly the bytes that share_contact_write makes: nothing behind the last start. */
enum ww_err share_contact_read(struct ww_op *op, struct bytes note, struct share_contact *x)
{
    struct reader in = READER(note);
    uint8_t format = read_u8(&in);
    x->pinned = read_u64(&in);
    x->start_count = read_u16(&in);
    if (in.failed || format != NOTE_FORMAT || x->start_count > SHARE_STARTS_MOST ||
        x->start_count * START_LENGTH > in.n) {
        return tampered(op);
    }
    for (size_t i = 0; i < x->start_count; i++) {
        x->starts[i].n = read_u32(&in);
        read_copy(&in, x->starts[i].box.b, sizeof x->starts[i].box.b);
        read_copy(&in, x->starts[i].sign.b, sizeof x->starts[i].sign.b);
    }
    struct bytes identifier = read_rest(&in);
    x->identifier = identifier.n ? arena_strndup(&op->arena, identifier.p, identifier.n) : NULL;
    return identifier.n && !x->identifier ? op_no_memory(op) : WW_OK;
}

/* ---- recipients ---- */

enum ww_err share_list_write(struct ww_op *op, const struct share_list *l, struct bytes *out)
{
    struct buf b = BUF(&op->arena);
    buf_u8(&b, NOTE_FORMAT);
    buf_u64(&b, l->time);
    for (size_t i = 0; i < l->n; i++) {
        buf_add(&b, l->to[i].id.b, sizeof l->to[i].id.b);
        buf_u8(&b, l->to[i].sealed);
    }
    return done(op, &b, out);
}

enum ww_err share_list_read(struct ww_op *op, struct bytes note, struct share_list *l)
{
    struct reader in = READER(note);
    uint8_t format = read_u8(&in);
    l->time = read_u64(&in);
    l->n = in.n / RECIPIENT_LENGTH;
    if (in.failed || format != NOTE_FORMAT || in.n % RECIPIENT_LENGTH) {
        return tampered(op);
    }
    l->to = ARENA_ARRAY(&op->arena, l->n, struct share_recipient);
    if (!l->to) {
        return op_no_memory(op);
    }
    for (size_t i = 0; i < l->n; i++) {
        read_copy(&in, l->to[i].id.b, sizeof l->to[i].id.b);
        l->to[i].sealed = read_u8(&in) != 0;
    }
    return WW_OK;
}

struct share_recipient *share_list_find(const struct share_list *l, const struct uuid *id)
{
    for (size_t i = 0; i < l->n; i++) {
        if (uuid_equal(l->to[i].id, *id)) {
            return &l->to[i];
        }
    }
    return NULL;
}

/* ---- shares that somebody waits for ---- */

enum ww_err share_waiting_write(struct ww_op *op, const struct share_waiting *w, struct bytes *out)
{
    struct buf b = BUF(&op->arena);
    buf_u8(&b, NOTE_FORMAT);
    for (size_t i = 0; i < w->n; i++) {
        buf_add(&b, w->shares[i].b, sizeof w->shares[i].b);
    }
    return done(op, &b, out);
}

enum ww_err share_waiting_read(struct ww_op *op, struct bytes note, struct share_waiting *w)
{
    struct reader in = READER(note);
    uint8_t format = read_u8(&in);
    w->n = in.n / sizeof(struct uuid);
    if (in.failed || format != NOTE_FORMAT || in.n % sizeof(struct uuid)) {
        return tampered(op);
    }
    w->shares = ARENA_ARRAY(&op->arena, w->n, struct uuid);
    if (!w->shares) {
        return op_no_memory(op);
    }
    for (size_t i = 0; i < w->n; i++) {
        read_copy(&in, w->shares[i].b, sizeof w->shares[i].b);
    }
    return WW_OK;
}
