/* What others share with an account, and whose keys it knows (own-api.md, "Sharing"). */
#include <inttypes.h>
#include <string.h>

#include "handlers.h"
#include "own_parts.h"
#include "timefmt.h"

enum { NAME_MOST = 1024, FINGERPRINT_MOST = 256, TOKEN_MOST = 64 };

static struct js *text_or_null(struct arena *a, const char *text)
{
    return text ? js_text(a, text) : js_null(a);
}

/* ---- the list ---- */

/* The sender by UUID, and by a name only where the keys are those that were pinned to it. */
static struct js *received_json(struct arena *a, const struct ww_received *x)
{
    struct js *o = js_object(a), *from = js_object(a);
    js_put(a, from, "id", js_text(a, x->from));
    js_put(a, from, "identifier", text_or_null(a, x->from_identifier));
    js_put(a, o, "name", js_text(a, x->name));
    js_put(a, o, "from", from);
    js_put(a, o, "version", js_text(a, arena_printf(a, "%" PRIu64, x->version)));
    js_put(a, o, "updated_at", js_text(a, timefmt_rfc3339(a, x->time)));
    js_put(a, o, "state", js_text(a, x->state));
    return o;
}

static bool read_page(struct route_call *c, struct ww_page *page)
{
    struct own_query q;
    return own_read_query(c, &q) && own_read_page_size(c, &q, &page->limit) &&
           own_read_parameter(c, &q, "page_token", TOKEN_MOST, &page->token);
}

/* Names, versions and states; no value is opened. */
void handle_inbox_list(struct route_call *c)
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_received *const *received;
    struct js *root = js_object(c->arena), *list = js_array(c->arena);
    if (!read_page(c, &page)) {
        return;
    }
    enum ww_err err = ww_inbox_list(c->op, c->session, &page, &received);
    if (err) {
        answer_problem(c, err);
        return;
    }
    for (size_t i = 0; i < page.count; i++) {
        js_push(list, received_json(c->arena, received[i]));
    }
    if (page.next) {
        own_put_next(c, NULL, page.limit, page.next);
    }
    js_put(c->arena, root, "shares", list);
    own_answer_json(c, 200, root);
}

/* ---- one share ---- */

/* Two people may have shared something of one name: `from` says whose is meant. */
static bool read_from(struct route_call *c, const char **from)
{
    struct own_query q;
    return own_read_query(c, &q) && own_read_parameter(c, &q, "from", OWN_PERSON_MOST, from);
}

/* A value of a sender whose keys have changed is not given: 409 until the fingerprint was compared. */
void handle_inbox_get(struct route_call *c)
{
    struct ww_received about = {.size = sizeof about};
    const char *from;
    const void *value;
    size_t n;
    if (!read_from(c, &from)) {
        return;
    }
    enum ww_err err = ww_inbox_get(c->op, c->session, c->id, from, &value, &n, &about);
    if (err) {
        answer_problem(c, err);
        return;
    }
    http_answer_header(c->r, "X-Watchword-From", about.from);
    if (http_header(c->r, "If-None-Match") && own_is_known(c, about.version)) {
        own_put_etag(c, about.version);
        http_answer(c->r, 304, NULL, 0);
        return;
    }
    own_answer_bytes(c, about.version, value, n);
}

static bool read_text(struct route_call *c, const char *name, size_t most, const char **out)
{
    const char *const members[] = {name, NULL};
    struct js *body;
    if (!own_read_object(c, members, &body)) {
        return false;
    }
    *out = js_get_text(body, name);
    if (*out && **out && strlen(*out) <= most) {
        return true;
    }
    own_refuse(c, "field_invalid", name,
               arena_printf(c->arena, "%s must be text of 1 to %zu bytes", name, most));
    return false;
}

/* A copy in one's own vault, which the sender can take back no more. */
void handle_inbox_adopt(struct route_call *c)
{
    struct ww_item_result result = {.size = sizeof result};
    const char *from, *as;
    if (!read_from(c, &from) || !read_text(c, "as", NAME_MOST, &as)) {
        return;
    }
    enum ww_err err = ww_inbox_adopt(c->op, c->session, c->id, from, as, &result);
    if (err) {
        answer_problem(c, err);
        return;
    }
    own_put_etag(c, result.version);
    http_answer(c->r, 201, NULL, 0);
}

/* ---- contacts ---- */

void handle_contact_list(struct route_call *c)
{
    struct ww_page page = {.size = sizeof page};
    const struct ww_contact *const *contacts;
    struct js *list = js_array(c->arena);
    if (!read_page(c, &page)) {
        return;
    }
    enum ww_err err = ww_contact_list(c->op, c->session, &page, &contacts);
    if (err) {
        answer_problem(c, err);
        return;
    }
    for (size_t i = 0; i < page.count; i++) {
        const struct ww_contact *x = contacts[i];
        struct js *o = js_object(c->arena);
        js_put(c->arena, o, "id", js_text(c->arena, x->id));
        js_put(c->arena, o, "identifier", text_or_null(c->arena, x->identifier));
        js_put(c->arena, o, "fingerprint", js_text(c->arena, x->fingerprint));
        js_put(c->arena, o, "pinned_at", js_text(c->arena, timefmt_rfc3339(c->arena, x->pinned_at)));
        js_put(c->arena, o, "state", js_text(c->arena, x->state));
        js_push(list, o);
    }
    if (page.next) {
        own_put_next(c, NULL, page.limit, page.next);
    }
    own_answer_json(c, 200, list);
}

/* By fingerprint, not by id alone: whoever clicks must have had it before their eyes. */
void handle_contact_accept(struct route_call *c)
{
    const char *fingerprint;
    if (!read_text(c, "fingerprint", FINGERPRINT_MOST, &fingerprint)) {
        return;
    }
    enum ww_err err = ww_contact_accept(c->op, c->session, c->id, fingerprint);
    if (err) {
        answer_problem(c, err);
        return;
    }
    http_answer(c->r, 204, NULL, 0);
}

void handle_fingerprint(struct route_call *c)
{
    const char *fingerprint;
    struct js *o = js_object(c->arena);
    enum ww_err err = ww_fingerprint(c->op, c->session, &fingerprint);
    if (err) {
        answer_problem(c, err);
        return;
    }
    js_put(c->arena, o, "fingerprint", js_text(c->arena, fingerprint));
    own_answer_json(c, 200, o);
}
