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

static struct js *time_text(struct ww_op *op, int64_t us)
{
    return text(op, timefmt_rfc3339(&op->arena, (uint64_t)us));
}

static struct js *address_json(struct ww_op *op, const struct js *from, bool verifiable)
{
    struct arena *a = &op->arena;
    struct js *to = js_object(a);
    js_put(a, to, "id", js_copy(a, js_get(from, "id")));
    js_put(a, to, "value", js_copy(a, js_get(from, "value")));
    if (verifiable) {
        js_put(a, to, "verified", js_copy(a, js_get(from, "verified")));
    }
    js_put(a, to, "via", js_copy(a, js_get(from, "via")));
    if (verifiable) {
        js_put(a, to, "status", js_copy(a, js_get(from, "status")));
        int64_t at = js_get_int(from, "verified_at", 0);
        if (at) {
            js_put(a, to, "verified_at", time_text(op, at));
        }
    }
    js_put(a, to, "created_at", time_text(op, js_get_int(from, "created", 0)));
    js_put(a, to, "updated_at", time_text(op, js_get_int(from, "updated", 0)));
    return to;
}

/* Empty lists are left out. */
static void put_addresses(struct ww_op *op, struct js *o, const struct record *r, const char *key,
                          const char *use)
{
    struct js *list = js_array(&op->arena);
    const struct js *from = js_get(r->json, "addresses");
    for (const struct js *e = from ? from->first : NULL; e; e = e->next) {
        const char *u = js_get_text(e, "use");
        if (u && strcmp(u, use) == 0) {
            js_push(list, address_json(op, e, strcmp(use, "verify") == 0));
        }
    }
    if (!list || list->count > 0) {
        js_put(&op->arena, o, key, list);
    }
}

static const char *const zero_time = "0001-01-01T00:00:00Z";

static struct js *credential_json(struct ww_op *op, const char *type, struct js *identifiers, int64_t version,
                                  const struct record *r, bool created)
{
    struct arena *a = &op->arena;
    struct js *c = js_object(a);
    int64_t at = js_get_int(r->json, "created", 0), updated = at;
    for (size_t i = 0; i < r->credential_count; i++) {
        if (r->credentials[i].kind == CRED_PASSWORD && strcmp(type, "password") == 0) {
            updated = (int64_t)r->credentials[i].added;
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
    const struct js *traits = js_get(r->json, "traits");
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

static void put_credentials(struct ww_op *op, struct js *o, const struct record *r,
                            const struct identity_schema *schema, bool created)
{
    struct arena *a = &op->arena;
    struct js *all = js_object(a);
    struct js *code = marked_identifiers(op, r, schema, MARK_CODE_EMAIL | MARK_CODE_SMS);
    struct js *password = marked_identifiers(op, r, schema, MARK_PASSWORD_IDENTIFIER);
    if (code && code->count > 0) {
        js_put(a, all, "code", credential_json(op, "code", code, 1, r, created));
    }
    if (password && password->count > 0) {
        js_put(a, all, "password", credential_json(op, "password", password, 0, r, created));
    }
    if (all && all->count > 0) {
        js_put(a, o, "credentials", all);
    }
}

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
    const char *schema_id = js_get_text(r->json, "schema"), *external = js_get_text(r->json, "external_id");
    int64_t state_changed = js_get_int(r->json, "state_changed", 0);

    js_put(a, o, "id", text(op, uuid_text(a, r->uuid)));
    if (external) {
        js_put(a, o, "external_id", text(op, external));
    }
    if (view == IDENTITY_ADMIN_WITH_CREDENTIALS || view == IDENTITY_ADMIN_CREATED) {
        put_credentials(op, o, r, schema_id ? schema_find(schemas, schema_id) : NULL,
                        view == IDENTITY_ADMIN_CREATED);
    }
    js_put(a, o, "schema_id", text(op, schema_id ? schema_id : ""));
    js_put(a, o, "schema_url", text(op, schema_url(op, schema_base, schema_id ? schema_id : "")));
    js_put(a, o, "state", text(op, r->state == STATE_ACTIVE ? "active" : "inactive"));
    if (state_changed) {
        js_put(a, o, "state_changed_at", time_text(op, state_changed));
    }
    js_put(a, o, "traits", or_null(op, js_get(r->json, "traits")));
    put_addresses(op, o, r, "verifiable_addresses", "verify");
    put_addresses(op, o, r, "recovery_addresses", "recover");
    js_put(a, o, "metadata_public", or_null(op, js_get(r->json, "metadata_public")));
    if (view != IDENTITY_PUBLIC) {
        const struct js *admin = js_get(r->json, "metadata_admin");
        if (view != IDENTITY_ADMIN_CREATED || (admin && admin->type != JS_NULL)) {
            js_put(a, o, "metadata_admin", or_null(op, admin));
        }
    }
    js_put(a, o, "created_at", time_text(op, js_get_int(r->json, "created", 0)));
    js_put(a, o, "updated_at", time_text(op, js_get_int(r->json, "updated", 0)));
    js_put(a, o, "organization_id", js_null(a));
    return o;
}
