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

/* What new traits yield; the lists have room for as many as an account may have. */
struct yield {
    const struct identity *before;
    struct identity_identifier *identifiers;
    struct identity_address *addresses;
    size_t identifier_count, address_count;
};

/* Each is a row and is compared with all others: base/limit.h has the numbers. */
static enum ww_err too_many(struct ww_op *op, const char *field, const char *what, int most)
{
    enum ww_err err = op_fail_field(op, WW_EVALIDATION, "too_many_identifiers", field,
                                    "an account has at most %d %s", most, what);
    op->problem.limit = (uint64_t)most;
    return err;
}

static enum ww_err add_identifier(struct ww_op *op, struct yield *y, const char *field,
                                  enum identifier_kind kind, const char *value)
{
    for (size_t i = 0; i < y->identifier_count; i++) {
        if (y->identifiers[i].kind == kind && strcmp(y->identifiers[i].value, value) == 0) {
            return WW_OK;
        }
    }
    if (y->identifier_count == IDENTITY_IDENTIFIERS_MAX) {
        return too_many(op, field, "names", IDENTITY_IDENTIFIERS_MAX);
    }
    y->identifiers[y->identifier_count++] = (struct identity_identifier){kind, value};
    return WW_OK;
}

/* Lists of 128 at most, so that looking through them is cheaper than any index. */
static const struct identity_address *find_address(const struct identity_address *list, size_t n,
                                                   const struct identity_address *like)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].use == like->use && list[i].via == like->via && strcmp(list[i].value, like->value) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

/* An address that was there before keeps its id, its state and its times. */
static enum ww_err add_address(struct ww_op *op, struct yield *y, const char *field, enum address_use use,
                               enum address_via via, const char *value)
{
    uint64_t now = op_now(op);
    struct identity_address a = {.use = use, .via = via, .value = value};
    if (find_address(y->addresses, y->address_count, &a)) {
        return WW_OK;
    }
    if (y->address_count == IDENTITY_ADDRESSES_MAX) {
        return too_many(op, field, "addresses", IDENTITY_ADDRESSES_MAX);
    }
    /* The use is compared too: an address verified for one purpose is not thereby verified for another. */
    const struct identity_address *old = find_address(y->before->addresses, y->before->address_count, &a);
    a.id = uuid_new(op);
    a.status = "pending";
    a.created = a.updated = now;
    y->addresses[y->address_count++] = old ? *old : a;
    return WW_OK;
}

static const struct {
    enum schema_mark mark;
    enum address_use use;
    enum address_via via;
} address_marks[] = {
    {MARK_VERIFY_EMAIL, ADDRESS_VERIFY, ADDRESS_EMAIL},
    {MARK_VERIFY_SMS, ADDRESS_VERIFY, ADDRESS_SMS},
    {MARK_RECOVER_EMAIL, ADDRESS_RECOVER, ADDRESS_EMAIL},
    {MARK_RECOVER_SMS, ADDRESS_RECOVER, ADDRESS_SMS},
};
/* The mark for codes makes no login identifier here: this version sends no codes to sign in with. */
enum { LOGIN_MARKS = MARK_PASSWORD_IDENTIFIER | MARK_WEBAUTHN_IDENTIFIER };

/* Only the kind: whether the value is an address is the schema's format to say. */
static bool looks_like(enum address_via via, const char *value)
{
    return via == ADDRESS_EMAIL ? strchr(value, '@') != NULL : value[0] == '+';
}

static enum ww_err add_value(struct ww_op *op, struct yield *y, const struct schema_value *v)
{
    /* The schema has refused what must be a text; what else is marked (a number, null) names nobody. */
    if (v->value->type != JS_STRING) {
        return WW_OK;
    }
    struct bytes form;
    const char *field = arena_printf(&op->arena, "traits.%s", v->path);
    /* One form for all (vault.md §6), before anything is compared: two spellings of one name are one name. */
    enum ww_err err = field ? identity_ident(op, v->value->string, field, &form) : op_no_memory(op);
    if (err) {
        return err;
    }
    const char *value = (const char *)form.p;
    /* An empty form names nobody: two accounts without a name must not collide, nor find each other. */
    if ((v->marks & LOGIN_MARKS) && *value && (err = add_identifier(op, y, field, IDENT_LOGIN, value))) {
        return err;
    }
    for (size_t i = 0; !err && i < sizeof address_marks / sizeof address_marks[0]; i++) {
        if (!(v->marks & (unsigned)address_marks[i].mark) || !*value) {
            continue;
        }
        /* Else a mail would be sent, or a code, to what is no address at all. */
        if (!looks_like(address_marks[i].via, value)) {
            return op_fail_field(op, WW_EVALIDATION, "address_format", field,
                                 "the value is not an address of the kind that the schema asks for");
        }
        err = add_address(op, y, field, address_marks[i].use, address_marks[i].via, value);
    }
    return err;
}

/* r is changed at the end, when nothing can fail any more: a refused change leaves the record as it was. */
enum ww_err identity_set_traits(struct ww_op *op, struct record *r, const struct identity_schema *schema,
                                const struct js *traits, bool need_identifier)
{
    struct arena *a = &op->arena;
    struct schema_value *values;
    struct yield y = {.before = &r->identity,
                      .identifiers = ARENA_ARRAY(a, IDENTITY_IDENTIFIERS_MAX, struct identity_identifier),
                      .addresses = ARENA_ARRAY(a, IDENTITY_ADDRESSES_MAX, struct identity_address)};
    const struct js *kept = js_copy(a, traits);
    enum ww_err err = schema_marked_values(a, schema, traits, &values);
    if (err || !y.identifiers || !y.addresses || !js_whole(kept)) {
        return err == WW_EVALIDATION
                   ? op_fail_field(op, err, "traits_too_many", "traits",
                                   "the traits hold too many identifiers, addresses or searchable values")
                   : op_no_memory(op);
    }
    for (const struct schema_value *v = values; v; v = v->next) {
        if ((err = add_value(op, &y, v))) {
            return err;
        }
    }
    /* An account that nobody can sign in to is made by administrators only. */
    if (need_identifier && y.identifier_count == 0) {
        return op_fail(op, WW_EVALIDATION, "no_identifier",
                       "the traits contain no identifier to sign in with");
    }
    if (r->identity.external_id &&
        (err = add_identifier(op, &y, "external_id", IDENT_EXTERNAL, r->identity.external_id))) {
        return err;
    }
    r->identity.schema = schema->id;
    r->identity.traits = kept;
    r->identity.identifiers = y.identifiers;
    r->identity.identifier_count = y.identifier_count;
    r->identity.addresses = y.addresses;
    r->identity.address_count = y.address_count;
    r->identity.updated = op_now(op);
    return WW_OK;
}

/* ---- rows ---- */

enum ww_err identity_tags(struct ww_op *op, const struct store *s, const struct identity *i, struct key **out,
                          size_t *n)
{
    struct key *tags = ARENA_ARRAY(&op->arena, i->identifier_count + i->address_count, struct key);
    *n = 0;
    *out = tags;
    if (!tags) {
        return op_no_memory(op);
    }
    for (size_t k = 0; k < i->identifier_count; k++) {
        store_identifier_tag(s, i->identifiers[k].kind, bytes_str(i->identifiers[k].value), &tags[(*n)++]);
    }
    for (size_t k = 0; k < i->address_count; k++) {
        struct buf b = BUF(&op->arena);
        buf_u8(&b, (uint8_t)i->addresses[k].via);
        buf_str(&b, i->addresses[k].value);
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

/* Two addresses of one value (to verify and to recover by) share one row. */
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
        /* The form of identifiers: a search finds what a sign-in would. */
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
    enum ww_err err = schema_marked_values(&op->arena, schema, r->identity.traits, &values);
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
    /* All of them anew: they depend on the schema as well, which may have changed since. */
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
                                const struct record *r, const struct identity *before)
{
    static const struct identity none;
    struct key *old_tags, *new_tags;
    size_t old_count, new_count;
    enum ww_err err = WW_EINTERNAL;
    if ((err = identity_tags(op, s, before ? before : &none, &old_tags, &old_count)) ||
        (err = identity_tags(op, s, &r->identity, &new_tags, &new_count))) {
        return err;
    }
    for (size_t i = 0; i < old_count; i++) {
        /* Old rows go first: a name may change from one kind of trait to another within one account. */
        if (!among(new_tags, new_count, &old_tags[i]) &&
            (err = store_identifier_delete(op, s, &old_tags[i], r->id))) {
            return err;
        }
    }
    /* The insert is what finds a name that is taken: the unique index decides, and the transaction ends
     * with WW_ECONFLICT. */
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
    const struct identity *i = &r->identity;
    const char **texts = ARENA_ARRAY(&op->arena, i->identifier_count, const char *);
    *n = 0;
    *out = texts;
    if (!texts) {
        return op_no_memory(op);
    }
    for (size_t k = 0; k < i->identifier_count; k++) {
        if (i->identifiers[k].kind == IDENT_LOGIN) {
            texts[(*n)++] = i->identifiers[k].value;
        }
    }
    return WW_OK;
}

/* What every look-up by tag asks afterwards (vault.md §6): a row that somebody pointed elsewhere leads to
 * a record that does not hold the name. */
bool identity_has_identifier(const struct record *r, enum identifier_kind kind, struct bytes value)
{
    for (size_t k = 0; k < r->identity.identifier_count; k++) {
        const struct identity_identifier *i = &r->identity.identifiers[k];
        if (i->kind == kind && bytes_equal(bytes_str(i->value), value)) {
            return true;
        }
    }
    return false;
}

bool identity_has_verified_address(const struct record *r)
{
    for (size_t k = 0; k < r->identity.address_count; k++) {
        if (r->identity.addresses[k].verified) {
            return true;
        }
    }
    return false;
}

/* Compares what the traits yield, without the ids and times of addresses. */
bool identity_is_sensitive_change(const struct identity *before, const struct identity *after)
{
    if (before->identifier_count != after->identifier_count ||
        before->address_count != after->address_count) {
        return true;
    }
    for (size_t k = 0; k < after->identifier_count; k++) {
        const struct identity_identifier *x = &before->identifiers[k], *y = &after->identifiers[k];
        if (x->kind != y->kind || strcmp(x->value, y->value) != 0) {
            return true;
        }
    }
    for (size_t k = 0; k < after->address_count; k++) {
        const struct identity_address *x = &before->addresses[k], *y = &after->addresses[k];
        if (x->use != y->use || x->via != y->via || strcmp(x->value, y->value) != 0) {
            return true;
        }
    }
    return false;
}
