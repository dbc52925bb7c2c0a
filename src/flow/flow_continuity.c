/* Forms that wait for a sign-in: vault.md §9 (continuity).
 *
 * A form that must wait may hold a new password, so it is sealed under a random key that only the browser's
 * cookie has: neither the database nor the server key opens it. The cookie is id ‖ secret; the account is in
 * the seal. It ends with the wait, and is taken once. */
#include <string.h>

#include "encode.h"
#include "flow_int.h"
#include "flow_wait.h"
#include "seal.h"
#include "timefmt.h"

/* Longer than a sign-in takes, shorter than a new password should lie about. */
enum { WAIT_MINUTES = 15, COOKIE_TEXT = 64 /* 48 bytes */ };

/* Account and id are in the seal: a row that is moved to another account, or another id, does not open. */
static struct place where_kept(const struct uuid *account, const struct uuid *id)
{
    return (struct place){.label = "contin", .uuid = account, .aad = BYTES(id->b, sizeof id->b)};
}

enum ww_err flow_wait_keep(struct ww_op *op, struct service *s, const struct uuid *account,
                           const struct js *payload, char **cookie)
{
    struct arena *a = &op->arena;
    struct flow_row row = {.id = uuid_new(op),
                           .kind = FLOW_CONTINUITY,
                           .expires = op_now(op) + (uint64_t)WAIT_MINUTES * 60 * SECOND_US,
                           .rev = 1,
                           .json = js_object(a)};
    struct bytes padded, blob;
    KEY32(secret);

    op_random(op, secret.b, sizeof secret.b);
    char *text = js_write(a, payload);
    *cookie = NULL;
    /* Padded, or the row's length would tell the length of a new password. */
    if (!text || pad(a, bytes_str(text), &padded) != WW_OK) {
        return op_no_memory(op);
    }
    enum ww_err err = seal(op, &secret, where_kept(account, &row.id), padded, &blob);
    if (err) {
        return err;
    }
    uint8_t *both = arena_alloc(a, sizeof row.id.b + sizeof secret.b);
    if (!both) {
        return op_no_memory(op);
    }
    /* In the arena, which is wiped: the cookie is all that is left of the secret. */
    memcpy(both, row.id.b, sizeof row.id.b);
    memcpy(both + sizeof row.id.b, secret.b, sizeof secret.b);
    *cookie = base64_encode(a, BASE64_URL, BYTES(both, sizeof row.id.b + sizeof secret.b));
    js_put(a, row.json, "payload", js_text(a, base64_encode(a, BASE64, blob)));
    return *cookie ? store_flow_row_insert(op, s->store, &row) : op_no_memory(op);
}

enum ww_err flow_wait_open(struct ww_op *op, struct service *s, const struct uuid *account,
                           const char *cookie, struct flow_row *row, struct js **payload)
{
    struct arena *a = &op->arena;
    struct bytes raw, blob, padded, text;
    struct uuid id;
    const char *sealed, *why;
    KEY32(secret);

    /* By length before it is decoded or looked up. */
    if (!cookie || strlen(cookie) != COOKIE_TEXT || !base64_decode(a, BASE64_URL, bytes_str(cookie), &raw) ||
        raw.n != sizeof id.b + sizeof secret.b) {
        return WW_ENOTFOUND;
    }
    /* The id finds the row, the secret opens it: who copies the database has the one and not the other. */
    memcpy(id.b, raw.p, sizeof id.b);
    memcpy(secret.b, raw.p + sizeof id.b, sizeof secret.b);
    enum ww_err err = store_flow_row_load(op, s->store, FLOW_CONTINUITY, &id, row);
    if (err || row->expires <= op_now(op) || !(sealed = js_get_text(row->json, "payload")) ||
        !base64_decode(a, BASE64, bytes_str(sealed), &blob)) {
        return err ? err : WW_ENOTFOUND;
    }
    err = seal_try(op, &secret, where_kept(account, &id), blob, &padded);
    if (!err && (unpad(op, padded, &text) != WW_OK || js_read(a, text, payload, &why) != WW_OK)) {
        err = WW_EDENIED;
    }
    /* A cookie of another account, or of another key, is no sign of tampering: it opens nothing, and that
     * is all. */
    return err == WW_ETAMPERED ? WW_EDENIED : err;
}

/* The row is emptied and over, and rev lets only one of two win: what waited is done once. */
enum ww_err flow_wait_end(struct ww_op *op, struct service *s, struct flow_row *row)
{
    /* Emptied now, deleted by the sweep a day later: a copy of the table from then on holds nothing. */
    row->json = js_object(&op->arena);
    row->expires = op_now(op);
    enum ww_err err = store_flow_row_update(op, s->store, row);
    return err == WW_EBUSY ? WW_ENOTFOUND : err;
}

/* ---- a change of settings that waits for a fresh sign-in ---- */

static struct js *payload_json(struct call *c)
{
    struct js *o = js_object(c->a);

    js_put(c->a, o, "flow", js_text(c->a, uuid_text(c->a, c->flow->row.id)));
    js_put(c->a, o, "method", js_text(c->a, c->payload.method));
    js_put(c->a, o, "traits", js_copy(c->a, c->payload.traits));
    if (c->payload.password.p) {
        js_put(c->a, o, "password", js_string(c->a, c->payload.password));
    }
    return o;
}

enum ww_err flow_continuity_keep(struct call *c)
{
    char *cookie;
    enum ww_err err = flow_wait_keep(c->op, c->s, &c->session->record->uuid, payload_json(c), &cookie);
    c->out->continuity = cookie;
    return err;
}

static bool belongs_here(const struct call *c, const struct js *o)
{
    const char *flow = js_get_text(o, "flow");
    char here[UUID_TEXT];

    uuid_format(here, c->flow->row.id);
    return flow && strcmp(flow, here) == 0;
}

/* The form's own anti-CSRF check was made when it was kept; only the browser that sent it holds the key. */
static void take(struct call *c, const struct js *o)
{
    const struct js *password = js_get(o, "password");
    const char *method = js_get_text(o, "method");

    c->payload = (struct flow_payload){.method = method ? method : "",
                                       .screen = "",
                                       .identifier = "",
                                       .csrf_token = c->in->csrf_cookie,
                                       .password = password ? password->string : BYTES(NULL, 0),
                                       .traits = js_get(o, "traits")};
}

enum ww_err flow_continuity_resume(struct call *c, bool *found)
{
    struct flow_row row;
    struct js *o;
    enum ww_err err = flow_wait_open(c->op, c->s, &c->session->record->uuid, c->in->continuity, &row, &o);

    *found = false;
    /* A cookie that fits nothing is passed over: it may be left from another form. */
    if (err || !belongs_here(c, o)) {
        return err == WW_ENOTFOUND || err == WW_EDENIED ? WW_OK : err;
    }
    /* Taken before it is carried out: a repetition finds nothing, even when what follows fails. */
    if ((err = flow_wait_end(c->op, c->s, &row))) {
        return err == WW_ENOTFOUND ? WW_OK : err;
    }
    take(c, o);
    c->out->continuity = c->in->continuity;
    *found = true;
    return WW_OK;
}
