/* A stored note or file: opened, changed, downloaded, deleted. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "note.h"
#include "sharing.h"
#include "utf8.h"

struct stored {
    const char *name;
    struct bytes value;
    struct ww_item_result about;
};

/* Found by its id, since a name stands in no address; then opened by its name. */
static enum ww_err load(struct page *p, struct stored *out)
{
    const struct ww_item_entry *entry;
    const void *value;
    *out = (struct stored){.about.size = sizeof out->about};
    enum ww_err err = ww_item_find(p->c->op, p->c->session, p->c->id, &entry);
    if (!err) {
        out->name = entry->name;
        err = ww_item_get(p->c->op, p->c->session, out->name, &value, &out->value.n, &out->about);
    }
    out->value.p = err ? NULL : value;
    return err;
}

static struct note note_of(struct page *p, const struct stored *s)
{
    return (struct note){.id = p->c->id,
                         .name = s->name,
                         .text = (const char *)s->value.p,
                         .version = s->about.version,
                         .time = s->about.time};
}

static void refused(struct page *p, enum ww_err err)
{
    struct note none = {.name = "", .text = ""};
    if (err == WW_ELOCKED || err == WW_ENOVAULT || err == WW_EAAL) {
        note_refused(p, &none, err);
    } else {
        page_refused(p, err);
    }
}

/* Name, size, date: what a file holds is never drawn. */
static void show_file(struct page *p, const struct stored *s)
{
    struct js *file = js_put(p->a, p->model, "file", js_object(p->a));
    page_put_text(p, "title", page_text(p, "note.file"));
    js_put(p->a, file, "id", js_text(p->a, p->c->id));
    js_put(p->a, file, "name", js_text(p->a, s->name));
    js_put(p->a, file, "size", js_text(p->a, words_size(p->a, s->value.n)));
    js_put(p->a, file, "time", words_time_us(p->a, s->about.time, op_now(p->c->op)));
    page_put_text(p, "id_of", p->c->id);
    sharing_put_link(p, s->name);
    page_show(p, 200, "note.html");
}

void handle_page_note(struct route_call *c)
{
    struct page p;
    struct stored s;
    if (!page_open_account(&p, c, SECTION_NOTES, "note.edit")) {
        return;
    }
    enum ww_err err = load(&p, &s);
    if (err) {
        refused(&p, err);
    } else if (note_is_text(s.value)) {
        struct note note = note_of(&p, &s);
        sharing_put_link(&p, s.name);
        note_show(&p, 200, &note, NULL, NULL);
    } else {
        show_file(&p, &s);
    }
}

/* ---- saving ---- */

/* Both versions, side by side; saving again replaces what is there now. */
static void show_conflict(struct page *p, struct note *note)
{
    struct stored now;
    enum ww_err err = load(p, &now);
    if (err && err != WW_ENOTFOUND) {
        refused(p, err);
        return;
    }
    page_put_text(p, "title", page_text(p, "conflict.title"));
    view_error(p->a, p->model, NULL, page_text(p, err ? "conflict.gone" : "conflict.intro"));
    note->conflict = !err;
    note->id = err ? NULL : note->id; /* what was deleted becomes a new note */
    if (!err) {
        note->version = now.about.version;
        note->theirs = note_is_text(now.value) ? (const char *)now.value.p : "";
    }
    note_show(p, 409, note, NULL, NULL);
}

/* Under its old name, or in one step under a new one. *taken: another note has the new name. */
static enum ww_err save(struct page *p, const struct note *note, const char *old, bool *taken)
{
    struct ww_item_change changes[2] = {{.size = sizeof changes[0],
                                         .action = WW_ITEM_PUT,
                                         .name = note->name,
                                         .value = note->text,
                                         .value_length = strlen(note->text)},
                                        {.size = sizeof changes[1], .action = WW_ITEM_DELETE, .name = old}};
    bool renamed = strcmp(old, note->name) != 0;
    const void *value;
    size_t n;
    *taken = false;
    /* The version that the form was made from: of two who change a note, the second is shown the first's
     * text. In one transaction, so that a note is never under both names, or neither. */
    changes[renamed ? 1 : 0].if_version = note->version;
    changes[0].if_absent = renamed;
    enum ww_err err = ww_item_change(p->c->op, p->c->session, changes, renamed ? 2 : 1);
    if (err == WW_EVERSION && renamed) {
        *taken = ww_item_get(p->c->op, p->c->session, note->name, &value, &n, NULL) == WW_OK;
    }
    return err;
}

/* Only where there is none of that name: to make a note never writes over another. */
static enum ww_err store_new(struct page *p, const struct note *note)
{
    const struct ww_item_condition absent = {.size = sizeof absent, .if_absent = true};
    return ww_item_put(p->c->op, p->c->session, note->name, note->text, strlen(note->text), &absent, NULL);
}

/* Beside the one that it was, under the first name that is free. */
static enum ww_err store_copy(struct page *p, struct note *note)
{
    enum { COPIES_MOST = 20 };
    const char *name = note->name;
    enum ww_err err = WW_EVERSION;
    note->id = NULL;
    for (int64_t n = 1; err == WW_EVERSION && n <= COPIES_MOST; n++) {
        struct js *values = js_object(p->a);
        js_put(p->a, values, "name", js_text(p->a, name));
        js_put(p->a, values, "n", js_int(p->a, n));
        note->name = catalogue_text(p->a, n > 1 ? "conflict.copy_n" : "conflict.copy_name", values);
        err = store_new(p, note);
    }
    return err;
}

/* One of three: new, over what was shown, or as a copy beside it. */
void note_store(struct page *p, struct note *note)
{
    const struct ww_item_entry *old;
    bool taken = !note->id;
    enum ww_err err = WW_OK;
    if (note->as_copy) {
        err = store_copy(p, note);
        taken = true;
    } else if (!note->id) {
        err = store_new(p, note);
    } else if ((err = ww_item_find(p->c->op, p->c->session, note->id, &old)) == WW_OK) {
        err = save(p, note, old->name, &taken);
    }
    if ((err == WW_EVERSION || err == WW_ENOTFOUND) && note_is_stored(p, note)) {
        err = WW_OK; /* the same form, sent twice */
    }
    if (err == WW_OK) {
        page_done(p, "", note->id ? "saved" : "created");
    } else if (err == WW_EVERSION && taken) {
        note_show(p, 409, note, "name", page_text(p, "note.name_taken"));
    } else if (err == WW_EVERSION || err == WW_ENOTFOUND) {
        show_conflict(p, note);
    } else {
        note_refused(p, note, err);
    }
}

void handle_page_note_save(struct route_call *c)
{
    struct page p;
    struct note note;
    if (note_open_sent(&p, c, c->id ? "note.edit" : "note.new") && note_read_sent(&p, &note)) {
        note_store(&p, &note);
    }
}

/* ---- download ---- */

void handle_page_note_file(struct route_call *c)
{
    struct page p;
    struct stored s;
    if (!page_open_account(&p, c, SECTION_NOTES, "note.file")) {
        return;
    }
    enum ww_err err = load(&p, &s);
    if (err) {
        refused(&p, err);
        return;
    }
    page_give_file(&p, s.name, s.value);
}

/* ---- deleting ---- */

static void show_delete(struct page *p, int status, const char *error)
{
    struct stored s;
    const struct ww_share *share;
    enum ww_err err = load(p, &s);
    if (err) {
        refused(p, err);
        return;
    }
    const char *here = arena_printf(p->a, "notes/%s/delete", p->c->id);
    const char *back = arena_printf(p->a, "notes/%s", p->c->id);
    struct js *form = page_form(p, here);
    view_hidden(p->a, form, "version", arena_printf(p->a, "%" PRIu64, s.about.version));
    view_flag(p->a, view_button(p->a, form, page_text(p, "note.delete_button")), "danger");
    view_cancel(p->a, form, page_path(p, back ? back : ""), page_text(p, "note.keep"));
    js_put(p->a, p->model, "subject", js_text(p->a, s.name));
    page_say(p, page_text(p, "note.delete_text"));
    if (sharing_named(p, s.name, &share) == WW_OK && share) {
        page_say(p, page_text(p, "share.delete"));
    }
    if (error) {
        view_error(p->a, p->model, NULL, error);
    }
    view_add_form(p->a, p->model, form);
    page_show(p, status, "confirm.html");
}

/* A page of its own asks: a click in a list deletes nothing. */
void handle_page_note_delete(struct route_call *c)
{
    struct page p;
    if (page_open_account(&p, c, SECTION_NOTES, "note.delete_title")) {
        show_delete(&p, 200, NULL);
    }
}

/* First of the two: a note that is still there can be deleted again, a share without a note would be read
 * on. */
static enum ww_err withdraw(struct page *p, const char *name)
{
    const struct ww_share *share;
    enum ww_err err = sharing_named(p, name, &share);
    if (!err && share) {
        err = ww_share_withdraw(p->c->op, p->c->session, name, NULL);
    }
    return err == WW_ENOTFOUND ? WW_OK : err;
}

void handle_page_note_deleted(struct route_call *c)
{
    struct page p;
    const struct ww_item_entry *entry;
    if (!page_open_sent(&p, c, SECTION_NOTES, "note.delete_title")) {
        return;
    }
    /* Only what the page showed is deleted; who changed it meanwhile is shown again. */
    struct ww_item_condition same = {.size = sizeof same,
                                     .if_version = strtoull(page_sent(&p, "version"), NULL, 10)};
    enum ww_err err = ww_item_find(c->op, c->session, c->id, &entry);
    if (!err && (err = entry->version == same.if_version ? WW_OK : WW_EVERSION) == WW_OK &&
        (err = withdraw(&p, entry->name)) == WW_OK) {
        err = ww_item_delete(c->op, c->session, entry->name, &same);
    }
    if (err == WW_OK || err == WW_ENOTFOUND) { /* gone is gone, however often it is asked for */
        page_done(&p, "", "deleted");
    } else if (err == WW_EVERSION) {
        show_delete(&p, 409, page_text(&p, "conflict.delete"));
    } else {
        refused(&p, err);
    }
}
