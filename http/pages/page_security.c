/* What opens the notes, and their keys, in the account area (vault.md §8, own-api.md "Pages"): how many ways
 * in there are, older notes that wait, changing the locks, and new keys. */
#include "page_security.h"

#include <string.h>

enum { PASSWORD_MOST = 4096 }; /* bytes, as own-api.md's POST /vault/rekey takes */

/* ---- sections, for security.html ---- */

struct js *page_security_section(struct page *p, const char *heading)
{
    struct js *list = js_get(p->model, "sections"), *o = js_object(p->a);
    list = list ? list : js_put(p->a, p->model, "sections", js_array(p->a));
    js_put(p->a, o, "heading", js_text(p->a, heading));
    js_put(p->a, o, "lines", js_array(p->a));
    js_push(list, o);
    return o;
}

void page_security_say(struct page *p, struct js *section, const char *text)
{
    struct js *o = js_object(p->a);
    js_put(p->a, o, "text", js_text(p->a, text));
    js_push(js_get(section, "lines"), o);
}

void page_security_link(struct page *p, struct js *section, const char *rest, const char *label, bool danger)
{
    struct js *o = js_put(p->a, section, "link", js_object(p->a));
    js_put(p->a, o, "href", js_text(p->a, page_path(p, rest)));
    js_put(p->a, o, "label", js_text(p->a, label));
    js_put(p->a, o, "danger", js_bool(p->a, danger));
}

bool page_security_refused(struct page *p, enum ww_err err, const char *back)
{
    if (err == WW_EREAUTH) {
        page_sign_in_first(p, true, page_url(p, back));
    } else if (err == WW_ELOCKED || err == WW_ENOVAULT || err == WW_EAAL) {
        page_done(p, "", NULL); /* the notes say what is wrong */
    } else {
        page_refused(p, err);
    }
    return true;
}

/* ---- the page ---- */

static void say_openers(struct page *p, const struct ww_vault_state *vault)
{
    struct js *section = page_security_section(p, page_text(p, "security.openers"));
    page_security_say(p, section,
                      page_text(p, vault->passwords ? "security.password" : "security.no_password"));
    page_security_say(
        p, section,
        catalogue_count(p->a, vault->codes ? "security.codes" : "security.no_codes", vault->codes));
    page_security_link(p, section, "codes", page_text(p, "codes.title"), false);
}

static void add_locks(struct page *p, const char *wrong, const char *refusal)
{
    struct js *section = page_security_section(p, page_text(p, "security.locks"));
    struct js *form = page_form(p, "security/locks");
    struct js *field =
        view_input(p->a, form, "password", page_text(p, "security.locks_password"), "password", "");
    page_security_say(p, section, page_text(p, "security.locks_text"));
    page_security_say(p, section, page_text(p, "security.locks_cost"));
    js_put(p->a, field, "autocomplete", js_text(p->a, "current-password"));
    view_flag(p->a, field, "required");
    view_button(p->a, form, page_text(p, "security.locks_button"));
    view_add_form(p->a, section, form);
    if (wrong || refusal) {
        view_error(p->a, p->model, wrong ? field : NULL, wrong ? wrong : refusal);
    }
}

static void add_keys(struct page *p)
{
    struct js *section = page_security_section(p, page_text(p, "security.keys"));
    struct js *form = page_form(p, "security/keys");
    page_security_say(p, section, page_text(p, "security.keys_text"));
    view_flag(p->a, view_button(p->a, form, page_text(p, "security.keys_button")), "quiet");
    view_add_form(p->a, section, form);
}

/* wrong: at the password, refusal: of the whole; or NULL. */
static void show_security(struct page *p, int status, const char *wrong, const char *refusal)
{
    struct ww_vault_state vault = {.size = sizeof vault};
    enum ww_err err = ww_vault_state(p->c->op, p->c->session, &vault);
    if (err) {
        page_refused(p, err);
        return;
    }
    if (strcmp(vault.state, "open") == 0) {
        say_openers(p, &vault);
        page_older_sections(p);
        add_locks(p, wrong, refusal);
        add_keys(p);
    } else {
        struct js *section = page_security_section(p, page_text(p, "security.openers"));
        page_security_say(p, section, page_text(p, "security.closed"));
        page_security_link(p, section, "", page_text(p, "nav.notes"), false);
    }
    page_show(p, status, "security.html");
}

void handle_page_security(struct route_call *c)
{
    struct page p;
    if (page_open_account(&p, c, SECTION_SECURITY, "security.title")) {
        show_security(&p, 200, NULL, NULL);
    }
}

static void show_rekeyed(struct page *p, struct ww_session *renewed, const char *const *codes, size_t n)
{
    page_signed_in(p, renewed);
    page_open_section(p, SECTION_CODES);
    page_put_text(p, "title", page_text(p, "codes.shown_title"));
    page_put_text(p, "done", page_text(p, "security.locks_done"));
    page_say(p, page_text(p, "codes.once"));
    page_show_codes(p, codes, n);
}

void handle_page_locks(struct route_call *c)
{
    struct page p;
    struct ww_session *renewed;
    const char *const *codes;
    size_t n;
    if (!page_open_sent(&p, c, SECTION_SECURITY, "security.title")) {
        return;
    }
    const char *password = page_sent(&p, "password");
    if (!password[0] || strlen(password) > PASSWORD_MOST) {
        show_security(&p, 422, page_text(&p, password[0] ? "security.wrong" : "security.missing"), NULL);
        return;
    }
    enum ww_err err = ww_rekey(c->op, c->session, password, strlen(password), &renewed, &codes, &n);
    if (!err) {
        show_rekeyed(&p, renewed, codes, n);
    } else if (err == WW_EDENIED && strcmp(ww_op_problem(c->op)->id, "wrong_credentials") == 0) {
        show_security(&p, 422, page_text(&p, "security.wrong"), NULL);
    } else if (err == WW_ETHROTTLED) {
        show_security(&p, 429, NULL, page_throttled(&p));
    } else {
        page_security_refused(&p, err, "security");
    }
}

void handle_page_keys(struct route_call *c)
{
    struct page p;
    uint32_t epoch;
    if (!page_open_sent(&p, c, SECTION_SECURITY, "security.title")) {
        return;
    }
    enum ww_err err = ww_epoch_start(c->op, c->session, &epoch);
    if (err) {
        page_security_refused(&p, err, "security");
    } else {
        page_done(&p, "security", "new_keys");
    }
}
