/* Recovery codes, epochs and re-key (vault.md §§7, 8, 10) for callers. */
#include "api_int.h"

#include "cred_recovery.h"
#include "watchword/flow.h"

enum ww_err ww_codes_state(struct ww_op *op, struct ww_session *session, struct ww_codes_state *out)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    /* How many and since when; which they are is nowhere to be read. */
    struct ww_codes_state state = {.size = sizeof state};
    enum ww_err err = api_check_size(op, "ww_codes_state", out);
    if (!err) {
        state.left = account_codes_left(x, &state.made_at);
        api_give(out, &state);
    }
    return err;
}

/* Texts that are gone with the operation: nothing keeps a code that was shown. */
static void give_codes(enum ww_err err, const char *const *made, const char *const **codes, size_t *count)
{
    *codes = err ? NULL : made;
    *count = err ? 0 : RECOVERY_CODES;
}

enum ww_err ww_codes_make(struct ww_op *op, struct ww_session *session, const char *const **codes,
                          size_t *count)
{
    API_CALL(op);
    const char **made;
    enum ww_err err = account_codes_make(op, service_of(op), api_session(op, session), &made);
    give_codes(err, made, codes, count);
    return err;
}

enum ww_err ww_codes_revoke(struct ww_op *op, struct ww_session *session)
{
    API_CALL(op);
    return account_codes_revoke(op, service_of(op), api_session(op, session));
}

enum ww_err ww_recover(struct ww_op *op, const struct ww_recovery *recovery, struct ww_session **session,
                       const char **new_code)
{
    API_CALL(op);
    struct ww_recovery from;
    struct account_recovery in = {0};
    struct account_refusal why = {0};
    struct session *made;
    struct ww_session *room;
    *session = NULL;
    *new_code = NULL;
    enum ww_err err = API_TAKE(op, ww_recovery, recovery, &from);
    if (err || (err = api_text(op, from.identifier, "identifier")) ||
        (err = api_text(op, from.code, "code")) ||
        (err = api_password(op, from.password, from.password_length, &in.password)) ||
        (err = api_session_room(op, &room))) {
        return err;
    }
    in.identifier = from.identifier;
    in.code = bytes_str(from.code);
    /* What the new session is for: a browser's token is renewed at later proofs, a native client keeps its
     * own. */
    in.carrier = from.cookie ? SESSION_COOKIE : SESSION_TOKEN;
    if ((err = account_recover(op, service_of(op), &in, &why, &made, new_code))) {
        return api_refused(op, err, &why);
    }
    api_session_give(op, room, made, session);
    return WW_OK;
}

enum ww_err ww_unlock(struct ww_op *op, struct ww_session *session, const struct ww_opener *opener,
                      struct ww_session **opened, const char **new_code)
{
    API_CALL(op);
    struct session *made, *x = api_session(op, session);
    struct ww_session *room;
    struct ww_opener from;
    struct bytes typed;
    *opened = NULL;
    *new_code = NULL;
    enum ww_err err = API_TAKE(op, ww_opener, opener, &from);
    if (err) {
        return err;
    }
    /* A code where one is given, else the old password; both at once is no case, since one is enough. */
    typed = bytes_str(from.code ? from.code : "");
    if ((!from.code && (err = api_password(op, from.password, from.password_length, &typed))) ||
        (err = api_session_room(op, &room)) ||
        (err = account_unlock(op, service_of(op), x, from.code ? CRED_RECOVERY : CRED_PASSWORD, typed, &made,
                              new_code))) {
        return err;
    }
    api_session_give(op, room, made, opened);
    return WW_OK;
}

/* The number as the record has it after the commit. */
enum ww_err ww_epoch_start(struct ww_op *op, struct ww_session *session, uint32_t *epoch)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    enum ww_err err = account_epoch_start(op, service_of(op), x);
    *epoch = err ? 0 : x->record->epoch;
    return err;
}

enum ww_err ww_rekey(struct ww_op *op, struct ww_session *session, const char *password,
                     size_t password_length, struct ww_session **renewed, const char *const **codes,
                     size_t *count)
{
    API_CALL(op);
    struct session *made, *x = api_session(op, session);
    struct ww_session *room;
    const char **texts;
    struct bytes typed;
    *renewed = NULL;
    /* Set first, so that no way out leaves the caller's variables as they were. */
    give_codes(WW_EINTERNAL, NULL, codes, count);
    /* Asked for again although the session is recent: re-key makes all else worthless, and must be its
     * owner's wish. */
    enum ww_err err = api_password(op, password, password_length, &typed);
    if (err || (err = api_session_room(op, &room)) ||
        (err = account_rekey(op, service_of(op), x, typed, &made, &texts))) {
        return err;
    }
    api_session_give(op, room, made, renewed);
    give_codes(WW_OK, texts, codes, count);
    return WW_OK;
}

enum ww_err ww_session_json(struct ww_op *op, struct ww_session *session, const char **json)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct js *identity =
        identity_json(op, x->record, service_of(op)->schemas, api_public_url(op->ww), IDENTITY_PUBLIC);
    *json = NULL;
    return identity ? api_json(op, session_json(op, x, identity), json) : op_no_memory(op);
}
