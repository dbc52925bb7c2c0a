/* Sessions of an account: resumed, ended alone, ended all but one (vault.md §9). */
#include "account_int.h"

enum ww_err account_resume(struct ww_op *op, struct service *s, const char *token, struct session **out)
{
    return session_resume(op, s->store, &s->sessions, token, false, out);
}

enum ww_err account_resume_with_vault(struct ww_op *op, struct service *s, const char *token,
                                      struct session **out)
{
    return session_resume(op, s->store, &s->sessions, token, true, out);
}

/* For signing out twice, which Kratos answers as done (kratos.md §4.4). */
bool account_session_ended(struct ww_op *op, struct service *s, const char *token)
{
    return session_has_ended(op, s->store, token);
}

enum ww_err account_issue(struct ww_op *op, struct service *s, const struct authn *a,
                          enum session_carrier carrier, struct session **out)
{
    enum ww_err err = session_issue(op, s->store, &s->sessions, a, carrier, out);
    if (!err) {
        err = account_device_give(op, s, (*out)->record, NULL);
    }
    if (err || !(*out)->displaced) {
        return err;
    }
    return account_tell(op, s,
                        &(struct audit_event){.kind = AUDIT_SESSION_DISPLACED,
                                              .record = (*out)->record,
                                              .session_id = &(*out)->displaced_id});
}

static enum ww_err write_logout(struct ww_op *op, struct service *s, void *context)
{
    struct session *x = context;
    /* The row first: the event tells of what has been written. */
    enum ww_err err = session_end(op, s->store, x);
    return err ? err
               : account_tell(op, s,
                              &(struct audit_event){
                                  .kind = AUDIT_SESSION_ENDED, .record = x->record, .session_id = &x->id});
}

/* A row that changed since it was read is read again: somebody may have flushed when it was seen. */
enum ww_err account_write_logout(struct ww_op *op, struct service *s, const struct session *x)
{
    struct session *fresh;
    enum ww_err err = session_resume(op, s->store, &s->sessions, x->token, false, &fresh);
    /* Ended already is what was wanted. */
    return err == WW_EDENIED ? WW_OK : err ? err : write_logout(op, s, fresh);
}

static enum ww_err write_logout_again(struct ww_op *op, struct service *s, void *context)
{
    return account_write_logout(op, s, context);
}

enum ww_err account_logout(struct ww_op *op, struct service *s, struct session *x)
{
    return account_transaction(op, s, write_logout_again, x);
}

/* `x` is only looked at: ending another session leaves this one as it is. */
struct end_one {
    struct session *x;
    const struct uuid *id;
};

/* Looked for among the account's own: an id of somebody else's session ends nothing, and is answered alike
 * (kratos.md §4.4). */
static enum ww_err write_end_one(struct ww_op *op, struct service *s, void *context)
{
    struct end_one *in = context;
    struct session *found;
    enum ww_err err = session_find(op, s->store, &s->sessions, in->x->record, in->id, &found);
    if (err) {
        return err == WW_ENOTFOUND ? WW_OK : err;
    }
    return found->active ? write_logout(op, s, found) : WW_OK;
}

enum ww_err account_end_session(struct ww_op *op, struct service *s, struct session *x, const struct uuid *id)
{
    return account_transaction(op, s, write_end_one, &(struct end_one){x, id});
}

struct end_others {
    struct session *x;
    size_t *count;
};

static enum ww_err write_end_others(struct ww_op *op, struct service *s, void *context)
{
    struct end_others *in = context;
    struct record *r;
    struct vault *v;
    size_t n;
    /* A copy is written on: a try that is lost leaves the caller's session as it was. */
    struct session keep = *in->x;
    enum ww_err err = account_lock_session(op, s, &keep, &r, &v);
    if (err || (err = store_session_row_count(op, s->store, r->id, &n))) {
        return err;
    }
    /* As Kratos counts: those that ended already too (kratos.md §4.4). */
    *in->count = n > 0 ? n - 1 : 0;
    if ((err = session_end_others(op, s->store, r, &keep)) || (err = account_write(op, s, r, v))) {
        return err;
    }
    err = account_tell(
        op, s, &(struct audit_event){.kind = AUDIT_SESSIONS_ENDED, .record = r, .session_id = &keep.id});
    if (err == WW_OK) {
        *in->x = keep;
    }
    return err;
}

/* Until the commit the session stays as it was, so that a repetition starts from the same. */
enum ww_err account_end_other_sessions(struct ww_op *op, struct service *s, struct session *x, size_t *count)
{
    struct session before = *x;
    *count = 0;
    enum ww_err err = account_transaction(op, s, write_end_others, &(struct end_others){x, count});
    if (err) {
        *x = before;
    }
    return err;
}
