/* The list of notes, and making one. */
#include <string.h>

#include "note.h"

enum { LIST_MOST = 200 };

/* False: the vault is closed to this session, and the page says so. */
static bool is_open(struct page *p, enum ww_err err)
{
    if (err != WW_ELOCKED && err != WW_ENOVAULT && err != WW_EAAL) {
        return true;
    }
    page_say(p, page_text(p, err == WW_ENOVAULT ? "notes.empty_vault" : "notes.locked"));
    view_flag(p->a, p->model, "locked");
    page_show(p, 200, "notes.html");
    return false;
}

/* The list continues behind an item that is named by its id. */
static enum ww_err list_from(struct page *p, const char **after)
{
    const char *id = page_query(p, "from");
    const struct ww_item_entry *last = NULL;
    enum ww_err err = id ? ww_item_find(p->c->op, p->c->session, id, &last) : WW_OK;
    *after = last ? last->name : NULL;
    return err;
}

static void add_items(struct page *p, const struct ww_item_entry *const *entries, const struct ww_page *part)
{
    struct js *items = js_put(p->a, p->model, "items", js_object(p->a));
    struct js *list = js_put(p->a, items, "list", js_array(p->a));
    js_put(p->a, items, "first", js_bool(p->a, part->count > 0));
    for (size_t i = 0; i < part->count; i++) {
        struct js *o = js_object(p->a);
        js_put(p->a, o, "id", js_text(p->a, entries[i]->id));
        js_put(p->a, o, "name", js_text(p->a, entries[i]->name));
        js_push(list, o);
    }
    if (part->next) {
        const char *last = entries[part->count - 1]->id;
        struct js *more = js_put(p->a, p->model, "more", js_object(p->a));
        js_put(p->a, more, "href", js_text(p->a, arena_printf(p->a, "%s?from=%s", page_path(p, ""), last)));
    }
}

void handle_page_notes(struct route_call *c)
{
    struct page p;
    struct ww_page part = {.size = sizeof part, .limit = LIST_MOST};
    const struct ww_item_entry *const *entries;
    if (!page_open_account(&p, c, SECTION_NOTES, "notes.title")) {
        return;
    }
    enum ww_err err = list_from(&p, &part.token);
    if (!err) {
        err = ww_item_list(c->op, c->session, NULL, &part, &entries);
    }
    if (!is_open(&p, err)) {
        return;
    }
    if (err) {
        page_refused(&p, err);
        return;
    }
    int64_t most = ww_setting_int(c->site->ww, "watchword.vault.item_max");
    js_put(p.a, p.model, "most", js_int(p.a, most));
    page_put_text(&p, "most_text", words_size(p.a, (uint64_t)most));
    add_items(&p, entries, &part);
    page_show(&p, 200, "notes.html");
}

void handle_page_note_new(struct route_call *c)
{
    struct page p;
    if (page_open_account(&p, c, SECTION_NOTES, "note.new")) {
        struct note note = {.name = "", .text = ""};
        note_show(&p, 200, &note, NULL, NULL);
    }
}
