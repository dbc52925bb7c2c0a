/* What an administrator does to sessions (kratos.md §4.4). */
#include "account_int.h"

static enum ww_err not_found(struct ww_op *op)
{
    return op_fail(op, WW_ENOTFOUND, "session_not_found", "there is no such session");
}

enum ww_err account_admin_session(struct ww_op *op, struct service *s, const struct uuid *id,
                                  struct session **out)
{
    enum ww_err err = session_find(op, s->store, &s->sessions, NULL, id, out);
    return err == WW_ENOTFOUND ? not_found(op) : err;
}

static enum ww_err tell(struct ww_op *op, struct service *s, const struct session *x, enum audit_kind kind)
{
    return account_tell(op, s,
                        &(struct audit_event){.kind = kind, .record = x->record, .session_id = &x->id});
}

static enum ww_err write_end(struct ww_op *op, struct service *s, void *context)
{
    struct session *x;
    enum ww_err err = account_admin_session(op, s, context, &x);
    if (err || !x->active) {
        return err;
    }
    err = session_end(op, s->store, x);
    return err ? err : tell(op, s, x, AUDIT_SESSION_ENDED);
}

enum ww_err account_admin_session_end(struct ww_op *op, struct service *s, const struct uuid *id)
{
    struct uuid copy = *id;
    return account_transaction(op, s, write_end, &copy);
}

struct extension {
    const struct uuid *id;
    struct session *session;
};

/* The setting's 0 means always. */
static bool may_be_extended(const struct ww_op *op, const struct service *s, const struct session *x)
{
    uint64_t window = config_duration(s->config, "session.earliest_possible_extend");
    return x->active && (window == 0 || x->expires <= op_now(op) + window);
}

static enum ww_err write_extension(struct ww_op *op, struct service *s, void *context)
{
    struct extension *in = context;
    enum ww_err err = account_admin_session(op, s, in->id, &in->session);
    if (err || !may_be_extended(op, s, in->session)) {
        return err;
    }
    err = session_extend(op, s->store, &s->sessions, in->session);
    return err ? err : tell(op, s, in->session, AUDIT_SESSION_EXTENDED);
}

enum ww_err account_admin_session_extend(struct ww_op *op, struct service *s, const struct uuid *id,
                                         struct session **out)
{
    struct extension in = {.id = id};
    enum ww_err err = account_transaction(op, s, write_extension, &in);
    *out = err ? NULL : in.session;
    return err;
}

/* The generation ends them, whatever becomes of the rows: an old copy of one that somebody puts back is of a
 * generation that is over. */
static enum ww_err write_end_all(struct ww_op *op, struct service *s, void *context)
{
    struct record *r;
    size_t n;
    enum ww_err err = store_record_load_uuid(op, s->store, context, true, &r);
    if (err) {
        return err == WW_ENOTFOUND ? not_found(op) : err;
    }
    if ((err = store_session_row_count(op, s->store, r->id, &n)) || n == 0) {
        return err ? err : not_found(op);
    }
    if ((err = session_end_others(op, s->store, r, NULL)) || (err = account_write(op, s, r, NULL)) ||
        (err = store_session_row_delete_all(op, s->store, r->id))) {
        return err;
    }
    return account_tell(op, s, &(struct audit_event){.kind = AUDIT_SESSIONS_ENDED, .record = r});
}

enum ww_err account_admin_sessions_end(struct ww_op *op, struct service *s, const struct uuid *id)
{
    struct uuid copy = *id;
    return account_transaction(op, s, write_end_all, &copy);
}
