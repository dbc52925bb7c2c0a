/* Administration and operation (include/watchword/admin.h). */
#include <inttypes.h>
#include <stdio.h>

#include "api_int.h"
#include "limit.h"
#include "utf8.h"
#include "watchword/admin.h"

/* ---- create ---- */

/* The members of Kratos' create-identity body. */
static const struct {
    const char *name;
    enum js_type type;
    bool supported;
} members[] = {
    {"schema_id", JS_STRING, true},
    {"traits", JS_OBJECT, true},
    {"state", JS_STRING, true},
    {"external_id", JS_STRING, true},
    {"metadata_public", JS_NULL, true},
    {"metadata_admin", JS_NULL, true},
    {"credentials", JS_OBJECT, true},
    {"verifiable_addresses", JS_ARRAY, true},
    {"recovery_addresses", JS_ARRAY, true},
    /* Kratos' commercial parts: null is fine, a value is refused, since it would mean nothing here. */
    {"organization_id", JS_NULL, false},
    {"region", JS_NULL, false},
};

/* JS_NULL above stands for any type; null is as good as absent. An unknown member is refused, not passed
 * over: it may be a condition or a credential that its sender counts on. */
static enum ww_err check_members(struct ww_op *op, const struct js *body)
{
    for (const struct js *m = body->first; m; m = m->next) {
        /* With a NUL behind it, as every text of a tree. */
        const char *name = (const char *)m->key.p;
        size_t i = 0, n = sizeof members / sizeof members[0];
        while (i < n && strcmp(members[i].name, name) != 0) {
            i++;
        }
        if (i == n && !(name = utf8_clean(&op->arena, name, LIMIT_ECHO))) {
            return op_no_memory(op);
        }
        if (i == n) {
            return op_fail_field(op, WW_EINVAL, "field_unknown", name, "json: unknown field \"%s\"", name);
        }
        bool absent = m->type == JS_NULL;
        if (!absent && members[i].type != JS_NULL && m->type != members[i].type) {
            return op_fail_field(op, WW_EINVAL, "field_type", name,
                                 "json: the field \"%s\" has the wrong type", name);
        }
        if (!absent && !members[i].supported) {
            return op_fail_field(op, WW_EUNSUPPORTED, "field_unsupported", name,
                                 "the field \"%s\" is not supported yet", name);
        }
    }
    return WW_OK;
}

static enum ww_err read_password(struct ww_op *op, const struct js *credentials, struct bytes *password)
{
    *password = BYTES(NULL, 0);
    /* What cannot be imported is refused by name: an account that lacks a factor its administrator sent would
     * be a trap. */
    for (const struct js *c = credentials ? credentials->first : NULL; c; c = c->next) {
        if (!bytes_equal(c->key, BYTES("password", 8))) {
            return op_fail_field(op, WW_EUNSUPPORTED, "credential_unsupported", "credentials",
                                 "importing credentials of this type is not supported yet");
        }
    }
    const struct js *config = js_path(credentials, "password.config"), *clear = js_get(config, "password");
    if (js_get(config, "hashed_password") || js_get(config, "use_password_migration_hook")) {
        return op_fail_field(op, WW_EUNSUPPORTED, "hash_unsupported", "credentials.password.config",
                             "importing hashed passwords is not supported yet");
    }
    if (clear && clear->type != JS_STRING) {
        return op_fail_field(op, WW_EINVAL, "field_type", "credentials.password.config.password",
                             "json: the field \"credentials.password.config.password\" has the wrong type");
    }
    /* An empty one is none, as Kratos has it: the account then has no password. */
    if (clear && clear->string.n > 0) {
        *password = clear->string;
    }
    return WW_OK;
}

/* null is as good as absent, as in the table above. */
static const struct js *present(const struct js *body, const char *name)
{
    const struct js *v = js_get(body, name);
    return v && v->type != JS_NULL ? v : NULL;
}

enum ww_err ww_admin_identity_create(struct ww_op *op, const char *body, size_t length, const char **json,
                                     const char **id)
{
    API_CALL(op);
    struct service *s = service_of(op);
    struct account_refusal why = {0};
    struct record *r;
    struct js *in;
    /* Set on each way out, as everywhere on the public line: no caller reads what was there before. */
    *json = *id = NULL;
    enum ww_err err = api_read_object(op, BYTES(body, length), "body", &in);
    if (err || (err = check_members(op, in))) {
        return err;
    }
    struct account_spec spec = {
        .schema_id = js_get_text(in, "schema_id"),
        .traits = present(in, "traits"),
        .state = js_get_text(in, "state"),
        .external_id = js_get_text(in, "external_id"),
        .metadata_public = present(in, "metadata_public"),
        .metadata_admin = present(in, "metadata_admin"),
        .verifiable_addresses = present(in, "verifiable_addresses"),
        .recovery_addresses = present(in, "recovery_addresses"),
    };
    /* As absent, which means "active". */
    if (spec.state && !*spec.state) {
        spec.state = NULL;
    }
    if ((err = read_password(op, present(in, "credentials"), &spec.password)) ||
        (err = account_admin_create(op, s, &spec, &why, &r))) {
        if (err == WW_EVALIDATION && why.failures) { /* Kratos gives its validator's text here */
            const struct schema_failure *f = why.failures;
            return op_fail_field(op, err, "traits_invalid", "traits", "I[#%s] S[%s] %s", f->instance,
                                 f->schema, f->text);
        }
        return err;
    }
    /* The account is made by now; for want of memory its caller hears an error and finds it by its name. */
    *id = uuid_text(&op->arena, r->uuid);
    return *id ? api_json(op,
                          identity_json(op, r, s->schemas, api_public_url(op->ww), IDENTITY_ADMIN_CREATED),
                          json)
               : op_no_memory(op);
}

/* ---- look up, list, delete ---- */

/* One view each for whoever asks: what an administrator may see is decided in identity_json, by the view
 * alone. */
static enum ww_err identity_out(struct ww_op *op, const struct record *r, enum identity_view view,
                                const char **json)
{
    return api_json(op, identity_json(op, r, service_of(op)->schemas, api_public_url(op->ww), view), json);
}

/* What is no UUID is nobody's: 404, as for one that nobody has (kratos.md §1.2). */
static enum ww_err parse_id(struct ww_op *op, const char *id, struct uuid *out)
{
    return id && uuid_parse(out, id)
               ? WW_OK
               : op_fail_field(op, WW_ENOTFOUND, "identity_not_found", "id", "there is no such identity");
}

enum ww_err ww_admin_identity_get(struct ww_op *op, const char *id, const char **json)
{
    API_CALL(op);
    struct uuid uuid;
    struct record *r;
    *json = NULL;
    enum ww_err err = parse_id(op, id, &uuid);
    if (err || (err = account_admin_get(op, service_of(op), &uuid, &r))) {
        return err;
    }
    return identity_out(op, r, IDENTITY_ADMIN_WITH_CREDENTIALS, json);
}

enum ww_err ww_admin_identity_find(struct ww_op *op, const char *identifier, const char **json)
{
    API_CALL(op);
    struct record *r;
    *json = NULL;
    enum ww_err err = api_text(op, identifier, "identifier");
    if (!err) {
        err = account_admin_find(op, service_of(op), identifier, &r);
    }
    return err ? err : identity_out(op, r, IDENTITY_ADMIN_WITH_CREDENTIALS, json);
}

/* The token is the row of the last one shown. Row numbers count up and say how many accounts there were:
 * for administrators only. */
static enum ww_err read_token(struct ww_op *op, const char *token, int64_t *after)
{
    char end;
    *after = 0;
    return !token || !*token ||
                   (strlen(token) <= 20 && sscanf(token, "%" SCNd64 "%c", after, &end) == 1 && *after >= 0)
               ? WW_OK
               : op_fail_field(op, WW_EINVAL, "page_token_invalid", "page_token",
                               "The page token is invalid, do not craft your own page tokens");
}

enum ww_err ww_admin_identity_list(struct ww_op *op, struct ww_page *page, const char **json)
{
    API_CALL(op);
    struct service *s = service_of(op);
    struct js *list = js_array(&op->arena);
    struct record **rows;
    struct ww_page p;
    int64_t after;
    size_t n;
    *json = NULL;
    enum ww_err err = api_page_read(op, page, &p);
    if (err || (err = read_token(op, p.token, &after)) ||
        (err = account_admin_list(op, s, after, p.limit + 1, &rows, &n))) {
        return err;
    }
    /* One more than the limit was asked for, to know whether a page follows. */
    p.count = n < p.limit ? n : p.limit;
    for (size_t i = 0; i < p.count; i++) {
        js_push(list, identity_json(op, rows[i], s->schemas, api_public_url(op->ww), IDENTITY_ADMIN));
    }
    if (n > p.count && !(p.next = arena_printf(&op->arena, "%" PRId64, rows[p.count - 1]->id))) {
        return op_no_memory(op);
    }
    api_give(page, &p);
    return api_json(op, list, json);
}

enum ww_err ww_admin_identity_delete(struct ww_op *op, const char *id)
{
    API_CALL(op);
    struct uuid uuid;
    enum ww_err err = parse_id(op, id, &uuid);
    return err ? err : account_admin_delete(op, service_of(op), &uuid);
}

/* Any password that this opens for an administrator would open the vault for them: so it opens none (vault.md
 * §10). */
enum ww_err ww_admin_password_set(struct ww_op *op, const char *id, const char *password,
                                  size_t password_length)
{
    API_CALL(op);
    struct account_refusal why;
    struct uuid uuid;
    struct bytes typed;
    enum ww_err err = parse_id(op, id, &uuid);
    if (err || (err = api_password(op, password, password_length, &typed))) {
        return err;
    }
    return api_refused(op, account_admin_set_password(op, service_of(op), &uuid, typed, &why), &why);
}

/* ---- operation ---- */

enum ww_err ww_ping(struct ww_op *op)
{
    API_CALL(op);
    return store_ping(op, service_of(op)->store);
}

enum ww_err ww_maintain(struct ww_op *op)
{
    API_CALL(op);
    return account_maintain(op, service_of(op));
}

enum ww_err ww_check(struct ww_op *op, void (*tell)(void *context, const char *line),
                     void (*step)(void *context, size_t done, size_t total), void *context,
                     struct ww_check_report *out)
{
    API_CALL(op);
    struct account_check_report r;
    enum ww_err err = api_check_size(op, "ww_check_report", out);
    if (err) {
        return err;
    }
    err = account_check(op, service_of(op), &(struct account_checker){tell, step, context}, &r);
    /* Also where the walk broke off: how far it came is worth knowing. */
    api_give(out, &(struct ww_check_report){sizeof *out, r.accounts, r.credentials, r.sessions, r.flows,
                                            r.epochs, r.events, r.problems});
    return err;
}

/* The caller's step, behind one of ours that makes public structs of the hash's own. */
struct calibration {
    void (*step)(void *context, const struct ww_hash_cost *tried);
    void *context;
};

static struct ww_hash_cost cost_of(const struct pwhash_params *p, uint64_t took_us)
{
    return (struct ww_hash_cost){sizeof(struct ww_hash_cost), p->memory_kib, p->iterations, took_us};
}

static void calibration_step(void *context, const struct pwhash_params *tried, uint64_t took_us)
{
    const struct calibration *c = context;
    if (c->step) {
        struct ww_hash_cost cost = cost_of(tried, took_us);
        c->step(c->context, &cost);
    }
}

/* Without a site: an operation of its own, so that the memory it measured with is freed. */
enum ww_err ww_hash_calibrate(uint64_t target_us, uint32_t most_kib,
                              void (*step)(void *context, const struct ww_hash_cost *tried), void *context,
                              struct ww_hash_cost *out)
{
    struct calibration c = {step, context};
    struct pwhash_params best = {0};
    struct ww_op op;
    uint64_t took_us = 0;
    crypto_init();
    op_init(&op, NULL, NULL);
    enum ww_err err = api_check_size(&op, "ww_hash_cost", out);
    if (!err) {
        err = pwhash_calibrate(&op, target_us, most_kib, calibration_step, &c, &best, &took_us);
        struct ww_hash_cost cost = cost_of(&best, took_us);
        api_give(out, &cost);
    }
    op_free(&op);
    return err;
}
