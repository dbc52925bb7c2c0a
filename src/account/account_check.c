/* Opens every blob that the server can open, and follows every index (vault.md §6: rows are only indexes). */
#include "account_int.h"

enum { PAGE = 64 };

struct walk {
    struct service *service;
    const struct account_checker *checker;
    struct account_check_report *report;
    size_t total;
};

static void problem(struct walk *w, struct ww_op *op, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void problem(struct walk *w, struct ww_op *op, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *line = arena_vprintf(&op->arena, format, ap);
    va_end(ap);
    w->report->problems++;
    if (w->checker->tell) {
        w->checker->tell(w->checker->context, line ? line : "out of memory");
    }
}

static enum ww_err count_rows(struct ww_op *op, struct walk *w, const char *sql, const struct db_value *args,
                              size_t n, int64_t *count)
{
    struct db_rows rows = {0};
    enum ww_err err = store_take(op, w->service->store);
    *count = 0;
    if (!err && !(err = db_query(op, op->conn, &rows, sql, args, n)) && !(err = db_next(&rows))) {
        *count = db_int(&rows, 0);
    }
    db_done(&rows);
    return err;
}

/* ---- one account ---- */

/* A failure of the database ends the walk; anything else is a finding. */
static bool is_finding(enum ww_err err)
{
    return err == WW_ETAMPERED || err == WW_EKEYMISSING || err == WW_EDENIED || err == WW_ENOTFOUND;
}

static enum ww_err check_credentials(struct ww_op *op, struct walk *w, const struct record *r,
                                     const char *who)
{
    int64_t rows;
    for (size_t i = 0; i < r->credential_count; i++) {
        struct credential_row row;
        enum ww_err err = store_credential_load(op, w->service->store, r, &r->credentials[i].id, &row);
        w->report->credentials++;
        if (is_finding(err)) {
            problem(w, op, "account %s: a credential is missing or altered", who);
        } else if (err) {
            return err;
        }
    }
    enum ww_err err =
        count_rows(op, w, "SELECT count(*) FROM credentials WHERE account = $1", DB_ARGS(DB_I(r->id)), &rows);
    if (!err && rows > (int64_t)r->credential_count) {
        problem(w, op, "account %s: %lld credential row(s) that its record does not name", who,
                (long long)rows - (long long)r->credential_count);
    }
    return err;
}

static enum ww_err check_identifiers(struct ww_op *op, struct walk *w, const struct record *r,
                                     const char *who)
{
    struct key *tags;
    size_t n;
    int64_t rows, account;
    enum ww_err err = identity_tags(op, w->service->store, r->json, &tags, &n);
    for (size_t i = 0; !err && i < n; i++) {
        err = store_identifier_find(op, w->service->store, &tags[i], &account);
        if (err == WW_ENOTFOUND || (!err && account != r->id)) {
            problem(w, op, "account %s: the row of an identifier is missing or points elsewhere", who);
            err = WW_OK;
        }
    }
    if (err || (err = count_rows(op, w, "SELECT count(*) FROM identifiers WHERE account = $1",
                                 DB_ARGS(DB_I(r->id)), &rows))) {
        return err;
    }
    size_t distinct = identity_distinct_tags(tags, n);
    if (rows > (int64_t)distinct) {
        problem(w, op, "account %s: %lld identifier row(s) that its record does not hold", who,
                (long long)rows - (long long)distinct);
    }
    return WW_OK;
}

static enum ww_err check_vault(struct ww_op *op, struct walk *w, const struct record *r, const char *who)
{
    struct vault_row row;
    struct epoch_row epoch;
    int64_t rows;
    enum ww_err err =
        count_rows(op, w, "SELECT count(*) FROM vaults WHERE account = $1", DB_ARGS(DB_I(r->id)), &rows);
    if (err) {
        return err;
    }
    if (rows > (int64_t)(r->root_generation != 0) + (int64_t)r->waiting_count) {
        problem(w, op, "account %s: a vault row that its record does not name", who);
    }
    if (r->root_generation == 0) {
        return WW_OK;
    }
    err = store_vault_row_load(op, w->service->store, &r->vid, r->id, false, &row);
    if (is_finding(err)) {
        problem(w, op, "account %s: its vault is missing", who);
    } else if (err) {
        return err;
    }
    err = store_epoch_load(op, w->service->store, &r->uuid, r->epoch, &epoch);
    w->report->epochs++;
    if (is_finding(err) || (!err && (!crypto_equal(BYTES_OF(epoch.box_key), BYTES_OF(r->box_key)) ||
                                     !crypto_equal(BYTES_OF(epoch.sign_key), BYTES_OF(r->sign_key))))) {
        problem(w, op, "account %s: the row of its epoch is missing or altered", who);
        err = WW_OK;
    }
    return err;
}

static enum ww_err check_sessions(struct ww_op *op, struct walk *w, const struct record *r, const char *who)
{
    struct session_row *rows;
    size_t n, bad;
    enum ww_err err = store_session_row_list(op, w->service->store, r, &rows, &n, &bad);
    w->report->sessions += n + bad;
    if (!err && bad) {
        problem(w, op, "account %s: %zu session row(s) do not open", who, bad);
    }
    return err;
}

static enum ww_err check_account(struct ww_op *op, struct walk *w, const struct record *r)
{
    char who[UUID_TEXT];
    enum ww_err err = WW_EINTERNAL;
    uuid_format(who, r->uuid);
    if ((err = check_credentials(op, w, r, who)) || (err = check_identifiers(op, w, r, who)) ||
        (err = check_vault(op, w, r, who))) {
        return err;
    }
    return check_sessions(op, w, r, who);
}

/* ---- all accounts, in pages, each page with memory of its own ---- */

static enum ww_err read_page(struct ww_op *op, struct walk *w, int64_t after, int64_t *ids, size_t *n)
{
    struct db_rows rows = {0};
    enum ww_err err = store_take(op, w->service->store);
    *n = 0;
    if (!err) {
        err = db_query(op, op->conn, &rows, "SELECT id FROM accounts WHERE id > $1 ORDER BY id LIMIT $2",
                       DB_ARGS(DB_I(after), DB_I(PAGE)));
    }
    while (!err && *n < PAGE && (err = db_next(&rows)) == WW_OK) {
        ids[(*n)++] = db_int(&rows, 0);
    }
    db_done(&rows);
    store_give(op);
    return err == WW_ENOTFOUND ? WW_OK : err;
}

/* In one snapshot: others may write meanwhile, and that is no finding. */
static enum ww_err check_id(struct ww_op *op, struct walk *w, int64_t id)
{
    struct record *r;
    enum ww_err err = store_tx_begin(op, w->service->store, DB_READ);
    if (err) {
        return err;
    }
    err = store_record_load(op, w->service->store, id, false, &r);
    if (err == WW_ENOTFOUND) { /* deleted since the page was read */
        return store_tx_abort(op, WW_OK);
    }
    w->report->accounts++;
    if (is_finding(err)) {
        problem(w, op, "account row %lld: its record does not open", (long long)id);
        err = WW_OK;
    } else if (!err) {
        err = check_account(op, w, r);
    }
    return store_tx_abort(op, err); /* nothing was written */
}

static enum ww_err check_page(struct ww_op *op, struct walk *w, int64_t *after, bool *more)
{
    int64_t ids[PAGE];
    size_t n;
    enum ww_err err = read_page(op, w, *after, ids, &n);
    for (size_t i = 0; !err && i < n; i++) {
        *after = ids[i];
        err = check_id(op, w, ids[i]);
    }
    if (w->checker->step) {
        w->checker->step(w->checker->context, w->report->accounts, w->total);
    }
    *more = n == PAGE;
    return err;
}

static enum ww_err check_accounts(struct ww_op *op, struct walk *w)
{
    int64_t after = 0, total;
    bool more = true;
    enum ww_err err = count_rows(op, w, "SELECT count(*) FROM accounts", NULL, 0, &total);
    w->total = (size_t)total;
    store_give(op);
    while (!err && more) {
        struct ww_op page;
        op_init(&page, op->env, op->ww);
        err = check_page(&page, w, &after, &more);
        if (err) {
            op_fail(op, err, page.problem.id ? page.problem.id : "check", "%s",
                    page.problem.text ? page.problem.text : ww_err_text(err));
        }
        store_give(&page);
        op_free(&page);
    }
    return err;
}

/* ---- what belongs to no account ---- */

static const struct {
    const char *what, *sql;
} orphans[] = {
    {"credential", "SELECT count(*) FROM credentials WHERE account NOT IN (SELECT id FROM accounts)"},
    {"identifier", "SELECT count(*) FROM identifiers WHERE account NOT IN (SELECT id FROM accounts)"},
    {"search", "SELECT count(*) FROM search WHERE account NOT IN (SELECT id FROM accounts)"},
    {"vault", "SELECT count(*) FROM vaults WHERE account NOT IN (SELECT id FROM accounts)"},
    {"item", "SELECT count(*) FROM items WHERE account NOT IN (SELECT id FROM accounts)"},
    {"session", "SELECT count(*) FROM sessions WHERE account NOT IN (SELECT id FROM accounts)"},
    {"leaf", "SELECT count(*) FROM leaves WHERE vid NOT IN (SELECT vid FROM vaults)"},
};

static enum ww_err check_orphans(struct ww_op *op, struct walk *w)
{
    enum ww_err err = WW_OK;
    for (size_t i = 0; !err && i < sizeof orphans / sizeof orphans[0]; i++) {
        int64_t n;
        err = count_rows(op, w, orphans[i].sql, NULL, 0, &n);
        if (!err && n) {
            problem(w, op, "%lld %s row(s) of accounts that do not exist", (long long)n, orphans[i].what);
        }
    }
    return err;
}

static enum ww_err check_all_flows(struct ww_op *op, struct walk *w)
{
    struct db_rows rows = {0};
    size_t most, n = 0;
    int64_t count;
    enum ww_err err = count_rows(op, w, "SELECT count(*) FROM flows", NULL, 0, &count);
    most = (size_t)count;
    struct flow_row *keys = ARENA_ARRAY(&op->arena, most, struct flow_row);
    if (err || !keys) {
        return err ? err : op_no_memory(op);
    }
    err = db_query(op, op->conn, &rows, "SELECT id, kind FROM flows", NULL, 0);
    while (!err && n < most && (err = db_next(&rows)) == WW_OK) {
        struct bytes id = db_blob(&rows, 0);
        keys[n].kind = (enum flow_kind)db_int(&rows, 1);
        memcpy(keys[n].id.b, id.p, id.n < sizeof keys[n].id.b ? id.n : sizeof keys[n].id.b);
        n++;
    }
    db_done(&rows);
    err = err == WW_ENOTFOUND ? WW_OK : err;
    for (size_t i = 0; !err && i < n; i++) {
        struct flow_row flow;
        w->report->flows++;
        err = store_flow_row_load(op, w->service->store, keys[i].kind, &keys[i].id, &flow);
        if (is_finding(err)) {
            problem(w, op, "a flow row does not open");
            err = WW_OK;
        }
    }
    return err;
}

static enum ww_err check_flows(struct ww_op *op, struct walk *w)
{
    store_give(op);
    enum ww_err err = store_tx_begin(op, w->service->store, DB_READ);
    return err ? err : store_tx_abort(op, check_all_flows(op, w));
}

static enum ww_err check_audit(struct ww_op *op, struct walk *w)
{
    size_t bad;
    enum ww_err err = audit_verify(op, w->service->store, &w->report->events, &bad);
    if (!err && bad) {
        problem(w, op, "%zu audit event(s) are missing, altered or out of their chain", bad);
    }
    return err;
}

enum ww_err account_check(struct ww_op *op, struct service *s, const struct account_checker *checker,
                          struct account_check_report *out)
{
    struct walk w = {s, checker, out, 0};
    *out = (struct account_check_report){0};
    enum ww_err err = WW_EINTERNAL;
    if ((err = check_accounts(op, &w)) || (err = check_orphans(op, &w)) || (err = check_flows(op, &w)) ||
        (err = check_audit(op, &w))) {
        store_give(op);
        return err;
    }
    store_give(op);
    return WW_OK;
}
