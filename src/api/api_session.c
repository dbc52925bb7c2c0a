/* Sessions, by token and in lists. */
#include "api_int.h"

/* By the record and not by the session: the record says what is asked for, and storage cannot take that
 * away (vault.md §6). */
bool api_is_pending(const struct session *x)
{
    return account_asks_second(x->record) && x->level < 2;
}

/* Empty where the client did not say: the wire has NULL for it. */
static const char *device_of(const struct session *x, const char *member)
{
    const char *text = js_get_text(x->device, member);
    return text && *text ? text : NULL;
}

static const struct ww_session_info *info_of(struct ww_op *op, const struct session *x,
                                             const struct record *r, bool is_this)
{
    struct ww_session_info *out = ARENA_NEW(&op->arena, struct ww_session_info);
    if (out) {
        *out = (struct ww_session_info){
            .size = sizeof *out,
            .id = uuid_text(&op->arena, x->id),
            .account = uuid_text(&op->arena, r->uuid),
            .this_session = is_this,
            /* As api_is_pending: of the record, which is the same for all sessions of a list. */
            .pending = account_asks_second(r) && x->level < 2,
            .level = x->level,
            .issued = x->issued,
            .authenticated = x->authenticated,
            .expires = x->expires,
            .last_seen = x->seen,
            .address = device_of(x, "ip_address"),
            .user_agent = device_of(x, "user_agent"),
            .location = device_of(x, "location"),
        };
    }
    return out && out->id && out->account ? out : NULL;
}

const char *ww_session_token(struct ww_op *op, const struct ww_session *session)
{
    API_CALL(op);
    return api_session(op, session)->token;
}

const struct ww_session_info *ww_session_info(struct ww_op *op, const struct ww_session *session)
{
    API_CALL(op);
    const struct session *x = api_session(op, session);
    return info_of(op, x, x->record, true);
}

bool ww_session_unlocked(struct ww_op *op, const struct ww_session *session)
{
    API_CALL(op);
    return api_session(op, session)->root != NULL;
}

bool ww_session_recent(struct ww_op *op, const struct ww_session *session)
{
    API_CALL(op);
    return account_privileged(op, service_of(op), api_session(op, session));
}

/* With its vault row in the same statement, since most callers read items next. */
enum ww_err ww_session_resume(struct ww_op *op, const char *token, struct ww_session **session)
{
    API_CALL(op);
    struct session *x;
    struct ww_session *room;
    *session = NULL;
    enum ww_err err = api_text(op, token, "token");
    if (err || (err = api_session_room(op, &room)) ||
        (err = account_resume_with_vault(op, service_of(op), token, &x))) {
        return err;
    }
    api_session_give(op, room, x, session);
    return WW_OK;
}

enum ww_err ww_session_end(struct ww_op *op, struct ww_session *session)
{
    API_CALL(op);
    return account_logout(op, service_of(op), api_session(op, session));
}

/* Whether the id is the account's own is seen by the use case, which answers alike when it is not. */
enum ww_err ww_session_end_other(struct ww_op *op, struct ww_session *session, const char *id)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct uuid parsed;
    if (!id || !uuid_parse(&parsed, id)) {
        return op_fail_field(op, WW_EINVAL, "id_invalid", "id", "this is not the id of a session");
    }
    return account_end_session(op, service_of(op), x, &parsed);
}

enum ww_err ww_session_end_others(struct ww_op *op, struct ww_session *session, size_t *count)
{
    API_CALL(op);
    size_t n = 0;
    enum ww_err err = account_end_other_sessions(op, service_of(op), api_session(op, session), &n);
    if (count) {
        *count = n;
    }
    return err;
}

/* ---- the list ---- */

enum ww_err ww_session_list(struct ww_op *op, struct ww_session *session, struct ww_page *page,
                            const struct ww_session_info *const **sessions)
{
    API_CALL(op);
    const struct session *x = api_session(op, session);
    struct service *s = service_of(op);
    struct session **list;
    struct ww_page p;
    size_t n;
    *sessions = NULL;
    enum ww_err err = api_page_read(op, page, &p);
    struct uuid last;
    struct session_page in = {.active_only = true, .first = &x->id, .most = p.limit};
    /* A token that is none begins at the start: it is the id of a session that may be gone. */
    in.after = !err && p.token && uuid_parse(&last, p.token) ? &last : NULL;
    if (err || (err = session_list(op, s->store, &s->sessions, x->record, &in, &list, &n))) {
        return err;
    }
    p.count = n;
    const struct ww_session_info **out = ARENA_ARRAY(&op->arena, p.count, const struct ww_session_info *);
    for (size_t i = 0; out && i < p.count; i++) {
        const struct session *each = list[i];
        out[i] = info_of(op, each, x->record, uuid_equal(each->id, x->id));
        if (!out[i]) {
            return op_no_memory(op);
        }
    }
    p.next = out && n && in.more ? out[p.count - 1]->id : NULL;
    *sessions = out;
    api_give(page, &p);
    return out ? WW_OK : op_no_memory(op);
}
