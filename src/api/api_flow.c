/* Self-service flows: passed through (include/watchword/flow.h). */
#include "api_int.h"

#include "flow_answer.h"
#include "flow_csrf.h"
#include "flow_wait.h"
#include "watchword/flow.h"

enum ww_err ww_flow_answer(struct ww_op *op, enum ww_flow_action action, const struct ww_flow_request *in,
                           struct ww_flow_answer *out)
{
    API_CALL(op);
    struct ww_flow_request request;
    struct ww_flow_answer answer;
    enum ww_err err = API_TAKE(op, ww_flow_request, in, &request);
    if (err || (err = api_check_size(op, "ww_flow_answer", out))) {
        return err;
    }
    /* The answer is filled in whatever the error is: there is always something to send. */
    err = flow_answer(op, service_of(op), action, &request, &answer);
    api_give(out, &answer);
    return err;
}

/* Made of the public address, so that the name is the same on every node (kratos.md §2.5). */
const char *ww_csrf_cookie_name(struct ww_op *op)
{
    API_CALL(op);
    char *url = flow_public_url(&op->arena, service_of(op)->config);
    return url ? flow_csrf_cookie_name(&op->arena, url) : NULL;
}

const char *ww_csrf_cookie_new(struct ww_op *op)
{
    API_CALL(op);
    return flow_csrf_cookie_new(op);
}

const char *ww_csrf_token(struct ww_op *op, const char *cookie)
{
    API_CALL(op);
    return flow_csrf_mask(op, cookie);
}

bool ww_csrf_matches(struct ww_op *op, const char *cookie, const char *token)
{
    API_CALL(op);
    return flow_csrf_matches(&op->arena, cookie, token);
}

/* ---- what people sign in with ---- */

/* What a sign-in page calls the field: an address, a number, or simply a name. */
static const char *kind_of(const struct schema_trait *t)
{
    const struct js *items = js_get(t->schema, "items");
    const char *format = t->format ? t->format : js_get_text(items, "format");
    if (t->marks & (MARK_CODE_SMS | MARK_VERIFY_SMS | MARK_RECOVER_SMS)) {
        return "phone";
    }
    return format && strcmp(format, "email") == 0 ? "email"
           : format && strcmp(format, "tel") == 0 ? "phone"
                                                  : "name";
}

/* Of the default schema, for pages that draw a sign-in before anybody is known; it tells nothing of any
 * account. */
struct js *ww_sign_in_traits(struct ww_op *op)
{
    API_CALL(op);
    struct js *list = js_array(&op->arena);
    for (const struct schema_trait *t = schema_default(service_of(op)->schemas)->traits; t; t = t->next) {
        /* Other traits are nobody's business before a sign-in. */
        if (t->marks & MARK_PASSWORD_IDENTIFIER) {
            struct js *o = js_object(&op->arena);
            js_put(&op->arena, o, "name",
                   js_text(&op->arena, arena_printf(&op->arena, "traits.%s", t->path)));
            js_put(&op->arena, o, "kind", js_text(&op->arena, kind_of(t)));
            js_push(list, o);
        }
    }
    return js_whole(list) ? list : NULL;
}

/* Not written and read again: our own pages show a name of it, on each page. */
const struct js *ww_session_traits(struct ww_op *op, const struct ww_session *session)
{
    API_CALL(op);
    return api_session(op, session)->record->identity.traits;
}

/* As typed, for a page that shows their owner what to sign in with; the compared forms stay inside. */
enum ww_err ww_sign_in_names(struct ww_op *op, const struct ww_session *session, const char *const **names,
                             size_t *count)
{
    API_CALL(op);
    const char **found = NULL;
    enum ww_err err = identity_identifiers(op, api_session(op, session)->record, &found, count);
    *names = found;
    return err;
}

/* ---- what somebody typed ---- */

static const struct uuid *account_of(const struct ww_op *op, const struct ww_session *session)
{
    return &api_session(op, session)->record->uuid;
}

/* Sealed under the server key: a page may hold it, and nobody else can make one. */
const char *ww_typed_ticket(struct ww_op *op, const struct ww_session *session)
{
    API_CALL(op);
    return flow_typed_ticket(op, service_of(op), account_of(op, session));
}

/* Of this account only: a ticket from another person's page is no proof. */
bool ww_typed_ticket_matches(struct ww_op *op, const struct ww_session *session, const char *ticket)
{
    API_CALL(op);
    struct uuid account;
    return flow_typed_ticket_open(op, service_of(op), ticket, &account) == WW_OK &&
           uuid_equal(account, *account_of(op, session));
}

enum ww_err ww_typed_keep(struct ww_op *op, const char *ticket, const char *text, size_t length,
                          const char **cookie)
{
    API_CALL(op);
    char *made = NULL;
    enum ww_err err = flow_typed_keep(op, service_of(op), ticket, BYTES(text, length), &made);
    *cookie = made;
    return err;
}

/* Once: a second call, and a second tab, finds nothing. */
enum ww_err ww_typed_take(struct ww_op *op, struct ww_session *session, const char *cookie, const char **text,
                          size_t *length)
{
    API_CALL(op);
    struct bytes typed = {0};
    enum ww_err err = flow_typed_take(op, service_of(op), account_of(op, session), cookie, &typed);
    *text = (const char *)typed.p;
    *length = typed.n;
    return err;
}
