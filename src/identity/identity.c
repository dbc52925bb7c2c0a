/* From traits to identifiers and addresses, and their rows. */
#include "identity.h"

#include <string.h>

#include "limit.h"
#include "utf8.h"

/* ---- traits to identifiers and addresses ---- */

enum ww_err identity_ident(struct ww_op *op, struct bytes value, const char *field, struct bytes *out)
{
    enum ww_err err = utf8_ident(&op->arena, value, out);
    if (err == WW_ETOOLARGE) {
        return op_fail_field(op, WW_EINVAL, "identifier_too_long", field,
                             "a name or address has at most %d bytes", LIMIT_IDENTIFIER);
    }
    if (err == WW_EINVAL) {
        return op_fail_field(op, WW_EINVAL, "identifier_invalid", field,
                             "a name or address holds no control characters");
    }
    return err ? op_no_memory(op) : WW_OK;
}

static struct js *find_where(const struct js *list, const char *key1, const char *value1, const char *key2,
                             const char *value2, const char *key3, const char *value3)
{
    for (struct js *e = list ? list->first : NULL; e; e = e->next) {
        const char *a = js_get_text(e, key1), *b = js_get_text(e, key2), *c = js_get_text(e, key3);
        if (a && b && c && strcmp(a, value1) == 0 && strcmp(b, value2) == 0 && strcmp(c, value3) == 0) {
            return e;
        }
    }
    return NULL;
}

static void add_identifier(struct ww_op *op, struct js *list, int64_t kind, const char *value)
{
    for (struct js *e = list->first; e; e = e->next) {
        const char *there = js_get_text(e, "value");
        if (js_get_int(e, "kind", 0) == kind && there && strcmp(there, value) == 0) {
            return;
        }
    }
    struct js *e = js_object(&op->arena);
    js_put(&op->arena, e, "kind", js_int(&op->arena, kind));
    js_put(&op->arena, e, "value", js_text(&op->arena, value));
    js_push(list, e);
}

/* An address that was there before keeps its id, its state and its times. */
static void add_address(struct ww_op *op, struct js *list, const struct js *before, const char *use,
                        const char *via, const char *value)
{
    struct arena *a = &op->arena;
    if (find_where(list, "use", use, "via", via, "value", value)) {
        return;
    }
    struct js *old = find_where(before, "use", use, "via", via, "value", value);
    if (old) {
        js_push(list, js_copy(a, old));
        return;
    }
    struct js *e = js_object(a);
    int64_t now = (int64_t)op_now(op);
    js_put(a, e, "id", js_text(a, uuid_text(a, uuid_new(op))));
    js_put(a, e, "use", js_text(a, use));
    js_put(a, e, "via", js_text(a, via));
    js_put(a, e, "value", js_text(a, value));
    js_put(a, e, "verified", js_bool(a, false));
    js_put(a, e, "status", js_text(a, "pending"));
    js_put(a, e, "verified_at", js_null(a));
    js_put(a, e, "created", js_int(a, now));
    js_put(a, e, "updated", js_int(a, now));
    js_push(list, e);
}

static const struct {
    enum schema_mark mark;
    const char *use, *via;
} address_marks[] = {
    {MARK_VERIFY_EMAIL, "verify", "email"},
    {MARK_VERIFY_SMS, "verify", "sms"},
    {MARK_RECOVER_EMAIL, "recover", "email"},
    {MARK_RECOVER_SMS, "recover", "sms"},
};
enum { LOGIN_MARKS = MARK_PASSWORD_IDENTIFIER | MARK_WEBAUTHN_IDENTIFIER };

static bool looks_like(const char *via, const char *value)
{
    return strcmp(via, "email") == 0 ? strchr(value, '@') != NULL : value[0] == '+';
}

static enum ww_err add_value(struct ww_op *op, struct js *identifiers, struct js *addresses,
                             const struct js *before, const struct schema_value *v)
{
    if (v->value->type != JS_STRING) {
        return WW_OK;
    }
    struct bytes form;
    const char *field = arena_printf(&op->arena, "traits.%s", v->path);
    enum ww_err err = field ? identity_ident(op, v->value->string, field, &form) : op_no_memory(op);
    if (err) {
        return err;
    }
    const char *value = (const char *)form.p;
    if ((v->marks & LOGIN_MARKS) && *value) {
        add_identifier(op, identifiers, IDENT_LOGIN, value);
    }
    for (size_t i = 0; i < sizeof address_marks / sizeof address_marks[0]; i++) {
        if (!(v->marks & (unsigned)address_marks[i].mark) || !*value) {
            continue;
        }
        if (!looks_like(address_marks[i].via, value)) {
            return op_fail_field(op, WW_EVALIDATION, "address_format", field,
                                 "the value is not an address of the kind that the schema asks for");
        }
        add_address(op, addresses, before, address_marks[i].use, address_marks[i].via, value);
    }
    return WW_OK;
}

enum ww_err identity_set_traits(struct ww_op *op, struct record *r, const struct identity_schema *schema,
                                const struct js *traits, bool need_identifier)
{
    struct arena *a = &op->arena;
    struct schema_value *values;
    struct js *identifiers = js_array(a), *addresses = js_array(a);
    const struct js *before = js_get(r->json, "addresses");
    enum ww_err err = schema_marked_values(a, schema, traits, &values);
    if (err || !identifiers || !addresses) {
        return err ? op_fail(op, err, "traits", "%s", ww_err_text(err)) : op_no_memory(op);
    }
    for (const struct schema_value *v = values; v; v = v->next) {
        if ((err = add_value(op, identifiers, addresses, before, v))) {
            return err;
        }
    }
    if (need_identifier && identifiers->count == 0) {
        return op_fail(op, WW_EVALIDATION, "no_identifier",
                       "the traits contain no identifier to sign in with");
    }
    const char *external = js_get_text(r->json, "external_id");
    if (external) {
        add_identifier(op, identifiers, IDENT_EXTERNAL, external);
    }
    js_put(a, r->json, "schema", js_text(a, schema->id));
    js_put(a, r->json, "traits", js_copy(a, traits));
    js_put(a, r->json, "identifiers", identifiers);
    js_put(a, r->json, "addresses", addresses);
    js_put(a, r->json, "updated", js_int(a, (int64_t)op_now(op)));
    return js_whole(r->json) ? WW_OK : op_no_memory(op);
}

/* ---- rows ---- */

enum ww_err identity_tags(struct ww_op *op, const struct store *s, const struct js *json, struct key **out,
                          size_t *n)
{
    const struct js *identifiers = js_get(json, "identifiers"), *addresses = js_get(json, "addresses");
    size_t most = (identifiers ? identifiers->count : 0) + (addresses ? addresses->count : 0);
    struct key *tags = ARENA_ARRAY(&op->arena, most, struct key);
    *n = 0;
    *out = tags;
    if (!tags) {
        return op_no_memory(op);
    }
    for (const struct js *e = identifiers ? identifiers->first : NULL; e; e = e->next) {
        store_identifier_tag(s, (enum identifier_kind)js_get_int(e, "kind", 0), js_get(e, "value")->string,
                             &tags[(*n)++]);
    }
    for (const struct js *e = addresses ? addresses->first : NULL; e; e = e->next) {
        struct buf b = BUF(&op->arena);
        const char *via = js_get_text(e, "via");
        buf_u8(&b, via && strcmp(via, "sms") == 0 ? 2 : 1);
        buf_bytes(&b, js_get(e, "value")->string);
        if (!buf_done(&b).p) {
            return op_no_memory(op);
        }
        store_identifier_tag(s, IDENT_ADDRESS, buf_done(&b), &tags[(*n)++]);
    }
    return WW_OK;
}

static bool among(const struct key *tags, size_t n, const struct key *tag)
{
    for (size_t i = 0; i < n; i++) {
        if (memcmp(tags[i].b, tag->b, sizeof tag->b) == 0) {
            return true;
        }
    }
    return false;
}

size_t identity_distinct_tags(const struct key *tags, size_t n)
{
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++) {
        distinct += !among(tags, i, &tags[i]);
    }
    return distinct;
}

static enum ww_err search_tag(struct ww_op *op, const struct store *s, const struct schema_value *v,
                              struct key *tag)
{
    struct bytes value;
    enum ww_err err = WW_OK;
    if (v->value->type == JS_STRING) {
        err = utf8_ident(&op->arena, v->value->string, &value);
    } else {
        struct buf b = BUF(&op->arena);
        js_write_canonical(&b, v->value);
        value = buf_done(&b);
        err = value.p ? WW_OK : WW_ENOMEM;
    }
    if (err) {
        return op_fail(op, err, "searchable", "%s", ww_err_text(err));
    }
    store_search_tag(s, v->path, value, tag);
    return WW_OK;
}

enum ww_err identity_search_tags(struct ww_op *op, const struct store *s,
                                 const struct identity_schema *schema, const struct record *r,
                                 struct key **out, size_t *n)
{
    struct schema_value *values;
    size_t most = 0;
    *n = 0;
    *out = NULL;
    enum ww_err err = schema_marked_values(&op->arena, schema, js_get(r->json, "traits"), &values);
    for (const struct schema_value *v = values; !err && v; v = v->next) {
        most += (v->marks & MARK_SEARCHABLE) != 0;
    }
    if (err || !(*out = ARENA_ARRAY(&op->arena, most, struct key))) {
        return op_no_memory(op);
    }
    for (const struct schema_value *v = values; !err && v; v = v->next) {
        if (v->marks & MARK_SEARCHABLE) {
            err = search_tag(op, s, v, &(*out)[(*n)++]);
        }
    }
    return err;
}

static enum ww_err write_search(struct ww_op *op, struct store *s, const struct identity_schema *schema,
                                const struct record *r, bool is_new)
{
    struct key *tags;
    size_t n;
    enum ww_err err = is_new ? WW_OK : store_search_delete_all(op, s, r->id);
    if (err || (err = identity_search_tags(op, s, schema, r, &tags, &n))) {
        return err;
    }
    for (size_t i = 0; !err && i < n; i++) {
        err = store_search_insert(op, s, &tags[i], r->id);
    }
    return err;
}

enum ww_err identity_write_rows(struct ww_op *op, struct store *s, const struct identity_schema *schema,
                                const struct record *r, const struct js *before)
{
    struct key *old_tags, *new_tags;
    size_t old_count, new_count;
    enum ww_err err = WW_EINTERNAL;
    if ((err = identity_tags(op, s, before, &old_tags, &old_count)) ||
        (err = identity_tags(op, s, r->json, &new_tags, &new_count))) {
        return err;
    }
    for (size_t i = 0; i < old_count; i++) {
        if (!among(new_tags, new_count, &old_tags[i]) &&
            (err = store_identifier_delete(op, s, &old_tags[i], r->id))) {
            return err;
        }
    }
    for (size_t i = 0; i < new_count; i++) {
        if (!among(old_tags, old_count, &new_tags[i]) && !among(new_tags, i, &new_tags[i]) &&
            (err = store_identifier_insert(op, s, &new_tags[i], r->id))) {
            return err;
        }
    }
    return write_search(op, s, schema, r, before == NULL);
}

/* ---- questions ---- */

enum ww_err identity_identifiers(struct ww_op *op, const struct record *r, const char ***out, size_t *n)
{
    const struct js *list = js_get(r->json, "identifiers");
    const char **texts = ARENA_ARRAY(&op->arena, list ? list->count : 0, const char *);
    *n = 0;
    *out = texts;
    if (!texts) {
        return op_no_memory(op);
    }
    for (const struct js *e = list ? list->first : NULL; e; e = e->next) {
        if (js_get_int(e, "kind", 0) == IDENT_LOGIN && js_get_text(e, "value")) {
            texts[(*n)++] = js_get_text(e, "value");
        }
    }
    return WW_OK;
}

bool identity_has_identifier(const struct record *r, enum identifier_kind kind, struct bytes value)
{
    const struct js *list = js_get(r->json, "identifiers");
    for (const struct js *e = list ? list->first : NULL; e; e = e->next) {
        const struct js *v = js_get(e, "value");
        if (js_get_int(e, "kind", 0) == (int64_t)kind && v && bytes_equal(v->string, value)) {
            return true;
        }
    }
    return false;
}

/* Compares what the traits yield, without the ids and times of addresses. */
static bool same_list(const struct js *a, const struct js *b, const char *const *keys)
{
    const struct js *x = a ? a->first : NULL, *y = b ? b->first : NULL;
    for (; x && y; x = x->next, y = y->next) {
        for (size_t i = 0; keys[i]; i++) {
            const struct js *p = js_get(x, keys[i]), *q = js_get(y, keys[i]);
            if (!p || !q || !js_equal(p, q)) {
                return false;
            }
        }
    }
    return !x && !y;
}

bool identity_is_sensitive_change(const struct js *before, const struct js *after)
{
    static const char *const identifier_keys[] = {"kind", "value", NULL};
    static const char *const address_keys[] = {"use", "via", "value", NULL};
    return !same_list(js_get(before, "identifiers"), js_get(after, "identifiers"), identifier_keys) ||
           !same_list(js_get(before, "addresses"), js_get(after, "addresses"), address_keys);
}
