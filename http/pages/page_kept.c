/* What somebody typed into a form of ours, and could not save because their sign-in had ended or somebody
 * else had signed in meanwhile: it waits, sealed (vault.md §9), until they have signed in, and is then saved
 * or shown again. */
#include <string.h>

#include "note.h"

static const char ticket_name[] = "ticket";

/* Sealed for the account: with it alone a form may be kept for whoever has been signed out. */
void page_put_ticket(struct page *p, struct js *form)
{
    const char *ticket = ww_typed_ticket(p->c->op, p->c->session);
    if (ticket) {
        view_hidden(p->a, form, ticket_name, ticket);
    }
}

static const char *waiting_cookie(struct page *p)
{
    return site_cookie(p->c->r, p->a, site_continuity_cookie_name, BASE64_URL, SITE_CONTINUITY_BYTES);
}

/* Both the address and the cookie: a link to this page is no form that waits. */
bool page_is_waiting(struct page *p, const char *return_to)
{
    const char *url = page_url(p, "kept");
    return return_to && url && strcmp(return_to, url) == 0 && waiting_cookie(p);
}

/* ---- keeping ---- */

/* To the page that takes it, by way of signing in when nobody is. Refused tickets are answered as a failed
 * anti-CSRF check: the form came from nowhere that we know. */
static void keep(struct page *p, const char *ticket, const char *kind, struct js *typed)
{
    struct js *kept = js_object(p->a);
    const char *cookie;
    js_put(p->a, kept, kind, typed);
    char *text = js_write(p->a, kept);
    enum ww_err err = text ? ww_typed_keep(p->c->op, ticket, text, strlen(text), &cookie) : WW_ENOMEM;
    if (err == WW_EDENIED) {
        handle_csrf_refused(p->c, p->c->csrf_token_sent);
    } else if (err) {
        page_refused(p, err);
    } else {
        site_set_continuity_cookie(p->c->site, p->c->r, p->a, cookie);
        p->c->session ? page_go(p, page_url(p, "kept")) : page_sign_in_first(p, false, page_url(p, "kept"));
    }
}

/* Whether a form sent by this session comes from a page of its account. */
static bool is_theirs(struct page *p)
{
    const char *ticket = page_sent(p, ticket_name);
    /* A ticket that is sent decides alone: with one of another account, a good anti-CSRF token of this
     * browser does not save into the wrong one. */
    return ticket[0] ? ww_typed_ticket_matches(p->c->op, p->c->session, ticket) : !p->c->csrf_refused;
}

/* A form from a page of ours, by somebody who is signed in: the CSRF check came before. */
bool page_open_sent(struct page *p, struct route_call *c, enum page_section section, const char *title_key)
{
    if (!page_open(p, c, title_key)) {
        return false;
    }
    enum ww_err err = page_session(p);
    if (err == WW_EDENIED) {
        page_sign_in_first(p, false, NULL);
    } else if (err) {
        page_refused(p, err);
    } else if (!is_theirs(p)) {
        /* For what acts at once (ending, deleting): nothing is kept, since nobody wants that done later. */
        handle_csrf_refused(c, c->csrf_token_sent);
    } else {
        page_open_section(p, section);
        return true;
    }
    return false;
}

/* Signed out meanwhile: what was typed is kept, and shown after the sign-in. */
bool page_open_typed(struct page *p, enum page_section section, const char *kind,
                     struct js *(*typed)(struct page *p))
{
    const char *ticket = page_sent(p, ticket_name);
    enum ww_err err = page_session(p);
    if (err && err != WW_EDENIED) {
        page_refused(p, err);
        return false;
    }
    if (!err && is_theirs(p)) {
        page_open_section(p, section);
        return true;
    }
    if (ticket[0]) {
        keep(p, ticket, kind, typed(p));
    } else if (p->c->csrf_refused) {
        handle_csrf_refused(p->c, p->c->csrf_token_sent);
    } else {
        page_sign_in_first(p, false, NULL);
    }
    return false;
}

/* The fields of a settings form, but its secrets, in their order. */
static struct js *typed_fields(struct page *p)
{
    struct js *list = js_array(p->a);
    for (size_t i = 0; i < p->form_count; i++) {
        struct js *o = js_object(p->a);
        /* Passwords are not kept: they are typed again. */
        if (strncmp(p->form[i].name, "traits.", 7) == 0) {
            js_put(p->a, o, "name", js_text(p->a, p->form[i].name));
            js_put(p->a, o, "value", js_string(p->a, BYTES(p->form[i].value, p->form[i].length)));
            js_push(list, o);
        }
    }
    return list;
}

bool pages_keep_form(struct route_call *c, enum ww_flow_action action, const struct ww_flow_request *in)
{
    struct page p;
    const char *ticket = in->body == WW_BODY_FORM ? urlform_get(in->form, in->form_count, ticket_name) : NULL;
    const char *token = ticket ? urlform_get(in->form, in->form_count, "csrf_token") : NULL;
    if (action != WW_SETTINGS_SUBMIT || !ticket || !c->site->pages) {
        return false;
    }
    if (!page_open(&p, c, NULL)) {
        return true;
    }
    enum ww_err err = page_session(&p);
    bool same = !err && ww_typed_ticket_matches(c->op, c->session, ticket) && in->csrf_cookie_sent &&
                ww_csrf_matches(c->op, in->csrf_cookie, token);
    /* The flow takes it from here, and answers what the store could not say. */
    if (same || (err && err != WW_EDENIED)) {
        return false;
    }
    keep(&p, ticket, "profile", typed_fields(&p));
    return true;
}

/* ---- giving it back ---- */

static void show_nothing(struct page *p, const char *title, const char *text)
{
    page_put_text(p, "title", page_text(p, title));
    page_say(p, page_text(p, text));
    page_next(p, page_path(p, ""), "error.home");
    page_show(p, 404, "message.html");
}

/* It stays for its owner. */
static void show_foreign(struct page *p)
{
    page_open_section(p, SECTION_NONE);
    page_put_text(p, "title", page_text(p, "kept.other_title"));
    page_say(p, page_text(p, "kept.other_text"));
    page_show(p, 403, "confirm.html");
}

void handle_page_kept(struct route_call *c)
{
    struct page p;
    const char *text, *why;
    size_t n;
    struct js *kept;
    if (!page_open(&p, c, "kept.title")) {
        return;
    }
    enum ww_err err = page_session(&p);
    if (err == WW_EDENIED) {
        page_sign_in_first(&p, false, page_url(&p, "kept"));
        return;
    }
    if (!err) {
        err = ww_typed_take(c->op, c->session, waiting_cookie(&p), &text, &n);
    }
    if (err == WW_EDENIED) {
        show_foreign(&p);
    } else if (err == WW_ENOTFOUND) {
        show_nothing(&p, "kept.none_title", "kept.none_text");
    } else if (err || (err = js_read(p.a, BYTES(text, n), &kept, &why))) {
        page_refused(&p, err);
    } else {
        page_open_section(&p, SECTION_NOTES);
        /* Taken, and so over: the cookie goes before what it held is stored or shown. */
        site_set_continuity_cookie(c->site, c->r, p.a, "");
        js_get(kept, "note") ? note_store_kept(&p, js_get(kept, "note"))
                             : page_profile_typed(&p, js_get(kept, "profile"));
    }
}
