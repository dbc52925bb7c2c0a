/* What this node has seen, held against what the database says (vault.md §12): at the start, and for each
 * record and vault that is opened. */
#include "store_int.h"

#include <string.h>

/* ---- raising ---- */

struct raise {
    struct witness *witness;
    int64_t account;
    struct witness_seen seen;
};

static void raise_at_end(void *context, bool committed)
{
    const struct raise *r = context;
    if (committed) {
        (void)witness_raise(r->witness, r->account, r->seen); /* witness_fault tells the maintenance */
    }
}

/* Never before the commit: a number that was rolled back would refuse the account for good. What is read in a
 * transaction that writes may be its own. Between commit and raise a crash may come: the next read raises. */
enum ww_err store_witness_raise(struct ww_op *op, struct store *s, int64_t account, struct witness_seen seen)
{
    struct raise now = {s->witness, account, seen};
    if (!s->witness) {
        return WW_OK;
    }
    if (!op->conn || !db_in_writing(op->conn)) {
        raise_at_end(&now, true);
        return WW_OK;
    }
    struct raise *r = ARENA_NEW(&op->arena, struct raise);
    if (!r) {
        return op_no_memory(op);
    }
    *r = now;
    return store_tx_at_end(op, raise_at_end, r);
}

struct chain_raise {
    struct witness *witness;
    struct witness_chain end;
};

static void chain_at_end(void *context, bool committed)
{
    const struct chain_raise *c = context;
    if (committed) {
        witness_chain_raise(c->witness, &c->end);
    }
}

enum ww_err store_witness_chain(struct ww_op *op, struct store *s, const struct audit_stored *row)
{
    struct chain_raise *c = s->witness ? ARENA_NEW(&op->arena, struct chain_raise) : NULL;
    if (!c || row->link.n != sizeof c->end.link) {
        return s->witness && !c ? op_no_memory(op) : WW_OK;
    }
    *c = (struct chain_raise){s->witness, {.node = row->node, .n = row->n, .time = row->time}};
    memcpy(c->end.link, row->link.p, sizeof c->end.link);
    return store_tx_at_end(op, chain_at_end, c);
}

/* ---- alarms ---- */

static struct store_alarm *alarm_of(struct store *s, int64_t account)
{
    return &s->alarms[(uint64_t)account % STORE_ALARMS];
}

/* So that an account that was put back costs one second look, not one for each request. */
bool store_alarm_is_known(struct store *s, const struct record *r, bool vault, uint64_t number)
{
    pthread_mutex_lock(&s->lock);
    const struct store_alarm *a = alarm_of(s, r->id);
    bool known = a->account == r->id && a->vault == vault && a->number == number;
    pthread_mutex_unlock(&s->lock);
    return known;
}

static enum ww_err refuse_old(struct ww_op *op)
{
    return op_fail(op, WW_EROLLEDBACK, "vault_rolled_back", "stored data is older than this node has seen");
}

enum ww_err store_alarm(struct ww_op *op, struct store *s, const struct record *r, bool vault,
                        uint64_t number)
{
    pthread_mutex_lock(&s->lock);
    struct store_alarm *a = alarm_of(s, r->id);
    if (a->account != r->id || a->vault != vault || a->number != number) {
        *a = (struct store_alarm){r->id, r->uuid, number, vault, false};
    }
    pthread_mutex_unlock(&s->lock);
    return refuse_old(op);
}

bool store_alarm_next(struct store *s, int64_t *account, struct uuid *uuid)
{
    bool found = false;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < STORE_ALARMS && !found; i++) {
        struct store_alarm *a = &s->alarms[i];
        found = a->account && !a->told;
        if (found) {
            a->told = true;
            *account = a->account;
            *uuid = a->uuid;
        }
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

/* ---- records ---- */

static enum ww_err read_again(struct ww_op *op, struct store *s, int64_t account, struct db_rows *rows)
{
    return store_one(op, s, rows,
                     "SELECT a.id, a.uuid, a.seq, a.blob, v.vid, v.ring, v.head FROM accounts a"
                     " LEFT JOIN vaults v ON v.account = a.id WHERE a.id = $1",
                     DB_ARGS(DB_I(account)));
}

/* Of several vaults the one that the record names. */
static enum ww_err decode_again(struct ww_op *op, struct store *s, struct db_rows *rows,
                                struct record **record, struct vault_row *vault)
{
    struct bytes uuid = db_blob(rows, 1), blob = db_blob(rows, 3);
    *vault = (struct vault_row){0};
    enum ww_err err = db_lost(rows)
                          ? op_no_memory(op)
                          : store_record_decode(op, s, db_int(rows, 0), uuid, db_int(rows, 2), blob, record);
    while (!err && !vault->head.p) {
        if (bytes_equal(db_blob(rows, 4), BYTES_OF((*record)->vid))) {
            *vault = (struct vault_row){db_blob(rows, 5), db_blob(rows, 6)};
        }
        err = db_lost(rows) ? op_no_memory(op) : vault->head.p ? WW_OK : db_next(rows);
    }
    return err == WW_ENOTFOUND ? WW_OK : err;
}

/* Over a connection of its own: one that reads in a snapshot would see the same once more, however much was
 * committed since. */
enum ww_err store_vault_again(struct ww_op *op, struct store *s, int64_t account, struct record **record,
                              struct vault_row *vault)
{
    struct db_conn *mine = op->conn;
    struct db_rows rows;
    op->conn = NULL;
    enum ww_err err = read_again(op, s, account, &rows);
    if (!err) {
        err = decode_again(op, s, &rows, record, vault);
        store_done(&rows);
    }
    op->conn = mine;
    return err;
}

/* Somebody may have written between the reading and the comparing: only what is older than the number that
 * was seen first, and still is when it is read anew, was put back. */
static enum ww_err look_again(struct ww_op *op, struct store *s, const struct record *r, uint64_t seen)
{
    struct record *now;
    struct vault_row vault;
    if (store_alarm_is_known(s, r, false, r->seq)) {
        return refuse_old(op);
    }
    enum ww_err err = store_vault_again(op, s, r->id, &now, &vault);
    if (err) {
        return err == WW_ENOTFOUND ? WW_OK : err; /* deleted meanwhile */
    }
    return now->seq >= seen ? WW_OK : store_alarm(op, s, r, false, r->seq);
}

enum ww_err store_witness_record(struct ww_op *op, struct store *s, const struct record *r)
{
    if (!s->witness || s->accepting) {
        return WW_OK;
    }
    uint64_t seen = witness_get(s->witness, r->id).record;
    if (r->seq == seen) { /* nearly always */
        return WW_OK;
    }
    return r->seq < seen ? look_again(op, s, r, seen)
                         : store_witness_raise(op, s, r->id, (struct witness_seen){.record = r->seq});
}

enum ww_err store_witness_new_id(struct ww_op *op, struct store *s, int64_t id)
{
    if (!s->witness) {
        return WW_OK;
    }
    if (id > WITNESS_ID_MAX) {
        return op_fail(op, WW_EFULL, "account_ids_used_up", "the database has no account ids left");
    }
    return witness_get(s->witness, id).record == 0
               ? WW_OK
               : op_fail(op, WW_EROLLEDBACK, "vault_rolled_back",
                         "the database gives out an account id that was given out before");
}

/* ---- vaults ---- */

/* 2^40 writes of one vault, 2^24 new ones or re-keys. */
uint64_t store_vault_number(uint32_t generation, uint64_t seq)
{
    return ((uint64_t)(generation ? generation - 1 : 0) << 40) + seq;
}

enum ww_err store_vault_seen(struct ww_op *op, struct store *s, int64_t account, uint64_t number,
                             uint64_t *wanted)
{
    *wanted = 0;
    if (!s->witness || s->accepting) {
        return WW_OK;
    }
    uint64_t seen = witness_get(s->witness, account).vault;
    *wanted = number < seen ? seen : 0;
    return number > seen ? store_vault_written(op, s, account, number) : WW_OK;
}

enum ww_err store_vault_written(struct ww_op *op, struct store *s, int64_t account, uint64_t number)
{
    return store_witness_raise(op, s, account, (struct witness_seen){.vault = number});
}

/* ---- the whole store ---- */

static const char unfinished[] =
    "a restore was begun and not finished: run `watchword restore accept` again, it goes on where it ended";
static const char put_back[] =
    "the database is older than this node has seen it: it was put back to an earlier moment, or a part of "
    "its "
    "audit log is gone. If a backup was restored on purpose, run `watchword restore accept`; else put the "
    "right database back";

/* Each end of a chain that this node wrote must be there. */
static enum ww_err compare_chains(struct ww_op *op, struct store *s, bool *old)
{
    struct witness_chain end;
    for (size_t i = 0; i < WITNESS_CHAINS && !*old; i++) {
        struct bytes link;
        if (!witness_chain_get(s->witness, i, &end)) {
            continue;
        }
        enum ww_err err = store_audit_link(op, s, end.node, end.n, &link);
        if (err && err != WW_ENOTFOUND) {
            return err;
        }
        *old = err == WW_ENOTFOUND || !bytes_equal(link, BYTES_OF(end.link));
    }
    return WW_OK;
}

static enum ww_err compare(struct ww_op *op, struct store *s, const char **why)
{
    bool old = witness_line(s->witness) > s->line;
    *why = witness_accepting(s->witness) ? unfinished : NULL;
    /* A restore that another node accepted took back what this one wrote, too. */
    bool same_line = witness_line(s->witness) == s->line;
    enum ww_err err = *why || !same_line ? WW_OK : compare_chains(op, s, &old);
    *why = *why ? *why : old ? put_back : NULL;
    return err;
}

/* Another node accepted a restore since. */
static enum ww_err follow_line(struct ww_op *op, struct store *s, const char *path)
{
    witness_close(s->witness);
    enum ww_err err = witness_open(op, path, &s->deployment, s->line, WITNESS_ALONE, &s->witness);
    if (err || (err = witness_adopt_line(op, s->witness, s->line))) {
        return err;
    }
    witness_close(s->witness);
    return witness_open(op, path, &s->deployment, s->line, WITNESS_SHARED, &s->witness);
}

static bool is_new(const struct witness *w)
{
    struct witness_chain end;
    bool written = witness_top(w) > 0;
    for (size_t i = 0; i < WITNESS_CHAINS && !written; i++) {
        written = witness_chain_get(w, i, &end);
    }
    return !written;
}

/* One that is made beside accounts knows nothing of them until they are read. */
static enum ww_err note_new(struct ww_op *op, struct store *s, const char **note)
{
    struct db_rows rows;
    if (!is_new(s->witness) || witness_is_blank(s->witness) || witness_line(s->witness) != s->line) {
        return WW_OK;
    }
    enum ww_err err = store_one(op, s, &rows, "SELECT id FROM accounts LIMIT 1", NULL, 0);
    if (err) {
        return err == WW_ENOTFOUND ? WW_OK : err;
    }
    store_done(&rows);
    witness_set_blank(s->witness);
    *note = arena_printf(&op->arena,
                         "watchword.witness_file: %s was made now, beside a database that has accounts: "
                         "what was put back before is not known",
                         witness_path(s->witness));
    return *note ? WW_OK : op_no_memory(op);
}

enum ww_err store_guard(struct ww_op *op, struct store *s, const char *path, enum store_guard how,
                        const char **note)
{
    *note = NULL;
    enum ww_err err =
        witness_open(op, path, &s->deployment, s->line,
                     how == STORE_ACCEPT || how == STORE_ALONE ? WITNESS_ALONE : WITNESS_SHARED, &s->witness);
    if (err || (err = note_new(op, s, note)) || (err = compare(op, s, &s->put_back))) {
        return err;
    }
    s->accepting = how == STORE_ACCEPT;
    if (s->put_back) {
        return how == STORE_REFUSE || how == STORE_ALONE
                   ? op_fail(op, WW_EROLLEDBACK,
                             s->put_back == unfinished ? "restore_unfinished" : "database_rolled_back", "%s",
                             s->put_back)
                   : WW_OK;
    }
    return how != STORE_ACCEPT && witness_line(s->witness) < s->line ? follow_line(op, s, path) : WW_OK;
}

struct witness *store_witness(const struct store *s)
{
    return s->witness;
}

const char *store_put_back(const struct store *s)
{
    return s->put_back;
}

bool store_is_accepting(const struct store *s)
{
    return s->accepting;
}

uint32_t store_line(const struct store *s)
{
    return s->line;
}

/* ---- ids ---- */

enum ww_err store_ids_raise(struct ww_op *op, struct store *s, int64_t last)
{
    struct db_rows rows;
    const struct uuid uuid = uuid_new(op);
    const char *sql = db_raise_ids(s->db);
    enum ww_err err =
        sql ? store_one(op, s, &rows, sql, DB_ARGS(DB_I(last)))
            : store_one(op, s, &rows, "SELECT id FROM accounts WHERE id >= $1 LIMIT 1", DB_ARGS(DB_I(last)));
    if (!err) {
        store_done(&rows);
    }
    if (sql || err != WW_ENOTFOUND) {
        return err == WW_ENOTFOUND ? WW_OK : err;
    }
    err = store_exec(op, s, "INSERT INTO accounts (id, uuid, seq, created, blob) VALUES ($1, $2, 0, 0, $3)",
                     DB_ARGS(DB_I(last), DB_B(BYTES_OF(uuid)), DB_B(BYTES("", 0))));
    return err ? err : store_exec(op, s, "DELETE FROM accounts WHERE id = $1", DB_ARGS(DB_I(last)));
}
