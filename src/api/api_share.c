/* Sharing (vault.md §11) for callers. */
#include "api_int.h"

/* ---- what is given out ---- */

static const struct ww_recipient *recipient_of(struct ww_op *op, const struct account_share_to *to)
{
    struct ww_recipient *out = ARENA_NEW(&op->arena, struct ww_recipient);
    if (out) {
        *out = (struct ww_recipient){.size = sizeof *out,
                                     .id = uuid_text(&op->arena, to->id),
                                     .identifier = to->identifier,
                                     .state = to->state};
    }
    return out && out->id ? out : NULL;
}

static const struct ww_share *share_of(struct ww_op *op, const struct account_share *from)
{
    struct ww_share *out = ARENA_NEW(&op->arena, struct ww_share);
    const struct ww_recipient **to = ARENA_ARRAY(&op->arena, from->to_count, const struct ww_recipient *);
    for (size_t i = 0; to && i < from->to_count; i++) {
        to[i] = recipient_of(op, &from->to[i]);
        to = to[i] ? to : NULL;
    }
    if (!out || !to) {
        return NULL;
    }
    *out = (struct ww_share){.size = sizeof *out,
                             .name = arena_strndup(&op->arena, from->name.p, from->name.n),
                             .version = from->version,
                             .time = from->time,
                             .to = to,
                             .to_count = from->to_count};
    hex_encode(out->id, from->id.b, sizeof from->id.b);
    return out->name ? out : NULL;
}

static const struct ww_received *received_of(struct ww_op *op, const struct account_received *from)
{
    struct ww_received *out = ARENA_NEW(&op->arena, struct ww_received);
    if (out) {
        *out = (struct ww_received){.size = sizeof *out,
                                    .name = arena_strndup(&op->arena, from->name.p, from->name.n),
                                    .from = uuid_text(&op->arena, from->from),
                                    .from_identifier = from->from_identifier,
                                    .version = from->version,
                                    .time = from->time,
                                    .state = from->changed ? "changed" : "open"};
        hex_encode(out->id, from->share.b, sizeof from->share.b);
    }
    return out && out->name && out->from ? out : NULL;
}

static const struct ww_contact *contact_of(struct ww_op *op, const struct account_contact *from)
{
    struct ww_contact *out = ARENA_NEW(&op->arena, struct ww_contact);
    if (out) {
        *out = (struct ww_contact){.size = sizeof *out,
                                   .id = uuid_text(&op->arena, from->id),
                                   .identifier = from->identifier,
                                   .fingerprint = arena_strdup(&op->arena, from->fingerprint),
                                   .pinned_at = from->pinned,
                                   .state = from->state};
    }
    return out && out->id && out->fingerprint ? out : NULL;
}

/* Entries of the lists. */

static const void *share_entry(struct ww_op *op, const void *found, const char **token)
{
    const struct ww_share *out = share_of(op, found);
    *token = out ? out->name : NULL;
    return out;
}

/* Its token is account_inbox_list's: what cannot be shown is passed over, and counts for the place. */
static const void *received_entry(struct ww_op *op, const void *found, const char **token)
{
    (void)token;
    return received_of(op, found);
}

static const void *contact_entry(struct ww_op *op, const void *found, const char **token)
{
    const struct ww_contact *out = contact_of(op, found);
    *token = out ? out->id : NULL;
    return out;
}

/* ---- what is asked for ---- */

/* A share's id as it was given out. */
static enum ww_err take_id(struct ww_op *op, const char *text, struct uuid *out)
{
    return text && strlen(text) == 2 * sizeof out->b && hex_decode(out->b, sizeof out->b, text)
               ? WW_OK
               : op_fail(op, WW_ENOTFOUND, "item_not_found", "nothing is shared under this id");
}

/* ---- what is sent ---- */

enum ww_err ww_share_put(struct ww_op *op, struct ww_session *session, const char *name, const void *value,
                         size_t value_length, const char *const *to, size_t to_count,
                         const struct ww_item_condition *condition, struct ww_item_result *result)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct account_names names;
    struct vault_change c;
    enum ww_err err = api_take_put(op, name, value, value_length, condition, &c);
    if (err || (err = api_check_result(op, result)) ||
        (err = api_take_people(op, to, to_count, "to", &names))) {
        return err;
    }
    if ((err = account_share_put(op, service_of(op), x, &c, names)) == WW_OK) {
        api_give_change(result, &c);
    }
    return err;
}

enum ww_err ww_share_people(struct ww_op *op, struct ww_session *session, const char *name,
                            const char *const *add, size_t add_count, const char *const *remove,
                            size_t remove_count, const struct ww_share **share)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct account_names more, fewer;
    struct account_share now;
    const struct ww_share *out;
    enum ww_err err = api_text(op, name, "name");
    if (share) {
        *share = NULL;
    }
    if (err || (err = api_take_people(op, add, add_count, "add", &more)) ||
        (err = api_take_people(op, remove, remove_count, "remove", &fewer)) ||
        (err = account_share_people(op, service_of(op), x, bytes_str(name), more, fewer, &now))) {
        return err;
    }
    if (!(out = share_of(op, &now))) {
        return op_no_memory(op);
    }
    if (share) {
        *share = out;
    }
    return WW_OK;
}

enum ww_err ww_share_get(struct ww_op *op, struct ww_session *session, const char *name, const void **value,
                         size_t *value_length, struct ww_item_result *result)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct vault_value got;
    *value = NULL;
    *value_length = 0;
    enum ww_err err = api_check_result(op, result);
    if (err || (err = api_text(op, name, "name")) ||
        (err = account_share_get(op, service_of(op), x, bytes_str(name), &got)) ||
        (err = api_give_value(op, got.value, value, value_length))) {
        return err;
    }
    api_give_change(result, &(struct vault_change){.id = got.id, .version = got.version, .time = got.time});
    return WW_OK;
}

enum ww_err ww_share_withdraw(struct ww_op *op, struct ww_session *session, const char *name,
                              const struct ww_item_condition *condition)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct vault_change c = {.kind = VAULT_DELETE};
    enum ww_err err = api_take_named(op, name, condition, &c);
    return err ? err : account_share_withdraw(op, service_of(op), x, &c);
}

enum ww_err ww_share_find(struct ww_op *op, struct ww_session *session, const char *id,
                          const struct ww_share **share)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct account_share found;
    struct uuid wanted;
    *share = NULL;
    enum ww_err err = take_id(op, id, &wanted);
    if (err || (err = account_share_find(op, service_of(op), x, &wanted, &found))) {
        return err;
    }
    *share = share_of(op, &found);
    return *share ? WW_OK : op_no_memory(op);
}

enum ww_err ww_share_list(struct ww_op *op, struct ww_session *session, const char *prefix,
                          struct ww_page *page, const struct ww_share *const **shares)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct account_share *list;
    struct ww_page p;
    size_t n;
    *shares = NULL;
    enum ww_err err = api_page_read(op, page, &p);
    if (err) {
        return err;
    }
    struct bytes after = p.token && *p.token ? bytes_str(p.token) : BYTES(NULL, 0);
    if ((err = account_share_list(op, service_of(op), x, bytes_str(prefix ? prefix : ""), after, p.limit + 1,
                                  &list, &n))) {
        return err;
    }
    const void *const *out;
    if ((err = api_page_give(op, page, &p, n, list, sizeof *list, share_entry, &out)) == WW_OK) {
        *shares = (const struct ww_share *const *)out;
    }
    return err;
}

/* ---- what is received ---- */

enum ww_err ww_inbox_list(struct ww_op *op, struct ww_session *session, struct ww_page *page,
                          const struct ww_received *const **received)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct account_received *list;
    struct uuid id, last;
    const struct uuid *after;
    struct ww_page p;
    bool more;
    *received = NULL;
    enum ww_err err = api_page_read(op, page, &p);
    if (err || (err = api_take_after(op, &p, &id, &after)) ||
        (err = account_inbox_list(op, service_of(op), x, after, p.limit, &list, &p.count, &last, &more))) {
        return err;
    }
    p.next = more ? uuid_text(&op->arena, last) : NULL;
    if (more && !p.next) {
        return op_no_memory(op);
    }
    const void *const *out;
    if ((err = api_page_give(op, page, &p, p.count, list, sizeof *list, received_entry, &out)) == WW_OK) {
        *received = (const struct ww_received *const *)out;
    }
    return err;
}

enum ww_err ww_inbox_find(struct ww_op *op, struct ww_session *session, const char *id,
                          const struct ww_received **received)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct account_received found;
    struct uuid wanted;
    *received = NULL;
    enum ww_err err = take_id(op, id, &wanted);
    if (err || (err = account_inbox_find(op, service_of(op), x, &wanted, &found))) {
        return err;
    }
    *received = received_of(op, &found);
    return *received ? WW_OK : op_no_memory(op);
}

enum ww_err ww_inbox_get(struct ww_op *op, struct ww_session *session, const char *name, const char *from,
                         const void **value, size_t *value_length, struct ww_received *about)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct account_received got;
    const struct ww_received *out;
    *value = NULL;
    *value_length = 0;
    enum ww_err err = about ? api_check_size(op, "ww_received", about) : WW_OK;
    if (err || (err = api_text(op, name, "name")) ||
        (err = account_inbox_get(op, service_of(op), x, bytes_str(name), from, &got))) {
        return err;
    }
    if (!(out = received_of(op, &got))) {
        return op_no_memory(op);
    }
    if (about) {
        api_give(about, out);
    }
    return api_give_value(op, got.value, value, value_length);
}

enum ww_err ww_inbox_adopt(struct ww_op *op, struct ww_session *session, const char *name, const char *from,
                           const char *as, struct ww_item_result *result)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct vault_change c = {.kind = VAULT_PUT, .if_absent = true};
    enum ww_err err = api_check_result(op, result);
    if (err || (err = api_text(op, name, "name")) || (err = api_text(op, as, "as"))) {
        return err;
    }
    c.name = bytes_str(as);
    if ((err = account_inbox_adopt(op, service_of(op), x, bytes_str(name), from, &c)) == WW_OK) {
        api_give_change(result, &c);
    }
    return err;
}

/* ---- contacts ---- */

enum ww_err ww_contact_list(struct ww_op *op, struct ww_session *session, struct ww_page *page,
                            const struct ww_contact *const **contacts)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct account_contact *list;
    struct uuid id;
    const struct uuid *after;
    struct ww_page p;
    size_t n;
    *contacts = NULL;
    enum ww_err err = api_page_read(op, page, &p);
    if (err || (err = api_take_after(op, &p, &id, &after)) ||
        (err = account_contact_list(op, service_of(op), x, after, p.limit + 1, &list, &n))) {
        return err;
    }
    const void *const *out;
    if ((err = api_page_give(op, page, &p, n, list, sizeof *list, contact_entry, &out)) == WW_OK) {
        *contacts = (const struct ww_contact *const *)out;
    }
    return err;
}

static enum ww_err take_contact(struct ww_op *op, const char *id, struct uuid *out)
{
    return id && uuid_parse(out, id)
               ? WW_OK
               : op_fail(op, WW_ENOTFOUND, "contact_unknown", "there is no such contact");
}

enum ww_err ww_contact_find(struct ww_op *op, struct ww_session *session, const char *id,
                            const struct ww_contact **contact)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct account_contact found;
    struct uuid who;
    *contact = NULL;
    enum ww_err err = take_contact(op, id, &who);
    if (err || (err = account_contact_find(op, service_of(op), x, &who, &found))) {
        return err;
    }
    *contact = contact_of(op, &found);
    return *contact ? WW_OK : op_no_memory(op);
}

enum ww_err ww_contact_accept(struct ww_op *op, struct ww_session *session, const char *id,
                              const char *fingerprint)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct uuid who;
    enum ww_err err = api_text(op, fingerprint, "fingerprint");
    if (err || (err = take_contact(op, id, &who))) {
        return err;
    }
    return account_contact_accept(op, service_of(op), x, &who, fingerprint);
}

enum ww_err ww_fingerprint(struct ww_op *op, struct ww_session *session, const char **fingerprint)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    char text[ACCOUNT_FINGERPRINT];
    enum ww_err err = account_fingerprint(op, service_of(op), x, text);
    *fingerprint = err ? NULL : arena_strdup(&op->arena, text);
    return err ? err : *fingerprint ? WW_OK : op_no_memory(op);
}
