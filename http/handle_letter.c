/* Letters (own-api.md, "Sharing"): sealed and opened here, kept by who asks. */
#include <string.h>

#include "encode.h"
#include "handlers.h"
#include "own_parts.h"

/* A member in base64 (RFC 4648 section 4); false: refused. */
static bool read_base64(struct route_call *c, const struct js *body, const char *name, struct bytes *out)
{
    const struct js *m = js_get(body, name);
    bool good = m && m->type == JS_STRING && base64_decode(c->arena, BASE64, m->string, out);
    if (!good) {
        own_refuse(c, "field_invalid", name,
                   arena_printf(c->arena, "%s must be text in base64 (RFC 4648 section 4)", name));
    }
    return good;
}

void handle_letter_seal(struct route_call *c)
{
    static const char *const members[] = {"data", "to", NULL};
    const struct ww_letter *const *letters;
    const char *const *to;
    size_t n, to_count;
    struct bytes data;
    struct js *body, *root = js_object(c->arena), *list = js_array(c->arena);
    if (!own_read_object(c, members, &body) || !read_base64(c, body, "data", &data) ||
        !own_read_people(c, body, "to", &to, &to_count)) {
        return;
    }
    /* An empty list names nobody, and is not taken for oneself. */
    if (js_get(body, "to") && !to_count) {
        own_refuse(c, "field_invalid", "to", "to must name somebody, or be left out");
        return;
    }
    enum ww_err err = ww_letter_seal(c->op, c->session, data.p, data.n, to, to_count, &letters, &n);
    if (err) {
        answer_problem(c, err);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct js *o = js_object(c->arena);
        const struct bytes letter = BYTES(letters[i]->letter, letters[i]->length);
        js_put(c->arena, o, "to", js_text(c->arena, letters[i]->to));
        js_put(c->arena, o, "letter", js_text(c->arena, base64_encode(c->arena, BASE64, letter)));
        js_push(list, o);
    }
    js_put(c->arena, root, "letters", list);
    own_answer_json(c, 200, root);
}

/* "from" is a text of at most OWN_PERSON_MOST bytes, or absent. */
static bool read_sender(struct route_call *c, const struct js *body, const char **out)
{
    const struct js *m = js_get(body, "from");
    bool good = !m || (m->type == JS_STRING && m->string.n && m->string.n <= OWN_PERSON_MOST &&
                       !memchr(m->string.p, 0, m->string.n));
    *out = good && m ? (const char *)m->string.p : NULL;
    if (!good) {
        own_refuse(c, "field_invalid", "from", "from must be text of 1 to 1024 bytes");
    }
    return good;
}

void handle_letter_open(struct route_call *c)
{
    static const char *const members[] = {"letter", "from", NULL};
    const char *from, *sender;
    const void *data;
    size_t n;
    struct bytes letter;
    struct js *body, *root = js_object(c->arena);
    if (!own_read_object(c, members, &body) || !read_base64(c, body, "letter", &letter) ||
        !read_sender(c, body, &from)) {
        return;
    }
    enum ww_err err = ww_letter_open(c->op, c->session, letter.p, letter.n, from, &data, &n, &sender);
    if (err) {
        answer_problem(c, err);
        return;
    }
    js_put(c->arena, root, "data", js_text(c->arena, base64_encode(c->arena, BASE64, BYTES(data, n))));
    js_put(c->arena, root, "from", js_text(c->arena, sender));
    own_answer_json(c, 200, root);
}
