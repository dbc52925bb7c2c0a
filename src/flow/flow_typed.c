/* What somebody typed into a page of ours when they were not signed in any more: kept for them (vault.md §9).
 *
 * Only a form that was made for somebody who was signed in can cause a row: it carries a ticket, the account
 * sealed under the server key. The row is counted like a new flow all the same. */
#include <string.h>

#include "encode.h"
#include "flow_wait.h"
#include "timefmt.h"

/* Days that a page may stay open; bytes that no ticket of ours reaches. */
enum { TICKET_DAYS = 30, TICKET_TEXT_MOST = 512 };

/* uuid 16 ‖ u64 time of issue */
struct ticket {
    struct uuid account;
    uint64_t issued;
};

/* A label of its own: no other sealed text passes for a ticket. */
static const struct place ticket_place = {.label = "form-ticket"};

char *flow_typed_ticket(struct ww_op *op, struct service *s, const struct uuid *account)
{
    struct ticket t = {*account, op_now(op)};
    struct bytes blob;
    if (keyring_seal(op, store_keyring(s->store), ticket_place, BYTES(&t, sizeof t), &blob) != WW_OK) {
        return NULL;
    }
    return base64_encode(&op->arena, BASE64_URL, blob);
}

enum ww_err flow_typed_ticket_open(struct ww_op *op, struct service *s, const char *ticket,
                                   struct uuid *account)
{
    struct bytes blob, raw;
    struct ticket t;
    if (!ticket || strlen(ticket) > TICKET_TEXT_MOST ||
        !base64_decode(&op->arena, BASE64_URL, bytes_str(ticket), &blob) ||
        keyring_open(op, store_keyring(s->store), ticket_place, blob, &raw) != WW_OK || raw.n != sizeof t) {
        return WW_EDENIED;
    }
    memcpy(&t, raw.p, sizeof t);
    *account = t.account;
    /* Unsigned: a ticket from the future, after a clock was put back, is as one that is too old. */
    return op_now(op) - t.issued < (uint64_t)TICKET_DAYS * 86400 * SECOND_US ? WW_OK : WW_EDENIED;
}

/* Nobody is signed in here. The ticket says whose it is, and the account itself need not be read. */
enum ww_err flow_typed_keep(struct ww_op *op, struct service *s, const char *ticket, struct bytes text,
                            char **cookie)
{
    struct uuid account;
    struct js *payload = js_object(&op->arena);
    enum ww_err err = flow_typed_ticket_open(op, s, ticket, &account);
    if (err || (err = throttle_count(op, s->throttle, THROTTLE_FLOW))) {
        return err;
    }
    /* Up to what a form may have; the seal's padding hides its length to a few bits. */
    js_put(&op->arena, payload, "typed", js_string(&op->arena, text));
    return flow_wait_keep(op, s, &account, payload, cookie);
}

/* Read before it is ended: text that cannot be given out is not thrown away. */
enum ww_err flow_typed_take(struct ww_op *op, struct service *s, const struct uuid *account,
                            const char *cookie, struct bytes *text)
{
    struct flow_row row;
    struct js *payload;
    enum ww_err err = flow_wait_open(op, s, account, cookie, &row, &payload);
    if (err) {
        return err;
    }
    const struct js *typed = js_get(payload, "typed");
    if (!typed || typed->type != JS_STRING) {
        return WW_ENOTFOUND; /* a change of settings, which flow_continuity_resume takes */
    }
    *text = typed->string;
    return flow_wait_end(op, s, &row);
}
