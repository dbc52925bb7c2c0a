/* People and their sessions. */
#include "api_int.h"

#include "timefmt.h"

enum ww_err ww_register(struct ww_op *op, const char *traits, const char *password,
                        struct ww_session **session)
{
    struct account_refusal why = {0};
    struct account_new in = {
        .password = bytes_str(password), .with_session = session != NULL, .carrier = SESSION_TOKEN};
    struct record *record;
    struct session *made = NULL;
    struct js *parsed;
    if (session) {
        *session = NULL;
    }
    enum ww_err err = api_read_object(op, bytes_str(traits), "traits", &parsed);
    if (err) {
        return err;
    }
    in.traits = parsed;
    err = account_register(op, service_of(op), &in, &why, &record, &made);
    if (session) {
        *session = (struct ww_session *)made;
    }
    return api_refused(op, err, &why);
}

enum ww_err ww_authenticate(struct ww_op *op, const char *identifier, const char *password,
                            struct ww_session **session)
{
    return account_login(op, service_of(op), identifier, bytes_str(password), SESSION_TOKEN, NULL,
                         (struct session **)session);
}

enum ww_err ww_password_check(struct ww_op *op, struct ww_session *session, const char *password)
{
    return account_check_password(op, service_of(op), session_of(session), bytes_str(password));
}

enum ww_err ww_password_change(struct ww_op *op, struct ww_session *session, const char *password)
{
    struct account_refusal why = {0};
    return api_refused(
        op, account_change_password(op, service_of(op), session_of(session), bytes_str(password), &why),
        &why);
}

enum ww_err ww_traits_change(struct ww_op *op, struct ww_session *session, const char *traits)
{
    struct account_refusal why = {0};
    struct js *parsed;
    enum ww_err err = api_read_object(op, bytes_str(traits), "traits", &parsed);
    return err ? err
               : api_refused(op, account_change_traits(op, service_of(op), session_of(session), parsed, &why),
                             &why);
}

enum ww_err ww_account_delete(struct ww_op *op, struct ww_session *session, const char *confirm)
{
    return account_delete(op, service_of(op), session_of(session), confirm);
}

enum ww_err ww_account_history(struct ww_op *op, struct ww_session *session, size_t page_size,
                               const char *page_token, const char **json, const char **next)
{
    struct js *list;
    const char *after;
    *json = NULL;
    enum ww_err err =
        account_history(op, service_of(op), session_of(session), page_size, page_token, &list, &after);
    if (next) {
        *next = after;
    }
    return err ? err : api_json(op, list, json);
}

enum ww_err ww_identity(struct ww_op *op, struct ww_session *session, const char **json)
{
    return api_json(op,
                    identity_json(op, session_of(session)->record, service_of(op)->schemas,
                                  api_public_url(op->ww), IDENTITY_PUBLIC),
                    json);
}

/* ---- sessions ---- */

const char *ww_session_token(const struct ww_session *session)
{
    return session_of_const(session)->token;
}

static const char *id_text(struct ww_op *op, struct uuid id)
{
    const char *text = uuid_text(&op->arena, id);
    return text ? text : "";
}

const char *ww_session_id(struct ww_op *op, const struct ww_session *session)
{
    return id_text(op, session_of_const(session)->id);
}

const char *ww_session_account(struct ww_op *op, const struct ww_session *session)
{
    return id_text(op, session_of_const(session)->record->uuid);
}

bool ww_session_unlocked(const struct ww_session *session)
{
    return session_of_const(session)->root != NULL;
}

bool ww_session_recent(struct ww_op *op, const struct ww_session *session)
{
    return account_privileged(op, service_of(op), session_of_const(session));
}

enum ww_err ww_session_resume(struct ww_op *op, const char *token, struct ww_session **session)
{
    return account_resume_with_vault(op, service_of(op), token, (struct session **)session);
}

enum ww_err ww_session_end(struct ww_op *op, struct ww_session *session)
{
    return account_logout(op, service_of(op), session_of(session));
}

enum ww_err ww_session_end_other(struct ww_op *op, struct ww_session *session, const char *id)
{
    struct uuid parsed;
    if (!uuid_parse(&parsed, id)) {
        return op_fail_field(op, WW_EINVAL, "id_invalid", "id", "this is not the id of a session");
    }
    return account_end_session(op, service_of(op), session_of(session), &parsed);
}

enum ww_err ww_session_end_others(struct ww_op *op, struct ww_session *session, size_t *count)
{
    size_t n = 0;
    enum ww_err err = account_end_other_sessions(op, service_of(op), session_of(session), &n);
    if (count) {
        *count = n;
    }
    return err;
}

static struct js *listed(struct ww_op *op, const struct session *x, bool is_this)
{
    static const struct {
        const char *to, *from;
    } device[] = {{"address", "ip_address"}, {"user_agent", "user_agent"}, {"location", "location"}};
    struct arena *a = &op->arena;
    struct js *o = js_object(a);
    js_put(a, o, "id", js_text(a, id_text(op, x->id)));
    js_put(a, o, "this_session", js_bool(a, is_this));
    js_put(a, o, "issued_at", js_text(a, timefmt_rfc3339(a, x->issued)));
    js_put(a, o, "authenticated_at", js_text(a, timefmt_rfc3339(a, x->authenticated)));
    js_put(a, o, "expires_at", js_text(a, timefmt_rfc3339(a, x->expires)));
    js_put(a, o, "last_seen_at", js_text(a, timefmt_rfc3339(a, x->seen)));
    for (size_t i = 0; i < sizeof device / sizeof device[0]; i++) {
        const char *v = js_get_text(x->device, device[i].from);
        js_put(a, o, device[i].to, v && *v ? js_text(a, v) : js_null(a));
    }
    return o;
}

enum ww_err ww_session_list(struct ww_op *op, struct ww_session *session, const char **json)
{
    const struct session *x = session_of(session);
    struct service *s = service_of(op);
    struct js *out = js_array(&op->arena);
    struct session **list;
    size_t n;
    *json = NULL;
    enum ww_err err = session_list(op, s->store, &s->sessions, x->record, &list, &n);
    for (int others = 0; !err && others < 2; others++) {
        for (size_t i = 0; i < n; i++) {
            bool is_this = uuid_equal(list[i]->id, x->id);
            if (list[i]->active && is_this == !others) {
                js_push(out, listed(op, list[i], is_this));
            }
        }
    }
    return err ? err : api_json(op, out, json);
}
