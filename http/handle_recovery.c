/* Getting back in, and the vault's keys (own-api.md, "Getting back in, and the vault's keys"). */
#include <string.h>

#include "handlers.h"
#include "http_error.h"
#include "own_parts.h"
#include "timefmt.h"

/* Bytes. A password may shrink by normalisation to the 1,024 that vault.md §7 allows; a code has 28
 * symbols, and people write blanks and dashes between them. */
enum { IDENTIFIER_MOST = 1024, CODE_MOST = 128, PASSWORD_MOST = 4096 };

struct js *own_texts_json(struct arena *a, const char *const *texts, size_t n)
{
    struct js *list = js_array(a);
    for (size_t i = 0; i < n; i++) {
        js_push(list, js_text(a, texts[i]));
    }
    return list;
}

/* A member of the body that must be text of at most `most` bytes. */
static bool read_member(struct route_call *c, const struct js *body, const char *name, size_t most,
                        const char **out)
{
    *out = js_get_text(body, name);
    if (*out && **out && strlen(*out) <= most) {
        return true;
    }
    own_refuse(c, "field_invalid", name,
               arena_printf(c->arena, "%s must be text of 1 to %zu bytes", name, most));
    return false;
}

/* The new session goes where the one that asks came from, or where the body says. */
void own_give_session(struct route_call *c, struct js *body, struct ww_session *session, bool cookie)
{
    const char *token = ww_session_token(c->op, session);
    const struct ww_session_info *info = ww_session_info(c->op, session);
    if (!cookie) {
        js_put(c->arena, body, "session_token", js_text(c->arena, token));
    } else if (info) {
        site_set_session_cookie(c->site, c->r, c->op, token, (info->expires - info->issued) / SECOND_US);
    }
}

/* 400, not 401: who asks is signed in; it is the password in the body that is wrong, and clients sign out at
 * a 401. */
void own_answer_wrong(struct route_call *c, enum ww_err err)
{
    bool wrong = err == WW_EDENIED && strcmp(ww_op_problem(c->op)->id, "wrong_credentials") == 0;
    answer_problem(c, wrong ? WW_EINVAL : err);
}

/* ---- codes ---- */

/* How many and since when: the codes themselves are nowhere to be asked for. */
void handle_codes_state(struct route_call *c)
{
    struct ww_codes_state state = {.size = sizeof state};
    struct js *o = js_object(c->arena);
    enum ww_err err = ww_codes_state(c->op, c->session, &state);
    if (err) {
        answer_problem(c, err);
        return;
    }
    js_put(c->arena, o, "left", js_int(c->arena, (int64_t)state.left));
    js_put(c->arena, o, "made_at",
           state.left ? js_text(c->arena, timefmt_rfc3339(c->arena, state.made_at)) : js_null(c->arena));
    own_answer_json(c, 200, o);
}

/* The answer is the only place where they ever stand: no-store keeps it out of caches. */
void handle_codes_make(struct route_call *c)
{
    const char *const *codes;
    size_t n;
    struct js *o = js_object(c->arena);
    enum ww_err err = ww_codes_make(c->op, c->session, &codes, &n);
    if (err) {
        answer_problem(c, err);
        return;
    }
    js_put(c->arena, o, "codes", own_texts_json(c->arena, codes, n));
    own_answer_json(c, 201, o);
}

void handle_codes_revoke(struct route_call *c)
{
    enum ww_err err = ww_codes_revoke(c->op, c->session);
    if (err) {
        answer_problem(c, err);
        return;
    }
    http_answer(c->r, 204, NULL, 0);
}

/* A page of somebody else's must not sign a browser in: who wants a cookie must come from us. */
static bool read_carrier(struct route_call *c, const struct js *body, bool *cookie)
{
    const char *carrier;
    if (!read_member(c, body, "carrier", 6, &carrier)) {
        return false;
    }
    *cookie = strcmp(carrier, "cookie") == 0;
    if (!*cookie && strcmp(carrier, "token") != 0) {
        own_refuse(c, "field_invalid", "carrier", "carrier must be \"token\" or \"cookie\"");
        return false;
    }
    /* NEED_ORIGIN cannot see to it: there is no session, and the body says what carries the new one. */
    if (*cookie && !site_origin_is_ours(c->site, c->r)) {
        http_error_answer(c->r, (struct js_error){.status = 403,
                                                  .id = "security_csrf_violation",
                                                  .reason = "This must come from our own pages."});
        return false;
    }
    return true;
}

/* Without a session: the code is who somebody is. A cookie is set only for a form of ours. */
void handle_recover(struct route_call *c)
{
    static const char *const members[] = {"identifier", "code", "password", "carrier", NULL};
    struct ww_recovery in = {.size = sizeof in};
    struct ww_session *session;
    const char *new_code, *json;
    struct js *body, *shown, *o = js_object(c->arena);
    if (!own_read_object(c, members, &body) ||
        !read_member(c, body, "identifier", IDENTIFIER_MOST, &in.identifier) ||
        !read_member(c, body, "code", CODE_MOST, &in.code) ||
        !read_member(c, body, "password", PASSWORD_MOST, &in.password) ||
        !read_carrier(c, body, &in.cookie)) {
        return;
    }
    in.password_length = strlen(in.password);
    enum ww_err err = ww_recover(c->op, &in, &session, &new_code);
    if (err || (err = ww_session_json(c->op, session, &json)) ||
        (err = js_read_own(c->arena, bytes_str(json), &shown))) {
        answer_problem(c, err == WW_EDENIED ? WW_EINVAL
                                            : err); /* nobody is signed in that could be refused: 400 */
        return;
    }
    own_give_session(c, o, session, in.cookie);
    js_put(c->arena, o, "session", shown);
    js_put(c->arena, o, "new_code", js_text(c->arena, new_code));
    own_answer_json(c, 200, o);
}

/* Either the old password or a code, as the body names it. */
bool own_read_opener(struct route_call *c, struct ww_opener *out)
{
    static const char *const members[] = {"password", "code", NULL};
    struct js *body;
    if (!own_read_object(c, members, &body)) {
        return false;
    }
    /* Both would be two tries for the price of one. */
    if (js_get(body, "code") && js_get(body, "password")) {
        own_refuse(c, "field_invalid", "code", "either code or password is expected, not both");
        return false;
    }
    if (js_get(body, "code")) {
        return read_member(c, body, "code", CODE_MOST, &out->code);
    }
    if (!read_member(c, body, "password", PASSWORD_MOST, &out->password)) {
        return false;
    }
    out->password_length = strlen(out->password);
    return true;
}

/* A new token comes with the answer; the session that was locked has ended. */
void handle_unlock(struct route_call *c)
{
    struct ww_opener in = {.size = sizeof in};
    struct ww_session *opened;
    const char *new_code;
    struct js *o = js_object(c->arena);
    bool cookie;
    if (!own_read_opener(c, &in)) {
        return;
    }
    enum ww_err err = ww_unlock(c->op, c->session, &in, &opened, &new_code);
    if (err) {
        own_answer_wrong(c, err);
        return;
    }
    site_session_token(c->site, c->r, c->op, &cookie);
    js_put(c->arena, o, "state", js_text(c->arena, "open"));
    own_give_session(c, o, opened, cookie);
    if (new_code) {
        js_put(c->arena, o, "new_code", js_text(c->arena, new_code));
    }
    own_answer_json(c, 200, o);
}

/* ---- keys ---- */

void handle_epoch(struct route_call *c)
{
    uint32_t epoch;
    struct js *o = js_object(c->arena);
    enum ww_err err = ww_epoch_start(c->op, c->session, &epoch);
    if (err) {
        answer_problem(c, err);
        return;
    }
    js_put(c->arena, o, "epoch", js_int(c->arena, epoch));
    own_answer_json(c, 200, o);
}

/* The password is in the body although the session is recent: the new slot is made of it (vault.md §8). */
void handle_rekey(struct route_call *c)
{
    static const char *const members[] = {"password", NULL};
    struct ww_session *renewed;
    const char *const *codes, *password;
    struct js *body, *o = js_object(c->arena);
    bool cookie;
    size_t n;
    if (!own_read_object(c, members, &body) || !read_member(c, body, "password", PASSWORD_MOST, &password)) {
        return;
    }
    enum ww_err err = ww_rekey(c->op, c->session, password, strlen(password), &renewed, &codes, &n);
    if (err) {
        own_answer_wrong(c, err);
        return;
    }
    site_session_token(c->site, c->r, c->op, &cookie);
    own_give_session(c, o, renewed, cookie);
    js_put(c->arena, o, "codes", own_texts_json(c->arena, codes, n));
    own_answer_json(c, 200, o);
}

/* On the admin port. */
void handle_password_set(struct route_call *c)
{
    static const char *const members[] = {"password", NULL};
    const char *password;
    struct js *body;
    if (!own_read_object(c, members, &body) || !read_member(c, body, "password", PASSWORD_MOST, &password)) {
        return;
    }
    enum ww_err err = ww_admin_password_set(c->op, c->id, password, strlen(password));
    if (err) {
        answer_problem(c, err);
        return;
    }
    http_answer(c->r, 204, NULL, 0);
}
