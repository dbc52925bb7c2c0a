/* The identity as the wire has it, kratos.md §5.1. */
#include "identity.h"

#include <string.h>

#include "encode.h"
#include "timefmt.h"
#include "utf8.h"

static struct js *text(struct ww_op *op, const char *s)
{
    return js_text(&op->arena, s);
}

static struct js *time_text(struct ww_op *op, uint64_t us)
{
    return text(op, timefmt_rfc3339(&op->arena, us));
}

static struct js *address_json(struct ww_op *op, const struct identity_address *from)
{
    struct arena *a = &op->arena;
    struct js *to = js_object(a);
    bool verifiable = from->use == ADDRESS_VERIFY;
    js_put(a, to, "id", text(op, uuid_text(a, from->id)));
    js_put(a, to, "value", text(op, from->value));
    if (verifiable) {
        js_put(a, to, "verified", js_bool(a, from->verified));
    }
    js_put(a, to, "via", text(op, store_address_via(from->via)));
    if (verifiable) {
        js_put(a, to, "status", text(op, from->status));
        if (from->verified_at) {
            js_put(a, to, "verified_at", time_text(op, from->verified_at));
        }
    }
    js_put(a, to, "created_at", time_text(op, from->created));
    js_put(a, to, "updated_at", time_text(op, from->updated));
    return to;
}

/* Empty lists are left out. */
static void put_addresses(struct ww_op *op, struct js *o, const struct record *r, const char *key,
                          enum address_use use)
{
    struct js *list = js_array(&op->arena);
    for (size_t i = 0; i < r->identity.address_count; i++) {
        if (r->identity.addresses[i].use == use) {
            js_push(list, address_json(op, &r->identity.addresses[i]));
        }
    }
    /* A list that was lost to want of memory is put in all the same: so the whole is found to be not whole.
     */
    if (!list || list->count > 0) {
        js_put(&op->arena, o, key, list);
    }
}

/* Go's zero time, as the recorded answer to a creation has it. */
static const char *const zero_time = "0001-01-01T00:00:00Z";

/* Members in the order of Kratos' type, which recorded exchanges are compared with. */
static struct js *credential_json(struct ww_op *op, const char *type, struct js *identifiers, int64_t version,
                                  const struct record *r, bool created)
{
    struct arena *a = &op->arena;
    struct js *c = js_object(a);
    /* A credential's own times are in the list of the record; Kratos has them of the identity's creation. */
    uint64_t at = r->identity.created, updated = at;
    for (size_t i = 0; i < r->credential_count; i++) {
        if (r->credentials[i].kind == CRED_PASSWORD && strcmp(type, "password") == 0) {
            updated = r->credentials[i].added;
        }
    }
    js_put(a, c, "type", text(op, type));
    js_put(a, c, "identifiers", identifiers);
    js_put(a, c, "version", js_int(a, version));
    js_put(a, c, "created_at", created ? text(op, zero_time) : time_text(op, at));
    js_put(a, c, "updated_at", created ? text(op, zero_time) : time_text(op, updated));
    return c;
}

/* Normalised values of the traits that carry one of these marks, without repetition. */
static struct js *marked_identifiers(struct ww_op *op, const struct record *r,
                                     const struct identity_schema *schema, unsigned marks)
{
    struct schema_value *values = NULL;
    struct js *list = js_array(&op->arena);
    const struct js *traits = r->identity.traits;
    if (!list || !schema || !traits || schema_marked_values(&op->arena, schema, traits, &values)) {
        return list;
    }
    for (const struct schema_value *v = values; v; v = v->next) {
        struct bytes value;
        bool there = false;
        if (!(v->marks & marks) || v->value->type != JS_STRING ||
            utf8_ident(&op->arena, v->value->string, &value)) {
            continue;
        }
        for (const struct js *e = list->first; e; e = e->next) {
            there = there || bytes_equal(e->string, value);
        }
        if (!there) {
            js_push(list, js_string(&op->arena, value));
        }
    }
    return list;
}

/* Types and names only: neither a public part nor a hash ever leaves by this way. */
static void put_credentials(struct ww_op *op, struct js *o, const struct record *r,
                            const struct identity_schema *schema, bool created)
{
    struct arena *a = &op->arena;
    struct js *all = js_object(a);
    struct js *code = marked_identifiers(op, r, schema, MARK_CODE_EMAIL | MARK_CODE_SMS);
    struct js *password = marked_identifiers(op, r, schema, MARK_PASSWORD_IDENTIFIER);
    if (code && code->count > 0) {
        /* Kratos lists "code" for every address that could be sent one, whether or not mail is sent. */
        js_put(a, all, "code", credential_json(op, "code", code, 1, r, created));
    }
    if (password && password->count > 0) {
        js_put(a, all, "password", credential_json(op, "password", password, 0, r, created));
    }
    if (all && all->count > 0) {
        js_put(a, o, "credentials", all);
    }
}

/* In base64url, as Kratos writes it: an id may hold any character. */
static char *schema_url(struct ww_op *op, const char *base, const char *id)
{
    size_t n = strlen(base);
    char *encoded = base64_encode(&op->arena, BASE64_URL, bytes_str(id));
    return encoded
               ? arena_printf(&op->arena, "%s%sschemas/%s", base, n && base[n - 1] == '/' ? "" : "/", encoded)
               : NULL;
}

static struct js *or_null(struct ww_op *op, const struct js *v)
{
    return v ? js_copy(&op->arena, v) : js_null(&op->arena);
}

struct js *identity_json(struct ww_op *op, const struct record *r, const struct schema_set *schemas,
                         const char *schema_base, enum identity_view view)
{
    struct arena *a = &op->arena;
    struct js *o = js_object(a);
    const struct identity *i = &r->identity;

    js_put(a, o, "id", text(op, uuid_text(a, r->uuid)));
    if (i->external_id) {
        js_put(a, o, "external_id", text(op, i->external_id));
    }
    if (view == IDENTITY_ADMIN_WITH_CREDENTIALS || view == IDENTITY_ADMIN_CREATED) {
        put_credentials(op, o, r, schema_find(schemas, i->schema), view == IDENTITY_ADMIN_CREATED);
    }
    js_put(a, o, "schema_id", text(op, i->schema));
    js_put(a, o, "schema_url", text(op, schema_url(op, schema_base, i->schema)));
    js_put(a, o, "state", text(op, r->state == STATE_ACTIVE ? "active" : "inactive"));
    if (i->state_changed) {
        js_put(a, o, "state_changed_at", time_text(op, i->state_changed));
    }
    js_put(a, o, "traits", or_null(op, i->traits));
    put_addresses(op, o, r, "verifiable_addresses", ADDRESS_VERIFY);
    put_addresses(op, o, r, "recovery_addresses", ADDRESS_RECOVER);
    js_put(a, o, "metadata_public", or_null(op, i->metadata_public));
    /* metadata_admin is not for the person's own eyes, nor for applications that only ask who somebody is. */
    if (view != IDENTITY_PUBLIC) {
        bool unset = !i->metadata_admin || i->metadata_admin->type == JS_NULL;
        if (view != IDENTITY_ADMIN_CREATED || !unset) {
            js_put(a, o, "metadata_admin", or_null(op, i->metadata_admin));
        }
    }
    js_put(a, o, "created_at", time_text(op, i->created));
    js_put(a, o, "updated_at", time_text(op, i->updated));
    /* Always null: there are no organizations here, and clients expect the member. */
    js_put(a, o, "organization_id", js_null(a));
    return o;
}

/* ---- what an administrator gives ---- */

static bool is_status(const char *text)
{
    return strcmp(text, "pending") == 0 || strcmp(text, "sent") == 0 || strcmp(text, "completed") == 0;
}

/* An administrator may say that an address is verified, as an import needs it; a form cannot reach this. What
 * the list leaves as it is keeps its times. */
static void override(struct ww_op *op, struct identity_address *address, const struct js *given)
{
    const char *status = js_get_text(given, "status"), *at = js_get_text(given, "verified_at");
    bool verified = js_get_bool(given, "verified", false);
    uint64_t time = 0;
    status = status && is_status(status) ? status : verified ? "completed" : "pending";
    if (verified && !(at && timefmt_parse(at, &time))) {
        time = address->verified_at ? address->verified_at : op_now(op);
    }
    if (verified != address->verified || strcmp(status, address->status) != 0 ||
        time != address->verified_at) {
        address->verified = verified;
        address->verified_at = time;
        address->status = status;
        address->updated = op_now(op);
    }
}

enum ww_err identity_override_addresses(struct ww_op *op, struct record *r, const struct js *given,
                                        enum address_use use)
{
    struct identity *i = &r->identity;
    struct identity_address *list = ARENA_ARRAY(&op->arena, i->address_count, struct identity_address);
    if (!list) {
        return op_no_memory(op);
    }
    if (i->address_count) {
        /* A copy, since the lists of a decoded record are const and shared with the one before the change. */
        memcpy(list, i->addresses, i->address_count * sizeof *list);
    }
    for (const struct js *g = given ? given->first : NULL; g; g = g->next) {
        const char *value = js_get_text(g, "value");
        struct bytes normal;
        /* What the traits do not yield is not made by naming it here: only addresses that are there
         * change. */
        if (!value || utf8_ident(&op->arena, bytes_str(value), &normal)) {
            continue;
        }
        for (size_t k = 0; k < i->address_count; k++) {
            if (list[k].use == use && bytes_equal(bytes_str(list[k].value), normal)) {
                override(op, &list[k], g);
            }
        }
    }
    i->addresses = list;
    return WW_OK;
}
