/* The JSON of a record (vault.md §6), to and from struct identity. It was sealed by us, so what does not
 * decode was not written by this version: the record counts as tampered with, nothing in it is guessed. */
#include "store_int.h"

#include <string.h>

static const char *const uses[] = {[ADDRESS_VERIFY] = "verify", [ADDRESS_RECOVER] = "recover"};
static const char *const vias[] = {[ADDRESS_EMAIL] = "email", [ADDRESS_SMS] = "sms"};

const char *store_address_via(enum address_via via)
{
    return vias[via];
}

/* ---- reading; false: it is not as we write it ---- */

/* The index of a text in a table of n, whose holes are NULL; -1 when it is none of them. */
static int word(const struct js *o, const char *key, const char *const *words, int n)
{
    const char *text = js_get_text(o, key);
    for (int i = 0; text && i < n; i++) {
        if (words[i] && strcmp(words[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

/* Microseconds; null where it means "never told". */
static bool read_time(const struct js *o, const char *key, bool optional, uint64_t *out)
{
    const struct js *v = js_get(o, key);
    *out = 0;
    if (!v || v->type == JS_NULL) {
        return optional;
    }
    *out = (uint64_t)v->integer;
    return v->type == JS_INT && v->integer >= 0;
}

/* A text or null. */
static bool read_text(const struct js *o, const char *key, const char **out)
{
    const struct js *v = js_get(o, key);
    *out = js_get_text(o, key);
    return *out || !v || v->type == JS_NULL;
}

/* Present, of whatever type: traits and metadata are anything that their schema allows. */
static bool read_any(const struct js *o, const char *key, const struct js **out)
{
    *out = js_get(o, key);
    return *out != NULL;
}

static bool read_identifier(const struct js *o, struct identity_identifier *out)
{
    /* Compared below before anything relies on the enum. */
    int64_t kind = js_get_int(o, "kind", 0);
    *out = (struct identity_identifier){(enum identifier_kind)kind, js_get_text(o, "value")};
    return kind >= IDENT_LOGIN && kind <= IDENT_PASSKEY && out->value;
}

/* Each member by name and type: a record with one that is missing is not of this version. */
static bool read_address(const struct js *o, struct identity_address *out)
{
    const char *id = js_get_text(o, "id");
    const struct js *verified = js_get(o, "verified");
    int use = word(o, "use", uses, (int)(sizeof uses / sizeof uses[0])),
        via = word(o, "via", vias, (int)(sizeof vias / sizeof vias[0]));
    if (!id || !uuid_parse(&out->id, id) || use < 0 || via < 0 || !verified || verified->type != JS_BOOL) {
        return false;
    }
    out->use = (enum address_use)use;
    out->via = (enum address_via)via;
    out->value = js_get_text(o, "value");
    out->verified = verified->boolean;
    out->status = js_get_text(o, "status");
    return out->value && out->status && read_time(o, "verified_at", true, &out->verified_at) &&
           read_time(o, "created", false, &out->created) && read_time(o, "updated", false, &out->updated);
}

static bool is_list(const struct js *list, size_t most)
{
    /* The record was authenticated; what is refused here was written by a later version, or by a mistake of
     * ours. */
    return list && list->type == JS_ARRAY && list->count <= most;
}

static enum ww_err read_lists(struct ww_op *op, const struct js *o, struct identity *out)
{
    const struct js *identifiers = js_get(o, "identifiers"), *addresses = js_get(o, "addresses");
    /* The limits of writing hold for reading too: what compares these lists is quadratic. */
    if (!is_list(identifiers, IDENTITY_IDENTIFIERS_MAX) || !is_list(addresses, IDENTITY_ADDRESSES_MAX)) {
        return store_tampered(op, "record");
    }
    struct identity_identifier *i = ARENA_ARRAY(&op->arena, identifiers->count, struct identity_identifier);
    struct identity_address *a = ARENA_ARRAY(&op->arena, addresses->count, struct identity_address);
    if (!i || !a) {
        return op_no_memory(op);
    }
    for (const struct js *e = identifiers->first; e; e = e->next) {
        if (!read_identifier(e, &i[out->identifier_count++])) {
            return store_tampered(op, "record");
        }
    }
    for (const struct js *e = addresses->first; e; e = e->next) {
        if (!read_address(e, &a[out->address_count++])) {
            return store_tampered(op, "record");
        }
    }
    out->identifiers = i;
    out->addresses = a;
    return WW_OK;
}

enum ww_err store_identity_read(struct ww_op *op, const struct js *o, struct identity *out)
{
    *out = (struct identity){0};
    if (!o || o->type != JS_OBJECT || !read_text(o, "schema", &out->schema) || !out->schema ||
        !read_text(o, "external_id", &out->external_id) || !read_any(o, "traits", &out->traits) ||
        !read_any(o, "metadata_public", &out->metadata_public) ||
        !read_any(o, "metadata_admin", &out->metadata_admin) ||
        !read_any(o, "credentials", &out->credentials) || out->credentials->type != JS_OBJECT ||
        !read_time(o, "created", false, &out->created) || !read_time(o, "updated", false, &out->updated) ||
        !read_time(o, "state_changed", true, &out->state_changed)) {
        return store_tampered(op, "record");
    }
    return read_lists(op, o, out);
}

/* ---- writing ---- */

static void put_text(struct buf *b, const char *before, const char *text)
{
    buf_str(b, before);
    if (text) {
        js_write_string(b, bytes_str(text));
    } else {
        buf_str(b, "null");
    }
}

static void put_json(struct buf *b, const char *before, const struct js *v)
{
    buf_str(b, before);
    if (v) {
        js_write_to(b, v);
    } else {
        buf_str(b, "null");
    }
}

/* 0 is null where that means "not told". */
static void put_time(struct buf *b, const char *before, uint64_t us, bool optional)
{
    buf_str(b, before);
    if (us || !optional) {
        buf_printf(b, "%llu", (unsigned long long)us);
    } else {
        buf_str(b, "null");
    }
}

/* The kind as a number: it is an enum of our own, and takes part in tags. */
static void put_identifier(struct buf *b, const struct identity_identifier *i)
{
    buf_printf(b, "{\"kind\":%d", (int)i->kind);
    put_text(b, ",\"value\":", i->value);
    buf_char(b, '}');
}

static void put_address(struct buf *b, const struct identity_address *a)
{
    char id[UUID_TEXT];
    uuid_format(id, a->id);
    put_text(b, "{\"id\":", id);
    /* Words, not numbers: the record can be read by people who have its key, and numbers may be given anew.
     */
    put_text(b, ",\"use\":", uses[a->use]);
    put_text(b, ",\"via\":", vias[a->via]);
    put_text(b, ",\"value\":", a->value);
    buf_str(b, a->verified ? ",\"verified\":true" : ",\"verified\":false");
    put_text(b, ",\"status\":", a->status);
    put_time(b, ",\"verified_at\":", a->verified_at, true);
    put_time(b, ",\"created\":", a->created, false);
    put_time(b, ",\"updated\":", a->updated, false);
    buf_char(b, '}');
}

/* Written straight into the buffer: a tree in between would hold every trait a second time. */
void store_identity_write(struct buf *b, const struct identity *i)
{
    put_text(b, "{\"schema\":", i->schema);
    put_json(b, ",\"traits\":", i->traits);
    put_json(b, ",\"metadata_public\":", i->metadata_public);
    put_json(b, ",\"metadata_admin\":", i->metadata_admin);
    put_text(b, ",\"external_id\":", i->external_id);
    put_time(b, ",\"created\":", i->created, false);
    put_time(b, ",\"updated\":", i->updated, false);
    put_time(b, ",\"state_changed\":", i->state_changed, true);
    buf_str(b, ",\"credentials\":");
    if (i->credentials) {
        js_write_to(b, i->credentials);
    } else {
        buf_str(b, "{}");
    }
    buf_str(b, ",\"identifiers\":[");
    for (size_t n = 0; n < i->identifier_count; n++) {
        buf_str(b, n ? "," : "");
        put_identifier(b, &i->identifiers[n]);
    }
    /* Lists stay in their order: ids of addresses are given to clients. */
    buf_str(b, "],\"addresses\":[");
    for (size_t n = 0; n < i->address_count; n++) {
        buf_str(b, n ? "," : "");
        put_address(b, &i->addresses[n]);
    }
    buf_str(b, "]}");
}
