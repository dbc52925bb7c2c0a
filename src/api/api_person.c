/* People: registration, proofs, what they change about themselves. */
#include "api_int.h"
#include "cred.h"

/* With its length, and yet without a NUL: some hashes end there, and a password cut short would be another
 * (vault.md §7). */
enum ww_err api_password(struct ww_op *op, const char *password, size_t length, struct bytes *out)
{
    /* Not copied: it is hashed, and then it is the caller's to wipe. What hashing makes of it is in the
     * arena. */
    *out = BYTES(password, length);
    if (!password) {
        return api_text(op, password, "password");
    }
    return memchr(password, 0, length)
               ? op_fail_field(op, WW_EINVAL, "password_invalid", "password", "a password holds no NUL")
               : WW_OK;
}

static enum ww_err read_traits(struct ww_op *op, const char *traits, struct js **out)
{
    enum ww_err err = api_text(op, traits, "traits");
    return err ? err : api_read_object(op, bytes_str(traits), "traits", out);
}

enum ww_err ww_register(struct ww_op *op, const char *traits, const char *password, size_t password_length,
                        struct ww_session **session)
{
    API_CALL(op);
    struct account_refusal why = {0};
    /* Who does not ask for a session gets none: fewer rows that sign somebody in. */
    struct account_new in = {.with_session = session != NULL, .carrier = SESSION_TOKEN};
    struct record *record;
    struct session *made = NULL;
    struct ww_session *room;
    struct js *parsed;
    if (session) {
        *session = NULL;
    }
    enum ww_err err = api_password(op, password, password_length, &in.password);
    if (err || (err = read_traits(op, traits, &parsed)) || (err = api_session_room(op, &room))) {
        return err;
    }
    in.traits = parsed;
    if ((err = account_register(op, service_of(op), &in, &why, &record, &made))) {
        /* A failure of the schema becomes one sentence; the flows, which have fields to show it at, take the
         * whole list. */
        return api_refused(op, err, &why);
    }
    if (session) {
        api_session_give(op, room, made, session);
    }
    return WW_OK;
}

/* ---- proofs ---- */

_Static_assert((int)WW_PROOF_PASSWORD == (int)CRED_PASSWORD, "a kind has one number, outside and inside");

/* A proof of a kind that may take this part (ROLE_LOGIN: a first step, ROLE_SECOND: a further one). */
static enum ww_err read_proof(struct ww_op *op, const struct ww_proof *from, uint8_t role,
                              const char **identifier, struct cred_proof *out)
{
    struct ww_proof in;
    enum ww_err err = API_TAKE(op, ww_proof, from, &in);
    if (err) {
        return err;
    }
    const struct cred_kind *kind = cred_kind_find((enum credential_kind)in.kind);
    if (!kind || !(kind->role & role) || kind->once) { /* what is used up has a call of its own */
        return op_fail_field(op, WW_EUNSUPPORTED, "proof_unsupported", "kind", "%s",
                             !kind                ? "this version knows no such kind of proof"
                             : role == ROLE_LOGIN ? "a proof of this kind signs nobody in by itself"
                                                  : "a proof of this kind is no further step");
    }
    /* By number from the table of kinds: a new factor needs no line here. */
    *out = (struct cred_proof){.kind = kind->kind};
    *identifier = in.identifier;
    return api_password(op, in.password, in.password_length, &out->typed);
}

enum ww_err ww_authenticate(struct ww_op *op, const struct ww_proof *proof, struct ww_session **session)
{
    API_CALL(op);
    struct cred_proof in;
    struct account_sign_in who = {.proofs = &in, .count = 1, .carrier = SESSION_TOKEN};
    struct session *made;
    struct ww_session *room;
    *session = NULL;
    enum ww_err err = read_proof(op, proof, ROLE_LOGIN, &who.identifier, &in);
    if (err || (err = api_text(op, who.identifier, "identifier")) || (err = api_session_room(op, &room)) ||
        (err = account_sign_in(op, service_of(op), &who, &made))) {
        return err;
    }
    api_session_give(op, room, made, session);
    /* An error and a session at once: the caller goes on with ww_step_up, and who does not look at the
     * error has a session whose vault stays closed. */
    return api_is_pending(made)
               ? op_fail(op, WW_EAAL, "session_aal2_required", "a second factor is needed first")
               : WW_OK;
}

/* A native session keeps its token, so the handle that the caller has is the finished session. */
enum ww_err ww_step_up(struct ww_op *op, struct ww_session *session, const struct ww_proof *proof)
{
    API_CALL(op);
    struct cred_proof in;
    /* Without an identifier: a step-up is of the account that the session is of, whatever is typed. */
    struct account_sign_in who = {.proofs = &in, .count = 1, .session = api_session(op, session)};
    struct session *raised;
    const char *identifier; /* whose it is, the session says */
    enum ww_err err = read_proof(op, proof, ROLE_SECOND, &identifier, &in);
    /* A cookie stays a cookie; its token is renewed by the use case (fixation). */
    who.carrier = who.session->carrier;
    if (err || (err = account_sign_in(op, service_of(op), &who, &raised))) {
        return err;
    }
    session->session = raised;
    return WW_OK;
}

/* ---- what they change ---- */

enum ww_err ww_password_check(struct ww_op *op, struct ww_session *session, const char *password,
                              size_t password_length)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct bytes typed;
    enum ww_err err = api_password(op, password, password_length, &typed);
    return err ? err : account_check_password(op, service_of(op), x, typed);
}

enum ww_err ww_password_change(struct ww_op *op, struct ww_session *session, const char *password,
                               size_t password_length)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct account_refusal why = {0};
    struct bytes typed;
    enum ww_err err = api_password(op, password, password_length, &typed);
    return err ? err : api_refused(op, account_change_password(op, service_of(op), x, typed, &why), &why);
}

enum ww_err ww_traits_change(struct ww_op *op, struct ww_session *session, const char *traits)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct account_refusal why = {0};
    struct js *parsed;
    enum ww_err err = read_traits(op, traits, &parsed);
    return err ? err : api_refused(op, account_change_traits(op, service_of(op), x, parsed, &why), &why);
}

enum ww_err ww_account_delete(struct ww_op *op, struct ww_session *session, const char *confirm)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    enum ww_err err = api_text(op, confirm, "confirm");
    return err ? err : account_delete(op, service_of(op), x, confirm);
}

enum ww_err ww_identity(struct ww_op *op, struct ww_session *session, const char **json)
{
    API_CALL(op);
    return api_json(op,
                    identity_json(op, api_session(op, session)->record, service_of(op)->schemas,
                                  api_public_url(op->ww), IDENTITY_PUBLIC),
                    json);
}

static struct ww_event event_of(const struct account_event *e)
{
    return (struct ww_event){.size = sizeof(struct ww_event),
                             .id = e->id,
                             .time = e->time,
                             .event = e->event ? e->event : "",
                             .method = e->method,
                             .address = e->address,
                             .user_agent = e->user_agent,
                             .location = e->location,
                             .this_session = e->this_session};
}

/* Only the account of the session: there is no call that gives somebody else's. */
enum ww_err ww_account_history(struct ww_op *op, struct ww_session *session, struct ww_page *page,
                               const struct ww_event *const **events)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct account_event *list;
    struct ww_page p;
    *events = NULL;
    enum ww_err err = api_page_read(op, page, &p);
    if (err || (err = account_history(op, service_of(op), x, p.limit, p.token, &list, &p.count, &p.next))) {
        return err;
    }
    const struct ww_event **out = ARENA_ARRAY(&op->arena, p.count, const struct ww_event *);
    struct ww_event *all = ARENA_ARRAY(&op->arena, p.count, struct ww_event);
    if (!out || !all) {
        return op_no_memory(op);
    }
    for (size_t i = 0; i < p.count; i++) {
        all[i] = event_of(&list[i]);
        out[i] = &all[i];
    }
    *events = out;
    api_give(page, &p);
    return WW_OK;
}

/* ---- what a browser remembers ---- */

const char *ww_device(struct ww_op *op)
{
    API_CALL(op);
    const char *text;
    bool made = op->device && store_device_seal(op, service_of(op)->store, op->device, &text) == WW_OK;
    return made ? text : NULL;
}

enum ww_err ww_device_show(struct ww_op *op, const char *device)
{
    API_CALL(op);
    enum { DEVICE_MOST = 256 };
    op->client.device = "";
    if (!device || strnlen(device, DEVICE_MOST + 1) > DEVICE_MOST) {
        return WW_OK;
    }
    const char *copy = arena_strdup(&op->arena, device);
    op->client.device = copy ? copy : "";
    return copy ? WW_OK : op_no_memory(op);
}
