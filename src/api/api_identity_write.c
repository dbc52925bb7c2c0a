/* The bodies that make and change identities: create, update, JSON Patch, several at once (kratos.md §5.2).
 */
#include "api_int.h"
#include "js_error.h"
#include "js_patch.h"
#include "utf8.h"
#include "watchword/admin.h"

enum { BATCH_MOST = 1000, BATCH_CLEAR_MOST = 200 };

/* ---- members ---- */

enum { OF_CREATE = 1, OF_UPDATE = 2 };

/* JS_NULL stands for any type; null is as good as absent. */
static const struct member {
    const char *name;
    enum js_type type;
    unsigned of;
} members[] = {
    {"schema_id", JS_STRING, OF_CREATE | OF_UPDATE},
    {"traits", JS_NULL, OF_CREATE | OF_UPDATE}, /* the schema says what they are */
    {"state", JS_STRING, OF_CREATE | OF_UPDATE},
    {"external_id", JS_STRING, OF_CREATE | OF_UPDATE},
    {"metadata_public", JS_NULL, OF_CREATE | OF_UPDATE},
    {"metadata_admin", JS_NULL, OF_CREATE | OF_UPDATE},
    {"credentials", JS_OBJECT, OF_CREATE | OF_UPDATE},
    {"verifiable_addresses", JS_ARRAY, OF_CREATE},
    {"recovery_addresses", JS_ARRAY, OF_CREATE},
    {"organization_id", JS_STRING, 0},
    {"region", JS_STRING, 0},
};

static const struct js *present(const struct js *body, const char *name)
{
    const struct js *v = js_get(body, name);
    return v && v->type != JS_NULL ? v : NULL;
}

/* Named, cut and mended: the name is what somebody sent. */
static enum ww_err unknown_field(struct ww_op *op, const char *name)
{
    const char *shown = utf8_clean(&op->arena, name, LIMIT_ECHO);
    return shown ? op_fail_field(op, WW_EINVAL, "field_unknown", shown, "json: unknown field \"%s\"", shown)
                 : op_no_memory(op);
}

static enum ww_err wrong_type(struct ww_op *op, const char *name)
{
    return op_fail_field(op, WW_EINVAL, "field_type", name, "json: the field \"%s\" has the wrong type",
                         name);
}

/* An unknown member is refused, not passed over: it may be a condition or a credential that its sender counts
 * on. */
static enum ww_err check_members(struct ww_op *op, const struct js *body, unsigned of)
{
    for (const struct js *m = body->first; m; m = m->next) {
        const char *name = (const char *)m->key.p;
        size_t i = 0, n = sizeof members / sizeof members[0];
        while (i < n && !bytes_equal(bytes_str(members[i].name), m->key)) {
            i++;
        }
        if (i == n || (members[i].of && !(members[i].of & of))) {
            return unknown_field(op, name);
        }
        if (m->type == JS_NULL) {
            continue;
        }
        if (members[i].type != JS_NULL && m->type != members[i].type) {
            return wrong_type(op, members[i].name);
        }
        if (!members[i].of && m->string.n) {
            return op_fail_field(op, WW_EUNSUPPORTED, "field_unsupported", members[i].name,
                                 "the field \"%s\" is not supported", members[i].name);
        }
    }
    return WW_OK;
}

/* ---- credentials ---- */

static enum ww_err check_credential_type(struct ww_op *op, struct bytes type)
{
    static const char *const known[] = {"oidc", "saml", "totp", "lookup_secret", "webauthn", "passkey"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (bytes_equal(bytes_str(known[i]), type)) {
            return op_fail_field(op, WW_EUNSUPPORTED, "credential_unsupported", "credentials",
                                 "importing credentials of the type \"%s\" is not supported", known[i]);
        }
    }
    return bytes_equal(type, BYTES("password", 8)) ? WW_OK : unknown_field(op, (const char *)type.p);
}

static enum ww_err read_text(struct ww_op *op, const struct js *v, const char *name, struct bytes *out)
{
    *out = BYTES(NULL, 0);
    if (!v || v->type == JS_NULL) {
        return WW_OK;
    }
    if (v->type != JS_STRING) {
        return wrong_type(op, name);
    }
    *out = v->string.n ? v->string : BYTES("", 0);
    return WW_OK;
}

static enum ww_err read_config(struct ww_op *op, const struct js *config, struct account_spec *out)
{
    static const char *const names[] = {"password", "hashed_password", "use_password_migration_hook"};
    for (const struct js *m = config ? config->first : NULL; m; m = m->next) {
        size_t i = 0;
        while (i < 3 && !bytes_equal(bytes_str(names[i]), m->key)) {
            i++;
        }
        if (i == 3) {
            return unknown_field(op, (const char *)m->key.p);
        }
    }
    if (js_get_bool(config, names[2], false)) {
        return op_fail_field(op, WW_EUNSUPPORTED, "migration_hook_unsupported", names[2],
                             "the password migration hook is not supported");
    }
    enum ww_err err = read_text(op, js_get(config, names[1]), names[1], &out->password_hash);
    if (err || out->password_hash.p) {
        return err;
    }
    struct bytes clear;
    if ((err = read_text(op, js_get(config, names[0]), names[0], &clear)) || !clear.p) {
        return err;
    }
    return api_password(op, (const char *)clear.p, clear.n, &out->password);
}

static enum ww_err read_credentials(struct ww_op *op, const struct js *credentials, struct account_spec *out)
{
    for (const struct js *c = credentials ? credentials->first : NULL; c; c = c->next) {
        enum ww_err err = check_credential_type(op, c->key);
        if (err) {
            return err;
        }
        const struct js *config = js_get(c, "config");
        if (c->type != JS_OBJECT || (config && config->type != JS_OBJECT)) {
            return wrong_type(op, "credentials.password");
        }
        if ((err = read_config(op, config, out))) {
            return err;
        }
    }
    return WW_OK;
}

static enum ww_err read_spec(struct ww_op *op, const struct js *body, unsigned of, struct account_spec *out)
{
    enum ww_err err = check_members(op, body, of);
    if (err) {
        return err;
    }
    const char *state = js_get_text(body, "state"), *external = js_get_text(body, "external_id");
    *out = (struct account_spec){
        .schema_id = js_get_text(body, "schema_id"),
        .traits = present(body, "traits"),
        .state = state && *state ? state : NULL,
        .external_id = external && *external ? external : NULL,
        .metadata_public = present(body, "metadata_public"),
        .metadata_admin = present(body, "metadata_admin"),
        .verifiable_addresses = present(body, "verifiable_addresses"),
        .recovery_addresses = present(body, "recovery_addresses"),
    };
    if (!out->traits && !(out->traits = js_object(&op->arena))) {
        return op_no_memory(op);
    }
    return read_credentials(op, present(body, "credentials"), out);
}

/* ---- refusals ---- */

/* Kratos gives its validator's whole text here, and its own words. */
static enum ww_err explain(struct ww_op *op, enum ww_err err, const struct account_refusal *why,
                           const char *schema_id)
{
    if (err == WW_EVALIDATION && why->failures) {
        char *reason = schema_failure_reason(&op->arena, why->failures);
        return reason ? op_fail_field(op, err, "traits_invalid", "traits", "%s", reason) : op_no_memory(op);
    }
    if (err == WW_EINVAL && strcmp(op->problem.id, "schema_unknown") == 0 && schema_id) {
        const char *shown = utf8_clean(&op->arena, schema_id, LIMIT_ECHO);
        return shown ? op_fail_field(op, err, "schema_unknown", "schema_id",
                                     "Unable to find JSON Schema ID: %s", shown)
                     : op_no_memory(op);
    }
    return err;
}

/* ---- create, update ---- */

enum ww_err ww_admin_identity_create(struct ww_op *op, const char *body, size_t length, const char **json,
                                     const char **id)
{
    API_CALL(op);
    struct account_refusal why = {0};
    struct account_spec spec = {0};
    struct record *r;
    struct js *in;
    *json = *id = NULL;
    enum ww_err err = api_read_object(op, BYTES(body, length), "body", &in);
    if (err || (err = read_spec(op, in, OF_CREATE, &spec)) ||
        (err = account_admin_create(op, service_of(op), &spec, &why, &r))) {
        return explain(op, err, &why, spec.schema_id);
    }
    *id = uuid_text(&op->arena, r->uuid);
    return *id ? api_json(op, api_identity_json(op, r, IDENTITY_ADMIN_CREATED), json) : op_no_memory(op);
}

static enum ww_err run_update(struct ww_op *op, const char *id, const struct account_update *update,
                              const char **schema_id, const char **json)
{
    struct account_refusal why = {0};
    struct uuid uuid;
    struct record *r;
    *json = NULL;
    enum ww_err err = api_identity_id(op, id, &uuid);
    if (!err) {
        err = account_admin_update(op, service_of(op), &uuid, update, &why, &r);
    }
    return err ? explain(op, err, &why, *schema_id)
               : api_json(op, api_identity_json(op, r, IDENTITY_ADMIN_WITH_CREDENTIALS), json);
}

/* What a PUT leaves out of these two stays; a missing external id clears it. */
static enum ww_err make_of_body(struct ww_op *op, void *context, const struct record *now,
                                struct account_spec *out)
{
    const struct account_spec *spec = context;
    (void)op;
    *out = *spec;
    out->schema_id = spec->schema_id && *spec->schema_id ? spec->schema_id : now->identity.schema;
    return WW_OK;
}

enum ww_err ww_admin_identity_update(struct ww_op *op, const char *id, const char *body, size_t length,
                                     const char **json)
{
    API_CALL(op);
    struct account_spec spec;
    struct js *in;
    *json = NULL;
    enum ww_err err = api_read_object(op, BYTES(body, length), "body", &in);
    if (err || (err = read_spec(op, in, OF_UPDATE, &spec))) {
        return err;
    }
    return run_update(op, id, &(struct account_update){make_of_body, &spec}, &spec.schema_id, json);
}

/* ---- JSON Patch ---- */

struct patching {
    const struct js *patch;
    const char *schema_id; /* that the patch asked for */
};

static enum ww_err refuse_patch(struct ww_op *op, const char *text)
{
    return op_fail_field(op, WW_EINVAL, "patch_invalid", "body", "%s", text);
}

/* A path that begins with this member, or is it. */
static bool is_under(const char *path, const char *member)
{
    size_t n = strlen(member);
    return strncmp(path, member, n) == 0 && (path[n] == 0 || path[n] == '/');
}

/* What the identity's own answer holds and nobody sets: passed over, a patch would seem to have worked. */
static enum ww_err check_path(struct ww_op *op, const char *path)
{
    static const char *const denied[] = {
        "/id",         "/credentials", "/state_changed_at", "/stateChangedAt",
        "/schema_url", "/created_at",  "/updated_at"};
    for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++) {
        if (is_under(path, denied[i])) {
            const char *text = arena_printf(&op->arena, "patch includes denied path: %s", denied[i]);
            return text ? refuse_patch(op, text) : op_no_memory(op);
        }
    }
    return *path ? WW_OK : refuse_patch(op, "patch includes denied path: the whole identity");
}

/* Kratos takes three of the six operations (kratos.md §5.2). */
static enum ww_err check_patch(struct ww_op *op, const struct js *patch)
{
    static const char *const refused[] = {"test", "copy", "move"};
    if (patch->type != JS_ARRAY) {
        return refuse_patch(op, "a JSON Patch is an array of operations");
    }
    for (const struct js *o = patch->first; o; o = o->next) {
        const char *name = js_get_text(o, "op"), *path = js_get_text(o, "path");
        for (size_t i = 0; name && i < sizeof refused / sizeof refused[0]; i++) {
            if (strcmp(name, refused[i]) == 0) {
                const char *text = arena_printf(&op->arena, "unsupported operation: %s", refused[i]);
                return text ? refuse_patch(op, text) : op_no_memory(op);
            }
        }
        enum ww_err err = path ? check_path(op, path) : WW_OK;
        if (err) {
            return err;
        }
    }
    return WW_OK;
}

/* The patched identity is read as a creation is; what its answer has besides was not patched. */
static enum ww_err make_of_patch(struct ww_op *op, void *context, const struct record *now,
                                 struct account_spec *out)
{
    static const char *const answered[] = {"id",         "credentials", "state_changed_at",
                                           "schema_url", "created_at",  "updated_at"};
    struct patching *in = context;
    struct js *document = api_identity_json(op, now, IDENTITY_ADMIN), *patched;
    const char *why;
    enum ww_err err = document ? js_patch(&op->arena, document, in->patch, true, &patched, &why) : WW_ENOMEM;
    if (err) {
        return err == WW_EINVAL ? refuse_patch(op, why) : op_no_memory(op);
    }
    for (size_t i = 0; i < sizeof answered / sizeof answered[0]; i++) {
        js_remove(patched, answered[i]);
    }
    if (!(err = read_spec(op, patched, OF_CREATE, out))) {
        in->schema_id = out->schema_id;
    }
    return err;
}

enum ww_err ww_admin_identity_patch(struct ww_op *op, const char *id, const char *patch, size_t length,
                                    const char **json)
{
    API_CALL(op);
    struct patching in = {0};
    struct js *read;
    const char *why;
    *json = NULL;
    enum ww_err err = js_read(&op->arena, BYTES(patch, length), &read, &why);
    if (err) {
        return err == WW_EINVAL ? refuse_patch(op, why) : op_no_memory(op);
    }
    in.patch = read;
    if ((err = check_patch(op, read))) {
        return err;
    }
    return run_update(op, id, &(struct account_update){make_of_patch, &in}, &in.schema_id, json);
}

/* ---- several at once ---- */

struct batch {
    struct account_spec *specs;
    struct account_created *results;
    const char **patch_ids;
    size_t n;
};

/* One that is refused here is passed over by who writes. */
static enum ww_err read_entry(struct ww_op *op, const struct js *entry, struct batch *b)
{
    struct account_created *result = &b->results[b->n];
    struct uuid id;
    const struct js *create = js_get(entry, "create"), *patch_id = present(entry, "patch_id");
    b->patch_ids[b->n] = js_get_text(entry, "patch_id");
    if (patch_id && (!b->patch_ids[b->n] || !uuid_parse(&id, b->patch_ids[b->n]))) {
        return op_fail_field(op, WW_EINVAL, "patch_id_invalid", "patch_id", "uuid: the patch_id is no UUID");
    }
    for (const struct js *m = entry->first; entry->type == JS_OBJECT && m; m = m->next) {
        if (!bytes_equal(m->key, BYTES("create", 6)) && !bytes_equal(m->key, BYTES("patch_id", 8))) {
            return unknown_field(op, (const char *)m->key.p);
        }
    }
    if (!create || create->type != JS_OBJECT) {
        return wrong_type(op, "create");
    }
    result->err = read_spec(op, create, OF_CREATE, &b->specs[b->n]);
    result->problem = op->problem;
    if (result->err == WW_ENOMEM) {
        return result->err;
    }
    b->n++;
    return WW_OK;
}

static enum ww_err read_batch(struct ww_op *op, const struct js *list, struct batch *b)
{
    struct arena *a = &op->arena;
    size_t clear = 0;
    enum ww_err err = WW_OK;
    if (list->count > BATCH_MOST) {
        return op_fail_field(
            op, WW_EINVAL, "batch_too_large", "identities",
            "The maximum number of identities per request that can be created at once is %d.", BATCH_MOST);
    }
    b->specs = ARENA_ARRAY(a, list->count, struct account_spec);
    b->results = ARENA_ARRAY(a, list->count, struct account_created);
    b->patch_ids = ARENA_ARRAY(a, list->count, const char *);
    if (!b->specs || !b->results || !b->patch_ids) {
        return op_no_memory(op);
    }
    for (const struct js *e = list->first; !err && e; e = e->next) {
        err = read_entry(op, e, b);
        clear += !err && b->specs[b->n - 1].password.p;
    }
    if (!err && clear > BATCH_CLEAR_MOST) {
        return op_fail_field(op, WW_EINVAL, "batch_too_large", "identities",
                             "The maximum number of identities per request with clear-text passwords is %d.",
                             BATCH_CLEAR_MOST);
    }
    return err;
}

static struct js *error_of(struct ww_op *op, struct batch *b, size_t i)
{
    struct account_created *result = &b->results[i];
    struct js_error e = {.status = 400};
    op->problem = result->problem;
    enum ww_err err = explain(op, result->err, &result->why, b->specs[i].schema_id);
    if (err == WW_ECONFLICT) {
        e.status = 409;
        e.message = "Unable to insert or update resource because a resource with that value exists already";
    } else {
        e.reason = op->problem.text;
    }
    struct js *whole = js_error(&op->arena, &e);
    return js_copy(&op->arena, js_get(whole, "error"));
}

static struct js *answer_of(struct ww_op *op, struct batch *b, size_t i)
{
    struct arena *a = &op->arena;
    struct js *o = js_object(a);
    const struct record *r = b->results[i].record;
    js_put(a, o, "action", js_text(a, r ? "create" : "error"));
    if (r) {
        js_put(a, o, "identity", js_text(a, uuid_text(a, r->uuid)));
    }
    if (b->patch_ids[i]) {
        js_put(a, o, "patch_id", js_text(a, b->patch_ids[i]));
    }
    if (!r) {
        js_put(a, o, "error", error_of(op, b, i));
    }
    return o;
}

/* Before anything is written, and for the whole, as Kratos has it: a hash of an unknown format is a fault of
 * the importer, not of one person. */
static enum ww_err check_hashes(struct ww_op *op, const struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (!b->specs[i].password_hash.p) {
            continue;
        }
        enum ww_err err = account_admin_check_hash(op, service_of(op), b->specs[i].password_hash);
        if (err) {
            return err;
        }
    }
    return WW_OK;
}

enum ww_err ww_admin_identity_batch(struct ww_op *op, const char *body, size_t length, const char **json)
{
    API_CALL(op);
    struct batch b = {0};
    struct js *in, *out = js_object(&op->arena), *list = js_array(&op->arena);
    *json = NULL;
    enum ww_err err = api_read_object(op, BYTES(body, length), "body", &in);
    if (err) {
        return err;
    }
    const struct js *entries = present(in, "identities");
    if (entries && entries->type != JS_ARRAY) {
        return wrong_type(op, "identities");
    }
    if ((err = entries ? read_batch(op, entries, &b) : WW_OK) || (err = check_hashes(op, &b)) ||
        (err = account_admin_create_several(op, service_of(op), b.specs, b.results, b.n))) {
        return err;
    }
    for (size_t i = 0; i < b.n; i++) {
        js_push(list, answer_of(op, &b, i));
    }
    js_put(&op->arena, out, "identities", list);
    return api_json(op, out, json);
}
