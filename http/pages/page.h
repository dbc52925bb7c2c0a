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
    const struct ww_pair *query, *form;
    size_t query_count, form_count;
};

/* The sections of the account area, as the bar of links has them. */
enum page_section {
    SECTION_NOTES,
    SECTION_PROFILE,
    SECTION_PASSWORD,
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

/* The first value of a parameter, or NULL. */
const char *page_query(const struct page *p, const char *name);
/* Of the form that was sent; "" when it is absent. */
const char *page_sent(const struct page *p, const char *name);

/* Marks another section than the page was opened with. */
void page_here(struct page *p, enum page_section section);
const char *page_text(struct page *p, const char *key);
void page_put_text(struct page *p, const char *key, const char *text);
/* Adds to the paragraphs of the page. */
void page_say(struct page *p, const char *text);
/* A link that looks like a button. */
void page_next(struct page *p, const char *href, const char *label_key);
/* "/ui/notes/…" under the path that we are served at. */
const char *page_path(struct page *p, const char *rest);
const char *page_url(struct page *p, const char *rest); /* the same, absolute */
/* The token for a form of our own. */
const char *page_csrf(struct page *p);

/* ---- the answer: exactly one of these ---- */
void page_show(struct page *p, int status, const char *template_name);
/* 303. */
void page_go(struct page *p, const char *url);
/* To a page of ours, which then tells what was done: a key of the catalogue behind "said.", or NULL. */
void page_done(struct page *p, const char *rest, const char *said);
void page_sign_in_first(struct page *p, bool again, const char *return_to);
/* What the library refused. */
void page_refused(struct page *p, enum ww_err err);
void page_missing(struct page *p);

/* ---- flows ---- */
/* Asks as a JSON client with this one parameter (NULL: none). The body as JSON, or NULL when there is none;
 * cookies of the answer are set. False: answered already. */
bool page_ask(struct page *p, enum ww_flow_action action, const char *name, const char *value,
              struct ww_flow_answer *out, struct js **body) WW_MUST;

#endif
