/* Notes that stay sealed though somebody is signed in, since what proved who it is opens nothing: an old
 * password or a recovery code opens them (vault.md §10, own-api.md "Pages"). */
#include <string.h>

#include "page.h"

enum { CODE_MOST = 128, PASSWORD_MOST = 4096 }; /* as own-api.md's POST /vault/unlock takes */

/* code: what was typed; wrong: at its field, or NULL; refusal: of the whole, or NULL. A password manager
 * would fill in the password that signs in, so it is not asked to. */
static void show_form(struct page *p, int status, const char *code, const char *wrong, const char *refusal)
{
    struct js *form = page_form(p, "unlock");
    struct js *old = view_input(p->a, form, "password", page_text(p, "unlock.password"), "password", "");
    struct js *field = view_input(p->a, form, "code", page_text(p, "unlock.code"), "text", code);
    view_hint(p->a, field, page_text(p, "recover.code_hint"));
    js_put(p->a, old, "enterkeyhint", js_text(p->a, "next"));
    js_put(p->a, old, "autocomplete", js_text(p->a, "off"));
    js_put(p->a, field, "autocomplete", js_text(p->a, "off"));
    view_flag(p->a, old, "plain");
    view_flag(p->a, field, "plain");
    view_button(p->a, form, page_text(p, "unlock.button"));
    view_cancel(p->a, form, page_path(p, "start-anew"), page_text(p, "unlock.anew"));
    view_add_form(p->a, p->model, form);
    if (wrong || refusal) {
        view_error(p->a, p->model, wrong ? field : NULL, wrong ? wrong : refusal);
    }
    page_put_text(p, "title", page_text(p, "unlock.title"));
    page_put_text(p, "intro", page_text(p, "unlock.intro"));
    page_show(p, status, "confirm.html");
}

/* A vault that is sealed is no error: the page says how it is opened, in its own place. */
bool page_is_open(struct page *p, enum ww_err err)
{
    if (err != WW_ELOCKED && err != WW_ENOVAULT && err != WW_EAAL) {
        return true;
    }
    if (err == WW_ELOCKED) {
        show_form(p, 200, "", NULL, NULL);
    } else {
        page_say(p, page_text(p, err == WW_ENOVAULT ? "notes.empty_vault" : "notes.locked"));
        page_show(p, 200, "confirm.html");
    }
    return false;
}

static void refused(struct page *p, enum ww_err err, const char *code)
{
    const char *id = ww_op_problem(p->c->op)->id;
    if (err == WW_ETHROTTLED) {
        show_form(p, 429, code, NULL, page_throttled(p));
    } else if (err == WW_EINVAL && strcmp(id, "recovery_code_wrong") == 0) {
        show_form(p, 422, code, page_text(p, "recover.code_typing"), NULL);
    } else if (err == WW_EDENIED &&
               (strcmp(id, "wrong_credentials") == 0 || strcmp(id, "recovery_code_wrong") == 0)) {
        show_form(p, 422, code, NULL, page_text(p, code[0] ? "unlock.code_wrong" : "unlock.password_wrong"));
    } else if (err == WW_ECONFLICT || err == WW_ENOVAULT) {
        page_done(p, "", NULL); /* open already, or nothing to open: the notes say which */
    } else {
        page_refused(p, err);
    }
}

/* A code that was used is replaced, and the new one shown now or never. */
static void show_opened(struct page *p, struct ww_session *opened, const char *new_code)
{
    page_signed_in(p, opened);
    if (!new_code) {
        page_done(p, "", "unlocked");
    } else {
        page_open_section(p, SECTION_CODES);
        page_put_text(p, "title", page_text(p, "recover.new_title"));
        page_put_text(p, "done", page_text(p, "said.unlocked"));
        page_say(p, page_text(p, "recover.new_code"));
        page_show_codes(p, &new_code, 1);
    }
}

void handle_page_unlock(struct route_call *c)
{
    struct page p;
    struct ww_session *opened;
    const char *new_code;
    if (!page_open_sent(&p, c, SECTION_NOTES, "unlock.title")) {
        return;
    }
    const char *code = page_sent(&p, "code"), *password = page_sent(&p, "password");
    struct ww_opener in = {.size = sizeof in, .code = code[0] ? code : NULL};
    if (strlen(code) > CODE_MOST || strlen(password) > PASSWORD_MOST) {
        bool long_code = strlen(code) > CODE_MOST;
        show_form(&p, 422, "", long_code ? page_text(&p, "recover.code_typing") : NULL,
                  page_text(&p, "unlock.password_wrong"));
        return;
    }
    if (!code[0] && !password[0]) {
        show_form(&p, 422, "", NULL, page_text(&p, "unlock.missing"));
        return;
    }
    if (!code[0]) {
        in.password = password;
        in.password_length = strlen(password);
    }
    enum ww_err err = ww_unlock(c->op, c->session, &in, &opened, &new_code);
    if (err) {
        refused(&p, err, code);
    } else {
        show_opened(&p, opened, new_code);
    }
}
