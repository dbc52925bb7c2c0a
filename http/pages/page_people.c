/* People one shares with (vault.md §11; own-api.md, "Pages"): the number that shows whose keys they are, to
 * compare by telephone, and to accept when it is another than before. */
#include <string.h>

#include "sharing.h"

enum { LIST_MOST = 50, FINGERPRINT_MOST = 256 };

/* "12345 67890 …" as groups that lines break between. */
static struct js *groups_of(struct page *p, const char *fingerprint)
{
    struct js *list = js_array(p->a);
    for (const char *at = fingerprint; *at;) {
        size_t n = strcspn(at, " ");
        js_push(list, js_string(p->a, BYTES(at, n)));
        at += n + (at[n] == ' ');
    }
    return list;
}

static void refused(struct page *p, enum ww_err err)
{
    if (page_is_open(p, err)) {
        page_refused(p, err);
    }
}

/* ---- the list ---- */

static struct js *contacts_json(struct page *p, const struct ww_contact *const *contacts, size_t n)
{
    struct js *list = js_array(p->a);
    for (size_t i = 0; i < n; i++) {
        struct js *o = js_object(p->a);
        bool changed = strcmp(contacts[i]->state, "current") != 0;
        js_put(p->a, o, "href", js_text(p->a, arena_printf(p->a, "people/%s", contacts[i]->id)));
        js_put(p->a, o, "name", js_text(p->a, sharing_who(p, contacts[i]->identifier)));
        js_put(p->a, o, "changed", js_bool(p->a, changed));
        js_push(list, o);
    }
    return list;
}

void handle_page_people(struct route_call *c)
{
    struct page p;
    struct ww_page part = {.size = sizeof part, .limit = LIST_MOST};
    const struct ww_contact *const *contacts;
    const char *own;
    if (!page_open_account(&p, c, SECTION_SHARED, "people.title")) {
        return;
    }
    part.token = page_query(&p, "from");
    enum ww_err err = ww_fingerprint(c->op, c->session, &own);
    err = err ? err : ww_contact_list(c->op, c->session, &part, &contacts);
    if (err) {
        refused(&p, err);
        return;
    }
    sharing_put_parts(&p, SHARE_PEOPLE);
    js_put(p.a, p.model, "number", groups_of(&p, own));
    page_put_text(&p, "number_of", page_text(&p, "people.own"));
    page_put_text(&p, "number_text", page_text(&p, "people.own_text"));
    js_put(p.a, p.model, "list", contacts_json(&p, contacts, part.count));
    page_put_text(&p, "none", page_text(&p, "people.none"));
    if (part.next) {
        page_put_text(&p, "more", arena_printf(p.a, "people?from=%s", part.next));
    }
    page_show(&p, 200, "shared.html");
}

/* ---- one of them ---- */

static void show(struct page *p, int status, const struct ww_contact *x, const char *error)
{
    const char *who = sharing_who(p, x->identifier);
    bool current = strcmp(x->state, "current") == 0;
    page_put_text(p, "subject", who);
    page_put_text(p, "intro", page_text_with(p, current ? "people.current" : "people.changed", "who", who));
    js_put(p->a, p->model, "number", groups_of(p, x->fingerprint));
    page_put_text(p, "number_text", page_text_with(p, "people.compare", "who", who));
    js_put(p->a, p->model, "time", words_time_us(p->a, x->pinned_at, op_now(p->c->op)));
    if (!current) {
        struct js *form = page_form(p, arena_printf(p->a, "people/%s", x->id));
        /* What was compared, so that nothing else is accepted when the keys change once more. */
        view_hidden(p->a, form, "number", x->fingerprint);
        view_button(p->a, form, page_text(p, "people.accept"));
        view_cancel(p->a, form, page_path(p, "people"), page_text(p, "people.differ"));
        view_add_form(p->a, p->model, form);
    }
    if (error) {
        view_error(p->a, p->model, NULL, error);
    }
    page_show(p, status, "person.html");
}

void handle_page_person(struct route_call *c)
{
    struct page p;
    const struct ww_contact *contact;
    if (!page_open_account(&p, c, SECTION_SHARED, "people.one")) {
        return;
    }
    enum ww_err err = ww_contact_find(c->op, c->session, c->id, &contact);
    err ? refused(&p, err) : show(&p, 200, contact, NULL);
}

void handle_page_person_accept(struct route_call *c)
{
    struct page p;
    const struct ww_contact *contact;
    if (!page_open_sent(&p, c, SECTION_SHARED, "people.one")) {
        return;
    }
    const char *number = page_sent(&p, "number");
    enum ww_err err =
        strlen(number) > FINGERPRINT_MOST ? WW_EINVAL : ww_contact_accept(c->op, c->session, c->id, number);
    if (err == WW_ECONFLICT && ww_contact_find(c->op, c->session, c->id, &contact) == WW_OK) {
        show(&p, 409, contact, page_text(&p, "people.again"));
    } else if (err) {
        refused(&p, err);
    } else {
        page_done(&p, arena_printf(p.a, "people/%s", c->id), "accepted");
    }
}
