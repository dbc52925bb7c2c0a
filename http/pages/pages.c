/* The pages' own routes: the root, assets, what is missing, and failures of others shown as pages. */
#include "pages.h"

#include <string.h>

#include "page.h"
#include "urlform.h"

/* As configured, else when a flow has no page of somebody else's. */
static bool are_wanted(struct ww *ww)
{
    static const char *const urls[] = {"selfservice.flows.login.ui_url",
                                       "selfservice.flows.registration.ui_url",
                                       "selfservice.flows.settings.ui_url", "selfservice.flows.error.ui_url"};
    bool wanted = false;
    if (ww_setting_is_set(ww, "watchword.pages.enabled")) {
        return ww_setting_bool(ww, "watchword.pages.enabled");
    }
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        wanted = wanted || !ww_setting(ww, urls[i])[0];
    }
    return wanted;
}

enum ww_err pages_open(struct site *site, const char **why)
{
    size_t n = ww_setting_count(site->ww, "selfservice.allowed_return_urls");
    const char *standard = ww_setting(site->ww, "selfservice.default_browser_return_url");
    const char **urls = ARENA_ARRAY(&site->arena, n + 1, const char *);
    struct page_site *made;
    *why = "out of memory";
    if (!urls) {
        return WW_ENOMEM;
    }
    if (!are_wanted(site->ww)) {
        return WW_OK;
    }
    for (size_t i = 0; i < n; i++) {
        urls[i] = ww_setting_at(site->ww, "selfservice.allowed_return_urls", i);
    }
    urls[n] = standard ? standard : "";
    struct page_site_options options = {.base_url = site->public_url,
                                        .brand = ww_setting(site->ww, "watchword.pages.brand"),
                                        .accent = ww_setting(site->ww, "watchword.pages.accent"),
                                        .return_urls = urls,
                                        .return_url_count = n + 1};
    enum ww_err err = page_site_make(&options, &made, why);
    if (err) {
        *why = arena_strdup(&site->arena, *why);
        page_site_free(made);
        return err;
    }
    site->pages = made;
    return WW_OK;
}

void pages_close(struct site *site)
{
    page_site_free(site->pages);
    site->pages = NULL;
}

/* Who names text/html is a browser that shows a page; a program that takes anything gets the wire format. */
static bool shows_pages(struct route_call *c)
{
    const char *accept = http_header(c->r, "Accept");
    return c->site->pages && accept && strstr(accept, "text/html");
}

bool pages_answer_failure(struct route_call *c, int status)
{
    struct page p;
    /* Refusals below are answered by the flow itself, on its error page. */
    if (!shows_pages(c) || status < 429) {
        return false;
    }
    if (page_open(&p, c, NULL)) {
        page_refused(&p, status == 429 ? WW_ETHROTTLED : status == 503 ? WW_EBUSY : WW_EINTERNAL);
    }
    return true;
}

bool pages_answer_missing(struct route_call *c)
{
    struct page p;
    bool shown = shows_pages(c) && (http_method(c->r) == HTTP_GET || http_method(c->r) == HTTP_HEAD);
    if (shown && page_open(&p, c, NULL)) {
        page_missing(&p);
    }
    return shown;
}

/* Where password managers send people (a well-known URL of the W3C). */
void handle_page_change_password(struct route_call *c)
{
    struct page p;
    if (page_open(&p, c, NULL)) {
        page_done(&p, "password", NULL);
    }
}

const char *pages_sent_url(struct route_call *c, const struct ww_flow_request *in, const char *location)
{
    const struct page_site *site = c->site->pages;
    char *page = site ? arena_printf(c->arena, "%sui/registration?flow=", site->base) : NULL;
    const char *screen = urlform_get(in->form, in->form_count, "screen");
    if (c->route->action != WW_REGISTRATION_SUBMIT || !page || strncmp(location, page, strlen(page)) != 0) {
        return location;
    }
    /* The two steps have an address each, for the browser's Back button. */
    const char *url = arena_printf(c->arena, "%s&step=%d", location, screen ? 1 : 2);
    return url ? url : location;
}

void pages_note_outcome(struct route_call *c, enum ww_flow_action action, const struct ww_flow_answer *out)
{
    const char *group, *said = action == WW_REGISTRATION_SUBMIT && out->set_session ? "registered" : NULL;
    const struct page_site *site = c->site->pages;
    if (!site || out->failed || !out->location) {
        return;
    }
    for (size_t i = 0; action == WW_SETTINGS_SUBMIT && (group = flow_view_group_at(i)); i++) {
        char *page = arena_printf(c->arena, "%sui/%s", site->base, group);
        if (page && strcmp(out->location, page) == 0) {
            said = group;
        }
    }
    if (said) {
        site_set_said_cookie(c->site, c->r, c->arena, said);
    }
}

void handle_page_root(struct route_call *c)
{
    struct page p;
    if (page_open(&p, c, NULL)) {
        page_done(&p, "", NULL);
    }
}

void handle_page_missing(struct route_call *c)
{
    struct page p;
    if (page_open(&p, c, NULL)) {
        page_missing(&p);
    }
}

/* The name holds a hash of the content, so it may be kept for ever. */
void handle_page_static(struct route_call *c)
{
    static const char folder[] = "static/";
    const struct page_site *site = c->site->pages;
    const char *name = c->id ? c->id : "";
    /* Compared with the two names that there are: no path is ever made of what was asked for. */
    bool style = site && strcmp(name, site->style_name + strlen(folder)) == 0;
    if (!site || (!style && strcmp(name, site->script_name + strlen(folder)) != 0)) {
        dispatch_not_found(c->r);
        return;
    }
    http_answer_header(c->r, "Cache-Control", "public, max-age=31536000, immutable");
    http_answer_header(c->r, "Cross-Origin-Resource-Policy", "same-origin");
    http_answer_header(c->r, "Content-Type",
                       style ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8");
    struct bytes content = style ? site->style : site->script;
    http_answer(c->r, 200, content.p, content.n);
}
