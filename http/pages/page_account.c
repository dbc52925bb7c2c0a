/* Devices, activity, closing the account, signing out. */
#include <string.h>

#include "page.h"

static const char *device_of(struct page *p, const char *user_agent)
{
    const char *device = words_device(p->a, user_agent);
    return device ? device : page_text(p, "device.unknown");
}

/* ---- devices ---- */

enum { DEVICES_MOST = 1000 };

/* As the client said it at its sign-in: a hint for its owner, and no proof. */
static struct js *device_row(struct page *p, const struct ww_session_info *session)
{
    struct js *row = js_object(p->a);
    js_put(p->a, row, "device", js_text(p->a, device_of(p, session->user_agent)));
    js_put(p->a, row, "place", js_text(p->a, words_place(p->a, session->location, session->address)));
    js_put(p->a, row, "time", words_time_us(p->a, session->last_seen, op_now(p->c->op)));
    struct js *since = words_time_us(p->a, session->authenticated, op_now(p->c->op));
    js_put(p->a, row, "since", since);
    js_put(p->a, row, "id", js_text(p->a, session->id));
    js_put(p->a, row, "this", js_bool(p->a, session->this_session));
    /* One's own is ended by signing out. */
    if (!session->this_session) {
        char *rest = arena_printf(p->a, "sessions/%s/end", session->id);
        struct js *end = js_put(p->a, row, "end", js_object(p->a));
        js_put(p->a, end, "action", js_text(p->a, page_path(p, rest ? rest : "")));
    }
    return row;
}

/* The session of this browser stands first, so that nobody ends their own by mistake. */
void handle_page_devices(struct route_call *c)
{
    struct page p;
    struct ww_page part = {.size = sizeof part, .limit = DEVICES_MOST};
    const struct ww_session_info *const *sessions;
    if (!page_open_account(&p, c, SECTION_DEVICES, "devices.title")) {
        return;
    }
    enum ww_err err = ww_session_list(c->op, c->session, &part, &sessions);
    if (err) {
        page_refused(&p, err);
        return;
    }
    struct js *list = js_put(p.a, p.model, "devices", js_array(p.a));
    for (size_t i = 0; i < part.count; i++) {
        js_push(list, device_row(&p, sessions[i]));
    }
    page_put_text(&p, "intro", page_text(&p, "devices.intro"));
    if (part.count > 1) {
        struct js *form = page_form(&p, "sessions/end-others");
        view_button(p.a, form, page_text(&p, "devices.end_others"));
        view_add_form(p.a, p.model, form);
    }
    page_show(&p, 200, "devices.html");
}

/* By the id of a session, which is no secret and works for its own account alone. */
void handle_page_device_end(struct route_call *c)
{
    struct page p;
    if (!page_open_sent(&p, c, SECTION_DEVICES, "devices.title")) {
        return;
    }
    enum ww_err err = ww_session_end_other(c->op, c->session, c->id);
    /* Somebody else's session, and one that has ended, are answered alike: nothing to end. */
    if (err && err != WW_ENOTFOUND) {
        page_refused(&p, err);
    } else {
        page_done(&p, "devices", "ended");
    }
}

void handle_page_devices_end(struct route_call *c)
{
    struct page p;
    if (!page_open_sent(&p, c, SECTION_DEVICES, "devices.title")) {
        return;
    }
    enum ww_err err = ww_session_end_others(c->op, c->session, NULL);
    if (err) {
        page_refused(&p, err);
    } else {
        page_done(&p, "devices", "others_ended");
    }
}

/* ---- activity ---- */

enum { ACTIVITY_PAGE = 25 };

/* When, what, from where: in words of the catalogue, nothing of it typed by anybody but the client. */
static struct js *event_row(struct page *p, const struct ww_event *event)
{
    struct js *row = js_object(p->a);
    char *key = arena_printf(p->a, "event.%s", event->event);
    const char *what = key ? catalogue_find(bytes_str(key)) : NULL;
    /* An event of a later version is shown by its own name rather than left out. */
    js_put(p->a, row, "what", js_text(p->a, what ? what : event->event));
    js_put(p->a, row, "warn", js_bool(p->a, strcmp(event->event, "login.failed") == 0));
    js_put(p->a, row, "this", js_bool(p->a, event->this_session));
    js_put(p->a, row, "time", words_time_us(p->a, event->time, op_now(p->c->op)));
    js_put(p->a, row, "device", js_text(p->a, device_of(p, event->user_agent)));
    js_put(p->a, row, "place", js_text(p->a, words_place(p->a, event->location, event->address)));
    return row;
}

/* The command line signs in for one command and out at once: its sign-in is the row that tells of it. It has
 * no address, so what comes over the network cannot pass for it. */
static bool is_worth_a_row(const struct ww_event *event)
{
    return event->address || !event->user_agent || strcmp(event->user_agent, WORDS_COMMAND_LINE) != 0 ||
           strcmp(event->event, "session.ended") != 0;
}

/* Newest first; older pages by a token that names a place in one's own history. */
void handle_page_activity(struct route_call *c)
{
    struct page p;
    struct ww_page part = {.size = sizeof part, .limit = ACTIVITY_PAGE};
    const struct ww_event *const *history;
    if (!page_open_account(&p, c, SECTION_ACTIVITY, "activity.title")) {
        return;
    }
    part.token = page_query(&p, "from");
    enum ww_err err = ww_account_history(c->op, c->session, &part, &history);
    if (err) {
        page_refused(&p, err);
        return;
    }
    struct js *events = js_put(p.a, p.model, "events", js_object(p.a));
    struct js *list = js_put(p.a, events, "list", js_array(p.a));
    js_put(p.a, events, "first", js_bool(p.a, part.count > 0));
    for (size_t i = 0; i < part.count; i++) {
        if (is_worth_a_row(history[i])) {
            js_push(list, event_row(&p, history[i]));
        }
    }
    if (part.next) {
        struct js *more = js_put(p.a, p.model, "more", js_object(p.a));
        js_put(p.a, more, "href",
               js_text(p.a, arena_printf(p.a, "%s?from=%s", page_path(&p, "activity"), part.next)));
    }
    page_put_text(&p, "intro", page_text(&p, "activity.intro"));
    page_show(&p, 200, "activity.html");
}

/* ---- closing the account ---- */

static void add_gone(struct page *p, const char *text)
{
    struct js *gone = js_get(p->model, "gone"), *o = js_object(p->a);
    if (!gone) {
        gone = js_put(p->a, p->model, "gone", js_object(p->a));
        js_put(p->a, gone, "lines", js_array(p->a));
    }
    js_put(p->a, o, "text", js_text(p->a, text));
    js_push(js_get(gone, "lines"), o);
}

/* In numbers: who is about to close sees what will be gone. */
static void say_what_goes(struct page *p)
{
    struct ww_vault_state vault = {.size = sizeof vault};
    page_say(p, page_text(p, "close.intro"));
    if (ww_vault_state(p->c->op, p->c->session, &vault) == WW_OK && vault.items > 0) {
        add_gone(p, catalogue_count(p->a, "close.items", vault.items));
    }
    add_gone(p, page_text(p, "close.profile"));
    add_gone(p, page_text(p, "close.activity"));
    add_gone(p, page_text(p, "close.devices"));
}

/* A name has to be typed: a click alone closes nothing. */
static void show_close(struct page *p, int status, const char *typed, const char *error)
{
    struct js *form = page_form(p, "account/delete");
    struct js *field = view_input(p->a, form, "confirm", page_text(p, "close.confirm"), "text", typed);
    say_what_goes(p);
    view_hint(p->a, field, page_text_with(p, "close.confirm_hint", "name", page_sign_in_name(p)));
    view_flag(p->a, field, "plain");
    view_flag(p->a, field, "required");
    js_put(p->a, field, "autocomplete", js_text(p->a, "off"));
    view_flag(p->a, view_button(p->a, form, page_text(p, "close.button")), "danger");
    view_cancel(p->a, form, page_path(p, ""), page_text(p, "cancel"));
    if (error) {
        view_error(p->a, p->model, field, error);
    }
    view_add_form(p->a, p->model, form);
    page_show(p, status, "confirm.html");
}

void handle_page_close(struct route_call *c)
{
    struct page p;
    if (!page_open_account(&p, c, SECTION_CLOSE, "close.title")) {
        return;
    }
    /* Asked before the form is shown, so that nobody types the name in vain; ww_account_delete asks again. */
    if (!ww_session_recent(c->op, c->session)) {
        page_sign_in_first(&p, true, page_url(&p, "close"));
        return;
    }
    show_close(&p, 200, "", NULL);
}

/* What was typed wrong is shown again with its mistake. */
void handle_page_closing(struct route_call *c)
{
    struct page p;
    if (!page_open_sent(&p, c, SECTION_CLOSE, "close.title")) {
        return;
    }
    const char *typed = page_sent(&p, "confirm");
    if (!typed[0]) {
        show_close(&p, 422, "", page_text(&p, "close.missing"));
        return;
    }
    enum ww_err err = ww_account_delete(c->op, c->session, typed);
    if (err == WW_EREAUTH) {
        page_sign_in_first(&p, true, page_url(&p, "close"));
    } else if (err == WW_EINVAL) {
        show_close(&p, 422, typed, page_text_with(&p, "close.wrong", "name", page_sign_in_name(&p)));
    } else if (err) {
        page_refused(&p, err);
    } else {
        site_end_session_cookie(c->site, c->r, c->arena);
        page_done(&p, "closed", "closed");
    }
}

/* Only who has just closed an account is told so. */
void handle_page_closed(struct route_call *c)
{
    struct page p;
    if (!page_open(&p, c, "closed.title")) {
        return;
    }
    if (strcmp(page_said(&p), "closed") != 0) {
        page_done(&p, "", NULL);
        return;
    }
    page_say(&p, page_text(&p, "closed.text"));
    page_next(&p, arena_printf(p.a, "%sself-service/registration/browser", p.site->root), "closed.again");
    page_show(&p, 200, "message.html");
}

/* ---- signing out ---- */

/* Who comes by a link is asked; the button of the account area sends the form at once. */
void handle_page_sign_out(struct route_call *c)
{
    struct page p;
    if (!page_open_account(&p, c, SECTION_NONE, "sign_out.title")) {
        return;
    }
    struct js *form = page_form(&p, "sign-out");
    view_button(p.a, form, page_text(&p, "sign_out"));
    view_cancel(p.a, form, page_path(&p, ""), page_text(&p, "sign_out.stay"));
    view_add_form(p.a, p.model, form);
    page_say(&p, page_text(&p, "sign_out.text"));
    page_show(&p, 200, "confirm.html");
}

/* With a new anti-CSRF cookie, as the flow of signing out gives one: whoever uses the browser next starts
 * anew. */
void handle_page_signing_out(struct route_call *c)
{
    struct page p;
    const struct ww_flow_answer out = {
        .size = sizeof out,
        .end_session = true,
        .renew_csrf = true,
        .clear_browser_data = ww_setting_bool(c->site->ww, "selfservice.flows.logout.clear_browser_data")};
    if (!page_open(&p, c, "sign_out.title")) {
        return;
    }
    /* Signed out already: nothing is left that a token would have to protect. */
    bool nobody = page_session(&p) == WW_EDENIED;
    if (nobody && !p.pending) {
        page_go(&p, page_url(&p, "signed-out"));
        return;
    }
    if (nobody && c->csrf_refused) {
        handle_csrf_refused(c, c->csrf_token_sent);
        return;
    }
    if (!nobody && !page_open_sent(&p, c, SECTION_NONE, "sign_out.title")) {
        return;
    }
    enum ww_err err = ww_session_end(c->op, nobody ? p.pending : c->session);
    if (err && err != WW_EDENIED) {
        page_refused(&p, err);
        return;
    }
    handle_flow_cookies(c, &out);
    page_go(&p, page_url(&p, "signed-out"));
}

void handle_page_signed_out(struct route_call *c)
{
    struct page p;
    if (!page_open(&p, c, "signed_out.title")) {
        return;
    }
    /* Nobody is told that they are signed out while they are not. */
    if (page_session(&p) != WW_EDENIED || p.pending) {
        page_done(&p, "", NULL);
        return;
    }
    page_say(&p, page_text(&p, "signed_out.text"));
    page_next(&p, arena_printf(p.a, "%sself-service/login/browser", p.site->root), "signed_out.again");
    page_show(&p, 200, "message.html");
}
