/* Appending to the audit log (vault.md §9a): each writing connection is a chain, so that commits do not wait
 * for each other; an event is sealed with its time, account and session, and linked to the one before. */
#include "audit_int.h"

#include <stdlib.h>
#include <string.h>

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
    bool shown;
} kinds[AUDIT_KINDS] = {
#define ROW(name, text, shown) [AUDIT_##name] = {(text), (shown)},
    AUDIT_EVENTS(ROW)
#undef ROW
};

const char *audit_text(enum audit_kind kind)
{
    return kinds[kind].text;
}

bool audit_is_shown(enum audit_kind kind)
{
    return kind < AUDIT_KINDS && kinds[kind].shown;
}

/* The kind whose text an event bears; AUDIT_KINDS for none: an event of a later version is kept, not shown.
 */
static enum audit_kind kind_of(const struct js *event)
{
    const char *name = js_get_text(event, "event");
    int i = 0;
    while (i < AUDIT_KINDS && (!name || strcmp(kinds[i].text, name) != 0)) {
        i++;
    }
    return (enum audit_kind)i;
}

static void chain_ended(void *state, bool committed)
{
    struct chain *c = state;
    c->open = false;
    /* The chain moves on only with the transaction: after a rollback the same number is written again,
     * with another event. A commit in doubt ends the connection, and the chain with it (vault.md §9a). */
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
        /* 63 bits, since the column is signed; random, so that no node needs to be told its name. */
        c->node &= INT64_MAX;
    } while (c->node == 0);
    /* The chain lives as long as the connection does; a new connection begins a new chain, which names the
     * ends of the others. */
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

/* ---- the bytes ---- */

/* The aad of a row: u64 node ‖ u64 n (vault.md §9a): a blob that is moved to another row does not open there.
 */
static struct bytes place_of(uint8_t out[16], int64_t node, int64_t n)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)((uint64_t)node >> (56 - 8 * i));
        out[8 + i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
    }
    return BYTES(out, 16);
}

/* Of the event's text, under AK: it stays when the event is erased, so that the chain can still be
 * checked, and who lacks AK cannot test what an erased event may have said. */
void audit_make_mark(const struct key *ak, struct bytes event, struct key *mark)
{
    derive(mark, ak, "audit-mark", NULL, event);
}

/* Keyed as well: who writes to the database cannot compute a chain of its own. */
void audit_make_link(const struct key *ak, int64_t node, int64_t n, const struct key *before,
                     const struct key *mark, struct key *link)
{
    uint8_t where[16];
    struct bytes parts[] = {place_of(where, node, n), BYTES_OF(*before), BYTES_OF(*mark)};
    derive_parts(link, ak, "audit-link", NULL, parts, 3);
}

enum ww_err audit_open(struct ww_op *op, struct store *s, const struct audit_stored *row,
                       struct audit_opened *out)
{
    uint8_t where[16];
    struct bytes padded;
    struct place place = {.label = "audit", .aad = place_of(where, row->node, row->n)};
    *out = (struct audit_opened){.kind = AUDIT_KINDS};
    /* An erased event: its reader has to know that before. */
    if (!row->blob.p) {
        return WW_ETAMPERED;
    }
    enum ww_err err = keyring_open(op, store_keyring(s), place, row->blob, &padded);
    if (!err && !(err = unpad(op, padded, &out->text))) {
        err = js_read_own(&op->arena, out->text, &out->json);
    }
    if (err) {
        /* A missing key counts as tampering here: both mean that this line of the log cannot be believed
         * now. */
        return err == WW_ENOMEM ? op_no_memory(op) : WW_ETAMPERED;
    }
    out->kind = kind_of(out->json);
    out->account = js_get_text(out->json, "account");
    return out->kind < AUDIT_KINDS ? WW_OK : WW_ETAMPERED;
}

/* ---- the plain columns are indexes and never believed ---- */

bool audit_is_dated(const struct audit_opened *e, const struct audit_stored *row)
{
    return js_get_int(e->json, "time", -1) == (int64_t)row->time;
}

enum ww_err audit_compare_owner(struct ww_op *op, struct store *s, const struct audit_opened *e,
                                const struct audit_stored *row, bool *same)
{
    struct uuid named;
    bool exists;
    /* Account ids are of this database; the event names the account by its UUID, which the joined row must
     * have. */
    bool names = e->account && uuid_parse(&named, e->account);
    if (!names || row->owner.n == sizeof named.b) {
        *same = names ? bytes_equal(BYTES_OF(named), row->owner) : row->account == 0;
        return WW_OK;
    }
    enum ww_err err = store_record_exists(op, s, &named, &exists);
    /* What was written while its account closed names one that is gone: no row is left to agree with. */
    *same = !err && !exists;
    return err;
}

/* ---- writing ---- */

/* now: the time that the event holds, in the plain column as well. */
static enum ww_err insert(struct ww_op *op, struct store *s, struct chain *c, int64_t account, uint64_t now,
                          struct js *event)
{
    uint8_t where[16];
    struct key mark, link;
    struct bytes padded;
    struct audit_stored row = {.node = c->node,
                               .n = c->pending.n + 1,
                               .time = now,
                               .account = account,
                               .mark = BYTES_OF(mark),
                               .link = BYTES_OF(link)};
    char *text = js_write(&op->arena, event);
    if (!text || pad(&op->arena, bytes_str(text), &padded)) {
        return op_no_memory(op);
    }
    /* Before padding: the mark is of the event, not of its length's class. */
    audit_make_mark(keyring_ak(store_keyring(s)), bytes_str(text), &mark);
    audit_make_link(keyring_ak(store_keyring(s)), row.node, row.n, &c->pending.link, &mark, &link);
    struct place place = {.label = "audit", .aad = place_of(where, row.node, row.n)};
    enum ww_err err = keyring_seal(op, store_keyring(s), place, padded, &row.blob);
    if (err || (err = store_audit_insert(op, s, &row))) {
        return err;
    }
    /* Several events of one transaction follow each other. */
    c->pending.n = row.n;
    c->pending.link = link;
    return WW_OK;
}

static struct js *event_json(struct ww_op *op, enum audit_kind kind, uint64_t now)
{
    struct js *e = js_object(&op->arena);
    js_put(&op->arena, e, "event", js_text(&op->arena, kinds[kind].text));
    js_put(&op->arena, e, "time", js_int(&op->arena, (int64_t)now));
    return e;
}

/* One of the chains that a new one names, so that chains hold each other. */
static enum ww_err name_end(struct ww_op *op, void *list, int64_t node, int64_t n, struct bytes link)
{
    char text[2 * 16 + 2 * 32 + 1];
    uint8_t where[16];
    if (link.n == 32) { /* another length is found by audit_verify in the row itself */
        place_of(where, node, n);
        hex_encode(text, where, sizeof where);
        hex_encode(text + 32, link.p, link.n);
        js_push(list, js_text(&op->arena, text));
    }
    return WW_OK;
}

/* The chain of the transaction's connection, with its first event. */
static enum ww_err ready_chain(struct ww_op *op, struct store *s, uint64_t now, struct chain **out)
{
    enum ww_err err = chain_of(op, out);
    /* n is 0 once in a connection's life, before its first event. */
    if (err || (*out)->pending.n) {
        return err;
    }
    struct js *e = event_json(op, AUDIT_CHAIN_STARTED, now);
    struct js *ends = js_put(&op->arena, e, "chains", js_array(&op->arena));
    err = ends ? store_audit_ends(op, s, name_end, ends) : op_no_memory(op);
    return err ? err : insert(op, s, *out, 0, now, e);
}

static void put_text(struct ww_op *op, struct js *e, const char *key, const char *value)
{
    if (value) {
        js_put(&op->arena, e, key, js_text(&op->arena, value));
    }
}

static void put_uuid(struct ww_op *op, struct js *e, const char *key, const struct uuid *value)
{
    char text[UUID_TEXT];
    if (value) {
        uuid_format(text, *value);
        put_text(op, e, key, text);
    }
}

enum ww_err audit_append(struct ww_op *op, struct store *s, const struct audit_event *in)
{
    struct chain *c;
    enum ww_err err = ready_chain(op, s, in->time, &c);
    if (err) {
        return err;
    }
    struct js *e = event_json(op, in->kind, in->time);
    /* A failed try on an unknown name has no account, and what was typed is not kept: people type
     * passwords into the wrong field (vault.md §9a). */
    put_uuid(op, e, "account", in->record ? &in->record->uuid : NULL);
    put_uuid(op, e, "session", in->session_id);
    put_text(op, e, "method", in->method);
    put_text(op, e, "address", op->client.address);
    put_text(op, e, "user_agent", op->client.user_agent);
    put_text(op, e, "location", op->client.location);
    return insert(op, s, c, in->record ? in->record->id : 0, in->time, e);
}

/* ---- naming what was erased ---- */

/* Ranges in one event: about 50 bytes each. */
enum { RANGES_IN_EVENT = 500 };

static struct js *range_json(struct ww_op *op, const struct audit_range *r)
{
    struct js *a = js_array(&op->arena);
    js_push(a, js_text(&op->arena, arena_printf(&op->arena, "%llx", (unsigned long long)r->node)));
    js_push(a, js_int(&op->arena, r->first));
    js_push(a, js_int(&op->arena, r->last));
    return a;
}

/* Without address or account: this event stays when all others of its time are erased. */
enum ww_err audit_append_erased(struct ww_op *op, struct store *s, const struct audit_ranges *r)
{
    struct chain *c;
    uint64_t now = op_now(op);
    enum ww_err err = r->n ? ready_chain(op, s, now, &c) : WW_OK;
    for (size_t i = 0; !err && i < r->n;) {
        struct js *e = event_json(op, AUDIT_ERASED, now);
        struct js *list = js_put(&op->arena, e, "erased", js_array(&op->arena));
        for (size_t j = 0; j < RANGES_IN_EVENT && i < r->n; j++) {
            js_push(list, range_json(op, &r->at[i++]));
        }
        err = insert(op, s, c, 0, now, e);
    }
    return err;
}

enum ww_err audit_read_erased(struct ww_op *op, const struct js *event, struct audit_ranges *out)
{
    const struct js *list = js_get(event, "erased");
    for (const struct js *e = list ? list->first : NULL; e; e = e->next) {
        const struct js *node = js_at(e, 0), *first = js_at(e, 1), *last = js_at(e, 2);
        char *end = NULL;
        if (!node || !first || !last || node->type != JS_STRING) {
            return WW_ETAMPERED;
        }
        /* Authenticated text; what is no number reads as a place that no row has. */
        struct audit_range r = {(int64_t)strtoull((const char *)node->string.p, &end, 16), first->integer,
                                last->integer};
        if (audit_ranges_add(out, r)) {
            return op_no_memory(op);
        }
    }
    return WW_OK;
}
