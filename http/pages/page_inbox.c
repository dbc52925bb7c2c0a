/* "Shared with me" (own-api.md, "Pages"): what others share is read, downloaded, and kept as one's own. */
#include <string.h>

#include "note.h"
#include "sharing.h"

enum { LIST_MOST = 50, NAME_MOST = 1024 };

/* ---- the list ---- */

static struct js *received_json(struct page *p, const struct ww_received *const *received, size_t n)
{
    struct js *list = js_array(p->a);
    for (size_t i = 0; i < n; i++) {
        struct js *o = js_object(p->a);
        const char *who = sharing_who(p, received[i]->from_identifier);
        js_put(p->a, o, "href", js_text(p->a, arena_printf(p->a, "inbox/%s", received[i]->id)));
        js_put(p->a, o, "name", js_text(p->a, received[i]->name));
        js_put(p->a, o, "about", js_text(p->a, page_text_with(p, "inbox.from", "who", who)));
        js_put(p->a, o, "time", words_time_us(p->a, received[i]->time, op_now(p->c->op)));
        js_put(p->a, o, "changed", js_bool(p->a, strcmp(received[i]->state, "changed") == 0));
        js_push(list, o);
    }
    return list;
}

void handle_page_inbox(struct route_call *c)
{
    struct page p;
    struct ww_page part = {.size = sizeof part, .limit = LIST_MOST};
    const struct ww_received *const *received;
    if (!page_open_account(&p, c, SECTION_SHARED, "share.inbox")) {
        return;
    }
    part.token = page_query(&p, "from");
    enum ww_err err = ww_inbox_list(c->op, c->session, &part, &received);
    if (!page_is_open(&p, err)) {
        return;
    }
    if (err) {
        page_refused(&p, err);
        return;
    }
    sharing_put_parts(&p, SHARE_INBOX);
    js_put(p.a, p.model, "list", received_json(&p, received, part.count));
    page_put_text(&p, "none", page_text(&p, "inbox.none"));
    if (part.next) {
        page_put_text(&p, "more", arena_printf(p.a, "inbox?from=%s", part.next));
    }
    page_show(&p, 200, "shared.html");
}

/* ---- one of them ---- */

struct received {
    const struct ww_received *about;
    bool changed;
    struct bytes value;
};

/* Whose sender has other keys is described, and not opened. */
static enum ww_err load(struct page *p, struct received *out)
{
    const void *value;
    *out = (struct received){0};
    enum ww_err err = ww_inbox_find(p->c->op, p->c->session, p->c->id, &out->about);
    if (err) {
        return err;
    }
    out->changed = strcmp(out->about->state, "changed") == 0;
    if (out->changed) {
        return WW_OK;
    }
    err = ww_inbox_get(p->c->op, p->c->session, out->about->name, out->about->from, &value, &out->value.n,
                       NULL);
    out->value.p = err ? NULL : value;
    return err;
}

static void refused(struct page *p, enum ww_err err)
{
    if (err == WW_ENOTFOUND) {
        page_done(p, "inbox", "share_gone");
    } else if (page_is_open(p, err)) {
        page_refused(p, err);
    }
}

static void adopt_form(struct page *p, const char *name, const char *error)
{
    struct js *form = page_form(p, arena_printf(p->a, "inbox/%s", p->c->id));
    struct js *field = view_input(p->a, form, "name", page_text(p, "inbox.name"), "text", name);
    view_flag(p->a, field, "required");
    js_put(p->a, field, "autocomplete", js_text(p->a, "off"));
    view_button(p->a, form, page_text(p, "inbox.adopt"));
    if (error) {
        view_error(p->a, p->model, field, error);
    }
    view_add_form(p->a, p->model, form);
}

static void show(struct page *p, int status, const struct received *r, const char *name, const char *error)
{
    const char *who = sharing_who(p, r->about->from_identifier);
    page_put_text(p, "title", page_text(p, "inbox.one"));
    page_put_text(p, "id", p->c->id);
    page_put_text(p, "name", r->about->name);
    page_put_text(p, "who", who);
    page_put_text(p, "person_id", r->about->from);
    js_put(p->a, p->model, "time", words_time_us(p->a, r->about->time, op_now(p->c->op)));
    if (r->changed) {
        page_put_text(p, "changed", page_text_with(p, "people.changed", "who", who));
    } else if (note_is_text(r->value)) {
        struct js *text = js_put(p->a, p->model, "text", js_object(p->a));
        js_put(p->a, text, "value", js_string(p->a, r->value));
        js_put(p->a, text, "any", js_bool(p->a, r->value.n > 0));
    } else {
        page_put_text(p, "size", words_size(p->a, r->value.n));
    }
    if (!r->changed) {
        adopt_form(p, name, error);
    }
    page_show(p, status, "received.html");
}

void handle_page_received(struct route_call *c)
{
    struct page p;
    struct received r;
    if (!page_open_account(&p, c, SECTION_SHARED, "inbox.one")) {
        return;
    }
    enum ww_err err = load(&p, &r);
    err ? refused(&p, err) : show(&p, 200, &r, r.about->name, NULL);
}

void handle_page_received_file(struct route_call *c)
{
    struct page p;
    struct received r;
    if (!page_open_account(&p, c, SECTION_SHARED, "inbox.one")) {
        return;
    }
    enum ww_err err = load(&p, &r);
    if (err) {
        refused(&p, err);
    } else if (r.changed) {
        page_done(&p, arena_printf(p.a, "inbox/%s", c->id), NULL);
    } else {
        page_give_file(&p, r.about->name, r.value);
    }
}

/* ---- a copy of one's own ---- */

/* The same form sent twice: the copy is there. */
static bool is_kept(struct page *p, const struct received *r, const char *name)
{
    const void *value;
    size_t n;
    return ww_item_get(p->c->op, p->c->session, name, &value, &n, NULL) == WW_OK &&
           bytes_equal(BYTES(value, n), r->value);
}

void handle_page_received_adopt(struct route_call *c)
{
    struct page p;
    struct received r;
    if (!page_open_sent(&p, c, SECTION_SHARED, "inbox.one")) {
        return;
    }
    enum ww_err err = load(&p, &r);
    const char *as = page_sent(&p, "name");
    if (err || r.changed) {
        err ? refused(&p, err) : show(&p, 409, &r, as, NULL);
        return;
    }
    if (!as[0] || strlen(as) > NAME_MOST) {
        show(&p, 422, &r, as, page_text(&p, as[0] ? "note.name_long" : "note.name_missing"));
        return;
    }
    err = ww_inbox_adopt(c->op, c->session, r.about->name, r.about->from, as, NULL);
    if (err == WW_OK || (err == WW_EVERSION && is_kept(&p, &r, as))) {
        page_done(&p, "", "adopted");
    } else if (err == WW_EVERSION) {
        show(&p, 409, &r, as, page_text(&p, "note.name_taken"));
    } else if (err == WW_EFULL || err == WW_ETOOLARGE) {
        show(&p, 413, &r, as, page_text(&p, "note.full"));
    } else if (err == WW_EINVAL) {
        show(&p, 422, &r, as, page_text(&p, "note.name_missing"));
    } else {
        refused(&p, err);
    }
}
