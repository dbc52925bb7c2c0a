#include "audit.h"

#include <stdlib.h>
#include <string.h>

#include "timefmt.h"

/* The chain of one writing connection. `pending` follows the open transaction and becomes `done` when it
 * commits. */
struct chain_end {
    int64_t n;
    struct key link;
};
struct chain {
    int64_t node;
    struct chain_end done, pending;
    bool open; /* the open transaction tells it of its end */
};
static const char chain_key; /* its address: where a connection keeps its chain */

static const struct {
    const char *text;
    int shown;
} kinds[AUDIT_KINDS] = {
#define ROW(name, text, shown) [AUDIT_##name] = {(text), (shown)},
    AUDIT_EVENTS(ROW)
#undef ROW
};

static void chain_ended(void *state, bool committed)
{
    struct chain *c = state;
    c->open = false;
    if (committed) {
        c->done = c->pending;
    } else {
        c->pending = c->done;
    }
}

static enum ww_err chain_new(struct ww_op *op, struct chain **out)
{
    struct chain *c = calloc(1, sizeof *c);
    *out = NULL;
    if (!c) {
        return op_no_memory(op);
    }
    do {
        op_random(op, &c->node, sizeof c->node);
        c->node &= INT64_MAX;
    } while (c->node == 0);
    enum ww_err err = db_keep(op, op->conn, &chain_key, c, free);
    if (err) {
        free(c);
        return err;
    }
    *out = c;
    return WW_OK;
}

/* The chain of the connection of the open transaction. */
static enum ww_err chain_of(struct ww_op *op, struct chain **out)
{
    enum ww_err err = WW_OK;
    *out = db_kept(op->conn, &chain_key);
    if (!*out && (err = chain_new(op, out))) {
        return err;
    }
    if (!(*out)->open && (err = store_tx_at_end(op, chain_ended, *out))) {
        return err;
    }
    (*out)->open = true;
    return WW_OK;
}

static struct bytes place_bytes(uint8_t out[16], int64_t node, int64_t n)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)((uint64_t)node >> (56 - 8 * i));
        out[8 + i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
    }
    return BYTES(out, 16);
}

static void make_mark(const struct store *s, struct bytes event, struct key *mark)
{
    derive(mark, keyring_ak(store_keyring(s)), "audit-mark", NULL, event);
}

static void make_link(const struct store *s, int64_t node, int64_t n, const struct key *before,
                      const struct key *mark, struct key *link)
{
    uint8_t where[16];
    struct bytes parts[] = {place_bytes(where, node, n), BYTES_OF(*before), BYTES_OF(*mark)};
    derive_parts(link, keyring_ak(store_keyring(s)), "audit-link", NULL, parts, 3);
}

/* ---- writing ---- */

static enum ww_err insert(struct ww_op *op, struct store *s, struct chain *c, int64_t account,
                          struct js *event)
{
    uint8_t where[16];
    struct key mark, link;
    struct bytes padded, blob;
    uint64_t now = op_now(op);
    int64_t n = c->pending.n + 1;
    char *text = js_write(&op->arena, event);
    if (!text || pad(&op->arena, bytes_str(text), &padded)) {
        return op_no_memory(op);
    }
    make_mark(s, bytes_str(text), &mark);
    make_link(s, c->node, n, &c->pending.link, &mark, &link);
    struct place place = {.label = "audit", .aad = place_bytes(where, c->node, n)};
    enum ww_err err = keyring_seal(op, store_keyring(s), place, padded, &blob);
    struct audit_stored row = {c->node, n, now, account, BYTES_OF(mark), BYTES_OF(link), BYTES(NULL, 0)};
    if (err) {
        return err;
    }
    row.blob = blob;
    if ((err = store_audit_insert(op, s, &row))) {
        return err;
    }
    c->pending.n = n;
    c->pending.link = link;
    return WW_OK;
}

static struct js *event_json(struct ww_op *op, enum audit_kind kind)
{
    struct js *e = js_object(&op->arena);
    js_put(&op->arena, e, "event", js_text(&op->arena, kinds[kind].text));
    return e;
}

/* The ends of the other chains, so that chains hold each other. */
static enum ww_err other_ends(struct ww_op *op, struct store *s, struct js *list)
{
    struct audit_stored *rows;
    size_t n;
    enum ww_err err = store_audit_ends(op, s, &rows, &n);
    for (size_t i = 0; !err && i < n; i++) {
        char text[2 * 16 + 2 * 32 + 1];
        uint8_t where[16];
        if (rows[i].link.n != 32) {
            continue;
        }
        place_bytes(where, rows[i].node, rows[i].n);
        hex_encode(text, where, sizeof where);
        hex_encode(text + 32, rows[i].link.p, rows[i].link.n);
        js_push(list, js_text(&op->arena, text));
    }
    return err;
}

static enum ww_err start_chain(struct ww_op *op, struct store *s, struct chain *c)
{
    struct js *e = event_json(op, AUDIT_CHAIN_STARTED);
    struct js *ends = js_put(&op->arena, e, "chains", js_array(&op->arena));
    enum ww_err err = ends ? other_ends(op, s, ends) : op_no_memory(op);
    return err ? err : insert(op, s, c, 0, e);
}

static void put_text(struct ww_op *op, struct js *e, const char *key, const char *value)
{
    if (value) {
        js_put(&op->arena, e, key, js_text(&op->arena, value));
    }
}

enum ww_err audit_append(struct ww_op *op, struct store *s, const struct audit_event *in)
{
    struct chain *c;
    enum ww_err err = chain_of(op, &c);
    if (err || (c->pending.n == 0 && (err = start_chain(op, s, c)))) {
        return err;
    }
    struct js *e = event_json(op, in->kind);
    if (in->record) {
        put_text(op, e, "account", uuid_text(&op->arena, in->record->uuid));
    }
    if (in->session_id) {
        put_text(op, e, "session", uuid_text(&op->arena, *in->session_id));
    }
    put_text(op, e, "method", in->method);
    put_text(op, e, "address", op->client.address);
    put_text(op, e, "user_agent", op->client.user_agent);
    put_text(op, e, "location", op->client.location);
    return insert(op, s, c, in->record ? in->record->id : 0, e);
}

void audit_refusal(struct ww_op *op, struct store *s, const struct audit_event *e)
{
    struct op_problem kept = op->problem;
    if (store_tx_begin(op, s, DB_WRITE) == WW_OK) {
        enum ww_err err = audit_append(op, s, e);
        err = err ? store_tx_abort(op, err) : store_tx_commit(op);
        (void)err;
    }
    op->problem = kept;
}

/* ---- reading ---- */

static enum ww_err open_event(struct ww_op *op, struct store *s, int64_t node, int64_t n, struct bytes blob,
                              struct bytes *text)
{
    uint8_t where[16];
    struct bytes padded;
    struct place place = {.label = "audit", .aad = place_bytes(where, node, n)};
    enum ww_err err = keyring_open(op, store_keyring(s), place, blob, &padded);
    return err ? err : unpad(op, padded, text);
}

static bool is_shown(const struct js *event)
{
    const char *name = js_get_text(event, "event");
    for (size_t i = 0; name && i < AUDIT_KINDS; i++) {
        if (strcmp(kinds[i].text, name) == 0) {
            return kinds[i].shown;
        }
    }
    return false;
}

/* True when the row opens, belongs to the account and is shown. */
static bool read_row(struct ww_op *op, struct store *s, const struct audit_stored *row, const char *account,
                     struct audit_row *out)
{
    struct bytes text;
    *out = (struct audit_row){row->node, row->n, row->time, NULL};
    if (!row->blob.p || open_event(op, s, out->node, out->n, row->blob, &text) ||
        js_read_own(&op->arena, text, &out->event)) {
        return false;
    }
    const char *owner = js_get_text(out->event, "account");
    return owner && strcmp(owner, account) == 0 && is_shown(out->event);
}

enum ww_err audit_history(struct ww_op *op, struct store *s, const struct record *r,
                          const struct audit_row *before, size_t limit, struct audit_row **out, size_t *n)
{
    char account[UUID_TEXT];
    struct audit_row *list = ARENA_ARRAY(&op->arena, limit, struct audit_row);
    struct audit_stored from = {INT64_MAX, INT64_MAX, INT64_MAX, 0, {0}, {0}, {0}}, *rows;
    size_t read = limit;
    enum ww_err err = WW_OK;
    *out = list;
    *n = 0;
    if (!list) {
        return op_no_memory(op);
    }
    if (before && before->time != 0) {
        from = (struct audit_stored){.node = before->node, .n = before->n, .time = before->time};
    }
    uuid_format(account, r->uuid);
    /* Some rows are not shown; then more are read. */
    while (*n < limit && read == limit &&
           !(err = store_audit_history(op, s, r->id, &from, limit, &rows, &read))) {
        for (size_t i = 0; i < read && *n < limit; i++) {
            *n += read_row(op, s, &rows[i], account, &list[*n]);
        }
        from = read ? rows[read - 1] : from;
    }
    return err;
}

/* ---- erasing ---- */

enum ww_err audit_erase_account(struct ww_op *op, struct store *s, const struct record *r)
{
    enum ww_err err = store_audit_erase_account(op, s, r->id);
    return err ? err : audit_append(op, s, &(struct audit_event){.kind = AUDIT_ERASED});
}

enum ww_err audit_erase_before(struct ww_op *op, struct store *s, uint64_t time)
{
    int64_t erased = 0;
    enum ww_err err = store_audit_erase_before(op, s, time, &erased);
    return err || erased == 0 ? err : audit_append(op, s, &(struct audit_event){.kind = AUDIT_ERASED});
}

/* ---- verifying ---- */

static bool row_is_right(struct ww_op *op, struct store *s, const struct audit_stored *row, struct chain *c)
{
    struct bytes text;
    struct key stored_mark = {{0}}, made;
    if (row->node != c->node) { /* another chain begins */
        *c = (struct chain){.node = row->node};
    }
    bool follows = row->n == c->pending.n + 1;
    c->pending.n = row->n;
    if (row->mark.n != 32 || row->link.n != 32) {
        return false;
    }
    memcpy(stored_mark.b, row->mark.p, 32);
    make_link(s, row->node, row->n, &c->pending.link, &stored_mark, &made);
    bool linked = crypto_equal(BYTES_OF(made), row->link);
    memcpy(c->pending.link.b, row->link.p, 32);
    if (!follows || !linked) {
        return false;
    }
    if (!row->blob.p) { /* erased, and the account with it: mark and link hold */
        return row->account == 0;
    }
    if (open_event(op, s, row->node, row->n, row->blob, &text) != WW_OK) {
        return false;
    }
    make_mark(s, text, &made);
    return crypto_equal(BYTES_OF(made), row->mark);
}

enum { VERIFIED_AT_ONCE = 256 };

/* The rows after c, which is brought forward. */
static enum ww_err verify_some(struct ww_op *op, struct store *s, struct chain *c, size_t *read, size_t *bad)
{
    struct audit_stored *rows;
    enum ww_err err = store_audit_walk(op, s, c->node, c->pending.n, VERIFIED_AT_ONCE, &rows, read);
    for (size_t i = 0; !err && i < *read; i++) {
        *bad += !row_is_right(op, s, &rows[i], c);
    }
    return err;
}

enum ww_err audit_verify(struct ww_op *op, struct store *s, size_t *events, size_t *bad)
{
    struct chain c = {.node = INT64_MIN, .pending = {.n = INT64_MAX}}; /* before the first of all */
    size_t read = VERIFIED_AT_ONCE;
    enum ww_err err = WW_OK;
    *events = *bad = 0;
    while (!err && read == VERIFIED_AT_ONCE) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, verify_some(op, s, &c, &read, bad));
        *events += read;
    }
    return err;
}
