/* A note as its form shows and sends it, and what becomes of one that could not be stored. */
#include "note.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

/* Bytes (vault.md §8). */
enum { NAME_MOST = 1024 };

/* ---- the form ---- */

/* Name and text; a page that was refused shows both again as they were typed. */
static void add_text_fields(struct page *p, struct js *form, const struct note *note, const char *field,
                            const char *error)
{
    struct js *name = view_input(p->a, form, "name", page_text(p, "note.name"), "text", note->name);
    struct js *text = view_area(p->a, form, "text", page_text(p, "note.text"), note->text);
    view_flag(p->a, name, "required");
    js_put(p->a, name, "autocomplete", js_text(p->a, "off"));
    js_put(p->a, name, "enterkeyhint", js_text(p->a, "next"));
    if (error) {
        view_error(p->a, p->model, strcmp(field, "name") == 0 ? name : text, error);
    }
}

/* The version goes along with the form: what somebody else has saved meanwhile is not written over. */
void note_show(struct page *p, int status, const struct note *note, const char *field, const char *error)
{
    const char *rest = note->id ? arena_printf(p->a, "notes/%s", note->id) : "notes";
    struct js *form = page_form(p, rest);
    view_flag(p->a, form, "wide");
    if (note->id) {
        view_hidden(p->a, form, "version", arena_printf(p->a, "%" PRIu64, note->version));
        page_put_text(p, "id_of", note->id);
    }
    if (note->time) {
        uint64_t now = op_now(p->c->op);
        js_put(p->a, p->model, "time", words_time_us(p->a, note->time, now));
    }
    if (note->theirs) {
        struct js *theirs = js_put(p->a, p->model, "theirs", js_object(p->a));
        js_put(p->a, theirs, "text", js_text(p->a, note->theirs));
    }
    add_text_fields(p, form, note, field, error);
    view_button(p->a, form, page_text(p, note->conflict ? "conflict.save" : "note.save"));
    if (note->conflict) {
        struct js *copy = view_button(p->a, form, page_text(p, "conflict.copy"));
        js_put(p->a, copy, "name", js_text(p->a, "copy"));
        js_put(p->a, copy, "value", js_text(p->a, "1"));
        view_flag(p->a, copy, "quiet");
    }
    view_cancel(p->a, form, page_path(p, ""), page_text(p, "cancel"));
    view_add_form(p->a, p->model, form);
    page_show(p, status, "note.html");
}

/* ---- what was sent ---- */

/* A form sends CR LF whatever was typed. Stored with LF, so that the same text has the same bytes on every
 * system. */
static const char *lines(struct page *p, const char *text)
{
    char *out = arena_strdup(p->a, text), *to = out;
    for (const char *from = text; out && *from; from++) {
        if (from[0] != '\r' || from[1] != '\n') {
            *to++ = *from;
        }
    }
    if (out) {
        *to = 0;
    }
    return out ? out : "";
}

/* Blanks around a name are slips; inside they are kept. */
static const char *trimmed(struct page *p, const char *text)
{
    size_t n;
    text += strspn(text, " \t\r\n");
    for (n = strlen(text); n > 0 && strchr(" \t\r\n", text[n - 1]); n--) {
    }
    const char *out = arena_strndup(p->a, text, n);
    return out ? out : "";
}

/* What is kept of a form whose sender is signed out: three texts, and which note it was. */
static struct js *typed(struct page *p)
{
    static const char *const names[] = {"name", "text", "version"};
    struct js *o = js_object(p->a);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        js_put(p->a, o, names[i], js_text(p->a, page_sent(p, names[i])));
    }
    if (p->c->id) {
        js_put(p->a, o, "id", js_text(p->a, p->c->id));
    }
    return o;
}

bool note_open_sent(struct page *p, struct route_call *c, const char *title_key)
{
    return page_open(p, c, title_key) && page_open_typed(p, SECTION_NOTES, "note", typed);
}

static struct note note_from(struct page *p, const char *id, const char *name, const char *text,
                             const char *version)
{
    return (struct note){.id = id,
                         .name = trimmed(p, name ? name : ""),
                         .text = lines(p, text ? text : ""),
                         .version = strtoull(version ? version : "", NULL, 10)};
}

/* In bytes, as the vault counts (own-api.md, "Items"); the page says it in words. */
static bool note_is_fit(struct page *p, const struct note *note)
{
    if (note->name[0] && strlen(note->name) <= NAME_MOST) {
        return true;
    }
    note_show(p, 422, note, "name", page_text(p, note->name[0] ? "note.name_long" : "note.name_missing"));
    return false;
}

/* After the sign-in, as if it had been sent just now: the same checks, the same answers. */
void note_store_kept(struct page *p, const struct js *kept)
{
    struct note note = note_from(p, js_get_text(kept, "id"), js_get_text(kept, "name"),
                                 js_get_text(kept, "text"), js_get_text(kept, "version"));
    p->c->id = note.id;
    page_put_text(p, "title", page_text(p, note.id ? "note.edit" : "note.new"));
    if (note_is_fit(p, &note)) {
        note_store(p, &note);
    }
}

bool note_read_sent(struct page *p, struct note *out)
{
    *out = note_from(p, p->c->id, page_sent(p, "name"), page_sent(p, "text"), page_sent(p, "version"));
    out->as_copy = page_sent(p, "copy")[0] != 0;
    return note_is_fit(p, out);
}

/* What a textarea gives back unchanged: valid UTF-8 without controls. All else is a file, and is never put
 * into a form. */
bool note_is_text(struct bytes value)
{
    if (value.n > NOTE_TEXT_MOST || !utf8_valid(value)) {
        return false;
    }
    for (size_t i = 0; i < value.n; i++) {
        if ((value.p[i] < 0x20 && !strchr("\t\n\r", value.p[i])) || value.p[i] == 0 || value.p[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

/* To tell a form that was sent twice from a real conflict: the very bytes are there already. */
bool note_is_stored(struct page *p, const struct note *note)
{
    const void *value;
    size_t n;
    return ww_item_get(p->c->op, p->c->session, note->name, &value, &n, NULL) == WW_OK &&
           n == strlen(note->text) && memcmp(value, note->text, n) == 0;
}

/* Each refusal is shown in the form, with what was typed, and with a way out. */
void note_refused(struct page *p, const struct note *note, enum ww_err err)
{
    struct js *values = js_object(p->a);
    switch (err) {
    case WW_ETOOLARGE:
        js_put(p->a, values, "limit", js_text(p->a, words_size(p->a, ww_op_problem(p->c->op)->limit)));
        note_show(p, 413, note, "text", catalogue_text(p->a, "note.too_large", values));
        break;
    case WW_EFULL:
        note_show(p, 413, note, "text", page_text(p, "note.full"));
        break;
    case WW_EINVAL:
        note_show(p, 422, note, "name", page_text(p, "note.name_missing"));
        break;
    case WW_ELOCKED:
    case WW_ENOVAULT:
    case WW_EAAL:
        page_done(p, "", NULL); /* the list says why */
        break;
    default:
        page_refused(p, err);
    }
}
