/* Recovery codes in the account area (vault.md §7, own-api.md "Pages"): how many are left, making ten, ending
 * them. Codes are shown by the answer to the form that made them, once: no address shows them again. */
#include <string.h>

#include "page.h"

enum { CODES_MOST = 10, GROUPS = 7, GROUP = 4, CODE_LENGTH = GROUPS * (GROUP + 1) - 1 };

/* ---- shown once ---- */

/* Each group ends with its hyphen, so that a line that is too narrow breaks between groups. */
static struct js *groups_of(struct page *p, const char *code)
{
    struct js *list = js_array(p->a);
    for (const char *at = code; *at;) {
        size_t n = strcspn(at, "-");
        n += at[n] == '-';
        js_push(list, js_string(p->a, BYTES(at, n)));
        at += n;
    }
    return list;
}

/* In the answer itself, once. They stand in no redirect, cookie or row (docs/DECISIONS.md). */
void page_show_codes(struct page *p, const char *const *codes, size_t n)
{
    struct js *shown = js_put(p->a, p->model, "codes", js_object(p->a));
    struct js *list = js_put(p->a, shown, "list", js_array(p->a));
    const struct js *now = words_time_us(p->a, op_now(p->c->op), op_now(p->c->op));
    js_put(p->a, shown, "first", js_bool(p->a, n > 0));
    js_put(p->a, p->model, "n", js_int(p->a, (int64_t)n));
    for (size_t i = 0; i < n; i++) {
        struct js *o = js_object(p->a);
        js_put(p->a, o, "code", js_text(p->a, codes[i]));
        js_put(p->a, o, "groups", groups_of(p, codes[i]));
        js_push(list, o);
    }
    page_put_text(p, "address", p->site->base);
    page_put_text(p, "date", js_get_text(now, "absolute"));
    page_put_text(p, "intro", page_text(p, "codes.intro"));
    const char *kept = page_url(p, "kept");
    page_put_text(p, "next", page_path(p, page_is_waiting(p, kept) ? "kept" : ""));
    page_show(p, 200, "codes.html");
}

/* ---- the same as a file ---- */

/* Only the form of a code: the text file is made of what the page sends back, and must not become a way to
 * have any text saved under this site's name. */
static bool is_code(const char *text)
{
    static const char symbols[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford base32 */
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        bool hyphen = i % (GROUP + 1) == GROUP;
        if (hyphen ? text[i] != '-' : !strchr(symbols, text[i])) {
            return false;
        }
    }
    return n == CODE_LENGTH;
}

/* False: it holds something else than one to ten codes. */
static bool write_file(struct page *p, struct buf *b)
{
    const struct js *now = words_time_us(p->a, op_now(p->c->op), op_now(p->c->op));
    size_t codes = 0;
    buf_str(b, p->site->brand);
    buf_str(b, ", ");
    buf_str(b, p->site->base);
    buf_str(b, "\r\n");
    buf_str(b, page_text_with(p, "codes.saved", "date", js_get_text(now, "absolute")));
    buf_str(b, "\r\n\r\n");
    buf_str(b, page_text(p, "codes.intro"));
    buf_str(b, "\r\n\r\n");
    for (size_t i = 0; i < p->form_count; i++) {
        if (strcmp(p->form[i].name, "code") != 0) {
            continue;
        }
        if (!is_code(p->form[i].value) || ++codes > CODES_MOST) {
            return false;
        }
        buf_str(b, p->form[i].value);
        buf_str(b, "\r\n");
    }
    return codes > 0;
}

/* Nothing is looked up: the page that shows codes sends them, and gets them back as a file. */
void handle_page_codes_file(struct route_call *c)
{
    struct page p;
    if (!page_open(&p, c, "codes.title")) {
        return;
    }
    struct buf b = BUF(p.a);
    bool whole = write_file(&p, &b);
    const char *text = buf_text(&b);
    if (!whole || !text) {
        page_refused(&p, whole ? WW_ENOMEM : WW_EINVAL);
        return;
    }
    http_answer_header(c->r, "Content-Disposition", "attachment; filename=\"recovery-codes.txt\"");
    http_answer_header(c->r, "Cache-Control", "no-store");
    dispatch_answer_text(c->r, 200, "text/plain; charset=utf-8", text);
}

/* ---- the section ---- */

/* Which codes a form was made beside: sent again (a reload, a double click), it must not make ten more. */
static const char *mark_of(struct page *p, const struct ww_codes_state *state)
{
    const char *mark =
        arena_printf(p->a, "%zu-%llu", state->left, (unsigned long long)(state->left ? state->made_at : 0));
    return mark ? mark : "";
}

/* False: answered. */
static bool read_state(struct page *p, struct ww_codes_state *state)
{
    *state = (struct ww_codes_state){.size = sizeof *state};
    enum ww_err err = ww_codes_state(p->c->op, p->c->session, state);
    if (err) {
        page_refused(p, err);
    }
    return !err;
}

/* How many are left and since when; the codes themselves are nowhere to be shown. */
static void show_state(struct page *p, const struct ww_codes_state *state)
{
    struct js *form = page_form(p, "codes");
    page_put_text(p, "intro", page_text(p, "codes.intro"));
    if (state->left) {
        page_put_text(p, "left", catalogue_count(p->a, "codes.left", state->left));
        js_put(p->a, p->model, "time", words_time_us(p->a, state->made_at, op_now(p->c->op)));
    }
    page_say(p, page_text(p, state->left ? "codes.stop" : "codes.none"));
    view_hidden(p->a, form, "beside", mark_of(p, state));
    view_button(p->a, form, page_text(p, state->left ? "codes.make_new" : "codes.make"));
    view_add_form(p->a, p->model, form);
    page_show(p, 200, "codes.html");
}

void handle_page_codes(struct route_call *c)
{
    struct page p;
    struct ww_codes_state state;
    if (page_open_account(&p, c, SECTION_CODES, "codes.title") && read_state(&p, &state)) {
        show_state(&p, &state);
    }
}

/* What the library did not do: a fresh sign-in is asked for, and a closed vault is told by the notes. */
static void refused(struct page *p, enum ww_err err, const char *back)
{
    if (err == WW_EREAUTH) {
        page_sign_in_first(p, true, page_url(p, back));
    } else if (err == WW_ELOCKED || err == WW_ENOVAULT || err == WW_EAAL) {
        page_done(p, "", NULL);
    } else {
        page_refused(p, err);
    }
}

/* The state that the form was made beside goes along: sent twice it makes codes once. */
void handle_page_codes_make(struct route_call *c)
{
    struct page p;
    struct ww_codes_state before;
    const char *const *codes;
    size_t n;
    if (!page_open_sent(&p, c, SECTION_CODES, "codes.shown_title") || !read_state(&p, &before)) {
        return;
    }
    if (strcmp(page_sent(&p, "beside"), mark_of(&p, &before)) != 0) {
        page_done(&p, "codes", before.left ? "codes_made" : NULL);
        return;
    }
    enum ww_err err = ww_codes_make(c->op, c->session, &codes, &n);
    if (err) {
        refused(&p, err, "codes");
        return;
    }
    page_put_text(&p, "done", page_text(&p, before.left ? "codes.done_new" : "codes.done"));
    page_say(&p, page_text(&p, "codes.once"));
    page_show_codes(&p, codes, n);
}

/* ---- ending them ---- */

static void show_end(struct page *p, int status, const char *error)
{
    struct js *form = page_form(p, "codes/end");
    page_say(p, page_text(p, "codes.end_text"));
    view_flag(p->a, view_button(p->a, form, page_text(p, "codes.end")), "danger");
    view_cancel(p->a, form, page_path(p, "codes"), page_text(p, "codes.keep"));
    view_add_form(p->a, p->model, form);
    if (error) {
        view_error(p->a, p->model, NULL, error);
    }
    page_show(p, status, "confirm.html");
}

void handle_page_codes_end(struct route_call *c)
{
    struct page p;
    struct ww_codes_state state;
    if (!page_open_account(&p, c, SECTION_CODES, "codes.end_title") || !read_state(&p, &state)) {
        return;
    }
    if (!state.left) {
        page_done(&p, "codes", NULL);
    } else if (!ww_session_recent(c->op, c->session)) {
        page_sign_in_first(&p, true, page_url(&p, "codes/end"));
    } else {
        show_end(&p, 200, NULL);
    }
}

/* The last way into a vault is not taken away, whoever asks. */
void handle_page_codes_ended(struct route_call *c)
{
    struct page p;
    if (!page_open_sent(&p, c, SECTION_CODES, "codes.end_title")) {
        return;
    }
    enum ww_err err = ww_codes_revoke(c->op, c->session);
    if (err == WW_ECONFLICT && strcmp(ww_op_problem(c->op)->id, "last_opener") == 0) {
        show_end(&p, 409, page_text(&p, "codes.last"));
    } else if (err) {
        refused(&p, err, "codes/end");
    } else {
        page_done(&p, "codes", "codes_ended");
    }
}
