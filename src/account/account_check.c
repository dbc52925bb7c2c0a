/* Opens every blob that the server can open, and follows every index (vault.md §6: rows are only indexes). */
#include "account_check_int.h"
#include "account_program.h"
#include "witness.h"

enum { PAGE = 64 }; /* rows; records have some KiB */

void account_check_problem(struct account_walk *w, struct ww_op *op, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *line = arena_vprintf(&op->arena, format, ap);
    va_end(ap);
    /* Counted even where the text could not be made: the exit status depends on the number. */
    w->report->problems++;
    if (w->checker->tell) {
        w->checker->tell(w->checker->context, line ? line : "out of memory");
    }
}

/* ---- one account ---- */

/* A failure of the database ends the walk; anything else is a finding. Want of memory and a store that does
 * not answer say nothing of the data; a report that took them for findings would be read as an attack. */
bool account_check_finds(enum ww_err err)
{
    return err == WW_ETAMPERED || err == WW_EROLLEDBACK || err == WW_EKEYMISSING || err == WW_EDENIED ||
           err == WW_ENOTFOUND;
}

/* Both ways: what the record names must be there and open, and no more rows may be there than it names. */
static enum ww_err check_credentials(struct ww_op *op, struct account_walk *w, const struct record *r,
                                     const char *who)
{
    int64_t rows;
    for (size_t i = 0; i < r->credential_count; i++) {
        struct credential_row row;
        enum ww_err err = store_credential_load(op, w->service->store, r, &r->credentials[i].id, &row);
        w->report->credentials++;
        if (account_check_finds(err)) {
            account_check_problem(w, op, "account %s: a credential is missing or altered", who);
        } else if (err) {
            return err;
        } else if (row.hot && (row.kind == CRED_PASSWORD || row.kind == CRED_RECOVERY)) {
            /* Of a kind that counts, only what a node remembers tells what it must be (vault.md §14). */
            account_check_problem(w, op, "account %s: a credential has a count that its kind has not", who);
        }
    }
    enum ww_err err = store_count_rows(op, w->service->store, STORE_CREDENTIALS, r->id, &rows);
    /* A row too many opens nothing, since the record does not list it (vault.md §6). But somebody wrote it,
     * or a delete was lost. */
    if (!err && rows > (int64_t)r->credential_count) {
        account_check_problem(w, op, "account %s: %lld credential row(s) that its record does not name", who,
                              (long long)rows - (long long)r->credential_count);
    }
    return err;
}

/* Tags are made anew from the sealed record, so a row that somebody planted has none to match. */
static enum ww_err check_identifiers(struct ww_op *op, struct account_walk *w, const struct record *r,
                                     const char *who)
{
    struct key *tags;
    size_t n;
    int64_t rows, account;
    /* Keyed by IK: nobody without the server key makes a row that this finds. */
    enum ww_err err = identity_tags(op, w->service->store, &r->identity, &tags, &n);
    for (size_t i = 0; !err && i < n; i++) {
        err = store_identifier_find(op, w->service->store, &tags[i], &account);
        if (err == WW_ENOTFOUND || (!err && account != r->id)) {
            account_check_problem(w, op,
                                  "account %s: the row of an identifier is missing or points elsewhere", who);
            err = WW_OK;
        }
    }
    if (err || (err = store_count_rows(op, w->service->store, STORE_IDENTIFIERS, r->id, &rows))) {
        return err;
    }
    /* A name and an address may be the same text, which is one row. */
    size_t distinct = identity_distinct_tags(tags, n);
    if (rows > (int64_t)distinct) {
        account_check_problem(w, op, "account %s: %lld identifier row(s) that its record does not hold", who,
                              (long long)rows - (long long)distinct);
    }
    return WW_OK;
}

/* As the schema in force marks them; rows of a mark that was taken away are nobody's either. */
static enum ww_err check_search(struct ww_op *op, struct account_walk *w, const struct record *r,
                                const char *who)
{
    /* A schema that is configured no more marks nothing: its search rows are found as nobody's. */
    const struct identity_schema *schema = schema_find(w->service->schemas, r->identity.schema);
    struct key *tags = NULL;
    size_t n = 0;
    int64_t rows, named = 0;
    enum ww_err err = schema ? identity_search_tags(op, w->service->store, schema, r, &tags, &n) : WW_OK;
    for (size_t i = 0; !err && i < n; i++) {
        int64_t found = 0;
        if (identity_distinct_tags(tags, i + 1) > identity_distinct_tags(tags, i)) {
            err = store_count_search(op, w->service->store, r->id, &tags[i], &found);
        }
        named += found;
    }
    err = err ? err : store_count_rows(op, w->service->store, STORE_SEARCH, r->id, &rows);
    if (!err && rows > named) {
        account_check_problem(w, op, "account %s: %lld search row(s) that its record does not hold", who,
                              (long long)(rows - named));
    }
    return err;
}

static enum ww_err check_leaves(struct ww_op *op, struct account_walk *w, const struct uuid *vid,
                                const char *who)
{
    int64_t leaves, last;
    enum ww_err err = store_count_leaves(op, w->service->store, vid, &leaves, &last);
    if (err) {
        return err;
    }
    /* A vault of one leaf has none in a row: it stands in the head. */
    if (leaves && (leaves == 1 || (leaves & (leaves - 1)) || last != leaves - 1)) {
        account_check_problem(
            w, op, "account %s: leaf rows are missing, or there are some that its vault does not name", who);
    }
    return WW_OK;
}

/* Which items and leaves a head names is for its owner to see. What is seen without: items need a vault and
 * are seals of their kind, and the leaves of a vault are none or 2^d of them (vault.md §8). */
static enum ww_err check_items(struct ww_op *op, struct account_walk *w, const struct record *r,
                               const char *who)
{
    int64_t items;
    /* A waiting vault is one that was set aside at a recovery without its key (vault.md §10): its items stay.
     */
    bool vault = r->root_generation != 0 || r->waiting_count;
    enum ww_err err = vault ? store_count_shapeless_items(op, w->service->store, r->id, &items)
                            : store_count_rows(op, w->service->store, STORE_ITEMS, r->id, &items);
    if (!err && items) {
        account_check_problem(w, op, "account %s: %lld item row(s) that no vault can have written", who,
                              (long long)items);
    }
    return err || r->root_generation == 0 ? err : check_leaves(op, w, &r->vid, who);
}

static enum ww_err check_created(struct ww_op *op, struct account_walk *w, const struct record *r,
                                 const char *who)
{
    bool agrees;
    enum ww_err err = store_created_agrees(op, w->service->store, r, &agrees);
    if (!err && !agrees) {
        account_check_problem(w, op, "account %s: its row has another time of creation than its record", who);
    }
    return err;
}

/* Nobody writes a vault that waits, so its row is known to the byte. */
static enum ww_err check_waiting(struct ww_op *op, struct account_walk *w, const struct record *r,
                                 const char *who)
{
    enum ww_err err = WW_OK;
    for (size_t i = 0; !err && i < r->waiting_count; i++) {
        struct vault_row row;
        err = store_vault_row_load(op, w->service->store, &r->waiting[i].vid, r->id, false, &row);
        if (account_check_finds(err) || (!err && !vault_waits_as_it_was(r, &r->waiting[i], &row))) {
            account_check_problem(w, op, "account %s: a vault that waits is missing or altered", who);
            err = WW_OK;
        }
        err = err ? err : check_leaves(op, w, &r->waiting[i].vid, who);
    }
    return err;
}

/* Epochs are numbered from 1 without gaps, so that a count is enough; check_vault looks at each. */
static enum ww_err check_epochs(struct ww_op *op, struct account_walk *w, const struct record *r,
                                const char *who)
{
    int64_t rows;
    enum ww_err err = store_count_epochs(op, w->service->store, &r->uuid, &rows);
    if (!err && rows > (int64_t)r->epoch) {
        account_check_problem(w, op, "account %s: %lld epoch row(s) that its record does not name", who,
                              (long long)(rows - (int64_t)r->epoch));
    }
    return err;
}

/* Ring and head are sealed under the user's keys: that they are there, and hold something, is all that can be
 * seen. */
static enum ww_err check_vault(struct ww_op *op, struct account_walk *w, const struct record *r,
                               const char *who)
{
    struct vault_row row;
    struct share_chain chain;
    int64_t rows;
    enum ww_err err = store_count_rows(op, w->service->store, STORE_VAULTS, r->id, &rows);
    if (err) {
        return err;
    }
    /* Its own vault and those that wait; a planted one could not be opened, but would be somebody's doing. */
    if (rows > (int64_t)(r->root_generation != 0) + (int64_t)r->waiting_count) {
        account_check_problem(w, op, "account %s: a vault row that its record does not name", who);
    }
    if (r->root_generation == 0) {
        return WW_OK;
    }
    err = store_vault_row_load(op, w->service->store, &r->vid, r->id, false, &row);
    if (account_check_finds(err)) {
        account_check_problem(w, op, "account %s: its vault is missing", who);
    } else if (err) {
        return err;
        /* Shorter than an empty seal: cut off, or never one. */
    } else if (row.ring.n <= SEAL_OVERHEAD || row.head.n <= SEAL_OVERHEAD) {
        account_check_problem(w, op, "account %s: its vault is no sealed one", who);
    }
    /* Public keys and signatures only, so that this is seen without the owner (vault.md §11). */
    err = share_chain_load(op, w->service->store, r, &chain);
    w->report->epochs += r->epoch;
    bool good = !err;
    for (uint32_t i = 0; good && i < chain.n; i++) {
        good = chain.good[i];
    }
    if (account_check_finds(err) || (!err && !good)) {
        account_check_problem(w, op, "account %s: the row of one of its epochs is missing or altered", who);
        err = WW_OK;
    }
    return err;
}

/* Rows that do not open, and those whose plain columns say something else than what is sealed. */
struct session_faults {
    size_t closed, other;
};

static enum ww_err check_some_sessions(struct ww_op *op, struct account_walk *w, const struct record *r,
                                       const struct session_row *after, struct session_row *last, size_t *n,
                                       struct session_faults *faults)
{
    struct session_row *rows;
    enum ww_err err = store_session_row_page(op, w->service->store, r, after, PAGE, &rows, n);
    for (size_t i = 0; !err && i < *n; i++) {
        w->report->sessions++;
        /* The plain columns `expires` and the tag of the id must say what is sealed: they are what sweeps and
         * searches go by, and an altered one would keep or hide a session. */
        bool agrees = true;
        if (!rows[i].content.p) {
            faults->closed++;
        } else if ((err = session_row_agrees(op, w->service->store, &rows[i], &agrees)) == WW_OK) {
            faults->other += !agrees;
        }
        *last = rows[i]; /* of which the next page needs the key alone */
    }
    return err;
}

static enum ww_err check_sessions(struct ww_op *op, struct account_walk *w, const struct record *r,
                                  const char *who)
{
    struct session_row last = {0};
    struct session_faults faults = {0};
    size_t n = PAGE;
    enum ww_err err = WW_OK;
    for (bool first = true; !err && n == PAGE; first = false) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err =
            op_piece_end(op, &piece, check_some_sessions(op, w, r, first ? NULL : &last, &last, &n, &faults));
    }
    if (account_check_finds(err)) {
        faults.closed++;
        err = WW_OK;
    }
    if (!err && faults.closed) {
        account_check_problem(w, op, "account %s: %zu session row(s) do not open", who, faults.closed);
    }
    if (!err && faults.other) {
        account_check_problem(
            w, op, "account %s: %zu session row(s) that do not bear the time and the tag of what they hold",
            who, faults.other);
    }
    return err;
}

/* Nothing is mended and nothing deleted: what does not agree is evidence. */
static enum ww_err check_account(struct ww_op *op, struct account_walk *w, const struct record *r)
{
    char who[UUID_TEXT];
    enum ww_err err = WW_EINTERNAL;
    /* The UUID is what logs, events and the admin port name an account by; names stay sealed. */
    uuid_format(who, r->uuid);
    if ((err = check_created(op, w, r, who)) || (err = check_credentials(op, w, r, who)) ||
        (err = check_identifiers(op, w, r, who)) || (err = check_search(op, w, r, who)) ||
        (err = check_vault(op, w, r, who)) || (err = check_waiting(op, w, r, who)) ||
        (err = check_items(op, w, r, who)) || (err = check_epochs(op, w, r, who)) ||
        (err = account_check_shares(op, w, r, who)) || (err = account_check_publics(op, w, r, who))) {
        return err;
    }
    return check_sessions(op, w, r, who);
}

/* ---- all accounts, in pages, each page with memory of its own ---- */

/* In one snapshot: others may write meanwhile, and that is no finding. */
static enum ww_err check_id(struct ww_op *op, struct account_walk *w, int64_t id)
{
    struct record *r;
    /* A transaction for each account, not one for the walk: it would keep SQLite's WAL and PostgreSQL's old
     * rows for as long as the whole check takes. */
    enum ww_err err = store_tx_begin(op, w->service->store, DB_READ);
    if (err) {
        return err;
    }
    err = store_record_load(op, w->service->store, id, false, &r);
    if (err == WW_ENOTFOUND) { /* deleted since the page was read */
        return store_tx_abort(op, WW_OK);
    }
    w->report->accounts++;
    if (err == WW_EROLLEDBACK) {
        account_check_problem(w, op, "account row %lld: its record is older than this node has seen",
                              (long long)id);
        err = WW_OK;
    } else if (account_check_finds(err)) {
        account_check_problem(w, op, "account row %lld: its record does not open", (long long)id);
        err = WW_OK;
    } else if (!err) {
        err = check_account(op, w, r);
    }
    return store_tx_abort(op, err); /* nothing was written */
}

static enum ww_err check_page(struct ww_op *op, struct account_walk *w, int64_t *after, bool *more)
{
    /* Only the ids of a page are read ahead; each record is read in the snapshot in which it is checked. */
    int64_t ids[PAGE];
    size_t n;
    enum ww_err err = store_record_ids(op, w->service->store, *after, ids, PAGE, &n);
    for (size_t i = 0; !err && i < n; i++) {
        *after = ids[i];
        err = check_id(op, w, ids[i]);
    }
    /* Once a page: a terminal needs no more. */
    if (w->checker->step) {
        w->checker->step(w->checker->context, w->report->accounts, w->total);
    }
    *more = n == PAGE;
    return err;
}

static enum ww_err check_accounts(struct ww_op *op, struct account_walk *w)
{
    int64_t after = 0, total;
    bool more = true;
    enum ww_err err = store_count_accounts(op, w->service->store, &total);
    w->total = (size_t)total;
    while (!err && more) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, check_page(op, w, &after, &more));
    }
    return err;
}

/* ---- what belongs to no account ---- */

static enum ww_err check_indexes(struct ww_op *op, struct account_walk *w)
{
    const char *missing;
    size_t i = 0;
    enum ww_err err;
    /* Without its unique index two accounts could take one name; whoever may write to the database could have
     * dropped it. */
    while ((err = store_index_missing(op, w->service->store, &i, STORE_PARTIAL, &missing)) == WW_OK) {
        account_check_problem(w, op, "the %s is missing", missing);
    }
    return err == WW_ENOTFOUND ? WW_OK : err;
}

static enum ww_err check_orphans(struct ww_op *op, struct account_walk *w)
{
    const char *what;
    int64_t n;
    enum ww_err err;
    /* By table; rows that no account owns are reached by nothing, and kept by nothing else than a fault. */
    for (size_t i = 0; (err = store_count_orphans(op, w->service->store, i, &what, &n)) == WW_OK; i++) {
        if (n) {
            account_check_problem(w, op, "%lld %s row(s) of accounts that do not exist", (long long)n, what);
        }
    }
    return err == WW_ENOTFOUND ? WW_OK : err;
}

/* *after: the id of the last flow that was checked, brought forward; as it is stored, whatever its length. */
static enum ww_err check_some_flows(struct ww_op *op, struct account_walk *w, struct arena *outer,
                                    struct bytes *after, bool *more)
{
    struct flow_key keys[PAGE];
    struct flow_row flow;
    size_t n;
    enum ww_err err = store_flow_row_keys(op, w->service->store, *after, keys, PAGE, &n);
    for (size_t i = 0; !err && i < n; i++) {
        w->report->flows++;
        struct uuid id = {{0}};
        /* An id of another length was planted: padded or cut it opens nothing, which is the finding. */
        memcpy(id.b, keys[i].id.p, keys[i].id.n < sizeof id.b ? keys[i].id.n : sizeof id.b);
        err = store_flow_row_load(op, w->service->store, keys[i].kind, &id, &flow);
        if (account_check_finds(err)) {
            account_check_problem(w, op, "a flow row does not open");
            err = WW_OK;
        }
    }
    *more = n == PAGE;
    if (!err && n && !(*after = bytes_dup(outer, keys[n - 1].id)).p) {
        return op_no_memory(op);
    }
    return err;
}

/* Each page in one snapshot: a flow that is gone when it is opened would look like one that was altered. */
static enum ww_err check_flows(struct ww_op *op, struct account_walk *w)
{
    struct bytes after = BYTES("", 0);
    bool more = false;
    enum ww_err err = WW_OK;
    do {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        if ((err = store_tx_begin(op, w->service->store, DB_READ)) == WW_OK) {
            err = store_tx_abort(op, check_some_flows(op, w, &piece.outer, &after, &more));
        }
        err = op_piece_end(op, &piece, err);
    } while (!err && more);
    return err;
}

struct named_check {
    struct ww_op *op;
    struct account_walk *walk;
};

static void tell_program(void *context, const char *line)
{
    struct named_check *c = context;
    account_check_problem(c->walk, c->op, "%s", line);
}

static enum ww_err check_named(struct ww_op *op, struct account_walk *w)
{
    struct named_check c = {op, w};
    return account_program_check(op, w->service, tell_program, &c);
}

/* What the start refuses (vault.md §12), and ids that the witness has no place for. */
static enum ww_err check_witness(struct ww_op *op, struct account_walk *w)
{
    int64_t beyond;
    size_t n;
    const char *put_back = store_put_back(w->service->store);
    if (put_back) {
        account_check_problem(w, op, "%s", put_back);
    }
    if (!store_witness(w->service->store)) {
        return WW_OK;
    }
    enum ww_err err = store_record_ids(op, w->service->store, WITNESS_ID_MAX, &beyond, 1, &n);
    if (!err && n) {
        account_check_problem(w, op, "account row %lld: its id is so high that nothing is remembered of it",
                              (long long)beyond);
    }
    return err;
}

/* For store_verify, which knows no operation of ours. */
struct file_check {
    struct ww_op *op;
    struct account_walk *walk;
};

static enum ww_err check_audit(struct ww_op *op, struct account_walk *w)
{
    struct audit_report report;
    enum ww_err err = audit_verify(op, w->service->store, &report);
    w->report->events = report.events;
    for (int i = 0; !err && i < AUDIT_FINDING_COUNT; i++) {
        if (report.found[i]) {
            account_check_problem(w, op, "%zu audit event(s): %s", report.found[i],
                                  audit_finding_text((enum audit_finding)i));
        }
    }
    return err;
}

static void file_fault(void *context, const char *text)
{
    struct file_check *f = context;
    account_check_problem(f->walk, f->op, "the database's file: %s", text);
}

static void foreign(void *context, const char *text)
{
    struct file_check *f = context;
    account_check_problem(f->walk, f->op, "the database has a %s, which is not ours", text);
}

/* It may change or hide rows as we write and read them. */
static enum ww_err check_schema(struct ww_op *op, struct account_walk *w)
{
    struct op_piece piece;
    struct file_check f = {op, w};
    op_piece_begin(op, &piece);
    return op_piece_end(op, &piece, store_foreign(op, w->service->store, foreign, &f));
}

/* Pages that nothing else here reads: of free space, and of indexes. */
static enum ww_err check_file(struct ww_op *op, struct account_walk *w)
{
    struct op_piece piece;
    struct file_check f = {op, w};
    op_piece_begin(op, &piece);
    return op_piece_end(op, &piece, store_verify(op, w->service->store, file_fault, &f));
}

enum ww_err account_check(struct ww_op *op, struct service *s, const struct account_checker *checker,
                          struct account_check_report *out)
{
    struct account_walk w = {s, checker, out, 0};
    *out = (struct account_check_report){0};
    enum ww_err err = WW_EINTERNAL;
    /* The file first: pages that are damaged explain what follows. */
    if ((err = check_file(op, &w)) || (err = check_schema(op, &w)) || (err = check_indexes(op, &w)) ||
        (err = check_witness(op, &w)) || (err = check_accounts(op, &w)) || (err = check_orphans(op, &w)) ||
        (err = check_flows(op, &w)) || (err = check_named(op, &w)) || (err = check_audit(op, &w))) {
        return err;
    }
    return WW_OK;
}
