/* "Shared by me" (vault.md §11; own-api.md, "Pages"): a note or file is shared with people by the name that
 * they sign in with, who has it is shown, and it can be taken back. What is shared is a copy as it was then:
 * later changes of the note are its owner's until they press the button. */
#include <stdlib.h>
#include <string.h>

#include "sharing.h"

enum { LIST_MOST = 50 };

/* ---- parts ---- */

void sharing_put_parts(struct page *p, enum share_part here)
{
    static const char *const parts[][2] = {
        {"inbox", "share.inbox"}, {"shared", "share.sent"}, {"people", "people.title"}};
    struct js *list = js_put(p->a, p->model, "parts", js_array(p->a));
    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct js *o = js_object(p->a);
        js_put(p->a, o, "href", js_text(p->a, parts[i][0]));
        js_put(p->a, o, "text", js_text(p->a, page_text(p, parts[i][1])));
        js_put(p->a, o, "here", js_bool(p->a, i == (unsigned)here));
        js_push(list, o);
    }
}

const char *sharing_who(struct page *p, const char *identifier)
{
    return identifier ? identifier : page_text(p, "share.somebody");
}

enum ww_err sharing_named(struct page *p, const char *name, const struct ww_share **out)
{
    struct ww_page one = {.size = sizeof one, .limit = 1};
    const struct ww_share *const *shares;
    *out = NULL;
    /* Of all names that begin so the name itself comes first. */
    enum ww_err err = ww_share_list(p->c->op, p->c->session, name, &one, &shares);
    if (!err && one.count && strcmp(shares[0]->name, name) == 0) {
        *out = shares[0];
    }
    return err;
}

void sharing_put_link(struct page *p, const char *name)
{
    const struct ww_share *share;
    if (sharing_named(p, name, &share) == WW_OK) {
        page_put_text(p, "share_link",
                      share ? catalogue_count(p->a, "share.with", share->to_count)
                            : page_text(p, "share.link"));
    }
}

/* ---- the list ---- */

static const char *readers(struct page *p, const struct ww_share *s)
{
    size_t sealed = 0;
    for (size_t i = 0; i < s->to_count; i++) {
        sealed += strcmp(s->to[i]->state, "sealed") == 0;
    }
    const char *all = sealed ? catalogue_count(p->a, "share.readers", sealed) : page_text(p, "share.nobody");
    size_t rest = s->to_count - sealed;
    return rest ? arena_printf(p->a, "%s, %s", all, catalogue_count(p->a, "share.waiting", rest)) : all;
}

static struct js *shares_json(struct page *p, const struct ww_share *const *shares, size_t n)
{
    struct js *list = js_array(p->a);
    for (size_t i = 0; i < n; i++) {
        struct js *o = js_object(p->a);
        js_put(p->a, o, "href", js_text(p->a, arena_printf(p->a, "shared/%s", shares[i]->id)));
        js_put(p->a, o, "name", js_text(p->a, shares[i]->name));
        js_put(p->a, o, "about", js_text(p->a, readers(p, shares[i])));
        js_push(list, o);
    }
    return list;
}

void handle_page_shared(struct route_call *c)
{
    struct page p;
    struct ww_page part = {.size = sizeof part, .limit = LIST_MOST};
    const struct ww_share *const *shares, *last = NULL;
    if (!page_open_account(&p, c, SECTION_SHARED, "share.sent")) {
        return;
    }
    const char *from = page_query(&p, "from");
    enum ww_err err = from ? ww_share_find(c->op, c->session, from, &last) : WW_OK;
    part.token = last ? last->name : NULL;
    err = err ? err : ww_share_list(c->op, c->session, NULL, &part, &shares);
    if (!page_is_open(&p, err)) {
        return;
    }
    if (err) {
        page_refused(&p, err);
        return;
    }
    sharing_put_parts(&p, SHARE_SENT);
    js_put(p.a, p.model, "list", shares_json(&p, shares, part.count));
    page_put_text(&p, "none", page_text(&p, "share.none"));
    if (part.next) {
        page_put_text(&p, "more", arena_printf(p.a, "shared?from=%s", shares[part.count - 1]->id));
    }
    page_show(&p, 200, "shared.html");
}

/* ---- one share ---- */

static struct js *people_json(struct page *p, const struct ww_share *s)
{
    struct js *list = js_array(p->a);
    for (size_t i = 0; i < s->to_count; i++) {
        const struct ww_recipient *r = s->to[i];
        struct js *o = js_object(p->a);
        bool changed = strcmp(r->state, "changed") == 0;
        js_put(p->a, o, "id", js_text(p->a, r->id));
        js_put(p->a, o, "share", js_text(p->a, s->id));
        js_put(p->a, o, "who", js_text(p->a, sharing_who(p, r->identifier)));
        js_put(p->a, o, "state", js_text(p->a, page_text(p, arena_printf(p->a, "share.is_%s", r->state))));
        js_put(p->a, o, "changed", js_bool(p->a, changed));
        js_push(list, o);
    }
    return list;
}

/* What is shared is a copy: whether the note by the same name says something else by now. */
static void compare_with_note(struct page *p, const struct ww_share *s)
{
    const struct ww_item_entry *entry;
    const void *mine, *theirs;
    size_t n, m;
    if (ww_item_look(p->c->op, p->c->session, s->name, &entry) != WW_OK) {
        return;
    }
    page_put_text(p, "note", entry->id);
    if (ww_item_get(p->c->op, p->c->session, s->name, &mine, &n, NULL) == WW_OK &&
        ww_share_get(p->c->op, p->c->session, s->name, &theirs, &m, NULL) == WW_OK) {
        js_put(p->a, p->model, "stale", js_bool(p->a, n != m || (n && memcmp(mine, theirs, n) != 0)));
    }
}

/* The field for one more person. error: at the field, or NULL. */
static void add_form(struct page *p, const char *rest, const char *typed, const char *error)
{
    struct js *form = page_form(p, rest);
    struct js *to = view_input(p->a, form, "to", page_text(p, "share.to"), "text", typed);
    view_hint(p->a, to, page_text(p, "share.to_hint"));
    view_flag(p->a, to, "plain");
    view_flag(p->a, to, "required");
    js_put(p->a, to, "autocomplete", js_text(p->a, "off"));
    view_button(p->a, form, page_text(p, "share.button"));
    if (error) {
        view_error(p->a, p->model, to, error);
    }
    view_add_form(p->a, p->model, form);
}

static void show_share(struct page *p, int status, const struct ww_share *s, const char *typed,
                       const char *error)
{
    const char *rest = arena_printf(p->a, "shared/%s", s->id);
    page_put_text(p, "title", page_text(p, "share.one"));
    page_put_text(p, "id", s->id);
    page_put_text(p, "name", s->name);
    js_put(p->a, p->model, "time", words_time_us(p->a, s->time, op_now(p->c->op)));
    js_put(p->a, p->model, "people", people_json(p, s));
    js_put(p->a, p->model, "any", js_bool(p->a, s->to_count > 0));
    compare_with_note(p, s);
    add_form(p, rest ? rest : "", typed, error);
    page_show(p, status, "share.html");
}

/* Of an id that is shared no more there is only that to say. */
static void share_refused(struct page *p, enum ww_err err)
{
    if (err == WW_ENOTFOUND) {
        page_done(p, "shared", "share_gone");
    } else if (page_is_open(p, err)) {
        page_refused(p, err);
    }
}

void handle_page_share(struct route_call *c)
{
    struct page p;
    const struct ww_share *share;
    if (!page_open_account(&p, c, SECTION_SHARED, "share.one")) {
        return;
    }
    enum ww_err err = ww_share_find(c->op, c->session, c->id, &share);
    err ? share_refused(&p, err) : show_share(&p, 200, share, "", NULL);
}

/* ---- more people ---- */

/* What was typed, without the spaces around it. */
static const char *typed_name(struct page *p)
{
    const char *text = page_sent(p, "to");
    text += strspn(text, " \t\r\n");
    size_t n = strlen(text);
    while (n && strchr(" \t\r\n", text[n - 1])) {
        n--;
    }
    const char *out = arena_strndup(p->a, text, n);
    return out ? out : "";
}

/* The words at the field; NULL: it is about something else. */
static const char *name_refused(struct page *p, enum ww_err err, int *status)
{
    const struct ww_problem *why = ww_op_problem(p->c->op);
    *status = 422;
    switch (err) {
    case WW_ETHROTTLED:
        *status = 429;
        (void)page_throttled(p); /* Retry-After */
        return page_text_with(p, "share.too_many", "wait", words_wait(p->a, why->retry_after));
    case WW_ECONFLICT:
        *status = 409;
        return page_text(p, "share.changed");
    case WW_ENOTFOUND:
        return strcmp(why->id, "recipient_unknown") == 0 ? page_text(p, "share.unknown") : NULL;
    case WW_EFULL:
    case WW_EINVAL:
        return page_text(p, strcmp(why->id, "recipient_self") == 0        ? "share.self"
                            : strcmp(why->id, "recipients_too_many") == 0 ? "share.most"
                            : err == WW_EFULL                             ? "note.full"
                                                                          : "share.unknown");
    case WW_ETOOLARGE:
        return page_text(p, "share.large");
    default:
        return NULL;
    }
}

void handle_page_share_add(struct route_call *c)
{
    struct page p;
    const struct ww_share *share;
    int status = 422;
    if (!page_open_sent(&p, c, SECTION_SHARED, "share.one")) {
        return;
    }
    const char *to = typed_name(&p), *refusal = to[0] ? NULL : page_text(&p, "share.missing");
    enum ww_err err = ww_share_find(c->op, c->session, c->id, &share);
    if (err) { /* nothing to show a refusal beside */
        share_refused(&p, err);
        return;
    }
    if (!refusal) {
        err = ww_share_people(c->op, c->session, share->name, &to, 1, NULL, 0, NULL);
        refusal = err ? name_refused(&p, err, &status) : NULL;
    }
    if (refusal) {
        show_share(&p, status, share, to, refusal);
    } else if (err) {
        share_refused(&p, err);
    } else {
        page_done(&p, arena_printf(p.a, "shared/%s", c->id), "shared");
    }
}

void handle_page_share_remove(struct route_call *c)
{
    struct page p;
    const struct ww_share *share;
    if (!page_open_sent(&p, c, SECTION_SHARED, "share.one")) {
        return;
    }
    const char *who = page_sent(&p, "person");
    enum ww_err err = ww_share_find(c->op, c->session, c->id, &share);
    if (!err) {
        err = ww_share_people(c->op, c->session, share->name, NULL, 0, &who, 1, NULL);
    }
    err ? share_refused(&p, err) : page_done(&p, arena_printf(p.a, "shared/%s", c->id), "share_removed");
}

/* The note as it is now, for those who have it as it was. */
void handle_page_share_renew(struct route_call *c)
{
    struct page p;
    const struct ww_share *share;
    const void *value;
    size_t n;
    if (!page_open_sent(&p, c, SECTION_SHARED, "share.one")) {
        return;
    }
    enum ww_err err = ww_share_find(c->op, c->session, c->id, &share);
    if (!err && (err = ww_item_get(c->op, c->session, share->name, &value, &n, NULL)) == WW_OK) {
        err = ww_share_put(c->op, c->session, share->name, value, n, NULL, 0, NULL, NULL);
    }
    err ? share_refused(&p, err) : page_done(&p, arena_printf(p.a, "shared/%s", c->id), "share_renewed");
}

/* ---- ending it ---- */

void handle_page_share_end(struct route_call *c)
{
    struct page p;
    const struct ww_share *share;
    if (!page_open_account(&p, c, SECTION_SHARED, "share.end_title")) {
        return;
    }
    enum ww_err err = ww_share_find(c->op, c->session, c->id, &share);
    if (err) {
        share_refused(&p, err);
        return;
    }
    const char *back = arena_printf(p.a, "shared/%s", c->id);
    struct js *form = page_form(&p, arena_printf(p.a, "shared/%s/end", c->id));
    view_flag(p.a, view_button(p.a, form, page_text(&p, "share.end")), "danger");
    view_cancel(p.a, form, page_path(&p, back ? back : ""), page_text(&p, "share.keep"));
    page_put_text(&p, "subject", share->name);
    page_say(&p, page_text(&p, "share.end_text"));
    view_add_form(p.a, p.model, form);
    page_show(&p, 200, "confirm.html");
}

void handle_page_share_ended(struct route_call *c)
{
    struct page p;
    const struct ww_share *share;
    if (!page_open_sent(&p, c, SECTION_SHARED, "share.end_title")) {
        return;
    }
    enum ww_err err = ww_share_find(c->op, c->session, c->id, &share);
    if (!err) {
        err = ww_share_withdraw(c->op, c->session, share->name, NULL);
    }
    err ? share_refused(&p, err) : page_done(&p, "shared", "share_ended");
}

/* ---- a note that is not shared yet ---- */

static void show_new(struct page *p, int status, const char *name, const char *typed, const char *error)
{
    page_put_text(p, "title", page_text(p, "share.new"));
    page_put_text(p, "name", name);
    page_put_text(p, "intro", page_text(p, "share.intro"));
    page_put_text(p, "subject", name);
    add_form(p, arena_printf(p->a, "notes/%s/share", p->c->id), typed, error);
    page_show(p, status, "confirm.html");
}

/* The note of the address, and the share that goes by its name, or NULL. False: answered. */
static bool find_note(struct page *p, const struct ww_item_entry **note, const struct ww_share **share)
{
    enum ww_err err = ww_item_find(p->c->op, p->c->session, p->c->id, note);
    if (!err) {
        err = sharing_named(p, (*note)->name, share);
    }
    if (!page_is_open(p, err)) {
        return false;
    }
    if (err) {
        page_refused(p, err);
    }
    return !err;
}

void handle_page_note_share(struct route_call *c)
{
    struct page p;
    const struct ww_item_entry *note;
    const struct ww_share *share;
    if (!page_open_account(&p, c, SECTION_NOTES, "share.new") || !find_note(&p, &note, &share)) {
        return;
    }
    if (share) {
        page_done(&p, arena_printf(p.a, "shared/%s", share->id), NULL);
    } else {
        show_new(&p, 200, note->name, "", NULL);
    }
}

/* New, or for one more: the same form sent from two tabs, or twice. */
static enum ww_err share_with(struct page *p, const char *name, const char *to)
{
    const struct ww_item_condition absent = {.size = sizeof absent, .if_absent = true};
    const void *value;
    size_t n;
    enum ww_err err = ww_item_get(p->c->op, p->c->session, name, &value, &n, NULL);
    if (!err) {
        err = ww_share_put(p->c->op, p->c->session, name, value, n, &to, 1, &absent, NULL);
    }
    return err == WW_EVERSION ? ww_share_people(p->c->op, p->c->session, name, &to, 1, NULL, 0, NULL) : err;
}

void handle_page_note_sharing(struct route_call *c)
{
    struct page p;
    const struct ww_item_entry *note;
    const struct ww_share *share;
    int status = 422;
    if (!page_open_sent(&p, c, SECTION_NOTES, "share.new") || !find_note(&p, &note, &share)) {
        return;
    }
    const char *to = typed_name(&p), *refusal = to[0] ? NULL : page_text(&p, "share.missing");
    enum ww_err err = refusal ? WW_OK : share_with(&p, note->name, to);
    refusal = err ? name_refused(&p, err, &status) : refusal;
    if (refusal) {
        show_new(&p, status, note->name, to, refusal);
    } else if (err || (err = sharing_named(&p, note->name, &share))) {
        share_refused(&p, err);
    } else {
        page_done(&p, share ? arena_printf(p.a, "shared/%s", share->id) : "shared", "shared");
    }
}
