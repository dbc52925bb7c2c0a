/* Identities as administrators read them: one, several, and what is stored of their credentials (kratos.md
 * §§1.3, 5.1). */
#include <inttypes.h>
#include <stdio.h>

#include "api_int.h"
#include "utf8.h"
#include "watchword/admin.h"

enum {
    IDS_MOST = 500,
    SKIP_MOST = 1000,
    /* Records that one page with `similar` opens, some 20 µs each. */
    LOOKED_AT_MOST = 10000,
    PIECE = 250, /* records in memory at once */
};

enum ww_err api_identity_id(struct ww_op *op, const char *id, struct uuid *out)
{
    return id && uuid_parse(out, id)
               ? WW_OK
               : op_fail_field(op, WW_ENOTFOUND, "identity_not_found", "id", "there is no such identity");
}

struct js *api_identity_json(struct ww_op *op, const struct record *r, enum identity_view view)
{
    return identity_json(op, r, service_of(op)->schemas, api_public_url(op->ww), view);
}

/* ---- what is stored of credentials ---- */

struct included {
    const char *const *types;
    size_t n;
};

static bool includes(struct included in, const char *type)
{
    for (size_t i = 0; i < in.n; i++) {
        if (strcmp(in.types[i], type) == 0) {
            return true;
        }
    }
    return false;
}

/* Kratos' types, also those of which nothing is ever stored here. */
static enum ww_err check_included(struct ww_op *op, struct included in)
{
    static const char *const known[] = {"password",      "oidc",          "saml",    "totp",
                                        "lookup_secret", "webauthn",      "passkey", "code",
                                        "link_recovery", "code_recovery", "profile"};
    for (size_t i = 0; i < in.n; i++) {
        if (!in.types[i] ||
            !includes((struct included){known, sizeof known / sizeof known[0]}, in.types[i])) {
            /* The brackets are Kratos' own. */
            return op_fail_field(op, WW_EINVAL, "credential_type_unknown", "include_credential",
                                 "Invalid value `[]` for parameter `include_credential`.");
        }
    }
    return WW_OK;
}

/* Whoever may ask for it may also set a password: it is the administrator's port. A slot has no hash: what is
 * told ends with the salt, and no other program takes it for a hash (vault.md §7). */
static enum ww_err put_password(struct ww_op *op, const struct record *r, struct js *identity)
{
    struct js *entry = js_path(identity, "credentials.password"), *config;
    const char *text = NULL;
    enum ww_err err = entry ? account_admin_password_text(op, service_of(op), r, &text) : WW_OK;
    if (err || !text) {
        return err;
    }
    config = js_object(&op->arena);
    js_put(&op->arena, config, "hashed_password", js_text(&op->arena, text));
    return js_put(&op->arena, entry, "config", config) ? WW_OK : op_no_memory(op);
}

static enum ww_err identity_with(struct ww_op *op, const struct record *r, enum identity_view view,
                                 struct included in, struct js **out)
{
    *out = api_identity_json(op, r, view);
    return *out && includes(in, "password") ? put_password(op, r, *out) : *out ? WW_OK : op_no_memory(op);
}

/* ---- one ---- */

static enum ww_err look(struct ww_op *op, const struct ww_identity_lookup *by, struct record **r)
{
    struct service *s = service_of(op);
    struct uuid uuid;
    if (by->identifier) {
        return account_admin_find(op, s, by->identifier, r);
    }
    if (by->external_id) {
        return account_admin_find_external(op, s, by->external_id, r);
    }
    enum ww_err err = api_identity_id(op, by->id, &uuid);
    return err ? err : account_admin_get(op, s, &uuid, r);
}

static enum ww_err look_out(struct ww_op *op, const struct ww_identity_lookup *by, const char **json)
{
    struct included in = {by->include, by->include_count};
    struct record *r;
    struct js *out;
    *json = NULL;
    enum ww_err err = check_included(op, in);
    if (err || (err = look(op, by, &r)) ||
        (err = identity_with(op, r, IDENTITY_ADMIN_WITH_CREDENTIALS, in, &out))) {
        return err;
    }
    return api_json(op, out, json);
}

enum ww_err ww_admin_identity_look(struct ww_op *op, const struct ww_identity_lookup *by, const char **json)
{
    API_CALL(op);
    struct ww_identity_lookup lookup;
    *json = NULL;
    enum ww_err err = API_TAKE(op, ww_identity_lookup, by, &lookup);
    return err ? err : look_out(op, &lookup, json);
}

enum ww_err ww_admin_identity_get(struct ww_op *op, const char *id, const char **json)
{
    API_CALL(op);
    return look_out(op, &(struct ww_identity_lookup){.id = id}, json);
}

enum ww_err ww_admin_identity_find(struct ww_op *op, const char *identifier, const char **json)
{
    API_CALL(op);
    *json = NULL;
    enum ww_err err = api_text(op, identifier, "identifier");
    return err ? err : look_out(op, &(struct ww_identity_lookup){.identifier = identifier}, json);
}

/* ---- several ---- */

struct search {
    const struct ww_identity_filter *by;
    struct included include;
    enum identity_view view;
    struct bytes similar; /* after ident(); p NULL: all */
    struct js *list;
    size_t most;   /* in the list */
    size_t skip;   /* to pass over */
    int64_t after; /* row that was looked at last */
    bool more;     /* rows follow */
};

static enum ww_err add(struct ww_op *op, struct search *x, const struct record *r)
{
    struct js *one;
    enum ww_err err = identity_with(op, r, x->view, x->include, &one);
    return err ? err : js_push(x->list, one) ? WW_OK : op_no_memory(op);
}

static enum ww_err add_found(struct ww_op *op, struct search *x, enum ww_err err, const struct record *r)
{
    return err == WW_ENOTFOUND ? WW_OK : err ? err : add(op, x, r);
}

static enum ww_err add_ids(struct ww_op *op, struct search *x)
{
    enum ww_err err = WW_OK;
    if (x->by->id_count > IDS_MOST) {
        return op_fail_field(op, WW_EINVAL, "ids_too_many", "ids",
                             "The number of ids to filter must not exceed %d", IDS_MOST);
    }
    for (size_t i = 0; !err && i < x->by->id_count; i++) {
        struct uuid id;
        struct record *r = NULL;
        const char *text = x->by->ids[i];
        if (!text || !uuid_parse(&id, text)) {
            text = utf8_clean(&op->arena, text ? text : "", LIMIT_ECHO);
            return text ? op_fail_field(op, WW_EINVAL, "id_invalid", "ids",
                                        "Invalid UUID value `%s` for parameter `ids`.", text)
                        : op_no_memory(op);
        }
        err = account_admin_get(op, service_of(op), &id, &r);
        err = add_found(op, x, err, r);
    }
    return err;
}

/* A page of all of them. */
static enum ww_err add_all(struct ww_op *op, struct search *x)
{
    struct record **rows;
    size_t n;
    enum ww_err err = account_admin_list(op, service_of(op), x->after, x->skip + x->most + 1, &rows, &n);
    for (size_t i = x->skip; !err && i < n && !x->more; i++) {
        x->more = x->list->count == x->most;
        if (!x->more) {
            x->after = rows[i]->id;
            err = add(op, x, rows[i]);
        }
    }
    return err;
}

static bool is_similar(const struct search *x, const struct record *r)
{
    for (size_t i = 0; i < r->identity.identifier_count; i++) {
        const struct identity_identifier *id = &r->identity.identifiers[i];
        if (id->kind == IDENT_LOGIN && strstr(id->value, (const char *)x->similar.p)) {
            return true;
        }
    }
    return false;
}

struct matches {
    int64_t ids[PIECE];
    size_t n;
};

/* Looks at the next records; those that match are few, and what the others cost of memory is given back. */
static enum ww_err match_some(struct ww_op *op, struct search *x, struct matches *found)
{
    struct record **rows;
    size_t n;
    enum ww_err err = account_admin_list(op, service_of(op), x->after, PIECE + 1, &rows, &n);
    found->n = 0;
    x->more = false;
    for (size_t i = 0; !err && i < n && !x->more; i++) {
        x->more = i == PIECE || x->list->count + found->n == x->most;
        if (!x->more) {
            x->after = rows[i]->id;
            if (is_similar(x, rows[i])) {
                found->ids[found->n++] = rows[i]->id;
            }
        }
    }
    return err;
}

static enum ww_err add_similar(struct ww_op *op, struct search *x)
{
    struct matches found;
    enum ww_err err = WW_OK;
    x->more = true;
    for (size_t looked = 0; !err && x->more && looked < LOOKED_AT_MOST && x->list->count < x->most;
         looked += PIECE) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, match_some(op, x, &found));
        for (size_t i = 0; !err && i < found.n; i++) {
            struct record *r = NULL;
            err = store_record_load(op, service_of(op)->store, found.ids[i], false, &r);
            err = add_found(op, x, err, r);
        }
    }
    return err;
}

/* The token is the row of the last one shown. Row numbers count up and say how many accounts there were: for
 * administrators only. */
static enum ww_err read_token(struct ww_op *op, const char *token, int64_t *after)
{
    char end;
    *after = 0;
    return !token || !*token ||
                   (strlen(token) <= 19 && strspn(token, "0123456789") == strlen(token) &&
                    sscanf(token, "%" SCNd64 "%c", after, &end) == 1 && *after >= 0)
               ? WW_OK
               : op_fail_field(op, WW_EINVAL, "page_token_invalid", "page_token",
                               "The page token is invalid, do not craft your own page tokens");
}

static enum ww_err check_filter(struct ww_op *op, struct search *x)
{
    const struct ww_identity_filter *by = x->by;
    struct uuid id;
    if ((by->ids != NULL) + (by->identifier != NULL) + (by->similar != NULL) + (by->organization_id != NULL) >
        1) {
        return op_fail(op, WW_EINVAL, "filter_several", "You cannot combine multiple filters in this API");
    }
    if (by->organization_id && !uuid_parse(&id, by->organization_id)) {
        const char *text = utf8_clean(&op->arena, by->organization_id, LIMIT_ECHO);
        return text ? op_fail_field(op, WW_EINVAL, "id_invalid", "organization_id",
                                    "Invalid UUID value `%s` for parameter `organization_id`.", text)
                    : op_no_memory(op);
    }
    x->view =
        by->identifier || by->similar || by->include_count ? IDENTITY_ADMIN_WITH_CREDENTIALS : IDENTITY_ADMIN;
    return check_included(op, x->include);
}

static enum ww_err run(struct ww_op *op, struct search *x)
{
    struct record *r = NULL;
    if (x->by->ids) {
        return add_ids(op, x);
    }
    if (x->by->identifier) {
        enum ww_err err = account_admin_find(op, service_of(op), x->by->identifier, &r);
        return add_found(op, x, err, r);
    }
    if (x->by->organization_id) {
        return WW_OK;
    }
    if (!x->by->similar) {
        return add_all(op, x);
    }
    enum ww_err err =
        identity_ident(op, bytes_str(x->by->similar), "preview_credentials_identifier_similar", &x->similar);
    return err ? err : add_similar(op, x);
}

static enum ww_err list(struct ww_op *op, struct ww_identity_filter *filter, struct ww_page *page,
                        const char **json)
{
    struct ww_identity_filter by;
    struct ww_page p;
    *json = NULL;
    enum ww_err err = API_TAKE(op, ww_identity_filter, filter, &by);
    struct search x = {.by = &by, .list = js_array(&op->arena)};
    if (err || (err = api_page_read(op, page, &p))) {
        return err;
    }
    x.include = (struct included){by.include, by.include_count};
    x.most = p.limit;
    x.skip = by.skip < SKIP_MOST ? by.skip : SKIP_MOST;
    if ((err = check_filter(op, &x)) || (err = read_token(op, p.token, &x.after)) ||
        (by.count && (err = store_record_count(op, service_of(op)->store, &by.total))) ||
        (err = x.list ? run(op, &x) : op_no_memory(op))) {
        return err;
    }
    p.count = x.list->count;
    if (x.more && !(p.next = arena_printf(&op->arena, "%" PRId64, x.after))) {
        return op_no_memory(op);
    }
    api_give(page, &p);
    filter->total = by.total;
    return api_json(op, x.list, json);
}

enum ww_err ww_admin_identity_search(struct ww_op *op, struct ww_identity_filter *filter,
                                     struct ww_page *page, const char **json)
{
    API_CALL(op);
    return list(op, filter, page, json);
}

enum ww_err ww_admin_identity_list(struct ww_op *op, struct ww_page *page, const char **json)
{
    API_CALL(op);
    return list(op, &(struct ww_identity_filter){.size = sizeof(struct ww_identity_filter)}, page, json);
}
