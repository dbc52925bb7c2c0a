/* Notes that stay sealed for good, or until somebody finds what opens them (vault.md §10, own-api.md
 * "Pages"): starting anew, older notes that wait, opening and deleting them. */
#include <string.h>

#include "page_security.h"

enum { CODE_MOST = 128, PASSWORD_MOST = 4096 }; /* bytes, as own-api.md's routes take */

/* The field for a name of the account, typed to confirm. */
static struct js *add_confirm(struct page *p, struct js *form, const char *typed)
{
    struct js *field = view_input(p->a, form, "confirm", page_text(p, "close.confirm"), "text", typed);
    view_hint(p->a, field, page_text_with(p, "close.confirm_hint", "name", page_sign_in_name(p)));
    view_flag(p->a, field, "plain");
    view_flag(p->a, field, "required");
    js_put(p->a, field, "autocomplete", js_text(p->a, "off"));
    return field;
}

/* ---- starting anew ---- */

static void show_anew(struct page *p, int status, const char *typed, const char *error)
{
    struct js *form = page_form(p, "start-anew");
    struct js *field = add_confirm(p, form, typed);
    static const char *const costs[] = {"anew.empty", "anew.kept", "anew.codes", "anew.others"};
    struct js *gone = js_put(p->a, p->model, "gone", js_object(p->a));
    struct js *lines = js_put(p->a, gone, "lines", js_array(p->a));
    page_say(p, page_text(p, "anew.intro"));
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        struct js *o = js_object(p->a);
        js_put(p->a, o, "text", js_text(p->a, page_text(p, costs[i])));
        js_push(lines, o);
    }
    view_flag(p->a, view_button(p->a, form, page_text(p, "anew.button")), "danger");
    view_cancel(p->a, form, page_path(p, ""), page_text(p, "cancel"));
    view_add_form(p->a, p->model, form);
    if (error) {
        view_error(p->a, p->model, field, error);
    }
    page_show(p, status, "confirm.html");
}

/* Only who needs it gets there: with notes that are open there is nothing to start anew. */
void handle_page_anew(struct route_call *c)
{
    struct page p;
    struct ww_vault_state vault = {.size = sizeof vault};
    if (!page_open_account(&p, c, SECTION_NOTES, "anew.title")) {
        return;
    }
    enum ww_err err = ww_vault_state(c->op, c->session, &vault);
    if (err) {
        page_refused(&p, err);
    } else if (strcmp(vault.state, "locked") != 0) {
        page_done(&p, "", NULL);
    } else if (!ww_session_recent(c->op, c->session)) {
        page_sign_in_first(&p, true, page_url(&p, "start-anew"));
    } else {
        show_anew(&p, 200, "", NULL);
    }
}

void handle_page_anew_sent(struct route_call *c)
{
    struct page p;
    struct ww_session *opened;
    const char *const *codes;
    size_t n;
    if (!page_open_sent(&p, c, SECTION_NOTES, "anew.title")) {
        return;
    }
    const char *typed = page_sent(&p, "confirm");
    if (!typed[0]) {
        show_anew(&p, 422, "", page_text(&p, "close.missing"));
        return;
    }
    enum ww_err err = ww_vault_new(c->op, c->session, typed, &opened, &codes, &n);
    if (err == WW_EINVAL) {
        show_anew(&p, 422, typed, page_text_with(&p, "close.wrong", "name", page_sign_in_name(&p)));
    } else if (err == WW_EFULL) {
        show_anew(&p, 409, typed, page_text(&p, "anew.full"));
    } else if (err == WW_ECONFLICT) {
        page_done(&p, "", NULL); /* sent twice, or opened meanwhile: the notes show it */
    } else if (err) {
        page_security_refused(&p, err, "start-anew");
    } else {
        page_signed_in(&p, opened);
        page_open_section(&p, SECTION_CODES);
        page_put_text(&p, "title", page_text(&p, "codes.shown_title"));
        page_put_text(&p, "done", page_text(&p, "anew.done"));
        page_say(&p, page_text(&p, "codes.once"));
        page_show_codes(&p, codes, n);
    }
}

/* ---- older notes ---- */

/* What was sent for which of them, to be shown again. */
struct sent {
    const char *id, *code, *wrong_code, *refusal;
};

static const char *date_of(struct page *p, uint64_t us)
{
    const char *text = js_get_text(words_time_us(p->a, us, op_now(p->c->op)), "absolute");
    return text ? text : "";
}

static void add_older(struct page *p, const struct ww_waiting *w, size_t number, const struct sent *sent)
{
    bool ours = sent && strcmp(sent->id, w->id) == 0;
    struct js *section =
        page_security_section(p, page_text_with(p, "older.title", "date", date_of(p, w->since)));
    struct js *form = page_form(p, arena_printf(p->a, "older/%s/open", w->id));
    struct js *old = view_input(p->a, form, "password", page_text(p, "older.password"), "password", "");
    struct js *code =
        view_input(p->a, form, "code", page_text(p, "older.code"), "text", ours ? sent->code : "");
    page_security_say(p, section, page_text_with(p, "older.text", "date", date_of(p, w->kept_until)));
    js_put(p->a, old, "autocomplete", js_text(p->a, "off"));
    js_put(p->a, code, "autocomplete", js_text(p->a, "off"));
    view_flag(p->a, old, "plain");
    view_flag(p->a, code, "plain");
    view_number(p->a, old, number);
    view_number(p->a, code, number);
    view_hint(p->a, code, page_text(p, "recover.code_hint"));
    view_button(p->a, form, page_text(p, "older.button"));
    view_add_form(p->a, section, form);
    page_security_link(p, section, arena_printf(p->a, "older/%s/delete", w->id), page_text(p, "older.delete"),
                       true);
    if (ours) {
        view_error(p->a, p->model, sent->wrong_code ? code : NULL,
                   sent->wrong_code ? sent->wrong_code : sent->refusal);
    }
}

static void add_all(struct page *p, const struct sent *sent)
{
    const struct ww_waiting *const *list;
    size_t n;
    if (ww_waiting_list(p->c->op, p->c->session, &list, &n) != WW_OK) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        add_older(p, list[n - 1 - i], i, sent); /* the newest first */
    }
}

void page_older_sections(struct page *p)
{
    add_all(p, NULL);
}

static void show_older(struct page *p, int status, const struct sent *sent)
{
    add_all(p, sent);
    page_show(p, status, "security.html");
}

static void open_refused(struct page *p, enum ww_err err, struct sent *sent)
{
    const char *id = ww_op_problem(p->c->op)->id;
    int status = 422;
    if (err == WW_ETHROTTLED) {
        status = 429;
        sent->refusal = page_throttled(p);
    } else if (err == WW_EINVAL && strcmp(id, "recovery_code_wrong") == 0) {
        sent->wrong_code = page_text(p, "recover.code_typing");
    } else if (err == WW_EDENIED && strcmp(id, "wrong_credentials") == 0) {
        sent->refusal = page_text(p, sent->code[0] ? "unlock.code_wrong" : "unlock.password_wrong");
    } else if (err == WW_EFULL) {
        status = 413;
        sent->refusal = page_text(p, "older.full");
    } else if (err == WW_ENOTFOUND) {
        page_done(p, "security", NULL);
        return;
    } else {
        page_security_refused(p, err, "security");
        return;
    }
    show_older(p, status, sent);
}

static void show_merged(struct page *p, const struct ww_merged *done)
{
    page_put_text(p, "title", page_text(p, "codes.shown_title"));
    page_put_text(p, "done", catalogue_count(p->a, "older.done", done->items));
    for (size_t i = 0; i < done->renamed; i++) {
        page_say(p, page_text_with(p, "older.renamed", "name", done->to[i]));
    }
    page_say(p, page_text(p, "older.codes"));
    page_here(p, SECTION_CODES);
    page_show_codes(p, done->codes, done->code_count);
}

void handle_page_older_open(struct route_call *c)
{
    struct page p;
    struct ww_merged done = {.size = sizeof done};
    if (!page_open_sent(&p, c, SECTION_SECURITY, "security.title")) {
        return;
    }
    const char *code = page_sent(&p, "code"), *password = page_sent(&p, "password");
    struct sent sent = {.id = c->id, .code = strlen(code) > CODE_MOST ? "" : code};
    struct ww_opener in = {.size = sizeof in, .code = code[0] ? code : NULL};
    if (strlen(code) > CODE_MOST) {
        sent.wrong_code = page_text(&p, "recover.code_typing");
    } else if (strlen(password) > PASSWORD_MOST) {
        sent.refusal = page_text(&p, "unlock.password_wrong");
    } else if (!code[0] && !password[0]) {
        sent.refusal = page_text(&p, "unlock.missing");
    }
    if (sent.wrong_code || sent.refusal) {
        show_older(&p, 422, &sent);
        return;
    }
    if (!code[0]) {
        in.password = password;
        in.password_length = strlen(password);
    }
    enum ww_err err = ww_waiting_open(c->op, c->session, c->id, &in, &done);
    if (err) {
        open_refused(&p, err, &sent);
    } else {
        show_merged(&p, &done);
    }
}

/* ---- deleting them ---- */

static void show_delete(struct page *p, int status, const char *typed, const char *error)
{
    struct js *form = page_form(p, arena_printf(p->a, "older/%s/delete", p->c->id));
    struct js *field = add_confirm(p, form, typed);
    page_say(p, page_text(p, "older.delete_text"));
    view_flag(p->a, view_button(p->a, form, page_text(p, "older.delete")), "danger");
    view_cancel(p->a, form, page_path(p, "security"), page_text(p, "older.keep"));
    view_add_form(p->a, p->model, form);
    if (error) {
        view_error(p->a, p->model, field, error);
    }
    page_show(p, status, "confirm.html");
}

/* Its address is made of the id as it is stored; whatever else was asked for is a page that is not there. */
static bool waits(struct page *p)
{
    const struct ww_waiting *const *list;
    size_t n;
    enum ww_err err = ww_waiting_list(p->c->op, p->c->session, &list, &n);
    for (size_t i = 0; !err && i < n; i++) {
        if (strcmp(list[i]->id, p->c->id) == 0) {
            return true;
        }
    }
    page_done(p, "security", NULL);
    return false;
}

void handle_page_older_delete(struct route_call *c)
{
    struct page p;
    if (!page_open_account(&p, c, SECTION_SECURITY, "older.delete_title") || !waits(&p)) {
        return;
    }
    if (!ww_session_recent(c->op, c->session)) {
        page_sign_in_first(&p, true, page_url(&p, arena_printf(p.a, "older/%s/delete", c->id)));
    } else {
        show_delete(&p, 200, "", NULL);
    }
}

void handle_page_older_deleted(struct route_call *c)
{
    struct page p;
    if (!page_open_sent(&p, c, SECTION_SECURITY, "older.delete_title") || !waits(&p)) {
        return;
    }
    const char *typed = page_sent(&p, "confirm");
    if (!typed[0]) {
        show_delete(&p, 422, "", page_text(&p, "close.missing"));
        return;
    }
    enum ww_err err = ww_waiting_discard(c->op, c->session, c->id, typed);
    if (err == WW_EINVAL) {
        show_delete(&p, 422, typed, page_text_with(&p, "close.wrong", "name", page_sign_in_name(&p)));
    } else if (err == WW_ENOTFOUND) {
        page_done(&p, "security", NULL);
    } else if (err) {
        page_security_refused(&p, err, "security");
    } else {
        page_done(&p, "security", "older_deleted");
    }
}
