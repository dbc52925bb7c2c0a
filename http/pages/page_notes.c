/* The list of notes and files, a new note, and a file that is added. */
#include <string.h>

#include "note.h"

enum { LIST_MOST = 50, FILE_NAME_MOST = 1024 };

/* The list continues behind an item that is named by its id. By id and not by name: names are typed by
 * people and stand in no address (own-api.md, "Pages"). */
static enum ww_err list_from(struct page *p, const char **after)
{
    const char *id = page_query(p, "from");
    const struct ww_item_entry *last = NULL;
    enum ww_err err = id ? ww_item_find(p->c->op, p->c->session, id, &last) : WW_OK;
    *after = last ? last->name : NULL;
    return err;
}

/* What a list says of one: its kind and size, and when it was changed. Each is opened in an operation of
 * its own, so that the page holds one value at a time. A row that cannot be opened is shown by its name
 * alone; opening it tells what is wrong. */
static void describe(struct page *p, const struct ww_item_entry *entry, struct js *row)
{
    struct ww_op *op;
    struct ww_session *session;
    struct ww_item_result about = {.size = sizeof about};
    const void *value;
    size_t n;
    if (ww_op_begin(p->c->site->ww, NULL, &op) != WW_OK) {
        return;
    }
    if (ww_session_resume(op, ww_session_token(p->c->op, p->c->session), &session) == WW_OK &&
        ww_item_get(op, session, entry->name, &value, &n, &about) == WW_OK) {
        struct js *values = js_object(p->a);
        js_put(p->a, values, "size", js_text(p->a, words_size(p->a, n)));
        js_put(p->a, row, "kind",
               js_text(p->a, note_is_text(BYTES(value, n))
                                 ? page_text(p, "notes.kind_note")
                                 : catalogue_text(p->a, "notes.kind_file", values)));
        js_put(p->a, row, "time", words_time_us(p->a, about.time, op_now(p->c->op)));
    }
    ww_op_end(op);
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
        describe(p, entries[i], o);
        js_push(list, o);
    }
    if (part->next) {
        const char *last = entries[part->count - 1]->id;
        struct js *more = js_put(p->a, p->model, "more", js_object(p->a));
        js_put(p->a, more, "href", js_text(p->a, arena_printf(p->a, "%s?from=%s", page_path(p, ""), last)));
    }
}

static struct js *add_upload(struct page *p)
{
    int64_t most = ww_setting_int(p->c->site->ww, "watchword.vault.item_max");
    const char *size = words_size(p->a, (uint64_t)most);
    struct js *upload = js_put(p->a, p->model, "upload", js_object(p->a));
    js_put(p->a, upload, "id", js_text(p->a, "upload"));
    js_put(p->a, upload, "most", js_int(p->a, most));
    js_put(p->a, upload, "hint", js_text(p->a, page_text_with(p, "upload.hint", "most", size)));
    js_put(p->a, upload, "large", js_text(p->a, page_text_with(p, "upload.large", "most", size)));
    return upload;
}

/* There until it is heeded. */
static void remind_of_codes(struct page *p)
{
    struct ww_codes_state codes = {.size = sizeof codes};
    if (ww_codes_state(p->c->op, p->c->session, &codes) == WW_OK && !codes.left) {
        page_put_text(p, "no_codes", page_text(p, "codes.remind"));
    }
}

/* Of notes that wait, until when; the first that ends. */
static void remind_of_older(struct page *p)
{
    const struct ww_waiting *const *list;
    size_t n;
    if (ww_waiting_list(p->c->op, p->c->session, &list, &n) == WW_OK && n) {
        const struct js *time = words_time_us(p->a, list[0]->kept_until, op_now(p->c->op));
        page_put_text(p, "older", page_text_with(p, "older.remind", "date", js_get_text(time, "absolute")));
    }
}

/* error: of a file that was sent, or NULL. */
static void show_notes(struct page *p, int status, const char *error)
{
    struct ww_page part = {.size = sizeof part, .limit = LIST_MOST};
    const struct ww_item_entry *const *entries;
    enum ww_err err = list_from(p, &part.token);
    if (!err) {
        err = ww_item_list(p->c->op, p->c->session, NULL, &part, &entries);
    }
    if (!page_is_open(p, err)) {
        return;
    }
    if (err) {
        page_refused(p, err);
        return;
    }
    struct js *upload = add_upload(p);
    if (error) {
        view_error(p->a, p->model, upload, error);
    }
    add_items(p, entries, &part);
    remind_of_codes(p);
    remind_of_older(p);
    page_show(p, status, "notes.html");
}

void handle_page_notes(struct route_call *c)
{
    struct page p;
    if (page_open_account(&p, c, SECTION_NOTES, "notes.title")) {
        show_notes(&p, 200, NULL);
    }
}

/* ---- adding a file ---- */

/* To the script in words only: it shows them where the file was chosen. Exactly that: browsers never ask
 * for text/plain alone by themselves. */
static bool wants_text(const struct page *p)
{
    const char *accept = http_header(p->c->r, "Accept");
    return accept && strcmp(accept, "text/plain") == 0;
}

/* A script gets the sentence alone, a form the page. */
static void refuse_file(struct page *p, int status, const char *text)
{
    if (wants_text(p)) {
        dispatch_answer_text(p->c->r, status, "text/plain; charset=utf-8", text);
    } else {
        show_notes(p, status, text);
    }
}

/* Some browsers send the whole path. The rest is a folder of theirs, which is nobody's business here. */
static const char *base_name(const char *name)
{
    const char *slash = strrchr(name, '/'), *back = strrchr(name, '\\');
    const char *last = slash > back ? slash : back;
    return last ? last + 1 : name;
}

/* The bytes as they came; their kind is guessed by nobody. */
static void store_file(struct page *p, const char *name)
{
    /* A file never replaces another by its name alone. */
    const struct ww_item_condition absent = {.size = sizeof absent, .if_absent = true};
    enum ww_err err = ww_item_put(p->c->op, p->c->session, name, p->file.p, p->file.n, &absent, NULL);
    if (err == WW_OK && wants_text(p)) {
        site_set_said_cookie(p->c->site, p->c->r, p->a, "uploaded");
        dispatch_answer_text(p->c->r, 200, "text/plain; charset=utf-8", "");
    } else if (err == WW_OK) {
        page_done(p, "", "uploaded");
    } else if (err == WW_EVERSION) {
        refuse_file(p, 409, page_text(p, "upload.exists"));
    } else if (err == WW_ETOOLARGE) {
        refuse_file(p, 413, js_get_text(add_upload(p), "large"));
    } else if (err == WW_EFULL) {
        refuse_file(p, 413, page_text(p, "note.full"));
    } else {
        page_refused(p, err);
    }
}

void handle_page_file_add(struct route_call *c)
{
    struct page p;
    if (!page_open(&p, c, "notes.title")) {
        return;
    }
    /* A script would follow the redirect to the sign-in and take that page for success. */
    if (wants_text(&p) && page_session(&p) == WW_EDENIED) {
        refuse_file(&p, 401, page_text(&p, "upload.signed_out"));
        return;
    }
    if (!page_open_sent(&p, c, SECTION_NOTES, "notes.title")) {
        return;
    }
    const char *name = base_name(p.file_name ? p.file_name : "");
    if (!name[0] || strlen(name) > FILE_NAME_MOST) {
        refuse_file(&p, 422, page_text(&p, name[0] ? "note.name_long" : "upload.none"));
    } else {
        store_file(&p, name);
    }
}

void handle_page_note_new(struct route_call *c)
{
    struct page p;
    if (page_open_account(&p, c, SECTION_NOTES, "note.new")) {
        struct note note = {.name = "", .text = ""};
        note_show(&p, 200, &note, NULL, NULL);
    }
}
