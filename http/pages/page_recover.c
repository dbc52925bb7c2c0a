/* Getting back in with a recovery code (vault.md §10, own-api.md "Pages"): name, code and a new password sign
 * in, and the code that stands in the used one's place is shown once. */
#include <string.h>

#include "page.h"
#include "timefmt.h"

/* What is sent fits these before anybody looks at it; own-api.md's POST /vault/recover has the same. */
enum { NAME_MOST = 1024, CODE_MOST = 128, PASSWORD_MOST = 4096 };

enum { FIELD_NAME, FIELD_CODE, FIELD_PASSWORD, FIELDS };

/* The form as it was typed, and what is wrong with it. */
struct recovery_form {
    const char *typed[FIELDS];
    const char *wrong[FIELDS]; /* at the field; NULL: nothing */
    const char *refusal;       /* of the whole, or NULL */
};

/* ---- the form ---- */

/* The code stays in its field like the name: whoever typed it has it before them, no store keeps the answer,
 * and 28 symbols typed once more are more typing errors. Passwords are never shown again. */
static struct js *add_fields(struct page *p, struct js *form, const struct recovery_form *f)
{
    struct js *fields[FIELDS];
    int64_t least = ww_setting_int(p->c->site->ww, "selfservice.methods.password.config.min_password_length");
    fields[FIELD_NAME] =
        view_input(p->a, form, "identifier", page_text(p, "field.identifier"), "text", f->typed[FIELD_NAME]);
    fields[FIELD_CODE] =
        view_input(p->a, form, "code", page_text(p, "recover.code"), "text", f->typed[FIELD_CODE]);
    fields[FIELD_PASSWORD] =
        view_input(p->a, form, "password", page_text(p, "field.new_password"), "password", "");
    view_hint(p->a, fields[FIELD_CODE], page_text(p, "recover.code_hint"));
    view_hint(p->a, fields[FIELD_PASSWORD], catalogue_count(p->a, "password.hint", (uint64_t)least));
    for (size_t i = 0; i < FIELDS; i++) {
        static const char *const tokens[] = {"username", "off", "new-password"};
        js_put(p->a, fields[i], "autocomplete", js_text(p->a, tokens[i]));
        js_put(p->a, fields[i], "enterkeyhint", js_text(p->a, i + 1 < FIELDS ? "next" : "go"));
        view_flag(p->a, fields[i], "plain");
        view_flag(p->a, fields[i], "required");
        if (f->wrong[i]) {
            view_error(p->a, p->model, fields[i], f->wrong[i]);
        }
    }
    return fields[FIELD_NAME];
}

/* As a sign-in does: the keyboard that fits, where all names are of one kind. */
static void set_keyboard(struct page *p, struct js *name)
{
    const struct js *only = p->sign_in && p->sign_in->count == 1 ? p->sign_in->first : NULL;
    const char *kind = only ? js_get_text(only, "kind") : NULL;
    const char *mode = !kind                        ? NULL
                       : strcmp(kind, "email") == 0 ? "email"
                       : strcmp(kind, "phone") == 0 ? "tel"
                                                    : NULL;
    if (mode) {
        js_put(p->a, name, "inputmode", js_text(p->a, mode));
    }
}

static void show_form(struct page *p, int status, const struct recovery_form *f)
{
    struct js *form = view_form(p->a, page_path(p, "recover"), page_csrf(p));
    set_keyboard(p, add_fields(p, form, f));
    view_button(p->a, form, page_text(p, "recover.button"));
    view_add_form(p->a, p->model, form);
    if (f->refusal) {
        view_error(p->a, p->model, NULL, f->refusal);
    }
    page_put_text(p, "intro", page_text(p, "recover.intro"));
    page_other(p, "recover.ask", "recover.other", "href", page_path(p, ""));
    page_show(p, status, "flow.html");
}

/* Who is signed in needs no code. */
void handle_page_recover(struct route_call *c)
{
    struct page p;
    const struct recovery_form empty = {.typed = {"", "", ""}};
    if (!page_open(&p, c, "recover.title")) {
        return;
    }
    enum ww_err err = page_session(&p);
    if (err == WW_EDENIED) {
        show_form(&p, 200, &empty);
    } else if (err) {
        page_refused(&p, err);
    } else {
        page_done(&p, "", NULL);
    }
}

/* ---- what was sent ---- */

/* False: the form is shown again. */
static bool read_sent(struct page *p, struct recovery_form *f)
{
    static const struct {
        const char *name, *missing, *too_long;
        size_t most;
    } rules[FIELDS] = {{"identifier", "error.4000002.identifier", "recover.name_long", NAME_MOST},
                       {"code", "recover.code_missing", "recover.code_typing", CODE_MOST},
                       {"password", "error.4000002.password", "recover.password_long", PASSWORD_MOST}};
    bool good = true;
    *f = (struct recovery_form){0};
    for (size_t i = 0; i < FIELDS; i++) {
        const char *text = page_sent(p, rules[i].name);
        bool fits = strlen(text) <= rules[i].most;
        f->typed[i] = fits ? text : "";
        f->wrong[i] = !fits      ? page_text(p, rules[i].too_long)
                      : !text[0] ? page_text(p, rules[i].missing)
                                 : NULL;
        good = good && !f->wrong[i];
    }
    if (!good) {
        show_form(p, 422, f);
    }
    return good;
}

/* The policy's reason in words (cred_policy.h has the ids). */
static const char *password_words(struct page *p)
{
    static const struct {
        const char *id, *key;
    } reasons[] = {{"password_too_short", "error.4000032"},
                   {"password_too_long", "error.4000033"},
                   {"password_similar_to_identifier", "error.4000031"},
                   {"password_made_from_identifier", "error.4000031"},
                   {"password_too_weak", "recover.password_weak"}};
    const struct ww_problem *problem = ww_op_problem(p->c->op);
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strcmp(problem->id, reasons[i].id) == 0) {
            struct js *values = js_copy(p->a, p->words);
            js_put(p->a, values, "min_length", js_int(p->a, (int64_t)problem->limit));
            js_put(p->a, values, "max_length", js_int(p->a, (int64_t)problem->limit));
            return catalogue_text(p->a, reasons[i].key, values);
        }
    }
    return page_text(p, "recover.password_refused");
}

/* At the form, so that nothing needs to be typed twice; what is no fault of the form has a page. */
static void refused(struct page *p, enum ww_err err, struct recovery_form *f)
{
    const struct ww_problem *problem = ww_op_problem(p->c->op);
    bool wrong = strcmp(problem->id, "recovery_code_wrong") == 0;
    if (err == WW_ETHROTTLED) {
        f->refusal = page_throttled(p);
        show_form(p, 429, f);
    } else if (err == WW_EINVAL && wrong) {
        f->wrong[FIELD_CODE] = page_text(p, "recover.code_typing");
        show_form(p, 422, f);
    } else if (problem->field && strcmp(problem->field, "password") == 0) {
        f->wrong[FIELD_PASSWORD] = password_words(p);
        show_form(p, 422, f);
    } else if (err == WW_EDENIED || err == WW_EINVAL) {
        f->refusal = page_text(p, "recover.wrong");
        show_form(p, 422, f);
    } else {
        page_refused(p, err);
    }
}

/* ---- signed in ---- */

/* The anti-CSRF cookie is renewed, as at every sign-in: what others may have seen of it is worth nothing. */
void page_signed_in(struct page *p, struct ww_session *session)
{
    struct route_call *c = p->c;
    const struct ww_session_info *info = ww_session_info(c->op, session);
    const char *value = ww_csrf_cookie_new(c->op), *token = ww_session_token(c->op, session);
    if (info && token) {
        site_set_session_cookie(c->site, c->r, c->op, token, (info->expires - info->issued) / SECOND_US);
    }
    if (value) {
        site_set_csrf_cookie(c->site, c->r, p->a, value);
        c->csrf_cookie = value;
    }
    c->session = session;
}

/* The form judges itself, since one that is sent again by whoever it has signed in is no fault. */
static bool is_ours(struct page *p)
{
    enum ww_err err = page_session(p);
    if (!err) {
        page_done(p, "codes", NULL);
    } else if (err != WW_EDENIED) {
        page_refused(p, err);
    } else if (p->c->csrf_refused) {
        handle_csrf_refused(p->c, p->c->csrf_token_sent);
    } else {
        return true;
    }
    return false;
}

void handle_page_recovering(struct route_call *c)
{
    struct page p;
    struct recovery_form f;
    struct ww_session *session;
    const char *new_code;
    if (!page_open(&p, c, "recover.title") || !is_ours(&p) || !read_sent(&p, &f)) {
        return;
    }
    const struct ww_recovery in = {.size = sizeof in,
                                   .identifier = f.typed[FIELD_NAME],
                                   .code = f.typed[FIELD_CODE],
                                   .password = f.typed[FIELD_PASSWORD],
                                   .password_length = strlen(f.typed[FIELD_PASSWORD]),
                                   .cookie = true};
    enum ww_err err = ww_recover(c->op, &in, &session, &new_code);
    if (err) {
        refused(&p, err, &f);
        return;
    }
    page_signed_in(&p, session);
    page_open_section(&p, SECTION_CODES);
    page_put_text(&p, "title", page_text(&p, "recover.new_title"));
    page_put_text(&p, "done", page_text(&p, "recover.done"));
    page_say(&p, page_text(&p, "recover.new_code"));
    page_show_codes(&p, &new_code, 1);
}
