/* Verifying the audit log (vault.md §9a): every chain is walked, every event compared with its row, every end
 * that a chain names of another looked up, and what is empty compared with what was erased. */
#include "audit_int.h"

#include <string.h>

/* What is carried from page to page: where the chain stands, and what is empty and what was erased so far. */
struct walk {
    struct store *store;
    struct audit_report *report;
    int64_t node, n;
    struct key link;
    const struct key *ak; /* of the chain */
    struct audit_ranges empty, erased;
};

static const char *const texts[AUDIT_FINDING_COUNT] = {
#define TEXT(name, text) [AUDIT_##name] = (text),
    AUDIT_FINDINGS(TEXT)
#undef TEXT
};

const char *audit_finding_text(enum audit_finding f)
{
    return texts[f];
}

/* ---- one row ---- */

/* Under the key of the chain. At its beginning that is looked for: a chain of before a reindex keeps the key
 * of its time (vault.md §9a). */
static void make_link(struct walk *w, const struct audit_stored *r, const struct key *mark, struct key *made)
{
    const struct keyring *ring = store_keyring(w->store);
    audit_make_link(w->ak, r->node, r->n, &w->link, mark, made);
    for (size_t i = 0; r->n == 1 && !bytes_equal(BYTES_OF(*made), r->link) && keyring_former(ring, i); i++) {
        w->ak = keyring_former(ring, i);
        audit_make_link(w->ak, r->node, r->n, &w->link, mark, made);
    }
}

/* Whether the row follows the one before; the walk goes on from what is stored, so that one damage is one
 * finding. */
static bool is_linked(struct walk *w, const struct audit_stored *r)
{
    struct key mark = {{0}}, made;
    if (r->node != w->node) {
        w->node = r->node;
        w->n = 0;
        w->link = (struct key){{0}};
        w->ak = keyring_ak(store_keyring(w->store));
    }
    /* Unsigned: the number is a column's, and may be anything. */
    bool follows = (uint64_t)r->n == (uint64_t)w->n + 1;
    w->n = r->n;
    if (r->mark.n != sizeof mark.b || r->link.n != sizeof w->link.b) {
        return false;
    }
    memcpy(mark.b, r->mark.p, sizeof mark.b);
    make_link(w, r, &mark, &made);
    memcpy(w->link.b, r->link.p, sizeof w->link.b);
    return follows && crypto_equal(BYTES_OF(made), r->link);
}

/* Whether the place that another chain names is there with that link. named: hex of node ‖ n ‖ link. */
static enum ww_err is_end_there(struct ww_op *op, struct store *s, const char *named, bool *there)
{
    uint8_t raw[16 + 32];
    struct bytes link;
    *there = false;
    if (!named || !hex_decode(raw, sizeof raw, named)) {
        return WW_OK;
    }
    struct reader in = READER(BYTES(raw, sizeof raw));
    int64_t node = (int64_t)read_u64(&in), n = (int64_t)read_u64(&in);
    enum ww_err err = store_audit_link(op, s, node, n, &link);
    *there = !err && bytes_equal(link, read_rest(&in));
    return err == WW_ENOTFOUND ? WW_OK : err;
}

static enum ww_err check_ends(struct ww_op *op, struct walk *w, const struct js *event)
{
    const struct js *list = js_get(event, "chains");
    enum ww_err err = WW_OK;
    for (const struct js *e = list ? list->first : NULL; e && !err; e = e->next) {
        bool there;
        err = is_end_there(op, w->store, e->type == JS_STRING ? (const char *)e->string.p : NULL, &there);
        /* The end of a chain proves nothing about itself; that another one has seen it further does. */
        w->report->found[AUDIT_CUT] += !err && !there;
    }
    return err;
}

static enum ww_err check_event(struct ww_op *op, struct walk *w, const struct audit_stored *r)
{
    struct audit_opened e;
    struct key made;
    bool same;
    enum ww_err err = audit_open(op, w->store, r, &e);
    if (err == WW_OK) {
        audit_make_mark(w->ak, e.text, &made);
        /* A start is the first event and nothing else is: else a chain could be cut at its beginning and
         * begin anew. */
        err = crypto_equal(BYTES_OF(made), r->mark) && (e.kind == AUDIT_CHAIN_STARTED) == (r->n == 1)
                  ? audit_compare_owner(op, w->store, &e, r, &same)
                  : WW_ETAMPERED;
    }
    if (err) {
        w->report->found[AUDIT_ALTERED] += err == WW_ETAMPERED;
        return err == WW_ETAMPERED ? WW_OK : err;
    }
    w->report->found[AUDIT_MOVED] += !same;
    w->report->found[AUDIT_REDATED] += !audit_is_dated(&e, r);
    return e.kind == AUDIT_CHAIN_STARTED ? check_ends(op, w, e.json)
           : e.kind == AUDIT_ERASED      ? audit_read_erased(op, e.json, &w->erased)
                                         : WW_OK;
}

static enum ww_err check_row(struct ww_op *op, struct walk *w, const struct audit_stored *r)
{
    w->report->events++;
    /* The event is not looked at then: what it says of other chains would be reported twice. */
    if (!is_linked(w, r)) {
        w->report->found[AUDIT_BROKEN]++;
        return WW_OK;
    }
    if (r->blob.p) {
        return check_event(op, w, r);
    }
    if (r->account) { /* an erasure takes the account as well */
        w->report->found[AUDIT_EMPTIED]++;
        return WW_OK;
    }
    return audit_ranges_add(&w->empty, (struct audit_range){r->node, r->n, r->n}) ? op_no_memory(op) : WW_OK;
}

/* ---- all rows ---- */

static enum ww_err check_page(struct ww_op *op, struct walk *w, bool *more)
{
    struct audit_stored *rows;
    size_t n;
    enum ww_err err = store_audit_walk(op, w->store, w->node, w->n, AUDIT_PAGE, &rows, &n);
    for (size_t i = 0; !err && i < n; i++) {
        err = check_row(op, w, &rows[i]);
    }
    *more = !err && n == AUDIT_PAGE;
    return err;
}

enum ww_err audit_verify(struct ww_op *op, struct store *s, struct audit_report *out)
{
    struct walk w = {.store = s, .report = out, .node = INT64_MIN};
    *out = (struct audit_report){0};
    enum ww_err err = store_tx_begin(op, s, DB_READ); /* what is erased meanwhile must not look emptied */
    if (err) {
        return err;
    }
    for (bool more = true; !err && more;) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, check_page(op, &w, &more));
    }
    uint64_t emptied, returned;
    audit_ranges_compare(&w.empty, &w.erased, &emptied, &returned);
    out->found[AUDIT_EMPTIED] += emptied;
    out->found[AUDIT_RETURNED] += returned;
    audit_ranges_free(&w.empty);
    audit_ranges_free(&w.erased);
    return store_tx_abort(op, err); /* nothing was written */
}
