/* One page on its way: who asks, what was sent, and the model that a template shows. */
#ifndef PAGE_H
#define PAGE_H

#include "catalogue.h"
#include "flow_view.h"
#include "handlers.h"
#include "page_site.h"
#include "pages.h"
#include "urlform.h"
#include "words.h"

struct page {
    struct route_call *c;
    struct arena *a;
    const struct page_site *site;
    struct js *model;
    const char *person; /* of a session: what to call them */
    struct js *sign_in; /* [{name, kind}]: the traits that people sign in with */
    struct js *words;   /* {identifier, Identifier}: what those are called, for texts of the catalogue */
    const struct ww_pair *query, *form;
    const char *file_name; /* of a file that was sent, or NULL */
    struct bytes file;
    struct ww_session *pending; /* set by page_session: one that asks for a second factor first */
    size_t query_count, form_count;
};

/* The sections of the account area, as the bar of links has them. */
enum page_section {
    SECTION_NOTES,
    SECTION_SHARED,
    SECTION_PROFILE,
    SECTION_PASSWORD,
    SECTION_CODES,
    SECTION_SECURITY,
    SECTION_DEVICES,
    SECTION_ACTIVITY,
    SECTION_CLOSE,
    SECTION_NONE
};

/* For a page that anybody may see. False: answered already. */
bool page_open(struct page *p, struct route_call *c, const char *title_key) WW_MUST;
/* For a page of the account area: c->session and person are set. Whoever is not signed in is sent there. */
bool page_open_account(struct page *p, struct route_call *c, enum page_section section,
                       const char *title_key) WW_MUST;

/* The session of the request, if any: WW_EDENIED when nobody is signed in, or not all the way (p->pending).
 */
enum ww_err page_session(struct page *p) WW_MUST;
/* The rest of page_open_account, once there is a session. */
void page_open_section(struct page *p, enum page_section section);

/* ---- what is typed must not be lost (page_kept.c) ---- */
/* Opens the page that a form of page_form is sent to: it has the anti-CSRF token, or was made for this
 * account. False: answered. */
bool page_open_sent(struct page *p, struct route_call *c, enum page_section section,
                    const char *title_key) WW_MUST;
/* Adds the hidden field that such a form needs. */
void page_put_ticket(struct page *p, struct js *form);
/* Opens the page of a form with a ticket: in a section of whoever made it and is still signed in. False:
 * answered; else `kept`, one JSON member of what was typed, waits for its owner to sign in. */
bool page_open_typed(struct page *p, enum page_section section, const char *kind,
                     struct js *(*typed)(struct page *p)) WW_MUST;
/* The profile's form with these fields ([{name, value}]) filled in, to be saved (page_flow.c). */
void page_profile_typed(struct page *p, const struct js *fields);
/* Whether something waits for who signs in to come back to `return_to`. */
bool page_is_waiting(struct page *p, const char *return_to);

/* The first value of a parameter, or NULL. */
const char *page_query(const struct page *p, const char *name);
/* Of the form that was sent; "" when it is absent. */
const char *page_sent(const struct page *p, const char *name);

/* Marks another section than the page was opened with. */
void page_here(struct page *p, enum page_section section);
const char *page_text(struct page *p, const char *key);
/* The same with one more value. */
const char *page_text_with(struct page *p, const char *key, const char *name, const char *value);
/* Of the session: the first name that it signs in with; "" when there is none. */
const char *page_sign_in_name(struct page *p);
void page_put_text(struct page *p, const char *key, const char *text);
/* Adds to the paragraphs of the page. */
void page_say(struct page *p, const char *text);
/* A link that looks like a button. */
void page_next(struct page *p, const char *href, const char *label_key);
/* "/ui/notes/…" under the path that we are served at. */
const char *page_path(struct page *p, const char *rest);
const char *page_url(struct page *p, const char *rest); /* the same, absolute */
/* What there is to tell, not told yet; "" when there is nothing. */
const char *page_said(struct page *p);
/* "New here? Create an account" below the form: a link (key "href"), or a button that takes along what was
 * typed ("action"). */
void page_other(struct page *p, const char *ask, const char *link, const char *key, const char *url);
/* A form of our own for whoever is signed in: to "/ui/…", with all that proves where it comes from. */
struct js *page_form(struct page *p, const char *rest);
/* The token for a form of our own. */
const char *page_csrf(struct page *p);

/* ---- the answer: exactly one of these ---- */
void page_show(struct page *p, int status, const char *template_name);
/* 303. */
void page_go(struct page *p, const char *url);
/* To a page of ours, and the next page that is shown tells what was done: a key of the catalogue behind
 * "said.", or NULL. */
void page_done(struct page *p, const char *rest, const char *said);
/* Sets the cookie of a session that has just begun; the page goes on with it (page_recover.c). */
void page_signed_in(struct page *p, struct ww_session *session);
/* "Too many tries. Try again in 2 minutes.", and Retry-After. */
const char *page_throttled(struct page *p);
/* False: err says that the vault is closed to this session, and the page that says so was answered. */
bool page_is_open(struct page *p, enum ww_err err) WW_MUST;
/* Bytes that the browser stores and never shows as a page of ours. */
void page_give_file(struct page *p, const char *name, struct bytes value);
/* The page that shows these codes, this once (page_codes.c); before: title, done, and what there is to say.
 */
void page_show_codes(struct page *p, const char *const *codes, size_t n);
void page_sign_in_first(struct page *p, bool again, const char *return_to);
/* What the library refused. */
void page_refused(struct page *p, enum ww_err err);
void page_missing(struct page *p);

/* ---- flows ---- */
/* Asks as a JSON client with this one parameter (NULL: none). The body as JSON, or NULL when there is none;
 * cookies of the answer are set. False: answered already. */
bool page_ask(struct page *p, enum ww_flow_action action, const char *name, const char *value,
              struct ww_flow_answer *out, struct js **body) WW_MUST;
/* The same with several; those without a value are left out. */
bool page_ask_with(struct page *p, enum ww_flow_action action, const struct ww_pair *pairs, size_t n,
                   struct ww_flow_answer *out, struct js **body) WW_MUST;

#endif
