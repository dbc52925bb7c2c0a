/* What all pages share: who is there, the form that was sent, what the page tells, and how it is sent. */
#include "page.h"

#include <string.h>

#include "status.h"

#include "cookie.h"
#include "multipart.h"
#include "negotiate.h"

/* ---- opening ---- */

/* Values and file are parts of the request's body, not copies: they end with the request. */
static bool read_multipart(struct page *p, const char *type)
{
    struct multipart parts;
    size_t n = 0;
    const uint8_t *body = http_body(p->c->r, &n);
    bool read = multipart_read(p->a, type, BYTES(body, n), &parts) == WW_OK;
    p->form = parts.fields;
    p->form_count = parts.field_count;
    p->file_name = read ? parts.file_name : NULL;
    p->file = parts.file;
    return read;
}

/* A GET has no form; a body of another kind is refused as one that cannot be read. */
static bool read_form(struct page *p)
{
    if (http_method(p->c->r) != HTTP_POST) {
        return true;
    }
    const char *type = http_header(p->c->r, "Content-Type");
    if (negotiate_is_type(type, "multipart/form-data")) {
        return read_multipart(p, type);
    }
    bool read = route_call_form(p->c);
    p->form = p->c->form;
    p->form_count = p->c->form_count;
    return read;
}

/* Words of a fixed list only. By shape before it is looked for in the catalogue: what is no word of ours
 * finds no text and is not shown. */
static bool is_said(const char *value, void *unused)
{
    (void)unused;
    return strlen(value) < 20 && strspn(value, "abcdefghijklmnopqrstuvwxyz_") == strlen(value);
}

/* One word of a fixed list, shown once; whatever else stands in the cookie is nothing. */
const char *page_said(struct page *p)
{
    const char *said =
        cookie_find(p->a, http_header(p->c->r, "Cookie"), site_said_cookie_name, is_said, NULL);
    return said ? said : "";
}

/* Told once, by the first page that is shown. */
static void show_said(struct page *p)
{
    const char *said = page_said(p);
    char *key = said[0] ? arena_printf(p->a, "said.%s", said) : NULL;
    /* A form that is answered with a page says its own; the cookie waits for the page that follows. */
    if (!key || http_method(p->c->r) != HTTP_GET || dispatch_is_ahead(p->c->r)) {
        return;
    }
    const char *text = catalogue_find(bytes_str(key));
    if (text && !js_get(p->model, "summary")) {
        page_put_text(p, "done", text);
    }
    site_set_said_cookie(p->c->site, p->c->r, p->a, "");
}

static void add_word(struct page *p, const char *key, const char *text)
{
    struct js *both = js_object(p->a);
    const char *before = js_get_text(p->words, key);
    js_put(p->a, both, "a", js_text(p->a, before ? before : ""));
    js_put(p->a, both, "b", js_text(p->a, text));
    js_put(p->a, p->words, key, js_text(p->a, before ? catalogue_text(p->a, "identifier.or", both) : text));
}

/* What people sign in with here: "e-mail address", "user name or e-mail address". Of the site's default
 * schema, not of an account: a sign-in page does not know anybody yet. */
static void find_words(struct page *p)
{
    const char *before = "";
    p->words = js_object(p->a);
    p->sign_in = ww_sign_in_traits(p->c->op);
    for (const struct js *t = p->sign_in ? p->sign_in->first : NULL; t; t = t->next) {
        const char *kind = js_get_text(t, "kind");
        char *small = arena_printf(p->a, "identifier.%s", kind),
             *capital = arena_printf(p->a, "Identifier.%s", kind);
        if (small && capital && !strstr(before, kind)) {
            bool first = !before[0];
            add_word(p, "identifier", catalogue_text(p->a, small, NULL));
            add_word(p, "Identifier", catalogue_text(p->a, first ? capital : small, NULL));
            before = arena_printf(p->a, "%s %s", before, kind);
        }
    }
    if (!js_get(p->words, "identifier")) {
        add_word(p, "identifier", catalogue_text(p->a, "identifier.name", NULL));
        add_word(p, "Identifier", catalogue_text(p->a, "Identifier.name", NULL));
    }
}

/* False where the request is answered already: built-in pages may be switched off as a whole. */
bool page_open(struct page *p, struct route_call *c, const char *title_key)
{
    const char *why;
    *p = (struct page){.c = c, .a = c->arena, .site = c->site->pages};
    if (!p->site) {
        dispatch_not_found(c->r);
        return false;
    }
    p->model = page_model(p->a, p->site, title_key);
    find_words(p);
    if (urlform_read(p->a, bytes_str(http_query(c->r)), &p->query, &p->query_count, &why) != WW_OK ||
        !read_form(p)) {
        page_refused(p, WW_EINVAL);
        return false;
    }
    return true;
}

/* Marks where in the account somebody is; the mark is read out, too (aria-current). */
void page_here(struct page *p, enum page_section here)
{
    static const struct {
        const char *href, *text;
    } sections[] = {{"", "nav.notes"},          {"inbox", "nav.shared"},
                    {"profile", "nav.profile"}, {"password", "nav.password"},
                    {"codes", "nav.codes"},     {"security", "nav.security"},
                    {"devices", "nav.devices"}, {"activity", "nav.activity"},
                    {"close", "nav.close"}};
    struct js *list = js_put(p->a, p->model, "nav", js_array(p->a));
    for (unsigned i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        struct js *o = js_object(p->a);
        js_put(p->a, o, "href", js_text(p->a, sections[i].href));
        js_put(p->a, o, "text", js_text(p->a, page_text(p, sections[i].text)));
        js_put(p->a, o, "here", js_bool(p->a, i == (unsigned)here));
        js_push(list, o);
    }
}

/* The session that the cookie or token names, read in this request and not kept beyond it. One of which a
 * second factor is still asked for is nobody's on a page: it shows and changes nothing. */
enum ww_err page_session(struct page *p)
{
    bool cookie;
    const char *token = site_session_token(p->c->site, p->c->r, p->c->op, &cookie);
    enum ww_err err = token ? ww_session_resume(p->c->op, token, &p->c->session) : WW_EDENIED;
    const struct ww_session_info *info = err ? NULL : ww_session_info(p->c->op, p->c->session);
    if (!err && (!info || info->pending)) {
        p->pending = info ? p->c->session : NULL;
        p->c->session = NULL;
        return info ? WW_EDENIED : WW_ENOMEM;
    }
    return err;
}

/* Cannot fail: some callers have just made codes or begun a session, which nothing could take back. Whose
 * page it is stands on each: who uses two accounts sees at once which this is. */
void page_open_section(struct page *p, enum page_section section)
{
    p->person = words_person(p->a, ww_session_traits(p->c->op, p->c->session));
    page_put_text(p, "person", p->person);
    page_put_text(p, "csrf_token", page_csrf(p));
    /* For the forms of the account area: what is typed after the sign-in has ended must not be lost
     * (page_kept.c). */
    page_put_text(p, "ticket", ww_typed_ticket(p->c->op, p->c->session));
    page_here(p, section);
}

/* Signed in, or on the way there and back here. */
bool page_open_account(struct page *p, struct route_call *c, enum page_section section, const char *title_key)
{
    if (!page_open(p, c, title_key)) {
        return false;
    }
    enum ww_err err = page_session(p);
    if (err == WW_EDENIED) {
        /* A path in base_url is taken off before requests come here. A form that was sent cannot be sent
         * again by an address. */
        bool back = http_method(c->r) == HTTP_GET;
        page_sign_in_first(p, false,
                           back ? arena_printf(p->a, "%s%s", p->site->base, http_target(c->r) + 1) : NULL);
        return false;
    }
    if (err) {
        page_refused(p, err);
        return false;
    }
    page_open_section(p, section);
    return true;
}

/* ---- small things ---- */

/* Never repeated on the page: it is compared, or looked up. */
const char *page_query(const struct page *p, const char *name)
{
    const char *value = urlform_get(p->query, p->query_count, name);
    return value && value[0] ? value : NULL;
}

/* Never NULL; a field that is missing is as one that is empty. */
const char *page_sent(const struct page *p, const char *name)
{
    const char *value = urlform_get(p->form, p->form_count, name);
    return value ? value : "";
}

const char *page_text(struct page *p, const char *key)
{
    return catalogue_text(p->a, key, p->words);
}

const char *page_text_with(struct page *p, const char *key, const char *name, const char *value)
{
    struct js *values = js_copy(p->a, p->words);
    js_put(p->a, values, name, js_text(p->a, value));
    return catalogue_text(p->a, key, values);
}

/* The first name, for people who forgot which one they use here. */
const char *page_sign_in_name(struct page *p)
{
    const char *const *names;
    size_t n;
    return p->c->session && ww_sign_in_names(p->c->op, p->c->session, &names, &n) == WW_OK && n ? names[0]
                                                                                                : "";
}

/* Templates escape what they show, so that texts of people may go in as they are. */
void page_put_text(struct page *p, const char *key, const char *text)
{
    js_put(p->a, p->model, key, js_text(p->a, text));
}

void page_say(struct page *p, const char *text)
{
    struct js *list = js_get(p->model, "paragraphs"), *o = js_object(p->a);
    js_put(p->a, o, "text", js_text(p->a, text));
    js_push(list ? list : js_put(p->a, p->model, "paragraphs", js_array(p->a)), o);
}

void page_next(struct page *p, const char *href, const char *label_key)
{
    struct js *o = js_put(p->a, p->model, "next", js_object(p->a));
    js_put(p->a, o, "href", js_text(p->a, href));
    js_put(p->a, o, "label", js_text(p->a, page_text(p, label_key)));
}

void page_other(struct page *p, const char *ask, const char *link, const char *key, const char *url)
{
    struct js *o = js_put(p->a, p->model, "other", js_object(p->a));
    js_put(p->a, o, "ask", js_text(p->a, page_text(p, ask)));
    js_put(p->a, o, "link", js_text(p->a, page_text(p, link)));
    js_put(p->a, o, key, js_text(p->a, url));
}

const char *page_path(struct page *p, const char *rest)
{
    return arena_printf(p->a, "%sui/%s", p->site->root, rest);
}

/* Absolute, from the configured address: never from the Host that was asked for. */
const char *page_url(struct page *p, const char *rest)
{
    return arena_printf(p->a, "%sui/%s", p->site->base, rest);
}

/* Each form carries its token and its ticket: no handler has to think of them. */
struct js *page_form(struct page *p, const char *rest)
{
    struct js *form = view_form(p->a, page_path(p, rest ? rest : ""), page_csrf(p));
    page_put_ticket(p, form);
    return form;
}

/* Masked anew for each form (BREACH). */
const char *page_csrf(struct page *p)
{
    return ww_csrf_token(p->c->op, p->c->csrf_cookie);
}

/* ---- the answer ---- */

/* An address of ours may hold a flow's id: no-referrer keeps it from other sites. No page is framed
 * (clickjacking), reached by a page that opened it, or kept by a cache when it answers a form. */
static void put_headers(struct page *p)
{
    static const char *const fixed[][2] = {
        {"Content-Type", "text/html; charset=utf-8"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
        {"X-Frame-Options", "DENY"},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        http_answer_header(p->c->r, fixed[i][0], fixed[i][1]);
    }
    http_answer_header(p->c->r, "Content-Security-Policy", p->site->policy);
    if (http_method(p->c->r) == HTTP_POST) {
        http_answer_header(p->c->r, "Cache-Control", "no-store");
    }
}

/* What the template lacks was found at the start (template_check_all), so this fails for want of memory
 * only. */
void page_show(struct page *p, int status, const char *template_name)
{
    struct bytes html;
    const char *why;
    show_said(p);
    if (template_render(p->a, template_name, p->model, &html, &why) != WW_OK) {
        http_answer(p->c->r, 503, NULL, 0);
        return;
    }
    put_headers(p);
    http_answer(p->c->r, status, html.p, html.n);
}

/* A download, never shown: a file of somebody's must not run as a page of this site. */
void page_give_file(struct page *p, const char *name, struct bytes value)
{
    struct buf b = BUF(p->a);
    buf_str(&b, "attachment; filename*=UTF-8''"); /* RFC 6266 */
    urlform_percent_encode(&b, bytes_str(name));
    const char *disposition = buf_text(&b);
    http_answer_header(p->c->r, "Content-Type", "application/octet-stream");
    http_answer_header(p->c->r, "Content-Disposition", disposition ? disposition : "attachment");
    /* A file may be a page: whatever a browser makes of it, it runs nothing and is not of our origin. */
    http_answer_header(p->c->r, "Content-Security-Policy", "default-src 'none'; sandbox");
    http_answer(p->c->r, 200, value.p, value.n);
}

/* Without a referrer: addresses of pages hold ids of notes. */
void page_go(struct page *p, const char *url)
{
    if (!url) {
        http_answer(p->c->r, 503, NULL, 0);
        return;
    }
    http_answer_header(p->c->r, "Referrer-Policy", "no-referrer");
    http_answer_header(p->c->r, "Location", url);
    /* 303: the next request is a GET, and a reload does not send the form again (RFC 9110 §15.4.4). */
    http_answer(p->c->r, 303, NULL, 0);
}

/* What was done is told by the next page, not by this answer: a reload repeats nothing. */
void page_done(struct page *p, const char *rest, const char *said)
{
    if (said) {
        site_set_said_cookie(p->c->site, p->c->r, p->a, said);
    }
    page_go(p, page_url(p, rest));
}

/* Back to where somebody was, judged as every return address. */
void page_sign_in_first(struct page *p, bool again, const char *return_to)
{
    struct buf b = BUF(p->a);
    buf_str(&b, p->site->base);
    buf_str(&b, "self-service/login/browser?");
    if (again) {
        buf_str(&b, "refresh=true&");
    } else if (p->pending) {
        buf_str(&b, "aal=aal2&");
    }
    buf_str(&b, "return_to=");
    const char *url = return_to ? return_to : page_url(p, "");
    urlform_percent_encode(&b, bytes_str(url ? url : ""));
    page_go(p, buf_text(&b));
}

/* 404 for what is not there and for what is not theirs: which it is would tell of other people. */
void page_missing(struct page *p)
{
    page_put_text(p, "title", page_text(p, "missing.title"));
    page_say(p, page_text(p, "missing.text"));
    page_next(p, page_path(p, ""), "error.home");
    page_show(p, 404, "message.html");
}

/* Tampering and rollback are named to the person whose data it is; the last row is for whatever has none. */
static const struct refusal {
    enum ww_err err;
    const char *title, *text;
} refusals[] = {
    {WW_ETHROTTLED, "throttled.title", "throttled.text"},
    {WW_EBUSY, "busy.title", "busy.text"},
    {WW_ENOMEM, "busy.title", "error.unavailable"},
    {WW_EIO, "error.title", "error.unavailable"},
    {WW_ETAMPERED, "tampered.title", "tampered.text"},
    {WW_EROLLEDBACK, "tampered.title", "tampered.text"},
    {WW_EDISABLED, "error.disabled_title", "error.disabled_text"},
    {WW_EINVAL, "error.title", "error.text"},
    {WW_OK, "error.title", "error.text"},
};

/* In words and in the header: people read the one, browsers' scripts the other. */
const char *page_throttled(struct page *p)
{
    uint32_t wait = ww_op_problem(p->c->op)->retry_after;
    char *seconds = arena_printf(p->a, "%u", wait ? wait : 1);
    http_answer_header(p->c->r, "Retry-After", seconds ? seconds : "1");
    return page_text_with(p, "throttled.text", "wait", words_wait(p->a, wait));
}

/* From the table of refusals; what it lacks is "something went wrong", with nothing of the reason. */
void page_refused(struct page *p, enum ww_err err)
{
    const struct refusal *why = refusals;
    int status = status_of_error(err, ww_op_problem(p->c->op)->id).status;
    if (err == WW_ENOTFOUND || err == WW_EDENIED) {
        err == WW_ENOTFOUND ? page_missing(p) : page_sign_in_first(p, false, NULL);
        return;
    }
    while (why->err && why->err != err) {
        why++;
    }
    uint32_t wait = ww_op_problem(p->c->op)->retry_after;
    struct js *values = js_object(p->a);
    if (status == 429 || status == 503) {
        char *seconds = arena_printf(p->a, "%u", wait ? wait : 1);
        http_answer_header(p->c->r, "Retry-After", seconds ? seconds : "1");
    }
    js_put(p->a, values, "wait", js_text(p->a, words_wait(p->a, wait)));
    page_put_text(p, "title", page_text(p, why->title));
    page_say(p, catalogue_text(p->a, why->text, values));
    /* What somebody can tell the operator: the log has the same id, and nothing else of the request. */
    page_put_text(p, "reference", http_request_id(p->c->r));
    page_next(p, page_path(p, ""), "error.start");
    page_show(p, status, "message.html");
}

/* ---- flows ---- */

/* Asks the flows as any client does, so that a page can do no more than a client. */
bool page_ask_with(struct page *p, enum ww_flow_action action, const struct ww_pair *pairs, size_t n,
                   struct ww_flow_answer *out, struct js **body)
{
    struct ww_flow_request in;
    struct ww_pair *query = ARENA_ARRAY(p->a, n + 1, struct ww_pair);
    *body = NULL;
    if (!query) {
        page_refused(p, WW_ENOMEM);
        return false;
    }
    if (!handle_flow_request(p->c, &in)) {
        return false;
    }
    /* The flow as clients get it, without the text in between; a page knows nothing of a flow that they do
     * not. */
    in.json = in.init_json = in.tree = true;
    in.query = query;
    in.query_count = 0;
    for (size_t i = 0; i < n; i++) {
        if (pairs[i].value) {
            query[in.query_count] = pairs[i];
            query[in.query_count++].length = strlen(pairs[i].value);
        }
    }
    enum ww_err err = ww_flow_answer(p->c->op, action, &in, out);
    if (err) {
        page_refused(p, err);
        return false;
    }
    /* The flow decides about cookies, for pages too. */
    handle_flow_cookies(p->c, out);
    *body = out->tree;
    return true;
}

bool page_ask(struct page *p, enum ww_flow_action action, const char *name, const char *value,
              struct ww_flow_answer *out, struct js **body)
{
    const struct ww_pair pair = {name, value, 0};
    return page_ask_with(p, action, &pair, 1, out, body);
}
