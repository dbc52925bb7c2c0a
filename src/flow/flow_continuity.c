#include <string.h>

#include "encode.h"
#include "flow_int.h"
#include "seal.h"
#include "timefmt.h"

/* A form that must wait may hold a new password. It is sealed under a random key that only the browser's
 * cookie has, so that neither the database nor the server key opens it; the row's name comes from that key,
 * too. It ends with the wait. */
enum { CONTINUITY_MINUTES = 15 };

static struct uuid row_id(const struct key *secret)
{
    struct uuid id;
    KEY32(name);

    derive(&name, secret, "continuity-id", NULL, BYTES(NULL, 0));
    memcpy(id.b, name.b, sizeof id.b);
    id.b[6] = (uint8_t)((id.b[6] & 0x0f) | 0x40); /* RFC 9562 §5.4, as all ids are */
    id.b[8] = (uint8_t)((id.b[8] & 0x3f) | 0x80);
    return id;
}

static struct place payload_place(const struct uuid *id)
{
    return (struct place){.label = "continuity", .uuid = id};
}

static struct js *payload_json(struct call *c)
{
    struct js *o = js_object(c->a);

    js_put(c->a, o, "flow", js_text(c->a, uuid_text(c->a, c->flow->row.id)));
    js_put(c->a, o, "account", js_text(c->a, uuid_text(c->a, c->session->record->uuid)));
    js_put(c->a, o, "method", js_text(c->a, c->payload.method));
    js_put(c->a, o, "traits", js_copy(c->a, c->payload.traits));
    if (c->payload.password.p) {
        js_put(c->a, o, "password", js_string(c->a, c->payload.password));
    }
    return o;
}

enum ww_err flow_continuity_keep(struct call *c)
{
    struct flow_row row = {.kind = FLOW_CONTINUITY,
                           .expires = op_now(c->op) + (uint64_t)CONTINUITY_MINUTES * 60 * SECOND_US,
                           .rev = 1,
                           .json = js_object(c->a)};
    struct bytes blob;
    KEY32(secret);

    op_random(c->op, secret.b, sizeof secret.b);
    row.id = row_id(&secret);
    char *text = js_write(c->a, payload_json(c));
    if (!text) {
        return op_no_memory(c->op);
    }
    enum ww_err err = seal(c->op, &secret, payload_place(&row.id), bytes_str(text), &blob);
    if (err) {
        return err;
    }
    js_put(c->a, row.json, "payload", js_text(c->a, base64_encode(c->a, BASE64, blob)));
    c->out->continuity = base64_encode(c->a, BASE64_URL, BYTES_OF(secret));
    if (!c->out->continuity) {
        return op_no_memory(c->op);
    }
    return store_flow_row_insert(c->op, c->s->store, &row);
}

static bool belongs_here(const struct call *c, const struct js *o)
{
    const char *flow = js_get_text(o, "flow"), *account = js_get_text(o, "account");
    char here[UUID_TEXT], who[UUID_TEXT];

    uuid_format(here, c->flow->row.id);
    uuid_format(who, c->session->record->uuid);
    return flow && account && strcmp(flow, here) == 0 && strcmp(account, who) == 0;
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
    struct bytes raw, blob, text;
    struct flow_row row;
    struct js *o;
    const char *why, *payload;
    KEY32(secret);

    *found = false;
    if (!base64_decode(c->a, BASE64_URL, bytes_str(c->in->continuity), &raw) || raw.n != sizeof secret.b) {
        return WW_OK;
    }
    memcpy(secret.b, raw.p, raw.n);
    struct uuid id = row_id(&secret);
    enum ww_err err = store_flow_row_load(c->op, c->s->store, FLOW_CONTINUITY, &id, &row);
    if (err || row.expires <= op_now(c->op) || !(payload = js_get_text(row.json, "payload")) ||
        !base64_decode(c->a, BASE64, bytes_str(payload), &blob) ||
        seal_try(c->op, &secret, payload_place(&id), blob, &text) != WW_OK ||
        js_read(c->a, text, &o, &why) != WW_OK || !belongs_here(c, o)) {
        return err == WW_ENOTFOUND ? WW_OK : err;
    }
    err = store_flow_row_delete(c->op, c->s->store, &id);
    if (err) {
        return err;
    }
    take(c, o);
    c->out->continuity = c->in->continuity;
    *found = true;
    return WW_OK;
}
