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
};

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
    if (committed) {
        c->done = c->pending;
    } else {
        c->pending = c->done;
    }
}

static enum ww_err chain_of(struct ww_op *op, struct chain **out)
{
    struct db_attachment *a = db_attachment(op->conn);
    *out = a->state;
    if (*out) {
        return WW_OK;
    }
    struct chain *c = calloc(1, sizeof *c);
    if (!c) {
        return op_no_memory(op);
    }
    do {
        op_random(op, &c->node, sizeof c->node);
        c->node &= INT64_MAX;
    } while (c->node == 0);
    *a = (struct db_attachment){c, chain_ended, free};
    *out = c;
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
    if (err || (err = db_exec(op, op->conn,
                              "INSERT INTO audit (node, n, time, account, mark, link, blob) VALUES ($1, $2, "
                              "$3, $4, $5, $6, $7)",
                              NULL,
                              DB_ARGS(DB_I(c->node), DB_I(n), DB_I(now), account ? DB_I(account) : DB_NONE,
                                      DB_B(BYTES_OF(mark)), DB_B(BYTES_OF(link)), DB_B(blob))))) {
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

/* The ends of all chains written since the last chain was started, so that chains hold each other. */
static enum ww_err other_ends(struct ww_op *op, struct js *list)
{
    struct db_rows rows = {0};
    enum ww_err err =
        db_query(op, op->conn, &rows,
                 "SELECT a.node, a.n, a.link FROM audit a JOIN (SELECT node, max(n) AS n FROM audit"
                 " WHERE time >= (SELECT coalesce(max(time), 0) FROM audit WHERE n = 1) GROUP BY node) e"
                 " ON e.node = a.node AND e.n = a.n",
                 NULL, 0);
    while (!err && (err = db_next(&rows)) == WW_OK) {
        char text[2 * 16 + 2 * 32 + 1];
        uint8_t where[16];
        struct bytes link = db_blob(&rows, 2);
        if (link.n != 32) {
            continue;
        }
        place_bytes(where, db_int(&rows, 0), db_int(&rows, 1));
        hex_encode(text, where, sizeof where);
        hex_encode(text + 32, link.p, link.n);
        js_push(list, js_text(&op->arena, text));
    }
    db_done(&rows);
    return err == WW_ENOTFOUND ? WW_OK : err;
}

static enum ww_err start_chain(struct ww_op *op, struct store *s, struct chain *c)
{
    struct js *e = event_json(op, AUDIT_CHAIN_STARTED);
    struct js *ends = js_put(&op->arena, e, "chains", js_array(&op->arena));
    enum ww_err err = ends ? other_ends(op, ends) : op_no_memory(op);
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

/* True when the row at the cursor opens, belongs to the account and is shown. */
static bool read_row(struct ww_op *op, struct store *s, struct db_rows *rows, const char *account,
                     struct audit_row *out)
{
    struct bytes text;
    *out = (struct audit_row){db_int(rows, 0), db_int(rows, 1), (uint64_t)db_int(rows, 2), NULL};
    struct bytes blob = db_blob(rows, 3);
    if (!blob.p || open_event(op, s, out->node, out->n, blob, &text) ||
        js_read_own(&op->arena, text, &out->event)) {
        return false;
    }
    const char *owner = js_get_text(out->event, "account");
    return owner && strcmp(owner, account) == 0 && is_shown(out->event);
}

enum ww_err audit_history(struct ww_op *op, struct store *s, const struct record *r,
                          const struct audit_row *before, size_t limit, struct audit_row **out, size_t *n)
{
    struct db_rows rows = {0};
    char account[UUID_TEXT];
    struct audit_row *list = ARENA_ARRAY(&op->arena, limit, struct audit_row);
    bool from_start = !before || before->time == 0;
    int64_t time = from_start ? INT64_MAX : (int64_t)before->time;
    enum ww_err err = store_take(op, s);
    *out = list;
    *n = 0;
    if (!list) {
        return op_no_memory(op);
    }
    uuid_format(account, r->uuid);
    if (err ||
        (err = db_query(op, op->conn, &rows,
                        "SELECT node, n, time, blob FROM audit WHERE account = $1 AND (time, node, n) <"
                        " ($2, $3, $4) ORDER BY time DESC, node DESC, n DESC",
                        DB_ARGS(DB_I(r->id), DB_I(time), DB_I(from_start ? INT64_MAX : before->node),
                                DB_I(from_start ? INT64_MAX : before->n))))) {
        db_done(&rows);
        return err;
    }
    while (*n < limit && (err = db_next(&rows)) == WW_OK) {
        *n += read_row(op, s, &rows, account, &list[*n]);
    }
    bool lost = db_lost(&rows);
    db_done(&rows);
    if (lost) {
        return op_no_memory(op);
    }
    return err == WW_ENOTFOUND ? WW_OK : err;
}

/* ---- erasing ---- */

enum ww_err audit_erase_account(struct ww_op *op, struct store *s, const struct record *r)
{
    enum ww_err err = db_exec(op, op->conn, "UPDATE audit SET blob = NULL, account = NULL WHERE account = $1",
                              NULL, DB_ARGS(DB_I(r->id)));
    return err ? err : audit_append(op, s, &(struct audit_event){.kind = AUDIT_ERASED});
}

enum ww_err audit_erase_before(struct ww_op *op, struct store *s, uint64_t time)
{
    int64_t changed = 0;
    enum ww_err err = db_exec(
        op, op->conn, "UPDATE audit SET blob = NULL, account = NULL WHERE time < $1 AND blob IS NOT NULL",
        &changed, DB_ARGS(DB_I(time)));
    if (err || changed == 0) {
        return err;
    }
    return audit_append(op, s, &(struct audit_event){.kind = AUDIT_ERASED});
}

/* ---- verifying ---- */

static bool row_is_right(struct ww_op *op, struct store *s, struct db_rows *rows, struct chain *c)
{
    struct bytes mark = db_blob(rows, 2), link = db_blob(rows, 3), blob = db_blob(rows, 4), text;
    int64_t node = db_int(rows, 0), n = db_int(rows, 1);
    struct key stored_mark = {{0}}, made;
    bool starts = node != c->node;
    if (starts) {
        *c = (struct chain){.node = node};
    }
    bool follows = n == c->pending.n + 1;
    c->pending.n = n;
    if (mark.n != 32 || link.n != 32) {
        return false;
    }
    memcpy(stored_mark.b, mark.p, 32);
    make_link(s, node, n, &c->pending.link, &stored_mark, &made);
    bool linked = crypto_equal(BYTES_OF(made), link);
    memcpy(c->pending.link.b, link.p, 32);
    if (!follows || !linked) {
        return false;
    }
    if (db_is_null(rows, 4)) { /* erased, and the account with it: mark and link hold */
        return db_is_null(rows, 5);
    }
    if (open_event(op, s, node, n, blob, &text) != WW_OK) {
        return false;
    }
    make_mark(s, text, &made);
    return crypto_equal(BYTES_OF(made), mark);
}

enum ww_err audit_verify(struct ww_op *op, struct store *s, size_t *events, size_t *bad)
{
    struct db_rows rows = {0};
    struct chain c = {0};
    *events = *bad = 0;
    enum ww_err err = store_take(op, s);
    if (!err) {
        err = db_query(op, op->conn, &rows,
                       "SELECT node, n, mark, link, blob, account FROM audit ORDER BY node, n", NULL, 0);
    }
    while (!err && (err = db_next(&rows)) == WW_OK) {
        ++*events;
        *bad += !row_is_right(op, s, &rows, &c);
    }
    db_done(&rows);
    return err == WW_ENOTFOUND ? WW_OK : err;
}
